package corefx_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"github.com/huongvecoso/outreach/adapters/corefx"
	"github.com/huongvecoso/outreach/adapters/memstore/memstorefx"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

func TestTheSystemIsMadeOfWhatTheHostSupplies(t *testing.T) {
	noon := time.Date(2017, 3, 1, 5, 0, 0, 0, time.UTC)
	var sys *core.System
	app := fxtest.New(t, memstorefx.Module, fx.Supply(&core.Options{Clock: func() time.Time { return noon }}), corefx.Module, fx.Populate(&sys))
	app.RequireStart()
	err := sys.Update(t.Context(), org.System(), func(_ context.Context, w *core.Work) error {
		if !w.Now().Equal(noon) {
			t.Errorf("it is %v", w.Now())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	app.RequireStop()
}

func TestTheSystemGoesByTheStoresClockUnlessTheHostNamesOne(t *testing.T) {
	theirs, ours := time.Date(2017, 3, 1, 5, 0, 0, 0, time.UTC), time.Date(2018, 3, 1, 5, 0, 0, 0, time.UTC)
	clock := fx.Provide(fx.Annotate(func() func() time.Time { return func() time.Time { return theirs } }, fx.ResultTags(`name:"outreach.clock"`)))
	for _, c := range []struct {
		opts *core.Options
		want time.Time
	}{{nil, theirs}, {&core.Options{Series: "XL"}, theirs}, {&core.Options{Clock: func() time.Time { return ours }}, ours}} {
		var sys *core.System
		app := fx.New(fx.NopLogger, memstorefx.Module, clock, fx.Supply(c.opts), corefx.Module, fx.Populate(&sys))
		if app.Err() != nil || !sys.Now().Equal(c.want) {
			t.Errorf("with %+v: %v, %v", c.opts, sys.Now(), app.Err())
		}
	}
}

func TestAWrongPolicyStopsTheApplicationFromStarting(t *testing.T) {
	app := fx.New(fx.NopLogger, memstorefx.Module, fx.Supply(&policy.Policy{}), corefx.Module)
	if err := app.Err(); err == nil || !strings.Contains(err.Error(), "policy.") {
		t.Errorf("Err() = %v, want what the policy lacks", err)
	}
}

func TestWithoutAStoreTheApplicationDoesNotStart(t *testing.T) {
	if err := fx.New(fx.NopLogger, corefx.Module).Err(); err == nil || !strings.Contains(err.Error(), "store.Store") {
		t.Errorf("Err() = %v, want the store in it", err)
	}
}
