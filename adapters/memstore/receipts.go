package memstore

import (
	"context"

	"github.com/huongvecoso/outreach/core/notify"
)

// AddInbound implements [notify.ReceiptInbox]; ErrExists when only the id is taken.
func (tx *Tx) AddInbound(_ context.Context, r *notify.Inbound) (bool, error) {
	if tx.inbound.has(term("print", sent(r.Provider, r.Fingerprint)), func(o *notify.Inbound) bool {
		return o.Provider == r.Provider && o.Fingerprint == r.Fingerprint
	}) {
		return false, tx.writable()
	}
	r.Version = 0
	err := tx.inbound.put(r)
	return err == nil, err
}

// PutInbound implements [notify.ReceiptInbox].
func (tx *Tx) PutInbound(_ context.Context, rs []*notify.Inbound) error {
	return tx.inbound.replace(rs)
}

// Inbound implements [notify.ReceiptInbox].
func (tx *Tx) Inbound(_ context.Context, q notify.InboundQuery) ([]notify.Inbound, error) {
	return tx.inbound.pick(tx.inbound.having(terms("notice", string(q.Notice))...), func(r *notify.Inbound) bool {
		return among(q.States, r.State) && is(q.Provider, r.Provider) && is(q.Notice, r.Notice) &&
			(q.Before.IsZero() || r.NextAt.Before(instant(q.Before)))
	}, func(a, b *notify.Inbound) int { return a.Received.Compare(b.Received) }, q.Limit)
}
