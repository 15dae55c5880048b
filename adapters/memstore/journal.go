package memstore

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
)

// journal holds all committed records; the record at index i has Position i+1.
type journal struct {
	records []event.Record
	of      map[event.Subject][]int // indexes, ascending
}

func newJournal() journal {
	return journal{of: map[event.Subject][]int{}}
}

// entries is what one transaction sees of the journal.
type entries struct {
	tx   *Tx
	seen int // committed records it sees
	own  []event.Record
}

func (j *journal) look(tx *Tx) entries {
	return entries{tx: tx, seen: len(j.records)}
}

// commit puts the transaction's records in place.
func (e *entries) commit(int64, int64) {
	j := &e.tx.store.journal
	for _, r := range e.own {
		j.of[r.Subject] = append(j.of[r.Subject], len(j.records))
		j.records = append(j.records, r)
	}
}

// AppendRecord implements [event.Journal].
func (e *entries) AppendRecord(_ context.Context, r *event.Record) error {
	if err := e.tx.writable(); err != nil {
		return err
	}
	if e.has(r.Subject, r.Seq) {
		return fault.Stale("record of", r.Subject.String())
	}
	if len(e.own) == 0 {
		e.tx.writes = append(e.tx.writes, e.commit)
	}
	r.Position = int64(e.seen + len(e.own) + 1)
	e.own = append(e.own, copyRecord(*r))
	return nil
}

// LastRecord implements [event.Journal].
func (e *entries) LastRecord(_ context.Context, s event.Subject) (event.Record, error) {
	if err := e.tx.usable(); err != nil {
		return event.Record{}, err
	}
	records := e.about(s)
	if len(records) == 0 {
		return event.Record{}, fault.NotFound("record of", s.String())
	}
	last := slices.MaxFunc(records, func(a, b event.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	return copyRecord(last), nil
}

// Records implements [event.Journal].
func (e *entries) Records(_ context.Context, q event.Query) ([]event.Record, error) {
	if err := e.tx.usable(); err != nil {
		return nil, err
	}
	picked := []event.Record{}
	for _, r := range e.from(q) {
		if q.Limit > 0 && len(picked) == q.Limit {
			break
		}
		if r.Position > q.After && among(q.Kinds, r.Kind) {
			picked = append(picked, copyRecord(r))
		}
	}
	return picked, nil
}

// from returns the records among which those of q are, in ascending Position.
func (e *entries) from(q event.Query) []event.Record {
	if !q.Subject.IsZero() {
		return e.about(q.Subject)
	}
	e.tx.store.mu.RLock()
	defer e.tx.store.mu.RUnlock()
	committed := e.tx.store.journal.records[:e.seen]
	return slices.Concat(committed[min(int(q.After), e.seen):], e.own)
}

// about returns the subject's records in ascending Position.
func (e *entries) about(s event.Subject) []event.Record {
	e.tx.store.mu.RLock()
	defer e.tx.store.mu.RUnlock()
	j := &e.tx.store.journal
	var records []event.Record
	for _, i := range j.of[s] {
		if i < e.seen {
			records = append(records, j.records[i])
		}
	}
	for _, r := range e.own {
		if r.Subject == s {
			records = append(records, r)
		}
	}
	return records
}

func (e *entries) has(s event.Subject, seq int64) bool {
	return slices.ContainsFunc(e.about(s), func(r event.Record) bool { return r.Seq == seq })
}

// copyRecord copies r; its Data keeps every byte, because it is hashed.
func copyRecord(r event.Record) event.Record {
	r.Data = bytes.Clone(r.Data)
	r.Happened, r.Recorded = instant(r.Happened), instant(r.Recorded)
	return r
}
