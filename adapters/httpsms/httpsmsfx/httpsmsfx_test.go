package httpsmsfx_test

import (
	"context"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"
	"go.uber.org/goleak"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/adapters/httpsms/httpsmsfx"
	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
	"github.com/huongvecoso/outreach/core/notify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// senders is what a worker asks for.
type senders struct {
	fx.In
	All []notify.Sender `group:"outreach.senders"`
}

func gateway(name, url string) httpsms.Config {
	c := httpsms.Generic()
	c.Name, c.URL, c.Sender = name, url, "XUANLOC"
	return c
}

func TestTheSendersLiveAsLongAsTheApplication(t *testing.T) {
	sink, err := smssink.Start(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	var got senders
	app := fxtest.New(t,
		fx.Supply(httpsmsfx.Gateways{gateway("first", sink.URL()), gateway("second", sink.URL())}),
		httpsmsfx.Module,
		fx.Populate(&got),
	)
	app.RequireStart()
	if len(got.All) != 2 {
		t.Fatalf("%d senders in the group", len(got.All))
	}
	for i, s := range got.All {
		m := notify.Message{Notice: "n1", IdempotencyKey: s.Describe().Name, Channel: notify.SMS, To: "+84900000001", Text: "x"}
		if out := s.Send(context.Background(), m); out.Result != notify.ResultAccepted {
			t.Errorf("sender %d while it runs: %+v", i, out)
		}
	}
	app.RequireStop()
	for i, s := range got.All {
		if out := s.Send(context.Background(), notify.Message{}); out.Result != notify.ResultNotSent {
			t.Errorf("sender %d after it stopped: %+v", i, out)
		}
	}
}

func TestAWrongConfigurationStopsTheApplicationFromStarting(t *testing.T) {
	for want, gateways := range map[string]httpsmsfx.Gateways{
		"gateway 2: httpsms.config.url":    {gateway("a", "https://sms.xuanloc.example"), gateway("b", "sms")},
		"httpsms.gateways.name: gateway 2": {gateway("a", "https://sms.xuanloc.example"), gateway("a", "https://sms.xuanloc.example")},
	} {
		app := fx.New(fx.NopLogger, fx.Supply(gateways), httpsmsfx.Module)
		if err := app.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Err() = %v, want %q in it", err, want)
		}
	}
}
