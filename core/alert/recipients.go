package alert

import (
	"context"
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Resolve returns who a party is on a day, or on the party's own day where it
// has one, ordered by id and each once: a named person, or whoever stands in for
// them; or all who hold the role at that place, unit or team, each replaced by
// the end of their chain of substitutes.
//
// Where nobody is there the next of an ordered list is asked: for an official
// the leader of the team (EX-11), for a clerk the head of the unit, and so on
// up to the programme office and its leader. When the whole list is empty the
// violation is "alert.recipient.vacant": the post has to be filled. A party that
// is a speaker is not resolved here ("alert.recipient.speaker"): citizens are
// kept apart.
func Resolve(ctx context.Context, dir org.Directory, to org.Party, on calendar.Date) ([]org.Person, error) {
	if to.Speaker != "" {
		return nil, fault.Broken("alert.recipient.speaker", "to",
			"A speaker is not in the directory.", "Người dân phản ánh không có trong danh bạ cán bộ.")
	}
	if !to.On.IsZero() {
		on = to.On
	}
	found, err := present(ctx, dir, to, on)
	if err != nil {
		return nil, err
	}
	if len(found) > 0 { // nearly always: the others are not even asked for
		return persons(ctx, dir, found)
	}
	instead, err := fallbacks(ctx, dir, to, on)
	if err != nil {
		return nil, err
	}
	for _, party := range instead {
		ids, err := present(ctx, dir, party, on)
		if err != nil {
			return nil, err
		}
		if len(ids) > 0 {
			return persons(ctx, dir, ids)
		}
	}
	return nil, fault.Broken("alert.recipient.vacant", "to",
		"On %[2]s nobody is there as %[1]s, nor anybody in their stead; the post has to be filled.",
		"Ngày %[2]s không có ai là %[1]s và cũng không có người thay; cần bố trí người.", to.Key(), on.VN())
}

// IsVacant reports whether an error of Resolve says that nobody is there.
func IsVacant(err error) bool {
	return slices.ContainsFunc(fault.Violations(err), func(v *fault.Violation) bool { return v.Rule == "alert.recipient.vacant" })
}

// fallbacks is, in order, who is told instead when nobody is there as the party.
func fallbacks(ctx context.Context, dir org.Directory, to org.Party, on calendar.Date) ([]org.Party, error) {
	var line []org.Party
	add := func(parties ...org.Party) { line = append(line, parties...) }
	officeAndAbove := []org.Party{{Role: org.ProgrammeOffice}, {Role: org.ProgrammeLeader}, {Role: org.ProgrammeChair}}
	switch to.Role {
	case org.UnitClerk:
		add(org.Party{Role: org.UnitHead, Unit: to.Unit})
	case org.HamletHead:
		add(org.Party{Role: org.PartyCellSecretary, Place: to.Place}, org.Party{Role: org.ResidentGroupHead, Place: to.Place})
	case org.Inspector: // what is sealed goes nowhere else
		return []org.Party{{Role: org.DeputyInspector}}, nil
	case org.DeputyInspector:
		return []org.Party{{Role: org.ProgrammeChair}}, nil
	case org.ProgrammeLeader:
		add(org.Party{Role: org.ProgrammeChair})
	case org.ProgrammeChair:
		add(org.Party{Role: org.ProgrammeLeader})
	}
	if to.Person != "" {
		teams, err := teamsOf(ctx, dir, to, on)
		if err != nil {
			return nil, err
		}
		for _, team := range teams {
			add(org.Party{Role: org.TeamLeader, Team: team})
		}
	}
	add(officeAndAbove...)
	return line, nil
}

// teamsOf are the teams whose leaders answer for a person: the one named in the
// party, else those the person belongs to that day.
func teamsOf(ctx context.Context, dir org.Directory, to org.Party, on calendar.Date) ([]org.TeamID, error) {
	if to.Team != "" {
		return []org.TeamID{to.Team}, nil
	}
	holdings, err := dir.Holdings(ctx, org.HoldingQuery{Person: to.Person, On: on})
	if err != nil {
		return nil, err
	}
	var teams []org.TeamID
	for _, h := range holdings {
		if h.Team != "" && !slices.Contains(teams, h.Team) {
			teams = append(teams, h.Team)
		}
	}
	return teams, nil
}

// present returns who is there as the party, without any fallback.
func present(ctx context.Context, dir org.Directory, to org.Party, on calendar.Date) ([]org.PersonID, error) {
	posts := []org.PersonID{to.Person}
	if to.Person == "" {
		if !located(to) {
			return nil, nil
		}
		holdings, err := dir.Holdings(ctx, org.HoldingQuery{Role: to.Role, Place: to.Place, Unit: to.Unit, Team: to.Team, On: on})
		if err != nil {
			return nil, err
		}
		posts = nil
		for _, h := range holdings {
			posts = append(posts, h.Person)
		}
	}
	var ids []org.PersonID
	for _, post := range posts {
		id, err := org.Present(ctx, dir, post, on)
		if errors.Is(err, fault.ErrRule) || errors.Is(err, fault.ErrNotFound) {
			continue // away, and nobody stands in
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// located reports whether a role says whose: the head of no unit in particular
// would be every head there is.
func located(to org.Party) bool {
	switch to.Role {
	case "":
		return false
	case org.Official, org.TeamLeader:
		return to.Team != ""
	case org.UnitHead, org.UnitClerk:
		return to.Unit != ""
	case org.HamletHead, org.PartyCellSecretary, org.ResidentGroupHead, org.VillageElder, org.CommuneLeader:
		return to.Place != ""
	}
	return true
}

func persons(ctx context.Context, dir org.Directory, ids []org.PersonID) ([]org.Person, error) {
	var found []org.Person
	for _, id := range ids {
		p, err := dir.Person(ctx, id)
		if err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, nil
}
