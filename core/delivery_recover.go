package core

import (
	"context"
	"errors"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
)

// Recovered is what one Recover put right.
type Recovered struct {
	Requeued  int // nobody had taken them
	Unknown   int // a worker went silent with its call open
	Repeated  int // unknown, and now sent again
	Uncertain int // unknown, and now on the operator's list
	Ended     int // unknown, and now at an end
	Diverted  int // could not wait for their channel, and go another way
}

// Recover puts right what workers, queues and relays left behind: queued notices
// nobody took, leases that ran out, outcomes that stayed unknown. And it lets go
// another way what cannot wait for a channel none of whose providers takes
// messages (notify.Outage), and gives fewer messages to providers that are slow
// (notify.Pace). It may run anywhere, at any time, more than once at the same time.
func (s *System) Recover(ctx context.Context) (Recovered, error) {
	sum, err := s.putRight(ctx)
	if err == nil {
		sum.Diverted, err = s.divert(ctx)
	}
	if err == nil {
		err = s.weighByPace(ctx)
	}
	return sum, err
}

// putRight is Recover for what got stuck.
func (s *System) putRight(ctx context.Context) (Recovered, error) {
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

// untaken hands a queued notice out again: the queue lost its ticket, or is slow. It
// is as late as it was.
func (r *recovery) untaken(_ context.Context, n *notify.Notice) error {
	r.done.Requeued++
	return n.Return("nobody took it", r.now)
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
