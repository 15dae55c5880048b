// Package customstore keeps the programmes of a whole province over one database
// handle: every district in a PostgreSQL schema of its own, or, where there is
// only SQLite, under a table prefix of its own.
package customstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core/store"
)

// Province opens the districts. It is safe for concurrent use.
type Province struct {
	DB       *sql.DB // one pool for all; the caller's to close
	Dialect  sqlstore.Dialect
	Patience time.Duration // for one unit of work: a district that hangs must not use up the pool
}

// Tables are where a district's are: for sqlstore.Join and for migration tools.
func (p Province) Tables(district string) *sqlstore.Options {
	if p.Dialect == sqlstore.SQLite {
		return &sqlstore.Options{TablePrefix: "hvcs_" + district + "_"}
	}
	return &sqlstore.Options{Schema: "hvcs_" + district}
}

// District returns the store of one district, whose tables it makes where they
// are missing. Make one core.System of each: policy, calendar and the beginning
// of the codes are a district's own.
func (p Province) District(ctx context.Context, district string) (store.Store, error) {
	if err := sqlstore.Migrate(ctx, p.DB, p.Dialect, p.Tables(district)); err != nil {
		return nil, err
	}
	st, err := sqlstore.Open(p.DB, p.Dialect, p.Tables(district))
	return patient{st, p.Patience}, err
}

// patient ends units of work that take too long, and changes nothing else.
type patient struct {
	store.Store
	limit time.Duration
}

func (s patient) View(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	return s.Store.View(ctx, fn)
}

func (s patient) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	return s.Store.Update(ctx, fn)
}
