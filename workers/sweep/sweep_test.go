package sweep_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/workers/sweep"
)

// system counts how often it was asked.
type system struct {
	mu             sync.Mutex
	swept          int
	recovered      int
	sweepErr       error
	recoverErr     error
	sweepResult    core.Swept
	recoveryResult core.Recovered
}

func (s *system) Sweep(context.Context) (core.Swept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.swept++
	return s.sweepResult, s.sweepErr
}

func (s *system) Recover(context.Context) (core.Recovered, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recovered++
	return s.recoveryResult, s.recoverErr
}

// run runs a sweeper until the test's simulated time is over.
func run(t *testing.T, sys *system, opts *sweep.Options, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- sweep.New(sys, opts).Run(ctx) }()
	time.Sleep(d)
	synctest.Wait()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestItSweepsAtOnceAndThenByTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := &system{}
		run(t, sys, nil, time.Minute+time.Second)
		if sys.swept != 5 || sys.recovered != 3 {
			t.Errorf("in a minute swept %d and recovered %d times; want at once and every 15 s and 30 s: 5 and 3", sys.swept, sys.recovered)
		}
	})
}

// keeper is a system that keeps figures.
type keeper struct {
	system
	freshened int
}

func (k *keeper) FreshenRollups(context.Context) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.freshened++
	return 1, errors.New("database down")
}

func TestFiguresThatAreKeptAreFreshenedByTheClockAlsoAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := &keeper{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Second)
		defer cancel()
		if err := sweep.New(sys, nil).Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended with %v", err)
		}
		if sys.freshened != 2 || sys.recovered != 3 {
			t.Errorf("in a minute freshened %d and recovered %d times; want 2 and 3", sys.freshened, sys.recovered)
		}
	})
}

func TestOneThatFailsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := &system{sweepErr: errors.New("database down"), recoverErr: errors.New("database down")}
		run(t, sys, &sweep.Options{Every: time.Second, Recover: time.Second}, 3*time.Second)
		if sys.swept != 4 || sys.recovered != 4 {
			t.Errorf("swept %d and recovered %d times, want 4 each: it gave up", sys.swept, sys.recovered)
		}
	})
}

func TestANegativeIntervalMeansNeverAndLeavesTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := &system{}
		run(t, sys, &sweep.Options{Every: -1, Recover: time.Second}, 2*time.Second)
		if sys.swept != 0 || sys.recovered != 3 {
			t.Errorf("swept %d, recovered %d, want 0 and 3", sys.swept, sys.recovered)
		}
		sys = &system{}
		run(t, sys, &sweep.Options{Every: time.Second, Recover: -1}, 2*time.Second)
		if sys.swept != 3 || sys.recovered != 0 {
			t.Errorf("swept %d, recovered %d, want 3 and 0", sys.swept, sys.recovered)
		}
	})
}

func TestWhatWasDoneIsLoggedAndNothingIsNot(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	sys := &system{}
	s := sweep.New(sys, &sweep.Options{Log: log})
	s.Sweep(t.Context())
	s.Recover(t.Context())
	if out.Len() > 0 {
		t.Errorf("nothing happened and it says %q", out.String())
	}
	sys.sweepResult, sys.recoveryResult = core.Swept{Duties: 7, Failed: 2}, core.Recovered{Unknown: 3}
	sys.sweepErr = errors.New("duty 9 fails")
	s.Sweep(t.Context())
	s.Recover(t.Context())
	for _, want := range []string{"duties=7", "failed=2", "duty 9 fails", "unknown=3"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, out.String())
		}
	}
}

func TestNoErrorIsLoggedWhenItIsToldToStop(t *testing.T) {
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := sweep.New(&system{sweepErr: ctx.Err(), recoverErr: ctx.Err()}, &sweep.Options{Log: slog.New(slog.NewTextHandler(&out, nil))})
	s.Sweep(ctx)
	s.Recover(ctx)
	if out.Len() > 0 {
		t.Errorf("it says %q", out.String())
	}
}
