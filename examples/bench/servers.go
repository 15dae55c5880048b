package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/redis/go-redis/v9"
)

// server is a process that was started here and is stopped here, by its id.
type server struct {
	name    string
	process *exec.Cmd
	stop    syscall.Signal // ends it in good order
	dir     string
}

// errMissing says that a program is not installed.
var errMissing = errors.New("not installed")

// patience is how long a server may take to answer on a loaded machine.
const patience = time.Minute

func (s *server) pid() int { return s.process.Process.Pid }

// close ends the server and removes what it kept.
func (s *server) close() error {
	if s == nil {
		return nil
	}
	ended := make(chan struct{})
	go func() { _ = s.process.Wait(); close(ended) }() // how it ended was our doing
	if err := s.process.Process.Signal(s.stop); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", s.name, err)
	}
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		if err := s.process.Process.Kill(); err != nil {
			return fmt.Errorf("kill %s: %w", s.name, err)
		}
		<-ended
	}
	return os.RemoveAll(s.dir)
}

// startRedis starts a Redis that keeps its queue across a restart as asynq's
// users run it: an append-only file, synced every second.
func startRedis(ctx context.Context) (*server, string, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, "", fmt.Errorf("redis-server: %w", errMissing)
	}
	dir, err := os.MkdirTemp("", "outreach-bench-redis-")
	if err != nil {
		return nil, "", err
	}
	addr, port, err := freeAddr()
	if err != nil {
		return nil, "", err
	}
	s := &server{name: "Redis", stop: syscall.SIGTERM, dir: dir, process: exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--dir", dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction", "--logfile", filepath.Join(dir, "log"))}
	s.process.SysProcAttr = dieWithParent(syscall.SIGTERM)
	if err := s.process.Start(); err != nil {
		return nil, "", err
	}
	client := redis.NewClient(&redis.Options{Addr: addr})
	defer client.Close()
	if err := await(ctx, func() error { return client.Ping(ctx).Err() }); err != nil {
		return nil, "", errors.Join(fmt.Errorf("the Redis that was started does not answer: %w", err), s.close())
	}
	return s, addr, nil
}

// startPostgres makes a cluster and starts a server on it which keeps what it
// says it keeps, fsync and synchronous_commit are on, unless it is volatile.
func startPostgres(ctx context.Context, volatile bool) (_ *server, dsn string, err error) {
	bin, err := postgresBin()
	if err != nil {
		return nil, "", err
	}
	dir, err := os.MkdirTemp("/tmp", "outreach-bench-pg-")
	if err != nil {
		return nil, "", err
	}
	attr := dieWithParent(syscall.SIGQUIT)
	if os.Geteuid() == 0 { // which PostgreSQL refuses
		if attr.Credential, err = nobody(); err == nil {
			err = os.Chown(dir, int(attr.Credential.Uid), int(attr.Credential.Gid))
		}
		if err != nil {
			return nil, "", err
		}
	}
	command := func(name string, args ...string) *exec.Cmd {
		c := exec.Command(filepath.Join(bin, name), args...)
		c.Dir, c.SysProcAttr = dir, attr
		return c
	}
	data := filepath.Join(dir, "data")
	if out, err := command("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync").CombinedOutput(); err != nil {
		return nil, "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	_, port, err := freeAddr()
	if err != nil {
		return nil, "", err
	}
	s := &server{name: "PostgreSQL", stop: syscall.SIGINT, dir: dir, process: command("postgres", "-D", data, "-k", dir, "-p", port,
		"-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=512MB", "-c", "max_connections=200", "-c", "max_wal_size=8GB", "-c", "checkpoint_timeout=30min", "-c", "fsync="+onOff(!volatile), "-c", "synchronous_commit="+onOff(!volatile))}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, "", err
	}
	defer log.Close()
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		return nil, "", err
	}
	dsn = "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable"
	if err := await(ctx, func() error { return execute(ctx, dsn, "SELECT 1") }); err != nil {
		said, _ := os.ReadFile(log.Name())
		return nil, "", errors.Join(fmt.Errorf("the PostgreSQL that was started does not answer: %w\n%s", err, said), s.close())
	}
	return s, dsn, nil
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func postgresBin() (string, error) {
	var candidates []string
	if given := os.Getenv("PG_BIN"); given != "" {
		candidates = []string{given}
	} else {
		if found, err := exec.LookPath("initdb"); err == nil {
			candidates = append(candidates, filepath.Dir(found))
		}
		installed, err := filepath.Glob("/usr/lib/postgresql/*/bin")
		if err != nil {
			return "", err
		}
		candidates = append(candidates, installed...)
	}
	for i := len(candidates) - 1; i >= 0; i-- {
		if _, err := os.Stat(filepath.Join(candidates[i], "postgres")); err == nil {
			return candidates[i], nil
		}
	}
	return "", fmt.Errorf("PostgreSQL: %w", errMissing)
}

func nobody() (*syscall.Credential, error) {
	u, err := user.Lookup("nobody")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

// execute runs statements on a connection of their own.
func execute(ctx context.Context, dsn string, statements ...string) error {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// await tries until it works or patience ends.
func await(ctx context.Context, try func() error) error {
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if err = try(); err == nil {
			return nil
		}
	}
	return errors.Join(err, ctx.Err())
}

// freeAddr is an address of the loopback interface nobody listens on.
func freeAddr() (addr, port string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer l.Close()
	_, port, err = net.SplitHostPort(l.Addr().String())
	return l.Addr().String(), port, err
}
