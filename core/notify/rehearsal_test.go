package notify_test

import (
	"context"
	"testing"

	"github.com/huongvecoso/outreach/core/notify"
)

// counting is a sender that counts its calls.
type counting struct{ calls int }

func (c *counting) Describe() notify.Capabilities {
	return notify.Capabilities{Name: "x", Channel: notify.SMS}
}

func (c *counting) Send(context.Context, notify.Message) notify.Outcome {
	c.calls++
	return notify.Outcome{Result: notify.ResultAccepted, Code: "real"}
}

func TestOnlyALivePilotOrAllowedAddressReachesTheProvider(t *testing.T) {
	for _, c := range []struct {
		mode notify.Mode
		to   string
		goes bool
	}{
		{notify.Live, "+84900000001", true},
		{notify.DryRun, "+84900000001", false},
		{notify.Pilot, "+84900000001", false},
		{notify.Pilot, "Test@Xuanloc.example ", true},
		{notify.DryRun, "test@xuanloc.example", false},
		{notify.Live, "unknown@simulate.invalid", false},
		{"", "+84900000001", false}, // a mode that was forgotten sends nothing
	} {
		inner := &counting{}
		o := notify.Rehearse(inner, c.mode, []string{"test@xuanloc.example"}).Send(t.Context(), notify.Message{To: c.to, IdempotencyKey: "k"})
		if (inner.calls == 1) != c.goes || (o.Code == notify.SimulatedCode) == c.goes {
			t.Errorf("%s to %s: %d calls, %+v", c.mode, c.to, inner.calls, o)
		}
	}
}

func TestSimulatedRecipientsHaveFixedOutcomes(t *testing.T) {
	s := notify.Rehearse(&counting{}, notify.DryRun, nil)
	for to, want := range map[string]notify.Result{
		"accepted@simulate.invalid": notify.ResultAccepted, "+84000000001": notify.ResultAccepted,
		"transient@simulate.invalid": notify.ResultTransient, "+84000000002": notify.ResultTransient,
		"permanent@simulate.invalid": notify.ResultPermanent, "+84000000003": notify.ResultPermanent,
		"throttled@simulate.invalid": notify.ResultThrottled, "+84000000004": notify.ResultThrottled,
		"misconfigured@simulate.invalid": notify.ResultMisconfigured, "+84000000005": notify.ResultMisconfigured,
		"not_sent@simulate.invalid": notify.ResultNotSent, "+84000000006": notify.ResultNotSent,
		"unknown@simulate.invalid": notify.ResultUnknown, "+84000000007": notify.ResultUnknown,
	} {
		if o := s.Send(t.Context(), notify.Message{To: to}); o.Result != want {
			t.Errorf("%s is %s, want %s", to, o.Result, want)
		}
	}
}
