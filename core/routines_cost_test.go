package core_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/countrytest"
	"github.com/huongvecoso/outreach/core/visit"
)

func (x *metered) Assignments(ctx context.Context, q programme.AssignmentQuery) ([]programme.Assignment, error) {
	x.m.asked["Assignments"]++
	return x.Tx.Assignments(ctx, q)
}
func (x *metered) Visits(ctx context.Context, q visit.Query) ([]visit.State, error) {
	x.m.asked["Visits"]++
	return x.Tx.Visits(ctx, q)
}
func (x *metered) Profiles(ctx context.Context, place org.PlaceID) ([]visit.Profile, error) {
	x.m.asked["Profiles"]++
	return x.Tx.Profiles(ctx, place)
}
func (x *metered) LatestProfiles(ctx context.Context, places []org.PlaceID) ([]visit.Profile, error) {
	x.m.asked["LatestProfiles"]++
	return x.Tx.LatestProfiles(ctx, places)
}
func (x *metered) Unit(ctx context.Context, id org.UnitID) (org.Unit, error) {
	x.m.asked["Unit"]++
	return x.Tx.Unit(ctx, id)
}
func (x *metered) Teams(ctx context.Context) ([]programme.Team, error) {
	x.m.asked["Teams"]++
	return x.Tx.Teams(ctx)
}

// staffed is a store in which so many officials look after a hamlet each, whose
// survey is old, and one half has planned April.
func staffed(t *testing.T, officials int) store.Store {
	t.Helper()
	st := memstore.New()
	c := countrytest.New(1, officials)
	err := st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		err := errors.Join(
			tx.PutProgramme(ctx, c.Programme()),
			putAll(c.Places(), func(p *org.Place) error { return tx.PutPlace(ctx, p) }),
			putAll(c.Departments(), func(u *org.Unit) error { return tx.PutUnit(ctx, u) }),
			putAll(c.People(), func(p *org.Person) error { return tx.PutPerson(ctx, p) }),
			putAll(c.Holdings(), func(h *org.Holding) error { return tx.PutHolding(ctx, h) }),
			putAll(c.Teams(), func(m *programme.Team) error { return tx.PutTeam(ctx, m) }),
			putAll(c.Assignments(), func(a *programme.Assignment) error { return tx.PutAssignment(ctx, a) }),
		)
		for i := range officials {
			place := countrytest.Hamlet(i)
			err = errors.Join(err, tx.PutProfile(ctx, &visit.Profile{
				ID: visit.ProfileID("survey-" + place), Place: place, Edition: 1, On: day("2016-01-10"), Status: visit.ProfileAccepted,
			}))
			for n, on := range []string{"2017-04-05", "2017-04-19"} {
				if i%2 == 0 {
					err = errors.Join(err, tx.PutVisit(ctx, &visit.State{
						ID: visit.ID(fmt.Sprintf("%s-%d", place, n)), Kind: visit.Regular, Place: place, Official: countrytest.Official(i),
						Team: countrytest.Team(countrytest.TeamOf(i)), Planned: day(on), Status: visit.Planned,
					}))
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func putAll[T any](all iter.Seq[*T], put func(*T) error) error {
	for v := range all {
		if err := put(v); err != nil {
			return err
		}
	}
	return nil
}

// What the routines of a day ask their store does not grow with the officials, as
// long as they are some hundreds: thousands are asked of by hundreds. Only what
// changes is looked at one by one.
func TestTheRoutinesOfADayAskOfManyAtOnce(t *testing.T) {
	cost := func(officials int) (first, next map[string]int) {
		m := &meter{Store: staffed(t, officials)}
		var now time.Time
		sys, err := core.New(m, policy.Default(), &core.Options{Clock: func() time.Time { return now }, Calendar: calendar.WeekdaysOnly("cost")})
		if err != nil {
			t.Fatal(err)
		}
		sweep := func(on string) map[string]int {
			now = day(on).At(calendar.MustTimeOfDay(0, 5))
			m.asked = make(map[string]int)
			swept, err := sys.Sweep(t.Context())
			if err != nil || swept.Routines == 0 || swept.Duties > 0 {
				t.Fatalf("swept %+v, %v", swept, err)
			}
			return maps.Clone(m.asked)
		}
		first, next = sweep("2017-03-14"), sweep("2017-03-15")
		for kind, want := range map[duty.Kind]int{duty.MonthPlan: officials, duty.Survey: officials, duty.RoundReport: 2 * officials} {
			if got := dutiesOf(t, m.Store, duty.Query{Kinds: []duty.Kind{kind}}); len(got) != want {
				t.Fatalf("%d duties %s, want %d", len(got), kind, want)
			}
		}
		met := dutiesOf(t, m.Store, duty.Query{Kinds: []duty.Kind{duty.MonthPlan}, Statuses: []duty.Status{duty.Met}})
		if len(met) != (officials+1)/2 {
			t.Fatalf("%d of %d officials planned their month", len(met), officials)
		}
		return first, next
	}
	fewFirst, fewNext := cost(20)
	manyFirst, manyNext := cost(280)
	if diff := cmp.Diff(fewNext, manyNext); diff != "" {
		t.Errorf("a day on which nothing changes asks of each (-20 officials +280):\n%s", diff)
	}
	if diff := cmp.Diff(fewFirst, manyFirst); diff != "" {
		t.Errorf("the day on which duties begin asks of each (-20 officials +280):\n%s", diff)
	}
}

func dutiesOf(t *testing.T, st store.Store, q duty.Query) (found []duty.State) {
	t.Helper()
	err := st.View(t.Context(), func(ctx context.Context, tx store.Tx) (err error) {
		found, err = tx.Duties(ctx, q)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
