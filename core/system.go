package core

import (
	"context"
	"errors"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
)

// Options are the parts of a System that have a default. The zero value, and a
// nil pointer, are legal.
type Options struct {
	// Clock tells the time. Default: the machine's clock. The core reads it once
	// per unit of work, so everything in one unit happened at one instant.
	Clock func() time.Time

	// NewID makes identifiers. Default: UUID version 7.
	NewID func() string

	// Calendar says which days are worked until a version of it is decided
	// through Work.Programme. Default: Monday to Friday without holidays, which
	// marks every deadline as provisional.
	Calendar *calendar.Calendar

	// Lunar says which lunar day a date is, for hamlets that avoid some of them.
	// Default: none, and such a hamlet is not planned for before one is given.
	Lunar org.Lunar

	// Directory says who is who. Default: the organisation in the store.
	Directory func(tx store.Tx) org.Directory

	// OnEvent is called for every journalled event, in its transaction, after the
	// programme's own reactions. An error undoes the unit of work.
	OnEvent func(ctx context.Context, w *Work, r event.Record, e event.Event) error

	// Series starts the codes of issues: XL gives XL-17-0142. Default: HVCS.
	Series string

	// Sender is how the programme names itself in messages to citizens.
	// Default: "UBND huyện".
	Sender string

	// Hotline is the number citizens are asked to call. Default: none.
	Hotline string

	// Templates are the texts of the notices. Default: the programme's own.
	Templates *notify.Templates

	// Secret keys the hashes that stand for addresses of raters and of suppressed
	// recipients, and locks sealed cases. Give each installation its own, and all
	// its processes the same. Default: a fixed key, good enough for tests and trials.
	Secret []byte

	// FormerSecrets are those that Secret was before: receipts given out under them
	// stay good, and sealed cases locked under them are locked anew by the daily
	// routines. Default: none.
	FormerSecrets [][]byte

	// Segments tells how many parts a text needs as an SMS, for rates and budgets
	// before a provider is chosen. Default: 160 characters, or 153 in each of
	// several, as they are without marks.
	Segments func(text string) int

	// Limits are numbers of sending that hold whatever policy is in force, now and
	// after the programme decides upon another one. Default: none.
	Limits policy.Limits

	// Moved is called after a step of delivery was committed, for each notice that
	// it moved or put back, with its instant: for metrics. It must not block.
	// Default: none.
	Moved func(n notify.Notice, at time.Time)

	// Wake is called after a unit of work committed notices that are due at once:
	// a hint that lets a relay in the same process look earlier than its next
	// poll. It must not block. Default: none.
	Wake func()
}

// System runs the programme's rules over one store. It is safe for concurrent
// use; it starts no goroutine.
type System struct {
	store  store.Store
	policy policy.Policy
	opts   Options
	rules  ruleCache
	turns  turns

	permissions map[Action][]permission
	reactions   map[string][]reaction
}

// New composes a System over st, governed by pol until another policy version
// is decided. It returns the faults of pol and opts, all at once.
func New(st store.Store, pol policy.Policy, opts *Options) (*System, error) {
	var faults fault.List
	if st == nil {
		faults.Add(fault.Broken("system.store.missing", "store", "a store is required", "phải có kho dữ liệu"))
	}
	if opts == nil {
		opts = &Options{}
	}
	pol = opts.Limits.Apply(pol)
	faults.Add(pol.Validate())
	if err := faults.Err(); err != nil {
		return nil, err
	}
	s := &System{store: st, policy: pol, opts: *opts, permissions: permissions(), reactions: reactions()}
	return s, s.opts.fill()
}

// Update runs fn as one unit of work by one actor at one instant: what it
// changes, journals and causes to be told is kept together or not at all. fn may
// run again when the transaction lost against another one.
func (s *System) Update(ctx context.Context, by org.Actor, fn func(context.Context, *Work) error) error {
	if s == nil || fn == nil {
		return errors.New("core: Update needs a system and a function")
	}
	var last *unit
	err := s.store.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		w := s.JoinAlone(tx, by)
		last = w.unit
		return fn(ctx, w)
	})
	if err != nil && last != nil && len(last.refused) > 0 {
		err = s.keepRefusals(ctx, last.refused, err)
	}
	if err == nil && last != nil && last.due && s.opts.Wake != nil {
		s.opts.Wake()
	}
	return err
}

// View runs fn on a consistent snapshot. Methods of Work that change something
// return an error in it.
func (s *System) View(ctx context.Context, by org.Actor, fn func(context.Context, *Work) error) error {
	if s == nil || fn == nil {
		return errors.New("core: View needs a system and a function")
	}
	return s.store.View(ctx, func(ctx context.Context, tx store.Tx) error {
		return fn(ctx, s.Join(tx, by))
	})
}

// Join makes a unit of work in a transaction that the caller began and will
// commit or roll back. The System cannot see that commit: a relay finds the
// notices at its next poll, or earlier when the caller tells it.
func (s *System) Join(tx store.Tx, by org.Actor) *Work {
	u := &unit{sys: s, tx: tx, by: by, role: by.Role, now: s.now()}
	u.today = calendar.DateOf(u.now)
	u.dir = tx
	if s.opts.Directory != nil {
		u.dir = s.opts.Directory(tx)
	}
	return newWork(u)
}

// JoinAlone is Join for a transaction in which nobody else writes to the programme's
// tables until the unit of work is through: no other unit, and no statement of the
// caller's. This one then remembers what it has read and written, as those of Update
// do, and tells a Tx that can do much in one round trip (pgxtx.Run) what it is going
// to ask and to write.
func (s *System) JoinAlone(tx store.Tx, by org.Actor) *Work {
	w := s.Join(tx, by)
	w.unit.alone = true
	return w
}

// Now is the instant the system's clock shows, in UTC and microseconds, the
// precision every store keeps.
func (s *System) Now() time.Time { return s.now() }

func (s *System) now() time.Time { return s.opts.Clock().UTC().Truncate(time.Microsecond) }
