package faulttest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
)

// What clocks do.
var clockRows = []row{
	{"F16", "clocks of workers off by two hours, the database's set", clocksJump},
}

// The window of those the notices are for, on the simulated day, and how far a
// message may be on its way when it closes.
var (
	windowOpens  = time.Date(2017, 3, 15, 6, 30, 0, 0, calendar.Zone())
	windowCloses = time.Date(2017, 3, 15, 21, 0, 0, 0, calendar.Zone())
)

const (
	clockSpeed = 60
	sinceLong  = 3 * time.Hour // notices wait: to a worker two hours behind they are due as well
	underway   = callTimeout * clockSpeed
	outBy      = underway + 5*busy*clockSpeed // on a busy machine
)

// clocksJump lets one worker's machine be two hours behind and another's leap
// two hours ahead while it works, in the evening when the window closes and in
// the morning when it opens. Then the database's own clock is set by five minutes.
func clocksJump(r *run) {
	r.needPostgres()
	evening := offDuty(r, windowCloses.Add(-5*time.Minute), nothing)
	whole := r.profile
	whole.duration = evening.orders.Clock.wall(windowCloses.Add(outBy).Sub(evening.orders.Clock.now()))
	evening.pour(whole, recurring{hostAhead, r.rare[0], r.rare[1]})
	evening.still(r.patience)
	late, kept, inTime := evening.lateOnes()
	for i := range evening.added {
		evening.added[i].ends = append(evening.added[i].ends, notify.Pending) // until the morning
	}
	found := r.judge(evening, false)
	r.breached(found, late)
	if kept == 0 || inTime == 0 {
		r.Errorf("of %d notices %d went out in time and %d wait for the morning: nothing was shown", len(evening.added), inTime, kept)
	}
	evening.close()

	short := r.profile
	short.notices, short.duration = r.notices/2, r.duration/2
	morning := offDuty(r, windowOpens.Add(-2*time.Minute), nothing)
	morning.storm(short, recurring{hostAhead, r.rare[0], r.rare[1]})
	r.breached(r.judge(morning, false), morning.earlyOnes())
	morning.close()

	set := r.quiet(setup{speed: clockSpeed, own: true})
	steps := 0
	set.orders.DSN = settable(set)
	set.workersOff(r.workers, nothing)
	set.storm(short, recurring{func(s *stage) { s.setDatabase(&steps) }, short.duration / 3, short.duration / 2})
	r.judge(set, false)
	if steps == 0 {
		r.Error("the database's clock was not set: nothing was shown")
	}
	r.note(fmt.Sprintf("workers at -2 h and +2 h; %d in time, %d kept for the morning; database set %d times by 5 min", inTime, kept, steps))
}

// offDuty is a stage that begins at the hour, with workers whose machines' clocks
// are wrong.
func offDuty(r *run, start time.Time, without guard) *stage {
	s := r.quiet(setup{speed: clockSpeed, start: start, delay: 60 * time.Millisecond})
	s.waited = sinceLong
	s.orders.Clock.Began = time.Now() // setting up takes a while
	s.workersOff(r.workers, without)
	return s
}

// workersOff starts workers whose machines' clocks are two hours behind, and ahead
// after a while.
func (s *stage) workersOff(n int, without guard) {
	s.t.Helper()
	s.orders.Without = without
	for i := range n {
		s.startOff(i)
	}
}

func (s *stage) startOff(i int) {
	s.t.Helper()
	s.orders.Off, s.orders.OffAfter = -2*time.Hour, 0
	if i%2 == 1 {
		s.orders.Off, s.orders.OffAfter = 2*time.Hour, 500*time.Millisecond
	}
	s.start(i)
	s.orders.Off = 0
}

// hostAhead is what a host whose clock is ahead does to asynq: what others have at
// work looks abandoned to it, and is run again.
func hostAhead(s *stage) {
	i := s.random.IntN(len(s.workers))
	s.expireLeases()
	if err := s.workers[i].stop(); err != nil {
		s.t.Errorf("a worker that was told to stop: %v", err)
	}
	s.startOff(i) // it looks for what is abandoned at once
}

// still waits until nothing is due or on its way.
func (s *stage) still(patience time.Duration) {
	s.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		s.revive()
		o, err := s.sys.Outstanding(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		if o.Idle() {
			return
		}
	}
	s.t.Error("what may not go out does not come to rest")
}

// outside are the notices that were taken outside of the window, in words; what is
// critical may go at any hour.
func (s *stage) outside(wrong func(taken time.Time) bool) (all []string, waiting, right int) {
	s.t.Helper()
	taken := s.taken()
	for _, e := range s.added {
		copies := taken[e.ID]
		if len(copies) == 0 {
			waiting++
		}
		for _, at := range copies {
			switch {
			case e.Priority == notify.Critical:
			case !wrong(at):
				right++
			default:
				all = append(all, fmt.Sprintf("%s went out at %s", e.ID, at.In(calendar.Zone()).Format("15:04:05")))
			}
		}
	}
	return all, waiting, right
}

func (s *stage) lateOnes() (late []string, waiting, inTime int) {
	s.t.Helper()
	return s.outside(func(at time.Time) bool { return at.After(windowCloses.Add(outBy)) })
}

func (s *stage) earlyOnes() []string {
	s.t.Helper()
	early, _, _ := s.outside(func(at time.Time) bool { return at.Before(windowOpens.Add(-underway / 3)) })
	return early
}

// breached enters what went out in quiet hours.
func (r *run) breached(found []*figures, all []string) {
	r.Helper()
	for _, one := range all {
		found[0].contradiction("%s", one)
		r.Error(one)
	}
}

// settable gives the database a clock that can be set, for those who come by the
// returned name.
func settable(s *stage) string {
	s.t.Helper()
	s.onDatabase("CREATE TABLE clock_step (by interval)", "INSERT INTO clock_step VALUES ('0')",
		"CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT pg_catalog.clock_timestamp() + by FROM public.clock_step'")
	separator := "?"
	if strings.Contains(s.orders.DSN, "?") {
		separator = "&"
	}
	return s.orders.DSN + separator + "search_path=public,pg_catalog"
}

// setDatabase sets the database's clock five simulated minutes ahead.
func (s *stage) setDatabase(steps *int) {
	s.t.Helper()
	*steps++
	s.onDatabase(fmt.Sprintf("UPDATE clock_step SET by = '%d milliseconds'", time.Duration(*steps)*s.orders.Clock.wall(5*time.Minute)/time.Millisecond))
}

func (s *stage) onDatabase(statements ...string) {
	s.t.Helper()
	db, err := sql.Open("pgx", s.pg.DSN)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(s.t.Context(), statement); err != nil {
			s.t.Fatal(err)
		}
	}
}

// The row has to see what it is about: a worker that trusts its machine's clock
// writes to people at night.
func TestAWorkerThatTrustsItsMachinesClockIsCaught(t *testing.T) {
	if testing.Short() || !havePostgres() {
		t.Skip("needs PostgreSQL and real worker processes")
	}
	for name, c := range map[string]struct {
		start time.Time
		off   time.Duration
		seen  func(*stage) []string
	}{
		"behind": {windowCloses.Add(outBy), -2 * time.Hour, func(s *stage) []string { late, _, _ := s.lateOnes(); return late }},
		"ahead":  {windowOpens.Add(-10 * time.Minute), 2 * time.Hour, (*stage).earlyOnes},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, 1, setup{speed: clockSpeed, start: c.start, delay: 60 * time.Millisecond, people: 10})
			s.waited = sinceLong
			s.orders.Without, s.orders.Off = commonClock, c.off
			s.start(0)
			for range 10 {
				s.addOne(notify.SMS, letterB)
			}
			if _, err := s.sms.Wait(1, 8*time.Second); err != nil {
				t.Errorf("it keeps the hours: %v", err)
			}
			if len(c.seen(s)) == 0 {
				t.Error("messages in quiet hours are not seen")
			}
		})
	}
}
