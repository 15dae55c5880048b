package faulttest

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// What happens to workers, and what operators do meanwhile.
var workerRows = []row{
	{"F1", "worker killed mid-send", killedMidSend},
	{"F2", "relay killed between commit and enqueue", relayKilled},
	{"F18", "poison in Redis and in the outbox", poison},
	{"F20", "cancels race with sending", cancelRace},
	{"F21", "graceful stop under load", toldToStop},
	{"F21", "graceful stop while a call hangs", stopWhileHanging},
	{"F22", "two days without workers", longOutage},
	{"F25", "log of the workers on a full disk", logFull},
	{"F25", "SQLite on a full disk", databaseFull},
	{"F25", "PostgreSQL on a full disk", postgresFull},
	{"F27", "dead notices replayed twice at once", replayedTwice},
}

// ready is a stage with its workers running.
func (r *run) ready(want setup) *stage {
	r.Helper()
	if want.speed == 0 {
		want.speed = r.speed
	}
	want.speed = r.pace(want.speed)
	if want.delay == 0 {
		want.delay = 100 * time.Millisecond
	}
	if want.people == 0 {
		want.people = r.notices
	}
	s := newStage(r.T, r.seed, want)
	for w := range r.workers {
		s.start(w)
	}
	return s
}

func killedMidSend(r *run) {
	kills := recurring{killSending, r.every[0], r.every[1]}
	for _, knowsKey := range []bool{true, false} {
		s := r.ready(setup{knowsKey: knowsKey, delay: 150 * time.Millisecond})
		s.storm(r.profile, kills, recurring{func(s *stage) { s.lookForOld() }, lookEvery, lookEvery})
		found := r.judge(s, true)
		if open(found) == 0 {
			r.Errorf("%d kills and not one call was cut off: nothing was shown", s.kills)
		}
		r.listed(s, found)
		r.noneOld(s, longestUnderway)
		r.note(fmt.Sprintf("%d kills, the oldest on its way %v", s.kills, s.oldest.Round(time.Second)))
		s.close()
	}
}

// longestUnderway is how long a notice may be queued or being sent, whatever
// happens to workers, and lookEvery how often it is looked after.
const (
	longestUnderway = 3 * time.Minute
	lookEvery       = 200 * time.Millisecond
)

// lookForOld notes for how long the oldest notice has been queued or being sent.
func (s *stage) lookForOld() {
	s.t.Helper()
	err := s.store.View(s.t.Context(), func(ctx context.Context, tx store.Tx) error {
		found, err := tx.Notices(ctx, notify.Query{States: []notify.State{notify.Queued, notify.Sending}})
		now := s.sys.Now()
		for _, n := range found {
			since := n.NextAt.Add(-notify.QueuePatience)
			if n.State == notify.Sending {
				calls, err := tx.Attempts(ctx, n.ID)
				if err != nil {
					return err
				}
				since = calls[len(calls)-1].Started
			}
			s.oldest = max(s.oldest, now.Sub(since))
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// noneOld checks that nothing was on its way for longer than that. What a loaded
// machine adds is not the rule's: a few seconds on the wall.
func (r *run) noneOld(s *stage, most time.Duration) {
	r.Helper()
	s.lookForOld() // after all
	if slack := r.stretch(5*busy) * time.Duration(s.orders.Clock.Speed); s.oldest > most+slack {
		r.Errorf("a notice was on its way for %v, want %v at most, and %v for a busy machine", s.oldest, most, slack)
	}
}

// listed checks that what nobody knows is on the operator's list, all of it.
func (r *run) listed(s *stage, found []*figures) {
	r.Helper()
	want, got := 0, 0
	for _, f := range found {
		want += f.u
	}
	err := s.sys.View(s.t.Context(), operator, func(ctx context.Context, w *core.Work) error {
		list, err := w.Notices.List(ctx, notify.Query{States: []notify.State{notify.Uncertain}})
		got = len(list)
		return err
	})
	if err != nil || got != want {
		r.Errorf("%d outcomes are unknown, %d are on the operator's list: %v", want, got, err)
	}
}

// killSending kills a worker that has a call under way, if one begins soon.
func killSending(s *stage) {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if i := s.sending(); i >= 0 {
			s.killNumber(i)
			return
		}
	}
	killOne(s)
}

// underway are notices that are being sent, ten at most.
func (s *stage) underway() (found []notify.Notice) {
	s.t.Helper()
	err := s.store.View(s.t.Context(), func(ctx context.Context, tx store.Tx) (err error) {
		found, err = tx.Notices(ctx, notify.Query{States: []notify.State{notify.Sending}, Limit: 10})
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// sending is the number of a worker that has claimed something, -1 where none has.
func (s *stage) sending() int {
	s.t.Helper()
	for _, n := range s.underway() {
		for i, w := range s.workers {
			if slices.Contains(strings.Split(n.LeaseOwner, "/"), strconv.Itoa(w.process.Process.Pid)) {
				return i
			}
		}
	}
	return -1
}

func relayKilled(r *run) {
	s := r.quiet(setup{})
	s.orders.DieAtEnqueue = true
	s.begin(r.workers)
	s.storm(r.profile, recurring{killOne, 2 * r.every[0], 2 * r.every[1]}, recurring{func(s *stage) { s.lookForOld() }, lookEvery, lookEvery})
	found := r.judge(s, true) // what else the process had under way is cut off with it
	if s.crashes == 0 || s.kills == 0 {
		r.Errorf("%d relays were killed before they had told the queue, and %d at random: nothing was shown", s.crashes, s.kills)
	}
	r.noneOld(s, notify.QueuePatience)
	r.note(fmt.Sprintf("%d relays killed before the queue knew, %d at random, %d calls cut off with them; the oldest ticket %v", s.crashes, s.kills, open(found), s.oldest.Round(time.Second)))
}

func toldToStop(r *run) {
	s := r.ready(setup{delay: 150 * time.Millisecond})
	s.storm(r.profile, recurring{stopOne, r.every[0], r.every[1]})
	r.judge(s, false)
	switch {
	case s.starts <= len(s.workers):
		r.Error("nobody was told to stop: nothing was shown")
	case s.slowest > 35*time.Second:
		r.Errorf("a stop took %v, want 35 s at most", s.slowest)
	}
	r.note(fmt.Sprintf("%d stops, slowest %v", s.starts-len(s.workers), s.slowest.Round(10*time.Millisecond)))
}

// stopWhileHanging tells a worker to stop that waits for a gateway which does not
// answer, and one whose adapter never comes back at all. The first stops when the
// call's time is over and knows that nobody knows; the second when the time for a
// stop is over. Neither notice is lost.
func stopWhileHanging(r *run) {
	var silent atomic.Bool
	silent.Store(true)
	s := r.quiet(setup{speed: 1, sms: func(smssink.Request) smssink.Fault {
		if silent.Load() {
			return smssink.Fault{Delay: time.Minute, Drop: true}
		}
		return smssink.Fault{}
	}})
	s.others = true
	s.orders.Clock.Leaps, s.orders.Poisoned = filepath.Join(s.dir, "leaps"), true
	limit := s.orders.config().Shutdown + 4*time.Second // as workersfx.Config says

	s.addOne(notify.SMS, letterC)
	patient := r.stopDuringCall(s)
	if _, attempts, _ := s.read(); len(attempts[s.added[0].ID]) != 1 || attempts[s.added[0].ID][0].Outcome != notify.ResultUnknown {
		r.Errorf("after the stop the call is %+v, want its outcome unknown", attempts[s.added[0].ID])
	}
	if slack := r.stretch(5 * busy); patient > limit+slack {
		r.Errorf("a stop took %v although a call takes %v at most", patient, callTimeout)
	}

	silent.Store(false)
	hanging := s.notice(len(s.added), notify.SMS)
	hanging.OnUnknown, hanging.Vars["label"] = notify.Resend, hangs
	s.added = append(s.added, expected{Notice: hanging, policy: letterC})
	s.commit(hanging)
	stuck := r.stopDuringCall(s)
	if slack := r.stretch(5 * busy); stuck > limit+slack { // an instrumented process takes a second to end
		r.Errorf("a stop took %v, its limit is %v", stuck, limit)
	}
	if stuck < s.orders.config().Shutdown {
		r.Errorf("a stop took %v: no call hung, nothing was shown", stuck)
	}

	s.orders.Poisoned = false
	s.begin(1)
	s.leap(10 * time.Minute)
	s.until(r, "the lease is over", func() bool { return s.now(hanging.ID).State == notify.Unknown })
	s.leap(unknownAfter * time.Minute)
	s.calm(r.patience)
	if found := r.judge(s, true); open(found) != 2 {
		r.Errorf("%d calls were cut off, want two", open(found))
	}
	r.note(fmt.Sprintf("silent gateway: stopped after %v; adapter that never returns: after %v of %v", patient.Round(10*time.Millisecond), stuck.Round(10*time.Millisecond), limit))
}

// leap puts the clocks of all processes ahead.
func (s *stage) leap(by time.Duration) {
	s.t.Helper()
	if err := s.orders.Clock.leap(by); err != nil {
		s.t.Fatal(err)
	}
}

// stopDuringCall starts a worker, tells it to stop as soon as it has a call under
// way, and returns how long that took.
func (r *run) stopDuringCall(s *stage) time.Duration {
	r.Helper()
	s.begin(1)
	s.until(r, "a call is under way", func() bool { return s.sending() == 0 })
	began := time.Now()
	if err := s.workers[0].stop(); err != nil {
		r.Errorf("a worker that was told to stop: %v: %s", err, s.workers[0].stderr.text)
	}
	return time.Since(began)
}

// operator is who manages notices.
var operator = org.System()

// cancelRace cancels half of the notices at random moments. Nothing may be
// called for one after its cancel was committed.
func cancelRace(r *run) {
	s := r.ready(setup{delay: 200 * time.Millisecond})
	s.workersReady()
	cancelled, late := map[notify.ID]time.Time{}, 0
	most, want := 3, 0
	if r.full() {
		most, want = 8, 2000
	}
	cancel := func(s *stage) {
		for range 1 + s.random.IntN(most) {
			if len(s.added) == 0 {
				return
			}
			i := len(s.added) - 1 - s.random.IntN(min(len(s.added), 5*most))
			if s.random.IntN(2) == 0 { // one that is being sent, where there is one
				for _, n := range s.underway() {
					if j := slices.IndexFunc(s.added, func(e expected) bool { return e.ID == n.ID }); j >= 0 {
						i = j
					}
				}
			}
			id := s.added[i].ID
			err := s.sys.Update(s.t.Context(), operator, func(ctx context.Context, w *core.Work) error { return w.Notices.Cancel(ctx, id, "row F20") })
			if _, again := cancelled[id]; err == nil && !again {
				cancelled[id] = s.sys.Now()
				s.added[i].ends = append(s.added[i].ends, notify.Cancelled)
			}
		}
	}
	s.storm(r.profile, recurring{cancel, 10 * time.Millisecond, 30 * time.Millisecond})
	found := r.judge(s, false)
	notices, attempts, _ := s.read()
	ended := 0
	for id, at := range cancelled {
		n := notices[id]
		for _, a := range attempts[id] {
			if a.Started.After(at) {
				found[0].contradiction("%s was called for %v after its cancel", id, a.Started.Sub(at))
				r.Errorf("%s was called for %v after its cancel", id, a.Started.Sub(at))
			}
		}
		switch {
		case n.State == notify.Cancelled:
			ended++
		case n.CancelAsked.IsZero():
			r.Errorf("%s was cancelled, is %s, and nothing says that it was too late", id, n.State)
		default:
			late++
		}
	}
	if ended == 0 || late == 0 || len(cancelled) < want {
		r.Errorf("%d cancelled in time, %d too late: the race was not shown", ended, late)
	}
	r.note(fmt.Sprintf("%d cancelled in time, %d too late", ended, late))
}

// replayedTwice lets two operators send everything again that the provider had
// refused for good, both at the same moment.
func replayedTwice(r *run) {
	refuse := true
	var mu sync.Mutex
	s := r.quiet(setup{sms: refusing(&mu, &refuse)})
	s.noMail()
	s.others = true // tried by mail, and on paper, in vain
	for range min(r.notices, 1000) {
		s.addOne(notify.SMS, letterB)
	}
	s.begin(r.workers)
	s.calm(r.patience)
	dead, _, _ := s.read()
	for _, e := range s.added {
		if n := dead[e.ID]; n.State != notify.Failed {
			r.Fatalf("%s is %s, want every notice refused for good", n.ID, n.State)
		}
	}
	mu.Lock()
	refuse = false
	mu.Unlock()
	var ids []notify.ID
	for _, e := range s.added {
		ids = append(ids, e.ID)
	}
	var both sync.WaitGroup
	done := make([]int, 2)
	for o := range 2 {
		both.Go(func() {
			for id := range slices.Values(ids) {
				err := s.sys.Update(s.t.Context(), operator, func(ctx context.Context, w *core.Work) error { return w.Notices.Retry(ctx, id, "row F27") })
				if err == nil {
					done[o]++
				}
			}
		})
	}
	both.Wait()
	if done[0]+done[1] != len(ids) {
		r.Errorf("%d and %d decisions for %d notices, want one for each", done[0], done[1], len(ids))
	}
	s.calm(r.patience)
	r.judge(s, false)
	notices, _, _ := s.read()
	for _, e := range s.added {
		if n := notices[e.ID]; n.Replays != 1 {
			r.Errorf("%s was decided about once and counts %d", n.ID, n.Replays)
		}
	}
	r.note(fmt.Sprintf("%d notices, decided by one %d and by the other %d", len(ids), done[0], done[1]))
}
