// Package drivers lets the store keep its promises through drivers that its own tests,
// which run with modernc.org/sqlite and pgx, do not have.
package drivers

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	_ "github.com/lib/pq"                    // the driver "postgres"
	_ "github.com/ncruces/go-sqlite3/driver" // the driver "sqlite3"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/storetest"
)

func TestNcrucesKeepsThePromisesOfAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		file := filepath.Join(t.TempDir(), "huyện Xuân Lộc 100%.db")
		return migrated(t, handle(t, "sqlite3", sqlstore.SQLiteDSN(file)+"&_pragma=synchronous(OFF)"), sqlstore.SQLite, nil)
	})
}

// Its own default for a file with a write-ahead log, known once the log was read, is not to.
func TestNcrucesFlushesCommits(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.db")
	migrated(t, handle(t, "sqlite3", sqlstore.SQLiteDSN(file)), sqlstore.SQLite, nil)
	for dsn, want := range map[string]int{sqlstore.SQLiteDSN(file): 2, sqlstore.SQLiteDSN(file) + "&_pragma=synchronous(NORMAL)": 1} {
		db := handle(t, "sqlite3", dsn)
		db.SetMaxOpenConns(1)
		var records, got int
		err := db.QueryRow("SELECT count(*) FROM outreach_record").Scan(&records)
		if err == nil {
			err = db.QueryRow("PRAGMA synchronous").Scan(&got)
		}
		if err != nil || got != want {
			t.Errorf("%s: synchronous is %d (%v), want %d", dsn, got, err, want)
		}
	}
}

// Each promise has a schema of its own, which is made sooner than a database.
func TestPqKeepsThePromisesOfAStore(t *testing.T) {
	db := handle(t, "postgres", pgtest.Database(t))
	schemas := 0
	storetest.Run(t, func(t *testing.T) store.Store {
		schemas++
		return migrated(t, db, sqlstore.Postgres, &sqlstore.Options{Schema: fmt.Sprintf("district_%d", schemas)})
	})
}

func handle(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func migrated(t *testing.T, db *sql.DB, d sqlstore.Dialect, opts *sqlstore.Options) *sqlstore.Store {
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
