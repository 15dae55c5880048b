package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// counts is what a sink took since it was last emptied.
type counts struct {
	Messages int `json:"messages"`
	Distinct int `json:"distinct"` // by Message-ID or client id
}

// sink is a mail relay and an SMS gateway that take everything, remember what
// came when, and keep nothing else. It runs in a process of its own, so that what
// it costs counts for nobody.
type sink struct {
	mu       sync.Mutex
	messages int
	arrived  map[string]time.Time // by id; the first time
}

// sinkAddrs is where a sink can be reached.
type sinkAddrs struct {
	SMTP    string `json:"smtp"`
	SMS     string `json:"sms"`
	Control string `json:"control"`
}

// runSink is the process of the sink: it says where it is and works until its
// standard input ends.
func runSink() error {
	s := &sink{arrived: map[string]time.Time{}}
	var addrs sinkAddrs
	mail, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	relay := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailSession{sink: s}, nil }))
	relay.Domain, relay.MaxMessageBytes, relay.ErrorLog = "sink.invalid", 1<<20, log.New(io.Discard, "", 0)
	go func() { _ = relay.Serve(mail) }()
	addrs.SMTP = mail.Addr().String()

	web, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	addrs.SMS = "http://" + web.Addr().String() + "/sms"
	addrs.Control = "http://" + web.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sms", s.sms)
	mux.HandleFunc("GET /counts", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(s.counts()) })
	mux.HandleFunc("GET /arrived", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(s.times()) })
	mux.HandleFunc("POST /empty", func(http.ResponseWriter, *http.Request) { s.empty() })
	go func() { _ = http.Serve(web, mux) }()

	if err := json.NewEncoder(os.Stdout).Encode(addrs); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// take notes one message.
func (s *sink) take(id string) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages++
	if _, again := s.arrived[id]; !again {
		s.arrived[id] = now
	}
}

func (s *sink) counts() counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return counts{s.messages, len(s.arrived)}
}

func (s *sink) times() map[string]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.arrived)
}

func (s *sink) empty() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages, s.arrived = 0, map[string]time.Time{}
}

func (s *sink) sms(w http.ResponseWriter, r *http.Request) {
	var fields struct {
		ClientID string `json:"client_id"`
	}
	if err := json.NewDecoder(r.Body).Decode(&fields); err != nil || fields.ClientID == "" {
		http.Error(w, `{"code":"99"}`, http.StatusBadRequest)
		return
	}
	s.take(fields.ClientID)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"code":"100","id":"sms-%s"}`, fields.ClientID)
}

// mailSession is one connection of a mail client.
type mailSession struct {
	sink *sink
	buf  bytes.Buffer
}

func (*mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (*mailSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (*mailSession) Reset()                               {}
func (*mailSession) Logout() error                        { return nil }

func (m *mailSession) Data(r io.Reader) error {
	m.buf.Reset()
	if _, err := m.buf.ReadFrom(r); err != nil {
		return err
	}
	id, ok := messageID(m.buf.Bytes())
	if !ok {
		return &smtp.SMTPError{Code: 554, Message: "no Message-ID"}
	}
	m.sink.take(id)
	return nil
}

var idHeader = []byte("\nmessage-id: <")

// messageID is the local part of a mail's Message-ID.
func messageID(mail []byte) (string, bool) {
	head, _, _ := bytes.Cut(mail, []byte("\r\n\r\n"))
	_, rest, ok := bytes.Cut(bytes.ToLower(head), idHeader)
	if !ok {
		return "", false
	}
	id, _, ok := bytes.Cut(rest, []byte("@"))
	return string(bytes.TrimPrefix(id, []byte("n."))), ok
}

// sinkClient asks a sink what it took.
type sinkClient struct{ control string }

func (c sinkClient) counts(ctx context.Context) (n counts, err error) {
	return n, c.ask(ctx, http.MethodGet, "/counts", &n)
}

func (c sinkClient) arrived(ctx context.Context) (at map[string]time.Time, err error) {
	return at, c.ask(ctx, http.MethodGet, "/arrived", &at)
}

func (c sinkClient) empty(ctx context.Context) error {
	return c.ask(ctx, http.MethodPost, "/empty", nil)
}

func (c sinkClient) ask(ctx context.Context, method, path string, into any) error {
	u, err := url.JoinPath(c.control, path)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, u, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New("the sink says " + response.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(into)
}
