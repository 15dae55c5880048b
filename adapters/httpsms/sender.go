package httpsms

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"

	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

// Options are what a test or an unusual network replaces. A nil *Options is
// the zero value.
type Options struct {
	// Clock tells whether a message has expired and how far off a date is.
	// Default time.Now.
	Clock func() time.Time
	// TLSConfig has settings for https, for example a private root. It is
	// cloned. Default: the system's roots, TLS 1.2 and newer.
	TLSConfig *tls.Config
	// Proxy finds the proxy for a request. Default: none.
	Proxy func(*http.Request) (*url.URL, error)
}

// Sender hands messages to one gateway. It is safe for concurrent use.
type Sender struct {
	config    Config
	url       url.URL
	form      form
	headers   map[string]template
	text      *smstext.Options
	transport *http.Transport
	clock     func() time.Time
	closed    atomic.Bool
}

var _ notify.Sender = (*Sender)(nil)

// New returns a sender for the gateway of c. It connects to nothing yet. An
// error holds one [*fault.Violation] for each field of c that is wrong.
func New(c Config, opts *Options) (*Sender, error) {
	c = c.defaulted()
	if err := c.validate(); err != nil {
		return nil, err
	}
	if opts == nil {
		opts = &Options{}
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	s := &Sender{
		config:    c,
		url:       *u,
		form:      f,
		headers:   map[string]template{},
		text:      c.Text.options(),
		transport: transport(c, opts),
		clock:     opts.Clock,
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	for name, value := range c.Headers {
		if s.headers[name], err = c.parse("headers."+name, value); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// idle is how long an unused connection is kept. It is shorter than the five
// seconds after which common servers hang up: writing into a connection that
// the other side has just closed leaves an unknown outcome behind.
const idle = 4 * time.Second

func transport(c Config, opts *Options) *http.Transport {
	t := &http.Transport{
		Proxy:                  opts.Proxy,
		DialContext:            (&net.Dialer{Timeout: time.Duration(c.Timeout)}).DialContext,
		TLSClientConfig:        opts.TLSConfig.Clone(),
		TLSHandshakeTimeout:    time.Duration(c.Timeout),
		MaxConnsPerHost:        c.MaxConns,
		MaxIdleConnsPerHost:    c.MaxConns,
		IdleConnTimeout:        idle,
		MaxResponseHeaderBytes: 64 << 10,
		// HTTP/1.1 only: one message, one request, one connection at a time.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
		// The transport repeats a request without a body by itself when a kept
		// connection breaks. A fresh one gives it no reason to.
		DisableKeepAlives: c.Body.Kind == Query,
	}
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return t
}

// Describe tells the core how to use the sender.
func (s *Sender) Describe() notify.Capabilities {
	return notify.Capabilities{
		Name:       s.config.Name,
		Channel:    notify.SMS,
		Idempotent: s.config.Idempotent,
		Window:     time.Duration(s.config.Window),
		Timeout:    time.Duration(s.config.Timeout),
		Parallel:   s.config.MaxConns,
		Segments:   s.segments,
	}
}

// segments is how many parts a text costs as this sender writes it, 0 when it
// cannot be sent.
func (s *Sender) segments(text string) int {
	prepared, err := smstext.Prepare(text, s.text)
	if err != nil {
		return 0
	}
	return prepared.Segments.Parts
}

// Send hands one message to the gateway. See the package for what each
// outcome means.
func (s *Sender) Send(ctx context.Context, m notify.Message) notify.Outcome {
	if s.closed.Load() {
		return notSent("the sender is closed")
	}
	if !m.Expires.IsZero() && !s.clock().Before(m.Expires) {
		return notSent("the message has expired")
	}
	v, refusal := s.values(m)
	if refusal != nil {
		return *refusal
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.config.Timeout))
	defer cancel()
	req, err := s.request(ctx, v)
	if err != nil {
		return refuse("the request cannot be written")
	}
	return s.exchange(req, m)
}

// values judges m and returns what its placeholders stand for.
func (s *Sender) values(m notify.Message) (values, *notify.Outcome) {
	switch {
	case m.Channel != notify.SMS:
		return nil, refused("the message is not for SMS")
	case !mobile(m.To) && !(s.config.Foreign && abroad(m.To)):
		out := refused("the number is no mobile number in the form +84…")
		out.Suppress = true
		return nil, out
	case m.IdempotencyKey == "" || !utf8.ValidString(m.IdempotencyKey) || strings.ContainsFunc(m.IdempotencyKey, control):
		return nil, refused("the message has no usable key")
	}
	text, err := smstext.Prepare(m.Text, s.text)
	if err != nil {
		return nil, refused("the text cannot be sent: " + fault.Violations(err)[0].Rule)
	}
	v := values{
		"to":        s.config.PhoneForm.write(m.To),
		"text":      text.Text,
		"sender":    s.config.Sender,
		"client_id": m.IdempotencyKey,
		"class":     string(m.Class),
		"unicode":   s.config.Unicode.No,
	}
	if text.Segments.Encoding == smstext.UCS2 {
		v["unicode"] = s.config.Unicode.Yes
	}
	if called, ok := s.config.Classes[string(m.Class)]; ok {
		v["class"] = called
	}
	for name, secret := range s.config.Secrets {
		v[secretPrefix+name] = string(secret)
	}
	return v, nil
}

// request writes the HTTP request for one message.
func (s *Sender) request(ctx context.Context, v values) (*http.Request, error) {
	written, contentType, err := s.form.write(v)
	if err != nil {
		return nil, err
	}
	u := s.url
	var body io.Reader
	if s.form.kind == Query {
		u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+string(written), "&")
	} else {
		body = bytes.NewReader(written)
	}
	req, err := http.NewRequestWithContext(ctx, s.config.Method, u.String(), body)
	if err != nil {
		return nil, err
	}
	req.GetBody = nil // without it the transport cannot send a body twice
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Accept", "application/json, text/xml, */*")
	req.Header.Set("User-Agent", "outreach")
	for name, value := range s.headers {
		req.Header.Set(name, value.fill(v, nil))
	}
	switch a := s.config.Auth; a.Kind {
	case Basic:
		req.SetBasicAuth(a.User, string(a.Token))
	case Bearer:
		req.Header.Set("Authorization", "Bearer "+string(a.Token))
	case HeaderKey:
		req.Header.Set(a.Header, string(a.Token))
	}
	return req, nil
}

// maxAnswer is how much of an answer is read: more than any gateway says.
const maxAnswer = 1 << 20

var errTooLong = errors.New("the answer is too long")

// exchange sends req and reads the answer.
func (s *Sender) exchange(req *http.Request, m notify.Message) notify.Outcome {
	defer func() {
		if s.closed.Load() {
			s.transport.CloseIdleConnections() // Close came too early for this one
		}
	}()
	var handedOver atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { handedOver.Store(true) }}
	ctx := httptrace.WithClientTrace(req.Context(), trace)

	// The transport, not a client: no redirects, no cookies, no retries.
	resp, err := s.transport.RoundTrip(req.WithContext(ctx))
	if err != nil {
		if !handedOver.Load() {
			return notSent("no connection: " + cause(err))
		}
		return notify.Outcome{Result: notify.ResultUnknown, Detail: "no answer: " + cause(err)}
	}
	defer resp.Body.Close()
	answer, err := readAnswer(resp.Body)
	if err != nil && resp.StatusCode < 300 {
		return notify.Outcome{Result: notify.ResultUnknown, Detail: fmt.Sprintf("HTTP %d, then no answer: %s", resp.StatusCode, cause(err))}
	}
	return s.outcome(resp, answer, m)
}

func readAnswer(r io.Reader) ([]byte, error) {
	answer, err := io.ReadAll(io.LimitReader(r, maxAnswer+1))
	switch {
	case err != nil:
		return nil, err
	case len(answer) > maxAnswer:
		return nil, errTooLong
	}
	return answer, nil
}

// outcome is what an answer means for m.
func (s *Sender) outcome(resp *http.Response, answer []byte, m notify.Message) notify.Outcome {
	class, code, id := s.config.Answer.classify(resp.StatusCode, answer)
	out := notify.Outcome{
		Result:   class.result(),
		Code:     printable(code, maxCode, m),
		Suppress: class == Suppress,
		Detail:   fmt.Sprintf("HTTP %d: %s", resp.StatusCode, class),
	}
	if out.Code == "" {
		out.Code = fmt.Sprintf("HTTP %d", resp.StatusCode)
	}
	switch out.Result {
	case notify.ResultAccepted:
		out.ProviderID = printable(id, maxID, m)
	case notify.ResultThrottled, notify.ResultTransient:
		out.RetryAfter = delay(resp.Header.Get(s.config.Answer.RetryAfter), s.clock())
	}
	return out
}

// Close ends the kept connections and refuses further Sends; a Send under way
// goes on to its end. It may be called more than once.
func (s *Sender) Close() error {
	s.closed.Store(true)
	s.transport.CloseIdleConnections()
	return nil
}

// Limits of what is kept of a gateway's words.
const (
	maxCode = 32
	maxID   = 128
)

// printable bounds a word of the gateway and drops it when it repeats the
// number: some answer with what they were asked.
func printable(word string, limit int, m notify.Message) string {
	word = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, word)
	if len(word) > limit {
		word = word[:limit]
	}
	if national := strings.TrimPrefix(m.To, "+84"); strings.Contains(word, national) {
		return ""
	}
	return word
}

func refuse(detail string) notify.Outcome {
	return notify.Outcome{Result: notify.ResultPermanent, Detail: detail}
}

func refused(detail string) *notify.Outcome {
	out := refuse(detail)
	return &out
}

func notSent(detail string) notify.Outcome {
	return notify.Outcome{Result: notify.ResultNotSent, Detail: detail}
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

func validHeader(name, value string) bool {
	return httpguts.ValidHeaderFieldName(name) && httpguts.ValidHeaderFieldValue(value)
}

// cause says in a few words why there is no answer. The errors themselves
// hold the address of the request, and with it perhaps a number.
func cause(err error) string {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.Is(err, errTooLong):
		return err.Error()
	case errors.Is(err, context.Canceled):
		return "stopped"
	case errors.As(err, &dns):
		return "host not found"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.As(err, &certificate):
		return "certificate not trusted"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "time is over"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection cut"
	}
	return "connection broken"
}
