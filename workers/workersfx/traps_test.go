package workersfx_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/redistest"
	"github.com/huongvecoso/outreach/workers/task"
)

// logged is a log of warnings and errors that may be read when nothing writes any more.
func logged(log *bytes.Buffer) fx.Option {
	return fx.Supply(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})))
}

func TestAStartOnARedisThatIsTooOldIsRefused(t *testing.T) {
	noLeaks(t)
	s := newStage(t, 1, redistest.Imitate(t, "redis_version:6.0.16", "maxmemory_policy:noeviction"))
	err := s.app(quick(), []notify.Sender{newProvider("gateway", notify.SMS)}).Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "redis 6.0.16 is too old: version 6.2") {
		t.Errorf("started with %v", err)
	}
}

func TestAStartOnARedisThatEvictsIsWarnedOf(t *testing.T) {
	noLeaks(t)
	s := newStage(t, 1, redistest.Start(t, nil).Addr)
	if err := s.redis().ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s.start(quick(), []notify.Sender{newProvider("gateway", notify.SMS)}, logged(&log))()
	if said := log.String(); !strings.Contains(said, "level=WARN") || !strings.Contains(said, "allkeys-lru") || !strings.Contains(said, "noeviction") {
		t.Errorf("the log says\n%s", said)
	}
}

func TestASlowChannelTakesNoPlaceOfAnother(t *testing.T) {
	noLeaks(t)
	s := newStage(t, 40, redistest.Mini(t).Addr())
	mail, sms := newProvider("relay", notify.Email), newProvider("gateway", notify.SMS)
	hold := make(chan struct{})
	mail.before = func() { <-hold }
	c := quick()
	c.Concurrency, c.Group = 1, 1
	s.add(notify.Email, 0, 20)
	s.start(c, []notify.Sender{mail, sms})
	defer close(hold) // before the stop, which waits for the calls
	s.until("a mail is on its way", func() bool { n, _ := mail.count(); return n > 0 })
	s.add(notify.SMS, 20, 40)
	s.until("every SMS went out", func() bool { n, _ := sms.count(); return n == 20 })
	if n, _ := mail.count(); n != 1 {
		t.Errorf("%d mails at once on one place", n)
	}
}

// forgetful are the ways in which asynq keeps a task and never runs it, or not
// for days. Each brings the task of the ticket into that state.
var forgetful = []struct {
	name  string
	spoil func(*redisTask)
}{
	{"archived, as after its last retry", func(r *redisTask) {
		r.do(r.c.LRem(r.t.Context(), r.key("pending"), 0, r.id), r.c.ZAdd(r.t.Context(), r.key("archived"), r.at(0)), r.state("archived"))
	}},
	{"done, and kept for a while", func(r *redisTask) {
		r.do(r.c.LRem(r.t.Context(), r.key("pending"), 0, r.id), r.c.ZAdd(r.t.Context(), r.key("completed"), r.at(time.Hour)), r.state("completed"))
	}},
	{"to be tried again in 20 days", func(r *redisTask) {
		r.do(r.c.LRem(r.t.Context(), r.key("pending"), 0, r.id), r.c.ZAdd(r.t.Context(), r.key("retry"), r.at(20*24*time.Hour)), r.state("retry"))
	}},
	{"active without a lease", func(r *redisTask) {
		r.do(r.c.LRem(r.t.Context(), r.key("pending"), 0, r.id), r.c.LPush(r.t.Context(), r.key("active"), r.id), r.state("active"))
	}},
	{"in no list at all", func(r *redisTask) { r.do(r.c.LRem(r.t.Context(), r.key("pending"), 0, r.id)) }},
	{"leased, and its message is gone", func(r *redisTask) {
		r.lease()
		r.do(r.c.HDel(r.t.Context(), r.key("t:"+r.id), "msg"))
	}},
	{"leased beside a message that nobody can decode", func(r *redisTask) {
		r.lease()
		poison := *r
		poison.id = "poison"
		poison.do(r.c.HSet(r.t.Context(), r.key("t:poison"), "msg", "\xff\xfe"))
		poison.lease()
	}},
}

// redisTask is one task in Redis.
type redisTask struct {
	t  *testing.T
	c  redis.UniversalClient
	id string
}

func (r *redisTask) key(name string) string {
	return "asynq:{" + task.Queue("outreach", notify.SMS, notify.Critical) + "}:" + name
}

func (r *redisTask) at(from time.Duration) redis.Z {
	return redis.Z{Score: float64(time.Now().Add(from).Unix()), Member: r.id}
}

func (r *redisTask) state(name string) redis.Cmder {
	return r.c.HSet(r.t.Context(), r.key("t:"+r.id), "state", name)
}

// lease makes the task one whose worker died an hour ago.
func (r *redisTask) lease() {
	r.do(r.c.LRem(r.t.Context(), r.key("pending"), 0, r.id), r.c.LPush(r.t.Context(), r.key("active"), r.id),
		r.c.ZAdd(r.t.Context(), r.key("lease"), r.at(-time.Hour)), r.state("active"))
}

func (r *redisTask) do(done ...redis.Cmder) {
	r.t.Helper()
	for _, d := range done {
		if err := d.Err(); err != nil {
			r.t.Fatal(err)
		}
	}
}

// A relay that finds its task in Redis already takes it for handed over. What
// then never runs is handed out again under another id, once.
func TestWhatAsynqForgetsGoesOutAllTheSameAndNothingTwice(t *testing.T) {
	for _, forgotten := range forgetful {
		t.Run(forgotten.name, func(t *testing.T) {
			noLeaks(t)
			s := newStage(t, 1, redistest.Mini(t).Addr())
			n := outboxtest.Notice(0, notify.SMS, s.sys.Now())
			n.Priority = notify.Critical
			if err := outboxtest.Add(t.Context(), s.store, n); err != nil {
				t.Fatal(err)
			}
			first, err := task.New([]core.Ticket{{ID: n.ID, Generation: 1, Channel: n.Channel, Priority: n.Priority}}, "outreach", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			c := s.redis()
			info, err := asynq.NewClientFromRedisClient(c).Enqueue(first)
			if err != nil {
				t.Fatal(err)
			}
			forgotten.spoil(&redisTask{t, c, info.ID})

			sms := newProvider("gateway", notify.SMS)
			s.start(quick(), []notify.Sender{sms})
			s.until("the relay has handed it out", func() bool {
				o, err := s.sys.Outstanding(t.Context())
				return err == nil && o.Due == 0 && o.Queued == 1
			})
			time.Sleep(100 * time.Millisecond) // ten looks of the worker
			if taken, _ := sms.count(); taken > 0 {
				t.Fatal("asynq ran it: nothing was shown")
			}
			s.ahead.Add(int64(notify.QueuePatience))
			s.settled()
			once(t, 1, sms)
		})
	}
}
