package notifytest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
)

// promises lists everything a sender is held to under h.
func promises(h Harness) []promise {
	list := []promise{
		{"Describe is constant and complete",
			"the core plans by it once, at the start", Healthy, describes},
		{"what Describe declares can be shown",
			"the core waits for receipts, and repeats calls, on its word", Healthy, declares},
		{"a message taken is accepted with the provider's id, by one request",
			"receipts and questions to the provider find the notice by that id", Healthy, accepts},
		{"a repetition carries the same key",
			"by the key the provider, or the reader's mailbox, tells a repetition from a second message", Healthy, repeats},
		{"one Send is one request",
			"the core decides about repetition: a hidden one sends the same message twice", CutAfter, sendsOnce},
		{"Send ends by its time limit",
			"a silent provider would hold every worker", StallAfter, endsInTime},
		{"Send ends by its time limit though the answer drips in",
			"each byte seems to be progress, and no answer ever comes of it", Drip, endsInTime},
		{"an answer without measure is not kept",
			"a provider gone mad, or whoever speaks in its place, must not take a worker's memory", Huge, boundsMemory},
		{"Send ends with its context",
			"a worker that is asked to stop has a few seconds", StallAfter, endsWithContext},
		{"a context that has ended before sends nothing and uses nothing up",
			"the worker no longer holds the notice, and its place is wanted by the next", Healthy, refusesEndedContext},
		{"the sender is usable after an interrupted Send",
			"one lost connection must not need a restart", StallOnce, recovers},
		{"no goroutine is left behind",
			"a worker runs for months", StallOnce, leavesNothing},
		{"parallel Sends keep their ids and texts apart",
			"a receipt would be written to somebody else's notice", Healthy, keepsApart},
		{"outcomes and logs hold no address, name, text or secret",
			"outcomes are stored and shown to operators, who have no right to them", Healthy, keepsSecrets},
		{"line breaks in headers are refused",
			"whoever writes into a header can add recipients", Healthy, refusesInjection},
		{"a text that is too long is refused, not cut",
			"half a message may say the opposite, and each part costs money", Healthy, refusesTooLong},
		{"an expired message is not sent",
			"a reminder of yesterday's visit makes the programme a laughing stock", Healthy, refusesExpired},
		{"what has expired is judged by the clock the sender was given",
			"tests and a simulated season run on a clock of their own", Healthy, goesByItsClock},
		{"an empty message is refused without a panic",
			"one broken template must not stop every worker", Healthy, refusesEmpty},
		{"Close may be called twice, and nothing is sent after it",
			"a worker that stops hands back what it can no longer send", Healthy, closes},
	}
	list = append(list, receiptPromises()...)
	list = append(list, tokenPromises()...)
	for _, o := range outcomes(h) {
		list = append(list, o.promise())
	}
	for _, s := range samples {
		list = append(list, s.promise())
	}
	return list
}

func describes(c *check) {
	a, b := c.fixture.Sender.Describe(), c.fixture.Sender.Describe()
	if a.Name == "" || a.Channel == "" || a.Timeout <= 0 || a.Parallel < 0 || a.Window < 0 {
		c.broken("Describe leaves out a name, a channel or a time limit, or has a negative number: %+v", a)
	}
	a.Segments, b.Segments = nil, nil
	if !reflect.DeepEqual(a, b) {
		c.broken("Describe changes from call to call: %+v, then %+v", a, b)
	}
}

func declares(c *check) {
	sender, d := c.fixture.Sender, c.fixture.Sender.Describe()
	if reason, cannot := c.h.Cannot[Duplicate]; cannot && d.Idempotent {
		c.broken("it says that its provider recognises keys, and the harness that %q", reason)
	}
	_, reads := sender.(notify.ReceiptReader)
	_, asks := sender.(notify.StatusQuerier)
	_, polls := sender.(notify.ReceiptPoller)
	_, runs := sender.(notify.SessionRunner)
	_, holds := sender.(notify.Holder)
	r := c.fixture.Receipts
	for _, way := range []struct {
		name            string
		declared, shown bool
	}{
		{"Callback", d.Callback, reads && r != nil && r.Callback != nil},
		{"Query", d.Query, asks && r != nil && r.Tell != nil},
		{"Poll", d.Poll, polls && r != nil && r.Tell != nil},
		{"Session", d.Session, runs},
		{"Exclusive", d.Exclusive, holds},
	} {
		if way.declared && !way.shown {
			c.broken("Describe declares %s: the sender has no method for it, or the fixture's Receipts do not show it", way.name)
		}
	}
	if c.h.Tokens && c.fixture.Tokens == nil {
		c.broken("the harness says that tokens are fetched, the fixture has no Tokens")
	}
}

func accepts(c *check) {
	m := c.message(1)
	out := c.send(context.Background(), m)
	if out.Result != notify.ResultAccepted {
		c.broken("a healthy provider took the message, the outcome is %+v", out)
		return
	}
	if n := c.fixture.Requests(); n != 1 {
		c.broken("the provider was handed %d messages for one Send", n)
	}
	took := c.fixture.Deliveries()
	if len(took) != 1 {
		c.broken("the provider took %d messages for one Send", len(took))
		return
	}
	if d := took[0]; d.To != m.To || d.Subject != m.Subject || d.Text != c.arrives(m.Text) {
		c.broken("sent to %q: %q %q, the provider has %+v", m.To, m.Subject, c.arrives(m.Text), d)
	}
	if took[0].ID != out.ProviderID {
		c.broken("the provider gave id %q, the outcome has %q", took[0].ID, out.ProviderID)
	}
}

func repeats(c *check) {
	first, second := c.message(1), c.message(1)
	second.Attempt = 2
	second.Created = first.Created
	second.Expires = first.Expires
	for _, m := range []notify.Message{first, second} {
		if out := c.send(context.Background(), m); out.Result != notify.ResultAccepted {
			c.broken("attempt %d of one notice: %+v", m.Attempt, out)
		}
	}
	took := c.fixture.Deliveries()
	if c.fixture.Sender.Describe().Idempotent {
		if len(took) != 1 {
			c.broken("a provider that knows keys took %d messages for two attempts of one notice: the key differs, or is missing", len(took))
		}
		return
	}
	if len(took) == 2 && took[0].Key != took[1].Key {
		c.broken("two attempts of one notice carry the keys %q and %q", took[0].Key, took[1].Key)
	}
}

func sendsOnce(c *check) {
	c.send(context.Background(), c.message(1))
	if n := c.fixture.Requests(); n != 1 {
		c.broken("the provider was handed %d messages for one Send", n)
	}
}

func endsInTime(c *check) {
	limit := c.fixture.Sender.Describe().Timeout
	ctx, cancel := context.WithTimeout(context.Background(), limit+10*time.Second)
	defer cancel()
	began := time.Now()
	c.send(ctx, c.message(1))
	if took := time.Since(began); took > limit+time.Second {
		c.broken("Send took %v, its time limit is %v", took, limit)
	}
}

func endsWithContext(c *check) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := c.start(ctx, c.message(1))
	c.handedOver(1, done)
	cancel()
	stopped := time.Now()
	c.await(done)
	if took := time.Since(stopped); took > time.Second {
		c.broken("Send returned %v after its context ended", took)
	}
}

func refusesEndedContext(c *check) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range crowd {
		if out := c.send(ctx, c.message(1)); out.Result != notify.ResultNotSent {
			c.broken("the outcome is %+v, want %s", out, notify.ResultNotSent)
			return
		}
	}
	c.nothingSent()
	ctx, cancel = context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if out := c.send(ctx, c.message(2)); out.Result != notify.ResultAccepted {
		c.broken("after %d of them, a Send that has time: %+v", crowd, out)
	}
}

// interrupt sends one message to a provider that stalls and stops the Send as
// soon as the provider has it.
func (c *check) interrupt() notify.Outcome {
	c.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := c.start(ctx, c.message(1))
	c.handedOver(1, done)
	cancel()
	return c.await(done)
}

func recovers(c *check) {
	c.interrupt()
	if out := c.send(context.Background(), c.message(2)); out.Result != notify.ResultAccepted {
		c.broken("the Send after an interrupted one: %+v", out)
	}
}

// leavesNothing starts anew with a fixture of its own, whose end it can see.
func leavesNothing(c *check) {
	before := goroutines()
	stage := &stage{TB: c.TB}
	c.fixture = c.h.New(stage, StallOnce)
	c.interrupt()
	c.send(context.Background(), c.message(2))
	if closer, ok := c.fixture.Sender.(io.Closer); ok {
		closer.Close()
	}
	stage.end()
	if stack := leaked(before); stack != "" {
		c.broken("after the sender and its provider are gone, a goroutine goes on:\n%s", stack)
	}
}

// stage is a TB whose cleanups run when it ends.
type stage struct {
	testing.TB
	cleanups []func()
}

// Cleanup registers f to be called by end, last first.
func (s *stage) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

func (s *stage) end() {
	for _, f := range slices.Backward(s.cleanups) {
		f()
	}
}

// crowd is how many Sends run at once in the test of parallel use.
const crowd = 200

func keepsApart(c *check) {
	running := make([]<-chan sent, crowd)
	for i := range running {
		running[i] = c.start(context.Background(), c.message(crowd+i))
	}
	outs := make([]notify.Outcome, crowd)
	for i, done := range running {
		outs[i] = c.await(done)
	}

	took := map[string]Delivery{}
	for _, d := range c.fixture.Deliveries() {
		took[d.To] = d
	}
	if len(took) != crowd {
		c.broken("%d of %d messages arrived", len(took), crowd)
	}
	for i, out := range outs {
		m := c.message(crowd + i)
		d := took[m.To]
		if out.Result != notify.ResultAccepted {
			c.broken("message %d of %d: %+v", i, crowd, out)
			return
		}
		if d.ID != out.ProviderID || d.Text != c.arrives(m.Text) {
			c.broken("message %d: sent %q, told id %q; the provider has %+v", i, m.Text, out.ProviderID, d)
			return
		}
	}
}

func keepsSecrets(c *check) {
	possible := slices.Concat(Faults(), codeFaults(c.h))
	for _, fault := range possible {
		if _, cannot := c.h.cannot(fault); cannot {
			continue
		}
		stage := &stage{TB: c.TB}
		c.fixture = c.h.New(stage, fault)
		m := c.message(3)
		ctx, cancel := context.WithCancel(context.Background())
		if fault.silent() {
			time.AfterFunc(300*time.Millisecond, cancel)
		}
		out := c.send(ctx, m)
		cancel()
		seen := fmt.Sprintf("%+v", out)
		if c.fixture.Log != nil {
			seen += c.fixture.Log()
		}
		for _, secret := range slices.Concat(c.h.Secrets, personal(m)) {
			if strings.Contains(seen, secret) {
				c.broken("provider with fault %q: %q can be read in\n%s", fault, secret, seen)
			}
		}
		stage.end()
	}
}

// personal returns what must not be seen of a message: its parts, and the
// digits that are left of a number in every way of writing it.
func personal(m notify.Message) []string {
	parts := []string{m.To, nameMark, textMark, subjectMark}
	if national, ok := strings.CutPrefix(m.To, "+84"); ok {
		parts = append(parts, national)
	}
	return parts
}

func refusesInjection(c *check) {
	const attack = "\r\nBcc: ke.gian@nguoila.example"
	attacks := map[string]func(*notify.Message){
		"address": func(m *notify.Message) { m.To += attack },
	}
	if c.fixture.Sender.Describe().Channel == notify.Email {
		attacks["subject"] = func(m *notify.Message) { m.Subject += attack }
		attacks["name"] = func(m *notify.Message) { m.ToName += attack }
	}
	for _, place := range slices.Sorted(maps.Keys(attacks)) {
		m := c.message(1)
		attacks[place](&m)
		if out := c.send(context.Background(), m); !refused(out) {
			c.broken("a line break in the %s: %+v", place, out)
		}
	}
	c.nothingSent()
}

func refusesTooLong(c *check) {
	if c.h.TooLong == "" {
		c.pass("the sender has no limit of length")
	}
	m := saying(c.message(1), c.h.TooLong)
	if out := c.send(context.Background(), m); !refused(out) {
		c.broken("%d bytes of text: %+v", len(m.Text), out)
	}
	c.nothingSent()
}

func refusesExpired(c *check) {
	m := c.message(1)
	m.Created = m.Created.Add(-48 * time.Hour)
	m.Expires = m.Created.Add(24 * time.Hour)
	if out := c.send(context.Background(), m); !refused(out) {
		c.broken("a message that expired yesterday: %+v", out)
	}
	c.nothingSent()
}

func goesByItsClock(c *check) {
	if c.fixture.SetClock == nil {
		c.pass("the sender has no clock of its own")
	}
	now := time.Now().AddDate(3, 0, 0)
	c.fixture.SetClock(now)
	over, good := c.message(1), c.message(2)
	over.Expires, good.Expires = now.Add(-time.Hour), now.Add(time.Hour)
	if out := c.send(context.Background(), over); !refused(out) {
		c.broken("by its clock the message expired an hour ago: %+v", out)
	}
	c.nothingSent()
	if out := c.send(context.Background(), good); out.Result != notify.ResultAccepted {
		c.broken("by its clock the message is good for an hour: %+v", out)
	}
}

func refusesEmpty(c *check) {
	if out := c.send(context.Background(), notify.Message{}); !refused(out) {
		c.broken("the zero message: %+v", out)
	}
	m := saying(c.message(1), "")
	if out := c.send(context.Background(), m); !refused(out) {
		c.broken("a message without a text: %+v", out)
	}
	c.nothingSent()
}

func closes(c *check) {
	closer, ok := c.fixture.Sender.(io.Closer)
	if !ok {
		c.pass("the sender has nothing to close")
	}
	for _, when := range []string{"first", "second"} {
		if err := closer.Close(); err != nil {
			c.broken("the %s Close: %v", when, err)
		}
	}
	if out := c.send(context.Background(), c.message(1)); out.Result != notify.ResultNotSent {
		c.broken("Send after Close: %+v, want %s", out, notify.ResultNotSent)
	}
	c.nothingSent()
}

// refused reports whether the sender kept the message back.
func refused(out notify.Outcome) bool {
	return out.Result == notify.ResultNotSent || out.Result == notify.ResultPermanent
}

// nothingSent checks that the provider was handed nothing.
func (c *check) nothingSent() {
	c.Helper()
	if n := c.fixture.Requests(); n != 0 {
		c.broken("the provider was handed %d messages: %+v", n, c.fixture.Deliveries())
	}
}

// arrives is what the provider should have of a text in composed form.
func (c *check) arrives(text string) string {
	if c.h.Arrives == nil {
		return text
	}
	return c.h.Arrives(text)
}
