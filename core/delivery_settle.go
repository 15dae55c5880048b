package core

import (
	"context"
	"errors"
	"strings"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

// Requeue takes back the tickets that the queue refused: their notices are
// handed out again shortly, and are as late as they were. why is short and holds nothing about anybody.
func (s *System) Requeue(ctx context.Context, tickets []Ticket, why string) error {
	return s.pipeline(ctx, func(ctx context.Context, p *pass) error {
		ids := make([]notify.ID, len(tickets))
		for i, t := range tickets {
			ids[i] = t.ID
		}
		found, err := p.load(ctx, ids)
		if err != nil {
			return err
		}
		var refused []*notify.Notice
		for _, t := range tickets {
			if n := found[t.ID]; n != nil && n.State == notify.Queued && n.Generation == t.Generation {
				refused = append(refused, n)
				delete(found, t.ID)
			}
		}
		return p.putOff(ctx, refused, p.now.Add(refusedFor), bounded(why))
	})
}

// Settle writes down what became of claimed notices. It may be called again
// with the same ones when its own outcome is in doubt. An outcome that comes
// after the lease was lost still counts as far as it can: the attempt keeps it,
// and a message that turns out to have been taken is not sent again.
func (s *System) Settle(ctx context.Context, settled []Settled) error {
	err := s.settle(ctx, settled, asClaimed)
	for look := asStored; errors.Is(err, fault.ErrStale) && look < asStored+settleTries; look++ {
		err = s.settle(ctx, settled, min(look, unfinished))
	}
	return err
}

// trust is what Settle takes for granted about what it settles.
type trust int

const (
	asClaimed  trust = iota // nobody changed the notices since they were claimed: nearly always so
	asStored                // somebody did: ask for them, and hold them
	unfinished              // perhaps somebody settled some: ask for their attempts too
)

func (s *System) settle(ctx context.Context, settled []Settled, look trust) error {
	return s.pipeline(ctx, func(ctx context.Context, p *pass) error {
		c := &settling{pass: p, attempts: make([]*notify.Attempt, 0, len(settled))}
		if err := c.find(ctx, settled, look); err != nil {
			return err
		}
		for _, one := range settled {
			if look == unfinished {
				var err error
				if one.Delivery.Attempt, err = p.unfinished(ctx, one.Delivery.Attempt); err != nil {
					return err
				}
				if one.Delivery.Attempt.ID == "" {
					continue
				}
			}
			if err := c.settle(ctx, one); err != nil {
				return err
			}
		}
		if len(c.attempts) > 0 {
			if err := p.tx.PutAttempts(ctx, c.attempts); err != nil {
				return err
			}
		}
		if err := c.judge(ctx, settled); err != nil {
			return err
		}
		for _, one := range settled {
			if n := c.notices[one.Delivery.Ticket.ID]; n != nil && p.changed[n.ID] != nil {
				if err := c.failOver(ctx, n); err != nil {
					return err
				}
			}
		}
		return p.fallBack(ctx, c.lost)
	})
}

// unfinished returns the attempt as it is stored, or none when its outcome is
// known already.
func (p *pass) unfinished(ctx context.Context, a notify.Attempt) (notify.Attempt, error) {
	stored, err := p.tx.Attempts(ctx, a.Notice)
	for _, one := range stored {
		if one.ID == a.ID && one.Outcome == "" {
			return one, nil
		}
	}
	return notify.Attempt{}, err
}

// settling is one batch coming back from a provider.
type settling struct {
	*pass
	notices, items map[notify.ID]*notify.Notice
	attempts       []*notify.Attempt
	lost           []*notify.Notice
}

// asClaimed reports whether the notice of d can be taken as it was claimed. What
// it may carry would have to be asked for all the same.
func (d *Delivery) asClaimed() bool {
	return d.claimed != nil && d.claimed.ID == d.Ticket.ID && d.claimed.Generation == d.Ticket.Generation && len(d.claimed.Items) == 0
}

// find has the notices at hand, and what they carry. Their versions guard those
// that were not asked for: a change in between makes the whole batch stale.
func (c *settling) find(ctx context.Context, settled []Settled, look trust) error {
	var ask []notify.ID
	own := make([]*notify.Notice, 0, len(settled))
	for i := range settled {
		if d := &settled[i].Delivery; look == asClaimed && d.asClaimed() {
			n := *d.claimed
			own = append(own, &n)
		} else {
			ask = append(ask, d.Ticket.ID)
		}
	}
	var err error
	if c.notices, err = c.load(ctx, ask); err != nil {
		return err
	}
	c.notices, c.changed = roomFor(c.notices, len(own)), roomFor(c.changed, len(own))
	for _, n := range own {
		c.notices[n.ID] = n
	}
	c.items, err = c.pass.items(ctx, c.notices)
	return err
}

func (c *settling) settle(ctx context.Context, one Settled) error {
	o, d := one.Outcome, one.Delivery
	if o.Result == "" {
		o.Result = notify.ResultUnknown
	}
	attempt := d.Attempt
	attempt.Finished, attempt.Outcome, attempt.ProviderID = c.now, o.Result, o.ProviderID
	attempt.Code, attempt.Detail = bounded(o.Code), bounded(o.Detail)
	c.attempts = append(c.attempts, &attempt)

	if o.Suppress && o.Result == notify.ResultPermanent {
		if err := c.suppress(ctx, d.Message, o); err != nil {
			return err
		}
	}
	n := c.notices[d.Ticket.ID]
	if n == nil {
		return nil
	}
	if o.Suppress && o.Result == notify.ResultPermanent && n.To.Speaker == "" && n.Person != "" {
		if err := c.tell(ctx, alert.ContactBroken(n.Person, n.Channel, c.today)...); err != nil {
			return err
		}
	}
	switch {
	case n.Generation == d.Ticket.Generation && (n.State == notify.Sending || n.State == notify.Unknown):
		if err := n.Settle(o, d.doubt, c.rules.Notices, c.now); err != nil {
			return err
		}
	case o.Result == notify.ResultAccepted && (n.State == notify.Pending || n.State == notify.Queued || n.State == notify.Uncertain):
		if err := n.Accept(attempt.Provider, o.ProviderID, c.now); err != nil { // late, but in time to not send it twice
			return err
		}
	case o.Result == notify.ResultAccepted && n.ProviderID == "" && n.Provider == attempt.Provider && n.Generation == d.Ticket.Generation:
		n.ProviderID = o.ProviderID // a receipt by our key was quicker; later ones may come by this id
	default:
		return nil
	}
	c.touch(n)
	if err := c.follow(n, c.items); err != nil {
		return err
	}
	if n.State == notify.Failed || n.State == notify.Dead {
		c.lost = append(c.lost, carried(n, c.items)...)
	}
	return nil
}

// suppress bars the address that the provider says is bad, for as long as one
// that bounced: a mailbox comes back, and a number gets a new owner. Only its hash
// is kept.
func (c *settling) suppress(ctx context.Context, m notify.Message, o notify.Outcome) error {
	reason := string(o.Result)
	if o.Code != "" {
		reason += " " + bounded(o.Code)
	}
	return c.tx.AddSuppression(ctx, &notify.Suppression{
		ID: c.newID(), Channel: m.Channel, Address: notify.HashAddress(c.sys.opts.Secret, m.Channel, m.To), Reason: reason,
		Since: c.now, Until: c.now.AddDate(0, 0, notify.BarBounced.Days()),
	})
}

// bounded is a provider's words, one line and not too long.
func bounded(s string) string {
	s = strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "?")
	if r := []rune(s); len(r) > detailLength {
		return string(r[:detailLength])
	}
	return s
}
