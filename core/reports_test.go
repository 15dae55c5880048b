package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

func month(s string) calendar.Month {
	m, err := calendar.ParseMonth(s)
	if err != nil {
		panic(err)
	}
	return m
}

// figures reads a month's figures as the office sees them.
func (c *cast) figures(m string) (g report.Figures) {
	c.t.Helper()
	c.must(vp01, func(ctx context.Context, w *core.Work) (err error) {
		g, _, err = w.Reports.Month(ctx, month(m))
		return err
	})
	return g
}

// lock takes a month from submission to its lock.
func (c *cast) lock(m string) {
	c.t.Helper()
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		if _, err := w.Reports.SubmitMonth(ctx, month(m), "Tháng "+m); err != nil {
			return err
		}
		_, err := w.Reports.ApproveMonth(ctx, month(m))
		return err
	})
	c.must(pct, func(ctx context.Context, w *core.Work) error {
		_, err := w.Reports.AcceptMonth(ctx, month(m))
		return err
	})
}

// held is a visit planned, reported and, by the hamlet's head, confirmed.
func (c *cast) held(official org.PersonID, place org.PlaceID, on, reported string, confirmed bool) {
	c.t.Helper()
	c.at(day(on).Add(-5).String())
	id := c.plan(official, place, on)
	c.at(reported + " 21:30")
	r := minutes()
	r.LateReason = "đi công tác"
	c.must(official, reportOn(id, on, r))
	if confirmed {
		c.must(org.PersonID("TA-"+string(place)[3:]), confirm(id, true))
	}
}

func TestEX28_CoverageOfMayAndItsCorrection(t *testing.T) {
	c := newCast(t, nil)
	c.held(lan, "AP-01", "2017-05-10", "2017-05-10", true)
	c.held(lan, "AP-01", "2017-05-24", "2017-05-30", true)
	c.held(minh, "AP-02", "2017-05-11", "2017-05-11", true)
	c.held(minh, "AP-02", "2017-05-29", "2017-05-29", false)
	c.held(ha, "AP-03", "2017-05-12", "2017-05-12", true)
	c.held(ha, "AP-03", "2017-05-15", "2017-05-15", true)
	c.held(tuan, "AP-04", "2017-05-06", "2017-05-09", true)
	c.held(tuan, "AP-04", "2017-05-20", "2017-05-23", true)

	c.at("2017-06-10")
	g := c.figures("2017-05")
	for name, s := range map[string][2]report.Share{
		"claimed":  {g.Claimed, {Part: 7, Of: 10}},
		"verified": {g.Verified, {Part: 6, Of: 10}},
		"complete": {g.Complete, {Part: 2, Of: 5}},
		"on time":  {g.Visits.OnTime, {Part: 7, Of: 8}},
	} {
		if s[0] != s[1] {
			t.Errorf("%s %v, want %v", name, s[0], s[1])
		}
	}
	c.lock("2017-05")

	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Unplanned(ctx, visit.Plan{Kind: visit.Regular, Place: "AP-05", Official: tuan, Date: day("2017-05-29"), ID: "late"}, lateMinutes())
		return err
	})
	c.must("TA-05", confirm("late", true))
	if after := c.figures("2017-05"); after.Verified != g.Verified {
		t.Errorf("May was locked at %v and now shows %v", g.Verified, after.Verified)
	}
	corrections := c.figures("2017-06").Corrections
	if len(corrections) != 1 || corrections[0].Verified != (report.Share{Part: 7, Of: 10}) || corrections[0].Was != (report.Share{Part: 6, Of: 10}) {
		t.Errorf("June corrects %+v", corrections)
	}
}

func lateMinutes() visit.Report {
	r := minutes()
	r.LateReason = "nhập bổ sung"
	r.Why = "công chức nghỉ ốm, nhập thay từ biên bản giấy"
	return r
}

func TestAMonthGoesUpAndIsUnlockedOnlyFromAboveWithAReason(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-06-02")
	submit := func(ctx context.Context, w *core.Work) error {
		_, err := w.Reports.SubmitMonth(ctx, month("2017-05"), "")
		return err
	}
	for _, who := range []org.PersonID{lan, tl03, u10, pct, qt01, kt01} {
		if err := c.do(who, submit); !errors.Is(err, fault.ErrForbidden) {
			t.Errorf("%s submitted the district's month: %v", who, err)
		}
	}
	c.refused("report.submit.not_ended", vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Reports.SubmitMonth(ctx, month("2017-06"), "")
		return err
	})
	c.must(vp01, submit)
	c.must(pct, func(ctx context.Context, w *core.Work) error {
		_, err := w.Reports.SendBackMonth(ctx, month("2017-05"), "thiếu nhận xét")
		return err
	})
	c.lock("2017-05")
	unlock := func(reason string) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Reports.UnlockMonth(ctx, month("2017-05"), reason)
			return err
		}
	}
	c.refused("report.unlock.reason_missing", pct, unlock(""))
	if err := c.do(tl03, unlock("sai số")); !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("a team leader unlocked the month: %v", err)
	}
	c.must(pct, unlock("sai số liệu xã C2"))
}

func TestARoundIsReportedToTheTeamLeaderWhoClosesIt(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01 00:05")
	c.sweep()
	c.held(lan, "AP-01", "2017-03-08", "2017-03-08", true)
	c.sweepUntil("2017-03-16 09:00")
	submit := func(ctx context.Context, w *core.Work) error {
		_, err := w.Reports.SubmitRound(ctx, lan, day("2017-03-15"), "Một buổi, bà con quan tâm nước sạch.")
		return err
	}
	if err := c.do(minh, submit); !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("Minh handed in Lan's round: %v", err)
	}
	c.must(lan, submit)
	c.must(tl03, func(ctx context.Context, w *core.Work) error {
		lines, err := w.Reports.TeamRound(ctx, teamT3, day("2017-03-15"))
		if err != nil {
			return err
		}
		for _, l := range lines {
			if l.Official == lan && (l.Report != report.Submitted || len(l.Visits) != 1) || l.Official == minh && l.Report != "" {
				t.Errorf("line %+v", l)
			}
		}
		if len(lines) != 4 {
			t.Errorf("%d officials, want 4", len(lines))
		}
		_, err = w.Reports.CloseRound(ctx, "round/CC-017/2017-03-01")
		return err
	})
	duties := map[org.PersonID]duty.Status{}
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		for _, official := range []org.PersonID{lan, minh} {
			of, err := w.Duties.Of(ctx, report.Subject(report.ID("round/"+string(official)+"/2017-03-01")))
			if err != nil {
				return err
			}
			for _, d := range of {
				duties[official] = d.Status
				if d.Due != day("2017-03-20") { // three working days after Wed 15/03
					t.Errorf("the round of %s is due on %s", official, d.Due)
				}
			}
		}
		return nil
	})
	if duties[lan] != duty.Met || duties[minh] != duty.Running {
		t.Errorf("duties %v", duties)
	}
}

func TestTheLeaderSendsARoundBackAndItIsOwedAgain(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01 00:05")
	c.sweep()
	c.sweepUntil("2017-03-16 09:00")
	const id = report.ID("round/CC-017/2017-03-01")
	submit := func(text string) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Reports.SubmitRound(ctx, lan, day("2017-03-15"), text)
			return err
		}
	}
	sendBack := func(id report.ID, why string) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Reports.SendBackRound(ctx, id, why)
			return err
		}
	}
	running := func(want ...string) {
		t.Helper()
		var due []string
		c.must(vp01, func(ctx context.Context, w *core.Work) error {
			of, err := w.Duties.Of(ctx, report.Subject(id))
			for _, d := range of {
				if d.Status == duty.Running {
					due = append(due, d.Due.String())
				}
			}
			return err
		})
		if !slices.Equal(due, want) {
			t.Errorf("owed by %v, want %v", due, want)
		}
	}
	running("2017-03-20")
	c.must(lan, submit("Một buổi."))
	running()
	c.at("2017-03-17 09:00")
	c.refused("report.send_back.reason_missing", tl03, sendBack(id, " "))
	if err := c.do(lan, sendBack(id, "x")); !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("Lan sent her own report back: %v", err)
	}
	c.must(tl03, sendBack(id, "chưa ghi số người dự"))
	running("2017-03-22")
	c.refused("report.state.transition", tl03, sendBack(id, "nữa"))
	c.must(lan, submit("Một buổi, 25 người dự."))
	running()
	c.put(func(ctx context.Context, tx store.Tx) error {
		return tx.PutPeriodReport(ctx, &report.State{ID: "month/2017-03", Kind: report.Month, Period: days("2017-03-01", "2017-03-31"), Status: report.Submitted})
	})
	c.refused("report.round.other_kind", vp01, sendBack("month/2017-03", "thiếu"))
}

func TestA8_ATeamsRoundIsClosedInOneStepWithAResultForEachOfficial(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01 00:05")
	c.sweep()
	c.held(lan, "AP-01", "2017-03-08", "2017-03-08", true)
	c.at("2017-03-09")
	absent := c.plan(minh, "AP-02", "2017-03-10")
	c.must(ha, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.TakeLeave(ctx, org.Leave{Person: ha, Days: days("2017-03-01", "2017-03-15"), Substitute: tuan, Reason: "thai sản"})
		return err
	})
	closing := func(without map[org.PersonID]string, check func(map[org.PersonID]core.RoundClosing)) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			all, err := w.Reports.CloseTeamRound(ctx, teamT3, day("2017-03-10"), without)
			by := make(map[org.PersonID]core.RoundClosing)
			for _, one := range all {
				by[one.Line.Official] = one
			}
			if err == nil {
				check(by)
			}
			return err
		}
	}
	refusal := func(one core.RoundClosing) string {
		if vs := fault.Violations(one.Refused); len(vs) == 1 && !one.Closed {
			return vs[0].Rule
		}
		return fmt.Sprintf("closed %v, %v", one.Closed, one.Refused)
	}
	c.must(tl03, closing(map[org.PersonID]string{ha: "thai sản"}, func(by map[org.PersonID]core.RoundClosing) {
		if got := refusal(by[ha]); got != "report.submit.not_ended" {
			t.Errorf("before the round ended: %s", got)
		}
	}))
	c.sweepUntil("2017-03-16 09:00")
	c.must(tl03, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Absent(ctx, absent, visit.Excused, "bị tai nạn")
		return err
	})
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Reports.SubmitRound(ctx, lan, day("2017-03-10"), "Một buổi.")
		return err
	})
	nothing := func(map[org.PersonID]core.RoundClosing) {}
	if err := c.do(lan, closing(nil, nothing)); !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("an official closed the team's round: %v", err)
	}
	c.refused("report.close.not_in_team", tl03, closing(map[org.PersonID]string{u10: "x"}, nothing))
	c.must(tl03, closing(map[org.PersonID]string{minh: "bị tai nạn, đang nằm viện"}, func(by map[org.PersonID]core.RoundClosing) {
		if len(by) != 4 || !by[lan].Closed || by[lan].Line.Report != report.Submitted || !by[minh].Closed || by[minh].Line.Report != "" {
			t.Errorf("closed %+v", by)
		}
		for _, without := range []org.PersonID{ha, tuan} {
			if got := refusal(by[without]); got != "report.close.reason_missing" {
				t.Errorf("%s: %s", without, got)
			}
		}
		met, sick, leave, none := by[lan].Line.Turnout, by[minh].Line.Turnout, by[ha].Line.Turnout, by[tuan].Line.Turnout
		if len(met) != 1 || !met[0].Met || met[0].By != lan || met[0].Attendance != visit.Present || met[0].Day != day("2017-03-08") {
			t.Errorf("Lan met: %+v", met)
		}
		if len(sick) != 1 || sick[0].Met || sick[0].Attendance != visit.Excused || sick[0].Why != "bị tai nạn" {
			t.Errorf("Minh was absent: %+v", sick)
		}
		if len(leave) != 1 || leave[0].Met || leave[0].Visit != "" || leave[0].Attendance != visit.Excused {
			t.Errorf("Hà was on leave: %+v", leave)
		}
		if len(none) != 2 || none[0].Place != "AP-04" || none[1].Place != "AP-05" || none[0].Met || none[0].Attendance != "" {
			t.Errorf("Tuấn met nobody: %+v", none)
		}
	}))
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		of, err := w.Duties.Of(ctx, report.Subject("round/"+report.ID(minh)+"/2017-03-01"))
		if len(of) != 1 || of[0].Status != duty.Cancelled {
			t.Errorf("Minh's report is still owed: %+v", of)
		}
		all, err2 := w.Reports.List(ctx, report.Query{Kind: report.Round, Official: minh})
		if len(all) != 1 || all[0].Status != report.Locked || all[0].Steps[0].Reason != "bị tai nạn, đang nằm viện" || len(all[0].Figures) == 0 {
			t.Errorf("Minh's round: %+v", all)
		}
		all, err3 := w.Reports.List(ctx, report.Query{Kind: report.Round, Official: ha})
		if len(all) != 0 {
			t.Errorf("a refused round was written: %+v", all)
		}
		return errors.Join(err, err2, err3)
	})
	c.must(tl03, closing(nil, func(by map[org.PersonID]core.RoundClosing) { // again: what is closed stays closed
		if !by[lan].Closed || !by[minh].Closed || by[ha].Closed {
			t.Errorf("closed again: %+v", by)
		}
	}))
}
