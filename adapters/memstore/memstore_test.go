package memstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/storetest"
)

func TestStoreKeepsItsPromises(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return memstore.New() })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// expect looks whether the place is there.
func expect(t *testing.T, st *memstore.Store, id org.PlaceID, there bool) {
	t.Helper()
	must(t, st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
		if _, err := tx.Place(ctx, id); errors.Is(err, fault.ErrNotFound) == there {
			t.Errorf("place %q: got %v, there should be one: %v", id, err, there)
		}
		return nil
	}))
}

func TestATransactionBegunByHandIsKeptByCommitAndForgottenByRollback(t *testing.T) {
	st := memstore.New()
	for _, c := range []struct {
		id   org.PlaceID
		end  func(*memstore.Tx) error
		kept bool
	}{
		{"kept", (*memstore.Tx).Commit, true},
		{"forgotten", func(tx *memstore.Tx) error { tx.Rollback(); return nil }, false},
	} {
		tx, err := st.Begin(t.Context())
		must(t, err)
		must(t, tx.PutPlace(t.Context(), &org.Place{ID: c.id}))
		expect(t, st, c.id, false)
		must(t, c.end(tx))
		expect(t, st, c.id, c.kept)

		tx.Rollback() // a second end changes nothing
		if err := tx.Commit(); err == nil {
			t.Errorf("%s: Commit after the end gave no error", c.id)
		}
		if err := tx.PutPlace(t.Context(), &org.Place{ID: "late"}); err == nil {
			t.Errorf("%s: a write after the end gave no error", c.id)
		}
		if _, err := tx.Places(t.Context()); err == nil {
			t.Errorf("%s: a read after the end gave no error", c.id)
		}
		expect(t, st, c.id, c.kept)
	}
}

func TestBeginWaitsForTheOpenTransactionAtMostUntilItsContextEnds(t *testing.T) {
	st := memstore.New()
	open, err := st.Begin(t.Context())
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := st.Begin(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of the context", err)
	}
	begun := make(chan error)
	go func() {
		tx, err := st.Begin(t.Context())
		if err == nil {
			tx.Rollback()
		}
		begun <- err
	}()
	must(t, open.PutPlace(t.Context(), &org.Place{ID: "a"}))
	must(t, open.Commit())
	must(t, <-begun)
}

func TestACommitAfterTheEndOfItsContextFreesTheStore(t *testing.T) {
	st := memstore.New()
	ctx, cancel := context.WithCancel(t.Context())
	tx, err := st.Begin(ctx)
	must(t, err)
	must(t, tx.PutPlace(ctx, &org.Place{ID: "a"}))
	cancel()
	if err := tx.Commit(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	expect(t, st, "a", false)
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.PutPlace(ctx, &org.Place{ID: "a"}) }))
}

func TestAViewOutlivedByManyCommitsKeepsItsState(t *testing.T) {
	st := memstore.New()
	rename := func(version int64) {
		t.Helper()
		must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			return tx.PutPlace(ctx, &org.Place{ID: "a", Version: version, Names: []org.Naming{{Name: fmt.Sprint(version)}}})
		}))
	}
	rename(0)
	var views func(version int64)
	views = func(version int64) { // one View within the other, a commit between each
		must(t, st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
			if version < 5 {
				rename(version)
				views(version + 1)
			}
			p, err := tx.Place(ctx, "a")
			if p.Version != version {
				t.Errorf("the View that began at version %d sees %d", version, p.Version)
			}
			return err
		}))
	}
	views(1)
}
