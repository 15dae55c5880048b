package core

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

// While every provider of a channel is out of order its notices wait, untouched,
// and go when it is back. What cannot wait (notify.Outage) goes another way, if
// there is one that is open now: the next channel that works and reaches everybody
// it is meant for, at last paper. Until one is found the notice stays where it is,
// so nothing is ever given up for an outage alone; and what may have gone already
// stays with the provider that may have it, unless the notice allows a copy.

const (
	// divertEvery is how often one of all processes looks for what cannot wait.
	divertEvery = 15 * time.Second
	// hopelessWithin is how long before its moment passes a notice goes another way
	// that its own channel would only try again afterwards.
	hopelessWithin = 15 * time.Minute
	// longestRetry is the longest that a notice waits for its next try.
	longestRetry = 72 * time.Minute
)

// divert lets what cannot wait for its channel go another way.
func (s *System) divert(ctx context.Context) (diverted int, err error) {
	err = s.pipeline(ctx, func(ctx context.Context, p *pass) error {
		diverted = 0
		if all, err := p.known(ctx); err != nil || len(all) == 0 {
			return err
		}
		mine, err := p.tx.Lease(ctx, "outage", p.newID(), p.now, p.now.Add(divertEvery))
		if err != nil || !mine {
			return err
		}
		d := &diversion{pass: p}
		if err := d.run(ctx); err != nil {
			return err
		}
		diverted = d.count
		return nil
	})
	if errors.Is(err, fault.ErrStale) { // somebody was quicker with one of them: the next look finds the others
		return 0, nil
	}
	return diverted, err
}

// diversion is one look at the channels and at what waits for them.
type diversion struct {
	*pass
	over  map[string]bool // duties nobody owes any more
	count int
}

func (d *diversion) run(ctx context.Context) error {
	for _, channel := range []notify.Channel{notify.SMS, notify.Email} {
		outage, out := d.outage(channel)
		waiting, err := d.waiting(ctx, channel, outage, out)
		if err != nil {
			return err
		}
		if d.over, err = d.pass.over(ctx, waiting); err != nil {
			return err
		}
		for _, id := range slices.Sorted(maps.Keys(waiting)) {
			n := waiting[id]
			if !d.mayLeave(n) {
				continue
			}
			why, paper := d.tooLate(n)
			if out {
				why, paper = d.cannotWait(n, outage)
			}
			if why == "" {
				continue
			}
			if err := d.otherwise(ctx, n, paper, why); err != nil {
				return err
			}
		}
	}
	return nil
}

// cannotWait says why a notice goes another way while its channel is out.
func (d *diversion) cannotWait(n *notify.Notice, o notify.Outage) (why string, paper bool) {
	why = o.CannotWait(n, func(t time.Time) time.Time { return d.opens(n, t) })
	if why == "" {
		return "", false
	}
	return fmt.Sprintf("every provider is out of order since %s, and %s", o.Since.Format(time.RFC3339), why), o.Paper(n, d.now)
}

// tooLate says why a notice goes another way although its channel works.
func (d *diversion) tooLate(n *notify.Notice) (why string, paper bool) {
	if !n.TooLate() {
		return "", false
	}
	return "the next try would come too late; " + n.Why, true
}

// waiting are the notices of a channel that may not be able to wait: those whose
// moment passes soon, where the channel is out those that are critical, and what
// travels in digests.
func (d *diversion) waiting(ctx context.Context, channel notify.Channel, o notify.Outage, out bool) (map[notify.ID]*notify.Notice, error) {
	ends := d.now.Add(hopelessWithin)
	if out {
		ends = d.latest(o)
	}
	waiting := make(map[notify.ID]*notify.Notice)
	take := func(found []notify.Notice, err error) error {
		for i := range found {
			if n := &found[i]; n.Channel == channel {
				waiting[n.ID] = n
			}
		}
		return err
	}
	pending := []notify.State{notify.Pending}
	err := take(d.tx.Notices(ctx, notify.Query{States: pending, Channel: channel, ExpiresBefore: ends.Add(time.Microsecond), Limit: recoverBatch}))
	if err != nil || !out {
		return waiting, err
	}
	if o.Proven {
		if err := take(d.tx.DueNotices(ctx, d.now.Add(longestRetry), recoverBatch)); err != nil {
			return nil, err
		}
	}
	carriers, err := d.tx.Notices(ctx, notify.Query{States: pending, Channel: channel, Template: notify.Digest})
	if err != nil {
		return nil, err
	}
	var ids []notify.ID
	for _, c := range carriers {
		ids = append(ids, c.Items...)
	}
	items, err := d.load(ctx, ids)
	for id, item := range items {
		if item.State == notify.Merged {
			waiting[id] = item
		}
	}
	return waiting, err
}

// latest is the end of the moments that may pass before the channel is likely to
// be back and a window is open.
func (d *diversion) latest(o notify.Outage) time.Time {
	latest := o.Back
	for _, audience := range []notify.Audience{notify.ToOfficial, notify.ToLadder, notify.ToLeader, notify.ToCitizen} {
		n := notify.Notice{Audience: audience, Priority: notify.Normal}
		latest = later(latest, o.LikelyAt(func(t time.Time) time.Time { return d.opens(&n, t) }))
	}
	return latest
}

// mayLeave reports whether a notice could go now, and may go by another channel: one
// that may have gone only when it allows a copy.
func (d *diversion) mayLeave(n *notify.Notice) bool {
	return len(n.Items) == 0 && !n.NotBefore.After(d.now) && !n.Over(d.now) && n.CancelAsked.IsZero() && !d.over[n.Duty] &&
		!d.opens(n, d.now).After(d.now) && (!n.MayHaveGone() || n.OnUnknown == notify.Resend)
}

// otherwise lets the notice go by the first other channel that is open to all it is
// meant for. Where there is none it stays as it is.
func (d *diversion) otherwise(ctx context.Context, n *notify.Notice, paper bool, why string) error {
	channel, err := d.way(ctx, n, paper)
	if err != nil || channel == "" {
		return err
	}
	n.MergedInto = "" // what becomes of a digest from here on says nothing about it
	if err := d.did(n, n.Fail(why, d.now)); err != nil {
		return err
	}
	next, err := d.another(ctx, n, channel, keyOn(n, channel))
	if err != nil {
		return err
	}
	d.count++
	return d.journal(ctx, fact{subject: n.ID.Subject(), event: notify.Rerouted{By: channel, New: next}, why: why})
}

// way is the channel by which a notice goes instead; empty: none, or it is said
// there already.
func (d *diversion) way(ctx context.Context, n *notify.Notice, paper bool) (notify.Channel, error) {
	said, err := d.saidElsewhere(ctx, n)
	if err != nil {
		return "", err
	}
	for _, channel := range otherWays(n) {
		_, out := d.outage(channel)
		switch state := said.on(n, channel); {
		case failed(state), state == notify.Pending && out:
			continue
		case state != "":
			return "", nil
		case channel == notify.PaperTask && !paper, !kept(channel) && (out || len(d.on(channel)) == 0):
			continue
		}
		ok, err := d.reaches(ctx, n, channel)
		if err != nil || ok {
			return channel, err
		}
	}
	return "", nil
}

// reaches reports whether everybody a notice is meant for can be reached on the
// channel today, and wants to be told at all.
func (d *diversion) reaches(ctx context.Context, n *notify.Notice, channel notify.Channel) (bool, error) {
	if n.To.Speaker != "" {
		to, err := d.people.of(ctx, n)
		if err != nil || to.declined {
			return false, unlessAtFault(err)
		}
	}
	persons, err := d.meant(ctx, n, channel)
	if err != nil || len(persons) == 0 || kept(channel) {
		return err == nil && len(persons) > 0, unlessAtFault(err)
	}
	var contacts []contact
	for _, person := range persons {
		contacts = append(contacts, d.people.reach(person, channel))
	}
	if err := d.people.judge(ctx, channel, contacts); err != nil {
		return false, err
	}
	return !slices.ContainsFunc(contacts, func(to contact) bool { return to.address == "" || d.people.barred(to) != "" }), nil
}

// unlessAtFault is an error of the store. For a notice's own fault it stays where it
// is, and says so when its channel is back.
func unlessAtFault(err error) error {
	if atFault(err) {
		return nil
	}
	return err
}

// meant are those a notice goes to on the channel: whoever it was handed out for, if
// it was, and on paper who hands it over.
func (d *diversion) meant(ctx context.Context, n *notify.Notice, channel notify.Channel) ([]org.Person, error) {
	to := n.To
	switch {
	case channel == notify.PaperTask:
		task := notify.Notice{}
		if err := d.onPaper(ctx, n, &task); err != nil {
			return nil, err
		}
		to = task.To
	case n.Person != "":
		to.Person = n.Person
	}
	return alert.Resolve(ctx, d.people.dir, to, d.today)
}

// outage is what is known of a channel none of whose providers takes messages.
func (d *diversion) outage(channel notify.Channel) (notify.Outage, bool) {
	return notify.OutageOf(d.on(channel), d.now)
}
