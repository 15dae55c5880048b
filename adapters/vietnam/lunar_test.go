package vietnam_test

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/adapters/vietnam"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

var update = flag.Bool("update", false, "write the golden files anew")

// verifiedYears are checked against published calendars: the first day of the
// year, the length of the 12th month before it, the day of the Hùng Kings and
// the leap month.
var verifiedYears = []struct {
	year      int
	zodiac    string
	tet       string
	lastMonth int
	hungKings string
	leap      int
}{
	{2000, "Canh Thìn", "2000-02-05 Sat", 29, "2000-04-14 Fri", 0},
	{2001, "Tân Tỵ", "2001-01-24 Wed", 29, "2001-04-03 Tue", 4},
	{2002, "Nhâm Ngọ", "2002-02-12 Tue", 30, "2002-04-22 Mon", 0},
	{2003, "Quý Mùi", "2003-02-01 Sat", 29, "2003-04-11 Fri", 0},
	{2004, "Giáp Thân", "2004-01-22 Thu", 30, "2004-04-28 Wed", 2},
	{2005, "Ất Dậu", "2005-02-09 Wed", 30, "2005-04-18 Mon", 0},
	{2006, "Bính Tuất", "2006-01-29 Sun", 29, "2006-04-07 Fri", 7},
	{2007, "Đinh Hợi", "2007-02-17 Sat", 29, "2007-04-26 Thu", 0},
	{2008, "Mậu Tý", "2008-02-07 Thu", 30, "2008-04-15 Tue", 0},
	{2009, "Kỷ Sửu", "2009-01-26 Mon", 30, "2009-04-04 Sat", 5},
	{2010, "Canh Dần", "2010-02-14 Sun", 30, "2010-04-23 Fri", 0},
	{2011, "Tân Mão", "2011-02-03 Thu", 30, "2011-04-12 Tue", 0},
	{2012, "Nhâm Thìn", "2012-01-23 Mon", 29, "2012-03-31 Sat", 4},
	{2013, "Quý Tỵ", "2013-02-10 Sun", 29, "2013-04-19 Fri", 0},
	{2014, "Giáp Ngọ", "2014-01-31 Fri", 30, "2014-04-09 Wed", 9},
	{2015, "Ất Mùi", "2015-02-19 Thu", 30, "2015-04-28 Tue", 0},
	{2016, "Bính Thân", "2016-02-08 Mon", 29, "2016-04-16 Sat", 0},
	{2017, "Đinh Dậu", "2017-01-28 Sat", 30, "2017-04-06 Thu", 6},
	{2018, "Mậu Tuất", "2018-02-16 Fri", 30, "2018-04-25 Wed", 0},
	{2019, "Kỷ Hợi", "2019-02-05 Tue", 30, "2019-04-14 Sun", 0},
	{2020, "Canh Tý", "2020-01-25 Sat", 30, "2020-04-02 Thu", 4},
	{2021, "Tân Sửu", "2021-02-12 Fri", 30, "2021-04-21 Wed", 0},
	{2022, "Nhâm Dần", "2022-02-01 Tue", 29, "2022-04-10 Sun", 0},
	{2023, "Quý Mão", "2023-01-22 Sun", 30, "2023-04-29 Sat", 2},
	{2024, "Giáp Thìn", "2024-02-10 Sat", 30, "2024-04-18 Thu", 0},
	{2025, "Ất Tỵ", "2025-01-29 Wed", 29, "2025-04-07 Mon", 6},
	{2026, "Bính Ngọ", "2026-02-17 Tue", 29, "2026-04-26 Sun", 0},
	{2027, "Đinh Mùi", "2027-02-06 Sat", 29, "2027-04-16 Fri", 0},
	{2028, "Mậu Thân", "2028-01-26 Wed", 29, "2028-04-04 Tue", 5},
	{2029, "Kỷ Dậu", "2029-02-13 Tue", 29, "2029-04-23 Mon", 0},
	{2030, "Canh Tuất", "2030-02-02 Sat", 29, "2030-04-12 Fri", 0},
	{2031, "Tân Hợi", "2031-01-23 Thu", 29, "2031-04-01 Tue", 3},
	{2032, "Nhâm Tý", "2032-02-11 Wed", 29, "2032-04-19 Mon", 0},
	{2033, "Quý Sửu", "2033-01-31 Mon", 30, "2033-04-09 Sat", 11},
	{2034, "Giáp Dần", "2034-02-19 Sun", 30, "2034-04-28 Fri", 0},
	{2035, "Ất Mão", "2035-02-08 Thu", 30, "2035-04-17 Tue", 0},
}

func TestVerifiedLunarYears(t *testing.T) {
	for _, want := range verifiedYears {
		t.Run(fmt.Sprint(want.year), func(t *testing.T) {
			tet, err := vietnam.Tet(want.year)
			if err != nil {
				t.Fatal(err)
			}
			kings, err := vietnam.HungKings(want.year)
			if err != nil {
				t.Fatal(err)
			}
			before, err := vietnam.LunarMonths(want.year - 1)
			if err != nil {
				t.Fatal(err)
			}
			months, err := vietnam.LunarMonths(want.year)
			if err != nil {
				t.Fatal(err)
			}
			leap := 0
			for _, m := range months {
				if m.Leap {
					leap = m.Month
				}
			}
			got := []any{vietnam.Zodiac(want.year), withWeekday(tet), before[len(before)-1].Days, withWeekday(kings), leap}
			if diff := cmp.Diff([]any{want.zodiac, want.tet, want.lastMonth, want.hungKings, want.leap}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func withWeekday(d calendar.Date) string { return d.String() + " " + d.Weekday().String()[:3] }

// In these years a calendar for UTC+8 gives another day.
func TestDatesThatACalendarForBeijingGetsWrong(t *testing.T) {
	for _, tt := range []struct {
		year int
		want string
		day  func(int) (calendar.Date, error)
	}{
		{1985, "1985-01-21", vietnam.Tet}, // Beijing: 1985-02-20
		{2007, "2007-02-17", vietnam.Tet},
		{2030, "2030-02-02", vietnam.Tet},
		{2009, "2009-04-04", vietnam.HungKings},
		{2037, "2037-04-24", vietnam.HungKings},
		{2038, "2038-04-13", vietnam.HungKings},
	} {
		got, err := tt.day(tt.year)
		if err != nil || got.String() != tt.want {
			t.Errorf("%d: %v, %v; want %s", tt.year, got, err, tt.want)
		}
	}
}

func TestLunarDatesOfKnownDays(t *testing.T) {
	for _, tt := range []struct {
		solar string
		want  vietnam.LunarDate
		said  string
	}{
		{"2017-01-27", vietnam.LunarDate{Year: 2016, Month: 12, Day: 30}, "ngày 30 tháng Chạp năm Bính Thân"},
		{"2017-01-28", vietnam.LunarDate{Year: 2017, Month: 1, Day: 1}, "mùng 1 tháng Giêng năm Đinh Dậu"},
		{"2017-04-06", vietnam.LunarDate{Year: 2017, Month: 3, Day: 10}, "mùng 10 tháng 3 năm Đinh Dậu"},
		{"2017-07-23", vietnam.LunarDate{Year: 2017, Month: 6, Day: 1, Leap: true}, "mùng 1 tháng 6 nhuận năm Đinh Dậu"},
		{"2025-01-28", vietnam.LunarDate{Year: 2024, Month: 12, Day: 29}, "ngày 29 tháng Chạp năm Giáp Thìn"},
		{"2026-02-22", vietnam.LunarDate{Year: 2026, Month: 1, Day: 6}, "mùng 6 tháng Giêng năm Bính Ngọ"},
	} {
		got, err := vietnam.LunarOf(date(t, tt.solar))
		if err != nil || got != tt.want || got.String() != tt.said {
			t.Errorf("LunarOf(%s) = %v %q, %v; want %+v", tt.solar, got, got.String(), err, tt.want)
		}
	}
}

func TestLunarDatesOutsideTheComputedYearsAreRefused(t *testing.T) {
	rangeFault, dateFault := "vietnam.lunar.range", "vietnam.lunar.date"
	for _, solar := range []string{"1975-12-31", "2101-01-01", ""} {
		if _, err := vietnam.LunarOf(date(t, solar)); rule(err) != rangeFault {
			t.Errorf("LunarOf(%q): %v", solar, err)
		}
	}
	for _, tt := range []struct {
		l    vietnam.LunarDate
		want string
	}{
		{vietnam.LunarDate{Year: 1974, Month: 12, Day: 1}, rangeFault},
		{vietnam.LunarDate{Year: 1975, Month: 1, Day: 1}, rangeFault},
		{vietnam.LunarDate{Year: 1975, Month: 12, Day: 1}, ""},
		{vietnam.LunarDate{Year: 2100, Month: 12, Day: 29}, rangeFault}, // in 2101
		{vietnam.LunarDate{Year: 2101, Month: 1, Day: 1}, rangeFault},
		{vietnam.LunarDate{Year: 2024, Month: 12, Day: 30}, dateFault}, // no 30 Tết before 2025
		{vietnam.LunarDate{Year: 2017, Month: 5, Day: 1, Leap: true}, dateFault},
		{vietnam.LunarDate{Year: 2017, Month: 13, Day: 1}, dateFault},
		{vietnam.LunarDate{Year: 2017, Month: 0, Day: 1}, dateFault},
		{vietnam.LunarDate{Year: 2017, Month: 1, Day: 0}, dateFault},
		{vietnam.LunarDate{}, rangeFault},
	} {
		if d, err := vietnam.SolarOf(tt.l); rule(err) != tt.want {
			t.Errorf("SolarOf(%+v) = %v, %v; want %q", tt.l, d, err, tt.want)
		}
	}
	for _, year := range []int{1975, 2101, math.MaxInt, math.MinInt} {
		_, err1 := vietnam.Tet(year)
		_, err2 := vietnam.HungKings(year)
		_, err3 := vietnam.LunarMonths(year)
		if err1 == nil && year != 1975 || err2 == nil || err3 == nil {
			t.Errorf("%d: %v, %v, %v", year, err1, err2, err3)
		}
	}
	if _, err := vietnam.Tet(1975); !errors.Is(err, fault.ErrRule) {
		t.Errorf("Tết 1975: %v", err)
	}
}

func TestLunarDatesGoThereAndBack(t *testing.T) {
	first := calendar.MustDate(vietnam.FirstLunarYear, 1, 1)
	days := calendar.MustDate(vietnam.LastLunarYear, 12, 31).Sub(first)
	rapid.Check(t, func(t *rapid.T) {
		solar := first.Add(rapid.IntRange(0, days).Draw(t, "day"))
		lunar, err := vietnam.LunarOf(solar)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := vietnam.SolarOf(lunar); err != nil || back != solar {
			t.Fatalf("%v is %+v is %v, %v", solar, lunar, back, err)
		}
		if solar.Add(1).Year() > vietnam.LastLunarYear {
			return
		}
		next, err := vietnam.LunarOf(solar.Add(1))
		if err != nil {
			t.Fatal(err)
		}
		sameMonth := next == vietnam.LunarDate{Year: lunar.Year, Month: lunar.Month, Leap: lunar.Leap, Day: lunar.Day + 1}
		if !sameMonth && (next.Day != 1 || lunar.Day < 29) {
			t.Fatalf("%v is %+v, the next day %+v", solar, lunar, next)
		}
	})
}

func TestEveryLunarYearIsWellFormed(t *testing.T) {
	for year := vietnam.FirstLunarYear; year <= vietnam.LastLunarYear; year++ {
		months, err := vietnam.LunarMonths(year)
		if err != nil {
			t.Fatal(err)
		}
		leaps, previous := 0, 0
		for i, m := range months {
			if m.Days != 29 && m.Days != 30 {
				t.Errorf("%d month %d has %d days", year, m.Month, m.Days)
			}
			if i > 0 && months[i-1].First.Add(months[i-1].Days) != m.First {
				t.Errorf("%d month %d does not follow the one before", year, m.Month)
			}
			if m.Leap {
				leaps++
				if m.Month != previous {
					t.Errorf("%d: leap month %d after month %d", year, m.Month, previous)
				}
			} else if m.Month != previous+1 {
				t.Errorf("%d: month %d after month %d", year, m.Month, previous)
			}
			previous = m.Month
		}
		if previous != 12 || len(months) != 12+leaps || leaps > 1 {
			t.Errorf("%d has %d months, %d leap", year, len(months), leaps)
		}
		if tet := months[0].First; tet.Before(calendar.MustDate(year, 1, 20)) || tet.After(calendar.MustDate(year, 2, 21)) {
			t.Errorf("Tết %d on %v", year, tet)
		}
	}
}

// The table of months from 2000 to 2060 is kept as a file, so that no change
// of formulas moves a month unseen. To change it on purpose: go test -update.
func TestTheTableOfMonthsIsUnchanged(t *testing.T) {
	const file = "testdata/lunar_2000_2060.txt"
	var b strings.Builder
	b.WriteString("# year | first day of each month, month-day; * leap; = days of the last month\n")
	for year := 2000; year <= 2060; year++ {
		months, err := vietnam.LunarMonths(year)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(&b, year, " |")
		for _, m := range months {
			leap := ""
			if m.Leap {
				leap = "*"
			}
			fmt.Fprint(&b, " ", m.First.String()[5:], leap)
		}
		fmt.Fprintln(&b, " =", months[len(months)-1].Days)
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("months moved (-want +got):\n%s", diff)
	}
}

// An independent and coarser computation, with the mean motions for 1900 that
// Vietnamese almanacs on computers commonly use, finds the same months. It
// may miss the new moons within some seconds of midnight.
func TestACoarserComputationFindsTheSameMonths(t *testing.T) {
	uncertain := map[string]bool{"2054-05-08": true, "2072-12-09": true, "2077-11-15": true, "2085-10-18": true}
	differ := 0
	for year := vietnam.FirstLunarYear; year <= vietnam.LastLunarYear; year++ {
		months, err := vietnam.LunarMonths(year)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range months {
			day := m.First.Sub(calendar.MustDate(2000, 1, 1)) + 2451545
			k := int(math.Floor((float64(day)-2415021.076998695)/29.530588853 + 0.5))
			if got := coarseNewMoonDay(k); got != day {
				differ++
				if near := m.First.Add(got - day); !uncertain[m.First.String()] && !uncertain[near.String()] {
					t.Errorf("the month of %v begins on day %+d by the coarse computation", m.First, got-day)
				}
			}
		}
	}
	if differ > len(uncertain) {
		t.Errorf("%d months differ", differ)
	}
}

// coarseNewMoonDay is the Julian day number, in Vietnam, of the kth new moon
// since 1 January 1900.
func coarseNewMoonDay(k int) int {
	n := float64(k)
	t := n / 1236.85
	rad := math.Pi / 180
	s := func(degrees float64) float64 { return math.Sin(degrees * rad) }
	jd := 2415020.75933 + 29.53058868*n + 0.0001178*t*t - 0.000000155*t*t*t + 0.00033*s(166.56+132.87*t-0.009173*t*t)
	sun := 359.2242 + 29.10535608*n - 0.0000333*t*t - 0.00000347*t*t*t
	moon := 306.0253 + 385.81691806*n + 0.0107306*t*t + 0.00001236*t*t*t
	lat := 21.2964 + 390.67050646*n - 0.0016528*t*t - 0.00000239*t*t*t
	jd += (0.1734-0.000393*t)*s(sun) + 0.0021*s(2*sun) - 0.4068*s(moon) + 0.0161*s(2*moon) - 0.0004*s(3*moon) +
		0.0104*s(2*lat) - 0.0051*s(sun+moon) - 0.0074*s(sun-moon) + 0.0004*s(2*lat+sun) -
		0.0004*s(2*lat-sun) - 0.0006*s(2*lat+moon) + 0.0010*s(2*lat-moon) + 0.0005*s(2*moon+sun)
	jd -= -0.000278 + 0.000265*t + 0.000262*t*t
	return int(math.Floor(jd + 0.5 + 7.0/24))
}

func TestTheCycleOfSixtyYears(t *testing.T) {
	for year, want := range map[int]string{1984: "Giáp Tý", 2017: "Đinh Dậu", 2044: "Giáp Tý", 4: "Giáp Tý", 3: "Quý Hợi", -56: "Giáp Tý"} {
		if got := vietnam.Zodiac(year); got != want {
			t.Errorf("Zodiac(%d) = %s, want %s", year, got, want)
		}
	}
}

func FuzzSolarOf(f *testing.F) {
	f.Add(2017, 6, 1, true)
	f.Add(1975, 12, 30, false)
	f.Fuzz(func(t *testing.T, year, month, day int, leap bool) {
		lunar := vietnam.LunarDate{Year: year, Month: month, Day: day, Leap: leap}
		solar, err := vietnam.SolarOf(lunar)
		if err != nil {
			if !errors.Is(err, fault.ErrRule) {
				t.Fatalf("SolarOf(%+v): %v", lunar, err)
			}
			return
		}
		if back, err := vietnam.LunarOf(solar); err != nil || back != lunar {
			t.Fatalf("%+v is %v is %+v, %v", lunar, solar, back, err)
		}
	})
}

func BenchmarkLunarOf(b *testing.B) {
	d := calendar.MustDate(2017, time.May, 5)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := vietnam.LunarOf(d); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleTet() {
	tet, err := vietnam.Tet(2027)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("Tết", vietnam.Zodiac(2027)+":", tet.Text("vi"))
	// Output: Tết Đinh Mùi: thứ Bảy, 06/02/2027
}

func ExampleLunarOf() {
	lunar, err := vietnam.LunarOf(calendar.MustDate(2017, time.August, 6))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(lunar)
	// Output: ngày 15 tháng 6 nhuận năm Đinh Dậu
}

func ExampleSolarOf() {
	// There is no 30 Tết from 2025 to 2032: the 12th month has 29 days.
	_, err := vietnam.SolarOf(vietnam.LunarDate{Year: 2024, Month: 12, Day: 30})
	fmt.Println(err)
	// Output: vietnam.lunar.date: The lunar year 2024 has no day 30 in month 12.
}

func TestThePlannerIsToldTheLunarDay(t *testing.T) {
	lunar := org.Lunar(vietnam.Lunar)
	if d, m, ok := lunar(calendar.MustDate(2017, 1, 28)); d != 1 || m != 1 || !ok { // Tết Đinh Dậu
		t.Errorf("%d/%d %v", d, m, ok)
	}
	if _, _, ok := lunar(calendar.MustDate(1, 1, 1)); ok {
		t.Error("no lunar date is known for the year 1")
	}
	full := org.Hosting{AvoidEach: []org.YearDay{{Day: 15, Lunar: true}, {Day: 24, Month: 12}}}
	for on, want := range map[calendar.Date]bool{
		calendar.MustDate(2017, 2, 11): true, calendar.MustDate(2017, 2, 12): false, calendar.MustDate(2017, 12, 24): true,
	} {
		if got := full.Avoids(on, lunar); got != want {
			t.Errorf("%s avoided: %v", on, got)
		}
	}
}
