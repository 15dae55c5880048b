package faulttest

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/outboxtest"
	"github.com/huongvecoso/outreach/workers/task"
)

// Words in a text at which a poisoned sender ends badly.
const (
	panics = "XL-" + "panic"
	kills  = "XL-" + "kill"
)

// poisoned is an adapter with two bugs.
type poisoned struct{ notify.Sender }

func (p poisoned) Send(ctx context.Context, m notify.Message) notify.Outcome {
	switch m.Params["label"] {
	case panics:
		panic("a bug of the adapter")
	case kills:
		os.Exit(7)
	}
	return p.Sender.Send(ctx, m)
}

// poison puts what nobody can read into Redis, where asynq keeps its tasks and
// its leases, and notices into the outbox that panic, that have no text, and
// that kill whoever takes them.
func poison(r *run) {
	s := r.quiet(setup{speed: 60})
	s.orders.Poisoned, s.others = true, true
	c := s.client()
	queue := task.Queue("outreach", notify.SMS, notify.Normal)
	garbage := func(id, msg string) {
		prefix := "asynq:{" + queue + "}:"
		err := c.HSet(s.t.Context(), prefix+"t:"+id, "msg", msg, "state", "pending").Err()
		if err == nil {
			err = c.LPush(s.t.Context(), prefix+"pending", id).Err()
		}
		if err == nil {
			err = c.ZAdd(s.t.Context(), prefix+"lease", redis.Z{Score: float64(time.Now().Add(-time.Hour).Unix()), Member: id}).Err()
		}
		if err != nil {
			r.Error(err)
		}
	}
	garbage("no-protobuf", "\xff\xfe\x00 nobody can decode this")
	garbage("empty", "")
	client := asynq.NewClient(asynq.RedisClientOpt{Addr: s.redis.Addr})
	defer client.Close()
	for kind, payload := range map[string]string{task.Kind: `{"tickets":`, task.Kind + ":v9": `{"v":9}`, "nobody:knows": `{}`} {
		if _, err := client.Enqueue(asynq.NewTask(kind, []byte(payload)), asynq.Queue(queue)); err != nil {
			r.Error(err)
		}
	}
	bad := []string{panics, kills, ""}
	for _, label := range bad {
		n := outboxtest.Notice(len(s.added), notify.SMS, s.sys.Now())
		n.OnUnknown = notify.Resend
		n.Vars = map[string]string{"label": label}
		ends := []notify.State{notify.Dead}
		if label == "" {
			n.Template = "nobody.wrote.this"
		}
		s.added = append(s.added, expected{n, letterC, ends})
		s.commit(n)
	}
	for range r.notices - len(bad) {
		s.addOne(notify.SMS, letterC)
	}
	s.begin(r.workers)
	s.calm(r.patience)
	r.judge(s, true)
	notices, _, _ := s.read()
	for _, e := range s.added[:len(bad)] {
		n := notices[e.ID]
		most := 6
		if e.Vars["label"] == panics { // its workers live: each call is an attempt, and those are counted
			most = 9
		}
		if n.State != notify.Dead || n.Claims > most {
			r.Errorf("%q is %s after %d claims: %s", e.Vars["label"], n.State, n.Claims, n.Why)
		}
	}
	if s.crashes == 0 || s.crashes > 6 {
		r.Errorf("%d workers died of it, want some and 6 at most", s.crashes)
	}
	r.note(fmt.Sprintf("%d workers died of it", s.crashes))
}
