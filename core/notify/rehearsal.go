package notify

import (
	"cmp"
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

// orLive is the mode, where empty stands for Live.
func (m Mode) orLive() Mode { return cmp.Or(m, Live) }

// Same reports whether two modes are the same; empty stands for [Live].
func (m Mode) Same(other Mode) bool { return m.orLive() == other.orLive() }

// Known reports whether there is such a mode.
func (m Mode) Known() bool { return m == Live || m == Pilot || m == DryRun }

// SimulatedCode is the code of an outcome that no provider gave.
const SimulatedCode = "simulated"

// Rehearse wraps a sender so that it obeys a mode; allowed are the addresses
// that a pilot really writes to, in the form in which messages have them. A mode
// that is none of the three sends nothing. What does not go out is accepted with
// the code [SimulatedCode], so that everything that follows from it is rehearsed
// too, a receipt by [StatusQuerier] included.
//
// In every mode some addresses that cannot exist have fixed outcomes, to try out
// what follows: the mailboxes accepted, transient, permanent, throttled,
// misconfigured, not_sent, unknown and undelivered @simulate.invalid, and the
// numbers +84000000001 to +84000000008 in this order. They never reach a provider.
//
// The sender's other abilities stay: callbacks are read, and what a provider
// really took is asked for. A dry run opens no session and fetches nothing.
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

var (
	_ ReceiptReader = (*rehearsal)(nil)
	_ StatusQuerier = (*rehearsal)(nil)
	_ ReceiptPoller = (*rehearsal)(nil)
	_ SessionRunner = (*rehearsal)(nil)
	_ Holder        = (*rehearsal)(nil)
)

func plainAddress(address string) string { return strings.ToLower(strings.TrimSpace(address)) }

// reaches reports whether a message to the address may go to the provider.
func (r *rehearsal) reaches(to string) bool {
	return r.mode == Live || r.mode == Pilot && r.allowed[plainAddress(to)]
}

// Describe implements [Sender]. Outside of live operation somebody can be asked
// about everything: the rehearsal itself.
func (r *rehearsal) Describe() Capabilities {
	c := r.Sender.Describe()
	c.Mode = r.mode
	if r.mode != Live {
		c.Query = true
	}
	if r.mode != Live && r.mode != Pilot {
		c.Session, c.Poll, c.Exclusive = false, false, false
	}
	return c
}

// Send implements [Sender].
func (r *rehearsal) Send(ctx context.Context, m Message) Outcome {
	if outcome, ok := simulated(m); ok {
		return outcome
	}
	if r.reaches(m.To) {
		return r.Sender.Send(ctx, m)
	}
	return Outcome{Result: ResultAccepted, ProviderID: simulatedID(m), Code: SimulatedCode}
}

// Unwrap returns the sender inside, for those who ask for its other abilities.
func (r *rehearsal) Unwrap() Sender { return r.Sender }

// ReadReceipts implements [ReceiptReader] for a sender that is one.
func (r *rehearsal) ReadReceipts(c Callback) ([]Receipt, Reply, error) {
	if inner, ok := r.Sender.(ReceiptReader); ok {
		return inner.ReadReceipts(c)
	}
	return nil, Reply{Status: 404}, ErrForeign
}

// QueryStatus implements [StatusQuerier]: about what was simulated it answers
// itself, about everything else the sender does, if it can.
func (r *rehearsal) QueryStatus(ctx context.Context, about Reference) (Receipt, bool, error) {
	if rest, ours := strings.CutPrefix(about.ProviderID, SimulatedCode+"-"); ours {
		verdict := VerdictDelivered
		if strings.HasPrefix(rest, string(VerdictUndelivered)+"-") {
			verdict = VerdictUndelivered
		}
		return Receipt{Provider: r.Sender.Describe().Name, ProviderID: about.ProviderID, Key: about.Key, Verdict: verdict, Code: SimulatedCode}, true, nil
	}
	if inner, ok := r.Sender.(StatusQuerier); ok && r.Sender.Describe().Query {
		return inner.QueryStatus(ctx, about)
	}
	return Receipt{}, false, nil
}

// Elsewhere implements [Holder] for a sender that is one.
func (r *rehearsal) Elsewhere() bool {
	inner, ok := r.Sender.(Holder)
	return ok && inner.Elsewhere()
}

// PollReceipts implements [ReceiptPoller] for a sender that is one.
func (r *rehearsal) PollReceipts(ctx context.Context, take TakeReceipts) error {
	if inner, ok := r.Sender.(ReceiptPoller); ok && r.Describe().Poll {
		return inner.PollReceipts(ctx, take)
	}
	return nil
}

// Run implements [SessionRunner] for a sender that is one.
func (r *rehearsal) Run(ctx context.Context, take TakeReceipts) error {
	if inner, ok := r.Sender.(SessionRunner); ok && r.Describe().Session {
		return inner.Run(ctx, take)
	}
	<-ctx.Done()
	return ctx.Err()
}

// simulatedID is the id under which the rehearsal knows a message it kept.
func simulatedID(m Message) string { return SimulatedCode + "-" + m.IdempotencyKey }

// simulated is the outcome that an address stands for.
func simulated(m Message) (Outcome, bool) {
	to := plainAddress(m.To)
	name, found := strings.CutSuffix(to, "@simulate.invalid")
	if !found {
		name, found = strings.CutPrefix(to, "+8400000000")
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
	case "undelivered", "8":
		o.Result, o.ProviderID = ResultAccepted, SimulatedCode+"-"+string(VerdictUndelivered)+"-"+m.IdempotencyKey
	default:
		o.Result, o.ProviderID = ResultAccepted, simulatedID(m)
	}
	return o, true
}
