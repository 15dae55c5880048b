package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/workers/redistest"
)

// TestWorkersKilledInTheSeasonLoseNothing kills the worker process again and
// again, in the middle of its work, on a real Redis and a real PostgreSQL. In
// short three times in a week; OUTREACH_KILLS=20 asks for that many over the
// whole season.
func TestWorkersKilledInTheSeasonLoseNothing(t *testing.T) {
	kills, to := 3, "2017-02-14"
	if asked := os.Getenv("OUTREACH_KILLS"); asked != "" {
		n, err := strconv.Atoi(asked)
		if err != nil {
			t.Fatal(err)
		}
		kills, to = n, "2017-05-31"
	}
	dsn, redis := pgtest.Database(t), redistest.Server(t)
	p := playSeason(t, t.TempDir(), "-to", to, "-db", dsn, "-redis", redis.URL(), "-kill", fmt.Sprint(kills))
	if p.code != exitDone {
		t.Fatalf("exit code %d: %s\n%s", p.code, p.errs, p.stdout)
	}
	figures := p.figures(t)
	if lost := figure(t, figures, "Mất / lost"); lost != 0 {
		t.Errorf("%d notices lost", lost)
	}
	if killed := figure(t, figures, "workers killed:"); killed != kills {
		t.Errorf("killed %d times, want %d", killed, kills)
	}
	t.Log(figures[strings.Index(figures, "ĐỐI CHIẾU"):])
}
