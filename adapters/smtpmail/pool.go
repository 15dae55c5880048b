package smtpmail

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

var errClosed = errors.New("the sender is closed")

// line is a connection over which mails go: a [session], one after the other,
// or a [lane], several at once.
type line interface {
	// deliver hands l to the relay and returns what the relay said when it took it.
	deliver(ctx context.Context, l letter) (string, *failure)
	// room is how many mails may be under way at once.
	room() int
	// fit reports whether another mail may go over it. It is asked while there is
	// room, not during the one delivery of a line that has no more.
	fit() bool
	// quit ends it politely, within [farewell].
	quit()
	// abandon ends it without another word.
	abandon()
}

// seat is a line in the pool.
type seat struct {
	line
	opened time.Time
	busy   int // mails under way
	mails  int // mails begun
	expiry *time.Timer
}

// pool keeps lines and limits how many are open. It starts nothing by itself;
// an idle line ends by a timer when it is too old.
type pool struct {
	maxConns, maxMails int
	maxAge             time.Duration

	mu       sync.Mutex
	seats    []*seat // used last, last
	opening  int     // lines that are being opened
	queue    []chan struct{}
	closed   bool
	retiring sync.WaitGroup
}

func newPool(c Config) *pool {
	return &pool{maxConns: c.MaxConns, maxMails: c.MaxMailsPerConn, maxAge: c.MaxConnAge}
}

// take waits for a line with room. It returns nil when the caller is to open
// one, and tell by [pool.opened] what came of it.
func (p *pool) take(ctx context.Context) (*seat, error) {
	for {
		p.mu.Lock()
		s, mayOpen, err := p.choose(ctx)
		if s != nil || mayOpen || err != nil {
			p.mu.Unlock()
			return s, err
		}
		turn := make(chan struct{})
		p.queue = append(p.queue, turn)
		p.mu.Unlock()
		select {
		case <-turn:
		case <-ctx.Done():
			p.mu.Lock()
			p.forgo(turn)
			p.mu.Unlock()
			return nil, ctx.Err()
		}
	}
}

// choose finds the line with the fewest mails under way; a busy one only when
// no further line may be opened. p is locked.
func (p *pool) choose(ctx context.Context) (s *seat, mayOpen bool, err error) {
	if p.closed {
		return nil, false, errClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	for _, free := range slices.Backward(slices.Clone(p.seats)) {
		switch {
		case free.busy >= free.room():
		case !p.usable(free):
			p.drop(free) // its timer has not come round to it yet
		case s == nil || free.busy < s.busy:
			s = free
		}
	}
	if (s == nil || s.busy > 0) && len(p.seats)+p.opening < p.maxConns {
		p.opening++
		return nil, true, nil
	}
	if s != nil {
		p.occupy(s)
	}
	return s, false, nil
}

// usable reports whether another mail may go over s.
func (p *pool) usable(s *seat) bool {
	return s.fit() && s.mails < p.maxMails && time.Since(s.opened) < p.maxAge
}

// occupy gives one place on s away. p is locked.
func (p *pool) occupy(s *seat) {
	if s.expiry != nil {
		s.expiry.Stop()
	}
	s.busy++
	s.mails++
	if i := slices.Index(p.seats, s); i >= 0 {
		p.seats = append(slices.Delete(p.seats, i, i+1), s)
	}
}

// opened takes in the line that the caller was to open, nil when that failed.
func (p *pool) opened(l line) *seat {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opening--
	if l == nil {
		p.wake()
		return nil
	}
	s := &seat{line: l, opened: time.Now()}
	p.seats = append(p.seats, s)
	p.occupy(s)
	if s.room() > 1 {
		p.wakeAll()
	}
	return s
}

// put gives back a place on s, and ends s when it has done enough.
func (p *pool) put(s *seat) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.busy--
	switch {
	case p.closed || !p.usable(s):
		p.drop(s)
	case s.busy == 0:
		s.expiry = time.AfterFunc(p.maxAge-time.Since(s.opened), func() { p.expire(s) })
	}
	p.wake()
}

// drop takes s out, and ends it when nothing is under way on it. p is locked.
func (p *pool) drop(s *seat) {
	if i := slices.Index(p.seats, s); i >= 0 && s.busy == 0 {
		p.seats = slices.Delete(p.seats, i, i+1)
	}
	switch {
	case s.busy > 0:
	case s.fit():
		p.retiring.Go(s.quit)
	default:
		p.retiring.Go(s.abandon)
	}
}

// expire ends s if it is still idle.
func (p *pool) expire(s *seat) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.busy == 0 && slices.Contains(p.seats, s) {
		p.drop(s)
	}
}

// wake lets the first in the queue look again. p is locked.
func (p *pool) wake() {
	if len(p.queue) > 0 {
		close(p.queue[0])
		p.queue = p.queue[1:]
	}
}

func (p *pool) wakeAll() {
	for len(p.queue) > 0 {
		p.wake()
	}
}

// forgo leaves the queue, and passes on a turn that came too late. p is locked.
func (p *pool) forgo(turn chan struct{}) {
	i := slices.Index(p.queue, turn)
	if i < 0 {
		p.wake()
		return
	}
	p.queue = slices.Delete(p.queue, i, i+1)
}

// close ends the idle lines; those in use end when their mails are done.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	for _, s := range slices.Clone(p.seats) {
		if s.expiry != nil {
			s.expiry.Stop()
		}
		p.drop(s)
	}
	p.wakeAll()
	p.mu.Unlock()
	p.retiring.Wait()
}
