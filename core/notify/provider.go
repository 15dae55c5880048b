package notify

import (
	"cmp"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/event"
)

// Provider (nhà cung cấp) is what all processes of an installation know of one
// sender: its share of a channel's messages and its breaker. It is a row in the
// store, so that every process stops calling a provider that one of them found
// broken. Who changed it and why stands in the journal under [ProviderSubject].
type Provider struct {
	Name    string  `json:"name"` // as in Capabilities.Name
	Version int64   `json:"version"`
	Channel Channel `json:"channel"`
	Weight  int     `json:"weight"`           // share among the channel's providers, at rest: see Share; 0: only when no other will do
	Rate    float64 `json:"rate,omitempty"`   // messages, SMS: segments, in a second over all processes; 0: unlimited
	Burst   int     `json:"burst,omitempty"`  // how many of them at once
	Order   int     `json:"order,omitempty"`  // among those of weight 0, or of a channel without weights: the lowest first; 0: behind those with a place
	Mode    Mode    `json:"mode,omitempty"`   // of the installation, see Rehearse; empty: Live
	Reason  string  `json:"reason,omitempty"` // why it is as it is
	Breaker Breaker `json:"breaker"`
	// Eased are the points, of 100, that its troubles took off its weight, at Eased
	// At. They come back by themselves.
	Eased   int       `json:"eased,omitempty"`
	EasedAt time.Time `json:"eased_at,omitzero"`
	// Rules say when its breaker opens and when it is tried again.
	Rules BreakerRules `json:"rules,omitzero"`
	// Changed is when weight or breaker last changed.
	Changed time.Time `json:"changed"`
}

// Breaker (ngắt mạch) keeps calls from a provider that does not take them. The
// zero value is closed: calls go through.
type Breaker struct {
	Open    bool      `json:"open,omitempty"`
	Opened  time.Time `json:"opened,omitzero"`   // when it opened first, in this trouble
	ProbeAt time.Time `json:"probe_at,omitzero"` // from then on one call tries whether the provider is back
	Probing ID        `json:"probing,omitempty"` // the notice that tries
	Probes  int       `json:"probes,omitempty"`  // that failed since it opened: each doubles the wait
	Closed  time.Time `json:"closed,omitzero"`   // when it closed last: what was before does not count any more
	Pause   time.Time `json:"pause,omitzero"`    // the provider asked for peace until then; no trouble
}

// BreakerRules are the numbers of a breaker (notifications 2.10). A field that is
// zero stands for its default.
type BreakerRules struct {
	InRow      int           `json:"in_row,omitempty"`      // so many failures one after the other open it. Default: 5
	Of         int           `json:"of,omitempty"`          // or more than half of so many calls and more. Default: 20
	Span       time.Duration `json:"span,omitempty"`        // within this time. Default: 1 min
	FirstProbe time.Duration `json:"first_probe,omitempty"` // the wait before the first probe; each that fails doubles it. Default: 30 s
	LastProbe  time.Duration `json:"last_probe,omitempty"`  // up to this. Default: 10 min
}

// BreakerSpan is how far back outcomes count, where nothing else is said.
const BreakerSpan = time.Minute

// throttlePause is how long a provider that throttles without saying for how
// long is left alone.
const throttlePause = 5 * time.Second

// Complete returns the rules with every default filled in.
func (r BreakerRules) Complete() BreakerRules {
	return BreakerRules{
		InRow: cmp.Or(r.InRow, 5), Of: cmp.Or(r.Of, 20), Span: cmp.Or(r.Span, BreakerSpan),
		FirstProbe: cmp.Or(r.FirstProbe, 30*time.Second), LastProbe: cmp.Or(r.LastProbe, 10*time.Minute),
	}
}

// valid reports whether a breaker by these rules opens, and closes again.
func (r BreakerRules) valid() bool {
	c := r.Complete()
	return c.InRow > 0 && c.Of > 0 && c.Span > 0 && c.FirstProbe > 0 && c.LastProbe >= c.FirstProbe
}

// Valid reports whether the provider can be registered: it has a name and a
// channel, its numbers make sense, and its mode is one there is.
func (p *Provider) Valid() bool {
	return p.Name != "" && p.Channel != "" && p.Weight >= 0 && p.Rate >= 0 && p.Burst >= 0 && p.Order >= 0 && p.Rules.valid() && p.Mode.orLive().Known()
}

// AtOnce is the most that the provider takes at one instant, in the unit of its Rate:
// its Burst, or what comes together in one second, at least 1. 0: any number.
func (p *Provider) AtOnce() int {
	switch {
	case p.Rate <= 0:
		return 0
	case p.Burst > 0:
		return p.Burst
	}
	return max(1, int(p.Rate))
}

// Ready reports whether the provider may be called now. While its breaker is
// open that is so for one probe at a time.
func (p *Provider) Ready(now time.Time) bool {
	if now.Before(p.Breaker.Pause) {
		return false
	}
	return !p.Breaker.Open || !now.Before(p.Breaker.ProbeAt)
}

// ReadyAt is when the provider may be called next: zero when it may now.
func (p *Provider) ReadyAt(now time.Time) time.Time {
	if p.Ready(now) {
		return time.Time{}
	}
	if p.Breaker.Open && p.Breaker.ProbeAt.After(p.Breaker.Pause) {
		return p.Breaker.ProbeAt
	}
	return p.Breaker.Pause
}

// Probing reports whether the breaker is open and its time to try has come: one
// call may go, and Probe says until when it is waited for.
func (p *Provider) Probing(now time.Time) bool { return p.Breaker.Open && p.Ready(now) }

// Probe notes that a notice tries now, so that no other does before its outcome
// can be there.
func (p *Provider) Probe(by ID, until, now time.Time) {
	p.Breaker.Probing, p.Breaker.ProbeAt, p.Changed = by, until, now
}

// What trouble takes off a provider's weight, and how it comes back
// (notifications 2.10).
const (
	easePoints   = 10               // of 100: what one trouble takes, and what comes back at a time
	easeMost     = 90               // a provider that works again gets a share, however long it did not
	easePause    = time.Minute      // troubles closer together are one
	easePatience = 15 * time.Minute // without trouble, before the first points come back
	easeStep     = 5 * time.Minute  // between points that come back
)

// Share is the provider's share among those of its channel now, in hundredths of
// its Weight: all of it at rest. Every time its breaker opened or a probe failed
// took 10 of 100 points off, at most once a minute, and so does every minute in
// which it is slow and another one is not ([Pace.TooSlow]); after a quarter of an hour
// without trouble 10 come back, and 10 more every five minutes. So a provider that
// comes and goes gets less and less, and one that was away for long is not given
// its full load at once.
func (p *Provider) Share(now time.Time) int { return p.Weight * (100 - p.easedBy(now)) }

// easedBy are the points that are off now.
func (p *Provider) easedBy(now time.Time) int {
	quiet := now.Sub(p.EasedAt)
	if quiet < easePatience {
		return p.Eased
	}
	return max(0, p.Eased-easePoints*(1+int((quiet-easePatience)/easeStep)))
}

// ease takes points off the weight, for a trouble.
func (p *Provider) ease(now time.Time) {
	if left := p.easedBy(now); left == 0 || now.Sub(p.EasedAt) >= easePause {
		p.Eased, p.EasedAt = min(left+easePoints, easeMost), now
	}
}

// Rest gives the provider its full weight back at once: somebody looked after it.
func (p *Provider) Rest() { p.Eased, p.EasedAt = 0, time.Time{} }

// Trip opens the breaker, or, where a probe failed, waits twice as long as
// before, as its Rules say. Either takes something off its Share.
func (p *Provider) Trip(why string, now time.Time) {
	p.ease(now)
	b := &p.Breaker
	if b.Open {
		b.Probes++
	} else {
		*b = Breaker{Open: true, Opened: now, Pause: b.Pause}
	}
	rules := p.Rules.Complete()
	b.Probing, b.ProbeAt = "", now.Add(min(rules.FirstProbe<<min(b.Probes, 10), rules.LastProbe))
	p.Reason, p.Changed = why, now
}

// Reset closes the breaker: calls go through again.
func (p *Provider) Reset(why string, now time.Time) {
	p.Breaker, p.Reason, p.Changed = Breaker{Closed: now}, why, now
}

// Throttled leaves the provider alone for the time it asked for.
func (p *Provider) Throttled(wait time.Duration, now time.Time) {
	until := now.Add(cmp.Or(max(wait, 0), throttlePause))
	if until.After(p.Breaker.Pause) {
		p.Breaker.Pause, p.Changed = until, now
	}
}

// Tripped is [Provider.Tripped] by the default rules.
func Tripped(newest []Attempt) string { return new(Provider).Tripped(newest) }

// Tripped looks at the attempts of the provider within the span of its Rules,
// newest first, and says why its breaker has to open; empty: it has not. A call
// that our own configuration spoiled opens it at once, five in a row that did not
// get through do, and so does more than half of twenty and more. Outcomes that
// speak of one notice and not of the provider do not count.
func (p *Provider) Tripped(newest []Attempt) string {
	rules := p.Rules.Complete()
	failed, counted, row := 0, 0, 0
	for _, a := range newest {
		switch a.Outcome {
		case ResultMisconfigured, ResultNotSent, ResultUnknown:
			if a.Outcome == ResultMisconfigured && counted == 0 {
				return strings.TrimSpace("misconfigured " + a.Code)
			}
			if failed++; failed == counted+1 {
				row++
			}
			counted++
		case ResultAccepted, ResultTransient:
			counted++
		}
	}
	switch {
	case row >= rules.InRow:
		return "calls fail in a row"
	case counted >= rules.Of && 2*failed > counted:
		return "more than half of the calls fail"
	}
	return ""
}

// ProviderSubject is what the journal calls a provider.
func ProviderSubject(name string) event.Subject { return event.Subject{Type: "provider", ID: name} }

// What happens to providers.
type (
	// ProviderOpened: the breaker opened; nothing goes there for a while.
	ProviderOpened struct {
		Reason string `json:"reason"`
	}
	// ProviderClosed: the breaker closed again.
	ProviderClosed struct {
		Probes int `json:"probes,omitempty"` // that failed before
	}
	// ProviderSlowed: its messages take long to arrive, and it gets fewer for a while.
	ProviderSlowed struct {
		Slow int `json:"slow"` // of its messages of the last quarter of an hour
		Of   int `json:"of"`
	}
	// ModeChanged: somebody let messages go out that did not before, or the reverse.
	ModeChanged struct {
		From Mode `json:"from"`
		To   Mode `json:"to"`
	}
	// ProviderWeighed: somebody changed a provider's share.
	ProviderWeighed struct {
		From int `json:"from"`
		To   int `json:"to"`
	}
)

// Kind implements [event.Event].
func (ProviderOpened) Kind() string { return "notice.provider_opened" }

// Kind implements [event.Event].
func (ProviderClosed) Kind() string { return "notice.provider_closed" }

// Kind implements [event.Event].
func (ProviderSlowed) Kind() string { return "notice.provider_slowed" }

// Kind implements [event.Event].
func (ProviderWeighed) Kind() string { return "notice.provider_weighed" }

// Kind implements [event.Event].
func (ModeChanged) Kind() string { return "notice.mode_changed" }

// ModeSubject is what the journal calls the mode of an installation.
func ModeSubject() event.Subject { return event.Subject{Type: "delivery", ID: "mode"} }
