package core

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// Reports closes rounds and months and computes their figures.
type Reports struct{ u *unit }

// roundID names the report of one official on one round.
func roundID(official org.PersonID, round calendar.Period) report.ID {
	return report.ID("round/" + string(official) + "/" + round.From.String())
}

// monthID names the report on one month.
func monthID(m calendar.Month) report.ID { return report.ID("month/" + m.String()) }

// SubmitRound is an official's report on a round (đợt) to the team leader, due
// policy.Reports.RoundDays working days after it ended (S17, S18, A8). day is any
// day of the round.
func (s *Reports) SubmitRound(ctx context.Context, official org.PersonID, day calendar.Date, text string) (report.State, error) {
	u := s.u
	if err := u.allow(ctx, SubmitRound, scope{person: official}); err != nil {
		return report.State{}, err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return report.State{}, err
	}
	round := programme.RoundOf(day, book.Policy)
	team, err := u.teamOf(ctx, official, round)
	if err != nil {
		return report.State{}, err
	}
	r, err := s.open(ctx, report.State{ID: roundID(official, round), Kind: report.Round, Period: round, Team: team, Official: official})
	if err != nil {
		return report.State{}, err
	}
	if err := r.Submit(text, u.by.Person, u.today); err != nil {
		return report.State{}, err
	}
	if err := s.keep(ctx, &r, ""); err != nil {
		return report.State{}, err
	}
	return r, u.meet(ctx, report.Subject(r.ID), u.today, duty.RoundReport)
}

// teamOf is the team an official works in during the period.
func (u *unit) teamOf(ctx context.Context, official org.PersonID, during calendar.Period) (org.TeamID, error) {
	assignments, err := u.tx.Assignments(ctx, programme.AssignmentQuery{Official: official, During: during,
		Statuses: []programme.AssignmentStatus{programme.Approved, programme.Active, programme.Ended}})
	if err != nil {
		return "", err
	}
	if len(assignments) == 0 {
		return "", fault.Broken("report.round.not_assigned", "official", "%s looked after no hamlet from %s to %s", "%s không được phân công ấp nào từ %s đến %s", official, during.From, during.To)
	}
	return assignments[0].Team, nil
}

// open returns the stored report, or the fresh one with status open.
func (s *Reports) open(ctx context.Context, fresh report.State) (report.State, error) {
	r, err := s.u.tx.PeriodReport(ctx, fresh.ID)
	if errors.Is(err, fault.ErrNotFound) {
		fresh.Status = report.Open
		return fresh, nil
	}
	return r, err
}

func distinctOfficials(assignments []programme.Assignment) []org.PersonID {
	var officials []org.PersonID
	for _, a := range assignments {
		officials = append(officials, a.Official)
	}
	slices.Sort(officials)
	return slices.Compact(officials)
}

func distinctPlaces(assignments []programme.Assignment) []org.PlaceID {
	var places []org.PlaceID
	for _, a := range assignments {
		places = append(places, a.Place)
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// month loads the report on a month after checking the permission.
func (s *Reports) month(ctx context.Context, m calendar.Month, action Action) (report.State, error) {
	if err := s.u.allow(ctx, action, scope{}); err != nil {
		return report.State{}, err
	}
	book, err := s.u.rules(ctx)
	if err != nil {
		return report.State{}, err
	}
	return s.open(ctx, report.State{ID: monthID(m), Kind: report.Month, Period: calendar.MonthPeriod(m, book.Reports.CloseDay)})
}

// SubmitMonth is the office's report on a month, due on policy.Reports.MonthDay.
func (s *Reports) SubmitMonth(ctx context.Context, m calendar.Month, text string) (report.State, error) {
	r, err := s.month(ctx, m, PrepareMonth)
	if err != nil {
		return report.State{}, err
	}
	if err := r.Submit(text, s.u.by.Person, s.u.today); err != nil {
		return report.State{}, err
	}
	if err := s.keep(ctx, &r, ""); err != nil {
		return report.State{}, err
	}
	return r, s.u.meet(ctx, report.Subject(r.ID), s.u.today, duty.MonthReport)
}

// SendBackMonth returns a submitted month report to the office, with a reason.
func (s *Reports) SendBackMonth(ctx context.Context, m calendar.Month, reason string) (report.State, error) {
	r, err := s.month(ctx, m, AcceptMonth)
	if err != nil {
		return report.State{}, err
	}
	if err := r.SendBack(s.u.by.Person, s.u.today, reason); err != nil {
		return report.State{}, err
	}
	return r, s.keep(ctx, &r, reason)
}

// ApproveMonth passes a submitted month report on to the leader, by the office.
func (s *Reports) ApproveMonth(ctx context.Context, m calendar.Month) (report.State, error) {
	r, err := s.month(ctx, m, PrepareMonth)
	if err != nil {
		return report.State{}, err
	}
	if err := r.Approve(s.u.by.Person, s.u.today); err != nil {
		return report.State{}, err
	}
	return r, s.keep(ctx, &r, "")
}

// AcceptMonth is the leader's word on a month: it is accepted and locked with
// its figures. What becomes known later is a correction in the next report.
func (s *Reports) AcceptMonth(ctx context.Context, m calendar.Month) (report.State, error) {
	r, err := s.month(ctx, m, AcceptMonth)
	if err != nil {
		return report.State{}, err
	}
	if err := r.Accept(s.u.by.Person, s.u.today); err != nil {
		return report.State{}, err
	}
	figures, err := s.figures(ctx, r.Period, "")
	if err != nil {
		return report.State{}, err
	}
	if figures.Corrections, err = s.corrections(ctx, r.Period); err != nil {
		return report.State{}, err
	}
	if err := r.Lock(figures, s.u.by.Person, s.u.today); err != nil {
		return report.State{}, err
	}
	return r, s.keep(ctx, &r, "")
}

// UnlockMonth opens a locked month again, by the office or the leader, with a
// reason.
func (s *Reports) UnlockMonth(ctx context.Context, m calendar.Month, reason string) (report.State, error) {
	r, err := s.month(ctx, m, UnlockMonth)
	if err != nil {
		return report.State{}, err
	}
	if err := r.Unlock(s.u.by.Person, s.u.today, reason); err != nil {
		return report.State{}, err
	}
	return r, s.keep(ctx, &r, reason)
}

func (s *Reports) keep(ctx context.Context, r *report.State, why string) error {
	if err := s.u.tx.PutPeriodReport(ctx, r); err != nil {
		return err
	}
	return s.u.journal(ctx, fact{subject: report.Subject(r.ID), why: why,
		event: report.StepEvent{Report: r.Kind, Period: r.Period, Status: r.Status}})
}

// Month returns the figures of a month: frozen ones when it is locked, else as
// of now, with what earlier locked months would show today (EX-28).
func (s *Reports) Month(ctx context.Context, m calendar.Month) (report.Figures, report.State, error) {
	book, err := s.u.rules(ctx)
	if err != nil {
		return report.Figures{}, report.State{}, err
	}
	r, err := s.open(ctx, report.State{ID: monthID(m), Kind: report.Month, Period: calendar.MonthPeriod(m, book.Reports.CloseDay)})
	if err != nil {
		return report.Figures{}, report.State{}, err
	}
	if frozen, ok, err := r.Frozen(); r.Status == report.Locked && (ok || err != nil) {
		return frozen, r, err
	}
	figures, err := s.total(ctx, r.Period)
	if err != nil {
		return report.Figures{}, report.State{}, err
	}
	figures.Corrections, err = s.corrections(ctx, r.Period)
	return figures, r, err
}

// Sheet sums one official's work of a period up, for the official himself, the
// leader and the yearly talk (S29). It is an extract, never a grade.
func (s *Reports) Sheet(ctx context.Context, official org.PersonID, during calendar.Period) (report.Figures, error) {
	if err := s.u.allow(ctx, SeeRatings, scope{person: official}); err != nil {
		return report.Figures{}, err
	}
	return s.figures(ctx, during, official)
}

// corrections says which months locked before the period would show other
// figures today.
func (s *Reports) corrections(ctx context.Context, before calendar.Period) ([]report.Correction, error) {
	locked, err := s.u.tx.PeriodReports(ctx, report.Query{Kind: report.Month, Statuses: []report.Status{report.Locked}})
	if err != nil {
		return nil, err
	}
	var corrections []report.Correction
	for _, r := range locked {
		if !r.Period.To.Before(before.From) {
			continue
		}
		was, ok, err := r.Frozen()
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		now, err := s.total(ctx, r.Period)
		if err != nil {
			return nil, err
		}
		if changes := report.Changes(was, now); len(changes) > 0 {
			corrections = append(corrections, report.Correction{Period: r.Period, Claimed: now.Claimed, Verified: now.Verified, Was: was.Verified, Changes: changes})
		}
	}
	return corrections, nil
}

// figures computes the figures of a period, of everybody or of one official.
func (s *Reports) figures(ctx context.Context, period calendar.Period, official org.PersonID) (report.Figures, error) {
	f, err := s.facts(ctx, period, official)
	if err != nil {
		return report.Figures{}, err
	}
	return report.Compute(f), nil
}

// facts gathers what the figures of a period are computed from, of everybody or
// of one official.
func (s *Reports) facts(ctx context.Context, period calendar.Period, official org.PersonID) (report.Facts, error) {
	u := s.u
	book, err := u.rules(ctx)
	if err != nil {
		return report.Facts{}, err
	}
	f := report.Facts{Period: period, AsOf: u.today, Policy: book.Policy}
	dir := newMemo(u.dir)
	if err := s.visited(ctx, dir, &f, official); err != nil {
		return report.Facts{}, err
	}
	if err := s.said(ctx, &f, official); err != nil {
		return report.Facts{}, err
	}
	if err := s.owed(ctx, &f, official); err != nil {
		return report.Facts{}, err
	}
	if f.Commune, err = communes(ctx, dir, f.Opinions); err != nil {
		return report.Facts{}, err
	}
	if official == "" {
		if f.Ratings, err = s.remarks(ctx, period); err != nil {
			return report.Facts{}, err
		}
	}
	return f, nil
}

// visited gathers the visits of the period and how far they met the quota of each hamlet.
func (s *Reports) visited(ctx context.Context, dir *memo, f *report.Facts, official org.PersonID) error {
	u := s.u
	var err error
	if f.Visits, err = u.tx.Visits(ctx, visit.Query{During: f.Period, Official: official}); err != nil {
		return err
	}
	f.Hamlets, err = u.countHamlets(ctx, dir, f.Period, func(month calendar.Period) (g ground, err error) {
		if official != "" {
			return u.ground(ctx, month, official)
		}
		g.visits = f.Visits
		if g.areas, err = u.areas(ctx, month, ""); err != nil {
			return g, err
		}
		g.away, err = u.absent(ctx, month, g.areas, "")
		return g, err
	})
	return err
}

// said gathers the opinions heard in the period and the issues that came of it.
func (s *Reports) said(ctx context.Context, f *report.Facts, official org.PersonID) error {
	tx := s.u.tx
	var err error
	if f.Opinions, err = tx.Opinions(ctx, opinion.Query{Heard: official, During: f.Period}); err != nil {
		return err
	}
	if f.Issues, err = tx.Issues(ctx, issue.Query{Registered: f.Period, Owner: official}); err != nil {
		return err
	}
	f.Answered, err = s.answered(ctx, f.Period, official)
	return err
}

// answered are the issues, however old, with an answer that was approved in the
// period. An approval opens the duty to tell it, which is due a fixed number of
// working days later: by these the issues are found.
func (s *Reports) answered(ctx context.Context, period calendar.Period, official org.PersonID) ([]issue.State, error) {
	due, err := s.u.toldBy(ctx, period)
	if err != nil {
		return nil, err
	}
	duties, err := s.u.tx.Duties(ctx, duty.Query{Kinds: []duty.Kind{duty.Feedback}, Due: due})
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool)
	var all []issue.State
	for _, d := range duties {
		if seen[d.Subject.ID] {
			continue
		}
		seen[d.Subject.ID] = true
		i, err := s.u.tx.Issue(ctx, issue.ID(d.Subject.ID))
		if err != nil {
			return nil, err
		}
		if approvedIn(i, period) && (official == "" || i.Owner == official) {
			all = append(all, i)
		}
	}
	slices.SortFunc(all, func(a, b issue.State) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

// toldBy is when the duties to tell the answers approved in a period are due.
func (u *unit) toldBy(ctx context.Context, period calendar.Period) (calendar.Period, error) {
	book, err := u.rules(ctx)
	if err != nil {
		return calendar.Period{}, err
	}
	return calendar.Period{From: period.From, To: book.Add(period.To, book.Issues.FeedbackDays).AddMonths(1)}, nil // a calendar that changed may have moved it
}

func approvedIn(i issue.State, period calendar.Period) bool {
	return slices.ContainsFunc(i.Answers, func(a issue.Answer) bool { return !a.Approved.IsZero() && period.Contains(a.Approved) })
}

// owed gathers what units owed in the period.
func (s *Reports) owed(ctx context.Context, f *report.Facts, official org.PersonID) error {
	if official != "" {
		return nil // units owe the district, not one official
	}
	var err error
	if f.Units, err = s.u.tx.Duties(ctx, duty.Query{Kinds: []duty.Kind{duty.Unit}, Due: f.Period}); err != nil {
		return err
	}
	later, err := s.u.tx.Duties(ctx, duty.Query{Kinds: []duty.Kind{duty.Unit}, Due: calendar.Period{From: f.Period.To.Add(1)},
		Statuses: []duty.Status{duty.Running, duty.Paused}})
	f.Later = begun(later, f.Period)
	return err
}

// begun is how many of the duties due after a period began in it or before.
func begun(later []duty.State, period calendar.Period) (n int) {
	for _, d := range later {
		if !d.Start.After(period.To) {
			n++
		}
	}
	return n
}

// remarks are what people said of the visits whose rounds opened in the period.
func (s *Reports) remarks(ctx context.Context, period calendar.Period) (all []supervision.Rating, err error) {
	rounds, err := s.u.tx.RatingRounds(ctx, "", period)
	if err != nil {
		return nil, err
	}
	for _, r := range rounds {
		ratings, err := s.u.tx.Ratings(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, ratings...)
	}
	return all, nil
}

// communes maps each hamlet of the opinions to what it lay in at the period's end.
func communes(ctx context.Context, dir *memo, opinions []opinion.State) (func(org.PlaceID) org.PlaceID, error) {
	var places []org.PlaceID
	for _, o := range opinions {
		places = append(places, o.Place)
	}
	if len(opinions) > 0 {
		if err := dir.expectPlaces(ctx, places, opinions[0].Happened, everyLevel); err != nil {
			return nil, err
		}
	}
	above := make(map[org.PlaceID]org.PlaceID)
	for _, o := range opinions {
		if _, known := above[o.Place]; known {
			continue
		}
		var err error
		if above[o.Place], err = commune(ctx, dir, o.Place, o.Happened); err != nil {
			return nil, err
		}
	}
	return func(p org.PlaceID) org.PlaceID { return above[p] }, nil
}

// commune is what the hamlet lies in on the day, or lay in on its last one, or
// the hamlet itself.
func commune(ctx context.Context, dir org.Directory, place org.PlaceID, on calendar.Date) (org.PlaceID, error) {
	p, err := dir.Place(ctx, place)
	if err != nil {
		return "", fmt.Errorf("core: the commune of %s: %w", place, err)
	}
	_, then := p.Nearest(on)
	line, err := org.Line(ctx, dir, place, then)
	if err != nil {
		return "", fmt.Errorf("core: the line of %s: %w", place, err)
	}
	if len(line) < 2 {
		return place, nil
	}
	return line[1], nil
}

func reportRoutines() []routine {
	return []routine{{"period_reports", func(ctx context.Context, u *unit) error { return u.openPeriodDuties(ctx) }}}
}

// openPeriodDuties opens, once a day, the duties of the rounds and months that
// run or have just ended: round reports of everybody assigned, and the office's
// month report (A8, N20). Each is opened once, also when days were skipped.
func (u *unit) openPeriodDuties(ctx context.Context) error {
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	round := programme.RoundOf(u.today, book.Policy)
	month := calendar.ReportMonth(u.today, book.Reports.CloseDay)
	return errors.Join(
		u.openRound(ctx, programme.RoundOf(round.From.Add(-1), book.Policy)), u.openRound(ctx, round),
		u.openMonth(ctx, month.Prev()), u.openMonth(ctx, month),
	)
}

// openRound opens the duty to report a round, for everybody assigned in it.
func (u *unit) openRound(ctx context.Context, round calendar.Period) error {
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	assignments, err := u.tx.Assignments(ctx, programme.AssignmentQuery{During: round, Statuses: inForce()})
	if err != nil {
		return err
	}
	var owed []duty.Term
	for _, holder := range holders(assignments) {
		owed = append(owed, duty.Term{
			Kind: duty.RoundReport, Subject: report.Subject(roundID(holder.Person, round)), Label: roundLabel(round),
			Holder: holder, Start: round.To, Days: book.Reports.RoundDays,
		})
	}
	return u.oweOnce(ctx, owed...)
}

// openMonth opens the office's duty to report a month in which somebody was
// assigned.
func (u *unit) openMonth(ctx context.Context, month calendar.Month) error {
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	period := calendar.MonthPeriod(month, book.Reports.CloseDay)
	assigned, err := u.tx.Assignments(ctx, programme.AssignmentQuery{During: period, Statuses: inForce()})
	if err != nil || len(assigned) == 0 {
		return err
	}
	return u.oweOnce(ctx, duty.Term{
		Kind: duty.MonthReport, Subject: report.Subject(monthID(month)), Label: month.VN(),
		Holder: org.Party{Role: org.ProgrammeOffice}, Start: period.To, Days: book.Reports.MonthDay,
	})
}

// holders are the officials of the assignments, each once and by id, in the team of
// the first of theirs.
func holders(assignments []programme.Assignment) []org.Party {
	teams := make(map[org.PersonID]org.TeamID)
	for _, a := range slices.Backward(assignments) {
		teams[a.Official] = a.Team
	}
	var all []org.Party
	for _, official := range slices.Sorted(maps.Keys(teams)) {
		all = append(all, org.Party{Role: org.Official, Person: official, Team: teams[official]})
	}
	return all
}

// askTogether is about how many things a routine asks of in one question: each is a
// round trip to the database, and what is asked of thousands would be held at once.
const askTogether = 300

// oweOnce opens each of the duties unless its subject ever had one of the kind.
func (u *unit) oweOnce(ctx context.Context, terms ...duty.Term) error {
	for some := range slices.Chunk(terms, askTogether) {
		q := duty.Query{}
		for _, t := range some {
			q.Subjects, q.Kinds = append(q.Subjects, t.Subject), append(q.Kinds, t.Kind)
		}
		slices.Sort(q.Kinds)
		q.Kinds = slices.Compact(q.Kinds)
		had, err := u.tx.Duties(ctx, q)
		if err != nil {
			return err
		}
		known := make(map[debt]bool)
		for _, d := range had {
			known[debt{d.Subject, d.Kind}] = true
		}
		for _, t := range some {
			owed := debt{t.Subject, t.Kind}
			if known[owed] {
				continue
			}
			known[owed] = true
			u.closed(t.Subject, []duty.Kind{t.Kind}) // there never was any
			if _, err := u.owe(ctx, t); err != nil {
				return err
			}
		}
	}
	return nil
}
