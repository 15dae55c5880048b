// Package relay carries what is due from the outbox into Redis. It may run in any
// number of processes: one works, the others stand by. Redis may be empty, slow
// or gone at any moment; what it does not take stays in the outbox, what it
// loses is handed out again (see core.System.Recover).
package relay

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/rate"
	"github.com/huongvecoso/outreach/workers/task"
)

// Outbox is what the relay needs of a core.System.
type Outbox interface {
	Dispatch(ctx context.Context, owner string, limit int) (core.Dispatched, error)
	Requeue(ctx context.Context, tickets []core.Ticket, why string) error
}

// roomy is an Outbox that can be told how much there is room for; core.System is one.
type roomy interface {
	DispatchWithin(ctx context.Context, owner string, limit int, room core.Room) (core.Dispatched, error)
}

// Queue takes tasks; *asynq.Client is one. It must be safe for concurrent use.
type Queue interface {
	EnqueueContext(ctx context.Context, t *asynq.Task, opts ...asynq.Option) (*asynq.TaskInfo, error)
}

// Options have a default each; nil is legal.
type Options struct {
	Prefix  string        // of the queues. Default: outreach
	Poll    time.Duration // how often to look when nobody wakes it. Default: 1 s
	Limit   int           // notices looked at in one pass. Default: 1000
	Group   int           // tickets of normal and bulk notices in one task; critical ones travel alone. Default: 50
	Timeout time.Duration // of one task: the provider's timeouts for a group and the writes. Default: 5 min
	Log     *slog.Logger  // Default: discards

	// Window is how many notices of one channel may be in the queue at once,
	// critical ones aside. The relay begins with First and goes up to that as long
	// as they are taken in time, so that a slow provider never has more before it
	// than it can send before the tickets grow stale. Default: 20,000.
	Window int
	// First is how many notices of one channel the workers have places for: what is
	// handed to them at once. Default: 4 groups, 200 at least.
	First int
	// Rates are those of providers by name; tokens are taken from Buckets before
	// anything is put into the queue. Default: no rates.
	Rates   map[string]rate.Limit
	Buckets Buckets // needed where there are rates

	// Observe is called after each pass, for metrics. Default: none.
	Observe func(core.Dispatched)

	// Exclusive names the providers that one process at a time may call: what is
	// for them goes into lanes of their own. Default: none.
	Exclusive []string
}

// Buckets keep the rates of providers over all processes; *rate.Buckets is one.
type Buckets interface {
	Take(ctx context.Context, provider string, l rate.Limit, want int) (int, error)
	Give(ctx context.Context, provider string, l rate.Limit, unused int) error
}

// Relay is one relay. Run works; Wake tells it to look now.
type Relay struct {
	outbox  Outbox
	queue   Queue
	owner   string
	opts    Options
	wake    chan struct{}
	turn    sync.Mutex  // held by the pass under way
	busy    atomic.Bool // it is
	alarm   chan struct{}
	aside   sync.Mutex // held by a pass for what is critical, beside it
	pace    pace
	backlog bool      // the last pass left something behind
	roomAt  time.Time // when to look for room; zero: the last pass had room for all
}

// New makes a relay named owner, which must be unique among all processes.
func New(outbox Outbox, queue Queue, owner string, opts *Options) *Relay {
	r := &Relay{outbox: outbox, queue: queue, owner: owner, wake: make(chan struct{}, 1), alarm: make(chan struct{}, 1)}
	if opts != nil {
		r.opts = *opts
	}
	r.opts.fill()
	few := max(200, 4*r.opts.Group)
	r.pace = newPace(r.opts.Window, max(few, r.opts.First), few)
	return r
}

func (o *Options) fill() {
	if o.Prefix == "" {
		o.Prefix = "outreach"
	}
	if o.Poll <= 0 {
		o.Poll = time.Second
	}
	if o.Limit <= 0 {
		o.Limit = 1000
	}
	if o.Group <= 0 {
		o.Group = 50
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Minute
	}
	if o.Window <= 0 {
		o.Window = 20_000
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// Wake makes the relay look at once. It never blocks; a relay that is at work
// looks once more afterwards, and while Run does, for what is critical at once.
func (r *Relay) Wake() {
	ring(r.wake)
	if r.busy.Load() {
		ring(r.alarm)
	}
}

// ring leaves a signal where there is none yet.
func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// Run carries until ctx ends, and returns its error. Errors of the database and
// of Redis are logged and tried again at the next look.
func (r *Relay) Run(ctx context.Context) error {
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() { r.answer(ctx) })
	ticker := time.NewTicker(r.opts.Poll)
	defer ticker.Stop()
	for pass := r.Pass; ; {
		r.carry(ctx, pass)
		room := r.untilRoom()
		pass = r.Pass
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.wake:
			if room > 0 { // until then only what is critical goes out, and looking at the rest costs
				pass = r.passCritical
			}
		case <-ticker.C:
		case <-after(room):
		}
	}
}

// carry passes until there is no more to hand out, or one fails.
func (r *Relay) carry(ctx context.Context, pass func(context.Context) (more bool, err error)) {
	for {
		more, err := pass(ctx)
		if err != nil && ctx.Err() == nil {
			r.opts.Log.Error("relay: pass failed", "error", err)
		}
		if !more || err != nil {
			return
		}
	}
}

// answer carries what is critical beside a pass that looks at everything, which takes
// a tenth of a second where hundreds are handed out and put together: nobody's
// reminders keep an alarm waiting.
func (r *Relay) answer(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.alarm:
		}
		r.carry(ctx, r.passCritical)
		select { // whoever commits all the time does not have it look all the time
		case <-ctx.Done():
			return
		case <-time.After(breath):
		}
	}
}

// breath is how long it rests between two looks for what is critical.
const breath = 5 * time.Millisecond

// untilRoom is how long to wait before looking whether the channels that were full
// have room again; 0 when the last pass had room for all.
func (r *Relay) untilRoom() time.Duration {
	r.turn.Lock()
	defer r.turn.Unlock()
	if r.roomAt.IsZero() {
		return 0
	}
	return max(time.Nanosecond, time.Until(r.roomAt))
}

// after is time.After, never for 0.
func after(d time.Duration) <-chan time.Time {
	if d == 0 {
		return nil
	}
	return time.After(d)
}

// Pass looks once: what is due is marked in the outbox first and handed to the
// queue then, so that a crash in between delays it and never doubles it. more
// says that the limit was reached. It may be called from anywhere, also beside
// Run: such passes of one relay go one after the other.
func (r *Relay) Pass(ctx context.Context) (more bool, err error) {
	r.turn.Lock()
	defer r.turn.Unlock()
	r.busy.Store(true)
	defer r.busy.Store(false)
	return r.pass(ctx, core.Room{Window: r.pace.first, Windows: r.pace.windows, Backlog: r.backlog})
}

// passCritical is Pass for what is critical. It needs no room, so it goes beside one.
func (r *Relay) passCritical(ctx context.Context) (more bool, err error) {
	r.aside.Lock()
	defer r.aside.Unlock()
	return r.pass(ctx, core.Room{CriticalOnly: true})
}

func (r *Relay) pass(ctx context.Context, room core.Room) (more bool, err error) {
	done, err := r.dispatch(ctx, room)
	if err != nil {
		return false, err
	}
	back, err := r.handOver(ctx, r.groups(done.Tickets))
	if err != nil {
		return false, errors.Join(err, r.giveBack(ctx, back))
	}
	return done.More, nil
}

// abreast is how many critical tasks are handed over at once: each is a round trip of
// its own, unless the queue makes those of one moment together.
const abreast = 64

// handOver gives the tasks to the queue in their order, critical ones side by side, and
// returns the tickets of those that it refused.
func (r *Relay) handOver(ctx context.Context, groups [][]core.Ticket) (back []core.Ticket, err error) {
	refused := make(map[string]bool) // in a cluster one queue may be out of reach and the others not
	for len(groups) > 0 {
		now := groups[:leading(groups)]
		groups = groups[len(now):]
		faults := make([]error, len(now))
		var calls sync.WaitGroup
		for i, group := range now {
			queue := r.lane(group[0])
			if refused[queue] {
				faults[i] = errRefused
				continue
			}
			calls.Go(func() { faults[i] = r.enqueue(ctx, queue, group) })
		}
		calls.Wait()
		for i, fault := range faults {
			if fault == nil {
				continue
			}
			if queue := r.lane(now[i][0]); !refused[queue] {
				r.opts.Log.Warn("relay: the queue refused a task", "queue", queue, "error", fault)
				refused[queue], err = true, errors.Join(err, fault)
			}
			back = append(back, now[i]...)
		}
	}
	return back, err
}

// errRefused stands for a task that was not offered to a queue that refused another one.
var errRefused = errors.New("relay: refused")

// leading is how many of the next tasks go at once: what is critical, else one.
func leading(groups [][]core.Ticket) int {
	n := 0
	for n < min(len(groups), abreast) && groups[n][0].Priority == notify.Critical {
		n++
	}
	return max(n, 1)
}

// dispatch asks for what queue and providers have room for. Tokens are taken
// first; those that were not used go back.
func (r *Relay) dispatch(ctx context.Context, room core.Room) (core.Dispatched, error) {
	outbox, ok := r.outbox.(roomy)
	switch {
	case !ok && room.CriticalOnly: // it would look at everything
		return core.Dispatched{}, nil
	case !ok:
		return r.outbox.Dispatch(ctx, r.owner, r.opts.Limit)
	}
	tokens := make(map[string]int, len(r.opts.Rates))
	room.Tokens = tokens
	for provider, limit := range r.opts.Rates {
		granted, err := r.opts.Buckets.Take(ctx, provider, limit, r.opts.Limit)
		if err != nil {
			return core.Dispatched{}, err
		}
		tokens[provider] = granted
	}
	done, err := outbox.DispatchWithin(ctx, r.owner, r.opts.Limit, room)
	for provider, granted := range tokens {
		unused := granted - done.Spent[provider]
		if back := r.opts.Buckets.Give(ctx, provider, r.opts.Rates[provider], unused); back != nil {
			r.opts.Log.Warn("relay: tokens not given back", "provider", provider, "tokens", unused, "error", back)
		}
	}
	if err == nil && r.opts.Observe != nil {
		r.opts.Observe(done)
	}
	if !room.CriticalOnly {
		r.learn(done, err)
	}
	return done, err
}

// learn notes what a pass that looked at everything says about the next one.
func (r *Relay) learn(done core.Dispatched, err error) {
	r.backlog, r.roomAt = done.More || done.Full, time.Time{}
	if err != nil || done.Standby {
		return
	}
	now := time.Now()
	r.pace.learn(done, now)
	if done.Full {
		pause := r.pace.pause
		if len(done.Short) > 0 && !r.pace.full() {
			pause = max(pause, refill)
		}
		r.roomAt = now.Add(min(pause, r.opts.Poll))
	}
}

// refill is how long the relay waits where nothing but the rates of providers holds
// up what is due: looking more often would find a few tokens each time.
const refill = 100 * time.Millisecond

// groups splits tickets into tasks: of one lane each, critical ones alone, and
// alone what once did not end well: if it kills its worker, then nobody with it.
func (r *Relay) groups(tickets []core.Ticket) [][]core.Ticket {
	type lane struct {
		channel  notify.Channel
		priority notify.Priority
		provider string
		alone    bool
	}
	var groups [][]core.Ticket
	open := make(map[lane]int) // index of the lane's unfinished group
	for _, t := range tickets {
		l := lane{t.Channel, t.Priority, t.Provider, t.Alone}
		size := r.opts.Group
		if t.Priority == notify.Critical || t.Alone {
			size = 1
		}
		i, ok := open[l]
		if !ok || len(groups[i]) >= size {
			i = len(groups)
			groups, open[l] = append(groups, nil), i
		}
		groups[i] = append(groups[i], t)
	}
	return groups
}

// lane is the queue that a ticket belongs into.
func (r *Relay) lane(t core.Ticket) string {
	if slices.Contains(r.opts.Exclusive, t.Provider) {
		return task.OwnQueue(r.opts.Prefix, t.Channel, t.Provider, t.Priority)
	}
	return task.Queue(r.opts.Prefix, t.Channel, t.Priority)
}

// enqueue hands one group over. The same task already there is as good.
func (r *Relay) enqueue(ctx context.Context, queue string, group []core.Ticket) error {
	t, err := task.New(group, r.opts.Prefix, r.opts.Timeout)
	if err != nil {
		return err
	}
	if _, err = r.queue.EnqueueContext(ctx, t, asynq.Queue(queue)); errors.Is(err, asynq.ErrTaskIDConflict) {
		return nil
	}
	return err
}

// giveBack returns what the queue did not take to the outbox, also when the
// process is told to stop in the middle.
func (r *Relay) giveBack(ctx context.Context, tickets []core.Ticket) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return r.outbox.Requeue(ctx, tickets, "queue: refused")
}
