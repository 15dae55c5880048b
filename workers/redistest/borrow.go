package redistest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// The bookkeeping of a shared server is in the database its URL names: for
// each logical database lent, who holds it, and the set of those that hold
// data of tests. Nothing else of that database is touched, and a database with
// data of anybody else is never lent.
const (
	holderKey = "outreach:redistest:holder:"
	lentKey   = "outreach:redistest:lent"

	// longestTest is when a database is taken from a test that never gave it
	// back because its process was killed.
	longestTest = time.Hour
)

// borrow claims a free logical database of the named server for one test.
func borrow(tb testing.TB, named string) Endpoint {
	tb.Helper()
	opts, err := parse(named)
	if err != nil {
		tb.Fatalf("OUTREACH_REDIS: %v", err)
	}
	ledger := redis.NewClient(opts)
	loan := &loan{ledger: ledger, opts: opts, holder: rand.Text()}
	tb.Cleanup(func() {
		if err := errors.Join(loan.giveBack(), ledger.Close()); err != nil {
			tb.Errorf("give back the database of OUTREACH_REDIS: %v", err)
		}
	})
	if err := loan.take(); err != nil {
		tb.Fatalf("borrow a database of OUTREACH_REDIS: %v", err)
	}
	return Endpoint{Addr: opts.Addr, Username: opts.Username, Password: opts.Password, DB: loan.db}
}

// parse reads host:port or a redis:// URL. Errors do not repeat the text,
// which may hold a password.
func parse(named string) (*redis.Options, error) {
	if !strings.Contains(named, "://") {
		named = "redis://" + named
	}
	opts, err := redis.ParseURL(named)
	if err != nil || opts.TLSConfig != nil || opts.Network != "tcp" {
		return nil, errors.New("want host:port or redis://user:password@host:port/db")
	}
	opts.MaxRetries, opts.DialerRetries = -1, 1 // a server that is not there is told at once
	return opts, nil
}

// loan is one logical database in the hands of one test.
type loan struct {
	ledger *redis.Client
	opts   *redis.Options
	holder string
	db     int
	taken  bool
}

func (l *loan) take() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	count, err := databases(ctx, l.ledger)
	if err != nil {
		return err
	}
	for db := range count {
		if db == l.opts.DB {
			continue
		}
		if ok, err := l.try(ctx, db); ok || err != nil {
			return err
		}
	}
	return fmt.Errorf("none of its %d logical databases is free", count)
}

// try takes db if nobody holds it and if what is in it, if anything, was left
// by a test.
func (l *loan) try(ctx context.Context, db int) (bool, error) {
	ok, err := l.ledger.SetNX(ctx, holderKey+strconv.Itoa(db), l.holder, longestTest).Result()
	if !ok || err != nil {
		return false, err
	}
	l.db, l.taken = db, true
	ours, err := l.ledger.SIsMember(ctx, lentKey, db).Result()
	if err != nil {
		return false, err
	}
	data := l.client()
	defer data.Close()
	size, err := data.DBSize(ctx).Result()
	if err != nil {
		return false, err
	}
	if size > 0 && !ours {
		l.taken = false
		return false, l.ledger.Del(ctx, holderKey+strconv.Itoa(db)).Err()
	}
	if err := l.ledger.SAdd(ctx, lentKey, db).Err(); err != nil {
		return false, err
	}
	return true, data.FlushDB(ctx).Err()
}

// giveBack empties the database and frees it, unless it has passed to another
// test meanwhile.
func (l *loan) giveBack() error {
	if !l.taken {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	key := holderKey + strconv.Itoa(l.db)
	switch holder, err := l.ledger.Get(ctx, key).Result(); {
	case err != nil && !errors.Is(err, redis.Nil):
		return err
	case holder != l.holder:
		return fmt.Errorf("the test held database %d longer than %v", l.db, longestTest)
	}
	data := l.client()
	defer data.Close()
	if err := data.FlushDB(ctx).Err(); err != nil {
		return err
	}
	_, err := l.ledger.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.SRem(ctx, lentKey, l.db)
		p.Del(ctx, key)
		return nil
	})
	return err
}

func (l *loan) client() *redis.Client {
	opts := *l.opts
	opts.DB = l.db
	return redis.NewClient(&opts)
}

// databases asks how many logical databases the server has. Servers that keep
// their settings to themselves have 16, as most do.
func databases(ctx context.Context, c *redis.Client) (int, error) {
	if err := c.Ping(ctx).Err(); err != nil {
		return 0, err
	}
	if settings, err := c.ConfigGet(ctx, "databases").Result(); err == nil {
		if n, err := strconv.Atoi(settings["databases"]); err == nil {
			return n, nil
		}
	}
	return 16, nil
}
