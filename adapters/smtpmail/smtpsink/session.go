package smtpsink

import (
	"crypto/subtle"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is one client between EHLO and its end.
type session struct {
	sink  *Sink
	conn  net.Conn // below TLS
	event Event
	mail  Mail
	size  int64 // as MAIL declared it
}

func (s *Sink) newSession(c *smtp.Conn) (smtp.Session, error) {
	below := c.Conn()
	encrypted, isTLS := below.(*tls.Conn)
	if isTLS {
		below = encrypted.NetConn()
	}
	ses := &session{sink: s, conn: below, mail: Mail{TLS: isTLS}}
	ses.event = Event{Conn: s.listener.number(below), Hello: c.Hostname()}
	return ses, ses.ask(PhaseHello)
}

func (ses *session) AuthMechanisms() []string {
	if ses.sink.opts.Username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (ses *session) Auth(mechanism string) (sasl.Server, error) {
	if ses.sink.opts.Username == "" || mechanism != sasl.Plain {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	return sasl.NewPlainServer(func(_, username, password string) error {
		ses.event.User = username
		if err := ses.ask(PhaseAuth); err != nil {
			return err
		}
		if !equal(username, ses.sink.opts.Username) || !equal(password, ses.sink.opts.Password) {
			return smtp.ErrAuthFailed
		}
		ses.mail.User = username
		return nil
	}), nil
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (ses *session) Mail(from string, opts *smtp.MailOptions) error {
	if ses.sink.opts.Username != "" && ses.mail.User == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	ses.event.From, ses.size = from, opts.Size
	ses.mail.From, ses.mail.EnvelopeID = from, opts.EnvelopeID
	return ses.ask(PhaseMail)
}

func (ses *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	ses.event.To = append(slices.Clone(ses.mail.To), to)
	if err := ses.ask(PhaseRcpt); err != nil {
		return err
	}
	ses.mail.To = ses.event.To
	return nil
}

func (ses *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err // cut off or too large: never in the ledger
	}
	if int64(len(raw)) < ses.size { // a chunk that ends with the connection ends without an error
		return io.ErrUnexpectedEOF
	}
	m := ses.mail
	m.describe(raw)
	ses.event.To, ses.event.MessageID = m.To, m.MessageID
	if err := ses.ask(PhaseData); err != nil {
		return err
	}
	id, err := ses.sink.accept(m)
	if err != nil {
		ses.sink.fail(err)
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "The ledger cannot be written"}
	}
	if err := ses.ask(PhaseAccepted); err != nil {
		return err
	}
	return &smtp.SMTPError{Code: 250, EnhancedCode: smtp.EnhancedCode{2, 0, 0}, Message: "OK: queued as " + id}
}

func (ses *session) Reset() {
	ses.event.From, ses.event.To, ses.event.MessageID = "", nil, ""
	ses.mail = Mail{TLS: ses.mail.TLS, User: ses.mail.User}
}

func (ses *session) Logout() error { return nil }

// ask does what the script wants at a phase and returns the answer it wants
// given, nil for the usual one.
func (ses *session) ask(phase Phase) error {
	script := ses.sink.opts.Script
	if script == nil {
		return nil
	}
	ses.event.Phase = phase
	event := ses.event
	event.To = slices.Clone(event.To)
	reply, err := try(script, event)
	if err != nil {
		ses.sink.fail(err)
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "The script panicked"}
	}
	if reply.Delay > 0 {
		delay := time.NewTimer(reply.Delay)
		defer delay.Stop()
		select {
		case <-delay.C:
		case <-ses.sink.closing:
		}
	}
	if reply.Drop {
		ses.conn.Close()
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 4, 2}, Message: "Connection dropped"} // heard by nobody
	}
	if reply.Code >= 400 || reply.Code == 250 && phase == PhaseData {
		return &smtp.SMTPError{Code: reply.Code, EnhancedCode: smtp.EnhancedCode(reply.Enhanced), Message: reply.Text}
	}
	return nil
}

func try(script Script, event Event) (reply Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("smtpsink: the script panicked at phase %s: %v", event.Phase, p)
		}
	}()
	return script(event), nil
}
