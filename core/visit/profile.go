package visit

import (
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// ProfileTransition is one arrow of an area profile.
type ProfileTransition struct{ From, To ProfileStatus }

// ProfileTransitions lists every arrow of an area profile (model M12).
func ProfileTransitions() []ProfileTransition {
	return []ProfileTransition{
		{ProfileDue, ProfileDraft}, {ProfileDraft, ProfileSubmitted}, {ProfileSubmitted, ProfileAccepted}, {ProfileSubmitted, ProfileDraft},
		{ProfileSubmitted, ProfileStale}, {ProfileAccepted, ProfileStale},
	}
}

func (p *Profile) move(to ProfileStatus) bool {
	if !slices.Contains(ProfileTransitions(), ProfileTransition{p.Status, to}) {
		return false
	}
	p.Status = to
	return true
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
	p.move(ProfileSubmitted)
	p.Reason = ""
	return nil
}

// Accept takes a submitted profile as the hamlet's.
func (p *Profile) Accept() error {
	if !p.move(ProfileAccepted) {
		return fault.Broken("profile.accept.not_submitted", "status", "only a submitted profile can be accepted", "chỉ duyệt được đặc điểm tình hình đã nộp")
	}
	return nil
}

// SendBack returns a submitted profile to its author, with a reason.
func (p *Profile) SendBack(reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fault.Broken("profile.send_back.reason_missing", "reason", "say what is to be put right", "phải nêu điều cần chỉnh sửa")
	}
	if !p.move(ProfileDraft) {
		return fault.Broken("profile.send_back.not_submitted", "status", "only a submitted profile can be sent back", "chỉ trả lại được đặc điểm tình hình đã nộp")
	}
	p.Reason = reason
	return nil
}

// Reasons for which a profile is out of date, kept in Profile.Reason.
const (
	StaleByAge    = "age"          // older than policy.Visits.SurveyStaleMonths
	StaleByChange = "place_change" // the place changed since: merged, divided, moved, renamed
)

// Stale reports whether the profile is out of date: marked so, or too old to
// rely on (model M12).
func (p Profile) Stale(on calendar.Date, pol policy.Policy) bool {
	return p.Status == ProfileStale || !on.Before(p.On.AddMonths(pol.Visits.SurveyStaleMonths))
}

// Outdated says why a profile that was handed in is out of date on a day, empty
// when it is not. changed is the last day up to then on which the place became
// something else, zero when it never did.
func (p Profile) Outdated(on, changed calendar.Date, pol policy.Policy) string {
	switch {
	case changed.After(p.On) && !changed.After(on):
		return StaleByChange
	case p.Stale(on, pol):
		return StaleByAge
	}
	return ""
}

// Expire marks a profile that was handed in as out of date. It reports false,
// and does nothing, for one that is so already or was never handed in.
func (p *Profile) Expire(reason string) bool {
	if !p.move(ProfileStale) {
		return false
	}
	p.Reason = reason
	return true
}

// Changed is the last day up to and including on on which a place became
// something else: it got another name, code, kind or parent, ended, or took
// another place in. Zero when it never did; its first day is no change.
func Changed(place org.Place, all []org.Place, on calendar.Date) calendar.Date {
	var last calendar.Date
	note := func(d calendar.Date) {
		if !d.After(on) && d.After(last) {
			last = d
		}
	}
	for n, naming := range place.Names {
		if n > 0 {
			note(naming.Valid.From)
		}
	}
	for _, s := range place.Successors {
		note(s.On)
	}
	for _, other := range all {
		for _, s := range other.Successors {
			if s.To == place.ID {
				note(s.On)
			}
		}
	}
	return last
}
