package calendar_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/calendar"
)

// spec2017 is the calendar of Xuân Lộc for 2017, the background of every
// worked example: holidays with their days in lieu, weekend days included.
func spec2017() calendar.Spec {
	off := func(fromMonth time.Month, fromDay int, toMonth time.Month, toDay int, vi, en string) calendar.Closure {
		return calendar.Closure{
			From: calendar.MustDate(2017, fromMonth, fromDay), To: calendar.MustDate(2017, toMonth, toDay),
			Name: vi, NameEn: en, Kind: calendar.Holiday,
		}
	}
	inLieu := off(9, 4, 9, 4, "Nghỉ bù Quốc khánh", "National Day in lieu")
	inLieu.Kind = calendar.Compensation
	return calendar.Spec{
		ID: "VN-XL-2017", Version: 1,
		Coverage: calendar.Period{From: calendar.MustDate(2017, 1, 1), To: calendar.MustDate(2017, 12, 31)},
		Closures: []calendar.Closure{
			off(1, 1, 1, 2, "Tết Dương lịch", "New Year"),
			off(1, 26, 2, 1, "Tết Nguyên đán", "Lunar New Year"),
			off(4, 6, 4, 6, "Giỗ Tổ Hùng Vương", "Hùng Kings"),
			off(4, 30, 5, 2, "Ngày Chiến thắng 30/4 và Quốc tế Lao động 1/5", "Reunification and Labour Day"),
			off(9, 2, 9, 2, "Quốc khánh", "National Day"),
			inLieu,
		},
	}
}

// spec2019 has the bridge day of 29/04/2019, worked on Saturday 04/05/2019.
func spec2019(t testing.TB) calendar.Spec {
	return calendar.Spec{
		ID: "VN-2019", Version: 1,
		Coverage: calendar.Period{From: d(t, "2019-01-01"), To: d(t, "2019-12-31")},
		Closures: []calendar.Closure{
			{From: d(t, "2019-04-29"), Name: "Nghỉ hoán đổi", Kind: calendar.Swap},
			{From: d(t, "2019-04-30"), To: d(t, "2019-05-01"), Name: "30/4 và 1/5", Kind: calendar.Holiday},
		},
		WorkingDays: []calendar.WorkingDay{{Date: d(t, "2019-05-04"), Name: "Làm bù cho 29/4"}},
	}
}

func mustNew(t testing.TB, spec calendar.Spec) *calendar.Calendar {
	t.Helper()
	c, err := calendar.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDueDatesOfTheWorkedExamples(t *testing.T) {
	c2017, c2019 := mustNew(t, spec2017()), mustNew(t, spec2019(t))
	unswapped := spec2019(t)
	unswapped.Version, unswapped.WorkingDays = 2, nil
	c2019v2 := mustNew(t, unswapped)
	tests := []struct {
		name  string
		c     *calendar.Calendar
		start string
		n     int
		want  string
	}{
		{"EX-06 unit deadline through Tết", c2017, "2017-01-20", 10, "2017-02-10"},
		{"EX-06 E1 after the due date", c2017, "2017-02-10", 1, "2017-02-13"},
		{"EX-06 E2", c2017, "2017-02-10", 3, "2017-02-15"},
		{"EX-06 E3", c2017, "2017-02-10", 5, "2017-02-17"},
		{"EX-06 E4", c2017, "2017-02-10", 10, "2017-02-24"},
		{"EX-08 five days over the swap", c2019, "2019-04-26", 5, "2019-05-07"},
		{"EX-08 ten days over the swap", c2019, "2019-04-26", 10, "2019-05-14"},
		{"EX-08 E1 on the working Saturday", c2019, "2019-05-03", 1, "2019-05-04"},
		{"EX-08 without the working Saturday", c2019v2, "2019-04-26", 5, "2019-05-08"},
		{"EX-16 report due", c2017, "2017-03-08", 2, "2017-03-10"},
		{"EX-16 late entry closes", c2017, "2017-03-08", 10, "2017-03-22"},
		{"EX-21 promise over Hùng Kings", c2017, "2017-03-10", 20, "2017-04-10"},
		{"EX-21 unit due", c2017, "2017-03-13", 10, "2017-03-27"},
		{"EX-21 second unit due", c2017, "2017-03-16", 10, "2017-03-30"},
		{"EX-21 after arbitration", c2017, "2017-03-21", 10, "2017-04-04"},
		{"EX-24 feedback due", c2017, "2017-03-31", 3, "2017-04-05"},
		{"EX-24 E1 skips the closure", c2017, "2017-04-05", 1, "2017-04-07"},
		{"an event on a Saturday counts from Monday", c2017, "2017-03-04", 1, "2017-03-06"},
		{"an event on a holiday counts from the reopening", c2017, "2017-01-28", 1, "2017-02-02"},
		{"zero days end on the day itself", c2017, "2017-03-08", 0, "2017-03-08"},
		{"zero days from a day off end on the next working day", c2017, "2017-01-28", 0, "2017-02-02"},
		{"a negative term counts back", c2017, "2017-02-10", -2, "2017-02-08"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.c.Add(d(t, tt.start), tt.n); got != d(t, tt.want) {
				t.Errorf("Add(%s, %d) = %v, want %s", tt.start, tt.n, got, tt.want)
			}
		})
	}
}

func TestRemindersAreCountedBack(t *testing.T) {
	c2017, c2019 := mustNew(t, spec2017()), mustNew(t, spec2019(t))
	tests := []struct {
		name string
		c    *calendar.Calendar
		due  string
		n    int
		want string
	}{
		{"EX-06 T-2", c2017, "2017-02-10", 2, "2017-02-08"},
		{"over Tết", c2017, "2017-02-02", 2, "2017-01-24"},
		{"over the working Saturday", c2019, "2019-05-06", 1, "2019-05-04"},
		{"from a Saturday", c2017, "2017-03-04", 1, "2017-03-03"},
		{"zero days", c2017, "2017-03-08", 0, "2017-03-08"},
		{"zero days from a Saturday", c2017, "2017-03-04", 0, "2017-03-03"},
		{"a negative number counts forward", c2017, "2017-03-03", -1, "2017-03-06"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.c.Subtract(d(t, tt.due), tt.n); got != d(t, tt.want) {
				t.Errorf("Subtract(%s, %d) = %v, want %s", tt.due, tt.n, got, tt.want)
			}
		})
	}
}

// EX-04: 27 and 28 January are closed, the neighbours to suggest are 25/01 and
// 02/02, and the plan due on or before Saturday 25/02 is due on Friday 24/02.
func TestPlanningAroundClosures(t *testing.T) {
	c := mustNew(t, spec2017())
	for _, day := range []string{"2017-01-27", "2017-01-28"} {
		closure, closed := c.Closure(d(t, day))
		if !closed || closure.Name != "Tết Nguyên đán" || c.IsWorkingDay(d(t, day)) {
			t.Errorf("%s: %+v, %v", day, closure, closed)
		}
		if before, after := c.PreviousWorkingDay(d(t, day)), c.NextWorkingDay(d(t, day)); before != d(t, "2017-01-25") || after != d(t, "2017-02-02") {
			t.Errorf("%s: suggested %v and %v", day, before, after)
		}
	}
	if _, closed := c.Closure(d(t, "2017-03-04")); closed {
		t.Error("an ordinary Saturday is a closure")
	}
	if got := c.PreviousWorkingDay(d(t, "2017-02-25")); got != d(t, "2017-02-24") {
		t.Errorf("plan due %v, want 24/02", got)
	}
}

func TestElapsedCountsTheDaysAfterTheFirst(t *testing.T) {
	c := mustNew(t, spec2017())
	tests := []struct {
		from, to string
		want     int
	}{
		{"2017-02-10", "2017-02-16", 4}, // EX-06, met late
		{"2017-03-10", "2017-03-21", 7}, // EX-21, days held
		{"2017-03-10", "2017-03-15", 3}, // EX-16, reported late
		{"2017-01-25", "2017-02-02", 1},
		{"2017-02-02", "2017-01-25", -1},
		{"2017-01-26", "2017-02-01", 0},
		{"2017-03-08", "2017-03-08", 0},
		{"", "2017-03-08", 0},
		{"2017-03-08", "", 0},
	}
	for _, tt := range tests {
		if got := c.Elapsed(d(t, tt.from), d(t, tt.to)); got != tt.want {
			t.Errorf("Elapsed(%s, %s) = %d, want %d", tt.from, tt.to, got, tt.want)
		}
	}
}

func TestATermInCalendarDaysRollsToTheNextWorkingDay(t *testing.T) {
	c := mustNew(t, spec2017())
	tests := []struct {
		start string
		days  int
		want  string
	}{
		{"2017-01-18", 10, "2017-02-02"}, // ends on mùng 1
		{"2017-03-01", 10, "2017-03-13"}, // ends on a Saturday
		{"2017-03-01", 9, "2017-03-10"},
		{"", 9, ""},
	}
	for _, tt := range tests {
		if got := c.EndOfTerm(d(t, tt.start), tt.days); got != d(t, tt.want) {
			t.Errorf("EndOfTerm(%s, %d) = %v, want %s", tt.start, tt.days, got, tt.want)
		}
	}
}

// EX-06: the 21 days from 21/01 to 10/02 are all accounted for.
func TestExplainAccountsForEveryDay(t *testing.T) {
	e := mustNew(t, spec2017()).Explain(d(t, "2017-01-20"), 10)
	if len(e.Days) != 21 || e.Counted != 10 || e.Closures != 7 || e.Weekends != 4 {
		t.Fatalf("%d days, %d counted, %d closures, %d weekends; want 21, 10, 7, 4", len(e.Days), e.Counted, e.Closures, e.Weekends)
	}
	if e.Calendar != "VN-XL-2017" || e.Version != 1 || e.Due != d(t, "2017-02-10") || e.Provisional {
		t.Errorf("%s v%d due %v provisional %v", e.Calendar, e.Version, e.Due, e.Provisional)
	}
	var days []string
	for _, day := range e.Days {
		days = append(days, fmt.Sprintf("%s %v %d %s", day.Date, day.Counted, day.N, day.WhyEn))
	}
	want := []string{
		"2017-01-21 false 0 weekend", "2017-01-22 false 0 weekend",
		"2017-01-23 true 1 working day", "2017-01-24 true 2 working day", "2017-01-25 true 3 working day",
		"2017-01-26 false 0 Lunar New Year", "2017-01-27 false 0 Lunar New Year", "2017-01-28 false 0 Lunar New Year",
		"2017-01-29 false 0 Lunar New Year", "2017-01-30 false 0 Lunar New Year", "2017-01-31 false 0 Lunar New Year",
		"2017-02-01 false 0 Lunar New Year",
		"2017-02-02 true 4 working day", "2017-02-03 true 5 working day",
		"2017-02-04 false 0 weekend", "2017-02-05 false 0 weekend",
		"2017-02-06 true 6 working day", "2017-02-07 true 7 working day", "2017-02-08 true 8 working day",
		"2017-02-09 true 9 working day", "2017-02-10 true 10 working day",
	}
	if diff := cmp.Diff(want, days); diff != "" {
		t.Errorf("days (-want +got):\n%s", diff)
	}
}

func TestAnExplanationIsReadableInBothLanguages(t *testing.T) {
	e := mustNew(t, spec2019(t)).Explain(d(t, "2019-04-26"), 3)
	vi := `Hạn: thứ Bảy, 04/5/2019. Tính 3 ngày làm việc, không kể ngày bắt đầu là thứ Sáu, 26/4/2019.
  thứ Bảy, 27/4/2019: không tính (nghỉ cuối tuần)
  Chủ nhật, 28/4/2019: không tính (nghỉ cuối tuần)
  thứ Hai, 29/4/2019: không tính (Nghỉ hoán đổi)
  thứ Ba, 30/4/2019: không tính (30/4 và 1/5)
  thứ Tư, 01/5/2019: không tính (30/4 và 1/5)
  thứ Năm, 02/5/2019: ngày thứ 1 (ngày làm việc)
  thứ Sáu, 03/5/2019: ngày thứ 2 (ngày làm việc)
  thứ Bảy, 04/5/2019: ngày thứ 3 (Làm bù cho 29/4)
Trong 8 ngày có 3 ngày được tính, 3 ngày nghỉ theo lịch, 2 ngày nghỉ cuối tuần. Lịch VN-2019, phiên bản 1.
`
	if diff := cmp.Diff(vi, e.Text("vi")); diff != "" {
		t.Errorf("Vietnamese (-want +got):\n%s", diff)
	}
	en := e.Text("en")
	for _, want := range []string{
		"Due Saturday 4 May 2019: 3 working days, not counting the start on Friday 26 April 2019.\n",
		"  Monday 29 April 2019: not counted (Nghỉ hoán đổi)\n", // no English name: the Vietnamese one
		"  Thursday 2 May 2019: day 1 (working day)\n",
		"Of 8 days 3 are counted, 3 are closures, 2 are weekend days. Calendar VN-2019, version 1.\n",
	} {
		if !strings.Contains(en, want) {
			t.Errorf("English lacks %q:\n%s", want, en)
		}
	}
}

func TestBeyondTheCoverageOnlyWeekendsAreKnown(t *testing.T) {
	c := mustNew(t, spec2017())
	due := c.Add(d(t, "2017-12-28"), 3)
	if due != d(t, "2018-01-02") || !c.Provisional(due) || c.Covers(due) {
		t.Errorf("due %v, provisional %v", due, c.Provisional(due))
	}
	if e := c.Explain(d(t, "2017-12-28"), 3); !e.Provisional || !strings.Contains(e.Text("vi"), "Hạn tạm tính") || !strings.Contains(e.Text("en"), "Provisional") {
		t.Errorf("the explanation does not say that it is provisional:\n%s", e.Text("vi"))
	}
	if last := d(t, "2017-12-31"); c.Provisional(last) || !c.Covers(last) {
		t.Error("the last covered day is provisional")
	}
	if before := d(t, "2016-12-30"); !c.Provisional(before) || !c.IsWorkingDay(before) {
		t.Error("a Friday before the coverage is a provisional working day")
	}
	if got := c.Coverage().To; got != d(t, "2017-12-31") {
		t.Errorf("coverage ends %v", got)
	}
}

func TestRunsOfClosedDaysAreFoundForTheDigestBefore(t *testing.T) {
	c := mustNew(t, spec2017())
	var got []string
	for _, run := range c.ClosureRuns(d(t, "2017-01-01"), d(t, "2017-12-31"), 3) {
		var names []string
		for _, closure := range run.Closures {
			names = append(names, closure.NameEn)
		}
		got = append(got, fmt.Sprintf("%v %d days, before %v, after %v: %s", run.Period, run.Days(), run.Before, run.After, strings.Join(names, ", ")))
	}
	want := []string{
		"2016-12-31..2017-01-02 3 days, before 2016-12-30, after 2017-01-03: New Year",
		"2017-01-26..2017-02-01 7 days, before 2017-01-25, after 2017-02-02: Lunar New Year",
		"2017-04-29..2017-05-02 4 days, before 2017-04-28, after 2017-05-03: Reunification and Labour Day",
		"2017-09-02..2017-09-04 3 days, before 2017-09-01, after 2017-09-05: National Day, National Day in lieu",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
	if runs := c.ClosureRuns(d(t, "2017-04-01"), d(t, "2017-04-10"), 1); len(runs) != 1 || runs[0].From != d(t, "2017-04-06") {
		t.Errorf("single days: %+v", runs)
	}
	if runs := c.ClosureRuns(d(t, "2017-01-28"), d(t, "2017-01-28"), 3); len(runs) != 1 || runs[0].From != d(t, "2017-01-26") {
		t.Errorf("a day inside a run finds the whole run: %+v", runs)
	}
	for name, runs := range map[string][]calendar.Run{
		"a day off that is too short":  c.ClosureRuns(d(t, "2017-04-06"), d(t, "2017-04-06"), 3),
		"an ordinary weekend":          c.ClosureRuns(d(t, "2017-03-11"), d(t, "2017-03-12"), 1),
		"a stretch of working days":    c.ClosureRuns(d(t, "2017-03-06"), d(t, "2017-03-10"), 1),
		"the wrong way round":          c.ClosureRuns(d(t, "2017-02-10"), d(t, "2017-01-01"), 1),
		"no dates":                     c.ClosureRuns(calendar.Date{}, calendar.Date{}, 1),
		"the last days of all years":   c.ClosureRuns(d(t, "9999-12-20"), d(t, "9999-12-31"), 1),
		"a weekend before all working": c.ClosureRuns(d(t, "0001-01-01"), d(t, "0001-01-10"), 1),
	} {
		if len(runs) != 0 {
			t.Errorf("%s is a run: %+v", name, runs)
		}
	}
}

func TestALongWeekendAloneIsNoClosureRun(t *testing.T) {
	spec := spec2017()
	spec.Weekend = []string{"friday", "saturday", "sunday"}
	c := mustNew(t, spec)
	if runs := c.ClosureRuns(d(t, "2017-03-01"), d(t, "2017-03-31"), 3); len(runs) != 0 {
		t.Errorf("found %+v", runs)
	}
}

func TestTheWeekendIsData(t *testing.T) {
	spec := spec2017()
	spec.Weekend = []string{"sunday"} // a one-stop counter that opens on Saturday
	sixDays := mustNew(t, spec)
	if !sixDays.IsWorkingDay(d(t, "2017-03-04")) || sixDays.IsWorkingDay(d(t, "2017-03-05")) {
		t.Error("Saturday is worked, Sunday is not")
	}
	spec.Weekend = []string{}
	sevenDays := mustNew(t, spec)
	if !sevenDays.IsWorkingDay(d(t, "2017-03-05")) || sevenDays.IsWorkingDay(d(t, "2017-04-06")) {
		t.Error("without a weekend only closures are off")
	}
	if got := sevenDays.Spec().Weekend; got == nil || len(got) != 0 {
		t.Errorf("the empty weekend comes back as %#v", got)
	}
	if got := mustNew(t, spec2017()).Spec().Weekend; !slices.Equal(got, []string{"saturday", "sunday"}) {
		t.Errorf("the default weekend is %v", got)
	}
}

func TestWeekdaysOnlyKnowsNoHolidayAndCoversAllYears(t *testing.T) {
	c := calendar.WeekdaysOnly("plain")
	if c.ID() != "plain" || c.Version() != 1 {
		t.Errorf("%s v%d", c.ID(), c.Version())
	}
	if got := c.Add(d(t, "2017-01-20"), 10); got != d(t, "2017-02-03") {
		t.Errorf("Add = %v", got)
	}
	for _, day := range []string{"0001-01-01", "2017-01-28", "9999-12-31"} {
		if c.Provisional(d(t, day)) {
			t.Errorf("%s is provisional", day)
		}
	}
	if again := mustNew(t, c.Spec()); again.ID() != "plain" {
		t.Error("its spec does not make a calendar")
	}
}

func TestADistrictClosureMayCoverAHolidayAndTheHolidayKeepsItsName(t *testing.T) {
	for _, districtFirst := range []bool{true, false} {
		spec := spec2017()
		flood := calendar.Closure{From: d(t, "2017-01-24"), To: d(t, "2017-02-03"), Name: "Lũ lụt", Kind: calendar.District}
		if districtFirst {
			spec.Closures = append([]calendar.Closure{flood}, spec.Closures...)
		} else {
			spec.Closures = append(spec.Closures, flood)
		}
		c := mustNew(t, spec)
		for day, want := range map[string]string{"2017-01-24": "Lũ lụt", "2017-01-28": "Tết Nguyên đán", "2017-02-03": "Lũ lụt"} {
			if closure, _ := c.Closure(d(t, day)); closure.Name != want {
				t.Errorf("%s is closed for %q, want %q", day, closure.Name, want)
			}
		}
		if got := c.Add(d(t, "2017-01-23"), 1); got != d(t, "2017-02-06") {
			t.Errorf("Add = %v", got)
		}
	}
}

func TestACalendarDoesNotShareItsSpec(t *testing.T) {
	spec := spec2017()
	c := mustNew(t, spec)
	spec.Closures[2].From, spec.Closures[2].Name = d(t, "2017-04-07"), "changed"
	out := c.Spec()
	out.Closures[2].Name = "changed"
	out.Weekend[0] = "monday"
	if closure, ok := c.Closure(d(t, "2017-04-06")); !ok || closure.Name != "Giỗ Tổ Hùng Vương" {
		t.Errorf("the caller's change reached the calendar: %+v", closure)
	}
	if c.Spec().Weekend[0] != "saturday" {
		t.Error("the returned weekend is shared")
	}
}

func TestNoDateIsNoWorkingDayAndHasNoTerm(t *testing.T) {
	c := mustNew(t, spec2017())
	var none calendar.Date
	last := d(t, "9999-12-31")
	for name, got := range map[string]calendar.Date{
		"Add":                c.Add(none, 3),
		"Subtract":           c.Subtract(none, 3),
		"NextWorkingDay":     c.NextWorkingDay(none),
		"PreviousWorkingDay": c.PreviousWorkingDay(none),
		"EndOfTerm":          c.EndOfTerm(none, 3),
		"beyond all years":   c.Add(last, 1),
		"before all years":   c.Subtract(d(t, "0001-01-01"), 1),
		"far too long":       c.Add(d(t, "2017-01-01"), math.MaxInt),
		"far too long back":  c.Add(d(t, "2017-01-01"), math.MinInt),
		"subtract too much":  c.Subtract(d(t, "2017-01-01"), math.MaxInt),
		"subtract min":       c.Subtract(d(t, "2017-01-01"), math.MinInt),
	} {
		if !got.IsZero() {
			t.Errorf("%s gives %v, want no date", name, got)
		}
	}
	if c.IsWorkingDay(none) || c.Covers(none) {
		t.Error("no date is a working day or covered")
	}
	if e := c.Explain(none, 3); len(e.Days) != 0 || !e.Due.IsZero() {
		t.Errorf("no date is explained: %+v", e)
	}
	if e := c.Explain(d(t, "2017-01-27"), -5); e.Due != d(t, "2017-02-02") || e.Counted != 1 {
		t.Errorf("a negative term is explained as %+v", e)
	}
}

// --- properties: invariants 1 to 4 of the model, and an oracle ---

// anySpec draws a calendar for about a year around 2017, with closures of all
// lengths and made-up working days.
func anySpec(t *rapid.T) calendar.Spec {
	weekends := [][]string{nil, {}, {"sunday"}, {"friday", "saturday"}, {"monday", "tuesday", "wednesday", "thursday", "saturday", "sunday"}}
	spec := calendar.Spec{
		ID: "any", Version: 1, Weekend: rapid.SampledFrom(weekends).Draw(t, "weekend"),
		Coverage: calendar.Period{From: calendar.MustDate(2017, 1, 1), To: calendar.MustDate(2017, 12, 31)},
	}
	day := spec.Coverage.From
	for range rapid.IntRange(0, 12).Draw(t, "closures") {
		from := day.Add(rapid.IntRange(0, 40).Draw(t, "gap"))
		to := from.Add(rapid.IntRange(0, 12).Draw(t, "length"))
		if !spec.Coverage.Contains(to) {
			break
		}
		spec.Closures = append(spec.Closures, calendar.Closure{From: from, To: to, Name: "nghỉ", Kind: calendar.Holiday})
		day = to.Add(1)
	}
	for range rapid.IntRange(0, 6).Draw(t, "made up") {
		addWorkingDay(t, &spec)
	}
	return spec
}

// addWorkingDay adds a working day on a weekend that is free of closures, if
// the drawn day is one.
func addWorkingDay(t *rapid.T, spec *calendar.Spec) {
	longer := *spec
	longer.WorkingDays = append(slices.Clone(spec.WorkingDays), calendar.WorkingDay{Date: anyDay(t, "made up day")})
	if longer.Check() == nil {
		*spec = longer
	}
}

// anyDay draws a day inside the coverage of anySpec or up to a year outside.
func anyDay(t *rapid.T, name string) calendar.Date {
	return calendar.MustDate(2017, 1, 1).Add(rapid.IntRange(-400, 800).Draw(t, name))
}

// naive is the calendar counted with a finger: the oracle for the tables.
type naive struct {
	spec    calendar.Spec
	weekend map[string]bool
}

func newNaive(spec calendar.Spec) naive {
	names := spec.Weekend
	if names == nil {
		names = []string{"saturday", "sunday"}
	}
	n := naive{spec, map[string]bool{}}
	for _, name := range names {
		n.weekend[name] = true
	}
	return n
}

func (n naive) working(day calendar.Date) bool {
	for _, w := range n.spec.WorkingDays {
		if w.Date == day {
			return true
		}
	}
	for _, closure := range n.spec.Closures {
		if closure.Period().Contains(day) {
			return false
		}
	}
	return !n.weekend[strings.ToLower(day.Weekday().String())]
}

// step goes from day in steps of dir until n working days are passed.
func (n naive) step(day calendar.Date, count, dir int) calendar.Date {
	for count > 0 {
		day = day.Add(dir)
		if n.working(day) {
			count--
		}
	}
	return day
}

func TestTheTablesCountLikeAFinger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := anySpec(t)
		c, err := calendar.New(spec)
		if err != nil {
			t.Fatal(err)
		}
		oracle := newNaive(spec)
		start, n := anyDay(t, "start"), rapid.IntRange(1, 60).Draw(t, "n")
		if got, want := c.IsWorkingDay(start), oracle.working(start); got != want {
			t.Fatalf("IsWorkingDay(%v) = %v, want %v", start, got, want)
		}
		if got, want := c.Add(start, n), oracle.step(start, n, 1); got != want {
			t.Fatalf("Add(%v, %d) = %v, want %v", start, n, got, want)
		}
		if got, want := c.Subtract(start, n), oracle.step(start, n, -1); got != want {
			t.Fatalf("Subtract(%v, %d) = %v, want %v", start, n, got, want)
		}
		if got, want := c.NextWorkingDay(start), oracle.step(start.Add(-1), 1, 1); got != want {
			t.Fatalf("NextWorkingDay(%v) = %v, want %v", start, got, want)
		}
		if got, want := c.PreviousWorkingDay(start), oracle.step(start.Add(1), 1, -1); got != want {
			t.Fatalf("PreviousWorkingDay(%v) = %v, want %v", start, got, want)
		}
		end, elapsed := start.Add(rapid.IntRange(0, 300).Draw(t, "days")), 0
		for day := start.Add(1); !day.After(end); day = day.Add(1) {
			if oracle.working(day) {
				elapsed++
			}
		}
		if got := c.Elapsed(start, end); got != elapsed || c.Elapsed(end, start) != -elapsed {
			t.Fatalf("Elapsed(%v, %v) = %d, want %d", start, end, got, elapsed)
		}
		e := c.Explain(start, n)
		if e.Counted != n || e.Counted+e.Closures+e.Weekends != len(e.Days) || e.Due.Sub(start) != len(e.Days) {
			t.Fatalf("Explain(%v, %d) = %d counted, %d closures, %d weekends of %d days", start, n, e.Counted, e.Closures, e.Weekends, len(e.Days))
		}
	})
}

// Invariant 1.
func TestADueDateIsALaterWorkingDayAndGrowsWithTheTerm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := calendar.New(anySpec(t))
		if err != nil {
			t.Fatal(err)
		}
		start, n := anyDay(t, "start"), rapid.IntRange(1, 400).Draw(t, "n")
		due := c.Add(start, n)
		if !c.IsWorkingDay(due) || !due.After(start) {
			t.Fatalf("Add(%v, %d) = %v", start, n, due)
		}
		if longer := c.Add(start, n+1); !longer.After(due) {
			t.Fatalf("a day more is due %v, not after %v", longer, due)
		}
		if later := c.Add(start.Add(1), n); later.Before(due) {
			t.Fatalf("started a day later it is due %v, before %v", later, due)
		}
		if c.Elapsed(start, due) != n {
			t.Fatalf("Elapsed(%v, %v) = %d, want %d", start, due, c.Elapsed(start, due), n)
		}
	})
}

// Invariant 2.
func TestAClosureNeverHastensAndAWorkingSaturdayNeverDelays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := anySpec(t)
		before, err := calendar.New(spec)
		if err != nil {
			t.Fatal(err)
		}
		start, n := anyDay(t, "start"), rapid.IntRange(0, 200).Draw(t, "n")

		closed := spec
		from := anyDay(t, "closed from")
		to := from.Add(rapid.IntRange(0, 10).Draw(t, "closed for"))
		closed.Closures = append(slices.Clone(spec.Closures), calendar.Closure{From: from, To: to, Name: "lũ", Kind: calendar.District})
		if c, err := calendar.New(closed); err == nil && c.Add(start, n).Before(before.Add(start, n)) {
			t.Fatalf("closing %v..%v moves %v+%d from %v to %v", from, to, start, n, before.Add(start, n), c.Add(start, n))
		}
		worked := spec
		addWorkingDay(t, &worked)
		if c, err := calendar.New(worked); err != nil || c.Add(start, n).After(before.Add(start, n)) {
			t.Fatalf("working on %v moves %v+%d later (%v)", worked.WorkingDays, start, n, err)
		}
	})
}

// Invariant 3.
func TestAPauseMovesTheDueDateByItsWorkingDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := calendar.New(anySpec(t))
		if err != nil {
			t.Fatal(err)
		}
		start, n := anyDay(t, "start"), rapid.IntRange(1, 60).Draw(t, "n")
		from := start.Add(rapid.IntRange(0, 60).Draw(t, "paused after"))
		to := from.Add(rapid.IntRange(0, 60).Draw(t, "paused for"))
		paused := c.Elapsed(from, to)
		due, moved := c.Add(start, n), c.Add(start, n+paused)
		if c.Elapsed(due, moved) != paused || c.Add(due, paused) != moved && paused > 0 {
			t.Fatalf("a pause of %d moves %v to %v", paused, due, moved)
		}
		if worked := c.Elapsed(start, moved) - paused; worked != n {
			t.Fatalf("%d working days remain of %d", worked, n)
		}
		if c.Subtract(moved, paused) != due {
			t.Fatalf("%v - %d = %v, want %v", moved, paused, c.Subtract(moved, paused), due)
		}
	})
}

// Invariant 4.
func TestElapsedStretchesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := calendar.New(anySpec(t))
		if err != nil {
			t.Fatal(err)
		}
		a, b, e := anyDay(t, "a"), anyDay(t, "b"), anyDay(t, "c")
		if c.Elapsed(a, b)+c.Elapsed(b, e) != c.Elapsed(a, e) {
			t.Fatalf("%d + %d != %d", c.Elapsed(a, b), c.Elapsed(b, e), c.Elapsed(a, e))
		}
	})
}

func TestACalendarMayBeReadByManyGoroutines(t *testing.T) {
	c := mustNew(t, spec2017())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 400 {
				day := calendar.MustDate(2017, 1, 1).Add(i)
				if due := c.Add(day, 3); c.Elapsed(day, due) != 3 || len(c.Explain(day, 3).Days) == 0 {
					t.Errorf("%v + 3 = %v", day, due)
				}
			}
		})
	}
	wg.Wait()
}

func TestCountingAllocatesNothing(t *testing.T) {
	c := mustNew(t, spec2017())
	start := d(t, "2017-01-20")
	if n := testing.AllocsPerRun(100, func() {
		due := c.Add(start, 10)
		_ = c.Subtract(due, 2)
		_ = c.Elapsed(start, due)
		_ = c.IsWorkingDay(due)
		_ = c.EndOfTerm(start, 30)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

var sink calendar.Date

func BenchmarkAdd(b *testing.B) {
	c := mustNew(b, spec2017())
	start := d(b, "2017-01-20")
	for _, n := range []int{1, 10, 60, 2000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sink = c.Add(start, n)
			}
		})
	}
}

func BenchmarkElapsed(b *testing.B) {
	c := mustNew(b, spec2017())
	from, to := d(b, "2017-01-20"), d(b, "2017-11-10")
	b.ReportAllocs()
	for b.Loop() {
		_ = c.Elapsed(from, to)
	}
}

func BenchmarkExplain(b *testing.B) {
	c := mustNew(b, spec2017())
	start := d(b, "2017-01-20")
	b.ReportAllocs()
	for b.Loop() {
		_ = c.Explain(start, 10)
	}
}

func TestATermInCalendarDaysIsExplainedDayByDay(t *testing.T) {
	c := mustNew(t, spec2017())
	e := c.ExplainTerm(d(t, "2017-03-16"), 3) // Thursday: the third day is a Sunday
	if e.Due != c.EndOfTerm(d(t, "2017-03-16"), 3) || e.Due != d(t, "2017-03-20") || e.Counted != 3 || e.Rolled != 1 || len(e.Days) != 4 {
		t.Fatalf("%+v", e)
	}
	if sunday := e.Days[2]; !sunday.Counted || sunday.N != 3 || e.Days[3].Counted {
		t.Errorf("%+v", e.Days)
	}
	for lang, want := range map[string][]string{
		"vi": {"Tính 3 ngày theo lịch, kể cả ngày nghỉ", "ngày thứ 3 (nghỉ cuối tuần)", "không tính (hết hạn vào ngày làm việc kế tiếp)", "Trong 4 ngày có 3 ngày được tính, 1 ngày kéo dài"},
		"en": {"3 calendar days, days off included", "day 3 (weekend)", "not counted (the next working day, on which the term ends)", "Of 4 days 3 are counted, 1 were added"},
	} {
		for _, part := range want {
			if text := e.Text(lang); !strings.Contains(text, part) {
				t.Errorf("%q is not in\n%s", part, text)
			}
		}
	}
	if whole := c.ExplainTerm(d(t, "2017-03-16"), 4); whole.Rolled != 0 || whole.Due != e.Due || whole.Counted != 4 {
		t.Errorf("a term that ends on a working day is not longer: %+v", whole)
	}
	if none := c.ExplainTerm(d(t, "2017-03-18"), -1); none.Due != d(t, "2017-03-20") || none.Counted != 0 || none.Rolled != 2 {
		t.Errorf("%+v", none)
	}
}

func TestAnExplainedTermInCalendarDaysIsTheTerm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := calendar.New(anySpec(t))
		if err != nil {
			t.Fatal(err)
		}
		start, n := anyDay(t, "start"), rapid.IntRange(0, 60).Draw(t, "n")
		e := c.ExplainTerm(start, n)
		if e.Due != c.EndOfTerm(start, n) || e.Counted != n || e.Counted+e.Rolled != len(e.Days) || !c.IsWorkingDay(e.Due) {
			t.Fatalf("%+v", e)
		}
	})
}
