package smtpmail

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
)

// Sender hands mails to one relay. It is safe for concurrent use.
type Sender struct {
	config Config
	letterhead
	dialer dialer
	pool   *pool
	clock  func() time.Time
}

var _ notify.Sender = (*Sender)(nil)

// New returns a sender for the relay of c. It connects to nothing yet. An
// error holds one [*fault.Violation] for each field of c that is wrong.
func New(c Config, opts *Options) (*Sender, error) {
	c = c.defaulted()
	if err := c.validate(); err != nil {
		return nil, err
	}
	if opts == nil {
		opts = &Options{}
	}
	if c.Mechanism.byToken() && opts.Token == nil {
		return nil, wrong("Mechanism", "%s needs Options.Token, which gives the token", "%s cần Options.Token để lấy mã truy cập", c.Mechanism)
	}
	head, err := newLetterhead(c)
	if err != nil {
		return nil, err
	}
	s := &Sender{
		config:     c,
		letterhead: head,
		dialer:     dialer{Config: c, tls: tlsConfig(c), dial: opts.Dial, token: opts.Token},
		pool:       newPool(c),
		clock:      opts.Clock,
	}
	if s.dialer.dial == nil {
		s.dialer.dial = (&net.Dialer{}).DialContext
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	return s, nil
}

func tlsConfig(c Config) *tls.Config {
	t := c.TLSConfig.Clone()
	if t == nil {
		t = &tls.Config{}
	}
	if t.MinVersion == 0 {
		t.MinVersion = tls.VersionTLS12
	}
	setDefault(&t.ServerName, c.ServerName)
	return t
}

// Describe tells the core how to use the sender. SMTP has no idempotency key:
// the Message-ID, which is the same for every attempt, lets many mailboxes
// show two copies as one, but that is no promise.
func (s *Sender) Describe() notify.Capabilities {
	return notify.Capabilities{
		Name:     s.config.Name,
		Channel:  notify.Email,
		Timeout:  s.config.Timeout,
		Parallel: s.config.MaxConns * s.config.Window,
	}
}

// Send hands one mail to the relay. See the package for what each outcome means.
func (s *Sender) Send(ctx context.Context, m notify.Message) notify.Outcome {
	if !m.Expires.IsZero() && !s.clock().Before(m.Expires) {
		return notSent("the message has expired")
	}
	if end, bounded := ctx.Deadline(); !bounded || time.Until(end) > s.config.Timeout { // whoever sends many has bounded all of them at once
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.config.Timeout)
		defer cancel()
	}
	l, refusal := s.compose(m)
	if refusal != nil {
		return *refusal
	}
	reply, fail := s.exchange(ctx, l)
	if fail != nil {
		if ended := ctx.Err(); ended != nil && !understood(fail.err) && !sound(fail.err) {
			fail.err = ended // it closed the connection; the rest follows from that
		}
		return classify(fail)
	}
	return notify.Outcome{Result: notify.ResultAccepted, Code: "250", ProviderID: queueID(reply, m.To)}
}

// exchange delivers l over a kept line, or over a fresh one when there is none
// or the server has given it up meanwhile.
func (s *Sender) exchange(ctx context.Context, l letter) (string, *failure) {
	reply, fail, kept := s.try(ctx, l)
	if kept && fail != nil && fail.stale() && ctx.Err() == nil {
		reply, fail, _ = s.try(ctx, l)
	}
	return reply, fail
}

// try delivers l over one line, and tells whether that was a kept one.
func (s *Sender) try(ctx context.Context, l letter) (reply string, fail *failure, kept bool) {
	seat, err := s.pool.take(ctx)
	if err != nil {
		return "", &failure{phase: atConnect, err: err}, false
	}
	if kept = seat != nil; !kept {
		fresh, fail := s.dialer.open(ctx)
		if seat = s.pool.opened(fresh); seat == nil {
			return "", fail, false
		}
	}
	defer s.pool.put(seat)
	reply, fail = seat.deliver(ctx, l)
	return reply, fail, kept
}

// Close ends the idle connections and refuses further Sends; a Send under way
// goes on to its end. It may be called more than once.
func (s *Sender) Close() error {
	s.pool.close()
	return nil
}

func notSent(detail string) notify.Outcome {
	return notify.Outcome{Result: notify.ResultNotSent, Detail: detail}
}

// stale reports whether a kept session turned out to be dead before the
// server had heard of this mail.
func (f *failure) stale() bool {
	return f.phase <= atWake || f.phase == atMail && !sound(f.err)
}
