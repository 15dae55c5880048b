package core_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/org/orgtest"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// TestTheStoreIsADirectory runs the conformance suite over the reference store.
func TestTheStoreIsADirectory(t *testing.T) {
	orgtest.Run(t, func(t *testing.T, w orgtest.World) org.Directory {
		st := memstore.New()
		err := st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			var faults fault.List
			for _, p := range w.Persons {
				faults.Add(tx.PutPerson(ctx, &p))
			}
			for _, p := range w.Places {
				faults.Add(tx.PutPlace(ctx, &p))
			}
			for _, u := range w.Units {
				faults.Add(tx.PutUnit(ctx, &u))
			}
			for _, h := range w.Holdings {
				faults.Add(tx.PutHolding(ctx, &h))
			}
			for _, l := range w.Leaves {
				faults.Add(tx.PutLeave(ctx, &l))
			}
			return faults.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		return viewed{st}
	})
}

// viewed asks a store each question in a transaction of its own.
type viewed struct{ store.Store }

func ask[T any](ctx context.Context, v viewed, question func(context.Context, store.Tx) (T, error)) (answer T, err error) {
	err = v.View(ctx, func(ctx context.Context, tx store.Tx) error {
		var err error
		answer, err = question(ctx, tx)
		return err
	})
	return answer, err
}

func (v viewed) Person(ctx context.Context, id org.PersonID) (org.Person, error) {
	return ask(ctx, v, func(ctx context.Context, tx store.Tx) (org.Person, error) { return tx.Person(ctx, id) })
}

func (v viewed) Place(ctx context.Context, id org.PlaceID) (org.Place, error) {
	return ask(ctx, v, func(ctx context.Context, tx store.Tx) (org.Place, error) { return tx.Place(ctx, id) })
}

func (v viewed) Unit(ctx context.Context, id org.UnitID) (org.Unit, error) {
	return ask(ctx, v, func(ctx context.Context, tx store.Tx) (org.Unit, error) { return tx.Unit(ctx, id) })
}

func (v viewed) Holdings(ctx context.Context, q org.HoldingQuery) ([]org.Holding, error) {
	return ask(ctx, v, func(ctx context.Context, tx store.Tx) ([]org.Holding, error) { return tx.Holdings(ctx, q) })
}

func (v viewed) Leaves(ctx context.Context, q org.LeaveQuery) ([]org.Leave, error) {
	return ask(ctx, v, func(ctx context.Context, tx store.Tx) ([]org.Leave, error) { return tx.Leaves(ctx, q) })
}

// records are the journal's records about a subject, as "kind by actor: data".
func (c *cast) records(subject event.Subject) (lines []string) {
	c.t.Helper()
	c.see(func(ctx context.Context, tx store.Tx) error {
		found, err := tx.Records(ctx, event.Query{Subject: subject})
		for _, r := range found {
			lines = append(lines, r.Kind+" by "+r.Actor+": "+string(r.Data))
		}
		if broken := event.Verify(found); len(broken) > 0 {
			c.t.Errorf("chain of %s: %v", subject, broken)
		}
		return err
	})
	return lines
}

// refuses checks that a person without the right is turned away.
func (c *cast) refuses(who org.PersonID, fn func(context.Context, *core.Work) error) {
	c.t.Helper()
	if err := c.do(who, fn); !errors.Is(err, fault.ErrForbidden) {
		c.t.Errorf("%s: got %v, want a refusal", who, err)
	}
}

func TestAPersonIsAddedOnceTidiedAndJournalledWithoutPersonalData(t *testing.T) {
	c := newCast(t, nil)
	add := func(ctx context.Context, w *core.Work) error {
		p, err := w.Org.AddPerson(ctx, org.Person{ID: "N-1", FullName: "  Thổ   Rây", Phone: "+84900009999", PhoneSMS: true, Valid: year2017()})
		if err == nil && p.FullName != "Thổ Rây" {
			t.Errorf("stored as %q", p.FullName)
		}
		return err
	}
	c.refuses(lan, add)
	c.must(vp01, add)
	if err := c.do(vp01, add); !errors.Is(err, fault.ErrExists) {
		t.Errorf("added twice: %v", err)
	}
	var read org.Person
	c.must(vp01, func(ctx context.Context, w *core.Work) (err error) {
		read, err = w.Org.Person(ctx, "N-1")
		return err
	})
	change := func(ctx context.Context, w *core.Work) error {
		p := read
		p.Phone = "+84900008888"
		_, err := w.Org.UpdatePerson(ctx, p)
		return err
	}
	c.must(vp01, change)
	if err := c.do(vp01, change); !errors.Is(err, fault.ErrStale) {
		t.Errorf("changed from an old reading: %v", err)
	}
	want := []string{`org.person_added by VP-01: {}`, `org.person_changed by VP-01: {"fields":["phone"]}`}
	if diff := cmp.Diff(want, c.records(org.PersonSubject("N-1"))); diff != "" {
		t.Error(diff)
	}
	c.refused("org.person.name", vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.AddPerson(ctx, org.Person{FullName: " ", Valid: year2017()})
		return err
	})
}

func TestAPutSaysWhatItDidAndMayBeRepeated(t *testing.T) {
	c := newCast(t, nil)
	person := org.Person{ID: "N-1", FullName: "Sẹt", Valid: year2017()}
	unit := org.Unit{ID: "P-X", Code: "X", Name: "Phòng X", Valid: year2017()}
	place := org.Place{ID: "AP-10", Names: []org.Naming{{Valid: calendar.Period{From: day("2010-01-01")}, Kind: "ap", Name: "10", Parent: "C1"}}}
	holding := org.Holding{ID: "g", Person: "N-1", Role: org.VillageElder, Place: "AP-10", Valid: year2017()}
	put := func() (did []core.Change) {
		c.must(vp01, func(ctx context.Context, w *core.Work) error {
			var faults fault.List
			for _, step := range []func() (core.Change, error){
				func() (core.Change, error) { return w.Org.PutPerson(ctx, person) },
				func() (core.Change, error) { return w.Org.PutUnit(ctx, unit) },
				func() (core.Change, error) { return w.Org.PutPlace(ctx, place) },
				func() (core.Change, error) { return w.Org.PutHolding(ctx, holding) },
			} {
				change, err := step()
				faults.Add(err)
				did = append(did, change)
			}
			return faults.Err()
		})
		return did
	}
	all := func(change core.Change) []core.Change { return []core.Change{change, change, change, change} }
	if got := put(); !slices.Equal(got, all(core.Created)) {
		t.Errorf("first: %v", got)
	}
	if got := put(); !slices.Equal(got, all(core.Unchanged)) {
		t.Errorf("again: %v", got)
	}
	person.Honorific, unit.SMSName, place.Names[0].Name, holding.Decision = "bà", "Phong X", "Mười", "5/QĐ"
	if got := put(); !slices.Equal(got, all(core.Updated)) {
		t.Errorf("changed: %v", got)
	}
	if n := len(c.records(org.PlaceSubject("AP-10"))); n != 2 {
		t.Errorf("%d records of the place, want two: nothing is journalled where nothing changed", n)
	}
	c.refuses(tl03, func(ctx context.Context, w *core.Work) error { _, err := w.Org.PutUnit(ctx, unit); return err })
}

func TestARoleNeedsAPersonAPlaceAndAnEnd(t *testing.T) {
	c := newCast(t, nil)
	appoint := func(h org.Holding) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Org.AppointHolding(ctx, h)
			return err
		}
	}
	again := org.Holding{Person: ta01, Role: org.HamletHead, Place: "AP-01", Valid: year2017()}
	c.refused("org.holding.overlap", vp01, appoint(again))
	unknown := again
	unknown.Person = "nobody"
	if err := c.do(vp01, appoint(unknown)); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("an unknown person: %v", err)
	}
	unknown = again
	unknown.Place = "AP-99"
	if err := c.do(vp01, appoint(unknown)); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("an unknown place: %v", err)
	}
	end := func(last string) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Org.EndHolding(ctx, "hamlet_head/TA-01", day(last), "miễn nhiệm")
			return err
		}
	}
	c.refused("org.holding.end", vp01, end("2015-12-31"))
	c.must(vp01, end("2017-03-31"))
	again.Valid = days("2017-04-01", "2017-12-31")
	c.must(vp01, appoint(again))
	for on, want := range map[string]int{"2017-03-31": 1, "2017-04-01": 1} {
		c.must(vp01, func(ctx context.Context, w *core.Work) error {
			found, err := w.Org.Holders(ctx, org.HoldingQuery{Role: org.HamletHead, Place: "AP-01", On: day(on)})
			if len(found) != want {
				t.Errorf("on %s: %d heads", on, len(found))
			}
			return err
		})
	}
}

func TestLeaveIsTakenByThePersonOrWhoLeadsThem(t *testing.T) {
	c := newCast(t, nil)
	week := 0
	take := func(who org.PersonID) func(context.Context, *core.Work) error {
		from := day("2017-02-06").Add(7 * week)
		week++
		l := org.Leave{Person: who, Days: calendar.Period{From: from, To: from.Add(1)}, Substitute: ha, Reason: "chăm người nhà ốm"}
		return func(ctx context.Context, w *core.Work) error { _, err := w.Org.TakeLeave(ctx, l); return err }
	}
	for _, by := range []org.PersonID{lan, tl03, u30, vp01, qt01} {
		c.must(by, take(lan))
	}
	c.must(u11, take(u11))
	c.must(u10, take(u11))
	for _, by := range []org.PersonID{minh, u10, u31, ta01, kt01} {
		c.refuses(by, take(lan))
	}
	for _, line := range c.records(org.PersonSubject(lan)) {
		if strings.Contains(line, "ốm") {
			t.Errorf("the journal tells why: %s", line)
		}
	}
}

func TestEX11_CircleIsRefusedAndTheSlotExcused(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-06-01 09:00")
	var planned visit.State
	c.must(lan, func(ctx context.Context, w *core.Work) (err error) {
		planned, err = w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Official: lan, Place: "AP-01", Date: day("2017-06-13"), At: calendar.MustTimeOfDay(19, 0)})
		return err
	})
	take := func(l org.Leave) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error { _, err := w.Org.TakeLeave(ctx, l); return err }
	}
	c.must(lan, take(org.Leave{Person: lan, Days: days("2017-06-05", "2017-06-16"), Substitute: minh}))
	c.must(minh, take(org.Leave{Person: minh, Days: days("2017-06-12", "2017-06-14"), Substitute: ha}))
	present := func(on string) (who org.PersonID) {
		c.must(vp01, func(ctx context.Context, w *core.Work) (err error) {
			who, err = w.Org.Present(ctx, lan, day(on))
			return err
		})
		return who
	}
	for on, want := range map[string]org.PersonID{"2017-06-11": minh, "2017-06-13": ha, "2017-06-15": minh, "2017-06-17": lan} {
		if got := present(on); got != want {
			t.Errorf("on %s %s acts for Lan, want %s", on, got, want)
		}
	}

	// A circle is refused at entry; where another staff system let it pass, the
	// visit is at risk and the team leader is told.
	circle := org.Leave{ID: "circle", Person: ha, Days: days("2017-06-13", "2017-06-13"), Substitute: lan}
	c.refused("org.substitution.cycle", ha, take(circle))
	c.put(func(ctx context.Context, tx store.Tx) error { return tx.PutLeave(ctx, &circle) })
	c.must(tuan, take(org.Leave{ID: "other", Person: tuan, Days: days("2017-07-03", "2017-07-04")})) // whose visits are looked at again
	c.see(func(ctx context.Context, tx store.Tx) error {
		v, err := tx.Visit(ctx, planned.ID)
		if v.Status != visit.AtRisk {
			t.Errorf("the visit is %s", v.Status)
		}
		return err
	})

	// The visit Hà held is hers; Lan's half of the month is excused.
	c.put(func(ctx context.Context, tx store.Tx) error {
		circle.Cancelled = true
		return tx.PutLeave(ctx, &circle)
	})
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.CancelLeave(ctx, "other", "đi làm lại")
		return err
	})
	c.at("2017-06-14 09:00")
	c.must(ha, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Report(ctx, planned.ID, day("2017-06-13"), visit.Report{
			Attendance: visit.Present, Started: calendar.MustTimeOfDay(19, 0), People: 21, Minutes: "…",
		})
		return err
	})
	c.must(ta01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Confirm(ctx, planned.ID, true, "")
		return err
	})
	row := c.coverage("2017-06")["AP-01"]
	if row.Verified != 1 || len(row.Credits) != 1 || row.Credits[0].Person != ha {
		t.Errorf("verified %d, credited to %+v", row.Verified, row.Credits)
	}
	if first := row.Slots[0]; first.Official != lan || !first.Excused || first.Missed {
		t.Errorf("the first half: %+v", first)
	}
}

// coverage counts a month by hamlet.
func (c *cast) coverage(month string) map[org.PlaceID]programme.Coverage {
	c.t.Helper()
	m, err := calendar.ParseMonth(month)
	if err != nil {
		c.t.Fatal(err)
	}
	rows := make(map[org.PlaceID]programme.Coverage)
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		all, err := w.Programme.Coverage(ctx, m)
		for _, row := range all {
			rows[row.Place] = row
		}
		return err
	})
	return rows
}

func TestPlacesAreSearchedShownAndRenamed(t *testing.T) {
	c := newCast(t, nil)
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.RenamePlace(ctx, "AP-07", day("2017-07-01"), org.Naming{Name: "Bình Minh"}, "NQ 5")
		if err != nil {
			return err
		}
		_, err = w.Org.RenamePlace(ctx, "AP-01", day("2017-07-01"), org.Naming{Name: "Bình Minh"}, "NQ 5")
		return err
	})
	c.refuses(tl03, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.RenamePlace(ctx, "AP-02", day("2017-07-01"), org.Naming{Name: "X"}, "")
		return err
	})
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		found, err := w.Org.FindPlaces(ctx, "binh minh", day("2017-07-01"))
		want := []core.Found{{ID: "AP-01", Text: "ấp Bình Minh (Xã C1)"}, {ID: "AP-07", Text: "ấp Bình Minh (Xã C3)"}}
		if diff := cmp.Diff(want, found); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
		if found, err := w.Org.FindPlaces(ctx, "binh minh", day("2017-06-30")); len(found) != 0 || err != nil {
			t.Errorf("the day before: %v, %v", found, err)
		}
		people, err := w.Org.FindPersons(ctx, "tran thi lan")
		if len(people) != 1 || people[0].ID != string(lan) {
			t.Errorf("persons: %v, %v", people, err)
		}
		people, err = w.Org.FindPersons(ctx, "Hồ Đ")
		if err != nil || len(people) != 2 || people[0].ID != string(tt03) { // Hồ Dũng fits but for the marks
			t.Errorf("persons with marks: %v, %v", people, err)
		}
		people, err = w.Org.FindPersons(ctx, "hồ")
		var names []string
		for _, p := range people {
			names = append(names, p.Text)
		}
		if got := strings.Join(names, ", "); got != "Hồ Đức An, Hồ Thị Ánh, Hồ Văn Ân, Hồ Dũng" {
			t.Errorf("by given name: %s, %v", got, err)
		}
		return nil
	})
	c.refused("org.place.parent", vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.MovePlace(ctx, "AP-01", day("2017-08-01"), "C9", "")
		return err
	})
	c.refused("org.place.cycle", vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.MovePlace(ctx, "H", day("2017-08-01"), "AP-01", "")
		return err
	})
}

// addCommune enters a commune that begins on a day.
func (c *cast) addCommune(id org.PlaceID, from string) {
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.AddPlace(ctx, org.Place{ID: id, Names: []org.Naming{{Valid: calendar.Period{From: day(from)}, Kind: "xa", Name: string(id), Parent: "H"}}})
		return err
	})
}

func TestAMergerTakesTheHamletsAlong(t *testing.T) {
	c := newCast(t, nil)
	c.addCommune("C12", "2017-07-01")
	merge := func(ctx context.Context, w *core.Work) error {
		return w.Org.MergePlaces(ctx, core.Merger{From: []org.PlaceID{"C1", "C2"}, Into: "C12", On: day("2017-07-01"), Why: "NQ 9"})
	}
	c.refuses(pct, merge)
	c.must(vp01, merge)
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		for hamlet, before := range map[org.PlaceID]org.PlaceID{"AP-01": "C1", "AP-03": "C2"} {
			then, err := w.Org.Line(ctx, hamlet, day("2017-06-30"))
			if err != nil || !slices.Equal(then, []org.PlaceID{hamlet, before, "H"}) {
				t.Errorf("before: %v, %v", then, err)
			}
			now, err := w.Org.Line(ctx, hamlet, day("2017-07-01"))
			if err != nil || !slices.Equal(now, []org.PlaceID{hamlet, "C12", "H"}) {
				t.Errorf("after: %v, %v", now, err)
			}
		}
		got, err := w.Org.Successor(ctx, "C2", day("2017-12-01"))
		if got != "C12" {
			t.Errorf("C2 became %s", got)
		}
		return err
	})
	want := []string{`org.place_ended by VP-01: {"on":"2017-07-01","mode":"merge","to":["C12"]}`}
	if diff := cmp.Diff(want, c.records(org.PlaceSubject("C1"))); diff != "" {
		t.Error(diff)
	}
}

func TestADivisionNeedsAChoiceForEachHamlet(t *testing.T) {
	c := newCast(t, nil)
	c.addCommune("C2A", "2017-07-01")
	c.addCommune("C2B", "2017-07-01")
	split := func(choice map[org.PlaceID]org.PlaceID) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			return w.Org.SplitPlace(ctx, core.Division{Place: "C2", Parts: []org.PlaceID{"C2A", "C2B"}, On: day("2017-07-01"), Choice: choice})
		}
	}
	err := c.do(vp01, split(map[org.PlaceID]org.PlaceID{"AP-03": "C2A", "AP-04": "C1"}))
	wantRule(t, "org.place.divided", err)
	if text := err.Error(); !strings.Contains(text, "AP-04 AP-05") || strings.Contains(text, "AP-03") {
		t.Errorf("the undecided are not named: %s", text)
	}
	c.must(vp01, split(map[org.PlaceID]org.PlaceID{"AP-03": "C2A", "AP-04": "C2A", "AP-05": "C2B"}))
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		line, err := w.Org.Line(ctx, "AP-05", day("2017-07-01"))
		if !slices.Equal(line, []org.PlaceID{"AP-05", "C2B", "H"}) {
			t.Errorf("AP-05 lies in %v", line)
		}
		return err
	})
}

func TestAssignmentsFollowAMergedHamlet(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-06-15")
	merge := func(on string) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			return w.Org.MergePlaces(ctx, core.Merger{From: []org.PlaceID{"AP-04"}, Into: "AP-05", On: day(on)})
		}
	}
	c.must(vp01, merge("2017-07-01")) // both are Tuấn's
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		return w.Org.MergePlaces(ctx, core.Merger{From: []org.PlaceID{"AP-02"}, Into: "AP-01", On: day("2017-07-01")}) // Minh's into Lan's
	})
	at := func(on string) (lines []string) {
		c.see(func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Assignments(ctx, programme.AssignmentQuery{During: days(on, on)})
			for _, a := range all {
				if a.Status != programme.Cancelled {
					lines = append(lines, string(a.Official)+" "+string(a.Place)+" "+string(a.Status))
				}
			}
			slices.Sort(lines)
			return err
		})
		return lines
	}
	want := []string{"CC-017 AP-01 active", "CC-042 AP-02 active", "CC-051 AP-03 active", "CC-063 AP-04 active", "CC-063 AP-05 active"}
	if diff := cmp.Diff(want, at("2017-06-30")); diff != "" {
		t.Error(diff)
	}
	want = []string{"CC-017 AP-01 active", "CC-042 AP-01 approved", "CC-051 AP-03 active", "CC-063 AP-05 active"}
	if diff := cmp.Diff(want, at("2017-07-01")); diff != "" {
		t.Error(diff)
	}
	c.at("2017-07-01")
	if _, err := c.sys.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	want = []string{"CC-017 AP-01 active", "CC-042 AP-01 active", "CC-051 AP-03 active", "CC-063 AP-05 active"}
	if diff := cmp.Diff(want, at("2017-07-01")); diff != "" {
		t.Error(diff)
	}
	c.see(func(ctx context.Context, tx store.Tx) error {
		old, err := tx.Assignment(ctx, "PC-AP-02")
		if old.Status != programme.Ended || old.Continues == "" || len(old.Handover) != 0 {
			t.Errorf("the cut assignment: %+v", old)
		}
		return err
	})
	c.refused("programme.assignment.place_ended", vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.ClosePlace(ctx, "AP-03", day("2017-08-01"), "giải thể")
		return err
	})
}

func TestUnitsAreAddedOnceAndHostingIsSet(t *testing.T) {
	c := newCast(t, nil)
	add := func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.AddUnit(ctx, org.Unit{ID: "P-X", Code: "X", Name: "Điện lực", SMSName: "Dien luc", Parent: unitVP, Valid: year2017()})
		return err
	}
	c.refuses(u10, add)
	c.must(qt01, add)
	if err := c.do(qt01, add); !errors.Is(err, fault.ErrExists) {
		t.Errorf("added twice: %v", err)
	}
	c.refused("org.unit.sms_name", qt01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.AddUnit(ctx, org.Unit{ID: "P-Y", Code: "Y", Name: "Y", SMSName: "Điện & nước", Valid: year2017()})
		return err
	})
	hosting := org.Hosting{PreferredTime: calendar.MustTimeOfDay(18, 30), Venue: "nhà văn hóa", AvoidWeekdays: []int{0}}
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.SetHosting(ctx, "AP-01", hosting)
		return err
	})
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		p, err := w.Org.Place(ctx, "AP-01")
		if diff := cmp.Diff(hosting, p.Hosting, cmp.Comparer(func(a, b calendar.TimeOfDay) bool { return a == b })); diff != "" {
			t.Error(diff)
		}
		if shown, err := w.Org.Display(ctx, "AP-01", w.Today()); shown != "Ấp 01 (Xã C1)" || err != nil {
			t.Errorf("shown as %q, %v", shown, err)
		}
		return err
	})
}
