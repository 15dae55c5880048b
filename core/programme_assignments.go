package core

import (
	"context"
	"slices"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
)

// Assignment returns one assignment, or fault.ErrNotFound.
func (s *Programme) Assignment(ctx context.Context, id programme.AssignmentID) (programme.Assignment, error) {
	return s.u.tx.Assignment(ctx, id)
}

// Assignments returns the assignments that q selects, ordered by id.
func (s *Programme) Assignments(ctx context.Context, q programme.AssignmentQuery) ([]programme.Assignment, error) {
	return s.u.tx.Assignments(ctx, q)
}

// Propose proposes that an official look after a hamlet, by the programme
// office or the leader of the team (S7, model M1). Without Programme the one
// valid on the first day is meant; without an end it ends with the programme;
// an empty ID is filled in. The leader reads of it in the digest.
//
// Rules: programme.assignment.incomplete, .period, .outside, .place, .overlap,
// and .not_official for somebody who is no member of the programme.
func (s *Programme) Propose(ctx context.Context, a programme.Assignment) (programme.Assignment, error) {
	u := s.u
	if err := u.allow(ctx, ProposeAssignment, scope{person: a.Official, place: a.Place, team: a.Team}); err != nil {
		return programme.Assignment{}, err
	}
	plan, err := s.planOf(ctx, a)
	if err != nil {
		return programme.Assignment{}, err
	}
	place, err := u.dir.Place(ctx, a.Place)
	if err != nil {
		return programme.Assignment{}, err
	}
	if _, err := u.tx.Team(ctx, a.Team); err != nil {
		return programme.Assignment{}, err
	}
	if err := s.member(ctx, a.Official, a.Valid.From); err != nil {
		return programme.Assignment{}, err
	}
	others, err := u.tx.Assignments(ctx, programme.AssignmentQuery{Official: a.Official, Place: a.Place})
	if err != nil {
		return programme.Assignment{}, err
	}
	if a.ID == "" {
		a.ID = programme.AssignmentID(u.newID())
	}
	a.Version = 0
	if a, err = programme.Propose(a, plan, place, others); err != nil {
		return programme.Assignment{}, err
	}
	e := programme.AssignmentProposed{Official: a.Official, Place: a.Place, Team: a.Team, Valid: a.Valid}
	if err := s.keep(ctx, &a, e, ""); err != nil {
		return programme.Assignment{}, err
	}
	return a, u.tell(ctx, alert.AssignmentProposed(a)...)
}

func (s *Programme) planOf(ctx context.Context, a programme.Assignment) (programme.State, error) {
	if a.Programme != "" {
		return s.u.tx.Programme(ctx, a.Programme)
	}
	plan, err := s.u.plan(ctx, a.Valid.From)
	if err == nil && plan.ID == "" {
		return plan, fault.NotFound("programme", a.Valid.From.String())
	}
	return plan, err
}

// member checks that somebody takes part in the programme on the day.
func (s *Programme) member(ctx context.Context, who org.PersonID, on calendar.Date) error {
	roles, err := s.u.dir.Holdings(ctx, org.HoldingQuery{Person: who, On: on})
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(roles, func(h org.Holding) bool { return h.Role == org.Official || h.Role == org.TeamLeader }) {
		return fault.Broken("programme.assignment.not_official", "official",
			"On %[2]s %[1]s is no official of the programme; appoint the person first.",
			"Ngày %[2]s %[1]s chưa tham gia kế hoạch; cần bổ nhiệm trước.", who, on.VN())
	}
	return nil
}

// keep stores an assignment and journals what happened to it.
func (s *Programme) keep(ctx context.Context, a *programme.Assignment, e event.Event, why string) error {
	if err := s.u.tx.PutAssignment(ctx, a); err != nil {
		return err
	}
	return s.u.journal(ctx, fact{subject: programme.AssignmentSubject(a.ID), place: a.Place, event: e, why: why})
}

// Approval is one decision about a list of proposed assignments.
type Approval struct {
	Assignments []programme.AssignmentID
	Decision    string // number of the decision
	Waivers     map[programme.AssignmentID][]programme.Waiver
}

// Check returns what stands against each of the proposals if all of them were
// approved together: conflict rules of the programme, and a spread of hamlets
// per official beyond the policy. It changes nothing.
func (s *Programme) Check(ctx context.Context, ids []programme.AssignmentID) (map[programme.AssignmentID][]programme.Breach, error) {
	proposed, err := s.load(ctx, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[programme.AssignmentID][]programme.Breach)
	for _, a := range proposed {
		breaches, err := s.breaches(ctx, a, proposed)
		if err != nil {
			return nil, err
		}
		if len(breaches) > 0 {
			found[a.ID] = breaches
		}
	}
	return found, nil
}

func (s *Programme) load(ctx context.Context, ids []programme.AssignmentID) ([]programme.Assignment, error) {
	var all []programme.Assignment
	for _, id := range ids {
		a, err := s.u.tx.Assignment(ctx, id)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// breaches are the rules an assignment breaks, seen together with the others of
// the list.
func (s *Programme) breaches(ctx context.Context, a programme.Assignment, list []programme.Assignment) ([]programme.Breach, error) {
	u, on := s.u, a.Valid.From
	plan, err := u.tx.Programme(ctx, a.Programme)
	if err != nil {
		return nil, err
	}
	line, err := org.Line(ctx, u.dir, a.Place, on)
	if err != nil {
		return nil, err
	}
	var roles []org.Holding
	for _, place := range line {
		held, err := u.dir.Holdings(ctx, org.HoldingQuery{Place: place, On: on})
		if err != nil {
			return nil, err
		}
		roles = append(roles, held...)
	}
	spread, err := s.spread(ctx, plan, a, list)
	return append(plan.Conflicts(a.Official, line, roles), spread...), err
}

// spread is a breach where the assignment makes its official one of the most
// loaded, further from the least loaded than the policy allows.
func (s *Programme) spread(ctx context.Context, plan programme.State, a programme.Assignment, list []programme.Assignment) ([]programme.Breach, error) {
	on := calendar.Period{From: a.Valid.From, To: a.Valid.From}
	all, err := s.u.tx.Assignments(ctx, programme.AssignmentQuery{During: on, Statuses: inForce()})
	if err != nil {
		return nil, err
	}
	for _, other := range list {
		if other.Status == programme.Proposed {
			other.Status = programme.Approved
			all = append(all, other)
		}
	}
	book, err := s.u.rules(ctx)
	if err != nil {
		return nil, err
	}
	loads := plan.Loads(all, a.Valid.From)
	i := slices.IndexFunc(loads, func(l programme.Load) bool { return l.Official == a.Official })
	if i < 0 || loads[i].Lighter(loads[0]) {
		return nil, nil
	}
	return programme.CheckSpread(loads, book.Quota), nil
}

// Approve decides a list of proposals together, by the programme's leader: all
// of it or nothing. Every breach that Check finds has to be waived with a reason
// ("programme.assignment.conflict"). Official, team leader and hamlet head are
// told at once with the number of the decision; what begins today or earlier
// starts at once.
func (s *Programme) Approve(ctx context.Context, d Approval) ([]programme.Assignment, error) {
	u := s.u
	if err := u.allow(ctx, ApproveAssignment, scope{}); err != nil {
		return nil, err
	}
	list, err := s.load(ctx, d.Assignments)
	if err != nil {
		return nil, err
	}
	var faults fault.List
	decided := slices.Clone(list)
	for i := range decided {
		breaches, err := s.breaches(ctx, list[i], list)
		if err != nil {
			return nil, err
		}
		faults.Add(decided[i].Approve(d.Decision, breaches, d.Waivers[list[i].ID]))
		if list[i].Status == programme.Proposed { // who has left since is not decided about
			faults.Add(s.member(ctx, list[i].Official, list[i].Valid.From))
		}
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	for i := range decided {
		if err := s.announce(ctx, &decided[i]); err != nil {
			return nil, err
		}
	}
	return decided, nil
}

// announce keeps a decision, tells those it concerns and starts what has begun.
func (s *Programme) announce(ctx context.Context, a *programme.Assignment) error {
	e := programme.AssignmentApproved{Decision: a.Decision}
	for _, w := range a.Waivers {
		e.Waived = append(e.Waived, w.Rule)
	}
	if err := s.keep(ctx, a, e, ""); err != nil {
		return err
	}
	if err := s.u.tell(ctx, alert.AssignmentApproved(*a)...); err != nil {
		return err
	}
	if a.Valid.From.After(s.u.today) {
		return nil
	}
	return s.start(ctx, a)
}

// Withdraw takes a proposal back before it is decided, by who may propose it,
// with a reason. A decision is the leader's to take back: see Cancel.
func (s *Programme) Withdraw(ctx context.Context, id programme.AssignmentID, reason string) (programme.Assignment, error) {
	u := s.u
	a, err := u.tx.Assignment(ctx, id)
	if err != nil {
		return programme.Assignment{}, err
	}
	if err := u.allow(ctx, ProposeAssignment, scope{person: a.Official, place: a.Place, team: a.Team}); err != nil {
		return programme.Assignment{}, err
	}
	if a.Status != programme.Proposed {
		return programme.Assignment{}, fault.Broken("programme.assignment.decided", "status",
			"Assignment %[1]s is %[2]s; only a proposal is withdrawn.", "Phân công %[1]s đang ở trạng thái %[2]s; chỉ rút được đề xuất chưa duyệt.", id, a.Status)
	}
	if err := a.Cancel(reason); err != nil {
		return programme.Assignment{}, err
	}
	if err := u.hush(ctx, notify.Query{Moot: alert.AssignmentKey(id)}, "proposal withdrawn"); err != nil {
		return programme.Assignment{}, err
	}
	return a, s.keep(ctx, &a, programme.AssignmentCancelled{}, reason)
}

// Cancel takes a proposal or a decision back before it begins, by the
// programme's leader, with a reason. Who was told of the decision is told.
func (s *Programme) Cancel(ctx context.Context, id programme.AssignmentID, reason string) (programme.Assignment, error) {
	u := s.u
	a, err := u.tx.Assignment(ctx, id)
	if err != nil {
		return programme.Assignment{}, err
	}
	if err := u.allow(ctx, ApproveAssignment, scope{person: a.Official, place: a.Place, team: a.Team}); err != nil {
		return programme.Assignment{}, err
	}
	announced := a.Status == programme.Approved
	if err := a.Cancel(reason); err != nil {
		return programme.Assignment{}, err
	}
	if err := u.hush(ctx, notify.Query{Moot: alert.AssignmentKey(id)}, "assignment cancelled"); err != nil {
		return programme.Assignment{}, err
	}
	if err := s.keep(ctx, &a, programme.AssignmentCancelled{}, reason); err != nil || !announced {
		return a, err
	}
	return a, u.tell(ctx, alert.AssignmentCancelled(a)...)
}

// Staffing says who has no hamlet and which hamlet has nobody on a day, and how
// the hamlets are spread (S7). Who counts as an official holds that role that
// day; what is visited is the programme's: see programme.State.Kinds.
func (s *Programme) Staffing(ctx context.Context, on calendar.Date) (programme.Gaps, error) {
	u := s.u
	plan, err := u.plan(ctx, on)
	if err != nil {
		return programme.Gaps{}, err
	}
	people, err := u.work.Org.Holders(ctx, org.HoldingQuery{Role: org.Official, On: on})
	if err != nil {
		return programme.Gaps{}, err
	}
	tree, err := u.work.Org.Tree(ctx, on)
	if err != nil {
		return programme.Gaps{}, err
	}
	assignments, err := u.tx.Assignments(ctx, programme.AssignmentQuery{During: calendar.Period{From: on, To: on}})
	if err != nil {
		return programme.Gaps{}, err
	}
	var officials []org.PersonID
	for _, p := range people {
		officials = append(officials, p.ID)
	}
	gaps := programme.Staffing(on, officials, tree.Outreach(plan.Kinds...), assignments)
	gaps.Loads = plan.Loads(assignments, on)
	return gaps, nil
}
