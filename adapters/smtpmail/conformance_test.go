package smtpmail_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/notify/notifytest"
)

func TestTheSenderKeepsItsPromises(t *testing.T) { notifytest.Run(t, harness(whole, 1)) }

func TestTheSenderKeepsItsPromisesWithoutPipelining(t *testing.T) {
	notifytest.Run(t, harness(stepByStep, 1))
}

func TestTheSenderKeepsItsPromisesWithSeveralMailsUnderWayOnOneConnection(t *testing.T) {
	notifytest.Run(t, harness(whole, 8))
}

func TestTheSenderKeepsItsPromisesPipelinedWithoutChunks(t *testing.T) {
	notifytest.Run(t, harness(inData, 8))
}

// transport is how mails travel: what of the server's extensions is not used,
// and how a rogue server offers and takes it.
type transport struct {
	ignore []string
	offer  []string
	take   []smtpsink.Move // up to a mail that came whole
}

var (
	stepByStep = transport{ignore: []string{"PIPELINING"}, take: []smtpsink.Move{smtpsink.Until("DATA"), smtpsink.Say("354 go ahead"), smtpsink.ReadBody()}}
	inData     = transport{ignore: []string{"CHUNKING"}, offer: []string{"PIPELINING"}, take: []smtpsink.Move{smtpsink.Until("DATA"), smtpsink.Say("354 go ahead"), smtpsink.ReadBody()}}
	whole      = transport{offer: []string{"PIPELINING", "CHUNKING"}, take: []smtpsink.Move{
		smtpsink.Hear(), smtpsink.Say("250 2.1.0 OK"), smtpsink.Hear(), smtpsink.Say("250 2.1.5 OK"), smtpsink.ReadChunk()}}
	// transports are the extensions that each of them leaves unused.
	transports = [][]string{stepByStep.ignore, inData.ignore, whole.ignore}
)

// taken is a server that takes a whole mail and then makes the moves.
func (t transport) taken(moves ...smtpsink.Move) []smtpsink.Move {
	return slices.Concat([]smtpsink.Move{smtpsink.Say("220 rogue.invalid ESMTP"), smtpsink.Offer(t.offer...)}, t.take,
		[]smtpsink.Move{smtpsink.Accept()}, moves)
}

// polite is a server that takes one mail and says so.
func (t transport) polite() []smtpsink.Move {
	return t.taken(smtpsink.Say("250 2.0.0 OK: queued as r1"), smtpsink.Until("QUIT"), smtpsink.Say("221 2.0.0 bye"))
}

func harness(how transport, window int) notifytest.Harness {
	return notifytest.Harness{
		New: how.fixtures(window),
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
	}
}

// fixtures makes a sink, or for what no proper server does a rogue.
func (how transport) fixtures(window int) func(testing.TB, notifytest.Fault) notifytest.Fixture {
	return func(tb testing.TB, fault notifytest.Fault) notifytest.Fixture {
		set := func(c smtpmail.Config) smtpmail.Config {
			c.Window, c.Ignore, c.Timeout = window, how.ignore, fault.Timeout()
			return c
		}
		if script := how.rogue(fault); script != nil {
			return rogue(tb, set, script...)
		}
		switch fault {
		case notifytest.Refused:
			return unreachable(tb, set(config(unused(tb))), nil)
		case notifytest.NoHost:
			c := set(config("mail.xuanloc.example:25"))
			c.TLS = smtpmail.StartTLS
			return unreachable(tb, c, &smtpmail.Options{Dial: deafResolver})
		case notifytest.BadTLS:
			return distrusted(tb, set)
		}
		return sink(tb, set, fault)
	}
}

// rogue is how a rogue server shows the fault, nil when a sink can.
func (how transport) rogue(fault notifytest.Fault) [][]smtpsink.Move {
	answers := func(text string) [][]smtpsink.Move {
		return [][]smtpsink.Move{how.taken(smtpsink.Say(text), smtpsink.Drop())}
	}
	switch fault {
	case notifytest.CutBefore:
		return [][]smtpsink.Move{smtpsink.DropBeforeGreeting()}
	case notifytest.StallBefore:
		return [][]smtpsink.Move{smtpsink.Tarpit("")}
	case notifytest.CutAfter:
		return [][]smtpsink.Move{how.taken(smtpsink.Drop())}
	case notifytest.StallAfter:
		return [][]smtpsink.Move{how.taken(smtpsink.Hang())}
	case notifytest.StallOnce:
		return [][]smtpsink.Move{how.taken(smtpsink.Hang()), how.polite()}
	case notifytest.Drip:
		return [][]smtpsink.Move{how.taken(smtpsink.Dribble("250 "+strings.Repeat("x", 1000), 20*time.Millisecond))}
	case notifytest.Huge:
		return answers(strings.Repeat("250-"+strings.Repeat("x", 1020)+"\r\n", 10<<10) + "250 OK 1")
	case notifytest.Truncated:
		return answers("250-2.0.0 queued as 4bXy2k")
	case notifytest.Empty:
		return answers("")
	case notifytest.Page:
		return answers("HTTP/1.1 200 OK\r\n\r\n<html>250</html>")
	case notifytest.Garbage:
		return answers("\x00\xff\x80 250")
	case notifytest.WrongTypes:
		return answers("25O 2.0.0 queued")
	case notifytest.Undefined:
		return answers("299 2.0.0 perhaps")
	}
	return nil
}

// setting completes a configuration.
type setting func(smtpmail.Config) smtpmail.Config

func unreachable(tb testing.TB, c smtpmail.Config, opts *smtpmail.Options) notifytest.Fixture {
	return notifytest.Fixture{
		Sender:     newSender(tb, c, opts),
		Requests:   func() int { return 0 },
		Deliveries: func() []notifytest.Delivery { return nil },
	}
}

func distrusted(tb testing.TB, set setting) notifytest.Fixture {
	s := startSink(tb, &smtpsink.Options{Security: smtpsink.TLS})
	c := set(config(s.Addr()))
	c.TLS = smtpmail.Implicit
	return observed(tb, newSender(tb, c, nil), func() int { return 0 }, s.Ledger)
}

func rogue(tb testing.TB, set setting, scripts ...[]smtpsink.Move) notifytest.Fixture {
	r := startRogue(tb, scripts...)
	return observed(tb, newSender(tb, set(config(r.Addr())), nil), func() int { return len(r.Accepted()) }, r.Accepted)
}

// sink is a relay with STARTTLS and a login, which refuses at the moment and
// with the words that the fault's code says.
func sink(tb testing.TB, set setting, fault notifytest.Fault) notifytest.Fixture {
	count := &counter{then: refusal(tb, fault.Code())}
	s := startSink(tb, &smtpsink.Options{
		Security: smtpsink.StartTLS, Username: username, Password: password,
		MaxBytes: 256 << 10, Script: count.script,
	})
	c := set(config(s.Addr()))
	c.TLS = smtpmail.StartTLS
	c.TLSConfig = s.ClientTLS()
	c.Username, c.Password = username, password
	var clock notifytest.Clock
	f := observed(tb, newSender(tb, c, &smtpmail.Options{Clock: clock.Now}), func() int { return int(count.n.Load()) }, s.Ledger)
	f.SetClock = clock.Set
	return f
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
