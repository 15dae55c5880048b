package main

import (
	"encoding/binary"
	"encoding/hex"
	"sync/atomic"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
)

// clock is the season's time. It stands still until it is set, and everything
// in the process that asks for the time asks it. It is safe for concurrent use.
type clock struct{ now atomic.Int64 } // Unix microseconds

func newClock(t time.Time) *clock {
	c := &clock{}
	c.set(t)
	return c
}

func (c *clock) set(t time.Time) { c.now.Store(t.UnixMicro()) }

func (c *clock) Now() time.Time { return time.UnixMicro(c.now.Load()).UTC() }

func (c *clock) today() calendar.Date { return calendar.DateOf(c.Now()) }

// newIDs makes UUIDs of version 7 (RFC 9562) from the season's time and a
// counter instead of chance, so that two runs of one season have the same ids.
// The seed stands in them, so that two seasons do not.
func newIDs(c *clock, seed uint64) func() string {
	var made atomic.Uint64
	return func() string {
		var b [16]byte
		var ms [8]byte
		binary.BigEndian.PutUint64(ms[:], uint64(c.Now().UnixMilli()))
		copy(b[:6], ms[2:])
		// The counter stands before the seed: what was made later sorts later.
		n := made.Add(1)
		binary.BigEndian.PutUint32(b[8:], uint32(n)&0x3fffffff)
		binary.BigEndian.PutUint32(b[12:], uint32(seed))
		b[6] = b[6]&0x0f | 0x70
		b[8] = b[8]&0x3f | 0x80
		return format(b)
	}
}

func format(b [16]byte) string {
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
