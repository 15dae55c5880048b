package faulttest

import (
	"net"
	"sync"
	"testing"
	"time"
)

// link carries connections of the loopback interface to a server, and can be
// broken.
type link struct {
	network, target string
	listener        net.Listener

	mu      sync.Mutex
	flows   *sync.Cond
	stalled bool
	closed  bool
	open    map[net.Conn]bool
	limit   func() (bytes int, reset bool) // after how many a new connection is cut, with an error (RST) or an end (FIN); 0 bytes, or nil: never
}

func newLink(t *testing.T, network, target string) *link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{network: network, target: target, listener: listener, open: map[net.Conn]bool{}}
	l.flows = sync.NewCond(&l.mu)
	t.Cleanup(l.close)
	go l.serve(listener)
	return l
}

// cutAfter lets limit say of each new connection after how many bytes it is cut.
func (l *link) cutAfter(limit func() (bytes int, reset bool)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limit = limit
}

func (l *link) addr() string { return l.listener.Addr().String() }

func (l *link) serve(listener net.Listener) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		go l.join(near)
	}
}

// join connects one client with the server until either is done, or the link
// cuts them off.
func (l *link) join(near net.Conn) {
	far, err := net.DialTimeout(l.network, l.target, 5*time.Second)
	if err != nil {
		near.Close()
		return
	}
	l.mu.Lock()
	l.open[near], l.open[far] = true, true
	budget := &budget{left: -1}
	if l.limit != nil {
		if n, reset := l.limit(); n > 0 {
			budget.left, budget.reset = n, reset
		}
	}
	l.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { l.carry(near, far, budget) })
	both.Go(func() { l.carry(far, near, budget) })
	both.Wait()
	l.mu.Lock()
	delete(l.open, near)
	delete(l.open, far)
	l.mu.Unlock()
}

// budget is how many bytes a connection may still carry, in both directions.
type budget struct {
	mu    sync.Mutex
	left  int  // negative: any number
	reset bool // it ends with an error
}

func (b *budget) take(n int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < 0 {
		return n
	}
	n = min(n, b.left)
	b.left -= n
	return n
}

// carry copies one direction. What arrives while the link is stalled waits.
func (l *link) carry(to, from net.Conn, b *budget) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if !l.pass() {
				return
			}
			allowed := b.take(n)
			if _, err := to.Write(buffer[:allowed]); err != nil || allowed < n {
				if b.reset {
					abort(to)
					abort(from)
				}
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// abort lets the end of a connection reach the other side as an error.
func abort(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // where that cannot be set it is an end
	}
}

// pass waits while the link is stalled, and reports whether it still exists.
func (l *link) pass() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.stalled && !l.closed {
		l.flows.Wait()
	}
	return !l.closed
}

// stall lets nothing through in either direction, as a network that drops every
// packet: connections stay open and nothing is answered.
func (l *link) stall() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stalled = true
}

// heal lets everything through again that waited.
func (l *link) heal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stalled = false
	l.flows.Broadcast()
}

// cut breaks every connection there is.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		c.Close()
	}
}

func (l *link) close() {
	l.mu.Lock()
	l.closed = true
	l.flows.Broadcast()
	l.mu.Unlock()
	l.listener.Close()
	l.cut()
}
