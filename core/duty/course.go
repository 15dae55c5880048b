package duty

import (
	"fmt"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/policy"
)

// Step is one thing the clock says by itself at an instant: a reminder, a level
// of the ladder, or the end of a window.
type Step struct {
	Level   Level     `json:"level"`
	Number  int       `json:"number"`           // its place in the course of the duty, ascending with At
	At      time.Time `json:"at"`               // when it is to be said
	Expires time.Time `json:"expires,omitzero"` // from when on saying it makes no sense; zero: never
}

// Stale reports whether the step, said now, would come too late to be of use.
// Only reminders go stale; levels of the ladder are said however late.
func (s Step) Stale(now time.Time) bool { return !s.Expires.IsZero() && !now.Before(s.Expires) }

// Level says what a step is.
type Level string

// The levels. E1 to E4 are the ladder of escalation (model 4).
const (
	Before   Level = "before"     // T−n: reminder before the due date, or days before a visit
	OnTheDay Level = "on_the_day" // T−0, or hours before a visit
	Elapsed  Level = "elapsed"    // the window closed: missed, unconfirmed, no response
	E1       Level = "e1"         // holder and superior
	E2       Level = "e2"         // unit head and programme office
	E3       Level = "e3"         // responsible vice-chair
	E4       Level = "e4"         // chair's digest, again and again
)

// course is what the clock of one kind of duty says by itself.
type course struct {
	kind    Kind
	before  lead  // a reminder before the due date
	onDay   bool  // a reminder on the due date
	elapses bool  // something happens by itself when the due date has passed
	top     Level // the last level of the ladder, empty for none
}

// lead says how long before the due date the first reminder goes.
type lead string

const (
	none      lead = ""
	longTerms lead = "T-2 of long term" // Ladder.RemindDaysBefore wd, for terms of at least Ladder.RemindMinTerm
	always    lead = "T-2"              // Ladder.RemindDaysBefore wd, whatever the term
	planning  lead = "T-5"              // Quota.PlanRemindDays wd
	visiting  lead = "T-2 days"         // Visits.RemindDaysBefore calendar days; the reminder on the day is hours before the visit
)

// courses is the one table of who is reminded and how far the ladder goes
// (model 7). The package documentation shows it as [Courses] prints it.
func courses() [21]course {
	return [...]course{
		{MonthPlan, planning, true, false, E1},
		{Visit, visiting, true, false, ""},
		{Report, longTerms, true, true, E3},
		{Confirm, none, false, true, ""},
		{Dispute, longTerms, true, false, E1},
		{Survey, longTerms, true, false, E2},
		{Handover, longTerms, true, false, E2},
		{Triage, longTerms, true, false, E1},
		{Promise, longTerms, true, true, E4},
		{Unit, longTerms, true, false, E4},
		{Arbitration, longTerms, true, false, E1},
		{Roadmap, longTerms, true, false, E4},
		{Feedback, longTerms, true, false, E1},
		{Satisfaction, none, false, true, ""},
		{Appeal, longTerms, true, false, E1},
		{SealedAck, longTerms, true, false, E1},
		{Rating, none, false, true, ""},
		{RoundReport, longTerms, true, false, E2},
		{MonthReport, always, true, false, E2},
		{Explain, longTerms, true, false, E1},
		{Action, longTerms, true, false, E1},
	}
}

func courseOf(kind Kind) (course, bool) {
	for _, c := range courses() {
		if c.kind == kind {
			return c, true
		}
	}
	return course{}, false
}

// Kinds lists every kind of duty, in the order of the table of courses.
func Kinds() []Kind {
	var kinds []Kind
	for _, c := range courses() {
		kinds = append(kinds, c.kind)
	}
	return kinds
}

// Levels lists what a duty of the kind says to somebody by itself, in order:
// reminders, then the ladder. The end of a window is not among them.
func Levels(kind Kind) []Level {
	c, _ := courseOf(kind)
	var levels []Level
	if c.before != none {
		levels = append(levels, Before)
	}
	if c.onDay {
		levels = append(levels, OnTheDay)
	}
	return append(levels, ladder()[:c.height()]...)
}

// Courses prints the table of courses as text, one kind a line. The package
// documentation shows it.
func Courses() string {
	var b strings.Builder
	line := func(kind, before, onDay, elapses, ladder string) {
		b.WriteString(strings.TrimRight(fmt.Sprintf("%-13s %-16s %-4s %-8s %s", kind, before, onDay, elapses, ladder), " ") + "\n")
	}
	yes := func(ok bool) string {
		if ok {
			return "yes"
		}
		return "-"
	}
	line("kind", "reminder before", "T-0", "elapses", "ladder")
	for _, c := range courses() {
		before, rungs := string(c.before), "-"
		if c.before == none {
			before = "-"
		}
		if c.top != "" {
			rungs = "up to " + strings.ToUpper(string(c.top))
		}
		line(string(c.kind), before, yes(c.onDay), yes(c.elapses), rungs)
	}
	return b.String()
}

func ladder() []Level { return []Level{E1, E2, E3, E4} }

// height is the number of levels of the ladder.
func (c course) height() int {
	for i, level := range ladder() {
		if level == c.top {
			return i + 1
		}
	}
	return 0
}

// speaks reports whether somebody is reminded or told by the clock.
func (c course) speaks() bool { return c.before != none || c.onDay || c.top != "" }

// The numbers of the steps are the same for every kind and policy, so that a
// duty remembers by one number how far it went, whatever is changed later. A
// kind simply has no step at some of them. E4 repeats from its number on.
const (
	beforeNumber = iota
	onDayNumber
	elapsedNumber
	ladderNumber                    // E1, then E2, E3
	chairNumber  = ladderNumber + 3 // E4 for the first time
)

// clockwork computes the steps of one duty.
type clockwork struct {
	State
	course
	pol policy.Policy
	cal *calendar.Calendar
}

func (s State) clockwork(pol policy.Policy, cal *calendar.Calendar) clockwork {
	c, _ := courseOf(s.Kind)
	return clockwork{State: s, course: c, pol: pol, cal: cal}
}

// last reports whether no step comes at the number or after it.
func (c clockwork) last(number int) bool {
	return c.top != E4 && number >= ladderNumber+c.height()
}

// step returns the step at a number, and whether the duty has one there.
func (c clockwork) step(number int) (Step, bool) {
	step := Step{Number: number}
	switch {
	case number == beforeNumber:
		step.Level, step.At = Before, c.firstReminder()
		step.Expires = c.lastReminder()
		if step.Expires.IsZero() {
			step.Expires = c.end()
		}
	case number == onDayNumber:
		step.Level, step.At, step.Expires = OnTheDay, c.lastReminder(), c.end()
	case number == elapsedNumber:
		step.Level = Elapsed
		if c.elapses {
			step.At = c.Due.Add(1).At(calendar.TimeOfDay{})
		}
	case number-ladderNumber < c.height() || c.top == E4:
		step.Level, step.At = c.rung(number-ladderNumber), c.escalation(number-ladderNumber)
	}
	return step, !step.At.IsZero()
}

// firstReminder is when the reminder before the due date goes, zero for never.
func (c clockwork) firstReminder() time.Time {
	switch c.before {
	case visiting:
		return c.Due.Add(-c.pol.Visits.RemindDaysBefore).At(c.pol.Ladder.SendAt)
	case planning:
		return c.cal.Subtract(c.Due, c.pol.Quota.PlanRemindDays).At(c.pol.Ladder.SendAt)
	case longTerms:
		if c.Length(c.cal) < c.pol.Ladder.RemindMinTerm {
			return time.Time{}
		}
	case none:
		return time.Time{}
	}
	return c.cal.Subtract(c.Due, c.pol.Ladder.RemindDaysBefore).At(c.pol.Ladder.SendAt)
}

// lastReminder is when the reminder on the due date goes, zero for never: at
// the hour of sending, or hours before a visit, but not too early in the day
// and not when the visit has begun (EX-04).
func (c clockwork) lastReminder() time.Time {
	if !c.onDay {
		return time.Time{}
	}
	if c.Kind != Visit {
		return c.Due.At(c.pol.Ladder.SendAt)
	}
	at := c.Due.At(c.At).Add(-time.Duration(c.pol.Visits.RemindHoursBefore) * time.Hour)
	if earliest := c.Due.At(c.pol.Visits.RemindNotBefore); at.Before(earliest) {
		at = earliest
	}
	if !at.Before(c.end()) {
		return time.Time{}
	}
	return at
}

// end is when reminders make no sense any more: the hour of the visit, or the
// end of the due date.
func (c clockwork) end() time.Time {
	if c.Kind == Visit {
		return c.Due.At(c.At)
	}
	return c.Due.Add(1).At(calendar.TimeOfDay{})
}

// rung is the level said as the i-th of the ladder; a raised ladder starts
// higher (A5), but no kind goes above its own top.
func (c clockwork) rung(i int) Level {
	return ladder()[min(i+c.Raise, c.height()-1)]
}

// escalation is when the i-th level of the ladder is said: working days after
// the due date, or after the day of opening where that was later.
func (c clockwork) escalation(i int) time.Time {
	from := c.Due
	if opened := calendar.DateOf(c.Opened); opened.After(from) {
		from = opened
	}
	var days int
	switch i {
	case 0:
		days = c.pol.Ladder.Superior
	case 1:
		days = c.pol.Ladder.Head
	case 2:
		days = c.pol.Ladder.Leader
	default:
		days = c.pol.Ladder.Leader + (i-2)*c.pol.Ladder.ChairEvery
	}
	return c.cal.Add(from, days).At(c.pol.Ladder.SendAt)
}

// from returns the first step at or after a number.
func (c clockwork) from(number int) (Step, bool) {
	for ; !c.last(number); number++ {
		if step, ok := c.step(number); ok {
			return step, true
		}
		if number >= chairNumber { // the end of time
			break
		}
	}
	return Step{}, false
}

// Next returns the step a running duty gives out next, whatever the hour; ok is
// false when nothing is to come, and for a duty that is not running.
func Next(s State, pol policy.Policy, cal *calendar.Calendar) (step Step, ok bool) {
	if s.Status != Running {
		return Step{}, false
	}
	return s.clockwork(pol, cal).from(s.Step)
}

// DueSteps returns the steps of a running duty that are to be given out now, in
// order. Where the chair's digest came round more than once, only the last time
// is among them: nobody reads about the same duty twice in one digest.
func DueSteps(s State, pol policy.Policy, cal *calendar.Calendar, now time.Time) []Step {
	if s.Status != Running {
		return nil
	}
	var due []Step
	c := s.clockwork(pol, cal)
	for step, ok := c.from(s.Step); ok && !step.At.After(now); step, ok = c.from(step.Number + 1) {
		if n := len(due); n > 0 && step.Level == E4 && due[n-1].Level == E4 {
			due = due[:n-1]
		}
		due = append(due, step)
	}
	return due
}

// Forecast lists what an open duty will say if nothing is done, up to and
// including the given day. A paused one is taken to go on when its pause ends
// by itself.
func Forecast(s State, pol policy.Policy, cal *calendar.Calendar, until calendar.Date) []Step {
	if p := s.pausing(); p != nil {
		s = s.clone()
		if err := s.Resume(pol, cal, p.Until.At(calendar.TimeOfDay{})); err != nil {
			return nil
		}
	}
	if s.Status != Running {
		return nil
	}
	var steps []Step
	c := s.clockwork(pol, cal)
	for step, ok := c.from(s.Step); ok && !calendar.DateOf(step.At).After(until); step, ok = c.from(step.Number + 1) {
		steps = append(steps, step)
	}
	return steps
}

// SetRaise lets the ladder of an open duty start so many steps higher, or no
// longer so, as long as no level of it was said; one that starts higher still, for
// a reason of its own, stays. It reports whether anything changed (A5).
func (s *State) SetRaise(steps int) bool {
	if !s.IsOpen() || s.Step > ladderNumber || s.Raise > 1 || s.Raise == steps {
		return false
	}
	s.Raise = steps
	return true
}

// Advance notes that a step was given out and sets the next wake-up.
func (s *State) Advance(step Step, pol policy.Policy, cal *calendar.Calendar) {
	s.Step = max(s.Step, step.Number+1)
	s.wake(pol, cal)
}

// wake sets the instant at which the sweep has to look at the duty again.
func (s *State) wake(pol policy.Policy, cal *calendar.Calendar) {
	s.WakeAt = time.Time{}
	if p := s.pausing(); p != nil {
		s.WakeAt = p.Until.At(calendar.TimeOfDay{}).UTC()
	} else if next, ok := Next(*s, pol, cal); ok {
		s.WakeAt = next.At.UTC()
	}
}

// align sets the next step after the due date was set at the instant now: the
// first one that is still to come. Reminders whose moment has passed are left
// out; of what is said after the due date only what was said already, which is
// everything before the step of number said.
func (s *State) align(said int, pol policy.Policy, cal *calendar.Calendar, now time.Time) {
	c := s.clockwork(pol, cal)
	s.Step = 0
	for {
		step, ok := c.from(s.Step)
		if !ok || step.At.After(now) || step.Number >= max(said, elapsedNumber) {
			break
		}
		s.Step = step.Number + 1
	}
	s.wake(pol, cal)
}

// recount counts the due date again; when it moved, the steps are aligned to it.
func (s *State) recount(pol policy.Policy, cal *calendar.Calendar, now time.Time) {
	old := s.Due
	if s.count(cal); s.Due == old {
		s.wake(pol, cal)
	} else {
		s.align(s.Step, pol, cal, now)
	}
}
