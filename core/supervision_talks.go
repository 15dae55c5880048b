package core

import (
	"context"
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// Signals looks for signs of mere form in the visits of an official (model M10):
// plain facts with a name each, for a talk. Nothing is kept or told; who wants to
// talk about one raises it as a flag. The leader of the official's team and the
// office may look, nobody at their own.
func (s *Supervision) Signals(ctx context.Context, official org.PersonID, team org.TeamID, during calendar.Period) ([]supervision.Signal, error) {
	u := s.u
	if err := u.mayFlag(ctx, official, team); err != nil {
		return nil, err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return nil, err
	}
	visits, err := u.tx.Visits(ctx, visit.Query{Official: official, During: during})
	if err != nil {
		return nil, err
	}
	var seen []supervision.Seen
	for _, v := range visits {
		if !v.Claimed() || v.Holder() != official || len(v.Reports) == 0 {
			continue
		}
		heard, err := u.tx.Opinions(ctx, opinion.Query{Visit: string(v.ID)})
		if err != nil {
			return nil, err
		}
		seen = append(seen, seenOf(v, len(heard)))
	}
	return supervision.Signals(seen, book.Ratings), nil
}

// seenOf is what signals look at in one visit.
func seenOf(v visit.State, opinions int) supervision.Seen {
	r := v.Reports[0]
	byOthers := slices.ContainsFunc(v.Evidence, func(e visit.Evidence) bool { return e.Grade != visit.Self && !e.Denies })
	return supervision.Seen{
		Visit: string(v.ID), Place: v.Place, On: v.Happened, Started: r.Started, Minutes: r.Minutes, People: r.People,
		Opinions: opinions, Reported: r.Recorded, OwnWord: !byOthers,
	}
}

// Flags lists the flags about an official: for the official, the leader of the
// official's team and the office, and nobody else (model M10).
func (s *Supervision) Flags(ctx context.Context, official org.PersonID, team org.TeamID) ([]supervision.Flag, error) {
	if official == "" {
		return nil, fault.Broken("supervision.flags.official_missing", "official", "say whose flags are asked for", "phải nêu công chức cần xem")
	}
	if err := s.u.seesFlags(ctx, official, team); err != nil {
		return nil, err
	}
	return s.u.tx.Flags(ctx, official)
}

func (u *unit) seesFlags(ctx context.Context, official org.PersonID, team org.TeamID) error {
	if official == u.by.Person {
		return u.allow(ctx, ReplyRating, scope{person: official})
	}
	return u.mayFlag(ctx, official, team)
}

// AgreeAction adds something to be done to an upheld flag, by the team leader or
// the office: due is its day, or the next working one. The official owes it until
// then. Rules: supervision.action.*.
func (s *Supervision) AgreeAction(ctx context.Context, id supervision.FlagID, team org.TeamID, what string, due calendar.Date) (supervision.Action, error) {
	u := s.u
	f, err := u.flagged(ctx, id, team)
	if err != nil {
		return supervision.Action{}, err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return supervision.Action{}, err
	}
	a := supervision.Action{ID: supervision.ActionID(u.newID()), What: what, Agreed: u.today, By: u.by.Person, Due: book.NextWorkingDay(due)}
	if err := f.Agree(a); err != nil {
		return supervision.Action{}, err
	}
	if _, err := u.owe(ctx, duty.Term{Kind: duty.Action, Subject: supervision.ActionSubject(a.ID),
		Holder: org.Party{Role: org.Official, Person: f.Official, Team: team}, Start: u.today, Due: a.Due}); err != nil {
		return supervision.Action{}, err
	}
	return f.Actions[len(f.Actions)-1], s.keepAction(ctx, &f, a.ID, supervision.Agreed)
}

// CompleteAction is the official's word that an action was done, with its result.
// Rules: supervision.action.*.
func (s *Supervision) CompleteAction(ctx context.Context, id supervision.FlagID, action supervision.ActionID, result string) error {
	u := s.u
	f, err := u.tx.Flag(ctx, id)
	if err != nil {
		return err
	}
	if err := u.allow(ctx, ReplyRating, scope{person: f.Official}); err != nil {
		return err
	}
	if err := f.EndAction(action, supervision.Done, result, u.today); err != nil {
		return err
	}
	if err := u.meet(ctx, supervision.ActionSubject(action), u.today, duty.Action); err != nil {
		return err
	}
	return s.keepAction(ctx, &f, action, supervision.Done)
}

// DropAction takes an action back, by the team leader or the office, with a
// reason. Rules: supervision.action.*.
func (s *Supervision) DropAction(ctx context.Context, id supervision.FlagID, team org.TeamID, action supervision.ActionID, reason string) error {
	u := s.u
	f, err := u.flagged(ctx, id, team)
	if err != nil {
		return err
	}
	if err := f.EndAction(action, supervision.Dropped, reason, u.today); err != nil {
		return err
	}
	if err := u.release(ctx, supervision.ActionSubject(action), duty.Action); err != nil {
		return err
	}
	return s.keepAction(ctx, &f, action, supervision.Dropped)
}

func (s *Supervision) keepAction(ctx context.Context, f *supervision.Flag, id supervision.ActionID, to supervision.ActionStatus) error {
	if err := s.u.tx.PutFlag(ctx, f); err != nil {
		return err
	}
	return s.u.journal(ctx, fact{subject: supervision.FlagSubject(f.ID), event: supervision.ActionEvent{Action: id, Status: to}})
}

// aboutAPerson reports whether a duty tells of a flag, which is nobody's business
// but the official's and that of those who may raise one.
func aboutAPerson(d duty.State) bool { return d.Kind == duty.Explain || d.Kind == duty.Action }

// mayKnow reports whether the actor may know of a duty that tells of a flag.
func (u *unit) mayKnow(ctx context.Context, d duty.State) (bool, error) {
	err := u.seesFlags(ctx, d.Holder.Person, d.Holder.Team)
	if errors.Is(err, fault.ErrForbidden) {
		return false, nil
	}
	return err == nil, err
}

func supervisionRoutines() []routine { return []routine{{"rating_rounds", finishRounds}} }

// finishRounds ends the rounds whose time to reply, policy Ratings.ExplainDays
// after they closed, is over (model M7).
func finishRounds(ctx context.Context, u *unit) error {
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	const longAgo = 6 // months: a round that no sweep has seen for so long stays as it is
	rounds, err := u.tx.RatingRounds(ctx, "", calendar.Period{From: u.today.AddMonths(-longAgo), To: u.today})
	if err != nil {
		return err
	}
	for _, r := range rounds {
		shown := r.Status == supervision.Published || r.Status == supervision.Replied
		if !shown || !u.today.After(book.Add(r.Closes, book.Ratings.ExplainDays)) {
			continue
		}
		if err := r.Finish(); err != nil {
			return err
		}
		if err := u.work.Supervision.keepRound(ctx, &r, supervision.FinalEvent{}); err != nil {
			return err
		}
	}
	return nil
}
