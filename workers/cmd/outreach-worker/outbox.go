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

// pickOptions are what an operator looks for notices by.
type pickOptions struct {
	state, channel, template, provider, class string

	limit int
	older time.Duration
}

func (o *pickOptions) define(set *flag.FlagSet, limit int) {
	set.StringVar(&o.state, "state", "", "")
	set.StringVar(&o.channel, "channel", "", "")
	set.StringVar(&o.template, "template", "", "")
	set.StringVar(&o.provider, "provider", "", "")
	set.StringVar(&o.class, "class", "", "")
	set.DurationVar(&o.older, "older", 0, "")
	set.IntVar(&o.limit, "limit", limit, "")
}

const pickHelp = "  --state A,B   in one of these states\n" +
	"  --class C     for this reason: not_sent, throttled, rejected_transient,\n" +
	"                rejected_permanent, misconfigured or unknown\n" +
	"  --channel C   on this channel\n" +
	"  --provider P  last with this provider\n" +
	"  --template T  with this text\n" +
	"  --older TIME  created so long ago, such as 2h\n"

// chosen reports whether anything but the limit was asked for.
func (o *pickOptions) chosen() bool {
	return o.state != "" || o.channel != "" || o.template != "" || o.provider != "" || o.class != "" || o.older > 0
}

// pick is what the options select at now.
func (o *pickOptions) pick(now time.Time) (core.Pick, error) {
	states, err := parseStates(o.state)
	if err != nil {
		return core.Pick{}, err
	}
	if o.class != "" && !slices.Contains(classes(), notify.Result(o.class)) {
		return core.Pick{}, fmt.Errorf("there is no class %q; it is one of %v", o.class, classes())
	}
	p := core.Pick{
		Query:  notify.Query{States: states, Channel: notify.Channel(o.channel), Template: o.template, Provider: o.provider, Limit: o.limit},
		Result: notify.Result(o.class),
	}
	if o.older > 0 {
		p.CreatedBefore = now.Add(-o.older)
	}
	return p, nil
}

// classes are those of outcomes that keep a notice from its recipient.
func classes() []notify.Result {
	return []notify.Result{
		notify.ResultNotSent, notify.ResultThrottled, notify.ResultTransient, notify.ResultPermanent, notify.ResultMisconfigured, notify.ResultUnknown,
	}
}

func outboxFlags(set *flag.FlagSet) any {
	o := &pickOptions{}
	o.define(set, 50)
	return o
}

func outbox(ctx context.Context, c *call) error {
	o := c.options.(*pickOptions)
	pick, err := o.pick(c.parts.system.Now())
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
		found, err = needing(ctx, w, pick, o.chosen())
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

// needing are the notices that were asked for; without a choice those that want
// somebody, and those that should have moved on long ago.
func needing(ctx context.Context, w *core.Work, pick core.Pick, chosen bool) ([]notify.Notice, error) {
	if pick.States == nil {
		pick.States = wanting()
	}
	found, err := w.Notices.Pick(ctx, pick)
	if chosen || err != nil || len(found) == pick.Limit {
		return found, err
	}
	stuck, err := w.Notices.List(ctx, notify.Query{
		States: []notify.State{notify.Pending, notify.Queued, notify.Sending}, Before: w.Now().Add(-stuckAfter), Limit: pick.Limit - len(found),
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

// bulkOptions are those of commands that act on notices by their ids, or on all
// that are picked.
type bulkOptions struct {
	actOptions
	pickOptions
	dry bool
}

func (o *bulkOptions) define(set *flag.FlagSet) {
	o.actOptions.define(set)
	o.pickOptions.define(set, 100)
	set.BoolVar(&o.dry, "dry-run", false, "")
}

func bulkFlags(set *flag.FlagSet) any {
	o := &bulkOptions{}
	o.define(set)
	return o
}

const bulkHelp = "\nInstead of ids, all of them\n\n" + pickHelp +
	"  --limit N     N at most, the oldest first [100]; 1000 is the most\n" +
	"  --dry-run     say which it would be, and do nothing\n"

// deed is a command that acts on notices.
type deed struct {
	one         func(ctx context.Context, n *core.Notices, id notify.ID) error
	all         core.Bulk // what is done to those that are picked
	done, would string    // "Sent again", "Would be sent again"
}

// act does a deed to the notices that are named, all of them or none, or to those
// that are picked.
func (c *call) act(ctx context.Context, o *bulkOptions, d deed) error {
	switch {
	case o.check() != nil:
		return o.check()
	case (len(c.args) > 0) == o.chosen():
		return errUsage{errors.New("name notices by their ids, or say which with --state, --class and the like")}
	case len(c.args) > 0 && o.dry:
		return errUsage{errors.New("--dry-run goes with --state, --class and the like")}
	case len(c.args) > 0:
		return c.each(ctx, &o.actOptions, d.done, d.one)
	}
	pick, err := o.pick(c.parts.system.Now())
	if err != nil {
		return errUsage{err}
	}
	if err := c.parts.ready(ctx); err != nil {
		return err
	}
	d.all.Of, d.all.Why, d.all.Preview = pick, o.why, o.dry
	var did []notify.Notice
	err = c.parts.system.Update(ctx, o.actor(), func(ctx context.Context, w *core.Work) error {
		did, err = w.Notices.Bulk(ctx, d.all)
		return err
	})
	if err != nil {
		return err
	}
	if !o.dry {
		fmt.Fprintf(c.out, "%s: %d\n", d.done, len(did))
		return nil
	}
	c.foresee(d.would, did, o.limit)
	return nil
}

// foresee says what something would be done to.
func (c *call) foresee(would string, to []notify.Notice, limit int) {
	by := make(map[string]int)
	for i := range to {
		by[fmt.Sprintf("%s by %s, %s", to[i].Template, to[i].Channel, to[i].State)]++
	}
	fmt.Fprintf(c.out, "%s: %d, at most %d\n", would, len(to), limit)
	for _, what := range slices.Sorted(maps.Keys(by)) {
		fmt.Fprintf(c.out, "  %d  %s\n", by[what], what)
	}
}

func retry(ctx context.Context, c *call) error {
	o := c.options.(*bulkOptions)
	return c.act(ctx, o, deed{
		one: func(ctx context.Context, n *core.Notices, id notify.ID) error { return n.Retry(ctx, id, o.why) },
		all: core.Bulk{Do: core.Resend}, done: "Sent again", would: "Would be sent again",
	})
}
