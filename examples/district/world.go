package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/alicebob/miniredis/v2"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/redis/go-redis/v9"
	"go.uber.org/fx"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

const (
	// mailDomain cannot exist (RFC 2606), whatever a mail server is given.
	mailDomain = "xuanloc.example"
	sender     = "UBND huyện Xuân Lộc"
	hotline    = "0251 0000 000" // made up, as all numbers here

	// connections to each server at once. So many messages are claimed, sent and
	// settled together; a real server sets the limit.
	connections = 25
)

// world is the running application: the programme's system over its database,
// the workers, and the two sinks that take what they send.
type world struct {
	app     *fx.App
	sys     *core.System
	workers *workersfx.Workers // nil: they run apart, in a crew
	crew    *crew
	mails   *smtpsink.Sink // nil: they go to a mail server of somebody else
	texts   *smssink.Sink
	where   string // the database, for the reader
}

// seen is told of every event in its transaction, for the progress line.
type seen func(kind string)

// newWorld puts the application together and starts it. dir gets the database
// unless the configuration names one.
func newWorld(ctx context.Context, cfg config, in input, now *clock, dir string, see seen) (*world, error) {
	w := &world{}
	w.app = fx.New(w.parts(cfg, in, now, dir, see))
	if err := w.app.Err(); err != nil {
		return nil, err
	}
	if err := w.app.Start(ctx); err != nil {
		return nil, usage("%w", err)
	}
	return w, nil
}

// parts are what the application is put together of.
func (w *world) parts(cfg config, in input, now *clock, dir string, see seen) fx.Option {
	return fx.Options(
		fx.NopLogger,
		fx.Supply(cfg, in, now, fx.Annotate(dir, fx.ResultTags(`name:"dir"`)), see),
		fx.Provide(
			fx.Annotate(openDatabase, fx.ParamTags("", "", "", `name:"dir"`)), openStore, newRedis, newSystem,
			startMailSink, startTextSink,
			fx.Annotate(newMailSender, fx.As(new(notify.Sender)), fx.ResultTags(`group:"outreach.senders"`)),
			fx.Annotate(newTextSender, fx.As(new(notify.Sender)), fx.ResultTags(`group:"outreach.senders"`)),
		),
		w.workforce(cfg),
		fx.Populate(&w.sys, &w.mails, &w.texts),
		fx.Invoke(func(d *database) { w.where = d.where }),
	)
}

// workforce are the workers: in this process, or apart, to be killed.
func (w *world) workforce(cfg config) fx.Option {
	if cfg.kill > 0 {
		return fx.Options(fx.Provide(newCrew), fx.Populate(&w.crew))
	}
	return fx.Options(
		fx.Supply(workersfx.Config{
			Owner: "district", Prefix: queuePrefix(cfg),
			Check: 5 * time.Millisecond, // the season waits for the queue at every instant; 200 ms is plenty in service
			Poll:  1000 * time.Hour,     // the season lets the relay look itself
			Sweep: -1,                   // and sweeps
		}),
		workersfx.Module,
		fx.Populate(&w.workers),
	)
}

// queuePrefix keeps the queues of a shared Redis apart from those of others.
func queuePrefix(cfg config) string {
	return fmt.Sprintf("district-%d-%d", os.Getpid(), cfg.seed)
}

func (w *world) close(ctx context.Context) error { return w.app.Stop(ctx) }

// database is an open database with its tables.
type database struct {
	*sql.DB
	dialect sqlstore.Dialect
	driver  string
	dsn     string
	where   string
}

// openDatabase opens the database, makes its tables, and refuses one that holds
// a season already.
func openDatabase(ctx fx.Lifecycle, cfg config, _ input, dir string) (*database, error) {
	d := &database{dialect: sqlstore.SQLite, where: cfg.db}
	var err error
	switch {
	case cfg.postgres():
		d.dialect, d.where = sqlstore.Postgres, "PostgreSQL"
		d.driver, d.dsn = "pgx", cfg.db
	default:
		path := cfg.db
		if path == "" {
			path = filepath.Join(dir, "district.db")
			d.where = filepath.Join(cfg.out, "district.db")
		}
		d.driver, d.dsn = "sqlite", sqlstore.SQLiteDSN(path)+"&_pragma=synchronous(NORMAL)&_pragma=cache_size(-65536)"
	}
	d.DB, err = sql.Open(d.driver, d.dsn)
	if err != nil {
		return nil, usage("-db: %w", err)
	}
	d.SetMaxIdleConns(16) // a connection to SQLite costs a reading of the schema; the default keeps two
	ctx.Append(fx.StopHook(d.DB.Close))
	if err := d.prepare(context.Background(), cfg); err != nil {
		return nil, errors.Join(err, d.DB.Close())
	}
	return d, nil
}

func (d *database) prepare(ctx context.Context, cfg config) error {
	if err := d.PingContext(ctx); err != nil {
		return usage("-db: the database does not answer: %w", err)
	}
	if err := sqlstore.Migrate(ctx, d.DB, d.dialect, nil); err != nil {
		return usage("-db: %w", err)
	}
	st, err := sqlstore.Open(d.DB, d.dialect, nil)
	if err != nil {
		return err
	}
	return st.View(ctx, func(ctx context.Context, tx store.Tx) error {
		records, err := tx.Records(ctx, event.Query{Limit: 1})
		if err == nil && len(records) > 0 {
			return usage("-db: the database holds a season already; give an empty one, or another file / cơ sở dữ liệu đã có số liệu, hãy chọn cơ sở dữ liệu trống")
		}
		return err
	})
}

func openStore(d *database) (store.Store, error) { return sqlstore.Open(d.DB, d.dialect, nil) }

// newRedis connects to the Redis of the configuration, or starts one in this
// process. That one is an imitation: it is lost with the process, and production
// wants a real one. Its keys expire by the clock, as asynq's locks need.
func newRedis(life fx.Lifecycle, cfg config) (redis.UniversalClient, error) {
	opts := cfg.redis
	if opts == nil {
		mini := miniredis.NewMiniRedis()
		mini.ClockTTL(true)
		if err := mini.Start(); err != nil {
			return nil, err
		}
		life.Append(fx.StopHook(mini.Close))
		opts = &redis.Options{Addr: mini.Addr()}
	}
	client := redis.NewClient(opts)
	life.Append(fx.StopHook(client.Close))
	return client, nil
}

func newSystem(st store.Store, in input, now *clock, cfg config, see seen) (*core.System, error) {
	return core.New(st, in.policy, &core.Options{
		Clock: now.Now, NewID: newIDs(now, cfg.seed), Calendar: in.calendar,
		Series: "XL", Sender: sender, Hotline: hotline, Secret: fmt.Appendf(nil, "district season %d", cfg.seed),
		// No Wake: the season lets the relay look itself, when everybody has acted, so that
		// what falls due at one instant is looked at together and a run is exactly
		// repeatable. A service passes Workers.Wake here.
		OnEvent: func(_ context.Context, _ *core.Work, r event.Record, _ event.Event) error {
			see(r.Kind)
			return nil
		},
	})
}

func startMailSink(life fx.Lifecycle, cfg config, now *clock) (*smtpsink.Sink, error) {
	if cfg.smtp != "" {
		return nil, nil //nolint:nilnil // no sink: the mails go elsewhere
	}
	sink, err := smtpsink.Start(&smtpsink.Options{Clock: now.Now})
	if err != nil {
		return nil, err
	}
	life.Append(fx.StopHook(sink.Close))
	return sink, nil
}

func startTextSink(life fx.Lifecycle, in input, now *clock) (*smssink.Sink, error) {
	sink, err := smssink.Start(&smssink.Options{Clock: now.Now, Senders: []string{in.gateway.Sender}, Strict: true})
	if err != nil {
		return nil, err
	}
	life.Append(fx.StopHook(sink.Close))
	return sink, nil
}

func newMailSender(life fx.Lifecycle, cfg config, sink *smtpsink.Sink, now *clock) (*smtpmail.Sender, error) {
	c := smtpmail.Config{
		Addr: cfg.smtp, TLS: smtpmail.StartTLS, Domain: mailDomain,
		MaxConns: connections, From: sender + " <huongvecoso@" + mailDomain + ">", ReturnPath: "bounce+{{notice}}.{{attempt}}@" + mailDomain,
	}
	if sink != nil {
		c.Addr = sink.Addr()
	}
	if host, _, err := net.SplitHostPort(c.Addr); err == nil && loopback(host) {
		c.TLS = smtpmail.Plaintext
	}
	s, err := smtpmail.New(c, &smtpmail.Options{Clock: now.Now})
	if err != nil {
		return nil, usage("-smtp: %w", err)
	}
	life.Append(fx.StopHook(s.Close))
	return s, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func newTextSender(life fx.Lifecycle, in input, sink *smssink.Sink, now *clock) (*httpsms.Sender, error) {
	c := in.gateway
	c.URL, c.MaxConns = sink.URL(), connections // the gateway is in this process
	s, err := httpsms.New(c, &httpsms.Options{Clock: now.Now})
	if err != nil {
		return nil, err
	}
	life.Append(fx.StopHook(s.Close))
	return s, nil
}

// update is one unit of work by somebody.
func (w *world) update(ctx context.Context, who org.PersonID, fn func(context.Context, *core.Work) error) error {
	return w.sys.Update(ctx, org.Actor{Person: who}, fn)
}

// drain lets the workers deliver what is due and waits until nothing is on its
// way any more. What falls due meanwhile, such as the way round by another
// channel, is handed out when everything before it has arrived. So the season
// says when the relay looks, and not how busy the machine is: what belongs into
// one message is there when it does.
func (w *world) drain(ctx context.Context) (sent bool, err error) {
	for {
		o, err := w.sys.Outstanding(ctx)
		if err != nil || o.Due+o.Queued+o.Sending == 0 {
			return sent, err
		}
		if w.crew != nil {
			return true, w.crew.drain(ctx, w.sys)
		}
		if _, err := w.workers.Relay.Pass(ctx); err != nil {
			return sent, err
		}
		sent = true
		if err := w.arrive(ctx); err != nil {
			return sent, err
		}
	}
}

// arrive waits until the workers have sent what was handed to them.
func (w *world) arrive(ctx context.Context) error {
	began, pause := time.Now(), 2*time.Millisecond
	for {
		o, err := w.sys.Outstanding(ctx)
		if err != nil || o.Queued+o.Sending == 0 {
			return err
		}
		if time.Since(began) > stalled {
			return fmt.Errorf("the workers do not get on: %d due, %d queued, %d being sent for %v", o.Due, o.Queued, o.Sending, stalled)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(pause*3/2, 20*time.Millisecond)
	}
}

// stalled is how long one instant may take before something is wrong.
const stalled = 60 * time.Second

// civil is the instant of a clock time on a day.
func civil(d calendar.Date, hour, minute int) time.Time {
	return d.At(calendar.MustTimeOfDay(hour, minute)).UTC()
}
