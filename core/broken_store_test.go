package core_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// Whatever single call of the store fails, in the middle of whatever anybody does,
// the step fails with that very error: nothing is swallowed, nothing done by half.

var errDisk = errors.New("the disk is gone")

// failing is a context in which the store's n-th call fails, and no other.
type failing struct {
	context.Context
	calls, at int
}

func (f *failing) Err() error {
	f.calls++
	if f.calls == f.at {
		return errDisk
	}
	return nil
}

func (f *failing) Done() <-chan struct{} { return nil }

// steps are further things that people do, beside those of the permission table.
func steps() map[string]struct {
	by org.PersonID
	do func(context.Context, *core.Work) error
} {
	a := subjects()[0]
	none := func(_ any, err error) error { return err }
	type step = struct {
		by org.PersonID
		do func(context.Context, *core.Work) error
	}
	m := calendar.MonthOf(day("2017-03-01"))
	return map[string]step{
		"postpone": {tl03, func(ctx context.Context, w *core.Work) error {
			return none(w.Visits.Postpone(ctx, a.visit(visit.Planned), day("2017-03-24"), calendar.TimeOfDay{}, "mưa"))
		}},
		"hold": {lan, func(ctx context.Context, w *core.Work) error {
			return none(w.Visits.Hold(ctx, a.visit(visit.Planned), day("2017-03-15")))
		}},
		"contest": {ta01, func(ctx context.Context, w *core.Work) error {
			return none(w.Visits.Contest(ctx, a.visit(visit.Reported), "không đến"))
		}},
		"deny": {ta01, confirm(a.visit(visit.Reported), false)},
		"be absent": {tl03, func(ctx context.Context, w *core.Work) error {
			return none(w.Visits.Absent(ctx, a.visit(visit.Missed), visit.Unexcused, ""))
		}},
		"bring a sign": {lan, func(ctx context.Context, w *core.Work) error {
			return none(w.Visits.AddEvidence(ctx, a.visit(visit.Reported), visit.Evidence{Kind: "photo", Grade: visit.Strong, By: lan}))
		}},
		"answer a dispute": {lan, func(ctx context.Context, w *core.Work) error {
			return none(w.Visits.Reply(ctx, a.visit(visit.Disputed), "Tôi đã đến."))
		}},
		"survey": {lan, func(ctx context.Context, w *core.Work) error {
			p := survey()
			p.Changed = "thêm đường"
			return none(w.Visits.Survey(ctx, p, a.visit(visit.Planned)))
		}},
		"agenda": {lan, func(ctx context.Context, w *core.Work) error {
			return none(w.Visits.Agenda(ctx, a.visit(visit.Planned)))
		}},
		"unplanned": {tuan, func(ctx context.Context, w *core.Work) error {
			return none(w.Visits.Unplanned(ctx, visit.Plan{Kind: visit.Regular, Place: "AP-05", Official: tuan, Date: day("2017-03-16")}, minutes()))
		}},
		"waive an item": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Visits.WaiveItem(ctx, "old", "AP-09", "đã có loa"))
		}},
		"supersede": {vp01, func(ctx context.Context, w *core.Work) error {
			return w.Visits.Supersede(ctx, "old", "new")
		}},
		"item coverage": {vp01, func(ctx context.Context, w *core.Work) error { return none(w.Visits.Coverage(ctx, "old")) }},
		"plan a month": {tl03, func(ctx context.Context, w *core.Work) error {
			return none(w.Programme.PlanMonth(ctx, m.Next(), teamT3, ""))
		}},
		"cover": {vp01, func(ctx context.Context, w *core.Work) error { return none(w.Programme.Coverage(ctx, m)) }},
		"staffing": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Programme.Staffing(ctx, day("2017-03-17")))
		}},
		"check": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Programme.Check(ctx, []programme.AssignmentID{"proposed/A"}))
		}},
		"approve assignments": {pct, func(ctx context.Context, w *core.Work) error {
			return none(w.Programme.Approve(ctx, core.Approval{Assignments: []programme.AssignmentID{"new"}, Decision: "2/QĐ-UBND"}))
		}},
		"end an assignment": {pct, func(ctx context.Context, w *core.Work) error {
			return none(w.Programme.End(ctx, "active/A", day("2017-03-17"), minh, "chuyển công tác"))
		}},
		"receive": {pct, func(ctx context.Context, w *core.Work) error { return none(w.Programme.Receive(ctx, "ended/A", minh)) }},
		"reject": {pct, func(ctx context.Context, w *core.Work) error {
			return none(w.Programme.RejectRule(ctx, "A", "chưa cần"))
		}},
		"a calendar": {pct, func(ctx context.Context, w *core.Work) error { return none(w.Programme.ApproveRule(ctx, "calendar")) }},
		"renew": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Programme.Renew(ctx, hvcs2017, renewal()))
		}},
		"amend": {vp01, func(ctx context.Context, w *core.Work) error {
			p, err := w.Programme.Get(ctx, hvcs2017)
			p.Kinds = []string{"ap", "xa"}
			return errors.Join(err, none(w.Programme.Amend(ctx, p)))
		}},
		"other quota": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Programme.OverrideQuota(ctx, hvcs2017, programme.QuotaOverride{Month: m, PerMonth: 1, Decision: "3/QĐ-UBND", Reason: "Tết"}))
		}},
		"pause": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Issues.Pause(ctx, a.issue("referred"), issue.NeedsSpeaker, "x"))
		}},
		"pause and resume": {u11, func(ctx context.Context, w *core.Work) error {
			return none(w.Issues.Resume(ctx, a.issue("paused")))
		}},
		"ask for a pause": {u11, func(ctx context.Context, w *core.Work) error {
			return none(w.Issues.AskPause(ctx, a.issue("referred"), issue.NeedsSpeaker, "x"))
		}},
		"ask for more time": {u11, func(ctx context.Context, w *core.Work) error {
			return none(w.Issues.AskExtension(ctx, a.issue("held"), moreTime()))
		}},
		"refuse a request": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Issues.DecideRequest(ctx, a.issue("asking"), false, "x"))
		}},
		"grant a request": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Issues.DecideRequest(ctx, a.issue("asking"), true, ""))
		}},
		"send an answer back": {u10, func(ctx context.Context, w *core.Work) error {
			return none(w.Issues.SendBackAnswer(ctx, a.issue("drafted"), "x"))
		}},
		"contribute": {u21, func(ctx context.Context, w *core.Work) error {
			return none(w.Issues.Contribute(ctx, a.issue("asking"), "x"))
		}},
		"unlink": {vp01, func(ctx context.Context, w *core.Work) error { return none(w.Issues.Unlink(ctx, a.issue("linked"))) }},
		"hand over": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Issues.HandOver(ctx, a.issue("referred"), minh, teamT3))
		}},
		"not satisfied": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Issues.RecordReply(ctx, a.issue("told"), issue.Satisfaction{Opinion: string(a.opinion())}))
		}},
		"appeal": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Issues.Appeal(ctx, a.issue("told twice"), issue.Satisfaction{Opinion: string(a.opinion())}, "chưa thỏa đáng"))
		}},
		"answer slip": {lan, func(ctx context.Context, w *core.Work) error {
			return none(w.Issues.AnswerSlip(ctx, a.issue("told"), a.opinion()))
		}},
		"notice board": {lan, func(ctx context.Context, w *core.Work) error { return none(w.Issues.Board(ctx, "AP-01")) }},
		"slip":         {lan, func(ctx context.Context, w *core.Work) error { return none(w.Issues.Slip(ctx, a.issue("referred"))) }},
		"owing":        {lan, func(ctx context.Context, w *core.Work) error { return none(w.Issues.Owing(ctx, lan)) }},
		"a route": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Issues.PutRoute(ctx, issue.Route{Subject: "dien", Name: "Điện", Lead: unitKTHT, Valid: year2017()}))
		}},
		"answer at once": {lan, func(ctx context.Context, w *core.Work) error {
			return none(w.Opinions.Capture(ctx, a.visit(visit.Planned), core.Said{Text: "Hỏi giờ làm việc.", Kind: opinion.Question, Answer: "7 giờ 30.", Speaker: withPhone()}))
		}},
		"guide": {lan, func(ctx context.Context, w *core.Work) error {
			return none(w.Opinions.Guide(ctx, "complaint", opinion.Guidance{Body: "Thanh tra huyện"}))
		}},
		"classify as denunciation": {lan, func(ctx context.Context, w *core.Work) error {
			_, _, err := w.Opinions.Classify(ctx, "spoken", opinion.Denunciation)
			return err
		}},
		"classify": {lan, func(ctx context.Context, w *core.Work) error {
			_, _, err := w.Opinions.Classify(ctx, "spoken", opinion.Report, "nuoc")
			return err
		}},
		"withdraw": {lan, func(ctx context.Context, w *core.Work) error { return none(w.Opinions.Withdraw(ctx, "spoken")) }},
		"forget":   {lan, func(ctx context.Context, w *core.Work) error { return w.Opinions.Forget(ctx, "spoken") }},
		"scrub":    {vp01, func(ctx context.Context, w *core.Work) error { return none(w.Opinions.ScrubSpeakers(ctx)) }},
		"satisfied on the spot": {ta01, func(ctx context.Context, w *core.Work) error {
			return none(w.Opinions.RecordSatisfaction(ctx, "answered", true))
		}},
		"denounce": {lan, func(ctx context.Context, w *core.Work) error { return none(w.Sealed.Receive(ctx, denunciation())) }},
		"explain": {lan, func(ctx context.Context, w *core.Work) error {
			return w.Supervision.Explain(ctx, "asked", "Bị ốm.")
		}},
		"decide a flag": {tl03, func(ctx context.Context, w *core.Work) error {
			return w.Supervision.DecideFlag(ctx, "asked", teamT3, false, "đã rõ")
		}},
		"agree an action": {tl03, func(ctx context.Context, w *core.Work) error {
			return none(w.Supervision.AgreeAction(ctx, "upheld", teamT3, "Dự họp mẫu", day("2017-04-14")))
		}},
		"complete an action": {lan, func(ctx context.Context, w *core.Work) error {
			return w.Supervision.CompleteAction(ctx, "upheld", "act", "đã dự")
		}},
		"drop an action": {tl03, func(ctx context.Context, w *core.Work) error {
			return w.Supervision.DropAction(ctx, "upheld", teamT3, "act", "chuyển công tác")
		}},
		"flags": {lan, func(ctx context.Context, w *core.Work) error { return none(w.Supervision.Flags(ctx, lan, "")) }},
		"signals": {tl03, func(ctx context.Context, w *core.Work) error {
			return none(w.Supervision.Signals(ctx, lan, teamT3, m.Period()))
		}},
		"red list": {pct, func(ctx context.Context, w *core.Work) error { return none(w.Duties.RedList(ctx)) }},
		"yearly":   {lan, func(ctx context.Context, w *core.Work) error { return none(w.Reports.Yearly(ctx, lan, m.Period())) }},
		"territories": {pct, func(ctx context.Context, w *core.Work) error {
			return none(w.Reports.ByTerritory(ctx, m.Period(), day("2017-03-31")))
		}},
		"export": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Reports.Export(ctx, m.Period(), &core.ExportOptions{Officials: true, Why: "họp"}))
		}},
		"behind": {ct, func(ctx context.Context, w *core.Work) error {
			return none(w.Reports.Behind(ctx, m.Period(), report.Verified))
		}},
		"over": {vp01, func(ctx context.Context, w *core.Work) error { return none(w.Reports.Over(ctx, m.Period())) }},
		"reports": {tl03, func(ctx context.Context, w *core.Work) error {
			return none(w.Reports.List(ctx, report.Query{Team: teamT3}))
		}},
		"call back": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Supervision.CallBacks(ctx, m.Period(), 7))
		}},
		"month": {vp01, func(ctx context.Context, w *core.Work) error { _, _, err := w.Reports.Month(ctx, m); return err }},
		"sheet": {pct, func(ctx context.Context, w *core.Work) error { return none(w.Reports.Sheet(ctx, lan, m.Period())) }},
		"team round": {tl03, func(ctx context.Context, w *core.Work) error {
			return none(w.Reports.TeamRound(ctx, teamT3, day("2017-03-10")))
		}},
		"send a round back": {tl03, func(ctx context.Context, w *core.Work) error {
			return none(w.Reports.SendBackRound(ctx, report.ID("round/"+a.key), "thiếu"))
		}},
		"close a team's round": {tl03, func(ctx context.Context, w *core.Work) error {
			return none(w.Reports.CloseTeamRound(ctx, teamT3, day("2017-03-10"), map[org.PersonID]string{minh: "nghỉ ốm"}))
		}},
		"send back": {pct, func(ctx context.Context, w *core.Work) error { return none(w.Reports.SendBackMonth(ctx, m, "thiếu")) }},
		"owed":      {tl03, func(ctx context.Context, w *core.Work) error { return none(w.Duties.Owed(ctx, tl03)) }},
		"overdue":   {vp01, func(ctx context.Context, w *core.Work) error { return none(w.Duties.Overdue(ctx, duty.Query{})) }},
		"why this date": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Duties.Explain(ctx, "unit/A/referred", "vi"))
		}},
		"verify": {kt01, func(ctx context.Context, w *core.Work) error { return none(w.Journal.Verify(ctx)) }},
		"merge places": {vp01, func(ctx context.Context, w *core.Work) error {
			return w.Org.MergePlaces(ctx, core.Merger{From: []org.PlaceID{"AP-04"}, Into: "AP-05", On: day("2017-04-01")})
		}},
		"rename a place": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Org.RenamePlace(ctx, "AP-01", day("2017-04-01"), org.Naming{Name: "Ấp Một"}, "nghị quyết"))
		}},
		"appoint": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Org.AppointHolding(ctx, org.Holding{Person: u31, Role: org.UnitClerk, Unit: unitKTHT, Valid: year2017()}))
		}},
		"end a role": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Org.EndHolding(ctx, "official/CC-042", day("2017-03-31"), "nghỉ hưu"))
		}},
		"a unit": {vp01, func(ctx context.Context, w *core.Work) error {
			return none(w.Org.AddUnit(ctx, org.Unit{Code: "GD", Name: "Phòng Giáo dục", SMSName: "Phong GD", Place: "H", Valid: year2017()}))
		}},
		"a person": {vp01, func(ctx context.Context, w *core.Work) error {
			p, err := w.Org.Person(ctx, lan)
			p.Email = "lan@xuanloc.example"
			return errors.Join(err, none(w.Org.UpdatePerson(ctx, p)))
		}},
	}
}

func renewal() core.Renewal {
	return core.Renewal{
		Code: "HVCS-2018", Valid: days("2018-01-01", "2018-12-31"), Teams: true, Assignments: true,
		Basis: programme.Basis{Number: "70", Symbol: "KH-UBND", Issuer: "UBND huyện", Title: "Hướng về cơ sở"},
	}
}

// brokenScene is the scene of the permission table with a few matters more.
func brokenScene(t *testing.T) *cast {
	c := newCast(t, nil)
	a := subjects()[0]
	c.permissionScene([]subject{a})
	spec := spec2017()
	spec.Version = 2
	spec.Closures = append(spec.Closures, calendar.Closure{From: day("2017-03-24"), To: day("2017-03-24"), Name: "Nghỉ bão", Kind: calendar.District, Source: "EX"})
	c.put(func(ctx context.Context, tx store.Tx) error {
		paused, err := tx.Issue(ctx, a.issue("referred"))
		if err != nil {
			return err
		}
		d, err := tx.Duty(ctx, duty.ID("unit/"+paused.ID))
		if err != nil {
			return err
		}
		linked, twice := paused, paused
		paused.ID, paused.Version, paused.Code, paused.Status = a.issue("paused"), 0, "XL-17-P", issue.OnHold
		paused.Pauses = []issue.Pause{{Reason: issue.NeedsSpeaker, From: day("2017-03-16"), Until: day("2017-03-30"), By: vp01}}
		d.ID, d.Version, d.Subject, d.Status = "unit/paused", 0, issue.Subject(paused.ID), duty.Paused
		d.Pauses = []duty.Interval{{From: day("2017-03-16"), Until: day("2017-03-30"), Reason: "needs_speaker", By: vp01}}
		asking, clock := linked, d
		asking.ID, asking.Version, asking.Code = a.issue("asking"), 0, "XL-17-Q"
		asking.Referrals = slices.Clone(linked.Referrals)
		asking.Referrals[len(asking.Referrals)-1].Cooperating = []org.UnitID{unitKTHT}
		asking.Requests = []issue.Request{{Kind: issue.AsksExtension, Referral: asking.Current().Number, Days: 3, Reason: "x", Message: "x", On: day("2017-03-16"), By: u11}}
		clock.ID, clock.Subject, clock.Status, clock.Pauses = "unit/asking", issue.Subject(asking.ID), duty.Running, nil
		linked.ID, linked.Version, linked.Code = a.issue("linked"), 0, "XL-17-L"
		hub, err := tx.Issue(ctx, a.issue("arbitration"))
		if err != nil {
			return err
		}
		if err := linked.LinkTo(&hub, vp01, day("2017-03-17")); err != nil {
			return err
		}
		same, err := tx.Assignment(ctx, "PC-AP-01") // as active/A
		if err != nil {
			return err
		}
		same.Status = programme.Cancelled
		told, err := tx.Issue(ctx, a.issue("told"))
		if err != nil {
			return err
		}
		twice = told
		twice.ID, twice.Version, twice.Code, twice.Round = a.issue("told twice"), 0, "XL-17-T", 2
		faults := fault.List{
			tx.PutIssue(ctx, &paused), tx.PutDuty(ctx, &d), tx.PutIssue(ctx, &asking), tx.PutDuty(ctx, &clock), tx.PutIssue(ctx, &linked), tx.PutIssue(ctx, &hub), tx.PutIssue(ctx, &twice),
			tx.PutRule(ctx, &programme.Rule{ID: "calendar", Calendar: &spec, Status: programme.RuleProposed, Reason: "bão", Proposer: vp01, Recorded: c.sys.Now()}),
			tx.PutAssignment(ctx, &programme.Assignment{ID: "new", Programme: hvcs2017, Official: ha, Place: "AP-08", Team: teamT3, Valid: days("2017-03-17", "2017-12-31"), Status: programme.Proposed}),
			tx.PutAssignment(ctx, &same),
			tx.PutPeriodReport(ctx, &report.State{ID: "month/2017-03", Kind: report.Month, Period: days("2017-03-01", "2017-03-31"), Status: report.Submitted}),
			tx.PutSpeaker(ctx, &opinion.Speaker{ID: "spoken", Name: "Ông Mẫu", Place: "AP-01"}),
			tx.PutItem(ctx, &visit.Item{ID: "old", Type: visit.Information, Title: "Lịch tiêm", Valid: days("2017-03-01", "2017-03-16"), Status: visit.Issued, Places: []org.PlaceID{"AP-09"}}),
			tx.PutItem(ctx, &visit.Item{ID: "new", Type: visit.Information, Title: "Lịch tiêm mới", Valid: days("2017-03-20", "2017-03-31"), Status: visit.Issued, Places: []org.PlaceID{"AP-09"}}),
		}
		for _, o := range []opinion.State{
			{ID: "spoken", Kind: opinion.Unclassified, Status: opinion.Captured, Speaker: "spoken"},
			{ID: "complaint", Kind: opinion.Complaint, Status: opinion.Captured},
			{ID: "answered", Kind: opinion.Question, Status: opinion.AnsweredOnSpot, Answer: "7 giờ 30."},
		} {
			o.Text, o.Place, o.Heard, o.Happened, o.Confidentiality = "…", "AP-01", lan, day("2017-03-15"), opinion.Open
			faults.Add(tx.PutOpinion(ctx, &o))
		}
		f, err := tx.Flag(ctx, "A")
		f.ID, f.Version, f.Status = "asked", 0, "asked"
		faults.Add(err, tx.PutFlag(ctx, &f))
		f.ID, f.Version, f.Status = "upheld", 0, supervision.Upheld
		f.Actions = []supervision.Action{{ID: "act", What: "Dự họp mẫu", Status: supervision.Agreed, Due: day("2017-04-14")}}
		faults.Add(tx.PutFlag(ctx, &f))
		return faults.Err()
	})
	return c
}

func TestWhateverCallOfTheStoreFailsTheStepFailsWithIt(t *testing.T) {
	c := brokenScene(t)
	all := steps()
	for action, try := range trials() {
		a := subjects()[0]
		all[action] = struct {
			by org.PersonID
			do func(context.Context, *core.Work) error
		}{firstPermitted(t, action), func(ctx context.Context, w *core.Work) error { return try(ctx, w, a) }}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		step := all[name]
		if err := c.undone(t.Context(), step.by, step.do); err != nil {
			t.Errorf("%s fails by itself: %v", name, err)
			continue
		}
		count := &failing{Context: t.Context()}
		if err := c.undone(count, step.by, step.do); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= count.calls; n++ {
			err := c.undone(&failing{Context: t.Context(), at: n}, step.by, step.do)
			if errors.Is(err, errDisk) || strings.HasPrefix(name, "sealed.") && errors.Is(err, fault.ErrForbidden) {
				continue // who asks for what is sealed is told no, whatever happened
			}
			t.Errorf("%s: call %d of %d failed and the step says %v", name, n, count.calls, err)
		}
	}
}

// undone tries a step and takes it back.
func (c *cast) undone(ctx context.Context, by org.PersonID, do func(context.Context, *core.Work) error) (got error) {
	undo := errors.New("undone")
	err := c.sys.Update(ctx, org.Actor{Person: by}, func(ctx context.Context, w *core.Work) error {
		if got = do(ctx, w); got != nil {
			return got
		}
		return undo
	})
	if errors.Is(err, undo) {
		return nil
	}
	return err
}

// firstPermitted is somebody whom the table permits an action about A.
func firstPermitted(t *testing.T, action string) org.PersonID {
	t.Helper()
	table := strings.Split(strings.TrimSpace(permitted), "\n")
	heads := strings.Fields(table[0])[1:]
	for _, line := range table[2:] {
		cells := strings.Fields(line)
		for i, cell := range cells[1:] {
			if cells[0] == action && strings.ContainsAny(cell, "A*") {
				return columns()[heads[i]]
			}
		}
	}
	t.Fatalf("%s is permitted to nobody", action)
	return ""
}

func TestASweepThatFailsAnywhereIsMadeUpForByTheNext(t *testing.T) {
	scene := func() *cast {
		c := brokenScene(t)
		c.at("2017-04-05") // much has become due
		return c
	}
	told := func(c *cast) (keys []string) {
		c.see(func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Notices(ctx, notify.Query{})
			for _, n := range all {
				keys = append(keys, n.Key)
			}
			return err
		})
		slices.Sort(keys)
		return keys
	}
	whole := scene()
	count := &failing{Context: t.Context()}
	if _, err := whole.sys.Sweep(count); err != nil {
		t.Fatal(err)
	}
	whole.at("2017-04-05 08:20")
	whole.sweep()
	want := told(whole)
	if len(want) == 0 {
		t.Fatal("nothing is told: the scene proves nothing")
	}
	for n := 1; n <= count.calls; n += 1 + count.calls/60 {
		c := scene()
		if _, err := c.sys.Sweep(&failing{Context: t.Context(), at: n}); err != nil && !errors.Is(err, errDisk) {
			t.Errorf("call %d of %d: %v", n, count.calls, err)
		}
		c.at("2017-04-05 08:20") // what failed alone is tried again after a quarter of an hour
		c.sweep()
		if got := told(c); !slices.Equal(got, want) {
			t.Errorf("after call %d of %d failed, %d notices are told instead of %d", n, count.calls, len(got), len(want))
		}
	}
}
