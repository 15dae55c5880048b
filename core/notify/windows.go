package notify

import (
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/policy"
)

// searchDays bounds the search for an open window. No closure is that long.
const searchDays = 366

// NextAllowed is the first instant, t or later, at which somebody of the
// audience may be written to (model 4, L10): within the hours of the policy;
// officials about visits and citizens on any day but closures; the ladder and
// leaders on working days. What is critical goes out at once on any day. An
// audience for which the policy names no hours has no quiet ones.
func NextAllowed(a Audience, p Priority, t time.Time, w policy.Windows, cal *calendar.Calendar) time.Time {
	spans := hours(a, w)
	if p == Critical || len(spans) == 0 {
		return t
	}
	today := calendar.DateOf(t)
	for i := range searchDays {
		day := today.Add(i)
		if !open(a, day, cal) {
			continue
		}
		for _, span := range spans {
			if from, to := day.At(span.From), day.At(span.To); t.Before(to) {
				return latest(t, from)
			}
		}
	}
	return t.AddDate(0, 0, searchDays) // to be asked again then
}

// hours are the spans of one day, in order.
func hours(a Audience, w policy.Windows) []policy.Span {
	switch a {
	case ToLadder:
		return w.Ladder
	case ToLeader:
		return w.Leaders
	case ToCitizen:
		return w.Citizens
	}
	return w.Officials
}

// open reports whether the audience is written to on the day at all.
func open(a Audience, day calendar.Date, cal *calendar.Calendar) bool {
	if cal.IsWorkingDay(day) {
		return true
	}
	if a == ToLadder || a == ToLeader {
		return false
	}
	_, closed := cal.Closure(day)
	return !closed
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
