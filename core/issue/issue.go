package issue

import (
	"context"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
)

// ID identifies an issue.
type ID string

// Urgency sets the terms (policy.ByUrgency).
type Urgency string

// The urgencies.
const (
	Urgent  Urgency = "urgent"
	Normal  Urgency = "normal"
	Complex Urgency = "complex"
)

// Status is where an issue stands (model M4).
type Status string

// The states of an issue.
const (
	Registered    Status = "registered"
	Triaged       Status = "triaged"
	Referred      Status = "referred"
	Returned      Status = "returned"
	Arbitration   Status = "arbitration"
	OnHold        Status = "on_hold"
	AnswerDrafted Status = "answer_drafted"
	FeedbackDue   Status = "feedback_due"   // the answer is approved and has to be told
	FeedbackGiven Status = "feedback_given" // told; waiting for satisfaction
	Appealed      Status = "appealed"
	Closed        Status = "closed"       // satisfied, or silence for the whole window
	ClosedFinal   Status = "closed_final" // by reasoned decision on appeal
	Linked        Status = "linked"       // carried by another issue
)

// AnswerClass is what an answer amounts to (A2). Reports never add them up.
type AnswerClass string

// The classes of answer.
const (
	Settled    AnswerClass = "settled"     // đã giải quyết xong
	InProgress AnswerClass = "in_progress" // đang giải quyết, with a roadmap date
	Explained  AnswerClass = "explained"   // giải trình, cung cấp thông tin
	Study      AnswerClass = "study"       // tiếp thu, nghiên cứu
	Refused    AnswerClass = "refused"     // từ chối, with the legal ground
	Beyond     AnswerClass = "beyond"      // vượt thẩm quyền, with the body it was forwarded to
)

// Referral hands an issue to one lead unit and any number of cooperating ones
// (phiếu chuyển; A4, L6). Its due date is that of the duty of kind unit.
type Referral struct {
	Number        int           `json:"number"`
	Lead          org.UnitID    `json:"lead"`
	Cooperating   []org.UnitID  `json:"cooperating,omitempty"`
	On            calendar.Date `json:"on"`
	Due           calendar.Date `json:"due"`
	By            org.PersonID  `json:"by"`
	NonReturnable bool          `json:"non_returnable,omitempty"`
	Accepted      calendar.Date `json:"accepted,omitzero"` // the unit took it on: it cannot be returned any more
	AcceptedBy    org.PersonID  `json:"accepted_by,omitempty"`
	ReturnedOn    calendar.Date `json:"returned_on,omitzero"`
	ReturnReason  string        `json:"return_reason,omitempty"`
	Suggested     org.UnitID    `json:"suggested,omitempty"`
}

// PauseReason is what a paused issue waits for.
type PauseReason string

// The two reasons to pause.
const (
	NeedsSpeaker     PauseReason = "needs_speaker"      // cần người dân bổ sung thông tin
	NeedsHigherLevel PauseReason = "needs_higher_level" // chờ ý kiến cấp trên
)

// Pause is a time in which the unit's clock stands still.
type Pause struct {
	Reason PauseReason   `json:"reason"`
	Note   string        `json:"note,omitempty"`
	From   calendar.Date `json:"from"`
	Until  calendar.Date `json:"until"`       // latest resumption
	To     calendar.Date `json:"to,omitzero"` // when it was resumed
	By     org.PersonID  `json:"by"`
}

// Extension moves the unit's due date, once, with a word to the speaker.
type Extension struct {
	Days    int           `json:"days"` // working days
	Reason  string        `json:"reason"`
	Message string        `json:"message"` // interim reply to the speaker, mandatory
	On      calendar.Date `json:"on"`
	By      org.PersonID  `json:"by"`
}

// RequestKind is what a unit asks for.
type RequestKind string

// The requests.
const (
	AsksPause     RequestKind = "pause"     // xin tạm dừng tính hạn
	AsksExtension RequestKind = "extension" // xin gia hạn
)

// Request is a lead unit's request for a pause or an extension (đề nghị tạm dừng,
// gia hạn), asked before the due date and decided by the office or the
// programme's leader.
type Request struct {
	Kind     RequestKind   `json:"kind"`
	Referral int           `json:"referral"` // its number
	Pause    PauseReason   `json:"pause,omitempty"`
	Days     int           `json:"days,omitempty"` // of an extension, working days
	Reason   string        `json:"reason"`         // in the unit's words
	Message  string        `json:"message,omitempty"`
	On       calendar.Date `json:"on"` // asked
	By       org.PersonID  `json:"by"`
	Granted  bool          `json:"granted,omitempty"`
	Refusal  string        `json:"refusal,omitempty"` // why it was refused
	Decided  calendar.Date `json:"decided,omitzero"`
	Decider  org.PersonID  `json:"decider,omitempty"`
}

// Addition is what a cooperating unit adds to the lead unit's answer (ý kiến phối hợp).
type Addition struct {
	Referral int           `json:"referral"` // its number
	Unit     org.UnitID    `json:"unit"`
	Text     string        `json:"text"`
	On       calendar.Date `json:"on"`
	By       org.PersonID  `json:"by"`
}

// SentBack is one time an approver wanted an answer drafted anew.
type SentBack struct {
	Round   int           `json:"round"`
	Drafter org.PersonID  `json:"drafter"`
	Reason  string        `json:"reason"`
	On      calendar.Date `json:"on"`
	By      org.PersonID  `json:"by"`
}

// Answer is one answer in one round.
type Answer struct {
	Round    int           `json:"round"`
	Class    AnswerClass   `json:"class"`
	Text     string        `json:"text"`
	Document string        `json:"document,omitempty"` // number of the reply document
	Roadmap  calendar.Date `json:"roadmap,omitzero"`
	Ground   string        `json:"ground,omitempty"`
	Body     string        `json:"body,omitempty"`
	Unit     org.UnitID    `json:"unit"`
	Drafter  org.PersonID  `json:"drafter"`
	Drafted  calendar.Date `json:"drafted"`
	Approver org.PersonID  `json:"approver,omitempty"`
	Approved calendar.Date `json:"approved,omitzero"`
	From     ID            `json:"from,omitempty"`     // the issue that carries this one, whose answer it is
	SentBack calendar.Date `json:"sent_back,omitzero"` // of a draft: the approver wants it drafted anew
}

// Channel is how an answer was told.
type Channel string

// The channels of feedback.
const (
	InPerson    Channel = "in_person"    // gặp trực tiếp, at a visit or at home
	Letter      Channel = "letter"       // thư, văn bản
	Call        Channel = "call"         // điện thoại
	SMS         Channel = "sms"          // tin nhắn
	NoticeBoard Channel = "notice_board" // niêm yết tại ấp: for those who spoke without a name
)

// Delivery is the answer told to one speaker, or to the hamlet (S21, A3, L8).
type Delivery struct {
	Opinion string        `json:"opinion"`
	Round   int           `json:"round"`
	Answer  int           `json:"answer"` // which answer was told: 1 is the first
	Channel Channel       `json:"channel"`
	On      calendar.Date `json:"on"`
	By      org.PersonID  `json:"by"`
	Visit   string        `json:"visit,omitempty"`
	Failed  string        `json:"failed,omitempty"` // why it was not delivered: absent …
}

// Satisfaction is a speaker's word on the answer. Silence is not satisfaction.
type Satisfaction struct {
	Opinion   string        `json:"opinion"`
	Round     int           `json:"round"`
	Answer    int           `json:"answer"` // on which answer
	Satisfied bool          `json:"satisfied"`
	On        calendar.Date `json:"on"`
	Proxy     org.PersonID  `json:"proxy,omitempty"` // entered on paper by somebody else
}

// Appeal is the last step: a reasoned decision by the programme's leader.
type Appeal struct {
	Opened    calendar.Date `json:"opened"`
	Opinion   string        `json:"opinion,omitempty"` // whose speaker appealed
	Grounds   string        `json:"grounds,omitempty"`
	Decision  string        `json:"decision,omitempty"`
	LegalPath string        `json:"legal_path,omitempty"`
	Decider   org.PersonID  `json:"decider,omitempty"`
	On        calendar.Date `json:"on,omitzero"`
}

// Apology is the one apology with a new date (phiếu xin lỗi và hẹn lại, A6). It
// is drafted when the promise was missed and goes out when a person approved it.
type Apology struct {
	Drafted calendar.Date `json:"drafted"`
	Reason  string        `json:"reason,omitempty"`
	NewDate calendar.Date `json:"new_date,omitzero"`
	By      org.PersonID  `json:"by,omitempty"` // who approved it
}

// Carry is an issue whose matter another one carries.
type Carry struct {
	Issue  ID            `json:"issue"`
	Raised calendar.Date `json:"raised"` // first
}

// Link says which issue carries the matter, and what is restored without it.
type Link struct {
	To   ID            `json:"to"`
	On   calendar.Date `json:"on"`
	By   org.PersonID  `json:"by"`
	From Status        `json:"from"`
}

// Outcome says how a closed issue ended.
type Outcome string

// The outcomes. Silence is not satisfaction.
const (
	Satisfied  Outcome = "satisfied"
	NoResponse Outcome = "no_response"
	Final      Outcome = "final"     // by decision on appeal
	Withdrawn  Outcome = "withdrawn" // nothing that was said is left to be answered
)

// Holding says who held the matter from when to when, for "days held" (model 11.16).
type Holding struct {
	Holder string        `json:"holder"` // team:…, unit:…, office, official:…, speaker, higher_level, leader, issue:…
	From   calendar.Date `json:"from"`
	To     calendar.Date `json:"to,omitzero"`
}

// State is one issue: what is owed to the people (vấn đề, kiến nghị cần giải quyết).
type State struct {
	ID         ID            `json:"id"`
	Version    int64         `json:"version"`
	Code       string        `json:"code"`  // XL-17-0142, on slips and messages
	Title      string        `json:"title"` // neutral, without names
	Place      org.PlaceID   `json:"place"`
	Team       org.TeamID    `json:"team"`
	Owner      org.PersonID  `json:"owner"`               // the official stays accountable until the answer was told (S20)
	To         org.Role      `json:"to"`                  // to whom it was reported (S18, S19): team_leader or programme_office
	Subject    string        `json:"subject,omitempty"`   // routing subject (lĩnh vực)
	Sensitive  bool          `json:"sensitive,omitempty"` // the programme office approves its answers
	Urgency    Urgency       `json:"urgency"`
	Status     Status        `json:"status"`
	Round      int           `json:"round"` // 1, 2
	Opinions   []string      `json:"opinions"`
	Registered calendar.Date `json:"registered"`
	PromiseDue calendar.Date `json:"promise_due"`

	Referrals  []Referral     `json:"referrals,omitempty"`
	Pauses     []Pause        `json:"pauses,omitempty"`
	Extensions []Extension    `json:"extensions,omitempty"`
	Requests   []Request      `json:"requests,omitempty"`
	Additions  []Addition     `json:"additions,omitempty"`
	SentBack   []SentBack     `json:"sent_back,omitempty"`
	Answers    []Answer       `json:"answers,omitempty"`
	Deliveries []Delivery     `json:"deliveries,omitempty"`
	Replies    []Satisfaction `json:"replies,omitempty"`
	Appeal     *Appeal        `json:"appeal,omitempty"`
	Held       []Holding      `json:"held,omitempty"`

	Forwarded   bool          `json:"forwarded,omitempty"` // the speaker was told "forwarded", once
	Apology     *Apology      `json:"apology,omitempty"`
	Apologised  calendar.Date `json:"apologised,omitzero"` // A6, once
	Repeats     int           `json:"repeats,omitempty"`   // how often the matter was raised besides (A5)
	FirstRaised calendar.Date `json:"first_raised,omitzero"`
	RepeatOf    ID            `json:"repeat_of,omitempty"`
	LinkedTo    ID            `json:"linked_to,omitempty"`
	Link        *Link         `json:"link,omitempty"`
	Carried     []Carry       `json:"carried,omitempty"` // issues linked to this one
	Collective  bool          `json:"collective,omitempty"`
	Outcome     Outcome       `json:"outcome,omitempty"`
	ClosedOn    calendar.Date `json:"closed_on,omitzero"`
	Recorded    time.Time     `json:"recorded"`
}

// Route says which unit leads a subject during Valid (model 10 row 20).
type Route struct {
	ID          string          `json:"id"`
	Version     int64           `json:"version"`
	Subject     string          `json:"subject"`
	Name        string          `json:"name"`
	NameEn      string          `json:"name_en,omitempty"`
	Owner       org.PlaceID     `json:"owner,omitempty"` // territory it is valid in; empty: everywhere
	Lead        org.UnitID      `json:"lead"`
	Cooperating []org.UnitID    `json:"cooperating,omitempty"`
	Sensitive   bool            `json:"sensitive,omitempty"` // its answers are approved by the programme office
	Valid       calendar.Period `json:"valid"`
}

// Query selects issues; zero fields select everything. Ordered by Registered, then id.
type Query struct {
	Place      org.PlaceID
	Places     []org.PlaceID // any of these; empty: of every place
	Team       org.TeamID
	Owner      org.PersonID
	Lead       org.UnitID // of the current referral
	Subject    string
	Statuses   []Status
	Registered calendar.Period
	LinkedTo   ID
	Limit      int
}

// Repository keeps issues. Put follows the rule of org.Repository.
type Repository interface {
	Issue(ctx context.Context, id ID) (State, error)
	IssueByCode(ctx context.Context, code string) (State, error)
	PutIssue(ctx context.Context, s *State) error
	Issues(ctx context.Context, q Query) ([]State, error)
	Route(ctx context.Context, id string) (Route, error)
	PutRoute(ctx context.Context, r *Route) error
	Routes(ctx context.Context) ([]Route, error)
	// NextIssueNumber counts issues within a series such as "XL-17": 1, 2, 3 …
	NextIssueNumber(ctx context.Context, series string) (int, error)
}
