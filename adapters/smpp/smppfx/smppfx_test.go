package smppfx_test

import (
	"context"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"
	"go.uber.org/goleak"

	"github.com/huongvecoso/outreach/adapters/smpp"
	"github.com/huongvecoso/outreach/adapters/smpp/smppfx"
	"github.com/huongvecoso/outreach/adapters/smpp/smppsink"
	"github.com/huongvecoso/outreach/core/notify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type senders struct {
	fx.In
	All []notify.Sender `group:"outreach.senders"`
}

func TestTheSenderLivesAsLongAsTheApplication(t *testing.T) {
	sink, err := smppsink.Start(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	var got senders
	app := fxtest.New(t, fx.Supply(smpp.Config{Addr: sink.Addr(), SystemID: "xl", Source: "XUANLOC"}), smppfx.Module, fx.Populate(&got))
	app.RequireStart()
	m := notify.Message{Notice: "n1", IdempotencyKey: "n1", Channel: notify.SMS, To: "+84900000001", Text: "x"}
	if out := got.All[0].Send(context.Background(), m); out.Result != notify.ResultAccepted {
		t.Errorf("while it runs: %+v", out)
	}
	app.RequireStop()
	if out := got.All[0].Send(context.Background(), m); out.Result != notify.ResultNotSent {
		t.Errorf("after it stopped: %+v", out)
	}
}

func TestAWrongConfigurationStopsTheApplicationFromStarting(t *testing.T) {
	app := fx.New(fx.NopLogger, fx.Supply(smpp.Config{Addr: "127.0.0.1:2775", Source: "XUANLOC"}), smppfx.Module)
	if err := app.Err(); err == nil || !strings.Contains(err.Error(), "smpp.config.systemid") {
		t.Errorf("Err() = %v, want the field SystemID in it", err)
	}
}
