package core

import (
	"context"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
)

// How late notices are is counted from when they were first due (notify.Notice.Due),
// however often they were handed out in vain since. The outbox finds what is due by
// NextAt, and so the oldest of what waits because nobody took it keeps that.

// putOff has notices that nobody took wait before they are handed out again. The one
// among them that is due longest stays due, where nothing else that waits shows that
// it is as late.
func (p *pass) putOff(ctx context.Context, ns []*notify.Notice, until time.Time, why string) error {
	if len(ns) == 0 {
		return nil
	}
	longest := ns[0]
	for _, n := range ns {
		if err := p.did(n, n.PutOff(until, why, p.now)); err != nil {
			return err
		}
		if n.Due().Before(longest.Due()) {
			longest = n
		}
	}
	shown, err := p.tx.NextNotice(ctx)
	if err == nil && (shown.IsZero() || longest.Due().Before(shown)) {
		longest.StayDue()
	}
	return err
}

// queuedSeen bounds how many queued notices are looked at, those that were created
// first. Where nobody takes more than that they are taken back soon, and what finds no
// room then waits in the outbox, where the one that is due longest is always found.
const queuedSeen = 1000

// OldestDue is since when the notice waits that is due longest and that no worker has
// taken, in the outbox or in the queue: in the future when none is due yet, zero when
// none waits. Neither a queue that refuses tickets nor one that loses them moves it.
func (s *System) OldestDue(ctx context.Context) (since time.Time, err error) {
	err = s.store.View(ctx, func(ctx context.Context, tx store.Tx) error {
		since, err = oldestDue(ctx, tx)
		return err
	})
	return since, err
}

func oldestDue(ctx context.Context, tx store.Tx) (time.Time, error) {
	oldest, err := tx.NextNotice(ctx)
	if err != nil {
		return time.Time{}, err
	}
	queued, err := tx.Notices(ctx, notify.Query{States: []notify.State{notify.Queued}, Limit: queuedSeen})
	for i := range queued {
		if due := queued[i].Due(); oldest.IsZero() || due.Before(oldest) {
			oldest = due
		}
	}
	return oldest, err
}
