package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/visit"
)

// teamLeaders sort and refer, decide, apologise, and close rounds.
func (s *season) teamLeaders(ctx context.Context, w *core.Work) ([]act, error) {
	var acts []act
	for _, part := range []func(context.Context, *core.Work) ([]act, error){
		s.sortIssues, s.apologise, s.decideVisits, s.endangered, s.acceptSurveys, s.closeRounds, s.talkWithOfficial,
	} {
		more, err := part(ctx, w)
		if err != nil {
			return nil, err
		}
		acts = append(acts, more...)
	}
	return acts, nil
}

// desk is who sorts an issue: its team leader, or the office.
func (s *season) desk(i issue.State) org.PersonID {
	if i.To == org.ProgrammeOffice {
		return s.cast.office[0]
	}
	return s.cast.leads[i.Team]
}

// sortIssues: what was registered or came back is referred, mostly to the unit
// that is competent.
func (s *season) sortIssues(ctx context.Context, w *core.Work) ([]act, error) {
	waiting, err := w.Issues.List(ctx, issue.Query{Statuses: []issue.Status{issue.Registered, issue.Triaged}})
	var acts []act
	for _, i := range waiting {
		days := s.draw.weighted(s.how.TriageDays, "triage", fmt.Sprintf("%s/%d", i.ID, len(i.Referrals)), calendar.Date{})
		if !s.after(i.OnDeskSince(), days) {
			continue
		}
		acts = append(acts, by(s.desk(i), func(ctx context.Context, w *core.Work) error { return s.refer(ctx, w, i) }))
	}
	return acts, err
}

func (s *season) refer(ctx context.Context, w *core.Work, i issue.State) error {
	m := s.mind.about[i.ID]
	subject := orElse(m.subject, "citizen_reception")
	if i.Status == issue.Registered {
		if _, err := w.Issues.Triage(ctx, i.ID, issue.Sorting{Subject: subject, Urgency: m.urgency, Title: i.Title}); err != nil {
			return err
		}
	}
	lead := org.UnitID("") // as the route of the subject says
	switch {
	case i.Returns() == 0 && s.wrong(i):
		lead = s.other(s.cast.leadUnit[subject], string(i.ID))
	case i.Returns() == 1 && s.stubborn(i):
		lead = s.other(s.cast.leadUnit[subject], string(i.ID)+"/2")
		if lead == i.Referrals[0].Lead {
			lead = ""
		}
	}
	_, err := w.Issues.Refer(ctx, i.ID, lead)
	return err
}

// wrong: the desk picks a unit that is not competent.
func (s *season) wrong(i issue.State) bool {
	return s.draw.chance(s.how.WrongUnit, "wrong", string(i.ID), calendar.Date{})
}

// stubborn: and, every third time, another one that is not.
func (s *season) stubborn(i issue.State) bool {
	return s.draw.chance(0.4, "wrong.again", string(i.ID), calendar.Date{})
}

// other is a unit that is not the given one.
func (s *season) other(than org.UnitID, about string) org.UnitID {
	var others []org.UnitID
	for _, u := range s.cast.units {
		if u != than {
			others = append(others, u)
		}
	}
	return one(s.draw, others, "other unit", about, calendar.Date{})
}

// competent is the unit that the subject of an issue belongs to.
func (s *season) competent(i issue.State) org.UnitID { return s.cast.leadUnit[i.Subject] }

// apologise: who missed a promise says so and names a new day.
func (s *season) apologise(ctx context.Context, w *core.Work) ([]act, error) {
	open, err := w.Issues.List(ctx, issue.Query{Statuses: []issue.Status{issue.Referred, issue.OnHold, issue.AnswerDrafted, issue.FeedbackDue, issue.Triaged, issue.Arbitration}})
	var acts []act
	for _, i := range open {
		if i.Apology == nil || !i.Apologised.IsZero() {
			continue
		}
		days := s.draw.weighted(s.how.ApologyDays, "apology", string(i.ID), calendar.Date{})
		if !s.after(i.Apology.Drafted, days) {
			continue
		}
		acts = append(acts, by(s.desk(i), func(ctx context.Context, w *core.Work) error {
			_, err := w.Issues.Apologise(ctx, i.ID, issue.Apology{Reason: "đơn vị cần thêm thời gian kiểm tra thực tế", NewDate: s.cal.Add(s.time.today(), 7)})
			return err
		}))
	}
	return acts, err
}

// decideVisits: disputes, entries that come very late, and absences.
func (s *season) decideVisits(ctx context.Context, w *core.Work) ([]act, error) {
	open, err := w.Visits.List(ctx, visit.Query{Statuses: []visit.Status{visit.Disputed, visit.Missed}})
	var acts []act
	for _, v := range open {
		lead, key := s.cast.leads[v.Team], string(v.ID)
		switch {
		case v.Status == visit.Disputed:
			if v.Dispute.Reply == "" || !s.after(v.Dispute.Opened, 1+s.draw.weighted(s.how.DecideDays, "decide", key, calendar.Date{})) {
				continue
			}
			acts = append(acts, by(lead, func(ctx context.Context, w *core.Work) error {
				_, err := w.Visits.Decide(ctx, v.ID, true, "Đã đối chiếu danh sách dự họp và gọi cho ba hộ dân: buổi có tổ chức.")
				return err
			}))
		case !v.Happened.IsZero(): // held, not reported
			if v.LateApproved != nil || !s.after(v.Happened, s.in.policy.Visits.LateEntryDays+1) {
				continue
			}
			acts = append(acts, by(lead, func(ctx context.Context, w *core.Work) error {
				_, err := w.Visits.ApproveLate(ctx, v.ID, "công chức ốm, có xác nhận của đơn vị")
				return err
			}))
		case v.Absence == "" && s.after(v.Planned, 4):
			how, why := visit.Unexcused, ""
			if s.draw.chance(s.how.MissExcused, "excused", key, v.Planned) || v.Status == visit.AtRisk {
				how, why = visit.Excused, "có việc gia đình đột xuất, đã báo cáo"
			}
			acts = append(acts, by(lead, func(ctx context.Context, w *core.Work) error {
				_, err := w.Visits.Absent(ctx, v.ID, how, why)
				return err
			}))
		}
	}
	return acts, err
}

// endangered: a visit whose official is away without anybody to stand in is
// moved to after the leave, if that is still in its half of the month or the
// next working days.
func (s *season) endangered(ctx context.Context, w *core.Work) ([]act, error) {
	at, err := w.Visits.List(ctx, visit.Query{Statuses: []visit.Status{visit.AtRisk}, During: calendar.Period{From: s.time.today()}})
	if err != nil || len(at) == 0 {
		return nil, err
	}
	var acts []act
	for _, v := range at {
		leaves, err := w.Org.Leaves(ctx, org.LeaveQuery{Person: v.Official, On: v.Planned})
		if err != nil {
			return nil, err
		}
		if len(leaves) == 0 {
			continue
		}
		to := s.cal.NextWorkingDay(leaves[0].Days.To.Add(1))
		if !s.ahead(to) || !s.after(v.Planned.Add(-4), 0) { // a few days before, not at once
			continue
		}
		acts = append(acts, by(s.cast.leads[v.Team], func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Postpone(ctx, v.ID, to, calendar.TimeOfDay{}, "công chức nghỉ phép, chưa có người thay")
			return err
		}))
	}
	return acts, nil
}

// acceptSurveys: team leaders take the surveys of their officials over.
func (s *season) acceptSurveys(ctx context.Context, w *core.Work) ([]act, error) {
	var acts []act
	for _, id := range sorted(s.mind.profile) {
		on := s.mind.profile[id]
		if !s.after(on, s.draw.weighted(s.how.AcceptProfile, "accept", string(id), calendar.Date{})) || !s.mind.once("accept "+string(id)) {
			continue
		}
		lead := s.cast.office[0]
		acts = append(acts, by(lead, func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.AcceptProfile(ctx, id)
			return err
		}))
	}
	return acts, nil
}

// closeRounds: the leader looks at what came in and closes it.
func (s *season) closeRounds(ctx context.Context, w *core.Work) ([]act, error) {
	round, ok := s.endedRound()
	if !ok {
		return nil, nil
	}
	var acts []act
	for _, team := range sorted(s.cast.leads) {
		lead := s.cast.leads[team]
		lines, err := s.teamRound(ctx, lead, team, round)
		if err != nil {
			return nil, err
		}
		for _, line := range lines {
			key := string(line.Official) + round.From.String()
			days := s.draw.weighted(s.how.CloseDays, "close", key, round.From)
			if line.Report != report.Submitted || !s.after(round.To, days+1) || !s.mind.once("closed "+key) {
				continue
			}
			acts = append(acts, by(lead, func(ctx context.Context, w *core.Work) error {
				_, err := w.Reports.CloseRound(ctx, report.ID("round/"+string(line.Official)+"/"+round.From.String()))
				return err
			}))
		}
	}
	return acts, nil
}

// teamRound is what the leader of a team sees of a round, in the weeks in which
// anything of it is open.
func (s *season) teamRound(ctx context.Context, lead org.PersonID, team org.TeamID, round calendar.Period) ([]core.RoundLine, error) {
	if s.after(round.To, 9) {
		return nil, nil
	}
	var lines []core.RoundLine
	err := s.world.sys.View(ctx, org.Actor{Person: lead}, func(ctx context.Context, w *core.Work) (err error) {
		lines, err = w.Reports.TeamRound(ctx, team, round.From)
		return err
	})
	return lines, err
}

// talkWithOfficial: once, two reports read the same, and there is a talk about it
// (never a mark).
func (s *season) talkWithOfficial(context.Context, *core.Work) ([]act, error) {
	official := s.cast.officials[0]
	team := s.cast.teamOf[official]
	lead, today := s.cast.leads[team], s.time.today()
	switch {
	case !today.Before(s.cal.Add(s.cfg.from, 45)) && s.mind.once("flag raised"):
		return []act{by(lead, func(ctx context.Context, w *core.Work) error {
			f, err := w.Supervision.Raise(ctx, official, team, "same_minutes", "Biên bản hai buổi liên tiếp giống nhau gần hết.")
			s.mind.flag = f.ID
			return err
		})}, nil
	case s.mind.flag != "" && !today.Before(s.cal.Add(s.cfg.from, 46)) && s.mind.once("flag asked"):
		return []act{by(lead, func(ctx context.Context, w *core.Work) error {
			return w.Supervision.AskForExplanation(ctx, s.mind.flag, team)
		})}, nil
	case s.mind.done["flag explained"] && !today.Before(s.cal.Add(s.cfg.from, 49)) && s.mind.once("flag decided"):
		return []act{by(lead, func(ctx context.Context, w *core.Work) error {
			return w.Supervision.DecideFlag(ctx, s.mind.flag, team, false, "Giải trình hợp lý, đã nhắc cách ghi biên bản.")
		})}, nil
	}
	return nil, nil
}

// clerks answer for their units, or say that a matter is not theirs.
func (s *season) clerks(ctx context.Context, w *core.Work) ([]act, error) {
	referred, err := w.Issues.List(ctx, issue.Query{Statuses: []issue.Status{issue.Referred}})
	if err != nil {
		return nil, err
	}
	var acts []act
	for _, i := range referred {
		if a, ok := s.clerk(i); ok {
			acts = append(acts, a)
		}
	}
	results, err := s.results(ctx, w)
	return append(acts, results...), err
}

func (s *season) clerk(i issue.State) (act, bool) {
	r := i.Current()
	clerk, today := s.cast.unitClerk[r.Lead], s.time.today()
	if clerk == "" {
		return act{}, false
	}
	if right := s.competent(i); right != r.Lead && !r.NonReturnable && right != "" {
		last := s.cal.Add(r.On, s.in.policy.Issues.ReturnDays)
		return by(clerk, func(ctx context.Context, w *core.Work) error {
			_, err := w.Issues.Return(ctx, i.ID, "nội dung không thuộc chức năng của phòng", right)
			return err
		}), s.after(r.On, 1) && !today.After(last)
	}
	if !s.after(r.On, s.answerDays(i)) {
		return act{}, false
	}
	return by(clerk, func(ctx context.Context, w *core.Work) error {
		_, err := w.Issues.DraftAnswer(ctx, i.ID, s.answer(i))
		return err
	}), true
}

// answerDays is how many working days a unit takes in this round.
func (s *season) answerDays(i issue.State) int {
	r := i.Current()
	term := max(1, s.cal.Elapsed(r.On, r.Due))
	key := fmt.Sprintf("%s/%d", i.ID, r.Number)
	early := max(1, int(float64(term)*s.how.AnswerEarly))
	switch s.draw.weighted([]float64{1 - s.how.AnswerLate - s.how.AnswerVeryLat, s.how.AnswerLate, s.how.AnswerVeryLat}, "answer", key, calendar.Date{}) {
	case 1:
		return term + s.draw.between(1, 4, "answer.late", key, calendar.Date{})
	case 2:
		return term + s.draw.between(5, 9, "answer.very late", key, calendar.Date{})
	}
	return s.draw.between(early, max(early, term-1), "answer.days", key, calendar.Date{})
}

// answer is what the unit says: what the file says, in a later round with more
// about it.
func (s *season) answer(i issue.State) issue.Answer {
	m := s.mind.about[i.ID]
	a := issue.Answer{Class: m.class, Text: orElse(m.answer, "Đơn vị đã kiểm tra và trả lời bà con."), Document: strings.TrimLeft(i.Code[len(i.Code)-4:], "0") + "/CV"}
	switch {
	case i.OnRoadmap(): // the result of what was promised
		a.Class, a.Text = issue.Settled, "Đã làm xong như đã hẹn: "+a.Text
	case i.Round > 1:
		a.Class, a.Text = issue.Explained, "Đã cùng UBND xã đến tận nơi kiểm tra lại và giải thích rõ từng nội dung: "+a.Text
	case a.Class == "" || a.Class == "guided":
		a.Class = issue.Explained
	case a.Class == issue.InProgress:
		a.Roadmap = s.cal.Add(s.time.today(), s.draw.between(8, 25, "roadmap", string(i.ID), calendar.Date{}))
	case a.Class == issue.Beyond:
		a.Body = map[org.UnitID]string{"dn-so-gtvt": "Sở Giao thông vận tải tỉnh"}[m.body]
		if a.Body == "" {
			a.Body = "UBND tỉnh"
		}
	}
	return a
}

// results: what was promised by a roadmap's day is answered for on that day, or
// some days later.
func (s *season) results(ctx context.Context, w *core.Work) ([]act, error) {
	given, err := w.Issues.List(ctx, issue.Query{Statuses: []issue.Status{issue.FeedbackGiven}})
	var acts []act
	for _, i := range given {
		a := i.Answered()
		if a == nil || a.Class != issue.InProgress || a.Round != i.Round {
			continue
		}
		late := 0
		if s.draw.chance(s.how.RoadmapLate, "roadmap.late", string(i.ID), calendar.Date{}) {
			late = s.draw.between(1, 6, "roadmap.by", string(i.ID), calendar.Date{})
		}
		if clerk := s.cast.unitClerk[a.Unit]; clerk != "" && s.after(a.Roadmap.Add(-1), late) {
			acts = append(acts, by(clerk, func(ctx context.Context, w *core.Work) error {
				_, err := w.Issues.DraftAnswer(ctx, i.ID, s.answer(i))
				return err
			}))
		}
	}
	return acts, err
}

// unitHeads approve what their clerks drafted; what was contested is approved one
// level up, and sensitive matters by the office.
func (s *season) unitHeads(ctx context.Context, w *core.Work) ([]act, error) {
	drafted, err := w.Issues.List(ctx, issue.Query{Statuses: []issue.Status{issue.AnswerDrafted}})
	var acts []act
	for _, i := range drafted {
		d := i.Draft()
		if d == nil || !s.after(d.Drafted, s.draw.weighted(s.how.ApproveDays, "approve", fmt.Sprintf("%s/%d", i.ID, len(i.Answers)), calendar.Date{})) {
			continue
		}
		approver := s.cast.unitHead[d.Unit]
		switch i.ApprovalLevel() {
		case issue.LevelOffice:
			approver = s.cast.office[0]
		case issue.LevelHigher:
			approver = s.cast.leader
		}
		acts = append(acts, by(approver, func(ctx context.Context, w *core.Work) error {
			_, err := w.Issues.ApproveAnswer(ctx, i.ID)
			return err
		}))
	}
	return acts, err
}

// leaders: the vice-chair decides appeals and accepts month reports.
func (s *season) leaders(ctx context.Context, w *core.Work) ([]act, error) {
	appealed, err := w.Issues.List(ctx, issue.Query{Statuses: []issue.Status{issue.Appealed}})
	if err != nil {
		return nil, err
	}
	var acts []act
	for _, i := range appealed {
		if !s.after(i.Appeal.Opened, s.draw.between(3, 8, "appeal", string(i.ID), calendar.Date{})) {
			continue
		}
		acts = append(acts, by(s.cast.leader, func(ctx context.Context, w *core.Work) error {
			_, err := w.Issues.DecideAppeal(ctx, i.ID,
				"Đã xem hồ sơ và làm việc với đơn vị: nội dung trả lời đúng quy định; giao UBND xã hỗ trợ hộ dân phần việc còn lại.",
				"Nếu không đồng ý, ông (bà) có quyền khiếu nại theo Luật Khiếu nại hoặc khởi kiện vụ án hành chính tại Tòa án.")
			return err
		}))
	}
	more, err := s.acceptMonth(ctx, w)
	return append(acts, more...), err
}

// requests: units ask the office for time, or wait for somebody.
func (s *season) requests(ctx context.Context, w *core.Work) ([]act, error) {
	referred, err := w.Issues.List(ctx, issue.Query{Statuses: []issue.Status{issue.Referred, issue.OnHold}})
	if err != nil {
		return nil, err
	}
	var acts []act
	for _, i := range referred {
		r, key := i.Current(), string(i.ID)
		if s.competent(i) != r.Lead {
			continue
		}
		switch {
		case i.Status == issue.OnHold:
			p := i.Pauses[len(i.Pauses)-1]
			if s.after(p.From, s.draw.between(2, 6, "resume", key, calendar.Date{})) {
				acts = append(acts, by(s.cast.unitClerk[r.Lead], func(ctx context.Context, w *core.Work) error {
					_, err := w.Issues.Resume(ctx, i.ID)
					return err
				}))
			}
		case s.draw.chance(s.how.Pause, "pause", key, calendar.Date{}) && s.after(r.On, 1) && s.mind.once("pause "+key):
			acts = append(acts, by(s.cast.office[1], func(ctx context.Context, w *core.Work) error {
				_, err := w.Issues.Pause(ctx, i.ID, issue.NeedsSpeaker, "cần bà con bổ sung giấy tờ")
				return err
			}))
		case s.draw.chance(s.how.Extend, "extend", key, calendar.Date{}) && !s.time.today().Before(s.cal.Subtract(r.Due, 2)) && s.time.today().Before(r.Due) && s.mind.once("extend "+key):
			acts = append(acts, by(s.cast.office[1], func(ctx context.Context, w *core.Work) error {
				_, err := w.Issues.Extend(ctx, i.ID, issue.Extension{Days: 5, Reason: "phải chờ kết quả kiểm nghiệm", Message: "Đơn vị đang chờ kết quả kiểm nghiệm, sẽ trả lời bà con khi có kết quả."})
				return err
			}))
		}
	}
	return acts, nil
}
