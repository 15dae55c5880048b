package report_test

import (
	"slices"
	"testing"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/report"
)

func TestWhatAStepWithAReportHasToSay(t *testing.T) {
	for _, c := range []struct {
		rule string
		from report.Status
		do   func(*report.State) error
	}{
		{"report.send_back.reason_missing", report.Submitted, func(s *report.State) error { return s.SendBack("pct", day("2017-06-05"), " ") }},
		{"report.unlock.reason_missing", report.Locked, func(s *report.State) error { return s.Unlock("pct", day("2017-06-05"), "") }},
		{"report.close.reason_missing", report.Open, func(s *report.State) error {
			s.Kind = report.Round
			return s.LockEmpty(report.Figures{}, "tl03", day("2017-06-05"), " ")
		}},
		{"report.state.transition", report.Open, func(s *report.State) error { return s.LockEmpty(report.Figures{}, "pct", day("2017-06-05"), "x") }}, // a month
		{"report.state.transition", report.Submitted, func(s *report.State) error {
			s.Kind = report.Round
			return s.LockEmpty(report.Figures{}, "tl03", day("2017-06-05"), "x")
		}},
		{"report.submit.not_ended", report.Open, func(s *report.State) error { return s.Submit("Tháng 5", "vp01", day("2017-05-31")) }},
		{"report.lock.not_accepted", report.Approved, func(s *report.State) error { return s.Lock(report.Figures{}, "pct", day("2017-06-05")) }},
		{"report.state.transition", report.Locked, func(s *report.State) error { return s.Submit("Tháng 5", "vp01", day("2017-06-05")) }},
		{"report.state.transition", report.Open, func(s *report.State) error { return s.SendBack("pct", day("2017-06-05"), "thiếu số liệu") }},
	} {
		s := report.State{Kind: report.Month, Period: may(), Status: c.from}
		err := c.do(&s)
		if !slices.ContainsFunc(fault.Violations(err), func(v *fault.Violation) bool { return v.Rule == c.rule }) {
			t.Errorf("%s while %s: %v", c.rule, c.from, err)
		}
		if s.Status != c.from || len(s.Steps) > 0 {
			t.Errorf("%s: refused and yet %s", c.rule, s.Status)
		}
	}
}
