package faulttest

import (
	"bytes"
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/rate"
)

// longOutage lets workers come back after two days: reminders whose moment
// passed are not sent, what never expires is, critical notices go first, what one
// person has waiting travels together, and the provider gets no more than it takes.
func longOutage(r *run) {
	n, busy := r.notices, 20
	limit := rate.Limit{PerSecond: 60, Burst: 20}
	if r.full() {
		n, busy = 20_000, 500
		limit = rate.Limit{PerSecond: 400, Burst: 100}
		r.patience = 10 * time.Minute
	}
	s := r.quiet(setup{people: n + busy, delay: 20 * time.Millisecond})
	s.others, s.orders.Rate = true, limit
	now, all := s.sys.Now(), []notify.Notice(nil)
	for i := range n {
		one := outboxtest.Notice(i, notify.SMS, now.Add(-48*time.Hour*time.Duration(n-i)/time.Duration(n)))
		switch {
		case i%3 == 0: // a reminder
			one.Expires = one.NotBefore.Add(6 * time.Hour)
		case i%10 == 4:
			one.Priority = notify.Critical
		}
		s.added = append(s.added, expected{Notice: one, policy: letterB})
		all = append(all, one)
	}
	s.commit(all...)
	s.waiting(n, busy)
	back := s.orders.Clock.now()
	s.begin(r.workers)
	s.calm(r.patience)
	s.mayExpire()
	r.judge(s, false)
	messages := s.together(n, busy)
	fastest := s.within(limit, back)
	notices, attempts, _ := s.read()
	taken, expired := s.taken(), 0
	var critical, normal []time.Duration
	for _, e := range s.added {
		copies, calls := taken[e.ID], attempts[e.ID]
		if len(calls) > 0 && e.Over(calls[len(calls)-1].Started) {
			r.Errorf("%s was sent after its moment", e.ID)
		}
		switch {
		case e.Over(back):
			expired++
			if len(copies) > 0 || notices[e.ID].State != notify.Expired {
				r.Errorf("%s had expired and is %s", e.ID, notices[e.ID].State)
			}
		case len(copies) == 0: // its moment passed before its turn came
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
	r.note(fmt.Sprintf("%d expired; T95 from the return: critical %.1fs, others %.1fs; %d notices to %d people in %d messages; %.0f/s at most of %.0f/s and a burst of %d",
		expired, first.Seconds(), rest.Seconds(), perBusy*busy, busy, messages, fastest, limit.PerSecond, limit.Burst))
}

// mayExpire lets those end as expired whose moment passed before the last message
// was taken: their turn had not come.
func (s *stage) mayExpire() {
	s.t.Helper()
	ledger := s.sms.Ledger()
	if len(ledger) == 0 {
		return
	}
	for i := range s.added {
		if s.added[i].Over(ledger[len(ledger)-1].At) {
			s.added[i].ends = []notify.State{notify.Expired}
		}
	}
}

// perBusy is how many notices wait for one busy person: no more messages than the
// cap lets go, should no two of them be handed out in one pass.
const perBusy = 3

// waiting commits some notices each to so many people, beyond the first n: those of
// one person one after the other, so that one pass of the relay sees them.
func (s *stage) waiting(n, people int) {
	s.t.Helper()
	var all []notify.Notice
	for i := range people * perBusy {
		one := outboxtest.Notice(n+i, notify.SMS, s.sys.Now().Add(-24*time.Hour))
		one.To.Person = outboxtest.Person(n + i/perBusy)
		all = append(all, one)
	}
	s.commit(all...)
}

// together checks that what waited for the busy people reached them, each thing
// once, and returns in how many messages.
func (s *stage) together(n, people int) (messages int) {
	s.t.Helper()
	for _, m := range s.sms.Ledger() {
		for i := range people {
			if m.To == outboxtest.Phone(n+i) {
				messages++
			}
		}
	}
	notices, _, _ := s.read()
	carriers := map[notify.ID]bool{}
	for i := range people * perBusy {
		one := notices[outboxtest.ID(n+i)]
		if one.State != notify.Accepted {
			s.t.Errorf("%s of a busy person is %s: %s", one.ID, one.State, one.Why)
		}
		carriers[cmp.Or(one.MergedInto, one.ID)] = true
	}
	if messages != len(carriers) || messages >= people*perBusy {
		s.t.Errorf("%d notices to %d people went out in %d messages, by the rows in %d: nothing travelled together", people*perBusy, people, messages, len(carriers))
	}
	return messages
}

// within checks that the gateway never had more than its rate allows since the
// workers came back, and returns the most in any one second.
func (s *stage) within(limit rate.Limit, back time.Time) (fastest float64) {
	s.t.Helper()
	ledger := s.sms.Ledger()
	from := 0
	for i, m := range ledger {
		since := s.orders.Clock.wall(m.At.Sub(back)).Seconds()
		if allowed := float64(limit.Burst) + limit.PerSecond*since; float64(i+1) > allowed {
			s.t.Errorf("after %.2f s the gateway had %d messages, its rate allows %.0f", since, i+1, allowed)
			return 0
		}
		for s.orders.Clock.wall(m.At.Sub(ledger[from].At)) > time.Second {
			from++
		}
		fastest = max(fastest, float64(i+1-from))
	}
	return fastest
}

// smallDisk is a disk of the row's own, which it may fill.
func (r *run) smallDisk(size string) string {
	r.Helper()
	disk, err := os.MkdirTemp("/tmp", "outreach-disk-") // a way that is open to the user of a server
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = os.Remove(disk) })
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "mode=0755,size="+size, "tmpfs", disk).CombinedOutput(); err != nil {
		r.Skipf("NOT shown: a small disk of the row's own takes the right to mount one: %v: %s", err, bytes.TrimSpace(out))
	}
	r.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", disk).CombinedOutput(); err != nil {
			r.Errorf("%v: %s", err, out)
		}
	})
	return disk
}

// databaseFull fills the disk under the database, again and again, and frees it.
func databaseFull(r *run) {
	disk := r.smallDisk("48m")
	s := r.ready(setup{knowsKey: true, disk: disk})
	r.fillDisk(s, disk, s.shrinkLog, "disk is full")
}

// postgresFull does the same to a server whose tables are on that disk. It refuses
// only what needs a further page: so there is much to be written every time.
func postgresFull(r *run) {
	r.needPostgres()
	disk := r.smallDisk("96m")
	s := r.ready(setup{knowsKey: true, disk: disk, own: true, people: 3 * r.notices})
	r.fillDisk(s, disk, func() { s.add(r.notices / 5) }, "No space left on device")
}

// fillDisk fills the disk of the database at random moments and frees it after a
// while. Whoever writes meanwhile is told so, in the words, nothing ends in a wrong
// state, and when there is room again everything is delivered.
func (r *run) fillDisk(s *stage, disk string, squeeze func(), words string) {
	r.Helper()
	filler, times := filepath.Join(disk, "filler"), 0
	fill := func(s *stage) {
		squeeze()
		f, err := os.Create(filler)
		if err != nil {
			s.t.Fatal(err)
		}
		_, err = io.CopyN(f, zeros{}, 1<<30)
		f.Close()
		if err == nil || !errors.Is(err, syscall.ENOSPC) {
			s.t.Errorf("the disk did not become full: %v", err)
		}
		time.Sleep(r.outage)
		if err := os.Remove(filler); err != nil {
			s.t.Error(err)
		}
		times++
	}
	s.pour(r.profile, recurring{fill, r.rare[0], r.rare[1]})
	for again := 0; s.said(words) == 0 && again < 5; again++ { // what there was to write had room
		fill(s)
	}
	s.calm(r.patience)
	r.judge(s, true)
	said := s.said(words)
	if times == 0 || said == 0 || s.crashes > 0 {
		r.Errorf("the disk was full %d times, %d errors said so, %d workers ended over it", times, said, s.crashes)
	}
	r.note(fmt.Sprintf("%d times full, %d errors say so", times, said))
}

// shrinkLog gives the space back that SQLite keeps for its log, in which it could
// go on writing for a while although the disk is full.
func (s *stage) shrinkLog() {
	s.t.Helper()
	db, err := sql.Open("sqlite", s.orders.DSN)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	busy := 1
	for end := time.Now().Add(10 * time.Second); busy != 0 && time.Now().Before(end); {
		var in, back int
		if err := db.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &in, &back); err != nil {
			s.t.Fatal(err)
		}
	}
}

// zeros are without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

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
