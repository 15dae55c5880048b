package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
)

// receiptInbox are the promises of notify.ReceiptInbox.
func receiptInbox() []promise {
	return []promise{
		{"receipts/one per fingerprint", "AddInbound keeps one receipt of each fingerprint of a provider and reports whether it is this one, also when units of work add it at the same time.", keepsOneOfAFingerprint},
		{"receipts/query", "Inbound selects by every field of the query.", selectsReceipts},
		{"receipts/order", "Receipts come ordered by Received, then by id, and no more than Limit.", ordersReceipts},
		{"receipts/put none", "PutInbound with one stale receipt is ErrStale and replaces none.", putsNoReceipt},
	}
}

func keepsOneOfAFingerprint(k kit) {
	add := func(id, provider, print string) bool {
		k.Helper()
		var added bool
		k.update(func(ctx context.Context, tx store.Tx) (err error) {
			added, err = tx.AddInbound(ctx, &notify.Inbound{ID: id, Receipt: notify.Receipt{Provider: provider}, Fingerprint: print})
			return err
		})
		return added
	}
	if !add("a", "one", "print") || add("b", "one", "print") || !add("c", "one", "other") || !add("d", "two", "print") {
		k.Errorf("AddInbound does not report whether it added the receipt")
	}
	var winners atomic.Int32
	k.together(6, func(worker int) error {
		var added bool
		err := k.retry(func(ctx context.Context, tx store.Tx) (err error) {
			added, err = tx.AddInbound(ctx, &notify.Inbound{ID: fmt.Sprint("w", worker), Receipt: notify.Receipt{Provider: "race"}, Fingerprint: "race"})
			time.Sleep(time.Millisecond) // the others add as well
			return err
		})
		if added {
			winners.Add(1)
		}
		return err
	})
	k.view(func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Inbound(ctx, notify.InboundQuery{})
		raced, again := tx.Inbound(ctx, notify.InboundQuery{Provider: "race"})
		if winners.Load() != 1 || len(raced) != 1 || len(all) != 4 {
			k.Errorf("of six who added one receipt at the same time %d were told they did; %d of it are there, %d in all", winners.Load(), len(raced), len(all))
		}
		return errors.Join(err, again)
	})
}

var receiptsAsked = question[notify.InboundQuery, notify.Inbound]{name: "Inbound", of: receipts,
	find: func(ctx context.Context, tx store.Tx, q notify.InboundQuery) ([]notify.Inbound, error) {
		return tx.Inbound(ctx, q)
	}}

func selectsReceipts(k kit) {
	type (
		q = notify.InboundQuery
		v = notify.Inbound
	)
	receiptsAsked.filters(k, func(r *v) {
		r.State, r.Provider, r.Notice, r.NextAt = notify.InboundWaiting, "provider", "notice", morning.Add(-time.Microsecond)
	}, []filter[q, v]{
		{"state", func(q *q) { q.States = []notify.InboundState{notify.InboundLate, notify.InboundWaiting} }, func(r *v) { r.State = notify.InboundApplied }},
		{"provider", func(q *q) { q.Provider = "provider" }, func(r *v) { r.Provider = "other" }},
		{"notice", func(q *q) { q.Notice = "notice" }, func(r *v) { r.Notice = "" }},
		{"before", func(q *q) { q.Before = morning }, func(r *v) { r.NextAt = morning }},
	})
}

func ordersReceipts(k kit) {
	a := receiptsAsked
	at := func(id string, after int) notify.Inbound {
		return a.model(id, func(r *notify.Inbound) { r.Received = morning.Add(time.Duration(after) * time.Microsecond) })
	}
	a.insert(k, at("z", -1), at("B", 0), at("a", 0), at("a-b", 0), at("a1", 0), at("0", 1))
	a.inOrder(k, "order", notify.InboundQuery{}, "z", "B", "a", "a-b", "a1", "0")
	a.inOrder(k, "limit", notify.InboundQuery{Limit: 3}, "z", "B", "a")
}

func putsNoReceipt(k kit) {
	first, second := receipts.sample("a", 1), receipts.sample("b", 2)
	receipts.insert(k, &first)
	receipts.insert(k, &second)
	k.update(func(ctx context.Context, tx store.Tx) error { // what was written before the refusal would be kept
		changed, stale := first, second
		changed.Why, stale.Version = "changed", second.Version+1
		if err := tx.PutInbound(ctx, []*notify.Inbound{&changed, &stale}); !errors.Is(err, fault.ErrStale) {
			k.Errorf("PutInbound with a stale version gave %v, want ErrStale", err)
		}
		return tx.PutInbound(ctx, nil)
	})
	receipts.same(k, "after a refused PutInbound", first, receipts.stored(k, "a"))
}
