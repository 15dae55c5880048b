package sqlstore

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
)

// selection collects the conditions of a query. A zero wish is fulfilled by
// every row and adds nothing.
type selection struct {
	dialect    *dialect
	conditions []string
	args       []any
}

func (t *tx) where() *selection {
	return &selection{dialect: t.dialect, conditions: make([]string, 0, 6), args: make([]any, 0, 6)}
}

// param adds a parameter and returns its place in the statement.
func (s *selection) param(arg any) string {
	s.args = append(s.args, arg)
	return "$" + strconv.Itoa(len(s.args))
}

func (s *selection) add(format string, args ...any) {
	s.conditions = append(s.conditions, fmt.Sprintf(format, args...))
}

// is asks for a value of a column.
func (s *selection) is(column, wish string) {
	if wish != "" {
		s.conditions = append(s.conditions, column+" = "+s.param(wish))
	}
}

func (s *selection) about(wish event.Subject) {
	if !wish.IsZero() {
		s.conditions = append(s.conditions, "subject_type = "+s.param(wish.Type), "subject_id = "+s.param(wish.ID))
	}
}

// aboutAny asks for any of the subjects, which are mostly of one type.
func (s *selection) aboutAny(wishes []event.Subject) {
	if len(wishes) == 0 {
		return
	}
	ids := make(map[string][]string)
	for _, w := range wishes {
		ids[w.Type] = append(ids[w.Type], w.ID)
	}
	var any []string
	for _, kind := range slices.Sorted(maps.Keys(ids)) {
		of := &selection{dialect: s.dialect, args: s.args}
		of.is("subject_type", kind)
		amongMany(of, "subject_id", ids[kind])
		any, s.args = append(any, strings.Join(of.conditions, " AND ")), of.args
	}
	s.conditions = append(s.conditions, "("+strings.Join(any, " OR ")+")")
}

// among asks for any of the values of a column.
func among[S ~string](s *selection, column string, wishes []S) {
	if len(wishes) > 0 {
		s.add("%s "+s.dialect.member, column, s.param(s.dialect.list(texts(wishes))))
	}
}

// few values are looked for one by one, by an index.
const few = 64

// amongMany is among for hundreds of values in a table that may be small: where
// PostgreSQL reads it whole it would compare each row with one after the other.
// Few values are asked for by a statement of their own, whose plan is not that of
// hundreds.
func amongMany[S ~string](s *selection, column string, wishes []S) {
	switch {
	case len(wishes) <= few:
		among(s, column, wishes)
	default:
		s.add("%s "+s.dialect.many, column, s.param(s.dialect.list(texts(wishes))))
	}
}

// oneByOne asks for a column of the rows of a table that fit each of the values, which
// the conditions know under a name: PostgreSQL looks for one value after the other.
func (t *tx) oneByOne(s *selection, name string, values []string, column, table, order string, limit int) string {
	distinct := slices.Compact(slices.Sorted(slices.Values(values)))
	each := s.param(t.dialect.list(distinct))
	statement := "SELECT n." + column + " FROM unnest(" + each + "::text[]) AS " + name + " CROSS JOIN LATERAL (SELECT * FROM " + table + " " + s.filter() +
		" OFFSET 0) n ORDER BY " + order
	if limit > 0 {
		statement += " LIMIT " + s.param(limit)
	}
	return statement
}

// oneOf is among for the few values of an enumeration. They stand in the
// statement itself, so that the planner can see which partial index has them.
func oneOf[S ~string](s *selection, column string, wishes []S) {
	if len(wishes) == 0 {
		return
	}
	if len(wishes) == 1 { // SQLite compares conditions with those of an index word by word
		s.conditions = append(s.conditions, column+" = "+literal(string(wishes[0])))
		return
	}
	var b strings.Builder
	b.Grow(len(column) + 16*(len(wishes)+1))
	b.WriteString(column)
	for i, w := range wishes {
		b.WriteString(orLater(i, " IN (", ", "))
		b.WriteString(literal(string(w)))
	}
	b.WriteByte(')')
	s.conditions = append(s.conditions, b.String())
}

// unsought is a column of text that no index is to find rows by. A transaction
// that writes the first thousands of a kind is planned with statistics in which the
// kind has none: an index by kind would seem to find nothing and read them all.
func unsought(column string) string { return "(" + column + " || '')" }

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func texts[S ~string](values []S) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}

// within asks for a date in a period. An invalid period contains nothing.
func (s *selection) within(column string, wish calendar.Period) {
	switch {
	case wish.IsZero():
		return
	case !wish.Valid():
		s.nothing()
		return
	}
	s.conditions = append(s.conditions, column+" >= "+s.param(civil(wish.From)))
	if !wish.Open() {
		s.conditions = append(s.conditions, column+" <= "+s.param(civil(wish.To)))
	}
}

// on asks for a period, in two columns, that contains the day.
func (s *selection) on(from, to string, day calendar.Date) {
	if day.IsZero() {
		return
	}
	p := s.param(civil(day))
	s.add("%[1]s <= %[3]s AND (%[2]s IS NULL OR %[2]s >= %[3]s)", from, to, p)
}

// overlaps asks for a period, in two columns, that shares a day with the wish.
// One that ends before it begins shares none.
func (s *selection) overlaps(from, to string, wish calendar.Period) {
	switch {
	case wish.IsZero():
		return
	case !wish.Valid():
		s.nothing()
		return
	}
	s.add("%[1]s IS NOT NULL AND (%[2]s IS NULL OR %[2]s >= %[1]s AND %[2]s >= %[3]s)", from, to, s.param(civil(wish.From)))
	if !wish.Open() {
		s.add("%s <= %s", from, s.param(civil(wish.To)))
	}
}

// since asks for an instant that is not before the wish.
func (s *selection) since(column string, wish time.Time) {
	if !wish.IsZero() {
		s.add("%s >= %s", column, s.param(wish))
	}
}

func (s *selection) nothing() { s.add("1 = 0") }

// filter is the selection without an order.
func (s *selection) filter() string {
	var b strings.Builder
	s.writeFilter(&b, 0)
	return b.String()
}

// writeFilter writes the conditions, and makes room for what follows.
func (s *selection) writeFilter(b *strings.Builder, room int) {
	for _, c := range s.conditions {
		room += len(" AND ") + len(c)
	}
	b.Grow(room)
	for i, c := range s.conditions {
		b.WriteString(orLater(i, "WHERE ", " AND "))
		b.WriteString(c)
	}
}

// ordered ends the selection with its order and, if it is not 0, its limit.
func (s *selection) ordered(order string, limit int) string {
	var b strings.Builder
	s.writeFilter(&b, len(" ORDER BY ")+len(order)+len(" LIMIT $10"))
	b.WriteString(" ORDER BY ")
	b.WriteString(order)
	if limit > 0 {
		b.WriteString(" LIMIT ")
		b.WriteString(s.param(limit))
	}
	return b.String()
}
