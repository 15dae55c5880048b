package httpsms_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/notify/notifytest"
)

const token = "khoa-bi-mat-cua-tram"

// dialect is one way to configure the sender for the sink.
type dialect struct {
	change func(*httpsms.Config)
	policy smstext.Policy
}

func TestTheSenderKeepsItsPromises(t *testing.T) {
	dialects := map[string]dialect{
		"JSON without marks": {func(*httpsms.Config) {}, smstext.Strip},
		"form with marks": {func(c *httpsms.Config) {
			c.Body.Kind = httpsms.Form
			c.PhoneForm = httpsms.With84
			c.Text.Policy = smstext.Unicode
			c.Headers = map[string]string{"Idempotency-Key": "{{client_id}}"}
		}, smstext.Unicode},
	}
	for name, d := range dialects {
		t.Run(name, func(t *testing.T) { notifytest.Run(t, d.harness()) })
	}
}

func (d dialect) harness() notifytest.Harness {
	return notifytest.Harness{
		New: d.fixture,
		Codes: map[string]notify.Result{
			"99": notify.ResultPermanent, "100": notify.ResultAccepted, "101": notify.ResultMisconfigured, "103": notify.ResultMisconfigured,
			"104": notify.ResultMisconfigured, "108": notify.ResultPermanent, "124": notify.ResultAccepted, "146": notify.ResultPermanent,
			"HTTP 302": notify.ResultUnknown, "HTTP 307": notify.ResultMisconfigured,
			"HTTP 400": notify.ResultPermanent, "HTTP 401": notify.ResultMisconfigured, "HTTP 403": notify.ResultMisconfigured,
			"HTTP 404": notify.ResultMisconfigured, "HTTP 408": notify.ResultTransient, "HTTP 429": notify.ResultThrottled,
			"HTTP 500": notify.ResultUnknown, "HTTP 502": notify.ResultUnknown, "HTTP 503": notify.ResultUnknown,
		},
		Secrets: []string{token},
		Arrives: func(text string) string {
			prepared, err := smstext.Prepare(text, &smstext.Options{Policy: d.policy, MaxParts: 3})
			if err != nil {
				return err.Error()
			}
			return prepared.Text
		},
		TooLong: strings.Repeat("Nội dung dài. ", 100),
	}
}

func (d dialect) fixture(tb testing.TB, fault notifytest.Fault) notifytest.Fixture {
	sink := startSink(tb, &smssink.Options{Token: token, Script: script(fault)})
	c := config(sink.URL())
	c.Auth = httpsms.Auth{Kind: httpsms.Bearer, Token: token}
	c.Timeout = httpsms.Duration(fault.Timeout())
	switch fault {
	case notifytest.Refused:
		c.URL = "http://" + unused(tb)
	case notifytest.NoHost:
		c.URL = "https://sms..invalid/sms" // no name at all, so no server is asked
	case notifytest.BadTLS:
		c.URL = distrusted(tb)
	case notifytest.CutBefore:
		c.URL = "https://" + listen(tb, func(c net.Conn) { c.Close() })
	case notifytest.StallBefore:
		c.URL = "https://" + listen(tb, func(c net.Conn) { io.Copy(io.Discard, c); c.Close() })
	}
	d.change(&c)
	if fault == notifytest.ThrottledOwn {
		c.Answer.RetryAfter = "X-Thu-Lai-Sau"
	}
	clock := new(notifytest.Clock)
	return notifytest.Fixture{Sender: newSender(tb, c, &httpsms.Options{Clock: clock.Now}), SetClock: clock.Set, Requests: sink.Requests, Deliveries: func() []notifytest.Delivery {
		var list []notifytest.Delivery
		for _, m := range sink.Ledger() {
			list = append(list, notifytest.Delivery{ID: m.ID, Key: m.ClientID, To: "+" + strings.TrimPrefix(m.To, "+"), Text: m.Text})
		}
		return list
	}}
}

// script makes the sink show a fault.
func script(fault notifytest.Fault) smssink.Script {
	return func(r smssink.Request) smssink.Fault {
		taken := smssink.Fault{Accepted: true}
		switch fault {
		case notifytest.CutAfter:
			taken.Drop = true
		case notifytest.StallAfter:
			taken.Delay = time.Hour
		case notifytest.StallOnce:
			if r.Number == 1 {
				taken.Delay = time.Hour
			}
		case notifytest.Drip:
			taken.Drip = 20 * time.Millisecond
			taken.Body = strings.Repeat(" ", 1000) + `{"code":"100","id":"1"}`
		case notifytest.Huge:
			taken.Body = `{"code":"100","id":"1","more":"` + strings.Repeat("x", 10<<20) + `"}`
		case notifytest.Truncated:
			taken.Body = `{"code":"100","id":"1`
		case notifytest.Empty:
			taken.Body = "\n"
		case notifytest.Page:
			taken.Body = "<!DOCTYPE html><html><body>code: 100</body></html>"
		case notifytest.Garbage:
			taken.Body = "\x1f\x8b\x08\x00\xff\xfe100"
		case notifytest.WrongTypes:
			taken.Body = `{"code":{"100":true},"id":[1]}`
		case notifytest.Undefined:
			taken.Code = "777"
		case notifytest.Throttled:
			return smssink.Throttled(notifytest.ThrottleDelay)
		case notifytest.ThrottledUntil:
			return throttled("Retry-After", time.Now().Add(notifytest.ThrottleDelay).UTC().Format(http.TimeFormat))
		case notifytest.ThrottledOwn:
			return throttled("X-Thu-Lai-Sau", strconv.Itoa(int(notifytest.ThrottleDelay/time.Second)))
		case notifytest.Duplicate:
			return smssink.Fault{Code: smssink.CodeRepeat}
		}
		return coded(fault.Code(), taken)
	}
}

// throttled says in a header when to come again.
func throttled(header, when string) smssink.Fault {
	return smssink.Fault{Status: http.StatusTooManyRequests, Header: http.Header{header: {when}}}
}

// coded answers with a code, or with an HTTP status and a body that has none.
func coded(code string, otherwise smssink.Fault) smssink.Fault {
	if status, ok := strings.CutPrefix(code, "HTTP "); ok {
		n, _ := strconv.Atoi(status)
		return smssink.Fault{Status: n, Body: "<html>" + status + " of " + token + "</html>", Header: http.Header{"Location": {"/elsewhere"}}}
	}
	if code != "" {
		return smssink.Fault{Code: code}
	}
	return otherwise
}

// unused is an address where nothing listens.
func unused(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// distrusted is a gateway with a certificate that nobody knows.
func distrusted(tb testing.TB) string {
	tb.Helper()
	server := httptest.NewUnstartedServer(says(`{"code":"100","id":"1"}`))
	server.Config.ErrorLog = quiet
	server.StartTLS()
	tb.Cleanup(server.Close)
	return server.URL
}
