package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/countrytest"
	"github.com/huongvecoso/outreach/core/visit"
	"github.com/huongvecoso/outreach/workers/deliver"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

// How the providers are used, by the product and by every reference alike.
const (
	pipes     = 4  // pipelined connections
	window    = 32 // mails under way on each
	pool      = 16 // connections that wait for every answer
	smsConns  = 16
	eachConn  = 10_000 // mails
	callLimit = 10 * time.Second
)

// mailer is the product's client of a mail relay, pipelined or as a pool.
func mailer(addr string, pipelined bool) (*smtpmail.Sender, error) {
	c := smtpmail.Config{
		Addr: addr, TLS: smtpmail.Plaintext, From: "HVCS <hvcs@dan-so.example>", Domain: "dan-so.example", Timeout: callLimit,
		MaxConns: pipes, Window: window, MaxMailsPerConn: eachConn,
	}
	if !pipelined {
		c.MaxConns, c.Window, c.Ignore = pool, 1, []string{"PIPELINING", "CHUNKING"}
	}
	return smtpmail.New(c, &smtpmail.Options{Clock: func() time.Time { return morning }})
}

// texter is the product's client of an SMS gateway.
func texter(url string) (*httpsms.Sender, error) {
	c := httpsms.Generic()
	c.URL, c.Sender, c.MaxConns, c.Timeout = url, "DANSO", smsConns, httpsms.Duration(callLimit)
	return httpsms.New(c, &httpsms.Options{Clock: func() time.Time { return morning }})
}

// The evening everybody is reminded of, and the hour at which they are.
var (
	evening = calendar.MustDate(2017, 3, 15)
	morning = evening.Add(-2).At(calendar.MustTimeOfDay(8, 0)).UTC()
	numbers = policy.Default()
	days    = calendar.WeekdaysOnly("bench")
)

// gate is a clock that stands an hour before the morning, or where it was set,
// until it is opened, and goes on from the morning then.
type gate struct {
	set    atomic.Pointer[time.Time]
	opened atomic.Int64
}

func (g *gate) stand(at time.Time) { g.set.Store(&at) }
func (g *gate) open()              { g.opened.Store(time.Now().UnixNano()) }

func (g *gate) now() time.Time {
	if at := g.opened.Load(); at != 0 {
		return morning.Add(time.Since(time.Unix(0, at)))
	}
	if at := g.set.Load(); at != nil {
		return *at
	}
	return morning.Add(-time.Hour)
}

// product is the programme as an operator runs it: the core over a SQL store,
// the relay, asynq and the senders, all in one process.
type product struct {
	job
	channel notify.Channel
	pooled  bool // mail over a pool instead of pipelined connections
	change  func(*workersfx.Config)
	alter   func(*notify.Notice) // makes the notices of this contender what they are

	newID  func() string // nil: as usual
	gate   gate
	db     *sql.DB
	store  *sqlstore.Store
	system *core.System
	bell   *workersfx.Bell
	client *redis.Client
	app    *fx.App
	done   atomic.Int64 // calls that ended
	sent   delivered    // what marks found
}

func (p *product) dialect() sqlstore.Dialect {
	if p.SQLite {
		return sqlstore.SQLite
	}
	return sqlstore.Postgres
}

// open opens the database and composes the system.
func (p *product) open() (err error) {
	driver, dsn := "pgx", p.Database
	if p.SQLite {
		driver, dsn = "sqlite", sqlstore.SQLiteDSN(p.Database)
	}
	if p.db, err = sql.Open(driver, dsn); err != nil {
		return err
	}
	p.db.SetMaxOpenConns(connections)
	p.anew()
	if p.store, err = sqlstore.Open(p.db, p.dialect(), nil); err != nil {
		return err
	}
	p.bell = new(workersfx.Bell)
	p.system, err = core.New(p.store, numbers, &core.Options{Clock: p.gate.now, Calendar: days, Wake: p.bell.Ring, NewID: p.newID})
	return err
}

// connections are those to the database, as many as asynq has places and some.
const connections = 24

// anew ends the connections that nobody uses: each keeps the parameters of the largest
// statement it had, and what wrote a country is no part of what the product needs.
func (p *product) anew() {
	p.db.SetMaxIdleConns(0)
	p.db.SetMaxIdleConns(connections)
}

// begin starts the workers.
func (p *product) begin(ctx context.Context) error {
	mail, err := mailer(p.Sink.SMTP, !p.pooled)
	if err != nil {
		return err
	}
	sms, err := texter(p.Sink.SMS)
	if err != nil {
		return err
	}
	p.client = redis.NewClient(&redis.Options{Addr: p.Redis})
	config := workersfx.Config{Concurrency: 16, Urgent: 4 * pipes * window, Group: 128, Shutdown: 2 * callLimit}
	if p.change != nil {
		p.change(&config)
	}
	p.app = fx.New(fx.NopLogger,
		fx.Supply(p.system, p.bell, config, &deliver.Options{Observe: func(notify.Capabilities, notify.Outcome, time.Duration) { p.done.Add(1) }},
			fx.Annotate(p.client, fx.As(new(redis.UniversalClient)))),
		fx.Provide(fx.Annotate(func() []notify.Sender { return []notify.Sender{mail, sms} }, fx.ResultTags(`group:"outreach.senders,flatten"`))),
		workersfx.Module)
	if err := p.app.Err(); err != nil {
		return err
	}
	return p.app.Start(ctx)
}

func (p *product) close() error {
	var faults []error
	if p.app != nil {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		faults = append(faults, p.app.Stop(ctx))
	}
	if p.client != nil {
		faults = append(faults, p.client.Close())
	}
	if p.db != nil {
		faults = append(faults, p.db.Close())
	}
	return errors.Join(faults...)
}

// country is the one the notices go to: as many officials as there are in the
// database.
func (p *product) country(ctx context.Context) (*countrytest.Country, error) {
	n := 0
	err := p.db.QueryRowContext(ctx, `SELECT count(*) FROM outreach_assignment`).Scan(&n)
	return countrytest.New(seed, n), err
}

// reminder is what a sweep writes for one visit on one channel.
func reminder(k int, v *visit.State, d *duty.State, channel notify.Channel) *notify.Notice {
	step := duty.DueSteps(*d, numbers, days, morning)[0]
	for _, n := range alert.ForStep(*d, step, alert.Line{Team: v.Team}, days) {
		if n.Channel != channel {
			continue
		}
		n.ID, n.State, n.NextAt, n.Created = notify.ID(fmt.Sprintf("n-%08d", k)), notify.Pending, morning, morning.Add(-time.Hour)
		n.Owner = notify.OwnerOf(&n)
		return &n
	}
	return nil
}

// reminders are the job's N by one channel, of a host whose own fact takes the
// place of the duty.
func (p *product) reminders(ctx context.Context, channel notify.Channel) (all []*notify.Notice, err error) {
	country, err := p.country(ctx)
	if err != nil {
		return nil, err
	}
	for v, d := range country.Reminders(p.N, evening, numbers, days) {
		n := reminder(len(all), v, d, channel)
		n.Duty = ""
		all = append(all, n)
	}
	return all, nil
}

// fill puts n reminders by one channel into the outbox, with the visits and
// duties they speak of, all due in the morning. Everybody gets one at most before
// anybody gets two.
func (p *product) fill(ctx context.Context, n int, channel notify.Channel) error {
	c, err := p.country(ctx)
	if err != nil {
		return err
	}
	var b sqlstore.Batch
	write := func() error {
		err := p.store.Update(ctx, func(ctx context.Context, tx store.Tx) error { return sqlstore.Load(ctx, tx, b) })
		b = sqlstore.Batch{}
		return err
	}
	k := 0
	for v, d := range c.Reminders(n, evening, numbers, days) {
		notice := reminder(k, v, d, channel)
		if p.alter != nil {
			p.alter(notice)
		}
		k++
		d.Advance(duty.DueSteps(*d, numbers, days, morning)[0], numbers, days)
		b.Visits, b.Duties, b.Notices = append(b.Visits, v), append(b.Duties, d), append(b.Notices, notice)
		if len(b.Visits) == loadBatch {
			if err := write(); err != nil {
				return err
			}
		}
	}
	if err := write(); err != nil || p.SQLite {
		return err
	}
	return counted(ctx, p.db, "ANALYZE")
}

// drained waits until n notices have come to their end, and nothing is under way.
func (p *product) drained(ctx context.Context, n int) error {
	for p.done.Load() < int64(n) {
		if err := pause(ctx, time.Millisecond); err != nil {
			return fmt.Errorf("%d of %d calls: %w", p.done.Load(), n, err)
		}
	}
	for {
		open := 0
		err := p.db.QueryRowContext(ctx, `SELECT CASE WHEN EXISTS (SELECT 1 FROM outreach_notice WHERE away IS NOT NULL AND status <> 'unknown') THEN 1 ELSE 0 END`).Scan(&open)
		if err != nil || open == 0 {
			return err
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// delivered is what was accepted, by what is stored.
type delivered struct {
	messages int // notices that went as they are, or carried others
	carried  int // notices that went in another one
}

// notices is how many were accepted by themselves or in another one. What only
// carries others counts as well.
func (d delivered) notices() int { return d.messages + d.carried }

// marks counts the notices that are stored as accepted. Each that went as it is or
// carries others has to have one accepted attempt, and what went in another one
// none of its own and a carrier that was accepted.
func (p *product) marks(ctx context.Context) (int, error) {
	var tried, attempts, wrong int
	err := errors.Join(
		p.count(ctx, &p.sent.messages, `SELECT count(*) FROM outreach_notice WHERE status = 'accepted' AND merged_into IS NULL`),
		p.count(ctx, &p.sent.carried, `SELECT count(*) FROM outreach_notice WHERE status = 'accepted' AND merged_into IS NOT NULL`),
		p.count(ctx, &attempts, `SELECT count(*) FROM outreach_attempt WHERE outcome = 'accepted'`),
		p.count(ctx, &tried, `SELECT count(DISTINCT a.notice) FROM outreach_attempt a JOIN outreach_notice n ON n.id = a.notice
			WHERE a.outcome = 'accepted' AND n.status = 'accepted' AND n.merged_into IS NULL`),
		p.count(ctx, &wrong, `SELECT count(*) FROM outreach_notice n LEFT JOIN outreach_notice c ON c.id = n.merged_into
			WHERE n.status = 'accepted' AND n.merged_into IS NOT NULL AND (c.status <> 'accepted' OR c.status IS NULL)`))
	if err == nil && (attempts != p.sent.messages || tried != p.sent.messages || wrong > 0) {
		err = fmt.Errorf("%w: %d messages are accepted, %d attempts of %d of them, and %d notices in a message that is not",
			errShort, p.sent.messages, attempts, tried, wrong)
	}
	return p.sent.notices(), err
}

func (p *product) count(ctx context.Context, into *int, query string) error {
	return p.db.QueryRowContext(ctx, query).Scan(into)
}

func (p *product) figures() map[string]float64 { return nil }

// runLimit is how long a run may take: far more than any should.
const runLimit = 10 * time.Minute

// drain is the product with everything in its outbox already: the morning comes
// and all of it goes out.
type drain struct{ product }

func (c *drain) prepare(ctx context.Context) error {
	if err := c.open(); err != nil {
		return err
	}
	if err := c.fill(ctx, c.N, c.channel); err != nil {
		return err
	}
	return c.begin(ctx)
}

func (c *drain) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	c.gate.open()
	c.bell.Ring()
	return c.drained(ctx, c.N)
}

// factBatch is how many facts, with their notices, are one transaction of a host.
const factBatch = 500

// whole is the product with the writing included: the host commits facts with
// their notices while they go out already.
type whole struct {
	product
	notices []*notify.Notice
}

func (c *whole) prepare(ctx context.Context) (err error) {
	if err := c.open(); err != nil {
		return err
	}
	if c.notices, err = c.reminders(ctx, c.channel); err != nil {
		return err
	}
	c.gate.open()
	return c.begin(ctx)
}

func (c *whole) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	for from := 0; from < len(c.notices); from += factBatch {
		if err := c.write(ctx, c.notices[from:min(from+factBatch, len(c.notices))]); err != nil {
			return err
		}
		c.bell.Ring()
	}
	return c.drained(ctx, c.N)
}

// write is one transaction of the host: its own rows, and the notices that
// follow from them.
func (c *whole) write(ctx context.Context, notices []*notify.Notice) error {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	ids := make([]string, len(notices))
	for i, n := range notices {
		ids[i] = string(n.ID)
	}
	if err := writeFacts(ctx, tx, c.SQLite, ids); err != nil {
		return err
	}
	added := 0
	all := make([]notify.Notice, len(notices))
	for i, n := range notices {
		all[i] = *n
	}
	err = sqlstore.Join(tx, c.dialect(), nil).(store.Gathered).AddNotices(ctx, all, func(_ notify.Notice, fresh bool) {
		if fresh {
			added++
		}
	})
	if err != nil || added != len(notices) {
		return errors.Join(err, fmt.Errorf("%d of %d notices were added", added, len(notices)))
	}
	return tx.Commit()
}

func writeFacts(ctx context.Context, tx *sql.Tx, sqlite bool, ids []string) error {
	if !sqlite {
		_, err := tx.ExecContext(ctx, `INSERT INTO fact SELECT id, 'visit planned', now() FROM unnest($1::text[]) id`, ids)
		return err
	}
	for _, id := range ids {
		if _, err := tx.ExecContext(ctx, `INSERT INTO fact VALUES ($1, 'visit planned', '2017-03-13')`, id); err != nil {
			return err
		}
	}
	return nil
}
