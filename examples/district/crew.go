package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

// crew is the workers in a process of their own, to be killed without warning a
// number of times in the course of the season (-kill). They share the season's
// database, Redis, sinks and time with it, and nothing else.
type crew struct {
	orders string // what the process has to know, as JSON
	days   []calendar.Date
	chance *rand.Rand
	worker *exec.Cmd
	input  io.WriteCloser
	time   *clock
	clock  *http.Server
	killed int
}

// crewOrders is what the worker process has to know.
type crewOrders struct {
	Driver, DSN string
	Redis       redisOrders
	Prefix      string
	Seed        uint64
	Clock       string // address of the season's time
	Mail, Texts string // addresses of the sinks
}

type redisOrders struct {
	Addr, Username, Password string
	DB                       int
}

// crewEnv holds the orders; a process that finds it is a worker.
const crewEnv = "OUTREACH_DISTRICT_WORKER"

// newCrew makes the worker process; it is killed cfg.kill times, on days spread
// evenly over the season.
func newCrew(life fx.Lifecycle, cfg config, d *database, now *clock, mails *smtpsink.Sink, texts *smssink.Sink) (*crew, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	orders, err := json.Marshal(crewOrders{
		Driver: d.driver, DSN: d.dsn, Prefix: queuePrefix(cfg), Seed: cfg.seed, Clock: listener.Addr().String(), Mail: mails.Addr(), Texts: texts.URL(),
		Redis: redisOrders{cfg.redis.Addr, cfg.redis.Username, cfg.redis.Password, cfg.redis.DB},
	})
	if err != nil {
		return nil, err
	}
	c := &crew{time: now, orders: string(orders), chance: rand.New(rand.NewPCG(cfg.seed, 20))}
	days := cfg.to.Sub(cfg.from) + 1
	for n := range cfg.kill {
		c.days = append(c.days, cfg.from.Add((2*n+1)*days/(2*cfg.kill)))
	}
	c.clock = &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, now.Now().UnixMicro())
	})}
	life.Append(fx.Hook{
		OnStart: func(context.Context) error {
			go func() { _ = c.clock.Serve(listener) }() // until stop
			return c.start()
		},
		OnStop: c.stop,
	})
	return c, nil
}

// start begins a worker process that ends by itself when this one does: its
// input closes then.
func (c *crew) start() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	c.worker = exec.Command(program)
	c.worker.Env = append(os.Environ(), crewEnv+"="+c.orders)
	c.worker.Stderr = os.Stderr
	if c.input, err = c.worker.StdinPipe(); err != nil {
		return err
	}
	return c.worker.Start()
}

// kill ends the worker without warning and starts another one.
func (c *crew) kill() error {
	if err := c.worker.Process.Kill(); err != nil {
		return err
	}
	_ = c.worker.Wait() // says that it was killed
	c.killed++
	return c.start()
}

// stop ends the worker in order.
func (c *crew) stop(ctx context.Context) error {
	err := c.input.Close()
	_ = c.worker.Wait()
	return errors.Join(err, c.clock.Shutdown(ctx))
}

// patience is the real time after which what a dead worker left behind is looked
// for; the season's clock goes on by so much each time.
const (
	patience = 400 * time.Millisecond
	forward  = 45 * time.Second
)

// drain waits until the worker has delivered what is due. When nothing moves the
// time goes on until what a killed worker held is given up and handed out again.
func (c *crew) drain(ctx context.Context, sys *core.System) error {
	if _, err := sys.Recover(ctx); err != nil {
		return err
	}
	began, moved, last := time.Now(), time.Now(), core.Outstanding{}
	for {
		o, err := sys.Outstanding(ctx)
		if err != nil {
			return err
		}
		waiting := o.Due + o.Queued + o.Sending
		if waiting == 0 {
			return nil
		}
		if len(c.days) > 0 && !c.time.today().Before(c.days[0]) && o.Queued+o.Sending > 0 {
			time.Sleep(time.Duration(c.chance.IntN(12)) * time.Millisecond)
			c.days = c.days[1:]
			if err := c.kill(); err != nil {
				return err
			}
		}
		if o != last {
			last, moved = o, time.Now()
		}
		if time.Since(moved) > patience {
			c.time.set(c.time.Now().Add(forward))
			if _, err := sys.Recover(ctx); err != nil {
				return err
			}
			moved = time.Now()
		}
		if time.Since(began) > stalled {
			return fmt.Errorf("the workers do not get on: %+v for %v", o, stalled)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// settle lets the time pass until no outcome is in doubt any more.
func (c *crew) settle(ctx context.Context, sys *core.System) error {
	for range 200 {
		if err := c.drain(ctx, sys); err != nil {
			return err
		}
		o, err := sys.Outstanding(ctx)
		if err != nil || o.Unknown == 0 {
			return err
		}
		c.time.set(c.time.Now().Add(time.Minute))
	}
	return errors.New("outcomes stay in doubt")
}

// work is the worker process: it returns its exit code.
func work(ctx context.Context, orders string) int {
	if err := runWorker(ctx, orders); err != nil {
		fmt.Fprintln(os.Stderr, "district worker:", err)
		return exitFailed
	}
	return exitDone
}

// runWorker runs the fx application of the workers over the
// season's database, Redis, sinks and time.
func runWorker(ctx context.Context, orders string) error {
	var o crewOrders
	if err := json.Unmarshal([]byte(orders), &o); err != nil {
		return err
	}
	files, err := readInput(builtIn())
	if err != nil {
		return err
	}
	now := newClock(time.Time{})
	ask := seasonClock(o.Clock, now)
	ask()
	cfg := config{seed: o.Seed, smtp: o.Mail, redis: &redis.Options{
		Addr: o.Redis.Addr, Username: o.Redis.Username, Password: o.Redis.Password, DB: o.Redis.DB,
	}}
	var workers *workersfx.Workers
	app := fx.New(
		fx.NopLogger,
		fx.Supply(cfg, files, now),
		fx.Provide(
			func(life fx.Lifecycle) (*database, error) {
				d := &database{dialect: sqlstore.SQLite}
				if o.Driver == "pgx" {
					d.dialect = sqlstore.Postgres
				}
				var err error
				if d.DB, err = sql.Open(o.Driver, o.DSN); err == nil {
					life.Append(fx.StopHook(d.Close))
				}
				return d, err
			},
			openStore, newRedis,
			func(st store.Store, in input) (*core.System, error) {
				return core.New(st, in.policy, &core.Options{
					Clock: ask, Calendar: in.calendar, Series: "XL", Sender: sender, Hotline: hotline, Secret: fmt.Appendf(nil, "district season %d", o.Seed),
				})
			},
			fx.Annotate(func(life fx.Lifecycle, cfg config) (notify.Sender, error) { return newMailSender(life, cfg, nil, now) }, fx.ResultTags(`group:"outreach.senders"`)),
			fx.Annotate(func(life fx.Lifecycle, in input) (notify.Sender, error) {
				c := in.gateway
				c.URL = o.Texts
				s, err := httpsms.New(c, &httpsms.Options{Clock: now.Now})
				if err == nil {
					life.Append(fx.StopHook(s.Close))
				}
				return s, err
			}, fx.ResultTags(`group:"outreach.senders"`)),
		),
		fx.Supply(workersfx.Config{Prefix: o.Prefix, Check: 5 * time.Millisecond, Poll: 10 * time.Millisecond, Sweep: -1}),
		workersfx.Module,
		fx.Populate(&workers),
	)
	if err := app.Start(ctx); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until the season ends
	return app.Stop(context.WithoutCancel(ctx))
}

// seasonClock asks the season for its time.
func seasonClock(addr string, last *clock) func() time.Time {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	return func() time.Time {
		answer, err := client.Get("http://" + addr)
		if err != nil {
			return last.Now() // the season has ended
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(io.LimitReader(answer.Body, 32))
		micros, bad := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err == nil && bad == nil {
			last.set(time.UnixMicro(micros))
		}
		return last.Now()
	}
}
