package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
)

// Rows that are written later. What a unit of work puts one after the other, as
// a visit's report does with its opinions, issues, clocks and records, goes to
// PostgreSQL in one statement for each table: before the table is asked anything
// the rows could answer, and before the commit. A unit of work that reads what it
// wrote sees it; what another one was quicker with shows at the statement instead
// of at the Put, and the unit is run again as it would have been.
//
// Only a Store's own Update does so. In a transaction that somebody else ends
// nobody would write the rest.

// later are the rows of one table that wait.
type later struct {
	insertions, replacements rowsLater
	flush                    func(ctx context.Context, l *later) error
}

type rowsLater struct {
	ids  []string
	rows [][]any
}

func (r *rowsLater) add(id string, row []any) {
	r.ids, r.rows = append(r.ids, id), append(r.rows, row)
}

// laterMost is how many rows of a table wait at most.
const laterMost = 500

// defers reports whether rows may be written later.
func (t *tx) defers() bool { return t.kept != nil && t.dialect.setBased }

// queue returns the rows of a table that wait.
func (t *tx) queue(table string, flush func(ctx context.Context, l *later) error) *later {
	if t.waiting == nil {
		t.waiting = make(map[string]*later)
	}
	l := t.waiting[table]
	if l == nil {
		l = &later{flush: flush}
		t.waiting[table], t.order = l, append(t.order, table)
	}
	return l
}

// write sends what waits for the tables that a statement names.
func (t *tx) write(ctx context.Context, statement string) error {
	for _, table := range slices.Clone(t.order) {
		if mentions(statement, table) {
			if err := t.writeTable(ctx, table); err != nil {
				return err
			}
		}
	}
	return nil
}

// mentions reports whether a statement names a table, and not one whose name
// only begins like it.
func mentions(statement, table string) bool {
	for {
		at := strings.Index(statement, table)
		if at < 0 {
			return false
		}
		statement = statement[at+len(table):]
		if statement == "" || !strings.ContainsAny(statement[:1], "_abcdefghijklmnopqrstuvwxyz") {
			return true
		}
	}
}

func (t *tx) writeTable(ctx context.Context, table string) error {
	l := t.waiting[table]
	delete(t.waiting, table)
	t.order = slices.DeleteFunc(t.order, func(o string) bool { return o == table })
	return l.flush(ctx, l)
}

// writeAll sends everything that waits, in the order in which it was put.
func (t *tx) writeAll(ctx context.Context) error {
	for len(t.order) > 0 {
		if err := t.writeTable(ctx, t.order[0]); err != nil {
			return err
		}
	}
	return nil
}

// Announce implements [store.Announced].
func (t *tx) Announce(id string) {
	if !t.defers() {
		return
	}
	if t.announced == nil {
		t.announced = make(map[string]bool)
	}
	t.announced[id] = true
}

// putLater takes a row to be written later and reports whether it did: a value
// whose id is new, or whose version the transaction has seen. Any other Put can
// fail by a mistake of its caller, who is told at once.
func (t *table[T]) putLater(ctx context.Context, tx *tx, v *T) (bool, error) {
	version := *t.version(v)
	sure := tx.announced[t.id(v)]
	if version != 0 {
		sure = tx.knows(t.name, t.id(v), version)
	}
	if !t.waits || !tx.defers() || !sure {
		return false, nil
	}
	row, err := t.row(v)
	if err != nil {
		return false, err
	}
	l := tx.queue(t.name, func(ctx context.Context, l *later) error { return t.flush(ctx, tx, l) })
	id := t.id(v)
	inserted, replaced := slices.Index(l.insertions.ids, id), slices.Index(l.replacements.ids, id)
	switch {
	case version == 0 && inserted >= 0:
		return false, fault.Exists(t.kind, id)
	case inserted >= 0:
		l.insertions.rows[inserted] = row
	case version == 0:
		l.insertions.add(id, row)
	case replaced >= 0: // it waits in the version before
		if err := tx.writeTable(ctx, t.name); err != nil {
			return false, err
		}
		return t.putLater(ctx, tx, v)
	default:
		l.replacements.add(id, row)
	}
	t.wrote(tx, v, row)
	if len(l.insertions.ids)+len(l.replacements.ids) >= laterMost {
		return true, tx.writeTable(ctx, t.name)
	}
	return true, nil
}

// flush writes the rows of the table that waited.
func (t *table[T]) flush(ctx context.Context, tx *tx, l *later) error {
	if len(l.insertions.ids) > 0 {
		n, err := tx.exec(ctx, t.insertions, columnArgs(l.insertions.rows)...)
		if taken(err) {
			return fmt.Errorf("%w: %w", fault.Exists(t.kind, "of a batch"), err)
		}
		if err != nil {
			return err
		}
		if n != int64(len(l.insertions.ids)) {
			return fault.Exists(t.kind, t.first(ctx, tx, l.insertions.ids))
		}
	}
	if len(l.replacements.ids) == 0 {
		return nil
	}
	n, err := tx.exec(ctx, t.replacements, columnArgs(l.replacements.rows)...)
	if taken(err) {
		return fmt.Errorf("%w: %w", fault.Exists(t.kind, "of a batch"), err)
	}
	if err == nil && n != int64(len(l.replacements.ids)) {
		tx.overtaken = true // it had seen each
		err = fault.Stale(t.kind, strings.Join(l.replacements.ids, ", "))
	}
	return err
}

// first names one of the ids that is taken.
func (t *table[T]) first(ctx context.Context, tx *tx, ids []string) string {
	id := ids[0]
	_ = tx.query(ctx, func(rows *sql.Rows) error { return rows.Scan(&id) },
		"SELECT id FROM "+t.name+" WHERE id "+fmt.Sprintf(tx.dialect.member, "$1")+" ORDER BY id LIMIT 1", tx.dialect.list(ids))
	return id
}

// positionsAhead is how many positions of the journal a transaction takes at once.
const positionsAhead = 16

// position is where the next record stands. The first record of a transaction
// gets it from the database as it is written; from the second on they are taken
// ahead, and what is left of them stays a gap.
func (t *tx) position(ctx context.Context) (int64, error) {
	if len(t.positions) == 0 {
		err := t.query(ctx, func(rows *sql.Rows) error {
			var p int64
			err := rows.Scan(&p)
			t.positions = append(t.positions, p)
			return err
		}, "SELECT nextval(pg_get_serial_sequence('outreach_record', 'position')) FROM generate_series(1, $1::int)", positionsAhead)
		if err != nil {
			return 0, err
		}
	}
	p := t.positions[0]
	t.positions = t.positions[1:]
	return p, nil
}

const appendMany = `INSERT INTO outreach_record (position, subject_type, subject_id, seq, kind, recorded, state, data) OVERRIDING SYSTEM VALUE
	SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[],
		string_to_array($7, chr(30))::json[], string_to_array($8, chr(30), '')::json[]) ON CONFLICT DO NOTHING`

// appendLater takes a record to be written later and reports whether it did:
// unless it is the first one, or could stand where another one stands already.
func (t *tx) appendLater(ctx context.Context, r *event.Record, row []any) (bool, error) {
	if !t.defers() || !t.appended {
		return false, nil
	}
	if !t.knows(chain, r.Subject.String(), r.Seq-1) {
		if r.Seq != 1 || !t.announced[r.Subject.ID] {
			return false, nil
		}
	}
	p, err := t.position(ctx)
	if err != nil {
		return false, err
	}
	l := t.queue(chain, t.flushRecords)
	l.insertions.add(r.Subject.String(), append([]any{p}, row...))
	r.Position = p
	t.saw(chain, r.Subject.String(), r.Seq)
	return true, nil
}

// flushRecords writes the records that waited.
func (t *tx) flushRecords(ctx context.Context, l *later) error {
	n, err := t.exec(ctx, appendMany, columnArgs(l.insertions.rows, 6, 7)...)
	if err == nil && n != int64(len(l.insertions.ids)) {
		t.overtaken = true
		err = fault.Stale("record of", strings.Join(l.insertions.ids, ", "))
	}
	return err
}
