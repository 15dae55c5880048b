package core

import (
	"context"
	"errors"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
)

// AskPause asks, by the lead unit and until its due date, that its clock stands
// still while the speaker or a higher level has to say something; note says what
// is waited for. The office is told at once and decides with [Issues.DecideRequest],
// or the programme's leader does; the clock runs on until then, and what is late by
// then cannot be paused any more. The rules are "issue.request.…" and "duty.pause.…".
func (s *Issues) AskPause(ctx context.Context, id issue.ID, reason issue.PauseReason, note string) (issue.State, error) {
	return s.request(ctx, id, issue.Request{Kind: issue.AsksPause, Pause: reason, Reason: note})
}

// AskExtension asks, by the lead unit and until its due date, for so many working
// days more, with the interim reply that the people would get; Days, Reason and
// Message of x are needed. The office is told at once. What was asked in time may
// be granted after the due date (model 4). The rules are "issue.request.…" and
// "duty.extend.…".
func (s *Issues) AskExtension(ctx context.Context, id issue.ID, x issue.Extension) (issue.State, error) {
	return s.request(ctx, id, issue.Request{Kind: issue.AsksExtension, Days: x.Days, Reason: x.Reason, Message: x.Message})
}

func (s *Issues) request(ctx context.Context, id issue.ID, r issue.Request) (issue.State, error) {
	u := s.u
	i, book, err := s.load(ctx, id, AnswerReferral)
	if err != nil {
		return issue.State{}, err
	}
	r.On, r.By = u.today, u.by.Person
	if err := i.Ask(r); err != nil {
		return issue.State{}, err
	}
	if err := s.grantable(ctx, i, book); err != nil {
		return issue.State{}, err
	}
	if err := s.keep(ctx, &i, issue.RequestedEvent{Request: r.Kind, Due: i.Current().Due}); err != nil {
		return issue.State{}, err
	}
	return i, u.tell(ctx, alert.IssueRequested(i)...)
}

// grantable refuses to ask for what the clock could not grant today; it is tried
// on a copy of the clock.
func (s *Issues) grantable(ctx context.Context, i issue.State, book rules) error {
	open, err := s.u.openDuties(ctx, issue.Subject(i.ID), duty.Unit)
	if err != nil || len(open) == 0 { // a host keeps the clock itself
		return err
	}
	r, d := i.Request(), open[0]
	if r.Kind == issue.AsksPause {
		return d.Pause(string(r.Pause), r.By, book.Policy, book.Calendar, s.u.now)
	}
	return d.Extend(r.Days, r.Reason, r.By, book.Policy, book.Calendar, s.u.now)
}

// DecideRequest grants what the lead unit asked for, as it was asked, or refuses
// it with a reason, by the office or the programme's leader, never one's own. The
// unit is told; owner and speakers hear only of what was granted (N11), as after
// [Issues.Pause] and [Issues.Extend], which grant a request as well. The rules are
// "issue.request.…" and those of what is granted.
func (s *Issues) DecideRequest(ctx context.Context, id issue.ID, grant bool, reason string) (issue.State, error) {
	u := s.u
	i, book, err := s.load(ctx, id, ApprovePause)
	if err != nil {
		return issue.State{}, err
	}
	if grant {
		r, err := i.Granting(u.by.Person)
		if err != nil {
			return issue.State{}, err
		}
		if r.Kind == issue.AsksPause {
			return s.stand(ctx, i, r.Pause, r.Reason)
		}
		return s.giveTime(ctx, i, issue.Extension{Days: r.Days, Reason: r.Reason, Message: r.Message}, book)
	}
	if err := i.Refuse(reason, u.by.Person, u.today); err != nil {
		return issue.State{}, err
	}
	refused := i.Requests[len(i.Requests)-1]
	if err := s.keep(ctx, &i, issue.RequestDecidedEvent{Request: refused.Kind}); err != nil {
		return issue.State{}, err
	}
	return i, u.tell(ctx, alert.RequestDecided(i, i.Current().Due)...)
}

// granted journals that what the unit asked for was given, and tells it by when
// it has to go on, or to answer.
func (s *Issues) granted(ctx context.Context, i issue.State, asked *issue.Request, kind issue.RequestKind, due calendar.Date) error {
	if asked == nil || asked.Kind != kind {
		return nil
	}
	if err := s.note(ctx, i, issue.RequestDecidedEvent{Request: kind, Granted: true}, s.u.today); err != nil {
		return err
	}
	return s.u.tell(ctx, alert.RequestDecided(i, due)...)
}

// Contribute writes down what a cooperating unit adds to the answer, by its clerk
// or head; the lead unit sees it when it drafts ([issue.State.Added]). It may be
// done again and has no due date. The rules are "issue.contribute.…".
func (s *Issues) Contribute(ctx context.Context, id issue.ID, text string) (issue.State, error) {
	u := s.u
	i, err := u.tx.Issue(ctx, id)
	if err != nil {
		return issue.State{}, err
	}
	a := issue.Addition{Text: text, On: u.today, By: u.by.Person}
	if a.Unit, err = s.cooperates(ctx, i); err != nil {
		return issue.State{}, err
	}
	if err := i.Add(a); err != nil {
		return issue.State{}, err
	}
	err = s.keep(ctx, &i, issue.AddedEvent{Number: i.Current().Number, Unit: string(a.Unit)})
	return i, err
}

// cooperates is the cooperating unit of an issue for which the actor may write.
func (s *Issues) cooperates(ctx context.Context, i issue.State) (org.UnitID, error) {
	units := []org.UnitID{""} // with nobody to cooperate, nobody may
	if r := i.Current(); r != nil && len(r.Cooperating) > 0 {
		units = r.Cooperating
	}
	var refused error
	for _, unit := range units {
		refused = s.u.allow(ctx, AnswerReferral, scope{place: i.Place, unit: unit})
		if !errors.Is(refused, fault.ErrForbidden) {
			return unit, refused
		}
	}
	return "", refused
}
