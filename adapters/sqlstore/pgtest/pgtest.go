// Package pgtest gives a test a real PostgreSQL, with nothing to set up: the
// server named by the environment, or a throw-away one that lives as long as
// the test process. It is meant for this repository's stores and for anyone
// who writes one of his own.
//
//	func TestStore(t *testing.T) {
//		db, err := sql.Open("pgx", pgtest.Database(t))
//		…
//	}
//
// The environment decides:
//
//	OUTREACH_POSTGRES  postgres:// URL of a server (13 or later) whose user
//	                   may create databases; nothing is started then
//	PG_BIN             directory of initdb and postgres; without it they are
//	                   looked for in PATH, then in /usr/lib/postgresql/*/bin
//	OUTREACH_REQUIRE   comma-separated services; where it lists "postgres", a
//	                   test without a server fails instead of being skipped
//
// The throw-away server listens on a Unix socket in a temporary directory and
// never syncs to disk. As root it runs as the user nobody. A pipe from the
// test process is its lifeline: however that process ends, a killed one
// included, the server stops and the directory is removed.
package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Server returns the URL of a PostgreSQL server on which the test may create
// databases; it is the same for all tests of the process. The test is skipped
// when there is none, and fails when one was named or found but does not
// work. Most tests want [Database] instead.
func Server(tb testing.TB) (dsn string) {
	tb.Helper()
	shared.once.Do(shared.open)
	return shared.address(tb)
}

// Database creates an empty UTF-8 database for this test alone and returns
// its URL. It is dropped when the test ends, together with connections the
// test left open. Tests may run in parallel.
func Database(tb testing.TB) (dsn string) {
	tb.Helper()
	server := Server(tb)
	name := "outreach_" + strings.ToLower(rand.Text())
	// template0 takes no connections, so a session of someone else on
	// template1 cannot stand in the way.
	if err := execute(server, `CREATE DATABASE `+name+` TEMPLATE template0 ENCODING 'UTF8'`); err != nil {
		tb.Fatalf("create a database for the test: %v", err)
	}
	tb.Cleanup(func() {
		if err := execute(server, `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			tb.Errorf("drop the database of the test: %v", err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		tb.Fatalf("URL of the server: %v", err)
	}
	u.Path = "/" + name
	return u.String()
}

// shared is the one server of the test process.
var shared server

type server struct {
	once     sync.Once
	dsn      string
	err      error
	lifeline *os.File // never written; the server ends when it is closed
}

// address returns the URL, or ends a test that cannot have it.
func (s *server) address(tb testing.TB) string {
	tb.Helper()
	var none *missing
	switch {
	case errors.As(s.err, &none):
		none.end(tb)
	case s.err != nil:
		tb.Fatalf("PostgreSQL for tests: %v", s.err)
	}
	return s.dsn
}

func (s *server) open() {
	s.dsn = os.Getenv("OUTREACH_POSTGRES")
	if s.dsn != "" {
		s.err = named(s.dsn)
		return
	}
	var bin string
	if bin, s.err = binaries(os.Getenv("PG_BIN"), "/usr/lib/postgresql/*/bin"); s.err == nil {
		s.err = s.start(bin)
	}
}

// named checks a server that the environment names. The URL may hold a
// password and is not repeated.
func named(dsn string) error {
	if u, err := url.Parse(dsn); err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return errors.New("OUTREACH_POSTGRES is no URL of the form postgres://user:password@host/database")
	}
	if err := execute(dsn, `SELECT 1`); err != nil {
		return fmt.Errorf("the server of OUTREACH_POSTGRES: %w", err)
	}
	return nil
}

// execute runs one statement on a connection of its own.
func execute(dsn, statement string) error {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// missing says why there is no server to be had.
type missing struct{ why string }

func (m *missing) Error() string { return m.why }

// end skips the test, saying what was not tested, or fails it where
// OUTREACH_REQUIRE asks for PostgreSQL.
func (m *missing) end(tb testing.TB) {
	tb.Helper()
	if slices.Contains(strings.Split(os.Getenv("OUTREACH_REQUIRE"), ","), "postgres") {
		tb.Fatalf("OUTREACH_REQUIRE lists postgres, but %s", m.why)
	}
	tb.Skipf("NOT tested on PostgreSQL: %s; set OUTREACH_POSTGRES or install postgresql", m.why)
}
