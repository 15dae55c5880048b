package smtpmail_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/core/notify"
)

// deliver sends m to a sink and returns the mail as the relay has it.
func deliver(t *testing.T, change func(*smtpmail.Config), messages ...notify.Message) []smtpsink.Mail {
	t.Helper()
	sink := startSink(t, nil)
	c := config(sink.Addr())
	if change != nil {
		change(&c)
	}
	s := newSender(t, c, nil)
	for _, m := range messages {
		if out := send(t, s, m); out.Result != notify.ResultAccepted {
			t.Fatalf("outcome %+v", out)
		}
	}
	return sink.Ledger()
}

func TestAMailIsWhatItsReadersAndRelaysExpect(t *testing.T) {
	mails := deliver(t, nil, notice(1))
	want := strings.Join([]string{
		`Mime-Version: 1.0`,
		`Content-Transfer-Encoding: quoted-printable`,
		`Content-Type: text/plain; charset=utf-8`,
		`From: =?utf-8?q?UBND_huy=E1=BB=87n_Xu=C3=A2n_L=E1=BB=99c?=`,
		` <vanphong@xuanloc.example>`,
		`To: =?utf-8?q?Tr=C6=B0=E1=BB=9Fng_=E1=BA=A5p_Su=E1=BB=91i_C=C3=A1t?=`,
		` <truong.ap.0001@suoicat.example>`,
		`Subject: =?utf-8?q?Nh=E1=BA=AFc_l=E1=BB=8Bch_d=E1=BB=B1_sinh_ho=E1=BA=A1t_t?=`,
		` =?utf-8?q?=E1=BA=A1i_=E1=BA=A5p_Su=E1=BB=91i_C=C3=A1t_1?=`,
		`Date: Fri, 12 May 2017 09:30:00 +0700`,
		`Message-Id: <n.0198c0de-0000-7000-8000-000000000001@xuanloc.example>`,
		`Auto-Submitted: auto-generated`,
		`X-Auto-Response-Suppress: All`,
		`Content-Language: vi`,
		``,
		`K=C3=ADnh g=E1=BB=ADi: Tr=C6=B0=E1=BB=9Fng =E1=BA=A5p.`,
		``,
		`C=C3=B2n 2 ng=C3=A0y l=C3=A0m vi=E1=BB=87c.`,
		`.`,
		``,
	}, "\r\n")
	if diff := cmp.Diff(want, string(mails[0].Raw)); diff != "" {
		t.Errorf("mail (-want +got):\n%s", diff)
	}
}

func TestATextAndItsHTMLAreAlternatives(t *testing.T) {
	m := notice(1)
	m.HTML = `<p>Kính gửi: <b>Trưởng ấp</b></p>`
	raw := deliver(t, nil, m)[0].Raw
	r := parse(t, raw)
	if kind, _, _ := r.header.ContentType(); kind != "multipart/alternative" {
		t.Errorf("content type %q", kind)
	}
	if r.text != m.Text || r.html != m.HTML {
		t.Errorf("text %q, html %q", r.text, r.html)
	}
	if bytes.Index(raw, []byte("text/plain")) > bytes.Index(raw, []byte("text/html")) {
		t.Error("the HTML stands first: a reader shows the last part it understands")
	}
}

func TestEveryAttemptIsTheSameMail(t *testing.T) {
	for _, html := range []string{"", "<p>Kính gửi</p>"} {
		first, second, other := notice(1), notice(1), notice(2)
		first.HTML, second.HTML = html, html
		second.Attempt = 2
		mails := deliver(t, nil, first, second, other)
		if diff := cmp.Diff(string(mails[0].Raw), string(mails[1].Raw)); diff != "" {
			t.Errorf("attempt 2 differs (-first +second):\n%s", diff)
		}
		if mails[0].MessageID == mails[2].MessageID {
			t.Error("two notices have one Message-ID")
		}
	}
}

func TestBouncesNameTheAttempt(t *testing.T) {
	m := notice(1)
	m.Attempt = 3
	mails := deliver(t, func(c *smtpmail.Config) {
		c.ReturnPath = "bounce+{{notice}}.{{attempt}}@xuanloc.example"
		c.DSN = true
	}, m)
	if want := "bounce+0198c0de-0000-7000-8000-000000000001.3@xuanloc.example"; mails[0].From != want {
		t.Errorf("return path %q, want %q", mails[0].From, want)
	}
	if want := "0198c0de-0000-7000-8000-000000000001.3"; mails[0].EnvelopeID != want {
		t.Errorf("envelope id %q, want %q", mails[0].EnvelopeID, want)
	}
}

func TestAnUnusualNoticeIDStillNamesOneMail(t *testing.T) {
	ids := []notify.ID{"thông báo 1", "a>b@c", notify.ID(strings.Repeat("x", 200)), "Bcc:\r\nx"}
	var messages []notify.Message
	for _, id := range ids {
		m := notice(1)
		m.Notice, m.IdempotencyKey = id, string(id)
		messages = append(messages, m, m)
	}
	seen := map[string]bool{}
	for i, mail := range deliver(t, func(c *smtpmail.Config) { c.ReturnPath = "b+{{notice}}@xuanloc.example" }, messages...) {
		if i%2 == 0 && seen[mail.MessageID] || i%2 == 1 && !seen[mail.MessageID] {
			t.Errorf("mail %d has the Message-ID %q", i, mail.MessageID)
		}
		seen[mail.MessageID] = true
	}
}

func TestAMessageThatMustNotBecomeAMailIsRefused(t *testing.T) {
	tests := []struct {
		name     string
		change   func(*notify.Message)
		suppress bool
	}{
		{"another channel", func(m *notify.Message) { m.Channel = notify.SMS }, false},
		{"no notice", func(m *notify.Message) { m.Notice = "" }, false},
		{"no time", func(m *notify.Message) { m.Created = time.Time{} }, false},
		{"no text", func(m *notify.Message) { m.Text = ""; m.HTML = "<p>x</p>" }, false},
		{"no address", func(m *notify.Message) { m.To = "" }, true},
		{"a name for an address", func(m *notify.Message) { m.To = "Truong ap <truong.ap@suoicat.example>" }, true},
		{"two addresses", func(m *notify.Message) { m.To = "a@suoicat.example,b@suoicat.example" }, true},
		{"a parameter behind the address", func(m *notify.Message) { m.To = "a@suoicat.example> NOTIFY=NEVER" }, true},
		{"an empty label", func(m *notify.Message) { m.To = "a@suoicat..example" }, true},
		{"a quoted local part", func(m *notify.Message) { m.To = `"a b"@suoicat.example` }, true},
		{"letters outside ASCII before the @", func(m *notify.Message) { m.To = "trưởng.ấp@suoicat.example" }, false},
		{"letters outside ASCII behind the @", func(m *notify.Message) { m.To = "truong.ap@suốicát.example" }, false},
		{"a line break in the subject", func(m *notify.Message) { m.Subject = "a\nBcc: b@nguoila.example" }, false},
		{"a line break in the name", func(m *notify.Message) { m.ToName = "a\rb" }, false},
		{"a line break in the language", func(m *notify.Message) { m.Language = "vi\r\nX: y" }, false},
		{"a subject that is not UTF-8", func(m *notify.Message) { m.Subject = "\xff" }, false},
		{"a text that is not UTF-8", func(m *notify.Message) { m.Text = "Nh\xe1" }, false},
	}
	count := &counter{}
	sink := startSink(t, &smtpsink.Options{Script: count.script})
	s := newSender(t, config(sink.Addr()), nil)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := notice(1)
			test.change(&m)
			out := send(t, s, m)
			if out.Result != notify.ResultPermanent || out.Suppress != test.suppress || out.Detail == "" {
				t.Errorf("outcome %+v, want %s, suppress %t", out, notify.ResultPermanent, test.suppress)
			}
		})
	}
	if n := count.n.Load(); n != 0 {
		t.Errorf("%d of them were sent", n)
	}
}

func TestMailboxesOutsideASCIINeedConfigurationAndAServerThatTakesThem(t *testing.T) {
	m := notice(1)
	m.To = "trưởng.ấp@suốicát.example"
	if got := deliver(t, func(c *smtpmail.Config) { c.Foreign = smtpmail.SMTPUTF8 }, m)[0].To; !cmp.Equal(got, []string{m.To}) {
		t.Errorf("the mail went to %q", got)
	}
	r := startRogue(t, smtpsink.Polite())
	c := config(r.Addr())
	c.Foreign = smtpmail.SMTPUTF8
	want := notify.Outcome{Result: notify.ResultPermanent, Detail: "MAIL: the server does not take mailboxes outside ASCII"}
	if out := send(t, newSender(t, c, nil), m); out != want {
		t.Errorf("outcome %+v, want %+v", out, want)
	}
}

// FuzzCompose: whatever a message holds, it is refused or arrives as it is,
// and its header has no field that was not meant.
func FuzzCompose(f *testing.F) {
	m := notice(1)
	f.Add(string(m.Notice), m.To, m.ToName, m.Subject, m.Text, m.HTML)
	f.Add("n", "a@b.example", "", "", ".", "<p>\x00</p>")
	f.Add("n\r\n", "a@b.example", "=?utf-8?q?x?=", " ", "\r\r\n\n", "")
	f.Add("n", "a@b.example", "a, b <c@d.example>", "=?utf-8?b?//8=?=", strings.Repeat("đ", 1000), "--=_n--")
	f.Add("n", "ờ@b.example", strings.Repeat("Ờ", 100), strings.Repeat("từ dài ", 60)+strings.Repeat("x", 2000), "x", "y")
	sink, err := smtpsink.Start(nil)
	if err != nil {
		f.Fatal(err)
	}
	c := config(sink.Addr())
	c.Foreign = smtpmail.SMTPUTF8
	s, err := smtpmail.New(c, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close(); sink.Close() })
	f.Fuzz(func(t *testing.T, id, to, name, subject, text, html string) {
		m := notice(1)
		m.IdempotencyKey = id
		m.Notice, m.To, m.ToName, m.Subject, m.Text, m.HTML = notify.ID(id), to, name, subject, text, html
		before := len(sink.Ledger())
		out := send(t, s, m)
		took := sink.Ledger()[before:]
		if out.Result != notify.ResultAccepted {
			if len(took) != 0 {
				t.Fatalf("outcome %+v, and yet the server has the mail", out)
			}
			return
		}
		if len(took) != 1 || len(took[0].To) != 1 || took[0].To[0] != to {
			t.Fatalf("sent to %q, the server has %+v", to, took)
		}
		r := parse(t, took[0].Raw)
		allowed := "Mime-Version Content-Transfer-Encoding Content-Type From To Subject Date Message-Id Auto-Submitted Content-Language X-Auto-Response-Suppress"
		for fields := r.header.Fields(); fields.Next(); {
			if !strings.Contains(allowed, fields.Key()) {
				t.Fatalf("the header has a field %q", fields.Key())
			}
		}
		want := norm.NFC.String(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text))
		if strings.TrimRight(r.text, "\n") != strings.TrimRight(want, "\n") {
			t.Fatalf("sent %q, the server has %q", want, r.text)
		}
		for line := range bytes.SplitSeq(took[0].Raw, []byte("\r\n")) {
			if len(line) > 998 || bytes.ContainsAny(line, "\r\n") {
				t.Fatalf("a line that no relay need take: %q", line)
			}
		}
	})
}

func ExampleNew() {
	sink, err := smtpsink.Start(nil) // a relay that delivers nothing
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sink.Close()

	sender, err := smtpmail.New(smtpmail.Config{
		Addr:   sink.Addr(),
		TLS:    smtpmail.Plaintext, // allowed to this machine only
		From:   "UBND huyện Xuân Lộc <vanphong@xuanloc.example>",
		Domain: "xuanloc.example",
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sender.Close()

	out := sender.Send(context.Background(), notify.Message{
		Notice:  "0198c0de-0000-7000-8000-000000000001",
		Channel: notify.Email,
		To:      "truong.ap@suoicat.example",
		Subject: "Nhắc lịch",
		Text:    "Kính gửi: Trưởng ấp.",
		Created: time.Date(2017, 5, 12, 2, 30, 0, 0, time.UTC),
	})
	fmt.Println(out.Result, out.ProviderID)
	// Output: accepted sink-000001
}
