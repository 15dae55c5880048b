package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/pprof"
	"syscall"
	"time"
)

// job is what a process that is to be measured is told.
type job struct {
	Contender string
	Database  string // URL of a PostgreSQL database of its own, or the path of a SQLite file
	SQLite    bool
	Redis     string
	Sink      sinkAddrs
	N         int    // messages, or units of work
	Profile   string // file for the profile of its run; empty: none
}

// contender is one way to do the work. Its methods are called in this order, in
// a process of its own.
type contender interface {
	prepare(ctx context.Context) error      // what is not measured
	run(ctx context.Context) error          // what is
	marks(ctx context.Context) (int, error) // how many are durably marked as done; N where nothing is kept
	figures() map[string]float64            // what else it found out, nil for nothing
	close() error
}

// said is what the process says to the one that measures it.
type said struct {
	Ready   bool
	Took    time.Duration
	RSS     int64 // the most while it ran
	Marks   int
	Figures map[string]float64
	Fault   string
}

const roleEnv = "OUTREACH_BENCH_ROLE"

// The roles of a process of this program.
const (
	roleSink      = "sink"
	roleContender = "contender"
)

// runContender is the process that is measured.
func runContender() error {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	fail := func(err error) error {
		return errors.Join(out.Encode(said{Fault: err.Error()}), err)
	}
	var j job
	if err := in.Decode(&j); err != nil {
		return fail(err)
	}
	enter, ok := contenders()[j.Contender]
	if !ok {
		return fail(fmt.Errorf("nobody is called %q", j.Contender))
	}
	ctx := context.Background()
	c := enter(j)
	if err := c.prepare(ctx); err != nil {
		return fail(fmt.Errorf("prepare: %w", err))
	}
	forgetPeak()
	if err := out.Encode(said{Ready: true}); err != nil {
		return err
	}
	var start bool
	if err := in.Decode(&start); err != nil {
		return err
	}
	stop, err := profile(j.Profile)
	if err != nil {
		return fail(err)
	}
	began := time.Now()
	err = c.run(ctx)
	took, most := time.Since(began), resident(os.Getpid()) // not with what it takes to look at the marks
	if err = errors.Join(err, stop()); err != nil {
		return fail(fmt.Errorf("run: %w", err))
	}
	marks, err := c.marks(ctx)
	if err != nil {
		return fail(fmt.Errorf("marks: %w", err))
	}
	if err := out.Encode(said{Took: took, RSS: most, Marks: marks, Figures: c.figures()}); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // it is measured what it has; then it may go
	return c.close()
}

// profile writes down where the processor's time goes, until it is told to stop.
func profile(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return func() error { pprof.StopCPUProfile(); return f.Close() }, pprof.StartCPUProfile(f)
}

// child is a process of this program in another role.
type child struct {
	process *exec.Cmd
	stdin   io.WriteCloser
	out     *json.Decoder
}

func startChild(role string) (*child, error) {
	c := &child{process: exec.Command(self())}
	c.process.Env = append(os.Environ(), roleEnv+"="+role)
	c.process.Stderr = os.Stderr
	c.process.SysProcAttr = dieWithParent(syscall.SIGKILL)
	stdin, err := c.process.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := c.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.stdin, c.out = stdin, json.NewDecoder(bufio.NewReader(stdout))
	return c, c.process.Start()
}

// self is the program that is running.
func self() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

func (c *child) pid() int { return c.process.Process.Pid }

// tell hands the child one value, hear waits for one of it.
func (c *child) tell(v any) error { return json.NewEncoder(c.stdin).Encode(v) }

func (c *child) hear(ctx context.Context, v any) error {
	stop := context.AfterFunc(ctx, func() { _ = c.process.Process.Kill() })
	defer stop()
	if err := c.out.Decode(v); err != nil {
		return errors.Join(fmt.Errorf("a process of the measurement ended: %w", err), ctx.Err())
	}
	return nil
}

// close lets the child end and waits for it.
func (c *child) close() error {
	err := c.stdin.Close()
	ended := make(chan error, 1)
	go func() { ended <- c.process.Wait() }()
	select {
	case left := <-ended:
		return errors.Join(err, left)
	case <-time.After(patience):
		return errors.Join(err, c.process.Process.Kill(), <-ended)
	}
}
