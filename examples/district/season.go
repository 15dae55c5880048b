package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// season is one run: the world, its people, and how they behave.
type season struct {
	cfg   config
	in    input
	world *world
	time  *clock
	cal   *calendar.Calendar
	draw  draws
	how   behaviour
	cast  cast
	mind  mind
	show  *progress

	last    calendar.Date  // of the days on which reports are closed after -to
	refused map[string]int // what the rules refused, by rule
	took    stopwatch
}

// stopwatch says where the real time went.
type stopwatch struct {
	people, sweep, delivery time.Duration
	instants, drained       int // moments the clock stood at, and those at which something was sent
}

// hour is a moment of the day at which some of the people act.
type hour struct {
	hour, minute int
	office       bool // on working days only
	acts         func(*season, context.Context, *core.Work) ([]act, error)
}

// hours is the course of a day. People act at set hours, which is all that
// is coarse about the season's time; what the programme itself says and does
// happens at its exact moment.
func hours() []hour {
	return []hour{
		{8, 15, true, (*season).officeMorning},
		{9, 0, true, (*season).teamLeaders},
		{10, 0, true, (*season).clerks},
		{11, 0, true, (*season).officialsAtDesk},
		{15, 0, true, (*season).unitHeads},
		{16, 30, true, (*season).leaders},
		{17, 30, false, (*season).hamlets},
		{20, 30, false, (*season).evening},
	}
}

// act is what one person does at one moment.
type act struct {
	who  org.Actor
	do   func(context.Context, *core.Work) error
	rule string // the refusal to be expected, if any
}

func by(who org.PersonID, do func(context.Context, *core.Work) error) act {
	return act{who: org.Actor{Person: who}, do: do}
}

// run lets the time from the first to the last instant pass.
func (s *season) run(ctx context.Context) error {
	plan := s.agenda()
	for len(plan) > 0 {
		at, wake, err := s.next(ctx, plan[0].at)
		if err != nil {
			return err
		}
		if err := s.wait(ctx, at); err != nil {
			return err
		}
		if !wake.After(at) {
			if err := s.sweep(ctx, at, wake); err != nil {
				return err
			}
		}
		for len(plan) > 0 && !plan[0].at.After(at) {
			if err := s.live(ctx, plan[0].hour); err != nil {
				return err
			}
			plan = plan[1:]
		}
		if err := s.deliver(ctx); err != nil {
			return err
		}
		s.show.at(s.time.today())
	}
	return nil
}

// appointment is an hour of a certain day.
type appointment struct {
	at   time.Time
	hour hour
}

// agenda lists every hour at which people act, from now to the last day.
func (s *season) agenda() []appointment {
	var plan []appointment
	for day := s.time.today(); !day.After(s.last); day = day.Add(1) {
		for _, h := range hours() {
			if at := civil(day, h.hour, h.minute); at.After(s.time.Now()) && (!h.office || s.cal.IsWorkingDay(day)) {
				plan = append(plan, appointment{at, h})
			}
		}
	}
	return plan
}

// next is the next instant that matters: of the people, or of the programme.
func (s *season) next(ctx context.Context, people time.Time) (at, wake time.Time, err error) {
	if wake, err = s.world.sys.NextWake(ctx); err != nil {
		return at, wake, err
	}
	at = people
	if wake.Before(at) {
		at = wake
	}
	if now := s.time.Now(); at.Before(now) {
		at = now
	}
	return at, wake, nil
}

// wait sets the clock, at once or as fast as it is wanted.
func (s *season) wait(ctx context.Context, at time.Time) error {
	if s.cfg.speed > 0 {
		pause := time.NewTimer(time.Duration(float64(at.Sub(s.time.Now())) / s.cfg.speed))
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
	}
	s.time.set(at)
	return ctx.Err()
}

// sweep does what is due by itself. Nothing may be due any more afterwards, or
// the clock would stand still.
func (s *season) sweep(ctx context.Context, at, wake time.Time) error {
	defer lap(&s.took.sweep, time.Now())
	if _, err := s.world.sys.Sweep(ctx); err != nil {
		return fmt.Errorf("sweep at %s: %w", at.In(calendar.Zone()).Format(time.DateTime), err)
	}
	return nil
}

func lap(total *time.Duration, began time.Time) { *total += time.Since(began) }

// deliver waits until everything that fell due was delivered.
func (s *season) deliver(ctx context.Context) error {
	defer lap(&s.took.delivery, time.Now())
	s.took.instants++
	sent, err := s.world.drain(ctx)
	if sent {
		s.took.drained++
	}
	return err
}

// live lets those act who act at this hour.
func (s *season) live(ctx context.Context, h hour) error {
	defer lap(&s.took.people, time.Now())
	var acts []act
	err := s.see(ctx, func(ctx context.Context, w *core.Work) (err error) {
		acts, err = h.acts(s, ctx, w)
		return err
	})
	if err != nil {
		return err
	}
	return s.perform(ctx, acts)
}

// see looks at the state of things as the programme office.
func (s *season) see(ctx context.Context, fn func(context.Context, *core.Work) error) error {
	return s.world.sys.View(ctx, org.Actor{Person: s.cast.office[0]}, fn)
}

// perform lets everybody do what they are about to do, each person in one unit
// of work.
func (s *season) perform(ctx context.Context, acts []act) error {
	var order []org.Actor
	mine := make(map[org.Actor][]act)
	for _, a := range acts {
		if a.rule != "" { // to be refused, and nothing else with it
			if err := s.alone(ctx, a); err != nil {
				return err
			}
			continue
		}
		if mine[a.who] == nil {
			order = append(order, a.who)
		}
		mine[a.who] = append(mine[a.who], a)
	}
	for _, who := range order {
		if err := s.together(ctx, who, mine[who]); err != nil {
			return err
		}
	}
	return nil
}

// together does all of one person's acts at once. Where a rule refuses one of
// them, the others are done one by one: the refusal is theirs alone.
func (s *season) together(ctx context.Context, who org.Actor, acts []act) error {
	err := s.world.sys.Update(ctx, who, func(ctx context.Context, w *core.Work) error {
		for _, a := range acts {
			if err := a.do(ctx, w); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil || !refusal(err) {
		return err
	}
	for _, a := range acts {
		if err := s.alone(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

func (s *season) alone(ctx context.Context, a act) error {
	err := s.world.sys.Update(ctx, a.who, a.do)
	if err == nil && a.rule != "" {
		return fmt.Errorf("%s should have been refused by %s", a.who, a.rule)
	}
	if err == nil || !refusal(err) {
		return err
	}
	for _, v := range fault.Violations(err) {
		s.refused[v.Rule]++
	}
	return nil
}

// refusal reports whether err is the programme's own no.
func refusal(err error) bool {
	return errors.Is(err, fault.ErrRule) || errors.Is(err, fault.ErrForbidden)
}

// play runs a season and writes down what came of it.
func play(ctx context.Context, cfg config, in input, stdout io.Writer) (err error) {
	if err := in.covers(cfg); err != nil {
		return usageError{err}
	}
	out, err := newOutput(cfg.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.discard()) }()
	began := time.Now()
	s := &season{
		cfg: cfg, in: in, cal: in.calendar, draw: draws{cfg.seed}, how: usual(), refused: make(map[string]int), mind: newMind(),
		time: newClock(civil(cfg.from, 0, 0)), show: newProgress(stdout, cfg.from, cfg.to),
	}
	s.last = s.closing()
	if s.world, err = newWorld(ctx, cfg, in, s.time, out.dir, s.show.event); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.world.close(context.WithoutCancel(ctx))) }()
	s.greet(stdout)
	if err := s.open(ctx, stdout); err != nil {
		return err
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	if s.world.crew != nil {
		if err := s.world.crew.settle(ctx, s.world.sys); err != nil {
			return err
		}
	}
	s.show.done()
	sum, err := s.sum(ctx)
	if err != nil {
		return err
	}
	sum.took = time.Since(began)
	if err := s.write(ctx, out, sum); err != nil {
		return err
	}
	if err := s.world.close(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if err := out.keep(); err != nil {
		return err
	}
	sum.print(stdout)
	out.print(stdout)
	return sum.verdict()
}

// covers checks that the plan and the calendar know the days of the season.
func (in input) covers(cfg config) error {
	first := calendar.MustDate(in.plan.Year, time.January, 1)
	last := calendar.MustDate(in.plan.Year, time.December, 31)
	if cfg.from.Before(first) || cfg.to.After(last.Add(-14)) {
		return fmt.Errorf("-from %s -to %s: the plan is for %d; the season lies in that year, with two weeks left to close its reports", cfg.from, cfg.to, in.plan.Year)
	}
	return nil
}

// closing is the last day on which somebody acts: reports of the last days and
// months, and their confirmation, come in after -to.
func (s *season) closing() calendar.Date {
	days := s.in.policy.Reports.MonthDay + 2
	return s.cal.Add(s.cfg.to, days)
}

// ahead reports whether the season's visits still go on.
func (s *season) ahead(day calendar.Date) bool { return !day.After(s.cfg.to) }

// after reports whether so many working days after a day have passed today.
func (s *season) after(day calendar.Date, days int) bool {
	return !s.time.today().Before(s.cal.Add(day, days))
}

func sorted[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
