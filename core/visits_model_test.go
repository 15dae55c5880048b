package core_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// TestAVisitDoesWhatANaiveModelSays gives one visit of Lan's to AP-01 random
// commands of random actors on random days and compares each answer, and the
// state after it, with a model that was written from the description of a visit
// (model M2 and section 5) and shares no code with it.
func TestAVisitDoesWhatANaiveModelSays(t *testing.T) {
	done := make(map[string]int)
	reached := make(map[string]int)
	// A hundred games seldom leave something out, and never ten times.
	for n := 0; n == 0 || n < 10 && !t.Failed() && len(unseen(reached, done)) > 0; n++ {
		rapid.Check(t, func(r *rapid.T) {
			g := &visitGame{T: r, c: newCast(t, nil), today: day("2017-03-01"), done: done}
			g.chance = rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "chance"), 0))
			g.c.appoint(org.Holding{Person: "TT-03", Role: org.VillageElder, Place: "AP-01"})
			g.c.at("2017-03-01")
			g.id = g.c.plan(lan, "AP-01", "2017-03-08")
			g.m = visitModel{state: "planned", day: day("2017-03-08")}
			for range rapid.IntRange(3, 25).Draw(r, "steps") {
				g.step()
				g.compare()
				reached[g.m.state]++
			}
		})
	}
	t.Logf("done %v, states %v", done, reached)
	if missing := unseen(reached, done); len(missing) > 0 && !t.Failed() {
		t.Errorf("no game came to %v: they prove little", missing)
	}
}

// unseen are the states that no game reached and the acts that nobody could do.
func unseen(reached, done map[string]int) []string {
	states := []string{"planned", "held", "reported", "verified", "unconfirmed", "disputed", "refused", "missed", "cancelled"}
	acts := []string{"postpone", "cancel", "hold", "report", "absent", "approve late", "confirm", "deny", "reply", "decide", "settle"}
	return append(
		slices.DeleteFunc(states, func(s string) bool { return reached[s] > 0 }),
		slices.DeleteFunc(acts, func(a string) bool { return done[a] > 0 })...)
}

// visitModel is a visit as somebody who only read about it would keep it.
type visitModel struct {
	state     string
	day       calendar.Date   // planned, or happened
	reports   []int           // people in each report kept
	settled   int             // how many of them somebody has chosen among
	stands    int             // which holds
	said      map[string]bool // by whom: yes or no, the latest word
	replied   bool
	decided   bool
	confirmBy calendar.Date
}

type visitGame struct {
	*rapid.T
	c     *cast
	id    visit.ID
	today calendar.Date
	m     visitModel
	done  map[string]int

	chance *rand.Rand // even, where rapid prefers what is small
}

func (g *visitGame) between(least, most int) int { return least + g.chance.IntN(most-least+1) }

func pick[T any](g *visitGame, all []T) T { return all[g.chance.IntN(len(all))] }

// what answers there are.
const (
	fine      = "fine"
	forbidden = "forbidden"
	refused   = "refused"
)

func answerOf(err error) string {
	switch {
	case err == nil:
		return fine
	case errors.Is(err, fault.ErrForbidden):
		return forbidden
	case errors.Is(err, fault.ErrRule):
		return refused
	}
	return err.Error()
}

// actors by what they are to this visit.
func visitActors() map[string]org.PersonID {
	return map[string]org.PersonID{"official": lan, "colleague": minh, "leader": tl03, "office": vp01, "host": ta01, "elder": tt03,
		"other host": "TA-02", "commune": lx01, "clerk": u11, "chair": ct, "admin": qt01}
}

// command is one thing to try: who may, whether the rules let it through, what it
// then does to the model.
type command struct {
	name string
	may  []string
	do   func(context.Context, *core.Visits) error
	ok   func(actor string) bool
	then func(actor string)
}

// off are the closures of the spring of 2017 after Tết.
func off(d calendar.Date) bool {
	return slices.Contains([]string{"2017-04-06", "2017-04-30", "2017-05-01", "2017-05-02"}, d.String())
}

// workday counts n working days on.
func workday(d calendar.Date, n int) calendar.Date {
	for n > 0 {
		d = d.Add(1)
		if w := int(d.Weekday()); w != 0 && w != 6 && !off(d) {
			n--
		}
	}
	return d
}

func (g *visitGame) is(states ...string) bool { return slices.Contains(states, g.m.state) }

func (g *visitGame) claimed() bool { return g.is("reported", "verified", "unconfirmed", "disputed") }

func (g *visitGame) step() {
	commands := g.commands()
	c := pick(g, commands)
	for n := 0; n < 3 && c.name != "wait" && !slices.ContainsFunc(c.may, c.ok); n++ {
		c = pick(g, commands) // three times out of four something that could succeed
	}
	if c.name == "wait" {
		days := g.between(1, 6)
		if g.is("reported") && g.between(1, 2) == 1 {
			days = 1 + g.m.confirmBy.Sub(g.today) // nobody says a word
		}
		g.wait(days)
		return
	}
	all := []string{"official", "leader", "office", "host", "elder", "commune", "colleague", "other host", "clerk", "chair", "admin"}
	actor := pick(g, append(slices.Repeat(c.may, 6), all...))
	err := g.c.do(visitActors()[actor], func(ctx context.Context, w *core.Work) error { return c.do(ctx, w.Visits) })
	want := refused
	switch {
	case !slices.Contains(c.may, actor):
		want = forbidden
	case c.ok(actor):
		want = fine
	}
	if got := answerOf(err); got != want {
		g.Fatalf("on %s the %s tries to %s a visit that is %s: %s (%v), the model says %s", g.today, actor, c.name, g.m.state, got, err, want)
	}
	if want == fine {
		g.done[c.name]++
		c.then(actor)
	}
}

func (g *visitGame) commands() []command {
	writes, words, decides := []string{"official", "leader", "office"}, []string{"host", "elder", "commune", "office"}, []string{"leader", "office"}
	on := g.today.Add(-g.between(0, 3))
	people := g.between(10, 12)
	to := g.today.Add(g.between(-1, 12))
	upheld := g.between(0, 1) == 1
	chosen := g.between(0, max(0, len(g.m.reports)-1))
	r := minutes()
	r.People, r.LateReason, r.Why = people, "bận việc", "điện thoại báo"
	none := func(_ visit.State, err error) error { return err }
	word := func(yes bool) command {
		name := map[bool]string{true: "confirm", false: "deny"}[yes]
		return command{name, words,
			func(ctx context.Context, v *core.Visits) error { return none(v.Confirm(ctx, g.id, yes, "")) },
			func(string) bool {
				return !g.is("cancelled", "refused") && (!g.is("planned") || !g.m.day.After(g.today))
			},
			func(actor string) { g.hears(actor, yes) }}
	}
	return []command{
		{name: "wait"}, {name: "wait"},
		{"postpone", writes,
			func(ctx context.Context, v *core.Visits) error {
				return none(v.Postpone(ctx, g.id, to, calendar.TimeOfDay{}, "mưa lớn"))
			},
			func(actor string) bool {
				slot := calendar.MonthOf(to) == calendar.MonthOf(g.m.day) && (to.Day() <= 15) == (g.m.day.Day() <= 15)
				return g.is("planned") && !to.Before(g.today) && !off(to) && (slot || actor != "official")
			},
			func(string) { g.m.day = to }},
		{"cancel", decides,
			func(ctx context.Context, v *core.Visits) error { return none(v.Cancel(ctx, g.id, "trùng họp")) },
			func(string) bool { return g.is("planned") },
			func(string) { g.m.state = "cancelled" }},
		{"hold", writes,
			func(ctx context.Context, v *core.Visits) error { return none(v.Hold(ctx, g.id, on)) },
			func(string) bool { return g.is("planned") || g.is("held") && g.m.day == on },
			func(string) { g.m.state, g.m.day = "held", on }},
		{"report", writes,
			func(ctx context.Context, v *core.Visits) error { return none(v.Report(ctx, g.id, on, r)) },
			func(string) bool {
				return g.is("planned", "held", "missed") || g.claimed() || slices.Contains(g.m.reports, g.print(on, people))
			},
			func(string) { g.writes(on, people) }},
		{"absent", decides,
			func(ctx context.Context, v *core.Visits) error {
				return none(v.Absent(ctx, g.id, visit.Unexcused, ""))
			},
			func(string) bool { return g.is("planned", "missed") },
			func(string) { g.m.state = "missed" }},
		{"approve late", decides,
			func(ctx context.Context, v *core.Visits) error { return none(v.ApproveLate(ctx, g.id, "ốm")) },
			func(string) bool { return g.is("planned", "held", "missed") },
			func(string) {}},
		word(true), word(true), word(false),
		{"reply", []string{"official"},
			func(ctx context.Context, v *core.Visits) error { return none(v.Reply(ctx, g.id, "Tôi đã đến.")) },
			func(string) bool { return g.is("disputed") || g.m.decided && !g.m.replied },
			func(string) { g.m.replied = true }},
		{"decide", decides,
			func(ctx context.Context, v *core.Visits) error {
				return none(v.Decide(ctx, g.id, upheld, "đã xác minh"))
			},
			func(string) bool { return g.is("disputed") },
			func(string) {
				g.m.state, g.m.decided = map[bool]string{true: "verified", false: "refused"}[upheld], true
			}},
		{"settle", decides,
			func(ctx context.Context, v *core.Visits) error {
				return none(v.Settle(ctx, g.id, chosen, "có danh sách ký tên"))
			},
			func(string) bool { return g.claimed() && len(g.m.reports) > 1 && g.m.settled < len(g.m.reports) },
			func(string) {
				g.m.settled, g.m.stands, g.m.day = len(g.m.reports), chosen, day("2017-01-01").Add(g.m.reports[chosen]/100)
			}},
	}
}

// print stands for what a report says: its day and the people.
func (g *visitGame) print(on calendar.Date, people int) int {
	return 100*on.Sub(day("2017-01-01")) + people
}

// writes is a report that came in.
func (g *visitGame) writes(on calendar.Date, people int) {
	print := g.print(on, people)
	if slices.Contains(g.m.reports, print) {
		return
	}
	g.m.reports = append(g.m.reports, print)
	if g.claimed() {
		return // beside the first
	}
	g.m.state, g.m.day, g.m.confirmBy = "reported", on, workday(g.today, 5)
	for _, yes := range g.m.said {
		if !yes {
			g.dispute()
			return
		}
	}
	g.weigh()
}

// hears is somebody's word.
func (g *visitGame) hears(actor string, yes bool) {
	if g.m.said == nil {
		g.m.said = make(map[string]bool)
	}
	g.m.said[actor] = yes
	switch {
	case !yes && g.claimed() && !g.is("disputed"):
		g.dispute()
	case g.is("reported", "unconfirmed"):
		g.weigh()
	}
}

func (g *visitGame) weigh() {
	for _, yes := range g.m.said {
		if yes {
			g.m.state = "verified"
		}
	}
}

func (g *visitGame) dispute() { g.m.state, g.m.decided, g.m.replied = "disputed", false, false }

// wait lets days pass, with a sweep on each morning.
func (g *visitGame) wait(days int) {
	for range days {
		g.today = g.today.Add(1)
		g.c.at(g.today.String() + " 08:00")
		if _, err := g.c.sys.Sweep(g.c.t.Context()); err != nil {
			g.Fatalf("sweep of %s: %v", g.today, err)
		}
		if g.is("planned") && g.today.After(workday(g.m.day, 2)) {
			g.m.state = "missed"
		}
		if g.is("reported") && g.today.After(g.m.confirmBy) {
			g.m.state = "unconfirmed"
		}
	}
}

// compare looks at what is kept.
func (g *visitGame) compare() {
	v := g.c.visit(g.id)
	if string(v.Status) != g.m.state || v.On() != g.m.day || len(v.Reports) != len(g.m.reports) {
		g.Fatalf("on %s the visit is %s of %s with %d reports; the model says %s of %s with %d", g.today, v.Status, v.On(), len(v.Reports), g.m.state, g.m.day, len(g.m.reports))
	}
	standing, _ := v.Standing()
	if len(g.m.reports) > 0 && standing.People != g.m.reports[g.m.stands]%100 {
		g.Fatalf("the report that holds says %d people, the model %d", standing.People, g.m.reports[g.m.stands]%100)
	}
	if v.Conflicting() != (len(g.m.reports) > 1 && g.m.settled < len(g.m.reports)) {
		g.Fatalf("conflicting: %v with %d reports, %d settled", v.Conflicting(), len(g.m.reports), g.m.settled)
	}
	var owed []duty.Kind
	g.c.see(func(ctx context.Context, tx store.Tx) error {
		open, err := tx.Duties(ctx, duty.Query{Subject: visit.Subject(g.id), Statuses: []duty.Status{duty.Running}})
		for _, d := range open {
			owed = append(owed, d.Kind)
		}
		return err
	})
	if has := slices.Contains(owed, duty.Dispute); has != g.is("disputed") {
		g.Fatalf("%s, and the decision is owed: %v", g.m.state, has)
	}
	if has := slices.Contains(owed, duty.Confirm); has != g.is("reported") {
		g.Fatalf("%s, and the confirmation is owed: %v (%s)", g.m.state, has, fmt.Sprint(owed))
	}
	if slices.Contains(owed, duty.Report) && (g.claimed() || g.is("cancelled", "refused")) {
		g.Fatalf("%s, and a report is owed", g.m.state)
	}
}
