package core

import (
	"context"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
)

// Programme keeps the plan, its teams, assignments, quota, and versions of policy and calendar.
type Programme struct{ u *unit }

// Get returns one programme, or fault.ErrNotFound.
func (s *Programme) Get(ctx context.Context, id programme.ID) (programme.State, error) {
	return s.u.tx.Programme(ctx, id)
}

// List returns every programme, ordered by id.
func (s *Programme) List(ctx context.Context) ([]programme.State, error) {
	return s.u.tx.Programmes(ctx)
}

// Current returns the programme valid today; fault.ErrNotFound when there is none.
func (s *Programme) Current(ctx context.Context) (programme.State, error) {
	plan, err := s.u.plan(ctx, s.u.today)
	if err == nil && plan.ID == "" {
		return programme.State{}, fault.NotFound("programme", s.u.today.String())
	}
	return plan, err
}

// Create enters a programme with its legal basis, by the programme office, its
// leader or the administrator (S5). Number, issuer and title of the document are
// required; its date and signer may be unknown. An empty ID is filled in; a
// taken one is fault.ErrExists. Rules: programme.incomplete, programme.basis,
// programme.period.
func (s *Programme) Create(ctx context.Context, plan programme.State) (programme.State, error) {
	if err := s.u.allow(ctx, ManageProgramme, scope{}); err != nil {
		return programme.State{}, err
	}
	if plan.ID == "" {
		plan.ID = programme.ID(s.u.newID())
	}
	plan.Version, plan.Renews = 0, ""
	return s.found(ctx, plan)
}

func (s *Programme) found(ctx context.Context, plan programme.State) (programme.State, error) {
	if err := plan.Validate(); err != nil {
		return programme.State{}, err
	}
	if err := s.u.tx.PutProgramme(ctx, &plan); err != nil {
		return programme.State{}, err
	}
	return plan, s.u.journal(ctx, fact{
		subject: programme.Subject(plan.ID),
		event:   programme.Founded{Document: plan.Basis.Document(), Valid: plan.Valid, Renews: plan.Renews},
	})
}

// Renewal is next year's programme.
type Renewal struct {
	ID          programme.ID // empty: filled in
	Code        string       // HVCS-2018
	Basis       programme.Basis
	Valid       calendar.Period
	Teams       bool // form the same teams again, with the members they have on the old programme's last day
	Assignments bool // and propose to each official the hamlets held that day
}

// Renew enters next year's programme on the ground of this one: owner, visited
// kinds, conflict rules and relations are taken over, decisions about single
// months are not (S5). Teams and assignments follow where asked for; the
// assignments are proposals that somebody has to approve.
func (s *Programme) Renew(ctx context.Context, id programme.ID, r Renewal) (programme.State, error) {
	if err := s.u.allow(ctx, ManageProgramme, scope{}); err != nil {
		return programme.State{}, err
	}
	old, err := s.u.tx.Programme(ctx, id)
	if err != nil {
		return programme.State{}, err
	}
	if r.ID == "" {
		r.ID = programme.ID(s.u.newID())
	}
	next, err := old.Renew(r.ID, r.Code, r.Basis, r.Valid)
	if err != nil {
		return programme.State{}, err
	}
	if next, err = s.found(ctx, next); err != nil || !r.Teams {
		return next, err
	}
	teams, err := s.renewTeams(ctx, old, next)
	if err != nil || !r.Assignments {
		return next, err
	}
	return next, s.renewAssignments(ctx, old, next, teams)
}

// renewTeams forms the teams of the old programme again and returns the new
// team for each old one.
func (s *Programme) renewTeams(ctx context.Context, old, next programme.State) (map[org.TeamID]org.TeamID, error) {
	all, err := s.u.tx.Teams(ctx)
	if err != nil {
		return nil, err
	}
	renewed := make(map[org.TeamID]org.TeamID)
	for _, t := range all {
		if t.Programme != old.ID || !t.Valid.Contains(old.Valid.To) {
			continue
		}
		team, err := s.form(ctx, programme.Team{Programme: next.ID, Code: t.Code, Name: t.Name, Valid: next.Valid})
		if err != nil {
			return nil, err
		}
		renewed[t.ID] = team.ID
		members, err := s.u.tx.Holdings(ctx, org.HoldingQuery{Team: t.ID, On: old.Valid.To})
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			m.ID, m.Version, m.Team, m.Valid = org.HoldingID(s.u.newID()), 0, team.ID, next.Valid
			if _, err := s.u.work.Org.PutHolding(ctx, m); err != nil {
				return nil, err
			}
		}
	}
	return renewed, nil
}

func (s *Programme) renewAssignments(ctx context.Context, old, next programme.State, teams map[org.TeamID]org.TeamID) error {
	last := calendar.Period{From: old.Valid.To, To: old.Valid.To}
	held, err := s.u.tx.Assignments(ctx, programme.AssignmentQuery{During: last, Statuses: inForce()})
	if err != nil {
		return err
	}
	for _, a := range held {
		team, renewed := teams[a.Team]
		if a.Programme != old.ID || !renewed {
			continue
		}
		_, err := s.Propose(ctx, programme.Assignment{Programme: next.ID, Official: a.Official, Place: a.Place, Team: team, Valid: next.Valid})
		if err != nil {
			return err
		}
	}
	return nil
}

// Amend changes which unit runs a programme, what it visits, its conflict rules,
// who is close to whom, what hamlets weigh and which days are avoided; everything
// else of plan is left as it is stored. plan.Version has to be the stored one
// (fault.ErrStale).
func (s *Programme) Amend(ctx context.Context, plan programme.State) (programme.State, error) {
	if err := s.u.allow(ctx, ManageProgramme, scope{}); err != nil {
		return programme.State{}, err
	}
	old, err := s.u.tx.Programme(ctx, plan.ID)
	if err != nil {
		return programme.State{}, err
	}
	if old.Version != plan.Version {
		return programme.State{}, fault.Stale("programme", string(plan.ID))
	}
	next := old
	next.Kinds, next.ConflictRules, next.Relations = plan.Kinds, plan.ConflictRules, plan.Relations
	next.Burdens, next.Avoid, next.Owner = plan.Burdens, plan.Avoid, plan.Owner
	if err := next.Validate(); err != nil {
		return programme.State{}, err
	}
	change, fields, err := compare(old, next, nil)
	if err != nil || change == Unchanged {
		return old, err
	}
	if err := s.u.tx.PutProgramme(ctx, &next); err != nil {
		return programme.State{}, err
	}
	return next, s.u.journal(ctx, fact{subject: programme.Subject(next.ID), event: programme.Amended{Fields: fields}})
}

// CreateTeam forms a working team (tổ công tác) of a programme. Its leader and
// members are appointed through Work.Org. An empty ID is filled in; an open
// period becomes the programme's.
func (s *Programme) CreateTeam(ctx context.Context, t programme.Team) (programme.Team, error) {
	if err := s.u.allow(ctx, ManageProgramme, scope{}); err != nil {
		return programme.Team{}, err
	}
	return s.form(ctx, t)
}

func (s *Programme) form(ctx context.Context, t programme.Team) (programme.Team, error) {
	plan, err := s.u.tx.Programme(ctx, t.Programme)
	if err != nil {
		return programme.Team{}, err
	}
	if t.ID == "" {
		t.ID = org.TeamID(s.u.newID())
	}
	if t.Valid.IsZero() {
		t.Valid = plan.Valid
	}
	if err := t.Validate(); err != nil {
		return programme.Team{}, err
	}
	t.Version = 0
	if err := s.u.tx.PutTeam(ctx, &t); err != nil {
		return programme.Team{}, err
	}
	return t, s.u.journal(ctx, fact{subject: programme.Subject(plan.ID), event: programme.TeamFormed{Team: t.ID}})
}

// AmendTeam changes the code, the name and the last day of a team; everything
// else of t is left as it is stored. t.Version has to be the stored one
// (fault.ErrStale). A team ends only after its last assignment, proposed ones
// included: "programme.team.assigned".
func (s *Programme) AmendTeam(ctx context.Context, t programme.Team) (programme.Team, error) {
	if err := s.u.allow(ctx, ManageProgramme, scope{}); err != nil {
		return programme.Team{}, err
	}
	old, err := s.u.tx.Team(ctx, t.ID)
	if err != nil {
		return programme.Team{}, err
	}
	if old.Version != t.Version {
		return programme.Team{}, fault.Stale("team", string(t.ID))
	}
	next := old
	next.Code, next.Name, next.Valid.To = t.Code, t.Name, t.Valid.To
	if err := next.Validate(); err != nil {
		return programme.Team{}, err
	}
	change, fields, err := compare(old, next, nil)
	if err != nil || change == Unchanged {
		return old, err
	}
	if err := s.unassigned(ctx, next); err != nil {
		return programme.Team{}, err
	}
	if err := s.u.tx.PutTeam(ctx, &next); err != nil {
		return programme.Team{}, err
	}
	return next, s.u.journal(ctx, fact{subject: programme.Subject(next.Programme), event: programme.TeamAmended{Team: next.ID, Fields: fields}})
}

// unassigned makes sure that no assignment of a team outlasts it.
func (s *Programme) unassigned(ctx context.Context, t programme.Team) error {
	if t.Valid.To.IsZero() {
		return nil
	}
	after, err := s.u.tx.Assignments(ctx, programme.AssignmentQuery{
		Team: t.ID, During: calendar.Period{From: t.Valid.To.Add(1)},
		Statuses: []programme.AssignmentStatus{programme.Proposed, programme.Approved, programme.Active},
	})
	if err != nil {
		return err
	}
	return t.Outlasts(after)
}

// Team returns one team, or fault.ErrNotFound.
func (s *Programme) Team(ctx context.Context, id org.TeamID) (programme.Team, error) {
	return s.u.tx.Team(ctx, id)
}

// Teams returns the teams of a programme, ordered by id.
func (s *Programme) Teams(ctx context.Context, id programme.ID) ([]programme.Team, error) {
	all, err := s.u.tx.Teams(ctx)
	return slices.DeleteFunc(all, func(t programme.Team) bool { return t.Programme != id }), err
}

// OverrideQuota changes the quota of one month by decision, for all hamlets or
// one, as for the month of Tết. Plans that now suffice are met. Rules:
// programme.quota.*.
func (s *Programme) OverrideQuota(ctx context.Context, id programme.ID, o programme.QuotaOverride) (programme.State, error) {
	u := s.u
	if err := u.allow(ctx, ManageProgramme, scope{}); err != nil {
		return programme.State{}, err
	}
	plan, err := u.tx.Programme(ctx, id)
	if err != nil {
		return programme.State{}, err
	}
	if err := o.Validate(plan.Valid); err != nil {
		return programme.State{}, err
	}
	plan.QuotaOverrides = append(slices.Clone(plan.QuotaOverrides), o)
	if err := u.tx.PutProgramme(ctx, &plan); err != nil {
		return programme.State{}, err
	}
	e := programme.QuotaOverridden{Month: o.Month, Place: o.Place, PerMonth: o.PerMonth, Decision: o.Decision}
	if err := u.journal(ctx, fact{subject: programme.Subject(id), event: e, place: o.Place, why: o.Reason}); err != nil {
		return programme.State{}, err
	}
	assignments, err := u.tx.Assignments(ctx, programme.AssignmentQuery{Place: o.Place, During: o.Month.Period(), Statuses: inForce()})
	if err != nil {
		return programme.State{}, err
	}
	for _, official := range distinctOfficials(assignments) {
		if err := u.checkMonthPlan(ctx, official, o.Month); err != nil {
			return programme.State{}, err
		}
	}
	return plan, nil
}

func programmeReactions() map[string]reaction {
	return map[string]reaction{org.PlaceEnded{}.Kind(): followPlace}
}

// programmeRoutines start and end assignments and open the month plans.
func programmeRoutines() []routine {
	return []routine{
		{"assignments", func(ctx context.Context, u *unit) error {
			if err := u.startAssignments(ctx); err != nil {
				return err
			}
			return u.endAssignments(ctx)
		}},
		{"month_plans", func(ctx context.Context, u *unit) error { return u.openMonthPlans(ctx) }},
	}
}
