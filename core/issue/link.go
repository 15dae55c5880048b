package issue

import (
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// LinkTo lets another issue carry the same matter. Nothing is moved: the opinions
// stay where they are, the hub counts one more time the matter was raised (A5),
// and its answer becomes this issue's too. The rules are "issue.link.…".
func (s *State) LinkTo(hub *State, by org.PersonID, on calendar.Date) error {
	if err := s.checkLink(*hub); err != nil {
		return err
	}
	from := s.Status
	if from == OnHold {
		s.endPause(on)
		from = Referred
	}
	s.Link, s.LinkedTo = &Link{To: hub.ID, On: on, By: by, From: from}, hub.ID
	if err := s.move(Linked, on); err != nil {
		return err
	}
	hub.Carried = append(slices.Clip(hub.Carried), Carry{Issue: s.ID, Raised: s.FirstRaised})
	hub.Repeats++
	return nil
}

func (s *State) checkLink(hub State) error {
	if err := s.check(Linked); err != nil {
		return err
	}
	var faults fault.List
	switch {
	case s.ID == hub.ID:
		faults.Add(fault.Broken("issue.link.itself", "to", "an issue cannot carry itself", "vấn đề không thể liên kết với chính nó"))
	case hub.Status == Linked:
		faults.Add(fault.Broken("issue.link.hub_linked", "to", "that issue is carried by %[1]s itself: link to %[1]s", "vấn đề đó đã được liên kết với %[1]s: hãy liên kết với %[1]s", hub.LinkedTo))
	case !hub.Unanswered():
		faults.Add(fault.Broken("issue.link.hub_answered", "to", "that issue is answered already: register this one as a repetition of it", "vấn đề đó đã có trả lời: hãy ghi nhận đây là lần nêu lại"))
	}
	if len(s.Carried) > 0 {
		faults.Add(fault.Broken("issue.link.is_hub", "status", "this issue carries others: link the other one to it", "vấn đề này đang gồm các vấn đề khác: hãy liên kết ngược lại"))
	}
	return faults.Err()
}

// Unlink undoes a link: the issue is what it was before, with clocks counted
// from its own days.
func (s *State) Unlink(hub *State, on calendar.Date) error {
	if err := s.misplaced("issue.unlink.not_linked", Linked); err != nil {
		return err
	}
	if hub.ID != s.LinkedTo {
		return fault.Broken("issue.unlink.other_hub", "to", "the issue is carried by %s", "vấn đề đang liên kết với %s", s.LinkedTo)
	}
	to := s.Link.From
	s.Link, s.LinkedTo = nil, ""
	if err := s.move(to, on); err != nil {
		return err
	}
	hub.Carried = slices.DeleteFunc(slices.Clone(hub.Carried), func(c Carry) bool { return c.Issue == s.ID })
	hub.Repeats--
	return nil
}

// Share gives an issue the approved answer of the one that carries it: its own
// people have to be told, by its own owner. The result of a roadmap follows the
// answer that announced it, whatever was told of that by then. The rules are
// "issue.share.…".
func (s *State) Share(hub State, on calendar.Date) error {
	waiting := s.AwaitsResultOf(hub.ID)
	if !waiting {
		if err := s.misplaced("issue.share.not_linked", Linked); err != nil {
			return err
		}
	}
	a := hub.Answered()
	if a == nil || !waiting && hub.ID != s.LinkedTo {
		return fault.Broken("issue.share.no_answer", "to", "the issue that carries this one has no approved answer", "vấn đề liên kết chưa có câu trả lời được duyệt")
	}
	own := *a
	own.Round, own.From = s.Round, hub.ID
	s.Answers = slices.Clone(s.Answers)
	if s.Draft() != nil {
		s.Answers = s.Answers[:len(s.Answers)-1]
	}
	s.Answers = append(s.Answers, own)
	switch s.Status {
	case FeedbackDue: // the roadmap was not told to everybody: its result is told instead
		s.pass(on)
		return nil
	case FeedbackGiven:
		s.Status = AnswerDrafted // by the unit, for the issue that carries this one
	}
	return s.move(FeedbackDue, on)
}

// AwaitsResultOf reports whether the issue was answered "in progress" together
// with another one that carried it, whose result is to be told here too.
func (s *State) AwaitsResultOf(hub ID) bool {
	switch s.Status {
	case AnswerDrafted, FeedbackDue, FeedbackGiven:
		return s.OnRoadmap() && s.Answered().From == hub
	}
	return false
}
