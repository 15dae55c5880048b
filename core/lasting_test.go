package core_test

import (
	"context"
	"testing"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
)

// lasting is a store that tells when something changes of a notice or an attempt
// which a store need not write again (notify.Outbox).
type lasting struct {
	store.Store
	t testing.TB
}

func (s lasting) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return s.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error { return fn(ctx, lastingTx{tx, s.t}) })
}

type lastingTx struct {
	store.Tx
	t testing.TB
}

func (x lastingTx) PutNotices(ctx context.Context, ns []*notify.Notice) error {
	of := func(n *notify.Notice) [8]string {
		return [...]string{n.Key, n.Template, n.Subject.String(), n.Duty, n.Moot, string(n.Channel), n.Owner, n.Created.UTC().String()}
	}
	for _, n := range ns {
		if was, err := x.Notice(ctx, n.ID); err == nil && of(&was) != of(n) {
			x.t.Errorf("notice %s was %v and is to be %v", n.ID, of(&was), of(n))
		}
	}
	return x.Tx.PutNotices(ctx, ns)
}

func (x lastingTx) PutAttempts(ctx context.Context, as []*notify.Attempt) error {
	for _, a := range as {
		all, err := x.Attempts(ctx, a.Notice)
		found := false
		for _, was := range all {
			found = found || was.ID == a.ID && was.Number == a.Number && was.Provider == a.Provider && was.Started.Equal(a.Started) &&
				was.Segments == a.Segments && was.Body == a.Body
		}
		if err == nil && !found {
			x.t.Errorf("attempt %s of notice %s is not what it was", a.ID, a.Notice)
		}
	}
	return x.Tx.PutAttempts(ctx, as)
}
