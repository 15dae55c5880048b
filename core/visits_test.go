package core_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// plan plans a regular visit at 19:00 by the official's own word.
func (c *cast) plan(official org.PersonID, place org.PlaceID, on string) visit.ID {
	c.t.Helper()
	id := visit.ID(fmt.Sprintf("%s/%s", place, on))
	c.must(official, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Plan(ctx, visit.Plan{ID: id, Kind: visit.Regular, Place: place, Official: official, Date: day(on), At: calendar.MustTimeOfDay(19, 0)})
		return err
	})
	return id
}

func minutes() visit.Report {
	return visit.Report{Attendance: visit.Present, Started: calendar.MustTimeOfDay(19, 0), People: 25, Minutes: "Họp dân tại nhà văn hóa ấp."}
}

func reportOn(id visit.ID, on string, r visit.Report) func(context.Context, *core.Work) error {
	return func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Report(ctx, id, day(on), r)
		return err
	}
}

func confirm(id visit.ID, came bool) func(context.Context, *core.Work) error {
	return func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Confirm(ctx, id, came, "")
		return err
	}
}

// visit reads a visit as it stands.
func (c *cast) visit(id visit.ID) (v visit.State) {
	c.t.Helper()
	c.see(func(ctx context.Context, tx store.Tx) (err error) { v, err = tx.Visit(ctx, id); return err })
	return v
}

// notices lists what was put into the outbox for a template, as "channel to".
func (c *cast) notices(template string) []string {
	c.t.Helper()
	var list []string
	c.see(func(ctx context.Context, tx store.Tx) error {
		found, err := tx.Notices(ctx, notify.Query{Template: template})
		for _, n := range found {
			list = append(list, fmt.Sprintf("%s %s", n.Channel, n.To.Key()))
		}
		return err
	})
	slices.Sort(list)
	return list
}

func TestEX01_QuotaMet(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-02-20")
	first, second := c.plan(lan, "AP-01", "2017-03-08"), c.plan(lan, "AP-01", "2017-03-22")
	for _, v := range []struct {
		id                  visit.ID
		on, reported, heard string
	}{{first, "2017-03-08", "2017-03-09", "2017-03-10"}, {second, "2017-03-22", "2017-03-23", "2017-03-24"}} {
		c.at(v.reported)
		c.sweep()
		c.must(lan, reportOn(v.id, v.on, minutes()))
		c.at(v.heard)
		c.sweep()
		c.must(ta01, confirm(v.id, true))
	}
	var got []string
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		coverage, err := w.Programme.Coverage(ctx, calendar.MonthOf(day("2017-03-01")))
		for _, a := range coverage {
			if a.Place == "AP-01" {
				got = append(got, fmt.Sprintf("verified %d/%d claimed %d/%d met %s", a.Verified, a.Quota, a.Claimed, a.Quota, a.MetOn))
				for _, s := range a.Slots {
					got = append(got, fmt.Sprintf("%s verified=%v missed=%v", s.Days, s.Verified, s.Missed))
				}
			}
		}
		return err
	})
	want := []string{"verified 2/2 claimed 2/2 met 2017-03-24",
		"2017-03-01..2017-03-15 verified=true missed=false", "2017-03-16..2017-03-31 verified=true missed=false"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if n5 := c.notices("duty.report"); len(n5) > 0 {
		t.Errorf("reports on time and still reminded of: %v", n5)
	}
}

func TestEX04_AWeekendEveningIsReminded(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-02-20")
	id := c.plan(lan, "AP-01", "2017-03-04") // a Saturday
	var steps []string
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		duties, err := w.Duties.Of(ctx, visit.Subject(id))
		if err != nil {
			return err
		}
		for _, d := range duties {
			if d.Kind != duty.Visit {
				continue
			}
			forecast, err := w.Duties.Forecast(ctx, d.ID, day("2017-03-31"))
			if err != nil {
				return err
			}
			for _, s := range forecast {
				steps = append(steps, s.At.In(calendar.Zone()).Format("Mon 02/01 15:04"))
			}
		}
		return nil
	})
	if want := []string{"Thu 02/03 08:00", "Sat 04/03 16:00"}; !slices.Equal(steps, want) {
		t.Errorf("reminders %v, want %v", steps, want)
	}
	if got := c.notices("visit.planned"); !slices.Equal(got, []string{"sms hamlet_head@place:AP-01"}) {
		t.Errorf("N3 went to %v", got)
	}
	c.refused("visit.plan.on_closure", lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Place: "AP-01", Official: lan, Date: day("2017-04-06")})
		return err
	})
	c.refused("visit.plan.not_assigned", minh, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Place: "AP-01", Official: minh, Date: day("2017-03-07")})
		return err
	})
}

func TestEX11_LeaveWithAChainOfSubstitutes(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-05-22")
	id := c.plan(lan, "AP-01", "2017-06-13")
	leave := func(who org.PersonID, from, to string, substitute org.PersonID) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Org.TakeLeave(ctx, org.Leave{Person: who, Days: days(from, to), Substitute: substitute, Reason: "phép năm"})
			return err
		}
	}
	c.must(vp01, leave(lan, "2017-06-05", "2017-06-16", minh))
	c.must(vp01, leave(minh, "2017-06-12", "2017-06-14", ha))
	if got := c.visit(id).Status; got != visit.Planned {
		t.Fatalf("with Hà at the end of the chain the visit is %s", got)
	}
	for on, want := range map[string]org.PersonID{"2017-06-13": ha, "2017-06-15": minh, "2017-06-17": lan} {
		c.must(vp01, func(ctx context.Context, w *core.Work) error {
			if got, err := w.Org.Present(ctx, lan, day(on)); err != nil || got != want {
				t.Errorf("on %s Lan's duties are %s's (%v), want %s's", on, got, err, want)
			}
			return nil
		})
	}
	c.at("2017-06-13 21:30")
	c.must(ha, reportOn(id, "2017-06-13", minutes()))
	if v := c.visit(id); v.HeldBy != ha || v.Reports[0].Attendance != visit.Substitute || v.Reports[0].Substitute != ha {
		t.Errorf("held by %s, attendance %s %s: the credit is Hà's", v.HeldBy, v.Reports[0].Attendance, v.Reports[0].Substitute)
	}
	c.at("2017-06-01")
	c.refused("org.substitution.cycle", vp01, leave(ha, "2017-06-13", "2017-06-13", lan))
}

func TestAVisitWithoutAnybodyIsAtRiskUntilSomebodyStandsIn(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-05-22")
	id := c.plan(lan, "AP-01", "2017-06-13")
	var away org.Leave
	c.must(vp01, func(ctx context.Context, w *core.Work) (err error) {
		away, err = w.Org.TakeLeave(ctx, org.Leave{Person: lan, Days: days("2017-06-12", "2017-06-14"), Reason: "ốm"})
		return err
	})
	if got := c.visit(id).Status; got != visit.AtRisk {
		t.Fatalf("nobody stands in, and the visit is %s", got)
	}
	if got := c.notices("visit.at_risk"); !slices.Equal(got, []string{"email team_leader@team:T3", "sms team_leader@team:T3"}) {
		t.Errorf("N4 went to %v", got)
	}
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.CancelLeave(ctx, away.ID, "khỏe lại")
		return err
	})
	if got := c.visit(id).Status; got != visit.Planned {
		t.Errorf("she is back, and the visit is %s", got)
	}
	c.see(func(ctx context.Context, tx store.Tx) error {
		left, err := tx.Notices(ctx, notify.Query{Template: "visit.at_risk", States: []notify.State{notify.Pending}})
		if len(left) > 0 {
			t.Errorf("%d alarms still wait to go out", len(left))
		}
		return err
	})
}

func TestEX16_AVisitReportedLate(t *testing.T) {
	scene := func(t *testing.T) (*cast, visit.ID) {
		c := newCast(t, nil)
		c.at("2017-02-20")
		id := c.plan(lan, "AP-01", "2017-03-08")
		for _, when := range []string{"2017-03-10 08:00", "2017-03-11 00:00", "2017-03-13 08:00", "2017-03-15 08:00"} {
			c.at(when)
			c.sweep()
		}
		if got := c.visit(id).Status; got != visit.Missed {
			t.Fatalf("on 11/03 the visit is %s, want missed", got)
		}
		return c, id
	}
	late := minutes()
	late.LateReason = "đi công tác"

	t.Run("within the limit it stops the ladder", func(t *testing.T) {
		c, id := scene(t)
		c.at("2017-03-15 14:00")
		c.must(lan, reportOn(id, "2017-03-08", late))
		if v := c.visit(id); v.ReportedLate() != 3 {
			t.Errorf("late by %d wd, want 3", v.ReportedLate())
		}
		before := len(c.notices("duty.report"))
		c.at("2017-03-17 08:00")
		c.sweep()
		if after := len(c.notices("duty.report")); after != before {
			t.Errorf("E3 came although the report was in: %d notices, then %d", before, after)
		}
	})
	t.Run("after it somebody else has to agree", func(t *testing.T) {
		c, id := scene(t)
		c.at("2017-03-23 09:00")
		c.refused("visit.report.late_entry_closed", lan, reportOn(id, "2017-03-08", late))
		approve := func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.ApproveLate(ctx, id, "mất sóng cả tuần")
			return err
		}
		if err := c.do(lan, approve); err == nil {
			t.Error("she approved her own late entry")
		}
		c.must(tl03, approve)
		c.must(lan, reportOn(id, "2017-03-08", late))
	})
}

func TestAHostWhoSaysNoOpensADispute(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	id := c.plan(lan, "AP-01", "2017-03-08")
	c.at("2017-03-09")
	c.must(lan, reportOn(id, "2017-03-08", minutes()))
	if err := c.do(lan, confirm(id, true)); err == nil {
		t.Error("the official confirmed her own visit")
	}
	if err := c.do("TA-02", confirm(id, true)); err == nil {
		t.Error("the head of another hamlet confirmed the visit")
	}
	c.must(ta01, confirm(id, false))
	if got := c.visit(id).Status; got != visit.Disputed {
		t.Fatalf("the host says no, and the visit is %s", got)
	}
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Reply(ctx, id, "có ảnh và biên bản")
		return err
	})
	decide := func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Decide(ctx, id, true, "hai hộ xác nhận có buổi")
		return err
	}
	if err := c.do(lan, decide); err == nil {
		t.Error("the official decided about her own visit")
	}
	c.must(tl03, decide)
	if got := c.visit(id).Status; got != visit.Verified {
		t.Errorf("decided for her, and the visit is %s", got)
	}
}

func TestNobodyConfirmedInTime(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	id := c.plan(lan, "AP-01", "2017-03-08")
	c.at("2017-03-09")
	c.must(lan, reportOn(id, "2017-03-08", minutes()))
	c.at("2017-03-16 08:00") // the fifth working day
	c.sweep()
	if got := c.visit(id).Status; got != visit.Reported {
		t.Fatalf("on the last day the visit is already %s", got)
	}
	c.at("2017-03-17 08:00")
	c.sweep()
	if got := c.visit(id).Status; got != visit.Unconfirmed {
		t.Fatalf("after five working days the visit is %s", got)
	}
	c.must(ta01, confirm(id, true)) // late, and still worth something
	if got := c.visit(id).Status; got != visit.Verified {
		t.Errorf("confirmed after all, and the visit is %s", got)
	}
}

func TestTheSameReportTwiceAndADifferentOneBesideIt(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	id := c.plan(lan, "AP-01", "2017-03-08")
	c.at("2017-03-09")
	r := minutes()
	r.ClientID = "tablet-1"
	c.must(lan, reportOn(id, "2017-03-08", r))
	before := c.visit(id)
	c.must(lan, reportOn(id, "2017-03-08", r))
	if after := c.visit(id); after.Version != before.Version {
		t.Error("the same report sent again changed the visit")
	}
	r.ClientID, r.People = "tablet-2", 40
	c.must(lan, reportOn(id, "2017-03-08", r))
	if v := c.visit(id); len(v.Reports) != 2 || !v.Reports[1].Conflicts || v.Reports[0].People != 25 {
		t.Errorf("reports %+v", v.Reports)
	}
}

func TestTheAgendaSaysWhomToMeetAndWhatToTell(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	id := c.plan(lan, "AP-01", "2017-03-08")
	var item visit.Item
	c.must(vp01, func(ctx context.Context, w *core.Work) (err error) {
		item, err = w.Visits.Issue(ctx, visit.Item{Type: visit.Information, Title: "Phòng cháy rừng", Valid: days("2017-03-01", "2017-03-31")})
		return err
	})
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		a, err := w.Visits.Agenda(ctx, id)
		if err != nil {
			return err
		}
		if len(a.Hosts) != 1 || a.Hosts[0].Person.ID != ta01 || len(a.Items) != 1 || !strings.Contains(a.PlaceName, "C1") {
			t.Errorf("agenda %+v", a)
		}
		return nil
	})
	if err := c.do(minh, func(ctx context.Context, w *core.Work) error { _, err := w.Visits.Agenda(ctx, id); return err }); err == nil {
		t.Error("somebody else's agenda")
	}
	c.at("2017-03-08 21:30")
	c.refused("visit.report.item_pending", lan, reportOn(id, "2017-03-08", minutes()))
	r := minutes()
	r.Receipts = []visit.Receipt{{Item: item.ID, Told: true, Audience: 25}}
	c.must(lan, reportOn(id, "2017-03-08", r))
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		coverage, err := w.Visits.Coverage(ctx, item.ID)
		if coverage.Told != 1 || coverage.Hamlets != 5 || coverage.Audience != 25 {
			t.Errorf("coverage %+v", coverage)
		}
		return err
	})
}

func TestASurveyIsOwedAndHandedIn(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	profile := visit.Profile{Place: "AP-01", Author: lan, Households: 640, Inhabitants: 2900, Groups: 16, HotIssues: "ngập mùa mưa"}
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		p, err := w.Visits.Survey(ctx, profile, "")
		if p.Edition != 1 || p.Status != visit.ProfileSubmitted {
			t.Errorf("handed in %+v", p)
		}
		profile = p
		return err
	})
	accept := func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.AcceptProfile(ctx, profile.ID)
		return err
	}
	if err := c.do(lan, accept); err == nil {
		t.Error("the author accepted her own survey")
	}
	c.must(tl03, accept)
	again := profile
	again.ID, again.Version, again.Changed = "", 0, ""
	c.refused("profile.submit.changed_missing", lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Survey(ctx, again, "")
		return err
	})
}
