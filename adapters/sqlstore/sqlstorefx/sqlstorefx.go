// Package sqlstorefx gives an fx application the store of package sqlstore over
// a database that the host opened and closes:
//
//	fx.New(
//		fx.Supply(sqlstore.Postgres, &sqlstore.Options{Schema: "outreach"}),
//		fx.Provide(openDatabase), // a *sql.DB
//		sqlstorefx.Module,
//		…
//	)
//
// The database's clock comes with it, under the name "outreach.clock", and package
// corefx takes it. It is set when the application starts and followed until it stops.
//
// It migrates nothing. An application whose tables are missing, or older than
// the package, does not start, and says which migrations it lacks.
package sqlstorefx

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core/store"
)

// Module provides a [store.Store], and itself as a *sqlstore.Store.
var Module = fx.Module("sqlstore",
	fx.Provide(New),
	fx.Invoke(func(*sqlstore.Store) {}),
)

// Params are what the host supplies.
type Params struct {
	fx.In

	Lifecycle fx.Lifecycle
	DB        *sql.DB // not closed here: the host owns it
	Dialect   sqlstore.Dialect
	Options   *sqlstore.Options `optional:"true"`
}

// Result is what the module provides.
type Result struct {
	fx.Out

	Store store.Store
	SQL   *sqlstore.Store
	Clock *sqlstore.Clock
	Now   func() time.Time `name:"outreach.clock"` // that of Clock
}

// New opens the store and has its tables looked at, and its clock set, when the
// application starts.
func New(p Params) (Result, error) {
	s, err := sqlstore.Open(p.DB, p.Dialect, p.Options)
	if err != nil {
		return Result{}, err
	}
	clock, err := sqlstore.NewClock(p.DB, p.Dialect, nil)
	if err != nil {
		return Result{}, err
	}
	p.Lifecycle.Append(fx.StartHook(func(ctx context.Context) error {
		missing, err := sqlstore.Pending(ctx, p.DB, p.Dialect, p.Options)
		if err == nil && len(missing) > 0 {
			err = fmt.Errorf("sqlstorefx: the tables lack %s: migrate them first, see sqlstore.Migrate", strings.Join(missing, ", "))
		}
		return err
	}))
	p.Lifecycle.Append(following(clock))
	return Result{Store: s, SQL: s, Clock: clock, Now: clock.Now}, nil
}

// following sets the clock at the start and keeps it until the stop.
func following(clock *sqlstore.Clock) fx.Hook {
	run, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	return fx.Hook{
		OnStart: func(ctx context.Context) error {
			if err := clock.Set(ctx); err != nil {
				return err
			}
			go func() {
				defer close(ended)
				_ = clock.Run(run, nil) // it ends with run
			}()
			return nil
		},
		OnStop: func(context.Context) error { stop(); <-ended; return nil },
	}
}
