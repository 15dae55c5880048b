package core

import (
	"context"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
)

// owePromise opens the citizen's clock: counted from registration, the owner's to keep.
func (s *Issues) owePromise(ctx context.Context, i issue.State) error {
	book, err := s.u.rules(ctx)
	if err != nil {
		return err
	}
	_, err = s.u.owe(ctx, duty.Term{
		Kind: duty.Promise, Subject: issue.Subject(i.ID), Place: i.Place, Label: i.Code,
		Holder: org.Party{Role: org.Official, Person: i.Owner, Team: i.Team},
		Start:  i.Registered, Days: book.Issues.PromiseDays.For(string(i.Urgency)), Raise: i.Raise(),
	})
	return err
}

// oweTriage opens the clock of whoever sorts the issue. It ends when the issue is
// referred: sorting alone helps nobody.
func (s *Issues) oweTriage(ctx context.Context, i issue.State) error {
	book, err := s.u.rules(ctx)
	if err != nil {
		return err
	}
	_, err = s.u.owe(ctx, duty.Term{
		Kind: duty.Triage, Subject: issue.Subject(i.ID), Place: i.Place, Label: i.Code,
		Holder: alert.Desk(i), Start: i.OnDeskSince(), Days: book.Issues.TriageDays, Raise: i.Raise(),
	})
	return err
}

// oweAnswer opens the clock of the lead unit, counted from the referral.
func (s *Issues) oweAnswer(ctx context.Context, i issue.State) error {
	book, err := s.u.rules(ctx)
	if err != nil {
		return err
	}
	r := i.Current()
	t := duty.Term{
		Kind: duty.Unit, Subject: issue.Subject(i.ID), Place: i.Place, Label: i.Code,
		Holder: org.Party{Role: org.UnitClerk, Unit: r.Lead},
		Start:  r.On, Days: book.Issues.UnitDays.For(string(i.Urgency)), Raise: i.Raise(),
	}
	if book.Add(t.Start, t.Days) != r.Due { // it was paused or extended before
		t.Days, t.Due = 0, r.Due
	}
	_, err = s.u.owe(ctx, t)
	return err
}

func issueReactions() map[string]reaction {
	return map[string]reaction{
		duty.PauseEnded{}.Kind(): goOn,
		"visit.reported":         recordRest,
	}
}

func issueElapses() map[duty.Kind]elapse {
	return map[duty.Kind]elapse{duty.Promise: promiseMissed, duty.Satisfaction: nobodyReplied}
}
