package core

import (
	"context"
	"strings"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

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
