// Package webhookfx runs a feed of package webhook with an fx application:
//
//	fx.New(
//		fx.Supply(sys, webhook.Config{URL: …, Secrets: …}),
//		fx.Provide(func() webhook.Cursor { return webhook.File(path) }),
//		webhookfx.Module,
//		…
//	)
//
// A configuration that is wrong shows in the application's Err.
package webhookfx

import (
	"context"
	"log/slog"

	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/adapters/webhook"
	"github.com/huongvecoso/outreach/core"
)

// Module provides a *webhook.Feed and runs it while the application does.
var Module = fx.Module("webhook",
	fx.Provide(New),
	fx.Invoke(func(*webhook.Feed) {}),
)

// Params are what the host supplies.
type Params struct {
	fx.In

	Lifecycle fx.Lifecycle
	System    *core.System
	Cursor    webhook.Cursor
	Config    webhook.Config
	Options   *webhook.Options `optional:"true"`
	Log       *slog.Logger     `optional:"true"` // where Options have none
}

// New makes the feed and hangs it into the lifecycle: a stop waits until the
// event under way is taken or given up, and remembered.
func New(p Params) (*webhook.Feed, error) {
	var opts webhook.Options
	if p.Options != nil {
		opts = *p.Options
	}
	if opts.Log == nil {
		opts.Log = p.Log
	}
	feed, err := webhook.New(p.System, p.Cursor, p.Config, &opts)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	p.Lifecycle.Append(fx.Hook{
		OnStart: func(context.Context) error {
			go func() {
				defer close(done)
				_ = feed.Run(ctx) // ends with ctx, and says why in the log
			}()
			return nil
		},
		OnStop: func(ending context.Context) error {
			stop()
			select {
			case <-done:
				return nil
			case <-ending.Done():
				return ending.Err()
			}
		},
	})
	return feed, nil
}
