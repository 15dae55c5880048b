package core

import (
	"context"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/visit"
)

// inForce are the states of an assignment in which it counts: decided, whether
// it is to begin, running, or over.
func inForce() []programme.AssignmentStatus {
	return []programme.AssignmentStatus{programme.Approved, programme.Active, programme.Ended}
}

// plan returns the programme that is valid on the day, the latest of several,
// or the zero State when there is none: then the policy's numbers hold alone.
func (u *unit) plan(ctx context.Context, on calendar.Date) (programme.State, error) {
	all, err := u.tx.Programmes(ctx)
	if err != nil {
		return programme.State{}, err
	}
	for _, p := range slices.Backward(all) {
		if p.Valid.Contains(on) {
			return p, nil
		}
	}
	return programme.State{}, nil
}

// monthPlanSubject names the plan of an official for a month.
func monthPlanSubject(official org.PersonID, month calendar.Month) event.Subject {
	return event.Subject{Type: "month_plan", ID: string(official) + "/" + month.String()}
}

// checkMonthPlan closes the duty to plan a month once the visits planned to
// each of the official's hamlets reach the hamlet's quota (N1).
func (u *unit) checkMonthPlan(ctx context.Context, official org.PersonID, month calendar.Month) error {
	subject := monthPlanSubject(official, month)
	open, err := u.openDuties(ctx, subject, duty.MonthPlan)
	if err != nil || len(open) == 0 {
		return err
	}
	complete, err := u.planned(ctx, official, month)
	if err != nil || !complete {
		return err
	}
	return u.meet(ctx, subject, u.today, duty.MonthPlan)
}

// planned reports whether enough visits of the month are planned, by whomever,
// to every hamlet the official looks after then.
func (u *unit) planned(ctx context.Context, official org.PersonID, month calendar.Month) (bool, error) {
	book, err := u.rules(ctx)
	if err != nil {
		return false, err
	}
	plan, err := u.plan(ctx, month.First())
	if err != nil {
		return false, err
	}
	assignments, err := u.tx.Assignments(ctx, programme.AssignmentQuery{Official: official, During: month.Period(), Statuses: inForce()})
	if err != nil {
		return false, err
	}
	for _, a := range assignments {
		visits, err := u.tx.Visits(ctx, visit.Query{Place: a.Place, During: month.Period()})
		if err != nil {
			return false, err
		}
		var days []calendar.Date
		for _, v := range visits {
			if v.Status != visit.Cancelled && v.Status != visit.Refused {
				days = append(days, v.Planned)
			}
		}
		if len(programme.Pick(days, book.Quota)) < plan.Quota(month, a.Place, book.Quota) {
			return false, nil
		}
	}
	return true, nil
}
