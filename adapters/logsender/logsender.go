// Package logsender is a [notify.Sender] that reaches nobody. It writes one
// line to the log for each message and says that it was accepted: for a
// district that has no contract with a gateway yet, and for the first run on
// a developer's machine.
//
//	level=INFO msg=notice notice=0198c0de-… attempt=1 channel=sms class=duty template=report.due parts=1
//
// The line has no address and no text. [Options.Show] prints both, in full,
// to a console of one's own.
package logsender

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

// Options are the choices of [New]. A nil *Options is the zero value.
type Options struct {
	// Name of the provider in attempts and metrics. Default: "log." and the
	// channel.
	Name string
	// Show, when not nil, gets each message as a whole, with its address and
	// text, in one Write. It is for a console that only the developer sees.
	Show io.Writer
	// Text is what becomes of the text of an SMS, so that its parts are
	// counted, and a text that no gateway would take refused, as they would
	// be. Default: without marks, for a Vietnamese gateway.
	Text *smstext.Options
	// Clock tells whether a message has expired. Default time.Now.
	Clock func() time.Time
}

// Sender logs the messages of one channel. It is safe for concurrent use.
type Sender struct {
	log     *slog.Logger
	channel notify.Channel
	opts    Options
	text    *smstext.Preparer
	console sync.Mutex
}

var _ notify.Sender = (*Sender)(nil)

// New returns a sender that writes the messages of a channel to log. Both are
// required; what is missing is named by a [*fault.Violation], and so is an
// Options.Text that package smstext refuses.
func New(log *slog.Logger, channel notify.Channel, opts *Options) (*Sender, error) {
	var faults fault.List
	if log == nil {
		faults.Add(fault.Broken("logsender.log", "log", "a logger is needed: give slog.Default() or one of your own",
			"cần có logger: hãy dùng slog.Default() hoặc logger riêng"))
	}
	if channel == "" {
		faults.Add(fault.Broken("logsender.channel", "channel", "a channel is needed, for example sms or email",
			"cần có kênh, ví dụ sms hoặc email"))
	}
	s := &Sender{log: log, channel: channel}
	if opts != nil {
		s.opts = *opts
	}
	var err error
	s.text, err = smstext.NewPreparer(s.opts.Text)
	faults.Add(err)
	if s.opts.Name == "" {
		s.opts.Name = "log." + string(channel)
	}
	if s.opts.Clock == nil {
		s.opts.Clock = time.Now
	}
	return s, faults.Err()
}

// Describe tells the core how to use the sender.
func (s *Sender) Describe() notify.Capabilities {
	c := notify.Capabilities{Name: s.opts.Name, Channel: s.channel, Timeout: time.Second, Parallel: 1}
	if s.channel == notify.SMS {
		c.Segments = s.text.Parts
	}
	return c
}

// Send logs the message. It is not sent when ctx or the message itself is
// over, refused for good when no gateway could send it, and accepted else.
func (s *Sender) Send(ctx context.Context, m notify.Message) notify.Outcome {
	switch {
	case ctx.Err() != nil:
		return notify.Outcome{Result: notify.ResultNotSent, Detail: "stopped"}
	case !m.Expires.IsZero() && !s.opts.Clock().Before(m.Expires):
		return notify.Outcome{Result: notify.ResultNotSent, Detail: "the message has expired"}
	case m.Channel != s.channel:
		return refuse("the message is for another channel")
	case m.Notice == "" || m.To == "" || strings.TrimSpace(m.Text) == "":
		return refuse("the message has no notice, address or text")
	case strings.ContainsAny(m.To+m.ToName+m.Subject, "\r\n"):
		return refuse("a header holds a line break")
	}
	m.Text = norm.NFC.String(m.Text)
	parts := 0
	if s.channel == notify.SMS {
		prepared, err := s.text.Prepare(m.Text)
		if err != nil {
			return refuse("the text cannot be sent: " + fault.Violations(err)[0].Rule)
		}
		m.Text, parts = prepared.Text, prepared.Segments.Parts
	}
	s.write(ctx, m, parts)
	return notify.Outcome{Result: notify.ResultAccepted, ProviderID: fmt.Sprintf("log-%s-%d", m.Notice, m.Attempt), Code: "logged"}
}

func (s *Sender) write(ctx context.Context, m notify.Message, parts int) {
	attrs := []slog.Attr{
		slog.String("notice", string(m.Notice)),
		slog.Int("attempt", m.Attempt),
		slog.String("channel", string(m.Channel)),
		slog.String("class", string(m.Class)),
		slog.String("template", m.Template),
	}
	if parts > 0 {
		attrs = append(attrs, slog.Int("parts", parts))
	}
	s.console.Lock() // a page stands below its own line
	defer s.console.Unlock()
	s.log.LogAttrs(ctx, slog.LevelInfo, "notice", attrs...)
	if s.opts.Show != nil {
		fmt.Fprint(s.opts.Show, page(m)) // a console that is gone harms nobody
	}
}

// page is a message as the developer sees it.
func page(m notify.Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "-- %s to %s", m.Channel, m.To)
	if m.ToName != "" {
		fmt.Fprintf(&b, " (%s)", m.ToName)
	}
	if m.Subject != "" {
		fmt.Fprintf(&b, "\n-- %s", m.Subject)
	}
	fmt.Fprintf(&b, "\n\n%s\n\n", m.Text)
	return b.String()
}

func refuse(detail string) notify.Outcome {
	return notify.Outcome{Result: notify.ResultPermanent, Detail: detail}
}
