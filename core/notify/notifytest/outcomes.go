package notifytest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
)

// outcome is what a sender must say of a message when its provider behaves in
// a certain way.
type outcome struct {
	fault Fault
	want  []notify.Result
	why   string
}

const (
	nobodyHasIt  = "it is certain that nobody has the message: the core may send it again"
	perhapsTaken = "the provider may have the message: sending again would double it, forgetting it would lose it"
	noProof      = "only an answer that is understood proves that a message was taken"
	saidWhen     = "the provider said when to come again"
	documented   = "whether to retry, give up or call the operator hangs on it"
)

// outcomes lists the behaviours of a provider, with the answers it documents.
func outcomes(h Harness) []outcome {
	list := []outcome{
		{Refused, is(notify.ResultNotSent), nobodyHasIt},
		{NoHost, is(notify.ResultNotSent), nobodyHasIt},
		{BadTLS, is(notify.ResultNotSent), nobodyHasIt},
		{CutBefore, is(notify.ResultNotSent), nobodyHasIt},
		{StallBefore, is(notify.ResultNotSent), nobodyHasIt},
		{CutAfter, is(notify.ResultUnknown), perhapsTaken},
		{StallAfter, is(notify.ResultUnknown), perhapsTaken},
		{Drip, is(notify.ResultUnknown), perhapsTaken},
		{Huge, is(notify.ResultUnknown), noProof},
		{Truncated, is(notify.ResultUnknown), noProof},
		{Empty, is(notify.ResultUnknown), noProof},
		{Page, is(notify.ResultUnknown), noProof},
		{Garbage, is(notify.ResultUnknown), noProof},
		{WrongTypes, is(notify.ResultUnknown), noProof},
		{Undefined, is(notify.ResultUnknown, notify.ResultTransient), noProof},
		{Throttled, is(notify.ResultThrottled), saidWhen},
		{ThrottledUntil, is(notify.ResultThrottled), saidWhen},
		{ThrottledOwn, is(notify.ResultThrottled), saidWhen},
		{TokenDown, is(notify.ResultNotSent), nobodyHasIt},
		{TokenUseless, is(notify.ResultMisconfigured), "somebody has to look at the account, and no attempt is used up"},
		{Duplicate, is(notify.ResultAccepted), "the provider has the message since an earlier attempt"},
	}
	for _, code := range slices.Sorted(maps.Keys(h.Codes)) {
		list = append(list, outcome{Answers(code), is(h.Codes[code]), documented})
	}
	return list
}

func is(results ...notify.Result) []notify.Result { return results }

// codeFaults lists the faults that give the documented answers.
func codeFaults(h Harness) []Fault {
	var list []Fault
	for _, code := range slices.Sorted(maps.Keys(h.Codes)) {
		list = append(list, Answers(code))
	}
	return list
}

func (o outcome) promise() promise {
	return promise{
		name:  fmt.Sprintf("%s is %s", o.fault, o.want[0]),
		why:   o.why,
		fault: o.fault,
		check: o.check,
	}
}

func (o outcome) check(c *check) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := c.start(ctx, c.message(1))
	switch o.fault {
	case StallBefore:
		time.AfterFunc(300*time.Millisecond, cancel)
	case StallAfter:
		c.handedOver(1, done)
		cancel()
	case Drip:
		c.handedOver(1, done)
		time.AfterFunc(300*time.Millisecond, cancel)
	}
	out := c.await(done)
	if !slices.Contains(o.want, out.Result) {
		c.broken("the provider shows %q: the outcome is %+v, want %v", o.fault, out, o.want)
	}
	switch o.fault {
	case Throttled, ThrottledOwn:
		if out.RetryAfter != ThrottleDelay {
			c.broken("the provider asked for %v, the outcome says %v", ThrottleDelay, out.RetryAfter)
		}
	case ThrottledUntil: // a date is in whole seconds, and time passes
		if off := ThrottleDelay - out.RetryAfter; off.Abs() > 2*time.Second {
			c.broken("the provider named the date in %v, the outcome says %v", ThrottleDelay, out.RetryAfter)
		}
	}
	if o.fault.Code() != "" && out.Code == "" {
		c.broken("the provider answered %q, the outcome names no code: %+v", o.fault.Code(), out)
	}
}
