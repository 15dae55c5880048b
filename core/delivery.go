package core

import (
	"context"
	"errors"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// The way of a notice from its row to a provider and back. Each step is one
// short transaction over a batch; between Claim and Settle, while providers are
// called, none is open. Nothing here needs a queue: whoever calls
//
//	Dispatch -> (a queue, or nothing) -> Claim -> Sender.Send -> Settle
//
// and Recover every now and then, has a complete delivery. All of it may run in
// any number of processes at once and be killed at any point: what a queue loses
// is handed out again, what it repeats ends at Claim, and a call whose outcome
// nobody knows is repeated only where that is safe or wanted (notifications 2).

// Ticket is what travels through a queue: which notice, in which round. It
// holds nothing about anybody (A11).
type Ticket struct {
	ID         notify.ID       `json:"id"`
	Generation int             `json:"gen"`
	Channel    notify.Channel  `json:"channel"`
	Priority   notify.Priority `json:"priority"`
	Provider   string          `json:"provider,omitempty"` // chosen among those registered; empty: whoever has the channel
	// Alone says that an earlier claim did not end well. Such a notice may be why:
	// it should not share a batch, whose other notices would share its fate.
	Alone bool `json:"alone,omitempty"`
	// Apart says that claim after claim did not end at all. Whoever calls for such a
	// notice should have no other call under way in the same process: see
	// notify.Notice.Suspect.
	Apart bool `json:"apart,omitempty"`
	// Carries is how many others travel in its message: a claim has to hold them all.
	Carries int `json:"carries,omitempty"`
}

// Delivery is a claimed notice, ready for its provider, with its attempt open.
// It goes to Settle as it came from Claim.
type Delivery struct {
	Ticket  Ticket
	Message notify.Message
	Attempt notify.Attempt
	Until   time.Time // end of the lease: an outcome has to be settled by then

	doubt bool // an earlier call may have gone
	probe bool // it tries whether its provider is back

	claimed *notify.Notice // as the claim left it, so that Settle need not ask; nil in a Delivery made elsewhere
}

// Settled is a Delivery with what became of it.
type Settled struct {
	Delivery Delivery
	Outcome  notify.Outcome
}

// Receipt is what a provider says later about a message it took. Key is the
// idempotency key, where the provider gives it back; otherwise ProviderID must
// be the id it gave when it accepted.
type Receipt struct {
	Provider   string
	ProviderID string
	Key        string
	Delivered  bool
	Code       string // the provider's own, for the operator
}

const (
	// dispatchLease is how long a relay that has gone silent keeps others waiting.
	dispatchLease = 10 * time.Second
	// refusedFor is how long a notice waits when the queue did not take its ticket.
	refusedFor = 5 * time.Second
	// settleTime is what a worker has, beyond its provider's timeouts, to make the
	// calls of its batch and write the outcomes down.
	settleTime = 30 * time.Second
	// settleTries is how often Settle looks again after somebody else wrote.
	settleTries = 3
	// recoverBatch is how many notices one transaction of Recover looks at.
	recoverBatch = 500
	// detailLength bounds what is kept of a provider's words, in runes.
	detailLength = 200
)

// pass is one transaction of the pipeline.
type pass struct {
	*unit
	rules   rules
	people  *people
	changed map[notify.ID]*notify.Notice // to be written at the end
	order   []notify.ID                  // in which they were changed
	written []*notify.Notice             // what write has written

	providers map[string]*notify.Provider // see known
}

// pipeline runs one step in one transaction. What fn changed through its pass
// is written at the end.
func (s *System) pipeline(ctx context.Context, fn func(context.Context, *pass) error) error {
	var due bool
	var last *pass
	ctx = store.Optimistic(ctx) // what somebody else changed meanwhile has another version
	err := s.store.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		p := &pass{unit: s.Join(tx, org.System()).unit, changed: make(map[notify.ID]*notify.Notice)}
		var err error
		if p.rules, err = p.unit.rules(ctx); err != nil {
			return err
		}
		p.people = newPeople(p.unit)
		if err := fn(ctx, p); err != nil {
			return err
		}
		due, last = p.due, p
		return p.write(ctx)
	})
	if err == nil && s.opts.Moved != nil {
		for _, n := range last.written {
			s.opts.Moved(*n, last.now)
		}
	}
	if err == nil && due && s.opts.Wake != nil {
		s.opts.Wake()
	}
	return err
}

// touch notes that n was changed.
func (p *pass) touch(n *notify.Notice) {
	if p.changed[n.ID] == nil {
		p.order = append(p.order, n.ID)
	}
	p.changed[n.ID] = n
}

// did notes that n was changed, unless err says that it was not.
func (p *pass) did(n *notify.Notice, err error) error {
	if err == nil {
		p.touch(n)
	}
	return err
}

func (p *pass) write(ctx context.Context) error {
	if len(p.order) == 0 {
		return nil
	}
	all := make([]*notify.Notice, 0, len(p.order))
	for _, id := range p.order {
		all = append(all, p.changed[id])
	}
	p.written = append(p.written, all...)
	return p.tx.PutNotices(ctx, all)
}

// load returns the notices by id; those that do not exist are not in it.
func (p *pass) load(ctx context.Context, ids []notify.ID) (map[notify.ID]*notify.Notice, error) {
	byID := make(map[notify.ID]*notify.Notice, len(ids))
	if len(ids) == 0 {
		return byID, nil
	}
	found, err := p.tx.NoticesByID(ctx, ids)
	for i := range found {
		byID[found[i].ID] = &found[i]
	}
	return byID, err
}

// items loads what the carriers among ns carry.
func (p *pass) items(ctx context.Context, ns map[notify.ID]*notify.Notice) (map[notify.ID]*notify.Notice, error) {
	var ids []notify.ID
	for _, n := range ns {
		ids = append(ids, n.Items...)
	}
	return p.load(ctx, ids)
}

// follow lets the items of a carrier share its fate.
func (p *pass) follow(carrier *notify.Notice, items map[notify.ID]*notify.Notice) error {
	for _, id := range carrier.Items {
		item := items[id]
		if item == nil {
			continue
		}
		changed, err := item.Follow(carrier, p.now)
		if err != nil {
			return err
		}
		if changed {
			p.touch(item)
		}
	}
	return nil
}

// over returns which of the notices' duties nobody owes any more. A duty the
// store does not know is the host's own business. Nearly all are still owed, so
// only the others are asked for.
func (p *pass) over(ctx context.Context, ns ...map[notify.ID]*notify.Notice) (map[string]bool, error) {
	over := make(map[string]bool)
	for _, set := range ns {
		for _, n := range set {
			if n.Duty != "" {
				over[n.Duty] = false
			}
		}
	}
	if len(over) == 0 {
		return over, nil
	}
	ids := make([]duty.ID, 0, len(over))
	for id := range over {
		ids = append(ids, duty.ID(id))
	}
	closed, err := p.tx.Duties(ctx, duty.Query{IDs: ids, Statuses: []duty.Status{duty.Met, duty.MetLate, duty.Cancelled, duty.Superseded}})
	for _, d := range closed {
		over[string(d.ID)] = true
	}
	return over, err
}

// opens is when the window of a notice is next open: now, or later.
func (p *pass) opens(n *notify.Notice, t time.Time) time.Time {
	if kept(n.Channel) {
		return t
	}
	return notify.NextAllowed(n.Audience, n.Priority, t, p.rules.Windows, p.rules.Calendar).UTC()
}

// kept reports whether a notice on this channel is shown by the application and
// goes to no provider.
func kept(c notify.Channel) bool { return c == notify.InApp || c == notify.PaperTask }

// atFault reports whether an error is a notice's own: one of them must not
// hold up a batch. Anything else is the store's, and the batch is tried again.
func atFault(err error) bool {
	return errors.Is(err, fault.ErrRule) || errors.Is(err, fault.ErrNotFound)
}

// midnight is the first instant of today, or of the day that many days later.
func (p *pass) midnight(daysLater int) time.Time {
	return p.today.Add(daysLater).At(calendar.TimeOfDay{}).UTC()
}
