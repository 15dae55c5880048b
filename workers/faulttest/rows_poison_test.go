package faulttest

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/task"
)

// Words in a text at which a poisoned sender ends badly.
const (
	panics = "XL-" + "panic"
	kills  = "XL-" + "kill"
	hangs  = "XL-" + "hang"
)

// poisoned is an adapter with three bugs.
type poisoned struct{ notify.Sender }

func (p poisoned) Send(ctx context.Context, m notify.Message) notify.Outcome {
	switch m.Params["label"] {
	case panics:
		panic("a bug of the adapter")
	case kills:
		os.Exit(7)
	case hangs:
		select {} // it does not even look at ctx
	}
	return p.Sender.Send(ctx, m)
}

// poison puts what nobody can read into Redis, where asynq keeps its tasks and
// its leases, and notices into the outbox that panic, that have no text, and
// that kill whoever takes them. The others must hardly notice: as many of them go
// out while they are added as on a stage without all that.
func poison(r *run) {
	control := r.poisonStage()
	control.storm(r.profile)
	r.judge(control, false)
	asUsual := control.inTime(control.added, r.profile)
	control.close()

	s := r.poisonStage()
	s.poisonRedis()
	bad := s.poisonOutbox(panics, kills, "")
	r.patience = max(r.patience, 5*time.Minute) // a killer is given six leases, however slow the machine
	s.storm(r.profile)
	r.judge(s, true)
	rules, most := policy.Default().Notices, 0
	notices, _, _ := s.read()
	for _, e := range s.added[:bad] {
		n := notices[e.ID]
		if n.State != notify.Dead || n.Claims > rules.MaxClaims+1 {
			r.Errorf("%q is %s after %d claims, want dead after %d: %s", e.Vars["label"], n.State, n.Claims, rules.MaxClaims+1, n.Why)
		}
		most = max(most, n.Claims)
	}
	beside := 0
	for _, e := range s.added[bad:] {
		n := notices[e.ID]
		beside = max(beside, n.Unanswered())
	}
	if s.crashes == 0 || s.crashes > rules.MaxClaims+1 {
		r.Errorf("%d workers died of it, want some and %d at most", s.crashes, rules.MaxClaims+1)
	}
	share := 100 * s.inTime(s.added[bad:], r.profile) / asUsual
	if r.full() && share < 95 {
		r.Errorf("while it was there %.1f %% of the others went out in time, want 95 %% of what goes without it", share)
	}
	r.note(fmt.Sprintf("dead after %d claims at most, %d workers died of it, others lost up to %d claims beside it, their throughput %.1f %% of the control's", most, s.crashes, beside, share))
}

// poisonStage is one with buggy adapters and running workers.
func (r *run) poisonStage() *stage {
	r.Helper()
	s := r.quiet(setup{speed: 60})
	s.orders.Poisoned, s.others = true, true
	s.begin(r.workers)
	return s
}

// inTime is the share of notices that went out within the time of the storm in
// which they were added.
func (s *stage) inTime(of []expected, p profile) float64 {
	s.t.Helper()
	end, in, taken := s.stormed.Add(p.duration*time.Duration(s.orders.Clock.Speed)), 0, s.taken()
	for _, e := range of {
		if copies := taken[e.ID]; len(copies) > 0 && copies[0].Before(end) {
			in++
		}
	}
	return float64(in) / float64(len(of))
}

// poisonRedis puts in what no worker can read.
func (s *stage) poisonRedis() {
	s.t.Helper()
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
			s.t.Error(err)
		}
	}
	garbage("no-protobuf", "\xff\xfe\x00 nobody can decode this")
	garbage("empty", "")
	client := asynq.NewClient(asynq.RedisClientOpt{Addr: s.redis.Addr})
	defer client.Close()
	for kind, payload := range map[string]string{task.Kind: `{"tickets":`, task.Kind + ":v9": `{"v":9}`, "nobody:knows": `{}`} {
		if _, err := client.Enqueue(asynq.NewTask(kind, []byte(payload)), asynq.Queue(queue)); err != nil {
			s.t.Error(err)
		}
	}
}

// poisonOutbox commits one notice for each label, whose text nobody wrote where
// it has none, and returns how many.
func (s *stage) poisonOutbox(labels ...string) int {
	s.t.Helper()
	for _, label := range labels {
		n := outboxtest.Notice(len(s.added), notify.SMS, s.sys.Now())
		n.OnUnknown = notify.Resend
		n.Vars = map[string]string{"label": label}
		if label == "" {
			n.Template = "nobody.wrote.this"
		}
		s.added = append(s.added, expected{n, letterC, []notify.State{notify.Dead}})
		s.commit(n)
	}
	return len(labels)
}
