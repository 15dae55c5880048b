package notify_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/notify"
)

func TestTriesComeAfter30SecondsThen2Then5Then15Then60Minutes(t *testing.T) {
	steps := []time.Duration{30 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, time.Hour, time.Hour}
	for _, result := range []notify.Result{notify.ResultNotSent, notify.ResultTransient} {
		seen := make(map[time.Duration]bool)
		for id := range 50 {
			d := pending(t)
			d.ID = notify.ID(fmt.Sprintf("n-%d", id))
			for i, step := range steps {
				d.sending(gateway("esms", -1)).settle(result).want(notify.Pending)
				wait := d.NextAt.Sub(d.now)
				if wait < step*8/10 || wait > step*12/10 {
					t.Errorf("%s: try %d waits %s, want %s ± 20 %%", result, i+2, wait, step)
				}
				if again := d.RetryDelay(notify.Outcome{Result: result}); again != wait {
					t.Errorf("the same try waits %s and %s", wait, again)
				}
				seen[wait*100/step] = true
				d.now = d.NextAt
			}
		}
		if len(seen) < 30 {
			t.Errorf("only %d different waits: a crowd would come back as one", len(seen))
		}
	}
}

func TestThrottlingObeysTheProviderAndCostsNoAttempt(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		named := time.Duration(rapid.Int64Range(0, int64(2*time.Hour)).Draw(rt, "retry after"))
		d := pending(t).sending(gateway("esms", -1))
		d.must(d.Settle(notify.Outcome{Result: notify.ResultThrottled, RetryAfter: named}, false, numbers(), noon)).want(notify.Pending)
		if wait := d.NextAt.Sub(noon); wait < named || wait > max(named, 30*time.Second)*12/10 {
			rt.Errorf("waits %s after %s", wait, named)
		}
		if d.Attempts != 0 {
			rt.Errorf("it cost %d attempts", d.Attempts)
		}
	})
}

func TestTheProvidersOwnDelayIsTheLeast(t *testing.T) {
	for _, r := range []notify.Result{notify.ResultTransient, notify.ResultNotSent, notify.ResultMisconfigured} {
		d := pending(t).sending(gateway("esms", -1))
		d.must(d.Settle(notify.Outcome{Result: r, RetryAfter: 3 * time.Hour}, false, numbers(), noon))
		if wait := d.NextAt.Sub(noon); wait != 3*time.Hour {
			t.Errorf("%s: waits %s, want 3h", r, wait)
		}
	}
}

func TestNoTryComesAfterTheMomentPassed(t *testing.T) {
	d := pending(t)
	d.Expires = noon.Add(10 * time.Second)
	d.sending(gateway("esms", -1)).settle(notify.ResultNotSent).want(notify.Pending)
	if !d.NextAt.Equal(d.Expires) {
		t.Errorf("looked at again at %v, want %v", d.NextAt, d.Expires)
	}
	d.must(d.Defer(noon.Add(time.Hour), "window", noon))
	if !d.NextAt.Equal(d.Expires) {
		t.Errorf("deferred to %v, want %v", d.NextAt, d.Expires)
	}
}

func TestTheReasonNamesTheClassOfTheOutcome(t *testing.T) {
	for why, want := range map[string]notify.Result{
		"":                           "",
		"no address on this channel": "",
		"rejected_permanent 550":     notify.ResultPermanent,
		"attempts used up; rejected_transient 451":   notify.ResultTransient,
		"attempts used up; not_sent":                 notify.ResultNotSent,
		"misconfigured 101":                          notify.ResultMisconfigured,
		"throttled 429":                              notify.ResultThrottled,
		"outcome unknown":                            notify.ResultUnknown,
		"address barred: rejected_permanent 108":     notify.ResultPermanent,
		"cancelled while it was on its way; unknown": notify.ResultUnknown,
	} {
		if got := (&notify.Notice{Why: why}).Refusal(); got != want {
			t.Errorf("%q is of class %q, want %q", why, got, want)
		}
	}
}
