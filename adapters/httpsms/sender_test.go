package httpsms_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
	"github.com/huongvecoso/outreach/core/notify"
)

func TestWhatAnAnswerMeans(t *testing.T) {
	var now = time.Date(2017, 5, 12, 2, 30, 0, 0, time.UTC)
	tests := []struct {
		name   string
		status int
		header http.Header
		body   string
		want   notify.Outcome
	}{
		{"accepted", 200, nil, `{"code":"100","id":"a1"}`, notify.Outcome{Result: notify.ResultAccepted, ProviderID: "a1", Code: "100", Detail: "HTTP 200: accepted"}},
		{"numbers for code and id", 201, nil, `{"code":100,"id":12345678901234567890}`,
			notify.Outcome{Result: notify.ResultAccepted, ProviderID: "12345678901234567890", Code: "100", Detail: "HTTP 201: accepted"}},
		{"behind a byte order mark", 200, nil, "\uFEFF{\"code\":\"100\",\"id\":\"a1\"}\r\n", notify.Outcome{Result: notify.ResultAccepted, ProviderID: "a1", Code: "100", Detail: "HTTP 200: accepted"}},
		{"accepted without an id", 200, nil, `{"code":"100"}`, notify.Outcome{Result: notify.ResultAccepted, Code: "100", Detail: "HTTP 200: accepted"}},
		{"an id of a wrong type", 200, nil, `{"code":"100","id":["a1"]}`, notify.Outcome{Result: notify.ResultUnknown, Code: "HTTP 200", Detail: "HTTP 200: unknown"}},
		{"a repetition", 200, nil, `{"code":"124","id":"a1"}`, notify.Outcome{Result: notify.ResultAccepted, ProviderID: "a1", Code: "124", Detail: "HTTP 200: duplicate"}},
		{"a repetition as a conflict", 409, nil, `{"code":"124","id":"a1"}`, notify.Outcome{Result: notify.ResultAccepted, ProviderID: "a1", Code: "124", Detail: "HTTP 409: duplicate"}},
		{"a bad number", 200, nil, `{"code":"108"}`, notify.Outcome{Result: notify.ResultPermanent, Code: "108", Suppress: true, Detail: "HTTP 200: suppress"}},
		{"a documented refusal under an error", 500, nil, `{"code":"104"}`, notify.Outcome{Result: notify.ResultMisconfigured, Code: "104", Detail: "HTTP 500: misconfigured"}},
		{"accepted under an error contradicts itself", 500, nil, `{"code":"100","id":"a1"}`, notify.Outcome{Result: notify.ResultUnknown, Code: "100", Detail: "HTTP 500: unknown"}},
		{"accepted under a refusal contradicts itself", 400, nil, `{"code":"100","id":"a1"}`, notify.Outcome{Result: notify.ResultUnknown, Code: "100", Detail: "HTTP 400: unknown"}},
		{"an undocumented code", 200, nil, `{"code":"-7"}`, notify.Outcome{Result: notify.ResultUnknown, Code: "-7", Detail: "HTTP 200: unknown"}},
		{"the number as code", 200, nil, `{"code":"84900000001"}`, notify.Outcome{Result: notify.ResultUnknown, Code: "HTTP 200", Detail: "HTTP 200: unknown"}},
		{"the number in the id", 200, nil, `{"code":"100","id":"0900000001-7"}`, notify.Outcome{Result: notify.ResultAccepted, Code: "100", Detail: "HTTP 200: accepted"}},
		{"an endless code", 200, nil, `{"code":"` + strings.Repeat("z", 1000) + `"}`, notify.Outcome{Result: notify.ResultUnknown, Code: strings.Repeat("z", 32), Detail: "HTTP 200: unknown"}},
		{"no code", 200, nil, `{"id":"a1"}`, notify.Outcome{Result: notify.ResultUnknown, Code: "HTTP 200", Detail: "HTTP 200: unknown"}},
		{"a code of null", 200, nil, `{"code":null,"id":"a1"}`, notify.Outcome{Result: notify.ResultUnknown, Code: "HTTP 200", Detail: "HTTP 200: unknown"}},
		{"two answers", 200, nil, `{"code":"100","id":"a1"}{"code":"100"}`, notify.Outcome{Result: notify.ResultUnknown, Code: "HTTP 200", Detail: "HTTP 200: unknown"}},
		{"no content", 204, nil, ``, notify.Outcome{Result: notify.ResultUnknown, Code: "HTTP 204", Detail: "HTTP 204: unknown"}},
		{"a list", 200, nil, `[{"code":"100"}]`, notify.Outcome{Result: notify.ResultUnknown, Code: "HTTP 200", Detail: "HTTP 200: unknown"}},

		{"too fast", 429, http.Header{"Retry-After": {"30"}}, ``, notify.Outcome{Result: notify.ResultThrottled, Code: "HTTP 429", RetryAfter: 30 * time.Second, Detail: "HTTP 429: throttled"}},
		{"too fast, until a date", 429, http.Header{"Retry-After": {"Fri, 12 May 2017 02:30:45 GMT"}}, ``,
			notify.Outcome{Result: notify.ResultThrottled, Code: "HTTP 429", RetryAfter: 45 * time.Second, Detail: "HTTP 429: throttled"}},
		{"too fast, until a date that is over", 429, http.Header{"Retry-After": {"Fri, 12 May 2017 02:29:45 GMT"}}, ``,
			notify.Outcome{Result: notify.ResultThrottled, Code: "HTTP 429", Detail: "HTTP 429: throttled"}},
		{"too fast, until a Unix time", 429, http.Header{"Retry-After": {fmt.Sprint(now.Add(time.Minute).Unix())}}, ``,
			notify.Outcome{Result: notify.ResultThrottled, Code: "HTTP 429", RetryAfter: time.Minute, Detail: "HTTP 429: throttled"}},
		{"too fast, for years", 429, http.Header{"Retry-After": {"99999999"}}, ``,
			notify.Outcome{Result: notify.ResultThrottled, Code: "HTTP 429", RetryAfter: 24 * time.Hour, Detail: "HTTP 429: throttled"}},
		{"too fast, for a while", 429, http.Header{"Retry-After": {"soon"}}, ``, notify.Outcome{Result: notify.ResultThrottled, Code: "HTTP 429", Detail: "HTTP 429: throttled"}},
		{"too fast, and yet a code", 429, nil, `{"code":"100","id":"a1"}`, notify.Outcome{Result: notify.ResultThrottled, Code: "100", Detail: "HTTP 429: throttled"}},

		{"moved", 301, http.Header{"Location": {"/there"}}, ``, notify.Outcome{Result: notify.ResultMisconfigured, Code: "HTTP 301", Detail: "HTTP 301: misconfigured"}},
		{"see there", 303, http.Header{"Location": {"/there"}}, ``, notify.Outcome{Result: notify.ResultUnknown, Code: "HTTP 303", Detail: "HTTP 303: unknown"}},
		{"no balance", 402, nil, ``, notify.Outcome{Result: notify.ResultMisconfigured, Code: "HTTP 402", Detail: "HTTP 402: misconfigured"}},
		{"not here", 404, nil, `<html>`, notify.Outcome{Result: notify.ResultMisconfigured, Code: "HTTP 404", Detail: "HTTP 404: misconfigured"}},
		{"unprocessable", 422, nil, ``, notify.Outcome{Result: notify.ResultPermanent, Code: "HTTP 422", Detail: "HTTP 422: permanent"}},
		{"bad gateway", 502, nil, `<html>`, notify.Outcome{Result: notify.ResultUnknown, Code: "HTTP 502", Detail: "HTTP 502: unknown"}},
		{"no such status", 999, nil, ``, notify.Outcome{Result: notify.ResultUnknown, Code: "HTTP 999", Detail: "HTTP 999: unknown"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := startGateway(t, func(w http.ResponseWriter, _ *http.Request) {
				for name, values := range test.header {
					w.Header()[name] = values
				}
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			})
			s := newSender(t, config(g.URL), &httpsms.Options{Clock: func() time.Time { return now }})
			got := send(t, s, notice(1))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
			if n := g.count(); n != 1 {
				t.Errorf("%d requests for one Send", n)
			}
		})
	}
}

func TestAGatewayThatKnowsBetterOverrulesTheStatuses(t *testing.T) {
	statuses := map[string]httpsms.Class{"409": httpsms.Repeated, "503": httpsms.Transient, "5xx": httpsms.Misconfigured, "4xx": httpsms.Unclear}
	for status, want := range map[int]notify.Result{
		409: notify.ResultAccepted,
		503: notify.ResultTransient,
		500: notify.ResultMisconfigured,
		404: notify.ResultUnknown,
		302: notify.ResultUnknown,
		200: notify.ResultUnknown,
	} {
		g := startGateway(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Wait", "9")
			w.WriteHeader(status)
		})
		c := config(g.URL)
		c.Answer.Statuses = statuses
		c.Answer.RetryAfter = "X-Wait"
		out := send(t, newSender(t, c, nil), notice(1))
		if out.Result != want || (want == notify.ResultTransient) != (out.RetryAfter == 9*time.Second) {
			t.Errorf("HTTP %d: %+v, want %s", status, out, want)
		}
	}
}

func TestAnIDAloneProvesAcceptanceWhereThereAreNoCodes(t *testing.T) {
	for body, want := range map[string]notify.Result{
		`{"message":{"sid":"SM1"}}`: notify.ResultAccepted,
		`{"message":{"sid":""}}`:    notify.ResultUnknown,
		`{"message":null}`:          notify.ResultUnknown,
	} {
		g := startGateway(t, says(body))
		c := config(g.URL)
		c.Answer = httpsms.Answer{ID: "message.sid"}
		if out := send(t, newSender(t, c, nil), notice(1)); out.Result != want || (want == notify.ResultAccepted) != (out.ProviderID == "SM1") {
			t.Errorf("%s: %+v, want %s", body, out, want)
		}
	}
}

// The transport of net/http repeats a request that it takes for harmless, when
// a kept connection breaks. A gateway may have sent the message by then.
func TestABrokenConnectionIsNeverTriedAgain(t *testing.T) {
	changes := map[string]func(*httpsms.Config){
		"POST":                         func(*httpsms.Config) {},
		"POST with an idempotency key": func(c *httpsms.Config) { c.Headers = map[string]string{"Idempotency-Key": "{{client_id}}"} },
		"PUT":                          func(c *httpsms.Config) { c.Method = http.MethodPut },
		"query": func(c *httpsms.Config) {
			c.Body.Kind = httpsms.Query
			c.Headers = map[string]string{"X-Idempotency-Key": "{{client_id}}"}
		},
		"query by POST": func(c *httpsms.Config) { c.Body.Kind, c.Method = httpsms.Query, http.MethodPost },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			var served atomic.Int64
			g := startGateway(t, func(w http.ResponseWriter, r *http.Request) {
				if served.Add(1) == 1 {
					says(`{"code":"100","id":"a1"}`)(w, r)
					return
				}
				hangUp(w, r)
			})
			c := config(g.URL)
			change(&c)
			s := newSender(t, c, nil)
			if out := send(t, s, notice(1)); out.Result != notify.ResultAccepted {
				t.Fatalf("the first message: %+v", out)
			}
			want := notify.Outcome{Result: notify.ResultUnknown, Detail: "no answer: connection cut"}
			if out := send(t, s, notice(2)); out != want {
				t.Errorf("the second message: %+v, want %+v", out, want)
			}
			if n := g.count(); n != 2 {
				t.Errorf("%d requests for two Sends", n)
			}
		})
	}
}

func TestConnectionsAreKept(t *testing.T) {
	var opened atomic.Int64
	g := httptest.NewUnstartedServer(says(`{"code":"100","id":"a1"}`))
	g.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	g.Start()
	t.Cleanup(g.Close)
	s := newSender(t, config(g.URL), nil)
	for i := range 5 {
		if out := send(t, s, notice(i)); out.Result != notify.ResultAccepted {
			t.Fatalf("outcome %+v", out)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections for five messages in a row", n)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := startGateway(t, says(`{"code":"100","id":"a1"}`))
	for _, status := range []int{301, 302, 303, 307, 308} {
		g := startGateway(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, status) })
		if out := send(t, newSender(t, config(g.URL), nil), notice(1)); out.Result == notify.ResultAccepted {
			t.Errorf("HTTP %d: %+v", status, out)
		}
	}
	if n := elsewhere.count(); n != 0 {
		t.Errorf("%d requests, with their keys, went elsewhere", n)
	}
}

func TestAnAnswerThatBreaksOff(t *testing.T) {
	answer := func(head string) string {
		return listen(t, func(c net.Conn) {
			buf := make([]byte, 4096)
			c.Read(buf)
			fmt.Fprint(c, head)
			c.Close()
		})
	}
	tests := []struct {
		name, head string
		want       notify.Outcome
	}{
		{"before the status", "HTT", unknown("no answer: connection broken")},
		{"in the header", "HTTP/1.1 200 OK\r\nContent-Le", unknown("no answer: connection broken")},
		{"in the body", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"code\":\"100\",\"id\":\"1\"}", unknown("HTTP 200, then no answer: connection cut")},
		{"in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n17\r\n{\"code\":\"100\",\"id\":\"1\"}\r\n", unknown("HTTP 200, then no answer: connection cut")},
		{"in the body of a refusal", "HTTP/1.1 401 No\r\nContent-Length: 99\r\n\r\n<html>", notify.Outcome{Result: notify.ResultMisconfigured, Code: "HTTP 401", Detail: "HTTP 401: misconfigured"}},
		{"an endless header", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20), unknown("no answer: connection broken")},
		{"far too much of it", "HTTP/1.1 200 OK\r\n\r\n{\"code\":\"100\",\"id\":\"1\"}" + strings.Repeat(" ", 2<<20), unknown("HTTP 200, then no answer: the answer is too long")},
		{"another protocol", "220 mail.xuanloc.example ESMTP\r\n", unknown("no answer: connection broken")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := config("http://" + answer(test.head))
			c.Timeout = httpsms.Duration(5 * time.Second)
			if out := send(t, newSender(t, c, nil), notice(1)); out != test.want {
				t.Errorf("outcome %+v, want %+v", out, test.want)
			}
		})
	}
}

func unknown(detail string) notify.Outcome {
	return notify.Outcome{Result: notify.ResultUnknown, Detail: detail}
}

func TestHTTPSIsCheckedAndUsed(t *testing.T) {
	server := httptest.NewUnstartedServer(says(`{"code":"100","id":"a1"}`))
	server.Config.ErrorLog = quiet
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	for name, test := range map[string]struct {
		config *tls.Config
		want   notify.Outcome
	}{
		"a known root":   {&tls.Config{RootCAs: roots}, notify.Outcome{Result: notify.ResultAccepted, ProviderID: "a1", Code: "100", Detail: "HTTP 200: accepted"}},
		"an unknown one": {nil, notify.Outcome{Result: notify.ResultNotSent, Detail: "no connection: certificate not trusted"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t, config(server.URL), &httpsms.Options{TLSConfig: test.config})
			if out := send(t, s, notice(1)); out != test.want {
				t.Errorf("outcome %+v, want %+v", out, test.want)
			}
		})
	}
}

func TestASendThatWaitsForAConnectionWasNotSent(t *testing.T) {
	sink := startSink(t, &smssink.Options{Script: func(smssink.Request) smssink.Fault { return smssink.Fault{Accepted: true, Delay: time.Hour} }})
	c := config(sink.URL())
	c.MaxConns = 1
	s := newSender(t, c, nil)
	first, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan notify.Outcome, 1)
	go func() { done <- s.Send(first, notice(1)) }()
	for sink.Requests() == 0 {
		time.Sleep(time.Millisecond)
	}
	second, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	want := notify.Outcome{Result: notify.ResultNotSent, Detail: "no connection: time is over"}
	if out := s.Send(second, notice(2)); out != want {
		t.Errorf("the Send in the queue: %+v, want %+v", out, want)
	}
	stop()
	if out := <-done; out.Result != notify.ResultUnknown {
		t.Errorf("the Send that was stopped: %+v", out)
	}
}

func TestCloseLetsASendUnderWayFinish(t *testing.T) {
	release := make(chan struct{})
	var waiting atomic.Bool
	g := startGateway(t, func(w http.ResponseWriter, r *http.Request) {
		waiting.Store(true)
		<-release
		says(`{"code":"100","id":"a1"}`)(w, r)
	})
	s := newSender(t, config(g.URL), nil)
	done := make(chan notify.Outcome, 1)
	go func() { done <- s.Send(context.Background(), notice(1)) }()
	for !waiting.Load() {
		time.Sleep(time.Millisecond)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	close(release)
	if out := <-done; out.Result != notify.ResultAccepted {
		t.Errorf("the Send under way: %+v", out)
	}
}

func TestAMessageThatMustNotBecomeAnSMSIsRefused(t *testing.T) {
	tests := []struct {
		name     string
		change   func(*notify.Message)
		suppress bool
		detail   string
	}{
		{"another channel", func(m *notify.Message) { m.Channel = notify.Email }, false, "not for SMS"},
		{"no number", func(m *notify.Message) { m.To = "" }, true, "mobile"},
		{"a landline", func(m *notify.Message) { m.To = "+842513871113" }, true, "mobile"},
		{"the old eleven digits", func(m *notify.Message) { m.To = "+841681234567" }, true, "mobile"},
		{"the national form", func(m *notify.Message) { m.To = "0900000001" }, true, "mobile"},
		{"a foreign number", func(m *notify.Message) { m.To = "+8562055500000" }, true, "mobile"},
		{"full-width digits", func(m *notify.Message) { m.To = "+849０0000001" }, true, "mobile"},
		{"no key", func(m *notify.Message) { m.IdempotencyKey = "" }, false, "key"},
		{"a key with a line break", func(m *notify.Message) { m.IdempotencyKey = "a\r\nX: y" }, false, "key"},
		{"an empty text", func(m *notify.Message) { m.Text = " \n" }, false, "smstext.empty"},
		{"a character without replacement", func(m *notify.Message) { m.Text = "a < b" }, false, "smstext.forbidden"},
		{"more than three parts", func(m *notify.Message) { m.Text = strings.Repeat("x", 460) }, false, "smstext.too_long"},
	}
	sink := startSink(t, nil)
	s := newSender(t, config(sink.URL()), nil)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := notice(1)
			test.change(&m)
			out := send(t, s, m)
			if out.Result != notify.ResultPermanent || out.Suppress != test.suppress || !strings.Contains(out.Detail, test.detail) {
				t.Errorf("outcome %+v, want %s, suppress %t, %q", out, notify.ResultPermanent, test.suppress, test.detail)
			}
		})
	}
	if n := sink.Requests(); n != 0 {
		t.Errorf("%d of them were sent", n)
	}
}

func TestExpiryIsJudgedByTheClockOfTheHost(t *testing.T) {
	sink := startSink(t, nil)
	m := notice(1)
	m.Expires = m.Created.Add(time.Hour)
	for _, test := range []struct {
		now  time.Time
		want notify.Result
	}{
		{m.Expires.Add(-time.Second), notify.ResultAccepted},
		{m.Expires, notify.ResultNotSent},
	} {
		s := newSender(t, config(sink.URL()), &httpsms.Options{Clock: func() time.Time { return test.now }})
		if out := send(t, s, m); out.Result != test.want {
			t.Errorf("at %v: %+v, want %s", test.now, out, test.want)
		}
	}
}

func TestDescribeTellsTheCostAsItWillBe(t *testing.T) {
	c := config("https://sms.xuanloc.example")
	describe := func(change func(*httpsms.Config)) notify.Capabilities {
		c := c
		change(&c)
		return newSender(t, c, nil).Describe()
	}
	got := describe(func(*httpsms.Config) {})
	text := strings.Repeat("đ", 100)
	if n := got.Segments(text); n != 1 {
		t.Errorf("%d parts without marks, want 1", n)
	}
	if n := describe(func(c *httpsms.Config) { c.Text.Policy = "unicode" }).Segments(text); n != 2 {
		t.Errorf("%d parts with marks, want 2", n)
	}
	if n := got.Segments(""); n != 0 {
		t.Errorf("%d parts of nothing", n)
	}
	got.Segments = nil
	want := notify.Capabilities{Name: "sms", Channel: notify.SMS, Idempotent: true, Window: 24 * time.Hour, Timeout: 10 * time.Second, Parallel: 10}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("capabilities (-want +got):\n%s", diff)
	}
}

func ExampleNew() {
	gateway, err := smssink.Start(nil) // a gateway that sends nothing
	if err != nil {
		fmt.Println(err)
		return
	}
	defer gateway.Close()

	c := httpsms.Generic()
	c.URL = gateway.URL()
	c.Sender = "XUANLOC"
	sender, err := httpsms.New(c, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sender.Close()

	out := sender.Send(context.Background(), notify.Message{
		Notice:         "0198c0de-0000-7000-8000-000000000001",
		IdempotencyKey: "0198c0de-0000-7000-8000-000000000001",
		Channel:        notify.SMS,
		Class:          notify.Duty,
		To:             "+84900000001",
		Text:           "HVCS: ý kiến XL-17-0142 còn 2 ngày làm việc.",
	})
	fmt.Println(out.Result, out.Code, out.ProviderID)
	fmt.Println(gateway.Ledger()[0].Text)
	// Output:
	// accepted 100 sms-000001
	// HVCS: y kien XL-17-0142 con 2 ngay lam viec.
}
