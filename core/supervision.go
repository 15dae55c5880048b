package core

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// Supervision collects what people say of the visiting official.
type Supervision struct{ u *unit }

// Remark is one rating as it comes in. Residents rate through the office, by
// phone or on paper; key persons and commune leaders rate for themselves.
type Remark struct {
	Phone    string // of a resident, E.164; only its keyed hash is kept
	Paper    bool   // a slip, keyed in by the actor and by Second
	Second   org.PersonID
	Slip     string // number of the paper slip, so that it is counted once
	Complete bool   // attended in full (S25)
	Punctual bool   // on time (S26)
	Proper   bool   // spoke and behaved properly (S27)
	Criteria map[string]bool
	Comment  string
}

// Rate takes a remark on a verified visit while its round collects: once per
// rater and visit, never by the one who held it nor from that number (A12).
func (s *Supervision) Rate(ctx context.Context, id visit.ID, m Remark) error {
	u := s.u
	round, err := u.tx.RatingRoundOf(ctx, string(id))
	if err != nil {
		return err
	}
	if err := u.allow(ctx, RateVisit, scope{person: round.Official, place: round.Place}); err != nil {
		return err
	}
	g := supervision.Rating{
		ID: supervision.RatingID(u.newID()), Round: round.ID, Source: sourceOf(u.by.Role), Complete: m.Complete, Punctual: m.Punctual,
		Proper: m.Proper, Criteria: m.Criteria, Comment: m.Comment, Paper: m.Paper, Recorded: u.now,
	}
	if m.Paper {
		g.KeyedBy = []org.PersonID{u.by.Person, m.Second}
	}
	rater, err := s.rater(ctx, round, g.Source, m)
	if err != nil {
		return err
	}
	if err := round.Take(g, rater); err != nil {
		return err
	}
	g.Rater = s.shield(rater, m)
	if err := u.tx.PutRating(ctx, &g); err != nil {
		return err
	}
	return u.journal(ctx, fact{subject: supervision.Subject(round.ID), place: round.Place, event: supervision.RatedEvent{Source: g.Source}})
}

// sourceOf is the group that a role speaks for.
func sourceOf(role org.Role) supervision.Source {
	switch role {
	case org.CommuneLeader:
		return supervision.Commune
	case org.ProgrammeOffice:
		return supervision.Resident
	}
	return supervision.KeyPerson
}

func (s *Supervision) rater(ctx context.Context, round supervision.Round, source supervision.Source, m Remark) (supervision.Rater, error) {
	official, err := s.u.dir.Person(ctx, round.Official)
	if err != nil {
		return supervision.Rater{}, err
	}
	r := supervision.Rater{Phone: m.Phone, OfficialPhone: official.Phone, Close: slices.Clone(official.Family)}
	v, err := s.u.tx.Visit(ctx, visit.ID(round.Visit))
	if err != nil {
		return supervision.Rater{}, err
	}
	if v.Official != round.Official { // somebody stood in: the one who was to come is no resident either
		owed, err := s.u.dir.Person(ctx, v.Official)
		if err != nil {
			return supervision.Rater{}, err
		}
		r.Close = append(append(r.Close, owed.Phone), owed.Family...)
		r.Handlers = []org.PersonID{v.Official}
	}
	if source != supervision.Resident {
		r.Person = s.u.by.Person
	}
	return r, nil
}

// shield is what is kept of the rater: enough to count each once, not enough to
// know who it was.
func (s *Supervision) shield(r supervision.Rater, m Remark) string {
	who := "phone:" + r.Phone
	switch {
	case r.Person != "":
		who = "person:" + string(r.Person)
	case m.Paper:
		who = "slip:" + m.Slip
	}
	return notify.HashAddress(s.u.sys.opts.Secret, "rater", who)
}

// Impression is what somebody may see of how an official's visits were rated.
type Impression struct {
	Official org.PersonID
	Period   calendar.Period
	Rounds   int
	Figures  map[supervision.Source]supervision.Figure
	Withheld bool // too few ratings to show anything to the official
}

// Impression sums the rounds of an official up that opened in the period, source
// by source. The official sees his own only from policy.Ratings.MinToShow ratings
// on; the office, the leader and the auditor see all; nobody else any.
func (s *Supervision) Impression(ctx context.Context, official org.PersonID, during calendar.Period) (Impression, error) {
	u := s.u
	if u.by.System {
		return Impression{}, unseenBySystem()
	}
	if err := u.allow(ctx, SeeRatings, scope{person: official}); err != nil {
		return Impression{}, err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return Impression{}, err
	}
	im := Impression{Official: official, Period: during}
	rounds, all, err := s.closedRounds(ctx, official, during)
	if err != nil {
		return Impression{}, err
	}
	im.Rounds = rounds
	if official == u.by.Person && len(all) < book.Ratings.MinToShow { // in whatever role
		im.Withheld = true
		return im, nil
	}
	im.Figures = supervision.Tally(all)
	return im, nil
}

func unseenBySystem() error {
	return fault.Forbidden("permission."+string(SeeRatings), "ratings are seen by persons only", "chỉ người có thẩm quyền mới được xem nhận xét")
}

// Reply is the official's word on a published round of a visit of theirs.
func (s *Supervision) Reply(ctx context.Context, id visit.ID, reply string) error {
	u := s.u
	round, err := u.tx.RatingRoundOf(ctx, string(id))
	if err != nil {
		return err
	}
	if err := u.allow(ctx, ReplyRating, scope{person: round.Official}); err != nil {
		return err
	}
	if err := round.Answer(reply); err != nil {
		return err
	}
	return s.keepRound(ctx, &round, supervision.RepliedEvent{})
}

// Raise flags something about an official that wants a talk, by the team leader
// or the office; the facts are plain, without a verdict.
func (s *Supervision) Raise(ctx context.Context, official org.PersonID, team org.TeamID, signal, facts string) (supervision.Flag, error) {
	u := s.u
	if err := u.mayFlag(ctx, official, team); err != nil {
		return supervision.Flag{}, err
	}
	if strings.TrimSpace(facts) == "" {
		return supervision.Flag{}, fault.Broken("supervision.flag.facts_missing", "facts", "a flag needs its facts", "phải nêu sự việc cụ thể")
	}
	f := supervision.Flag{ID: supervision.FlagID(u.newID()), Official: official, Signal: signal, Facts: facts, Raised: u.today, Status: supervision.Raised}
	return f, s.keepFlag(ctx, &f)
}

// AskForExplanation gives the official policy.Ratings.ExplainDays to explain.
func (s *Supervision) AskForExplanation(ctx context.Context, id supervision.FlagID, team org.TeamID) error {
	u := s.u
	f, err := u.flagged(ctx, id, team)
	if err != nil {
		return err
	}
	if err := f.Ask(); err != nil {
		return err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	_, err = u.owe(ctx, duty.Term{Kind: duty.Explain, Subject: supervision.FlagSubject(id),
		Holder: org.Party{Role: org.Official, Person: f.Official, Team: team}, Start: u.today, Days: book.Ratings.ExplainDays})
	if err != nil {
		return err
	}
	return s.keepFlag(ctx, &f)
}

// Explain is the official's explanation of a flag.
func (s *Supervision) Explain(ctx context.Context, id supervision.FlagID, text string) error {
	u := s.u
	f, err := u.tx.Flag(ctx, id)
	if err != nil {
		return err
	}
	if err := u.allow(ctx, ReplyRating, scope{person: f.Official}); err != nil {
		return err
	}
	if err := f.Explain(text); err != nil {
		return err
	}
	if err := u.meet(ctx, supervision.FlagSubject(id), u.today, duty.Explain); err != nil {
		return err
	}
	return s.keepFlag(ctx, &f)
}

// DecideFlag dismisses or upholds a flag, with a reason.
func (s *Supervision) DecideFlag(ctx context.Context, id supervision.FlagID, team org.TeamID, uphold bool, reason string) error {
	u := s.u
	f, err := u.flagged(ctx, id, team)
	if err != nil {
		return err
	}
	if err := f.Decide(uphold, reason, u.by.Person); err != nil {
		return err
	}
	if err := u.release(ctx, supervision.FlagSubject(id), duty.Explain); err != nil {
		return err
	}
	return s.keepFlag(ctx, &f)
}

// flagged returns a flag that the actor may decide about.
func (u *unit) flagged(ctx context.Context, id supervision.FlagID, team org.TeamID) (supervision.Flag, error) {
	f, err := u.tx.Flag(ctx, id)
	if err != nil {
		return supervision.Flag{}, err
	}
	return f, u.mayFlag(ctx, f.Official, team)
}

// mayFlag checks that the actor may decide about an official: a leader about the
// members their team has today, whatever team the caller names.
func (u *unit) mayFlag(ctx context.Context, official org.PersonID, team org.TeamID) error {
	about := scope{person: official}
	if team != "" {
		held, err := u.dir.Holdings(ctx, org.HoldingQuery{Person: official, Team: team, On: u.today})
		if err != nil {
			return err
		}
		if len(held) > 0 {
			about.team = team
		}
	}
	return u.allow(ctx, DecideFlag, about)
}

func (s *Supervision) keepFlag(ctx context.Context, f *supervision.Flag) error {
	if err := s.u.tx.PutFlag(ctx, f); err != nil {
		return err
	}
	return s.u.journal(ctx, fact{subject: supervision.FlagSubject(f.ID), event: supervision.FlagEvent{Signal: f.Signal, Status: f.Status}})
}

func (s *Supervision) keepRound(ctx context.Context, r *supervision.Round, e event.Event) error {
	if err := s.u.tx.PutRatingRound(ctx, r); err != nil {
		return err
	}
	return s.u.journal(ctx, fact{subject: supervision.Subject(r.ID), place: r.Place, event: e})
}

func supervisionReactions() map[string]reaction {
	return map[string]reaction{"visit.verified": askPeople}
}

// askPeople opens a rating round when a visit is verified (M7).
func askPeople(ctx context.Context, u *unit, r event.Record, e event.Event) error {
	verified, ok := e.(visit.VerifiedEvent)
	if !ok {
		return nil
	}
	if _, err := u.tx.RatingRoundOf(ctx, r.Subject.ID); !errors.Is(err, fault.ErrNotFound) {
		return err // nil: verified again after a dispute, people were asked already
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	closes := book.Add(u.today, book.Ratings.CollectDays)
	round := supervision.OpenRound(supervision.RoundID(u.newID()), r.Subject.ID, org.PlaceID(verified.Place), org.PersonID(verified.Held), u.today, closes)
	if err := u.work.Supervision.keepRound(ctx, &round, supervision.OpenedEvent{Visit: r.Subject.ID}); err != nil {
		return err
	}
	_, err = u.owe(ctx, duty.Term{Kind: duty.Rating, Subject: supervision.Subject(round.ID), Place: round.Place,
		Holder: org.Party{Role: org.ProgrammeOffice}, Start: u.today, Due: closes})
	return err
}

func supervisionElapses() map[duty.Kind]elapse {
	return map[duty.Kind]elapse{duty.Rating: publish}
}

// publish closes a rating round: shown to the official when enough people rated
// (N19), withheld otherwise.
func publish(ctx context.Context, u *unit, d duty.State) error {
	round, err := u.tx.RatingRound(ctx, supervision.RoundID(d.Subject.ID))
	if err != nil || round.Status != supervision.Collecting {
		return err
	}
	ratings, err := u.tx.Ratings(ctx, round.ID)
	if err != nil {
		return err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	if err := round.Close(len(ratings), book.Ratings.MinToShow); err != nil {
		return err
	}
	if err := u.meet(ctx, d.Subject, d.Due, duty.Rating); err != nil {
		return err
	}
	if round.Status == supervision.Withheld {
		return u.work.Supervision.keepRound(ctx, &round, supervision.WithheldEvent{})
	}
	if err := u.work.Supervision.keepRound(ctx, &round, supervision.PublishedEvent{Ratings: len(ratings)}); err != nil {
		return err
	}
	return u.tell(ctx, alert.RatingPublished(round)...)
}

// CallBacks draws, by a seed anybody can repeat, which visits of the period the
// office checks by a call (policy.Ratings.SamplePerMonth for each month begun).
func (s *Supervision) CallBacks(ctx context.Context, during calendar.Period, seed uint64) ([]visit.State, error) {
	u := s.u
	if err := u.allow(ctx, SeeTeamRatings, scope{}); err != nil {
		return nil, err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return nil, err
	}
	visits, err := u.tx.Visits(ctx, visit.Query{During: during, Statuses: []visit.Status{visit.Reported, visit.Verified, visit.Unconfirmed}})
	if err != nil {
		return nil, err
	}
	months := 12*(during.To.Year()-during.From.Year()) + int(during.To.Month()) - int(during.From.Month()) + 1
	slices.SortFunc(visits, func(a, b visit.State) int {
		return strings.Compare(supervision.Draw(seed, string(a.ID)), supervision.Draw(seed, string(b.ID)))
	})
	return visits[:min(len(visits), months*book.Ratings.SamplePerMonth)], nil
}
