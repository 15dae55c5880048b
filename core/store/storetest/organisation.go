package storetest

import (
	"context"
	"fmt"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store"
)

// organisation are the promises of the queries of org and programme.
func organisation() []promise {
	return []promise{
		{"org/lists", "Persons, Places and Units list everything, ordered by id as bytes.", listsOrganisation},
		{"org/persons by id", "PersonsByID returns those of the ids that exist, each once.", findsPersonsByID},
		{"org/places by id", "PlacesByID returns those of the ids that exist, each once.", findsPlacesByID},
		{"org/holdings", "Holdings selects by person, role, place, unit, team and day, ordered by id.", selectsHoldings},
		{"org/holdings of many", "HoldingsOf returns what any of the persons holds on a day, each once, ordered by id.", findsHoldingsOf},
		{"org/leaves", "Leaves selects by id, person, day and period, leaves out what is cancelled, ordered by id.", selectsLeaves},
		{"programme/lists", "Programmes, Teams and Rules list everything, ordered by id as bytes.", listsProgrammes},
		{"programme/assignments", "Assignments selects by official, place, team, status and period, ordered by id.", selectsAssignments},
	}
}

// march is the period around which the checks of dates turn.
var march = calendar.Period{From: calendar.MustDate(2017, 3, 1), To: calendar.MustDate(2017, 3, 31)}

// around are periods by their relation to march, whether they share a day with
// it, and whether they contain its first day.
var around = []struct {
	name              string
	valid             calendar.Period
	overlaps, onFirst bool
}{
	{"before", calendar.Period{From: march.From.Add(-9), To: march.From.Add(-1)}, false, false},
	{"until the first day", calendar.Period{From: march.From.Add(-9), To: march.From}, true, true},
	{"the first day", calendar.Period{From: march.From, To: march.From}, true, true},
	{"within", calendar.Period{From: march.From.Add(1), To: march.To.Add(-1)}, true, false},
	{"the last day", calendar.Period{From: march.To, To: march.To}, true, false},
	{"all round", calendar.Period{From: march.From.Add(-1), To: march.To.Add(1)}, true, true},
	{"after", calendar.Period{From: march.To.Add(1), To: march.To.Add(9)}, false, false},
	{"open, from before", calendar.Period{From: march.From.Add(-9)}, true, true},
	{"open, from the last day", calendar.Period{From: march.To}, true, false},
	{"open, from after", calendar.Period{From: march.To.Add(1)}, false, false},
	{"no period", calendar.Period{}, false, false},
	{"ends before it begins", calendar.Period{From: march.To, To: march.From}, false, false},
}

// overlapping checks the filter that asks for what is valid on any day of a period.
func (a question[Q, T]) overlapping(k kit, model func(*T), period func(*T) *calendar.Period, ask func(calendar.Period) Q) {
	k.Helper()
	var values []T
	var all, overlapping, first, open []string
	for _, p := range around {
		v := a.model(p.name, model)
		*period(&v) = p.valid
		values = append(values, v)
		all = append(all, p.name)
		if p.overlaps {
			overlapping = append(overlapping, p.name)
		}
		if p.onFirst {
			first = append(first, p.name)
		}
		if p.overlaps || p.valid.From.After(march.To) {
			open = append(open, p.name)
		}
	}
	a.insert(k, values...)
	a.expect(k, "no period", ask(calendar.Period{}), all...)
	a.expect(k, "a month", ask(march), overlapping...)
	a.expect(k, "one day", ask(calendar.Period{From: march.From, To: march.From}), first...)
	a.expect(k, "an open period", ask(calendar.Period{From: march.From}), open...)
	a.expect(k, "a period that ends before it begins", ask(calendar.Period{From: march.To, To: march.From}))
	a.expect(k, "a period without beginning", ask(calendar.Period{To: march.To}))
}

// within checks the filter that asks for what has its date in a period.
func (a question[Q, T]) within(k kit, model func(*T), date func(*T, calendar.Date), ask func(calendar.Period) Q) {
	k.Helper()
	days := []struct {
		name string
		on   calendar.Date
	}{
		{"before", march.From.Add(-1)}, {"first", march.From}, {"within", march.From.Add(9)}, {"last", march.To},
		{"after", march.To.Add(1)}, {"no date", calendar.Date{}},
	}
	var values []T
	for _, d := range days {
		v := a.model(d.name, model)
		date(&v, d.on)
		values = append(values, v)
	}
	a.insert(k, values...)
	a.expect(k, "no period", ask(calendar.Period{}), "before", "first", "within", "last", "after", "no date")
	a.expect(k, "a month", ask(march), "first", "within", "last")
	a.expect(k, "one day", ask(calendar.Period{From: march.To, To: march.To}), "last")
	a.expect(k, "an open period", ask(calendar.Period{From: march.To}), "last", "after")
	a.expect(k, "a period that ends before it begins", ask(calendar.Period{From: march.To, To: march.From}))
	a.expect(k, "a period without beginning", ask(calendar.Period{To: march.To}))
}

// byDate checks that answers come ordered by a date, then by id, no date first.
func (a question[Q, T]) byDate(k kit, model func(*T), date func(*T, calendar.Date)) {
	k.Helper()
	var values []T
	for _, d := range []struct {
		id string
		on calendar.Date
	}{
		{"z", calendar.Date{}}, {"c", march.From}, {"B", march.From.Add(1)}, {"a", march.From.Add(1)},
		{"a-b", march.From.Add(1)}, {"a1", march.From.Add(1)}, {"0", march.From.Add(2)},
	} {
		v := a.model(d.id, model)
		date(&v, d.on)
		values = append(values, v)
	}
	a.insert(k, values...)
	var everything Q
	a.inOrder(k, "order", everything, "z", "c", "B", "a", "a-b", "a1", "0")
}

func listsOrganisation(k kit) {
	question[nothing, org.Person]{name: "Persons", of: persons,
		find: func(ctx context.Context, tx store.Tx, _ nothing) ([]org.Person, error) { return tx.Persons(ctx) },
	}.byID(k, plain)
	question[nothing, org.Place]{name: "Places", of: places,
		find: func(ctx context.Context, tx store.Tx, _ nothing) ([]org.Place, error) { return tx.Places(ctx) },
	}.byID(k, plain)
	question[nothing, org.Unit]{name: "Units", of: units,
		find: func(ctx context.Context, tx store.Tx, _ nothing) ([]org.Unit, error) { return tx.Units(ctx) },
	}.byID(k, plain)
}

func findsPersonsByID(k kit) {
	findsByID(k, question[[]org.PersonID, org.Person]{name: "PersonsByID", of: persons, inSets: true,
		find: func(ctx context.Context, tx store.Tx, ids []org.PersonID) ([]org.Person, error) {
			return tx.PersonsByID(ctx, ids)
		}})
}

func findsPlacesByID(k kit) {
	findsByID(k, question[[]org.PlaceID, org.Place]{name: "PlacesByID", of: places, inSets: true,
		find: func(ctx context.Context, tx store.Tx, ids []org.PlaceID) ([]org.Place, error) {
			return tx.PlacesByID(ctx, ids)
		}})
}

func findsByID[S ~string, T any](k kit, a question[[]S, T]) {
	a.insert(k, a.model("a", plain), a.model("it's", plain), a.model(`b,"c"}\`, plain), a.model("d", plain))
	a.expect(k, "some", []S{"a", "it's", `b,"c"}\`, "nowhere", "a"}, "a", "it's", `b,"c"}\`)
	a.expect(k, "none", nil)
	a.expect(k, "unknown", []S{"nowhere", ""})
}

var holdingsAsked = question[org.HoldingQuery, org.Holding]{name: "Holdings", of: holdings,
	find: func(ctx context.Context, tx store.Tx, q org.HoldingQuery) ([]org.Holding, error) {
		return tx.Holdings(ctx, q)
	}}

func selectsHoldings(k kit) {
	model := func(h *org.Holding) {
		h.Person, h.Role, h.Place, h.Unit, h.Team, h.Valid = "person", org.HamletHead, "place", "unit", "team", march
	}
	type f = filter[org.HoldingQuery, org.Holding]
	holdingsAsked.filters(k, model, []f{
		{"person", func(q *org.HoldingQuery) { q.Person = "person" }, func(h *org.Holding) { h.Person = "other" }},
		{"role", func(q *org.HoldingQuery) { q.Role = org.HamletHead }, func(h *org.Holding) { h.Role = org.Official }},
		{"place", func(q *org.HoldingQuery) { q.Place = "place" }, func(h *org.Holding) { h.Place = "other" }},
		{"unit", func(q *org.HoldingQuery) { q.Unit = "unit" }, func(h *org.Holding) { h.Unit = "" }},
		{"team", func(q *org.HoldingQuery) { q.Team = "team" }, func(h *org.Holding) { h.Team = "other" }},
		{"day", func(q *org.HoldingQuery) { q.On = march.From }, func(h *org.Holding) { h.Valid.From = march.From.Add(1) }},
	})
	var want []string
	var values []org.Holding
	for _, p := range around {
		values = append(values, holdingsAsked.model(p.name, func(h *org.Holding) { h.Role, h.Valid = org.Auditor, p.valid }))
		if p.onFirst {
			want = append(want, p.name)
		}
	}
	holdingsAsked.insert(k, values...)
	holdingsAsked.expect(k, "on a day", org.HoldingQuery{Role: org.Auditor, On: march.From}, want...)
	values = nil
	for _, id := range disorder {
		values = append(values, holdingsAsked.model(id, func(h *org.Holding) { h.Role = org.Admin }))
	}
	holdingsAsked.insert(k, values...)
	holdingsAsked.inOrder(k, "order", org.HoldingQuery{Role: org.Admin}, disorder...)
}

func findsHoldingsOf(k kit) {
	type of struct {
		persons []org.PersonID
		on      calendar.Date
	}
	a := question[of, org.Holding]{name: "HoldingsOf", of: holdings,
		find: func(ctx context.Context, tx store.Tx, q of) ([]org.Holding, error) {
			return tx.HoldingsOf(ctx, q.persons, q.on)
		}}
	held := func(id string, by org.PersonID, during calendar.Period) org.Holding {
		return a.model(id, func(h *org.Holding) { h.Person, h.Role, h.Valid = by, org.Auditor, during })
	}
	var values []org.Holding
	for i, id := range disorder { // of two persons, in turn
		values = append(values, held(id, []org.PersonID{"it's", `b,"c"}\`}[i%2], march))
	}
	a.insert(k, append(values, held("of april", "it's", calendar.Period{From: march.To.Add(1)}), held("nobody's", "", march), held("another's", "other", march))...)
	both := []org.PersonID{"it's", "nobody", "", `b,"c"}\`, "it's"}
	a.inOrder(k, "of several on a day", of{both, march.From}, disorder...)
	a.expect(k, "of one on another day", of{both[:1], march.To.Add(1)}, "of april")
	a.expect(k, "of all times", of{both, calendar.Date{}}, append([]string{"of april"}, disorder...)...)
	a.expect(k, "of none", of{nil, march.From})
	a.expect(k, "of unknown", of{[]org.PersonID{"nobody", ""}, march.From})
	var many []org.PersonID
	for i := range 300 {
		many = append(many, org.PersonID(fmt.Sprintf("nobody %d", i)))
	}
	a.inOrder(k, "of hundreds on a day", of{append(many, both...), march.From}, disorder...)
}

func selectsLeaves(k kit) {
	a := question[org.LeaveQuery, org.Leave]{name: "Leaves", of: leaves,
		find: func(ctx context.Context, tx store.Tx, q org.LeaveQuery) ([]org.Leave, error) {
			return tx.Leaves(ctx, q)
		}}
	type f = filter[org.LeaveQuery, org.Leave]
	a.insert(k, a.model("cancelled", func(l *org.Leave) { l.Person, l.Days, l.Cancelled = "person", march, true }))
	a.filters(k, func(l *org.Leave) { l.Person, l.Days = "person", march }, []f{
		{"person", func(q *org.LeaveQuery) { q.Person = "person" }, func(l *org.Leave) { l.Person = "other" }},
		{"day", func(q *org.LeaveQuery) { q.On = march.To }, func(l *org.Leave) { l.Days.To = march.To.Add(-1) }},
		{"period", func(q *org.LeaveQuery) { q.During = calendar.Period{From: march.From, To: march.From.Add(3)} }, func(l *org.Leave) { l.Days.From = march.From.Add(4) }},
	})
	a.expect(k, "id", org.LeaveQuery{ID: "model"}, "model")
	a.expect(k, "id of somebody else's", org.LeaveQuery{ID: "model", Person: "other"})
	a.overlapping(k, func(l *org.Leave) { l.Person = "days" }, func(l *org.Leave) *calendar.Period { return &l.Days },
		func(p calendar.Period) org.LeaveQuery { return org.LeaveQuery{Person: "days", During: p} })
	var want []string
	for _, p := range around {
		if p.onFirst {
			want = append(want, p.name)
		}
	}
	a.expect(k, "on a day", org.LeaveQuery{Person: "days", On: march.From}, want...)
	var values []org.Leave
	for _, id := range disorder {
		values = append(values, a.model(id, func(l *org.Leave) { l.Person = "order" }))
	}
	a.insert(k, values...)
	a.inOrder(k, "order", org.LeaveQuery{Person: "order"}, disorder...)
}

func listsProgrammes(k kit) {
	question[nothing, programme.State]{name: "Programmes", of: programmes,
		find: func(ctx context.Context, tx store.Tx, _ nothing) ([]programme.State, error) {
			return tx.Programmes(ctx)
		},
	}.byID(k, plain)
	question[nothing, programme.Team]{name: "Teams", of: teams,
		find: func(ctx context.Context, tx store.Tx, _ nothing) ([]programme.Team, error) { return tx.Teams(ctx) },
	}.byID(k, plain)
	question[nothing, programme.Rule]{name: "Rules", of: rules,
		find: func(ctx context.Context, tx store.Tx, _ nothing) ([]programme.Rule, error) { return tx.Rules(ctx) },
	}.byID(k, plain)
}

func selectsAssignments(k kit) {
	type (
		q = programme.AssignmentQuery
		v = programme.Assignment
	)
	a := question[q, v]{name: "Assignments", of: assignments,
		find: func(ctx context.Context, tx store.Tx, q q) ([]v, error) { return tx.Assignments(ctx, q) }}
	a.filters(k, func(v *v) {
		v.Official, v.Place, v.Team, v.Status, v.Valid = "official", "place", "team", programme.Active, march
	}, []filter[q, v]{
		{"official", func(q *q) { q.Official = "official" }, func(v *v) { v.Official = "other" }},
		{"place", func(q *q) { q.Place = "place" }, func(v *v) { v.Place = "other" }},
		{"team", func(q *q) { q.Team = "team" }, func(v *v) { v.Team = "other" }},
		{"status", func(q *q) { q.Statuses = []programme.AssignmentStatus{programme.Proposed, programme.Active} }, func(v *v) { v.Status = programme.Ended }},
		{"period", func(q *q) { q.During = march }, func(v *v) { v.Valid = calendar.Period{From: march.To.Add(1)} }},
	})
	a.overlapping(k, func(v *v) { v.Official = "valid" }, func(v *v) *calendar.Period { return &v.Valid },
		func(p calendar.Period) q { return q{Official: "valid", During: p} })
	var values []v
	for _, id := range disorder {
		values = append(values, a.model(id, func(v *v) { v.Official = "order" }))
	}
	a.insert(k, values...)
	a.inOrder(k, "order", q{Official: "order"}, disorder...)
}
