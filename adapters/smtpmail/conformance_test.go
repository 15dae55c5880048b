package smtpmail_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/notify/notifytest"
)

func TestTheSenderKeepsItsPromises(t *testing.T) {
	notifytest.Run(t, notifytest.Harness{
		New: fixture,
		Cannot: map[notifytest.Fault]string{
			notifytest.Throttled: "SMTP has no reply that names a delay",
			notifytest.Duplicate: "SMTP knows no keys",
		},
		Codes: map[string]notify.Result{
			"RCPT 450 4.2.2":  notify.ResultTransient,
			"RCPT 452 4.2.2":  notify.ResultTransient,
			"RCPT 530 5.7.0":  notify.ResultMisconfigured,
			"RCPT 550 5.1.1":  notify.ResultPermanent,
			"RCPT 550 5.7.1":  notify.ResultPermanent,
			"MAIL 451 4.3.0":  notify.ResultTransient,
			"MAIL 552 5.3.4":  notify.ResultPermanent,
			"MAIL 553 5.7.1":  notify.ResultMisconfigured,
			"DATA 451 4.7.1":  notify.ResultTransient,
			"DATA 554 5.6.0":  notify.ResultPermanent,
			"HELLO 450 4.3.2": notify.ResultNotSent,
			"HELLO 554 5.3.2": notify.ResultMisconfigured,
			"AUTH 454 4.7.0":  notify.ResultNotSent,
			"AUTH 535 5.7.8":  notify.ResultMisconfigured,
		},
		Secrets: []string{username, password},
		TooLong: strings.Repeat("Nội dung rất dài. ", 20_000),
	})
}

// fixture is a sink, or for what no proper server does a rogue.
func fixture(tb testing.TB, fault notifytest.Fault) notifytest.Fixture {
	dropThen := smtpsink.Drop()
	switch fault {
	case notifytest.Refused:
		return unreachable(tb, config(unused(tb)), nil)
	case notifytest.NoHost:
		c := config("mail.xuanloc.example:25")
		c.TLS = smtpmail.StartTLS
		return unreachable(tb, c, &smtpmail.Options{Dial: deafResolver})
	case notifytest.BadTLS:
		return distrusted(tb)
	case notifytest.CutBefore:
		return rogue(tb, fault, smtpsink.DropBeforeGreeting())
	case notifytest.StallBefore:
		return rogue(tb, fault, smtpsink.Tarpit(""))
	case notifytest.CutAfter:
		return rogue(tb, fault, smtpsink.DropAfterDot(true))
	case notifytest.StallAfter:
		return rogue(tb, fault, smtpsink.SilentAfterDot(true))
	case notifytest.StallOnce:
		return rogue(tb, fault, smtpsink.SilentAfterDot(true), smtpsink.Polite())
	case notifytest.Drip:
		return rogue(tb, fault, afterDot(smtpsink.Dribble("250 "+strings.Repeat("x", 1000), 20*time.Millisecond)))
	case notifytest.Huge:
		return rogue(tb, fault, afterDot(smtpsink.Say(strings.Repeat("250-"+strings.Repeat("x", 1020)+"\r\n", 10<<10)+"250 OK 1"), dropThen))
	case notifytest.Truncated:
		return rogue(tb, fault, afterDot(smtpsink.Say("250-2.0.0 queued as 4bXy2k"), dropThen))
	case notifytest.Empty:
		return rogue(tb, fault, afterDot(smtpsink.Say(""), dropThen))
	case notifytest.Page:
		return rogue(tb, fault, afterDot(smtpsink.Say("HTTP/1.1 200 OK\r\n\r\n<html>250</html>"), dropThen))
	case notifytest.Garbage:
		return rogue(tb, fault, afterDot(smtpsink.Say("\x00\xff\x80 250"), dropThen))
	case notifytest.WrongTypes:
		return rogue(tb, fault, afterDot(smtpsink.Say("25O 2.0.0 queued"), dropThen))
	case notifytest.Undefined:
		return rogue(tb, fault, afterDot(smtpsink.Say("299 2.0.0 perhaps"), dropThen))
	}
	return sink(tb, fault)
}

func unreachable(tb testing.TB, c smtpmail.Config, opts *smtpmail.Options) notifytest.Fixture {
	return notifytest.Fixture{
		Sender:     newSender(tb, c, opts),
		Requests:   func() int { return 0 },
		Deliveries: func() []notifytest.Delivery { return nil },
	}
}

func distrusted(tb testing.TB) notifytest.Fixture {
	s := startSink(tb, &smtpsink.Options{Security: smtpsink.TLS})
	c := config(s.Addr())
	c.TLS = smtpmail.Implicit
	return observed(tb, newSender(tb, c, nil), func() int { return 0 }, s.Ledger)
}

func rogue(tb testing.TB, fault notifytest.Fault, scripts ...[]smtpsink.Move) notifytest.Fixture {
	r := startRogue(tb, scripts...)
	c := config(r.Addr())
	c.Timeout = fault.Timeout()
	return observed(tb, newSender(tb, c, nil), func() int { return len(r.Accepted()) }, r.Accepted)
}

// sink is a relay with STARTTLS and a login, which refuses at the moment and
// with the words that the fault's code says.
func sink(tb testing.TB, fault notifytest.Fault) notifytest.Fixture {
	count := &counter{then: refusal(tb, fault.Code())}
	s := startSink(tb, &smtpsink.Options{
		Security: smtpsink.StartTLS, Username: username, Password: password,
		MaxBytes: 256 << 10, Script: count.script,
	})
	c := config(s.Addr())
	c.TLS = smtpmail.StartTLS
	c.TLSConfig = s.ClientTLS()
	c.Username, c.Password = username, password
	c.Timeout = fault.Timeout()
	return observed(tb, newSender(tb, c, nil), func() int { return int(count.n.Load()) }, s.Ledger)
}

func refusal(tb testing.TB, code string) smtpsink.Script {
	if code == "" {
		return nil
	}
	var phase string
	var reply smtpsink.Reply
	if _, err := fmt.Sscanf(code, "%s %d %d.%d.%d", &phase, &reply.Code, &reply.Enhanced[0], &reply.Enhanced[1], &reply.Enhanced[2]); err != nil {
		tb.Fatal(err)
	}
	return func(e smtpsink.Event) smtpsink.Reply {
		if strings.EqualFold(string(e.Phase), phase) {
			reply.Text = "<" + strings.Join(e.To, ",") + ">: no, says " + username
			return reply
		}
		return smtpsink.Reply{}
	}
}

func observed(tb testing.TB, s *smtpmail.Sender, requests func() int, ledger func() []smtpsink.Mail) notifytest.Fixture {
	return notifytest.Fixture{Sender: s, Requests: requests, Deliveries: func() []notifytest.Delivery {
		var list []notifytest.Delivery
		for _, mail := range ledger() {
			r := parse(tb, mail.Raw)
			list = append(list, notifytest.Delivery{
				ID:      mail.ID,
				Key:     mail.MessageID,
				To:      strings.Join(mail.To, " "),
				Subject: r.subject(tb),
				Text:    strings.TrimSuffix(r.text, "\n"),
			})
		}
		return list
	}}
}
