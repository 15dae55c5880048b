package relay

import (
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
)

// drained is a pass that found so many queued, waiting for so long, and added more.
func drained(queued int, waiting time.Duration, added int, now time.Time) core.Dispatched {
	d := core.Dispatched{At: now}
	if queued > 0 {
		d.Underway = []notify.Underway{{Channel: notify.SMS, Queued: queued, Since: now.Add(-waiting)}}
	}
	for range added {
		d.Tickets = append(d.Tickets, core.Ticket{Channel: notify.SMS, Priority: notify.Normal})
	}
	return d
}

func TestTheWindowGrowsWhileItIsTakenInTimeAndShrinksWhenItIsNot(t *testing.T) {
	now := time.Now()
	p := newPace(1000, 200, 150)
	for _, c := range []struct {
		what    string
		pass    core.Dispatched
		windows int
	}{
		{"filled at first", drained(0, 0, 200, now), 200},
		{"half of it still there", drained(150, time.Second, 50, now), 200},
		{"ran dry", drained(0, 0, 200, now), 400},
		{"not filled", drained(0, 0, 10, now), 400},
		{"nothing to do", drained(0, 0, 0, now), 400},
		{"filled", drained(0, 0, 400, now), 400},
		{"ran dry again", drained(3, time.Second, 397, now), 800},
		{"filled", drained(400, time.Second, 400, now), 800},
		{"at most", drained(0, 0, 800, now), 1000},
		{"slow", drained(900, 20*time.Second, 0, now), 500},
		{"still slow", drained(800, 30*time.Second, 0, now), 250},
		{"less than at first", drained(700, 40*time.Second, 0, now), 150},
		{"never less than a few", drained(700, 40*time.Second, 0, now), 150},
	} {
		p.learn(c.pass, now)
		if p.windows[notify.SMS] != c.windows {
			t.Errorf("%s: the window is %d, want %d", c.what, p.windows[notify.SMS], c.windows)
		}
	}
}

func TestAWindowThatKeepsItsWorkersBusyDoesNotGrow(t *testing.T) {
	began := time.Now()
	for _, c := range []struct {
		what    string
		taken   time.Duration // in which half of it was
		windows int
	}{
		{"in no time", 10 * time.Millisecond, 800},
		{"in a while", 249 * time.Millisecond, 800},
		{"in half of what is plenty", 250 * time.Millisecond, 400},
		{"slowly", 5 * time.Second, 400},
	} {
		p := newPace(20_000, 400, 200)
		p.learn(drained(0, 0, 400, began), began)
		p.learn(drained(200, time.Millisecond, 0, began.Add(c.taken)), began.Add(c.taken))
		if p.windows[notify.SMS] != c.windows {
			t.Errorf("half of 400 was taken %s: the window is %d, want %d", c.what, p.windows[notify.SMS], c.windows)
		}
	}
}

func TestCriticalTicketsDoNotMoveTheWindow(t *testing.T) {
	p := newPace(1000, 10, 10)
	p.learn(core.Dispatched{Tickets: []core.Ticket{{Channel: notify.SMS, Priority: notify.Critical}}}, time.Now())
	if len(p.windows) != 0 {
		t.Errorf("windows %v", p.windows)
	}
}
