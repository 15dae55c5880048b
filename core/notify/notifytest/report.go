package notifytest

import (
	"fmt"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
)

// Report is what [Run] found out about a sender, for machines as JSON and for
// people as a table.
type Report struct {
	Provider   string         `json:"provider"`
	Channel    notify.Channel `json:"channel"`
	Keys       string         `json:"keys"`     // how a repetition is recognised: "no", "always", "24h0m0s"
	Receipts   string         `json:"receipts"` // notify.Capabilities.Ways
	Registered bool           `json:"registered,omitempty"`
	Promises   []Finding      `json:"promises"`
}

// Finding is what came of one promise.
type Finding struct {
	Promise string `json:"promise"`
	State   string `json:"state"` // "kept", "broken" or "not applicable"
	Reason  string `json:"reason,omitempty"`
}

// The states of a finding.
const (
	Kept          = "kept"
	Broken        = "broken"
	NotApplicable = "not applicable"
)

// note adds what came of a promise.
func (r *Report) note(p promise, c *check) {
	if c.fixture.Sender != nil && r.Provider == "" {
		d := c.fixture.Sender.Describe()
		r.Provider, r.Channel, r.Receipts, r.Registered = d.Name, d.Channel, d.Ways(), d.Registered
		r.Keys = keys(d.Idempotent, d.Window)
	}
	f := Finding{Promise: p.name, State: Kept, Reason: c.passed}
	switch {
	case c.Failed():
		f.State = Broken
	case c.Skipped():
		f.State = NotApplicable
	}
	r.Promises = append(r.Promises, f)
}

func keys(recognised bool, window time.Duration) string {
	switch {
	case !recognised:
		return "no"
	case window == 0:
		return "always"
	}
	return window.String()
}

// Count is how many promises are in a state.
func (r Report) Count(state string) int {
	n := 0
	for _, f := range r.Promises {
		if f.State == state {
			n++
		}
	}
	return n
}

// String is one line of a table in Markdown: provider, channel, keys, receipts,
// promises kept, and those that do not apply with their reasons.
func (r Report) String() string {
	var reasons []string
	seen := map[string]bool{}
	for _, f := range r.Promises {
		if f.State == NotApplicable && f.Reason != "" && !seen[f.Reason] {
			seen[f.Reason] = true
			reasons = append(reasons, f.Reason)
		}
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %d of %d | %s |", r.Provider, r.Channel, r.Keys, r.Receipts,
		r.Count(Kept), len(r.Promises)-r.Count(NotApplicable), strings.Join(reasons, "; "))
}
