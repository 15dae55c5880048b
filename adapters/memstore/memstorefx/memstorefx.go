// Package memstorefx gives an fx application the store in memory: for tests
// and trials, because nothing survives the process.
//
//	fx.New(memstorefx.Module, corefx.Module, …)
package memstorefx

import (
	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core/store"
)

// Module provides a [store.Store], and itself as a *memstore.Store. There is
// nothing to start or stop.
var Module = fx.Module("memstore", fx.Provide(New))

// Result is what the module provides.
type Result struct {
	fx.Out

	Store  store.Store
	Memory *memstore.Store
}

// New makes an empty store.
func New() Result {
	s := memstore.New()
	return Result{Store: s, Memory: s}
}
