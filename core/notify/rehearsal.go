package notify

import (
	"context"
	"strings"
	"time"
)

// Mode says whether messages really go out.
type Mode string

// The modes.
const (
	Live   Mode = "live"    // to everybody
	Pilot  Mode = "pilot"   // to those on a list; to all others as in a dry run
	DryRun Mode = "dry-run" // to nobody: everything happens but the call of the provider
)

// SimulatedCode is the code of an outcome that no provider gave.
const SimulatedCode = "simulated"

// Rehearse wraps a sender so that it obeys a mode; allowed are the addresses
// that a pilot really writes to. What does not go out is accepted with the code
// [SimulatedCode], so that everything that follows from it is rehearsed too.
//
// In every mode some addresses that cannot exist have fixed outcomes, to try out
// what follows: the mailboxes accepted, transient, permanent, throttled,
// misconfigured, not_sent and unknown @simulate.invalid, and the numbers
// +84000000001 to +84000000007 in this order. They never reach a provider.
func Rehearse(s Sender, mode Mode, allowed []string) Sender {
	list := make(map[string]bool, len(allowed))
	for _, address := range allowed {
		list[plainAddress(address)] = true
	}
	return &rehearsal{Sender: s, mode: mode, allowed: list}
}

type rehearsal struct {
	Sender
	mode    Mode
	allowed map[string]bool
}

func plainAddress(address string) string { return strings.ToLower(strings.TrimSpace(address)) }

// Send implements [Sender].
func (r *rehearsal) Send(ctx context.Context, m Message) Outcome {
	if outcome, ok := simulated(m); ok {
		return outcome
	}
	if r.mode == Live || r.mode == Pilot && r.allowed[plainAddress(m.To)] {
		return r.Sender.Send(ctx, m)
	}
	return Outcome{Result: ResultAccepted, ProviderID: SimulatedCode + "-" + m.IdempotencyKey, Code: SimulatedCode}
}

// Unwrap returns the sender inside, for those who ask for its other abilities.
func (r *rehearsal) Unwrap() Sender { return r.Sender }

// simulated is the outcome that an address stands for.
func simulated(m Message) (Outcome, bool) {
	name, found := strings.CutSuffix(plainAddress(m.To), "@simulate.invalid")
	if !found {
		name, found = strings.CutPrefix(plainAddress(m.To), "+8400000000")
	}
	if !found {
		return Outcome{}, false
	}
	o := Outcome{Code: SimulatedCode}
	switch name {
	case "transient", "2":
		o.Result = ResultTransient
	case "permanent", "3":
		o.Result, o.Suppress = ResultPermanent, true
	case "throttled", "4":
		o.Result, o.RetryAfter = ResultThrottled, time.Second
	case "misconfigured", "5":
		o.Result = ResultMisconfigured
	case "not_sent", "6":
		o.Result = ResultNotSent
	case "unknown", "7":
		o.Result = ResultUnknown
	default:
		o.Result, o.ProviderID = ResultAccepted, SimulatedCode+"-"+m.IdempotencyKey
	}
	return o, true
}
