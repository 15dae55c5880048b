package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/store"
)

// journal are the promises of event.Journal.
func journal() []promise {
	return []promise{
		{"journal/every field", "A record comes back in every field, its data byte for byte, so that its hash still holds.", keepsRecords},
		{"journal/copies", "The journal shares no memory with what was appended or read.", copiesRecords},
		{"journal/position", "AppendRecord sets Position, and later records have greater ones.", setsPositions},
		{"journal/same seq", "A second record with the same Seq of one subject is ErrStale and is not kept.", refusesSameSeq},
		{"journal/last", "LastRecord is the subject's record with the highest Seq, ErrNotFound when it has none.", findsLastRecord},
		{"journal/query", "Records selects by subject, kinds, position and limit, in ascending Position.", selectsRecords},
		{"journal/later", "AppendLater, of a Tx that is store.Later, appends as AppendRecord does, before anything that is asked or appended afterwards, and a Seq that is taken is ErrStale before the commit at the latest.", appendsLater},
		{"journal/chain", "Chains written at the same time by units of work that retry when stale are whole.", keepsChainsWhole},
	}
}

var (
	thisVisit = event.Subject{Type: "visit", ID: "a"}
	thatVisit = event.Subject{Type: "visit", ID: "b"}
	thisIssue = event.Subject{Type: "issue", ID: "a"}
)

// record returns a record with every field set.
func record(id string, s event.Subject, seq int64) event.Record {
	var r event.Record
	fill(&r, int(seq))
	r.ID, r.Subject, r.Seq, r.Position = id, s, seq, 0
	return r
}

// appended appends records in one Update and returns them with their positions.
func (k kit) appended(records ...event.Record) []event.Record {
	k.Helper()
	var done []event.Record
	k.update(func(ctx context.Context, tx store.Tx) error {
		done = nil
		for _, r := range records {
			if err := tx.AppendRecord(ctx, &r); err != nil {
				return err
			}
			done = append(done, r)
		}
		return nil
	})
	return done
}

func (k kit) records(q event.Query) []event.Record {
	k.Helper()
	var records []event.Record
	k.view(func(ctx context.Context, tx store.Tx) (err error) {
		records, err = tx.Records(ctx, q)
		return err
	})
	return records
}

func keepsRecords(k kit) {
	full := record("full", thisVisit, 1)
	full.Data = json.RawMessage(`{ "b" : 1.50, "a":"<Xuân Lộc> & \u1ea4p", "n":12345678901234567890 }`)
	full.Happened = time.Date(2017, time.March, 1, 19, 30, 0, 123456789, calendar.Zone())
	full.Recorded = full.Happened
	full.Seal(event.Record{})
	bare := event.Record{ID: "bare", Subject: thisIssue, Seq: 1}
	want := k.appended(full, bare)

	got := k.records(event.Query{})
	instant := full.Happened.UTC().Truncate(time.Microsecond)
	want[0].Happened, want[0].Recorded = instant, instant
	if diff := differ(want, got); diff != "" {
		k.Errorf("records (-want +got):\n%s", diff)
	}
	for _, r := range got {
		if r.Happened.Location() != time.UTC || r.Recorded.Location() != time.UTC {
			k.Errorf("record %q: instants not in UTC", r.ID)
		}
	}
	if breaks := event.Verify(k.records(event.Query{Subject: thisVisit})); len(breaks) != 0 {
		k.Errorf("the chain does not hold any more: %v", breaks)
	}
}

func copiesRecords(k kit) {
	r := record("a", thisVisit, 1)
	want := string(r.Data)
	k.update(func(ctx context.Context, tx store.Tx) error {
		r = record("a", thisVisit, 1)
		if err := tx.AppendRecord(ctx, &r); err != nil {
			return err
		}
		shake(&r)
		got, err := tx.LastRecord(ctx, thisVisit)
		if string(got.Data) != want {
			k.Errorf("after the record appended was changed its data is %s, want %s", got.Data, want)
		}
		shake(&got)
		return err
	})
	first := k.records(event.Query{})
	shake(&first[0])
	if got := k.records(event.Query{}); string(got[0].Data) != want {
		k.Errorf("after the record read was changed its data is %s, want %s", got[0].Data, want)
	}
}

func setsPositions(k kit) {
	var last int64
	for i := range 3 {
		for _, r := range k.appended(record(fmt.Sprint("x", i), thisVisit, int64(i+1)), record(fmt.Sprint("y", i), thatVisit, int64(i+1))) {
			if r.Position <= last {
				k.Errorf("record %q has position %d after position %d", r.ID, r.Position, last)
			}
			last = r.Position
		}
	}
	records := k.records(event.Query{})
	if len(records) != 6 || records[5].Position != last {
		k.Errorf("positions in the callers' copies differ from those read")
	}
}

func refusesSameSeq(k kit) {
	k.appended(record("a", thisVisit, 1), record("b", thisVisit, 2))
	for _, seq := range []int64{1, 2} {
		again := record(fmt.Sprint("again", seq), thisVisit, seq)
		err := k.store.Update(k.ctx, func(ctx context.Context, tx store.Tx) error {
			r := again
			return tx.AppendRecord(ctx, &r)
		})
		if !errors.Is(err, fault.ErrStale) {
			k.Errorf("appending Seq %d again gave %v, want ErrStale", seq, err)
		}
	}
	k.update(func(ctx context.Context, tx store.Tx) error {
		once, twice := record("c", thisVisit, 3), record("d", thisVisit, 3)
		err := tx.AppendRecord(ctx, &once)
		if again := tx.AppendRecord(ctx, &twice); !errors.Is(again, fault.ErrStale) {
			k.Errorf("appending Seq 3 twice in one transaction gave %v, want ErrStale", again)
		}
		return err
	})
	k.appended(record("e", thatVisit, 1))
	if n := len(k.records(event.Query{})); n != 4 {
		k.Errorf("the journal has %d records, want 4", n)
	}
}

func appendsLater(k kit) {
	k.appended(record("a", thisVisit, 1))
	known := false
	want := []event.Record{record("b", thisVisit, 2), record("c", thisVisit, 3), record("d", thisVisit, 4), record("e", thisVisit, 5)}
	want[1].Data = nil
	k.update(func(ctx context.Context, tx store.Tx) error {
		var journal store.Later
		if journal, known = tx.(store.Later); !known {
			return nil // AppendRecord is all there is
		}
		if err := errors.Join(journal.AppendLater(ctx, want[0]), journal.AppendLater(ctx, want[1])); err != nil {
			return err
		}
		last, err := tx.LastRecord(ctx, thisVisit)
		if err != nil || last.Seq != 3 {
			k.Errorf("after two records were appended later the last one is %d (error %v), want 3", last.Seq, err)
		}
		next := want[2]
		if err := tx.AppendRecord(ctx, &next); err != nil || next.Position <= last.Position {
			k.Errorf("the next one is at %d (error %v), behind one at %d", next.Position, err, last.Position)
		}
		return journal.AppendLater(ctx, want[3])
	})
	if !known {
		return
	}
	got := k.records(event.Query{Subject: thisVisit})[1:]
	for i := range got {
		got[i].Position = 0
	}
	if diff := differ(want, got); diff != "" {
		k.Errorf("records appended later (-want +got):\n%s", diff)
	}
	err := k.store.Update(k.ctx, func(ctx context.Context, tx store.Tx) error {
		return tx.(store.Later).AppendLater(ctx, record("again", thisVisit, 3))
	})
	if !errors.Is(err, fault.ErrStale) {
		k.Errorf("appending Seq 3 again, later, gave %v, want ErrStale", err)
	}
}

func findsLastRecord(k kit) {
	k.appended(record("a", thisVisit, 1), record("b", thatVisit, 1), record("c", thisVisit, 2), record("d", thisIssue, 9))
	k.update(func(ctx context.Context, tx store.Tx) error {
		expect := func(s event.Subject, id string) {
			k.Helper()
			if r, err := tx.LastRecord(ctx, s); err != nil || r.ID != id {
				k.Errorf("the last record of %v is %q (error %v), want %q", s, r.ID, err, id)
			}
		}
		expect(thisVisit, "c")
		expect(thatVisit, "b")
		expect(thisIssue, "d")
		r := record("e", thatVisit, 2)
		if err := tx.AppendRecord(ctx, &r); err != nil {
			return err
		}
		expect(thatVisit, "e")
		if _, err := tx.LastRecord(ctx, event.Subject{Type: "visit", ID: "nowhere"}); !errors.Is(err, fault.ErrNotFound) {
			k.Errorf("the last record of a subject without records gave %v, want ErrNotFound", err)
		}
		return nil
	})
}

func selectsRecords(k kit) {
	kinds := []string{"visit.planned", "visit.held", "visit.reported"}
	var written []event.Record
	for i := range 9 {
		subject := []event.Subject{thisVisit, thatVisit, thisIssue}[i%3]
		r := record(fmt.Sprint("r", i), subject, int64(i/3+1))
		r.Kind = kinds[i/3]
		written = append(written, k.appended(r)...)
	}
	for _, ask := range []struct {
		q    event.Query
		want []int
	}{
		{event.Query{}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}},
		{event.Query{Subject: thatVisit}, []int{1, 4, 7}},
		{event.Query{Subject: event.Subject{Type: "issue", ID: "b"}}, nil},
		{event.Query{Kinds: kinds[1:2]}, []int{3, 4, 5}},
		{event.Query{Kinds: []string{kinds[0], kinds[2], "none"}}, []int{0, 1, 2, 6, 7, 8}},
		{event.Query{After: written[4].Position}, []int{5, 6, 7, 8}},
		{event.Query{After: written[8].Position}, nil},
		{event.Query{After: written[8].Position + 100}, nil},
		{event.Query{Limit: 2}, []int{0, 1}},
		{event.Query{Subject: thisVisit, Kinds: kinds[1:], After: written[0].Position, Limit: 1}, []int{3}},
	} {
		var want, got []string
		for _, i := range ask.want {
			want = append(want, written[i].ID)
		}
		for _, r := range k.records(ask.q) {
			got = append(got, r.ID)
		}
		if diff := differ(want, got); diff != "" {
			k.Errorf("%+v (-want +got):\n%s", ask.q, diff)
		}
	}
}

func keepsChainsWhole(k kit) {
	const workers, rounds = 4, 5
	k.together(workers, func(worker int) error {
		for round := range rounds {
			if err := k.retry(func(ctx context.Context, tx store.Tx) error {
				last, err := tx.LastRecord(ctx, thisVisit)
				if err != nil && !errors.Is(err, fault.ErrNotFound) {
					return err
				}
				time.Sleep(time.Millisecond) // the others read as well
				r := event.Record{ID: fmt.Sprintf("%d-%d", worker, round), Subject: thisVisit, Kind: "visit.moved"}
				r.Seal(last)
				return tx.AppendRecord(ctx, &r)
			}); err != nil {
				return err
			}
		}
		return nil
	})
	records := k.records(event.Query{Subject: thisVisit})
	if len(records) != workers*rounds {
		k.Errorf("the chain has %d records, want %d", len(records), workers*rounds)
	}
	if breaks := event.Verify(records); len(breaks) != 0 {
		k.Errorf("the chain has breaks: %v", breaks)
	}
}
