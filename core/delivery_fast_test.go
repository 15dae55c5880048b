package core_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
)

// atOnce queues one SMS of each class to one person: two messages, never merged.
func (p *post) atOnce() [2]core.Ticket {
	p.t.Helper()
	p.tell(notify.Notice{})
	p.tell(notify.Notice{Class: notify.Care})
	tickets := p.dispatch().Tickets
	if len(tickets) != 2 {
		p.t.Fatalf("%d tickets, want 2", len(tickets))
	}
	return [2]core.Ticket(tickets)
}

func TestTwoTasksClaimedTogetherDoNotReachOnePersonAtOnce(t *testing.T) {
	p := newPost(t)
	two := p.atOnce()
	ds, err := p.sys.ClaimTogether(t.Context(), "worker", p.sms, two[:1], two[1:])
	if err != nil || len(ds) != 1 || ds[0].Ticket.ID != two[0].ID {
		t.Fatalf("claimed %v, %v; want the first alone", ds, err)
	}
	if n := p.want(two[1].ID, notify.Pending); n.Why != "another message to the same recipient is on its way" {
		t.Errorf("the second waits because %q", n.Why)
	}
	p.settle(p.send(ds[0]))
	p.pass(5 * time.Second)
	p.run()
	p.want(two[1].ID, notify.Accepted)
	p.wantTaken(2, 0)
}

func TestATicketInTwoTasksIsClaimedOnce(t *testing.T) {
	p := newPost(t)
	p.tell(notify.Notice{})
	tickets := p.dispatch().Tickets
	ds, err := p.sys.ClaimTogether(t.Context(), "worker", p.sms, tickets, tickets)
	if err != nil || len(ds) != 1 {
		t.Errorf("claimed %d times, %v", len(ds), err)
	}
}

// Between claim and outcome somebody may have changed the notice: the outcome
// is written over what it is then, not over what it was.
func TestACancellationDuringTheCallIsNotForgottenByItsOutcome(t *testing.T) {
	p := newPost(t)
	id := p.tell(notify.Notice{Moot: "visit/1"})
	d := p.claim(p.sms, p.dispatch().Tickets...)[0]
	sent := p.send(d)
	p.cancel("visit/1")
	p.settle(sent)
	if n := p.want(id, notify.Accepted); n.CancelAsked.IsZero() {
		t.Error("that it was cancelled while it was under way is nowhere to be seen")
	}
}

// Whoever is woken while a channel is full looks at what may not wait and at nothing
// else: not at how much is under way, nor at what is due.
func TestAPassForWhatIsCriticalLeavesTheRestAlone(t *testing.T) {
	p, m, sys := newMetered(t)
	people := p.crowd(80)
	for _, id := range people {
		p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}})
	}
	urgent := p.tell(notify.Notice{To: org.Party{Person: people[7], Team: "T"}, Priority: notify.Critical})
	room := core.Room{Window: 1000, CriticalOnly: true}
	done, err := sys.DispatchWithin(t.Context(), "relay", 100, room)
	if err != nil || len(done.Tickets) != 1 || done.Tickets[0].ID != urgent || done.More {
		t.Errorf("handed out %v, more %v, %v; want %s alone", done.Tickets, done.More, err, urgent)
	}
	if m.asked["NextShares"]+m.asked["DueOfEach"]+m.asked["Underway"] > 0 {
		t.Errorf("it looked at more: %v", m.asked)
	}
	if again, err := sys.DispatchWithin(t.Context(), "relay", 100, room); err != nil || len(again.Tickets) != 0 || again.More {
		t.Errorf("with nothing critical left it handed out %v, more %v, %v", again.Tickets, again.More, err)
	}
	if rest, err := sys.DispatchWithin(t.Context(), "relay", 100, core.Room{Window: 1000}); err != nil || len(rest.Tickets) != len(people) {
		t.Errorf("the others after it: %d, %v", len(rest.Tickets), err)
	}
}

func TestAFullChannelIsToldAndABacklogIsReadOnce(t *testing.T) {
	p := newPost(t)
	people := p.crowd(200)
	for i, id := range people {
		p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}, Owner: fmt.Sprint(i % 2)})
	}
	dispatch := func(room core.Room) core.Dispatched {
		t.Helper()
		done, err := p.sys.DispatchWithin(t.Context(), "relay", 100, room)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	first := dispatch(core.Room{Window: 1000})
	if first.Full || !first.More || len(first.Tickets) != 100 || !first.At.Equal(p.sys.Now()) {
		t.Errorf("room for all, yet %d tickets, full %v, more %v", len(first.Tickets), first.Full, first.More)
	}
	second := dispatch(core.Room{Window: 130, Backlog: true})
	if !second.Full || len(second.Tickets) != 30 {
		t.Errorf("a window of 130 after 100: %d tickets, full %v", len(second.Tickets), second.Full)
	}
	third := dispatch(core.Room{Window: 130, Backlog: true})
	if !third.Full || len(third.Tickets) != 0 {
		t.Errorf("a full window: %d tickets, full %v", len(third.Tickets), third.Full)
	}
	p.tell(notify.Notice{To: org.Party{Person: people[0], Team: "T"}, Priority: notify.Critical})
	if fourth := dispatch(core.Room{Window: 130, Backlog: true}); len(fourth.Tickets) != 1 || fourth.Tickets[0].Priority != notify.Critical {
		t.Errorf("a critical notice in a backlog: %v", fourth.Tickets)
	}
	last := 0
	for room := (core.Room{Backlog: true}); ; {
		done := dispatch(room)
		if last += len(done.Tickets); !done.More {
			break
		}
	}
	if last != 70 {
		t.Errorf("%d of the last 70 were handed out", last)
	}
}

// besideOthers counts the units of work that read beside the others' writes.
type besideOthers struct {
	store.Store
	optimistic, others int
}

func (s *besideOthers) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	if store.IsOptimistic(ctx) {
		s.optimistic++
	} else {
		s.others++
	}
	return s.Store.Update(ctx, fn)
}

func TestAPassOfThePipelineKeepsNobodyFromWritingWhileItReads(t *testing.T) {
	p := newPost(t)
	p.tell(notify.Notice{})
	st := &besideOthers{Store: p.store}
	sys, err := core.New(st, policy.Default(), &core.Options{
		Clock: func() time.Time { return *p.now.Load() }, Calendar: calendar.WeekdaysOnly("beside"), Templates: postTemplates(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	done, err := sys.Dispatch(t.Context(), "relay", 10)
	if err != nil {
		t.Fatal(err)
	}
	ds, err := sys.Claim(t.Context(), "worker", p.sms, done.Tickets)
	if err != nil || len(ds) != 1 {
		t.Fatalf("claimed %d, %v", len(ds), err)
	}
	if err := sys.Settle(t.Context(), []core.Settled{p.send(ds[0])}); err != nil {
		t.Fatal(err)
	}
	if st.optimistic != 3 || st.others != 0 {
		t.Errorf("of dispatch, claim and settle %d read beside others, %d kept them waiting", st.optimistic, st.others)
	}
}
