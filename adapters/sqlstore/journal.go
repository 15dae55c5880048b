package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
)

// chain is what transactions know the last Seq of.
const chain = "outreach_record"

// onceInItsChain leaves out a record where another one stands already. Its position
// is nobody else's: to look for it as well would cost every record a search.
const onceInItsChain = " ON CONFLICT (subject_type, subject_id, seq) DO NOTHING"

// recordCoding is how a record becomes a state.
var recordCoding = codingOf(reflect.TypeFor[event.Record]())

// AppendRecord implements [event.Journal].
func (t *tx) AppendRecord(ctx context.Context, r *event.Record) error {
	row, err := recordRow(r)
	if err != nil {
		return err
	}
	if taken, err := t.appendLater(ctx, r, row); taken || err != nil {
		return err
	}
	position, written, err := t.insertRecord(ctx, row)
	switch {
	case err != nil:
		return err
	case !written:
		t.overtaken = t.overtaken || t.knows(chain, r.Subject.String(), r.Seq-1)
		return fault.Stale("record of", r.Subject.String())
	}
	r.Position, t.appended = position, true
	t.saw(chain, r.Subject.String(), r.Seq)
	return nil
}

// recordRow is the row of a record, with room for its position in front.
func recordRow(r *event.Record) ([]any, error) {
	bare := *r
	bare.Data, bare.Position = nil, 0
	state, err := encode(&bare, recordCoding)
	if err != nil {
		return nil, err
	}
	var data any // apart from the rest: it is hashed and keeps every byte
	if r.Data != nil {
		data = string(r.Data)
	}
	return []any{nil, r.Subject.Type, r.Subject.ID, r.Seq, r.Kind, r.Recorded, state, data}, nil
}

// insertRecord writes one record at once. Positions that were taken ahead come
// first: a chain's records stand in the order of their numbers.
func (t *tx) insertRecord(ctx context.Context, row []any) (position int64, written bool, err error) {
	if len(t.positions) > 0 {
		if position, err = t.position(ctx); err != nil {
			return 0, false, err
		}
		row[0] = position
		n, err := t.exec(ctx, appendOneAt+onceInItsChain, row...)
		return position, n == 1, err
	}
	return t.returning(ctx, appendOneNext+onceInItsChain+" RETURNING position", row[1:]...)
}

// LastRecord implements [event.Journal].
func (t *tx) LastRecord(ctx context.Context, s event.Subject) (event.Record, error) {
	const end = "WHERE subject_type = $1 AND subject_id = $2 ORDER BY seq DESC LIMIT 1"
	lines, known, err := t.foresaw("SELECT concat_ws(chr(31), position, state, data) FROM outreach_record "+end, []any{s.Type, s.ID})
	if err != nil {
		return event.Record{}, err
	}
	var records []event.Record
	if known {
		records, err = recordsOf(lines)
	} else {
		records, err = t.records(ctx, end, s.Type, s.ID)
	}
	if err != nil {
		return event.Record{}, err
	}
	if len(records) == 0 {
		t.saw(chain, s.String(), 0)
		return event.Record{}, fault.NotFound("record of", s.String())
	}
	t.saw(chain, s.String(), records[0].Seq)
	return records[0], nil
}

// recordsOf reads the answer to a question that was foreseen.
func recordsOf(lines []string) ([]event.Record, error) {
	records := make([]event.Record, len(lines))
	for i, line := range lines {
		position, rest, _ := strings.Cut(line, "\x1f")
		state, data, with := strings.Cut(rest, "\x1f")
		at, err := strconv.ParseInt(position, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("sqlstore: %w", err)
		}
		if !with {
			records[i], err = recordOf(at, state, nil)
		} else {
			records[i], err = recordOf(at, state, []byte(data))
		}
		if err != nil {
			return nil, err
		}
	}
	return records, nil
}

// recordOf makes a record of its row; nil is no data.
func recordOf(position int64, state string, data []byte) (event.Record, error) {
	var r event.Record
	if err := decode(state, &r, recordCoding); err != nil {
		return event.Record{}, fmt.Errorf("sqlstore: record: %w", err)
	}
	r.Position = position
	if data != nil {
		r.Data = append(json.RawMessage{}, data...)
	}
	return r, nil
}

// Records implements [event.Journal].
func (t *tx) Records(ctx context.Context, q event.Query) ([]event.Record, error) {
	where := t.where()
	where.about(q.Subject)
	oneOf(where, "kind", q.Kinds)
	if q.After > 0 {
		where.add("position > %s", where.param(q.After))
	}
	return t.records(ctx, where.ordered("position", q.Limit), where.args...)
}

func (t *tx) records(ctx context.Context, selection string, args ...any) ([]event.Record, error) {
	records := []event.Record{}
	err := t.query(ctx, func(rows *sql.Rows) error {
		var position int64
		var state, data sql.RawBytes
		if err := rows.Scan(&position, &state, &data); err != nil {
			return err
		}
		r, err := recordOf(position, string(state), data)
		records = append(records, r)
		return err
	}, "SELECT position, state, data FROM outreach_record "+selection, args...)
	if err != nil {
		return nil, err
	}
	return records, nil
}
