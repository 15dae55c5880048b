package core

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

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

// dutyRoutines are those about the clocks themselves.
func dutyRoutines() []routine {
	return []routine{
		{"pre_closure", beforeClosure},
		{"calendar_ending", calendarEnding},
		{"red_list", redList},
		{"unstaffed", unstaffed},
		{"collective", collectiveDigest},
		{"stale_surveys", staleSurveys},
	}
}

// vacancyReactions watch over visits that nobody is there to hold (N4).
func vacancyReactions() map[string]reaction {
	over := func(ctx context.Context, u *unit, r event.Record, _ event.Event) error {
		return u.hush(ctx, notify.Query{Moot: alert.AtRiskKey(visit.ID(r.Subject.ID))}, r.Kind)
	}
	return map[string]reaction{
		visit.AtRiskEvent{}.Kind():    vacant,
		visit.PostponedEvent{}.Kind(): over,
		visit.CancelledEvent{}.Kind(): over,
		visit.HeldEvent{}.Kind():      over,
		visit.ReportedEvent{}.Kind():  over,
	}
}

// vacant prepares what is said at the cut-off of the last working day before a
// visit that is at risk; where that has passed it is due at once.
func vacant(ctx context.Context, u *unit, r event.Record, _ event.Event) error {
	v, err := u.tx.Visit(ctx, visit.ID(r.Subject.ID))
	if err != nil {
		return err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	cutOff := book.PreviousWorkingDay(v.Planned.Add(-1)).At(book.Visits.VacancyCutOff)
	return u.tell(ctx, alert.VisitVacant(v, cutOff)...)
}

// beforeClosure reminds, on the last working day before a long closure that a
// holiday causes, of what falls due right after it (N21).
func beforeClosure(ctx context.Context, u *unit) error {
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	w, tomorrow := book.Windows, u.today.Add(1)
	runs := book.ClosureRuns(tomorrow, tomorrow, w.PreClosureMinDays)
	if len(runs) == 0 || runs[0].From != tomorrow {
		return nil
	}
	run := runs[0]
	soon, err := u.tx.Duties(ctx, duty.Query{
		Statuses: []duty.Status{duty.Running},
		Due:      calendar.Period{From: tomorrow, To: book.Add(run.After, w.PreClosureDueDays)},
	})
	if err != nil {
		return err
	}
	for _, d := range soon {
		if err := u.tell(ctx, alert.BeforeClosure(d, run, u.today.At(w.PreClosureAt), book.Calendar)...); err != nil {
			return err
		}
	}
	return nil
}

// unstaffed tells the programme office, once in a week, which hamlets have no
// official (S7): what people say there has nobody to follow it. A programme in
// which nobody is assigned yet has not begun, and says nothing.
func unstaffed(ctx context.Context, u *unit) error {
	gaps, err := u.work.Programme.Staffing(ctx, u.today)
	if errors.Is(err, fault.ErrNotFound) { // no programme runs today
		return nil
	}
	if err != nil || len(gaps.Places) == 0 || len(gaps.Loads) == 0 {
		return err
	}
	const named = 20 // in one mail; the office has the whole list
	var names []string
	for _, place := range gaps.Places[:min(len(gaps.Places), named)] {
		name, err := u.work.Org.Display(ctx, place, u.today)
		if err != nil {
			return err
		}
		names = append(names, name)
	}
	n := alert.Unstaffed(u.week(), names)
	n.Vars["count"] = fmt.Sprint(len(gaps.Places))
	return u.tell(ctx, n)
}

// calendarEnding raises the alarm, once in a week, when the calendar covers few
// days more (N22). A calendar without end never does.
func calendarEnding(ctx context.Context, u *unit) error {
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	last, alarm := book.Coverage().To, book.Notices.CoverageAlarmDays
	if left := last.Sub(u.today); !last.IsZero() && left < alarm {
		return u.tell(ctx, alert.CalendarEnding(book.Calendar, u.week(), left, alarm)...)
	}
	return nil
}

// week names the week of today as ISO 8601 does: 2017-W13.
func (u *unit) week() string {
	year, week := u.today.At(calendar.TimeOfDay{}).ISOWeek()
	return fmt.Sprintf("%d-W%02d", year, week)
}

// redList gives the programme's leader, on Monday at the hour of sending or on
// the first later day of the week on which a sweep runs, the few worst delays
// (N24): see Duties.RedList.
func redList(ctx context.Context, u *unit) error {
	first, err := u.firstOfWeek(ctx, "red_list")
	if err != nil || !first {
		return err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	worst, err := u.work.Duties.RedList(ctx)
	if err != nil {
		return err
	}
	var list []notify.Notice
	for _, d := range worst {
		list = append(list, alert.RedList(d, u.week(), u.today.At(book.Ladder.SendAt), book.Calendar))
	}
	return u.tell(ctx, list...)
}

// firstOfWeek reports whether a routine comes by for the first time since Monday.
func (u *unit) firstOfWeek(ctx context.Context, name string) (bool, error) {
	monday := u.today.Add(7 - (int(u.today.Weekday())+6)%7) // the next one
	return u.tx.Lease(ctx, name, u.newID(), u.now, monday.At(calendar.TimeOfDay{}).UTC())
}

// collectiveDigest tells the programme's leader once a week, besides the notice
// at once, which matters are felt in many places still, subject by subject (N16).
func collectiveDigest(ctx context.Context, u *unit) error {
	first, err := u.firstOfWeek(ctx, "collective")
	if err != nil || !first {
		return err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	recent, err := u.tx.Issues(ctx, issue.Query{Registered: issue.CollectiveWindow(book.Policy, u.today)})
	if err != nil {
		return err
	}
	bySubject := make(map[string][]issue.State)
	for _, i := range recent {
		if i.Subject != "" {
			bySubject[i.Subject] = append(bySubject[i.Subject], i)
		}
	}
	for _, subject := range slices.Sorted(maps.Keys(bySubject)) {
		same := bySubject[subject]
		swell, wide := issue.Collective(same, book.Policy, u.today)
		if !wide {
			continue
		}
		latest := same[len(same)-1]
		name, err := u.work.Issues.subjectName(ctx, latest)
		if err != nil {
			return err
		}
		if err := u.tell(ctx, alert.CollectiveWeek(latest, name, swell, u.week(), u.today.At(book.Ladder.SendAt))...); err != nil {
			return err
		}
	}
	return nil
}

// staleSurveys marks the surveys that are too old, or whose hamlet became
// something else since, and asks for a new one (M12) from the official who looks
// after it now.
func staleSurveys(ctx context.Context, u *unit) error {
	assignments, err := u.tx.Assignments(ctx, programme.AssignmentQuery{Statuses: []programme.AssignmentStatus{programme.Active}})
	if err != nil {
		return err
	}
	places, err := u.tx.Places(ctx)
	if err != nil {
		return err
	}
	taken := make(map[org.PlaceID][]org.Place) // by what took them in, whole or in part
	for _, p := range places {
		for _, s := range p.Successors {
			taken[s.To] = append(taken[s.To], p)
		}
	}
	for some := range slices.Chunk(assignments, askTogether) {
		if err := u.staleSurveysOf(ctx, some, taken); err != nil {
			return err
		}
	}
	return nil
}

// staleSurveysOf is staleSurveys for some hundreds of assignments.
func (u *unit) staleSurveysOf(ctx context.Context, assignments []programme.Assignment, taken map[org.PlaceID][]org.Place) error {
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	places := distinctPlaces(assignments)
	profiles, err := u.tx.LatestProfiles(ctx, places)
	if err != nil {
		return err
	}
	latest := make(map[org.PlaceID]*visit.Profile)
	for i := range profiles {
		latest[profiles[i].Place] = &profiles[i]
	}
	dir := newMemo(u.dir)
	if err := dir.expectPlaces(ctx, places, u.today, 1); err != nil {
		return err
	}
	stale := make(map[programme.AssignmentID]string) // why
	var subjects []event.Subject
	for _, a := range assignments {
		p := latest[a.Place]
		if p == nil {
			continue // the first survey is owed since the assignment began
		}
		place, err := dir.Place(ctx, a.Place)
		if err != nil {
			return err
		}
		if reason := p.Outdated(u.today, visit.Changed(place, taken[a.Place], u.today), book.Policy); reason != "" {
			stale[a.ID], subjects = reason, append(subjects, programme.AssignmentSubject(a.ID))
		}
	}
	asked, err := u.openDutiesOf(ctx, subjects, duty.Survey)
	if err != nil {
		return err
	}
	for _, a := range assignments {
		if reason := stale[a.ID]; reason != "" {
			if err := u.outdate(ctx, latest[a.Place], reason, a, len(asked[programme.AssignmentSubject(a.ID)]) > 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// outdate marks a profile as out of date, unless it is, and asks for a new one,
// unless somebody does already.
func (u *unit) outdate(ctx context.Context, p *visit.Profile, reason string, a programme.Assignment, asked bool) error {
	if p.Expire(reason) {
		if err := u.work.Visits.keepProfile(ctx, p, reason); err != nil {
			return err
		}
	}
	if asked {
		return nil
	}
	u.closed(programme.AssignmentSubject(a.ID), []duty.Kind{duty.Survey}) // none is open
	return u.oweSurvey(ctx, a)
}

// agenda tells the official, with the reminders of a visit, which answers wait
// to be told in the hamlet (N13): again only when there are others by then.
func (u *unit) agenda(ctx context.Context, d duty.State, reminder duty.Step) error {
	codes, err := u.answersIn(ctx, d.Place)
	if err != nil || len(codes) == 0 {
		return err
	}
	return u.tell(ctx, alert.VisitAgenda(d, reminder, codes)...)
}
