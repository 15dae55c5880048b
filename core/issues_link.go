package core

import (
	"context"
	"errors"

	"github.com/huongvecoso/outreach/core/alert"
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
	return i, s.restart(ctx, i)
}

// restart opens the clocks that an unlinked issue needs, each counted from the
// day it was counted from before.
func (s *Issues) restart(ctx context.Context, i issue.State) error {
	if err := s.restartPromise(ctx, i); err != nil {
		return err
	}
	switch i.Status {
	case issue.Registered, issue.Triaged:
		return s.oweTriage(ctx, i)
	case issue.Arbitration:
		_, err := s.oweArbitration(ctx, i)
		return err
	}
	if told := i.Answered(); told != nil && told.Round == i.Round && told.Class == issue.InProgress {
		return s.oweResult(ctx, i) // what was being drafted is the result of a roadmap
	}
	return s.oweAnswer(ctx, i)
}

// restartPromise opens the citizen's clock again, unless the promise was kept
// before: a further round has a clock of the unit alone.
func (s *Issues) restartPromise(ctx context.Context, i issue.State) error {
	kept, err := s.u.tx.Duties(ctx, duty.Query{
		Subject: issue.Subject(i.ID), Kinds: []duty.Kind{duty.Promise}, Statuses: []duty.Status{duty.Met, duty.MetLate}, Limit: 1,
	})
	if err != nil || len(kept) > 0 {
		return err
	}
	if i.Apologised.IsZero() {
		return s.owePromise(ctx, i)
	}
	return s.oweNewDate(ctx, i)
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
	name := i.Subject
	route, err := s.RouteOf(ctx, i.Subject, i.Place)
	switch {
	case err == nil && route.Name != "":
		name = route.Name
	case err != nil && !errors.Is(err, fault.ErrNotFound):
		return err
	}
	return s.u.tell(ctx, alert.IssueCollective(i, name, swell)...)
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
