package countrytest

import (
	"fmt"
	"iter"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/visit"
)

// Subjects are the subjects of issues.
func Subjects() []string {
	return []string{"duong_giao_thong", "dien", "nuoc_sach", "dat_dai", "moi_truong", "an_ninh", "y_te", "giao_duc", "chinh_sach", "nong_nghiep"}
}

// Visits are the two visits a month that every official owes, by hamlet. Those
// before today were held, reported and, nine of ten, verified.
func (c *Country) Visits(m calendar.Month, today calendar.Date) iter.Seq[*visit.State] {
	return func(yield func(*visit.State) bool) {
		for i := range c.officials {
			for half := range 2 {
				if !yield(c.visit(m, i, half, today)) {
					return
				}
			}
		}
	}
}

// VisitID is the id of an official's first or second visit of a month.
func VisitID(m calendar.Month, i, half int) visit.ID {
	return visit.ID(fmt.Sprintf("v-%s-%06d-%d", m, i, half+1))
}

func (c *Country) visit(m calendar.Month, i, half int, today calendar.Date) *visit.State {
	r := c.random("visit", i*64+half*32+int(m.First().Month()))
	day := m.First().Add(14*half + r.IntN(13))
	hosting := c.hosting(i)
	v := &visit.State{
		ID: VisitID(m, i, half), Kind: visit.Regular, Place: Hamlet(i), Team: Team(TeamOf(i)), Official: Official(i),
		Planned: day, At: hosting.PreferredTime, Venue: hosting.Venue, Status: visit.Planned, Recorded: day.Add(-14).At(calendar.TimeOfDay{}).UTC(),
	}
	if !day.Before(today) {
		return v
	}
	told := day.At(calendar.MustTimeOfDay(21, 0)).UTC()
	v.Happened, v.ReportDue, v.Status = day, day.Add(2), visit.Reported
	v.Reports = []visit.Report{{Attendance: visit.Present, Started: hosting.PreferredTime, People: 12 + r.IntN(60), Minutes: "Bà con nghe và nêu ý kiến.", By: v.Official, Recorded: told}}
	if r.IntN(10) > 0 {
		v.Status = visit.Verified
		v.Evidence = []visit.Evidence{{Kind: visit.HostConfirmation, Grade: visit.Strong, By: Head(i), Recorded: told.Add(time.Hour)}}
	}
	return v
}

// IssueID is the id of the k-th issue.
func IssueID(k int) issue.ID { return issue.ID(fmt.Sprintf("i-%09d", k)) }

// Issues are the first n issues there were, spread evenly over the period and
// in the order of their days, as they stand at its end. Most were answered and
// closed within six weeks; of a hundred, three are still with their unit.
func (c *Country) Issues(n int, during calendar.Period) iter.Seq[*issue.State] {
	return c.IssuesFrom(0, n, n, during)
}

// IssuesFrom are those of n issues that begin at from and end before to.
func (c *Country) IssuesFrom(from, to, n int, during calendar.Period) iter.Seq[*issue.State] {
	return func(yield func(*issue.State) bool) {
		for k := from; k < to; k++ {
			if !yield(c.issue(k, n, during)) {
				return
			}
		}
	}
}

func (c *Country) issue(k, n int, during calendar.Period) *issue.State {
	r := c.random("issue", k)
	i := r.IntN(c.officials)
	day := during.From.Add(int(int64(k) * int64(during.Days()) / int64(n)))
	subject := r.IntN(len(Subjects()))
	unit, clerk := Unit(DistrictOf(i), subject), Clerk(DistrictOf(i), subject)
	s := &issue.State{
		ID: IssueID(k), Code: fmt.Sprintf("QG-%02d-%09d", day.Year()%100, k), Title: "Việc mẫu " + Subjects()[subject], Place: Hamlet(i), Team: Team(TeamOf(i)),
		Owner: Official(i), To: org.TeamLeader, Subject: Subjects()[subject], Urgency: issue.Normal, Status: issue.Registered, Round: 1,
		Opinions: []string{string(OpinionID(k))}, Registered: day, PromiseDue: day.Add(28), Recorded: day.At(calendar.MustTimeOfDay(20, 0)).UTC(),
		Held: []issue.Holding{{Holder: "team:" + string(Team(TeamOf(i))), From: day}},
	}
	referred := day.Add(1 + r.IntN(3))
	if referred.After(during.To) {
		return s
	}
	s.Status, s.Held[0].To = issue.Referred, referred
	s.Referrals = []issue.Referral{{Number: 1, Lead: unit, On: referred, Due: referred.Add(14), By: Leader(TeamOf(i))}}
	answered := referred.Add(3 + r.IntN(20))
	s.Held = append(s.Held, issue.Holding{Holder: "unit:" + string(unit), From: referred})
	if r.IntN(100) < 3 || answered.After(during.To) {
		return s
	}
	s.Status, s.Held[1].To = issue.FeedbackDue, answered
	class := []issue.AnswerClass{issue.Settled, issue.InProgress, issue.Explained, issue.Study}[r.IntN(4)]
	s.Answers = []issue.Answer{{Round: 1, Class: class, Text: "Đã xem xét và trả lời.", Unit: unit, Drafter: clerk, Drafted: answered, Approver: Leader(TeamOf(i)), Approved: answered}}
	told := answered.Add(1 + r.IntN(3))
	s.Held = append(s.Held, issue.Holding{Holder: "official:" + string(s.Owner), From: answered})
	if told.After(during.To) {
		return s
	}
	s.Status, s.Held[2].To = issue.FeedbackGiven, told
	s.Deliveries = []issue.Delivery{{Opinion: s.Opinions[0], Round: 1, Answer: 1, Channel: issue.InPerson, On: told, By: s.Owner}}
	closed := told.Add(1 + r.IntN(14))
	if closed.After(during.To) {
		return s
	}
	s.Status, s.Outcome, s.ClosedOn = issue.Closed, issue.NoResponse, closed
	if r.IntN(3) > 0 {
		s.Outcome = issue.Satisfied
		s.Replies = []issue.Satisfaction{{Opinion: s.Opinions[0], Round: 1, Answer: 1, Satisfied: true, On: closed}}
	}
	return s
}

// OpinionID is the id of the opinion that the k-th issue came from.
func OpinionID(k int) opinion.ID { return opinion.ID(fmt.Sprintf("o-%09d", k)) }

// OpinionOf is the opinion that an issue of [Country.Issues] came from, said
// without a name.
func OpinionOf(s *issue.State) *opinion.State {
	return &opinion.State{
		ID: opinion.ID(s.Opinions[0]), Place: s.Place, Heard: s.Owner, Kind: opinion.Petition, Text: s.Title, Confidentiality: opinion.NameHidden,
		Status: opinion.Linked, Issue: string(s.ID), Happened: s.Registered, Recorded: s.Recorded,
	}
}

// DutyOf is the clock that runs for an issue of [Country.Issues], or, for one
// that is closed, the promise that was kept: what its unit owes, or what its
// official has to tell.
func DutyOf(s *issue.State, pol policy.Policy, cal *calendar.Calendar) (*duty.State, error) {
	official := org.Party{Role: org.Official, Person: s.Owner, Team: s.Team}
	term := duty.Term{Kind: duty.Promise, Subject: issue.Subject(s.ID), Label: s.Code, Place: s.Place, Holder: official, Start: s.Registered, Days: pol.Issues.PromiseDays.Normal}
	switch s.Status {
	case issue.Referred:
		term.Kind, term.Start, term.Days = duty.Unit, s.Referrals[0].On, pol.Issues.UnitDays.Normal
		term.Holder = org.Party{Role: org.UnitHead, Unit: s.Referrals[0].Lead}
	case issue.FeedbackDue:
		term.Kind, term.Start, term.Days = duty.Feedback, s.Answers[0].Approved, pol.Issues.FeedbackDays
	}
	d, err := duty.Open(duty.ID("d-"+s.ID), term, pol, cal, s.Recorded)
	if err == nil && s.Status == issue.Closed {
		err = d.Close(duty.Met, s.ClosedOn)
	}
	return &d, err
}

// Reminders are n visits of one evening, to the first n hamlets and again from
// the first, with the duties whose first reminder falls due together at the hour
// of the policy on the morning two days before. It is the hour when everybody
// in the country is written to.
func (c *Country) Reminders(n int, evening calendar.Date, pol policy.Policy, cal *calendar.Calendar) iter.Seq2[*visit.State, *duty.State] {
	return func(yield func(*visit.State, *duty.State) bool) {
		opened := evening.Add(-14).At(calendar.MustTimeOfDay(9, 0)).UTC()
		for k := range n {
			i := k % c.officials
			v := c.visit(calendar.MonthOf(evening), i, 0, calendar.Date{})
			v.ID, v.Planned, v.Recorded = visit.ID(fmt.Sprintf("r-%s-%07d", evening, k)), evening, opened
			d, err := duty.Open(duty.ID("d-"+v.ID), duty.Term{
				Kind: duty.Visit, Subject: visit.Subject(v.ID), Place: v.Place, Holder: org.Party{Role: org.Official, Person: v.Official, Team: v.Team},
				Start: calendar.DateOf(opened), Due: evening, At: v.At,
			}, pol, cal, opened)
			if err != nil || !yield(v, &d) {
				return
			}
		}
	}
}
