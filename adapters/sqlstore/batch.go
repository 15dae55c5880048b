package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
)

// insertAll adds all of vs or, with ErrExists, none.
func (t *table[T]) insertAll(ctx context.Context, tx *tx, vs []*T) error {
	refuse := func(v *T) error { return fault.Exists(t.kind, t.id(v)) }
	if err := t.distinct(vs, refuse, func(version int64) bool { return version == 0 }); err != nil {
		return err
	}
	return t.writeAll(ctx, tx, vs, batch[T]{together: t.insertions, each: t.insertion, columns: t.columns, refuse: refuse})
}

// replaceAll replaces exactly the given versions or, with ErrStale, none.
func (t *table[T]) replaceAll(ctx context.Context, tx *tx, vs []*T) error {
	refuse := func(v *T) error { return fault.Stale(t.kind, t.id(v)) }
	if err := t.distinct(vs, refuse, func(version int64) bool { return version != 0 }); err != nil {
		return err
	}
	b := batch[T]{together: t.replacements, each: t.replacement, columns: t.changing, refuse: func(v *T) error { return t.stale(tx, v) }}
	switch {
	case t.allOwned(tx, vs):
		b.together, b.sure = t.ownReplacements, true
	case tx.dialect.serial && tx.keeps:
		b.sure, b.compared = true, true
	case tx.alone() && len(vs) > fewRows:
		b.together, b.undone = t.ownReplacements, true
		vs = slices.SortedFunc(slices.Values(vs), func(v, w *T) int { return strings.Compare(t.id(v), t.id(w)) })
	}
	err := t.writeAll(ctx, tx, vs, b)
	if taken(err) {
		return fmt.Errorf("%w: %w", fault.Exists(t.kind, "of a batch"), err)
	}
	return err
}

// batch is how many values are written.
type batch[T any] struct {
	together sized
	each     string // the statement for one
	columns  []column[T]
	sure     bool           // none can be refused
	undone   bool           // what was written is undone when one is refused: none was locked before
	compared bool           // none can be once their versions were compared with the stored ones
	refuse   func(*T) error // says why one was
}

// compare refuses the first of vs whose version is not the stored one. Where all
// are, none is refused later: nobody else writes until the transaction ends.
func (t *table[T]) compare(ctx context.Context, tx *tx, vs []*T, refuse func(*T) error) error {
	if err := tx.toWrite(ctx); err != nil {
		return err
	}
	ids := make([]string, len(vs))
	for i, v := range vs {
		ids[i] = t.id(v)
	}
	stored := make(map[string]int64, len(vs))
	err := tx.query(ctx, func(rows *sql.Rows) error {
		var id string
		var version int64
		err := rows.Scan(&id, &version)
		stored[id] = version
		return err
	}, "SELECT t.id, t.version FROM json_each($1) AS v CROSS JOIN "+t.name+" t ON t.id = v.value", tx.dialect.list(ids))
	for _, v := range vs {
		if version, there := stored[t.id(v)]; err == nil && (!there || version != *t.version(v)) {
			err = refuse(v)
		}
	}
	return err
}

// distinct refuses the first of vs that is there twice or has a wrong version.
func (t *table[T]) distinct(vs []*T, refuse func(*T) error, right func(version int64) bool) error {
	seen := make(map[string]bool, len(vs))
	for _, v := range vs {
		if seen[t.id(v)] || !right(*t.version(v)) {
			return refuse(v)
		}
		seen[t.id(v)] = true
	}
	return nil
}

// writeAll writes vs with one statement for all where the database can, else
// with one for each, and raises their versions. Either all are written or none.
func (t *table[T]) writeAll(ctx context.Context, tx *tx, vs []*T, b batch[T]) error {
	if len(vs) == 0 {
		return nil
	}
	write := t.writeOneByOne
	if tx.dialect.setBased {
		write = t.writeSet
	}
	states, err := write(ctx, tx, vs, b)
	if err != nil {
		return err
	}
	known := tx.shelf(t.name, len(vs))
	for i, v := range vs {
		tx.own(t.wrote(tx, known, v, states[i]))
	}
	return nil
}

// own notes that the transaction has the row locked, or made it. Where somebody
// else may write in it too, or it still reads a snapshot, that does not say that the
// row stays as it was read.
func (t *tx) own(k *known) {
	if t.keeps && !t.waits() {
		k.owned = true
	}
}

// owns reports whether the transaction has all of these rows locked.
func (t *tx) owns(table string, ids []string) bool {
	known := t.memory.shelf(table)
	return !slices.ContainsFunc(ids, func(id string) bool { return known[id] == nil || !known[id].owned })
}

// locked returns the values that were read with a lock, and notes that they were.
func (t *table[T]) locked(tx *tx, vs []T, err error) ([]T, error) {
	known := tx.shelf(t.name, len(vs))
	for i := range vs {
		tx.own(known.of(t.id(&vs[i])))
	}
	return vs, err
}

// allOwned reports whether the transaction has all of vs locked in just these
// versions: then nothing can come between, and their versions need not be looked
// at before any is written.
func (t *table[T]) allOwned(tx *tx, vs []*T) bool {
	known := tx.memory.shelf(t.name)
	for _, v := range vs {
		if k := known[t.id(v)]; k == nil || !k.owned || !k.seen || k.version != *t.version(v) {
			return false
		}
	}
	return true
}

// writeSet passes each column as an array, and returns the states.
func (t *table[T]) writeSet(ctx context.Context, tx *tx, vs []*T, b batch[T]) ([]string, error) {
	args, states, err := t.columnArgs(vs, b.columns)
	if err != nil {
		return nil, err
	}
	if err := tx.byIndex(ctx, len(vs)); err != nil {
		return nil, err
	}
	write := func() error {
		n, err := tx.exec(ctx, b.together.of(len(vs)), args...)
		if err == nil && n != int64(len(vs)) {
			for _, v := range vs { // which one it was, the database does not say
				err = b.refuse(v)
			}
		}
		return err
	}
	if b.undone {
		return states, tx.whole(ctx, write)
	}
	return states, write()
}

// columnArgs are the parameters of a statement that writes vs in their next version:
// those that its rows would make by the function columnArgs, without the rows. The
// states are parts of their parameter.
func (t *table[T]) columnArgs(vs []*T, columns []column[T]) (args []any, states []string, err error) {
	room := t.coding.layout.room()
	defer t.coding.layout.done(room)
	list := func(element func([]byte, *T) []byte) string {
		b := append((*room)[:0], '{')
		for i, v := range vs {
			if i > 0 {
				b = append(b, ',')
			}
			b = element(b, v)
		}
		*room = append(b, '}')
		return string(*room)
	}
	args = append(make([]any, 0, 3+len(columns)),
		list(func(b []byte, v *T) []byte { return appendElement(b, t.id(v)) }),
		list(func(b []byte, v *T) []byte { return strconv.AppendInt(b, t.next(v), 10) }))
	for _, c := range columns {
		args = append(args, list(c.list))
	}
	ends := make([]int, len(vs))
	b := (*room)[:0]
	for i, v := range vs {
		if i > 0 {
			b = append(b, between...)
		}
		if b, err = t.appendState(b, v); err != nil {
			return nil, nil, err
		}
		ends[i] = len(b)
	}
	*room = b
	all, from := string(b), 0
	states = make([]string, len(vs))
	for i, end := range ends {
		states[i], from = all[from:end], end+len(between)
	}
	return append(args, all), states, nil
}

// appendState writes the state of v in its next version behind b.
func (t *table[T]) appendState(b []byte, v *T) ([]byte, error) {
	if t.version != nil {
		*t.version(v)++
		defer func() { *t.version(v)-- }()
	}
	b, err := appendEncoded(b, v, t.coding)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %s %q: %w", t.kind, t.id(v), err)
	}
	return b, nil
}

// between stands between the states of many rows in one parameter: quoting each
// for an array takes longer than everything else. JSON never contains it.
const between = "\x1e"

// stateOf is the place of the state in a row.
func stateOf(row []any) int { return len(row) - 1 }

func stateIn(row []any) string {
	state, _ := row[stateOf(row)].(string)
	return state
}

// columnArgs turns rows into one parameter for each column: an array, or, of the
// columns of JSON, which is the one of the state unless others are named, the texts
// one after the other.
func columnArgs(rows [][]any, json ...int) []any {
	if json == nil {
		json = []int{stateOf(rows[0])}
	}
	args := make([]any, len(rows[0]))
	for column := range args {
		if slices.Contains(json, column) {
			args[column] = joined(rows, column)
			continue
		}
		args[column] = columnLiteral(rows, column)
	}
	return args
}

func joined(rows [][]any, column int) string {
	var b strings.Builder
	b.Grow(room(rows, column))
	for i, row := range rows {
		if i > 0 {
			b.WriteString(between)
		}
		if s, ok := row[column].(string); ok {
			b.WriteString(s)
		}
	}
	return b.String()
}

// room is about as many bytes as one column of rows takes in one parameter.
func room(rows [][]any, column int) int {
	n := len("{}")
	for _, row := range rows {
		switch value := row[column].(type) {
		case string:
			n += len(value) + len(`"",`)
		case time.Time:
			n += len(time.RFC3339Nano)
		default:
			n += len("false,")
		}
	}
	return n
}

// columnLiteral writes one column of rows as a PostgreSQL array.
func columnLiteral(rows [][]any, column int) string {
	b := append(make([]byte, 0, room(rows, column)), '{')
	for i, row := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		switch value := row[column].(type) {
		case nil:
			b = append(b, null...)
		case string:
			b = appendElement(b, value)
		case time.Time:
			b = appendInstant(b, value)
		case int64:
			b = strconv.AppendInt(b, value, 10)
		default:
			b = fmt.Append(b, value)
		}
	}
	return string(append(b, '}'))
}

// appendInstant writes an instant as PostgreSQL keeps it.
func appendInstant(b []byte, t time.Time) []byte {
	return t.UTC().Truncate(time.Microsecond).AppendFormat(b, time.RFC3339Nano)
}

// writeOneByOne undoes what it wrote when one is refused. Where none can be,
// there is nothing to remember for that.
func (t *table[T]) writeOneByOne(ctx context.Context, tx *tx, vs []*T, b batch[T]) ([]string, error) {
	rows, states := make([][]any, len(vs)), make([]string, len(vs))
	for i, v := range vs {
		row, err := t.rowOf(v, b.columns)
		if err != nil {
			return nil, err
		}
		rows[i], states[i] = row, stateIn(row)
	}
	if b.compared {
		if err := t.compare(ctx, tx, vs, b.refuse); err != nil {
			return nil, err
		}
	}
	writeEach := func() error {
		write, done, err := tx.prepared(ctx, b.each)
		if err != nil {
			return err
		}
		defer done()
		for i, row := range rows {
			n, err := write(row)
			if err == nil && n != 1 {
				err = b.refuse(vs[i])
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	if b.sure {
		return states, writeEach()
	}
	return states, tx.whole(ctx, writeEach)
}

// preparer is what *sql.Tx and *sql.Conn can do beyond a Querier.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// prepared returns exec for a statement that is run many times, parsed once
// where the caller's transaction can.
func (t *tx) prepared(ctx context.Context, statement string) (write func(args []any) (int64, error), done func(), err error) {
	if err := t.toWrite(ctx); err != nil {
		return nil, nil, err
	}
	p, ok := t.q.(preparer)
	if !ok {
		return func(args []any) (int64, error) { return t.exec(ctx, statement, args...) }, func() {}, nil
	}
	stmt, err := p.PrepareContext(ctx, t.in(statement))
	if err != nil {
		return nil, nil, t.failed(err)
	}
	write = func(args []any) (int64, error) {
		result, err := stmt.ExecContext(ctx, t.bind(args)...)
		if err != nil {
			return 0, t.failed(err)
		}
		return result.RowsAffected()
	}
	return write, func() { _ = stmt.Close() }, nil
}

// whole undoes what fn wrote when fn fails, and leaves the transaction usable.
func (t *tx) whole(ctx context.Context, fn func() error) error {
	if _, err := t.exec(ctx, "SAVEPOINT whole"); err != nil {
		return err
	}
	failure := fn()
	if failure != nil {
		if _, err := t.exec(ctx, "ROLLBACK TO SAVEPOINT whole"); err != nil {
			return err
		}
	}
	if _, err := t.exec(ctx, "RELEASE SAVEPOINT whole"); err != nil {
		return err
	}
	return failure
}
