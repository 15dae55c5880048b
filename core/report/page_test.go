package report_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

var aMay = calendar.Period{From: calendar.MustDate(2017, 5, 1), To: calendar.MustDate(2017, 5, 31)}

// drawn are facts of some hamlets, and whose those are that do not say it.
type drawn struct {
	report.Facts
	hamlets []org.PlaceID
	later   []org.PlaceID // of each duty that is due later
	rated   map[supervision.RoundID]org.PlaceID
}

// someFacts draws facts of n hamlets.
func someFacts(r *rapid.T, n int) drawn {
	f := drawn{rated: make(map[supervision.RoundID]org.PlaceID)}
	for i := range n {
		f.hamlets = append(f.hamlets, org.PlaceID(fmt.Sprintf("AP-%04d", i)))
	}
	hamlet := func() org.PlaceID { return rapid.SampledFrom(f.hamlets).Draw(r, "hamlet") }
	many := func(what string) int { return rapid.IntRange(0, 12).Draw(r, what) }
	date := func() calendar.Date { return aMay.From.Add(rapid.IntRange(0, 30).Draw(r, "day")) }
	f.Facts = report.Facts{Period: aMay, AsOf: aMay.To.Add(9), Policy: policy.Default(), Commune: func(p org.PlaceID) org.PlaceID { return "XA-" + p[3:5] }}
	for i, id := range f.hamlets {
		if rapid.Bool().Draw(r, "looked after") {
			f.Hamlets = append(f.Hamlets, report.Hamlet{Place: id, Commune: "XA", Official: org.PersonID(fmt.Sprintf("CC-%d", i%3)),
				Quota: 2, Claimed: rapid.IntRange(0, 2).Draw(r, "claimed"), Verified: rapid.IntRange(0, 2).Draw(r, "verified"), Excused: i % 2})
		}
	}
	for range many("visits") {
		v := visit.State{Place: hamlet(), Happened: date(), Status: rapid.SampledFrom([]visit.Status{visit.Planned, visit.Held, visit.Verified, visit.Reported, visit.Missed, visit.Cancelled}).Draw(r, "status")}
		v.Absence = rapid.SampledFrom([]visit.Attendance{"", visit.Excused, visit.Unexcused}).Draw(r, "absence")
		v.Reports = []visit.Report{{People: 30, Attendance: rapid.SampledFrom([]visit.Attendance{visit.Present, visit.Substitute}).Draw(r, "attendance"), MinutesLate: rapid.IntRange(0, 60).Draw(r, "late"),
			Late: rapid.IntRange(0, 1).Draw(r, "reported late"), Receipts: []visit.Receipt{{Told: true, Audience: 7}}}}
		f.Visits = append(f.Visits, v)
	}
	for range many("opinions") {
		f.Opinions = append(f.Opinions, opinion.State{Place: hamlet(), Kind: rapid.SampledFrom([]opinion.Kind{opinion.Report, opinion.Question, opinion.Denunciation}).Draw(r, "kind"), Topics: []string{"y_te"},
			Status: rapid.SampledFrom([]opinion.Status{opinion.AnsweredOnSpot, opinion.Linked, opinion.Recorded, opinion.Withdrawn}).Draw(r, "became"), Satisfied: rapid.SampledFrom([]string{"", "yes", "no"}).Draw(r, "satisfied")})
	}
	for i := range many("issues") {
		s := issue.State{ID: issue.ID(fmt.Sprint(i)), Place: hamlet(), Status: rapid.SampledFrom([]issue.Status{issue.Registered, issue.Closed}).Draw(r, "stands"), Repeats: i % 2, Collective: i%3 == 0, Opinions: []string{"o"}}
		if rapid.Bool().Draw(r, "answered") {
			s.Answers = []issue.Answer{{Class: issue.Settled, Approved: date()}}
			s.Deliveries = []issue.Delivery{{Opinion: "o", Answer: 1, On: date()}}
			s.Replies = []issue.Satisfaction{{Opinion: "o", Answer: 1, Satisfied: i%2 == 0}}
			f.Answered = append(f.Answered, s)
		}
		f.Issues = append(f.Issues, s)
	}
	for i := range many("duties") {
		d := duty.State{Place: hamlet(), Status: rapid.SampledFrom([]duty.Status{duty.Met, duty.MetLate, duty.Running, duty.Superseded}).Draw(r, "duty"), Holder: org.Party{Unit: org.UnitID(fmt.Sprintf("P-%d", i%2))}}
		if i%3 == 0 {
			f.later = append(f.later, d.Place)
		} else {
			f.Units = append(f.Units, d)
		}
	}
	f.Later = len(f.later)
	for i := range many("rounds") {
		id := supervision.RoundID(fmt.Sprint(i))
		f.rated[id] = hamlet()
		f.Ratings = append(f.Ratings, supervision.Rating{Round: id, Source: supervision.Resident, Complete: i%2 == 0, Proper: true})
	}
	return f
}

// pages are the pages of the facts.
func (f drawn) pages() (pages []report.Page, err error) {
	for hamlets := range slices.Chunk(f.hamlets, report.PageSize) {
		here := func(p org.PlaceID) bool { return slices.Contains(hamlets, p) }
		part := report.Facts{
			Period: f.Period, AsOf: f.AsOf, Policy: f.Policy, Commune: f.Commune,
			Hamlets:  those(f.Hamlets, func(h report.Hamlet) bool { return here(h.Place) }),
			Visits:   those(f.Visits, func(v visit.State) bool { return here(v.Place) }),
			Opinions: those(f.Opinions, func(o opinion.State) bool { return here(o.Place) }),
			Issues:   those(f.Issues, func(i issue.State) bool { return here(i.Place) }),
			Answered: those(f.Answered, func(i issue.State) bool { return here(i.Place) }),
			Units:    those(f.Units, func(d duty.State) bool { return here(d.Place) }),
			Later:    len(those(f.later, here)),
			Ratings:  those(f.Ratings, func(r supervision.Rating) bool { return here(f.rated[r.Round]) }),
		}
		page, err := report.NewPage(hamlets[0], hamlets, part)
		if err != nil {
			return nil, err
		}
		pages = append(pages, page)
	}
	return pages, nil
}

func those[T any](all []T, fit func(T) bool) (some []T) {
	for _, v := range all {
		if fit(v) {
			some = append(some, v)
		}
	}
	return some
}

// Figures are sums over hamlets: the pages of all of them say what is counted from
// all facts at once.
func TestThePagesOfAPeriodAddUpToItsFigures(t *testing.T) {
	several := 0
	rapid.Check(t, func(r *rapid.T) {
		f := someFacts(r, rapid.SampledFrom([]int{1, 5, 2*report.PageSize + 7}).Draw(r, "hamlets"))
		pages, err := f.pages()
		if err != nil {
			r.Fatal(err)
		}
		if len(pages) > 1 {
			several++
		}
		got, err := report.Unite(f.Period, f.AsOf, pages)
		if err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(report.Compute(f.Facts), got); diff != "" {
			r.Fatalf("counted at once (-), from %d pages (+):\n%s", len(pages), diff)
		}
	})
	if several == 0 {
		t.Error("nothing ever filled two pages")
	}
}

func TestAHamletIsLookedForInThePageThatHoldsIt(t *testing.T) {
	pages := []report.Page{{First: "B"}, {First: "D"}, {First: "F"}}
	for hamlet, want := range map[org.PlaceID]int{"A": 0, "B": 0, "C": 0, "D": 1, "DZ": 1, "E": 1, "F": 2, "Z": 2} {
		if got := report.PageOf(pages, hamlet); got != want {
			t.Errorf("%s is looked for in page %d, want %d", hamlet, got, want)
		}
	}
}

func TestAPageNamesAllItsHamletsAndShowsThoseThatSomebodyLooksAfter(t *testing.T) {
	hamlets := []org.PlaceID{"AP-01", "AP-02"}
	counted := report.Hamlet{Place: "AP-02", Commune: "XA", Official: "CC", Quota: 2, Claimed: 1}
	page, err := report.NewPage("AP-01", hamlets, report.Facts{Period: aMay, Hamlets: []report.Hamlet{counted}})
	if err != nil {
		t.Fatal(err)
	}
	if got := page.Places(); !slices.Equal(got, hamlets) {
		t.Errorf("the page names %v", got)
	}
	g, err := report.Unite(aMay, aMay.To, []report.Page{page})
	if err != nil || !slices.Equal(g.Hamlets, []report.Hamlet{counted}) {
		t.Errorf("it shows %v, %v", g.Hamlets, err)
	}
}

func TestIdsThatWouldPartRecordsAreNotRolledUp(t *testing.T) {
	for _, place := range []org.PlaceID{"", "AP\x1f01", "AP\x1e01"} {
		_, err := report.NewPage("AP-01", []org.PlaceID{place}, report.Facts{Period: aMay})
		if !errors.Is(err, report.ErrNotPaged) {
			t.Errorf("%q: %v", place, err)
		}
	}
	_, err := report.NewPage("AP-01", []org.PlaceID{"AP-01"}, report.Facts{Period: aMay, Units: []duty.State{{Place: "AP-01", Holder: org.Party{Unit: "P\x1e1"}}}})
	if !errors.Is(err, report.ErrNotPaged) {
		t.Errorf("a unit: %v", err)
	}
}

func TestAPageThatWasDamagedIsAnError(t *testing.T) {
	for _, p := range []report.Page{{Counts: "1\x1f"}, {Counts: "many\x1f"}, {Counts: strings.Repeat("0\x1f", 36) + "\x1ekind\x1fmany\x1f\x1e"}, {Counts: strings.Repeat("0\x1f", 36), Hamlets: "AP-01\x1fXA\x1fCC\x1fmany\x1e"}} {
		if _, err := report.Unite(aMay, aMay.To, []report.Page{p}); err == nil {
			t.Errorf("%q is read", p)
		}
	}
}

// BenchmarkUnite reads the figures of a month in a country of 60,000 hamlets.
func BenchmarkUnite(b *testing.B) {
	var pages []report.Page
	for first := 0; first < 60_000; first += report.PageSize {
		f := report.Facts{Period: aMay, Commune: func(p org.PlaceID) org.PlaceID { return "XA-" + p[3:7] }}
		var hamlets []org.PlaceID
		for i := first; i < first+report.PageSize; i++ {
			id := org.PlaceID(fmt.Sprintf("AP-%06d", i))
			hamlets = append(hamlets, id)
			f.Hamlets = append(f.Hamlets, report.Hamlet{Place: id, Commune: org.PlaceID(fmt.Sprintf("XA-%05d", i/11)), Official: org.PersonID(fmt.Sprintf("CC-%06d", i)), Quota: 2, Claimed: 2, Verified: i % 3})
			f.Issues = append(f.Issues, issue.State{Place: id, Status: issue.Closed}, issue.State{Place: id, Status: issue.Referred}, issue.State{Place: id, Status: issue.Registered})
			f.Opinions = append(f.Opinions, opinion.State{Place: id, Kind: opinion.Petition, Topics: []string{"dien"}, Status: opinion.Linked}, opinion.State{Place: id, Kind: opinion.Report, Topics: []string{"y_te"}})
			f.Units = append(f.Units, duty.State{Place: id, Status: duty.Met, Holder: org.Party{Unit: org.UnitID(fmt.Sprintf("PB-%04d-%02d", i/88, i%12))}})
		}
		page, err := report.NewPage(hamlets[0], hamlets, f)
		if err != nil {
			b.Fatal(err)
		}
		pages = append(pages, page)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := report.Unite(aMay, aMay.To, pages); err != nil {
			b.Fatal(err)
		}
	}
}
