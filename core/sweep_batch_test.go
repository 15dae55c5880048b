package core_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/countrytest"
	"github.com/huongvecoso/outreach/core/visit"
)

func (x *metered) DutiesToWake(ctx context.Context, now time.Time, limit int) ([]duty.State, error) {
	x.m.asked["DutiesToWake"]++
	return x.Tx.DutiesToWake(ctx, now, limit)
}
func (x *metered) HoldingsOf(ctx context.Context, persons []org.PersonID, on calendar.Date) ([]org.Holding, error) {
	x.m.asked["HoldingsOf"]++
	return x.Tx.HoldingsOf(ctx, persons, on)
}
func (x *metered) Issues(ctx context.Context, q issue.Query) ([]issue.State, error) {
	x.m.asked["Issues"]++
	return x.Tx.Issues(ctx, q)
}

// A sweep asks who the holders are, and what waits in their hamlets, once for each
// hundred duties that are due.
func TestASweepAsksOfABatchAtOnce(t *testing.T) {
	const batch = 100
	asked := func(n int) map[string]int {
		st, days := memstore.New(), calendar.WeekdaysOnly("cost")
		evening := day("2017-04-12")
		c := countrytest.New(1, n)
		err := st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			err := errors.Join(
				putAll(c.People(), func(p *org.Person) error { return tx.PutPerson(ctx, p) }),
				putAll(c.Holdings(), func(h *org.Holding) error { return tx.PutHolding(ctx, h) }))
			for v, d := range c.Reminders(n, evening, policy.Default(), days) {
				err = errors.Join(err, tx.PutVisit(ctx, v), tx.PutDuty(ctx, d))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		now := evening.Add(-3).At(calendar.MustTimeOfDay(0, 5))
		m := &meter{Store: st, asked: make(map[string]int)}
		sys, err := core.New(m, policy.Default(), &core.Options{Clock: func() time.Time { return now }, Calendar: days})
		if err == nil {
			_, err = sys.Sweep(t.Context()) // the routines of the day
		}
		if err != nil {
			t.Fatal(err)
		}
		now = evening.Add(-2).At(calendar.MustTimeOfDay(0, 5))
		if _, err := sys.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = evening.Add(-2).At(policy.Default().Ladder.SendAt)
		m.asked = make(map[string]int)
		swept, err := sys.Sweep(t.Context())
		if err != nil || swept.Steps != n || swept.Notices != 2*n || swept.Routines != 0 {
			t.Fatalf("swept %+v, %v", swept, err)
		}
		return m.asked
	}
	for _, n := range []int{batch, 3 * batch} {
		got := asked(n)
		maps.DeleteFunc(got, func(_ string, times int) bool { return times <= n/batch+1 })
		if diff := cmp.Diff(map[string]int{"Duty": n, "AddNotice": 2 * n}, got); diff != "" { // which take no round trip
			t.Errorf("what is asked more often than once for each %d of %d duties (-want +got):\n%s", batch, n, diff)
		}
	}
}

// ladder puts duties of several holders into the store whose next steps are all due
// on Fri 17/03 at 08:00, and answers that wait in their hamlets.
func (c *cast) ladder() {
	c.at("2017-03-06 09:00")
	c.unassign()
	seven := calendar.MustTimeOfDay(19, 0)
	for i, who := range []org.PersonID{lan, minh, ha, tuan, tl03} {
		place := []org.PlaceID{"AP-01", "AP-02", "AP-03", "AP-04", "AP-09"}[i]
		c.owes(duty.ID(fmt.Sprintf("V-%d", i)), duty.Term{Kind: duty.Visit, Holder: official(who), Place: place, Start: day("2017-03-06"), Due: day("2017-03-19"), At: seven})
		c.owes(duty.ID(fmt.Sprintf("R-%d", i)), duty.Term{Kind: duty.RoundReport, Holder: official(who), Place: place, Start: day("2017-03-06"), Days: 7})
	}
	c.owes("U", duty.Term{Kind: duty.Unit, Holder: unitClerk(), Start: day("2017-03-06"), Days: 5})
	for code, place := range map[string]org.PlaceID{"XL-1": "AP-01", "XL-2": "AP-01", "XL-3": "AP-04"} {
		c.answered(code, place)
	}
}

// answered puts an issue into the store whose answer waits to be told.
func (c *cast) answered(code string, place org.PlaceID) {
	c.put(func(ctx context.Context, tx store.Tx) error { return tx.PutIssue(ctx, waiting(code, place)) })
}

func waiting(code string, place org.PlaceID) *issue.State {
	return &issue.State{ID: issue.ID(code), Code: code, Place: place, Team: teamT3, Owner: lan, Status: issue.FeedbackDue, Registered: day("2017-03-01")}
}

// said is what the ladder and the agendas say, to whom, in order.
func (c *cast) said() (lines []string) {
	for _, n := range c.outbox(notify.Query{}) {
		if n.Duty != "" {
			lines = append(lines, fmt.Sprintf("%s to %s: %s", n.Key, n.To.Key(), n.Vars["codes"]))
		}
	}
	slices.Sort(lines)
	return lines
}

// nameless is a directory that knows of one person at a time.
type nameless struct{ org.Directory }

// What is asked of a batch at once says the same as what each duty asks for itself:
// in a batch with one that fails, and of a directory that answers of one person at a time.
func TestABatchSaysWhatEachDutySaysByItself(t *testing.T) {
	together := newCast(t, nil)
	together.ladder()
	together.sweepUntil("2017-03-17 09:00")
	want := together.said()
	told := strings.Join(want, "\n")
	for _, part := range []string{"visit.agenda/V-0/2017-03-19/XL-1+XL-2 ", "visit.agenda/V-3/2017-03-19/XL-3 ", "programme_office", "team_leader"} {
		if !strings.Contains(told, part) {
			t.Fatalf("nothing of %q in\n%s", part, told)
		}
	}
	broken := newCast(t, &core.Options{OnEvent: func(_ context.Context, _ *core.Work, r event.Record, _ event.Event) error {
		if r.Kind == "visit.unconfirmed" {
			return errors.New("the host's system is down")
		}
		return nil
	}})
	broken.ladder()
	broken.window("0")
	for broken.sys.Now().Before(instant("2017-03-17 09:00")) {
		next := broken.sys.Now().Add(time.Hour)
		broken.now.Store(&next)
		_, _ = broken.sys.Sweep(t.Context())
	}
	if d := broken.duty("0"); d.Status != duty.Running || !d.WakeAt.After(broken.sys.Now()) {
		t.Fatalf("the one that fails is %s and wakes at %v", d.Status, d.WakeAt)
	}
	if diff := cmp.Diff(want, broken.said()); diff != "" {
		t.Errorf("beside one that fails (-batch +each):\n%s", diff)
	}
	single := newCast(t, &core.Options{Directory: func(tx store.Tx) org.Directory { return nameless{tx} }})
	single.ladder()
	single.sweepUntil("2017-03-17 09:00")
	if diff := cmp.Diff(want, single.said()); diff != "" {
		t.Errorf("of a directory without a roster (-batch +each):\n%s", diff)
	}
}

// window puts a visit into the store that nobody confirmed, with the window in which
// it could be: it has closed on Tue 14/03.
func (c *cast) window(id duty.ID) {
	c.put(func(ctx context.Context, tx store.Tx) error {
		return tx.PutVisit(ctx, &visit.State{ID: visit.ID(id), Place: "AP-01", Team: teamT3, Official: lan, Status: visit.Reported, Planned: day("2017-03-06")})
	})
	c.owes(id, duty.Term{Kind: duty.Confirm, Subject: visit.Subject(visit.ID(id)), Holder: org.Party{Role: org.HamletHead, Place: "AP-01"}, Start: day("2017-03-06"), Days: 5})
}

// tapped lets the test write in the transaction that is running, as a host does.
type tapped struct {
	store.Store
	tx store.Tx
}

func (s *tapped) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return s.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		s.tx = tx
		return fn(ctx, tx)
	})
}

// What the end of a window or of a pause sets off is seen by the steps after it,
// those of the same batch too.
func TestAStepSeesWhatTheOneBeforeItSetOff(t *testing.T) {
	for what, kind := range map[string]string{"a window that closed": "visit.unconfirmed", "a pause that ended": "duty.pause_ended"} {
		t.Run(what, func(t *testing.T) {
			st := &tapped{Store: memstore.New()}
			c := newCastOn(t, st, &core.Options{OnEvent: func(ctx context.Context, _ *core.Work, r event.Record, _ event.Event) error {
				if r.Kind != kind {
					return nil
				}
				return errors.Join(st.tx.PutIssue(ctx, waiting("XL-9", "AP-03")),
					st.tx.PutHolding(ctx, &org.Holding{ID: "made-leader", Person: ha, Role: org.TeamLeader, Team: teamT3, Valid: year2017()}))
			}})
			c.at("2017-03-06 09:00")
			c.unassign()
			c.owes("1", duty.Term{Kind: duty.Visit, Holder: official(lan), Place: "AP-01", Start: day("2017-03-06"), Due: day("2017-03-21"), At: calendar.MustTimeOfDay(19, 0)})
			c.window("2")
			c.owes("3", duty.Term{Kind: duty.Visit, Holder: official(ha), Place: "AP-03", Start: day("2017-03-06"), Due: day("2017-03-21"), At: calendar.MustTimeOfDay(19, 0)})
			c.owes("4", duty.Term{Kind: duty.RoundReport, Holder: official(ha), Place: "AP-03", Start: day("2017-03-06"), Days: 7})
			c.put(func(ctx context.Context, tx store.Tx) error {
				for _, id := range []duty.ID{"1", "2", "3", "4"} {
					d, err := tx.Duty(ctx, id)
					if err == nil && id == "2" && kind == "duty.pause_ended" {
						err = d.Pause("needs_higher_level", vp01, policy.Default(), calendar2017(t), instant("2017-03-06 10:00"))
					}
					if err != nil {
						return err
					}
					d.WakeAt = instant("2017-03-06 10:00") // so they come in the order of their ids
					if err := tx.PutDuty(ctx, &d); err != nil {
						return err
					}
				}
				return nil
			})
			c.at("2017-03-21 07:00")
			c.sweep()
			told := strings.Join(c.said(), "\n")
			for _, part := range []string{"duty/1/", "visit.agenda/3/2017-03-21/XL-9"} {
				if !strings.Contains(told, part) {
					t.Errorf("nothing of %q in\n%s", part, told)
				}
			}
			if strings.Contains(told, "visit.agenda/1/") {
				t.Errorf("the step before knew of what came later:\n%s", told)
			}
			for _, n := range c.outbox(notify.Query{Duty: "4", Template: "duty.round_report.late"}) {
				if n.To.Role == org.TeamLeader && n.To.Person == "" {
					t.Errorf("a leader is not known as one: %s to %s", n.Key, n.To.Key())
				}
			}
		})
	}
}
