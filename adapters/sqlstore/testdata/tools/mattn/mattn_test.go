//go:build cgo

// Package mattn is package drivers for the driver whose name in database/sql is
// another one's as well.
package mattn

import (
	"database/sql"
	"path/filepath"
	"testing"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/storetest"
)

func TestMattnKeepsThePromisesOfAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		file := filepath.Join(t.TempDir(), "huyện Xuân Lộc 100%.db")
		db := handle(t, sqlstore.SQLiteDSN(file))
		if err := sqlstore.Migrate(t.Context(), db, sqlstore.SQLite, nil); err != nil {
			t.Fatal(err)
		}
		st, err := sqlstore.Open(db, sqlstore.SQLite, &sqlstore.Options{ReadDB: handle(t, sqlstore.SQLiteReadDSN(file))})
		if err != nil {
			t.Fatal(err)
		}
		return st
	})
}

func TestMattnUnderstandsTheDSN(t *testing.T) {
	db := handle(t, sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "a b.db")))
	for pragma, want := range map[string]string{"journal_mode": "wal", "busy_timeout": "5000", "foreign_keys": "1", "synchronous": "2"} {
		var got string
		if err := db.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", pragma, got, err, want)
		}
	}
}

func handle(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
