package httpsms_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
	"github.com/huongvecoso/outreach/core/notify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// config is Generic for the gateway at url.
func config(url string) httpsms.Config {
	c := httpsms.Generic()
	c.URL = url
	c.Sender = "XUANLOC"
	return c
}

func newSender(tb testing.TB, c httpsms.Config, opts *httpsms.Options) *httpsms.Sender {
	tb.Helper()
	s, err := httpsms.New(c, opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

func startSink(tb testing.TB, opts *smssink.Options) *smssink.Sink {
	tb.Helper()
	sink, err := smssink.Start(opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := sink.Close(); err != nil {
			tb.Error(err)
		}
	})
	return sink
}

// gateway is a server of the test's own making that counts its requests.
type gateway struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
}

func startGateway(tb testing.TB, answer http.HandlerFunc) *gateway {
	tb.Helper()
	g := &gateway{}
	g.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, max(r.ContentLength, 0))
		if _, err := r.Body.Read(body); err != nil && len(body) == 0 && r.ContentLength > 0 {
			tb.Error(err)
		}
		g.mu.Lock()
		g.requests = append(g.requests, r.Clone(context.Background()))
		g.bodies = append(g.bodies, string(body))
		g.mu.Unlock()
		answer(w, r)
	}))
	g.Start()
	tb.Cleanup(g.Close)
	return g
}

func (g *gateway) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.requests)
}

// says answers every request with status 200 and the body.
func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

// hangUp closes the connection without an answer.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn.Close()
	}
}

// notice is a message to an invented number.
func notice(i int) notify.Message {
	return notify.Message{
		Notice:         notify.ID(fmt.Sprintf("0198c0de-0000-7000-8000-%012d", i)),
		Attempt:        1,
		IdempotencyKey: fmt.Sprintf("0198c0de-0000-7000-8000-%012d", i),
		Channel:        notify.SMS,
		Class:          notify.Duty,
		To:             fmt.Sprintf("+8490000%04d", i),
		Text:           "HVCS: ý kiến XL-17-0142 còn 2 ngày làm việc đến hạn trả lời.",
		Created:        time.Date(2017, 5, 12, 2, 30, 0, 0, time.UTC),
	}
}

func send(tb testing.TB, s *httpsms.Sender, m notify.Message) notify.Outcome {
	tb.Helper()
	return s.Send(context.Background(), m)
}

// quiet is the log of servers whose clients hang up.
var quiet = log.New(io.Discard, "", 0)

// listen accepts connections and gives each to play.
func listen(tb testing.TB, play func(net.Conn)) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { play(c) })
		}
	})
	tb.Cleanup(func() { l.Close(); all.Wait() })
	return l.Addr().String()
}
