package redistest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv("REDISTEST_CHILD") != "" {
		child()
	}
	goleak.VerifyTestMain(m)
}

// child is the process of [TestAServerDiesWithItsProcess].
func child() {
	dir, err := os.MkdirTemp("", "redistest-child-")
	if err != nil {
		panic(err)
	}
	fmt.Println("server:", dir, Start(&verdict{dir: dir}, nil).Addr)
	select {}
}

func connect(t *testing.T, e Endpoint) *redis.Client {
	t.Helper()
	opts, err := redis.ParseURL(e.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(opts)
	t.Cleanup(func() { c.Close() })
	return c
}

func set(t *testing.T, c *redis.Client, key string) {
	t.Helper()
	if err := c.Set(t.Context(), key, "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
}

func holds(t *testing.T, c *redis.Client, key string) bool {
	t.Helper()
	n, err := c.Exists(t.Context(), key).Result()
	if err != nil {
		t.Fatal(err)
	}
	return n == 1
}

func TestAServerOfItsOwnForEachTest(t *testing.T) {
	t.Setenv("OUTREACH_REDIS", "")
	a, b := Server(t), Server(t)
	if a == b {
		t.Fatalf("both tests were given %+v", a)
	}
	set(t, connect(t, a), "key")
	if holds(t, connect(t, b), "key") {
		t.Error("one test sees the data of the other")
	}
}

func TestRestart(t *testing.T) {
	for _, c := range []struct {
		name  string
		opts  *Options
		end   func(*Instance)
		keeps bool
	}{
		{"a killed server comes back empty", nil, (*Instance).Kill, false},
		{"a stopped server comes back empty", nil, (*Instance).Stop, false},
		{"killed while paused", nil, func(i *Instance) { i.Pause(); i.Kill() }, false},
		{"a persistent server survives a kill", &Options{Persist: true}, (*Instance).Kill, true},
		{"a persistent server survives a stop", &Options{Persist: true}, (*Instance).Stop, true},
		{"a persistent server survives a stop while paused", &Options{Persist: true}, func(i *Instance) { i.Pause(); i.Stop() }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := Start(t, c.opts)
			addr, client := i.Addr, connect(t, Endpoint{Addr: i.Addr})
			set(t, client, "key")
			c.end(i)
			if conn, err := net.Dial("tcp", addr); err == nil {
				conn.Close()
				t.Fatal("the server still listens")
			}
			i.Start()
			i.Start() // a second call changes nothing
			if i.Addr != addr {
				t.Errorf("moved from %s to %s", addr, i.Addr)
			}
			if got := holds(t, client, "key"); got != c.keeps {
				t.Errorf("key kept: %v, want %v", got, c.keeps)
			}
		})
	}
}

func TestAPausedServerIsSilentAndThenGoesOn(t *testing.T) {
	i := Start(t, nil)
	opts := &redis.Options{Addr: i.Addr, ReadTimeout: 100 * time.Millisecond, MaxRetries: -1}
	impatient := redis.NewClient(opts)
	defer impatient.Close()
	set(t, impatient, "key")
	i.Pause()
	if err := impatient.Get(t.Context(), "key").Err(); err == nil {
		t.Error("a paused server answered")
	}
	i.Resume()
	if !holds(t, connect(t, Endpoint{Addr: i.Addr}), "key") {
		t.Error("the data did not outlast the pause")
	}
}

func TestFlushAllEmptiesEveryDatabase(t *testing.T) {
	i := Start(t, nil)
	clients := []*redis.Client{connect(t, Endpoint{Addr: i.Addr}), connect(t, Endpoint{Addr: i.Addr, DB: 3})}
	for _, c := range clients {
		set(t, c, "key")
	}
	i.FlushAll()
	for n, c := range clients {
		if holds(t, c, "key") {
			t.Errorf("client %d still finds its key", n)
		}
	}
}

func TestASharedServerLendsEachTestADatabase(t *testing.T) {
	shared := Start(t, nil)
	t.Setenv("OUTREACH_REDIS", shared.Addr)
	foreign := connect(t, Endpoint{Addr: shared.Addr, DB: 2})
	set(t, foreign, "somebody's data")

	used := map[int]bool{}
	t.Run("tests", func(t *testing.T) {
		for range 5 {
			e := Server(t)
			if used[e.DB] || e.DB == 0 || e.DB == 2 {
				t.Errorf("lent database %d, used before: %v", e.DB, used)
			}
			used[e.DB] = true
			set(t, connect(t, e), "key")
		}
	})
	for db := range used {
		if holds(t, connect(t, Endpoint{Addr: shared.Addr, DB: db}), "key") {
			t.Errorf("database %d was given back with data", db)
		}
	}
	if !holds(t, foreign, "somebody's data") {
		t.Error("somebody's data is gone")
	}
	if keys, err := connect(t, Endpoint{Addr: shared.Addr}).Keys(t.Context(), "*").Result(); err != nil || len(keys) > 0 {
		t.Errorf("bookkeeping left behind: %q, %v", keys, err)
	}
}

func TestWhatAKilledTestLeftIsReclaimed(t *testing.T) {
	shared := Start(t, nil)
	ledger := connect(t, Endpoint{Addr: shared.Addr})
	left := connect(t, Endpoint{Addr: shared.Addr, DB: 1})
	set(t, left, "key")
	if err := ledger.SAdd(t.Context(), lentKey, 1).Err(); err != nil { // lent, its holder's hour over
		t.Fatal(err)
	}
	t.Setenv("OUTREACH_REDIS", "redis://"+shared.Addr+"/0")
	if e := Server(t); e.DB != 1 || holds(t, left, "key") {
		t.Errorf("lent %d, want database 1, emptied", e.DB)
	}
	if err := ledger.Del(t.Context(), lentKey).Err(); err != nil {
		t.Fatal(err)
	}
}

func TestASharedServerWithPassword(t *testing.T) {
	shared := Start(t, nil)
	if err := connect(t, Endpoint{Addr: shared.Addr}).ConfigSet(t.Context(), "requirepass", "pa55 word").Err(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OUTREACH_REDIS", "redis://:pa55%20word@"+shared.Addr)
	e := Server(t)
	if e.Password != "pa55 word" {
		t.Errorf("password %q", e.Password)
	}
	set(t, connect(t, e), "key")
}

// verdict is a test that records how it ended.
type verdict struct {
	testing.TB
	dir         string
	cleanup     []func()
	fatal, skip string
}

func (*verdict) Helper()            {}
func (v *verdict) TempDir() string  { return v.dir }
func (v *verdict) Cleanup(f func()) { v.cleanup = append(v.cleanup, f) }
func (v *verdict) Errorf(format string, args ...any) {
	v.fatal = fmt.Sprintf(format, args...)
}
func (v *verdict) Fatalf(format string, args ...any) {
	v.fatal = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
func (v *verdict) Skipf(format string, args ...any) {
	v.skip = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func judge(f func(tb testing.TB)) *verdict {
	v, done := &verdict{}, make(chan struct{})
	go func() {
		defer close(done)
		f(v)
	}()
	<-done
	for _, f := range v.cleanup {
		f()
	}
	return v
}

func TestWithoutRedis(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("OUTREACH_REDIS", "")
	for _, ask := range []func(testing.TB){
		func(tb testing.TB) { Server(tb) },
		func(tb testing.TB) { Start(tb, nil) },
	} {
		for require, fails := range map[string]bool{"": false, "postgres": false, "redis": true, "postgres,redis": true} {
			t.Setenv("OUTREACH_REQUIRE", require)
			v := judge(ask)
			if (v.fatal != "") != fails || (v.skip != "") == fails {
				t.Errorf("OUTREACH_REQUIRE=%q: failed with %q, skipped with %q", require, v.fatal, v.skip)
			}
			if !fails && !strings.Contains(v.skip, "NOT tested on Redis") {
				t.Errorf("the skip does not say what was not tested: %q", v.skip)
			}
		}
	}
}

func TestANamedServerThatDoesNotWorkIsNeverSkipped(t *testing.T) {
	for _, named := range []string{"127.0.0.1:1", "redis://:pa55word@127.0.0.1:1/0", "rediss://:pa55word@127.0.0.1:1", "http://pa55word", "redis://127.0.0.1:1/x"} {
		t.Setenv("OUTREACH_REDIS", named)
		v := judge(func(tb testing.TB) { Server(tb) })
		if v.fatal == "" || v.skip != "" || strings.Contains(v.fatal, "pa55word") {
			t.Errorf("%s: failed with %q, skipped with %q", named, v.fatal, v.skip)
		}
	}
}

func TestSignalsNeedARunningServer(t *testing.T) {
	i := Start(t, nil)
	i.Kill()
	i.Kill() // not running: left alone
	i.Stop()
	for name, f := range map[string]func(){"Pause": i.Pause, "Resume": i.Resume, "FlushAll": i.FlushAll} {
		v := &verdict{}
		i.tb = v
		if f(); v.fatal == "" {
			t.Errorf("%s on a dead server was not reported", name)
		}
	}
	i.tb = t
}

func TestMiniExpiresByTheClock(t *testing.T) {
	m := Mini(t)
	start := time.Date(2017, time.May, 5, 12, 0, 0, 0, time.UTC)
	m.SetTime(start)
	c := connect(t, Endpoint{Addr: m.Addr()})
	if err := c.Set(context.Background(), "key", "1", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	m.SetTime(start.Add(59 * time.Second))
	if !holds(t, c, "key") {
		t.Error("the key expired early")
	}
	m.SetTime(start.Add(61 * time.Second))
	if holds(t, c, "key") {
		t.Error("the key did not expire")
	}
}

func TestAServerDiesWithItsProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux kills a server with its process")
	}
	program(t)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "REDISTEST_CHILD=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var dir, addr string
	if lines := bufio.NewScanner(out); lines.Scan() {
		fmt.Sscanf(lines.Text(), "server: %s %s", &dir, &addr)
	}
	defer os.RemoveAll(dir)
	if answer, err := ask(addr, "PING"); answer != "+PONG" {
		t.Fatalf("the child's server: %q, %v", answer, err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait()
	for range 500 {
		if _, err := ask(addr, "PING"); err != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("the server at %s still answers", addr)
}
