package deliver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

// sharedMost is how many notices one shared transaction holds at most, those that
// travel in the message of another one included.
const sharedMost = 512

// weight is how many notices go with a ticket.
func weight(t core.Ticket) int { return 1 + t.Carries }

// shared lets those who wait share the next transaction: while one is under way,
// whoever comes waits, and all who waited are in the next one together. Alone one
// begins at once, and nobody waits for company that may not come. So a transaction
// holds one notice when there is little to do, and hundreds when there is much, and
// what it costs is shared by all of them.
type shared[In, Out any] struct {
	// run does everything in one transaction; out[i] is what became of in[i].
	run func(ctx context.Context, in []In) (out []Out, err error)
	// size is how many notices a part holds, at most sharedMost together.
	size func(In) int
	// joins reports whether a part may be in one transaction with the first.
	joins func(first, next In) bool

	mu      sync.Mutex
	waiting []*part[In, Out]
	running bool
}

// part is what one of those who wait wants done.
type part[In, Out any] struct {
	in   In
	out  Out
	err  error
	done chan struct{}
}

// do has in done in the next transaction. A part that waits is taken back when
// ctx ends; one whose transaction has begun is waited for, because it counts.
func (s *shared[In, Out]) do(ctx context.Context, in In) (Out, error) {
	p := &part[In, Out]{in: in, done: make(chan struct{})}
	s.mu.Lock()
	s.waiting = append(s.waiting, p)
	if !s.running {
		s.running = true
		go s.work()
	}
	s.mu.Unlock()
	select {
	case <-p.done:
		return p.out, p.err
	case <-ctx.Done():
	}
	if s.withdraw(p) {
		return p.out, ctx.Err()
	}
	<-p.done
	return p.out, p.err
}

// withdraw takes back a part that no transaction has begun with.
func (s *shared[In, Out]) withdraw(p *part[In, Out]) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, waits := range s.waiting {
		if waits == p {
			s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// work runs transactions until nobody waits.
func (s *shared[In, Out]) work() {
	for parts := s.next(); len(parts) > 0; parts = s.next() {
		began := time.Now()
		s.serve(parts)
		if s.pays(parts) {
			time.Sleep(min(time.Since(began), restMost))
		}
	}
}

// A transaction costs the same for a few as for many, and one that follows the other
// at once never holds more than came during it. So after one that several shared, but
// not many, those who wait are joined by who comes while it rests: for as long as it
// took, and at most so long.
const (
	restMost  = 5 * time.Millisecond
	enoughFor = sharedMost / 4 // notices; with more, sharing with others saves little
)

// pays reports whether the next transaction had better begin a little later.
func (s *shared[In, Out]) pays(last []*part[In, Out]) bool {
	notices := 0
	for _, p := range last {
		notices += s.size(p.in)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(last) > 1 && notices < enoughFor && len(s.waiting) > 0
}

// next takes those who share the next transaction, in the order in which they came.
func (s *shared[In, Out]) next() []*part[In, Out] {
	s.mu.Lock()
	defer s.mu.Unlock()
	var parts, left []*part[In, Out]
	notices := 0
	for _, p := range s.waiting {
		n := s.size(p.in)
		if len(parts) > 0 && (notices+n > sharedMost || !s.joins(parts[0].in, p.in)) {
			left = append(left, p)
			continue
		}
		parts, notices = append(parts, p), notices+n
	}
	s.waiting, s.running = left, len(parts) > 0
	return parts
}

// serve runs the transaction of some parts. When it fails over one of them, and
// not over the database, each gets one of its own: nobody's trouble is another's.
func (s *shared[In, Out]) serve(parts []*part[In, Out]) {
	in := make([]In, len(parts))
	for i, p := range parts {
		in[i] = p.in
	}
	out, err := s.try(in)
	if err != nil && len(parts) > 1 && (errors.Is(err, errPanicked) || ofOne(err)) {
		for _, p := range parts {
			s.serve([]*part[In, Out]{p})
		}
		return
	}
	for i, p := range parts {
		if p.err = err; err == nil {
			p.out = out[i]
		}
		close(p.done)
	}
}

// ofOne reports whether an error is about a notice and not about the database.
func ofOne(err error) bool {
	for _, class := range []error{fault.ErrRule, fault.ErrNotFound, fault.ErrStale, fault.ErrExists} {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}

var errPanicked = errors.New("deliver: the transaction panicked")

// try runs one transaction. None of those who wait can end it: it is the others' too.
func (s *shared[In, Out]) try(in []In) (out []Out, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %T", errPanicked, p) // its words might hold what was in a message
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), settleFor)
	defer cancel()
	return s.run(ctx, in)
}

// claim is a part of a shared claim.
type claim struct {
	provider notify.Capabilities
	tickets  []core.Ticket
}

// round is a notice in one of its rounds.
type round struct {
	id         notify.ID
	generation int
}

func roundOf(t core.Ticket) round { return round{t.ID, t.Generation} }

// together is an Outbox that can claim for several tasks in one transaction;
// core.System is one.
type together interface {
	ClaimTogether(ctx context.Context, owner string, provider notify.Capabilities, batches ...[]core.Ticket) ([]core.Delivery, error)
}

// newClaims shares claims for one provider, where the outbox can. What once did
// not end well is claimed by itself: if it is why, nobody is with it.
func newClaims(outbox Outbox, owner string) *shared[claim, []core.Delivery] {
	many, can := outbox.(together)
	return &shared[claim, []core.Delivery]{
		size: func(c claim) (notices int) {
			for _, t := range c.tickets {
				notices += weight(t)
			}
			return notices
		},
		joins: func(first, next claim) bool {
			return can && first.provider.Name == next.provider.Name && !first.tickets[0].Alone && !next.tickets[0].Alone
		},
		run: func(ctx context.Context, parts []claim) ([][]core.Delivery, error) {
			if len(parts) == 1 {
				deliveries, err := outbox.Claim(ctx, owner, parts[0].provider, parts[0].tickets)
				return [][]core.Delivery{deliveries}, err
			}
			batches := make([][]core.Ticket, len(parts))
			for i, part := range parts {
				batches[i] = part.tickets
			}
			deliveries, err := many.ClaimTogether(ctx, owner, parts[0].provider, batches...)
			return apportion(deliveries, batches), err
		},
	}
}

// apportion gives each batch its deliveries: what was in two, to the first.
func apportion(deliveries []core.Delivery, batches [][]core.Ticket) [][]core.Delivery {
	whose := make(map[round]int)
	for i, tickets := range batches {
		for _, t := range tickets {
			if _, twice := whose[roundOf(t)]; !twice {
				whose[roundOf(t)] = i
			}
		}
	}
	out := make([][]core.Delivery, len(batches))
	for i := range deliveries {
		of := whose[roundOf(deliveries[i].Ticket)]
		if out[of] == nil {
			out[of] = make([]core.Delivery, 0, min(len(batches[of]), len(deliveries)))
		}
		out[of] = append(out[of], deliveries[i])
	}
	return out
}

// newSettles shares the writing of outcomes.
func newSettles(outbox Outbox) *shared[[]core.Settled, struct{}] {
	return &shared[[]core.Settled, struct{}]{
		size: func(s []core.Settled) (notices int) {
			for _, one := range s {
				notices += weight(one.Delivery.Ticket)
			}
			return notices
		},
		joins: func(_, _ []core.Settled) bool { return true },
		run: func(ctx context.Context, parts [][]core.Settled) ([]struct{}, error) {
			return make([]struct{}, len(parts)), outbox.Settle(ctx, slices.Concat(parts...))
		},
	}
}

// settleFor is how long outcomes are tried to be written, even when the worker
// has been told to stop: a call that was made must not be forgotten.
const settleFor = 20 * time.Second
