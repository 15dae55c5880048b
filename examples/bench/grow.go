package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"time"
)

// sizes are those that things are measured at.
func (o options) sizes() []int {
	switch {
	case len(o.given) > 0:
		return o.given
	case o.profile == "quick":
		return []int{500, 5_000}
	case o.profile == "growth" && o.big:
		return []int{10_000, 100_000, 1_000_000, 10_000_000}
	case o.profile == "growth":
		return []int{10_000, 100_000, 1_000_000}
	}
	return []int{10_000, 100_000}
}

// officials are the sizes of the country that is planned for.
func (o options) officials() []int {
	switch {
	case len(o.given) > 0:
		return o.given
	case o.profile == "quick":
		return []int{600, 6_000}
	}
	return []int{wholeCountry / 10, wholeCountry}
}

// growRounds is how often everything is measured at each size.
func (o options) growRounds() int {
	if o.profile == "quick" {
		return 1
	}
	return min(o.rounds, 3)
}

// grow measures what depends on how much there is already, and adds the rows P8
// to P10.
func (o options) grow(ctx context.Context, a *arena, r *result) error {
	sizes, officials := o.sizes(), o.officials()
	last := officials[len(officials)-1]
	type part struct {
		entry
		size int
	}
	var parts []part
	if o.wants("P8") || o.wants("P10") {
		for _, size := range sizes {
			for _, e := range growing(size, o.profile == "quick") {
				if o.wants("P8") && e.name != "month figures" || o.wants("P10") && e.name == "month figures" {
					parts = append(parts, part{e, size})
				}
			}
		}
	}
	if o.wants("P9") {
		for _, n := range officials {
			parts = append(parts, part{entry{name: "year planned", n: n}, n})
		}
		parts = append(parts, part{entry{name: "year written", n: last, template: dbOutreach}, last})
	}
	if o.profile == "growth" && o.wants("P8") {
		for _, n := range []int{1_000, 10_000} {
			parts = append(parts, part{entry{name: "routines", n: n, template: sized(dbWaiting, n)}, n})
		}
	}
	if a.postgres == nil {
		parts = slices.DeleteFunc(parts, func(p part) bool { return p.template != "" }) // they are copies of a PostgreSQL database
	}
	measured := map[point][]float64{} // by point without its value
	var order []point
	var written []float64
	for range o.growRounds() {
		for _, p := range parts {
			h, err := o.measure(ctx, a, r, p.entry)
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "size %-9d %-22s %10s  foreign %.0f %%\n", p.size, p.name, h.Took.Round(100*time.Microsecond), 100*h.Foreign)
			if s, ok := h.Figures["write s"]; ok {
				written = append(written, s)
			}
			for _, point := range points(p.size, h) {
				value := point.Value
				point.Value = 0
				if measured[point] == nil {
					order = append(order, point)
				}
				measured[point] = append(measured[point], value)
			}
		}
	}
	at := func(series string, size int) []float64 {
		for _, p := range order {
			if p.Series == series && p.Size == size {
				return measured[p]
			}
		}
		return nil
	}
	slices.SortStableFunc(order, func(a, b point) int { return cmp.Or(cmp.Compare(a.Series, b.Series), cmp.Compare(a.Size, b.Size)) })
	for _, p := range order {
		s := spreadOf(measured[p])
		p.Value = s.Median
		r.Growth = append(r.Growth, p)
	}
	r.Verdicts = append(r.Verdicts, growthVerdicts(at, sizes[0], sizes[len(sizes)-1], officials[0], last, written)...)
	slices.SortStableFunc(r.Verdicts, func(a, b verdict) int { return rowNumber(a.Row) - rowNumber(b.Row) })
	return nil
}

// growthVerdicts are the rows about growth, of what was measured: at gives the
// values of a series at one size, one of each round.
func growthVerdicts(at func(series string, size int) []float64, small, large, someOfficials, allOfficials int, written []float64) []verdict {
	var all []verdict
	add := func(row, what, unit string, values []float64, least, aim float64, less bool) {
		if len(values) == 0 {
			return
		}
		v := verdict{Row: row, What: what, Unit: unit, Ratio: spreadOf(values), Least: least, Aim: aim, Less: less}
		v.Passes, v.Aimed = reaches(v.Ratio.Median, least, less), reaches(v.Ratio.Median, aim, less)
		all = append(all, v)
	}
	if large > small {
		sizes := fmt.Sprintf(", %d / %d", large, small)
		add("P8", "time to read what is due"+sizes, "", each(at("read what is due", large), at("read what is due", small), divide), 1.5, 1.2, true)
		add("P8", "time to sweep what is due"+sizes, "", each(at("sweep what is due", large), at("sweep what is due", small), divide), 1.5, 1.2, true)
		add("P8", "rate with a backlog"+sizes, "", each(at("send one of a backlog", small), at("send one of a backlog", large), divide), 0.80, 0.90, false)
	}
	add("P8", fmt.Sprintf("memory of the worker with a backlog of %d", large), "MiB", at("memory of the worker", large), 100, 64, true)
	add("P8", fmt.Sprintf("memory of the worker with a backlog of %d that becomes digests", large), "MiB", at("memory of the worker, digests", large), 100, 64, true)
	add("P8", fmt.Sprintf("memory of Redis with a backlog of %d", large), "MiB", at("memory of Redis", large), 100, 64, true)

	some, whole := at("plan a year", someOfficials), at("plan a year", allOfficials)
	toCountry := func(values []float64) []float64 {
		return each(values, values, func(v, _ float64) float64 { return v * wholeCountry / float64(allOfficials) })
	}
	add("P9", fmt.Sprintf("year plan of 60,000 officials, computed (measured with %d)", allOfficials), "s", toCountry(whole), 5, 0.5, true)
	add("P9", "slope of log t / log n of the year plan", "", each(whole, some, func(t, u float64) float64 {
		return math.Log10(t/u) / math.Log10(float64(allOfficials)/float64(someOfficials))
	}), 1.1, 1.05, true)
	add("P9", "year plan of 60,000 officials, written (one month of it, times 12)", "s", toCountry(written), 15, 6, true)
	add("P10", fmt.Sprintf("figures of a month with %d issues of history", large), "ms", at("figures of a month", large), 50, 10, true)
	return all
}

func divide(a, b float64) float64 { return a / b }

// each combines the values of each round.
func each(as, bs []float64, combine func(a, b float64) float64) []float64 {
	var all []float64
	for i := range min(len(as), len(bs)) {
		all = append(all, combine(as[i], bs[i]))
	}
	return all
}

// rowNumber orders P2 before P10.
func rowNumber(row string) int {
	n := 0
	for _, digit := range row[1:] {
		n = n*10 + int(digit-'0')
	}
	return n
}

// wants reports whether the row is to be measured.
func (o options) wants(row string) bool {
	wanted, err := regexp.MatchString("^("+o.only+")$", row)
	return o.only == "" || err == nil && wanted
}
