package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"
)

// ClockOptions adjust a clock. Nil means all defaults.
type ClockOptions struct {
	// Every is how often Run looks at the database's clock. Default 30 s.
	Every time.Duration
	// Machine is the clock of this machine, to which the database's is compared.
	// Default time.Now.
	Machine func() time.Time
}

const (
	defaultClockEvery = 30 * time.Second
	// clockTries is how often one look asks: the quickest answer is the best.
	clockTries = 3
	// clockGood is a round trip that cannot be bettered by much.
	clockGood = 5 * time.Millisecond
	// clockPatience is how long one look may take.
	clockPatience = 5 * time.Second
	// clockHolds is how far Now would have to go back at most for it to stand
	// still instead: looks differ by parts of a round trip. A database that was
	// itself set right is followed.
	clockHolds = 2 * time.Second
)

// Clock (đồng hồ chung) tells the time of the database, whatever the clock of
// this machine shows: for core.Options.Clock, so that quiet hours, deadlines and
// leases are the same for all processes, and right on a machine whose clock is
// wrong or jumps. It asks the database now and then (Set, Run) and counts on from
// there by the processor's steady clock, which nobody sets. Until the first
// answer it is the clock of the machine, and when the database is away it goes
// on. A SQLite file has no clock but the machine's.
//
// It is safe for concurrent use.
type Clock struct {
	db    *sql.DB
	query string
	opts  ClockOptions

	mu   sync.Mutex
	base time.Time // the database's clock …
	read time.Time // … at this reading of the steady one; zero: not asked yet
	skew time.Duration
	last time.Time // what Now returned last
}

// NewClock returns the clock of the database. It asks nothing yet.
func NewClock(db *sql.DB, d Dialect, opts *ClockOptions) (*Clock, error) {
	differences, err := d.differences()
	if err != nil {
		return nil, err
	}
	c := &Clock{db: db, query: differences.clock}
	if opts != nil {
		c.opts = *opts
	}
	if c.opts.Every <= 0 {
		c.opts.Every = defaultClockEvery
	}
	if c.opts.Machine == nil {
		c.opts.Machine = time.Now
	}
	return c, nil
}

// Now is the database's time as far as it is known. From one look to the next it
// never goes back.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read.IsZero() {
		return c.opts.Machine()
	}
	now := c.base.Add(time.Since(c.read))
	if back := c.last.Sub(now); back > 0 && back <= clockHolds {
		return c.last
	}
	c.last = now
	return now
}

// Skew is by how much the machine's clock was ahead of the database's at the
// last look, negative: behind; false when there was none yet.
func (c *Clock) Skew() (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.skew, !c.read.IsZero()
}

// Set asks the database what time it is. On an error the clock goes on as before.
func (c *Clock) Set(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, clockPatience)
	defer cancel()
	best := time.Duration(-1)
	var theirs, at, ours time.Time
	for range clockTries {
		began := time.Now()
		var told any
		if err := c.db.QueryRowContext(ctx, c.query).Scan(&told); err != nil {
			return fmt.Errorf("sqlstore: the clock of the database: %w", err)
		}
		trip := time.Since(began)
		t, err := computed(told)
		if err != nil {
			return err
		}
		if best < 0 || trip < best { // it was told in the middle of the trip
			best, theirs, at, ours = trip, t, began.Add(trip/2), c.opts.Machine().Add(-trip/2)
		}
		if best <= clockGood {
			break
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base, c.read, c.skew = theirs, at, ours.Sub(theirs)
	return nil
}

// Run sets the clock now and then until ctx ends, and returns its error. After
// each look it calls looked, unless that is nil, with the machine's skew, or with
// the error of a look that failed.
func (c *Clock) Run(ctx context.Context, looked func(skew time.Duration, err error)) error {
	ticker := time.NewTicker(c.opts.Every)
	defer ticker.Stop()
	for {
		err := c.Set(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if looked != nil {
			skew, _ := c.Skew()
			looked(skew, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
