package duty

import (
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// Term is a duty about to begin. Give Days, counted from Start, or Due.
type Term struct {
	Kind    Kind
	Subject event.Subject
	Place   org.PlaceID
	Holder  org.Party
	Label   string
	Start   calendar.Date      // day 0
	Days    int                // working days
	Due     calendar.Date      // instead of Days, where the date is given by itself
	At      calendar.TimeOfDay // kind visit: the hour of the visit
	Raise   int                // steps the ladder starts higher (A5)
}

// Step is one thing the clock says by itself at an instant: a reminder, a level
// of the ladder, or the end of a window.
type Step struct {
	Level   Level
	Number  int       // 0, 1, 2 … within the duty
	At      time.Time // when it is to be said
	Expires time.Time // from when on saying it makes no sense; zero: never
}

// Level says what a step is.
type Level string

// The levels. E1 to E4 are the ladder of escalation (model 4).
const (
	Before   Level = "before"     // T−n: reminder before the due date, or days before a visit
	OnTheDay Level = "on_the_day" // T−0, or hours before a visit
	Elapsed  Level = "elapsed"    // the window closed: missed, unconfirmed, no response
	E1       Level = "e1"
	E2       Level = "e2"
	E3       Level = "e3"
	E4       Level = "e4"
)

// Open starts a duty under the given policy and calendar.
func Open(id ID, t Term, pol policy.Policy, cal *calendar.Calendar, now time.Time) (State, error) {
	return State{}, nil
}

// Close ends an open duty: to Met it becomes met or met_late as the day says.
func (s *State) Close(to Status, on calendar.Date) error { return nil }
