package issue

import (
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
)

// Subject is how the journal names an issue.
func Subject(id ID) event.Subject { return event.Subject{Type: "issue", ID: string(id)} }

// RouteSubject is how the journal names a route.
func RouteSubject(id string) event.Subject { return event.Subject{Type: "route", ID: id} }

// The events of an issue's life (model M4). None holds what people wrote.
type (
	// RegisteredEvent says that something is owed to the people from now on.
	RegisteredEvent struct {
		Code     string        `json:"code"`
		Place    string        `json:"place"`
		Owner    string        `json:"owner"`
		Opinions []string      `json:"opinions"`
		Promise  calendar.Date `json:"promise"`
		RepeatOf string        `json:"repeat_of,omitempty"`
	}
	// TriagedEvent says that it was sorted.
	TriagedEvent struct {
		Subject string        `json:"subject"`
		Urgency Urgency       `json:"urgency"`
		Promise calendar.Date `json:"promise"`
	}
	// ReferredEvent says that a unit has to answer.
	ReferredEvent struct {
		Number      int           `json:"number"`
		Lead        string        `json:"lead"`
		Cooperating []string      `json:"cooperating,omitempty"`
		Due         calendar.Date `json:"due"`
	}
	// AcceptedEvent says that the unit took the referral on.
	AcceptedEvent struct {
		Number int    `json:"number"`
		Lead   string `json:"lead"`
	}
	// ReturnedEvent says that the unit is not competent and which one it suggests.
	ReturnedEvent struct {
		Number    int    `json:"number"`
		Lead      string `json:"lead"`
		Suggested string `json:"suggested"`
	}
	// ArbitrationOpenedEvent says that the programme office has to decide who answers.
	ArbitrationOpenedEvent struct {
		Returns int `json:"returns"`
	}
	// ArbitrationDecidedEvent says which unit answers and cannot return it.
	ArbitrationDecidedEvent struct {
		Number int           `json:"number"`
		Lead   string        `json:"lead"`
		Due    calendar.Date `json:"due"`
	}
	// PausedEvent says that the unit's clock stands still.
	PausedEvent struct {
		Reason PauseReason   `json:"reason"`
		Until  calendar.Date `json:"until"`
	}
	// ResumedEvent says that it goes on.
	ResumedEvent struct {
		Due calendar.Date `json:"due"`
	}
	// ExtendedEvent says that the unit has more time.
	ExtendedEvent struct {
		Days int           `json:"days"`
		Due  calendar.Date `json:"due"`
	}
	// RequestedEvent says that the unit asks for a pause or an extension.
	RequestedEvent struct {
		Request RequestKind   `json:"request"`
		Due     calendar.Date `json:"due"` // the answer's, when it asked
	}
	// RequestDecidedEvent says what came of that.
	RequestDecidedEvent struct {
		Request RequestKind `json:"request"`
		Granted bool        `json:"granted"`
	}
	// AddedEvent says that a cooperating unit wrote what it adds.
	AddedEvent struct {
		Number int    `json:"number"` // of the referral
		Unit   string `json:"unit"`
	}
	// AnswerSentBackEvent says that the approver wants the answer drafted anew.
	AnswerSentBackEvent struct {
		Round int `json:"round"`
	}
	// AnswerDraftedEvent says that an answer waits for approval.
	AnswerDraftedEvent struct {
		Round int         `json:"round"`
		Class AnswerClass `json:"class"`
	}
	// AnswerApprovedEvent says that the people have to be told an answer.
	AnswerApprovedEvent struct {
		Round   int           `json:"round"`
		Number  int           `json:"number"`
		Class   AnswerClass   `json:"class"`
		Roadmap calendar.Date `json:"roadmap,omitzero"`
		From    string        `json:"from,omitempty"` // the issue whose answer it is
	}
	// DeliveredEvent says that one speaker was told, or was not.
	DeliveredEvent struct {
		Opinion string        `json:"opinion"`
		Channel Channel       `json:"channel"`
		On      calendar.Date `json:"on"`
		Failed  bool          `json:"failed,omitempty"`
	}
	// FeedbackGivenEvent says that everybody was told.
	FeedbackGivenEvent struct {
		Round int           `json:"round"`
		On    calendar.Date `json:"on"`
	}
	// RepliedEvent says whether a speaker is satisfied.
	RepliedEvent struct {
		Opinion   string `json:"opinion"`
		Round     int    `json:"round"`
		Satisfied bool   `json:"satisfied"`
		Proxy     bool   `json:"proxy,omitempty"`
	}
	// ReopenedEvent says that the unit has to answer once more.
	ReopenedEvent struct {
		Round int           `json:"round"`
		Lead  string        `json:"lead"`
		Due   calendar.Date `json:"due"`
	}
	// AppealedEvent says that the programme's leader has to decide.
	AppealedEvent struct{}
	// ClosedEvent says that nothing is owed any more.
	ClosedEvent struct {
		Outcome Outcome `json:"outcome"`
	}
	// ClosedFinalEvent says that the leader decided on the appeal.
	ClosedFinalEvent struct{}
	// LinkedEvent says that another issue carries the matter.
	LinkedEvent struct {
		To string `json:"to"`
	}
	// UnlinkedEvent says that it does not any more.
	UnlinkedEvent struct {
		From string `json:"from"`
	}
	// CarriesEvent says, of the other one, whose matter it carries, or no longer does.
	CarriesEvent struct {
		Issue string `json:"issue"`
		No    bool   `json:"no,omitempty"`
	}
	// CollectiveEvent says that one matter is felt widely.
	CollectiveEvent struct {
		Subject  string `json:"subject"`
		Hamlets  int    `json:"hamlets"`
		Opinions int    `json:"opinions"`
	}
	// ApologyDraftedEvent says that the promised day was missed.
	ApologyDraftedEvent struct {
		Promise calendar.Date `json:"promise"`
	}
	// ApologisedEvent says that the people were given a new date.
	ApologisedEvent struct {
		NewDate calendar.Date `json:"new_date"`
	}
	// HandedOverEvent says that another official follows the issue.
	HandedOverEvent struct {
		From string `json:"from"`
		To   string `json:"to"`
	}
	// RoutedEvent says which unit leads a subject.
	RoutedEvent struct {
		Subject string          `json:"subject"`
		Lead    string          `json:"lead"`
		Valid   calendar.Period `json:"valid"`
	}
)

// Kind names the event.
func (RegisteredEvent) Kind() string         { return "issue.registered" }
func (TriagedEvent) Kind() string            { return "issue.triaged" }             // Kind names the event.
func (ReferredEvent) Kind() string           { return "issue.referred" }            // Kind names the event.
func (AcceptedEvent) Kind() string           { return "issue.accepted" }            // Kind names the event.
func (ReturnedEvent) Kind() string           { return "issue.returned" }            // Kind names the event.
func (ArbitrationOpenedEvent) Kind() string  { return "issue.arbitration_opened" }  // Kind names the event.
func (ArbitrationDecidedEvent) Kind() string { return "issue.arbitration_decided" } // Kind names the event.
func (PausedEvent) Kind() string             { return "issue.paused" }              // Kind names the event.
func (ResumedEvent) Kind() string            { return "issue.resumed" }             // Kind names the event.
func (ExtendedEvent) Kind() string           { return "issue.extended" }            // Kind names the event.
func (RequestedEvent) Kind() string          { return "issue.requested" }           // Kind names the event.
func (RequestDecidedEvent) Kind() string     { return "issue.request_decided" }     // Kind names the event.
func (AddedEvent) Kind() string              { return "issue.contributed" }         // Kind names the event.
func (AnswerSentBackEvent) Kind() string     { return "issue.answer_sent_back" }    // Kind names the event.
func (AnswerDraftedEvent) Kind() string      { return "issue.answer_drafted" }      // Kind names the event.
func (AnswerApprovedEvent) Kind() string     { return "issue.answer_approved" }     // Kind names the event.
func (DeliveredEvent) Kind() string          { return "issue.delivered" }           // Kind names the event.
func (FeedbackGivenEvent) Kind() string      { return "issue.feedback_given" }      // Kind names the event.
func (RepliedEvent) Kind() string            { return "issue.replied" }             // Kind names the event.
func (ReopenedEvent) Kind() string           { return "issue.reopened" }            // Kind names the event.
func (AppealedEvent) Kind() string           { return "issue.appealed" }            // Kind names the event.
func (ClosedEvent) Kind() string             { return "issue.closed" }              // Kind names the event.
func (ClosedFinalEvent) Kind() string        { return "issue.closed_final" }        // Kind names the event.
func (LinkedEvent) Kind() string             { return "issue.linked" }              // Kind names the event.
func (UnlinkedEvent) Kind() string           { return "issue.unlinked" }            // Kind names the event.
func (CarriesEvent) Kind() string            { return "issue.carries" }             // Kind names the event.
func (CollectiveEvent) Kind() string         { return "issue.collective" }          // Kind names the event.
func (ApologyDraftedEvent) Kind() string     { return "issue.apology_drafted" }     // Kind names the event.
func (ApologisedEvent) Kind() string         { return "issue.apologised" }          // Kind names the event.
func (HandedOverEvent) Kind() string         { return "issue.handed_over" }         // Kind names the event.
func (RoutedEvent) Kind() string             { return "route.set" }                 // Kind names the event.
