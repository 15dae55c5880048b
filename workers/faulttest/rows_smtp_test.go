package faulttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
)

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
		calls := attempts[e.ID]
		refused := slices.IndexFunc(calls, func(a notify.Attempt) bool { return a.Outcome == notify.ResultPermanent })
		if i%10 == 9 && (refused < 0 || refused != len(calls)-1) { // the relay may not have listened before
			r.Errorf("%s is refused for good, was so in call %d of %d and is called for again", e.ID, 1+refused, len(calls))
		} else if len(calls) > 1 {
			again++
		}
		for n, a := range calls {
			if want := classOfCode(a); a.Outcome != want {
				r.Errorf("%s was answered %s at %s and counts as %s, want %s", e.ID, a.Code, a.Detail, a.Outcome, want)
			}
			if n > 0 && a.Started.Sub(calls[n-1].Finished) < soonestRetry {
				r.Errorf("%s was called for again after %v, want %v at least", e.ID, a.Started.Sub(calls[n-1].Finished), soonestRetry)
			}
		}
	}
	if again == 0 {
		r.Error("no mail was called for again: nothing was shown")
	}
	r.note(fmt.Sprintf("%d called for again", again))
}

// soonestRetry is the first step of the schedule, as early as its jitter lets it be.
const soonestRetry = 24 * time.Second

// classOfCode is what the answer that an attempt got says of it.
func classOfCode(a notify.Attempt) notify.Result {
	switch {
	case strings.HasPrefix(a.Detail, "connect: "):
		return notify.ResultNotSent
	case strings.HasPrefix(a.Code, "4"):
		return notify.ResultTransient
	case strings.HasPrefix(a.Code, "5"):
		return notify.ResultPermanent
	}
	return notify.ResultAccepted
}

// smtpCuts cuts connections, by FIN and by RST, before the greeting, among the
// commands, in the body and after it, so before and after the final dot alike.
func smtpCuts(r *run) {
	s := r.quiet(setup{delay: 10 * time.Millisecond, speed: 60})
	cuts := newLink(r.T, "tcp", s.mail.Addr())
	spans := [][2]int{{1, 1}, {60, 250}, {300, 900}, {1000, 3000}} // from, and how many more
	opened, ended := 0, map[bool]int{}
	random := rand.New(rand.NewPCG(r.seed, 2)) // the stage's own is not for other goroutines
	cuts.cutAfter(func() (int, bool) {
		opened++
		if opened%3 == 0 {
			return 0, false
		}
		span, reset := spans[opened%len(spans)], opened%2 == 0
		ended[reset]++
		return span[0] + random.IntN(span[1]), reset
	})
	s.orders.SMTP = cuts.addr()
	s.mails(r.notices / 3)
	for i := range s.added {
		s.added[i].ends = []notify.State{notify.Dead} // eight connections cut in a row
	}
	s.others = true
	s.begin(r.workers)
	s.calm(r.patience)
	found := r.judge(s, true)
	s.noneTruncated()
	cuts.mu.Lock()
	defer cuts.mu.Unlock()
	if open(found) == 0 || ended[false] < len(spans) || ended[true] < len(spans) {
		r.Errorf("%d calls cut off, %d connections by FIN and %d by RST: nothing was shown", open(found), ended[false], ended[true])
	}
	r.note(fmt.Sprintf("%d connections cut by FIN, %d by RST", ended[false], ended[true]))
}

// noneTruncated checks that every mail that was taken has its text to the end.
func (s *stage) noneTruncated() {
	s.t.Helper()
	whole := map[string]string{}
	for i, e := range s.added {
		whole[outboxtest.Email(i)] = "Xem " + e.Vars["label"] + "."
	}
	for _, m := range s.mail.Ledger() {
		_, text, _ := strings.Cut(string(m.Raw), "\r\n\r\n") // the subject says the same
		if want := whole[m.To[0]]; !strings.Contains(text, want) {
			s.t.Errorf("%s was taken without the end of its text, %q", m.MessageID, want)
		}
	}
}

// smtpEnds ends conversations at each moment there is, by FIN, by RST and by
// silence, every second one as long as there is something to be shown. What ended
// before the final dot was not sent, and goes later, once; what ended after it is
// unknown.
func smtpEnds(r *run) {
	all, rounds := everyTrouble(byFIN, byRST, bySilence), 1
	if r.full() {
		rounds = 5
	}
	s := r.quiet(setup{delay: 10 * time.Millisecond, speed: 30, people: 4000})
	d := newDoor(r.T, s.mail.Addr(), func(conn int) (trouble, bool) {
		return all[conn/2%len(all)], conn%2 == 1 && conn/2 < rounds*len(all)
	})
	d.bySMTP(s)
	s.orders.LastProbe = 30 * time.Second
	s.begin(r.workers)
	for end := time.Now().Add(r.patience); d.times(all) < rounds && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if s.moving() < 40 {
			s.mails(10)
		}
	}
	s.calm(r.patience)
	found := r.judge(s, true)
	s.noneTruncated()
	_, attempts, _ := s.read()
	reached := map[string]int{}
	for _, e := range s.added {
		for _, a := range attempts[e.ID] {
			phase, _, _ := strings.Cut(a.Detail, ":")
			switch reached[phase]++; {
			case a.Outcome == notify.ResultAccepted:
			case phase == "answer" && a.Outcome == notify.ResultNotSent && strings.HasSuffix(a.Detail, timeOver): // before the dot was written
			case phase == "answer" && a.Outcome != notify.ResultUnknown, phase != "answer" && a.Outcome != notify.ResultNotSent:
				r.Errorf("%s ended at %s and counts as %s", e.ID, a.Detail, a.Outcome)
			}
		}
	}
	for _, at := range moments() {
		n := d.count(func(one trouble) bool { return one.at.phase() == at.phase() })
		if got := reached[at.phase()] + reached["body"]; at.open() && got < n || !at.open() && reached[at.phase()] < n {
			r.Errorf("%d conversations ended %s or thereabouts, by the attempts only %d", n, at, reached[at.phase()])
		}
	}
	if d.times(all) < rounds || open(found) == 0 {
		r.Errorf("not every ending was shown at every moment: %v", d.played)
	}
	r.note(fmt.Sprintf("%d conversations ended, at %d moments by FIN, RST and silence", d.count(func(trouble) bool { return true }), len(moments())))
}

// smtpTarpit lets a relay fall silent, at one moment after the other. SMS go out
// meanwhile as if nothing was, every worker is free again in time, and nothing of
// the calls is left in it.
func smtpTarpit(r *run) {
	all := everyTrouble(bySilence)
	s := r.quiet(setup{people: r.notices + 500})
	var slow atomic.Bool
	slow.Store(true)
	d := newDoor(r.T, s.mail.Addr(), func(conn int) (trouble, bool) { return all[conn%len(all)], slow.Load() })
	d.bySMTP(s)
	s.orders.Gauge = filepath.Join(s.dir, "goroutines")
	s.orders.LastProbe = 30 * time.Second
	s.others = true // the alarm that delivery fails
	undisturbed := r.smsAlone()
	s.begin(r.workers)
	before := s.goroutines()
	s.mails(8)
	took, most := r.sendSMS(s), undisturbed+undisturbed/5+r.stretch(busy)
	for again := 0; took > most && again < 3; again++ { // the machine may be busy, not with the tarpit
		took = r.sendSMS(s)
	}
	if took > most {
		r.Errorf("95 in 100 SMS were out after %v, without the tarpit after %v: want a fifth more at most, and %v for a busy machine", took, undisturbed, r.stretch(busy))
	}
	for end := time.Now().Add(r.patience); d.times(all) == 0 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if s.moving() < 8 {
			s.mails(2)
		}
	}
	if d.times(all) == 0 {
		r.Errorf("the relay was not silent at every moment: %v", d.played)
	}
	slow.Store(false)
	s.calm(r.patience)
	r.judge(s, true)
	longest := time.Duration(0)
	for _, call := range s.calls() {
		longest = max(longest, call.Took)
	}
	if longest < callTimeout/2 || longest > callTimeout+r.stretch(busy) {
		r.Errorf("the longest call took %v, want about its timeout, %v, and %v more at most", longest, callTimeout, r.stretch(busy))
	}
	s.tidy(before, r.patience)
	r.note(fmt.Sprintf("silent %d times at %d moments; T95 of SMS %v, alone %v, the longest call %v; goroutines for calls as before, %v",
		d.count(func(trouble) bool { return true }), len(all), took.Round(10*time.Millisecond), undisturbed.Round(10*time.Millisecond), longest.Round(10*time.Millisecond), before))
}

// goroutines are the fewest that each worker had for calls within a while from now
// on.
func (s *stage) goroutines() []int {
	s.t.Helper()
	s.workersReady()
	fewest, since := slices.Repeat([]int{-1}, len(s.workers)), time.Now()
	for time.Since(since) < 500*time.Millisecond || slices.Contains(fewest, -1) {
		time.Sleep(20 * time.Millisecond)
		for i, w := range s.workers {
			file := fmt.Sprintf("%s.%d", s.orders.Gauge, w.process.Process.Pid)
			info, err := os.Stat(file)
			if err != nil || info.ModTime().Before(since) {
				continue // counted before
			}
			text, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			if n, err := strconv.Atoi(string(text)); err == nil && (fewest[i] < 0 || n < fewest[i]) {
				fewest[i] = n
			}
		}
		if time.Since(since) > time.Minute {
			s.t.Fatal("a worker does not count its goroutines")
		}
	}
	return fewest
}

// tidy waits until no worker has more goroutines for calls than before. Connections
// that are kept for the next message have some, for a few seconds.
func (s *stage) tidy(before []int, patience time.Duration) {
	s.t.Helper()
	var now []int
	for end := time.Now().Add(patience); time.Now().Before(end); {
		more := 0
		for i, n := range s.goroutines() {
			now = append(now[:i], n)
			if n > before[i] {
				more++
			}
		}
		if more == 0 {
			return
		}
	}
	s.t.Errorf("the workers have %v goroutines for calls, before they had %v", now, before)
}

// logged is what a worker logged of a call.
type logged struct {
	Message string        `json:"msg"`
	Notice  notify.ID     `json:"notice"`
	Outcome notify.Result `json:"outcome"`
	Took    time.Duration `json:"took"` // on the wall
}

// calls are those that the workers logged.
func (s *stage) calls() []logged {
	s.t.Helper()
	text, err := os.ReadFile(s.orders.Log)
	if err != nil {
		s.t.Fatal(err)
	}
	var all []logged
	for line := range bytes.Lines(text) {
		var one logged
		if json.Unmarshal(line, &one) == nil && one.Message == "deliver: sent" {
			all = append(all, one)
		}
	}
	return all
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
	if _, err := s.sms.Wait(r.notices/2, r.stretch(20*time.Second)); err != nil {
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
