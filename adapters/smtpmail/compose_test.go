package smtpmail

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-message"
	gomail "github.com/emersion/go-message/mail"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
)

// reminder is a mail as a worker sends it by the thousand.
func reminder() notify.Message {
	return notify.Message{
		Notice: "0198c0de-0000-7000-8000-000000000001", IdempotencyKey: "0198c0de-0000-7000-8000-000000000001", Attempt: 1, Channel: notify.Email, Class: notify.Duty,
		To: "mau@xuanloc.example", ToName: "Nguyễn Văn Mẫu", Language: "vi", Subject: "Nhắc lịch dự sinh hoạt tại ấp Suối Cát 1",
		Text: "Kính gửi: ông Nguyễn Văn Mẫu.\n\nCòn 2 ngày là đến buổi dự sinh hoạt tại ấp Suối Cát 1, 19 giờ 00 ngày 15/3/2017, nhà văn hóa ấp.\n" +
			"Nếu không đi được, xin báo tổ trưởng trước 24 giờ.\n\nTrân trọng.\n",
		Created: time.Date(2017, 3, 13, 1, 0, 0, 0, time.UTC),
	}
}

func office() Config {
	return Config{Addr: "127.0.0.1:25", TLS: Plaintext, From: "UBND huyện Xuân Lộc <vanphong@xuanloc.example>", Domain: "xuanloc.example"}
}

func head(tb testing.TB, c Config) *letterhead {
	tb.Helper()
	s, err := New(c, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return &s.letterhead
}

func BenchmarkCompose(b *testing.B) {
	for _, html := range []string{"", "<p>Kính gửi: <b>ông Nguyễn Văn Mẫu</b></p>"} {
		b.Run(fmt.Sprintf("html=%t", html != ""), func(b *testing.B) {
			h, m := head(b, office()), reminder()
			m.HTML = html
			b.ReportAllocs()
			for b.Loop() {
				if _, refusal := h.compose(m); refusal != nil {
					b.Fatal(refusal)
				}
			}
		})
	}
}

// A mail is written with what is the same for all mails of a sender at hand.
// What comes out is what go-message would have made of it.
func TestAMailIsWhatTheLibraryMakesOfIt(t *testing.T) {
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 0))
		one := func(of ...string) string { return of[r.IntN(len(of))] }
		c := office()
		c.From = one(c.From, "hvcs@xuanloc.example", "HVCS <hvcs@xuanloc.example>", strings.Repeat("Ủy ban nhân dân ", 8)+"<vanphong@xuanloc.example>")
		c.ListID = one("", "hvcs.xuanloc.example", strings.Repeat("luong-thu.", 10)+"example")
		c.Unsubscribe = one("", "mailto:thoi@xuanloc.example", "https://xuanloc.example/thoi?"+strings.Repeat("x", 80))
		m := reminder()
		m.IdempotencyKey = one(m.IdempotencyKey, "n", "0198c0de-0000-7000-8000-000000000001.12", "thông báo 1")
		m.Class = notify.Class(one(string(notify.Duty), string(notify.Care)))
		m.To = one(m.To, "a@b.example", strings.Repeat("x", 60)+"@"+strings.Repeat("abcdefghi.", 8)+"example")
		m.ToName = one(m.ToName, "", "Mau", "Mau, \"A\" <b>", "Trưởng ấp", strings.Repeat("Ấp Suối Cát ", 12), "Nguye\u0302\u0303n", "=?utf-8?q?x?=", strings.Repeat("Mau ", 40))
		m.Subject = one(m.Subject, "", "x", "Nhac lich", strings.Repeat("Nhac lich ", 20), strings.Repeat("x", 1200), strings.Repeat("Nhắc lịch ", 20), "=?utf-8?q?x?=", " x ", "\t")
		m.Text = one(m.Text, "x", ".", "a\r\nb\rc\n", strings.Repeat("đường liên ấp ", 50), "Nguye\u0302\u0303n\n\n", " \n\t\n", strings.Repeat("=", 100))
		m.HTML = one("", "", "<p>Kính gửi</p>\n", strings.Repeat("<br>\r\n", 30))
		m.Language = one("vi", "", "en", "tiếng Việt")
		m.Created = m.Created.Add(time.Duration(r.Int64N(int64(1000 * time.Hour))))
		h := head(t, c)
		l, refusal := h.compose(m)
		if refusal != nil {
			t.Fatalf("seed %d: %+v", seed, refusal)
		}
		want := byLibrary(t, h.Config, m)
		if !bytes.HasSuffix(want, []byte("\r\n")) {
			want = append(want, "\r\n"...)
		}
		if diff := cmp.Diff(string(want), string(l.data)); diff != "" {
			t.Fatalf("seed %d (-library +here):\n%s", seed, diff)
		}
	}
}

// byLibrary writes a mail with go-message alone, which writes the field that was
// added last first.
func byLibrary(t *testing.T, c Config, m notify.Message) []byte {
	t.Helper()
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		t.Fatal(err)
	}
	token := mailToken(m)
	var head gomail.Header
	if m.Language != "" && ascii(m.Language) {
		head.Set("Content-Language", m.Language)
	}
	if c.Unsubscribe != "" && m.Class == notify.Care {
		if strings.HasPrefix(c.Unsubscribe, "https:") {
			head.Set("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
		}
		head.Set("List-Unsubscribe", "<"+c.Unsubscribe+">")
	}
	if c.ListID != "" {
		head.Set("List-Id", "<"+c.ListID+">")
	}
	head.Set("X-Auto-Response-Suppress", "All")
	head.Set("Auto-Submitted", "auto-generated")
	head.SetMessageID("n." + token + "@" + c.Domain)
	head.SetDate(m.Created.In(calendar.Zone()))
	switch text := norm.NFC.String(m.Subject); {
	case text == "":
	case mime.QEncoding.Encode("utf-8", text) == text:
		head.Set("Subject", text)
	default:
		head.AddRaw([]byte(subject(text))) // the library would leave it on one line
	}
	head.SetAddressList("To", []*gomail.Address{{Name: norm.NFC.String(m.ToName), Address: m.To}})
	head.SetAddressList("From", []*gomail.Address{{Name: norm.NFC.String(from.Name), Address: from.Address}})
	var b bytes.Buffer
	if m.HTML == "" {
		head.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
		head.Set("Content-Transfer-Encoding", "quoted-printable")
		w, err := message.CreateWriter(&b, head.Header)
		writeByLibrary(t, w, err, m.Text)
		return b.Bytes()
	}
	head.SetContentType("multipart/alternative", map[string]string{"boundary": boundary(token)})
	whole, err := message.CreateWriter(&b, head.Header)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct{ kind, text string }{{"text/plain", m.Text}, {"text/html", m.HTML}} {
		var head message.Header
		head.SetContentType(part.kind, map[string]string{"charset": "utf-8"})
		head.Set("Content-Transfer-Encoding", "quoted-printable")
		w, err := whole.CreatePart(head)
		writeByLibrary(t, w, err, part.text)
	}
	if err := whole.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func writeByLibrary(t *testing.T, w io.WriteCloser, err error, text string) {
	t.Helper()
	if err == nil {
		_, err = io.WriteString(w, newlines.Replace(norm.NFC.String(text)))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}
