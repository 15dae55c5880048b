package core_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
)

func (p *post) watch(want ...string) {
	p.t.Helper()
	found, err := p.sys.Watch(p.t.Context())
	if err != nil || !slices.Equal(found.Late, want) {
		p.t.Errorf("watching found %v, %v; want %v", found.Late, err, want)
	}
}

func TestAnOutboxThatNobodyEmptiesIsToldOfOnceAnHour(t *testing.T) {
	p := newPost(t)
	p.tell(notify.Notice{})
	p.pass(10 * time.Minute)
	p.watch()
	p.pass(time.Minute)
	p.watch("outbox")
	p.watch("outbox")
	if told := p.all(notify.Query{Template: "delivery.late"}); len(told) != 3 {
		t.Errorf("%d notices tell of it, want one on each of three channels", len(told))
	}
}

// rowless is a store that has lost a row of its outbox.
type rowless struct{ store.Store }

func (f rowless) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return f.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error { return fn(ctx, rowlessTx{tx}) })
}

type rowlessTx struct{ store.Tx }

func (tx rowlessTx) CountCreated(ctx context.Context, before time.Time) (int, error) {
	n, err := tx.Tx.CountCreated(ctx, before)
	return n - 1, err
}

func (tx rowlessTx) CountNotices(ctx context.Context) (map[notify.State]int, error) {
	counts, err := tx.Tx.CountNotices(ctx)
	counts[notify.Accepted]-- // gone without a trace
	return counts, err
}

func TestARowThatIsMissingFromAPastDayIsNoticed(t *testing.T) {
	p := newPost(t)
	for range 3 {
		p.tell(notify.Notice{Channel: notify.InApp})
	}
	p.dispatch()
	p.pass(48 * time.Hour)
	p.watch() // counts the day
	p.pass(2 * time.Hour)
	p.watch()
	whole := p.sys
	sys, err := core.New(rowless{p.store}, policy.Default(), &core.Options{Clock: func() time.Time { return *p.now.Load() }, Templates: postTemplates(t)})
	if err != nil {
		t.Fatal(err)
	}
	p.sys = sys
	p.pass(2 * time.Hour)
	p.watch("ledger")
	p.sys = whole
}

// limbo is a store with a row in a state that nobody knows.
type limbo struct{ store.Store }

func (l limbo) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return l.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error { return fn(ctx, limboTx{tx}) })
}

type limboTx struct{ store.Tx }

func (tx limboTx) CountNotices(ctx context.Context) (map[notify.State]int, error) {
	counts, err := tx.Tx.CountNotices(ctx)
	counts[notify.Accepted]--
	counts["limbo"]++
	return counts, err
}

func TestARowInNoKnownStateIsNoticed(t *testing.T) {
	p := newPost(t)
	p.tell(notify.Notice{Channel: notify.InApp})
	p.dispatch()
	sys, err := core.New(limbo{p.store}, policy.Default(), &core.Options{Clock: func() time.Time { return *p.now.Load() }, Templates: postTemplates(t)})
	if err != nil {
		t.Fatal(err)
	}
	p.sys = sys
	p.watch("ledger")
}
