package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
)

// remind adds duties to hold a visit, of the district's officials in turn, whose
// first reminder is due.
func remind(ctx context.Context, st *Store, n int, wake time.Time) error {
	return st.Update(ctx, func(ctx context.Context, t store.Tx) error {
		var all []*duty.State
		opened := wake.AddDate(0, 0, -9)
		for i := range n {
			id := fmt.Sprintf("remind-%s-%03d", wake.Format("150405"), i)
			d, err := duty.Open(duty.ID(id), duty.Term{Kind: duty.Visit, Subject: event.Subject{Type: "thing", ID: id}, Label: id, Place: hamletID(i % 100),
				Holder: org.Party{Role: org.Official, Person: officialID(i % 100), Team: "T-0000"}, Start: calendar.DateOf(opened), Due: calendar.DateOf(wake).Add(1),
				At: calendar.MustTimeOfDay(19, 0)}, policy.Default(), calendar.WeekdaysOnly("c"), opened)
			if err != nil {
				return err
			}
			d.WakeAt = wake
			all = append(all, &d)
		}
		return duties.insertAll(ctx, t.(*tx), all)
	})
}

// A batch of a hundred duties that are due takes six round trips, however many steps
// each has: the duties, the rules, how statements are planned, who the holders are,
// what waits in their hamlets, and all that is left to write.
func TestASweepTakesFewRoundTripsForEachBatch(t *testing.T) {
	t.Parallel()
	now := present
	var asked *counter
	sys := district(t, databases[1].create(t)(), Postgres, 100, 400, func() time.Time { return now }, func(st *Store) store.Store {
		asked = &counter{Store: st}
		return asked
	})
	sweep := func(n int) []string {
		now = now.Add(time.Minute)
		must(t, remind(t.Context(), asked.Store, n, now))
		asked.statements = nil
		swept, err := sys.Sweep(t.Context())
		must(t, err)
		if swept.Duties < n || swept.Notices < 2*n {
			t.Fatalf("swept %+v", swept)
		}
		return asked.statements
	}
	sweep(10) // the routines of the day
	const each = 6
	hundred, three := sweep(100), sweep(300)
	if more := len(three) - len(hundred); more > 2*each {
		t.Errorf("200 duties more took %d statements more, want %d at most:\n%s", more, 2*each, strings.Join(three, "\n"))
	}
}

// However many duties and issues there are, a sweep finds those that are due and those
// that wait by indexes that hold no others, and reads no table that grows.
func TestASweepLooksUpWhatIsDueAndWhatWaits(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, d Dialect, handle func() *sql.DB) {
		t.Parallel()
		db := handle()
		var e *explainer
		sys := district(t, db, d, 100, 2000, atPresent, func(st *Store) store.Store {
			e = explaining(t, st, d)
			return e
		})
		e.doing = "routines"
		_, err := sys.Sweep(t.Context())
		must(t, err)
		for _, n := range []int{20, 100} { // hamlets
			must(t, remind(t.Context(), e.Store, n, present.Add(-time.Duration(n)*time.Second)))
			must(t, answered(t.Context(), e.Store, 2*n))
			exec(t, db, "ANALYZE")
			e.doing, e.scans, e.used = "sweep", map[string]bool{}, map[string]map[string]bool{}
			swept, err := sys.Sweep(t.Context())
			must(t, err)
			if swept.Steps < n || swept.Notices < 3*n {
				t.Errorf("swept %+v", swept)
			}
			for _, scan := range slices.Sorted(maps.Keys(e.scans)) {
				t.Error(scan)
			}
			for _, index := range []string{"outreach_duty_wake", "outreach_issue_to_tell"} {
				if !e.used["sweep"][index] {
					t.Errorf("%d duties are swept without %s: %v", n, index, slices.Sorted(maps.Keys(e.used["sweep"])))
				}
			}
		}
	})
}

// What was to be said of duties that are closed together is found by these duties.
func TestWhatIsSaidOfManyDutiesIsLookedUpByThem(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, d Dialect, handle func() *sql.DB) {
		t.Parallel()
		var e *explainer
		district(t, handle(), d, 20, 2000, atPresent, func(st *Store) store.Store {
			e = explaining(t, st, d)
			return e
		})
		e.doing, e.scans, e.used = "close", map[string]bool{}, map[string]map[string]bool{}
		for _, n := range []int{2, 20, 300} {
			q := notify.Query{States: []notify.State{notify.Pending, notify.Queued, notify.Merged, notify.Sending, notify.Unknown}}
			for i := range n {
				q.Duties = append(q.Duties, fmt.Sprintf("past-%09d", 7*i))
			}
			must(t, e.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
				_, err := tx.Notices(ctx, q)
				return err
			}))
		}
		for _, scan := range slices.Sorted(maps.Keys(e.scans)) {
			t.Error(scan)
		}
		if used := slices.Sorted(maps.Keys(e.used["close"])); !slices.Equal(used, []string{"outreach_notice_duty"}) {
			t.Errorf("looked for by %v", used)
		}
	})
}

// answered adds issues whose answer waits to be told, in the hamlets in turn.
func answered(ctx context.Context, st *Store, n int) error {
	return st.Update(ctx, func(ctx context.Context, t store.Tx) error {
		var all []*issue.State
		for i := range n {
			id := fmt.Sprintf("answered-%d-%04d", n, i)
			all = append(all, &issue.State{ID: issue.ID(id), Code: id, Place: hamletID(i % 100), Team: "T-0000", Owner: officialID(i % 100),
				Status: issue.FeedbackDue, Registered: calendar.DateOf(present).Add(-20)})
		}
		return issues.insertAll(ctx, t.(*tx), all)
	})
}
