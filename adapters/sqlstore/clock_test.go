package sqlstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
)

// near is how far two readings may be apart on a machine that is busy.
const near = 3 * time.Second

// clockOf is a clock over a new database, on a machine whose own is wrong by so much.
func clockOf(t *testing.T, d sqlstore.Dialect, wrong time.Duration, opts sqlstore.ClockOptions) *sqlstore.Clock {
	t.Helper()
	driver, dsn := "sqlite", sqlstore.SQLiteDSN(sqliteFile(t))
	if d == sqlstore.Postgres {
		driver, dsn = "pgx", pgtest.Database(t)
	}
	opts.Machine = func() time.Time { return time.Now().Add(wrong) }
	c, err := sqlstore.NewClock(openDB(t, driver, dsn), d, &opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheClockIsTheDatabasesWhateverTheMachineShows(t *testing.T) {
	t.Parallel()
	for _, d := range []sqlstore.Dialect{sqlstore.SQLite, sqlstore.Postgres} {
		for _, wrong := range []time.Duration{0, 2 * time.Hour, -2 * time.Hour} {
			c := clockOf(t, d, wrong, sqlstore.ClockOptions{})
			if _, known := c.Skew(); known || time.Until(c.Now().Add(-wrong)).Abs() > near {
				t.Errorf("%s, %v: before it was set it shows %v", d, wrong, c.Now())
			}
			if err := c.Set(t.Context()); err != nil {
				t.Fatal(err)
			}
			if off := time.Until(c.Now()); off.Abs() > near {
				t.Errorf("%s, %v: it is off by %v", d, wrong, off)
			}
			if skew, known := c.Skew(); !known || (skew-wrong).Abs() > near {
				t.Errorf("%s, %v: the machine is said to be off by %v, %t", d, wrong, skew, known)
			}
			first := c.Now()
			time.Sleep(20 * time.Millisecond)
			if passed := c.Now().Sub(first); passed < 20*time.Millisecond || passed > near {
				t.Errorf("%s: %v passed in 20 ms", d, passed)
			}
		}
	}
	if _, err := sqlstore.NewClock(nil, "oracle", nil); err == nil {
		t.Error("an unknown dialect has a clock")
	}
}

func TestADatabaseWhoseClockIsSetIsFollowedAndSmallStepsBackAreNot(t *testing.T) {
	t.Parallel()
	db := openDB(t, "pgx", pgtest.Database(t))
	db.SetMaxOpenConns(1) // its search path is that of the test
	for _, statement := range []string{
		"CREATE TABLE step (by interval)", "INSERT INTO step VALUES ('0')",
		"CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT pg_catalog.clock_timestamp() + by FROM step'",
		"SET search_path = public, pg_catalog",
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	c, err := sqlstore.NewClock(db, sqlstore.Postgres, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		by   string
		want time.Duration
	}{{"0", 0}, {"5 minutes", 5 * time.Minute}, {"299500 milliseconds", 5 * time.Minute}, {"-1 hour", -time.Hour}} {
		if _, err := db.Exec("UPDATE step SET by = $1::interval", step.by); err != nil {
			t.Fatal(err)
		}
		before := c.Now()
		if err := c.Set(t.Context()); err != nil {
			t.Fatal(err)
		}
		now := c.Now()
		if off := time.Until(now) - step.want; off.Abs() > near {
			t.Errorf("after a step by %s it is off by %v", step.by, off)
		}
		if back := before.Sub(now); back > 0 && back < near {
			t.Errorf("after a step by %s it went back by %v", step.by, back)
		}
	}
}

func TestTheClockGoesOnWhenTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	db := openDB(t, "sqlite", sqlstore.SQLiteDSN(sqliteFile(t)))
	looks := make(chan error, 100)
	c, err := sqlstore.NewClock(db, sqlstore.SQLite, &sqlstore.ClockOptions{
		Every: time.Millisecond, Machine: func() time.Time { return time.Now().Add(time.Hour) },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- c.Run(ctx, func(_ time.Duration, err error) {
			select {
			case looks <- err:
			default:
			}
		})
	}()
	if err := <-looks; err != nil {
		t.Errorf("the first look: %v", err)
	}
	db.Close()
	for err := range looks {
		if err != nil {
			break
		}
	}
	if off := time.Until(c.Now()); off.Abs() > near {
		t.Errorf("without the database it is off by %v", off)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run ended with %v", err)
	}
}
