// Package customchannel reaches people on a channel that is neither SMS nor mail:
// an official account of a messenger, which sends no free text, only templates it
// has approved, by their number and with parameters of declared types.
package customchannel

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
)

// Messenger is the channel. Any name will do that the core does not use.
const Messenger notify.Channel = "messenger"

// Approved is a template as the messenger approved it.
type Approved struct {
	ID     int
	Params map[string]Kind // by the name that the core uses
}

// Kind writes a value of the core as the messenger wants it typed; false: it cannot.
type Kind func(value string) (any, bool)

// Text is up to 200 letters.
func Text(s string) (any, bool) {
	s = norm.NFC.String(s)
	return s, strings.TrimSpace(s) != "" && utf8.RuneCountInString(s) <= 200
}

// Number is a whole number.
func Number(s string) (any, bool) { n, err := strconv.Atoi(s); return n, err == nil }

// Day is written as in 5/4/2017.
func Day(s string) (any, bool) { d, err := calendar.ParseDate(s); return d.VN(), err == nil }

// Account is a notify.Sender. It is safe for concurrent use.
type Account struct {
	URL, Token string
	Templates  map[string]Approved // by the core's names
	Limit      time.Duration
	Clock      func() time.Time
	Transport  http.RoundTripper // nil: Go's own
}

// meanings are the messenger's own codes.
var meanings = map[int]notify.Result{0: notify.ResultAccepted, -114: notify.ResultPermanent, -124: notify.ResultMisconfigured, -137: notify.ResultTransient}

// Describe says what the messenger can do.
func (a Account) Describe() notify.Capabilities {
	return notify.Capabilities{Name: "messenger", Channel: Messenger, Timeout: a.Limit, Registered: true, Parallel: 8}
}

// Send hands one message over.
func (a Account) Send(ctx context.Context, m notify.Message) notify.Outcome {
	template, approved := a.Templates[m.Template]
	if m.To == "" || strings.ContainsAny(m.To, "\r\n") || a.Clock().After(m.Expires) {
		return notify.Outcome{Result: notify.ResultPermanent, Detail: "nobody to send to, or too late"}
	}
	if !approved {
		return notify.Outcome{Result: notify.ResultMisconfigured, Detail: "the template is not approved yet: " + m.Template}
	}
	params := map[string]any{}
	for name, kind := range template.Params {
		value, ok := kind(m.Params[name])
		if params[name] = value; !ok {
			return notify.Outcome{Result: notify.ResultPermanent, Detail: "a parameter is not as declared: " + name}
		}
	}
	body, err := json.Marshal(map[string]any{"to": m.To, "template_id": template.ID, "params": params, "tracking_id": m.IdempotencyKey})
	if err != nil {
		return notify.Outcome{Result: notify.ResultPermanent, Detail: "the parameters cannot be written"}
	}
	return a.post(ctx, body)
}

// post is certain that nothing was sent only until there is a connection.
func (a Account) post(ctx context.Context, body []byte) notify.Outcome {
	ctx, cancel := context.WithTimeout(ctx, a.Limit)
	defer cancel()
	failed := notify.ResultNotSent
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { failed = notify.ResultUnknown }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL, bytes.NewReader(body))
	if err != nil {
		return notify.Outcome{Result: notify.ResultMisconfigured, Detail: "the URL is none"}
	}
	req.Header.Set("Access_token", a.Token)
	client := http.Client{Transport: a.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return notify.Outcome{Result: failed, Detail: "no answer"}
	}
	defer resp.Body.Close()
	var answer struct {
		Error *int
		Data  struct{ Msg_ID string }
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&answer)
	if seconds, bad := strconv.Atoi(resp.Header.Get("Retry-After")); resp.StatusCode == http.StatusTooManyRequests && bad == nil {
		return notify.Outcome{Result: notify.ResultThrottled, Code: "429", RetryAfter: time.Duration(seconds) * time.Second}
	}
	if err != nil || answer.Error == nil || meanings[*answer.Error] == "" || *answer.Error == 0 && answer.Data.Msg_ID == "" {
		return notify.Outcome{Result: notify.ResultUnknown, Code: strconv.Itoa(resp.StatusCode), Detail: "the answer was not understood"}
	}
	return notify.Outcome{Result: meanings[*answer.Error], ProviderID: answer.Data.Msg_ID, Code: strconv.Itoa(*answer.Error)}
}
