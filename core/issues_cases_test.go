package core_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store"
)

// Worked cases beside those of the examples: the same cast and calendar, dates
// counted by hand.

func pauseFor(reason issue.PauseReason) issueStep {
	return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.Pause(ctx, id, reason, "")
	}
}

func resumeIt(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
	return s.Resume(ctx, id)
}

func acceptIt(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
	return s.Accept(ctx, id)
}

func extendBy(days int) issueStep {
	return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.Extend(ctx, id, issue.Extension{Days: days, Reason: "chờ khảo sát", Message: "Phòng đang khảo sát."})
	}
}

func linkTo(hub issue.ID) issueStep {
	return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.Link(ctx, id, hub)
	}
}

func unlinkIt(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
	return s.Unlink(ctx, id)
}

func TestCase_APauseAcrossTetAndAnExtensionAfterIt(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-01-13")
	m := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	m.wantDuty(duty.Unit, duty.Running, "2017-02-03", clerkOf(unitTNMT)) // 8 days before Tết, 02 and 03/02
	c.at("2017-01-23")
	m.does(vp01, pauseFor(issue.NeedsHigherLevel))
	c.at("2017-02-06")
	m.does(u11, resumeIt).wantDuty(duty.Unit, duty.Running, "2017-02-10", clerkOf(unitTNMT)) // 24, 25/01, 02, 03, 06/02 stood still
	c.at("2017-02-08")
	m.does(vp01, extendBy(10)).wantDuty(duty.Unit, duty.Running, "2017-02-24", clerkOf(unitTNMT))
	m.refuses("duty.extend.too_often", vp01, extendBy(1))
	if i := m.state(); i.PromiseDue != day("2017-02-17") || i.Current().Due != day("2017-02-24") {
		t.Errorf("promised %s, unit %s", i.PromiseDue, i.Current().Due)
	}
	held := m.state().DaysByHolder(calendar2017(t), day("2017-02-08"))
	if diff := cmp.Diff(map[string]int{"team:T3": 0, "unit:P-TNMT": 8, "higher_level": 5}, held); diff != "" {
		t.Error(diff)
	}
}

func TestCase_AReturnOnTheSecondWorkingDayOverAHoliday(t *testing.T) {
	for on, rule := range map[string]string{"2017-04-10": "", "2017-04-11": "issue.return.window_closed"} { // 06/04 is closed, 08 and 09 are a weekend
		c := newCast(t, nil)
		c.at("2017-04-05")
		m := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
		c.at(on)
		if rule != "" {
			m.refuses(rule, u11, giveBackTo(unitKTHT))
			continue
		}
		m.does(u11, giveBackTo(unitKTHT)).wantDuty(duty.Triage, duty.Running, "2017-04-12", org.Party{Role: org.TeamLeader, Team: teamT3})
	}
}

func TestCase_WhatAUnitAcceptedItDoesNotGiveBack(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-13")
	m := c.raised(lan, "AP-01", core.Registration{}, nil)
	m.refuses("permission.issue.answer", u11, acceptIt)
	m.referredTo(unitTNMT).refuses("permission.issue.answer", u21, acceptIt)
	m.does(u11, acceptIt).wantStatus(issue.Referred).wantDuty(duty.Unit, duty.Running, "2017-03-27", clerkOf(unitTNMT))
	m.refuses("issue.accept.twice", u10, acceptIt)
	m.refuses("issue.return.accepted", u11, giveBackTo(unitKTHT))
	if r := m.state().Current(); r.Accepted != day("2017-03-13") || r.AcceptedBy != u11 {
		t.Errorf("%+v", r)
	}
	m.does(u11, draftAnswer(settledAnswer())).refuses("issue.accept.not_referred", u11, acceptIt)
}

func TestCase_NotSatisfiedOnTheLastDayOfTheWindow(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-20")
	m := c.raised(lan, "AP-01", core.Registration{}, withPhone()).referredTo(unitTNMT)
	late := c.raised(lan, "AP-01", core.Registration{}, withPhone()).referredTo(unitTNMT)
	c.at("2017-03-31")
	for _, one := range []*matter{m, late} {
		one.answeredBy(settledAnswer()).does(lan, one.tells(0, issue.Call)).wantDuty(duty.Satisfaction, duty.Running, "2017-04-17", ownedBy(lan))
	}
	c.at("2017-04-17")
	m.does(ta01, m.replies(0, false)).wantStatus(issue.Referred).wantDuty(duty.Unit, duty.Running, "2017-05-03", clerkOf(unitTNMT))
	if i := m.state(); i.Round != 2 || !i.Current().NonReturnable || i.PromiseDue != day("2017-04-18") {
		t.Errorf("%+v", i)
	}
	c.at("2017-04-18 06:00")
	late.refuses("issue.reply.window_closed", ta01, late.replies(0, false))
}

func TestCase_ARoadmapThatEndsOnAHolidayIsDueOnTheNextWorkingDay(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	m.answeredBy(issue.Answer{Class: issue.InProgress, Text: "Đang lập dự toán.", Roadmap: day("2017-04-30")})
	m.wantDuty(duty.Roadmap, duty.Running, "2017-05-03", clerkOf(unitTNMT))
}

func TestCase_ARoadmapWhoseDayHasComeIsNotApproved(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	m.does(u11, draftAnswer(issue.Answer{Class: issue.InProgress, Text: "Tuần sau xong.", Roadmap: day("2017-03-17")}))
	c.at("2017-03-17")
	m.refuses("issue.approve.roadmap_past", u10, approveAnswer)
	m.does(u11, draftAnswer(settledAnswer())).does(u10, approveAnswer)
}

func TestCase_UnlinkedThePausesAndTheExtensionAreRemembered(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	hub := c.raised(minh, "AP-02", core.Registration{}, nil).referredTo(unitTNMT)
	c.at("2017-03-13")
	m := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	c.at("2017-03-14")
	m.does(vp01, extendBy(5)).does(vp01, pauseFor(issue.NeedsSpeaker))
	c.at("2017-03-16")
	m.does(vp01, linkTo(hub.id)).wantOpen()
	c.at("2017-03-22")
	m.does(vp01, unlinkIt).wantStatus(issue.Referred)
	m.wantDuty(duty.Unit, duty.Running, "2017-04-05", clerkOf(unitTNMT)) // 27/03, 5 days more, 2 days of pause
	m.wantDuty(duty.Promise, duty.Running, "2017-04-11", ownedBy(lan))
	if m.state().Current().Due != day("2017-04-05") {
		t.Errorf("the referral says %s", m.state().Current().Due)
	}
	m.refuses("duty.extend.too_often", vp01, extendBy(1))
	if d := m.duty(duty.Unit); d.PausedDays() != 2 || d.Days != 10 || d.Start != day("2017-03-13") {
		t.Errorf("%+v", d)
	}
}

func TestCase_ARepeatedMatterIsToldOneLevelHigherAtOnce(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-02-20")
	first := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT).answeredBy(settledAnswer())
	c.at("2017-03-10")
	again := c.raised(lan, "AP-01", core.Registration{RepeatOf: first.id}, nil).referredTo(unitTNMT) // due 24/03
	c.sweepUntil("2017-03-27 08:00")
	var to []string
	for _, n := range c.outbox(notify.Query{Duty: string(again.duty(duty.Unit).ID), Template: "duty.unit.late"}) {
		to = append(to, string(n.Channel)+" "+n.To.Key())
	}
	slices.Sort(to)
	want := []string{"email programme_office", "email unit_head@unit:P-TNMT", "sms programme_office", "sms unit_head@unit:P-TNMT"}
	if diff := cmp.Diff(want, to); diff != "" {
		t.Errorf("E1 is said as E2: %s", diff)
	}
}

func TestCase_AMatterLinkedToAnotherRaisesItsLadderUntilItIsUnlinked(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	hub := c.raised(minh, "AP-02", core.Registration{}, nil).referredTo(unitTNMT)
	m := c.raised(lan, "AP-01", core.Registration{}, nil)
	m.does(vp01, linkTo(hub.id))
	if hub.duty(duty.Unit).Raise != 1 || hub.duty(duty.Promise).Raise != 1 {
		t.Error("raised once more, its ladder starts higher")
	}
	m.does(vp01, unlinkIt)
	if hub.duty(duty.Unit).Raise != 0 || hub.duty(duty.Promise).Raise != 0 || m.duty(duty.Triage).Raise != 0 {
		t.Error("unlinked, it starts where it did")
	}
}

func TestCase_TheResultOfARoadmapReachesEverybodyWhoWasToldOfIt(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	hub := c.raised(minh, "AP-02", core.Registration{}, nil).referredTo(unitTNMT)
	told := c.raised(lan, "AP-01", core.Registration{}, withPhone()).referredTo(unitKTHT)
	untold := c.raised(ha, "AP-03", core.Registration{}, nil)
	told.does(vp01, linkTo(hub.id))
	untold.does(vp01, linkTo(hub.id))
	c.at("2017-03-15")
	hub.answeredBy(issue.Answer{Class: issue.InProgress, Text: "Đang thi công.", Roadmap: day("2017-04-14")})
	told.does(lan, told.tells(0, issue.Call)).wantStatus(issue.FeedbackGiven).wantOpen(duty.Satisfaction, duty.Roadmap)
	untold.wantStatus(issue.FeedbackDue).wantOpen(duty.Feedback, duty.Roadmap)
	c.at("2017-04-12")
	hub.does(minh, hub.tells(0, issue.NoticeBoard))
	hub.answeredBy(settledAnswer())
	for _, m := range []*matter{told, untold} {
		i := m.wantStatus(issue.FeedbackDue).state()
		if a := i.Answered(); len(i.Answers) != 2 || a.Class != issue.Settled || a.From != hub.id || i.Lead() != unitTNMT {
			t.Errorf("%+v", i.Answers)
		}
		if slices.Contains(m.open(), duty.Roadmap) || m.duty(duty.Roadmap).Status != duty.Met {
			t.Errorf("%s: the result is there: %v", m.id, m.open())
		}
	}
	told.does(lan, told.tells(0, issue.Call)).does(vp01, told.replies(0, false)).wantStatus(issue.Referred)
	if told.state().Lead() != unitTNMT {
		t.Errorf("who is not satisfied is heard by the unit that answered, not by %s", told.state().Lead())
	}
}

func TestCase_WhatIsSealedIsOwedNoMore(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	title := core.Registration{Title: secretBody}
	m := c.raised(lan, "AP-01", title, nil).referredTo(unitTNMT)
	m.does(vp01, pauseFor(issue.NeedsHigherLevel)).does(u11, resumeIt).does(u11, draftAnswer(issue.Answer{Class: issue.Explained, Text: secretBody, Drafter: u11}))
	carried := c.raised(minh, "AP-02", core.Registration{}, nil)
	carried.does(vp01, linkTo(m.id))
	seal := func(id string) {
		t.Helper()
		c.must(vp01, func(ctx context.Context, w *core.Work) error {
			_, _, err := w.Opinions.Classify(ctx, opinion.ID(id), opinion.Denunciation)
			return err
		})
	}
	seal(m.state().Opinions[0])
	i := m.wantStatus(issue.Closed).wantOpen().state()
	if i.Outcome != issue.Withdrawn || i.Title != "" || i.Answers[0].Text != "" || i.ClosedOn != day("2017-03-08") {
		t.Errorf("%+v", i)
	}
	carried.wantStatus(issue.Registered).wantOpen(duty.Promise, duty.Triage)
	c.wantNothingOutsideTheVault()

	two := c.raised(lan, "AP-01", core.Registration{}, nil, nil)
	seal(two.state().Opinions[0])
	two.wantStatus(issue.Registered).wantOpen(duty.Promise, duty.Triage)
	seal(two.state().Opinions[1])
	two.wantStatus(issue.Closed)
}

func TestCase_TwoRoutesDoNotLeadOneSubjectOnOneDay(t *testing.T) {
	c := newCast(t, nil)
	put := func(r issue.Route) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error { _, err := w.Issues.PutRoute(ctx, r); return err }
	}
	c.must(vp01, put(issue.Route{ID: "R-1", Subject: "thoat_nuoc", Lead: unitTNMT, Valid: days("2017-01-01", "2017-06-30")}))
	c.refused("route.overlap", vp01, put(issue.Route{ID: "R-2", Subject: "thoat_nuoc", Lead: unitKTHT, Valid: days("2017-06-30", "2017-12-31")}))
	c.must(vp01, put(issue.Route{ID: "R-2", Subject: "thoat_nuoc", Lead: unitKTHT, Valid: days("2017-07-01", "2017-12-31")}))
	c.must(vp01, put(issue.Route{ID: "R-3", Subject: "thoat_nuoc", Lead: unitKTHT, Owner: "C1", Valid: days("2017-01-01", "2017-12-31")}))
}

func TestCase_ADutyIsExplainedByTheCalendarThatSetIt(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT).answeredBy(settledAnswer())
	spec := spec2017()
	spec.Version = 2
	spec.Closures = append(spec.Closures, spec.Closures[len(spec.Closures)-1])
	spec.Closures[len(spec.Closures)-1].From, spec.Closures[len(spec.Closures)-1].To, spec.Closures[len(spec.Closures)-1].Name = day("2017-03-15"), day("2017-03-15"), "Quốc tang"
	c.put(func(ctx context.Context, tx store.Tx) error {
		return tx.PutRule(ctx, &programme.Rule{ID: "R", Calendar: &spec, Status: programme.RuleApproved, Reason: "quốc tang", Proposer: vp01, Approver: pct})
	})
	c.must(pct, func(ctx context.Context, w *core.Work) error { return core.Recalendar(ctx, w, "calendar v2") })
	d := m.duty(duty.Unit) // met under version 1
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		text, err := w.Duties.Explain(ctx, d.ID, "en")
		promise, err2 := w.Duties.Explain(ctx, m.duty(duty.Promise).ID, "vi")
		if !strings.Contains(text, "version 1") || strings.Contains(text, "Quốc tang") || !strings.Contains(promise, "phiên bản 2") || !strings.Contains(promise, "Quốc tang") {
			t.Errorf("%s\n%s", text, promise)
		}
		return firstOf(err, err2)
	})
}
