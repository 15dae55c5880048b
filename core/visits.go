package core

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/visit"
)

// Visits plans, reports and confirms visits, and keeps surveys and dissemination.
type Visits struct{ u *unit }

// Get returns one visit, or fault.ErrNotFound.
func (s *Visits) Get(ctx context.Context, id visit.ID) (visit.State, error) {
	return s.u.tx.Visit(ctx, id)
}

// List returns the visits that q selects.
func (s *Visits) List(ctx context.Context, q visit.Query) ([]visit.State, error) {
	return s.u.tx.Visits(ctx, q)
}

// Plan plans a visit by the official assigned to the hamlet on that day, on the
// official's own word, the team leader's or the office's (S9, EX-04). The hamlet
// head is told; the official, or whoever stands in that day, is reminded; the
// report will be owed. The office says why it plans in the official's stead
// ("visit.plan.proxy_reason_missing"). ID may be given by the caller's device and is then the
// visit's; empty makes one. The same plan sent again by its id changes nothing; a
// different one under an id that is taken is refused ("visit.plan.id_taken").
func (s *Visits) Plan(ctx context.Context, p visit.Plan) (visit.State, error) {
	u := s.u
	if err := s.foreseePlan(ctx, p); err != nil {
		return visit.State{}, err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return visit.State{}, err
	}
	if known, err := s.sent(ctx, p); err != nil || known.ID != "" {
		return known, err
	}
	if p.Team, err = u.teamFor(ctx, p.Official, p.Place, p.Date); err != nil {
		return visit.State{}, err
	}
	if err := u.allow(ctx, PlanVisit, scope{person: p.Official, place: p.Place, team: p.Team}); err != nil {
		return visit.State{}, err
	}
	if err := u.inStead("visit.plan.proxy_reason_missing", p.Why); err != nil {
		return visit.State{}, err
	}
	if p, err = u.hosted(ctx, p); err != nil {
		return visit.State{}, err
	}
	v, err := visit.New(p, book.Policy, book.Calendar, u.now)
	if err != nil {
		return visit.State{}, err
	}
	month := calendar.MonthOf(v.Planned)
	owed, err := u.owesMonthPlan(ctx, v.Official, month) // asked before anything waits to be written
	if err != nil {
		return visit.State{}, err
	}
	if err := s.keep(ctx, &v, plannedEvent(v), p.Why); err != nil {
		return visit.State{}, err
	}
	if err := s.expect(ctx, v); err != nil {
		return visit.State{}, err
	}
	if err := u.tell(ctx, alert.VisitPlanned(v)...); err != nil {
		return visit.State{}, err
	}
	if err := s.staff(ctx, &v); err != nil || !owed {
		return v, err
	}
	return v, u.checkOwnMonthPlan(ctx, v.Official, month)
}

// foreseePlan is what planning a visit asks, and what is asked of the month in
// which the official still owes the plan.
func (s *Visits) foreseePlan(ctx context.Context, p visit.Plan) error {
	month := calendar.MonthOf(p.Date)
	return s.u.foresee(ctx, func(ctx context.Context, u *unit) {
		_, _ = u.rules(ctx)
		_, _ = u.roles(ctx)
		if subject := visit.Subject(p.ID); p.ID != "" {
			_, _ = u.tx.Visit(ctx, p.ID)
			_, _ = u.lastRecord(ctx, subject)
			_, _ = u.openDuties(ctx, subject, duty.Visit)
			_, _ = u.openDuties(ctx, subject, duty.Report)
		}
		_, _ = u.teamFor(ctx, p.Official, p.Place, p.Date)
		_, _ = u.dir.Place(ctx, p.Place)
		_, _ = org.Present(ctx, u.dir, p.Official, p.Date)
		_, _ = u.dir.Leaves(ctx, org.LeaveQuery{Person: p.Official, On: p.Date}) // of which Present asks next
		_, _ = u.owesMonthPlan(ctx, p.Official, month)
		_, _ = u.plan(ctx, month.First())
		_, _ = u.besides(ctx, p.Official, month)
		_ = newMemo(u.dir).expectPlaces(ctx, []org.PlaceID{p.Place}, month.First(), 1) // mostly the only one
	})
}

// inStead: the programme office plans and reports in an official's stead, with
// the reason (model 5).
func (u *unit) inStead(rule, why string) error {
	if u.by.Role != org.ProgrammeOffice || strings.TrimSpace(why) != "" {
		return nil
	}
	return fault.Broken(rule, "why", "the office acts in the official's stead: say why", "văn phòng thực hiện thay công chức phụ trách: phải ghi lý do")
}

// teamFor is the team in which the official looks after the hamlet on the day.
func (u *unit) teamFor(ctx context.Context, official org.PersonID, place org.PlaceID, on calendar.Date) (org.TeamID, error) {
	assignments, err := u.tx.Assignments(ctx, programme.AssignmentQuery{
		Official: official, Place: place, During: calendar.Period{From: on, To: on},
		Statuses: []programme.AssignmentStatus{programme.Approved, programme.Active, programme.Ended},
	})
	if err != nil {
		return "", err
	}
	if len(assignments) == 0 {
		return "", fault.Broken("visit.plan.not_assigned", "official", "%s does not look after %s on %s", "%s không được phân công tại %s vào ngày %s", official, place, on)
	}
	return assignments[0].Team, nil
}

// hosted fills in the hour and the house that the hamlet prefers, and an id.
func (u *unit) hosted(ctx context.Context, p visit.Plan) (visit.Plan, error) {
	place, err := u.dir.Place(ctx, p.Place)
	if err != nil {
		return p, err
	}
	if p.At == (calendar.TimeOfDay{}) {
		p.At = place.Hosting.PreferredTime
	}
	if p.At == (calendar.TimeOfDay{}) {
		p.At = calendar.MustTimeOfDay(19, 0) // people farm or work in factories by day
	}
	if p.Venue == "" {
		p.Venue = place.Hosting.Venue
	}
	if p.ID == "" {
		p.ID = visit.ID(u.newID())
	}
	return p, nil
}

// expect opens the clocks of a visit that is ahead: the reminders and the report.
func (s *Visits) expect(ctx context.Context, v visit.State) error {
	holder := org.Party{Role: org.Official, Person: v.Official, Team: v.Team}
	_, err := s.u.owe(ctx, duty.Term{
		Kind: duty.Visit, Subject: visit.Subject(v.ID), Place: v.Place, Holder: holder, Start: s.u.today, Due: v.Planned, At: v.At,
	})
	if err != nil {
		return err
	}
	return s.expectReport(ctx, v)
}

// expectReport opens the clock of the report, counted from the visit's day.
func (s *Visits) expectReport(ctx context.Context, v visit.State) error {
	book, err := s.u.rules(ctx)
	if err != nil {
		return err
	}
	_, err = s.u.owe(ctx, duty.Term{
		Kind: duty.Report, Subject: visit.Subject(v.ID), Place: v.Place,
		Holder: org.Party{Role: org.Official, Person: v.Holder(), Team: v.Team},
		Start:  v.On(), Days: book.Policy.Visits.ReportDays,
	})
	return err
}

// staff puts a visit at risk when its official is away that day and nobody
// stands in, or does not look after the hamlet any more by then; and takes it out
// of danger when somebody is there (N4).
func (s *Visits) staff(ctx context.Context, v *visit.State) error {
	if !v.Open() {
		return nil
	}
	_, err := s.u.teamFor(ctx, v.Official, v.Place, v.Planned)
	if err == nil {
		_, err = org.Present(ctx, s.u.dir, v.Official, v.Planned)
	}
	absent := fault.Violations(err)
	switch {
	case err != nil && len(absent) == 0:
		return err
	case err != nil && v.Status == visit.Planned:
		if err := v.Endanger(); err != nil {
			return err
		}
		if err := s.keep(ctx, v, visit.AtRiskEvent{Date: v.Planned}, absent[0].Rule); err != nil {
			return err
		}
		return s.u.tell(ctx, alert.VisitAtRisk(*v)...)
	case err == nil && v.Status == visit.AtRisk:
		if err := v.Secure(); err != nil {
			return err
		}
		if err := s.u.hush(ctx, notify.Query{Moot: alert.AtRiskKey(v.ID)}, "somebody stands in"); err != nil {
			return err
		}
		return s.keep(ctx, v, visit.SecuredEvent{}, "")
	}
	return nil
}

// Postpone moves an open visit, with a reason. Within the slot it is the
// official's to decide, beyond it the team leader's; the official has to look
// after the hamlet on the new day too. The hamlet head and the team leader are
// told (N3).
func (s *Visits) Postpone(ctx context.Context, id visit.ID, to calendar.Date, at calendar.TimeOfDay, reason string) (visit.State, error) {
	u := s.u
	v, book, err := s.load(ctx, id, PlanVisit)
	if err != nil {
		return visit.State{}, err
	}
	if _, err := u.teamFor(ctx, v.Official, v.Place, to); err != nil && !to.IsZero() {
		return visit.State{}, err
	}
	if at == (calendar.TimeOfDay{}) {
		at = v.At
	}
	from := v.Planned
	approved := u.by.Role != org.Official
	if err := v.Postpone(to, at, reason, u.by.Person, approved, book.Policy, book.Calendar, u.today); err != nil {
		return visit.State{}, err
	}
	if err := u.hush(ctx, notify.Query{Moot: alert.VisitKey(v.ID)}, "visit postponed"); err != nil {
		return visit.State{}, err
	}
	if err := s.keep(ctx, &v, visit.PostponedEvent{From: from, To: to}, reason); err != nil {
		return visit.State{}, err
	}
	if err := s.expect(ctx, v); err != nil {
		return visit.State{}, err
	}
	if err := u.tell(ctx, alert.VisitPostponed(v)...); err != nil {
		return visit.State{}, err
	}
	if err := s.staff(ctx, &v); err != nil {
		return visit.State{}, err
	}
	return v, u.checkMonthPlan(ctx, v.Official, calendar.MonthOf(to))
}

// Cancel calls an open visit off, by the team leader or the office, with a
// reason. The hamlet head is told; what was owed around it is not owed any more.
func (s *Visits) Cancel(ctx context.Context, id visit.ID, reason string) (visit.State, error) {
	v, _, err := s.load(ctx, id, CancelVisit)
	if err != nil {
		return visit.State{}, err
	}
	if err := v.Cancel(reason); err != nil {
		return visit.State{}, err
	}
	if err := s.u.hush(ctx, notify.Query{Moot: alert.VisitKey(v.ID)}, "visit cancelled"); err != nil {
		return visit.State{}, err
	}
	if err := s.u.release(ctx, visit.Subject(id), duty.Visit, duty.Report); err != nil {
		return visit.State{}, err
	}
	if err := s.keep(ctx, &v, visit.CancelledEvent{}, reason); err != nil {
		return visit.State{}, err
	}
	return v, s.u.tell(ctx, alert.VisitCancelled(v)...)
}

// Hold marks that the visit took place on the day; the report is owed from then
// on by whoever held it. Said again of the same day it changes nothing.
func (s *Visits) Hold(ctx context.Context, id visit.ID, on calendar.Date) (visit.State, error) {
	v, book, err := s.load(ctx, id, ReportVisit)
	if err != nil {
		return visit.State{}, err
	}
	holder, err := s.present(ctx, v, on)
	if err != nil {
		return visit.State{}, err
	}
	if v.Status == visit.Held && v.Happened == on && v.HeldBy == holder {
		return v, nil
	}
	if err := v.Hold(on, holder, book.Policy, book.Calendar, s.u.today); err != nil {
		return visit.State{}, err
	}
	if err := s.u.meet(ctx, visit.Subject(id), on, duty.Visit); err != nil {
		return visit.State{}, err
	}
	if err := s.keep(ctx, &v, visit.HeldEvent{On: on, By: string(holder)}, ""); err != nil {
		return visit.State{}, err
	}
	return v, s.expectReport(ctx, v)
}

// present is who had to hold the visit on the day: the official, or the end of
// the chain of substitutes; the credit is theirs (EX-11).
func (s *Visits) present(ctx context.Context, v visit.State, on calendar.Date) (org.PersonID, error) {
	holder, err := org.Present(ctx, s.u.dir, v.Official, on)
	if len(fault.Violations(err)) > 0 {
		return v.Official, nil // nobody was to stand in: the official came after all
	}
	return holder, err
}

// Report writes a visit down: attendance, people, minutes, what was told and
// which answers were given back. It is refused until everything owed in the
// hamlet is ticked (EX-24), late with a reason (EX-16), and after the late entry
// limit only with approval. The same report sent again changes nothing; one that
// differs, under whatever client id, is kept beside the first until Settle. Clocks
// of a device that cannot be right are flagged in Report.Doubts and stop nothing.
// The hamlet head and a witness by turns are asked to confirm (N6); where the host
// denied the visit before its report came, it is disputed at once.
func (s *Visits) Report(ctx context.Context, id visit.ID, on calendar.Date, r visit.Report) (visit.State, error) {
	u := s.u
	if err := s.foreseeReport(ctx, id, on); err != nil {
		return visit.State{}, err
	}
	v, book, err := s.load(ctx, id, ReportVisit)
	if err != nil {
		return visit.State{}, err
	}
	if v.Copy(r, on) {
		return v, nil
	}
	if err := u.inStead("visit.report.proxy_reason_missing", r.Why); err != nil {
		return visit.State{}, err
	}
	r = r.Received(on, u.now, book.Policy)
	r.By = u.by.Person
	if v.Claimed() {
		v.AddConflicting(r)
		return v, s.keep(ctx, &v, visit.ReportedEvent{On: on, By: string(r.By), People: r.People, Conflict: true, Doubts: r.Doubts}, r.Why)
	}
	if r, err = s.substitution(ctx, v, on, r); err != nil {
		return visit.State{}, err
	}
	owed, err := s.Owed(ctx, id)
	if err != nil {
		return visit.State{}, err
	}
	if err := v.Report(r, on, owed, book.Policy, book.Calendar, u.today); err != nil {
		return visit.State{}, err
	}
	for _, tick := range r.Feedback {
		if err := u.work.Issues.tick(ctx, v, tick); err != nil {
			return visit.State{}, err
		}
	}
	last := v.Reports[len(v.Reports)-1]
	if err := s.keep(ctx, &v, visit.ReportedEvent{On: on, By: string(r.By), People: r.People, Late: last.Late, Doubts: r.Doubts}, strings.TrimSpace(r.LateReason+" "+r.Why)); err != nil {
		return visit.State{}, err
	}
	if err := s.settleReport(ctx, v); err != nil {
		return visit.State{}, err
	}
	return u.tx.Visit(ctx, id)
}

// substitution names the substitute who was in charge that day, unless the
// report already names one.
func (s *Visits) substitution(ctx context.Context, v visit.State, on calendar.Date, r visit.Report) (visit.Report, error) {
	if r.Attendance != visit.Present || v.HeldBy != "" {
		return r, nil
	}
	holder, err := s.present(ctx, v, on)
	if err == nil && holder != v.Official {
		r.Attendance, r.Substitute = visit.Substitute, holder
	}
	return r, err
}

// reportEnds are the kinds of duty that a report closes: a confirmation that was
// asked for before is asked for anew.
func reportEnds() []duty.Kind { return []duty.Kind{duty.Visit, duty.Report, duty.Confirm} }

// foreseeReport is what a report asks, and what is asked when something that was
// said at the visit becomes an issue.
func (s *Visits) foreseeReport(ctx context.Context, id visit.ID, on calendar.Date) error {
	subject := visit.Subject(id)
	return s.u.foresee(ctx, func(ctx context.Context, u *unit) {
		_, _ = u.rules(ctx)
		_, _ = u.roles(ctx)
		_, _ = u.lastRecord(ctx, subject)
		_, _ = u.capturedAt(ctx, string(id))
		_, _ = u.stoppable(ctx, notify.Query{Moot: alert.AtRiskKey(id)})
		owed, _ := u.openDuties(ctx, subject, reportEnds()...)
		for _, d := range owed {
			_, _ = u.stoppable(ctx, notify.Query{Duty: string(d.ID)})
		}
		v, err := u.tx.Visit(ctx, id)
		if err != nil {
			return
		}
		v.Happened = on
		_, _ = u.tx.Items(ctx, calendar.Period{From: v.On(), To: v.On()})
		_, _ = u.inForceAt(ctx, v.Place)
		held, _ := u.work.Visits.held(ctx, v)
		for _, h := range held {
			_, _ = u.dir.Person(ctx, h.Person)
		}
		_, _ = org.Present(ctx, u.dir, v.Official, on)
		_, _ = u.dir.Leaves(ctx, org.LeaveQuery{Person: v.Official, On: on}) // of which Present asks next
		_, _ = u.raisedFor(ctx, v, issue.FeedbackDue)
		_, _ = u.followedBy(ctx, v.Official, issue.FeedbackDue)
	})
}

// settleReport closes what the report answers and opens the confirmation.
func (s *Visits) settleReport(ctx context.Context, v visit.State) error {
	u := s.u
	err := u.endDuties(ctx, visit.Subject(v.ID), reportEnds(), func(kind duty.Kind) ending {
		switch kind {
		case duty.Visit:
			return ending{duty.Met, v.Happened}
		case duty.Report:
			return ending{duty.Met, u.today}
		}
		return ending{duty.Superseded, u.today}
	})
	if err != nil {
		return err
	}
	if v.Kind == visit.Survey {
		if err := u.meetSurvey(ctx, v.Official, v.Place); err != nil {
			return err
		}
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	_, err = u.owe(ctx, duty.Term{
		Kind: duty.Confirm, Subject: visit.Subject(v.ID), Place: v.Place,
		Holder: org.Party{Role: org.HamletHead, Place: v.Place}, Start: u.today, Days: book.Policy.Visits.HostConfirmDays,
	})
	if err != nil {
		return err
	}
	witness, err := s.witness(ctx, &v)
	if err != nil {
		return err
	}
	if err := u.tell(ctx, alert.VisitConfirm(v, witness...)...); err != nil {
		return err
	}
	if v.Denied() {
		return s.contest(ctx, &v, "the host had said that the visit did not take place")
	}
	return s.weigh(ctx, &v)
}

// Unplanned records a visit that took place without a plan: planned and reported
// in one step. Sent again under the same id it is recognised, as Report does. One
// that took place on a day off, on which none may be planned, says why in
// Plan.DayOff ("visit.unplanned.day_off_reason_missing") and is marked with it (EX-04).
func (s *Visits) Unplanned(ctx context.Context, p visit.Plan, r visit.Report) (visit.State, error) {
	u := s.u
	if known, err := s.sent(ctx, p); err != nil {
		return visit.State{}, err
	} else if known.ID != "" {
		return s.Report(ctx, known.ID, p.Date, r)
	}
	team, err := u.teamFor(ctx, p.Official, p.Place, p.Date)
	if err != nil {
		return visit.State{}, err
	}
	p.Team = team
	if err := u.allow(ctx, ReportVisit, scope{person: p.Official, place: p.Place, team: team}); err != nil {
		return visit.State{}, err
	}
	v, err := s.afterwards(ctx, p)
	if err != nil {
		return visit.State{}, err
	}
	if err := s.keep(ctx, &v, plannedEvent(v), strings.TrimSuffix("unplanned: "+v.DayOff, ": ")); err != nil {
		return visit.State{}, err
	}
	return s.Report(ctx, v.ID, p.Date, r)
}

// afterwards makes a visit that took place without a plan.
func (s *Visits) afterwards(ctx context.Context, p visit.Plan) (visit.State, error) {
	p, err := s.u.hosted(ctx, p)
	if err != nil {
		return visit.State{}, err
	}
	book, err := s.u.rules(ctx)
	if err != nil {
		return visit.State{}, err
	}
	return visit.TookPlace(p, book.Policy, book.Calendar, s.u.now)
}

func plannedEvent(v visit.State) visit.PlannedEvent {
	return visit.PlannedEvent{Place: string(v.Place), Official: string(v.Official), Date: v.Planned, At: v.At, DayOff: v.DayOff != ""}
}

// ApproveLate lets a visit be reported after the late entry limit: by the team
// leader, for a leader's own visits by the office, with a reason (EX-16).
func (s *Visits) ApproveLate(ctx context.Context, id visit.ID, reason string) (visit.State, error) {
	v, _, err := s.load(ctx, id, DecideVisit)
	if err != nil {
		return visit.State{}, err
	}
	if err := v.ApproveLate(s.u.by.Person, s.u.today, reason); err != nil {
		return visit.State{}, err
	}
	return v, s.keep(ctx, &v, visit.LateApprovedEvent{}, reason)
}

// Absent records, by the team leader or the office, that nobody held a visit and
// whether that is excused (S25, A7).
func (s *Visits) Absent(ctx context.Context, id visit.ID, a visit.Attendance, reason string) (visit.State, error) {
	v, _, err := s.load(ctx, id, DecideVisit)
	if err != nil {
		return visit.State{}, err
	}
	if err := v.Excuse(a, reason); err != nil {
		return visit.State{}, err
	}
	if err := s.u.release(ctx, visit.Subject(id), duty.Visit, duty.Report); err != nil {
		return visit.State{}, err
	}
	return v, s.keep(ctx, &v, visit.AbsentEvent{Attendance: a}, reason)
}

// Confirm is somebody's word on whether the visit took place: the hamlet head's,
// another key person's of the hamlet, the commune leader's, or the office's by a
// call. A yes is strong evidence; a no opens a dispute (N18). A word that comes
// before the report is kept and weighed with it; one about a visit that lies ahead
// ("visit.confirm.too_early"), was called off or decided against
// ("visit.confirm.over") is refused.
func (s *Visits) Confirm(ctx context.Context, id visit.ID, came bool, note string) (visit.State, error) {
	u := s.u
	v, _, err := s.load(ctx, id, ConfirmPresence)
	if err != nil {
		return visit.State{}, err
	}
	if err := v.Awaits(u.today); err != nil {
		return visit.State{}, err
	}
	e := visit.Evidence{Kind: wordOf(u.by.Role), Grade: visit.Strong, By: u.by.Person, Denies: !came, Note: note, Recorded: u.now}
	return s.addEvidence(ctx, v, e)
}

// wordOf is what the word of somebody in this role counts as.
func wordOf(role org.Role) string {
	switch role {
	case org.HamletHead:
		return visit.HostConfirmation
	case org.CommuneLeader:
		return visit.CommuneConfirmation
	case org.ProgrammeOffice:
		return visit.CallBack
	}
	return visit.WitnessConfirmation
}

// AddEvidence keeps another sign of the visit: a photo, a position, a signed
// sheet. It is the actor's, whoever else it names: what the official brings
// counts as the official's own word, what the team leader or the office brings as
// supporting. Only Confirm makes strong evidence.
func (s *Visits) AddEvidence(ctx context.Context, id visit.ID, e visit.Evidence) (visit.State, error) {
	v, _, err := s.load(ctx, id, ReportVisit)
	if err != nil {
		return visit.State{}, err
	}
	if err := e.Check(); err != nil {
		return visit.State{}, err
	}
	e.By, e.Recorded = s.u.by.Person, s.u.now
	if e.Grade != visit.Self {
		e.Grade = visit.Supporting
	}
	return s.addEvidence(ctx, v, e)
}

func (s *Visits) addEvidence(ctx context.Context, v visit.State, e visit.Evidence) (visit.State, error) {
	v.AddEvidence(e)
	if err := s.keep(ctx, &v, visit.EvidenceEvent{EvidenceKind: e.Kind, Grade: e.Grade, Denies: e.Denies}, ""); err != nil {
		return visit.State{}, err
	}
	if e.Denies && v.Claimed() && v.Status != visit.Disputed {
		return v, s.contest(ctx, &v, e.Kind+" says that the visit did not take place")
	}
	return v, s.weigh(ctx, &v)
}

// weigh verifies a reported visit that has enough evidence.
func (s *Visits) weigh(ctx context.Context, v *visit.State) error {
	u := s.u
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	if v.Status != visit.Reported && v.Status != visit.Unconfirmed || !v.Proven(book.Policy.Visits.EvidenceStrong) {
		return nil
	}
	if err := v.Verify(); err != nil {
		return err
	}
	if err := u.meet(ctx, visit.Subject(v.ID), u.today, duty.Confirm); err != nil {
		return err
	}
	if err := u.hush(ctx, notify.Query{Moot: alert.ConfirmKey(v.ID)}, "confirmed"); err != nil {
		return err
	}
	return s.keep(ctx, v, visit.VerifiedEvent{Place: string(v.Place), Held: string(v.Holder()), On: v.Happened}, "")
}

// Contest opens a dispute about a reported visit, by somebody who may confirm it.
func (s *Visits) Contest(ctx context.Context, id visit.ID, reason string) (visit.State, error) {
	v, _, err := s.load(ctx, id, ConfirmPresence)
	if err != nil {
		return visit.State{}, err
	}
	return v, s.contest(ctx, &v, reason)
}

func (s *Visits) contest(ctx context.Context, v *visit.State, reason string) error {
	u := s.u
	if err := v.Contest(reason, u.by.Person, u.today); err != nil {
		return err
	}
	if err := u.release(ctx, visit.Subject(v.ID), duty.Confirm); err != nil {
		return err
	}
	if err := u.hush(ctx, notify.Query{Moot: alert.ConfirmKey(v.ID)}, "disputed"); err != nil {
		return err
	}
	if err := s.keep(ctx, v, visit.DisputedEvent{}, reason); err != nil {
		return err
	}
	decider, err := s.decider(ctx, *v)
	if err != nil {
		return err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	_, err = u.owe(ctx, duty.Term{
		Kind: duty.Dispute, Subject: visit.Subject(v.ID), Place: v.Place,
		Holder: decider, Start: u.today, Days: book.Policy.Visits.DisputeDays,
	})
	if err != nil {
		return err
	}
	return u.tell(ctx, alert.VisitDisputed(*v)...)
}

// decider is who owes the decision of a dispute: the team leader, or the office
// where the leader is the official of the visit.
func (s *Visits) decider(ctx context.Context, v visit.State) (org.Party, error) {
	for _, own := range []org.PersonID{v.Official, v.Holder()} {
		line, err := s.u.line(ctx, org.Party{Role: org.Official, Person: own, Team: v.Team})
		if err != nil || line.Leads {
			return org.Party{Role: org.ProgrammeOffice}, err
		}
	}
	return org.Party{Role: org.TeamLeader, Team: v.Team}, nil
}

// Reply is the official's answer in a dispute, before it is decided, or after it
// where there was none (right of reply). Nobody writes it in the official's stead
// but who stands in for them.
func (s *Visits) Reply(ctx context.Context, id visit.ID, reply string) (visit.State, error) {
	v, _, err := s.load(ctx, id, ReplyVisit)
	if err != nil {
		return visit.State{}, err
	}
	if err := v.Answer(reply); err != nil {
		return visit.State{}, err
	}
	return v, s.keep(ctx, &v, visit.RepliedEvent{}, "")
}

// Decide ends a dispute: the team leader or the office, never about a visit of
// their own, with a reason.
func (s *Visits) Decide(ctx context.Context, id visit.ID, upheld bool, reason string) (visit.State, error) {
	v, _, err := s.load(ctx, id, DecideVisit)
	if err != nil {
		return visit.State{}, err
	}
	if err := v.Decide(upheld, reason, s.u.by.Person); err != nil {
		return visit.State{}, err
	}
	if err := s.u.meet(ctx, visit.Subject(id), s.u.today, duty.Dispute); err != nil {
		return visit.State{}, err
	}
	if err := s.keep(ctx, &v, visit.DecidedEvent{Upheld: upheld}, reason); err != nil {
		return visit.State{}, err
	}
	if upheld {
		err = s.u.journal(ctx, fact{subject: visit.Subject(id), place: v.Place,
			event: visit.VerifiedEvent{Place: string(v.Place), Held: string(v.Holder()), On: v.Happened}})
		if err != nil {
			return visit.State{}, err
		}
	}
	return v, s.u.tell(ctx, alert.VisitDecided(v)...)
}

// Owed is what a report of the visit has to account for: answers owed in the
// hamlet, and dissemination items not yet told there; a visit that only gives
// answers back owes no items.
func (s *Visits) Owed(ctx context.Context, id visit.ID) (visit.Owed, error) {
	v, err := s.u.tx.Visit(ctx, id)
	if err != nil {
		return visit.Owed{}, err
	}
	var owed visit.Owed
	issues, err := s.u.raisedFor(ctx, v, issue.FeedbackDue)
	if err != nil {
		return visit.Owed{}, err
	}
	for _, i := range issues {
		if a := i.Answered(); a == nil || !a.Approved.After(v.On()) { // it was there to be told
			owed.Feedback = append(owed.Feedback, string(i.ID))
		}
	}
	if v.Kind != visit.FeedbackOnly {
		owed.Items, err = s.untold(ctx, v)
	}
	return owed, err
}

// load reads a visit, checks that the actor may do the action with it, and
// brings the rules along.
func (s *Visits) load(ctx context.Context, id visit.ID, action Action) (visit.State, rules, error) {
	v, err := s.u.tx.Visit(ctx, id)
	if err != nil {
		return visit.State{}, rules{}, err
	}
	about := scope{person: v.Holder(), place: v.Place, team: v.Team}
	err = s.u.allow(ctx, action, about)
	if action == ReplyVisit && v.HeldBy != v.Official && errors.Is(err, fault.ErrForbidden) { // who was assigned answers too
		about.person = v.Official
		err = s.u.allow(ctx, action, about)
	}
	if action == ReportVisit && v.HeldBy == "" && errors.Is(err, fault.ErrForbidden) { // who stood in that day may still write it down
		if about.person, err = s.present(ctx, v, v.On()); err != nil {
			return visit.State{}, rules{}, err
		}
		err = s.u.allow(ctx, action, about)
	}
	if err != nil {
		return visit.State{}, rules{}, err
	}
	book, err := s.u.rules(ctx)
	return v, book, err
}

// keep stores the visit and journals what happened to it.
func (s *Visits) keep(ctx context.Context, v *visit.State, e event.Event, why string) error {
	if err := s.u.tx.PutVisit(ctx, v); err != nil {
		return err
	}
	f := fact{subject: visit.Subject(v.ID), event: e, place: v.Place, why: why}
	if !v.Happened.IsZero() && v.Status != visit.Planned {
		f.happened = v.Happened.At(v.At)
	}
	return s.u.journal(ctx, f)
}

func visitReactions() map[string]reaction {
	return map[string]reaction{
		"org.leave_taken":     restaff,
		"org.leave_changed":   restaff,
		"org.leave_cancelled": restaff,
	}
}

// restaff looks again at the visits of everybody whose absence changed: who is
// away, and whoever was to stand in for them.
func restaff(ctx context.Context, u *unit, r event.Record, _ event.Event) error {
	ahead, err := u.tx.Visits(ctx, visit.Query{
		Statuses: []visit.Status{visit.Planned, visit.AtRisk}, During: calendar.Period{From: u.today},
	})
	if err != nil {
		return err
	}
	for _, v := range ahead {
		if err := u.work.Visits.staff(ctx, &v); err != nil {
			return fmt.Errorf("after %s: %w", r.Kind, err)
		}
	}
	return nil
}

func visitElapses() map[duty.Kind]elapse {
	return map[duty.Kind]elapse{duty.Report: missed, duty.Confirm: unconfirmed}
}

// missed: the report was due and nothing came. The ladder of the report goes on.
func missed(ctx context.Context, u *unit, d duty.State) error {
	v, err := u.tx.Visit(ctx, visit.ID(d.Subject.ID))
	if err != nil || !v.Open() {
		return err
	}
	if err := v.Miss(); err != nil {
		return err
	}
	return u.work.Visits.keep(ctx, &v, visit.MissedEvent{Due: d.Due}, "")
}

// unconfirmed: nobody confirmed the visit in time. It stays claimed.
func unconfirmed(ctx context.Context, u *unit, d duty.State) error {
	v, err := u.tx.Visit(ctx, visit.ID(d.Subject.ID))
	if err != nil || v.Status != visit.Reported {
		return err
	}
	if err := v.Unconfirm(); err != nil {
		return err
	}
	if err := u.work.Visits.keep(ctx, &v, visit.UnconfirmedEvent{}, ""); err != nil {
		return err
	}
	if err := u.release(ctx, d.Subject, duty.Confirm); err != nil {
		return err
	}
	if err := u.hush(ctx, notify.Query{Moot: alert.ConfirmKey(v.ID)}, "nobody confirmed in time"); err != nil {
		return err
	}
	return u.tell(ctx, alert.VisitUnconfirmed(v)...)
}

// untold are the dissemination items valid on the visit's day, addressed to this
// hamlet or to a territory it lay in that day, that it has not been told.
func (s *Visits) untold(ctx context.Context, v visit.State) ([]visit.ItemID, error) {
	items, err := s.u.tx.Items(ctx, calendar.Period{From: v.On(), To: v.On()})
	if err != nil || len(items) == 0 {
		return nil, err
	}
	visits, err := s.u.tx.Visits(ctx, visit.Query{Place: v.Place})
	if err != nil {
		return nil, err
	}
	within, err := s.u.lies(ctx, v.Place, v.On())
	if err != nil {
		return nil, err
	}
	var pending []visit.ItemID
	for _, i := range items {
		if i.For(v.Place, within...) && i.Heard(v.Place, visits).Status == visit.ItemPending {
			pending = append(pending, i.ID)
		}
	}
	return pending, nil
}
