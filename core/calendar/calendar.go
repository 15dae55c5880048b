package calendar

import (
	"slices"
	"time"
)

// Calendar says which dates are working days (ngày làm việc) and counts them.
// It is immutable and safe for use by any number of goroutines. Make one with
// [New]; the nil and zero Calendar are not usable.
//
// Counting takes the same few nanoseconds however long the term is, inside
// the coverage and beyond it, and allocates nothing.
type Calendar struct {
	spec     Spec
	week     week
	closures map[Date]int // index into spec.Closures
	worked   map[Date]int // index into spec.WorkingDays

	// The table covers the days from the first to the last dated entry of the
	// spec, [lo, hi], as day numbers. Outside it the week repeats for ever.
	// With no entries hi is lo-1 and the table is empty.
	lo, hi int
	upTo   []int32 // upTo[d-lo] working days in [lo, d]
	nth    []int32 // nth[i] is the (i+1)th working day of the table
	shift  int     // working days the table has more (or fewer) than plain weeks
}

// New makes a calendar. All faults of the spec are reported at once, as
// [Spec.Check] finds them. The spec is copied.
func New(spec Spec) (*Calendar, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	c := &Calendar{spec: spec.clone()}
	c.week = newWeek(c.spec.Weekend)
	c.indexDays()
	c.buildTable()
	return c, nil
}

// WeekdaysOnly returns a calendar on which every Monday to Friday of all years
// is a working day: a start for an embedder who has no list of holidays yet.
// It covers all dates, so nothing it computes is marked provisional.
func WeekdaysOnly(id string) *Calendar {
	spec := Spec{ID: id, Version: 1, Coverage: Period{From: Date{1}}}.clone()
	return &Calendar{spec: spec, week: newWeek(spec.Weekend), lo: 1, hi: 0}
}

// indexDays finds the entry behind each date; where a closure of the district
// overlaps an official one, the official one gives the name.
func (c *Calendar) indexDays() {
	c.closures = make(map[Date]int)
	for i, closure := range c.spec.Closures {
		for d := closure.From; !d.After(closure.To); d = d.Add(1) {
			if _, taken := c.closures[d]; !taken || closure.Kind != District {
				c.closures[d] = i
			}
		}
	}
	c.worked = make(map[Date]int)
	for i, day := range c.spec.WorkingDays {
		c.worked[day.Date] = i
	}
}

func (c *Calendar) buildTable() {
	c.lo, c.hi = 1, 0
	include := func(d Date) {
		n := int(d.n)
		if c.hi < c.lo {
			c.lo, c.hi = n, n
		}
		c.lo, c.hi = min(c.lo, n), max(c.hi, n)
	}
	for _, closure := range c.spec.Closures {
		include(closure.From)
		include(closure.To)
	}
	for _, day := range c.spec.WorkingDays {
		include(day.Date)
	}
	for n := c.lo; n <= c.hi; n++ {
		if c.why(Date{int32(n)}).working() {
			c.nth = append(c.nth, int32(n))
		}
		c.upTo = append(c.upTo, int32(len(c.nth)))
	}
	c.shift = len(c.nth) - (c.week.upTo(c.hi) - c.week.upTo(c.lo-1))
}

// dayKind is what a date is, and so why it counts or does not.
type dayKind int

const (
	ordinary dayKind = iota + 1 // a weekday like any other
	madeUp                      // a day of rest that is worked
	closed                      // inside a closure
	rest                        // a weekend
)

func (k dayKind) working() bool { return k == ordinary || k == madeUp }

// why is the one home of the rule: made-up days, then closures, then the weekend.
func (c *Calendar) why(d Date) dayKind {
	if _, ok := c.worked[d]; ok {
		return madeUp
	}
	if _, ok := c.closures[d]; ok {
		return closed
	}
	if c.week.rest[d.Weekday()] {
		return rest
	}
	return ordinary
}

// countTo returns the number of working days from day 1 to day n.
func (c *Calendar) countTo(n int) int {
	switch {
	case n < c.lo:
		return c.week.upTo(n)
	case n > c.hi:
		return c.week.upTo(n) + c.shift
	}
	return c.week.upTo(c.lo-1) + int(c.upTo[n-c.lo])
}

// working returns the countth working day from day 1; it is the inverse of
// countTo. A count outside all years gives no date.
func (c *Calendar) working(count int) Date {
	before := c.week.upTo(c.lo - 1)
	switch {
	case count <= before:
		return c.week.nth(count)
	case count <= before+len(c.nth):
		return Date{c.nth[count-before-1]}
	}
	return c.week.nth(count - c.shift)
}

// ID returns the calendar's id.
func (c *Calendar) ID() string { return c.spec.ID }

// Version returns the version of the spec, to be kept with every deadline it set.
func (c *Calendar) Version() int { return c.spec.Version }

// Spec returns a copy of the data the calendar was made from, with the
// default weekend and the last day of each closure written out.
func (c *Calendar) Spec() Spec { return c.spec.clone() }

// Coverage returns the period for which closures are known.
func (c *Calendar) Coverage() Period { return c.spec.Coverage }

// Covers reports whether closures on d are known.
func (c *Calendar) Covers(d Date) bool { return c.spec.Coverage.Contains(d) }

// Provisional reports whether a due date d rests on days whose closures are
// not known yet, so that it must be counted again with the next calendar.
func (c *Calendar) Provisional(d Date) bool { return !c.Covers(d) }

// IsWorkingDay reports whether d is a working day. No date is not.
func (c *Calendar) IsWorkingDay(d Date) bool {
	return c.countTo(int(d.n)) > c.countTo(int(d.n)-1)
}

// Closure returns the closure in which d lies, also when d is a weekend day
// anyway, and whether there is one. Where two overlap it is the official one.
func (c *Calendar) Closure(d Date) (Closure, bool) {
	i, ok := c.closures[d]
	if !ok {
		return Closure{}, false
	}
	return c.spec.Closures[i], true
}

// NextWorkingDay returns the first working day on or after d.
func (c *Calendar) NextWorkingDay(d Date) Date {
	if d.IsZero() {
		return Date{}
	}
	return c.working(c.countTo(int(d.n)-1) + 1)
}

// PreviousWorkingDay returns the last working day on or before d.
func (c *Calendar) PreviousWorkingDay(d Date) Date {
	if d.IsZero() {
		return Date{}
	}
	return c.working(c.countTo(int(d.n)))
}

// Add returns the day on which a term of n working days ends that an event on
// start sets running: start is not counted, day 1 is the next working day
// (L2). With n = 0 the term ends on start itself, or on the next working day
// when start is none. A negative n counts back as [Calendar.Subtract] does.
func (c *Calendar) Add(start Date, n int) Date {
	switch {
	case start.IsZero() || n > lastDay || n < -lastDay:
		return Date{}
	case n < 0:
		return c.Subtract(start, -n)
	case n == 0:
		return c.NextWorkingDay(start)
	}
	return c.working(c.countTo(int(start.n)) + n)
}

// Subtract returns the working day n working days before due, as for a
// reminder at T-2: due is not counted, day 1 is the working day before it.
// With n = 0 it is due itself, or the working day before when due is none. A
// negative n counts forward as [Calendar.Add] does.
func (c *Calendar) Subtract(due Date, n int) Date {
	switch {
	case due.IsZero() || n > lastDay || n < -lastDay:
		return Date{}
	case n < 0:
		return c.Add(due, -n)
	case n == 0:
		return c.PreviousWorkingDay(due)
	}
	return c.working(c.countTo(int(due.n)-1) - n + 1)
}

// Elapsed returns the number of working days after from, up to and including
// to. It is negative when to comes before from, so that stretches add up:
// Elapsed(a, b) + Elapsed(b, c) == Elapsed(a, c). It is 0 when either is no date.
func (c *Calendar) Elapsed(from, to Date) int {
	if from.IsZero() || to.IsZero() {
		return 0
	}
	return c.countTo(int(to.n)) - c.countTo(int(from.n))
}

// EndOfTerm returns the end of a term in calendar days that an event on start
// sets running: start is not counted, and a term that would end on a day off
// ends on the next working day (Civil Code 2015 art. 148; A9).
func (c *Calendar) EndOfTerm(start Date, calendarDays int) Date {
	return c.NextWorkingDay(start.Add(calendarDays))
}

// Run is a stretch of days off that at least one closure causes.
type Run struct {
	Period             // the first and the last day off
	Before   Date      // the last working day before
	After    Date      // the first working day after
	Closures []Closure // the closures in it, in order of date
}

// ClosureRuns returns, in order, the runs of at least minDays consecutive days
// off that touch the days from first to last and hold a day of a closure. An
// ordinary weekend is never one, however long the weekend is. It is what the
// digest before a long closure asks: "does a run begin tomorrow?" is
// ClosureRuns(tomorrow, tomorrow, 3).
func (c *Calendar) ClosureRuns(first, last Date, minDays int) []Run {
	var runs []Run
	for d := first; !d.IsZero() && !d.After(last); {
		if c.IsWorkingDay(d) {
			d = d.Add(1)
			continue
		}
		run := Run{Before: c.PreviousWorkingDay(d), After: c.NextWorkingDay(d)}
		if run.After.IsZero() {
			break // the end of time
		}
		run.From, run.To = run.Before.Add(1), run.After.Add(-1)
		if run.Before.IsZero() {
			run.From = Date{1}
		}
		run.Closures = c.closuresIn(run.Period)
		if len(run.Closures) > 0 && run.Days() >= minDays {
			runs = append(runs, run)
		}
		d = run.After
	}
	return runs
}

// closuresIn returns each closure of the period once, by its first day there.
func (c *Calendar) closuresIn(p Period) []Closure {
	var found []int
	for d := p.From; !d.After(p.To); d = d.Add(1) {
		if i, ok := c.closures[d]; ok && !slices.Contains(found, i) {
			found = append(found, i)
		}
	}
	var closures []Closure
	for _, i := range found {
		closures = append(closures, c.spec.Closures[i])
	}
	return closures
}

// week is the pattern that repeats where no entry says otherwise.
type week struct {
	rest    [7]bool // by time.Weekday
	perWeek int     // working days in a week
	first   [8]int  // first[r]: working days among the first r of Monday to Sunday
	working [7]int  // the working days as 1 (Monday) to 7 (Sunday)
}

func newWeek(weekend []string) week {
	var w week
	for _, name := range weekend {
		if day, ok := weekdayNamed(name); ok {
			w.rest[day] = true
		}
	}
	for r := 1; r <= 7; r++ { // day number 1 is a Monday
		if !w.rest[time.Weekday(r%7)] {
			w.working[w.perWeek] = r
			w.perWeek++
		}
		w.first[r] = w.perWeek
	}
	return w
}

// upTo counts the working days of the pattern from day 1 to day n.
func (w *week) upTo(n int) int {
	if n < 1 {
		return 0
	}
	return n/7*w.perWeek + w.first[n%7]
}

// nth returns the countth working day of the pattern, no date outside all years.
func (w *week) nth(count int) Date {
	if count < 1 || count > lastDay {
		return Date{}
	}
	weeks, i := (count-1)/w.perWeek, (count-1)%w.perWeek
	return dayNumber(int64(weeks)*7 + int64(w.working[i]))
}
