package memstore

import (
	"context"
	"testing"

	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// Old values stay only as long as a View may ask for them.
func TestWhatNobodyCanSeeAnyMoreIsForgotten(t *testing.T) {
	st := New()
	change := func() {
		t.Helper()
		if err := st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			p, err := tx.Place(ctx, "a")
			if err != nil {
				p = org.Place{ID: "a"}
			}
			return tx.PutPlace(ctx, &p)
		}); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(what string, want int) {
		t.Helper()
		if n := len(st.tables.places.rows["a"]); n != want {
			t.Errorf("%s: %d values are kept, want %d", what, n, want)
		}
	}
	for range 10 {
		change()
	}
	expect("without Views", 1)
	if err := st.View(t.Context(), func(context.Context, store.Tx) error {
		change()
		change()
		change()
		expect("with a View open", 4)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	change()
	expect("after the View", 1)
	if len(st.open) != 0 {
		t.Errorf("%d Views count as open", len(st.open))
	}
}
