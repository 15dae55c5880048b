package notify

import (
	"context"
	"strconv"
	"time"

	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/org"
)

// ID identifies a notice.
type ID string

// Channel is a way to reach somebody.
type Channel string

// The channels of the core. A third party may use names of its own.
const (
	SMS       Channel = "sms"
	Email     Channel = "email"
	InApp     Channel = "in_app"     // kept as a row that an application shows
	PaperTask Channel = "paper_task" // việc giấy: a task for the unit's clerk, when no channel reaches the person
)

// Audience decides the hours in which a notice may go out (policy.Windows).
type Audience string

// The audiences.
const (
	ToOfficial Audience = "official" // visit matters
	ToLadder   Audience = "ladder"   // escalations to officials and units
	ToLeader   Audience = "leader"   // digest and decisions of leaders
	ToCitizen  Audience = "citizen"  // speakers, hamlet heads
)

// Class is the message class a brandname gateway asks for. There is no
// advertising class: the programme never advertises (domain 3.9).
type Class string

// The message classes.
const (
	Duty Class = "duty" // điều hành: an agency to its own staff
	Care Class = "care" // chăm sóc khách hàng: follow-up of a citizen's own matter
)

// Priority decides the lane of a notice and whether caps and digests may hold it.
type Priority string

// The priorities.
const (
	Critical Priority = "critical"
	Normal   Priority = "normal"
	Bulk     Priority = "bulk"
)

// OnUnknown says what to do when nobody can tell whether a message was taken.
type OnUnknown string

// The two honest answers to an unknown outcome: nothing doubled, or nothing lost.
const (
	Hold   OnUnknown = "hold"   // do not send again; list it for the operator
	Resend OnUnknown = "resend" // send again after policy.Notices.UnknownResendAfter
)

// State is where a notice stands (model M8).
type State string

// The states of a notice.
const (
	Pending     State = "pending"     // waits for its time
	Queued      State = "queued"      // a worker has been told
	Sending     State = "sending"     // an attempt is open, a lease is running
	Unknown     State = "unknown"     // an attempt was open when its lease ran out
	Accepted    State = "accepted"    // the provider took it
	Delivered   State = "delivered"   // a receipt says so
	Undelivered State = "undelivered" // a receipt says no
	Uncertain   State = "uncertain"   // unknown, held for the operator
	Failed      State = "failed"      // refused for good, or no contact
	Dead        State = "dead"        // attempts used up, or poison
	Expired     State = "expired"     // its moment passed before it could go
	Cancelled   State = "cancelled"   // no longer needed
	Suppressed  State = "suppressed"  // the recipient does not want it or cannot take it
	Merged      State = "merged"      // travels in another notice: see MergedInto
)

// States are all states, in the order in which a notice goes through them.
func States() []State {
	return []State{
		Pending, Queued, Sending, Unknown, Accepted, Delivered, Merged,
		Uncertain, Failed, Dead, Undelivered, Suppressed, Expired, Cancelled,
	}
}

// Terminal reports whether nothing more happens to a notice in this state by itself.
func (s State) Terminal() bool {
	switch s {
	case Pending, Queued, Sending, Unknown, Accepted, Merged:
		return false
	}
	return true
}

// Notice is one thing one party has to be told over one channel. It is a row
// written in the same transaction as the fact that caused it; who exactly
// receives it, at which number, is decided when it is sent.
type Notice struct {
	ID      ID    `json:"id"`
	Version int64 `json:"version"`

	Key       string            `json:"key"`      // natural key: cause, level, recipient, channel. Unique
	Template  string            `json:"template"` // for example "report.due"
	Subject   event.Subject     `json:"subject"`
	Duty      string            `json:"duty,omitempty"` // the duty it speaks of: moot when that is over
	Moot      string            `json:"moot,omitempty"` // cancel key: everything with it is cancelled together
	To        org.Party         `json:"to"`
	Audience  Audience          `json:"audience"`
	Channel   Channel           `json:"channel"`
	Class     Class             `json:"class"`
	Priority  Priority          `json:"priority"`
	Owner     string            `json:"owner,omitempty"` // whose matter it is: of those who wait, no owner gets more than a share. See OwnerOf
	OnUnknown OnUnknown         `json:"on_unknown"`
	Vars      map[string]string `json:"vars,omitempty"` // codes, dates, places; never personal data

	NotBefore time.Time `json:"not_before"`
	Expires   time.Time `json:"expires,omitzero"` // zero: never. Escalations never expire

	State      State        `json:"state"`
	Why        string       `json:"why,omitempty"` // why it is in this state
	NextAt     time.Time    `json:"next_at"`       // when to look at it again
	Generation int          `json:"generation"`    // raised each time it is handed to the queue
	LeaseOwner string       `json:"lease_owner,omitempty"`
	LeaseUntil time.Time    `json:"lease_until,omitzero"`
	Attempts   int          `json:"attempts"`
	Claims     int          `json:"claims"`
	Replays    int          `json:"replays,omitempty"`     // how often somebody had it sent again
	Person     org.PersonID `json:"person,omitempty"`      // resolved when it was queued
	MergedInto ID           `json:"merged_into,omitempty"` // the notice that carries it
	Items      []ID         `json:"items,omitempty"`       // the notices it carries, in a carrier
	Route      string       `json:"route,omitempty"`       // the provider it was queued for, where there is a choice
	Provider   string       `json:"provider,omitempty"`
	ProviderID string       `json:"provider_id,omitempty"`
	// RepeatUntil is set while an earlier call may have been taken by Provider: so
	// long Provider knows a repetition by its key and does not send it twice.
	RepeatUntil time.Time `json:"repeat_until,omitzero"`
	CancelAsked time.Time `json:"cancel_asked,omitzero"` // it was cancelled when it was already on its way
	Created     time.Time `json:"created"`
	Done        time.Time `json:"done,omitzero"` // when it was accepted, or ended otherwise
	// Arrived is when its provider told that it arrived.
	Arrived time.Time `json:"arrived,omitzero"`
	// DueSince is when it was due first, where NextAt does not say so: while it is
	// queued, and while it waits because nobody took it. See Due.
	DueSince time.Time `json:"due_since,omitzero"`
	// Held is until when it is left alone although it is due, because nobody took it.
	Held time.Time `json:"held,omitzero"`
}

// For is the person the notice is for: whoever it was handed out for, or before that
// the one it is addressed to; empty where it goes to whoever holds a post.
func (n *Notice) For() org.PersonID {
	if n.Person != "" {
		return n.Person
	}
	return n.To.Person
}

// Due is since when, or from when on, a pending or queued notice is to go. What the
// programme itself wishes moves it: quiet hours, a cap, the lane, another try after a
// provider's no. That the queue refused it or lost it, or that no worker or provider
// took it, does not: so it tells how late the notice is.
func (n *Notice) Due() time.Time {
	switch {
	case !n.DueSince.IsZero():
		return n.DueSince
	case n.State == Queued: // by a version that did not write it down
		return n.NextAt.Add(-QueuePatience)
	}
	return n.NextAt
}

// Took is how long a message was on its way, from when its provider had taken it
// until that told that it arrived; 0: it told nothing of the kind.
func (n *Notice) Took() time.Duration {
	if n.State != Delivered || n.Arrived.IsZero() {
		return 0
	}
	return max(n.Arrived.Sub(n.Done), time.Microsecond)
}

// IdempotencyKey is what a provider may recognise a repetition by: the same for
// every attempt, another one each time somebody has the notice sent again.
func (n *Notice) IdempotencyKey() string {
	if n.Replays == 0 {
		return string(n.ID)
	}
	return string(n.ID) + "." + strconv.Itoa(n.Replays)
}

// OwnerOf is whose matter a notice is, where nothing else was said: the unit or
// team it goes to, else the unit or place it speaks of. Between owners due
// notices take turns, so that one office with thousands of them does not keep
// the others waiting (notifications 2.9).
func OwnerOf(n *Notice) string {
	for _, owner := range []string{n.Owner, string(n.To.Unit), string(n.To.Team), n.Vars["unit_id"], n.Vars["place_id"]} {
		if owner != "" {
			return owner
		}
	}
	return string(n.To.Role)
}

// Attempt is one call of a provider for one notice, written before the call.
type Attempt struct {
	ID         string    `json:"id"`
	Version    int64     `json:"version"`
	Notice     ID        `json:"notice"`
	Number     int       `json:"number"`
	Generation int       `json:"generation"`
	Provider   string    `json:"provider"`
	Started    time.Time `json:"started"`
	Finished   time.Time `json:"finished,omitzero"`
	Outcome    Result    `json:"outcome,omitempty"` // empty: open, nobody knows
	ProviderID string    `json:"provider_id,omitempty"`
	Code       string    `json:"code,omitempty"`
	Detail     string    `json:"detail,omitempty"` // bounded, without personal data
	Segments   int       `json:"segments,omitempty"`
	Text       string    `json:"text,omitempty"`    // template and version of what was said: visit.planned@2
	Body       string    `json:"body,omitempty"`    // keyed hash of address and text, by which the same text to one address is recognised
	Address    string    `json:"address,omitempty"` // hash of the address, see HashAddress
}

// Suppression says that an address must not be used on a channel, or, where
// Until is not after Since, that it may be used again: see Barring for which of
// several counts. The address is kept as a keyed hash only.
type Suppression struct {
	ID      string    `json:"id"`
	Version int64     `json:"version"`
	Channel Channel   `json:"channel"`
	Address string    `json:"address"` // hash, see HashAddress
	Reason  string    `json:"reason"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until,omitzero"`
}

// Query selects notices; zero fields select everything, Limit 0 means no limit.
// They come ordered by Created, then ID.
type Query struct {
	States        []State
	Subject       event.Subject
	Moot          string
	Duty          string
	Duties        []string       // of any of these
	Person        org.PersonID   // whom it is for: see Notice.For
	Persons       []org.PersonID // for any of these
	Keys          []string       // natural key is any of these
	Template      string
	Channel       Channel
	Provider      string    // with ProviderID: the provider's own id of a message, by an index
	ProviderID    string    //
	Into          ID        // merged into this notice
	Since         time.Time // created at or after
	AcceptedSince time.Time // Done at or after, for caps
	Before        time.Time // NextAt before this instant; of a sending notice LeaseUntil
	ExpiresBefore time.Time // Expires set, and before this instant
	Limit         int
}

// Share is the due notices of one owner on one channel.
type Share struct {
	Channel Channel
	Owner   string
}

// Underway is what has been handed to the queue on one channel and was not taken yet.
type Underway struct {
	Channel Channel
	Queued  int
	Since   time.Time // when the one that waits longest was queued
}

// AttemptQuery selects attempts; zero fields select everything. They come newest
// first: by Started, then ID, backwards.
type AttemptQuery struct {
	Provider string
	Bodies   []string  // Body is any of these
	Since    time.Time // started at or after
	Limit    int       // 0: no limit
}

// Outbox keeps notices. It belongs to one transaction.
type Outbox interface {
	// AddNotice inserts n unless one with the same Key exists; it reports whether it did.
	AddNotice(ctx context.Context, n *Notice) (bool, error)
	Notice(ctx context.Context, id ID) (Notice, error)
	Notices(ctx context.Context, q Query) ([]Notice, error)
	// NoticeIDs is Notices without anything but their ids, for who knows most of them.
	NoticeIDs(ctx context.Context, q Query) ([]ID, error)
	// NoticesByID returns those of ids that exist, locked for this transaction where the store can.
	NoticesByID(ctx context.Context, ids []ID) ([]Notice, error)
	// DueNotices returns pending notices with NextAt ≤ now, critical first, then earliest, by an
	// index; where the store can, it locks them and skips those another transaction has locked.
	DueNotices(ctx context.Context, now time.Time, limit int) ([]Notice, error)
	// PutNotices replaces exactly the given versions (fault.ErrStale and nothing written
	// otherwise) and raises Version in the caller's copies. What a notice is found by from
	// the beginning stays as it was added, and a store need not look at it again: ID, Key,
	// Template, Subject, Duty, Moot, Channel, Owner and Created.
	PutNotices(ctx context.Context, ns []*Notice) error
	// NextNotice is the earliest NextAt of all pending notices, zero when there is none.
	NextNotice(ctx context.Context) (time.Time, error)
	CountNotices(ctx context.Context) (map[State]int, error)
	// CountCreated counts the notices with Created before the instant.
	CountCreated(ctx context.Context, before time.Time) (int, error)
	// NextShares returns whose notices are due at now, each once: of each channel, in order,
	// up to limit (0: all), first those whose owner comes after the one that after names for
	// the channel, then from the beginning. What it costs is to be a matter of the limit.
	NextShares(ctx context.Context, now time.Time, after map[Channel]string, limit int) ([]Share, error)
	// DueOf is DueNotices for one share: by NextAt, then ID, whatever the priority.
	DueOf(ctx context.Context, share Share, now time.Time, limit int) ([]Notice, error)
	// DueOfEach is DueOf for many shares in one question: share after share, in the order
	// in which they are given, of each as many as limit.
	DueOfEach(ctx context.Context, shares []Share, now time.Time, limit int) ([]Notice, error)
	// Underway returns what is queued, ordered by channel; channels with nothing queued are left out.
	Underway(ctx context.Context) ([]Underway, error)

	AddAttempts(ctx context.Context, as []*Attempt) error
	// PutAttempts replaces exactly the given versions, as PutNotices does. Notice, Number,
	// Provider, Started, Segments and Body stay as they were added.
	PutAttempts(ctx context.Context, as []*Attempt) error
	Attempts(ctx context.Context, notice ID) ([]Attempt, error)
	// AttemptLog returns attempts over all notices, newest first.
	AttemptLog(ctx context.Context, q AttemptQuery) ([]Attempt, error)
	// SegmentsSpent is the sum of Segments of the attempts started at or
	// after since that were taken, or may have been: accepted, unknown, still open.
	SegmentsSpent(ctx context.Context, since time.Time) (int, error)
	// Pace counts the messages that q names, through their attempts.
	Pace(ctx context.Context, q PaceQuery) (Pace, error)

	// Providers returns all providers, ordered by name.
	Providers(ctx context.Context) ([]Provider, error)
	// PutProvider inserts p when its Version is 0 (fault.ErrExists when the name is
	// taken) and otherwise replaces exactly that version (fault.ErrStale).
	PutProvider(ctx context.Context, p *Provider) error

	AddSuppression(ctx context.Context, s *Suppression) error
	// Suppressions returns what is kept about any of these addresses (hashes) on
	// the channel, also what is over; without addresses, everything on the channel.
	Suppressions(ctx context.Context, channel Channel, addresses ...string) ([]Suppression, error)

	// Lease takes or renews the named lease for owner until the given instant; false
	// when somebody else holds it past now.
	Lease(ctx context.Context, name, owner string, now, until time.Time) (bool, error)
}
