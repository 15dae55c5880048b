package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/redis/go-redis/v9"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1 // the season could not be run to its end
	exitUsage  = 2 // flags or files are wrong; nothing was begun
)

func main() {
	redis.SetLogger(silent{}) // it prints dialling errors beside returning them
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	if orders := os.Getenv(crewEnv); orders != "" {
		os.Exit(work(ctx, orders))
	}
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// run is the program: it returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cfg, err := parseFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	if err != nil {
		fmt.Fprintln(stderr, "district:", err)
		return exitUsage
	}
	files, err := readInput(cfg.data)
	if err != nil {
		fmt.Fprintln(stderr, "district: the input cannot be used / dữ liệu đầu vào có lỗi:")
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	if err := play(ctx, cfg, files, stdout); err != nil {
		fmt.Fprintln(stderr, "district:", err)
		if errors.As(err, new(usageError)) {
			return exitUsage
		}
		return exitFailed
	}
	return exitDone
}

// usageError is a fault of what the program was called with that shows only when
// it is used: a database that holds a season already, an address where nobody is.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }

func (e usageError) Unwrap() error { return e.err }

// usage says that what the program was called with is wrong.
func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }
