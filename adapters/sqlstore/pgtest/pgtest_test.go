package pgtest

import (
	"bufio"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if end := os.Getenv("PGTEST_CHILD"); end != "" {
		child(end)
		return
	}
	goleak.VerifyTestMain(m)
}

// child is the process of [TestNoServerOutlivesItsProcess]: it starts a
// server, says where, and returns or hangs as told.
func child(end string) {
	fmt.Println("server:", Server(&verdict{}))
	if end == "hang" {
		select {}
	}
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestParallelTestsHaveADatabaseEach(t *testing.T) {
	for n := range 4 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			db := open(t, Database(t))
			if _, err := db.Exec(`CREATE TABLE hamlet (name text)`); err != nil {
				t.Fatal(err) // another test's table, if this were its database
			}
			if _, err := db.Exec(`INSERT INTO hamlet VALUES ($1)`, "Suối Cát 1"); err != nil {
				t.Fatal(err)
			}
			var count int
			var upper string
			if err := db.QueryRow(`SELECT count(*), max(upper(name)) FROM hamlet`).Scan(&count, &upper); err != nil {
				t.Fatal(err)
			}
			if count != 1 || upper != "SUỐI CÁT 1" {
				t.Errorf("%d rows, %q", count, upper)
			}
		})
	}
}

func TestADatabaseIsDroppedThoughConnectionsAreOpen(t *testing.T) {
	server := Server(t)
	var name string
	var leaked *sql.DB
	t.Run("user", func(t *testing.T) {
		dsn := Database(t)
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		name = strings.TrimPrefix(u.Path, "/")
		db, err := sql.Open("pgx", dsn)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Ping(); err != nil {
			t.Fatal(err)
		}
		leaked = db
	})
	if t.Failed() || leaked == nil {
		t.FailNow()
	}
	defer leaked.Close()
	var exists bool
	err := open(t, server).QueryRow(`SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists)
	if err != nil || name == "" || exists {
		t.Errorf("database %q exists: %v, %v", name, exists, err)
	}
}

func TestOneServerForAllTests(t *testing.T) {
	if a, b := Server(t), Server(t); a != b {
		t.Errorf("%s and %s", a, b)
	}
}

// verdict is a test that records how it ended.
type verdict struct {
	testing.TB
	fatal, skip string
}

func (*verdict) Helper() {}
func (v *verdict) Fatalf(format string, args ...any) {
	v.fatal = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
func (v *verdict) Skipf(format string, args ...any) {
	v.skip = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func judge(f func(tb testing.TB)) *verdict {
	v, done := &verdict{}, make(chan struct{})
	go func() { defer close(done); f(v) }()
	<-done
	return v
}

// none is what a machine without PostgreSQL has.
var none = &server{err: &missing{"no server here"}}

func TestAMissingServerSkipsAndSaysSo(t *testing.T) {
	for _, require := range []string{"", "redis", "postgresql"} {
		t.Setenv("OUTREACH_REQUIRE", require)
		v := judge(func(tb testing.TB) { none.address(tb) })
		if v.fatal != "" || !strings.Contains(v.skip, "NOT tested on PostgreSQL: no server here") {
			t.Errorf("OUTREACH_REQUIRE=%q: %+v", require, v)
		}
	}
}

func TestAMissingServerFailsWhereItIsRequired(t *testing.T) {
	for _, require := range []string{"postgres", "redis,postgres", "postgres,redis"} {
		t.Setenv("OUTREACH_REQUIRE", require)
		v := judge(func(tb testing.TB) { none.address(tb) })
		if v.skip != "" || !strings.Contains(v.fatal, "no server here") {
			t.Errorf("OUTREACH_REQUIRE=%q: %+v", require, v)
		}
	}
}

func TestANamedServerThatDoesNotWorkIsNeverSkipped(t *testing.T) {
	const secret = "pa55word"
	for _, dsn := range []string{"host=localhost", "mysql://x@localhost/y", "postgres://x:" + secret + "@127.0.0.1:1/y", "://" + secret} {
		var none *missing
		if err := named(dsn); err == nil || errors.As(err, &none) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}

func TestAServerThatDoesNotStartIsNeverSkipped(t *testing.T) {
	broken := &server{err: errors.New("initdb: out of space")}
	if v := judge(func(tb testing.TB) { broken.address(tb) }); v.skip != "" || !strings.Contains(v.fatal, "out of space") {
		t.Errorf("%+v", v)
	}
}

// installation writes a directory with the named empty programs.
func installation(t *testing.T, dir string, programs ...string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		if err := os.WriteFile(filepath.Join(dir, p), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestWhereTheBinariesAreLookedFor(t *testing.T) {
	root := t.TempDir()
	glob := filepath.Join(root, "*", "bin")
	t.Setenv("PATH", installation(t, filepath.Join(root, "path-client-only"), "initdb"))

	var none *missing
	if _, err := binaries("", glob); !errors.As(err, &none) {
		t.Errorf("nothing installed: %v, want a missing server", err)
	}
	if _, err := binaries(filepath.Join(root, "nowhere"), glob); err == nil || errors.As(err, &none) {
		t.Errorf("a wrong PG_BIN: %v, want a failure, not a skip", err)
	}
	installation(t, filepath.Join(root, "9.6", "bin"), "initdb", "postgres")
	newest := installation(t, filepath.Join(root, "15", "bin"), "initdb", "postgres")
	installation(t, filepath.Join(root, "17", "bin"), "initdb")
	if dir, err := binaries("", glob); dir != newest || err != nil {
		t.Errorf("the newest complete version: %s, %v, want %s", dir, err, newest)
	}
	onPath := installation(t, filepath.Join(root, "path"), "initdb", "postgres")
	t.Setenv("PATH", onPath)
	if dir, err := binaries("", glob); dir != onPath || err != nil {
		t.Errorf("PATH: %s, %v, want %s", dir, err, onPath)
	}
	given := installation(t, filepath.Join(root, "given"), "initdb", "postgres")
	if dir, err := binaries(given, glob); dir != given || err != nil {
		t.Errorf("PG_BIN: %s, %v, want %s", dir, err, given)
	}
}

func TestNoServerOutlivesItsProcess(t *testing.T) {
	if os.Getenv("OUTREACH_POSTGRES") != "" {
		t.Skip("nothing is started with OUTREACH_POSTGRES set")
	}
	Server(t) // skips where none can be started
	for end, kill := range map[string]bool{"return": false, "hang": true} {
		t.Run(end, func(t *testing.T) {
			dir := childServer(t, end, kill)
			for range 500 {
				if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
					return // removed last, once the server had ended
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Errorf("%s is still there", dir)
		})
	}
}

// childServer runs this test binary as a child until it has a server, ends
// it, and returns the directory of the server.
func childServer(t *testing.T, end string, kill bool) string {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "PGTEST_CHILD="+end)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	var dir string
	for lines := bufio.NewScanner(out); dir == "" && lines.Scan(); {
		if dsn, found := strings.CutPrefix(lines.Text(), "server: "); found {
			u, err := url.Parse(dsn)
			if err != nil {
				t.Fatal(err)
			}
			dir = u.Query().Get("host")
		}
	}
	if dir == "" {
		t.Fatal("the child has no server")
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	if kill {
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
