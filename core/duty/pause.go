package duty

import (
	"slices"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// Pause stops the clock from the day of now on, for the days that are left of
// policy Issues.PauseDays over all pauses; then it goes on by itself. The rules
// are "duty.pause.not_running", ".reason", ".overdue" (a late duty cannot be
// hidden in a pause) and ".exhausted".
func (s *State) Pause(reason string, by org.PersonID, pol policy.Policy, cal *calendar.Calendar, now time.Time) error {
	on, left := calendar.DateOf(now), pol.Issues.PauseDays-s.PausedDays()
	switch {
	case s.Status != Running:
		return fault.Broken("duty.pause.not_running", "status",
			"Only a running duty can be paused; this one is %s.", "Chỉ tạm dừng được việc đang tính hạn; việc này đang ở trạng thái %s.", s.Status)
	case strings.TrimSpace(reason) == "":
		return fault.Broken("duty.pause.reason", "reason", "A pause needs a reason.", "Tạm dừng phải có lý do.")
	case s.IsLate(on):
		return fault.Broken("duty.pause.overdue", "on",
			"The duty was due on %s; a pause is asked for before that.", "Việc đã đến hạn ngày %s; phải xin tạm dừng trước hạn.", s.Due.VN())
	case left <= 0:
		return fault.Broken("duty.pause.exhausted", "days",
			"All %d working days of pause are used up.", "Đã dùng hết %d ngày làm việc được tạm dừng.", pol.Issues.PauseDays)
	}
	s.Pauses = append(slices.Clip(s.Pauses), Interval{From: on, Reason: reason, By: by})
	s.Status = Paused
	s.limit(pol, cal)
	return nil
}

// Resume lets the clock go on. The due date moves by exactly the working days of
// the pause: those after the day it began, up to the day it ended; one that ends
// on a day off ends on the next working day, as every term does (A9). It never
// takes more days than were left for it, however late the resumption is noticed.
// The rule is "duty.resume.not_paused".
func (s *State) Resume(pol policy.Policy, cal *calendar.Calendar, now time.Time) error {
	p := s.pausing()
	if p == nil {
		return fault.Broken("duty.resume.not_paused", "status",
			"Only a paused duty can go on; this one is %s.", "Chỉ tiếp tục được việc đang tạm dừng; việc này đang ở trạng thái %s.", s.Status)
	}
	s.Pauses = slices.Clone(s.Pauses)
	p = s.pausing()
	if p.To = calendar.DateOf(now); p.To.After(p.Until) {
		p.To = p.Until
	}
	s.Status = Running
	s.recount(pol, cal, now)
	return nil
}

// Extend moves the due date by so many working days. It may be done
// Issues.MaxExtensions times, by Issues.ExtensionDays at most, and only before
// the duty is late. The rules are "duty.extend.not_running", ".reason",
// ".too_often", ".too_long" and ".overdue".
func (s *State) Extend(days int, reason string, by org.PersonID, pol policy.Policy, cal *calendar.Calendar, now time.Time) error {
	return s.ExtendAsked(days, reason, calendar.DateOf(now), by, pol, cal, now)
}

// ExtendAsked is Extend for what was asked for on a day before, perhaps: asked
// before the duty was late, it may be granted after that (model 4). The rules are
// those of Extend.
func (s *State) ExtendAsked(days int, reason string, asked calendar.Date, by org.PersonID, pol policy.Policy, cal *calendar.Calendar, now time.Time) error {
	on := calendar.DateOf(now)
	switch {
	case s.Status != Running:
		return fault.Broken("duty.extend.not_running", "status",
			"Only a running duty can be extended; this one is %s.", "Chỉ gia hạn được việc đang tính hạn; việc này đang ở trạng thái %s.", s.Status)
	case strings.TrimSpace(reason) == "":
		return fault.Broken("duty.extend.reason", "reason", "An extension needs a reason.", "Gia hạn phải có lý do.")
	case len(s.Extensions) >= pol.Issues.MaxExtensions:
		return fault.Broken("duty.extend.too_often", "days",
			"A term is extended %d time(s) at most.", "Mỗi thời hạn chỉ được gia hạn tối đa %d lần.", pol.Issues.MaxExtensions)
	case days < 1 || days > pol.Issues.ExtensionDays:
		return fault.Broken("duty.extend.too_long", "days",
			"An extension is 1 to %d working days, not %d.", "Gia hạn từ 1 đến %d ngày làm việc, không phải %d ngày.", pol.Issues.ExtensionDays, days)
	case s.IsLate(asked):
		return fault.Broken("duty.extend.overdue", "on",
			"The duty was due on %s; an extension is asked for before that.", "Việc đã đến hạn ngày %s; phải xin gia hạn trước hạn.", s.Due.VN())
	}
	s.Extensions = append(slices.Clip(s.Extensions), Interval{From: on, To: on, Days: days, Reason: reason, By: by})
	s.recount(pol, cal, now)
	return nil
}

// Recalendar counts an open duty again after the calendar, or the numbers of
// the ladder, were changed, and returns the due date before; it equals Due when
// that did not move. The term itself, and the policy version that set it, stay:
// a change never rewrites the past. A closed duty is left alone.
func (s *State) Recalendar(pol policy.Policy, cal *calendar.Calendar, now time.Time) (old calendar.Date) {
	old = s.Due
	if !s.IsOpen() {
		return old
	}
	s.Pauses = slices.Clone(s.Pauses)
	s.recount(pol, cal, now)
	s.limit(pol, cal)
	return old
}

// limit sets the day on which the pause that lasts ends by itself.
func (s *State) limit(pol policy.Policy, cal *calendar.Calendar) {
	p := s.pausing()
	if p == nil {
		return
	}
	left := max(0, pol.Issues.PauseDays-s.PausedDays())
	p.Until = cal.Add(s.standsFrom(len(s.Pauses)-1, cal), left)
	s.wake(pol, cal)
}

// standsFrom is the day after which the clock stands still in the i-th pause.
// Where that began before the one before it had ended, on the same weekend, no
// day counts twice.
func (s State) standsFrom(i int, cal *calendar.Calendar) calendar.Date {
	from := s.Pauses[i].From
	if i > 0 && s.Pauses[i-1].end(cal).After(from) {
		return s.Pauses[i-1].end(cal)
	}
	return from
}

// end is the last day of a pause on which the clock stood still.
func (i Interval) end(cal *calendar.Calendar) calendar.Date { return cal.NextWorkingDay(i.To) }

// PausedDays returns the working days that ended pauses took.
func (s State) PausedDays() int {
	days := 0
	for _, p := range s.Pauses {
		if !p.To.IsZero() {
			days += p.Days
		}
	}
	return days
}

// PausedUntil returns the day on which the pause ends by itself, no date when
// the duty is not paused.
func (s State) PausedUntil() calendar.Date {
	if p := s.pausing(); p != nil {
		return p.Until
	}
	return calendar.Date{}
}

// pausing returns the pause that lasts, nil when there is none.
func (s *State) pausing() *Interval {
	if n := len(s.Pauses); n > 0 && s.Status == Paused && s.Pauses[n-1].To.IsZero() {
		return &s.Pauses[n-1]
	}
	return nil
}

func (s State) clone() State {
	s.Pauses, s.Extensions = slices.Clone(s.Pauses), slices.Clone(s.Extensions)
	return s
}
