package duty

import (
	"context"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/org"
)

// ID identifies a duty.
type ID string

// Kind says what is owed.
type Kind string

// The kinds of duty, with the number of the notice that speaks of it.
const (
	MonthPlan    Kind = "month_plan"   // kế hoạch tháng (N1)
	Visit        Kind = "visit"        // buổi sắp tới: reminders only, no ladder (N2)
	Report       Kind = "report"       // báo cáo buổi (N5)
	Confirm      Kind = "confirm"      // trưởng ấp xác nhận (N6): no ladder
	Dispute      Kind = "dispute"      // xử lý ý kiến trái nhau về buổi (N18)
	Survey       Kind = "survey"       // khảo sát địa bàn (S13)
	Handover     Kind = "handover"     // bàn giao (M1)
	Triage       Kind = "triage"       // phân loại (N8)
	Promise      Kind = "promise"      // hẹn trả lời dân: the citizen's clock
	Unit         Kind = "unit"         // đơn vị chủ trì trả lời (N10)
	Arbitration  Kind = "arbitration"  // phân xử thẩm quyền
	Roadmap      Kind = "roadmap"      // lộ trình của câu trả lời "đang giải quyết" (A2)
	Feedback     Kind = "feedback"     // phản hồi cho dân (N12)
	Satisfaction Kind = "satisfaction" // hỏi sự hài lòng: silence closes, no ladder
	Appeal       Kind = "appeal"       // xem xét lại (N15)
	SealedAck    Kind = "sealed_ack"   // thanh tra tiếp nhận (N17)
	Rating       Kind = "rating"       // nhận xét sau buổi: the round closes, no ladder
	RoundReport  Kind = "round_report" // báo cáo đợt (A8)
	MonthReport  Kind = "month_report" // báo cáo tháng (N20)
	Explain      Kind = "explain"      // giải trình
	Action       Kind = "action"       // việc khắc phục đã thống nhất (M10)
)

// Status is where a duty stands. Being overdue is not a status: see
// [State.IsLate].
type Status string

// The states of a duty.
const (
	Running    Status = "running"
	Paused     Status = "paused"
	Met        Status = "met"
	MetLate    Status = "met_late"
	Cancelled  Status = "cancelled"
	Superseded Status = "superseded"
)

// Interval is a time in which the clock stood still (From to To), or days added
// to it (From is the day that was decided).
type Interval struct {
	From   calendar.Date `json:"from"`
	To     calendar.Date `json:"to,omitzero"`    // zero while it lasts
	Until  calendar.Date `json:"until,omitzero"` // a pause: the day on which it ends by itself
	Days   int           `json:"days"`           // working days it added
	Reason string        `json:"reason"`         // a code or a number of a document, never personal data
	By     org.PersonID  `json:"by"`
}

// State is everything a duty is.
type State struct {
	ID      ID    `json:"id"`
	Version int64 `json:"version"`

	Kind    Kind          `json:"kind"`
	Subject event.Subject `json:"subject"` // what it is about: visit/…, issue/…
	Place   org.PlaceID   `json:"place,omitempty"`
	Holder  org.Party     `json:"holder"`          // who owes it
	Label   string        `json:"label,omitempty"` // a code people know it by: XL-17-0142. Never personal data

	Start       calendar.Date      `json:"start"`          // day 0
	Days        int                `json:"days"`           // working days of the term; 0 when the due date was given
	Given       calendar.Date      `json:"given,omitzero"` // the due date that was given instead of Days
	Due         calendar.Date      `json:"due"`            // last day on which it is on time
	At          calendar.TimeOfDay `json:"at,omitzero"`    // hour of the visit, for kind visit
	Policy      string             `json:"policy"`
	Calendar    string             `json:"calendar"`              // "id/version"
	Provisional bool               `json:"provisional,omitempty"` // the calendar did not reach that far

	Pauses     []Interval `json:"pauses,omitempty"`
	Extensions []Interval `json:"extensions,omitempty"`

	Status Status        `json:"status"`
	Closed calendar.Date `json:"closed,omitzero"` // day it was met, cancelled or superseded

	Raise  int       `json:"raise,omitempty"`  // steps the ladder starts higher: repeated matters (A5)
	Step   int       `json:"step"`             // number of the first step not given out yet
	WakeAt time.Time `json:"wake_at,omitzero"` // instant of the next step; zero: nothing to come
	Opened time.Time `json:"opened"`
}

// Query selects duties; zero fields select everything, Limit 0 means no limit.
type Query struct {
	IDs      []ID // any of these
	Subject  event.Subject
	Subjects []event.Subject // any of these
	Kinds    []Kind
	Statuses []Status
	Person   org.PersonID // holder
	Unit     org.UnitID   // holder
	Place    org.PlaceID
	Due      calendar.Period // zero: any
	Limit    int
}

// Repository keeps duties. Put follows the rule of org.Repository. DutiesToWake
// returns open duties, running or paused, with a WakeAt ≤ now, earliest first, by
// an index; where the store can, it locks them and skips those another
// transaction has locked. A zero WakeAt, which closed duties have, never wakes.
type Repository interface {
	Duty(ctx context.Context, id ID) (State, error)
	PutDuty(ctx context.Context, s *State) error
	Duties(ctx context.Context, q Query) ([]State, error)
	DutiesToWake(ctx context.Context, now time.Time, limit int) ([]State, error)
	// NextWake is the earliest WakeAt of all open duties that have one, zero when none has.
	NextWake(ctx context.Context) (time.Time, error)
}
