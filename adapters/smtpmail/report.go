package smtpmail

import (
	"bufio"
	"errors"
	"io"
	"net/textproto"
	"regexp"
	"strings"

	"github.com/emersion/go-message"

	"github.com/huongvecoso/outreach/core/notify"
)

// maxReport bounds how much of a returned mail is read.
const maxReport = 1 << 20

// ReadReport reads a mail that came back to ReturnPath, addressed to the
// mailbox to of its envelope, and returns what it says of our mails: a report
// as RFC 3464 has it, or a bounce of the old kind without one. Which mail is
// meant is found, in this order, by the placeholders of ReturnPath in to, by
// the envelope id that was given to the relay, and by the Message-ID in the
// returned header. Fields of c that are empty have their defaults.
//
// An answer of a person, an out-of-office note, or a report on a mail of
// somebody else gives no receipt and no error: nothing of it is ours. A mail
// that cannot be read is [notify.ErrMalformed]. It never panics, and what it
// returns holds no address. Delete a mail only after its receipts were stored.
func (c Config) ReadReport(to string, mail io.Reader) ([]notify.Receipt, error) {
	c = c.defaulted()
	whole, err := message.Read(io.LimitReader(mail, maxReport))
	if whole == nil || whole.Header.Len() == 0 || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return nil, notify.ErrMalformed
	}
	returned, err := dismember(whole)
	if err != nil {
		return nil, notify.ErrMalformed
	}
	key := c.keyOfBounce(to)
	if key == "" {
		key = keyOfEnvelope(returned.envelopeID)
	}
	if key == "" {
		key = c.keyOfMail(returned.messageID)
	}
	if key == "" {
		return nil, nil
	}
	var receipts []notify.Receipt
	for _, about := range returned.recipients {
		receipts = append(receipts, about.receipt(c.Name, key))
	}
	if len(receipts) == 0 && !returned.report && bounced(whole.Header) {
		receipts = append(receipts, notify.Receipt{Provider: c.Name, Key: key, Verdict: notify.VerdictUnclear, Code: "bounce without a report"})
	}
	return receipts, nil
}

// bounced reports whether a mail server wrote the mail of its own accord:
// people, and programs that answer for them, name a return path.
func bounced(header message.Header) bool {
	from := strings.ToLower(header.Get("From"))
	return strings.Trim(header.Get("Return-Path"), " ") == "<>" ||
		strings.Contains(from, "mailer-daemon@") || strings.Contains(from, "postmaster@")
}

// returnedMail is what can be found in a mail that came back.
type returnedMail struct {
	report     bool
	envelopeID string
	messageID  string
	recipients []fate
}

// fate is what a report says about one recipient.
type fate struct{ action, status string }

func (f fate) receipt(provider, key string) notify.Receipt {
	r := notify.Receipt{Provider: provider, Key: key, Verdict: notify.VerdictUnclear, Code: strings.TrimSpace(f.action + " " + f.status)}
	switch f.action {
	case "delivered":
		r.Verdict = notify.VerdictDelivered
	case "delayed", "relayed", "expanded":
		r.Verdict = notify.VerdictUnderway
	case "failed":
		r.Verdict = notify.VerdictUndelivered
		if code := parseEnhanced(f.status); code != noCode && deadMailbox(code) {
			r.Bar = notify.BarBounced
		}
	}
	return r
}

// maxDepth bounds how deep mails in mails are looked into.
const maxDepth = 4

// dismember looks for the parts of a report.
func dismember(whole *message.Entity) (returnedMail, error) {
	var found returnedMail
	kind, parameters, _ := whole.Header.ContentType()
	found.report = kind == "multipart/report" && strings.EqualFold(parameters["report-type"], "delivery-status")
	err := whole.Walk(func(path []int, part *message.Entity, err error) error {
		if err != nil || len(path) > maxDepth {
			return err
		}
		switch kind, _, _ := part.Header.ContentType(); kind {
		case "message/delivery-status", "message/global-delivery-status":
			found.report = true
			return found.readStatus(part.Body)
		case "message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers":
			header, err := textproto.NewReader(bufio.NewReader(part.Body)).ReadMIMEHeader()
			if found.messageID == "" {
				found.messageID = header.Get("Message-Id") // also of a header that was cut off
			}
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		return nil
	})
	return found, err
}

// readStatus reads groups of fields: the first is about the mail, each of the
// others about a recipient.
func (m *returnedMail) readStatus(body io.Reader) error {
	in := textproto.NewReader(bufio.NewReader(body))
	for first := true; ; first = false {
		group, err := in.ReadMIMEHeader()
		if id := group.Get("Original-Envelope-Id"); id != "" && m.envelopeID == "" {
			m.envelopeID = id
		}
		if action := group.Get("Action"); action != "" && !first {
			m.recipients = append(m.recipients, fate{action: word(action), status: word(group.Get("Status"))})
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// word is the first word of a field in small letters, where it is one that a
// report may have there; what else may stand in it is not kept.
func word(field string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(field), " ")
	first = strings.ToLower(first)
	if len(first) > 16 || strings.Trim(first, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		return ""
	}
	return first
}

// keyOfBounce finds the key that ReturnPath put into an address.
func (c Config) keyOfBounce(to string) string {
	if !strings.Contains(c.ReturnPath, noticeField) {
		return ""
	}
	pattern := regexp.QuoteMeta(c.ReturnPath)
	pattern = strings.Replace(pattern, regexp.QuoteMeta(noticeField), `([A-Za-z0-9._-]{1,40})`, 1)
	pattern = strings.ReplaceAll(pattern, regexp.QuoteMeta(attemptField), `[0-9]{1,4}`)
	match := regexp.MustCompile(`(?i)^` + pattern + `$`).FindStringSubmatch(to)
	if match == nil {
		return ""
	}
	return match[1]
}

var envelopeKey = regexp.MustCompile(`^([A-Za-z0-9._-]{1,40})\.[0-9]{1,4}$`)

// keyOfEnvelope finds the key in the envelope id that was given to the relay.
func keyOfEnvelope(id string) string {
	match := envelopeKey.FindStringSubmatch(strings.TrimSpace(id))
	if match == nil {
		return ""
	}
	return match[1]
}

// keyOfMail finds the key in the Message-ID of one of our mails.
func (c Config) keyOfMail(id string) string {
	id = strings.Trim(strings.TrimSpace(id), "<>")
	key, ours := strings.CutPrefix(id, "n.")
	key, domain, _ := strings.Cut(key, "@")
	if !ours || key == "" || len(key) > maxToken || !strings.EqualFold(domain, c.Domain) || !validLocal(key, false) {
		return ""
	}
	return key
}
