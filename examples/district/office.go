package main

import (
	"context"
	"fmt"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/visit"
)

// officeMorning is the programme office's day, and the inspectors'.
func (s *season) officeMorning(ctx context.Context, w *core.Work) ([]act, error) {
	var acts []act
	for _, part := range []func(context.Context, *core.Work) ([]act, error){
		s.issueTopics, s.classify, s.link, s.arbitrate, s.requests, s.callBack, s.handOutPaper, s.submitMonth, s.approveMonth, s.inspect,
	} {
		more, err := part(ctx, w)
		if err != nil {
			return nil, err
		}
		acts = append(acts, more...)
	}
	return acts, nil
}

// issueTopics: what every hamlet is to be told in the month.
func (s *season) issueTopics(context.Context, *core.Work) ([]act, error) {
	month := calendar.MonthOf(s.time.today())
	if month.First().After(s.cfg.to) || !s.mind.once("topics "+month.String()) {
		return nil, nil
	}
	var acts []act
	for n, b := range s.in.bulletins {
		if b.month != month {
			continue
		}
		item := visit.Item{ID: visit.ItemID(s.draw.uuid("item", fmt.Sprint(n))), Type: b.kind, Title: b.title, Document: b.document, Valid: month.Period()}
		acts = append(acts, by(s.cast.office[0], func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Issue(ctx, item)
			return err
		}))
	}
	return acts, nil
}

// classify: what nobody could name at once is named the next day.
func (s *season) classify(ctx context.Context, w *core.Work) ([]act, error) {
	today := s.time.today()
	unclear, err := w.Opinions.List(ctx, opinion.Query{Kinds: []opinion.Kind{opinion.Unclassified}, During: calendar.Period{From: today.Add(-14), To: today}})
	var acts []act
	for _, o := range unclear {
		m, known := s.mind.matter[o.ID]
		if !known || o.Status == opinion.Withdrawn || !s.mind.once("classify "+string(o.ID)) {
			continue
		}
		acts = append(acts, by(s.cast.office[0], func(ctx context.Context, w *core.Work) error {
			_, _, err := w.Opinions.Classify(ctx, o.ID, m.kind, m.subject)
			return err
		}))
	}
	return acts, err
}

// link: the same matter of the same hamlet that is being handled already is
// carried by the older issue.
func (s *season) link(ctx context.Context, w *core.Work) ([]act, error) {
	fresh, err := w.Issues.List(ctx, issue.Query{Statuses: []issue.Status{issue.Registered}})
	if err != nil {
		return nil, err
	}
	var acts []act
	for _, i := range fresh {
		hub, ok := s.hub(ctx, w, i)
		if !ok || !s.draw.chance(s.how.LinkRepeats, "link", string(i.ID), calendar.Date{}) || !s.mind.once("link "+string(i.ID)) {
			continue
		}
		acts = append(acts, by(s.cast.office[0], func(ctx context.Context, w *core.Work) error {
			_, err := w.Issues.Link(ctx, i.ID, hub)
			return err
		}))
	}
	return acts, nil
}

// hub is an older open issue of the same matter in the same hamlet.
func (s *season) hub(ctx context.Context, w *core.Work, i issue.State) (issue.ID, bool) {
	for _, h := range s.mind.said[i.Place] {
		if h.issue == i.ID {
			return "", false
		}
		if h.matter.row != s.mind.about[i.ID].row {
			continue
		}
		earlier, err := w.Issues.Get(ctx, h.issue)
		if err == nil && earlier.Unanswered() && earlier.Status != issue.Linked {
			return earlier.ID, true
		}
	}
	return "", false
}

// arbitrate: what two units returned is decided the next day.
func (s *season) arbitrate(ctx context.Context, w *core.Work) ([]act, error) {
	open, err := w.Issues.List(ctx, issue.Query{Statuses: []issue.Status{issue.Arbitration}})
	var acts []act
	for _, i := range open {
		last := i.Referrals[len(i.Referrals)-1]
		if !s.after(last.ReturnedOn, 1) {
			continue
		}
		acts = append(acts, by(s.cast.office[0], func(ctx context.Context, w *core.Work) error {
			_, err := w.Issues.Arbitrate(ctx, i.ID, s.competent(i))
			return err
		}))
	}
	return acts, err
}

// callBack: on the tenth working day of a month the office calls the hamlets of
// some visits of the month before, drawn by the season's seed.
func (s *season) callBack(context.Context, *core.Work) ([]act, error) {
	today := s.time.today()
	month := calendar.MonthOf(today)
	before := month.Add(-1).Period()
	if before.To.Before(s.cfg.from) || today.Before(s.cal.Add(month.First().Add(-1), 10)) || !s.mind.once("call "+month.String()) {
		return nil, nil
	}
	return []act{by(s.cast.office[1], func(ctx context.Context, w *core.Work) error {
		drawn, err := w.Supervision.CallBacks(ctx, before, s.cfg.seed)
		if err != nil {
			return err
		}
		for _, v := range drawn {
			if v.Status != visit.Reported && v.Status != visit.Unconfirmed {
				continue
			}
			if _, err := w.Visits.Confirm(ctx, v.ID, true, "gọi điện cho hai hộ dân"); err != nil {
				return err
			}
		}
		return nil
	})}, nil
}

// handOutPaper: what no message can reach is printed and handed over.
func (s *season) handOutPaper(ctx context.Context, w *core.Work) ([]act, error) {
	slips, err := w.Notices.List(ctx, notify.Query{Channel: notify.PaperTask, States: []notify.State{notify.Accepted}})
	var acts []act
	for _, n := range slips {
		acts = append(acts, by(s.cast.office[1], func(ctx context.Context, w *core.Work) error { return w.Notices.Handle(ctx, n.ID) }))
	}
	return acts, err
}

// reportedMonth is the month that ended last, if the season knows it.
func (s *season) reportedMonth() (calendar.Month, bool) {
	month := calendar.MonthOf(s.time.today()).Add(-1)
	return month, !month.Last().Before(s.cfg.from) && !month.Last().After(s.cfg.to)
}

// monthText is what the office writes under a month's figures.
const monthText = `Công chức, viên chức được phân công chấp hành tốt kế hoạch; bà con ở các ấp tích cực nêu ý kiến.
Một số buổi báo cáo còn chậm; một số đơn vị trả lời chậm so với thời hạn.`

// submitMonth: the second working day of the next month.
func (s *season) submitMonth(context.Context, *core.Work) ([]act, error) {
	month, ok := s.reportedMonth()
	if !ok || !s.after(month.Last(), s.in.policy.Reports.MonthDay-1) || !s.mind.once("month "+month.String()) {
		return nil, nil
	}
	return []act{by(s.cast.office[0], func(ctx context.Context, w *core.Work) error {
		_, err := w.Reports.SubmitMonth(ctx, month, monthText)
		return err
	})}, nil
}

// approveMonth: another member of the office passes it on.
func (s *season) approveMonth(ctx context.Context, w *core.Work) ([]act, error) {
	return s.month(ctx, w, report.Submitted, s.cast.office[1], func(w *core.Work) func(context.Context, calendar.Month) (report.State, error) {
		return w.Reports.ApproveMonth
	})
}

// acceptMonth: the vice-chair accepts it, and it is locked.
func (s *season) acceptMonth(ctx context.Context, w *core.Work) ([]act, error) {
	return s.month(ctx, w, report.Approved, s.cast.leader, func(w *core.Work) func(context.Context, calendar.Month) (report.State, error) {
		return w.Reports.AcceptMonth
	})
}

func (s *season) month(ctx context.Context, w *core.Work, at report.Status, who org.PersonID,
	step func(*core.Work) func(context.Context, calendar.Month) (report.State, error),
) ([]act, error) {
	month, ok := s.reportedMonth()
	if !ok || !s.mind.done["month "+month.String()] || s.mind.done[fmt.Sprint("month ", at, month)] {
		return nil, nil
	}
	_, r, err := w.Reports.Month(ctx, month)
	if err != nil || r.Status != at {
		return nil, err
	}
	s.mind.once(fmt.Sprint("month ", at, month))
	return []act{by(who, func(ctx context.Context, w *core.Work) error {
		_, err := step(w)(ctx, month)
		return err
	})}, nil
}

// inspect: the inspector who was told opens what is sealed, says so, and ends it
// after three weeks. Nobody else learns of it.
func (s *season) inspect(ctx context.Context, _ *core.Work) ([]act, error) {
	if !s.mind.done["denunciation"] || s.mind.done["case closed"] {
		return nil, nil
	}
	var acts []act
	for _, who := range s.cast.inspectors {
		var mine []sealed.Ticket
		err := s.world.sys.View(ctx, org.Actor{Person: who}, func(ctx context.Context, w *core.Work) (err error) {
			mine, err = w.Sealed.Mine(ctx)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, t := range mine {
			acts = append(acts, s.handleSealed(who, t)...)
		}
	}
	return acts, nil
}

func (s *season) handleSealed(who org.PersonID, t sealed.Ticket) []act {
	switch {
	case t.Status == sealed.Transferred && s.mind.once("case acknowledged"):
		s.mind.opened = s.time.today()
		return []act{by(who, func(ctx context.Context, w *core.Work) error {
			if _, err := w.Sealed.Read(ctx, t.ID); err != nil {
				return err
			}
			return w.Sealed.Acknowledge(ctx, t.ID)
		})}
	case t.Status == sealed.Acknowledged && s.after(s.mind.opened, 15) && s.mind.once("case closed"):
		return []act{by(who, func(ctx context.Context, w *core.Work) error { return w.Sealed.Resolve(ctx, t.ID, "01/TTr") })}
	}
	return nil
}
