package core_test

import (
	"context"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/store"
)

// forgetful is a store from which somebody took records away past the programme.
type forgetful struct {
	store.Store
	gone func(event.Record) bool
}

func (f *forgetful) View(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return f.Store.View(ctx, func(ctx context.Context, tx store.Tx) error { return fn(ctx, forgetfulTx{tx, f.gone}) })
}

type forgetfulTx struct {
	store.Tx
	gone func(event.Record) bool
}

func (f forgetfulTx) Records(ctx context.Context, q event.Query) ([]event.Record, error) {
	all, err := f.Tx.Records(ctx, q)
	var left []event.Record
	for _, r := range all {
		if f.gone == nil || !f.gone(r) {
			left = append(left, r)
		}
	}
	return left, err
}

func TestAWholeSubjectThatWasRemovedIsNoticedAtTheNextCheckpoint(t *testing.T) {
	st := &forgetful{Store: memstore.New()}
	c := newCastOn(t, st, nil)
	c.at("2017-03-10")
	kept := c.raised(lan, "AP-01", core.Registration{}, nil)
	gone := c.raised(minh, "AP-02", core.Registration{}, nil)
	verify := func() (v core.Verified) {
		t.Helper()

		err := c.read(kt01, func(ctx context.Context, j *core.Journal) (err error) { v, err = j.Verify(ctx); return err })
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	remove := func(r event.Record) bool { return r.Subject.ID == string(gone.id) }
	st.gone = remove
	if v := verify(); len(v.Breaks) != 0 || v.Checkpoints != 0 || v.Head != "" {
		t.Errorf("no chain shows it, and there is no checkpoint yet: %+v", v)
	}
	st.gone = nil
	c.at("2017-03-11")
	c.sweep()
	before := verify()
	if len(before.Breaks) != 0 || before.Checkpoints != 1 || before.Held == 0 || before.Head == "" {
		t.Fatalf("%+v", before)
	}
	c.at("2017-03-13")
	kept.does(tl03, triageAs("normal"))
	c.at("2017-03-14")
	c.sweep()
	c.sweep() // once a day
	v := verify()
	if len(v.Breaks) != 0 || v.Checkpoints != 2 || v.Held <= before.Held || v.Head == before.Head {
		t.Fatalf("%+v", v)
	}
	st.gone = remove
	v = verify()
	if len(v.Breaks) != 1 || v.Breaks[0].Subject != event.CheckpointSubject() || !strings.Contains(v.Breaks[0].Why, "missing") {
		t.Errorf("%+v", v.Breaks)
	}
	st.gone = func(r event.Record) bool { return r.Kind == "issue.triaged" } // the end of a chain
	if v = verify(); len(v.Breaks) != 1 || v.Breaks[0].Seq != 2 {
		t.Errorf("%+v", v.Breaks)
	}
}

// What is being written is not counted: its position may come before one that is
// there already.
func TestACheckpointLeavesWhatIsNotAnHourOld(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10 23:30")
	c.raised(lan, "AP-01", core.Registration{}, nil)
	c.at("2017-03-11 00:10")
	c.sweep()
	c.see(func(ctx context.Context, tx store.Tx) error {
		records, err := tx.Records(ctx, event.Query{Subject: event.CheckpointSubject()})
		if len(records) != 0 {
			t.Errorf("%+v", records)
		}
		return err
	})
}
