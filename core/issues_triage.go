package core

import (
	"context"
	"errors"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
)

// Triage sorts an issue by subject and urgency, by the leader of its team or the
// office. Where that changes the promise, counted from registration, the speakers
// are told the new date. Subjects whose route is sensitive are answered through
// the office. The rules are "issue.triage.…".
func (s *Issues) Triage(ctx context.Context, id issue.ID, t issue.Sorting) (issue.State, error) {
	u := s.u
	i, book, err := s.load(ctx, id, TriageIssue)
	if err != nil {
		return issue.State{}, err
	}
	if t.Urgency == "" {
		t.Urgency = i.Urgency
	}
	route, err := s.RouteOf(ctx, t.Subject, i.Place)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return issue.State{}, err
	}
	t.Sensitive = t.Sensitive || route.Sensitive
	promised := i.PromiseDue
	if err := i.Triage(t, u.today, book.Policy, book.Calendar); err != nil {
		return issue.State{}, err
	}
	if err := s.keep(ctx, &i, issue.TriagedEvent{Subject: i.Subject, Urgency: i.Urgency, Promise: i.PromiseDue}); err != nil {
		return issue.State{}, err
	}
	if i.PromiseDue != promised {
		if err := s.movePromise(ctx, i); err != nil {
			return issue.State{}, err
		}
	}
	err = s.watchSwell(ctx, &i)
	return i, err
}

func (s *Issues) movePromise(ctx context.Context, i issue.State) error {
	if err := s.owePromise(ctx, i); err != nil {
		return err
	}
	speakers, err := s.reachable(ctx, i)
	if err != nil {
		return err
	}
	return s.u.tell(ctx, alert.PromiseMoved(i, speakers)...)
}

// handOver passes open issues that somebody follows to somebody else, with what
// is owed about them: promises follow the place (L13).
func (s *Issues) handOver(ctx context.Context, issues []issue.State, from, to org.PersonID, team org.TeamID) error {
	for _, i := range issues {
		if err := i.HandOver(to, team, s.u.today); err != nil {
			return err
		}
		if err := s.keep(ctx, &i, issue.HandedOverEvent{From: string(from), To: string(to)}); err != nil {
			return err
		}
		if err := s.rehold(ctx, i, from); err != nil {
			return err
		}
	}
	return nil
}

// rehold lets the owner's open duties about an issue follow the owner.
func (s *Issues) rehold(ctx context.Context, i issue.State, from org.PersonID) error {
	return s.u.rehold(ctx, issue.Subject(i.ID), from, i.Owner, i.Team)
}

// HandOver makes another official the owner of one issue, by the office. Issues
// of an ended assignment follow its handover by themselves.
func (s *Issues) HandOver(ctx context.Context, id issue.ID, to org.PersonID, team org.TeamID) (issue.State, error) {
	i, _, err := s.load(ctx, id, LinkIssue)
	if err != nil {
		return issue.State{}, err
	}
	from := i.Owner
	if err := i.HandOver(to, team, s.u.today); err != nil {
		return issue.State{}, err
	}
	if err := s.keep(ctx, &i, issue.HandedOverEvent{From: string(from), To: string(to)}); err != nil {
		return issue.State{}, err
	}
	return i, s.rehold(ctx, i, from)
}
