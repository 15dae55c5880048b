// Package tools lets goose and atlas themselves apply the migrations, in a module of
// its own, as the drivers of the packages beneath it are, so that nobody who embeds the
// programme has them in his module graph.
package tools

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	_ "modernc.org/sqlite"
)

func TestGooseAppliesTheFolderForMigrationTools(t *testing.T) {
	for _, c := range []struct {
		driver  string
		dsn     func() string
		dialect sqlstore.Dialect
		its     goose.Dialect
		opts    *sqlstore.Options
	}{
		{"sqlite", func() string { return sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "x.db")) }, sqlstore.SQLite, goose.DialectSQLite3, &sqlstore.Options{TablePrefix: "xl_"}},
		{"pgx", func() string { return pgtest.Database(t) }, sqlstore.Postgres, goose.DialectPostgres, &sqlstore.Options{Schema: "huong_ve_co_so"}},
	} {
		t.Run(c.driver, func(t *testing.T) {
			db, err := sql.Open(c.driver, c.dsn())
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			files, err := sqlstore.MigrationFiles(c.dialect, c.opts)
			if err != nil {
				t.Fatal(err)
			}
			provider, err := goose.NewProvider(c.its, db, files)
			if err != nil {
				t.Fatal(err)
			}
			done, err := provider.Up(t.Context())
			if err != nil || len(done) < 3 {
				t.Fatalf("%d applied, %v", len(done), err)
			}
			if missing, err := sqlstore.Pending(t.Context(), db, c.dialect, c.opts); err != nil || len(missing) > 0 {
				t.Errorf("Pending says %q, %v", missing, err)
			}
			if again, err := provider.Up(t.Context()); err != nil || len(again) > 0 {
				t.Errorf("a second time %d, %v", len(again), err)
			}
		})
	}
}
