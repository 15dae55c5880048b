package smtpsink_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is the clock of these tests.
var noon = time.Date(2017, time.May, 5, 12, 0, 0, 123456789, time.FixedZone("Asia/Ho_Chi_Minh", 7*3600))

const body = "Kính gửi bà Hoa,\r\n.một dòng bắt đầu bằng dấu chấm\r\n"

func letter(id string) string {
	return "Message-ID: <" + id + ">\r\nSubject: =?utf-8?q?Nh=E1=BA=AFc_l=E1=BB=8Bch?=\r\n\r\n" + body
}

func start(t *testing.T, opts *smtpsink.Options) *smtpsink.Sink {
	t.Helper()
	s, err := smtpsink.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// connect returns a client that gives up after a second.
func connect(t *testing.T, addr string) *smtp.Client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	c := smtp.NewClient(conn)
	c.CommandTimeout, c.SubmissionTimeout = time.Second, time.Second
	t.Cleanup(func() { c.Close() })
	return c
}

// send drives one mail through c and returns the answer to it and the step
// that failed, "" when none did.
func send(c *smtp.Client, from string, to []string, message string) (answer, failed string, err error) {
	if err := c.Mail(from, nil); err != nil {
		return "", "MAIL", err
	}
	for _, rcpt := range to {
		if err := c.Rcpt(rcpt, nil); err != nil {
			return "", "RCPT", err
		}
	}
	w, err := c.Data()
	if err != nil {
		return "", "DATA", err
	}
	if _, err := io.WriteString(w, message); err != nil {
		return "", "body", err
	}
	response, err := w.CloseWithResponse()
	if err != nil {
		return "", "dot", err
	}
	return response.StatusText, "", nil
}

func code(err error) int {
	var refusal *smtp.SMTPError
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	return 0
}

func TestALedgerLineForEachAcceptedMail(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "ledger.jsonl")
	sink := start(t, &smtpsink.Options{Clock: func() time.Time { return noon }, LedgerFile: file, Dir: dir})
	c := connect(t, sink.Addr())
	if err := c.Hello("worker.example"); err != nil {
		t.Fatal(err)
	}
	if err := c.Mail("hvcs@example.invalid", &smtp.MailOptions{EnvelopeID: "attempt-1"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Reset(); err != nil { // a transaction given up leaves no trace
		t.Fatal(err)
	}
	if err := c.Mail("hvcs@example.invalid", &smtp.MailOptions{EnvelopeID: "attempt-2"}); err != nil {
		t.Fatal(err)
	}
	to := []string{"truongap1@example.invalid", "truongap2@example.invalid"}
	for _, rcpt := range to {
		if err := c.Rcpt(rcpt, nil); err != nil {
			t.Fatal(err)
		}
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, letter("n.1@example.invalid"))
	answer, err := w.CloseWithResponse()
	if err != nil {
		t.Fatal(err)
	}
	onDisk, err := smtpsink.ReadLedger(file) // as it is at the moment of the answer
	if err != nil {
		t.Fatal(err)
	}

	sum := sha256.Sum256([]byte(body))
	want := []smtpsink.Mail{{
		At: time.Date(2017, time.May, 5, 5, 0, 0, 123456000, time.UTC), ID: "sink-000001",
		MessageID: "n.1@example.invalid", EnvelopeID: "attempt-2", From: "hvcs@example.invalid", To: to,
		Size: len(letter("n.1@example.invalid")), BodySHA256: hex.EncodeToString(sum[:]), File: "sink-000001.eml",
	}}
	if diff := cmp.Diff(want, onDisk); diff != "" {
		t.Errorf("ledger file (-want +got)\n%s", diff)
	}
	want[0].Raw = []byte(letter("n.1@example.invalid"))
	if diff := cmp.Diff(want, sink.Ledger()); diff != "" {
		t.Errorf("ledger (-want +got)\n%s", diff)
	}
	if !strings.Contains(answer.StatusText, "sink-000001") {
		t.Errorf("the answer %q does not name the queue id", answer.StatusText)
	}
	if saved, err := os.ReadFile(filepath.Join(dir, "sink-000001.eml")); string(saved) != letter("n.1@example.invalid") {
		t.Errorf("saved message %q, %v", saved, err)
	}
}

func TestASinkStartedAgainGoesOnCounting(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "ledger.jsonl")
	for n := range 3 {
		sink := start(t, &smtpsink.Options{LedgerFile: file, Dir: dir})
		if _, _, err := send(connect(t, sink.Addr()), "a@example.invalid", []string{"b@example.invalid"}, letter(fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
		if mails, err := smtpsink.ReadLedger(file); err != nil || len(mails) != n%2+1 {
			t.Errorf("round %d: %+v, %v", n, mails, err)
		}
		// A crash in the middle of the next line.
		torn, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		torn.WriteString(`{"at":"2017-05-05T`)
		torn.Close()
		if n == 1 {
			os.Remove(file) // the files of Dir alone keep the ids apart, too
		}
	}
	mails, err := smtpsink.ReadLedger(file)
	if err != nil || len(mails) != 1 || mails[0].ID != "sink-000003" || mails[0].MessageID != "2" {
		t.Errorf("%+v, %v", mails, err)
	}
	if saved, _ := filepath.Glob(filepath.Join(dir, "*.eml")); len(saved) != 3 {
		t.Errorf("saved %q", saved)
	}
}

func TestAnUnreadableLedgerIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.jsonl")
	if err := os.WriteFile(file, []byte("not a ledger\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, opts := range []*smtpsink.Options{
		{LedgerFile: file},
		{LedgerFile: t.TempDir()},
		{Dir: file},
		{Security: "ssl"},
		{Addr: "no such address"},
	} {
		if s, err := smtpsink.Start(opts); err == nil {
			s.Close()
			t.Errorf("%+v was taken", opts)
		}
	}
}

func TestAMailThatCannotBeEnteredIsNotAccepted(t *testing.T) {
	dir := t.TempDir()
	sink, err := smtpsink.Start(&smtpsink.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	os.RemoveAll(dir)
	_, failed, err := send(connect(t, sink.Addr()), "a@example.invalid", []string{"b@example.invalid"}, letter("1"))
	if failed != "dot" || code(err) != 452 || len(sink.Ledger()) > 0 {
		t.Errorf("failed at %q with %v; ledger %v", failed, err, sink.Ledger())
	}
	if err := sink.Close(); err == nil {
		t.Error("Close does not tell that the ledger could not be written")
	}
}

func TestAMailCutShortIsNeverInTheLedger(t *testing.T) {
	sink := start(t, &smtpsink.Options{MaxBytes: 1000})
	c := connect(t, sink.Addr())
	if err := c.Mail("a@example.invalid", nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt("b@example.invalid", nil); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "Subject: first half\r\n\r\nfirst ")
	c.Close()

	_, failed, err := send(connect(t, sink.Addr()), "a@example.invalid", []string{"b@example.invalid"},
		"Subject: long\r\n\r\n"+strings.Repeat("0123456789\r\n", 100))
	if failed != "dot" || code(err) != 552 {
		t.Errorf("too large: failed at %q with %v", failed, err)
	}
	if _, _, err := send(connect(t, sink.Addr()), "a@example.invalid", []string{"b@example.invalid"}, letter("whole")); err != nil {
		t.Fatal(err)
	}
	if mails := sink.Ledger(); len(mails) != 1 || mails[0].MessageID != "whole" {
		t.Errorf("ledger %+v", mails)
	}
}

func TestSecurity(t *testing.T) {
	user := sasl.NewPlainClient("", "hvcs", "mật khẩu")
	for _, c := range []struct {
		security smtpsink.Security
		dial     func(*smtpsink.Sink) (*smtp.Client, error)
		tls      bool
	}{
		{smtpsink.Plain, func(s *smtpsink.Sink) (*smtp.Client, error) { return smtp.Dial(s.Addr()) }, false},
		{smtpsink.StartTLS, func(s *smtpsink.Sink) (*smtp.Client, error) { return smtp.DialStartTLS(s.Addr(), s.ClientTLS()) }, true},
		{smtpsink.TLS, func(s *smtpsink.Sink) (*smtp.Client, error) { return smtp.DialTLS(s.Addr(), s.ClientTLS()) }, true},
	} {
		t.Run(string(c.security), func(t *testing.T) {
			sink := start(t, &smtpsink.Options{Security: c.security, Username: "hvcs", Password: "mật khẩu"})
			if (sink.ClientTLS() != nil) != c.tls {
				t.Errorf("client settings: %v", sink.ClientTLS())
			}
			client, err := c.dial(sink)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			if err := client.Mail("a@example.invalid", nil); code(err) != 530 {
				t.Errorf("mail without login: %v", err)
			}
			if err := client.Auth(sasl.NewPlainClient("", "hvcs", "wrong")); code(err) != 535 {
				t.Errorf("wrong password: %v", err)
			}
			if err := client.Auth(user); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the login outlasts a mail
				if _, _, err := send(client, "a@example.invalid", []string{"b@example.invalid"}, letter("1")); err != nil {
					t.Fatal(err)
				}
			}
			for _, m := range sink.Ledger() {
				if m.TLS != c.tls || m.User != "hvcs" {
					t.Errorf("ledger: TLS %v, user %q", m.TLS, m.User)
				}
			}
		})
	}
	t.Run("no login over a plain connection where encryption is offered", func(t *testing.T) {
		sink := start(t, &smtpsink.Options{Security: smtpsink.StartTLS, Username: "hvcs", Password: "x"})
		client := connect(t, sink.Addr())
		if client.SupportsAuth("PLAIN") {
			t.Error("AUTH is offered before STARTTLS")
		}
	})
	t.Run("a stranger does not trust the certificate", func(t *testing.T) {
		sink, other := start(t, &smtpsink.Options{Security: smtpsink.TLS}), start(t, &smtpsink.Options{Security: smtpsink.TLS})
		client, err := smtp.DialTLS(sink.Addr(), other.ClientTLS())
		if err == nil {
			client.Close()
			t.Error("trusted")
		}
	})
}

func TestTheScriptIsAskedAtEachPhase(t *testing.T) {
	var mu sync.Mutex
	var events []smtpsink.Event
	sink := start(t, &smtpsink.Options{Username: "u", Password: "p", Script: func(e smtpsink.Event) smtpsink.Reply {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e)
		return smtpsink.Reply{}
	}})
	connect(t, sink.Addr()).Noop() // connection 1
	c := connect(t, sink.Addr())
	if err := c.Hello("worker.example"); err != nil {
		t.Fatal(err)
	}
	if err := c.Auth(sasl.NewPlainClient("", "u", "p")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := send(c, "a@example.invalid", []string{"b@example.invalid", "c@example.invalid"}, letter("1")); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	events = slices.DeleteFunc(events, func(e smtpsink.Event) bool { return e.Conn == 1 })
	with := func(e smtpsink.Event) smtpsink.Event { e.Conn, e.Hello = 2, "worker.example"; return e }
	b, both := []string{"b@example.invalid"}, []string{"b@example.invalid", "c@example.invalid"}
	want := []smtpsink.Event{
		with(smtpsink.Event{Phase: smtpsink.PhaseHello}),
		with(smtpsink.Event{Phase: smtpsink.PhaseAuth, User: "u"}),
		with(smtpsink.Event{Phase: smtpsink.PhaseMail, User: "u", From: "a@example.invalid"}),
		with(smtpsink.Event{Phase: smtpsink.PhaseRcpt, User: "u", From: "a@example.invalid", To: b}),
		with(smtpsink.Event{Phase: smtpsink.PhaseRcpt, User: "u", From: "a@example.invalid", To: both}),
		with(smtpsink.Event{Phase: smtpsink.PhaseData, User: "u", From: "a@example.invalid", To: both, MessageID: "1"}),
		with(smtpsink.Event{Phase: smtpsink.PhaseAccepted, User: "u", From: "a@example.invalid", To: both, MessageID: "1"}),
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestTheScriptDecidesTheAnswer(t *testing.T) {
	type phase = smtpsink.Phase
	at := func(p phase, r smtpsink.Reply) smtpsink.Script {
		return func(e smtpsink.Event) smtpsink.Reply {
			if e.Phase == p {
				return r
			}
			return smtpsink.Reply{}
		}
	}
	later := smtpsink.Reply{Code: 451, Enhanced: [3]int{4, 7, 1}, Text: "greylisted\ncome back later"}
	never := smtpsink.Reply{Code: 550, Text: "no such user"}
	for _, c := range []struct {
		name     string
		script   smtpsink.Script
		failed   string // step
		code     int    // 0: the connection was cut
		accepted bool
	}{
		{"refusal of EHLO", at(smtpsink.PhaseHello, never), "MAIL", 550, false},
		{"temporary refusal at MAIL", at(smtpsink.PhaseMail, later), "MAIL", 451, false},
		{"permanent refusal at RCPT", at(smtpsink.PhaseRcpt, never), "RCPT", 550, false},
		{"refusal after the dot", at(smtpsink.PhaseData, later), "dot", 451, false},
		{"yes after the dot, and forgotten", at(smtpsink.PhaseData, smtpsink.Reply{Code: 250, Text: "OK"}), "", 0, false},
		{"accepted, and answered with an error", at(smtpsink.PhaseAccepted, later), "dot", 451, true},
		{"drop at EHLO", at(smtpsink.PhaseHello, smtpsink.Reply{Drop: true}), "MAIL", 0, false},
		{"drop at MAIL", at(smtpsink.PhaseMail, smtpsink.Reply{Drop: true}), "MAIL", 0, false},
		{"drop after the dot, not accepted", at(smtpsink.PhaseData, smtpsink.Reply{Drop: true}), "dot", 0, false},
		{"drop after the dot, accepted", at(smtpsink.PhaseAccepted, smtpsink.Reply{Drop: true}), "dot", 0, true},
		{"an answer later than the client waits", at(smtpsink.PhaseAccepted, smtpsink.Reply{Delay: 3 * time.Second}), "dot", 0, true},
		{"a short delay", at(smtpsink.PhaseMail, smtpsink.Reply{Delay: time.Millisecond}), "", 0, true},
		{"a code below 400 is no refusal", at(smtpsink.PhaseMail, smtpsink.Reply{Code: 250}), "", 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sink := start(t, &smtpsink.Options{Script: c.script})
			_, failed, err := send(connect(t, sink.Addr()), "a@example.invalid", []string{"b@example.invalid"}, letter("1"))
			if failed != c.failed || code(err) != c.code {
				t.Errorf("failed at %q with %v", failed, err)
			}
			for _, word := range []string{"greylisted", "come back later", "4.7.1"} {
				if c.code == 451 && !strings.Contains(err.Error(), word) {
					t.Errorf("%q was not passed on: %v", word, err)
				}
			}
			if got := len(sink.Ledger()) == 1; got != c.accepted {
				t.Errorf("accepted: %v, want %v", got, c.accepted)
			}
		})
	}
}

func TestOneBadRecipientHarmsNoOther(t *testing.T) {
	sink := start(t, &smtpsink.Options{Script: func(e smtpsink.Event) smtpsink.Reply {
		if e.Phase == smtpsink.PhaseRcpt && e.To[len(e.To)-1] == "bad@example.invalid" {
			return smtpsink.Reply{Code: 550}
		}
		return smtpsink.Reply{}
	}})
	c := connect(t, sink.Addr())
	if err := c.Mail("a@example.invalid", nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt("bad@example.invalid", nil); code(err) != 550 {
		t.Fatal(err)
	}
	if err := c.Rcpt("good@example.invalid", nil); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, letter("1"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if mails := sink.Ledger(); len(mails) != 1 || !slices.Equal(mails[0].To, []string{"good@example.invalid"}) {
		t.Errorf("%+v", mails)
	}
}

func TestAPanickingScriptIsReported(t *testing.T) {
	sink, err := smtpsink.Start(&smtpsink.Options{Script: func(smtpsink.Event) smtpsink.Reply { panic("slip of the pen") }})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := send(connect(t, sink.Addr()), "a@example.invalid", []string{"b@example.invalid"}, letter("1")); code(err) != 451 {
		t.Errorf("answered with %v", err)
	}
	for range 2 {
		if err := sink.Close(); err == nil || !strings.Contains(err.Error(), "slip of the pen") {
			t.Errorf("Close returned %v", err)
		}
	}
}

func TestManySendersAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.jsonl")
	sink := start(t, &smtpsink.Options{LedgerFile: file})
	const senders, each = 8, 5
	var running sync.WaitGroup
	for s := range senders {
		c := connect(t, sink.Addr())
		running.Go(func() {
			for n := range each {
				if _, _, err := send(c, "a@example.invalid", []string{"b@example.invalid"}, letter(fmt.Sprintf("%d.%d", s, n))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	mails, err := sink.Wait(senders*each, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	running.Wait()
	ids, messages := map[string]bool{}, map[string]bool{}
	for _, m := range mails {
		ids[m.ID], messages[m.MessageID] = true, true
	}
	if len(ids) != senders*each || len(messages) != senders*each {
		t.Errorf("%d queue ids, %d messages", len(ids), len(messages))
	}
	onDisk, err := smtpsink.ReadLedger(file)
	for i := range mails {
		mails[i].Raw = nil
	}
	if diff := cmp.Diff(mails, onDisk); err != nil || diff != "" {
		t.Errorf("%v, file and memory differ\n%s", err, diff)
	}
}

func TestWaitGivesUp(t *testing.T) {
	sink := start(t, nil)
	if mails, err := sink.Wait(1, 10*time.Millisecond); err == nil || len(mails) > 0 {
		t.Errorf("%v, %v", mails, err)
	}
	if _, err := sink.Wait(0, 0); err != nil {
		t.Error(err)
	}
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	for _, security := range []smtpsink.Security{smtpsink.Plain, smtpsink.StartTLS, smtpsink.TLS} {
		asked := make(chan struct{})
		sink, err := smtpsink.Start(&smtpsink.Options{Security: security, Script: func(smtpsink.Event) smtpsink.Reply {
			close(asked)
			return smtpsink.Reply{Delay: time.Hour}
		}})
		if err != nil {
			t.Fatal(err)
		}
		idle, err := net.Dial("tcp", sink.Addr()) // with TLS: inside the handshake
		if err != nil {
			t.Fatal(err)
		}
		answered := make(chan struct{})
		if security == smtpsink.Plain {
			c := connect(t, sink.Addr())
			go func() { defer close(answered); c.Hello("worker.example") }()
			<-asked
		} else {
			close(answered)
		}
		began := time.Now()
		if err := sink.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: Close took %v", security, took)
		}
		if _, err := io.Copy(io.Discard, idle); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: an idle connection was left open: %v", security, err)
		}
		idle.Close()
		<-answered
	}
}
