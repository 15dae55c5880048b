package faulttest

import (
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
)

// A worker without one of the guards must be caught, and one with all of them
// not: otherwise the figures above prove nothing.
func TestAWorkerWithoutAGuardIsCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("kills real worker processes")
	}
	for _, c := range []struct {
		name    string
		without guard
		shows   func(f *figures) bool
		what    string
	}{
		{"none", nothing, func(f *figures) bool { return len(f.broken()) == 0 && f.u > 0 }, "nothing wrong, and the calls that were cut off on the operator's list"},
		{"F6 without claims", claims, func(f *figures) bool { return f.du > 0 && len(f.beyond) > 0 }, "messages sent twice"},
		{"F6 without the generation", tickets, func(f *figures) bool { return f.du > 0 && len(f.beyond) > 0 }, "messages sent twice"},
		{"F1 without the attempt before the call", attempts, func(f *figures) bool { return len(f.faults) > 0 }, "calls nobody wrote down"},
		{"F3 without recovery", recovery, func(f *figures) bool { return f.l > 0 }, "lost messages"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := cutShort(t, c.without)
			if !c.shows(f) {
				t.Errorf("want %s, got %+v\n%q", c.what, f, f.broken())
			}
		})
	}
}

// cutShort kills the only worker in the middle of its first calls, empties
// Redis, lets another worker go on, and replays every ticket at the end, unless
// the tickets are all that is left.
func cutShort(t *testing.T, without guard) *figures {
	t.Helper()
	const notices = 40
	s := newStage(t, 1, setup{speed: 40, delay: 400 * time.Millisecond, people: notices})
	s.orders.Without, s.orders.Concurrency = without, 1
	for range notices {
		s.addOne(notify.SMS, letterB)
	}
	s.start(0)
	if _, err := s.sms.Wait(4, 20*time.Second); err != nil {
		t.Fatal(err)
	}
	s.workers[0].kill()
	flush(s)
	s.start(0)
	s.calm(8 * time.Second)
	if without != recovery {
		s.replay()
	}
	return s.judge("cut short", true)[0]
}
