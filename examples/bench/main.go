package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// quiet is how much of the processors others may take before a measurement is
// repeated.
const quiet = 0.10

// options are what the command line says.
type options struct {
	profile string // "", quick, growth, peak
	big     bool
	full    bool
	given   []int // sizes
	rounds  int
	n       int
	only    string
	out     string

	profiles string
	repeats  int
	strict   bool

	embedded bool
}

func main() {
	var err error
	switch os.Getenv(roleEnv) {
	case roleSink:
		err = runSink()
	case roleContender:
		err = runContender()
	default:
		err = command(os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func command(args []string) error {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "few messages, for CI")
	growth := flags.Bool("growth", false, "how cost grows with size: 10,000 to 1,000,000 rows")
	peak := flags.Bool("peak", false, "everybody's reminder at eight in the morning: 4,000 of them, or -n")
	flags.BoolVar(&o.full, "full", false, "with -peak: 200,000 of them")
	flags.BoolVar(&o.big, "big", false, "with -growth: up to 10,000,000 rows")
	flags.Func("sizes", "sizes at which to measure what grows, such as 1000,50000, instead of the profile's", func(list string) error {
		for size := range strings.SplitSeq(list, ",") {
			n, err := strconv.Atoi(size)
			if err != nil || n < 1 {
				return fmt.Errorf("%q is no size", size)
			}
			o.given = append(o.given, n)
		}
		slices.Sort(o.given)
		return nil
	})
	flags.IntVar(&o.rounds, "rounds", 0, "interleaved rounds; default 5, with -quick 3")
	flags.IntVar(&o.n, "n", 0, "messages of a measurement; default 5,000, with -quick 1,000")
	flags.StringVar(&o.only, "only", "", "a regular expression: goals (P1 …) to measure")
	flags.StringVar(&o.profiles, "profiles", "", "a folder for a processor profile of each contender, for go tool pprof")
	flags.StringVar(&o.out, "out", "", "write NAME.json, and NAME.svg where something grew")
	flags.IntVar(&o.repeats, "repeats", 1, "how often a measurement is repeated while others use the machine")
	flags.BoolVar(&o.strict, "strict", false, "fail when a goal is short")
	flags.BoolVar(&o.embedded, "embedded", false, "SQLite and an imitation of Redis, although servers are installed: the ratios do not count")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	switch {
	case *peak:
		o.profile = "peak"
	case *growth:
		o.profile = "growth"
	case *quick:
		o.profile = "quick"
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch {
	case o.rounds > 0:
	case o.profile == "quick":
		o.rounds = 3
	default:
		o.rounds = 5
	}
	if _, err := regexp.Compile(o.only); err != nil {
		return err
	}
	return o.run(ctx)
}

func (o options) run(ctx context.Context) (err error) {
	n, people := o.size()
	a, err := openArena(ctx, setup{people: people, embedded: o.embedded, profiles: o.profiles})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	r := newResult(o.profile, a)
	switch o.profile {
	case "peak":
		err = o.peaks(ctx, a, r, n)
	case "growth":
		err = o.grow(ctx, a, r)
	default:
		if err = o.compare(ctx, a, r, n); err == nil {
			err = o.grow(ctx, a, r)
		}
	}
	if err != nil {
		return err
	}
	return o.finish(r)
}

// size is how many messages are measured with, and how many officials there are
// to get them.
func (o options) size() (n, people int) {
	switch {
	case o.n > 0:
		n = o.n
	case o.profile == "quick":
		n = 1_000
	case o.profile == "peak" && o.full:
		n = 200_000
	case o.profile == "peak":
		n = 4_000
	default:
		n = 5_000
	}
	if o.profile == "peak" {
		return n, officialsOf(n)
	}
	return n, max(n, 101)
}

func (o options) finish(r *result) error {
	if err := r.write(os.Stdout); err != nil {
		return err
	}
	if o.out != "" {
		if err := r.save(o.out); err != nil {
			return err
		}
	}
	for _, v := range r.Verdicts {
		if o.strict && r.Counts && !v.Passes {
			return fmt.Errorf("%s is short of its goal", v.Row)
		}
	}
	return nil
}

// compare runs the rounds: in each every contender once, beginning with another
// one each time.
func (o options) compare(ctx context.Context, a *arena, r *result, n int) error {
	chosen, wanted := o.choose(n)
	if len(chosen) == 0 {
		return nil
	}
	for k := range o.rounds {
		measured := round{}
		for i := range chosen {
			e := chosen[(i+k)%len(chosen)]
			if a.postgres == nil && (e.template == dbRiver || e.template == dbNaive) {
				continue // they are PostgreSQL's
			}
			h, err := o.measure(ctx, a, r, e)
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "round %d  %-22s %8.0f a second  %6s  foreign %.0f %%\n", k+1, e.name, h.Rate, h.Took.Round(10*time.Millisecond), 100*h.Foreign)
			measured[e.name] = h
		}
		r.Rounds = append(r.Rounds, measured)
	}
	r.Verdicts = append(r.Verdicts, judge(wanted, r.Rounds)...)
	return nil
}

// choose are the entries that the chosen goals need.
func (o options) choose(n int) ([]entry, []goal) {
	var wanted []goal
	for _, g := range goals() {
		if o.wants(g.row) {
			wanted = append(wanted, g)
		}
	}
	var chosen []entry
	for _, e := range entries(n) {
		if needed(e.name, wanted) {
			chosen = append(chosen, e)
		}
	}
	return chosen, wanted
}

// needed reports whether a goal looks at the contender.
func needed(name string, wanted []goal) bool {
	for _, g := range wanted {
		for _, used := range g.uses {
			if used == name {
				return true
			}
		}
	}
	return false
}

// measure measures one entry, again while others use the machine.
func (o options) measure(ctx context.Context, a *arena, r *result, e entry) (heat, error) {
	for try := 0; ; try++ {
		h, err := a.run(ctx, e)
		if err != nil || h.Foreign <= quiet {
			return h, err
		}
		if try >= o.repeats {
			r.Noisy++
			return h, nil
		}
		r.Repeated++
	}
}
