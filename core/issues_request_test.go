package core_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

func moreTime() issue.Extension {
	return issue.Extension{Days: 5, Reason: "chờ khảo sát", Message: "Phòng đang khảo sát thực địa."}
}

// ruleOf is the code of the rule that an error names, empty without one.
func ruleOf(err error) string {
	var v *fault.Violation
	if errors.As(err, &v) {
		return v.Rule
	}
	return ""
}

func asksTime(x issue.Extension) issueStep {
	return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.AskExtension(ctx, id, x)
	}
}

func asksPause(reason issue.PauseReason, note string) issueStep {
	return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.AskPause(ctx, id, reason, note)
	}
}

func decides(grant bool, reason string) issueStep {
	return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.DecideRequest(ctx, id, grant, reason)
	}
}

func sendsBack(reason string) issueStep {
	return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.SendBackAnswer(ctx, id, reason)
	}
}

func contributes(text string) issueStep {
	return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.Contribute(ctx, id, text)
	}
}

func TestAUnitAsksForMoreTimeAndTheOfficeDecides(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, withPhone())
	m.refuses("permission.issue.answer", u11, asksTime(moreTime()))
	m.referredTo(unitTNMT)
	m.refuses("issue.request.none", vp01, decides(true, ""))
	m.refuses("issue.request.message_missing", u11, asksTime(issue.Extension{Days: 5, Reason: "chờ"}))
	m.refuses("issue.request.reason_missing", u11, asksTime(issue.Extension{Days: 5, Message: "chờ"}))
	m.refuses("issue.request.pause_unknown", u11, asksPause("rain", "mưa"))
	m.refuses("duty.extend.too_long", u11, asksTime(issue.Extension{Days: 11, Reason: "chờ", Message: "x"}))
	m.refuses("permission.issue.answer", u21, asksTime(moreTime()))
	m.does(u11, asksTime(moreTime())).wantDuty(duty.Unit, duty.Running, "2017-03-24", clerkOf(unitTNMT))
	m.wantNotices("issue.asks_extension", "email programme_office")
	if len(c.outbox(notify.Query{Template: "issue.extended"}))+len(c.outbox(notify.Query{Template: "issue.delayed"})) != 0 {
		t.Error("owner and speakers hear of a request that nobody has granted")
	}
	m.refuses("issue.request.pending", u11, asksPause(issue.NeedsSpeaker, "cần vị trí"))
	m.refuses("permission.issue.approve_pause", u10, decides(true, ""))
	m.refuses("issue.request.refusal_missing", vp01, decides(false, " "))
	m.does(vp01, decides(false, "đủ thời gian"))
	m.wantNotices("issue.request_refused", "email unit_clerk@unit:P-TNMT", "email unit_head@unit:P-TNMT")
	if r := m.state().Requests[0]; r.Granted || r.Refusal != "đủ thời gian" || r.Decider != vp01 || m.state().Request() != nil {
		t.Errorf("%+v", r)
	}
	m.refuses("issue.request.none", vp01, decides(true, ""))

	m.does(u10, asksTime(moreTime())).does(pct, decides(true, "")).wantDuty(duty.Unit, duty.Running, "2017-03-31", clerkOf(unitTNMT))
	m.wantNotices("issue.extension_granted", "email unit_clerk@unit:P-TNMT", "email unit_head@unit:P-TNMT")
	m.wantNotices("issue.delayed", "sms @speaker:"+string(c.speakerOf(m)))
	m.wantNotices("issue.extended", "sms official@person:CC-017@team:T3")
	i := m.state()
	if r, e := i.Requests[1], i.Extensions[0]; !r.Granted || r.Decider != pct || e.By != pct || e.Message != moreTime().Message || i.Current().Due != day("2017-03-31") {
		t.Errorf("%+v %+v", r, e)
	}
	log := slices.DeleteFunc(m.events(), func(kind string) bool { return kind == "duty.deadline_moved" })
	if got := log[len(log)-5:]; !slices.Equal(got, []string{"requested", "request_decided", "requested", "request_decided", "extended"}) {
		t.Errorf("%v", got)
	}
	m.refuses("duty.extend.too_often", u11, asksTime(moreTime()))
}

func TestMoreTimeAskedForBeforeTheDueDateMayBeGrantedAfterIt(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	late := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	paused := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	c.at("2017-03-24") // the due date itself
	m.does(u11, asksTime(moreTime()))
	paused.does(u11, asksPause(issue.NeedsHigherLevel, "chờ ý kiến huyện"))
	c.at("2017-03-27")
	late.refuses("issue.request.overdue", u11, asksTime(moreTime()))
	late.refuses("duty.extend.overdue", vp01, func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.Extend(ctx, id, moreTime())
	})
	m.does(vp01, decides(true, "")).wantDuty(duty.Unit, duty.Running, "2017-03-31", clerkOf(unitTNMT))
	if m.duty(duty.Unit).IsLate(day("2017-03-27")) {
		t.Error("still late")
	}
	paused.refuses("duty.pause.overdue", vp01, decides(true, "")) // lateness is not hidden in a pause
}

func TestAPauseIsAskedForAndThenStands(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, withPhone()).referredTo(unitTNMT)
	m.does(u11, asksPause(issue.NeedsSpeaker, "cần vị trí thửa đất"))
	m.wantNotices("issue.asks_pause", "email programme_office")
	m.does(vp01, decides(true, "")).wantStatus(issue.OnHold)
	m.wantNotices("issue.pause_granted", "email unit_clerk@unit:P-TNMT", "email unit_head@unit:P-TNMT")
	m.wantNotices("issue.asks_speaker", "sms @speaker:"+string(c.speakerOf(m)))
	if i := m.state(); !i.Requests[0].Granted || i.Pauses[0].Note != "cần vị trí thửa đất" {
		t.Errorf("%+v", i.Requests)
	}
	m.refuses("issue.request.not_referred", u11, asksTime(moreTime()))
}

func TestGrantingDirectlyGrantsWhatWasAskedFor(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	m.does(u11, asksTime(moreTime()))
	shorter := moreTime()
	shorter.Days = 2
	m.does(vp01, func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.Extend(ctx, id, shorter)
	})
	if i := m.state(); i.Request() != nil || !i.Requests[0].Granted || i.Current().Due != day("2017-03-28") {
		t.Errorf("%+v", i.Requests)
	}
}

func TestARequestIsDecidedBySomebodyElseAndFallsWithItsReferral(t *testing.T) {
	i := issue.State{Status: issue.Referred, Referrals: []issue.Referral{{Number: 1, Lead: unitTNMT, Due: day("2017-03-24")}}}
	if err := i.Ask(issue.Request{Kind: "holiday", Reason: "x", On: day("2017-03-10")}); ruleOf(err) != "issue.request.kind_unknown" {
		t.Error(err)
	}
	if err := i.Ask(issue.Request{Kind: issue.AsksPause, Pause: issue.NeedsSpeaker, Reason: "x", On: day("2017-03-10"), By: u11}); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Granting(u11); ruleOf(err) != "issue.request.own" {
		t.Error(err)
	}
	i.Referrals = append(i.Referrals, issue.Referral{Number: 2, Lead: unitKTHT})
	if i.Request() != nil {
		t.Error("the request of another referral waits")
	}
}

func TestADraftIsSentBackWithAReasonAndTheClockRunsOn(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	m.refuses("issue.send_back.no_draft", u10, sendsBack("thiếu số liệu"))
	m.does(u11, draftAnswer(settledAnswer()))
	m.refuses("permission.issue.approve_answer", u11, sendsBack("thiếu số liệu"))
	m.refuses("issue.send_back.reason_missing", u10, sendsBack(""))
	m.does(u10, sendsBack("thiếu số liệu")).wantStatus(issue.AnswerDrafted).wantDuty(duty.Unit, duty.Running, "2017-03-24", clerkOf(unitTNMT))
	m.wantNotices("issue.sent_back", "email unit_clerk@person:U-11@unit:P-TNMT")
	m.refuses("issue.approve.sent_back", u10, approveAnswer)
	m.refuses("issue.send_back.twice", u10, sendsBack("thiếu số liệu"))
	if b := m.state().SentBack[0]; b.Reason != "thiếu số liệu" || b.Drafter != u11 || b.By != u10 || b.On != day("2017-03-10") {
		t.Errorf("%+v", b)
	}
	if !slices.Contains(m.events(), "answer_sent_back") {
		t.Error(m.events())
	}
	m.does(u11, draftAnswer(settledAnswer())).does(u10, approveAnswer).wantStatus(issue.FeedbackDue)

	own := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT).does(u10, draftAnswer(settledAnswer()))
	own.refuses("issue.send_back.own_draft", u10, sendsBack("x"))
}

func TestCooperatingUnitsContributeForTheLeadToSee(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, nil).does(tl03, triageAs(issue.Normal))
	m.refuses("permission.issue.answer", u21, contributes("Mương do xã quản lý."))
	m.does(tl03, referTo(unitTNMT, unitKTHT))
	m.refuses("issue.contribute.text_missing", u21, contributes(" "))
	m.refuses("permission.issue.answer", u11, contributes("của chính mình")) // the lead answers
	before := len(m.open())
	m.does(u21, contributes(" Mương do xã quản lý. "))
	c.at("2017-03-13")
	m.does(u20, contributes("Đã khảo sát."))
	want := []issue.Addition{
		{Referral: 1, Unit: unitKTHT, Text: "Mương do xã quản lý.", On: day("2017-03-10"), By: u21},
		{Referral: 1, Unit: unitKTHT, Text: "Đã khảo sát.", On: day("2017-03-13"), By: u20},
	}
	if got := m.state().Added(); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if len(m.open()) != before || !slices.Contains(m.events(), "contributed") {
		t.Errorf("%v %v", m.open(), m.events())
	}
	m.answeredBy(settledAnswer())
	m.refuses("issue.contribute.not_referred", u21, contributes("muộn"))
	i := m.state()
	i.Status = issue.Referred
	if err := i.Add(issue.Addition{Unit: "P-LĐ", Text: "x"}); ruleOf(err) != "issue.contribute.not_cooperating" {
		t.Error(err)
	}
	i.Referrals = nil
	if i.Added() != nil {
		t.Error("added to no referral")
	}
}

func TestWhatAWithdrawnIssueWasAskedIsTakenOut(t *testing.T) {
	i := issue.State{Status: issue.Referred, Round: 1, Held: []issue.Holding{{Holder: "unit:P-TNMT", From: day("2017-03-10")}},
		Referrals: []issue.Referral{{Number: 1, Lead: unitTNMT, Cooperating: []org.UnitID{unitKTHT}}},
		Requests:  []issue.Request{{Reason: "Bà Tư", Message: "Bà Tư", Refusal: "Bà Tư"}},
		Additions: []issue.Addition{{Text: "Bà Tư"}}, SentBack: []issue.SentBack{{Reason: "Bà Tư"}}}
	if err := i.Withdraw(day("2017-03-10")); err != nil {
		t.Fatal(err)
	}
	if r := i.Requests[0]; r.Reason+r.Message+r.Refusal+i.Additions[0].Text+i.SentBack[0].Reason != "" {
		t.Errorf("%+v", i)
	}
}
