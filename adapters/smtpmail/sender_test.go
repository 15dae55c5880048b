package smtpmail_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/core/notify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhereAConversationFailsDecidesTheOutcome(t *testing.T) {
	const greeting = "220 rogue.invalid ESMTP"
	refuse, tarpit := smtpsink.Refuse, smtpsink.Tarpit
	tests := []struct {
		name   string
		script []smtpsink.Move
		want   notify.Outcome
	}{
		{"421 as greeting", smtpsink.Busy(), notify.Outcome{Result: notify.ResultNotSent, Code: "421 4.3.2", Detail: "connect: refused"}},
		{"554 as greeting", []smtpsink.Move{smtpsink.Say("554 no service here")},
			notify.Outcome{Result: notify.ResultMisconfigured, Code: "554", Detail: "connect: refused"}},
		{"451 to EHLO", refuse("EHLO", "451 4.3.0 later"), notify.Outcome{Result: notify.ResultNotSent, Code: "451 4.3.0", Detail: "connect: refused"}},
		{"550 to EHLO", refuse("EHLO", "550 5.7.1 go away"), notify.Outcome{Result: notify.ResultMisconfigured, Code: "550 5.7.1", Detail: "connect: refused"}},
		{"silence after EHLO", tarpit("EHLO"), notify.Outcome{Result: notify.ResultNotSent, Detail: "connect: time is over"}},

		{"421 to MAIL", refuse("MAIL", "421 4.7.0 slow down"), notify.Outcome{Result: notify.ResultTransient, Code: "421 4.7.0", Detail: "MAIL: refused"}},
		{"451 to MAIL", refuse("MAIL", "451 4.3.0 later"), notify.Outcome{Result: notify.ResultTransient, Code: "451 4.3.0", Detail: "MAIL: refused"}},
		{"530 to MAIL", refuse("MAIL", "530 5.7.0 log in first"), notify.Outcome{Result: notify.ResultMisconfigured, Code: "530 5.7.0", Detail: "MAIL: refused"}},
		{"553 to MAIL", refuse("MAIL", "553 5.7.1 not your address"), notify.Outcome{Result: notify.ResultMisconfigured, Code: "553 5.7.1", Detail: "MAIL: refused"}},
		{"552 to MAIL", refuse("MAIL", "552 too big"), notify.Outcome{Result: notify.ResultPermanent, Code: "552", Detail: "MAIL: refused"}},
		{"silence after MAIL", tarpit("MAIL"), notify.Outcome{Result: notify.ResultNotSent, Detail: "MAIL: time is over"}},

		{"450 to RCPT", refuse("RCPT", "450 4.2.1 greylisted"), notify.Outcome{Result: notify.ResultTransient, Code: "450 4.2.1", Detail: "RCPT: refused"}},
		{"421 to RCPT", refuse("RCPT", "421 4.4.5 busy"), notify.Outcome{Result: notify.ResultTransient, Code: "421 4.4.5", Detail: "RCPT: refused"}},
		{"bare 550 to RCPT", refuse("RCPT", "550 no"), notify.Outcome{Result: notify.ResultPermanent, Code: "550", Detail: "RCPT: refused"}},
		{"550 5.1.1 to RCPT", refuse("RCPT", "550 5.1.1 <a@b.example> user unknown"),
			notify.Outcome{Result: notify.ResultPermanent, Code: "550 5.1.1", Detail: "RCPT: refused", Suppress: true}},
		{"556 5.1.10 to RCPT", refuse("RCPT", "556 5.1.10 null MX"),
			notify.Outcome{Result: notify.ResultPermanent, Code: "556 5.1.10", Detail: "RCPT: refused", Suppress: true}},
		{"550 5.2.1 to RCPT, several lines", refuse("RCPT", "550-5.2.1 mailbox\r\n550 5.2.1 disabled"),
			notify.Outcome{Result: notify.ResultPermanent, Code: "550 5.2.1", Detail: "RCPT: refused", Suppress: true}},
		{"552 5.2.2 to RCPT", refuse("RCPT", "552 5.2.2 mailbox full"), notify.Outcome{Result: notify.ResultPermanent, Code: "552 5.2.2", Detail: "RCPT: refused"}},
		{"550 5.7.1 to RCPT", refuse("RCPT", "550 5.7.1 we dislike you"), notify.Outcome{Result: notify.ResultPermanent, Code: "550 5.7.1", Detail: "RCPT: refused"}},
		{"relay denied", refuse("RCPT", "554 5.7.1 <a@b.example>: Relay access denied"),
			notify.Outcome{Result: notify.ResultMisconfigured, Code: "554 5.7.1", Detail: "RCPT: refused"}},
		{"no text after RCPT", refuse("RCPT", ""), notify.Outcome{Result: notify.ResultNotSent, Detail: "RCPT: conversation broken"}},

		{"451 to DATA", refuse("DATA", "451 4.3.0 not now"), notify.Outcome{Result: notify.ResultTransient, Code: "451 4.3.0", Detail: "DATA: refused"}},
		{"554 to DATA", refuse("DATA", "554 5.5.1 no valid recipients"), notify.Outcome{Result: notify.ResultPermanent, Code: "554 5.5.1", Detail: "DATA: refused"}},
		{"250 to DATA", refuse("DATA", "250 2.0.0 what?"), notify.Outcome{Result: notify.ResultNotSent, Code: "250 2.0.0", Detail: "DATA: refused"}},
		{"cut within the body", smtpsink.DropMidBody(100), notify.Outcome{Result: notify.ResultUnknown, Detail: "answer: connection cut"}},

		{"451 to the dot", afterDot(smtpsink.Say("451 4.3.0 disk full")), notify.Outcome{Result: notify.ResultTransient, Code: "451 4.3.0", Detail: "answer: refused"}},
		{"421 to the dot", afterDot(smtpsink.Say("421 4.3.2 going down")), notify.Outcome{Result: notify.ResultTransient, Code: "421 4.3.2", Detail: "answer: refused"}},
		{"550 5.1.1 to the dot", afterDot(smtpsink.Say("550 5.1.1 unknown after all")),
			notify.Outcome{Result: notify.ResultPermanent, Code: "550 5.1.1", Detail: "answer: refused", Suppress: true}},
		{"554 to the dot", afterDot(smtpsink.Say("554 5.7.1 spam")), notify.Outcome{Result: notify.ResultPermanent, Code: "554 5.7.1", Detail: "answer: refused"}},
		{"354 to the dot", afterDot(smtpsink.Say("354 more?")), notify.Outcome{Result: notify.ResultUnknown, Code: "354", Detail: "answer: refused"}},
		{"cut after the dot", smtpsink.DropAfterDot(false), notify.Outcome{Result: notify.ResultUnknown, Detail: "answer: connection cut"}},
		{"reset after the dot", smtpsink.ResetAfterDot(true), notify.Outcome{Result: notify.ResultUnknown, Detail: "answer: connection cut"}},
		{"silence after the dot", smtpsink.SilentAfterDot(true), notify.Outcome{Result: notify.ResultUnknown, Detail: "answer: time is over"}},
		{"half an answer", afterDot(smtpsink.Say("250-2.0.0 queued"), smtpsink.Drop()), notify.Outcome{Result: notify.ResultUnknown, Detail: "answer: connection cut"}},
		{"nonsense before the dot",
			[]smtpsink.Move{smtpsink.Say(greeting), smtpsink.Until("DATA"), smtpsink.Say("354 go\r\nnonsense"), smtpsink.ReadBody(), smtpsink.Accept(), smtpsink.Hang()},
			notify.Outcome{Result: notify.ResultUnknown, Detail: "answer: conversation broken"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := startRogue(t, test.script)
			c := config(r.Addr())
			c.Timeout = 300 * time.Millisecond
			got := send(t, newSender(t, c, nil), notice(1))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
			if n := len(r.Heard()); n != 1 {
				t.Errorf("%d connections, want 1", n)
			}
		})
	}
}

// bigNotice is more than the buffers hold between narrow and a server that does
// not read.
func bigNotice() notify.Message {
	m := notice(1)
	m.Text = strings.Repeat("Dong nay lap lai nhieu lan cho day moi bo dem.\n", 20_000)
	return m
}

// narrow dials a connection that takes little before the server reads.
var narrow = &smtpmail.Options{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return c, c.(*net.TCPConn).SetWriteBuffer(4 << 10)
}}

func TestHalfAMailIsNeverCompletedByADot(t *testing.T) {
	// The server does not read until the client has given up, and then takes
	// whatever comes with a dot behind it.
	r := startRogue(t, []smtpsink.Move{
		smtpsink.Say("220 rogue.invalid ESMTP"), smtpsink.Until("DATA"), smtpsink.Say("354 go ahead"),
		smtpsink.Pause(1200 * time.Millisecond), smtpsink.ReadBody(), smtpsink.Accept(), smtpsink.Say("250 2.0.0 OK"),
	})
	c := config(r.Addr())
	c.Timeout = time.Second
	began := time.Now()
	out := send(t, newSender(t, c, narrow), bigNotice())
	if took := time.Since(began); took > c.Timeout+time.Second {
		t.Errorf("Send took %v, its limit is %v", took, c.Timeout)
	}
	if want := (notify.Outcome{Result: notify.ResultNotSent, Detail: "body: time is over"}); out != want {
		t.Errorf("outcome %+v, want %+v", out, want)
	}
	time.Sleep(500 * time.Millisecond)
	if n := len(r.Accepted()); n != 0 {
		t.Errorf("the server has %d mails, cut at a place of its own choice", n)
	}
}

func TestAServerThatNeverReadsFreesTheWorker(t *testing.T) {
	r := startRogue(t, smtpsink.StopReading())
	c := config(r.Addr())
	c.Timeout = 500 * time.Millisecond
	s := newSender(t, c, narrow)
	if out := send(t, s, bigNotice()); out.Result != notify.ResultNotSent {
		t.Errorf("a mail that fits into no buffer: %+v, want %s", out, notify.ResultNotSent)
	}
	if out := send(t, s, notice(1)); out.Result != notify.ResultUnknown {
		t.Errorf("a mail that waits, whole, in the server's buffer: %+v, want %s", out, notify.ResultUnknown)
	}
}

// dotless is a connection whose last bytes of a mail cannot be written.
type dotless struct{ net.Conn }

func (c dotless) Write(b []byte) (int, error) {
	if strings.HasSuffix(string(b), "\r\n.\r\n") {
		n, _ := c.Conn.Write(b[:len(b)-3])
		return n, errors.New("cable pulled")
	}
	return c.Conn.Write(b)
}

func TestADotThatWasNotWrittenLeavesTheMailUnsent(t *testing.T) {
	for _, ignored := range transports {
		sink := startSink(t, nil)
		c := config(sink.Addr())
		c.Ignore = ignored
		s := newSender(t, c, &smtpmail.Options{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			return dotless{c}, err
		}})
		if out := send(t, s, notice(1)); out.Result != notify.ResultNotSent {
			t.Errorf("without %v: outcome %+v, want %s", ignored, out, notify.ResultNotSent)
		}
		if n := len(sink.Ledger()); n != 0 {
			t.Errorf("without %v: the server took %d mails that were cut", ignored, n)
		}
	}
}

// conns counts the connections behind a ledger by the script's events.
type conns struct {
	mu    sync.Mutex
	mails []int // connection of each mail
	then  smtpsink.Script
}

func (c *conns) script(e smtpsink.Event) smtpsink.Reply {
	if e.Phase == smtpsink.PhaseData {
		c.mu.Lock()
		c.mails = append(c.mails, e.Conn)
		c.mu.Unlock()
	}
	if c.then == nil {
		return smtpsink.Reply{}
	}
	return c.then(e)
}

func (c *conns) got() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.mails)
}

func TestConnectionsAreUsedAgainWithinTheirLimits(t *testing.T) {
	tests := []struct {
		name  string
		limit func(*smtpmail.Config)
		pause time.Duration
		want  []int
	}{
		{"one connection serves several mails", func(*smtpmail.Config) {}, 0, []int{1, 1, 1, 1}},
		{"after MaxMailsPerConn a new one is opened", func(c *smtpmail.Config) { c.MaxMailsPerConn = 2 }, 0, []int{1, 1, 2, 2}},
		{"after MaxConnAge a new one is opened", func(c *smtpmail.Config) { c.MaxConnAge = 20 * time.Millisecond }, 40 * time.Millisecond, []int{1, 2, 3, 4}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			seen := &conns{}
			sink := startSink(t, &smtpsink.Options{Script: seen.script})
			c := config(sink.Addr())
			test.limit(&c)
			s := newSender(t, c, nil)
			for i := range test.want {
				if out := send(t, s, notice(i)); out.Result != notify.ResultAccepted {
					t.Fatalf("mail %d: %+v", i, out)
				}
				time.Sleep(test.pause)
			}
			if diff := cmp.Diff(test.want, seen.got()); diff != "" {
				t.Errorf("connection of each mail (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOneRefusedRecipientHarmsNoOtherMail(t *testing.T) {
	seen := &conns{then: func(e smtpsink.Event) smtpsink.Reply {
		if e.Phase == smtpsink.PhaseRcpt && strings.Contains(e.To[0], ".0002@") {
			return smtpsink.Reply{Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "unknown"}
		}
		return smtpsink.Reply{}
	}}
	sink := startSink(t, &smtpsink.Options{Script: seen.script})
	s := newSender(t, config(sink.Addr()), nil)
	for i, want := range []notify.Result{notify.ResultAccepted, notify.ResultAccepted, notify.ResultPermanent, notify.ResultAccepted} {
		if out := send(t, s, notice(i)); out.Result != want {
			t.Errorf("mail %d: %+v, want %s", i, out, want)
		}
	}
	if diff := cmp.Diff([]int{1, 1, 1}, seen.got()); diff != "" {
		t.Errorf("connection of each mail (-want +got):\n%s", diff)
	}
	for _, mail := range sink.Ledger() {
		if len(mail.To) != 1 {
			t.Errorf("a mail went to %q", mail.To)
		}
	}
}

// oneMail serves one mail as a proper server does and then makes the moves.
func oneMail(moves ...smtpsink.Move) []smtpsink.Move {
	return append(afterDot(smtpsink.Say("250 2.0.0 OK: queued as r1")), moves...)
}

func TestAKeptConnectionThatDiedIsReplacedOnce(t *testing.T) {
	tests := []struct {
		name    string
		scripts [][]smtpsink.Move
		want    notify.Result
		conns   int
	}{
		{"closed while idle", [][]smtpsink.Move{oneMail(smtpsink.Drop()), smtpsink.Polite()}, notify.ResultAccepted, 2},
		{"reset while idle", [][]smtpsink.Move{oneMail(smtpsink.Reset()), smtpsink.Polite()}, notify.ResultAccepted, 2},
		{"421 to MAIL", [][]smtpsink.Move{oneMail(smtpsink.Hear(), smtpsink.Say("421 4.4.2 idle too long"), smtpsink.Drop()), smtpsink.Polite()},
			notify.ResultAccepted, 2},
		{"closed, and the fresh one fails too", [][]smtpsink.Move{oneMail(smtpsink.Drop()), smtpsink.DropBeforeGreeting()}, notify.ResultNotSent, 2},
		{"450 to MAIL is an answer, not a dead connection", [][]smtpsink.Move{oneMail(smtpsink.Hear(), smtpsink.Say("450 4.7.1 wait"), smtpsink.Hang())},
			notify.ResultTransient, 1},
		{"cut after MAIL was accepted", [][]smtpsink.Move{oneMail(smtpsink.Until("RCPT"), smtpsink.Drop()), smtpsink.Polite()}, notify.ResultNotSent, 1},
		{"cut after the dot", [][]smtpsink.Move{oneMail(smtpsink.Until("DATA"), smtpsink.Say("354 go"), smtpsink.ReadBody(), smtpsink.Accept(), smtpsink.Drop()), smtpsink.Polite()},
			notify.ResultUnknown, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := startRogue(t, test.scripts...)
			s := newSender(t, config(r.Addr()), nil)
			if out := send(t, s, notice(1)); out.Result != notify.ResultAccepted {
				t.Fatalf("the first mail: %+v", out)
			}
			time.Sleep(20 * time.Millisecond)
			if out := send(t, s, notice(2)); out.Result != test.want {
				t.Errorf("the second mail: %+v, want %s", out, test.want)
			}
			if n := len(r.Heard()); n != test.conns {
				t.Errorf("%d connections, want %d", n, test.conns)
			}
		})
	}
}

func TestAFreshConnectionThatFailsIsNotTriedAgain(t *testing.T) {
	r := startRogue(t, smtpsink.DropBeforeGreeting())
	if out := send(t, newSender(t, config(r.Addr()), nil), notice(1)); out.Result != notify.ResultNotSent {
		t.Errorf("outcome %+v", out)
	}
	if n := len(r.Heard()); n != 1 {
		t.Errorf("%d connections for one Send, want 1", n)
	}
}

func TestALoginIsCarriedOutAsConfigured(t *testing.T) {
	// "tram-thu" and "mat-khau-thu-nghiem" in base64.
	const user64, pass64 = "dHJhbS10aHU=", "bWF0LWtoYXUtdGh1LW5naGllbQ=="
	say, hear := smtpsink.Say, smtpsink.Hear
	hello := func(mechanisms string) []smtpsink.Move {
		return []smtpsink.Move{say("220 rogue.invalid ESMTP"), hear(), say("250-rogue.invalid\r\n250 AUTH " + mechanisms), hear()}
	}
	deliver := []smtpsink.Move{smtpsink.Until("DATA"), say("354 go"), smtpsink.ReadBody(), smtpsink.Accept(), say("250 2.0.0 OK"), smtpsink.Until("QUIT")}
	tests := []struct {
		name      string
		mechanism smtpmail.Mechanism
		script    []smtpsink.Move
		want      notify.Result
		heard     []string // after EHLO
	}{
		{"PLAIN where it is offered", "", slices.Concat(hello("LOGIN PLAIN"), []smtpsink.Move{say("235 2.7.0 welcome")}, deliver),
			notify.ResultAccepted, []string{"AUTH PLAIN AHRyYW0tdGh1AG1hdC1raGF1LXRodS1uZ2hpZW0="}},
		{"LOGIN where nothing else is", "", slices.Concat(hello("LOGIN"), []smtpsink.Move{say("334 UGFzc3dvcmQ6"), hear(), say("235 2.7.0 welcome")}, deliver),
			notify.ResultAccepted, []string{"AUTH LOGIN " + user64, pass64}},
		{"LOGIN where it is asked for", smtpmail.Login, slices.Concat(hello("PLAIN LOGIN"), []smtpsink.Move{say("334 UGFzc3dvcmQ6"), hear(), say("235 2.7.0 welcome")}, deliver),
			notify.ResultAccepted, []string{"AUTH LOGIN " + user64, pass64}},
		{"the mechanism is not offered", smtpmail.Plain, hello("CRAM-MD5"), notify.ResultMisconfigured, nil},
		{"an unforeseen question", smtpmail.Plain, slices.Concat(hello("PLAIN"), []smtpsink.Move{say("334 d2hhdD8="), hear(), say("501 5.7.0 given up")}), notify.ResultMisconfigured, nil},
		{"wrong password", smtpmail.Plain, slices.Concat(hello("PLAIN"), []smtpsink.Move{say("535 5.7.8 " + password + " is wrong")}), notify.ResultMisconfigured, nil},
		{"the login server is down", smtpmail.Plain, slices.Concat(hello("PLAIN"), []smtpsink.Move{say("454 4.7.0 later")}), notify.ResultNotSent, nil},
		{"silence", smtpmail.Plain, slices.Concat(hello("PLAIN"), []smtpsink.Move{smtpsink.Hang()}), notify.ResultNotSent, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := startRogue(t, test.script)
			c := config(r.Addr())
			c.Username, c.Password, c.Mechanism = username, password, test.mechanism
			c.Timeout = 500 * time.Millisecond
			out := send(t, newSender(t, c, nil), notice(1))
			if out.Result != test.want || strings.Contains(out.Detail, password) {
				t.Errorf("outcome %+v, want %s", out, test.want)
			}
			if test.heard != nil {
				if diff := cmp.Diff(test.heard, r.Heard()[0][1:1+len(test.heard)]); diff != "" {
					t.Errorf("the server heard (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestProtectionIsStrict(t *testing.T) {
	t.Run("implicit TLS", func(t *testing.T) {
		sink := startSink(t, &smtpsink.Options{Security: smtpsink.TLS})
		c := config(sink.Addr())
		c.TLS, c.TLSConfig = smtpmail.Implicit, sink.ClientTLS()
		if out := send(t, newSender(t, c, nil), notice(1)); out.Result != notify.ResultAccepted {
			t.Fatalf("outcome %+v", out)
		}
		if !sink.Ledger()[0].TLS {
			t.Error("the mail came in the clear")
		}
	})
	t.Run("STARTTLS is the default", func(t *testing.T) {
		sink := startSink(t, &smtpsink.Options{Security: smtpsink.StartTLS})
		c := config(sink.Addr())
		c.TLS, c.TLSConfig = "", sink.ClientTLS()
		if out := send(t, newSender(t, c, nil), notice(1)); out.Result != notify.ResultAccepted {
			t.Fatalf("outcome %+v", out)
		}
		if !sink.Ledger()[0].TLS {
			t.Error("the mail came in the clear")
		}
	})
	t.Run("a relay without STARTTLS gets nothing", func(t *testing.T) {
		sink := startSink(t, nil)
		c := config(sink.Addr())
		c.TLS = smtpmail.StartTLS
		if out := send(t, newSender(t, c, nil), notice(1)); out.Result != notify.ResultMisconfigured || len(sink.Ledger()) != 0 {
			t.Errorf("outcome %+v, %d mails", out, len(sink.Ledger()))
		}
	})
	t.Run("a certificate for another name", func(t *testing.T) {
		sink := startSink(t, &smtpsink.Options{Security: smtpsink.StartTLS})
		c := config(sink.Addr())
		c.TLS, c.TLSConfig = smtpmail.StartTLS, sink.ClientTLS()
		c.TLSConfig.ServerName = ""
		c.ServerName = "mail.xuanloc.example"
		want := notify.Outcome{Result: notify.ResultNotSent, Detail: "connect: TLS handshake failed"}
		if out := send(t, newSender(t, c, nil), notice(1)); out != want {
			t.Errorf("outcome %+v, want %+v", out, want)
		}
	})
	t.Run("cut in the handshake", func(t *testing.T) {
		r := startRogue(t, smtpsink.DropInTLS())
		c := config(r.Addr())
		c.TLS = smtpmail.StartTLS
		if out := send(t, newSender(t, c, nil), notice(1)); out.Result != notify.ResultNotSent {
			t.Errorf("outcome %+v", out)
		}
	})
}

func TestExpiryIsJudgedByTheClockOfTheHost(t *testing.T) {
	sink := startSink(t, nil)
	m := notice(1)
	m.Expires = m.Created.Add(time.Hour)
	for _, test := range []struct {
		now  time.Time
		want notify.Result
	}{
		{m.Expires.Add(-time.Second), notify.ResultAccepted},
		{m.Expires, notify.ResultNotSent},
	} {
		s := newSender(t, config(sink.Addr()), &smtpmail.Options{Clock: func() time.Time { return test.now }})
		if out := send(t, s, m); out.Result != test.want {
			t.Errorf("at %v: %+v, want %s", test.now, out, test.want)
		}
	}
}

func TestASendThatWaitsForAConnectionEndsWithItsContext(t *testing.T) {
	r := startRogue(t, smtpsink.SilentAfterDot(true))
	c := config(r.Addr())
	c.MaxConns = 1
	s := newSender(t, c, nil)
	first, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan notify.Outcome, 1)
	go func() { done <- s.Send(first, notice(1)) }()
	for len(r.Accepted()) == 0 {
		time.Sleep(time.Millisecond)
	}
	second, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if out := s.Send(second, notice(2)); out.Result != notify.ResultNotSent {
		t.Errorf("the Send in the queue: %+v", out)
	}
	if n := len(r.Heard()); n != 1 {
		t.Errorf("%d connections with MaxConns 1", n)
	}
	stop()
	if out := <-done; out.Result != notify.ResultUnknown {
		t.Errorf("the Send that was stopped after the dot: %+v", out)
	}
}

func TestSendsThatEndEarlyLeaveRoomForOthers(t *testing.T) {
	sink := startSink(t, nil)
	c := config(sink.Addr())
	c.MaxConns = 1
	s := newSender(t, c, nil)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for i := range 20 { // which of two ready channels is read is left to chance
		if out := s.Send(ended, notice(i)); out.Result != notify.ResultNotSent {
			t.Errorf("with an ended context: %+v", out)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if out := s.Send(ctx, notice(1)); out.Result != notify.ResultAccepted {
		t.Errorf("afterwards: %+v", out)
	}
}

func TestCloseLetsASendUnderWayFinish(t *testing.T) {
	release := make(chan struct{})
	var once sync.Once
	var waiting atomic.Bool
	sink := startSink(t, &smtpsink.Options{Script: func(e smtpsink.Event) smtpsink.Reply {
		if e.Phase == smtpsink.PhaseData {
			waiting.Store(true)
			<-release
		}
		return smtpsink.Reply{}
	}})
	t.Cleanup(func() { once.Do(func() { close(release) }) })
	s := newSender(t, config(sink.Addr()), nil)
	done := make(chan notify.Outcome, 1)
	go func() { done <- s.Send(context.Background(), notice(1)) }()
	for !waiting.Load() {
		time.Sleep(time.Millisecond)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if out := send(t, s, notice(2)); out.Result != notify.ResultNotSent {
		t.Errorf("a Send after Close: %+v", out)
	}
	once.Do(func() { close(release) })
	if out := <-done; out.Result != notify.ResultAccepted || out.ProviderID != "sink-000001" {
		t.Errorf("the Send under way: %+v", out)
	}
}

func TestLargeMailsAreRefusedBeforeTheyAreSent(t *testing.T) {
	count := &counter{}
	sink := startSink(t, &smtpsink.Options{MaxBytes: 10 << 10, Script: count.script})
	s := newSender(t, config(sink.Addr()), nil)
	m := notice(1)
	m.Text = strings.Repeat("x", 20<<10)
	want := notify.Outcome{Result: notify.ResultPermanent, Detail: "MAIL: the mail is larger than the server takes"}
	if out := send(t, s, m); out != want {
		t.Errorf("outcome %+v, want %+v", out, want)
	}
	if out := send(t, s, notice(2)); out.Result != notify.ResultAccepted {
		t.Errorf("the next mail over the same connection: %+v", out)
	}
}
