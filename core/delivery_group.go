package core

import (
	"context"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

// group is what travels to one person in one message.
type group struct {
	person org.PersonID
	to     contact
	*notify.Notice
	fresh    []*notify.Notice
	carriers []*notify.Notice
}

// handOut puts together what goes to the same person, obeys the caps and queues
// the rest.
func (d *dispatch) handOut(ctx context.Context) error {
	groups := d.group()
	had, err := d.hadLately(ctx, groups)
	if err != nil {
		return err
	}
	for _, g := range groups {
		cost, err := d.costOf(ctx, g)
		if err != nil {
			return err
		}
		if d.waits(g.Channel, g.Priority) {
			d.waitFor(d.short[g.Channel])
			continue // no room; left as it is
		}
		if g.Channel == notify.SMS && !exempt(g.Notice) {
			if until, full := capped(had[g.person], d.rules.Notices.SMSPerDay); full {
				if err := d.hold(g, "cap of 24 hours", until); err != nil {
					return err
				}
				continue
			}
			if until, lately := d.tooSoon(g.Notice, had[g.person]); lately {
				if err := d.hold(g, "the last message was just now", until); err != nil {
					return err
				}
				continue
			}
		}
		if ok, err := d.spend(ctx, g, cost); err != nil || !ok {
			if err == nil {
				err = d.hold(g, "budget of the day", d.midnight(1))
			}
			if err != nil {
				return err
			}
			continue
		}
		route, ok := d.route(g, cost)
		if !ok {
			continue // no provider takes it now; left as it is
		}
		if g.Channel == notify.SMS && !exempt(g.Notice) {
			had[g.person] = append(had[g.person], d.now)
		}
		d.hadTurn(g.Notice)
		n, err := d.merge(ctx, g)
		if err != nil {
			return err
		}
		if err := d.did(n, n.Queue(g.person, d.now)); err != nil {
			return err
		}
		d.done.Late = max(d.done.Late, d.now.Sub(n.Due()))
		n.Route = route
		if err := d.tries(ctx, n); err != nil {
			return err
		}
		d.room.took(n, cost)
		d.done.Tickets = append(d.done.Tickets, d.ticket(n))
	}
	return nil
}

func (p *pass) ticket(n *notify.Notice) Ticket {
	return Ticket{
		ID: n.ID, Generation: n.Generation, Channel: n.Channel, Priority: n.Priority, Provider: n.Route,
		Alone: n.Claims > 0, Apart: n.Suspect(p.rules.Notices), Carries: len(n.Items),
	}
}

// single reports whether the group is one notice that goes as it is.
func (g *group) single() bool { return len(g.Items) == 0 && len(g.fresh)+len(g.carriers) < 2 }

// standsFor is the notice whose history counts when a provider is chosen.
func (g *group) standsFor() *notify.Notice {
	if len(g.carriers) > 0 {
		return g.carriers[0]
	}
	return g.Notice
}

// group sorts the notices into messages, in the order in which they were due.
func (d *dispatch) group() []*group {
	type key struct {
		person  org.PersonID
		channel notify.Channel
		class   notify.Class
	}
	groups := make([]*group, 0, len(d.ready))
	open := make(map[key]*group, len(d.ready))
	for _, a := range d.ready {
		n, k := a.Notice, key{a.to.id, a.Channel, a.Class}
		alone := goesAlone(n)
		g := open[k]
		if alone || g == nil {
			g = &group{person: a.to.id, to: a.to, Notice: n}
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

// goesAlone reports whether a notice never shares a message: critical ones, those to
// citizens and those that were tried before.
func goesAlone(n *notify.Notice) bool {
	return n.Priority == notify.Critical || n.To.Speaker != "" || n.Claims > 0 || n.MayHaveGone() || n.Replays > 0
}

// hold makes the notices of a group wait, until they will meet in one message. What would be too late by then goes another way.
func (d *dispatch) hold(g *group, why string, earliest time.Time) error {
	all := append(slices.Clone(g.carriers), g.fresh...)
	if len(all) == 0 {
		all = append(all, g.Notice)
	}
	for _, n := range all {
		var err error
		until := d.opens(n, earliest)
		if n.Expires.IsZero() || until.Before(n.Expires) {
			err = d.put(n, n.Defer(until, why, d.now))
		} else {
			err = d.lose(n, n.Fail(why+", and too late afterwards", d.now))
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
		Audience: n.Audience, Channel: n.Channel, Class: n.Class, Priority: n.Priority, OnUnknown: notify.Hold, Owner: n.Owner,
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
		var ended []notify.ID // what ended in it stays with it
		for _, id := range c.Items {
			item := items[id]
			if item == nil || item.State != notify.Merged {
				ended = append(ended, id)
				continue
			}
			if err := item.Release(c.Due(), "", d.now); err != nil {
				return err
			}
			if err := d.did(item, item.Merge(carrier, d.now)); err != nil {
				return err
			}
			adopt(carrier, item)
		}
		c.Items = ended
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
