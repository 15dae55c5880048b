package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/huongvecoso/outreach/core/calendar"
)

// config is what the program was called with.
type config struct {
	from, to calendar.Date
	seed     uint64
	data     fs.FS
	out      string
	db       string         // file, postgres:// URL, or empty: a file in out
	redis    *redis.Options // nil: in this process
	smtp     string         // host:port, or empty: in this process
	kill     int            // how often the workers are killed; they run in a process of their own then
	speed    float64        // seconds of the season in one second; 0: as fast as it goes
}

// marker is the file by which the program knows an output directory of its own.
const marker = "summary.txt"

func parseFlags(args []string, stderr io.Writer) (config, error) {
	set := flag.NewFlagSet("district", flag.ContinueOnError)
	set.SetOutput(stderr)
	from := set.String("from", "2017-02-01", "first day of the season")
	to := set.String("to", "2017-05-31", "last day of the season; reports on it are closed in the days after")
	seed := set.Uint64("seed", 60, "what people do is drawn from this number: the same seed, the same season")
	data := set.String("data", "", "directory of the input files (default: those built in from examples/district/data)")
	out := set.String("out", filepath.Join("out", "district"), "directory for what is written, replaced as a whole")
	db := set.String("db", "", "database: a SQLite file or postgres://… (default: a SQLite file in the output directory)")
	redisAddr := set.String("redis", "", "Redis: host:port or redis://… (default: an imitation in this process)")
	smtp := set.String("smtp", "", "mail server host:port (default: one in this process that delivers nowhere)")
	speed := set.Float64("speed", 0, "seconds of the season in one real second; 0 means as fast as it goes, 1 real time")
	kill := set.Int("kill", 0, "run the workers in a process of their own and kill it so many times in the course of the season (needs -redis)")
	if err := set.Parse(args); err != nil {
		return config{}, err
	}
	if set.NArg() > 0 {
		return config{}, fmt.Errorf("unexpected argument %q; all options begin with -", set.Arg(0))
	}
	cfg := config{seed: *seed, out: filepath.Clean(*out), db: *db, smtp: *smtp, kill: *kill, speed: *speed, data: builtIn()}
	return cfg, errors.Join(
		cfg.readDays(*from, *to), cfg.readData(*data), cfg.checkOut(), cfg.checkDB(),
		cfg.readRedis(*redisAddr), cfg.checkSMTP(), cfg.checkSpeed(), cfg.checkKill(*data),
	)
}

func (c *config) readDays(from, to string) error {
	var errFrom, errTo error
	if c.from, errFrom = calendar.ParseDate(from); errFrom != nil {
		errFrom = fmt.Errorf("-from: %w", errFrom)
	}
	if c.to, errTo = calendar.ParseDate(to); errTo != nil {
		errTo = fmt.Errorf("-to: %w", errTo)
	}
	if err := errors.Join(errFrom, errTo); err != nil {
		return err
	}
	if c.to.Before(c.from.Add(6)) {
		return fmt.Errorf("-to %s: a season has at least a week from -from %s on", c.to, c.from)
	}
	return nil
}

func (c *config) readData(dir string) error {
	if dir == "" {
		return nil
	}
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = errors.New("not a directory")
	}
	if err != nil {
		return fmt.Errorf("-data %s: %w", dir, err)
	}
	c.data = os.DirFS(dir)
	return nil
}

// checkKill: workers in another process cannot reach a Redis or a mail server
// that lives in this one only by name.
func (c *config) checkKill(data string) error {
	switch {
	case c.kill < 0:
		return fmt.Errorf("-kill %d: give a number of times, or 0", c.kill)
	case c.kill > 0 && c.redis == nil:
		return errors.New("-kill: name a real Redis with -redis, the workers run in another process")
	case c.kill > 0 && data != "":
		return errors.New("-kill and -data: the worker process has the built-in files")
	case c.kill > 0 && c.smtp != "":
		return errors.New("-kill and -smtp: only the mail server in this process keeps a ledger to count by")
	}
	return nil
}

// checkOut refuses to replace a directory that this program did not write.
func (c *config) checkOut() error {
	if c.out == "." || c.out == string(filepath.Separator) {
		return fmt.Errorf("-out %s: name a directory that may be replaced as a whole", c.out)
	}
	entries, err := os.ReadDir(c.out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("-out: %w", err)
	case len(entries) == 0:
		return nil
	}
	if _, err := os.Stat(filepath.Join(c.out, marker)); err != nil {
		return fmt.Errorf("-out %s holds files that are not from here, and would be replaced: name another directory", c.out)
	}
	return nil
}

func (c *config) postgres() bool {
	return strings.HasPrefix(c.db, "postgres://") || strings.HasPrefix(c.db, "postgresql://")
}

func (c *config) checkDB() error {
	if c.db == "" {
		return nil
	}
	if c.postgres() {
		if _, err := url.Parse(c.db); err != nil {
			return errors.New("-db: this is no address of a database: postgres://user:password@host:port/database") // err would show the password
		}
		return nil
	}
	if scheme, _, found := strings.Cut(c.db, "://"); found {
		return fmt.Errorf("-db: %s:// is not known; give a file or postgres://…", scheme)
	}
	if info, err := os.Stat(filepath.Dir(c.db)); err != nil || !info.IsDir() {
		return fmt.Errorf("-db %s: its directory does not exist", c.db)
	}
	return checkFile(c.db)
}

// checkFile refuses a file that is no SQLite database: SQLite itself would
// overwrite one that is short enough.
func checkFile(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("-db: %w", err)
	}
	defer f.Close() // only read
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return fmt.Errorf("-db %s is a directory", path)
	}
	const magic = "SQLite format 3\x00"
	head := make([]byte, len(magic))
	n, err := io.ReadFull(f, head)
	if n == 0 && errors.Is(err, io.EOF) || string(head) == magic {
		return nil
	}
	return fmt.Errorf("-db %s is no SQLite database", path)
}

func (c *config) readRedis(addr string) error {
	switch {
	case addr == "":
		return nil
	case strings.Contains(addr, "://"):
		opts, err := redis.ParseURL(addr)
		if err != nil {
			return errors.New("-redis: this is no address of a Redis: redis://user:password@host:port/db")
		}
		c.redis = opts
	default:
		if err := checkAddr(addr); err != nil {
			return fmt.Errorf("-redis: %w", err)
		}
		c.redis = &redis.Options{Addr: addr}
	}
	return nil
}

func (c *config) checkSMTP() error {
	if c.smtp == "" {
		return nil
	}
	if err := checkAddr(c.smtp); err != nil {
		return fmt.Errorf("-smtp: %w", err)
	}
	return nil
}

func checkAddr(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" || port == "" {
		return fmt.Errorf("%q is not host:port", addr)
	}
	return nil
}

func (c *config) checkSpeed() error {
	if c.speed < 0 {
		return fmt.Errorf("-speed %g: give 0 for as fast as it goes, or more", c.speed)
	}
	return nil
}
