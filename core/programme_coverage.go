package core

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/visit"
)

// Coverage counts the visits of a month to every hamlet that somebody looks
// after then, in the order of the hamlets' ids: claimed and verified, slot by
// slot, with who held them (S9, EX-01, EX-28).
func (s *Programme) Coverage(ctx context.Context, month calendar.Month) ([]programme.Coverage, error) {
	return s.u.cover(ctx, month.Period(), "")
}

// cover counts the visits of a period to every hamlet assigned in it, or to
// those an official looks after. A period that is not a whole month, such as a
// round, owes its share of the month's visits.
func (u *unit) cover(ctx context.Context, period calendar.Period, official org.PersonID) ([]programme.Coverage, error) {
	g, err := u.ground(ctx, period, official)
	if err != nil {
		return nil, err
	}
	return u.coverOn(ctx, newMemo(u.dir), period, g)
}

// ground is what coverage is counted on: who looked after which hamlet in a period,
// the visits to it, and who was away.
type ground struct {
	areas  []programme.Area
	visits []visit.State
	away   map[org.PersonID][]calendar.Period
}

// ground reads what the coverage of a period is counted on, of everybody or of one official.
func (u *unit) ground(ctx context.Context, period calendar.Period, official org.PersonID) (g ground, err error) {
	if g.areas, err = u.areas(ctx, period, official); err != nil {
		return g, err
	}
	if g.visits, err = u.visited(ctx, period, g.areas, official); err != nil {
		return g, err
	}
	g.away, err = u.absent(ctx, period, g.areas, official)
	return g, err
}

// coverOn counts the visits of a period on what was read; dir answers for the places.
func (u *unit) coverOn(ctx context.Context, dir *memo, period calendar.Period, g ground) ([]programme.Coverage, error) {
	book, err := u.rules(ctx)
	if err != nil {
		return nil, err
	}
	plan, err := u.plan(ctx, period.From)
	if err != nil {
		return nil, err
	}
	if err := dir.expectPlaces(ctx, placesOf(g.areas), period.To, everyLevel); err != nil {
		return nil, err
	}
	visits := claimed(g.visits, book.Policy)
	rows := make([]programme.Coverage, 0, len(g.areas))
	for _, area := range g.areas {
		area.Period, area.Visits, area.Away = period, visits[area.Place], g.away
		if area.Quota, err = owedTo(ctx, dir, plan, area.Place, period, book.Policy); err != nil {
			return nil, err
		}
		rows = append(rows, programme.Cover(area, book.Quota))
	}
	return rows, nil
}

func placesOf(areas []programme.Area) []org.PlaceID {
	ids := make([]org.PlaceID, len(areas))
	for i, area := range areas {
		ids[i] = area.Place
	}
	return ids
}

// areas are the hamlets assigned in a period, or those an official looks after:
// only these are read then, however many others there are.
func (u *unit) areas(ctx context.Context, period calendar.Period, official org.PersonID) ([]programme.Area, error) {
	assignments, err := u.tx.Assignments(ctx, programme.AssignmentQuery{Official: official, During: period, Statuses: inForce()})
	if err != nil || official == "" {
		return programme.Areas(assignments, ""), err
	}
	var shared []programme.Assignment
	for _, place := range distinctPlaces(assignments) {
		there, err := u.tx.Assignments(ctx, programme.AssignmentQuery{Place: place, During: period, Statuses: inForce()})
		if err != nil {
			return nil, err
		}
		shared = append(shared, there...)
	}
	return programme.Areas(shared, official), nil
}

// absent are the days of leave of the officials of the areas, of all of them
// where no single one is asked for.
func (u *unit) absent(ctx context.Context, period calendar.Period, areas []programme.Area, official org.PersonID) (map[org.PersonID][]calendar.Period, error) {
	if official == "" {
		leaves, err := u.dir.Leaves(ctx, org.LeaveQuery{During: period})
		return away(leaves), err
	}
	var leaves []org.Leave
	asked := make(map[org.PersonID]bool)
	for _, area := range areas {
		for _, t := range area.Tenures {
			if asked[t.Official] {
				continue
			}
			asked[t.Official] = true
			theirs, err := u.dir.Leaves(ctx, org.LeaveQuery{Person: t.Official, During: period})
			if err != nil {
				return nil, err
			}
			leaves = append(leaves, theirs...)
		}
	}
	return away(leaves), nil
}

// owedTo is how many visits a hamlet is owed in a period: of a hamlet that came
// into being or ended in it, as by a merger in the middle of a month, the share
// of the slots that began while it was there.
func owedTo(ctx context.Context, dir org.Directory, plan programme.State, id org.PlaceID, period calendar.Period, pol policy.Policy) (int, error) {
	place, err := dir.Place(ctx, id)
	if errors.Is(err, fault.ErrNotFound) {
		return plan.Owed(period, id, pol), nil
	}
	lived, ok := place.Lived(period)
	if err != nil || !ok {
		return 0, err
	}
	return plan.Owed(lived, id, pol), nil
}

// visited returns the visits of a period: to the areas alone where they are those
// of one official.
func (u *unit) visited(ctx context.Context, period calendar.Period, areas []programme.Area, official org.PersonID) ([]visit.State, error) {
	if official == "" {
		return u.tx.Visits(ctx, visit.Query{During: period})
	}
	var all []visit.State
	for _, area := range areas {
		there, err := u.tx.Visits(ctx, visit.Query{Place: area.Place, During: period})
		if err != nil {
			return nil, err
		}
		all = append(all, there...)
	}
	return all, nil
}

// claimed are those of the visits that are claimed, by hamlet.
func claimed(visits []visit.State, pol policy.Policy) map[org.PlaceID][]programme.Counted {
	byPlace := make(map[org.PlaceID][]programme.Counted)
	for _, v := range visits {
		if v.Claimed() {
			byPlace[v.Place] = append(byPlace[v.Place], programme.Counted{
				Official: v.Official, HeldBy: v.HeldBy, Happened: v.Happened, VerifiedOn: verifiedOn(v, pol.Visits.EvidenceStrong),
			})
		}
	}
	return byPlace
}

// verifiedOn is the day on which others had confirmed the visit: that of the
// last piece of strong evidence it took, or of the report where a dispute was
// decided without one. No date for a visit that is not verified.
func verifiedOn(v visit.State, strong int) calendar.Date {
	if v.Status != visit.Verified {
		return calendar.Date{}
	}
	var days []calendar.Date
	for _, e := range v.Evidence {
		if e.Grade == visit.Strong && !e.Denies {
			days = append(days, calendar.DateOf(e.Recorded))
		}
	}
	slices.SortFunc(days, calendar.Date.Compare)
	if len(days) >= strong && strong > 0 {
		return days[strong-1]
	}
	if n := len(v.Reports); n > 0 {
		return calendar.DateOf(v.Reports[n-1].Recorded)
	}
	return v.Happened
}

// away are the days of leave of each person.
func away(leaves []org.Leave) map[org.PersonID][]calendar.Period {
	days := make(map[org.PersonID][]calendar.Period)
	for _, l := range leaves {
		days[l.Person] = append(days[l.Person], l.Days)
	}
	return days
}

// countHamlets is cover for the figures of a report: month by month, added up,
// and never more than the quota, so that one hamlet's zeal does not hide
// another's lack. read gives what each month is counted on.
func (u *unit) countHamlets(ctx context.Context, dir *memo, period calendar.Period, read func(month calendar.Period) (ground, error)) ([]report.Hamlet, error) {
	book, err := u.rules(ctx)
	if err != nil {
		return nil, err
	}
	sums := make(map[org.PlaceID]*report.Hamlet)
	for _, part := range programme.Months(period, book.Reports.CloseDay) {
		g, err := read(part)
		if err != nil {
			return nil, err
		}
		rows, err := u.coverOn(ctx, dir, part, g)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			h := sums[row.Place]
			if h == nil {
				h = &report.Hamlet{Place: row.Place}
				sums[row.Place] = h
			}
			h.Official = cmp.Or(row.Official, h.Official)
			h.Quota += row.Quota
			h.Claimed += min(row.Claimed, row.Quota)
			h.Verified += min(row.Verified, row.Quota)
			for _, slot := range row.Slots {
				if slot.Excused && !slot.Claimed {
					h.Excused++
				}
			}
		}
	}
	var hamlets []report.Hamlet
	for _, h := range sums {
		if h.Commune, err = commune(ctx, dir, h.Place, period.To); err != nil {
			return nil, err
		}
		hamlets = append(hamlets, *h)
	}
	slices.SortFunc(hamlets, func(a, b report.Hamlet) int { return cmp.Compare(a.Place, b.Place) })
	return hamlets, nil
}
