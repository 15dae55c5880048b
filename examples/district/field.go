package main

import (
	"context"
	"fmt"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/visit"
)

// officialsAtDesk is what officials do in the office: plan, postpone, ask for
// leave, write reports, tell answers by call or at the door.
func (s *season) officialsAtDesk(ctx context.Context, w *core.Work) ([]act, error) {
	var acts []act
	for _, part := range []func(context.Context, *core.Work) ([]act, error){
		s.takeLeave, s.planMonths, s.postpone, s.writeReports, s.tellAnswers, s.reportRounds, s.replyToDisputes, s.explainFlag,
	} {
		more, err := part(ctx, w)
		if err != nil {
			return nil, err
		}
		acts = append(acts, more...)
	}
	return acts, nil
}

// planMonths: each official plans a month some days before it is due, some too
// late, and the first one as soon as the programme has begun.
func (s *season) planMonths(context.Context, *core.Work) ([]act, error) {
	today := s.time.today()
	var acts []act
	for _, month := range []calendar.Month{calendar.MonthOf(today), calendar.MonthOf(today).Next()} {
		if month.First().After(s.cfg.to) {
			continue
		}
		due := programme.MonthPlanDue(month, s.in.policy, s.cal)
		for _, official := range s.cast.officials {
			what := fmt.Sprintf("plan %s %s", official, month)
			k := s.draw.weighted(s.how.PlanDays, "plan", string(official)+month.String(), calendar.Date{})
			on := s.cal.Subtract(due, k)
			if k == len(s.how.PlanDays)-1 {
				on = s.cal.Add(due, s.draw.between(1, 3, "plan.late", string(official), month.First()))
			}
			if today.Before(on) || !s.mind.once(what) {
				continue
			}
			acts = append(acts, by(official, func(ctx context.Context, w *core.Work) error { return s.planMonth(ctx, w, official, month) }))
			if day, ok := s.closureIn(month); ok && s.draw.chance(s.how.PlanOnClosure, "plan.closure", string(official), month.First()) {
				a := by(official, func(ctx context.Context, w *core.Work) error { return s.planOn(ctx, w, official, day) })
				a.rule = "visit.plan.on_closure"
				acts = append(acts, a)
			}
		}
	}
	return acts, nil
}

// planMonth takes the dates that the programme proposes.
func (s *season) planMonth(ctx context.Context, w *core.Work, official org.PersonID, month calendar.Month) error {
	draft, err := w.Programme.PlanMonth(ctx, month, "", official)
	if err != nil {
		return err
	}
	for _, c := range draft.Choices {
		if c.Official != official || c.Date.After(s.cfg.to) {
			continue
		}
		kind := visit.Regular
		if !s.mind.surveys[c.Place] {
			kind, s.mind.surveys[c.Place] = visit.Survey, true
		}
		id := visit.ID(s.draw.uuid("visit", string(c.Place)+c.Date.String()))
		if _, err := w.Visits.Plan(ctx, visit.Plan{ID: id, Kind: kind, Place: c.Place, Official: official, Date: c.Date, At: c.At, Venue: c.Venue}); err != nil {
			return err
		}
	}
	return nil
}

// planOn tries a certain day.
func (s *season) planOn(ctx context.Context, w *core.Work, official org.PersonID, day calendar.Date) error {
	mine, err := w.Programme.Assignments(ctx, programme.AssignmentQuery{Official: official, During: calendar.Period{From: day, To: day}})
	if err != nil || len(mine) == 0 {
		return err
	}
	_, err = w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Place: mine[0].Place, Official: official, Date: day})
	return err
}

// closureIn is the first closure of a month that still lies ahead.
func (s *season) closureIn(month calendar.Month) (calendar.Date, bool) {
	for d := month.First(); !d.After(month.Last()); d = d.Add(1) {
		if _, closed := s.cal.Closure(d); closed && d.After(s.time.today()) {
			return d, true
		}
	}
	return calendar.Date{}, false
}

// takeLeave: some officials are away once; a colleague of the team stands in.
func (s *season) takeLeave(ctx context.Context, w *core.Work) ([]act, error) {
	var acts []act
	for n, official := range s.cast.officials {
		days, ok := s.leave(official)
		if !ok || s.time.today().Before(s.cal.Subtract(days.From, 5)) || days.From.Before(s.time.today()) || !s.mind.once("leave "+string(official)) {
			continue
		}
		visits, err := w.Visits.List(ctx, visit.Query{Official: official, During: days, Statuses: []visit.Status{visit.Planned}})
		if err != nil {
			return nil, err
		}
		leave := org.Leave{ID: org.LeaveID(s.draw.uuid("leave", string(official))), Person: official, Days: days, Reason: "nghỉ phép năm"}
		if len(visits) == 0 || !s.careless(days) {
			leave.Substitute = s.colleague(official, n)
		}
		acts = append(acts, by(official, func(ctx context.Context, w *core.Work) error {
			_, err := w.Org.TakeLeave(ctx, leave)
			return err
		}))
	}
	return acts, nil
}

// leave is when somebody is away, if they are at all.
func (s *season) leave(official org.PersonID) (calendar.Period, bool) {
	key := string(official)
	if !s.draw.chance(s.how.Leave, "leave", key, calendar.Date{}) {
		return calendar.Period{}, false
	}
	room := max(s.cfg.to.Sub(s.cfg.from)-21, 1)
	from := s.cal.NextWorkingDay(s.cfg.from.Add(14 + s.draw.between(0, room, "leave.from", key, calendar.Date{})))
	to := from.Add(s.draw.between(2, 8, "leave.days", key, calendar.Date{}))
	return calendar.Period{From: from, To: to}, s.ahead(from)
}

// careless: the first leave from the fourth week on in which there is a visit
// names nobody who stands in. The visit is at risk until the team leader acts.
func (s *season) careless(days calendar.Period) bool {
	return days.From.After(s.cfg.from.Add(21)) && s.mind.once("a leave without substitute")
}

// colleague is the next official of the same team.
func (s *season) colleague(official org.PersonID, n int) org.PersonID {
	all := s.cast.officials
	for i := 1; i < len(all); i++ {
		if other := all[(n+i)%len(all)]; s.cast.teamOf[other] == s.cast.teamOf[official] {
			return other
		}
	}
	return ""
}

// postpone: two days ahead some visits are moved within their half of the month.
func (s *season) postpone(ctx context.Context, w *core.Work) ([]act, error) {
	today := s.time.today()
	ahead, err := w.Visits.List(ctx, visit.Query{Statuses: []visit.Status{visit.Planned}, During: calendar.Period{From: today.Add(1), To: today.Add(3)}})
	var acts []act
	for _, v := range ahead {
		switch key := string(v.ID); {
		case len(v.Moves) > 0:
		case s.draw.chance(s.how.CancelVisit, "cancel", key, v.Planned) && s.mind.once("cancel "+key):
			acts = append(acts, by(s.cast.leads[v.Team], func(ctx context.Context, w *core.Work) error {
				_, err := w.Visits.Cancel(ctx, v.ID, "ấp có việc đột xuất, đã thống nhất với trưởng ấp")
				return err
			}))
		case s.draw.chance(s.how.Postpone, "postpone", key, v.Planned) && s.mind.once("postpone "+key):
			to, ok := s.otherDay(v)
			present, err := w.Org.Present(ctx, v.Official, today)
			if !ok || err != nil || present != v.Official {
				continue
			}
			acts = append(acts, by(v.Official, func(ctx context.Context, w *core.Work) error {
				_, err := w.Visits.Postpone(ctx, v.ID, to, calendar.TimeOfDay{}, "trùng lịch công tác của cơ quan")
				return err
			}))
		}
	}
	return acts, err
}

// otherDay is the next working day in the same half of the month.
func (s *season) otherDay(v visit.State) (calendar.Date, bool) {
	to := s.cal.NextWorkingDay(v.Planned.Add(1))
	half := programme.RoundOf(v.Planned, s.in.policy)
	return to, half.Contains(to) && s.ahead(to)
}

// goes reports whether somebody comes to a planned visit.
func (s *season) goes(v visit.State) bool {
	return !s.draw.chance(s.how.Miss, "miss", string(v.ID), v.Planned)
}

// evening is when hamlets meet: visits are held, and the quick write their
// report the same night.
func (s *season) evening(ctx context.Context, w *core.Work) ([]act, error) {
	today := s.time.today()
	planned, err := w.Visits.List(ctx, visit.Query{Statuses: []visit.Status{visit.Planned, visit.AtRisk}, During: calendar.Period{From: today, To: today}})
	var acts []act
	for _, v := range planned {
		present, err := w.Org.Present(ctx, v.Official, today)
		if err != nil || !s.goes(v) {
			continue // nobody comes
		}
		now := s.reportDays(v) == 0
		if v.Planned.After(s.cfg.to.Add(-30)) {
			if err := s.keepSheet(ctx, w, v); err != nil {
				return nil, err
			}
		}
		acts = append(acts, by(present, func(ctx context.Context, w *core.Work) error {
			if _, err := w.Visits.Hold(ctx, v.ID, today); err != nil || !now {
				return err
			}
			return s.report(ctx, w, v.ID)
		}))
	}
	return acts, err
}

func (s *season) reportDays(v visit.State) int {
	return s.draw.weighted(s.how.ReportDays, "report", string(v.ID), calendar.Date{})
}

// writeReports: the reports of earlier evenings.
func (s *season) writeReports(ctx context.Context, w *core.Work) ([]act, error) {
	waiting, err := w.Visits.List(ctx, visit.Query{Statuses: []visit.Status{visit.Held, visit.Missed}})
	var acts []act
	for _, v := range waiting {
		if v.Happened.IsZero() || !s.after(v.Happened, s.reportDays(v)) {
			continue
		}
		late := visit.LateLimit(v.Happened, s.in.policy, s.cal)
		if s.time.today().After(late) && v.LateApproved == nil {
			continue // the team leader has to agree first
		}
		acts = append(acts, by(v.Holder(), func(ctx context.Context, w *core.Work) error { return s.report(ctx, w, v.ID) }))
	}
	return acts, err
}

// report writes down one visit: the survey if it is the first, what was said,
// what was told, which answers were given back, and the issues that follow.
func (s *season) report(ctx context.Context, w *core.Work, id visit.ID) error {
	v, err := w.Visits.Get(ctx, id)
	if err != nil {
		return err
	}
	if v.Kind == visit.Survey {
		if err := s.survey(ctx, w, v); err != nil {
			return err
		}
	}
	owing, err := s.listen(ctx, w, v)
	if err != nil {
		return err
	}
	owed, err := w.Visits.Owed(ctx, id)
	if err != nil {
		return err
	}
	if _, err := w.Visits.Report(ctx, id, v.On(), s.minutes(v, owed)); err != nil {
		return err
	}
	return s.register(ctx, w, v, owing)
}

// minutes are the report itself.
func (s *season) minutes(v visit.State, owed visit.Owed) visit.Report {
	key := string(v.ID)
	people := s.draw.between(18, 65, "people", key, v.On())
	r := visit.Report{
		ClientID: "r-" + key, Attendance: visit.Present, Started: v.At, Ended: calendar.MustTimeOfDay(v.At.Hour()+1, 30), People: people,
		LeftEarly: s.draw.chance(s.how.LeaveEarly, "early", key, v.On()),
		Minutes:   fmt.Sprintf("Buổi gặp dân tại %s: %d người dự, có trưởng ấp và bí thư chi bộ. Đã phổ biến nội dung trong tháng, nghe và ghi ý kiến của bà con.", orElse(v.Venue, "nhà văn hóa ấp"), people),
	}
	if v.Holder() != v.Official {
		r.Attendance, r.Substitute = visit.Substitute, v.Holder()
	}
	if s.draw.chance(s.how.ArriveLate, "late", key, v.On()) {
		r.MinutesLate = s.draw.between(20, 40, "late.by", key, v.On())
	}
	if s.time.today().After(s.cal.Add(v.On(), s.in.policy.Visits.ReportDays)) {
		r.LateReason = "đi công tác, chưa kịp nhập báo cáo"
	}
	for _, item := range owed.Items {
		c := visit.Receipt{Item: item, Told: true, Audience: people, Questions: s.draw.between(0, 4, "questions", key+string(item), v.On())}
		if s.draw.chance(s.how.WaiveItem, "waive", key+string(item), v.On()) {
			c = visit.Receipt{Item: item, Waived: "hết giờ, sẽ phổ biến qua loa của ấp"}
		}
		r.Receipts = append(r.Receipts, c)
	}
	for _, i := range owed.Feedback {
		tick := visit.FeedbackTick{Issue: i, Delivered: s.draw.chance(s.how.TellAtVisit, "tell", key+i, v.On())}
		if !tick.Delivered {
			tick.Why = "người nêu ý kiến vắng mặt"
		}
		r.Feedback = append(r.Feedback, tick)
	}
	return r
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// survey describes the hamlet at the first visit. Its figures are made up and
// say so.
func (s *season) survey(ctx context.Context, w *core.Work, v visit.State) error {
	households := s.draw.between(300, 800, "households", string(v.Place), calendar.Date{})
	p, err := w.Visits.Survey(ctx, visit.Profile{
		ID: visit.ProfileID(s.draw.uuid("profile", string(v.Place))), Place: v.Place, Author: v.Holder(), On: v.On(),
		Households: households, Inhabitants: households * 43 / 10, Groups: households / 40, Poor: households / 60, NearPoor: households / 35,
		Production:     "Trồng cây lâu năm, chăn nuôi hộ gia đình, một phần lao động làm công nhân.",
		Infrastructure: "Đường trục ấp đã trải nhựa, một số hẻm còn đường đất; có nhà văn hóa và cụm loa.",
		HotIssues:      "Thoát nước mùa mưa, thu gom rác. (Số liệu của bản chạy mẫu, không phải số liệu thống kê.)",
	}, v.ID)
	if err == nil {
		s.mind.profile[p.ID] = s.time.today()
	}
	return err
}

// reportRounds: the report on each half of a month, to the team leader.
func (s *season) reportRounds(ctx context.Context, w *core.Work) ([]act, error) {
	round, ok := s.endedRound()
	if !ok {
		return nil, nil
	}
	mine, err := w.Programme.Assignments(ctx, programme.AssignmentQuery{During: round, Statuses: []programme.AssignmentStatus{programme.Active}})
	var acts []act
	for _, a := range mine {
		days := s.draw.weighted(s.how.RoundDays, "round", string(a.Official), round.From)
		if !s.after(round.To, days) || !s.mind.once("round "+string(a.Official)+round.From.String()) {
			continue
		}
		acts = append(acts, by(a.Official, func(ctx context.Context, w *core.Work) error {
			_, err := w.Reports.SubmitRound(ctx, a.Official, round.From, "Đã tổ chức buổi theo kế hoạch, tổng hợp ý kiến và báo cáo Tổ trưởng.")
			return err
		}))
	}
	return acts, err
}

// endedRound is the half of a month that ended last, if the season knows it.
func (s *season) endedRound() (calendar.Period, bool) {
	today := programme.RoundOf(s.time.today(), s.in.policy)
	round := programme.RoundOf(today.From.Add(-1), s.in.policy)
	return round, !round.To.Before(s.cfg.from)
}

// tellAnswers: approved answers that no visit comes in time for.
func (s *season) tellAnswers(ctx context.Context, w *core.Work) ([]act, error) {
	due, err := w.Issues.List(ctx, issue.Query{Statuses: []issue.Status{issue.FeedbackDue}})
	if err != nil {
		return nil, err
	}
	var acts []act
	for _, i := range due {
		answered := i.Answered()
		if answered == nil {
			continue
		}
		days := s.draw.weighted(s.how.FeedbackDays, "feedback", fmt.Sprintf("%s/%d", i.ID, len(i.Answers)), calendar.Date{})
		if !s.after(answered.Approved, days) {
			continue
		}
		soon, err := w.Visits.List(ctx, visit.Query{Place: i.Place, Statuses: []visit.Status{visit.Planned, visit.Held},
			During: calendar.Period{From: answered.Approved, To: s.cal.Add(answered.Approved, s.in.policy.Issues.FeedbackDays)}})
		if err != nil {
			return nil, err
		}
		if len(soon) > 0 && !s.after(answered.Approved, s.in.policy.Issues.FeedbackDays+1) {
			continue // it is told there
		}
		owner, err := w.Org.Present(ctx, i.Owner, s.time.today())
		if err != nil {
			owner = s.cast.leads[i.Team]
		}
		acts = append(acts, by(owner, func(ctx context.Context, w *core.Work) error { return s.tell(ctx, w, i) }))
	}
	return acts, nil
}

// tell gives one answer to everybody who waits for it: by call, at the door, or,
// to who gave no name, on the hamlet's board.
func (s *season) tell(ctx context.Context, w *core.Work, i issue.State) error {
	i, err := w.Issues.Get(ctx, i.ID)
	if err != nil || i.Status != issue.FeedbackDue { // told in a report a moment ago
		return err
	}
	for _, o := range i.Untold() {
		channel := issue.NoticeBoard
		switch c := s.mind.reach[opinionID(o)]; {
		case c.phone:
			channel = issue.Call
		case c.named:
			channel = issue.InPerson
		}
		if _, err := w.Issues.Deliver(ctx, i.ID, issue.Delivery{Opinion: o, Channel: channel}); err != nil {
			return err
		}
	}
	return nil
}

// replyToDisputes: who is said not to have come may answer.
func (s *season) replyToDisputes(ctx context.Context, w *core.Work) ([]act, error) {
	disputed, err := w.Visits.List(ctx, visit.Query{Statuses: []visit.Status{visit.Disputed}})
	var acts []act
	for _, v := range disputed {
		if v.Dispute == nil || v.Dispute.Reply != "" || !s.after(v.Dispute.Opened, 1) {
			continue
		}
		acts = append(acts, by(v.Holder(), func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Reply(ctx, v.ID, "Tôi đã đến và làm việc với tổ nhân dân; trưởng ấp hôm đó đi vắng. Có danh sách bà con dự họp.")
			return err
		}))
	}
	return acts, err
}

// explainFlag: an official who was asked explains.
func (s *season) explainFlag(context.Context, *core.Work) ([]act, error) {
	if s.mind.flag == "" || !s.mind.done["flag asked"] || !s.mind.once("flag explained") {
		return nil, nil
	}
	return []act{by(s.cast.officials[0], func(ctx context.Context, w *core.Work) error {
		return w.Supervision.Explain(ctx, s.mind.flag, "Hai buổi tổ chức cùng khung giờ họp ấp nên nội dung ghi giống nhau; tôi sẽ ghi cụ thể hơn.")
	})}, nil
}
