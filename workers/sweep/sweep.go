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
	Every   time.Duration // between two sweeps. Default: 15 s; negative: none
	Recover time.Duration // between two looks for what got stuck. Default: 30 s; negative: none
	Watch   time.Duration // between two looks whether delivery is in order, for a System that can. Default: none
	Log     *slog.Logger  // Default: discards

	// Called after each turn that went well, for metrics. Default: none.
	Swept     func(core.Swept)
	Recovered func(core.Recovered)
	Watched   func(core.Watched)
}

// watcher is a System that can look whether delivery is in order; core.System is one.
type watcher interface {
	Watch(ctx context.Context) (core.Watched, error)
}

// Sweeper sweeps until it is stopped.
type Sweeper struct {
	system System
	opts   Options
}

// freshener is a System that keeps figures rolled up; core.System is one, over a
// store that can.
type freshener interface {
	FreshenRollups(ctx context.Context) (notes int, err error)
}

// New makes a sweeper over the system.
func New(system System, opts *Options) *Sweeper {
	s := &Sweeper{system: system}
	if opts != nil {
		s.opts = *opts
	}
	if s.opts.Every == 0 {
		s.opts.Every = 15 * time.Second
	}
	if s.opts.Recover == 0 {
		s.opts.Recover = 30 * time.Second
	}
	if s.opts.Log == nil {
		s.opts.Log = slog.New(slog.DiscardHandler)
	}
	return s
}

// Run sweeps, at once and then again and again, until ctx ends, and returns its
// error. A sweep that fails is logged
// and tried again at the next turn.
func (s *Sweeper) Run(ctx context.Context) error {
	due, endDue := every(s.opts.Every)
	defer endDue()
	stuck, endStuck := every(s.opts.Recover)
	defer endStuck()
	if s.opts.Watch <= 0 {
		s.opts.Watch = -1
	}
	look, endLook := every(s.opts.Watch)
	defer endLook()
	if due != nil {
		s.Sweep(ctx)
	}
	if stuck != nil {
		s.Recover(ctx)
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-due:
			s.Sweep(ctx)
		case <-stuck:
			s.Recover(ctx)
			s.Freshen(ctx)
		case <-look:
			s.Watch(ctx)
		}
	}
}

// every ticks at the interval, or never when it is negative.
func every(interval time.Duration) (<-chan time.Time, func()) {
	if interval < 0 {
		return nil, func() {}
	}
	t := time.NewTicker(interval)
	return t.C, t.Stop
}

// Sweep sweeps once.
func (s *Sweeper) Sweep(ctx context.Context) {
	done, err := s.system.Sweep(ctx)
	if err != nil && ctx.Err() == nil {
		s.opts.Log.Error("sweep: failed", "error", err)
	}
	if err == nil && s.opts.Swept != nil {
		s.opts.Swept(done)
	}
	if done != (core.Swept{}) {
		s.opts.Log.Info("sweep: done", "duties", done.Duties, "steps", done.Steps, "elapsed", done.Elapsed, "resumed", done.Resumed,
			"routines", done.Routines, "notices", done.Notices, "expired", done.Expired, "failed", done.Failed)
	}
}

// Recover looks once for what got stuck.
func (s *Sweeper) Recover(ctx context.Context) {
	done, err := s.system.Recover(ctx)
	if err != nil && ctx.Err() == nil {
		s.opts.Log.Error("sweep: recovery failed", "error", err)
	}
	if err == nil && s.opts.Recovered != nil {
		s.opts.Recovered(done)
	}
	if done != (core.Recovered{}) {
		s.opts.Log.Warn("sweep: recovered", "requeued", done.Requeued, "unknown", done.Unknown, "repeated", done.Repeated,
			"uncertain", done.Uncertain, "ended", done.Ended, "diverted", done.Diverted)
	}
}

// Freshen counts once anew what has changed of the figures that are kept: Run does
// so whenever it looks for what got stuck, the first time excepted.
func (s *Sweeper) Freshen(ctx context.Context) {
	f, ok := s.system.(freshener)
	if !ok {
		return
	}
	notes, err := f.FreshenRollups(ctx)
	if err != nil && ctx.Err() == nil {
		s.opts.Log.Error("sweep: figures were not rolled up", "error", err)
	}
	if notes > 0 {
		s.opts.Log.Debug("sweep: figures rolled up", "notes", notes)
	}
}

// Watch looks once whether delivery is in order.
func (s *Sweeper) Watch(ctx context.Context) {
	w, ok := s.system.(watcher)
	if !ok {
		return
	}
	found, err := w.Watch(ctx)
	if err != nil && ctx.Err() == nil {
		s.opts.Log.Error("sweep: watching failed", "error", err)
	}
	if err == nil && s.opts.Watched != nil {
		s.opts.Watched(found)
	}
	if len(found.Late) > 0 {
		s.opts.Log.Error("sweep: delivery is not in order", "late", found.Late)
	}
}
