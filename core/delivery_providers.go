package core

import (
	"cmp"
	"context"
	"errors"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
)

// Register makes providers known to all processes: from then on notices are
// shared out among those of their channel by weight, a provider that fails is
// left alone until a probe succeeds, and what it certainly did not take goes to
// another one. Call it at each start with what this process can send by; a
// weight that somebody changed since, and the breaker, stay as they are. A
// channel without registered providers is handed out as before, to whoever
// claims it.
//
// The first one registered decides whether the installation is live, a pilot or
// a dry run; a process in another mode is refused until somebody changes that by
// Notices.SetMode. Rules: notice.provider.incomplete, notice.provider.mode.
func (s *System) Register(ctx context.Context, providers ...notify.Provider) error {
	return s.pipeline(ctx, func(ctx context.Context, p *pass) error {
		known, err := p.known(ctx)
		if err != nil {
			return err
		}
		for _, one := range providers {
			if !one.Valid() {
				return fault.Broken("notice.provider.incomplete", "provider",
					"a provider needs a name and a channel; its numbers are not negative, its mode is live, pilot or dry-run", "nhà cung cấp phải có tên và kênh; các số không được âm, chế độ là live, pilot hoặc dry-run")
			}
			for _, other := range known {
				if !other.Mode.Same(one.Mode) {
					return fault.Broken("notice.provider.mode", "mode",
						"this installation is in mode %s and the process in mode %s: change one of them on purpose", "hệ thống đang ở chế độ %s còn tiến trình ở chế độ %s: hãy chủ động đổi một trong hai",
						cmp.Or(other.Mode, notify.Live), cmp.Or(one.Mode, notify.Live))
				}
			}
			if err := p.register(ctx, known[one.Name], one); err != nil {
				return err
			}
		}
		return nil
	})
}

// register writes down what one process says of a provider, where that is new.
func (p *pass) register(ctx context.Context, there *notify.Provider, one notify.Provider) error {
	next := notify.Provider{Name: one.Name, Weight: one.Weight, Changed: p.now}
	if there != nil {
		next = *there
	}
	next.Channel, next.Rate, next.Burst, next.Order, next.Mode, next.Rules = one.Channel, one.Rate, one.Burst, one.Order, one.Mode, one.Rules
	if there != nil && next == *there {
		return nil
	}
	if err := p.tx.PutProvider(ctx, &next); err != nil && !errors.Is(err, fault.ErrExists) { // another process starts too
		return err
	}
	return nil
}

// known are the registered providers by name, asked for once in a pass.
func (p *pass) known(ctx context.Context) (map[string]*notify.Provider, error) {
	if p.providers != nil {
		return p.providers, nil
	}
	all, err := p.tx.Providers(ctx)
	if err != nil {
		return nil, err
	}
	p.providers = make(map[string]*notify.Provider, len(all))
	for i := range all {
		p.providers[all[i].Name] = &all[i]
	}
	return p.providers, nil
}

// on returns the registered providers of a channel, by name.
func (p *pass) on(channel notify.Channel) []*notify.Provider {
	var on []*notify.Provider
	for _, one := range p.providers {
		if one.Channel == channel {
			on = append(on, one)
		}
	}
	slices.SortFunc(on, func(a, b *notify.Provider) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return on
}

// blocked reports whether the channel has providers and none of them may be
// called now. What is due on it then waits as it is, without being touched.
func (p *pass) blocked(channel notify.Channel) bool {
	on := p.on(channel)
	return len(on) > 0 && !slices.ContainsFunc(on, func(one *notify.Provider) bool { return one.Ready(p.now) })
}

// route chooses the provider for a message; ok is false when none may take it
// now. The empty name: the channel has no registered provider. A message of
// several notices tries whether a provider is back only when there is no other.
func (d *dispatch) route(g *group, cost int) (name string, ok bool) {
	n := g.standsFor()
	on := d.on(n.Channel)
	if len(on) == 0 {
		return "", true
	}
	var ready, short []*notify.Provider
	for _, one := range on {
		switch {
		case !one.Ready(d.now):
		case d.room.provider(one.Name) >= enough(one, cost):
			ready = append(ready, one)
		default:
			short = append(short, one)
		}
	}
	if len(ready) == 0 && len(short) > 0 {
		d.spentOut(n.Channel, short)
	}
	probing := func(one *notify.Provider) bool { return one.Probing(d.now) }
	if n.MayHaveGone() { // only the provider that may have it knows a repetition
		if i := slices.IndexFunc(on, func(one *notify.Provider) bool { return one.Name == n.Provider }); i >= 0 && n.OnUnknown == notify.Hold {
			ready = slices.DeleteFunc(ready, func(one *notify.Provider) bool { return one.Name != n.Provider })
		}
	}
	if !g.single() && !all(ready, probing) {
		ready = slices.DeleteFunc(ready, probing)
	}
	if !n.MayHaveGone() && n.Attempts > 0 && len(ready) > 1 { // it said no: let another try
		ready = slices.DeleteFunc(ready, func(one *notify.Provider) bool { return one.Name == n.Provider })
	}
	if i := slices.IndexFunc(ready, probing); i >= 0 {
		return ready[i].Name, true
	}
	if len(ready) == 0 {
		d.waitFor(short)
		return "", false
	}
	return weighted(ready, n, d.now), true
}

// enough is what a provider's rate must have left for a message. One that takes more
// than the provider ever has at once goes when it has that, or it would never go;
// the rest is owed.
func enough(one *notify.Provider, cost int) int {
	if most := one.AtOnce(); most > 0 {
		return min(cost, most)
	}
	return cost
}

// spentOut notes that no provider of a channel has enough left of its rate: what comes
// later in the pass waits as well, also what would take less, or what takes more would
// always be overtaken.
func (d *dispatch) spentOut(channel notify.Channel, short []*notify.Provider) {
	if d.short == nil {
		d.short = make(map[notify.Channel][]*notify.Provider)
	}
	d.short[channel], d.done.Full = short, true
}

// tokens is what is left of the rates of a channel's providers together; bounded is
// false where one of them has none.
func (d *dispatch) tokens(channel notify.Channel) (left int, bounded bool) {
	for _, one := range d.on(channel) {
		has, limited := d.room.Tokens[one.Name]
		if !limited {
			return 0, false
		}
		left, bounded = left+max(0, has), true
	}
	return left, bounded
}

// waitFor counts a notice that waits for providers whose rates are spent.
func (d *dispatch) waitFor(short []*notify.Provider) {
	for _, one := range short {
		if d.done.Short == nil {
			d.done.Short = make(map[string]int)
		}
		d.done.Short[one.Name]++
	}
}

// all reports whether every one of them is so.
func all(of []*notify.Provider, so func(*notify.Provider) bool) bool {
	return !slices.ContainsFunc(of, func(one *notify.Provider) bool { return !so(one) })
}

// tries notes, when a queued notice goes to a provider whose breaker is open, that
// it is the one that tries: no other does before its outcome can be there.
func (d *dispatch) tries(ctx context.Context, n *notify.Notice) error {
	p := d.providers[n.Route]
	if p == nil || !p.Probing(d.now) {
		return nil
	}
	p.Probe(n.ID, d.now.Add(notify.QueuePatience), d.now)
	return d.tx.PutProvider(ctx, p)
}

// weighted draws one of the providers by their shares of now. The draw follows
// from them, the notice and its round alone.
func weighted(among []*notify.Provider, n *notify.Notice, now time.Time) string {
	sum := 0
	for _, one := range among {
		sum += one.Share(now)
	}
	if sum == 0 {
		return slices.MinFunc(among, inOrder).Name
	}
	h := fnv.New32a()
	h.Write([]byte(string(n.ID) + "/" + strconv.Itoa(n.Generation)))
	draw := int(h.Sum32() % uint32(sum))
	for _, one := range among {
		if draw -= one.Share(now); draw < 0 {
			return one.Name
		}
	}
	return among[len(among)-1].Name
}

// inOrder puts those with a place first, by it.
func inOrder(a, b *notify.Provider) int {
	last := int(^uint(0) >> 1)
	return cmp.Compare(cmp.Or(a.Order, last), cmp.Or(b.Order, last))
}

// closed takes a notice back whose provider is about to be called and must not be:
// its breaker opened after the notice was queued, or this process sends to others than
// the installation does. The provider's own pause is waited for; for the rest the
// notice is as late as it was.
func (c *claim) closed(n *notify.Notice) (closed bool, err error) {
	provider := c.providers[c.call.Provider.Name]
	switch {
	case provider == nil:
		return false, nil
	case !provider.Mode.Same(c.call.Provider.Mode): // not started anew after the mode was changed
		c.others = append(c.others, n)
		return true, nil
	case provider.Breaker.Open && provider.Breaker.Probing == n.ID:
		return false, nil
	case c.now.Before(provider.Breaker.Pause):
		return true, c.did(n, n.Defer(provider.Breaker.Pause, outOfOrder, c.now))
	case provider.Breaker.Open:
		return true, c.did(n, n.Return(outOfOrder, c.now)) // another provider, or the next probe: Dispatch decides
	}
	return false, nil
}

// outOfOrder is why a notice waits whose provider is not to be called just now.
const outOfOrder = "provider is out of order"

// otherModeFor is how long a notice waits that a process of another mode than
// the installation's would have taken.
const otherModeFor = 10 * time.Second

// judge lets the breakers of the providers follow what became of their calls.
func (c *settling) judge(ctx context.Context, settled []Settled) error {
	telling := func(one Settled) bool { return one.Delivery.probe || speaks(one.Outcome.Result) }
	if !slices.ContainsFunc(settled, telling) {
		return nil // nothing but what is in order: no question asked
	}
	byProvider := make(map[string][]Settled)
	for _, one := range settled {
		byProvider[one.Delivery.Attempt.Provider] = append(byProvider[one.Delivery.Attempt.Provider], one)
	}
	for name, all := range byProvider {
		if !slices.ContainsFunc(all, telling) {
			continue
		}
		if _, err := c.known(ctx); err != nil {
			return err
		}
		if provider := c.providers[name]; provider != nil {
			if err := c.judgeOne(ctx, provider, all); err != nil {
				return err
			}
		}
	}
	return nil
}

// speaks reports whether a result may say something of the provider itself.
func speaks(r notify.Result) bool {
	switch r {
	case "", notify.ResultNotSent, notify.ResultUnknown, notify.ResultMisconfigured, notify.ResultThrottled:
		return true
	}
	return false
}

func (c *settling) judgeOne(ctx context.Context, p *notify.Provider, all []Settled) error {
	before := *p
	for _, one := range all {
		o := one.Outcome
		switch {
		case o.Result == notify.ResultThrottled:
			p.Throttled(o.RetryAfter, c.now)
		case p.Breaker.Open && p.Breaker.Probing == one.Delivery.Ticket.ID:
			if o.Result == notify.ResultAccepted || o.Result == notify.ResultTransient || o.Result == notify.ResultPermanent { // it answers
				p.Reset("a probe succeeded", c.now)
			} else {
				p.Trip("a probe failed: "+bounded(string(o.Result)+" "+o.Code), c.now)
			}
		}
	}
	if !before.Breaker.Open && !p.Breaker.Open {
		newest, err := c.tx.AttemptLog(ctx, notify.AttemptQuery{Provider: p.Name, Since: later(firstStarted(all).Add(-p.Rules.Complete().Span), p.Breaker.Closed), Limit: max(breakerSample, p.Rules.Of)})
		if err != nil {
			return err
		}
		if why := p.Tripped(newest); why != "" {
			p.Trip(why, c.now)
		}
	}
	if p.Changed.Equal(before.Changed) && p.Breaker == before.Breaker {
		return nil
	}
	if err := c.tx.PutProvider(ctx, p); err != nil {
		return err
	}
	return c.breakerMoved(ctx, &before, p)
}

// firstStarted is when the first of the calls began. From there a breaker looks
// back: a call that took its whole timeout may have begun longer ago than the span
// in which it counts.
func firstStarted(all []Settled) time.Time {
	first := all[0].Delivery.Attempt.Started
	for _, one := range all {
		if started := one.Delivery.Attempt.Started; started.Before(first) {
			first = started
		}
	}
	return first
}

// breakerSample is how many of a provider's newest calls are looked at.
const breakerSample = 100

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// breakerMoved journals that a breaker opened or closed and tells the
// administrators when it opened (N23).
func (p *pass) breakerMoved(ctx context.Context, before, now *notify.Provider) error {
	var e event.Event
	switch {
	case !before.Breaker.Open && now.Breaker.Open:
		e = notify.ProviderOpened{Reason: now.Reason}
		if err := p.tell(ctx, alert.ProviderDown(now, p.now)...); err != nil {
			return err
		}
	case before.Breaker.Open && !now.Breaker.Open:
		e = notify.ProviderClosed{Probes: before.Breaker.Probes}
		p.due = true // what waited may go
	default:
		return nil
	}
	return p.journal(ctx, fact{subject: notify.ProviderSubject(now.Name), event: e})
}

// failOver lets what a provider certainly did not take be tried at once by
// another one, instead of after the usual wait: each of them once, so that where
// all say no for now its attempts are not used up in a moment.
func (c *settling) failOver(ctx context.Context, n *notify.Notice) error {
	if n.State != notify.Pending || n.MayHaveGone() {
		return nil
	}
	if _, err := c.known(ctx); err != nil {
		return err
	}
	on := c.on(n.Channel)
	if n.Attempts >= len(on) {
		return nil
	}
	for _, other := range on {
		if other.Name != n.Provider && other.Ready(c.now) && !other.Breaker.Open {
			n.NextAt, c.due = c.now, true
			break
		}
	}
	return nil
}

// Providers returns the registered providers: their weights and their breakers.
// It needs the right to manage notices.
func (s *Notices) Providers(ctx context.Context) ([]notify.Provider, error) {
	if err := s.u.allow(ctx, ManageNotices, scope{}); err != nil {
		return nil, err
	}
	return s.u.tx.Providers(ctx)
}

// Weigh sets a provider's share among those of its channel, which it has at once
// whatever troubles it had; 0: only when no other will do. It needs the right to manage notices and a reason. Rules:
// notice.provider.weight.
func (s *Notices) Weigh(ctx context.Context, name string, weight int, why string) error {
	if weight < 0 {
		return fault.Broken("notice.provider.weight", "weight", "a weight is 0 or more", "trọng số phải từ 0 trở lên")
	}
	return s.changeProvider(ctx, name, why, func(p *notify.Provider) event.Event {
		from := p.Weight
		p.Weight, p.Reason, p.Changed = weight, why, s.u.now
		p.Rest()
		return notify.ProviderWeighed{From: from, To: weight}
	})
}

// CloseBreaker lets calls of a provider go through again, as after a repair, with
// its full share and without waiting for a probe. It needs the right to manage notices and a reason.
func (s *Notices) CloseBreaker(ctx context.Context, name, why string) error {
	return s.changeProvider(ctx, name, why, func(p *notify.Provider) event.Event {
		probes := p.Breaker.Probes
		p.Reset(why, s.u.now)
		p.Rest()
		return notify.ProviderClosed{Probes: probes}
	})
}

// OpenBreaker keeps calls from a provider until a probe succeeds, as before
// announced works. It needs the right to manage notices and a reason.
func (s *Notices) OpenBreaker(ctx context.Context, name, why string) error {
	return s.changeProvider(ctx, name, why, func(p *notify.Provider) event.Event {
		p.Trip(why, s.u.now)
		return notify.ProviderOpened{Reason: why}
	})
}

// SetMode lets messages go out to everybody, to those on the list of a pilot, or
// to nobody. Processes that run in another mode hand out nothing more until they
// are started anew. It needs the right to manage notices and a reason. Rules:
// notice.mode.unknown.
func (s *Notices) SetMode(ctx context.Context, mode notify.Mode, why string) error {
	if err := s.manage(ctx, why); err != nil {
		return err
	}
	if !mode.Known() {
		return fault.Broken("notice.mode.unknown", "mode", "%q is no mode: choose live, pilot or dry-run", "%q không phải chế độ: chọn live, pilot hoặc dry-run", mode)
	}
	all, err := s.u.tx.Providers(ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fault.NotFound("provider", "of any channel")
	}
	from := cmp.Or(all[0].Mode, notify.Live)
	for i := range all {
		all[i].Mode, all[i].Changed = mode, s.u.now
		if err := s.u.tx.PutProvider(ctx, &all[i]); err != nil {
			return err
		}
	}
	s.u.due = true
	return s.u.journal(ctx, fact{subject: notify.ModeSubject(), event: notify.ModeChanged{From: from, To: mode}, why: why})
}

func (s *Notices) changeProvider(ctx context.Context, name, why string, change func(*notify.Provider) event.Event) error {
	if err := s.manage(ctx, why); err != nil {
		return err
	}
	all, err := s.u.tx.Providers(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(p notify.Provider) bool { return p.Name == name })
	if i < 0 {
		return fault.NotFound("provider", name)
	}
	e := change(&all[i])
	if err := s.u.tx.PutProvider(ctx, &all[i]); err != nil {
		return err
	}
	s.u.due = true
	return s.u.journal(ctx, fact{subject: notify.ProviderSubject(name), event: e, why: why})
}

// Providers returns the registered providers, for relays and for metrics.
func (s *System) Providers(ctx context.Context) ([]notify.Provider, error) {
	var all []notify.Provider
	err := s.store.View(ctx, func(ctx context.Context, tx store.Tx) (err error) {
		all, err = tx.Providers(ctx)
		return err
	})
	return all, err
}
