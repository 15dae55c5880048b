package sqlstore_test

import (
	"database/sql"
	"path/filepath"
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
	st, err := sqlstore.Open(db, d, opts)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestSQLiteKeepsThePromisesOfAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		return migrated(t, openDB(t, "sqlite", sqlstore.SQLiteDSN(sqliteFile(t))), sqlstore.SQLite, nil)
	})
}

func TestPostgresKeepsThePromisesOfAStore(t *testing.T) {
	db := openDB(t, "pgx", pgtest.Database(t))
	st := migrated(t, db, sqlstore.Postgres, nil)
	storetest.Run(t, func(t *testing.T) store.Store {
		empty(t, db)
		return st
	})
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
