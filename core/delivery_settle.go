package core

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
)

// Requeue takes back the tickets that the queue refused: their notices are due
// again shortly. why is short and holds nothing about anybody.
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
		for _, t := range tickets {
			n := found[t.ID]
			if n == nil || n.State != notify.Queued || n.Generation != t.Generation {
				continue
			}
			if err := p.did(n, n.Defer(p.now.Add(refusedFor), bounded(why), p.now)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Settle writes down what became of claimed notices. It may be called again
// with the same ones when its own outcome is in doubt. An outcome that comes
// after the lease was lost still counts as far as it can: the attempt keeps it,
// and a message that turns out to have been taken is not sent again.
func (s *System) Settle(ctx context.Context, settled []Settled) error {
	err := s.settle(ctx, settled, false)
	for range settleTries {
		if !errors.Is(err, fault.ErrStale) {
			break
		}
		err = s.settle(ctx, settled, true) // some were settled before, or changed in between
	}
	return err
}

func (s *System) settle(ctx context.Context, settled []Settled, again bool) error {
	return s.pipeline(ctx, func(ctx context.Context, p *pass) error {
		ids := make([]notify.ID, len(settled))
		for i := range settled {
			ids[i] = settled[i].Delivery.Ticket.ID
		}
		c := &settling{pass: p}
		var err error
		if c.notices, err = p.load(ctx, ids); err != nil {
			return err
		}
		if c.items, err = p.items(ctx, c.notices); err != nil {
			return err
		}
		for _, one := range settled {
			if again {
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

// suppress bars the address that the provider says is bad. Only its hash is kept.
func (c *settling) suppress(ctx context.Context, m notify.Message, o notify.Outcome) error {
	reason := string(o.Result)
	if o.Code != "" {
		reason += " " + bounded(o.Code)
	}
	return c.tx.AddSuppression(ctx, &notify.Suppression{
		ID: c.newID(), Channel: m.Channel, Address: notify.HashAddress(c.sys.opts.Secret, m.Channel, m.To), Reason: reason, Since: c.now,
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

// Receipt writes down what a provider says later about a message. A receipt of
// an unknown message is fault.ErrNotFound: it may have come before the outcome
// was written down, so offer it again for a while. Receipts may come twice and
// in any order.
func (s *System) Receipt(ctx context.Context, r Receipt) error {
	return s.pipeline(ctx, func(ctx context.Context, p *pass) error {
		meant, err := p.meant(ctx, r)
		if err != nil {
			return err
		}
		if len(meant) == 0 {
			return fault.NotFound("message of "+r.Provider, r.ProviderID)
		}
		items, err := p.items(ctx, meant)
		if err != nil {
			return err
		}
		var lost []*notify.Notice
		for _, n := range meant {
			before := n.State
			if err := n.Receipt(r.Delivered, bounded(r.Code), p.now); err != nil {
				return err
			}
			if n.State == before {
				continue
			}
			p.touch(n)
			for _, id := range n.Items {
				item := items[id]
				if item == nil || item.MergedInto != n.ID {
					continue
				}
				if err := p.did(item, item.Receipt(r.Delivered, bounded(r.Code), p.now)); err != nil {
					return err
				}
			}
			if n.State == notify.Undelivered {
				lost = append(lost, carried(n, items)...)
			}
		}
		return p.fallBack(ctx, lost)
	})
}

// meant finds the notices that a receipt speaks of; what travels in a carrier
// is left to its carrier.
func (p *pass) meant(ctx context.Context, r Receipt) (map[notify.ID]*notify.Notice, error) {
	if r.Key != "" {
		base, _, _ := strings.Cut(r.Key, ".")
		meant, err := p.load(ctx, []notify.ID{notify.ID(r.Key), notify.ID(base)})
		for id, n := range meant {
			if n.IdempotencyKey() != r.Key || n.Provider != r.Provider {
				delete(meant, id)
			}
		}
		return meant, err
	}
	if r.Provider == "" || r.ProviderID == "" {
		return nil, nil
	}
	found, err := p.tx.Notices(ctx, notify.Query{Provider: r.Provider, ProviderID: r.ProviderID})
	meant := make(map[notify.ID]*notify.Notice, len(found))
	for i := range found {
		if found[i].MergedInto == "" {
			meant[found[i].ID] = &found[i]
		}
	}
	return meant, err
}

// Recovered is what one Recover put right.
type Recovered struct {
	Requeued  int // nobody had taken them
	Unknown   int // a worker went silent with its call open
	Repeated  int // unknown, and now sent again
	Uncertain int // unknown, and now on the operator's list
	Ended     int // unknown, and now at an end
}

// Recover puts right what workers, queues and relays left behind: queued notices
// nobody took, leases that ran out, outcomes that stayed unknown. It may run
// anywhere, at any time, more than once at the same time.
func (s *System) Recover(ctx context.Context) (Recovered, error) {
	var sum Recovered
	for {
		found := 0
		var batch Recovered
		err := s.pipeline(ctx, func(ctx context.Context, p *pass) error {
			batch = Recovered{}
			r := &recovery{pass: p, done: &batch}
			err := r.run(ctx)
			found = len(p.order)
			return err
		})
		if errors.Is(err, fault.ErrStale) { // another process was quicker; what is left is found next time
			return sum, nil
		}
		if err != nil {
			return sum, err
		}
		sum.Requeued += batch.Requeued
		sum.Unknown += batch.Unknown
		sum.Repeated += batch.Repeated
		sum.Uncertain += batch.Uncertain
		sum.Ended += batch.Ended
		if found < recoverBatch {
			return sum, nil
		}
	}
}

// recovery is one batch of Recover.
type recovery struct {
	*pass
	done  *Recovered
	items map[notify.ID]*notify.Notice
	lost  []*notify.Notice
}

func (r *recovery) run(ctx context.Context) error {
	for _, sweep := range []struct {
		state notify.State
		fix   func(context.Context, *notify.Notice) error
	}{
		{notify.Unknown, r.resolve}, {notify.Sending, r.silent}, {notify.Queued, r.untaken},
	} {
		stuck, err := r.stuck(ctx, sweep.state)
		if err != nil {
			return err
		}
		if r.items, err = r.pass.items(ctx, stuck); err != nil {
			return err
		}
		for _, n := range stuck {
			if err := sweep.fix(ctx, n); err != nil {
				return err
			}
			r.touch(n)
			if err := r.follow(n, r.items); err != nil {
				return err
			}
			if n.State == notify.Dead {
				r.lost = append(r.lost, carried(n, r.items)...)
			}
		}
	}
	return r.fallBack(ctx, r.lost)
}

// stuck returns notices whose time in the state is over. Items are left to
// their carrier.
func (r *recovery) stuck(ctx context.Context, state notify.State) (map[notify.ID]*notify.Notice, error) {
	found, err := r.tx.Notices(ctx, notify.Query{States: []notify.State{state}, Before: r.now.Add(time.Microsecond), Limit: recoverBatch})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	ids := make([]notify.ID, 0, len(found))
	for _, n := range found {
		if n.MergedInto != "" {
			n.ID = n.MergedInto
		}
		ids = append(ids, n.ID)
	}
	stuck, err := r.load(ctx, ids) // locked, where the store can
	for id, n := range stuck {
		if n.State != state || n.NextAt.After(r.now) {
			delete(stuck, id)
		}
	}
	return stuck, err
}

// untaken hands a queued notice out again: the queue lost its ticket, or is slow.
func (r *recovery) untaken(_ context.Context, n *notify.Notice) error {
	r.done.Requeued++
	return n.Defer(r.now, "nobody took it", r.now)
}

// silent takes a notice back from a worker whose lease ran out. Its attempt is
// open: it was written together with the lease.
func (r *recovery) silent(_ context.Context, n *notify.Notice) error {
	r.done.Unknown++
	return n.Lost(time.Duration(r.rules.Notices.UnknownResendAfter)*time.Minute, r.now)
}

func (r *recovery) resolve(_ context.Context, n *notify.Notice) error {
	if err := n.ResolveUnknown(r.rules.Notices, r.now); err != nil {
		return err
	}
	switch n.State {
	case notify.Pending:
		r.done.Repeated++
		r.due = true
	case notify.Uncertain:
		r.done.Uncertain++
	default:
		r.done.Ended++
	}
	return nil
}

// Outstanding is what is on its way, or should be.
type Outstanding struct {
	Due     int // pending, and their time has come
	Queued  int
	Sending int
	Unknown int
	NextAt  time.Time // when the next pending notice becomes due, zero: none
}

// Idle reports whether nothing is due or on its way.
func (o Outstanding) Idle() bool { return o.Due+o.Queued+o.Sending+o.Unknown == 0 }

// outstandingLimit is where counting stops: enough to tell much from nothing.
const outstandingLimit = 1000

// Outstanding counts what is due or on its way, each kind up to 1000. Unknown
// outcomes count until they are resolved.
func (s *System) Outstanding(ctx context.Context) (Outstanding, error) {
	var o Outstanding
	err := s.store.View(ctx, func(ctx context.Context, tx store.Tx) error {
		for _, count := range []struct {
			state  notify.State
			before time.Time
			into   *int
		}{
			{notify.Pending, s.now().Add(time.Microsecond), &o.Due}, {notify.Queued, time.Time{}, &o.Queued},
			{notify.Sending, time.Time{}, &o.Sending}, {notify.Unknown, time.Time{}, &o.Unknown},
		} {
			found, err := tx.Notices(ctx, notify.Query{States: []notify.State{count.state}, Before: count.before, Limit: outstandingLimit})
			if err != nil {
				return err
			}
			*count.into = len(found)
		}
		var err error
		o.NextAt, err = tx.NextNotice(ctx)
		return err
	})
	return o, err
}
