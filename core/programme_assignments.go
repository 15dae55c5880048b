package core

import (
	"context"
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
	spread, err := s.spread(ctx, a, list)
	return append(plan.Conflicts(a.Official, line, roles), spread...), err
}

// spread is a breach where the assignment makes its official one of the most
// loaded, further from the least loaded than the policy allows.
func (s *Programme) spread(ctx context.Context, a programme.Assignment, list []programme.Assignment) ([]programme.Breach, error) {
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
	loads := programme.Loads(all, a.Valid.From)
	i := slices.IndexFunc(loads, func(l programme.Load) bool { return l.Official == a.Official })
	if i < 0 || loads[i].Hamlets < loads[0].Hamlets {
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

// End revokes an active assignment, by the programme's leader: last is its last
// day, today or earlier. What is open in the hamlet is listed and goes over to
// the successor, who may be left empty where another assignment names one, or
// nobody is known yet (see Receive). Both officials get the list and sign it;
// missing signatures come to the team leader.
func (s *Programme) End(ctx context.Context, id programme.AssignmentID, last calendar.Date, successor org.PersonID, reason string) (programme.Assignment, error) {
	a, err := s.u.tx.Assignment(ctx, id)
	if err != nil {
		return programme.Assignment{}, err
	}
	if err := s.u.allow(ctx, ApproveAssignment, scope{person: a.Official, place: a.Place, team: a.Team}); err != nil {
		return programme.Assignment{}, err
	}
	return s.end(ctx, a, last, successor, reason)
}

func (s *Programme) end(ctx context.Context, a programme.Assignment, last calendar.Date, successor org.PersonID, reason string) (programme.Assignment, error) {
	u := s.u
	next, stays, err := s.next(ctx, a, last)
	if err != nil {
		return programme.Assignment{}, err
	}
	if successor == "" {
		successor = next
	}
	var open []programme.HandoverItem
	if !stays {
		if open, err = s.open(ctx, a, last); err != nil {
			return programme.Assignment{}, err
		}
	} else {
		successor = a.Official
	}
	if err := a.End(last, u.today, reason, successor, open); err != nil {
		return programme.Assignment{}, err
	}
	if err := u.release(ctx, programme.AssignmentSubject(a.ID), duty.Survey); err != nil {
		return programme.Assignment{}, err
	}
	if err := s.keep(ctx, &a, programme.AssignmentEnded{Last: last, Successor: successor, Open: len(open)}, reason); err != nil || stays {
		return a, err
	}
	return a, s.handOver(ctx, a)
}

// next finds who looks after the hamlet after the last day, and whether it is
// the same official under a further assignment: then nothing is handed over. Of
// several officials it is the one who begins on the next day.
func (s *Programme) next(ctx context.Context, a programme.Assignment, last calendar.Date) (successor org.PersonID, stays bool, err error) {
	if a.Continues != "" {
		return "", true, nil
	}
	after := last.Add(1)
	others, err := s.u.tx.Assignments(ctx, programme.AssignmentQuery{
		Place: a.Place, During: calendar.Period{From: after, To: after}, Statuses: []programme.AssignmentStatus{programme.Approved, programme.Active},
	})
	if err != nil {
		return "", false, err
	}
	for _, o := range others {
		switch {
		case o.ID == a.ID:
		case o.Official == a.Official:
			return "", true, nil
		case successor == "" || o.Valid.From == after:
			successor = o.Official
		}
	}
	return successor, false, nil
}

// open lists what goes over with a hamlet: open issues the official follows
// there and visits still planned.
func (s *Programme) open(ctx context.Context, a programme.Assignment, last calendar.Date) ([]programme.HandoverItem, error) {
	issues, err := s.u.tx.Issues(ctx, issue.Query{Place: a.Place, Owner: a.Official})
	if err != nil {
		return nil, err
	}
	var items []programme.HandoverItem
	for _, i := range issues {
		if i.Open() {
			items = append(items, programme.HandoverItem{Type: "issue", ID: string(i.ID), Label: i.Code})
		}
	}
	visits, err := s.u.tx.Visits(ctx, visit.Query{Place: a.Place, Official: a.Official, During: calendar.Period{From: last.Add(1)}})
	if err != nil {
		return nil, err
	}
	for _, v := range visits {
		if v.Open() {
			items = append(items, programme.HandoverItem{Type: "visit", ID: string(v.ID), Label: v.Planned.VN()})
		}
	}
	return items, nil
}

// handOver passes the promises on, tells both officials and opens the term to sign.
func (s *Programme) handOver(ctx context.Context, a programme.Assignment) error {
	u := s.u
	if a.Successor != "" {
		if err := u.work.Issues.handOver(ctx, a.Place, a.Official, a.Successor, a.Team); err != nil {
			return err
		}
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	_, err = u.owe(ctx, duty.Term{
		Kind: duty.Handover, Subject: programme.AssignmentSubject(a.ID), Place: a.Place,
		Holder: org.Party{Role: org.Official, Person: a.Official, Team: a.Team}, Start: u.today, Days: book.Policy.Visits.HandoverDays,
	})
	if err != nil {
		return err
	}
	return u.tell(ctx, alert.AssignmentEnded(a)...)
}

// Receive names who takes an ended assignment over, where nobody was known at
// its end: by the programme's leader. The open issues become the successor's.
func (s *Programme) Receive(ctx context.Context, id programme.AssignmentID, successor org.PersonID) (programme.Assignment, error) {
	u := s.u
	a, err := u.tx.Assignment(ctx, id)
	if err != nil {
		return programme.Assignment{}, err
	}
	if err := u.allow(ctx, ApproveAssignment, scope{person: a.Official, place: a.Place, team: a.Team}); err != nil {
		return programme.Assignment{}, err
	}
	if err := s.member(ctx, successor, u.today); err != nil {
		return programme.Assignment{}, err
	}
	before := a.Successor
	if err := a.Receive(successor); err != nil {
		return programme.Assignment{}, err
	}
	if err := s.keep(ctx, &a, programme.HandoverReceived{Successor: successor}, ""); err != nil {
		return programme.Assignment{}, err
	}
	from := a.Official
	if before != "" {
		from = before // the issues have gone there already
	}
	if err := u.work.Issues.handOver(ctx, a.Place, from, successor, a.Team); err != nil {
		return programme.Assignment{}, err
	}
	return a, u.tell(ctx, alert.AssignmentEnded(a)...)
}

// SignHandover is the word of one of the two officials that the hamlet was
// handed over. With the second signature the term is met.
func (s *Programme) SignHandover(ctx context.Context, id programme.AssignmentID) (programme.Assignment, error) {
	u := s.u
	a, err := u.tx.Assignment(ctx, id)
	if err != nil {
		return programme.Assignment{}, err
	}
	if err := u.allow(ctx, SignHandover, scope{person: u.by.Person}); err != nil {
		return programme.Assignment{}, err
	}
	if err := a.Sign(u.by.Person); err != nil {
		return programme.Assignment{}, err
	}
	if err := s.keep(ctx, &a, programme.HandoverSigned{By: u.by.Person, Done: a.HandedOver()}, ""); err != nil || !a.HandedOver() {
		return a, err
	}
	return a, u.meet(ctx, programme.AssignmentSubject(id), u.today, duty.Handover)
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
	return programme.Staffing(on, officials, tree.Outreach(plan.Kinds...), assignments), nil
}

// start makes a decided assignment active: the official owes the survey of the
// hamlet (S13) and learns what is open there.
func (s *Programme) start(ctx context.Context, a *programme.Assignment) error {
	u := s.u
	if err := a.Start(u.today); err != nil {
		return err
	}
	if err := s.keep(ctx, a, programme.AssignmentStarted{Official: a.Official, Place: a.Place}, ""); err != nil {
		return err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	survey, err := u.owe(ctx, duty.Term{
		Kind: duty.Survey, Subject: programme.AssignmentSubject(a.ID), Place: a.Place,
		Holder: org.Party{Role: org.Official, Person: a.Official, Team: a.Team}, Start: a.Valid.From, Days: book.Policy.Visits.SurveyDays,
	})
	if err != nil {
		return err
	}
	issues, err := u.tx.Issues(ctx, issue.Query{Place: a.Place})
	if err != nil {
		return err
	}
	open := slices.DeleteFunc(issues, func(i issue.State) bool { return !i.Open() })
	return u.tell(ctx, alert.AssignmentStarted(*a, survey.Due, len(open))...)
}

// startAssignments starts every decided assignment whose first day has come.
func (u *unit) startAssignments(ctx context.Context) error {
	decided, err := u.tx.Assignments(ctx, programme.AssignmentQuery{Statuses: []programme.AssignmentStatus{programme.Approved}})
	if err != nil {
		return err
	}
	for _, a := range decided {
		if a.Valid.From.After(u.today) {
			continue
		}
		if err := u.work.Programme.start(ctx, &a); err != nil {
			return err
		}
	}
	return nil
}

// endAssignments ends every active assignment whose last day is over.
func (u *unit) endAssignments(ctx context.Context) error {
	active, err := u.tx.Assignments(ctx, programme.AssignmentQuery{Statuses: []programme.AssignmentStatus{programme.Active}})
	if err != nil {
		return err
	}
	for _, a := range active {
		if a.Valid.Open() || !a.Valid.To.Before(u.today) {
			continue
		}
		if _, err := u.work.Programme.end(ctx, a, a.Valid.To, "", "hết thời hạn phân công"); err != nil {
			return err
		}
	}
	return nil
}

// followPlace lets assignments follow a place that ended: to its one successor
// by themselves, because promises follow the place. Of a place that was divided
// or dissolved somebody has to decide first
// ("programme.assignment.place_ended").
func followPlace(ctx context.Context, u *unit, r event.Record, e event.Event) error {
	ended, ok := e.(org.PlaceEnded)
	if !ok {
		return nil
	}
	held, err := u.tx.Assignments(ctx, programme.AssignmentQuery{
		Place: org.PlaceID(r.Subject.ID), During: calendar.Period{From: ended.On},
		Statuses: []programme.AssignmentStatus{programme.Proposed, programme.Approved, programme.Active},
	})
	if err != nil {
		return err
	}
	for _, a := range held {
		if len(ended.To) != 1 {
			return fault.Broken("programme.assignment.place_ended", "place",
				"Assignment %[1]s runs beyond the end of place %[2]s, which nothing takes over whole; end the assignment or assign a part first.",
				"Phân công %[1]s còn hiệu lực sau khi địa bàn %[2]s kết thúc mà không có địa bàn kế thừa trọn vẹn; cần kết thúc hoặc phân công lại trước.", a.ID, r.Subject.ID)
		}
		if err := u.work.Programme.rehome(ctx, a, ended.To[0], ended.On); err != nil {
			return err
		}
	}
	return nil
}

// rehome moves an assignment to the place that took its place over. What has
// begun is cut at the day and goes on as a further assignment by the same
// decision; what has not begun yet only changes its place.
func (s *Programme) rehome(ctx context.Context, a programme.Assignment, to org.PlaceID, on calendar.Date) error {
	const why = "địa bàn kế thừa"
	shared, err := s.u.tx.Assignments(ctx, programme.AssignmentQuery{
		Official: a.Official, Place: to, During: a.Valid, Statuses: []programme.AssignmentStatus{programme.Proposed, programme.Approved, programme.Active},
	})
	if err != nil {
		return err
	}
	if !a.Valid.From.Before(on) {
		if len(shared) > 0 { // the official has that place already
			if err := a.Cancel(why); err != nil {
				return err
			}
		} else {
			a.Place = to
		}
		return s.keep(ctx, &a, programme.AssignmentMoved{To: to, Next: a.ID}, why)
	}
	goesOn := programme.AssignmentID(s.u.newID())
	next := a.Follow(goesOn, to, on)
	if len(shared) > 0 {
		a.Continues = shared[0].ID
	}
	if err := s.keep(ctx, &a, programme.AssignmentMoved{To: to, Next: a.Continues}, why); err != nil {
		return err
	}
	if len(shared) == 0 {
		if err := s.keep(ctx, &next, programme.AssignmentApproved{Decision: next.Decision}, why); err != nil {
			return err
		}
	}
	if on.After(s.u.today) {
		return nil // the routine of that day starts the one and ends the other
	}
	if _, err := s.end(ctx, a, a.Valid.To, "", why); err != nil || len(shared) > 0 {
		return err
	}
	return s.start(ctx, &next)
}
