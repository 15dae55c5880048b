package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/redistest"
)

// pipe is a call by a mail server, with the mail on the standard input.
func (d *district) pipe(mail string, args ...string) result {
	d.t.Helper()
	process := exec.CommandContext(d.t.Context(), os.Args[0], append([]string{"bounce"}, args...)...)
	process.Env = append(slices.Clone(d.env), beMain+"=1")
	process.Stdin = strings.NewReader(mail)
	var out, errs bytes.Buffer
	process.Stdout, process.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := process.Run(); err != nil && !errors.As(err, &exit) {
		d.t.Fatal(err)
	}
	return result{process.ProcessState.ExitCode(), out.String(), errs.String()}
}

// dsn is a delivery report as relays write it, to the given mailbox.
func dsn(to, action, status string) string {
	return strings.NewReplacer("\n", "\r\n", "TO", to, "ACTION", action, "STATUS", status).Replace(`Return-Path: <>
From: MAILER-DAEMON@mail.xuanloc.example
X-Original-To: TO
To: somebody@xuanloc.example
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

Final-Recipient: rfc822; cc-00000@xuanloc.example
Action: ACTION
Status: STATUS

--r1--
`)
}

func TestABounceBarsTheDeadMailboxAndSendsTheNoticeAnotherWay(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.set("OUTREACH_SMTP_RETURN_PATH", "bounce+{{notice}}.{{attempt}}@xuanloc.example")
	d.fill(1)
	_, stop := d.start()
	eventually(t, "the mail is out", func() bool { return d.state(outboxtest.ID(0)) == notify.Accepted })
	back := d.mail.Ledger()[0].From
	if !strings.HasPrefix(back, "bounce+n-000000.") {
		t.Fatalf("it went out from %s", back)
	}
	barred := func() (bars []notify.Suppression) {
		d.store(func(p *parts) {
			err := p.store.View(t.Context(), func(ctx context.Context, tx store.Tx) (err error) {
				bars, err = tx.Suppressions(ctx, notify.Email)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
		return bars
	}
	d.pipe(dsn(back, "delayed", "4.4.1")).want(t, exitOK, "n-000000: delayed 4.4.1")
	if state, bars := d.state(outboxtest.ID(0)), barred(); state != notify.Accepted || len(bars) > 0 {
		t.Errorf("a mail that is only late is %s, barred %v", state, bars)
	}
	d.pipe(dsn(back, "failed", "5.1.1")).want(t, exitOK, "n-000000: failed 5.1.1")
	eventually(t, "the notice is undelivered", func() bool { return d.state(outboxtest.ID(0)) == notify.Undelivered })
	if bars := barred(); len(bars) != 1 || !strings.HasPrefix(bars[0].Reason, string(notify.BarBounced)) {
		t.Errorf("barred: %+v", bars)
	}
	d.pipe(dsn(back, "failed", "5.1.1")).want(t, exitOK) // the mail server may bring it twice
	eventually(t, "the same goes by SMS", func() bool { return len(d.sms.Ledger()) == 1 })
	found := func(q notify.Query) (all []notify.Notice) {
		d.store(func(p *parts) {
			err := p.store.View(t.Context(), func(ctx context.Context, tx store.Tx) (err error) {
				all, err = tx.Notices(ctx, q)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
		return all
	}
	if told := found(notify.Query{Template: "contact.broken"}); len(told) != 1 {
		t.Errorf("%d tasks for the administrators, want 1", len(told))
	}
	if instead := found(notify.Query{Keys: []string{"test/000000/sms"}}); len(instead) != 1 || instead[0].Person != outboxtest.Person(0) {
		t.Errorf("instead of the mail: %+v", instead)
	}
	stop()
}

func TestTheMailServerIsToldWhatToDoWithTheMail(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.set("OUTREACH_SMTP_RETURN_PATH", "bounce+{{notice}}.{{attempt}}@xuanloc.example")
	const back = "bounce+n-000000.1@xuanloc.example"
	report := dsn("somebody@xuanloc.example", "failed", "5.1.1")
	d.pipe(report, "--to", back).want(t, exitTemp, "no database")
	d.call("migrate").want(t, exitOK)
	d.pipe(report, "--to", back).want(t, exitOK, "n-000000: failed 5.1.1")
	d.pipe(report).want(t, exitOK, "nothing about a notice") // of somebody else's mail
	d.pipe("From: a@b.example\r\nTo: "+back+"\r\nAuto-Submitted: auto-replied\r\n\r\nTôi đi công tác\r\n").want(t, exitOK, "nothing about a notice")
	d.pipe("no header at all", "--to", back).want(t, exitData)
	d.pipe(report, "--too", back).want(t, exitTemp)
	d.store(func(p *parts) {
		if _, err := p.db.ExecContext(t.Context(), "ALTER TABLE outreach_receipt RENAME TO outreach_gone"); err != nil {
			t.Fatal(err)
		}
	})
	d.pipe(report, "--to", "bounce+n-000001.1@xuanloc.example").want(t, exitTemp)
	d.set("OUTREACH_SMTP_ADDR", "")
	d.set("OUTREACH_SMTP_FROM", "")
	d.set("OUTREACH_SMTP_RETURN_PATH", "")
	r := d.pipe(report, "--to", back)
	r.want(t, exitTemp, "no mail relay is set")
	if strings.Contains(r.out+r.err, "cc-00000") {
		t.Errorf("it shows an address: %s%s", r.out, r.err)
	}
}
