package core_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store"
)

// twoGateways registers two providers of SMS.
func (p *post) twoGateways(weightA, weightB int) (a, b notify.Capabilities) {
	p.t.Helper()
	a, b = p.sms, p.sms
	a.Name, b.Name = "gateway-a", "gateway-b"
	err := p.sys.Register(p.t.Context(), notify.Provider{Name: a.Name, Channel: notify.SMS, Weight: weightA},
		notify.Provider{Name: b.Name, Channel: notify.SMS, Weight: weightB})
	if err != nil {
		p.t.Fatal(err)
	}
	return a, b
}

// crowd are so many officials, each with a telephone.
func (p *post) crowd(size int) []org.PersonID {
	var ids []org.PersonID
	p.put(func(ctx context.Context, tx store.Tx) error {
		for i := range size {
			x := org.Person{ID: org.PersonID(fmt.Sprintf("C-%03d", i)), FullName: "Trần Văn Ba", Phone: fmt.Sprintf("+8491%07d", i), PhoneSMS: true}
			ids = append(ids, x.ID)
			if err := tx.PutPerson(ctx, &x); err != nil {
				return err
			}
		}
		return nil
	})
	return ids
}

// outcome claims one ticket by the provider and settles it with the result.
func (p *post) outcome(by notify.Capabilities, t core.Ticket, r notify.Result) {
	p.t.Helper()
	for _, d := range p.claim(by, t) {
		p.settle(core.Settled{Delivery: d, Outcome: notify.Outcome{Result: r}})
	}
}

// operator acts as the programme office does.
func (p *post) operator(fn func(ctx context.Context, n *core.Notices) error) {
	p.t.Helper()
	if err := p.operate(vp01, fn); err != nil {
		p.t.Fatal(err)
	}
}

// withNumbers gives the system other numbers of sending.
func (p *post) withNumbers(change func(*policy.Notices)) {
	p.t.Helper()
	numbers := policy.Default()
	change(&numbers.Notices)
	sys, err := core.New(p.store, numbers, &core.Options{Clock: func() time.Time { return *p.now.Load() }, Templates: postTemplates(p.t)})
	if err != nil {
		p.t.Fatal(err)
	}
	p.sys = sys
}

func (p *post) provider(name string) notify.Provider {
	p.t.Helper()
	all, err := p.sys.Providers(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, one := range all {
		if one.Name == name {
			return one
		}
	}
	p.t.Fatalf("no provider %s", name)
	return notify.Provider{}
}

func TestNoticesAreSharedOutByWeight(t *testing.T) {
	p := newPost(t)
	p.twoGateways(3, 1)
	for _, id := range p.crowd(200) {
		p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}})
	}
	count := map[string]int{}
	for _, ticket := range p.dispatch().Tickets {
		count[ticket.Provider]++
	}
	if count["gateway-a"]+count["gateway-b"] != 200 || count["gateway-a"] < 120 || count["gateway-b"] < 25 {
		t.Errorf("weights 3 and 1 shared 200 out as %v", count)
	}
}

// F23: the breaker opens, nothing goes to the broken provider, everything to the
// other; one probe at a time; afterwards by weight again.
func TestAProviderThatFailsIsLeftAloneUntilAProbeSucceeds(t *testing.T) {
	p := newPost(t)
	a, b := p.twoGateways(1, 0) // b only when a will not do
	people := p.crowd(40)
	next := 0
	one := func() core.Ticket {
		t.Helper()
		p.tell(notify.Notice{To: org.Party{Person: people[next], Team: "T"}})
		next++
		tickets := p.dispatch().Tickets
		for _, ticket := range tickets {
			if ticket.Channel == notify.SMS && ticket.Priority == notify.Normal {
				return ticket
			}
		}
		t.Fatalf("nothing was handed out: %v", tickets)
		return core.Ticket{}
	}
	for range 5 {
		ticket := one()
		if ticket.Provider != "gateway-a" {
			t.Fatalf("went to %s while gateway-a was fine", ticket.Provider)
		}
		if _, err := p.sys.Claim(t.Context(), "w", a, nil); err != nil {
			t.Fatal(err)
		}
		p.outcome(a, ticket, notify.ResultUnknown)
	}
	if state := p.provider("gateway-a"); !state.Breaker.Open {
		t.Fatalf("five calls in a row failed and the breaker is %+v", state.Breaker)
	}
	if ticket := one(); ticket.Provider != "gateway-b" {
		t.Errorf("a notice went to %s while its breaker was open", ticket.Provider)
	} else {
		p.outcome(b, ticket, notify.ResultAccepted)
	}
	p.pass(31 * time.Second)
	probe := one()
	if probe.Provider != "gateway-a" {
		t.Errorf("after 30 s nobody tried gateway-a")
	}
	if second := one(); second.Provider != "gateway-b" {
		t.Errorf("two probes at once")
	} else {
		p.outcome(b, second, notify.ResultAccepted)
	}
	p.outcome(a, probe, notify.ResultNotSent)
	if state := p.provider("gateway-a"); !state.Breaker.Open || state.Breaker.Probes != 1 {
		t.Errorf("a probe failed and the breaker is %+v", state.Breaker)
	}
	p.pass(61 * time.Second)
	p.tell(notify.Notice{To: org.Party{Person: people[next], Team: "T"}})
	next++
	for _, ticket := range p.dispatch().Tickets {
		if ticket.Provider == a.Name {
			p.outcome(a, ticket, notify.ResultAccepted)
		} else {
			p.outcome(b, ticket, notify.ResultAccepted)
		}
	}
	if state := p.provider("gateway-a"); state.Breaker.Open {
		t.Errorf("a probe succeeded and the breaker is %+v", state.Breaker)
	}
	if ticket := one(); ticket.Provider != "gateway-a" {
		t.Errorf("after the recovery a notice went to %s", ticket.Provider)
	}
	journal := strings.Join(p.records(notify.ProviderSubject("gateway-a")), "\n")
	if strings.Count(journal, "notice.provider_opened") != 1 || strings.Count(journal, "notice.provider_closed") != 1 {
		t.Errorf("the journal has\n%s", journal)
	}
}

func TestWithoutAnyProviderNoticesWaitUntouched(t *testing.T) {
	p := newPost(t)
	a, _ := p.twoGateways(1, 1)
	p.operator(func(ctx context.Context, w *core.Notices) error {
		return errors.Join(w.OpenBreaker(ctx, "gateway-a", "works"), w.OpenBreaker(ctx, "gateway-b", "works"))
	})
	id := p.tell(notify.Notice{})
	before := p.notice(id).Version
	for range 3 {
		now := *p.now.Load()
		if done := p.dispatch(); done.More || !done.NextAt.After(now) || done.NextAt.After(now.Add(5*time.Second)) {
			t.Errorf("a relay would spin, or sleep too long: %+v at %v", done, now)
		}
	}
	if n := p.notice(id); n.State != notify.Pending || n.Version != before {
		t.Errorf("the notice was touched: %s, version %d", n.State, n.Version)
	}
	p.operator(func(ctx context.Context, w *core.Notices) error { return w.CloseBreaker(ctx, "gateway-a", "repaired") })
	for _, ticket := range p.dispatch().Tickets {
		if ticket.ID == id {
			p.outcome(a, ticket, notify.ResultAccepted)
		}
	}
	if n := p.notice(id); n.State != notify.Accepted {
		t.Errorf("after the repair it is %s", n.State)
	}
}

func TestFailoverOnlyWhenSurelyNotAccepted(t *testing.T) {
	for _, c := range []struct {
		result notify.Result
		moves  bool
	}{{notify.ResultNotSent, true}, {notify.ResultTransient, true}, {notify.ResultUnknown, false}} {
		p := newPost(t)
		a, b := p.twoGateways(1, 0)
		id := p.tell(notify.Notice{OnUnknown: notify.Hold})
		p.outcome(a, p.dispatch().Tickets[0], c.result)
		moved := false
		for _, ticket := range p.dispatch().Tickets {
			moved = moved || ticket.ID == id && ticket.Provider == b.Name
		}
		if moved != c.moves {
			t.Errorf("after %s the other provider got it: %v, want %v", c.result, moved, c.moves)
		}
	}
}

func TestMisconfiguredOpensTheBreakerAtOnceAndTellsTheAdministrators(t *testing.T) {
	p := newPost(t)
	a, _ := p.twoGateways(1, 0)
	p.tell(notify.Notice{})
	p.outcome(a, p.dispatch().Tickets[0], notify.ResultMisconfigured)
	if state := p.provider("gateway-a"); !state.Breaker.Open {
		t.Errorf("the breaker is %+v", state.Breaker)
	}
	told := p.all(notify.Query{Template: "provider.down"})
	if len(told) != 2 { // not over the channel that is out of order
		t.Errorf("%d notices say so, want 2", len(told))
	}
}

func TestAThrottledProviderIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	p := newPost(t)
	a, _ := p.twoGateways(1, 0)
	people := p.crowd(3)
	p.tell(notify.Notice{To: org.Party{Person: people[0], Team: "T"}})
	for _, d := range p.claim(a, p.dispatch().Tickets[0]) {
		p.settle(core.Settled{Delivery: d, Outcome: notify.Outcome{Result: notify.ResultThrottled, RetryAfter: 20 * time.Second}})
	}
	p.tell(notify.Notice{To: org.Party{Person: people[1], Team: "T"}})
	if tickets := p.dispatch().Tickets; len(tickets) == 0 || tickets[0].Provider == a.Name {
		t.Errorf("a provider that asked for peace gets %v", tickets)
	}
	p.pass(21 * time.Second)
	p.tell(notify.Notice{To: org.Party{Person: people[2], Team: "T"}})
	if tickets := p.dispatch().Tickets; len(tickets) == 0 || tickets[0].Provider != a.Name {
		t.Errorf("afterwards: %v", tickets)
	}
}

func TestNoMoreIsQueuedThanTheWindowAndOwnersTakeTurns(t *testing.T) {
	p := newPost(t)
	people := p.crowd(60)
	for i, id := range people {
		owner := "greedy"
		if i >= 50 {
			owner = fmt.Sprintf("small-%d", i%2)
		}
		p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}, Owner: owner})
	}
	done, err := p.sys.DispatchWithin(t.Context(), "relay", 20, core.Room{Window: 9})
	if err != nil {
		t.Fatal(err)
	}
	owners := map[string]int{}
	for _, ticket := range done.Tickets {
		owners[p.notice(ticket.ID).Owner]++
	}
	if len(done.Tickets) != 9 || owners["greedy"] != 3 || owners["small-0"] != 3 {
		t.Errorf("a window of 9 took %d: %v", len(done.Tickets), owners)
	}
	again, err := p.sys.DispatchWithin(t.Context(), "relay", 20, core.Room{Window: 9})
	if err != nil || len(again.Tickets) != 0 || again.More {
		t.Errorf("a full window took %d more, more %v, %v", len(again.Tickets), again.More, err)
	}
	p.tell(notify.Notice{To: org.Party{Person: people[0], Team: "T"}, Priority: notify.Critical, Owner: "greedy"})
	if urgent, err := p.sys.DispatchWithin(t.Context(), "relay", 20, core.Room{Window: 9}); err != nil || len(urgent.Tickets) != 1 {
		t.Errorf("a critical notice finds no room: %d, %v", len(urgent.Tickets), err)
	}
}

// Ten districts with twenty messages each and room for three at a time: whoever
// stands late in the alphabet waits no longer than the others.
func TestNoOwnerWaitsUntilAllBeforeItAreThrough(t *testing.T) {
	p := newPost(t)
	for i, id := range p.crowd(200) {
		p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}, Owner: fmt.Sprintf("district-%d", i%10)})
	}
	owners := map[string]int{}
	for range 30 {
		p.pass(time.Second)
		done, err := p.sys.DispatchWithin(t.Context(), "relay", 100, core.Room{Window: 3})
		if err != nil || len(done.Tickets) != 3 {
			t.Fatalf("a window of 3 took %d, %v", len(done.Tickets), err)
		}
		for _, ticket := range done.Tickets {
			owners[p.notice(ticket.ID).Owner]++
			p.outcome(p.sms, ticket, notify.ResultAccepted)
		}
	}
	for i := range 10 {
		if name := fmt.Sprintf("district-%d", i); owners[name] == 0 {
			t.Errorf("of 90 messages %s had none: %v", name, owners)
		}
	}
}

// The next pass goes on with the owner after the last one: in as many passes as it
// takes to go round, each has had the same.
func TestOwnersHaveTheirTurnOneAfterTheOther(t *testing.T) {
	p := newPost(t)
	for i, id := range p.crowd(100) {
		p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}, Owner: fmt.Sprintf("district-%02d", i%20)})
	}
	var turns []string
	for range 20 {
		p.pass(time.Second)
		done, err := p.sys.DispatchWithin(t.Context(), "relay", 90, core.Room{Window: 3, Backlog: true})
		if err != nil || len(done.Tickets) != 3 {
			t.Fatalf("a window of 3 took %d, %v", len(done.Tickets), err)
		}
		for _, ticket := range done.Tickets {
			turns = append(turns, p.notice(ticket.ID).Owner)
			p.outcome(p.sms, ticket, notify.ResultAccepted)
		}
	}
	for i, owner := range turns {
		if want := fmt.Sprintf("district-%02d", i%20); owner != want {
			t.Fatalf("turn %d was %s's, want %s: %q", i, owner, want, turns)
		}
	}
}

// A pass that reads a part of a backlog still puts into one message what each
// recipient has waiting, however far apart it stands in the queue.
func TestWhatAPersonHasWaitingIsOneMessageAlsoInABacklog(t *testing.T) {
	p := newPost(t)
	people := p.crowd(200)
	for range 3 {
		for i, id := range people {
			p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}, Owner: fmt.Sprint(i % 2)})
		}
	}
	sent := 0
	for room := (core.Room{Window: 10}); ; {
		done, err := p.sys.DispatchWithin(t.Context(), "relay", 100, room)
		if err != nil {
			t.Fatal(err)
		}
		if len(done.Tickets) == 0 {
			break
		}
		for _, ticket := range done.Tickets {
			if n := p.notice(ticket.ID); len(n.Items) != 3 {
				t.Fatalf("%s got a message of %d", n.Person, len(n.Items))
			}
			p.outcome(p.sms, ticket, notify.ResultAccepted)
			sent++
		}
		room.Backlog = true
	}
	if sent != len(people) {
		t.Errorf("%d messages to %d people", sent, len(people))
	}
}

// However much everybody has waiting, one pass holds a bounded part of it: those for
// whom there is no place any more keep all of theirs for a later one.
func TestAPassTakesABoundedPartOfABacklogAndNobodysInPieces(t *testing.T) {
	const limit, each = 30, 60
	p := newPost(t)
	people := p.crowd(25)
	for i := range each * len(people) {
		p.tell(notify.Notice{To: org.Party{Person: people[i%len(people)], Team: "T"}})
	}
	messages := map[org.PersonID]int{}
	for more, passes := true, 0; more; passes++ {
		done, err := p.sys.DispatchWithin(t.Context(), "relay", limit, core.Room{})
		if err != nil || done.Looked > limit+1000 || passes > len(people) {
			t.Fatalf("pass %d of %d looked at %d: %v", passes, len(people), done.Looked, err)
		}
		for _, ticket := range done.Tickets {
			n := p.notice(ticket.ID)
			messages[n.Person]++
			if len(n.Items) != each {
				t.Errorf("%s gets %d of %d in one message", n.Person, len(n.Items), each)
			}
			p.outcome(p.sms, ticket, notify.ResultAccepted)
		}
		more = done.More
	}
	if len(messages) != len(people) {
		t.Errorf("%d of %d people got a message", len(messages), len(people))
	}
}

// Who has more waiting than a pass takes along gets it in as few messages as that allows.
func TestWhatOnePersonHasWaitingIsBoundedToo(t *testing.T) {
	const limit, waiting = 10, 1500
	p := newPost(t)
	one := p.crowd(1)[0]
	for range waiting {
		p.tell(notify.Notice{To: org.Party{Person: one, Team: "T"}})
	}
	var items []int
	for more := true; more; p.pass(time.Hour) {
		done, err := p.sys.DispatchWithin(t.Context(), "relay", limit, core.Room{})
		if err != nil || done.Looked > limit+1000 {
			t.Fatalf("a pass looked at %d: %v", done.Looked, err)
		}
		for _, ticket := range done.Tickets {
			items = append(items, len(p.notice(ticket.ID).Items))
			p.outcome(p.sms, ticket, notify.ResultAccepted)
		}
		more = done.More
	}
	if len(items) != 2 || items[0]+items[1] != waiting {
		t.Errorf("%d went in messages of %v", waiting, items)
	}
}

func TestTokensBoundWhatAProviderGets(t *testing.T) {
	p := newPost(t)
	p.twoGateways(1, 0)
	for _, id := range p.crowd(10) {
		p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}})
	}
	done, err := p.sys.DispatchWithin(t.Context(), "relay", 50, core.Room{Tokens: map[string]int{"gateway-a": 3, "gateway-b": 2}})
	if err != nil || len(done.Tickets) != 5 || done.Spent["gateway-a"] != 3 || done.Spent["gateway-b"] != 2 {
		t.Errorf("3 and 2 tokens: %d tickets, spent %v, %v", len(done.Tickets), done.Spent, err)
	}
}

func TestAnOfficialGetsOneSMSInTenMinutesAndTheRestTogether(t *testing.T) {
	p := newPost(t)
	p.withNumbers(func(n *policy.Notices) { n.SMSGapMinutes = 10 })
	first := p.tell(notify.Notice{})
	p.outcome(p.sms, p.dispatch().Tickets[0], notify.ResultAccepted)
	second, third := p.tell(notify.Notice{}), p.tell(notify.Notice{})
	if done := p.dispatch(); len(done.Tickets) != 0 {
		t.Errorf("right after %s went %v", first, done.Tickets)
	}
	urgent := p.tell(notify.Notice{Priority: notify.Critical})
	if done := p.dispatch(); len(done.Tickets) != 1 || done.Tickets[0].ID != urgent {
		t.Errorf("a critical notice waits: %v", done.Tickets)
	}
	p.pass(10 * time.Minute)
	if done := p.dispatch(); len(done.Tickets) != 1 || p.notice(second).State != notify.Merged || p.notice(third).State != notify.Merged {
		t.Errorf("ten minutes later: %v", done.Tickets)
	}
}

func TestTheSameTextToOneAddressIsStopped(t *testing.T) {
	p := newPost(t)
	mail := p.mail
	same := map[string]string{"label": "XL-1", "place_id": "AP-01"}
	var last notify.ID
	for range 6 {
		last = p.tell(notify.Notice{Channel: notify.Email, Vars: same})
		p.outcome(mail, p.dispatch().Tickets[0], notify.ResultAccepted)
	}
	if n := p.notice(last); n.State != notify.Dead {
		t.Errorf("the same mail for the sixth time in 30 minutes is %s", n.State)
	}
	p.pass(31 * time.Minute)
	later := p.tell(notify.Notice{Channel: notify.Email, Vars: same})
	p.outcome(mail, p.dispatch().Tickets[0], notify.ResultAccepted)
	if n := p.notice(later); n.State != notify.Accepted {
		t.Errorf("half an hour later it is %s (%s)", n.State, n.Why)
	}
}

func TestMessagesToOneRecipientGoOneAfterTheOther(t *testing.T) {
	p := newPost(t)
	p.tell(notify.Notice{Channel: notify.Email, Class: notify.Duty})
	p.tell(notify.Notice{Channel: notify.Email, Class: notify.Care}) // no digest of the two
	urgent := p.tell(notify.Notice{Channel: notify.Email, Priority: notify.Critical})
	tickets := p.dispatch().Tickets
	if len(tickets) != 3 || tickets[0].ID != urgent {
		t.Fatalf("handed out: %v", tickets)
	}
	open := p.claim(p.mail, tickets[1])
	if len(open) != 1 || len(p.claim(p.mail, tickets[2])) != 0 {
		t.Fatal("a second worker took the next message while the first was on its way")
	}
	if len(p.claim(p.mail, tickets[0])) != 1 {
		t.Error("a critical message did not overtake")
	}
	p.settle(core.Settled{Delivery: open[0], Outcome: notify.Outcome{Result: notify.ResultAccepted}})
	p.pass(time.Minute)
	p.recover()
	if rest := p.claim(p.mail, p.dispatch().Tickets...); len(rest) != 1 {
		t.Errorf("afterwards %d", len(rest))
	}
}

func TestAnOrdinaryMessageDoesNotWaitForACriticalOne(t *testing.T) {
	p := newPost(t)
	urgent := p.tell(notify.Notice{Channel: notify.Email, Priority: notify.Critical})
	ordinary := p.tell(notify.Notice{Channel: notify.Email})
	tickets := p.dispatch().Tickets
	if len(tickets) != 2 || tickets[0].ID != urgent {
		t.Fatalf("handed out: %v", tickets)
	}
	if len(p.claim(p.mail, tickets[0])) != 1 || len(p.claim(p.mail, tickets[1])) != 1 {
		t.Errorf("beside a critical message on its way the ordinary one is %s (%s)", p.notice(ordinary).State, p.notice(ordinary).Why)
	}
}

func TestTheBudgetOfTheDayHoldsWhatIsNotCriticalAndAlarmsAt80PerCent(t *testing.T) {
	p := newPost(t)
	p.withNumbers(func(n *policy.Notices) { n.SMSSegmentsPerDay = 5 })
	for _, id := range p.crowd(8) {
		p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}})
	}
	urgent := p.tell(notify.Notice{Priority: notify.Critical})
	tickets := p.dispatch().Tickets
	if len(tickets) != 5 || tickets[0].ID != urgent {
		t.Errorf("a budget of 5 parts let %d go, first %v", len(tickets), tickets[0].ID)
	}
	if near := p.all(notify.Query{Template: "budget.near"}); len(near) != 4 {
		t.Errorf("%d alarms, want one for each of two roles at 80 and at 100 per cent", len(near))
	}
}

func TestAProviderWithoutNameOrWithANegativeWeightIsRefused(t *testing.T) {
	p := newPost(t)
	wantRule(t, "notice.provider.incomplete", p.sys.Register(t.Context(), notify.Provider{Channel: notify.SMS}))
	p.twoGateways(1, 1)
	p.operator(func(ctx context.Context, w *core.Notices) error {
		wantRule(t, "notice.provider.weight", w.Weigh(ctx, "gateway-a", -1, "x"))
		if err := w.Weigh(ctx, "nobody", 1, "x"); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("an unknown provider: %v", err)
		}
		return w.Weigh(ctx, "gateway-a", 7, "cheaper")
	})
	p.twoGateways(1, 1) // a restart does not undo it
	if w := p.provider("gateway-a").Weight; w != 7 {
		t.Errorf("the weight is %d", w)
	}
}

// A process that would send to everybody does not start where a pilot runs, one
// that would send to nobody not where people wait for messages, and one that was
// forgotten when the mode was changed gets nothing to send.
func TestAProcessInAnotherModeThanTheInstallationSendsNothing(t *testing.T) {
	p := newPost(t)
	pilot, live := p.sms, p.sms
	pilot.Mode = notify.Pilot
	register := func(mode notify.Mode) error {
		return p.sys.Register(t.Context(), notify.Provider{Name: p.sms.Name, Channel: notify.SMS, Weight: 1, Mode: mode})
	}
	if err := register(notify.Pilot); err != nil {
		t.Fatal(err)
	}
	wantRule(t, "notice.provider.mode", register(notify.Live))
	wantRule(t, "notice.provider.mode", register("")) // that is live too
	wantRule(t, "notice.provider.mode", register(notify.DryRun))
	wantRule(t, "notice.provider.mode", p.sys.Register(t.Context(), notify.Provider{Name: "another", Channel: notify.Email}))
	wantRule(t, "notice.provider.incomplete", register("loud"))

	people := p.crowd(2)
	first, second := p.tell(notify.Notice{To: org.Party{Person: people[0], Team: "T"}}), p.tell(notify.Notice{To: org.Party{Person: people[1], Team: "T"}})
	tickets := p.dispatch().Tickets
	if got := p.claim(live, tickets[0]); len(got) != 0 || p.want(first, notify.Pending).Why != "the worker runs in another mode" {
		t.Errorf("a live process took %v of a pilot", got)
	}
	p.claim(pilot, tickets[1])
	p.want(second, notify.Sending)

	p.operator(func(ctx context.Context, w *core.Notices) error {
		wantRule(t, "notice.mode.unknown", w.SetMode(ctx, "loud", "x"))
		wantRule(t, "notice.reason.missing", w.SetMode(ctx, notify.Live, ""))
		return w.SetMode(ctx, notify.Live, "the pilot went well")
	})
	if err := register(notify.Live); err != nil {
		t.Errorf("after the change: %v", err)
	}
	wantRule(t, "notice.provider.mode", register(notify.Pilot))
	p.pass(time.Minute)
	if got := p.claim(pilot, p.dispatch().Tickets...); len(got) != 0 {
		t.Errorf("a forgotten pilot took %v", got)
	}
	p.pass(time.Minute)
	if got := p.claim(live, p.dispatch().Tickets...); len(got) != 1 {
		t.Errorf("live operation took %v", got)
	}
	if said := strings.Join(p.records(notify.ModeSubject()), "\n"); !strings.Contains(said, "notice.mode_changed") {
		t.Errorf("the journal has %q", said)
	}
}

func TestTheModeOfAnInstallationWithoutProvidersIsNobodys(t *testing.T) {
	p := newPost(t)
	if err := p.operate(vp01, func(ctx context.Context, n *core.Notices) error { return n.SetMode(ctx, notify.Live, "x") }); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("without a provider: %v", err)
	}
	if err := p.operate(vp01, func(ctx context.Context, n *core.Notices) error { return n.SetMode(ctx, notify.Live, "") }); err == nil {
		t.Error("no reason is needed")
	}
}

func TestABreakerFollowsTheRulesOfItsProvider(t *testing.T) {
	p := newPost(t)
	strict := notify.Provider{Name: p.sms.Name, Channel: notify.SMS, Weight: 1, Rules: notify.BreakerRules{InRow: 2, FirstProbe: 5 * time.Second, LastProbe: 8 * time.Second}}
	if err := p.sys.Register(t.Context(), strict); err != nil {
		t.Fatal(err)
	}
	wantRule(t, "notice.provider.incomplete", p.sys.Register(t.Context(), notify.Provider{Name: "x", Channel: notify.SMS, Rules: notify.BreakerRules{LastProbe: time.Second}}))
	for i, id := range p.crowd(2) {
		p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}})
		p.outcome(p.sms, p.dispatch().Tickets[0], notify.ResultUnknown)
		if open := p.provider(p.sms.Name).Breaker.Open; open != (i == 1) {
			t.Errorf("after %d failures the breaker is open: %v", i+1, open)
		}
	}
	for _, wait := range []time.Duration{5 * time.Second, 8 * time.Second, 8 * time.Second} {
		state := p.provider(p.sms.Name)
		if got := state.Breaker.ProbeAt.Sub(*p.now.Load()); got != wait {
			t.Errorf("the next probe is in %v, want %v", got, wait)
		}
		state.Trip("a probe failed", *p.now.Load())
		p.put(func(ctx context.Context, tx store.Tx) error { return tx.PutProvider(ctx, &state) })
	}
}

func TestStandbysAreAskedInTheirOrder(t *testing.T) {
	p := newPost(t)
	for _, one := range []notify.Provider{{Name: "main", Weight: 1}, {Name: "a"}, {Name: "b", Order: 2}, {Name: "c", Order: 1}} {
		one.Channel = notify.SMS
		if err := p.sys.Register(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	people := p.crowd(4)
	for i, want := range []string{"main", "c", "b", "a"} {
		p.tell(notify.Notice{To: org.Party{Person: people[i], Team: "T"}})
		var got []string
		for _, ticket := range p.dispatch().Tickets {
			if ticket.Channel == notify.SMS {
				got = append(got, ticket.Provider)
			}
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("number %d went to %v, want %s", i, got, want)
		}
		p.operator(func(ctx context.Context, w *core.Notices) error { return w.OpenBreaker(ctx, want, "works") })
	}
}

func TestCallsThatTakeLongerThanTheSpanOpenTheBreakerToo(t *testing.T) {
	p := newPost(t)
	a, _ := p.twoGateways(1, 0)
	a.Timeout = 3 * time.Minute
	var open []core.Settled
	for _, id := range p.crowd(5) {
		p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}})
		for _, d := range p.claim(a, p.dispatch().Tickets...) {
			open = append(open, core.Settled{Delivery: d, Outcome: notify.Outcome{Result: notify.ResultUnknown}})
		}
		p.pass(time.Second)
	}
	p.pass(a.Timeout)
	for _, one := range open {
		p.settle(one)
		p.pass(time.Second)
	}
	if state := p.provider("gateway-a"); !state.Breaker.Open {
		t.Errorf("five calls in a row timed out and the breaker is %+v", state.Breaker)
	}
}

func TestADigestTriesAProviderItselfWhenThereIsNoOther(t *testing.T) {
	for name, c := range map[string]struct {
		weightB int
		broken  []string
	}{"of one that said no before and one that may be back": {0, []string{"gateway-a"}}, "of two that may be back": {1, []string{"gateway-a", "gateway-b"}}} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t)
			_, b := p.twoGateways(1, c.weightB)
			p.operator(func(ctx context.Context, w *core.Notices) (err error) {
				for _, broken := range c.broken {
					err = errors.Join(err, w.OpenBreaker(ctx, broken, "works"))
				}
				return err
			})
			ids := []notify.ID{p.tell(notify.Notice{}), p.tell(notify.Notice{})}
			for _, ticket := range p.dispatch().Tickets {
				p.outcome(b, ticket, notify.ResultTransient)
			}
			p.pass(11 * time.Minute)
			for range 3 {
				for _, ticket := range p.dispatch().Tickets {
					by := b
					by.Name = ticket.Provider
					p.outcome(by, ticket, notify.ResultAccepted)
				}
			}
			for _, id := range ids {
				p.want(id, notify.Accepted)
			}
		})
	}
}

func TestWhereAllProvidersSayNoForNowTheUsualWaitBegins(t *testing.T) {
	p := newPost(t)
	a, b := p.twoGateways(1, 0)
	id := p.tell(notify.Notice{})
	p.outcome(a, p.dispatch().Tickets[0], notify.ResultTransient)
	p.outcome(b, p.dispatch().Tickets[0], notify.ResultTransient)
	if n := p.notice(id); n.Attempts != 2 || n.NextAt.Sub(p.sys.Now()) < time.Minute {
		t.Errorf("after %d attempts it is tried again in %v", n.Attempts, n.NextAt.Sub(p.sys.Now()))
	}
}

// What the operator of an installation set holds for every later policy too.
func TestLimitsOfAnInstallationHoldWhateverTheProgrammeDecides(t *testing.T) {
	one, none, many := 1, 0, 5
	for name, c := range map[string]struct {
		limits policy.Limits
		held   bool
	}{
		"the operator allows one SMS a day":   {policy.Limits{SMSPerDay: &one}, true},
		"the operator allows more":            {policy.Limits{SMSPerDay: &many}, false},
		"the policy allows two":               {policy.Limits{}, false},
		"the operator wants no gap and one":   {policy.Limits{SMSPerDay: &one, SMSGapMinutes: &none}, true},
		"the operator has a budget for one":   {policy.Limits{SMSSegmentsPerDay: &one}, true},
		"the operator lifts the gap of a day": {policy.Limits{SMSGapMinutes: &none}, false},
	} {
		p := newPost(t)
		p.sms.Segments = func(string) int { return 1 }
		var err error
		p.sys, err = core.New(p.store, policy.Default(), &core.Options{Clock: func() time.Time { return *p.now.Load() }, Templates: postTemplates(t), Limits: c.limits})
		if err != nil {
			t.Fatal(err)
		}
		next := policy.Default()
		next.Version, next.From, next.Notices.SMSPerDay = "2", day("2017-03-01"), 2
		p.put(func(ctx context.Context, tx store.Tx) error {
			return tx.PutRule(ctx, &programme.Rule{ID: "R", Policy: &next, Status: programme.RuleApproved, Reason: "thí điểm", Proposer: vp01, Approver: pct})
		})
		p.tell(notify.Notice{})
		p.run()
		p.pass(time.Hour)
		second := p.tell(notify.Notice{})
		p.run()
		if held := p.notice(second).State == notify.Pending; held != c.held {
			t.Errorf("%s: the second SMS is %s", name, p.notice(second).State)
		}
	}
	much := 51
	if _, err := core.New(newPost(t).store, policy.Default(), &core.Options{Limits: policy.Limits{SMSPerDay: &much}}); err == nil {
		t.Error("a limit outside the policy's bounds is taken")
	}
}

// slowGateway is a provider that takes one segment in a second.
func (p *post) slowGateway() {
	p.t.Helper()
	if err := p.sys.Register(p.t.Context(), notify.Provider{Name: p.sms.Name, Channel: notify.SMS, Weight: 1, Rate: 1}); err != nil {
		p.t.Fatal(err)
	}
}

// within is a pass for which the gateway has so many tokens.
func (p *post) within(limit, tokens int) core.Dispatched {
	p.t.Helper()
	done, err := p.sys.DispatchWithin(p.t.Context(), "relay", limit, core.Room{Window: 1000, Tokens: map[string]int{p.sms.Name: tokens}})
	if err != nil {
		p.t.Fatal(err)
	}
	return done
}

// A digest takes more segments than a slow gateway ever has at once: it goes all the
// same, or it would wait until its moment passed.
func TestAMessageThatTakesMoreThanItsProviderHasAtOnceGoesAndTheRestIsOwed(t *testing.T) {
	p := newPost(t)
	p.slowGateway()
	for range 2 {
		p.tell(notify.Notice{})
	}
	if done := p.within(50, 0); len(done.Tickets) != 0 || done.Short[p.sms.Name] != 1 {
		t.Errorf("without a token went %v, waiting %v", done.Tickets, done.Short)
	}
	done := p.within(50, 1)
	if len(done.Tickets) != 1 || done.Spent[p.sms.Name] != policy.Default().Notices.MaxSegments {
		t.Errorf("with all that the gateway takes at once went %v, spent %v", done.Tickets, done.Spent)
	}
}

// What takes less does not overtake what takes more, which would then never have enough.
func TestWhereRatesAreSpentWhatComesLaterWaitsAsWell(t *testing.T) {
	p := newPost(t)
	if err := p.sys.Register(t.Context(), notify.Provider{Name: p.sms.Name, Channel: notify.SMS, Weight: 1, Rate: 100}); err != nil {
		t.Fatal(err)
	}
	people := p.crowd(2)
	for _, id := range []org.PersonID{people[0], people[0], people[1]} {
		p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}})
	}
	done := p.within(50, 1)
	if len(done.Tickets) != 0 || !done.Full || done.Short[p.sms.Name] != 2 {
		t.Errorf("one token, a digest before a single SMS: went %v, full %v, waiting %v", done.Tickets, done.Full, done.Short)
	}
	urgent := p.tell(notify.Notice{To: org.Party{Person: people[1], Team: "T"}, Priority: notify.Critical})
	if done := p.within(50, 1); len(done.Tickets) != 1 || done.Tickets[0].ID != urgent {
		t.Errorf("what is critical and has its token: %v", done.Tickets)
	}
	if done := p.within(50, 3); len(done.Tickets) != 2 || done.Full {
		t.Errorf("three tokens: went %v, full %v", done.Tickets, done.Full)
	}
}

// A backlog that waits for a provider's rate is not read again and again.
func TestNoMoreIsReadThanTheRatesOfAChannelLetThrough(t *testing.T) {
	p := newPost(t)
	if err := p.sys.Register(t.Context(), notify.Provider{Name: p.sms.Name, Channel: notify.SMS, Weight: 1, Rate: 100}); err != nil {
		t.Fatal(err)
	}
	for i, id := range p.crowd(200) {
		p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}, Owner: fmt.Sprint(i)})
	}
	for _, tokens := range []int{0, 1, 7} {
		if done := p.within(100, tokens); len(done.Tickets) != tokens || done.Looked > max(1, tokens) {
			t.Errorf("%d tokens: looked at %d, handed out %d", tokens, done.Looked, len(done.Tickets))
		}
	}
	spent := p.within(100, 0)
	if spent.More || !spent.Full {
		t.Errorf("nothing left of the rate: more %v, full %v; nobody should look again at once", spent.More, spent.Full)
	}
}

// hidden is a store whose transactions cannot read what is critical alone.
type hidden struct{ store.Store }

func (h hidden) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return h.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error { return fn(ctx, struct{ store.Tx }{tx}) })
}

// While another relay is at work what is critical goes all the same, where looking for
// it locks nothing else.
func TestWhatIsCriticalDoesNotWaitForARelayAtWork(t *testing.T) {
	for _, pressing := range []bool{true, false} {
		p := newPost(t)
		st := p.store
		if !pressing {
			st = hidden{st}
		}
		var err error
		if p.sys, err = core.New(st, policy.Default(), &core.Options{Clock: func() time.Time { return *p.now.Load() }, Templates: postTemplates(t)}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.sys.Dispatch(t.Context(), "another relay", 50); err != nil {
			t.Fatal(err)
		}
		p.tell(notify.Notice{})
		urgent := p.tell(notify.Notice{Priority: notify.Critical})
		if done, err := p.sys.DispatchWithin(t.Context(), "relay", 50, core.Room{}); err != nil || !done.Standby {
			t.Errorf("a pass for everything beside another relay: %+v, %v", done, err)
		}
		done, err := p.sys.DispatchWithin(t.Context(), "relay", 50, core.Room{CriticalOnly: true})
		if went := len(done.Tickets) == 1 && done.Tickets[0].ID == urgent; err != nil || went != pressing || done.Standby == pressing {
			t.Errorf("pressing %v: handed out %v, standby %v, %v", pressing, done.Tickets, done.Standby, err)
		}
	}
}
