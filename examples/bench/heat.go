package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// arena is everything that contenders share.
type arena struct {
	postgres  *server // nil: SQLite and an imitation of Redis, which count for nothing
	redis     *server
	mini      *miniredis.Miniredis
	dsn       string
	redisAddr string
	sink      *child
	sinks     sinkAddrs
	setup
	dir       string
	templates map[string]bool // databases that are there to be copied
}

// setup is what an arena is to be like.
type setup struct {
	people   int    // size of the country that the notices go to
	embedded bool   // no servers, although there may be some
	profiles string // folder for a profile of each contender's last run; empty: none
	volatile bool   // PostgreSQL does not wait for the disk: for tests, which measure nothing
	most     int    // officials of the country of a database that grows, at most; 0: wholeCountry
}

// openArena starts what is needed.
func openArena(ctx context.Context, want setup) (a *arena, err error) {
	a = &arena{setup: want, templates: map[string]bool{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	if a.dir, err = os.MkdirTemp("", "outreach-bench-"); err != nil {
		return a, err
	}
	if err = a.servers(ctx); err != nil {
		return a, err
	}
	if a.sink, err = startChild(roleSink); err != nil {
		return a, err
	}
	return a, a.sink.hear(ctx, &a.sinks)
}

// servers starts PostgreSQL and Redis, or what stands in for them.
func (a *arena) servers(ctx context.Context) (err error) {
	if !a.embedded {
		if a.postgres, a.dsn, err = startPostgres(ctx, a.volatile); err != nil && !errors.Is(err, errMissing) {
			return err
		}
		if a.redis, a.redisAddr, err = startRedis(ctx); err != nil && !errors.Is(err, errMissing) {
			return err
		}
	}
	if a.redis != nil {
		return nil
	}
	if a.mini, err = miniredis.Run(); err != nil {
		return err
	}
	a.redisAddr = a.mini.Addr()
	return nil
}

// counts reports whether the ratios of this arena mean anything.
func (a *arena) counts() bool { return a.postgres != nil && a.redis != nil }

func (a *arena) close() error {
	var faults []error
	if a.sink != nil {
		faults = append(faults, a.sink.close())
	}
	if a.mini != nil {
		a.mini.Close()
	}
	faults = append(faults, a.redis.close(), a.postgres.close())
	if a.dir != "" {
		faults = append(faults, os.RemoveAll(a.dir))
	}
	return errors.Join(faults...)
}

// heat is one measurement of one contender.
type heat struct {
	Contender string             `json:"contender"`
	N         int                `json:"n"`
	Took      time.Duration      `json:"took_ns"`
	Rate      float64            `json:"rate"`       // per second
	CPU       map[string]float64 `json:"cpu_us"`     // of a message, in microseconds, by process
	RSS       int64              `json:"rss"`        // most memory of the contender's process, bytes
	RedisPeak int64              `json:"redis_peak"` // bytes
	Foreign   float64            `json:"foreign"`    // share of the processors that others took
	Figures   map[string]float64 `json:"figures,omitempty"`
}

// entry is a contender's part in a round.
type entry struct {
	name     string
	n        int
	template string // the database it wants a copy of; empty: none
	sqlite   bool
	sends    bool // messages reach the sink: they are counted there
}

// errShort says that work was not done, or done twice: such a heat is no
// measurement.
var errShort = errors.New("the work does not add up")

// run measures one entry once.
func (a *arena) run(ctx context.Context, e entry) (h heat, err error) {
	j := job{Contender: e.name, SQLite: e.sqlite, Redis: a.redisAddr, Sink: a.sinks, N: e.n}
	if a.profiles != "" {
		j.Profile = filepath.Join(a.profiles, strings.ReplaceAll(e.name, " ", "_")+".prof")
	}
	drop, err := a.database(ctx, e, &j)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	sink := sinkClient{a.sinks.Control}
	if err := errors.Join(a.flush(ctx), sink.empty(ctx)); err != nil {
		return h, err
	}
	c, err := startChild(roleContender)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	var ready, done said
	if err := errors.Join(c.tell(j), c.hear(ctx, &ready)); err != nil || ready.Fault != "" {
		return h, errors.Join(err, fault(e.name, ready.Fault))
	}
	watch := a.watch(ctx)
	defer watch()
	before := a.spent(c)
	if err := errors.Join(c.tell(true), c.hear(ctx, &done)); err != nil || done.Fault != "" {
		return h, errors.Join(err, fault(e.name, done.Fault))
	}
	after := a.spent(c)
	h = heat{
		Contender: e.name, N: e.n, Took: done.Took, Rate: float64(e.n) / done.Took.Seconds(), RSS: done.RSS, RedisPeak: watch(),
		CPU: after.since(before, e.n), Foreign: after.foreign(before), Figures: done.Figures,
	}
	return h, a.check(ctx, e, done)
}

func fault(name, text string) error {
	if text == "" {
		return nil
	}
	return fmt.Errorf("%s: %s", name, text)
}

// check counts what was done: by the contender's own marks and, where messages
// went out, by what the sink took.
func (a *arena) check(ctx context.Context, e entry, done said) error {
	if done.Marks != e.n {
		return fmt.Errorf("%w: %s marked %d of %d as done", errShort, e.name, done.Marks, e.n)
	}
	if !e.sends {
		return nil
	}
	took, err := sinkClient{a.sinks.Control}.counts(ctx)
	if err == nil && took != (counts{e.n, e.n}) {
		err = fmt.Errorf("%w: %s sent %d messages with %d ids, want %d", errShort, e.name, took.Messages, took.Distinct, e.n)
	}
	return err
}

// database gives the entry a database of its own, made like all others of its kind.
func (a *arena) database(ctx context.Context, e entry, j *job) (drop func() error, err error) {
	switch {
	case e.template == "":
		return func() error { return nil }, nil
	case e.sqlite || a.postgres == nil:
		j.SQLite, j.Database = true, filepath.Join(a.dir, "heat-"+rand.Text()+".db")
		return func() error { return removeSQLite(j.Database) }, makeSQLite(ctx, j.Database, a.people)
	}
	if err := a.template(ctx, e.template); err != nil {
		return nil, err
	}
	name := "heat_" + strings.ToLower(rand.Text())
	j.Database = strings.Replace(a.dsn, "/postgres?", "/"+name+"?", 1)
	drop = func() error { return execute(context.WithoutCancel(ctx), a.dsn, "DROP DATABASE "+name+" WITH (FORCE)") }
	statements := []string{"CREATE DATABASE " + name + " TEMPLATE " + e.template}
	if !a.volatile {
		statements = append(statements, "CHECKPOINT") // that of the copy is nobody's
	}
	return drop, execute(ctx, a.dsn, statements...)
}

func (a *arena) template(ctx context.Context, name string) error {
	if a.templates[name] {
		return nil
	}
	if err := execute(ctx, a.dsn, "CREATE DATABASE "+name); err != nil {
		return err
	}
	build, grows := grower(name, cmp.Or(a.most, wholeCountry))
	if !grows {
		build = databases()[name]
	}
	if err := build(ctx, strings.Replace(a.dsn, "/postgres?", "/"+name+"?", 1), a.people); err != nil {
		return fmt.Errorf("database %s: %w", name, err)
	}
	a.templates[name] = true
	return nil
}

func (a *arena) flush(ctx context.Context) error {
	client := redis.NewClient(&redis.Options{Addr: a.redisAddr})
	defer client.Close()
	return client.FlushAll(ctx).Err()
}

// watch looks at Redis until it is called, and then tells the most memory it had.
func (a *arena) watch(ctx context.Context) func() int64 {
	if a.redis == nil {
		return func() int64 { return 0 }
	}
	client := redis.NewClient(&redis.Options{Addr: a.redisAddr})
	ctx, stop := context.WithCancel(ctx)
	most, ended := int64(0), make(chan struct{})
	go func() {
		defer close(ended)
		defer client.Close()
		for {
			most = max(most, usedMemory(client.Info(ctx, "memory").Val()))
			select {
			case <-ctx.Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() int64 { stop(); <-ended; return most }
}

func usedMemory(info string) int64 {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "used_memory:"); ok {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return 0
			}
			return n
		}
	}
	return 0
}

// spending is what everybody has taken of the processors so far.
type spending struct {
	of        map[string]time.Duration
	busy, all time.Duration
}

func (a *arena) spent(c *child) spending {
	s := spending{of: map[string]time.Duration{"worker": processTime(c.pid()), "sink": processTime(a.sink.pid()), "bench": processTime(os.Getpid())}}
	if a.redis != nil {
		s.of["redis"] = processTime(a.redis.pid())
	}
	if a.postgres != nil {
		s.of["postgres"] = familyTime(a.postgres.pid())
	}
	s.busy, s.all = machineTime()
	return s
}

// since is what each process took of a message, in microseconds.
func (s spending) since(before spending, n int) map[string]float64 {
	each := make(map[string]float64, len(s.of))
	for name, t := range s.of {
		each[name] = float64((t - before.of[name]).Microseconds()) / float64(max(n, 1))
	}
	return each
}

// foreign is the share of the machine that nobody of ours took and that was not idle.
func (s spending) foreign(before spending) float64 {
	if s.all <= before.all || runtime.GOOS != "linux" {
		return 0
	}
	own := time.Duration(0)
	for name, t := range s.of {
		own += t - before.of[name]
	}
	return max(0, float64(s.busy-before.busy-own)) / float64(s.all-before.all)
}
