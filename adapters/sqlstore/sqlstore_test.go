package sqlstore_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/storetest"
)

// openDB opens a database and closes it with the test.
func openDB(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func sqliteFile(t testing.TB) string {
	return filepath.Join(t.TempDir(), "huyện Xuân Lộc 100%.db")
}

// migrated makes the tables and opens the store.
func migrated(t testing.TB, db *sql.DB, d sqlstore.Dialect, opts *sqlstore.Options) *sqlstore.Store {
	t.Helper()
	if err := sqlstore.Migrate(t.Context(), db, d, opts); err != nil {
		t.Fatal(err)
	}
	return opened(t, db, d, opts)
}

func opened(t testing.TB, db *sql.DB, d sqlstore.Dialect, opts *sqlstore.Options) *sqlstore.Store {
	t.Helper()
	st, err := sqlstore.Open(db, d, opts)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestSQLiteKeepsThePromisesOfAStore(t *testing.T) {
	t.Parallel()
	template := sqliteTemplate(t)
	t.Run("one handle", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store {
			return opened(t, openDB(t, "sqlite", hasty(copied(t, template))), sqlstore.SQLite, nil)
		})
	})
	t.Run("two stores on one file, with handles for readers", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store {
			file := copied(t, template)
			st := &turns{}
			for range 2 {
				opts := &sqlstore.Options{ReadDB: openDB(t, "sqlite", sqlstore.SQLiteReadDSN(file))}
				st.stores = append(st.stores, opened(t, openDB(t, "sqlite", hasty(file)), sqlstore.SQLite, opts))
			}
			return st
		})
	})
	t.Run("reading a snapshot before it writes", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store {
			return unhurried{opened(t, openDB(t, "sqlite", hasty(copied(t, template))), sqlstore.SQLite, nil)}
		})
	})
}

// unhurried has every Update read before it takes its turn to write.
type unhurried struct{ *sqlstore.Store }

func (s unhurried) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return s.Store.Update(store.Optimistic(ctx), fn)
}

// hasty is SQLiteDSN without waiting for the disk.
func hasty(file string) string { return sqlstore.SQLiteDSN(file) + "&_pragma=synchronous(OFF)" }

// turns gives each unit of work to the next of several stores over the same data.
type turns struct {
	stores []store.Store
	next   atomic.Int64
}

func (s *turns) turn() store.Store { return s.stores[int(s.next.Add(1))%len(s.stores)] }

func (s *turns) View(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return s.turn().View(ctx, fn)
}

func (s *turns) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return s.turn().Update(ctx, fn)
}

// sqliteTemplate makes a file with tables and nothing in them.
func sqliteTemplate(t testing.TB) string {
	t.Helper()
	file := sqliteFile(t)
	db := openDB(t, "sqlite", sqlstore.SQLiteDSN(file))
	if err := sqlstore.Migrate(t.Context(), db, sqlstore.SQLite, nil); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil { // moves the write-ahead log into the file
		t.Fatal(err)
	}
	return file
}

func copied(t testing.TB, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	other := sqliteFile(t)
	if err := os.WriteFile(other, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return other
}

func TestPostgresKeepsThePromisesOfAStore(t *testing.T) {
	t.Parallel()
	db := openDB(t, "pgx", pgtest.Database(t))
	for name, opts := range map[string]*sqlstore.Options{
		"read committed": nil,
		"serializable":   {Isolation: sql.LevelSerializable, Retries: 50},
	} {
		st := migrated(t, db, sqlstore.Postgres, opts)
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) store.Store {
				empty(t, db)
				return st
			})
		})
	}
}

// empty deletes everything that was stored.
func empty(t testing.TB, db *sql.DB) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), `DO $$
		DECLARE name text;
		BEGIN
			FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'outreach_migration' LOOP
				EXECUTE 'DELETE FROM ' || name;
			END LOOP;
		END $$`)
	if err != nil {
		t.Fatal(err)
	}
}
