package core

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

// The values by which a paper task says for whom it is. They hold ids.
const (
	forPerson  = "for_person"
	forSpeaker = "for_speaker"
)

// otherWays are the channels to try, in order, when one did not reach somebody
// (model M8, 10.47). A citizen has a telephone or else paper.
func otherWays(n *notify.Notice) []notify.Channel {
	switch {
	case kept(n.Channel):
		return nil
	case n.To.Speaker != "":
		return []notify.Channel{notify.PaperTask}
	case n.Channel == notify.SMS:
		return []notify.Channel{notify.Email, notify.PaperTask}
	case n.Channel == notify.Email:
		return []notify.Channel{notify.SMS, notify.PaperTask}
	}
	return []notify.Channel{notify.SMS, notify.Email, notify.PaperTask}
}

// fallBack gives each notice that did not reach its recipient another way: the
// same notice over the next channel, at last a paper task. Where the same was
// put on that channel from the start, that one counts; where it failed too, the
// next channel is tried. What is no longer needed goes no other way.
func (p *pass) fallBack(ctx context.Context, lost []*notify.Notice) error {
	lost = slices.DeleteFunc(lost, func(n *notify.Notice) bool { return len(n.Items) > 0 || n.Over(p.now) || !n.CancelAsked.IsZero() })
	said, err := p.saidElsewhere(ctx, lost...)
	if err != nil {
		return err
	}
	for _, n := range lost {
		for _, channel := range otherWays(n) {
			state := said.on(n, channel)
			if failed(state) {
				continue
			}
			if state == "" {
				key := keyOn(n, channel)
				said[key] = saying{channel, notify.Pending}
				if _, err := p.another(ctx, n, channel, key); err != nil {
					return err
				}
			}
			break
		}
	}
	return nil
}

// elsewhere is by key what is said of the same on other channels.
type elsewhere map[string]saying

type saying struct {
	channel notify.Channel
	state   notify.State
}

// saidElsewhere asks for what each of the notices is, or was, on other channels.
func (p *pass) saidElsewhere(ctx context.Context, ns ...*notify.Notice) (elsewhere, error) {
	var keys []string
	for _, n := range ns {
		for _, channel := range otherWays(n) {
			keys = append(keys, keyOn(n, channel), keyOn(n, ""))
		}
	}
	said := make(elsewhere, len(keys))
	if len(keys) == 0 {
		return said, nil
	}
	slices.Sort(keys)
	found, err := p.tx.Notices(ctx, notify.Query{Keys: slices.Compact(keys)})
	for _, n := range found {
		said[n.Key] = saying{n.Channel, n.State}
		if now := p.changed[n.ID]; now != nil { // changed in this very pass
			said[n.Key] = saying{n.Channel, now.State}
		}
	}
	return said, err
}

// on is the state of the same as n on the channel; empty: it was never put there. A
// host's key may end without a channel: then what it began with stands under it.
func (e elsewhere) on(n *notify.Notice, channel notify.Channel) notify.State {
	if there, ok := e[keyOn(n, channel)]; ok {
		return there.state
	}
	if first := e[keyOn(n, "")]; first.channel == channel {
		return first.state
	}
	return ""
}

// failed reports whether a notice ended without reaching anybody.
func failed(s notify.State) bool {
	switch s {
	case notify.Failed, notify.Dead, notify.Suppressed, notify.Undelivered:
		return true
	}
	return false
}

// keyOn is the natural key that the notice has, or would have, on another
// channel: by convention a key ends in its channel, before the person for whom
// the row of a party was split off. Without a channel it is what they have in common.
func keyOn(n *notify.Notice, channel notify.Channel) string {
	key, person, split := strings.Cut(n.Key, "#")
	key = strings.TrimSuffix(key, "/"+string(n.Channel))
	if channel != "" {
		key += "/" + string(channel)
	}
	if split {
		return key + "#" + person
	}
	return key
}

// another puts the notice on the channel. It goes to the very person that was
// not reached; paper goes to somebody who can hand it over. It returns the notice
// on the other channel.
func (p *pass) another(ctx context.Context, n *notify.Notice, channel notify.Channel, key string) (notify.ID, error) {
	next := notify.Notice{
		ID: notify.ID(p.newID()), Key: key, Template: n.Template, Subject: n.Subject, Duty: n.Duty, Moot: n.Moot, To: n.To,
		Audience: n.Audience, Channel: channel, Class: n.Class, Priority: n.Priority, OnUnknown: n.OnUnknown, Owner: n.Owner, Vars: maps.Clone(n.Vars),
		NotBefore: p.now, Expires: n.Expires, State: notify.Pending, Why: "instead of " + string(n.Channel) + ": " + n.Why,
		NextAt: p.now, Created: p.now,
	}
	if n.Person != "" && n.To.Speaker == "" {
		next.To.Person = n.Person
	}
	if channel == notify.PaperTask {
		if err := p.onPaper(ctx, n, &next); err != nil {
			return "", err
		}
	}
	added, err := p.tx.AddNotice(ctx, &next)
	p.due = p.due || added
	return next.ID, err
}

// onPaper makes a paper task of a notice: for the clerk of the recipient's unit,
// else for the programme office, which alone may see who a citizen is.
func (p *pass) onPaper(ctx context.Context, n, task *notify.Notice) error {
	if task.Vars == nil {
		task.Vars = make(map[string]string)
	}
	task.To = org.Party{Role: org.ProgrammeOffice}
	if n.To.Speaker != "" {
		task.Vars[forSpeaker] = n.To.Speaker
		return nil
	}
	task.Vars[forPerson] = string(meantFor(n))
	unit := n.To.Unit
	if unit == "" && meantFor(n) != "" {
		holdings, err := p.people.dir.Holdings(ctx, org.HoldingQuery{Person: meantFor(n), On: p.today})
		if err != nil {
			return err
		}
		for _, h := range holdings {
			if h.Unit != "" {
				unit = h.Unit
				break
			}
		}
	}
	if unit == "" {
		return nil
	}
	clerks, err := p.people.dir.Holdings(ctx, org.HoldingQuery{Role: org.UnitClerk, Unit: unit, On: p.today})
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	if len(clerks) > 0 {
		task.To = org.Party{Role: org.UnitClerk, Unit: unit}
	}
	return nil
}

// meantFor is the person the notice was for, as far as that was known.
func meantFor(n *notify.Notice) org.PersonID {
	if n.Person != "" {
		return n.Person
	}
	return n.To.Person
}
