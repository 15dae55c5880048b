// Command outreach-worker delivers the notices of an outreach programme: it
// carries what is due from the database over Redis to a mail relay and an SMS
// gateway, and makes the programme's clocks go. Any number of copies may run.
// See its README for the configuration.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"
)

const program = "outreach-worker"

// What the process ends with.
const (
	exitOK     = 0
	exitFailed = 1 // something did not work
	exitUsage  = 2 // it was called or configured wrongly
)

func main() {
	silenceRedis()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// silenceRedis keeps the client from writing to the standard error by itself:
// every error also comes back to who asked, and is told there.
func silenceRedis() { redis.SetLogger(silent{}) }

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// command is one thing the program does.
type command struct {
	name  string
	args  string
	what  string
	long  string
	flags func(*flag.FlagSet) any // what do gets as its options
	do    func(context.Context, *call) error
	bare  bool            // it looks at the settings by itself, if at all
	ends  func(error) int // what it ends with after an error; nil: 1 or 2
}

// call is one call of a command.
type call struct {
	args     []string
	options  any
	parts    *parts
	out, err io.Writer

	path        string // of the configuration file
	environment []string
}

// errUsage is a call that cannot be understood.
type errUsage struct{ error }

// run is the program without the process around it.
func run(ctx context.Context, args, environment []string, out, errs io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(errs, help())
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		return explain(args[1:], out, errs)
	case "version", "-version", "--version":
		fmt.Fprintln(out, program, version())
		return exitOK
	}
	c, ok := find(args[0])
	if !ok {
		fmt.Fprintf(errs, "%s: there is no command %q; %q lists them\n", program, args[0], program+" help")
		return exitUsage
	}
	return c.run(ctx, args[1:], environment, out, errs)
}

// run is a call of the command.
func (c command) run(ctx context.Context, args, environment []string, out, errs io.Writer) int {
	set := flag.NewFlagSet(c.name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	path := set.String("config", "", "")
	called := &call{out: out, err: errs}
	if c.flags != nil {
		called.options = c.flags(set)
	}
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, c.help())
		return exitOK
	} else if err != nil {
		return c.fail(errs, errUsage{err})
	}
	called.args = set.Args()
	if len(called.args) > 0 && c.args == "" {
		return c.fail(errs, errUsage{fmt.Errorf("%s takes no arguments, only flags: %s", c.name, strings.Join(called.args, " "))})
	}
	if *path == "" {
		*path = lookUp(environment, "OUTREACH_CONFIG")
	}
	called.path, called.environment = *path, environment
	if c.bare {
		return c.fail(errs, c.do(ctx, called))
	}
	parts, err := configured(*path, environment)
	if parts != nil {
		defer parts.close()
	}
	if err == nil {
		called.parts = parts
		err = c.do(ctx, called)
	}
	return c.fail(errs, err)
}

// fail is the function fail, with the command's own exit codes where it has any.
func (c command) fail(errs io.Writer, err error) int {
	code := fail(errs, err)
	if err != nil && c.ends != nil {
		return c.ends(err)
	}
	return code
}

// configured reads the configuration and makes the parts. Mistakes of both are
// told together.
func configured(path string, environment []string) (*parts, error) {
	c, err := load(path, environment)
	p, wrong := build(c)
	var all faults
	if errors.As(err, &all) {
		var more faults
		if errors.As(wrong, &more) {
			all = append(all, more...)
		}
		return p, errUsage{all}
	}
	if wrong != nil {
		return p, errUsage{wrong}
	}
	return p, nil
}

// fail tells an error and returns what the process ends with.
func fail(errs io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(errs, "%s: %s\n", program, strings.TrimRight(line, "\n"))
	}
	var usage errUsage
	if errors.As(err, &usage) {
		fmt.Fprintf(errs, "%s: see %q\n", program, program+" help")
		return exitUsage
	}
	return exitFailed
}

func lookUp(environment []string, name string) string {
	value := ""
	for _, line := range environment {
		if v, ok := strings.CutPrefix(line, name+"="); ok {
			value = v
		}
	}
	return value
}

// version is that of the module, with the revision where it was built from one.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	return v + " " + info.GoVersion
}
