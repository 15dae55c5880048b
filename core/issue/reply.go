package issue

import (
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// ReplyUntil is the last day on which a speaker can say whether the answer
// satisfies; no date while the answer was not told.
func (s State) ReplyUntil(pol policy.Policy, cal *calendar.Calendar) calendar.Date {
	if s.Status != FeedbackGiven {
		return calendar.Date{}
	}
	return cal.Add(s.ToldOn(len(s.Answers)), pol.Issues.SatisfactionDays)
}

// Reply writes down whether a speaker is satisfied. One who is not opens the next
// round at the same unit, with a clock of its own that starts today even when the
// word was given some days ago; after the last round the programme's leader
// decides. When everybody said yes, the issue is closed, but not while a roadmap is
// running. The rules are "issue.reply.…".
func (s *State) Reply(r Satisfaction, today calendar.Date, pol policy.Policy, cal *calendar.Calendar) error {
	if err := s.checkReply(r, pol, cal); err != nil {
		return err
	}
	r.Round, r.Answer = s.Round, len(s.Answers)
	s.Replies = append(slices.Clip(s.Replies), r)
	switch {
	case !r.Satisfied && s.Round < pol.Issues.MaxRounds:
		return s.reopen(today, pol, cal)
	case !r.Satisfied:
		return s.appeal(r.Opinion, "", today)
	case s.allSatisfied() && !s.OnRoadmap():
		return s.close(Closed, Satisfied, r.On)
	}
	return nil
}

func (s *State) checkReply(r Satisfaction, pol policy.Policy, cal *calendar.Calendar) error {
	if err := s.misplaced("issue.reply.not_asked", FeedbackGiven); err != nil {
		return err
	}
	var faults fault.List
	if !slices.Contains(s.Opinions, r.Opinion) {
		faults.Add(fault.Broken("issue.reply.not_part", "opinion", "the opinion %s does not belong to this issue", "ý kiến %s không thuộc vấn đề này", r.Opinion))
	}
	if _, twice := s.replyOf(r.Opinion); twice {
		faults.Add(fault.Broken("issue.reply.twice", "opinion", "this speaker replied to the answer already", "người nêu ý kiến này đã trả lời"))
	}
	told, until := s.ToldOn(len(s.Answers)), s.ReplyUntil(pol, cal)
	if r.On.Before(told) {
		faults.Add(fault.Broken("issue.reply.date", "on", "nobody replies before they were told, on %s", "không thể trả lời trước ngày được phản hồi (%s)", told.VN()))
	}
	if r.On.After(until) {
		faults.Add(fault.Broken("issue.reply.window_closed", "on", "the answer could be replied to until %s: raise the matter anew", "chỉ nhận trả lời đến ngày %s: hãy nêu lại ý kiến", until.VN()))
	}
	return faults.Err()
}

// replyOf is what the speaker of an opinion said to the latest answer.
func (s State) replyOf(opinion string) (Satisfaction, bool) {
	i := slices.IndexFunc(s.Replies, func(r Satisfaction) bool { return r.Opinion == opinion && r.Answer == len(s.Answers) })
	if i < 0 {
		return Satisfaction{}, false
	}
	return s.Replies[i], true
}

func (s State) allSatisfied() bool {
	return !slices.ContainsFunc(s.Opinions, func(o string) bool {
		r, ok := s.replyOf(o)
		return !ok || !r.Satisfied
	})
}

// reopen begins the next round at the unit that answered. It answered once, so
// it is competent and cannot return the issue.
func (s *State) reopen(on calendar.Date, pol policy.Policy, cal *calendar.Calendar) error {
	lead := s.Lead()
	s.Round++
	return s.refer(Referral{Lead: lead, On: on, NonReturnable: true}, pol, cal)
}

// OpenAppeal takes an answer of the last round to the programme's leader, on the
// word of a speaker. The rules are "issue.appeal.…" and those of a reply.
func (s *State) OpenAppeal(r Satisfaction, grounds string, today calendar.Date, pol policy.Policy, cal *calendar.Calendar) error {
	r.Satisfied = false
	if err := s.checkReply(r, pol, cal); err != nil {
		return err
	}
	if s.Round < pol.Issues.MaxRounds {
		return fault.Broken("issue.appeal.round", "round", "the unit answers once more before the leader decides: reply that the answer does not satisfy", "đơn vị còn phải trả lời lại trước khi lãnh đạo xem xét: ghi nhận không hài lòng")
	}
	r.Round, r.Answer = s.Round, len(s.Answers)
	s.Replies = append(slices.Clip(s.Replies), r)
	return s.appeal(r.Opinion, grounds, today)
}

func (s *State) appeal(opinion, grounds string, on calendar.Date) error {
	s.Appeal = &Appeal{Opened: on, Opinion: opinion, Grounds: strings.TrimSpace(grounds)}
	return s.move(Appealed, on)
}

// DecideAppeal ends the issue by a reasoned written decision of somebody who
// drafted no answer to it, and names the legal path that is open after it. Who
// approved one may decide: above the programme's leader there is nobody to ask.
func (s *State) DecideAppeal(decision, legalPath string, by org.PersonID, on calendar.Date) error {
	if err := s.misplaced("issue.appeal.not_open", Appealed); err != nil {
		return err
	}
	var faults fault.List
	if strings.TrimSpace(decision) == "" {
		faults.Add(fault.Broken("issue.appeal.decision_missing", "decision", "the decision is in writing and says why", "quyết định phải bằng văn bản và nêu lý do"))
	}
	if strings.TrimSpace(legalPath) == "" {
		faults.Add(fault.Broken("issue.appeal.legal_path_missing", "legal_path", "say where the speaker can turn now", "phải hướng dẫn người dân cơ quan có thể tiếp tục đề nghị"))
	}
	if slices.ContainsFunc(s.Answers, func(a Answer) bool { return a.Drafter == by }) {
		faults.Add(fault.Broken("issue.appeal.own_answer", "decider", "nobody decides about an answer that they drafted", "không được tự quyết định về câu trả lời do mình soạn"))
	}
	if err := faults.Err(); err != nil {
		return err
	}
	appeal := *s.Appeal
	appeal.Decision, appeal.LegalPath, appeal.Decider, appeal.On = decision, legalPath, by, on
	s.Appeal = &appeal
	return s.close(ClosedFinal, Final, on)
}

// CloseSilent closes an issue whose window for replies ended: satisfied when
// somebody said so, without response otherwise. It reports false, and leaves the
// issue as it is, while the people wait for the result of a roadmap.
func (s *State) CloseSilent(on calendar.Date) (bool, error) {
	if err := s.misplaced("issue.close.not_told", FeedbackGiven); err != nil {
		return false, err
	}
	if s.OnRoadmap() {
		return false, nil
	}
	outcome := NoResponse
	for _, o := range s.Opinions {
		if r, ok := s.replyOf(o); ok && r.Satisfied {
			outcome = Satisfied
		}
	}
	return true, s.close(Closed, outcome, on)
}

func (s *State) close(to Status, outcome Outcome, on calendar.Date) error {
	if err := s.move(to, on); err != nil {
		return err
	}
	s.Outcome, s.ClosedOn = outcome, s.Held[len(s.Held)-1].To
	return nil
}
