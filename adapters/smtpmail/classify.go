package smtpmail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/emersion/go-smtp"

	"github.com/huongvecoso/outreach/core/notify"
)

// classify is the table of the package comment. What a server says is never
// repeated: it likes to quote the address.
func classify(f *failure) notify.Outcome {
	var said *smtp.SMTPError
	switch {
	case errors.As(f.err, &said):
		return f.judge(said)
	case errors.Is(f.err, errNoStartTLS), errors.Is(f.err, errNoMechanism), errors.Is(f.err, errLoginRefused):
		return f.outcome(notify.ResultMisconfigured, f.err.Error())
	case errors.Is(f.err, errTooBig), errors.Is(f.err, errNoSMTPUTF8):
		return f.outcome(notify.ResultPermanent, f.err.Error())
	case f.phase == atAnswer && !f.lost:
		return f.outcome(notify.ResultUnknown, cause(f.err))
	}
	return f.outcome(notify.ResultNotSent, cause(f.err))
}

// judge turns an answer of the server into an outcome.
func (f *failure) judge(said *smtp.SMTPError) notify.Outcome {
	out := f.outcome(f.class(said), "refused")
	out.Code = replyCode(said)
	out.Suppress = out.Result == notify.ResultPermanent && badMailbox(said)
	return out
}

func (f *failure) class(said *smtp.SMTPError) notify.Result {
	early := f.phase == atConnect || f.phase == atLogin
	switch {
	case wantsLogin(said), refusesRelay(said):
		return notify.ResultMisconfigured
	case said.Code >= 400 && said.Code < 500 && early:
		return notify.ResultNotSent
	case said.Code >= 400 && said.Code < 500:
		return notify.ResultTransient
	case said.Code >= 500 && said.Code < 600 && (early || f.phase == atMail && !aboutSize(said)):
		return notify.ResultMisconfigured
	case said.Code >= 500 && said.Code < 600:
		return notify.ResultPermanent
	case f.phase == atAnswer:
		return notify.ResultUnknown // neither yes nor no
	}
	return notify.ResultNotSent
}

// understood reports whether err is something the server said.
func understood(err error) bool { return errors.As(err, new(*smtp.SMTPError)) }

// sound reports whether the session can be used again after err: the server
// refused this mail in good order, or was not asked.
func sound(err error) bool {
	var said *smtp.SMTPError
	if errors.As(err, &said) {
		return said.Code >= 400 && said.Code < 600 && said.Code != 421
	}
	return errors.Is(err, errTooBig) || errors.Is(err, errNoSMTPUTF8)
}

// wantsLogin: the account is missing, wrong, or may not log in this way.
func wantsLogin(said *smtp.SMTPError) bool {
	switch said.Code {
	case 530, 534, 535, 538:
		return true
	}
	return false
}

// refusesRelay: the server would take mail for this recipient from somebody
// it knows. There is no code of its own for that, only the word.
func refusesRelay(said *smtp.SMTPError) bool {
	switch said.Code {
	case 550, 551, 553, 554:
		text := strings.ToLower(said.Message)
		return strings.Contains(text, "relay") && (said.EnhancedCode[1] == 7 || said.EnhancedCode == smtp.EnhancedCode{})
	}
	return false
}

// aboutSize: this mail is too big; another may go.
func aboutSize(said *smtp.SMTPError) bool {
	return said.Code == 552 || said.EnhancedCode == smtp.EnhancedCode{5, 3, 4} || said.EnhancedCode == smtp.EnhancedCode{5, 2, 3}
}

// badMailbox: the enhanced code speaks of the mailbox itself.
func badMailbox(said *smtp.SMTPError) bool { return deadMailbox(said.EnhancedCode) }

// noCode stands for no enhanced code at all.
var noCode = smtp.NoEnhancedCode

// deadMailbox: the mailbox is not there and will not be (RFC 3463, RFC 7505).
func deadMailbox(code smtp.EnhancedCode) bool {
	switch code {
	case smtp.EnhancedCode{5, 1, 1}, // no such mailbox
		smtp.EnhancedCode{5, 1, 2},  // no such domain
		smtp.EnhancedCode{5, 1, 3},  // no mailbox can be called so
		smtp.EnhancedCode{5, 1, 6},  // moved away
		smtp.EnhancedCode{5, 1, 10}, // the domain takes no mail at all
		smtp.EnhancedCode{5, 2, 1}:  // mailbox disabled
		return true
	}
	return false
}

// replyCode is "550 5.1.1", or "550" when there is no enhanced code.
func replyCode(said *smtp.SMTPError) string {
	e := said.EnhancedCode
	if e == (smtp.EnhancedCode{}) || e == smtp.NoEnhancedCode {
		return fmt.Sprint(said.Code)
	}
	return fmt.Sprintf("%d %d.%d.%d", said.Code, e[0], e[1], e[2])
}

func (f *failure) outcome(result notify.Result, detail string) notify.Outcome {
	return notify.Outcome{Result: result, Detail: f.phase.String() + ": " + detail}
}

// cause says in a few words why a conversation broke off. The errors
// themselves name hosts and certificates, and are left out.
func cause(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, errClosed), errors.Is(err, errBabble), errors.Is(err, errGarbled), errors.Is(err, errLineGone), errors.Is(err, errCutAnswer), errors.Is(err, errNoToken), errors.Is(err, errInjected):
		return err.Error()
	case errors.Is(err, context.Canceled), errors.Is(err, net.ErrClosed):
		return "stopped"
	case errors.As(err, &dns):
		return "host not found"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "time is over"
	case untrusted(err):
		return "TLS handshake failed"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection cut"
	}
	return "conversation broken"
}

func untrusted(err error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert *net.OpError // an alert of either side, by name
	return errors.As(err, &certificate) || errors.As(err, &record) ||
		errors.As(err, &alert) && (alert.Op == "remote error" || alert.Op == "local error")
}

// maxID bounds what is kept of a server's word for a mail.
const maxID = 128

// queueID finds the id of the mail in the text of the 250 reply:
//
//	2.0.0 Ok: queued as 4bXy2k0Fz1    Postfix
//	OK id=1u8F3x-0003Kd-2Q            Exim
//	2.0.0 58C7ZPl3 Message accepted   Sendmail: the text as a whole
//
// It is empty when the text has no digit, since then it names nothing, and
// when it quotes the address.
func queueID(reply, to string) string {
	reply = strings.ToValidUTF8(reply, "")
	words := strings.FieldsFunc(reply, func(r rune) bool { return r <= ' ' || r > '~' })
	if len(words) > 0 && enhanced(words[0]) {
		words = words[1:]
	}
	id := strings.Join(words, " ")
	for i, word := range words {
		if after, ok := strings.CutPrefix(word, "id="); ok {
			id = after
		}
		if i >= 2 && words[i-2] == "queued" && words[i-1] == "as" {
			id = word
		}
	}
	if len(id) > maxID {
		id = id[:maxID]
	}
	local, _, _ := strings.Cut(to, "@")
	if !strings.ContainsAny(id, "0123456789") || strings.Contains(strings.ToLower(id), strings.ToLower(local)+"@") {
		return ""
	}
	return id
}

// enhanced reports whether word is an enhanced status code such as 2.0.0.
func enhanced(word string) bool {
	return strings.Count(word, ".") == 2 && strings.Trim(word, "0123456789.") == ""
}
