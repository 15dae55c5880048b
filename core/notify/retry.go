package notify

import (
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/policy"
)

// firstRetry is the first step of the retry schedule.
const firstRetry = 30 * time.Second

// repairTime is how long a notice waits when our own configuration is at
// fault: longer than a flaw of the network, short enough to follow the repair.
const repairTime = 5 * time.Minute

// Settle records what became of the one call of a notice that is being sent,
// or whose outcome was unknown until now, and says what follows from its class
// (notifications 2.5, 2.7). doubt says that an earlier call was open before
// this one began: then its own refusal settles nothing.
func (n *Notice) Settle(o Outcome, doubt bool, p policy.Notices, now time.Time) error {
	if n.State != Sending && n.State != Unknown {
		return fault.Broken("notice.settle.state", "state",
			"a notice that is %s waits for no outcome", "thông báo đang ở trạng thái %s không chờ kết quả gửi", n.State)
	}
	switch {
	case o.Result.free():
		n.Claims--
	case o.Panicked: // no outcome came back: the claim stays unanswered
	default:
		n.Attempts++
	}
	if o.Result.refused() && !doubt {
		n.RepeatUntil = time.Time{}
	}
	switch {
	case o.Result == ResultAccepted:
		return n.Accept(n.Provider, o.ProviderID, now)
	case o.Result == ResultPermanent:
		return n.Fail(o.reason(), now)
	case o.Result.refused():
		return n.retry(o, p, now)
	case n.State == Unknown: // it was, and it stays so
		return nil
	}
	return n.doubt(o.reason(), time.Duration(p.UnknownResendAfter)*time.Minute, now)
}

// Refusal is the class of the outcome that brought the notice where it is, or
// had it wait for another try, as far as its Why says so; empty when none did.
func (n *Notice) Refusal() Result {
	for _, r := range []Result{ResultNotSent, ResultThrottled, ResultTransient, ResultPermanent, ResultMisconfigured, ResultUnknown} {
		if strings.Contains(n.Why, string(r)) {
			return r
		}
	}
	return ""
}

// free reports whether an outcome costs no attempt: nobody refused the notice.
func (r Result) free() bool { return r == ResultThrottled || r == ResultMisconfigured }

// refused reports whether this call certainly left no message with the provider.
func (r Result) refused() bool {
	switch r {
	case ResultNotSent, ResultThrottled, ResultTransient, ResultPermanent, ResultMisconfigured:
		return true
	}
	return false
}

// reason is the outcome in one word and its code.
func (o Outcome) reason() string {
	if o.Code == "" {
		return string(o.Result)
	}
	return string(o.Result) + " " + o.Code
}

func (n *Notice) retry(o Outcome, p policy.Notices, now time.Time) error {
	switch {
	case !n.CancelAsked.IsZero():
		return n.move(Cancelled, "cancelled while it was on its way; "+o.reason(), now)
	case n.Attempts >= p.MaxAttempts:
		return n.exhaust("attempts used up; "+o.reason(), now)
	}
	if err := n.move(Pending, o.reason(), now); err != nil {
		return err
	}
	n.NextAt = n.within(now.Add(n.RetryDelay(o)))
	return nil
}

// exhaust ends a notice whose attempts are used up. Where a copy would be the
// greater evil and one may have gone, an operator decides what comes next;
// otherwise another channel does.
func (n *Notice) exhaust(why string, now time.Time) error {
	if n.MayHaveGone() && n.OnUnknown != Resend {
		return n.Doubtful(why, now)
	}
	return n.Kill(why, now)
}

// RetryDelay is how long to wait after the outcome: 30 s, 2, 5, 15, then 60
// minutes by the number of attempts, ± 20 % so that a crowd does not come back
// as one. What the provider names is the least; throttling has no other
// measure. The jitter follows from id and attempt alone.
func (n *Notice) RetryDelay(o Outcome) time.Duration {
	switch o.Result {
	case ResultThrottled:
		wait := o.RetryAfter
		if wait <= 0 {
			wait = firstRetry
		}
		return wait + n.jitter(wait, 0, 20)
	case ResultMisconfigured:
		return max(o.RetryAfter, repairTime+n.jitter(repairTime, -20, 20))
	}
	schedule := []time.Duration{firstRetry, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 60 * time.Minute}
	step := schedule[min(max(n.Attempts, 1), len(schedule))-1]
	return max(o.RetryAfter, step+n.jitter(step, -20, 20))
}

// jitter is a share of d between the two per cents.
func (n *Notice) jitter(d time.Duration, from, to int64) time.Duration {
	h := fnv.New32a()
	h.Write([]byte(n.ID))
	h.Write([]byte(strconv.Itoa(n.Attempts)))
	thousandths := from*10 + int64(h.Sum32())%((to-from)*10+1)
	return (d / 1000) * time.Duration(thousandths)
}

// Unanswered is how many claims of the notice no outcome came back from: the
// worker died, or its sender panicked.
func (n *Notice) Unanswered() int { return n.Claims - n.Attempts }

// Poison reports whether workers took the notice again and again without an
// outcome coming back: it may be what kills them. Nobody claims it any more, so
// that it costs MaxClaims + 1 workers at most, whether it kills or panics.
func (n *Notice) Poison(p policy.Notices) bool { return n.Unanswered() > p.MaxClaims }

// suspectAfter unanswered claims make a notice suspect: one may be a restart of
// the worker, and nothing is to wait for that.
const suspectAfter = 2

// Suspect reports whether the notice may be what kills workers, so that nothing
// else must be under way in a process that calls for it. Who merely was there
// when another one killed the worker gets its outcome then, and so is never
// taken for poison: it is suspect one unanswered claim earlier at the least.
func (n *Notice) Suspect(p policy.Notices) bool {
	return n.Unanswered() >= min(suspectAfter, p.MaxClaims)
}

// ResolveUnknown decides, when its time has come, what becomes of a notice whose
// outcome stayed unknown (notifications 2.6): the same provider is asked again
// under the same key, or it is sent again where the notice allows a copy, or an
// operator gets to see it.
func (n *Notice) ResolveUnknown(p policy.Notices, now time.Time) error {
	switch {
	case !n.CancelAsked.IsZero():
		return n.move(Cancelled, "cancelled; it may have gone", now)
	case n.Over(now):
		return n.Doubtful("its moment passed", now)
	case n.Poison(p):
		return n.Kill("no outcome came back", now)
	case n.Attempts >= p.MaxAttempts:
		return n.exhaust("no outcome came back", now)
	case now.Before(n.RepeatUntil):
		return n.Defer(now, "asked again under the same key", now)
	case n.OnUnknown == Resend:
		return n.Defer(now, "sent again: outcome unknown", now)
	}
	return n.Doubtful("outcome unknown", now)
}
