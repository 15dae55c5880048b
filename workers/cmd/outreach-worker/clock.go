package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.uber.org/fx"
)

// The rules go by the database's clock, so one machine's that is wrong makes no
// notice early or late. asynq goes by the machine's.
const (
	// toldSkew is worth a word: NTP keeps clocks within parts of a second.
	toldSkew = 2 * time.Second
	// worstSkew is less than half of the 55 s between two machines at which asynq
	// takes what one of them has at work for abandoned.
	worstSkew = 25 * time.Second
)

// apart says in words how far the machine's clock is from the database's.
func apart(skew time.Duration) string {
	way := "ahead of"
	if skew < 0 {
		way = "behind"
	}
	return fmt.Sprintf("this machine is %v %s the database: let NTP set both", skew.Abs().Round(time.Millisecond), way)
}

// readClock takes over the database's clock, and refuses a machine whose own is
// wrong beyond all doubt.
func (p *parts) readClock(ctx context.Context, log *slog.Logger) error {
	if err := p.clock.Set(ctx); err != nil {
		return err
	}
	skew, _ := p.clock.Skew()
	switch {
	case skew.Abs() > worstSkew:
		return errors.New(apart(skew))
	case skew.Abs() > toldSkew:
		log.Warn(apart(skew))
	}
	return nil
}

// keepTime follows the database's clock for as long as the application runs, and
// says when the machine's leaves it and when it is back.
func keepTime(lc fx.Lifecycle, p *parts, log *slog.Logger) {
	told := newSkewLog(log)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error {
			go func() {
				defer close(ended)
				_ = p.clock.Run(ctx, told.looked) // it ends with ctx
			}()
			return nil
		},
		OnStop: func(context.Context) error { stop(); <-ended; return nil },
	})
}

// skewLog logs when a clock goes wrong and when it is right again.
type skewLog struct {
	log   *slog.Logger
	wrong bool
}

func newSkewLog(log *slog.Logger) *skewLog { return &skewLog{log: log} }

func (l *skewLog) looked(skew time.Duration, err error) {
	if err != nil {
		l.log.Warn("clock: the database's cannot be told; it goes on by itself", "error", err)
		return
	}
	wrong := skew.Abs() > toldSkew
	switch {
	case wrong && !l.wrong:
		l.log.Warn("clock: " + apart(skew))
	case !wrong && l.wrong:
		l.log.Info("clock: this machine and the database agree again")
	}
	l.wrong = wrong
}
