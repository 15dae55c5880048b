package faulttest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
)

// What makes the programme's clocks go.
var seasonRows = []row{
	{"F17", "two and five schedulers, restarts, all of them down, set back", schedulers},
}

// season is how much F17 plays.
type season struct {
	officials, visits, days int
	leap                    time.Duration // of the clocks, once everything is at rest
}

func schedulers(r *run) {
	season := season{officials: 15, visits: 2, days: 60, leap: 36 * time.Hour}
	if r.full() {
		season.officials, season.leap = 300, 12*time.Hour
	}
	f, told := playSeason(r.T, r.seed, season, nothing, r.patience)
	r.found = append(r.found, f)
	for _, broken := range f.broken() {
		r.Error(broken)
	}
	r.note(told)
}

// playSeason lets two and then five processes sweep and send through so many days
// in leaps, restarted one after the other all the time. For some days none of them
// runs. Twice a third of the duties is set back to where they began, as when their
// table was restored from a backup and the outbox was not. What was said is held
// against what one sweeper that never failed says of the same duties.
func playSeason(t *testing.T, seed uint64, play season, without guard, patience time.Duration) (*figures, string) {
	t.Helper()
	const most = 5
	s := newStage(t, seed, setup{speed: 20, people: play.officials + len(superiors()), delay: 5 * time.Millisecond})
	s.orders.Clock.Leaps = filepath.Join(s.dir, "leaps")
	s.orders.Sweep, s.orders.Without = 50*time.Millisecond, without
	began := s.sys.Now()
	duties := play.duties(t, began)
	cast := func(st store.Store) {
		t.Helper()
		if err := errors.Join(hold(t.Context(), st, play.officials), putDuties(t.Context(), st, duties)); err != nil {
			t.Fatal(err)
		}
	}
	cast(s.store)
	s.begin(2)
	restarts, backs, ends := 0, 0, began.AddDate(0, 0, play.days)
	for step := 0; s.sys.Now().Before(ends); step++ {
		if err := s.orders.Clock.leap(play.leap); err != nil {
			t.Fatal(err)
		}
		day := int(s.sys.Now().Sub(began).Hours() / 24)
		switch {
		case len(s.workers) == 2 && day >= play.days/4:
			for i := 2; i < most; i++ {
				s.start(i)
			}
		case step%3 == 1:
			stopOne(s)
			restarts++
		}
		s.swept(patience)
		if backs < 2 && day >= (2*backs+1)*play.days/4 {
			s.setBack(duties, backs)
			backs++
			s.swept(patience)
		}
		if day >= play.days/2 && day < play.days/2+2 {
			s.allDown(5*24*time.Hour, patience)
		}
	}
	s.swept(patience)
	end := s.sys.Now()
	notices, _, counts := s.read()
	f := s.judgeSeason(notices, counts, oracle(t, play, cast, began, end))
	if restarts == 0 || backs != 2 || f.notices < len(duties) {
		t.Errorf("%d restarts, set back %d times, %d notices due: nothing was shown", restarts, backs, f.notices)
	}
	return f, fmt.Sprintf("%d officials, %d visits each, %d days; %d restarts, all down for 5 days, set back %d times", play.officials, play.visits, play.days, restarts, backs)
}

// superiors are who is told of what is late.
func superiors() []org.Role {
	return []org.Role{org.TeamLeader, org.ProgrammeOffice, org.ProgrammeLeader, org.ProgrammeChair, org.UnitHead}
}

// hold gives the officials, and those above them, their roles.
func hold(ctx context.Context, st store.Store, officials int) error {
	return st.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		var faults fault.List
		put := func(i int, role org.Role) {
			faults.Add(tx.PutHolding(ctx, &org.Holding{
				ID: org.HoldingID(outboxtest.Person(i)), Person: outboxtest.Person(i), Role: role, Place: "H", Unit: "U-1", Team: "T-1",
				Valid: calendar.Period{From: calendar.MustDate(2016, 1, 1)}, Decision: "12/QD-UBND",
			}))
		}
		for i := range officials {
			put(i, org.Official)
		}
		for i, role := range superiors() {
			put(officials+i, role)
		}
		return faults.Err()
	})
}

// duties are what the officials owe: each visit, and its report.
func (p season) duties(t *testing.T, now time.Time) []duty.State {
	t.Helper()
	weekdays, today := calendar.WeekdaysOnly("weekdays"), calendar.DateOf(now)
	var all []duty.State
	for i := range p.officials {
		holder := org.Party{Role: org.Official, Person: outboxtest.Person(i), Team: "T-1"}
		for v := range p.visits {
			id := fmt.Sprintf("V-%03d-%d", i, v)
			on := today.Add(5 + (i*7+v*p.days/p.visits)%(p.days-15))
			for kind, term := range map[duty.Kind]duty.Term{
				duty.Visit:  {Due: on, At: calendar.MustTimeOfDay(19, 0)},
				duty.Report: {Start: on, Days: 3},
			} {
				term.Kind, term.Holder, term.Label, term.Place = kind, holder, id, "AP-01"
				term.Subject = event.Subject{Type: "visit", ID: id}
				d, err := duty.Open(duty.ID(id+"/"+string(kind)), term, policy.Default(), weekdays, now)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, d)
			}
		}
	}
	return all
}

func putDuties(ctx context.Context, st store.Store, duties []duty.State) error {
	return st.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		var faults fault.List
		for _, d := range duties {
			faults.Add(tx.PutDuty(ctx, &d))
			if d.Kind == duty.Visit {
				faults.Add(tx.PutVisit(ctx, &visit.State{
					ID: visit.ID(d.Subject.ID), Kind: visit.Regular, Official: d.Holder.Person, Place: d.Place, Team: d.Holder.Team, Planned: d.Due, At: d.At, Status: visit.Planned,
				}))
			}
		}
		return faults.Err()
	})
}

// setBack puts a third of the duties back to where they began.
func (s *stage) setBack(duties []duty.State, which int) {
	s.t.Helper()
	for i, first := range duties {
		if i%3 != which {
			continue
		}
		for { // a sweep may be at it
			err := s.store.Update(s.t.Context(), func(ctx context.Context, tx store.Tx) error {
				now, err := tx.Duty(ctx, first.ID)
				if err != nil {
					return err
				}
				back := first
				back.Version = now.Version
				return tx.PutDuty(ctx, &back)
			})
			if err == nil {
				break
			}
			if !errors.Is(err, fault.ErrStale) {
				s.t.Fatal(err)
			}
		}
	}
}

// allDown lets time pass while nobody sweeps.
func (s *stage) allDown(d, patience time.Duration) {
	s.t.Helper()
	for _, w := range s.workers {
		if err := w.stop(); err != nil {
			s.t.Error(err)
		}
	}
	if err := s.orders.Clock.leap(d); err != nil {
		s.t.Fatal(err)
	}
	for i := range s.workers {
		s.start(i)
	}
	s.swept(patience)
}

// swept waits until nothing is due any more: no step of a duty, no notice.
func (s *stage) swept(patience time.Duration) {
	s.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		s.revive()
		next, err := s.sys.NextWake(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		o, err := s.sys.Outstanding(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		if (next.IsZero() || next.After(s.sys.Now())) && o.Idle() {
			return
		}
	}
	s.t.Error("the schedulers do not come to rest")
}

// said is one thing that one person is to be told once on one channel.
type said struct {
	duty     string
	template string
	to       org.Party
	channel  notify.Channel
	due      time.Time
}

func saidBy(n notify.Notice) said { return said{n.Duty, n.Template, n.To, n.Channel, n.NotBefore} }

// ofAStep tells what a duty's clock says from the weekly red list, which a week
// without a sweep is without, and from what goes another way later.
func ofAStep(n notify.Notice) bool {
	return n.Duty != "" && strings.HasPrefix(n.Key, alert.DutyKey(duty.ID(n.Duty))+"/")
}

// oracle is what one sweeper says that never fails and wakes in time.
func oracle(t *testing.T, play season, cast func(store.Store), began, end time.Time) map[said]bool {
	t.Helper()
	now := began
	st := memstore.New()
	sys, err := core.New(st, policy.Default(), &core.Options{Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if err := outboxtest.People(t.Context(), st, play.officials+len(superiors())); err != nil {
		t.Fatal(err)
	}
	cast(st)
	for !now.After(end) {
		if swept, err := sys.Sweep(t.Context()); err != nil || swept.Failed > 0 {
			t.Fatalf("the sweep of %v: %+v, %v", now, swept, err)
		}
		var next time.Time
		err := st.View(t.Context(), func(ctx context.Context, tx store.Tx) (err error) {
			next, err = tx.NextWake(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if next.IsZero() {
			break
		}
		now = next
	}
	want := map[said]bool{}
	err = st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Notices(ctx, notify.Query{})
		for _, n := range all {
			if ofAStep(n) {
				want[saidBy(n)] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return want
}

// judgeSeason holds the outbox against the oracle, and the ledgers against the
// outbox.
func (s *stage) judgeSeason(notices map[notify.ID]notify.Notice, counts map[notify.State]int, want map[said]bool) *figures {
	f := &figures{scenario: "F17", policy: letterB, notices: len(want)}
	rows := map[said]int{}
	for _, n := range notices {
		if ofAStep(n) {
			rows[saidBy(n)]++
		}
	}
	for one := range want {
		switch n := rows[one]; {
		case n == 0:
			f.l++
			f.contradiction("%v was never said", one)
		case n > 1:
			f.d += n - 1
			f.beyond = append(f.beyond, fmt.Sprintf("%v was said %d times", one, n))
		}
	}
	f.du = f.d
	for id, n := range s.messages() {
		if n > 1 {
			f.du += n - 1
			f.beyond = append(f.beyond, fmt.Sprintf("%s went out %d times", id, n))
		}
	}
	f.u = counts[notify.Uncertain] + counts[notify.Unknown]
	if f.u > 0 {
		f.beyond = append(f.beyond, fmt.Sprintf("%d outcomes are unknown", f.u))
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	if total != len(notices) {
		f.contradiction("there are %d notices, the states add up to %d", len(notices), total)
	}
	return f
}

// messages are how often the providers took each message, by its key.
func (s *stage) messages() map[string]int {
	taken := map[string]int{}
	for _, m := range s.sms.Ledger() {
		taken[m.ClientID]++
	}
	for _, m := range s.mail.Ledger() {
		taken[m.MessageID]++
	}
	return taken
}

// Without the natural key of a notice the row has to fail: the duties that were
// set back are said again.
func TestSchedulersWithoutTheNaturalKeyAreCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("runs real worker processes")
	}
	t.Parallel()
	f, _ := playSeason(t, 1, season{officials: 3, visits: 2, days: 60, leap: 72 * time.Hour}, naturalKey, 20*time.Second)
	if f.d == 0 || len(f.beyond) == 0 || f.l > 0 {
		t.Errorf("want notices that were said twice and none lost, got %+v", f)
	}
}
