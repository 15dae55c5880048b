package storetest_test

import (
	"context"
	"fmt"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/storetest"
)

// eager is a store with a fault of the kind that hides for years: it loses the
// error by which a unit of work was refused.
type eager struct{ store.Store }

func (s eager) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	_ = s.Store.Update(ctx, fn)
	return nil
}

// In a test of an adapter Run does this, one sub-test for each promise. Check is
// for programs; here it says what a broken store got wrong, and why that matters.
func ExampleCheck() {
	fmt.Println("in memory:", len(storetest.Check(context.Background(), func() store.Store { return memstore.New() })))
	for _, f := range storetest.Check(context.Background(), func() store.Store { return eager{memstore.New()} }) {
		if f.Promise == "update/error" {
			fmt.Println("broken promise:", f.Why)
			fmt.Println("found:", f.Found[0])
		}
	}
	// Output:
	// in memory: 0
	// broken promise: When fn returns an error nothing is kept, and Update returns that very error.
	// found: person: Update returned <nil>, not fn's own error
}
