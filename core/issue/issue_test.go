package issue_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

func TestAnIssueNeedsAnOpinionAnOwnerAndADesk(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(*issue.Registration)
		broken []string
	}{
		{"complete", func(*issue.Registration) {}, nil},
		{"no opinion", func(r *issue.Registration) { r.Opinions = nil }, []string{"issue.register.no_opinion"}},
		{"an opinion twice", func(r *issue.Registration) { r.Opinions = []string{"o1", "o1"} }, []string{"issue.register.opinion_twice"}},
		{"nobody looks after the hamlet", func(r *issue.Registration) { r.Owner = "" }, []string{"issue.register.no_owner"}},
		{"straight to the Committee, without a team (S19)", func(r *issue.Registration) { r.To, r.Team = org.ProgrammeOffice, "" }, nil},
		{"to a team leader without a team", func(r *issue.Registration) { r.Team = "" }, []string{"issue.register.team_missing"}},
		{"to somebody else", func(r *issue.Registration) { r.To = org.UnitHead }, []string{"issue.register.to_unknown"}},
		{"no urgency", func(r *issue.Registration) { r.Urgency = "soon" }, []string{"issue.register.urgency_unknown"}},
		{"the same matter is still open", func(r *issue.Registration) { r.Earlier = &issue.State{Status: issue.Referred} }, []string{"issue.register.repeat_open"}},
		{"everything at once", func(r *issue.Registration) { *r = issue.Registration{} }, []string{
			"issue.register.code_missing", "issue.register.no_opinion", "issue.register.place_missing", "issue.register.no_owner",
			"issue.register.to_unknown", "issue.register.urgency_unknown"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := registration()
			c.spoil(&r)
			_, err := issue.New(r, policy.Default(), cal2017(t), day("2017-03-10").At(calendar.MustTimeOfDay(8, 0)))
			wantRules(t, err, c.broken...)
		})
	}
}

func TestThePromiseIsCountedFromRegistrationByUrgency(t *testing.T) {
	for urgency, due := range map[issue.Urgency]string{issue.Urgent: "2017-03-21", issue.Normal: "2017-04-10", issue.Complex: "2017-04-24"} {
		s := registered(t, "2017-03-10").at("2017-03-13")
		s.must(s.Triage(issue.Sorting{Subject: "moi_truong", Urgency: urgency}, s.on, s.pol, s.cal))
		if s.PromiseDue != day(due) {
			t.Errorf("%s: promised by %s, want %s", urgency, s.PromiseDue, due)
		}
	}
}

func TestTheUrgencyIsFixedOnceTheIssueWasReferred(t *testing.T) {
	s := referred(t, "2017-03-10").at("2017-03-14")
	s.must(s.giveBack("P-KTHT"))
	wantRules(t, s.Triage(issue.Sorting{Subject: "giao_thong", Urgency: issue.Complex}, s.on, s.pol, s.cal), "issue.triage.urgency_fixed")
	s.must(s.Triage(issue.Sorting{Subject: "xay_dung", Urgency: issue.Normal}, s.on, s.pol, s.cal))
	if s.PromiseDue != day("2017-04-10") || s.Subject != "xay_dung" {
		t.Errorf("sorted anew as %s, promised by %s", s.Subject, s.PromiseDue)
	}
}

func TestTriageChoosesSubjectAndUrgency(t *testing.T) {
	s := registered(t, "2017-03-10")
	wantRules(t, s.Triage(issue.Sorting{}, s.on, s.pol, s.cal), "issue.triage.subject_missing", "issue.triage.urgency_unknown")
	s.must(s.Triage(issue.Sorting{Subject: "dat_dai", Urgency: issue.Normal, Title: "Cấp giấy chứng nhận", Sensitive: true}, s.on, s.pol, s.cal))
	if s.Title != "Cấp giấy chứng nhận" || !s.Sensitive || s.ApprovalLevel() != issue.LevelOffice {
		t.Errorf("title %q, approval by %s", s.Title, s.ApprovalLevel())
	}
}

func TestAReferralHasExactlyOneLeadAndADueDate(t *testing.T) {
	s := registered(t, "2017-03-10")
	wantRules(t, s.refer("P-TNMT"), "issue.refer.not_triaged")
	s.must(s.triage())
	wantRules(t, s.refer(""), "issue.refer.lead_missing")
	wantRules(t, s.Refer("P-TNMT", []org.UnitID{"P-NN", "P-TNMT"}, "TL-03", s.on, s.pol, s.cal), "issue.refer.unit_twice")
	s.must(s.Refer("P-TNMT", []org.UnitID{"P-NN", "P-KTHT"}, "TL-03", s.on, s.pol, s.cal))
	want := issue.Referral{Number: 1, Lead: "P-TNMT", Cooperating: []org.UnitID{"P-NN", "P-KTHT"}, On: s.on, Due: day("2017-03-24"), By: "TL-03"}
	if diff := cmp.Diff(want, *s.Current()); diff != "" {
		t.Error(diff)
	}
}

// The dates of EX-21 and its edge.
func TestEX21_ReturnedByADepartment(t *testing.T) {
	s := registered(t, "2017-03-10")
	s.at("2017-03-13").must(s.triage()).must(s.refer("P-TNMT"))
	late := *s
	wantRules(t, late.at("2017-03-16").giveBack("P-KTHT"), "issue.return.window_closed")
	wantRules(t, s.at("2017-03-15").giveBack(""), "issue.return.needs_target")
	s.must(s.giveBack("P-KTHT")).wants(issue.Triaged)
	s.at("2017-03-16").must(s.refer("P-KTHT"))
	if s.Current().Due != day("2017-03-30") {
		t.Errorf("P-KTHT answers by %s", s.Current().Due)
	}
	s.at("2017-03-20").must(s.giveBack("P-TNMT")).wants(issue.Arbitration)
	s.at("2017-03-21").must(s.Arbitrate("P-TNMT", nil, "VP-01", s.on, s.pol, s.cal))
	if s.Current().Due != day("2017-04-04") || s.PromiseDue != day("2017-04-10") {
		t.Errorf("due %s, promised %s", s.Current().Due, s.PromiseDue)
	}
	wantRules(t, s.at("2017-03-22").giveBack("P-KTHT"), "issue.return.non_returnable")

	var held []string
	sum := 0
	for _, h := range s.DaysHeld(s.cal, day("2017-03-21")) {
		held = append(held, h.Holder+strings.Repeat(" +", h.Days))
		sum += h.Days
	}
	if diff := cmp.Diff([]string{"team:T3 +", "unit:P-TNMT + +", "team:T3 +", "unit:P-KTHT + +", "office +", "unit:P-TNMT"}, held); diff != "" {
		t.Error(diff)
	}
	if by := s.DaysByHolder(s.cal, day("2017-03-21")); sum != 7 || by["team:T3"] != 2 || by["unit:P-TNMT"] != 2 {
		t.Errorf("%d days in all, by holder %v", sum, by)
	}
}

func TestAReturnSaysWhyAndWhoseItIs(t *testing.T) {
	s := referred(t, "2017-03-10").at("2017-03-17")
	wantRules(t, s.Return(" ", "P-TNMT", s.on, s.pol, s.cal),
		"issue.return.window_closed", "issue.return.reason_missing", "issue.return.same_target")
	wantRules(t, registered(t, "2017-03-10").giveBack("P-KTHT"), "issue.return.not_referred")
	few := s.pol
	few.Issues.MaxReturns = 0
	wantRules(t, s.at("2017-03-13").Return("không thuộc", "P-KTHT", s.on, few, s.cal), "issue.return.too_often")
}

func TestAPauseWaitsForSomebodyAndEnds(t *testing.T) {
	s := referred(t, "2017-03-10").at("2017-03-13")
	wantRules(t, s.Pause("busy", "", day("2017-03-20"), "VP-01", s.on), "issue.pause.reason_unknown")
	wantRules(t, s.Pause(issue.NeedsSpeaker, "", s.on, "VP-01", s.on), "issue.pause.until")
	wantRules(t, s.Resume(s.on, s.on), "issue.resume.not_paused")
	s.must(s.Pause(issue.NeedsSpeaker, "cần vị trí thửa đất", day("2017-03-20"), "VP-01", s.on)).wants(issue.OnHold)
	wantRules(t, s.draft(settled()), "issue.answer.not_referred")
	s.at("2017-03-16").must(s.Resume(s.on, day("2017-03-29"))).wants(issue.Referred)
	if p := s.Pauses[0]; p.To != s.on || s.Current().Due != day("2017-03-29") {
		t.Errorf("paused until %s, due %s", p.To, s.Current().Due)
	}
	s.must(s.Pause(issue.NeedsHigherLevel, "", day("2017-03-20"), "VP-01", s.on))
	if by := s.DaysByHolder(s.cal, day("2017-03-20")); by["speaker"] != 3 || by["higher_level"] != 2 || by["unit:P-TNMT"] != 1 {
		t.Errorf("days held %v", by)
	}
}

func TestAnExtensionNeedsAnInterimReply(t *testing.T) {
	s := referred(t, "2017-03-10")
	wantRules(t, s.Extend(issue.Extension{Days: 5}, s.Current().Due),
		"issue.extend.reason_missing", "issue.extend.message_missing", "issue.extend.due")
	x := issue.Extension{Days: 5, Reason: "chờ khảo sát", Message: "Đơn vị đang khảo sát thực địa."}
	s.must(s.Extend(x, day("2017-03-31")))
	if s.Current().Due != day("2017-03-31") || s.PromiseDue != day("2017-04-10") {
		t.Errorf("due %s, promised %s", s.Current().Due, s.PromiseDue)
	}
	wantRules(t, registered(t, "2017-03-10").Extend(x, day("2017-03-31")), "issue.extend.not_referred", "issue.extend.due")
}

func TestEachClassOfAnswerHasWhatBelongsToIt(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer issue.Answer
		broken []string
	}{
		{"settled", issue.Answer{Class: issue.Settled, Text: "x"}, nil},
		{"explained", issue.Answer{Class: issue.Explained, Text: "x"}, nil},
		{"accepted for study", issue.Answer{Class: issue.Study, Text: "x"}, nil},
		{"empty", issue.Answer{Class: issue.Settled, Text: " \n"}, []string{"issue.answer.text_missing"}},
		{"in progress with its day", issue.Answer{Class: issue.InProgress, Text: "x", Roadmap: day("2017-06-30")}, nil},
		{"in progress without", issue.Answer{Class: issue.InProgress, Text: "x"}, []string{"issue.answer.roadmap_missing"}},
		{"in progress until today", issue.Answer{Class: issue.InProgress, Text: "x", Roadmap: day("2017-03-10")}, []string{"issue.answer.roadmap_past"}},
		{"refused with its ground", issue.Answer{Class: issue.Refused, Text: "x", Ground: "Điều 12 Luật Đất đai"}, nil},
		{"refused without", issue.Answer{Class: issue.Refused, Text: "x"}, []string{"issue.answer.ground_missing"}},
		{"beyond competence, forwarded", issue.Answer{Class: issue.Beyond, Text: "x", Body: "UBND tỉnh"}, nil},
		{"beyond competence", issue.Answer{Class: issue.Beyond, Text: "x"}, []string{"issue.answer.body_missing"}},
		{"not ours is no answer", issue.Answer{Class: "not_ours", Text: "x"}, []string{"issue.answer.not_ours"}},
		{"a class of its own", issue.Answer{Class: "done", Text: "x"}, []string{"issue.answer.class_unknown"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := referred(t, "2017-03-10")
			before := s.State
			err := s.draft(c.answer)
			wantRules(t, err, c.broken...)
			if err != nil && cmp.Diff(before, s.State) != "" {
				t.Error("a refused draft changed the issue")
			}
		})
	}
}

func TestNobodyApprovesTheirOwnDraft(t *testing.T) {
	s := referred(t, "2017-03-10")
	wantRules(t, s.ApproveAnswer("U-10", s.on), "issue.approve.no_draft")
	s.must(s.draft(settled()))
	wantRules(t, s.ApproveAnswer("U-11", s.on), "issue.approve.own_draft")
	s.must(s.draft(issue.Answer{Class: issue.Explained, Text: "bản mới", Drafter: "U-10"}))
	if len(s.Answers) != 1 || s.Answers[0].Text != "bản mới" {
		t.Errorf("a new draft replaces the old one: %v", s.Answers)
	}
	s.must(s.ApproveAnswer("U-11", s.on)).wants(issue.FeedbackDue)
	if s.DaysHeld(s.cal, s.on)[len(s.Held)-1].Holder != "official:lan" {
		t.Errorf("from approval on the owner has it: %v", s.Held)
	}
}

func TestFeedbackIsGivenWhenEverybodyWasTold(t *testing.T) {
	s := answered(t, "2017-03-10", settled()).at("2017-03-14")
	wantRules(t, s.Deliver(issue.Delivery{Opinion: "o9", Channel: "shout", On: day("2017-03-09")}, false, s.on),
		"issue.deliver.not_part", "issue.deliver.channel_unknown", "issue.deliver.date")
	s.must(s.tell("o1")).wants(issue.FeedbackDue)
	wantRules(t, s.tell("o1"), "issue.deliver.twice")
	wantRules(t, s.Deliver(issue.Delivery{Opinion: "o2", Channel: issue.Call, On: s.on}, true, s.on), "issue.deliver.anonymous")
	wantRules(t, s.Deliver(issue.Delivery{Opinion: "o2", Channel: issue.InPerson, On: s.on}, true, s.on), "issue.deliver.anonymous")
	s.must(s.Deliver(issue.Delivery{Opinion: "o2", Channel: issue.NoticeBoard, On: s.on, Failed: "bảng tin bị hỏng"}, true, s.on)).wants(issue.FeedbackDue)
	s.at("2017-03-15").must(s.Deliver(issue.Delivery{Opinion: "o2", Channel: issue.NoticeBoard, On: s.on}, true, s.on)).wants(issue.FeedbackGiven)
	if s.ToldOn(1) != s.on {
		t.Errorf("told on %s", s.ToldOn(1))
	}
	wantRules(t, s.tell("o1"), "issue.deliver.not_due")
}

func TestToldSomeDaysAgoIsHeldSomeDaysAgo(t *testing.T) {
	s := answered(t, "2017-03-10", settled()).at("2017-03-17")
	for _, o := range []string{"o1", "o2"} {
		s.must(s.Deliver(issue.Delivery{Opinion: o, Channel: issue.InPerson, On: day("2017-03-14"), Visit: "v"}, true, s.on))
	}
	by := s.DaysByHolder(s.cal, s.on)
	if by["official:lan"] != 2 || by["speaker"] != 3 {
		t.Errorf("days held %v", by)
	}
}

func TestSilenceClosesAndIsNotSatisfaction(t *testing.T) {
	s := told(t, "2017-03-10", settled()).at("2017-03-25")
	if closed, err := s.CloseSilent(s.on); !closed || err != nil {
		t.Fatal(closed, err)
	}
	if s.wants(issue.Closed); s.Outcome != issue.NoResponse || s.ClosedOn != s.on {
		t.Errorf("%s on %s", s.Outcome, s.ClosedOn)
	}
	one := told(t, "2017-03-10", settled())
	one.must(one.reply("o1", true)).wants(issue.FeedbackGiven)
	if _, err := one.CloseSilent(day("2017-03-25")); err != nil || one.Outcome != issue.Satisfied {
		t.Errorf("one yes and one silence: %s, %v", one.Outcome, err)
	}
	all := told(t, "2017-03-10", settled())
	if all.must(all.reply("o1", true)).must(all.reply("o2", true)); all.Status != issue.Closed || all.Outcome != issue.Satisfied {
		t.Errorf("two times yes: %s %s", all.Status, all.Outcome)
	}
}

func TestAReplyComesInTimeOnceAndFromSomebodyWhoSpoke(t *testing.T) {
	s := told(t, "2017-03-10", settled())
	if s.ReplyUntil(s.pol, s.cal) != day("2017-03-24") {
		t.Errorf("replies until %s", s.ReplyUntil(s.pol, s.cal))
	}
	wantRules(t, s.at("2017-03-25").reply("o9", true), "issue.reply.not_part", "issue.reply.window_closed")
	wantRules(t, s.at("2017-03-09").reply("o1", true), "issue.reply.date")
	s.at("2017-03-24").must(s.reply("o1", true))
	wantRules(t, s.reply("o1", false), "issue.reply.twice")
	wantRules(t, referred(t, "2017-03-10").reply("o1", true), "issue.reply.not_asked")
}

func TestWhoIsNotSatisfiedGetsASecondRoundAndThenTheLeader(t *testing.T) {
	s := told(t, "2017-03-10", settled()).at("2017-03-14")
	wantRules(t, s.OpenAppeal(issue.Satisfaction{Opinion: "o1", On: s.on}, "", s.on, s.pol, s.cal), "issue.appeal.round")
	s.must(s.reply("o1", false)).wants(issue.Referred)
	if r := s.Current(); s.Round != 2 || r.Lead != "P-TNMT" || r.Due != day("2017-03-28") || !r.NonReturnable || s.ApprovalLevel() != issue.LevelHigher {
		t.Errorf("round %d: %+v, approved by %s", s.Round, r, s.ApprovalLevel())
	}
	wantRules(t, s.giveBack("P-KTHT"), "issue.return.non_returnable")
	s.must(s.draft(settled())).must(s.ApproveAnswer("PCT", s.on)).must(s.tell("o1")).must(s.tell("o2"))
	if s.Deliveries[2].Round != 2 || s.Deliveries[2].Answer != 2 {
		t.Errorf("the second answer is told as %+v", s.Deliveries[2])
	}
	s.must(s.reply("o2", false)).wants(issue.Appealed)
	wantRules(t, s.DecideAppeal("", " ", "U-11", s.on), "issue.appeal.decision_missing", "issue.appeal.legal_path_missing", "issue.appeal.own_answer")
	s.at("2017-03-20").must(s.DecideAppeal("Giữ nguyên câu trả lời vì …", "Đề nghị UBND tỉnh xem xét", "PCT", s.on)).wants(issue.ClosedFinal)
	if s.Outcome != issue.Final || s.ClosedOn != s.on || s.Appeal.Opinion != "o2" || s.Open() {
		t.Errorf("%+v %s", s.Appeal, s.Outcome)
	}
	if by := s.DaysByHolder(s.cal, day("2017-06-01")); by["leader"] != 4 {
		t.Errorf("days held %v", by)
	}
}

func TestAWordGivenDaysAgoStartsTheClockToday(t *testing.T) {
	s := told(t, "2017-03-10", settled()).at("2017-03-20")
	s.must(s.Reply(issue.Satisfaction{Opinion: "o1", On: day("2017-03-14"), Proxy: "TA-01"}, s.on, s.pol, s.cal)).wants(issue.Referred)
	if r := s.Current(); r.On != s.on || r.Due != day("2017-04-03") {
		t.Errorf("%+v", r)
	}
}

func TestAnAppealMayCarryItsGrounds(t *testing.T) {
	s := told(t, "2017-03-10", settled())
	s.must(s.reply("o1", false)).must(s.draft(settled())).must(s.ApproveAnswer("PCT", s.on)).must(s.tell("o1")).must(s.tell("o2"))
	s.must(s.OpenAppeal(issue.Satisfaction{Opinion: "o1", Satisfied: true, On: s.on}, "Mương vẫn ngập", s.on, s.pol, s.cal)).wants(issue.Appealed)
	if s.Appeal.Grounds != "Mương vẫn ngập" || s.Replies[1].Satisfied {
		t.Errorf("%+v %+v", s.Appeal, s.Replies)
	}
}

func TestAnAnswerInProgressIsNotTheEnd(t *testing.T) {
	s := told(t, "2017-03-10", inProgress("2017-06-30")).at("2017-03-25")
	if closed, err := s.CloseSilent(s.on); closed || err != nil || !s.Open() {
		t.Fatalf("closed %v, %v", closed, err)
	}
	if s.DaysHeld(s.cal, s.on)[len(s.Held)-1].Holder != "unit:P-TNMT" {
		t.Errorf("the unit goes on: %v", s.Held)
	}
	s.at("2017-06-28").must(s.draft(settled())).must(s.ApproveAnswer("U-10", s.on)).wants(issue.FeedbackDue)
	if !slices.Equal(s.Untold(), []string{"o1", "o2"}) {
		t.Errorf("the result is to be told to %v", s.Untold())
	}
	s.must(s.tell("o1")).must(s.tell("o2")).must(s.reply("o1", true)).must(s.reply("o2", true)).wants(issue.Closed)
	if s.Round != 1 {
		t.Errorf("the result is no new round: %d", s.Round)
	}
	if s := told(t, "2017-03-10", settled()); len(rules(s.draft(settled()))) != 1 || rules(s.draft(settled()))[0] != "issue.answer.no_roadmap" {
		t.Error("who was told everything waits for nothing")
	}
}

func TestALinkMovesNothingAndCanBeUndone(t *testing.T) {
	s := referred(t, "2017-03-10").at("2017-03-14")
	hub := registered(t, "2017-02-20")
	hub.ID, hub.Code = "I-2", "XL-17-0002"
	before := s.State
	wantRules(t, s.LinkTo(&s.State, "VP-01", s.on), "issue.link.itself")
	s.must(s.LinkTo(&hub.State, "VP-01", s.on)).wants(issue.Linked)
	if s.Open() || len(hub.Opinions) != 2 || hub.Repeats != 1 || hub.Raise() != 1 || hub.RaisedSince() != day("2017-02-20") {
		t.Errorf("hub %+v", hub.State)
	}
	other := registered(t, "2017-03-10")
	other.ID = "I-3"
	wantRules(t, other.LinkTo(&s.State, "VP-01", s.on), "issue.link.hub_linked")
	wantRules(t, hub.LinkTo(&other.State, "VP-01", s.on), "issue.link.is_hub")
	answeredHub := answered(t, "2017-03-10", settled())
	answeredHub.ID = "I-4"
	wantRules(t, other.LinkTo(&answeredHub.State, "VP-01", s.on), "issue.link.hub_answered")

	wantRules(t, s.Unlink(&other.State, s.on), "issue.unlink.other_hub")
	s.must(s.Unlink(&hub.State, s.on))
	wantRules(t, s.Unlink(&hub.State, s.on), "issue.unlink.not_linked")
	s.Held = before.Held // who had it meanwhile stays on record
	if diff := cmp.Diff(before, s.State); diff != "" {
		t.Errorf("unlinked it is not what it was: %s", diff)
	}
	if hub.Repeats != 0 || len(hub.Carried) != 0 {
		t.Errorf("hub %+v", hub.State)
	}
}

func TestTheEarlierOfTwoLinkedIssuesSaysSinceWhenItIsRaised(t *testing.T) {
	s, hub := registered(t, "2017-02-20"), registered(t, "2017-03-10")
	hub.ID = "I-2"
	s.at("2017-03-14").must(s.LinkTo(&hub.State, "VP-01", s.on))
	if hub.RaisedSince() != day("2017-02-20") {
		t.Errorf("raised since %s", hub.RaisedSince())
	}
}

func TestTheAnswerOfTheHubIsTheAnswerOfAll(t *testing.T) {
	s := referred(t, "2017-03-10")
	s.must(s.draft(issue.Answer{Class: issue.Explained, Text: "bản riêng", Drafter: "U-11"}))
	hub := referred(t, "2017-03-10")
	hub.ID = "I-2"
	wantRules(t, s.Share(hub.State, s.on), "issue.share.not_linked")
	s.must(s.LinkTo(&hub.State, "VP-01", s.on))
	wantRules(t, s.Share(hub.State, s.on), "issue.share.no_answer")
	hub.must(hub.draft(settled())).must(hub.ApproveAnswer("U-10", hub.on))
	s.at("2017-03-13").must(s.Share(hub.State, s.on)).wants(issue.FeedbackDue)
	if a := s.Answered(); len(s.Answers) != 1 || a.Class != issue.Settled || a.Approver != "U-10" {
		t.Errorf("answers %+v", s.Answers)
	}
	s.must(s.tell("o1")).must(s.tell("o2")).must(s.reply("o1", false)).wants(issue.Referred)
	if s.Lead() != "P-TNMT" {
		t.Errorf("not satisfied, it goes to %q", s.Lead())
	}

	never := registered(t, "2017-03-10") // linked before anybody referred it
	hub2 := referred(t, "2017-03-10")
	hub2.ID = "I-2"
	never.must(never.LinkTo(&hub2.State, "VP-01", never.on))
	hub2.must(hub2.draft(settled())).must(hub2.ApproveAnswer("U-10", hub2.on))
	never.must(never.Share(hub2.State, never.on)).must(never.tell("o1")).must(never.tell("o2")).must(never.reply("o1", false)).wants(issue.Referred)
	if never.Lead() != "P-TNMT" {
		t.Errorf("not satisfied, it goes to %q", never.Lead())
	}
}

func TestARepeatedMatterKeepsItsFirstDayAndStartsHigher(t *testing.T) {
	first := told(t, "2017-02-20", settled())
	r := registration()
	r.ID, r.Earlier = "I-2", &first.State
	s, err := issue.New(r, first.pol, first.cal, day("2017-05-10").At(calendar.MustTimeOfDay(8, 0)))
	if err != nil || s.RepeatOf != "I-1" || s.Repeats != 1 || s.FirstRaised != day("2017-02-20") || s.Raise() != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestAnApologyIsGivenOnce(t *testing.T) {
	s := referred(t, "2017-03-10").at("2017-04-11")
	wantRules(t, s.Apologise("", s.on, "TL-03", s.on), "issue.apologise.not_late", "issue.apologise.reason_missing", "issue.apologise.date")
	if !s.DraftApology(s.on) || s.DraftApology(s.on) {
		t.Error("the draft is made once")
	}
	s.must(s.Apologise("chờ kinh phí", day("2017-04-20"), "TL-03", s.on))
	if s.Apologised != s.on || s.Apology.NewDate != day("2017-04-20") || s.PromiseDue != day("2017-04-10") {
		t.Errorf("%+v, promised %s", s.Apology, s.PromiseDue)
	}
	wantRules(t, s.Apologise("lại trễ", day("2017-05-20"), "TL-03", s.on), "issue.apologise.twice")
	if done := told(t, "2017-03-10", settled()); done.DraftApology(done.on) {
		t.Error("who has an answer is owed no apology")
	}
}

func TestOneMatterIsCollectiveFromThreeHamletsOrFiveOpinionsInThirtyDays(t *testing.T) {
	pol, on := policy.Default(), day("2017-05-31")
	one := func(id issue.ID, place org.PlaceID, registered string, opinions int) issue.State {
		return issue.State{ID: id, Place: place, Registered: day(registered), Opinions: make([]string, opinions)}
	}
	for _, c := range []struct {
		name   string
		issues []issue.State
		want   issue.Swell
		wide   bool
	}{
		{"two hamlets", []issue.State{one("1", "AP-01", "2017-05-02", 2), one("2", "AP-02", "2017-05-31", 2)}, issue.Swell{Hamlets: 2, Opinions: 4, Issues: []issue.ID{"1", "2"}}, false},
		{"three hamlets", []issue.State{one("1", "AP-01", "2017-05-02", 1), one("2", "AP-02", "2017-05-20", 1), one("3", "AP-03", "2017-05-31", 1)},
			issue.Swell{Hamlets: 3, Opinions: 3, Issues: []issue.ID{"1", "2", "3"}}, true},
		{"one of them a day too old", []issue.State{one("1", "AP-01", "2017-05-01", 1), one("2", "AP-02", "2017-05-20", 1), one("3", "AP-03", "2017-05-31", 1)},
			issue.Swell{Hamlets: 2, Opinions: 2, Issues: []issue.ID{"2", "3"}}, false},
		{"five opinions of one hamlet", []issue.State{one("1", "AP-01", "2017-05-20", 5)}, issue.Swell{Hamlets: 1, Opinions: 5, Issues: []issue.ID{"1"}}, true},
	} {
		got, wide := issue.Collective(c.issues, pol, on)
		if diff := cmp.Diff(c.want, got); diff != "" || wide != c.wide {
			t.Errorf("%s: %v %s", c.name, wide, diff)
		}
	}
}

func TestTheNearestRouteLeads(t *testing.T) {
	from := func(s string) calendar.Period { return calendar.Period{From: day(s)} }
	routes := []issue.Route{
		{ID: "a", Subject: "giao_thong", Lead: "P-KTHT", Valid: from("2016-01-01")},
		{ID: "b", Subject: "giao_thong", Owner: "C1", Lead: "UB-C1", Valid: from("2017-03-01")},
		{ID: "c", Subject: "giao_thong", Owner: "H", Lead: "P-QLDT", Valid: calendar.Period{From: day("2016-01-01"), To: day("2017-03-31")}},
	}
	for _, c := range []struct {
		line []org.PlaceID
		on   string
		want string
	}{
		{[]org.PlaceID{"AP-01", "C1", "H"}, "2017-03-10", "b"},
		{[]org.PlaceID{"AP-01", "C1", "H"}, "2017-02-10", "c"},
		{[]org.PlaceID{"AP-03", "C2", "H"}, "2017-03-10", "c"},
		{[]org.PlaceID{"AP-03", "C2", "H"}, "2017-04-10", "a"},
		{[]org.PlaceID{"AP-03", "C2", "H"}, "2015-04-10", ""},
	} {
		r, ok := issue.RouteFor(routes, "giao_thong", c.line, day(c.on))
		if r.ID != c.want || ok != (c.want != "") {
			t.Errorf("%v on %s: %q, want %q", c.line, c.on, r.ID, c.want)
		}
	}
	wantRules(t, issue.Route{Cooperating: []org.UnitID{"x", "x"}}.Validate(), "route.id_missing", "route.subject_missing", "route.lead_missing", "route.unit_twice", "route.period")
	wantRules(t, routes[2].Validate())
}

func TestPromisesFollowTheHamlet(t *testing.T) {
	s := answered(t, "2017-03-10", settled()).at("2017-03-14")
	wantRules(t, s.HandOver("", "", s.on), "issue.hand_over.owner_missing")
	s.must(s.HandOver("minh", "T4", s.on))
	if by := s.DaysByHolder(s.cal, day("2017-03-15")); s.Owner != "minh" || s.Team != "T4" || by["official:lan"] != 2 || by["official:minh"] != 1 {
		t.Errorf("%s %s, days held %v", s.Owner, s.Team, by)
	}
	done := told(t, "2017-03-10", settled())
	done.must(done.reply("o1", true)).must(done.reply("o2", true))
	wantRules(t, done.HandOver("minh", "", done.on), "issue.hand_over.closed")
}

func TestEachStepBeginsInItsOwnState(t *testing.T) {
	fresh, done := registered(t, "2017-03-10"), told(t, "2017-03-10", settled())
	hub := registered(t, "2017-03-10")
	hub.ID = "I-2"
	wantRules(t, done.triage(), "issue.triage.not_open")
	wantRules(t, fresh.Arbitrate("P-TNMT", nil, "VP-01", fresh.on, fresh.pol, fresh.cal), "issue.arbitrate.not_open")
	wantRules(t, fresh.DecideAppeal("vì", "UBND tỉnh", "PCT", fresh.on), "issue.appeal.not_open")
	if _, err := fresh.CloseSilent(fresh.on); err == nil {
		t.Error("an issue nobody was told of cannot be closed")
	} else {
		wantRules(t, err, "issue.close.not_told")
	}
	wantRules(t, done.LinkTo(&hub.State, "VP-01", done.on), "issue.state.transition")
	late := referred(t, "2017-03-10").at("2017-04-11")
	late.DraftApology(late.on)
	late.must(late.draft(settled())).must(late.ApproveAnswer("U-10", late.on)).must(late.tell("o1")).must(late.tell("o2"))
	wantRules(t, late.Apologise("trễ", day("2017-04-20"), "TL-03", late.on), "issue.apologise.told")
}

// TestTheDrawingShowsTheStateMachine keeps the package documentation and the
// transition table the same.
func TestTheDrawingShowsTheStateMachine(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var drawn []issue.Transition
	for line := range strings.Lines(string(doc)) {
		from, rest, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "//"), "->")
		if ok {
			drawn = append(drawn, issue.Transition{From: issue.Status(strings.TrimSpace(from)), To: issue.Status(strings.Fields(rest)[0])})
		}
	}
	if !slices.Equal(drawn, issue.Transitions()) {
		t.Errorf("doc.go draws\n%v\nthe table says\n%v", drawn, issue.Transitions())
	}
}
