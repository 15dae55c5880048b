package core

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/visit"
)

// sent returns the visit that a plan with this id made before, a zero State when
// there is none. A plan that says something else does not get the id.
func (s *Visits) sent(ctx context.Context, p visit.Plan) (visit.State, error) {
	if p.ID == "" {
		return visit.State{}, nil
	}
	v, err := s.u.tx.Visit(ctx, p.ID)
	if errors.Is(err, fault.ErrNotFound) {
		return visit.State{}, nil
	}
	if err != nil {
		return visit.State{}, err
	}
	first := v.Planned
	if len(v.Moves) > 0 {
		first = v.Moves[0].From
	}
	if v.Place != p.Place || v.Official != p.Official || v.Kind != p.Kind || first != p.Date {
		return visit.State{}, fault.Broken("visit.plan.id_taken", "id", "another visit has the id %s: give this one its own", "mã %s đã thuộc buổi khác: hãy dùng mã riêng", p.ID)
	}
	err = s.u.allow(ctx, PlanVisit, scope{person: v.Official, place: v.Place, team: v.Team})
	if errors.Is(err, fault.ErrForbidden) { // who stood in that day
		about := scope{place: v.Place, team: v.Team}
		if about.person, err = s.present(ctx, v, v.On()); err == nil {
			err = s.u.allow(ctx, PlanVisit, about)
		}
	}
	if err != nil {
		return visit.State{}, err
	}
	return v, nil
}

// AdmitLate opens a visit for reporting that took place without a plan longer
// ago than late entry allows: by the team leader, for a leader's own visits by
// the office, with a reason (EX-16, EX-28). It stands as missed, and its report is
// owed by the official from today on. A day off is explained as in Unplanned.
func (s *Visits) AdmitLate(ctx context.Context, p visit.Plan, reason string) (visit.State, error) {
	u := s.u
	if !p.Date.Before(u.today) {
		return visit.State{}, fault.Broken("visit.late.not_past", "date", "%s has not passed: plan the visit or report it", "ngày %s chưa qua: hãy lập kế hoạch hoặc báo cáo buổi", p.Date)
	}
	team, err := u.teamFor(ctx, p.Official, p.Place, p.Date)
	if err != nil {
		return visit.State{}, err
	}
	p.Team = team
	if err := u.allow(ctx, DecideVisit, scope{person: p.Official, place: p.Place, team: team}); err != nil {
		return visit.State{}, err
	}
	v, err := s.afterwards(ctx, p)
	if err == nil {
		err = v.Miss()
	}
	if err == nil {
		err = v.ApproveLate(u.by.Person, u.today, reason)
	}
	if err != nil {
		return visit.State{}, err
	}
	for _, e := range []event.Event{plannedEvent(v), visit.MissedEvent{Due: v.ReportDue}, visit.LateApprovedEvent{}} {
		if err := s.keep(ctx, &v, e, reason); err != nil {
			return visit.State{}, err
		}
	}
	book, err := u.rules(ctx)
	if err != nil {
		return visit.State{}, err
	}
	_, err = u.owe(ctx, duty.Term{Kind: duty.Report, Subject: visit.Subject(v.ID), Place: v.Place,
		Holder: org.Party{Role: org.Official, Person: v.Official, Team: v.Team}, Start: u.today, Days: book.Policy.Visits.ReportDays})
	return v, err
}

// Settle says which of several reports of a visit holds, by its place among them
// counted from 0, with a reason: by the team leader or the office, never about a
// visit of their own. All reports are kept; the day, the credit and the figures
// follow the one that holds.
func (s *Visits) Settle(ctx context.Context, id visit.ID, report int, reason string) (visit.State, error) {
	v, _, err := s.load(ctx, id, DecideVisit)
	if err != nil {
		return visit.State{}, err
	}
	if err := v.Settle(report, reason, s.u.by.Person, s.u.today); err != nil {
		return visit.State{}, err
	}
	return v, s.keep(ctx, &v, visit.SettledEvent{Report: report, Of: len(v.Reports)}, reason)
}

// Conflicts lists the visits of a period whose reports contradict each other and
// of which nobody has said which one holds: of one team for its leader, of all
// for the office.
func (s *Visits) Conflicts(ctx context.Context, team org.TeamID, during calendar.Period) ([]visit.State, error) {
	if err := s.u.allow(ctx, DecideVisit, scope{team: team}); err != nil {
		return nil, err
	}
	visits, err := s.u.tx.Visits(ctx, visit.Query{Team: team, During: during,
		Statuses: []visit.Status{visit.Reported, visit.Verified, visit.Unconfirmed, visit.Disputed}})
	return slices.DeleteFunc(visits, func(v visit.State) bool { return !v.Conflicting() }), err
}

// witness picks, by turns from visit to visit, the key person of the hamlet who
// is asked besides its head, so that it is not always one and the same word that
// makes a visit count (N6). Nobody where the hamlet has no other who can be
// reached by SMS. The visit remembers who it was.
func (s *Visits) witness(ctx context.Context, v *visit.State) ([]org.Party, error) {
	hosts, err := s.hosts(ctx, *v)
	if err != nil {
		return nil, err
	}
	heads := make(map[org.PersonID]bool)
	for _, h := range hosts {
		heads[h.Person.ID] = heads[h.Person.ID] || h.Role == org.HamletHead
	}
	hosts = slices.DeleteFunc(hosts, func(h Host) bool {
		return heads[h.Person.ID] || !h.Person.PhoneSMS || h.Person.Phone == "" || h.Person.ID == v.Official || h.Person.ID == v.Holder()
	})
	if len(hosts) == 0 {
		return nil, nil
	}
	slices.SortFunc(hosts, func(a, b Host) int { return cmp.Compare(a.Person.ID, b.Person.ID) })
	hosts = slices.CompactFunc(hosts, func(a, b Host) bool { return a.Person.ID == b.Person.ID })
	asked, err := s.u.tx.Visits(ctx, visit.Query{Place: v.Place})
	if err != nil {
		return nil, err
	}
	turns := 0
	for _, o := range asked {
		if o.ID != v.ID && o.Witness != "" {
			turns++
		}
	}
	turn := hosts[turns%len(hosts)]
	v.Witness = turn.Person.ID
	return []org.Party{{Role: turn.Role, Person: turn.Person.ID, Place: v.Place}}, s.u.tx.PutVisit(ctx, v)
}
