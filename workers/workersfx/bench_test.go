package workersfx_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"slices"
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
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
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

// rig is everything that delivers mails, on one machine.
type rig struct {
	b       *testing.B
	db      *sql.DB
	store   *sqlstore.Store
	sys     *core.System
	bell    *workersfx.Bell
	clock   func() time.Time
	sender  notify.Sender
	server  *redistest.Instance
	client  *redis.Client
	dialect sqlstore.Dialect
}

func newRig(b *testing.B, people int, open func(b *testing.B) (*sql.DB, sqlstore.Dialect)) *rig {
	b.Helper()
	r := &rig{b: b, bell: new(workersfx.Bell), sender: line(b), server: redistest.Start(b, nil)}
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	r.db, r.dialect = open(b)
	b.Cleanup(func() { r.db.Close() })
	must(sqlstore.Migrate(b.Context(), r.db, r.dialect, nil))
	var err error
	r.store, err = sqlstore.Open(r.db, r.dialect, nil)
	must(err)
	templates, err := outboxtest.Templates()
	must(err)
	began := time.Now()
	r.clock = func() time.Time {
		return time.Date(2017, 3, 15, 10, 0, 0, 0, calendar.Zone()).Add(time.Since(began))
	}
	r.sys, err = core.New(r.store, policy.Default(), &core.Options{Clock: r.clock, Wake: r.bell.Ring, Templates: templates})
	must(err)
	must(outboxtest.People(b.Context(), r.store, people))
	r.client = redis.NewClient(&redis.Options{Addr: r.server.Addr})
	b.Cleanup(func() { r.client.Close() })
	return r
}

// start starts the workers, which tell observe of each call.
func (r *rig) start(observe func()) (stop func()) {
	r.b.Helper()
	app := fx.New(fx.NopLogger,
		fx.Supply(r.sys, r.bell, workersfx.Config{}, &deliver.Options{Observe: func(notify.Capabilities, notify.Outcome, time.Duration) { observe() }},
			fx.Annotate(r.client, fx.As(new(redis.UniversalClient)))),
		fx.Provide(fx.Annotate(func() notify.Sender { return r.sender }, fx.ResultTags(`group:"outreach.senders"`))),
		workersfx.Module)
	if err := app.Start(r.b.Context()); err != nil {
		r.b.Fatal(err)
	}
	return func() {
		if err := app.Stop(context.Background()); err != nil {
			r.b.Error(err)
		}
	}
}

// settled waits until n calls were made and everything is written down.
func (r *rig) settled(calls *atomic.Int64, n int) {
	r.b.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.b.Fatalf("%d of %d mails went", calls.Load(), n)
		}
		if calls.Load() < int64(n) {
			continue
		}
		o, err := r.sys.Outstanding(r.b.Context())
		if err != nil {
			r.b.Fatal(err)
		}
		if o.Idle() {
			break
		}
	}
	if calls.Load() != int64(n) {
		r.b.Fatalf("%d mails for %d notices", calls.Load(), n)
	}
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
	r := newRig(b, n, open)
	var whole, mail, tasks time.Duration
	used := make(map[string]time.Duration)
	sent := 0
	for b.Loop() {
		var all []notify.Notice
		for i := range n {
			one := outboxtest.Notice(i, notify.Email, r.clock())
			one.ID, one.Key = notify.ID(fmt.Sprintf("%d-%06d", sent, i)), fmt.Sprintf("%d/%d", sent, i)
			all = append(all, one)
		}
		if err := outboxtest.Add(b.Context(), r.store, all...); err != nil {
			b.Fatal(err)
		}
		if _, err := r.db.Exec("ANALYZE"); err != nil { // as the database does by itself before long
			b.Fatal(err)
		}
		mail += rawMail(b, r.sender, n)
		tasks += rawTasks(b, r.server.Addr, n)
		var calls atomic.Int64
		processes := map[string]string{"self": "", "postgres": "postgres", "redis": "redis-server"}
		for process, name := range processes {
			used[process] -= cpu(name)
		}
		start := time.Now()
		stop := r.start(func() { calls.Add(1) })
		r.settled(&calls, n)
		whole += time.Since(start)
		for process, name := range processes {
			used[process] += cpu(name)
		}
		stop()
		sent += n
	}
	b.ReportMetric(float64(sent)/whole.Seconds(), "notices/s")
	b.ReportMetric(float64(sent)/mail.Seconds(), "raw-mails/s")
	b.ReportMetric(float64(sent)/tasks.Seconds(), "raw-tasks/s")
	b.ReportMetric(mail.Seconds()/whole.Seconds(), "of-raw-mail")
	b.ReportMetric(tasks.Seconds()/whole.Seconds(), "of-raw-asynq")
	for process, took := range used {
		b.ReportMetric(float64(took.Microseconds())/float64(sent), process+"-cpu-us")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkUrgent commits one critical notice after the other to workers that
// have nothing else to do, and tells how long each takes to the provider's yes,
// beside what the workers use of a processor while nothing happens at all.
func BenchmarkUrgent(b *testing.B) {
	r := newRig(b, 1, benchDatabases[0].open)
	went := make(chan time.Time, 1)
	stop := r.start(func() { went <- time.Now() })
	defer stop()
	const quiet = 3 * time.Second
	time.Sleep(500 * time.Millisecond)
	idle := cpu("")
	time.Sleep(quiet)
	idle = cpu("") - idle
	var took []time.Duration
	for i := 0; b.Loop() || i < 100; i++ {
		time.Sleep(time.Duration(20+i%7) * time.Millisecond)
		one := outboxtest.Notice(0, notify.Email, r.clock())
		one.ID, one.Key, one.Priority = notify.ID(fmt.Sprintf("u-%06d", i)), fmt.Sprintf("u/%d", i), notify.Critical
		one.Vars = map[string]string{"label": string(one.ID)}
		if err := outboxtest.Add(b.Context(), r.store, one); err != nil {
			b.Fatal(err)
		}
		committed := time.Now()
		r.bell.Ring() // as a unit of work of the System does
		select {
		case at := <-went:
			took = append(took, at.Sub(committed))
		case <-time.After(time.Minute):
			b.Fatal("a critical notice did not go")
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(100*idle.Seconds()/quiet.Seconds(), "%-of-a-core-idle")
	b.ReportMetric(0, "ns/op")
}

// most is what this process, or Redis, may hold at once, whatever the backlog.
const most = 100 << 20

// BenchmarkBacklog delivers from a backlog of so many notices
// (OUTREACH_BENCH_BACKLOG, default 100,000), and tells the pace, and what this
// process and Redis hold at most meanwhile. Whatever the backlog, it is the same.
// Apart, each is to somebody else and so a message of its own; in digests everybody
// has ten or more, which become one.
func BenchmarkBacklog(b *testing.B) {
	backlog := 100_000
	if given, err := strconv.Atoi(os.Getenv("OUTREACH_BENCH_BACKLOG")); err == nil {
		backlog = given
	}
	b.Run("apart", func(b *testing.B) { deliverBacklog(b, backlog, backlog) })
	b.Run("digests", func(b *testing.B) { deliverBacklog(b, backlog, max(1, min(20_000, backlog/10))) })
}

// deliverBacklog delivers the first messages of so many notices to so many people.
func deliverBacklog(b *testing.B, backlog, people int) {
	r := newRig(b, 1, benchDatabases[0].open)
	r.people(people)
	enough := int64(min(40_000, people))
	for b.Loop() {
		taker := newProvider("mail", notify.Email) // a mail server in this process would keep every mail
		r.sender = taker
		r.fill(backlog, people)
		debug.FreeOSMemory()
		var calls atomic.Int64
		var rss, objects, keys int64
		start, moved, before := time.Now(), time.Now(), int64(0)
		stop := r.start(func() { calls.Add(1) })
		for before < enough {
			time.Sleep(20 * time.Millisecond)
			rss, objects, keys = max(rss, resident()), max(objects, heap()), max(keys, r.held())
			if now := calls.Load(); now > before {
				moved, before = time.Now(), now
			}
			if time.Since(moved) > time.Minute {
				b.Fatalf("%d of %d messages went, and no more for a minute", before, enough)
			}
		}
		took := time.Since(start)
		stop()
		messages, carried := r.delivered(taker)
		if apart := people == backlog; apart != (carried == 0) {
			b.Errorf("%d notices travelled in another one's message", carried)
		}
		b.ReportMetric(float64(messages+carried)/took.Seconds(), "notices/s")
		b.ReportMetric(float64(messages), "messages")
		b.ReportMetric(float64(carried), "carried")
		for unit, held := range map[string]int64{"self-MiB": rss, "heap-MiB": objects, "redis-MiB": keys} {
			b.ReportMetric(float64(held)/(1<<20), unit)
			if held > most {
				b.Errorf("%s: %d, want at most %d", unit, held>>20, most>>20)
			}
		}
	}
	b.ReportMetric(0, "ns/op")
}

// delivered counts what was accepted, and compares: each notice that went as it is
// or carries others has one accepted attempt and was taken once, and what went in
// another one belongs to one of those.
func (r *rig) delivered(taker *provider) (messages, carried int) {
	r.b.Helper()
	count := func(query string) (n int) {
		r.b.Helper()
		if err := r.db.QueryRow(query).Scan(&n); err != nil {
			r.b.Fatal(err)
		}
		return n
	}
	messages = count(`SELECT count(*) FROM outreach_notice WHERE status = 'accepted' AND merged_into IS NULL`)
	carried = count(`SELECT count(*) FROM outreach_notice n JOIN outreach_notice c ON c.id = n.merged_into WHERE n.status = 'accepted' AND c.status = 'accepted'`)
	attempts := count(`SELECT count(*) FROM outreach_attempt WHERE outcome = 'accepted'`)
	tried := count(`SELECT count(DISTINCT a.notice) FROM outreach_attempt a JOIN outreach_notice n ON n.id = a.notice
		WHERE a.outcome = 'accepted' AND n.status = 'accepted' AND n.merged_into IS NULL`)
	accepted := count(`SELECT count(*) FROM outreach_notice WHERE status = 'accepted'`)
	taken, copies := taker.count()
	if attempts != messages || tried != messages || taken != messages || copies != messages || accepted != messages+carried {
		r.b.Errorf("%d notices are accepted, %d with others or alone and %d in those; they have %d attempts of %d notices; %d were taken, %d with copies",
			accepted, messages, carried, attempts, tried, taken, copies)
	}
	return messages, carried
}

// people puts so many people into the register, by one statement; one is there.
func (r *rig) people(n int) {
	r.b.Helper()
	if _, err := r.db.Exec(`INSERT INTO outreach_person (id, version, state)
		SELECT replace(id, $1, i), version, replace(replace(state::text, $1, i), $2, 'cc-' || g || '@')::json
		FROM outreach_person, generate_series(1, $3::int) g, LATERAL (SELECT 'CC-' || to_char(g, 'FM0000000') i) named WHERE id = $1`,
		string(outboxtest.Person(0)), "cc-00000@", n); err != nil {
		r.b.Fatal(err)
	}
}

// fill puts so many due mails to so many people into the outbox, by one statement.
func (r *rig) fill(n, people int) {
	r.b.Helper()
	one := outboxtest.Notice(0, notify.Email, r.clock())
	one.Version = 1
	state, err := json.Marshal(one)
	if err != nil {
		r.b.Fatal(err)
	}
	text := strings.NewReplacer(`"`+string(one.ID)+`"`, `"@id"`, one.Key, "@id", string(outboxtest.Person(0)), "@person").Replace(string(state))
	if _, err := r.db.Exec("TRUNCATE outreach_notice, outreach_attempt"); err != nil {
		r.b.Fatal(err)
	}
	if _, err := r.db.Exec(`INSERT INTO outreach_notice (id, version, state, key, template, subject_type, subject_id, channel, status, lane, next_at, lease_until, created, share, person)
		SELECT 'b-' || g, 1, replace(replace($1::text, '@id', 'b-' || g), '@person', to_whom)::json,
			'b-' || g, $3::text, 'test', 'b-' || g, 'email', 'pending', 1, $4::timestamptz, '0001-01-01Z', $4::timestamptz, 'email' || chr(31), to_whom
		FROM generate_series(1, $5::int) g, LATERAL (SELECT 'CC-' || to_char(1 + g % $2::int, 'FM0000000') to_whom) person`, text, people, one.Template, one.NextAt, n); err != nil {
		r.b.Fatal(err)
	}
	if _, err := r.db.Exec("ANALYZE"); err != nil {
		r.b.Fatal(err)
	}
}

// heap is what the objects of this process take, in bytes.
func heap() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// resident is the memory of this process, in bytes; 0 where the system does not tell.
func resident() int64 {
	text, _ := os.ReadFile("/proc/self/statm")
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// held is what Redis has in its memory, in bytes.
func (r *rig) held() int64 {
	info, _ := r.client.Info(r.b.Context(), "memory").Result()
	_, rest, _ := strings.Cut(info, "used_memory:")
	used, _, _ := strings.Cut(rest, "\r\n")
	n, _ := strconv.ParseInt(used, 10, 64)
	return n
}
