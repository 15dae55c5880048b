package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// BenchmarkGrowth times what is done every day in the same district with more and
// more history behind it. OUTREACH_HISTORY names the largest number of visits,
// each with one of everything that comes of a visit; it is 20,000 if not set.
func BenchmarkGrowth(b *testing.B) {
	most := 20_000
	if n, err := strconv.Atoi(os.Getenv("OUTREACH_HISTORY")); err == nil {
		most = n
	}
	for _, kind := range databases {
		for n := 2000; n <= most; n *= 10 {
			b.Run(fmt.Sprintf("%s/%d", kind.dialect, n), func(b *testing.B) { grown(b, kind.create(b)(), kind.dialect, n) })
		}
	}
}

func grown(b *testing.B, handle *sql.DB, d Dialect, n int) {
	now := present
	var db *Store
	sys := district(b, handle, d, 20, n, func() time.Time { return now }, func(st *Store) store.Store {
		db = st
		return st
	})
	ctx, month := b.Context(), calendar.MonthOf(calendar.DateOf(present))
	look := func(fn func(context.Context, *core.Work) error) func() error {
		return func() error { return sys.View(ctx, org.Actor{Person: "VP"}, fn) }
	}
	if _, err := sys.Sweep(ctx); err != nil { // the day's routines
		b.Fatal(err)
	}
	woken := 0
	for _, task := range []struct {
		name    string
		prepare func() error
		run     func() error
	}{
		{"sweep of 100", func() error { woken++; return wake(ctx, db, woken, now) }, func() error {
			swept, err := sys.Sweep(ctx)
			if err == nil && swept.Duties < 100 {
				err = fmt.Errorf("%d duties were swept", swept.Duties)
			}
			return err
		}},
		{"red list", nil, look(func(ctx context.Context, w *core.Work) error { _, err := w.Duties.RedList(ctx); return err })},
		{"coverage", nil, look(func(ctx context.Context, w *core.Work) error { _, err := w.Programme.Coverage(ctx, month); return err })},
		{"month", nil, look(func(ctx context.Context, w *core.Work) error { _, _, err := w.Reports.Month(ctx, month); return err })},
		{"by phone", nil, func() error {
			return sys.Update(ctx, org.Actor{Person: "VP"}, func(ctx context.Context, w *core.Work) error {
				_, err := w.Privacy.OnPhone(ctx, "+84910000001")
				return err
			})
		}},
	} {
		b.Run(task.name, func(b *testing.B) {
			for b.Loop() {
				if task.prepare != nil {
					b.StopTimer()
					if err := task.prepare(); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
				if err := task.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// wake adds a hundred duties whose next step is due.
func wake(ctx context.Context, st *Store, round int, now time.Time) error {
	return st.Update(ctx, func(ctx context.Context, t store.Tx) error {
		var all []*duty.State
		today := calendar.DateOf(now)
		for i := range 100 {
			id := fmt.Sprintf("due-%04d-%03d", round, i)
			all = append(all, &duty.State{ID: duty.ID(id), Kind: duty.MonthPlan, Subject: event.Subject{Type: "month_plan", ID: id}, Label: "2017-04",
				Holder: org.Party{Role: org.Official, Person: officialID(i % 20), Team: "T-0000"}, Start: today.Add(-9), Days: 0, Given: today.Add(1), Due: today.Add(1),
				Policy: "1", Calendar: "c/1", Status: duty.Running, WakeAt: now.Add(-time.Minute), Opened: now.AddDate(0, 0, -9)})
		}
		return duties.insertAll(ctx, t.(*tx), all)
	})
}
