package faulttest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"
	"go.uber.org/fx"
	_ "modernc.org/sqlite"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/adapters/smpp"
	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/rate"
	"github.com/huongvecoso/outreach/workers/receipt"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

// workerEnv holds the orders of a process that is to be a worker.
const workerEnv = "OUTREACH_FAULTTEST_WORKER"

// idleOrders are those of a process that ends at once.
const idleOrders = "idle"

// The test binary is its own worker.
func TestMain(m *testing.M) {
	orders := os.Getenv(workerEnv)
	if orders == "" {
		os.Exit(m.Run())
	}
	if orders == idleOrders {
		os.Exit(0)
	}
	if err := work(orders); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// orders are what a worker process is told.
type orders struct {
	Dialect     sqlstore.Dialect
	DSN         string
	Redis       string
	SMTP, SMS   string
	SecondSMS   string     // another gateway, beside which the first has three times the weight; empty: none
	KnowsKey    bool       // the gateway recognises a repetition by its key
	Rate        rate.Limit // of the gateway; zero: as much as is sent
	Concurrency int
	Clock       *clock // one for the stage and all its workers
	Without     guard
	Log         string

	DieAtEnqueue bool // one of 40 tasks: the relay is killed between its commit and the queue
	LoseAck      bool // one of 20 tasks: the queue does not hear that it is done
	Pool         int  // connections to the database. Default: 8
	Naive        bool // it is the baseline's
	Poisoned     bool // its gateway's adapter has bugs

	LastProbe time.Duration // the longest that a breaker waits between two probes. Default: BreakerRules'

	Off      time.Duration // by how much the machine's clock is ahead, on the simulated one
	OffAfter time.Duration // that long after the process began, on the wall

	Root   string // certificate of the relay in PEM, which speaks TLS and is sent one mail on a connection, word by word; empty: it speaks in the clear
	Tokens string // where the gateway's tokens are fetched; empty: it wants none
	Gauge  string // file in which the process keeps account of the goroutines of its calls, with its id behind; empty: it does not

	SMPP string // the message centre, in place of the gateway
	Cut  bool   // this machine does not reach the centre

	Sweep time.Duration // between two sweeps, on the wall. Default: 1 s

	tells func() time.Time // what the process goes by. Default: Clock
}

// clock is a simulated one, faster than the wall.
type clock struct {
	Began time.Time // on the wall
	Speed int
	Start time.Time // what it showed then; zero: a Wednesday at seven
	Leaps string    // file with how far it was put ahead since, in nanoseconds; empty: never
}

func (c *clock) now() time.Time { return c.at(time.Now()) }

// at is what it shows when the wall shows t.
func (c *clock) at(t time.Time) time.Time {
	start := c.Start
	if start.IsZero() {
		start = time.Date(2017, 3, 15, 7, 0, 0, 0, calendar.Zone())
	}
	return start.Add(t.Sub(c.Began)*time.Duration(c.Speed) + c.ahead())
}

// ahead is how far the clock was put ahead. The file is replaced as a whole.
func (c *clock) ahead() time.Duration {
	if c.Leaps == "" {
		return 0
	}
	text, err := os.ReadFile(c.Leaps)
	if err != nil {
		return 0 // it was never put ahead
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		panic(err)
	}
	return time.Duration(n)
}

// leap puts the clocks of all processes ahead.
func (c *clock) leap(by time.Duration) error {
	next := c.Leaps + ".next"
	if err := os.WriteFile(next, strconv.AppendInt(nil, int64(c.ahead()+by), 10), 0o600); err != nil {
		return err
	}
	return os.Rename(next, c.Leaps)
}

// wall is how long a time on the clock takes on the wall.
func (c *clock) wall(d time.Duration) time.Duration { return d / time.Duration(c.Speed) }

// callTimeout is the most one call takes on the wall.
const callTimeout = 1500 * time.Millisecond

// hurried is a sender whose timeout is told on the fast clock, from which leases
// follow.
type hurried struct {
	notify.Sender
	speed int
}

func (h hurried) Describe() notify.Capabilities {
	c := h.Sender.Describe()
	c.Timeout *= time.Duration(h.speed)
	return c
}

// work is a worker process: it ends when it is told to stop, or with its parent.
func work(text string) error {
	var o orders
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends when the parent does
		os.Exit(3)
	}()
	if o.Naive {
		return naiveWorker(o)
	}
	if o.Gauge != "" {
		go o.gauge()
	}
	log, err := os.OpenFile(o.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	db, st, err := o.open()
	if err != nil {
		return err
	}
	defer db.Close()
	if o.tells, err = o.timepiece(context.Background(), db); err != nil {
		return err
	}
	bell := new(workersfx.Bell)
	sys, err := o.system(crippled{st, o.Without}, bell)
	if err != nil {
		return err
	}
	senders, err := o.senders()
	if err != nil {
		return err
	}
	if o.SMPP != "" {
		gate, err := o.centre(st)
		if err != nil {
			return err
		}
		defer gate.Close()
		senders[1] = gate
	}
	client := redis.NewClient(&redis.Options{Addr: o.Redis})
	client.AddHook(meddler{o})
	defer client.Close()
	app := fx.New(fx.NopLogger, fx.StopTimeout(time.Minute),
		fx.Supply(sys, bell, o.config(), &receipt.Options{Match: 100 * time.Millisecond}, slog.New(slog.NewJSONHandler(log, nil)), fx.Annotate(client, fx.As(new(redis.UniversalClient)))),
		fx.Provide(fx.Annotate(func() []notify.Sender { return senders }, fx.ResultTags(`group:"outreach.senders,flatten"`))),
		workersfx.Module)
	if err := app.Err(); err != nil {
		return err
	}
	if err := app.Start(context.Background()); err != nil {
		return err
	}
	ended := app.Wait() // from here on it hears signals
	fmt.Print(readyLine)
	<-ended
	return app.Stop(context.Background())
}

// gauge keeps account, again and again, of how many goroutines there are for calls:
// those of the adapters, of who waits for them, and of their connections.
func (o orders) gauge() {
	file, stacks := fmt.Sprintf("%s.%d", o.Gauge, os.Getpid()), make([]byte, 4<<20)
	for range time.Tick(50 * time.Millisecond) {
		n := 0
		for one := range bytes.SplitSeq(stacks[:runtime.Stack(stacks, true)], []byte("\n\n")) {
			if slices.ContainsFunc([]string{"/adapters/httpsms.", "/adapters/smtpmail.", "/workers/deliver.", "net/http.(*persistConn)"}, func(of string) bool { return bytes.Contains(one, []byte(of)) }) {
				n++
			}
		}
		next := file + ".next"
		if os.WriteFile(next, strconv.AppendInt(nil, int64(n), 10), 0o600) == nil {
			_ = os.Rename(next, file) // the one before stays
		}
	}
}

func (o orders) open() (*sql.DB, *sqlstore.Store, error) {
	driver := map[sqlstore.Dialect]string{sqlstore.SQLite: "sqlite", sqlstore.Postgres: "pgx"}[o.Dialect]
	db, err := sql.Open(driver, o.DSN)
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(cmp.Or(o.Pool, 8))
	st, err := sqlstore.Open(db, o.Dialect, nil)
	return db, st, err
}

// timepiece is what the process goes by. On a machine whose clock is wrong that is
// the database's, as in outreach-worker, unless that guard is taken out.
func (o orders) timepiece(ctx context.Context, db *sql.DB) (func() time.Time, error) {
	if o.Off == 0 {
		return o.Clock.now, nil
	}
	began := time.Now()
	machine := func() time.Time {
		now := time.Now()
		if now.Sub(began) >= o.OffAfter {
			now = now.Add(o.Clock.wall(o.Off))
		}
		return now
	}
	if o.Without == commonClock {
		return func() time.Time { return o.Clock.at(machine()) }, nil
	}
	c, err := sqlstore.NewClock(db, o.Dialect, &sqlstore.ClockOptions{Every: 100 * time.Millisecond, Machine: machine})
	if err == nil {
		err = c.Set(ctx)
	}
	if err != nil {
		return nil, err
	}
	go func() { _ = c.Run(ctx, nil) }()
	return func() time.Time { return o.Clock.at(c.Now()) }, nil
}

func (o orders) now() time.Time {
	if o.tells != nil {
		return o.tells()
	}
	return o.Clock.now()
}

// unknownAfter is how many minutes an unknown outcome waits for a late answer.
const unknownAfter = 1

func (o orders) system(st store.Store, bell *workersfx.Bell) (*core.System, error) {
	templates, err := outboxtest.Templates()
	if err != nil {
		return nil, err
	}
	numbers := policy.Default()
	numbers.Notices.UnknownResendAfter = unknownAfter
	return core.New(st, numbers, &core.Options{Clock: o.now, Wake: bell.Ring, Templates: templates})
}

func (o orders) senders() ([]notify.Sender, error) {
	relay := smtpmail.Config{
		Addr: o.SMTP, TLS: smtpmail.Plaintext, From: "HVCS <hvcs@xuanloc.example>", Domain: "xuanloc.example", Timeout: callTimeout,
	}
	if o.Root != "" {
		trusted := x509.NewCertPool()
		trusted.AppendCertsFromPEM([]byte(o.Root))
		relay.TLS, relay.TLSConfig = smtpmail.Implicit, &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}
		relay.Ignore, relay.MaxMailsPerConn = []string{"PIPELINING", "CHUNKING"}, 1
	}
	mail, err := smtpmail.New(relay, &smtpmail.Options{Clock: o.now})
	if err != nil {
		return nil, err
	}
	sms, err := o.gateway(o.SMS)
	if err != nil {
		return nil, err
	}
	gate := sms
	if o.Poisoned {
		gate = poisoned{sms}
	}
	all := []notify.Sender{hurried{mail, o.Clock.Speed}, hurried{gate, o.Clock.Speed}}
	if o.SecondSMS != "" {
		second, err := o.gateway(o.SecondSMS)
		if err != nil {
			return nil, err
		}
		all = append(all, hurried{second, o.Clock.Speed})
	}
	return all, nil
}

// gateway is the adapter of one gateway. Of two, each has its name.
func (o orders) gateway(url string) (notify.Sender, error) {
	c := httpsms.Generic()
	c.URL, c.Sender, c.Timeout, c.Idempotent = url, "XUANLOC", httpsms.Duration(callTimeout), o.KnowsKey
	if o.Tokens != "" {
		c.Auth = httpsms.Auth{Kind: httpsms.OAuth2, User: account, Token: account, Request: httpsms.TokenRequest{URL: o.Tokens}}
	}
	switch {
	case o.SecondSMS == "":
	case url == o.SMS:
		c.Name = gatewayA
	default:
		c.Name = gatewayB
	}
	return httpsms.New(c, &httpsms.Options{Clock: o.now})
}

// account is the worker's at the message centre.
const account = "hvcs"

// hurriedCentre is a hurried sender over SMPP, with what else that can do.
type hurriedCentre struct {
	*smpp.Sender
	speed int
}

func (h hurriedCentre) Describe() notify.Capabilities {
	return hurried{h.Sender, h.speed}.Describe()
}

// centre is the sender over SMPP. The lease is kept by the wall's clock, as the
// session is.
func (o orders) centre(st store.Store) (hurriedCentre, error) {
	opts := &smpp.Options{Clock: o.now, Lease: &smpp.StoreLease{
		Store: st, Now: time.Now, Term: 2 * time.Second, Name: "smpp/" + account, Owner: fmt.Sprint(os.Getpid()),
	}}
	if o.Cut {
		opts.Dial = func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}
		}
	}
	s, err := smpp.New(smpp.Config{
		Addr: o.SMPP, SystemID: account, Password: account, Source: "XUANLOC", Timeout: callTimeout,
		Response: callTimeout / 2, Enquire: callTimeout / 3, Retry: 50 * time.Millisecond,
	}, opts)
	return hurriedCentre{s, o.Clock.Speed}, err
}

func (o orders) config() workersfx.Config {
	var weights map[string]int
	if o.SecondSMS != "" {
		weights = map[string]int{gatewayA: weightA, gatewayB: weightB}
	}
	var rates map[string]rate.Limit
	if o.Rate.PerSecond > 0 {
		rates = map[string]rate.Limit{httpsms.Generic().Name: o.Rate}
	}
	return workersfx.Config{
		Rates:       rates,
		Weights:     weights,
		Breaker:     notify.BreakerRules{LastProbe: o.LastProbe},
		Concurrency: o.Concurrency, Group: 10, Check: 20 * time.Millisecond, Poll: 50 * time.Millisecond,
		Sweep: cmp.Or(o.Sweep, time.Second), Recover: 200 * time.Millisecond, Register: time.Second, Shutdown: callTimeout*time.Duration(o.Clock.Speed) + time.Second,
	}
}
