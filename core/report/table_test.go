package report_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

func period(from, to string) calendar.Period { return calendar.Period{From: day(from), To: day(to)} }

// A year is reported in months, then quarter, half, nine months and whole; where
// the office closes its books on the 25th, so do they (A14).
func TestASpanIsMadeOfWholeMonthsOfReporting(t *testing.T) {
	for _, c := range []struct {
		span     report.Span
		closeDay int
		want     calendar.Period
	}{
		{report.FirstQuarter, 0, period("2017-01-01", "2017-03-31")},
		{report.HalfYear, 0, period("2017-01-01", "2017-06-30")},
		{report.NineMonths, 0, period("2017-01-01", "2017-09-30")},
		{report.WholeYear, 0, period("2017-01-01", "2017-12-31")},
		{report.FirstQuarter, 25, period("2016-12-26", "2017-03-25")},
		{report.WholeYear, 15, period("2016-12-16", "2017-12-15")},
		{"week", 0, calendar.Period{}},
	} {
		if got := c.span.Period(2017, c.closeDay); got != c.want {
			t.Errorf("%s closing on %d: %s, want %s", c.span, c.closeDay, got, c.want)
		}
	}
	if len(report.Spans()) != 4 {
		t.Errorf("spans %v", report.Spans())
	}
}

func table(t interface{ Fatalf(string, ...any) }, all []report.Table, name string) report.Table {
	i := slices.IndexFunc(all, func(t report.Table) bool { return t.Name == name })
	if i < 0 {
		return report.Table{Name: name}
	}
	return all[i]
}

// Whoever adds up the columns of an export gets what its summary says, small
// cells hidden or not.
func TestEveryExportedTableAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := randomFacts(t)
		g := report.Compute(f)
		person := func(id org.PersonID) string { return "P " + string(id) }
		all := report.Tables(g, &report.TableOptions{Person: person, SmallCell: rapid.IntRange(0, 4).Draw(t, "small cell")})
		sum := func(name, column string) int { return table(t, all, name).Sum(column) }
		for name, c := range map[string][2]int{
			"hamlets' quota":      {sum("hamlets", "quota"), g.Verified.Of},
			"hamlets' claimed":    {sum("hamlets", "claimed"), g.Claimed.Part},
			"hamlets' verified":   {sum("hamlets", "verified"), g.Verified.Part},
			"officials' claimed":  {sum("officials", "claimed"), g.Claimed.Part},
			"visits":              {sum("visits", "visits"), g.Visits.Planned},
			"units due":           {sum("units", "due"), g.Units.Of},
			"units on time":       {sum("units", "on_time"), g.Units.Part},
			"units due, by state": {sum("units", "on_time") + sum("units", "late") + sum("units", "overdue"), g.Units.Of},
			"opinions by kind":    {sum("opinions_by_kind", "count"), g.Opinions.Total},
			"opinions by topic":   {sum("opinions_by_topic", "count"), g.Opinions.Total},
			"opinions, communes":  {sum("opinions_by_commune", "count"), g.Opinions.Total},
			"issues by status":    {sum("issues_by_status", "count"), g.Issues.Registered},
			"issues by class":     {sum("issues_by_class", "count"), g.Issues.Registered},
		} {
			if c[0] != c[1] {
				t.Fatalf("%s: the column adds up to %d, the figures say %d", name, c[0], c[1])
			}
		}
		// The same facts by territory, whatever the territories are.
		homes := rapid.SliceOfN(rapid.SampledFrom([]org.PlaceID{"C1", "C2", ""}), 3, 3).Draw(t, "homes")
		lines := report.Regroup(f, func(p org.PlaceID) (org.PlaceID, bool) {
			home := homes[len(p)*7%3]
			if p != "" {
				home = homes[int(p[len(p)-1])%3]
			}
			return home, home != ""
		})
		places := report.PlaceTable(lines, nil)
		for column, want := range map[string]int{
			"quota": g.Verified.Of, "claimed": g.Claimed.Part, "verified": g.Verified.Part, "opinions": g.Opinions.Total, "issues": g.Issues.Registered,
		} {
			if got := places.Sum(column); got != want {
				t.Fatalf("by territory, %s adds up to %d, the figures say %d", column, got, want)
			}
		}
	})
}

func TestTheSummaryShowsEveryShareWithItsWhole(t *testing.T) {
	rows := report.Tables(report.Compute(ex28()), nil)[0].Rows
	var got []string
	for _, r := range rows {
		got = append(got, r[1].String()+"/"+r[2].String()+" "+r[3].String())
	}
	want := []string{"7/10 70.0", "6/10 60.0", "2/5 40.0", "7/8 87.5", "3/5 60.0", "3/4 75.0", "5/8 62.5", "4/5 80.0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	empty := report.Tables(report.Figures{}, nil)
	if len(empty) != 1 || empty[0].Rows[0][3].String() != "" {
		t.Errorf("a share of nothing is shown as %q", empty[0].Rows[0][3])
	}
}

// Persons are in an export only when it is asked for (A11).
func TestAnExportHoldsNoOfficialsUnlessAskedFor(t *testing.T) {
	g := report.Compute(ex28())
	holds := func(opts *report.TableOptions) bool {
		var b strings.Builder
		for _, one := range report.Tables(g, opts) {
			if err := report.WriteCSV(&b, one, "vi"); err != nil {
				t.Fatal(err)
			}
		}
		return strings.Contains(b.String(), "lan") || strings.Contains(b.String(), "tuan")
	}
	if holds(nil) || holds(&report.TableOptions{}) {
		t.Error("officials are named")
	}
	if !holds(&report.TableOptions{Person: func(id org.PersonID) string { return string(id) }}) {
		t.Error("officials were asked for and are not there")
	}
}

// A kind of opinion so rare that it could tell who spoke is shown among others,
// and never alone (L14).
func TestSmallCellsAreHiddenTogether(t *testing.T) {
	of := func(counts map[opinion.Kind]int) report.Figures {
		var f report.Facts
		for kind, n := range counts {
			for range n {
				f.Opinions = append(f.Opinions, opinion.State{Kind: kind, Place: "AP-01", Status: opinion.Recorded})
			}
		}
		return report.Compute(f)
	}
	for name, c := range map[string]struct {
		counts map[opinion.Kind]int
		want   string
	}{
		"none is small":         {map[opinion.Kind]int{opinion.Report: 5, opinion.Petition: 3}, "report 5, petition 3"},
		"two are small":         {map[opinion.Kind]int{opinion.Report: 5, opinion.Complaint: 1, opinion.Wish: 2}, "report 5, others 3"},
		"one takes the next in": {map[opinion.Kind]int{opinion.Report: 5, opinion.Petition: 4, opinion.Complaint: 1}, "report 5, others 5"},
		"one alone":             {map[opinion.Kind]int{opinion.Complaint: 1}, "others 1"},
	} {
		var got []string
		for _, r := range table(t, report.Tables(of(c.counts), &report.TableOptions{SmallCell: 3}), "opinions_by_kind").Rows {
			got = append(got, r[0].String()+" "+r[1].String())
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

func TestATableIsWrittenForSpreadsheets(t *testing.T) {
	number := 3
	one := report.Table{
		Name: "x", Columns: []report.Column{{Name: "a", Title: report.Text{VI: "Ấp", EN: "Hamlet"}}, {Name: "b", Title: report.Text{VI: "Số, lượng", EN: "Count"}}},
		Rows: [][]report.Value{{{Text: "Bình Minh"}, {Number: &number}}, {{Text: `=HYPERLINK("x")`}, {Text: "-1"}}, {{Text: ""}, {Text: "a\nb"}}},
	}
	var b strings.Builder
	if err := report.WriteCSV(&b, one, "vi"); err != nil {
		t.Fatal(err)
	}
	want := "\ufeffẤp,\"Số, lượng\"\r\nBình Minh,3\r\n\"'=HYPERLINK(\"\"x\"\")\",'-1\r\n,\"a\r\nb\"\r\n"
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
	b.Reset()
	if err := report.WriteCSV(&b, one, "en"); err != nil || !strings.Contains(b.String(), "Hamlet,Count") {
		t.Errorf("%v %q", err, b.String())
	}
	if one.Sum("b") != 3 || one.Sum("none") != 0 {
		t.Errorf("sums %d %d", one.Sum("b"), one.Sum("none"))
	}
	for n := range 3 {
		if err := report.WriteCSV(&full{n}, one, "vi"); err == nil {
			t.Errorf("a full disk after %d writes is not told", n)
		}
	}
}

// full is a disk that takes n writes.
type full struct{ n int }

func (f *full) Write(p []byte) (int, error) {
	if f.n--; f.n < 1 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

func TestWhatLiesInTerritoriesAsTheyAreNow(t *testing.T) {
	f := report.Facts{Period: may()}
	for _, place := range []org.PlaceID{"AP-01", "AP-02", "AP-03"} {
		f.Hamlets = append(f.Hamlets, report.Hamlet{Place: place, Quota: 2, Claimed: 2, Verified: 1})
	}
	answered := func(class issue.AnswerClass) []issue.Answer {
		return []issue.Answer{{Class: class, Approved: day("2017-05-09")}}
	}
	f.Issues = []issue.State{{Place: "AP-01", Answers: answered(issue.Settled)}, {Place: "AP-02", Answers: answered(issue.Explained)}, {Place: "AP-02"}}
	lines := report.Regroup(f, func(p org.PlaceID) (org.PlaceID, bool) { return "P1", p != "AP-03" })
	want := []report.PlaceLine{
		{Place: "AP-03", Of: []org.PlaceID{"AP-03"}, Unplaced: true, Quota: 2, Claimed: 2, Verified: 1},
		{Place: "P1", Of: []org.PlaceID{"AP-01", "AP-02"}, Quota: 4, Claimed: 4, Verified: 2, Issues: 3, Settled: 1, Explained: 1},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

// What was known of a period when it was locked and what is known now; what may
// still change by itself is no correction.
func TestOnlyWhatThePeriodDecidesIsACorrection(t *testing.T) {
	was := report.Compute(ex28())
	f := ex28()
	f.Hamlets[4].Verified, f.Hamlets[4].Claimed = 1, 1
	f.Answered = f.Answered[:3] // the untold answer was told meanwhile
	want := []report.Change{
		{Measure: report.Claimed, Was: report.Share{Part: 7, Of: 10}, Now: report.Share{Part: 8, Of: 10}},
		{Measure: report.Verified, Was: report.Share{Part: 6, Of: 10}, Now: report.Share{Part: 7, Of: 10}},
	}
	if diff := cmp.Diff(want, report.Changes(was, report.Compute(f))); diff != "" {
		t.Error(diff)
	}
	if got := report.Changes(was, report.Compute(ex28())); got != nil {
		t.Errorf("nothing changed and still %v", got)
	}
}

// S12–S16, S29: a description under four respects.
func TestTheYearlySheetDescribesAndNeverGrades(t *testing.T) {
	f := ex28()
	f.Hamlets = []report.Hamlet{{Place: "AP-04", Official: "tuan", Quota: 2, Claimed: 2, Verified: 2}, {Place: "AP-05", Official: "tuan", Quota: 2, Excused: 1}}
	f.Visits = []visit.State{
		{Status: visit.Verified, Reports: []visit.Report{{Attendance: visit.Present, People: 30, Receipts: []visit.Receipt{{Item: "i", Told: true, Audience: 30}}}}},
		{Status: visit.Missed, Absence: visit.Unexcused},
	}
	f.Issues = []issue.State{{ID: "1", Status: issue.Referred}, {ID: "2", Status: issue.Closed}}
	remarks := map[supervision.Source]supervision.Figure{supervision.Resident: {Ratings: 6, Complete: 6}}
	profiles := []visit.Profile{
		{Place: "AP-04", Author: "tuan", Status: visit.ProfileAccepted, On: day("2017-05-10")},
		{Place: "AP-05", Author: "lan", Status: visit.ProfileAccepted, On: day("2017-05-10")},
		{Place: "AP-05", Author: "tuan", Status: visit.ProfileDraft, On: day("2017-05-10")},
	}
	s := report.Yearly("tuan", f, profiles, remarks)
	want := report.YearSheet{
		Official: "tuan", Period: f.Period, AsOf: f.AsOf,
		Awareness: report.Awareness{Hamlets: 2, Surveyed: 1, Surveys: 1},
		Communication: report.Communication{Claimed: report.Share{Part: 2, Of: 4}, Verified: report.Share{Part: 2, Of: 4}, Excused: 1, Unexcused: 1,
			People: 30, Told: 1, Audience: 30, Remarks: remarks},
		Handling:       report.Handling{Heard: 5, OnSpot: 5, Satisfied: report.Share{Part: 3, Of: 4}},
		Responsibility: report.Responsibility{ReportsOnTime: report.Share{Part: 1, Of: 1}, Followed: 2, Open: 1, ToldBack: report.Share{Part: 3, Of: 4}},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
}
