package memstore

import (
	"context"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
)

// Person implements [org.Directory].
func (tx *Tx) Person(_ context.Context, id org.PersonID) (org.Person, error) {
	return tx.persons.get(string(id))
}

// PersonsByID implements [org.Roll]; ordered by id.
func (tx *Tx) PersonsByID(_ context.Context, ids []org.PersonID) ([]org.Person, error) {
	return tx.persons.pick(unique(texts(ids)), every, byID, 0)
}

// PutPerson implements [org.Repository].
func (tx *Tx) PutPerson(_ context.Context, p *org.Person) error { return tx.persons.put(p) }

// Persons implements [org.Repository].
func (tx *Tx) Persons(context.Context) ([]org.Person, error) {
	return tx.persons.pick(tx.persons.all(), every, byID, 0)
}

// Place implements [org.Directory].
func (tx *Tx) Place(_ context.Context, id org.PlaceID) (org.Place, error) {
	return tx.places.get(string(id))
}

// PlacesByID implements [org.Gazetteer]; ordered by id.
func (tx *Tx) PlacesByID(_ context.Context, ids []org.PlaceID) ([]org.Place, error) {
	return tx.places.pick(unique(texts(ids)), every, byID, 0)
}

// PutPlace implements [org.Repository].
func (tx *Tx) PutPlace(_ context.Context, p *org.Place) error { return tx.places.put(p) }

// Places implements [org.Repository].
func (tx *Tx) Places(context.Context) ([]org.Place, error) {
	return tx.places.pick(tx.places.all(), every, byID, 0)
}

// Unit implements [org.Directory].
func (tx *Tx) Unit(_ context.Context, id org.UnitID) (org.Unit, error) {
	return tx.units.get(string(id))
}

// PutUnit implements [org.Repository].
func (tx *Tx) PutUnit(_ context.Context, u *org.Unit) error { return tx.units.put(u) }

// Units implements [org.Repository].
func (tx *Tx) Units(context.Context) ([]org.Unit, error) {
	return tx.units.pick(tx.units.all(), every, byID, 0)
}

// PutHolding implements [org.Repository].
func (tx *Tx) PutHolding(_ context.Context, h *org.Holding) error { return tx.holdings.put(h) }

// Holdings implements [org.Directory].
func (tx *Tx) Holdings(_ context.Context, q org.HoldingQuery) ([]org.Holding, error) {
	common := terms("person", string(q.Person), "place", string(q.Place), "unit", string(q.Unit), "team", string(q.Team))
	return tx.holdings.pick(tx.holdings.having(firstOf(common)...), func(h *org.Holding) bool {
		return is(q.Person, h.Person) && is(q.Role, h.Role) && is(q.Place, h.Place) && is(q.Unit, h.Unit) &&
			is(q.Team, h.Team) && valid(q.On, h.Valid)
	}, byID, 0)
}

// HoldingsOf implements [org.Roster].
func (tx *Tx) HoldingsOf(_ context.Context, persons []org.PersonID, on calendar.Date) ([]org.Holding, error) {
	var whose []string
	for _, p := range persons {
		whose = append(whose, terms("person", string(p))...)
	}
	if len(whose) == 0 {
		return nil, nil
	}
	return tx.holdings.pick(tx.holdings.having(whose...), func(h *org.Holding) bool { return valid(on, h.Valid) }, byID, 0)
}

// PutLeave implements [org.Repository].
func (tx *Tx) PutLeave(_ context.Context, l *org.Leave) error { return tx.leaves.put(l) }

// Leaves implements [org.Directory].
func (tx *Tx) Leaves(_ context.Context, q org.LeaveQuery) ([]org.Leave, error) {
	return tx.leaves.pick(tx.leaves.all(), func(l *org.Leave) bool {
		return !l.Cancelled && is(q.ID, l.ID) && is(q.Person, l.Person) && valid(q.On, l.Days) && overlap(q.During, l.Days)
	}, byID, 0)
}

// Programme implements [programme.Repository].
func (tx *Tx) Programme(_ context.Context, id programme.ID) (programme.State, error) {
	return tx.programmes.get(string(id))
}

// PutProgramme implements [programme.Repository].
func (tx *Tx) PutProgramme(_ context.Context, s *programme.State) error { return tx.programmes.put(s) }

// Programmes implements [programme.Repository].
func (tx *Tx) Programmes(context.Context) ([]programme.State, error) {
	return tx.programmes.pick(tx.programmes.all(), every, byID, 0)
}

// Team implements [programme.Repository].
func (tx *Tx) Team(_ context.Context, id org.TeamID) (programme.Team, error) {
	return tx.teams.get(string(id))
}

// PutTeam implements [programme.Repository].
func (tx *Tx) PutTeam(_ context.Context, t *programme.Team) error { return tx.teams.put(t) }

// Teams implements [programme.Repository].
func (tx *Tx) Teams(context.Context) ([]programme.Team, error) {
	return tx.teams.pick(tx.teams.all(), every, byID, 0)
}

// Assignment implements [programme.Repository].
func (tx *Tx) Assignment(_ context.Context, id programme.AssignmentID) (programme.Assignment, error) {
	return tx.assignments.get(string(id))
}

// PutAssignment implements [programme.Repository].
func (tx *Tx) PutAssignment(_ context.Context, a *programme.Assignment) error {
	return tx.assignments.put(a)
}

// Assignments implements [programme.Repository].
func (tx *Tx) Assignments(_ context.Context, q programme.AssignmentQuery) ([]programme.Assignment, error) {
	return tx.assignments.pick(tx.assignments.all(), func(a *programme.Assignment) bool {
		return is(q.Official, a.Official) && is(q.Place, a.Place) && is(q.Team, a.Team) &&
			among(q.Statuses, a.Status) && overlap(q.During, a.Valid)
	}, byID, 0)
}

// Rule implements [programme.Repository].
func (tx *Tx) Rule(_ context.Context, id programme.RuleID) (programme.Rule, error) {
	return tx.rules.get(string(id))
}

// PutRule implements [programme.Repository].
func (tx *Tx) PutRule(_ context.Context, r *programme.Rule) error { return tx.rules.put(r) }

// Rules implements [programme.Repository].
func (tx *Tx) Rules(context.Context) ([]programme.Rule, error) {
	return tx.rules.pick(tx.rules.all(), every, byID, 0)
}
