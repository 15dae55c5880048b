package docs

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every command that a page shows is one that somebody runs: the tests, the tour,
// or .ci/run.
func TestEveryCommandOfAPageIsRun(t *testing.T) {
	script := func(name string) string {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if !strings.Contains(script(".ci/run"), "\nexamples/tour.sh\n") {
		t.Error(".ci/run does not take the tour")
	}
	walked := make(map[string]bool) // pages and sections of the tour
	for _, found := range regexp.MustCompile(`(?m)^walk (\S+)(?: "(.+)")?$`).FindAllStringSubmatch(script("examples/tour.sh"), -1) {
		walked[found[1]+"#"+found[2]] = true
	}
	run := make(map[string]bool)
	all := pages(t)
	for _, p := range all {
		eachCommand(p, func(section, command string, _ int) {
			if walked[p.name+"#"] || walked[p.name+"#"+section] || p.name == "README.md" && strings.HasPrefix(command, "go run ") {
				run[command] = true
			}
		})
	}
	for _, must := range []string{"go run ./examples/embed", "outreach-worker run", "go test ./examples/customsms ./examples/customdirectory ./examples/customstore"} {
		if !run[must] {
			t.Errorf("the tour does not run %q", must)
		}
	}
	for _, p := range all {
		if strings.HasPrefix(p.name, "examples/bench/") {
			continue // a module of its own, whose test runs the program with few messages
		}
		eachCommand(p, func(_, command string, line int) {
			switch {
			case run[command], strings.HasPrefix(command, "go test ") && !strings.Contains(command, " -update") && !strings.Contains(command, " -record"):
			case p.name == "CONTRIBUTING.md" || p.name == "ARCHITECTURE.md": // for who changes the project: that they exist is enough
			default:
				t.Errorf("%s:%d: nothing runs %q", p.name, line, command)
			}
		})
	}
}

// eachCommand calls do for each line of shell of a page, with the heading it
// stands under.
func eachCommand(p page, do func(section, command string, line int)) {
	headings := make([]string, strings.Count(p.text, "\n")+2)
	here, n := "", 0
	for line := range strings.Lines(p.text) {
		n++
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			here = strings.TrimSpace(heading)
		}
		headings[n] = here
	}
	for _, b := range p.blocks {
		if b.language != "sh" {
			continue
		}
		lines := bufio.NewScanner(strings.NewReader(b.text))
		for at := b.line; lines.Scan(); at++ {
			command, _, _ := strings.Cut(lines.Text(), " #")
			if command = strings.TrimSpace(command); command != "" {
				do(headings[at], command, at)
			}
		}
	}
}

// hostOfTheBlock is a test of examples/embed: its help desk is the host in which the
// block of README.md is run, over the tables that the block means: those that are
// made without options.
const hostOfTheBlock = `package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
)

type block func(ctx context.Context, db *sql.DB, sys *core.System, ticket string, clerk org.PersonID, issueID issue.ID) error

// wrong is what does not come of the block that should.
func wrong(t *testing.T, dialect sqlstore.Dialect, refer block) (all []string) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	database := filepath.Join(t.TempDir(), "desk.db")
	if dialect == sqlstore.Postgres {
		database = pgtest.Database(t)
	}
	ctx := t.Context()
	d, err := open(ctx, database, io.Discard)
	must(err)
	defer d.db.Close()
	must(sqlstore.Migrate(ctx, d.db, dialect, nil))
	st, err := sqlstore.Open(d.db, dialect, nil)
	must(err)
	d.tables = nil
	d.sys, err = core.New(st, policy.Default(), &core.Options{Clock: d.clock, Directory: func(tx store.Tx) org.Directory { return identities{tx, d.db} }})
	must(err)
	must(d.sys.Update(ctx, admin, func(ctx context.Context, w *core.Work) error {
		if err := enter(ctx, w); err != nil {
			return err
		}
		always := calendar.Period{From: calendar.MustDate(2016, 1, 1)}
		_, err := w.Org.AddUnit(ctx, org.Unit{ID: "TN-MT", Code: "TN-MT", Name: "Phòng Tài nguyên và Môi trường", SMSName: "Phong TN-MT", Place: "mau", Valid: always})
		return err
	}))
	ticket, err := d.take(ctx, "lan", "Cứ mưa lớn là hẻm sau chợ ngập.")
	must(err)
	var id issue.ID
	must(d.db.QueryRowContext(ctx, "SELECT issue FROM ticket").Scan(&id))
	must(d.together(ctx, "loc", func(ctx context.Context, _ *sql.Tx, w *core.Work) error {
		_, err := w.Issues.Triage(ctx, id, issue.Sorting{Subject: "drainage", Urgency: issue.Normal})
		return err
	}))
	stands := func(when, want string) {
		var state string
		var referrals int
		must(d.db.QueryRowContext(ctx, "SELECT (SELECT state FROM ticket), (SELECT count(*) FROM outreach_record WHERE kind = 'issue.referred')").Scan(&state, &referrals))
		if got := fmt.Sprintf("ticket %s, referrals in the journal %d", state, referrals); got != want {
			all = append(all, when+": "+got+", want "+want)
		}
	}
	if err := refer(ctx, d.db, d.sys, ticket, "yen", id); err == nil { // a clerk of another unit
		all = append(all, "whoever may not refer is not refused")
	}
	stands("after the refusal", "ticket open, referrals in the journal 0")
	if err := refer(ctx, d.db, d.sys, ticket, "loc", id); err != nil {
		all = append(all, err.Error())
	}
	stands("after the commit", "ticket referred, referrals in the journal 1")
	return all
}

func TestREADME(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		for _, w := range wrong(t, sqlstore.SQLite, onSQLite) {
			t.Error(w)
		}
	})
	t.Run("Postgres", func(t *testing.T) {
		for _, w := range wrong(t, sqlstore.Postgres, asShown) {
			t.Error(w)
		}
	})
	t.Run("Careless", func(t *testing.T) {
		if len(wrong(t, sqlstore.Postgres, careless)) == 0 {
			t.Error("a ticket that is written outside of the transaction is not noticed")
		}
	})
}

`

func TestTheBlockOfGoInTheREADMEDoesWhatItSays(t *testing.T) {
	var shown []block
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.language == "go" {
				if p.name != "README.md" {
					t.Errorf("%s:%d: nothing runs this block", p.name, b.line)
				}
				shown = append(shown, b)
			}
		}
	}
	if len(shown) != 1 {
		t.Fatalf("README.md has %d blocks of Go, this test runs one", len(shown))
	}
	function := func(name, from, to string) string {
		if strings.Count(shown[0].text, from) == 0 {
			t.Fatalf("the block has no %q any more", from)
		}
		return "func " + name + "(ctx context.Context, db *sql.DB, sys *core.System, ticket string, clerk org.PersonID, issueID issue.ID) error {\n" +
			strings.Replace(shown[0].text, from, to, 1) + "}\n\n"
	}
	host := hostOfTheBlock + function("asShown", "", "") + function("onSQLite", "sqlstore.Postgres", "sqlstore.SQLite") +
		function("careless", "tx.ExecContext(ctx, `UPDATE", "db.ExecContext(ctx, `UPDATE")
	files := overlay(t, map[string]string{"examples/embed/readme_test.go": host})
	if said, err := tool("test", "-vet=off", "-count=1", "-overlay", files, "-run", "^TestREADME$", "-v", "./examples/embed"); err != nil || !strings.Contains(said, "--- PASS: TestREADME/SQLite") {
		t.Errorf("%v\n%s", err, said)
	}
}
