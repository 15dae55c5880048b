package smtpmail

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/emersion/go-smtp"
)

// phase is how far a conversation with the relay has come.
type phase int

const (
	atConnect phase = iota // dial, greeting, EHLO, TLS
	atLogin                // AUTH
	atWake                 // RSET or NOOP on a kept connection
	atMail                 // MAIL
	atRcpt                 // RCPT
	atData                 // DATA, up to the server's "go ahead"
	atBody                 // the mail, up to but without the final dot
	atAnswer               // the final dot, and what the server says to it
)

func (p phase) String() string {
	return [...]string{"connect", "login", "wake", "MAIL", "RCPT", "DATA", "body", "answer"}[p]
}

// failure is what stopped a conversation, and where.
type failure struct {
	phase phase
	err   error
	lost  bool // the final dot certainly did not leave this machine
}

// Errors of this package's own making, for classify.
var (
	errNoStartTLS   = errors.New("the server does not offer STARTTLS")
	errInjected     = errors.New("the server spoke between STARTTLS and TLS")
	errNoMechanism  = errors.New("the server does not offer the login that is configured")
	errTooBig       = errors.New("the mail is larger than the server takes")
	errNoSMTPUTF8   = errors.New("the server does not take mailboxes outside ASCII")
	errLoginRefused = errors.New("the login cannot be carried out")
	errNoToken      = errors.New("there is no token for the login")
	errCutAnswer    = errors.New("the answer was cut off")
)

// session is a connection to a relay that wants each command answered before
// the next. It has one mail under way at a time.
type session struct {
	conn   *conn
	client *smtp.Client
	helo   string
	idle   time.Time // since when
	dirty  bool      // a transaction was refused half-way: RSET before the next
	spoilt bool      // not to be used again
}

func (s *session) room() int { return 1 }
func (s *session) fit() bool { return !s.spoilt }

// attend gives the session until the end of ctx and closes its connection
// then. The function it returns ends that.
func (s *session) attend(ctx context.Context) (leave func()) {
	limit, ok := ctx.Deadline()
	if !ok {
		limit = time.Now().Add(time.Minute) // Send always sets one
	}
	s.conn.arm(limit)
	stop := context.AfterFunc(ctx, func() { s.conn.Conn.Close() })
	return func() {
		if !stop() {
			s.spoilt = true
		}
	}
}

func (s *session) deliver(ctx context.Context, l letter) (string, *failure) {
	defer s.attend(ctx)()
	at, reply, err := s.converse(l)
	s.idle = time.Now()
	if err == nil {
		return reply, nil
	}
	s.dirty = true
	s.spoilt = s.spoilt || !sound(err)
	return "", &failure{phase: at, err: err, lost: s.conn.unsaid()}
}

// converse goes through one mail transaction and returns where it stopped.
func (s *session) converse(l letter) (phase, string, error) {
	if err := s.wake(); err != nil {
		return atWake, "", err
	}
	if err := s.introduce(l); err != nil {
		return atMail, "", err
	}
	if err := s.client.Rcpt(l.to, &smtp.RcptOptions{Notify: l.notify}); err != nil {
		return atRcpt, "", err
	}
	w, err := s.client.Data()
	if err != nil {
		return atData, "", err
	}
	s.conn.speak()
	if _, err := w.Write(l.data); err != nil {
		// Never w.Close here: it is what writes the final dot.
		s.conn.Conn.Close()
		return atBody, "", err
	}
	response, err := w.CloseWithResponse()
	if s.conn.unheard() && (err == nil || understood(err)) {
		err = errCutAnswer
	}
	if err != nil {
		return atAnswer, "", err
	}
	return atAnswer, response.StatusText, nil
}

// idleCheck is how long a connection may lie idle and still be trusted.
const idleCheck = 5 * time.Second

// wake makes a kept connection ready.
func (s *session) wake() error {
	if s.dirty {
		if err := s.client.Reset(); err != nil {
			return err
		}
		s.dirty = false
		return s.client.Hello(s.helo) // go-smtp wants it after RSET
	}
	if !s.idle.IsZero() && time.Since(s.idle) > idleCheck {
		return s.client.Noop()
	}
	return nil
}

func (s *session) introduce(l letter) error {
	offers := extensions{}
	for _, name := range []string{"SIZE", "SMTPUTF8"} {
		if offered, parameters := s.client.Extension(name); offered {
			offers[name] = parameters
		}
	}
	if err := l.suits(offers); err != nil {
		return err
	}
	opts := &smtp.MailOptions{Size: int64(len(l.data)), UTF8: l.wide}
	if len(l.notify) > 0 {
		opts.EnvelopeID = l.envelopeID
		opts.Return = smtp.DSNReturnHeaders
	}
	return s.client.Mail(l.from, opts)
}

// suits reports why a relay with these offers cannot take l.
func (l letter) suits(offers extensions) error {
	if limit, err := strconv.Atoi(offers["SIZE"]); err == nil && limit > 0 && len(l.data) > limit {
		return errTooBig
	}
	if l.wide && !offers.has("SMTPUTF8") {
		return errNoSMTPUTF8
	}
	return nil
}

// farewell is how long a server may take to answer QUIT.
const farewell = time.Second

// quit ends the session politely.
func (s *session) quit() {
	s.conn.arm(time.Now().Add(farewell))
	if s.client.Quit() != nil {
		s.abandon()
	}
}

// abandon ends the session without another word.
func (s *session) abandon() { s.conn.Conn.Close() }
