package visit

import (
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// Types of dissemination item (S2–S4).
const (
	PartyLine   = "party_line"   // chủ trương, đường lối của Đảng
	StatePolicy = "state_policy" // chính sách, pháp luật của Nhà nước
	LocalTask   = "local_task"   // nhiệm vụ chính trị tại cơ sở
	Information = "information"  // thông tin cần thiết
)

// Validate checks an item before it is issued.
func (i Item) Validate() error {
	var faults fault.List
	if !slices.Contains([]string{PartyLine, StatePolicy, LocalTask, Information}, i.Type) {
		faults.Add(fault.Broken("item.issue.type_unknown", "type", "%q is no type of dissemination", "%q không phải loại nội dung tuyên truyền", i.Type))
	}
	if strings.TrimSpace(i.Title) == "" {
		faults.Add(fault.Broken("item.issue.title_missing", "title", "an item needs a title", "nội dung phải có tiêu đề"))
	}
	if i.Valid.From.IsZero() || !i.Valid.Valid() {
		faults.Add(fault.Broken("item.issue.period_invalid", "valid", "say from when to when it is to be told", "phải ghi thời gian phổ biến từ ngày đến ngày"))
	}
	return faults.Err()
}

// For reports whether the item is to be told at the place.
func (i Item) For(place org.PlaceID) bool {
	return i.Status == Issued && (len(i.Places) == 0 || slices.Contains(i.Places, place))
}

// Replace supersedes the item by another one: what was told stays told, nobody
// is asked to tell it any more.
func (i *Item) Replace(by ItemID) error {
	if i.Status != Issued {
		return fault.Broken("item.supersede.not_issued", "status", "only an issued item can be superseded", "chỉ thay thế được nội dung đang phát hành")
	}
	i.Status, i.By = Superseded, by
	return nil
}

// Told reports whether the item was told, or waived with a reason, at this visit.
func (s State) Told(item ItemID) bool {
	if !s.Claimed() {
		return false
	}
	for _, r := range s.Reports {
		if slices.ContainsFunc(r.Receipts, func(c Receipt) bool { return c.Item == item && (c.Told || c.Waived != "") }) {
			return true
		}
	}
	return false
}

// Submit hands a drafted profile in. Figures must be possible and text must say
// something: a copy of the last edition is not a survey.
func (p *Profile) Submit() error {
	var faults fault.List
	if p.Status != ProfileDraft {
		faults.Add(fault.Broken("profile.submit.not_draft", "status", "a profile that is %s cannot be submitted again", "đặc điểm tình hình đang ở trạng thái %s không thể nộp lại", p.Status))
	}
	if p.Households <= 0 || p.Inhabitants < p.Households {
		faults.Add(fault.Broken("profile.submit.figures", "households", "%d households with %d inhabitants cannot be right", "%d hộ với %d nhân khẩu là không hợp lý", p.Households, p.Inhabitants))
	}
	if p.Poor < 0 || p.NearPoor < 0 || p.Poor+p.NearPoor > p.Households {
		faults.Add(fault.Broken("profile.submit.poor", "poor", "%d poor and %d near-poor are more than all %d households", "%d hộ nghèo và %d hộ cận nghèo nhiều hơn tổng %d hộ", p.Poor, p.NearPoor, p.Households))
	}
	if strings.TrimSpace(p.HotIssues+p.Production+p.Infrastructure) == "" {
		faults.Add(fault.Broken("profile.submit.empty", "hot_issues", "describe production, infrastructure or what moves people", "phải mô tả sản xuất, hạ tầng hoặc vấn đề nổi cộm"))
	}
	if p.Edition > 1 && strings.TrimSpace(p.Changed) == "" {
		faults.Add(fault.Broken("profile.submit.changed_missing", "changed", "say what changed since the last edition", "phải ghi điểm thay đổi so với lần trước"))
	}
	if err := faults.Err(); err != nil {
		return err
	}
	p.Status = ProfileSubmitted
	return nil
}

// Accept takes a submitted profile as the hamlet's.
func (p *Profile) Accept() error {
	if p.Status != ProfileSubmitted {
		return fault.Broken("profile.accept.not_submitted", "status", "only a submitted profile can be accepted", "chỉ duyệt được đặc điểm tình hình đã nộp")
	}
	p.Status = ProfileAccepted
	return nil
}

// Stale reports whether the profile is too old to rely on (model M12).
func (p Profile) Stale(on calendar.Date, pol policy.Policy) bool {
	return !on.Before(p.On.AddMonths(pol.Visits.SurveyStaleMonths))
}
