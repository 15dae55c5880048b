package core_test

import (
	"context"
	"testing"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/visit"
)

func TestTheOfficialsOwnProofDoesNotVerifyAVisit(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	id := c.plan(lan, "AP-01", "2017-03-08")
	c.at("2017-03-09")
	c.must(lan, reportOn(id, "2017-03-08", minutes()))
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.AddEvidence(ctx, id, visit.Evidence{Kind: "photo", Grade: visit.Strong, By: ta01}) // in somebody's name
		return err
	})
	if v := c.visit(id); v.Status != visit.Reported || v.Evidence[0].Grade == visit.Strong {
		t.Errorf("%s by %+v", v.Status, v.Evidence)
	}
}

func TestAVisitHeldOwesItsReportFromThatDayOn(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	id := c.plan(lan, "AP-01", "2017-03-08")
	c.at("2017-03-07") // a day earlier than planned
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Hold(ctx, id, day("2017-03-07"))
		return err
	})
	if got := c.owed(visit.Subject(id)); len(got) != 1 {
		t.Errorf("owed: %v", got)
	}
	if v := c.visit(id); v.Status != visit.Held || v.HeldBy != lan || v.ReportDue != day("2017-03-09") {
		t.Errorf("%+v", v)
	}
}

func TestWhoMayConfirmMayContestAndTheLeaderOwesADecision(t *testing.T) {
	c := newCast(t, nil)
	id := c.verified()
	c.refused("visit.dispute.reason_missing", ta01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Contest(ctx, id, " ")
		return err
	})
	c.must(ta01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Contest(ctx, id, "biên bản ghi sai giờ")
		return err
	})
	if v := c.visit(id); v.Status != visit.Disputed || v.Dispute.By != ta01 {
		t.Errorf("%s %+v", v.Status, v.Dispute)
	}
	c.must(tl03, func(ctx context.Context, w *core.Work) error {
		owed, err := w.Duties.Owed(ctx, tl03)
		found := false
		for _, d := range owed {
			found = found || d.Kind == duty.Dispute && d.Subject == visit.Subject(id)
		}
		if !found {
			t.Errorf("the leader owes %v", owed)
		}
		return err
	})
}

func TestWhatWasSupersededIsNotOwedAnyMore(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	id := c.plan(lan, "AP-01", "2017-03-08")
	put := func(title string) (item visit.Item) {
		c.must(vp01, func(ctx context.Context, w *core.Work) (err error) {
			item, err = w.Visits.Issue(ctx, visit.Item{Type: visit.Information, Title: title, Valid: days("2017-03-01", "2017-03-31")})
			return err
		})
		return item
	}
	old, next := put("Lịch tiêm"), put("Lịch tiêm mới")
	replace := func(ctx context.Context, w *core.Work) error { return w.Visits.Supersede(ctx, old.ID, next.ID) }
	c.must(vp01, replace)
	c.refused("item.supersede.not_issued", vp01, replace)
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		owed, err := w.Visits.Owed(ctx, id)
		if len(owed.Items) != 1 || owed.Items[0] != next.ID {
			t.Errorf("owed: %v", owed.Items)
		}
		return err
	})
}

func TestARejectedRuleNeverComesIntoForce(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	var id programme.RuleID
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		r, err := w.Programme.ProposeRule(ctx, programme.Rule{Policy: nextPolicy(), Reason: "thí điểm"})
		id = r.ID
		return err
	})
	c.must(pct, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.RejectRule(ctx, id, "chưa cần")
		return err
	})
	c.refused("programme.rule.decided", pct, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.ApproveRule(ctx, id)
		return err
	})
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		rules, err := w.Programme.Rules(ctx)
		if len(rules) != 1 || rules[0].Status != programme.RuleRejected || rules[0].Approver != pct {
			t.Errorf("%+v", rules)
		}
		return err
	})
}

func TestAnAppealKeepsTheSpeakersGrounds(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	m := c.raised(lan, "AP-01", core.Registration{}, elder()).referredTo(unitTNMT).answeredBy(settledAnswer())
	appeal := func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.Appeal(ctx, id, issue.Satisfaction{Opinion: m.state().Opinions[0]}, "mương vẫn ngập")
	}
	m.does(lan, m.tells(0, issue.InPerson)).refuses("issue.appeal.round", ta01, appeal) // the unit answers once more first
	m.does(ta01, m.replies(0, false)).does(u11, draftAnswer(settledAnswer())).does(pct, approveAnswer).does(lan, m.tells(0, issue.InPerson))
	m.does(ta01, appeal)
	if i := m.state(); i.Status != issue.Appealed || i.Appeal.Grounds != "mương vẫn ngập" {
		t.Errorf("%s %+v", i.Status, i.Appeal)
	}
}
