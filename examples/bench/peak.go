package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/countrytest"
	"github.com/huongvecoso/outreach/core/visit"
	"github.com/huongvecoso/outreach/workers/rate"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

const (
	// smsRate is what the gateway of the peak takes in a second.
	smsRate = 500
	// smsBurst is what it takes at once after it had none for a while.
	smsBurst = 500
	// nightShare is which part of the notices was due already in the night.
	nightShare = 10
	// criticalEvery is how often somebody commits a critical notice meanwhile.
	criticalEvery = 100 * time.Millisecond
)

// peak is eight in the morning: N reminders fall due at one instant, by SMS and
// by mail, most officials have several, which become digests, every tenth
// district has several times as many as the others, the gateway has a rate, and
// what was due in the night had to wait for the morning. Critical notices come in
// between.
type peak struct {
	product
	swept bool // the reminders are duties that a sweep has to find first

	written   int // notices in the outbox before
	began     time.Time
	committed map[notify.ID]time.Time
	night     time.Duration
	found     map[string]float64
}

// officialsOf is how many officials a country has whose peak is n reminders.
func officialsOf(n int) int { return min(max(n/4, 110), wholeCountry) }

// recipients are the officials of the n reminders: everybody has as many, and
// those of the first tenth of the districts have the rest.
func recipients(n, officials int) []int {
	crowded := crowdedOfficials(officials)
	each := min(3, max(1, n/officials))
	var all []int
	for k := range n {
		if k < each*officials {
			all = append(all, k%officials)
			continue
		}
		all = append(all, k%crowded)
	}
	return all
}

// crowdedOfficials are those of the districts that have more than the others.
func crowdedOfficials(officials int) int {
	return min(officials, crowdedDistricts(officials)*countrytest.PerCommune*countrytest.Communes)
}

func crowdedDistricts(officials int) int {
	return max(1, countrytest.New(seed, officials).Districts()/10)
}

func (c *peak) prepare(ctx context.Context) error {
	c.change = func(w *workersfx.Config) {
		w.Rates = map[string]rate.Limit{"sms": {PerSecond: smsRate, Burst: smsBurst}}
		w.Sweep = 500 * time.Millisecond
		w.Recover = 5 * time.Second
	}
	c.committed, c.found = map[notify.ID]time.Time{}, map[string]float64{}
	if err := c.open(); err != nil {
		return err
	}
	country, err := c.country(ctx)
	if err != nil {
		return err
	}
	if err := c.fillPeak(ctx, country); err != nil {
		return err
	}
	c.anew() // the connection that filled it
	c.gate.stand(evening.Add(-2).At(calendar.MustTimeOfDay(3, 0)).UTC())
	if err := c.begin(ctx); err != nil {
		return err
	}
	return c.waitForMorning(ctx)
}

// fillPeak writes the visits and their duties and, unless a sweep is to find
// them, the notices.
func (c *peak) fillPeak(ctx context.Context, country *countrytest.Country) error {
	sample, sampleDuty := oneReminder(country)
	to, crowded := recipients(c.N, country.Officials()), crowdedOfficials(country.Officials())
	return inParts(ctx, c.store, c.N, func(from, until int) (sqlstore.Batch, error) {
		var b sqlstore.Batch
		for k := from; k < until; k++ {
			v, d := *sample, *sampleDuty
			i := to[k]
			place := (i + 17*(k/crowded)) % country.Officials() // somebody's visits go to different hamlets
			v.ID, v.Place, v.Official, v.Team = visit.ID(fmt.Sprintf("p-%08d", k)), countrytest.Hamlet(place), countrytest.Official(i), countrytest.Team(countrytest.TeamOf(i))
			d.ID, d.Subject, d.Place, d.Holder.Person, d.Holder.Team = duty.ID("d-"+v.ID), visit.Subject(v.ID), v.Place, v.Official, v.Team
			b.Visits, b.Duties = append(b.Visits, &v), append(b.Duties, &d)
			if c.swept && k%nightShare != 0 {
				continue
			}
			for j, channel := range []notify.Channel{notify.SMS, notify.Email} {
				n := reminder(2*k+j, &v, &d, channel)
				if k%nightShare == 0 {
					n.NextAt = morning.Add(-6 * time.Hour)
					n.NotBefore = n.NextAt
				}
				b.Notices = append(b.Notices, n)
			}
			d.Advance(duty.DueSteps(d, numbers, days, morning)[0], numbers, days)
		}
		return b, nil
	})
}

// waitForMorning lets the workers look at what is due at three in the night:
// all of it has to be put off, and nothing may be sent.
func (c *peak) waitForMorning(ctx context.Context) error {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	c.bell.Ring()
	for early := true; ; {
		if err := c.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM outreach_notice WHERE lane = 1 AND due_at <= $1)`, c.gate.now()).Scan(&early); err != nil {
			return err
		}
		if !early {
			break
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("notices still wait to be put off: %w", err)
		}
	}
	c.night = time.Since(began)
	took, err := sinkClient{c.Sink.Control}.counts(ctx)
	if err == nil && took.Messages > 0 {
		err = fmt.Errorf("%d messages were sent in the night", took.Messages)
	}
	if err != nil {
		return err
	}
	return c.db.QueryRowContext(ctx, `SELECT count(*) FROM outreach_notice`).Scan(&c.written)
}

func (c *peak) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	c.began = time.Now()
	c.gate.open()
	c.bell.Ring()
	alarms, stop := context.WithCancel(ctx)
	var alarmed error
	var all sync.WaitGroup
	all.Go(func() { alarmed = c.alarm(alarms) })
	err := c.calm(ctx)
	stop()
	all.Wait()
	c.found["all said (s)"] = (time.Since(c.began) - stillFor).Seconds()
	if err = errors.Join(err, alarmed); err != nil {
		return err
	}
	return errors.Join(c.alarmsSaid(ctx), c.drained(ctx, 0))
}

// alarmsSaid waits for the last of the critical ones: one whose recipient was just
// being told something else comes a few seconds later.
func (c *peak) alarmsSaid(ctx context.Context) error {
	for {
		open := 0
		if err := c.count(ctx, &open, `SELECT count(*) FROM outreach_notice WHERE id LIKE 'u-%' AND status IN ('pending', 'queued', 'sending', 'unknown')`); err != nil || open == 0 {
			return err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("%d critical notices are still open: %w", open, err)
		}
	}
}

// alarm commits a critical notice to somebody now and then.
func (c *peak) alarm(ctx context.Context) error {
	country, err := c.country(ctx)
	if err != nil {
		return err
	}
	sample, sampleDuty := oneReminder(country)
	for k := 0; pause(ctx, criticalEvery) == nil; k++ {
		i := k * 7 % country.Officials()
		v, d := *sample, *sampleDuty
		v.ID, v.Place, v.Official = visit.ID(fmt.Sprintf("u-%06d", k)), countrytest.Hamlet(i), countrytest.Official(i)
		d.ID, d.Subject, d.Holder.Person, d.Place = duty.ID("d-"+v.ID), visit.Subject(v.ID), v.Official, v.Place
		n := reminder(k, &v, &d, notify.Email)
		n.ID, n.Duty, n.NextAt = notify.ID(fmt.Sprintf("u-%06d", k)), "", c.gate.now()
		urgent(n)
		err := c.store.Update(context.WithoutCancel(ctx), func(ctx context.Context, tx store.Tx) error {
			_, err := tx.AddNotice(ctx, n)
			return err
		})
		if err != nil {
			return err
		}
		c.committed[n.ID] = time.Now()
		c.bell.Ring()
	}
	return nil
}

// stillFor is how long nothing may be due or under way before it is believed.
const stillFor = 300 * time.Millisecond

// calm waits until nothing but what is critical is due or under way. It asks whether
// there is any and not how many: counting hundreds of thousands ten times a second
// would take more than sending them.
func (c *peak) calm(ctx context.Context) error {
	for still := time.Duration(0); still < stillFor; still += stillFor / 3 {
		open := true
		err := c.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM outreach_notice WHERE lane = 1 AND due_at <= $1)
			OR EXISTS (SELECT 1 FROM outreach_notice WHERE away IS NOT NULL AND lane = 1)
			OR EXISTS (SELECT 1 FROM outreach_duty WHERE status = 'running' AND wake_at <= $1)`, c.gate.now()).Scan(&open)
		if err != nil {
			return err
		}
		if open {
			still = -stillFor / 3
		}
		if err := pause(ctx, stillFor/3); err != nil {
			return fmt.Errorf("notices or duties are still open: %w", err)
		}
	}
	return nil
}

// marks adds up: every reminder was said on both channels, alone or in a digest,
// or waits, alone or in a digest, for tomorrow because its recipient had enough today; every message
// that was marked was taken once.
func (c *peak) marks(ctx context.Context) (int, error) {
	arrived, err := sinkClient{c.Sink.Control}.arrived(ctx)
	if err != nil {
		return 0, err
	}
	took, err := sinkClient{c.Sink.Control}.counts(ctx)
	if err != nil {
		return 0, err
	}
	if _, err := c.product.marks(ctx); err != nil {
		return 0, err
	}
	var said, put, other int
	err = errors.Join(
		c.count(ctx, &said, `SELECT count(*) FROM outreach_notice WHERE duty LIKE 'd-p-%' AND status = 'accepted'`),
		c.count(ctx, &put, `SELECT count(*) FROM outreach_notice WHERE duty LIKE 'd-p-%' AND status IN ('pending', 'merged')`),
		c.count(ctx, &other, `SELECT count(*) FROM outreach_notice WHERE duty LIKE 'd-p-%' AND status NOT IN ('accepted', 'pending', 'merged')`))
	if err != nil {
		return 0, err
	}
	if c.sent.messages != took.Messages || took.Messages != took.Distinct {
		return 0, fmt.Errorf("%w: %d messages are marked, %d were taken, %d of them distinct", errShort, c.sent.messages, took.Messages, took.Distinct)
	}
	c.found["messages"], c.found["notices that travelled in a digest"] = float64(c.sent.messages), float64(c.sent.carried)
	c.found["notices left for tomorrow by the day's cap"] = float64(put)
	if said+put != 2*c.N || other > 0 {
		why := ""
		err := c.db.QueryRowContext(ctx, `SELECT coalesce(string_agg(what, '; '), '') FROM (SELECT count(*) || ' ' || status || ': ' || (state->>'why') what
			FROM outreach_notice WHERE duty LIKE 'd-p-%' AND status NOT IN ('accepted', 'pending') GROUP BY status, state->>'why') s`).Scan(&why)
		return 0, errors.Join(err, fmt.Errorf("%w: of %d notices %d were said, %d wait and %d ended otherwise: %s", errShort, 2*c.N, said, put, other, why))
	}
	return c.N, errors.Join(c.alarms(arrived), c.fairness(ctx, arrived), c.limits(arrived))
}

// alarms are the latencies of the critical notices.
func (c *peak) alarms(arrived map[string]time.Time) error {
	var took []time.Duration
	for id, committed := range c.committed {
		at, ok := arrived[string(id)]
		if !ok {
			return fmt.Errorf("critical notice %s did not arrive", id)
		}
		took = append(took, max(0, at.Sub(committed)))
	}
	if len(took) == 0 {
		return errors.New("the peak was over before anything critical happened")
	}
	slices.Sort(took)
	c.found["critical notices meanwhile"] = float64(len(took))
	c.found["critical, p50 (ms)"], c.found["critical, p99 (ms)"] = ms(took[len(took)/2]), ms(took[min(len(took)-1, len(took)*99/100)])
	return nil
}

// fairness compares when the ordinary districts had their last message with when
// those that have several times as many had theirs.
func (c *peak) fairness(ctx context.Context, arrived map[string]time.Time) error {
	rows, err := c.db.QueryContext(ctx, `SELECT id, person, channel FROM outreach_notice WHERE merged_into IS NULL AND status = 'accepted' AND person IS NOT NULL`)
	if err != nil {
		return err
	}
	defer rows.Close()
	country, err := c.country(ctx)
	if err != nil {
		return err
	}
	last := make([]time.Duration, country.Districts())
	for rows.Next() {
		var id, person, channel string
		if err := rows.Scan(&id, &person, &channel); err != nil {
			return err
		}
		at, ok := arrived[id]
		number := 0
		if _, err := fmt.Sscanf(strings.TrimPrefix(person, "CC-"), "%d", &number); err != nil || !ok || strings.HasPrefix(id, "u-") {
			continue
		}
		name := "last message by " + channel + " (s)"
		c.found[name] = max(c.found[name], at.Sub(c.began).Seconds())
		district := countrytest.DistrictOf(number)
		last[district] = max(last[district], at.Sub(c.began))
	}
	crowded := crowdedDistricts(country.Officials())
	many, few := slices.Max(last[:crowded]), slices.Max(append(slices.Clone(last[crowded:]), 0))
	c.found["districts"] = float64(country.Districts())
	c.found["last message of a crowded district (s)"] = many.Seconds()
	if len(last) > crowded {
		ordinary := slices.Sorted(slices.Values(last[crowded:]))
		c.found["last message of an ordinary district, median (s)"] = ordinary[len(ordinary)/2].Seconds()
		c.found["last message of the slowest ordinary district (s)"] = few.Seconds()
	}
	return rows.Err()
}

// limits looks whether the gateway's rate was kept: no second and the next had
// more than the rate and what it allows at once.
func (c *peak) limits(arrived map[string]time.Time) error {
	ids := map[string]bool{}
	rows, err := c.db.Query(`SELECT id FROM outreach_notice WHERE channel = 'sms' AND status = 'accepted' AND merged_into IS NULL`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		ids[id] = true
	}
	seconds := map[int64]int{}
	for id, at := range arrived {
		if ids[id] {
			seconds[at.Unix()]++
		}
	}
	most := 0
	for second, n := range seconds {
		most = max(most, n)
		if n+seconds[second+1] > 2*smsRate+smsBurst {
			return fmt.Errorf("the gateway was given %d SMS in two seconds; its rate is %d", n+seconds[second+1], smsRate)
		}
	}
	c.found["most SMS in one second"] = float64(most)
	return rows.Err()
}

func (c *peak) figures() map[string]float64 {
	c.found["put off in the night (s)"] = c.night.Seconds()
	return c.found
}

// peaks runs the peak from the outbox, and again from the duties.
func (o options) peaks(ctx context.Context, a *arena, r *result, n int) error {
	for _, e := range []entry{{name: "peak", n: n, template: dbOutreach}, {name: "peak, swept", n: n, template: dbOutreach}} {
		if !o.wants(e.name) {
			continue
		}
		if a.postgres == nil {
			return errors.New("the peak needs PostgreSQL and Redis")
		}
		h, err := o.measure(ctx, a, r, e)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s: %d reminders in %s, foreign %.0f %%\n", e.name, n, h.Took.Round(time.Millisecond), 100*h.Foreign)
		line := func(what string, value float64, unit string) {
			r.Peak = append(r.Peak, figureLine{What: e.name + ": " + what, Value: value, Unit: unit})
		}
		line("reminders, each by SMS and mail", float64(n), "")
		line("memory of the worker", float64(h.RSS)/(1<<20), "MiB")
		line("memory of Redis", float64(h.RedisPeak)/(1<<20), "MiB")
		for _, name := range sortedNames(h.Figures) {
			line(name, h.Figures[name], "")
		}
	}
	return nil
}
