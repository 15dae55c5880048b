package org

import (
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
)

// The subjects of the organisation's records in the journal.

// PlaceSubject names a place in the journal.
func PlaceSubject(id PlaceID) event.Subject { return event.Subject{Type: "place", ID: string(id)} }

// UnitSubject names a unit in the journal.
func UnitSubject(id UnitID) event.Subject { return event.Subject{Type: "unit", ID: string(id)} }

// PersonSubject names a person in the journal. Roles and leaves are journalled
// there too: one chain tells everything that happened to somebody's place in
// the programme.
func PersonSubject(id PersonID) event.Subject { return event.Subject{Type: "person", ID: string(id)} }

// PlaceAdded is the event "org.place_added".
type PlaceAdded struct{}

// PlaceChanged is the event "org.place_changed": name, kind, code, parent or
// hosting from a day on, or corrected by an import when the day is not given.
type PlaceChanged struct {
	On     calendar.Date `json:"on,omitzero"`
	Fields []string      `json:"fields,omitempty"`
}

// PlaceEnded is the event "org.place_ended": from the day on the place does not
// exist; To is what it became, one after a merger, several after a division.
type PlaceEnded struct {
	On   calendar.Date `json:"on"`
	Mode string        `json:"mode"` // merge, split, rename, upgrade, or close when nothing follows
	To   []PlaceID     `json:"to,omitempty"`
}

// UnitAdded is the event "org.unit_added".
type UnitAdded struct{}

// UnitChanged is the event "org.unit_changed": its name, code, parent or place
// from a day on, or corrected by an import when the day is not given.
type UnitChanged struct {
	On     calendar.Date `json:"on,omitzero"`
	Fields []string      `json:"fields,omitempty"`
}

// PersonAdded is the event "org.person_added".
type PersonAdded struct{}

// PersonChanged is the event "org.person_changed". It names what changed and
// never the values (A11).
type PersonChanged struct {
	Fields []string `json:"fields,omitempty"`
}

// Appointed is the event "org.appointed".
type Appointed struct {
	Holding  HoldingID       `json:"holding"`
	Role     Role            `json:"role"`
	Place    PlaceID         `json:"place,omitempty"`
	Unit     UnitID          `json:"unit,omitempty"`
	Team     TeamID          `json:"team,omitempty"`
	Valid    calendar.Period `json:"valid"`
	Decision string          `json:"decision,omitempty"`
}

// HoldingEnded is the event "org.holding_ended".
type HoldingEnded struct {
	Holding HoldingID     `json:"holding"`
	Last    calendar.Date `json:"last"`
}

// LeaveTaken is the event "org.leave_taken".
type LeaveTaken struct {
	Leave      LeaveID         `json:"leave"`
	Days       calendar.Period `json:"days"`
	Substitute PersonID        `json:"substitute,omitempty"`
}

// LeaveChanged is the event "org.leave_changed": a leave that is known ends on
// another day, or somebody else stands in.
type LeaveChanged struct {
	Leave      LeaveID         `json:"leave"`
	Days       calendar.Period `json:"days"`
	Substitute PersonID        `json:"substitute,omitempty"`
}

// LeaveCancelled is the event "org.leave_cancelled".
type LeaveCancelled struct {
	Leave LeaveID         `json:"leave"`
	Days  calendar.Period `json:"days"`
}

// Kind implements [event.Event].
func (PlaceAdded) Kind() string { return "org.place_added" }

// Kind implements [event.Event].
func (PlaceChanged) Kind() string { return "org.place_changed" }

// Kind implements [event.Event].
func (PlaceEnded) Kind() string { return "org.place_ended" }

// Kind implements [event.Event].
func (UnitAdded) Kind() string { return "org.unit_added" }

// Kind implements [event.Event].
func (UnitChanged) Kind() string { return "org.unit_changed" }

// Kind implements [event.Event].
func (PersonAdded) Kind() string { return "org.person_added" }

// Kind implements [event.Event].
func (PersonChanged) Kind() string { return "org.person_changed" }

// Kind implements [event.Event].
func (Appointed) Kind() string { return "org.appointed" }

// Kind implements [event.Event].
func (HoldingEnded) Kind() string { return "org.holding_ended" }

// Kind implements [event.Event].
func (LeaveTaken) Kind() string { return "org.leave_taken" }

// Kind implements [event.Event].
func (LeaveChanged) Kind() string { return "org.leave_changed" }

// Kind implements [event.Event].
func (LeaveCancelled) Kind() string { return "org.leave_cancelled" }
