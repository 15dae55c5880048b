package visit_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/visit"
)

func TestWhatAStepWithAVisitHasToSay(t *testing.T) {
	v := func(s visit.Status) visit.State {
		x := planned(t, "2017-03-08")
		x.Status = s
		if s == visit.Disputed {
			x.Dispute = &visit.Dispute{Reason: "không đến"}
		}
		return x
	}
	for _, c := range []struct {
		rule string
		at   visit.Status
		do   func(*visit.State) error
	}{
		{"visit.cancel.reason_missing", visit.Planned, func(s *visit.State) error { return s.Cancel(" ") }},
		{"visit.late.reason_missing", visit.Missed, func(s *visit.State) error { return s.ApproveLate("tl03", day("2017-03-30"), "") }},
		{"visit.late.not_open", visit.Verified, func(s *visit.State) error { return s.ApproveLate("tl03", day("2017-03-30"), "ốm") }},
		{"visit.late.not_open", visit.Cancelled, func(s *visit.State) error { return s.ApproveLate("tl03", day("2017-03-30"), "ốm") }},
		{"visit.late.own", visit.Missed, func(s *visit.State) error { return s.ApproveLate("lan", day("2017-03-30"), "ốm") }},
		{"visit.absence.was_held", visit.Verified, func(s *visit.State) error { return s.Excuse(visit.Unexcused, "") }},
		{"visit.absence.reason_missing", visit.Missed, func(s *visit.State) error { return s.Excuse(visit.Excused, "") }},
		{"visit.dispute.none", visit.Reported, func(s *visit.State) error { return s.Answer("Tôi đã đến.") }},
		{"visit.dispute.reply_missing", visit.Disputed, func(s *visit.State) error { return s.Answer(" ") }},
		{"visit.dispute.reason_missing", visit.Reported, func(s *visit.State) error { return s.Contest("", "ta01", day("2017-03-10")) }},
		{"visit.dispute.decision_missing", visit.Disputed, func(s *visit.State) error { return s.Decide(true, "", "tl03") }},
		{"visit.dispute.own", visit.Disputed, func(s *visit.State) error { return s.Decide(true, "đúng", "lan") }},
		{"visit.state.transition", visit.Planned, func(s *visit.State) error { return s.Secure() }},
		{"visit.state.transition", visit.Cancelled, func(s *visit.State) error {
			return s.Postpone(day("2017-03-09"), calendar.TimeOfDay{}, "bận", "lan", true, policy.Default(), cal2017(t), day("2017-03-01"))
		}},
		{"visit.dispute.none", visit.Reported, func(s *visit.State) error { return s.Decide(true, "đúng", "tl03") }}, // no evidence, no verified visit
		{"visit.report.date_missing", visit.Planned, func(s *visit.State) error {
			return s.Hold(calendar.Date{}, "lan", policy.Default(), cal2017(t), day("2017-03-09"))
		}},
	} {
		s := v(c.at)
		if got := rules(c.do(&s)); !slices.Contains(got, c.rule) {
			t.Errorf("%s while %s: %v", c.rule, c.at, got)
		}
		if s.Status != c.at {
			t.Errorf("%s: refused and yet %s", c.rule, s.Status)
		}
	}
}

func TestOnlyWhatWasSubmittedIsAccepted(t *testing.T) {
	for _, status := range []visit.ProfileStatus{visit.ProfileDraft, visit.ProfileAccepted} {
		p := visit.Profile{Status: status}
		if got := strings.Join(rules(p.Accept()), " "); got != "profile.accept.not_submitted" {
			t.Errorf("%s: %s", status, got)
		}
	}
	p := visit.Profile{Status: visit.ProfileSubmitted}
	if err := p.Accept(); err != nil || p.Status != visit.ProfileAccepted {
		t.Errorf("%s, %v", p.Status, err)
	}
}
