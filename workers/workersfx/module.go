// Package workersfx runs the notification workers under fx: a relay, a sweeper
// and asynq servers, started and stopped with the application. The host supplies
// what it owns: the core.System, the Redis client (redis.UniversalClient), the
// senders in the value group "outreach.senders", and, if it likes, a Config, a
// logger, deliver.Options and a Bell.
//
//	bell := new(workersfx.Bell)
//	sys, err := core.New(store, policy, &core.Options{Wake: bell.Ring})
//	…
//	fx.New(
//		fx.Supply(sys, bell, workersfx.Config{Concurrency: 8}),
//		fx.Provide(newRedis, fx.Annotate(newSender, fx.As(new(notify.Sender)), fx.ResultTags(`group:"outreach.senders"`))),
//		workersfx.Module,
//		fx.StopTimeout(40*time.Second), // more than Config.Shutdown and 4 s
//	)
package workersfx

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/deliver"
	"github.com/huongvecoso/outreach/workers/internal/redischeck"
	"github.com/huongvecoso/outreach/workers/rate"
	"github.com/huongvecoso/outreach/workers/receipt"
	"github.com/huongvecoso/outreach/workers/relay"
	"github.com/huongvecoso/outreach/workers/sweep"
	"github.com/huongvecoso/outreach/workers/task"
)

// Module provides *Workers and runs them with the application.
var Module = fx.Module("outreach.workers", fx.Provide(New), fx.Invoke(func(*Workers) {}))

// Config has a default for each field; the zero value is legal.
type Config struct {
	Owner       string        // name of this process, unique among all. Default: host, process id and a random part
	Prefix      string        // of the queues. Default: outreach
	Concurrency int           // tasks at once on each channel. Default: 4
	Urgent      int           // critical notices at once on each channel, beside those tasks. Idle it costs nothing, and the more there are at once the less each costs; beyond what the providers take at once they wait for a connection, within the timeout of a call. Default: 16
	Check       time.Duration // how often an idle worker looks for tasks of which nobody told it. Default: 200 ms
	Poll        time.Duration // how often the relay looks when nobody wakes it. Default: 1 s
	Group       int           // notices in one task, critical ones travel alone. Default: 50
	Window      int           // notices of one channel in the queue at once, critical ones aside. Default: 20,000
	Sweep       time.Duration // between two sweeps. Default: 15 s; negative: none, another process sweeps
	Recover     time.Duration // between two looks for what got stuck. Default: 30 s
	Watch       time.Duration // between two looks whether delivery is in order. Default: none
	Register    time.Duration // how soon the queues are visible again after Redis was emptied. Default: 30 s
	Shutdown    time.Duration // how long a stop waits for calls under way, and 4 s more for their outcomes to be written; no sender's timeout may be longer. Default: 30 s

	// Weights are the shares of providers among those of their channel, by name,
	// for their first start; later Work.Notices.Weigh changes them. Default: 1 each.
	Weights map[string]int
	// Standby are the providers of weight 0 in the order in which they are asked
	// when no other will do. Default: by name.
	Standby []string
	// Breaker says when a provider is left alone, and when it is tried again.
	Breaker notify.BreakerRules
	// Mode says whom messages reach: everybody, those on the list Pilot, or nobody.
	// Every sender is wrapped by notify.Rehearse. Default: notify.Live.
	Mode  notify.Mode
	Pilot []string // addresses, as messages have them: +84…, or a mailbox

	// Rates are what providers take over all processes, by name, in segments of SMS
	// or mails. Default: as much as is sent.
	Rates map[string]rate.Limit
}

func (c *Config) fill() error {
	if c.Owner == "" {
		host, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("workersfx: Config.Owner is empty and the host has no name: %w", err)
		}
		c.Owner = fmt.Sprintf("%s/%d/%s", host, os.Getpid(), rand.Text()[:8])
	}
	if c.Prefix == "" {
		c.Prefix = "outreach"
	}
	defaults := []struct {
		value *time.Duration
		to    time.Duration
	}{{&c.Check, 200 * time.Millisecond}, {&c.Poll, time.Second}, {&c.Sweep, 15 * time.Second}, {&c.Recover, 30 * time.Second}, {&c.Register, 30 * time.Second}, {&c.Shutdown, 30 * time.Second}}
	for _, d := range defaults {
		if *d.value == 0 {
			*d.value = d.to
		}
	}
	c.Mode = cmp.Or(c.Mode, notify.Live)
	if !c.Mode.Known() {
		return fmt.Errorf("workersfx: Config.Mode is %q: want live, pilot or dry-run", c.Mode)
	}
	if c.Mode != notify.Pilot && len(c.Pilot) > 0 {
		return fmt.Errorf("workersfx: Config.Pilot is a list for the mode pilot, and Config.Mode is %s", c.Mode)
	}
	if c.Concurrency == 0 {
		c.Concurrency = 4
	}
	if c.Group == 0 {
		c.Group = 50
	}
	if c.Urgent == 0 {
		c.Urgent = 16
	}
	if c.Concurrency < 0 || c.Urgent < 0 || c.Check < 0 || c.Poll < 0 || c.Group < 0 || c.Recover < 0 || c.Register < 0 || c.Shutdown < 0 {
		return errors.New("workersfx: Config.Concurrency, Urgent, Check, Poll, Group, Recover, Register and Shutdown must not be negative")
	}
	return nil
}

// Params are what the workers need of the host.
type Params struct {
	fx.In

	Lifecycle fx.Lifecycle
	System    *core.System
	Redis     redis.UniversalClient // not closed here: the host owns it
	Senders   []notify.Sender       `group:"outreach.senders"`
	Config    Config                `optional:"true"`
	Log       *slog.Logger          `optional:"true"`
	Options   *deliver.Options      `optional:"true"`
	Receipts  *receipt.Options      `optional:"true"`
	Bell      *Bell                 `optional:"true"`
	Observe   *Observe              `optional:"true"`
}

// Observe is told what relay and sweeper did, for metrics; see relay.Options and
// sweep.Options. Its functions must not block. What senders did is told to
// deliver.Options.Observe, callbacks to receipt.Options.Observe.
type Observe struct {
	Dispatched func(core.Dispatched)
	Swept      func(core.Swept)
	Recovered  func(core.Recovered)
	Watched    func(core.Watched)
}

// Bell wakes a relay that does not exist yet: core.Options.Wake is needed to
// make the System, and the System to make the relay. Give Ring to the System and
// supply the Bell to fx. The zero value is ready; ringing before there is a relay
// does nothing. It is safe for concurrent use.
type Bell struct{ relay atomic.Pointer[relay.Relay] }

// Ring makes the relay look at once. It never blocks.
func (b *Bell) Ring() {
	if r := b.relay.Load(); r != nil {
		r.Wake()
	}
}

// Workers are the running parts.
type Workers struct {
	Relay   *relay.Relay
	Sweeper *sweep.Sweeper
	Desk    *receipt.Desk // an http.Handler for callbacks, to be mounted where providers reach it

	config  Config
	system  *core.System
	senders []notify.Sender
	redis   redis.UniversalClient
	scripts *gathered // the same, for asynq
	client  *asynq.Client
	servers []*asynq.Server
	own     []*asynq.Server // of exclusive providers, nil while another process serves them
	handler *deliver.Handler
	bells   *bells
	log     *slog.Logger

	stop  context.CancelFunc
	loops sync.WaitGroup
}

// Wake makes the relay look at once: call it after a joined transaction was
// committed. It never blocks.
func (w *Workers) Wake() { w.Relay.Wake() }

// New composes the workers and hangs them into the lifecycle.
func New(p Params) (*Workers, error) {
	if err := p.Config.fill(); err != nil {
		return nil, err
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	opts := deliver.Options{Log: p.Log}
	if p.Options != nil {
		opts = *p.Options
	}
	senders := make([]notify.Sender, len(p.Senders))
	for i, s := range p.Senders { // nothing below has a sender that does not obey the mode
		if _, holds := s.(notify.Holder); s.Describe().Exclusive && !holds {
			return nil, fmt.Errorf("workersfx: sender %q says that one process at a time may use it, and cannot tell which (notify.Holder)", s.Describe().Name)
		}
		senders[i] = notify.Rehearse(s, p.Config.Mode, p.Config.Pilot)
	}
	if p.Observe == nil {
		p.Observe = &Observe{}
	}
	handler, err := deliver.New(p.System, p.Config.Owner, senders, &opts)
	if err != nil {
		return nil, err
	}
	names := make(map[string]bool)
	for _, sender := range senders {
		names[sender.Describe().Name] = true
		if c := sender.Describe(); c.Timeout > p.Config.Shutdown {
			return nil, fmt.Errorf("workersfx: a call of %s may take %s, longer than Config.Shutdown (%s): a stop would cut it short", c.Name, c.Timeout, p.Config.Shutdown)
		}
	}
	for _, named := range []iter.Seq[string]{maps.Keys(p.Config.Weights), maps.Keys(p.Config.Rates), slices.Values(p.Config.Standby)} {
		for name := range named {
			if !names[name] {
				return nil, fmt.Errorf("workersfx: Config.Weights, Rates or Standby name a provider %q, and no sender is called so", name)
			}
		}
	}
	scripts := gather(p.Redis)
	w := &Workers{config: p.Config, system: p.System, senders: senders, redis: p.Redis, scripts: scripts, log: p.Log, handler: handler, client: asynq.NewClientFromRedisClient(scripts)}
	w.bells = newBells(p.Redis, p.Config.Prefix)
	w.Relay = relay.New(p.System, ringing{w.client, w.bells}, p.Config.Owner, &relay.Options{
		Prefix: p.Config.Prefix, Poll: p.Config.Poll, Group: p.Config.Group, First: p.Config.Concurrency * p.Config.Group, Timeout: handler.TaskTime(p.Config.Group), Log: p.Log,
		Window: p.Config.Window, Rates: p.Config.Rates, Buckets: rate.New(p.Redis, p.Config.Prefix), Exclusive: w.exclusive(), Observe: p.Observe.Dispatched,
	})
	if p.Bell != nil {
		p.Bell.relay.Store(w.Relay)
	}
	w.Sweeper = sweep.New(p.System, &sweep.Options{Every: p.Config.Sweep, Recover: p.Config.Recover, Watch: p.Config.Watch, Log: p.Log,
		Swept: p.Observe.Swept, Recovered: p.Observe.Recovered, Watched: p.Observe.Watched})
	desk := receipt.Options{Log: p.Log}
	if p.Receipts != nil {
		desk = *p.Receipts
	}
	if w.Desk, err = receipt.New(p.System, p.Config.Owner, senders, &desk); err != nil {
		return nil, err
	}
	p.Lifecycle.Append(fx.Hook{OnStart: w.Start, OnStop: w.Stop})
	return w, nil
}

// Start begins to work. It fails when Redis does not answer or is too old: asynq
// itself would start all the same and stay silent.
func (w *Workers) Start(ctx context.Context) error {
	found, err := redischeck.Check(ctx, w.redis)
	if err != nil {
		return fmt.Errorf("workersfx: %w", err)
	}
	for _, warning := range found.Warnings {
		w.log.Warn("workers: " + warning)
	}
	if err := w.system.Register(ctx, w.providers()...); err != nil {
		return fmt.Errorf("workersfx: providers: %w", err)
	}
	// The context of the start ends soon; the loops live until Stop.
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop = stop
	for _, channel := range w.handler.Channels() {
		if err := w.serve(run, channel); err != nil {
			stop()
			w.shutdown()
			return fmt.Errorf("workersfx: server of channel %s: %w", channel, err)
		}
	}
	w.loop(run, w.bells.tell)
	w.loop(run, w.bells.listen)
	w.loop(run, w.Relay.Run)
	w.loop(run, w.register)
	w.loop(run, w.Sweeper.Run)
	w.loop(run, w.Desk.Run)
	w.own = make([]*asynq.Server, len(w.senders))
	for i, sender := range w.senders {
		if holder, ok := sender.(notify.Holder); ok && sender.Describe().Exclusive {
			w.loop(run, func(ctx context.Context) error { return w.serveOwn(ctx, &w.own[i], sender.Describe(), holder) })
		}
	}
	return nil
}

// serve starts the two servers of a channel: a slow mail server never takes the
// places of SMS, nor thousands of reminders those of what is critical.
func (w *Workers) serve(run context.Context, channel notify.Channel) error {
	for _, lanes := range []struct {
		queues      map[string]int
		concurrency int
	}{{task.Urgent(w.config.Prefix, channel), w.config.Urgent}, {task.Ordinary(w.config.Prefix, channel), w.config.Concurrency}} {
		settings := w.settings(string(channel), lanes.queues)
		settings.Concurrency = lanes.concurrency
		gate := newGate(w.scripts, len(lanes.queues), w.config.Check, run.Done())
		w.bells.hang(gate, lanes.queues)
		server := asynq.NewServerFromRedisClient(gate, settings)
		if err := server.Start(w.handler); err != nil {
			return err
		}
		w.servers = append(w.servers, server)
	}
	return nil
}

// exclusive names the senders that one process at a time may use.
func (w *Workers) exclusive() []string {
	var names []string
	for _, sender := range w.senders {
		if sender.Describe().Exclusive {
			names = append(names, sender.Describe().Name)
		}
	}
	return names
}

// serveOwn works off the lanes of a provider that one process at a time may call
// for as long as that is this one. What it still serves when ctx ends is left to
// the stop.
func (w *Workers) serveOwn(ctx context.Context, serving **asynq.Server, provider notify.Capabilities, holder notify.Holder) error {
	ticker := time.NewTicker(w.config.Check)
	defer ticker.Stop()
	var gate *gate
	for {
		switch elsewhere := holder.Elsewhere(); {
		case elsewhere && *serving != nil:
			(*serving).Shutdown()
			w.bells.take(gate)
			*serving = nil
		case !elsewhere && *serving == nil:
			queues := task.OwnQueues(w.config.Prefix, provider.Channel, provider.Name)
			gate = newGate(w.scripts, len(queues), w.config.Check, ctx.Done())
			server := asynq.NewServerFromRedisClient(gate, w.settings(provider.Name, queues))
			if err := server.Start(w.handler); err != nil {
				w.log.Error("workers: lanes not served", "provider", provider.Name, "error", err)
				break
			}
			w.bells.hang(gate, queues)
			*serving = server
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// providers are the senders as the core knows them.
func (w *Workers) providers() []notify.Provider {
	var all []notify.Provider
	for _, s := range w.senders {
		c := s.Describe()
		weight, given := w.config.Weights[c.Name]
		if !given {
			weight = 1
		}
		limit := w.config.Rates[c.Name]
		all = append(all, notify.Provider{
			Name: c.Name, Channel: c.Channel, Weight: weight, Rate: limit.PerSecond, Burst: limit.Burst,
			Order: 1 + slices.Index(w.config.Standby, c.Name), Mode: w.config.Mode, Rules: w.config.Breaker,
		})
	}
	return all
}

func (w *Workers) loop(ctx context.Context, run func(context.Context) error) {
	w.loops.Go(func() { _ = run(ctx) }) // every loop ends with its context, and says why in the log
}

// looking is how soon a server looks again when it has found nothing. It does not
// look as often: its gate holds it.
const looking = 2 * time.Millisecond

// toWrite is what a stop leaves, after the longest call, for its outcome to be
// written: asynq lets go of a task that takes longer, and the process ends.
const toWrite = 4 * time.Second

// settings are those of asynq for the lanes of one server. What is not set stays out on
// purpose; the documentation of package workers says why.
func (w *Workers) settings(of string, queues map[string]int) asynq.Config {
	return asynq.Config{
		Concurrency:              w.config.Concurrency,
		Queues:                   queues,
		TaskCheckInterval:        looking,
		DelayedTaskCheckInterval: time.Second,
		ShutdownTimeout:          w.config.Shutdown + toWrite,
		RetryDelayFunc:           func(n int, _ error, _ *asynq.Task) time.Duration { return min(2*time.Second<<min(n, 5), time.Minute) },
		ErrorHandler: asynq.ErrorHandlerFunc(func(_ context.Context, t *asynq.Task, err error) {
			w.log.Error("workers: task failed", "type", t.Type(), "error", err)
		}),
		HealthCheckFunc: w.reached(of),
		Logger:          quiet{w.log},
		LogLevel:        asynq.WarnLevel,
	}
}

// reached logs when the server of a channel loses Redis and when it has it back.
func (w *Workers) reached(of string) func(error) {
	var lost atomic.Bool
	return func(err error) {
		switch was := lost.Swap(err != nil); {
		case err != nil && !was:
			w.log.Error("workers: Redis is out of reach", "channel", of, "error", err)
		case err == nil && was:
			w.log.Warn("workers: Redis is back", "channel", of)
		}
	}
}

// Queues are the queues of the workers, in order.
func (w *Workers) Queues() []string {
	var all []string
	for _, channel := range w.handler.Channels() {
		all = slices.AppendSeq(all, maps.Keys(task.Queues(w.config.Prefix, channel)))
	}
	for _, sender := range w.senders {
		if c := sender.Describe(); c.Exclusive {
			all = slices.AppendSeq(all, maps.Keys(task.OwnQueues(w.config.Prefix, c.Channel, c.Name)))
		}
	}
	slices.Sort(all)
	return all
}

// register keeps the queues in asynq's list of queues. A client writes them
// there once in its life; after Redis was emptied they would work but be
// invisible to every tool.
func (w *Workers) register(ctx context.Context) error {
	ticker := time.NewTicker(w.config.Register)
	defer ticker.Stop()
	var queues []any
	for _, queue := range w.Queues() {
		queues = append(queues, queue)
	}
	for {
		if err := w.redis.SAdd(ctx, "asynq:queues", queues...).Err(); err != nil && ctx.Err() == nil {
			w.log.Warn("workers: queues not registered", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// Stop ends gracefully: nothing new is claimed, the loops end, calls under way
// are finished and written down. That takes up to Config.Shutdown and 4 s, whatever
// the context says; fx stops waiting when its StopTimeout is over.
func (w *Workers) Stop(context.Context) error {
	w.handler.Drain()
	if w.stop != nil {
		w.stop() // and no look is held any more, for which the servers would wait
	}
	for _, s := range w.servers {
		s.Stop()
	}
	w.loops.Wait()
	w.shutdown()
	return nil
}

func (w *Workers) shutdown() {
	var all sync.WaitGroup
	for _, s := range w.servers {
		all.Go(s.Shutdown)
	}
	for _, s := range w.own {
		if s != nil {
			all.Go(s.Shutdown)
		}
	}
	all.Wait()
	w.servers, w.own = nil, nil
}

// quiet passes asynq's log lines on.
type quiet struct{ log *slog.Logger }

func (q quiet) Debug(args ...any) { q.log.Debug(fmt.Sprint(args...)) }
func (q quiet) Info(args ...any)  { q.log.Info(fmt.Sprint(args...)) }
func (q quiet) Warn(args ...any)  { q.log.Warn(fmt.Sprint(args...)) }
func (q quiet) Error(args ...any) { q.log.Error(fmt.Sprint(args...)) }
func (q quiet) Fatal(args ...any) { q.log.Error(fmt.Sprint(args...)) }
