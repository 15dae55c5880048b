package httpsms

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"slices"
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
	// Tokens keeps what a rotating token needs; required for that kind of
	// authentication alone.
	Tokens TokenStore
}

// Sender hands messages to one gateway. It is safe for concurrent use.
type Sender struct {
	config    Config
	message   call
	question  call    // the zero value: the gateway cannot be asked
	account   call    // the same
	tokens    *tokens // nil: none are fetched
	store     TokenStore
	text      *smstext.Preparer
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
	if c.Auth.Kind == Rotating && opts.Tokens == nil {
		return nil, wrong("auth.kind", "a token that is replaced at each use has to be kept: give Options.Tokens", "token thay đổi sau mỗi lần dùng phải được lưu: hãy đặt Options.Tokens")
	}
	s := &Sender{
		config:    c,
		store:     opts.Tokens,
		transport: transport(c, opts),
		clock:     opts.Clock,
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if err := s.prepare(c); err != nil {
		return nil, err
	}
	return s, nil
}

// prepare makes texts and requests ready.
func (s *Sender) prepare(c Config) (err error) {
	if s.text, err = smstext.NewPreparer(c.Text.options()); err != nil {
		return err
	}
	f, err := c.formOf("body", c.Body)
	if err != nil {
		return err
	}
	headers := map[string]template{}
	for name, value := range c.Headers {
		if headers[name], err = c.parse("headers."+name, value); err != nil {
			return err
		}
	}
	if s.message, err = newCall(c.Method, c.URL, f, headers); err != nil {
		return err
	}
	if c.Query != nil {
		if f, err = c.formOf("query.body", c.Query.Body, "id"); err != nil {
			return err
		}
		if s.question, err = newCall(c.Query.Method, c.Query.URL, f, headers); err != nil {
			return err
		}
	}
	if c.Balance != nil {
		if f, err = c.formOf("balance.body", c.Balance.Body); err != nil {
			return err
		}
		if s.account, err = newCall(c.Balance.Method, c.Balance.URL, f, headers); err != nil {
			return err
		}
	}
	if c.Auth.fetches() {
		s.tokens, err = s.newTokens(c)
	}
	return err
}

// call is a request to be written down again and again.
type call struct {
	form    form
	headers map[string]template
	blank   *http.Request // what is the same each time; nil: there is no such call
}

func newCall(method, address string, f form, headers map[string]template) (call, error) {
	blank, err := http.NewRequest(method, address, nil)
	return call{f, headers, blank}, err
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
		Registered: len(s.config.Templates) > 0,
		Callback:   s.config.Callback != nil,
		Query:      s.config.Query != nil,
	}
}

// segments is how many parts a text costs as this sender writes it, 0 when it
// cannot be sent.
func (s *Sender) segments(text string) int {
	if len(s.config.Templates) > 0 {
		return 1 // whatever its text, a registered message is one
	}
	return s.text.Parts(text)
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
	worthless := ""
	for range 2 {
		var err error
		if v["token"], err = s.token(ctx, worthless); err != nil {
			return refusedToken(err)
		}
		req, err := s.compose(ctx, s.message, v)
		if err != nil {
			return refuse("the request cannot be written")
		}
		out, expired := s.exchange(req, m)
		if !expired {
			return out
		}
		worthless = v["token"] // refused before anything was done: once more, with a new one
	}
	return notify.Outcome{Result: notify.ResultMisconfigured, Code: "token", Detail: "the gateway honours no token"}
}

// token is what the gateway wants to see, "" where it wants none.
func (s *Sender) token(ctx context.Context, worthless string) (string, error) {
	switch {
	case s.tokens != nil:
		return s.tokens.get(ctx, worthless)
	case s.config.Auth.Kind == JWT:
		return s.config.Auth.sign(s.clock())
	}
	return "", nil
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
	case m.Class != notify.Duty && m.Class != notify.Care && m.Class != "":
		return nil, refused("the message is of no class that the programme sends")
	}
	v := values{
		"to":        s.config.PhoneForm.write(m.To),
		"sender":    s.config.Sender,
		"client_id": m.IdempotencyKey,
		"class":     string(m.Class),
		"unicode":   s.config.Unicode.No,
	}
	if called, ok := s.config.Classes[string(m.Class)]; ok {
		v["class"] = called
	}
	s.addSecrets(v)
	if len(s.config.Templates) > 0 {
		return v, s.register(v, m)
	}
	text, err := s.text.Prepare(m.Text)
	if err != nil {
		return nil, refused("the text cannot be sent: " + fault.Violations(err)[0].Rule)
	}
	v["text"] = text.Text
	if text.Segments.Encoding == smstext.UCS2 {
		v["unicode"] = s.config.Unicode.Yes
	}
	return v, nil
}

func (s *Sender) addSecrets(v values) {
	for name, secret := range s.config.Secrets {
		v[secretPrefix+name] = string(secret)
	}
}

// register adds the registered message that m is, with its parameters.
func (s *Sender) register(v values, m notify.Message) *notify.Outcome {
	registered, ok := s.config.Templates[m.Template]
	if !ok {
		return &notify.Outcome{Result: notify.ResultMisconfigured, Code: "template", Detail: "no message is registered for the template"}
	}
	if strings.TrimSpace(m.Text) == "" {
		return refused("the message is empty")
	}
	params := map[string]any{}
	for name, param := range registered.Params {
		value, ok := m.Params[param.From]
		value = smstext.Normalize(value)
		switch {
		case !ok || strings.TrimSpace(value) == "":
			return refused("a parameter of the registered message has no value")
		case param.Max > 0 && utf8.RuneCountInString(value) > param.Max:
			return refused("a parameter of the registered message is too long")
		case param.Type == Number && !json.Valid([]byte(value)):
			return refused("a parameter of the registered message is no number")
		case param.Type == Number:
			params[name] = json.Number(value)
		default:
			params[name] = value
		}
	}
	encoded, err := json.Marshal(params)
	if err != nil {
		return refused("a parameter of the registered message cannot be written")
	}
	v["template"], v[paramsValue] = registered.ID, string(encoded)
	return nil
}

// compose writes one HTTP request.
func (s *Sender) compose(ctx context.Context, c call, v values) (*http.Request, error) {
	written, contentType, err := c.form.write(v)
	if err != nil {
		return nil, err
	}
	req := c.blank.WithContext(ctx)
	req.Header = make(http.Header, 4+len(c.headers))
	switch {
	case c.form.kind == Query:
		u := *req.URL
		u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+string(written), "&")
		req.URL = &u
	case len(written) > 0:
		// Without GetBody the transport cannot send a body twice.
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(written)), int64(len(written))
		fallthrough
	default:
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Accept", "application/json, text/xml, */*")
	req.Header.Set("User-Agent", "outreach")
	for name, value := range c.headers {
		req.Header.Set(name, value.fill(v, nil))
	}
	switch a := s.config.Auth; a.Kind {
	case Basic:
		req.SetBasicAuth(a.User, string(a.Token))
	case Bearer:
		req.Header.Set("Authorization", "Bearer "+string(a.Token))
	case HeaderKey:
		req.Header.Set(a.Header, string(a.Token))
	case OAuth2, Rotating, JWT:
		token, has := v["token"]
		switch {
		case !has || a.InBody: // the request for a token itself has none
		case a.Header != "":
			req.Header.Set(a.Header, token)
		default:
			req.Header.Set("Authorization", "Bearer "+token)
		}
	}
	return req, nil
}

// maxAnswer is how much of an answer is read: more than any gateway says.
const maxAnswer = 1 << 20

var errTooLong = errors.New("the answer is too long")

// exchange sends req and reads the answer. expired says that nothing was done
// because the token is worthless.
func (s *Sender) exchange(req *http.Request, m notify.Message) (out notify.Outcome, expired bool) {
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
			return notSent("no connection: " + cause(err)), false
		}
		return notify.Outcome{Result: notify.ResultUnknown, Detail: "no answer: " + cause(err)}, false
	}
	defer resp.Body.Close()
	answer, err := readAnswer(resp.Body)
	if err != nil && resp.StatusCode < 300 {
		return notify.Outcome{Result: notify.ResultUnknown, Detail: fmt.Sprintf("HTTP %d, then no answer: %s", resp.StatusCode, cause(err))}, false
	}
	out = s.outcome(resp, answer, m)
	expired = s.tokens != nil && (resp.StatusCode == http.StatusUnauthorized || slices.Contains(s.config.Auth.Expired, out.Code))
	return out, expired
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
