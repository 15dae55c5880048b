package main

import (
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/redistest"
)

// A worker that looks into the outbox once an hour carries at once what another
// process has committed, because that one rings through PostgreSQL.
func TestAWorkerHearsOfNoticesThatAnotherProcessCommits(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.set("OUTREACH_DATABASE", pgtest.Database(t))
	d.set("OUTREACH_WORKERS_POLL", "1h")
	d.set("OUTREACH_WORKERS_SWEEP", "-1s")
	d.set("OUTREACH_WORKERS_RECOVER", "1h")
	d.fill(1)
	worker := d.run()
	until(t, "what was there at its start is sent", func() bool { return len(d.mail.Ledger()) == 1 })
	d.store(func(p *parts) {
		one := outboxtest.Notice(1, notify.Email, time.Now())
		one.Template, one.Priority, one.Vars, one.To.Person = "calendar.ending", notify.Critical, nil, outboxtest.Person(0)
		if err := outboxtest.Add(t.Context(), p.store, one); err != nil {
			t.Fatal(err)
		}
		p.wake()
	})
	until(t, "what another process committed is sent", func() bool { return len(d.mail.Ledger()) == 2 })
	worker.end()
}
