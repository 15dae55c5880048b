package notifytest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
)

// double describes a sender in memory that keeps every promise, but for one flaw.
type double struct {
	channel    notify.Channel
	idempotent bool
	tells      bool // what became of messages: by callbacks, when asked, and in a list to fetch
	tokens     bool // fetches tokens
	flaw       string
	lieAbout   Fault // say lie, whatever is true, when the provider shows this fault
	lie        notify.Result
}

const (
	doubleSecret = "mat-khau-cua-tram"
	doubleLimit  = 500 // bytes of text
)

var doubleCodes = map[string]notify.Result{
	"0":  notify.ResultAccepted,
	"13": notify.ResultPermanent,
	"21": notify.ResultMisconfigured,
	"55": notify.ResultTransient,
}

func (d double) harness() Harness {
	h := Harness{
		New:     d.fixture,
		Codes:   doubleCodes,
		Secrets: []string{doubleSecret},
		TooLong: strings.Repeat("dai ", doubleLimit),
		Tokens:  d.tokens,
	}
	if d.flaw == "cannot show a duplicate" {
		h.Cannot = map[Fault]string{Duplicate: "no keys"}
	}
	return h
}

func (d double) fixture(_ testing.TB, fault Fault) Fixture {
	s := &doubleSender{double: d, fault: fault, keys: map[string]string{}}
	f := Fixture{
		Sender:   s,
		SetClock: s.setClock,
		Requests: func() int {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.requests
		},
		Deliveries: func() []Delivery {
			s.mu.Lock()
			defer s.mu.Unlock()
			return append([]Delivery(nil), s.deliveries...)
		},
		Log: func() string {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.log
		},
	}
	if d.tokens && d.flaw != "declares tokens and shows none" {
		f.Tokens = &Tokens{Expire: s.expire, Fetched: func() int { s.mu.Lock(); defer s.mu.Unlock(); return s.fetched }}
	}
	if d.tells {
		teller := &doubleTeller{doubleSender: s}
		f.Sender, f.Receipts = teller, teller.receipts()
	}
	if d.flaw == "declares what it has no method for" {
		f.Sender = s
	}
	return f
}

// doubleSender is the sender and its provider in one.
type doubleSender struct {
	double
	fault Fault

	mu         sync.Mutex
	described  int
	requests   int
	deliveries []Delivery
	keys       map[string]string // key to id
	log        string
	closed     int
	dead       bool
	lost       int // places
	clock      Clock
	token      int // the one the sender has, 0: none
	fetched    int // tokens given
	answer     []byte
	expired    int // tokens up to this one are worthless
}

func (s *doubleSender) setClock(now time.Time) {
	if s.flaw != "goes by the machine's clock" {
		s.clock.Set(now)
	}
}

func (s *doubleSender) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expired = s.fetched
}

// authenticated gets a token where there is none that works; s.mu is held.
func (s *doubleSender) authenticated() notify.Result {
	if !s.double.tokens {
		return ""
	}
	if s.fault == TokenDown {
		return notify.ResultNotSent
	}
	if s.fault == TokenUseless {
		s.fetched += 2
		if s.flaw == "fetches tokens in a loop" {
			s.fetched += 20
		}
		return notify.ResultMisconfigured
	}
	if s.token == 0 || s.token <= s.expired || s.flaw == "fetches a token each time" {
		s.fetched++
		s.token = s.fetched
		if s.flaw == "two fetch at once" && s.expired > 0 {
			s.fetched++
		}
	}
	return ""
}

func (s *doubleSender) Describe() notify.Capabilities {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.described++
	c := notify.Capabilities{Name: "double", Channel: s.channel, Timeout: s.fault.Timeout(), Parallel: crowd, Idempotent: s.idempotent,
		Callback: s.tells, Query: s.tells, Poll: s.tells}
	switch s.flaw {
	case "nameless":
		c.Name = ""
	case "another name each time":
		c.Name = fmt.Sprint("double", s.described)
	}
	return c
}

func (s *doubleSender) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed++
	if s.flaw == "fails to close twice" && s.closed > 1 {
		return io.ErrClosedPipe
	}
	return nil
}

func (s *doubleSender) Send(ctx context.Context, m notify.Message) notify.Outcome {
	out := s.send(ctx, m)
	if s.lieAbout != "" && s.lieAbout == s.fault {
		out.Result = s.lie
	}
	switch s.flaw {
	case "shows the address":
		out.Detail = "to " + m.To
	case "shows the national number":
		out.Detail = "to 0" + strings.TrimPrefix(m.To, "+84")
	case "shows the secret":
		out.Detail = "login " + doubleSecret
	}
	return out
}

func (s *doubleSender) send(ctx context.Context, m notify.Message) notify.Outcome {
	if out, refused := s.refuse(ctx, m); refused {
		return out
	}
	switch s.fault {
	case Refused, NoHost, BadTLS, CutBefore:
		return notify.Outcome{Result: notify.ResultNotSent}
	case StallBefore:
		wait(ctx, s.fault.Timeout(), false, false)
		return notify.Outcome{Result: notify.ResultNotSent}
	}
	s.mu.Lock()
	refused := s.authenticated()
	s.mu.Unlock()
	if refused != "" {
		return notify.Outcome{Result: refused}
	}
	return s.handOver(ctx, m)
}

// refuse is what the sender finds wrong by itself.
func (s *doubleSender) refuse(ctx context.Context, m notify.Message) (notify.Outcome, bool) {
	notSent := notify.Outcome{Result: notify.ResultNotSent}
	permanent := notify.Outcome{Result: notify.ResultPermanent}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed > 0 && s.flaw != "sends after Close":
		return notSent, true
	case ctx.Err() != nil && s.flaw == "loses a place to each ended context":
		s.lost++
		return notSent, true
	case ctx.Err() != nil && s.flaw != "starts with an ended context":
		return notSent, true
	case s.lost > crowd/2:
		return notSent, true
	case s.dead:
		return notSent, true
	case m.To == "" && s.flaw == "panics on an empty message":
		panic(errors.New("no address"))
	case m.To == "" || m.Text == "" && s.flaw != "sends an empty text":
		return permanent, true
	case !m.Expires.IsZero() && s.clock.Now().After(m.Expires) && s.flaw != "sends what has expired":
		return notSent, true
	case len(m.Text) > doubleLimit && s.flaw != "cuts long texts":
		return permanent, true
	case strings.Contains(m.Text, "thu Sau") && s.flaw == "refuses plain letters":
		return permanent, true
	case strings.Contains(m.Text, "ẳ") && s.flaw == "refuses Vietnamese":
		return permanent, true
	case strings.Contains(m.Text, "👍") && s.flaw == "says not sent of emoji":
		return notSent, true
	}
	for place, value := range map[string]string{"address": m.To, "subject": m.Subject, "name": m.ToName} {
		if strings.ContainsAny(value, "\r\n") && s.flaw != "takes line breaks in the "+place {
			return permanent, true
		}
	}
	return notify.Outcome{}, false
}

// handOver is the provider's side.
func (s *doubleSender) handOver(ctx context.Context, m notify.Message) notify.Outcome {
	s.mu.Lock()
	s.requests++
	first := s.requests == 1
	if s.flaw == "asks twice" && s.fault == Healthy && first {
		s.requests++
	}
	if s.flaw == "sends again after a cut" && s.fault == CutAfter {
		s.requests++
	}
	if s.flaw == "logs the text" {
		s.log += m.Text
	}
	s.mu.Unlock()

	unknown := notify.Outcome{Result: notify.ResultUnknown}
	switch fault := s.fault; {
	case fault == StallAfter, fault == Drip, fault == StallOnce && first:
		wait(ctx, fault.Timeout(), s.flaw == "deaf to its context", s.flaw == "no time limit" || s.flaw == "waits while bytes come in" && fault == Drip)
		s.interrupted()
		return unknown
	case fault == Huge && s.flaw == "keeps whatever it is answered":
		s.answer = make([]byte, 10<<20)
		return unknown
	case fault == Throttled, fault == ThrottledUntil, fault == ThrottledOwn:
		if s.flaw == "knows no dates" && fault == ThrottledUntil || s.flaw == "knows no words of its own" && fault == ThrottledOwn {
			return notify.Outcome{Result: notify.ResultThrottled}
		}
		if s.flaw == "forgets the delay" {
			return notify.Outcome{Result: notify.ResultThrottled}
		}
		return notify.Outcome{Result: notify.ResultThrottled, RetryAfter: ThrottleDelay}
	case fault == Duplicate:
		return notify.Outcome{Result: notify.ResultAccepted}
	case fault.Code() != "":
		out := notify.Outcome{Result: doubleCodes[fault.Code()], Code: fault.Code()}
		if s.flaw == "forgets the code" && fault.Code() == "13" {
			out.Code = ""
		}
		return out
	case fault != Healthy && fault != StallOnce:
		return unknown
	}
	return s.take(m)
}

// interrupted is what happens to a sender whose Send ended without an answer.
func (s *doubleSender) interrupted() {
	switch s.flaw {
	case "unusable once interrupted":
		s.mu.Lock()
		s.dead = true
		s.mu.Unlock()
	case "leaves a goroutine":
		go time.Sleep(time.Hour)
	}
}

func (s *doubleSender) take(m notify.Message) notify.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := m.IdempotencyKey
	if s.flaw == "key of the attempt" {
		key = fmt.Sprint(key, m.Attempt)
	}
	if id, known := s.keys[key]; s.idempotent && known {
		return notify.Outcome{Result: notify.ResultAccepted, ProviderID: id}
	}
	id := fmt.Sprint("m", len(s.deliveries))
	s.keys[key] = id
	if s.flaw != "loses one in a crowd" || len(s.deliveries) != crowd/2 || s.log != "" {
		s.deliveries = append(s.deliveries, Delivery{ID: id, Key: key, To: m.To, Subject: m.Subject, Text: s.written(m.Text)})
	} else {
		s.log = "one was lost"
	}
	switch {
	case s.flaw == "id lost of the first" && len(s.deliveries) == 1 && strings.HasSuffix(key, "-000000000001"):
		id = ""
	case s.flaw == "mixes up ids" && len(s.deliveries) > crowd/2:
		id = "m0"
	}
	return notify.Outcome{Result: notify.ResultAccepted, ProviderID: id}
}

// composed is the only decomposed text of the samples, composed.
var composed = strings.NewReplacer("a\u0306\u0301", "ắ", "i\u0323", "ị", "a\u0303", "ã", "o\u0302\u0301", "ố", "a\u0301", "á")

func (s *doubleSender) written(text string) string {
	switch s.flaw {
	case "sends decomposed letters":
		return text
	case "stops at a line with a dot":
		text, _, _ = strings.Cut(text, "\n.\n")
	case "turns emoji into question marks":
		text = strings.ReplaceAll(text, "👍", "?")
	case "escapes markup":
		text = strings.ReplaceAll(text, "&", "&amp;")
	}
	if len(text) > doubleLimit {
		text = text[:doubleLimit]
	}
	return composed.Replace(text)
}

// wait is a provider's silence: it ends with ctx or after limit, whichever
// the double heeds.
func wait(ctx context.Context, limit time.Duration, deaf, endless bool) {
	ended, late := ctx.Done(), time.After(limit)
	if deaf {
		ended = nil
	}
	if endless {
		late = nil
	}
	select {
	case <-ended:
	case <-late:
	}
}

// doubleTeller is a sender whose provider tells what became of a message.
type doubleTeller struct {
	*doubleSender
	told    map[string]notify.Receipt // by id, when asked
	waiting []notify.Receipt          // to be fetched
}

const doubleToken = "duong-dan-bi-mat"

var doubleReply = notify.Reply{Status: 200, ContentType: "text/plain", Body: "0"}

func (d *doubleTeller) receipts() *Receipts {
	say := func(token, body string) notify.Callback {
		return notify.Callback{Method: "POST", Token: token, Remote: "192.0.2.7", Body: []byte(body)}
	}
	r := &Receipts{
		Callback: func(r notify.Receipt, to string) notify.Callback {
			return say(doubleToken, strings.Join([]string{r.ProviderID, r.Key, string(r.Verdict), to}, "|"))
		},
		Reply:     doubleReply,
		Malformed: []notify.Callback{say(doubleToken, ""), say(doubleToken, "1|2"), say(doubleToken, "a|b|perhaps|c")},
		Foreign:   []notify.Callback{say("", "a|b|delivered|c"), say("wrong", "a|b|delivered|c")},
		Tell: func(r notify.Receipt) {
			if d.told == nil {
				d.told = map[string]notify.Receipt{}
			}
			r.Code = "7"
			d.told[r.ProviderID] = r
			d.waiting = append(d.waiting, r)
		},
	}
	switch d.flaw {
	case "shows nothing malformed":
		r.Malformed = nil
	case "shows nobody foreign":
		r.Foreign = nil
	case "declares callbacks and shows none":
		r.Callback = nil
	}
	return r
}

func (d *doubleTeller) ReadReceipts(c notify.Callback) ([]notify.Receipt, notify.Reply, error) {
	if c.Token != doubleToken && d.flaw != "believes everybody" {
		if d.flaw == "says which secret it wants" {
			return nil, notify.Reply{Status: 403}, fmt.Errorf("%w: want %s", notify.ErrForeign, doubleSecret)
		}
		return nil, notify.Reply{Status: 404}, notify.ErrForeign
	}
	parts := strings.Split(string(c.Body), "|")
	if d.flaw == "panics on a short callback" {
		_ = parts[3]
	}
	if len(parts) != 4 || parts[2] != string(notify.VerdictDelivered) && parts[2] != string(notify.VerdictUndelivered) {
		if d.flaw == "takes what is malformed" {
			return nil, doubleReply, nil
		}
		return nil, notify.Reply{Status: 400}, notify.ErrMalformed
	}
	r := notify.Receipt{Provider: "double", ProviderID: parts[0], Key: parts[1], Verdict: notify.Verdict(parts[2]), Code: "7"}
	reply := doubleReply
	d.mu.Lock()
	defer d.mu.Unlock()
	d.described++
	switch d.flaw {
	case "takes every verdict for delivered":
		r.Verdict = notify.VerdictDelivered
	case "remembers the first id":
		if len(d.deliveries) > 0 {
			r.ProviderID, r.Key = d.deliveries[0].ID, ""
		}
	case "names another provider":
		r.Provider = "other"
	case "puts the time into the code":
		r.Code = fmt.Sprint("7.", d.described)
	case "does not say thank you":
		reply.Body = ""
	case "refuses what it never sent":
		known := false
		for _, sent := range d.deliveries {
			known = known || sent.ID == r.ProviderID
		}
		if !known && c.Remote != "" && r.ProviderID == "990099" {
			return nil, notify.Reply{Status: 404}, notify.ErrMalformed
		}
	case "shows the number in the code":
		r.Code = parts[3]
	}
	return []notify.Receipt{r}, reply, nil
}

func (d *doubleTeller) QueryStatus(_ context.Context, about notify.Reference) (notify.Receipt, bool, error) {
	if d.fault == Refused && d.flaw != "takes silence for no" {
		return notify.Receipt{}, false, io.ErrUnexpectedEOF
	}
	r, known := d.told[about.ProviderID]
	r.Provider = "double"
	if d.flaw == "answers delivered of everything" {
		return notify.Receipt{Provider: "double", ProviderID: about.ProviderID, Verdict: notify.VerdictDelivered, Code: "7"}, true, nil
	}
	return r, known, nil
}

func (d *doubleTeller) PollReceipts(ctx context.Context, take notify.TakeReceipts) error {
	if len(d.waiting) == 0 {
		return nil
	}
	batch := d.waiting
	if d.flaw == "forgets before it was taken" {
		d.waiting = nil
	}
	if err := take(ctx, batch); err != nil {
		return err
	}
	if d.flaw != "never forgets" {
		d.waiting = nil
	}
	return nil
}
