package core

import (
	"context"
	"slices"

	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/org"
)

// memory is what a unit of work need not ask its store again, because nobody but
// itself writes in its transaction: each question is a round trip to the database.
// A unit in a transaction of the host (Join) remembers nothing: another unit may
// have written between two of its steps.
type memory struct {
	alone bool // the transaction is this unit's own

	made  map[string]bool                // ids it has made: nobody had them before
	heads map[event.Subject]event.Record // last records it has written
	owed  map[debt]bool                  // duties it has opened, or, false, of which it has closed all
	held  []org.Holding                  // the actor's roles of today, nil until asked for
}

// make notes an id as new.
func (m *memory) make(id string) {
	if m.made == nil {
		m.made = make(map[string]bool)
	}
	m.made[id] = true
}

// lastRecord is the end of a subject's chain, fault.ErrNotFound where it begins;
// nothing at all of a subject that this unit has made.
func (u *unit) lastRecord(ctx context.Context, s event.Subject) (event.Record, error) {
	if head, known := u.heads[s]; known || u.made[s.ID] {
		return head, nil
	}
	return u.tx.LastRecord(ctx, s)
}

// appended notes the end of a chain.
func (m *memory) appended(r event.Record) {
	if !m.alone {
		return
	}
	if m.heads == nil {
		m.heads = make(map[event.Subject]event.Record)
	}
	m.heads[r.Subject] = r
}

// debt is a kind of duty of a subject.
type debt struct {
	subject event.Subject
	kind    duty.Kind
}

// opened notes that a duty of the subject was opened.
func (m *memory) opened(s event.Subject, kind duty.Kind) {
	m.remember(s, kind, true)
}

// closed notes that no duty of these kinds is open about the subject.
func (m *memory) closed(s event.Subject, kinds []duty.Kind) {
	for _, kind := range kinds {
		m.remember(s, kind, false)
	}
}

func (m *memory) remember(s event.Subject, kind duty.Kind, owed bool) {
	if !m.alone {
		return
	}
	if m.owed == nil {
		m.owed = make(map[debt]bool)
	}
	m.owed[debt{s, kind}] = owed
}

// owesNothing reports whether none of these kinds of duty can be owed about a
// subject: it is new, or what was owed has been closed.
func (m *memory) owesNothing(s event.Subject, kinds []duty.Kind) bool {
	return len(kinds) > 0 && !slices.ContainsFunc(kinds, func(k duty.Kind) bool {
		owed, known := m.owed[debt{s, k}]
		return owed || !known && !m.made[s.ID]
	})
}

// roles are what the actor is today.
func (u *unit) roles(ctx context.Context) ([]org.Holding, error) {
	if u.held != nil {
		return u.held, nil
	}
	held, err := u.dir.Holdings(ctx, org.HoldingQuery{Person: u.by.Person, On: u.today})
	if u.alone && err == nil {
		u.held = held
	}
	return held, err
}

// putHolding stores a role, which may be one of the actor's own.
func (u *unit) putHolding(ctx context.Context, h *org.Holding) error {
	u.held = nil
	return u.tx.PutHolding(ctx, h)
}
