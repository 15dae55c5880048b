package event

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"strconv"
)

// CheckpointSubject is the one chain of checkpoints.
func CheckpointSubject() Subject { return Subject{Type: "journal", ID: "checkpoints"} }

// Checkpoint (chốt sổ) says what the journal held between two positions, over
// all subjects. The chains show what was done within a subject; a checkpoint
// shows that a whole subject, or the end of one, was taken away, or a record
// slipped in among older ones. Who writes down the hash of a checkpoint's own
// record in another place can tell later that the checkpoints are still those.
type Checkpoint struct {
	After   int64  `json:"after"` // position of the checkpoint before: not included
	To      int64  `json:"to"`    // last position that is included
	Records int64  `json:"records"`
	Digest  string `json:"digest"`
}

// Kind implements Event.
func (Checkpoint) Kind() string { return "journal.checkpointed" }

// ParseCheckpoint reads the checkpoint that a record holds.
func ParseCheckpoint(r Record) (Checkpoint, error) {
	var c Checkpoint
	if r.Kind != c.Kind() {
		return c, fmt.Errorf("event: %s is no checkpoint", r.Kind)
	}
	err := json.Unmarshal(r.Data, &c)
	return c, err
}

// Tally counts and hashes records, in ascending Position, for a checkpoint. The
// zero value is ready for use; it belongs to one goroutine.
type Tally struct {
	records, last int64
	digest        hash.Hash
}

// Add takes the next record.
func (t *Tally) Add(r Record) {
	if t.digest == nil {
		t.digest = sha256.New()
	}
	t.records, t.last = t.records+1, r.Position
	t.digest.Write(appendField(appendField(nil, strconv.FormatInt(r.Position, 10)), r.Hash))
}

// Checkpoint closes the tally of everything after a position. With nothing
// added it is the checkpoint of no record, up to the position itself.
func (t *Tally) Checkpoint(after int64) Checkpoint {
	c := Checkpoint{After: after, To: max(after, t.last), Records: t.records}
	if t.digest == nil {
		t.digest = sha256.New()
	}
	c.Digest = hex.EncodeToString(t.digest.Sum(nil))
	return c
}

// CheckpointVerifier compares records with checkpoints, record by record. Give
// it all records of the chain of checkpoints first, then every record of the
// journal in ascending Position, then ask for the End. Make one with
// [NewCheckpointVerifier]; it belongs to one goroutine.
type CheckpointVerifier struct {
	due   []Record // checkpoints that were not compared yet
	after int64
	tally Tally
}

// NewCheckpointVerifier takes the records of the chain of checkpoints.
func NewCheckpointVerifier(checkpoints []Record) *CheckpointVerifier {
	return &CheckpointVerifier{due: checkpoints}
}

// Check takes the next record of the journal and returns the breaks of the
// checkpoints that lie behind it.
func (v *CheckpointVerifier) Check(r Record) []Break {
	var breaks []Break
	for len(v.due) > 0 {
		c, err := ParseCheckpoint(v.due[0])
		if err == nil && r.Position <= c.To {
			v.tally.Add(r)
			return breaks
		}
		breaks = append(breaks, v.close()...)
	}
	return breaks
}

// End returns the breaks of the checkpoints that no record came after.
func (v *CheckpointVerifier) End() []Break {
	var breaks []Break
	for len(v.due) > 0 {
		breaks = append(breaks, v.close()...)
	}
	return breaks
}

// close compares the checkpoint that is due with what was counted.
func (v *CheckpointVerifier) close() []Break {
	r := v.due[0]
	v.due = v.due[1:]
	broken := func(why string, args ...any) []Break {
		return []Break{{r.Subject, r.Seq, fmt.Sprintf(why, args...)}}
	}
	c, err := ParseCheckpoint(r)
	if err != nil {
		return broken("is no checkpoint")
	}
	after, found := v.after, v.tally.Checkpoint(v.after)
	v.after, v.tally = c.To, Tally{}
	switch {
	case c.After != after:
		return broken("begins at position %d, the checkpoint before it ends at %d", c.After, after)
	case found.Records < c.Records:
		return broken("of %d records up to position %d, %d are missing", c.Records, c.To, c.Records-found.Records)
	case found.Records > c.Records:
		return broken("beside %d records up to position %d there are %d more", c.Records, c.To, found.Records-c.Records)
	case found.Digest != c.Digest:
		return broken("the records up to position %d are not those that were there", c.To)
	}
	return nil
}
