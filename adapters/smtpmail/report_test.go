package smtpmail_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/core/notify"
)

const reportKey = "0198c0de-0000-7000-8000-000000000007"

// report is a delivery report as relays write it.
func report(envelopeID, action, status, messageID string) string {
	return strings.ReplaceAll(fmt.Sprintf(`From: MAILER-DAEMON@mail.xuanloc.example
To: bounce@xuanloc.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="r1"

--r1
Content-Type: text/plain; charset=us-ascii

This is the mail system.
--r1
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.xuanloc.example
Original-Envelope-Id: %s

Final-Recipient: rfc822; truong.ap@suoicat.example
Action: %s
Status: %s
Diagnostic-Code: smtp; 550 truong.ap@suoicat.example unknown

--r1
Content-Type: text/rfc822-headers

From: vanphong@xuanloc.example
Message-ID: %s
Subject: x

--r1--
`, envelopeID, action, status, messageID), "\n", "\r\n")
}

func TestAReturnedMailNamesTheNoticeAndItsFate(t *testing.T) {
	const verp = "bounce+" + reportKey + ".3@xuanloc.example"
	ours := "<n." + reportKey + "@xuanloc.example>"
	bounce := "From: MAILER-DAEMON@suoicat.example\r\nTo: x\r\nSubject: failure\r\n\r\nno such user truong.ap@suoicat.example\r\n"
	receipt := func(v notify.Verdict, code string, bar notify.Bar) []notify.Receipt {
		return []notify.Receipt{{Provider: "smtp", Key: reportKey, Verdict: v, Code: code, Bar: bar}}
	}
	tests := []struct {
		name, to, mail string
		want           []notify.Receipt
	}{
		{"no such mailbox, by the envelope id", "bounce@xuanloc.example", report(reportKey+".3", "failed", "5.1.1", ""), receipt(notify.VerdictUndelivered, "failed 5.1.1", notify.BarBounced)},
		{"no such mailbox, by the return path", verp, report("", "failed", "5.1.1", ""), receipt(notify.VerdictUndelivered, "failed 5.1.1", notify.BarBounced)},
		{"no such mailbox, by the Message-ID", "bounce@xuanloc.example", report("", "failed", "5.1.1", ours), receipt(notify.VerdictUndelivered, "failed 5.1.1", notify.BarBounced)},
		{"a full mailbox is not a dead one", verp, report("", "failed", "5.2.2 (mailbox full)", ""), receipt(notify.VerdictUndelivered, "failed 5.2.2", "")},
		{"delayed", verp, report("", "delayed", "4.4.1", ""), receipt(notify.VerdictUnderway, "delayed 4.4.1", "")},
		{"delivered", verp, report("", "delivered", "2.0.0", ""), receipt(notify.VerdictDelivered, "delivered 2.0.0", "")},
		{"handed on to a relay that will not tell", verp, report("", "relayed", "2.0.0", ""), receipt(notify.VerdictUnderway, "relayed 2.0.0", "")},
		{"a status that is none", verp, report("", "failed", "truong.ap@suoicat.example", ""), receipt(notify.VerdictUndelivered, "failed", "")},
		{"an action of its own", verp, report("", "vanished", "5.0.0", ""), receipt(notify.VerdictUnclear, "vanished 5.0.0", "")},
		{"a bounce without a report", verp, bounce, receipt(notify.VerdictUnclear, "bounce without a report", "")},
		{"sent again by somebody: its own key", "bounce+" + reportKey + ".1.2@xuanloc.example", report("", "delivered", "2.0.0", ""),
			[]notify.Receipt{{Provider: "smtp", Key: reportKey + ".1", Verdict: notify.VerdictDelivered, Code: "delivered 2.0.0"}}},
		{"out of office", verp, "From: truong.ap@suoicat.example\r\nTo: x\r\nAuto-Submitted: auto-replied\r\n\r\nTôi đi công tác\r\n", nil},
		{"about somebody else's mail", "bounce@xuanloc.example", report("QQ-7", "failed", "5.1.1", "<a@b.example>"), nil},
		{"a bounce of nothing we know", "vanphong@xuanloc.example", bounce, nil},
	}
	c := config("127.0.0.1:25")
	c.ReturnPath = "bounce+{{notice}}.{{attempt}}@xuanloc.example"
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := c.ReadReport(test.to, strings.NewReader(test.mail))
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("receipts (-want +got):\n%s\nerror %v", diff, err)
			}
		})
	}
}

func TestAMailThatCannotBeReadIsMalformed(t *testing.T) {
	for _, mail := range []string{"", "\x00\xff", "no header at all"} {
		if got, err := config("127.0.0.1:25").ReadReport("a@b.example", strings.NewReader(mail)); !errors.Is(err, notify.ErrMalformed) {
			t.Errorf("%q gave %+v, error %v", mail, got, err)
		}
	}
}

// What the relay is told about a mail is what its reports bring back.
func TestAReportLeadsBackToTheMailThatWasSent(t *testing.T) {
	m := notice(7)
	m.Attempt = 3
	set := func(c *smtpmail.Config) {
		c.ReturnPath, c.DSNSuccess = "bounce+{{notice}}.{{attempt}}@xuanloc.example", true
	}
	mail := deliver(t, set, m)[0]
	c := config("127.0.0.1:25")
	set(&c)
	for _, way := range []struct{ name, to, report string }{
		{"return path", mail.From, report("", "delivered", "2.0.0", "")},
		{"envelope id", "x@xuanloc.example", report(mail.EnvelopeID, "delivered", "2.0.0", "")},
		{"Message-ID", "x@xuanloc.example", report("", "delivered", "2.0.0", "<"+mail.MessageID+">")},
	} {
		got, err := c.ReadReport(way.to, strings.NewReader(way.report))
		if err != nil || len(got) != 1 || got[0].Key != m.IdempotencyKey {
			t.Errorf("by the %s: %+v, error %v, want the key %s", way.name, got, err, m.IdempotencyKey)
		}
	}
}

// FuzzReadReport: whatever comes back, it is read or turned away, and no
// address is kept of it.
func FuzzReadReport(f *testing.F) {
	f.Add("bounce+"+reportKey+".3@xuanloc.example", report(reportKey+".3", "failed", "5.1.1", "<n.x@xuanloc.example>"))
	f.Add("", "From: a\r\nContent-Type: multipart/report; boundary=\r\n\r\n")
	f.Add("b", "Content-Type: message/delivery-status\r\n\r\nAction: x\r\n\r\nAction: "+strings.Repeat("9", 99)+"\r\nStatus: 5.1.1.1\r\n")
	c := config("127.0.0.1:25")
	c.ReturnPath = "bounce+{{notice}}.{{attempt}}@xuanloc.example"
	f.Fuzz(func(t *testing.T, to, mail string) {
		got, err := c.ReadReport(to, strings.NewReader(mail))
		if err != nil && (!errors.Is(err, notify.ErrMalformed) || len(got) > 0) {
			t.Fatalf("%+v, error %v", got, err)
		}
		for _, r := range got {
			if r.Provider != "smtp" || r.Key == "" || len(r.Key) > 40 || len(r.Code) > 40 || strings.ContainsAny(r.Key+r.Code, "@\r\n") {
				t.Fatalf("receipt %+v", r)
			}
		}
	})
}
