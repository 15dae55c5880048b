package core

import (
	"context"
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/visit"
)

// This file is what goes over when a hamlet changes hands or becomes part of
// another one: promises and visits follow the place (model 10, rows 2 and 5).

// became reports whether one place stands, on a day, for what lay at another:
// it is that place, or what that place has become by then.
func (u *unit) became(ctx context.Context, place, now org.PlaceID, on calendar.Date) (bool, error) {
	if place == now {
		return true, nil
	}
	heirs, err := org.Successors(ctx, u.dir, place, on)
	return slices.Contains(heirs, now), err
}

// raisedFor are the issues that concern a visit to a hamlet: those raised there
// and, of those its official follows, those raised at a place that has become
// part of it since. Where a place was divided each official answers for their own.
func (u *unit) raisedFor(ctx context.Context, v visit.State, statuses ...issue.Status) ([]issue.State, error) {
	return u.raisedAt(ctx, v.Place, v.On(), []org.PersonID{v.Official}, statuses...)
}

// raisedAt are the issues raised at a place and, of those the given officials
// follow, those raised where the place is now what has become of it.
func (u *unit) raisedAt(ctx context.Context, place org.PlaceID, on calendar.Date, officials []org.PersonID, statuses ...issue.Status) ([]issue.State, error) {
	there, err := u.tx.Issues(ctx, issue.Query{Place: place, Statuses: statuses})
	if err != nil {
		return nil, err
	}
	for _, official := range officials {
		followed, err := u.followedBy(ctx, official, statuses...)
		if err != nil {
			return nil, err
		}
		for _, i := range followed {
			if i.Place == place {
				continue
			}
			inherited, err := u.became(ctx, i.Place, place, on)
			if err != nil {
				return nil, err
			}
			if inherited {
				there = append(there, i)
			}
		}
	}
	return there, nil
}

// followedBy are the issues that an official follows.
func (u *unit) followedBy(ctx context.Context, official org.PersonID, statuses ...issue.Status) ([]issue.State, error) {
	return u.tx.Issues(ctx, issue.Query{Owner: official, Statuses: statuses})
}

// lookingAfter are the officials assigned to a place today.
func (u *unit) lookingAfter(ctx context.Context, place org.PlaceID) ([]org.PersonID, error) {
	assigned, err := u.tx.Assignments(ctx, programme.AssignmentQuery{
		Place: place, During: calendar.Period{From: u.today, To: u.today}, Statuses: []programme.AssignmentStatus{programme.Active},
	})
	var officials []org.PersonID
	for _, a := range assigned {
		if !slices.Contains(officials, a.Official) {
			officials = append(officials, a.Official)
		}
	}
	return officials, err
}

// following are the open issues somebody follows because of an assignment, and
// does not go on following by another one after its last day.
func (s *Programme) following(ctx context.Context, a programme.Assignment, who org.PersonID) ([]issue.State, error) {
	issues, err := s.u.tx.Issues(ctx, issue.Query{Owner: who})
	if err != nil {
		return nil, err
	}
	kept, err := s.keeps(ctx, a, who)
	if err != nil {
		return nil, err
	}
	var going []issue.State
	for _, i := range issues {
		if !i.Open() && i.Status != issue.Linked {
			continue
		}
		goes, err := s.u.became(ctx, i.Place, a.Place, a.Valid.To.Add(1))
		if err != nil {
			return nil, err
		}
		for _, place := range kept {
			stays, err := s.u.became(ctx, i.Place, place, a.Valid.To.Add(1))
			if err != nil {
				return nil, err
			}
			goes = goes && !stays
		}
		if goes {
			going = append(going, i)
		}
	}
	return going, nil
}

// keeps are the places somebody looks after by other assignments on the day
// after one has ended.
func (s *Programme) keeps(ctx context.Context, a programme.Assignment, who org.PersonID) ([]org.PlaceID, error) {
	after := a.Valid.To.Add(1)
	others, err := s.u.tx.Assignments(ctx, programme.AssignmentQuery{
		Official: who, During: calendar.Period{From: after, To: after}, Statuses: []programme.AssignmentStatus{programme.Approved, programme.Active},
	})
	var places []org.PlaceID
	for _, o := range others {
		if o.ID != a.ID {
			places = append(places, o.Place)
		}
	}
	return places, err
}

// ahead are the visits to the hamlet of an assignment that are planned for days
// after its last one, by who looked after it.
func (s *Programme) ahead(ctx context.Context, a programme.Assignment, who org.PersonID) ([]visit.State, error) {
	visits, err := s.u.tx.Visits(ctx, visit.Query{Place: a.Place, Official: who, During: calendar.Period{From: a.Valid.To.Add(1)}})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(visits, func(v visit.State) bool { return !v.Open() }), nil
}

// pass gives what is open to who takes the hamlet over. Where nobody is known
// yet the issues are in the custody of the team leader, or of the office where
// that is the one who leaves: an issue is never without somebody who owes it.
// Visits that are ahead wait at risk for somebody to take them.
func (s *Programme) pass(ctx context.Context, a *programme.Assignment, from org.PersonID) error {
	to := a.Successor
	if to == "" {
		keeper, err := s.keeper(ctx, *a)
		if err != nil {
			return err
		}
		a.Custodian, to = keeper, keeper
	} else {
		a.Custodian = ""
	}
	if to == "" || to == from {
		return s.passVisits(ctx, *a)
	}
	issues, err := s.following(ctx, *a, from)
	if err != nil {
		return err
	}
	if err := s.u.work.Issues.handOver(ctx, issues, from, to, a.Team); err != nil {
		return err
	}
	return s.passVisits(ctx, *a)
}

// keeper is who holds what is open until a successor is known.
func (s *Programme) keeper(ctx context.Context, a programme.Assignment) (org.PersonID, error) {
	for _, to := range []org.Party{{Role: org.TeamLeader, Team: a.Team}, {Role: org.ProgrammeOffice}} {
		people, err := alert.Resolve(ctx, s.u.dir, to, s.u.today)
		if err != nil && !errors.Is(err, fault.ErrRule) {
			return "", err
		}
		for _, p := range people {
			if p.ID != a.Official {
				return p.ID, nil
			}
		}
	}
	return "", nil
}

// passVisits gives the visits that are ahead to the successor, or looks whether
// anybody is there to hold them.
func (s *Programme) passVisits(ctx context.Context, a programme.Assignment) error {
	visits, err := s.ahead(ctx, a, a.Official)
	if err != nil {
		return err
	}
	for _, v := range visits {
		if a.Successor != "" && a.Successor != a.Official {
			if err := s.u.work.Visits.handOver(ctx, &v, a.Successor, a.Team); err != nil {
				return err
			}
		}
		if err := s.u.work.Visits.staff(ctx, &v); err != nil {
			return err
		}
	}
	return nil
}

// handOver makes somebody else owe a visit that is ahead, with its clocks.
func (s *Visits) handOver(ctx context.Context, v *visit.State, to org.PersonID, team org.TeamID) error {
	from := v.Official
	if err := v.HandOver(to, team); err != nil {
		return err
	}
	if err := s.keep(ctx, v, visit.HandedOverEvent{From: from, To: to}, ""); err != nil {
		return err
	}
	return s.u.rehold(ctx, visit.Subject(v.ID), from, to, v.Team)
}

// follow lets the visits an official has planned at a place take place, from the
// day on, where the place went; the new host is told.
func (s *Visits) follow(ctx context.Context, official org.PersonID, from, to org.PlaceID, on calendar.Date) error {
	visits, err := s.u.tx.Visits(ctx, visit.Query{Place: from, Official: official, During: calendar.Period{From: on}})
	if err != nil {
		return err
	}
	for _, v := range visits {
		if !v.Open() {
			continue
		}
		if err := v.Follow(to); err != nil {
			return err
		}
		if err := s.keep(ctx, &v, visit.FollowedEvent{To: to}, ""); err != nil {
			return err
		}
		open, err := s.u.openDuties(ctx, visit.Subject(v.ID))
		if err != nil {
			return err
		}
		for _, d := range open {
			d.Place = to
			if err := s.u.tx.PutDuty(ctx, &d); err != nil {
				return err
			}
		}
		if err := s.u.tell(ctx, alert.VisitPlanned(v)...); err != nil {
			return err
		}
	}
	return nil
}

// rehold lets open duties about a subject that one official owes be owed by another.
func (u *unit) rehold(ctx context.Context, subject event.Subject, from, to org.PersonID, team org.TeamID) error {
	open, err := u.openDuties(ctx, subject)
	if err != nil {
		return err
	}
	for _, d := range open {
		if d.Holder.Role != org.Official || d.Holder.Person != from {
			continue
		}
		d.Holder.Person, d.Holder.Team = to, team
		if err := u.tx.PutDuty(ctx, &d); err != nil {
			return err
		}
	}
	return nil
}
