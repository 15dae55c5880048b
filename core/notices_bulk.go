package core

import (
	"context"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

// Pick selects notices as an operator looks for them (notifications 2.15).
type Pick struct {
	notify.Query
	CreatedBefore time.Time     // created before it; zero: whenever
	Result        notify.Result // the class of outcome that brought them where they are, see [notify.Notice.Refusal]; empty: any
}

// takes reports whether the pick is content with a notice that its query found.
func (p Pick) takes(n *notify.Notice) bool {
	return (p.CreatedBefore.IsZero() || n.Created.Before(p.CreatedBefore)) && (p.Result == "" || n.Refusal() == p.Result)
}

// pickPage is how many notices are read at a time while some are looked for.
const pickPage = 500

// Pick returns the notices that p selects, the oldest first, p.Limit at most; 0:
// all of them. It needs the right to manage notices.
func (s *Notices) Pick(ctx context.Context, p Pick) ([]notify.Notice, error) {
	if err := s.u.allow(ctx, ManageNotices, scope{}); err != nil {
		return nil, err
	}
	return s.pick(ctx, p, func(*notify.Notice) (bool, error) { return true, nil })
}

// pick returns what p selects and can accepts.
func (s *Notices) pick(ctx context.Context, p Pick, can func(*notify.Notice) (bool, error)) ([]notify.Notice, error) {
	var found []notify.Notice
	seen := make(map[notify.ID]bool)
	q := p.Query
	for q.Limit = pickPage; ; q.Limit *= 2 { // of one instant there may be more than a page
		page, err := s.u.tx.Notices(ctx, q)
		if err != nil {
			return nil, err
		}
		fresh := false
		for i := range page {
			n := &page[i]
			if seen[n.ID] {
				continue
			}
			seen[n.ID], fresh = true, true
			if !p.takes(n) {
				continue
			}
			ok, err := can(n)
			if err != nil {
				return nil, err
			}
			if ok {
				found = append(found, *n)
			}
			if p.Limit > 0 && len(found) == p.Limit {
				return found, nil
			}
		}
		if len(page) < q.Limit {
			return found, nil
		}
		if last := page[len(page)-1].Created; fresh && last.After(q.Since) {
			q.Since, q.Limit = last, pickPage/2
		}
	}
}

// Deed is what is done to many notices at once.
type Deed string

// The deeds.
const (
	Resend   Deed = "resend"   // as Retry does
	Reroute  Deed = "reroute"  // as RetryBy does
	Withdraw Deed = "withdraw" // as Cancel does
)

// Bulk is something done to many notices at once.
type Bulk struct {
	Do      Deed
	By      notify.Channel // the channel of Reroute
	Of      Pick           // Limit is 1 to 1000
	Why     string         // for the journal
	Preview bool           // only say what it would be done to
}

// bulkLimit is what one decision may reach at most: whoever has a larger number
// in mind looks again after the first ones.
const bulkLimit = 1000

// Bulk does something to all notices of a pick that it can be done to, and
// returns those, as they were. Others are left alone: what has not ended, or
// arrived, is not sent again; what the same notice on that channel has reached
// already is not rerouted; what has ended or is with its provider is not
// withdrawn; and of digests the notices they carry are picked by themselves. Each
// of them is journalled. It needs the right to manage notices and a reason.
// Rules: notice.bulk.deed, notice.retry.limit.
func (s *Notices) Bulk(ctx context.Context, b Bulk) ([]notify.Notice, error) {
	if err := s.manage(ctx, b.Why); err != nil {
		return nil, err
	}
	if b.Do != Resend && b.Do != Reroute && b.Do != Withdraw {
		return nil, fault.Broken("notice.bulk.deed", "do", "%q is nothing that is done to notices: resend, reroute or withdraw", "%q không phải việc làm được với thông báo: chọn resend, reroute hoặc withdraw", b.Do)
	}
	if b.Of.Limit < 1 || b.Of.Limit > bulkLimit {
		return nil, fault.Broken("notice.retry.limit", "limit", "give a limit of 1 to 1000", "cần giới hạn từ 1 đến 1000")
	}
	found, err := s.pick(ctx, b.Of, func(n *notify.Notice) (bool, error) { return s.fits(ctx, b, n) })
	if err != nil || b.Preview {
		return found, err
	}
	for i := range found {
		if err := s.act(ctx, b, found[i]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// fits reports whether b can be done to a notice.
func (s *Notices) fits(ctx context.Context, b Bulk, n *notify.Notice) (bool, error) {
	switch {
	case len(n.Items) > 0:
		return false, nil
	case b.Do == Withdraw:
		return !n.State.Terminal() && n.State != notify.Accepted, nil
	case b.Do == Reroute && reroutable(n, b.By) == nil:
		there, err := s.sibling(ctx, n, b.By)
		return err == nil && (there == nil || replayable(there.State)), err
	case b.Do == Reroute:
		return false, nil
	}
	return replayable(n.State), nil
}

// replayable reports whether a notice in the state may be sent again.
func replayable(state notify.State) bool {
	return state.Terminal() && notify.Transitions().Allows(state, notify.Pending)
}

func (s *Notices) act(ctx context.Context, b Bulk, n notify.Notice) error {
	switch b.Do {
	case Reroute:
		return s.RetryBy(ctx, n.ID, b.By, b.Why)
	case Withdraw:
		return s.Cancel(ctx, n.ID, b.Why)
	}
	return s.replay(ctx, &n, b.Why)
}
