package relay

import (
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
)

// pace finds out how many tickets of each channel its workers take in time: it
// begins with what they have places for, doubles as long as the window runs dry
// again or half of it is taken in no time, and halves, down to a few, when the oldest
// ticket waits too long. Every pass counts what is queued, so more than keeps the
// workers busy is not put there.
type pace struct {
	most, first, least int

	windows map[notify.Channel]int
	filled  map[notify.Channel]bool // the last pass used the window up

	left  map[notify.Channel]int // queued when the last pass was over
	seen  time.Time              // when that was
	pause time.Duration          // until the next look for room
}

func newPace(most, first, least int) pace {
	return pace{
		most: most, first: min(first, most), least: min(least, most), windows: make(map[notify.Channel]int), filled: make(map[notify.Channel]bool),
		left: make(map[notify.Channel]int),
	}
}

// full reports whether the last pass used up the window of a channel.
func (p *pace) full() bool {
	for _, filled := range p.filled {
		if filled {
			return true
		}
	}
	return false
}

// soon and late are the shortest and the longest time to wait for room.
const (
	soon = 10 * time.Millisecond
	late = time.Second
)

// drains is how long it may take until half of a channel's window has been
// taken, when so many were taken in the time since the last pass.
func drains(queued, window, taken int, since time.Duration) time.Duration {
	return lasts(max(0, queued-window/2), taken, since)
}

// plenty is how long a window keeps its workers busy that need not grow.
const plenty = 500 * time.Millisecond

// lasts is how long some tickets last when so many were taken in the time since the
// last pass.
func lasts(tickets, taken int, since time.Duration) time.Duration {
	return time.Duration(float64(tickets) / float64(taken) * float64(since))
}

// tooLong is a wait in the queue that shows that more is in it than is taken:
// an eighth of the time after which tickets are handed out anew.
const tooLong = notify.QueuePatience / 8

// learn looks at what was queued when a pass began and at what it added. Waits
// are told by the clock of the pass, now is the machine's.
func (p *pace) learn(done core.Dispatched, now time.Time) {
	since, look := now.Sub(p.seen), late
	before := make(map[notify.Channel]notify.Underway, len(done.Underway))
	for _, u := range done.Underway {
		before[u.Channel] = u
	}
	added := make(map[notify.Channel]int)
	for _, t := range done.Tickets {
		if t.Priority != notify.Critical {
			added[t.Channel]++
		}
	}
	for channel := range added {
		if _, known := p.windows[channel]; !known {
			p.windows[channel] = p.first
		}
	}
	for channel, window := range p.windows {
		u := before[channel]
		taken := p.left[channel] - u.Queued
		dry := u.Queued == 0 || u.Queued <= window/2 && taken > 0 && lasts(window, taken, since) < plenty
		switch {
		case u.Queued > 0 && done.At.Sub(u.Since) > tooLong:
			window = max(p.least, window/2)
		case p.filled[channel] && dry:
			window = min(p.most, 2*window)
		}
		if taken > 0 {
			look = min(look, drains(u.Queued+added[channel], window, taken, since))
		}
		p.left[channel] = u.Queued + added[channel]
		p.windows[channel] = window
		p.filled[channel] = u.Queued+added[channel] >= window || p.filled[channel] && u.Queued > window/2
	}
	if p.seen = now; look == late { // nothing was taken: less and less often
		look = 2 * p.pause
	}
	p.pause = min(max(look, soon), late)
}
