package main

import (
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/adapters/vietnam"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/workers/rate"
)

// shareConfig is what one provider gets, or each of several in one section.
type shareConfig struct{ Weight, Rate, Burst perProvider }

// settings are those of a section; unit is what its rates count.
func (c *shareConfig) settings(section, unit string, several bool) []setting {
	form := ""
	if several {
		form = "; for several gateways NAME=N, with commas"
	}
	return []setting{
		{name: section + ".weight", normal: "1", set: c.Weight.read,
			what: "share among the providers of the channel, at the first start; 0: only when no other will do. Later `providers --weigh` changes it" + form},
		{name: section + ".rate", normal: "0", set: c.Rate.read, what: unit + " a second over all processes, as the contract says; 0: no limit" + form},
		{name: section + ".burst", normal: "0", set: c.Burst.read, what: unit + " at once; 0: what comes together in a second" + form},
	}
}

// perProvider is a number for each provider by its name, "" for all others.
type perProvider map[string]float64

// read reads one number, or NAME=N with commas.
func (p *perProvider) read(s string) error {
	all := perProvider{}
	for one := range strings.SplitSeq(s, ",") {
		name, number, named := strings.Cut(strings.TrimSpace(one), "=")
		if !named {
			name, number = "", name
		}
		n, err := strconv.ParseFloat(number, 64)
		if _, twice := all[name]; err != nil || !(n >= 0 && n < 1e6) || twice || named && name == "" {
			return errors.New("want a number, 0 or more, or NAME=N with commas, each name once")
		}
		all[name] = n
	}
	*p = all
	return nil
}

func (p perProvider) of(name string) float64 {
	if n, own := p[name]; own {
		return n
	}
	return p[""]
}

// limitConfig are numbers of the policy that operators set by themselves. They hold
// for every later version of the policy too: what a contract or a budget allows does
// not change because the programme decides upon another deadline.
type limitConfig struct {
	PerDay, SegmentsPerDay, MaxSegments *int
	Gap                                 *time.Duration
}

func (c *limitConfig) settings() []setting {
	return []setting{
		{name: "sms.per_day", set: optional(&c.PerDay, number), what: "SMS to one person a day, then they wait and are gathered; critical ones do not. Holds whatever the programme decides. Without: the policy's (3)"},
		{name: "sms.gap", set: optional(&c.Gap, duration), what: "time between two SMS to one official, in which what comes is gathered; 0s: none. Holds whatever the programme decides. Without: the policy's, or 10m where none was given"},
		{name: "sms.segments_per_day", set: optional(&c.SegmentsPerDay, number), what: "budget of the programme in segments a day; administrators are told at 80 and at 100 %, and only what is critical goes beyond it; 0: none. Holds whatever the programme decides. Without: the policy's (none)"},
		{name: "sms.max_segments", set: optional(&c.MaxSegments, number), what: "segments of one SMS that gathers several matters. Holds whatever the programme decides. Without: the policy's (2)"},
	}
}

// optional reads what has no value of its own where it is not given.
func optional[T any](at **T, as func(*T) func(string) error) func(string) error {
	return func(s string) error {
		value := new(T)
		if err := as(value)(s); err != nil {
			return err
		}
		*at = value
		return nil
	}
}

// applyLimits takes the operator's numbers, which hold whatever policy the
// programme decides upon.
func (p *parts) applyLimits() error {
	c := p.config.Limits
	p.limits = policy.Limits{SMSPerDay: c.PerDay, SMSSegmentsPerDay: c.SegmentsPerDay, MaxSegments: c.MaxSegments}
	if c.Gap != nil {
		if *c.Gap%time.Minute != 0 {
			return fmt.Errorf("sms.gap: want whole minutes, not %v", *c.Gap)
		}
		minutes := int(*c.Gap / time.Minute)
		p.limits.SMSGapMinutes = &minutes
	}
	p.policy = p.limits.Apply(p.policy)
	var wrong []error
	named := map[string]string{"notices.sms_per_day": "sms.per_day", "notices.sms_segments_per_day": "sms.segments_per_day", "notices.max_segments": "sms.max_segments", "notices.sms_gap_minutes": "sms.gap"}
	for _, v := range fault.Violations(p.policy.Validate()) {
		if name, ours := named[v.Field]; ours {
			wrong = append(wrong, fmt.Errorf("%s: %w", name, v))
		}
	}
	return errors.Join(wrong...)
}

// modeConfig says whom messages reach.
type modeConfig struct {
	Mode  notify.Mode
	Pilot addresses
}

func (c *modeConfig) settings() []setting {
	return []setting{
		{name: "mode", normal: string(notify.Live), set: mode(&c.Mode), example: string(notify.Live),
			what: "live: messages go to everybody; pilot: to the addresses of pilot only; dry-run: to nobody. What is held back counts as sent, and delivered. Once providers are registered, `providers --mode` has to change it too"},
		{name: "pilot", secret: true, rare: true, set: c.Pilot.read, what: "numbers and mailboxes that a pilot really writes to, one a line; # begins a comment"},
	}
}

func mode(at *notify.Mode) func(string) error {
	return func(s string) error {
		if *at = notify.Mode(s); !at.Known() {
			return errors.New("want live, pilot or dry-run")
		}
		return nil
	}
}

// addresses are those of a pilot, as messages have them.
type addresses []string

// read takes no address for granted: one that is misspelt would reach nobody, and
// one in another form than that of messages neither. An error does not repeat it.
func (a *addresses) read(s string) error {
	var all addresses
	number := 0
	for line := range strings.Lines(s) {
		number++
		line, _, _ = strings.Cut(line, "#")
		for one := range strings.SplitSeq(line, ",") {
			if one = strings.TrimSpace(one); one == "" {
				continue
			}
			if phone, err := vietnam.ParsePhone(one); err == nil {
				all = append(all, phone.E164)
			} else if box, err := mail.ParseAddress(one); err == nil && box.Name == "" && strings.Contains(one, "@") {
				all = append(all, box.Address)
			} else {
				return unshown{fmt.Errorf("line %d is neither a number nor a mailbox", number)}
			}
		}
	}
	*a = all
	return nil
}

// unshown is a mistake in a value that must not be repeated.
type unshown struct{ error }

func (c *config) breakerSettings() []setting {
	b := &c.Workers.Breaker
	normal := notify.BreakerRules{}.Complete()
	return []setting{
		{name: "breaker.in_row", normal: strconv.Itoa(normal.InRow), set: number(&b.InRow), what: "calls of a provider that fail one after the other before it is left alone"},
		{name: "breaker.of", normal: strconv.Itoa(normal.Of), set: number(&b.Of), what: "or more than half of so many and more"},
		{name: "breaker.span", normal: "1m", set: duration(&b.Span), what: "within this time"},
		{name: "breaker.first_probe", normal: "30s", set: duration(&b.FirstProbe), what: "how long it is left alone before one message tries; each try that fails doubles that"},
		{name: "breaker.last_probe", normal: "10m", set: duration(&b.LastProbe), what: "up to this"},
	}
}

// checkMode sees to it that the list and the mode fit together.
func (p *parts) checkMode() error {
	c := p.config.Sending
	switch {
	case c.Mode == notify.Pilot && len(c.Pilot) == 0:
		return errors.New("a pilot needs the list of those it writes to: give pilot_file")
	case c.Mode != notify.Pilot && len(c.Pilot) > 0:
		return fmt.Errorf("pilot is given and mode is %s: say \"mode\": \"pilot\", or leave the list out", c.Mode)
	}
	p.config.Workers.Mode, p.config.Workers.Pilot = c.Mode, c.Pilot
	return nil
}

func (p *parts) checkBreaker() error {
	b := p.config.Workers.Breaker
	if b.InRow < 1 || b.Of < 1 || b.Span <= 0 || b.FirstProbe <= 0 {
		return errors.New("in_row, of, span and first_probe must be positive")
	}
	if b.LastProbe < b.FirstProbe {
		return fmt.Errorf("last_probe is %v, shorter than first_probe (%v)", b.LastProbe, b.FirstProbe)
	}
	return nil
}

// share gives every provider its weight and its rate. It comes after all
// senders are known.
func (p *parts) share() error {
	w := &p.config.Workers
	w.Weights, w.Rates = map[string]int{}, map[string]rate.Limit{}
	var wrong []error
	names := map[string]bool{}
	for _, section := range p.sections() {
		c := section.share
		for _, name := range section.names {
			names[name] = true
			w.Weights[name] = int(c.Weight.of(name))
			if c.Weight.of(name) != float64(w.Weights[name]) {
				wrong = append(wrong, fmt.Errorf("%s.weight: want whole numbers", section.name))
			}
			if c.Rate.of(name) > 0 {
				w.Rates[name] = rate.Limit{PerSecond: c.Rate.of(name), Burst: int(c.Burst.of(name))}
			}
		}
		for what, numbers := range map[string]perProvider{"weight": c.Weight, "rate": c.Rate, "burst": c.Burst} {
			for _, name := range slices.Sorted(maps.Keys(numbers)) {
				if name != "" && !slices.Contains(section.names, name) {
					wrong = append(wrong, fmt.Errorf("%s.%s: there is no provider %q here: %v", section.name, what, name, section.names))
				}
			}
		}
	}
	for _, name := range w.Standby {
		switch {
		case !names[name]:
			wrong = append(wrong, fmt.Errorf("workers.standby: there is no provider %q: %v", name, slices.Sorted(maps.Keys(names))))
		case w.Weights[name] > 0:
			wrong = append(wrong, fmt.Errorf("workers.standby: %s has weight %d: only those of weight 0 stand by", name, w.Weights[name]))
		}
	}
	return errors.Join(wrong...)
}

// section is a part of the settings with its providers.
type section struct {
	name  string
	names []string
	share shareConfig
}

// sections are those that have a provider.
func (p *parts) sections() []section {
	var all []section
	if p.config.SMTP.Addr != "" {
		all = append(all, section{"smtp", []string{"smtp"}, p.config.MailShare})
	}
	if len(p.gateways) > 0 {
		of := section{name: "sms", share: p.config.SMS.Share}
		for _, g := range p.gateways {
			of.names = append(of.names, g.Name)
		}
		all = append(all, of)
	}
	if p.config.SMPP.Addr != "" {
		all = append(all, section{"smpp", []string{"smpp"}, p.config.SMPP.Share})
	}
	return all
}
