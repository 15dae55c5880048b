package sqlstore

import (
	"context"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
)

var (
	persons = newTable("person", "outreach_person",
		func(p *org.Person) string { return string(p.ID) }, func(p *org.Person) *int64 { return &p.Version })

	places = newTable("place", "outreach_place",
		func(p *org.Place) string { return string(p.ID) }, func(p *org.Place) *int64 { return &p.Version })

	units = newTable("unit", "outreach_unit",
		func(u *org.Unit) string { return string(u.ID) }, func(u *org.Unit) *int64 { return &u.Version })

	holdings = newTable("holding", "outreach_holding",
		func(h *org.Holding) string { return string(h.ID) }, func(h *org.Holding) *int64 { return &h.Version },
		text("person", func(h *org.Holding) org.PersonID { return h.Person }),
		text("role", func(h *org.Holding) org.Role { return h.Role }),
		text("place", func(h *org.Holding) org.PlaceID { return h.Place }),
		text("unit", func(h *org.Holding) org.UnitID { return h.Unit }),
		text("team", func(h *org.Holding) org.TeamID { return h.Team }),
		date("valid_from", func(h *org.Holding) calendar.Date { return h.Valid.From }),
		date("valid_to", func(h *org.Holding) calendar.Date { return h.Valid.To }))

	leaves = newTable("leave", "outreach_leave",
		func(l *org.Leave) string { return string(l.ID) }, func(l *org.Leave) *int64 { return &l.Version },
		text("person", func(l *org.Leave) org.PersonID { return l.Person }),
		date("days_from", func(l *org.Leave) calendar.Date { return l.Days.From }),
		date("days_to", func(l *org.Leave) calendar.Date { return l.Days.To }),
		boolean("cancelled", func(l *org.Leave) bool { return l.Cancelled }))

	programmes = newTable("programme", "outreach_programme",
		func(s *programme.State) string { return string(s.ID) }, func(s *programme.State) *int64 { return &s.Version })

	teams = newTable("team", "outreach_team",
		func(t *programme.Team) string { return string(t.ID) }, func(t *programme.Team) *int64 { return &t.Version })

	assignments = newTable("assignment", "outreach_assignment",
		func(a *programme.Assignment) string { return string(a.ID) }, func(a *programme.Assignment) *int64 { return &a.Version },
		text("official", func(a *programme.Assignment) org.PersonID { return a.Official }),
		text("place", func(a *programme.Assignment) org.PlaceID { return a.Place }),
		text("team", func(a *programme.Assignment) org.TeamID { return a.Team }),
		text("status", func(a *programme.Assignment) programme.AssignmentStatus { return a.Status }),
		date("valid_from", func(a *programme.Assignment) calendar.Date { return a.Valid.From }),
		date("valid_to", func(a *programme.Assignment) calendar.Date { return a.Valid.To }))

	rules = newTable("rule", "outreach_rule",
		func(r *programme.Rule) string { return string(r.ID) }, func(r *programme.Rule) *int64 { return &r.Version })
)

// Person implements [org.Directory].
func (t *tx) Person(ctx context.Context, id org.PersonID) (org.Person, error) {
	return persons.get(ctx, t, string(id))
}

// PersonsByID implements [org.Roll].
func (t *tx) PersonsByID(ctx context.Context, ids []org.PersonID) ([]org.Person, error) {
	return byID(ctx, t, persons, ids)
}

// PutPerson implements [org.Repository].
func (t *tx) PutPerson(ctx context.Context, p *org.Person) error { return persons.put(ctx, t, p) }

// Persons implements [org.Repository].
func (t *tx) Persons(ctx context.Context) ([]org.Person, error) {
	return persons.list(ctx, t, "ORDER BY id")
}

// Place implements [org.Directory].
func (t *tx) Place(ctx context.Context, id org.PlaceID) (org.Place, error) {
	return places.get(ctx, t, string(id))
}

// PlacesByID implements [org.Gazetteer].
func (t *tx) PlacesByID(ctx context.Context, ids []org.PlaceID) ([]org.Place, error) {
	return byID(ctx, t, places, ids)
}

// byID returns the values that have one of the ids, ordered by it.
func byID[T any, S ~string](ctx context.Context, t *tx, of *table[T], ids []S) ([]T, error) {
	if len(ids) == 0 {
		return nil, t.usable()
	}
	where := t.where()
	amongMany(where, "id", ids)
	return of.list(ctx, t, where.ordered("id", 0), where.args...)
}

// PutPlace implements [org.Repository].
func (t *tx) PutPlace(ctx context.Context, p *org.Place) error { return places.put(ctx, t, p) }

// Places implements [org.Repository].
func (t *tx) Places(ctx context.Context) ([]org.Place, error) {
	return places.list(ctx, t, "ORDER BY id")
}

// Unit implements [org.Directory].
func (t *tx) Unit(ctx context.Context, id org.UnitID) (org.Unit, error) {
	return units.get(ctx, t, string(id))
}

// PutUnit implements [org.Repository].
func (t *tx) PutUnit(ctx context.Context, u *org.Unit) error { return units.put(ctx, t, u) }

// Units implements [org.Repository].
func (t *tx) Units(ctx context.Context) ([]org.Unit, error) { return units.list(ctx, t, "ORDER BY id") }

// PutHolding implements [org.Repository].
func (t *tx) PutHolding(ctx context.Context, h *org.Holding) error { return holdings.put(ctx, t, h) }

// Holdings implements [org.Directory].
//
// Who foresees the question who has a role in a place asks next who they are.
func (t *tx) Holdings(ctx context.Context, q org.HoldingQuery) ([]org.Holding, error) {
	where := t.where()
	where.is("person", string(q.Person))
	where.is("role", string(q.Role))
	where.is("place", string(q.Place))
	where.is("unit", string(q.Unit))
	where.is("team", string(q.Team))
	where.on("valid_from", "valid_to", q.On)
	if q.Place != "" { // where there are few
		persons.readAlong(t, "WHERE id IN (SELECT person FROM outreach_holding "+where.filter()+")", where.args)
	}
	return holdings.list(ctx, t, where.ordered("id", 0), where.args...)
}

// HoldingsOf implements [org.Roster].
func (t *tx) HoldingsOf(ctx context.Context, whose []org.PersonID, on calendar.Date) ([]org.Holding, error) {
	if len(whose) == 0 {
		return nil, t.usable()
	}
	if err := t.byIndex(ctx, len(whose)); err != nil {
		return nil, err
	}
	where := t.where()
	amongMany(where, "person", whose)
	where.on("valid_from", "valid_to", on)
	return holdings.list(ctx, t, where.ordered("id", 0), where.args...)
}

// PutLeave implements [org.Repository].
func (t *tx) PutLeave(ctx context.Context, l *org.Leave) error { return leaves.put(ctx, t, l) }

// Leaves implements [org.Directory].
func (t *tx) Leaves(ctx context.Context, q org.LeaveQuery) ([]org.Leave, error) {
	where := t.where()
	where.add("NOT cancelled")
	where.is("id", string(q.ID))
	where.is("person", string(q.Person))
	where.on("days_from", "days_to", q.On)
	where.overlaps("days_from", "days_to", q.During)
	return leaves.list(ctx, t, where.ordered("id", 0), where.args...)
}

// Programme implements [programme.Repository].
func (t *tx) Programme(ctx context.Context, id programme.ID) (programme.State, error) {
	return programmes.get(ctx, t, string(id))
}

// PutProgramme implements [programme.Repository].
func (t *tx) PutProgramme(ctx context.Context, s *programme.State) error {
	return programmes.put(ctx, t, s)
}

// Programmes implements [programme.Repository].
func (t *tx) Programmes(ctx context.Context) ([]programme.State, error) {
	return programmes.list(ctx, t, "ORDER BY id")
}

// Team implements [programme.Repository].
func (t *tx) Team(ctx context.Context, id org.TeamID) (programme.Team, error) {
	return teams.get(ctx, t, string(id))
}

// PutTeam implements [programme.Repository].
func (t *tx) PutTeam(ctx context.Context, team *programme.Team) error { return teams.put(ctx, t, team) }

// Teams implements [programme.Repository].
func (t *tx) Teams(ctx context.Context) ([]programme.Team, error) {
	return teams.list(ctx, t, "ORDER BY id")
}

// Assignment implements [programme.Repository].
func (t *tx) Assignment(ctx context.Context, id programme.AssignmentID) (programme.Assignment, error) {
	return assignments.get(ctx, t, string(id))
}

// PutAssignment implements [programme.Repository].
func (t *tx) PutAssignment(ctx context.Context, a *programme.Assignment) error {
	return assignments.put(ctx, t, a)
}

// Assignments implements [programme.Repository].
func (t *tx) Assignments(ctx context.Context, q programme.AssignmentQuery) ([]programme.Assignment, error) {
	where := t.where()
	where.is("official", string(q.Official))
	where.is("place", string(q.Place))
	where.is("team", string(q.Team))
	oneOf(where, "status", q.Statuses)
	where.overlaps("valid_from", "valid_to", q.During)
	return assignments.list(ctx, t, where.ordered("id", 0), where.args...)
}

// Rule implements [programme.Repository].
func (t *tx) Rule(ctx context.Context, id programme.RuleID) (programme.Rule, error) {
	return rules.get(ctx, t, string(id))
}

// PutRule implements [programme.Repository].
func (t *tx) PutRule(ctx context.Context, r *programme.Rule) error { return rules.put(ctx, t, r) }

// Rules implements [programme.Repository].
func (t *tx) Rules(ctx context.Context) ([]programme.Rule, error) {
	return rules.list(ctx, t, "ORDER BY id")
}
