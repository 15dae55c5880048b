package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/supervision"
)

// oversight are the promises of the queries of sealed, supervision and report.
func oversight() []promise {
	return []promise{
		{"sealed/cases", "SealedCases lists everything, ordered by id.", listsSealedCases},
		{"sealed/accesses", "SealedAccesses lists those of the case, ordered by instant, then by id.", listsAccesses},
		{"supervision/round of", "RatingRoundOf finds the round of a visit, ErrNotFound when there is none.", findsRoundOfVisit},
		{"supervision/rounds", "RatingRounds selects by official and period, ordered by the day they were opened.", selectsRounds},
		{"supervision/one rating each", "A second rating by one rater in one round is ErrExists; in another round it is kept.", refusesSecondRating},
		{"supervision/ratings", "Ratings lists those of the round, ordered by id.", listsRatings},
		{"supervision/flags", "Flags selects by official, ordered by id.", selectsFlags},
		{"report/query", "PeriodReports selects by kind, team, official, period and status.", selectsReports},
		{"report/order", "PeriodReports come ordered by the first day of their period, then by id.", ordersReports},
	}
}

func listsSealedCases(k kit) {
	question[nothing, sealed.Case]{name: "SealedCases", of: cases,
		find: func(ctx context.Context, tx store.Tx, _ nothing) ([]sealed.Case, error) { return tx.SealedCases(ctx) },
	}.byID(k, plain)
}

func listsAccesses(k kit) {
	a := question[sealed.ID, sealed.Access]{name: "SealedAccesses", of: accesses,
		find: func(ctx context.Context, tx store.Tx, id sealed.ID) ([]sealed.Access, error) {
			return tx.SealedAccesses(ctx, id)
		}}
	access := func(id string, of sealed.ID, after int) sealed.Access {
		return sealed.Access{ID: id, Case: of, At: morning.Add(time.Duration(after) * time.Microsecond)}
	}
	a.insert(k, access("z", "this", -1), access("A", "this", 0), access("a", "this", 0), access("0", "this", 1), access("x", "that", 0))
	a.inOrder(k, "of one case", "this", "z", "A", "a", "0")
	a.inOrder(k, "of a case without", "nowhere")
}

func findsRoundOfVisit(k kit) {
	for i, id := range []string{"a", "b"} {
		r := rounds.sample(id, i)
		r.Visit = "visit of " + id
		rounds.insert(k, &r)
		k.view(func(ctx context.Context, tx store.Tx) error {
			got, err := tx.RatingRoundOf(ctx, r.Visit)
			rounds.same(k, "found by visit", r, got)
			return err
		})
	}
	k.view(func(ctx context.Context, tx store.Tx) error {
		if _, err := tx.RatingRoundOf(ctx, "nowhere"); !errors.Is(err, fault.ErrNotFound) {
			k.Errorf("RatingRoundOf of a visit without one gave %v, want ErrNotFound", err)
		}
		return nil
	})
}

// roundsAskedFor are the parameters of RatingRounds.
type roundsAskedFor struct {
	official org.PersonID
	during   calendar.Period
}

func selectsRounds(k kit) {
	type (
		q = roundsAskedFor
		v = supervision.Round
	)
	a := question[q, v]{name: "RatingRounds", of: rounds,
		find: func(ctx context.Context, tx store.Tx, q q) ([]v, error) {
			return tx.RatingRounds(ctx, q.official, q.during)
		}}
	a.filters(k, func(r *v) { r.Official, r.Opened = "official", march.From }, []filter[q, v]{
		{"official", func(q *q) { q.official = "official" }, func(r *v) { r.Official = "other" }},
		{"period", func(q *q) { q.during = march }, func(r *v) { r.Opened = march.To.Add(1) }},
	})
	a.within(k, func(r *v) { r.Official = "opened" }, func(r *v, on calendar.Date) { r.Opened = on },
		func(p calendar.Period) q { return q{"opened", p} })
	a.inOrder(k, "order", q{official: "opened"}, "no date", "before", "first", "within", "last", "after")
}

func refusesSecondRating(k kit) {
	first := ratings.sample("a", 1)
	ratings.insert(k, &first)
	second := ratings.sample("b", 2)
	second.Rater = first.Rater
	ratings.refused(k, second, fault.ErrExists, "a second rating by the same rater")
	k.update(func(ctx context.Context, tx store.Tx) error {
		again := second
		if err := tx.PutRating(ctx, &again); !errors.Is(err, fault.ErrExists) {
			k.Errorf("a second rating gave %v, want ErrExists", err)
		}
		elsewhere := second
		elsewhere.Round = "another round"
		return tx.PutRating(ctx, &elsewhere) // the refusal left the transaction whole
	})
	k.view(func(ctx context.Context, tx store.Tx) error {
		here, err := tx.Ratings(ctx, first.Round)
		there, again := tx.Ratings(ctx, "another round")
		if len(here) != 1 || len(there) != 1 {
			k.Errorf("%d ratings in the round and %d in the other, want 1 and 1", len(here), len(there))
		}
		return errors.Join(err, again)
	})
	first.Comment = "thought again"
	ratings.insert(k, &first)
}

func listsRatings(k kit) {
	a := question[supervision.RoundID, supervision.Rating]{name: "Ratings", of: ratings,
		find: func(ctx context.Context, tx store.Tx, id supervision.RoundID) ([]supervision.Rating, error) {
			return tx.Ratings(ctx, id)
		}}
	var values []supervision.Rating
	for _, id := range disorder {
		values = append(values, a.model(id, plain))
	}
	a.insert(k, values...)
	a.insert(k, a.model("other", func(r *supervision.Rating) { r.Round = "another round" }))
	a.inOrder(k, "of one round", "round", disorder...)
	a.inOrder(k, "of a round without", "nowhere")
}

func selectsFlags(k kit) {
	a := question[org.PersonID, supervision.Flag]{name: "Flags", of: flags,
		find: func(ctx context.Context, tx store.Tx, official org.PersonID) ([]supervision.Flag, error) {
			return tx.Flags(ctx, official)
		}}
	a.byID(k, func(f *supervision.Flag) { f.Official = "official" })
	a.insert(k, a.model("c", func(f *supervision.Flag) { f.Official = "other" }))
	a.inOrder(k, "of one official", "official", disorder...)
	a.inOrder(k, "of another", "other", "c")
	a.inOrder(k, "of an official without", "nobody")
}

var reportsAsked = question[report.Query, report.State]{name: "PeriodReports", of: reports,
	find: func(ctx context.Context, tx store.Tx, q report.Query) ([]report.State, error) {
		return tx.PeriodReports(ctx, q)
	}}

func selectsReports(k kit) {
	type (
		q = report.Query
		v = report.State
	)
	a := reportsAsked
	a.filters(k, func(s *v) {
		s.Kind, s.Team, s.Official, s.Status, s.Period = report.Round, "team", "official", report.Submitted, march
	}, []filter[q, v]{
		{"kind", func(q *q) { q.Kind = report.Round }, func(s *v) { s.Kind = report.Month }},
		{"team", func(q *q) { q.Team = "team" }, func(s *v) { s.Team = "" }},
		{"official", func(q *q) { q.Official = "official" }, func(s *v) { s.Official = "other" }},
		{"period", func(q *q) { q.During = march }, func(s *v) { s.Period = calendar.Period{From: march.To.Add(1), To: march.To.Add(2)} }},
		{"status", func(q *q) { q.Statuses = []report.Status{report.Open, report.Submitted} }, func(s *v) { s.Status = report.Locked }},
	})
	a.overlapping(k, func(s *v) { s.Team = "period" }, func(s *v) *calendar.Period { return &s.Period },
		func(p calendar.Period) q { return q{Team: "period", During: p} })
}

func ordersReports(k kit) {
	reportsAsked.byDate(k, plain, func(s *report.State, on calendar.Date) {
		if !on.IsZero() {
			s.Period = calendar.Period{From: on, To: on.Add(14)}
		}
	})
}
