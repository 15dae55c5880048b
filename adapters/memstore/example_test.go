package memstore_test

import (
	"context"
	"fmt"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

func Example() {
	ctx := context.Background()
	st := memstore.New()

	err := st.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		return tx.PutPlace(ctx, &org.Place{ID: "suoi-cat", Names: []org.Naming{{Name: "Suối Cát"}}})
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = st.View(ctx, func(ctx context.Context, tx store.Tx) error {
		place, err := tx.Place(ctx, "suoi-cat")
		fmt.Println(place.Names[0].Name, place.Version)
		return err
	})
	fmt.Println(err)
	// Output:
	// Suối Cát 1
	// <nil>
}

// An embedder joins the programme's work to a transaction of its own.
func ExampleStore_Begin() {
	ctx := context.Background()
	st := memstore.New()

	tx, err := st.Begin(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer tx.Rollback()
	if err := tx.PutUnit(ctx, &org.Unit{ID: "tn-mt", Name: "Phòng Tài nguyên và Môi trường"}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(tx.Commit())
	// Output: <nil>
}
