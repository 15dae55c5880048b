package core

import (
	"context"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

// Dispatched is what one pass of Dispatch did.
type Dispatched struct {
	// Tickets are to be handed to a queue, in this order; those the queue
	// refuses go back by Requeue.
	Tickets []Ticket
	// NextAt is when the next notice becomes due, zero when none is waiting. A
	// later unit of work may bring one that is due earlier: see Options.Wake.
	NextAt time.Time
	// More says that the limit was reached: there is more to hand out now.
	More bool
	// Standby says that another relay is at work; nothing was looked at.
	Standby bool

	Looked, Merged, Deferred, Ended int
}

// Dispatch hands out what is due: for each notice it decides whether it is still
// wanted and may go out now, who exactly is meant, and whether it travels with
// others to the same person. owner names the relay; while one is at work the
// passes of others do nothing, so that no two of them split what belongs into
// one message. limit bounds the notices looked at; what falls due together is
// merged as far as one pass sees it, so after an outage give it room.
func (s *System) Dispatch(ctx context.Context, owner string, limit int) (Dispatched, error) {
	var done Dispatched
	err := s.pipeline(ctx, func(ctx context.Context, p *pass) error {
		done = Dispatched{}
		ok, err := p.tx.Lease(ctx, "relay", owner, p.now, p.now.Add(dispatchLease))
		if err != nil {
			return err
		}
		if !ok {
			done.Standby, done.NextAt = true, p.now.Add(dispatchLease)
			return nil
		}
		d := &dispatch{pass: p, done: &done}
		if err := d.run(ctx, limit); err != nil {
			return err
		}
		if err := p.write(ctx); err != nil {
			return err
		}
		p.order, p.changed, p.due = nil, nil, false
		done.NextAt, err = p.tx.NextNotice(ctx)
		return err
	})
	return done, err
}

// dispatch is one pass over the due notices.
type dispatch struct {
	*pass
	done  *Dispatched
	lost  []*notify.Notice // they need another way
	ready []addressed
}

// addressed is a notice with the one it goes to.
type addressed struct {
	*notify.Notice
	to contact
}

func (d *dispatch) run(ctx context.Context, limit int) error {
	due, err := d.tx.DueNotices(ctx, d.now, limit)
	if err != nil {
		return err
	}
	d.done.Looked, d.done.More = len(due), limit > 0 && len(due) == limit
	wanted, err := d.sift(ctx, due)
	if err != nil {
		return err
	}
	if err := d.resolve(ctx, wanted); err != nil {
		return err
	}
	if err := d.screen(ctx); err != nil {
		return err
	}
	if err := d.handOut(ctx); err != nil {
		return err
	}
	return d.fallBack(ctx, d.lost)
}

// sift ends what is no longer wanted and defers what may not go out now.
func (d *dispatch) sift(ctx context.Context, due []notify.Notice) ([]*notify.Notice, error) {
	byID := make(map[notify.ID]*notify.Notice, len(due))
	for i := range due {
		byID[due[i].ID] = &due[i]
	}
	over, err := d.over(ctx, byID)
	if err != nil {
		return nil, err
	}
	var wanted []*notify.Notice
	for i := range due {
		n := &due[i]
		opens := d.opens(n, d.now)
		switch {
		case n.Over(d.now):
			err = d.end(n, n.Expire("its moment passed", d.now))
		case over[n.Duty]:
			err = d.end(n, n.Cancel("the duty is over", d.now))
		case n.Poison(d.rules.Notices):
			err = d.lose(n, n.Kill("workers took it and never came back", d.now))
		case opens.After(d.now) && !n.Expires.IsZero() && !opens.Before(n.Expires):
			err = d.end(n, n.Expire("quiet hours until its moment passed", d.now))
		case opens.After(d.now):
			err = d.put(n, n.Defer(opens, "quiet hours", d.now))
		default:
			wanted = append(wanted, n)
		}
		if err != nil {
			return nil, err
		}
	}
	return wanted, nil
}

func (d *dispatch) end(n *notify.Notice, err error) error {
	d.done.Ended++
	return d.did(n, err)
}

func (d *dispatch) put(n *notify.Notice, err error) error {
	d.done.Deferred++
	return d.did(n, err)
}

// lose ends a notice that has to find another way.
func (d *dispatch) lose(n *notify.Notice, err error) error {
	d.lost = append(d.lost, n)
	return d.end(n, err)
}

// resolve finds out who is meant, as of today.
func (d *dispatch) resolve(ctx context.Context, wanted []*notify.Notice) error {
	ids := make([]org.PersonID, 0, len(wanted))
	for _, n := range wanted {
		ids = append(ids, n.To.Person, n.Person)
	}
	if err := d.people.dir.expect(ctx, ids); err != nil {
		return err
	}
	for _, n := range wanted {
		if err := d.resolveOne(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

func (d *dispatch) resolveOne(ctx context.Context, n *notify.Notice) error {
	switch {
	case n.MayHaveGone() && n.Person != "", n.To.Speaker != "": // a repetition goes to whoever may have it
		to, err := d.people.of(ctx, n)
		if atFault(err) {
			return d.lose(n, n.Fail("the recipient is gone", d.now))
		}
		d.ready = append(d.ready, addressed{n, to})
		return err
	}
	persons, err := alert.Resolve(ctx, d.people.dir, n.To, d.today)
	if atFault(err) {
		return d.lose(n, n.Fail("nobody is there as "+string(n.To.Role), d.now))
	}
	if err != nil {
		return err
	}
	own := 0
	if i := slices.IndexFunc(persons, func(p org.Person) bool { return p.ID == n.Person }); i >= 0 {
		own = i
	}
	for i, person := range persons {
		if i == own || n.Channel == notify.PaperTask { // one of them does the paper
			continue
		}
		if err := d.sibling(ctx, *n, person); err != nil {
			return err
		}
	}
	if len(persons) > 1 && n.Channel != notify.PaperTask {
		n.To.Person = persons[own].ID // the others have a row of their own from now on
		d.touch(n)
	}
	d.ready = append(d.ready, addressed{n, d.people.reach(persons[own], n.Channel)})
	return nil
}

// sibling is the row of a further person of the same party.
func (d *dispatch) sibling(ctx context.Context, n notify.Notice, person org.Person) error {
	n = notify.Notice{
		ID: notify.ID(d.newID()), Key: n.Key + "#" + string(person.ID), Template: n.Template, Subject: n.Subject, Duty: n.Duty,
		Moot: n.Moot, To: n.To, Audience: n.Audience, Channel: n.Channel, Class: n.Class, Priority: n.Priority, OnUnknown: n.OnUnknown,
		Vars: n.Vars, NotBefore: n.NotBefore, Expires: n.Expires, State: notify.Pending, NextAt: d.now, Created: d.now,
	}
	n.To.Person = person.ID
	added, err := d.tx.AddNotice(ctx, &n)
	if added {
		d.ready = append(d.ready, addressed{&n, d.people.reach(person, n.Channel)})
	}
	return err
}

// screen takes out those who cannot or must not be reached on the channel.
func (d *dispatch) screen(ctx context.Context) error {
	byChannel := make(map[notify.Channel][]contact)
	for _, a := range d.ready {
		if !kept(a.Channel) {
			byChannel[a.Channel] = append(byChannel[a.Channel], a.to)
		}
	}
	for channel, contacts := range byChannel {
		if err := d.people.judge(ctx, channel, contacts); err != nil {
			return err
		}
	}
	reachable := d.ready[:0]
	for _, a := range d.ready {
		var err error
		switch why := d.people.barred(a.to); {
		case kept(a.Channel):
			a.Person = a.to.id
			err = d.end(a.Notice, a.Accept("application", "", d.now))
		case a.to.declined: // and so no other way is tried
			err = d.end(a.Notice, a.Suppress(why, d.now))
		case why != "":
			err = d.lose(a.Notice, a.Suppress(why, d.now))
		case a.to.address == "":
			err = d.lose(a.Notice, a.Fail("no address on this channel", d.now))
		default:
			reachable = append(reachable, a)
		}
		if err != nil {
			return err
		}
	}
	d.ready = reachable
	return nil
}

// group is what travels to one person in one message.
type group struct {
	person org.PersonID
	*notify.Notice
	fresh    []*notify.Notice
	carriers []*notify.Notice
}

// handOut puts together what goes to the same person, obeys the cap of the day
// and queues the rest.
func (d *dispatch) handOut(ctx context.Context) error {
	groups := d.group()
	counts, err := d.sentToday(ctx, groups)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if g.Channel == notify.SMS && !exempt(g.Notice) {
			if counts[g.person] >= d.rules.Notices.SMSPerDay {
				if err := d.hold(g); err != nil {
					return err
				}
				continue
			}
			counts[g.person]++
		}
		n, err := d.merge(ctx, g)
		if err != nil {
			return err
		}
		if err := d.did(n, n.Queue(g.person, d.now)); err != nil {
			return err
		}
		d.done.Tickets = append(d.done.Tickets, ticket(n))
	}
	return nil
}

func ticket(n *notify.Notice) Ticket {
	return Ticket{ID: n.ID, Generation: n.Generation, Channel: n.Channel, Priority: n.Priority}
}

// exempt reports whether caps do not hold a notice: what is critical, and what
// may have gone already, because it counted then.
func exempt(n *notify.Notice) bool { return n.Priority == notify.Critical || n.MayHaveGone() }

// group sorts the notices into messages, in the order in which they were due.
// Critical ones, those to citizens and those that were tried before go alone.
func (d *dispatch) group() []*group {
	type key struct {
		person  org.PersonID
		channel notify.Channel
		class   notify.Class
	}
	var groups []*group
	open := make(map[key]*group)
	for _, a := range d.ready {
		n, k := a.Notice, key{a.to.id, a.Channel, a.Class}
		alone := n.Priority == notify.Critical || n.To.Speaker != "" || n.Claims > 0 || n.MayHaveGone() || n.Replays > 0
		g := open[k]
		if alone || g == nil {
			g = &group{person: a.to.id, Notice: n}
			groups = append(groups, g)
		}
		switch {
		case alone:
			continue
		case len(n.Items) > 0:
			g.carriers = append(g.carriers, n)
		default:
			g.fresh = append(g.fresh, n)
		}
		open[k] = g
	}
	return groups
}

// sentToday counts the SMS that went, or are about to go, to each person today.
func (d *dispatch) sentToday(ctx context.Context, groups []*group) (map[org.PersonID]int, error) {
	counts := make(map[org.PersonID]int)
	var persons []org.PersonID
	for _, g := range groups {
		if g.Channel == notify.SMS && !exempt(g.Notice) {
			persons = append(persons, g.person)
		}
	}
	if len(persons) == 0 {
		return counts, nil
	}
	slices.Sort(persons)
	for _, q := range []notify.Query{
		{States: []notify.State{notify.Accepted, notify.Delivered, notify.Undelivered}, AcceptedSince: d.midnight(0)},
		{States: []notify.State{notify.Queued, notify.Sending, notify.Unknown}},
	} {
		q.Persons, q.Channel = slices.Compact(persons), notify.SMS
		sent, err := d.tx.Notices(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, n := range sent {
			if n.MergedInto == "" { // an item cost nothing of its own
				counts[n.Person]++
			}
		}
	}
	return counts, nil
}

// hold makes the notices of a group wait for tomorrow, where they will meet in
// one message. What would be too late by then goes another way.
func (d *dispatch) hold(g *group) error {
	all := append(slices.Clone(g.carriers), g.fresh...)
	if len(all) == 0 {
		all = append(all, g.Notice)
	}
	for _, n := range all {
		var err error
		until := d.opens(n, d.midnight(1))
		if n.Expires.IsZero() || until.Before(n.Expires) {
			err = d.put(n, n.Defer(until, "cap of the day", d.now))
		} else {
			err = d.lose(n, n.Fail("cap of the day, and too late tomorrow", d.now))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// merge returns the one notice that stands for the group: itself, or a carrier
// of all. A carrier that nobody has taken yet takes the new ones along.
func (d *dispatch) merge(ctx context.Context, g *group) (*notify.Notice, error) {
	if len(g.fresh)+len(g.carriers) < 2 {
		return g.Notice, nil
	}
	carrier := (*notify.Notice)(nil)
	if len(g.carriers) > 0 {
		carrier = g.carriers[0]
	} else {
		var err error
		if carrier, err = d.carrier(ctx, g.fresh[0], g.person); err != nil {
			return nil, err
		}
	}
	for _, n := range g.fresh {
		if err := d.did(n, n.Merge(carrier, d.now)); err != nil {
			return nil, err
		}
		d.done.Merged++
	}
	return carrier, d.takeOver(ctx, carrier, g)
}

// carrier is a new notice that carries others like n to the person. It has no
// duty and no cancel key: what it carries has.
func (d *dispatch) carrier(ctx context.Context, n *notify.Notice, person org.PersonID) (*notify.Notice, error) {
	id := d.newID()
	c := &notify.Notice{
		ID: notify.ID(id), Key: notify.Digest + "/" + id, Template: notify.Digest, Subject: org.PersonSubject(person),
		To: org.Party{Role: n.To.Role, Person: person, Team: n.To.Team, Unit: n.To.Unit}, Person: person,
		Audience: n.Audience, Channel: n.Channel, Class: n.Class, Priority: n.Priority, OnUnknown: notify.Hold,
		NotBefore: n.NotBefore, State: notify.Pending, NextAt: d.now, Created: d.now,
	}
	_, err := d.tx.AddNotice(ctx, c)
	return c, err
}

// takeOver empties the further carriers of a group into the first and lets it
// be as careful about copies, and as urgent, as its items ask.
func (d *dispatch) takeOver(ctx context.Context, carrier *notify.Notice, g *group) error {
	for _, n := range g.fresh {
		adopt(carrier, n)
	}
	others := make(map[notify.ID]*notify.Notice)
	for _, c := range g.carriers {
		if c != carrier {
			others[c.ID] = c
		}
	}
	items, err := d.items(ctx, others)
	if err != nil {
		return err
	}
	for _, c := range g.carriers[min(1, len(g.carriers)):] {
		for _, id := range c.Items {
			item := items[id]
			if item == nil || item.State != notify.Merged {
				continue
			}
			if err := item.Release(d.now, "", d.now); err != nil {
				return err
			}
			if err := d.did(item, item.Merge(carrier, d.now)); err != nil {
				return err
			}
			adopt(carrier, item)
		}
		c.Items = nil
		if err := d.end(c, c.Cancel("taken over by another digest", d.now)); err != nil {
			return err
		}
	}
	return nil
}

// adopt makes the carrier one to be sent again, when nobody knows whether it
// went, as soon as one of its items asks for that: an escalation is not to be
// lost (model M8).
func adopt(carrier, item *notify.Notice) {
	if item.OnUnknown == notify.Resend {
		carrier.OnUnknown = notify.Resend
	}
	if item.Priority == notify.Normal {
		carrier.Priority = notify.Normal
	}
}
