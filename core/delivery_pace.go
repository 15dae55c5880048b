package core

import (
	"context"
	"errors"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

// paceEvery is how often one of all processes looks how quick the providers are.
const paceEvery = time.Minute

// weighByPace gives fewer messages to providers that are slow, where another one of
// the channel is not: as long as all are, the fault is not theirs.
func (s *System) weighByPace(ctx context.Context) error {
	err := s.pipeline(ctx, func(ctx context.Context, p *pass) error {
		if _, err := p.known(ctx); err != nil || len(p.on(notify.SMS)) < 2 && len(p.on(notify.Email)) < 2 {
			return err
		}
		mine, err := p.tx.Lease(ctx, "pace", p.newID(), p.now, p.now.Add(paceEvery))
		if err != nil || !mine {
			return err
		}
		for _, channel := range []notify.Channel{notify.SMS, notify.Email} {
			if err := p.slow(ctx, p.on(channel)); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, fault.ErrStale) { // a breaker moved just now: the next minute looks again
		return nil
	}
	return err
}

// slow takes points off those of a channel's providers that are slow.
func (p *pass) slow(ctx context.Context, on []*notify.Provider) error {
	if len(on) < 2 {
		return nil
	}
	slow := make(map[*notify.Provider]notify.Pace)
	for _, one := range on {
		pace, err := p.tx.Pace(ctx, notify.PaceOf(one.Name, p.now))
		if err != nil {
			return err
		}
		if pace.TooSlow() {
			slow[one] = pace
		}
	}
	if len(slow) == len(on) {
		return nil
	}
	for _, one := range on {
		pace, is := slow[one]
		if !is || !one.Slowed(pace, p.now) {
			continue
		}
		if err := p.tx.PutProvider(ctx, one); err != nil {
			return err
		}
		if err := p.journal(ctx, fact{subject: notify.ProviderSubject(one.Name), event: notify.ProviderSlowed{Slow: pace.Slow, Of: pace.Taken}}); err != nil {
			return err
		}
	}
	return nil
}
