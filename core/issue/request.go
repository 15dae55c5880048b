package issue

import (
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Request is what the lead unit asked for and nobody has decided yet, nil when
// there is nothing. It falls with the referral under which it was asked.
func (s State) Request() *Request {
	r := s.Current()
	if n := len(s.Requests); r != nil && n > 0 && s.Requests[n-1].Referral == r.Number && s.Requests[n-1].Decided.IsZero() {
		return &s.Requests[n-1]
	}
	return nil
}

// Ask writes down that the lead unit asks for a pause, or an extension, until the
// due date and one request at a time. What may be granted is the clock's to say.
// The rules are "issue.request.…".
func (s *State) Ask(r Request) error {
	from := []Status{Referred}
	if r.Kind == AsksExtension && !s.OnRoadmap() { // the result of a roadmap has a day of its own
		from = append(from, AnswerDrafted)
	}
	if err := s.misplaced("issue.request.not_referred", from...); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	switch current := s.Current(); {
	case s.Request() != nil:
		return fault.Broken("issue.request.pending", "kind", "the unit asked on %s already and waits for the decision", "đơn vị đã đề nghị ngày %s và đang chờ quyết định", s.Request().On.VN())
	case r.On.After(current.Due):
		return fault.Broken("issue.request.overdue", "on", "the answer was due on %s: more time is asked for before that", "việc trả lời đã đến hạn ngày %s: phải đề nghị trước hạn", current.Due.VN())
	}
	r.Referral = s.Current().Number
	r.Granted, r.Refusal, r.Decided, r.Decider = false, "", calendar.Date{}, ""
	s.Requests = append(slices.Clip(s.Requests), r)
	return nil
}

func (r Request) check() error {
	var faults fault.List
	need := func(ok bool, rule, field, en, vi string) {
		if !ok {
			faults.Add(&fault.Violation{Rule: "issue.request." + rule, Field: field, En: en, Vi: vi})
		}
	}
	need(strings.TrimSpace(r.Reason) != "", "reason_missing", "reason", "a request needs its reason", "đề nghị phải nêu lý do")
	switch r.Kind {
	case AsksPause:
		need(r.Pause == NeedsSpeaker || r.Pause == NeedsHigherLevel, "pause_unknown", "pause", "a pause waits for needs_speaker or needs_higher_level", "lý do tạm dừng phải là needs_speaker hoặc needs_higher_level")
	case AsksExtension:
		need(strings.TrimSpace(r.Message) != "", "message_missing", "message", "write the interim reply that the people would get", "phải có nội dung trả lời tạm cho người dân")
	default:
		faults.Add(fault.Broken("issue.request.kind_unknown", "kind", "%q is no request: pause or extension", "%q không phải loại đề nghị: pause hoặc extension", r.Kind))
	}
	return faults.Err()
}

// grant marks what was asked for as given.
func (s *State) grant(kind RequestKind, by org.PersonID, on calendar.Date) {
	if r := s.Request(); r == nil || r.Kind != kind {
		return
	}
	s.Requests = slices.Clone(s.Requests)
	r := s.Request()
	r.Granted, r.Decided, r.Decider = true, on, by
}

// Refuse turns down what the unit asked for, with a reason. The rules are
// "issue.request.…".
func (s *State) Refuse(reason string, by org.PersonID, on calendar.Date) error {
	if err := s.decidable(by); err != nil {
		return err
	}
	if strings.TrimSpace(reason) == "" {
		return fault.Broken("issue.request.refusal_missing", "reason", "a refusal says why", "từ chối đề nghị phải nêu lý do")
	}
	s.Requests = slices.Clone(s.Requests)
	r := s.Request()
	r.Refusal, r.Decided, r.Decider = strings.TrimSpace(reason), on, by
	return nil
}

// decidable says whether there is a request that somebody may decide: not their own.
func (s State) decidable(by org.PersonID) error {
	r := s.Request()
	if r == nil {
		return fault.Broken("issue.request.none", "status", "the unit asked for nothing that waits for a decision", "không có đề nghị nào của đơn vị đang chờ quyết định")
	}
	if r.By == by {
		return fault.Broken("issue.request.own", "by", "nobody decides a request of their own", "người đề nghị không được tự quyết định")
	}
	return nil
}

// Granting is the request that is about to be granted by somebody. The rules are
// "issue.request.…".
func (s State) Granting(by org.PersonID) (Request, error) {
	if err := s.decidable(by); err != nil {
		return Request{}, err
	}
	return *s.Request(), nil
}

// Add writes down what a cooperating unit adds, for the lead unit to see when it
// drafts. The rules are "issue.contribute.…".
func (s *State) Add(a Addition) error {
	if err := s.misplaced("issue.contribute.not_referred", Referred, OnHold, AnswerDrafted); err != nil {
		return err
	}
	r := s.Current()
	if r == nil || !slices.Contains(r.Cooperating, a.Unit) {
		return fault.Broken("issue.contribute.not_cooperating", "unit", "%s does not cooperate on this issue", "%s không phải đơn vị phối hợp của vấn đề này", a.Unit)
	}
	if a.Text = strings.TrimSpace(a.Text); a.Text == "" {
		return fault.Broken("issue.contribute.text_missing", "text", "write what the unit adds", "phải ghi nội dung phối hợp")
	}
	a.Referral = r.Number
	s.Additions = append(slices.Clip(s.Additions), a)
	return nil
}

// Added lists what the cooperating units added under the current referral, for
// the lead unit's draft.
func (s State) Added() []Addition {
	r := s.Current()
	if r == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.Additions), func(a Addition) bool { return a.Referral != r.Number })
}
