package core_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// journalled puts n records about each of two subjects into the journal, in turn.
func journalled(t *testing.T, n int) *cast {
	c := newCast(t, nil)
	c.put(func(ctx context.Context, tx store.Tx) error {
		last := make(map[string]event.Record)
		for i := range 2 * n {
			id := []string{"A", "B"}[i%2]
			r := event.Record{ID: fmt.Sprintf("R-%05d", i), Subject: event.Subject{Type: "thing", ID: id}, Kind: "thing.happened", Actor: "system", Recorded: c.sys.Now()}
			r.Seal(last[id])
			last[id] = r
			if err := tx.AppendRecord(ctx, &r); err != nil {
				return err
			}
		}
		return nil
	})
	return c
}

// read runs fn on the journal as somebody.
func (c *cast) read(who org.PersonID, fn func(context.Context, *core.Journal) error) error {
	return c.sys.View(c.t.Context(), org.Actor{Person: who}, func(ctx context.Context, w *core.Work) error { return fn(ctx, w.Journal) })
}

func TestTheJournalIsReadBySubjectAndByPosition(t *testing.T) {
	c := journalled(t, 5)
	err := c.read(kt01, func(ctx context.Context, j *core.Journal) error {
		history, err := j.Of(ctx, event.Subject{Type: "thing", ID: "B"})
		if err != nil {
			return err
		}
		if len(history) != 5 || history[0].Seq != 1 || history[4].Seq != 5 {
			t.Errorf("%+v", history)
		}
		var ids []string
		var position int64
		for {
			page, err := j.Since(ctx, position, 4)
			if err != nil {
				return err
			}
			if len(page) == 0 {
				break
			}
			for _, r := range page {
				ids = append(ids, r.ID)
			}
			position = page[len(page)-1].Position
		}
		if len(ids) != 10 || ids[0] != "R-00000" || ids[9] != "R-00009" {
			t.Errorf("%v", ids)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheJournalIsNotForEverybody(t *testing.T) {
	c := journalled(t, 1)
	for who, may := range map[org.PersonID]bool{kt01: true, vp01: true, pct: true, lan: false, tl03: false, u10: false, ta01: false, qt01: false} {
		for name, call := range map[string]func(context.Context, *core.Journal) error{
			"Of": func(ctx context.Context, j *core.Journal) error {
				_, err := j.Of(ctx, event.Subject{Type: "thing", ID: "A"})
				return err
			},
			"Since":  func(ctx context.Context, j *core.Journal) error { _, err := j.Since(ctx, 0, 1); return err },
			"Verify": func(ctx context.Context, j *core.Journal) error { _, err := j.Verify(ctx); return err },
		} {
			if err := c.read(who, call); may != (err == nil) || !may && !errors.Is(err, fault.ErrForbidden) {
				t.Errorf("%s by %s: %v", name, who, err)
			}
		}
	}
}

func TestAJournalThatWasTamperedWithShows(t *testing.T) {
	c := journalled(t, 1100) // more than one page
	verify := func() (v core.Verified) {
		t.Helper()
		err := c.read(kt01, func(ctx context.Context, j *core.Journal) (err error) {
			v, err = j.Verify(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := verify(); v.Records != 2200 || v.Breaks != nil {
		t.Errorf("%+v", v)
	}
	c.put(func(ctx context.Context, tx store.Tx) error { // somebody writes past the programme
		last, err := tx.LastRecord(ctx, event.Subject{Type: "thing", ID: "B"})
		if err != nil {
			return err
		}
		r := event.Record{ID: "R-forged", Subject: last.Subject, Kind: "thing.happened", Actor: "system", Recorded: c.sys.Now()}
		r.Seal(last)
		r.Actor = string(lan)
		return tx.AppendRecord(ctx, &r)
	})
	want := []event.Break{{Subject: event.Subject{Type: "thing", ID: "B"}, Seq: 1101, Why: "was changed after it was written"}}
	if diff := cmp.Diff(want, verify().Breaks); diff != "" {
		t.Error(diff)
	}
}
