package duty

import (
	"fmt"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// Term is a duty about to begin. Give Days, counted from Start, or Due.
type Term struct {
	Kind    Kind
	Subject event.Subject
	Place   org.PlaceID
	Holder  org.Party
	Label   string
	Start   calendar.Date      // day 0; with Due it may be left out and is the day of opening
	Days    int                // working days
	Due     calendar.Date      // instead of Days, where the date is given by itself; a day off moves to the next working day (A9), except for a visit
	At      calendar.TimeOfDay // kind visit: the hour of the visit
	Raise   int                // steps the ladder starts higher (A5)
}

// Open starts a duty under the given policy and calendar, whose versions it
// remembers. A due date beyond the calendar's coverage is provisional. now is
// the instant of opening.
//
// Reminders whose moment passed before now are not given. A duty opened after
// it was due starts its ladder on the day of opening: nobody is reported one
// level up before having had the days that the ladder gives. It is late all the
// same.
//
// The faults of the term come all at once, as rules "duty.open.…".
func Open(id ID, t Term, pol policy.Policy, cal *calendar.Calendar, now time.Time) (State, error) {
	if t.Start.IsZero() && !t.Due.IsZero() {
		t.Start = calendar.DateOf(now)
	}
	if err := t.check(id); err != nil {
		return State{}, err
	}
	s := State{
		ID: id, Kind: t.Kind, Subject: t.Subject, Place: t.Place, Holder: t.Holder, Label: t.Label,
		Start: t.Start, Days: t.Days, Given: t.Due, At: t.At, Raise: t.Raise,
		Policy: pol.Version, Status: Running, Opened: now.UTC(),
	}
	s.count(cal)
	if s.Due.IsZero() {
		return State{}, fault.Broken("duty.open.term", "days",
			"A term of %d working days ends after the last year there is.",
			"Thời hạn %d ngày làm việc vượt quá năm cuối cùng của lịch.", t.Days)
	}
	s.align(0, pol, cal, now)
	return s, nil
}

// Reopen starts a cancelled duty anew, under a new id: the matter that it was
// about is owed again. It runs from its own day, with its own term, pauses and
// extensions, and the policy version that set it; the calendar is today's. now is
// the instant of reopening: reminders and levels whose moment passed before are
// treated as [Open] does. The rule is "duty.reopen.not_cancelled".
func Reopen(id ID, old State, pol policy.Policy, cal *calendar.Calendar, now time.Time) (State, error) {
	if old.Status != Cancelled {
		return State{}, fault.Broken("duty.reopen.not_cancelled", "status",
			"Only a cancelled duty is owed anew; this one is %s.", "Chỉ mở lại được việc đã hủy; việc này đang ở trạng thái %s.", old.Status)
	}
	s := old.clone()
	s.ID, s.Version, s.Status, s.Closed, s.Opened = id, 0, Running, calendar.Date{}, now.UTC()
	s.count(cal)
	s.align(0, pol, cal, now)
	return s, nil
}

func (t Term) check(id ID) error {
	var faults fault.List
	broken := func(rule, field, en, vi string, args ...any) {
		faults.Add(fault.Broken("duty.open."+rule, field, en, vi, args...))
	}
	course, known := courseOf(t.Kind)
	if id == "" {
		broken("id", "id", "A duty needs an id.", "Việc phải làm phải có mã.")
	}
	if !known {
		broken("kind", "kind", "%q is no kind of duty.", "%q không phải là một loại việc phải làm.", t.Kind)
	}
	if t.Subject.Type == "" || t.Subject.ID == "" {
		broken("subject", "subject", "A duty names what it is about.", "Việc phải làm phải ghi rõ về việc gì.")
	}
	if known && course.speaks() && t.Holder.Key() == "" {
		broken("holder", "holder", "A duty that is reminded of names who owes it.", "Việc có nhắc hạn phải ghi rõ ai phải làm.")
	}
	if t.Start.IsZero() {
		broken("start", "start", "A term of working days needs the day it starts from.", "Thời hạn tính theo ngày làm việc phải có ngày bắt đầu.")
	}
	if t.Days < 0 || (t.Days > 0) != t.Due.IsZero() {
		broken("term", "days", "Give either the working days of the term, at least 1, or its due date.", "Phải ghi số ngày làm việc (từ 1 trở lên) hoặc ghi ngày đến hạn, chỉ một trong hai.")
	}
	if t.Raise < 0 {
		broken("raise", "raise", "The ladder can start higher, not lower: %d steps.", "Bậc nhắc chỉ có thể bắt đầu cao hơn, không thể thấp hơn: %d bậc.", t.Raise)
	}
	return faults.Err()
}

// Close ends an open duty on the given day. To Met it becomes met, or met_late
// when that day is after the due date and the clock was not standing still; to
// Cancelled or Superseded it is no longer owed. The rules are
// "duty.close.closed", "duty.close.status" and "duty.close.date".
func (s *State) Close(to Status, on calendar.Date) error {
	switch {
	case !s.IsOpen():
		return fault.Broken("duty.close.closed", "status",
			"The duty is %s already; a duty ends once.", "Việc này đã kết thúc (%s); mỗi việc chỉ kết thúc một lần.", s.Status)
	case to != Met && to != Cancelled && to != Superseded:
		return fault.Broken("duty.close.status", "status",
			"A duty ends as met, cancelled or superseded, not as %q.", "Việc kết thúc là đã làm, không còn phải làm hoặc được thay thế, không phải %q.", to)
	case on.IsZero():
		return fault.Broken("duty.close.date", "on", "A duty ends on a day.", "Phải ghi ngày kết thúc việc.")
	}
	if to == Met && s.IsLate(on) {
		to = MetLate
	}
	if p := s.pausing(); p != nil {
		p.To = on
	}
	s.Status, s.Closed, s.WakeAt = to, on, time.Time{}
	return nil
}

// IsOpen reports whether the duty is still owed: running or paused.
func (s State) IsOpen() bool { return s.Status == Running || s.Status == Paused }

// IsLate reports whether the duty is late: an open one when the given civil
// date is after its due date, a closed one when it was met after it. While the
// clock stands still nothing becomes late. It is the only place that decides
// this (model 11.27); nobody stores the answer.
func (s State) IsLate(on calendar.Date) bool {
	if s.Status == Running {
		return on.After(s.Due)
	}
	return s.Status == MetLate
}

// Late returns the working days by which the duty is late as of a civil date,
// or was late when it was met; 0 when it is not late. A duty met on the
// Saturday after its Friday is late by 0 working days.
func (s State) Late(on calendar.Date, cal *calendar.Calendar) int {
	if !s.IsLate(on) {
		return 0
	}
	if !s.IsOpen() {
		on = s.Closed
	}
	return cal.Elapsed(s.Due, on)
}

// Length returns the working days of the term, without pauses and extensions.
func (s State) Length(cal *calendar.Calendar) int {
	if s.Days > 0 {
		return s.Days
	}
	return max(0, cal.Elapsed(s.Start, s.Given))
}

// count sets what follows from the term, the pauses, the extensions and the
// calendar: the days each pause took, the due date, whether it is provisional.
func (s *State) count(cal *calendar.Calendar) {
	moved := 0
	for i := range s.Pauses {
		if p := &s.Pauses[i]; !p.To.IsZero() {
			p.Days = cal.Elapsed(s.standsFrom(i, cal), p.end(cal))
			moved += p.Days
		}
	}
	for _, x := range s.Extensions {
		moved += x.Days
	}
	switch {
	case s.Days > 0:
		s.Due = cal.Add(s.Start, s.Days+moved)
	case s.Kind == Visit: // may fall on a weekend
		s.Due = s.Given
	default:
		s.Due = cal.Add(cal.NextWorkingDay(s.Given), moved)
	}
	s.Calendar = fmt.Sprintf("%s/%d", cal.ID(), cal.Version())
	s.Provisional = cal.Provisional(s.Due)
}
