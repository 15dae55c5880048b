package issue

import (
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// Current is the referral under which a unit has the issue, nil when none has.
func (s State) Current() *Referral {
	if n := len(s.Referrals); n > 0 && s.Referrals[n-1].ReturnedOn.IsZero() {
		return &s.Referrals[n-1]
	}
	return nil
}

// Lead is the unit that has to answer, or has answered; empty when none has.
func (s State) Lead() org.UnitID {
	if a := s.Answered(); a != nil && a.From != "" && a.Round == s.Round {
		return a.Unit // answered together with the issue that carries it
	}
	if r := s.Current(); r != nil {
		return r.Lead
	}
	return ""
}

// Returns counts how often units gave the issue back.
func (s State) Returns() int {
	n := 0
	for _, r := range s.Referrals {
		if !r.ReturnedOn.IsZero() {
			n++
		}
	}
	return n
}

// Refer hands a sorted issue to exactly one lead unit and any number of
// cooperating ones. The unit's due date is counted from that day (A4). Whether
// the units exist and are active is the caller's to check. The rules are
// "issue.refer.…".
func (s *State) Refer(lead org.UnitID, cooperating []org.UnitID, by org.PersonID, on calendar.Date, pol policy.Policy, cal *calendar.Calendar) error {
	if s.Status != Triaged { // from elsewhere the same arrow means something else
		return s.misplaced("issue.refer.not_triaged", Triaged)
	}
	return s.refer(Referral{Lead: lead, Cooperating: cooperating, By: by, On: on}, pol, cal)
}

func (s *State) refer(r Referral, pol policy.Policy, cal *calendar.Calendar) error {
	if err := r.check(); err != nil {
		return err
	}
	if err := s.check(Referred); err != nil {
		return err
	}
	r.Number = len(s.Referrals) + 1
	r.Due = cal.Add(r.On, pol.Issues.UnitDays.For(string(s.Urgency)))
	s.Referrals = append(slices.Clip(s.Referrals), r)
	return s.move(Referred, r.On)
}

func (r Referral) check() error {
	var faults fault.List
	if r.Lead == "" {
		faults.Add(fault.Broken("issue.refer.lead_missing", "lead", "a referral needs exactly one lead unit", "phiếu chuyển phải có đúng một đơn vị chủ trì"))
	}
	if repeated(append([]org.UnitID{r.Lead}, r.Cooperating...)) {
		faults.Add(fault.Broken("issue.refer.unit_twice", "cooperating", "a unit is named twice: one leads, the others cooperate", "một đơn vị được ghi hai lần: chỉ một đơn vị chủ trì, các đơn vị khác phối hợp"))
	}
	return faults.Err()
}

// misplaced says that an operation begins in another state.
func (s *State) misplaced(rule string, from ...Status) error {
	if slices.Contains(from, s.Status) {
		return nil
	}
	return fault.Broken(rule, "status", "an issue that is %[1]s cannot take this step: it has to be %[2]v", "vấn đề đang ở trạng thái %[1]s không thực hiện được bước này: phải ở trạng thái %[2]v", s.Status, from)
}

// Return gives the issue back: not ours. It is heard for a few working days
// after the referral, with a reason and the unit that would be right, and so
// many times; the last time it goes to the programme office for decision
// (EX-21). The rules are "issue.return.…".
func (s *State) Return(reason string, suggested org.UnitID, on calendar.Date, pol policy.Policy, cal *calendar.Calendar) error {
	r := s.Current()
	if r == nil || s.Status != Referred {
		return s.misplaced("issue.return.not_referred", Referred)
	}
	if err := s.checkReturn(*r, reason, suggested, on, pol, cal); err != nil {
		return err
	}
	s.Referrals = slices.Clone(s.Referrals)
	r = s.Current()
	r.ReturnedOn, r.ReturnReason, r.Suggested = on, strings.TrimSpace(reason), suggested
	s.Status = Returned // on its way: it never lies there
	if s.Returns() >= pol.Issues.MaxReturns {
		return s.move(Arbitration, on)
	}
	return s.move(Triaged, on)
}

func (s *State) checkReturn(r Referral, reason string, suggested org.UnitID, on calendar.Date, pol policy.Policy, cal *calendar.Calendar) error {
	var faults fault.List
	if r.NonReturnable {
		faults.Add(fault.Broken("issue.return.non_returnable", "status", "it was decided that %s answers: the referral cannot be returned", "đã quyết định giao %s trả lời: không được trả lại", r.Lead))
	} else if s.Returns() >= pol.Issues.MaxReturns {
		faults.Add(fault.Broken("issue.return.too_often", "status", "an issue is returned %d time(s) at most", "một vấn đề chỉ được trả lại tối đa %d lần", pol.Issues.MaxReturns))
	}
	if !r.Accepted.IsZero() {
		faults.Add(fault.Broken("issue.return.accepted", "status", "the unit accepted the referral on %s: answer it, or ask for an extension", "đơn vị đã tiếp nhận ngày %s: hãy trả lời hoặc xin gia hạn", r.Accepted.VN()))
	}
	if last := cal.Add(r.On, pol.Issues.ReturnDays); on.After(last) {
		faults.Add(fault.Broken("issue.return.window_closed", "on", "a referral of %[1]s could be returned until %[2]s: answer it, or ask for an extension", "phiếu chuyển ngày %[1]s chỉ được trả lại đến %[2]s: hãy trả lời hoặc xin gia hạn", r.On.VN(), last.VN()))
	}
	if strings.TrimSpace(reason) == "" {
		faults.Add(fault.Broken("issue.return.reason_missing", "reason", "say why the unit is not competent", "phải nêu lý do không thuộc thẩm quyền"))
	}
	switch suggested {
	case "":
		faults.Add(fault.Broken("issue.return.needs_target", "suggested", "say which unit is competent", "phải đề xuất đơn vị có thẩm quyền"))
	case r.Lead:
		faults.Add(fault.Broken("issue.return.same_target", "suggested", "the unit that returns it cannot be the one it suggests", "đơn vị đề xuất không được là chính đơn vị trả lại"))
	}
	return faults.Err()
}

// Accept says that the lead unit took the referral on; it cannot give it back
// after that. The rules are "issue.accept.…".
func (s *State) Accept(by org.PersonID, on calendar.Date) error {
	r := s.Current()
	if r == nil || s.Status != Referred {
		return s.misplaced("issue.accept.not_referred", Referred)
	}
	if !r.Accepted.IsZero() {
		return fault.Broken("issue.accept.twice", "status", "the unit accepted the referral on %s already", "đơn vị đã tiếp nhận phiếu chuyển ngày %s", r.Accepted.VN())
	}
	s.Referrals = slices.Clone(s.Referrals)
	r = s.Current()
	r.Accepted, r.AcceptedBy = on, by
	return nil
}

// Arbitrate decides which unit answers after the units passed the issue around.
// That unit cannot return it.
func (s *State) Arbitrate(lead org.UnitID, cooperating []org.UnitID, by org.PersonID, on calendar.Date, pol policy.Policy, cal *calendar.Calendar) error {
	if err := s.misplaced("issue.arbitrate.not_open", Arbitration); err != nil {
		return err
	}
	return s.refer(Referral{Lead: lead, Cooperating: cooperating, By: by, On: on, NonReturnable: true}, pol, cal)
}

// Pause lets the unit's clock stand still until it is resumed, or until a day by
// which it goes on by itself. How long that may be is the clock's to say.
func (s *State) Pause(reason PauseReason, note string, until calendar.Date, by org.PersonID, on calendar.Date) error {
	if reason != NeedsSpeaker && reason != NeedsHigherLevel {
		return fault.Broken("issue.pause.reason_unknown", "reason", "%q is no reason to pause: needs_speaker or needs_higher_level", "%q không phải lý do tạm dừng: needs_speaker hoặc needs_higher_level", reason)
	}
	if !until.After(on) {
		return fault.Broken("issue.pause.until", "until", "a pause ends after the day it begins", "ngày kết thúc tạm dừng phải sau ngày bắt đầu")
	}
	if err := s.misplaced("issue.pause.not_referred", Referred); err != nil {
		return err
	}
	s.grant(AsksPause, by, on)
	s.Pauses = append(slices.Clip(s.Pauses), Pause{Reason: reason, Note: note, From: on, Until: until, By: by})
	return s.move(OnHold, on)
}

// Resume lets the unit's clock go on with its new due date: what was waited for
// arrived, or the limit of the pause was reached.
func (s *State) Resume(on, due calendar.Date) error {
	if err := s.misplaced("issue.resume.not_paused", OnHold); err != nil {
		return err
	}
	s.endPause(on)
	s.Referrals = slices.Clone(s.Referrals)
	s.Current().Due = due
	return s.move(Referred, on)
}

// endPause writes down when the pause ended.
func (s *State) endPause(on calendar.Date) {
	s.Pauses = slices.Clone(s.Pauses)
	p := &s.Pauses[len(s.Pauses)-1]
	if p.To = on; on.After(p.Until) {
		p.To = p.Until
	}
}

// Extend moves the unit's due date, with an interim reply to the speaker. How
// often and how far is the clock's to say; the promise to the citizen stays.
func (s *State) Extend(x Extension, due calendar.Date) error {
	var faults fault.List
	if strings.TrimSpace(x.Reason) == "" {
		faults.Add(fault.Broken("issue.extend.reason_missing", "reason", "an extension needs a reason", "gia hạn phải có lý do"))
	}
	if strings.TrimSpace(x.Message) == "" {
		faults.Add(fault.Broken("issue.extend.message_missing", "message", "write the interim reply that the people get", "phải có nội dung trả lời tạm cho người dân"))
	}
	if s.Status != AnswerDrafted {
		faults.Add(s.misplaced("issue.extend.not_referred", Referred))
	}
	if r := s.Current(); r == nil || !due.After(r.Due) {
		faults.Add(fault.Broken("issue.extend.due", "days", "an extension moves the due date later", "gia hạn phải dời hạn về sau"))
	}
	if err := faults.Err(); err != nil {
		return err
	}
	s.grant(AsksExtension, x.By, x.On)
	s.Extensions = append(slices.Clip(s.Extensions), x)
	s.Referrals = slices.Clone(s.Referrals)
	s.Current().Due = due
	return nil
}
