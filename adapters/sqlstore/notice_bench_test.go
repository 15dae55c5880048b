package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
)

// BenchmarkNotices takes batches of notices from their rows to accepted, through
// Dispatch, Claim and Settle, and says what each costs PostgreSQL: time of its
// processes (from /proc), bytes of WAL, how many of the updates of notices were
// heap-only (HOT), and how many rows were written to heaps. OUTREACH_POSTGRES
// names a server on this machine; without it one is started.
func BenchmarkNotices(b *testing.B) {
	for _, batch := range []int{50, 500} {
		b.Run(strconv.Itoa(batch), func(b *testing.B) { deliverNotices(b, batch) })
	}
}

const (
	noticeRecipients = 500
	pastNotices      = 20_000
)

func deliverNotices(b *testing.B, batch int) {
	ctx := b.Context()
	db := databases[1].create(b)()
	now := present
	own, err := notify.ParseTemplates(fstest.MapFS{"post.txt": {Data: []byte("fields: label place\n" +
		"--- vi sms\nHVCS: {{honorific}} {{given}} xem {{label}} tại {{place}}.\n--- vi subject\nXem {{label}}\n" +
		"--- vi text\nKính gửi {{recipient}},\n\nXem {{label}} tại {{place}}.\n--- vi item\nXem {{label}}\n" +
		"--- en sms\nSee {{label}} at {{place}}.\n--- en subject\nSee {{label}}\n--- en text\nSee {{label}} at {{place}}.\n--- en item\nSee {{label}}\n")}})
	must(b, err)
	var st *Store
	district(b, db, Postgres, noticeRecipients, 100, atPresent, func(s *Store) store.Store { st = s; return s })
	must(b, st.Update(ctx, func(ctx context.Context, t store.Tx) error {
		var h history
		for i := range pastNotices {
			h.add(1000 + i)
		}
		return errors.Join(notices.insertAll(ctx, t.(*tx), h.notices), attempts.insertAll(ctx, t.(*tx), h.attempts))
	}))
	exec(b, db, "VACUUM ANALYZE")
	ids := 0
	sys, err := core.New(st, policy.Default(), &core.Options{Clock: func() time.Time { return now }, Calendar: calendar.WeekdaysOnly("c"), Series: "XL", Templates: own,
		NewID: func() string { ids++; return orderedID(now, ids) }})
	must(b, err)
	provider := notify.Capabilities{Name: "gateway", Channel: notify.SMS, Timeout: 10 * time.Second, Parallel: 16}

	meter := newPostgresMeter(b, db)
	steps := map[string]cost{}
	measure := func(step string, fn func()) {
		before := meter.read(b)
		fn()
		steps[step] = steps[step].plus(meter.read(b).minus(before))
	}
	before := meter.tables(b)
	rounds := 0
	for b.Loop() {
		rounds++
		now = now.AddDate(0, 0, 1) // the cap of the day
		for now.Weekday() == time.Saturday || now.Weekday() == time.Sunday {
			now = now.AddDate(0, 0, 1)
		}
		var all []*notify.Notice
		for i := range noticeRecipients {
			ids++
			id := orderedID(now, ids)
			all = append(all, &notify.Notice{ID: notify.ID(id), Key: "visit.reminder/" + id + "/1/sms", Template: "post", Subject: event.Subject{Type: "visit", ID: id}, Moot: "visit/" + id,
				To: org.Party{Role: org.Official, Person: officialID(i), Team: "T-0000"}, Audience: notify.ToOfficial, Channel: notify.SMS, Class: notify.Duty,
				Owner: "T-0000", Priority: notify.Normal, OnUnknown: notify.Hold, Vars: map[string]string{"label": "XL-17-0142", "place_id": string(hamletID(i))},
				NotBefore: now, Expires: now.AddDate(0, 0, 2), State: notify.Pending, NextAt: now, Created: now})
		}
		for from := 0; from < noticeRecipients; from += batch {
			measure("insert", func() {
				must(b, st.Update(ctx, func(ctx context.Context, t store.Tx) error {
					return notices.insertAll(ctx, t.(*tx), all[from:from+batch])
				}))
			})
		}
		for went := 0; went < noticeRecipients; {
			var d core.Dispatched
			measure("dispatch", func() { d, err = sys.DispatchWithin(ctx, "relay", batch, core.Room{Backlog: rounds > 1}) })
			must(b, err)
			var ds []core.Delivery
			measure("claim", func() { ds, err = sys.Claim(ctx, "worker", provider, d.Tickets) })
			must(b, err)
			settled := make([]core.Settled, len(ds))
			for i, one := range ds {
				settled[i] = core.Settled{Delivery: one, Outcome: notify.Outcome{Result: notify.ResultAccepted, ProviderID: "g-" + string(one.Ticket.ID)}}
			}
			measure("settle", func() { must(b, sys.Settle(ctx, settled)) })
			if went += len(ds); len(ds) == 0 {
				b.Fatalf("after %d of %d nothing went", went, noticeRecipients)
			}
		}
	}
	n := float64(rounds * noticeRecipients)
	var total cost
	for step, c := range steps {
		b.ReportMetric(float64(c.cpu.Microseconds())/n, "µs-"+step)
		b.ReportMetric(float64(c.wal)/n, "WAL-"+step)
		total = total.plus(c)
	}
	b.ReportMetric(float64(total.cpu.Microseconds())/n, "µs/notice")
	b.ReportMetric(float64(total.wal)/n, "WAL/notice")
	time.Sleep(1200 * time.Millisecond) // until the backends have told their counts
	after := meter.tables(b)
	for table, a := range after {
		if d := a.updated - before[table].updated; d > 0 && float64(d) > n/2 {
			b.ReportMetric(100*float64(a.hot-before[table].hot)/float64(d), "%HOT-"+strings.TrimPrefix(table, "outreach_"))
		}
	}
}

// orderedID is an id as the programme makes them: ordered by time.
func orderedID(at time.Time, n int) string {
	return fmt.Sprintf("%012x", at.UnixMilli())[:8] + "-" + fmt.Sprintf("%012x", at.UnixMilli())[8:] + fmt.Sprintf("-7%03x-8000-%012x", n%4096, n)
}

// cost is what something cost PostgreSQL.
type cost struct {
	cpu time.Duration
	wal int64 // bytes
}

func (c cost) plus(d cost) cost  { return cost{c.cpu + d.cpu, c.wal + d.wal} }
func (c cost) minus(d cost) cost { return cost{c.cpu - d.cpu, c.wal - d.wal} }

// postgresMeter reads what a server on this machine has spent.
type postgresMeter struct {
	db  *sql.DB
	pid int
}

func newPostgresMeter(b *testing.B, db *sql.DB) postgresMeter {
	text := selectAll(b, db, "SELECT pg_read_file('postmaster.pid')")[0]
	first, _, _ := strings.Cut(text, "\n")
	pid, err := strconv.Atoi(first)
	must(b, err)
	m := postgresMeter{db, pid}
	if m.read(b).cpu == 0 {
		b.Skip("no /proc that says what processes took")
	}
	return m
}

// read sums up the server's processes.
func (m postgresMeter) read(b *testing.B) cost {
	var c cost
	must(b, m.db.QueryRowContext(b.Context(), "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").Scan(&c.wal))
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", m.pid))
	must(b, err)
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, child := range strings.Fields(string(text)) {
			stat, err := os.ReadFile("/proc/" + child + "/schedstat") // nanoseconds on a processor come first
			if err != nil {
				continue
			}
			ns, _ := strconv.ParseInt(strings.Fields(string(stat))[0], 10, 64)
			c.cpu += time.Duration(ns)
		}
	}
	return c
}

type tableCounts struct{ updated, hot int64 }

func (m postgresMeter) tables(b *testing.B) map[string]tableCounts {
	rows, err := m.db.QueryContext(b.Context(), "SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables")
	must(b, err)
	defer rows.Close()
	counts := map[string]tableCounts{}
	for rows.Next() {
		var name string
		var c tableCounts
		must(b, rows.Scan(&name, &c.updated, &c.hot))
		counts[name] = c
	}
	must(b, rows.Err())
	return counts
}
