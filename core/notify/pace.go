package notify

import (
	"fmt"
	"time"
)

// Pace (tốc độ chuyển phát) counts what a provider made of the messages it took.
type Pace struct {
	Taken   int // by the provider
	Arrived int // of them, as it told
	Slow    int // of them, that took too long to arrive, or have not by now
}

// PaceQuery selects the messages of a provider whose calls began at or after Since
// and that it took: accepted, and since then delivered, undelivered or still open.
// One is slow that took longer than Patience to arrive; one that is open, when it
// was taken before Now less Patience.
type PaceQuery struct {
	Provider   string
	Since, Now time.Time
	Patience   time.Duration
}

// Slow reports whether a message that the provider took is slow.
func (q PaceQuery) Slow(n *Notice) bool {
	return n.Took() > q.Patience || n.State == Accepted && n.Done.Before(q.Now.Add(-q.Patience))
}

// When a provider is slow (notifications 2.10).
const (
	paceSpan     = 15 * time.Minute // whose messages are looked at
	pacePatience = 5 * time.Minute  // for one of them
	slowPercent  = 15               // so many slow ones of 100 make a provider slow
	paceSample   = 20               // of fewer messages nothing is said: the telephone of one of them may be off
)

// PaceOf asks how quick a provider has been of late.
func PaceOf(provider string, now time.Time) PaceQuery {
	return PaceQuery{Provider: provider, Since: now.Add(-paceSpan), Now: now, Patience: pacePatience}
}

// TooSlow reports whether a provider is slow: 15 of 100 of its messages of the last
// quarter of an hour, and more, took more than five minutes. A provider that never
// tells what arrived is not: nobody knows.
func (p Pace) TooSlow() bool {
	return p.Arrived > 0 && p.Taken >= paceSample && 100*p.Slow >= slowPercent*p.Taken
}

// Slowed takes points off the weight of a provider that is slow, as a trouble does,
// and reports whether its Share became less.
func (p *Provider) Slowed(pace Pace, now time.Time) bool {
	before := p.easedBy(now)
	p.ease(now)
	if p.easedBy(now) <= before {
		return false
	}
	p.Reason, p.Changed = fmt.Sprintf("slow: %d of %d messages took more than %d minutes", pace.Slow, pace.Taken, int(pacePatience.Minutes())), now
	return true
}
