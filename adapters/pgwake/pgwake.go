// Package pgwake tells relays of other processes, through PostgreSQL, that
// notices were committed: a host whose process writes them rings, the worker's
// process listens, and nobody waits for the relay's next poll.
//
//	bell := pgwake.NewBell(db, "")                                // where notices are written
//	sys, err := core.New(store, policy, &core.Options{Wake: bell.Ring})
//
//	go pgwake.Listen(ctx, dsn, "", workers.Wake, nil)             // where they are sent
//
// A host that commits joined transactions of its own calls Ring after each commit.
// A word that is lost, for want of a connection or behind a pooler that knows no
// LISTEN, costs nothing but the wait for the poll: the notices are rows.
package pgwake

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Channel is the name by which bells and listeners find each other, unless
// another one is given.
const Channel = "outreach_notices"

// quietFor is how long a bell says nothing more after it rang. A NOTIFY in every
// transaction takes two thirds of a database's pace, since they queue for one
// lock; one in so many milliseconds cannot be measured.
const quietFor = 5 * time.Millisecond

// ringTime is how long one NOTIFY may take.
const ringTime = 5 * time.Second

// Bell rings for everybody who listens to its channel. It is safe for concurrent use.
type Bell struct {
	db      *sql.DB
	channel string

	mu     sync.Mutex
	wanted bool
	ringer sync.WaitGroup
	busy   bool
	closed bool
}

// NewBell makes a bell over db, which stays the caller's to close, after the
// bell. Channel: "" for [Channel].
func NewBell(db *sql.DB, channel string) *Bell {
	return &Bell{db: db, channel: cmp.Or(channel, Channel)}
}

// Ring says that there are notices. It never blocks: the word is sent beside the
// caller, at once, or at the latest 5 ms after the one before. Whatever was
// committed before Ring is seen by whom it wakes.
func (b *Bell) Ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	if b.wanted = true; !b.busy {
		b.busy = true
		b.ringer.Go(b.ring)
	}
}

// ring rings as long as somebody wants it.
func (b *Bell) ring() {
	for b.next() {
		ctx, cancel := context.WithTimeout(context.Background(), ringTime)
		_, _ = b.db.ExecContext(ctx, "SELECT pg_notify($1, '')", b.channel) // lost: then the poll finds them
		cancel()
		time.Sleep(quietFor)
	}
}

func (b *Bell) next() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy = b.wanted
	b.wanted = false
	return b.busy
}

// Close waits until what was rung has been said; Ring does nothing from then on.
func (b *Bell) Close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.ringer.Wait()
	return nil
}

// Options have a default each; nil is legal.
type Options struct {
	// Log says when the listener loses its connection and when it has it back.
	// Default: discards.
	Log *slog.Logger
	// Longest is the longest time between two tries to connect. Default: 30 s.
	Longest time.Duration
}

// Listen calls wake for every ring on the channel ("" for [Channel]) and whenever
// it begins to listen anew, because it may have missed some. It keeps one
// connection of its own to dsn, makes it again when it is lost, and returns when
// ctx ends, with its error; at once only when dsn cannot be read. Wake must not block.
func Listen(ctx context.Context, dsn, channel string, wake func(), opts *Options) error {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return errors.New("pgwake: the database's address cannot be read") // the reason may repeat it
	}
	l := listener{config: config, channel: cmp.Or(channel, Channel), wake: wake}
	if opts != nil {
		l.Options = *opts
	}
	l.Longest = cmp.Or(l.Longest, 30*time.Second)
	if l.Log == nil {
		l.Log = slog.New(slog.DiscardHandler)
	}
	return l.run(ctx)
}

type listener struct {
	Options
	config  *pgx.ConnConfig
	channel string
	wake    func()
}

// soonest is the shortest time between two tries to connect.
const soonest = 100 * time.Millisecond

func (l *listener) run(ctx context.Context) error {
	pause, lost := soonest, false
	for {
		heard, err := l.listen(ctx, func() {
			if lost {
				l.Log.Info("pgwake: listening again")
			}
			lost = false
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !lost {
			l.Log.Warn("pgwake: not listening; the relay polls", "error", err)
		}
		lost = true
		if heard {
			pause = soonest
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause/2 + rand.N(pause)):
			pause = min(2*pause, l.Longest)
		}
	}
}

// listen listens on one connection until it ends; heard says that there was one.
func (l *listener) listen(ctx context.Context, begun func()) (heard bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return false, err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(end)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{l.channel}.Sanitize()); err != nil {
		return false, err
	}
	begun()
	for l.wake(); ; l.wake() {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return true, err
		}
	}
}
