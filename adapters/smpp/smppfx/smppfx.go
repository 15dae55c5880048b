// Package smppfx puts the SMS sender of package smpp into an fx application:
//
//	fx.New(
//		fx.Supply(smpp.Config{Addr: "smsc.example:2775", …}),
//		smppfx.Module,
//		…
//	)
//
// Whoever collects receipts runs the session (notify.SessionRunner); without
// that, the first message binds. A configuration that is wrong shows in the
// application's Err, whether or not anything asks for the sender.
package smppfx

import (
	"context"

	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/adapters/smpp"
	"github.com/huongvecoso/outreach/core/notify"
)

// Module provides one [notify.Sender] for SMS to the value group
// "outreach.senders", and itself as a *smpp.Sender.
var Module = fx.Module("smpp",
	fx.Provide(New),
	fx.Invoke(func(*smpp.Sender) {}),
)

// Params are what the host supplies.
type Params struct {
	fx.In

	Lifecycle fx.Lifecycle
	Config    smpp.Config
	Options   *smpp.Options `optional:"true"`
}

// Result is what the module provides.
type Result struct {
	fx.Out

	Sender notify.Sender `group:"outreach.senders"`
	SMPP   *smpp.Sender
}

// New makes the sender and has it closed when the application stops.
func New(p Params) (Result, error) {
	s, err := smpp.New(p.Config, p.Options)
	if err != nil {
		return Result{}, err
	}
	p.Lifecycle.Append(fx.Hook{OnStop: func(context.Context) error { return s.Close() }})
	return Result{Sender: s, SMPP: s}, nil
}
