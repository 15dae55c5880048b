package faulttest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/core/notify"
)

// What providers do. The tables of the adapters' own tests are exhaustive about
// the outcome of each fault; here real workers have to live with them.
var providerRows = []row{
	{"F11", "SMTP answers with codes", smtpCodes},
	{"F12", "SMTP connections cut at any byte", smtpCuts},
	{"F13", "SMTP tarpit beside a healthy gateway", smtpTarpit},
	{"F14", "SMS gateway fails in every way", gatewayFaults},
}

// fickle goes wrong on the first calls for each message and then no more.
type fickle struct {
	mu    sync.Mutex
	calls map[string]int
	most  int
}

// turn is the number of this call for the message, or -1 when it is over.
func (f *fickle) turn(message string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	n := f.calls[message]
	f.calls[message]++
	if n >= f.most {
		return -1
	}
	return n
}

// mails commits n mails, half of which say resend.
func (s *stage) mails(n int, ends ...notify.State) {
	s.t.Helper()
	for i := range n {
		s.addOne(notify.Email, []letter{letterB, letterC}[i%2], ends...)
	}
}

// smtpCodes refuses every second mail once with a code of one phase, and every
// tenth for good: that one is called for once, and harms no other.
func smtpCodes(r *run) {
	script := &fickle{most: 1}
	codes := []smtpsink.Reply{{Code: 421, Text: "too busy"}, {Code: 450, Text: "try\nlater"}, {Code: 451}, {Code: 452, Enhanced: [3]int{4, 3, 1}}}
	phases := []smtpsink.Phase{smtpsink.PhaseMail, smtpsink.PhaseRcpt, smtpsink.PhaseData}
	number := func(e smtpsink.Event) int {
		n := 0
		if len(e.To) > 0 {
			_, _ = fmt.Sscanf(e.To[len(e.To)-1], "cc-%d@", &n)
		}
		return n
	}
	s := r.quiet(setup{speed: 60, mail: func(e smtpsink.Event) smtpsink.Reply {
		n := number(e)
		switch {
		case e.Phase == smtpsink.PhaseRcpt && n%10 == 9:
			return smtpsink.Reply{Code: 554, Text: "not this one"}
		case e.Phase == smtpsink.PhaseHello && e.Conn%7 == 3:
			return smtpsink.Reply{Code: 421, Text: "not now"}
		case len(e.To) > 0 && n%2 == 0 && e.Phase == phases[n/2%len(phases)] && script.turn(e.To[0]) == 0:
			return codes[n/2%len(codes)]
		}
		return smtpsink.Reply{}
	}})
	s.others = true // those refused for good go by SMS
	s.mails(r.notices)
	for i := range s.added {
		if i%10 == 9 {
			s.added[i].ends = []notify.State{notify.Failed}
		}
	}
	s.begin(r.workers)
	s.calm(r.patience)
	r.judge(s, false)
	_, attempts, _ := s.read()
	again := 0
	for i, e := range s.added {
		if n := len(attempts[e.ID]); i%10 == 9 && n != 1 {
			r.Errorf("%s was refused for good and called for %d times", e.ID, n)
		} else if n > 1 {
			again++
		}
	}
	if again == 0 {
		r.Error("no mail was called for again: nothing was shown")
	}
	r.note(fmt.Sprintf("%d called for again", again))
}

// smtpCuts cuts connections, by FIN and by RST, before the greeting, among the
// commands, in the body and after it, so before and after the final dot alike.
func smtpCuts(r *run) {
	s := r.quiet(setup{delay: 10 * time.Millisecond, speed: 60})
	cuts := newLink(r.T, "tcp", s.mail.Addr())
	spans := [][2]int{{1, 1}, {60, 250}, {300, 900}, {1000, 3000}} // from, and how many more
	opened, ended := 0, map[bool]int{}
	cuts.limit = func() (int, bool) {
		opened++
		if opened%3 == 0 {
			return 0, false
		}
		span, reset := spans[opened%len(spans)], opened%2 == 0
		ended[reset]++
		return span[0] + s.random.IntN(span[1]), reset
	}
	s.orders.SMTP = cuts.addr()
	s.mails(r.notices / 2)
	for i := range s.added {
		s.added[i].ends = []notify.State{notify.Dead} // eight connections cut in a row
	}
	s.others = true
	s.begin(r.workers)
	s.calm(r.patience)
	found := r.judge(s, true)
	for _, m := range s.mail.Ledger() {
		if !strings.Contains(string(m.Raw), "Xem XL-") {
			r.Errorf("%s was taken with half its body", m.MessageID)
		}
	}
	cuts.mu.Lock()
	defer cuts.mu.Unlock()
	if open(found) == 0 || ended[false] < len(spans) || ended[true] < len(spans) {
		r.Errorf("%d calls cut off, %d connections by FIN and %d by RST: nothing was shown", open(found), ended[false], ended[true])
	}
	r.note(fmt.Sprintf("%d connections cut by FIN, %d by RST", ended[false], ended[true]))
}

// smtpTarpit lets a relay not answer at all, at one phase after the other. SMS
// go out meanwhile as if nothing was, and every worker is free again in time.
func smtpTarpit(r *run) {
	var mu sync.Mutex
	slow := true
	phases := []smtpsink.Phase{smtpsink.PhaseHello, smtpsink.PhaseMail, smtpsink.PhaseRcpt, smtpsink.PhaseData}
	s := r.quiet(setup{mail: func(e smtpsink.Event) smtpsink.Reply {
		mu.Lock()
		defer mu.Unlock()
		if slow && e.Phase == phases[e.Conn%len(phases)] {
			return smtpsink.Reply{Delay: time.Minute, Drop: true}
		}
		return smtpsink.Reply{}
	}})
	s.others = true // the alarm that delivery fails
	undisturbed := r.smsAlone()
	s.mails(8)
	s.begin(r.workers)
	took := r.sendSMS(s)
	if most := undisturbed + undisturbed/5 + busy; took > most {
		r.Errorf("95 in 100 SMS were out after %v, without the tarpit after %v: want a fifth more at most, and %v for a busy machine", took, undisturbed, busy)
	}
	time.Sleep(2 * callTimeout)
	mu.Lock()
	slow = false
	mu.Unlock()
	s.calm(r.patience)
	r.judge(s, true)
	longest := time.Duration(0)
	_, attempts, _ := s.read()
	for _, e := range s.added[:8] {
		for _, a := range attempts[e.ID] {
			if !a.Finished.IsZero() {
				longest = max(longest, s.orders.Clock.wall(a.Finished.Sub(a.Started)))
			}
		}
	}
	if longest < callTimeout/2 || longest > callTimeout+2*time.Second {
		r.Errorf("the longest call took %v, want about its timeout, %v", longest, callTimeout)
	}
	r.note(fmt.Sprintf("T95 of SMS %v, alone %v, the longest call %v", took.Round(10*time.Millisecond), undisturbed.Round(10*time.Millisecond), longest.Round(10*time.Millisecond)))
}

// busy is what a machine that has much to do may add to a time.
const busy = time.Second

// smsAlone is what the SMS of the row take where there are no mails at all.
func (r *run) smsAlone() time.Duration {
	r.Helper()
	s := r.ready(setup{})
	defer s.close()
	return r.sendSMS(s)
}

// sendSMS commits SMS and returns when 95 in 100 of them were taken.
func (r *run) sendSMS(s *stage) time.Duration {
	r.Helper()
	<-s.workers[0].ready
	first := len(s.added)
	for range r.notices / 2 {
		s.addOne(notify.SMS, letterB)
	}
	if _, err := s.sms.Wait(r.notices/2, 20*time.Second); err != nil {
		r.Errorf("SMS do not go out: %v", err)
	}
	taken := s.taken()
	var late []time.Duration
	for _, e := range s.added[first:] {
		if copies := taken[e.ID]; len(copies) > 0 {
			late = append(late, s.orders.Clock.wall(copies[0].Sub(e.waits())))
		}
	}
	return percentile95(late)
}

// gatewayFaults lets the gateway do something else wrong on the first calls for
// every third message, before and after it took it: not so often that the breaker
// keeps everything back, and nothing that opens it at once.
func gatewayFaults(r *run) {
	faults := []smssink.Fault{
		{Drop: true}, {Drop: true, Accepted: true}, smssink.Throttled(time.Second), {Status: 500, Body: "oops"}, {Status: 500, Body: "oops", Accepted: true},
		{Status: 502, Body: "<html>Bad Gateway</html>"}, {Body: `{"code":`}, {Body: " ", Accepted: true},
		{Body: strings.Repeat("x", 10<<20), Accepted: true}, {Accepted: true, Delay: 2 * callTimeout}, {Delay: 2 * callTimeout},
		{Status: 307, Body: "elsewhere"}, {Status: 429, Body: "slow"}, {Code: "777"},
	}
	for _, knowsKey := range []bool{true, false} {
		script := &fickle{most: 2}
		s := r.quiet(setup{knowsKey: knowsKey, speed: 120, sms: func(q smssink.Request) smssink.Fault {
			n := 1
			_, _ = fmt.Sscanf(q.ClientID, "n-%d", &n)
			if turn := script.turn(q.ClientID); turn >= 0 && n%3 == 0 {
				return faults[(n/3+turn*5)%len(faults)]
			}
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
		s.close()
	}
}
