package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// The stores that are measured. PostgreSQL and SQLite wait for the disk here as
// they do in use (the server of pgtest does not: its fsync is off).
var measured = []struct {
	name string
	open func(b *testing.B) store.Store
}{
	{"memory", func(*testing.B) store.Store { return memstore.New() }},
	{"sqlite", func(b *testing.B) store.Store {
		return migrated(b, openDB(b, "sqlite", sqlstore.SQLiteDSN(sqliteFile(b))), sqlstore.SQLite, nil)
	}},
	{"sqlite, synchronous normal", func(b *testing.B) store.Store {
		return migrated(b, openDB(b, "sqlite", sqlstore.SQLiteDSN(sqliteFile(b))+"&_pragma=synchronous(NORMAL)"), sqlstore.SQLite, nil)
	}},
	{"postgres", func(b *testing.B) store.Store { return migrated(b, benchPostgres(b), sqlstore.Postgres, nil) }},
}

func benchPostgres(b *testing.B) *sql.DB {
	db := openDB(b, "pgx", pgtest.Database(b))
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	return db
}

var noon = time.Date(2017, time.March, 1, 5, 0, 0, 0, time.UTC)

// planned writes what planning one visit writes: the visit, its duty, a notice
// and a record of the journal.
func planned(ctx context.Context, tx store.Tx, n int64) error {
	id := fmt.Sprintf("%012d", n)
	day := calendar.MustDate(2017, time.March, 1).Add(int(n % 365))
	v := visit.State{ID: visit.ID(id), Kind: visit.Regular, Place: org.PlaceID(fmt.Sprint("p", n%800)), Team: "t", Official: org.PersonID(fmt.Sprint("o", n%400)),
		Planned: day, At: calendar.MustTimeOfDay(19, 0), Venue: "Nhà văn hóa ấp", Status: visit.Planned, Recorded: noon}
	subject := event.Subject{Type: "visit", ID: id}
	d := duty.State{ID: duty.ID(id), Kind: duty.Visit, Subject: subject, Place: v.Place, Holder: org.Party{Role: org.Official, Person: v.Official},
		Start: day, Due: day, Status: duty.Running, Policy: "1", Calendar: "VN-XL-2017/1", WakeAt: noon.AddDate(0, 0, int(n%365)), Opened: noon}
	if err := tx.PutVisit(ctx, &v); err != nil {
		return err
	}
	if err := tx.PutDuty(ctx, &d); err != nil {
		return err
	}
	if _, err := tx.AddNotice(ctx, waiting(n)); err != nil {
		return err
	}
	r := event.Record{ID: id, Subject: subject, Kind: "visit.planned", Actor: "leader", Role: string(org.TeamLeader), Place: string(v.Place),
		Happened: noon, Recorded: noon, Policy: "1", Calendar: "VN-XL-2017/1", Data: []byte(`{"visit":"` + id + `","planned":"` + day.String() + `"}`)}
	r.Seal(event.Record{})
	return tx.AppendRecord(ctx, &r)
}

// waiting returns a notice that is due at noon.
func waiting(n int64) *notify.Notice {
	id := fmt.Sprintf("%012d", n)
	return &notify.Notice{ID: notify.ID(id), Key: "visit.reminder/" + id, Template: "visit.reminder", Subject: event.Subject{Type: "visit", ID: id},
		Duty: id, Moot: "visit/" + id, To: org.Party{Role: org.Official, Person: "o"}, Audience: notify.ToOfficial, Channel: notify.SMS, Class: notify.Duty,
		Priority: notify.Normal, OnUnknown: notify.Hold, Vars: map[string]string{"visit": "XL-17-0001", "date": "2017-03-01", "place": "ấp Suối Cát"},
		NotBefore: noon, Expires: noon.AddDate(0, 0, 2), State: notify.Pending, NextAt: noon, Created: noon}
}

func BenchmarkUnitOfWork(b *testing.B) {
	for _, m := range measured {
		for _, writers := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/%d writers", m.name, writers), func(b *testing.B) {
				st := m.open(b)
				var n atomic.Int64
				b.SetParallelism((writers + 1) / 2)
				write := func() {
					i := n.Add(1)
					if err := st.Update(b.Context(), func(ctx context.Context, tx store.Tx) error { return planned(ctx, tx, i) }); err != nil {
						b.Error(err)
					}
				}
				b.ResetTimer()
				if writers == 1 {
					for b.Loop() {
						write()
					}
				} else {
					b.RunParallel(func(pb *testing.PB) {
						for pb.Next() {
							write()
						}
					})
				}
				b.ReportMetric(float64(n.Load())/b.Elapsed().Seconds(), "units/s")
			})
		}
	}
}

func BenchmarkClaimOf500(b *testing.B) {
	for _, m := range measured {
		b.Run(m.name, func(b *testing.B) {
			st := m.open(b)
			next := int64(0)
			b.StopTimer()
			for i := 0; i < b.N; i++ {
				fill(b, st, &next, 500)
				b.StartTimer()
				claim(b, st, 500)
				b.StopTimer()
			}
			b.ReportMetric(500*float64(b.N)/b.Elapsed().Seconds(), "notices/s")
		})
	}
}

// fill adds n due notices.
func fill(b *testing.B, st store.Store, next *int64, n int) {
	b.Helper()
	if err := st.Update(b.Context(), func(ctx context.Context, tx store.Tx) error {
		for range n {
			*next++
			if _, err := tx.AddNotice(ctx, waiting(*next)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
}

// claim queues n due notices.
func claim(b *testing.B, st store.Store, n int) {
	b.Helper()
	if err := st.Update(b.Context(), func(ctx context.Context, tx store.Tx) error {
		due, err := tx.DueNotices(ctx, noon, n)
		if err != nil {
			return err
		}
		if len(due) != n {
			return fmt.Errorf("%d are due, want %d", len(due), n)
		}
		changed := make([]*notify.Notice, len(due))
		for i := range due {
			due[i].State, due[i].Generation, due[i].NextAt = notify.Queued, due[i].Generation+1, noon.Add(2*time.Minute)
			changed[i] = &due[i]
		}
		return tx.PutNotices(ctx, changed)
	}); err != nil {
		b.Fatal(err)
	}
}
