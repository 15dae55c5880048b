package core

import (
	"context"
	"encoding/json"
	"time"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
)

// Watched is what one Watch found wrong; empty: nothing.
type Watched struct {
	Late []string // outbox, unknown, clock, ledger
}

const (
	// lateAfter is how late what is due may be before the administrators are told.
	lateAfter = 10 * time.Minute
	// openAfter is how long an unknown outcome may stay unresolved.
	openAfter = 30 * time.Minute
	// ledgerEvery is how often the rows are counted.
	ledgerEvery = time.Hour
)

// Watch looks whether delivery itself is in order and tells the administrators
// when it is not, over every channel and once an hour for each fault (N23): due
// notices that nobody hands out or takes, outcomes that stay unknown, clocks that nobody
// makes go, and rows of the outbox that are missing. Call it every minute or so,
// anywhere; a process that only watches finds that all others are gone.
func (s *System) Watch(ctx context.Context) (Watched, error) {
	var found Watched
	err := s.pipeline(ctx, func(ctx context.Context, p *pass) error {
		found = Watched{}
		for _, look := range []struct {
			what  string
			since func(context.Context) (time.Time, error)
		}{
			{"outbox", p.lateNotice}, {"unknown", p.lateOutcome}, {"clock", p.lateClock}, {"ledger", p.missingRows},
		} {
			since, err := look.since(ctx)
			if err != nil {
				return err
			}
			if since.IsZero() {
				continue
			}
			found.Late = append(found.Late, look.what)
			if err := p.tell(ctx, alert.DeliveryLate(look.what, int(p.now.Sub(since).Minutes()), p.now)...); err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// lateNotice is since when the oldest due notice waits, zero when in time.
func (p *pass) lateNotice(ctx context.Context) (time.Time, error) {
	oldest, err := oldestDue(ctx, p.tx)
	return p.tooLate(oldest, lateAfter), err
}

func (p *pass) lateClock(ctx context.Context) (time.Time, error) {
	next, err := p.tx.NextWake(ctx)
	return p.tooLate(next, lateAfter), err
}

func (p *pass) lateOutcome(ctx context.Context) (time.Time, error) {
	open, err := p.tx.Notices(ctx, notify.Query{States: []notify.State{notify.Unknown}, Before: p.now.Add(-openAfter), Limit: 1})
	if err != nil || len(open) == 0 {
		return time.Time{}, err
	}
	return open[0].NextAt, nil
}

func (p *pass) tooLate(t time.Time, patience time.Duration) time.Time {
	if t.IsZero() || p.now.Sub(t) <= patience {
		return time.Time{}
	}
	return t
}

// ledgerSubject is what the journal calls the account of the outbox.
func ledgerSubject() event.Subject { return event.Subject{Type: "ledger", ID: "notices"} }

// missingRows compares, once an hour, the rows of the outbox with what was
// counted before, and each day writes the next count into the journal. Rows are
// never deleted, so those of a past day stay as many as they were; and each is
// in a state that is known.
func (p *pass) missingRows(ctx context.Context) (time.Time, error) {
	mine, err := p.tx.Lease(ctx, "ledger", p.newID(), p.now, p.now.Add(ledgerEvery))
	if err != nil || !mine {
		return time.Time{}, err
	}
	counted, err := p.lastCount(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if !counted.Until.IsZero() {
		rows, err := p.tx.CountCreated(ctx, counted.Until)
		if err != nil || rows != counted.Rows {
			return counted.Until, err
		}
	}
	if ok, err := p.addsUp(ctx); err != nil || !ok {
		return p.now, err
	}
	// What another transaction created just before midnight may still be on its
	// way to its commit: the day before counts.
	until := p.today.Add(-1).At(calendar.TimeOfDay{}).UTC()
	if !until.After(counted.Until) {
		return time.Time{}, nil
	}
	rows, err := p.tx.CountCreated(ctx, until)
	if err != nil {
		return time.Time{}, err
	}
	return time.Time{}, p.journal(ctx, fact{subject: ledgerSubject(), event: notify.Counted{Until: until, Rows: rows}})
}

// addsUp reports whether the rows in the states there are make all rows.
func (p *pass) addsUp(ctx context.Context) (bool, error) {
	counts, err := p.tx.CountNotices(ctx)
	if err != nil {
		return false, err
	}
	all, err := p.tx.CountCreated(ctx, p.now.AddDate(100, 0, 0))
	for _, state := range notify.States() {
		all -= counts[state]
	}
	return all == 0, err
}

func (p *pass) lastCount(ctx context.Context) (notify.Counted, error) {
	var last notify.Counted
	records, err := p.tx.Records(ctx, event.Query{Subject: ledgerSubject()})
	if err != nil || len(records) == 0 {
		return last, err
	}
	return last, json.Unmarshal(records[len(records)-1].Data, &last)
}
