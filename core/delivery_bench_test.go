package core_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
)

// BenchmarkDelivery takes 500 notices to 500 people from their rows to accepted:
// Dispatch, Claim and Settle, each one transaction, on the reference store.
func BenchmarkDelivery(b *testing.B) {
	const batch = 500
	ctx := b.Context()
	st, now := memstore.New(), civil("2017-03-15 10:00")
	sys, err := core.New(st, policy.Default(), &core.Options{
		Clock: func() time.Time { return now }, Calendar: calendar.WeekdaysOnly("bench"), Templates: postTemplates(b),
	})
	if err != nil {
		b.Fatal(err)
	}
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	must(st.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		naming := org.Naming{Valid: days("2000-01-01", "2099-12-31"), Kind: "ap", Name: "Bình Minh"}
		if err := tx.PutPlace(ctx, &org.Place{ID: "AP-01", Names: []org.Naming{naming}}); err != nil {
			return err
		}
		for i := range batch {
			p := org.Person{ID: org.PersonID(fmt.Sprintf("P-%03d", i)), FullName: "Trần Thị Lan", Phone: fmt.Sprintf("+8490000%04d", i), PhoneSMS: true}
			if err := tx.PutPerson(ctx, &p); err != nil {
				return err
			}
		}
		return nil
	}))
	provider := notify.Capabilities{Name: "gateway", Channel: notify.SMS, Timeout: 10 * time.Second, Parallel: 16}
	var relay, claim, settle time.Duration
	round := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		round++
		now = now.Add(24 * time.Hour) // the cap of the day
		must(st.Update(ctx, func(ctx context.Context, tx store.Tx) error {
			for i := range batch {
				n := notify.Notice{
					ID: notify.ID(fmt.Sprintf("%d-%d", round, i)), Key: fmt.Sprintf("%d/%d/sms", round, i), Template: "post", State: notify.Pending,
					Subject: event.Subject{Type: "visit", ID: fmt.Sprint(i)}, To: org.Party{Person: org.PersonID(fmt.Sprintf("P-%03d", i)), Team: "T"},
					Audience: notify.ToOfficial, Channel: notify.SMS, Class: notify.Duty, Priority: notify.Normal, OnUnknown: notify.Hold,
					Vars: map[string]string{"label": "XL-17-0142", "place_id": "AP-01"}, NotBefore: now, NextAt: now, Created: now,
				}
				if _, err := tx.AddNotice(ctx, &n); err != nil {
					return err
				}
			}
			return nil
		}))
		b.StartTimer()

		start := time.Now()
		d, err := sys.Dispatch(ctx, "relay", batch)
		must(err)
		relay += time.Since(start)
		start = time.Now()
		ds, err := sys.Claim(ctx, "worker", provider, d.Tickets)
		must(err)
		claim += time.Since(start)
		settled := make([]core.Settled, len(ds))
		for i, one := range ds {
			settled[i] = core.Settled{Delivery: one, Outcome: notify.Outcome{Result: notify.ResultAccepted, ProviderID: string(one.Ticket.ID)}}
		}
		start = time.Now()
		must(sys.Settle(ctx, settled))
		settle += time.Since(start)
		if len(ds) != batch {
			b.Fatalf("%d of %d went", len(ds), batch)
		}
	}
	n := float64(b.N) * batch
	b.ReportMetric(float64(relay.Nanoseconds())/n, "ns/dispatched")
	b.ReportMetric(float64(claim.Nanoseconds())/n, "ns/claimed")
	b.ReportMetric(float64(settle.Nanoseconds())/n, "ns/settled")
}
