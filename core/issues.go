package core

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
)

// Issues follows what is owed to the people until the answer was told.
type Issues struct{ u *unit }

// Get returns one issue, or fault.ErrNotFound.
func (s *Issues) Get(ctx context.Context, id issue.ID) (issue.State, error) {
	return s.u.tx.Issue(ctx, id)
}

// ByCode returns the issue with the code on a speaker's slip, such as
// XL-17-0142, or fault.ErrNotFound.
func (s *Issues) ByCode(ctx context.Context, code string) (issue.State, error) {
	return s.u.tx.IssueByCode(ctx, strings.ToUpper(strings.TrimSpace(code)))
}

// List returns the issues that q selects.
func (s *Issues) List(ctx context.Context, q issue.Query) ([]issue.State, error) {
	return s.u.tx.Issues(ctx, q)
}

// Registration is what registering an issue needs to know. Only Opinions is
// required.
type Registration struct {
	ID       issue.ID // of the caller's device; empty makes one
	Opinions []opinion.ID
	Title    string        // neutral, without names
	Subject  string        // may follow at triage
	Urgency  issue.Urgency // empty: normal until triage
	To       org.Role      // team_leader (S18) or programme_office (S19); empty: the team leader, where there is a team
	Owner    org.PersonID  // empty: the official who looks after the hamlet, first of all the one who heard it
	RepeatOf issue.ID      // the same matter, answered before (A5)
}

// Register takes opinions of one hamlet up as one issue that is owed to the
// people: with a code, an owner, and a promised date counted from today. Officials,
// team leaders and the office may. The speakers who have a telephone get code and
// date (N7); the team leader, or the office, owes the sorting. The rules are
// "issue.register.…" and, for each opinion, "opinion.link.…": complaints and
// denunciations never become issues (A1).
func (s *Issues) Register(ctx context.Context, r Registration) (issue.State, error) {
	u := s.u
	if err := u.allow(ctx, RegisterIssue, scope{}); err != nil {
		return issue.State{}, err
	}
	opinions, err := s.opinions(ctx, r.Opinions)
	if err != nil {
		return issue.State{}, err
	}
	full, err := s.complete(ctx, r, opinions)
	if err != nil {
		return issue.State{}, err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return issue.State{}, err
	}
	i, err := issue.New(full, book.Policy, book.Calendar, u.now)
	if err != nil {
		return issue.State{}, err
	}
	if err := s.take(ctx, i.ID, opinions); err != nil {
		return issue.State{}, err
	}
	err = s.keep(ctx, &i, issue.RegisteredEvent{
		Code: i.Code, Place: string(i.Place), Owner: string(i.Owner), Opinions: i.Opinions, Promise: i.PromiseDue, RepeatOf: string(i.RepeatOf),
	})
	if err != nil {
		return issue.State{}, err
	}
	if err := errors.Join(s.owePromise(ctx, i), s.oweTriage(ctx, i)); err != nil {
		return issue.State{}, err
	}
	speakers, err := s.reachable(ctx, i)
	if err != nil {
		return issue.State{}, err
	}
	if err := u.tell(ctx, alert.IssueRegistered(i, speakers)...); err != nil {
		return issue.State{}, err
	}
	err = s.watchSwell(ctx, &i)
	return i, err
}

// opinions loads what an issue is to be registered from: of one hamlet.
func (s *Issues) opinions(ctx context.Context, ids []opinion.ID) ([]opinion.State, error) {
	var opinions []opinion.State
	for _, id := range ids {
		o, err := s.u.tx.Opinion(ctx, id)
		if err != nil {
			return nil, err
		}
		if len(opinions) > 0 && o.Place != opinions[0].Place {
			return nil, fault.Broken("issue.register.other_place", "opinions", "the opinions come from %s and %s: register one issue for each hamlet and link them", "các ý kiến ở %s và %s: lập vấn đề riêng cho từng ấp rồi liên kết", opinions[0].Place, o.Place)
		}
		opinions = append(opinions, o)
	}
	return opinions, nil
}

// complete fills in what follows from the opinions: the hamlet, who follows the
// issue, in which team, and the next code of the year's series.
func (s *Issues) complete(ctx context.Context, r Registration, opinions []opinion.State) (issue.Registration, error) {
	u := s.u
	full := issue.Registration{ID: r.ID, Title: r.Title, Subject: r.Subject, Urgency: r.Urgency, To: r.To, Owner: r.Owner}
	if full.ID == "" {
		full.ID = issue.ID(u.newID())
	}
	if full.Urgency == "" {
		full.Urgency = issue.Normal
	}
	for _, o := range opinions {
		full.Opinions = append(full.Opinions, string(o.ID))
		full.Place = o.Place
	}
	if len(opinions) > 0 {
		if err := s.own(ctx, &full, opinions[0].Heard); err != nil {
			return full, err
		}
	}
	if full.To == "" {
		full.To = org.TeamLeader
		if full.Team == "" {
			full.To = org.ProgrammeOffice
		}
	}
	if r.RepeatOf != "" {
		earlier, err := u.tx.Issue(ctx, r.RepeatOf)
		if err != nil {
			return full, err
		}
		full.Earlier = &earlier
	}
	series := fmt.Sprintf("%s-%02d", u.sys.opts.Series, u.today.Year()%100)
	n, err := u.tx.NextIssueNumber(ctx, series)
	full.Code = fmt.Sprintf("%s-%04d", series, n)
	return full, err
}

// own finds who follows the issue: the official named, else one assigned to the
// hamlet, first of all the one who heard it.
func (s *Issues) own(ctx context.Context, r *issue.Registration, heard org.PersonID) error {
	assignments, err := s.u.inForceAt(ctx, r.Place)
	if err != nil {
		return err
	}
	chosen := -1
	for n, a := range assignments {
		switch {
		case a.Official == r.Owner, r.Owner == "" && a.Official == heard:
			chosen = n
		case r.Owner == "" && chosen < 0:
			chosen = n
		}
	}
	if chosen >= 0 {
		r.Owner, r.Team = assignments[chosen].Official, assignments[chosen].Team
		return nil
	}
	if r.Owner == "" {
		return nil // nobody looks after the hamlet: issue.New says so
	}
	holdings, err := s.u.dir.Holdings(ctx, org.HoldingQuery{Person: r.Owner, On: s.u.today})
	for _, h := range holdings {
		if h.Team != "" {
			r.Team = h.Team
			break
		}
	}
	return err
}

// inForceAt are the assignments to a place that hold today.
func (u *unit) inForceAt(ctx context.Context, place org.PlaceID) ([]programme.Assignment, error) {
	return u.tx.Assignments(ctx, programme.AssignmentQuery{
		Place: place, During: calendar.Period{From: u.today, To: u.today}, Statuses: inForce(),
	})
}

// take links the opinions to their issue.
func (s *Issues) take(ctx context.Context, id issue.ID, opinions []opinion.State) error {
	var faults fault.List
	for n := range opinions {
		faults.Add(opinions[n].LinkTo(string(id)))
	}
	if err := faults.Err(); err != nil {
		return err
	}
	for n := range opinions {
		if err := s.u.work.Opinions.keep(ctx, &opinions[n], opinion.LinkedEvent{Issue: string(id)}); err != nil {
			return err
		}
	}
	return nil
}

// load reads an issue, checks that the actor may do the action with it, and
// brings the rules along.
func (s *Issues) load(ctx context.Context, id issue.ID, action Action) (issue.State, rules, error) {
	i, err := s.u.tx.Issue(ctx, id)
	if err != nil {
		return issue.State{}, rules{}, err
	}
	if err := s.u.allow(ctx, action, about(i)); err != nil {
		return issue.State{}, rules{}, err
	}
	book, err := s.u.rules(ctx)
	return i, book, err
}

// about is what an action with the issue is about.
func about(i issue.State) scope {
	return scope{person: i.Owner, place: i.Place, team: i.Team, unit: i.Lead()}
}

// keep stores the issue and journals what happened to it. What people wrote is
// in the issue and nowhere else.
func (s *Issues) keep(ctx context.Context, i *issue.State, e event.Event) error {
	if err := s.u.tx.PutIssue(ctx, i); err != nil {
		return err
	}
	return s.note(ctx, *i, e, calendar.Date{})
}

// note journals something more that happened to the issue, on a day before today
// perhaps.
func (s *Issues) note(ctx context.Context, i issue.State, e event.Event, on calendar.Date) error {
	f := fact{subject: issue.Subject(i.ID), event: e, place: i.Place}
	if !on.IsZero() && on.Before(s.u.today) {
		f.happened = on.At(calendar.TimeOfDay{})
	}
	return s.u.journal(ctx, f)
}

// reachable are those who raised the matter and can be sent text messages.
func (s *Issues) reachable(ctx context.Context, i issue.State) ([]opinion.SpeakerID, error) {
	var speakers []opinion.SpeakerID
	for _, id := range i.Opinions {
		_, speaker, err := s.heard(ctx, id)
		if err != nil {
			return nil, err
		}
		if speaker.TakesSMS() {
			speakers = append(speakers, speaker.ID)
		}
	}
	return speakers, nil
}

// heard is an opinion of an issue and who spoke; an empty speaker when nobody knows.
func (s *Issues) heard(ctx context.Context, id string) (opinion.State, opinion.Speaker, error) {
	o, err := s.u.tx.Opinion(ctx, opinion.ID(id))
	if err != nil || o.Anonymous() {
		return o, opinion.Speaker{}, err
	}
	speaker, err := s.u.tx.Speaker(ctx, o.Speaker)
	return o, speaker, err
}
