package core

import (
	"context"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/visit"
)

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
	there, err := s.u.became(ctx, i.Place, v.Place, v.On())
	if err != nil {
		return err
	}
	if !there {
		return fault.Broken("issue.tick.other_place", "feedback", "issue %s was not raised in this hamlet", "vấn đề %s không phải của ấp này", i.ID)
	}
	if i.Status != issue.FeedbackDue {
		if i.Unanswered() {
			return fault.Broken("issue.tick.not_answered", "feedback", "issue %s has no approved answer yet", "vấn đề %s chưa có câu trả lời được duyệt", i.ID)
		}
		return nil
	}
	if !t.Delivered && v.On().Before(i.Answered().Approved) {
		return nil // it could not be told then
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
