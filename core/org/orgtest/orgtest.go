// Package orgtest checks implementations of [org.Directory]: whoever lets the
// programme ask an existing staff system who is who runs it in a test of the
// adapter.
//
//	func TestDirectory(t *testing.T) {
//		orgtest.Run(t, func(t *testing.T, w orgtest.World) org.Directory {
//			load(t, w) // into the staff system, or a copy of it for tests
//			return New(...)
//		})
//	}
//
// The suite says which promise was broken and why the promise matters.
package orgtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Run checks the Directory that open returns, once for each promise. open loads
// the World into whatever the Directory asks and may use t to clean up.
func Run(t *testing.T, open func(t *testing.T, w World) org.Directory) {
	t.Helper()
	for _, p := range promises() {
		t.Run(p.name, func(t *testing.T) {
			w := NewWorld()
			if err := p.check(t.Context(), open(t, w), NewWorld()); err != nil {
				t.Errorf("promise broken: %s\n%s\n%v", p.name, p.why, err)
			}
		})
	}
}

// promise is one thing a Directory promises.
type promise struct {
	name, why string
	check     func(ctx context.Context, dir org.Directory, w World) error
}

func promises() []promise {
	return []promise{
		{"persons arrive whole", "Notices go to the number, in the language and with the title that stand here.", wholePersons},
		{"places arrive whole", "Who may act where follows from the parents of a date; visits are planned by the hosting.", wholePlaces},
		{"units arrive whole", "The hierarchy of units decides whom a late duty is reported to.", wholeUnits},
		{"what does not exist is not found", "The core tells an unknown id from a broken connection by fault.ErrNotFound.", notFound},
		{"holdings are selected by every field", "A role at another place, unit or team must give no right here.", holdingsByField},
		{"a holding is held on its first and on its last day", "Both ends of a period belong to it.", holdingsByDate},
		{"a zero date selects holdings of all times", "Reports ask who held a role then; overlaps are found among all.", holdingsOfAllTimes},
		{"leaves are selected by person and day", "A substitute stands in on the days of the leave and on no other.", leavesByField},
		{"cancelled leaves are left out", "Who cancelled a leave is there and must get the own notices again.", cancelledLeaves},
		{"lists come ordered by id", "The same question gives the same answer, so the same person is told.", ordered},
		{"nothing found is no error", "An empty list is an answer.", emptyIsFine},
		{"answers are the caller's own", "The core may change what it was given without changing the directory.", copies},
		{"a chain of substitutes leads to who is present", "EX-11: Lan is away, so is Minh who stands in, and Hà is there.", substitutes},
		{"a merged commune is found", "A hamlet lies in what its commune became, and lay in what it was.", lines},
		{"many persons in one question are the same persons", "Only for directories that implement org.Roll.", roll},
		{"many places in one question are the same places", "Only for directories that implement org.Gazetteer.", gazetteer},
		{"the roles of many persons in one question are the same roles", "Only for directories that implement org.Roster.", roster},
	}
}

// differ returns an error that shows both values unless they print alike.
// Printing compares dates and slices by value and shows the difference at once.
func differ(what string, got, want any) error {
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		return fmt.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
	return nil
}

func wholePersons(ctx context.Context, dir org.Directory, w World) error {
	var faults fault.List
	for _, want := range w.Persons {
		got, err := dir.Person(ctx, want.ID)
		got.Version = 0
		faults.Add(err, differ("person "+string(want.ID), got, want))
	}
	return faults.Err()
}

func wholePlaces(ctx context.Context, dir org.Directory, w World) error {
	var faults fault.List
	for _, want := range w.Places {
		got, err := dir.Place(ctx, want.ID)
		got.Version = 0
		faults.Add(err, differ("place "+string(want.ID), got, want))
	}
	return faults.Err()
}

func wholeUnits(ctx context.Context, dir org.Directory, w World) error {
	var faults fault.List
	for _, want := range w.Units {
		got, err := dir.Unit(ctx, want.ID)
		got.Version = 0
		faults.Add(err, differ("unit "+string(want.ID), got, want))
	}
	return faults.Err()
}

func notFound(ctx context.Context, dir org.Directory, _ World) error {
	var faults fault.List
	check := func(what string, err error) {
		if !errors.Is(err, fault.ErrNotFound) {
			faults.Add(fmt.Errorf("an unknown %s: got error %w, want fault.ErrNotFound", what, err))
		}
	}
	_, err := dir.Person(ctx, "nobody")
	check("person", err)
	_, err = dir.Place(ctx, "nowhere")
	check("place", err)
	_, err = dir.Unit(ctx, "none")
	check("unit", err)
	return faults.Err()
}

// wantHoldings compares the ids that a query selects.
func wantHoldings(ctx context.Context, dir org.Directory, q org.HoldingQuery, want ...org.HoldingID) error {
	got, err := dir.Holdings(ctx, q)
	if err != nil {
		return err
	}
	var ids []org.HoldingID
	for _, h := range got {
		ids = append(ids, h.ID)
	}
	slices.Sort(ids) // order is a promise of its own
	return differ(fmt.Sprintf("holdings of %+v", q), ids, want)
}

func holdingsByField(ctx context.Context, dir org.Directory, w World) error {
	faults := fault.List{
		wantHoldings(ctx, dir, org.HoldingQuery{Person: "p-minh"}, "g-2", "g-3"),
		wantHoldings(ctx, dir, org.HoldingQuery{Role: org.Official}, "g-1", "g-2"),
		wantHoldings(ctx, dir, org.HoldingQuery{Place: "h-1"}, "g-5", "g-6"),
		wantHoldings(ctx, dir, org.HoldingQuery{Unit: "u-2"}, "g-1", "g-2", "g-4"),
		wantHoldings(ctx, dir, org.HoldingQuery{Team: "t-1"}, "g-1", "g-2", "g-3"),
		wantHoldings(ctx, dir, org.HoldingQuery{Role: org.TeamLeader, Team: "t-1"}, "g-3"),
		wantHoldings(ctx, dir, org.HoldingQuery{Person: "p-k", Role: org.VillageElder, Place: "h-1"}, "g-6"),
	}
	got, err := dir.Holdings(ctx, org.HoldingQuery{Person: "p-minh", Role: org.TeamLeader})
	for i := range got {
		got[i].Version = 0
	}
	faults.Add(err, differ("holding g-3", got, []org.Holding{w.Holdings[2]}))
	return errors.Join(faults...)
}

func holdingsByDate(ctx context.Context, dir org.Directory, _ World) error {
	on := func(d calendar.Date, want ...org.HoldingID) error {
		return wantHoldings(ctx, dir, org.HoldingQuery{Person: "p-minh", On: d}, want...)
	}
	return errors.Join(
		on(day(2016, 12, 31)), on(day(2017, 1, 1), "g-2"), on(day(2017, 3, 31), "g-2"), on(day(2017, 4, 1), "g-3"), on(day(2030, 1, 1), "g-3"),
	)
}

func holdingsOfAllTimes(ctx context.Context, dir org.Directory, _ World) error {
	return wantHoldings(ctx, dir, org.HoldingQuery{}, "g-1", "g-2", "g-3", "g-4", "g-5", "g-6")
}

func wantLeaves(ctx context.Context, dir org.Directory, q org.LeaveQuery, want ...org.LeaveID) error {
	got, err := dir.Leaves(ctx, q)
	if err != nil {
		return err
	}
	var ids []org.LeaveID
	for _, l := range got {
		ids = append(ids, l.ID)
	}
	slices.Sort(ids)
	return differ(fmt.Sprintf("leaves of %+v", q), ids, want)
}

func leavesByField(ctx context.Context, dir org.Directory, w World) error {
	faults := fault.List{
		wantLeaves(ctx, dir, org.LeaveQuery{Person: "p-lan"}, "l-1", "l-4"),
		wantLeaves(ctx, dir, org.LeaveQuery{Person: "p-lan", On: day(2017, 6, 4)}),
		wantLeaves(ctx, dir, org.LeaveQuery{Person: "p-lan", On: day(2017, 6, 5)}, "l-1"),
		wantLeaves(ctx, dir, org.LeaveQuery{Person: "p-lan", On: day(2017, 6, 16)}, "l-1"),
		wantLeaves(ctx, dir, org.LeaveQuery{Person: "p-lan", On: day(2017, 6, 17)}),
		wantLeaves(ctx, dir, org.LeaveQuery{On: day(2017, 6, 13)}, "l-1", "l-2"),
	}
	got, err := dir.Leaves(ctx, org.LeaveQuery{Person: "p-lan", On: day(2017, 6, 5)})
	for i := range got {
		got[i].Version = 0
	}
	faults.Add(err, differ("leave l-1", got, []org.Leave{w.Leaves[0]}))
	return errors.Join(faults...)
}

func cancelledLeaves(ctx context.Context, dir org.Directory, _ World) error {
	return errors.Join(wantLeaves(ctx, dir, org.LeaveQuery{Person: "p-ha"}), wantLeaves(ctx, dir, org.LeaveQuery{}, "l-1", "l-2", "l-4"))
}

func ordered(ctx context.Context, dir org.Directory, _ World) error {
	holdings, err := dir.Holdings(ctx, org.HoldingQuery{})
	if err != nil {
		return err
	}
	leaves, err := dir.Leaves(ctx, org.LeaveQuery{})
	if err != nil {
		return err
	}
	var faults fault.List
	if !slices.IsSortedFunc(holdings, func(a, b org.Holding) int { return cmp.Compare(a.ID, b.ID) }) {
		faults.Add(errors.New("holdings are not ordered by id"))
	}
	if !slices.IsSortedFunc(leaves, func(a, b org.Leave) int { return cmp.Compare(a.ID, b.ID) }) {
		faults.Add(errors.New("leaves are not ordered by id"))
	}
	return faults.Err()
}

func emptyIsFine(ctx context.Context, dir org.Directory, _ World) error {
	return errors.Join(
		wantHoldings(ctx, dir, org.HoldingQuery{Person: "nobody"}), wantHoldings(ctx, dir, org.HoldingQuery{Role: org.Auditor}),
		wantLeaves(ctx, dir, org.LeaveQuery{Person: "nobody"}),
	)
}

func copies(ctx context.Context, dir org.Directory, w World) error {
	place, err := dir.Place(ctx, "h-1")
	if err != nil {
		return err
	}
	place.Names[0].Name, place.Hosting.AvoidWeekdays[0] = "overwritten", 6
	holdings, err := dir.Holdings(ctx, org.HoldingQuery{})
	if err != nil {
		return err
	}
	for i := range holdings {
		holdings[i].Role = org.Admin
	}
	return errors.Join(wholePlaces(ctx, dir, w), holdingsByField(ctx, dir, w))
}

func substitutes(ctx context.Context, dir org.Directory, _ World) error {
	var faults fault.List
	for on, want := range map[calendar.Date]org.PersonID{
		day(2017, 6, 4): "p-lan", day(2017, 6, 5): "p-minh", day(2017, 6, 13): "p-ha", day(2017, 6, 15): "p-minh", day(2017, 6, 17): "p-lan",
	} {
		got, err := org.Present(ctx, dir, "p-lan", on)
		faults.Add(err, differ("who acts for p-lan on "+on.String(), got, want))
	}
	if _, err := org.Present(ctx, dir, "p-lan", day(2017, 6, 26)); !errors.Is(err, fault.ErrRule) {
		faults.Add(fmt.Errorf("on 2017-06-26 p-lan is away without a substitute: got error %w, want a violation", err))
	}
	return faults.Err()
}

func lines(ctx context.Context, dir org.Directory, _ World) error {
	before, err := org.Line(ctx, dir, "h-1", day(2025, 6, 30))
	if err != nil {
		return err
	}
	after, err := org.Line(ctx, dir, "h-1", day(2025, 7, 1))
	if err != nil {
		return err
	}
	became, err := org.Successor(ctx, dir, "c-old", day(2026, 1, 1))
	return errors.Join(err,
		differ("line of h-1 before the merger", before, []org.PlaceID{"h-1", "c-old"}),
		differ("line of h-1 after the merger", after, []org.PlaceID{"h-1", "c-new"}),
		differ("successor of c-old", became, org.PlaceID("c-new")),
	)
}

func roll(ctx context.Context, dir org.Directory, w World) error {
	r, ok := dir.(org.Roll)
	if !ok {
		return nil
	}
	got, err := r.PersonsByID(ctx, []org.PersonID{"p-lan", "nobody", "p-k"})
	if err != nil {
		return err
	}
	slices.SortFunc(got, func(a, b org.Person) int { return cmp.Compare(a.ID, b.ID) })
	for i := range got {
		got[i].Version = 0
	}
	return differ("persons p-k and p-lan in one question", got, []org.Person{w.Persons[3], w.Persons[0]})
}

func gazetteer(ctx context.Context, dir org.Directory, w World) error {
	g, ok := dir.(org.Gazetteer)
	if !ok {
		return nil
	}
	got, err := g.PlacesByID(ctx, []org.PlaceID{"h-1", "nowhere", "c-new"})
	if err != nil {
		return err
	}
	slices.SortFunc(got, func(a, b org.Place) int { return cmp.Compare(a.ID, b.ID) })
	for i := range got {
		got[i].Version = 0
	}
	var want []org.Place
	for _, p := range w.Places {
		if p.ID == "h-1" || p.ID == "c-new" {
			want = append(want, p)
		}
	}
	slices.SortFunc(want, func(a, b org.Place) int { return cmp.Compare(a.ID, b.ID) })
	return differ("places c-new and h-1 in one question", got, want)
}

func roster(ctx context.Context, dir org.Directory, w World) error {
	r, ok := dir.(org.Roster)
	if !ok {
		return nil
	}
	whose := []org.PersonID{"p-minh", "nobody", "p-k", "p-minh"}
	var faults fault.List
	for _, on := range []calendar.Date{day(2017, 3, 31), day(2017, 4, 1), {}} {
		got, err := r.HoldingsOf(ctx, whose, on)
		for i := range got {
			got[i].Version = 0
		}
		var want []org.Holding
		for _, h := range w.Holdings {
			if slices.Contains(whose, h.Person) && (on.IsZero() || h.Valid.Contains(on)) {
				want = append(want, h)
			}
		}
		faults.Add(err, differ(fmt.Sprintf("roles of p-minh and p-k on %q in one question", on), got, want))
	}
	return faults.Err()
}
