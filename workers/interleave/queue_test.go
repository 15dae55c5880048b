package interleave

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/deliver"
	"github.com/huongvecoso/outreach/workers/relay"
	"github.com/huongvecoso/outreach/workers/sweep"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

// queue is what carries tickets, and how a process is composed over it.
type queue interface {
	start(w *world, f *fuse, owner string, sys *core.System, senders []notify.Sender) (stop func(), err error)
	lose()           // everything it holds
	refuse(yes bool) // every command, for a while
	close()
}

// The two gateways of SMS share their messages so.
var weights = map[string]int{"a": 3, "b": 1}

// Redis: asynq as it is, over miniredis dialled in process.
type mini struct{ *miniredis.Miniredis }

func newRedis() queue {
	m := miniredis.NewMiniRedis()
	m.ClockTTL(true)
	return mini{m}
}

func (m mini) lose()  { m.FlushAll() }
func (m mini) close() { m.Close() }
func (m mini) refuse(yes bool) {
	if yes {
		m.SetError("LOADING it is away")
	} else {
		m.SetError("")
	}
}

func (m mini) start(w *world, f *fuse, owner string, sys *core.System, senders []notify.Sender) (func(), error) {
	client := redis.NewClient(&redis.Options{
		Dialer: func(context.Context, string, string) (net.Conn, error) {
			if f.dead.Load() {
				return nil, errDead
			}
			return m.Dial()
		},
		MaxRetries: -1, Protocol: 2, DisableIdentity: true, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	client.AddHook(wire{f})
	workers, err := workersfx.New(workersfx.Params{
		Lifecycle: new(hooks), System: sys, Redis: client, Senders: senders,
		Config: workersfx.Config{
			Owner: owner, Concurrency: 2, Group: 3, Check: 2 * time.Second, Poll: 4 * time.Second, Sweep: time.Minute,
			Recover: 15 * time.Second, Register: time.Minute, Weights: weights,
		},
	})
	if err != nil {
		return nil, err
	}
	if err := workers.Start(w.Context()); err != nil {
		return nil, err
	}
	return func() {
		_ = workers.Stop(w.Context()) // of a dead process every loop fails
		_ = client.Close()
	}, nil
}

// wire is Redis as a process sees it.
type wire struct{ fuse *fuse }

func (wire) DialHook(next redis.DialHook) redis.DialHook { return next }

func (w wire) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := errDead
		if !w.fuse.step() {
			err = next(ctx, cmd)
		}
		if err != nil && !errors.Is(err, redis.Nil) {
			cmd.SetErr(err)
			time.Sleep(refusal)
		}
		return err
	}
}

// refusal is how long a Redis that is not there takes to say so. asynq asks again
// at once (A18): without it no time would ever pass in the bubble.
const refusal = 200 * time.Millisecond

func (w wire) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if w.fuse.step() {
			return errDead
		}
		return next(ctx, cmds)
	}
}

// hooks are what fx would call.
type hooks struct{ all []fx.Hook }

func (h *hooks) Append(one fx.Hook) { h.all = append(h.all, one) }

// list is a queue that does what asynq promises and no more: a task may come late,
// twice, or after its process died, and is lost with the queue. Most programs run
// over it, because the scripts of asynq take most of the time.
type list struct {
	mu    sync.Mutex
	tasks map[string]*asynq.Task // by id
	ready chan string
	away  bool
	round int
}

func newList() queue { return &list{tasks: map[string]*asynq.Task{}, ready: make(chan string, 1<<12)} }

func (l *list) close() {}

func (l *list) lose() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.tasks)
	l.round++
}

func (l *list) refuse(yes bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = yes
}

var errAway = errors.New("the queue is away")

// put takes a task, unless it has one of that id.
func (l *list) put(t *asynq.Task, id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.away:
		return errAway
	case l.tasks[id] != nil:
		return asynq.ErrTaskIDConflict
	}
	l.tasks[id] = t
	l.ready <- id
	return nil
}

// get is the task of an id that is ready, nil when it was lost meanwhile.
func (l *list) get(id string) (t *asynq.Task, round int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tasks[id], l.round
}

// done takes a task out, or hands it out again later.
func (l *list) done(id string, again time.Duration, round int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if round != l.round {
		return
	}
	if again == 0 {
		delete(l.tasks, id)
		return
	}
	time.AfterFunc(again, func() { l.ready <- id })
}

// enqueuer is the list as a relay's process reaches it.
type enqueuer struct {
	*list
	fuse *fuse
}

func (e enqueuer) EnqueueContext(_ context.Context, t *asynq.Task, _ ...asynq.Option) (*asynq.TaskInfo, error) {
	if e.fuse.step() {
		return nil, errDead
	}
	err := e.put(t, string(t.Payload()))
	if e.fuse.step() { // it arrived, and nobody hears of it
		return nil, errDead
	}
	return nil, err
}

func (l *list) start(w *world, f *fuse, owner string, sys *core.System, senders []notify.Sender) (func(), error) {
	handler, err := deliver.New(sys, owner, senders, nil)
	if err != nil {
		return nil, err
	}
	var providers []notify.Provider
	for _, s := range senders {
		c := s.Describe()
		providers = append(providers, notify.Provider{Name: c.Name, Channel: c.Channel, Weight: max(weights[c.Name], 1)})
	}
	if err := sys.Register(w.Context(), providers...); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(w.Context())
	var loops sync.WaitGroup
	loops.Go(func() {
		_ = relay.New(sys, enqueuer{l, f}, owner, &relay.Options{Poll: 4 * time.Second, Group: 3}).Run(ctx)
	})
	loops.Go(func() { _ = sweep.New(sys, &sweep.Options{Every: time.Minute, Recover: 15 * time.Second}).Run(ctx) })
	random := rand.New(rand.NewPCG(w.Uint64(), 0))
	var mu sync.Mutex
	for range 3 {
		loops.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case id := <-l.ready:
					mu.Lock()
					crashed := time.Duration(60+random.IntN(110)) * time.Second // until asynq finds it again
					twice := random.IntN(12) == 0
					mu.Unlock()
					l.work(ctx, f, handler, id, crashed, twice)
				}
			}
		})
	}
	return func() {
		handler.Drain()
		cancel()
		loops.Wait()
	}, nil
}

// work is what asynq does with one task.
func (l *list) work(ctx context.Context, f *fuse, handler *deliver.Handler, id string, crashed time.Duration, twice bool) {
	t, round := l.get(id)
	if t == nil {
		return
	}
	if f.dead.Load() { // it was not taken by this one
		l.done(id, time.Second, round)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
	defer cancel()
	err := handler.ProcessTask(ctx, t)
	switch {
	case f.dead.Load():
		l.done(id, crashed, round)
	case errors.Is(err, asynq.SkipRetry):
		l.done(id, 0, round)
	case err != nil || twice: // or its acknowledgement was lost
		l.done(id, 2*time.Second, round)
	default:
		l.done(id, 0, round)
	}
}
