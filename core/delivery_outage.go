package core

import (
	"context"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
)

// A notice that nobody may be called for uses no attempt up, so it would never
// come to the point at which it goes another way. While every provider of its
// channel is out of order it does so when it can wait no longer (model 10.47).
const (
	// outagePatience is how long an ordinary notice waits, where another channel
	// takes messages.
	outagePatience = 2 * time.Hour
	// urgentPatience is how long one waits that is critical, or over soon.
	urgentPatience = 5 * time.Minute
	// overSoon is how long before its moment passes a notice is over soon.
	overSoon = time.Hour
)

// outages lets go another way what waited too long for a channel.
func (r *recovery) outages(ctx context.Context) error {
	if _, err := r.known(ctx); err != nil {
		return err
	}
	for _, channel := range []notify.Channel{notify.SMS, notify.Email} {
		since := r.outSince(channel)
		if since.IsZero() || r.now.Sub(since) < urgentPatience {
			continue
		}
		waiting, err := r.tx.Notices(ctx, notify.Query{
			States: []notify.State{notify.Pending}, Channel: channel, Before: r.now.Add(time.Microsecond), Limit: recoverBatch,
		})
		if err != nil {
			return err
		}
		for i := range waiting {
			if err := r.divert(&waiting[i], r.now.Sub(since)); err != nil {
				return err
			}
		}
	}
	return nil
}

// outSince is since when no provider of the channel takes messages, zero when one
// does, or when there is none.
func (r *recovery) outSince(channel notify.Channel) time.Time {
	var since time.Time
	for _, one := range r.on(channel) {
		if !one.Breaker.Open {
			return time.Time{}
		}
		since = later(since, one.Breaker.Opened)
	}
	return since
}

// divert ends a notice that can wait no longer, so that it goes another way. One
// that may have gone stays with the provider that may have it, and what carries
// others waits for them to meet again.
func (r *recovery) divert(n *notify.Notice, out time.Duration) error {
	urgent := n.Priority == notify.Critical || !n.Expires.IsZero() && n.Expires.Sub(r.now) <= overSoon
	elsewhere := slices.ContainsFunc(otherWays(n), func(c notify.Channel) bool { return !kept(c) && len(r.on(c)) > 0 && r.outSince(c).IsZero() })
	if n.MayHaveGone() || len(n.Items) > 0 || n.Over(r.now) || !urgent && (out < outagePatience || !elsewhere) {
		return nil
	}
	r.done.Diverted++
	r.lost = append(r.lost, n)
	return r.did(n, n.Fail("no provider of the channel takes messages", r.now))
}
