package issue

import (
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// Transition is one arrow of the state machine.
type Transition struct{ From, To Status }

// Transitions lists every arrow of the issue's state machine (model M4), in the
// order in which the package documentation draws them.
func Transitions() []Transition {
	return []Transition{
		{Registered, Triaged},
		{Registered, Linked},
		{Registered, Closed},
		{Triaged, Triaged},
		{Triaged, Referred},
		{Triaged, Linked},
		{Triaged, Closed},
		{Referred, Returned},
		{Referred, OnHold},
		{Referred, AnswerDrafted},
		{Referred, Linked},
		{Referred, Closed},
		{Returned, Triaged},
		{Returned, Arbitration},
		{Arbitration, Referred},
		{Arbitration, Linked},
		{Arbitration, Closed},
		{OnHold, Referred},
		{OnHold, Linked},
		{OnHold, Closed},
		{AnswerDrafted, AnswerDrafted},
		{AnswerDrafted, FeedbackDue},
		{AnswerDrafted, Linked},
		{AnswerDrafted, Closed},
		{FeedbackDue, FeedbackGiven},
		{FeedbackDue, Closed},
		{FeedbackGiven, AnswerDrafted},
		{FeedbackGiven, Referred},
		{FeedbackGiven, Appealed},
		{FeedbackGiven, Closed},
		{Appealed, ClosedFinal},
		{Appealed, Closed},
		{Linked, Registered},
		{Linked, Triaged},
		{Linked, Referred},
		{Linked, Arbitration},
		{Linked, AnswerDrafted},
		{Linked, FeedbackDue},
		{Linked, Closed},
	}
}

// move takes one arrow on a day and writes down who has the matter in hand from
// then on.
func (s *State) move(to Status, on calendar.Date) error {
	if err := s.check(to); err != nil {
		return err
	}
	s.Status = to
	s.pass(on)
	return nil
}

// check says whether an arrow leads from the issue's state to another one.
func (s *State) check(to Status) error {
	if slices.Contains(Transitions(), Transition{s.Status, to}) {
		return nil
	}
	return fault.Broken("issue.state.transition", "status", "an issue that is %s cannot become %s", "vấn đề đang ở trạng thái %s không thể chuyển sang %s", s.Status, to)
}

// Open reports whether something is still owed to the people: the issue is
// neither closed nor carried by another one.
func (s State) Open() bool {
	switch s.Status {
	case Closed, ClosedFinal, Linked:
		return false
	}
	return true
}

// Unanswered reports whether no answer has been approved in the current round:
// the matter is still with those who have to handle it.
func (s State) Unanswered() bool {
	switch s.Status {
	case Registered, Triaged, Referred, Returned, Arbitration, OnHold, AnswerDrafted:
		return true
	}
	return false
}
