package core

import (
	"context"
	"errors"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// TakeLeave records that somebody is away and who stands in: on their own word,
// their team leader's or unit head's, or the office's. A substitute may be
// missing; then every visit of those days is at risk and the team leader is
// told (N4). An empty ID is filled in.
//
// Rules: org.leave.overlap, org.leave.substitute_self and
// org.substitution.cycle, when the substitutes would stand in for each other in
// a circle on one of the days (EX-11). The reason stays with the leave and is
// not journalled.
func (s *Organisation) TakeLeave(ctx context.Context, l org.Leave) (org.Leave, error) {
	if err := s.mayTakeLeave(ctx, l.Person); err != nil {
		return org.Leave{}, err
	}
	if l.ID == "" {
		l.ID = org.LeaveID(s.u.newID())
	}
	l.Version, l.Cancelled = 0, false
	if _, err := s.u.dir.Person(ctx, l.Person); err != nil {
		return org.Leave{}, err
	}
	if err := org.CheckLeave(ctx, s.u.dir, l); err != nil {
		return org.Leave{}, err
	}
	if err := s.u.tx.PutLeave(ctx, &l); err != nil {
		return org.Leave{}, err
	}
	return l, s.u.journal(ctx, fact{
		subject: org.PersonSubject(l.Person), event: org.LeaveTaken{Leave: l.ID, Days: l.Days, Substitute: l.Substitute},
		happened: l.Days.From.At(calendar.TimeOfDay{}),
	})
}

// CancelLeave takes a leave back: the person is there after all. What was at
// risk for want of a substitute is looked at again. To come
// back early, see EndLeave. A leave that was cancelled is no leave any more:
// fault.ErrNotFound.
func (s *Organisation) CancelLeave(ctx context.Context, id org.LeaveID, why string) (org.Leave, error) {
	l, err := s.leave(ctx, id)
	if err != nil {
		return org.Leave{}, err
	}
	l.Cancelled = true
	return l, s.keepLeave(ctx, &l, org.LeaveCancelled{Leave: l.ID, Days: l.Days}, why)
}

// EndLeave lets somebody come back early: last is the last day of the leave,
// one of its days ("org.leave.last"). The days before stay excused. What was at
// risk is looked at again.
func (s *Organisation) EndLeave(ctx context.Context, id org.LeaveID, last calendar.Date, why string) (org.Leave, error) {
	l, err := s.leave(ctx, id)
	if err != nil {
		return org.Leave{}, err
	}
	if err := l.Return(last); err != nil {
		return org.Leave{}, err
	}
	return l, s.keepLeave(ctx, &l, org.LeaveChanged{Leave: l.ID, Days: l.Days, Substitute: l.Substitute}, why)
}

// NameSubstitute says, or says anew, who stands in during a leave that is
// known: the answer to an alarm (N4). Nobody is legal again. A substitute with
// whom the chain would run in a circle on one of the days is refused
// ("org.substitution.cycle"), and everything stays as it was: the team leader
// remains in charge (EX-11, see InCharge).
func (s *Organisation) NameSubstitute(ctx context.Context, id org.LeaveID, substitute org.PersonID) (org.Leave, error) {
	l, err := s.leave(ctx, id)
	if err != nil {
		return org.Leave{}, err
	}
	l.Substitute = substitute
	if err := org.CheckLeave(ctx, s.u.dir, l); err != nil {
		return org.Leave{}, err
	}
	return l, s.keepLeave(ctx, &l, org.LeaveChanged{Leave: l.ID, Days: l.Days, Substitute: substitute}, "")
}

// leave reads a leave that stands and that the actor may change.
func (s *Organisation) leave(ctx context.Context, id org.LeaveID) (org.Leave, error) {
	if id == "" {
		return org.Leave{}, fault.NotFound("leave", "")
	}
	found, err := s.u.tx.Leaves(ctx, org.LeaveQuery{ID: id})
	if err != nil {
		return org.Leave{}, err
	}
	if len(found) == 0 {
		return org.Leave{}, fault.NotFound("leave", string(id))
	}
	return found[0], s.mayTakeLeave(ctx, found[0].Person)
}

// keepLeave stores a leave that changed and journals how.
func (s *Organisation) keepLeave(ctx context.Context, l *org.Leave, e event.Event, why string) error {
	if err := s.u.tx.PutLeave(ctx, l); err != nil {
		return err
	}
	return s.u.journal(ctx, fact{subject: org.PersonSubject(l.Person), event: e, why: why})
}

// mayTakeLeave allows the person, and who leads one of the person's teams or
// heads one of their units today.
func (s *Organisation) mayTakeLeave(ctx context.Context, person org.PersonID) error {
	refused := s.u.allow(ctx, TakeLeave, scope{person: person})
	if !errors.Is(refused, fault.ErrForbidden) {
		return refused
	}
	roles, err := s.u.dir.Holdings(ctx, org.HoldingQuery{Person: person, On: s.u.today})
	if err != nil {
		return err
	}
	for _, h := range roles {
		err := s.u.allow(ctx, TakeLeave, scope{person: person, team: h.Team, unit: h.Unit})
		if !errors.Is(err, fault.ErrForbidden) {
			return err
		}
	}
	return refused
}
