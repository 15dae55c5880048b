package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/countrytest"
	"github.com/huongvecoso/outreach/core/visit"
)

// The databases that grow; their size follows the name.
const (
	dbWaiting = "waiting_" // so many duties that wake later, and as many notices that are due, each to somebody else
	dbCrowded = "crowded_" // so many notices that are due, several to everybody
	dbHistory = "history_" // so many issues of five years
)

// wholeCountry is how many officials a country has at most.
const wholeCountry = 60_000

// severalEach is how many notices everybody has at least where they have several.
const severalEach = 10

// sized is the name of a growing database of that size.
func sized(name string, n int) string { return name + strconv.Itoa(n) }

// growers make the databases that grow, by the beginning of their name.
func growers() map[string]func(context.Context, *sqlstore.Store, *countrytest.Country, int) error {
	return map[string]func(context.Context, *sqlstore.Store, *countrytest.Country, int) error{
		dbWaiting: growWaiting, dbCrowded: growCrowded, dbHistory: growHistory,
	}
}

// grower makes the database of that name, when it is one that grows, in a country
// of at most so many officials.
func grower(name string, most int) (func(ctx context.Context, dsn string, people int) error, bool) {
	for prefix, grow := range growers() {
		digits, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(digits)
		return func(ctx context.Context, dsn string, _ int) error {
			if err != nil {
				return err
			}
			people := min(n, most)
			if err := makePostgres(ctx, dsn, people); err != nil {
				return err
			}
			db, err := sql.Open("pgx", dsn)
			if err != nil {
				return err
			}
			defer db.Close()
			st, err := sqlstore.Open(db, sqlstore.Postgres, nil)
			if err != nil {
				return err
			}
			if err := grow(ctx, st, countrytest.New(seed, people), n); err != nil {
				return err
			}
			if err := execute(ctx, dsn, "VACUUM ANALYZE"); err != nil || prefix != dbHistory {
				return err
			}
			if err := rollUp(ctx, st); err != nil {
				return err
			}
			return counted(ctx, db, "VACUUM ANALYZE")
		}, true
	}
	return nil, false
}

// loaders is how many connections fill a database.
const loaders = 4

// inParts calls fill for parts of 0 to n, several at once, each as one transaction.
func inParts(ctx context.Context, st *sqlstore.Store, n int, fill func(from, to int) (sqlstore.Batch, error)) error {
	parts := (n + loadBatch - 1) / loadBatch
	return parallel(parts, loaders, func(part int) error {
		b, err := fill(part*loadBatch, min((part+1)*loadBatch, n))
		if err != nil {
			return err
		}
		return st.Update(ctx, func(ctx context.Context, tx store.Tx) error { return sqlstore.Load(ctx, tx, b) })
	})
}

// growWaiting puts n duties that wake in the months to come, and n notices that
// are due in the morning. What one person has waiting becomes one message, however
// far apart it stands, so each is for a person of its own: where the officials are
// fewer, for somebody without an office.
func growWaiting(ctx context.Context, st *sqlstore.Store, c *countrytest.Country, n int) error {
	sample, sampleDuty := oneReminder(c)
	somebody := someone(c)
	return inParts(ctx, st, n, func(from, to int) (sqlstore.Batch, error) {
		var b sqlstore.Batch
		for k := from; k < to; k++ {
			i := k % c.Officials()
			d := *sampleDuty
			d.ID, d.Subject = duty.ID(fmt.Sprintf("w-%09d", k)), visit.Subject(visit.ID(fmt.Sprintf("w-%09d", k)))
			d.Place, d.Holder.Person, d.Holder.Team = countrytest.Hamlet(i), countrytest.Official(i), countrytest.Team(countrytest.TeamOf(i))
			d.Due = evening.Add(30 + k%300)
			d.WakeAt = d.Due.Add(-2).At(numbers.Ladder.SendAt).UTC()
			b.Duties = append(b.Duties, &d)

			to := countrytest.Official(k)
			if k >= c.Officials() {
				p := *somebody
				p.ID, p.Email = to, countrytest.Mailbox(to)
				b.Persons = append(b.Persons, &p)
			}
			b.Notices = append(b.Notices, waiting(k, to, i, sample, sampleDuty))
		}
		return b, nil
	})
}

// growCrowded puts n notices that are due in the morning, severalEach or more to
// every official who gets any.
func growCrowded(ctx context.Context, st *sqlstore.Store, c *countrytest.Country, n int) error {
	sample, sampleDuty := oneReminder(c)
	recipients := crowdedRecipients(c, n)
	return inParts(ctx, st, n, func(from, to int) (sqlstore.Batch, error) {
		var b sqlstore.Batch
		for k := from; k < to; k++ {
			i := k % recipients
			b.Notices = append(b.Notices, waiting(k, countrytest.Official(i), i, sample, sampleDuty))
		}
		return b, nil
	})
}

// crowdedRecipients is how many officials n notices go to, severalEach or more to each.
func crowdedRecipients(c *countrytest.Country, n int) int {
	return max(1, min(n/severalEach, c.Officials()))
}

// waiting is the k-th notice of a backlog: to a person, about a visit to the i-th hamlet.
func waiting(k int, to org.PersonID, i int, sample *visit.State, sampleDuty *duty.State) *notify.Notice {
	v, d := *sample, *sampleDuty
	v.ID, v.Place, v.Official, v.Team = visit.ID(fmt.Sprintf("b-%09d", k)), countrytest.Hamlet(i), to, countrytest.Team(countrytest.TeamOf(i))
	d.ID, d.Subject, d.Place, d.Holder.Person, d.Holder.Team = duty.ID("d-"+v.ID), visit.Subject(v.ID), v.Place, v.Official, v.Team
	return reminder(k, &v, &d, notify.Email)
}

// someone is a person as everybody of the country is.
func someone(c *countrytest.Country) *org.Person {
	for p := range c.People() {
		return p
	}
	return nil
}

// oneReminder is a visit of the evening with the duty whose reminder is due.
func oneReminder(c *countrytest.Country) (*visit.State, *duty.State) {
	for v, d := range c.Reminders(1, evening, numbers, days) {
		return v, d
	}
	return nil, nil
}

// fiveYears are those of the history, and inNovember is the month that figures
// are asked for.
var (
	fiveYears  = calendar.Period{From: calendar.MustDate(2016, 1, 1), To: calendar.MustDate(2020, 12, 31)}
	inNovember = calendar.MonthOf(calendar.MustDate(2020, 11, 1))
)

// growHistory puts n issues of five years with the duties that still run, and
// for the last quarter also the opinions they came from and the visits.
func growHistory(ctx context.Context, st *sqlstore.Store, c *countrytest.Country, n int) error {
	quarter := fiveYears.To.Add(-91)
	err := inParts(ctx, st, n, func(from, to int) (sqlstore.Batch, error) {
		var b sqlstore.Batch
		for s := range c.IssuesFrom(from, to, n, fiveYears) {
			b.Issues = append(b.Issues, s)
			if s.Registered.After(quarter) {
				b.Opinions = append(b.Opinions, countrytest.OpinionOf(s))
			}
			if s.Status == issue.Closed {
				continue
			}
			d, err := countrytest.DutyOf(s, numbers, days)
			if err != nil {
				return b, err
			}
			b.Duties = append(b.Duties, d)
		}
		return b, nil
	})
	if err != nil {
		return err
	}
	for _, m := range []calendar.Month{inNovember.Prev(), inNovember, inNovember.Next()} {
		if err := load(ctx, st, c.Visits(m, fiveYears.To), func(b *sqlstore.Batch, v []*visit.State) { b.Visits = v }); err != nil {
			return err
		}
	}
	return nil
}

// afterwards is when the figures of the history are asked for.
var afterwards = fiveYears.To.Add(4).At(calendar.MustTimeOfDay(9, 0))

// rollUp rolls up the month that is asked for, as the workers did when it ran.
func rollUp(ctx context.Context, st store.Store) error {
	sys, err := core.New(st, numbers, &core.Options{Clock: func() time.Time { return afterwards }, Calendar: days})
	if err != nil {
		return err
	}
	began := time.Now()
	if err := sys.RollUp(ctx, inNovember); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "rolled up %s in %s\n", inNovember, time.Since(began).Round(time.Millisecond))
	return nil
}

// sweeping is sweeps of N duties that are due, one after the other, while many
// others wait.
type sweeping struct {
	product
	waves        []sqlstore.Batch
	read, sweeps []float64 // milliseconds
	first        time.Duration
	steps        int
}

// sweepWaves is how many sweeps are measured, after a first one that is not: of a
// database that was copied a moment ago PostgreSQL has nothing in memory, and its
// first change of a page writes the whole page. Both cost more the larger the copy
// is, and neither is a sweep.
const sweepWaves = 5

// readOften is how often what is due is read before each sweep; the quickest counts.
const readOften = 5

func (c *sweeping) prepare(ctx context.Context) error {
	if err := c.open(); err != nil {
		return err
	}
	country, err := c.country(ctx)
	if err != nil {
		return err
	}
	c.waves = make([]sqlstore.Batch, 1+sweepWaves)
	k := 0
	for v, d := range country.Reminders(len(c.waves)*c.N, evening, numbers, days) {
		wave := &c.waves[k/c.N]
		wave.Visits, wave.Duties = append(wave.Visits, v), append(wave.Duties, d)
		k++
	}
	c.gate.stand(morning)
	c.first, err = c.wave(ctx, c.waves[0])
	return err
}

// wave adds duties that are due, reads and sweeps them.
func (c *sweeping) wave(ctx context.Context, b sqlstore.Batch) (time.Duration, error) {
	if err := c.store.Update(ctx, func(ctx context.Context, tx store.Tx) error { return sqlstore.Load(ctx, tx, b) }); err != nil {
		return 0, err
	}
	quickest := time.Hour
	for range readOften {
		began := time.Now()
		err := c.store.View(ctx, func(ctx context.Context, tx store.Tx) error {
			due, err := tx.DutiesToWake(ctx, morning, c.N)
			if err == nil && len(due) != c.N {
				err = fmt.Errorf("%d duties are due, want %d", len(due), c.N)
			}
			return err
		})
		quickest = min(quickest, time.Since(began))
		if err != nil {
			return 0, err
		}
	}
	c.read = append(c.read, ms(quickest))
	began := time.Now()
	swept, err := c.system.Sweep(ctx)
	took := time.Since(began)
	c.steps += swept.Steps
	return took, err
}

func (c *sweeping) run(ctx context.Context) error {
	c.read = nil
	for _, b := range c.waves[1:] {
		took, err := c.wave(ctx, b)
		if err != nil {
			return err
		}
		c.sweeps = append(c.sweeps, ms(took))
	}
	return nil
}

// marks counts the duties that were told of: all of every wave.
func (c *sweeping) marks(ctx context.Context) (int, error) {
	told := 0
	err := c.count(ctx, &told, `SELECT count(DISTINCT duty) FROM outreach_notice WHERE subject_id LIKE 'r-%' AND status = 'pending'`)
	if err == nil && told != c.steps {
		err = fmt.Errorf("%d duties have a notice and %d steps were given out", told, c.steps)
	}
	return told / len(c.waves), err
}

func (c *sweeping) figures() map[string]float64 {
	return map[string]float64{"read ms": spreadOf(c.read).Median, "sweep ms": spreadOf(c.sweeps).Median, "first sweep ms": ms(c.first)}
}

// routines is what the first sweep of a day does besides.
type routines struct {
	product
	swept core.Swept
}

func (c *routines) prepare(ctx context.Context) error {
	if err := c.open(); err != nil {
		return err
	}
	_, err := c.db.ExecContext(ctx, `DELETE FROM outreach_lease`) // none has run today
	return err
}

func (c *routines) run(ctx context.Context) (err error) {
	c.swept, err = c.system.Sweep(ctx)
	return err
}

func (c *routines) marks(context.Context) (int, error) {
	if c.swept.Routines == 0 || c.swept.Failed > 0 {
		return 0, fmt.Errorf("swept %+v", c.swept)
	}
	return c.N, nil
}

func (c *routines) figures() map[string]float64 {
	return map[string]float64{"notices": float64(c.swept.Notices)}
}

// behind is the product with far more in its outbox than it sends here: what is
// measured is the pace of the first N messages, and what the process holds meanwhile.
type behind struct {
	product
	several bool // everybody has several notices, which become one message
	heap    uint64
}

func (c *behind) prepare(ctx context.Context) error {
	if err := c.open(); err != nil {
		return err
	}
	return c.begin(ctx)
}

func (c *behind) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	c.gate.open()
	c.bell.Ring()
	done, moved := c.done.Load(), time.Now()
	for done < int64(c.N) {
		if err := pause(ctx, time.Millisecond); err != nil {
			return fmt.Errorf("%d of %d calls: %w", done, c.N, err)
		}
		c.heap = max(c.heap, liveHeap())
		if now := c.done.Load(); now > done {
			done, moved = now, time.Now()
		}
		if time.Since(moved) < stillFor {
			continue
		}
		moved = time.Now()
		left := 0
		err := c.count(ctx, &left, `SELECT count(*) FROM outreach_notice WHERE status <> 'accepted'`)
		if err == nil && left == 0 && c.done.Load() < int64(c.N) {
			err = fmt.Errorf("%w: all was said with %d messages, want %d", errShort, c.done.Load(), c.N)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// liveHeap is what the objects on the heap take now, in bytes, those included that
// nobody has swept up yet.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// marks stops the workers, which end what they have begun, and compares all that
// was sent with what is marked.
func (c *behind) marks(ctx context.Context) (int, error) {
	err := c.app.Stop(ctx)
	c.app = nil
	if err != nil {
		return 0, err
	}
	took, err := sinkClient{c.Sink.Control}.counts(ctx)
	if err != nil {
		return 0, err
	}
	_, err = c.product.marks(ctx)
	switch {
	case err != nil:
		return 0, err
	case took.Messages != took.Distinct || took.Messages != c.sent.messages || took.Messages < c.N:
		return 0, fmt.Errorf("%w: %d messages, %d of them distinct, and %d marked", errShort, took.Messages, took.Distinct, c.sent.messages)
	case c.several != (c.sent.carried > 0):
		return 0, fmt.Errorf("%w: %d messages and %d notices in them; several to a person: %v", errShort, c.sent.messages, c.sent.carried, c.several)
	}
	return c.N, nil
}

func (c *behind) figures() map[string]float64 {
	return map[string]float64{"messages": float64(c.sent.messages), "notices carried": float64(c.sent.carried), "heap MiB": float64(c.heap) / (1 << 20)}
}

// asking asks for the figures of one month, up to N times as long as that is
// quick.
type asking struct {
	product
	got     report.Figures
	asked   []float64 // milliseconds
	counted time.Duration
}

// enoughAsking is when figures that take long were asked for often enough.
const enoughAsking = 2 * time.Second

func (c *asking) prepare(ctx context.Context) error {
	if err := c.open(); err != nil {
		return err
	}
	c.gate.stand(afterwards)
	_, err := month(ctx, c.system) // connections and plans are ready then
	return err
}

func month(ctx context.Context, sys *core.System) (got report.Figures, err error) {
	err = sys.View(ctx, org.System(), func(ctx context.Context, w *core.Work) (err error) {
		got, _, err = w.Reports.Month(ctx, inNovember)
		return err
	})
	return got, err
}

func (c *asking) run(ctx context.Context) (err error) {
	began := time.Now()
	for len(c.asked) < c.N && time.Since(began) < enoughAsking {
		each := time.Now()
		if c.got, err = month(ctx, c.system); err != nil {
			return err
		}
		c.asked = append(c.asked, ms(time.Since(each)))
	}
	return nil
}

// unrolled is a store that does not show that it keeps figures rolled up, so that
// they are counted from the facts.
type unrolled struct{ *sqlstore.Store }

func (u unrolled) View(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return u.Store.View(ctx, func(ctx context.Context, tx store.Tx) error { return fn(ctx, struct{ store.Tx }{tx}) })
}

// marks compares the figures with those that are counted from the facts, and two of
// them with counts of the rows they stand for.
func (c *asking) marks(ctx context.Context) (int, error) {
	visits, issues := 0, 0
	err := errors.Join(
		c.db.QueryRowContext(ctx, `SELECT count(*) FROM outreach_visit WHERE day BETWEEN '2020-11-01' AND '2020-11-30' AND status IN ('reported', 'verified')`).Scan(&visits),
		c.db.QueryRowContext(ctx, `SELECT count(*) FROM outreach_issue WHERE registered BETWEEN '2020-11-01' AND '2020-11-30'`).Scan(&issues))
	shown := c.got.Visits.Verified + c.got.Visits.Reported
	if err == nil && (visits == 0 || shown != visits || c.got.Issues.Registered != issues) {
		err = fmt.Errorf("the figures say %d visits and %d issues, and there are %d and %d", shown, c.got.Issues.Registered, visits, issues)
	}
	if err != nil {
		return 0, err
	}
	counting, err := core.New(unrolled{c.store}, numbers, &core.Options{Clock: c.gate.now, Calendar: days})
	if err != nil {
		return 0, err
	}
	began := time.Now()
	counted, err := month(ctx, counting)
	c.counted = time.Since(began)
	if err == nil && !reflect.DeepEqual(counted, c.got) {
		err = errors.New("the figures that are read are not those that are counted")
	}
	return c.N, err
}

func (c *asking) figures() map[string]float64 {
	return map[string]float64{"month ms": spreadOf(c.asked).Median, "counted ms": ms(c.counted)}
}
