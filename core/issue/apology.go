package issue

import (
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// DraftApology prepares the one apology of the issue when its promise was missed
// (A6). It reports false when there has been one: a second miss is the leader's.
func (s *State) DraftApology(on calendar.Date) bool {
	if s.Apology != nil || !s.Unanswered() && s.Status != FeedbackDue {
		return false
	}
	s.Apology = &Apology{Drafted: on}
	return true
}

// Apologise approves the drafted apology with its reason and the new date that
// the people are given, once per issue. The promise of the registration stays
// on record. The rules are "issue.apologise.…".
func (s *State) Apologise(reason string, newDate calendar.Date, by org.PersonID, on calendar.Date) error {
	var faults fault.List
	switch {
	case s.Apology == nil:
		faults.Add(fault.Broken("issue.apologise.not_late", "status", "the promised day %s has not passed: there is nothing to apologise for", "chưa quá ngày hẹn %s: chưa phải xin lỗi", s.PromiseDue.VN()))
	case !s.Apologised.IsZero():
		faults.Add(fault.Broken("issue.apologise.twice", "status", "the people were given a new date once, on %s: the leader has to decide now", "đã xin lỗi và hẹn lại ngày %s: nay phải báo cáo lãnh đạo", s.Apologised.VN()))
	case !s.Unanswered() && s.Status != FeedbackDue:
		faults.Add(fault.Broken("issue.apologise.told", "status", "the people have their answer: nothing is to be promised", "người dân đã được trả lời: không phải hẹn lại"))
	}
	if strings.TrimSpace(reason) == "" {
		faults.Add(fault.Broken("issue.apologise.reason_missing", "reason", "the apology says why the day was missed", "phiếu xin lỗi phải nêu lý do"))
	}
	if !newDate.After(on) {
		faults.Add(fault.Broken("issue.apologise.date", "new_date", "the new date has to lie ahead", "ngày hẹn lại phải sau hôm nay"))
	}
	if err := faults.Err(); err != nil {
		return err
	}
	s.Apology = &Apology{Drafted: s.Apology.Drafted, Reason: strings.TrimSpace(reason), NewDate: newDate, By: by}
	s.Apologised = on
	return nil
}
