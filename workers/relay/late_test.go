package relay_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hibiken/asynq"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/relay"
	"github.com/huongvecoso/outreach/workers/sweep"
	"github.com/huongvecoso/outreach/workers/task"
)

// moody is a queue with one worker, which sends what it is handed at once. While it
// is full it refuses everything.
type moody struct {
	sys     *core.System
	mu      sync.Mutex
	full    bool
	refused int
}

func (q *moody) be(full bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.full = full
}

func (q *moody) EnqueueContext(ctx context.Context, t *asynq.Task, _ ...asynq.Option) (*asynq.TaskInfo, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.full {
		q.refused++
		return nil, errors.New("OOM command not allowed when used memory > 'maxmemory'")
	}
	tickets, err := task.Parse(t)
	if err != nil {
		return nil, err
	}
	by := notify.Capabilities{Name: "any", Channel: tickets[0].Channel, Timeout: time.Second}
	ds, err := q.sys.Claim(ctx, "worker", by, tickets)
	if err != nil {
		return nil, err
	}
	settled := make([]core.Settled, len(ds))
	for i, d := range ds {
		settled[i] = core.Settled{Delivery: d, Outcome: notify.Outcome{Result: notify.ResultAccepted, ProviderID: string(d.Ticket.ID)}}
	}
	return nil, q.sys.Settle(ctx, settled)
}

// A relay that puts off again and again what the queue refuses does not keep from
// whoever watches how late it is.
func TestAQueueThatRefusesForElevenMinutesRaisesTheAlarmOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		morning := time.Date(2017, 3, 15, 9, 0, 0, 0, calendar.Zone())
		now := func() time.Time { return morning.Add(time.Since(began)) }
		templates, err := outboxtest.Templates()
		if err != nil {
			t.Fatal(err)
		}
		db := memstore.New()
		sys, err := core.New(db, policy.Default(), &core.Options{Clock: now, Templates: templates})
		if err != nil {
			t.Fatal(err)
		}
		if err := outboxtest.People(t.Context(), db, 3); err != nil {
			t.Fatal(err)
		}
		q := &moody{sys: sys, full: true}
		var seen sync.Mutex
		var found []time.Time // when the watch found the outbox late
		sweeper := sweep.New(sys, &sweep.Options{Every: -1, Watch: time.Minute, Watched: func(w core.Watched) {
			seen.Lock()
			defer seen.Unlock()
			if slices.Contains(w.Late, "outbox") {
				found = append(found, now())
			}
		}})
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = relay.New(sys, q, "relay-1", nil).Run(ctx) })
		running.Go(func() { _ = sweeper.Run(ctx) })
		defer running.Wait()
		defer stop()

		for i := range 3 { // one after the other becomes due
			if err := outboxtest.Add(t.Context(), db, outboxtest.Notice(i, notify.SMS, now())); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3*time.Minute + 50*time.Second)
		}
		count := func(q notify.Query) (n int) {
			t.Helper()
			err := sys.View(t.Context(), org.System(), func(ctx context.Context, w *core.Work) error {
				all, err := w.Notices.List(ctx, q)
				n = len(all)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		seen.Lock()
		if len(found) != 1 || found[0].Sub(morning) <= 10*time.Minute {
			t.Errorf("the watch found the outbox late at %v, want it in the eleventh minute", found)
		}
		seen.Unlock()
		if told := count(notify.Query{Template: "delivery.late", Channel: notify.SMS}); told != 1 {
			t.Errorf("%d SMS tell of it, want one", told)
		}
		if q.refused < 11*60/5 {
			t.Errorf("%d tasks were refused: nothing was shown", q.refused)
		}

		q.be(false)
		time.Sleep(10 * time.Second)
		if sent := count(notify.Query{Template: outboxtest.Template, States: []notify.State{notify.Accepted}}); sent != 3 {
			t.Errorf("%d of 3 go out when the queue takes them again", sent)
		}
		over := now()
		time.Sleep(15 * time.Minute)
		seen.Lock()
		defer seen.Unlock()
		if slices.ContainsFunc(found, over.Before) {
			t.Errorf("it was over at %v, and the alarm goes on: %v", over, found)
		}
	})
}
