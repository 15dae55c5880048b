package faulttest

import (
	"fmt"
	"os"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/outboxtest"
)

// longOutage lets workers come back after two days: reminders whose moment
// passed are not sent, what never expires is, and critical notices go first.
func longOutage(r *run) {
	n := r.notices
	if r.full() {
		n = 20_000
	}
	s := r.quiet(setup{people: n, delay: 20 * time.Millisecond})
	now, all := s.sys.Now(), []notify.Notice(nil)
	for i := range n {
		one := outboxtest.Notice(i, notify.SMS, now.Add(-48*time.Hour*time.Duration(n-i)/time.Duration(n)))
		e := expected{policy: letterB}
		switch {
		case i%3 == 0: // a reminder
			one.Expires = one.NotBefore.Add(6 * time.Hour)
			if one.Over(now) {
				e.ends = []notify.State{notify.Expired}
			}
		case i%10 == 4:
			one.Priority = notify.Critical
		}
		e.Notice = one
		s.added = append(s.added, e)
		all = append(all, one)
	}
	s.commit(all...)
	back := s.orders.Clock.now()
	s.begin(r.workers)
	s.calm(r.patience)
	r.judge(s, false)
	notices, _, _ := s.read()
	taken, expired := s.taken(), 0
	var critical, normal []time.Duration
	for _, e := range s.added {
		copies := taken[e.ID]
		switch {
		case len(e.ends) > 0:
			expired++
			if len(copies) > 0 || notices[e.ID].State != notify.Expired {
				r.Errorf("%s had expired and is %s", e.ID, notices[e.ID].State)
			}
		case len(copies) == 0:
		case e.Priority == notify.Critical:
			critical = append(critical, s.orders.Clock.wall(copies[0].Sub(back)))
		default:
			normal = append(normal, s.orders.Clock.wall(copies[0].Sub(back)))
		}
	}
	first, rest := percentile95(critical), percentile95(normal)
	if expired == 0 || len(critical) == 0 {
		r.Error("nothing had expired, or nothing was critical: nothing was shown")
	}
	if first > 2*time.Minute || first > rest {
		r.Errorf("95 in 100 critical notices were out after %v, of the others after %v", first, rest)
	}
	r.note(fmt.Sprintf("%d expired; T95 from the return: critical %.1fs, others %.1fs", expired, first.Seconds(), rest.Seconds()))
}

// logFull gives the workers a log that takes nothing any more.
func logFull(r *run) {
	if _, err := os.Stat("/dev/full"); err != nil {
		r.Skip("NOT shown: this system has no /dev/full")
	}
	s := r.quiet(setup{})
	s.orders.Log = "/dev/full"
	s.begin(r.workers)
	s.storm(r.profile, recurring{stopOne, r.every[0], r.every[1]})
	s.orders.Log = s.dir + "/workers.log"
	r.judge(s, false)
	if s.crashes > 0 {
		r.Errorf("%d workers ended because their log was full", s.crashes)
	}
	r.note("log on a full device")
}
