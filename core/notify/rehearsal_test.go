package notify_test

import (
	"context"
	"errors"
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
		"undelivered@simulate.invalid": notify.ResultAccepted, "+84000000008": notify.ResultAccepted,
	} {
		if o := s.Send(t.Context(), notify.Message{To: to}); o.Result != want {
			t.Errorf("%s is %s, want %s", to, o.Result, want)
		}
	}
}

// chatty is a sender that tells everything later, and counts who asks.
type chatty struct {
	counting
	asked, fetched, ran int
}

func (c *chatty) Describe() notify.Capabilities {
	return notify.Capabilities{Name: "x", Channel: notify.SMS, Callback: true, Query: true, Poll: true, Session: true, Exclusive: true}
}

func (c *chatty) ReadReceipts(notify.Callback) ([]notify.Receipt, notify.Reply, error) {
	return []notify.Receipt{{Provider: "x", Key: "k"}}, notify.Reply{Status: 200}, nil
}

func (c *chatty) QueryStatus(context.Context, notify.Reference) (notify.Receipt, bool, error) {
	c.asked++
	return notify.Receipt{Verdict: notify.VerdictUnderway}, true, nil
}

func (c *chatty) Elsewhere() bool { return true }

func (c *chatty) PollReceipts(context.Context, notify.TakeReceipts) error { c.fetched++; return nil }

func (c *chatty) Run(context.Context, notify.TakeReceipts) error { c.ran++; return nil }

// all is what a sender may be able to do.
type all interface {
	notify.Sender
	notify.ReceiptReader
	notify.StatusQuerier
	notify.ReceiptPoller
	notify.SessionRunner
	notify.Holder
}

func TestARehearsalTellsWhatBecameOfWhatItKept(t *testing.T) {
	for to, want := range map[string]notify.Verdict{
		"+84900000001": notify.VerdictDelivered, "+84000000001": notify.VerdictDelivered, "+84000000008": notify.VerdictUndelivered,
	} {
		inner := &chatty{}
		s := notify.Rehearse(inner, notify.DryRun, nil).(all)
		o := s.Send(t.Context(), notify.Message{To: to, IdempotencyKey: "k"})
		r, known, err := s.QueryStatus(t.Context(), notify.Reference{ProviderID: o.ProviderID, Key: "k"})
		if err != nil || !known || r.Verdict != want || r.Provider != "x" || r.Key != "k" || inner.asked+inner.calls > 0 {
			t.Errorf("%s: %+v, known %v, %v; the provider was asked %d times", to, r, known, err, inner.asked)
		}
	}
}

func TestARehearsalKeepsTheAbilitiesOfItsSender(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	for _, c := range []struct {
		mode notify.Mode
		runs bool
	}{{notify.Live, true}, {notify.Pilot, true}, {notify.DryRun, false}} {
		inner := &chatty{}
		s := notify.Rehearse(inner, c.mode, nil).(all)
		if d := s.Describe(); d.Mode != c.mode || !d.Callback || !d.Query || d.Poll != c.runs || d.Session != c.runs || d.Exclusive != c.runs || !s.Elsewhere() {
			t.Errorf("%s: %+v", c.mode, d)
		}
		if r, _, err := s.ReadReceipts(notify.Callback{}); len(r) != 1 || err != nil {
			t.Errorf("%s: a callback gave %v, %v", c.mode, r, err)
		}
		if _, known, err := s.QueryStatus(t.Context(), notify.Reference{ProviderID: "7"}); !known || err != nil || inner.asked != 1 {
			t.Errorf("%s: a question gave %v, %v", c.mode, known, err)
		}
		_ = s.PollReceipts(t.Context(), nil)
		_ = s.Run(ended, nil)
		if (inner.fetched == 1 && inner.ran == 1) != c.runs {
			t.Errorf("%s: fetched %d times, ran %d times", c.mode, inner.fetched, inner.ran)
		}
	}
	plain := notify.Rehearse(&counting{}, notify.Pilot, nil).(all)
	if d := plain.Describe(); d.Callback || !d.Query || d.Poll || d.Session || d.Exclusive || plain.Elsewhere() {
		t.Errorf("a sender without abilities: %+v", d)
	}
	if _, reply, err := plain.ReadReceipts(notify.Callback{}); !errors.Is(err, notify.ErrForeign) || reply.Status != 404 {
		t.Errorf("it reads a callback: %v", err)
	}
	if _, known, err := plain.QueryStatus(t.Context(), notify.Reference{ProviderID: "7"}); known || err != nil {
		t.Errorf("it knows of a message it never had: %v", err)
	}
	if notify.Rehearse(&counting{}, notify.Live, nil).Describe().Query {
		t.Error("in live operation a provider that cannot be asked is asked")
	}
}
