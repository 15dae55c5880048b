package core_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// asking counts the questions about single places, and those for visits.
type asking struct {
	store.Store
	places, visits int
}

func (a *asking) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return a.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error { return fn(ctx, askingTx{tx, a}) })
}

type askingTx struct {
	store.Tx
	of *asking
}

func (t askingTx) Place(ctx context.Context, id org.PlaceID) (org.Place, error) {
	t.of.places++
	return t.Tx.Place(ctx, id)
}

func (t askingTx) Visits(ctx context.Context, q visit.Query) ([]visit.State, error) {
	t.of.visits++
	return t.Tx.Visits(ctx, q)
}

// What a month's figures ask for one by one does not grow with the hamlets: to a
// database each question is a round trip.
func TestTheFiguresOfAMonthAskNoQuestionForEachHamlet(t *testing.T) {
	asked := func(more int) (places, visits int) {
		a := &asking{Store: memstore.New()}
		c := newCastOn(t, a, nil)
		c.put(func(ctx context.Context, tx store.Tx) error {
			for i := range more {
				id := org.PlaceID(fmt.Sprintf("AP-1%02d", i))
				o := opinion.State{ID: opinion.ID(id), Place: id, Heard: lan, Kind: opinion.Report, Confidentiality: opinion.Open, Status: opinion.Recorded, Happened: day("2017-05-10")}
				err := firstOf(
					tx.PutPlace(ctx, &org.Place{ID: id, Names: []org.Naming{{Valid: calendar.Period{From: day("2010-01-01")}, Kind: "ap", Name: string(id), Code: string(id), Parent: "C1"}}}),
					tx.PutOpinion(ctx, &o),
					tx.PutAssignment(ctx, &programme.Assignment{ID: programme.AssignmentID(id), Programme: hvcs2017, Official: lan, Place: id, Team: teamT3, Valid: days("2017-01-01", "2017-12-31"), Status: programme.Active}))
				if err != nil {
					return err
				}
			}
			return nil
		})
		c.at("2017-06-02")
		a.places, a.visits = 0, 0
		g := c.figures("2017-05")
		if len(g.Hamlets) != 5+more || g.Opinions.Total != more {
			t.Fatalf("%d hamlets and %d opinions", len(g.Hamlets), g.Opinions.Total)
		}
		return a.places, a.visits
	}
	few, once := asked(2)
	many, again := asked(40)
	if many != few || once != 1 || again != 1 {
		t.Errorf("of 7 hamlets %d places are asked for one by one, of 45 %d; visits are asked for %d and %d times", few, many, once, again)
	}
}
