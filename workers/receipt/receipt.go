package receipt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
)

// System is what a Desk needs of a core.System.
type System interface {
	TakeReceipts(ctx context.Context, receipts []notify.Receipt) error
	MatchReceipts(ctx context.Context, owner string, limit int) (core.Matched, error)
	DueQuestions(ctx context.Context, provider string, limit int) ([]notify.Reference, error)
}

// Options have a default each; nil is legal.
type Options struct {
	Match time.Duration // between two looks at stored receipts when none came meanwhile. Default: 5 s
	Ask   time.Duration // between two rounds of questions to a provider. Default: 30 s
	Poll  time.Duration // between two fetches from a provider. Default: 1 min
	Batch int           // receipts interpreted in one transaction, and questions asked in one round. Default: 200
	Log   *slog.Logger  // Default: discards

	// Forwarded is the header in which a proxy in front of the Desk writes the
	// caller's address; its last entry counts. Default: none, the address of the
	// connection counts. Set it only where every request comes through the proxy.
	Forwarded string
	// Observe is called for each callback with the status it was answered with,
	// for metrics. It must be safe for concurrent use. Default: none.
	Observe func(provider string, status int)
}

// Desk (bàn nhận biên nhận) takes receipts. It is an http.Handler, and Run does
// what has to be done without being called. It is safe for concurrent use.
type Desk struct {
	system  System
	owner   string
	senders map[string]notify.Sender
	opts    Options
	arrived chan struct{}
}

// New makes a desk for the providers among senders that tell anything later.
// owner names the process. Two senders of one name are an error, and one that
// declares a way it has no method for.
func New(system System, owner string, senders []notify.Sender, opts *Options) (*Desk, error) {
	d := &Desk{system: system, owner: owner, senders: make(map[string]notify.Sender), arrived: make(chan struct{}, 1)}
	if opts != nil {
		d.opts = *opts
	}
	for _, interval := range []struct {
		of *time.Duration
		is time.Duration
	}{{&d.opts.Match, 5 * time.Second}, {&d.opts.Ask, 30 * time.Second}, {&d.opts.Poll, time.Minute}} {
		if *interval.of == 0 {
			*interval.of = interval.is
		}
	}
	if d.opts.Batch == 0 {
		d.opts.Batch = 200
	}
	if d.opts.Log == nil {
		d.opts.Log = slog.New(slog.DiscardHandler)
	}
	if d.opts.Match < 0 || d.opts.Ask < 0 || d.opts.Poll < 0 || d.opts.Batch < 0 {
		return nil, errors.New("receipt: Options.Match, Ask, Poll and Batch must not be negative")
	}
	for _, s := range senders {
		c := s.Describe()
		if _, taken := d.senders[c.Name]; taken {
			return nil, fmt.Errorf("receipt: two senders are called %q", c.Name)
		}
		if missing := undone(s, c); missing != "" {
			return nil, fmt.Errorf("receipt: sender %q declares %s and has no method for it", c.Name, missing)
		}
		d.senders[c.Name] = s
	}
	return d, nil
}

// undone names a way that is declared and not there.
func undone(s notify.Sender, c notify.Capabilities) string {
	_, reads := s.(notify.ReceiptReader)
	_, asks := s.(notify.StatusQuerier)
	_, polls := s.(notify.ReceiptPoller)
	_, runs := s.(notify.SessionRunner)
	switch {
	case c.Callback && !reads:
		return "Callback"
	case c.Query && !asks:
		return "Query"
	case c.Poll && !polls:
		return "Poll"
	case c.Session && !runs:
		return "Session"
	}
	return ""
}

// storeFor is how long a callback may take to be stored: providers hang up, and
// call again, after five to ten seconds.
const storeFor = 4 * time.Second

// ServeHTTP takes a callback: the last two parts of its path are the provider's
// name and the secret, whatever stands before them. It answers as the provider
// wants once everything is stored, 503 when it could not be stored, 404 to what
// is nobody's. Nothing of a callback is logged but who it was from and why it was
// turned away.
func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 2 {
		http.NotFound(w, r)
		return
	}
	provider, token := parts[len(parts)-2], parts[len(parts)-1]
	sender, known := d.senders[provider]
	reader, reads := sender.(notify.ReceiptReader)
	if !known || !reads || !sender.Describe().Callback {
		http.NotFound(w, r)
		return
	}
	reply := d.take(w, r, provider, token, reader)
	if d.opts.Observe != nil {
		d.opts.Observe(provider, reply.Status)
	}
	if reply.ContentType != "" {
		w.Header().Set("Content-Type", reply.ContentType)
	}
	if reply.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "30")
	}
	w.WriteHeader(reply.Status)
	_, _ = io.WriteString(w, reply.Body) // a caller that is gone calls again
}

func (d *Desk) take(w http.ResponseWriter, r *http.Request, provider, token string, reader notify.ReceiptReader) notify.Reply {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return notify.Reply{Status: http.StatusMethodNotAllowed}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, notify.MaxCallback))
	if err != nil {
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			return notify.Reply{Status: http.StatusRequestEntityTooLarge}
		}
		return notify.Reply{Status: http.StatusBadRequest}
	}
	receipts, reply, err := d.read(reader, notify.Callback{
		Method: r.Method, Token: token, Remote: d.remote(r), Query: r.URL.Query(), Header: r.Header, Body: body,
	})
	if err != nil {
		d.opts.Log.Warn("receipt: callback turned away", "provider", provider, "reason", err)
		if reply.Status < 400 {
			reply = notify.Reply{Status: http.StatusBadRequest}
		}
		return reply
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), storeFor) // a caller that hangs up has said it all the same
	defer cancel()
	if err := d.Take(ctx, receipts); err != nil {
		d.opts.Log.Error("receipt: callback not stored", "provider", provider, "receipts", len(receipts), "error", err)
		return notify.Reply{Status: http.StatusServiceUnavailable}
	}
	return reply
}

// read reads a callback. A reader that panics has not understood it.
func (d *Desk) read(reader notify.ReceiptReader, c notify.Callback) (receipts []notify.Receipt, reply notify.Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			receipts, reply, err = nil, notify.Reply{Status: http.StatusBadRequest}, fmt.Errorf("%w: the reader panicked", notify.ErrMalformed)
		}
	}()
	return reader.ReadReceipts(c)
}

// remote is the address of the caller.
func (d *Desk) remote(r *http.Request) string {
	if d.opts.Forwarded != "" {
		all := strings.Split(strings.Join(r.Header.Values(d.opts.Forwarded), ","), ",")
		return strings.TrimSpace(all[len(all)-1])
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

// Take stores receipts and has them interpreted soon; see notify.TakeReceipts.
func (d *Desk) Take(ctx context.Context, receipts []notify.Receipt) error {
	if len(receipts) == 0 {
		return nil
	}
	if err := d.system.TakeReceipts(ctx, receipts); err != nil {
		return err
	}
	select {
	case d.arrived <- struct{}{}:
	default: // the matcher is told already
	}
	return nil
}

// Run interprets, asks, fetches and keeps sessions until ctx ends, and returns
// its error. What fails is logged and tried again.
func (d *Desk) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	loops.Go(func() { d.match(ctx) })
	for name, s := range d.senders {
		c := s.Describe()
		if asked, ok := s.(notify.StatusQuerier); ok && c.Query {
			loops.Go(func() {
				d.every(ctx, d.opts.Ask, name, "ask", func(ctx context.Context) error { return d.Ask(ctx, asked, c) })
			})
		}
		if fetched, ok := s.(notify.ReceiptPoller); ok && c.Poll {
			loops.Go(func() {
				d.every(ctx, d.opts.Poll, name, "fetch", func(ctx context.Context) error { return fetched.PollReceipts(ctx, d.Take) })
			})
		}
		if session, ok := s.(notify.SessionRunner); ok && c.Session {
			loops.Go(func() {
				d.every(ctx, d.opts.Match, name, "session", func(ctx context.Context) error { return session.Run(ctx, d.Take) })
			})
		}
	}
	loops.Wait()
	return ctx.Err()
}

// every does something again and again. A panic is a failure like others.
func (d *Desk) every(ctx context.Context, pause time.Duration, provider, what string, do func(context.Context) error) {
	for ctx.Err() == nil {
		if err := guarded(ctx, do); err != nil && ctx.Err() == nil {
			d.opts.Log.Error("receipt: "+what+" failed", "provider", provider, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

func guarded(ctx context.Context, do func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("it panicked")
		}
	}()
	return do(ctx)
}

// match interprets what is stored: at once when something came in, else every so often.
func (d *Desk) match(ctx context.Context) {
	ticker := time.NewTicker(d.opts.Match)
	defer ticker.Stop()
	for {
		if err := d.Match(ctx); err != nil && ctx.Err() == nil {
			d.opts.Log.Error("receipt: not interpreted", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-d.arrived:
		case <-ticker.C:
		}
	}
}

// Match interprets everything that is due now.
func (d *Desk) Match(ctx context.Context) error {
	for {
		m, err := d.system.MatchReceipts(ctx, d.owner, d.opts.Batch)
		if err != nil {
			return err
		}
		if m.Looked > 0 {
			d.opts.Log.Info("receipt: interpreted", "looked", m.Looked, "applied", m.Applied, "late", m.Late, "waiting", m.Waiting, "unmatched", m.Unmatched)
		}
		if !m.More || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// Ask asks a provider once about every message whose fate it should know by
// now. A provider that does not answer is left in peace until the next round, and
// one whose only connection another process holds is asked there.
func (d *Desk) Ask(ctx context.Context, provider notify.StatusQuerier, c notify.Capabilities) error {
	if holder, ok := provider.(notify.Holder); ok && c.Exclusive && holder.Elsewhere() {
		return nil
	}
	about, err := d.system.DueQuestions(ctx, c.Name, d.opts.Batch)
	if err != nil {
		return err
	}
	for _, ref := range about {
		if err := d.askAbout(ctx, provider, c, ref); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) askAbout(ctx context.Context, provider notify.StatusQuerier, c notify.Capabilities, ref notify.Reference) error {
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	r, known, err := provider.QueryStatus(ctx, ref)
	if err != nil || !known {
		return err
	}
	if r.Key == "" {
		r.Key = ref.Key // the answer is to this question, whatever else it says
	}
	return d.Take(ctx, []notify.Receipt{r})
}
