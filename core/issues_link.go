package core

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
)

// Link lets another issue, the hub, carry the same matter, by the programme
// office. The opinions stay where they are; the clocks of the linked issue end in
// this transaction; the hub counts how often the matter was raised and its owner
// is told. The hub's answer becomes the linked issue's too (A5). The rules are
// "issue.link.…".
func (s *Issues) Link(ctx context.Context, id, hub issue.ID) (issue.State, error) {
	u := s.u
	i, _, err := s.load(ctx, id, LinkIssue)
	if err != nil {
		return issue.State{}, err
	}
	h, err := u.tx.Issue(ctx, hub)
	if err != nil {
		return issue.State{}, err
	}
	if err := i.LinkTo(&h, u.by.Person, u.today); err != nil {
		return issue.State{}, err
	}
	if err := s.drop(ctx, id); err != nil { // every clock it has
		return issue.State{}, err
	}
	if err := s.keep(ctx, &i, issue.LinkedEvent{To: string(hub)}); err != nil {
		return issue.State{}, err
	}
	if err := s.keep(ctx, &h, issue.CarriesEvent{Issue: string(id)}); err != nil {
		return issue.State{}, err
	}
	if err := s.raise(ctx, h); err != nil {
		return issue.State{}, err
	}
	return i, u.tell(ctx, alert.IssueLinked(h, i)...)
}

// Unlink undoes a link, by the programme office: the issue is what it was before,
// and each of its clocks runs again from its own day (invariant 11).
func (s *Issues) Unlink(ctx context.Context, id issue.ID) (issue.State, error) {
	u := s.u
	i, _, err := s.load(ctx, id, LinkIssue)
	if err != nil {
		return issue.State{}, err
	}
	if i.Status != issue.Linked {
		return issue.State{}, i.Unlink(&issue.State{}, u.today)
	}
	hub := i.LinkedTo
	h, err := u.tx.Issue(ctx, hub)
	if err != nil {
		return issue.State{}, err
	}
	if err := i.Unlink(&h, u.today); err != nil {
		return issue.State{}, err
	}
	if err := s.keep(ctx, &i, issue.UnlinkedEvent{From: string(hub)}); err != nil {
		return issue.State{}, err
	}
	if err := s.keep(ctx, &h, issue.CarriesEvent{Issue: string(id), No: true}); err != nil {
		return issue.State{}, err
	}
	if err := s.raise(ctx, h); err != nil {
		return issue.State{}, err
	}
	if err := s.restart(ctx, i); err != nil {
		return issue.State{}, err
	}
	return s.u.tx.Issue(ctx, id)
}

// restart opens the clocks that an unlinked issue needs, each as it was when the
// link ended it: from its own day, with its pauses and extensions.
func (s *Issues) restart(ctx context.Context, i issue.State) error {
	if err := s.restartPromise(ctx, &i); err != nil {
		return err
	}
	switch i.Status {
	case issue.Registered, issue.Triaged:
		_, err := s.reopen(ctx, i, duty.Triage, func() error { return s.oweTriage(ctx, i) })
		return err
	case issue.Arbitration:
		_, err := s.reopen(ctx, i, duty.Arbitration, func() error { _, err := s.oweArbitration(ctx, i); return err })
		return err
	}
	if told := i.Answered(); told != nil && told.Round == i.Round && told.Class == issue.InProgress {
		// what was being drafted is the result of a roadmap
		_, err := s.reopen(ctx, i, duty.Roadmap, func() error { return s.oweResult(ctx, i) })
		return err
	}
	due, err := s.reopen(ctx, i, duty.Unit, func() error { return s.oweAnswer(ctx, i) })
	if err != nil || due.IsZero() || due == i.Current().Due {
		return err
	}
	i.Current().Due = due // the calendar was changed meanwhile
	return s.u.tx.PutIssue(ctx, &i)
}

// restartPromise opens the citizen's clock again, unless the promise was kept
// before: a further round has a clock of the unit alone.
func (s *Issues) restartPromise(ctx context.Context, i *issue.State) error {
	kept, err := s.u.tx.Duties(ctx, duty.Query{
		Subject: issue.Subject(i.ID), Kinds: []duty.Kind{duty.Promise}, Statuses: []duty.Status{duty.Met, duty.MetLate}, Limit: 1,
	})
	if err != nil || len(kept) > 0 {
		return err
	}
	due, err := s.reopen(ctx, *i, duty.Promise, func() error {
		if i.Apologised.IsZero() {
			return s.owePromise(ctx, *i)
		}
		return s.oweNewDate(ctx, *i)
	})
	if err != nil || due.IsZero() || !i.Apologised.IsZero() || due == i.PromiseDue {
		return err
	}
	i.PromiseDue = due // the calendar was changed meanwhile
	return s.u.tx.PutIssue(ctx, i)
}

// reopen owes the latest cancelled duty of a kind anew and returns its due date.
// Where a host kept the clock itself and there is none, it begins afresh.
func (s *Issues) reopen(ctx context.Context, i issue.State, kind duty.Kind, afresh func() error) (calendar.Date, error) {
	u := s.u
	cancelled, err := u.tx.Duties(ctx, duty.Query{Subject: issue.Subject(i.ID), Kinds: []duty.Kind{kind}, Statuses: []duty.Status{duty.Cancelled}})
	if err != nil {
		return calendar.Date{}, err
	}
	if len(cancelled) == 0 {
		return calendar.Date{}, afresh()
	}
	last := slices.MaxFunc(cancelled, func(a, b duty.State) int {
		return cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.ID, b.ID))
	})
	book, err := u.rules(ctx)
	if err != nil {
		return calendar.Date{}, err
	}
	d, err := duty.Reopen(duty.ID(u.newID()), last, book.Policy, book.Calendar, u.now)
	if err != nil {
		return calendar.Date{}, err
	}
	if d.Holder.Role == org.Official { // the matter may have another owner by now
		d.Holder.Person, d.Holder.Team = i.Owner, i.Team
	}
	u.opened(d.Subject, d.Kind)
	return d.Due, u.tx.PutDuty(ctx, &d)
}

// raise lets the ladders of an issue that was raised once more, or once less,
// start where they have to (A5), as far as they have not begun.
func (s *Issues) raise(ctx context.Context, hub issue.State) error {
	open, err := s.u.openDuties(ctx, issue.Subject(hub.ID))
	if err != nil {
		return err
	}
	for _, d := range open {
		if !d.SetRaise(hub.Raise()) {
			continue
		}
		if err := s.u.tx.PutDuty(ctx, &d); err != nil {
			return err
		}
	}
	return nil
}

// watchSwell looks whether one matter is felt in many places: then the issues of
// its subject are marked, and the programme's leader is told once (N16).
func (s *Issues) watchSwell(ctx context.Context, i *issue.State) error {
	u := s.u
	if i.Subject == "" || i.Collective {
		return nil
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	same, err := u.tx.Issues(ctx, issue.Query{Subject: i.Subject, Registered: issue.CollectiveWindow(book.Policy, u.today)})
	if err != nil {
		return err
	}
	swell, wide := issue.Collective(same, book.Policy, u.today)
	if !wide {
		return nil
	}
	known := false
	for n := range same {
		known = known || same[n].Collective
	}
	for n := range same {
		if same[n].Collective {
			continue
		}
		same[n].Collective = true
		if err := u.tx.PutIssue(ctx, &same[n]); err != nil {
			return err
		}
		if same[n].ID == i.ID {
			*i = same[n]
		}
	}
	if known {
		return nil
	}
	return s.raiseSwell(ctx, *i, swell)
}

func (s *Issues) raiseSwell(ctx context.Context, i issue.State, swell issue.Swell) error {
	err := s.note(ctx, i, issue.CollectiveEvent{Subject: i.Subject, Hamlets: swell.Hamlets, Opinions: swell.Opinions}, s.u.today)
	if err != nil {
		return err
	}
	name, err := s.subjectName(ctx, i)
	if err != nil {
		return err
	}
	return s.u.tell(ctx, alert.IssueCollective(i, name, swell)...)
}

// subjectName is what the route of an issue's subject calls it.
func (s *Issues) subjectName(ctx context.Context, i issue.State) (string, error) {
	route, err := s.RouteOf(ctx, i.Subject, i.Place)
	switch {
	case err == nil && route.Name != "":
		return route.Name, nil
	case err != nil && !errors.Is(err, fault.ErrNotFound):
		return "", err
	}
	return i.Subject, nil
}

// promiseMissed: the promised day passed. Once per issue an apology with a new
// date is drafted for a person to approve (A6); the ladder goes on all the same.
func promiseMissed(ctx context.Context, u *unit, d duty.State) error {
	s := u.work.Issues
	i, err := u.tx.Issue(ctx, issue.ID(d.Subject.ID))
	if err != nil || !i.DraftApology(d.Due.Add(1)) {
		return err
	}
	if err := s.keep(ctx, &i, issue.ApologyDraftedEvent{Promise: i.PromiseDue}); err != nil {
		return err
	}
	return u.tell(ctx, alert.ApologyDrafted(i)...)
}

// Apologise approves the drafted apology (phiếu xin lỗi và hẹn lại), by the leader
// of the team or the office: with the reason and a new date, which is a working
// day or becomes the next one, once per issue. The speakers are told. A second
// miss goes to the leader instead (A6). The rules are "issue.apologise.…".
func (s *Issues) Apologise(ctx context.Context, id issue.ID, a issue.Apology) (issue.State, error) {
	u := s.u
	i, book, err := s.load(ctx, id, TriageIssue)
	if err != nil {
		return issue.State{}, err
	}
	if err := i.Apologise(a.Reason, book.NextWorkingDay(a.NewDate), u.by.Person, u.today); err != nil {
		return issue.State{}, err
	}
	if err := s.oweNewDate(ctx, i); err != nil {
		return issue.State{}, err
	}
	if err := s.keep(ctx, &i, issue.ApologisedEvent{NewDate: i.Apology.NewDate}); err != nil {
		return issue.State{}, err
	}
	speakers, err := s.reachable(ctx, i)
	if err != nil {
		return issue.State{}, err
	}
	return i, u.tell(ctx, alert.Apologised(i, speakers)...)
}

// oweNewDate opens the clock of the new date. Its ladder begins where the
// programme's leader stands.
func (s *Issues) oweNewDate(ctx context.Context, i issue.State) error {
	_, err := s.u.owe(ctx, duty.Term{
		Kind: duty.Promise, Subject: issue.Subject(i.ID), Place: i.Place, Label: i.Code,
		Holder: org.Party{Role: org.Official, Person: i.Owner, Team: i.Team},
		Start:  i.Apologised, Due: i.Apology.NewDate, Raise: 2,
	})
	return err
}

// withdraw ends an issue all of whose opinions have left the store: nothing is
// owed any more, and what was written about it is taken out of it. What it carried
// stands on its own again.
func (s *Issues) withdraw(ctx context.Context, i issue.State) error {
	for _, c := range i.Carried {
		carried, err := s.u.tx.Issue(ctx, c.Issue)
		if err != nil {
			return err
		}
		if carried.Status != issue.Linked {
			continue
		}
		if err := carried.Unlink(&i, s.u.today); err != nil {
			return err
		}
		if err := s.keep(ctx, &carried, issue.UnlinkedEvent{From: string(i.ID)}); err != nil {
			return err
		}
		if err := s.restart(ctx, carried); err != nil {
			return err
		}
	}
	if i.Status == issue.Linked {
		hub, err := s.u.tx.Issue(ctx, i.LinkedTo)
		if err != nil {
			return err
		}
		if err := i.Unlink(&hub, s.u.today); err != nil {
			return err
		}
		if err := s.keep(ctx, &hub, issue.CarriesEvent{Issue: string(i.ID), No: true}); err != nil {
			return err
		}
	}
	if err := i.Withdraw(s.u.today); err != nil {
		return err
	}
	if err := s.drop(ctx, i.ID); err != nil {
		return err
	}
	if err := s.stopAsking(ctx, i.ID); err != nil {
		return err
	}
	return s.keep(ctx, &i, issue.ClosedEvent{Outcome: i.Outcome})
}
