package supervision

import (
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// FlagTransition is one arrow of a review flag.
type FlagTransition struct{ From, To FlagStatus }

// FlagTransitions lists every arrow of a review flag.
func FlagTransitions() []FlagTransition {
	return []FlagTransition{
		{Raised, Asked}, {Raised, Dismissed}, {Asked, Explained}, {Asked, Upheld}, {Asked, Dismissed}, {Explained, Dismissed}, {Explained, Upheld},
	}
}

func (f *Flag) move(to FlagStatus) error {
	if slices.Contains(FlagTransitions(), FlagTransition{f.Status, to}) {
		f.Status = to
		return nil
	}
	return fault.Broken("supervision.flag.transition", "status", "a flag that is %s cannot become %s", "việc cần trao đổi đang ở trạng thái %s không thể chuyển sang %s", f.Status, to)
}

// Ask asks the official for an explanation.
func (f *Flag) Ask() error { return f.move(Asked) }

// Explain is the official's explanation.
func (f *Flag) Explain(text string) error {
	if strings.TrimSpace(text) == "" {
		return fault.Broken("supervision.flag.explanation_empty", "explanation", "the explanation is empty", "nội dung giải trình còn trống")
	}
	if err := f.move(Explained); err != nil {
		return err
	}
	f.Explanation = text
	return nil
}

// Decide dismisses or upholds a flag with a reason, by somebody else.
func (f *Flag) Decide(uphold bool, reason string, by org.PersonID) error {
	if by == f.Official {
		return fault.Broken("supervision.flag.own", "by", "nobody decides about themselves", "không được tự quyết định về mình")
	}
	if strings.TrimSpace(reason) == "" {
		return fault.Broken("supervision.flag.reason_missing", "reason", "a decision needs its reason", "quyết định phải có lý do")
	}
	to := Dismissed
	if uphold {
		to = Upheld
	}
	if err := f.move(to); err != nil {
		return err
	}
	f.Decision, f.Decider = reason, by
	return nil
}
