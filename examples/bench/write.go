package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/huongvecoso/outreach/adapters/pgxtx"
	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
)

// parallel runs fn for 0 to n-1, by so many writers.
func parallel(n, writers int, fn func(k int) error) error {
	var next atomic.Int64
	faults := make([]error, writers)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
				if err := fn(k); err != nil {
					faults[w] = err
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(faults...)
}

// units writes units of work one by one: the host's own row, a record of the
// journal and, or not, the notice that follows from it. On PostgreSQL the host speaks
// to it by pgx, and each unit, with or without a notice, is one round trip.
type units struct {
	product
	writers int
	telling bool
	notices []*notify.Notice
	pool    *pgxpool.Pool // nil on SQLite
}

func (c *units) prepare(ctx context.Context) (err error) {
	if err := c.open(); err != nil {
		return err
	}
	if !c.SQLite {
		if c.pool, err = riverPool(ctx, c.Database); err != nil {
			return err
		}
	}
	c.notices, err = c.reminders(ctx, notify.Email)
	return err
}

func (c *units) run(ctx context.Context) error {
	write := c.unit
	if c.SQLite {
		write = c.unitInSQLite
	}
	return parallel(c.N, c.writers, func(k int) error { return write(ctx, c.notices[k]) })
}

// unitFact is the statement of the host, the same for everybody.
const unitFact = `INSERT INTO fact VALUES ($1, 'visit planned', now())`

func (c *units) unit(ctx context.Context, n *notify.Notice) error {
	added := false
	err := pgxtx.Run(ctx, c.pool, pgx.TxOptions{}, func(u *pgxtx.Unit) error {
		u.Queue(unitFact, string(n.ID))
		return c.write(ctx, sqlstore.Join(u.Conn(), sqlstore.Postgres, nil), n, &added)
	})
	return c.whole(n, added, err)
}

func (c *units) unitInSQLite(ctx context.Context, n *notify.Notice) error {
	tx, err := c.db.BeginTx(ctx, &sql.TxOptions{})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, unitFact, string(n.ID)); err != nil {
		return err
	}
	added := false
	if err := c.write(ctx, sqlstore.Join(tx, sqlstore.SQLite, nil), n, &added); err != nil {
		return err
	}
	return c.whole(n, added, tx.Commit())
}

// write is the programme's part of a unit.
func (c *units) write(ctx context.Context, joined store.Tx, n *notify.Notice, added *bool) error {
	err := joined.(store.Later).AppendLater(ctx, record(n))
	if err != nil || !c.telling {
		return err
	}
	return joined.(store.Gathered).AddNotices(ctx, []notify.Notice{*n}, func(_ notify.Notice, fresh bool) { *added = fresh })
}

// whole is an error unless the notice was added that had to be.
func (c *units) whole(n *notify.Notice, added bool, err error) error {
	if err == nil && added != c.telling {
		err = fmt.Errorf("%s: added %v", n.ID, added)
	}
	return err
}

// record is what the journal says of a unit.
func record(n *notify.Notice) event.Record {
	r := event.Record{
		ID: string(n.ID), Subject: n.Subject, Kind: "visit.planned", Actor: "TT-00001", Role: "team_leader", Happened: morning, Recorded: morning,
		Policy: numbers.Version, Calendar: "bench/1", Data: []byte(`{"visit":"` + n.Subject.ID + `","planned":"2017-03-15"}`),
	}
	r.Seal(event.Record{})
	return r
}

// marks counts the units that are there whole.
func (c *units) marks(ctx context.Context) (n int, err error) {
	query := `SELECT count(*) FROM fact JOIN outreach_record r ON r.state->>'id' = fact.id`
	if c.telling {
		query += ` JOIN outreach_notice n ON n.id = fact.id`
	}
	return n, c.db.QueryRowContext(ctx, query).Scan(&n)
}

func (c *units) close() error {
	if c.pool != nil {
		c.pool.Close()
	}
	return c.product.close()
}

// riverUnits writes the same with River: the host's row, a row of a journal, and
// a job by InsertTx. That asks for the job's id before it returns, so with the begin
// and the commit around it these are five round trips whatever its host does.
type riverUnits struct {
	job
	writers int
	pool    *pgxpool.Pool
	client  *river.Client[pgx.Tx]
}

func (c *riverUnits) prepare(ctx context.Context) (err error) {
	if c.pool, err = riverPool(ctx, c.Database); err != nil {
		return err
	}
	c.client, err = river.NewClient(riverpgxv5.New(c.pool), &river.Config{Logger: slog.New(slog.DiscardHandler)}) // it inserts only
	return err
}

func (c *riverUnits) run(ctx context.Context) error {
	return parallel(c.N, c.writers, func(k int) error {
		return pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, unitFact, fmt.Sprint(k)); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `INSERT INTO journal (subject, actor, at, data) VALUES ($1, 'TT-00001', $2, $3)`,
				fmt.Sprint("visit/", k), morning, `{"visit":"r-2017-03-15-0000000","planned":"2017-03-15"}`)
			if err != nil {
				return err
			}
			_, err = c.client.InsertTx(ctx, tx, riverArgs{k, k + 1}, nil)
			return err
		})
	})
}

func (c *riverUnits) marks(ctx context.Context) (n int, err error) {
	return n, c.pool.QueryRow(ctx, `SELECT least((SELECT count(*) FROM fact), (SELECT count(*) FROM journal), (SELECT count(*) FROM river_job))`).Scan(&n)
}

func (c *riverUnits) figures() map[string]float64 { return nil }

func (c *riverUnits) close() error { c.pool.Close(); return nil }
