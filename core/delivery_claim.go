package core

import (
	"context"
	"time"
	"unicode/utf8"

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
	var deliveries []Delivery
	err := s.pipeline(ctx, func(ctx context.Context, p *pass) error {
		c := &claim{pass: p, call: notify.Call{Owner: owner, Provider: provider, Until: p.now.Add(leaseFor(provider, len(tickets)))}}
		if err := c.run(ctx, tickets); err != nil {
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
	deliveries []Delivery
}

func (c *claim) run(ctx context.Context, tickets []Ticket) error {
	queued, err := c.queued(ctx, tickets)
	if err != nil || len(queued) == 0 {
		return err
	}
	if err := c.prepare(ctx, queued); err != nil {
		return err
	}
	for _, t := range tickets {
		n := queued[t.ID]
		if n == nil {
			continue
		}
		delete(queued, t.ID) // a ticket that came twice in one batch
		if err := c.take(ctx, n); err != nil {
			return err
		}
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
	var err error
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
	if err := c.people.dir.expect(ctx, ids); err != nil {
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
	case to.declined:
		return c.did(n, n.Suppress(barred, c.now))
	case barred != "":
		return c.lose(n, n.Suppress(barred, c.now))
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

// takeCarrier claims a carrier with those of its items that are still wanted.
// One that is left alone speaks with its own words.
func (c *claim) takeCarrier(ctx context.Context, n *notify.Notice, to contact) error {
	live, dissolved, err := c.wanted(n)
	if err != nil || dissolved {
		return err
	}
	entries := make([]notify.Entry, 0, len(live))
	for _, item := range live {
		vars, err := c.people.vars(ctx, item, to)
		if err != nil && !atFault(err) {
			return err
		}
		entry := notify.Entry{Template: item.Template, Subject: item.Subject, At: item.NotBefore, Vars: vars}
		if err == nil {
			_, err = c.sys.opts.Templates.Item(entry.Template, to.language, vars)
		}
		if err != nil {
			if err := c.drop(item, item.Kill(unrendered(err), c.now)); err != nil { // the others still go
				return err
			}
			continue
		}
		entries = append(entries, entry)
	}
	switch len(entries) {
	case 0:
		return c.did(n, n.Cancel("nothing left to say", c.now))
	case 1:
		only := entries[0]
		subject, text, err := c.sys.opts.Templates.Render(only.Template, to.language, n.Channel, only.Vars)
		return c.open(n, to, message{only.Template, subject, text, only.Vars}, err)
	}
	vars := make(map[string]string)
	c.people.address(vars, to)
	subject, text, err := c.sys.opts.Templates.Digest(to.language, n.Channel, entries, vars, c.fits)
	return c.open(n, to, message{notify.Digest, subject, text, vars}, err)
}

// wanted ends the items that are no longer wanted and returns the others. When
// one of them may not go out now, a carrier that nobody can have yet is
// dissolved: each item then waits for its own window.
func (c *claim) wanted(n *notify.Notice) (live []*notify.Notice, dissolved bool, err error) {
	quiet := false
	for _, id := range n.Items {
		item := c.items[id]
		if item == nil || item.MergedInto != n.ID || item.State != notify.Merged {
			continue
		}
		switch {
		case !item.CancelAsked.IsZero(), c.over[item.Duty]:
			err = c.drop(item, item.Cancel("no longer needed", c.now))
		case item.Over(c.now):
			err = c.drop(item, item.Expire("its moment passed", c.now))
		case !item.RepeatableBy(c.call.Provider, c.now): // the carrier goes again for the sake of others
			err = c.drop(item, item.Doubtful("it may have gone with "+string(n.ID)+", and is not to be doubled", c.now))
		default:
			live = append(live, item)
			quiet = quiet || c.opens(item, c.now).After(c.now)
		}
		if err != nil {
			return nil, false, err
		}
	}
	if !quiet {
		return live, false, nil
	}
	if n.MayHaveGone() {
		return nil, true, c.did(n, n.Defer(c.opens(n, c.now), "quiet hours", c.now))
	}
	for _, item := range live {
		if err := c.did(item, item.Release(c.opens(item, c.now), "quiet hours", c.now)); err != nil {
			return nil, false, err
		}
	}
	return nil, true, c.did(n, n.Cancel("dissolved: quiet hours", c.now))
}

// drop takes an item that has ended out of its carrier: what becomes of the
// carrier from here on says nothing about it.
func (c *claim) drop(item *notify.Notice, err error) error {
	item.MergedInto = ""
	return c.did(item, err)
}

// fits reports whether an SMS stays within the segments the policy allows.
func (c *claim) fits(text string) bool {
	limit := c.rules.Notices.MaxSegments
	if count := c.call.Provider.Segments; count != nil {
		return count(text) <= limit
	}
	return utf8.RuneCountInString(text) <= 153*limit // as it will be without marks
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
	if err := c.follow(n, c.items); err != nil {
		return err
	}
	attempt := notify.Attempt{
		ID: c.newID(), Notice: n.ID, Number: n.Claims, Generation: n.Generation, Provider: c.call.Provider.Name, Started: c.now,
	}
	if count := c.call.Provider.Segments; count != nil && n.Channel == notify.SMS {
		attempt.Segments = count(m.text)
	}
	c.deliveries = append(c.deliveries, Delivery{
		Ticket: ticket(n), Attempt: attempt, Until: n.LeaseUntil, doubt: doubt,
		Message: notify.Message{
			Notice: n.ID, Attempt: n.Claims, IdempotencyKey: n.IdempotencyKey(), Channel: n.Channel, Class: n.Class,
			To: to.address, ToName: to.name, Subject: m.subject, Text: m.text, Language: to.language,
			Template: m.template, Params: m.vars, Expires: n.Expires, Created: n.Created,
		},
	})
	return nil
}

// unrendered is the rule that a text broke, without any of its values.
func unrendered(err error) string {
	if vs := fault.Violations(err); len(vs) > 0 {
		return "no text: " + vs[0].Error()
	}
	return "no text"
}
