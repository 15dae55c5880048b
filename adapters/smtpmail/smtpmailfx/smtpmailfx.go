// Package smtpmailfx puts the mail sender of package smtpmail into an fx
// application:
//
//	fx.New(
//		fx.Supply(smtpmail.Config{Addr: "mail.xuanloc.example:587", …}),
//		smtpmailfx.Module,
//		…
//	)
//
// A configuration that is wrong shows in the application's Err, whether or
// not anything asks for the sender.
package smtpmailfx

import (
	"context"

	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/core/notify"
)

// Module provides one [notify.Sender] for mail to the value group
// "outreach.senders", and itself as a *smtpmail.Sender.
var Module = fx.Module("smtpmail",
	fx.Provide(New),
	fx.Invoke(func(*smtpmail.Sender) {}),
)

// Params are what the host supplies.
type Params struct {
	fx.In

	Lifecycle fx.Lifecycle
	Config    smtpmail.Config
	Options   *smtpmail.Options `optional:"true"`
}

// Result is what the module provides.
type Result struct {
	fx.Out

	Sender notify.Sender `group:"outreach.senders"`
	Mail   *smtpmail.Sender
}

// New makes the sender and has it closed when the application stops.
func New(p Params) (Result, error) {
	s, err := smtpmail.New(p.Config, p.Options)
	if err != nil {
		return Result{}, err
	}
	p.Lifecycle.Append(fx.Hook{OnStop: func(context.Context) error { return s.Close() }})
	return Result{Sender: s, Mail: s}, nil
}
