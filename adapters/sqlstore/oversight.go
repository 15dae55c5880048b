package sqlstore

import (
	"context"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/supervision"
)

var (
	cases = newTable("sealed case", "outreach_sealed_case",
		func(c *sealed.Case) string { return string(c.ID) }, func(c *sealed.Case) *int64 { return &c.Version })

	accesses = newTable("sealed access", "outreach_sealed_access",
		func(a *sealed.Access) string { return a.ID }, nil,
		text("case_id", func(a *sealed.Access) sealed.ID { return a.Case }),
		instant("at", func(a *sealed.Access) time.Time { return a.At }))

	rounds = newTable("rating round", "outreach_rating_round",
		func(r *supervision.Round) string { return string(r.ID) }, func(r *supervision.Round) *int64 { return &r.Version },
		text("visit", func(r *supervision.Round) string { return r.Visit }),
		text("official", func(r *supervision.Round) org.PersonID { return r.Official }),
		date("opened", func(r *supervision.Round) calendar.Date { return r.Opened }))

	ratings = newTable("rating", "outreach_rating",
		func(r *supervision.Rating) string { return string(r.ID) }, func(r *supervision.Rating) *int64 { return &r.Version },
		text("round", func(r *supervision.Rating) supervision.RoundID { return r.Round }),
		text("rater", func(r *supervision.Rating) string { return r.Rater }))

	flags = newTable("flag", "outreach_flag",
		func(f *supervision.Flag) string { return string(f.ID) }, func(f *supervision.Flag) *int64 { return &f.Version },
		text("official", func(f *supervision.Flag) org.PersonID { return f.Official }))

	reports = newTable("report", "outreach_report",
		func(s *report.State) string { return string(s.ID) }, func(s *report.State) *int64 { return &s.Version },
		text("kind", func(s *report.State) report.Kind { return s.Kind }),
		text("team", func(s *report.State) org.TeamID { return s.Team }),
		text("official", func(s *report.State) org.PersonID { return s.Official }),
		text("status", func(s *report.State) report.Status { return s.Status }),
		date("period_from", func(s *report.State) calendar.Date { return s.Period.From }),
		date("period_to", func(s *report.State) calendar.Date { return s.Period.To }))
)

// SealedCase implements [sealed.Vault].
func (t *tx) SealedCase(ctx context.Context, id sealed.ID) (sealed.Case, error) {
	return cases.get(ctx, t, string(id))
}

// PutSealedCase implements [sealed.Vault].
func (t *tx) PutSealedCase(ctx context.Context, c *sealed.Case) error { return cases.put(ctx, t, c) }

// SealedCases implements [sealed.Vault].
func (t *tx) SealedCases(ctx context.Context) ([]sealed.Case, error) {
	return cases.list(ctx, t, "ORDER BY id")
}

// AddSealedAccess implements [sealed.Vault]; ErrExists when the id is taken.
func (t *tx) AddSealedAccess(ctx context.Context, a *sealed.Access) error {
	written, err := accesses.insert(ctx, t, a)
	if err == nil && !written {
		return fault.Exists("sealed access", a.ID)
	}
	return err
}

// SealedAccesses implements [sealed.Vault].
func (t *tx) SealedAccesses(ctx context.Context, id sealed.ID) ([]sealed.Access, error) {
	return accesses.list(ctx, t, "WHERE case_id = $1 ORDER BY at, id", string(id))
}

// RatingRound implements [supervision.Repository].
func (t *tx) RatingRound(ctx context.Context, id supervision.RoundID) (supervision.Round, error) {
	return rounds.get(ctx, t, string(id))
}

// RatingRoundOf implements [supervision.Repository]; of several the one opened last.
func (t *tx) RatingRoundOf(ctx context.Context, visit string) (supervision.Round, error) {
	return rounds.one(ctx, t, visit, "WHERE visit = $1 ORDER BY opened DESC NULLS LAST, id LIMIT 1", visit)
}

// PutRatingRound implements [supervision.Repository].
func (t *tx) PutRatingRound(ctx context.Context, r *supervision.Round) error {
	return rounds.put(ctx, t, r)
}

// RatingRounds implements [supervision.Repository].
func (t *tx) RatingRounds(ctx context.Context, official org.PersonID, during calendar.Period) ([]supervision.Round, error) {
	where := t.where()
	where.is("official", string(official))
	where.within("opened", during)
	return rounds.list(ctx, t, where.ordered("opened NULLS FIRST, id", 0), where.args...)
}

// PutRating implements [supervision.Repository].
func (t *tx) PutRating(ctx context.Context, r *supervision.Rating) error {
	return ratings.put(ctx, t, r)
}

// Ratings implements [supervision.Repository]; ordered by id.
func (t *tx) Ratings(ctx context.Context, round supervision.RoundID) ([]supervision.Rating, error) {
	return ratings.list(ctx, t, "WHERE round = $1 ORDER BY id", string(round))
}

// Flag implements [supervision.Repository].
func (t *tx) Flag(ctx context.Context, id supervision.FlagID) (supervision.Flag, error) {
	return flags.get(ctx, t, string(id))
}

// PutFlag implements [supervision.Repository].
func (t *tx) PutFlag(ctx context.Context, f *supervision.Flag) error { return flags.put(ctx, t, f) }

// Flags implements [supervision.Repository]; ordered by id.
func (t *tx) Flags(ctx context.Context, official org.PersonID) ([]supervision.Flag, error) {
	where := t.where()
	where.is("official", string(official))
	return flags.list(ctx, t, where.ordered("id", 0), where.args...)
}

// PeriodReport implements [report.Repository].
func (t *tx) PeriodReport(ctx context.Context, id report.ID) (report.State, error) {
	return reports.get(ctx, t, string(id))
}

// PutPeriodReport implements [report.Repository].
func (t *tx) PutPeriodReport(ctx context.Context, s *report.State) error {
	return reports.put(ctx, t, s)
}

// PeriodReports implements [report.Repository].
func (t *tx) PeriodReports(ctx context.Context, q report.Query) ([]report.State, error) {
	where := t.where()
	where.is("kind", string(q.Kind))
	where.is("team", string(q.Team))
	where.is("official", string(q.Official))
	where.overlaps("period_from", "period_to", q.During)
	oneOf(where, "status", q.Statuses)
	return reports.list(ctx, t, where.ordered("period_from NULLS FIRST, id", 0), where.args...)
}
