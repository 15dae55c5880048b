package sqlstore

import (
	"context"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

var inbound = newTable("receipt", "outreach_receipt",
	func(r *notify.Inbound) string { return r.ID }, func(r *notify.Inbound) *int64 { return &r.Version },
	text("provider", func(r *notify.Inbound) string { return r.Provider }),
	text("fingerprint", func(r *notify.Inbound) string { return r.Fingerprint }),
	text("status", func(r *notify.Inbound) notify.InboundState { return r.State }),
	text("notice", func(r *notify.Inbound) notify.ID { return r.Notice }),
	instant("received", func(r *notify.Inbound) time.Time { return r.Received }),
	instant("next_at", func(r *notify.Inbound) time.Time { return r.NextAt }))

// AddInbound implements [notify.ReceiptInbox]; ErrExists when only the id is taken.
func (t *tx) AddInbound(ctx context.Context, r *notify.Inbound) (bool, error) {
	added := *r
	added.Version = 0
	written, err := inbound.insert(ctx, t, &added)
	if err != nil {
		return false, err
	}
	if !written {
		same, err := inbound.list(ctx, t, "WHERE provider = $1 AND fingerprint = $2", r.Provider, r.Fingerprint)
		if err == nil && len(same) == 0 {
			err = fault.Exists("receipt", r.ID)
		}
		return false, err
	}
	r.Version = added.Version
	return true, nil
}

// PutInbound implements [notify.ReceiptInbox].
func (t *tx) PutInbound(ctx context.Context, rs []*notify.Inbound) error {
	return inbound.replaceAll(ctx, t, rs)
}

// Inbound implements [notify.ReceiptInbox].
func (t *tx) Inbound(ctx context.Context, q notify.InboundQuery) ([]notify.Inbound, error) {
	where := t.where()
	oneOf(where, "status", q.States)
	where.is("provider", q.Provider)
	where.is("notice", string(q.Notice))
	if !q.Before.IsZero() {
		where.add("next_at < %s", where.param(q.Before))
	}
	return inbound.list(ctx, t, where.ordered("received, id", q.Limit), where.args...)
}
