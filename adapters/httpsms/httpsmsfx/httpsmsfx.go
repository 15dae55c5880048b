// Package httpsmsfx puts the SMS senders of package httpsms into an fx
// application, one for each gateway:
//
//	fx.New(
//		fx.Supply(httpsmsfx.Gateways{first, second}),
//		httpsmsfx.Module,
//		…
//	)
//
// A configuration that is wrong shows in the application's Err, whether or
// not anything asks for the senders.
package httpsmsfx

import (
	"context"
	"fmt"

	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

// Gateways are the configurations of the gateways to use. Their names must
// differ.
type Gateways []httpsms.Config

// Module provides a [notify.Sender] for each of the [Gateways] to the value
// group "outreach.senders", and all of them as a []*httpsms.Sender.
var Module = fx.Module("httpsms",
	fx.Provide(New),
	fx.Invoke(func([]*httpsms.Sender) {}),
)

// Params are what the host supplies.
type Params struct {
	fx.In

	Lifecycle fx.Lifecycle
	Gateways  Gateways
	Options   *httpsms.Options `optional:"true"`
}

// Result is what the module provides.
type Result struct {
	fx.Out

	Senders []notify.Sender `group:"outreach.senders,flatten"`
	SMS     []*httpsms.Sender
}

// New makes the senders and has them closed when the application stops. All
// configurations are checked, and an error names the gateway by its place.
func New(p Params) (Result, error) {
	var r Result
	var faults fault.List
	named := map[string]bool{}
	for i, config := range p.Gateways {
		s, err := httpsms.New(config, p.Options)
		if err != nil {
			faults.Add(fmt.Errorf("gateway %d: %w", i+1, err))
			continue
		}
		if named[config.Name] {
			faults.Add(fault.Broken("httpsms.gateways.name", "name", "gateway %d: the name %q is taken: give each gateway its own",
				"tổng đài %d: tên %q đã dùng: mỗi tổng đài cần một tên riêng", i+1, config.Name))
		}
		named[config.Name] = true
		r.SMS = append(r.SMS, s)
		r.Senders = append(r.Senders, s)
		p.Lifecycle.Append(fx.Hook{OnStop: func(context.Context) error { return s.Close() }})
	}
	return r, faults.Err()
}
