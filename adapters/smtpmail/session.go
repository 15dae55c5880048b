package smtpmail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
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
	errNoMechanism  = errors.New("the server does not offer the login that is configured")
	errTooBig       = errors.New("the mail is larger than the server takes")
	errNoSMTPUTF8   = errors.New("the server does not take mailboxes outside ASCII")
	errLoginRefused = errors.New("the login cannot be carried out")
	errCutAnswer    = errors.New("the answer was cut off")
)

// session is one connection to the relay.
type session struct {
	conn   *conn
	client *smtp.Client
	helo   string
	opened time.Time
	idle   time.Time // since when
	mails  int
	dirty  bool // a transaction was refused half-way: RSET before the next
	spoilt bool // not to be used again
	expiry *time.Timer
}

// dialer opens sessions.
type dialer struct {
	Config
	tls  *tls.Config
	dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// open connects, protects the connection and logs in.
func (d dialer) open(ctx context.Context) (*session, *failure) {
	raw, err := d.dial(ctx, "tcp", d.Addr)
	if err != nil {
		return nil, &failure{phase: atConnect, err: err}
	}
	s := &session{conn: &conn{Conn: raw}, helo: d.HELO, opened: time.Now()}
	defer s.attend(ctx)()
	if err := d.greet(ctx, s); err != nil {
		s.abandon()
		return nil, &failure{phase: atConnect, err: err}
	}
	if err := d.login(s.client); err != nil {
		s.abandon()
		return nil, &failure{phase: atLogin, err: err}
	}
	return s, nil
}

// greet leads to the answered EHLO that the rest is built on.
func (d dialer) greet(ctx context.Context, s *session) error {
	switch d.TLS {
	case Implicit:
		secure := tls.Client(s.conn, d.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			return err
		}
		s.client = smtp.NewClient(secure)
	case StartTLS:
		client, err := smtp.NewClientStartTLS(s.conn, d.tls)
		if err != nil && strings.Contains(err.Error(), "doesn't support STARTTLS") {
			return errNoStartTLS
		}
		if err != nil {
			return err
		}
		s.client = client
	default:
		s.client = smtp.NewClient(s.conn)
	}
	return s.client.Hello(s.helo)
}

func (d dialer) login(client *smtp.Client) error {
	if d.Username == "" {
		return nil
	}
	mechanism := d.Mechanism
	if mechanism == "" {
		mechanism = Plain
		if !client.SupportsAuth(sasl.Plain) {
			mechanism = Login
		}
	}
	if !client.SupportsAuth(strings.ToUpper(string(mechanism))) {
		return errNoMechanism
	}
	proof := sasl.NewPlainClient("", d.Username, string(d.Password))
	if mechanism == Login {
		proof = sasl.NewLoginClient(d.Username, string(d.Password))
	}
	err := client.Auth(proof)
	if errors.Is(err, sasl.ErrUnexpectedServerChallenge) {
		return errLoginRefused
	}
	return err
}

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

// deliver hands l to the relay and returns what the relay said when it took it.
func (s *session) deliver(ctx context.Context, l letter, dsn bool) (string, *failure) {
	defer s.attend(ctx)()
	at, reply, err := s.converse(l, dsn)
	if err == nil {
		s.mails++
		return reply, nil
	}
	s.dirty = true
	s.spoilt = s.spoilt || !sound(err)
	return "", &failure{phase: at, err: err, lost: s.conn.unsaid()}
}

// converse goes through one mail transaction and returns where it stopped.
func (s *session) converse(l letter, dsn bool) (phase, string, error) {
	if err := s.wake(); err != nil {
		return atWake, "", err
	}
	if err := s.introduce(l, dsn); err != nil {
		return atMail, "", err
	}
	if err := s.client.Rcpt(l.to, rcptOptions(dsn)); err != nil {
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

func (s *session) introduce(l letter, dsn bool) error {
	if limit, known := s.client.MaxMessageSize(); known && limit > 0 && len(l.data) > limit {
		return errTooBig
	}
	if able, _ := s.client.Extension("SMTPUTF8"); l.wide && !able {
		return errNoSMTPUTF8
	}
	opts := &smtp.MailOptions{Size: int64(len(l.data)), UTF8: l.wide}
	if dsn {
		opts.EnvelopeID = l.envelopeID
		opts.Return = smtp.DSNReturnHeaders
	}
	return s.client.Mail(l.from, opts)
}

func rcptOptions(dsn bool) *smtp.RcptOptions {
	if !dsn {
		return nil
	}
	return &smtp.RcptOptions{Notify: []smtp.DSNNotify{smtp.DSNNotifyFailure, smtp.DSNNotifyDelayed}}
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
