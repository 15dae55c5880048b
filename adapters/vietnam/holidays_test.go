package vietnam_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/adapters/vietnam"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

func official(t testing.TB, years ...int) *calendar.Calendar {
	t.Helper()
	spec, err := vietnam.OfficialCalendar(years...)
	if err != nil {
		t.Fatal(err)
	}
	c, err := calendar.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// officialRuns are the stretches of days off as they were announced to the
// public, weekends included; one that reaches over the turn of the year stands
// under both years.
var officialRuns = map[int]string{
	2017: "31/12-02/01, 26/01-01/02, 06/04, 29/04-02/05, 02/09-04/09, 30/12-01/01",
	2018: "30/12-01/01, 14/02-20/02, 25/04, 28/04-01/05, 01/09-03/09, 29/12-01/01",
	2019: "29/12-01/01, 02/02-10/02, 13/04-15/04, 27/04-01/05, 31/08-02/09",
	2020: "01/01, 23/01-29/01, 02/04, 30/04-03/05, 02/09",
	2021: "01/01-03/01, 10/02-16/02, 21/04, 30/04-03/05, 02/09-05/09",
	2022: "01/01-03/01, 29/01-06/02, 09/04-11/04, 30/04-03/05, 01/09-04/09, 31/12-02/01",
	2023: "31/12-02/01, 20/01-26/01, 29/04-03/05, 01/09-04/09, 30/12-01/01",
	2024: "30/12-01/01, 08/02-14/02, 18/04, 27/04-01/05, 31/08-03/09",
	2025: "01/01, 25/01-02/02, 05/04-07/04, 30/04-04/05, 30/08-02/09",
	2026: "01/01-04/01, 14/02-22/02, 25/04-27/04, 30/04-03/05, 01/09-02/09",
}

func TestTheDaysOffAreThoseAnnounced(t *testing.T) {
	c := official(t)
	short := func(d calendar.Date) string { return fmt.Sprintf("%02d/%02d", d.Day(), int(d.Month())) }
	for year, want := range officialRuns {
		var got []string
		for _, run := range c.ClosureRuns(calendar.MustDate(year, 1, 1), calendar.MustDate(year, 12, 31), 1) {
			text := short(run.From)
			if run.Days() > 1 {
				text += "-" + short(run.To)
			}
			got = append(got, text)
		}
		if diff := cmp.Diff(strings.Split(want, ", "), got); diff != "" {
			t.Errorf("%d (-want +got):\n%s", year, diff)
		}
	}
}

func TestTheBackgroundOfTheWorkedExamples(t *testing.T) {
	c := official(t, 2017)
	want := "01/01 02/01 26/01 27/01 28/01 29/01 30/01 31/01 01/02 06/04 30/04 01/05 02/05 02/09 04/09"
	var got []string
	for d := calendar.MustDate(2017, 1, 1); d.Year() == 2017; d = d.Add(1) {
		if _, closed := c.Closure(d); closed {
			got = append(got, fmt.Sprintf("%02d/%02d", d.Day(), int(d.Month())))
		}
	}
	if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
		t.Errorf("closures of 2017 (-want +got):\n%s", diff)
	}
}

func TestTermsOverOfficialDaysOff(t *testing.T) {
	c := official(t)
	for _, tt := range []struct {
		start string
		n     int
		want  string
	}{
		{"2023-04-28", 1, "2023-05-04"},
		{"2024-04-26", 5, "2024-05-07"},
		{"2025-01-20", 5, "2025-02-03"},
		{"2025-01-24", 1, "2025-02-03"},
		{"2025-04-25", 5, "2025-05-06"},
		{"2025-04-25", 10, "2025-05-13"},
		{"2025-08-29", 1, "2025-09-03"},
		{"2025-12-31", 3, "2026-01-07"},
		{"2026-01-01", 5, "2026-01-09"},
		{"2026-01-01", 6, "2026-01-10"},
		{"2026-02-10", 10, "2026-03-03"},
		{"2026-02-13", 1, "2026-02-23"},
		{"2017-01-20", 10, "2017-02-10"}, // EX-06
		{"2019-04-26", 5, "2019-05-07"},  // EX-08
		{"2018-12-28", 3, "2019-01-04"},  // over the swap at the turn of the year
		{"2018-12-28", 4, "2019-01-05"},
	} {
		if got := c.Add(date(t, tt.start), tt.n); got != date(t, tt.want) {
			t.Errorf("%s + %d working days = %v, want %s", tt.start, tt.n, got, tt.want)
		}
	}
	for _, tt := range []struct {
		start string
		days  int
		want  string
	}{
		{"2025-01-02", 30, "2025-02-03"},
		{"2026-02-07", 10, "2026-02-23"},
	} {
		if got := c.EndOfTerm(date(t, tt.start), tt.days); got != date(t, tt.want) {
			t.Errorf("%s + %d calendar days = %v, want %s", tt.start, tt.days, got, tt.want)
		}
	}
}

func TestWorkingDaysOfEachYear(t *testing.T) {
	c := official(t)
	for year, want := range map[int]int{2022: 249, 2023: 249, 2024: 251, 2025: 250, 2026: 250} {
		if got := c.Elapsed(calendar.MustDate(year-1, 12, 31), calendar.MustDate(year, 12, 31)); got != want {
			t.Errorf("%d has %d working days, want %d", year, got, want)
		}
	}
	if e := c.Explain(date(t, "2017-01-20"), 10); e.Counted != 10 || e.Closures != 7 || e.Weekends != 4 {
		t.Errorf("EX-06: %d counted, %d closures, %d weekend days", e.Counted, e.Closures, e.Weekends)
	}
}

// The files must stay what the Labour Code gives for the inputs decided; that
// the result is what was announced is the test of officialRuns.
func TestTheRuleReproducesTheDataOfEveryYear(t *testing.T) {
	first, last := vietnam.OfficialYears()
	if first != 2017 || last != 2026 {
		t.Fatalf("the lists run from %d to %d", first, last)
	}
	ignoreSource := cmp.Options{
		cmpopts.IgnoreFields(calendar.Closure{}, "Source"),
		cmp.Transformer("To", func(c calendar.Closure) string { // a single day with and without To is the same
			return fmt.Sprint(c.Period(), c.Name, c.NameEn, c.Kind)
		}),
	}
	for year := first; year <= last; year++ {
		data, err := vietnam.OfficialCalendar(year)
		if err != nil {
			t.Fatal(err)
		}
		in, sources, err := vietnam.Decided(year)
		if err != nil || len(sources) == 0 {
			t.Fatalf("%d: sources %v, %v", year, sources, err)
		}
		proposed, err := vietnam.Propose(year, in)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(data.Closures, proposed.Closures, ignoreSource); diff != "" {
			t.Errorf("%d closures (-data +rule):\n%s", year, diff)
		}
		if diff := cmp.Diff(data.WorkingDays, proposed.WorkingDays); diff != "" {
			t.Errorf("%d working days (-data +rule):\n%s", year, diff)
		}
		if data.ID != fmt.Sprintf("VN-%d", year) || data.Coverage != proposed.Coverage {
			t.Errorf("%d: %s covers %v", year, data.ID, data.Coverage)
		}
	}
}

func TestEveryDayOffHasASource(t *testing.T) {
	spec, err := vietnam.OfficialCalendar()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range spec.Closures {
		if c.Source == "" || c.NameEn == "" {
			t.Errorf("%v %s: source %q, English %q", c.Period(), c.Name, c.Source, c.NameEn)
		}
	}
	for _, w := range spec.WorkingDays {
		if w.Source == "" || w.Name == "" || w.NameEn == "" {
			t.Errorf("%v: %+v", w.Date, w)
		}
	}
}

func TestWhatIsNotVerifiedIsOffUntilSomebodyAddsIt(t *testing.T) {
	entries, err := vietnam.OptionalEntries(2026)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := vietnam.OfficialCalendar(2026)
	if err != nil {
		t.Fatal(err)
	}
	before, err := calendar.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, entry := range entries {
		ids = append(ids, entry.ID)
		if entry.Note == "" || entry.NoteEn == "" {
			t.Errorf("%s does not say what is unknown", entry.ID)
		}
		spec = entry.AddTo(spec)
	}
	if !slices.Equal(ids, []string{"national-day-swap-2026", "culture-day-2026"}) {
		t.Fatalf("entries %v", ids)
	}
	after, err := calendar.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	for day, working := range map[string][2]bool{
		"2026-08-31": {true, false},
		"2026-08-22": {false, true},
		"2026-11-24": {true, false},
	} {
		if got := [2]bool{before.IsWorkingDay(date(t, day)), after.IsWorkingDay(date(t, day))}; got != working {
			t.Errorf("%s is worked %v, want %v (without and with the entries)", day, got, working)
		}
	}
	if last := date(t, "2026-12-31"); after.Elapsed(date(t, "2025-12-31"), last) != 249 {
		t.Errorf("2026 has %d working days with both entries", after.Elapsed(date(t, "2025-12-31"), last))
	}
	if entries, err := vietnam.OptionalEntries(2017); err != nil || len(entries) != 0 {
		t.Errorf("2017: %v, %v", entries, err)
	}
}

func TestAnOfficialCalendarCoversConsecutiveYears(t *testing.T) {
	spec, err := vietnam.OfficialCalendar(2019, 2018, 2019)
	if err != nil {
		t.Fatal(err)
	}
	if spec.ID != "VN-2018-2019" || spec.Version != 1 || spec.Coverage.String() != "2018-01-01..2019-12-31" || len(spec.WorkingDays) != 2 {
		t.Errorf("%s v%d %v, %d working days", spec.ID, spec.Version, spec.Coverage, len(spec.WorkingDays))
	}
	for want, years := range map[string][]int{
		"vietnam.holidays.gap":  {2017, 2019},
		"vietnam.holidays.year": {2016},
	} {
		if _, err := vietnam.OfficialCalendar(years...); rule(err) != want {
			t.Errorf("%v: %v, want %s", years, err, want)
		}
	}
	if _, err := vietnam.OptionalEntries(2027); rule(err) != "vietnam.holidays.year" {
		t.Errorf("2027: %v", err)
	}
	if _, _, err := vietnam.Decided(-1); rule(err) != "vietnam.holidays.year" {
		t.Errorf("-1: %v", err)
	}
}

// Tết 2027 is on a Saturday: either choice gives seven days.
func TestAProposalForAYearStillOpen(t *testing.T) {
	for before, want := range map[int]string{1: "2027-02-05..2027-02-11", 2: "2027-02-04..2027-02-10"} {
		spec, err := vietnam.Propose(2027, vietnam.Inputs{TetBefore: before, NationalSide: 1})
		if err != nil {
			t.Fatal(err)
		}
		c, err := calendar.New(spec)
		if err != nil {
			t.Fatal(err)
		}
		runs := c.ClosureRuns(date(t, "2027-02-06"), date(t, "2027-02-06"), 3)
		if len(runs) != 1 || runs[0].Period.String() != want {
			t.Errorf("before=%d: %v, want %s", before, runs, want)
		}
		if c.IsWorkingDay(date(t, "2027-05-03")) || !c.IsWorkingDay(date(t, "2027-05-04")) {
			t.Error("1/5/2027 is a Saturday, its day in lieu is 3/5")
		}
		if spec.ID != "VN-2027-proposal" {
			t.Errorf("id %s", spec.ID)
		}
	}
}

func TestFurtherHolidaysAreCompensatedToo(t *testing.T) {
	culture := calendar.Closure{From: date(t, "2029-11-24"), Name: "Ngày Văn hóa Việt Nam", Kind: calendar.Holiday} // a Saturday
	flood := calendar.Closure{From: date(t, "2029-10-13"), To: date(t, "2029-10-14"), Name: "Lũ lụt", Kind: calendar.District}
	spec, err := vietnam.Propose(2029, vietnam.Inputs{TetBefore: 1, NationalSide: 1, Extras: []calendar.Closure{culture, flood}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := calendar.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := c.Closure(date(t, "2029-11-26")); !ok || got.Kind != calendar.Compensation || got.Name != "Nghỉ bù Ngày Văn hóa Việt Nam" || got.NameEn != "" {
		t.Errorf("Monday is %+v, %v", got, ok)
	}
	if !c.IsWorkingDay(date(t, "2029-10-15")) {
		t.Error("a district's closure is not compensated")
	}
}

func TestImpossibleInputsAreRefused(t *testing.T) {
	d := func(s string) calendar.Date { return date(t, s) }
	for _, tt := range []struct {
		name string
		year int
		in   vietnam.Inputs
		want []string
	}{
		{"a year before the programme", 2016, vietnam.Inputs{TetBefore: 1}, []string{"vietnam.propose.year"}},
		{"a year after the lunar calendar", 2101, vietnam.Inputs{TetBefore: 1, NationalSide: 1}, []string{"vietnam.propose.year"}},
		{"no choice for Tết", 2027, vietnam.Inputs{NationalSide: 1}, []string{"vietnam.propose.tet_before"}},
		{"no choice for National Day", 2027, vietnam.Inputs{TetBefore: 1}, []string{"vietnam.propose.national_side"}},
		{"two days of National Day before 2021", 2020, vietnam.Inputs{TetBefore: 1, NationalSide: 1}, []string{"vietnam.propose.national_side"}},
		{"a swap of two weekdays", 2027, vietnam.Inputs{TetBefore: 1, NationalSide: 1, Swaps: []vietnam.Swap{{Off: d("2027-04-29"), Worked: d("2027-05-07")}}}, []string{"vietnam.propose.swap"}},
		{"a swap without a made-up day", 2027, vietnam.Inputs{TetBefore: 1, NationalSide: 1, Swaps: []vietnam.Swap{{Off: d("2027-04-29")}}}, []string{"vietnam.propose.swap"}},
		{"a bridge day that is off already", 2027, vietnam.Inputs{TetBefore: 1, NationalSide: 1, Swaps: []vietnam.Swap{{Off: d("2027-04-30"), Worked: d("2027-05-08")}}}, []string{"calendar.spec.closure.overlap"}},
		{"a further day off without a date", 2027, vietnam.Inputs{TetBefore: 1, NationalSide: 1, Extras: []calendar.Closure{{Name: "x", Kind: calendar.Holiday}}}, []string{"vietnam.propose.extra"}},
		{"a further day off in another year", 2027, vietnam.Inputs{TetBefore: 1, NationalSide: 1, Extras: []calendar.Closure{{From: d("2027-12-31"), To: d("2028-01-01"), Name: "x", Kind: calendar.Holiday}}}, []string{"vietnam.propose.extra"}},
		{"several at once", 2027, vietnam.Inputs{TetBefore: 3, NationalSide: 2}, []string{"vietnam.propose.tet_before", "vietnam.propose.national_side"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := vietnam.Propose(tt.year, tt.in)
			var got []string
			for _, v := range fault.Violations(err) {
				got = append(got, v.Rule)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever is decided, everybody gets the statutory days: as many weekdays off
// as there are holidays, and a calendar can be made of it.
func TestEveryProposalGrantsAllStatutoryDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		year := rapid.IntRange(2021, 2100).Draw(t, "year")
		in := vietnam.Inputs{
			TetBefore:    rapid.IntRange(1, 2).Draw(t, "before"),
			NationalSide: rapid.SampledFrom([]int{-1, 1}).Draw(t, "side"),
		}
		spec, err := vietnam.Propose(year, in)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := calendar.New(spec); err != nil {
			t.Fatal(err)
		}
		weekdaysOff := 0
		for _, c := range spec.Closures {
			for d := c.From; !d.After(c.Period().To); d = d.Add(1) {
				if w := d.Weekday(); w != time.Saturday && w != time.Sunday {
					weekdaysOff++
				}
			}
		}
		if weekdaysOff != 11 {
			t.Fatalf("%d weekdays off, want 11: %+v", weekdaysOff, spec.Closures)
		}
	})
}

func ExampleOfficialCalendar() {
	spec, err := vietnam.OfficialCalendar(2017)
	if err != nil {
		fmt.Println(err)
		return
	}
	// The district adds its own closure and gives the calendar its own name.
	spec.ID = "VN-XL-2017"
	spec.Closures = append(spec.Closures, calendar.Closure{
		From: calendar.MustDate(2017, time.November, 6), Name: "Nghỉ tránh bão", Kind: calendar.District,
	})
	c, err := calendar.New(spec)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Add(calendar.MustDate(2017, time.January, 20), 10).Text("vi"))
	fmt.Println(c.Add(calendar.MustDate(2017, time.November, 3), 1).Text("vi"))
	// Output:
	// thứ Sáu, 10/02/2017
	// thứ Ba, 07/11/2017
}

func ExamplePropose() {
	spec, err := vietnam.Propose(2027, vietnam.Inputs{TetBefore: 2, NationalSide: -1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range spec.Closures[:3] {
		fmt.Println(c.Period(), c.Name)
	}
	// Output:
	// 2027-01-01..2027-01-01 Tết Dương lịch
	// 2027-02-04..2027-02-08 Tết Nguyên đán Đinh Mùi
	// 2027-02-09..2027-02-10 Nghỉ bù Tết Nguyên đán Đinh Mùi
}

func ExampleOptionalEntries() {
	spec, err := vietnam.OfficialCalendar(2026)
	if err != nil {
		fmt.Println(err)
		return
	}
	entries, err := vietnam.OptionalEntries(2026)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, entry := range entries {
		if entry.ID == "national-day-swap-2026" { // somebody has seen the decision
			spec = entry.AddTo(spec)
		}
	}
	c, err := calendar.New(spec)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.IsWorkingDay(calendar.MustDate(2026, time.August, 22)), c.IsWorkingDay(calendar.MustDate(2026, time.August, 31)))
	// Output: true false
}
