// Package storetest checks that a [store.Store] keeps what its interfaces
// promise. An adapter runs it in a test of its own:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store { return newEmptyStore(t) })
//	}
//
// The suite is a table of promises, each with the sentence that is broken when
// its check fails. The suite's own tests hold it against stores that are broken
// on purpose: a promise that no broken store fails is not checked at all.
package storetest

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/store"
)

// patience is how long one promise may take before a store counts as stuck.
const patience = 30 * time.Second

// TB is what a check needs of a test; *testing.T has it.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
}

// promise is one thing a store must do.
type promise struct {
	name  string
	why   string // the promise in one sentence
	check func(k kit)
}

// Run checks the store that open returns, one sub-test for each promise. Each
// call of open must return an empty store; what it needs to clean up it gives
// to t.Cleanup. The store may be used until the sub-test ends.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	t.Helper()
	for _, p := range promises() {
		t.Run(p.name, func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("broken promise: %s", p.why)
				}
			}()
			p.keep(t, open(t))
		})
	}
}

func (p promise) keep(t TB, st store.Store) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p.check(kit{TB: t, ctx: ctx, store: st})
}

// Failure is one promise that a store did not keep.
type Failure struct {
	Promise string   // its name, that of the sub-test in Run
	Why     string   // the promise in one sentence
	Found   []string // what was seen instead
}

// Check is Run for programs that want the result and not a failing test: it
// returns the promises that the stores returned by open did not keep. A panic
// counts as one.
func Check(ctx context.Context, open func() store.Store) []Failure {
	var failures []Failure
	for _, p := range promises() {
		if found := p.broken(ctx, open()); found != nil {
			failures = append(failures, Failure{p.name, p.why, found})
		}
	}
	return failures
}

// broken returns what the store did instead of keeping the promise.
func (p promise) broken(ctx context.Context, st store.Store) []string {
	rec := &recorder{ctx: ctx}
	done := make(chan struct{})
	go func() { // Fatalf ends the goroutine, as in package testing
		defer close(done)
		defer func() {
			if fault := recover(); fault != nil {
				rec.Errorf("panic: %v", fault)
			}
		}()
		p.keep(rec, st)
	}()
	<-done
	return rec.found
}

// recorder is a TB that remembers. It serves one goroutine.
type recorder struct {
	ctx   context.Context
	found []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Errorf(format string, args ...any) {
	r.found = append(r.found, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// kit is what a check works with.
type kit struct {
	TB
	ctx   context.Context
	store store.Store
}

// update runs fn in an Update that has to succeed.
func (k kit) update(fn func(ctx context.Context, tx store.Tx) error) {
	k.Helper()
	if err := k.store.Update(k.ctx, fn); err != nil {
		k.Fatalf("Update: %v", err)
	}
}

// view runs fn in a View that has to succeed.
func (k kit) view(fn func(ctx context.Context, tx store.Tx) error) {
	k.Helper()
	if err := k.store.View(k.ctx, fn); err != nil {
		k.Fatalf("View: %v", err)
	}
}

// promises returns the whole suite.
func promises() []promise {
	var all []promise
	for _, part := range [][]promise{
		transactions(), keeping(), journal(), organisation(), fieldwork(), oversight(), outbox(), receiptInbox(), rollups(),
	} {
		all = append(all, part...)
	}
	return all
}
