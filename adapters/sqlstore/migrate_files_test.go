package sqlstore

import (
	"database/sql"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// upOf reads a file as goose does: it begins with "-- +goose Up", and what stands
// between StatementBegin and StatementEnd is one statement. Anything outside of
// these blocks would be cut at its semicolons, and is a mistake here.
func upOf(t *testing.T, file string) string {
	t.Helper()
	var up strings.Builder
	seen, inside := false, false
	for line := range strings.Lines(file) {
		switch command, isCommand := strings.CutPrefix(strings.TrimSpace(line), "-- +goose "); {
		case isCommand && command == "Up" && !seen:
			seen = true
		case isCommand && command == "StatementBegin" && seen && !inside:
			inside = true
		case isCommand && command == "StatementEnd" && inside:
			inside = false
		case isCommand:
			t.Fatalf("goose would not understand %q here", line)
		case inside:
			up.WriteString(line)
		case strings.TrimSpace(line) != "":
			t.Fatalf("%q stands outside of a block", line)
		}
	}
	if !seen || inside {
		t.Fatalf("the file does not begin with Up, or its block has no end:\n%s", file)
	}
	return up.String()
}

// tool applies a folder as a migration tool of the host does.
func tool(t *testing.T, db Querier, files fs.FS) {
	t.Helper()
	names, err := fs.Glob(files, "*.sql")
	must(t, err)
	if len(names) < 3 {
		t.Fatalf("the folder holds %q", names)
	}
	for _, name := range names {
		file, err := fs.ReadFile(files, name)
		must(t, err)
		exec(t, db, upOf(t, string(file)))
	}
}

func TestAMigrationToolOfTheHostMakesTheTablesThatMigrateMakes(t *testing.T) {
	t.Parallel()
	opts := map[string]*Options{"default names": nil, "a prefix": {TablePrefix: "xl_"}}
	eachDatabase(t, func(t *testing.T, d Dialect, handle func() *sql.DB) {
		if d == Postgres {
			opts["a schema"] = &Options{Schema: "huong_ve_co_so"}
		}
		for name, o := range opts {
			t.Run(name, func(t *testing.T) {
				db := handle()
				files, err := MigrationFiles(d, o)
				must(t, err)
				tool(t, db, files)
				if missing, err := Pending(t.Context(), db, d, o); err != nil || len(missing) > 0 {
					t.Errorf("Pending says %q, %v", missing, err)
				}
				must(t, Migrate(t.Context(), db, d, o)) // has nothing left to do, and no complaint about another file
			})
		}
		db := handle()
		before := tableNames(t, db, d)
		must(t, Migrate(t.Context(), db, d, &Options{TablePrefix: "twin_"}))
		var twins, ours []string
		for _, name := range tableNames(t, db, d) {
			if rest, ok := strings.CutPrefix(name, "twin_"); ok {
				twins = append(twins, rest)
			}
		}
		for _, name := range before {
			if rest, ok := strings.CutPrefix(name, "xl_"); ok {
				ours = append(ours, rest)
			}
		}
		if diff := cmp.Diff(sorted(twins), sorted(ours)); diff != "" || len(ours) == 0 {
			t.Errorf("other tables than those of Migrate (-Migrate +tool):\n%s", diff)
		}
		stamp := selectAll(t, db, "SELECT applied_at FROM xl_migration UNION ALL SELECT applied_at FROM twin_migration")
		for _, at := range stamp {
			if _, err := time.Parse(fixedWidth, at); err != nil {
				t.Errorf("applied at %q: %v", at, err)
			}
		}
	})
}

func TestTheFolderForMigrationToolsIsAFolder(t *testing.T) {
	for _, d := range []Dialect{SQLite, Postgres} {
		files, err := MigrationFiles(d, nil)
		must(t, err)
		if err := fstest.TestFS(files, "0001_initial.sql", "0002_whole_programme.sql"); err != nil {
			t.Errorf("%s: %v", d, err)
		}
		if err := os.CopyFS(t.TempDir(), files); err != nil {
			t.Errorf("%s: %v", d, err)
		}
	}
	if _, err := MigrationFiles(SQLite, &Options{TablePrefix: "Bad-"}); err == nil {
		t.Error("a prefix that is none is taken")
	}
	if _, err := MigrationFiles("oracle", nil); err == nil {
		t.Error("an unknown dialect is taken")
	}
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}
