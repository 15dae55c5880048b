// Package policy holds every number of the programme in one documented value.
// None of them is law; they are the programme's own, decided by its leader and
// valid from a day on, so that a change never rewrites the past: a clock
// remembers the version that set it (L1).
package policy

import (
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
)

// Policy is one version of the programme's numbers. Days marked "wd" are
// working days of the programme's calendar. The JSON form is strict: see Parse.
type Policy struct {
	Version string        `json:"version"`
	From    calendar.Date `json:"from"`  // first day it is valid
	Zone    string        `json:"zone"`  // must be Asia/Ho_Chi_Minh: deadlines are civil dates there
	Basis   string        `json:"basis"` // the decision that set it, for example "60/KH-UBND"

	Quota     Quota     `json:"quota"`
	Visits    Visits    `json:"visits"`
	Issues    Issues    `json:"issues"`
	Ladder    Ladder    `json:"ladder"`
	Windows   Windows   `json:"windows"`
	Ratings   Ratings   `json:"ratings"`
	Reports   Reports   `json:"reports"`
	Notices   Notices   `json:"notices"`
	Retention Retention `json:"retention"`
}

// Quota is how often each hamlet is visited (S9).
type Quota struct {
	PerMonth       int  `json:"per_month"`        // verified visits per hamlet and month
	DistinctDays   bool `json:"distinct_days"`    // two visits on one day count once
	MinGapDays     int  `json:"min_gap_days"`     // calendar days between two counted visits
	FirstSlotEnd   int  `json:"first_slot_end"`   // last day of the first slot; the second runs to the month's end
	PlanDueDay     int  `json:"plan_due_day"`     // the month plan is due on the last working day ≤ this day of the month before
	PlanRemindDays int  `json:"plan_remind_days"` // wd before that: first reminder of the month plan (N1)
	MaxSpread      int  `json:"max_spread"`       // allowed difference in hamlets between the most and the least loaded official
}

// Visits are the numbers around one visit (buổi).
type Visits struct {
	RemindDaysBefore   int                `json:"remind_days_before"` // calendar days before, at Ladder.SendAt
	RemindHoursBefore  int                `json:"remind_hours_before"`
	RemindNotBefore    calendar.TimeOfDay `json:"remind_not_before"` // earliest hour of the same-day reminder
	ReportDays         int                `json:"report_days"`       // wd after the visit
	LateEntryDays      int                `json:"late_entry_days"`   // wd after the visit, then only with approval
	HostConfirmDays    int                `json:"host_confirm_days"` // wd
	DisputeDays        int                `json:"dispute_days"`      // wd
	SurveyDays         int                `json:"survey_days"`       // wd after the assignment starts (S13)
	SurveyStaleMonths  int                `json:"survey_stale_months"`
	HandoverDays       int                `json:"handover_days"`        // wd after an assignment ended, for both officials to sign (model M1)
	LateArrivalMinutes int                `json:"late_arrival_minutes"` // tolerance before "late" (S26)
	VacancyCutOff      calendar.TimeOfDay `json:"vacancy_cut_off"`      // on the last working day before an at-risk visit
	EvidenceStrong     int                `json:"evidence_strong"`      // strong pieces not from the official that verify a visit
	ClockSkewMinutes   int                `json:"clock_skew_minutes"`   // by which the clock of a device may be wrong before its report is doubted (model 11.28)
}

// ByUrgency is a number of working days for each urgency.
type ByUrgency struct {
	Urgent  int `json:"urgent"`
	Normal  int `json:"normal"`
	Complex int `json:"complex"`
}

// Issues are the numbers of an issue's life (model M4).
type Issues struct {
	TriageDays         int       `json:"triage_days"`  // wd after registration
	PromiseDays        ByUrgency `json:"promise_days"` // wd from registration, promised to the citizen
	UnitDays           ByUrgency `json:"unit_days"`    // wd from referral, owed by the lead unit
	ReturnDays         int       `json:"return_days"`  // wd after referral in which "not ours" is heard
	MaxReturns         int       `json:"max_returns"`
	ArbitrationDays    int       `json:"arbitration_days"` // wd
	MaxExtensions      int       `json:"max_extensions"`
	ExtensionDays      int       `json:"extension_days"`    // wd at most
	PauseDays          int       `json:"pause_days"`        // wd at most, over all pauses of one referral
	FeedbackDays       int       `json:"feedback_days"`     // wd after the approved answer
	SatisfactionDays   int       `json:"satisfaction_days"` // wd after delivery
	MaxRounds          int       `json:"max_rounds"`
	AppealDays         int       `json:"appeal_days"`         // wd
	SealedAckDays      int       `json:"sealed_ack_days"`     // wd until the inspector acknowledges a sealed case
	CollectiveHamlets  int       `json:"collective_hamlets"`  // same subject from this many hamlets …
	CollectiveOpinions int       `json:"collective_opinions"` // … or this many opinions …
	CollectiveDays     int       `json:"collective_days"`     // … within this many calendar days
}

// Ladder is when a duty is reminded of and who is told when it is late. Every
// level is a number of working days from the due date T.
type Ladder struct {
	SendAt           calendar.TimeOfDay `json:"send_at"`
	RemindDaysBefore int                `json:"remind_days_before"` // T−2 wd, only for terms of at least RemindMinTerm
	RemindMinTerm    int                `json:"remind_min_term"`    // wd
	Superior         int                `json:"superior"`           // E1: holder and superior
	Head             int                `json:"head"`               // E2: unit head and programme office
	Leader           int                `json:"leader"`             // E3: responsible vice-chair
	ChairEvery       int                `json:"chair_every"`        // E4: every further so many wd, in the chair's digest
}

// Span is a part of a day, From inclusive, To exclusive.
type Span struct {
	From calendar.TimeOfDay `json:"from"`
	To   calendar.TimeOfDay `json:"to"`
}

// Windows are the hours in which each audience may be written to (L10).
// Nothing is sent to anybody on a closure unless the notice is critical.
type Windows struct {
	Officials         []Span             `json:"officials"` // visit matters, any day but closures
	Ladder            []Span             `json:"ladder"`    // escalations, working days
	Leaders           []Span             `json:"leaders"`   // working days
	Citizens          []Span             `json:"citizens"`  // speakers, hamlet heads: any day but closures
	PreClosureAt      calendar.TimeOfDay `json:"pre_closure_at"`
	PreClosureMinDays int                `json:"pre_closure_min_days"` // consecutive non-working days caused by a holiday
	PreClosureDueDays int                `json:"pre_closure_due_days"` // duties due within so many wd after reopening
}

// Ratings are the numbers of supervision (S23–S28).
type Ratings struct {
	MinToShow      int `json:"min_to_show"`      // ratings before the official sees an average
	CollectDays    int `json:"collect_days"`     // wd a rating round stays open
	SamplePerMonth int `json:"sample_per_month"` // call-backs drawn for the office each month
	ExplainDays    int `json:"explain_days"`     // wd to explain a flag, and to reply to what was published
	SignalRepeats  int `json:"signal_repeats"`   // visits that look the same before it is a signal of box-ticking
	QuickMinutes   int `json:"quick_minutes"`    // between two reports: in less they were written together
}

// Reports are the numbers of period reports (A8, A14).
type Reports struct {
	RoundDays  int `json:"round_days"` // wd after the round ends, official to team leader
	MonthDay   int `json:"month_day"`  // the month report is due on this working day of the next month
	CloseDay   int `json:"close_day"`  // 0: periods end with the month; 25: the month runs from the 26th to the 25th
	SmallCell  int `json:"small_cell"` // counts of sensitive kinds below this are not shown
	RedListMax int `json:"red_list_max"`
}

// Notices are the numbers of sending.
type Notices struct {
	SMSPerDay          int `json:"sms_per_day"`          // cap per recipient in any 24 hours, beyond it notices wait; critical ones do not
	SMSGapMinutes      int `json:"sms_gap_minutes"`      // between two messages to one recipient, in which what comes is gathered; 0: none. Critical ones do not wait
	SMSSegmentsPerDay  int `json:"sms_segments_per_day"` // budget of the whole programme; 0: none
	MaxAttempts        int `json:"max_attempts"`
	MaxClaims          int `json:"max_claims"`           // claims beyond attempts before a notice counts as poison
	MaxSegments        int `json:"max_segments"`         // of one SMS
	UnknownResendAfter int `json:"unknown_resend_after"` // minutes after which an unknown outcome is sent again, where the notice allows it
	CoverageAlarmDays  int `json:"coverage_alarm_days"`  // calendar days of calendar coverage left
}

// Retention is how long what is kept (L15).
type Retention struct {
	SpeakerMonths int `json:"speaker_months"` // after closing, then name and phone are scrubbed
}

// SMSGapMinutes is the gap between two SMS to one recipient that an installation has
// whose programme has not said otherwise (notifications 2.9). It is no part of
// Default: what is due to one person then travels together anyway, and a host that
// sends by itself decides whether what comes later may wait.
const SMSGapMinutes = 10

// Default is the programme's standard policy, complete and valid.
func Default() Policy {
	return Policy{
		Version: "1",
		From:    date(2017, 1, 1),
		Zone:    "Asia/Ho_Chi_Minh",
		Basis:   "60/KH-UBND",
		Quota:   Quota{PerMonth: 2, DistinctDays: true, MinGapDays: 7, FirstSlotEnd: 15, PlanDueDay: 25, PlanRemindDays: 5, MaxSpread: 2},
		Visits: Visits{
			RemindDaysBefore: 2, RemindHoursBefore: 3, RemindNotBefore: clock(6, 30), ReportDays: 2, LateEntryDays: 10,
			HostConfirmDays: 5, DisputeDays: 3, SurveyDays: 10, SurveyStaleMonths: 12, HandoverDays: 3, LateArrivalMinutes: 15,
			VacancyCutOff: clock(16, 30), EvidenceStrong: 1, ClockSkewMinutes: 15,
		},
		Issues: Issues{
			TriageDays: 2, PromiseDays: ByUrgency{7, 20, 30}, UnitDays: ByUrgency{3, 10, 20},
			ReturnDays: 2, MaxReturns: 2, ArbitrationDays: 2, MaxExtensions: 1, ExtensionDays: 10, PauseDays: 10,
			FeedbackDays: 3, SatisfactionDays: 10, MaxRounds: 2, AppealDays: 10, SealedAckDays: 2,
			CollectiveHamlets: 3, CollectiveOpinions: 5, CollectiveDays: 30,
		},
		Ladder: Ladder{SendAt: clock(8, 0), RemindDaysBefore: 2, RemindMinTerm: 5, Superior: 1, Head: 3, Leader: 5, ChairEvery: 5},
		Windows: Windows{
			Officials:    []Span{{clock(6, 30), clock(21, 0)}},
			Ladder:       []Span{{clock(6, 30), clock(21, 0)}},
			Leaders:      []Span{{clock(7, 30), clock(17, 0)}},
			Citizens:     []Span{{clock(7, 0), clock(20, 0)}},
			PreClosureAt: clock(14, 0), PreClosureMinDays: 3, PreClosureDueDays: 2,
		},
		Ratings:   Ratings{MinToShow: 5, CollectDays: 5, SamplePerMonth: 5, ExplainDays: 5, SignalRepeats: 3, QuickMinutes: 3},
		Reports:   Reports{RoundDays: 3, MonthDay: 3, CloseDay: 0, SmallCell: 3, RedListMax: 10},
		Notices:   Notices{SMSPerDay: 3, MaxAttempts: 8, MaxClaims: 5, MaxSegments: 2, UnknownResendAfter: 10, CoverageAlarmDays: 90},
		Retention: Retention{SpeakerMonths: 12},
	}
}

// For returns the days for an urgency; anything but urgent and complex is normal.
func (b ByUrgency) For(urgency string) int {
	switch urgency {
	case "urgent":
		return b.Urgent
	case "complex":
		return b.Complex
	}
	return b.Normal
}

func date(year, month, day int) calendar.Date {
	return calendar.MustDate(year, time.Month(month), day)
}

func clock(hour, minute int) calendar.TimeOfDay { return calendar.MustTimeOfDay(hour, minute) }
