package core

import (
	"context"
	"errors"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
)

// Refer hands a sorted issue to exactly one lead unit and any number of
// cooperating ones, by the leader of its team or the office (A4). Without a lead
// the route of its subject decides. The lead owes an answer from that day on; it
// and the others are told (N9), the speakers once that the matter is with a unit.
// The rules are "issue.refer.…".
func (s *Issues) Refer(ctx context.Context, id issue.ID, lead org.UnitID, cooperating ...org.UnitID) (issue.State, error) {
	u := s.u
	i, book, err := s.load(ctx, id, TriageIssue)
	if err != nil {
		return issue.State{}, err
	}
	if lead == "" {
		if lead, cooperating, err = s.routed(ctx, i, cooperating); err != nil {
			return issue.State{}, err
		}
	}
	if err := s.active(ctx, "issue.refer.unit_inactive", append([]org.UnitID{lead}, cooperating...)...); err != nil {
		return issue.State{}, err
	}
	if err := i.Refer(lead, cooperating, u.by.Person, u.today, book.Policy, book.Calendar); err != nil {
		return issue.State{}, err
	}
	if err := u.meet(ctx, issue.Subject(id), u.today, duty.Triage); err != nil {
		return issue.State{}, err
	}
	err = s.forward(ctx, &i, referred(i))
	return i, err
}

func referred(i issue.State) issue.ReferredEvent {
	r := i.Current()
	e := issue.ReferredEvent{Number: r.Number, Lead: string(r.Lead), Due: r.Due}
	for _, unit := range r.Cooperating {
		e.Cooperating = append(e.Cooperating, string(unit))
	}
	return e
}

// routed is the lead unit, and the cooperating ones, of the issue's subject.
func (s *Issues) routed(ctx context.Context, i issue.State, cooperating []org.UnitID) (org.UnitID, []org.UnitID, error) {
	route, err := s.RouteOf(ctx, i.Subject, i.Place)
	if errors.Is(err, fault.ErrNotFound) {
		return "", nil, fault.Broken("issue.refer.no_route", "lead", "no route leads the subject %q today: name the lead unit", "lĩnh vực %q hiện chưa có tuyến chuyển: phải chọn đơn vị chủ trì", i.Subject)
	}
	if len(cooperating) == 0 {
		cooperating = route.Cooperating
	}
	return route.Lead, cooperating, err
}

// active checks that the units exist today; which rule it is says the caller.
func (s *Issues) active(ctx context.Context, rule string, units ...org.UnitID) error {
	for _, id := range units {
		if id == "" {
			continue // who asks has a rule of its own for that
		}
		unit, err := s.u.dir.Unit(ctx, id)
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			return err
		}
		if err != nil || !unit.Valid.IsZero() && !unit.Valid.Contains(s.u.today) {
			return fault.Broken(rule, "unit", "there is no unit %s on %s", "không có đơn vị %s vào ngày %s", id, s.u.today.VN())
		}
	}
	return nil
}

// forward keeps a referral, starts the unit's clock and tells the unit, and the
// speakers the first time.
func (s *Issues) forward(ctx context.Context, i *issue.State, e event.Event) error {
	first := !i.Forwarded
	i.Forwarded = true
	if err := s.keep(ctx, i, e); err != nil {
		return err
	}
	if err := s.oweAnswer(ctx, *i); err != nil {
		return err
	}
	if err := s.u.tell(ctx, alert.IssueReferred(*i)...); err != nil || !first {
		return err
	}
	speakers, err := s.reachable(ctx, *i)
	if err != nil {
		return err
	}
	return s.u.tell(ctx, alert.IssueForwarded(*i, speakers)...)
}

// Return gives a referral back, by the lead unit: not ours, because, but theirs
// (EX-21). The desk refers it anew; after too many returns the programme office
// decides. The citizen's promise stays where it is and the speaker hears nothing.
// The rules are "issue.return.…".
func (s *Issues) Return(ctx context.Context, id issue.ID, reason string, suggested org.UnitID) (issue.State, error) {
	u := s.u
	i, book, err := s.load(ctx, id, AnswerReferral)
	if err != nil {
		return issue.State{}, err
	}
	if err := s.active(ctx, "issue.return.unknown_target", suggested); err != nil {
		return issue.State{}, err
	}
	if err := i.Return(reason, suggested, u.today, book.Policy, book.Calendar); err != nil {
		return issue.State{}, err
	}
	if err := s.drop(ctx, id, duty.Unit); err != nil {
		return issue.State{}, err
	}
	r := i.Referrals[len(i.Referrals)-1]
	if err := s.keep(ctx, &i, issue.ReturnedEvent{Number: r.Number, Lead: string(r.Lead), Suggested: string(r.Suggested)}); err != nil {
		return issue.State{}, err
	}
	if i.Status == issue.Arbitration {
		return i, s.openArbitration(ctx, i)
	}
	if err := s.oweTriage(ctx, i); err != nil {
		return issue.State{}, err
	}
	return i, u.tell(ctx, alert.IssueReturned(i)...)
}

// Accept says, by the lead unit, that it took the referral on: it cannot give it
// back after that, and its clock runs on. The rules are "issue.accept.…".
func (s *Issues) Accept(ctx context.Context, id issue.ID) (issue.State, error) {
	u := s.u
	i, _, err := s.load(ctx, id, AnswerReferral)
	if err != nil {
		return issue.State{}, err
	}
	if err := i.Accept(u.by.Person, u.today); err != nil {
		return issue.State{}, err
	}
	r := i.Current()
	err = s.keep(ctx, &i, issue.AcceptedEvent{Number: r.Number, Lead: string(r.Lead)})
	return i, err
}

// drop cancels duties of an issue and what was told about handling it.
func (s *Issues) drop(ctx context.Context, id issue.ID, kinds ...duty.Kind) error {
	if err := s.u.release(ctx, issue.Subject(id), kinds...); err != nil {
		return err
	}
	return s.hushHandling(ctx, id)
}

func (s *Issues) openArbitration(ctx context.Context, i issue.State) error {
	if err := s.note(ctx, i, issue.ArbitrationOpenedEvent{Returns: i.Returns()}, s.u.today); err != nil {
		return err
	}
	d, err := s.oweArbitration(ctx, i)
	if err != nil {
		return err
	}
	return s.u.tell(ctx, alert.ArbitrationOpened(i, d.Due)...)
}

func (s *Issues) oweArbitration(ctx context.Context, i issue.State) (duty.State, error) {
	book, err := s.u.rules(ctx)
	if err != nil {
		return duty.State{}, err
	}
	last := i.Referrals[len(i.Referrals)-1]
	return s.u.owe(ctx, duty.Term{
		Kind: duty.Arbitration, Subject: issue.Subject(i.ID), Place: i.Place, Label: i.Code,
		Holder: org.Party{Role: org.ProgrammeOffice}, Start: last.ReturnedOn, Days: book.Issues.ArbitrationDays, Raise: i.Raise(),
	})
}

// Arbitrate decides, by the programme office, which unit answers an issue that
// the units passed around. That unit cannot return it.
func (s *Issues) Arbitrate(ctx context.Context, id issue.ID, lead org.UnitID, cooperating ...org.UnitID) (issue.State, error) {
	u := s.u
	i, book, err := s.load(ctx, id, Arbitrate)
	if err != nil {
		return issue.State{}, err
	}
	if err := s.active(ctx, "issue.refer.unit_inactive", append([]org.UnitID{lead}, cooperating...)...); err != nil {
		return issue.State{}, err
	}
	if err := i.Arbitrate(lead, cooperating, u.by.Person, u.today, book.Policy, book.Calendar); err != nil {
		return issue.State{}, err
	}
	if err := u.meet(ctx, issue.Subject(id), u.today, duty.Arbitration); err != nil {
		return issue.State{}, err
	}
	if err := s.hushHandling(ctx, id); err != nil {
		return issue.State{}, err
	}
	r := i.Current()
	err = s.forward(ctx, &i, issue.ArbitrationDecidedEvent{Number: r.Number, Lead: string(r.Lead), Due: r.Due})
	return i, err
}

// Pause lets the unit's clock stand still while the speaker or a higher level has
// to say something, by the office or the programme's leader; for the days that
// are left of policy Issues.PauseDays, then it goes on by itself. The owner is
// told, and the speakers when it is their turn (N11). The rules are
// "issue.pause.…" and "duty.pause.…".
func (s *Issues) Pause(ctx context.Context, id issue.ID, reason issue.PauseReason, note string) (issue.State, error) {
	i, _, err := s.load(ctx, id, ApprovePause)
	if err != nil {
		return issue.State{}, err
	}
	return s.stand(ctx, i, reason, note)
}

func (s *Issues) stand(ctx context.Context, i issue.State, reason issue.PauseReason, note string) (issue.State, error) {
	u, asked := s.u, i.Request()
	if i.Status != issue.Referred { // before the clock is touched
		return issue.State{}, i.Pause(reason, note, u.today.Add(1), u.by.Person, u.today)
	}
	d, err := u.pause(ctx, issue.Subject(i.ID), duty.Unit, string(reason))
	if err != nil {
		return issue.State{}, err
	}
	if err := i.Pause(reason, note, d.PausedUntil(), u.by.Person, u.today); err != nil {
		return issue.State{}, err
	}
	if err := s.granted(ctx, i, asked, issue.AsksPause, d.PausedUntil()); err != nil {
		return issue.State{}, err
	}
	if err := s.keep(ctx, &i, issue.PausedEvent{Reason: reason, Until: d.PausedUntil()}); err != nil {
		return issue.State{}, err
	}
	speakers, err := s.reachable(ctx, i)
	if err != nil {
		return issue.State{}, err
	}
	return i, u.tell(ctx, alert.IssuePaused(i, speakers)...)
}

// Resume lets the clock of a paused issue go on: what it waited for arrived. The
// unit, the owner, the team leader and the office may say so.
func (s *Issues) Resume(ctx context.Context, id issue.ID) (issue.State, error) {
	u := s.u
	i, err := u.tx.Issue(ctx, id)
	if err != nil {
		return issue.State{}, err
	}
	err = u.allow(ctx, DeliverFeedback, about(i))
	if errors.Is(err, fault.ErrForbidden) {
		err = u.allow(ctx, AnswerReferral, about(i))
	}
	if err != nil {
		return issue.State{}, err
	}
	if i.Status != issue.OnHold {
		return issue.State{}, i.Resume(u.today, u.today)
	}
	d, err := u.resume(ctx, issue.Subject(id), duty.Unit, "resumed")
	if err != nil {
		return issue.State{}, err
	}
	err = s.resumed(ctx, &i, d)
	return i, err
}

func (s *Issues) resumed(ctx context.Context, i *issue.State, d duty.State) error {
	if err := i.Resume(s.u.today, d.Due); err != nil {
		return err
	}
	if err := s.hushHandling(ctx, i.ID); err != nil {
		return err
	}
	if err := s.keep(ctx, i, issue.ResumedEvent{Due: d.Due}); err != nil {
		return err
	}
	return s.u.tell(ctx, alert.IssueResumed(*i)...)
}

// goOn: the days of a pause are used up.
func goOn(ctx context.Context, u *unit, r event.Record, e event.Event) error {
	ended, ok := e.(duty.PauseEnded)
	if !ok || ended.DutyKind != duty.Unit || r.Subject.Type != issue.Subject("").Type {
		return nil
	}
	i, err := u.tx.Issue(ctx, issue.ID(r.Subject.ID))
	if err != nil || i.Status != issue.OnHold {
		return err
	}
	d, err := u.tx.Duty(ctx, ended.Duty)
	if err != nil {
		return err
	}
	return u.work.Issues.resumed(ctx, &i, d)
}

// Extend gives the unit so many working days more, by the office or the
// programme's leader: once, before the due date or asked for before it, and with
// an interim reply to the people (N11). The promise to the citizen stays. The
// rules are "issue.extend.…" and "duty.extend.…".
func (s *Issues) Extend(ctx context.Context, id issue.ID, x issue.Extension) (issue.State, error) {
	i, book, err := s.load(ctx, id, ApprovePause)
	if err != nil {
		return issue.State{}, err
	}
	return s.giveTime(ctx, i, x, book)
}

func (s *Issues) giveTime(ctx context.Context, i issue.State, x issue.Extension, book rules) (issue.State, error) {
	u, asked, on := s.u, i.Request(), s.u.today
	if asked != nil && asked.Kind == issue.AsksExtension {
		on = asked.On
	}
	x.On, x.By = u.today, u.by.Person
	if r := i.Current(); r != nil {
		// the words and the state first, so that every fault of them is named
		if err := i.Extend(x, book.Add(r.Due, max(x.Days, 1))); err != nil {
			return issue.State{}, err
		}
	} else if err := i.Extend(x, u.today); err != nil {
		return issue.State{}, err
	}
	d, err := u.extend(ctx, issue.Subject(i.ID), duty.Unit, x.Days, "unit_needs_time", on)
	if err != nil {
		return issue.State{}, err
	}
	i.Current().Due = d.Due
	if err := s.granted(ctx, i, asked, issue.AsksExtension, d.Due); err != nil {
		return issue.State{}, err
	}
	if err := s.keep(ctx, &i, issue.ExtendedEvent{Days: x.Days, Due: d.Due}); err != nil {
		return issue.State{}, err
	}
	speakers, err := s.reachable(ctx, i)
	if err != nil {
		return issue.State{}, err
	}
	return i, u.tell(ctx, alert.IssueExtended(i, speakers)...)
}
