package core

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
)

const (
	// sweepBatch is how many duties one transaction of a sweep looks at.
	sweepBatch = 100
	// sweepLater is when a duty that could not be swept is tried again.
	sweepLater = 15 * time.Minute
)

// Swept says what a sweep did.
type Swept struct {
	Routines int // daily routines that ran
	Duties   int // duties that were looked at
	Steps    int // reminders and levels of the ladder given out
	Elapsed  int // windows that closed
	Resumed  int // pauses that ended by themselves
	Notices  int // notices put into the outbox
	Expired  int // of the reminders, how many came too late to be sent
	Failed   int // duties left for later because of an error
}

func (s *Swept) add(t Swept) {
	s.Routines += t.Routines
	s.Duties += t.Duties
	s.Steps += t.Steps
	s.Elapsed += t.Elapsed
	s.Resumed += t.Resumed
	s.Notices += t.Notices
	s.Expired += t.Expired
	s.Failed += t.Failed
}

// Sweep does everything that now makes due: the day's routines, reminders, the
// ladder, windows that closed, pauses that ended. It is idempotent and may run
// late, twice, or on many machines at once; after an outage one sweep catches
// up: what is still of use is said, stale reminders are kept as expired, every
// level of the ladder that was missed is said once (EX-29).
//
// It works in transactions of bounded size. A duty that fails is left for a
// quarter of an hour and does not hold up the others; the error tells of all
// that failed, and Swept of what was done all the same.
func (s *System) Sweep(ctx context.Context) (Swept, error) {
	var total Swept
	err := errors.Join(s.runRoutines(ctx, &total), s.sweepDuties(ctx, &total))
	if total.Routines > 0 { // once a day
		err = errors.Join(err, s.tidyRollups(ctx))
	}
	return total, err
}

// NextWake is the earliest instant at which anything becomes due by itself: a
// step of a duty, a notice that waits for its time, or the routines of the next
// date. It lies in the past when something is due already. A simulated clock goes
// from one to the next.
func (s *System) NextWake(ctx context.Context) (time.Time, error) {
	var next time.Time
	err := s.View(ctx, org.System(), func(ctx context.Context, w *Work) error {
		u := w.unit
		next = u.today.Add(1).At(calendar.TimeOfDay{}).UTC()
		wake, err := u.tx.NextWake(ctx)
		if err != nil {
			return err
		}
		notice, err := u.tx.NextNotice(ctx)
		if err != nil {
			return err
		}
		for _, t := range []time.Time{wake, notice} {
			if !t.IsZero() && t.Before(next) {
				next = t
			}
		}
		return nil
	})
	return next, err
}

// runRoutines runs each routine that did not run yet on this date, anywhere.
func (s *System) runRoutines(ctx context.Context, total *Swept) error {
	var faults fault.List
	for _, r := range routines() {
		var ran Swept
		var u *unit
		err := s.Update(ctx, org.System(), func(ctx context.Context, w *Work) error {
			ran, u = Swept{}, w.unit
			midnight := u.today.Add(1).At(calendar.TimeOfDay{}).UTC()
			mine, err := u.tx.Lease(ctx, "routine/"+r.name, u.newID(), u.now, midnight)
			if err != nil || !mine {
				return err
			}
			ran.Routines = 1
			return r.run(ctx, u)
		})
		if err != nil {
			faults.Add(fmt.Errorf("core: routine %s: %w", r.name, err))
			continue
		}
		ran.Notices, ran.Expired = u.told, u.stale
		total.add(ran)
	}
	return faults.Err()
}

// sweepDuties looks at due duties, batch by batch, until none is left.
func (s *System) sweepDuties(ctx context.Context, total *Swept) error {
	var faults fault.List
	for {
		ids, err := s.sweepTogether(ctx, total)
		if err != nil && len(ids) > 0 {
			err = s.sweepEach(ctx, ids, total, &faults)
		}
		if err != nil {
			faults.Add(err)
			return faults.Err()
		}
		if len(ids) < sweepBatch {
			return faults.Err()
		}
	}
}

// sweepTogether sweeps one batch in one transaction and returns which duties
// were in it.
func (s *System) sweepTogether(ctx context.Context, total *Swept) (ids []duty.ID, err error) {
	var done Swept
	var u *unit
	err = s.Update(ctx, org.System(), func(ctx context.Context, w *Work) error {
		done, ids, u = Swept{}, nil, w.unit
		due, err := w.unit.tx.DutiesToWake(ctx, w.unit.now, sweepBatch)
		if err != nil {
			return err
		}
		for _, d := range due {
			ids = append(ids, d.ID)
		}
		u.batch = newBatch(u, due)
		for _, d := range due {
			if err := w.unit.sweep(ctx, d, &done); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		done.Notices, done.Expired = u.told, u.stale
		total.add(done)
	}
	return ids, err
}

// sweepEach sweeps the duties of a batch that failed one by one. Those that fail
// are put off and their faults kept; an error means that not even that was possible.
func (s *System) sweepEach(ctx context.Context, ids []duty.ID, total *Swept, faults *fault.List) error {
	for _, id := range ids {
		var done Swept
		var u *unit
		err := s.Update(ctx, org.System(), func(ctx context.Context, w *Work) error {
			done, u = Swept{}, w.unit
			d, err := w.unit.tx.Duty(ctx, id)
			if err != nil || !w.unit.wakes(d) {
				return err // somebody else was faster
			}
			if err := w.unit.sweep(ctx, d, &done); err != nil {
				return err
			}
			return nil
		})
		if err == nil {
			done.Notices, done.Expired = u.told, u.stale
			total.add(done)
			continue
		}
		faults.Add(fmt.Errorf("core: sweep of duty %s: %w", id, err))
		if err := s.putOff(ctx, id); err != nil {
			return err
		}
		total.Failed++
	}
	return nil
}

// putOff lets a duty be swept again later.
func (s *System) putOff(ctx context.Context, id duty.ID) error {
	return s.Update(ctx, org.System(), func(ctx context.Context, w *Work) error {
		d, err := w.unit.tx.Duty(ctx, id)
		if err != nil || !w.unit.wakes(d) {
			return err
		}
		d.WakeAt = w.unit.now.Add(sweepLater)
		return w.unit.tx.PutDuty(ctx, &d)
	})
}

// batch is what the steps of many duties ask each for itself, who the holder is and
// what waits in the hamlet, asked for all of them when the first one does. It is
// good as long as steps are given out, which change nothing of that.
type batch struct {
	due     []duty.State
	dir     *memo
	answers map[org.PlaceID][]string // codes by hamlet; nil: not asked yet
}

func newBatch(u *unit, due []duty.State) *batch { return &batch{due: due, dir: newMemo(u.dir)} }

// rolesOf are what somebody is today.
func (u *unit) rolesOf(ctx context.Context, person org.PersonID) ([]org.Holding, error) {
	q := org.HoldingQuery{Person: person, On: u.today}
	if u.batch == nil {
		return u.dir.Holdings(ctx, q)
	}
	if _, known := u.batch.dir.holdings[q]; !known {
		var holders []org.PersonID
		for _, d := range u.batch.due {
			holders = append(holders, d.Holder.Person)
		}
		if err := u.batch.dir.expectHoldings(ctx, holders, u.today); err != nil {
			return nil, err
		}
	}
	return u.batch.dir.Holdings(ctx, q)
}

// answersIn are the codes of the issues whose answer waits to be told in a hamlet.
func (u *unit) answersIn(ctx context.Context, place org.PlaceID) ([]string, error) {
	if u.batch == nil {
		answers, err := u.answersWaiting(ctx, place)
		return answers[place], err
	}
	if u.batch.answers == nil {
		var places []org.PlaceID
		for _, d := range u.batch.due {
			if d.Kind == duty.Visit {
				places = append(places, d.Place)
			}
		}
		var err error
		if u.batch.answers, err = u.answersWaiting(ctx, places...); err != nil {
			return nil, err
		}
	}
	return u.batch.answers[place], nil
}

// answersWaiting are the codes of the issues whose answer waits to be told, by hamlet.
func (u *unit) answersWaiting(ctx context.Context, places ...org.PlaceID) (map[org.PlaceID][]string, error) {
	codes := make(map[org.PlaceID][]string)
	slices.Sort(places)
	places = slices.DeleteFunc(slices.Compact(places), func(p org.PlaceID) bool { return p == "" })
	if len(places) == 0 {
		return codes, nil
	}
	issues, err := u.tx.Issues(ctx, issue.Query{Places: places, Statuses: []issue.Status{issue.FeedbackDue}})
	for _, i := range issues {
		codes[i.Place] = append(codes[i.Place], i.Code)
	}
	return codes, err
}

// wakes reports whether a duty has to be looked at now.
func (u *unit) wakes(d duty.State) bool {
	return d.IsOpen() && !d.WakeAt.IsZero() && !d.WakeAt.After(u.now)
}

// sweep does everything that now makes due for one duty.
func (u *unit) sweep(ctx context.Context, d duty.State, done *Swept) error {
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	done.Duties++
	if d.Status == duty.Paused {
		if err := u.endPause(ctx, &d, done); err != nil {
			return err
		}
	}
	for _, step := range duty.DueSteps(d, book.Policy, book.Calendar, u.now) {
		d.Advance(step, book.Policy, book.Calendar)
		if err := u.tx.PutDuty(ctx, &d); err != nil {
			return err
		}
		if err := u.giveOut(ctx, d, step, done); err != nil {
			return err
		}
		if d, err = u.tx.Duty(ctx, d.ID); err != nil {
			return err
		}
		if d.Status != duty.Running { // what the end of a window set off closed it
			return nil
		}
		if step.Level == duty.Elapsed && d.WakeAt.IsZero() {
			return u.release(ctx, d.Subject, d.Kind) // the window is over, nothing more is owed
		}
	}
	if !u.wakes(d) {
		return nil
	}
	// Nothing was due: the numbers of the ladder were changed since the wake-up was set.
	d.Recalendar(book.Policy, book.Calendar, u.now)
	if u.wakes(d) {
		return fmt.Errorf("core: duty %s wakes at %s and has nothing to do", d.ID, d.WakeAt)
	}
	return u.tx.PutDuty(ctx, &d)
}

// endPause lets the clock go on when the days of pause are used up, and says so
// to whoever paused it.
func (u *unit) endPause(ctx context.Context, d *duty.State, done *Swept) error {
	u.batch = nil // the host is told
	until := d.PausedUntil()
	err := u.set(ctx, d, "the pause is over", func(d *duty.State, book rules) error {
		return d.Resume(book.Policy, book.Calendar, u.now)
	})
	if err != nil {
		return err
	}
	done.Resumed++
	err = u.journal(ctx, fact{
		subject: d.Subject, place: d.Place, happened: until.At(calendar.TimeOfDay{}),
		event: duty.PauseEnded{Duty: d.ID, DutyKind: d.Kind, On: until},
	})
	if err != nil {
		return err
	}
	*d, err = u.tx.Duty(ctx, d.ID)
	return err
}

// giveOut says one step, or does what the end of a window means. That happened
// when the window closed, however late the sweep is.
func (u *unit) giveOut(ctx context.Context, d duty.State, step duty.Step, done *Swept) error {
	if step.Level == duty.Elapsed {
		done.Elapsed++
		act := elapses()[d.Kind]
		if act == nil {
			return nil
		}
		u.batch = nil // it may change what was asked
		u.as = step.At
		defer func() { u.as = time.Time{} }()
		return act(ctx, u, d)
	}
	done.Steps++
	line, err := u.line(ctx, d.Holder)
	if err != nil {
		return err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	if err := u.tell(ctx, alert.ForStep(d, step, line, book.Calendar)...); err != nil {
		return err
	}
	if d.Kind == duty.Visit {
		return u.agenda(ctx, d, step)
	}
	return nil
}

// line looks up where the holder of a duty stands today.
func (u *unit) line(ctx context.Context, holder org.Party) (alert.Line, error) {
	line := alert.Line{Team: holder.Team, Unit: holder.Unit}
	if holder.Person == "" {
		return line, nil
	}
	held, err := u.rolesOf(ctx, holder.Person)
	for _, h := range held {
		line.Team = cmp.Or(line.Team, h.Team)
		line.Unit = cmp.Or(line.Unit, h.Unit)
	}
	line.Leads = slices.ContainsFunc(held, func(h org.Holding) bool { return h.Role == org.TeamLeader && h.Team == line.Team })
	return line, err
}
