package smpp

import (
	"context"
	"time"

	"github.com/huongvecoso/outreach/core/store"
)

// StoreLease is a [Lease] in the programme's store, for processes that share
// nothing else. All fields are needed.
type StoreLease struct {
	Store store.Store
	Now   func() time.Time // the clock of all processes: core.System.Now
	Term  time.Duration    // how long a process that has gone silent keeps the bind
	Name  string           // of what is held: one for each account
	Owner string           // of this process; no other has it
}

var _ Lease = (*StoreLease)(nil)

// Hold takes or prolongs the lease. A quarter of the term is not told: so far the
// clocks of two processes may be apart and still never two of them are bound.
func (l *StoreLease) Hold(ctx context.Context) (time.Time, error) {
	asked := time.Now()
	mine, err := l.put(ctx, l.Term)
	if err != nil || !mine {
		return time.Time{}, err
	}
	return asked.Add(l.Term - l.Term/4), nil
}

// Release gives it back. It is not an error that somebody else has it by now.
func (l *StoreLease) Release(ctx context.Context) error {
	_, err := l.put(ctx, 0)
	return err
}

func (l *StoreLease) put(ctx context.Context, term time.Duration) (mine bool, err error) {
	err = l.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		now := l.Now().UTC().Truncate(time.Microsecond)
		mine, err = tx.Lease(ctx, l.Name, l.Owner, now, now.Add(term))
		return err
	})
	return mine && err == nil, err
}
