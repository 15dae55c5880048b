// Package corefx composes the programme's System in an fx application:
//
//	fx.New(
//		memstorefx.Module, // or sqlstorefx.Module, or a store of the host's own
//		fx.Supply(&core.Options{Calendar: calendar, Series: "XL"}),
//		corefx.Module,
//		…
//	)
//
// Where the store brings the clock of its database along ("outreach.clock", see
// package sqlstorefx), the System goes by that unless Options name one.
//
// What is wrong with the policy or the options shows in the application's Err.
package corefx

import (
	"time"

	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
)

// Module provides a *core.System over the application's [store.Store]. There is
// nothing to start or stop: package workersfx runs what runs.
var Module = fx.Module("outreach.core",
	fx.Provide(New),
	fx.Invoke(func(*core.System) {}),
)

// Params are what the host supplies.
type Params struct {
	fx.In

	Store   store.Store
	Policy  *policy.Policy `optional:"true"` // default: policy.Default()
	Options *core.Options  `optional:"true"`

	Clock func() time.Time `name:"outreach.clock" optional:"true"` // default for Options.Clock
}

// New makes the System.
func New(p Params) (*core.System, error) {
	pol := policy.Default()
	if p.Policy != nil {
		pol = *p.Policy
	}
	var opts core.Options
	if p.Options != nil {
		opts = *p.Options
	}
	if opts.Clock == nil {
		opts.Clock = p.Clock
	}
	return core.New(p.Store, pol, &opts)
}
