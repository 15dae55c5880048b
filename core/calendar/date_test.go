package calendar_test

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// d reads a date written in a test table.
func d(t testing.TB, s string) calendar.Date {
	t.Helper()
	if s == "" {
		return calendar.Date{}
	}
	date, err := calendar.ParseDate(s)
	if err != nil {
		t.Fatalf("date %q: %v", s, err)
	}
	return date
}

// rule returns the code of the violation, so that tables can compare it.
func rule(err error) string {
	var v *fault.Violation
	if errors.As(err, &v) {
		return v.Rule
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestADateHasOneStoredForm(t *testing.T) {
	tests := []struct {
		in   string
		want string // rule code, empty when legal
	}{
		{"2017-05-05", ""},
		{"0001-01-01", ""},
		{"9999-12-31", ""},
		{"2016-02-29", ""},
		{"2017-02-29", "calendar.date.range"},
		{"2017-04-31", "calendar.date.range"},
		{"2017-13-01", "calendar.date.range"},
		{"2017-00-10", "calendar.date.range"},
		{"2017-01-00", "calendar.date.range"},
		{"0000-01-01", "calendar.date.range"},
		{"2017-5-05", "calendar.date.format"},
		{"05/05/2017", "calendar.date.format"},
		{"2017-05-05T00:00:00Z", "calendar.date.format"},
		{" 2017-05-05", "calendar.date.format"},
		{"+017-05-05", "calendar.date.format"},
		{"2017-+5-05", "calendar.date.format"},
		{"２017-05-0", "calendar.date.format"},
		{"", "calendar.date.format"},
	}
	for _, tt := range tests {
		got, err := calendar.ParseDate(tt.in)
		if rule(err) != tt.want {
			t.Errorf("ParseDate(%q) gives %q, want %q", tt.in, rule(err), tt.want)
		}
		if err == nil && got.String() != tt.in {
			t.Errorf("ParseDate(%q) reads %q", tt.in, got)
		}
		if err != nil && !got.IsZero() {
			t.Errorf("ParseDate(%q) fails and still gives %v", tt.in, got)
		}
	}
}

func TestADateIsReadAsPeopleInVietnamWriteIt(t *testing.T) {
	tests := []struct{ in, want, rule string }{
		{"05/5/2017", "2017-05-05", ""},
		{"5/5/2017", "2017-05-05", ""},
		{" 31/12/2017 ", "2017-12-31", ""},
		{"05-05-2017", "2017-05-05", ""},
		{"5.5.2017", "2017-05-05", ""},
		{"30/02/2017", "", "calendar.date.range"},
		{"12/31/2017", "", "calendar.date.range"},
		{"05/05/17", "", "calendar.date.format"},
		{"05/05-2017", "", "calendar.date.format"},
		{"005/05/2017", "", "calendar.date.format"},
		{"2017-05-05", "", "calendar.date.format"},
		{"//", "", "calendar.date.format"},
		{"", "", "calendar.date.format"},
	}
	for _, tt := range tests {
		got, err := calendar.ParseDateVN(tt.in)
		if got.String() != tt.want || rule(err) != tt.rule {
			t.Errorf("ParseDateVN(%q) = %q, %q; want %q, %q", tt.in, got, rule(err), tt.want, tt.rule)
		}
	}
}

func TestDatesAreWrittenAsDecree30Wants(t *testing.T) {
	tests := []struct{ in, vn, long, text, english string }{
		{"2017-05-05", "05/5/2017", "ngày 05 tháng 5 năm 2017", "thứ Sáu, 05/5/2017", "Friday 5 May 2017"},
		{"2017-02-10", "10/02/2017", "ngày 10 tháng 02 năm 2017", "thứ Sáu, 10/02/2017", "Friday 10 February 2017"},
		{"2017-12-31", "31/12/2017", "ngày 31 tháng 12 năm 2017", "Chủ nhật, 31/12/2017", "Sunday 31 December 2017"},
		{"", "", "", "", ""},
	}
	for _, tt := range tests {
		date := d(t, tt.in)
		got := []string{date.VN(), date.Long(), date.Text("vi"), date.Text("en")}
		if diff := cmp.Diff([]string{tt.vn, tt.long, tt.text, tt.english}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestWeekdaysHaveVietnameseNames(t *testing.T) {
	want := []string{"Chủ nhật", "thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy"}
	for i, name := range want {
		if got := calendar.WeekdayVN(time.Weekday(i)); got != name {
			t.Errorf("WeekdayVN(%v) = %q, want %q", time.Weekday(i), got, name)
		}
	}
}

func TestAnInstantBelongsToTheDateInVietnam(t *testing.T) {
	tests := []struct{ instant, want string }{
		{"2017-03-07T16:59:59Z", "2017-03-07"},
		{"2017-03-07T17:00:00Z", "2017-03-08"},
		{"2017-03-08T00:00:00+07:00", "2017-03-08"},
		{"2017-03-07T20:00:00-08:00", "2017-03-08"},
	}
	for _, tt := range tests {
		at, err := time.Parse(time.RFC3339, tt.instant)
		if err != nil {
			t.Fatal(err)
		}
		if got := calendar.DateOf(at).String(); got != tt.want {
			t.Errorf("DateOf(%s) = %s, want %s", tt.instant, got, tt.want)
		}
	}
	if !calendar.DateOf(time.Time{}).IsZero() {
		t.Error("the zero time has a date")
	}
}

func TestATimeOnADateIsAnInstantInVietnam(t *testing.T) {
	at := d(t, "2017-03-04").At(calendar.MustTimeOfDay(19, 0))
	if got, want := at.UTC().Format(time.RFC3339), "2017-03-04T12:00:00Z"; got != want {
		t.Errorf("At = %s, want %s", got, want)
	}
	if name, offset := at.Zone(); name != "Asia/Ho_Chi_Minh" || offset != 7*3600 {
		t.Errorf("zone %s %d", name, offset)
	}
	if got := calendar.TimeOfDayOf(at.UTC()).String(); got != "19:00" {
		t.Errorf("TimeOfDayOf = %s", got)
	}
	if !(calendar.Date{}).At(calendar.TimeOfDay{}).IsZero() {
		t.Error("no date has an instant")
	}
}

func TestNoDateStaysNoDate(t *testing.T) {
	var none calendar.Date
	if !none.IsZero() || none.String() != "" || none.Year() != 0 || none.Month() != 0 || none.Day() != 0 {
		t.Errorf("zero date is %q %d %d %d", none, none.Year(), none.Month(), none.Day())
	}
	first, last := d(t, "0001-01-01"), d(t, "9999-12-31")
	for name, got := range map[string]calendar.Date{
		"no date plus a day":          none.Add(1),
		"no date plus a month":        none.AddMonths(1),
		"the day before the first":    first.Add(-1),
		"the day after the last":      last.Add(1),
		"far beyond the last":         last.Add(math.MaxInt),
		"far before the first":        first.Add(math.MinInt),
		"the month after the last":    last.AddMonths(1),
		"far more months than exist":  first.AddMonths(math.MaxInt),
		"far fewer months than exist": first.AddMonths(math.MinInt),
	} {
		if !got.IsZero() {
			t.Errorf("%s is %v", name, got)
		}
	}
	if !none.Before(first) || none.Sub(first) != 0 || first.Sub(none) != 0 {
		t.Error("no date must sort first and be no distance from anything")
	}
}

func TestMonthsAreAddedAsTheCivilCodeCounts(t *testing.T) {
	tests := []struct {
		from string
		n    int
		want string
	}{
		{"2017-01-31", 1, "2017-02-28"},
		{"2016-01-31", 1, "2016-02-29"},
		{"2017-01-15", 12, "2018-01-15"},
		{"2016-02-29", 12, "2017-02-28"},
		{"2017-03-31", -1, "2017-02-28"},
		{"2017-12-01", 1, "2018-01-01"},
		{"2017-05-05", 0, "2017-05-05"},
	}
	for _, tt := range tests {
		if got := d(t, tt.from).AddMonths(tt.n).String(); got != tt.want {
			t.Errorf("%s + %d months = %s, want %s", tt.from, tt.n, got, tt.want)
		}
	}
}

func TestDatesAgreeWithTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.IntRange(0, 3652058).Draw(t, "day")
		oracle := time.Date(1, 1, 1+day, 0, 0, 0, 0, time.UTC)
		got := calendar.MustDate(1, 1, 1).Add(day)
		if got.Year() != oracle.Year() || got.Month() != oracle.Month() || got.Day() != oracle.Day() || got.Weekday() != oracle.Weekday() {
			t.Fatalf("day %d is %v %v, want %v", day, got, got.Weekday(), oracle)
		}
		if got.String() != oracle.Format(time.DateOnly) {
			t.Fatalf("%v prints as %q", oracle, got)
		}
		if again, err := calendar.NewDate(oracle.Date()); err != nil || again != got {
			t.Fatalf("NewDate(%v) = %v, %v", oracle, again, err)
		}
		if vn, err := calendar.ParseDateVN(got.VN()); got.Year() >= 1000 && (err != nil || vn != got) {
			t.Fatalf("ParseDateVN(%q) = %v, %v", got.VN(), vn, err)
		}
		step := rapid.IntRange(-4000000, 4000000).Draw(t, "step")
		if then := got.Add(step); !then.IsZero() && (then.Sub(got) != step || then.Before(got) != (step < 0) || then.After(got) != (step > 0)) {
			t.Fatalf("%v + %d = %v", got, step, then)
		}
	})
}

func TestValuesTravelAsText(t *testing.T) {
	type row struct {
		Date   calendar.Date
		None   calendar.Date
		Left   calendar.Date `json:",omitzero"`
		Time   calendar.TimeOfDay
		Month  calendar.Month
		Period calendar.Period
		Open   calendar.Period
		ByDate map[calendar.Date]int
	}
	in := row{
		Date:   calendar.MustDate(2017, 5, 5),
		Time:   calendar.MustTimeOfDay(8, 0),
		Month:  calendar.Month{Year: 2017, Month: 3},
		Period: calendar.Month{Year: 2017, Month: 3}.Period(),
		Open:   calendar.Period{From: calendar.MustDate(2017, 1, 1)},
		ByDate: map[calendar.Date]int{calendar.MustDate(2017, 1, 2): 7},
	}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Date":"2017-05-05","None":"","Time":"08:00","Month":"2017-03",` +
		`"Period":{"from":"2017-03-01","to":"2017-03-31"},"Open":{"from":"2017-01-01"},"ByDate":{"2017-01-02":7}}`
	if string(text) != want {
		t.Errorf("JSON is %s\nwant    %s", text, want)
	}
	var out row
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Errorf("changed on the way (-want +got):\n%s", diff)
	}
	for _, bad := range []string{`{"Date":"5/5/2017"}`, `{"Time":"8:00"}`, `{"Month":"3/2017"}`} {
		if err := json.Unmarshal([]byte(bad), &out); !errors.Is(err, fault.ErrRule) {
			t.Errorf("%s gives %v, want a broken rule", bad, err)
		}
	}
}

func TestATimeOfDayIsHoursAndMinutes(t *testing.T) {
	for in, want := range map[string]string{
		"08:00": "", "00:00": "", "23:59": "",
		"24:00": "calendar.time.range", "12:60": "calendar.time.range",
		"8:00": "calendar.time.format", "08h00": "calendar.time.format", "08:00:00": "calendar.time.format",
		"-8:00": "calendar.time.format", "": "calendar.time.format",
	} {
		got, err := calendar.ParseTimeOfDay(in)
		if rule(err) != want || err == nil && got.String() != in {
			t.Errorf("ParseTimeOfDay(%q) = %v, %q; want rule %q", in, got, rule(err), want)
		}
	}
	morning, evening := calendar.MustTimeOfDay(8, 5), calendar.MustTimeOfDay(19, 0)
	if !morning.Before(evening) || evening.Before(morning) || morning.Compare(evening) != -1 || !morning.Equal(morning) {
		t.Error("08:05 is not before 19:00")
	}
	if morning.VN() != "8h05" || evening.VN() != "19h00" {
		t.Errorf("VN: %s, %s", morning.VN(), evening.VN())
	}
	if _, err := calendar.NewTimeOfDay(-1, 0); rule(err) != "calendar.time.range" {
		t.Errorf("hour -1: %v", err)
	}
}

func TestAMonthKnowsItsDays(t *testing.T) {
	m, err := calendar.ParseMonth("2016-02")
	if err != nil {
		t.Fatal(err)
	}
	got := []string{m.String(), m.VN(), m.First().String(), m.Last().String(), m.Next().String(), m.Prev().String(), m.Add(11).String(), m.Add(-14).String()}
	want := []string{"2016-02", "tháng 02 năm 2016", "2016-02-01", "2016-02-29", "2016-03", "2016-01", "2017-01", "2014-12"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for date, want := range map[string]bool{"2016-01-31": false, "2016-02-01": true, "2016-02-29": true, "2016-03-01": false, "2017-02-01": false} {
		if got := m.Contains(d(t, date)); got != want {
			t.Errorf("%v contains %s: %v", m, date, got)
		}
	}
	if calendar.MonthOf(d(t, "2016-02-29")) != m || !m.Before(m.Next()) || m.Before(m) || m.Compare(m.Prev()) != 1 {
		t.Error("months do not compare")
	}
}

func TestAMonthThatDoesNotExistHasNoDays(t *testing.T) {
	for _, s := range []string{"2017-13", "2017-00", "0000-01", "2017-3", "03-2017", "2017/03", ""} {
		if m, err := calendar.ParseMonth(s); rule(err) != "calendar.month.format" || !m.IsZero() {
			t.Errorf("ParseMonth(%q) = %v, %v", s, m, err)
		}
	}
	for _, m := range []calendar.Month{{}, {Year: 2017, Month: 13}, {Year: 10000, Month: 1}} {
		if m.Valid() || !m.First().IsZero() || !m.Last().IsZero() || m.String() != "" || m.VN() != "" || !m.Next().IsZero() || m.Contains(calendar.Date{}) {
			t.Errorf("%#v behaves like a month", m)
		}
	}
	last := calendar.Month{Year: 9999, Month: 12}
	if !last.Next().IsZero() || !last.Add(math.MaxInt).IsZero() || last.Last() != d(t, "9999-12-31") {
		t.Error("the last month has a next one")
	}
}

func TestAPeriodHoldsBothItsEnds(t *testing.T) {
	march := calendar.Month{Year: 2017, Month: 3}.Period()
	open := calendar.Period{From: d(t, "2017-03-31")}
	reversed := calendar.Period{From: march.To, To: march.From}
	endless := calendar.Period{To: march.To}
	for _, tt := range []struct {
		p    calendar.Period
		date string
		want bool
	}{
		{march, "2017-02-28", false}, {march, "2017-03-01", true}, {march, "2017-03-31", true}, {march, "2017-04-01", false}, {march, "", false},
		{open, "2017-03-30", false}, {open, "2017-03-31", true}, {open, "9999-12-31", true}, {open, "", false},
		{reversed, "2017-03-15", false}, {endless, "2017-03-15", false}, {calendar.Period{}, "2017-03-15", false}, {calendar.Period{}, "", false},
	} {
		if got := tt.p.Contains(d(t, tt.date)); got != tt.want {
			t.Errorf("%v contains %q: %v", tt.p, tt.date, got)
		}
	}
	if march.Days() != 31 || open.Days() != 0 || reversed.Days() != 0 {
		t.Errorf("days: %d %d %d", march.Days(), open.Days(), reversed.Days())
	}
	if !march.Valid() || !open.Valid() || reversed.Valid() || endless.Valid() || !open.Open() || march.Open() {
		t.Error("validity")
	}
	if open.String() != "2017-03-31.." {
		t.Errorf("String = %s", open)
	}
	if got, ok := march.Intersect(open); !ok || got != (calendar.Period{From: march.To, To: march.To}) {
		t.Errorf("Intersect = %v, %v", got, ok)
	}
}

func TestPeriodsOverlapWhenTheyShareADay(t *testing.T) {
	draw := func(t *rapid.T, name string) calendar.Period {
		from := calendar.MustDate(2017, 1, 1).Add(rapid.IntRange(0, 30).Draw(t, name+" from"))
		length := rapid.IntRange(-2, 20).Draw(t, name+" length")
		if length == -2 {
			return calendar.Period{From: from}
		}
		return calendar.Period{From: from, To: from.Add(length)}
	}
	rapid.Check(t, func(t *rapid.T) {
		p, q := draw(t, "p"), draw(t, "q")
		both, ok := p.Intersect(q)
		shared := false
		for i := range 60 {
			day := calendar.MustDate(2017, 1, 1).Add(i)
			in := p.Contains(day) && q.Contains(day)
			shared = shared || in
			if both.Contains(day) != in {
				t.Fatalf("%v and %v meet in %v, wrong on %v", p, q, both, day)
			}
		}
		if p.Overlaps(q) != shared || q.Overlaps(p) != shared || ok != shared {
			t.Fatalf("%v overlaps %v: %v, want %v", p, q, p.Overlaps(q), shared)
		}
	})
}

// A14: an office may close its month before the end.
func TestTheMonthOfReportingFollowsTheClosingDay(t *testing.T) {
	march := calendar.Month{Year: 2017, Month: 3}
	for closeDay, want := range map[int]string{
		0:  "2017-03-01..2017-03-31",
		25: "2017-02-26..2017-03-25",
		15: "2017-02-16..2017-03-15",
		29: "2017-03-01..2017-03-29",
		31: "2017-03-01..2017-03-31",
	} {
		if got := calendar.MonthPeriod(march, closeDay).String(); got != want {
			t.Errorf("March closed on %d is %s, want %s", closeDay, got, want)
		}
	}
}

func TestMonthsOfReportingLeaveNoGap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		closeDay := rapid.IntRange(-1, 32).Draw(t, "closeDay")
		m := calendar.Month{Year: rapid.IntRange(1976, 2100).Draw(t, "year"), Month: time.Month(rapid.IntRange(1, 12).Draw(t, "month"))}
		p := calendar.MonthPeriod(m, closeDay)
		if next := calendar.MonthPeriod(m.Next(), closeDay); !p.Valid() || p.To.Add(1) != next.From {
			t.Fatalf("%v is followed by %v", p, next)
		}
		for _, day := range []calendar.Date{p.From, p.To} {
			if got := calendar.ReportMonth(day, closeDay); got != m {
				t.Fatalf("%v, closed on %d, counts to %v, want %v", day, closeDay, got, m)
			}
		}
	})
}

func TestDatesSort(t *testing.T) {
	dates := []calendar.Date{d(t, "2017-05-05"), {}, d(t, "2016-12-31"), d(t, "2017-01-01")}
	slices.SortFunc(dates, calendar.Date.Compare)
	want := []calendar.Date{{}, d(t, "2016-12-31"), d(t, "2017-01-01"), d(t, "2017-05-05")}
	if diff := cmp.Diff(want, dates); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2017-05-05", "2017-02-29", "05/5/2017", "0000-00-00", "９９９９-12-31", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if date, err := calendar.ParseDate(s); err == nil {
			if date.String() != s {
				t.Errorf("ParseDate(%q) = %q", s, date)
			}
		} else if !errors.Is(err, fault.ErrRule) || !date.IsZero() {
			t.Errorf("ParseDate(%q) = %v, %v", s, date, err)
		}
		if date, err := calendar.ParseDateVN(s); err == nil {
			if again, err := calendar.ParseDate(date.String()); err != nil || again != date {
				t.Errorf("ParseDateVN(%q) = %q", s, date)
			}
		} else if !errors.Is(err, fault.ErrRule) || !date.IsZero() {
			t.Errorf("ParseDateVN(%q) = %v, %v", s, date, err)
		}
	})
}
