package issue

import (
	"slices"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// Registration is what registering an issue needs to know.
type Registration struct {
	ID        ID
	Code      string // XL-17-0142
	Title     string // neutral, without names; may follow at triage
	Place     org.PlaceID
	Team      org.TeamID
	Owner     org.PersonID // the official who follows it until the people were told (S20)
	To        org.Role     // team leader (S18) or programme office, for the Committee (S19); both are legal
	Subject   string       // may follow at triage: a category is never a gate (S15)
	Sensitive bool
	Urgency   Urgency
	Opinions  []string
	Earlier   *State // the same matter, raised before (A5)
}

// New registers an issue: from this day on the promise to the citizen runs. The
// rules are "issue.register.…".
func New(r Registration, pol policy.Policy, cal *calendar.Calendar, now time.Time) (State, error) {
	if err := r.check(); err != nil {
		return State{}, err
	}
	today := calendar.DateOf(now)
	s := State{
		ID: r.ID, Code: r.Code, Title: strings.TrimSpace(r.Title), Place: r.Place, Team: r.Team, Owner: r.Owner, To: r.To,
		Subject: r.Subject, Sensitive: r.Sensitive, Urgency: r.Urgency, Status: Registered, Round: 1,
		Opinions: slices.Clone(r.Opinions), Registered: today, FirstRaised: today, Recorded: now,
		PromiseDue: cal.Add(today, pol.Issues.PromiseDays.For(string(r.Urgency))),
	}
	if r.Earlier != nil {
		s.RepeatOf, s.Repeats, s.FirstRaised = r.Earlier.ID, r.Earlier.Repeats+1, r.Earlier.FirstRaised
	}
	s.pass(today)
	return s, nil
}

func (r Registration) check() error {
	var faults fault.List
	broken := func(rule, field, en, vi string, args ...any) {
		faults.Add(fault.Broken("issue.register."+rule, field, en, vi, args...))
	}
	if r.ID == "" || r.Code == "" {
		broken("code_missing", "code", "an issue needs an id and a code", "vấn đề phải có mã")
	}
	if len(r.Opinions) == 0 {
		broken("no_opinion", "opinions", "an issue needs at least one opinion", "vấn đề phải có ít nhất một ý kiến")
	}
	if repeated(r.Opinions) {
		broken("opinion_twice", "opinions", "an opinion is named twice", "một ý kiến được ghi hai lần")
	}
	if r.Place == "" {
		broken("place_missing", "place", "an issue needs the hamlet where it was raised", "vấn đề phải có địa bàn")
	}
	if r.Owner == "" {
		broken("no_owner", "owner", "nobody looks after the hamlet: name the official who will follow the issue", "ấp chưa có công chức phụ trách: phải ghi người theo dõi vấn đề")
	}
	switch {
	case r.To != org.TeamLeader && r.To != org.ProgrammeOffice:
		broken("to_unknown", "to", "an issue is reported to the team_leader or the programme_office, not %q", "vấn đề báo cáo Tổ trưởng (team_leader) hoặc UBND (programme_office), không phải %q", r.To)
	case r.To == org.TeamLeader && r.Team == "":
		broken("team_missing", "team", "an issue reported to the team leader needs the team", "vấn đề báo cáo Tổ trưởng phải ghi tổ công tác")
	}
	if r.Earlier != nil && r.Earlier.Unanswered() {
		broken("repeat_open", "repeat_of", "issue %s is still being handled: link to it", "vấn đề %s đang được xử lý: hãy liên kết với vấn đề đó", r.Earlier.Code)
	}
	if !r.Urgency.Valid() {
		broken("urgency_unknown", "urgency", "%q is no urgency: urgent, normal or complex", "%q không hợp lệ: urgent, normal hoặc complex", r.Urgency)
	}
	return faults.Err()
}

// Valid reports whether the urgency is one of the three.
func (u Urgency) Valid() bool { return u == Urgent || u == Normal || u == Complex }

// desk is whose desk the issue lies on before it is referred: the team's, or
// the office's when it was reported straight to the Committee.
func (s State) desk() string {
	if s.To == org.ProgrammeOffice {
		return HolderOffice
	}
	return "team:" + string(s.Team)
}

// OnDeskSince is the day on which the issue came onto that desk: registered, or
// given back by a unit.
func (s State) OnDeskSince() calendar.Date {
	if n := len(s.Referrals); n > 0 && !s.Referrals[n-1].ReturnedOn.IsZero() {
		return s.Referrals[n-1].ReturnedOn
	}
	return s.Registered
}

// Sorting is what triage decides.
type Sorting struct {
	Subject   string
	Sensitive bool   // the programme office has to approve its answers
	Title     string // empty: as it is
	Urgency   Urgency
}

// Triage sorts an issue by subject and urgency. The urgency decides the promise,
// counted from registration, and is fixed once the issue was referred: a unit
// that gives it back moves no promise. The rules are "issue.triage.…".
func (s *State) Triage(t Sorting, on calendar.Date, pol policy.Policy, cal *calendar.Calendar) error {
	var faults fault.List
	if strings.TrimSpace(t.Subject) == "" {
		faults.Add(fault.Broken("issue.triage.subject_missing", "subject", "triage chooses the subject", "phân loại phải chọn lĩnh vực"))
	}
	if !t.Urgency.Valid() {
		faults.Add(fault.Broken("issue.triage.urgency_unknown", "urgency", "%q is no urgency: urgent, normal or complex", "%q không hợp lệ: urgent, normal hoặc complex", t.Urgency))
	}
	if t.Urgency != s.Urgency && len(s.Referrals) > 0 {
		faults.Add(fault.Broken("issue.triage.urgency_fixed", "urgency", "the issue was referred as %s and the people were promised a date: its urgency stays", "vấn đề đã chuyển với mức %s và đã hẹn ngày với dân: không đổi mức khẩn", s.Urgency))
	}
	faults.Add(s.misplaced("issue.triage.not_open", Registered, Triaged))
	if err := faults.Err(); err != nil {
		return err
	}
	if err := s.move(Triaged, on); err != nil {
		return err
	}
	s.Subject, s.Sensitive, s.Urgency = t.Subject, t.Sensitive, t.Urgency
	if title := strings.TrimSpace(t.Title); title != "" {
		s.Title = title
	}
	if len(s.Referrals) == 0 {
		s.PromiseDue = cal.Add(s.Registered, pol.Issues.PromiseDays.For(string(s.Urgency)))
	}
	return nil
}

// HandOver makes another official the owner: promises follow the hamlet, not the
// person (L13).
func (s *State) HandOver(to org.PersonID, team org.TeamID, on calendar.Date) error {
	if to == "" {
		return fault.Broken("issue.hand_over.owner_missing", "owner", "an issue needs an owner", "vấn đề phải có người theo dõi")
	}
	if s.Status == Closed || s.Status == ClosedFinal {
		return fault.Broken("issue.hand_over.closed", "status", "the issue is closed: nothing is owed", "vấn đề đã kết thúc: không còn gì để bàn giao")
	}
	s.Owner = to
	if team != "" {
		s.Team = team
	}
	s.pass(on)
	return nil
}

// RaisedSince is the day on which the matter was raised first, here or in an
// issue that this one carries (A5).
func (s State) RaisedSince() calendar.Date {
	since := s.FirstRaised
	for _, c := range s.Carried {
		if c.Raised.Before(since) {
			since = c.Raised
		}
	}
	return since
}

// Raise is how many steps higher the ladders of the issue start (A5).
func (s State) Raise() int { return min(s.Repeats, 1) }

func repeated[T comparable](list []T) bool {
	for i, v := range list {
		if slices.Contains(list[:i], v) {
			return true
		}
	}
	return false
}
