package smtpmail_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-message"
	gomail "github.com/emersion/go-message/mail"

	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/core/notify"
)

const (
	username = "tram-thu"
	password = "mat-khau-thu-nghiem"
)

// config is a relay on this machine without protection.
func config(addr string) smtpmail.Config {
	return smtpmail.Config{
		Addr:    addr,
		TLS:     smtpmail.Plaintext,
		From:    "UBND huyện Xuân Lộc <vanphong@xuanloc.example>",
		Domain:  "xuanloc.example",
		Timeout: 10 * time.Second,
	}
}

func newSender(tb testing.TB, c smtpmail.Config, opts *smtpmail.Options) *smtpmail.Sender {
	tb.Helper()
	s, err := smtpmail.New(c, opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

func startSink(tb testing.TB, opts *smtpsink.Options) *smtpsink.Sink {
	tb.Helper()
	sink, err := smtpsink.Start(opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := sink.Close(); err != nil {
			tb.Error(err)
		}
	})
	return sink
}

func startRogue(tb testing.TB, scripts ...[]smtpsink.Move) *smtpsink.Rogue {
	tb.Helper()
	rogue, err := smtpsink.StartRogue(scripts...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { rogue.Close() })
	return rogue
}

// afterDot takes a whole mail and then does something else than answer 250.
func afterDot(moves ...smtpsink.Move) []smtpsink.Move {
	return append([]smtpsink.Move{
		smtpsink.Say("220 rogue.invalid ESMTP"), smtpsink.Until("DATA"), smtpsink.Say("354 go ahead"),
		smtpsink.ReadBody(), smtpsink.Accept(),
	}, moves...)
}

// counter counts the mails that a sink was handed, whatever it did with them.
type counter struct {
	n    atomic.Int64
	then smtpsink.Script
}

func (c *counter) script(e smtpsink.Event) smtpsink.Reply {
	if e.Phase == smtpsink.PhaseData {
		c.n.Add(1)
	}
	if c.then == nil {
		return smtpsink.Reply{}
	}
	return c.then(e)
}

// notice is a message to one of the sample hamlets.
func notice(i int) notify.Message {
	return notify.Message{
		Notice:         notify.ID(fmt.Sprintf("0198c0de-0000-7000-8000-%012d", i)),
		Attempt:        1,
		IdempotencyKey: fmt.Sprintf("0198c0de-0000-7000-8000-%012d", i),
		Channel:        notify.Email,
		To:             fmt.Sprintf("truong.ap.%04d@suoicat.example", i),
		ToName:         "Trưởng ấp Suối Cát",
		Subject:        "Nhắc lịch dự sinh hoạt tại ấp Suối Cát 1",
		Text:           "Kính gửi: Trưởng ấp.\n\nCòn 2 ngày làm việc.\n.\n",
		Language:       "vi",
		Created:        time.Date(2017, 5, 12, 2, 30, 0, 0, time.UTC),
	}
}

func send(tb testing.TB, s *smtpmail.Sender, m notify.Message) notify.Outcome {
	tb.Helper()
	return s.Send(context.Background(), m)
}

// read is a mail as a reader sees it.
type read struct {
	header gomail.Header
	text   string
	html   string
}

func parse(tb testing.TB, raw []byte) read {
	tb.Helper()
	entity, err := message.Read(bytes.NewReader(raw))
	if err != nil {
		tb.Fatalf("unreadable mail: %v\n%s", err, raw)
	}
	r := read{header: gomail.Header{Header: entity.Header}}
	err = entity.Walk(func(_ []int, part *message.Entity, err error) error {
		if err != nil {
			return err
		}
		kind, _, _ := part.Header.ContentType()
		if !strings.HasPrefix(kind, "text/") {
			return nil
		}
		body, err := io.ReadAll(part.Body)
		text := strings.ReplaceAll(string(body), "\r\n", "\n")
		if kind == "text/html" {
			r.html = text
		} else {
			r.text = text
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// subject is decoded.
func (r read) subject(tb testing.TB) string {
	tb.Helper()
	s, err := r.header.Subject()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// deafResolver resolves nothing, without asking anybody.
func deafResolver(ctx context.Context, network, addr string) (net.Conn, error) {
	dialer := net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no name server")
	}}}
	return dialer.DialContext(ctx, network, addr)
}

// unused is an address where nothing listens.
func unused(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
