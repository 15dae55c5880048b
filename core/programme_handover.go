package core

import (
	"cmp"
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

// Curtail decides, by the programme's leader, that an assignment will end on a
// day that is still to come, and who takes over, as far as that is known. Until
// then nothing changes but that visits after that day need somebody else; on the
// day after, it ends by itself as End ends it. The official and the team leader
// see the new last day in a new notice of the decision.
func (s *Programme) Curtail(ctx context.Context, id programme.AssignmentID, last calendar.Date, successor org.PersonID, reason string) (programme.Assignment, error) {
	u := s.u
	a, err := u.tx.Assignment(ctx, id)
	if err != nil {
		return programme.Assignment{}, err
	}
	if err := u.allow(ctx, ApproveAssignment, scope{person: a.Official, place: a.Place, team: a.Team}); err != nil {
		return programme.Assignment{}, err
	}
	if successor != "" {
		if err := s.member(ctx, successor, last.Add(1)); err != nil {
			return programme.Assignment{}, err
		}
	}
	if err := a.Curtail(last, u.today, reason, successor); err != nil {
		return programme.Assignment{}, err
	}
	if err := s.keep(ctx, &a, programme.AssignmentCurtailed{Last: last, Successor: successor}, reason); err != nil {
		return programme.Assignment{}, err
	}
	if err := s.restaff(ctx, a); err != nil {
		return programme.Assignment{}, err
	}
	return a, u.tell(ctx, alert.AssignmentCurtailed(a)...)
}

// restaff looks whether anybody is there for the visits after the last day.
func (s *Programme) restaff(ctx context.Context, a programme.Assignment) error {
	visits, err := s.ahead(ctx, a, a.Official)
	if err != nil {
		return err
	}
	for _, v := range visits {
		if err := s.u.work.Visits.staff(ctx, &v); err != nil {
			return err
		}
	}
	return nil
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
	return a, s.handOver(ctx, &a)
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
	a.Valid.To = last
	issues, err := s.following(ctx, a, a.Official)
	if err != nil {
		return nil, err
	}
	var items []programme.HandoverItem
	for _, i := range issues {
		items = append(items, programme.HandoverItem{Type: "issue", ID: string(i.ID), Label: i.Code})
	}
	visits, err := s.ahead(ctx, a, a.Official)
	if err != nil {
		return nil, err
	}
	for _, v := range visits {
		items = append(items, programme.HandoverItem{Type: "visit", ID: string(v.ID), Label: v.Planned.VN()})
	}
	return items, nil
}

// handOver passes on what is open, tells both officials and opens the term to sign.
func (s *Programme) handOver(ctx context.Context, a *programme.Assignment) error {
	u := s.u
	if err := s.pass(ctx, a, a.Official); err != nil {
		return err
	}
	if a.Custodian != "" {
		if err := u.tx.PutAssignment(ctx, a); err != nil {
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
	return u.tell(ctx, alert.AssignmentEnded(*a)...)
}

// Receive names who takes an ended assignment over, where nobody was known at
// its end, or somebody else as long as nobody has signed: by the programme's
// leader. The open issues and the visits that are ahead become the successor's.
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
	return s.receive(ctx, a, successor)
}

func (s *Programme) receive(ctx context.Context, a programme.Assignment, successor org.PersonID) (programme.Assignment, error) {
	holder := cmp.Or(a.Successor, a.Custodian, a.Official) // who has the issues by now
	owner := cmp.Or(a.Successor, a.Official)               // and the visits
	if err := a.Receive(successor); err != nil {
		return programme.Assignment{}, err
	}
	if err := s.keep(ctx, &a, programme.HandoverReceived{Successor: successor}, ""); err != nil {
		return programme.Assignment{}, err
	}
	if err := s.regain(ctx, a, holder, owner); err != nil {
		return programme.Assignment{}, err
	}
	return a, s.u.tell(ctx, alert.AssignmentEnded(a)...)
}

// regain gives the successor what somebody held in between: exactly what stands
// on the handover list and is still theirs, because a custodian and an earlier
// successor follow matters of their own as well.
func (s *Programme) regain(ctx context.Context, a programme.Assignment, holder, owner org.PersonID) error {
	for _, item := range a.Handover {
		switch item.Type {
		case "issue":
			i, err := s.u.tx.Issue(ctx, issue.ID(item.ID))
			if err != nil {
				return err
			}
			if i.Owner != holder || i.Owner == a.Successor || !i.Open() && i.Status != issue.Linked {
				continue
			}
			if err := s.u.work.Issues.handOver(ctx, []issue.State{i}, holder, a.Successor, a.Team); err != nil {
				return err
			}
		case "visit":
			v, err := s.u.tx.Visit(ctx, visit.ID(item.ID))
			if err != nil {
				return err
			}
			if v.Official != owner || !v.Open() {
				continue
			}
			if owner != a.Successor {
				if err := s.u.work.Visits.handOver(ctx, &v, a.Successor, a.Team); err != nil {
					return err
				}
			}
			if err := s.u.work.Visits.staff(ctx, &v); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeUp lets an assignment that begins take up what others left at the hamlet
// without a successor: the same official goes on, anybody else receives it.
func (s *Programme) takeUp(ctx context.Context, begun programme.Assignment) error {
	ended, err := s.u.tx.Assignments(ctx, programme.AssignmentQuery{Place: begun.Place, Statuses: []programme.AssignmentStatus{programme.Ended}})
	if err != nil {
		return err
	}
	for _, a := range ended {
		if !a.Awaits() || !a.Valid.To.Before(begun.Valid.From) {
			continue
		}
		if a.Official != begun.Official {
			if _, err := s.receive(ctx, a, begun.Official); err != nil {
				return err
			}
			continue
		}
		holder := cmp.Or(a.Custodian, a.Official)
		a.GoOn(begun.ID)
		if err := s.keep(ctx, &a, programme.HandoverReceived{Successor: a.Official}, ""); err != nil {
			return err
		}
		if err := s.regain(ctx, a, holder, a.Official); err != nil {
			return err
		}
		if err := s.u.release(ctx, programme.AssignmentSubject(a.ID), duty.Handover); err != nil {
			return err
		}
	}
	return nil
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
