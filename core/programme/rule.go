package programme

import (
	"fmt"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// ProposeRule checks a new version of the policy or of the calendar, one of the
// two, and returns it as proposed. inForce and calendarInForce are what it
// would replace.
//
// A policy is complete and valid, bears a version of its own
// ("programme.rule.version") and begins today or later: it never rewrites the
// past (L1, "programme.rule.retroactive"). A calendar is valid, and a further
// version of the same calendar has a higher number. Both come with a reason
// ("programme.rule.reason"). A calendar goes on where the one in force began
// ("programme.rule.coverage").
func ProposeRule(r Rule, inForce policy.Policy, calendarInForce *calendar.Calendar, today calendar.Date) (Rule, error) {
	r.Status, r.Approver = RuleProposed, ""
	var faults fault.List
	if strings.TrimSpace(r.Reason) == "" {
		faults.Add(fault.Broken("programme.rule.reason", "reason", "Say why the rules are to change.", "Phải ghi lý do thay đổi quy định."))
	}
	if r.Proposer == "" {
		faults.Add(fault.Broken("programme.rule.proposer", "proposer", "A person proposes a change of the rules.", "Thay đổi quy định phải do một người đề xuất."))
	}
	if (r.Policy == nil) == (r.Calendar == nil) {
		faults.Add(fault.Broken("programme.rule.content", "policy",
			"Propose either a policy or a calendar.", "Mỗi lần đề xuất một chính sách hoặc một lịch làm việc."))
		return r, faults.Err()
	}
	if r.Policy != nil {
		faults.Add(checkPolicy(*r.Policy, inForce, today))
	} else {
		faults.Add(checkCalendar(*r.Calendar, calendarInForce, today))
	}
	return r, faults.Err()
}

func checkPolicy(next, inForce policy.Policy, today calendar.Date) error {
	faults := fault.List{}
	faults.Add(next.Validate())
	if next.Version == inForce.Version {
		faults.Add(fault.Broken("programme.rule.version", "policy.version",
			"Version %[1]s of the policy is in force; a change bears another version.",
			"Chính sách phiên bản %[1]s đang có hiệu lực; thay đổi phải mang phiên bản khác.", inForce.Version))
	}
	if next.From.Before(today) {
		faults.Add(fault.Broken("programme.rule.retroactive", "policy.from",
			"A policy cannot begin on %[1]s, before today; what has been counted stays.",
			"Chính sách không thể bắt đầu từ %[1]s, trước hôm nay; những gì đã tính không tính lại.", next.From.VN()))
	}
	return faults.Err()
}

func checkCalendar(next calendar.Spec, inForce *calendar.Calendar, today calendar.Date) error {
	faults := fault.List{}
	faults.Add(next.Check())
	if next.ID == inForce.ID() && next.Version <= inForce.Version() {
		faults.Add(fault.Broken("programme.rule.version", "calendar.version",
			"Version %[2]d of calendar %[1]s is in force; the next one is %[3]d.",
			"Lịch %[1]s phiên bản %[2]d đang có hiệu lực; phiên bản kế tiếp là %[3]d.", next.ID, inForce.Version(), inForce.Version()+1))
	}
	if forgets(next.Coverage, inForce.Coverage(), today) {
		faults.Add(fault.Broken("programme.rule.coverage", "calendar.coverage",
			"The calendar covers %[1]s; it has to cover today and no later a beginning than %[2]s. Extend the calendar in force by the new year instead of starting anew.",
			"Lịch chỉ có phạm vi %[1]s; phải gồm hôm nay và không bắt đầu muộn hơn %[2]s. Hãy nối thêm năm mới vào lịch hiện hành.", next.Coverage, inForce.Coverage().From.VN()))
	}
	return faults.Err()
}

// forgets reports whether a coverage leaves out today, or days that the one in
// force knows: open terms that began on them could not be counted again. A
// calendar that covers all time knows no holidays, so nothing of it is lost.
func forgets(next, inForce calendar.Period, today calendar.Date) bool {
	return !next.Contains(today) || !inForce.Open() && next.From.After(inForce.From)
}

// Approve puts a proposed version in force. It takes a second person
// ("programme.rule.same_person"), and nothing of the same sort may have been
// approved since it was proposed ("programme.rule.superseded"): whoever
// approves has to see what they replace.
func (r *Rule) Approve(by org.PersonID, now time.Time, all []Rule) error {
	if by == "" || by == r.Proposer {
		return fault.Broken("programme.rule.same_person", "approver",
			"Rules are changed by two persons; somebody other than the proposer approves.",
			"Thay đổi quy định phải qua hai người; người duyệt khác người đề xuất.")
	}
	for _, o := range all {
		if o.Status == RuleApproved && o.Decided.After(r.Recorded) && (o.Policy == nil) == (r.Policy == nil) {
			return fault.Broken("programme.rule.superseded", "id",
				"%[2]s was approved after %[1]s was proposed; propose again on top of it.",
				"%[2]s đã được duyệt sau khi đề xuất %[1]s; cần đề xuất lại trên cơ sở đó.", r.ID, o.ID)
		}
	}
	if err := r.open(); err != nil {
		return err
	}
	r.Status, r.Approver, r.Decided = RuleApproved, by, now
	return nil
}

// Reject turns a proposed version down.
func (r *Rule) Reject(by org.PersonID, now time.Time) error {
	if err := r.open(); err != nil {
		return err
	}
	r.Status, r.Approver, r.Decided = RuleRejected, by, now
	return nil
}

func (r *Rule) open() error {
	if r.Status == RuleProposed {
		return nil
	}
	return fault.Broken("programme.rule.decided", "status",
		"%[1]s has been decided: it is %[2]s.", "%[1]s đã được quyết định: %[2]s.", r.ID, r.Status)
}

// Content names the version that is proposed: "policy 2" or "calendar
// VN-XL-2017/2".
func (r Rule) Content() string {
	switch {
	case r.Policy != nil:
		return "policy " + r.Policy.Version
	case r.Calendar != nil:
		return fmt.Sprintf("calendar %s/%d", r.Calendar.ID, r.Calendar.Version)
	}
	return ""
}
