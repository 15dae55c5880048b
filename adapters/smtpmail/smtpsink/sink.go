package smtpsink

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Security says how a connection is protected. The zero value is none;
// [Options] reads it as [Plain].
type Security string

// What the sink offers.
const (
	Plain    Security = "plain"    // no encryption
	StartTLS Security = "starttls" // plain at first, encrypted after STARTTLS
	TLS      Security = "tls"      // encrypted from the first byte
)

// Options are the choices of [Start]. A nil *Options is the zero value.
type Options struct {
	// Addr is where to listen. Empty means a free port of 127.0.0.1.
	Addr string
	// Clock dates the ledger. Nil means time.Now.
	Clock func() time.Time
	// LedgerFile is a file to which each accepted mail is appended as a line
	// of JSON, and synced, before the sender is told. Empty: memory only.
	LedgerFile string
	// Dir is an existing directory that gets each accepted mail as an .eml
	// file. Empty: none.
	Dir string
	// Security is what the sink offers; its certificate is its own. Empty
	// means Plain.
	Security Security
	// Username and Password, when not empty, are what AUTH PLAIN must give
	// before any mail is taken. With StartTLS that needs encryption first.
	Username, Password string
	// MaxBytes is the largest message taken. Zero means 10 MiB.
	MaxBytes int64
	// Script, when not nil, interferes.
	Script Script
}

// Sink is a running mail server. Its methods are safe for use by several
// goroutines.
type Sink struct {
	opts     Options
	server   *smtp.Server
	listener *listener
	client   *tls.Config // nil without TLS
	served   chan struct{}

	mu      sync.Mutex
	file    *ledgerFile // nil: memory only
	mails   []Mail
	last    int           // number in the last queue id
	grown   chan struct{} // closed and replaced when mails grows
	faults  []error       // for Close
	closing chan struct{} // closed by Close
	closed  sync.Once
}

// Start starts a sink. It listens when Start returns. The caller must Close it.
func Start(opts *Options) (*Sink, error) {
	s := &Sink{served: make(chan struct{}), grown: make(chan struct{}), closing: make(chan struct{})}
	if opts != nil {
		s.opts = *opts
	}
	s.opts.Addr = cmp.Or(s.opts.Addr, "127.0.0.1:0")
	s.opts.Security = cmp.Or(s.opts.Security, Plain)
	s.opts.MaxBytes = cmp.Or(s.opts.MaxBytes, 10<<20)
	if s.opts.Clock == nil {
		s.opts.Clock = time.Now
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

// ClientTLS returns the settings with which a client trusts the certificate of
// the sink, nil when it has none. The caller owns the value.
func (s *Sink) ClientTLS() *tls.Config { return s.client.Clone() }

// Ledger returns the mails accepted since Start, in order. The caller owns the
// slice.
func (s *Sink) Ledger() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Wait returns the ledger as soon as it holds n mails. After timeout it
// returns what there is, and an error.
func (s *Sink) Wait(n int, timeout time.Duration) ([]Mail, error) {
	late := time.NewTimer(timeout)
	defer late.Stop()
	for {
		s.mu.Lock()
		mails, grown := slices.Clone(s.mails), s.grown
		s.mu.Unlock()
		if len(mails) >= n {
			return mails, nil
		}
		select {
		case <-grown:
		case <-late.C:
			return mails, fmt.Errorf("%d mails within %v, want %d", len(mails), timeout, n)
		}
	}
}

// Close stops the sink, cutting what connections there are, and waits until
// nothing of it runs. It returns what went wrong since Start: a ledger that
// could not be written, a Script that panicked. Later calls return the same.
func (s *Sink) Close() error {
	s.closed.Do(func() {
		close(s.closing)
		s.listener.Close()
		<-s.served // no connection begins after this
		s.listener.cut()
		if err := s.server.Shutdown(context.Background()); err != nil {
			s.fail(err)
		}
		if err := s.closeLedger(); err != nil {
			s.fail(err)
		}
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.faults...)
}

func (s *Sink) listen() error {
	s.server = smtp.NewServer(smtp.BackendFunc(s.newSession))
	s.server.Domain = "smtpsink.invalid"
	s.server.MaxMessageBytes = s.opts.MaxBytes
	s.server.MaxRecipients = 1000
	s.server.EnableSMTPUTF8 = true
	s.server.EnableDSN = true
	s.server.ErrorLog = log.New(io.Discard, "", 0) // clients that hang up
	s.server.AllowInsecureAuth = s.opts.Security == Plain

	switch s.opts.Security {
	case Plain:
	case StartTLS, TLS:
		var certificate tls.Certificate
		var err error
		if certificate, s.client, err = selfSigned(); err != nil {
			return err
		}
		s.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	default:
		return fmt.Errorf("smtpsink: security %q is none of plain, starttls and tls", s.opts.Security)
	}

	inner, err := net.Listen("tcp", s.opts.Addr)
	if err != nil {
		return err
	}
	s.listener = &listener{Listener: inner, conns: map[net.Conn]int{}}
	var outer net.Listener = s.listener
	if s.opts.Security == TLS {
		outer = tls.NewListener(outer, s.server.TLSConfig)
	}
	go func() {
		defer close(s.served)
		if err := s.server.Serve(outer); !errors.Is(err, net.ErrClosed) {
			s.fail(err)
		}
	}()
	return nil
}

func (s *Sink) openLedger() error {
	if s.opts.Dir != "" {
		used, err := filepath.Glob(filepath.Join(s.opts.Dir, queueID("*")+".eml"))
		if err != nil {
			return err
		}
		for _, path := range used {
			s.skip(strings.TrimSuffix(filepath.Base(path), ".eml"))
		}
		if info, err := os.Stat(s.opts.Dir); err != nil || !info.IsDir() {
			return fmt.Errorf("smtpsink: Dir %s is no directory", s.opts.Dir)
		}
	}
	if s.opts.LedgerFile == "" {
		return nil
	}
	file, before, err := openLedger(s.opts.LedgerFile)
	if err != nil {
		return err
	}
	for _, m := range before {
		s.skip(m.ID)
	}
	s.file = file
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

// queueID returns the id of the mail with the given number.
func queueID(number string) string { return "sink-" + number }

// skip leaves out the numbers up to that of an id given before.
func (s *Sink) skip(id string) {
	if n, err := strconv.Atoi(strings.TrimPrefix(id, queueID(""))); err == nil {
		s.last = max(s.last, n)
	}
}

// accept enters a mail into the ledger and returns its queue id.
func (s *Sink) accept(m Mail) (id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	m.ID = queueID(fmt.Sprintf("%06d", s.last))
	m.At = s.opts.Clock().UTC().Truncate(time.Microsecond)
	if s.opts.Dir != "" {
		m.File = m.ID + ".eml"
		if err := writeMessage(s.opts.Dir, m.File, m.Raw); err != nil {
			return "", err
		}
	}
	if s.file != nil {
		if err := s.file.append(m); err != nil {
			return "", err
		}
	}
	s.mails = append(s.mails, m)
	close(s.grown)
	s.grown = make(chan struct{})
	return m.ID, nil
}

func (s *Sink) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, err)
}

// listener numbers its connections and remembers the open ones. The server
// itself can close them too, but not while it changes one to TLS.
type listener struct {
	net.Listener
	closing sync.Once
	err     error

	mu    sync.Mutex
	count int
	conns map[net.Conn]int
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tracked := &conn{Conn: c, listener: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	l.conns[tracked] = l.count
	return tracked, nil
}

// Close may be called twice: by the sink, and by the server it shuts down.
func (l *listener) Close() error {
	l.closing.Do(func() { l.err = l.Listener.Close() })
	return l.err
}

func (l *listener) number(c net.Conn) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conns[c]
}

// cut closes every open connection.
func (l *listener) cut() {
	l.mu.Lock()
	open := make([]net.Conn, 0, len(l.conns))
	for c := range l.conns {
		open = append(open, c)
	}
	l.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
}

type conn struct {
	net.Conn
	listener *listener
}

func (c *conn) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.conns, c)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}
