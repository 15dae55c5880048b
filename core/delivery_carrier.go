package core

import (
	"context"
	"unicode/utf8"

	"github.com/huongvecoso/outreach/core/notify"
)

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
		parts := count(text)
		return 0 < parts && parts <= limit // 0: the provider could not send it at all
	}
	return utf8.RuneCountInString(text) <= 153*limit // as it will be without marks
}
