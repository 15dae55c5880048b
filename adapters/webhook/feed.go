package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Options are what a test or an unusual network replaces. A nil *Options is the
// zero value.
type Options struct {
	// Log gets a line when the receiver takes no events, and when it does again.
	// Default: none.
	Log *slog.Logger
	// TLSConfig has settings for https, for example a private root. It is cloned.
	// Default: the system's roots, TLS 1.2 and newer.
	TLSConfig *tls.Config
	// Proxy finds the proxy for a request. Default: none.
	Proxy func(*http.Request) (*url.URL, error)
	// Clock tells when a request is signed. Default: time.Now.
	Clock func() time.Time
}

// Feed posts the journal of one System to one address. Its methods must not run
// at the same time as each other.
type Feed struct {
	sys       *core.System
	cursor    Cursor
	config    Config
	keys      [][]byte
	transport *http.Transport
	opts      Options
}

// New returns a feed. It connects to nothing and starts nothing. An error holds
// one [*fault.Violation] for each field of c that is wrong.
func New(sys *core.System, cursor Cursor, c Config, opts *Options) (*Feed, error) {
	c, err := c.prepared()
	var faults fault.List
	faults.Add(err)
	if sys == nil || cursor == nil {
		faults.Add(fault.Broken("webhook.parts", "cursor", "a feed needs a system and a cursor", "cần có hệ thống và con trỏ vị trí đọc"))
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	f := &Feed{sys: sys, cursor: cursor, config: c}
	if opts != nil {
		f.opts = *opts
	}
	if f.opts.Log == nil {
		f.opts.Log = slog.New(slog.DiscardHandler)
	}
	if f.opts.Clock == nil {
		f.opts.Clock = time.Now
	}
	for _, s := range c.Secrets {
		f.keys = append(f.keys, s.key())
	}
	f.transport = &http.Transport{
		Proxy:                  f.opts.Proxy,
		DialContext:            (&net.Dialer{Timeout: c.Timeout}).DialContext,
		TLSClientConfig:        f.opts.TLSConfig.Clone(),
		TLSHandshakeTimeout:    c.Timeout,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if f.transport.TLSClientConfig == nil {
		f.transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return f, nil
}

// patience between two tries of an event that is not taken.
const (
	firstWait   = time.Second
	longestWait = 5 * time.Minute
)

// Run sends what there is and what comes, until ctx ends, whose error it
// returns. What goes wrong is logged and tried again, after one second, then
// two, up to five minutes, or when the receiver says.
func (f *Feed) Run(ctx context.Context) error {
	defer f.transport.CloseIdleConnections()
	failures := 0
	for {
		sent, err := f.Pass(ctx)
		wait := f.config.Every
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			wait = longestWait
			if failures < 9 {
				wait = min(wait, firstWait<<failures)
			}
			var no *refusal
			if errors.As(err, &no) && no.wait > 0 {
				wait = min(no.wait, longestWait)
			}
			failures++
			f.opts.Log.Warn("webhook: events wait", "sent", sent, "failures", failures, "wait", wait, "error", err)
		case failures > 0:
			failures = 0
			f.opts.Log.Info("webhook: events are taken again", "sent", sent)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// page is how many records are read at once, and sent before the Mark is saved.
const page = 100

// Pass sends the events that are in the journal now, once, and returns how many
// were taken. It stops at the first one that is not; the next Pass begins there.
func (f *Feed) Pass(ctx context.Context) (sent int, err error) {
	mark, err := f.cursor.Load(ctx)
	if err != nil {
		return 0, err
	}
	seen := make(map[int64]bool, len(mark.Seen))
	for _, position := range mark.Seen {
		seen[position] = true
	}
	settled := true // nothing that could still be overtaken was read so far
	for position := mark.After; ; {
		records, err := f.read(ctx, position)
		if err != nil {
			return sent, err
		}
		n, dealt, failure := f.deliver(ctx, records, seen)
		sent += n
		for _, r := range records[:dealt] {
			settled = settled && f.sys.Now().Sub(r.Recorded) > f.config.LookBack
			if settled {
				mark.After = r.Position
				delete(seen, r.Position)
			}
			position = r.Position
		}
		mark.Seen = mark.Seen[:0]
		for p := range seen {
			mark.Seen = append(mark.Seen, p)
		}
		slices.Sort(mark.Seen)
		// What was taken is remembered also when ctx has ended meanwhile.
		if err := f.cursor.Save(context.WithoutCancel(ctx), mark); err != nil || failure != nil {
			return sent, errors.Join(failure, err)
		}
		if len(records) < page {
			return sent, nil
		}
	}
}

func (f *Feed) read(ctx context.Context, after int64) (records []event.Record, err error) {
	err = f.sys.View(ctx, org.System(), func(ctx context.Context, w *core.Work) error {
		records, err = w.Journal.Since(ctx, after, page)
		return err
	})
	return records, err
}

// deliver posts those of the records that are wanted and were not seen. It
// returns how many were taken, and how many of the records are dealt with.
func (f *Feed) deliver(ctx context.Context, records []event.Record, seen map[int64]bool) (sent, dealt int, err error) {
	for i, r := range records {
		if !seen[r.Position] && f.config.wants(r.Kind) {
			if err := f.post(ctx, told(r)); err != nil {
				return sent, i, fmt.Errorf("webhook: event %s (%s): %w", r.ID, r.Kind, err)
			}
			sent++
		}
		seen[r.Position] = true
	}
	return sent, len(records), nil
}

// refusal is an answer that is not 2xx.
type refusal struct {
	status int
	wait   time.Duration // as the receiver asks
}

func (r *refusal) Error() string { return fmt.Sprintf("the receiver answered %d", r.status) }

// maxAnswer is how much of an answer is read, so that the connection can be used again.
const maxAnswer = 64 << 10

func (f *Feed) post(ctx context.Context, e Event) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.config.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.config.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the request cannot be written") // the error may repeat the address
	}
	stamp := strconv.FormatInt(f.opts.Clock().Unix(), 10)
	signatures := make([]string, len(f.keys))
	for i, key := range f.keys {
		signatures[i] = sign(key, e.ID, stamp, body)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "outreach")
	req.Header.Set(HeaderID, e.ID)
	req.Header.Set(HeaderTimestamp, stamp)
	req.Header.Set(HeaderSignature, strings.Join(signatures, " "))
	answer, err := f.transport.RoundTrip(req) // no client: no redirects, no cookies
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	if answer.StatusCode/100 != 2 {
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		return &refusal{answer.StatusCode, time.Duration(max(seconds, 0)) * time.Second}
	}
	return nil
}
