package calendar

// Period (khoảng thời gian) is a run of days, both ends included. A Period
// whose To is no date is open: it has no end yet, as an assignment that runs
// until further notice. A Period is valid when From is a date and To is not
// before it; an invalid one contains nothing and overlaps nothing.
type Period struct {
	From Date `json:"from"`
	To   Date `json:"to,omitzero"`
}

// Valid reports whether the period has a first day and does not end before it.
func (p Period) Valid() bool {
	return !p.From.IsZero() && (p.Open() || !p.To.Before(p.From))
}

// IsZero reports whether neither end is set.
func (p Period) IsZero() bool { return p == Period{} }

// Open reports whether the period has no last day.
func (p Period) Open() bool { return p.To.IsZero() }

// Contains reports whether d is one of the days of the period.
func (p Period) Contains(d Date) bool {
	return !p.From.IsZero() && !d.Before(p.From) && (p.Open() || !d.After(p.To))
}

// Days returns the number of days, both ends included; 0 for an open or invalid period.
func (p Period) Days() int {
	if p.Open() || !p.Valid() {
		return 0
	}
	return p.To.Sub(p.From) + 1
}

// Overlaps reports whether the two periods share at least one day.
func (p Period) Overlaps(q Period) bool {
	_, ok := p.Intersect(q)
	return ok
}

// Intersect returns the days the two periods share, and whether there are any.
func (p Period) Intersect(q Period) (Period, bool) {
	if !p.Valid() || !q.Valid() {
		return Period{}, false
	}
	both := Period{From: p.From, To: p.To}
	if q.From.After(p.From) {
		both.From = q.From
	}
	if p.Open() || !q.Open() && q.To.Before(p.To) {
		both.To = q.To
	}
	if !both.Valid() {
		return Period{}, false
	}
	return both, true
}

// String returns "2017-03-01..2017-03-31", an open period "2017-03-01..".
func (p Period) String() string { return p.From.String() + ".." + p.To.String() }

// MonthPeriod returns the days that an office counts to a month of reporting
// (A14). Some offices close the month before its end: with closeDay 25 the
// month of March runs from 26 February to 25 March. A closeDay of 0, or of a
// day the month does not have, means the last day of the month. However
// closeDay is chosen, the periods of consecutive months follow each other
// without gap or overlap.
func MonthPeriod(m Month, closeDay int) Period {
	return Period{closing(m.Prev(), closeDay).Add(1), closing(m, closeDay)}
}

// ReportMonth is the inverse of [MonthPeriod]: the month of reporting to which
// an office that closes on closeDay counts the date d.
func ReportMonth(d Date, closeDay int) Month {
	m := MonthOf(d)
	if d.After(closing(m, closeDay)) {
		return m.Next()
	}
	return m
}

func closing(m Month, closeDay int) Date {
	if closeDay <= 0 || closeDay > m.Last().Day() {
		return m.Last()
	}
	return m.First().Add(closeDay - 1)
}
