package visit

import (
	"slices"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

type (
	// Date is a civil date in the programme's zone.
	Date = calendar.Date
	// PersonID identifies a person of the organisation.
	PersonID = org.PersonID
)

// Plan is what planning a visit needs to know.
type Plan struct {
	ID       ID
	Kind     Kind
	Place    org.PlaceID
	Team     org.TeamID
	Official org.PersonID
	Date     calendar.Date
	At       calendar.TimeOfDay // zero: the hour the hamlet prefers, else 19:00
	Venue    string
	Why      string // why the programme office plans it in the official's stead
	DayOff   string // of a visit that took place without a plan: why it was on a day off
}

// New plans a visit. Weekends are allowed, closures are not (EX-04); a day
// before today is not planned but entered late.
func New(p Plan, pol policy.Policy, cal *calendar.Calendar, now time.Time) (State, error) {
	faults := p.check()
	faults.Add(checkDay(p.Date, "date", cal, calendar.DateOf(now)))
	p.DayOff = ""
	return p.state(pol, cal, now, faults)
}

// TookPlace is the visit of somebody who went without a plan. What happened is
// written down, also when it happened on a day off, on which nothing may be
// planned (EX-04): then Plan.DayOff says why, and the visit is marked with it.
func TookPlace(p Plan, pol policy.Policy, cal *calendar.Calendar, now time.Time) (State, error) {
	faults := p.check()
	closure, closed := cal.Closure(p.Date)
	p.DayOff = strings.TrimSpace(p.DayOff)
	switch {
	case p.Date.IsZero():
		faults.Add(dateMissing("date"))
	case closed && p.DayOff == "":
		faults.Add(fault.Broken("visit.unplanned.day_off_reason_missing", "day_off", "%[1]s was a day off (%[2]s): say why the visit took place then", "%[1]s là ngày nghỉ (%[2]s): phải ghi lý do tổ chức buổi vào ngày này", p.Date, closure.Name))
	case !closed:
		p.DayOff = ""
	}
	return p.state(pol, cal, now, faults)
}

// check is what every plan needs, whatever its day.
func (p Plan) check() fault.List {
	var faults fault.List
	if p.Place == "" {
		faults.Add(fault.Broken("visit.plan.place_missing", "place", "a visit needs a hamlet", "buổi phải có ấp"))
	}
	if p.Official == "" {
		faults.Add(fault.Broken("visit.plan.official_missing", "official", "a visit needs an official", "buổi phải có công chức phụ trách"))
	}
	if !slices.Contains([]Kind{Survey, Regular, FeedbackOnly}, p.Kind) {
		faults.Add(fault.Broken("visit.plan.kind_unknown", "kind", "%q is no kind of visit: survey, regular or feedback_only", "%q không phải loại buổi: survey, regular hoặc feedback_only", p.Kind))
	}
	return faults
}

// state is the planned visit, or what is wrong with the plan.
func (p Plan) state(pol policy.Policy, cal *calendar.Calendar, now time.Time, faults fault.List) (State, error) {
	if err := faults.Err(); err != nil {
		return State{}, err
	}
	return State{
		ID: p.ID, Kind: p.Kind, Place: p.Place, Team: p.Team, Official: p.Official, Planned: p.Date, At: p.At, Venue: p.Venue,
		Status: Planned, ReportDue: cal.Add(p.Date, pol.Visits.ReportDays), DayOff: p.DayOff, Recorded: now,
	}, nil
}

func dateMissing(field string) error {
	return fault.Broken("visit.plan.date_missing", field, "a visit needs a date", "buổi phải có ngày")
}

// checkDay says whether a visit may be planned for the day.
func checkDay(day calendar.Date, field string, cal *calendar.Calendar, today calendar.Date) error {
	if day.IsZero() {
		return dateMissing(field)
	}
	if day.Before(today) {
		return fault.Broken("visit.plan.in_the_past", field, "%s is past: report the visit instead", "%s đã qua: hãy báo cáo buổi đã tổ chức", day)
	}
	closure, closed := cal.Closure(day)
	if !closed {
		return nil
	}
	before, after := cal.PreviousWorkingDay(day), cal.NextWorkingDay(day)
	return fault.Broken("visit.plan.on_closure", field, "%[1]s is a day off (%[2]s); the nearest working days are %[3]s and %[4]s",
		"%[1]s là ngày nghỉ (%[2]s); ngày làm việc gần nhất là %[3]s và %[4]s", day, closure.Name, before, after)
}

// Postpone moves an open visit to another day, with a reason. A day outside the
// slot of the first plan needs somebody's approval.
func (s *State) Postpone(to calendar.Date, at calendar.TimeOfDay, reason string, by org.PersonID, approved bool, pol policy.Policy, cal *calendar.Calendar, today calendar.Date) error {
	if strings.TrimSpace(reason) == "" {
		return fault.Broken("visit.postpone.reason_missing", "reason", "postponing needs a reason", "hoãn buổi phải có lý do")
	}
	if err := checkDay(to, "date", cal, today); err != nil {
		return err
	}
	if !approved && !sameSlot(s.Planned, to, pol.Quota.FirstSlotEnd) {
		return fault.Broken("visit.postpone.other_slot", "date", "%s lies outside the slot of %s: the team leader has to agree", "%s nằm ngoài đợt của ngày %s: phải được Tổ trưởng đồng ý", to, s.Planned)
	}
	if !s.Open() {
		return s.move(Planned)
	}
	s.Moves = append(s.Moves, Move{From: s.Planned, To: to, Reason: reason, By: by})
	s.Planned, s.At, s.Status = to, at, Planned
	s.ReportDue = cal.Add(to, pol.Visits.ReportDays)
	return nil
}

// sameSlot reports whether two days lie in the same half of the same month.
func sameSlot(a, b calendar.Date, firstEnd int) bool {
	return calendar.MonthOf(a) == calendar.MonthOf(b) && (a.Day() <= firstEnd) == (b.Day() <= firstEnd)
}

// Endanger marks a planned visit whose holder is away without a substitute.
func (s *State) Endanger() error { return s.move(AtRisk) }

// Secure takes a visit out of danger: somebody stands in.
func (s *State) Secure() error {
	if s.Status != AtRisk {
		return fault.Broken("visit.state.transition", "status", "a visit that is %s is not at risk", "buổi đang ở trạng thái %s không thuộc diện có nguy cơ", s.Status)
	}
	return s.move(Planned)
}

// Cancel calls an open visit off.
func (s *State) Cancel(reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fault.Broken("visit.cancel.reason_missing", "reason", "cancelling needs a reason", "hủy buổi phải có lý do")
	}
	if err := s.move(Cancelled); err != nil {
		return err
	}
	s.Reason = reason
	return nil
}

// Hold marks that the visit took place on the given day; the report follows.
func (s *State) Hold(on calendar.Date, by org.PersonID, pol policy.Policy, cal *calendar.Calendar, today calendar.Date) error {
	if err := s.checkHappened(on, pol, cal, today); err != nil {
		return err
	}
	if err := s.move(Held); err != nil {
		return err
	}
	s.Happened, s.HeldBy = on, by
	s.ReportDue = cal.Add(on, pol.Visits.ReportDays)
	return nil
}

// LateLimit is the last day on which a visit of the given day may be reported
// without approval (EX-16: 10 working days after the visit).
func LateLimit(happened calendar.Date, pol policy.Policy, cal *calendar.Calendar) calendar.Date {
	return cal.Add(happened, pol.Visits.LateEntryDays)
}

// checkHappened: not in the future, and not so long ago that somebody else has
// to agree first.
func (s *State) checkHappened(on calendar.Date, pol policy.Policy, cal *calendar.Calendar, today calendar.Date) error {
	if on.IsZero() {
		return fault.Broken("visit.report.date_missing", "happened", "the day of the visit is missing", "thiếu ngày tổ chức buổi")
	}
	if on.After(today) {
		return fault.Broken("visit.report.in_the_future", "happened", "%s has not come yet: today is %s", "ngày %s chưa đến: hôm nay là %s", on, today)
	}
	if limit := LateLimit(on, pol, cal); today.After(limit) && s.LateApproved == nil {
		return fault.Broken("visit.report.late_entry_closed", "happened", "late entry closed on %s: the team leader has to approve it with a reason", "đã hết hạn nhập trễ ngày %s: phải được Tổ trưởng duyệt, có lý do", limit)
	}
	return nil
}

// ApproveLate lets a visit be reported after the late entry limit.
func (s *State) ApproveLate(by org.PersonID, on calendar.Date, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fault.Broken("visit.late.reason_missing", "reason", "approving a late entry needs a reason", "duyệt nhập trễ phải có lý do")
	}
	if s.Status != Missed && !s.Open() && s.Status != Held {
		return fault.Broken("visit.late.not_open", "status", "a visit that is %s waits for no late entry", "buổi đang ở trạng thái %s không chờ nhập trễ", s.Status)
	}
	if by == s.Official || by == s.Holder() {
		return fault.Broken("visit.late.own", "by", "nobody approves a late entry of their own", "không được tự duyệt nhập trễ của mình")
	}
	s.LateApproved = &Approval{By: by, On: on, Reason: reason}
	return nil
}

// Owed is what a report has to account for.
type Owed struct {
	Feedback []string // issues whose answer is to be told in the hamlet (EX-24)
	Items    []ItemID // dissemination items not yet told there
}

// Resent reports whether a report with this client id is already here; whether
// it is the same one is answered by [State.Copy].
func (s *State) Resent(clientID string) bool {
	return clientID != "" && slices.ContainsFunc(s.Reports, func(r Report) bool { return r.ClientID == clientID })
}

// Report writes the visit down. Everything owed in the hamlet has to be ticked,
// a survey visit needs its area profile, and what is reported after the due date
// carries the number of working days it is late and a reason.
func (s *State) Report(r Report, on calendar.Date, owed Owed, pol policy.Policy, cal *calendar.Calendar, today calendar.Date) error {
	var faults fault.List
	faults.Add(s.checkHappened(on, pol, cal, today), checkAttendance(r), checkTicks(r, owed))
	if strings.TrimSpace(r.Minutes) == "" {
		faults.Add(fault.Broken("visit.report.minutes_missing", "minutes", "the minutes are empty", "biên bản còn trống"))
	}
	if r.People < 0 {
		faults.Add(fault.Broken("visit.report.people_negative", "people", "%d people cannot have taken part", "số người dự không thể là %d", r.People))
	}
	if s.Kind == Survey && s.Profile == "" {
		faults.Add(fault.Broken("visit.report.survey_missing", "profile", "a survey visit needs its area profile", "buổi khảo sát phải kèm đặc điểm tình hình địa bàn"))
	}
	if due := cal.Add(on, pol.Visits.ReportDays); !on.IsZero() && today.After(due) {
		r.Late = cal.Elapsed(due, today)
		if strings.TrimSpace(r.LateReason) == "" {
			faults.Add(fault.Broken("visit.report.late_reason_missing", "late_reason", "the report was due on %s: say why it is late", "báo cáo đến hạn ngày %s: phải nêu lý do trễ", due))
		}
	}
	if err := faults.Err(); err != nil {
		return err
	}
	if err := s.move(Reported); err != nil {
		return err
	}
	s.Happened, s.HeldBy = on, s.credit(r)
	s.ReportDue = cal.Add(on, pol.Visits.ReportDays)
	s.Absence, s.Reason = "", "" // somebody held it after all
	r.On = on
	s.Reports = append(s.Reports, r)
	return nil
}

// Received returns the report as it came in at an instant: with the day it says,
// the fingerprint of what was sent, and what is to be doubted about its clocks.
func (r Report) Received(on calendar.Date, at time.Time, pol policy.Policy) Report {
	r = r.sealed(on)
	r.Recorded = at
	if r.Device != nil {
		r.Doubts = r.Device.Doubts(on, r.Started, at, time.Duration(pol.Visits.ClockSkewMinutes)*time.Minute)
	}
	return r
}

// AddConflicting keeps a second, different report beside the first one: nothing
// overwrites, somebody has to decide (see [State.Settle]).
func (s *State) AddConflicting(r Report) {
	r.Conflicts = true
	s.Reports = append(s.Reports, r)
}

// Settle says which of several reports holds, by its place among them counted
// from 0, with a reason, by somebody who did not hold the visit. All are kept;
// the day and the credit of the visit follow the one that holds.
func (s *State) Settle(report int, reason string, by org.PersonID, today calendar.Date) error {
	if by == s.Official || by == s.Holder() {
		return fault.Broken("visit.settle.own", "by", "nobody decides about a visit of their own", "không được tự quyết định về buổi của mình")
	}
	if !s.Claimed() || !s.Conflicting() {
		return fault.Broken("visit.settle.no_conflict", "reports", "no reports of this visit contradict each other", "buổi này không có các báo cáo trái nhau")
	}
	if report < 0 || report >= len(s.Reports) {
		return fault.Broken("visit.settle.no_such_report", "report", "there are %[1]d reports, counted from 0; %[2]d is none of them", "có %[1]d báo cáo, tính từ 0; không có báo cáo số %[2]d", len(s.Reports), report)
	}
	if strings.TrimSpace(reason) == "" {
		return fault.Broken("visit.settle.reason_missing", "reason", "say why this report holds", "phải nêu lý do chọn báo cáo này")
	}
	r := s.Reports[report]
	if !r.On.IsZero() && r.On.After(today) {
		return fault.Broken("visit.settle.in_the_future", "report", "that report says %s, which has not come yet", "báo cáo đó ghi ngày %s, ngày này chưa đến", r.On)
	}
	s.Settled = &Settlement{Report: report, Of: len(s.Reports), By: by, On: today, Reason: reason}
	if !r.On.IsZero() {
		s.Happened = r.On
	}
	named := slices.ContainsFunc(s.Reports, func(o Report) bool { return o.Attendance == Substitute && o.Substitute == s.HeldBy })
	switch {
	case r.Attendance == Substitute:
		s.HeldBy = r.Substitute
	case named: // the credit came from another report
		s.HeldBy = s.Official
	}
	return nil
}

// credit is who held the visit.
func (s *State) credit(r Report) org.PersonID {
	if r.Attendance == Substitute {
		return r.Substitute
	}
	if s.HeldBy != "" {
		return s.HeldBy
	}
	return s.Official
}

func checkAttendance(r Report) error {
	switch r.Attendance {
	case Present:
		return nil
	case Substitute:
		if r.Substitute == "" {
			return fault.Broken("visit.report.substitute_missing", "substitute", "a substitute has to be named", "phải ghi tên người dự thay")
		}
		return nil
	case Excused, Unexcused:
		return fault.Broken("visit.report.absent", "attendance", "nobody held the visit: record the absence instead of a report", "không có người tổ chức buổi: ghi nhận vắng mặt thay vì báo cáo")
	}
	return fault.Broken("visit.report.attendance_unknown", "attendance", "%q is no attendance: present or substitute", "%q không hợp lệ: present hoặc substitute", r.Attendance)
}

// checkTicks: each answer owed and each item has to be ticked as told or not,
// and what was not done needs its reason.
func checkTicks(r Report, owed Owed) error {
	var faults fault.List
	for _, issue := range owed.Feedback {
		i := slices.IndexFunc(r.Feedback, func(t FeedbackTick) bool { return t.Issue == issue })
		switch {
		case i < 0:
			faults.Add(fault.Broken("visit.report.feedback_pending", "feedback", "the answer to issue %s is owed in this hamlet: tick whether it was told", "còn nợ phản hồi vấn đề %s tại ấp này: phải đánh dấu đã phản hồi hay chưa", issue))
		case !r.Feedback[i].Delivered && strings.TrimSpace(r.Feedback[i].Why) == "":
			faults.Add(fault.Broken("visit.report.feedback_reason_missing", "feedback", "say why the answer to issue %s was not told", "phải nêu lý do chưa phản hồi vấn đề %s", issue))
		}
	}
	for _, item := range owed.Items {
		i := slices.IndexFunc(r.Receipts, func(c Receipt) bool { return c.Item == item })
		if i < 0 || !r.Receipts[i].Told && strings.TrimSpace(r.Receipts[i].Waived) == "" {
			faults.Add(fault.Broken("visit.report.item_pending", "receipts", "item %s is to be told in this hamlet: tick it, or say why not", "nội dung %s phải được phổ biến tại ấp này: đánh dấu hoặc nêu lý do", item))
		}
	}
	return faults.Err()
}

// Miss marks a visit whose report was due and did not come.
func (s *State) Miss() error { return s.move(Missed) }

// Excuse records that nobody held a missed visit, and whether that is excused
// (S25). It is the team leader's word, not the official's.
func (s *State) Excuse(a Attendance, reason string) error {
	if a != Excused && a != Unexcused {
		return fault.Broken("visit.absence.attendance_unknown", "attendance", "an absence is excused or unexcused, not %q", "vắng mặt là có lý do hoặc không lý do, không phải %q", a)
	}
	if a == Excused && strings.TrimSpace(reason) == "" {
		return fault.Broken("visit.absence.reason_missing", "reason", "an excused absence needs its reason", "vắng có lý do phải ghi lý do")
	}
	if s.Open() {
		if err := s.Miss(); err != nil {
			return err
		}
	}
	if s.Status != Missed {
		return fault.Broken("visit.absence.was_held", "status", "a visit that is %s was not missed", "buổi đang ở trạng thái %s không phải là buổi vắng", s.Status)
	}
	s.Absence, s.Reason = a, reason
	return nil
}

// Check refuses evidence that says neither what it is nor how much it proves. An
// empty grade is legal: the kind decides.
func (e Evidence) Check() error {
	var faults fault.List
	if strings.TrimSpace(e.Kind) == "" {
		faults.Add(fault.Broken("visit.evidence.kind_missing", "kind", "say what kind of evidence it is: photo, signed_minutes, position …", "phải ghi loại chứng cứ: photo, signed_minutes, position …"))
	}
	if e.Grade != "" && !slices.Contains([]Grade{Strong, Supporting, Self}, e.Grade) {
		faults.Add(fault.Broken("visit.evidence.grade_unknown", "grade", "%q is no grade: strong, supporting or self", "%q không phải mức chứng cứ: strong, supporting hoặc self", e.Grade))
	}
	return faults.Err()
}

// word reports whether the evidence is somebody's word on the visit, not a thing.
func (e Evidence) word() bool {
	return slices.Contains([]string{HostConfirmation, WitnessConfirmation, CommuneConfirmation, CallBack}, e.Kind)
}

// AddEvidence keeps a piece of evidence. Evidence by the official counts as his
// own word whatever grade it claims; the same person's word of the same kind
// counts once, the latest. Photos and papers are all kept.
func (s *State) AddEvidence(e Evidence) {
	if e.By == s.Official || e.By == s.Holder() {
		e.Grade = Self
	}
	if e.word() {
		s.Evidence = slices.DeleteFunc(s.Evidence, func(o Evidence) bool { return o.Kind == e.Kind && o.By == e.By && e.By != "" })
	}
	s.Evidence = append(s.Evidence, e)
}

// Denied reports whether somebody else firmly says that the visit did not take
// place.
func (s *State) Denied() bool {
	return slices.ContainsFunc(s.Evidence, func(e Evidence) bool { return e.Grade == Strong && e.Denies })
}

// Awaits refuses somebody's word on a visit that has not taken place yet, or
// that was called off or decided against.
func (s *State) Awaits(today calendar.Date) error {
	switch {
	case s.Status == Cancelled || s.Status == Refused:
		return fault.Broken("visit.confirm.over", "status", "a visit that is %s is not confirmed any more", "buổi đang ở trạng thái %s, không xác nhận nữa", s.Status)
	case s.Open() && s.Planned.After(today):
		return fault.Broken("visit.confirm.too_early", "status", "the visit is planned for %s: confirm it afterwards", "buổi dự kiến ngày %s: xác nhận sau khi diễn ra", s.Planned)
	}
	return nil
}

// Proven reports whether at least so many strong pieces of evidence from others
// say that the visit took place (L11).
func (s *State) Proven(strong int) bool {
	n := 0
	for _, e := range s.Evidence {
		if e.Grade == Strong && !e.Denies {
			n++
		}
	}
	return n >= strong
}

// Verify makes the visit count.
func (s *State) Verify() error { return s.move(Verified) }

// Unconfirm marks a visit that nobody confirmed in time.
func (s *State) Unconfirm() error { return s.move(Unconfirmed) }

// Contest opens a dispute about a reported visit.
func (s *State) Contest(reason string, by org.PersonID, on calendar.Date) error {
	if strings.TrimSpace(reason) == "" {
		return fault.Broken("visit.dispute.reason_missing", "reason", "say what is disputed", "phải nêu nội dung không thống nhất")
	}
	if err := s.move(Disputed); err != nil {
		return err
	}
	s.Dispute = &Dispute{Reason: reason, Opened: on, By: by}
	return nil
}

// Answer is the official's reply in a dispute: before it is decided, or after it
// where there was no reply yet. A decision stands; the reply stays beside it.
func (s *State) Answer(reply string) error {
	if s.Dispute == nil || s.Status != Disputed && (s.Dispute.Decision == "" || s.Dispute.Reply != "") {
		return noDispute()
	}
	if strings.TrimSpace(reply) == "" {
		return fault.Broken("visit.dispute.reply_missing", "reply", "the reply is empty", "nội dung giải trình còn trống")
	}
	s.Dispute.Reply = reply
	return nil
}

func noDispute() error {
	return fault.Broken("visit.dispute.none", "status", "there is no open dispute", "không có ý kiến trái nhau đang chờ xử lý")
}

// Decide ends a dispute with a reasoned decision by somebody who did not hold
// the visit.
func (s *State) Decide(upheld bool, reason string, by org.PersonID) error {
	if by == s.Official || by == s.Holder() {
		return fault.Broken("visit.dispute.own", "by", "nobody decides about a visit of their own", "không được tự quyết định về buổi của mình")
	}
	if strings.TrimSpace(reason) == "" {
		return fault.Broken("visit.dispute.decision_missing", "reason", "a decision needs its reason", "quyết định phải có lý do")
	}
	if s.Status != Disputed || s.Dispute == nil {
		return noDispute() // else a decision would stand in for the evidence
	}
	to := Refused
	if upheld {
		to = Verified
	}
	s.Dispute.Decision, s.Dispute.Upheld, s.Dispute.Decider = reason, upheld, by
	return s.move(to)
}

// ArrivedLate reports whether the official came later than the tolerance (S26).
func (s State) ArrivedLate(pol policy.Policy) bool {
	r, ok := s.Standing()
	return ok && r.MinutesLate > pol.Visits.LateArrivalMinutes
}

// ReportedLate is how many working days the first report came after its due
// date; 0 when it was on time or has not come.
func (s State) ReportedLate() int {
	if len(s.Reports) == 0 {
		return 0
	}
	return s.Reports[0].Late
}
