package faulttest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
	"github.com/huongvecoso/outreach/adapters/smpp/smppsink"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/redistest"
	"github.com/huongvecoso/outreach/workers/task"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

// stage is one database, one Redis, two providers and some workers.
type stage struct {
	t      *testing.T
	orders orders
	random *rand.Rand
	store  store.Store
	sys    *core.System
	redis  *redistest.Instance
	pg     *pgtest.Instance // nil: shared with other rows
	link   *link            // nil: workers reach the database directly
	mail   *smtpsink.Sink
	sms    *smssink.Sink
	centre *smppsink.Sink // nil: SMS go over HTTP
	second *smssink.Sink  // nil: all SMS go by the first
	dir    string

	people  int
	waited  time.Duration // since when new notices have been due
	others  bool          // there are notices that the system made itself: by another channel, digests
	added   []expected
	stormed time.Time // when notices began to be added, on the stage's clock
	workers []*worker
	starts  int
	kills   int
	flushes int
	expired int           // leases of asynq
	crashes int           // of workers that ended by themselves
	slowest time.Duration // graceful stop
	away    time.Duration // of the database, the longest
	oldest  time.Duration // that a notice was seen to be on its way, on the stage's clock
}

// expected is a notice that was committed.
type expected struct {
	notify.Notice
	policy letter
	ends   []notify.State // other than accepted, or uncertain, that are right for it
}

// setup is what a stage is to be like.
type setup struct {
	speed    int
	delay    time.Duration // from taking a message to saying so
	knowsKey bool          // the gateway recognises a repetition
	token    string        // what the gateway wants to see; empty: nothing
	people   int
	persist  bool            // Redis keeps what it has across a restart
	own      bool            // the database is the row's own, to be killed
	start    time.Time       // what the clock shows at first. Default: a Wednesday at seven
	disk     string          // the database is a SQLite file there, or own and has its tables there; empty: see database
	linked   bool            // workers reach it over a link that can be broken
	sms      smssink.Script  // instead of a gateway that takes everything
	mail     smtpsink.Script // instead of a relay that takes everything
	smpp     smppsink.Script // SMS go to a message centre instead of the gateway
}

// newStage sets up everything but workers.
func newStage(t *testing.T, seed uint64, want setup) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir(), random: rand.New(rand.NewPCG(seed, 1))}
	s.redis = redistest.Start(t, &redistest.Options{Persist: want.persist})
	s.orders = orders{
		Redis: s.redis.Addr, KnowsKey: want.knowsKey, Concurrency: 4, Clock: &clock{Began: time.Now(), Speed: want.speed, Start: want.start}, Log: filepath.Join(s.dir, "workers.log"),
	}
	s.database(want)
	s.open(want.people)
	s.providers(want)
	if want.linked {
		s.link = newLink(t, "unix", s.pg.Socket)
		s.orders.DSN = "postgres://postgres@" + s.link.addr() + "/postgres?sslmode=disable"
	}
	t.Cleanup(func() {
		for _, w := range s.workers {
			w.kill()
		}
		if t.Failed() {
			s.tellLog()
		}
	})
	return s
}

// database is PostgreSQL where there is one, else a SQLite file, unless the row
// needs a server that it may break.
func (s *stage) database(want setup) {
	s.t.Helper()
	switch {
	case want.own || want.linked:
		s.pg = pgtest.Start(s.t)
		s.orders.Dialect, s.orders.DSN = sqlstore.Postgres, s.pg.DSN
		if want.disk != "" {
			s.orders.DSN = s.tablesOn(want.disk)
		}
	case want.disk != "":
		s.orders.Dialect, s.orders.DSN = sqlstore.SQLite, sqlstore.SQLiteDSN(filepath.Join(want.disk, "outreach.db"))
	case os.Getenv("OUTREACH_FAULT_DB") == "sqlite" || !havePostgres():
		s.orders.Dialect, s.orders.DSN = sqlstore.SQLite, sqlstore.SQLiteDSN(filepath.Join(s.dir, "outreach.db"))
	default:
		s.orders.Dialect, s.orders.DSN = sqlstore.Postgres, pgtest.Database(s.t)
	}
}

// tablesOn makes a database of the server whose tables are on the disk, and returns
// its address.
func (s *stage) tablesOn(disk string) string {
	s.t.Helper()
	server, err := os.Stat(filepath.Dir(s.pg.Socket))
	if err != nil {
		s.t.Fatal(err)
	}
	owner, ok := server.Sys().(*syscall.Stat_t)
	if !ok {
		s.t.Skip("NOT shown: the system does not tell whose the server is")
	}
	place := filepath.Join(disk, "tables")
	if err := errors.Join(os.Mkdir(place, 0o700), os.Chown(place, int(owner.Uid), int(owner.Gid))); err != nil {
		s.t.Fatal(err)
	}
	s.onDatabase("CREATE TABLESPACE small LOCATION '"+place+"'", "CREATE DATABASE outreach TABLESPACE small")
	address, err := url.Parse(s.pg.DSN)
	if err != nil {
		s.t.Fatal(err)
	}
	address.Path = "/outreach"
	return address.String()
}

func havePostgres() bool {
	if os.Getenv("OUTREACH_POSTGRES") != "" || os.Getenv("PG_BIN") != "" {
		return true
	}
	if _, err := exec.LookPath("initdb"); err == nil {
		return true
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	return err == nil && len(found) > 0
}

func (s *stage) open(people int) {
	s.people = people
	s.t.Helper()
	db, st, err := s.orders.open()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { db.Close() })
	if err := sqlstore.Migrate(s.t.Context(), db, s.orders.Dialect, nil); err != nil {
		s.t.Fatal(err)
	}
	s.store = st
	if s.sys, err = s.orders.system(st, new(workersfx.Bell)); err != nil {
		s.t.Fatal(err)
	}
	if err := outboxtest.People(s.t.Context(), st, people); err != nil {
		s.t.Fatal(err)
	}
}

// providers starts a mail server and a gateway. Both write down what they take,
// synced to the disk, and answer later: who is killed meanwhile does not know.
func (s *stage) providers(want setup) {
	s.t.Helper()
	window := 24 * time.Hour
	if !want.knowsKey {
		window = -1
	}
	jitter := func() time.Duration { return want.delay/2 + rand.N(want.delay) }
	if want.sms == nil {
		want.sms = func(smssink.Request) smssink.Fault { return smssink.Fault{Accepted: true, Delay: jitter()} }
	}
	if want.mail == nil {
		want.mail = func(e smtpsink.Event) smtpsink.Reply {
			if e.Phase == smtpsink.PhaseAccepted {
				return smtpsink.Reply{Delay: jitter()}
			}
			return smtpsink.Reply{}
		}
	}
	var err error
	s.sms, err = smssink.Start(&smssink.Options{
		Clock: s.orders.Clock.now, LedgerFile: filepath.Join(s.dir, "sms.ledger"), Window: window, Token: want.token, Script: want.sms,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.sms.Close() })
	s.mail, err = smtpsink.Start(&smtpsink.Options{
		Clock: s.orders.Clock.now, LedgerFile: filepath.Join(s.dir, "mail.ledger"), Script: want.mail,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.mail.Close() })
	s.orders.SMTP, s.orders.SMS = s.mail.Addr(), s.sms.URL()
	if want.smpp == nil {
		return
	}
	s.centre, err = smppsink.Start(&smppsink.Options{Clock: s.orders.Clock.now, SystemID: account, Password: account, Script: want.smpp})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.centre.Close() })
	s.orders.SMPP = s.centre.Addr()
}

// add commits n more notices: seven of ten are SMS, one of ten is critical, and
// on what is unknown half of them say resend, unless the gateway knows keys.
func (s *stage) add(n int) {
	s.t.Helper()
	var all []notify.Notice
	for range n {
		i := len(s.added)
		one := s.notice(i, notify.SMS)
		policy := letterB
		if i%10 >= 7 {
			one.Channel = notify.Email
		}
		if i%10 == 3 {
			one.Priority = notify.Critical
		}
		switch {
		case one.Channel == notify.SMS && s.orders.KnowsKey:
			policy = letterA
		case i%2 == 1:
			one.OnUnknown, policy = notify.Resend, letterC
		}
		s.added = append(s.added, expected{Notice: one, policy: policy})
		all = append(all, one)
	}
	s.commit(all...)
}

// notice is the i-th one, made now and due now or since a while.
func (s *stage) notice(i int, channel notify.Channel) notify.Notice {
	now := s.sys.Now()
	n := outboxtest.Notice(i, channel, now.Add(-s.waited))
	n.Created = now
	return n
}

// commit writes notices as the domain would, again and again while the database
// is away. One that was committed and not answered is there already.
func (s *stage) commit(all ...notify.Notice) {
	s.t.Helper()
	var err error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = outboxtest.Add(s.t.Context(), s.store, all...); err == nil || errors.Is(err, fault.ErrExists) {
			return
		}
	}
	s.t.Fatal(err)
}

// worker is one worker process.
type worker struct {
	process *exec.Cmd
	stdin   io.Closer
	stderr  *tail
	ready   chan struct{} // it runs, and hears when it is told to stop
	ended   chan struct{}
	err     error
}

// start starts worker number i, in the place of the one that was there.
func (s *stage) start(i int) {
	s.t.Helper()
	text, err := json.Marshal(s.orders)
	if err != nil {
		s.t.Fatal(err)
	}
	w := &worker{process: exec.Command(os.Args[0]), stderr: &tail{}, ready: make(chan struct{}), ended: make(chan struct{})}
	w.process.Env = append(os.Environ(), workerEnv+"="+string(text))
	w.process.Stderr = w.stderr
	stdin, err := w.process.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	w.stdin = stdin
	stdout, err := w.process.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := w.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		if line, _ := bufio.NewReader(stdout).ReadString('\n'); line == readyLine {
			close(w.ready)
		}
		w.err = w.process.Wait()
		close(w.ended)
	}()
	s.starts++
	for len(s.workers) <= i {
		s.workers = append(s.workers, nil)
	}
	s.workers[i] = w
}

// kill ends a worker as a power cut would.
func (w *worker) kill() {
	_ = w.process.Process.Kill() // it may be over already
	<-w.ended
	_ = w.stdin.Close()
}

// readyLine is what a worker says once it runs.
const readyLine = "ready\n"

// stop tells a worker to stop, once it runs, and waits for it.
func (w *worker) stop() error {
	select {
	case <-w.ready:
	case <-w.ended:
		return w.err
	case <-time.After(time.Minute):
		return errors.New("it does not begin")
	}
	if err := w.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-w.ended:
		return w.err
	case <-time.After(time.Minute):
		return errors.New("it does not stop")
	}
}

// revive starts again every worker that ended by itself, as an operator's
// supervisor does, and returns how many there were.
func (s *stage) revive() int {
	s.t.Helper()
	n := 0
	for i, w := range s.workers {
		select {
		case <-w.ended:
			_ = w.stdin.Close()
			s.start(i)
			n++
		default:
		}
	}
	s.crashes += n
	return n
}

// tail keeps what a worker had to say at the end.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	l.text = l.text[max(0, len(l.text)-4096):]
	return len(p), nil
}

// mishap does one thing to the stage.
type mishap func(*stage)

// killOne kills a random worker and starts another.
func killOne(s *stage) { s.killNumber(s.random.IntN(len(s.workers))) }

func (s *stage) killNumber(i int) {
	s.workers[i].kill()
	s.kills++
	s.start(i)
}

// flush empties Redis.
func flush(s *stage) {
	s.redis.FlushAll()
	s.flushes++
}

// stopOne tells a random worker to stop and starts another.
func stopOne(s *stage) {
	i := s.random.IntN(len(s.workers))
	began := time.Now()
	if err := s.workers[i].stop(); err != nil {
		s.t.Errorf("a worker that was told to stop: %v: %s", err, s.workers[i].stderr.text)
	}
	s.slowest = max(s.slowest, time.Since(began))
	s.start(i)
}

// storm adds notices while faults happen, and then waits until everything has
// come to an end.
func (s *stage) storm(p profile, faults ...recurring) {
	s.t.Helper()
	s.pour(p, faults...)
	s.calm(p.patience)
}

// pour adds notices at a steady rate while faults happen, each at its own random
// intervals, for the profile's time.
func (s *stage) pour(p profile, faults ...recurring) {
	s.t.Helper()
	began := time.Now()
	s.stormed = s.orders.Clock.now()
	next := make([]time.Duration, len(faults))
	for i, f := range faults {
		next[i] = f.wait(s.random)
	}
	for {
		since := time.Since(began)
		if due := int(float64(p.notices)*min(1, since.Seconds()/p.duration.Seconds())) - len(s.added); due > 0 {
			s.add(due)
		}
		if since >= p.duration {
			break
		}
		for i, f := range faults {
			if since >= next[i] {
				f.do(s)
				next[i] = time.Since(began) + f.wait(s.random)
			}
		}
		s.revive()
		time.Sleep(10 * time.Millisecond)
	}
}

// recurring is a fault that happens again and again.
type recurring struct {
	do       mishap
	from, to time.Duration // between two of them
}

func (f recurring) wait(random *rand.Rand) time.Duration {
	return f.from + time.Duration(random.Int64N(int64(f.to-f.from)+1))
}

// calm waits until every notice has come to an end, as long as one does within
// patience: what is left then counts as lost. A slow machine, or faults that go on,
// make it last longer and lose nothing.
func (s *stage) calm(patience time.Duration) {
	s.t.Helper()
	least := math.MaxInt
	for end := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		s.revive()
		left := s.moving()
		if left < least {
			least, end = left, time.Now().Add(patience)
		}
		if left == 0 || time.Now().After(end) {
			return
		}
	}
}

// moving is how many notices have not come to an end.
func (s *stage) moving() int {
	s.t.Helper()
	n := 0
	err := s.store.View(s.t.Context(), func(ctx context.Context, tx store.Tx) error {
		counts, err := tx.CountNotices(ctx)
		n = counts[notify.Pending] + counts[notify.Queued] + counts[notify.Sending] + counts[notify.Unknown] + counts[notify.Merged]
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// replay hands every first ticket out again, as a Redis restored from an old
// snapshot would, and waits until the workers have looked at them.
func (s *stage) replay() {
	s.t.Helper()
	client := redis.NewClient(&redis.Options{Addr: s.redis.Addr})
	defer client.Close()
	queue := asynq.NewClientFromRedisClient(client)
	var first []core.Ticket
	for _, e := range s.added {
		first = append(first, core.Ticket{ID: e.ID, Generation: 1, Channel: e.Channel, Priority: e.Priority})
	}
	for group := range slices.Chunk(first, 10) {
		again, err := task.New(group, "outreach", time.Minute)
		if err == nil {
			_, err = queue.Enqueue(again, asynq.TaskID("replay:"+string(group[0].ID)))
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left, err := client.Keys(s.t.Context(), "asynq:*:t:replay:*").Result()
		if err != nil {
			s.t.Fatal(err)
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			s.t.Errorf("%d replayed tasks were not looked at", len(left))
			return
		}
	}
}

// expireLeases lets every lease of asynq run out now instead of after half a
// minute and another half of grace. A worker that is started then finds them at
// once.
func (s *stage) expireLeases() {
	s.t.Helper()
	client := redis.NewClient(&redis.Options{Addr: s.redis.Addr})
	defer client.Close()
	ctx := s.t.Context()
	leases, err := client.Keys(ctx, "asynq:*:lease").Result()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, key := range leases {
		tasks, err := client.ZRange(ctx, key, 0, -1).Result()
		if err != nil {
			s.t.Fatal(err)
		}
		for _, task := range tasks {
			client.ZAdd(ctx, key, redis.Z{Score: float64(time.Now().Add(-2 * time.Minute).Unix()), Member: task})
		}
		s.expired += len(tasks)
	}
}

// said counts the lines of the workers' log that hold the words.
func (s *stage) said(words string) int {
	s.t.Helper()
	text, err := os.ReadFile(s.orders.Log)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Fatal(err)
	}
	return strings.Count(string(text), words)
}

// tellLog shows the end of what the workers logged.
func (s *stage) tellLog() {
	text, err := os.ReadFile(s.orders.Log)
	if err != nil {
		s.t.Log(err)
		return
	}
	s.t.Logf("the workers' log ends:\n%s", text[max(0, len(text)-6000):])
	for _, w := range s.workers {
		if len(w.stderr.text) > 0 {
			s.t.Logf("a worker said: %s", w.stderr.text)
		}
	}
}

// read returns every notice and every attempt, by notice.
func (s *stage) read() (map[notify.ID]notify.Notice, map[notify.ID][]notify.Attempt, map[notify.State]int) {
	s.t.Helper()
	notices, all := map[notify.ID]notify.Notice{}, map[notify.ID][]notify.Attempt{}
	var counts map[notify.State]int
	err := s.store.View(s.t.Context(), func(ctx context.Context, tx store.Tx) error {
		found, err := tx.Notices(ctx, notify.Query{})
		if err != nil {
			return err
		}
		for _, n := range found {
			notices[n.ID] = n
			if all[n.ID], err = tx.Attempts(ctx, n.ID); err != nil {
				return err
			}
		}
		counts, err = tx.CountNotices(ctx)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return notices, all, counts
}

// quiet is a stage without workers yet.
func (r *run) quiet(want setup) *stage {
	r.Helper()
	workers := r.workers
	r.workers = 0
	s := r.ready(want)
	r.workers = workers
	return s
}

// begin starts the first n workers.
func (s *stage) begin(n int) {
	s.t.Helper()
	for w := range n {
		s.start(w)
	}
}

// close ends the workers and Redis before the row is over, to leave the machine
// to the next stage of the row.
func (s *stage) close() {
	for _, w := range s.workers {
		w.kill()
	}
	s.workers = nil
	s.redis.Kill()
}

// addOne commits one notice that is due now.
func (s *stage) addOne(channel notify.Channel, policy letter, ends ...notify.State) {
	s.t.Helper()
	one := s.notice(len(s.added), channel)
	if policy == letterC {
		one.OnUnknown = notify.Resend
	}
	s.added = append(s.added, expected{one, policy, ends})
	s.commit(one)
}

// refusing is a gateway that refuses for good while *yes.
func refusing(mu *sync.Mutex, yes *bool) smssink.Script {
	return func(smssink.Request) smssink.Fault {
		mu.Lock()
		defer mu.Unlock()
		if *yes {
			return smssink.Fault{Code: smssink.CodeText}
		}
		return smssink.Fault{}
	}
}

// noMail takes everybody's mailbox away, so that nothing falls back to mail.
func (s *stage) noMail() {
	s.t.Helper()
	err := s.store.Update(s.t.Context(), func(ctx context.Context, tx store.Tx) error {
		for i := range s.people {
			p, err := tx.Person(ctx, outboxtest.Person(i))
			if err != nil {
				return err
			}
			p.Email = ""
			if err := tx.PutPerson(ctx, &p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}
