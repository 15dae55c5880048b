package core_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// outagePost has two gateways and a mail relay.
func outagePost(t *testing.T) *post {
	p := newPost(t)
	p.twoGateways(1, 1)
	p.registerMail()
	return p
}

func (p *post) registerMail() {
	p.t.Helper()
	if err := p.sys.Register(p.t.Context(), notify.Provider{Name: p.mail.Name, Channel: notify.Email, Weight: 1}); err != nil {
		p.t.Fatal(err)
	}
}

// goneFor lets the providers have been out of order for so long, so many probes of
// each having failed, the last of them just now.
func (p *post) goneFor(lasted time.Duration, probes int, providers ...string) {
	p.t.Helper()
	trip := func(ctx context.Context, w *core.Notices) error {
		for _, name := range providers {
			if err := w.OpenBreaker(ctx, name, "cut"); err != nil {
				return err
			}
		}
		return nil
	}
	p.operator(trip)
	p.pass(lasted)
	for range probes {
		p.operator(trip)
	}
}

func (p *post) back(providers ...string) {
	p.t.Helper()
	p.operator(func(ctx context.Context, w *core.Notices) error {
		for _, name := range providers {
			if err := w.CloseBreaker(ctx, name, "mended"); err != nil {
				return err
			}
		}
		return nil
	})
}

// A whole channel is out of order: what cannot wait goes another way that is open,
// everything else waits, and nothing goes twice. Four minutes after both gateways
// went, with three probes each in vain, the next probe is four minutes away.
func TestWhatCannotWaitGoesAnotherWayWhileAChannelIsOut(t *testing.T) {
	gateways := []string{"gateway-a", "gateway-b"}
	critical := notify.Notice{Priority: notify.Critical}
	in := func(p *post, d time.Duration) notify.Notice { return notify.Notice{Expires: p.now.Load().Add(d)} }
	lasting := func(p *post) { p.goneFor(4*time.Minute, 3, gateways...) }
	noMailbox := func(p *post) { p.change(lan, func(x *org.Person) { x.Email = "" }) }
	is := func(n notify.Notice) func(*post) notify.Notice { return func(*post) notify.Notice { return n } }
	open := func(policy notify.OnUnknown) func(p *post) notify.Notice {
		return func(p *post) notify.Notice {
			return notify.Notice{Priority: notify.Critical, OnUnknown: policy, Person: lan, Provider: "gateway-a", RepeatUntil: p.sys.Now(), Claims: 1, Attempts: 1}
		}
	}
	for name, c := range map[string]struct {
		world func(p *post) // besides the outage
		out   func(p *post)
		what  func(p *post) notify.Notice
		goes  notify.Channel // empty: it waits
	}{
		"a critical one goes by mail":                           {nil, lasting, is(critical), notify.Email},
		"an ordinary one waits":                                 {nil, lasting, is(notify.Notice{}), ""},
		"an ordinary one waits for a day":                       {nil, func(p *post) { p.goneFor(8*time.Hour, 8, gateways...) }, is(notify.Notice{}), ""},
		"one that is over before the gateways are likely back":  {nil, lasting, func(p *post) notify.Notice { return in(p, 5*time.Minute) }, notify.Email},
		"one that is over later waits":                          {nil, lasting, func(p *post) notify.Notice { return in(p, 5*time.Minute+time.Second) }, ""},
		"a breaker that has just opened is no outage":           {nil, func(p *post) { p.goneFor(time.Second, 0, gateways...) }, is(critical), ""},
		"two probes in vain are none either":                    {nil, func(p *post) { p.goneFor(4*time.Minute, 2, gateways...) }, is(critical), ""},
		"but who is over before the next probe does not wait":   {nil, func(p *post) { p.goneFor(time.Second, 0, gateways...) }, func(p *post) notify.Notice { return in(p, time.Minute) }, notify.Email},
		"one gateway that works is enough":                      {nil, func(p *post) { p.goneFor(4*time.Minute, 3, "gateway-a") }, is(critical), ""},
		"with mail out as well it waits":                        {nil, func(p *post) { p.goneFor(4*time.Minute, 3, append(gateways, "relay")...) }, is(critical), ""},
		"without a mailbox a critical one waits":                {noMailbox, lasting, is(critical), ""},
		"after an hour it goes on paper":                        {noMailbox, func(p *post) { p.goneFor(time.Hour, 3, gateways...) }, is(critical), notify.PaperTask},
		"without a mailbox one that is over soon goes on paper": {noMailbox, lasting, func(p *post) notify.Notice { return in(p, time.Minute) }, notify.PaperTask},
		"whose mailbox is barred is not written to": {func(p *post) {
			p.operator(func(ctx context.Context, w *core.Notices) error {
				return w.Bar(ctx, notify.Email, p.person(lan).Email, "bounced")
			})
		}, lasting, is(critical), ""},
		"what may have gone stays where it may have gone": {nil, lasting, open(notify.Hold), ""},
		"unless it allows a copy":                         {nil, lasting, open(notify.Resend), notify.Email},
		"what is not due yet stays": {nil, lasting, func(p *post) notify.Notice {
			return notify.Notice{Priority: notify.Critical, NotBefore: p.now.Load().Add(time.Minute)}
		}, ""},
		"at night what is not critical could not go anyway":        {func(p *post) { p.at("2017-03-15 22:00") }, lasting, func(p *post) notify.Notice { return in(p, time.Minute) }, ""},
		"to a role that one of them cannot be reached in it waits": {func(p *post) { p.change(u10, func(x *org.Person) { x.Email = "" }) }, lasting, is(notify.Notice{Priority: notify.Critical, To: org.Party{Role: org.UnitHead, Unit: unitTNMT}}), ""},
		"to a role that everybody can be reached in":               {nil, lasting, is(notify.Notice{Priority: notify.Critical, To: org.Party{Role: org.UnitHead, Unit: unitTNMT}}), notify.Email},
		"without anybody who would do the paper it waits": {noMailbox, func(p *post) {
			lasting(p)
			p.allPostsVacant()
		}, func(p *post) notify.Notice { return in(p, time.Minute) }, ""},
		"a citizen's goes on paper when it would be over": {nil, lasting, func(p *post) notify.Notice {
			n := in(p, time.Minute)
			n.To, n.Audience = p.citizen(opinion.Speaker{ID: "S-1", Name: "Người dân", Phone: "+84900000077"}), notify.ToCitizen
			return n
		}, notify.PaperTask},
		"a citizen who wants no messages gets none": {nil, lasting, func(p *post) notify.Notice {
			n := in(p, time.Minute)
			n.To, n.Audience = p.citizen(opinion.Speaker{ID: "S-1", Name: "Người dân", Phone: "+84900000077", NoSMS: true}), notify.ToCitizen
			return n
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := outagePost(t)
			if c.world != nil {
				c.world(p)
			}
			c.out(p)
			n := c.what(p)
			n.Key = "k/sms"
			id := p.tell(n)
			done := p.recover()
			if again := p.recover(); again.Diverted != 0 {
				t.Errorf("%d went another way twice", again.Diverted)
			}
			others := p.all(notify.Query{Keys: []string{"k/email", "k/paper_task"}})
			if c.goes == "" {
				p.want(id, notify.Pending)
				if len(others) != 0 || done.Diverted != 0 {
					t.Errorf("it goes another way: %+v", others)
				}
				return
			}
			was := p.want(id, notify.Failed)
			if len(others) != 1 || others[0].Channel != c.goes || done.Diverted != 1 || !strings.Contains(others[0].Why, "every provider is out of order since") {
				t.Fatalf("%d went another way: %+v", done.Diverted, others)
			}
			if r := p.rerouted(id); len(r) != 1 || !strings.Contains(r[0], string(others[0].ID)) || was.Why == "" {
				t.Errorf("the journal says %v, the notice %q", r, was.Why)
			}
			p.run()
			p.back(gateways...)
			p.pass(time.Hour)
			p.run()
			p.want(others[0].ID, notify.Accepted)
			if sms := len(slices.DeleteFunc(slices.Clone(p.taken), func(l letter) bool { return l.channel != notify.SMS || !strings.Contains(l.text, "XL-"+string(id)) })); sms != 0 {
				t.Errorf("when the gateways were back it went by SMS as well: %+v", p.taken)
			}
		})
	}
}

// rerouted is what the journal says of a notice that goes another way.
func (p *post) rerouted(id notify.ID) (said []string) {
	p.t.Helper()
	p.see(func(ctx context.Context, tx store.Tx) error {
		records, err := tx.Records(ctx, event.Query{Subject: id.Subject()})
		for _, r := range records {
			if r.Kind == (notify.Rerouted{}).Kind() && strings.Contains(r.Why, "out of order") {
				said = append(said, string(r.Data))
			}
		}
		return err
	})
	return said
}

// allPostsVacant ends whatever anybody holds.
func (p *post) allPostsVacant() {
	p.t.Helper()
	p.put(func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Holdings(ctx, org.HoldingQuery{})
		for i := range all {
			all[i].Valid.To = day("2017-03-01")
			err = errors.Join(err, tx.PutHolding(ctx, &all[i]))
		}
		return err
	})
}

func (p *post) person(id org.PersonID) (x org.Person) {
	p.t.Helper()
	p.see(func(ctx context.Context, tx store.Tx) (err error) {
		x, err = tx.Person(ctx, id)
		return err
	})
	return x
}

func TestWhatIsSaidOnAnotherChannelAlreadyWaitsForItsOwn(t *testing.T) {
	for name, c := range map[string]struct {
		mail notify.State
		goes bool
	}{
		"the mail waits to go":         {notify.Pending, false},
		"the mail has gone":            {notify.Accepted, false},
		"the mail may have gone":       {notify.Uncertain, false},
		"the mail failed, so on paper": {notify.Failed, true},
	} {
		p := outagePost(t)
		p.goneFor(4*time.Minute, 3, "gateway-a", "gateway-b")
		ends := p.now.Load().Add(2 * time.Minute)
		id := p.tell(notify.Notice{Key: "k/sms", Expires: ends})
		mail := p.notice(p.tell(notify.Notice{Key: "k/email", Channel: notify.Email, Expires: ends}))
		mail.State = c.mail
		p.put(func(ctx context.Context, tx store.Tx) error { return tx.PutNotices(ctx, []*notify.Notice{&mail}) })
		p.recover()
		paper := p.all(notify.Query{Keys: []string{"k/paper_task"}})
		if gone := p.notice(id).State == notify.Failed; gone != c.goes || (len(paper) == 1) != c.goes {
			t.Errorf("%s: it goes on paper %v (%d), want %v", name, gone, len(paper), c.goes)
		}
	}
}

func TestOfADigestOnlyWhatCannotWaitGoesAnotherWay(t *testing.T) {
	p := outagePost(t)
	soon := p.tell(notify.Notice{Key: "soon/sms", Expires: p.now.Load().Add(8 * time.Minute)})
	rest := p.tell(notify.Notice{Key: "rest/sms"})
	more := p.tell(notify.Notice{Key: "more/sms"})
	p.answer = result(notify.ResultNotSent)
	p.deliver(p.dispatch().Tickets)
	p.want(soon, notify.Merged)
	p.goneFor(4*time.Minute, 3, "gateway-a", "gateway-b")
	if done := p.recover(); done.Diverted != 1 {
		t.Errorf("%d went another way", done.Diverted)
	}
	p.want(soon, notify.Failed)
	p.want(rest, notify.Merged)
	p.answer = nil
	p.run()
	p.wantTaken(0, 1)
	p.back("gateway-a", "gateway-b")
	p.pass(time.Minute)
	p.run()
	p.want(rest, notify.Accepted)
	p.want(more, notify.Accepted)
	p.want(soon, notify.Failed)
	p.wantTaken(1, 1)
	if sms := p.taken[1].text; strings.Contains(sms, "XL-"+string(soon)) || !strings.Contains(sms, "XL-"+string(rest)) {
		t.Errorf("the digest says %q", sms)
	}
}

func TestWhatItsChannelWouldTryAgainTooLateGoesAnotherWay(t *testing.T) {
	for name, c := range map[string]struct {
		ends time.Duration // after it was refused the third time, and waits about five minutes
		goes bool
	}{
		"over before the next try": {3 * time.Minute, true},
		"over after the next try":  {10 * time.Minute, false},
	} {
		p := outagePost(t)
		p.answer = result(notify.ResultTransient)
		began := *p.now.Load()
		id := p.tell(notify.Notice{Key: "k/sms", Expires: began.Add(30*time.Minute + c.ends)})
		p.run()
		n := p.notice(id)
		n.Attempts = 2
		p.put(func(ctx context.Context, tx store.Tx) error { return tx.PutNotices(ctx, []*notify.Notice{&n}) })
		p.pass(30 * time.Minute)
		p.run()
		p.answer = nil
		p.recover()
		state := p.notice(id).State
		p.run()
		if goes := state == notify.Failed; goes != c.goes {
			t.Errorf("%s: it is %s", name, state)
		}
		if c.goes {
			p.wantTaken(0, 1)
		}
	}
}
