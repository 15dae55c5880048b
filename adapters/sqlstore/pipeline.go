package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
)

// Pipeline is a Querier of PostgreSQL whose statements can wait and travel
// together: with the next one that is asked something, or with the commit. The
// units of work of package pgxtx have one. [Join] uses it by itself.
//
// What waits and is refused then fails the transaction, because nobody could take
// it back before the commit.
type Pipeline interface {
	Querier
	// Defer takes a statement that is sent after those before it, before anything
	// that is asked or executed later, and before the commit at the latest. Done is
	// told the first column of what it returned, or its error: what it makes of that
	// is the error of whatever sent it, and ends the transaction.
	Defer(statement string, args []any, done func(texts []string, err error) error)
	// Attach is called once. Before anybody else's statement is taken, and with the
	// last call before the commit, before puts what waits behind those that were
	// deferred already. A second Attach is an error.
	Attach(before func() error) error
}

// attach makes the transaction one whose rows wait and travel with the others of
// its caller. They are the only ones that write in it, in an order that is kept: so
// it remembers what it has read until the caller's next statement.
func (t *tx) attach(p Pipeline) {
	t.pipe, t.keeps = p, true
	if err := p.Attach(t.makeWay); err != nil && t.broken == nil {
		t.broken = fmt.Errorf("sqlstore: %w", err)
	}
}

// makeWay is called before a statement of the caller is taken, which may ask for
// what waits, and change what was read.
func (t *tx) makeWay() error {
	if t.broken != nil { // each of its methods has said so
		return nil //nolint:nilerr // and the caller's own statements are none of its business
	}
	err := t.writeAll(context.Background()) // nothing is sent yet
	t.planAsBefore()
	t.memory.forgetStates()
	clear(t.foreseen)
	t.memory.disown()
	clear(t.numbers)
	return err
}

// planAsBefore has the caller's statements planned as the caller wants.
func (t *tx) planAsBefore() {
	if t.planned == nil {
		return
	}
	t.pipe.Defer("SELECT set_config('plan_cache_mode', $1, true) || set_config('enable_seqscan', $2, true) || set_config('jit', $3, true)",
		[]any{t.planned[0], t.planned[1], t.planned[2]}, func(_ []string, err error) error { return t.failed(err) })
	t.planned = nil
}

// strict is a statement that writes all of its rows or fails: nobody looks at what
// it wrote before the commit that travels with it.
type strict struct {
	statement string
	args      []any
	told      func(texts []string) // what it returned, if it did not fail
	refusal   func() error         // what it means that a row was in its way
	stale     func() error         // what it means that a row was not there in its version
}

// deferParts takes the statements to be sent later.
func (t *tx) deferParts(parts []part) {
	for _, p := range parts {
		s := p.strict()
		t.pipe.Defer(t.in(s.statement), t.bind(s.args), func(texts []string, err error) error {
			switch {
			case err == nil && s.told != nil:
				s.told(texts)
			case s.refusal != nil && taken(err):
				return fmt.Errorf("%w: %w", s.refusal(), err)
			case s.stale != nil && divided(err):
				return s.stale()
			}
			return t.failed(err)
		})
	}
}

// allOrFail makes a statement that replaces rows fail unless it wrote as many as
// there are in a list: PostgreSQL has no error of its own for that, but one for a
// division by zero.
func allOrFail(statement, many string) string {
	return "WITH w AS (" + statement + " RETURNING 1) SELECT (1 / (count(*) / " + many + "))::text FROM w"
}

// divided reports whether something was divided by zero.
func divided(err error) bool {
	var state sqlStater
	return errors.As(err, &state) && state.SQLState() == "22012"
}

// strictInsertion adds rows that wait.
func (t *table[T]) strictInsertion(ids []string, rows [][]any) strict {
	s := strict{statement: t.addition, args: rows[0], refusal: func() error { return fault.Exists(t.kind, strings.Join(ids, ", ")) }}
	if len(rows) > 1 {
		s.statement, s.args = t.strictAdditions, columnArgs(rows)
	}
	return s
}

// strictReplacement replaces rows that wait.
func (t *table[T]) strictReplacement(tx *tx, ids []string, rows [][]any) strict {
	s := strict{
		statement: allOrFail(t.replacement, "1"), args: rows[0],
		refusal: func() error { return fault.Exists(t.kind, "of a batch") },
		stale: func() error {
			tx.overtaken = true // it had seen each
			return fault.Stale(t.kind, strings.Join(ids, ", "))
		},
	}
	if len(rows) > 1 {
		s.statement, s.args = allOrFail(t.replacements.of(len(rows)), "cardinality($1::text[])"), columnArgs(rows)
	}
	return s
}

// AppendLater implements [store.Later].
func (t *tx) AppendLater(ctx context.Context, r event.Record) error {
	if t.pipe == nil {
		return t.AppendRecord(ctx, &r)
	}
	if err := t.writable(); err != nil {
		return err
	}
	row, err := recordRow(&r)
	if err != nil {
		return err
	}
	if len(t.positions) > 0 {
		row[0], err = t.position(ctx)
	} else if l := t.waiting[chain]; l != nil && l.insertions.rows[0][0] != nil { // of the rows of one statement all have a position, or none
		err = t.write(ctx, chain)
	}
	if err != nil {
		return err
	}
	t.queue(chain, t.recordParts).insertions.add(r.Subject.String(), row)
	t.saw(chain, r.Subject.String(), r.Seq)
	return nil
}

// strictRecords adds records that wait: with the positions that were taken for
// them, or those that come next.
func (t *tx) strictRecords(subjects []string, rows [][]any) strict {
	s := strict{statement: appendOneAt, args: rows[0], refusal: func() error { return t.forked(subjects) }}
	many := len(rows) > 1
	switch next := rows[0][0] == nil; {
	case many && next:
		for i := range rows {
			rows[i] = rows[i][1:]
		}
		s.statement, s.args = appendManyNext, columnArgs(rows, 5, 6)
	case many:
		s.statement, s.args = appendManyAt, columnArgs(rows, 6, 7)
	case next:
		s.statement, s.args = appendOneNext, rows[0][1:]
	}
	return s
}

// forked says that somebody else wrote to the chain of one of the subjects.
func (t *tx) forked(subjects []string) error {
	t.overtaken = true
	return fault.Stale("record of", strings.Join(subjects, ", "))
}
