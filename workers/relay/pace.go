package relay

import (
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
)

// pace finds out how many tickets of each channel its workers take in time: it
// begins with a few, doubles as long as the window runs dry again, and halves
// when the oldest ticket waits too long.
type pace struct {
	most, first int
	windows     map[notify.Channel]int
	filled      map[notify.Channel]bool // the last pass used the window up
}

func newPace(most, first int) pace {
	return pace{most: most, first: min(first, most), windows: make(map[notify.Channel]int), filled: make(map[notify.Channel]bool)}
}

// tooLong is a wait in the queue that shows that more is in it than is taken:
// an eighth of the time after which tickets are handed out anew.
const tooLong = notify.QueuePatience / 8

// learn looks at what was queued when a pass began and at what it added.
func (p *pace) learn(done core.Dispatched, now time.Time) {
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
		switch {
		case u.Queued > 0 && now.Sub(u.Since) > tooLong:
			window = max(p.first, window/2)
		case p.filled[channel] && u.Queued <= window/2:
			window = min(p.most, 2*window)
		}
		p.windows[channel] = window
		p.filled[channel] = u.Queued+added[channel] >= window || p.filled[channel] && u.Queued > window/2
	}
}
