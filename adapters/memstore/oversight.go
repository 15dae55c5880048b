package memstore

import (
	"context"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/supervision"
)

// SealedCase implements [sealed.Vault].
func (tx *Tx) SealedCase(_ context.Context, id sealed.ID) (sealed.Case, error) {
	return tx.cases.get(string(id))
}

// PutSealedCase implements [sealed.Vault].
func (tx *Tx) PutSealedCase(_ context.Context, c *sealed.Case) error { return tx.cases.put(c) }

// SealedCases implements [sealed.Vault].
func (tx *Tx) SealedCases(context.Context) ([]sealed.Case, error) {
	return tx.cases.pick(tx.cases.all(), every, byID, 0)
}

// AddSealedAccess implements [sealed.Vault]; ErrExists when the id is taken.
func (tx *Tx) AddSealedAccess(_ context.Context, a *sealed.Access) error {
	if _, taken := tx.accesses.at(a.ID); taken {
		return fault.Exists("sealed access", a.ID)
	}
	return tx.accesses.add(a)
}

// SealedAccesses implements [sealed.Vault].
func (tx *Tx) SealedAccesses(_ context.Context, id sealed.ID) ([]sealed.Access, error) {
	return tx.accesses.pick(tx.accesses.all(), func(a *sealed.Access) bool { return a.Case == id },
		func(a, b *sealed.Access) int { return a.At.Compare(b.At) }, 0)
}

// RatingRound implements [supervision.Repository].
func (tx *Tx) RatingRound(_ context.Context, id supervision.RoundID) (supervision.Round, error) {
	return tx.rounds.get(string(id))
}

// RatingRoundOf implements [supervision.Repository]; of several the one opened last.
func (tx *Tx) RatingRoundOf(_ context.Context, visit string) (supervision.Round, error) {
	return tx.rounds.first(term("visit", visit), visit,
		func(r *supervision.Round) bool { return r.Visit == visit },
		func(a, b *supervision.Round) int { return b.Opened.Compare(a.Opened) })
}

// PutRatingRound implements [supervision.Repository].
func (tx *Tx) PutRatingRound(_ context.Context, r *supervision.Round) error { return tx.rounds.put(r) }

// RatingRounds implements [supervision.Repository].
func (tx *Tx) RatingRounds(_ context.Context, official org.PersonID, during calendar.Period) ([]supervision.Round, error) {
	return tx.rounds.pick(tx.rounds.all(), func(r *supervision.Round) bool {
		return is(official, r.Official) && within(during, r.Opened)
	}, func(a, b *supervision.Round) int { return a.Opened.Compare(b.Opened) }, 0)
}

// PutRating implements [supervision.Repository].
func (tx *Tx) PutRating(_ context.Context, r *supervision.Rating) error {
	if tx.ratings.has(term("round", string(r.Round)), func(o *supervision.Rating) bool {
		return o.Round == r.Round && o.Rater == r.Rater && o.ID != r.ID
	}) {
		return fault.Exists("rating in round", string(r.Round))
	}
	return tx.ratings.put(r)
}

// Ratings implements [supervision.Repository]; ordered by id.
func (tx *Tx) Ratings(_ context.Context, round supervision.RoundID) ([]supervision.Rating, error) {
	return tx.ratings.pick(tx.ratings.having(term("round", string(round))),
		func(r *supervision.Rating) bool { return r.Round == round }, byID, 0)
}

// Flag implements [supervision.Repository].
func (tx *Tx) Flag(_ context.Context, id supervision.FlagID) (supervision.Flag, error) {
	return tx.flags.get(string(id))
}

// PutFlag implements [supervision.Repository].
func (tx *Tx) PutFlag(_ context.Context, f *supervision.Flag) error { return tx.flags.put(f) }

// Flags implements [supervision.Repository]; ordered by id.
func (tx *Tx) Flags(_ context.Context, official org.PersonID) ([]supervision.Flag, error) {
	return tx.flags.pick(tx.flags.all(), func(f *supervision.Flag) bool { return is(official, f.Official) }, byID, 0)
}

// PeriodReport implements [report.Repository].
func (tx *Tx) PeriodReport(_ context.Context, id report.ID) (report.State, error) {
	return tx.reports.get(string(id))
}

// PutPeriodReport implements [report.Repository].
func (tx *Tx) PutPeriodReport(_ context.Context, s *report.State) error { return tx.reports.put(s) }

// PeriodReports implements [report.Repository].
func (tx *Tx) PeriodReports(_ context.Context, q report.Query) ([]report.State, error) {
	return tx.reports.pick(tx.reports.all(), func(s *report.State) bool {
		return is(q.Kind, s.Kind) && is(q.Team, s.Team) && is(q.Official, s.Official) &&
			overlap(q.During, s.Period) && among(q.Statuses, s.Status)
	}, func(a, b *report.State) int { return a.Period.From.Compare(b.Period.From) }, 0)
}
