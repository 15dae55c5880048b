package sqlstore

import (
	"context"
	"errors"

	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// Batch is what Load writes. Every value has to have Version 0.
type Batch struct {
	Places      []*org.Place
	Units       []*org.Unit
	Persons     []*org.Person
	Holdings    []*org.Holding
	Teams       []*programme.Team
	Assignments []*programme.Assignment
	Visits      []*visit.State
	Duties      []*duty.State
	Opinions    []*opinion.State
	Issues      []*issue.State
	Notices     []*notify.Notice
}

var errForeign = errors.New("sqlstore: Load wants a transaction of this package")

// Load inserts many values at once, some thousands a call, into a transaction
// of this package: for taking over a register of millions that is kept elsewhere,
// and for measuring. On PostgreSQL each kind is one statement; several calls at once,
// each in a transaction and with a part of its own, are quicker than one after the
// other: one part is made ready while the database takes another. Load writes what it
// is given: no rule of the programme is asked, nothing is journalled and nobody is told.
// A value that is there already is fault.ErrExists, and nothing is written of its kind.
func Load(ctx context.Context, into store.Tx, b Batch) error {
	t, ok := into.(*tx)
	if !ok {
		return errForeign
	}
	for _, write := range []func() error{
		func() error { return places.insertAll(ctx, t, b.Places) },
		func() error { return units.insertAll(ctx, t, b.Units) },
		func() error { return persons.insertAll(ctx, t, b.Persons) },
		func() error { return holdings.insertAll(ctx, t, b.Holdings) },
		func() error { return teams.insertAll(ctx, t, b.Teams) },
		func() error { return assignments.insertAll(ctx, t, b.Assignments) },
		func() error { return visits.insertAll(ctx, t, b.Visits) },
		func() error { return duties.insertAll(ctx, t, b.Duties) },
		func() error { return opinions.insertAll(ctx, t, b.Opinions) },
		func() error { return issues.insertAll(ctx, t, b.Issues) },
		func() error { return notices.insertAll(ctx, t, b.Notices) },
	} {
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}
