package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/task"
)

// Outbox is what a worker needs of a core.System.
type Outbox interface {
	Claim(ctx context.Context, owner string, provider notify.Capabilities, tickets []core.Ticket) ([]core.Delivery, error)
	Settle(ctx context.Context, settled []core.Settled) error
}

// returner is an Outbox that takes tickets back; core.System is one.
type returner interface {
	Requeue(ctx context.Context, tickets []core.Ticket, why string) error
}

// Options have a default each; nil is legal.
type Options struct {
	Log *slog.Logger // Default: discards

	// Observe is called after each call of a provider, for metrics. It must be
	// safe for concurrent use. Default: none.
	Observe func(provider notify.Capabilities, outcome notify.Outcome, took time.Duration)
	// Worthless is called with how many tickets had nothing to send any more: what
	// a queue repeated, or the core handed out anew. Default: none.
	Worthless func(channel notify.Channel, tickets int)
}

// Handler delivers. It is safe for concurrent use.
type Handler struct {
	outbox  Outbox
	senders map[notify.Channel][]notify.Sender // several of one channel share it
	opts    Options

	claims   *shared[claim, []core.Delivery]
	urgent   *shared[claim, []core.Delivery] // those of what is critical: they do not wait for the others
	settles  *shared[[]core.Settled, struct{}]
	draining atomic.Bool
	door     chan struct{}  // every window of calls goes through; one that may kill the process keeps it
	inside   sync.WaitGroup // the windows under way
}

// New makes a handler named owner over the senders. Several of one channel share
// what is registered with the core (core.System.Register). Two senders of one
// name, or none at all, are an error.
func New(outbox Outbox, owner string, senders []notify.Sender, opts *Options) (*Handler, error) {
	h := &Handler{
		outbox: outbox, senders: make(map[notify.Channel][]notify.Sender), claims: newClaims(outbox, owner), urgent: newClaims(outbox, owner),
		settles: newSettles(outbox), door: make(chan struct{}, 1),
	}
	if opts != nil {
		h.opts = *opts
	}
	if h.opts.Log == nil {
		h.opts.Log = slog.New(slog.DiscardHandler)
	}
	if len(senders) == 0 {
		return nil, errors.New("deliver: no senders: without one nothing can go out")
	}
	names := make(map[string]bool)
	for _, s := range senders {
		c := s.Describe()
		if c.Name == "" || c.Channel == "" {
			return nil, fmt.Errorf("deliver: a sender needs a name and a channel, got %q and %q", c.Name, c.Channel)
		}
		if names[c.Name] {
			return nil, fmt.Errorf("deliver: two senders are called %q", c.Name)
		}
		names[c.Name] = true
		h.senders[c.Channel] = append(h.senders[c.Channel], s)
	}
	return h, nil
}

// Channels are the channels that have a sender, in order.
func (h *Handler) Channels() []notify.Channel { return slices.Sorted(maps.Keys(h.senders)) }

// digestItems is more than most digests carry.
const digestItems = 15

// TaskTime is how long a task of so many messages may take: every window of
// calls at its sender's timeout, and the writes, also when they are digests.
func (h *Handler) TaskTime(notices int) time.Duration {
	longest := time.Duration(0)
	for _, senders := range h.senders {
		for _, s := range senders {
			c := s.Describe()
			window := min(max(c.Parallel, 1), sharedMost/(1+digestItems))
			windows := (max(notices, 1) + window - 1) / window
			longest = max(longest, time.Duration(windows)*(c.Timeout+settleFor))
		}
	}
	return longest
}

// Drain makes the handler finish the calls it has begun and claim nothing more,
// in tasks under way either: what is left of them is for another worker. It
// cannot be taken back.
func (h *Handler) Drain() { h.draining.Store(true) }

// ProcessTask delivers the notices of one task. A task nobody can read is
// dropped for good: its notices are handed out again by the sweep.
func (h *Handler) ProcessTask(ctx context.Context, t *asynq.Task) error {
	tickets, err := task.Parse(t)
	if err != nil {
		h.opts.Log.Error("deliver: unreadable task dropped", "error", err)
		return fmt.Errorf("%w: %w", err, asynq.SkipRetry)
	}
	sender := h.sender(tickets[0])
	if sender == nil {
		return fmt.Errorf("deliver: no sender for channel %q", tickets[0].Channel)
	}
	return h.Deliver(ctx, sender, tickets)
}

// sender is the one the ticket was handed out for; where this process does not
// have it, another one of the channel: the core decides at the claim whether
// that may be.
func (h *Handler) sender(t core.Ticket) notify.Sender {
	all := h.senders[t.Channel]
	for _, s := range all {
		if s.Describe().Name == t.Provider {
			return s
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[0]
}

// errLater gives the rest of a task back to the queue.
var errLater = errors.New("deliver: the rest of the task is for later")

// Deliver claims, sends and settles the tickets in windows of as many calls as
// the sender makes at once: that many may be in doubt after a crash, not more.
// No window begins that the handler or ctx would not let come to its end. Tickets
// that are to stay apart wait until the handler makes no other call, and others
// for them: if one kills the process, then nobody with it.
func (h *Handler) Deliver(ctx context.Context, sender notify.Sender, tickets []core.Ticket) error {
	provider := sender.Describe()
	window := max(provider.Parallel, 1)
	for begun := false; len(tickets) > 0; begun = true {
		if elsewhere(sender, provider) {
			return h.giveBack(ctx, tickets)
		}
		n := fitting(tickets[:min(window, len(tickets))])
		if apart := slices.IndexFunc(tickets[:n], func(t core.Ticket) bool { return t.Apart }); apart >= 0 {
			n = max(apart, 1)
		}
		if err := h.inTurn(ctx, sender, provider, tickets[:n], begun); err != nil {
			return err
		}
		tickets = tickets[n:]
	}
	return nil
}

// fitting is how many of the first tickets one transaction holds with all that they
// carry, one at least: what is claimed at once is in memory at once.
func fitting(tickets []core.Ticket) int {
	notices := 0
	for i, t := range tickets {
		if notices += weight(t); notices > sharedMost && i > 0 {
			return i
		}
	}
	return len(tickets)
}

// inTurn begins a window when its turn has come, unless it would not come to its end.
func (h *Handler) inTurn(ctx context.Context, sender notify.Sender, provider notify.Capabilities, tickets []core.Ticket, begun bool) error {
	select {
	case h.door <- struct{}{}:
	case <-ctx.Done():
		return errLater
	}
	if tickets[0].Apart {
		defer func() { <-h.door }()
		h.inside.Wait()
	} else {
		h.inside.Add(1)
		<-h.door
		defer h.inside.Done()
	}
	if h.draining.Load() || ctx.Err() != nil || begun && !enough(ctx, provider.Timeout) {
		return errLater
	}
	return h.window(ctx, sender, provider, tickets)
}

// elsewhere reports whether another process is the one that may call the provider.
func elsewhere(sender notify.Sender, provider notify.Capabilities) bool {
	holder, ok := sender.(notify.Holder)
	return ok && provider.Exclusive && holder.Elsewhere()
}

// giveBack returns tickets to the outbox without a call, to be handed out again.
func (h *Handler) giveBack(ctx context.Context, tickets []core.Ticket) error {
	h.opts.Log.Info("deliver: another process holds the provider", "channel", tickets[0].Channel, "tickets", len(tickets))
	outbox, ok := h.outbox.(returner)
	if !ok {
		return errLater
	}
	if err := outbox.Requeue(ctx, tickets, "another process holds the provider"); err != nil {
		return fmt.Errorf("deliver: give back: %w", err)
	}
	return nil
}

// enough reports whether ctx leaves time for one more call.
func enough(ctx context.Context, call time.Duration) bool {
	end, limited := ctx.Deadline()
	return ctx.Err() == nil && (!limited || time.Until(end) > call)
}

func (h *Handler) window(ctx context.Context, sender notify.Sender, provider notify.Capabilities, tickets []core.Ticket) error {
	claims := h.claims
	if tickets[0].Priority == notify.Critical {
		claims = h.urgent
	}
	deliveries, err := claims.do(ctx, claim{provider, tickets})
	if err != nil {
		return fmt.Errorf("deliver: claim: %w", err)
	}
	if worthless := len(tickets) - len(deliveries); worthless > 0 { // sent, taken back or cancelled: how often a queue repeated itself
		h.opts.Log.Info("deliver: worthless tickets", "channel", provider.Channel, "tickets", worthless)
		if h.opts.Worthless != nil {
			h.opts.Worthless(provider.Channel, worthless)
		}
	}
	settled := h.callAll(ctx, sender, provider, deliveries)
	return h.settle(ctx, settled)
}

// callAll makes the calls of a window. They have the provider's time to come to their
// end, also when asynq takes back the task meanwhile because Redis was away for longer
// than its lease: the claim holds the notices, and a call cut off would leave one in
// doubt.
func (h *Handler) callAll(ctx context.Context, sender notify.Sender, provider notify.Capabilities, deliveries []core.Delivery) []core.Settled {
	ctx = context.WithoutCancel(ctx)
	if provider.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, provider.Timeout)
		defer cancel()
	}
	settled := make([]core.Settled, len(deliveries))
	one := func(i int) {
		settled[i].Outcome = h.call(ctx, sender, provider, &deliveries[i])
		settled[i].Delivery = deliveries[i]
	}
	if len(deliveries) == 1 { // as of what is critical: no company, no goroutine
		one(0)
		return settled
	}
	var calls sync.WaitGroup
	for i := range deliveries {
		calls.Go(func() { one(i) })
	}
	calls.Wait()
	return settled
}

// call sends one message. A sender that panics may have handed it over: nobody knows,
// and for what counts its attempts nothing came back.
func (h *Handler) call(ctx context.Context, sender notify.Sender, provider notify.Capabilities, d *core.Delivery) (outcome notify.Outcome) {
	began := time.Now()
	defer func() {
		if p := recover(); p != nil {
			outcome = notify.Outcome{Result: notify.ResultUnknown, Code: "panic", Detail: "the sender panicked", Panicked: true}
		}
		took := time.Since(began)
		if h.opts.Log.Enabled(ctx, slog.LevelInfo) {
			h.opts.Log.Info("deliver: sent", "notice", d.Ticket.ID, "attempt", d.Attempt.Number, "provider", provider.Name,
				"outcome", outcome.Result, "code", outcome.Code, "took", took)
		}
		if h.opts.Observe != nil {
			h.opts.Observe(provider, outcome, took)
		}
	}()
	return sender.Send(ctx, d.Message)
}

func (h *Handler) settle(ctx context.Context, settled []core.Settled) error {
	if len(settled) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleFor)
	defer cancel()
	pause := 50 * time.Millisecond
	for {
		_, err := h.settles.do(ctx, settled)
		if err == nil {
			return nil
		}
		h.opts.Log.Error("deliver: outcomes not written", "calls", len(settled), "error", err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("deliver: settle: %w", err)
		case <-time.After(pause):
			pause = min(2*pause, 2*time.Second)
		}
	}
}
