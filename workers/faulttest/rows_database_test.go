package faulttest

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
)

// What happens to the database, and between it and the workers.
var databaseRows = []row{
	{"F9", "database killed under load", databaseKilled},
	{"F10", "table locked, pool of two", databaseLocked},
	{"F26", "workers cut off from the database, not from the providers", partition},
}

// needPostgres skips a row where there is no server to be broken.
func (r *run) needPostgres() {
	r.Helper()
	if !havePostgres() {
		r.Skip("NOT shown: there is no PostgreSQL of the row's own to be broken")
	}
}

func databaseKilled(r *run) {
	r.needPostgres()
	kills := 0
	kill := func(s *stage) {
		began := time.Now()
		s.pg.Kill()
		time.Sleep(r.outage)
		s.pg.Start()
		s.settled()
		s.away = max(s.away, time.Since(began))
		kills++
	}
	for _, knowsKey := range []bool{true, false} {
		s := r.ready(setup{own: true, knowsKey: knowsKey})
		s.storm(r.profile, recurring{kill, r.rare[0], r.rare[1]})
		r.judge(s, true)
		r.resolved(s)
		s.close()
	}
	if kills == 0 {
		r.Error("the database was not killed: nothing was shown")
	}
	r.note(fmt.Sprintf("%d kills", kills))
}

// resolved checks that what nobody knew was decided about in time: when its lease
// is over, the wait for a late answer, and a minute. What the database was away, and
// a busy machine, comes on top.
func (r *run) resolved(s *stage) {
	r.Helper()
	notices, attempts, _ := s.read()
	longest := time.Duration(0)
	for _, e := range s.added {
		n, calls := notices[e.ID], attempts[e.ID]
		if n.State == notify.Uncertain && len(calls) > 0 {
			longest = max(longest, n.Done.Sub(calls[len(calls)-1].Started))
		}
	}
	most := longestUnderway + unknownAfter*time.Minute + time.Minute
	if slack := (s.away + r.stretch(5*busy)) * time.Duration(s.orders.Clock.Speed); longest > most+slack {
		r.Errorf("an unknown outcome was decided about after %v, want %v at most, and %v for the outage", longest, most, slack)
	}
	r.note(fmt.Sprintf("unknown outcomes decided about after %v at most", longest.Round(time.Second)))
}

// settled waits until the pool of the harness has found out which of its
// connections are dead.
func (s *stage) settled() {
	s.t.Helper()
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, err = s.sys.Outstanding(s.t.Context()); err == nil {
			return
		}
	}
	s.t.Fatal(err)
}

// databaseLocked locks the table of notices for some seconds on a clock that
// does not hurry: nothing of it may be taken for a lost task.
func databaseLocked(r *run) {
	r.needPostgres()
	s := r.quiet(setup{own: true, speed: 1})
	s.orders.Pool = 2
	s.begin(r.workers)
	locks := 0
	lock := func(s *stage) {
		db, err := sql.Open("pgx", s.pg.DSN)
		if err != nil {
			s.t.Fatal(err)
		}
		defer db.Close()
		tx, err := db.BeginTx(s.t.Context(), nil)
		if err == nil {
			_, err = tx.Exec("LOCK TABLE outreach_notice IN ACCESS EXCLUSIVE MODE")
		}
		if err != nil {
			s.t.Fatal(err)
		}
		time.Sleep(2 * r.outage)
		if err := tx.Rollback(); err != nil {
			s.t.Error(err)
		}
		locks++
	}
	s.storm(r.profile, recurring{lock, r.rare[0], r.rare[1]})
	r.judge(s, false)
	notices, _, _ := s.read()
	again := 0
	for _, n := range notices {
		if n.Generation > 1 {
			again++
		}
	}
	if locks == 0 || again*100 >= len(notices) {
		r.Errorf("%d locks, %d of %d notices were handed out again, want less than 1 %%", locks, again, len(notices))
	}
	r.note(fmt.Sprintf("%d locks, %d handed out again", locks, again))
}

// partition drops everything between workers and database: once it heals, once
// the connections are dead when it is over.
func partition(r *run) {
	r.needPostgres()
	parts := 0
	part := func(s *stage) {
		s.link.stall()
		s.away = 2 * r.outage
		time.Sleep(2 * r.outage)
		if parts%2 == 1 {
			s.link.cut()
		}
		s.link.heal()
		parts++
	}
	for _, knowsKey := range []bool{true, false} {
		s := r.ready(setup{linked: true, knowsKey: knowsKey})
		s.storm(r.profile, recurring{part, r.rare[0], r.rare[1]})
		r.judge(s, true)
		r.resolved(s)
		s.close()
	}
	if parts < 2 {
		r.Errorf("%d partitions: nothing was shown", parts)
	}
	r.note(fmt.Sprintf("%d partitions", parts))
}
