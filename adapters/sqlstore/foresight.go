package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/huongvecoso/outreach/core/store"
)

// Questions that a unit of work knows it is about to ask. Each is a statement, and
// each statement a round trip; told of them beforehand, PostgreSQL answers all in
// one. An answer is good until the transaction writes to a table that its question
// names; what others commit meanwhile a later question might have seen, and no unit
// of work counts on it.
//
// Only where rows are written later as well.

// errNoted is the answer to a question that was noted.
var errNoted = errors.New("sqlstore: a question that was noted, not answered")

// foresightDepth is how often questions are noted that follow from the answers to
// those before.
const foresightDepth = 3

// question is a statement with one column of text or JSON that is never empty.
type question struct {
	statement string
	args      []any
	key       string // no other question has it
	// read is told the answer, where it is not only an answer to this question.
	read func(lines []string) error
}

// appendKey writes the key of a question behind b.
func appendKey(b []byte, statement string, args []any) []byte {
	b = append(b, statement...)
	for _, arg := range args {
		b = append(b, 0)
		if s, ok := arg.(string); ok {
			b = append(b, s...)
			continue
		}
		b = fmt.Append(b, arg)
	}
	return b
}

// answer is what a question found, a line for each row, and the tables it named.
type answer struct{ lines, tables []string }

// notebook are the questions of one round.
type notebook struct {
	questions []question
	keys      map[string]bool
}

// Foresee implements [store.Foreseen].
func (t *tx) Foresee(ctx context.Context, ask func(store.Tx)) error {
	if err := t.usable(); err != nil || !t.defers() {
		return err
	}
	if t.memory == nil {
		t.memory = newMemory()
	}
	if t.foreseen == nil {
		t.foreseen = make(map[string]answer)
	}
	for range foresightDepth {
		noting := *t // shares what the transaction knows
		noting.q, noting.reading, noting.notes = nil, true, &notebook{keys: map[string]bool{}}
		ask(&noting)
		if len(noting.notes.questions) == 0 {
			return nil
		}
		if err := t.askTogether(ctx, noting.notes.questions); err != nil {
			return err
		}
	}
	return nil
}

// foresaw reports whether the answer to a question is known, or the question only
// to be noted.
func (t *tx) foresaw(statement string, args []any) (lines []string, known bool, err error) {
	if t.notes == nil && len(t.foreseen) == 0 {
		return nil, false, nil
	}
	t.scratch = appendKey(t.scratch[:0], statement, args)
	if a, known := t.foreseen[string(t.scratch)]; known || t.notes == nil {
		return a.lines, known, nil
	}
	t.note(question{statement: statement, args: args, key: string(t.scratch)})
	return nil, false, errNoted
}

// note puts a question down, unless it is there or what waits to be written may
// change its answer.
func (t *tx) note(q question) {
	if !t.notes.keys[q.key] && !t.waitsFor(q.statement) {
		t.notes.keys[q.key], t.notes.questions = true, append(t.notes.questions, q)
	}
}

// readAlong reads values together with what is foreseen, because each will be asked
// for by its id when the answer to something else is known: that saves the round
// trip in between.
func (t *table[T]) readAlong(tx *tx, selection string, args []any) {
	if tx.notes == nil {
		return
	}
	q := question{statement: "SELECT state FROM " + t.name + " " + selection, args: args}
	q.key = string(appendKey(nil, q.statement, args))
	if _, known := tx.foreseen[q.key]; known {
		return
	}
	q.read = func(states []string) error {
		_, err := t.values(tx, states)
		return err
	}
	tx.note(q)
}

// forget drops the answers that what is being written may have changed.
func (t *tx) forget(written string) {
	for key, a := range t.foreseen {
		if slices.ContainsFunc(a.tables, func(table string) bool { return mentions(written, table) }) {
			delete(t.foreseen, key)
		}
	}
}

// tablesOf are the tables that a statement names.
func tablesOf(statement string) (tables []string) {
	for {
		at := strings.Index(statement, defaultPrefix)
		if at < 0 {
			return tables
		}
		statement = statement[at:]
		end := strings.IndexFunc(statement, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') })
		if end < 0 {
			end = len(statement)
		}
		tables, statement = append(tables, statement[:end]), statement[end:]
	}
}

// takePositions is how a question takes positions of the journal. The sequence is
// looked up once for all of them.
const takePositions = "SELECT nextval((SELECT pg_get_serial_sequence('outreach_record', 'position')::regclass)) FROM generate_series(1, $1::int)"

// plannedOnce ends the first statement of a unit that is going to write: the
// statements that follow in the transaction are planned once for each connection. A
// plan that is kept is one for tables that grow, whatever they were when it was
// made: it goes by an index, and is not worth compiling. It tells how it was before.
const plannedOnce = "current_setting('plan_cache_mode') || ' ' || current_setting('enable_seqscan') || ' ' || current_setting('jit') || ' ' || set_config('plan_cache_mode', 'force_generic_plan', true) || set_config('enable_seqscan', 'off', true) || set_config('jit', 'off', true)"

// byIndex has a transaction that writes or looks up many rows find them by an index.
// PostgreSQL may not know yet that a table grows: it keeps the plan that it made when
// there were few rows while there are tens of thousands.
func (t *tx) byIndex(ctx context.Context, rows int) error {
	if rows <= fewRows || t.indexed || t.reading || !t.alone() {
		return nil
	}
	t.indexed = true
	return t.ask(ctx, func(rows *sql.Rows) error { return rows.Scan(new(string)) },
		"SELECT "+plannedOnce)
}

// inOrder has a transaction read indexes entry by entry. What was under way a moment
// ago has left an entry in the index of what is; read so, PostgreSQL marks those that
// lead nowhere any more and passes over them the next time, which it does not do when
// it gathers entries first: then counting a few hundred means looking up everything
// that went out since the table was last tidied up. Where most of the table was written
// after PostgreSQL last looked at it, it even expects that all of it is under way.
func (t *tx) inOrder(ctx context.Context) error {
	if t.ordered || t.reading || !t.alone() {
		return nil
	}
	if err := t.byIndex(ctx, fewRows+1); err != nil {
		return err
	}
	t.ordered = true
	return t.ask(ctx, func(rows *sql.Rows) error { return rows.Scan(new(string)) }, "SELECT set_config('enable_bitmapscan', 'off', true)")
}

// askTogether asks many questions in one statement. A unit that foresees what it
// asks is going to write: it gets positions of the journal along with the answers,
// and its statements, which are long and find their rows by keys, are planned once
// for each connection and not each time. Planning the one that writes the report of
// a visit would take half as long as running it.
func (t *tx) askTogether(ctx context.Context, questions []question) error {
	all := questions
	if len(t.positions) == 0 {
		if err := t.write(ctx, chain); err != nil { // what has no position yet comes before
			return err
		}
		all = append(all, question{statement: takePositions, args: []any{t.howMany()}})
	}
	length, parameters := len(plannedOnce)+100, 0
	for _, q := range all {
		length += len(q.statement) + 100 // and what stands around it
		parameters += len(q.args)
	}
	args := make([]any, 0, parameters)
	var b strings.Builder
	b.Grow(length)
	b.WriteString("SELECT ")
	for _, q := range all {
		b.WriteString("array_to_string(ARRAY(")
		renumber(&b, q.statement, len(args))
		b.WriteString("), chr(30)), ")
		args = append(args, q.args...)
	}
	b.WriteString(plannedOnce)
	answers := make([]string, len(all))
	into := make([]any, len(all), len(all)+1)
	for i := range into {
		into[i] = &answers[i]
	}
	var before string
	into = append(into, &before)
	if err := t.ask(ctx, func(rows *sql.Rows) error { return rows.Scan(into...) }, b.String(), args...); err != nil {
		return err
	}
	t.indexed = true
	if t.pipe != nil && t.planned == nil {
		t.planned = strings.Fields(before)[:3]
	}
	for i, q := range all {
		var lines []string
		if answers[i] != "" {
			lines = strings.Split(answers[i], between)
		}
		if i < len(questions) {
			t.foreseen[q.key] = answer{lines, tablesOf(q.statement)}
			if q.read != nil {
				if err := q.read(lines); err != nil {
					return err
				}
			}
			continue
		}
		for _, line := range lines {
			p, err := strconv.ParseInt(line, 10, 64)
			if err != nil {
				return t.failed(err)
			}
			t.positions = append(t.positions, p)
		}
	}
	return nil
}

// renumber writes a statement whose parameters come after so many others. No
// statement has a dollar sign but before a number.
func renumber(b *strings.Builder, statement string, before int) {
	for {
		at := strings.IndexByte(statement, '$')
		if at < 0 {
			b.WriteString(statement)
			return
		}
		b.WriteString(statement[:at+1])
		statement = statement[at+1:]
		n := 0
		for statement != "" && statement[0] >= '0' && statement[0] <= '9' {
			n, statement = n*10+int(statement[0]-'0'), statement[1:]
		}
		b.WriteString(strconv.Itoa(before + n))
	}
}
