package duty_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// anyDate is a day of 2017 or 2018.
func anyDate(t *rapid.T, label string) calendar.Date {
	return day("2017-01-01").Add(rapid.IntRange(0, 729).Draw(t, label))
}

// anySpec is a calendar of 2017 and 2018 with closures and worked Saturdays
// anywhere.
func anySpec(t *rapid.T) calendar.Spec {
	spec := calendar.Spec{ID: "any", Version: 1, Coverage: calendar.Period{From: day("2017-01-01"), To: day("2018-12-31")}}
	taken := make(map[calendar.Date]bool)
	for _, d := range rapid.SliceOfNDistinct(rapid.IntRange(0, 729), 0, 40, rapid.ID[int]).Draw(t, "closures") {
		date := day("2017-01-01").Add(d)
		taken[date] = true
		spec.Closures = append(spec.Closures, calendar.Closure{From: date, Name: "nghỉ", Kind: calendar.Holiday})
	}
	for _, w := range rapid.SliceOfNDistinct(rapid.IntRange(0, 103), 0, 10, rapid.ID[int]).Draw(t, "worked") {
		if date := day("2017-01-07").Add(7 * w); !taken[date] {
			spec.WorkingDays = append(spec.WorkingDays, calendar.WorkingDay{Date: date})
		}
	}
	return spec
}

func anyKind(t *rapid.T) duty.Kind { return rapid.SampledFrom(duty.Kinds()).Draw(t, "kind") }

// anyTerm is a term of any kind, counted or given.
func anyTerm(t *rapid.T) duty.Term {
	term := duty.Term{
		Kind: anyKind(t), Subject: event.Subject{Type: "issue", ID: "I"}, Holder: org.Party{Role: org.Official, Person: "CC"},
		Start: anyDate(t, "start"), Raise: rapid.IntRange(0, 4).Draw(t, "raise"),
	}
	if term.Kind == duty.Visit || rapid.Bool().Draw(t, "given") {
		term.Due = term.Start.Add(rapid.IntRange(-5, 60).Draw(t, "due in"))
		term.At = calendar.MustTimeOfDay(rapid.IntRange(0, 23).Draw(t, "hour"), 30)
	} else {
		term.Days = rapid.IntRange(1, 40).Draw(t, "days")
	}
	return term
}

// opened opens a duty on the day it starts, at some hour.
func opened(t *rapid.T, term duty.Term, cal *calendar.Calendar) (duty.State, time.Time) {
	now := term.Start.At(calendar.MustTimeOfDay(rapid.IntRange(0, 23).Draw(t, "opened at"), 0))
	s, err := duty.Open("D", term, policy.Default(), cal, now)
	if err != nil {
		t.Fatal(err)
	}
	return s, now
}

func TestPropertyADueDateIsAWorkingDayAfterTheStartAndMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cal := build(t, anySpec(t))
		term := anyTerm(t)
		if term.Kind == duty.Visit {
			term.Kind = duty.Unit
		}
		term.Days, term.Due = rapid.IntRange(1, 40).Draw(t, "n"), calendar.Date{}
		s, _ := opened(t, term, cal)
		if !cal.IsWorkingDay(s.Due) || !s.Due.After(s.Start) || cal.Elapsed(s.Start, s.Due) != term.Days {
			t.Fatalf("%d working days from %v end on %v", term.Days, s.Start, s.Due)
		}
		term.Days++
		if longer, _ := opened(t, term, cal); !longer.Due.After(s.Due) {
			t.Fatalf("one day more ends on %v, not after %v", longer.Due, s.Due)
		}
	})
}

func TestPropertyAClosureNeverMovesADueDateEarlierNorAWorkingSaturdayLater(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := anySpec(t)
		cal := build(t, spec)
		s, now := opened(t, anyTerm(t), cal)
		if rapid.Bool().Draw(t, "paused") && s.Days > 0 && s.Pause("x", "", policy.Default(), cal, now) == nil {
			back := now.AddDate(0, 0, rapid.IntRange(0, 20).Draw(t, "for"))
			if err := s.Resume(policy.Default(), cal, back); err != nil {
				t.Fatal(err)
			}
		}
		spec.Version++
		date := anyDate(t, "date")
		worked := slices.ContainsFunc(spec.WorkingDays, func(w calendar.WorkingDay) bool { return w.Date == date })
		closed := slices.ContainsFunc(spec.Closures, func(c calendar.Closure) bool { return c.From == date })
		saturday := date.Weekday() == time.Saturday && rapid.Bool().Draw(t, "work it")
		if worked || closed {
			return
		}
		if saturday {
			spec.WorkingDays = append(spec.WorkingDays, calendar.WorkingDay{Date: date})
		} else {
			spec.Closures = append(spec.Closures, calendar.Closure{From: date, Name: "nghỉ thêm", Kind: calendar.Holiday})
		}
		old := s.Recalendar(policy.Default(), build(t, spec), now)
		if saturday && s.Due.After(old) || !saturday && s.Due.Before(old) {
			t.Fatalf("saturday %v on %v moved %v to %v", saturday, date, old, s.Due)
		}
	})
}

func TestPropertyAPauseOfNWorkingDaysMovesTheDueDateByExactlyN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cal, pol := build(t, anySpec(t)), policy.Default()
		term := anyTerm(t)
		term.Kind, term.Due, term.Days = duty.Unit, calendar.Date{}, rapid.IntRange(1, 40).Draw(t, "n")
		s, now := opened(t, term, cal)
		due, total := s.Due, 0
		stood := make(map[calendar.Date]bool)
		for range rapid.IntRange(1, 4).Draw(t, "pauses") {
			now = now.AddDate(0, 0, rapid.IntRange(0, 3).Draw(t, "later"))
			if s.IsLate(calendar.DateOf(now)) || total >= pol.Issues.PauseDays {
				break
			}
			if err := s.Pause("x", "", pol, cal, now); err != nil {
				t.Fatal(err)
			}
			from := calendar.DateOf(now)
			now = now.AddDate(0, 0, rapid.IntRange(0, 10).Draw(t, "for"))
			if err := s.Resume(pol, cal, now); err != nil {
				t.Fatal(err)
			}
			total = standStill(stood, cal, from, calendar.DateOf(now), pol.Issues.PauseDays)
			if got := cal.Elapsed(due, s.Due); got != total || s.PausedDays() != total || !cal.IsWorkingDay(s.Due) {
				t.Fatalf("paused %d days, moved %d to %v", total, got, s.Due)
			}
		}
	})
}

// standStill adds the working days after one day, up to another one or the next
// working day, to those on which the clock stood still, as far as the limit
// allows, and returns how many there are: a pause said in other words.
func standStill(stood map[calendar.Date]bool, cal *calendar.Calendar, from, to calendar.Date, limit int) int {
	for d := from.Add(1); !d.After(cal.NextWorkingDay(to)) && len(stood) < limit; d = d.Add(1) {
		if cal.IsWorkingDay(d) {
			stood[d] = true
		}
	}
	return len(stood)
}

func TestPropertyAnExplanationAccountsForEveryDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cal, pol := build(t, anySpec(t)), policy.Default()
		term := anyTerm(t)
		term.Kind = duty.Unit
		s, now := opened(t, term, cal)
		added := 0
		for range 2 {
			now = now.AddDate(0, 0, rapid.IntRange(0, 3).Draw(t, "later"))
			if s.Pause("x", "", pol, cal, now) == nil {
				now = now.AddDate(0, 0, rapid.IntRange(0, 6).Draw(t, "for"))
				if err := s.Resume(pol, cal, now); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n := rapid.IntRange(1, 10).Draw(t, "more"); s.Extend(n, "x", "", pol, cal, now) == nil {
			added = n
		}
		e := s.Explanation(cal)
		if e.Due != s.Due || e.Counted+e.Paused+e.Closures+e.Weekends != len(e.Days) || e.Paused > s.PausedDays() {
			t.Fatalf("%+v of %+v", e, s)
		}
		if s.Days > 0 && (e.Counted != s.Days+added || e.Paused != s.PausedDays()) {
			t.Fatalf("counted %d of %d+%d, paused %d of %d", e.Counted, s.Days, added, e.Paused, s.PausedDays())
		}
	})
}

func TestPropertyStepsComeInOrderOnceAndWithinTheirRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cal, pol := build(t, anySpec(t)), policy.Default()
		s, now := opened(t, anyTerm(t), cal)
		steps := duty.Forecast(s, pol, cal, s.Start.Add(200))
		for i, step := range steps {
			switch on := calendar.DateOf(step.At); {
			case !step.At.After(now) && step.Level != duty.Elapsed:
				t.Fatalf("%v lies before the opening", step)
			case i > 0 && (!step.At.After(steps[i-1].At) || step.Number <= steps[i-1].Number):
				t.Fatalf("%v after %v", step, steps[i-1])
			case step.Level == duty.Before || step.Level == duty.OnTheDay:
				if on.After(s.Due) || !step.Expires.After(step.At) || step.Expires.After(s.Due.Add(1).At(calendar.TimeOfDay{})) {
					t.Fatalf("reminder %v of %v", step, s.Due)
				}
			case !step.Expires.IsZero() || !on.After(s.Due):
				t.Fatalf("%v of %v", step, s.Due)
			case step.Level != duty.Elapsed && (!cal.IsWorkingDay(on) || calendar.TimeOfDayOf(step.At) != pol.Ladder.SendAt):
				t.Fatalf("escalation %v", step)
			}
		}
	})
}

func TestPropertyHoweverOftenTheClockIsLookedAtTheSameIsSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cal, pol := build(t, anySpec(t)), policy.Default()
		s, now := opened(t, anyTerm(t), cal)
		end := now.AddDate(0, 0, 120)
		want := steps(duty.Forecast(s, pol, cal, calendar.DateOf(end)), end)
		var got []string
		for now.Before(end) {
			now = now.Add(time.Duration(rapid.IntRange(1, 40*24).Draw(t, "hours")) * time.Hour)
			if now.After(end) {
				now = end
			}
			for _, step := range duty.DueSteps(s, pol, cal, now) {
				got = append(got, fmt.Sprint(step))
				s.Advance(step, pol, cal)
			}
			if next, ok := duty.Next(s, pol, cal); ok != !s.WakeAt.IsZero() || ok && (!s.WakeAt.Equal(next.At) || !next.At.After(now)) {
				t.Fatalf("wakes at %v, next %v", s.WakeAt, next)
			}
		}
		// What is not said one by one is the chair's digest that came round meanwhile.
		for _, line := range got {
			i := slices.Index(want, line)
			if i < 0 {
				t.Fatalf("said %s, forecast %v", line, want)
			}
			for _, skipped := range want[:i] {
				if skipped[:4] != "{e4 " {
					t.Fatalf("left out %s", skipped)
				}
			}
			want = want[i+1:]
		}
		for _, left := range want {
			t.Fatalf("never said %s", left)
		}
	})
}

func steps(forecast []duty.Step, end time.Time) []string {
	var lines []string
	for _, step := range forecast {
		if !step.At.After(end) {
			lines = append(lines, fmt.Sprint(step))
		}
	}
	return lines
}

// machine drives one duty through everything that can happen to it and compares
// it with what the rules say in other words.
type machine struct {
	t     *rapid.T
	spec  calendar.Spec
	cal   *calendar.Calendar
	pol   policy.Policy
	s     duty.State
	now   time.Time
	stood map[calendar.Date]bool // working days in pauses
	more  int                    // days of extension
	said  map[string]bool        // steps said, by due date
}

func TestPropertyADutyWhateverHappensToIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{t: t, spec: anySpec(t), pol: policy.Default(), stood: make(map[calendar.Date]bool), said: make(map[string]bool)}
		m.cal = build(t, m.spec)
		term := anyTerm(t)
		if term.Kind == duty.Visit {
			term.Kind = duty.Unit
		}
		term.Due, term.Days = calendar.Date{}, rapid.IntRange(1, 30).Draw(t, "n")
		m.s, m.now = opened(t, term, m.cal)
		t.Repeat(map[string]func(*rapid.T){
			"": m.check, "later": m.later, "pause": m.pause, "resume": m.resume, "extend": m.extend, "close": m.close, "closure": m.closure,
		})
	})
}

func (m *machine) later(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 200).Draw(t, "hours")) * time.Hour)
	if until := m.s.PausedUntil(); !until.IsZero() && !until.After(m.today()) {
		m.resume(t)
	}
	last := -1
	for _, step := range duty.DueSteps(m.s, m.pol, m.cal, m.now) {
		key := fmt.Sprintf("%v %d", m.s.Due, step.Number)
		if m.said[key] || step.Number <= last {
			t.Fatalf("said %s twice or out of order", key)
		}
		m.said[key], last = true, step.Number
		if step.At.After(m.now) {
			t.Fatalf("%v is not due at %v", step, m.now)
		}
		m.s.Advance(step, m.pol, m.cal)
	}
}

func (m *machine) today() calendar.Date { return calendar.DateOf(m.now) }

func (m *machine) pause(t *rapid.T) {
	legal := m.s.Status == duty.Running && !m.s.IsLate(m.today()) && len(m.stood) < m.pol.Issues.PauseDays
	if err := m.s.Pause("x", "", m.pol, m.cal, m.now); (err == nil) != legal {
		t.Fatalf("pause: %v, legal %v", err, legal)
	}
}

func (m *machine) resume(t *rapid.T) {
	legal := m.s.Status == duty.Paused
	from := calendar.Date{}
	if legal {
		from = m.s.Pauses[len(m.s.Pauses)-1].From
	}
	if err := m.s.Resume(m.pol, m.cal, m.now); (err == nil) != legal {
		t.Fatalf("resume: %v, legal %v", err, legal)
	}
	if legal {
		standStill(m.stood, m.cal, from, m.today(), m.pol.Issues.PauseDays)
	}
}

func (m *machine) extend(t *rapid.T) {
	n := rapid.IntRange(0, 11).Draw(t, "n")
	legal := m.s.Status == duty.Running && !m.s.IsLate(m.today()) && m.more == 0 && n >= 1 && n <= 10
	if err := m.s.Extend(n, "x", "", m.pol, m.cal, m.now); (err == nil) != legal {
		t.Fatalf("extend by %d: %v, legal %v", n, err, legal)
	}
	if legal {
		m.more = n
	}
}

func (m *machine) close(t *rapid.T) {
	if rapid.IntRange(0, 9).Draw(t, "really") > 0 {
		return
	}
	to := rapid.SampledFrom([]duty.Status{duty.Met, duty.Cancelled, duty.Superseded}).Draw(t, "to")
	legal, late := m.s.IsOpen(), m.s.IsLate(m.today())
	if err := m.s.Close(to, m.today()); (err == nil) != legal {
		t.Fatalf("close: %v, legal %v", err, legal)
	}
	if legal && to == duty.Met && (m.s.Status == duty.MetLate) != late {
		t.Fatalf("%s, late %v", m.s.Status, late)
	}
}

// closure adds one closure to the calendar, not inside a pause: what that does
// to the days of a pause is a test of its own.
func (m *machine) closure(t *rapid.T) {
	if len(m.s.Pauses) > 0 {
		return
	}
	date := anyDate(t, "closure")
	if !m.cal.IsWorkingDay(date) || date.Weekday() == time.Saturday {
		return
	}
	m.spec.Version++
	m.spec.Closures = append(m.spec.Closures, calendar.Closure{From: date, Name: "nghỉ thêm", Kind: calendar.Holiday})
	m.cal = build(t, m.spec)
	old, open := m.s.Due, m.s.IsOpen()
	if got := m.s.Recalendar(m.pol, m.cal, m.now); got != old || !open && m.s.Due != old {
		t.Fatalf("moved from %v, not %v", got, old)
	}
}

func (m *machine) check(t *rapid.T) {
	s := m.s
	if s.IsOpen() && s.Due != m.cal.Add(s.Start, s.Days+len(m.stood)+m.more) {
		t.Fatalf("due %v, want %d+%d+%d days from %v", s.Due, s.Days, len(m.stood), m.more, s.Start)
	}
	next, ok := duty.Next(s, m.pol, m.cal)
	switch {
	case !s.IsOpen():
		if !s.WakeAt.IsZero() || ok || s.Closed.IsZero() {
			t.Fatalf("closed, but wakes at %v", s.WakeAt)
		}
	case s.Status == duty.Paused:
		if !s.WakeAt.Equal(s.PausedUntil().At(calendar.TimeOfDay{})) || ok || s.IsLate(m.today()) {
			t.Fatalf("paused until %v, wakes at %v", s.PausedUntil(), s.WakeAt)
		}
	case ok != !s.WakeAt.IsZero() || ok && !s.WakeAt.Equal(next.At):
		t.Fatalf("next %v, wakes at %v", next, s.WakeAt)
	case s.IsLate(m.today()) != m.today().After(s.Due) || (s.Late(m.today(), m.cal) > 0) && !s.IsLate(m.today()):
		t.Fatalf("late %v", s.IsLate(m.today()))
	}
}
