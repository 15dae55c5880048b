package pgwake_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"go.uber.org/goleak"

	"github.com/huongvecoso/outreach/adapters/pgwake"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// listen listens for the test and counts how often it was woken.
func listen(t *testing.T, dsn, channel string) *atomic.Int64 {
	t.Helper()
	woken := new(atomic.Int64)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- pgwake.Listen(ctx, dsn, channel, func() { woken.Add(1) }, &pgwake.Options{Longest: 200 * time.Millisecond})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Listen ended with %v", err)
		}
	})
	until(t, "it listens", func() bool { return woken.Load() > 0 })
	return woken
}

func until(t *testing.T, what string, true func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !true(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after 20 s still not: %s", what)
		}
	}
}

func TestARingIsHeardByWhoeverListensToTheChannel(t *testing.T) {
	dsn := pgtest.Database(t)
	bell := pgwake.NewBell(open(t, dsn), "")
	defer bell.Close()
	one, two := listen(t, dsn, ""), listen(t, dsn, pgwake.Channel)
	other := listen(t, dsn, `o"ther`)
	before, beforeTwo, beforeOther := one.Load(), two.Load(), other.Load()
	bell.Ring()
	until(t, "both heard it", func() bool { return one.Load() > before && two.Load() > beforeTwo })
	if other.Load() != beforeOther {
		t.Error("who listens to another channel heard it")
	}
}

// A thousand rings are a few words: a NOTIFY for each would hold up every writer.
func TestManyRingsAreFewWordsAndTheLastIsNotLost(t *testing.T) {
	dsn := pgtest.Database(t)
	bell := pgwake.NewBell(open(t, dsn), "")
	heard := listen(t, dsn, "")
	before, began := heard.Load(), time.Now()
	for range 1000 {
		bell.Ring()
	}
	bell.Close() // waits for the last word
	most := int64(time.Since(began)/(5*time.Millisecond)) + 2
	until(t, "it was heard", func() bool { return heard.Load() > before })
	if n := heard.Load() - before; n > most {
		t.Errorf("a thousand rings were %d words, in that time want %d at most", n, most)
	}
	before = heard.Load()
	bell.Ring()
	time.Sleep(20 * time.Millisecond)
	if heard.Load() != before {
		t.Error("a closed bell rang")
	}
}

func TestAListenerThatWasCutOffListensAgainAndAssumesItMissedSomething(t *testing.T) {
	dsn := pgtest.Database(t)
	db := open(t, dsn)
	heard := listen(t, dsn, "")
	before := heard.Load()
	if _, err := db.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()`); err != nil {
		t.Fatal(err)
	}
	until(t, "it listens again and woke the relay", func() bool { return heard.Load() > before })
	before = heard.Load()
	bell := pgwake.NewBell(db, "")
	defer bell.Close()
	bell.Ring()
	until(t, "it hears again", func() bool { return heard.Load() > before })
}

func TestADatabaseThatIsNotThereHoldsNobodyUp(t *testing.T) {
	nowhere := "postgres://nobody:hush@127.0.0.1:1/none?connect_timeout=1"
	bell := pgwake.NewBell(open(t, nowhere), "")
	began := time.Now()
	for range 100 {
		bell.Ring()
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("ringing took %v", took)
	}
	bell.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := pgwake.Listen(ctx, nowhere, "", func() { t.Error("woken by nobody") }, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Listen ended with %v", err)
	}
}

func TestAnAddressThatCannotBeReadIsAnErrorThatDoesNotRepeatIt(t *testing.T) {
	err := pgwake.Listen(t.Context(), "postgres://u:hush@[::1:5432/db", "", func() {}, nil)
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v", err)
	}
}
