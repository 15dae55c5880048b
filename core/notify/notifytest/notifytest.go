// Package notifytest holds a [notify.Sender] to its promises. The author of a
// gateway adapter writes a fake of the provider, says in a [Harness] how to
// make it misbehave, and calls [Run]:
//
//	func TestSender(t *testing.T) {
//		notifytest.Run(t, notifytest.Harness{
//			New: func(tb testing.TB, fault notifytest.Fault) notifytest.Fixture {
//				fake := startFake(tb, fault)
//				return notifytest.Fixture{
//					Sender:     mygateway.New(fake.URL, "secret", fault.Timeout()),
//					Requests:   fake.Requests,
//					Deliveries: fake.Deliveries,
//				}
//			},
//			Codes:   map[string]notify.Result{"0": notify.ResultAccepted, "13": notify.ResultPermanent},
//			Secrets: []string{"secret"},
//			Cannot:  map[notifytest.Fault]string{notifytest.Duplicate: "the gateway knows no keys"},
//		})
//	}
//
// Each promise is a subtest named after its sentence; a failure says why the
// promise matters. The heart of it is honesty about what is not known: a
// sender that says "not sent" of a message the provider may have makes an
// official get it twice, one that says "accepted" too easily loses it.
//
// What is demanded follows from what the sender declares in Describe: one that
// declares callbacks has to read them ([Receipts]), one that says it recognises
// keys has to show a duplicate. A sender that fetches tokens says so by
// [Harness.Tokens]. [Run] returns a [Report] of what was kept, broken and not
// applicable, for a table in the adapter's documentation.
//
// The suite looks for goroutines left behind, so it must not run in parallel
// with other tests of the same binary.
package notifytest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
)

// Harness tells the suite how to start a provider and what it documents.
type Harness struct {
	// New starts a fake provider that behaves as fault says and a sender that
	// talks to it, with fault.Timeout() as its time limit. Both end by
	// tb.Cleanup. Required.
	New func(tb testing.TB, fault Fault) Fixture

	// Cannot names the faults this kind of provider never shows, each with
	// the reason, which is printed where the promise is skipped.
	Cannot map[Fault]string

	// Codes are the answers in the provider's documentation and the class
	// each of them means. The fake gives them under [Answers].
	Codes map[string]notify.Result

	// Secrets are the credentials the sender was given: they must not be seen
	// in outcomes or logs.
	Secrets []string

	// Arrives says what of a text, given in composed form, reaches the
	// provider: an SMS gateway may fold marks. Nil: the text itself.
	Arrives func(text string) string

	// TooLong is a text that is longer than the sender may send, "" when it
	// has no limit.
	TooLong string

	// Address is the i-th address to send to. Nil: an invented mobile number
	// for SMS, an invented mailbox for mail, a plain word for other channels.
	Address func(i int) string

	// Tokens says that the sender fetches tokens to prove who it is: its
	// fixtures have Tokens, and its provider shows [TokenDown] and [TokenUseless].
	Tokens bool
}

// cannot tells why a fault is not to be shown. Where a provider knows no
// throttling, it knows none of its forms.
func (h Harness) cannot(fault Fault) (reason string, cannot bool) {
	if reason, cannot = h.Cannot[fault]; cannot {
		return reason, true
	}
	switch fault {
	case ThrottledUntil, ThrottledOwn:
		reason, cannot = h.Cannot[Throttled]
		return reason, cannot
	case TokenDown, TokenUseless:
		return "the sender fetches no tokens", !h.Tokens
	}
	return "", false
}

// Fixture is one fake provider with the sender under test.
type Fixture struct {
	// Sender is what is tested. When it is an [io.Closer], closing is tested too.
	Sender notify.Sender
	// Requests is how many messages the provider has been handed so far,
	// whatever it did with them. Safe for concurrent use.
	Requests func() int
	// Deliveries is what the provider took so far, in any order. A message
	// whose key it recognised is not taken twice. Safe for concurrent use.
	Deliveries func() []Delivery
	// Log is everything the sender wrote to a log so far. Nil: it writes none.
	Log func() string
	// SetClock sets the time by which the sender goes, as its Options allow.
	// Nil: it has no clock of its own and never looks at Message.Expires.
	SetClock func(now time.Time)
	// Receipts is how the provider tells later what became of a message: needed
	// when the sender declares Callback, Query or Poll.
	Receipts *Receipts
	// Tokens is the side of the provider that gives tokens: needed with
	// Harness.Tokens.
	Tokens *Tokens
}

// Delivery is one message as the provider has it.
type Delivery struct {
	ID      string // as the provider told the sender; "" when it gives none
	Key     string // by which it would recognise a repetition; "" when it has none
	To      string // in the form of notify.Message.To
	Subject string // mail only
	Text    string // with registered templates: the parameter "text"
}

// Run checks every promise of [notify.Sender] as a subtest of t and reports
// what came of each.
func Run(t *testing.T, h Harness) Report {
	t.Helper()
	if h.New == nil {
		t.Fatal("notifytest: Harness.New is missing: it starts the fake provider and the sender")
	}
	var r Report
	for _, p := range promises(h) {
		t.Run(p.name, func(t *testing.T) {
			c := &check{TB: t, h: h, why: p.why}
			defer func() { r.note(p, c) }()
			p.holdIn(c)
		})
	}
	return r
}

// promise is one thing that every sender must do.
type promise struct {
	name  string
	why   string
	fault Fault
	check func(c *check)
}

// hold makes the fixture and checks the promise on it.
func (p promise) hold(tb testing.TB, h Harness) {
	tb.Helper()
	p.holdIn(&check{TB: tb, h: h, why: p.why})
}

func (p promise) holdIn(c *check) {
	c.Helper()
	if reason, cannot := c.h.cannot(p.fault); cannot {
		c.pass("%s", reason)
	}
	c.fixture = c.h.New(c.TB, p.fault)
	p.check(c)
}

// check is one run of one promise.
type check struct {
	testing.TB
	h       Harness
	why     string
	fixture Fixture
	passed  string // why the promise does not apply
}

// pass ends the check of a promise that does not apply.
func (c *check) pass(format string, args ...any) {
	c.Helper()
	c.passed = fmt.Sprintf(format, args...)
	c.Skip(c.passed)
}

// broken reports that the promise does not hold, and why that matters.
func (c *check) broken(format string, args ...any) {
	c.Helper()
	c.Errorf("%s\n\twhy it matters: %s", fmt.Sprintf(format, args...), c.why)
}

// patience is how long the suite waits for anything before it gives up: it
// only has to be longer than every limit a sender is given.
const patience = 60 * time.Second

// send hands m to the sender and returns its outcome. A panic, or a call that
// never returns, ends the test.
func (c *check) send(ctx context.Context, m notify.Message) notify.Outcome {
	c.Helper()
	return c.await(c.start(ctx, m))
}

// start begins a Send and returns where its outcome will appear.
func (c *check) start(ctx context.Context, m notify.Message) <-chan sent {
	done := make(chan sent, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- sent{panicked: p}
			}
		}()
		out := c.fixture.Sender.Send(ctx, m)
		done <- sent{outcome: out, at: time.Now()}
	}()
	return done
}

// sent is the end of one Send.
type sent struct {
	outcome  notify.Outcome
	at       time.Time
	panicked any
}

// await returns the outcome of a Send that was started.
func (c *check) await(done <-chan sent) notify.Outcome {
	c.Helper()
	select {
	case s := <-done:
		if s.panicked != nil {
			c.Fatalf("Send panicked: %v\n\twhy it matters: one bad message would stop every worker", s.panicked)
		}
		return s.outcome
	case <-time.After(patience):
		c.Fatalf("Send did not return within %v", patience)
		panic("unreachable")
	}
}

// handedOver waits until the provider has been handed n messages, or done has
// an outcome, which is then put back.
func (c *check) handedOver(n int, done <-chan sent) {
	c.Helper()
	for end := time.Now().Add(patience); c.fixture.Requests() < n; {
		if len(done) > 0 || time.Now().After(end) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// message is the i-th test message: every one has its own notice, key,
// address and text.
func (c *check) message(i int) notify.Message {
	channel := c.fixture.Sender.Describe().Channel
	created := time.Now().Add(-time.Minute).UTC().Truncate(time.Microsecond)
	m := notify.Message{
		Notice:         notify.ID(fmt.Sprintf("0198c0de-0000-7000-8000-%012d", i)),
		Attempt:        1,
		IdempotencyKey: fmt.Sprintf("0198c0de-0000-7000-8000-%012d", i),
		Channel:        channel,
		Class:          notify.Duty,
		To:             c.address(channel, i),
		ToName:         "Trưởng ấp " + nameMark,
		Template:       Template,
		Language:       "vi",
		Created:        created,
		Expires:        created.Add(24 * time.Hour),
	}
	if channel == notify.Email {
		m.Subject = fmt.Sprintf("Nhắc việc %04d %s", i, subjectMark)
	}
	return saying(m, fmt.Sprintf("HVCS %04d: y kien con 2 ngay lam viec, %s.", i, textMark))
}

// Template is the one the test messages are made of, with the parameter "text":
// a sender of registered templates needs one registered for it.
const Template = "notifytest.text"

// saying is m with another text.
func saying(m notify.Message, text string) notify.Message {
	m.Text, m.Params = text, map[string]string{"text": text}
	return m
}

// Words that occur in every test message and nowhere else.
const (
	nameMark    = "Tenriengtu"
	textMark    = "noidungkin"
	subjectMark = "tieudekin"
)

func (c *check) address(channel notify.Channel, i int) string {
	switch {
	case c.h.Address != nil:
		return c.h.Address(i)
	case channel == notify.SMS:
		return fmt.Sprintf("+8490000%04d", i)
	case channel == notify.Email:
		return fmt.Sprintf("truong.ap.%04d@suoicat.example", i)
	}
	return fmt.Sprintf("nguoi-nhan-%04d", i)
}
