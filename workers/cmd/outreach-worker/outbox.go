package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

func migrate(ctx context.Context, c *call) error {
	p := c.parts
	pending := []string{"every table"}
	if p.reachable(ctx) == nil {
		var err error
		if pending, err = sqlstore.Pending(ctx, p.db, p.dialect, p.storeOptions()); err != nil {
			return err
		}
	}
	if err := sqlstore.Migrate(ctx, p.db, p.dialect, p.storeOptions()); err != nil {
		return err
	}
	if len(pending) == 0 {
		fmt.Fprintln(c.out, "The tables are those of this version; nothing was changed.")
		return nil
	}
	fmt.Fprintf(c.out, "Applied: %s\n", strings.Join(pending, ", "))
	return nil
}

// states are those of a notice, in the order in which it goes through them.
func states() []notify.State { return notify.States() }

// wanting are the states in which a notice needs somebody.
func wanting() []notify.State {
	return []notify.State{notify.Uncertain, notify.Failed, notify.Dead, notify.Undelivered, notify.Unknown}
}

// stuckAfter is how late a notice on its way is worth a look: what is found and
// mended by itself takes a few minutes.
const stuckAfter = 10 * time.Minute

type outboxOptions struct {
	state    string
	limit    int
	older    time.Duration
	channel  string
	template string
}

func outboxFlags(set *flag.FlagSet) any {
	o := &outboxOptions{}
	set.DurationVar(&o.older, "older", 0, "")
	set.StringVar(&o.channel, "channel", "", "")
	set.StringVar(&o.template, "template", "", "")
	set.StringVar(&o.state, "state", "", "")
	set.IntVar(&o.limit, "limit", 50, "")
	return o
}

func outbox(ctx context.Context, c *call) error {
	o := c.options.(*outboxOptions)
	chosen, err := parseStates(o.state)
	if err != nil {
		return errUsage{err}
	}
	if o.limit < 1 {
		return errUsage{errors.New("--limit must be positive")}
	}
	if err := c.parts.ready(ctx); err != nil {
		return err
	}
	var counts map[notify.State]int
	var found []notify.Notice
	err = c.parts.system.View(ctx, org.System(), func(ctx context.Context, w *core.Work) error {
		var err error
		if counts, err = w.Notices.Count(ctx); err != nil {
			return err
		}
		found, err = needing(ctx, w, chosen, o, c.parts.system.Now())
		return err
	})
	if err != nil {
		return err
	}
	c.show(counts, found)
	return nil
}

func parseStates(list string) ([]notify.State, error) {
	if list == "" {
		return nil, nil
	}
	var chosen []notify.State
	for name := range strings.SplitSeq(list, ",") {
		s := notify.State(strings.TrimSpace(name))
		if !slices.Contains(states(), s) {
			return nil, fmt.Errorf("there is no state %q; a notice is one of %v", s, states())
		}
		chosen = append(chosen, s)
	}
	return chosen, nil
}

// needing are the notices in the chosen states; without a choice those that want
// somebody, and those that should have moved on long ago.
func needing(ctx context.Context, w *core.Work, chosen []notify.State, o *outboxOptions, now time.Time) ([]notify.Notice, error) {
	q := notify.Query{States: chosen, Limit: o.limit, Channel: notify.Channel(o.channel), Template: o.template}
	if q.States == nil {
		q.States = wanting()
	}
	if o.older > 0 { // the oldest come first, so what is younger is at the end
		found, err := w.Notices.List(ctx, q)
		return slices.DeleteFunc(found, func(n notify.Notice) bool { return now.Sub(n.Created) < o.older }), err
	}
	limit := o.limit
	found, err := w.Notices.List(ctx, q)
	if chosen != nil || o.channel != "" || o.template != "" {
		return found, err
	}
	if err != nil || len(found) == limit {
		return found, err
	}
	stuck, err := w.Notices.List(ctx, notify.Query{
		States: []notify.State{notify.Pending, notify.Queued, notify.Sending}, Before: now.Add(-stuckAfter), Limit: limit - len(found),
	})
	return append(found, stuck...), err
}

func (c *call) show(counts map[notify.State]int, found []notify.Notice) {
	w := tabwriter.NewWriter(c.out, 2, 0, 2, ' ', 0)
	total := 0
	for _, s := range states() {
		fmt.Fprintf(w, "%s\t%d\n", s, counts[s])
		total += counts[s]
	}
	fmt.Fprintf(w, "total\t%d\n", total)
	w.Flush()
	if len(found) == 0 {
		fmt.Fprintln(c.out, "\nNothing to list.")
		return
	}
	fmt.Fprintln(c.out)
	fmt.Fprintln(w, "id\tstate\tchannel\ttemplate\tcreated\tattempts\tprovider\twhy")
	for _, n := range found {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", n.ID, n.State, n.Channel, n.Template,
			n.Created.In(calendar.Zone()).Format("02/01/2006 15:04"), n.Attempts, n.Provider, n.Why)
	}
	w.Flush()
}

type retryOptions struct {
	actOptions
	state string
	limit int
	dry   bool
}

func retryFlags(set *flag.FlagSet) any {
	o := &retryOptions{}
	o.define(set)
	set.BoolVar(&o.dry, "dry-run", false, "")
	set.StringVar(&o.state, "state", "", "")
	set.IntVar(&o.limit, "limit", 100, "")
	return o
}

func retry(ctx context.Context, c *call) error {
	o := c.options.(*retryOptions)
	chosen, err := parseStates(o.state)
	switch {
	case err != nil:
		return errUsage{err}
	case o.check() != nil:
		return o.check()
	case (len(c.args) > 0) == (len(chosen) > 0):
		return errUsage{errors.New("name notices by their ids, or a state with --state")}
	}
	if err := c.parts.ready(ctx); err != nil {
		return err
	}
	if o.dry {
		return c.previewRetry(ctx, chosen, o.limit)
	}
	count := len(c.args)
	err = c.parts.system.Update(ctx, o.actor(), func(ctx context.Context, w *core.Work) error {
		if len(chosen) > 0 {
			count, err = w.Notices.RetryAll(ctx, notify.Query{States: chosen, Limit: o.limit}, o.why)
			return err
		}
		for _, id := range c.args {
			if err := w.Notices.Retry(ctx, notify.ID(id), o.why); err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
		}
		return nil
	})
	if err == nil {
		fmt.Fprintf(c.out, "Sent again: %d\n", count)
	}
	return err
}

// previewRetry says what a retry of all in some states would send again.
func (c *call) previewRetry(ctx context.Context, chosen []notify.State, limit int) error {
	if len(chosen) == 0 {
		return errUsage{errors.New("--dry-run goes with --state")}
	}
	return c.parts.system.View(ctx, org.System(), func(ctx context.Context, w *core.Work) error {
		found, err := w.Notices.List(ctx, notify.Query{States: chosen, Limit: limit})
		if err != nil {
			return err
		}
		by := make(map[string]int)
		for _, n := range found {
			by[fmt.Sprintf("%s by %s", n.Template, n.Channel)]++
		}
		fmt.Fprintf(c.out, "Would be sent again: %d, at most %d\n", len(found), limit)
		for _, what := range slices.Sorted(maps.Keys(by)) {
			fmt.Fprintf(c.out, "  %d  %s\n", by[what], what)
		}
		return nil
	})
}
