package duty_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

func TestTheDocumentationShowsTheTableOfCourses(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	table := "//\t" + strings.ReplaceAll(strings.TrimSuffix(duty.Courses(), "\n"), "\n", "\n//\t") + "\n"
	if !strings.Contains(string(doc), table) {
		t.Errorf("doc.go has to contain\n%s", table)
	}
}

func TestEX06_UnitDeadlineThroughTetFullLadder(t *testing.T) {
	cal, pol := xuanLoc2017(t), policy.Default()
	s := open(t, unitTerm("2017-01-20", 10), cal, "2017-01-20 09:00")
	if s.Due != day("2017-02-10") {
		t.Fatalf("due %v", s.Due)
	}
	want := []string{
		"before 2017-02-08 08:00", "on_the_day 2017-02-10 08:00", "e1 2017-02-13 08:00",
		"e2 2017-02-15 08:00", "e3 2017-02-17 08:00", "e4 2017-02-24 08:00",
	}
	if diff := cmp.Diff(want, forecast(s, cal, "2017-02-28")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"e4 2017-03-03 08:00", "e4 2017-03-10 08:00"}, forecast(s, cal, "2017-03-10")[6:]); diff != "" {
		t.Error("the chair's digest comes round every five working days:", diff)
	}

	e := s.Explanation(cal)
	if len(e.Days) != 21 || e.Counted != 10 || e.Closures != 7 || e.Weekends != 4 || e.Paused != 0 || e.Due != s.Due {
		t.Errorf("days %d, counted %d, closures %d, weekends %d", len(e.Days), e.Counted, e.Closures, e.Weekends)
	}

	for _, step := range duty.DueSteps(s, pol, cal, at("2017-02-16 14:00")) {
		s.Advance(step, pol, cal)
	}
	if err := s.Close(duty.Met, day("2017-02-16")); err != nil {
		t.Fatal(err)
	}
	if s.Status != duty.MetLate || s.Late(day("2017-03-01"), cal) != 4 || !s.WakeAt.IsZero() {
		t.Errorf("%s, %d days late, wakes %v", s.Status, s.Late(day("2017-03-01"), cal), s.WakeAt)
	}
	if left := duty.Forecast(s, pol, cal, day("2017-12-31")); left != nil {
		t.Errorf("still to be said: %v", said(left))
	}
}

// swapped2019 is the calendar of EX-08: with or without the working Saturday.
func swapped2019(t *testing.T, version int, saturday bool) *calendar.Calendar {
	spec := calendar.Spec{
		ID: "VN-XL-2019", Version: version, Coverage: calendar.Period{From: day("2019-01-01"), To: day("2019-12-31")},
		Closures: []calendar.Closure{
			{From: day("2019-04-29"), Name: "nghỉ hoán đổi", Kind: calendar.Swap},
			{From: day("2019-04-30"), To: day("2019-05-01"), Name: "30/4 và 1/5", Kind: calendar.Holiday},
		},
	}
	if saturday {
		spec.WorkingDays = []calendar.WorkingDay{{Date: day("2019-05-04"), Name: "làm bù"}}
	}
	return build(t, spec)
}

func TestEX08_SwappedWorkingSaturday(t *testing.T) {
	v1, v2, pol := swapped2019(t, 1, true), swapped2019(t, 2, false), policy.Default()
	five := open(t, unitTerm("2019-04-26", 5), v1, "2019-04-26 09:00")
	ten := open(t, unitTerm("2019-04-26", 10), v1, "2019-04-26 09:00")
	if five.Due != day("2019-05-07") || ten.Due != day("2019-05-14") || five.Calendar != "VN-XL-2019/1" {
		t.Fatalf("due %v and %v by %s", five.Due, ten.Due, five.Calendar)
	}
	friday := unitTerm("2019-04-26", 0)
	friday.Due = day("2019-05-03")
	if got := forecast(open(t, friday, v1, "2019-04-26 09:00"), v1, "2019-05-04"); got[len(got)-1] != "e1 2019-05-04 08:00" {
		t.Errorf("E1 on the working Saturday: %v", got)
	}

	if old := five.Recalendar(pol, v2, at("2019-05-02 10:00")); old != day("2019-05-07") || five.Due != day("2019-05-08") || five.Calendar != "VN-XL-2019/2" {
		t.Errorf("moved from %v to %v by %s", old, five.Due, five.Calendar)
	}
	want := []string{"before 2019-05-06 08:00", "on_the_day 2019-05-08 08:00", "e1 2019-05-09 08:00"}
	if diff := cmp.Diff(want, forecast(five, v2, "2019-05-09")); diff != "" {
		t.Error(diff)
	}
	if !five.WakeAt.Equal(at("2019-05-06 08:00")) {
		t.Errorf("wakes at %v", five.WakeAt)
	}
}

func visitTerm(date, hour string) duty.Term {
	return duty.Term{
		Kind: duty.Visit, Subject: event.Subject{Type: "visit", ID: "V-1"}, Place: "AP-01",
		Holder: org.Party{Role: org.Official, Person: "CC-017", Team: "T3"}, Due: day(date), At: clock(hour),
	}
}

func TestAVisitIsRemindedOfDaysAndHoursBefore(t *testing.T) {
	cal := xuanLoc2017(t)
	tests := []struct {
		name, date, hour, opened string
		want                     []string
	}{
		{"on Thursday morning and three hours before the Saturday evening (EX-04)", "2017-03-04", "19:00", "2017-02-20 09:00",
			[]string{"before 2017-03-02 08:00", "on_the_day 2017-03-04 16:00"}},
		{"on a Sunday too (EX-11)", "2017-06-13", "19:00", "2017-06-01 09:00",
			[]string{"before 2017-06-11 08:00", "on_the_day 2017-06-13 16:00"}},
		{"not before 06:30", "2017-03-04", "08:00", "2017-02-20 09:00",
			[]string{"before 2017-03-02 08:00", "on_the_day 2017-03-04 06:30"}},
		{"not when it has begun", "2017-03-04", "06:30", "2017-02-20 09:00",
			[]string{"before 2017-03-02 08:00"}},
		{"not of what has passed when it is planned late", "2017-03-04", "19:00", "2017-03-02 08:00",
			[]string{"on_the_day 2017-03-04 16:00"}},
		{"not at all when it is planned two hours before", "2017-03-04", "19:00", "2017-03-04 17:00", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, visitTerm(tt.date, tt.hour), cal, tt.opened)
			if diff := cmp.Diff(tt.want, forecast(s, cal, "2017-12-31")); diff != "" {
				t.Error(diff)
			}
			if (len(tt.want) == 0) != s.WakeAt.IsZero() {
				t.Errorf("wakes at %v", s.WakeAt)
			}
		})
	}
}

func TestEX16_ReportClock(t *testing.T) {
	cal := xuanLoc2017(t)
	s := open(t, duty.Term{
		Kind: duty.Report, Subject: event.Subject{Type: "visit", ID: "V-1"}, Place: "AP-01",
		Holder: org.Party{Role: org.Official, Person: "CC-017", Team: "T3"}, Start: day("2017-03-08"), Days: 2,
	}, cal, "2017-03-01 09:00")
	want := []string{
		"on_the_day 2017-03-10 08:00", "elapsed 2017-03-11 00:00", "e1 2017-03-13 08:00", "e2 2017-03-15 08:00", "e3 2017-03-17 08:00",
	}
	if diff := cmp.Diff(want, forecast(s, cal, "2017-12-31")); diff != "" {
		t.Error(diff)
	}
	if err := s.Close(duty.Met, day("2017-03-15")); err != nil || s.Status != duty.MetLate || s.Late(day("2017-03-15"), cal) != 3 {
		t.Errorf("%v: %s, %d days late", err, s.Status, s.Late(day("2017-03-15"), cal))
	}
}

func TestEX24_FeedbackIsLateFromTheDayAfterAndToldOnTheNextWorkingDay(t *testing.T) {
	cal := xuanLoc2017(t)
	s := open(t, duty.Term{
		Kind: duty.Feedback, Subject: event.Subject{Type: "issue", ID: "I-1"}, Label: "XL-17-0001",
		Holder: org.Party{Role: org.Official, Person: "CC-017", Team: "T3"}, Start: day("2017-03-31"), Days: 3,
	}, cal, "2017-03-31 15:00")
	if s.Due != day("2017-04-05") || s.IsLate(day("2017-04-05")) || !s.IsLate(day("2017-04-06")) {
		t.Errorf("due %v", s.Due)
	}
	if diff := cmp.Diff([]string{"on_the_day 2017-04-05 08:00", "e1 2017-04-07 08:00"}, forecast(s, cal, "2017-12-31")); diff != "" {
		t.Error(diff)
	}
}

func TestTheFirstReminderIsForLongTermsOnly(t *testing.T) {
	cal := xuanLoc2017(t)
	for days, want := range map[int]string{4: "on_the_day", 5: "before"} {
		s := open(t, unitTerm("2017-03-06", days), cal, "2017-03-06 09:00")
		if got := forecast(s, cal, "2017-03-31")[0]; !strings.HasPrefix(got, want) {
			t.Errorf("%d days: first %s", days, got)
		}
	}
}

func TestAMonthPlanIsRemindedOfFiveDaysBefore(t *testing.T) {
	cal := xuanLoc2017(t)
	s := open(t, duty.Term{
		Kind: duty.MonthPlan, Subject: event.Subject{Type: "month_plan", ID: "CC-017/2017-03"},
		Holder: org.Party{Role: org.Official, Person: "CC-017", Team: "T3"}, Due: day("2017-02-24"),
	}, cal, "2017-02-01 00:00")
	want := []string{"before 2017-02-17 08:00", "on_the_day 2017-02-24 08:00", "e1 2017-02-27 08:00"}
	if diff := cmp.Diff(want, forecast(s, cal, "2017-12-31")); diff != "" {
		t.Error(diff)
	}
}

func TestRemindersGoStaleAndTheLadderNever(t *testing.T) {
	cal, pol := xuanLoc2017(t), policy.Default()
	expires := make(map[duty.Level]string)
	for _, step := range duty.Forecast(open(t, unitTerm("2017-01-20", 10), cal, "2017-01-20 09:00"), pol, cal, day("2017-03-31")) {
		if !step.Expires.IsZero() {
			expires[step.Level] = step.Expires.In(calendar.Zone()).Format("2006-01-02 15:04")
		}
	}
	want := map[duty.Level]string{duty.Before: "2017-02-10 08:00", duty.OnTheDay: "2017-02-11 00:00"}
	if diff := cmp.Diff(want, expires); diff != "" {
		t.Error(diff)
	}
	steps := duty.Forecast(open(t, visitTerm("2017-03-04", "19:00"), cal, "2017-02-20 09:00"), pol, cal, day("2017-03-31"))
	if !steps[0].Expires.Equal(at("2017-03-04 16:00")) || !steps[1].Expires.Equal(at("2017-03-04 19:00")) {
		t.Errorf("expire %v and %v", steps[0].Expires, steps[1].Expires)
	}
	if steps[1].Stale(at("2017-03-04 18:59")) || !steps[1].Stale(at("2017-03-04 19:00")) {
		t.Error("a visit's reminder is of no use from the hour of the visit on")
	}
}

func TestARaisedLadderStartsHigherAtTheSameHours(t *testing.T) {
	cal := xuanLoc2017(t)
	term := unitTerm("2017-01-20", 10)
	term.Raise = 1
	want := []string{"e2 2017-02-13 08:00", "e3 2017-02-15 08:00", "e4 2017-02-17 08:00", "e4 2017-02-24 08:00"}
	if diff := cmp.Diff(want, forecast(open(t, term, cal, "2017-01-20 09:00"), cal, "2017-02-28")[2:]); diff != "" {
		t.Error(diff)
	}
	feedback := term
	feedback.Kind, feedback.Raise = duty.Feedback, 9
	got := forecast(open(t, feedback, cal, "2017-01-20 09:00"), cal, "2017-12-31")
	if diff := cmp.Diff([]string{"before 2017-02-08 08:00", "on_the_day 2017-02-10 08:00", "e1 2017-02-13 08:00"}, got); diff != "" {
		t.Error("no kind goes above its own top:", diff)
	}
}

func TestADutyOpenedAfterItWasDueIsLateButStartsItsLadderThen(t *testing.T) {
	cal := xuanLoc2017(t)
	s := open(t, unitTerm("2017-03-01", 3), cal, "2017-03-20 10:00") // due 06/03
	want := []string{"e1 2017-03-21 08:00", "e2 2017-03-23 08:00", "e3 2017-03-27 08:00"}
	if diff := cmp.Diff(want, forecast(s, cal, "2017-03-31")); diff != "" {
		t.Error(diff)
	}
	if !s.IsLate(day("2017-03-20")) || s.Late(day("2017-03-20"), cal) != 10 {
		t.Errorf("late by %d", s.Late(day("2017-03-20"), cal))
	}
	confirm := unitTerm("2017-03-01", 3)
	confirm.Kind = duty.Confirm
	if late := open(t, confirm, cal, "2017-03-20 10:00"); !late.WakeAt.Equal(at("2017-03-07 00:00")) {
		t.Errorf("a window that closed before is closed at once: wakes at %v", late.WakeAt)
	}
}

func TestAfterAnOutageTheChairReadsOfADutyOnce(t *testing.T) {
	cal, pol := xuanLoc2017(t), policy.Default()
	s := open(t, unitTerm("2017-01-20", 10), cal, "2017-01-20 09:00")
	due := duty.DueSteps(s, pol, cal, at("2017-03-20 10:00"))
	want := []string{
		"before 2017-02-08 08:00", "on_the_day 2017-02-10 08:00", "e1 2017-02-13 08:00",
		"e2 2017-02-15 08:00", "e3 2017-02-17 08:00", "e4 2017-03-17 08:00",
	}
	if diff := cmp.Diff(want, said(due)); diff != "" {
		t.Error(diff)
	}
	for _, step := range due {
		s.Advance(step, pol, cal)
	}
	if !s.WakeAt.Equal(at("2017-03-24 08:00")) {
		t.Errorf("wakes at %v", s.WakeAt)
	}
}

func TestOpenRefuses(t *testing.T) {
	cal, pol := xuanLoc2017(t), policy.Default()
	tests := []struct {
		name  string
		spoil func(*duty.Term)
		want  []string
	}{
		{"a kind there is not", func(t *duty.Term) { t.Kind = "nap" }, []string{"duty.open.kind"}},
		{"a duty about nothing", func(t *duty.Term) { t.Subject = event.Subject{Type: "issue"} }, []string{"duty.open.subject"}},
		{"a reminder to nobody", func(t *duty.Term) { t.Holder = org.Party{} }, []string{"duty.open.holder"}},
		{"a term without a start", func(t *duty.Term) { t.Start = calendar.Date{} }, []string{"duty.open.start"}},
		{"no term", func(t *duty.Term) { t.Days = 0 }, []string{"duty.open.term"}},
		{"a negative term", func(t *duty.Term) { t.Days = -1 }, []string{"duty.open.term"}},
		{"two due dates", func(t *duty.Term) { t.Due = day("2017-03-01") }, []string{"duty.open.term"}},
		{"a term beyond all years", func(t *duty.Term) { t.Days = 1 << 40 }, []string{"duty.open.term"}},
		{"a lower ladder", func(t *duty.Term) { t.Raise = -1 }, []string{"duty.open.raise"}},
		{"everything at once", func(t *duty.Term) { *t = duty.Term{} },
			[]string{"duty.open.kind", "duty.open.subject", "duty.open.start", "duty.open.term"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			term := unitTerm("2017-01-20", 10)
			tt.spoil(&term)
			_, err := duty.Open("D-1", term, pol, cal, at("2017-01-20 09:00"))
			if diff := cmp.Diff(tt.want, rules(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := duty.Open("", unitTerm("2017-01-20", 10), pol, cal, at("2017-01-20 09:00")); cmp.Diff([]string{"duty.open.id"}, rules(err)) != "" {
		t.Errorf("a duty without an id: %v", err)
	}
	window := unitTerm("2017-01-20", 10)
	window.Kind, window.Holder = duty.Satisfaction, org.Party{}
	if _, err := duty.Open("D-1", window, pol, cal, at("2017-01-20 09:00")); err != nil {
		t.Errorf("a window of which nobody is reminded needs no holder: %v", err)
	}
}

func TestADueDateThatIsADayOffMovesToTheNextWorkingDay(t *testing.T) {
	cal := xuanLoc2017(t)
	term := unitTerm("2017-04-20", 0)
	term.Start, term.Due = calendar.Date{}, day("2017-04-30")
	s := open(t, term, cal, "2017-04-20 09:00")
	if s.Due != day("2017-05-03") || s.Start != day("2017-04-20") {
		t.Errorf("starts %v, due %v", s.Start, s.Due)
	}
	if v := open(t, visitTerm("2017-03-04", "19:00"), cal, "2017-02-20 09:00"); v.Due != day("2017-03-04") {
		t.Errorf("but a visit stays on its Saturday: %v", v.Due)
	}
}

func TestADueDateBeyondTheCalendarIsProvisionalUntilItIsCountedAgain(t *testing.T) {
	cal, pol := xuanLoc2017(t), policy.Default()
	s := open(t, unitTerm("2017-12-22", 10), cal, "2017-12-22 09:00")
	if !s.Provisional || s.Due != day("2018-01-05") {
		t.Fatalf("due %v, provisional %v", s.Due, s.Provisional)
	}
	spec := cal.Spec()
	spec.Version, spec.Coverage.To = 2, day("2018-12-31")
	spec.Closures = append(spec.Closures, calendar.Closure{From: day("2018-01-01"), Name: "Tết Dương lịch", Kind: calendar.Holiday})
	old := s.Recalendar(pol, build(t, spec), at("2017-12-26 09:00"))
	if old != day("2018-01-05") || s.Due != day("2018-01-08") || s.Provisional {
		t.Errorf("moved from %v to %v, provisional %v", old, s.Due, s.Provisional)
	}
}

func TestADutyIsLateFromTheDayAfterItsDueDateOnly(t *testing.T) {
	cal := xuanLoc2017(t)
	open := open(t, unitTerm("2017-03-06", 5), cal, "2017-03-06 09:00") // due Mon 13/03
	for _, tt := range []struct {
		on   string
		late bool
		days int
	}{{"2017-03-01", false, 0}, {"2017-03-13", false, 0}, {"2017-03-14", true, 1}, {"2017-03-17", true, 4}, {"2017-03-18", true, 4}, {"2017-03-20", true, 5}} {
		if open.IsLate(day(tt.on)) != tt.late || open.Late(day(tt.on), cal) != tt.days {
			t.Errorf("on %s: %v, %d days", tt.on, open.IsLate(day(tt.on)), open.Late(day(tt.on), cal))
		}
		closed := open
		if err := closed.Close(duty.Met, day(tt.on)); err != nil {
			t.Fatal(err)
		}
		if closed.IsLate(day("2017-12-31")) != tt.late || closed.Late(day("2017-12-31"), cal) != tt.days || (closed.Status == duty.MetLate) != tt.late {
			t.Errorf("met on %s: %s, %d days", tt.on, closed.Status, closed.Late(day("2017-12-31"), cal))
		}
	}
	for _, to := range []duty.Status{duty.Cancelled, duty.Superseded} {
		gone := open
		if err := gone.Close(to, day("2017-03-20")); err != nil || gone.IsLate(day("2017-03-20")) {
			t.Errorf("%s: %v, late %v: what is no longer owed is not late", to, err, gone.IsLate(day("2017-03-20")))
		}
	}
}

func TestADutyEndsOnceOnADayAsSomething(t *testing.T) {
	cal := xuanLoc2017(t)
	s := open(t, unitTerm("2017-03-06", 5), cal, "2017-03-06 09:00")
	for _, tt := range []struct {
		to   duty.Status
		on   calendar.Date
		want string
	}{{duty.MetLate, day("2017-03-07"), "duty.close.status"}, {duty.Running, day("2017-03-07"), "duty.close.status"}, {duty.Met, calendar.Date{}, "duty.close.date"}} {
		if diff := cmp.Diff([]string{tt.want}, rules(s.Close(tt.to, tt.on))); diff != "" {
			t.Error(diff)
		}
	}
	if err := s.Close(duty.Met, day("2017-03-07")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"duty.close.closed"}, rules(s.Close(duty.Cancelled, day("2017-03-08")))); diff != "" {
		t.Error(diff)
	}
	if s.Closed != day("2017-03-07") || s.IsOpen() {
		t.Errorf("closed %v", s.Closed)
	}
}
