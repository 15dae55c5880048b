package core

import (
	"context"
	"maps"
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
	// NextAt is when to look again: when the next notice becomes due, or when what
	// is due and finds no provider may have one; zero when none is waiting. A
	// later unit of work may bring one that is due earlier: see Options.Wake.
	NextAt time.Time
	// More says that the limit was reached: there is more to hand out now.
	More bool
	// Full says that some of what is due found no room on its channel: there is
	// more to hand out as soon as what is under way has been taken, or its providers
	// may be given more.
	Full bool
	// Standby says that another relay is at work; nothing was looked at.
	Standby bool

	// At is when the pass looked, by the clock of the System.
	At time.Time
	// Spent is what the tickets take of the rates of their providers, of those
	// that Room.Tokens names: more than there was, where a message takes more than
	// its provider has at once.
	Spent map[string]int
	// Short counts, by provider, the notices that waited because its rate was spent.
	Short map[string]int
	// Late is the longest that one of the tickets was due before it was handed out.
	Late time.Duration
	// Underway is what was queued when the pass began, where a window was asked for.
	Underway []notify.Underway

	Looked, Merged, Deferred, Ended int
}

// Dispatch hands out what is due: for each notice it decides whether it is still
// wanted and may go out now, who exactly is meant, and whether it travels with
// others to the same person. owner names the relay; while one is at work the
// passes of others do nothing, so that no two of them split what belongs into
// one message. limit bounds the notices looked at; what falls due together is
// merged as far as one pass sees it, so after an outage give it room.
func (s *System) Dispatch(ctx context.Context, owner string, limit int) (Dispatched, error) {
	return s.DispatchWithin(ctx, owner, limit, Room{})
}

// DispatchWithin is Dispatch for as much as there is room for. What finds none
// is left as it is, and its owners take turns when there is room again. A pass for
// nothing but what is critical, which never shares a message, goes beside any other
// where the store is [store.Pressing].
func (s *System) DispatchWithin(ctx context.Context, owner string, limit int, room Room) (Dispatched, error) {
	var done Dispatched
	var at *dispatch
	err := s.pipeline(ctx, func(ctx context.Context, p *pass) error {
		done, at = Dispatched{At: p.now}, nil
		if !room.aside(p.tx) {
			ok, err := p.tx.Lease(ctx, "relay", owner, p.now, p.now.Add(dispatchLease))
			if err != nil {
				return err
			}
			if !ok {
				done.Standby, done.NextAt = true, p.now.Add(dispatchLease)
				return nil
			}
		}
		d := &dispatch{pass: p, done: &done}
		d.last, d.beside = s.turns.last()
		at = d
		tokens := room.Tokens
		room := room
		room.Tokens = maps.Clone(tokens)
		if err := d.measure(ctx, room); err != nil {
			return err
		}
		if err := d.run(ctx, limit); err != nil {
			return err
		}
		for name, left := range d.room.Tokens {
			if spent := tokens[name] - left; spent > 0 {
				if done.Spent == nil {
					done.Spent = make(map[string]int)
				}
				done.Spent[name] = spent
			}
		}
		if err := p.write(ctx); err != nil {
			return err
		}
		p.order, p.changed, p.due = nil, nil, false
		var err error
		done.NextAt, err = p.tx.NextNotice(ctx)
		if !done.More && !done.NextAt.IsZero() && !done.NextAt.After(p.now) {
			done.NextAt = d.again()
		}
		return err
	})
	if err == nil && at != nil {
		s.turns.were(at.served, at.beside)
	}
	return done, err
}

// heldFor is how long what is due and cannot go is left alone: a caller that
// sleeps until NextAt does not spin, and still finds in time what else falls due.
const heldFor = 5 * time.Second

// again is when to look again at what is due and found no provider or no room.
func (d *dispatch) again() time.Time {
	at := d.now.Add(heldFor)
	for _, one := range d.providers {
		if ready := one.ReadyAt(d.now); !ready.IsZero() && ready.Before(at) {
			at = ready
		}
	}
	return at
}

// dispatch is one pass over the due notices.
type dispatch struct {
	*pass
	done  *Dispatched
	lost  []*notify.Notice // they need another way
	ready []addressed

	last, served map[notify.Channel]string // who had the last turn, in the pass before and in this one
	beside       map[notify.Channel]int    // how many more whoever is written to has waiting, by the last pass that saw it
	inTurn       map[notify.ID]bool        // what was read because it was its owner's turn
	room         space
	short        map[notify.Channel][]*notify.Provider // whose rates are spent
	part         bool                                  // more is due than was read
	spent        int                                   // segments of today, once asked
	asked        bool                                  //
}

// addressed is a notice with the one it goes to.
type addressed struct {
	*notify.Notice
	to contact
}

func (d *dispatch) run(ctx context.Context, limit int) error {
	if _, err := d.known(ctx); err != nil {
		return err
	}
	due, err := d.look(ctx, limit)
	if err != nil {
		return err
	}
	d.done.Looked, d.done.More = len(due), d.done.More || limit > 0 && len(due) == limit
	wanted, err := d.sift(ctx, due)
	if err != nil {
		return err
	}
	if err := d.resolve(ctx, wanted); err != nil {
		return err
	}
	if err := d.gather(ctx, due); err != nil {
		return err
	}
	if err := d.screen(ctx); err != nil {
		return err
	}
	if err := d.handOut(ctx); err != nil {
		return err
	}
	if len(d.order) == 0 || d.done.Full && !slices.ContainsFunc(due, func(n notify.Notice) bool { return !d.waits(n.Channel, notify.Normal) }) {
		d.done.More = false // nothing moved, or nothing has room any more: looking again at once would find the same
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
	wanted := make([]*notify.Notice, 0, len(due))
	d.changed = roomFor(d.changed, len(due))
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
		case n.Held.After(d.now): // nobody took it a moment ago; left as it is
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
	d.ready = slices.Grow(d.ready, len(wanted))
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

// alongMost is how many notices a pass takes along at most. What it does for each
// is in memory at once, whatever the backlog.
const alongMost = 1000

// gather takes along what else is due for those the pass has something for, where it
// read only a part of what is due: what one person has waiting becomes one message.
// Only what is addressed to them by name is found so. Whoever has more waiting than
// the pass takes along, after those before them, is left for the next one.
func (d *dispatch) gather(ctx context.Context, read []notify.Notice) error {
	if !d.part {
		return nil
	}
	seen := make(map[notify.ID]bool, len(read))
	for _, n := range read {
		seen[n.ID] = true
	}
	together := make(map[notify.Channel][]addressed)
	for _, a := range d.ready {
		if d.shares(a) {
			together[a.Channel] = append(together[a.Channel], a)
		}
	}
	var ids []notify.ID
	for _, channel := range slices.Sorted(maps.Keys(together)) {
		found, err := d.along(ctx, together[channel], seen, alongMost/len(together))
		if err != nil {
			return err
		}
		ids = append(ids, found...)
	}
	slices.Sort(ids)
	along, err := d.load(ctx, ids) // locked, where the store can
	if err != nil {
		return err
	}
	var more []notify.Notice
	for _, id := range ids {
		if n := along[id]; n != nil && n.State == notify.Pending && !n.NextAt.After(d.now) && !goesAlone(n) {
			more = append(more, *n)
		}
	}
	wanted, err := d.sift(ctx, more)
	if err != nil {
		return err
	}
	d.done.Looked += len(more)
	return d.resolve(ctx, wanted)
}

// shares reports whether a notice may go in a message with others.
func (d *dispatch) shares(a addressed) bool { return !kept(a.Channel) && !goesAlone(a.Notice) }

// along finds what else is due for those who are written to on one channel, up to
// so many notices. Where they have more, half of them at a time are left for the
// next pass, and of one alone what came first is taken.
func (d *dispatch) along(ctx context.Context, those []addressed, seen map[notify.ID]bool, most int) ([]notify.ID, error) {
	persons := make([]org.PersonID, 0, len(those)) // in their turn
	written := make(map[org.PersonID]bool, len(those))
	named := make(map[org.PersonID][]org.PersonID) // for whom they stand in
	for i := range those {
		to := those[i].to.id
		if !written[to] {
			persons, written[to] = append(persons, to), true
		}
		if absent := those[i].For(); absent != "" && absent != to {
			named[to] = append(named[to], absent)
		}
	}
	for {
		whose := slices.Clone(persons)
		for _, p := range persons {
			whose = append(whose, named[p]...)
		}
		slices.Sort(whose)
		found, err := d.tx.NoticeIDs(ctx, notify.Query{
			States: []notify.State{notify.Pending}, Channel: those[0].Channel, Persons: slices.Compact(whose), Before: d.now.Add(time.Microsecond),
			Limit: len(seen) + most + 1,
		})
		if err != nil {
			return nil, err
		}
		found = slices.DeleteFunc(found, func(id notify.ID) bool { return seen[id] })
		if len(found) <= most {
			d.sawBeside(those[0].Channel, len(found), len(persons))
			return found, nil
		}
		if len(persons) == 1 {
			d.sawBeside(those[0].Channel, len(found), 1)
			return found[:most], nil
		}
		later := persons[(len(persons)+1)/2:]
		persons = persons[:len(persons)-len(later)]
		d.leave(those[0].Channel, later)
	}
}

// sawBeside notes how many more each of some persons had waiting, rounded up: the next
// pass reads for as many as it can take that along for.
func (d *dispatch) sawBeside(channel notify.Channel, found, persons int) {
	if d.beside == nil {
		d.beside = make(map[notify.Channel]int)
	}
	d.beside[channel] = (found + persons - 1) / persons
}

// leave has what those persons would share on a channel wait for the next pass, as it is.
func (d *dispatch) leave(channel notify.Channel, persons []org.PersonID) {
	later := make(map[org.PersonID]bool, len(persons))
	for _, p := range persons {
		later[p] = true
	}
	d.ready = slices.DeleteFunc(d.ready, func(a addressed) bool { return a.Channel == channel && later[a.to.id] && d.shares(a) })
	d.done.More = true
}

// sibling is the row of a further person of the same party.
func (d *dispatch) sibling(ctx context.Context, n notify.Notice, person org.Person) error {
	n = notify.Notice{
		ID: notify.ID(d.newID()), Key: n.Key + "#" + string(person.ID), Template: n.Template, Subject: n.Subject, Duty: n.Duty,
		Moot: n.Moot, To: n.To, Audience: n.Audience, Channel: n.Channel, Class: n.Class, Priority: n.Priority, OnUnknown: n.OnUnknown,
		Owner: n.Owner, Vars: n.Vars, NotBefore: n.NotBefore, Expires: n.Expires, State: notify.Pending, NextAt: n.Due(), Created: d.now,
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
		a.Person = a.to.id // also of one that ends here: an operator finds it by whom it did not reach
		switch why := d.people.barred(a.to); {
		case kept(a.Channel):
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
