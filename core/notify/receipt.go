package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Verdict is what a receipt says of a message.
type Verdict string

// The verdicts.
const (
	VerdictDelivered   Verdict = "delivered"   // it reached the telephone or the mailbox
	VerdictUndelivered Verdict = "undelivered" // it did not, and will not
	VerdictUnderway    Verdict = "underway"    // the provider has it and is trying: it was taken
	VerdictUnclear     Verdict = "unclear"     // a word its documentation does not have: kept, and changes nothing
)

// Bar is why a provider says that an address must not be used any more.
type Bar string

// The reasons (notifications 2.13). Each has its own time: see Bar.Days.
const (
	BarBounced      Bar = "bounced"       // the mailbox is not there, the number takes no messages
	BarNoSubscriber Bar = "no_subscriber" // the number belongs to nobody, or to nobody on this channel
	BarRefused      Bar = "refused"       // the recipient turned such messages off at the provider, as Zalo lets them
	BarComplaint    Bar = "complaint"     // the recipient reported the message as unwanted
	BarOptedOut     Bar = "opted_out"     // the recipient asked for no more
)

// Days is how many days an address stays barred for the reason, 0: until
// somebody lifts it. A mailbox comes back and a number gets a new owner; a
// person who said no is not asked again. The programme's own numbers.
func (b Bar) Days() int {
	switch b {
	case BarBounced:
		return 90
	case BarNoSubscriber, BarRefused:
		return 180
	}
	return 0
}

// Receipt (biên nhận) is what a provider says later about a message it took, or
// may have taken. Key is the idempotency key, where the provider gives it back;
// otherwise ProviderID must be the id it gave when it accepted. It never holds
// an address or a text.
type Receipt struct {
	Provider   string  `json:"provider"` // Capabilities.Name
	ProviderID string  `json:"provider_id,omitempty"`
	Key        string  `json:"key,omitempty"`
	Verdict    Verdict `json:"verdict"`
	Code       string  `json:"code,omitempty"` // the provider's own, for the operator
	Bar        Bar     `json:"bar,omitempty"`  // the address itself must not be used
}

// Fingerprint is by what a repetition of the receipt is known: it is the same
// for every copy of the same news, however often and by whatever way it comes.
func (r Receipt) Fingerprint() string {
	h := sha256.New()
	for _, part := range []string{r.ProviderID, r.Key, string(r.Verdict), r.Code, string(r.Bar)} {
		h.Write([]byte(strconv.Itoa(len(part))))
		h.Write([]byte{':'})
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// InboundState is where a stored receipt stands.
type InboundState string

// The states of a stored receipt.
const (
	InboundWaiting   InboundState = "waiting"   // not interpreted, or its message is not known yet
	InboundApplied   InboundState = "applied"   // it said something new about its notice
	InboundLate      InboundState = "late"      // the notice's fate was sealed, or this was known: kept, nothing changed
	InboundUnmatched InboundState = "unmatched" // nobody knew its message for InboundPatience: an operator may look
)

// InboundPatience is how long a receipt waits for its message: it may come
// before our own record of the call, or while a database is being restored.
const InboundPatience = 72 * time.Hour

// Inbound (biên nhận đã lưu) is a receipt as it is stored, before anybody
// interprets it.
type Inbound struct {
	ID          string `json:"id"`
	Version     int64  `json:"version"`
	Fingerprint string `json:"fingerprint"` // with Provider: unique

	Receipt

	Received time.Time    `json:"received"`
	State    InboundState `json:"state"`
	Why      string       `json:"why,omitempty"`
	Tries    int          `json:"tries,omitempty"`  // how often its message was looked for in vain
	NextAt   time.Time    `json:"next_at"`          // when to look again, while it waits
	Notice   ID           `json:"notice,omitempty"` // what it speaks of, once found
	Done     time.Time    `json:"done,omitzero"`    // when it stopped waiting
}

// Wait makes an unmatched receipt wait for another look, at growing distances,
// or ends its waiting when its patience is over.
func (r *Inbound) Wait(now time.Time) {
	r.Tries++
	if now.Sub(r.Received) >= InboundPatience {
		r.Finish(InboundUnmatched, "no message of this id or key", now)
		return
	}
	steps := []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour}
	r.NextAt = now.Add(steps[min(r.Tries, len(steps))-1])
	if end := r.Received.Add(InboundPatience); r.NextAt.After(end) {
		r.NextAt = end
	}
}

// Finish ends the waiting.
func (r *Inbound) Finish(as InboundState, why string, now time.Time) {
	r.State, r.Why, r.Done = as, why, now
}

// InboundQuery selects stored receipts; zero fields select everything, Limit 0
// means no limit. They come ordered by Received, then ID.
type InboundQuery struct {
	States   []InboundState
	Provider string
	Notice   ID
	Before   time.Time // NextAt before this instant
	Limit    int
}

// ReceiptInbox keeps receipts. It belongs to one transaction.
type ReceiptInbox interface {
	// AddInbound stores r unless one with the same Provider and Fingerprint is
	// there; it reports whether it did.
	AddInbound(ctx context.Context, r *Inbound) (bool, error)
	// PutInbound replaces exactly the given versions (fault.ErrStale and nothing
	// written otherwise) and raises Version in the caller's copies.
	PutInbound(ctx context.Context, rs []*Inbound) error
	Inbound(ctx context.Context, q InboundQuery) ([]Inbound, error)
}

// Callback is a request that a provider made to tell of receipts, without the
// machinery of HTTP. Names in Header are in their canonical form.
type Callback struct {
	Method string
	Token  string // the last part of the path it came by: a secret that only the provider knows
	Remote string // IP address of the caller, "" when it is not known
	Query  map[string][]string
	Header map[string][]string
	Body   []byte // at most MaxCallback bytes
}

// MaxCallback bounds the body of a callback.
const MaxCallback = 256 << 10

// Reply is what a provider wants to hear after a callback.
type Reply struct {
	Status      int    // of HTTP
	ContentType string // "" for none
	Body        string
}

// Errors of a ReceiptReader.
var (
	// ErrForeign: the callback has not the secret, or comes from a wrong place.
	ErrForeign = errors.New("the callback is not from the provider")
	// ErrMalformed: it cannot be read as the provider documents it.
	ErrMalformed = errors.New("the callback cannot be read")
)

// ReceiptReader is a [Sender] whose provider tells of receipts by calling back
// (Capabilities.Callback). ReadReceipts does no I/O, keeps nothing and never
// panics; reading one callback twice gives the same receipts. A message it has
// never heard of is no error: the core looks for it. The Reply is what the
// provider wants once the receipts are stored, or with an error how it is
// turned away, without saying why. Errors are ErrForeign, before anything else
// is looked at, or ErrMalformed; they repeat nothing of the callback.
type ReceiptReader interface {
	ReadReceipts(c Callback) ([]Receipt, Reply, error)
}

// Reference is by what a provider may know a message.
type Reference struct {
	Notice     ID
	ProviderID string // "" when the outcome of the call is unknown
	Key        string
}

// StatusQuerier is a [Sender] whose provider can be asked what became of a
// message (Capabilities.Query). QueryStatus returns false when the provider has
// no news of it, or does not know it; that alone never means that it was not
// taken. It keeps the time limits of Send and never retries.
type StatusQuerier interface {
	QueryStatus(ctx context.Context, about Reference) (Receipt, bool, error)
}

// TakeReceipts stores receipts. What it returned nil for is safe: the provider
// may be told so. It may be called again with the same ones.
type TakeReceipts func(ctx context.Context, receipts []Receipt) error

// ReceiptPoller is a [Sender] that fetches receipts from where the provider
// keeps them, a report or a mailbox (Capabilities.Poll). PollReceipts fetches
// what is there, gives it to take, and only lets the provider forget what take
// returned nil for. It returns when nothing is left, or with the first error.
type ReceiptPoller interface {
	PollReceipts(ctx context.Context, take TakeReceipts) error
}

// SessionRunner is a [Sender] that keeps a session with its provider in which
// receipts arrive by themselves (Capabilities.Session), as in SMPP. Run keeps
// the session until ctx ends and returns its error; it is called once. A receipt
// is acknowledged to the provider only after take returned nil for it.
type SessionRunner interface {
	Run(ctx context.Context, take TakeReceipts) error
}

// Ways names the ways by which receipts come, for operators: "callback, query";
// "none" when the provider never tells what became of a message.
func (c Capabilities) Ways() string {
	var ways []string
	for _, way := range []struct {
		has  bool
		name string
	}{{c.Callback, "callback"}, {c.Query, "query"}, {c.Poll, "poll"}, {c.Session, "session"}} {
		if way.has {
			ways = append(ways, way.name)
		}
	}
	if len(ways) == 0 {
		return "none"
	}
	return strings.Join(ways, ", ")
}
