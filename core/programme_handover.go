package core

import (
	"context"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/visit"
)

// End revokes an active assignment, by the programme's leader: last is its last
// day, today or earlier. What is open in the hamlet is listed and goes over to
// the successor, who may be left empty where another assignment names one, or
// nobody is known yet (see Receive). Both officials get the list and sign it;
// missing signatures come to the team leader.
func (s *Programme) End(ctx context.Context, id programme.AssignmentID, last calendar.Date, successor org.PersonID, reason string) (programme.Assignment, error) {
	a, err := s.u.tx.Assignment(ctx, id)
	if err != nil {
		return programme.Assignment{}, err
	}
	if err := s.u.allow(ctx, ApproveAssignment, scope{person: a.Official, place: a.Place, team: a.Team}); err != nil {
		return programme.Assignment{}, err
	}
	return s.end(ctx, a, last, successor, reason)
}

func (s *Programme) end(ctx context.Context, a programme.Assignment, last calendar.Date, successor org.PersonID, reason string) (programme.Assignment, error) {
	u := s.u
	next, stays, err := s.next(ctx, a, last)
	if err != nil {
		return programme.Assignment{}, err
	}
	if successor == "" {
		successor = next
	}
	var open []programme.HandoverItem
	if !stays {
		if open, err = s.open(ctx, a, last); err != nil {
			return programme.Assignment{}, err
		}
	} else {
		successor = a.Official
	}
	if err := a.End(last, u.today, reason, successor, open); err != nil {
		return programme.Assignment{}, err
	}
	if err := u.release(ctx, programme.AssignmentSubject(a.ID), duty.Survey); err != nil {
		return programme.Assignment{}, err
	}
	if err := s.keep(ctx, &a, programme.AssignmentEnded{Last: last, Successor: successor, Open: len(open)}, reason); err != nil || stays {
		return a, err
	}
	return a, s.handOver(ctx, a)
}

// next finds who looks after the hamlet after the last day, and whether it is
// the same official under a further assignment: then nothing is handed over. Of
// several officials it is the one who begins on the next day.
func (s *Programme) next(ctx context.Context, a programme.Assignment, last calendar.Date) (successor org.PersonID, stays bool, err error) {
	if a.Continues != "" {
		return "", true, nil
	}
	after := last.Add(1)
	others, err := s.u.tx.Assignments(ctx, programme.AssignmentQuery{
		Place: a.Place, During: calendar.Period{From: after, To: after}, Statuses: []programme.AssignmentStatus{programme.Approved, programme.Active},
	})
	if err != nil {
		return "", false, err
	}
	for _, o := range others {
		switch {
		case o.ID == a.ID:
		case o.Official == a.Official:
			return "", true, nil
		case successor == "" || o.Valid.From == after:
			successor = o.Official
		}
	}
	return successor, false, nil
}

// open lists what goes over with a hamlet: open issues the official follows
// there and visits still planned.
func (s *Programme) open(ctx context.Context, a programme.Assignment, last calendar.Date) ([]programme.HandoverItem, error) {
	issues, err := s.u.tx.Issues(ctx, issue.Query{Place: a.Place, Owner: a.Official})
	if err != nil {
		return nil, err
	}
	var items []programme.HandoverItem
	for _, i := range issues {
		if i.Open() {
			items = append(items, programme.HandoverItem{Type: "issue", ID: string(i.ID), Label: i.Code})
		}
	}
	visits, err := s.u.tx.Visits(ctx, visit.Query{Place: a.Place, Official: a.Official, During: calendar.Period{From: last.Add(1)}})
	if err != nil {
		return nil, err
	}
	for _, v := range visits {
		if v.Open() {
			items = append(items, programme.HandoverItem{Type: "visit", ID: string(v.ID), Label: v.Planned.VN()})
		}
	}
	return items, nil
}

// handOver passes the promises on, tells both officials and opens the term to sign.
func (s *Programme) handOver(ctx context.Context, a programme.Assignment) error {
	u := s.u
	if a.Successor != "" {
		if err := u.work.Issues.handOver(ctx, a.Place, a.Official, a.Successor, a.Team); err != nil {
			return err
		}
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	_, err = u.owe(ctx, duty.Term{
		Kind: duty.Handover, Subject: programme.AssignmentSubject(a.ID), Place: a.Place,
		Holder: org.Party{Role: org.Official, Person: a.Official, Team: a.Team}, Start: u.today, Days: book.Policy.Visits.HandoverDays,
	})
	if err != nil {
		return err
	}
	return u.tell(ctx, alert.AssignmentEnded(a)...)
}

// Receive names who takes an ended assignment over, where nobody was known at
// its end: by the programme's leader. The open issues become the successor's.
func (s *Programme) Receive(ctx context.Context, id programme.AssignmentID, successor org.PersonID) (programme.Assignment, error) {
	u := s.u
	a, err := u.tx.Assignment(ctx, id)
	if err != nil {
		return programme.Assignment{}, err
	}
	if err := u.allow(ctx, ApproveAssignment, scope{person: a.Official, place: a.Place, team: a.Team}); err != nil {
		return programme.Assignment{}, err
	}
	if err := s.member(ctx, successor, u.today); err != nil {
		return programme.Assignment{}, err
	}
	before := a.Successor
	if err := a.Receive(successor); err != nil {
		return programme.Assignment{}, err
	}
	if err := s.keep(ctx, &a, programme.HandoverReceived{Successor: successor}, ""); err != nil {
		return programme.Assignment{}, err
	}
	from := a.Official
	if before != "" {
		from = before // the issues have gone there already
	}
	if err := u.work.Issues.handOver(ctx, a.Place, from, successor, a.Team); err != nil {
		return programme.Assignment{}, err
	}
	return a, u.tell(ctx, alert.AssignmentEnded(a)...)
}

// SignHandover is the word of one of the two officials that the hamlet was
// handed over. With the second signature the term is met.
func (s *Programme) SignHandover(ctx context.Context, id programme.AssignmentID) (programme.Assignment, error) {
	u := s.u
	a, err := u.tx.Assignment(ctx, id)
	if err != nil {
		return programme.Assignment{}, err
	}
	if err := u.allow(ctx, SignHandover, scope{person: u.by.Person}); err != nil {
		return programme.Assignment{}, err
	}
	if err := a.Sign(u.by.Person); err != nil {
		return programme.Assignment{}, err
	}
	if err := s.keep(ctx, &a, programme.HandoverSigned{By: u.by.Person, Done: a.HandedOver()}, ""); err != nil || !a.HandedOver() {
		return a, err
	}
	return a, u.meet(ctx, programme.AssignmentSubject(id), u.today, duty.Handover)
}
