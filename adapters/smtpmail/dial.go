package smtpmail

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// dialer opens lines.
type dialer struct {
	Config
	tls   *tls.Config
	dial  func(ctx context.Context, network, addr string) (net.Conn, error)
	token func(ctx context.Context) (Secret, error)
}

// open connects, protects the connection, logs in, and returns a lane where
// the relay offers PIPELINING, else a session.
func (d dialer) open(ctx context.Context) (line, *failure) {
	raw, err := d.dial(ctx, "tcp", d.Addr)
	if err != nil {
		return nil, &failure{phase: atConnect, err: err}
	}
	s := &session{conn: &conn{Conn: raw}, helo: d.HELO}
	leave := s.attend(ctx)
	stream, err := d.protect(ctx, s.conn)
	if err == nil {
		s.client = smtp.NewClient(stream)
		err = s.client.Hello(s.helo)
	}
	if err != nil {
		s.abandon()
		leave()
		return nil, &failure{phase: atConnect, err: err}
	}
	if err := d.login(ctx, s.client); err != nil {
		s.abandon()
		leave()
		return nil, &failure{phase: atLogin, err: err}
	}
	leave()
	if offers := d.offers(s.client); offers.has("PIPELINING") && !s.spoilt {
		return newLane(s.conn, stream, offers, d.Window), nil
	}
	return s, nil
}

// offers are the extensions of the server that may be used.
func (d dialer) offers(client *smtp.Client) extensions {
	offers := extensions{}
	for _, name := range []string{"PIPELINING", "CHUNKING", "SIZE", "SMTPUTF8", "DSN"} {
		if offered, parameters := client.Extension(name); offered {
			offers[name] = parameters
		}
	}
	for _, name := range d.Ignore {
		delete(offers, strings.ToUpper(name))
	}
	return offers
}

// protect returns what SMTP is to be spoken over, before the first word of it
// or, after STARTTLS, as if before.
func (d dialer) protect(ctx context.Context, c *conn) (net.Conn, error) {
	if d.TLS == Plaintext {
		return c, nil
	}
	if d.TLS == StartTLS {
		if err := d.startTLS(c); err != nil {
			return nil, err
		}
	}
	secure := tls.Client(c, d.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	if d.TLS == StartTLS {
		return &regreeted{Conn: secure, greeting: strings.NewReader("220 protected\r\n")}, nil
	}
	return secure, nil
}

// startTLS leads up to the moment at which TLS begins. Whatever the server
// said in the clear counts for nothing afterwards; what it says in the clear
// too late would be taken for said under protection, and ends it.
func (d dialer) startTLS(c *conn) error {
	in := bufio.NewReader(c)
	if _, err := expect(in, 220); err != nil {
		return err
	}
	hello, err := command(c, in, 250, "EHLO "+d.HELO)
	if err != nil {
		return err
	}
	if !readExtensions(hello).has("STARTTLS") {
		return errNoStartTLS
	}
	if _, err := command(c, in, 220, "STARTTLS"); err != nil {
		return err
	}
	if in.Buffered() > 0 {
		return errInjected
	}
	return nil
}

func command(out io.Writer, in *bufio.Reader, want int, line string) (*smtp.SMTPError, error) {
	if _, err := fmt.Fprintf(out, "%s\r\n", line); err != nil {
		return nil, err
	}
	return expect(in, want)
}

func expect(in *bufio.Reader, want int) (*smtp.SMTPError, error) {
	reply, err := readReply(in)
	if err == nil && reply.Code != want {
		return nil, reply
	}
	return reply, err
}

// regreeted is a connection that was protected by STARTTLS. A server does not
// greet again after that, while the SMTP client waits for a greeting first.
type regreeted struct {
	net.Conn
	greeting *strings.Reader
}

func (r *regreeted) Read(b []byte) (int, error) {
	if r.greeting.Len() > 0 {
		return r.greeting.Read(b)
	}
	return r.Conn.Read(b)
}

// login proves who the sender is, by the mechanism that is configured or the
// best that both sides know.
func (d dialer) login(ctx context.Context, client *smtp.Client) error {
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
	proof, err := d.proof(ctx, mechanism)
	if err != nil {
		return err
	}
	err = client.Auth(proof)
	if errors.Is(err, sasl.ErrUnexpectedServerChallenge) || errors.As(err, new(*sasl.OAuthBearerError)) {
		return errLoginRefused
	}
	return err
}

func (d dialer) proof(ctx context.Context, mechanism Mechanism) (sasl.Client, error) {
	switch mechanism {
	case Login:
		return sasl.NewLoginClient(d.Username, string(d.Password)), nil
	case XOAuth2, OAuthBearer:
		token, err := d.token(ctx)
		if err != nil {
			return nil, errNoToken
		}
		if mechanism == XOAuth2 {
			return &xoauth2{username: d.Username, token: string(token)}, nil
		}
		return sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: d.Username, Token: string(token)}), nil
	}
	return sasl.NewPlainClient("", d.Username, string(d.Password)), nil
}

// xoauth2 is the mechanism that Google and Microsoft had before RFC 7628, and
// still ask for.
type xoauth2 struct{ username, token string }

// Start sends the token at once.
func (x *xoauth2) Start() (mechanism string, first []byte, err error) {
	return "XOAUTH2", []byte("user=" + x.username + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

// Next answers the server's report of what is wrong with the token, which has
// to be answered by nothing before the server says no.
func (x *xoauth2) Next([]byte) ([]byte, error) { return []byte{}, nil }
