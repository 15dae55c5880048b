package smtpmailfx_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"
	"go.uber.org/goleak"

	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpmailfx"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// senders is what a worker asks for.
type senders struct {
	fx.In
	All []notify.Sender `group:"outreach.senders"`
}

func TestTheSenderLivesAsLongAsTheApplication(t *testing.T) {
	sink, err := smtpsink.Start(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	var got senders
	app := fxtest.New(t,
		fx.Supply(smtpmail.Config{Addr: sink.Addr(), TLS: smtpmail.Plaintext, From: "vanphong@xuanloc.example", Domain: "xuanloc.example"}),
		smtpmailfx.Module,
		fx.Populate(&got),
	)
	app.RequireStart()
	if len(got.All) != 1 {
		t.Fatalf("%d senders in the group", len(got.All))
	}
	m := notify.Message{Notice: "n1", Channel: notify.Email, To: "a@suoicat.example", Text: "x", Created: time.Date(2017, 5, 12, 0, 0, 0, 0, time.UTC)}
	if out := got.All[0].Send(context.Background(), m); out.Result != notify.ResultAccepted {
		t.Errorf("while it runs: %+v", out)
	}
	app.RequireStop()
	if out := got.All[0].Send(context.Background(), m); out.Result != notify.ResultNotSent {
		t.Errorf("after it stopped: %+v", out)
	}
}

func TestAWrongConfigurationStopsTheApplicationFromStarting(t *testing.T) {
	app := fx.New(fx.NopLogger, fx.Supply(smtpmail.Config{Addr: "mail.xuanloc.example:587", From: "vanphong@xuanloc.example"}), smtpmailfx.Module)
	if err := app.Err(); err == nil || !strings.Contains(err.Error(), "smtpmail.config.domain") {
		t.Errorf("Err() = %v, want the field Domain in it; violations %v", err, fault.Violations(err))
	}
}
