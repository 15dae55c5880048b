package memstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
)

// AddNotice implements [notify.Outbox].
func (tx *Tx) AddNotice(_ context.Context, n *notify.Notice) (bool, error) {
	if tx.notices.has(term("key", n.Key), func(o *notify.Notice) bool { return o.Key == n.Key }) {
		return false, tx.writable()
	}
	n.Version = 0
	err := tx.notices.put(n)
	return err == nil, err
}

// Notice implements [notify.Outbox].
func (tx *Tx) Notice(_ context.Context, id notify.ID) (notify.Notice, error) {
	return tx.notices.get(string(id))
}

// Notices implements [notify.Outbox].
func (tx *Tx) Notices(_ context.Context, q notify.Query) ([]notify.Notice, error) {
	common := firstOf(terms("moot", q.Moot, "duty", q.Duty, "into", string(q.Into), "person", string(q.Person),
		"subject", subject(q.Subject), "sent", sent(q.Provider, q.ProviderID)))
	switch {
	case len(q.Keys) > 0:
		common = eachTerm("key", q.Keys)
	case len(q.Duties) > 0:
		common = eachTerm("duty", q.Duties)
	}
	return tx.notices.pick(tx.notices.having(common...), func(n *notify.Notice) bool {
		return among(q.States, n.State) && is(q.Subject, n.Subject) && is(q.Moot, n.Moot) && is(q.Duty, n.Duty) && among(q.Duties, n.Duty) &&
			is(q.Person, n.For()) && among(q.Persons, n.For()) && among(q.Keys, n.Key) &&
			is(q.Template, n.Template) && is(q.Channel, n.Channel) && is(q.Into, n.MergedInto) &&
			is(q.Provider, n.Provider) && is(q.ProviderID, n.ProviderID) &&
			since(q.Since, n.Created) && since(q.AcceptedSince, n.Done) &&
			(q.Before.IsZero() || lookAgain(n).Before(instant(q.Before))) &&
			(q.ExpiresBefore.IsZero() || !n.Expires.IsZero() && n.Expires.Before(instant(q.ExpiresBefore)))
	}, func(a, b *notify.Notice) int { return a.Created.Compare(b.Created) }, q.Limit)
}

// NoticeIDs implements [notify.Outbox].
func (tx *Tx) NoticeIDs(ctx context.Context, q notify.Query) ([]notify.ID, error) {
	found, err := tx.Notices(ctx, q)
	ids := make([]notify.ID, len(found))
	for i, n := range found {
		ids[i] = n.ID
	}
	return ids, err
}

// lookAgain returns when somebody has to look at the notice again: at the end
// of the lease while it is being sent, else at its NextAt.
func lookAgain(n *notify.Notice) time.Time {
	if n.State == notify.Sending {
		return n.LeaseUntil
	}
	return n.NextAt
}

// NoticesByID implements [notify.Outbox]; ordered by id.
func (tx *Tx) NoticesByID(_ context.Context, ids []notify.ID) ([]notify.Notice, error) {
	return tx.notices.pick(unique(texts(ids)), every, byID, 0)
}

// DueNotices implements [notify.Outbox].
func (tx *Tx) DueNotices(_ context.Context, now time.Time, limit int) ([]notify.Notice, error) {
	return tx.notices.pick(tx.notices.all(), func(n *notify.Notice) bool {
		return pending(n) && !n.NextAt.After(now)
	}, func(a, b *notify.Notice) int { return cmp.Or(lane(a)-lane(b), byNext(a, b)) }, limit)
}

// DueCritical implements [store.Pressing].
func (tx *Tx) DueCritical(_ context.Context, now time.Time, limit int) ([]notify.Notice, error) {
	return tx.notices.pick(tx.notices.all(), func(n *notify.Notice) bool {
		return pending(n) && lane(n) == 0 && !n.NextAt.After(now)
	}, byNext, limit)
}

func pending(n *notify.Notice) bool { return n.State == notify.Pending }

func byNext(a, b *notify.Notice) int { return a.NextAt.Compare(b.NextAt) }

// lane is 0 for what goes first.
func lane(n *notify.Notice) int {
	if n.Priority == notify.Critical {
		return 0
	}
	return 1
}

// NextShares implements [notify.Outbox].
func (tx *Tx) NextShares(_ context.Context, now time.Time, after map[notify.Channel]string, limit int) ([]notify.Share, error) {
	seen := make(map[notify.Share]bool)
	for _, id := range tx.notices.all() {
		if n, ok := tx.notices.at(id); ok && pending(n.value) && !n.value.NextAt.After(now) {
			seen[shareOf(n.value)] = true
		}
	}
	turn := func(s notify.Share) int { // 1: from the beginning
		if last, begun := after[s.Channel]; begun && s.Owner <= last {
			return 1
		}
		return 0
	}
	shares := slices.SortedFunc(maps.Keys(seen), func(a, b notify.Share) int {
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(turn(a), turn(b)), cmp.Compare(a.Owner, b.Owner))
	})
	taken := make(map[notify.Channel]int)
	shares = slices.DeleteFunc(shares, func(s notify.Share) bool {
		taken[s.Channel]++
		return limit > 0 && taken[s.Channel] > limit
	})
	return shares, tx.usable()
}

func shareOf(n *notify.Notice) notify.Share { return notify.Share{Channel: n.Channel, Owner: n.Owner} }

// DueOf implements [notify.Outbox].
func (tx *Tx) DueOf(_ context.Context, share notify.Share, now time.Time, limit int) ([]notify.Notice, error) {
	return tx.notices.pick(tx.notices.all(), func(n *notify.Notice) bool {
		return pending(n) && !n.NextAt.After(now) && shareOf(n) == share
	}, byNext, limit)
}

// DueOfEach implements [notify.Outbox].
func (tx *Tx) DueOfEach(ctx context.Context, shares []notify.Share, now time.Time, limit int) ([]notify.Notice, error) {
	var all []notify.Notice
	for _, share := range shares {
		due, err := tx.DueOf(ctx, share, now, limit)
		if err != nil {
			return nil, err
		}
		all = append(all, due...)
	}
	return all, tx.usable()
}

// Underway implements [notify.Outbox].
func (tx *Tx) Underway(context.Context) ([]notify.Underway, error) {
	by := map[notify.Channel]notify.Underway{}
	for _, id := range tx.notices.all() {
		n, ok := tx.notices.at(id)
		if !ok || n.value.State != notify.Queued {
			continue
		}
		since := n.value.NextAt.Add(-notify.QueuePatience)
		u, found := by[n.value.Channel]
		if u.Queued++; !found || since.Before(u.Since) {
			u.Since = since
		}
		u.Channel = n.value.Channel
		by[u.Channel] = u
	}
	all := slices.Collect(maps.Values(by))
	slices.SortFunc(all, func(a, b notify.Underway) int { return cmp.Compare(a.Channel, b.Channel) })
	return all, tx.usable()
}

// PutNotices implements [notify.Outbox].
func (tx *Tx) PutNotices(_ context.Context, ns []*notify.Notice) error {
	return tx.notices.replace(ns)
}

// NextNotice implements [notify.Outbox].
func (tx *Tx) NextNotice(context.Context) (time.Time, error) {
	next, err := tx.notices.pick(tx.notices.all(), pending, byNext, 1)
	if err != nil || len(next) == 0 {
		return time.Time{}, err
	}
	return next[0].NextAt, nil
}

// CountNotices implements [notify.Outbox]; states without notices are left out.
func (tx *Tx) CountNotices(context.Context) (map[notify.State]int, error) {
	counts := map[notify.State]int{}
	for _, id := range tx.notices.all() {
		if n, ok := tx.notices.at(id); ok {
			counts[n.value.State]++
		}
	}
	return counts, tx.usable()
}

// CountCreated implements [notify.Outbox].
func (tx *Tx) CountCreated(_ context.Context, before time.Time) (int, error) {
	count := 0
	for _, id := range tx.notices.all() {
		if n, ok := tx.notices.at(id); ok && n.value.Created.Before(instant(before)) {
			count++
		}
	}
	return count, tx.usable()
}

// AddAttempts implements [notify.Outbox]; all or, with ErrExists, none.
func (tx *Tx) AddAttempts(_ context.Context, as []*notify.Attempt) error {
	return tx.attempts.insert(as)
}

// PutAttempts implements [notify.Outbox]; all or, with ErrStale, none.
func (tx *Tx) PutAttempts(_ context.Context, as []*notify.Attempt) error {
	return tx.attempts.replace(as)
}

// Attempts implements [notify.Outbox]; ordered by Number, then id.
func (tx *Tx) Attempts(_ context.Context, notice notify.ID) ([]notify.Attempt, error) {
	return tx.attempts.pick(tx.attempts.having(term("notice", string(notice))),
		func(a *notify.Attempt) bool { return a.Notice == notice },
		func(a, b *notify.Attempt) int { return cmp.Compare(a.Number, b.Number) }, 0)
}

// AttemptLog implements [notify.Outbox].
func (tx *Tx) AttemptLog(_ context.Context, q notify.AttemptQuery) ([]notify.Attempt, error) {
	common := terms("provider", q.Provider)
	if len(q.Bodies) > 0 {
		common = eachTerm("body", q.Bodies)
	}
	return tx.attempts.pick(tx.attempts.having(common...), func(a *notify.Attempt) bool {
		return is(q.Provider, a.Provider) && among(q.Bodies, a.Body) && since(q.Since, a.Started)
	}, func(a, b *notify.Attempt) int { return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(b.ID, a.ID)) }, q.Limit)
}

// SegmentsSpent implements [notify.Outbox].
func (tx *Tx) SegmentsSpent(_ context.Context, from time.Time) (int, error) {
	sum := 0
	for _, id := range tx.attempts.all() {
		a, ok := tx.attempts.at(id)
		if !ok || a.value.Started.Before(instant(from)) {
			continue
		}
		switch a.value.Outcome {
		case "", notify.ResultAccepted, notify.ResultUnknown:
			sum += a.value.Segments
		}
	}
	return sum, tx.usable()
}

// Pace implements [notify.Outbox].
func (tx *Tx) Pace(ctx context.Context, q notify.PaceQuery) (notify.Pace, error) {
	var pace notify.Pace
	calls, err := tx.AttemptLog(ctx, notify.AttemptQuery{Provider: q.Provider, Since: q.Since})
	for _, a := range calls {
		n, there := tx.notices.at(string(a.Notice))
		if a.Outcome != notify.ResultAccepted || !there {
			continue
		}
		switch n.value.State {
		case notify.Accepted, notify.Delivered, notify.Undelivered:
			pace.Taken++
		default:
			continue
		}
		if n.value.Took() > 0 {
			pace.Arrived++
		}
		if q.Slow(n.value) {
			pace.Slow++
		}
	}
	return pace, err
}

// Providers implements [notify.Outbox].
func (tx *Tx) Providers(context.Context) ([]notify.Provider, error) {
	return tx.providers.pick(tx.providers.all(), every, byID, 0)
}

// PutProvider implements [notify.Outbox].
func (tx *Tx) PutProvider(_ context.Context, p *notify.Provider) error { return tx.providers.put(p) }

// AddSuppression implements [notify.Outbox]; ErrExists when the id is taken.
func (tx *Tx) AddSuppression(_ context.Context, s *notify.Suppression) error {
	return tx.suppressions.insert([]*notify.Suppression{s})
}

// Suppressions implements [notify.Outbox]; ordered by Since, then id.
func (tx *Tx) Suppressions(_ context.Context, channel notify.Channel, addresses ...string) ([]notify.Suppression, error) {
	return tx.suppressions.pick(tx.suppressions.having(eachTerm("address", addresses)...), func(s *notify.Suppression) bool {
		return s.Channel == channel && among(addresses, s.Address)
	}, func(a, b *notify.Suppression) int { return a.Since.Compare(b.Since) }, 0)
}

// Lease implements [notify.Outbox].
func (tx *Tx) Lease(_ context.Context, name, owner string, now, until time.Time) (bool, error) {
	if held, ok := tx.leases.at(name); ok && held.value.Owner != owner && held.value.Until.After(now) {
		return false, tx.writable()
	}
	err := tx.leases.add(&lease{Name: name, Owner: owner, Until: until})
	return err == nil, err
}
