package core

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/visit"
)

// CloseRound is the team leader's word that an official's round is complete: the
// report is approved and locked with its figures.
func (s *Reports) CloseRound(ctx context.Context, id report.ID) (report.State, error) {
	r, err := s.round(ctx, id)
	if err != nil {
		return report.State{}, err
	}
	return r, s.closeRound(ctx, &r, "")
}

// SendBackRound returns an official's submitted round report, with a reason, by
// the team leader or the office (A8). It is owed again from today on.
func (s *Reports) SendBackRound(ctx context.Context, id report.ID, reason string) (report.State, error) {
	u := s.u
	r, err := s.round(ctx, id)
	if err != nil {
		return report.State{}, err
	}
	if err := r.SendBack(u.by.Person, u.today, reason); err != nil {
		return report.State{}, err
	}
	if err := s.keep(ctx, &r, reason); err != nil {
		return report.State{}, err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return report.State{}, err
	}
	_, err = u.owe(ctx, duty.Term{
		Kind: duty.RoundReport, Subject: report.Subject(r.ID), Label: roundLabel(r.Period),
		Holder: org.Party{Role: org.Official, Person: r.Official, Team: r.Team}, Start: u.today, Days: book.Reports.RoundDays,
	})
	return r, err
}

// round reads the report on a round for somebody who may close it.
func (s *Reports) round(ctx context.Context, id report.ID) (report.State, error) {
	r, err := s.u.tx.PeriodReport(ctx, id)
	if err != nil {
		return report.State{}, err
	}
	if err := s.u.allow(ctx, CloseRound, scope{person: r.Official, team: r.Team}); err != nil {
		return report.State{}, err
	}
	if r.Kind != report.Round {
		return report.State{}, fault.Broken("report.round.other_kind", "id", "%s is a report on a month: only that on a round is closed or sent back here", "%s là báo cáo tháng: ở đây chỉ đóng hoặc trả lại báo cáo đợt", id)
	}
	return r, nil
}

// closeRound locks the report on a round: the submitted one, or, with a reason,
// the one that never came. What was owed of it is not owed any more.
func (s *Reports) closeRound(ctx context.Context, r *report.State, without string) error {
	u := s.u
	figures, err := s.figures(ctx, r.Period, r.Official)
	if err != nil {
		return err
	}
	if r.Status == report.Open {
		if err := r.LockEmpty(figures, u.by.Person, u.today, without); err != nil {
			return err
		}
		if err := u.release(ctx, report.Subject(r.ID), duty.RoundReport); err != nil {
			return err
		}
		return s.keep(ctx, r, without)
	}
	if err := r.Approve(u.by.Person, u.today); err != nil {
		return err
	}
	if err := r.Lock(figures, u.by.Person, u.today); err != nil {
		return err
	}
	return s.keep(ctx, r, "")
}

// roundLabel is how the duty to report a round is named.
func roundLabel(round calendar.Period) string { return round.From.VN() + "–" + round.To.VN() }

// Turnout says whether somebody met the people of one hamlet in a round, and if
// not, why (A7, A8, S25).
type Turnout struct {
	Place      org.PlaceID
	Visit      visit.ID // empty: none was planned
	Day        calendar.Date
	Met        bool
	By         org.PersonID     // who held it
	Attendance visit.Attendance // present or substitute; of those who did not meet excused or unexcused, empty while nobody has said so
	Why        string           // of an absence or a cancellation
}

// RoundLine is what the team leader sees of one official before closing a round:
// who met, who did not and why, and what waits (A8).
type RoundLine struct {
	Official org.PersonID
	Report   report.Status // empty: nothing came
	Visits   []visit.State
	Turnout  []Turnout     // hamlet by hamlet, then by day; a hamlet without any visit has a line too
	Waiting  []issue.State // registered or triaged: the leader is to refer them
	Owing    []issue.State // answered: the official is to tell the people
}

// TeamRound shows a round of a team, a line for each official.
func (s *Reports) TeamRound(ctx context.Context, team org.TeamID, day calendar.Date) ([]RoundLine, error) {
	u := s.u
	if err := u.allow(ctx, CloseRound, scope{team: team}); err != nil {
		return nil, err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return nil, err
	}
	round := programme.RoundOf(day, book.Policy)
	assignments, err := u.tx.Assignments(ctx, programme.AssignmentQuery{Team: team, During: round, Statuses: inForce()})
	if err != nil {
		return nil, err
	}
	var lines []RoundLine
	for _, official := range distinctOfficials(assignments) {
		line, err := s.roundLine(ctx, team, official, round)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func (s *Reports) roundLine(ctx context.Context, team org.TeamID, official org.PersonID, round calendar.Period) (RoundLine, error) {
	u := s.u
	line := RoundLine{Official: official}
	r, err := u.tx.PeriodReport(ctx, roundID(official, round))
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return line, err
	}
	line.Report = r.Status
	if line.Visits, err = u.tx.Visits(ctx, visit.Query{Official: official, During: round}); err != nil {
		return line, err
	}
	areas, err := u.cover(ctx, round, official)
	if err != nil {
		return line, err
	}
	line.Turnout = turnout(line.Visits, areas)
	line.Waiting, err = u.tx.Issues(ctx, issue.Query{Owner: official, Team: team, Statuses: []issue.Status{issue.Registered, issue.Triaged}})
	if err != nil {
		return line, err
	}
	line.Owing, err = u.tx.Issues(ctx, issue.Query{Owner: official, Team: team, Statuses: []issue.Status{issue.FeedbackDue}})
	return line, err
}

// turnout goes through the visits of an official and the hamlets of theirs in
// which there was none.
func turnout(visits []visit.State, areas []programme.Coverage) []Turnout {
	var all []Turnout
	seen := make(map[org.PlaceID]bool)
	for _, v := range visits {
		seen[v.Place] = true
		t := Turnout{Place: v.Place, Visit: v.ID, Day: v.On(), Attendance: v.Absence, Why: v.Reason}
		if r, ok := v.Standing(); ok && v.Claimed() {
			t.Met, t.By, t.Attendance = true, v.Holder(), r.Attendance
		} else if v.Status == visit.Held {
			t.Met, t.By = true, v.Holder()
		}
		all = append(all, t)
	}
	for _, a := range areas {
		if seen[a.Place] {
			continue
		}
		t := Turnout{Place: a.Place}
		if slices.ContainsFunc(a.Slots, func(s programme.Slot) bool { return s.Excused }) {
			t.Attendance = visit.Excused // on leave for most of it (EX-11)
		}
		all = append(all, t)
	}
	slices.SortStableFunc(all, func(a, b Turnout) int { return cmp.Or(cmp.Compare(a.Place, b.Place), a.Day.Compare(b.Day)) })
	return all
}

// RoundClosing is what became of one official's round when a team's was closed.
type RoundClosing struct {
	Line    RoundLine    // as the team leader saw it
	Report  report.State // as it stands now
	Closed  bool         // it is locked, now or already before
	Refused error        // why it stays open: a fault.Violation
}

// CloseTeamRound closes the round of everybody in a team in one step (A8): who
// handed in a report, and, with a reason in without, who did not. Each official's
// round stands for itself: one that is refused ("report.close.reason_missing",
// "report.approve.own") stays as it was and says why. day is any day of the
// round. A reason for somebody who is not in the team then is refused as a whole.
func (s *Reports) CloseTeamRound(ctx context.Context, team org.TeamID, day calendar.Date, without map[org.PersonID]string) ([]RoundClosing, error) {
	lines, err := s.TeamRound(ctx, team, day)
	if err != nil {
		return nil, err
	}
	for _, official := range slices.Sorted(maps.Keys(without)) {
		if !slices.ContainsFunc(lines, func(l RoundLine) bool { return l.Official == official }) {
			return nil, fault.Broken("report.close.not_in_team", "without", "%s has no round in team %s: give reasons for its officials only", "%s không có đợt nào trong Tổ %s: chỉ ghi lý do cho công chức của Tổ", official, team)
		}
	}
	book, err := s.u.rules(ctx)
	if err != nil {
		return nil, err
	}
	round := programme.RoundOf(day, book.Policy)
	var all []RoundClosing
	for _, line := range lines {
		c := RoundClosing{Line: line}
		c.Report, err = s.open(ctx, report.State{ID: roundID(line.Official, round), Kind: report.Round, Period: round, Team: team, Official: line.Official})
		if err != nil {
			return nil, err
		}
		if c.Report.Status != report.Locked {
			before := c.Report
			err = s.closeRound(ctx, &c.Report, without[line.Official])
			if len(fault.Violations(err)) > 0 {
				c.Report, c.Refused, err = before, err, nil
			}
			if err != nil {
				return nil, err
			}
		}
		c.Closed = c.Report.Status == report.Locked
		all = append(all, c)
	}
	return all, nil
}
