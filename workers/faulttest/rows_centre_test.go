package faulttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/huongvecoso/outreach/adapters/smpp/smppsink"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
)

// What a message centre does. The adapter's own tests have the outcome of each
// fault; here real workers share its one bind.
var centreRows = []row{
	{"F15", "SMPP centre fails in every way, its one bind moves", centreFaults},
}

// rebindWithin is how long a new bind may take after one was lost.
const rebindWithin = 15 * time.Second

// centreFaults lets the centre do something else wrong on the first call for some
// messages, answer out of order, end sessions, fall silent, and send
// receipts early, twice and for nobody, while whoever holds the bind is killed.
// One of the machines never reaches the centre: it must not keep the others from it.
func centreFaults(r *run) {
	half := []byte{0, 0, 0, 0x15, 0x80}
	none := int32(0)
	c := &centre{within: r.stretch(rebindWithin), every: 3, script: fickle{most: 1}, faults: []smppsink.Reply{
		{Silent: true}, {Silent: true, Accept: true}, {Delay: callTimeout}, {Status: throttled}, {Nack: true, Status: 8},
		{Nack: true, Status: 2, Sequence: &none}, {Raw: half, Drop: true}, {Raw: half, Drop: true, Accept: true}, {Wrong: true, Accept: true}, {Status: 0x401},
	}}
	if r.full() {
		r.notices *= 2 // ids are held against each other over 10,000
		c.every = 60   // otherwise the breaker is never closed
	}
	s := r.quiet(setup{speed: 60, smpp: c.reply})
	c.stage = s
	s.others = true // what is refused for good goes by mail
	// Each probe may meet a fault: the waits between them must not outlast the row.
	s.orders.LastProbe, r.patience = time.Minute, 3*r.patience
	s.begin(r.workers)
	s.orders.Cut = true
	s.start(r.workers)
	s.orders.Cut = false

	receipts := &postman{sink: s.centre, told: map[string]bool{}}
	stop := receipts.run()
	turn := 0
	endings := []mishap{
		c.ends("unbound", func() { _ = s.centre.Unbind() }), c.ends("cut", s.centre.Cut),
		c.ends("mute", func() { c.mute.Store(true) }), c.ends("killed", func() { s.killHolder(r.workers) }),
	}
	s.pour(r.profile, recurring{func(s *stage) {
		endings[turn%len(endings)](s)
		turn++
	}, r.rare[0] / 2, r.rare[1] / 2})
	for i, how := range []string{"unbound", "cut", "mute", "killed"} {
		if c.count[how] == 0 { // the profile's time was too short
			endings[i](s)
		}
	}
	s.calm(r.patience)
	stop()
	receipts.all()
	s.delivered(receipts, r.patience)

	found := r.judge(s, true)
	checked, wrong := s.attributed()
	for _, w := range wrong {
		found[0].contradiction("%s", w)
		r.Error(w)
	}
	if checked == 0 || open(found) == 0 || len(receipts.told) == 0 || c.early.Load() == 0 {
		r.Errorf("%d ids looked at, %d calls cut off, %d receipts, %d of them early: nothing was shown", checked, open(found), len(receipts.told), c.early.Load())
	}
	for _, how := range []string{"unbound", "cut", "mute", "killed"} {
		if c.count[how] == 0 {
			r.Errorf("no session was %s: nothing was shown", how)
		}
	}
	if c.slowest > c.within {
		r.Errorf("a new bind took %v, want %v at most", c.slowest, c.within)
	}
	r.note(fmt.Sprintf("%d ids 1:1, %d receipts, none lost; bound %d times (%d unbound, %d cut, %d mute, %d killed), slowest %v",
		checked, len(receipts.told), s.centre.Binds(), c.count["unbound"], c.count["cut"], c.count["mute"], c.count["killed"], c.slowest.Round(10*time.Millisecond)))
}

// throttled is the status of a centre that has had enough.
const throttled = 0x58

// centre is what a message centre does wrong.
type centre struct {
	stage  *stage
	faults []smppsink.Reply
	every  int // message is one for which something goes wrong
	script fickle
	within time.Duration // a new bind is to come
	mute   atomic.Bool   // it answers no enquire_link
	early  atomic.Int64

	count   map[string]int
	slowest time.Duration // bind
}

// reply is the centre's script.
func (c *centre) reply(e smppsink.Event) smppsink.Reply {
	switch e.Command {
	case "enquire":
		return smppsink.Reply{Silent: c.mute.Load()}
	case "submit":
	default:
		return smppsink.Reply{}
	}
	n := 1
	_, _ = fmt.Sscanf(e.To, "+8490%d", &n)
	switch {
	case n%c.every == 0 && c.script.turn(e.To) == 0:
		return c.faults[n/c.every%len(c.faults)]
	case n%7 == 0:
		return smppsink.Reply{Before: func() { c.tooEarly(e.To) }}
	}
	return smppsink.Reply{Delay: rand.N(60 * time.Millisecond)} // answers overtake each other
}

// tooEarly sends the receipt before the answer. The centre cannot hear now
// whether it was taken, and sends it again later.
func (c *centre) tooEarly(to string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	for _, m := range c.stage.centre.Ledger() {
		if m.To == to {
			_, _ = c.stage.centre.Receipt(ctx, m.ID, "DELIVRD")
			c.early.Add(1)
		}
	}
}

// ends is a mishap that ends the session, and waits for the next one.
func (c *centre) ends(how string, do func()) mishap {
	if c.count == nil {
		c.count = map[string]int{}
	}
	return func(s *stage) {
		for end := time.Now().Add(2 * c.within); s.centre.Binds() == 0 && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond)
		}
		before, began := s.centre.Binds(), time.Now()
		do()
		for s.centre.Binds() == before && time.Since(began) < 2*c.within {
			time.Sleep(5 * time.Millisecond)
		}
		c.mute.Store(false)
		c.count[how]++
		c.slowest = max(c.slowest, time.Since(began))
	}
}

// killHolder kills the workers that could hold the bind, one of which does, and
// starts them again.
func (s *stage) killHolder(n int) {
	for i := range n {
		s.workers[i].kill()
		s.kills++
		s.start(i)
	}
}

// postman sends the receipts of a centre until each is acknowledged.
type postman struct {
	sink *smppsink.Sink
	mu   sync.Mutex
	told map[string]bool // ids whose receipt was acknowledged
}

// run sends them while others work, until stop.
func (p *postman) run() (stop func()) {
	ended := make(chan struct{})
	var working sync.WaitGroup
	working.Go(func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(20 * time.Millisecond):
				p.round()
			}
		}
	})
	return func() { close(ended); working.Wait() }
}

// all sends what is left.
func (p *postman) all() {
	for end := time.Now().Add(rebindWithin); p.round() > 0 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
	}
}

// round tells of every message once, of every fifth once more, and of one that
// nobody knows, and returns how many were not acknowledged.
func (p *postman) round() int {
	left := 0
	for i, m := range p.sink.Ledger() {
		p.mu.Lock()
		told := p.told[m.ID]
		p.mu.Unlock()
		if told {
			continue
		}
		if !p.tell(m.ID) {
			left++
			continue
		}
		p.mu.Lock()
		p.told[m.ID] = true
		p.mu.Unlock()
		if i%5 == 0 {
			p.tell(m.ID)
			p.tell(fmt.Sprintf("99%06d", i))
		}
	}
	return left
}

func (p *postman) tell(id string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	status, err := p.sink.Receipt(ctx, id, "DELIVRD")
	return err == nil && status == 0
}

// delivered waits until every accepted SMS is known to be delivered, and fails
// over a receipt that was acknowledged and then forgotten.
func (s *stage) delivered(p *postman, patience time.Duration) {
	s.t.Helper()
	var lost []notify.ID
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		lost = lost[:0]
		notices, _, _ := s.read()
		for _, e := range s.added {
			if n := notices[e.ID]; e.Channel == notify.SMS && n.State == notify.Accepted && p.told[n.ProviderID] {
				lost = append(lost, n.ID)
			}
		}
		if len(lost) == 0 {
			return
		}
	}
	s.t.Errorf("receipts of %d notices were acknowledged and are lost: %v", len(lost), lost)
}

// attributed holds the ids that workers were given against those that the centre
// gave, and returns how many there are and what is wrong.
func (s *stage) attributed() (checked int, wrong []string) {
	to := map[string]string{}
	for _, m := range s.centre.Ledger() {
		to[m.ID] = m.To
	}
	_, attempts, _ := s.read()
	whose := map[string]notify.ID{}
	for i, e := range s.added {
		for _, a := range attempts[e.ID] {
			if a.ProviderID == "" || e.Channel != notify.SMS {
				continue
			}
			checked++
			if to[a.ProviderID] != outboxtest.Phone(i) {
				wrong = append(wrong, fmt.Sprintf("%s was accepted under the id %s, which is of a message to %q", e.ID, a.ProviderID, to[a.ProviderID]))
			}
			if other, taken := whose[a.ProviderID]; taken {
				wrong = append(wrong, fmt.Sprintf("%s and %s were accepted under one id, %s", other, e.ID, a.ProviderID))
			}
			whose[a.ProviderID] = e.ID
		}
	}
	return checked, wrong
}
