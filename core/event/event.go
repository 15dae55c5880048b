// Package event is the programme's memory: every step somebody takes is one
// Record in an append-only journal, written in the same transaction as the
// state it changes. The records of one subject form a hash chain, so that a
// changed, removed or inserted record shows (L17). A correction is a new fact
// with its reason, never an edit of an old one.
package event

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Event is something that happened, named in the past tense by Kind, for
// example "visit.reported". Implementations are small structs of plain values
// that encode to JSON and hold ids, dates and codes, never personal data (A11).
type Event interface {
	Kind() string
}

// Subject names what a record is about: the type of a thing and its id.
type Subject struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// String returns "type/id", the form used in keys and logs.
func (s Subject) String() string { return s.Type + "/" + s.ID }

// IsZero reports whether the subject names nothing.
func (s Subject) IsZero() bool { return s.Type == "" && s.ID == "" }

// Record is one entry of the journal: who did what to which subject, where,
// why, when it happened and when it was written down.
type Record struct {
	ID       string  `json:"id"`
	Position int64   `json:"position"` // set by the store: reading order over all subjects
	Subject  Subject `json:"subject"`
	Seq      int64   `json:"seq"` // 1, 2, 3 … within the subject
	Kind     string  `json:"kind"`

	Actor    string `json:"actor"`               // person id, or "system"
	Role     string `json:"role,omitempty"`      // the role the actor acted in
	ProxyFor string `json:"proxy_for,omitempty"` // the person on whose behalf the actor acted
	Place    string `json:"place,omitempty"`
	Why      string `json:"why,omitempty"`

	Happened time.Time `json:"happened"` // as claimed
	Recorded time.Time `json:"recorded"` // by the server, UTC, microseconds

	Policy   string          `json:"policy,omitempty"`   // policy version that judged the step
	Calendar string          `json:"calendar,omitempty"` // calendar version that judged the step
	Data     json.RawMessage `json:"data,omitempty"`     // the event itself

	Prev string `json:"prev,omitempty"` // hash of the subject's previous record, empty for the first
	Hash string `json:"hash"`
}

// Seal sets the record's place in its subject's chain and its hash. prev is
// the subject's last record, or the zero Record when there is none.
func (r *Record) Seal(prev Record) {
	r.Seq = prev.Seq + 1
	r.Prev = prev.Hash
	r.Hash = r.digest()
}

// digest hashes every field but Position (the store's own numbering) and Hash.
func (r *Record) digest() string {
	all := make([]byte, 0, 1024)
	for _, s := range [...]string{r.ID, r.Subject.Type, r.Subject.ID, r.Kind, r.Actor, r.Role, r.ProxyFor, r.Place, r.Why} {
		all = appendField(all, s)
	}
	var room [len(time.RFC3339Nano)]byte
	all = appendField(all, instant(room[:0], r.Happened))
	all = appendField(all, instant(room[:0], r.Recorded))
	all = appendField(appendField(all, r.Policy), r.Calendar)
	all = appendField(appendField(all, r.Data), r.Prev)
	sum := sha256.Sum256(appendField(all, strconv.FormatInt(r.Seq, 10)))
	return hex.EncodeToString(sum[:])
}

// appendField adds a field with its length, so that no two field lists hash alike.
func appendField[T ~string | ~[]byte](b []byte, field T) []byte {
	return append(binary.BigEndian.AppendUint64(b, uint64(len(field))), field...)
}

// instant writes t behind b, nothing for the zero time.
func instant(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return t.UTC().Truncate(time.Microsecond).AppendFormat(b, time.RFC3339Nano)
}

// Query selects records. Zero fields select everything; Limit 0 means no limit.
// Records come in ascending Position.
type Query struct {
	Subject Subject
	Kinds   []string
	After   int64
	Limit   int
}

// Journal is where records are kept. AppendRecord sets Position and returns
// fault.ErrStale when the subject already has a record with the same Seq:
// somebody else wrote in between and the unit of work has to be run again.
// LastRecord returns fault.ErrNotFound for a subject without records. A Journal
// belongs to one transaction and is not safe for concurrent use.
type Journal interface {
	AppendRecord(ctx context.Context, r *Record) error
	LastRecord(ctx context.Context, s Subject) (Record, error)
	Records(ctx context.Context, q Query) ([]Record, error)
}

// Break is a place where a subject's chain does not hold.
type Break struct {
	Subject Subject
	Seq     int64
	Why     string
}

// Verify checks the chains of the given records, which must hold all records
// of each subject they mention, in ascending Position. It returns every break.
func Verify(records []Record) []Break {
	var v Verifier
	var breaks []Break
	for _, r := range records {
		breaks = append(breaks, v.Check(r)...)
	}
	return breaks
}

// Verifier checks chains record by record, for a journal too long to be read at
// once. It keeps one hash for each subject. The zero value is ready for use; it
// belongs to one goroutine.
type Verifier struct {
	last map[Subject]link
}

// link is the end of a chain so far.
type link struct {
	seq  int64
	hash string
}

// Check returns the breaks between a record and those of its subject checked
// before it, which have to come in ascending Position.
func (v *Verifier) Check(r Record) []Break {
	if v.last == nil {
		v.last = make(map[Subject]link)
	}
	prev := v.last[r.Subject]
	v.last[r.Subject] = link{r.Seq, r.Hash}
	switch {
	case r.Seq != prev.seq+1:
		return []Break{{r.Subject, r.Seq, fmt.Sprintf("expected record %d", prev.seq+1)}}
	case r.Prev != prev.hash:
		return []Break{{r.Subject, r.Seq, "does not follow the record before it"}}
	case r.Hash != r.digest():
		return []Break{{r.Subject, r.Seq, "was changed after it was written"}}
	}
	return nil
}
