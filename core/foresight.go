package core

import (
	"context"
	"errors"

	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// What a unit of work is going to ask its store one after the other, it tells a
// store that can answer all at once (store.Foreseen). Nothing depends on it but the
// number of round trips: a question that was not foreseen is asked when it comes up,
// and one that never comes up was asked in vain.

// foresee runs ask on a unit that learns what is known and fails at the rest. Each
// question that ask puts in a row of its own is asked together with the others;
// what follows from the answer to one comes a round trip later.
func (u *unit) foresee(ctx context.Context, ask func(context.Context, *unit)) error {
	tx, ok := u.tx.(store.Foreseen)
	if !ok || !u.alone {
		return nil
	}
	ahead := *u
	newWork(&ahead)
	err := tx.Foresee(ctx, func(tx store.Tx) {
		ahead.tx, ahead.dir, ahead.by = tx, tx, u.by
		if u.sys.opts.Directory != nil {
			ahead.dir = unasked{}
		}
		ask(ctx, &ahead)
	})
	if err == nil {
		u.book, u.held = ahead.book, ahead.held
	}
	return err
}

// unasked stands for a directory of the host, which may be far away and does not
// answer questions of the store.
type unasked struct{}

var errUnasked = errors.New("core: a directory of the host is asked when the answer is needed")

func (unasked) Person(context.Context, org.PersonID) (org.Person, error) {
	return org.Person{}, errUnasked
}

func (unasked) Place(context.Context, org.PlaceID) (org.Place, error) {
	return org.Place{}, errUnasked
}

func (unasked) Unit(context.Context, org.UnitID) (org.Unit, error) { return org.Unit{}, errUnasked }

func (unasked) Holdings(context.Context, org.HoldingQuery) ([]org.Holding, error) {
	return nil, errUnasked
}

func (unasked) Leaves(context.Context, org.LeaveQuery) ([]org.Leave, error) { return nil, errUnasked }
