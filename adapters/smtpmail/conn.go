package smtpmail

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// errBabble ends a conversation in which the server says far more than SMTP
// has words for.
var errBabble = errors.New("the server talks without end")

// maxHeard is how many bytes a server may say during one Send.
const maxHeard = 1 << 20

// conn is a connection on which every byte has a deadline. The SMTP client
// sets generous ones of its own and clears them between commands; here they
// only ever shorten the limit of the Send under way.
//
// It also remembers what the client does not tell: whether a mail went out to
// its last byte, and whether an answer came to its end.
type conn struct {
	net.Conn
	mu     sync.Mutex
	limit  time.Time
	heard  atomic.Int64 // bytes since arm
	asking atomic.Bool  // a Read has begun since speak
	choked atomic.Bool  // a Write failed before that
	deaf   atomic.Bool  // a Read failed since speak
}

// arm sets the limit for what comes next.
func (c *conn) arm(limit time.Time) {
	c.mu.Lock()
	c.limit = limit
	c.mu.Unlock()
	c.heard.Store(0)
	_ = c.Conn.SetDeadline(limit) // fails on a closed connection only: the next byte says so
}

// speak begins the time in which this side writes until it asks for an answer.
func (c *conn) speak() {
	c.asking.Store(false)
	c.choked.Store(false)
	c.deaf.Store(false)
}

// unsaid reports whether something was certainly not said since speak: a Write
// failed before anything was read. What TLS writes on its own account while
// it reads does not count.
func (c *conn) unsaid() bool { return c.choked.Load() }

// unheard reports whether the connection failed while an answer was read. The
// client takes a line that is cut off for a whole one.
func (c *conn) unheard() bool { return c.deaf.Load() }

// capped returns t, or the limit when t is later or none.
func (c *conn) capped(t time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.IsZero() || t.After(c.limit) {
		return c.limit
	}
	return t
}

func (c *conn) SetDeadline(t time.Time) error      { return c.Conn.SetDeadline(c.capped(t)) }
func (c *conn) SetReadDeadline(t time.Time) error  { return c.Conn.SetReadDeadline(c.capped(t)) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.Conn.SetWriteDeadline(c.capped(t)) }

func (c *conn) Read(b []byte) (int, error) {
	c.asking.Store(true)
	n, err := c.Conn.Read(b)
	if c.heard.Add(int64(n)) > maxHeard {
		n, err = 0, errBabble
	}
	if err != nil {
		c.deaf.Store(true)
	}
	return n, err
}

func (c *conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err != nil && !c.asking.Load() {
		c.choked.Store(true)
	}
	return n, err
}
