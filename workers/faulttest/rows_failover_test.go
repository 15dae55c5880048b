package faulttest

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
)

// Two providers of SMS, and what one of them does when it is in trouble.
var failoverRows = []row{
	{"F23", "one provider of two down, slow, flapping", providerFailsOver},
	{"F23", "all providers of SMS down for long while mail works", channelIsOut},
}

// The two and their weights.
const (
	gatewayA, gatewayB = "gateway-a", "gateway-b"
	weightA, weightB   = 3, 1
)

// pair is a second gateway beside that of the stage, and a door before the first
// that can be shut, so that calls are certainly not taken.
type pair struct {
	*stage
	b      *smssink.Sink
	door   *link
	doorB  *link       // and before the second
	slow   atomic.Bool // the first one answers later than anybody waits
	outage []outage    // of the first one's breaker, as the store showed them
	share  int         // the least of its weight that was left, in hundredths
	opened time.Duration
	letter letter
	pause  time.Duration // between two notices
}

// outage is how long a breaker was open, on the stage's clock.
type outage struct{ from, to time.Time }

// twoGateways is a stage with workers that send SMS by either.
func (r *run) twoGateways(knowsKey bool) *pair {
	r.Helper()
	p := &pair{}
	p.stage = r.quiet(setup{speed: 120, knowsKey: knowsKey, people: 2*r.notices + 3000, sms: func(smssink.Request) smssink.Fault {
		if p.slow.Load() {
			return smssink.Fault{Accepted: true, Delay: callTimeout + time.Second}
		}
		return smssink.Fault{Accepted: true, Delay: 30 * time.Millisecond}
	}})
	window := 24 * time.Hour
	if !knowsKey {
		window = -1
	}
	var err error
	if p.b, err = smssink.Start(&smssink.Options{Clock: p.orders.Clock.now, LedgerFile: filepath.Join(p.dir, "sms-b.ledger"), Window: window}); err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { p.b.Close() })
	p.second, p.others, p.share = p.b, true, 100*weightA
	p.door = newLink(r.T, "tcp", p.sms.Addr())
	p.door.moveTo("127.0.0.23") // where nobody takes its port while it is shut
	p.doorB = newLink(r.T, "tcp", p.b.Addr())
	p.doorB.moveTo("127.0.0.24")
	p.orders.SMS, p.orders.SecondSMS = "http://"+p.door.addr()+"/sms", "http://"+p.doorB.addr()+"/sms"
	p.begin(r.workers)
	return p
}

// moveTo lets the link listen on another address of the loopback interface, where
// the system has it.
func (l *link) moveTo(host string) {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return
	}
	l.listener.Close()
	l.mu.Lock()
	l.listener = listener
	l.mu.Unlock()
	go l.serve(listener)
}

// shut refuses connections until the link is opened again.
func (l *link) shut() {
	l.listener.Close()
	l.cut()
}

// reopen takes connections again, at the same address.
func (l *link) reopen() error {
	var err error
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		var listener net.Listener
		if listener, err = net.Listen("tcp", l.addr()); err == nil {
			l.mu.Lock()
			l.listener = listener
			l.mu.Unlock()
			go l.serve(listener)
			return nil
		}
	}
	return err
}

// longestToOpen is how long a breaker may take, on the wall.
const longestToOpen = 10 * time.Second

// trouble lets something be wrong with the first gateway for a while, and until
// its breaker opens, under a steady load; it has to open in time.
func (p *pair) trouble(r *run, lasts time.Duration, wrong func(since time.Duration), right func()) {
	r.Helper()
	began, before, longest := time.Now(), len(p.outage), r.stretch(longestToOpen)
	p.until(r, func() bool {
		wrong(time.Since(began))
		if len(p.outage) > before && p.opened < 0 {
			p.opened = time.Since(began)
		}
		since := time.Since(began)
		return since >= lasts && p.opened >= 0 || since > max(lasts, longest)
	})
	if p.opened < 0 || p.opened > longest {
		r.Errorf("the breaker took %v to open, want %v at most", p.opened, longest)
	}
	r.note(fmt.Sprintf("open after %v", p.opened.Round(10*time.Millisecond)))
	p.opened = -1
	right()
}

// until adds notices at a steady rate and watches the breaker until done.
func (p *pair) until(r *run, done func() bool) {
	r.Helper()
	for added := time.Now(); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Since(added) >= p.pause {
			p.addOne(notify.SMS, p.letter)
			added = time.Now()
		}
		p.watch()
		p.revive()
	}
}

// watch keeps account of the breaker of the first gateway and returns it.
func (p *pair) watch() *notify.Provider {
	p.t.Helper()
	all, err := p.sys.Providers(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, one := range all {
		if one.Name != gatewayA {
			continue
		}
		last := len(p.outage) - 1
		switch b := one.Breaker; {
		case b.Open && (last < 0 || !p.outage[last].from.Equal(b.Opened)):
			p.outage = append(p.outage, outage{from: b.Opened})
		case !b.Open && last >= 0 && p.outage[last].to.IsZero():
			p.outage[last].to = b.Closed
		}
		p.share = min(p.share, one.Share(p.sys.Now()))
		return &one
	}
	return new(notify.Provider)
}

func providerFailsOver(r *run) {
	p := r.twoGateways(true)
	p.letter, p.opened, p.pause = letterA, -1, 25*time.Millisecond
	lasts := p.orders.Clock.wall(10 * time.Minute)
	if r.full() {
		lasts *= 2
	}
	shut := false
	toggle := func(to bool) {
		switch {
		case to && !shut:
			p.door.shut()
		case !to && shut:
			if err := p.door.reopen(); err != nil {
				r.Fatal(err)
			}
		}
		shut = to
	}
	r.settleBreaker(p)
	p.trouble(r, lasts, func(time.Duration) { toggle(true) }, func() { toggle(false) })
	r.settleBreaker(p)
	p.trouble(r, lasts, func(time.Duration) { p.slow.Store(true) }, func() { p.slow.Store(false) })
	r.settleBreaker(p)
	p.trouble(r, lasts, func(since time.Duration) { toggle(since/time.Second%2 == 0) }, func() { toggle(false) })
	r.settleBreaker(p)
	p.pause = time.Hour
	p.calm(r.patience)
	r.backToWeights(p)
	r.judge(p.stage, true)
	r.noneByBoth(p)
	r.bothTook(p)
	r.probesOneByOne(p)
}

// settleBreaker waits until the breaker of the first gateway is closed.
func (r *run) settleBreaker(p *pair) {
	r.Helper()
	end := time.Now().Add(r.patience)
	p.until(r, func() bool {
		if time.Now().After(end) {
			r.Fatalf("the breaker does not close: %+v", p.watch().Breaker)
		}
		one := p.watch()
		return one.Name != "" && !one.Breaker.Open
	})
}

// backToWeights waits until nothing of the first gateway's weight is off any more
// and looks how what comes then is shared out.
func (r *run) backToWeights(p *pair) {
	r.Helper()
	if p.share >= 100*weightA {
		r.Errorf("in three troubles nothing was off the provider's weight")
	}
	for end := time.Now().Add(r.patience + 2*time.Minute); p.watch().Share(p.sys.Now()) < 100*weightA; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			r.Fatalf("the weight does not come back: %+v", p.watch())
		}
	}
	from := len(p.added)
	for range r.notices {
		p.addOne(notify.SMS, p.letter)
	}
	p.calm(r.patience)
	_, attempts, _ := p.read()
	byA := 0
	for _, e := range p.added[from:] {
		if first := attempts[e.ID]; len(first) > 0 && first[0].Provider == gatewayA {
			byA++
		}
	}
	share := 100 * byA / r.notices
	if share < 60 || share > 90 {
		r.Errorf("after the recovery %d %% went by the first gateway, its weight says 75", share)
	}
	r.note(fmt.Sprintf("weight down to %d %%, afterwards %d %% by it again", p.share/weightA, share))
}

// noneByBoth checks that no message was taken by one provider and the other.
func (r *run) noneByBoth(p *pair) {
	r.Helper()
	byA := map[string]bool{}
	for _, m := range p.sms.Ledger() {
		byA[m.ClientID] = true
	}
	for _, m := range p.b.Ledger() {
		if byA[m.ClientID] {
			r.Errorf("%s was taken by both", m.ClientID)
		}
	}
}

// bothTook checks that each provider had its part.
func (r *run) bothTook(p *pair) {
	r.Helper()
	if len(p.sms.Ledger()) == 0 || len(p.b.Ledger()) == 0 {
		r.Error("only one of them took anything: nothing was shown")
	}
}

// probesOneByOne checks that while the breaker is open only single calls try, and
// none before the wait between two of them is over. What was claimed in the same
// moment in which the breaker opened is left out.
func (r *run) probesOneByOne(p *pair) {
	r.Helper()
	_, attempts, _ := p.read()
	wait := notify.BreakerRules{}.Complete().FirstProbe
	atOnce := r.stretch(busy) * time.Duration(p.orders.Clock.Speed)
	probes := 0
	for _, o := range p.outage {
		var calls []time.Time
		for _, all := range attempts {
			for _, a := range all {
				if a.Provider == gatewayA && a.Started.After(o.from.Add(atOnce)) && (o.to.IsZero() || a.Started.Before(o.to)) {
					calls = append(calls, a.Started)
				}
			}
		}
		slices.SortFunc(calls, time.Time.Compare)
		for i := 1; i < len(calls); i++ {
			if calls[i].Sub(calls[i-1]) < wait {
				r.Errorf("two calls of a provider that is out of order within %v, want %v between probes", calls[i].Sub(calls[i-1]), wait)
			}
		}
		probes += len(calls)
	}
	if len(p.outage) < 3 || probes == 0 {
		r.Errorf("%d outages, %d probes: nothing was shown", len(p.outage), probes)
	}
	r.note(fmt.Sprintf("%d outages, %d probes", len(p.outage), probes))
}

// lastsFor is how long both gateways are away before anything comes that cannot
// wait, which then has to go by mail.
const lastsFor = 20 * time.Minute

// channelIsOut shuts both gateways for longer than three probes take. What cannot
// wait goes by mail, and only by mail; everything else waits and goes by SMS when
// they are back.
func channelIsOut(r *run) {
	p := r.twoGateways(true)
	p.letter, p.opened, p.pause = letterA, -1, 100*time.Millisecond
	r.settleBreaker(p)
	p.door.shut()
	p.doorB.shut()
	first := len(p.added)
	p.until(r, func() bool { // ordinary ones meanwhile
		p.bounded(r, first)
		o, out := p.smsOutage()
		return out && o.Proven && p.sys.Now().Sub(o.Since) > lastsFor
	})
	var critical, soon []notify.ID
	for i := range r.notices / 10 {
		one := p.notice(len(p.added), notify.SMS)
		if i%2 == 0 {
			one.Priority = notify.Critical
			critical = append(critical, one.ID)
		} else { // over before as long again as it took
			one.Expires = one.NotBefore.Add(lastsFor)
			soon = append(soon, one.ID)
		}
		p.added = append(p.added, expected{one, letterA, []notify.State{notify.Failed}})
		p.commit(one)
	}
	p.pause = time.Hour
	byMail := append(slices.Clone(critical), soon...)
	for end := time.Now().Add(r.patience); !p.mailed(byMail); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			break
		}
		p.revive()
	}
	for _, door := range []*link{p.door, p.doorB} {
		if err := door.reopen(); err != nil {
			r.Fatal(err)
		}
	}
	p.calm(r.patience)
	r.judge(p.stage, true)
	r.noneByBoth(p)
	r.eachByOneChannel(p, byMail)
	r.note(fmt.Sprintf("%d critical and %d that would have been over went by mail, %d waited", len(critical), len(soon), len(p.added)-first-len(byMail)))
}

// smsOutage is what the store knows of the gateways.
func (p *pair) smsOutage() (notify.Outage, bool) {
	p.t.Helper()
	all, err := p.sys.Providers(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	var gateways []*notify.Provider
	for i := range all {
		if all[i].Channel == notify.SMS {
			gateways = append(gateways, &all[i])
		}
	}
	return notify.OutageOf(gateways, p.sys.Now())
}

// bounded gives up when the outage is not proven in time.
func (p *pair) bounded(r *run, first int) {
	if time.Duration(len(p.added)-first)*p.pause > r.patience {
		r.Fatal("the breakers of both gateways are not proven to be open")
	}
}

// mailed reports whether all of them were taken by the mail server.
func (p *pair) mailed(ids []notify.ID) bool {
	copies := p.byMail()
	return !slices.ContainsFunc(ids, func(id notify.ID) bool { return copies[id] == 0 })
}

// byMail counts the mails by the notice that their recipient was added for.
func (p *pair) byMail() map[notify.ID]int {
	to := map[string]notify.ID{}
	for i, e := range p.added {
		to[outboxtest.Email(i)] = e.ID
	}
	copies := map[notify.ID]int{}
	for _, m := range p.mail.Ledger() {
		copies[to[m.To[0]]]++
	}
	return copies
}

// eachByOneChannel checks that what was to go by mail did, once, and by no gateway,
// and that nothing else did.
func (r *run) eachByOneChannel(p *pair, wanted []notify.ID) {
	r.Helper()
	bySMS := map[notify.ID]int{}
	for _, m := range append(p.sms.Ledger(), p.b.Ledger()...) {
		bySMS[notify.ID(m.ClientID)]++
	}
	copies := p.byMail()
	for _, e := range p.added {
		mails, want := copies[e.ID], 0
		if slices.Contains(wanted, e.ID) {
			want = 1
		}
		if mails != want || mails > 0 && bySMS[e.ID] > 0 {
			r.Errorf("%s went out in %d mails, want %d, and %d SMS", e.ID, mails, want, bySMS[e.ID])
		}
	}
}
