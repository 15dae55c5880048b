package sqlstorefx_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"
	_ "modernc.org/sqlite"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/sqlstorefx"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

func openFile(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "outreach.db")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestTheApplicationStartsOnlyOnTablesThatAreThere(t *testing.T) {
	db := openFile(t)
	opts := &sqlstore.Options{TablePrefix: "xl_"}
	var st store.Store
	var clock *sqlstore.Clock
	parts := fx.Options(fx.NopLogger, fx.Supply(db, sqlstore.SQLite, opts), sqlstorefx.Module, fx.Populate(&st, &clock))

	if err := fx.New(parts).Start(t.Context()); err == nil || !strings.Contains(err.Error(), "0001_initial.sql") {
		t.Errorf("on an empty file: %v", err)
	}
	if err := sqlstore.Migrate(t.Context(), db, sqlstore.SQLite, opts); err != nil {
		t.Fatal(err)
	}
	app := fxtest.New(t, parts)
	app.RequireStart()
	if _, known := clock.Skew(); !known || time.Until(clock.Now()).Abs() > 5*time.Second {
		t.Errorf("after the start the clock shows %v, asked the database: %t", clock.Now(), known)
	}
	if err := st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.PutUnit(ctx, &org.Unit{ID: "tn-mt"}) }); err != nil {
		t.Error(err)
	}
	app.RequireStop()
	if err := db.PingContext(t.Context()); err != nil {
		t.Errorf("the host's database after the stop: %v", err)
	}
}

func TestAWrongConfigurationStopsTheApplicationFromStarting(t *testing.T) {
	app := fx.New(fx.NopLogger, fx.Supply(openFile(t), sqlstore.SQLite, &sqlstore.Options{TablePrefix: "Bad-"}), sqlstorefx.Module)
	if err := app.Err(); err == nil || !strings.Contains(err.Error(), "table prefix") {
		t.Errorf("Err() = %v, want the prefix in it", err)
	}
}
