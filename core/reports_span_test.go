package core_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// reports asks the reports as somebody.
func reports[T any](c *cast, who org.PersonID, ask func(context.Context, *core.Reports) (T, error)) (answer T) {
	c.t.Helper()
	c.must(who, func(ctx context.Context, w *core.Work) (err error) {
		answer, err = ask(ctx, w.Reports)
		return err
	})
	return answer
}

func (c *cast) territories(during calendar.Period, on string) []string {
	c.t.Helper()
	lines := reports(c, pct, func(ctx context.Context, r *core.Reports) ([]report.PlaceLine, error) {
		return r.ByTerritory(ctx, during, day(on))
	})
	var got []string
	for _, l := range lines {
		got = append(got, fmt.Sprintf("%s of %v unplaced=%v verified %d/%d opinions %d", l.Place, l.Of, l.Unplaced, l.Verified, l.Quota, l.Opinions))
	}
	return got
}

// A10, domain 8.4: the past is asked for as it was then and in today's units.
func TestAReportIsMadeAsItWasThenAndInTodaysUnits(t *testing.T) {
	c := newCast(t, nil)
	c.held(lan, "AP-01", "2017-05-10", "2017-05-10", true)
	c.held(tuan, "AP-04", "2017-05-11", "2017-05-11", true)
	c.hears(tuan, core.Said{Text: "Cống nghẹt.", Kind: opinion.Report, Place: "AP-04"})
	c.hears(ha, core.Said{Text: "Rác đầy.", Kind: opinion.Report, Place: "AP-03"})
	may := days("2017-05-01", "2017-05-31")
	then := []string{
		"C1 of [AP-01 AP-02] unplaced=false verified 1/4 opinions 0",
		"C2 of [AP-03 AP-04 AP-05] unplaced=false verified 1/6 opinions 2",
	}
	if diff := cmp.Diff(then, c.territories(may, "2017-05-31")); diff != "" {
		t.Error(diff)
	}

	c.at("2017-06-20")
	parent := func(id org.PlaceID) *org.Place {
		return &org.Place{ID: id, Names: []org.Naming{{Valid: calendar.Period{From: day("2017-07-01")}, Kind: "xa", Name: string(id), Code: string(id), Parent: "H"}}}
	}
	c.put(func(ctx context.Context, tx store.Tx) error {
		return firstOf(tx.PutPlace(ctx, parent("C1N")), tx.PutPlace(ctx, parent("C2A")), tx.PutPlace(ctx, parent("C2B")))
	})
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		if err := w.Org.MergePlaces(ctx, core.Merger{From: []org.PlaceID{"C1"}, Into: "C1N", On: day("2017-07-01"), Why: "NQ 9"}); err != nil {
			return err
		}
		return w.Org.SplitPlace(ctx, core.Division{Place: "C2", Parts: []org.PlaceID{"C2A", "C2B"}, On: day("2017-07-01"), Why: "NQ 9",
			Choice: map[org.PlaceID]org.PlaceID{"AP-03": "C2A", "AP-04": "C2B", "AP-05": "C2B"}})
	})
	c.at("2017-07-10")
	now := []string{
		"C1N of [AP-01 AP-02] unplaced=false verified 1/4 opinions 0",
		"C2A of [AP-03] unplaced=false verified 0/2 opinions 1",
		"C2B of [AP-04 AP-05] unplaced=false verified 1/4 opinions 1",
	}
	if diff := cmp.Diff(now, c.territories(may, "2017-07-10")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(then, c.territories(may, "2017-05-31")); diff != "" {
		t.Errorf("as it was then has changed: %s", diff)
	}
}

// A hamlet that was divided across communes has no single home: its past is
// shown by itself and given to nobody.
func TestThePastOfADividedHamletIsGivenToNobody(t *testing.T) {
	c := newCast(t, nil)
	c.unassign()
	c.at("2017-05-10")
	c.hears(ha, core.Said{Text: "Rác đầy.", Kind: opinion.Report, Place: "AP-03"})
	c.at("2017-06-20")
	part := func(id, commune org.PlaceID) *org.Place {
		return &org.Place{ID: id, Names: []org.Naming{{Valid: calendar.Period{From: day("2017-07-01")}, Kind: "ap", Name: string(id), Code: string(id), Parent: commune}}}
	}
	c.put(func(ctx context.Context, tx store.Tx) error {
		return firstOf(tx.PutPlace(ctx, part("AP-3A", "C1")), tx.PutPlace(ctx, part("AP-3B", "C2")))
	})
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		return w.Org.SplitPlace(ctx, core.Division{Place: "AP-03", Parts: []org.PlaceID{"AP-3A", "AP-3B"}, On: day("2017-07-01"), Why: "NQ 9"})
	})
	c.at("2017-07-10")
	want := []string{"AP-03 of [AP-03] unplaced=true verified 0/0 opinions 1"}
	if diff := cmp.Diff(want, c.territories(days("2017-05-01", "2017-05-31"), "2017-07-10")); diff != "" {
		t.Error(diff)
	}
}

// A month in whose middle a hamlet was merged is reported all the same, each
// hamlet in the commune it lay in.
func TestAMonthWithAMergerIsReported(t *testing.T) {
	c := newCast(t, nil)
	c.held(minh, "AP-02", "2017-05-10", "2017-05-10", true)
	c.hears(minh, core.Said{Text: "Đường hư.", Kind: opinion.Report, Place: "AP-02"})
	c.at("2017-05-15")
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		return w.Org.MergePlaces(ctx, core.Merger{From: []org.PlaceID{"AP-02"}, Into: "AP-01", On: day("2017-05-16"), Why: "NQ 9"})
	})
	c.at("2017-06-02")
	g := c.figures("2017-05")
	for _, h := range g.Hamlets {
		if h.Commune != "C1" && h.Commune != "C2" {
			t.Errorf("hamlet %s is counted in %s, which is no commune", h.Place, h.Commune)
		}
	}
	if g.Opinions.Total != 1 || g.Opinions.ByCommune[0].Key != "C1" {
		t.Errorf("%+v", g.Opinions.ByCommune)
	}
}

func TestAQuarterAddsUpItsMonths(t *testing.T) {
	c := newCast(t, nil)
	c.held(lan, "AP-01", "2017-02-08", "2017-02-08", true)
	c.held(lan, "AP-01", "2017-03-08", "2017-03-08", true)
	c.held(lan, "AP-01", "2017-03-22", "2017-03-22", true)
	c.at("2017-04-03")
	quarter := reports(c, vp01, func(ctx context.Context, r *core.Reports) (report.Figures, error) {
		return r.Over(ctx, report.FirstQuarter.Period(2017, 0))
	})
	var sum report.Share
	for _, m := range []string{"2017-01", "2017-02", "2017-03"} {
		one := c.figures(m).Verified
		sum.Part, sum.Of = sum.Part+one.Part, sum.Of+one.Of
	}
	if quarter.Verified != sum || sum.Part != 3 {
		t.Errorf("the quarter says %v, its months %v", quarter.Verified, sum)
	}
	for _, p := range []calendar.Period{{}, {From: day("2017-03-01")}, days("2017-03-31", "2017-03-01")} {
		for name, ask := range map[string]func(context.Context, *core.Reports) error{
			"over": func(ctx context.Context, r *core.Reports) error { _, err := r.Over(ctx, p); return err },
			"territory": func(ctx context.Context, r *core.Reports) error {
				_, err := r.ByTerritory(ctx, p, day("2017-03-31"))
				return err
			},
			"export": func(ctx context.Context, r *core.Reports) error { _, err := r.Export(ctx, p, nil); return err },
			"behind": func(ctx context.Context, r *core.Reports) error {
				_, err := r.Behind(ctx, p, report.Verified)
				return err
			},
			"yearly": func(ctx context.Context, r *core.Reports) error { _, err := r.Yearly(ctx, lan, p); return err },
		} {
			err := c.do(vp01, func(ctx context.Context, w *core.Work) error { return ask(ctx, w.Reports) })
			if vs := fault.Violations(err); len(vs) != 1 || vs[0].Rule != "report.period" {
				t.Errorf("%s of %s: %v", name, p, err)
			}
		}
	}
}

// An answer counts in the month of its approval, however old the issue is.
func TestAnAnswerToAnOldIssueIsCounted(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-01-10")
	m := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	c.put(func(ctx context.Context, tx store.Tx) error { // it was registered long before
		i, err := tx.Issue(ctx, m.id)
		if err != nil {
			return err
		}
		i.Registered = day("2015-06-01")
		return tx.PutIssue(ctx, &i)
	})
	c.at("2017-05-18")
	m.answeredBy(settledAnswer())
	c.at("2017-06-02")
	if got := c.figures("2017-05").Feedback; got != (report.Share{Part: 0, Of: 1}) {
		t.Errorf("feedback %v: the answer of May is not told yet", got)
	}
	b := reports(c, ct, func(ctx context.Context, r *core.Reports) (core.Behind, error) {
		return r.Behind(ctx, days("2017-05-01", "2017-05-31"), report.Feedback)
	})
	if !slices.Equal(b.Issues, []issue.ID{m.id}) {
		t.Errorf("behind it stand %v", b.Issues)
	}
}

// S30: whoever sees a figure may ask which ones.
func TestBehindEachFigureStandWhatItMisses(t *testing.T) {
	c := newCast(t, nil)
	c.held(lan, "AP-01", "2017-05-10", "2017-05-10", true)
	c.held(lan, "AP-01", "2017-05-24", "2017-05-30", true) // reported late
	c.held(minh, "AP-02", "2017-05-29", "2017-05-29", false)
	c.at("2017-05-02")
	m := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	c.at("2017-05-10")
	spot := c.hears(lan, core.Said{Text: "Khi nào đổi thẻ?", Kind: opinion.Question, Place: "AP-01", Answer: "Từ ngày 1."})
	c.at("2017-06-10")
	may := days("2017-05-01", "2017-05-31")
	for measure, want := range map[string]string{
		report.Verified:      "visits [AP-02/2017-05-29]",
		report.Claimed:       "visits []",
		report.ReportsOnTime: "visits [AP-01/2017-05-24]",
		report.UnitsOnTime:   fmt.Sprintf("issues [%s]", m.id),
		report.Replied:       fmt.Sprintf("opinions [%s]", spot),
		report.Satisfied:     "opinions []",
	} {
		b := reports(c, vp01, func(ctx context.Context, r *core.Reports) (core.Behind, error) { return r.Behind(ctx, may, measure) })
		got := map[string]string{"visits": fmt.Sprint(b.Visits), "issues": fmt.Sprint(b.Issues), "opinions": fmt.Sprint(b.Opinions)}
		kind, ids, _ := strings.Cut(want, " ")
		if got[kind] != ids {
			t.Errorf("behind %s: %s %s, want %s", measure, kind, got[kind], ids)
		}
	}
	c.refused("report.measure", vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Reports.Behind(ctx, may, "zeal")
		return err
	})
}

func TestAnExportNamesPersonsOnlyForAReasonThatIsKept(t *testing.T) {
	c := newCast(t, nil)
	c.held(lan, "AP-01", "2017-05-10", "2017-05-10", true)
	c.hears(lan, core.Said{Text: "Ngập đường.", Kind: opinion.Report, Place: "AP-01", Speaker: withPhone()})
	c.at("2017-06-10")
	may := days("2017-05-01", "2017-05-31")
	text := func(opts *core.ExportOptions) string {
		var b strings.Builder
		for _, one := range reports(c, vp01, func(ctx context.Context, r *core.Reports) ([]report.Table, error) { return r.Export(ctx, may, opts) }) {
			if err := report.WriteCSV(&b, one, "vi"); err != nil {
				t.Fatal(err)
			}
		}
		return b.String()
	}
	plain := text(nil)
	for _, about := range []string{"Lan", string(lan), "Mẫu,", "Nguyễn Thị Mẫu", "909999001", "Ngập đường"} {
		if strings.Contains(plain, about) {
			t.Errorf("the export holds %q", about)
		}
	}
	if !strings.Contains(plain, "ấp 01") && !strings.Contains(plain, "Ấp 01") {
		t.Errorf("places are not named: %s", plain)
	}
	if got := c.records(event.Subject{Type: "report", ID: "export/" + may.String()}); len(got) != 0 {
		t.Errorf("an export without persons is journalled: %v", got)
	}
	c.refused("report.export.reason_missing", vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Reports.Export(ctx, may, &core.ExportOptions{Officials: true})
		return err
	})
	if named := text(&core.ExportOptions{Officials: true, Why: "họp giao ban"}); !strings.Contains(named, "Trần Thị Lan") {
		t.Errorf("officials were asked for: %s", named)
	}
	if got := c.records(event.Subject{Type: "report", ID: "export/" + may.String()}); len(got) != 1 {
		t.Errorf("the journal says %v", got)
	}
}

func TestTheYearlySheetIsForTheOfficialAndThoseAbove(t *testing.T) {
	c := newCast(t, nil)
	c.held(lan, "AP-01", "2017-05-10", "2017-05-10", true)
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Survey(ctx, visit.Profile{Place: "AP-01", Author: lan, Households: 700, Inhabitants: 2900, Production: "Trồng điều, tiêu"}, "")
		return err
	})
	c.at("2017-12-29")
	ask := func(ctx context.Context, r *core.Reports) (report.YearSheet, error) {
		return r.Yearly(ctx, lan, year2017())
	}
	for _, who := range []org.PersonID{lan, vp01, pct, kt01} {
		s := reports(c, who, ask)
		if s.Official != lan || s.Awareness.Hamlets != 1 || s.Awareness.Surveyed != 1 || s.Communication.Verified.Part != 1 || s.Communication.People != 25 {
			t.Errorf("as %s sees it: %+v", who, s)
		}
		if who == lan && s.Communication.Remarks[supervision.Resident].Ratings != 0 {
			t.Error("she sees remarks that are too few")
		}
	}
	for _, who := range []org.PersonID{minh, tl03, ta01, u10} {
		c.refuses(who, func(ctx context.Context, w *core.Work) error { _, err := ask(ctx, w.Reports); return err })
	}
}

func TestWhoMayReadReports(t *testing.T) {
	c := newCast(t, nil)
	c.held(lan, "AP-01", "2017-05-10", "2017-05-10", true)
	c.at("2017-05-17")
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Reports.SubmitRound(ctx, lan, day("2017-05-10"), "Một buổi.")
		return err
	})
	list := func(q report.Query) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			all, err := w.Reports.List(ctx, q)
			if err == nil && len(all) != 1 {
				t.Errorf("%+v: %d reports", q, len(all))
			}
			return err
		}
	}
	for _, who := range []org.PersonID{vp01, pct, ct, kt01} {
		c.must(who, list(report.Query{}))
	}
	c.must(lan, list(report.Query{Official: lan}))
	c.must(tl03, list(report.Query{Team: teamT3}))
	c.refuses(lan, list(report.Query{}))
	c.refuses(minh, list(report.Query{Official: lan}))
	c.refuses(tl03, list(report.Query{}))
	c.refuses(tl03, list(report.Query{Team: "T4"}))
	c.refuses(ta01, list(report.Query{Team: teamT3}))
}
