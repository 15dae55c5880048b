package workersfx_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"
	"go.uber.org/fx"
	_ "modernc.org/sqlite"

	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/workers/deliver"
	"github.com/huongvecoso/outreach/workers/outboxtest"
	"github.com/huongvecoso/outreach/workers/redistest"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

// benchNotices is how many notices one round of the end-to-end benchmarks
// takes; OUTREACH_BENCH_NOTICES changes it.
func benchNotices(b *testing.B) int {
	given := os.Getenv("OUTREACH_BENCH_NOTICES")
	if given == "" {
		return 10_000
	}
	n, err := strconv.Atoi(given)
	if err != nil || n <= 0 {
		b.Fatalf("OUTREACH_BENCH_NOTICES=%q is no number of notices", given)
	}
	return n
}

// line is a pipelining client with a mail server of its own.
func line(b *testing.B) *smtpmail.Sender {
	b.Helper()
	sink, err := smtpsink.Start(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { sink.Close() })
	sender, err := smtpmail.New(smtpmail.Config{
		Addr: sink.Addr(), TLS: smtpmail.Plaintext, From: "HVCS <hvcs@xuanloc.example>", Domain: "xuanloc.example",
		MaxConns: 4, Window: 32, MaxMailsPerConn: 1 << 20,
	}, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { sender.Close() })
	return sender
}

// rawMail sends n mails by the sender alone: no database, no queue.
func rawMail(b *testing.B, sender notify.Sender, n int) time.Duration {
	b.Helper()
	created := time.Date(2017, 3, 15, 10, 0, 0, 0, calendar.Zone())
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	began := time.Now()
	var all sync.WaitGroup
	for range sender.Describe().Parallel {
		all.Go(func() {
			for i := range next {
				label := "XL-" + string(outboxtest.ID(i))
				out := sender.Send(b.Context(), notify.Message{
					Notice: outboxtest.ID(i), Attempt: 1, Channel: notify.Email, Class: notify.Duty, To: outboxtest.Email(i), ToName: outboxtest.Name(i),
					Subject: "Xem " + label, Text: "Kính gửi " + outboxtest.Name(i) + ",\n\nXem " + label + ".\n", Language: "vi", Created: created,
				})
				if out.Result != notify.ResultAccepted {
					b.Errorf("raw: %+v", out)
				}
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

// rawTasks takes n empty tasks through one asynq server with its defaults but
// for the check, as fast as it goes.
func rawTasks(b *testing.B, addr string, n int) time.Duration {
	b.Helper()
	opt := asynq.RedisClientOpt{Addr: addr, DB: 1}
	client := asynq.NewClient(opt)
	defer client.Close()
	var enqueued sync.WaitGroup
	for w := range 16 {
		enqueued.Go(func() {
			for i := w; i < n; i += 16 {
				if _, err := client.Enqueue(asynq.NewTask("noop", nil)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	enqueued.Wait()
	var done sync.WaitGroup
	done.Add(n)
	server := asynq.NewServer(opt, asynq.Config{LogLevel: asynq.FatalLevel, TaskCheckInterval: 10 * time.Millisecond, Concurrency: 16})
	began := time.Now()
	if err := server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error { done.Done(); return nil })); err != nil {
		b.Fatal(err)
	}
	done.Wait()
	took := time.Since(began)
	server.Shutdown()
	return took
}

// cpu is what the processes called name below this one have used so far, and
// this one where name is empty; 0 where the system does not tell.
func cpu(name string) time.Duration {
	own, used := strconv.Itoa(os.Getpid()), time.Duration(0)
	parent := make(map[string]string)
	busy := make(map[string]time.Duration)
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		text, err := os.ReadFile(file)
		begin, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
		if err != nil || begin < 0 || end < begin {
			continue
		}
		pid, fields := filepath.Base(filepath.Dir(file)), strings.Fields(string(text[end+1:]))
		parent[pid] = fields[1]
		if called := string(text[begin+1 : end]); called == name || name == "" && pid == own {
			user, _ := strconv.Atoi(fields[11])
			system, _ := strconv.Atoi(fields[12])
			busy[pid] = time.Duration(user+system) * 10 * time.Millisecond
		}
	}
	for pid, took := range busy {
		for up := pid; up != "" && up != "0"; up = parent[up] {
			if up == own {
				used += took
				break
			}
		}
	}
	return used
}

// The databases of the end-to-end benchmarks.
var benchDatabases = []struct {
	name string
	open func(b *testing.B) (*sql.DB, sqlstore.Dialect)
}{
	{"postgres", func(b *testing.B) (*sql.DB, sqlstore.Dialect) {
		db, err := sql.Open("pgx", pgtest.Database(b))
		if err != nil {
			b.Fatal(err)
		}
		db.SetMaxOpenConns(16)
		db.SetMaxIdleConns(16)
		return db, sqlstore.Postgres
	}},
	{"sqlite", func(b *testing.B) (*sql.DB, sqlstore.Dialect) {
		db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(b.TempDir()+"/outreach.db"))
		if err != nil {
			b.Fatal(err)
		}
		return db, sqlstore.SQLite
	}},
}

// BenchmarkEndToEnd takes mails from their rows through relay, Redis and a real
// SMTP conversation to settled outcomes, in turns with the same mails by the
// sender alone and with as many empty tasks through asynq alone.
func BenchmarkEndToEnd(b *testing.B) {
	for _, d := range benchDatabases {
		b.Run(d.name, func(b *testing.B) { endToEnd(b, d.open) })
	}
}

func endToEnd(b *testing.B, open func(b *testing.B) (*sql.DB, sqlstore.Dialect)) {
	n := benchNotices(b)
	db, dialect := open(b)
	b.Cleanup(func() { db.Close() })
	if err := sqlstore.Migrate(b.Context(), db, dialect, nil); err != nil {
		b.Fatal(err)
	}
	st, err := sqlstore.Open(db, dialect, nil)
	if err != nil {
		b.Fatal(err)
	}
	templates, err := outboxtest.Templates()
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	clock := func() time.Time { return time.Date(2017, 3, 15, 10, 0, 0, 0, calendar.Zone()).Add(time.Since(began)) }
	bell := new(workersfx.Bell)
	sys, err := core.New(st, policy.Default(), &core.Options{Clock: clock, Wake: bell.Ring, Templates: templates})
	if err != nil {
		b.Fatal(err)
	}
	if err := outboxtest.People(b.Context(), st, n); err != nil {
		b.Fatal(err)
	}
	sender := line(b)
	server := redistest.Start(b, nil)
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	b.Cleanup(func() { client.Close() })
	var whole, mail, tasks, own, theirs, redisCPU time.Duration
	sent := 0
	for b.Loop() {
		var all []notify.Notice
		for i := range n {
			one := outboxtest.Notice(i, notify.Email, clock())
			one.ID, one.Key = notify.ID(fmt.Sprintf("%d-%06d", sent, i)), fmt.Sprintf("%d/%d", sent, i)
			all = append(all, one)
		}
		if err := outboxtest.Add(b.Context(), st, all...); err != nil {
			b.Fatal(err)
		}
		if _, err := db.Exec("ANALYZE"); err != nil { // as the database does by itself before long
			b.Fatal(err)
		}
		mail += rawMail(b, sender, n)
		tasks += rawTasks(b, server.Addr, n)

		var calls atomic.Int64
		app := fx.New(fx.NopLogger,
			fx.Supply(sys, bell, workersfx.Config{}, &deliver.Options{Observe: func(notify.Capabilities, notify.Outcome, time.Duration) { calls.Add(1) }},
				fx.Annotate(client, fx.As(new(redis.UniversalClient)))),
			fx.Provide(fx.Annotate(func() notify.Sender { return sender }, fx.ResultTags(`group:"outreach.senders"`))),
			workersfx.Module)
		start, ownBefore, theirsBefore, redisBefore := time.Now(), cpu(""), cpu("postgres"), cpu("redis-server")
		if err := app.Start(b.Context()); err != nil {
			b.Fatal(err)
		}
		sent += n
		for deadline := start.Add(5 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				b.Fatalf("%d of %d mails went", calls.Load(), n)
			}
			if calls.Load() < int64(n) {
				continue
			}
			o, err := sys.Outstanding(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			if o.Idle() {
				break
			}
		}
		whole += time.Since(start)
		own, theirs, redisCPU = own+cpu("")-ownBefore, theirs+cpu("postgres")-theirsBefore, redisCPU+cpu("redis-server")-redisBefore
		if err := app.Stop(context.Background()); err != nil {
			b.Fatal(err)
		}
		if calls.Load() != int64(n) {
			b.Fatalf("%d mails for %d notices", calls.Load(), n)
		}
	}
	b.ReportMetric(float64(sent)/whole.Seconds(), "notices/s")
	b.ReportMetric(float64(sent)/mail.Seconds(), "raw-mails/s")
	b.ReportMetric(float64(sent)/tasks.Seconds(), "raw-tasks/s")
	b.ReportMetric(mail.Seconds()/whole.Seconds(), "of-raw-mail")
	b.ReportMetric(tasks.Seconds()/whole.Seconds(), "of-raw-asynq")
	for process, used := range map[string]time.Duration{"self": own, "postgres": theirs, "redis": redisCPU} {
		b.ReportMetric(float64(used.Microseconds())/float64(sent), process+"-cpu-us")
	}
	b.ReportMetric(0, "ns/op")
}
