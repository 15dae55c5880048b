package notifytest

import (
	"sync/atomic"
	"time"
)

// Clock is a clock for a sender under test: Now for its Options, Set for
// [Fixture.SetClock]. Until it is set it tells the machine's time. The zero value
// is ready; it is safe for concurrent use.
type Clock struct{ set atomic.Pointer[time.Time] }

// Now tells the time.
func (c *Clock) Now() time.Time {
	if at := c.set.Load(); at != nil {
		return *at
	}
	return time.Now()
}

// Set makes it tell now, and go no further.
func (c *Clock) Set(now time.Time) { c.set.Store(&now) }
