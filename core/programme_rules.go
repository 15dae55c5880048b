package core

import (
	"context"
	"fmt"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/programme"
)

// Rules returns every version of the policy and of the calendar that was ever
// proposed, ordered by id.
func (s *Programme) Rules(ctx context.Context) ([]programme.Rule, error) {
	return s.u.tx.Rules(ctx)
}

// ProposeRule proposes a new version of the policy or of the calendar, by the
// programme office, with a reason; the programme's leader is asked to decide. A
// policy is complete, under a version of its own and begins today or later; a
// calendar goes on where the one in force began. An empty ID is filled in.
// Rules: programme.rule.*, and those of policy and calendar themselves.
func (s *Programme) ProposeRule(ctx context.Context, r programme.Rule) (programme.Rule, error) {
	u := s.u
	if err := u.allow(ctx, ProposeRule, scope{}); err != nil {
		return programme.Rule{}, err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return programme.Rule{}, err
	}
	if r.ID == "" {
		r.ID = programme.RuleID(u.newID())
	}
	r.Version, r.Proposer, r.Recorded = 0, u.by.Person, u.now
	if r, err = programme.ProposeRule(r, book.Policy, book.Calendar, u.today); err != nil {
		return programme.Rule{}, err
	}
	if err := s.keepRule(ctx, &r, programme.RuleProposedEvent{Content: r.Content()}, r.Reason); err != nil {
		return programme.Rule{}, err
	}
	return r, u.tell(ctx, alert.RuleProposed(r)...)
}

func (s *Programme) keepRule(ctx context.Context, r *programme.Rule, e event.Event, why string) error {
	if err := s.u.tx.PutRule(ctx, r); err != nil {
		return err
	}
	return s.u.journal(ctx, fact{subject: programme.RuleSubject(r.ID), event: e, why: why})
}

// ApproveRule puts a proposed version in force, by the programme's leader and
// never by who proposed it ("programme.rule.same_person"). It is refused when
// another version was approved since ("programme.rule.superseded"). Every open
// duty is counted again by a new calendar, and each due date that moves is
// journalled with the reason (EX-08); a policy holds from its own first day for
// what begins then.
func (s *Programme) ApproveRule(ctx context.Context, id programme.RuleID) (programme.Rule, error) {
	u := s.u
	r, err := u.tx.Rule(ctx, id)
	if err != nil {
		return programme.Rule{}, err
	}
	if err := u.allow(ctx, ApproveRule, scope{person: r.Proposer}); err != nil {
		return programme.Rule{}, err
	}
	all, err := u.tx.Rules(ctx)
	if err != nil {
		return programme.Rule{}, err
	}
	if err := r.Approve(u.by.Person, u.now, all); err != nil {
		return programme.Rule{}, err
	}
	if err := s.keepRule(ctx, &r, programme.RuleApprovedEvent{Content: r.Content()}, ""); err != nil {
		return programme.Rule{}, err
	}
	u.book = nil // the rules have just changed
	if r.Calendar != nil {
		if err := u.recalendar(ctx, fmt.Sprintf("calendar v%d", r.Calendar.Version)); err != nil {
			return programme.Rule{}, err
		}
	}
	return r, s.tellDecision(ctx, r)
}

// RejectRule turns a proposed version down, by the programme's leader, with a reason.
func (s *Programme) RejectRule(ctx context.Context, id programme.RuleID, reason string) (programme.Rule, error) {
	r, err := s.u.tx.Rule(ctx, id)
	if err != nil {
		return programme.Rule{}, err
	}
	if err := s.u.allow(ctx, ApproveRule, scope{}); err != nil {
		return programme.Rule{}, err
	}
	if err := r.Reject(s.u.by.Person, s.u.now); err != nil {
		return programme.Rule{}, err
	}
	if err := s.keepRule(ctx, &r, programme.RuleRejectedEvent{}, reason); err != nil {
		return programme.Rule{}, err
	}
	return r, s.tellDecision(ctx, r)
}

func (s *Programme) tellDecision(ctx context.Context, r programme.Rule) error {
	if err := s.u.hush(ctx, notify.Query{Moot: alert.RuleKey(r.ID)}, "decided"); err != nil {
		return err
	}
	return s.u.tell(ctx, alert.RuleDecided(r)...)
}
