package core

import (
	"context"
	"strings"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/visit"
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
// carried by this one get the same answer, each with its own owner and people.
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
	if err != nil || i.Status != issue.Linked {
		return err
	}
	if err := i.Share(hub, s.u.today); err != nil {
		return err
	}
	return s.answered(ctx, &i, hub.ID)
}

// Deliver writes down that the speaker of one opinion was told the answer, or why
// that failed, by the owner, the team leader or the office. With the last one
// told, the promise and the feedback are met on that day, and the speakers are
// asked the next morning whether they are satisfied (N14). The rules are
// "issue.deliver.…".
func (s *Issues) Deliver(ctx context.Context, id issue.ID, d issue.Delivery) (issue.State, error) {
	u := s.u
	i, _, err := s.load(ctx, id, DeliverFeedback)
	if err != nil {
		return issue.State{}, err
	}
	if d.On.IsZero() {
		d.On = u.today
	}
	d.By = u.by.Person
	if err := s.deliver(ctx, &i, d); err != nil {
		return issue.State{}, err
	}
	err = s.settle(ctx, &i)
	return i, err
}

// deliver books one delivery; settle has to follow.
func (s *Issues) deliver(ctx context.Context, i *issue.State, d issue.Delivery) error {
	_, speaker, err := s.heard(ctx, d.Opinion)
	if err != nil {
		return err
	}
	if d.Channel == issue.SMS && speaker.Named() && !speaker.TakesSMS() {
		return fault.Broken("issue.deliver.no_phone", "channel", "this speaker takes no text messages: tell them in person, by letter or by call", "người này không nhận tin nhắn: hãy phản hồi trực tiếp, bằng thư hoặc gọi điện")
	}
	if err := i.Deliver(d, !speaker.Named(), s.u.today); err != nil {
		return err
	}
	return s.note(ctx, *i, issue.DeliveredEvent{Opinion: d.Opinion, Channel: d.Channel, On: d.On, Failed: d.Failed != ""}, d.On)
}

// settle keeps an issue after deliveries and draws what follows when everybody
// has been told.
func (s *Issues) settle(ctx context.Context, i *issue.State) error {
	u := s.u
	if i.Status != issue.FeedbackGiven {
		return u.tx.PutIssue(ctx, i)
	}
	told := i.ToldOn(len(i.Answers))
	if err := u.meet(ctx, issue.Subject(i.ID), told, duty.Feedback, duty.Promise); err != nil {
		return err
	}
	if err := s.hushHandling(ctx, i.ID); err != nil {
		return err
	}
	if err := u.tx.PutIssue(ctx, i); err != nil {
		return err
	}
	if err := s.note(ctx, *i, issue.FeedbackGivenEvent{Round: i.Round, On: told}, told); err != nil {
		return err
	}
	return s.ask(ctx, *i)
}

// ask opens the window for replies and asks who can be asked.
func (s *Issues) ask(ctx context.Context, i issue.State) error {
	u := s.u
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	_, err = u.owe(ctx, duty.Term{
		Kind: duty.Satisfaction, Subject: issue.Subject(i.ID), Place: i.Place, Label: i.Code,
		Holder: org.Party{Role: org.Official, Person: i.Owner, Team: i.Team},
		Start:  i.ToldOn(len(i.Answers)), Days: book.Issues.SatisfactionDays,
	})
	if err != nil {
		return err
	}
	speakers, err := s.reachable(ctx, i)
	if err != nil {
		return err
	}
	return u.tell(ctx, alert.IssueAsked(i, speakers, i.ReplyUntil(book.Policy, book.Calendar), book.Ladder.SendAt)...)
}

// tick books what a visit's report says about an answer owed in the hamlet
// (EX-24). Told, it was told in person, at that visit, to everybody who had not
// heard it, those without a name included; not told, the reason is kept and the
// duty stays. A tick for an answer that was told meanwhile books nothing.
func (s *Issues) tick(ctx context.Context, v visit.State, t visit.FeedbackTick) error {
	i, err := s.u.tx.Issue(ctx, issue.ID(t.Issue))
	if err != nil {
		return err
	}
	if i.Place != v.Place {
		return fault.Broken("issue.tick.other_place", "feedback", "issue %s was not raised in this hamlet", "vấn đề %s không phải của ấp này", i.ID)
	}
	if i.Status != issue.FeedbackDue {
		if i.Unanswered() {
			return fault.Broken("issue.tick.not_answered", "feedback", "issue %s has no approved answer yet", "vấn đề %s chưa có câu trả lời được duyệt", i.ID)
		}
		return nil
	}
	for _, o := range i.Untold() {
		d := issue.Delivery{Opinion: o, Channel: issue.InPerson, On: v.On(), By: v.Holder(), Visit: string(v.ID)}
		if !t.Delivered {
			d.Failed = t.Why
		}
		if err := s.deliver(ctx, &i, d); err != nil {
			return err
		}
	}
	return s.settle(ctx, &i)
}

func (s *Issues) hushHandling(ctx context.Context, id issue.ID) error {
	return s.u.hush(ctx, notify.Query{Moot: alert.HandlingKey(id)}, "the step is done")
}

// stopAsking closes the window for replies without anything following from it.
func (s *Issues) stopAsking(ctx context.Context, id issue.ID) error {
	if err := s.u.release(ctx, issue.Subject(id), duty.Satisfaction); err != nil {
		return err
	}
	return s.u.hush(ctx, notify.Query{Moot: alert.AskingKey(id)}, "the question is settled")
}

// nobodyReplied: the window for replies ended. Silence closes an issue, and is
// counted as silence; the result of a roadmap is waited for.
func nobodyReplied(ctx context.Context, u *unit, d duty.State) error {
	s := u.work.Issues
	i, err := u.tx.Issue(ctx, issue.ID(d.Subject.ID))
	if err != nil || i.Status != issue.FeedbackGiven {
		return err
	}
	closed, err := i.CloseSilent(d.Due.Add(1))
	if err != nil || !closed {
		return err
	}
	return s.keep(ctx, &i, issue.ClosedEvent{Outcome: i.Outcome})
}

// Owing are the issues that a person follows and that are still open, for the
// list "what I still owe the people" (việc tôi còn nợ dân), oldest first.
func (s *Issues) Owing(ctx context.Context, owner org.PersonID) ([]issue.State, error) {
	issues, err := s.u.tx.Issues(ctx, issue.Query{Owner: owner})
	if err != nil {
		return nil, err
	}
	var open []issue.State
	for _, i := range issues {
		if i.Open() {
			open = append(open, i)
		}
	}
	return open, nil
}

// Slip is what a speaker without a telephone takes home (giấy hẹn): the code, the
// promised day, and who follows the matter.
type Slip struct {
	Code     string
	Place    string // name and where it lies
	Raised   calendar.Date
	Promised calendar.Date
	Official string
	Hotline  string // empty: none
}

// Slip puts the slip of an issue together. It names nobody who spoke and nothing
// that was said.
func (s *Issues) Slip(ctx context.Context, id issue.ID) (Slip, error) {
	u := s.u
	i, err := u.tx.Issue(ctx, id)
	if err != nil {
		return Slip{}, err
	}
	place, err := org.Display(ctx, u.dir, i.Place, u.today)
	if err != nil {
		return Slip{}, err
	}
	owner, err := u.dir.Person(ctx, i.Owner)
	if err != nil {
		return Slip{}, err
	}
	slip := Slip{Code: i.Code, Place: place, Raised: i.Registered, Promised: i.PromiseDue, Official: owner.FullName, Hotline: u.sys.opts.Hotline}
	if !i.Apologised.IsZero() {
		slip.Promised = i.Apology.NewDate
	}
	return slip, nil
}
