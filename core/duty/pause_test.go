package duty_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/policy"
)

func TestAPauseMovesTheDueDateByItsWorkingDaysAndRemindsAnew(t *testing.T) {
	cal, pol := xuanLoc2017(t), policy.Default()
	s := open(t, unitTerm("2017-03-06", 10), cal, "2017-03-06 09:00") // due Mon 20/03, T-2 Thu 16/03
	for _, step := range duty.DueSteps(s, pol, cal, at("2017-03-16 09:00")) {
		s.Advance(step, pol, cal)
	}
	if err := s.Pause("needs_speaker", "VP-01", pol, cal, at("2017-03-16 10:00")); err != nil {
		t.Fatal(err)
	}
	if s.Status != duty.Paused || s.PausedUntil() != day("2017-03-30") || !s.WakeAt.Equal(at("2017-03-30 00:00")) {
		t.Errorf("%s until %v, wakes at %v", s.Status, s.PausedUntil(), s.WakeAt)
	}
	if s.IsLate(day("2017-03-25")) || duty.DueSteps(s, pol, cal, at("2017-03-25 09:00")) != nil {
		t.Error("while the clock stands still nothing is late and nothing is said")
	}
	if got := forecast(s, cal, "2017-04-03"); cmp.Diff([]string{"before 2017-03-30 08:00", "on_the_day 2017-04-03 08:00"}, got) != "" {
		t.Errorf("forecast of a pause that ends by itself: %v", got)
	}
	if err := s.Resume(pol, cal, at("2017-03-21 15:00")); err != nil {
		t.Fatal(err)
	}
	if s.Due != day("2017-03-23") || s.PausedDays() != 3 {
		t.Errorf("due %v after %d days of pause", s.Due, s.PausedDays())
	}
	want := []string{"on_the_day 2017-03-23 08:00", "e1 2017-03-24 08:00"}
	if diff := cmp.Diff(want, forecast(s, cal, "2017-03-24")); diff != "" {
		t.Error("T-2 of the new date, 21/03 08:00, has passed:", diff)
	}
}

func TestAPauseThatEndsOnADayOffEndsOnTheNextWorkingDay(t *testing.T) {
	cal, pol := xuanLoc2017(t), policy.Default()
	s := open(t, unitTerm("2017-03-06", 4), cal, "2017-03-06 09:00") // due Fri 10/03
	if err := s.Pause("needs_speaker", "VP-01", pol, cal, at("2017-03-10 10:00")); err != nil {
		t.Fatal(err)
	}
	for _, on := range []string{"2017-03-11", "2017-03-12", "2017-03-13"} {
		weekend := s
		if err := weekend.Resume(pol, cal, at(on+" 10:00")); err != nil || weekend.Due != day("2017-03-13") || weekend.PausedDays() != 1 {
			t.Errorf("resumed on %s: %v, due %v: paused on its last day, it must not be late at once", on, err, weekend.Due)
		}
	}
}

func TestAllPausesTogetherHaveALimitAtWhichTheClockGoesOn(t *testing.T) {
	cal, pol := xuanLoc2017(t), policy.Default()
	s := open(t, unitTerm("2017-03-06", 20), cal, "2017-03-06 09:00")
	due := s.Due
	if err := s.Pause("needs_speaker", "VP-01", pol, cal, at("2017-03-07 10:00")); err != nil {
		t.Fatal(err)
	}
	if err := s.Resume(pol, cal, at("2017-03-13 10:00")); err != nil { // 4 working days
		t.Fatal(err)
	}
	if err := s.Pause("needs_higher_level", "VP-01", pol, cal, at("2017-03-14 10:00")); err != nil {
		t.Fatal(err)
	}
	if s.PausedUntil() != day("2017-03-22") {
		t.Errorf("six days are left, until %v", s.PausedUntil())
	}
	if err := s.Resume(pol, cal, at("2017-05-30 10:00")); err != nil { // noticed very late
		t.Fatal(err)
	}
	if s.PausedDays() != 10 || s.Due != cal.Add(due, 10) {
		t.Errorf("%d days of pause, due %v", s.PausedDays(), s.Due)
	}
	s.Due = day("2017-12-29") // not late
	if diff := cmp.Diff([]string{"duty.pause.exhausted"}, rules(s.Pause("again", "VP-01", pol, cal, at("2017-05-30 10:00")))); diff != "" {
		t.Error(diff)
	}
}

func TestPauseResumeAndExtendRefuse(t *testing.T) {
	cal, pol := xuanLoc2017(t), policy.Default()
	running := open(t, unitTerm("2017-03-06", 10), cal, "2017-03-06 09:00") // due Mon 20/03
	paused, extended, closed := running, running, running
	if err := paused.Pause("needs_speaker", "VP-01", pol, cal, at("2017-03-07 10:00")); err != nil {
		t.Fatal(err)
	}
	if err := extended.Extend(10, "12/CV", "VP-01", pol, cal, at("2017-03-20 23:00")); err != nil || extended.Due != day("2017-04-03") {
		t.Fatalf("%v, due %v", err, extended.Due)
	}
	if err := closed.Close(duty.Met, day("2017-03-07")); err != nil {
		t.Fatal(err)
	}
	pause := func(s duty.State, reason, now string) error { return s.Pause(reason, "VP-01", pol, cal, at(now)) }
	extend := func(s duty.State, days int, reason, now string) error {
		return s.Extend(days, reason, "VP-01", pol, cal, at(now))
	}
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"a second pause", pause(paused, "x", "2017-03-08 10:00"), "duty.pause.not_running"},
		{"a pause of what is done", pause(closed, "x", "2017-03-08 10:00"), "duty.pause.not_running"},
		{"a pause without a reason", pause(running, " ", "2017-03-08 10:00"), "duty.pause.reason"},
		{"a pause of what is late", pause(running, "x", "2017-03-21 00:00"), "duty.pause.overdue"},
		{"going on without a pause", running.Resume(pol, cal, at("2017-03-08 10:00")), "duty.resume.not_paused"},
		{"an extension during a pause", extend(paused, 5, "x", "2017-03-08 10:00"), "duty.extend.not_running"},
		{"an extension without a reason", extend(running, 5, "", "2017-03-08 10:00"), "duty.extend.reason"},
		{"a second extension", extend(extended, 5, "x", "2017-03-08 10:00"), "duty.extend.too_often"},
		{"an extension of no days", extend(running, 0, "x", "2017-03-08 10:00"), "duty.extend.too_long"},
		{"an extension of eleven days", extend(running, 11, "x", "2017-03-08 10:00"), "duty.extend.too_long"},
		{"an extension of what is late", extend(running, 5, "x", "2017-03-21 00:00"), "duty.extend.overdue"},
	} {
		if diff := cmp.Diff([]string{tt.want}, rules(tt.err)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestACopyOfADutyDoesNotShareItsPauses(t *testing.T) {
	cal, pol := xuanLoc2017(t), policy.Default()
	s := open(t, unitTerm("2017-03-06", 10), cal, "2017-03-06 09:00")
	if err := s.Pause("needs_speaker", "VP-01", pol, cal, at("2017-03-07 10:00")); err != nil {
		t.Fatal(err)
	}
	before := s
	if err := s.Resume(pol, cal, at("2017-03-09 10:00")); err != nil {
		t.Fatal(err)
	}
	if !before.Pauses[0].To.IsZero() {
		t.Error("resuming one changed the other")
	}
}

func TestADutyMetDuringAPauseIsOnTime(t *testing.T) {
	cal, pol := xuanLoc2017(t), policy.Default()
	s := open(t, unitTerm("2017-03-06", 10), cal, "2017-03-06 09:00")
	if err := s.Pause("needs_speaker", "VP-01", pol, cal, at("2017-03-20 10:00")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(duty.Met, day("2017-03-22")); err != nil || s.Status != duty.Met || s.Pauses[0].To != day("2017-03-22") {
		t.Errorf("%v: %s, pause %v", err, s.Status, s.Pauses[0])
	}
}

func TestANewCalendarMovesTheEndOfAPauseAndForgivesClosuresInIt(t *testing.T) {
	cal, pol := xuanLoc2017(t), policy.Default()
	spec := cal.Spec()
	spec.Version = 2
	spec.Closures = append(spec.Closures, calendar.Closure{From: day("2017-03-15"), Name: "lũ", Kind: calendar.District})
	flood := build(t, spec)

	s := open(t, unitTerm("2017-03-06", 10), cal, "2017-03-06 09:00") // due Mon 20/03
	if err := s.Pause("needs_speaker", "VP-01", pol, cal, at("2017-03-13 10:00")); err != nil {
		t.Fatal(err)
	}
	lasting := s
	lasting.Recalendar(pol, flood, at("2017-03-16 10:00"))
	if lasting.PausedUntil() != day("2017-03-28") || !lasting.WakeAt.Equal(at("2017-03-28 00:00")) {
		t.Errorf("until %v, wakes at %v", lasting.PausedUntil(), lasting.WakeAt)
	}
	if err := s.Resume(pol, cal, at("2017-03-17 10:00")); err != nil { // 4 days, due 24/03
		t.Fatal(err)
	}
	if old := s.Recalendar(pol, flood, at("2017-03-17 11:00")); old != day("2017-03-24") || s.Due != old || s.PausedDays() != 3 {
		t.Errorf("moved from %v to %v: the flood fell into the pause", old, s.Due)
	}
}

func TestALevelThatWasSaidIsNotSaidAgainForADateThatIsStillPast(t *testing.T) {
	cal, pol := xuanLoc2017(t), policy.Default()
	s := open(t, unitTerm("2017-03-06", 5), cal, "2017-03-06 09:00") // due Mon 13/03, E1 Tue 14/03
	for _, step := range duty.DueSteps(s, pol, cal, at("2017-03-15 10:00")) {
		s.Advance(step, pol, cal)
	}
	spec := cal.Spec()
	spec.Version = 2
	spec.Closures = append(spec.Closures, calendar.Closure{From: day("2017-03-10"), Name: "lũ", Kind: calendar.District})
	flood := build(t, spec)

	onTime := s
	onTime.Recalendar(pol, flood, at("2017-03-14 07:00")) // due today, Tue 14/03
	if diff := cmp.Diff([]string{"on_the_day 2017-03-14 08:00", "e1 2017-03-15 08:00"}, forecast(onTime, flood, "2017-03-15")); diff != "" {
		t.Error("a new date that is ahead is reminded of and told anew:", diff)
	}
	late := s
	late.Recalendar(pol, flood, at("2017-03-15 11:00"))
	if diff := cmp.Diff([]string{"e2 2017-03-17 08:00"}, forecast(late, flood, "2017-03-17")); diff != "" {
		t.Error("E1 of the new date has passed as well, and was said:", diff)
	}
}

func TestExplanationTellsOfPausesAndExtensions(t *testing.T) {
	cal, pol := xuanLoc2017(t), policy.Default()
	s := open(t, unitTerm("2017-03-06", 5), cal, "2017-03-06 09:00")
	if err := s.Pause("needs_speaker", "VP-01", pol, cal, at("2017-03-08 10:00")); err != nil {
		t.Fatal(err)
	}
	standing := s.Explanation(cal).Text("vi")
	if !strings.Contains(standing, "Đang tạm dừng từ thứ Tư, 08/3/2017, tự tính tiếp từ thứ Tư, 22/3/2017, hạn sẽ dời theo. Lý do: needs_speaker.") {
		t.Error(standing)
	}
	if err := s.Resume(pol, cal, at("2017-03-10 10:00")); err != nil {
		t.Fatal(err)
	}
	if err := s.Extend(1, "12/CV-TNMT", "VP-01", pol, cal, at("2017-03-10 11:00")); err != nil {
		t.Fatal(err)
	}
	e := s.Explanation(cal)
	if e.Due != s.Due || e.Counted != 6 || e.Paused != 2 || e.Weekends != 2 {
		t.Errorf("due %v: counted %d, paused %d, weekends %d", e.Due, e.Counted, e.Paused, e.Weekends)
	}
	wantVi := `Hạn: thứ Năm, 16/3/2017. Thời hạn 6 ngày làm việc, không kể ngày bắt đầu là thứ Hai, 06/3/2017.
  thứ Ba, 07/3/2017: ngày thứ 1 (ngày làm việc)
  thứ Tư, 08/3/2017: ngày thứ 2 (ngày làm việc)
  thứ Năm, 09/3/2017: không tính (tạm dừng)
  thứ Sáu, 10/3/2017: không tính (tạm dừng)
  thứ Bảy, 11/3/2017: không tính (nghỉ cuối tuần)
  Chủ nhật, 12/3/2017: không tính (nghỉ cuối tuần)
  thứ Hai, 13/3/2017: ngày thứ 3 (ngày làm việc)
  thứ Ba, 14/3/2017: ngày thứ 4 (ngày làm việc)
  thứ Tư, 15/3/2017: ngày thứ 5 (ngày làm việc)
  thứ Năm, 16/3/2017: ngày thứ 6 (ngày làm việc)
Trong 10 ngày có 6 ngày được tính, 0 ngày nghỉ theo lịch, 2 ngày nghỉ cuối tuần, 2 ngày tạm dừng.
Tạm dừng từ thứ Tư, 08/3/2017 đến thứ Sáu, 10/3/2017: hạn dời thêm 2 ngày làm việc. Lý do: needs_speaker.
Gia hạn ngày thứ Sáu, 10/3/2017: thêm 1 ngày làm việc. Lý do: 12/CV-TNMT.
Lịch VN-XL-2017 phiên bản 1, quy định phiên bản 1.
`
	if diff := cmp.Diff(wantVi, e.Text("vi")); diff != "" {
		t.Error(diff)
	}
	if en := e.Text("en"); !strings.Contains(en, "Paused from Wednesday 8 March 2017 to Friday 10 March 2017: the due date moved by 2 working days.") ||
		!strings.Contains(en, "Thursday 9 March 2017: not counted (paused)") {
		t.Error(en)
	}
}

func TestExplanationOfAGivenDateSaysSo(t *testing.T) {
	cal := xuanLoc2017(t)
	s := open(t, visitTerm("2017-03-04", "19:00"), cal, "2017-02-20 09:00")
	want := "Due Saturday 4 March 2017. The date was given.\nCalendar VN-XL-2017 version 1, policy version 1.\n"
	if diff := cmp.Diff(want, s.Explanation(cal).Text("en")); diff != "" {
		t.Error(diff)
	}
}

func TestAClockOwedAnewRunsFromItsOwnDayWithItsPausesAndExtensions(t *testing.T) {
	cal, pol := xuanLoc2017(t), policy.Default()
	s := open(t, unitTerm("2017-03-13", 10), cal, "2017-03-13 09:00")
	if _, err := duty.Reopen("e", s, pol, cal, at("2017-03-20 09:00")); len(fault.Violations(err)) != 1 || fault.Violations(err)[0].Rule != "duty.reopen.not_cancelled" {
		t.Error(err)
	}
	for _, err := range []error{
		s.Extend(5, "x", "VP-01", pol, cal, at("2017-03-14 09:00")), s.Pause("x", "VP-01", pol, cal, at("2017-03-14 09:00")), s.Close(duty.Cancelled, day("2017-03-16")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	later := pol
	later.Version, later.Issues.UnitDays.Normal = "2", 1
	e, err := duty.Reopen("e", s, later, cal, at("2017-03-22 09:00"))
	if err != nil || e.ID != "e" || e.Due != day("2017-04-05") || e.Policy != pol.Version || e.PausedDays() != 2 || len(e.Extensions) != 1 || e.Status != duty.Running || e.WakeAt.IsZero() {
		t.Errorf("%+v, %v", e, err)
	}
	if s.Status != duty.Cancelled || s.Closed != day("2017-03-16") {
		t.Errorf("the old one stays as it was: %+v", s)
	}
}
