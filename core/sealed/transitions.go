package sealed

import (
	"slices"

	"github.com/huongvecoso/outreach/core/fault"
)

// Transition is one arrow of the state machine.
type Transition struct{ From, To Status }

// Transitions lists every arrow of a sealed case's state machine (model M6), in
// the order in which the package documentation draws them.
func Transitions() []Transition {
	return []Transition{
		{Received, Transferred},
		{Transferred, Transferred},
		{Transferred, Acknowledged},
		{Acknowledged, Transferred},
		{Acknowledged, Resolved},
		{Acknowledged, NotAccepted},
		{Resolved, Erased},
		{NotAccepted, Erased},
	}
}

func (c *Case) move(to Status) error {
	if err := c.check(to); err != nil {
		return err
	}
	c.Status = to
	return nil
}

// check says whether an arrow leads from the case's state to another one.
func (c *Case) check(to Status) error {
	if slices.Contains(Transitions(), Transition{c.Status, to}) {
		return nil
	}
	return fault.Broken("sealed.state.transition", "status", "a case that is %s cannot become %s", "vụ việc đang ở trạng thái %s không thể chuyển sang %s", c.Status, to)
}
