package faulttest

import (
	"context"
	"crypto/rand"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
)

// guard is one of the things that keep notices from being lost or doubled.
type guard string

const (
	nothing  guard = ""
	claims   guard = "claims"   // that a notice is taken is written down before the call
	tickets  guard = "tickets"  // a ticket is good once
	attempts guard = "attempts" // each call is written down before it is made
	recovery guard = "recovery" // what nobody took is handed out again

	naturalKey  guard = "key"   // what is said once for its key is not said again
	commonClock guard = "clock" // it is as late as the database says, not as the machine does
)

// crippled is a store without one of the guards.
type crippled struct {
	store.Store
	without guard
}

func (s crippled) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return s.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		if s.without == nothing {
			return fn(ctx, tx)
		}
		return fn(ctx, crippledTx{tx, s.without})
	})
}

type crippledTx struct {
	store.Tx
	without guard
}

func (t crippledTx) PutNotices(ctx context.Context, ns []*notify.Notice) error {
	if t.without != claims {
		return t.Tx.PutNotices(ctx, ns)
	}
	var kept []*notify.Notice
	for _, n := range ns {
		if n.State != notify.Sending {
			kept = append(kept, n)
		}
	}
	return t.Tx.PutNotices(ctx, kept)
}

func (t crippledTx) AddNotice(ctx context.Context, n *notify.Notice) (bool, error) {
	if t.without == naturalKey {
		n.Key += "~" + rand.Text()
	}
	return t.Tx.AddNotice(ctx, n)
}

func (t crippledTx) NoticesByID(ctx context.Context, ids []notify.ID) ([]notify.Notice, error) {
	found, err := t.Tx.NoticesByID(ctx, ids)
	if t.without == tickets {
		for i := range found {
			if found[i].State == notify.Accepted {
				found[i].State, found[i].Generation = notify.Queued, 1
			}
		}
	}
	return found, err
}

func (t crippledTx) AddAttempts(ctx context.Context, as []*notify.Attempt) error {
	if t.without == attempts {
		return nil
	}
	return t.Tx.AddAttempts(ctx, as)
}

func (t crippledTx) PutAttempts(ctx context.Context, as []*notify.Attempt) error {
	if t.without == attempts {
		return nil
	}
	return t.Tx.PutAttempts(ctx, as)
}

func (t crippledTx) Notices(ctx context.Context, q notify.Query) ([]notify.Notice, error) {
	if t.without == recovery && !q.Before.IsZero() {
		return nil, nil
	}
	return t.Tx.Notices(ctx, q)
}
