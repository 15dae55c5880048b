package smtpmail

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime"
	"net/mail"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message"
	gomail "github.com/emersion/go-message/mail"
	"github.com/emersion/go-smtp"
	"golang.org/x/text/unicode/norm"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
)

// The placeholders of Config.ReturnPath.
const (
	noticeField  = "{{notice}}"
	attemptField = "{{attempt}}"
)

// maxToken is the longest form of a notice's key in an address or a
// Message-ID: a UUID has 36 characters, and ".2" follows when it is sent again.
const maxToken = 40

// letterhead is what every mail of one sender has in common.
type letterhead struct {
	Config
	from   mail.Address
	signer *signer // nil: mails are not signed
}

// letter is one mail, complete before the relay is asked for anything.
type letter struct {
	from, to   string // of the envelope
	envelopeID string
	notify     []smtp.DSNNotify // what the relay is to report; empty: what it likes
	wide       bool             // an address needs SMTPUTF8
	data       []byte           // ends with a line end
}

// compose renders m. The mail is the same, byte for byte, for every attempt of
// one notice, except for the time in a signature; only the envelope names the
// attempt. A refusal is returned as the outcome it leads to.
func (h letterhead) compose(m notify.Message) (letter, *notify.Outcome) {
	if refusal := h.judge(m); refusal != nil {
		return letter{}, refusal
	}
	if h.Foreign == ASCIIDomain {
		plain, err := asciiDomain(m.To)
		if err != nil {
			return letter{}, refuse("the domain has no form in ASCII")
		}
		m.To = plain
	}
	token := mailToken(m)
	attempt := strconv.Itoa(m.Attempt)
	l := letter{
		from:       strings.NewReplacer(noticeField, token, attemptField, attempt).Replace(h.ReturnPath),
		to:         m.To,
		envelopeID: token + "." + attempt,
		notify:     h.reports(),
	}
	l.wide = !ascii(l.from) || !ascii(l.to)

	var buf bytes.Buffer
	if err := write(&buf, h.header(m, token), m, boundary(token)); err != nil {
		return letter{}, refuse("the mail cannot be rendered")
	}
	if l.data = buf.Bytes(); !bytes.HasSuffix(l.data, []byte("\r\n")) {
		l.data = append(l.data, "\r\n"...)
	}
	if h.signer != nil {
		var err error
		if l.data, err = h.signer.sign(l.data); err != nil {
			return letter{}, refuse("the mail cannot be signed")
		}
	}
	return l, nil
}

// reports are the events the relay is asked to report.
func (c Config) reports() []smtp.DSNNotify {
	var list []smtp.DSNNotify
	if c.DSNSuccess {
		list = append(list, smtp.DSNNotifySuccess)
	}
	if c.DSN || c.DSNSuccess {
		list = append(list, smtp.DSNNotifyFailure, smtp.DSNNotifyDelayed)
	}
	return list
}

// judge returns the outcome of a message that must not become a mail.
func (h letterhead) judge(m notify.Message) *notify.Outcome {
	switch {
	case m.Channel != notify.Email:
		return refuse("the message is not for e-mail")
	case m.Notice == "" || m.Created.IsZero():
		return refuse("the message has no notice or no time of creation")
	case m.Attempt < 0 || m.Attempt > 9999:
		return refuse("the number of the attempt is out of range")
	case !validMailbox(m.To, true):
		out := refuse("the address is no mailbox")
		out.Suppress = true
		return out
	case h.Foreign == RefuseForeign && !ascii(m.To), h.Foreign == ASCIIDomain && !ascii(localPart(m.To)):
		return refuse("the mailbox has letters outside ASCII")
	case m.Text == "":
		return refuse("the message has no text")
	}
	for _, value := range []string{m.Subject, m.ToName, m.Language} {
		if strings.ContainsAny(value, "\r\n\x00") {
			return refuse("a header holds a line break")
		}
	}
	for _, value := range []string{m.Subject, m.ToName, m.Text, m.HTML} {
		if !utf8.ValidString(value) {
			return refuse("the message is not UTF-8")
		}
	}
	return nil
}

func refuse(detail string) *notify.Outcome {
	return &notify.Outcome{Result: notify.ResultPermanent, Detail: detail}
}

// header has the fields of the mail as a whole. go-message writes the field
// that was added last first.
func (h letterhead) header(m notify.Message, token string) gomail.Header {
	var head gomail.Header
	if m.Language != "" && ascii(m.Language) {
		head.Set("Content-Language", m.Language)
	}
	if h.Unsubscribe != "" && m.Class == notify.Care {
		if strings.HasPrefix(h.Unsubscribe, "https:") {
			head.Set("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
		}
		head.Set("List-Unsubscribe", "<"+h.Unsubscribe+">")
	}
	if h.ListID != "" {
		head.Set("List-Id", "<"+h.ListID+">")
	}
	head.Set("X-Auto-Response-Suppress", "All") // Exchange looks here, not at the next
	head.Set("Auto-Submitted", "auto-generated")
	head.SetMessageID("n." + token + "@" + h.Domain)
	head.SetDate(m.Created.In(calendar.Zone()))
	if m.Subject != "" {
		setSubject(&head, norm.NFC.String(m.Subject))
	}
	head.SetAddressList("To", []*gomail.Address{{Name: norm.NFC.String(m.ToName), Address: m.To}})
	head.SetAddressList("From", []*gomail.Address{{Name: h.from.Name, Address: h.from.Address}})
	return head
}

// setSubject writes the subject in ASCII. go-message folds plain text, but
// leaves encoded words on one line, of which there should be one a line
// (RFC 2047).
func setSubject(head *gomail.Header, subject string) {
	words := mime.QEncoding.Encode("utf-8", subject)
	if words == subject {
		head.Set("Subject", subject)
		return
	}
	head.AddRaw([]byte("Subject: " + strings.ReplaceAll(words, "?= =?", "?=\r\n =?") + "\r\n"))
}

// write writes a mail with the text alone, or with the text and, for readers
// that can show it, the HTML.
func write(w io.Writer, head gomail.Header, m notify.Message, boundary string) error {
	if m.HTML == "" {
		head.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
		head.Set("Content-Transfer-Encoding", "quoted-printable")
		body, err := message.CreateWriter(w, head.Header)
		if err != nil {
			return err
		}
		return writeText(body, m.Text)
	}
	head.SetContentType("multipart/alternative", map[string]string{"boundary": boundary})
	whole, err := message.CreateWriter(w, head.Header)
	if err != nil {
		return err
	}
	for _, part := range []struct{ kind, text string }{{"text/plain", m.Text}, {"text/html", m.HTML}} {
		var head message.Header
		head.SetContentType(part.kind, map[string]string{"charset": "utf-8"})
		head.Set("Content-Transfer-Encoding", "quoted-printable")
		body, err := whole.CreatePart(head)
		if err != nil {
			return err
		}
		if err := writeText(body, part.text); err != nil {
			return err
		}
	}
	return whole.Close()
}

// newlines makes every line end the way the quoted-printable writer expects.
var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func writeText(w io.WriteCloser, text string) error {
	if _, err := io.WriteString(w, newlines.Replace(norm.NFC.String(text))); err != nil {
		return err
	}
	return w.Close()
}

// mailToken names the mail: its idempotency key, which is the same for every
// attempt of one notice and another when somebody has it sent again, so that a
// mailbox does not take the repetition for the first. Where it cannot stand in
// an address, a digest of it that is as unique takes its place.
func mailToken(m notify.Message) string {
	key := cmp.Or(m.IdempotencyKey, string(m.Notice))
	if len(key) <= maxToken && validLocal(key, false) && !strings.ContainsFunc(key, func(r rune) bool {
		return !alphanumeric(r) && r != '-' && r != '_' && r != '.'
	}) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}

// boundary separates the parts of a mail. "=_" cannot occur in a
// quoted-printable text, so no text can forge it.
func boundary(token string) string { return "=_" + token }
