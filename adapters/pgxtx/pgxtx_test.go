package pgxtx_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"go.uber.org/goleak"

	"github.com/huongvecoso/outreach/adapters/pgxtx"
	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	migrate(t, pool, nil)
	return pool
}

func migrate(t *testing.T, pool *pgxpool.Pool, opts *sqlstore.Options) {
	t.Helper()
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	if err := sqlstore.Migrate(t.Context(), db, sqlstore.Postgres, opts); err != nil {
		t.Fatal(err)
	}
}

// native is a store whose transactions are all pgx's own.
type native struct {
	pool *pgxpool.Pool
	opts *sqlstore.Options
}

func (n native) View(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return n.run(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, fn)
}

func (n native) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	for round := 0; ; round++ {
		err := n.run(ctx, pgx.TxOptions{}, fn)
		var lost *pgconn.PgError
		again := errors.Is(err, fault.ErrStale) || errors.As(err, &lost) && strings.HasPrefix(lost.Code, "40")
		if !again || round == 5 {
			return err
		}
	}
}

func (n native) run(ctx context.Context, opts pgx.TxOptions, fn func(context.Context, store.Tx) error) error {
	return pgx.BeginTxFunc(ctx, n.pool, opts, func(tx pgx.Tx) error {
		return pgxtx.Lend(ctx, tx, func(q *sql.Conn) error {
			return fn(ctx, sqlstore.Join(q, sqlstore.Postgres, n.opts))
		})
	})
}

func TestAStoreOverNativeTransactionsKeepsItsPromises(t *testing.T) {
	pool := open(t)
	opts := &sqlstore.Options{Schema: "district"}
	migrate(t, pool, opts)
	clean := cleaning(t, pool, opts.Schema)
	storetest.Run(t, func(t *testing.T) store.Store {
		execute(t, pool, clean)
		return native{pool, opts}
	})
}

func TestEveryTypeArrivesAsDatabaseSQLKnowsIt(t *testing.T) {
	err := pgx.BeginFunc(t.Context(), open(t), func(tx pgx.Tx) error {
		return pgxtx.Lend(t.Context(), tx, func(q *sql.Conn) error {
			var (
				yes       bool
				n         int64
				half      float64
				word      string
				nothing   sql.NullString
				raw       []byte
				day, at   time.Time
				structure string
			)
			err := q.QueryRowContext(t.Context(), `SELECT true, 7::int2, 0.5::float8, 'ấp', NULL::text, '\x00ff'::bytea, date '2017-03-01',
				timestamptz '2017-03-01 08:00:00.000001+07', '{"a": 1}'::json WHERE $1 = 1 AND $2`, 1, true).
				Scan(&yes, &n, &half, &word, &nothing, &raw, &day, &at, &structure)
			if err != nil {
				return err
			}
			got := fmt.Sprintln(yes, n, half, word, nothing.Valid, fmt.Sprintf("%x", raw), day.Format(time.DateOnly), at.UTC(), structure)
			if want := `true 7 0.5 ấp false 00ff 2017-03-01 2017-03-01 01:00:00.000001 +0000 UTC {"a": 1}` + "\n"; got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTheEndOfTheTransactionStaysWithItsLender(t *testing.T) {
	pool := open(t)
	put := func(tx pgx.Tx) error {
		return pgxtx.Lend(t.Context(), tx, func(q *sql.Conn) error {
			if _, err := q.BeginTx(t.Context(), nil); err == nil {
				t.Error("a transaction was begun in the one that was lent")
			}
			insert, err := q.PrepareContext(t.Context(), "INSERT INTO outreach_issue_series (series, last) VALUES ($1, $2)")
			if err != nil {
				return err
			}
			defer insert.Close()
			_, err = insert.ExecContext(t.Context(), "XL", 7)
			return err
		})
	}
	count := func() (n int) {
		if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM outreach_issue_series").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	undone := errors.New("the ticket is refused")
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		if err := put(tx); err != nil {
			t.Fatal(err)
		}
		return undone
	})
	if !errors.Is(err, undone) || count() != 0 {
		t.Errorf("%v; after the rollback %d rows", err, count())
	}
	if err := pgx.BeginFunc(t.Context(), pool, put); err != nil || count() != 1 {
		t.Errorf("%v; after the commit %d rows", err, count())
	}
	err = pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		return pgxtx.Lend(t.Context(), tx, func(q *sql.Conn) error {
			_, err := q.ExecContext(t.Context(), "SELECT nothing")
			return err
		})
	})
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "42703" {
		t.Errorf("a wrong statement: %v", err)
	}
}
