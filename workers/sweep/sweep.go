// Package sweep makes time pass for the programme: every so often it asks the
// system for everything that became due (reminders, the ladder, windows that
// closed) and for what got stuck on its way out. Both are idempotent and need no
// Redis: any number of processes may sweep, late or twice.
package sweep

import (
	"context"
	"log/slog"
	"time"

	"github.com/huongvecoso/outreach/core"
)

// System is what a sweeper needs of a core.System.
type System interface {
	Sweep(ctx context.Context) (core.Swept, error)
	Recover(ctx context.Context) (core.Recovered, error)
}

// Options have a default each; nil is legal.
type Options struct {
	Every   time.Duration // between two sweeps. Default: 15 s
	Recover time.Duration // between two looks for what got stuck. Default: 30 s
	Log     *slog.Logger  // Default: discards
}

// Sweeper sweeps until it is stopped.
type Sweeper struct {
	system System
	opts   Options
}

// New makes a sweeper over the system.
func New(system System, opts *Options) *Sweeper {
	s := &Sweeper{system: system}
	if opts != nil {
		s.opts = *opts
	}
	if s.opts.Every <= 0 {
		s.opts.Every = 15 * time.Second
	}
	if s.opts.Recover <= 0 {
		s.opts.Recover = 30 * time.Second
	}
	if s.opts.Log == nil {
		s.opts.Log = slog.New(slog.DiscardHandler)
	}
	return s
}

// Run sweeps until ctx ends, and returns its error. A sweep that fails is logged
// and tried again at the next turn.
func (s *Sweeper) Run(ctx context.Context) error {
	due, stuck := time.NewTicker(s.opts.Every), time.NewTicker(s.opts.Recover)
	defer due.Stop()
	defer stuck.Stop()
	s.Sweep(ctx)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-due.C:
			s.Sweep(ctx)
		case <-stuck.C:
			s.Recover(ctx)
		}
	}
}

// Sweep sweeps once.
func (s *Sweeper) Sweep(ctx context.Context) {
	done, err := s.system.Sweep(ctx)
	if err != nil && ctx.Err() == nil {
		s.opts.Log.Error("sweep: failed", "error", err)
	}
	if done != (core.Swept{}) {
		s.opts.Log.Info("sweep: done", "duties", done.Duties, "steps", done.Steps, "elapsed", done.Elapsed, "notices", done.Notices)
	}
}

// Recover looks once for what got stuck.
func (s *Sweeper) Recover(ctx context.Context) {
	done, err := s.system.Recover(ctx)
	if err != nil && ctx.Err() == nil {
		s.opts.Log.Error("sweep: recovery failed", "error", err)
	}
	if done != (core.Recovered{}) {
		s.opts.Log.Warn("sweep: recovered", "what", done)
	}
}
