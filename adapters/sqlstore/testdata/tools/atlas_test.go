package tools

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"ariga.io/atlas/sql/sqlite"
	"ariga.io/atlas/sql/sqltool"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
)

// atlas reads a folder on disk with ?format=goose, after "atlas migrate hash".
func TestAtlasAppliesTheFolderForMigrationTools(t *testing.T) {
	for _, c := range []struct {
		driver  string
		dsn     func() string
		dialect sqlstore.Dialect
		its     func(schema.ExecQuerier) (migrate.Driver, error)
		opts    *sqlstore.Options
	}{
		{"sqlite", func() string { return sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "x.db")) }, sqlstore.SQLite, sqlite.Open, &sqlstore.Options{TablePrefix: "xl_"}},
		{"pgx", func() string { return pgtest.Database(t) }, sqlstore.Postgres, postgres.Open, &sqlstore.Options{Schema: "huong_ve_co_so"}},
	} {
		t.Run(c.driver, func(t *testing.T) {
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			db, err := sql.Open(c.driver, c.dsn())
			must(err)
			defer db.Close()
			files, err := sqlstore.MigrationFiles(c.dialect, c.opts)
			must(err)
			folder := filepath.Join(t.TempDir(), "migrations")
			must(os.CopyFS(folder, files))
			dir, err := sqltool.NewGooseDir(folder)
			must(err)
			sum, err := dir.Checksum()
			must(err)
			must(migrate.WriteSumFile(dir, sum))
			driver, err := c.its(db)
			must(err)
			executor, err := migrate.NewExecutor(driver, dir, migrate.NopRevisionReadWriter{})
			must(err)
			must(executor.ExecuteN(t.Context(), 0))
			if missing, err := sqlstore.Pending(t.Context(), db, c.dialect, c.opts); err != nil || len(missing) > 0 {
				t.Errorf("Pending says %q, %v", missing, err)
			}
		})
	}
}
