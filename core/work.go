package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/store"
)

// Work is one unit of work: every operation of the programme, by one actor, at
// one instant, in one transaction. It must not be used after its function
// returned, nor by two goroutines.
type Work struct {
	Org         *Organisation // places, units, persons, roles, leave
	Programme   *Programme    // plan, teams, assignments, quota, policy and calendar versions
	Visits      *Visits       // month plan, visits, surveys, dissemination
	Opinions    *Opinions     // what was said
	Issues      *Issues       // what is owed
	Sealed      *Sealed       // denunciations
	Supervision *Supervision  // remarks on the official
	Reports     *Reports      // rounds, months, figures
	Duties      *Duties       // every clock: what is due, late, explained
	Notices     *Notices      // what was told, to whom, with what outcome
	Journal     *Journal      // who did what, when and why
	Privacy     *Privacy      // what is kept about a person: shown, corrected, removed

	unit *unit
}

func newWork(u *unit) *Work {
	w := &Work{unit: u}
	u.work = w
	w.Org, w.Programme, w.Visits = &Organisation{u}, &Programme{u}, &Visits{u}
	w.Opinions, w.Issues, w.Sealed = &Opinions{u}, &Issues{u}, &Sealed{u}
	w.Supervision, w.Reports = &Supervision{u}, &Reports{u}
	w.Duties, w.Notices, w.Journal = &Duties{u}, &Notices{u}, &Journal{u}
	w.Privacy = &Privacy{u}
	return w
}

// Now is the instant of this unit of work, UTC.
func (w *Work) Now() time.Time { return w.unit.now }

// Today is the civil date of this unit of work in the programme's zone.
func (w *Work) Today() calendar.Date { return w.unit.today }

// unit is what the services of one unit of work share.
type unit struct {
	sys   *System
	tx    store.Tx
	dir   org.Directory
	by    org.Actor // with the role that allowed the latest step
	role  org.Role  // the one role the actor came in; empty: any of theirs
	now   time.Time
	today calendar.Date
	work  *Work
	due   bool // a notice is due at once

	// as is when what is journalled happened, where that is not now: the end of a
	// window that is noticed late. Zero: now.
	as time.Time
	// told and stale count the notices this unit put into the outbox, and those of
	// them whose moment had passed.
	told, stale int
	// refused are tries to see sealed cases: kept even when the unit is undone.
	refused []sealed.Access

	memory                // of a unit that has its transaction to itself
	batch  *batch         // of duties that are swept together, nil where each asks for itself
	book   *rules         // loaded when first asked for
	routes *[]issue.Route // so are these, and again after one was put
}

// rules are the policy and the calendar in force.
type rules struct {
	policy.Policy
	*calendar.Calendar
}

// calendarVersion is how a clock remembers the calendar that set it.
func (r rules) calendarVersion() string {
	return fmt.Sprintf("%s/%d", r.Calendar.ID(), r.Calendar.Version())
}

// ruleCache keeps calendars that were built from stored versions.
type ruleCache struct {
	mu        sync.Mutex
	calendars map[programme.RuleID]*calendar.Calendar
}

func (c *ruleCache) calendar(r programme.Rule) (*calendar.Calendar, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cal, ok := c.calendars[r.ID]; ok {
		return cal, nil
	}
	cal, err := calendar.New(*r.Calendar)
	if err != nil {
		return nil, err
	}
	if c.calendars == nil {
		c.calendars = make(map[programme.RuleID]*calendar.Calendar)
	}
	c.calendars[r.ID] = cal
	return cal, nil
}

// rules returns the policy and the calendar in force today: the latest decided
// version, else what the System was made with.
func (u *unit) rules(ctx context.Context) (rules, error) {
	if u.book != nil {
		return *u.book, nil
	}
	book := rules{u.sys.policy, u.sys.opts.Calendar}
	versions, err := u.tx.Rules(ctx)
	if err != nil {
		return rules{}, err
	}
	slices.SortStableFunc(versions, func(a, b programme.Rule) int { return a.Decided.Compare(b.Decided) })
	for _, r := range versions {
		if r.Status != programme.RuleApproved {
			continue
		}
		if r.Policy != nil && !r.Policy.From.After(u.today) && !r.Policy.From.Before(book.Policy.From) {
			book.Policy = u.sys.opts.Limits.Apply(*r.Policy)
		}
		if r.Calendar != nil {
			if book.Calendar, err = u.sys.rules.calendar(r); err != nil {
				return rules{}, err
			}
		}
	}
	u.book = &book
	return book, nil
}

// calendarOf returns the calendar that a clock remembers as "id/version", so that
// a duty that was done long ago is explained by the days that held then; the one
// in force where that version is kept nowhere.
func (u *unit) calendarOf(ctx context.Context, version string, book rules) (*calendar.Calendar, error) {
	if version == book.calendarVersion() {
		return book.Calendar, nil
	}
	if first := (rules{u.sys.policy, u.sys.opts.Calendar}); version == first.calendarVersion() {
		return first.Calendar, nil
	}
	versions, err := u.tx.Rules(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range versions {
		if r.Calendar != nil && r.Status == programme.RuleApproved && version == fmt.Sprintf("%s/%d", r.Calendar.ID, r.Calendar.Version) {
			return u.sys.rules.calendar(r)
		}
	}
	return book.Calendar, nil
}

func (u *unit) newID() string {
	id := u.sys.opts.NewID()
	if u.alone {
		u.make(id)
		if tx, ok := u.tx.(store.Announced); ok {
			tx.Announce(id)
		}
	}
	return id
}

// fact is one thing that happened, about to be journalled.
type fact struct {
	subject  event.Subject
	event    event.Event
	place    org.PlaceID
	why      string
	happened time.Time // zero: now
}

// journal writes the fact down, lets the programme react to it and then the
// host, all in this transaction.
func (u *unit) journal(ctx context.Context, f fact) error {
	record, err := u.compose(ctx, f)
	if err != nil {
		return err
	}
	prev, err := u.lastRecord(ctx, f.subject)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	record.Seal(prev)
	if err := u.append(ctx, &record); err != nil {
		return err
	}
	u.appended(record)
	for _, react := range u.sys.reactions[record.Kind] {
		if err := react(ctx, u, record, f.event); err != nil {
			return err
		}
	}
	if u.sys.opts.OnEvent == nil {
		return nil
	}
	return u.sys.opts.OnEvent(ctx, u.work, record, f.event)
}

// append adds the record to the journal. Where it stands there only the host may
// want to know.
func (u *unit) append(ctx context.Context, r *event.Record) error {
	if tx, ok := u.tx.(store.Later); ok && u.sys.opts.OnEvent == nil {
		return tx.AppendLater(ctx, *r)
	}
	return u.tx.AppendRecord(ctx, r)
}

func (u *unit) compose(ctx context.Context, f fact) (event.Record, error) {
	data, err := json.Marshal(f.event)
	if err != nil {
		return event.Record{}, fmt.Errorf("core: encode event %s: %w", f.event.Kind(), err)
	}
	book, err := u.rules(ctx)
	if err != nil {
		return event.Record{}, err
	}
	if f.happened.IsZero() {
		f.happened = u.as
	}
	if f.happened.IsZero() {
		f.happened = u.now
	}
	return event.Record{
		ID: u.newID(), Subject: f.subject, Kind: f.event.Kind(),
		Actor: u.by.String(), Role: string(u.by.Role), ProxyFor: string(u.by.ProxyFor), Place: string(f.place), Why: f.why,
		Happened: f.happened.UTC().Truncate(time.Microsecond), Recorded: u.now,
		Policy: book.Policy.Version, Calendar: book.calendarVersion(), Data: data,
	}, nil
}

// reaction is what the programme does by itself when something happened.
type reaction func(ctx context.Context, u *unit, r event.Record, e event.Event) error

// owe opens a duty: somebody owes something by a date. An open duty of the same
// kind and subject is superseded by it.
func (u *unit) owe(ctx context.Context, t duty.Term) (duty.State, error) {
	if err := u.closeDuties(ctx, t.Subject, duty.Superseded, u.today, t.Kind); err != nil {
		return duty.State{}, err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return duty.State{}, err
	}
	state, err := duty.Open(duty.ID(u.newID()), t, book.Policy, book.Calendar, u.now)
	if err != nil {
		return duty.State{}, err
	}
	u.opened(t.Subject, t.Kind)
	return state, u.tx.PutDuty(ctx, &state)
}

// meet closes the open duties of these kinds as done on the given day, on time
// or late as the date says, and cancels what would still have been sent.
func (u *unit) meet(ctx context.Context, subject event.Subject, on calendar.Date, kinds ...duty.Kind) error {
	return u.closeDuties(ctx, subject, duty.Met, on, kinds...)
}

// meetAll is meet of one kind for some hundred subjects.
func (u *unit) meetAll(ctx context.Context, subjects []event.Subject, on calendar.Date, kind duty.Kind) error {
	if len(subjects) == 1 { // whose question may have been foreseen
		return u.meet(ctx, subjects[0], on, kind)
	}
	kinds := []duty.Kind{kind}
	subjects = slices.DeleteFunc(subjects, func(s event.Subject) bool { return u.owesNothing(s, kinds) })
	owed, err := u.openDutiesOf(ctx, subjects, kind)
	if err != nil {
		return err
	}
	over := make(map[duty.Status][]string)
	for _, subject := range subjects {
		for _, d := range owed[subject] {
			if err := u.endDuty(ctx, &d, ending{duty.Met, on}); err != nil {
				return err
			}
			over[d.Status] = append(over[d.Status], string(d.ID))
		}
		u.closed(subject, kinds)
	}
	var all []silence
	for _, status := range slices.Sorted(maps.Keys(over)) { // some may be late
		all = append(all, silence{notify.Query{Duties: over[status]}, "duty " + string(status)})
	}
	return u.silence(ctx, all...)
}

// release closes the open duties of these kinds as no longer owed.
func (u *unit) release(ctx context.Context, subject event.Subject, kinds ...duty.Kind) error {
	return u.closeDuties(ctx, subject, duty.Cancelled, u.today, kinds...)
}

func (u *unit) closeDuties(ctx context.Context, subject event.Subject, to duty.Status, on calendar.Date, kinds ...duty.Kind) error {
	return u.endDuties(ctx, subject, kinds, func(duty.Kind) ending { return ending{to, on} })
}

// ending is how a duty is closed.
type ending struct {
	to duty.Status
	on calendar.Date
}

// endDuties is closeDuties for kinds that end in different ways.
func (u *unit) endDuties(ctx context.Context, subject event.Subject, kinds []duty.Kind, end func(duty.Kind) ending) error {
	open, err := u.openDuties(ctx, subject, kinds...)
	if err != nil {
		return err
	}
	var over []silence
	for _, d := range open {
		if err := u.endDuty(ctx, &d, end(d.Kind)); err != nil {
			return err
		}
		over = append(over, silence{notify.Query{Duty: string(d.ID)}, "duty " + string(d.Status)})
	}
	u.closed(subject, kinds)
	return u.silence(ctx, over...)
}

// endDuty closes a duty. What was still to be said of it is its caller's to silence.
func (u *unit) endDuty(ctx context.Context, d *duty.State, e ending) error {
	if err := d.Close(e.to, e.on); err != nil {
		return err
	}
	return u.tx.PutDuty(ctx, d)
}

// openDuties returns the running and paused duties of a subject; no kinds means all.
func (u *unit) openDuties(ctx context.Context, subject event.Subject, kinds ...duty.Kind) ([]duty.State, error) {
	if u.owesNothing(subject, kinds) {
		return nil, nil
	}
	return u.tx.Duties(ctx, duty.Query{Subject: subject, Kinds: kinds, Statuses: []duty.Status{duty.Running, duty.Paused}})
}

// openDutiesOf is openDuties of one kind for many subjects.
func (u *unit) openDutiesOf(ctx context.Context, subjects []event.Subject, kind duty.Kind) (map[event.Subject][]duty.State, error) {
	owed := make(map[event.Subject][]duty.State)
	for some := range slices.Chunk(subjects, askTogether) {
		open, err := u.tx.Duties(ctx, duty.Query{Subjects: some, Kinds: []duty.Kind{kind}, Statuses: []duty.Status{duty.Running, duty.Paused}})
		if err != nil {
			return nil, err
		}
		for _, d := range open {
			owed[d.Subject] = append(owed[d.Subject], d)
		}
	}
	return owed, nil
}

// tell puts a notice into the outbox unless one with the same natural key is
// there. One whose moment has passed is kept as expired and never sent (EX-29).
func (u *unit) tell(ctx context.Context, notices ...notify.Notice) error {
	for i := range notices {
		n := &notices[i]
		n.ID, n.Created, n.State = notify.ID(u.newID()), u.now, notify.Pending
		if n.NotBefore.IsZero() {
			n.NotBefore = u.now
		}
		n.NextAt, n.Owner = n.NotBefore, notify.OwnerOf(n)
		if n.Over(u.now) {
			if err := n.Expire("its moment had passed", u.now); err != nil {
				return err
			}
		}
	}
	return u.post(ctx, notices)
}

// post puts notices into the outbox, together where the store can.
func (u *unit) post(ctx context.Context, notices []notify.Notice) error {
	if tx, ok := u.tx.(store.Gathered); ok && len(notices) > 0 {
		return tx.AddNotices(ctx, notices, u.count)
	}
	for _, n := range notices {
		added, err := u.tx.AddNotice(ctx, &n)
		if err != nil {
			return err
		}
		u.count(n, added)
	}
	return nil
}

// count notes that a notice was put into the outbox: at the latest when the
// transaction ends.
func (u *unit) count(n notify.Notice, added bool) {
	switch {
	case !added:
	case n.State == notify.Expired:
		u.stale++
	default:
		u.told++
		u.due = u.due || !n.NextAt.After(u.now)
	}
}

// hush cancels the notices that q selects, as far as they have not gone out.
// Those on their way are marked: the cancel came too late, unless they turn out
// not to have been taken, or not to have arrived; then they go no other way. What
// speaks of a duty is looked at by its duty before it takes another way.
func (u *unit) hush(ctx context.Context, q notify.Query, why string) error {
	return u.silence(ctx, silence{q, why})
}

// silence is notices that are not to go out any more, and why.
type silence struct {
	of  notify.Query
	why string
}

// silence is hush for several, none of which selects a notice of another one.
func (u *unit) silence(ctx context.Context, all ...silence) error {
	var changed []*notify.Notice
	for _, s := range all {
		notices, err := u.stoppable(ctx, s.of)
		if err != nil {
			return err
		}
		for i := range notices {
			if notices[i].State == notify.Accepted && kept(notices[i].Channel) {
				continue // in the application it shows what was said
			}
			if err := notices[i].Cancel(s.why, u.now); err != nil {
				return err
			}
			changed = append(changed, &notices[i])
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return u.tx.PutNotices(ctx, changed)
}

// stoppable are the notices that a hush looks at.
func (u *unit) stoppable(ctx context.Context, q notify.Query) ([]notify.Notice, error) {
	q.States = []notify.State{notify.Pending, notify.Queued, notify.Merged, notify.Sending, notify.Unknown}
	if q.Moot != "" {
		q.States = append(q.States, notify.Accepted)
	}
	return u.tx.Notices(ctx, q)
}
