// Package logsenderfx puts the senders of package logsender into an fx
// application, one for each channel that has no provider yet:
//
//	fx.New(
//		fx.Supply(slog.Default(), logsenderfx.Channels{notify.SMS, notify.Email}),
//		logsenderfx.Module,
//		…
//	)
package logsenderfx

import (
	"log/slog"
	"slices"

	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/adapters/logsender"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

// Channels are the channels whose messages are logged and not sent, each once.
type Channels []notify.Channel

// Module provides a [notify.Sender] for each of the [Channels] to the value
// group "outreach.senders", and all of them as a []*logsender.Sender. There is
// nothing to close.
var Module = fx.Module("logsender",
	fx.Provide(New),
	fx.Invoke(func([]*logsender.Sender) {}),
)

// Params are what the host supplies.
type Params struct {
	fx.In

	Log      *slog.Logger
	Channels Channels
	Options  *logsender.Options `optional:"true"` // its Name is left aside: each sender has its own
}

// Result is what the module provides.
type Result struct {
	fx.Out

	Senders []notify.Sender `group:"outreach.senders,flatten"`
	Logs    []*logsender.Sender
}

// New makes the senders. It names all that is wrong with the channels.
func New(p Params) (Result, error) {
	var r Result
	var opts logsender.Options
	if p.Options != nil {
		opts = *p.Options
	}
	opts.Name = ""
	var faults fault.List
	for i, channel := range p.Channels {
		s, err := logsender.New(p.Log, channel, &opts)
		if err != nil {
			faults.Add(err)
			continue
		}
		if slices.Contains(p.Channels[:i], channel) {
			faults.Add(fault.Broken("logsender.channels.twice", "channels", "channel %q stands twice: each needs one sender",
				"kênh %q ghi hai lần: mỗi kênh chỉ cần một bộ gửi", channel))
		}
		r.Logs = append(r.Logs, s)
		r.Senders = append(r.Senders, s)
	}
	return r, faults.Err()
}
