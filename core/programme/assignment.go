package programme

import (
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Transition is one arrow of the state machine of an assignment.
type Transition struct{ From, To AssignmentStatus }

// Transitions is the state machine of an assignment (model M1); the package
// documentation draws it.
func Transitions() []Transition {
	return []Transition{
		{Proposed, Approved}, {Proposed, Cancelled},
		{Approved, Active}, {Approved, Cancelled},
		{Active, Ended},
	}
}

// move takes one arrow, or says that there is none.
func (a *Assignment) move(to AssignmentStatus) error {
	if slices.Contains(Transitions(), Transition{a.Status, to}) {
		a.Status = to
		return nil
	}
	return fault.Broken("programme.assignment.transition", "status",
		"Assignment %[1]s is %[2]s and cannot become %[3]s.",
		"Phân công %[1]s đang ở trạng thái %[2]s, không thể chuyển sang %[3]s.", a.ID, a.Status, to)
}

// Open reports whether the assignment is proposed, decided or running.
func (a Assignment) Open() bool {
	return a.Status == Proposed || a.Status == Approved || a.Status == Active
}

// Propose checks a proposal and returns it as an assignment with status
// proposed. Official, place and a valid period are required, the period has to
// lie within the programme's ("programme.assignment.outside"), the place has to
// exist all through it ("programme.assignment.place"), and the official must
// not have the same place already on one of its days
// ("programme.assignment.overlap"). A proposal with an open end gets the
// programme's last day.
func Propose(a Assignment, plan State, place org.Place, others []Assignment) (Assignment, error) {
	if a.Valid.Open() {
		a.Valid.To = plan.Valid.To
	}
	a.Status, a.Programme = Proposed, plan.ID
	a.Decision, a.EndReason, a.Handover, a.Signed, a.Successor = "", "", nil, nil, ""
	var faults fault.List
	if a.ID == "" || a.Official == "" || a.Place == "" || a.Team == "" {
		faults.Add(fault.Broken("programme.assignment.incomplete", "official",
			"An assignment needs an id, an official, a place and a team.",
			"Phân công phải có mã, người được phân công, địa bàn và tổ công tác."))
	}
	switch {
	case !a.Valid.Valid():
		faults.Add(fault.Broken("programme.assignment.period", "valid",
			"The assignment needs a first day and no last day before it.", "Phân công phải có ngày bắt đầu và không kết thúc trước ngày đó."))
	case !covers(plan.Valid, a.Valid):
		faults.Add(fault.Broken("programme.assignment.outside", "valid",
			"The assignment %[1]s lies outside the programme, which runs %[2]s.",
			"Thời gian phân công %[1]s nằm ngoài thời gian của kế hoạch, %[2]s.", a.Valid, plan.Valid))
	case !place.Exists(a.Valid):
		faults.Add(fault.Broken("programme.assignment.place", "place",
			"Place %[1]s does not exist on every day of %[2]s.", "Địa bàn %[1]s không tồn tại trong suốt %[2]s.", a.Place, a.Valid))
	}
	faults.Add(a.checkOverlap(others))
	return a, faults.Err()
}

// covers reports whether outer holds every day of inner.
func covers(outer, inner calendar.Period) bool {
	both, ok := outer.Intersect(inner)
	return ok && both == inner
}

// checkOverlap refuses a second assignment of the same official to the same
// place. Several officials may share a place.
func (a Assignment) checkOverlap(others []Assignment) error {
	for _, o := range others {
		if o.ID != a.ID && o.Official == a.Official && o.Place == a.Place && o.Status != Cancelled && o.Valid.Overlaps(a.Valid) {
			return fault.Broken("programme.assignment.overlap", "valid",
				"%[1]s has place %[2]s already, by assignment %[3]s, %[4]s.",
				"%[1]s đã được phân công địa bàn %[2]s theo %[3]s, %[4]s.", a.Official, a.Place, o.ID, o.Valid)
		}
	}
	return nil
}

// Approve decides a proposal. Every breach has to be waived with a reason
// ("programme.assignment.conflict"; the violation names the rules), and the
// decision has a number ("programme.assignment.decision").
func (a *Assignment) Approve(decision string, breaches []Breach, waivers []Waiver) error {
	if strings.TrimSpace(decision) == "" {
		return fault.Broken("programme.assignment.decision", "decision",
			"An assignment is approved by a decision; give its number.", "Phân công phải theo quyết định; cần ghi số quyết định.")
	}
	var kept []Waiver
	var faults fault.List
	for _, b := range breaches {
		i := slices.IndexFunc(waivers, func(w Waiver) bool { return w.Rule == b.Rule && strings.TrimSpace(w.Reason) != "" })
		if i < 0 {
			faults.Add(fault.Broken("programme.assignment.conflict", b.Rule,
				"%[1]s: assignment %[2]s needs a waiver of the rule %[3]s with a reason. %[4]s",
				"%[1]s: phân công %[2]s vướng quy định %[3]s, phải ghi lý do nếu vẫn duyệt. %[5]s", a.Official, a.ID, b.Rule, b.En, b.Vi))
			continue
		}
		kept = append(kept, waivers[i])
	}
	if err := faults.Err(); err != nil {
		return err
	}
	if err := a.move(Approved); err != nil {
		return err
	}
	a.Decision, a.Waivers = strings.TrimSpace(decision), kept
	return nil
}

// Start makes a decided assignment active once its first day has come.
func (a *Assignment) Start(today calendar.Date) error {
	if today.Before(a.Valid.From) {
		return fault.Broken("programme.assignment.early", "valid",
			"Assignment %[1]s begins on %[2]s.", "Phân công %[1]s bắt đầu từ %[2]s.", a.ID, a.Valid.From.VN())
	}
	return a.move(Active)
}

// End ends an active assignment: last is its last day, today or earlier, and
// not before it began ("programme.assignment.end"). What is open in the hamlet
// goes over by the handover list; to nobody where no successor is known yet.
func (a *Assignment) End(last, today calendar.Date, reason string, successor org.PersonID, open []HandoverItem) error {
	if !a.Valid.Contains(last) || last.After(today) {
		return fault.Broken("programme.assignment.end", "last",
			"Assignment %[1]s runs %[2]s; its last day is one of these and not in the future.",
			"Phân công %[1]s có hiệu lực %[2]s; ngày cuối phải nằm trong đó và không ở tương lai.", a.ID, a.Valid)
	}
	if strings.TrimSpace(reason) == "" {
		return noEndReason()
	}
	if err := a.move(Ended); err != nil {
		return err
	}
	a.Valid.To, a.EndReason, a.Successor, a.Handover = last, reason, successor, open
	return nil
}

// Curtail lets an assignment that is decided or runs end earlier than it says,
// by a day that is still to come: last is one of its days, today or later
// ("programme.assignment.curtail"), and there is a reason. It ends by itself then.
func (a *Assignment) Curtail(last, today calendar.Date, reason string, successor org.PersonID) error {
	switch {
	case strings.TrimSpace(reason) == "":
		return noEndReason()
	case a.Status != Approved && a.Status != Active:
		return a.move(Ended)
	case !a.Valid.Contains(last) || last.Before(today):
		return fault.Broken("programme.assignment.curtail", "last",
			"Assignment %[1]s runs %[2]s; a day to come on which it shall end is one of these.",
			"Phân công %[1]s có hiệu lực %[2]s; ngày sẽ kết thúc phải nằm trong đó và chưa qua.", a.ID, a.Valid)
	}
	a.Valid.To, a.EndReason, a.Successor = last, reason, successor
	return nil
}

func noEndReason() error {
	return fault.Broken("programme.assignment.reason", "reason", "Say why the assignment ends.", "Phải ghi lý do kết thúc phân công.")
}

// Cancel takes a proposal or a decision back before it has begun, with a reason.
func (a *Assignment) Cancel(reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fault.Broken("programme.assignment.reason", "reason", "Say why the assignment is cancelled.", "Phải ghi lý do hủy phân công.")
	}
	if err := a.move(Cancelled); err != nil {
		return err
	}
	a.EndReason = reason
	return nil
}

// Follow cuts an assignment that has begun to the days before its place ended,
// and returns the one by which it goes on at the place that took it over: by the
// same decision, from that day on.
func (a *Assignment) Follow(id AssignmentID, to org.PlaceID, on calendar.Date) Assignment {
	next := *a
	next.ID, next.Version, next.Place, next.Status, next.Valid.From = id, 0, to, Approved, on
	if a.Status == Proposed {
		next.Status = Proposed
	}
	a.Valid.To, a.Continues = on.Add(-1), id
	return next
}

// Receive names who takes an ended assignment over, where nobody was known at
// its end, or somebody else instead of who was. A handover to somebody that has
// been signed does not change hands any more ("programme.handover.closed").
func (a *Assignment) Receive(successor org.PersonID) error {
	if a.Status != Ended || a.Continues != "" || len(a.Signed) > 0 && a.Successor != "" {
		return fault.Broken("programme.handover.closed", "successor",
			"Assignment %s is not open to a new successor.", "Phân công %s không còn thay được người nhận bàn giao.", a.ID)
	}
	a.Successor, a.Custodian = successor, ""
	return nil
}

// GoOn ties an assignment that ended without a successor to the one by which
// the same official goes on at the hamlet: nothing is handed over.
func (a *Assignment) GoOn(next AssignmentID) {
	a.Successor, a.Custodian, a.Continues = a.Official, "", next
}

// Awaits reports whether an ended assignment waits for a successor.
func (a Assignment) Awaits() bool { return a.Status == Ended && a.Successor == "" && a.Continues == "" }

// Sign is the word of one of the two officials that the handover took place.
func (a *Assignment) Sign(who org.PersonID) error {
	switch {
	case a.Status != Ended:
		return fault.Broken("programme.handover.not_ended", "status",
			"Assignment %s has not ended; there is nothing to hand over yet.", "Phân công %s chưa kết thúc nên chưa bàn giao.", a.ID)
	case who != a.Official && (who != a.Successor || who == ""):
		return fault.Broken("programme.handover.signer", "person",
			"The handover of %s is signed by who leaves and by who takes over.", "Bàn giao của %s do người giao và người nhận ký.", a.ID)
	case slices.Contains(a.Signed, who):
		return fault.Broken("programme.handover.signed", "person", "%[1]s has signed the handover of %[2]s already.", "%[1]s đã ký bàn giao của %[2]s.", who, a.ID)
	}
	a.Signed = append(a.Signed, who)
	return nil
}

// HandedOver reports whether everybody who has to sign has signed. An
// assignment that ended without a successor waits for one.
func (a Assignment) HandedOver() bool {
	return a.Status == Ended && slices.Contains(a.Signed, a.Official) && a.Successor != "" && slices.Contains(a.Signed, a.Successor)
}

// Validate returns the faults of a team.
func (t Team) Validate() error {
	var faults fault.List
	if t.ID == "" || t.Programme == "" || strings.TrimSpace(t.Code) == "" || strings.TrimSpace(t.Name) == "" {
		faults.Add(fault.Broken("programme.team.incomplete", "name",
			"A team needs an id, a programme, a code and a name.", "Tổ công tác phải có mã định danh, kế hoạch, ký hiệu và tên."))
	}
	if !t.Valid.Valid() {
		faults.Add(fault.Broken("programme.team.period", "valid",
			"A team needs a first day and no last day before it.", "Tổ công tác phải có ngày bắt đầu và không kết thúc trước ngày đó."))
	}
	return faults.Err()
}

// Outlasts makes sure that none of the assignments goes on after the team's last
// day; those that do have to be ended, withdrawn or given to another team first.
func (t Team) Outlasts(assignments []Assignment) error {
	if t.Valid.To.IsZero() {
		return nil
	}
	for _, a := range assignments {
		if a.Valid.To.IsZero() || a.Valid.To.After(t.Valid.To) {
			return fault.Broken("programme.team.assigned", "valid.to",
				"Assignment %[1]s of team %[2]s goes on after %[3]s; end or withdraw it first, or let the team end later.",
				"Phân công %[1]s của tổ %[2]s còn hiệu lực sau ngày %[3]s; cần kết thúc hoặc rút phân công trước, hoặc để tổ kết thúc muộn hơn.",
				a.ID, t.Code, t.Valid.To.VN())
		}
	}
	return nil
}
