package smssink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/huongvecoso/outreach/adapters/smstext"
)

// Options are the choices of [Start]. A nil *Options is the zero value.
type Options struct {
	// Addr is where to listen. Empty means a free port of 127.0.0.1.
	Addr string
	// Clock dates the ledger and ends the memory of client ids. Nil means
	// time.Now.
	Clock func() time.Time
	// LedgerFile is a file to which each accepted message is appended as a
	// line of JSON, and synced, before the sender is told. A sink started
	// again on the file knows the client ids in it. Empty: memory only.
	LedgerFile string
	// Window is how long a client id is remembered. Zero means 24 hours; a
	// negative one makes a gateway that sends every repeat.
	Window time.Duration
	// Token, when not empty, must come as "Authorization: Bearer <token>".
	Token string
	// Senders are the registered sender names. Empty means any that a
	// gateway could register.
	Senders []string
	// Strict refuses texts with characters that Vietnamese gateways do not
	// take, such as & and [ ]: see smstext.VietnameseGateway.
	Strict bool
	// Script, when not nil, interferes.
	Script Script
}

// Sink is a running gateway. Its methods are safe for use by several
// goroutines.
type Sink struct {
	opts      Options
	forbidden string
	server    *http.Server
	listener  net.Listener
	served    chan struct{}

	mu       sync.Mutex
	file     *ledgerFile // nil: memory only
	messages []Message
	seen     map[string]Message // by client id: the one accepted last
	requests int
	repeats  int
	last     int           // number in the last id
	grown    chan struct{} // closed and replaced when messages grows
	faults   []error       // for Close

	running sync.WaitGroup // requests
	closing chan struct{}  // closed by Close, under mu
	closed  sync.Once
}

// Start starts a sink. It listens when Start returns. The caller must Close it.
func Start(opts *Options) (*Sink, error) {
	s := &Sink{
		served: make(chan struct{}), seen: map[string]Message{},
		grown: make(chan struct{}), closing: make(chan struct{}),
	}
	if opts != nil {
		s.opts = *opts
	}
	s.opts.Addr = cmp.Or(s.opts.Addr, "127.0.0.1:0")
	s.opts.Window = cmp.Or(s.opts.Window, 24*time.Hour)
	if s.opts.Clock == nil {
		s.opts.Clock = time.Now
	}
	if s.opts.Strict {
		s.forbidden = smstext.VietnameseGateway().Forbidden
	}
	if err := s.openLedger(); err != nil {
		return nil, err
	}
	if err := s.listen(); err != nil {
		return nil, errors.Join(err, s.closeLedger())
	}
	return s, nil
}

// Addr returns host:port of the sink.
func (s *Sink) Addr() string { return s.listener.Addr().String() }

// URL returns where to post messages.
func (s *Sink) URL() string { return "http://" + s.Addr() + "/sms" }

// Ledger returns the messages accepted since Start, in order. The caller owns
// the slice.
func (s *Sink) Ledger() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Requests returns how many requests came since Start, good or bad.
func (s *Sink) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Repeats returns how many requests since Start were recognised by their
// client id and not sent again.
func (s *Sink) Repeats() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.repeats
}

// Wait returns the ledger as soon as it holds n messages. After timeout it
// returns what there is, and an error.
func (s *Sink) Wait(n int, timeout time.Duration) ([]Message, error) {
	late := time.NewTimer(timeout)
	defer late.Stop()
	for {
		s.mu.Lock()
		messages, grown := slices.Clone(s.messages), s.grown
		s.mu.Unlock()
		if len(messages) >= n {
			return messages, nil
		}
		select {
		case <-grown:
		case <-late.C:
			return messages, fmt.Errorf("%d messages within %v, want %d", len(messages), timeout, n)
		}
	}
}

// Close stops the sink, cutting what connections there are, and waits for the
// requests under way. It returns what went wrong since Start: a ledger that
// could not be written, a Script that panicked. Later calls return the same.
func (s *Sink) Close() error {
	s.closed.Do(func() {
		s.mu.Lock()
		close(s.closing)
		s.mu.Unlock()
		if err := s.server.Close(); err != nil {
			s.fail(err)
		}
		<-s.served
		s.running.Wait()
		if err := s.closeLedger(); err != nil {
			s.fail(err)
		}
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.faults...)
}

func (s *Sink) listen() error {
	listener, err := net.Listen("tcp", s.opts.Addr)
	if err != nil {
		return err
	}
	s.listener = listener
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sms", s.handle)
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		defer close(s.served)
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.fail(err)
		}
	}()
	return nil
}

func (s *Sink) openLedger() error {
	if s.opts.LedgerFile == "" {
		return nil
	}
	file, before, err := openLedger(s.opts.LedgerFile)
	if err != nil {
		return err
	}
	s.file = file
	for _, m := range before {
		s.remember(m)
		if n, err := strconv.Atoi(strings.TrimPrefix(m.ID, idPrefix)); err == nil {
			s.last = max(s.last, n)
		}
	}
	return nil
}

func (s *Sink) closeLedger() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	return s.file.f.Close()
}

const idPrefix = "sms-"

// accept enters a message into the ledger, unless its client id is one of a
// message accepted within the window: then it returns that one, and true.
func (s *Sink) accept(m Message) (entered Message, repeat bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.At = s.opts.Clock().UTC().Truncate(time.Microsecond)
	if first, known := s.seen[m.ClientID]; known && m.At.Before(first.At.Add(s.opts.Window)) {
		s.repeats++
		return first, true, nil
	}
	s.last++
	m.ID = fmt.Sprintf("%s%06d", idPrefix, s.last)
	if s.file != nil {
		if err := s.file.append(m); err != nil {
			return Message{}, false, err
		}
	}
	s.remember(m)
	s.messages = append(s.messages, m)
	close(s.grown)
	s.grown = make(chan struct{})
	return m, false, nil
}

func (s *Sink) remember(m Message) {
	if m.ClientID != "" {
		s.seen[m.ClientID] = m
	}
}

func (s *Sink) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, err)
}

// begin counts a request in, unless the sink is closing.
func (s *Sink) begin() (number int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closing:
		return 0, false
	default:
	}
	s.requests++
	s.running.Add(1)
	return s.requests, true
}

// pause waits for d, for the end of the request, or for Close.
func (s *Sink) pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-s.closing:
	}
}
