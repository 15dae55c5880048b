package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

// operateCommands are what an operator does to single notices and to providers.
func operateCommands() []command {
	return []command{
		{name: "show", args: "ID …", what: "show notices with every attempt to send them", do: show,
			long: "Shows each notice, and each call of a provider for it with what became of it.\n" +
				"Names, numbers and texts are not shown."},
		{name: "cancel", args: "[ID …]", what: "stop notices that have not gone out", flags: bulkFlags, do: cancel,
			long: "Cancels the given notices. One that is already on its way is marked: it may have\n" +
				"been too late. Who asks and why is kept in the journal.\n\n" + actHelp + bulkHelp},
		{name: "reroute", args: "[ID …]", what: "send notices that reached nobody over another channel", flags: rerouteFlags, do: reroute,
			long: "Sends the given notices over the channel of --by: sms, email or paper_task. Where\n" +
				"one was put on that channel already, that one is sent again; one that has arrived\n" +
				"there is left alone.\n\n  --by CHANNEL  required\n" + actHelp + bulkHelp},
		{name: "contact", args: "PERSON", what: "show how somebody is reached, and repair it", flags: contactFlags, do: contact,
			long: "Says for each channel whether there is an address, and whether it is barred, why and\n" +
				"until when. Numbers and mailboxes are not shown.\n\n" +
				"  --channel C   sms or email: the one to repair\n" +
				"  --new FILE    the number or mailbox from now on, in a file; -: from the standard input\n" +
				"  --lift        let the address that is there be used again\n" +
				"  --retry       send again what did not reach the person on that channel, 100 at most\n\n" +
				"A change wants --as and --why; both are kept in the journal, the address is not.\n\n" + actHelp},
		{name: "providers", what: "show the providers, their shares and breakers, or change them", flags: providerFlags, do: providersCommand,
			long: "Lists what the workers have registered. A provider whose calls fail is left alone\n" +
				"until a probe succeeds: its breaker is open.\n\n" +
				"  --weigh NAME=N  its share among those of its channel; 0: only when no other will do\n" +
				"  --close NAME    call it again now, as after a repair\n" +
				"  --open NAME     leave it alone until a probe succeeds, as before announced works\n" +
				"  --mode MODE     live, pilot or dry-run: what the installation is from now on. Copies\n" +
				"                  of another mode send nothing until they are started with this one\n\n" +
				"A change wants --as and --why; both are kept in the journal.\n\n" + actHelp},
		{name: "preview", args: "TEMPLATE [FIELD=VALUE …]", what: "show how a text reads, and what it costs as an SMS", flags: previewFlags, do: preview,
			long: "Renders a text with the given values; a field that is not given stands as its name.\n" +
				"For an SMS it counts the parts, with marks and without. Nothing is sent.\n\n" +
				"  --lang LANG     vi or en [vi]\n  --channel NAME  sms or email [sms]\n"},
	}
}

const actHelp = "  --as ID       who asks, by the id in the directory; needs the right to manage notices\n" +
	"  --why TEXT    the reason, for the journal\n"

// actOptions say who acts and why.
type actOptions struct{ as, why string }

func (o *actOptions) define(set *flag.FlagSet) {
	set.StringVar(&o.as, "as", "", "")
	set.StringVar(&o.why, "why", "", "")
}

func (o *actOptions) check() error {
	if o.why == "" {
		return errUsage{errors.New("say why with --why: it is kept in the journal")}
	}
	if o.as == "" {
		return errUsage{errors.New("say who you are with --as and your id in the directory: it is kept in the journal, and your rights are looked at")}
	}
	return nil
}

func (o *actOptions) actor() org.Actor { return org.Actor{Person: org.PersonID(o.as)} }

// each does something to every notice that is named, all of them or none.
func (c *call) each(ctx context.Context, o *actOptions, done string, do func(context.Context, *core.Notices, notify.ID) error) error {
	if err := c.parts.ready(ctx); err != nil {
		return err
	}
	err := c.parts.system.Update(ctx, o.actor(), func(ctx context.Context, w *core.Work) error {
		for _, id := range c.args {
			if err := do(ctx, w.Notices, notify.ID(id)); err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
		}
		return nil
	})
	if err == nil {
		fmt.Fprintf(c.out, "%s: %d\n", done, len(c.args))
	}
	return err
}

func cancel(ctx context.Context, c *call) error {
	o := c.options.(*bulkOptions)
	return c.act(ctx, o, deed{
		one: func(ctx context.Context, n *core.Notices, id notify.ID) error { return n.Cancel(ctx, id, o.why) },
		all: core.Bulk{Do: core.Withdraw}, done: "Cancelled", would: "Would be cancelled",
	})
}

type rerouteOptions struct {
	bulkOptions
	by string
}

func rerouteFlags(set *flag.FlagSet) any {
	o := &rerouteOptions{}
	o.define(set)
	set.StringVar(&o.by, "by", "", "")
	return o
}

func reroute(ctx context.Context, c *call) error {
	o := c.options.(*rerouteOptions)
	channel := notify.Channel(o.by)
	if !slices.Contains([]notify.Channel{notify.SMS, notify.Email, notify.PaperTask}, channel) {
		return errUsage{errors.New("say the channel with --by: sms, email or paper_task")}
	}
	return c.act(ctx, &o.bulkOptions, deed{
		one: func(ctx context.Context, n *core.Notices, id notify.ID) error {
			return n.RetryBy(ctx, id, channel, o.why)
		},
		all: core.Bulk{Do: core.Reroute, By: channel}, done: "Sent by " + o.by, would: "Would be sent by " + o.by,
	})
}

func show(ctx context.Context, c *call) error {
	if len(c.args) == 0 {
		return errUsage{errors.New("name notices by their ids")}
	}
	if err := c.parts.ready(ctx); err != nil {
		return err
	}
	return c.parts.system.View(ctx, org.System(), func(ctx context.Context, w *core.Work) error {
		for _, id := range c.args {
			n, attempts, err := w.Notices.Get(ctx, notify.ID(id))
			if err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			c.showNotice(n, attempts)
		}
		return nil
	})
}

const moment = "02/01/2006 15:04:05"

func (c *call) showNotice(n notify.Notice, attempts []notify.Attempt) {
	w := tabwriter.NewWriter(c.out, 2, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"id", string(n.ID)}, {"key", n.Key}, {"state", string(n.State)}, {"why", n.Why}, {"template", n.Template},
		{"about", n.Subject.String()}, {"to", n.To.Key()}, {"person", string(n.Person)}, {"channel", string(n.Channel)},
		{"priority", string(n.Priority)}, {"when unknown", string(n.OnUnknown)}, {"owner", n.Owner}, {"provider", n.Provider},
		{"provider's id", n.ProviderID}, {"carried by", string(n.MergedInto)}, {"generation", strconv.Itoa(n.Generation)},
		{"claims", strconv.Itoa(n.Claims)}, {"replays", strconv.Itoa(n.Replays)},
	} {
		if line[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
		}
	}
	fmt.Fprintf(w, "created\t%s\n", n.Created.In(calendar.Zone()).Format(moment))
	if !n.State.Terminal() {
		fmt.Fprintf(w, "looked at\t%s\n", n.NextAt.In(calendar.Zone()).Format(moment))
	}
	if since := n.Due(); n.State == notify.Queued || n.State == notify.Pending && !since.Equal(n.NextAt) {
		fmt.Fprintf(w, "due since\t%s\n", since.In(calendar.Zone()).Format(moment))
	}
	if !n.CancelAsked.IsZero() {
		fmt.Fprintf(w, "cancel asked\t%s, when it was on its way\n", n.CancelAsked.In(calendar.Zone()).Format(moment))
	}
	if !n.Expires.IsZero() {
		fmt.Fprintf(w, "expires\t%s\n", n.Expires.In(calendar.Zone()).Format(moment))
	}
	w.Flush()
	if len(attempts) > 0 {
		fmt.Fprintln(w, "\nattempt\tstarted\tprovider\toutcome\tcode\tsegments\ttext\tdetail")
	}
	for _, a := range attempts {
		outcome := string(a.Outcome)
		if outcome == "" {
			outcome = "open"
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", a.Number, a.Started.In(calendar.Zone()).Format(moment), a.Provider, outcome, a.Code, a.Segments, a.Text, a.Detail)
	}
	w.Flush()
	fmt.Fprintln(c.out)
}

type providerOptions struct {
	actOptions
	weigh, shut, open, mode string
}

func providerFlags(set *flag.FlagSet) any {
	o := &providerOptions{}
	o.define(set)
	set.StringVar(&o.weigh, "weigh", "", "")
	set.StringVar(&o.shut, "close", "", "")
	set.StringVar(&o.open, "open", "", "")
	set.StringVar(&o.mode, "mode", "", "")
	return o
}

func providersCommand(ctx context.Context, c *call) error {
	o := c.options.(*providerOptions)
	change, err := o.change()
	if err == nil && change != nil {
		err = o.check()
	}
	if err != nil {
		return err
	}
	if err := c.parts.ready(ctx); err != nil {
		return err
	}
	if change != nil {
		if err := c.parts.system.Update(ctx, o.actor(), func(ctx context.Context, w *core.Work) error { return change(ctx, w.Notices) }); err != nil {
			return err
		}
	}
	all, err := c.parts.system.Providers(ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(c.out, "No provider is registered: the workers do that when they start.")
		return nil
	}
	fmt.Fprintf(c.out, "Mode: %s\n\n", reached(all[0].Mode))
	w := tabwriter.NewWriter(c.out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "provider\tchannel\tweight\trate\tbreaker\tsince\twhy")
	now := c.parts.system.Now()
	for _, p := range all {
		state, rate := "closed", "-"
		switch {
		case p.Breaker.Open:
			state = "OPEN"
		case now.Before(p.Breaker.Pause):
			state = "paused"
		}
		if p.Rate > 0 {
			rate = fmt.Sprintf("%g/s", p.Rate)
		}
		weight := strconv.Itoa(p.Weight)
		if share := p.Share(now); share < 100*p.Weight { // on its way back after a trouble
			weight = fmt.Sprintf("%g of %d", float64(share)/100, p.Weight)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", p.Name, p.Channel, weight, rate, state, p.Changed.In(calendar.Zone()).Format(moment), p.Reason)
	}
	return w.Flush()
}

// reached says of a mode whom messages reach.
func reached(m notify.Mode) string {
	switch m {
	case notify.Pilot:
		return "PILOT, messages reach those on the list and nobody else"
	case notify.DryRun:
		return "DRY RUN, messages reach nobody"
	}
	return "live"
}

// change is what the flags ask for, nil when only to show.
func (o *providerOptions) change() (func(context.Context, *core.Notices) error, error) {
	switch {
	case o.shut != "":
		return func(ctx context.Context, n *core.Notices) error { return n.CloseBreaker(ctx, o.shut, o.why) }, nil
	case o.open != "":
		return func(ctx context.Context, n *core.Notices) error { return n.OpenBreaker(ctx, o.open, o.why) }, nil
	case o.mode != "":
		return func(ctx context.Context, n *core.Notices) error { return n.SetMode(ctx, notify.Mode(o.mode), o.why) }, nil
	case o.weigh == "":
		return nil, nil
	}
	name, number, found := strings.Cut(o.weigh, "=")
	weight, err := strconv.Atoi(number)
	if !found || err != nil {
		return nil, errUsage{errors.New("--weigh wants NAME=N, such as esms=3")}
	}
	return func(ctx context.Context, n *core.Notices) error { return n.Weigh(ctx, name, weight, o.why) }, nil
}

type previewOptions struct{ lang, channel string }

func previewFlags(set *flag.FlagSet) any {
	o := &previewOptions{}
	set.StringVar(&o.lang, "lang", "vi", "")
	set.StringVar(&o.channel, "channel", "sms", "")
	return o
}

func preview(_ context.Context, c *call) error {
	o := c.options.(*previewOptions)
	channel := notify.Channel(o.channel)
	if channel != notify.SMS && channel != notify.Email {
		return errUsage{errors.New("--channel is sms or email")}
	}
	texts := c.parts.templates
	if len(c.args) == 0 || len(texts.Missing(c.args[0])) > 0 {
		return errUsage{fmt.Errorf("name one of the texts: %s", strings.Join(texts.Names(), " "))}
	}
	name := c.args[0]
	vars := c.parts.sampleValues(name)
	for _, given := range c.args[1:] {
		field, value, found := strings.Cut(given, "=")
		if _, known := vars[field]; !found || !known {
			return errUsage{fmt.Errorf("%q: want FIELD=VALUE with one of %s", given, strings.Join(texts.Fields(name), " "))}
		}
		vars[field] = value
	}
	subject, text, err := texts.Render(name, o.lang, channel, vars)
	if err != nil {
		return err
	}
	if channel == notify.Email {
		fmt.Fprintf(c.out, "%s\n\n%s\n", subject, text)
		return nil
	}
	folded, _ := smstext.Fold(smstext.Normalize(text))
	plain, marked := smstext.Count(folded), smstext.Count(smstext.Normalize(text))
	fmt.Fprintf(c.out, "%s\n\nwithout marks  %d parts (%s, %d units)\nwith marks     %d parts (%s, %d units)\n",
		text, plain.Parts, plain.Encoding, plain.Units, marked.Parts, marked.Encoding, marked.Units)
	return nil
}

// sampleValues has something for every field of a text; a field of its own stands
// as its name.
func (p *parts) sampleValues(name string) map[string]string {
	vars := map[string]string{
		notify.FieldRecipient: "Nguyễn Văn Mẫu", notify.FieldGiven: "Mẫu", notify.FieldHonorific: "ông/bà",
		notify.FieldSender: p.config.Office, notify.FieldHotline: p.config.Hotline,
	}
	if vars[notify.FieldHotline] == "" {
		vars[notify.FieldHotline] = vars[notify.FieldSender]
	}
	for _, field := range p.templates.Fields(name) {
		vars[field] = "<" + field + ">"
	}
	return vars
}
