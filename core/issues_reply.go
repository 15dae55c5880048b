package core

import (
	"context"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

// RecordReply writes down whether the speaker of r.Opinion is satisfied with the
// answer: the speaker's own word through the system, or on paper through the
// hamlet head, the team leader or the office, marked as such; never through the
// owner. A no in time opens the next round at the same unit, with a clock of its
// own and an approver one level up; in the last round the programme's leader
// decides (N15). When everybody said yes the issue is closed. The rules are
// "issue.reply.…".
func (s *Issues) RecordReply(ctx context.Context, id issue.ID, r issue.Satisfaction) (issue.State, error) {
	i, book, r, err := s.replying(ctx, id, r)
	if err != nil {
		return issue.State{}, err
	}
	if err := i.Reply(r, s.u.today, book.Policy, book.Calendar); err != nil {
		return issue.State{}, err
	}
	err = s.replied(ctx, &i, r)
	return i, err
}

// Appeal takes an answer of the last round to the programme's leader with the
// speaker's grounds, by whoever may record a reply. The rules are those of a
// reply and "issue.appeal.…".
func (s *Issues) Appeal(ctx context.Context, id issue.ID, r issue.Satisfaction, grounds string) (issue.State, error) {
	r.Satisfied = false
	i, book, r, err := s.replying(ctx, id, r)
	if err != nil {
		return issue.State{}, err
	}
	if err := i.OpenAppeal(r, grounds, s.u.today, book.Policy, book.Calendar); err != nil {
		return issue.State{}, err
	}
	err = s.replied(ctx, &i, r)
	return i, err
}

// replying loads an issue for a reply and fills in who brought it and when.
func (s *Issues) replying(ctx context.Context, id issue.ID, r issue.Satisfaction) (issue.State, rules, issue.Satisfaction, error) {
	i, book, err := s.load(ctx, id, RecordReply)
	if err != nil {
		return issue.State{}, rules{}, r, err
	}
	if by := s.u.by.Person; by != "" && by == i.Owner {
		return issue.State{}, rules{}, r, fault.Broken("issue.reply.own", "by", "nobody records how their own answer was received", "người theo dõi vấn đề không được tự ghi nhận mức hài lòng")
	}
	if r.On.IsZero() || r.On.After(s.u.today) {
		r.On = s.u.today
	}
	r.Proxy = s.u.by.Person
	return i, book, r, nil
}

// replied keeps an issue after a reply and draws what follows.
func (s *Issues) replied(ctx context.Context, i *issue.State, r issue.Satisfaction) error {
	err := s.keep(ctx, i, issue.RepliedEvent{Opinion: r.Opinion, Round: i.Replies[len(i.Replies)-1].Round, Satisfied: r.Satisfied, Proxy: r.Proxy != ""})
	if err != nil || i.Status == issue.FeedbackGiven {
		return err
	}
	subject := issue.Subject(i.ID)
	if err := s.u.meet(ctx, subject, r.On, duty.Satisfaction); err != nil {
		return err
	}
	if err := s.u.hush(ctx, notify.Query{Moot: alert.AskingKey(i.ID)}, "the question is settled"); err != nil {
		return err
	}
	switch i.Status {
	case issue.Closed:
		return s.note(ctx, *i, issue.ClosedEvent{Outcome: i.Outcome}, r.On)
	case issue.Referred:
		return s.reopened(ctx, *i)
	}
	return s.appealed(ctx, *i)
}

// reopened starts the unit's clock anew and tells who has to act.
func (s *Issues) reopened(ctx context.Context, i issue.State) error {
	referral := i.Current()
	err := s.note(ctx, i, issue.ReopenedEvent{Round: i.Round, Lead: string(referral.Lead), Due: referral.Due}, referral.On)
	if err != nil {
		return err
	}
	if err := s.u.release(ctx, issue.Subject(i.ID), duty.Roadmap); err != nil {
		return err
	}
	if err := s.oweAnswer(ctx, i); err != nil {
		return err
	}
	approver, err := s.above(ctx, referral.Lead)
	if err != nil {
		return err
	}
	return s.u.tell(ctx, alert.IssueReopened(i, approver)...)
}

// appealed lets the programme's leader owe a decision.
func (s *Issues) appealed(ctx context.Context, i issue.State) error {
	u := s.u
	if err := s.note(ctx, i, issue.AppealedEvent{}, i.Appeal.Opened); err != nil {
		return err
	}
	if err := u.release(ctx, issue.Subject(i.ID), duty.Roadmap); err != nil {
		return err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	d, err := u.owe(ctx, duty.Term{
		Kind: duty.Appeal, Subject: issue.Subject(i.ID), Place: i.Place, Label: i.Code,
		Holder: org.Party{Role: org.ProgrammeLeader}, Start: i.Appeal.Opened, Days: book.Issues.AppealDays,
	})
	if err != nil {
		return err
	}
	return u.tell(ctx, alert.IssueAppealed(i, d.Due)...)
}

// DecideAppeal ends an appealed issue by a reasoned written decision of the
// programme's leader, which names the legal path that is open after it. The
// speakers are told that there is one; the owner hands it over. The rules are
// "issue.appeal.…".
func (s *Issues) DecideAppeal(ctx context.Context, id issue.ID, decision, legalPath string) (issue.State, error) {
	u := s.u
	i, _, err := s.load(ctx, id, DecideAppeal)
	if err != nil {
		return issue.State{}, err
	}
	if err := i.DecideAppeal(decision, legalPath, u.by.Person, u.today); err != nil {
		return issue.State{}, err
	}
	if err := u.meet(ctx, issue.Subject(id), u.today, duty.Appeal); err != nil {
		return issue.State{}, err
	}
	if err := s.drop(ctx, id); err != nil { // whatever else was owed
		return issue.State{}, err
	}
	if err := s.keep(ctx, &i, issue.ClosedFinalEvent{}); err != nil {
		return issue.State{}, err
	}
	speakers, err := s.reachable(ctx, i)
	if err != nil {
		return issue.State{}, err
	}
	return i, u.tell(ctx, alert.IssueClosedFinal(i, speakers)...)
}
