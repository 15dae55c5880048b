package core

import (
	"context"
	"slices"

	"github.com/huongvecoso/outreach/core/duty"
)

// The programme reacts to its own events in the same transaction. Each module's
// service says what it reacts to; this file only puts the tables together. A
// System holds the first of them. The sweep asks for the other two, so that a
// program that leaves the sweep to the workers does not carry what only the
// sweep does: half a megabyte.

// reactions maps an event kind to what the programme does by itself.
func reactions() map[string][]reaction {
	all := make(map[string][]reaction)
	for _, table := range []map[string]reaction{
		programmeReactions(), visitReactions(), issueReactions(), supervisionReactions(), vacancyReactions(),
	} {
		for kind, react := range table {
			all[kind] = append(all[kind], react)
		}
	}
	return all
}

// elapse is what happens when the window of a duty closed without the thing done.
type elapse func(ctx context.Context, u *unit, d duty.State) error

// elapses maps a kind of duty to what its window's end means.
func elapses() map[duty.Kind]elapse {
	all := make(map[duty.Kind]elapse)
	for _, table := range []map[duty.Kind]elapse{visitElapses(), issueElapses(), supervisionElapses()} {
		for kind, e := range table {
			all[kind] = e
		}
	}
	return all
}

// routine is what the programme does by itself once on every civil date, at the
// first sweep of that date: rules that look at many things and not at the clock
// of one. It runs in a transaction of its own and must be idempotent, because
// it runs again when that failed; a date on which no sweep ran is skipped, so
// what is told or opened carries its date or week in a natural key.
type routine struct {
	name string
	run  func(ctx context.Context, u *unit) error
}

// routines lists them all. Each module's service says what its own are.
func routines() []routine {
	return slices.Concat(dutyRoutines(), programmeRoutines(), reportRoutines(), supervisionRoutines(), privacyRoutines(), journalRoutines())
}
