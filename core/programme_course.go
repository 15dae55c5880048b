package core

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
)

// This file is what happens to assignments by themselves: they start and end by
// date, and follow a place that was taken over by another.

// start makes a decided assignment active: the official owes the survey of the
// hamlet (S13) and learns what is open there.
func (s *Programme) start(ctx context.Context, a *programme.Assignment) error {
	u := s.u
	if err := a.Start(u.today); err != nil {
		return err
	}
	if err := s.keep(ctx, a, programme.AssignmentStarted{Official: a.Official, Place: a.Place}, ""); err != nil {
		return err
	}
	if err := s.takeUp(ctx, *a); err != nil {
		return err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	survey, err := u.owe(ctx, duty.Term{
		Kind: duty.Survey, Subject: programme.AssignmentSubject(a.ID), Place: a.Place,
		Holder: org.Party{Role: org.Official, Person: a.Official, Team: a.Team}, Start: a.Valid.From, Days: book.Policy.Visits.SurveyDays,
	})
	if err != nil {
		return err
	}
	issues, err := u.tx.Issues(ctx, issue.Query{Place: a.Place})
	if err != nil {
		return err
	}
	open := slices.DeleteFunc(issues, func(i issue.State) bool { return !i.Open() })
	return u.tell(ctx, alert.AssignmentStarted(*a, survey.Due, len(open))...)
}

// startAssignments starts every decided assignment whose first day has come.
func (u *unit) startAssignments(ctx context.Context) error {
	decided, err := u.tx.Assignments(ctx, programme.AssignmentQuery{Statuses: []programme.AssignmentStatus{programme.Approved}})
	if err != nil {
		return err
	}
	for _, a := range decided {
		if a.Valid.From.After(u.today) {
			continue
		}
		if err := u.work.Programme.start(ctx, &a); err != nil {
			return err
		}
	}
	return nil
}

// endAssignments ends every active assignment whose last day is over.
func (u *unit) endAssignments(ctx context.Context) error {
	active, err := u.tx.Assignments(ctx, programme.AssignmentQuery{Statuses: []programme.AssignmentStatus{programme.Active}})
	if err != nil {
		return err
	}
	for _, a := range active {
		if a.Valid.Open() || !a.Valid.To.Before(u.today) {
			continue
		}
		if _, err := u.work.Programme.end(ctx, a, a.Valid.To, a.Successor, cmp.Or(a.EndReason, "hết thời hạn phân công")); err != nil {
			return err
		}
	}
	return nil
}

// followPlace lets assignments follow a place that ended: to its one successor
// by themselves, because promises follow the place. Of a place that was divided
// or dissolved somebody has to decide first
// ("programme.assignment.place_ended").
func followPlace(ctx context.Context, u *unit, r event.Record, e event.Event) error {
	ended, ok := e.(org.PlaceEnded)
	if !ok {
		return nil
	}
	held, err := u.tx.Assignments(ctx, programme.AssignmentQuery{
		Place: org.PlaceID(r.Subject.ID), During: calendar.Period{From: ended.On},
		Statuses: []programme.AssignmentStatus{programme.Proposed, programme.Approved, programme.Active},
	})
	if err != nil {
		return err
	}
	for _, a := range held {
		if len(ended.To) != 1 {
			return fault.Broken("programme.assignment.place_ended", "place",
				"Assignment %[1]s runs beyond the end of place %[2]s, which nothing takes over whole; end the assignment or assign a part first.",
				"Phân công %[1]s còn hiệu lực sau khi địa bàn %[2]s kết thúc mà không có địa bàn kế thừa trọn vẹn; cần kết thúc hoặc phân công lại trước.", a.ID, r.Subject.ID)
		}
		if err := u.work.Programme.rehome(ctx, a, ended.To[0], ended.On); err != nil {
			return err
		}
	}
	return nil
}

// divide lets each assignment to a place that is divided go on at the part that
// was chosen for it ("programme.assignment.part" when that is no part of it, or
// the assignment is none to the place).
func (s *Programme) divide(ctx context.Context, d Division) error {
	for _, id := range slices.Sorted(maps.Keys(d.Assigned)) {
		a, err := s.u.tx.Assignment(ctx, id)
		if err != nil {
			return err
		}
		if a.Place != d.Place || !a.Open() || !slices.Contains(d.Parts, d.Assigned[id]) {
			return fault.Broken("programme.assignment.part", "assigned",
				"Assignment %[1]s is to place %[2]s or is over, or %[3]s is no part of what is divided.",
				"Phân công %[1]s thuộc địa bàn %[2]s hoặc đã kết thúc, hoặc %[3]s không phải là phần được chia.", id, a.Place, d.Assigned[id])
		}
		if a.Valid.To.Before(d.On) {
			continue
		}
		if err := s.rehome(ctx, a, d.Assigned[id], d.On); err != nil {
			return err
		}
	}
	return nil
}

// rehome moves an assignment to the place that took its place over. What has
// begun is cut at the day and goes on as a further assignment by the same
// decision; what has not begun yet only changes its place.
func (s *Programme) rehome(ctx context.Context, a programme.Assignment, to org.PlaceID, on calendar.Date) error {
	const why = "địa bàn kế thừa"
	shared, err := s.u.tx.Assignments(ctx, programme.AssignmentQuery{
		Official: a.Official, Place: to, During: a.Valid, Statuses: []programme.AssignmentStatus{programme.Proposed, programme.Approved, programme.Active},
	})
	if err != nil {
		return err
	}
	if err := s.u.work.Visits.follow(ctx, a.Official, a.Place, to, on); err != nil {
		return err
	}
	if !a.Valid.From.Before(on) {
		if len(shared) > 0 { // the official has that place already
			if err := a.Cancel(why); err != nil {
				return err
			}
		} else {
			a.Place = to
		}
		return s.keep(ctx, &a, programme.AssignmentMoved{To: to, Next: a.ID}, why)
	}
	goesOn := programme.AssignmentID(s.u.newID())
	next := a.Follow(goesOn, to, on)
	if len(shared) > 0 {
		a.Continues = shared[0].ID
	}
	if err := s.keep(ctx, &a, programme.AssignmentMoved{To: to, Next: a.Continues}, why); err != nil {
		return err
	}
	if len(shared) == 0 {
		if err := s.keep(ctx, &next, programme.AssignmentApproved{Decision: next.Decision}, why); err != nil {
			return err
		}
	}
	if on.After(s.u.today) {
		return nil // the routine of that day starts the one and ends the other
	}
	if _, err := s.end(ctx, a, a.Valid.To, "", why); err != nil || len(shared) > 0 {
		return err
	}
	return s.start(ctx, &next)
}
