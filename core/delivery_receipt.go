package core

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

// Receipts come whenever and however often a provider likes: before our own
// record of the call, twice, in any order, about messages nobody knows. So they
// are first stored as they came (TakeReceipts), which is all a provider waits
// for, and interpreted in passes of their own (MatchReceipts).

// Receipt writes down at once what a provider says later about a message, without
// storing it first. A receipt of an unknown message is fault.ErrNotFound: it may
// have come before the outcome was written down, so offer it again for a while.
// Receipts may come twice and in any order. TakeReceipts is for those who cannot
// offer one again.
func (s *System) Receipt(ctx context.Context, r Receipt) error {
	said := notify.Receipt{Provider: r.Provider, ProviderID: r.ProviderID, Key: r.Key, Code: r.Code, Verdict: notify.VerdictUndelivered}
	if r.Delivered {
		said.Verdict = notify.VerdictDelivered
	}
	return s.pipeline(ctx, func(ctx context.Context, p *pass) error {
		h := &hearing{pass: p}
		meant, _, err := h.meant(ctx, said)
		if err != nil {
			return err
		}
		if meant == nil {
			return fault.NotFound("message of "+r.Provider, r.ProviderID)
		}
		if _, err := h.hear(ctx, meant, said); err != nil {
			return err
		}
		return p.fallBack(ctx, h.lost)
	})
}

// TakeReceipts stores what providers say later about messages, to be interpreted
// by MatchReceipts. When it returns nil all of it is safe, and the provider may
// be told so; news that was stored before is not stored again. A receipt without
// a provider or without anything to find its message by is refused, and nothing
// is stored.
func (s *System) TakeReceipts(ctx context.Context, receipts []notify.Receipt) error {
	_, err := s.takeReceipts(ctx, receipts)
	return err
}

func (s *System) takeReceipts(ctx context.Context, receipts []notify.Receipt) (added int, err error) {
	for _, r := range receipts {
		if r.Provider == "" || r.ProviderID == "" && r.Key == "" {
			return 0, fault.Broken("notice.receipt.reference", "provider_id",
				"a receipt names its provider, and its message by id or key", "biên nhận phải có nhà cung cấp và mã hoặc khóa của tin")
		}
	}
	err = s.pipeline(ctx, func(ctx context.Context, p *pass) error {
		added = 0
		for _, r := range receipts {
			r.ProviderID, r.Key, r.Code = bounded(r.ProviderID), bounded(r.Key), bounded(r.Code)
			stored, err := p.tx.AddInbound(ctx, &notify.Inbound{
				ID: p.newID(), Fingerprint: r.Fingerprint(), Receipt: r, Received: p.now, State: notify.InboundWaiting, NextAt: p.now,
			})
			if err != nil {
				return err
			}
			if stored {
				added++
			}
		}
		return nil
	})
	return added, err
}

// Matched is what one pass of MatchReceipts did.
type Matched struct {
	Looked    int
	Applied   int  // they said something new
	Late      int  // the notice's fate was sealed, or it was known
	Waiting   int  // their message is not known yet
	Unmatched int  // nobody knew it for notify.InboundPatience
	More      bool // the limit was reached: there is more to look at now
	Standby   bool // somebody else is at work
}

// matchLease is how long one who has gone silent keeps others from matching.
const matchLease = 30 * time.Second

// MatchReceipts interprets stored receipts, at most limit of them, oldest first:
// it finds the notice each speaks of and lets it say what became of it. One whose
// message is not known waits and is looked at again, for notify.InboundPatience.
// A notice whose fate is sealed keeps it, whatever comes later. A message that
// did not arrive goes another way; an address that must not be used any more is
// barred, and the administrators are told when it is that of somebody in the
// programme. owner names the process: one at a time is at work.
func (s *System) MatchReceipts(ctx context.Context, owner string, limit int) (Matched, error) {
	var done Matched
	err := s.pipeline(ctx, func(ctx context.Context, p *pass) error {
		done = Matched{}
		mine, err := p.tx.Lease(ctx, "receipts", owner, p.now, p.now.Add(matchLease))
		if err != nil {
			return err
		}
		if !mine {
			done.Standby = true
			return nil
		}
		waiting, err := p.tx.Inbound(ctx, notify.InboundQuery{
			States: []notify.InboundState{notify.InboundWaiting}, Before: p.now.Add(time.Microsecond), Limit: limit,
		})
		if err != nil || len(waiting) == 0 {
			return err
		}
		done.Looked, done.More = len(waiting), limit > 0 && len(waiting) == limit
		h := &hearing{pass: p}
		put := make([]*notify.Inbound, len(waiting))
		for i := range waiting {
			put[i] = &waiting[i]
			if err := h.interpret(ctx, put[i]); err != nil {
				return err
			}
			done.count(put[i].State)
		}
		if err := p.tx.PutInbound(ctx, put); err != nil {
			return err
		}
		return p.fallBack(ctx, h.lost)
	})
	if errors.Is(err, fault.ErrStale) { // a worker was quicker with one of the notices: all of it comes again
		return Matched{More: true}, nil
	}
	return done, err
}

func (m *Matched) count(state notify.InboundState) {
	switch state {
	case notify.InboundApplied:
		m.Applied++
	case notify.InboundLate:
		m.Late++
	case notify.InboundUnmatched:
		m.Unmatched++
	default:
		m.Waiting++
	}
}

// hearing is one pass over receipts.
type hearing struct {
	*pass
	lost []*notify.Notice // they need another way
}

// interpret lets a stored receipt say what it has to say.
func (h *hearing) interpret(ctx context.Context, r *notify.Inbound) error {
	n, earlier, err := h.meant(ctx, r.Receipt)
	switch {
	case err != nil:
		return err
	case n == nil:
		r.Wait(h.now)
		return nil
	}
	r.Notice = n.ID
	if r.Bar != "" {
		if err := h.bar(ctx, n, r.Receipt); err != nil {
			return err
		}
	}
	if earlier {
		r.Finish(notify.InboundLate, "of an earlier sending", h.now)
		return nil
	}
	news, err := h.hear(ctx, n, r.Receipt)
	switch {
	case err != nil:
		return err
	case news:
		r.Finish(notify.InboundApplied, "", h.now)
	case r.Verdict == notify.VerdictDelivered, r.Verdict == notify.VerdictUndelivered, r.Verdict == notify.VerdictUnderway:
		r.Finish(notify.InboundLate, "the notice is "+string(n.State), h.now)
	default:
		r.Finish(notify.InboundLate, "the provider documents no such word", h.now)
	}
	return nil
}

// meant finds the notice that a receipt speaks of, as this pass has changed it;
// what travels in a carrier is left to its carrier. earlier says that it speaks
// of a sending before somebody had the notice sent again.
func (h *hearing) meant(ctx context.Context, r notify.Receipt) (n *notify.Notice, earlier bool, err error) {
	if r.Key != "" {
		base, _, _ := strings.Cut(r.Key, ".")
		for _, id := range []string{r.Key, base} {
			found, err := h.load(ctx, []notify.ID{notify.ID(id)})
			if err != nil {
				return nil, false, err
			}
			if n := h.current(found[notify.ID(id)]); n != nil && (n.Provider == r.Provider || n.Provider == "") && n.Claims+n.Replays > 0 {
				return n, n.IdempotencyKey() != r.Key, nil
			}
		}
	}
	if r.Provider == "" || r.ProviderID == "" {
		return nil, false, nil
	}
	found, err := h.tx.Notices(ctx, notify.Query{Provider: r.Provider, ProviderID: r.ProviderID})
	for i := range found {
		if found[i].MergedInto == "" {
			return h.current(&found[i]), false, err
		}
	}
	return nil, false, err
}

// current is the notice as this pass has changed it so far.
func (h *hearing) current(n *notify.Notice) *notify.Notice {
	if n != nil && h.changed[n.ID] != nil {
		return h.changed[n.ID]
	}
	return n
}

// hear lets a receipt say what became of n and of what it carries, and reports
// whether that was news.
func (h *hearing) hear(ctx context.Context, n *notify.Notice, r notify.Receipt) (news bool, err error) {
	before := n.State
	if n.ProviderID == "" {
		n.ProviderID = r.ProviderID
	}
	if err := say(n, r, h.now); err != nil || n.State == before {
		return false, err
	}
	h.touch(n)
	items, err := h.items(ctx, map[notify.ID]*notify.Notice{n.ID: n})
	if err != nil {
		return false, err
	}
	for _, id := range n.Items {
		item := h.current(items[id])
		if item == nil || item.MergedInto != n.ID {
			continue
		}
		items[id] = item
		if err := h.did(item, say(item, r, h.now)); err != nil {
			return false, err
		}
	}
	if n.State == notify.Undelivered {
		h.lost = append(h.lost, carried(n, items)...)
	}
	return true, nil
}

// say applies a receipt to one notice.
func say(n *notify.Notice, r notify.Receipt, now time.Time) error {
	switch r.Verdict {
	case notify.VerdictDelivered, notify.VerdictUndelivered:
		return n.Receipt(r.Verdict == notify.VerdictDelivered, bounded(r.Code), now)
	case notify.VerdictUnderway:
		return n.Underway(now)
	}
	return nil
}

// bar keeps an address from being used for the time its reason has, and tells
// the administrators of somebody who has to be reachable. The address is known by
// the hash that its attempt kept.
func (h *hearing) bar(ctx context.Context, n *notify.Notice, r notify.Receipt) error {
	attempts, err := h.tx.Attempts(ctx, n.ID)
	if err != nil {
		return err
	}
	address := ""
	for _, a := range attempts {
		if a.Provider == r.Provider && a.Address != "" {
			address = a.Address
		}
	}
	if address == "" {
		return nil
	}
	reason := string(r.Bar)
	if r.Code != "" {
		reason += " " + bounded(r.Code)
	}
	barred := &notify.Suppression{ID: h.newID(), Channel: n.Channel, Address: address, Reason: reason, Since: h.now}
	if days := r.Bar.Days(); days > 0 {
		barred.Until = h.now.AddDate(0, 0, days)
	}
	if err := h.tx.AddSuppression(ctx, barred); err != nil {
		return err
	}
	if n.To.Speaker != "" || n.Person == "" {
		return nil
	}
	return h.tell(ctx, alert.ContactBroken(n.Person, n.Channel, h.today)...)
}

// DueQuestions returns messages of which the provider has not told what became
// of them and should be asked now, at most limit: accepted ones at growing
// distances for notify.InboundPatience, and those whose outcome is unknown. What
// the provider answers goes to TakeReceipts. Who asks next gets others.
func (s *System) DueQuestions(ctx context.Context, provider string, limit int) ([]notify.Reference, error) {
	var ask []notify.Reference
	err := s.pipeline(ctx, func(ctx context.Context, p *pass) error {
		ask = nil
		unknown, err := p.tx.Notices(ctx, notify.Query{States: []notify.State{notify.Unknown}, Provider: provider, Limit: limit})
		if err != nil {
			return err
		}
		accepted, err := p.tx.Notices(ctx, notify.Query{
			States: []notify.State{notify.Accepted}, Provider: provider, Before: p.now.Add(time.Microsecond),
			AcceptedSince: p.now.Add(-notify.InboundPatience), Limit: limit,
		})
		if err != nil {
			return err
		}
		for i := range accepted {
			n := &accepted[i]
			if n.Ask(p.now) {
				ask = append(ask, reference(n))
			}
			p.touch(n)
		}
		for i := range unknown {
			if unknown[i].MergedInto == "" {
				ask = append(ask, reference(&unknown[i]))
			}
		}
		return nil
	})
	if errors.Is(err, fault.ErrStale) { // somebody else asks
		return nil, nil
	}
	return ask, err
}

func reference(n *notify.Notice) notify.Reference {
	return notify.Reference{Notice: n.ID, ProviderID: n.ProviderID, Key: n.IdempotencyKey()}
}
