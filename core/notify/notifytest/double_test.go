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
	return Harness{
		New:     d.fixture,
		Codes:   doubleCodes,
		Secrets: []string{doubleSecret},
		TooLong: strings.Repeat("dai ", doubleLimit),
	}
}

func (d double) fixture(_ testing.TB, fault Fault) Fixture {
	s := &doubleSender{double: d, fault: fault, keys: map[string]string{}}
	return Fixture{
		Sender: s,
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
}

func (s *doubleSender) Describe() notify.Capabilities {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.described++
	c := notify.Capabilities{Name: "double", Channel: s.channel, Timeout: s.fault.Timeout(), Parallel: crowd, Idempotent: s.idempotent}
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
	case !m.Expires.IsZero() && time.Now().After(m.Expires) && s.flaw != "sends what has expired":
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
		wait(ctx, fault.Timeout(), s.flaw == "deaf to its context", s.flaw == "no time limit")
		s.interrupted()
		return unknown
	case fault == Throttled:
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
