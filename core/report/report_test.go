package report_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/visit"
)

func day(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func may() calendar.Period { return calendar.Period{From: day("2017-05-01"), To: day("2017-05-31")} }

// ex28 are the facts of EX-28, as of 10/06/2017.
func ex28() report.Facts {
	f := report.Facts{Period: may(), AsOf: day("2017-06-10"), Policy: policy.Default(), Later: 1}
	f.Hamlets = []report.Hamlet{
		{Place: "AP-01", Commune: "C1", Official: "lan", Quota: 2, Claimed: 2, Verified: 2},
		{Place: "AP-02", Commune: "C1", Official: "minh", Quota: 2, Claimed: 2, Verified: 1},
		{Place: "AP-03", Commune: "C2", Official: "ha", Quota: 2, Claimed: 1, Verified: 1},
		{Place: "AP-04", Commune: "C2", Official: "tuan", Quota: 2, Claimed: 2, Verified: 2},
		{Place: "AP-05", Commune: "C2", Official: "tuan", Quota: 2},
	}
	reported := func(place, on string, status visit.Status, late int) {
		f.Visits = append(f.Visits, visit.State{
			ID: visit.ID(place + on), Place: org.PlaceID(place), Happened: day(on), Status: status,
			Reports: []visit.Report{{Attendance: visit.Present, People: 20, Late: late}},
		})
	}
	reported("AP-01", "2017-05-10", visit.Verified, 0)
	reported("AP-01", "2017-05-24", visit.Verified, 2)
	reported("AP-02", "2017-05-11", visit.Verified, 0)
	reported("AP-02", "2017-05-29", visit.Unconfirmed, 0)
	reported("AP-03", "2017-05-12", visit.Verified, 0)
	reported("AP-03", "2017-05-15", visit.Verified, 0)
	reported("AP-04", "2017-05-06", visit.Verified, 0)
	reported("AP-04", "2017-05-20", visit.Verified, 0)
	for n, status := range []duty.Status{duty.Met, duty.Met, duty.Met, duty.MetLate, duty.Running} {
		f.Units = append(f.Units, duty.State{ID: duty.ID(fmt.Sprint(n)), Kind: duty.Unit, Status: status, Holder: org.Party{Unit: "P-TNMT"}})
	}
	for n, told := range []bool{true, true, true, false} {
		i := issue.State{ID: issue.ID(fmt.Sprint(n)), Opinions: []string{"o"}, Answers: []issue.Answer{{Round: 1, Class: issue.Settled, Approved: day("2017-05-18")}}}
		if told {
			i.Deliveries = []issue.Delivery{{Opinion: "o", Round: 1, Answer: 1, Channel: "in_person", On: day("2017-05-24")}}
		}
		if n == 0 {
			i.Replies = []issue.Satisfaction{{Opinion: "o", Round: 1, Answer: 1, Satisfied: true}}
		}
		f.Answered = append(f.Answered, i)
	}
	for _, reply := range []string{"yes", "yes", "yes", "no", ""} {
		f.Opinions = append(f.Opinions, opinion.State{Kind: opinion.Question, Status: opinion.AnsweredOnSpot, Satisfied: reply, Place: "AP-01"})
	}
	f.Opinions = append(f.Opinions,
		opinion.State{Kind: opinion.Denunciation, Place: "AP-02"},
		opinion.State{Kind: opinion.Report, Confidentiality: opinion.Sealed, Place: "AP-02"})
	return f
}

func TestEX28_MonthReportFigures(t *testing.T) {
	g := report.Compute(ex28())
	for name, c := range map[string]struct {
		got     report.Share
		want    report.Share
		percent float64
	}{
		"coverage claimed":  {g.Claimed, report.Share{Part: 7, Of: 10}, 70},
		"coverage verified": {g.Verified, report.Share{Part: 6, Of: 10}, 60},
		"hamlets complete":  {g.Complete, report.Share{Part: 2, Of: 5}, 40},
		"reports on time":   {g.Visits.OnTime, report.Share{Part: 7, Of: 8}, 87.5},
		"units on time":     {g.Units, report.Share{Part: 3, Of: 5}, 60},
		"feedback":          {g.Feedback, report.Share{Part: 3, Of: 4}, 75},
		"satisfied":         {g.Satisfied, report.Share{Part: 4, Of: 5}, 80},
		"response rate":     {g.Replied, report.Share{Part: 5, Of: 8}, 62.5},
	} {
		if c.got != c.want || c.got.Percent() != c.percent {
			t.Errorf("%s: %d/%d = %v %%, want %d/%d = %v %%", name, c.got.Part, c.got.Of, c.got.Percent(), c.want.Part, c.want.Of, c.percent)
		}
	}
	if g.NotDue != 1 {
		t.Errorf("not yet due: %d, want 1", g.NotDue)
	}
	want := []report.OfficialLine{{Official: "ha", Quota: 2, Claimed: 1, Verified: 1}, {Official: "lan", Quota: 2, Claimed: 2, Verified: 2},
		{Official: "minh", Quota: 2, Claimed: 2, Verified: 1}, {Official: "tuan", Quota: 4, Claimed: 2, Verified: 2}}
	if !slices.Equal(g.Officials, want) {
		t.Errorf("officials %v, want %v", g.Officials, want)
	}
	if g.Opinions.Total != 5 {
		t.Errorf("%d opinions: what is sealed appears nowhere", g.Opinions.Total)
	}
}

func TestAnEmptyWholeHasNoShare(t *testing.T) {
	if got := (report.Share{}).Percent(); got != 0 {
		t.Errorf("0 of 0 is %v %%", got)
	}
}

// TestEveryTableAddsUp: official readers add the columns first.
func TestEveryTableAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := report.Compute(randomFacts(t))
		v := g.Visits
		sums := map[string][2]int{
			"opinions by kind":      {report.Sum(g.Opinions.ByKind), g.Opinions.Total},
			"opinions by topic":     {report.Sum(g.Opinions.ByTopic), g.Opinions.Total},
			"opinions by commune":   {report.Sum(g.Opinions.ByCommune), g.Opinions.Total},
			"opinions by treatment": {g.Opinions.OnSpot + g.Opinions.Guided + g.Opinions.Linked + g.Opinions.Noted, g.Opinions.Total},
			"issues by status":      {report.Sum(g.Issues.ByStatus), g.Issues.Registered},
			"issues by class":       {report.Sum(g.Issues.ByClass), g.Issues.Registered},
			"visits":                {v.Ahead + v.Held + v.Verified + v.Reported + v.Unconfirmed + v.Disputed + v.Refused + v.Missed, v.Planned},
		}
		due, onTime, verified, quota := 0, 0, 0, 0
		for _, l := range g.UnitLines {
			due, onTime = due+l.Due, onTime+l.OnTime
			sums["unit "+string(l.Unit)] = [2]int{l.OnTime + l.Late + l.Overdue, l.Due}
		}
		for _, l := range g.Officials {
			verified, quota = verified+l.Verified, quota+l.Quota
		}
		sums["units"] = [2]int{due, g.Units.Of}
		sums["units on time"] = [2]int{onTime, g.Units.Part}
		sums["officials verified"] = [2]int{verified, g.Verified.Part}
		sums["officials quota"] = [2]int{quota, g.Verified.Of}
		for name, s := range sums {
			if s[0] != s[1] {
				t.Fatalf("%s: %d, the total says %d", name, s[0], s[1])
			}
		}
		if g.Satisfied.Of != g.Replied.Part {
			t.Fatalf("%d satisfied or not, %d replied", g.Satisfied.Of, g.Replied.Part)
		}
		if g.Verified.Part > g.Claimed.Part {
			t.Fatal("more verified than claimed")
		}
	})
}

func randomFacts(t *rapid.T) report.Facts {
	f := report.Facts{Period: may(), AsOf: day("2017-06-10"), Policy: policy.Default()}
	pick := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
	for n := range rapid.IntRange(0, 30).Draw(t, "opinions") {
		f.Opinions = append(f.Opinions, opinion.State{
			ID: opinion.ID(fmt.Sprint(n)), Place: org.PlaceID(pick("place", "AP-01", "AP-02", "AP-03")),
			Kind:      opinion.Kind(pick("kind", "report", "petition", "query", "wish", "denunciation", "unclassified")),
			Topics:    []string{pick("topic", "duong", "rac", "dat")},
			Status:    opinion.Status(pick("status", "captured", "answered_on_spot", "guided", "linked", "recorded", "withdrawn")),
			Satisfied: pick("satisfied", "yes", "no", ""),
		})
	}
	for n := range rapid.IntRange(0, 20).Draw(t, "issues") {
		f.Issues = append(f.Issues, issue.State{
			ID: issue.ID(fmt.Sprint(n)), Status: issue.Status(pick("status", "registered", "referred", "closed")),
			Answers: []issue.Answer{{Class: issue.AnswerClass(pick("class", "settled", "explained")), Approved: day("2017-05-09")}},
		})
	}
	for n := range rapid.IntRange(0, 20).Draw(t, "duties") {
		f.Units = append(f.Units, duty.State{
			ID: duty.ID(fmt.Sprint(n)), Status: duty.Status(pick("status", "running", "paused", "met", "met_late", "cancelled", "superseded")),
			Holder: org.Party{Unit: org.UnitID(pick("unit", "A", "B", "C"))},
		})
	}
	statuses := []string{"planned", "at_risk", "held", "reported", "verified", "unconfirmed", "disputed", "refused", "missed", "cancelled"}
	for n := range rapid.IntRange(0, 20).Draw(t, "visits") {
		f.Visits = append(f.Visits, visit.State{ID: visit.ID(fmt.Sprint(n)), Status: visit.Status(pick("status", statuses...))})
	}
	for n := range rapid.IntRange(0, 8).Draw(t, "hamlets") {
		claimed := rapid.IntRange(0, 2).Draw(t, "claimed")
		f.Hamlets = append(f.Hamlets, report.Hamlet{
			Place: org.PlaceID(fmt.Sprint(n)), Official: org.PersonID(pick("official", "lan", "minh")), Quota: 2,
			Claimed: claimed, Verified: rapid.IntRange(0, claimed).Draw(t, "verified"),
		})
	}
	return f
}

func TestAMonthIsSubmittedApprovedAcceptedAndLocked(t *testing.T) {
	s := report.State{ID: "m", Kind: report.Month, Period: may(), Status: report.Open}
	june := day("2017-06-02")
	want := func(rule string, err error) {
		t.Helper()
		if vs := fault.Violations(err); len(vs) != 1 || vs[0].Rule != rule {
			t.Errorf("got %v, want %s", err, rule)
		}
	}
	want("report.submit.not_ended", s.Submit("", "VP-01", day("2017-05-31")))
	want("report.state.transition", s.Approve("VP-02", june))
	steps := []func() error{
		func() error { return s.Submit("Tháng 5", "VP-01", june) },
		func() error { return s.SendBack("VP-02", june, "thiếu phụ lục") },
		func() error { return s.Submit("Tháng 5", "VP-01", june) },
		func() error { return s.Approve("VP-02", june) },
	}
	for n, step := range steps {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", n, err)
		}
	}
	want("report.lock.not_accepted", s.Lock(report.Figures{}, "PCT", june))
	if err := s.Accept("PCT", june); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := s.Frozen(); ok {
		t.Error("figures are frozen before the lock")
	}
	if err := s.Lock(report.Compute(ex28()), "PCT", june); err != nil {
		t.Fatal(err)
	}
	frozen, ok, err := s.Frozen()
	if err != nil || !ok || frozen.Verified != (report.Share{Part: 6, Of: 10}) {
		t.Errorf("frozen %v %v %v", frozen.Verified, ok, err)
	}
	want("report.unlock.reason_missing", s.Unlock("PCT", june, " "))
	if err := s.Unlock("PCT", june, "thiếu một buổi"); err != nil || s.Status != report.Open {
		t.Errorf("%s %v", s.Status, err)
	}
	if len(s.Steps) != 7 || s.Steps[6].Reason != "thiếu một buổi" {
		t.Errorf("steps %v", s.Steps)
	}
}

// Two ways lead back to open: a submitted report is sent back, a locked one is
// unlocked, and neither way serves for the other.
func TestSendingBackAndUnlockingAreTwoThings(t *testing.T) {
	for status, step := range map[report.Status]func(*report.State) error{
		report.Submitted: func(s *report.State) error { return s.Unlock("VP-01", day("2017-06-02"), "nhầm") },
		report.Locked:    func(s *report.State) error { return s.SendBack("PCT", day("2017-06-02"), "nhầm") },
	} {
		s := report.State{Kind: report.Month, Period: may(), Status: status}
		if vs := fault.Violations(step(&s)); len(vs) != 1 || vs[0].Rule != "report.state.transition" || s.Status != status {
			t.Errorf("from %s: %v, now %s", status, vs, s.Status)
		}
	}
}

func TestNobodyApprovesAReportOfTheirOwn(t *testing.T) {
	s := report.State{Kind: report.Round, Official: "lan", Status: report.Submitted}
	if vs := fault.Violations(s.Approve("lan", day("2017-05-20"))); len(vs) != 1 || vs[0].Rule != "report.approve.own" {
		t.Errorf("got %v", vs)
	}
	if vs := fault.Violations(s.Accept("PCT", day("2017-05-20"))); len(vs) != 1 || vs[0].Rule != "report.accept.not_month" {
		t.Errorf("got %v", vs)
	}
}

func TestTheDrawingShowsTheStateMachine(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var drawn []report.Transition
	for line := range strings.Lines(string(doc)) {
		from, rest, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "//"), "->")
		if ok {
			drawn = append(drawn, report.Transition{From: report.Status(strings.TrimSpace(from)), To: report.Status(strings.Fields(rest)[0])})
		}
	}
	if !slices.Equal(drawn, report.Transitions()) {
		t.Errorf("doc.go draws\n%v\nthe table says\n%v", drawn, report.Transitions())
	}
}
