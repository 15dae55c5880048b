package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// databases are the two kinds, each with a function that makes a new database
// and returns how to open handles on it.
var databases = []struct {
	dialect Dialect
	create  func(t testing.TB) (handle func() *sql.DB)
}{
	{SQLite, func(t testing.TB) func() *sql.DB {
		file := filepath.Join(t.TempDir(), "outreach.db")
		return func() *sql.DB { return handle(t, "sqlite", SQLiteDSN(file)) }
	}},
	{Postgres, func(t testing.TB) func() *sql.DB {
		dsn := pgtest.Database(t)
		return func() *sql.DB { return handle(t, "pgx", dsn) }
	}},
}

func handle(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// eachDatabase runs a test on a new database of each kind.
func eachDatabase(t *testing.T, test func(t *testing.T, d Dialect, handle func() *sql.DB)) {
	for _, kind := range databases {
		t.Run(string(kind.dialect), func(t *testing.T) { test(t, kind.dialect, kind.create(t)) })
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// exec runs a statement that has to succeed.
func exec(t testing.TB, db Querier, statement string, args ...any) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), statement, args...)
	must(t, err)
}

// selectAll returns the first column of a query as text.
func selectAll(t testing.TB, db Querier, query string, args ...any) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	must(t, err)
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		must(t, rows.Scan(&s))
		all = append(all, s)
	}
	must(t, rows.Err())
	return all
}

// tableNames returns the tables of a database, with their schema where it is not the usual one.
func tableNames(t testing.TB, db Querier, d Dialect) []string {
	t.Helper()
	if d == SQLite {
		return selectAll(t, db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
	}
	return selectAll(t, db, `SELECT CASE schemaname WHEN 'public' THEN '' ELSE schemaname || '.' END || tablename FROM pg_tables
		WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`)
}

func TestMigratingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, d Dialect, handle func() *sql.DB) {
		db := handle()
		before, err := Pending(t.Context(), db, d, nil)
		must(t, err)
		if len(tableNames(t, db, d)) != 0 {
			t.Errorf("asking what is pending made tables")
		}
		must(t, Migrate(t.Context(), db, d, nil))
		first := selectAll(t, db, "SELECT name || checksum || applied_at FROM outreach_migration ORDER BY name")
		must(t, Migrate(t.Context(), db, d, nil))
		if diff := cmp.Diff(first, selectAll(t, db, "SELECT name || checksum || applied_at FROM outreach_migration ORDER BY name")); diff != "" {
			t.Errorf("the second time changed what is remembered (-first +second):\n%s", diff)
		}
		after, err := Pending(t.Context(), db, d, nil)
		must(t, err)
		if len(before) != len(first) || len(after) != 0 {
			t.Errorf("pending before: %q, after: %q; applied %d", before, after, len(first))
		}
	})
}

func TestSixHandlesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, d Dialect, handle func() *sql.DB) {
		var handles []*sql.DB
		for range 6 {
			handles = append(handles, handle())
		}
		start := make(chan struct{})
		errs := make([]error, len(handles))
		var wg sync.WaitGroup
		for i, db := range handles {
			wg.Go(func() {
				<-start
				errs[i] = Migrate(t.Context(), db, d, nil)
			})
		}
		close(start)
		wg.Wait()
		must(t, errors.Join(errs...))
		migrations, err := MigrationsFor(d, nil)
		must(t, err)
		if n := len(selectAll(t, handles[0], "SELECT name FROM outreach_migration")); n != len(migrations) {
			t.Errorf("%d migrations are remembered, want %d", n, len(migrations))
		}
	})
}

// steps are migrations made up for a test.
func steps(contents ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for i, content := range contents {
		files[fmt.Sprintf("%04d_step.sql", i+1)] = &fstest.MapFile{Data: []byte(content)}
	}
	return files
}

func TestAMigrationEditedAfterItRanIsAnError(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, d Dialect, handle func() *sql.DB) {
		db := handle()
		must(t, migrate(t.Context(), db, d, nil, steps("CREATE TABLE outreach_a (id TEXT);")))
		err := migrate(t.Context(), db, d, nil, steps("CREATE TABLE outreach_a (id TEXT, more TEXT);", "CREATE TABLE outreach_b (id TEXT);"))
		if err == nil || !strings.Contains(err.Error(), "0001_step.sql was edited after it ran") {
			t.Errorf("got %v", err)
		}
		if got := tableNames(t, db, d); slices.Contains(got, "outreach_b") {
			t.Errorf("a later migration was applied all the same: %q", got)
		}
	})
}

func TestMigrationsGoOnWhereTheyStopped(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, d Dialect, handle func() *sql.DB) {
		db := handle()
		first, second := "CREATE TABLE outreach_a (id TEXT);", "CREATE TABLE outreach_b (id TEXT); INSERT INTO outreach_b VALUES ('x');"
		must(t, migrate(t.Context(), db, d, nil, steps(first)))
		must(t, migrate(t.Context(), db, d, nil, steps(first, second)))
		must(t, migrate(t.Context(), db, d, nil, steps(first))) // a process that was not updated yet
		if got := selectAll(t, db, "SELECT id FROM outreach_b"); len(got) != 1 {
			t.Errorf("the second migration ran %d times", len(got))
		}
	})
}

func TestAFailingMigrationLeavesNothing(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, d Dialect, handle func() *sql.DB) {
		db := handle()
		db.SetMaxOpenConns(1) // whatever is left open would show
		err := migrate(t.Context(), db, d, nil, steps("CREATE TABLE outreach_a (id TEXT);", "CREATE TABLE outreach_b (id TEXT); SELECT nonsense;"))
		if err == nil || !strings.Contains(err.Error(), "0002_step.sql") {
			t.Errorf("got %v, want an error that names the migration", err)
		}
		if got := tableNames(t, db, d); len(got) != 0 {
			t.Errorf("tables are left: %q", got)
		}
		must(t, Migrate(t.Context(), db, d, nil))
	})
}

func TestAMigrationGivenUpLeavesNoTransactionOpen(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, d Dialect, handle func() *sql.DB) {
		db, other := handle(), handle()
		db.SetMaxOpenConns(1)
		dialect, names, err := resolve(d, nil)
		must(t, err)
		conn, err := other.Conn(t.Context())
		must(t, err)
		must(t, alone(t.Context(), conn, dialect, names, func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := Migrate(ctx, db, d, nil); err == nil {
				t.Errorf("two migrate at once")
			}
			return nil
		}))
		must(t, conn.Close())
		must(t, Migrate(t.Context(), db, d, nil))
	})
}

func TestPrefixesKeepProgrammesApart(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, d Dialect, handle func() *sql.DB) {
		db := handle()
		stores := map[string]*Store{}
		for _, prefix := range []string{"xl_", "lk_", ""} {
			opts := &Options{TablePrefix: prefix}
			must(t, Migrate(t.Context(), db, d, opts))
			st, err := Open(db, d, opts)
			must(t, err)
			stores[prefix] = st
		}
		exercise(t, stores["xl_"])
		for _, prefix := range []string{"lk_", ""} {
			must(t, stores[prefix].View(t.Context(), func(ctx context.Context, tx store.Tx) error {
				if _, err := tx.Place(ctx, "a"); !errors.Is(err, fault.ErrNotFound) {
					t.Errorf("prefix %q sees what another one keeps (error %v)", prefix, err)
				}
				return nil
			}))
		}
		var strange []string
		for _, name := range tableNames(t, db, d) {
			if !strings.HasPrefix(name, "xl_") && !strings.HasPrefix(name, "lk_") && !strings.HasPrefix(name, "outreach_") {
				strange = append(strange, name)
			}
		}
		if len(strange) > 0 {
			t.Errorf("tables without a prefix: %q", strange)
		}
	})
}

func TestTheSchemaOptionPutsAllTablesIntoOneSchema(t *testing.T) {
	t.Parallel()
	db := handle(t, "pgx", pgtest.Database(t))
	opts := &Options{Schema: "huyen_xuan_loc", TablePrefix: "xl_"}
	must(t, Migrate(t.Context(), db, Postgres, opts))
	must(t, Migrate(t.Context(), db, Postgres, opts)) // the schema is there now
	pending, err := Pending(t.Context(), db, Postgres, opts)
	must(t, err)
	if len(pending) != 0 {
		t.Errorf("pending: %q", pending)
	}
	for _, name := range tableNames(t, db, Postgres) {
		if !strings.HasPrefix(name, "huyen_xuan_loc.xl_") {
			t.Errorf("table %s is outside of the schema", name)
		}
	}
	st, err := Open(db, Postgres, opts)
	must(t, err)
	exercise(t, st)
}

// exercise writes with every kind of statement.
func exercise(t *testing.T, st *Store) {
	t.Helper()
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		p := org.Place{ID: "a"}
		n := waiting(1)
		_, err := tx.AddNotice(ctx, n)
		_, counted := tx.NextIssueNumber(ctx, "XL-17")
		_, leased := tx.Lease(ctx, "relay", "me", noon, noon.Add(time.Minute))
		return errors.Join(err, counted, leased, tx.PutPlace(ctx, &p), tx.PutPlace(ctx, &p), tx.PutNotices(ctx, pointers(n)), tx.AppendRecord(ctx, record(1)))
	}))
	must(t, st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
		_, err := tx.LastRecord(ctx, record(1).Subject)
		_, due := tx.DueNotices(ctx, noon, 10)
		_, counted := tx.CountNotices(ctx)
		return errors.Join(err, due, counted)
	}))
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		d    Dialect
		opts *Options
	}{
		"unknown dialect":           {"mysql", nil},
		"no dialect":                {"", nil},
		"capital letters":           {Postgres, &Options{TablePrefix: "XL_"}},
		"SQL in the prefix":         {SQLite, &Options{TablePrefix: "x; DROP TABLE ticket; --"}},
		"SQL in the schema":         {Postgres, &Options{Schema: `x"; --`}},
		"a prefix that is too long": {Postgres, &Options{TablePrefix: strings.Repeat("x", 32)}},
		"a schema on SQLite":        {SQLite, &Options{Schema: "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			db := handle(t, "sqlite", SQLiteDSN(filepath.Join(t.TempDir(), "x.db")))
			_, opened := Open(db, c.d, c.opts)
			_, files := MigrationsFor(c.d, c.opts)
			_, pending := Pending(t.Context(), db, c.d, c.opts)
			joined := Join(db, c.d, c.opts).PutPlace(t.Context(), &org.Place{ID: "a"})
			for what, err := range map[string]error{
				"Open": opened, "MigrationsFor": files, "Migrate": Migrate(t.Context(), db, c.d, c.opts), "Pending": pending, "Join": joined,
			} {
				if err == nil || !strings.HasPrefix(err.Error(), "sqlstore: ") {
					t.Errorf("%s gave %v", what, err)
				}
			}
		})
	}
}

func TestMigrationFilesAreThereForOtherTools(t *testing.T) {
	t.Parallel()
	for _, d := range []Dialect{SQLite, Postgres} {
		names, err := fs.Glob(Migrations(d), "*.sql")
		must(t, err)
		migrations, err := MigrationsFor(d, nil)
		must(t, err)
		for i, name := range names {
			content, err := fs.ReadFile(Migrations(d), name)
			must(t, err)
			if migrations[i].Name != name || migrations[i].SQL != string(content) {
				t.Errorf("%s: MigrationsFor without options is not the file", name)
			}
		}
	}
	sqlite, _ := fs.Glob(Migrations(SQLite), "*.sql")
	postgres, _ := fs.Glob(Migrations(Postgres), "*.sql")
	if diff := cmp.Diff(sqlite, postgres); diff != "" || len(sqlite) == 0 {
		t.Errorf("the dialects have different migrations (-sqlite +postgres):\n%s", diff)
	}
	if none, err := fs.Glob(Migrations("mysql"), "*"); len(none) != 0 || err != nil {
		t.Errorf("an unknown dialect has files: %q, %v", none, err)
	}
}

func TestNamesInMigrationFiles(t *testing.T) {
	t.Parallel()
	const file = `CREATE TABLE outreach_a (x text REFERENCES outreach_b);
CREATE UNIQUE INDEX IF NOT EXISTS outreach_a_x ON outreach_a (x);
CREATE INDEX outreach_a_y ON outreach_a (y); INSERT INTO outreach_a SELECT 'my_outreach_x' FROM outreach_b;
DROP INDEX outreach_a_y;`
	for name, c := range map[string]struct {
		names names
		want  string
	}{
		"default": {names{prefix: "outreach_"}, file},
		"prefix":  {names{prefix: "xl_"}, strings.NewReplacer("my_outreach_", "my_outreach_", "outreach_", "xl_").Replace(file)},
		"schema": {names{schema: "s", prefix: "xl_"}, `CREATE TABLE "s".xl_a (x text REFERENCES "s".xl_b);
CREATE UNIQUE INDEX IF NOT EXISTS xl_a_x ON "s".xl_a (x);
CREATE INDEX xl_a_y ON "s".xl_a (y); INSERT INTO "s".xl_a SELECT 'my_outreach_x' FROM "s".xl_b;
DROP INDEX "s".xl_a_y;`},
	} {
		if diff := cmp.Diff(c.want, c.names.inFile(file)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
