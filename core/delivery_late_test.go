package core_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// requeue gives tickets back that the queue refused.
func (p *post) requeue(tickets ...core.Ticket) {
	p.t.Helper()
	if err := p.sys.Requeue(p.t.Context(), tickets, "queue: refused"); err != nil {
		p.t.Fatal(err)
	}
}

// vain lets the machinery work in vain for a while, at each beat, while somebody
// watches every minute, and returns when the outbox was found late first.
func (p *post) vain(for_, beat time.Duration, work func()) (found time.Time) {
	p.t.Helper()
	for end, next := p.sys.Now().Add(for_), p.sys.Now(); p.sys.Now().Before(end); p.pass(beat) {
		work()
		if p.sys.Now().Before(next) {
			continue
		}
		next = next.Add(time.Minute)
		w, err := p.sys.Watch(p.t.Context())
		if err != nil {
			p.t.Fatal(err)
		}
		if found.IsZero() && slices.Contains(w.Late, "outbox") {
			found = p.sys.Now()
		}
	}
	return found
}

// wantAlarm is that the outbox was found late within a minute after a notice was due
// for ten, and that the administrators were told once on each channel.
func (p *post) wantAlarm(due, found time.Time) {
	p.t.Helper()
	if late := found.Sub(due); found.IsZero() || late <= 10*time.Minute || late > 11*time.Minute {
		p.t.Errorf("the outbox was found late %v after a notice was due, want 10 to 11 minutes", late)
	}
	if told := p.all(notify.Query{Template: "delivery.late"}); len(told) != 3 {
		p.t.Errorf("%d notices tell of it, want one on each of three channels", len(told))
	}
}

func TestLatenessIsCountedFromWhenANoticeWasFirstDue(t *testing.T) {
	for name, work := range map[string]func(p *post){
		"the queue refuses every ticket": func(p *post) {
			p.requeue(p.dispatch().Tickets...)
		},
		"the queue refuses and others become due all the time": func(p *post) {
			p.tell(notify.Notice{To: org.Party{Person: minh, Team: teamT3}})
			p.requeue(p.dispatch().Tickets...)
		},
		"the queue takes every ticket and loses it, or no worker takes one": func(p *post) {
			p.dispatch()
			p.recover()
		},
		"the only worker runs in another mode than the installation": func(p *post) {
			other := p.sms
			other.Mode = notify.Pilot
			for _, ticket := range p.dispatch().Tickets {
				if ds := p.claim(other, ticket); len(ds) > 0 {
					p.t.Fatal("a worker of another mode sends")
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t)
			if err := p.sys.Register(t.Context(), notify.Provider{Name: p.sms.Name, Channel: notify.SMS, Weight: 1}); err != nil {
				t.Fatal(err)
			}
			due := p.sys.Now()
			id := p.tell(notify.Notice{})
			p.wantAlarm(due, p.vain(11*time.Minute+time.Second, 5*time.Second, func() { work(p) }))

			p.pass(notify.QueuePatience) // whatever it was is over
			p.recover()
			p.run()
			p.want(id, notify.Accepted)
			p.watch()
		})
	}
}

// What is refused may be cancelled, and so what is due longest changes.
func TestWhenWhatWasDueLongestIsCancelledTheNextOneShowsHowLateItIs(t *testing.T) {
	p := newPost(t)
	first := p.tell(notify.Notice{Moot: "first"})
	p.requeue(p.dispatch().Tickets...)
	p.pass(3 * time.Minute)
	due := p.sys.Now()
	p.tell(notify.Notice{To: org.Party{Person: minh, Team: teamT3}})
	refuse := func() { p.requeue(p.dispatch().Tickets...) }
	if found := p.vain(6*time.Minute, 5*time.Second, refuse); !found.IsZero() {
		t.Fatalf("found late at %v, before anything is", found)
	}
	p.cancel("first")
	p.want(first, notify.Cancelled)
	p.wantAlarm(due, p.vain(6*time.Minute, 5*time.Second, refuse))
}

func TestWhatTheQueueRefusedIsNotHandedOutForFiveSeconds(t *testing.T) {
	p := newPost(t)
	for _, id := range p.crowd(5) {
		p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}})
	}
	p.pass(time.Minute)
	p.requeue(p.dispatch().Tickets...)
	for range 4 {
		p.pass(time.Second)
		if d := p.dispatch(); len(d.Tickets) > 0 || d.More || !d.NextAt.After(p.sys.Now()) {
			t.Errorf("so soon %d are handed out again, the next at %v (more: %v)", len(d.Tickets), d.NextAt, d.More)
		}
	}
	p.pass(time.Second)
	if d := p.dispatch(); len(d.Tickets) != 5 || d.Late != time.Minute+5*time.Second {
		t.Errorf("after five seconds %d of 5 are handed out, due for %v", len(d.Tickets), d.Late)
	}
}

// However many wait because the queue refuses, one of them is found by when it is due:
// those behind it are not kept from being read.
func TestOfWhatTheQueueRefusedOnlyWhatIsDueLongestIsFoundAsDue(t *testing.T) {
	p := newPost(t)
	var all []notify.ID
	for _, id := range p.crowd(20) {
		all = append(all, p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}, Priority: notify.Critical}))
		p.pass(time.Second)
	}
	wantShown := func() {
		t.Helper()
		p.put(func(ctx context.Context, tx store.Tx) error {
			due, err := tx.DueNotices(ctx, p.sys.Now(), 0)
			if len(due) != 1 || due[0].ID != all[0] {
				t.Errorf("%d of %d are found as due, want the one that is due longest: %v", len(due), len(all), due)
			}
			return err
		})
	}
	for _, ticket := range p.dispatch().Tickets { // each by itself
		p.requeue(ticket)
	}
	wantShown()
	p.pass(5 * time.Second)
	tickets := p.dispatch().Tickets
	slices.Reverse(tickets) // together, in whatever order
	p.requeue(tickets...)
	wantShown()
}

func TestADigestIsDueSinceTheFirstOfWhatItCarries(t *testing.T) {
	p := newPost(t)
	due := p.sys.Now()
	p.tell(notify.Notice{})
	p.pass(4 * time.Minute)
	p.tell(notify.Notice{})
	refuse := func() { p.requeue(p.dispatch().Tickets...) }
	p.wantAlarm(due, p.vain(8*time.Minute, 5*time.Second, refuse))
}

func TestADigestThatTakesAnotherOverIsDueSinceThatWas(t *testing.T) {
	p := newPost(t)
	p.tell(notify.Notice{To: org.Party{Person: minh, Team: teamT3}}) // of all that waits it is due longest
	oldest := p.dispatch().Tickets
	p.pass(time.Second)
	digest := func() core.Ticket {
		for range 2 {
			p.tell(notify.Notice{})
		}
		return p.dispatch().Tickets[0]
	}
	due := p.sys.Now()
	first := digest()
	p.pass(30 * time.Second)
	second := digest()
	p.requeue(oldest...)
	p.requeue(second)
	p.pass(time.Second)
	p.requeue(first)
	p.pass(time.Minute)
	p.dispatch()
	p.want(first.ID, notify.Cancelled)
	if n := p.want(second.ID, notify.Queued); !n.Due().Equal(due) {
		t.Errorf("the digest of all is due since %v, want %v", n.Due(), due)
	}
}

func TestWhatAnOpenBreakerKeepsIsAsLateAsItWasBeforeItWasQueued(t *testing.T) {
	p := newPost(t)
	a, _ := p.twoGateways(1, 0)
	due := p.sys.Now()
	id := p.tell(notify.Notice{})
	d := p.dispatch()
	p.pass(time.Minute)
	for _, name := range []string{"gateway-a", "gateway-b"} {
		p.operator(func(ctx context.Context, n *core.Notices) error { return n.OpenBreaker(ctx, name, "announced works") })
	}
	if ds := p.claim(a, d.Tickets...); len(ds) > 0 {
		t.Fatal("it is called for all the same")
	}
	if n := p.want(id, notify.Pending); !n.Due().Equal(due) {
		t.Errorf("it is due since %v, want %v", n.Due(), due)
	}
}

func TestEveryPersonOfAPartyIsDueSinceTheirNoticeWas(t *testing.T) {
	p := newPost(t)
	due := p.sys.Now()
	p.hold(org.Holding{ID: "second-head", Person: u20, Role: org.UnitHead, Unit: unitTNMT, Valid: year2017()})
	p.tell(notify.Notice{To: org.Party{Role: org.UnitHead, Unit: unitTNMT}})
	p.pass(2 * time.Minute)
	d := p.dispatch()
	for _, ticket := range d.Tickets {
		if n := p.notice(ticket.ID); !n.Due().Equal(due) {
			t.Errorf("%s is due since %v, want %v", n.To.Person, n.Due(), due)
		}
	}
	if len(d.Tickets) < 2 {
		t.Errorf("%d tickets: nothing was shown", len(d.Tickets))
	}
}
