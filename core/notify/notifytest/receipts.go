package notifytest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
)

// Receipts is how a fake provider tells what became of a message.
type Receipts struct {
	// Callback is the request by which the provider says r, as it documents it,
	// with the right secret and from the right place. Of r it uses ProviderID,
	// Key and Verdict, with a code of its own for the verdict, and the address
	// that it is said to be about. Needed when the sender declares Callback.
	Callback func(r notify.Receipt, to string) notify.Callback
	// Verdicts are those the provider has words for. Nil: delivered and
	// undelivered.
	Verdicts []notify.Verdict
	// Reply is what the provider wants to hear.
	Reply notify.Reply
	// Malformed are callbacks with the right secret that say nothing which the
	// provider documents.
	Malformed []notify.Callback
	// Foreign are well-formed callbacks from somebody else: without the secret,
	// with a wrong one, from an address that is not the provider's.
	Foreign []notify.Callback

	// Tell lets the provider know r of a message, to be asked for it or to have
	// it fetched. Needed when the sender declares Query or Poll.
	Tell func(r notify.Receipt)
}

func (r Receipts) verdicts() []notify.Verdict {
	if len(r.Verdicts) > 0 {
		return r.Verdicts
	}
	return []notify.Verdict{notify.VerdictDelivered, notify.VerdictUndelivered}
}

// receiptPromises are for senders whose provider tells something later.
func receiptPromises() []promise {
	return []promise{
		{"a callback is read as what it says, whatever came before",
			"what an official was told, and when, hangs on it; callbacks come in any order", Healthy, readsCallbacks},
		{"a callback read twice is the same receipt",
			"providers repeat callbacks; the second must be known for what it is", Healthy, readsTheSame},
		{"the answer to a callback is the one the provider wants",
			"it would call again and again, or give up for good", Healthy, repliesAsWanted},
		{"a callback about an unknown message is read like any other",
			"it may come before our own record of the call", Healthy, readsTheUnknown},
		{"a malformed callback is turned away without a panic",
			"the address is open to the whole network", Healthy, turnsAwayMalformed},
		{"a callback without the secret is turned away",
			"anybody could say that a warning was delivered", Healthy, turnsAwayForeign},
		{"a receipt holds no address, name or secret",
			"receipts are stored and shown to operators", Healthy, keepsReceiptsClean},
		{"the provider can be asked what became of a message",
			"an unknown outcome is resolved by asking, not by guessing", Healthy, answersQueries},
		{"a question to a silent provider ends with an error",
			"no answer is not the answer no", Refused, failsQueries},
		{"what was fetched is forgotten by the provider only once it was taken",
			"a database that is away for a minute would lose receipts", Healthy, fetchesUntilTaken},
	}
}

// reader returns the sender as a reader of callbacks.
func (c *check) reader() (notify.ReceiptReader, Receipts) {
	c.Helper()
	reader, ok := c.fixture.Sender.(notify.ReceiptReader)
	if !ok || !c.fixture.Sender.Describe().Callback || c.fixture.Receipts == nil || c.fixture.Receipts.Callback == nil {
		c.pass("the provider does not call back")
	}
	return reader, *c.fixture.Receipts
}

// read reads a callback. A panic ends the test.
func (c *check) read(reader notify.ReceiptReader, callback notify.Callback) (receipts []notify.Receipt, reply notify.Reply, err error) {
	c.Helper()
	defer func() {
		if p := recover(); p != nil {
			c.Fatalf("ReadReceipts panicked: %v\n\twhy it matters: %s", p, c.why)
		}
	}()
	callback.Body = bytes.Clone(callback.Body)
	return reader.ReadReceipts(callback)
}

// readOne reads a callback that holds one receipt.
func (c *check) readOne(reader notify.ReceiptReader, callback notify.Callback) notify.Receipt {
	c.Helper()
	receipts, _, err := c.read(reader, callback)
	if err != nil || len(receipts) != 1 {
		c.broken("a proper callback gave %+v, error %v", receipts, err)
		return notify.Receipt{}
	}
	return receipts[0]
}

// sentOne has a message accepted and returns by what its provider knows it.
func (c *check) sentOne(i int) (notify.Message, notify.Reference) {
	c.Helper()
	m := c.message(i)
	out := c.send(context.Background(), m)
	if out.Result != notify.ResultAccepted {
		c.Fatalf("a healthy provider: %+v", out)
	}
	return m, notify.Reference{Notice: m.Notice, ProviderID: out.ProviderID, Key: m.IdempotencyKey}
}

// about is the receipt with a verdict of the message.
func (c *check) about(r notify.Reference, v notify.Verdict) notify.Receipt {
	return notify.Receipt{Provider: c.fixture.Sender.Describe().Name, ProviderID: r.ProviderID, Key: r.Key, Verdict: v}
}

// sameMessage reports whether a receipt leads back to the message: by each name
// it gives, and by one at least.
func sameMessage(got notify.Receipt, of notify.Reference) bool {
	return (got.ProviderID != "" || got.Key != "") &&
		(got.ProviderID == "" || got.ProviderID == of.ProviderID) && (got.Key == "" || got.Key == of.Key)
}

func (c *check) expectReceipt(got notify.Receipt, of notify.Reference, v notify.Verdict) {
	c.Helper()
	if got.Verdict != v || !sameMessage(got, of) {
		c.broken("the provider says %s of the message %+v, it was read as %+v", v, of, got)
	}
	if name := c.fixture.Sender.Describe().Name; got.Provider != name {
		c.broken("the receipt is by the provider %q, want %q", got.Provider, name)
	}
	if got.Code == "" {
		c.broken("the receipt names no code: %+v", got)
	}
}

func readsCallbacks(c *check) {
	reader, r := c.reader()
	first, one := c.sentOne(1)
	second, two := c.sentOne(2)
	for _, v := range r.verdicts() {
		for _, about := range []struct {
			to string
			of notify.Reference
		}{{second.To, two}, {first.To, one}} {
			c.expectReceipt(c.readOne(reader, r.Callback(c.about(about.of, v), about.to)), about.of, v)
		}
	}
}

func readsTheSame(c *check) {
	reader, r := c.reader()
	m, of := c.sentOne(1)
	prints := map[string]notify.Verdict{}
	for _, v := range r.verdicts() {
		a := c.readOne(reader, r.Callback(c.about(of, v), m.To))
		b := c.readOne(reader, r.Callback(c.about(of, v), m.To))
		if a.Fingerprint() != b.Fingerprint() {
			c.broken("the same callback was read as %+v and then as %+v", a, b)
		}
		if other, taken := prints[a.Fingerprint()]; taken {
			c.broken("the callbacks for %s and %s were read as the same receipt", other, v)
		}
		prints[a.Fingerprint()] = v
	}
}

func repliesAsWanted(c *check) {
	reader, r := c.reader()
	m, of := c.sentOne(1)
	for range 2 { // a repetition is thanked for like the first
		if _, reply, _ := c.read(reader, r.Callback(c.about(of, notify.VerdictDelivered), m.To)); reply != r.Reply {
			c.broken("the reply is %+v, the provider wants %+v", reply, r.Reply)
		}
	}
}

func readsTheUnknown(c *check) {
	reader, r := c.reader()
	of := notify.Reference{ProviderID: "990099", Key: "0198c0de-0000-7000-8000-00000000ffff"}
	c.expectReceipt(c.readOne(reader, r.Callback(c.about(of, notify.VerdictDelivered), c.message(9).To)), of, notify.VerdictDelivered)
}

// turnedAway checks that a callback was refused by an error of a class.
func (c *check) turnedAway(reader notify.ReceiptReader, callback notify.Callback, class error) {
	c.Helper()
	receipts, reply, err := c.read(reader, callback)
	if !errors.Is(err, class) || len(receipts) > 0 || reply.Status < 400 || reply.Status > 499 {
		c.broken("the callback %+v gave %+v, reply %+v, error %v; want a status 4xx and the error %q", shown(callback), receipts, reply, err, class)
	}
	seen := fmt.Sprintf("%v %+v", err, reply)
	for _, secret := range append(c.h.Secrets, personal(c.message(1))...) {
		if strings.Contains(seen, secret) {
			c.broken("turning a callback away shows %q: %s", secret, seen)
		}
	}
}

func shown(c notify.Callback) string {
	return fmt.Sprintf("%s from %s: %v %q", c.Method, c.Remote, c.Query, c.Body)
}

func turnsAwayMalformed(c *check) {
	reader, r := c.reader()
	if len(r.Malformed) == 0 {
		c.broken("Receipts.Malformed is empty: show what the sender must not believe")
	}
	for _, callback := range r.Malformed {
		c.turnedAway(reader, callback, notify.ErrMalformed)
	}
	// Whatever a good callback is turned into, it is read or turned away.
	good := r.Callback(c.about(notify.Reference{ProviderID: "1", Key: "k"}, notify.VerdictDelivered), c.message(1).To)
	for i := range good.Body {
		for _, body := range [][]byte{good.Body[:i], append(bytes.Clone(good.Body[:i]), good.Body[i+1:]...), append([]byte{0xff}, good.Body[i:]...)} {
			bent := good
			bent.Body = body
			_, _, _ = c.read(reader, bent)
		}
	}
	for name, values := range good.Query {
		for _, value := range []string{"", "\x00", strings.Repeat("9", 1000), values[0] + "&" + name} {
			bent := good
			bent.Query = map[string][]string{name: {value}}
			_, _, _ = c.read(reader, bent)
		}
	}
}

func turnsAwayForeign(c *check) {
	reader, r := c.reader()
	if len(r.Foreign) == 0 {
		c.broken("Receipts.Foreign is empty: show from whom the sender must take nothing")
	}
	for _, callback := range r.Foreign {
		c.turnedAway(reader, callback, notify.ErrForeign)
	}
}

func keepsReceiptsClean(c *check) {
	reader, r := c.reader()
	m, of := c.sentOne(1)
	for _, v := range r.verdicts() {
		receipts, _, _ := c.read(reader, r.Callback(c.about(of, v), m.To))
		seen := fmt.Sprintf("%+v", receipts)
		for _, secret := range append(c.h.Secrets, personal(m)...) {
			if strings.Contains(seen, secret) {
				c.broken("%q can be read in %s", secret, seen)
			}
		}
	}
}

// querier returns the sender as one whose provider can be asked.
func (c *check) querier() (notify.StatusQuerier, Receipts) {
	c.Helper()
	querier, ok := c.fixture.Sender.(notify.StatusQuerier)
	if !ok || !c.fixture.Sender.Describe().Query || c.fixture.Receipts == nil || c.fixture.Receipts.Tell == nil {
		c.pass("the provider cannot be asked")
	}
	return querier, *c.fixture.Receipts
}

func answersQueries(c *check) {
	querier, r := c.querier()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for i, v := range r.verdicts() {
		_, of := c.sentOne(10 + i)
		r.Tell(c.about(of, v))
		got, known, err := querier.QueryStatus(ctx, of)
		if err != nil || !known {
			c.broken("the provider knows %s, asked for it: known %t, error %v", v, known, err)
			continue
		}
		c.expectReceipt(got, of, v)
	}
	unknown := notify.Reference{ProviderID: "990099", Key: "0198c0de-0000-7000-8000-00000000ffff"}
	if got, known, err := querier.QueryStatus(ctx, unknown); known && got.Verdict != notify.VerdictUnclear || err != nil {
		c.broken("asked for a message it never had: %+v, known %t, error %v", got, known, err)
	}
}

func failsQueries(c *check) {
	querier, _ := c.querier()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if got, known, err := querier.QueryStatus(ctx, notify.Reference{ProviderID: "1", Key: "k"}); err == nil {
		c.broken("nobody answers, and yet: %+v, known %t, no error", got, known)
	}
}

func fetchesUntilTaken(c *check) {
	poller, ok := c.fixture.Sender.(notify.ReceiptPoller)
	if !ok || !c.fixture.Sender.Describe().Poll || c.fixture.Receipts == nil || c.fixture.Receipts.Tell == nil {
		c.pass("receipts are not fetched")
	}
	_, of := c.sentOne(1)
	c.fixture.Receipts.Tell(c.about(of, notify.VerdictDelivered))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	fetch := func(failure error) (got []notify.Receipt, err error) {
		err = poller.PollReceipts(ctx, func(_ context.Context, receipts []notify.Receipt) error {
			got = append(got, receipts...)
			return failure
		})
		return got, err
	}
	if got, err := fetch(errors.New("the database is away")); err == nil || len(got) != 1 {
		c.broken("nothing could be stored of %+v, and PollReceipts returned %v", got, err)
	}
	got, err := fetch(nil)
	if err != nil || len(got) != 1 {
		c.broken("what could not be stored comes again: got %+v, error %v", got, err)
		return
	}
	c.expectReceipt(got[0], of, notify.VerdictDelivered)
	if got, err := fetch(nil); err != nil || len(got) != 0 {
		c.broken("what was stored does not come again: got %+v, error %v", got, err)
	}
}
