package core

import (
	"context"
	"slices"

	"github.com/huongvecoso/outreach/core/org"
)

// excluded are the accused, everybody who stands above one of them today, and
// everybody in an accused unit or at its head.
func (u *unit) excluded(ctx context.Context, accused []org.PersonID, units []org.UnitID) ([]org.PersonID, error) {
	out := slices.Clone(accused)
	add := func(q org.HoldingQuery) error {
		q.On = u.today
		holdings, err := u.dir.Holdings(ctx, q)
		for _, h := range holdings {
			out = append(out, h.Person)
		}
		return err
	}
	for _, id := range units {
		if err := add(org.HoldingQuery{Unit: id}); err != nil {
			return nil, err
		}
		unit, err := u.dir.Unit(ctx, id)
		if err != nil {
			return nil, err
		}
		if unit.Parent != "" {
			if err := add(org.HoldingQuery{Role: org.UnitHead, Unit: unit.Parent}); err != nil {
				return nil, err
			}
		}
	}
	for _, who := range accused {
		above, err := u.superiors(ctx, who)
		if err != nil {
			return nil, err
		}
		for _, q := range above {
			if err := add(q); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// superiors says, for each role that a person holds today, who stands above it.
func (u *unit) superiors(ctx context.Context, who org.PersonID) ([]org.HoldingQuery, error) {
	holdings, err := u.dir.Holdings(ctx, org.HoldingQuery{Person: who, On: u.today})
	if err != nil {
		return nil, err
	}
	var above []org.HoldingQuery
	for _, h := range holdings {
		if h.Unit != "" && h.Role != org.UnitHead {
			above = append(above, org.HoldingQuery{Role: org.UnitHead, Unit: h.Unit})
		}
		switch h.Role {
		case org.Official:
			if h.Team != "" {
				above = append(above, org.HoldingQuery{Role: org.TeamLeader, Team: h.Team})
			}
		case org.TeamLeader, org.UnitHead, org.ProgrammeOffice, org.CommuneLeader, org.Admin:
			above = append(above, org.HoldingQuery{Role: org.ProgrammeLeader})
		case org.HamletHead, org.PartyCellSecretary, org.ResidentGroupHead, org.VillageElder:
			line, err := org.Line(ctx, u.dir, h.Place, u.today)
			if err != nil {
				return nil, err
			}
			for _, place := range line[min(1, len(line)):] {
				above = append(above, org.HoldingQuery{Role: org.CommuneLeader, Place: place})
			}
		case org.Inspector:
			above = append(above, org.HoldingQuery{Role: org.DeputyInspector})
		case org.DeputyInspector, org.ProgrammeLeader:
			above = append(above, org.HoldingQuery{Role: org.ProgrammeChair})
		}
	}
	return above, nil
}
