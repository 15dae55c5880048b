package core

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

// capSpan is the time over which the SMS to one recipient are counted: any 24
// hours, not a calendar day, whose end would let twice as many go within minutes
// (notifications 2.9).
const capSpan = 24 * time.Hour

// exempt reports whether caps do not hold a notice: what is critical, and what
// may have gone already, because it counted then.
func exempt(n *notify.Notice) bool { return n.Priority == notify.Critical || n.MayHaveGone() }

// capped reports whether a recipient has had as many SMS as the cap allows, and
// when the next one may go. had is in order.
func capped(had []time.Time, limit int) (until time.Time, full bool) {
	if len(had) < limit {
		return time.Time{}, false
	}
	return had[len(had)-limit].Add(capSpan), true
}

// tooSoon reports whether a message comes too soon after the one before, and when
// it may go, together with what comes meanwhile. Messages to citizens are never
// gathered, so a gap would only delay them. had is in order.
func (d *dispatch) tooSoon(n *notify.Notice, had []time.Time) (until time.Time, soon bool) {
	if n.To.Speaker != "" || len(had) == 0 {
		return time.Time{}, false
	}
	until = had[len(had)-1].Add(time.Duration(d.rules.Notices.SMSGapMinutes) * time.Minute)
	return until, until.After(d.now)
}

// hadLately is when each recipient had the SMS that count towards the cap, in
// order: when they were taken, or, of those under way or that may have gone, now.
func (d *dispatch) hadLately(ctx context.Context, groups []*group) (map[org.PersonID][]time.Time, error) {
	had := make(map[org.PersonID][]time.Time)
	var persons []org.PersonID
	for _, g := range groups {
		if g.Channel == notify.SMS && !exempt(g.Notice) {
			persons = append(persons, g.person)
		}
	}
	if len(persons) == 0 {
		return had, nil
	}
	slices.Sort(persons)
	for _, q := range []notify.Query{
		{States: []notify.State{notify.Accepted, notify.Delivered, notify.Undelivered, notify.Uncertain, notify.Cancelled, notify.Failed, notify.Dead, notify.Suppressed}, AcceptedSince: d.now.Add(time.Microsecond - capSpan)},
		{States: []notify.State{notify.Queued, notify.Sending, notify.Unknown, notify.Pending}},
	} {
		q.Persons, q.Channel = slices.Compact(persons), notify.SMS
		found, err := d.tx.Notices(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range found {
			if n := &found[i]; n.MergedInto == "" && counts(n) { // an item cost nothing of its own
				had[n.Person] = append(had[n.Person], cmp.Or(n.Done, d.now))
			}
		}
	}
	for _, times := range had {
		slices.SortFunc(times, time.Time.Compare)
	}
	return had, nil
}

// counts reports whether the recipient has the SMS, may have it or is about to
// get it. A critical one goes beside what waits, so nothing waits for it before it
// has gone.
func counts(n *notify.Notice) bool {
	switch n.State {
	case notify.Queued, notify.Sending, notify.Unknown:
		return n.Priority != notify.Critical
	case notify.Pending, notify.Uncertain, notify.Cancelled, notify.Failed, notify.Dead, notify.Suppressed:
		return n.MayHaveGone()
	}
	return true
}
