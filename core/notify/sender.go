package notify

import (
	"context"
	"time"
)

// Result is what became of one call of a provider. Only the classes that are
// certain not to have been accepted may be tried again by themselves.
type Result string

// The seven outcome classes (notifications 2.5).
const (
	ResultAccepted      Result = "accepted"           // the provider took it
	ResultNotSent       Result = "not_sent"           // certainly not handed over: dial, TLS, login, local check
	ResultThrottled     Result = "throttled"          // too fast; try again after RetryAfter
	ResultTransient     Result = "rejected_transient" // the provider said no, later maybe
	ResultPermanent     Result = "rejected_permanent" // the provider said no for good
	ResultMisconfigured Result = "misconfigured"      // credentials, sender name, template, balance: our fault, costs no attempt
	ResultUnknown       Result = "unknown"            // may have been handed over
)

// Outcome is a Result with what is known about it.
type Outcome struct {
	Result     Result
	ProviderID string        // the provider's id of the message, when it gives one
	Code       string        // the provider's code: "250", "124", "RTHROTTLED"
	Detail     string        // short text for the operator; never an address, a text or a secret
	RetryAfter time.Duration // for throttled and transient, when the provider names it
	Suppress   bool          // for permanent: the address itself is bad, and barred for as long as BarBounced says
	Panicked   bool          // for unknown, set by whoever called the sender: it panicked, and so nothing came back
}

// Message is a rendered notice on its way to one address.
type Message struct {
	Notice         ID
	Attempt        int
	IdempotencyKey string // the same for every attempt of one notice
	Channel        Channel
	Class          Class
	To             string // E.164 or mailbox
	ToName         string // display name, mail only
	Subject        string // mail only
	Text           string // plain text; for SMS exactly what is to be sent, in full marks: the adapter folds
	HTML           string // optional, mail only
	Language       string
	Template       string            // for channels that send a registered template
	Params         map[string]string // its parameters
	Expires        time.Time
	Created        time.Time // for the Date header: the notice's, so that every attempt is the same mail
}

// Capabilities is what a Sender promises; the conformance suite holds it to that.
type Capabilities struct {
	Name       string // of the provider, unique in one application: "smtp", "esms"
	Channel    Channel
	Idempotent bool                  // a repeated IdempotencyKey is recognised and not sent twice …
	Window     time.Duration         // … within this time; 0: for ever
	Timeout    time.Duration         // how long one Send may take at most
	Parallel   int                   // how many Sends at once make sense; 0: 1
	Segments   func(text string) int // SMS: parts of the text as this adapter will send it, 0 when it cannot be sent; nil: unknown
	Mode       Mode                  // in which it sends, see Rehearse; empty: Live
	Registered bool                  // only templates registered with the provider are sent: Message.Template with Params; Text is not
	Exclusive  bool                  // one process at a time may call it: the sender is a Holder

	// How what became of a message is told later; none of them: nobody will know.
	Callback bool // the provider calls: the sender is a ReceiptReader
	Query    bool // it can be asked: a StatusQuerier
	Poll     bool // receipts are fetched: a ReceiptPoller
	Session  bool // they come within a session: a SessionRunner
}

// Sender hands messages to one provider. Describe is constant. Send may be
// called concurrently, returns when ctx ends or Timeout has passed at the
// latest, never panics, never retries and keeps no state about a message:
// retry, limits, order and logs are the core's. An error that leaves open
// whether the message was taken is ResultUnknown, never ResultNotSent.
// Package notifytest checks an implementation.
type Sender interface {
	Describe() Capabilities
	Send(ctx context.Context, m Message) Outcome
}

// Holder is a [Sender] whose provider serves one process at a time
// (Capabilities.Exclusive), as a message centre that allows one bind an account.
// Elsewhere reports whether, as far as is known, that is another process: then
// what is meant for the provider is left to that one, and costs no call. It does
// no I/O; the answer changes by itself.
type Holder interface {
	Elsewhere() bool
}
