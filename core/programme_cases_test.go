package core_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// Worked cases beside EX-01 to EX-29: hamlets that change hands, are shared,
// merged and divided while work is under way.

// plans plans a visit by the official themselves.
func (c *cast) plans(official org.PersonID, place org.PlaceID, on string) (id visit.ID) {
	c.t.Helper()
	c.must(official, func(ctx context.Context, w *core.Work) error {
		v, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Official: official, Place: place, Date: day(on), At: calendar.MustTimeOfDay(19, 0)})
		id = v.ID
		return err
	})
	return id
}

func (c *cast) owner(id issue.ID) (who org.PersonID) {
	c.see(func(ctx context.Context, tx store.Tx) error {
		i, err := tx.Issue(ctx, id)
		who = i.Owner
		return err
	})
	return who
}

// waits puts an issue that waits into a hamlet.
func (c *cast) waits(id issue.ID, place org.PlaceID, owner org.PersonID, status issue.Status) {
	c.put(func(ctx context.Context, tx store.Tx) error {
		return tx.PutIssue(ctx, &issue.State{ID: id, Code: string(id), Place: place, Team: teamT3, Owner: owner, Status: status, Registered: day("2017-02-10"), Round: 1})
	})
}

func (c *cast) ends(id programme.AssignmentID, last string, successor org.PersonID) {
	c.t.Helper()
	c.must(pct, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.End(ctx, id, day(last), successor, "điều động")
		return err
	})
}

func (c *cast) curtails(id programme.AssignmentID, last string, successor org.PersonID) func(context.Context, *core.Work) error {
	return func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.Curtail(ctx, id, day(last), successor, "nghỉ hưu")
		return err
	}
}

func TestAHamletThatChangesHandsInTheMiddleOfASlot(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-02-01 00:10")
	c.sweep()
	c.at("2017-02-15")
	id := c.plans(lan, "AP-01", "2017-03-22") // after she will have left
	c.refuses(vp01, c.curtails("PC-AP-01", "2017-03-10", minh))
	c.refused("programme.assignment.curtail", pct, c.curtails("PC-AP-01", "2017-02-14", minh))
	c.must(pct, c.curtails("PC-AP-01", "2017-03-10", minh))
	if v := c.visit(id); v.Status != visit.AtRisk {
		t.Errorf("nobody is there for the visit of 22 March: %s", v.Status)
	}
	c.must(pct, approve(c.propose(minh, "AP-01", days("2017-03-11", "2017-12-31"))))
	if got := c.owed(monthPlan(lan, "2017-03")); len(got) != 1 {
		t.Errorf("Lan owes the plan of her half: %v", got)
	}
	c.plans(lan, "AP-01", "2017-03-08")
	if got := c.owed(monthPlan(lan, "2017-03")); len(got) != 0 {
		t.Errorf("her half is planned, the other is Minh's: %v", got)
	}
	c.at("2017-03-11 00:10")
	c.sweep()
	a := c.assignment("PC-AP-01")
	if a.Status != programme.Ended || a.Successor != minh || a.EndReason != "nghỉ hưu" || a.Valid.To != day("2017-03-10") {
		t.Errorf("%+v", a)
	}
	if v := c.visit(id); v.Official != minh || v.Status != visit.Planned {
		t.Errorf("the visit of 22 March is %s, by %s", v.Status, v.Official)
	}
	c.visited(lan, "AP-01", "2017-03-08", "2017-03-13")
	c.visited(minh, "AP-01", "2017-03-23", "2017-03-27")
	row := c.coverage("2017-03")["AP-01"]
	if row.Verified != 2 || row.Slots[0].Official != lan || row.Slots[1].Official != minh || len(row.Credits) != 2 {
		t.Errorf("%+v", row)
	}
}

func TestTwoOfficialsShareAHamletAndOweItTwoVisitsTogether(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	c.must(pct, approve(c.propose(minh, "AP-01", days("2017-03-01", "2017-12-31"))))
	c.visited(lan, "AP-01", "2017-03-08", "2017-03-10")
	c.visited(minh, "AP-01", "2017-03-22", "2017-03-24")
	rows := c.coverage("2017-03")
	row := rows["AP-01"]
	want := []programme.Credit{{Person: lan, Claimed: 1, Verified: 1}, {Person: minh, Claimed: 1, Verified: 1}}
	if diff := cmp.Diff(want, row.Credits); diff != "" || row.Quota != 2 || !row.Complete() || len(rows) != 5 {
		t.Errorf("%+v %s", row, diff)
	}
	c.waits("i-1", "AP-01", lan, issue.Registered)
	c.at("2017-03-31")
	c.ends("PC-AP-01", "2017-03-31", "")
	if a := c.assignment("PC-AP-01"); a.Successor != minh || c.owner("i-1") != minh {
		t.Errorf("who stays takes over: %s, the issue %s", a.Successor, c.owner("i-1"))
	}
}

func TestUntilASuccessorIsKnownTheTeamLeaderAnswersForWhatIsOpen(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-05-20")
	id := c.plans(lan, "AP-01", "2017-06-07")
	c.waits("i-1", "AP-01", lan, issue.Registered)
	c.waits("i-2", "AP-03", lan, issue.Registered) // another hamlet's: not handed over
	c.waits("i-3", "AP-01", tl03, issue.Registered)
	c.at("2017-05-31")
	c.ends("PC-AP-01", "2017-05-31", "")
	if a := c.assignment("PC-AP-01"); a.Custodian != tl03 || c.owner("i-1") != tl03 || c.owner("i-2") != lan {
		t.Errorf("in custody of %q: %s, %s", a.Custodian, c.owner("i-1"), c.owner("i-2"))
	}
	if v := c.visit(id); v.Status != visit.AtRisk {
		t.Errorf("the visit ahead is %s", v.Status)
	}
	if got := c.sent("visit.at_risk"); len(got) == 0 || !strings.HasPrefix(got[0], "team_leader@team:T3") {
		t.Errorf("told: %v", got)
	}
	c.must(lan, func(ctx context.Context, w *core.Work) error { // a leave of anybody lets visits be looked at again
		_, err := w.Org.TakeLeave(ctx, org.Leave{Person: lan, Days: days("2017-07-03", "2017-07-04")})
		return err
	})
	if v := c.visit(id); v.Status != visit.AtRisk {
		t.Errorf("nobody looks after the hamlet, yet the visit is %s", v.Status)
	}
	c.must(pct, approve(c.propose(ha, "AP-01", days("2017-06-01", "2017-12-31"))))
	c.at("2017-06-01 00:10")
	c.sweep()
	a := c.assignment("PC-AP-01")
	if a.Successor != ha || a.Custodian != "" || c.owner("i-1") != ha || c.owner("i-3") != tl03 {
		t.Errorf("%+v: %s, %s", a, c.owner("i-1"), c.owner("i-3"))
	}
	if v := c.visit(id); v.Status != visit.Planned || v.Official != ha {
		t.Errorf("the visit ahead is %s, by %s", v.Status, v.Official)
	}
	for _, d := range c.owed(visit.Subject(id)) {
		if d == "" {
			t.Error("no clock")
		}
	}
}

func TestARenewalDecidedAfterNewYearGoesOnWhereTheOldOneEnded(t *testing.T) {
	c := newCast(t, nil)
	c.waits("i-1", "AP-01", lan, issue.Registered)
	c.at("2017-12-15")
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.Renew(ctx, hvcs2017, core.Renewal{
			ID: "HVCS-2018", Code: "HVCS-2018", Valid: days("2018-01-01", "2018-12-31"), Teams: true, Assignments: true,
			Basis: programme.Basis{Number: "5", Symbol: "KH-UBND", Issuer: "UBND huyện", Title: "Năm 2018"},
		})
		return err
	})
	c.at("2018-01-01 00:10")
	c.sweep()
	if a := c.assignment("PC-AP-01"); !a.Awaits() || c.owner("i-1") != tl03 {
		t.Errorf("on New Year's day: %+v, the issue is %s's", a, c.owner("i-1"))
	}
	c.at("2018-01-03")
	var ids []programme.AssignmentID
	c.see(func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Assignments(ctx, programme.AssignmentQuery{Statuses: []programme.AssignmentStatus{programme.Proposed}})
		for _, a := range all {
			ids = append(ids, a.ID)
		}
		return err
	})
	c.must(pct, approve(ids...))
	a := c.assignment("PC-AP-01")
	if a.Awaits() || a.Continues == "" || c.owner("i-1") != lan {
		t.Errorf("Lan goes on: %+v, the issue is %s's", a, c.owner("i-1"))
	}
	if got := c.owed(programme.AssignmentSubject("PC-AP-01")); len(got) != 0 {
		t.Errorf("still to sign: %v", got)
	}
}

func TestAMergerInTheMiddleOfAMonthTakesVisitsAndPromisesAlong(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-06-10")
	id := c.plans(minh, "AP-02", "2017-06-20")
	c.waits("i-1", "AP-02", minh, issue.Registered)
	c.at("2017-06-15")
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		return w.Org.MergePlaces(ctx, core.Merger{From: []org.PlaceID{"AP-02"}, Into: "AP-01", On: day("2017-06-15")})
	})
	if v := c.visit(id); v.Place != "AP-01" || v.Status != visit.Planned {
		t.Errorf("the visit ahead is %s at %s", v.Status, v.Place)
	}
	c.must(minh, func(ctx context.Context, w *core.Work) error {
		agenda, err := w.Visits.Agenda(ctx, id)
		if len(agenda.Open) != 1 {
			t.Errorf("what was raised in the merged hamlet is not on the agenda: %+v", agenda.Open)
		}
		return err
	})
	rows := c.coverage("2017-06")
	if rows["AP-02"].Quota != 1 || rows["AP-01"].Quota != 2 {
		t.Errorf("owed %d and %d", rows["AP-02"].Quota, rows["AP-01"].Quota)
	}
	next := c.assignment("PC-AP-02").Continues
	c.at("2017-06-30")
	c.ends(next, "2017-06-30", tuan)
	if got := c.assignment(next).Handover; len(got) != 1 || c.owner("i-1") != tuan {
		t.Errorf("handed over: %v, the issue is %s's", got, c.owner("i-1"))
	}
}

func TestAHamletIsDividedOnlyWithAChoiceForEachAssignment(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-06-10")
	id := c.plans(lan, "AP-01", "2017-07-12")
	for _, part := range []org.PlaceID{"AP-1A", "AP-1B"} {
		c.must(vp01, func(ctx context.Context, w *core.Work) error {
			_, err := w.Org.AddPlace(ctx, org.Place{ID: part, Names: []org.Naming{{Valid: calendar.Period{From: day("2017-07-01")}, Kind: "ap", Name: string(part), Parent: "C1"}}})
			return err
		})
	}
	split := func(choice map[programme.AssignmentID]org.PlaceID) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			return w.Org.SplitPlace(ctx, core.Division{Place: "AP-01", Parts: []org.PlaceID{"AP-1A", "AP-1B"}, On: day("2017-07-01"), Assigned: choice})
		}
	}
	c.refused("programme.assignment.place_ended", vp01, split(nil))
	c.refused("programme.assignment.part", vp01, split(map[programme.AssignmentID]org.PlaceID{"PC-AP-01": "AP-02"}))
	c.must(vp01, split(map[programme.AssignmentID]org.PlaceID{"PC-AP-01": "AP-1B"}))
	if v := c.visit(id); v.Place != "AP-1B" {
		t.Errorf("the visit of July is at %s", v.Place)
	}
	c.at("2017-07-01 00:10")
	c.sweep()
	old := c.assignment("PC-AP-01")
	if next := c.assignment(old.Continues); old.Status != programme.Ended || next.Status != programme.Active || next.Place != "AP-1B" {
		t.Errorf("%+v goes on as %+v", old, next)
	}
}

func TestWhoKeepsTheOtherPartOfADividedHamletGoesOnFollowingWhatWasRaisedInIt(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-06-10")
	c.waits("i-1", "AP-01", lan, issue.Registered)
	for _, part := range []org.PlaceID{"AP-1A", "AP-1B"} {
		c.must(vp01, func(ctx context.Context, w *core.Work) error {
			_, err := w.Org.AddPlace(ctx, org.Place{ID: part, Names: []org.Naming{{Valid: calendar.Period{From: day("2017-07-01")}, Kind: "ap", Name: string(part), Parent: "C1"}}})
			return err
		})
	}
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		return w.Org.SplitPlace(ctx, core.Division{Place: "AP-01", Parts: []org.PlaceID{"AP-1A", "AP-1B"}, On: day("2017-07-01"),
			Assigned: map[programme.AssignmentID]org.PlaceID{"PC-AP-01": "AP-1A"}})
	})
	c.at("2017-07-03 00:10")
	c.sweep()
	first := c.assignment("PC-AP-01").Continues
	second := c.propose(lan, "AP-1B", days("2017-07-03", "2017-12-31"))
	c.must(pct, approve(second))
	c.at("2017-07-31")
	c.ends(first, "2017-07-31", minh)
	if got := c.owner("i-1"); got != lan || len(c.assignment(first).Handover) != 0 {
		t.Errorf("the old hamlet's issue is %s's, handed over: %v", got, c.assignment(first).Handover)
	}
	c.at("2017-08-31")
	c.ends(second, "2017-08-31", minh) // now Lan holds no part of it
	if got := c.owner("i-1"); got != minh || len(c.assignment(second).Handover) != 1 {
		t.Errorf("the old hamlet's issue is %s's, handed over: %v", got, c.assignment(second).Handover)
	}
}

func TestALeaveThatCoversAWholeSlotExcusesIt(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.TakeLeave(ctx, org.Leave{Person: lan, Days: days("2017-03-01", "2017-03-15"), Substitute: minh})
		return err
	})
	c.visited(lan, "AP-01", "2017-03-22", "2017-03-24")
	c.at("2017-04-10")
	row := c.coverage("2017-03")["AP-01"]
	if row.Quota != 2 || row.Complete() || !row.Slots[0].Excused || row.Slots[0].Missed || row.Slots[1].Missed {
		t.Errorf("the hamlet is still owed two, nobody is to blame: %+v", row)
	}
}

func TestAProposalIsWithdrawnByWhoMayProposeIt(t *testing.T) {
	c := newCast(t, nil)
	proposed := c.propose(minh, "AP-07", days("2017-05-01", "2017-09-30"))
	decided := c.propose(minh, "AP-08", days("2017-05-01", "2017-09-30"))
	c.must(pct, approve(decided))
	withdraw := func(id programme.AssignmentID) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Programme.Withdraw(ctx, id, "nhầm ấp")
			return err
		}
	}
	c.refuses(minh, withdraw(proposed))
	c.refused("programme.assignment.decided", vp01, withdraw(decided))
	c.must(tl03, withdraw(proposed))
	if a := c.assignment(proposed); a.Status != programme.Cancelled {
		t.Errorf("it is %s", a.Status)
	}
}

func TestEX11_ASubstituteNamedLaterMayNotCloseTheCircle(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-06-01")
	id := c.plans(lan, "AP-01", "2017-06-13")
	take := func(l org.Leave) {
		c.must(l.Person, func(ctx context.Context, w *core.Work) error { _, err := w.Org.TakeLeave(ctx, l); return err })
	}
	take(org.Leave{ID: "l-lan", Person: lan, Days: days("2017-06-05", "2017-06-16"), Substitute: minh})
	take(org.Leave{ID: "l-minh", Person: minh, Days: days("2017-06-12", "2017-06-14"), Substitute: ha})
	take(org.Leave{ID: "l-ha", Person: ha, Days: days("2017-06-13", "2017-06-13")})
	inCharge := func(on string) (who []org.PersonID) {
		c.must(vp01, func(ctx context.Context, w *core.Work) (err error) {
			who, err = w.Org.InCharge(ctx, lan, teamT3, day(on))
			return err
		})
		return who
	}
	name := func(substitute org.PersonID) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Org.NameSubstitute(ctx, "l-ha", substitute)
			return err
		}
	}
	c.refused("org.substitution.cycle", ha, name(lan))
	for on, want := range map[string]org.PersonID{"2017-06-11": minh, "2017-06-13": tl03, "2017-06-15": minh, "2017-06-17": lan} {
		if got := inCharge(on); !slices.Equal(got, []org.PersonID{want}) {
			t.Errorf("on %s in charge: %v, want %s", on, got, want)
		}
	}
	if v := c.visit(id); v.Status != visit.AtRisk {
		t.Errorf("the visit is %s", v.Status)
	}
	c.refuses(lan, name(tuan))
	c.must(ha, name(tuan))
	if v := c.visit(id); v.Status != visit.Planned || !slices.Equal(inCharge("2017-06-13"), []org.PersonID{tuan}) {
		t.Errorf("the visit is %s, in charge %v", v.Status, inCharge("2017-06-13"))
	}
	end := func(last string) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Org.EndLeave(ctx, "l-lan", day(last), "về sớm")
			return err
		}
	}
	c.refused("org.leave.last", lan, end("2017-06-17"))
	c.must(lan, end("2017-06-09"))
	if got := inCharge("2017-06-13"); !slices.Equal(got, []org.PersonID{lan}) {
		t.Errorf("back early, in charge: %v", got)
	}
}

func TestAUnitIsRenamedWithItsCommuneAndKeepsItsReferrals(t *testing.T) {
	c := newCast(t, nil)
	rename := func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.RenameUnit(ctx, unitTNMT, day("2017-07-01"), org.UnitNaming{Name: "Phòng Nông nghiệp và Môi trường", SMSName: "Phong NN-MT"}, "NQ 18")
		return err
	}
	c.refuses(u10, rename)
	c.must(vp01, rename)
	want := []string{`org.unit_changed by VP-01: {"on":"2017-07-01","fields":["name","sms_name"]}`}
	if diff := cmp.Diff(want, c.records(org.UnitSubject(unitTNMT))); diff != "" {
		t.Error(diff)
	}
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		for on, name := range map[string]string{"2017-06-30": "Phòng Tài nguyên và Môi trường", "2017-07-01": "Phòng Nông nghiệp và Môi trường"} {
			units, err := w.Org.Units(ctx, day(on))
			if err != nil || len(units) != 4 || !slices.ContainsFunc(units, func(u org.Unit) bool { return u.ID == unitTNMT && u.Name == name }) {
				t.Errorf("on %s: %v, %v", on, units, err)
			}
		}
		return nil
	})
}

// monthPlan names the plan of an official for a month.
func monthPlan(who org.PersonID, month string) (s eventSubject) {
	return eventSubject{Type: "month_plan", ID: fmt.Sprintf("%s/%s", who, month)}
}

func TestAHamletThatAvoidsLunarDaysIsPlannedWithALunarCalendarOnly(t *testing.T) {
	avoid := func(c *cast) {
		c.at("2017-02-20")
		c.must(vp01, func(ctx context.Context, w *core.Work) error {
			_, err := w.Org.SetHosting(ctx, "AP-01", org.Hosting{AvoidEach: []org.YearDay{{Day: 1, Lunar: true}, {Day: 15, Lunar: true}}})
			return err
		})
	}
	plan := func(ctx context.Context, w *core.Work) error {
		draft, err := w.Programme.PlanMonth(ctx, calendar.Month{Year: 2017, Month: 3}, "", lan)
		for _, choice := range draft.Choices {
			if choice.Date == day("2017-03-08") || choice.Date == day("2017-03-22") {
				t.Errorf("on a day to avoid: %s", choice.Explain("en"))
			}
		}
		return err
	}
	c := newCast(t, nil)
	avoid(c)
	c.refused("programme.plan.no_lunar", lan, plan)
	c = newCast(t, &core.Options{Lunar: func(on calendar.Date) (int, int, bool) { return on.Sub(day("2017-03-08"))%29 + 1, 2, true }})
	avoid(c)
	c.must(lan, plan)
}
