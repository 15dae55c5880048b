package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Transition is one arrow of the state machine.
type Transition struct {
	From, To State
	When     string // in the words of an operator
}

// Table is the state machine of a notice: every arrow there is.
type Table []Transition

// Transitions returns the state machine of model M8. What it does not hold
// cannot happen: every method of Notice that changes the state goes through it.
func Transitions() Table {
	return Table{
		{Pending, Queued, "its time has come: a worker is told"},
		{Pending, Pending, "wait for the window, for the cap or for another try"},
		{Pending, Merged, "it travels in a digest"},
		{Pending, Accepted, "kept in the application, or a late answer to an earlier call"},
		{Pending, Failed, "nobody to reach, or no address"},
		{Pending, Dead, "attempts used up, or poison"},
		{Pending, Uncertain, "it may have gone, and its moment passed"},
		{Pending, Expired, "its moment passed"},
		{Pending, Cancelled, "no longer needed"},
		{Pending, Suppressed, "the address must not be used"},

		{Queued, Sending, "a worker takes it and opens an attempt"},
		{Queued, Pending, "the queue refused it or nobody took it, or the window closed"},
		{Queued, Accepted, "a late answer to an earlier call"},
		{Queued, Failed, "no address any more"},
		{Queued, Dead, "its text cannot be made, or poison"},
		{Queued, Uncertain, "it may have gone, and nobody here can repeat it safely"},
		{Queued, Expired, "its moment passed"},
		{Queued, Cancelled, "no longer needed"},
		{Queued, Suppressed, "the address must not be used"},

		{Merged, Sending, "its carrier goes out"},
		{Merged, Pending, "its carrier was dissolved"},
		{Merged, Accepted, "a late answer to an earlier call of its carrier"},
		{Merged, Failed, "its carrier failed"},
		{Merged, Dead, "its text cannot be made, or its carrier is dead"},
		{Merged, Uncertain, "its carrier may have gone"},
		{Merged, Expired, "its moment passed"},
		{Merged, Cancelled, "no longer needed"},
		{Merged, Suppressed, "the address must not be used"},

		{Sending, Accepted, "the provider took it"},
		{Sending, Pending, "certainly not taken: try again"},
		{Sending, Merged, "its carrier is tried again"},
		{Sending, Unknown, "the lease ran out, or the outcome is open"},
		{Sending, Failed, "the provider refused it for good"},
		{Sending, Dead, "attempts used up"},
		{Sending, Uncertain, "attempts used up, and an earlier one may have gone"},
		{Sending, Cancelled, "no longer needed, and certainly not taken"},

		{Unknown, Accepted, "a receipt, or a late answer"},
		{Unknown, Pending, "send again: the provider knows the key, or policy resend"},
		{Unknown, Merged, "its carrier is sent again"},
		{Unknown, Uncertain, "policy hold: an operator decides"},
		{Unknown, Failed, "a late answer: refused for good"},
		{Unknown, Dead, "attempts used up, or poison"},
		{Unknown, Cancelled, "no longer needed"},

		{Accepted, Delivered, "a receipt says so"},
		{Accepted, Undelivered, "a receipt says no"},
		{Uncertain, Accepted, "a receipt, or a late answer"},

		{Uncertain, Pending, "an operator sends it again"},
		{Failed, Pending, "an operator sends it again"},
		{Dead, Pending, "an operator sends it again"},
		{Undelivered, Pending, "an operator sends it again"},
		{Expired, Pending, "an operator sends it again"},
		{Suppressed, Pending, "an operator sends it again"},
	}
}

// Allows reports whether there is an arrow between the states.
func (t Table) Allows(from, to State) bool {
	return slices.ContainsFunc(t, func(a Transition) bool { return a.From == from && a.To == to })
}

// String draws the machine, one line for each state with where it leads.
func (t Table) String() string {
	var b strings.Builder
	for i, a := range t {
		if slices.ContainsFunc(t[:i], func(earlier Transition) bool { return earlier.From == a.From }) {
			continue
		}
		fmt.Fprintf(&b, "%-11s ->", a.From)
		for _, next := range t[i:] {
			if next.From == a.From {
				b.WriteString(" " + string(next.To))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// move takes one arrow of the machine.
func (n *Notice) move(to State, why string, now time.Time) error {
	if !allowed(n.State, to) {
		return fault.Broken("notice.state.transition", "state",
			"a notice that is %s cannot become %s", "thông báo đang ở trạng thái %s không thể chuyển sang %s", n.State, to)
	}
	n.State, n.Why = to, why
	n.DueSince, n.Held = time.Time{}, time.Time{}
	n.Done = time.Time{}
	if to.Terminal() || to == Accepted {
		n.Done = now
	}
	if to != Sending {
		n.LeaseOwner, n.LeaseUntil = "", time.Time{}
	}
	return nil
}

// MayHaveGone reports whether a call is open or ended without anybody knowing
// how: somebody may have the message already.
func (n *Notice) MayHaveGone() bool { return !n.RepeatUntil.IsZero() }

// Over reports whether the moment of the notice has passed.
func (n *Notice) Over(now time.Time) bool { return !n.Expires.IsZero() && !now.Before(n.Expires) }

// QueuePatience is how long a notice stays queued before it is taken back and
// handed out anew under the next generation.
const QueuePatience = 2 * time.Minute

// Queue hands the notice out for the given person: the generation rises, so
// that every ticket of an earlier round is worthless.
func (n *Notice) Queue(to org.PersonID, now time.Time) error {
	since := n.Due()
	if err := n.move(Queued, "", now); err != nil {
		return err
	}
	n.DueSince = since
	n.Person = to
	n.Generation++
	n.NextAt = now.Add(QueuePatience)
	return nil
}

// Defer makes a pending or queued notice wait until the given instant, at most
// until it expires: the programme wishes so, and from then on it is due.
func (n *Notice) Defer(until time.Time, why string, now time.Time) error {
	if err := n.move(Pending, why, now); err != nil {
		return err
	}
	n.NextAt = n.within(until)
	return nil
}

// Return takes a queued notice back that nobody took: it is due as it was before.
func (n *Notice) Return(why string, now time.Time) error {
	return n.Defer(n.Due(), why, now)
}

// PutOff takes a queued notice back that nobody took, and has it wait until the given
// instant before it is handed out again, at most until it expires. It was due before,
// and Due says so.
func (n *Notice) PutOff(until time.Time, why string, now time.Time) error {
	since := n.Due()
	if err := n.Defer(until, why, now); err != nil {
		return err
	}
	n.DueSince = since
	return nil
}

// StayDue lets NextAt of a notice that was put off say again since when it is due, so
// that it is found by that; it waits all the same, as Held says.
func (n *Notice) StayDue() {
	if !n.DueSince.IsZero() {
		n.NextAt, n.Held, n.DueSince = n.DueSince, n.NextAt, time.Time{}
	}
}

// within caps an instant by the end of the notice's moment.
func (n *Notice) within(t time.Time) time.Time {
	if !n.Expires.IsZero() && t.After(n.Expires) {
		return n.Expires
	}
	return t
}

// Merge puts the notice into a carrier, which takes it along to the same person and
// is due since the first of what it carries was.
func (n *Notice) Merge(carrier *Notice, now time.Time) error {
	since := n.Due()
	if err := n.move(Merged, "", now); err != nil {
		return err
	}
	if since.Before(carrier.Due()) {
		carrier.DueSince = since
	}
	n.MergedInto, n.Person = carrier.ID, carrier.Person
	carrier.Items = append(carrier.Items, n.ID)
	return nil
}

// Release takes the notice out of its carrier: it waits on its own until the
// given instant.
func (n *Notice) Release(until time.Time, why string, now time.Time) error {
	if err := n.move(Pending, why, now); err != nil {
		return err
	}
	n.MergedInto, n.NextAt = "", n.within(until)
	return nil
}

// Follow lets an item share the fate of its carrier and reports whether that
// changed it. An item whose fate is sealed already, because it was cancelled or
// had expired, stays as it is.
func (n *Notice) Follow(carrier *Notice, now time.Time) (bool, error) {
	to := carrier.State
	if to == Pending || to == Queued {
		to = Merged
	}
	if n.MergedInto != carrier.ID || n.State == to || n.State.Terminal() && !allowed(n.State, to) {
		return false, nil
	}
	if err := n.move(to, carrier.Why, now); err != nil {
		return false, err
	}
	n.LeaseOwner, n.LeaseUntil, n.NextAt = carrier.LeaseOwner, carrier.LeaseUntil, carrier.NextAt
	n.Provider, n.ProviderID, n.RepeatUntil = carrier.Provider, carrier.ProviderID, carrier.RepeatUntil
	return true, nil
}

// Call is what a worker says when it takes a notice to its provider.
type Call struct {
	Owner    string    // the worker
	Until    time.Time // end of its lease: later than the provider's timeout
	Provider Capabilities
}

// RepeatableBy reports whether a call by the provider cannot, as far as the
// notice cares, make a second copy: no earlier call is open, or the provider is
// the same and still knows the key, or a copy is the lesser evil.
func (n *Notice) RepeatableBy(provider Capabilities, now time.Time) bool {
	if !n.MayHaveGone() || n.OnUnknown == Resend {
		return true
	}
	return provider.Name == n.Provider && now.Before(n.RepeatUntil)
}

// Claim gives a queued notice to a worker, which is about to call the provider.
func (n *Notice) Claim(c Call, now time.Time) error {
	if !n.RepeatableBy(c.Provider, now) {
		return fault.Broken("notice.claim.repeat", "provider",
			"it may have gone out already and %s would not know a repetition", "thông báo có thể đã được gửi và %s không nhận ra bản lặp lại", c.Provider.Name)
	}
	if err := n.move(Sending, "", now); err != nil {
		return err
	}
	n.LeaseOwner, n.LeaseUntil, n.NextAt = c.Owner, c.Until, c.Until
	n.Claims++
	if n.Provider != c.Provider.Name || !n.MayHaveGone() {
		n.RepeatUntil = c.Provider.recognises(now)
	}
	n.Provider = c.Provider.Name
	return nil
}

// recognises is until when the provider knows a key it first sees now.
func (c Capabilities) recognises(now time.Time) time.Time {
	switch {
	case !c.Idempotent:
		return now
	case c.Window == 0:
		return now.AddDate(100, 0, 0)
	}
	return now.Add(c.Window)
}

// Lost takes a notice back from a worker whose lease ran out with its call open.
func (n *Notice) Lost(resendAfter time.Duration, now time.Time) error {
	return n.doubt("lease ran out", resendAfter, now)
}

// doubt says that nobody knows whether it was taken. A provider that knows the
// key is asked again soon; otherwise a receipt gets its chance first.
func (n *Notice) doubt(why string, resendAfter time.Duration, now time.Time) error {
	if err := n.move(Unknown, why, now); err != nil {
		return err
	}
	n.NextAt = now.Add(resendAfter)
	if soon := now.Add(firstRetry); soon.Before(n.RepeatUntil) {
		n.NextAt = soon
	}
	return nil
}

// Accept records that the provider took it, also when that becomes known late.
func (n *Notice) Accept(provider, id string, now time.Time) error {
	if err := n.move(Accepted, "", now); err != nil {
		return err
	}
	n.Provider, n.ProviderID, n.RepeatUntil = provider, id, time.Time{}
	return nil
}

// Receipt records what the provider says about an accepted notice: delivered,
// or not with its code. A notice whose fate is sealed keeps it.
func (n *Notice) Receipt(delivered bool, code string, now time.Time) error {
	if n.State.Terminal() && n.State != Uncertain {
		return nil
	}
	accepted := n.Done
	if n.State != Accepted {
		if err := n.Accept(n.Provider, n.ProviderID, now); err != nil {
			return err
		}
		accepted = now
	}
	to := Undelivered
	if delivered {
		to, n.Arrived = Delivered, now
	}
	err := n.move(to, code, now)
	n.Done = accepted
	return err
}

// Underway records that the provider has the notice and is still trying: one that
// may have gone has gone. It says nothing new of one that is being sent, or whose
// fate is known.
func (n *Notice) Underway(now time.Time) error {
	if !n.MayHaveGone() || n.State == Sending || n.State.Terminal() && n.State != Uncertain {
		return nil
	}
	return n.Accept(n.Provider, n.ProviderID, now)
}

// Ask notes that the provider of an accepted notice is asked now what became of
// it, and when to ask again: soon at first, then ever more seldom. It is false
// when it is too early to ask, or when the carrier is asked in its place.
func (n *Notice) Ask(now time.Time) bool {
	age := now.Sub(n.Done)
	switch {
	case n.MergedInto != "":
		n.NextAt = n.Done.Add(InboundPatience)
		return false
	case age < 30*time.Second:
		n.NextAt = n.Done.Add(30 * time.Second)
		return false
	case age < 10*time.Minute:
		n.NextAt = now.Add(time.Minute)
	case age < time.Hour:
		n.NextAt = now.Add(10 * time.Minute)
	case age < 24*time.Hour:
		n.NextAt = now.Add(2 * time.Hour)
	default:
		n.NextAt = now.Add(12 * time.Hour)
	}
	return true
}

// Fail ends the notice: refused for good, or there is nobody to reach.
func (n *Notice) Fail(why string, now time.Time) error { return n.move(Failed, why, now) }

// Kill ends the notice: its attempts are used up, or it does harm.
func (n *Notice) Kill(why string, now time.Time) error { return n.move(Dead, why, now) }

// Suppress ends the notice: its address must not be used.
func (n *Notice) Suppress(why string, now time.Time) error { return n.move(Suppressed, why, now) }

// Doubtful ends the notice as one that may have gone: an operator decides.
func (n *Notice) Doubtful(why string, now time.Time) error { return n.move(Uncertain, why, now) }

// Expire ends a notice whose moment passed before it could go. One that may
// have gone says so.
func (n *Notice) Expire(why string, now time.Time) error {
	if n.MayHaveGone() {
		return n.Doubtful(why, now)
	}
	return n.move(Expired, why, now)
}

// Cancel ends a notice that is no longer needed. One that is already on its way
// is only marked: it was too late, and that stays visible.
func (n *Notice) Cancel(why string, now time.Time) error {
	if n.State.Terminal() {
		return fault.Broken("notice.cancel.over", "state",
			"a notice that is %s cannot be cancelled", "không thể hủy thông báo đã ở trạng thái %s", n.State)
	}
	if n.MayHaveGone() || n.State == Accepted {
		n.CancelAsked = now
	}
	switch n.State {
	case Sending, Unknown, Accepted:
		return nil
	}
	return n.move(Cancelled, why, now)
}

// Replay sends a notice again that had ended without being delivered, because
// somebody decided so: its attempts begin anew, under a key of its own.
func (n *Notice) Replay(why string, now time.Time) error {
	if !n.State.Terminal() || !allowed(n.State, Pending) {
		return fault.Broken("notice.retry.state", "state",
			"a notice that is %s is not sent again", "không gửi lại thông báo đang ở trạng thái %s", n.State)
	}
	if err := n.move(Pending, why, now); err != nil {
		return err
	}
	n.MergedInto, n.Provider, n.ProviderID = "", "", ""
	n.RepeatUntil, n.CancelAsked, n.Arrived = time.Time{}, time.Time{}, time.Time{}
	n.Attempts, n.Claims, n.Replays, n.NextAt = 0, 0, n.Replays+1, now
	if n.Over(now) {
		n.Expires = time.Time{}
	}
	return nil
}

// arrows is Transitions, drawn once and never changed: every change of every
// notice asks it.
var arrows = Transitions()

func allowed(from, to State) bool { return arrows.Allows(from, to) }
