package sqlstore

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// A visit of a month whose plan is owed takes five round trips: what is known, what
// follows from the official's hamlets, two for what the month has with this visit,
// and what is left to write. The visit that completes the plan closes the duty as
// well, and a second one in the unit asks for less.
func TestPlanningAVisitTakesFewRoundTrips(t *testing.T) {
	t.Parallel()
	var asked *counter
	sys := district(t, databases[1].create(t)(), Postgres, 12, 200, func() time.Time { return present }, func(st *Store) store.Store {
		asked = &counter{Store: st}
		return asked
	})
	month := calendar.MonthOf(calendar.DateOf(present)).Next()
	if _, err := sys.Sweep(t.Context()); err != nil { // the routines open the duty
		t.Fatal(err)
	}
	plan := func(k int, days ...int) []string {
		asked.statements = nil
		must(t, sys.Update(t.Context(), org.Actor{Person: officialID(k)}, func(ctx context.Context, w *core.Work) error {
			for _, day := range days {
				p := visit.Plan{Place: hamletID(k), Official: officialID(k), Date: month.First().Add(day), Kind: visit.Regular}
				if _, err := w.Visits.Plan(ctx, p); err != nil {
					return err
				}
			}
			return nil
		}))
		return asked.statements
	}
	for _, c := range []struct {
		what string
		got  []string
		most int
	}{
		{"the first visit", plan(0, 8), 5},
		{"the one that completes the month", plan(0, 22), 9},
		{"both in one unit", plan(1, 8, 22), 14},
	} {
		if len(c.got) > c.most {
			t.Errorf("%s took %d statements, want %d at most:\n%s", c.what, len(c.got), c.most, strings.Join(c.got, "\n"))
		}
	}
	met := 0
	must(t, sys.View(t.Context(), org.System(), func(ctx context.Context, w *core.Work) error {
		for k := range 2 {
			owed, err := w.Duties.Of(ctx, event.Subject{Type: "month_plan", ID: string(officialID(k)) + "/" + month.String()})
			if err != nil {
				return err
			}
			for _, d := range owed {
				if d.Kind == duty.MonthPlan && d.Status == duty.Met {
					met++
				}
			}
		}
		return nil
	}))
	if met != 2 {
		t.Errorf("%d of 2 plans are done", met)
	}
}
