package smtpmail_test

import (
	"context"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/core/notify"
)

func TestACheckLogsInAndSendsNothing(t *testing.T) {
	sink := startSink(t, &smtpsink.Options{Username: "hvcs", Password: "s3cret"})
	for password, want := range map[string]notify.Result{"s3cret": notify.ResultAccepted, "hunter2": notify.ResultMisconfigured} {
		c := config(sink.Addr())
		c.Username, c.Password = "hvcs", "s3cret"
		if password != "s3cret" {
			c.Password = "hunter2"
		}
		out := newSender(t, c, nil).Check(t.Context())
		if out.Result != want || strings.Contains(out.Detail, "hunter2") {
			t.Errorf("with %s: %+v, want %s", password, out, want)
		}
	}
	if mails := sink.Ledger(); len(mails) != 0 {
		t.Errorf("%d mails were sent", len(mails))
	}
	if out := newSender(t, config(unused(t)), nil).Check(t.Context()); out.Result != notify.ResultNotSent {
		t.Errorf("nobody there: %+v", out)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if out := newSender(t, config(sink.Addr()), nil).Check(ended); out.Result != notify.ResultNotSent {
		t.Errorf("stopped: %+v", out)
	}
}
