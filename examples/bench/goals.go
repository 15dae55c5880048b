package main

import (
	"math"
	"slices"
)

// goal is one row of the table: a number that every round gives, and what it
// has to reach.
type goal struct {
	row   string // P1 … P13
	what  string
	uses  []string // contenders
	value func(round) (float64, bool)
	least float64
	aim   float64
	less  bool   // less is better
	unit  string // of what is no ratio
}

// round is what one round measured, by contender.
type round map[string]heat

// over is the goal that the rate of one contender divided by that of another be
// so much.
func over(row, what, a, b string, least, aim float64) goal {
	return goal{row: row, what: what, uses: []string{a, b}, least: least, aim: aim, value: func(r round) (float64, bool) {
		x, okX := r[a]
		y, okY := r[b]
		return x.Rate / y.Rate, okX && okY && y.Rate > 0
	}}
}

// slower is the goal that a unit of one contender take at most so many times as
// long as that of another.
func slower(row, what, a, b string, least, aim float64) goal {
	g := over(row, what, b, a, least, aim)
	g.less = true
	return g
}

// figure is the goal that a number which a contender found out be at most so much.
func figure(row, what, of, name, unit string, least, aim float64) goal {
	return goal{row: row, what: what, uses: []string{of}, unit: unit, least: least, aim: aim, less: true, value: func(r round) (float64, bool) {
		v, ok := r[of].Figures[name]
		return v, ok
	}}
}

// goals are the rows in their order.
func goals() []goal {
	return []goal{
		over("P1", "durable / raw pipelined SMTP", "durable drain", "smtp pipelined", 0.50, 0.80),
		over("P2", "durable / asynq no-op, one server", "durable drain", "asynq 1 server", 1.5, 3.0),
		over("P2", "durable / asynq no-op, four servers", "durable drain", "asynq 4 servers", 0.8, 1.2),
		over("P3", "durable / River, one mail a job, pool; writes included", "durable whole", "river", 1.25, 4.0),
		over("P4", "durable / River, batches, pipelined; writes included", "durable whole", "river batched", 0.8, 1.2),
		over("P5", "durable / naive asynq, dial, UPDATE; writes included", "durable whole", "naive", 5, 16),
		over("P6", "durable, one urgent message a task / asynq no-op", "durable urgent", "asynq 1 server", 0.5, 0.65),
		figure("P6", "urgent, idle: commit to the relay's 250, p50", "urgent idle", "p50 ms", "ms", 50, 5),
		figure("P6", "urgent, idle: commit to the relay's 250, p99", "urgent idle", "p99 ms", "ms", 150, 12),
		over("P7", "unit of work with its notice / without, 16 writers", "unit 16", "unit 16, silent", 0.80, 0.90),
		over("P7", "unit of work with its notice / River InsertTx, 1 writer", "unit 1", "river unit 1", 1.5, 2.4),
		over("P7", "unit of work with its notice / River InsertTx, 16 writers", "unit 16", "river unit 16", 1.5, 2.4),
		over("P11", "SQLite / PostgreSQL, full path", "durable drain sqlite", "durable drain", 1.0, 1.3),
		over("P12", "durable SMS / River, one SMS a job", "durable sms", "river sms", 1.25, 3.0),
		slower("P13", "time to report a visit / the same rows in one batch by hand", "visit reported", "visit by hand", 2.0, 1.5),
	}
}

// spread is the median of some values with the least and the most.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Rounds int     `json:"rounds"`
}

func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{Median: math.NaN(), Min: math.NaN(), Max: math.NaN()}
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + sorted[middle]) / 2
	}
	return spread{Median: median, Min: sorted[0], Max: sorted[len(sorted)-1], Rounds: len(sorted)}
}

// verdict is what a row came to.
type verdict struct {
	Row    string  `json:"row"`
	What   string  `json:"what"`
	Unit   string  `json:"unit,omitempty"`
	Ratio  spread  `json:"ratio"`
	Least  float64 `json:"at_least"`
	Aim    float64 `json:"aim"`
	Less   bool    `json:"less_is_better,omitempty"`
	Passes bool    `json:"passes"`
	Aimed  bool    `json:"reaches_aim"`
}

// judge compares the rounds with the goals. A row that nothing was measured for
// is left out.
func judge(goals []goal, rounds []round) []verdict {
	var all []verdict
	for _, g := range goals {
		var values []float64
		for _, r := range rounds {
			if v, ok := g.value(r); ok {
				values = append(values, v)
			}
		}
		if len(values) == 0 {
			continue
		}
		v := verdict{Row: g.row, What: g.what, Unit: g.unit, Ratio: spreadOf(values), Least: g.least, Aim: g.aim, Less: g.less}
		v.Passes, v.Aimed = reaches(v.Ratio.Median, g.least, g.less), reaches(v.Ratio.Median, g.aim, g.less)
		all = append(all, v)
	}
	return all
}

func reaches(value, wanted float64, less bool) bool {
	if less {
		return value <= wanted
	}
	return value >= wanted
}
