package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// table describes how values of one type are kept: each in one row, whole in
// the column state, with some of its fields in columns beside it.
type table[T any] struct {
	kind    string // in errors
	name    string // default name in the database
	id      func(*T) string
	version func(*T) *int64 // nil: a value without version
	columns []column[T]

	changing []column[T] // those that are not fixed

	waits  bool // rows may be written later
	coding coding

	insertion, replacement    string
	insertions, replacements  sized  // of many rows
	additions                 string // of those of many rows that nothing stands in the way of
	addition, strictAdditions string // of one and of many that nothing may stand in the way of
	ownReplacements           sized  // of many rows that the transaction has locked
}

// sized is a statement that writes rows all at once, for few of them and for many:
// each has a plan of its own. See [parameters.oneByOne].
type sized struct{ few, many string }

// fewRows are looked up one by one.
const fewRows = 8

func (s sized) of(rows int) string {
	if rows <= fewRows {
		return s.few
	}
	return s.many
}

// column repeats a field of the value for queries.
type column[T any] struct {
	name string
	kind string // PostgreSQL type, for the statements that write many rows
	of   func(*T) any
	list func([]byte, *T) []byte // the same as an element of a PostgreSQL array, behind others

	fixed bool // stays as it was when the row was made
}

// fixed marks a column that a replacement leaves alone, because its values stay:
// it is neither carried again, nor does SQLite touch the indexes it is in.
func fixed[T any](c column[T]) column[T] {
	c.fixed = true
	return c
}

// The kinds of columns. Empty references and zero dates are NULL: they are not
// equal to anything, and partial indexes leave them out.

func text[T any, S ~string](name string, of func(*T) S) column[T] {
	return column[T]{name: name, kind: "text", of: func(v *T) any {
		if s := of(v); s != "" {
			return string(s)
		}
		return nil
	}, list: func(b []byte, v *T) []byte {
		if s := of(v); s != "" {
			return appendElement(b, string(s))
		}
		return append(b, null...)
	}}
}

// null is an element without a value.
const null = "NULL"

func number[T any](name string, of func(*T) int64) column[T] {
	return column[T]{name: name, kind: "bigint", of: func(v *T) any { return of(v) },
		list: func(b []byte, v *T) []byte { return strconv.AppendInt(b, of(v), 10) }}
}

func boolean[T any](name string, of func(*T) bool) column[T] {
	return column[T]{name: name, kind: "boolean", of: func(v *T) any { return of(v) },
		list: func(b []byte, v *T) []byte { return strconv.AppendBool(b, of(v)) }}
}

func date[T any](name string, of func(*T) calendar.Date) column[T] {
	return column[T]{name: name, kind: "date", of: func(v *T) any { return civil(of(v)) }, list: func(b []byte, v *T) []byte {
		if d := of(v); !d.IsZero() {
			return appendElement(b, d.String())
		}
		return append(b, null...)
	}}
}

// civil is how both databases take a date.
func civil(d calendar.Date) any {
	if d.IsZero() {
		return nil
	}
	return d.String()
}

// instant keeps a zero time as the year 1, before every other.
func instant[T any](name string, of func(*T) time.Time) column[T] {
	return column[T]{name: name, kind: "timestamptz", of: func(v *T) any { return of(v) },
		list: func(b []byte, v *T) []byte { return appendInstant(b, of(v)) }}
}

// moment keeps a zero time as NULL: it never comes.
func moment[T any](name string, of func(*T) time.Time) column[T] {
	return column[T]{name: name, kind: "timestamptz", of: func(v *T) any {
		if t := of(v); !t.IsZero() {
			return t
		}
		return nil
	}, list: func(b []byte, v *T) []byte {
		if t := of(v); !t.IsZero() {
			return appendInstant(b, t)
		}
		return append(b, null...)
	}}
}

// newTable writes the statements of a table. The parameters of those that insert
// are id, version, the columns and the state, in this order; those that replace
// go without the fixed ones. The state is longer than all others together: behind them
// it makes no driver move it once more to get room for them.
func newTable[T any](kind, name string, id func(*T) string, version func(*T) *int64, columns ...column[T]) *table[T] {
	t := &table[T]{kind: kind, name: name, id: id, version: version, columns: columns, coding: codingOf(reflect.TypeFor[T]())}
	always := parameters{{"id", "text"}, {"version", "bigint"}}
	all, changing := always, slices.Clone(always)
	for _, c := range columns {
		all = append(all, parameter{c.name, c.kind})
		if !c.fixed {
			changing = append(changing, parameter{c.name, c.kind})
			t.changing = append(t.changing, c)
		}
	}
	all, changing = append(all, parameter{"state", "json"}), append(changing, parameter{"state", "json"})
	insert := "INSERT INTO " + t.name + " (" + all.names() + ") "
	t.addition = insert + "VALUES (" + all.values() + ")"
	t.insertion = t.addition + " ON CONFLICT DO NOTHING"
	insertions := func(there string) string {
		return insert + "SELECT " + all.elements() + " WHERE NOT EXISTS (SELECT 1 FROM " + there + ")"
	}
	t.insertions = sized{
		few:  insertions(all[:1].oneByOne() + " CROSS JOIN LATERAL (SELECT 1 FROM " + t.name + " t WHERE t.id = v.id OFFSET 0) t"),
		many: insertions(t.name + " t WHERE t.id = ANY(" + all.list(0) + ")"),
	}
	t.strictAdditions = insert + "SELECT " + all.elements()
	t.additions = t.strictAdditions + " ON CONFLICT DO NOTHING"

	t.replacement = "UPDATE " + t.name + " SET " + changing.set(func(i int) string { return "$" + strconv.Itoa(i+1) }) + " WHERE id = $1 AND version = $2 - 1"

	// The rows are locked in the order of their ids before any is written, and
	// all are written or none. Locking writes to each row once more: where what was
	// written can be undone, they are written at once (see batch.undone).
	update := "UPDATE " + t.name + " t SET " + changing.set(func(i int) string { return "v." + changing[i].name }) + " FROM "
	replacements := func(ids, rows string) string {
		return "WITH held AS (SELECT t.id FROM " + ids + " JOIN " + t.name + " t ON t.id = v.id AND t.version = v.version - 1 ORDER BY t.id FOR UPDATE OF t) " +
			update + rows + " WHERE t.id = v.id AND (SELECT count(*) FROM held) = cardinality(" + changing.list(0) + ")"
	}
	t.replacements = sized{
		few:  replacements(changing[:2].oneByOne(), changing.oneByOne()),
		many: replacements(changing[:2].rows(), changing.rows()),
	}
	own := " WHERE t.id = v.id AND t.version = v.version - 1"
	t.ownReplacements = sized{few: update + changing.oneByOne() + own, many: update + changing.rows() + own}
	return t
}

// parameter is one of a statement, named like the column it is for.
type parameter struct{ name, kind string }

type parameters []parameter

func (ps parameters) each(of func(i int) string) string {
	all := make([]string, len(ps))
	for i := range ps {
		all[i] = of(i)
	}
	return strings.Join(all, ", ")
}

func (ps parameters) names() string { return ps.each(func(i int) string { return ps[i].name }) }

// elements are the lists taken apart side by side. PostgreSQL keeps each list whole
// once more when it is asked for them as a table.
func (ps parameters) elements() string {
	return ps.each(func(i int) string { return "unnest(" + ps.list(i) + ")" })
}

func (ps parameters) values() string {
	return ps.each(func(i int) string { return "$" + strconv.Itoa(i+1) })
}

// list is the i-th parameter where there are many rows.
func (ps parameters) list(i int) string {
	if ps[i].kind == "json" {
		return "string_to_array($" + strconv.Itoa(i+1) + ", chr(30))::json[]" // see between
	}
	return "$" + strconv.Itoa(i+1) + "::" + ps[i].kind + "[]"
}

// rows are the values of many rows, as a table v.
func (ps parameters) rows() string {
	return "unnest(" + ps.each(ps.list) + ") AS v (" + ps.names() + ")"
}

// oneByOne are the values of few rows, as a table v whose rows PostgreSQL looks for
// in another table one after the other, by an index. Of a limit that it does not know
// it expects a tenth of the ten rows it takes a list for. So the plan for any list is
// no dearer than one for the list at hand, which then is not planned each time, and
// the index is cheaper than reading a table of which there are no statistics yet.
func (ps parameters) oneByOne() string {
	return "(SELECT * FROM " + ps.rows() + " LIMIT cardinality(" + ps.list(0) + ")) AS v"
}

// set assigns everything but the id.
func (ps parameters) set(to func(i int) string) string {
	return ps[1:].each(func(i int) string { return ps[i+1].name + " = " + to(i+1) })
}

// newLaterTable is newTable for rows that may wait, see file later.go.
func newLaterTable[T any](kind, name string, id func(*T) string, version func(*T) *int64, columns ...column[T]) *table[T] {
	t := newTable(kind, name, id, version, columns...)
	t.waits = true
	return t
}

// get returns the value with the id.
func (t *table[T]) get(ctx context.Context, tx *tx, id string) (T, error) {
	if k := tx.memory.shelf(t.name)[id]; k != nil && k.state != "" {
		var v T
		err := tx.usable()
		if err == nil {
			err = t.decode(k.state, &v)
		}
		return v, err
	}
	run := tx.ask
	if tx.holds(t.name, id) {
		run = tx.query // what was kept of it had to make room
	}
	values, err := t.scan(ctx, tx, run, "SELECT state FROM "+t.name+" WHERE id = $1", id)
	return t.only(values, err, id)
}

// decode makes a value of a state.
func (t *table[T]) decode(state string, v *T) error {
	if err := decode(state, v, t.coding); err != nil {
		return fmt.Errorf("sqlstore: %s: %w", t.kind, err)
	}
	return nil
}

// one returns the first value of a selection, ErrNotFound with the name when it is empty.
func (t *table[T]) one(ctx context.Context, tx *tx, name, selection string, args ...any) (T, error) {
	values, err := t.list(ctx, tx, selection, args...)
	return t.only(values, err, name)
}

// only is the first of the values that were found, ErrNotFound with the name when there is none.
func (t *table[T]) only(values []T, err error, name string) (T, error) {
	if err == nil && len(values) == 0 {
		err = fault.NotFound(t.kind, name)
	}
	if err != nil {
		var none T
		return none, err
	}
	return values[0], nil
}

// list returns the values of a selection: what follows FROM the table.
func (t *table[T]) list(ctx context.Context, tx *tx, selection string, args ...any) ([]T, error) {
	return t.read(ctx, tx, "SELECT state FROM "+t.name+" "+selection, args...)
}

// read returns the values in the first column of a query.
func (t *table[T]) read(ctx context.Context, tx *tx, query string, args ...any) ([]T, error) {
	return t.scan(ctx, tx, tx.query, query, args...)
}

func (t *table[T]) scan(ctx context.Context, tx *tx, run func(context.Context, func(*sql.Rows) error, string, ...any) error, query string, args ...any) ([]T, error) {
	states, known, err := tx.foresaw(query, args)
	if !known && err == nil {
		err = run(ctx, func(rows *sql.Rows) error {
			var state sql.RawBytes
			err := rows.Scan(&state)
			states = append(states, string(state))
			return err
		}, query, args...)
	}
	if err != nil {
		return nil, err
	}
	return t.values(tx, states)
}

// values makes the values of states that the transaction has read.
func (t *table[T]) values(tx *tx, states []string) ([]T, error) {
	values := make([]T, len(states))
	var known shelf
	if tx.remembers() {
		known = tx.shelf(t.name, len(states))
	}
	for i, state := range states {
		v := &values[i]
		if err := t.decode(state, v); err != nil {
			return nil, err
		}
		if known == nil || t.version == nil && i >= keptMost {
			continue
		}
		k := known.of(t.id(v))
		t.saw(k, v)
		if i < keptMost {
			tx.keep(k, state)
		}
	}
	return values, nil
}

// put inserts v when its version is 0 and otherwise replaces exactly that
// version. A violated unique constraint beside the id is ErrExists as well.
func (t *table[T]) put(ctx context.Context, tx *tx, v *T) error {
	if tx.reading {
		return errReading
	}
	if err := tx.usable(); err != nil {
		return err
	}
	if taken, err := t.putLater(ctx, tx, v); taken || err != nil {
		return err
	}
	if *t.version(v) == 0 {
		if written, err := t.insert(ctx, tx, v); err != nil || !written {
			return orElse(err, fault.Exists(t.kind, t.id(v)))
		}
		return nil
	}
	args, err := t.changed(v)
	if err != nil {
		return err
	}
	n, err := tx.exec(ctx, t.replacement, args...)
	switch {
	case taken(err):
		return fmt.Errorf("%w: %w", fault.Exists(t.kind, t.id(v)), err)
	case err != nil:
		return err
	case n == 0:
		return t.stale(tx, v)
	}
	t.wrote(tx, tx.shelf(t.name, 1), v, stateIn(args))
	return nil
}

// keptMost is how many values of one answer a transaction remembers: who reads
// many does not ask for each again.
const keptMost = 32

// wrote raises the version of a value whose row was written, and notes it.
func (t *table[T]) wrote(tx *tx, s shelf, v *T, state string) *known {
	*t.version(v)++
	k := s.of(t.id(v))
	t.saw(k, v)
	tx.keep(k, state)
	return k
}

// saw notes the version the transaction knows of a value.
func (t *table[T]) saw(k *known, v *T) {
	if t.version != nil {
		k.saw(*t.version(v))
	}
}

// stale returns the error of a replacement that found another version. If the
// transaction itself has read the one it wanted to replace, it was overtaken.
func (t *table[T]) stale(tx *tx, v *T) error {
	tx.keep(tx.shelf(t.name, 1).of(t.id(v)), "")
	if tx.knows(t.name, t.id(v), *t.version(v)) {
		tx.overtaken = true
	}
	return fault.Stale(t.kind, t.id(v))
}

// insert adds v, unless something with its id or another of its unique values is there.
func (t *table[T]) insert(ctx context.Context, tx *tx, v *T) (written bool, err error) {
	args, err := t.row(v)
	if err != nil {
		return false, err
	}
	n, err := tx.exec(ctx, t.insertion, args...)
	if n == 0 || err != nil {
		return false, err
	}
	if t.version != nil {
		tx.own(t.wrote(tx, tx.shelf(t.name, 1), v, stateIn(args)))
	}
	return true, nil
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// row returns the parameters of a statement that inserts v with its next version.
func (t *table[T]) row(v *T) ([]any, error) { return t.rowOf(v, t.columns) }

// changed returns those of a statement that replaces it.
func (t *table[T]) changed(v *T) ([]any, error) { return t.rowOf(v, t.changing) }

// next is the version in which v is written.
func (t *table[T]) next(v *T) int64 {
	if t.version == nil {
		return 1
	}
	return *t.version(v) + 1
}

func (t *table[T]) rowOf(v *T, columns []column[T]) ([]any, error) {
	args := append(make([]any, 0, 3+len(columns)), t.id(v), t.next(v))
	if t.version != nil {
		*t.version(v)++
		defer func() { *t.version(v)-- }()
	}
	state, err := encode(v, t.coding)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %s %q: %w", t.kind, t.id(v), err)
	}
	for _, c := range columns {
		args = append(args, c.of(v))
	}
	return append(args, state), nil
}

// coding is how the values of a type become states.
type coding struct {
	layout   *layout  // nil: encoding/json reads and writes them
	instants instants // within them
}

func codingOf(t reflect.Type) coding { return coding{layoutOf(t), instantsOf(t)} }

// encode writes v as JSON with its instants in UTC and microseconds, and leaves
// raw JSON within it as it is.
func encode[T any](v *T, c coding) (string, error) {
	if state, ok := c.layout.stateOf(reflect.ValueOf(v).Elem()); ok {
		return state, nil
	}
	return encodeAnyhow(v, c)
}

// appendEncoded writes what encode does behind b.
func appendEncoded[T any](b []byte, v *T, c coding) ([]byte, error) {
	if c.layout != nil {
		if longer, ok := c.layout.append(b, reflect.ValueOf(v).Elem()); ok {
			return longer, nil
		}
	}
	state, err := encodeAnyhow(v, c)
	return append(b, state...), err
}

// encodeAnyhow leaves it to encoding/json.
func encodeAnyhow[T any](v *T, c coding) (string, error) {
	if !c.instants.settled(reflect.ValueOf(v).Elem()) {
		own, err := marshal(v)
		if err != nil {
			return "", err
		}
		v = new(T)
		if err := json.Unmarshal([]byte(own), v); err != nil {
			return "", err
		}
		c.instants.settle(reflect.ValueOf(v).Elem())
	}
	return marshal(v)
}

// decode reads the value of a state into v, which holds the zero value.
func decode[T any](state string, v *T, c coding) error {
	if c.layout.valueOf(state, reflect.ValueOf(v).Elem()) {
		return nil
	}
	var none T
	*v = none
	return json.Unmarshal([]byte(state), v)
}

func marshal(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// instants says of each struct within a type which of its exported fields may hold
// an instant: found out once for a table, asked for every row.
type instants map[reflect.Type][]int

func instantsOf(t reflect.Type) instants {
	in := make(instants)
	in.add(t)
	return in
}

// add reports whether a value of the type can have an instant within.
func (in instants) add(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		return in.add(t.Elem())
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return true
		}
		if fields, known := in[t]; known {
			return fields == nil || len(fields) > 0 // within itself: it may
		}
		in[t] = nil
		timed := []int{}
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && in.add(f.Type) {
				timed = append(timed, i)
			}
		}
		in[t] = timed
		return len(timed) > 0
	}
	return false
}

// settled reports whether all instants within v are in UTC with microseconds.
func (in instants) settled(v reflect.Value) bool { return in.each(v, isSettled) }

func isSettled(t *time.Time) bool {
	return t.Location() == time.UTC && t.Nanosecond()%1000 == 0
}

// settle makes them so.
func (in instants) settle(v reflect.Value) {
	in.each(v, func(t *time.Time) bool {
		*t = settled(*t)
		return true
	})
}

// each calls fn with the instants within v until one call returns false.
func (in instants) each(v reflect.Value, fn func(*time.Time) bool) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return v.IsNil() || in.each(v.Elem(), fn)
	case reflect.Slice:
		for i := range v.Len() {
			if !in.each(v.Index(i), fn) {
				return false
			}
		}
	case reflect.Struct:
		if t, ok := v.Addr().Interface().(*time.Time); ok {
			return fn(t)
		}
		for _, i := range in[v.Type()] {
			if !in.each(v.Field(i), fn) {
				return false
			}
		}
	}
	return true
}
