// Package store defines where the programme's state lives: a Store that runs
// units of work in transactions, and the Tx that such a unit sees. An adapter
// implements both over its storage; package storetest checks it.
package store

import (
	"context"
	"time"

	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// Store runs units of work. It is safe for concurrent use.
type Store interface {
	// View runs fn on a consistent snapshot. Writing through its Tx is an error.
	View(ctx context.Context, fn func(context.Context, Tx) error) error
	// Update runs fn in a transaction: all of it is kept if fn returns nil and the
	// commit succeeds, none of it otherwise; fn's own error comes back unchanged.
	// It may run fn again when the transaction lost against another one, so fn
	// must take its results from the last run only. A panic in fn rolls back and
	// goes on upward.
	Update(ctx context.Context, fn func(context.Context, Tx) error) error
}

// Announced is what a Tx may do besides: be told of an id that was made in this
// transaction, so that nothing can bear it yet. A store may then write what bears
// it later, together with other rows, before anything is asked that it could
// answer and before the commit.
type Announced interface {
	Announce(id string)
}

// Foreseen is what a Tx may do besides: answer at once what it is going to be asked
// in this transaction, where every question is a round trip to a database.
type Foreseen interface {
	// Foresee calls ask, a few times perhaps, with a Tx that answers what is known
	// already and gives an error to everything else; what it was asked so, it asks
	// the database together, and the same question to the transaction itself then
	// has its answer, until the transaction writes what could change it. Ask must
	// only read, and does nothing with what it learns but ask on. Foresee fails when
	// the database does, never because of what was asked.
	Foresee(ctx context.Context, ask func(Tx)) error
}

// Gathered is what a Tx may do besides: add many notices together.
type Gathered interface {
	// AddNotices adds each of ns as AddNotice does, the first of those with one key,
	// at once or later: before anything is asked that they could answer, and before
	// the commit. It calls told once for each that was looked at, in their order, with
	// whether it was added; told must not use the Tx. What fails later fails there.
	AddNotices(ctx context.Context, ns []notify.Notice, told func(n notify.Notice, added bool)) error
}

// Pressing is what a Tx may do besides: read what is critical of what is due, without
// looking at anything else.
type Pressing interface {
	// DueCritical is DueNotices for critical notices: no other is locked by it, so that
	// who looks for them keeps none from who looks at all.
	DueCritical(ctx context.Context, now time.Time, limit int) ([]notify.Notice, error)
}

// Later is what a Tx may do besides: append a record whose place in the journal
// nobody waits for, where that takes a round trip to a database.
type Later interface {
	// AppendLater appends r as AppendRecord does, at once or later: before anything is
	// asked that it could answer, and before the commit. Nobody is told its Position.
	// That its Seq is taken is fault.ErrStale there or here.
	AppendLater(ctx context.Context, r event.Record) error
}

// Tx is what one unit of work sees: the repositories of all modules over one
// transaction. It reads its own writes, must not be used after its function
// returned, and is not safe for concurrent use.
type Tx interface {
	event.Journal
	org.Repository
	programme.Repository
	duty.Repository
	visit.Repository
	opinion.Repository
	issue.Repository
	sealed.Vault
	supervision.Repository
	report.Repository
	notify.Outbox
	notify.ReceiptInbox
}
