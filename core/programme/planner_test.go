package programme_test

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
)

func day(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func days(from, to string) calendar.Period { return calendar.Period{From: day(from), To: day(to)} }

func month(s string) calendar.Month {
	m, err := calendar.ParseMonth(s)
	if err != nil {
		panic(err)
	}
	return m
}

func year2017() calendar.Period { return days("2017-01-01", "2017-12-31") }

// cal2017 is the calendar of the worked examples.
func cal2017(t testing.TB) *calendar.Calendar {
	t.Helper()
	spec := calendar.Spec{ID: "VN-XL-2017", Version: 1, Coverage: year2017()}
	for _, c := range [][2]string{
		{"2017-01-01", "2017-01-02"}, {"2017-01-26", "2017-02-01"}, {"2017-04-06", "2017-04-06"}, {"2017-04-30", "2017-05-02"},
		{"2017-09-02", "2017-09-02"}, {"2017-09-04", "2017-09-04"},
	} {
		spec.Closures = append(spec.Closures, calendar.Closure{From: day(c[0]), To: day(c[1]), Name: "lễ", Kind: calendar.Holiday})
	}
	cal, err := calendar.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return cal
}

func quota() policy.Quota { return policy.Default().Quota }

// host is a hamlet that one official looks after all year.
func host(place org.PlaceID, official org.PersonID) programme.Host {
	return programme.Host{Place: place, Owed: 2, Tenures: []programme.Tenure{{Official: official, Days: year2017()}}}
}

func request(t testing.TB, m string, hamlets ...programme.Host) programme.Request {
	return programme.Request{Month: month(m), Quota: quota(), Calendar: cal2017(t), Hamlets: hamlets}
}

// shown prints a draft for comparison: place, official, day and hour.
func shown(d programme.Draft) (lines []string) {
	for _, c := range d.Choices {
		lines = append(lines, fmt.Sprintf("%s %s %s %s", c.Place, c.Official, c.Date, c.At))
	}
	for _, s := range d.Short {
		lines = append(lines, fmt.Sprintf("%s short %s", s.Place, s.Window))
	}
	return lines
}

func wantPlan(t *testing.T, d programme.Draft, want ...string) {
	t.Helper()
	if got := shown(d); !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestTwoVisitsAreProposedInTheMiddleOfTheirPartTwoWeeksApart(t *testing.T) {
	wantPlan(t, programme.Plan(request(t, "2017-03", host("AP-01", "lan"))), "AP-01 lan 2017-03-08 19:00", "AP-01 lan 2017-03-22 19:00")
}

func TestOneOfficialHasOneVisitAnEvening(t *testing.T) {
	wantPlan(t, programme.Plan(request(t, "2017-03", host("AP-04", "tuan"), host("AP-05", "tuan"))),
		"AP-04 tuan 2017-03-08 19:00", "AP-04 tuan 2017-03-22 19:00", "AP-05 tuan 2017-03-07 19:00", "AP-05 tuan 2017-03-21 19:00")
}

func TestClosuresAreNotProposedAndWorkingDaysGoBeforeWeekends(t *testing.T) {
	// January 2017: the middle of the first part is Sun 8, Tết takes 26 to 31.
	d := programme.Plan(request(t, "2017-01", host("AP-01", "lan")))
	wantPlan(t, d, "AP-01 lan 2017-01-09 19:00", "AP-01 lan 2017-01-23 19:00")
	h := host("AP-01", "lan")
	h.Hosting.AvoidWeekdays = []int{1, 2, 3, 4, 5}
	d = programme.Plan(request(t, "2017-03", h))
	wantPlan(t, d, "AP-01 lan 2017-03-05 19:00", "AP-01 lan 2017-03-19 19:00")
	if text := d.Choices[0].Explain("en"); !strings.Contains(text, "It is a weekend") {
		t.Error(text)
	}
}

func TestTheHamletsHourHouseAndDaysAreRespected(t *testing.T) {
	h := host("AP-01", "lan")
	h.Hosting = org.Hosting{PreferredTime: calendar.MustTimeOfDay(18, 30), Venue: "nhà văn hóa", AvoidWeekdays: []int{3}, AvoidDates: []calendar.Date{day("2017-03-07")}}
	d := programme.Plan(request(t, "2017-03", h))
	wantPlan(t, d, "AP-01 lan 2017-03-09 18:30", "AP-01 lan 2017-03-23 18:30")
	if d.Choices[0].Venue != "nhà văn hóa" {
		t.Errorf("venue %q", d.Choices[0].Venue)
	}
}

func TestTheGapReachesOverTheMonthsEnd(t *testing.T) {
	h := host("AP-01", "lan")
	h.Hosting.AvoidDates = []calendar.Date{}
	h.Visits = []calendar.Date{day("2017-02-28")}
	r := request(t, "2017-03", h)
	r.From = day("2017-03-01")
	d := programme.Plan(r)
	for _, c := range d.Choices {
		if gap := c.Date.Sub(day("2017-02-28")); gap < 7 {
			t.Errorf("%s is %d days after the visit before", c.Date, gap)
		}
	}
}

func TestOnlyWhatIsMissingIsProposed(t *testing.T) {
	h := host("AP-01", "lan")
	h.Visits = []calendar.Date{day("2017-03-03")}
	wantPlan(t, programme.Plan(request(t, "2017-03", h)), "AP-01 lan 2017-03-17 19:00")
	h.Visits = []calendar.Date{day("2017-03-03"), day("2017-03-21")}
	wantPlan(t, programme.Plan(request(t, "2017-03", h)))
	h = host("AP-01", "lan")
	h.Owed = 1 // the month of Tết by decision
	wantPlan(t, programme.Plan(request(t, "2017-03", h)), "AP-01 lan 2017-03-16 19:00")
	h.Owed = 3
	wantPlan(t, programme.Plan(request(t, "2017-03", h)), "AP-01 lan 2017-03-06 19:00", "AP-01 lan 2017-03-15 19:00", "AP-01 lan 2017-03-27 19:00")
}

func TestWhoIsAwayOrNotYetThereIsNotProposed(t *testing.T) {
	r := request(t, "2017-06", programme.Host{Place: "AP-01", Owed: 2, Tenures: []programme.Tenure{
		{Official: "lan", Days: days("2017-01-01", "2017-06-20")}, {Official: "minh", Days: days("2017-06-21", "2017-12-31")},
	}})
	r.Away = map[org.PersonID][]calendar.Period{"lan": {days("2017-06-05", "2017-06-16")}}
	wantPlan(t, programme.Plan(r), "AP-01 lan 2017-06-02 19:00", "AP-01 minh 2017-06-21 19:00")
	r.Away["minh"] = []calendar.Period{days("2017-06-21", "2017-06-30")}
	wantPlan(t, programme.Plan(r), "AP-01 lan 2017-06-02 19:00", "AP-01 lan 2017-06-19 19:00")
	r.Busy = map[org.PersonID][]calendar.Date{"lan": {day("2017-06-19")}}
	wantPlan(t, programme.Plan(r), "AP-01 lan 2017-06-02 19:00", "AP-01 lan 2017-06-20 19:00")
}

func TestSeveralOfficialsOfOneHamletShareTheVisits(t *testing.T) {
	r := request(t, "2017-03", programme.Host{Place: "AP-01", Owed: 2, Tenures: []programme.Tenure{{Official: "lan", Days: year2017()}, {Official: "minh", Days: year2017()}}})
	wantPlan(t, programme.Plan(r), "AP-01 lan 2017-03-08 19:00", "AP-01 minh 2017-03-22 19:00")
}

func TestAVisitWithoutAPossibleDayIsReportedWithTheReason(t *testing.T) {
	h := host("AP-01", "lan")
	h.Owed = 1
	r := request(t, "2017-03", h)
	r.Away = map[org.PersonID][]calendar.Period{"lan": {{From: day("2017-03-01")}}}
	d := programme.Plan(r)
	wantPlan(t, d, "AP-01 short 2017-03-01..2017-03-31")
	if text := d.Short[0].Explain("en"); !strings.Contains(text, "31 official on leave, 0 possible") {
		t.Error(text)
	}
	if text := d.Short[0].Explain("vi"); !strings.Contains(text, "loại 31 ngày người phụ trách nghỉ, còn 0 ngày phù hợp") {
		t.Error(text)
	}
	h.Tenures = nil
	if text := programme.Plan(request(t, "2017-03", h)).Short[0].Explain("en"); !strings.Contains(text, "31 without an official") {
		t.Error(text)
	}
}

func TestEachChoiceSaysWhy(t *testing.T) {
	h := host("AP-01", "lan")
	h.Hosting.AvoidWeekdays = []int{0}
	r := request(t, "2017-04", h) // 1–15 April: 06/04 closed, Sundays 2 and 9
	r.Away = map[org.PersonID][]calendar.Period{"lan": {days("2017-04-12", "2017-04-14")}}
	d := programme.Plan(r)
	want := "thứ Sáu, 07/4/2017 lúc 19h00. Xét 15 ngày, loại 1 ngày nghỉ lễ, loại 2 ngày ấp đề nghị tránh, loại 3 ngày người phụ trách nghỉ, còn 9 ngày phù hợp."
	if got := d.Choices[0].Explain("vi"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	wantEn := "Friday 7 April 2017 at 19:00. 15 days looked at, 1 closed, 2 avoided by the hamlet, 3 official on leave, 9 possible."
	if got := d.Choices[0].Explain("en"); got != wantEn {
		t.Errorf("got  %s\nwant %s", got, wantEn)
	}
}

func TestAPartWithoutADayMovesToTheRestOfTheMonth(t *testing.T) {
	r := request(t, "2017-03", host("AP-01", "lan"))
	r.Away = map[org.PersonID][]calendar.Period{"lan": {days("2017-03-01", "2017-03-15")}}
	d := programme.Plan(r)
	wantPlan(t, d, "AP-01 lan 2017-03-16 19:00", "AP-01 lan 2017-03-30 19:00")
	if text := d.Choices[0].Explain("vi"); !strings.Contains(text, "Nửa tháng của buổi này không còn ngày phù hợp.") {
		t.Error(text)
	}
}

// TestAPlanBreaksNoRule draws whole districts at random.
func TestAPlanBreaksNoRule(t *testing.T) {
	cal := cal2017(t)
	officials := []org.PersonID{"a", "b", "c"}
	rapid.Check(t, func(t *rapid.T) {
		m := calendar.Month{Year: 2017, Month: time.Month(rapid.IntRange(1, 12).Draw(t, "month"))}
		date := rapid.Custom(func(t *rapid.T) calendar.Date {
			return m.First().Add(rapid.IntRange(-10, 40).Draw(t, "day"))
		})
		span := rapid.Custom(func(t *rapid.T) calendar.Period {
			from := date.Draw(t, "from")
			return calendar.Period{From: from, To: from.Add(rapid.IntRange(0, 30).Draw(t, "length"))}
		})
		r := programme.Request{
			Month: m, Quota: quota(), Calendar: cal, From: date.Draw(t, "today"),
			Busy: map[org.PersonID][]calendar.Date{"a": rapid.SliceOfN(date, 0, 5).Draw(t, "busy")},
			Away: map[org.PersonID][]calendar.Period{"b": rapid.SliceOfN(span, 0, 3).Draw(t, "away")},
		}
		r.Quota.MinGapDays = rapid.IntRange(1, 10).Draw(t, "gap")
		for i := range rapid.IntRange(1, 12).Draw(t, "hamlets") {
			h := programme.Host{Place: org.PlaceID(fmt.Sprintf("h%02d", i)), Owed: rapid.IntRange(0, 4).Draw(t, "owed")}
			h.Hosting.AvoidWeekdays = rapid.SliceOfN(rapid.IntRange(0, 6), 0, 3).Draw(t, "weekdays")
			h.Hosting.AvoidDates = rapid.SliceOfN(date, 0, 5).Draw(t, "dates")
			h.Visits = rapid.SliceOfN(date, 0, 2).Draw(t, "visits")
			for _, who := range rapid.SliceOfN(rapid.SampledFrom(officials), 0, 3).Draw(t, "tenures") {
				h.Tenures = append(h.Tenures, programme.Tenure{Official: who, Days: span.Draw(t, "tenure")})
			}
			r.Hamlets = append(r.Hamlets, h)
		}
		r.Hamlets = rapid.Permutation(r.Hamlets).Draw(t, "given")
		d := programme.Plan(r)
		if again := programme.Plan(r); !reflect.DeepEqual(d, again) {
			t.Fatalf("planned twice, the drafts differ:\n%v\n%v", shown(d), shown(again))
		}
		checkDraft(t, r, d)
	})
}

// checkDraft applies the rules of Plan one by one, without its sets of bits.
func checkDraft(t *rapid.T, r programme.Request, d programme.Draft) {
	evenings := make(map[string]bool)
	chosen := make(map[org.PlaceID][]calendar.Date)
	if !slices.IsSortedFunc(d.Choices, func(a, b programme.Choice) int { return cmp.Or(cmp.Compare(a.Place, b.Place), a.Date.Compare(b.Date)) }) ||
		!slices.IsSortedFunc(d.Short, func(a, b programme.Shortfall) int { return cmp.Compare(a.Place, b.Place) }) {
		t.Fatalf("not by place and day: %v", shown(d))
	}
	for _, c := range d.Choices {
		h := hostOf(r, c.Place)
		if why := ruledOut(r, h, c.Official, c.Date); why != "" {
			t.Fatalf("%s is proposed on %s: %s", c.Place, c.Date, why)
		}
		evening := string(c.Official) + c.Date.String()
		if evenings[evening] {
			t.Fatalf("%s has two visits on %s", c.Official, c.Date)
		}
		evenings[evening] = true
		chosen[c.Place] = append(chosen[c.Place], c.Date)
	}
	for _, h := range r.Hamlets {
		for i, a := range chosen[h.Place] {
			for _, b := range slices.Concat(h.Visits, chosen[h.Place][:i]) {
				if gap := a.Sub(b); max(gap, -gap) < r.Quota.MinGapDays {
					t.Fatalf("%s: %s and %s are too near", h.Place, a, b)
				}
			}
		}
		had := 0
		for _, v := range programme.Pick(h.Visits, r.Quota) {
			if r.Month.Contains(v) {
				had++
			}
		}
		if n := len(chosen[h.Place]); n > 0 && had+n > max(h.Owed, had)+1 {
			t.Fatalf("%s is owed %d, had %d and got %d more", h.Place, h.Owed, had, n)
		}
	}
	for _, s := range d.Short { // whatever day it is, something stands against it now
		h := hostOf(r, s.Place)
		for day := r.Month.First(); !day.After(r.Month.Last()); day = day.Add(1) {
			near := slices.ContainsFunc(slices.Concat(h.Visits, chosen[s.Place]), func(b calendar.Date) bool {
				gap := day.Sub(b)
				return max(gap, -gap) < r.Quota.MinGapDays
			})
			for _, tenure := range h.Tenures {
				if !near && ruledOut(r, h, tenure.Official, day) == "" && !evenings[string(tenure.Official)+day.String()] {
					t.Fatalf("%s was not placed though %s is free on %s", s.Place, tenure.Official, day)
				}
			}
		}
	}
}

func hostOf(r programme.Request, place org.PlaceID) programme.Host {
	return r.Hamlets[slices.IndexFunc(r.Hamlets, func(h programme.Host) bool { return h.Place == place })]
}

// ruledOut says which rule stands against a day, other than the gap.
func ruledOut(r programme.Request, h programme.Host, official org.PersonID, d calendar.Date) string {
	_, closed := r.Calendar.Closure(d)
	switch {
	case !r.Month.Contains(d):
		return "not in the month"
	case closed:
		return "a closure"
	case d.Before(r.From):
		return "past"
	case slices.Contains(h.Hosting.AvoidWeekdays, int(d.Weekday())), slices.Contains(h.Hosting.AvoidDates, d):
		return "avoided"
	case !slices.ContainsFunc(h.Tenures, func(t programme.Tenure) bool { return t.Official == official && t.Days.Contains(d) }):
		return "not assigned"
	case slices.ContainsFunc(r.Away[official], func(p calendar.Period) bool { return p.Contains(d) }):
		return "away"
	case slices.Contains(r.Busy[official], d):
		return "busy"
	}
	return ""
}

func TestNothingToPlanIsNoTrouble(t *testing.T) {
	for _, r := range []programme.Request{{}, {Month: month("2017-03")}, {Hamlets: []programme.Host{host("AP-01", "lan")}}} {
		if d := programme.Plan(r); len(d.Choices) != 0 {
			t.Errorf("%+v: %v", r, shown(d))
		}
	}
}

// BenchmarkPlan plans two visits to each of 1000 hamlets of 300 officials; the
// figure to look at is the time per visit.
func BenchmarkPlan(b *testing.B) {
	r := programme.Request{Month: month("2017-03"), Quota: quota(), Calendar: cal2017(b), Busy: map[org.PersonID][]calendar.Date{}}
	for i := range 1000 {
		h := host(org.PlaceID(fmt.Sprintf("h%04d", i)), org.PersonID(fmt.Sprintf("p%03d", i%300)))
		h.Hosting.AvoidWeekdays = []int{i % 7}
		h.Visits = []calendar.Date{day("2017-02-20").Add(i % 9)}
		r.Hamlets = append(r.Hamlets, h)
	}
	b.ReportAllocs()
	for b.Loop() {
		if d := programme.Plan(r); len(d.Choices) != 2000 {
			b.Fatalf("%d visits planned", len(d.Choices))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/visit")
}
