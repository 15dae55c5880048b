package faulttest

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/workers/outboxtest"
)

// profile is how much is broken.
type profile struct {
	name       string
	speed      int
	notices    int           // of each scenario
	duration   time.Duration // of the faults
	workers    int
	every      [2]time.Duration // between two kills, or two stops
	flushEvery [2]time.Duration
	patience   time.Duration // for what is left afterwards
	parallel   bool
}

func chosen() profile {
	if os.Getenv("OUTREACH_FAULTS") == "full" {
		return profile{
			name: "full", speed: 10, notices: 5000, duration: 100 * time.Second, workers: 3,
			every:      [2]time.Duration{500 * time.Millisecond, 3 * time.Second},
			flushEvery: [2]time.Duration{10 * time.Second, 25 * time.Second}, patience: 3 * time.Minute,
		}
	}
	return profile{
		name: "short", speed: 20, notices: 240, duration: 6 * time.Second, workers: 3,
		every:      [2]time.Duration{300 * time.Millisecond, time.Second},
		flushEvery: [2]time.Duration{time.Second, 2 * time.Second}, patience: 40 * time.Second, parallel: true,
	}
}

func seed(t *testing.T) uint64 {
	t.Helper()
	given := os.Getenv("OUTREACH_FAULT_SEED")
	if given == "" {
		return uint64(time.Now().UnixNano()) % 1_000_000
	}
	n, err := strconv.ParseUint(given, 10, 64)
	if err != nil {
		t.Fatalf("OUTREACH_FAULT_SEED: %v", err)
	}
	return n
}

func TestNothingIsLostAndNothingDoubledBeyondWhatIsAllowed(t *testing.T) {
	if testing.Short() {
		t.Skip("kills real worker processes for a while")
	}
	p, seed := chosen(), seed(t)
	kills := recurring{killOne, p.every[0], p.every[1]}
	flushes := recurring{flush, p.flushEvery[0], p.flushEvery[1]}
	stops := recurring{stopOne, p.every[0], p.every[1]}

	var mu sync.Mutex
	var all []*figures
	dialect := ""
	t.Run("scenario", func(t *testing.T) {
		for i, c := range []struct {
			name     string
			knowsKey bool
			cutOff   bool
			faults   []recurring
		}{
			{"F1+F3 killed, emptied; key known", true, true, []recurring{kills, flushes}},
			{"F1+F3 killed, emptied", false, true, []recurring{kills, flushes}},
			{"F3 emptied", false, false, []recurring{flushes}},
			{"F21 told to stop", false, false, []recurring{stops}},
		} {
			t.Run(c.name, func(t *testing.T) {
				if p.parallel {
					t.Parallel()
				}
				s := newStage(t, seed+uint64(i), p.speed, 150*time.Millisecond, c.knowsKey, p.notices)
				for w := range p.workers {
					s.start(w)
				}
				s.storm(p.notices, p.duration, p.patience, c.faults...)
				found := s.judge(c.name, c.cutOff)
				mu.Lock()
				defer mu.Unlock()
				all, dialect = append(all, found...), string(s.orders.Dialect)
				for _, f := range found {
					for _, broken := range f.broken() {
						t.Errorf("%s: %s", f.policy, broken)
					}
				}
				s.witness(c.cutOff, found)
				t.Logf("%d kills, %d FLUSHALL, %d starts, slowest stop %v", s.kills, s.flushes, s.starts, s.slowest.Round(time.Millisecond))
			})
		}
	})
	t.Logf("%s profile on %s, seed %d, clock ×%d, %d workers\n%s", p.name, dialect, seed, p.speed, p.workers, table(all))
}

// witness checks that the faults did happen: figures of a calm day prove nothing.
func (s *stage) witness(cutOff bool, found []*figures) {
	s.t.Helper()
	open := 0
	for _, f := range found {
		open += f.open
	}
	switch {
	case cutOff && open == 0:
		s.t.Errorf("%d kills and not one call was cut off: nothing was shown", s.kills)
	case !cutOff && s.flushes == 0 && s.starts <= len(s.workers):
		s.t.Error("no fault happened")
	case s.slowest > 35*time.Second:
		s.t.Errorf("a stop took %v, want 35 s at most", s.slowest)
	}
}

// A worker without one of the guards must be caught, and one with all of them
// not: otherwise the figures above prove nothing.
func TestAWorkerWithoutAGuardIsCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("kills real worker processes")
	}
	for _, c := range []struct {
		without guard
		shows   func(f *figures) bool
		what    string
	}{
		{nothing, func(f *figures) bool { return len(f.broken()) == 0 && f.u > 0 }, "nothing wrong, and the calls that were cut off on the operator's list"},
		{claims, func(f *figures) bool { return f.du > 0 && len(f.beyond) > 0 }, "messages sent twice"},
		{tickets, func(f *figures) bool { return f.du > 0 && len(f.beyond) > 0 }, "messages sent twice"},
		{attempts, func(f *figures) bool { return len(f.faults) > 0 }, "calls nobody wrote down"},
		{recovery, func(f *figures) bool { return f.l > 0 }, "lost messages"},
	} {
		t.Run(fmt.Sprintf("without %s", orAll(c.without)), func(t *testing.T) {
			t.Parallel()
			f := cutShort(t, c.without)
			if !c.shows(f) {
				t.Errorf("want %s, got\n%s%q", c.what, table([]*figures{f}), f.broken())
			}
		})
	}
}

func orAll(g guard) string {
	if g == nothing {
		return "nothing"
	}
	return string(g)
}

// cutShort kills the only worker in the middle of its first calls, empties
// Redis, lets another worker go on, and replays every ticket at the end, unless
// the tickets are all that is left.
func cutShort(t *testing.T, without guard) *figures {
	t.Helper()
	const notices = 40
	s := newStage(t, 1, 40, 400*time.Millisecond, false, notices)
	s.orders.Without, s.orders.Concurrency = without, 1
	for i := range notices { // all SMS, all hold
		s.added = append(s.added, expected{outboxtest.Notice(i, "sms", s.sys.Now()), letterB})
		if err := outboxtest.Add(t.Context(), s.store, s.added[i].Notice); err != nil {
			t.Fatal(err)
		}
	}
	s.start(0)
	if _, err := s.sms.Wait(4, 20*time.Second); err != nil {
		t.Fatal(err)
	}
	s.workers[0].kill()
	flush(s)
	s.start(0)
	s.calm(10 * time.Second)
	if without != recovery {
		s.replay()
	}
	return s.judge("cut short", true)[0]
}
