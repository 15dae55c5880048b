package programme

import (
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/org"
)

// Subject names a programme in the journal.
func Subject(id ID) event.Subject { return event.Subject{Type: "programme", ID: string(id)} }

// AssignmentSubject names an assignment in the journal.
func AssignmentSubject(id AssignmentID) event.Subject {
	return event.Subject{Type: "assignment", ID: string(id)}
}

// RuleSubject names a version of the policy or the calendar in the journal.
func RuleSubject(id RuleID) event.Subject { return event.Subject{Type: "rule", ID: string(id)} }

// Founded is the event "programme.founded": a programme was entered, or renewed
// from last year's.
type Founded struct {
	Document string          `json:"document"`
	Valid    calendar.Period `json:"valid"`
	Renews   ID              `json:"renews,omitempty"`
}

// Amended is the event "programme.amended": its visited kinds, conflict rules or
// relations changed. Who is close to whom is not repeated in the journal.
type Amended struct {
	Fields []string `json:"fields"`
}

// TeamFormed is the event "programme.team_formed", in the programme's chain.
type TeamFormed struct {
	Team org.TeamID `json:"team"`
}

// TeamAmended is the event "programme.team_amended", in the programme's chain:
// a team got another code, name or last day.
type TeamAmended struct {
	Team   org.TeamID `json:"team"`
	Fields []string   `json:"fields"`
}

// QuotaOverridden is the event "programme.quota_overridden".
type QuotaOverridden struct {
	Month    calendar.Month `json:"month"`
	Place    org.PlaceID    `json:"place,omitempty"`
	PerMonth int            `json:"per_month"`
	Decision string         `json:"decision"`
}

// AssignmentProposed is the event "assignment.proposed".
type AssignmentProposed struct {
	Official org.PersonID    `json:"official"`
	Place    org.PlaceID     `json:"place"`
	Team     org.TeamID      `json:"team"`
	Valid    calendar.Period `json:"valid"`
}

// AssignmentApproved is the event "assignment.approved".
type AssignmentApproved struct {
	Decision string   `json:"decision"`
	Waived   []string `json:"waived,omitempty"` // rules
}

// AssignmentStarted is the event "assignment.started".
type AssignmentStarted struct {
	Official org.PersonID `json:"official"`
	Place    org.PlaceID  `json:"place"`
}

// AssignmentEnded is the event "assignment.ended".
type AssignmentEnded struct {
	Last      calendar.Date `json:"last"`
	Successor org.PersonID  `json:"successor,omitempty"`
	Open      int           `json:"open"` // items on the handover list
}

// AssignmentCurtailed is the event "assignment.curtailed": it will end earlier
// than was decided.
type AssignmentCurtailed struct {
	Last      calendar.Date `json:"last"`
	Successor org.PersonID  `json:"successor,omitempty"`
}

// AssignmentCancelled is the event "assignment.cancelled".
type AssignmentCancelled struct{}

// AssignmentMoved is the event "assignment.moved": its place was taken over by
// another one, where it goes on as Next.
type AssignmentMoved struct {
	To   org.PlaceID  `json:"to"`
	Next AssignmentID `json:"next"`
}

// HandoverReceived is the event "assignment.handover_received": a successor was
// named after the end.
type HandoverReceived struct {
	Successor org.PersonID `json:"successor"`
}

// HandoverSigned is the event "assignment.handover_signed".
type HandoverSigned struct {
	By   org.PersonID `json:"by"`
	Done bool         `json:"done"` // both have signed
}

// RuleProposedEvent is the event "rule.proposed".
type RuleProposedEvent struct {
	Content string `json:"content"` // see Rule.Content
}

// RuleApprovedEvent is the event "rule.approved".
type RuleApprovedEvent struct {
	Content string `json:"content"`
}

// RuleRejectedEvent is the event "rule.rejected".
type RuleRejectedEvent struct{}

// Kind implements [event.Event].
func (Founded) Kind() string { return "programme.founded" }

// Kind implements [event.Event].
func (Amended) Kind() string { return "programme.amended" }

// Kind implements [event.Event].
func (TeamFormed) Kind() string { return "programme.team_formed" }

// Kind implements [event.Event].
func (TeamAmended) Kind() string { return "programme.team_amended" }

// Kind implements [event.Event].
func (QuotaOverridden) Kind() string { return "programme.quota_overridden" }

// Kind implements [event.Event].
func (AssignmentProposed) Kind() string { return "assignment.proposed" }

// Kind implements [event.Event].
func (AssignmentApproved) Kind() string { return "assignment.approved" }

// Kind implements [event.Event].
func (AssignmentStarted) Kind() string { return "assignment.started" }

// Kind implements [event.Event].
func (AssignmentEnded) Kind() string { return "assignment.ended" }

// Kind implements [event.Event].
func (AssignmentCurtailed) Kind() string { return "assignment.curtailed" }

// Kind implements [event.Event].
func (AssignmentCancelled) Kind() string { return "assignment.cancelled" }

// Kind implements [event.Event].
func (AssignmentMoved) Kind() string { return "assignment.moved" }

// Kind implements [event.Event].
func (HandoverReceived) Kind() string { return "assignment.handover_received" }

// Kind implements [event.Event].
func (HandoverSigned) Kind() string { return "assignment.handover_signed" }

// Kind implements [event.Event].
func (RuleProposedEvent) Kind() string { return "rule.proposed" }

// Kind implements [event.Event].
func (RuleApprovedEvent) Kind() string { return "rule.approved" }

// Kind implements [event.Event].
func (RuleRejectedEvent) Kind() string { return "rule.rejected" }
