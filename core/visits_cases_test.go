package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// Worked cases beside EX-01 to EX-29, as an acceptance tester would write them.

func TestADifferentReportUnderTheSameClientIDIsAConflictThatTheLeaderSettles(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	id := c.plan(lan, "AP-01", "2017-03-08")
	c.at("2017-03-09")
	r := minutes()
	r.ClientID = "tablet-1"
	c.must(lan, reportOn(id, "2017-03-08", r))
	r.People = 40
	for range 2 { // the device tries twice
		c.must(lan, reportOn(id, "2017-03-08", r))
	}
	if v := c.visit(id); len(v.Reports) != 2 || !v.Reports[1].Conflicts || !v.Conflicting() {
		t.Fatalf("reports %+v", v.Reports)
	}
	settle := func(n int) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Settle(ctx, id, n, "có danh sách ký tên 40 người")
			return err
		}
	}
	for _, who := range []org.PersonID{lan, minh, ta01, u11} {
		if err := c.do(who, settle(1)); !errors.Is(err, fault.ErrForbidden) {
			t.Errorf("%s settled it: %v", who, err)
		}
	}
	open := func() (n int) {
		c.must(tl03, func(ctx context.Context, w *core.Work) error {
			visits, err := w.Visits.Conflicts(ctx, teamT3, days("2017-03-01", "2017-03-31"))
			n = len(visits)
			return err
		})
		return n
	}
	if before, people := open(), c.figures("2017-03").Visits.People; before != 1 || people != 25 {
		t.Errorf("%d conflicts, %d people", before, people)
	}
	c.must(tl03, settle(1))
	if after, people := open(), c.figures("2017-03").Visits.People; after != 0 || people != 40 {
		t.Errorf("%d conflicts, %d people", after, people)
	}
	c.refused("visit.settle.no_conflict", tl03, settle(0))
}

func TestAnUnplannedVisitSentTwiceIsOneVisit(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-09")
	plan := visit.Plan{ID: "tablet-7", Kind: visit.Regular, Place: "AP-01", Official: lan, Date: day("2017-03-08")}
	send := func(p visit.Plan) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Unplanned(ctx, p, minutes())
			return err
		}
	}
	c.must(lan, send(plan))
	before := c.visit("tablet-7")
	c.must(lan, send(plan))
	if after := c.visit("tablet-7"); after.Version != before.Version || len(after.Reports) != 1 {
		t.Errorf("sent again: %+v", after)
	}
	other := plan
	other.Date = day("2017-03-07")
	c.refused("visit.plan.id_taken", lan, send(other))
	if err := c.do(minh, send(plan)); !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("Minh sent Lan's visit: %v", err)
	}
	ahead := visit.Plan{ID: "tablet-8", Kind: visit.Regular, Place: "AP-01", Official: lan, Date: day("2017-03-22")}
	replan := func(ctx context.Context, w *core.Work) error { _, err := w.Visits.Plan(ctx, ahead); return err }
	c.must(lan, replan)
	c.must(lan, replan)
	ahead.Place = "AP-02"
	if err := c.do(lan, replan); len(fault.Violations(err)) == 0 {
		t.Errorf("the id went to another hamlet: %v", err)
	}
}

func TestAReportFromADeviceWithAWrongClockIsFlaggedAndNotLost(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	id := c.plan(lan, "AP-01", "2017-03-08")
	c.at("2017-03-08 21:30")
	r := minutes()
	r.Device = &visit.Device{Filled: time.Date(2017, 3, 8, 8, 0, 0, 0, calendar.Zone()), GPS: time.Date(2017, 3, 6, 19, 0, 0, 0, calendar.Zone())}
	c.must(lan, reportOn(id, "2017-03-08", r))
	v := c.visit(id)
	if v.Status != visit.Reported || !slices.Equal(v.Reports[0].Doubts, []visit.Doubt{visit.FilledBefore, visit.PositionOther}) {
		t.Errorf("%s, doubts %v", v.Status, v.Reports[0].Doubts)
	}
}

func TestAWordBeforeTheReportIsKeptAndWeighedWithIt(t *testing.T) {
	for name, c := range map[string]struct {
		came bool
		want visit.Status
	}{"yes": {true, visit.Verified}, "no": {false, visit.Disputed}} {
		t.Run(name, func(t *testing.T) {
			s := newCast(t, nil)
			s.at("2017-03-01")
			id := s.plan(lan, "AP-01", "2017-03-08")
			s.refused("visit.confirm.too_early", ta01, confirm(id, c.came))
			s.at("2017-03-08 21:00")
			s.must(ta01, confirm(id, c.came))
			if got := s.visit(id).Status; got != visit.Planned {
				t.Fatalf("a word alone made it %s", got)
			}
			s.at("2017-03-09")
			s.must(lan, reportOn(id, "2017-03-08", minutes()))
			if got := s.visit(id).Status; got != c.want {
				t.Errorf("reported and %s, want %s", got, c.want)
			}
			if waiting := s.pending("visit.confirm"); waiting != 0 {
				t.Errorf("%d people are still asked", waiting)
			}
		})
	}
	c := newCast(t, nil)
	c.at("2017-03-01")
	id := c.plan(lan, "AP-01", "2017-03-08")
	c.must(tl03, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Cancel(ctx, id, "mưa lũ")
		return err
	})
	c.at("2017-03-09")
	c.refused("visit.confirm.over", ta01, confirm(id, true))
}

// pending counts the notices of a template that are still to go out.
func (c *cast) pending(template string) (n int) {
	c.t.Helper()
	c.see(func(ctx context.Context, tx store.Tx) error {
		found, err := tx.Notices(ctx, notify.Query{Template: template, States: []notify.State{notify.Pending}})
		n = len(found)
		return err
	})
	return n
}

// appoint makes somebody of the cast hold a further role from 2017 on.
func (c *cast) appoint(h org.Holding) {
	c.t.Helper()
	h.ID, h.Valid = org.HoldingID(fmt.Sprintf("%s/%s/%s%s", h.Role, h.Person, h.Place, h.Team)), year2017()
	c.put(func(ctx context.Context, tx store.Tx) error { return tx.PutHolding(ctx, &h) })
}

func TestWitnessesTakeTurnsBesideTheHamletHead(t *testing.T) {
	c := newCast(t, nil)
	for n, role := range []org.Role{org.PartyCellSecretary, org.ResidentGroupHead, org.VillageElder} {
		who := org.Person{ID: org.PersonID(fmt.Sprintf("NC-%d", n)), FullName: "Người Chứng", Honorific: "bác", Phone: fmt.Sprintf("+8490000090%d", n), PhoneSMS: n < 2, Valid: year2017()}
		c.put(func(ctx context.Context, tx store.Tx) error { return tx.PutPerson(ctx, &who) })
		c.appoint(org.Holding{Person: who.ID, Role: role, Place: "AP-01"})
	}
	var asked []org.PersonID
	for _, on := range []string{"2017-03-06", "2017-03-14", "2017-03-22"} {
		c.at("2017-03-01")
		id := c.plan(lan, "AP-01", on)
		c.at(on + " 21:30")
		c.must(lan, reportOn(id, on, minutes()))
		asked = append(asked, c.visit(id).Witness)
	}
	if want := []org.PersonID{"NC-0", "NC-1", "NC-0"}; !slices.Equal(asked, want) { // the elder has no SMS
		t.Errorf("asked %v, want %v", asked, want)
	}
	c.must("NC-1", confirm("AP-01/2017-03-14", true))
	if v := c.visit("AP-01/2017-03-14"); v.Status != visit.Verified || v.Evidence[0].Kind != visit.WitnessConfirmation {
		t.Errorf("%s by %+v", v.Status, v.Evidence)
	}
	c.must("NC-2", confirm("AP-01/2017-03-22", true)) // not asked, and still a key person
	if got := c.visit("AP-01/2017-03-22").Status; got != visit.Verified {
		t.Errorf("the elder says yes, and the visit is %s", got)
	}
}

func TestADisputeAboutTheLeadersOwnVisitIsTheOfficesToDecide(t *testing.T) {
	c := newCast(t, nil)
	c.appoint(org.Holding{Person: tl03, Role: org.Official, Team: teamT3, Unit: unitNN})
	c.put(func(ctx context.Context, tx store.Tx) error {
		return tx.PutAssignment(ctx, &programme.Assignment{ID: "PC-TL", Programme: hvcs2017, Official: tl03, Place: "AP-07", Team: teamT3, Valid: year2017(), Status: programme.Active})
	})
	c.at("2017-03-01")
	id := c.plan(tl03, "AP-07", "2017-03-08")
	c.at("2017-03-09")
	c.must(tl03, reportOn(id, "2017-03-08", minutes()))
	c.must("TA-07", confirm(id, false))
	c.see(func(ctx context.Context, tx store.Tx) error {
		owed, err := tx.Duties(ctx, duty.Query{Subject: visit.Subject(id), Kinds: []duty.Kind{duty.Dispute}})
		if len(owed) != 1 || owed[0].Holder.Role != org.ProgrammeOffice || owed[0].Due != day("2017-03-14") {
			t.Errorf("owed %+v", owed)
		}
		return err
	})
	decide := func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Decide(ctx, id, false, "không có ai thấy")
		return err
	}
	if err := c.do(tl03, decide); !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("the leader decided about his own: %v", err)
	}
	c.must(vp01, decide)
}

func TestTheRightOfReplyIsTheOfficialsAloneAndLastsBeyondTheDecision(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	id := c.plan(lan, "AP-01", "2017-03-08")
	c.at("2017-03-09")
	c.must(lan, reportOn(id, "2017-03-08", minutes()))
	c.must(ta01, confirm(id, false))
	reply := func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Reply(ctx, id, "Tôi họp ở tổ 3, trưởng ấp không dự.")
		return err
	}
	for _, who := range []org.PersonID{tl03, vp01, minh, ta01} {
		if err := c.do(who, reply); !errors.Is(err, fault.ErrForbidden) {
			t.Errorf("%s replied in her stead: %v", who, err)
		}
	}
	c.must(tl03, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Decide(ctx, id, false, "không có ai xác nhận")
		return err
	})
	c.must(lan, reply)
	if v := c.visit(id); v.Status != visit.Refused || v.Dispute.Reply == "" {
		t.Errorf("%s %+v", v.Status, v.Dispute)
	}
	c.refused("visit.dispute.none", lan, reply) // once
}

func TestEX28_AVisitAdmittedAfterTheLockIsAJuneCorrection(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-06-10")
	c.lock("2017-05")
	c.at("2017-06-13") // ten working days after Sat 27/05 ended on 09/06
	plan := visit.Plan{ID: "late", Kind: visit.Regular, Place: "AP-05", Official: tuan, Date: day("2017-05-27")}
	r := minutes()
	r.LateReason = "máy hỏng"
	c.refused("visit.report.late_entry_closed", tuan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Unplanned(ctx, plan, r)
		return err
	})
	admit := func(p visit.Plan, reason string) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.AdmitLate(ctx, p, reason)
			return err
		}
	}
	if err := c.do(tuan, admit(plan, "máy hỏng")); !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("Tuấn let himself in: %v", err)
	}
	c.refused("visit.late.reason_missing", tl03, admit(plan, " "))
	today := plan
	today.Date = day("2017-06-13")
	c.refused("visit.late.not_past", tl03, admit(today, "máy hỏng"))
	c.must(tl03, admit(plan, "máy hỏng, có biên bản giấy"))
	c.must(tuan, reportOn("late", "2017-05-27", r))
	c.must("TA-05", confirm("late", true))
	if v := c.visit("late"); v.Status != visit.Verified || v.ReportedLate() == 0 {
		t.Errorf("%s, late by %d", v.Status, v.ReportedLate())
	}
	corrections := c.figures("2017-06").Corrections
	if len(corrections) != 1 || corrections[0].Verified != (report.Share{Part: 1, Of: 10}) {
		t.Errorf("June corrects %+v", corrections)
	}
}

func TestAVisitIsNotMovedToADayOnWhichTheHamletIsSomebodyElses(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	id := c.plan(lan, "AP-01", "2017-03-08")
	c.put(func(ctx context.Context, tx store.Tx) error {
		a, err := tx.Assignment(ctx, "PC-AP-01")
		if err != nil {
			return err
		}
		a.Valid.To = day("2017-03-10")
		return tx.PutAssignment(ctx, &a)
	})
	move := func(to string) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Postpone(ctx, id, day(to), calendar.TimeOfDay{}, "mưa lớn")
			return err
		}
	}
	c.refused("visit.plan.not_assigned", lan, move("2017-03-14"))
	c.must(lan, move("2017-03-09"))
}

func TestWhoCameAfterAllWasNotAbsent(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	id := c.plan(lan, "AP-01", "2017-03-08")
	c.at("2017-03-13")
	c.must(tl03, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Absent(ctx, id, visit.Unexcused, "")
		return err
	})
	r := minutes()
	r.LateReason = "mất sóng"
	c.must(lan, reportOn(id, "2017-03-08", r))
	if v, g := c.visit(id), c.figures("2017-03").Visits; v.Absence != "" || g.Unexcused != 0 || g.Reported != 1 {
		t.Errorf("absence %q, figures %+v", v.Absence, g)
	}
}

func TestASurveyIsDraftedSentBackAndGoesOutOfDateWithItsHamlet(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	p := visit.Profile{Place: "AP-01", Author: lan, Households: 640}
	state := func(want visit.ProfileStatus) {
		t.Helper()
		c.must(minh, func(ctx context.Context, w *core.Work) error {
			if got, err := w.Visits.SurveyState(ctx, "AP-01"); got != want || err != nil {
				t.Errorf("the survey is %s (%v), want %s", got, err, want)
			}
			return nil
		})
	}
	state(visit.ProfileDue)
	c.must(lan, func(ctx context.Context, w *core.Work) (err error) { p, err = w.Visits.DraftSurvey(ctx, p); return err })
	state(visit.ProfileDraft)
	hand := func(ctx context.Context, w *core.Work) (err error) {
		next, err := w.Visits.Survey(ctx, p, "")
		if err == nil {
			p = next
		}
		return err
	}
	c.refused("profile.submit.figures", lan, hand)
	p.Inhabitants, p.HotIssues = 2900, "ngập mùa mưa"
	c.must(lan, hand)
	c.refused("profile.draft.not_a_draft", lan, hand)
	back := func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.SendBackProfile(ctx, p.ID, "thiếu số hộ nghèo")
		return err
	}
	if err := c.do(lan, back); !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("the author sent it back to herself: %v", err)
	}
	c.must(tl03, back)
	state(visit.ProfileDraft)
	if owed := c.owed(programme.AssignmentSubject("PC-AP-01")); len(owed) != 1 {
		t.Errorf("sent back, and she owes %v", owed)
	}
	p.Poor = 30
	c.must(lan, hand)
	c.must(tl03, func(ctx context.Context, w *core.Work) error { _, err := w.Visits.AcceptProfile(ctx, p.ID); return err })
	if p.Edition != 1 {
		t.Errorf("sending back made edition %d", p.Edition)
	}
	future := visit.Profile{Place: "AP-01", Author: lan, On: day("2017-04-01")}
	c.refused("profile.draft.in_the_future", lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.DraftSurvey(ctx, future)
		return err
	})

	c.put(func(ctx context.Context, tx store.Tx) error {
		place, err := tx.Place(ctx, "AP-01")
		if err != nil {
			return err
		}
		now := place.Names[0]
		now.Kind = "khu"
		if err := place.Rename(day("2017-04-03"), now); err != nil {
			return err
		}
		return tx.PutPlace(ctx, &place)
	})
	c.at("2017-04-01 00:05")
	c.sweep()
	state(visit.ProfileAccepted)
	c.at("2017-04-03 00:05")
	c.sweep()
	state(visit.ProfileStale)
	if owed := c.owed(programme.AssignmentSubject("PC-AP-01")); len(owed) != 1 {
		t.Errorf("the hamlet changed, and she owes %v", owed)
	}
	c.must(minh, func(ctx context.Context, w *core.Work) error {
		if last, err := w.Visits.Profile(ctx, "AP-01"); err != nil || last.Reason != visit.StaleByChange {
			t.Errorf("%+v, %v", last, err)
		}
		return nil
	})
}

func TestAHamletIsLetOffAnItemAndTheAgendaSaysWhatWasSaidLastTime(t *testing.T) {
	c := newCast(t, nil)
	c.held(lan, "AP-01", "2017-02-22", "2017-02-22", true)
	c.at("2017-03-01")
	id := c.plan(lan, "AP-01", "2017-03-08")
	var item visit.Item
	c.must(vp01, func(ctx context.Context, w *core.Work) (err error) {
		item, err = w.Visits.Issue(ctx, visit.Item{Type: visit.LocalTask, Title: "Làm đường liên ấp", Valid: days("2017-03-01", "2017-03-31")})
		return err
	})
	waive := func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.WaiveItem(ctx, item.ID, "AP-01", "đường không qua ấp này")
		return err
	}
	if err := c.do(lan, waive); !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("the official let herself off: %v", err)
	}
	c.must(vp01, waive)
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		a, err := w.Visits.Agenda(ctx, id)
		if len(a.Items) != 0 || a.Last == nil || a.Last.On() != day("2017-02-22") {
			t.Errorf("agenda %+v", a)
		}
		return err
	})
	c.at("2017-03-08 21:30")
	c.must(lan, reportOn(id, "2017-03-08", minutes())) // nothing to tick
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		cover, err := w.Visits.Coverage(ctx, item.ID)
		if cover.Hamlets != 5 || cover.Told != 1 || cover.Waived != 1 || cover.Receipted != 0 || len(cover.Untold) != 4 || len(cover.Places) != 5 {
			t.Errorf("coverage %+v", cover)
		}
		return err
	})
}

func TestAVisitThatOnlyGivesAnswersBackOwesNoItems(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Issue(ctx, visit.Item{Type: visit.Information, Title: "Lịch tiêm", Valid: days("2017-03-01", "2017-03-31")})
		return err
	})
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		v, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.FeedbackOnly, Place: "AP-01", Official: lan, Date: day("2017-03-08")})
		if err != nil {
			return err
		}
		owed, err := w.Visits.Owed(ctx, v.ID)
		if len(owed.Items) != 0 {
			t.Errorf("owed %v", owed.Items)
		}
		return err
	})
}

func TestWhatACommuneIsToBeToldReachesItsHamletsAsOfTheDay(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	before, after := c.plan(lan, "AP-01", "2017-03-08"), c.plan(lan, "AP-01", "2017-03-22")
	var item visit.Item
	c.must(vp01, func(ctx context.Context, w *core.Work) (err error) {
		item, err = w.Visits.Issue(ctx, visit.Item{Type: visit.LocalTask, Title: "Làm đường liên ấp", Valid: days("2017-03-01", "2017-03-31"), Places: []org.PlaceID{"C1"}})
		return err
	})
	c.put(func(ctx context.Context, tx store.Tx) error { // AP-01 goes over to the commune C2
		p, err := tx.Place(ctx, "AP-01")
		return errors.Join(err, p.Reparent(day("2017-03-15"), "C2"), tx.PutPlace(ctx, &p))
	})
	owes := func(id visit.ID, want int) {
		t.Helper()
		c.must(lan, func(ctx context.Context, w *core.Work) error {
			owed, err := w.Visits.Owed(ctx, id)
			a, err2 := w.Visits.Agenda(ctx, id)
			if len(owed.Items) != want || len(a.Items) != want {
				t.Errorf("%s owes %v, its agenda shows %v, want %d", id, owed.Items, a.Items, want)
			}
			return errors.Join(err, err2)
		})
	}
	owes(before, 1)
	owes(after, 0)
	covers := func(hamlets int, want ...org.PlaceID) {
		t.Helper()
		c.must(vp01, func(ctx context.Context, w *core.Work) error {
			cover, err := w.Visits.Coverage(ctx, item.ID)
			if cover.Hamlets != hamlets || !slices.Equal(cover.Untold, want) {
				t.Errorf("to be told: %+v, want %v", cover, want)
			}
			return err
		})
	}
	waive := func(place org.PlaceID) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.WaiveItem(ctx, item.ID, place, "đường không qua ấp này")
			return err
		}
	}
	covers(2, "AP-01", "AP-02")
	c.refused("item.waive.not_owed", vp01, waive("AP-03"))
	c.at("2017-04-20") // after its time: as of its last day
	covers(1, "AP-02")
	c.must(vp01, waive("AP-02"))
	covers(1)
}

func TestEX04_AVisitOnADayOffIsEnteredWithAReasonAndNeverPlanned(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-04-07")
	closed := visit.Plan{Kind: visit.Regular, Place: "AP-01", Official: lan, Date: day("2017-04-06")}
	send := func(p visit.Plan) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Unplanned(ctx, p, minutes())
			return err
		}
	}
	c.refused("visit.unplanned.day_off_reason_missing", lan, send(closed))
	closed.ID, closed.DayOff = "tablet-9", "bà con họp về vụ cháy rừng"
	c.must(lan, send(closed))
	c.must(lan, send(closed)) // sent again
	if v := c.visit("tablet-9"); v.DayOff != closed.DayOff || v.Status != visit.Reported || v.Happened != day("2017-04-06") || len(v.Reports) != 1 {
		t.Errorf("%+v", v)
	}
	ahead := closed
	ahead.ID, ahead.Date = "", day("2017-05-01")
	c.refused("visit.plan.on_closure", lan, func(ctx context.Context, w *core.Work) error { _, err := w.Visits.Plan(ctx, ahead); return err })
	c.refused("visit.report.in_the_future", lan, send(ahead)) // a plan in disguise

	c.at("2017-06-05")
	late := visit.Plan{Kind: visit.Regular, Place: "AP-01", Official: lan, Date: day("2017-05-01")}
	admit := func(p visit.Plan) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			v, err := w.Visits.AdmitLate(ctx, p, "báo cáo giấy bị thất lạc")
			if err == nil && v.DayOff != p.DayOff {
				t.Errorf("%+v", v)
			}
			return err
		}
	}
	c.refused("visit.unplanned.day_off_reason_missing", tl03, admit(late))
	late.DayOff = "bà con chỉ rảnh ngày lễ"
	c.must(tl03, admit(late))
}
