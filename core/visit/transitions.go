package visit

import (
	"slices"

	"github.com/huongvecoso/outreach/core/fault"
)

// Transition is one arrow of the state machine.
type Transition struct{ From, To Status }

// Transitions lists every arrow of the visit's state machine, in the order in
// which the package documentation draws them.
func Transitions() []Transition {
	return []Transition{
		{Planned, Planned}, {Planned, AtRisk}, {Planned, Held}, {Planned, Reported}, {Planned, Missed}, {Planned, Cancelled},
		{AtRisk, Planned}, {AtRisk, Held}, {AtRisk, Reported}, {AtRisk, Missed}, {AtRisk, Cancelled},
		{Held, Reported},
		{Reported, Verified}, {Reported, Unconfirmed}, {Reported, Disputed},
		{Unconfirmed, Verified}, {Unconfirmed, Disputed},
		{Verified, Disputed},
		{Disputed, Verified}, {Disputed, Refused},
		{Missed, Reported},
	}
}

// move takes one arrow, or says which arrows leave the visit's state.
func (s *State) move(to Status) error {
	if slices.Contains(Transitions(), Transition{s.Status, to}) {
		s.Status = to
		return nil
	}
	return fault.Broken("visit.state.transition", "status", "a visit that is %s cannot become %s", "buổi đang ở trạng thái %s không thể chuyển sang %s", s.Status, to)
}

// Open reports whether the visit is still ahead: planned or at risk.
func (s State) Open() bool { return s.Status == Planned || s.Status == AtRisk }

// Claimed reports whether the official says that the visit took place and
// nobody has decided otherwise.
func (s State) Claimed() bool {
	switch s.Status {
	case Reported, Verified, Unconfirmed, Disputed:
		return true
	}
	return false
}

// On is the day the visit took place, or is planned for as long as it did not.
func (s State) On() Date {
	if s.Happened.IsZero() {
		return s.Planned
	}
	return s.Happened
}

// Holder is who held the visit, or has to as long as nobody did.
func (s State) Holder() PersonID {
	if s.HeldBy == "" {
		return s.Official
	}
	return s.HeldBy
}
