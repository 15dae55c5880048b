package core

import (
	"context"
	"strings"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
)

// DraftAnswer writes the lead unit's answer, or writes it anew, with its class and
// what belongs to that (A2). "Not ours" is no answer, nor is forwarding to another
// unit of the programme: that is a return. Where the people were told "in
// progress", the unit drafts the result the same way. The rules are "issue.answer.…".
func (s *Issues) DraftAnswer(ctx context.Context, id issue.ID, a issue.Answer) (issue.State, error) {
	u := s.u
	i, _, err := s.load(ctx, id, AnswerReferral)
	if err != nil {
		return issue.State{}, err
	}
	if a.Class == issue.Beyond {
		if err := s.beyond(ctx, a.Body); err != nil {
			return issue.State{}, err
		}
	}
	result := i.Status == issue.FeedbackGiven
	a.Drafter = u.by.Person
	if err := i.DraftAnswer(a, u.today); err != nil {
		return issue.State{}, err
	}
	if result { // whatever was asked about the earlier answer is over
		if err := s.stopAsking(ctx, id); err != nil {
			return issue.State{}, err
		}
	}
	err = s.keep(ctx, &i, issue.AnswerDraftedEvent{Round: i.Round, Class: a.Class})
	return i, err
}

// beyond refuses to call a matter beyond competence when it belongs to another
// unit of the programme.
func (s *Issues) beyond(ctx context.Context, body string) error {
	units, err := s.u.tx.Units(ctx)
	if err != nil {
		return err
	}
	if one, err := s.u.dir.Unit(ctx, org.UnitID(body)); err == nil {
		units = append(units, one)
	}
	body = strings.TrimSpace(body)
	for _, unit := range units {
		unit = unit.At(s.u.today)
		for _, name := range []string{string(unit.ID), unit.Code, unit.Name, unit.SMSName} {
			if name != "" && strings.EqualFold(name, body) {
				return fault.Broken("issue.answer.not_ours", "body", "%s takes part in the programme: return the referral and suggest it", "%s thuộc chương trình: hãy trả lại và đề xuất đơn vị này", unit.ID)
			}
		}
	}
	return nil
}

// ApproveAnswer approves the drafted answer, by somebody else than its drafter:
// the head of the lead unit, for sensitive subjects the programme office, from
// the second round on one level above the unit (N15). The unit's clock is met;
// the owner, who is told (N12), owes the people the answer from that day on. Issues
// carried by this one get the same answer, each with its own owner and people, and
// later, where that was "in progress", its result.
func (s *Issues) ApproveAnswer(ctx context.Context, id issue.ID) (issue.State, error) {
	u := s.u
	i, err := u.tx.Issue(ctx, id)
	if err != nil {
		return issue.State{}, err
	}
	if err := s.mayApprove(ctx, i); err != nil {
		return issue.State{}, err
	}
	if err := i.ApproveAnswer(u.by.Person, u.today); err != nil {
		return issue.State{}, err
	}
	if err := u.meet(ctx, issue.Subject(id), u.today, duty.Unit, duty.Roadmap); err != nil {
		return issue.State{}, err
	}
	if err := s.hushHandling(ctx, id); err != nil {
		return issue.State{}, err
	}
	if err := s.answered(ctx, &i, ""); err != nil {
		return issue.State{}, err
	}
	for _, carried := range i.Carried {
		if err := s.share(ctx, i, carried.Issue); err != nil {
			return issue.State{}, err
		}
	}
	return i, nil
}

// SendBackAnswer gives a drafted answer back to its drafter, by whoever would
// have approved it, with a reason: it cannot be approved before it was drafted
// anew, and the unit's clock runs on. The drafter is told. The rules are
// "issue.send_back.…".
func (s *Issues) SendBackAnswer(ctx context.Context, id issue.ID, reason string) (issue.State, error) {
	u := s.u
	i, err := u.tx.Issue(ctx, id)
	if err != nil {
		return issue.State{}, err
	}
	if err := s.mayApprove(ctx, i); err != nil {
		return issue.State{}, err
	}
	if err := i.SendBack(reason, u.by.Person, u.today); err != nil {
		return issue.State{}, err
	}
	if err := s.keep(ctx, &i, issue.AnswerSentBackEvent{Round: i.Round}); err != nil {
		return issue.State{}, err
	}
	return i, u.tell(ctx, alert.AnswerSentBack(i)...)
}

func (s *Issues) mayApprove(ctx context.Context, i issue.State) error {
	u := s.u
	switch i.ApprovalLevel() {
	case issue.LevelOffice:
		return u.allow(ctx, ApproveSensitive, scope{place: i.Place})
	case issue.LevelHigher:
		above, err := s.above(ctx, i.Lead())
		if err != nil {
			return err
		}
		return u.allow(ctx, ApproveHigher, scope{place: i.Place, unit: above.Unit})
	}
	return u.allow(ctx, ApproveAnswer, scope{place: i.Place, unit: i.Lead()})
}

// above is who stands one level over a unit: the head of the unit it belongs to,
// else the programme's leader.
func (s *Issues) above(ctx context.Context, id org.UnitID) (org.Party, error) {
	unit, err := s.u.dir.Unit(ctx, id)
	if err != nil {
		return org.Party{}, err
	}
	if unit.Parent == "" {
		return org.Party{Role: org.ProgrammeLeader}, nil
	}
	return org.Party{Role: org.UnitHead, Unit: unit.Parent}, nil
}

// answered keeps an issue whose answer was approved and lets the owner owe it to
// the people. An answer in progress owes its result by the roadmap's day (A2).
func (s *Issues) answered(ctx context.Context, i *issue.State, from issue.ID) error {
	u := s.u
	a := i.Answered()
	err := s.keep(ctx, i, issue.AnswerApprovedEvent{
		Round: a.Round, Number: len(i.Answers), Class: a.Class, Roadmap: a.Roadmap, From: string(from),
	})
	if err != nil {
		return err
	}
	if a.Class == issue.InProgress {
		if err := s.oweResult(ctx, *i); err != nil {
			return err
		}
	}
	d, err := s.oweFeedback(ctx, *i)
	if err != nil {
		return err
	}
	return u.tell(ctx, alert.IssueAnswered(*i, d.Due)...)
}

func (s *Issues) oweFeedback(ctx context.Context, i issue.State) (duty.State, error) {
	book, err := s.u.rules(ctx)
	if err != nil {
		return duty.State{}, err
	}
	return s.u.owe(ctx, duty.Term{
		Kind: duty.Feedback, Subject: issue.Subject(i.ID), Place: i.Place, Label: i.Code,
		Holder: org.Party{Role: org.Official, Person: i.Owner, Team: i.Team},
		Start:  s.u.today, Days: book.Issues.FeedbackDays, Raise: i.Raise(),
	})
}

func (s *Issues) oweResult(ctx context.Context, i issue.State) error {
	a := i.Answered()
	_, err := s.u.owe(ctx, duty.Term{
		Kind: duty.Roadmap, Subject: issue.Subject(i.ID), Place: i.Place, Label: i.Code,
		Holder: org.Party{Role: org.UnitClerk, Unit: a.Unit}, Start: a.Approved, Due: a.Roadmap, Raise: i.Raise(),
	})
	return err
}

// share gives a carried issue the answer of the one that carries it.
func (s *Issues) share(ctx context.Context, hub issue.State, id issue.ID) error {
	i, err := s.u.tx.Issue(ctx, id)
	if err != nil || i.LinkedTo != hub.ID || i.Status != issue.Linked && !i.AwaitsResultOf(hub.ID) {
		return err
	}
	if err := i.Share(hub, s.u.today); err != nil {
		return err
	}
	if err := s.u.meet(ctx, issue.Subject(id), s.u.today, duty.Roadmap); err != nil {
		return err
	}
	if err := s.stopAsking(ctx, id); err != nil {
		return err
	}
	return s.answered(ctx, &i, hub.ID)
}
