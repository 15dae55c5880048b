package duty

import "github.com/huongvecoso/outreach/core/calendar"

// DeadlineMoved says that the due date of a duty is another one: the calendar
// was changed (EX-08), a pause ended, the term was extended. The journal keeps
// the reason with it.
type DeadlineMoved struct {
	Duty     ID            `json:"duty"`
	DutyKind Kind          `json:"duty_kind"`
	Old      calendar.Date `json:"old"`
	New      calendar.Date `json:"new"`
}

// Kind implements event.Event.
func (DeadlineMoved) Kind() string { return "duty.deadline_moved" }

// PauseEnded says that the clock goes on by itself, because the days of pause
// are used up. Who paused the duty's subject reacts to it.
type PauseEnded struct {
	Duty     ID            `json:"duty"`
	DutyKind Kind          `json:"duty_kind"`
	On       calendar.Date `json:"on"`
}

// Kind implements event.Event.
func (PauseEnded) Kind() string { return "duty.pause_ended" }
