package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// visited reports a visit on its next day and has the hamlet head confirm it on
// another one; with no day nobody confirms.
func (c *cast) visited(official org.PersonID, place org.PlaceID, on, confirmed string) {
	c.t.Helper()
	var id visit.ID
	c.at(day(on).Add(1).String() + " 09:00")
	c.must(official, func(ctx context.Context, w *core.Work) error {
		v, err := w.Visits.Unplanned(ctx, visit.Plan{Kind: visit.Regular, Official: official, Place: place, Date: day(on), At: calendar.MustTimeOfDay(19, 0)},
			visit.Report{Attendance: visit.Present, Started: calendar.MustTimeOfDay(19, 0), People: 20, Minutes: "…"})
		id = v.ID
		return err
	})
	if confirmed == "" {
		return
	}
	c.at(confirmed + " 10:00")
	head := org.PersonID("TA-" + strings.TrimPrefix(string(place), "AP-"))
	c.must(head, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Confirm(ctx, id, true, "")
		return err
	})
}

func TestEX01_TwoConfirmedVisitsMeetTheQuota(t *testing.T) {
	c := newCast(t, nil)
	c.visited(lan, "AP-01", "2017-03-08", "2017-03-10")
	if row := c.coverage("2017-03")["AP-01"]; row.Verified != 1 || row.Complete() || !row.MetOn.IsZero() {
		t.Errorf("after one visit: %+v", row)
	}
	c.visited(lan, "AP-01", "2017-03-22", "2017-03-24")
	row := c.coverage("2017-03")["AP-01"]
	if row.Verified != 2 || row.Claimed != 2 || row.Quota != 2 || row.MetOn != day("2017-03-24") {
		t.Errorf("%+v", row)
	}
	for _, s := range row.Slots {
		if !s.Verified || s.Official != lan || s.Missed {
			t.Errorf("slot %+v", s)
		}
	}
	for _, n := range c.outbox(notify.Query{}) {
		if strings.HasPrefix(n.Template, "duty.report") {
			t.Errorf("a reminder of the report: %s", n.Key)
		}
	}
}

func TestEX28_CoverageOfMay2017(t *testing.T) {
	c := newCast(t, nil)
	c.visited(tuan, "AP-04", "2017-05-06", "2017-05-08") // Saturdays
	c.visited(lan, "AP-01", "2017-05-10", "2017-05-12")
	c.visited(minh, "AP-02", "2017-05-11", "2017-05-12")
	c.visited(ha, "AP-03", "2017-05-12", "2017-05-15")
	c.visited(ha, "AP-03", "2017-05-15", "2017-05-17") // three days later: does not count
	c.visited(tuan, "AP-04", "2017-05-20", "2017-05-22")
	c.visited(lan, "AP-01", "2017-05-24", "2017-05-26")
	c.visited(minh, "AP-02", "2017-05-29", "")
	c.at("2017-06-10")
	var got []string
	claimed, verified, complete := 0, 0, 0
	rows := c.coverage("2017-05")
	for _, place := range []org.PlaceID{"AP-01", "AP-02", "AP-03", "AP-04", "AP-05"} {
		row := rows[place]
		got = append(got, fmt.Sprintf("%s %s claimed %d verified %d of %d", place, row.Official, row.Claimed, row.Verified, row.Quota))
		claimed, verified = claimed+row.Claimed, verified+row.Verified
		if row.Complete() {
			complete++
		}
	}
	want := []string{
		"AP-01 CC-017 claimed 2 verified 2 of 2", "AP-02 CC-042 claimed 2 verified 1 of 2", "AP-03 CC-051 claimed 1 verified 1 of 2",
		"AP-04 CC-063 claimed 2 verified 2 of 2", "AP-05 CC-063 claimed 0 verified 0 of 2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if claimed != 7 || verified != 6 || complete != 2 || len(rows) != 5 {
		t.Errorf("claimed %d, verified %d, complete %d of %d; want 7, 6, 2 of 5", claimed, verified, complete, len(rows))
	}
}

// propose proposes that somebody look after a hamlet of the cast.
func (c *cast) propose(official org.PersonID, place org.PlaceID, during calendar.Period) programme.AssignmentID {
	c.t.Helper()
	var id programme.AssignmentID
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		a, err := w.Programme.Propose(ctx, programme.Assignment{Official: official, Place: place, Team: teamT3, Valid: during})
		id = a.ID
		return err
	})
	return id
}

func approve(ids ...programme.AssignmentID) func(context.Context, *core.Work) error {
	return func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.Approve(ctx, core.Approval{Assignments: ids, Decision: "45/QĐ-UBND"})
		return err
	}
}

// sent lists the notices of a template as "recipient channel".
func (c *cast) sent(template string) (lines []string) {
	for _, n := range c.outbox(notify.Query{Template: template}) {
		lines = append(lines, n.To.Key()+" "+string(n.Channel))
	}
	slices.Sort(lines)
	return lines
}

func (c *cast) assignment(id programme.AssignmentID) (a programme.Assignment) {
	c.see(func(ctx context.Context, tx store.Tx) (err error) {
		a, err = tx.Assignment(ctx, id)
		return err
	})
	return a
}

// owed are the open duties about a subject, as "kind due".
func (c *cast) owed(subject event.Subject) (lines []string) {
	c.see(func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Duties(ctx, duty.Query{Subject: subject, Statuses: []duty.Status{duty.Running}})
		for _, d := range all {
			lines = append(lines, string(d.Kind)+" "+d.Due.String())
		}
		return err
	})
	return lines
}

func TestAnAssignmentFromProposalToHandover(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-20")
	id := c.propose(minh, "AP-07", days("2017-04-03", "2017-09-30"))
	if got := c.sent("assignment.proposed"); !slices.Equal(got, []string{"programme_leader email"}) {
		t.Errorf("the leader is told in the digest: %v", got)
	}
	c.refuses(vp01, approve(id))
	c.must(pct, approve(id))
	want := []string{"hamlet_head@place:AP-07 sms", "official@person:CC-042@team:T3 email", "official@person:CC-042@team:T3 sms", "team_leader@team:T3 email"}
	if diff := cmp.Diff(want, c.sent("assignment.approved")); diff != "" {
		t.Error(diff)
	}
	for _, n := range c.outbox(notify.Query{Template: "assignment.approved"}) {
		if n.Vars["decision"] != "45/QĐ-UBND" || n.NotBefore.After(*c.now.Load()) {
			t.Errorf("%s: decision %q, not before %s", n.Key, n.Vars["decision"], n.NotBefore)
		}
	}

	c.at("2017-04-03 00:30")
	c.sweep()
	if a := c.assignment(id); a.Status != programme.Active {
		t.Fatalf("on its first day it is %s", a.Status)
	}
	subject := programme.AssignmentSubject(id)
	if got := c.owed(subject); !slices.Equal(got, []string{"survey 2017-04-18"}) { // ten working days, 06/04 closed
		t.Errorf("owed at the start: %v", got)
	}
	if got := c.sent("assignment.started"); !slices.Equal(got, []string{"official@person:CC-042@team:T3 email"}) {
		t.Errorf("told at the start: %v", got)
	}

	// Two issues are open in the hamlet when it changes hands.
	c.put(func(ctx context.Context, tx store.Tx) error {
		var faults fault.List
		for code, status := range map[string]issue.Status{"XL-17-0001": issue.Registered, "XL-17-0002": issue.Referred, "XL-17-0003": issue.Closed} {
			faults.Add(tx.PutIssue(ctx, &issue.State{ID: issue.ID(code), Code: code, Place: "AP-07", Team: teamT3, Owner: minh, Status: status, Registered: day("2017-04-05")}))
		}
		return faults.Err()
	})
	c.at("2017-05-31 15:00")
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.PlanMonth(ctx, calendar.Month{Year: 2017, Month: 6}, "", lan)
		return err
	})
	c.must(pct, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.End(ctx, id, day("2017-05-31"), ha, "điều động")
		return err
	})
	a := c.assignment(id)
	var items []string
	for _, item := range a.Handover {
		items = append(items, item.Type+" "+item.Label)
	}
	slices.Sort(items)
	if !slices.Equal(items, []string{"issue XL-17-0001", "issue XL-17-0002"}) {
		t.Errorf("handover list %v", items)
	}
	c.see(func(ctx context.Context, tx store.Tx) error {
		i, err := tx.Issue(ctx, "XL-17-0002")
		if i.Owner != ha {
			t.Errorf("the issue is followed by %s", i.Owner)
		}
		return err
	})
	if got := c.owed(subject); !slices.Equal(got, []string{"handover 2017-06-05"}) {
		t.Errorf("owed at the end: %v; the survey is not any more", got)
	}
	if got := c.sent("assignment.ended"); !slices.Equal(got, []string{"official@person:CC-042@team:T3 email", "official@person:CC-051@team:T3 email"}) {
		t.Errorf("told at the end: %v", got)
	}
	sign := func(ctx context.Context, w *core.Work) error { _, err := w.Programme.SignHandover(ctx, id); return err }
	c.refused("programme.handover.signer", tuan, sign)
	c.must(minh, sign)
	c.at("2017-06-06 09:00") // a day late: the team leader hears of it
	c.sweep()
	if got := c.sent("duty.handover.late"); !slices.Contains(got, "team_leader@team:T3 email") {
		t.Errorf("told of the missing signature: %v", got)
	}
	c.must(ha, sign)
	if got := c.owed(subject); len(got) != 0 {
		t.Errorf("after both signed: %v", got)
	}
	kinds := c.records(subject)
	for i, kind := range []string{"assignment.proposed", "assignment.approved", "assignment.started", "assignment.ended", "assignment.handover_signed", "assignment.handover_signed"} {
		if i >= len(kinds) || !strings.HasPrefix(kinds[i], kind+" ") {
			t.Errorf("record %d of %v is not %s", i, kinds, kind)
		}
	}
}

func TestAProposalIsMadeByTheOfficeOrTheTeamForMembersOnly(t *testing.T) {
	c := newCast(t, nil)
	propose := func(a programme.Assignment) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error { _, err := w.Programme.Propose(ctx, a); return err }
	}
	a := programme.Assignment{Official: minh, Place: "AP-07", Team: teamT3, Valid: days("2017-04-01", "2017-09-30")}
	c.must(tl03, propose(a))
	c.refuses(lan, propose(a))
	c.refused("programme.assignment.overlap", vp01, propose(a))
	a.Place, a.Official = "AP-08", u11
	c.refused("programme.assignment.not_official", vp01, propose(a))
	a.Official, a.Valid.To = minh, day("2018-01-31")
	c.refused("programme.assignment.outside", vp01, propose(a))
	a.Valid = days("2019-01-01", "2019-01-31")
	if err := c.do(vp01, propose(a)); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("in a year without a programme: %v", err)
	}
}

func TestConflictsAndSpreadHaveToBeWaivedWithAReason(t *testing.T) {
	c := newCast(t, nil)
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.AppointHolding(ctx, org.Holding{Person: tuan, Role: org.VillageElder, Place: "AP-07", Valid: year2017()})
		return err
	})
	list := []programme.AssignmentID{c.propose(tuan, "AP-07", year2017()), c.propose(tuan, "AP-08", year2017())} // Tuấn would have 4, the others 1
	var breaches map[programme.AssignmentID][]programme.Breach
	c.must(pct, func(ctx context.Context, w *core.Work) (err error) {
		breaches, err = w.Programme.Check(ctx, list)
		return err
	})
	var got []string
	for _, id := range list {
		for _, b := range breaches[id] {
			got = append(got, string(c.assignment(id).Place)+" "+b.Rule)
		}
	}
	want := []string{"AP-07 holds_role_there", "AP-07 spread", "AP-08 spread"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	c.refused("programme.assignment.conflict", pct, approve(list...))
	if a := c.assignment(list[1]); a.Status != programme.Proposed {
		t.Errorf("all or nothing: %s", a.Status)
	}
	why := []programme.Waiver{{Rule: "holds_role_there", Reason: "không còn ai"}, {Rule: programme.SpreadRule, Reason: "hai ấp liền kề"}}
	c.must(pct, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.Approve(ctx, core.Approval{Assignments: list, Decision: "46/QĐ-UBND", Waivers: map[programme.AssignmentID][]programme.Waiver{list[0]: why, list[1]: why}})
		return err
	})
	if a := c.assignment(list[1]); a.Status != programme.Active || len(a.Waivers) != 1 { // began today: only the spread was needed
		t.Errorf("%+v", a)
	}
}

func TestADecisionTakenBackIsToldToThoseWhoWereTold(t *testing.T) {
	c := newCast(t, nil)
	proposed := c.propose(minh, "AP-08", days("2017-05-01", "2017-09-30"))
	decided := c.propose(minh, "AP-07", days("2017-05-01", "2017-09-30"))
	c.must(pct, approve(decided))
	cancel := func(id programme.AssignmentID) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Programme.Cancel(ctx, id, "thay đổi kế hoạch")
			return err
		}
	}
	c.refuses(tl03, cancel(decided))
	c.must(pct, cancel(proposed))
	if got := c.sent("assignment.cancelled"); got != nil {
		t.Errorf("a proposal nobody heard of: %v", got)
	}
	c.must(pct, cancel(decided))
	if diff := cmp.Diff(c.sent("assignment.approved"), c.sent("assignment.cancelled")); diff != "" {
		t.Error(diff)
	}
	for _, n := range c.outbox(notify.Query{Template: "assignment.approved"}) {
		if n.State != notify.Cancelled {
			t.Errorf("%s is still %s", n.Key, n.State)
		}
	}
	c.refused("programme.assignment.transition", pct, cancel("PC-AP-01")) // it runs
}

func TestAnAssignmentEndsByDateAndWithoutHandoverWhereTheSameOfficialStays(t *testing.T) {
	c := newCast(t, nil)
	c.put(func(ctx context.Context, tx store.Tx) error {
		var faults fault.List
		for _, id := range []programme.AssignmentID{"PC-AP-01", "PC-AP-02", "PC-AP-03"} {
			a, err := tx.Assignment(ctx, id)
			a.Valid.To = day("2017-05-31")
			faults.Add(err, tx.PutAssignment(ctx, &a))
		}
		return faults.Err()
	})
	c.at("2017-05-20")
	c.must(pct, approve(c.propose(lan, "AP-01", days("2017-06-01", "2017-12-31")), c.propose(ha, "AP-02", days("2017-06-01", "2017-12-31"))))
	c.at("2017-05-31 23:00")
	c.sweep()
	if a := c.assignment("PC-AP-01"); a.Status != programme.Active {
		t.Errorf("on its last day it is %s", a.Status)
	}
	c.at("2017-06-01 01:00")
	c.sweep()
	for id, want := range map[programme.AssignmentID]string{
		"PC-AP-01": "ended CC-017 []",                    // Lan goes on
		"PC-AP-02": "ended CC-051 [handover 2017-06-06]", // to Hà
		"PC-AP-03": "ended  [handover 2017-06-06]",       // to nobody yet
	} {
		a := c.assignment(id)
		if got := fmt.Sprintf("%s %s %v", a.Status, a.Successor, c.owed(programme.AssignmentSubject(id))); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	c.must(pct, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.Receive(ctx, "PC-AP-03", tuan)
		return err
	})
	if a := c.assignment("PC-AP-03"); a.Successor != tuan {
		t.Errorf("received by %s", a.Successor)
	}
	before := len(c.outbox(notify.Query{}))
	c.sweep()
	if after := len(c.outbox(notify.Query{})); after != before {
		t.Errorf("a second sweep told %d more", after-before)
	}
}

func TestStaffingSaysWhoHasNoHamletAndWhichHamletHasNobody(t *testing.T) {
	c := newCast(t, nil)
	c.put(func(ctx context.Context, tx store.Tx) error {
		a, err := tx.Assignment(ctx, "PC-AP-02")
		a.Valid.To = day("2017-05-31")
		return errors.Join(err, tx.PutAssignment(ctx, &a))
	})
	gaps := func(on string) (g programme.Gaps) {
		c.must(vp01, func(ctx context.Context, w *core.Work) (err error) {
			g, err = w.Programme.Staffing(ctx, day(on))
			return err
		})
		return g
	}
	g := gaps("2017-05-05")
	if len(g.Officials) != 0 || !slices.Equal(g.Places, []org.PlaceID{"AP-07", "AP-08", "AP-09"}) || g.Spread != 1 {
		t.Errorf("%+v", g)
	}
	g = gaps("2017-06-01")
	if !slices.Equal(g.Officials, []org.PersonID{minh}) || !slices.Equal(g.Places, []org.PlaceID{"AP-02", "AP-07", "AP-08", "AP-09"}) {
		t.Errorf("%+v", g)
	}
}

func TestEX04_TheMonthPlanIsOwedAndMetByPlanningToTheQuota(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-02-01 00:10")
	c.sweep()
	subject := event.Subject{Type: "month_plan", ID: string(lan) + "/2017-03"}
	if got := c.owed(subject); !slices.Equal(got, []string{"month_plan 2017-02-24"}) {
		t.Fatalf("owed: %v", got)
	}
	c.at("2017-02-02 00:10")
	c.sweep()
	if got := c.owed(subject); len(got) != 1 {
		t.Errorf("the next day: %v", got)
	}
	plan := func(on string) {
		c.must(lan, func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Official: lan, Place: "AP-01", Date: day(on), At: calendar.MustTimeOfDay(19, 0)})
			return err
		})
	}
	plan("2017-03-08")
	plan("2017-03-13") // too near: does not count
	if got := c.owed(subject); len(got) != 1 {
		t.Errorf("after one visit that counts: %v", got)
	}
	plan("2017-03-22")
	if got := c.owed(subject); len(got) != 0 {
		t.Errorf("after two: %v", got)
	}
	if got := c.owed(event.Subject{Type: "month_plan", ID: string(minh) + "/2017-03"}); len(got) != 1 {
		t.Errorf("Minh's plan: %v", got)
	}
}

func TestTheQuotaOfAMonthIsLoweredByDecision(t *testing.T) {
	c := newCast(t, nil)
	override := func(o programme.QuotaOverride) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Programme.OverrideQuota(ctx, hvcs2017, o)
			return err
		}
	}
	c.at("2017-02-01 00:10")
	c.sweep()
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Official: lan, Place: "AP-01", Date: day("2017-03-08"), At: calendar.MustTimeOfDay(19, 0)})
		return err
	})
	march := calendar.Month{Year: 2017, Month: 3}
	c.refuses(lan, override(programme.QuotaOverride{Month: march, PerMonth: 1, Decision: "7/QĐ", Reason: "mưa lũ"}))
	c.refused("programme.quota.decision", vp01, override(programme.QuotaOverride{Month: march, PerMonth: 1, Reason: "mưa lũ"}))
	c.must(vp01, override(programme.QuotaOverride{Month: march, PerMonth: 1, Decision: "7/QĐ", Reason: "mưa lũ"}))
	if got := c.owed(event.Subject{Type: "month_plan", ID: string(lan) + "/2017-03"}); len(got) != 0 {
		t.Errorf("one planned visit suffices now: %v", got)
	}
	c.visited(lan, "AP-01", "2017-03-08", "2017-03-10")
	if row := c.coverage("2017-03")["AP-01"]; !row.Complete() || row.Quota != 1 {
		t.Errorf("%+v", row)
	}
	if row := c.coverage("2017-04")["AP-01"]; row.Quota != 2 {
		t.Errorf("April owes %d", row.Quota)
	}
}

func TestAProposedPlanCanBePlanned(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-02-20")
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.TakeLeave(ctx, org.Leave{Person: lan, Days: days("2017-03-06", "2017-03-10"), Substitute: minh})
		return err
	})
	march := calendar.Month{Year: 2017, Month: 3}
	var draft programme.Draft
	c.must(tl03, func(ctx context.Context, w *core.Work) (err error) {
		draft, err = w.Programme.PlanMonth(ctx, march, teamT3, "")
		return err
	})
	if len(draft.Choices) != 10 || len(draft.Short) != 0 {
		t.Fatalf("%d visits, %d without a day", len(draft.Choices), len(draft.Short))
	}
	for _, choice := range draft.Choices {
		if choice.Official == lan && days("2017-03-06", "2017-03-10").Contains(choice.Date) {
			t.Errorf("Lan is away on %s", choice.Date)
		}
		c.must(tl03, func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Official: choice.Official, Place: choice.Place, Date: choice.Date, At: choice.At, Venue: choice.Venue})
			return err
		})
	}
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		again, err := w.Programme.PlanMonth(ctx, march, "", "")
		if len(again.Choices) != 0 {
			t.Errorf("planned, and still proposed: %v", again.Choices)
		}
		return err
	})
	c.refuses(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.PlanMonth(ctx, march, "", minh)
		return err
	})
	c.refuses(ta01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.PlanMonth(ctx, march, teamT3, "")
		return err
	})
}

func TestNextYearsProgrammeIsFoundedOnThisOne(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-12-15")
	renewal := core.Renewal{
		ID: "HVCS-2018", Code: "HVCS-2018", Valid: days("2018-01-01", "2018-12-31"), Teams: true, Assignments: true,
		Basis: programme.Basis{Number: "5", Symbol: "KH-UBND", Issuer: "UBND huyện", Title: "Hướng về cơ sở năm 2018"},
	}
	c.refuses(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.Renew(ctx, hvcs2017, renewal)
		return err
	})
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		next, err := w.Programme.Renew(ctx, hvcs2017, renewal)
		if next.Renews != hvcs2017 {
			t.Errorf("%+v", next)
		}
		return err
	})
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		teams, err := w.Programme.Teams(ctx, "HVCS-2018")
		if err != nil || len(teams) != 1 || teams[0].Code != "T3" {
			t.Fatalf("teams %+v, %v", teams, err)
		}
		leaders, err := w.Org.Holdings(ctx, org.HoldingQuery{Role: org.TeamLeader, Team: teams[0].ID, On: day("2018-03-01")})
		if err != nil || len(leaders) != 1 || leaders[0].Person != tl03 {
			t.Errorf("leaders %+v, %v", leaders, err)
		}
		proposed, err := w.Programme.Assignments(ctx, programme.AssignmentQuery{Team: teams[0].ID})
		if len(proposed) != 5 || proposed[0].Status != programme.Proposed || proposed[0].Valid != renewal.Valid {
			t.Errorf("%d assignments, the first %+v", len(proposed), proposed[0])
		}
		return err
	})
	c.refused("programme.renew.overlap", vp01, func(ctx context.Context, w *core.Work) error {
		bad := renewal
		bad.ID, bad.Valid = "HVCS-X", days("2017-12-01", "2018-12-31")
		_, err := w.Programme.Renew(ctx, hvcs2017, bad)
		return err
	})
	c.refused("programme.basis", vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.Create(ctx, programme.State{Code: "X", Name: "X", Valid: renewal.Valid})
		return err
	})
}

func TestThePolicyIsChangedByTwoPersonsForTheFuture(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-20 10:00")
	next := policy.Default()
	next.Version, next.From, next.Quota.PerMonth = "2", day("2017-04-01"), 3
	propose := func(r programme.Rule) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error { _, err := w.Programme.ProposeRule(ctx, r); return err }
	}
	r := programme.Rule{ID: "rule-1", Policy: &next, Reason: "tăng số buổi"}
	c.refuses(tl03, propose(r))
	c.must(vp01, propose(r))
	if got := c.sent("rule.proposed"); !slices.Equal(got, []string{"programme_leader email"}) {
		t.Errorf("told of the proposal: %v", got)
	}
	decide := func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.ApproveRule(ctx, "rule-1")
		return err
	}
	c.refuses(vp01, decide)
	if got := c.coverage("2017-05")["AP-01"].Quota; got != 2 {
		t.Errorf("a proposal counts already: %d", got)
	}
	c.must(pct, decide)
	if got := c.coverage("2017-05")["AP-01"].Quota; got != 2 {
		t.Errorf("in force before its day: %d", got)
	}
	c.at("2017-04-01 08:00")
	if got := c.coverage("2017-05")["AP-01"].Quota; got != 3 {
		t.Errorf("on its first day: %d", got)
	}
	if got := c.sent("rule.approved"); !slices.Equal(got, []string{"admin email", "programme_office@person:VP-01 email"}) {
		t.Errorf("told of the decision: %v", got)
	}
	stale := policy.Default()
	stale.Version, stale.From = "3", day("2017-03-31")
	c.refused("programme.rule.retroactive", vp01, propose(programme.Rule{Policy: &stale, Reason: "x"}))
}

func TestTheProposerNeverApprovesAlsoNotInAnotherRole(t *testing.T) {
	c := newCast(t, nil)
	c.must(qt01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.AppointHolding(ctx, org.Holding{Person: vp01, Role: org.ProgrammeLeader, Place: "H", Valid: year2017()})
		return err
	})
	next := policy.Default()
	next.Version, next.From = "2", day("2017-02-01")
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.ProposeRule(ctx, programme.Rule{ID: "rule-1", Policy: &next, Reason: "x"})
		return err
	})
	decide := func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.ApproveRule(ctx, "rule-1")
		return err
	}
	c.refuses(vp01, decide)
	err := c.sys.Update(t.Context(), org.System(), decide) // nor does a machine
	wantRule(t, "programme.rule.same_person", err)
	c.must(pct, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.RejectRule(ctx, "rule-1", "chưa cần")
		return err
	})
	c.refused("programme.rule.decided", pct, decide)
	if got := c.sent("rule.rejected"); len(got) != 1 {
		t.Errorf("told of the rejection: %v", got)
	}
}

func TestEX08_AStruckWorkingSaturdayMovesWhatIsOwed(t *testing.T) {
	spec := calendar.Spec{
		ID: "VN-XL-2019", Version: 1, Coverage: days("2019-01-01", "2019-12-31"),
		Closures: []calendar.Closure{
			{From: day("2019-04-29"), Name: "hoán đổi", Kind: calendar.Swap},
			{From: day("2019-04-30"), To: day("2019-05-01"), Name: "30/4, 1/5", Kind: calendar.Holiday},
		},
		WorkingDays: []calendar.WorkingDay{{Date: day("2019-05-04"), Name: "làm bù"}},
	}
	cal, err := calendar.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	c := newCast(t, &core.Options{Calendar: cal})
	c.unassign()
	c.at("2019-04-26 09:00")
	subject := programme.AssignmentSubject("PC-AP-01")
	c.put(func(ctx context.Context, tx store.Tx) error {
		d, err := duty.Open("d-8", duty.Term{
			Kind: duty.Survey, Subject: subject, Holder: org.Party{Role: org.Official, Person: lan}, Start: day("2019-04-26"), Days: 5,
		}, policy.Default(), cal, *c.now.Load())
		return errors.Join(err, tx.PutDuty(ctx, &d))
	})
	dues := func() (due []string) {
		c.see(func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Duties(ctx, duty.Query{Subject: subject})
			for _, d := range all {
				due = append(due, d.Due.String()+" "+d.Calendar)
			}
			return err
		})
		return due
	}
	if got := dues(); !slices.Equal(got, []string{"2019-05-07 VN-XL-2019/1"}) {
		t.Fatalf("due %v", got)
	}
	c.at("2019-05-02 10:00")
	spec.Version, spec.WorkingDays = 2, nil
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.ProposeRule(ctx, programme.Rule{ID: "rule-1", Calendar: &spec, Reason: "bỏ làm bù 04/5"})
		return err
	})
	c.must(pct, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.ApproveRule(ctx, "rule-1")
		return err
	})
	if got := dues(); !slices.Equal(got, []string{"2019-05-08 VN-XL-2019/2"}) {
		t.Errorf("after the change due %v", got)
	}
	moved := false
	c.see(func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Records(ctx, event.Query{Kinds: []string{duty.DeadlineMoved{}.Kind()}})
		for _, r := range all {
			moved = moved || r.Why == "calendar v2"
		}
		return err
	})
	if !moved {
		t.Error("no record says that the deadline moved because of calendar v2")
	}
}

func TestWhatAProgrammeVisitsAndItsRulesCanBeAmended(t *testing.T) {
	c := newCast(t, nil)
	current := func() (plan programme.State) {
		c.must(vp01, func(ctx context.Context, w *core.Work) (err error) {
			plan, err = w.Programme.Current(ctx)
			return err
		})
		return plan
	}
	plan := current()
	plan.Kinds, plan.ConflictRules = []string{"xa"}, []programme.ConflictRule{}
	plan.Relations, plan.Name = []programme.Relation{{A: lan, B: ta01}}, "Tên khác"
	plan.Owner = unitTNMT
	amend := func(ctx context.Context, w *core.Work) error { _, err := w.Programme.Amend(ctx, plan); return err }
	c.refuses(tl03, amend)
	c.must(pct, amend)
	if err := c.do(pct, amend); !errors.Is(err, fault.ErrStale) {
		t.Errorf("amended from an old reading: %v", err)
	}
	after := current()
	if after.Name != "Hướng về cơ sở" || after.Owner != unitTNMT || after.ConflictRules == nil || len(after.ConflictRules) != 0 {
		t.Errorf("%+v", after)
	}
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		g, err := w.Programme.Staffing(ctx, day("2017-05-05"))
		if !slices.Equal(g.Places, []org.PlaceID{"C1", "C2", "C3"}) { // communes are visited now, and nobody is assigned to one
			t.Errorf("without anybody: %v", g.Places)
		}
		return err
	})
	for _, line := range c.records(programme.Subject(hvcs2017)) {
		if strings.Contains(line, string(ta01)) {
			t.Errorf("the journal repeats who is close to whom: %s", line)
		}
	}
	c.at("2018-06-01")
	err := c.do(vp01, func(ctx context.Context, w *core.Work) error { _, err := w.Programme.Current(ctx); return err })
	if !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("in a year without a programme: %v", err)
	}
}

func TestATeamIsRenamedAndEndsAfterItsLastAssignment(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-05-15")
	stored := func() (team programme.Team) {
		c.must(vp01, func(ctx context.Context, w *core.Work) (err error) {
			team, err = w.Programme.Team(ctx, "T3")
			return err
		})
		return team
	}
	amend := func(team programme.Team) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error { _, err := w.Programme.AmendTeam(ctx, team); return err }
	}
	old := stored()
	renamed := old
	renamed.Name, renamed.Programme = "Tổ công tác xã Xuân Định", "another"
	c.refuses(tl03, amend(renamed))
	c.must(vp01, amend(renamed))
	if got := stored(); got.Name != renamed.Name || got.Programme != old.Programme || got.Valid != old.Valid {
		t.Errorf("%+v", got)
	}
	if err := c.do(vp01, amend(renamed)); !errors.Is(err, fault.ErrStale) {
		t.Errorf("amended from an old reading: %v", err)
	}
	nameless := stored()
	nameless.Name = " "
	c.refused("programme.team.incomplete", vp01, amend(nameless))
	ending := stored()
	ending.Valid.To = day("2017-06-30")
	c.refused("programme.team.assigned", vp01, amend(ending))
	c.at("2017-06-30")
	var left []programme.Assignment
	c.must(vp01, func(ctx context.Context, w *core.Work) (err error) {
		left, err = w.Programme.Assignments(ctx, programme.AssignmentQuery{Team: "T3", Statuses: []programme.AssignmentStatus{programme.Active}})
		return err
	})
	for _, a := range left {
		c.ends(a.ID, "2017-06-30", "")
	}
	c.must(vp01, amend(ending))
	if got := stored(); got.Valid.To != day("2017-06-30") || len(left) == 0 {
		t.Errorf("%+v after %d assignments", got, len(left))
	}
	records := c.records(programme.Subject(old.Programme))
	if last := records[len(records)-1]; !strings.Contains(last, "programme.team_amended") || strings.Contains(last, "Xuân Định") {
		t.Errorf("the journal says %s", last)
	}
}

func TestPlannedVisitsAreOnTheHandoverListAndASuccessorMayBeReplacedUntilSomebodySigned(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-05-20")
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Official: lan, Place: "AP-01", Date: day("2017-06-07"), At: calendar.MustTimeOfDay(19, 0)})
		return err
	})
	c.put(func(ctx context.Context, tx store.Tx) error {
		return tx.PutIssue(ctx, &issue.State{ID: "i-1", Code: "XL-17-0001", Place: "AP-01", Team: teamT3, Owner: lan, Status: issue.Registered, Registered: day("2017-05-10")})
	})
	c.at("2017-05-31")
	end := func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.End(ctx, "PC-AP-01", day("2017-05-31"), minh, "nghỉ hưu")
		return err
	}
	c.refuses(tl03, end)
	c.must(pct, end)
	var items []string
	for _, item := range c.assignment("PC-AP-01").Handover {
		items = append(items, item.Type+" "+item.Label)
	}
	if diff := cmp.Diff([]string{"issue XL-17-0001", "visit 07/6/2017"}, items); diff != "" {
		t.Error(diff)
	}
	receive := func(who org.PersonID) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Programme.Receive(ctx, "PC-AP-01", who)
			return err
		}
	}
	c.refused("programme.assignment.not_official", pct, receive(u11))
	c.must(pct, receive(ha))
	c.see(func(ctx context.Context, tx store.Tx) error {
		i, err := tx.Issue(ctx, "i-1")
		if i.Owner != ha {
			t.Errorf("the issue is followed by %s", i.Owner)
		}
		return err
	})
	c.must(ha, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.SignHandover(ctx, "PC-AP-01")
		return err
	})
	c.refused("programme.handover.closed", pct, receive(tuan))
}

func TestAssignmentsFollowAPlaceThatIsTakenOverTodayOrBeforeTheyBegin(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-06-15")
	later := c.propose(minh, "AP-07", days("2017-08-01", "2017-12-31"))
	twice := c.propose(ha, "AP-07", days("2017-08-01", "2017-12-31"))
	c.must(pct, approve(c.propose(ha, "AP-08", days("2017-06-15", "2017-12-31"))))
	c.must(pct, approve(twice))
	merge := func(from, into org.PlaceID, on string) {
		c.must(vp01, func(ctx context.Context, w *core.Work) error {
			return w.Org.MergePlaces(ctx, core.Merger{From: []org.PlaceID{from}, Into: into, On: day(on)})
		})
	}
	merge("AP-07", "AP-08", "2017-07-01")
	if a := c.assignment(later); a.Place != "AP-08" || a.Status != programme.Proposed || a.Valid.From != day("2017-08-01") {
		t.Errorf("what has not begun only changes its place: %+v", a)
	}
	if a := c.assignment(twice); a.Status != programme.Cancelled {
		t.Errorf("Hà has that place already: %+v", a)
	}
	merge("AP-02", "AP-01", "2017-06-15") // today: Minh's hamlet goes over to Lan's
	old := c.assignment("PC-AP-02")
	if old.Status != programme.Ended || old.Valid.To != day("2017-06-14") {
		t.Errorf("the old one: %+v", old)
	}
	next := c.assignment(old.Continues)
	if next.Status != programme.Active || next.Place != "AP-01" || next.Official != minh || next.Decision != old.Decision {
		t.Errorf("it goes on as %+v", next)
	}
	if got := c.owed(programme.AssignmentSubject(next.ID)); !slices.Equal(got, []string{"survey 2017-06-29"}) {
		t.Errorf("owed at the new place: %v", got)
	}
	if got := c.owed(programme.AssignmentSubject("PC-AP-02")); len(got) != 0 {
		t.Errorf("nothing is handed over where the same official stays: %v", got)
	}
	merge("AP-04", "AP-05", "2017-06-15") // both Tuấn's
	if a := c.assignment("PC-AP-04"); a.Status != programme.Ended || a.Continues != "PC-AP-05" {
		t.Errorf("%+v", a)
	}
}

// Plans that the day's routine finds complete are closed together, each with what was
// still to be said of it and with nothing else.
func TestPlansThatAreFoundCompleteAreClosedWithWhatWasToBeSaid(t *testing.T) {
	c := newCast(t, nil)
	c.sweepUntil("2017-02-22 09:00") // the reminders of the plans due on 24/02 are in the outbox
	pending := func() map[org.PersonID]int {
		left := make(map[org.PersonID]int)
		for _, n := range c.outbox(notify.Query{States: []notify.State{notify.Pending}, Template: "duty.month_plan", Since: instant("2017-02-02 00:00")}) {
			left[n.For()]++
		}
		return left
	}
	if diff := cmp.Diff(map[org.PersonID]int{lan: 1, minh: 1, ha: 1, tuan: 1}, pending()); diff != "" {
		t.Fatal(diff)
	}
	c.put(func(ctx context.Context, tx store.Tx) (err error) { // as a host's own planner does
		for place, official := range map[org.PlaceID]org.PersonID{"AP-01": lan, "AP-03": ha} {
			for _, on := range []string{"2017-03-08", "2017-03-22"} {
				err = errors.Join(err, tx.PutVisit(ctx, &visit.State{ID: visit.ID(string(place) + on), Kind: visit.Regular, Place: place, Team: teamT3,
					Official: official, Planned: day(on), Status: visit.Planned}))
			}
		}
		return err
	})
	c.at("2017-02-23 00:10")
	c.sweep()
	for official, want := range map[org.PersonID]int{lan: 0, minh: 1, ha: 0, tuan: 1} {
		if got := c.owed(event.Subject{Type: "month_plan", ID: string(official) + "/2017-03"}); len(got) != want {
			t.Errorf("%s owes %v", official, got)
		}
	}
	if diff := cmp.Diff(map[org.PersonID]int{minh: 1, tuan: 1}, pending()); diff != "" {
		t.Errorf("what is still to be said (-want +got):\n%s", diff)
	}
}
