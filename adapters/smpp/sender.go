package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

// Sender hands messages to one centre over one bind. It is safe for concurrent
// use. The bind is made by the first Send or by Run.
type Sender struct {
	config Config
	opts   Options
	text   *smstext.Preparer
	take   atomic.Pointer[notify.TakeReceipts]
	ref    atomic.Uint32 // numbers texts of several parts

	mu       sync.Mutex
	bound    *session
	binding  chan struct{} // closed when the bind that is being made came to an end
	failed   error         // why the last one failed
	retryAt  time.Time
	standby  bool // another process holds the lease, or nobody has looked yet
	pause    time.Duration
	isClosed bool
	stop     context.CancelFunc
	ctx      context.Context
	work     sync.WaitGroup
}

var (
	_ notify.Sender        = (*Sender)(nil)
	_ notify.SessionRunner = (*Sender)(nil)
	_ notify.StatusQuerier = (*Sender)(nil)
	_ notify.Holder        = (*Sender)(nil)
)

// New returns a sender for the centre of c. It connects to nothing yet. An error
// holds one [*fault.Violation] for each field of c that is wrong.
func New(c Config, opts *Options) (*Sender, error) {
	c = c.defaulted()
	if err := c.validate(); err != nil {
		return nil, err
	}
	text, err := smstext.NewPreparer(c.text())
	if err != nil {
		return nil, err
	}
	s := &Sender{config: c, text: text}
	if opts != nil {
		s.opts = *opts
	}
	if s.opts.Clock == nil {
		s.opts.Clock = time.Now
	}
	if s.opts.Dial == nil {
		s.opts.Dial = (&net.Dialer{}).DialContext
	}
	s.standby = s.opts.Lease != nil
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s, nil
}

// Elsewhere reports whether another process holds the bind, or, with a lease,
// whether nobody has asked for it yet: Run does.
func (s *Sender) Elsewhere() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.standby
}

// Describe tells the core how to use the sender. SMPP has no idempotency key.
func (s *Sender) Describe() notify.Capabilities {
	return notify.Capabilities{
		Name: s.config.Name, Channel: notify.SMS, Timeout: s.config.Timeout, Parallel: s.config.Window, Session: true, Query: s.config.Query, Exclusive: s.opts.Lease != nil,
		Segments: s.text.Parts,
	}
}

// Send hands one message to the centre. See the package for what each outcome
// means.
func (s *Sender) Send(ctx context.Context, m notify.Message) notify.Outcome {
	if !m.Expires.IsZero() && !s.opts.Clock().Before(m.Expires) {
		return notSent("the message has expired")
	}
	parts, refused := s.parts(m)
	if refused != nil {
		return *refused
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.config.Timeout, errSilent)
	defer cancel()
	session, err := s.session(ctx)
	if err != nil {
		return unbound(err)
	}
	select {
	case session.window <- struct{}{}:
		defer func() { <-session.window }()
	case <-ctx.Done():
		return notSent("no place in the window in time")
	case <-session.ctx.Done():
		return notSent("the session ended")
	}
	var id string
	for i, part := range parts {
		answer, sent, err := session.ask(ctx, part, data.SUBMIT_SM_RESP)
		if out := s.judge(answer, sent || i > 0, err); out != nil {
			if i > 0 && out.Result != notify.ResultPermanent {
				out.Result, out.RetryAfter = notify.ResultUnknown, 0
				out.Detail = fmt.Sprintf("part %d of %d: %s; the centre has those before", i+1, len(parts), out.Detail)
			}
			return *out
		}
		id = s.config.IDs.ofAnswer(answer.messageID())
	}
	return notify.Outcome{Result: notify.ResultAccepted, Code: "ROK", ProviderID: id}
}

// judge returns what became of one request, nil when it was accepted.
func (s *Sender) judge(answer frame, sent bool, err error) *notify.Outcome {
	var out notify.Outcome
	switch {
	case err != nil && sent:
		out = notify.Outcome{Result: notify.ResultUnknown, Detail: cause(err)}
	case err != nil:
		out = notSent(cause(err))
	case answer.status == data.ESME_ROK && answer.id == data.SUBMIT_SM_RESP:
		return nil
	case answer.status == data.ESME_ROK: // a nack without a reason
		out = notify.Outcome{Result: notify.ResultTransient, Code: "generic_nack", Detail: "refused"}
	default:
		out = s.config.judge(answer.status).outcome("refused")
		if out.Result == notify.ResultAccepted {
			out.Result = notify.ResultTransient
		}
	}
	return &out
}

// parts judges m and makes its requests.
func (s *Sender) parts(m notify.Message) ([]pdu.PDU, *notify.Outcome) {
	refuse := func(detail string) *notify.Outcome {
		return &notify.Outcome{Result: notify.ResultPermanent, Detail: detail}
	}
	digits, plus := strings.CutPrefix(m.To, "+")
	switch {
	case m.Channel != notify.SMS:
		return nil, refuse("the message is not for SMS")
	case !plus || len(digits) < 8 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "":
		out := refuse("the number has not the form +84…")
		out.Suppress = true
		return nil, out
	}
	prepared, err := s.text.Prepare(m.Text)
	if err != nil {
		return nil, refuse("the text cannot be sent: " + fault.Violations(err)[0].Rule)
	}
	texts, coding, err := split(prepared)
	if err != nil {
		return nil, refuse("the text cannot be encoded")
	}
	ref := s.ref.Add(1)
	list := make([]pdu.PDU, len(texts))
	for i, text := range texts {
		submit, ok := pdu.NewSubmitSM().(*pdu.SubmitSM)
		if !ok {
			return nil, refuse("the request cannot be made")
		}
		source, sourceErr := pdu.NewAddressWithTonNpiAddr(*s.config.SourceTON, s.config.SourceNPI, s.config.Source)
		dest, destErr := pdu.NewAddressWithTonNpiAddr(*s.config.DestTON, *s.config.DestNPI, digits)
		if errors.Join(sourceErr, destErr, submit.Message.SetMessageDataWithEncoding(text, coding)) != nil {
			return nil, refuse("the request cannot be made")
		}
		submit.SourceAddr, submit.DestAddr = source, dest
		submit.ValidityPeriod = validity(m.Expires)
		if !s.config.NoReceipts && i == len(texts)-1 {
			submit.RegisteredDelivery = 1
		}
		switch {
		case len(texts) == 1:
		case s.config.SAR:
			submit.RegisterOptionalParam(pdu.Field{Tag: pdu.TagSarMsgRefNum, Data: []byte{byte(ref >> 8), byte(ref)}})
			submit.RegisterOptionalParam(pdu.Field{Tag: pdu.TagSarTotalSegments, Data: []byte{byte(len(texts))}})
			submit.RegisterOptionalParam(pdu.Field{Tag: pdu.TagSarSegmentSeqnum, Data: []byte{byte(i + 1)}})
		default:
			submit.EsmClass |= data.SM_UDH_GSM
			submit.Message.SetUDH(pdu.UDH{pdu.NewIEConcatMessage(uint8(len(texts)), uint8(i+1), uint8(ref))})
		}
		list[i] = submit
	}
	return list, nil
}

// validity is the instant after which the centre gives up, in its form
// YYMMDDhhmmsstnnp, empty for the centre's own.
func validity(expires time.Time) string {
	if expires.IsZero() {
		return ""
	}
	return expires.UTC().Format("060102150405") + "000+"
}

// session returns the bind, and makes it when there is none. After a failure it
// waits with the next.
func (s *Sender) session(ctx context.Context) (*session, error) {
	for {
		s.mu.Lock()
		switch {
		case s.isClosed:
			s.mu.Unlock()
			return nil, errClosed
		case ctx.Err() != nil:
			s.mu.Unlock()
			return nil, context.Cause(ctx)
		case s.bound != nil && s.bound.alive():
			defer s.mu.Unlock()
			return s.bound, nil
		case s.binding == nil && s.failed != nil && time.Now().Before(s.retryAt):
			defer s.mu.Unlock()
			return nil, s.failed
		case s.binding == nil:
			s.binding = make(chan struct{})
			s.work.Go(s.connect)
		}
		binding := s.binding
		s.mu.Unlock()
		select {
		case <-binding:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// connect makes the bind, within the time one answer may take for each step.
func (s *Sender) connect() {
	session, until, err := s.open()
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.binding)
	s.binding = nil
	if err == nil && s.isClosed {
		session.end(errClosed)
		err = errClosed
	}
	s.standby = errors.Is(err, errLease)
	if err != nil {
		wait := s.wait()
		s.failed, s.retryAt = err, time.Now().Add(wait)
		return
	}
	s.bound, s.failed, s.pause = session, nil, 0
	s.work.Go(func() {
		session.keep(s.opts.Lease, until)
		if errors.Is(context.Cause(session.ctx), errLease) {
			s.mu.Lock()
			s.standby = true
			s.mu.Unlock()
		}
	})
}

// lastPause is the longest wait after a bind that failed.
const lastPause = 10 * time.Second

// wait is how long the next bind has to wait after one that came to nothing.
// Whoever stands by looks again sooner than whoever held the lease and could not
// reach the centre: another machine may reach it.
func (s *Sender) wait() time.Duration {
	first := s.config.Retry
	switch {
	case s.standby:
		s.pause = 0
		return min(2*first, lastPause/2)
	case s.opts.Lease != nil:
		first *= 4
	}
	s.pause = min(max(2*s.pause, first), lastPause)
	return s.pause
}

// open takes the lease and binds. A lease without a bind is given back: others
// may have more luck.
func (s *Sender) open() (bound *session, until time.Time, err error) {
	ctx, cancel := context.WithTimeoutCause(s.ctx, s.config.Response, errSilent)
	defer cancel()
	if s.opts.Lease != nil {
		if until, err = s.opts.Lease.Hold(ctx); err != nil {
			return nil, until, err
		}
		if until.IsZero() {
			return nil, until, errLease
		}
	}
	if bound, err = s.reach(ctx); err != nil && s.opts.Lease != nil {
		_ = s.release() // then it ends by itself, only later
	}
	return bound, until, err
}

// reach connects to the centre and logs in.
func (s *Sender) reach(ctx context.Context) (*session, error) {
	conn, err := s.opts.Dial(ctx, "tcp", s.config.Addr)
	if err != nil {
		return nil, err
	}
	if s.config.TLS {
		secure := tls.Client(conn, s.tls())
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		conn = secure
	}
	bound := newSession(s.config, conn, s.taker)
	if err := bound.bind(ctx); err != nil {
		bound.end(err)
		bound.work.Wait()
		return nil, err
	}
	return bound, nil
}

// release gives the lease back, also when the sender is being closed.
func (s *Sender) release() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return s.opts.Lease.Release(ctx)
}

func (s *Sender) tls() *tls.Config {
	t := s.config.TLSConfig.Clone()
	if t == nil {
		t = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if host, _, err := net.SplitHostPort(s.config.Addr); err == nil && t.ServerName == "" {
		t.ServerName = host
	}
	return t
}

func (s *Sender) taker() notify.TakeReceipts {
	if take := s.take.Load(); take != nil {
		return *take
	}
	return nil
}

// Run keeps the bind, and makes it again whenever it ends, until ctx ends. From
// then on receipts are not acknowledged; Close ends the bind itself.
func (s *Sender) Run(ctx context.Context, take notify.TakeReceipts) error {
	s.take.Store(&take)
	defer s.take.Store(nil)
	for {
		session, err := s.session(ctx)
		if errors.Is(err, errClosed) || ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		if err == nil {
			select {
			case <-session.ctx.Done():
			case <-ctx.Done():
			}
			continue
		}
		s.mu.Lock()
		wait := time.Until(s.retryAt)
		s.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// Close unbinds, gives the lease back, and refuses further Sends. It may be
// called more than once.
func (s *Sender) Close() error {
	s.mu.Lock()
	first, bound := !s.isClosed, s.bound
	s.isClosed = true
	s.mu.Unlock()
	if !first {
		return nil
	}
	if bound != nil {
		bound.quit(errClosed)
		bound.work.Wait()
	}
	s.stop()
	s.work.Wait()
	if s.opts.Lease != nil && bound != nil {
		return s.release()
	}
	return nil
}

func notSent(detail string) notify.Outcome {
	return notify.Outcome{Result: notify.ResultNotSent, Detail: detail}
}

// leaseWait is when to come again where another process holds the bind.
const leaseWait = 5 * time.Second

// unbound is the outcome of a message for which there was no bind.
func unbound(err error) notify.Outcome {
	var refused refusal
	switch {
	case errors.Is(err, errLease):
		return notify.Outcome{Result: notify.ResultThrottled, RetryAfter: leaseWait, Detail: "bind: " + cause(err)}
	case errors.As(err, &refused):
		v := statuses(data.CommandStatusType(refused))
		if v.result != notify.ResultMisconfigured {
			v.result = notify.ResultNotSent
		}
		return notify.Outcome{Result: v.result, Code: v.name, Detail: "bind: refused"}
	}
	return notSent("bind: " + cause(err))
}

// cause says in a few words why something failed; errors themselves may name
// hosts and accounts.
func cause(err error) string {
	for _, own := range []error{errFraming, errMixedUp, errSilent, errUnbound, errClosed, errLease} {
		if errors.Is(err, own) {
			return own.Error()
		}
	}
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &dns):
		return "host not found"
	case errors.As(err, &certificate):
		return "certificate not trusted"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, context.Canceled):
		return "stopped"
	}
	return "connection lost"
}
