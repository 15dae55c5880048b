package pgxtx_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/huongvecoso/outreach/adapters/pgxtx"
	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/storetest"
)

// together is a store whose transactions are all units of work that travel together.
type together struct {
	pool *pgxpool.Pool
	opts *sqlstore.Options
}

func (s together) View(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return s.run(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, fn)
}

func (s together) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	for round := 0; ; round++ {
		err := s.run(ctx, pgx.TxOptions{}, fn)
		var lost *pgconn.PgError
		again := errors.Is(err, fault.ErrStale) || errors.As(err, &lost) && strings.HasPrefix(lost.Code, "40")
		if !again || round == 5 {
			return err
		}
	}
}

func (s together) run(ctx context.Context, opts pgx.TxOptions, fn func(context.Context, store.Tx) error) error {
	return pgxtx.Run(ctx, s.pool, opts, func(u *pgxtx.Unit) error {
		return fn(ctx, sqlstore.Join(u.Conn(), sqlstore.Postgres, s.opts))
	})
}

func TestAStoreOverUnitsOfWorkKeepsItsPromises(t *testing.T) {
	pool := open(t)
	stores := 0
	storetest.Run(t, func(t *testing.T) store.Store {
		stores++
		opts := &sqlstore.Options{Schema: fmt.Sprintf("district_%d", stores)}
		migrate(t, pool, opts)
		return together{pool, opts}
	})
}
