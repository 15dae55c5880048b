package logsenderfx_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"github.com/huongvecoso/outreach/adapters/logsender/logsenderfx"
	"github.com/huongvecoso/outreach/core/notify"
)

// senders is what a worker asks for.
type senders struct {
	fx.In
	All []notify.Sender `group:"outreach.senders"`
}

func TestEveryChannelHasItsSender(t *testing.T) {
	var log strings.Builder
	var got senders
	app := fxtest.New(t,
		fx.Supply(slog.New(slog.NewTextHandler(&log, nil)), logsenderfx.Channels{notify.SMS, notify.Email}),
		logsenderfx.Module,
		fx.Populate(&got),
	)
	app.RequireStart()
	served := map[notify.Channel]bool{}
	for _, s := range got.All {
		channel := s.Describe().Channel
		served[channel] = true
		m := notify.Message{Notice: "n1", Channel: channel, To: "x", Text: "x"}
		if out := s.Send(context.Background(), m); out.Result != notify.ResultAccepted || !strings.Contains(log.String(), "channel="+string(channel)) {
			t.Errorf("%s: %+v, log %s", channel, out, log.String())
		}
	}
	if !served[notify.SMS] || !served[notify.Email] || len(got.All) != 2 {
		t.Errorf("%d senders, for %v", len(got.All), served)
	}
	app.RequireStop()
}

func TestAWrongConfigurationStopsTheApplicationFromStarting(t *testing.T) {
	for want, channels := range map[string]logsenderfx.Channels{
		"logsender.channel:":       {""},
		"logsender.channels.twice": {notify.SMS, notify.Email, notify.SMS},
	} {
		app := fx.New(fx.NopLogger, fx.Supply(slog.Default(), channels), logsenderfx.Module)
		if err := app.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Err() of %v = %v, want %q in it", channels, err, want)
		}
	}
}
