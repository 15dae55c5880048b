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
// It migrates nothing. An application whose tables are missing, or older than
// the package, does not start, and says which migrations it lacks.
package sqlstorefx

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

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
}

// New opens the store and has its tables looked at when the application starts.
func New(p Params) (Result, error) {
	s, err := sqlstore.Open(p.DB, p.Dialect, p.Options)
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
	return Result{Store: s, SQL: s}, nil
}
