package smtpmail

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-message/textproto"
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

// letterhead is what every mail of one sender has in common, with the fields of
// its header that are the same for all written out.
type letterhead struct {
	Config
	signer      *signer // nil: mails are not signed
	from        string
	automatic   string // no reader is to be answered by a machine, and which stream it is
	unsubscribe string
}

func newLetterhead(c Config) (letterhead, error) {
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return letterhead{}, err
	}
	h := letterhead{Config: c, from: field("From", mailbox(from.Name, from.Address))}
	h.automatic = field("Auto-Submitted", "auto-generated") +
		field("X-Auto-Response-Suppress", "All") // Exchange looks here, not at the field before
	if c.ListID != "" {
		h.automatic += field("List-Id", "<"+c.ListID+">")
	}
	if c.Unsubscribe != "" {
		h.unsubscribe = field("List-Unsubscribe", "<"+c.Unsubscribe+">")
		if strings.HasPrefix(c.Unsubscribe, "https:") {
			h.unsubscribe += field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
		}
	}
	if c.DKIM != nil {
		h.signer, err = newSigner(*c.DKIM)
	}
	return h, err
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
func (h *letterhead) compose(m notify.Message) (letter, *notify.Outcome) {
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
		from:       strings.ReplaceAll(strings.ReplaceAll(h.ReturnPath, noticeField, token), attemptField, attempt),
		to:         m.To,
		envelopeID: token + "." + attempt,
		notify:     h.reports(),
	}
	l.wide = !ascii(l.from) || !ascii(l.to)

	var buf bytes.Buffer
	buf.Grow(roomForHeader + 2*(len(m.Text)+len(m.HTML)))
	if err := h.write(&buf, m, token); err != nil {
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
func (h *letterhead) judge(m notify.Message) *notify.Outcome {
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

// roomForHeader is how long a header seldom is.
const roomForHeader = 1 << 10

// What says how to read what follows.
const (
	mimeVersion     = "Mime-Version: 1.0\r\n"
	quotedPrintable = "Content-Transfer-Encoding: quoted-printable\r\n"
	plainText       = quotedPrintable + "Content-Type: text/plain; charset=utf-8\r\n"
	htmlText        = quotedPrintable + "Content-Type: text/html; charset=utf-8\r\n"
)

// write writes a mail with the text alone, or with the text and, for readers
// that can show it, the HTML.
func (h *letterhead) write(b *bytes.Buffer, m notify.Message, token string) error {
	b.WriteString(mimeVersion)
	if m.HTML == "" {
		b.WriteString(plainText)
		h.writeHeader(b, m, token)
		return writeText(b, m.Text)
	}
	edge := boundary(token)
	b.WriteString(field("Content-Type", mime.FormatMediaType("multipart/alternative", map[string]string{"boundary": edge})))
	h.writeHeader(b, m, token)
	b.WriteString("--" + edge + "\r\n" + plainText + "\r\n")
	if err := writeText(b, m.Text); err != nil {
		return err
	}
	b.WriteString("\r\n--" + edge + "\r\n" + htmlText + "\r\n")
	if err := writeText(b, m.HTML); err != nil {
		return err
	}
	b.WriteString("\r\n--" + edge + "--\r\n")
	return nil
}

// writeHeader writes the fields of the mail as a whole, and the line that ends them.
func (h *letterhead) writeHeader(b *bytes.Buffer, m notify.Message, token string) {
	b.WriteString(h.from)
	b.WriteString(field("To", mailbox(m.ToName, m.To)))
	if m.Subject != "" {
		b.WriteString(subject(norm.NFC.String(m.Subject)))
	}
	b.WriteString(field("Date", m.Created.In(calendar.Zone()).Format(time.RFC1123Z)))
	b.WriteString(field("Message-Id", "<n."+token+"@"+h.Domain+">"))
	b.WriteString(h.automatic)
	if m.Class == notify.Care {
		b.WriteString(h.unsubscribe)
	}
	if m.Language != "" && ascii(m.Language) {
		b.WriteString(field("Content-Language", m.Language))
	}
	b.WriteString("\r\n")
}

// mailbox writes an address with the name of its owner.
func mailbox(name, address string) string {
	if name == "" {
		return (&mail.Address{Address: address}).String()
	}
	return (&mail.Address{Name: norm.NFC.String(name), Address: address}).String()
}

// lineLength is how long a line of a header should be at most.
const lineLength = 76

// field writes a field of a header. One that does not fit on a line is folded.
func field(name, value string) string {
	if value != "" && len(name)+len(": ")+len(value) <= lineLength {
		return name + ": " + value + "\r\n"
	}
	var head textproto.Header
	head.Set(name, value)
	var b strings.Builder
	_ = textproto.WriteHeader(&b, head) // a strings.Builder takes everything, and no value has a line break
	return strings.TrimSuffix(b.String(), "\r\n")
}

// subject writes the subject in ASCII. go-message folds plain text, but leaves
// encoded words on one line, of which there should be one a line (RFC 2047).
func subject(text string) string {
	words := mime.QEncoding.Encode("utf-8", text)
	if words == text {
		return field("Subject", text)
	}
	return "Subject: " + strings.ReplaceAll(words, "?= =?", "?=\r\n =?") + "\r\n"
}

// newlines makes every line end the way the quoted-printable writer expects.
var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func writeText(b *bytes.Buffer, text string) error {
	if text = norm.NFC.String(text); strings.Contains(text, "\r") {
		text = newlines.Replace(text)
	}
	w := quotedprintable.NewWriter(b)
	if _, err := io.WriteString(w, text); err != nil {
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
