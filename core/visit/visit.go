package visit

import (
	"context"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
)

// Identifiers.
type (
	ID        string
	ProfileID string
	ItemID    string
)

// Kind says what a visit is for.
type Kind string

// The kinds of visit.
const (
	Survey       Kind = "survey"        // khảo sát: the first look at the area
	Regular      Kind = "regular"       // buổi thường kỳ
	FeedbackOnly Kind = "feedback_only" // chỉ để phản hồi
)

// Status is where a visit stands (model M2).
type Status string

// The states of a visit.
const (
	Planned     Status = "planned"
	AtRisk      Status = "at_risk"
	Held        Status = "held"
	Reported    Status = "reported"
	Verified    Status = "verified"
	Unconfirmed Status = "unconfirmed"
	Disputed    Status = "disputed"
	Refused     Status = "refused"
	Missed      Status = "missed"
	Cancelled   Status = "cancelled"
)

// Attendance is whether the official came (S25, A7).
type Attendance string

// The kinds of attendance.
const (
	Present    Attendance = "present"
	Excused    Attendance = "excused"
	Unexcused  Attendance = "unexcused"
	Substitute Attendance = "substitute"
)

// Grade is how much a piece of evidence proves.
type Grade string

// The grades of evidence. Only strong evidence from somebody else verifies (L11).
const (
	Strong     Grade = "strong"
	Supporting Grade = "supporting"
	Self       Grade = "self"
)

// The kinds of evidence the programme knows. A district may add its own, which
// count as supporting at most.
const (
	HostConfirmation    = "host_confirmation"    // trưởng ấp xác nhận
	WitnessConfirmation = "witness_confirmation" // người chứng kiến được hỏi luân phiên (N6)
	CommuneConfirmation = "commune_confirmation" // lãnh đạo xã xác nhận
	CallBack            = "call_back"            // Văn phòng gọi kiểm chứng
	SignedMinutes       = "signed_minutes"       // biên bản có chữ ký, bản chụp
	Photo               = "photo"                // ảnh
	Position            = "position"             // vị trí thiết bị
)

// Evidence is one sign that the visit took place.
type Evidence struct {
	Kind     string       `json:"kind"`
	Grade    Grade        `json:"grade"`
	By       org.PersonID `json:"by,omitempty"`
	Denies   bool         `json:"denies,omitempty"` // says that it did not take place
	Note     string       `json:"note,omitempty"`
	Recorded time.Time    `json:"recorded"`
}

// Receipt says that a dissemination item was told at the visit (S2–S4, M11).
type Receipt struct {
	Item      ItemID `json:"item"`
	Told      bool   `json:"told"`
	Audience  int    `json:"audience,omitempty"`
	Questions int    `json:"questions,omitempty"`
	Waived    string `json:"waived,omitempty"` // reason why it was not told
}

// FeedbackTick says for one answer owed in the hamlet whether it was told.
type FeedbackTick struct {
	Issue     string `json:"issue"`
	Delivered bool   `json:"delivered"`
	Why       string `json:"why,omitempty"` // not delivered: absent …
}

// Report is what the official writes down after the visit (biên bản). A later
// version never overwrites an earlier one; conflicting ones stand side by side
// until somebody says which of them holds (see [State.Standing]).
type Report struct {
	ClientID    string             `json:"client_id,omitempty"` // of the device: the same report sent again is recognised
	Attendance  Attendance         `json:"attendance"`
	Substitute  org.PersonID       `json:"substitute,omitempty"`
	Started     calendar.TimeOfDay `json:"started"`
	Ended       calendar.TimeOfDay `json:"ended,omitzero"`
	MinutesLate int                `json:"minutes_late,omitempty"`
	LeftEarly   bool               `json:"left_early,omitempty"`
	People      int                `json:"people"`  // who took part
	Minutes     string             `json:"minutes"` // free text
	Receipts    []Receipt          `json:"receipts,omitempty"`
	Feedback    []FeedbackTick     `json:"feedback,omitempty"`
	LateReason  string             `json:"late_reason,omitempty"`
	Why         string             `json:"why,omitempty"` // why the programme office writes it in the official's stead
	By          org.PersonID       `json:"by"`
	Recorded    time.Time          `json:"recorded"`
	Late        int                `json:"late,omitempty"`      // working days after it was due
	Conflicts   bool               `json:"conflicts,omitempty"` // contradicts an earlier report
	On          calendar.Date      `json:"on,omitzero"`         // the day it says the visit took place
	Device      *Device            `json:"device,omitempty"`    // what the clocks of the device said
	Doubts      []Doubt            `json:"doubts,omitempty"`    // found when it came in: flagged, never lost
	Seal        string             `json:"seal,omitempty"`      // fingerprint of what was sent, by which a copy is recognised
}

// Settlement says which of several reports holds.
type Settlement struct {
	Report int           `json:"report"` // index in Reports
	Of     int           `json:"of"`     // reports there were then; a later one is a new conflict
	By     org.PersonID  `json:"by"`
	On     calendar.Date `json:"on"`
	Reason string        `json:"reason"`
}

// Move is one postponement.
type Move struct {
	From   calendar.Date `json:"from"`
	To     calendar.Date `json:"to"`
	Reason string        `json:"reason"`
	By     org.PersonID  `json:"by"`
}

// Dispute is a disagreement about whether or how a visit took place.
type Dispute struct {
	Reason   string        `json:"reason"`
	Opened   calendar.Date `json:"opened"`
	By       org.PersonID  `json:"by"`
	Reply    string        `json:"reply,omitempty"`    // the official's right of reply
	Decision string        `json:"decision,omitempty"` // reasoned
	Upheld   bool          `json:"upheld,omitempty"`   // the visit stands
	Decider  org.PersonID  `json:"decider,omitempty"`
}

// State is one visit (buổi).
type State struct {
	ID        ID                 `json:"id"`
	Version   int64              `json:"version"`
	Kind      Kind               `json:"kind"`
	Place     org.PlaceID        `json:"place"`
	Team      org.TeamID         `json:"team"`
	Official  org.PersonID       `json:"official"`          // the assignee who owes it
	HeldBy    org.PersonID       `json:"held_by,omitempty"` // who really held it: the credit is theirs
	Planned   calendar.Date      `json:"planned"`
	At        calendar.TimeOfDay `json:"at"`
	Venue     string             `json:"venue,omitempty"`
	Happened  calendar.Date      `json:"happened,omitzero"`
	Status    Status             `json:"status"`
	ReportDue calendar.Date      `json:"report_due,omitzero"`

	Moves        []Move       `json:"moves,omitempty"`
	Evidence     []Evidence   `json:"evidence,omitempty"`
	Reports      []Report     `json:"reports,omitempty"`
	Dispute      *Dispute     `json:"dispute,omitempty"`
	Profile      ProfileID    `json:"profile,omitempty"` // survey attached to it
	Reason       string       `json:"reason,omitempty"`  // of a cancellation
	Absence      Attendance   `json:"absence,omitempty"` // of a missed visit: excused or unexcused
	LateApproved *Approval    `json:"late_approved,omitempty"`
	Settled      *Settlement  `json:"settled,omitempty"` // which of several reports holds
	Witness      org.PersonID `json:"witness,omitempty"` // the key person asked besides the hamlet head, by turns (N6)
	DayOff       string       `json:"day_off,omitempty"` // took place on a day off without a plan: why
	Recorded     time.Time    `json:"recorded"`
}

// Approval is somebody's reasoned yes.
type Approval struct {
	By     org.PersonID  `json:"by"`
	On     calendar.Date `json:"on"`
	Reason string        `json:"reason"`
}

// ProfileStatus is where an area profile stands (model M12).
type ProfileStatus string

// The states of an area profile. Due is the state of a hamlet for which none
// was written yet: it is owed, and no edition has it.
const (
	ProfileDue       ProfileStatus = "due"
	ProfileDraft     ProfileStatus = "draft"
	ProfileSubmitted ProfileStatus = "submitted"
	ProfileAccepted  ProfileStatus = "accepted"
	ProfileStale     ProfileStatus = "stale"
)

// Profile is one version of what is known of a hamlet (đặc điểm tình hình, S13).
// Ethnicity, religion and the like are held as totals only, never per person.
type Profile struct {
	ID             ProfileID      `json:"id"`
	Version        int64          `json:"version"`
	Place          org.PlaceID    `json:"place"`
	Edition        int            `json:"edition"` // 1, 2, 3 … for the place
	Author         org.PersonID   `json:"author"`
	On             calendar.Date  `json:"on"`
	Status         ProfileStatus  `json:"status"`
	Households     int            `json:"households"`
	Inhabitants    int            `json:"inhabitants"`
	Groups         int            `json:"groups"` // residents' groups
	Poor           int            `json:"poor"`
	NearPoor       int            `json:"near_poor"`
	Totals         map[string]int `json:"totals,omitempty"` // further totals by name
	Production     string         `json:"production,omitempty"`
	Infrastructure string         `json:"infrastructure,omitempty"`
	HotIssues      string         `json:"hot_issues,omitempty"`
	Changed        string         `json:"changed,omitempty"` // what is new against the edition before
	Reason         string         `json:"reason,omitempty"`  // why it was sent back, or is out of date
}

// ItemStatus is where a dissemination item stands.
type ItemStatus string

// The states of a dissemination item.
const (
	Issued     ItemStatus = "issued"
	Superseded ItemStatus = "superseded"
)

// Item is something every hamlet is to be told (nội dung tuyên truyền, S2–S4).
type Item struct {
	ID       ItemID          `json:"id"`
	Version  int64           `json:"version"`
	Type     string          `json:"type"` // party_line, state_policy, local_task, information
	Title    string          `json:"title"`
	Document string          `json:"document,omitempty"`
	Valid    calendar.Period `json:"valid"`
	Places   []org.PlaceID   `json:"places,omitempty"` // hamlets, or territories with all hamlets below them; empty: every hamlet
	Status   ItemStatus      `json:"status"`
	By       ItemID          `json:"by,omitempty"` // the item that supersedes it
	Waivers  []Waiver        `json:"waivers,omitempty"`
}

// Waiver lets a hamlet off an item, with a reason (M11).
type Waiver struct {
	Place  org.PlaceID   `json:"place"`
	Reason string        `json:"reason"`
	By     org.PersonID  `json:"by"`
	On     calendar.Date `json:"on"`
}

// Query selects visits; zero fields select everything, Limit 0 means no limit.
// During selects by Happened, or by Planned where nothing happened yet. Ordered
// by that date, then id.
type Query struct {
	Place    org.PlaceID
	Places   []org.PlaceID // any of these
	Team     org.TeamID
	Official org.PersonID // assignee or holder
	Statuses []Status
	During   calendar.Period
	Limit    int
}

// Repository keeps visits. Put follows the rule of org.Repository.
type Repository interface {
	Visit(ctx context.Context, id ID) (State, error)
	PutVisit(ctx context.Context, s *State) error
	Visits(ctx context.Context, q Query) ([]State, error)
	Profile(ctx context.Context, id ProfileID) (Profile, error)
	PutProfile(ctx context.Context, p *Profile) error
	Profiles(ctx context.Context, place org.PlaceID) ([]Profile, error) // ascending Edition
	// LatestProfiles returns, of each of the places, the last edition that is no
	// draft, where there is one; in no order.
	LatestProfiles(ctx context.Context, places []org.PlaceID) ([]Profile, error)
	Item(ctx context.Context, id ItemID) (Item, error)
	PutItem(ctx context.Context, i *Item) error
	Items(ctx context.Context, during calendar.Period) ([]Item, error) // valid on any day of it; zero: all
}
