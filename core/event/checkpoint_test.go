package event_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/event"
)

// checkpointed are the records of chains() with a checkpoint after the fourth
// and one after the last.
func checkpointed(t *testing.T) (journal, checkpoints []event.Record) {
	t.Helper()
	journal = chains()
	var tally event.Tally
	var after int64
	var last event.Record
	for i, r := range journal {
		tally.Add(r)
		if i != 3 && i != 5 {
			continue
		}
		c := tally.Checkpoint(after)
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		r := event.Record{Subject: event.CheckpointSubject(), Kind: c.Kind(), Data: data}
		r.Seal(last)
		last, after, tally = r, c.To, event.Tally{}
		checkpoints = append(checkpoints, r)
	}
	return journal, checkpoints
}

func TestACheckpointNoticesWhatNoChainDoes(t *testing.T) {
	no := func(id string, from []event.Record) (rest []event.Record) {
		for _, r := range from {
			if r.Subject.ID != id {
				rest = append(rest, r)
			}
		}
		return rest
	}
	at := func(seq int64, why string) event.Break {
		return event.Break{Subject: event.CheckpointSubject(), Seq: seq, Why: why}
	}
	for _, c := range []struct {
		name   string
		tamper func(journal, checkpoints []event.Record) ([]event.Record, []event.Record)
		want   []event.Break
	}{
		{"nothing", func(j, c []event.Record) ([]event.Record, []event.Record) { return j, c }, nil},
		{"a whole subject was removed", func(j, c []event.Record) ([]event.Record, []event.Record) { return no("A", j), c }, []event.Break{at(1, "of 4 records up to position 4, 3 are missing")}},
		{"the end of a subject was removed", func(j, c []event.Record) ([]event.Record, []event.Record) { return j[:5], c }, []event.Break{at(2, "of 2 records up to position 6, 1 are missing")}},
		{"everything was removed", func(_, c []event.Record) ([]event.Record, []event.Record) { return nil, c },
			[]event.Break{at(1, "of 4 records up to position 4, 4 are missing"), at(2, "of 2 records up to position 6, 2 are missing")}},
		{"a record slipped in", func(j, c []event.Record) ([]event.Record, []event.Record) {
			return append([]event.Record{{Position: 0, Subject: event.Subject{Type: "thing", ID: "C"}}}, j...), c
		}, []event.Break{at(1, "beside 4 records up to position 4 there are 1 more")}},
		{"a record was replaced", func(j, c []event.Record) ([]event.Record, []event.Record) { j[5].Hash = "x"; return j, c },
			[]event.Break{at(2, "the records up to position 6 are not those that were there")}},
		{"a checkpoint was removed", func(j, c []event.Record) ([]event.Record, []event.Record) { return j, c[1:] },
			[]event.Break{at(2, "begins at position 4, the checkpoint before it ends at 0")}},
		{"what is no checkpoint", func(j, c []event.Record) ([]event.Record, []event.Record) { c[0].Kind = "x"; return j, c },
			[]event.Break{at(1, "is no checkpoint"), at(2, "begins at position 4, the checkpoint before it ends at 0")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			journal, checkpoints := c.tamper(checkpointed(t))
			v := event.NewCheckpointVerifier(checkpoints)
			var breaks []event.Break
			for _, r := range journal {
				breaks = append(breaks, v.Check(r)...)
			}
			if diff := cmp.Diff(c.want, append(breaks, v.End()...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNoRecordCanBeTakenOutOfACheckpoint: whichever one it is, and however the
// records were divided.
func TestNoRecordCanBeTakenOutOfACheckpoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var journal, checkpoints []event.Record
		var tally event.Tally
		var after int64
		for i := range rapid.IntRange(1, 30).Draw(t, "records") {
			r := event.Record{Position: int64(i*2 + 1), Subject: event.Subject{Type: "thing", ID: rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "subject")}}
			r.Seal(event.Record{})
			journal = append(journal, r)
			if tally.Add(r); rapid.Bool().Draw(t, "checkpoint") || i == 0 {
				c := tally.Checkpoint(after)
				data, _ := json.Marshal(c)
				checkpoints = append(checkpoints, event.Record{Kind: c.Kind(), Data: data})
				after, tally = c.To, event.Tally{}
			}
		}
		held := 0
		for _, r := range journal {
			if r.Position <= after {
				held++
			}
		}
		out := rapid.IntRange(0, held-1).Draw(t, "taken out")
		v := event.NewCheckpointVerifier(checkpoints)
		var breaks []event.Break
		for i, r := range journal {
			if i != out {
				breaks = append(breaks, v.Check(r)...)
			}
		}
		if breaks = append(breaks, v.End()...); len(breaks) != 1 {
			t.Fatalf("%v", breaks)
		}
	})
}
