package workersfx_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"
	"go.uber.org/goleak"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/redistest"
	"github.com/huongvecoso/outreach/workers/task"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

// provider takes every message and writes down whose it was.
type provider struct {
	caps   notify.Capabilities
	before func() // a call takes as long as this does
	hold   func(notify.Message)

	mu    sync.Mutex
	taken map[notify.ID]int
}

func newProvider(name string, channel notify.Channel) *provider {
	return &provider{
		caps:  notify.Capabilities{Name: name, Channel: channel, Timeout: 5 * time.Second, Parallel: 4},
		taken: make(map[notify.ID]int),
	}
}

func (p *provider) Describe() notify.Capabilities { return p.caps }

func (p *provider) Send(_ context.Context, m notify.Message) notify.Outcome {
	p.mu.Lock()
	p.taken[m.Notice]++
	p.mu.Unlock()
	if p.before != nil {
		p.before()
	}
	if p.hold != nil {
		p.hold(m)
	}
	return notify.Outcome{Result: notify.ResultAccepted, ProviderID: "p-" + string(m.Notice)}
}

func (p *provider) count() (notices, copies int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.taken {
		copies += n
	}
	return len(p.taken), copies
}

// stage is a store with people, and a System over it whose clock a test can
// push forward.
type stage struct {
	t     *testing.T
	store store.Store
	sys   *core.System
	bell  *workersfx.Bell
	ahead atomic.Int64
	began time.Time
	dial  func() redis.UniversalClient
}

// newStage stands on Wed 15/03/2017 at 10:00, when anybody may be written to.
func newStage(t *testing.T, people int, addr string) *stage {
	t.Helper()
	return newStageOn(t, people, func() redis.UniversalClient { return redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1}) })
}

// newStageOn is newStage over any kind of Redis.
func newStageOn(t *testing.T, people int, dial func() redis.UniversalClient) *stage {
	t.Helper()
	s := &stage{t: t, store: memstore.New(), bell: new(workersfx.Bell), began: time.Now(), dial: dial}
	templates, err := outboxtest.Templates()
	if err != nil {
		t.Fatal(err)
	}
	s.sys, err = core.New(s.store, policy.Default(), &core.Options{Clock: s.now, Wake: s.bell.Ring, Templates: templates})
	if err != nil {
		t.Fatal(err)
	}
	if err := outboxtest.People(t.Context(), s.store, people); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) now() time.Time {
	start := time.Date(2017, 3, 15, 10, 0, 0, 0, calendar.Zone())
	return start.Add(time.Since(s.began)).Add(time.Duration(s.ahead.Load()))
}

// add puts notices [from, to) into the outbox.
func (s *stage) add(channel notify.Channel, from, to int) {
	s.t.Helper()
	var all []notify.Notice
	for i := from; i < to; i++ {
		all = append(all, outboxtest.Notice(i, channel, s.sys.Now()))
	}
	if err := outboxtest.Add(s.t.Context(), s.store, all...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) redis() redis.UniversalClient {
	s.t.Helper()
	c := s.dial()
	s.t.Cleanup(func() { c.Close() })
	return c
}

func quick() workersfx.Config {
	return workersfx.Config{Check: 10 * time.Millisecond, Poll: 20 * time.Millisecond, Recover: 50 * time.Millisecond, Group: 5}
}

// app composes an application with the workers of the stage.
func (s *stage) app(c workersfx.Config, senders []notify.Sender, more ...fx.Option) *fx.App {
	s.t.Helper()
	return fx.New(fx.NopLogger,
		fx.Supply(s.sys, s.bell, c, fx.Annotate(s.redis(), fx.As(new(redis.UniversalClient)))),
		fx.Provide(fx.Annotate(func() []notify.Sender { return senders }, fx.ResultTags(`group:"outreach.senders,flatten"`))),
		workersfx.Module, fx.Options(more...))
}

// start starts an application; it is stopped with the test, or earlier.
func (s *stage) start(c workersfx.Config, senders []notify.Sender, more ...fx.Option) (stop func()) {
	s.t.Helper()
	app := s.app(c, senders, more...)
	if err := app.Start(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		if err := app.Stop(context.WithoutCancel(s.t.Context())); err != nil {
			s.t.Error(err)
		}
	})
	s.t.Cleanup(stop)
	return stop
}

// settled waits until nothing is due or on its way.
func (s *stage) settled() {
	s.t.Helper()
	s.until("everything went out", func() bool {
		o, err := s.sys.Outstanding(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		return o.Idle()
	})
}

func (s *stage) until(what string, true func() bool) {
	s.t.Helper()
	for end := time.Now().Add(10 * time.Second); !true(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("after 10 s still not: %s", what)
		}
	}
}

// once checks that each of n notices was taken, and taken once.
func once(t *testing.T, n int, providers ...*provider) {
	t.Helper()
	notices, copies := 0, 0
	for _, p := range providers {
		a, b := p.count()
		notices, copies = notices+a, copies+b
	}
	if notices != n || copies != n {
		t.Errorf("%d notices in %d copies were taken, want %d once each", notices, copies, n)
	}
}

// noLeaks looks for goroutines left behind, after all other cleanups.
func noLeaks(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, ignore) })
}

// servers are the kinds of Redis every promise holds on.
func servers(t *testing.T, test func(t *testing.T, addr string)) {
	t.Run("imitation", func(t *testing.T) { noLeaks(t); test(t, redistest.Mini(t).Addr()) })
	t.Run("redis", func(t *testing.T) { noLeaks(t); test(t, redistest.Start(t, nil).Addr) })
}

func TestEveryNoticeReachesItsSenderExactlyOnce(t *testing.T) {
	servers(t, func(t *testing.T, addr string) {
		s := newStage(t, 60, addr)
		sms, mail := newProvider("gateway", notify.SMS), newProvider("relay", notify.Email)
		s.add(notify.SMS, 0, 20) // some wait already
		s.start(quick(), []notify.Sender{sms, mail})
		s.add(notify.Email, 20, 40)
		s.add(notify.SMS, 40, 60)
		s.settled()
		once(t, 60, sms, mail)
		if n, _ := mail.count(); n != 20 {
			t.Errorf("%d mails, want 20", n)
		}
	})
}

func TestTwoProcessesOverOneStoreDoubleNothing(t *testing.T) {
	servers(t, func(t *testing.T, addr string) {
		s := newStage(t, 100, addr)
		one, two := newProvider("gateway", notify.SMS), newProvider("gateway", notify.SMS)
		s.start(quick(), []notify.Sender{one})
		s.start(quick(), []notify.Sender{two})
		for i := 0; i < 100; i += 10 {
			s.add(notify.SMS, i, i+10)
			time.Sleep(5 * time.Millisecond)
		}
		s.settled()
		once(t, 100, one, two)
	})
}

// centre is a provider that serves whichever of several processes holds it.
type centre struct {
	*provider
	name   string
	holder *atomic.Value
}

func (c centre) Elsewhere() bool { return c.holder.Load() != c.name }

func (c centre) Send(ctx context.Context, m notify.Message) notify.Outcome {
	if c.Elsewhere() {
		return notify.Outcome{Result: notify.ResultThrottled, RetryAfter: 5 * time.Second}
	}
	return c.provider.Send(ctx, m)
}

func TestAProviderThatServesOneProcessIsLeftToIt(t *testing.T) {
	servers(t, func(t *testing.T, addr string) {
		s := newStage(t, 60, addr)
		var holder atomic.Value
		holder.Store("a")
		of := map[string]*provider{}
		for _, name := range []string{"a", "b", "c"} {
			of[name] = newProvider("centre", notify.SMS)
			of[name].caps.Exclusive = true
			s.start(quick(), []notify.Sender{centre{of[name], name, &holder}})
		}
		s.add(notify.SMS, 0, 30)
		s.settled()
		holder.Store("b")
		s.add(notify.SMS, 30, 60)
		s.until("the new holder sent the rest", func() bool {
			s.ahead.Add(int64(50 * time.Millisecond)) // what the former one gave back waits for a while
			n, _ := of["b"].count()
			return n == 30
		})
		s.settled()
		once(t, 60, of["a"], of["b"], of["c"])
		for name, want := range map[string]int{"a": 30, "b": 30, "c": 0} {
			if n, _ := of[name].count(); n != want {
				t.Errorf("%s sent %d, want %d", name, n, want)
			}
		}
		var calls int
		err := s.store.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
			log, err := tx.AttemptLog(ctx, notify.AttemptQuery{})
			calls = len(log)
			return err
		})
		if err != nil || calls != 60 {
			t.Errorf("%d calls were made for 60 notices, %v", calls, err)
		}
	})
}

func TestARelayThatIsWokenDoesNotWaitForItsPoll(t *testing.T) {
	noLeaks(t)
	s := newStage(t, 2, redistest.Mini(t).Addr())
	sms := newProvider("gateway", notify.SMS)
	c := quick()
	c.Poll, c.Recover = time.Hour, time.Hour
	var workers *workersfx.Workers
	s.start(c, []notify.Sender{sms}, fx.Populate(&workers))
	time.Sleep(30 * time.Millisecond) // its first look, which finds nothing
	for i, wake := range []func(){s.bell.Ring, workers.Wake} {
		s.add(notify.SMS, i, i+1)
		wake()
		s.until("the notice went out", func() bool { n, _ := sms.count(); return n == i+1 })
	}
}

func TestABellWithoutARelayDoesNothing(t *testing.T) { new(workersfx.Bell).Ring() }

func TestWhatRedisLosesGoesOutAllTheSameAndNothingTwice(t *testing.T) {
	noLeaks(t)
	instance := redistest.Start(t, nil)
	s := newStage(t, 40, instance.Addr)
	sms := newProvider("gateway", notify.SMS)
	began, hold := make(chan struct{}, 40), make(chan struct{})
	sms.before = func() { began <- struct{}{}; <-hold }
	c := quick()
	c.Concurrency = 1
	s.start(c, []notify.Sender{sms})
	s.add(notify.SMS, 0, 40)
	<-began // some calls are under way, other tasks wait in Redis
	s.until("all are handed out", func() bool {
		o, err := s.sys.Outstanding(t.Context())
		return err == nil && o.Due == 0
	})
	instance.FlushAll()
	close(hold)
	s.until("the calls under way are settled", func() bool { n, _ := sms.count(); return n >= 5 })
	if n, _ := sms.count(); n == 40 {
		t.Fatal("nothing was lost with Redis, so this shows nothing")
	}
	s.ahead.Add(int64(notify.QueuePatience)) // nobody took the others
	s.settled()
	once(t, 40, sms)
}

func TestTheQueuesAreVisibleAgainAfterRedisWasEmptied(t *testing.T) {
	noLeaks(t)
	instance := redistest.Start(t, nil)
	s := newStage(t, 1, instance.Addr)
	c := quick()
	c.Register = 20 * time.Millisecond
	s.start(c, []notify.Sender{newProvider("gateway", notify.SMS)})
	inspector := asynq.NewInspectorFromRedisClient(s.redis())
	visible := func() bool {
		queues, err := inspector.Queues()
		return err == nil && slices.Contains(queues, task.Queue("outreach", notify.SMS, notify.Critical))
	}
	s.until("the queues are visible", visible)
	instance.FlushAll()
	s.until("the queues are visible again", visible)
}

func TestATaskThatIsReplayedSendsNothing(t *testing.T) {
	servers(t, func(t *testing.T, addr string) {
		s := newStage(t, 5, addr)
		sms := newProvider("gateway", notify.SMS)
		s.start(quick(), []notify.Sender{sms})
		s.add(notify.SMS, 0, 5)
		s.settled()
		var tickets []core.Ticket
		for i := range 5 {
			tickets = append(tickets, core.Ticket{ID: outboxtest.ID(i), Generation: 1, Channel: notify.SMS, Priority: notify.Normal})
		}
		again, err := task.New(tickets, "outreach", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		client := s.redis()
		s.until("asynq has forgotten the task before", func() bool {
			_, err := asynq.NewClientFromRedisClient(client).Enqueue(again)
			return err == nil
		})
		queue := "asynq:{" + task.Queue("outreach", notify.SMS, notify.Normal) + "}:t:"
		s.until("the task was taken", func() bool {
			left, err := client.Keys(t.Context(), queue+"*").Result()
			return err == nil && len(left) == 0
		})
		once(t, 5, sms)
	})
}

func TestNothingInRedisIsAboutAnybody(t *testing.T) {
	noLeaks(t)
	s := newStage(t, 30, redistest.Start(t, nil).Addr)
	sms := newProvider("gateway", notify.SMS)
	began, hold := make(chan struct{}, 30), make(chan struct{})
	sms.before = func() { began <- struct{}{}; <-hold }
	c := quick()
	c.Concurrency = 1
	var log bytes.Buffer
	stop := s.start(c, []notify.Sender{sms}, fx.Supply(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	s.add(notify.SMS, 0, 30)
	<-began
	dump := everything(t, s.redis())
	close(hold)
	s.settled()
	stop()
	if !strings.Contains(dump, string(outboxtest.ID(0))) {
		t.Fatalf("the dump does not even show the notices: %s", dump)
	}
	for i := range 30 {
		for _, about := range []string{outboxtest.Phone(i), strings.TrimPrefix(outboxtest.Phone(i), "+84"), outboxtest.Email(i), outboxtest.Name(i), string(outboxtest.Person(i))} {
			if strings.Contains(dump, about) {
				t.Errorf("Redis holds %s", about)
			}
			if strings.Contains(log.String(), about) {
				t.Errorf("the log holds %s", about)
			}
		}
	}
}

// everything returns all keys and values of a Redis as text.
func everything(t *testing.T, c redis.UniversalClient) string {
	t.Helper()
	var all strings.Builder
	keys := c.Scan(t.Context(), 0, "*", 1000).Iterator()
	for keys.Next(t.Context()) {
		key := keys.Val()
		fmt.Fprintln(&all, key)
		for _, value := range []any{
			c.Get(t.Context(), key).Val(), c.HGetAll(t.Context(), key).Val(), c.SMembers(t.Context(), key).Val(),
			c.LRange(t.Context(), key, 0, -1).Val(), c.ZRange(t.Context(), key, 0, -1).Val(),
		} {
			fmt.Fprintln(&all, value)
		}
	}
	if err := keys.Err(); err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestAStopFinishesTheCallsUnderWayAndNothingElse(t *testing.T) {
	servers(t, func(t *testing.T, addr string) {
		s := newStage(t, 20, addr)
		sms := newProvider("gateway", notify.SMS)
		began := make(chan struct{}, 20)
		sms.before = func() { began <- struct{}{}; time.Sleep(100 * time.Millisecond) }
		c := quick()
		c.Concurrency, c.Group = 1, 20
		stop := s.start(c, []notify.Sender{sms})
		s.add(notify.SMS, 0, 20)
		<-began
		stop()
		o, err := s.sys.Outstanding(t.Context())
		if err != nil || o.Sending > 0 || o.Unknown > 0 {
			t.Errorf("after the stop: %+v, %v", o, err)
		}
		n, copies := sms.count()
		if n == 0 || n == 20 || copies != n {
			t.Errorf("%d of 20 went out in %d copies; want the first window only", n, copies)
		}
		sms.before = nil
		s.start(quick(), []notify.Sender{sms}) // the next process goes on where it stopped
		s.ahead.Add(int64(notify.QueuePatience))
		s.settled()
		once(t, 20, sms)
	})
}

// slowStore takes a while for each transaction and counts those under way.
type slowStore struct {
	store.Store
	inside atomic.Int32
}

func (s *slowStore) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	s.inside.Add(1)
	defer s.inside.Add(-1)
	time.Sleep(50 * time.Millisecond)
	return s.Store.Update(ctx, fn)
}

func TestAfterAStopNothingTouchesTheDatabase(t *testing.T) {
	noLeaks(t)
	s := newStage(t, 1, redistest.Mini(t).Addr())
	slow := &slowStore{Store: s.store}
	var err error
	if s.sys, err = core.New(slow, policy.Default(), &core.Options{Clock: s.now}); err != nil {
		t.Fatal(err)
	}
	stop := s.start(quick(), []notify.Sender{newProvider("gateway", notify.SMS)})
	s.until("a transaction is under way", func() bool { return slow.inside.Load() > 0 })
	stop()
	if n := slow.inside.Load(); n > 0 {
		t.Errorf("%d transactions are under way after the stop", n)
	}
}

func TestAStartWithoutRedisFailsAndSaysSo(t *testing.T) {
	noLeaks(t)
	m := redistest.Mini(t)
	s := newStage(t, 1, m.Addr())
	m.Close()
	app := s.app(quick(), []notify.Sender{newProvider("gateway", notify.SMS)})
	if err := app.Err(); err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "redis does not answer") {
		t.Errorf("started with %v", err)
	}
}

func TestARedisThatCannotBeJudgedIsWarnedOf(t *testing.T) {
	noLeaks(t)
	s := newStage(t, 1, redistest.Mini(t).Addr())
	var log bytes.Buffer
	stop := s.start(quick(), []notify.Sender{newProvider("gateway", notify.SMS)}, fx.Supply(slog.New(slog.NewTextHandler(&log, nil))))
	stop()
	if !strings.Contains(log.String(), "maxmemory-policy") || !strings.Contains(log.String(), "level=WARN") {
		t.Errorf("no warning in:\n%s", log.String())
	}
}

func TestMistakesSurfaceBeforeAnythingStarts(t *testing.T) {
	noLeaks(t)
	s := newStage(t, 1, redistest.Mini(t).Addr())
	sms, nobody := newProvider("gateway", notify.SMS), newProvider("centre", notify.SMS)
	nobody.caps.Exclusive = true
	for name, c := range map[string]struct {
		config  workersfx.Config
		senders []notify.Sender
		say     string
	}{
		"two senders of one name":   {quick(), []notify.Sender{sms, newProvider("gateway", notify.Email)}, `two senders are called "gateway"`},
		"no sender":                 {quick(), nil, "no senders"},
		"a negative number":         {workersfx.Config{Concurrency: -1}, []notify.Sender{sms}, "must not be negative"},
		"a mode that is none":       {workersfx.Config{Mode: "loud"}, []notify.Sender{sms}, "want live, pilot or dry-run"},
		"a list without a pilot":    {workersfx.Config{Pilot: []string{"+84912345678"}}, []notify.Sender{sms}, "a list for the mode pilot"},
		"a standby nobody knows":    {workersfx.Config{Standby: []string{"other"}}, []notify.Sender{sms}, `a provider "other"`},
		"a holder that is none":     {quick(), []notify.Sender{nobody}, "notify.Holder"},
		"a timeout beyond the stop": {workersfx.Config{Shutdown: time.Second}, []notify.Sender{sms}, "Config.Shutdown"},
	} {
		if err := s.app(c.config, c.senders).Err(); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v, want %q", name, err, c.say)
		}
	}
}

func TestTheModuleAsksForNothingButWhatItSays(t *testing.T) {
	err := fx.ValidateApp(fx.NopLogger, workersfx.Module,
		fx.Provide(func() (*core.System, error) { return nil, errors.New("not made") }),
		fx.Provide(func() redis.UniversalClient { return nil }),
		fx.Provide(fx.Annotate(func() notify.Sender { return nil }, fx.ResultTags(`group:"outreach.senders"`))))
	if err != nil {
		t.Error(err)
	}
	if err := fx.ValidateApp(fx.NopLogger, workersfx.Module); err == nil {
		t.Error("valid without a System")
	}
}

// Whatever there is to send, outside of live operation nobody gets it but
// those on the list; and everything that follows from it happens all the same.
func TestARehearsalReachesNobodyButThoseOnTheList(t *testing.T) {
	for name, c := range map[string]struct {
		mode    notify.Mode
		list    []string
		reached int
	}{
		"dry run": {notify.DryRun, nil, 0},
		"pilot":   {notify.Pilot, []string{outboxtest.Phone(3), outboxtest.Email(12)}, 2},
		"live":    {notify.Live, nil, 20},
	} {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			s := newStage(t, 20, redistest.Mini(t).Addr())
			sms, mail := newProvider("gateway", notify.SMS), newProvider("relay", notify.Email)
			s.add(notify.SMS, 0, 10)
			s.add(notify.Email, 10, 20)
			config := quick()
			config.Mode, config.Pilot = c.mode, c.list
			s.start(config, []notify.Sender{sms, mail})
			s.settled()
			once(t, c.reached, sms, mail)
			if n := s.counted(notify.Accepted); n != 20 {
				t.Errorf("%d notices count as accepted, want all 20", n)
			}
		})
	}
}

// counted is how many notices are in a state.
func (s *stage) counted(state notify.State) int {
	s.t.Helper()
	var counts map[notify.State]int
	err := s.store.View(s.t.Context(), func(ctx context.Context, tx store.Tx) (err error) {
		counts, err = tx.CountNotices(ctx)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return counts[state]
}

func TestAnInstallationHasOneMode(t *testing.T) {
	s := newStage(t, 1, redistest.Mini(t).Addr())
	live := quick()
	stop := s.start(live, []notify.Sender{newProvider("gateway", notify.SMS)})
	stop()
	dry := quick()
	dry.Mode = notify.DryRun
	app := s.app(dry, []notify.Sender{newProvider("gateway", notify.SMS)})
	if err := app.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "notice.provider.mode") {
		t.Errorf("a dry run started where people wait for messages: %v", err)
	}
}

func TestTheModuleStartsAndStopsWithItsApplication(t *testing.T) {
	noLeaks(t)
	s := newStage(t, 1, redistest.Mini(t).Addr())
	var workers *workersfx.Workers
	app := fxtest.New(t, fx.NopLogger,
		fx.Supply(s.sys, quick(), fx.Annotate(s.redis(), fx.As(new(redis.UniversalClient)))),
		fx.Provide(fx.Annotate(func() notify.Sender { return newProvider("gateway", notify.SMS) }, fx.ResultTags(`group:"outreach.senders"`))),
		workersfx.Module, fx.Populate(&workers))
	app.RequireStart()
	if workers == nil || workers.Relay == nil || workers.Desk == nil {
		t.Errorf("the module provides %+v", workers)
	}
	s.add(notify.SMS, 0, 1)
	s.settled()
	app.RequireStop()
}
