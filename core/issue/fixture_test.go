package issue_test

import (
	"slices"
	"testing"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

func day(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// cal2017 has the closures of the worked examples up to May.
func cal2017(t testing.TB) *calendar.Calendar {
	t.Helper()
	closure := func(from, to, name string) calendar.Closure {
		return calendar.Closure{From: day(from), To: day(to), Name: name, Kind: calendar.Holiday}
	}
	cal, err := calendar.New(calendar.Spec{
		ID: "VN-XL-2017", Version: 1, Coverage: calendar.Period{From: day("2017-01-01"), To: day("2017-12-31")},
		Closures: []calendar.Closure{
			closure("2017-01-26", "2017-02-01", "Tết Nguyên đán"), closure("2017-04-06", "2017-04-06", "Giỗ Tổ Hùng Vương"),
			closure("2017-04-30", "2017-05-02", "30/4 và 1/5"),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cal
}

// story tells the life of one issue day by day. What it says must not fail does not.
type story struct {
	t   testing.TB
	cal *calendar.Calendar
	pol policy.Policy
	on  calendar.Date
	issue.State
}

// registration is a complete one of two opinions, the first with a name.
func registration() issue.Registration {
	return issue.Registration{
		ID: "I-1", Code: "XL-17-0001", Title: "Đường ngập sau chợ", Place: "AP-01", Team: "T3", Owner: "lan",
		To: org.TeamLeader, Urgency: issue.Normal, Opinions: []string{"o1", "o2"},
	}
}

func registered(t testing.TB, on string) *story {
	t.Helper()
	s := &story{t: t, cal: cal2017(t), pol: policy.Default(), on: day(on)}
	var err error
	if s.State, err = issue.New(registration(), s.pol, s.cal, s.on.At(calendar.MustTimeOfDay(8, 0))); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *story) at(on string) *story { s.on = day(on); return s }

func (s *story) must(err error) *story {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("on %s: %v", s.on, err)
	}
	return s
}

func (s *story) triage() error {
	return s.Triage(issue.Sorting{Subject: "giao_thong", Urgency: s.Urgency}, s.on, s.pol, s.cal)
}

func (s *story) refer(lead org.UnitID) error {
	return s.Refer(lead, nil, "TL-03", s.on, s.pol, s.cal)
}

func (s *story) giveBack(to org.UnitID) error {
	return s.Return("không thuộc chức năng", to, s.on, s.pol, s.cal)
}

func (s *story) draft(a issue.Answer) error { return s.DraftAnswer(a, s.on) }

func settled() issue.Answer {
	return issue.Answer{Class: issue.Settled, Text: "Đã nạo vét mương thoát nước.", Drafter: "U-11"}
}

func inProgress(by string) issue.Answer {
	return issue.Answer{Class: issue.InProgress, Text: "Đang lập dự toán.", Roadmap: day(by), Drafter: "U-11"}
}

func (s *story) tell(opinion string) error {
	return s.Deliver(issue.Delivery{Opinion: opinion, Channel: issue.InPerson, On: s.on, By: "lan", Visit: "v"}, opinion == "o2", s.on)
}

func (s *story) reply(opinion string, satisfied bool) error {
	return s.Reply(issue.Satisfaction{Opinion: opinion, Satisfied: satisfied, On: s.on}, s.on, s.pol, s.cal)
}

// referred is an issue with P-TNMT.
func referred(t testing.TB, on string) *story {
	t.Helper()
	s := registered(t, on)
	return s.must(s.triage()).must(s.refer("P-TNMT"))
}

// answered is an issue with an approved answer.
func answered(t testing.TB, on string, a issue.Answer) *story {
	t.Helper()
	s := referred(t, on)
	return s.must(s.draft(a)).must(s.ApproveAnswer("U-10", s.on))
}

// told is an issue whose answer everybody has heard.
func told(t testing.TB, on string, a issue.Answer) *story {
	t.Helper()
	s := answered(t, on, a)
	return s.must(s.tell("o1")).must(s.tell("o2"))
}

func (s *story) wants(status issue.Status) *story {
	s.t.Helper()
	if s.Status != status {
		s.t.Fatalf("on %s the issue is %s, want %s", s.on, s.Status, status)
	}
	return s
}

func rules(err error) []string {
	var rules []string
	for _, v := range fault.Violations(err) {
		rules = append(rules, v.Rule)
		if v.En == "" || v.Vi == "" || v.Field == "" {
			rules = append(rules, "incomplete: "+v.Rule)
		}
	}
	return rules
}

func wantRules(t testing.TB, err error, want ...string) {
	t.Helper()
	got := rules(err)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("broken rules %v, want %v", got, want)
	}
}
