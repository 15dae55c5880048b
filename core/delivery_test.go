package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
)

// post is the cast with two providers, a gateway and a mail relay, that write
// down what they take.
type post struct {
	*cast
	sms, mail notify.Capabilities
	answer    func(notify.Message) notify.Outcome // nil: everything is taken
	taken     []letter
	added     int
}

// letter is what a provider took.
type letter struct {
	channel                notify.Channel
	key, to, subject, text string
	at                     time.Time
}

// postTemplates are the programme's own texts, with one for these tests.
func postTemplates(t testing.TB) *notify.Templates {
	t.Helper()
	own, err := notify.DefaultTemplates()
	if err != nil {
		t.Fatal(err)
	}
	tests, err := notify.ParseTemplates(fstest.MapFS{"post.txt": {Data: []byte("fields: label place\n" +
		"--- vi sms\nHVCS: {{honorific}} {{given}} xem {{label}} tại {{place}}.\n--- vi subject\nXem {{label}}\n" +
		"--- vi text\nKính gửi {{recipient}},\n\nXem {{label}} tại {{place}}.\n--- vi item\nXem {{label}}\n" +
		"--- en sms\nSee {{label}} at {{place}}.\n--- en subject\nSee {{label}}\n--- en text\nSee {{label}} at {{place}}.\n--- en item\nSee {{label}}\n")}})
	if err != nil {
		t.Fatal(err)
	}
	return own.Override(tests)
}

func newPost(t *testing.T) *post {
	t.Helper()
	return newPostBy(t, policy.Default())
}

// newPostBy is newPost with a policy of the test's own.
func newPostBy(t *testing.T, pol policy.Policy) *post {
	t.Helper()
	p := &post{
		cast: newCastBy(t, memstore.New(), pol, &core.Options{Templates: postTemplates(t), Secret: []byte("test")}),
		sms:  notify.Capabilities{Name: "gateway", Channel: notify.SMS, Timeout: 10 * time.Second, Parallel: 4},
		mail: notify.Capabilities{Name: "relay", Channel: notify.Email, Timeout: 10 * time.Second, Parallel: 4},
	}
	p.at("2017-03-15 10:00") // a Wednesday
	return p
}

// tell puts a notice into the outbox, with what is not given filled in.
func (p *post) tell(n notify.Notice) notify.ID {
	p.t.Helper()
	p.added++
	n.ID, n.State = notify.ID(fmt.Sprintf("m-%03d", p.added)), notify.Pending
	fill(&n.Key, fmt.Sprintf("post/%d/%s", p.added, n.Channel))
	fill(&n.Template, "post")
	fill(&n.Audience, notify.ToOfficial)
	fill(&n.Channel, notify.SMS)
	fill(&n.Class, notify.Duty)
	fill(&n.Priority, notify.Normal)
	fill(&n.OnUnknown, notify.Hold)
	fill(&n.Subject, event.Subject{Type: "issue", ID: string(n.ID)})
	if n.Vars == nil {
		n.Vars = map[string]string{"label": "XL-" + string(n.ID), "place_id": "AP-01"}
	}
	if n.To == (org.Party{}) {
		n.To = org.Party{Person: lan, Team: teamT3}
	}
	n.Created = p.sys.Now()
	if n.NotBefore.IsZero() {
		n.NotBefore = n.Created
	}
	n.NextAt = n.NotBefore
	p.put(func(ctx context.Context, tx store.Tx) error {
		added, err := tx.AddNotice(ctx, &n)
		if err == nil && !added {
			return fault.Exists("notice", n.Key)
		}
		return err
	})
	return n.ID
}

func fill[T comparable](at *T, with T) {
	var zero T
	if *at == zero {
		*at = with
	}
}

// pass adds to the clock.
func (p *post) pass(d time.Duration) {
	now := p.now.Load().Add(d)
	p.now.Store(&now)
}

func (p *post) dispatch() core.Dispatched {
	p.t.Helper()
	d, err := p.sys.Dispatch(p.t.Context(), "relay-1", 500)
	if err != nil {
		p.t.Fatal(err)
	}
	return d
}

func (p *post) claim(by notify.Capabilities, tickets ...core.Ticket) []core.Delivery {
	p.t.Helper()
	ds, err := p.sys.Claim(p.t.Context(), "worker-1", by, tickets)
	if err != nil {
		p.t.Fatal(err)
	}
	return ds
}

func (p *post) settle(settled ...core.Settled) {
	p.t.Helper()
	if err := p.sys.Settle(p.t.Context(), settled); err != nil {
		p.t.Fatal(err)
	}
}

func (p *post) recover() core.Recovered {
	p.t.Helper()
	r, err := p.sys.Recover(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

// send calls the provider for a delivery.
func (p *post) send(d core.Delivery) core.Settled {
	o := notify.Outcome{Result: notify.ResultAccepted, ProviderID: "id-" + d.Message.IdempotencyKey, Code: "100"}
	if p.answer != nil {
		o = p.answer(d.Message)
	}
	if o.Result == notify.ResultAccepted {
		p.taken = append(p.taken, letter{d.Message.Channel, d.Message.IdempotencyKey, d.Message.To, d.Message.Subject, d.Message.Text, p.sys.Now()})
	}
	return core.Settled{Delivery: d, Outcome: o}
}

// deliver takes tickets all the way.
func (p *post) deliver(tickets []core.Ticket) {
	p.t.Helper()
	for _, by := range []notify.Capabilities{p.sms, p.mail} {
		mine := slices.DeleteFunc(slices.Clone(tickets), func(t core.Ticket) bool { return t.Channel != by.Channel })
		for _, d := range p.claim(by, mine...) {
			p.settle(p.send(d))
		}
	}
}

// run dispatches and delivers until nothing is due.
func (p *post) run() {
	p.t.Helper()
	for range 20 {
		d := p.dispatch()
		p.deliver(d.Tickets)
		if d.Looked == 0 {
			return
		}
	}
	p.t.Fatal("there is always something due")
}

func (p *post) notice(id notify.ID) notify.Notice {
	p.t.Helper()
	var n notify.Notice
	p.see(func(ctx context.Context, tx store.Tx) (err error) {
		n, err = tx.Notice(ctx, id)
		return err
	})
	return n
}

func (p *post) all(q notify.Query) []notify.Notice {
	p.t.Helper()
	var ns []notify.Notice
	p.see(func(ctx context.Context, tx store.Tx) (err error) {
		ns, err = tx.Notices(ctx, q)
		return err
	})
	return ns
}

func (p *post) want(id notify.ID, state notify.State) notify.Notice {
	p.t.Helper()
	n := p.notice(id)
	if n.State != state {
		p.t.Errorf("%s is %s (%s), want %s", id, n.State, n.Why, state)
	}
	return n
}

// wantTaken checks how many messages each channel's provider took so far.
func (p *post) wantTaken(sms, mail int) {
	p.t.Helper()
	got := map[notify.Channel]int{}
	for _, l := range p.taken {
		got[l.channel]++
	}
	if got[notify.SMS] != sms || got[notify.Email] != mail {
		p.t.Errorf("%d SMS and %d mails were taken, want %d and %d: %+v", got[notify.SMS], got[notify.Email], sms, mail, p.taken)
	}
}

// change writes to a person past all rules.
func (p *post) change(id org.PersonID, to func(*org.Person)) {
	p.t.Helper()
	p.put(func(ctx context.Context, tx store.Tx) error {
		person, err := tx.Person(ctx, id)
		if err != nil {
			return err
		}
		to(&person)
		return tx.PutPerson(ctx, &person)
	})
}

func (p *post) hold(h org.Holding) {
	p.t.Helper()
	p.put(func(ctx context.Context, tx store.Tx) error { return tx.PutHolding(ctx, &h) })
}

func result(r notify.Result) func(notify.Message) notify.Outcome {
	return func(notify.Message) notify.Outcome { return notify.Outcome{Result: r, Code: "7"} }
}

func TestANoticeReachesItsProviderInTheWordsOfToday(t *testing.T) {
	p := newPost(t)
	id := p.tell(notify.Notice{})
	d := p.dispatch()
	if diff := cmp.Diff([]core.Ticket{{ID: id, Generation: 1, Channel: notify.SMS, Priority: notify.Normal}}, d.Tickets); diff != "" {
		t.Fatal(diff)
	}
	p.change(lan, func(x *org.Person) {
		x.FullName, x.Honorific, x.Phone = "Trần Thị Ngọc Lan", "đồng chí", "+84900009999"
	}) // after it was queued
	ds := p.claim(p.sms, d.Tickets...)
	if len(ds) != 1 {
		t.Fatalf("%d deliveries", len(ds))
	}
	m := ds[0].Message
	if until := p.sys.Now().Add(40 * time.Second); !ds[0].Until.Equal(until) {
		t.Errorf("the lease ends at %v, want %v: one call and the time to settle", ds[0].Until, until)
	}
	if m.To != "+84900009999" || m.Text != "HVCS: đồng chí Lan xem XL-m-001 tại Ấp 01 (Xã C1)." || m.IdempotencyKey != string(id) || m.Attempt != 1 {
		t.Errorf("message: %+v", m)
	}
	var open []notify.Attempt
	p.see(func(ctx context.Context, tx store.Tx) (err error) { open, err = tx.Attempts(ctx, id); return err })
	if len(open) != 1 || open[0].Outcome != "" || open[0].Number != 1 || open[0].Text != ds[0].Message.Template+"@1" {
		t.Errorf("before the call: %+v, want one open attempt with the version of its text", open)
	}
	p.settle(p.send(ds[0]))
	n := p.want(id, notify.Accepted)
	if n.Provider != "gateway" || n.ProviderID != "id-m-001" || n.Person != lan {
		t.Errorf("accepted: %+v", n)
	}
	p.see(func(ctx context.Context, tx store.Tx) (err error) { open, err = tx.Attempts(ctx, id); return err })
	if open[0].Outcome != notify.ResultAccepted || open[0].Finished.IsZero() || open[0].Code != "100" {
		t.Errorf("after the call: %+v", open[0])
	}
	if o, err := p.sys.Outstanding(t.Context()); err != nil || !o.Idle() {
		t.Errorf("outstanding: %+v, %v", o, err)
	}
}

func TestATicketIsGoodOnce(t *testing.T) {
	p := newPost(t)
	id := p.tell(notify.Notice{})
	d := p.dispatch()
	p.deliver(append(d.Tickets, d.Tickets...)) // twice in one batch
	p.deliver(d.Tickets)                       // and again
	old := d.Tickets[0]
	old.Generation = 0
	p.deliver([]core.Ticket{old, {ID: "nothing", Generation: 1, Channel: notify.SMS}})
	p.wantTaken(1, 0)
	p.want(id, notify.Accepted)

	p.tell(notify.Notice{})
	second := p.dispatch().Tickets
	p.pass(notify.QueuePatience)
	if r := p.recover(); r.Requeued != 1 {
		t.Fatalf("recovered %+v", r)
	}
	third := p.dispatch().Tickets
	if len(third) != 1 || third[0].Generation != 2 {
		t.Fatalf("handed out again as %+v", third)
	}
	p.deliver(second) // what the queue had lost turns up after all
	p.wantTaken(1, 0)
	p.deliver(third)
	p.wantTaken(2, 0)
}

func TestANoticeGoesOnlyToTheProviderOfItsChannel(t *testing.T) {
	p := newPost(t)
	id := p.tell(notify.Notice{})
	d := p.dispatch()
	if got := p.claim(p.mail, d.Tickets...); len(got) != 0 {
		t.Errorf("a mail relay was given an SMS: %+v", got)
	}
	p.want(id, notify.Queued)
}

func TestWhatTheQueueRefusesIsDueAgain(t *testing.T) {
	p := newPost(t)
	id := p.tell(notify.Notice{})
	d := p.dispatch()
	if err := p.sys.Requeue(t.Context(), append(d.Tickets, core.Ticket{ID: id, Generation: 9}), "connection refused"); err != nil {
		t.Fatal(err)
	}
	if n := p.want(id, notify.Pending); n.Why != "connection refused" {
		t.Errorf("why: %q", n.Why)
	}
	p.pass(time.Minute)
	p.run()
	p.wantTaken(1, 0)
}

func TestNothingGoesOutInQuietHours(t *testing.T) {
	p := newPost(t)
	p.at("2017-03-15 21:30")
	id := p.tell(notify.Notice{})
	soon := p.tell(notify.Notice{Expires: p.sys.Now().Add(time.Hour)})
	critical := p.tell(notify.Notice{Priority: notify.Critical})
	d := p.dispatch()
	p.deliver(d.Tickets)
	if n := p.want(id, notify.Pending); !n.NextAt.Equal(civil("2017-03-16 06:30")) || !d.NextAt.Equal(n.NextAt) {
		t.Errorf("waits until %v, the relay until %v", n.NextAt, d.NextAt)
	}
	p.want(soon, notify.Expired)
	p.want(critical, notify.Accepted)
	p.wantTaken(1, 0)
	p.at("2017-03-16 06:30")
	p.run()
	p.wantTaken(2, 0)
}

func TestTheWindowIsLookedAtAgainWhenItIsClaimed(t *testing.T) {
	p := newPost(t)
	p.at("2017-03-15 20:59")
	one := p.tell(notify.Notice{})
	tickets := p.dispatch().Tickets
	p.at("2017-03-15 21:00") // the queue was slow
	p.deliver(tickets)
	if n := p.want(one, notify.Pending); !n.NextAt.Equal(civil("2017-03-16 06:30")) {
		t.Errorf("waits until %v", n.NextAt)
	}
	p.at("2017-03-16 06:30")
	p.run()
	p.wantTaken(1, 0)
}

func TestADigestThatTheQueueDelayedIntoTheNightIsDissolved(t *testing.T) {
	p := newPost(t)
	p.at("2017-03-15 20:59")
	ids := []notify.ID{p.tell(notify.Notice{}), p.tell(notify.Notice{})}
	tickets := p.dispatch().Tickets
	if len(tickets) != 1 {
		t.Fatalf("tickets: %+v", tickets)
	}
	p.at("2017-03-15 21:00")
	p.deliver(tickets)
	p.want(tickets[0].ID, notify.Cancelled)
	for _, id := range ids {
		if n := p.want(id, notify.Pending); n.MergedInto != "" {
			t.Errorf("%s is still in %s", id, n.MergedInto)
		}
	}
	p.at("2017-03-16 06:30")
	p.run()
	p.wantTaken(1, 0)
}

func TestWhatHasExpiredIsNotSentAndSaysSo(t *testing.T) {
	p := newPost(t)
	atDispatch := p.tell(notify.Notice{Expires: p.sys.Now().Add(time.Minute)})
	p.pass(time.Minute)
	atClaim := p.tell(notify.Notice{Expires: p.sys.Now().Add(time.Minute), To: org.Party{Person: minh, Team: teamT3}})
	d := p.dispatch()
	p.pass(time.Minute)
	p.deliver(d.Tickets)
	p.want(atDispatch, notify.Expired)
	p.want(atClaim, notify.Expired)
	p.wantTaken(0, 0)
}

func TestANoticeOfADutyThatIsOverIsMoot(t *testing.T) {
	p := newPost(t)
	p.put(func(ctx context.Context, tx store.Tx) error {
		for _, d := range []duty.State{
			{ID: "d-open", Kind: duty.Report, Status: duty.Running}, {ID: "d-paused", Kind: duty.Report, Status: duty.Paused},
			{ID: "d-met", Kind: duty.Report, Status: duty.Met}, {ID: "d-later", Kind: duty.Report, Status: duty.Running},
		} {
			d.Subject = event.Subject{Type: "visit", ID: string(d.ID)}
			if err := tx.PutDuty(ctx, &d); err != nil {
				return err
			}
		}
		return nil
	})
	to := func(who org.PersonID) org.Party { return org.Party{Person: who, Team: teamT3} }
	open := p.tell(notify.Notice{Duty: "d-open", To: to(lan)})
	paused := p.tell(notify.Notice{Duty: "d-paused", To: to(minh)})
	met := p.tell(notify.Notice{Duty: "d-met", To: to(ha)})
	later := p.tell(notify.Notice{Duty: "d-later", To: to(tuan)})
	foreign := p.tell(notify.Notice{Duty: "the host's own", To: to(tl03)})
	d := p.dispatch()
	p.put(func(ctx context.Context, tx store.Tx) error { // met without anybody cancelling the notice
		state, err := tx.Duty(ctx, "d-later")
		state.Status = duty.Met
		return errors.Join(err, tx.PutDuty(ctx, &state))
	})
	p.deliver(d.Tickets)
	p.want(open, notify.Accepted)
	p.want(paused, notify.Accepted)
	p.want(met, notify.Cancelled)
	p.want(later, notify.Cancelled)
	p.want(foreign, notify.Accepted)
}

func TestEverybodyInARoleHearsOfItOnce(t *testing.T) {
	p := newPost(t)
	p.hold(org.Holding{ID: "second-head", Person: u20, Role: org.UnitHead, Unit: unitTNMT, Valid: year2017()})
	id := p.tell(notify.Notice{To: org.Party{Role: org.UnitHead, Unit: unitTNMT}, Key: "post/role/sms"})
	p.answer = result(notify.ResultTransient)
	p.run()
	p.answer = nil
	p.pass(time.Hour)
	p.run()
	p.wantTaken(2, 0)
	if diff := cmp.Diff([]string{phone(u10), phone(u20)}, sortedTo(p.taken)); diff != "" {
		t.Error(diff)
	}
	all := p.all(notify.Query{})
	if len(all) != 2 || p.notice(id).Person != u10 {
		t.Errorf("%d rows, the first for %s", len(all), p.notice(id).Person)
	}
	for _, n := range all {
		if n.Key != "post/role/sms" && n.Key != "post/role/sms#U-20" {
			t.Errorf("key %q", n.Key)
		}
	}
}

func TestASubstituteIsToldInstead(t *testing.T) {
	p := newPost(t)
	p.tell(notify.Notice{})
	p.put(func(ctx context.Context, tx store.Tx) error {
		return tx.PutLeave(ctx, &org.Leave{ID: "l", Person: lan, Days: days("2017-03-10", "2017-03-20"), Substitute: minh})
	})
	p.run()
	if diff := cmp.Diff([]string{phone(minh)}, sortedTo(p.taken)); diff != "" {
		t.Error(diff)
	}
}

// S14: who reads no messages is gone to or called, who wants mail gets mail.
func TestHowSomebodyWantsToBeToldIsFollowed(t *testing.T) {
	for prefers, want := range map[org.Preference]notify.Channel{
		"": notify.SMS, org.PrefersSMS: notify.SMS, org.PrefersEmail: notify.Email, org.PrefersVoice: notify.PaperTask,
	} {
		p := newPost(t)
		p.put(func(ctx context.Context, tx store.Tx) error {
			who, err := tx.Person(ctx, lan)
			if err != nil {
				return err
			}
			who.Prefers = prefers
			return tx.PutPerson(ctx, &who)
		})
		p.tell(notify.Notice{Key: "k/sms"})
		p.run()
		var reached []notify.Channel
		for _, n := range p.all(notify.Query{}) {
			if n.State == notify.Accepted {
				reached = append(reached, n.Channel)
			}
		}
		if len(reached) != 1 || reached[0] != want {
			t.Errorf("who prefers %q was told by %v, want %s", prefers, reached, want)
		}
	}
}

func TestAFailureFindsTheNextWay(t *testing.T) {
	byKey := func(p *post, key string) notify.Notice {
		t.Helper()
		found := p.all(notify.Query{Keys: []string{key}})
		if len(found) != 1 {
			t.Fatalf("%d notices with the key %s", len(found), key)
		}
		return found[0]
	}
	t.Run("an SMS that is refused for good becomes a mail", func(t *testing.T) {
		p := newPost(t)
		id := p.tell(notify.Notice{Key: "k/sms"})
		p.answer = func(m notify.Message) notify.Outcome {
			if m.Channel == notify.SMS {
				return notify.Outcome{Result: notify.ResultPermanent, Code: "99", Suppress: true, Detail: "blocked\nnumber"}
			}
			return notify.Outcome{Result: notify.ResultAccepted, ProviderID: "x"}
		}
		p.run()
		p.want(id, notify.Failed)
		if mail := byKey(p, "k/email"); mail.State != notify.Accepted || mail.Person != lan || !strings.Contains(mail.Why+" instead of sms", "instead of sms") {
			t.Errorf("mail: %+v", mail)
		}
		p.wantTaken(0, 1)
		if alarm := p.all(notify.Query{Template: "contact.broken"}); len(alarm) != 1 || alarm[0].Person != qt01 || alarm[0].State != notify.Accepted {
			t.Errorf("the administrator hears: %+v", alarm)
		}
		next := p.tell(notify.Notice{Key: "next/sms"}) // the number is barred from now on
		p.run()
		p.want(next, notify.Suppressed)
		p.wantTaken(0, 2)

		p.pass(89 * 24 * time.Hour) // not for ever: a number gets a new owner
		early := p.tell(notify.Notice{Key: "early/sms"})
		p.run()
		p.want(early, notify.Suppressed)
		p.answer = nil
		p.pass(2 * 24 * time.Hour)
		p.at("2017-06-14 10:00") // a Wednesday
		late := p.tell(notify.Notice{Key: "late/sms"})
		p.run()
		p.want(late, notify.Accepted)
	})
	t.Run("without telephone and mailbox it becomes paper for the unit's clerk", func(t *testing.T) {
		p := newPost(t)
		p.change(lan, func(x *org.Person) { x.Phone, x.Email = "", "" })
		id := p.tell(notify.Notice{Key: "k/sms"})
		p.run()
		p.want(id, notify.Failed)
		if mail := byKey(p, "k/email"); mail.State != notify.Failed {
			t.Errorf("mail: %+v", mail)
		}
		if paper := byKey(p, "k/paper_task"); paper.State != notify.Accepted || paper.Person != u31 {
			t.Errorf("paper: %+v", paper)
		}
		p.wantTaken(0, 0)
	})
	t.Run("a landline gets no SMS", func(t *testing.T) {
		p := newPost(t)
		p.change(lan, func(x *org.Person) { x.PhoneSMS = false })
		p.tell(notify.Notice{Key: "k/sms"})
		p.run()
		p.wantTaken(0, 1)
	})
	t.Run("what was put on both channels is not doubled, and both failing leads to paper once", func(t *testing.T) {
		p := newPost(t)
		p.answer = result(notify.ResultPermanent)
		p.tell(notify.Notice{Key: "k/sms"})
		p.tell(notify.Notice{Key: "k/email", Channel: notify.Email})
		p.run()
		if all := p.all(notify.Query{}); len(all) != 3 {
			t.Errorf("%d notices, want SMS, mail and one paper task", len(all))
		}
		byKey(p, "k/paper_task")
	})
	t.Run("attempts that are used up lead on as well", func(t *testing.T) {
		p := newPost(t)
		id := p.tell(notify.Notice{Key: "k/sms"})
		p.answer = func(m notify.Message) notify.Outcome {
			if m.Channel == notify.SMS {
				return notify.Outcome{Result: notify.ResultTransient}
			}
			return notify.Outcome{Result: notify.ResultAccepted}
		}
		for range 8 {
			p.run()
			if n := p.notice(id); n.State == notify.Pending {
				p.now.Store(&n.NextAt)
			}
		}
		p.run()
		p.want(id, notify.Dead)
		p.wantTaken(0, 1)
	})
	t.Run("a receipt that says no leads on too", func(t *testing.T) {
		p := newPost(t)
		id := p.tell(notify.Notice{Key: "k/sms"})
		p.run()
		if err := p.sys.Receipt(t.Context(), core.Receipt{Provider: "gateway", ProviderID: "id-m-001", Code: "4"}); err != nil {
			t.Fatal(err)
		}
		p.want(id, notify.Undelivered)
		p.run()
		p.wantTaken(1, 1)
	})
	t.Run("a channel is tried once, also of a key that does not end in it", func(t *testing.T) {
		for _, key := range []string{"host/7", "host/7/sms"} {
			p := newPost(t)
			id := p.tell(notify.Notice{Key: key})
			didNotArrive := func(id notify.ID) {
				t.Helper()
				n := p.want(id, notify.Accepted)
				if err := p.sys.Receipt(t.Context(), core.Receipt{Provider: n.Provider, ProviderID: n.ProviderID, Code: "4"}); err != nil {
					t.Fatal(err)
				}
				p.run()
			}
			p.run()
			didNotArrive(id)
			didNotArrive(byKey(p, "host/7/email").ID)
			p.wantTaken(1, 1)
			byKey(p, "host/7/paper_task")
		}
	})
	t.Run("what has expired finds no other way", func(t *testing.T) {
		p := newPost(t)
		p.tell(notify.Notice{Key: "k/sms", Expires: p.sys.Now().Add(time.Second)})
		d := p.dispatch()
		ds := p.claim(p.sms, d.Tickets...)
		p.pass(time.Minute)
		p.settle(core.Settled{Delivery: ds[0], Outcome: notify.Outcome{Result: notify.ResultPermanent}})
		if all := p.all(notify.Query{}); len(all) != 1 {
			t.Errorf("%d notices", len(all))
		}
	})
	t.Run("nobody at all", func(t *testing.T) {
		p := newPost(t)
		id := p.tell(notify.Notice{Key: "k/sms", To: org.Party{Person: "nobody", Role: org.Inspector}})
		p.put(func(ctx context.Context, tx store.Tx) error { return nil })
		p.run()
		if n := p.notice(id); n.State == notify.Pending || n.State == notify.Queued {
			t.Errorf("%+v", n)
		}
	})
}

// citizen is a speaker of AP-01.
func (p *post) citizen(s opinion.Speaker) org.Party {
	p.t.Helper()
	s.Place = "AP-01"
	p.put(func(ctx context.Context, tx store.Tx) error { return tx.PutSpeaker(ctx, &s) })
	return org.Party{Speaker: string(s.ID)}
}

func TestACitizenIsWrittenToOnTheirTelephoneOrOnPaper(t *testing.T) {
	p := newPost(t)
	answered := func(s opinion.Speaker) notify.ID {
		return p.tell(notify.Notice{To: p.citizen(s), Audience: notify.ToCitizen, Class: notify.Care, Key: string(s.ID) + "/sms"})
	}
	named := answered(opinion.Speaker{ID: "s-1", Name: "Trần Thị Sáu", Honorific: "bà", Phone: "+84911110001"})
	again := p.tell(notify.Notice{To: org.Party{Speaker: "s-1"}, Audience: notify.ToCitizen, Class: notify.Care})
	unnamed := answered(opinion.Speaker{ID: "s-2", Phone: "+84911110002"})
	without := answered(opinion.Speaker{ID: "s-3", Name: "Lê Văn Tám", Honorific: "ông"})
	declined := answered(opinion.Speaker{ID: "s-4", Phone: "+84911110004", NoSMS: true})
	gone := p.tell(notify.Notice{To: org.Party{Speaker: "s-9"}, Key: "s-9/sms"})
	p.run()
	if n := p.want(again, notify.Pending); n.NextAt.Sub(p.sys.Now()) > 5*time.Second {
		t.Errorf("the second one to her waits until %s, want a moment: one after the other", n.NextAt)
	}
	p.pass(5 * time.Second)
	p.run()
	for _, id := range []notify.ID{named, again, unnamed} {
		p.want(id, notify.Accepted)
	}
	p.want(without, notify.Failed)
	p.want(declined, notify.Suppressed)
	p.want(gone, notify.Failed)
	p.wantTaken(3, 0) // never merged: what one learns of each matter stays apart
	texts := []string{p.taken[0].text, p.taken[1].text}
	if diff := cmp.Diff([]string{
		"HVCS: bà Sáu xem XL-m-001 tại Ấp 01 (Xã C1).", "HVCS: quý ông/bà xem XL-m-003 tại Ấp 01 (Xã C1).",
	}, texts); diff != "" {
		t.Error(diff)
	}
	paper := p.all(notify.Query{Channel: notify.PaperTask})
	if len(paper) != 2 || paper[0].Person != vp01 {
		t.Fatalf("paper: %+v, want one each for who has no telephone and who is gone, at the office", paper)
	}
}

func TestThreeSMSInAny24HoursAreEnough(t *testing.T) {
	p := newPost(t)
	for i := range 6 {
		p.tell(notify.Notice{Key: fmt.Sprintf("k%d/sms", i)})
		p.run()
		p.pass(time.Minute)
	}
	p.wantTaken(3, 0)
	expiring := p.tell(notify.Notice{Key: "soon/sms", Expires: p.sys.Now().Add(3 * time.Hour)})
	critical := p.tell(notify.Notice{Priority: notify.Critical})
	other := p.tell(notify.Notice{To: org.Party{Person: minh, Team: teamT3}})
	p.run()
	p.want(critical, notify.Accepted)
	p.want(other, notify.Accepted)
	p.want(expiring, notify.Failed)
	p.wantTaken(5, 1)        // what cannot wait goes by mail
	p.at("2017-03-16 10:00") // the first of the three no longer counts, the critical one does
	p.run()
	p.wantTaken(5, 1)
	p.at("2017-03-16 10:01")
	p.run()
	p.wantTaken(6, 1) // the three that waited meet in one message
	if last := p.taken[len(p.taken)-1].text; strings.Count(last, "Xem XL-") != 3 {
		t.Errorf("the digest 24 hours later: %q", last)
	}
}

func TestWhatMayHaveGoneCountsForTheCap(t *testing.T) {
	p := newPost(t)
	p.answer = func(notify.Message) notify.Outcome { return notify.Outcome{Result: notify.ResultUnknown} }
	for i := range 3 {
		p.tell(notify.Notice{Key: fmt.Sprintf("k%d/sms", i)})
		p.run()
		p.pass(15 * time.Minute)
		p.recover()
	}
	p.answer = nil
	fourth := p.tell(notify.Notice{Key: "k4/sms"})
	p.pass(time.Hour)
	p.run()
	if n := p.want(fourth, notify.Pending); !strings.Contains(n.Why, "cap") {
		t.Errorf("it waits because of %q: three before it may have gone", n.Why)
	}
}

func TestMessagesStillOnTheirWayCountForTheDay(t *testing.T) {
	p := newPost(t)
	for range 5 {
		p.tell(notify.Notice{})
		p.dispatch() // handed out, not yet taken
	}
	if queued := p.all(notify.Query{States: []notify.State{notify.Queued}}); len(queued) != 3 {
		t.Errorf("%d are on their way", len(queued))
	}
}

func TestWhatIsDueToOnePersonTravelsTogether(t *testing.T) {
	p := newPost(t)
	to := org.Party{Person: u10, Unit: unitTNMT}
	var sms, mail []notify.ID
	for range 3 {
		sms = append(sms, p.tell(notify.Notice{To: to, OnUnknown: notify.Resend}))
		mail = append(mail, p.tell(notify.Notice{To: to, Channel: notify.Email}))
	}
	care := p.tell(notify.Notice{To: to, Class: notify.Care})
	critical := p.tell(notify.Notice{To: to, Priority: notify.Critical})
	d := p.dispatch()
	if len(d.Tickets) != 4 || d.Merged != 6 || d.Tickets[0].ID != critical {
		t.Fatalf("dispatched %+v", d)
	}
	p.deliver(d.Tickets)
	p.wantTaken(2, 1)
	p.want(care, notify.Pending) // one after the other
	p.pass(5 * time.Second)
	p.run()
	p.wantTaken(3, 1)
	for _, id := range append(append(sms, mail...), care, critical) {
		n := p.want(id, notify.Accepted)
		if id != care && id != critical && (n.MergedInto == "" || n.ProviderID == "") {
			t.Errorf("%s: %+v", id, n)
		}
	}
	carrier := p.notice(p.notice(sms[0]).MergedInto)
	if carrier.OnUnknown != notify.Resend || len(carrier.Items) != 3 {
		t.Errorf("carrier: %+v", carrier)
	}
	if err := p.sys.Receipt(t.Context(), core.Receipt{Provider: "gateway", ProviderID: carrier.ProviderID, Delivered: true}); err != nil {
		t.Fatal(err)
	}
	for _, id := range append(sms, carrier.ID) {
		p.want(id, notify.Delivered)
	}
}

func TestADigestDropsWhatIsNoLongerWanted(t *testing.T) {
	for left, want := range map[int]string{3: "HVCS: ông/bà Lan có 3 việc: ", 2: "HVCS: ông/bà Lan có 2 việc: ", 1: "HVCS: ông/bà Lan xem XL-", 0: ""} {
		t.Run(fmt.Sprint(left, " left"), func(t *testing.T) {
			p := newPost(t)
			for i := range 3 {
				p.tell(notify.Notice{Moot: fmt.Sprint("visit/", i)})
			}
			d := p.dispatch()
			for i := left; i < 3; i++ {
				p.cancel(fmt.Sprint("visit/", i))
			}
			p.deliver(d.Tickets)
			if want == "" {
				p.wantTaken(0, 0)
				p.want(d.Tickets[0].ID, notify.Cancelled)
			} else if len(p.taken) != 1 || !strings.HasPrefix(p.taken[0].text, want) {
				t.Errorf("got %+v, want %q", p.taken, want)
			}
			if cancelled := p.all(notify.Query{Template: "post", States: []notify.State{notify.Cancelled}}); len(cancelled) != 3-left {
				t.Errorf("%d are cancelled", len(cancelled))
			}
		})
	}
}

// cancel does what a unit of work does when a fact makes notices moot.
func (p *post) cancel(moot string) {
	p.t.Helper()
	p.put(func(ctx context.Context, tx store.Tx) error {
		found, err := tx.Notices(ctx, notify.Query{Moot: moot, States: []notify.State{
			notify.Pending, notify.Queued, notify.Merged, notify.Sending, notify.Unknown}})
		if err != nil {
			return err
		}
		for i := range found {
			if err := errors.Join(found[i].Cancel("moot", p.sys.Now()), tx.PutNotices(ctx, []*notify.Notice{&found[i]})); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestOneItemWithoutATextDoesNotHoldUpTheOthers(t *testing.T) {
	p := newPost(t)
	good := p.tell(notify.Notice{})
	bad := p.tell(notify.Notice{Vars: map[string]string{"place_id": "AP-01"}})
	alone := p.tell(notify.Notice{Template: "no.such", To: org.Party{Person: minh, Team: teamT3}})
	p.run()
	p.want(good, notify.Accepted)
	if n := p.want(bad, notify.Dead); !strings.Contains(n.Why, "notice.template.value") {
		t.Errorf("why: %q", n.Why)
	}
	if n := p.want(alone, notify.Dead); !strings.Contains(n.Why, "notice.template.missing") {
		t.Errorf("why: %q", n.Why)
	}
	if len(p.taken) != 1 || !strings.HasPrefix(p.taken[0].text, "HVCS: ông/bà Lan xem XL-") {
		t.Errorf("taken: %+v", p.taken)
	}
}

func TestADigestThatNobodyTookTakesNewOnesAlong(t *testing.T) {
	p := newPost(t)
	for range 2 {
		p.tell(notify.Notice{})
	}
	first := p.dispatch()
	refuse := func(d core.Dispatched) {
		if err := p.sys.Requeue(t.Context(), d.Tickets, "queue down"); err != nil {
			t.Fatal(err)
		}
		p.pass(time.Minute)
	}
	for range 2 {
		p.tell(notify.Notice{})
	}
	second := p.dispatch() // a second digest, while the first waits for another try
	refuse(first)
	refuse(second)
	p.tell(notify.Notice{})
	third := p.dispatch()
	if len(third.Tickets) != 1 || third.Tickets[0].ID != first.Tickets[0].ID {
		t.Fatalf("after the outage: %+v", third)
	}
	p.deliver(third.Tickets)
	p.wantTaken(1, 0)
	if !strings.Contains(p.taken[0].text, "có 5 việc") {
		t.Errorf("text: %q", p.taken[0].text)
	}
	p.want(second.Tickets[0].ID, notify.Cancelled)
	if accepted := p.all(notify.Query{Template: "post", States: []notify.State{notify.Accepted}}); len(accepted) != 5 {
		t.Errorf("%d of 5 are accepted", len(accepted))
	}
}

func TestACrashLeavesAnUnknownOutcomeAndPolicyDecides(t *testing.T) {
	for name, c := range map[string]struct {
		on         notify.OnUnknown
		idempotent bool
		reached    bool // the call was made before the crash
		copies     int  // that the recipient gets
		state      notify.State
	}{
		"hold, before the call":        {notify.Hold, false, false, 0, notify.Uncertain},
		"hold, after the call":         {notify.Hold, false, true, 1, notify.Uncertain},
		"send again, before the call":  {notify.Resend, false, false, 1, notify.Accepted},
		"send again, after the call":   {notify.Resend, false, true, 2, notify.Accepted},
		"the provider knows, not sent": {notify.Hold, true, false, 1, notify.Accepted},
		"the provider knows, was sent": {notify.Hold, true, true, 1, notify.Accepted},
		"it knows and copies are fine": {notify.Resend, true, true, 1, notify.Accepted},
		"it knows, fine, and not sent": {notify.Resend, true, false, 1, notify.Accepted},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t)
			p.sms.Idempotent = c.idempotent
			copies, known := 0, make(map[string]bool)
			p.answer = func(m notify.Message) notify.Outcome {
				if c.idempotent && known[m.IdempotencyKey] {
					return notify.Outcome{Result: notify.ResultAccepted, ProviderID: "same", Code: "124"}
				}
				copies, known[m.IdempotencyKey] = copies+1, true
				return notify.Outcome{Result: notify.ResultAccepted, ProviderID: "one"}
			}
			ids := []notify.ID{p.tell(notify.Notice{OnUnknown: c.on}), p.tell(notify.Notice{OnUnknown: c.on})} // a digest of two
			ds := p.claim(p.sms, p.dispatch().Tickets...)
			if c.reached {
				p.answer(ds[0].Message)
			}
			p.pass(time.Hour) // the worker is dead
			if r := p.recover(); r.Unknown != 1 {
				t.Fatalf("recovered %+v", r)
			}
			for _, id := range ids {
				p.want(id, notify.Unknown)
			}
			for range 3 {
				p.pass(15 * time.Minute)
				p.recover()
				p.run()
			}
			if copies != c.copies {
				t.Errorf("%d copies, want %d", copies, c.copies)
			}
			for _, id := range ids {
				p.want(id, c.state)
			}
		})
	}
}

func TestAReminderIsNotDoubledForTheSakeOfAnEscalationBesideIt(t *testing.T) {
	p := newPost(t)
	escalation := p.tell(notify.Notice{OnUnknown: notify.Resend})
	reminder := p.tell(notify.Notice{OnUnknown: notify.Hold})
	p.claim(p.sms, p.dispatch().Tickets...)
	for range 3 {
		p.pass(15 * time.Minute)
		p.recover()
		p.run()
	}
	p.want(escalation, notify.Accepted)
	p.want(reminder, notify.Uncertain)
	if len(p.taken) != 1 || strings.Contains(p.taken[0].text, "XL-"+string(reminder)) {
		t.Errorf("taken: %+v", p.taken)
	}
}

func TestAnOutcomeThatComesLateStillCounts(t *testing.T) {
	lost := func(t *testing.T, on notify.OnUnknown) (*post, notify.ID, core.Delivery) {
		p := newPost(t)
		id := p.tell(notify.Notice{OnUnknown: on, Key: "k/sms"})
		ds := p.claim(p.sms, p.dispatch().Tickets...)
		p.pass(time.Hour)
		p.recover()
		p.want(id, notify.Unknown)
		return p, id, ds[0]
	}
	accepted := notify.Outcome{Result: notify.ResultAccepted, ProviderID: "late"}
	t.Run("while it is unknown", func(t *testing.T) {
		p, id, d := lost(t, notify.Hold)
		p.settle(core.Settled{Delivery: d, Outcome: accepted})
		if n := p.want(id, notify.Accepted); n.ProviderID != "late" {
			t.Errorf("%+v", n)
		}
	})
	t.Run("when it waits to be sent again", func(t *testing.T) {
		p, id, d := lost(t, notify.Resend)
		p.pass(time.Hour)
		p.recover()
		p.want(id, notify.Pending)
		p.settle(core.Settled{Delivery: d, Outcome: accepted})
		p.want(id, notify.Accepted)
		p.run()
		p.wantTaken(0, 0)
	})
	t.Run("when it is queued to be sent again", func(t *testing.T) {
		p, id, d := lost(t, notify.Resend)
		p.pass(time.Hour)
		p.recover()
		tickets := p.dispatch().Tickets
		p.settle(core.Settled{Delivery: d, Outcome: accepted})
		p.deliver(tickets)
		p.want(id, notify.Accepted)
		p.wantTaken(0, 0)
	})
	t.Run("when an operator has it on the list", func(t *testing.T) {
		p, id, d := lost(t, notify.Hold)
		p.pass(time.Hour)
		p.recover()
		p.want(id, notify.Uncertain)
		p.settle(core.Settled{Delivery: d, Outcome: accepted})
		p.want(id, notify.Accepted)
	})
	t.Run("certainly not sent: it is sent", func(t *testing.T) {
		p, id, d := lost(t, notify.Hold)
		p.settle(core.Settled{Delivery: d, Outcome: notify.Outcome{Result: notify.ResultNotSent}})
		p.want(id, notify.Pending)
		p.pass(time.Hour)
		p.run()
		p.wantTaken(1, 0)
	})
	t.Run("refused for good: it goes another way", func(t *testing.T) {
		p, id, d := lost(t, notify.Hold)
		p.settle(core.Settled{Delivery: d, Outcome: notify.Outcome{Result: notify.ResultPermanent}})
		p.want(id, notify.Failed)
		p.run()
		p.wantTaken(0, 1)
	})
	t.Run("a receipt with our key", func(t *testing.T) {
		p, id, _ := lost(t, notify.Hold)
		if err := p.sys.Receipt(t.Context(), core.Receipt{Provider: "gateway", Key: string(id), Delivered: true}); err != nil {
			t.Fatal(err)
		}
		p.want(id, notify.Delivered)
	})
	t.Run("the attempt keeps it in any case", func(t *testing.T) {
		p, id, d := lost(t, notify.Hold)
		p.pass(time.Hour)
		p.recover()
		p.settle(core.Settled{Delivery: d, Outcome: notify.Outcome{Result: notify.ResultTransient, Code: "451", Detail: "try\nlater"}})
		p.want(id, notify.Uncertain)
		p.see(func(ctx context.Context, tx store.Tx) error {
			attempts, err := tx.Attempts(ctx, id)
			if len(attempts) != 1 || attempts[0].Outcome != notify.ResultTransient || attempts[0].Detail != "try later" {
				t.Errorf("attempts: %+v", attempts)
			}
			return err
		})
	})
}

func TestSettlingTwiceIsSettlingOnce(t *testing.T) {
	p := newPost(t)
	first, second := p.tell(notify.Notice{}), p.tell(notify.Notice{To: org.Party{Person: minh, Team: teamT3}})
	ds := p.claim(p.sms, p.dispatch().Tickets...)
	one := p.send(ds[0])
	p.settle(one)
	p.settle(one, p.send(ds[1])) // the answer of the first commit was lost
	p.settle(one)
	for _, id := range []notify.ID{first, second} {
		if n := p.want(id, notify.Accepted); n.Attempts != 1 {
			t.Errorf("%s counts %d attempts", id, n.Attempts)
		}
	}
}

func TestACancelIsObeyedUntilTheCallBegins(t *testing.T) {
	p := newPost(t)
	id := p.tell(notify.Notice{Moot: "visit/1"})
	tickets := p.dispatch().Tickets
	p.cancel("visit/1")
	p.deliver(tickets)
	p.want(id, notify.Cancelled)
	p.wantTaken(0, 0)

	late := p.tell(notify.Notice{Moot: "visit/2"})
	ds := p.claim(p.sms, p.dispatch().Tickets...)
	p.cancel("visit/2")
	p.settle(p.send(ds[0]))
	if n := p.want(late, notify.Accepted); n.CancelAsked.IsZero() {
		t.Error("nobody sees that the cancel came too late")
	}
	refused := p.tell(notify.Notice{Moot: "visit/3"})
	ds = p.claim(p.sms, p.dispatch().Tickets...)
	p.cancel("visit/3")
	p.settle(core.Settled{Delivery: ds[0], Outcome: notify.Outcome{Result: notify.ResultNotSent}})
	p.want(refused, notify.Cancelled)
}

func TestOneRelayWorksAtATime(t *testing.T) {
	p := newPost(t)
	p.dispatch()
	p.tell(notify.Notice{})
	d, err := p.sys.Dispatch(t.Context(), "relay-2", 500)
	if err != nil || !d.Standby || len(d.Tickets) != 0 || !d.NextAt.After(p.sys.Now()) {
		t.Errorf("the second relay: %+v, %v", d, err)
	}
	p.pass(11 * time.Second) // the first has gone silent
	d, err = p.sys.Dispatch(t.Context(), "relay-2", 500)
	if err != nil || d.Standby || len(d.Tickets) != 1 {
		t.Errorf("the second relay takes over: %+v, %v", d, err)
	}
}

func TestALimitedPassSaysThatThereIsMore(t *testing.T) {
	p := newPost(t)
	for _, who := range []org.PersonID{lan, minh, ha} {
		p.tell(notify.Notice{To: org.Party{Person: who, Team: teamT3}})
	}
	for i, want := range []struct {
		tickets int
		more    bool
	}{{2, true}, {1, false}, {0, false}} {
		d, err := p.sys.Dispatch(t.Context(), "relay-1", 2)
		if err != nil || len(d.Tickets) != want.tickets || d.More != want.more {
			t.Errorf("pass %d: %+v, %v", i+1, d, err)
		}
	}
}

func TestAReceiptOfAnUnknownMessageIsOfferedAgain(t *testing.T) {
	p := newPost(t)
	for _, r := range []core.Receipt{{Provider: "gateway", ProviderID: "never seen"}, {Provider: "gateway", Key: "m-404"}, {}} {
		if err := p.sys.Receipt(t.Context(), r); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	id := p.tell(notify.Notice{})
	p.run()
	for _, r := range []core.Receipt{
		{Provider: "relay", ProviderID: "id-m-001", Delivered: true}, {Provider: "relay", Key: string(id), Delivered: true},
	} {
		if err := p.sys.Receipt(t.Context(), r); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("another provider's word is taken: %v", err)
		}
	}
	p.want(id, notify.Accepted)
	for range 3 {
		if err := p.sys.Receipt(t.Context(), core.Receipt{Provider: "gateway", ProviderID: "id-m-001", Delivered: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.sys.Receipt(t.Context(), core.Receipt{Provider: "gateway", ProviderID: "id-m-001"}); err != nil {
		t.Fatal(err)
	}
	p.want(id, notify.Delivered)
}

// Relays, workers and sweeps of several processes at once: everything goes out,
// and once.
func TestManyAtOnceSendEverythingOnce(t *testing.T) {
	p := newPost(t)
	const notices = 120
	for i := range notices {
		who := []org.PersonID{lan, minh, ha, tuan, tl03, u10, u20}[i%7]
		p.tell(notify.Notice{To: org.Party{Person: who, Team: teamT3}, Channel: []notify.Channel{notify.SMS, notify.Email}[i%2], Priority: notify.Critical})
	}
	var mu sync.Mutex
	taken := make(map[string]int)
	tickets := make(chan core.Ticket, 4*notices)
	var relays, workers sync.WaitGroup
	for relay := range 3 {
		relays.Go(func() {
			for range 40 {
				d, err := p.sys.Dispatch(t.Context(), fmt.Sprint("relay-", relay), 7)
				if err != nil {
					t.Error(err)
				}
				for _, one := range d.Tickets {
					tickets <- one
					tickets <- one // the queue delivers at least once
				}
				if _, err := p.sys.Recover(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for worker := range 4 {
		workers.Go(func() {
			for one := range tickets {
				by := map[notify.Channel]notify.Capabilities{notify.SMS: p.sms, notify.Email: p.mail}[one.Channel]
				ds, err := p.sys.Claim(t.Context(), fmt.Sprint("worker-", worker), by, []core.Ticket{one})
				if err != nil {
					t.Error(err)
				}
				for _, d := range ds {
					mu.Lock()
					taken[d.Message.IdempotencyKey]++
					mu.Unlock()
					if err := p.sys.Settle(t.Context(), []core.Settled{{Delivery: d, Outcome: notify.Outcome{Result: notify.ResultAccepted}}}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	relays.Wait()
	close(tickets)
	workers.Wait()
	if len(taken) != notices {
		t.Errorf("%d of %d went out", len(taken), notices)
	}
	for key, n := range taken {
		if n != 1 {
			t.Errorf("%s went out %d times", key, n)
		}
	}
}

// EX-29: workers and Redis are down from Mon 27/03/2017 06:00 to Tue 28/03
// 10:00, and Redis comes back empty.
func TestEX29_OutageNoLossNoDoubles(t *testing.T) {
	p := newPost(t)
	p.at("2017-03-24 09:00")
	to := org.Party{Role: org.UnitHead, Unit: unitTNMT}
	type step struct {
		key          string
		due, expires string
		channels     []notify.Channel
		on           notify.OnUnknown
		to           org.Party
		audience     notify.Audience
		issue        string
	}
	both := []notify.Channel{notify.Email, notify.SMS}
	for _, s := range []step{
		{key: "x/e1", due: "2017-03-27 08:00", channels: both, on: notify.Resend, to: to, audience: notify.ToLadder, issue: "X"},
		{key: "y/t0", due: "2017-03-27 08:00", expires: "2017-03-28 00:00", channels: both, on: notify.Hold, to: to, audience: notify.ToLadder, issue: "Y"},
		{key: "y/e1", due: "2017-03-28 08:00", channels: both, on: notify.Resend, to: to, audience: notify.ToLadder, issue: "Y"},
		{key: "w/e2", due: "2017-03-27 08:00", channels: both, on: notify.Resend, to: to, audience: notify.ToLadder, issue: "W"},
		{key: "visit/t3h", due: "2017-03-27 11:00", expires: "2017-03-27 14:00", channels: both, on: notify.Hold, to: org.Party{Person: lan, Team: teamT3}, audience: notify.ToOfficial, issue: "V"},
	} {
		for _, channel := range s.channels {
			n := notify.Notice{
				Key: s.key + "/" + string(channel), Channel: channel, To: s.to, Audience: s.audience, OnUnknown: s.on, NotBefore: civil(s.due),
				Subject: event.Subject{Type: "issue", ID: s.issue}, Vars: map[string]string{"label": s.issue, "place_id": "AP-01"},
			}
			if s.expires != "" {
				n.Expires = civil(s.expires)
			}
			p.tell(n)
		}
	}
	p.at("2017-03-28 10:00")
	var tickets []core.Ticket
	for round := range 3 { // several dispatchers at once, several times
		for relay := range 3 {
			d, err := p.sys.Dispatch(t.Context(), fmt.Sprint("relay-", relay), 500)
			if err != nil {
				t.Fatal(err)
			}
			tickets = append(tickets, d.Tickets...)
			p.deliver(d.Tickets)
		}
		p.pass(time.Duration(round) * time.Minute)
	}
	p.wantTaken(1, 1)
	for _, l := range p.taken {
		if l.at.After(civil("2017-03-28 10:10")) {
			t.Errorf("%s was taken at %v", l.channel, l.at)
		}
		if l.to != map[notify.Channel]string{notify.SMS: phone(u10), notify.Email: "u-10@xuanloc.example"}[l.channel] {
			t.Errorf("%s went to %s", l.channel, l.to)
		}
		for _, issue := range []string{"Xem X", "Xem Y", "Xem W"} {
			if strings.Count(l.text, issue) != 1 {
				t.Errorf("%s does not hold %q once:\n%s", l.channel, issue, l.text)
			}
		}
	}
	for _, n := range p.all(notify.Query{Template: "post"}) {
		want := notify.Accepted
		if strings.HasPrefix(n.Key, "y/t0") || strings.HasPrefix(n.Key, "visit/t3h") {
			want = notify.Expired
		}
		if n.State != want {
			t.Errorf("%s is %s, want %s", n.Key, n.State, want)
		}
	}
	for range 2 { // all tasks are replayed
		p.deliver(tickets)
	}
	p.pass(time.Hour)
	p.recover()
	p.run()
	p.wantTaken(1, 1)
}

func civil(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, calendar.Zone())
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// phone is the telephone of a member of the cast.
func phone(who org.PersonID) string {
	for i, r := range castRoles() {
		if r.person == who {
			return fmt.Sprintf("+8490000%04d", i+1)
		}
	}
	return ""
}

func sortedTo(letters []letter) []string {
	var to []string
	for _, l := range letters {
		to = append(to, l.to)
	}
	slices.Sort(to)
	return to
}

func TestATicketSaysHowCarefullyItIsToBeHandled(t *testing.T) {
	p := newPost(t)
	id := p.tell(notify.Notice{OnUnknown: notify.Resend})
	for lost := range policy.Default().Notices.MaxClaims + 1 {
		d := p.dispatch()
		if len(d.Tickets) != 1 {
			t.Fatalf("after %d claims without an outcome: %d tickets", lost, len(d.Tickets))
		}
		if got := d.Tickets[0]; got.Alone != (lost >= 1) || got.Apart != (lost >= 2) {
			t.Errorf("after %d claims without an outcome its ticket says alone %v, apart %v", lost, got.Alone, got.Apart)
		}
		p.claim(p.sms, d.Tickets...) // and the worker dies
		p.pass(20 * time.Minute)
		p.recover()
		p.pass(20 * time.Minute)
		p.recover()
	}
	if n := p.notice(id); n.State != notify.Dead {
		t.Errorf("%s after %d claims: %s", n.State, n.Claims, n.Why)
	}
}
