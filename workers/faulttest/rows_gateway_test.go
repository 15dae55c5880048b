package faulttest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/rate"
)

// wrong is something that a gateway does wrong, and what a call then comes to.
type wrong struct {
	smssink.Fault
	result notify.Result
}

// everyWrong is what the gateway of [gatewayFaults] does, one after the other.
// Redirects lead to the address.
func everyWrong(elsewhere string) []wrong {
	moved := http.Header{"Location": {elsewhere}}
	unknown := []smssink.Fault{
		{Drop: true}, {Drop: true, Accepted: true}, {Status: 500, Body: "oops"}, {Status: 500, Body: "oops", Accepted: true},
		{Status: 502, Body: "<html>Bad Gateway</html>"}, {Body: `{"code":`}, {Body: " ", Accepted: true},
		{Body: strings.Repeat("x", 10<<20), Accepted: true}, {Accepted: true, Delay: 2 * callTimeout}, {Delay: 2 * callTimeout},
		{Accepted: true, Drip: callTimeout / 10}, {Body: strings.Repeat(" ", 100), Drip: callTimeout / 50},
		{Status: 302, Header: moved, Body: "elsewhere"}, {Code: "777"},
	}
	all := []wrong{
		{smssink.Throttled(time.Second), notify.ResultThrottled}, {smssink.Fault{Status: 429, Body: "slow"}, notify.ResultThrottled},
		{smssink.Fault{Status: 307, Header: moved, Body: "elsewhere"}, notify.ResultMisconfigured},
	}
	for _, f := range unknown {
		all = append(all, wrong{f, notify.ResultUnknown})
	}
	return all
}

// history is what a gateway did at the calls for each message, in order.
type history struct {
	mu   sync.Mutex
	done map[string][]int // number of what was wrong, -1 for nothing
}

func (h *history) add(message string, which int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.done == nil {
		h.done = map[string][]int{}
	}
	h.done[message] = append(h.done[message], which)
}

// gatewayFaults lets the gateway do something else wrong on the first calls for
// every third message, before and after it took it: not so often that the breaker
// keeps everything back. Each call counts as what it was.
func gatewayFaults(r *run) {
	var followed atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	defer trap.Close()
	faults := everyWrong(trap.URL)
	seen := make([]int, len(faults))
	for _, knowsKey := range []bool{true, false} {
		script, told := &fickle{most: 2}, &history{}
		s := r.quiet(setup{knowsKey: knowsKey, speed: 120, sms: func(q smssink.Request) smssink.Fault {
			n := 1
			_, _ = fmt.Sscanf(q.ClientID, "n-%d", &n)
			if turn := script.turn(q.ClientID); turn >= 0 && n%3 == 0 {
				which := (n/3 + turn*5) % len(faults)
				told.add(q.ClientID, which)
				return faults[which].Fault
			}
			told.add(q.ClientID, -1)
			return smssink.Fault{}
		}})
		s.others = true
		// Each probe may meet a fault: the waits between them must not outlast the row.
		s.orders.LastProbe = time.Minute
		for i := range r.notices / 2 {
			policy := []letter{letterB, letterC}[i%2]
			if knowsKey {
				policy = letterA
			}
			s.addOne(notify.SMS, policy)
		}
		s.begin(r.workers)
		s.calm(r.patience)
		if found := r.judge(s, true); open(found) == 0 {
			r.Error("no outcome was unknown: nothing was shown")
		}
		r.compare(s, told, faults, seen)
		if knowsKey && s.sms.Repeats() == 0 {
			r.Error("the gateway was asked nothing again: nothing was shown")
		}
		s.close()
	}
	for which, n := range seen {
		if n == 0 {
			r.Errorf("no call met %+v: nothing was shown", faults[which].result)
		}
	}
	if n := followed.Load(); n > 0 {
		r.Errorf("%d redirects were followed", n)
	}
	r.note(fmt.Sprintf("%d kinds of fault, each with its outcome", len(faults)))
}

// compare holds the outcomes of the calls against what the gateway did. Calls that
// did not reach it have none; one that a slow machine let run out of time is
// unknown whatever the gateway said.
func (r *run) compare(s *stage, told *history, faults []wrong, seen []int) {
	r.Helper()
	_, attempts, _ := s.read()
	told.mu.Lock()
	defer told.mu.Unlock()
	for _, e := range s.added {
		var calls []notify.Attempt
		for _, a := range attempts[e.ID] {
			if a.Outcome != notify.ResultNotSent {
				calls = append(calls, a)
			}
		}
		did := told.done[string(e.ID)]
		if len(did) != len(calls) {
			continue // one timed out on its way
		}
		for i, a := range calls {
			late := strings.HasSuffix(a.Detail, timeOver)
			switch {
			case did[i] < 0 && (a.Outcome == notify.ResultAccepted || late):
			case did[i] < 0:
				r.Errorf("%s was taken and counts as %s: %s", e.ID, a.Outcome, a.Detail)
			case a.Outcome == faults[did[i]].result:
				seen[did[i]]++
			case !late:
				r.Errorf("%s met %+.200v and counts as %s (%s), want %s", e.ID, faults[did[i]].Fault, a.Outcome, a.Detail, faults[did[i]].result)
			}
		}
	}
}

// gatewayOutOfReach sends by workers one after the other that cannot reach the
// gateway: nobody listens, its host has no address, its certificate is nobody's.
// Nothing was sent by any of them, and everything goes once by those who can.
func gatewayOutOfReach(r *run) {
	stranger := httptest.NewUnstartedServer(http.NotFoundHandler())
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0)
	stranger.StartTLS()
	defer stranger.Close()
	s := r.quiet(setup{speed: 120})
	s.orders.LastProbe = 30 * time.Second
	s.others = true
	causes := map[string]string{
		"connection refused": "http://127.0.0.1:1/sms", "host not found": "https://sms..example/sms", "certificate not trusted": stranger.URL + "/sms",
	}
	for cause, address := range causes {
		s.orders.SMS = address
		s.begin(1)
		for range 3 {
			s.addOne(notify.SMS, letterB)
		}
		s.until(r, "a call fails: "+cause, func() bool { return s.failed("no connection: "+cause) > 0 })
		if err := s.workers[0].stop(); err != nil {
			r.Error(err)
		}
	}
	if n := s.sms.Requests(); n > 0 {
		r.Errorf("%d requests reached the gateway", n)
	}
	s.orders.SMS = s.sms.URL()
	s.begin(r.workers)
	s.calm(r.patience)
	r.judge(s, false)
	for cause := range causes {
		r.note(fmt.Sprintf("%d calls: %s", s.failed("no connection: "+cause), cause))
	}
}

// failed is how many calls were not sent with the detail.
func (s *stage) failed(detail string) int {
	s.t.Helper()
	n := 0
	_, attempts, _ := s.read()
	for _, calls := range attempts {
		for _, a := range calls {
			if a.Outcome == notify.ResultNotSent && a.Detail == detail {
				n++
			}
		}
	}
	return n
}

// until waits for what has to happen.
func (s *stage) until(r *run, what string, done func() bool) {
	s.t.Helper()
	for end := time.Now().Add(r.patience); !done(); time.Sleep(20 * time.Millisecond) {
		s.revive()
		if time.Now().After(end) {
			r.Fatalf("it does not come to this within %v: %s", r.patience, what)
		}
	}
}

// arrivals are the requests that a gateway was sent, on the wall.
type arrivals struct {
	mu sync.Mutex
	at []time.Time
}

// next enters one and returns how many there were before.
func (a *arrivals) next() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = append(a.at, time.Now())
	return len(a.at) - 1
}

// beyond is the first moment since from at which the gateway had more requests
// than its rate allows, in words; empty: there is none.
func (a *arrivals) beyond(limit rate.Limit, from time.Time) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, at := range a.at {
		since := at.Sub(from).Seconds()
		if allowed := float64(limit.Burst) + limit.PerSecond*since; float64(i+1) > allowed {
			return fmt.Sprintf("after %.2f s the gateway had %d requests, its rate allows %.0f", since, i+1, allowed)
		}
	}
	return ""
}

// gatewayThrottles lets the gateway have enough of every call for a while: first
// it says for how long, then it does not. Workers keep to its rate, wait as long as
// it says, and none of this costs a notice an attempt.
func gatewayThrottles(r *run) {
	storm := 60
	if r.full() {
		storm = 500
	}
	limit := rate.Limit{PerSecond: float64(storm) / 3, Burst: 5} // far less than workers could do
	const pause = 5 * time.Second
	requests := &arrivals{}
	s := r.quiet(setup{knowsKey: true, sms: func(smssink.Request) smssink.Fault {
		switch n := requests.next(); {
		case n < storm/2:
			return smssink.Throttled(pause)
		case n < storm:
			return smssink.Fault{Status: http.StatusTooManyRequests, Body: "not so fast"}
		}
		return smssink.Fault{}
	}})
	s.orders.Rate = limit
	s.begin(r.workers)
	s.workersReady()
	var all []notify.Notice
	for i := range storm {
		s.added = append(s.added, expected{Notice: s.notice(i, notify.SMS), policy: letterA})
		all = append(all, s.added[i].Notice)
	}
	began := time.Now()
	s.commit(all...)
	s.calm(r.patience)
	r.judge(s, false)
	if broken := requests.beyond(limit, began); broken != "" {
		r.Error(broken)
	}
	notices, attempts, _ := s.read()
	throttled := 0
	for _, e := range s.added {
		if n := notices[e.ID]; n.Attempts != 1 || n.Claims != 1 {
			r.Errorf("%s was taken at its first attempt that counts, and has %d of %d claims", n.ID, n.Attempts, n.Claims)
		}
		for i, a := range attempts[e.ID] {
			if a.Outcome != notify.ResultThrottled {
				continue
			}
			throttled++
			if i+1 < len(attempts[e.ID]) && attempts[e.ID][i+1].Started.Sub(a.Finished) < pause {
				r.Errorf("%s was sent again %v after the gateway asked for %v of peace", e.ID, attempts[e.ID][i+1].Started.Sub(a.Finished), pause)
			}
		}
	}
	if throttled < storm {
		r.Errorf("%d calls were throttled, want %d", throttled, storm)
	}
	r.note(fmt.Sprintf("%d of %d calls throttled, at %.0f a second and a burst of %d; no attempt consumed", throttled, len(requests.at), limit.PerSecond, limit.Burst))
}

// workersReady waits until every worker works.
func (s *stage) workersReady() {
	s.t.Helper()
	for _, w := range s.workers {
		select {
		case <-w.ready:
		case <-w.ended:
			s.t.Fatalf("a worker ended: %v: %s", w.err, w.stderr.text)
		case <-time.After(time.Minute):
			s.t.Fatal("a worker does not begin")
		}
	}
}

// gatewayCredentials lets somebody change the password at the gateway in the
// middle. The breaker opens at the first refusal, the administrator is told by
// mail, nothing is called for but to try, and no notice has an attempt less when
// the password is right again.
func gatewayCredentials(r *run) {
	var revoked atomic.Bool
	s := r.quiet(setup{knowsKey: true, speed: 120, people: 4 * r.notices, sms: func(smssink.Request) smssink.Fault {
		if revoked.Load() {
			return smssink.Fault{Status: http.StatusUnauthorized, Code: smssink.CodeCredentials}
		}
		return smssink.Fault{}
	}})
	s.orders.LastProbe = time.Minute
	s.others = true
	s.administrator()
	s.begin(r.workers)
	s.trickle(r, "some are sent", func() bool { return len(s.sms.Ledger()) >= 20 })
	revoked.Store(true)
	s.trickle(r, "the breaker opens, and a probe fails", func() bool { b := s.breaker(); return b.Open && b.Probes > 0 })
	revoked.Store(false)
	s.until(r, "the breaker closes", func() bool { return !s.breaker().Open })
	s.calm(r.patience)
	r.judge(s, false)
	refused := 0
	notices, attempts, _ := s.read()
	for _, e := range s.added {
		if n := notices[e.ID]; n.Attempts != 1 || n.Claims != 1 {
			r.Errorf("%s was taken at its first attempt that counts, and has %d of %d claims", n.ID, n.Attempts, n.Claims)
		}
		for _, a := range attempts[e.ID] {
			if a.Outcome == notify.ResultMisconfigured {
				refused++
			}
		}
	}
	opened := s.opened()
	if len(opened) == 0 || opened[0].Reason != "misconfigured "+smssink.CodeCredentials {
		r.Errorf("the breaker opened because of %q, want the first refusal of the credentials", opened)
	}
	r.onlyProbes(s, attempts)
	s.until(r, "the administrator has the alarm in the mail", func() bool {
		return slices.ContainsFunc(s.mail.Ledger(), func(m smtpsink.Mail) bool { return m.To[0] == outboxtest.Email(0) })
	})
	r.note(fmt.Sprintf("%d calls refused, no attempt consumed, the alarm is in the mail", refused))
}

// administrator gives the first person that role.
func (s *stage) administrator() {
	s.t.Helper()
	err := s.store.Update(s.t.Context(), func(ctx context.Context, tx store.Tx) error {
		return tx.PutHolding(ctx, &org.Holding{
			ID: "QT", Person: outboxtest.Person(0), Role: org.Admin, Place: "H", Unit: "U-1",
			Valid: calendar.Period{From: calendar.MustDate(2016, 1, 1)}, Decision: "12/QD-UBND",
		})
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// trickle commits SMS one after the other until something has happened.
func (s *stage) trickle(r *run, what string, done func() bool) {
	s.t.Helper()
	s.until(r, what, func() bool {
		if s.moving() < 40 {
			s.addOne(notify.SMS, letterA)
		}
		return done()
	})
}

// breaker is that of the stage's gateway.
func (s *stage) breaker() notify.Breaker {
	s.t.Helper()
	all, err := s.sys.Providers(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, one := range all {
		if one.Name == httpsms.Generic().Name {
			return one.Breaker
		}
	}
	return notify.Breaker{}
}

// opened is what the journal says of the breaker of the stage's gateway: why it
// opened, each time.
func (s *stage) opened() (all []notify.ProviderOpened) {
	s.t.Helper()
	err := s.store.View(s.t.Context(), func(ctx context.Context, tx store.Tx) error {
		records, err := tx.Records(ctx, event.Query{Subject: notify.ProviderSubject(httpsms.Generic().Name)})
		for _, one := range records {
			var e notify.ProviderOpened
			if one.Kind == e.Kind() && json.Unmarshal(one.Data, &e) == nil {
				all = append(all, e)
			}
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// onlyProbes checks that of the calls that the gateway refused none but the first
// ones, those that were on their way when the breaker opened, came closer together
// than probes do.
func (r *run) onlyProbes(s *stage, attempts map[notify.ID][]notify.Attempt) {
	r.Helper()
	var refused []time.Time
	for _, calls := range attempts {
		for _, a := range calls {
			if a.Outcome == notify.ResultMisconfigured {
				refused = append(refused, a.Started)
			}
		}
	}
	slices.SortFunc(refused, time.Time.Compare)
	wait, onTheirWay := notify.BreakerRules{}.Complete().FirstProbe, r.stretch(busy)*time.Duration(s.orders.Clock.Speed)
	for i := 1; i < len(refused); i++ {
		if refused[i].Sub(refused[0]) > onTheirWay && refused[i].Sub(refused[i-1]) < wait {
			r.Errorf("two calls within %v were refused, want %v between probes", refused[i].Sub(refused[i-1]), wait)
		}
	}
	if len(refused) < 2 {
		r.Errorf("%d calls were refused: nothing was shown", len(refused))
	}
}

// gatewayTokens lets the place that gives tokens be down for a while. Those that
// were given soon expire; without one nothing is sent, nothing is unknown, and
// everything goes when there are tokens again.
func gatewayTokens(r *run) {
	const token = "good-for-half-a-minute"
	var down atomic.Bool
	desk := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if down.Load() || q.FormValue("client_secret") != account {
			http.Error(w, "no tokens today", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":90}`, token)
	}))
	defer desk.Close()
	s := r.quiet(setup{knowsKey: true, speed: 120, people: 4 * r.notices, token: token})
	s.orders.Tokens, s.orders.LastProbe = desk.URL, time.Minute
	s.others = true
	s.begin(r.workers)
	s.trickle(r, "some are sent", func() bool { return len(s.sms.Ledger()) >= 20 })
	down.Store(true)
	s.trickle(r, "the breaker opens", func() bool { return s.breaker().Open })
	down.Store(false)
	s.calm(r.patience)
	r.judge(s, false)
	sent, without := 0, 0
	_, attempts, _ := s.read()
	for _, e := range s.added {
		for _, a := range attempts[e.ID] {
			switch {
			case strings.HasPrefix(a.Detail, "no token: "):
				without++
			case a.Outcome != notify.ResultNotSent:
				sent++
			}
		}
	}
	if got := s.sms.Requests(); got != sent || without == 0 {
		r.Errorf("%d calls had no token and %d had one, %d requests came to the gateway: want as many as had one", without, sent, got)
	}
	r.note(fmt.Sprintf("%d calls had no token, and were not sent", without))
}

// babbler stands before the gateway and answers the first calls with far more than
// anybody can want to hear.
type babbler struct {
	next  http.Handler
	most  int64 // calls
	calls atomic.Int64

	mu    sync.Mutex
	heard []int // bytes of each answer that it got rid of
}

// babble is how much it has to say, and hearable how much of that can be on its
// way: what the adapter reads, and the buffers of both systems.
const (
	babble   = 256 << 20
	hearable = 32 << 20
)

func (b *babbler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if b.calls.Add(1) > b.most {
		b.next.ServeHTTP(w, r)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	chunk, said := make([]byte, 64<<10), 0
	for err := error(nil); err == nil && said < babble; {
		var n int
		n, err = w.Write(chunk)
		said += n
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard = append(b.heard, said)
}

// gatewayBabbles lets the gateway answer without end. Workers hear as much as an
// answer may have, and their memory does not grow by it.
func gatewayBabbles(r *run) {
	s := r.quiet(setup{knowsKey: true, speed: 120})
	gateway, err := url.Parse("http://" + s.sms.Addr())
	if err != nil {
		r.Fatal(err)
	}
	b := &babbler{next: httputil.NewSingleHostReverseProxy(gateway), most: 8}
	front := httptest.NewServer(b)
	defer front.Close()
	s.orders.SMS, s.orders.LastProbe = front.URL+"/sms", time.Minute
	s.others = true
	s.begin(r.workers)
	s.workersReady()
	before := s.memory()
	for range 2 * b.most {
		s.addOne(notify.SMS, letterA)
	}
	s.calm(r.patience)
	if found := r.judge(s, true); open(found) < int(b.most) {
		r.Errorf("%d outcomes were unknown, want that of each of %d answers", open(found), b.most)
	}
	most := 0
	for i, now := range s.memory() {
		most = max(most, now-before[i])
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.heard) != int(b.most) || slices.Max(b.heard) > hearable {
		r.Errorf("of %d bytes each the workers heard %v", babble, b.heard)
	}
	if most > babble {
		r.Errorf("a worker's memory grew by %d MiB, more than one answer has", most>>20)
	}
	r.note(fmt.Sprintf("of %d MiB at most %d were heard, a worker's memory grew by %d", babble>>20, cmp.Or(slices.Max(b.heard)>>20, 1), most>>20))
}

// memory is the most that each worker has had of it, in bytes, 0 where the system
// does not tell.
func (s *stage) memory() []int {
	s.t.Helper()
	all := make([]int, len(s.workers))
	for i, w := range s.workers {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.process.Process.Pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(status)) {
			var kib int
			if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
				all[i] = kib << 10
			}
		}
	}
	return all
}
