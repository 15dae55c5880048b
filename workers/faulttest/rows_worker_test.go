package faulttest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

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
	{"F22", "two days without workers", longOutage},
	{"F25", "log of the workers on a full disk", logFull},
	{"F25", "database on a full disk", databaseFull},
	{"F27", "dead notices replayed twice at once", replayedTwice},
}

// ready is a stage with its workers running.
func (r *run) ready(want setup) *stage {
	r.Helper()
	if want.speed == 0 {
		want.speed = r.speed
	}
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
		s.storm(r.profile, kills)
		if found := r.judge(s, true); open(found) == 0 {
			r.Errorf("%d kills and not one call was cut off: nothing was shown", s.kills)
		}
		r.note(fmt.Sprintf("%d kills", s.kills))
		s.close()
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

// sending is the number of a worker that has claimed something, -1 where none has.
func (s *stage) sending() int {
	s.t.Helper()
	var found []notify.Notice
	err := s.store.View(s.t.Context(), func(ctx context.Context, tx store.Tx) (err error) {
		found, err = tx.Notices(ctx, notify.Query{States: []notify.State{notify.Sending}, Limit: 10})
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, n := range found {
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
	s.storm(r.profile)
	found := r.judge(s, true) // what else the process had under way is cut off with it
	if s.crashes == 0 {
		r.Error("no relay was killed: nothing was shown")
	}
	r.note(fmt.Sprintf("%d relays killed, %d calls cut off with them", s.crashes, open(found)))
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

// operator is who manages notices.
var operator = org.System()

// cancelRace cancels half of the notices at random moments. Nothing may be
// called for one after its cancel was committed.
func cancelRace(r *run) {
	s := r.ready(setup{delay: 60 * time.Millisecond})
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
	r.note(fmt.Sprintf("%d notices, decided by one %d and by the other %d", len(ids), done[0], done[1]))
}
