// Package redistest gives a test a Redis, with nothing to set up.
//
//	Server  a real one, shared or its own: for tests that use a queue
//	Start   a real one of its own: for tests that break it
//	StartWatched, StartCluster  real ones with a Sentinel, or in a Cluster
//	Mini    an imitation in the test process: for tests that must run anywhere
//	Imitate one that only says what it is: for tests of what refuses it
//
// The environment decides what a real one is:
//
//	OUTREACH_REDIS    host:port or redis:// URL of a server; Server then lends
//	                  each test a logical database of it
//	OUTREACH_REQUIRE  comma-separated services; where it lists "redis", a test
//	                  without a server fails instead of being skipped
//
// Otherwise redis-server is looked for in PATH and started on a free port of
// the loopback interface, in a temporary directory, for one test.
//
// A test that looks for leaked goroutines should do so in a [testing.TB]
// Cleanup registered before it calls Mini, so that the imitation is gone by then.
package redistest

import (
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
)

// Endpoint says where a test's Redis is.
type Endpoint struct {
	// Addr is host:port.
	Addr string
	// Username and Password are empty when the server asks for none.
	Username, Password string
	// DB is the logical database that belongs to the test.
	DB int
}

// URL returns the endpoint in the form redis://user:password@host:port/db.
func (e Endpoint) URL() string {
	u := url.URL{Scheme: "redis", Host: e.Addr, Path: "/" + strconv.Itoa(e.DB)}
	if e.Username != "" || e.Password != "" {
		u.User = url.UserPassword(e.Username, e.Password)
	}
	return u.String()
}

// Server returns a Redis with an empty database for this test alone: one lent
// by the server of OUTREACH_REDIS, else a server of its own. Both are given
// back when the test ends. The test is skipped when there is neither, and
// fails when the server named does not work. Tests may run in parallel.
func Server(tb testing.TB) Endpoint {
	tb.Helper()
	if named := os.Getenv("OUTREACH_REDIS"); named != "" {
		return borrow(tb, named)
	}
	return Endpoint{Addr: Start(tb, nil).Addr}
}

// Mini returns an imitation of Redis that lives in the test process and whose
// keys expire by the clock, as those of a real one do. It is closed when the
// test ends.
func Mini(tb testing.TB) *miniredis.Miniredis {
	tb.Helper()
	m := miniredis.RunT(tb)
	m.ClockTTL(true)
	return m
}

// program returns the path of redis-server. Where there is none the test is
// skipped, saying what was not tested, or failed if OUTREACH_REQUIRE asks for
// Redis.
func program(tb testing.TB) string {
	tb.Helper()
	path, err := exec.LookPath("redis-server")
	if err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv("OUTREACH_REQUIRE"), ","), "redis") {
		tb.Fatalf("OUTREACH_REQUIRE lists redis, but: %v", err)
	}
	tb.Skipf("NOT tested on Redis: %v; set OUTREACH_REDIS or install redis-server", err)
	return ""
}
