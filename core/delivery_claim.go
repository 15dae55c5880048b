package core

import (
	"context"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

// Claim takes queued notices for a worker that is about to call the provider,
// and returns those it may send, ready and each with its attempt written down.
// A ticket that is worthless (sent already, taken back, cancelled, of another
// channel) yields nothing and is no error: drop it. Whatever was true when the
// notice was queued is looked at again: need, moment, window, address; and the
// text is made now, with today's names and numbers.
//
// The lease covers the calls of the whole batch at the provider's Parallel and
// Timeout. What a worker that dies leaves open is at most the batch: claim as
// much as may be in doubt at once, not more.
func (s *System) Claim(ctx context.Context, owner string, provider notify.Capabilities, tickets []Ticket) ([]Delivery, error) {
	return s.ClaimTogether(ctx, owner, provider, tickets)
}

// ClaimTogether is one Claim after the other in one transaction: of several
// workers of one process, or several goroutines, that call the same provider. No
// recipient gets messages of two batches at once, as it would be in transactions
// of their own.
func (s *System) ClaimTogether(ctx context.Context, owner string, provider notify.Capabilities, batches ...[]Ticket) ([]Delivery, error) {
	var deliveries []Delivery
	calls := 0
	for _, b := range batches {
		calls += len(b)
	}
	err := s.pipeline(ctx, func(ctx context.Context, p *pass) error {
		c := &claim{pass: p, call: notify.Call{Owner: owner, Provider: provider, Until: p.now.Add(leaseFor(provider, calls))}}
		if err := c.run(ctx, batches); err != nil {
			return err
		}
		deliveries = c.deliveries
		return nil
	})
	return deliveries, err
}

// leaseFor is how long a worker may need for so many calls.
func leaseFor(provider notify.Capabilities, calls int) time.Duration {
	parallel := max(provider.Parallel, 1)
	waves := (calls + parallel - 1) / parallel
	return time.Duration(waves)*provider.Timeout + settleTime
}

// claim is one batch on its way to a provider.
type claim struct {
	*pass
	call       notify.Call
	over       map[string]bool
	items      map[notify.ID]*notify.Notice
	contacts   map[notify.ID]contact
	lost       []*notify.Notice
	others     []*notify.Notice      // they are for a process of another mode
	busy       map[org.PersonID]bool // a message in their lane is on its way just now
	deliveries []Delivery
}

// laneWait is how long a message waits while another one to the same recipient
// on the same channel is being sent: one after the other, in their order
// (notifications 2.9).
const laneWait = 5 * time.Second

// inLane reports whether a notice waits for another one to the same recipient,
// official or citizen, and others for it. What is critical travels beside the
// lane: it overtakes, and as it goes at the same time as what it overtook, nothing
// is held up for it.
func inLane(n *notify.Notice) bool { return n.Person != "" && n.Priority != notify.Critical }

// findBusy asks for which recipients of the batch the lane is taken already.
func (c *claim) findBusy(ctx context.Context, queued map[notify.ID]*notify.Notice) error {
	c.busy = make(map[org.PersonID]bool)
	var persons []org.PersonID
	for _, n := range queued {
		if inLane(n) {
			persons = append(persons, n.Person)
		}
	}
	if len(persons) == 0 {
		return nil
	}
	slices.Sort(persons)
	open, err := c.tx.Notices(ctx, notify.Query{States: []notify.State{notify.Sending}, Channel: c.call.Provider.Channel, Persons: slices.Compact(persons)})
	for i := range open {
		if inLane(&open[i]) {
			c.busy[open[i].Person] = true
		}
	}
	return err
}

func (c *claim) run(ctx context.Context, batches [][]Ticket) error {
	queued, err := c.queued(ctx, slices.Concat(batches...))
	if err != nil || len(queued) == 0 {
		return err
	}
	if err := c.prepare(ctx, queued); err != nil {
		return err
	}
	c.deliveries, c.changed = make([]Delivery, 0, len(queued)), roomFor(c.changed, len(queued))
	for _, tickets := range batches {
		if err := c.takeAll(ctx, tickets, queued); err != nil {
			return err
		}
	}
	if err := c.putOff(ctx, c.others, c.now.Add(otherModeFor), "the worker runs in another mode"); err != nil {
		return err
	}
	if err := c.breakLoops(ctx); err != nil {
		return err
	}
	attempts := make([]*notify.Attempt, len(c.deliveries))
	for i := range c.deliveries {
		attempts[i] = &c.deliveries[i].Attempt
	}
	if len(attempts) > 0 {
		if err := c.tx.AddAttempts(ctx, attempts); err != nil {
			return err
		}
	}
	return c.fallBack(ctx, c.lost)
}

// takeAll takes the notices of one batch. For the next one their recipients are busy.
func (c *claim) takeAll(ctx context.Context, tickets []Ticket, queued map[notify.ID]*notify.Notice) error {
	first := len(c.deliveries)
	for _, t := range tickets {
		n := queued[t.ID]
		if n == nil {
			continue
		}
		delete(queued, t.ID) // a ticket that came twice
		if err := c.take(ctx, n); err != nil {
			return err
		}
	}
	for i := range c.deliveries[first:] {
		if n := c.deliveries[first+i].claimed; inLane(n) {
			c.busy[n.Person] = true
		}
	}
	return nil
}

// The last line against a rule that went wild: the same text to the same address
// so many times within a span is no news any more (notifications 2.9).
const (
	sameTextLimit = 5
	sameTextSpan  = 30 * time.Minute
)

// breakLoops takes out of the batch what would be the same text to one address
// once too often. It ends dead, for an operator to see, and takes no other way.
func (c *claim) breakLoops(ctx context.Context) error {
	bodies := make([]string, 0, len(c.deliveries))
	for i := range c.deliveries {
		bodies = append(bodies, c.deliveries[i].Attempt.Body)
	}
	if len(bodies) == 0 {
		return nil
	}
	log, err := c.tx.AttemptLog(ctx, notify.AttemptQuery{Bodies: bodies, Since: c.now.Add(-sameTextSpan)})
	if err != nil {
		return err
	}
	had := make(map[string]map[notify.ID]bool, len(log))
	for _, a := range log {
		if a.Outcome == "" || a.Outcome == notify.ResultAccepted || a.Outcome == notify.ResultUnknown {
			if had[a.Body] == nil {
				had[a.Body] = make(map[notify.ID]bool)
			}
			had[a.Body][a.Notice] = true
		}
	}
	if len(had) == 0 {
		return nil
	}
	keep := c.deliveries[:0]
	for _, d := range c.deliveries {
		n := c.changed[d.Ticket.ID]
		if seen := had[d.Attempt.Body]; len(seen) >= sameTextLimit && !seen[n.ID] && n.Priority != notify.Critical {
			if err := n.Kill("the same text went there too often", c.now); err != nil {
				return err
			}
			if err := c.follow(n, c.items); err != nil {
				return err
			}
			continue
		}
		keep = append(keep, d)
	}
	c.deliveries = keep
	return nil
}

// queued loads the notices whose ticket is still good: this is where every
// ticket that was lost, doubled or outlived its round ends.
func (c *claim) queued(ctx context.Context, tickets []Ticket) (map[notify.ID]*notify.Notice, error) {
	generation := make(map[notify.ID]int, len(tickets))
	ids := make([]notify.ID, 0, len(tickets))
	for _, t := range tickets {
		if _, twice := generation[t.ID]; !twice {
			ids = append(ids, t.ID)
		}
		generation[t.ID] = max(generation[t.ID], t.Generation)
	}
	found, err := c.load(ctx, ids)
	for id, n := range found {
		if n.State != notify.Queued || n.Generation != generation[id] || n.Channel != c.call.Provider.Channel {
			delete(found, id)
		}
	}
	return found, err
}

// prepare asks for everything the batch needs, each kind of thing at once.
func (c *claim) prepare(ctx context.Context, queued map[notify.ID]*notify.Notice) error {
	if _, err := c.known(ctx); err != nil {
		return err
	}
	err := c.findBusy(ctx, queued)
	if err != nil {
		return err
	}
	if c.items, err = c.pass.items(ctx, queued); err != nil {
		return err
	}
	if c.over, err = c.pass.over(ctx, queued, c.items); err != nil {
		return err
	}
	var ids []org.PersonID
	for _, n := range queued {
		if n.To.Speaker == "" {
			ids = append(ids, n.Person)
		}
	}
	if err := c.people.expect(ctx, ids, queued, c.items); err != nil {
		return err
	}
	c.contacts = make(map[notify.ID]contact, len(queued))
	all := make([]contact, 0, len(queued))
	for id, n := range queued {
		to, err := c.people.of(ctx, n)
		if err != nil && !atFault(err) {
			return err
		}
		c.contacts[id] = to
		all = append(all, to)
	}
	return c.people.judge(ctx, c.call.Provider.Channel, all)
}

// take claims one notice, or says why it does not go.
func (c *claim) take(ctx context.Context, n *notify.Notice) error {
	to := c.contacts[n.ID]
	barred := c.people.barred(to)
	switch {
	case n.Over(c.now):
		return c.did(n, n.Expire("its moment passed", c.now))
	case c.over[n.Duty]:
		return c.did(n, n.Cancel("the duty is over", c.now))
	case n.Poison(c.rules.Notices):
		return c.lose(n, n.Kill("workers took it and never came back", c.now))
	case !n.RepeatableBy(c.call.Provider, c.now):
		return c.did(n, n.Doubtful("it may have gone, and "+c.call.Provider.Name+" would not know a repetition", c.now))
	}
	if closed, err := c.closed(n); closed {
		return err
	}
	switch {
	case to.declined:
		return c.did(n, n.Suppress(barred, c.now))
	case barred != "":
		return c.lose(n, n.Suppress(barred, c.now))
	case c.busy[n.Person] && inLane(n):
		return c.did(n, n.Defer(c.now.Add(laneWait), "another message to the same recipient is on its way", c.now))
	case to.address == "":
		return c.lose(n, n.Fail("no address on this channel", c.now))
	}
	if len(n.Items) > 0 {
		return c.takeCarrier(ctx, n, to)
	}
	if opens := c.opens(n, c.now); opens.After(c.now) {
		return c.did(n, n.Defer(opens, "quiet hours", c.now))
	}
	vars, err := c.people.vars(ctx, n, to)
	if err != nil && !atFault(err) {
		return err
	}
	if err != nil {
		return c.open(n, to, message{}, err)
	}
	subject, text, err := c.sys.opts.Templates.Render(n.Template, to.language, n.Channel, vars)
	return c.open(n, to, message{n.Template, subject, text, vars}, err)
}

// lose ends a notice that has to find another way, and what it carries with it.
func (c *claim) lose(n *notify.Notice, err error) error {
	if err := c.did(n, err); err != nil {
		return err
	}
	if err := c.follow(n, c.items); err != nil {
		return err
	}
	c.lost = append(c.lost, c.carried(n)...)
	return nil
}

// carried returns the items of a carrier that share its fate, or n itself.
func (c *claim) carried(n *notify.Notice) []*notify.Notice {
	return carried(n, c.items)
}

func carried(n *notify.Notice, items map[notify.ID]*notify.Notice) []*notify.Notice {
	if len(n.Items) == 0 {
		return []*notify.Notice{n}
	}
	var with []*notify.Notice
	for _, id := range n.Items {
		if item := items[id]; item != nil && item.MergedInto == n.ID && item.State == n.State {
			with = append(with, item)
		}
	}
	return with
}

// message is what a text was made of.
type message struct {
	template, subject, text string
	vars                    map[string]string
}

// open claims the notice and writes its attempt down, before anybody calls. A
// text that cannot be made ends the notice: no other channel would help.
func (c *claim) open(n *notify.Notice, to contact, m message, unmade error) error {
	if unmade != nil {
		if err := c.did(n, n.Kill(unrendered(unmade), c.now)); err != nil {
			return err
		}
		return c.follow(n, c.items)
	}
	doubt := n.MayHaveGone()
	if err := c.did(n, n.Claim(c.call, c.now)); err != nil {
		return err
	}
	if inLane(n) { // the next one of the batch waits its turn
		c.busy[n.Person] = true
	}
	if err := c.follow(n, c.items); err != nil {
		return err
	}
	attempt := notify.Attempt{
		ID: c.newID(), Notice: n.ID, Number: n.Claims, Generation: n.Generation, Provider: c.call.Provider.Name, Started: c.now,
		Address: to.hash, Text: c.sys.opts.Templates.Edition(m.template),
		Body: c.people.hasher.Hash(n.Channel, to.address+"\n"+m.text),
	}
	if count := c.call.Provider.Segments; count != nil && n.Channel == notify.SMS {
		attempt.Segments = count(m.text)
	}
	c.deliveries = append(c.deliveries, Delivery{
		Ticket: c.ticket(n), Attempt: attempt, Until: n.LeaseUntil, doubt: doubt, probe: c.probes(n), claimed: n,
		Message: notify.Message{
			Notice: n.ID, Attempt: n.Claims, IdempotencyKey: n.IdempotencyKey(), Channel: n.Channel, Class: n.Class,
			To: to.address, ToName: to.name, Subject: m.subject, Text: m.text, Language: to.language,
			Template: m.template, Params: m.vars, Expires: n.Expires, Created: n.Created,
		},
	})
	return nil
}

// probes reports whether the notice tries if its provider is back.
func (c *claim) probes(n *notify.Notice) bool {
	provider := c.providers[c.call.Provider.Name]
	return provider != nil && provider.Breaker.Open && provider.Breaker.Probing == n.ID
}

// unrendered is the rule that a text broke, without any of its values.
func unrendered(err error) string {
	if vs := fault.Violations(err); len(vs) > 0 {
		return "no text: " + vs[0].Error()
	}
	return "no text"
}
