package visit

import (
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
)

// Subject is how the journal names a visit.
func Subject(id ID) event.Subject { return event.Subject{Type: "visit", ID: string(id)} }

// ProfileSubject is how the journal names an area profile.
func ProfileSubject(id ProfileID) event.Subject {
	return event.Subject{Type: "profile", ID: string(id)}
}

// ItemSubject is how the journal names a dissemination item.
func ItemSubject(id ItemID) event.Subject { return event.Subject{Type: "item", ID: string(id)} }

// The events of a visit's life (model M2), of surveys (M12) and dissemination (M11).
type (
	// PlannedEvent says that a visit was planned.
	PlannedEvent struct {
		Place    string             `json:"place"`
		Official string             `json:"official"`
		Date     calendar.Date      `json:"date"`
		At       calendar.TimeOfDay `json:"at"`
		DayOff   bool               `json:"day_off,omitempty"` // entered afterwards: it took place on a day off
	}
	// PostponedEvent says that a visit was moved to another day.
	PostponedEvent struct {
		From calendar.Date `json:"from"`
		To   calendar.Date `json:"to"`
	}
	// AtRiskEvent says that nobody is there to hold a planned visit.
	AtRiskEvent struct {
		Date calendar.Date `json:"date"`
	}
	// SecuredEvent says that somebody stands in after all.
	SecuredEvent struct{}
	// CancelledEvent says that a visit was called off.
	CancelledEvent struct{}
	// HeldEvent says that a visit took place.
	HeldEvent struct {
		On calendar.Date `json:"on"`
		By string        `json:"by"`
	}
	// ReportedEvent says that a visit was written down.
	ReportedEvent struct {
		On       calendar.Date `json:"on"`
		By       string        `json:"by"`
		People   int           `json:"people"`
		Late     int           `json:"late,omitempty"`
		Conflict bool          `json:"conflict,omitempty"`
		Doubts   []Doubt       `json:"doubts,omitempty"`
	}
	// SettledEvent says which of several reports holds.
	SettledEvent struct {
		Report int `json:"report"`
		Of     int `json:"of"`
	}
	// EvidenceEvent says that somebody's word or a sign of the visit was added.
	EvidenceEvent struct {
		EvidenceKind string `json:"evidence"`
		Grade        Grade  `json:"grade"`
		Denies       bool   `json:"denies,omitempty"`
	}
	// VerifiedEvent says that others confirmed the visit: it counts.
	VerifiedEvent struct {
		Place string        `json:"place"`
		Held  string        `json:"held"`
		On    calendar.Date `json:"on"`
	}
	// UnconfirmedEvent says that nobody confirmed in time.
	UnconfirmedEvent struct{}
	// DisputedEvent says that somebody contests the visit.
	DisputedEvent struct{}
	// RepliedEvent says that the official answered in a dispute.
	RepliedEvent struct{}
	// DecidedEvent says how a dispute ended.
	DecidedEvent struct {
		Upheld bool `json:"upheld"`
	}
	// MissedEvent says that the report was due and nothing came.
	MissedEvent struct {
		Due calendar.Date `json:"due"`
	}
	// AbsentEvent says whether a missed visit is excused.
	AbsentEvent struct {
		Attendance Attendance `json:"attendance"`
	}
	// LateApprovedEvent says that a late entry was allowed.
	LateApprovedEvent struct{}
	// ProfileEvent says that an area profile reached a state.
	ProfileEvent struct {
		Place   string        `json:"place"`
		Edition int           `json:"edition"`
		Status  ProfileStatus `json:"status"`
	}
	// ItemIssuedEvent says that something is to be told in the hamlets.
	ItemIssuedEvent struct {
		Type string `json:"type"`
	}
	// ItemWaivedEvent says that a hamlet was let off an item.
	ItemWaivedEvent struct {
		Place string `json:"place"`
	}
	// ItemSupersededEvent says that an item was replaced.
	ItemSupersededEvent struct {
		By string `json:"by"`
	}
)

func (PlannedEvent) Kind() string        { return "visit.planned" }
func (PostponedEvent) Kind() string      { return "visit.postponed" }
func (AtRiskEvent) Kind() string         { return "visit.at_risk" }
func (SecuredEvent) Kind() string        { return "visit.secured" }
func (CancelledEvent) Kind() string      { return "visit.cancelled" }
func (HeldEvent) Kind() string           { return "visit.held" }
func (ReportedEvent) Kind() string       { return "visit.reported" }
func (SettledEvent) Kind() string        { return "visit.settled" }
func (EvidenceEvent) Kind() string       { return "visit.evidence_added" }
func (VerifiedEvent) Kind() string       { return "visit.verified" }
func (UnconfirmedEvent) Kind() string    { return "visit.unconfirmed" }
func (DisputedEvent) Kind() string       { return "visit.disputed" }
func (RepliedEvent) Kind() string        { return "visit.replied" }
func (DecidedEvent) Kind() string        { return "visit.decided" }
func (MissedEvent) Kind() string         { return "visit.missed" }
func (AbsentEvent) Kind() string         { return "visit.absent" }
func (LateApprovedEvent) Kind() string   { return "visit.late_approved" }
func (ProfileEvent) Kind() string        { return "visit.profile" }
func (ItemIssuedEvent) Kind() string     { return "item.issued" }
func (ItemWaivedEvent) Kind() string     { return "item.waived" }
func (ItemSupersededEvent) Kind() string { return "item.superseded" }
