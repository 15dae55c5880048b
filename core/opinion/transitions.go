package opinion

import (
	"slices"

	"github.com/huongvecoso/outreach/core/fault"
)

// Transition is one arrow of the state machine.
type Transition struct{ From, To Status }

// Transitions lists every arrow of the opinion's state machine (model M3), in the
// order in which the package documentation draws them.
func Transitions() []Transition {
	return []Transition{
		{Captured, AnsweredOnSpot},
		{Captured, Recorded},
		{Captured, Guided},
		{Captured, Linked},
		{Captured, Withdrawn},
		{Recorded, Guided},
		{Recorded, Linked},
		{Recorded, Withdrawn},
		{AnsweredOnSpot, Linked},
		{AnsweredOnSpot, Withdrawn},
		{Guided, Withdrawn},
		{Linked, Withdrawn},
	}
}

// check says whether an arrow leads from the opinion's state to another one.
func (s *State) check(to Status) error {
	if slices.Contains(Transitions(), Transition{s.Status, to}) {
		return nil
	}
	return fault.Broken("opinion.state.transition", "status", "an opinion that is %s cannot become %s", "ý kiến đang ở trạng thái %s không thể chuyển sang %s", s.Status, to)
}
