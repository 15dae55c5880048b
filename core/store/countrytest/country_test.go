package countrytest_test

import (
	"context"
	"iter"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/countrytest"
)

var (
	year  = calendar.Period{From: calendar.MustDate(2017, 1, 1), To: calendar.MustDate(2017, 12, 31)}
	march = calendar.MonthOf(calendar.MustDate(2017, 3, 1))
	days  = calendar.WeekdaysOnly("country")
)

func TestASeedMakesTheSameCountryInWhateverOrderItIsAskedFor(t *testing.T) {
	whole := slices.Collect(countrytest.New(7, 50).Issues(300, year))
	var parts []*issue.State
	for _, span := range [][2]int{{0, 1}, {1, 250}, {250, 300}} {
		parts = slices.AppendSeq(parts, countrytest.New(7, 50).IssuesFrom(span[0], span[1], 300, year))
	}
	if diff := cmp.Diff(whole, parts); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(whole, slices.Collect(countrytest.New(8, 50).Issues(300, year))) {
		t.Error("two seeds make one country")
	}
}

// unique fails when two of a sequence share a name, and returns how many there are.
func unique[T any](t *testing.T, all iter.Seq[T], name func(T) string) int {
	t.Helper()
	seen := map[string]bool{}
	for v := range all {
		if seen[name(v)] {
			t.Errorf("%s is there twice", name(v))
		}
		seen[name(v)] = true
	}
	return len(seen)
}

func TestNoTwoAreOneAndEveryBodyIsThere(t *testing.T) {
	const officials = 200 // two districts and a bit
	c := countrytest.New(1, officials)
	places := unique(t, c.Places(), func(p *org.Place) string { return string(p.ID) })
	if want := 1 + 3 + 19 + officials; places != want {
		t.Errorf("%d places, want %d", places, want)
	}
	people := map[org.PersonID]bool{}
	unique(t, c.People(), func(p *org.Person) string { people[p.ID] = true; return string(p.ID) })
	unique(t, c.People(), func(p *org.Person) string { return p.Phone })
	unique(t, c.Holdings(), func(h *org.Holding) string {
		if !people[h.Person] {
			t.Errorf("%s has a role and is nobody", h.Person)
		}
		return string(h.ID)
	})
	if n := unique(t, c.Issues(1000, year), func(s *issue.State) string { return s.Code }); n != 1000 {
		t.Errorf("%d issues, want 1000", n)
	}
}

func TestIssuesAreSpreadOverTheYearAndMostAreClosed(t *testing.T) {
	status, months := map[issue.Status]int{}, map[time.Month]int{}
	last := calendar.Date{}
	for s := range countrytest.New(1, 100).Issues(12_000, year) {
		status[s.Status]++
		months[s.Registered.Month()]++
		if s.Registered.Before(last) || !year.Contains(s.Registered) {
			t.Fatalf("%s is registered on %s, after one of %s", s.ID, s.Registered, last)
		}
		last = s.Registered
		d, err := countrytest.DutyOf(s, policy.Default(), days)
		if err != nil {
			t.Fatal(err)
		}
		if d.IsOpen() == (s.Status == issue.Closed) {
			t.Fatalf("the duty of a %s issue is %s", s.Status, d.Status)
		}
	}
	if status[issue.Closed] < 10_000 || status[issue.Referred] < 300 || status[issue.Registered] == 0 || status[issue.FeedbackDue] == 0 || status[issue.FeedbackGiven] == 0 {
		t.Errorf("they stand so: %v", status)
	}
	for _, n := range slices.Collect(maps.Values(months)) {
		if n < 900 || n > 1100 {
			t.Errorf("uneven months: %v", months)
			break
		}
	}
}

// The country is real enough for the programme: its reminders fall due at one
// instant and each becomes a notice to the official.
func TestOneSweepAtTheHourOfSendingRemindsEverybody(t *testing.T) {
	const n = 30
	c, pol, evening := countrytest.New(1, 20), policy.Default(), calendar.MustDate(2017, 3, 15)
	st := memstore.New()
	now := evening.Add(-3).At(calendar.MustTimeOfDay(12, 0))
	err := st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		for p := range c.Places() {
			if err := tx.PutPlace(ctx, p); err != nil {
				return err
			}
		}
		for p := range c.People() {
			if err := tx.PutPerson(ctx, p); err != nil {
				return err
			}
		}
		for h := range c.Holdings() {
			if err := tx.PutHolding(ctx, h); err != nil {
				return err
			}
		}
		for v, d := range c.Reminders(n, evening, pol, days) {
			if err := tx.PutVisit(ctx, v); err != nil {
				return err
			}
			if err := tx.PutDuty(ctx, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sys, err := core.New(st, pol, &core.Options{Clock: func() time.Time { return now }, Calendar: days})
	if err != nil {
		t.Fatal(err)
	}
	sweep := func() core.Swept {
		done, err := sys.Sweep(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	if before := sweep(); before.Steps != 0 {
		t.Fatalf("%d were reminded before the hour", before.Steps)
	}
	now = evening.Add(-2).At(pol.Ladder.SendAt)
	done := sweep()
	told := 0
	err = sys.View(t.Context(), org.System(), func(ctx context.Context, w *core.Work) error {
		all, err := w.Notices.List(ctx, notify.Query{Template: "duty.visit"})
		told = len(all)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if done.Steps != n || told != 2*n || done.Failed != 0 || done.Expired != 0 {
		t.Errorf("swept %+v and wrote %d notices, want %d steps, each by SMS and mail", done, told, n)
	}
}

func TestEveryOfficialOwesTwoVisitsAMonth(t *testing.T) {
	c := countrytest.New(1, 100)
	per := map[org.PersonID]int{}
	for v := range c.Visits(march, calendar.MustDate(2017, 3, 16)) {
		per[v.Official]++
		if !march.Contains(v.Planned) {
			t.Errorf("%s is planned for %s", v.ID, v.Planned)
		}
		if past := v.Planned.Before(calendar.MustDate(2017, 3, 16)); past == v.Happened.IsZero() {
			t.Errorf("%s of %s happened on %s", v.ID, v.Planned, v.Happened)
		}
	}
	for p, n := range per {
		if n != 2 {
			t.Errorf("%s owes %d", p, n)
		}
	}
	if len(per) != 100 || len(c.Hosts(2)) != 100 {
		t.Errorf("%d officials and %d hamlets", len(per), len(c.Hosts(2)))
	}
}
