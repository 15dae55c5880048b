package programme_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
)

func TestEX04_TheMonthPlanIsDueOnTheLastWorkingDayUpToThe25th(t *testing.T) {
	cal := cal2017(t)
	for m, want := range map[string]string{
		"2017-03": "2017-02-24", // 25/02 is a Saturday
		"2017-02": "2017-01-25", // the last day before Tết
		"2017-06": "2017-05-25",
	} {
		if got := programme.MonthPlanDue(month(m), policy.Default(), cal); got != day(want) {
			t.Errorf("the plan of %s is due %s, want %s", m, got, want)
		}
	}
	p := policy.Default()
	p.Quota.PlanDueDay = 28
	if got := programme.MonthPlanDue(month("2017-03"), p, cal); got != day("2017-02-28") {
		t.Errorf("with the 28th: %s", got)
	}
}

// visited is a confirmed visit, confirmed on the next day; with no date it is
// only claimed.
func visited(on string, held org.PersonID) programme.Counted {
	return programme.Counted{Official: "lan", HeldBy: held, Happened: day(on), VerifiedOn: day(on).Add(1)}
}

func claimed(on string) programme.Counted {
	return programme.Counted{Official: "lan", Happened: day(on)}
}

// area is AP-01 of Lan in a month of 2017 with a quota of two.
func area(m string, visits ...programme.Counted) programme.Area {
	return programme.Area{
		Place: "AP-01", Period: month(m).Period(), Quota: 2, Visits: visits,
		Tenures: []programme.Tenure{{Official: "lan", Days: year2017()}},
	}
}

func wantCounts(t *testing.T, c programme.Coverage, claimed, verified int) {
	t.Helper()
	if c.Claimed != claimed || c.Verified != verified {
		t.Errorf("%s: claimed %d, verified %d; want %d and %d", c.Place, c.Claimed, c.Verified, claimed, verified)
	}
}

func TestEX01_QuotaMet(t *testing.T) {
	c := programme.Cover(area("2017-03", visited("2017-03-08", ""), programme.Counted{Official: "lan", Happened: day("2017-03-22"), VerifiedOn: day("2017-03-24")}), quota())
	wantCounts(t, c, 2, 2)
	if !c.Complete() || c.MetOn != day("2017-03-24") {
		t.Errorf("complete %v, met on %s; want the day of the second confirmation", c.Complete(), c.MetOn)
	}
	want := []programme.Slot{
		{Days: days("2017-03-01", "2017-03-15"), Official: "lan", Claimed: true, Verified: true},
		{Days: days("2017-03-16", "2017-03-31"), Official: "lan", Claimed: true, Verified: true},
	}
	if !slices.Equal(c.Slots, want) {
		t.Errorf("slots %+v", c.Slots)
	}
	if !slices.Equal(c.Credits, []programme.Credit{{Person: "lan", Claimed: 2, Verified: 2}}) {
		t.Errorf("credits %+v", c.Credits)
	}
}

func TestEX11_TheVisitIsCreditedToTheSubstituteAndTheSlotExcused(t *testing.T) {
	a := area("2017-06", visited("2017-06-13", "ha"))
	a.Away = map[org.PersonID][]calendar.Period{"lan": {days("2017-06-05", "2017-06-16")}}
	c := programme.Cover(a, quota())
	wantCounts(t, c, 1, 1)
	if s := c.Slots[0]; s.Official != "lan" || !s.Excused || s.Missed || !s.Verified {
		t.Errorf("first slot %+v", s)
	}
	if s := c.Slots[1]; s.Excused || !s.Missed {
		t.Errorf("second slot %+v", s)
	}
	if !slices.Equal(c.Credits, []programme.Credit{{Person: "ha", Claimed: 1, Verified: 1}}) {
		t.Errorf("credits %+v", c.Credits)
	}
	a.Visits = nil
	if s := programme.Cover(a, quota()).Slots[0]; !s.Excused || s.Missed {
		t.Errorf("first slot without the visit %+v", s)
	}
}

func TestEX28_CoverageOfMay(t *testing.T) {
	q := quota()
	var claimedSum, verifiedSum, complete int
	for _, c := range []struct {
		visits            []programme.Counted
		claimed, verified int
	}{
		{[]programme.Counted{visited("2017-05-10", ""), visited("2017-05-24", "")}, 2, 2},
		{[]programme.Counted{visited("2017-05-11", ""), claimed("2017-05-29")}, 2, 1},
		{[]programme.Counted{visited("2017-05-12", ""), visited("2017-05-15", "")}, 1, 1}, // three days apart
		{[]programme.Counted{visited("2017-05-06", ""), visited("2017-05-20", "")}, 2, 2},
		{nil, 0, 0},
	} {
		got := programme.Cover(area("2017-05", c.visits...), q)
		wantCounts(t, got, c.claimed, c.verified)
		claimedSum, verifiedSum = claimedSum+got.Claimed, verifiedSum+got.Verified
		if got.Complete() {
			complete++
		}
	}
	if claimedSum != 7 || verifiedSum != 6 || complete != 2 {
		t.Errorf("claimed %d/10, verified %d/10, complete %d/5; want 7, 6, 2", claimedSum, verifiedSum, complete)
	}
}

func TestVisitsOutsideThePeriodDoNotCount(t *testing.T) {
	wantCounts(t, programme.Cover(area("2017-03", visited("2017-02-28", ""), visited("2017-04-01", "")), quota()), 0, 0)
}

func TestTheGapIsCountedInCalendarDays(t *testing.T) {
	for second, want := range map[string]int{"2017-03-14": 1, "2017-03-15": 2, "2017-03-08": 1} {
		wantCounts(t, programme.Cover(area("2017-03", visited("2017-03-08", ""), visited(second, "")), quota()), want, want)
	}
	loose := quota()
	loose.MinGapDays, loose.DistinctDays = 0, false
	wantCounts(t, programme.Cover(area("2017-03", visited("2017-03-08", ""), visited("2017-03-08", "")), loose), 2, 2)
	loose.DistinctDays = true
	wantCounts(t, programme.Cover(area("2017-03", visited("2017-03-08", ""), visited("2017-03-08", "")), loose), 1, 1)
}

func TestOfTwoVisitsOnOneDayTheConfirmedOneIsCredited(t *testing.T) {
	c := programme.Cover(area("2017-03", claimed("2017-03-08"), visited("2017-03-08", "minh")), quota())
	if !slices.Equal(c.Credits, []programme.Credit{{Person: "minh", Claimed: 1, Verified: 1}}) {
		t.Errorf("credits %+v", c.Credits)
	}
}

func TestASlotIsAnsweredForByTheAssigneeWithMostDays(t *testing.T) {
	a := area("2017-03")
	a.Tenures = []programme.Tenure{
		{Official: "lan", Days: days("2017-01-01", "2017-03-08")}, {Official: "minh", Days: days("2017-03-09", "2017-03-20")},
	}
	c := programme.Cover(a, quota())
	if c.Slots[0].Official != "lan" || c.Slots[1].Official != "minh" || c.Official != "minh" {
		t.Errorf("slots %s, %s; month %s", c.Slots[0].Official, c.Slots[1].Official, c.Official)
	}
	if !c.Slots[0].Missed || !c.Slots[1].Missed {
		t.Errorf("both missed: %+v", c.Slots)
	}
	a.Tenures = a.Tenures[:1]
	if c := programme.Cover(a, quota()); c.Slots[1].Official != "" || c.Slots[1].Missed {
		t.Errorf("a hamlet without anybody is nobody's fault: %+v", c.Slots[1])
	}
	a.Tenures = []programme.Tenure{{Official: "minh", Days: year2017()}, {Official: "lan", Days: year2017()}}
	if c := programme.Cover(a, quota()); c.Official != "lan" {
		t.Errorf("of equals the first by id: %s", c.Official)
	}
}

func TestALeaveExcusesWhenItTakesMostOfTheSlot(t *testing.T) {
	a := area("2017-03")
	a.Tenures = []programme.Tenure{{Official: "lan", Days: days("2017-03-06", "2017-12-31")}} // ten days of the first slot
	for last, want := range map[string]bool{"2017-03-10": false, "2017-03-11": true} {        // five, six
		a.Away = map[org.PersonID][]calendar.Period{"lan": {days("2017-03-06", last)}}
		if got := programme.Cover(a, quota()).Slots[0].Excused; got != want {
			t.Errorf("away until %s: excused %v", last, got)
		}
	}
}

func TestAMonthWithAQuotaOfOneIsOneSlot(t *testing.T) {
	a := area("2017-01", visited("2017-01-20", ""))
	a.Quota = 1
	c := programme.Cover(a, quota())
	if len(c.Slots) != 1 || !c.Complete() || c.Slots[0].Missed {
		t.Errorf("%+v", c)
	}
}

func TestNothingIsMissedWhereTheQuotaIsMet(t *testing.T) {
	c := programme.Cover(area("2017-03", visited("2017-03-01", ""), visited("2017-03-14", "")), quota())
	if c.Slots[1].Claimed || c.Slots[1].Missed || !c.Complete() {
		t.Errorf("%+v", c)
	}
}

func TestTheQuotaOfAMonthIsChangedByDecision(t *testing.T) {
	january, february := month("2017-01"), month("2017-02")
	s := programme.State{QuotaOverrides: []programme.QuotaOverride{
		{Month: january, PerMonth: 1}, {Month: january, Place: "AP-02", PerMonth: 0}, {Month: february, Place: "AP-01", PerMonth: 3},
	}}
	for _, c := range []struct {
		month calendar.Month
		place org.PlaceID
		want  int
	}{{january, "AP-01", 1}, {january, "AP-02", 0}, {february, "AP-01", 3}, {february, "AP-02", 2}} {
		if got := s.Quota(c.month, c.place, quota()); got != c.want {
			t.Errorf("%s owes %d in %s, want %d", c.place, got, c.month, c.want)
		}
	}
	if err := (programme.QuotaOverride{Month: january, PerMonth: 1, Decision: "5/QĐ", Reason: "Tết"}).Validate(year2017()); err != nil {
		t.Error(err)
	}
	for rule, o := range map[string]programme.QuotaOverride{
		"programme.quota.month":    {Month: month("2018-01"), PerMonth: 1, Decision: "5/QĐ", Reason: "Tết"},
		"programme.quota.number":   {Month: january, PerMonth: -1, Decision: "5/QĐ", Reason: "Tết"},
		"programme.quota.decision": {Month: january, PerMonth: 1, Reason: "Tết"},
	} {
		wantRule(t, o.Validate(year2017()), rule)
	}
}

func TestAPartOfAMonthOwesItsShare(t *testing.T) {
	var s programme.State
	p := policy.Default()
	for _, c := range []struct {
		period calendar.Period
		want   int
	}{
		{days("2017-03-01", "2017-03-31"), 2}, {days("2017-03-01", "2017-03-15"), 1}, {days("2017-03-16", "2017-03-31"), 1}, {days("2017-03-20", "2017-03-31"), 0},
	} {
		if got := s.Owed(c.period, "AP-01", p); got != c.want {
			t.Errorf("%s owes %d, want %d", c.period, got, c.want)
		}
	}
	p.Reports.CloseDay = 25
	if got := s.Owed(days("2017-02-26", "2017-03-25"), "AP-01", p); got != 2 {
		t.Errorf("an office's own month owes %d", got)
	}
}

func TestAPeriodIsCutIntoMonths(t *testing.T) {
	got := programme.Months(days("2017-01-20", "2017-03-10"), 0)
	want := []calendar.Period{days("2017-01-20", "2017-01-31"), days("2017-02-01", "2017-02-28"), days("2017-03-01", "2017-03-10")}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	got = programme.Months(days("2017-02-26", "2017-04-25"), 25)
	want = []calendar.Period{days("2017-02-26", "2017-03-25"), days("2017-03-26", "2017-04-25")}
	if !slices.Equal(got, want) {
		t.Errorf("with a closing day: %v", got)
	}
	if got := programme.Months(calendar.Period{}, 0); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

// TestPickIsTheMostThereIs compares the greedy choice with every subset.
func TestPickIsTheMostThereIs(t *testing.T) {
	first := day("2017-03-01")
	rapid.Check(t, func(t *rapid.T) {
		q := policy.Quota{MinGapDays: rapid.IntRange(0, 12).Draw(t, "gap"), DistinctDays: rapid.Bool().Draw(t, "distinct")}
		var all []calendar.Date
		for _, d := range rapid.SliceOfN(rapid.IntRange(0, 30), 0, 9).Draw(t, "days") {
			all = append(all, first.Add(d))
		}
		picked := programme.Pick(all, q)
		if !legal(picked, q) {
			t.Fatalf("%v is not legal", picked)
		}
		best := 0
		for set := range 1 << len(all) {
			var some []calendar.Date
			for i, d := range all {
				if set&(1<<i) != 0 {
					some = append(some, d)
				}
			}
			if legal(some, q) {
				best = max(best, len(some))
			}
		}
		if len(picked) != best {
			t.Fatalf("picked %d of %v, %d are possible", len(picked), all, best)
		}
	})
}

// legal reports whether every two of the days are far enough apart.
func legal(all []calendar.Date, q policy.Quota) bool {
	for i, a := range all {
		for _, b := range all[:i] {
			gap := max(a.Sub(b), b.Sub(a))
			if gap < q.MinGapDays || q.DistinctDays && gap == 0 {
				return false
			}
		}
	}
	return true
}

// TestVerifiedIsNeverMoreThanClaimed is invariant 12; besides, credits add up
// and slots follow each other without gap.
func TestVerifiedIsNeverMoreThanClaimed(t *testing.T) {
	people := []org.PersonID{"lan", "minh", "ha"}
	rapid.Check(t, func(t *rapid.T) {
		a := area("2017-03")
		a.Quota = rapid.IntRange(0, 4).Draw(t, "quota")
		for range rapid.IntRange(0, 8).Draw(t, "visits") {
			v := programme.Counted{
				Official: rapid.SampledFrom(people).Draw(t, "official"), HeldBy: rapid.SampledFrom(append(people, "")).Draw(t, "held"),
				Happened: day("2017-02-20").Add(rapid.IntRange(0, 50).Draw(t, "day")),
			}
			if rapid.Bool().Draw(t, "verified") {
				v.VerifiedOn = v.Happened.Add(rapid.IntRange(0, 9).Draw(t, "later"))
			}
			a.Visits = append(a.Visits, v)
		}
		c := programme.Cover(a, quota())
		if c.Verified > c.Claimed {
			t.Fatalf("verified %d, claimed %d", c.Verified, c.Claimed)
		}
		if (c.MetOn.IsZero()) != (c.Quota == 0 || c.Verified < c.Quota) {
			t.Fatalf("verified %d of %d, met on %q", c.Verified, c.Quota, c.MetOn)
		}
		sumClaimed, sumVerified, covered := 0, 0, 0
		for _, credit := range c.Credits {
			sumClaimed, sumVerified = sumClaimed+credit.Claimed, sumVerified+credit.Verified
		}
		for _, s := range c.Slots {
			covered += s.Days.Days()
			if s.Verified && !s.Claimed && c.Claimed == 0 || s.Missed && c.Claimed >= c.Quota {
				t.Fatalf("slot %+v of %+v", s, c)
			}
		}
		if sumClaimed != c.Claimed || sumVerified != c.Verified || covered != c.Period.Days() {
			t.Fatalf("%+v does not add up", c)
		}
	})
}
