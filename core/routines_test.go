package core_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

func TestARoutineRunsOnceOnEachDateWhereverItRunsFirst(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-06 00:00")
	first := c.sweep()
	if first.Routines == 0 {
		t.Fatalf("%+v", first)
	}
	c.at("2017-03-06 23:59")
	if again := c.sweep(); again.Routines != 0 {
		t.Errorf("%+v", again)
	}
	c.at("2017-03-07 00:00")
	if next := c.sweep(); next.Routines != first.Routines {
		t.Errorf("%+v", next)
	}
}

func TestBeforeTetPeopleAreToldOfWhatIsDueRightAfterIt(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-01-16 09:00")
	office := org.Party{Role: org.ProgrammeOffice}
	c.owes("soon", duty.Term{Kind: duty.Unit, Holder: unitClerk(), Start: day("2017-01-16"), Due: day("2017-02-06")}) // Tết until 01/02; 02/02, then +2 wd
	c.owes("later", duty.Term{Kind: duty.Unit, Holder: unitClerk(), Start: day("2017-01-16"), Due: day("2017-02-07")})
	c.owes("window", duty.Term{Kind: duty.Rating, Holder: office, Start: day("2017-01-16"), Due: day("2017-02-02")})
	for _, date := range []string{"2017-01-20", "2017-01-24", "2017-01-25"} { // a Friday among them
		c.at(date + " 00:05")
		c.sweep()
	}
	c.at("2017-01-27 00:05") // during the closure it is too late
	c.owes("during", duty.Term{Kind: duty.Unit, Holder: unitClerk(), Start: day("2017-01-27"), Due: day("2017-02-03")})
	c.sweep()
	var got []string
	for _, n := range c.outbox(notify.Query{Template: "duty.unit"}) {
		if strings.HasPrefix(n.Key, "pre_closure/") {
			got = append(got, fmt.Sprintf("%s %s %s", n.Duty, n.Channel, n.NotBefore.In(calendar.Zone()).Format("02/01 15:04")))
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"soon email 25/01 14:00", "soon sms 25/01 14:00"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheEndOfTheCalendarIsToldOnceAWeek(t *testing.T) {
	c := newCast(t, nil)
	for d := day("2017-09-25"); !d.After(day("2017-10-15")); d = d.Add(1) { // 90 days are left on 02/10, a Monday
		c.at(d.String() + " 00:05")
		c.sweep()
	}
	var got []string
	for _, n := range c.outbox(notify.Query{Template: "calendar.ending"}) {
		got = append(got, fmt.Sprintf("%s %s %s", calendar.DateOf(n.NotBefore), n.To.Role, n.Vars["days"]))
	}
	want := []string{"2017-10-03 admin 89", "2017-10-03 programme_office 89", "2017-10-09 admin 83", "2017-10-09 programme_office 83"}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// S7: which hamlet has nobody.
func TestTheOfficeHearsOnceAWeekOfHamletsWithoutAnOfficial(t *testing.T) {
	c := newCast(t, nil)
	for d := day("2017-03-01"); !d.After(day("2017-03-12")); d = d.Add(1) { // from a Wednesday to the Sunday after the next
		c.at(d.String() + " 00:05")
		c.sweep()
	}
	var got []string
	for _, n := range c.outbox(notify.Query{Template: "staffing.vacant"}) {
		got = append(got, fmt.Sprintf("%s %s %s: %s", n.Key, n.To.Role, n.Vars["count"], n.Vars["places"]))
	}
	slices.Sort(got)
	hamlets := "Ấp 07 (Xã C3), Ấp 08 (Xã C3), Ấp 09 (Xã C3)"
	want := []string{"staffing.vacant/2017-W09 programme_office 3: " + hamlets, "staffing.vacant/2017-W10 programme_office 3: " + hamlets}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheLeaderGetsADigestOfCollectiveMattersOnceAWeek(t *testing.T) {
	c := newCast(t, nil)
	c.unassign()
	register := func(n int, subject string, place org.PlaceID, on string) {
		c.put(func(ctx context.Context, tx store.Tx) error {
			return tx.PutIssue(ctx, &issue.State{ID: issue.ID(fmt.Sprintf("I-%d", n)), Code: fmt.Sprintf("XL-17-%04d", n), Subject: subject, Place: place,
				Status: issue.Closed, Opinions: []string{fmt.Sprintf("o-%d", n)}, Registered: day(on)})
		})
	}
	for n, place := range []org.PlaceID{"AP-01", "AP-02", "AP-07"} {
		register(n, "drainage", place, "2017-03-07")
	}
	register(3, "roads", "AP-01", "2017-03-07") // one hamlet
	c.at("2017-03-08 08:30")
	for range 2 {
		c.sweep()
	}
	c.sweepUntil("2017-03-19 23:59")
	var keys []string
	for _, n := range c.outbox(notify.Query{Template: "issue.collective_week"}) {
		if n.To.Role != org.ProgrammeLeader || n.Priority != notify.Bulk || n.Vars["hamlets"] != "3" || n.Vars["opinions"] != "3" || n.Vars["code"] != "XL-17-0002" {
			t.Errorf("%+v", n)
		}
		keys = append(keys, n.Key)
	}
	slices.Sort(keys)
	if diff := cmp.Diff([]string{"issue.collective_week/2017-W10/drainage", "issue.collective_week/2017-W11/drainage"}, keys); diff != "" {
		t.Error(diff)
	}
}

func TestTheLeaderGetsTheTenWorstDelaysOnceAWeek(t *testing.T) {
	c := newCast(t, nil)
	c.unassign()
	c.at("2017-03-01 09:00")
	for i := range 12 { // due 02/03 to 13/03 and days off moved on
		c.owes(duty.ID(fmt.Sprintf("U-%02d", i)), duty.Term{Kind: duty.Unit, Holder: unitClerk(), Start: day("2017-03-01"), Due: day("2017-03-02").Add(i)})
	}
	c.owes("fresh", duty.Term{Kind: duty.Unit, Holder: unitClerk(), Start: day("2017-03-01"), Due: day("2017-03-16")})
	c.owes("minor", duty.Term{Kind: duty.Triage, Holder: org.Party{Role: org.TeamLeader, Team: teamT3}, Start: day("2017-03-01"), Days: 1})
	list := func() (ids []string) {
		for _, n := range c.outbox(notify.Query{}) {
			if strings.HasPrefix(n.Key, "red_list/") {
				if n.To.Role != org.ProgrammeLeader || n.Priority != notify.Bulk || n.Channel != notify.Email {
					t.Errorf("%+v", n)
				}
				ids = append(ids, fmt.Sprintf("%s %s", n.Duty, n.NotBefore.In(calendar.Zone()).Format("02/01 15:04")))
			}
		}
		slices.Sort(ids)
		return ids
	}
	c.sweepUntil("2017-03-19 23:59") // on Monday 13/03 those due until 08/03 were three days late
	want := []string{"U-00 13/03 08:00", "U-01 13/03 08:00", "U-02 13/03 08:00", "U-03 13/03 08:00", "U-04 13/03 08:00", "U-05 13/03 08:00", "U-06 13/03 08:00"}
	if diff := cmp.Diff(want, list()); diff != "" {
		t.Error(diff)
	}
	c.sweepUntil("2017-03-20 00:00")
	week := slices.DeleteFunc(list(), func(s string) bool { return slices.Contains(want, s) })
	if len(week) != 10 || week[0] != "U-00 20/03 08:00" || week[9] != "U-09 20/03 08:00" {
		t.Errorf("%v", week)
	}
}

func TestASurveyThatIsTooOldIsOwedAgain(t *testing.T) {
	c := newCast(t, nil)
	c.put(func(ctx context.Context, tx store.Tx) error {
		return tx.PutProfile(ctx, &visit.Profile{ID: "P-1", Place: "AP-01", Edition: 1, Author: lan, On: day("2016-05-10"), Status: visit.ProfileAccepted})
	})
	surveys := func() (due []string) {
		c.see(func(ctx context.Context, tx store.Tx) error {
			duties, err := tx.Duties(ctx, duty.Query{Kinds: []duty.Kind{duty.Survey}})
			for _, d := range duties {
				due = append(due, fmt.Sprintf("%s %s %s", d.Place, d.Holder.Person, d.Due))
			}
			return err
		})
		return due
	}
	c.at("2017-05-09 00:05")
	c.sweep()
	if got := surveys(); got != nil {
		t.Errorf("before it is a year old: %v", got)
	}
	for _, date := range []string{"2017-05-10", "2017-05-11"} {
		c.at(date + " 00:05")
		c.sweep()
	}
	if diff := cmp.Diff([]string{"AP-01 CC-017 2017-05-24"}, surveys()); diff != "" {
		t.Error(diff)
	}
}

func TestTheReminderOfAVisitSaysWhichAnswersToTell(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-20 09:00")
	answered := func(id issue.ID, code string) {
		c.put(func(ctx context.Context, tx store.Tx) error {
			return tx.PutIssue(ctx, &issue.State{ID: id, Code: code, Place: "AP-01", Team: teamT3, Owner: lan, Status: issue.FeedbackDue, Registered: day("2017-03-01")})
		})
	}
	answered("I-1", "XL-17-0001")
	answered("I-2", "XL-17-0002")
	c.owes("V", duty.Term{Kind: duty.Visit, Holder: official(lan), Place: "AP-01", Start: day("2017-03-20"), Due: day("2017-04-05"), At: calendar.MustTimeOfDay(19, 0)})
	c.owes("W", duty.Term{Kind: duty.Visit, Holder: official(minh), Place: "AP-02", Start: day("2017-03-20"), Due: day("2017-04-05"), At: calendar.MustTimeOfDay(19, 0)})
	agendas := func() (lines []string) {
		for _, n := range c.outbox(notify.Query{Template: "visit.agenda"}) {
			lines = append(lines, fmt.Sprintf("%s %s %s: %s", n.Duty, n.To.Person, n.NotBefore.In(calendar.Zone()).Format("02/01 15:04"), n.Vars["codes"]))
		}
		slices.Sort(lines)
		return lines
	}
	c.sweepUntil("2017-04-04 23:00")
	first := "V CC-017 03/04 08:00: XL-17-0001, XL-17-0002"
	if diff := cmp.Diff([]string{first}, agendas()); diff != "" {
		t.Error(diff)
	}
	answered("I-3", "XL-17-0003")
	c.sweepUntil("2017-04-05 23:00")
	if diff := cmp.Diff([]string{first, "V CC-017 05/04 16:00: XL-17-0001, XL-17-0002, XL-17-0003"}, agendas()); diff != "" {
		t.Error(diff)
	}
}

func TestOfAVisitNobodyCanHoldTheOfficeAndTheHostHearAtTheCutOff(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-06 09:00")
	var id visit.ID
	c.must(lan, func(ctx context.Context, w *core.Work) error { // a Saturday; the last working day before is Fri 17/03
		v, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Official: lan, Place: "AP-01", Date: day("2017-03-18"), At: calendar.MustTimeOfDay(19, 0)})
		id = v.ID
		return err
	})
	c.put(func(ctx context.Context, tx store.Tx) error {
		return tx.PutLeave(ctx, &org.Leave{ID: "L", Person: lan, Days: days("2017-03-20", "2017-03-24")})
	})
	vacant := func() (lines []string) {
		for _, n := range c.outbox(notify.Query{Moot: alert.AtRiskKey(id)}) {
			lines = append(lines, fmt.Sprintf("%s %s %s %s %s", n.Template, n.To.Role, n.Channel, n.NotBefore.In(calendar.Zone()).Format("02/01 15:04"), n.State))
		}
		slices.Sort(lines)
		return lines
	}
	if got := vacant(); got != nil {
		t.Fatalf("while she is there: %v", got)
	}
	postpone := func(to string) {
		t.Helper()
		c.must(tl03, func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Postpone(ctx, id, day(to), calendar.MustTimeOfDay(19, 0), "bận")
			return err
		})
	}
	postpone("2017-03-21") // into her leave
	want := []string{
		"visit.at_risk team_leader email 06/03 09:00 pending",
		"visit.at_risk team_leader sms 06/03 09:00 pending",
		"visit.unsure hamlet_head sms 20/03 16:30 pending",
		"visit.vacant programme_office email 20/03 16:30 pending",
		"visit.vacant programme_office sms 20/03 16:30 pending",
	}
	if diff := cmp.Diff(want, vacant()); diff != "" {
		t.Error(diff)
	}
	postpone("2017-03-27")
	for _, line := range vacant() {
		if !strings.HasSuffix(line, "cancelled") {
			t.Errorf("the visit was moved, but %s", line)
		}
	}
}

func TestANewCalendarIsFollowedByWhatRepeatsADueDate(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-06 09:00")
	c.put(func(ctx context.Context, tx store.Tx) error {
		if err := tx.PutSpeaker(ctx, &opinion.Speaker{ID: "S", Phone: "+84900009999", Place: "AP-01"}); err != nil {
			return err
		}
		if err := tx.PutOpinion(ctx, &opinion.State{ID: "O", Place: "AP-01", Speaker: "S", Happened: day("2017-03-06")}); err != nil {
			return err
		}
		i := issue.State{ID: "I", Code: "XL-17-0001", Place: "AP-01", Team: teamT3, Owner: lan, Urgency: issue.Normal, Status: issue.Referred, Opinions: []string{"O"},
			Registered: day("2017-03-06"), PromiseDue: day("2017-04-03"), Referrals: []issue.Referral{{Number: 1, Lead: unitTNMT, On: day("2017-03-06"), Due: day("2017-03-20")}}}
		if err := tx.PutIssue(ctx, &i); err != nil {
			return err
		}
		return tx.PutVisit(ctx, &visit.State{ID: "V", Place: "AP-01", Team: teamT3, Official: lan, Status: visit.Planned, Planned: day("2017-03-09"), ReportDue: day("2017-03-13")})
	})
	c.owes("unit", duty.Term{Kind: duty.Unit, Subject: issue.Subject("I"), Holder: unitClerk(), Start: day("2017-03-06"), Days: 10})
	c.owes("promise", duty.Term{Kind: duty.Promise, Subject: issue.Subject("I"), Holder: official(lan), Start: day("2017-03-06"), Days: 20})
	c.owes("report", duty.Term{Kind: duty.Report, Subject: visit.Subject("V"), Holder: official(lan), Start: day("2017-03-09"), Days: 2})
	flood := spec2017()
	flood.Version = 2
	flood.Closures = append(flood.Closures, calendar.Closure{From: day("2017-03-13"), Name: "Nghỉ do lũ", Kind: calendar.District})
	c.put(func(ctx context.Context, tx store.Tx) error {
		return tx.PutRule(ctx, &programme.Rule{ID: "R", Calendar: &flood, Status: programme.RuleApproved, Reason: "lũ", Proposer: vp01, Approver: pct})
	})
	c.must(pct, func(ctx context.Context, w *core.Work) error { return core.Recalendar(ctx, w, "calendar v2") })
	c.see(func(ctx context.Context, tx store.Tx) error {
		i, err := tx.Issue(ctx, "I")
		if err != nil {
			return err
		}
		if i.PromiseDue != day("2017-04-04") || i.Current().Due != day("2017-03-21") {
			t.Errorf("the issue says %v and %v", i.PromiseDue, i.Current().Due)
		}
		v, err := tx.Visit(ctx, "V")
		if v.ReportDue != day("2017-03-14") {
			t.Errorf("the visit says %v", v.ReportDue)
		}
		return err
	})
	told := c.outbox(notify.Query{Template: "issue.promise_moved"})
	if len(told) != 1 || told[0].To.Speaker != "S" || told[0].Vars["due"] != "2017-04-04" {
		t.Errorf("%+v", told)
	}
}
