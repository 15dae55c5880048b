package memstorefx_test

import (
	"context"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/adapters/memstore/memstorefx"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

func TestTheStoreIsOneInTheWholeApplication(t *testing.T) {
	var st store.Store
	var memory *memstore.Store
	app := fxtest.New(t, memstorefx.Module, fx.Populate(&st, &memory))
	app.RequireStart()
	err := st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.PutUnit(ctx, &org.Unit{ID: "tn-mt"}) })
	if err == nil {
		err = memory.View(t.Context(), func(ctx context.Context, tx store.Tx) error { _, err := tx.Unit(ctx, "tn-mt"); return err })
	}
	if err != nil {
		t.Error(err)
	}
	app.RequireStop()
}
