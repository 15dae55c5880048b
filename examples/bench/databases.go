package main

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/countrytest"
)

// The databases that heats get a copy of.
const (
	dbOutreach = "outreach" // the programme's, with a country in it
	dbRiver    = "river"    // River's, with a table of facts
	dbNaive    = "naive"    // a table of mails
)

// databases makes each of them, for a country of so many officials.
func databases() map[string]func(ctx context.Context, dsn string, people int) error {
	return map[string]func(ctx context.Context, dsn string, people int) error{
		dbOutreach: makePostgres,
		dbRiver: func(ctx context.Context, dsn string, _ int) error {
			pool, err := pgxpool.New(ctx, dsn)
			if err != nil {
				return err
			}
			defer pool.Close()
			migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
			if err == nil {
				_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
			}
			if err != nil {
				return err
			}
			return execute(ctx, dsn, factTable, journalTable)
		},
		dbNaive: func(ctx context.Context, dsn string, _ int) error {
			return execute(ctx, dsn, factTable, `CREATE TABLE mail (id text PRIMARY KEY, recipient text NOT NULL, sent timestamptz)`)
		},
	}
}

// factTable is what a host has of its own: the row whose change is the cause of
// a notice. journalTable is who changed it.
const (
	factTable    = `CREATE TABLE fact (id text PRIMARY KEY, what text NOT NULL, at timestamptz NOT NULL)`
	journalTable = `CREATE TABLE journal (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subject text NOT NULL, actor text NOT NULL, at timestamptz NOT NULL, data json NOT NULL)`
)

func makePostgres(ctx context.Context, dsn string, people int) error {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := settle(ctx, db, sqlstore.Postgres, people); err != nil {
		return err
	}
	if err := execute(ctx, dsn, factTable); err != nil {
		return err
	}
	return counted(ctx, db, "VACUUM ANALYZE")
}

// counted has the database count its rows, as it does by itself before long: of the
// tables that have any. Of an empty one it would note that it is, and plan for that
// until it looks again, which by itself it never does before there are rows.
func counted(ctx context.Context, db *sql.DB, how string) error {
	var tables string
	err := db.QueryRowContext(ctx, `SELECT string_agg(oid::regclass::text, ', ') FROM pg_class
		WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0`).Scan(&tables)
	if err == nil {
		_, err = db.ExecContext(ctx, how+" "+tables)
	}
	return err
}

func makeSQLite(ctx context.Context, path string, people int) error {
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(path))
	if err != nil {
		return err
	}
	defer db.Close()
	if err := settle(ctx, db, sqlstore.SQLite, people); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `CREATE TABLE fact (id text PRIMARY KEY, what text NOT NULL, at text NOT NULL)`)
	return err
}

func removeSQLite(path string) error {
	var faults []error
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); !errors.Is(err, os.ErrNotExist) {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// seed makes the country of all measurements.
const seed = 2017

// settle makes the tables and puts the country's places and people into them.
func settle(ctx context.Context, db *sql.DB, d sqlstore.Dialect, people int) error {
	if err := sqlstore.Migrate(ctx, db, d, nil); err != nil {
		return err
	}
	st, err := sqlstore.Open(db, d, nil)
	if err != nil {
		return err
	}
	if err := routinesDone(ctx, st); err != nil {
		return err
	}
	c := countrytest.New(seed, people)
	return errors.Join(
		load(ctx, st, c.Places(), func(b *sqlstore.Batch, v []*org.Place) { b.Places = v }),
		load(ctx, st, c.Departments(), func(b *sqlstore.Batch, v []*org.Unit) { b.Units = v }),
		load(ctx, st, c.People(), func(b *sqlstore.Batch, v []*org.Person) { b.Persons = v }),
		load(ctx, st, c.Holdings(), func(b *sqlstore.Batch, v []*org.Holding) { b.Holdings = v }),
		load(ctx, st, c.Teams(), func(b *sqlstore.Batch, v []*programme.Team) { b.Teams = v }),
		load(ctx, st, c.Assignments(), func(b *sqlstore.Batch, v []*programme.Assignment) { b.Assignments = v }),
		st.Update(ctx, func(ctx context.Context, tx store.Tx) error { return tx.PutProgramme(ctx, c.Programme()) }),
	)
}

// routinesDone lets the routines of the day of the measurements run while there
// is nobody yet, so that they are part of no measurement but their own.
func routinesDone(ctx context.Context, st *sqlstore.Store) error {
	sys, err := core.New(st, numbers, &core.Options{Clock: new(gate).now, Calendar: days})
	if err == nil {
		_, err = sys.Sweep(ctx)
	}
	return err
}

// loadBatch is how many values are written by one transaction.
const loadBatch = 2000

// load writes a sequence of any length, batch by batch.
func load[T any](ctx context.Context, st store.Store, all iter.Seq[*T], put func(*sqlstore.Batch, []*T)) error {
	var batch []*T
	write := func() error {
		return st.Update(ctx, func(ctx context.Context, tx store.Tx) error {
			var b sqlstore.Batch
			put(&b, batch)
			return sqlstore.Load(ctx, tx, b)
		})
	}
	for v := range all {
		if batch = append(batch, v); len(batch) == loadBatch {
			if err := write(); err != nil {
				return err
			}
			batch = nil
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return write()
}
