package issue

import (
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Answered is the latest approved answer, nil when there is none.
func (s State) Answered() *Answer {
	for i := range slices.Backward(s.Answers) {
		if !s.Answers[i].Approved.IsZero() {
			return &s.Answers[i]
		}
	}
	return nil
}

// Draft is the answer that waits for approval, nil when there is none.
func (s State) Draft() *Answer {
	if n := len(s.Answers); n > 0 && s.Answers[n-1].Approved.IsZero() {
		return &s.Answers[n-1]
	}
	return nil
}

// OnRoadmap reports whether the people were told "in progress, by that day" and
// wait for the result: such an issue is not closed before they were told it (A2).
func (s *State) OnRoadmap() bool {
	a := s.Answered()
	return a != nil && a.Class == InProgress && a.Round == s.Round
}

// DraftAnswer writes, or writes anew, the unit's answer of this round. It begins
// in referred; where the people wait for the result of a roadmap, also in
// feedback_given. The rules are "issue.answer.…".
func (s *State) DraftAnswer(a Answer, on calendar.Date) error {
	if err := a.check(on); err != nil {
		return err
	}
	if s.Status == FeedbackGiven && !s.OnRoadmap() {
		return fault.Broken("issue.answer.no_roadmap", "status", "the people have their answer and wait for nothing more", "người dân đã được trả lời, không còn lộ trình phải báo kết quả")
	}
	if err := s.misplaced("issue.answer.not_referred", Referred, AnswerDrafted, FeedbackGiven); err != nil {
		return err
	}
	a.Round, a.Unit, a.Drafted = s.Round, s.Lead(), on
	a.Text = strings.TrimSpace(a.Text)
	a.Approver, a.Approved, a.SentBack = "", calendar.Date{}, calendar.Date{}
	s.Answers = slices.Clone(s.Answers)
	if s.Draft() != nil {
		s.Answers = s.Answers[:len(s.Answers)-1]
	}
	s.Answers = append(s.Answers, a)
	return s.move(AnswerDrafted, on)
}

// check: an answer has a class and what belongs to it (A2, L7). "Not ours" is
// none: that is a return.
func (a Answer) check(on calendar.Date) error {
	var faults fault.List
	need := func(ok bool, rule, field, en, vi string) {
		if !ok {
			faults.Add(&fault.Violation{Rule: "issue.answer." + rule, Field: field, En: en, Vi: vi})
		}
	}
	need(strings.TrimSpace(a.Text) != "", "text_missing", "text", "the answer is empty", "nội dung trả lời còn trống")
	switch a.Class {
	case Settled, Explained, Study:
	case InProgress:
		need(!a.Roadmap.IsZero(), "roadmap_missing", "roadmap", "an answer in progress names the day by which the matter will be settled", "trả lời \"đang giải quyết\" phải có mốc lộ trình")
		need(a.Roadmap.IsZero() || a.Roadmap.After(on), "roadmap_past", "roadmap", "the roadmap's day has to lie ahead", "mốc lộ trình phải sau hôm nay")
	case Refused:
		need(strings.TrimSpace(a.Ground) != "", "ground_missing", "ground", "a refusal names its legal ground", "từ chối phải nêu căn cứ pháp luật")
	case Beyond:
		need(strings.TrimSpace(a.Body) != "", "body_missing", "body", "name the body to which the matter was forwarded", "phải ghi cơ quan đã chuyển đến")
	case "not_ours":
		need(false, "not_ours", "class", "\"not ours\" is no answer: return the referral and name the competent unit", "\"không thuộc thẩm quyền\" không phải là trả lời: hãy trả lại và đề xuất đơn vị có thẩm quyền")
	default:
		faults.Add(fault.Broken("issue.answer.class_unknown", "class", "%q is no class of answer: settled, in_progress, explained, study, refused or beyond", "%q không phải loại trả lời: settled, in_progress, explained, study, refused hoặc beyond", a.Class))
	}
	return faults.Err()
}

// Level is how high the approval of an answer has to come from.
type Level string

// The levels of approval.
const (
	LevelHead   Level = "head"   // the head of the lead unit
	LevelOffice Level = "office" // sensitive subjects: the programme office
	LevelHigher Level = "higher" // from round 2 on: one level above the unit (N15)
)

// ApprovalLevel is how high the approval of this round's answer comes from.
func (s State) ApprovalLevel() Level {
	switch {
	case s.Round > 1:
		return LevelHigher
	case s.Sensitive:
		return LevelOffice
	}
	return LevelHead
}

// ApproveAnswer approves the draft, by somebody else than its drafter. The people
// are to be told from that day on.
func (s *State) ApproveAnswer(by org.PersonID, on calendar.Date) error {
	a := s.Draft()
	if a == nil || s.Status != AnswerDrafted {
		return s.misplaced("issue.approve.no_draft", AnswerDrafted)
	}
	if a.Drafter == by {
		return fault.Broken("issue.approve.own_draft", "approver", "nobody approves an answer that they drafted", "người soạn không được tự duyệt câu trả lời")
	}
	if !a.SentBack.IsZero() {
		return fault.Broken("issue.approve.sent_back", "status", "the draft was sent back on %s: it has to be drafted anew", "dự thảo đã bị trả lại ngày %s: phải soạn lại", a.SentBack.VN())
	}
	if !a.Roadmap.IsZero() && !a.Roadmap.After(on) {
		return fault.Broken("issue.approve.roadmap_past", "roadmap", "the roadmap's day %s has come: draft the answer anew", "mốc lộ trình %s đã đến: phải soạn lại câu trả lời", a.Roadmap.VN())
	}
	s.Answers = slices.Clone(s.Answers)
	a = s.Draft()
	a.Approver, a.Approved = by, on
	return s.move(FeedbackDue, on)
}

// SendBack wants the draft written anew, by who would have approved it, with a
// reason. The issue stays with the unit and its clock runs on. The rules are
// "issue.send_back.…".
func (s *State) SendBack(reason string, by org.PersonID, on calendar.Date) error {
	a := s.Draft()
	switch {
	case a == nil || s.Status != AnswerDrafted:
		return s.misplaced("issue.send_back.no_draft", AnswerDrafted)
	case !a.SentBack.IsZero():
		return fault.Broken("issue.send_back.twice", "status", "the draft was sent back on %s already", "dự thảo đã bị trả lại ngày %s", a.SentBack.VN())
	case a.Drafter == by:
		return fault.Broken("issue.send_back.own_draft", "approver", "who drafted an answer drafts it anew, without sending it back", "người soạn có thể tự soạn lại, không trả lại cho chính mình")
	case strings.TrimSpace(reason) == "":
		return fault.Broken("issue.send_back.reason_missing", "reason", "say what has to be different", "phải nêu lý do trả lại dự thảo")
	}
	s.Answers = slices.Clone(s.Answers)
	s.Draft().SentBack = on
	s.SentBack = append(slices.Clip(s.SentBack), SentBack{Round: s.Round, Drafter: a.Drafter, Reason: strings.TrimSpace(reason), On: on, By: by})
	return nil
}

// Untold lists the opinions whose speakers have not been told the latest answer,
// in the order of the issue.
func (s State) Untold() []string {
	var untold []string
	for _, o := range s.Opinions {
		if !s.told(o) {
			untold = append(untold, o)
		}
	}
	return untold
}

func (s State) told(opinion string) bool {
	return slices.ContainsFunc(s.Deliveries, func(d Delivery) bool {
		return d.Opinion == opinion && d.Answer == len(s.Answers) && d.Failed == ""
	})
}

// ToldOn is the day on which the last speaker was told the n-th answer, counted
// from 1; no date while somebody was not.
func (s State) ToldOn(n int) calendar.Date {
	told := make(map[string]bool)
	var last calendar.Date
	for _, d := range s.Deliveries {
		if d.Answer == n && d.Failed == "" {
			told[d.Opinion] = true
			if d.On.After(last) {
				last = d.On
			}
		}
	}
	if len(told) < len(s.Opinions) {
		return calendar.Date{}
	}
	return last
}

// Deliver writes down that the speaker of one opinion was told the answer, or
// why that failed. With the last one told, feedback is given (A3). A speaker
// without a name is told on the hamlet's board or in person at a visit. The
// rules are "issue.deliver.…".
func (s *State) Deliver(d Delivery, anonymous bool, today calendar.Date) error {
	if err := s.misplaced("issue.deliver.not_due", FeedbackDue); err != nil {
		return err
	}
	if err := s.checkDelivery(d, anonymous, today); err != nil {
		return err
	}
	d.Round, d.Answer, d.Failed = s.Round, len(s.Answers), strings.TrimSpace(d.Failed)
	s.Deliveries = append(slices.Clip(s.Deliveries), d)
	if len(s.Untold()) > 0 {
		return nil
	}
	return s.move(FeedbackGiven, s.ToldOn(len(s.Answers)))
}

func (s *State) checkDelivery(d Delivery, anonymous bool, today calendar.Date) error {
	var faults fault.List
	broken := func(rule, field, en, vi string, args ...any) {
		faults.Add(fault.Broken("issue.deliver."+rule, field, en, vi, args...))
	}
	if !slices.Contains(s.Opinions, d.Opinion) {
		broken("not_part", "opinion", "the opinion %s does not belong to this issue", "ý kiến %s không thuộc vấn đề này", d.Opinion)
	} else if s.told(d.Opinion) {
		broken("twice", "opinion", "this speaker was told already", "người nêu ý kiến này đã được phản hồi")
	}
	switch d.Channel {
	case InPerson, NoticeBoard:
		if anonymous && d.Channel == InPerson && d.Visit == "" {
			broken("anonymous", "channel", "who spoke without a name is told on the notice board or at a visit", "người nêu ý kiến không ghi tên được phản hồi bằng niêm yết hoặc tại buổi gặp dân")
		}
	case Letter, Call, SMS:
		if anonymous {
			broken("anonymous", "channel", "who spoke without a name is told on the notice board or at a visit", "người nêu ý kiến không ghi tên được phản hồi bằng niêm yết hoặc tại buổi gặp dân")
		}
	default:
		broken("channel_unknown", "channel", "%q is no channel: in_person, letter, call, sms or notice_board", "%q không hợp lệ: in_person, letter, call, sms hoặc notice_board", d.Channel)
	}
	if approved := s.Answered().Approved; d.On.Before(approved) || d.On.After(today) {
		broken("date", "on", "the answer of %[1]s was told between that day and today, not on %[2]s", "câu trả lời duyệt ngày %[1]s chỉ có thể phản hồi từ ngày đó đến hôm nay, không phải %[2]s", approved.VN(), d.On.VN())
	}
	return faults.Err()
}
