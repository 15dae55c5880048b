package main

import (
	"context"
	"regexp"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/workers/redistest"
)

func TestTheJournalIsVerifiedFromTheCommandLine(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.call("journal", "verify").want(t, exitFailed)
	d.call("migrate").want(t, exitOK)
	d.call("journal").want(t, exitUsage, "journal verify")
	d.call("journal", "burn").want(t, exitUsage, "journal verify")
	d.call("journal", "verify").want(t, exitOK, "Records: 0, breaks: 0, checkpoints: 0")

	d.store(func(p *parts) {
		err := p.store.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			r := event.Record{ID: "r-1", Subject: event.Subject{Type: "visit", ID: "v-1"}, Kind: "visit.planned", Actor: "CC-017", Recorded: time.Now().Add(-3 * time.Hour)}
			r.Seal(event.Record{})
			return tx.AppendRecord(ctx, &r)
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.system.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	r := d.call("journal", "verify")
	r.want(t, exitOK, "Records: 2, breaks: 0, checkpoints: 1")
	head := regexp.MustCompile(`Last checkpoint: ([0-9a-f]{64})`).FindStringSubmatch(r.out)
	if head == nil {
		t.Fatalf("no checkpoint to write down: %s", r.out)
	}
	d.call("journal", "--expect", head[1], "verify").want(t, exitOK)
	d.call("journal", "--expect", "0000", "verify").want(t, exitFailed, "cut off")

	d.store(func(p *parts) { // somebody with access to the database
		if _, err := p.db.ExecContext(t.Context(), "DELETE FROM outreach_record WHERE subject_type = 'visit'"); err != nil {
			t.Fatal(err)
		}
	})
	d.call("journal", "verify").want(t, exitFailed, "journal/checkpoints, record 1: of 1 records up to position 1, 1 are missing", "does not hold")
}
