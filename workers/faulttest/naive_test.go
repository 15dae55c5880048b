package faulttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hibiken/asynq"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
)

// The baseline: a worker as most are written. Its task holds the message, its
// handler calls the gateway and returns the error, and there is no outbox.
var baselineRows = []row{
	{"naive", "worker killed mid-send", func(r *run) { naive(r, false) }},
	{"naive", "the same, and Redis emptied once", func(r *run) { naive(r, true) }},
}

const naiveKind = "naive:sms"

// naiveWorker is the whole of the baseline's worker.
func naiveWorker(o orders) error {
	server := asynq.NewServer(asynq.RedisClientOpt{Addr: o.Redis}, asynq.Config{
		Concurrency: 20, TaskCheckInterval: 20 * time.Millisecond, DelayedTaskCheckInterval: 200 * time.Millisecond, LogLevel: asynq.FatalLevel,
		RetryDelayFunc: func(int, error, *asynq.Task) time.Duration { return time.Second },
	})
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM) // server.Run would hear signals some time after it began
	err := server.Start(asynq.HandlerFunc(func(ctx context.Context, t *asynq.Task) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, o.SMS, bytes.NewReader(t.Payload()))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			return errors.New(response.Status)
		}
		return nil
	}))
	if err != nil {
		return err
	}
	fmt.Print(readyLine)
	<-told
	server.Shutdown()
	return nil
}

// naive does to the baseline what rows F1 and F3 do to ours, over the same
// gateway and the same ledger.
func naive(r *run, emptied bool) {
	s := r.quiet(setup{delay: 150 * time.Millisecond, speed: 1})
	s.orders.Naive = true
	queue := asynq.NewClient(asynq.RedisClientOpt{Addr: s.redis.Addr})
	defer queue.Close()
	for i := range r.notices {
		body, err := json.Marshal(map[string]string{
			"client_id": string(outboxtest.ID(i)), "sender": "XUANLOC", "to": outboxtest.Phone(i), "text": "HVCS: xem XL-" + string(outboxtest.ID(i)), "class": "DH",
		})
		if err == nil {
			_, err = queue.Enqueue(asynq.NewTask(naiveKind, body), asynq.TaskID(string(outboxtest.ID(i))))
		}
		if err != nil {
			r.Fatal(err)
		}
		s.added = append(s.added, expected{Notice: outboxtest.Notice(i, notify.SMS, s.sys.Now())})
	}
	s.begin(r.workers)
	for s.flushes == 0 && s.kills < 4 && s.killAfterCall(r.patience) {
		if s.kills == 2 && emptied {
			flush(s) // nothing comes any more
		}
	}
	s.searched(r)
	f := &figures{scenario: r.id, policy: "–", notices: r.notices}
	var late []time.Duration
	taken := s.taken()
	for _, e := range s.added {
		copies := taken[e.ID]
		if len(copies) == 0 {
			f.l++
			continue
		}
		f.d += len(copies) - 1
		late = append(late, copies[0].Sub(e.NotBefore))
	}
	f.du, f.t95 = f.d, percentile95(late)
	r.found = append(r.found, f)
	r.note(fmt.Sprintf("baseline, %d kills, %d FLUSHALL", s.kills, s.flushes))
	if f.d == 0 && !emptied {
		r.Error("the baseline doubled nothing: the harness does not see it")
	}
	if emptied == (f.l == 0) {
		r.Errorf("Redis emptied: %v, and %d are lost: the harness does not see it", emptied, f.l)
	}
}

// killAfterCall kills a worker that runs, as soon as the gateway has taken one more
// message and before it says so. It does nothing where none comes within patience.
func (s *stage) killAfterCall(patience time.Duration) bool {
	before := len(s.sms.Ledger())
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if len(s.sms.Ledger()) == before {
			continue
		}
		for _, i := range s.random.Perm(len(s.workers)) {
			select {
			case <-s.workers[i].ready:
				s.killNumber(i)
				return true
			default:
			}
		}
	}
	return false
}

// searched lets asynq find what the killed workers held, and waits for it.
func (s *stage) searched(r *run) {
	c := s.client()
	for end := time.Now().Add(r.patience); time.Now().Before(end); {
		left, err := c.Keys(s.t.Context(), "asynq:*:t:*").Result()
		if err == nil && len(left) == 0 {
			return
		}
		time.Sleep(500 * time.Millisecond) // what runs now is done by then
		for _, w := range s.workers {
			if err := w.stop(); err != nil {
				r.Error(err)
			}
		}
		s.expireLeases()
		for i := range s.workers {
			s.start(i)
		}
		time.Sleep(2500 * time.Millisecond)
	}
}
