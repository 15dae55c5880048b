package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// result is everything one run found out, as it is written to JSON.
type result struct {
	Began    time.Time    `json:"began"`
	Profile  string       `json:"profile"`
	CPUs     int          `json:"cpus"`
	Go       string       `json:"go"`
	Database string       `json:"database"`
	Counts   bool         `json:"ratios_count"` // PostgreSQL and Redis were there
	Repeated int          `json:"repeated"`     // heats that were run again because others used the machine
	Noisy    int          `json:"noisy"`        // heats that were kept although others did
	Rounds   []round      `json:"rounds"`
	Verdicts []verdict    `json:"verdicts"`
	Growth   []point      `json:"growth,omitempty"`
	Peak     []figureLine `json:"peak,omitempty"`
}

// point is what one thing costs at one size.
type point struct {
	Series string  `json:"series"`
	Size   int     `json:"size"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
}

// figureLine is one line of what a peak found out.
type figureLine struct {
	What  string  `json:"what"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

func newResult(profile string, a *arena) *result {
	r := &result{Began: time.Now().UTC(), Profile: profile, CPUs: runtime.NumCPU(), Go: runtime.Version(), Database: "PostgreSQL", Counts: a.counts()}
	if a.postgres == nil {
		r.Database = "SQLite"
	}
	return r
}

// write prints the report: a line for each contender, then the table of goals.
func (r *result) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	if len(r.Rounds) > 0 {
		r.writeHeats(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%d rounds; %d measurements repeated and %d kept although others used more than %.0f %% of the processors.\n", len(r.Rounds), r.Repeated, r.Noisy, 100*quiet)
	for _, p := range r.Growth {
		fmt.Fprintf(w, "%-44s %10d %12.3f %s\n", p.Series, p.Size, p.Value, p.Unit)
	}
	for _, l := range r.Peak {
		fmt.Fprintf(w, "%-70s %12s %s\n", l.What, short(l.Value), l.Unit)
	}
	if !r.Counts {
		fmt.Fprintln(w, "\nPostgreSQL or Redis is not installed: this ran on SQLite or an imitation of Redis. THE RATIOS DO NOT COUNT.")
	}
	fmt.Fprintln(w)
	if len(r.Verdicts) == 0 {
		return nil
	}
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "goal\tratio (min-max)\tat least\taim\t")
	for _, v := range r.Verdicts {
		fmt.Fprintf(t, "%s %s\t%s (%s-%s)%s\t%s\t%s\t%s\n", v.Row, v.What, short(v.Ratio.Median), short(v.Ratio.Min), short(v.Ratio.Max), unitOf(v.Unit),
			short(v.Least), short(v.Aim), v.word())
	}
	return t.Flush()
}

func unitOf(unit string) string {
	if unit == "" {
		return ""
	}
	return " " + unit
}

func (v verdict) word() string {
	switch {
	case !v.Passes:
		return "SHORT"
	case v.Aimed:
		return "pass, aim reached"
	}
	return "pass"
}

// short writes a number with three digits that count.
func short(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

func (r *result) writeHeats(w io.Writer) {
	fmt.Fprintln(w, "contender\tn\tper second\tmin\tmax\tCPU us: worker\tpostgres\tredis\tsink\tRSS MiB\tRedis MiB\t")
	for _, name := range r.names() {
		var rates []float64
		var n int
		var rss, redis int64
		cpu := map[string][]float64{}
		for _, round := range r.Rounds {
			h, ok := round[name]
			if !ok {
				continue
			}
			rates, n, rss, redis = append(rates, h.Rate), h.N, max(rss, h.RSS), max(redis, h.RedisPeak)
			for process, each := range h.CPU {
				cpu[process] = append(cpu[process], each)
			}
		}
		s := spreadOf(rates)
		each := func(process string) string {
			if len(cpu[process]) == 0 {
				return "-"
			}
			return short(spreadOf(cpu[process]).Median)
		}
		fmt.Fprintf(w, "%s\t%d\t%.0f\t%.0f\t%.0f\t%s\t%s\t%s\t%s\t%d\t%.1f\t\n", name, n, s.Median, s.Min, s.Max,
			each("worker"), each("postgres"), each("redis"), each("sink"), rss>>20, float64(redis)/(1<<20))
	}
}

func sortedNames[T any](of map[string]T) []string { return slices.Sorted(maps.Keys(of)) }

func (r *result) names() []string {
	all := map[string]bool{}
	for _, round := range r.Rounds {
		for name := range round {
			all[name] = true
		}
	}
	return sortedNames(all)
}

// save writes the report beside where it was asked for: NAME.json and, where
// something grew, NAME.svg.
func (r *result) save(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	path = strings.TrimSuffix(path, ".json")
	if err := os.WriteFile(path+".json", append(text, '\n'), 0o644); err != nil {
		return err
	}
	if len(r.Growth) == 0 {
		return nil
	}
	return os.WriteFile(path+".svg", plot(r.Growth), 0o644)
}
