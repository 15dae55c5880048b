package core

import (
	"context"
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
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
	owed, err := u.owesMonthPlan(ctx, official, month)
	if err != nil || !owed {
		return err
	}
	return u.checkOwnMonthPlan(ctx, official, month)
}

// owesMonthPlan reports whether the official owes the plan of the month.
func (u *unit) owesMonthPlan(ctx context.Context, official org.PersonID, month calendar.Month) (bool, error) {
	open, err := u.openDuties(ctx, monthPlanSubject(official, month), duty.MonthPlan)
	return len(open) > 0, err
}

// checkOwnMonthPlan is checkMonthPlan for an official who owes the plan.
func (u *unit) checkOwnMonthPlan(ctx context.Context, official org.PersonID, month calendar.Month) error {
	there, err := u.besides(ctx, official, month)
	if err != nil {
		return err
	}
	return u.checkMonthPlans(ctx, []org.PersonID{official}, month, there)
}

// besides are the assignments in force in the month at any of the official's
// hamlets: theirs, and whose else the hamlets are then.
func (u *unit) besides(ctx context.Context, official org.PersonID, month calendar.Month) (there []programme.Assignment, err error) {
	own, err := u.tx.Assignments(ctx, programme.AssignmentQuery{Official: official, During: month.Period(), Statuses: inForce()})
	if err != nil {
		return nil, err
	}
	for _, place := range distinctPlaces(own) {
		shared, sharedErr := u.tx.Assignments(ctx, programme.AssignmentQuery{Place: place, During: month.Period(), Statuses: inForce()})
		there, err = append(there, shared...), errors.Join(err, sharedErr)
	}
	return there, err
}

// checkMonthPlans is checkMonthPlan for officials who owe the plan. Among the
// assignments are all that are in force in the month at any of their hamlets.
func (u *unit) checkMonthPlans(ctx context.Context, officials []org.PersonID, month calendar.Month, assignments []programme.Assignment) error {
	byOfficial := make(map[org.PersonID][]programme.Assignment)
	areas := make(map[org.PlaceID]programme.Area)
	for _, a := range assignments {
		byOfficial[a.Official] = append(byOfficial[a.Official], a)
	}
	for _, area := range programme.Areas(assignments, "") {
		areas[area.Place] = area
	}
	for some := range slices.Chunk(officials, askTogether) {
		var own []programme.Assignment
		for _, official := range some {
			own = append(own, byOfficial[official]...)
		}
		m, err := u.planning(ctx, month, distinctPlaces(own))
		if err != nil {
			return err
		}
		var planned []event.Subject
		for _, official := range some {
			complete, err := m.complete(ctx, official, byOfficial[official], areas)
			if err != nil {
				return err
			}
			if complete {
				planned = append(planned, monthPlanSubject(official, month))
			}
		}
		if err := u.meetAll(ctx, planned, u.today, duty.MonthPlan); err != nil {
			return err
		}
	}
	return nil
}

// planning is what is planned in a month in some hamlets.
type planning struct {
	month  calendar.Month
	book   rules
	plan   programme.State
	dir    org.Directory
	visits map[org.PlaceID][]calendar.Date
}

func (u *unit) planning(ctx context.Context, month calendar.Month, places []org.PlaceID) (*planning, error) {
	book, err := u.rules(ctx)
	if err != nil {
		return nil, err
	}
	m := &planning{month: month, book: book, visits: make(map[org.PlaceID][]calendar.Date)}
	if m.plan, err = u.plan(ctx, month.First()); err != nil {
		return nil, err
	}
	if len(places) == 0 {
		return m, nil
	}
	visits, err := u.tx.Visits(ctx, visit.Query{Places: places, During: month.Period()})
	if err != nil {
		return nil, err
	}
	for _, v := range visits {
		if v.Status != visit.Cancelled && v.Status != visit.Refused {
			m.visits[v.Place] = append(m.visits[v.Place], v.On())
		}
	}
	dir := newMemo(u.dir)
	m.dir = dir
	return m, dir.expectPlaces(ctx, places, month.First(), 1)
}

// complete reports whether enough visits of the month are planned, by whomever,
// to every hamlet the official looks after then: of a hamlet that changes hands
// in the month, as many as fall into the slots the official answers for.
func (m *planning) complete(ctx context.Context, official org.PersonID, own []programme.Assignment, areas map[org.PlaceID]programme.Area) (bool, error) {
	for _, a := range own {
		owed, err := owedTo(ctx, m.dir, m.plan, a.Place, m.month.Period(), m.book.Policy)
		if err != nil {
			return false, err
		}
		area := areas[a.Place]
		area.Period, area.Quota = m.month.Period(), owed
		slots, share := area.Share(official, m.book.Quota)
		var days []calendar.Date
		for _, day := range m.visits[a.Place] {
			if slices.ContainsFunc(slots, func(p calendar.Period) bool { return p.Contains(day) }) {
				days = append(days, day)
			}
		}
		if len(programme.Pick(days, m.book.Quota)) < share {
			return false, nil
		}
	}
	return true, nil
}

// openMonthPlans opens, once for each official and month, the duty to plan the
// next month: due on the last working day up to the policy's day, and reminded
// of before (N1, EX-04). Who is assigned after that day owes no plan for it.
func (u *unit) openMonthPlans(ctx context.Context) error {
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	month := calendar.MonthOf(u.today).Next()
	due := programme.MonthPlanDue(month, book.Policy, book.Calendar)
	if due.Before(u.today) {
		return nil
	}
	assignments, err := u.tx.Assignments(ctx, programme.AssignmentQuery{During: month.Period(), Statuses: inForce()})
	if err != nil {
		return err
	}
	running := slices.DeleteFunc(slices.Clone(assignments), func(a programme.Assignment) bool { return a.Status == programme.Ended })
	var owed []duty.Term
	var planners []org.PersonID
	for _, holder := range holders(running) {
		planners = append(planners, holder.Person)
		owed = append(owed, duty.Term{
			Kind: duty.MonthPlan, Subject: monthPlanSubject(holder.Person, month), Label: month.String(), Holder: holder, Start: u.today, Due: due,
		})
	}
	if err := u.oweOnce(ctx, owed...); err != nil {
		return err
	}
	open, err := u.oweMonthPlan(ctx, planners, month)
	if err != nil {
		return err
	}
	return u.checkMonthPlans(ctx, open, month, assignments)
}

// oweMonthPlan are those of the officials who still owe the plan of the month.
func (u *unit) oweMonthPlan(ctx context.Context, officials []org.PersonID, month calendar.Month) (open []org.PersonID, err error) {
	subjects := make([]event.Subject, len(officials))
	for i, official := range officials {
		subjects[i] = monthPlanSubject(official, month)
	}
	owed, err := u.openDutiesOf(ctx, subjects, duty.MonthPlan)
	for i, official := range officials {
		if len(owed[subjects[i]]) > 0 {
			open = append(open, official)
		}
	}
	return open, err
}

// PlanMonth proposes dates for the visits that are still missing in a month: of
// one official, of a team, or of everybody when neither is given. It respects
// closures, days the programme avoids, the days and hours the hamlets prefer, lunar
// ones too ("programme.plan.no_lunar" without Options.Lunar), the gap between
// visits, leave, one visit an evening for each official, and what hamlets weigh;
// every choice says why. It plans
// nothing: Visits.Plan does, by whoever may.
//
// An official may ask for their own, a team leader for the team, the office for all.
func (s *Programme) PlanMonth(ctx context.Context, month calendar.Month, team org.TeamID, official org.PersonID) (programme.Draft, error) {
	u := s.u
	if err := u.allow(ctx, PlanVisit, scope{person: official, team: team}); err != nil {
		return programme.Draft{}, err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return programme.Draft{}, err
	}
	assignments, err := u.tx.Assignments(ctx, programme.AssignmentQuery{
		Official: official, Team: team, During: month.Period(), Statuses: []programme.AssignmentStatus{programme.Approved, programme.Active},
	})
	if err != nil {
		return programme.Draft{}, err
	}
	r := programme.Request{Month: month, Quota: book.Quota, Calendar: book.Calendar, From: u.today.Add(1), Lunar: u.sys.opts.Lunar}
	if err := u.hosts(ctx, &r, assignments); err != nil {
		return programme.Draft{}, err
	}
	leaves, err := u.dir.Leaves(ctx, org.LeaveQuery{During: month.Period()})
	if err != nil {
		return programme.Draft{}, err
	}
	r.Away = away(leaves)
	return programme.Plan(r), nil
}

// hosts fills in the hamlets of a request, the visits there are, and on which
// days officials are taken by one, wherever it is.
func (u *unit) hosts(ctx context.Context, r *programme.Request, assignments []programme.Assignment) error {
	plan, err := u.plan(ctx, r.Month.First())
	if err != nil {
		return err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	r.Quiet = plan.Avoid
	around := calendar.Period{From: r.Month.First().Add(-r.Quota.MinGapDays), To: r.Month.Last().Add(r.Quota.MinGapDays)}
	areas := programme.Areas(assignments, "")
	visits, err := u.visitsOf(ctx, areas, around)
	if err != nil {
		return err
	}
	there := make(map[org.PlaceID][]calendar.Date)
	r.Busy = make(map[org.PersonID][]calendar.Date)
	for _, v := range visits {
		if v.Open() || v.Status == visit.Held || v.Claimed() {
			there[v.Place] = append(there[v.Place], v.On())
			r.Busy[v.Holder()] = append(r.Busy[v.Holder()], v.On())
		}
	}
	for _, area := range areas {
		place, err := u.dir.Place(ctx, area.Place)
		if err != nil {
			return err
		}
		if place.Hosting.NeedsLunar() && r.Lunar == nil {
			return fault.Broken("programme.plan.no_lunar", "hosting",
				"Place %s avoids lunar days; give the system a lunar calendar (Options.Lunar).",
				"Địa bàn %s tránh một số ngày âm lịch; hệ thống cần lịch âm (Options.Lunar).", area.Place)
		}
		owed, err := owedTo(ctx, u.dir, plan, area.Place, r.Month.Period(), book.Policy)
		if err != nil {
			return err
		}
		r.Hamlets = append(r.Hamlets, programme.Host{
			Place: area.Place, Owed: owed, Weight: plan.Weight(area.Place), Hosting: place.Hosting, Tenures: area.Tenures, Visits: there[area.Place],
		})
	}
	return nil
}

// fewAreas is up to how many hamlets are asked about one by one.
const fewAreas = 40

// visitsOf returns the visits of a period to the areas, and those of their
// officials wherever they go: of a team, say, by its hamlets and officials, of the
// whole country in one go.
func (u *unit) visitsOf(ctx context.Context, areas []programme.Area, period calendar.Period) ([]visit.State, error) {
	if len(areas) > fewAreas {
		return u.tx.Visits(ctx, visit.Query{During: period})
	}
	var all []visit.State
	seen := make(map[visit.ID]bool)
	asked := make(map[org.PersonID]bool)
	add := func(q visit.Query) error {
		q.During = period
		some, err := u.tx.Visits(ctx, q)
		for _, v := range some {
			if !seen[v.ID] {
				all = append(all, v)
			}
			seen[v.ID] = true
		}
		return err
	}
	for _, area := range areas {
		if err := add(visit.Query{Place: area.Place}); err != nil {
			return nil, err
		}
		for _, t := range area.Tenures {
			if asked[t.Official] {
				continue
			}
			asked[t.Official] = true
			if err := add(visit.Query{Official: t.Official}); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}
