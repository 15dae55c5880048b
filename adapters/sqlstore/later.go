package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

// Rows that are written later. What a unit of work puts one after the other, as
// a visit's report does with its opinions, issues, clocks and records, goes to
// PostgreSQL in one statement for each table: before the table is asked anything
// the rows could answer, and before the commit. A unit of work that reads what it
// wrote sees it; what another one was quicker with shows at the statement instead
// of at the Put, and the unit is run again as it would have been.
//
// A Store's own Update does so, and a transaction whose caller sends everything
// together at its end (see Pipeline). In any other that somebody else ends nobody
// would write the rest.

// later are the rows of one table that wait.
type later struct {
	insertions, replacements rowsLater
	parts                    func(l *later) []part

	notices []notify.Notice // the insertions, of the outbox
	told    []func(n notify.Notice, added bool)
}

// part is one statement of those that write what waited.
type part struct {
	kind, table string
	statement   string
	args        func() []any
	returning   string // a column of what it wrote; empty: only how many rows there are counts
	// written is told those values, or the number.
	written func(ctx context.Context, what string) error
	strict  func() strict // the same, for a pipeline
}

type rowsLater struct {
	ids  []string
	rows [][]any
}

func (r *rowsLater) add(id string, row []any) {
	r.ids, r.rows = append(r.ids, id), append(r.rows, row)
}

// columns are the rows as the parameters of one statement.
func (r *rowsLater) columns() []any { return columnArgs(r.rows) }

// laterMost is how many rows of a table wait at most.
const laterMost = 500

// defers reports whether rows may be written later.
func (t *tx) defers() bool { return t.keeps && t.dialect.setBased }

// alone reports whether nobody else has statements in the transaction.
func (t *tx) alone() bool { return t.defers() && t.pipe == nil }

// queue returns the rows of a table that wait.
func (t *tx) queue(table string, parts func(l *later) []part) *later {
	if t.waiting == nil {
		t.waiting = make(map[string]*later)
	}
	t.forget(table)
	l := t.waiting[table]
	if l == nil {
		l = &later{parts: parts}
		t.waiting[table], t.order = l, append(t.order, table)
	}
	return l
}

// holds reports whether the row waits.
func (t *tx) holds(table, id string) bool {
	l := t.waiting[table]
	return l != nil && (slices.Contains(l.insertions.ids, id) || slices.Contains(l.replacements.ids, id))
}

// waitsFor reports whether rows wait for a table that a statement names.
func (t *tx) waitsFor(statement string) bool {
	return slices.ContainsFunc(t.order, func(table string) bool { return mentions(statement, table) })
}

// write sends what waits for the tables that a statement names.
func (t *tx) write(ctx context.Context, statement string) error {
	return t.writeTables(ctx, func(table string) bool { return mentions(statement, table) })
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

// writeAll sends everything that waits.
func (t *tx) writeAll(ctx context.Context) error {
	return t.writeTables(ctx, func(string) bool { return true })
}

// writeTables sends what waits for some of the tables in one statement. They come
// in the order of their names: so there are fewer statements, and whoever writes to
// the same rows does it in the same order.
func (t *tx) writeTables(ctx context.Context, chosen func(table string) bool) error {
	var tables []string
	t.order = slices.DeleteFunc(t.order, func(table string) bool {
		if chosen(table) {
			tables = append(tables, table)
			return true
		}
		return false
	})
	slices.Sort(tables)
	var parts []part
	rows := 0
	for _, table := range tables {
		l := t.waiting[table]
		delete(t.waiting, table)
		parts = append(parts, l.parts(l)...)
		rows = max(rows, len(l.insertions.ids), len(l.replacements.ids))
	}
	switch {
	case len(parts) == 0:
		return nil
	case t.pipe != nil:
		t.deferParts(parts)
		return t.usable()
	}
	if err := t.byIndex(ctx, rows); err != nil {
		return err
	}
	return t.writeParts(ctx, parts)
}

// writeParts runs the statements as one.
func (t *tx) writeParts(ctx context.Context, parts []part) error {
	if err := t.usable(); err != nil {
		return err
	}
	statement, args := together(parts)
	written := make([]string, len(parts))
	into := make([]any, len(parts))
	for i := range into {
		into[i] = &written[i]
	}
	err := t.ask(ctx, func(rows *sql.Rows) error { return rows.Scan(into...) }, statement, args...)
	if taken(err) {
		return fmt.Errorf("%w: %w", fault.Exists(t.kindNamed(err, parts), "of a batch"), err)
	}
	for i, p := range parts {
		if err == nil {
			err = p.written(ctx, written[i])
		}
	}
	return err
}

// together makes one statement of many, which yields what each has written.
func together(parts []part) (statement string, args []any) {
	length := 0
	own := make([][]any, len(parts))
	for i, p := range parts {
		own[i] = p.args()
		length += len(p.statement) + 2*len(own[i]) + 100 // numbers that get longer, and what stands around it
	}
	var b strings.Builder
	b.Grow(length)
	for i, p := range parts {
		b.WriteString(orLater(i, "WITH w", ", w"))
		b.WriteString(strconv.Itoa(i))
		b.WriteString(" AS (")
		renumber(&b, p.statement, len(args))
		args = append(args, own[i]...)
		b.WriteString(" RETURNING ")
		b.WriteString(cmp.Or(p.returning, "1"))
		b.WriteByte(')')
	}
	for i, p := range parts {
		b.WriteString(orLater(i, " SELECT ", ", "))
		if p.returning == "" {
			b.WriteString("(SELECT count(*)::text FROM w")
		} else {
			b.WriteString("(SELECT coalesce(string_agg(")
			b.WriteString(p.returning)
			b.WriteString(", chr(30)), '') FROM w")
		}
		b.WriteString(strconv.Itoa(i))
		b.WriteByte(')')
	}
	return b.String(), args
}

// orLater is what comes before the first of many, or before each one later.
func orLater(i int, first, later string) string {
	if i == 0 {
		return first
	}
	return later
}

// kindNamed is the kind of thing of which an error speaks: constraints and indexes
// begin with the name of their table.
func (t *tx) kindNamed(err error, parts []part) string {
	kind, longest := "row", ""
	for _, p := range parts {
		if table := t.names.prefix + strings.TrimPrefix(p.table, defaultPrefix); len(table) > len(longest) && strings.Contains(err.Error(), table) {
			kind, longest = p.kind, table
		}
	}
	return kind
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
	l := tx.queue(t.name, func(l *later) []part { return t.parts(tx, l) })
	id := t.id(v)
	inserted, replaced := slices.Index(l.insertions.ids, id), slices.Index(l.replacements.ids, id)
	rowOf := t.changed
	if version == 0 || inserted >= 0 {
		rowOf = t.row
	}
	row, err := rowOf(v)
	if err != nil {
		return false, err
	}
	switch {
	case version == 0 && inserted >= 0:
		return false, fault.Exists(t.kind, id)
	case inserted >= 0:
		l.insertions.rows[inserted] = row
	case version == 0:
		l.insertions.add(id, row)
	case replaced >= 0: // it waits in the version before
		if err := tx.write(ctx, t.name); err != nil {
			return false, err
		}
		return t.putLater(ctx, tx, v)
	default:
		l.replacements.add(id, row)
	}
	t.wrote(tx, tx.shelf(t.name, 1), v, stateIn(row))
	if len(l.insertions.ids)+len(l.replacements.ids) >= laterMost {
		return true, tx.write(ctx, t.name)
	}
	return true, nil
}

// parts write the rows of the table that waited.
func (t *table[T]) parts(tx *tx, l *later) (parts []part) {
	if ids := l.insertions.ids; len(ids) > 0 {
		parts = append(parts, part{
			kind: t.kind, table: t.name, statement: t.insertions.of(len(ids)), args: l.insertions.columns,
			strict: func() strict { return t.strictInsertion(ids, l.insertions.rows) },
			written: func(ctx context.Context, n string) error {
				if n != strconv.Itoa(len(ids)) {
					return fault.Exists(t.kind, t.first(ctx, tx, ids))
				}
				return nil
			},
		})
	}
	if ids := l.replacements.ids; len(ids) > 0 {
		replacements := t.replacements
		if tx.owns(t.name, ids) { // nobody can come between
			replacements = t.ownReplacements
		}
		parts = append(parts, part{
			kind: t.kind, table: t.name, statement: replacements.of(len(ids)), args: l.replacements.columns,
			strict: func() strict { return t.strictReplacement(tx, ids, l.replacements.rows) },
			written: func(_ context.Context, n string) error {
				if n != strconv.Itoa(len(ids)) {
					tx.overtaken = true // it had seen each
					return fault.Stale(t.kind, strings.Join(ids, ", "))
				}
				return nil
			},
		})
	}
	return parts
}

// first names one of the ids that is taken.
func (t *table[T]) first(ctx context.Context, tx *tx, ids []string) string {
	id := ids[0]
	_ = tx.query(ctx, func(rows *sql.Rows) error { return rows.Scan(&id) },
		"SELECT id FROM "+t.name+" WHERE id "+fmt.Sprintf(tx.dialect.member, "$1")+" ORDER BY id LIMIT 1", tx.dialect.list(ids))
	return id
}

// positionsAhead is how many positions of the journal a transaction takes at first,
// and positionsMore how many times as many whenever they are used up.
const (
	positionsAhead = 16
	positionsMore  = 4
)

// position is where the next record stands. The first record of a transaction
// gets it from the database as it is written; from the second on they are taken
// ahead, and what is left of them stays a gap.
func (t *tx) position(ctx context.Context) (int64, error) {
	if len(t.positions) == 0 {
		if t.pipe != nil { // what has no position yet comes before
			if err := t.write(ctx, chain); err != nil {
				return 0, err
			}
		}
		err := t.ask(ctx, func(rows *sql.Rows) error {
			var p int64
			err := rows.Scan(&p)
			t.positions = append(t.positions, p)
			return err
		}, takePositions, t.howMany())
		if err != nil {
			return 0, err
		}
	}
	p := t.positions[0]
	t.positions, t.appended = t.positions[1:], true
	return p, nil
}

// howMany is how many positions the transaction takes next.
func (t *tx) howMany() int {
	t.ahead = max(positionsAhead, t.ahead*positionsMore)
	return t.ahead
}

// The statements that write records: at positions that were taken, or at the next.
const (
	appendAt    = "INSERT INTO outreach_record (position, subject_type, subject_id, seq, kind, recorded, state, data) OVERRIDING SYSTEM VALUE "
	appendOneAt = appendAt + "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"

	appendManyAt = appendAt + `SELECT unnest($1::bigint[]), unnest($2::text[]), unnest($3::text[]), unnest($4::bigint[]), unnest($5::text[]), unnest($6::timestamptz[]),
		unnest(string_to_array($7, chr(30))::json[]), unnest(string_to_array($8, chr(30), '')::json[])`

	appendNext    = "INSERT INTO outreach_record (subject_type, subject_id, seq, kind, recorded, state, data) "
	appendOneNext = appendNext + "VALUES ($1, $2, $3, $4, $5, $6, $7)"

	appendManyNext = appendNext + `SELECT unnest($1::text[]), unnest($2::text[]), unnest($3::bigint[]), unnest($4::text[]), unnest($5::timestamptz[]),
		unnest(string_to_array($6, chr(30))::json[]), unnest(string_to_array($7, chr(30), '')::json[])`
)

// appendLater takes a record to be written later and reports whether it did:
// unless it is the first one and no position was taken for it, or could stand where
// another one stands already. The row's first column is its position.
func (t *tx) appendLater(ctx context.Context, r *event.Record, row []any) (bool, error) {
	if !t.defers() || !t.appended && len(t.positions) == 0 {
		return false, nil
	}
	subject := r.Subject.String()
	if !t.knows(chain, subject, r.Seq-1) {
		if r.Seq != 1 || !t.announced[r.Subject.ID] {
			return false, nil
		}
	}
	p, err := t.position(ctx)
	if err != nil {
		return false, err
	}
	row[0] = p
	l := t.queue(chain, t.recordParts)
	l.insertions.add(subject, row)
	r.Position = p
	t.saw(chain, subject, r.Seq)
	return true, nil
}

// recordParts write the records that waited.
func (t *tx) recordParts(l *later) []part {
	subjects := l.insertions.ids
	return []part{{
		kind: "record of", table: chain, statement: appendManyAt + onceInItsChain,
		args: func() []any { return columnArgs(l.insertions.rows, 6, 7) },
		written: func(_ context.Context, n string) error {
			if n != strconv.Itoa(len(subjects)) {
				return t.forked(subjects)
			}
			return nil
		},
		strict: func() strict { return t.strictRecords(subjects, l.insertions.rows) },
	}}
}
