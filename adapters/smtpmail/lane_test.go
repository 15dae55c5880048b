package smtpmail_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/core/notify"
)

// sendAll sends n mails at once and returns their outcomes in order.
func sendAll(t *testing.T, s *smtpmail.Sender, n int) []notify.Outcome {
	t.Helper()
	outs := make([]notify.Outcome, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { outs[i] = s.Send(context.Background(), notice(i)) })
	}
	all.Wait()
	return outs
}

func TestOfManyMailsOnOneConnectionEachHasItsOwnOutcome(t *testing.T) {
	for _, ignored := range transports {
		t.Run(fmt.Sprint("without ", ignored), func(t *testing.T) {
			refuse := map[int]smtpsink.Phase{0: smtpsink.PhaseRcpt, 1: smtpsink.PhaseMail, 2: smtpsink.PhaseData}
			sink := startSink(t, &smtpsink.Options{Script: func(e smtpsink.Event) smtpsink.Reply {
				var i int
				who := strings.Join(e.To, "")
				if e.Phase == smtpsink.PhaseMail {
					who = strings.TrimPrefix(e.From, "b+0198c0de-0000-7000-8000-0000")
				}
				who = strings.TrimPrefix(who, "truong.ap.")
				if _, err := fmt.Sscanf(who, "%d", &i); err == nil && refuse[i%5] == e.Phase {
					return smtpsink.Reply{Code: 450 + 100*(i%2), Text: "no"}
				}
				return smtpsink.Reply{}
			}})
			c := config(sink.Addr())
			c.MaxConns, c.Window, c.Ignore = 1, 16, ignored
			c.ReturnPath = "b+{{notice}}@xuanloc.example"
			outs := sendAll(t, newSender(t, c, nil), 200)
			ledger := map[string]string{}
			for _, mail := range sink.Ledger() {
				if len(mail.To) != 1 || ledger[mail.ID] != "" || !strings.Contains(string(mail.Raw), "<"+mail.To[0]+">") {
					t.Fatalf("mail %+v", mail)
				}
				ledger[mail.ID] = mail.To[0]
			}
			for i, out := range outs {
				if _, refused := refuse[i%5]; refused {
					// MAIL refused for good is our own address refused.
					want := map[bool]notify.Result{false: notify.ResultTransient, true: notify.ResultPermanent}[i%2 == 1]
					if i%5 == 1 && i%2 == 1 {
						want = notify.ResultMisconfigured
					}
					if out.Result != want {
						t.Errorf("mail %d: %+v, want %s", i, out, want)
					}
					continue
				}
				if out.Result != notify.ResultAccepted || ledger[out.ProviderID] != notice(i).To {
					t.Errorf("mail %d to %s: %+v, the server has under that id %q", i, notice(i).To, out, ledger[out.ProviderID])
				}
			}
		})
	}
}

func TestALostConnectionLeavesInDoubtOnlyWhatWentOut(t *testing.T) {
	say, hear := smtpsink.Say, smtpsink.Hear
	open := []smtpsink.Move{say("220 rogue.invalid"), smtpsink.Offer("PIPELINING", "CHUNKING")}
	script := func(moves ...smtpsink.Move) []smtpsink.Move {
		return append(append([]smtpsink.Move{}, open...), moves...)
	}
	for _, test := range []struct {
		name   string
		script []smtpsink.Move
		want   notify.Outcome
	}{
		{"cut without a word", script(smtpsink.ReadChunk(), smtpsink.Drop()), notify.Outcome{Result: notify.ResultUnknown, Detail: "answer: connection cut"}},
		{"reset without a word", script(smtpsink.ReadChunk(), smtpsink.Reset()), notify.Outcome{Result: notify.ResultUnknown, Detail: "answer: connection cut"}},
		{"cut after the recipient was refused", script(hear(), say("250 OK"), hear(), say("550 5.1.1 unknown"), smtpsink.ReadChunk(), smtpsink.Drop()),
			notify.Outcome{Result: notify.ResultPermanent, Code: "550 5.1.1", Detail: "RCPT: refused", Suppress: true}},
		{"421 to MAIL", script(hear(), say("421 4.3.2 going down"), smtpsink.Drop()), notify.Outcome{Result: notify.ResultTransient, Code: "421 4.3.2", Detail: "MAIL: refused"}},
		{"an answer to MAIL that is none", script(hear(), say("tam biet"), smtpsink.Hang()), notify.Outcome{Result: notify.ResultUnknown, Detail: "answer: the server does not speak SMTP"}},
		{"yes to the mail after no to its recipient", script(hear(), say("250 OK"), hear(), say("550 5.1.1 unknown"), smtpsink.ReadChunk(), say("250 OK"), smtpsink.Until("QUIT")),
			notify.Outcome{Result: notify.ResultPermanent, Code: "550 5.1.1", Detail: "RCPT: refused", Suppress: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config(startRogue(t, test.script).Addr())
			c.Timeout = time.Second
			if out := send(t, newSender(t, c, nil), notice(1)); out != test.want {
				t.Errorf("outcome %+v, want %+v", out, test.want)
			}
		})
	}
}

func TestAGoAheadForARefusedRecipientIsAnsweredByNoMail(t *testing.T) {
	r := startRogue(t, []smtpsink.Move{
		smtpsink.Say("220 rogue.invalid"), smtpsink.Offer("PIPELINING"), smtpsink.Hear(), smtpsink.Say("250 OK"), smtpsink.Hear(), smtpsink.Say("550 5.1.1 unknown"),
		smtpsink.Hear(), smtpsink.Say("354 go ahead"), smtpsink.ReadBody(), smtpsink.Accept(), smtpsink.Say("554 no recipients"), smtpsink.Until("QUIT"),
	})
	out := send(t, newSender(t, config(r.Addr()), nil), notice(1))
	if out.Result != notify.ResultPermanent || !out.Suppress || r.Accepted()[0].Size != 0 {
		t.Errorf("outcome %+v, the server was given %d bytes", out, r.Accepted()[0].Size)
	}
}

func TestAnIdleConnectionThatTheServerClosedIsNotUsed(t *testing.T) {
	r := startRogue(t, whole.taken(smtpsink.Say("250 OK"), smtpsink.Say("421 4.4.2 idle too long"), smtpsink.Drop()), whole.polite())
	s := newSender(t, config(r.Addr()), nil)
	for i := range 2 {
		if out := send(t, s, notice(i)); out.Result != notify.ResultAccepted {
			t.Fatalf("mail %d: %+v", i, out)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if n := len(r.Heard()); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

func TestAServerThatSpeaksBetweenSTARTTLSAndTLSIsNotBelieved(t *testing.T) {
	r := startRogue(t, []smtpsink.Move{
		smtpsink.Say("220 rogue.invalid"), smtpsink.Offer("STARTTLS"), smtpsink.Hear(), smtpsink.Say("220 go\r\n250 2.0.0 trust me"), smtpsink.Hang(),
	})
	c := config(r.Addr())
	c.TLS = smtpmail.StartTLS
	want := notify.Outcome{Result: notify.ResultNotSent, Detail: "connect: the server spoke between STARTTLS and TLS"}
	if out := send(t, newSender(t, c, nil), notice(1)); out != want {
		t.Errorf("outcome %+v, want %+v", out, want)
	}
	if hello := r.Heard()[0][0]; hello != "EHLO xuanloc.example" {
		t.Errorf("in the clear it said %q", hello)
	}
}

func TestATokenIsFetchedForEachLogin(t *testing.T) {
	for _, mechanism := range []smtpmail.Mechanism{smtpmail.XOAuth2, smtpmail.OAuthBearer} {
		name := strings.ToUpper(string(mechanism))
		r := startRogue(t, []smtpsink.Move{
			smtpsink.Say("220 rogue.invalid"), smtpsink.Offer("AUTH " + name), smtpsink.Hear(), smtpsink.Say("334 eyJzdGF0dXMiOiI0MDEifQ=="),
			smtpsink.Hear(), smtpsink.Say("535 5.7.8 expired"), smtpsink.Until("QUIT"),
		}, []smtpsink.Move{
			smtpsink.Say("220 rogue.invalid"), smtpsink.Offer("AUTH " + name), smtpsink.Hear(), smtpsink.Say("235 2.7.0 welcome"),
			smtpsink.Until("DATA"), smtpsink.Say("354 go"), smtpsink.ReadBody(), smtpsink.Say("250 OK"), smtpsink.Until("QUIT"),
		})
		c := config(r.Addr())
		c.Username, c.Mechanism = "hvcs@xuanloc.example", mechanism
		tokens := 0
		s := newSender(t, c, &smtpmail.Options{Token: func(context.Context) (smtpmail.Secret, error) {
			if tokens++; tokens == 3 {
				return "", fmt.Errorf("the server for tokens is down")
			}
			return smtpmail.Secret(fmt.Sprint("token-", tokens)), nil
		}})
		var results []notify.Result
		for i := range 2 {
			results = append(results, send(t, s, notice(i)).Result)
		}
		if diff := cmp.Diff([]notify.Result{notify.ResultMisconfigured, notify.ResultAccepted}, results); diff != "" {
			t.Errorf("%s (-want +got):\n%s", mechanism, diff)
		}
		words := strings.Fields(r.Heard()[1][1])
		proof, err := base64.StdEncoding.DecodeString(words[2])
		if err != nil || !strings.Contains(string(proof), "auth=Bearer token-2\x01") || words[1] != name {
			t.Errorf("the second login was %q, %v", proof, err)
		}
	}
}

func TestASignatureIsVerifiedAndCoversWhatReadersSee(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []any{rsaKey, edKey} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		signs := smtpmail.DKIM{Domain: "xuanloc.example", Selector: "hvcs", Key: smtpmail.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))}
		published, record, err := signs.Record()
		if err != nil {
			t.Fatal(err)
		}
		m := notice(1)
		m.Class = notify.Care
		raw := deliver(t, func(c *smtpmail.Config) {
			c.DKIM = &smtpmail.DKIM{Selector: signs.Selector, Key: signs.Key}
			c.ListID, c.Unsubscribe = "hvcs.xuanloc.example", "https://xuanloc.example/ngung"
		}, m)[0].Raw
		verify := func(mail []byte) error {
			found, err := dkim.VerifyWithOptions(bytes.NewReader(mail), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
				if name != "hvcs._domainkey.xuanloc.example" || name != published {
					return nil, fmt.Errorf("no key at %s", name)
				}
				return []string{record}, nil
			}})
			if err != nil || len(found) != 1 {
				return fmt.Errorf("%d signatures, %w", len(found), err)
			}
			return found[0].Err
		}
		if err := verify(raw); err != nil {
			t.Errorf("%T: %v", key, err)
		}
		for _, change := range [][2]string{
			{"Kính", "Thân"}, {"Subject: ", "Subject: x"}, {"Date: ", "Subject: thêm\r\nDate: "}, {"<https://", "<https://x."}, {"Content-Type: text/plain", "Content-Type: text/html"}, {"K=C3", "k=C3"},
		} {
			changed := strings.Replace(string(raw), change[0], change[1], 1)
			if changed != string(raw) && verify([]byte(changed)) == nil {
				t.Errorf("%T: %q became %q and the signature still holds", key, change[0], change[1])
			}
		}
	}
}

func TestOnlyReadersOutsideTheAdministrationCanUnsubscribe(t *testing.T) {
	duty, care := notice(1), notice(2)
	duty.Class, care.Class = notify.Duty, notify.Care
	mails := deliver(t, func(c *smtpmail.Config) {
		c.ListID, c.Unsubscribe = "hvcs.xuanloc.example", "https://xuanloc.example/ngung"
	}, duty, care)
	for i, want := range [][2]string{{"", ""}, {"<https://xuanloc.example/ngung>", "List-Unsubscribe=One-Click"}} {
		head := parse(t, mails[i].Raw).header
		got := [2]string{head.Get("List-Unsubscribe"), head.Get("List-Unsubscribe-Post")}
		if got != want || head.Get("List-Id") != "<hvcs.xuanloc.example>" {
			t.Errorf("mail %d: %q, List-Id %q", i, got, head.Get("List-Id"))
		}
	}
}

func TestAForeignDomainCanBeWrittenInASCII(t *testing.T) {
	m := notice(1)
	m.To = "truong.ap@suốicát.example"
	set := func(c *smtpmail.Config) { c.Foreign = smtpmail.ASCIIDomain }
	if got := deliver(t, set, m)[0].To; !cmp.Equal(got, []string{"truong.ap@xn--sucat-9ta9474a.example"}) && !strings.HasPrefix(got[0], "truong.ap@xn--") {
		t.Errorf("the mail went to %q", got)
	}
	m.To = "trưởng.ấp@suốicát.example"
	c := config("127.0.0.1:25")
	set(&c)
	if out := send(t, newSender(t, c, nil), m); out.Result != notify.ResultPermanent {
		t.Errorf("letters outside ASCII before the @: %+v", out)
	}
}

func TestAMailSentAgainBySomebodyIsAnotherMail(t *testing.T) {
	first, again := notice(1), notice(1)
	again.IdempotencyKey += ".1"
	mails := deliver(t, nil, first, again)
	if mails[0].MessageID == mails[1].MessageID {
		t.Errorf("both are %s: a mailbox shows one of them", mails[0].MessageID)
	}
}

// A relay refuses MAIL while the envelope of a refused mail is still open, and
// nobody knows yet whether it is.
func TestEveryMailButTheFirstClearsAwayTheOneBefore(t *testing.T) {
	say, hear := smtpsink.Say, smtpsink.Hear
	r := startRogue(t, whole.taken(say("250 2.0.0 OK"), hear(), say("250 2.0.0 cleared"), hear(), say("250 2.1.0 OK"), hear(), say("250 2.1.5 OK"),
		smtpsink.ReadChunk(), say("250 2.0.0 OK"), smtpsink.Until("QUIT"), say("221 2.0.0 bye")))
	s := newSender(t, config(r.Addr()), nil)
	for i := range 2 {
		if out := send(t, s, notice(i)); out.Result != notify.ResultAccepted {
			t.Fatalf("mail %d: %+v", i, out)
		}
	}
	var verbs []string
	for _, line := range r.Heard()[0] {
		verbs = append(verbs, strings.Fields(line)[0])
	}
	if diff := cmp.Diff([]string{"EHLO", "MAIL", "RCPT", "BDAT", "RSET", "MAIL", "RCPT", "BDAT"}, verbs); diff != "" {
		t.Errorf("the relay heard (-want +got):\n%s", diff)
	}
}
