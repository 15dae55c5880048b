package smtpmail

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

var errClosed = errors.New("the sender is closed")

// pool keeps idle sessions and limits how many are open. It starts nothing by
// itself; an idle session ends by a timer when it is too old.
type pool struct {
	slots    chan struct{} // one token for each Send under way
	maxMails int
	maxAge   time.Duration

	mu       sync.Mutex
	idle     []*session // used last, last
	closed   bool
	retiring sync.WaitGroup
}

func newPool(c Config) *pool {
	return &pool{slots: make(chan struct{}, c.MaxConns), maxMails: c.MaxMailsPerConn, maxAge: c.MaxConnAge}
}

// enter waits for the right to have a session. After nil, leave must follow.
func (p *pool) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	err := ctx.Err()
	if p.isClosed() {
		err = errClosed
	}
	if err != nil {
		p.leave()
	}
	return err
}

func (p *pool) leave() { <-p.slots }

func (p *pool) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// take returns an idle session, or nil when there is none.
func (p *pool) take() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		last := len(p.idle) - 1
		s := p.idle[last]
		p.idle = p.idle[:last]
		s.expiry.Stop()
		if time.Since(s.opened) < p.maxAge {
			return s
		}
		p.retire(s) // its timer has not come round to it yet
	}
	return nil
}

// put keeps s for the next mail, or ends it when it has done enough.
func (p *pool) put(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.spoilt {
		s.abandon()
		return
	}
	left := p.maxAge - time.Since(s.opened)
	if p.closed || s.mails >= p.maxMails || left <= 0 {
		p.retire(s)
		return
	}
	s.idle = time.Now()
	s.expiry = time.AfterFunc(left, func() { p.expire(s) })
	p.idle = append(p.idle, s)
}

// expire ends s if it is still idle.
func (p *pool) expire(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.idle, s); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
		p.retire(s)
	}
}

// retire says goodbye in the background, within [farewell]. p is locked.
func (p *pool) retire(s *session) { p.retiring.Go(s.quit) }

// close ends the idle sessions; those in use end when their mail is done.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	for _, s := range p.idle {
		s.expiry.Stop()
		p.retire(s)
	}
	p.idle = nil
	p.mu.Unlock()
	p.retiring.Wait()
}
