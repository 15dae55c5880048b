package notify

import "time"

// Outage (gián đoạn kênh) is what is known of a channel none of whose providers
// takes messages. A breaker that has just opened is none that lasts: see Proven.
type Outage struct {
	// Since is when the last of its providers went.
	Since time.Time
	// Back is the earliest at which the channel is likely to take messages again: when
	// the next call tries a provider. An outage that is proven is expected to take as
	// long again as it took so far.
	Back time.Time
	// Proven says that it lasts: of each provider three calls in a row that tried it
	// failed, which takes 3½ minutes by the default BreakerRules, and the last of them
	// is not older than the wait before the next. What nobody has tried for longer,
	// because it was night, may be in order again.
	Proven bool
}

// The programme's own numbers for outages.
const (
	// outageProbes are the calls in a row that tried a provider in vain before its
	// outage lasts.
	outageProbes = 3
	// outageMargin is what another channel needs to take a notice: until somebody
	// looks, a relay hands it out and a worker calls.
	outageMargin = time.Minute
	// paperPatience is how long a critical notice waits for any channel before it is
	// put on paper.
	paperPatience = time.Hour
)

// OutageOf looks at all providers of one channel; out is false when one of them
// takes messages, or there is none. One that asked for peace for a while
// (Breaker.Pause) is not out of order.
func OutageOf(providers []*Provider, now time.Time) (o Outage, out bool) {
	if len(providers) == 0 {
		return Outage{}, false
	}
	o.Proven = true
	for i, p := range providers {
		b := p.Breaker
		if !b.Open {
			return Outage{}, false
		}
		next := b.ProbeAt
		tried := b.Probing == "" && now.Before(next)
		if !tried { // one tries now, or is about to
			next = now
		}
		if i == 0 || next.Before(o.Back) {
			o.Back = next
		}
		if b.Opened.After(o.Since) {
			o.Since = b.Opened
		}
		o.Proven = o.Proven && tried && b.Probes >= outageProbes
	}
	if again := now.Add(now.Sub(o.Since)); o.Proven && again.After(o.Back) {
		o.Back = again
	}
	return o, true
}

// CannotWait says why a notice cannot wait for its channel to come back, for
// operators; empty: it can. Critical ones cannot once the outage is proven, and none
// can whose moment passes before it may go after the channel is likely to be back.
// opens is when the window of the notice is open next, from an instant on.
func (o Outage) CannotWait(n *Notice, opens func(time.Time) time.Time) string {
	switch {
	case !n.Expires.IsZero() && !o.LikelyAt(opens).Before(n.Expires):
		return "its moment would pass first"
	case n.Priority == Critical && o.Proven:
		return "it is critical"
	}
	return ""
}

// LikelyAt is when a notice can be expected to go once the channel is back, not
// before its window is open.
func (o Outage) LikelyAt(opens func(time.Time) time.Time) time.Time {
	return opens(o.Back.Add(outageMargin))
}

// Paper reports whether a notice that cannot wait, and that no other channel takes
// either, is put on paper: one whose moment would pass, and a critical one when the
// outage has lasted an hour, because paper is seldom quicker than that.
func (o Outage) Paper(n *Notice, now time.Time) bool {
	return !n.Expires.IsZero() || o.Proven && now.Sub(o.Since) >= paperPatience
}

// TooLate reports whether a notice that a provider refused is tried again only when
// its moment has passed, so that its own channel will not say it any more.
func (n *Notice) TooLate() bool {
	return n.State == Pending && n.Attempts > 0 && !n.Expires.IsZero() && !n.NextAt.Before(n.Expires)
}
