package core

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/visit"
)

// Duties answers what is due, late, and why. Duties are opened and closed by
// what the other services do, never here. That a sealed case waits for an
// inspector is shown to that inspector alone, what follows from a review flag to
// those who may know of the flag.
type Duties struct{ u *unit }

// Get returns one duty, or fault.ErrNotFound.
func (s *Duties) Get(ctx context.Context, id duty.ID) (duty.State, error) {
	d, err := s.u.tx.Duty(ctx, id)
	if err != nil {
		return duty.State{}, err
	}
	shown, err := s.shown(ctx, d)
	if err != nil {
		return duty.State{}, err
	}
	if len(shown) == 0 {
		return duty.State{}, fault.NotFound("duty", string(id))
	}
	return d, nil
}

// Of returns every duty there was about a subject, in the order of their due dates.
func (s *Duties) Of(ctx context.Context, subject event.Subject) ([]duty.State, error) {
	found, err := s.u.tx.Duties(ctx, duty.Query{Subject: subject})
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, found...)
}

// shown leaves out the duties that the actor may not know of.
func (s *Duties) shown(ctx context.Context, found ...duty.State) ([]duty.State, error) {
	var shown []duty.State
	for _, d := range found {
		if d.Kind == duty.SealedAck && !s.u.by.System {
			mine, err := s.falls(ctx, d.Holder, s.u.by.Person)
			if err != nil {
				return nil, err
			}
			if !mine {
				continue
			}
		}
		if aboutAPerson(d) && !s.u.by.System {
			known, err := s.u.mayKnow(ctx, d)
			if err != nil {
				return nil, err
			}
			if !known {
				continue
			}
		}
		shown = append(shown, d)
	}
	return shown, nil
}

// Overdue returns the duties that q selects, are still owed and are late today,
// the oldest due date first. Statuses and the later end of Due in q are not used.
func (s *Duties) Overdue(ctx context.Context, q duty.Query) ([]duty.State, error) {
	late, _, err := s.overdue(ctx, q)
	return late, err
}

// overdue also reports whether the limit of q may have left some out.
func (s *Duties) overdue(ctx context.Context, q duty.Query) (overdue []duty.State, more bool, err error) {
	q.Statuses = []duty.Status{duty.Running}
	if q.Due.From.IsZero() {
		q.Due.From = calendar.MustDate(1, 1, 1)
	}
	if yesterday := s.u.today.Add(-1); q.Due.To.IsZero() || q.Due.To.After(yesterday) {
		q.Due.To = yesterday
	}
	if !q.Due.Valid() {
		return nil, false, nil
	}
	found, err := s.u.tx.Duties(ctx, q)
	if err != nil {
		return nil, false, err
	}
	var late []duty.State
	for _, d := range found {
		if d.IsLate(s.u.today) {
			late = append(late, d)
		}
	}
	late, err = s.shown(ctx, late...)
	return late, q.Limit > 0 && len(found) == q.Limit, err
}

// redListLook is how many times as many late duties the red list looks at as it
// shows: the oldest come first, and few of them are left out.
const redListLook = 4

// RedList is the few worst delays of today (danh sách đỏ, N24): those that have
// passed the level of the unit head, of kinds that reach the programme's leader
// at all, the longest first, policy Reports.RedListMax at most.
func (s *Duties) RedList(ctx context.Context) ([]duty.State, error) {
	book, err := s.u.rules(ctx)
	if err != nil {
		return nil, err
	}
	var kinds []duty.Kind
	for _, kind := range duty.Kinds() {
		if slices.Contains(duty.Levels(kind), duty.E3) {
			kinds = append(kinds, kind)
		}
	}
	wanted := book.Reports.RedListMax
	for limit := redListLook * wanted; ; limit *= redListLook {
		late, more, err := s.overdue(ctx, duty.Query{Kinds: kinds, Limit: limit})
		if err != nil {
			return nil, err
		}
		late = slices.DeleteFunc(late, func(d duty.State) bool { return d.Late(s.u.today, book.Calendar) < book.Ladder.Head })
		if len(late) >= wanted || !more {
			return late[:min(len(late), wanted)], nil
		}
	}
}

// Owed is what a person still owes today (việc tôi còn nợ), the earliest due date
// first: by name, through a role held at a unit, team or place, and in place of
// somebody who is away. Whose turn it is follows from the same rules by which
// notices are sent.
func (s *Duties) Owed(ctx context.Context, person org.PersonID) ([]duty.State, error) {
	queries, err := s.holds(ctx, person)
	if err != nil {
		return nil, err
	}
	owed := make(map[duty.ID]duty.State)
	mine := make(map[string]bool) // by key of the holder
	for _, q := range queries {
		q.Statuses = []duty.Status{duty.Running, duty.Paused}
		open, err := s.u.tx.Duties(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, d := range open {
			key := d.Holder.Key()
			if _, known := mine[key]; !known {
				if mine[key], err = s.falls(ctx, d.Holder, person); err != nil {
					return nil, err
				}
			}
			if mine[key] {
				owed[d.ID] = d
			}
		}
	}
	return slices.SortedFunc(maps.Values(owed), func(a, b duty.State) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID))
	}), nil
}

// falls reports whether what a party owes falls to the person today.
func (s *Duties) falls(ctx context.Context, holder org.Party, person org.PersonID) (bool, error) {
	there, err := alert.Resolve(ctx, s.u.dir, holder, s.u.today)
	if alert.IsVacant(err) {
		return false, nil
	}
	return slices.ContainsFunc(there, func(p org.Person) bool { return p.ID == person }), err
}

// holds are the questions to the store whose answers contain all that may fall
// to the person.
func (s *Duties) holds(ctx context.Context, person org.PersonID) ([]duty.Query, error) {
	leaves, err := s.u.dir.Leaves(ctx, org.LeaveQuery{On: s.u.today})
	if err != nil {
		return nil, err
	}
	people := []org.PersonID{person}
	for _, l := range leaves {
		there, err := org.Present(ctx, s.u.dir, l.Person, s.u.today)
		switch {
		case errors.Is(err, fault.ErrRule): // nobody stands in
		case err != nil:
			return nil, err
		case there == person:
			people = append(people, l.Person)
		}
	}
	var queries []duty.Query
	beyond := false
	for _, p := range people {
		queries = append(queries, duty.Query{Person: p})
		held, err := s.u.dir.Holdings(ctx, org.HoldingQuery{Person: p, On: s.u.today})
		if err != nil {
			return nil, err
		}
		for _, h := range held {
			switch h.Role {
			case org.Official: // owes by name
			case org.UnitHead, org.UnitClerk:
				queries = append(queries, duty.Query{Unit: h.Unit})
			case org.HamletHead, org.PartyCellSecretary, org.ResidentGroupHead, org.VillageElder, org.CommuneLeader:
				queries = append(queries, duty.Query{Place: h.Place})
			default:
				beyond = true
			}
		}
	}
	if beyond { // leaders, the office and inspectors also owe what nobody below is there to do
		return []duty.Query{{}}, nil
	}
	return queries, nil
}

// Explain accounts for a due date day by day, with its pauses and extensions, in
// the reader's language: "vi" or "en".
func (s *Duties) Explain(ctx context.Context, id duty.ID, lang string) (string, error) {
	d, err := s.Get(ctx, id)
	if err != nil {
		return "", err
	}
	book, err := s.u.rules(ctx)
	if err != nil {
		return "", err
	}
	cal, err := s.u.calendarOf(ctx, d.Calendar, book)
	if err != nil {
		return "", err
	}
	return d.Explanation(cal).Text(lang), nil
}

// Forecast lists what the programme will say about a duty by itself if nobody
// does anything, up to and including the given day (EX-06).
func (s *Duties) Forecast(ctx context.Context, id duty.ID, until calendar.Date) ([]duty.Step, error) {
	d, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	book, err := s.u.rules(ctx)
	if err != nil {
		return nil, err
	}
	return duty.Forecast(d, book.Policy, book.Calendar, until), nil
}

// pause stops the clock of an open duty of this kind, for the days that are left
// to it, and keeps back what it was about to say.
func (u *unit) pause(ctx context.Context, subject event.Subject, kind duty.Kind, reason string) (duty.State, error) {
	return u.change(ctx, subject, kind, reason, func(d *duty.State, book rules) error {
		return d.Pause(reason, u.by.Person, book.Policy, book.Calendar, u.now)
	})
}

// resume lets the clock of a paused duty of this kind go on.
func (u *unit) resume(ctx context.Context, subject event.Subject, kind duty.Kind, why string) (duty.State, error) {
	return u.change(ctx, subject, kind, why, func(d *duty.State, book rules) error {
		return d.Resume(book.Policy, book.Calendar, u.now)
	})
}

// extend moves the due date of a running duty of this kind, as was asked on a day.
func (u *unit) extend(ctx context.Context, subject event.Subject, kind duty.Kind, days int, reason string, asked calendar.Date) (duty.State, error) {
	return u.change(ctx, subject, kind, reason, func(d *duty.State, book rules) error {
		return d.ExtendAsked(days, reason, asked, u.by.Person, book.Policy, book.Calendar, u.now)
	})
}

// recalendar counts every open duty again after a calendar or a policy came into
// force, and journals each due date that moved, with the reason: "calendar v2"
// (EX-08). The programme's own number of a term stays as it was. Whoever changed
// the rules has made the unit forget those it had loaded.
func (u *unit) recalendar(ctx context.Context, why string) error {
	open, err := u.tx.Duties(ctx, duty.Query{Statuses: []duty.Status{duty.Running, duty.Paused}})
	if err != nil {
		return err
	}
	for _, d := range open {
		old := d.Due
		err := u.set(ctx, &d, why, func(d *duty.State, book rules) error {
			d.Recalendar(book.Policy, book.Calendar, u.now)
			return nil
		})
		if err == nil && d.Due != old {
			err = u.follow(ctx, d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// follow writes a due date that the calendar moved to where the duty's subject
// repeats it, and tells the people who were promised an answer by it.
func (u *unit) follow(ctx context.Context, d duty.State) error {
	var err error
	switch d.Subject {
	case visit.Subject(visit.ID(d.Subject.ID)):
		err = u.followVisit(ctx, d)
	case issue.Subject(issue.ID(d.Subject.ID)):
		err = u.followIssue(ctx, d)
	}
	if errors.Is(err, fault.ErrNotFound) {
		return nil // a host may keep its own visits and issues
	}
	return err
}

func (u *unit) followVisit(ctx context.Context, d duty.State) error {
	if d.Kind != duty.Report {
		return nil
	}
	v, err := u.tx.Visit(ctx, visit.ID(d.Subject.ID))
	if err != nil {
		return err
	}
	v.ReportDue = d.Due
	return u.tx.PutVisit(ctx, &v)
}

func (u *unit) followIssue(ctx context.Context, d duty.State) error {
	i, err := u.tx.Issue(ctx, issue.ID(d.Subject.ID))
	if err != nil {
		return err
	}
	switch current := i.Current(); {
	case d.Kind == duty.Unit && current != nil:
		current.Due = d.Due
		return u.tx.PutIssue(ctx, &i)
	case d.Kind == duty.Promise:
		i.PromiseDue = d.Due
		if err := u.tx.PutIssue(ctx, &i); err != nil {
			return err
		}
		speakers, err := u.work.Issues.reachable(ctx, i)
		if err != nil {
			return err
		}
		return u.tell(ctx, alert.PromiseMoved(i, speakers)...)
	}
	return nil
}

// change applies a change to the one open duty of a kind that a subject has.
func (u *unit) change(ctx context.Context, subject event.Subject, kind duty.Kind, why string, apply func(*duty.State, rules) error) (duty.State, error) {
	open, err := u.openDuties(ctx, subject, kind)
	if err != nil {
		return duty.State{}, err
	}
	if len(open) == 0 {
		return duty.State{}, fault.NotFound("open duty", string(kind)+" of "+subject.String())
	}
	d := open[0]
	err = u.set(ctx, &d, why, apply)
	return d, err
}

// set applies a change to a duty and keeps it. When it is not late any more by a
// due date that moved, or its clock stands still, what was still to be sent about
// it is cancelled. A move is journalled.
func (u *unit) set(ctx context.Context, d *duty.State, why string, apply func(*duty.State, rules) error) error {
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	old := d.Due
	if err := apply(d, book); err != nil {
		return err
	}
	if err := u.tx.PutDuty(ctx, d); err != nil {
		return err
	}
	if d.Due != old && !d.IsLate(u.today) || d.Status == duty.Paused {
		if err := u.hush(ctx, notify.Query{Duty: string(d.ID)}, why); err != nil {
			return err
		}
	}
	if d.Due == old {
		return nil
	}
	return u.journal(ctx, fact{
		subject: d.Subject, place: d.Place, why: why,
		event: duty.DeadlineMoved{Duty: d.ID, DutyKind: d.Kind, Old: old, New: d.Due},
	})
}
