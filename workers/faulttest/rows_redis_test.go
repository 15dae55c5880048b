package faulttest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
)

// What happens to Redis.
var redisRows = []row{
	{"F3", "Redis emptied while sending", redisEmptied},
	{"F4", "Redis restarts without its data", redisRestarts},
	{"F5", "Redis comes back with old data", redisOld},
	{"F6", "Redis frozen until leases expire", redisFrozen},
	{"F7", "acknowledgement lost", ackLost},
	{"F8", "Redis refuses writes, then evicts", redisFull},
}

// client is a connection to the stage's Redis that does not retry.
func (s *stage) client() *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.redis.Addr, MaxRetries: -1})
	s.t.Cleanup(func() { c.Close() })
	return c
}

func redisEmptied(r *run) {
	s := r.ready(setup{delay: 150 * time.Millisecond})
	s.storm(r.profile, recurring{flush, r.rare[0], r.rare[1]})
	r.judge(s, false)
	if s.flushes == 0 {
		r.Error("Redis was not emptied: nothing was shown")
	}
	flush(s)
	r.note(fmt.Sprintf("%d FLUSHALL, queues visible again %v after the last", s.flushes, s.visible().Round(10*time.Millisecond)))
}

// visible waits until the queues can be asked for again, as metrics and tools do,
// and returns how long that took: a minute at most.
func (s *stage) visible() time.Duration {
	s.t.Helper()
	began, inspector := time.Now(), asynq.NewInspectorFromRedisClient(s.client())
	for ; ; time.Sleep(50 * time.Millisecond) {
		known := 0
		queues, err := inspector.Queues()
		for _, queue := range queues {
			if _, missing := inspector.GetQueueInfo(queue); missing == nil {
				known++
			}
		}
		if err == nil && known >= 6 { // three of each channel
			return time.Since(began)
		}
		if time.Since(began) > time.Minute {
			s.t.Errorf("a minute after Redis was emptied %d queues can be seen: %v", known, err)
			return time.Since(began)
		}
	}
}

func redisRestarts(r *run) {
	s := r.ready(setup{})
	busiest, restarts := 0.0, 0
	restart := func(s *stage) {
		s.redis.Kill()
		from := len(s.added)
		s.add(3)
		before := s.cpu()
		time.Sleep(r.outage)
		busiest = max(busiest, (s.cpu()-before).Seconds()/r.outage.Seconds()/float64(len(s.workers)))
		s.keptPending(r, s.added[from:])
		s.redis.Start()
		restarts++
	}
	s.storm(r.profile, recurring{restart, r.rare[0], r.rare[1]})
	r.judge(s, false)
	s.visible()
	if restarts == 0 || s.crashes > 0 {
		r.Errorf("%d restarts, %d workers crashed over them", restarts, s.crashes)
	}
	most := 0.2
	if watched {
		most *= 3 // what the race detector adds is not the worker's
	}
	if busiest > most {
		r.Errorf("a worker without Redis takes %.0f %% of a core, want less than %.0f %%", 100*busiest, 100*most)
	}
	r.note(fmt.Sprintf("%d restarts, a worker meanwhile takes %.0f %% of a core", restarts, 100*busiest))
}

// keptPending waits until all of them are pending: the relay takes back at once what
// a queue that is not there did not take.
func (s *stage) keptPending(r *run, all []expected) {
	s.t.Helper()
	s.until(r, "without Redis what is due stays pending", func() bool {
		for _, e := range all {
			if s.now(e.ID).State != notify.Pending {
				return false
			}
		}
		return true
	})
}

// now is how the notice is.
func (s *stage) now(id notify.ID) (n notify.Notice) {
	s.t.Helper()
	err := s.store.View(s.t.Context(), func(ctx context.Context, tx store.Tx) error {
		found, err := tx.NoticesByID(ctx, []notify.ID{id})
		if err == nil {
			n = found[0]
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// cpu is what the workers have used of the processors, 0 where the system does
// not tell.
func (s *stage) cpu() time.Duration {
	var all time.Duration
	for _, w := range s.workers {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", w.process.Process.Pid))
		if err != nil {
			return 0
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		for _, ticks := range fields[11:13] { // user and system time, in hundredths
			n, _ := strconv.Atoi(ticks)
			all += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return all
}

// redisOld brings tasks back that were done: first Redis loses the end of its
// log, then it is restored from an old snapshot.
func redisOld(r *run) {
	s := r.ready(setup{persist: true})
	cuts := 0
	cut := func(s *stage) {
		s.redis.Kill()
		if logs, err := filepath.Glob(filepath.Join(s.redis.Dir, "appendonlydir", "*.incr.aof")); err == nil && len(logs) > 0 {
			slices.Sort(logs)
			last := logs[len(logs)-1]
			if info, err := os.Stat(last); err == nil {
				if err := os.Truncate(last, max(0, info.Size()-min(1<<20, info.Size()/3))); err != nil {
					s.t.Error(err)
				}
				cuts++
			}
		}
		s.redis.Start()
	}
	s.storm(r.profile, recurring{cut, r.rare[0], r.rare[1]})
	r.judge(s, false)
	if cuts == 0 {
		r.Error("the log of Redis was not found: nothing was shown")
	}
	s.close()

	s = r.ready(setup{})
	snapshot, restores := "", 0
	restore := func(s *stage) {
		file := filepath.Join(s.redis.Dir, "dump.rdb")
		if snapshot == "" {
			if err := s.client().Save(s.t.Context()).Err(); err != nil {
				s.t.Error(err)
			}
			data, err := os.ReadFile(file)
			if err != nil {
				s.t.Fatal(err)
			}
			snapshot = string(data)
			return
		}
		s.redis.Kill()
		if err := os.WriteFile(file, []byte(snapshot), 0o600); err != nil {
			s.t.Fatal(err)
		}
		s.redis.Start()
		s.expireLeases()
		restores++
	}
	s.storm(r.profile, recurring{restore, r.rare[0] / 2, r.rare[1] / 2})
	s.replay() // and every ticket there ever was
	r.judge(s, false)
	if restores == 0 {
		r.Error("no snapshot was restored: nothing was shown")
	}
	r.note(fmt.Sprintf("log cut %d times, old snapshot restored %d times, then every first ticket again", cuts, restores))
}

// redisFrozen freezes Redis. When it goes on, every lease of asynq has run out,
// and what runs is handed out a second time.
func redisFrozen(r *run) {
	s := r.ready(setup{knowsKey: true, delay: 300 * time.Millisecond, people: 2 * r.notices})
	freezes := 0
	freeze := func(s *stage) {
		s.redis.Pause()
		time.Sleep(r.outage)
		s.redis.Resume()
		s.expireLeases()
		stopOne(s) // the one that comes finds them
		freezes++
	}
	s.pour(r.profile, recurring{freeze, r.rare[0] / 2, r.rare[1] / 2})
	s.until(r, "a task is run that was run", func() bool { // it takes one that was acknowledged after the thaw
		if s.said(worthlessTickets) == 0 {
			s.add(20)
			freeze(s)
		}
		return s.said(worthlessTickets) > 0
	})
	s.calm(r.patience)
	worthless := s.said(worthlessTickets)
	s.replay()
	r.judge(s, false)
	r.note(fmt.Sprintf("%d freezes, %d leases over, %d tasks ran again and ended at the claim", freezes, s.expired, worthless))
}

// worthlessTickets is what a worker logs when tickets ended at the claim.
const worthlessTickets = "deliver: worthless tickets"

func ackLost(r *run) {
	s := r.quiet(setup{})
	s.orders.LoseAck = true
	s.begin(r.workers)
	s.storm(r.profile)
	s.orders.LoseAck = false
	s.expireLeases()
	for i := range s.workers {
		if err := s.workers[i].stop(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			r.Error(err)
		}
		s.start(i)
	}
	s.drained()
	r.judge(s, false)
	again := s.said(worthlessTickets)
	if s.expired == 0 || again == 0 {
		r.Errorf("%d acknowledgements were lost and %d tasks ran again: nothing was shown", s.expired, again)
	}
	r.note(fmt.Sprintf("%d lost, %d tasks ran again and ended at the claim", s.expired, again))
}

// drained waits until asynq holds no task any more.
func (s *stage) drained() {
	s.t.Helper()
	c := s.client()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if left, err := c.Keys(s.t.Context(), "asynq:*:t:*").Result(); err == nil && len(left) == 0 {
			return
		}
		s.expireLeases()
	}
	s.t.Error("tasks are left in Redis")
}

// redisFull lets Redis refuse every write for a while, and then throw away what
// it holds. Only what evicts is told at the start.
func redisFull(r *run) {
	s := r.quiet(setup{people: r.notices + 1})
	s.orders.Clock.Leaps = filepath.Join(s.dir, "leaps")
	s.begin(r.workers)
	c := s.client()
	set := func(name, value string) {
		if err := c.ConfigSet(s.t.Context(), name, value).Err(); err != nil {
			s.t.Error(err)
		}
	}
	set("maxmemory", "1mb")
	s.alarmed(r)
	set("maxmemory", "0")
	s.until(r, "the alarm ends when Redis takes what is due", func() bool {
		found, err := s.sys.Watch(s.t.Context())
		return err == nil && !slices.Contains(found.Late, "outbox")
	})
	refusals := 0
	full := func(s *stage) {
		policy := []string{"noeviction", "allkeys-lru"}[refusals%2]
		set("maxmemory-policy", policy)
		set("maxmemory", "1mb")
		time.Sleep(r.outage)
		if policy == "allkeys-lru" {
			stopOne(s)
		}
		set("maxmemory", "0")
		s.workersReady() // and has looked at what Redis does
		refusals++
	}
	s.pour(r.profile, recurring{full, r.rare[0] / 2, r.rare[1] / 2})
	for refusals < 2 { // the profile's time was too short
		full(s)
	}
	s.calm(r.patience)
	r.judge(s, false)
	if refused := s.said("the queue refused a task"); refusals < 2 || refused == 0 {
		r.Errorf("%d times full, %d tasks refused: nothing was shown", refusals, refused)
	}
	if s.said("The maxmemory-policy of Redis is allkeys-lru") == 0 {
		r.Error("a worker that starts on a Redis that evicts does not say so")
	}
	r.note(fmt.Sprintf("%d times full, the alarm was raised", refusals))
}

// alarmed lets a quarter of an hour pass, before anything is on its way, while
// nothing can be put into the queue. What is due stays pending, and whoever watches
// raises the alarm.
func (s *stage) alarmed(r *run) {
	s.t.Helper()
	s.workersReady()
	s.addOne(notify.SMS, letterB)
	one := s.added[len(s.added)-1]
	time.Sleep(r.outage)
	refused := s.now(one.ID).Generation
	s.leap(15 * time.Minute)
	s.until(r, "it is refused again", func() bool { return s.now(one.ID).Generation > refused+1 })
	s.until(r, "what is due stays pending, and the alarm is raised", func() bool {
		_, err := s.sys.Watch(s.t.Context())
		return err == nil && s.now(one.ID).State == notify.Pending && s.alarms("delivery.late") > 0
	})
}

// alarms are the notices to administrators of that kind.
func (s *stage) alarms(template string) int {
	s.t.Helper()
	n := 0
	err := s.store.View(s.t.Context(), func(ctx context.Context, tx store.Tx) error {
		found, err := tx.Notices(ctx, notify.Query{Template: template})
		n = len(found)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}
