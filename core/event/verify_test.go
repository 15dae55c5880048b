package event_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core/event"
)

// chains are the records of two subjects, three each, written in turn.
func chains() []event.Record {
	var records []event.Record
	last := make(map[string]event.Record)
	for i, id := range []string{"A", "B", "A", "A", "B", "B"} {
		r := event.Record{ID: string(rune('a' + i)), Position: int64(i + 1), Subject: event.Subject{Type: "thing", ID: id}, Kind: "thing.happened", Actor: "CC-017"}
		r.Seal(last[id])
		last[id] = r
		records = append(records, r)
	}
	return records
}

func TestVerifyFindsWhatWasDoneToAChain(t *testing.T) {
	a := event.Subject{Type: "thing", ID: "A"}
	tests := []struct {
		name   string
		tamper func([]event.Record) []event.Record
		want   []event.Break
	}{
		{"nothing", func(r []event.Record) []event.Record { return r }, nil},
		{"the store's own numbering may change", func(r []event.Record) []event.Record { r[3].Position = 99; return r }, nil},
		{"a record was changed", func(r []event.Record) []event.Record { r[2].Why = "x"; return r }, []event.Break{{a, 2, "was changed after it was written"}}},
		{"a record was changed and sealed anew", func(r []event.Record) []event.Record {
			r[2].Why = "x"
			r[2].Seal(r[0])
			return r
		}, []event.Break{{a, 3, "does not follow the record before it"}}},
		{"a record was removed", func(r []event.Record) []event.Record { return append(r[:2], r[3:]...) }, []event.Break{{a, 3, "expected record 2"}}},
		{"the first record was removed", func(r []event.Record) []event.Record { return r[1:] }, []event.Break{{a, 2, "expected record 1"}}},
		{"a record was inserted", func(r []event.Record) []event.Record {
			forged := event.Record{ID: "f", Subject: a, Kind: "thing.happened"}
			forged.Seal(r[0])
			return append([]event.Record{r[0], forged}, r[1:]...)
		}, []event.Break{{a, 2, "expected record 3"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, event.Verify(tt.tamper(chains()))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
