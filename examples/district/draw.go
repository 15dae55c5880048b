package main

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
)

// draws are the season's dice. Each throw is named by what it decides, about
// whom and on which day, and the name and the seed alone say how it falls. So
// neither the order of things nor a throw that is added or left out changes any
// other.
type draws struct{ seed uint64 }

// of is a fresh generator for one throw.
func (d draws) of(kind, about string, on calendar.Date) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%s\x00%s", kind, about, on)
	return rand.New(rand.NewPCG(d.seed, h.Sum64())) //nolint:gosec // a season is to be repeatable, not secret
}

// chance is true with probability p.
func (d draws) chance(p float64, kind, about string, on calendar.Date) bool {
	return d.of(kind, about, on).Float64() < p
}

// between is a number from low to high, both possible.
func (d draws) between(low, high int, kind, about string, on calendar.Date) int {
	return low + d.of(kind, about, on).IntN(high-low+1)
}

// weighted is an index of weights, each as likely as its weight.
func (d draws) weighted(weights []float64, kind, about string, on calendar.Date) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	x := d.of(kind, about, on).Float64() * sum
	for i, w := range weights {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// one is one of all.
func one[T any](d draws, all []T, kind, about string, on calendar.Date) T {
	return all[d.of(kind, about, on).IntN(len(all))]
}

// mixed is a copy of all in an order of chance.
func mixed[T any](d draws, all []T, kind, about string, on calendar.Date) []T {
	mixed := slices.Clone(all)
	d.of(kind, about, on).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	return mixed
}

// uuid is an identifier that only what it names decides (a UUID of version 8).
func (d draws) uuid(kind, about string) string {
	var b [16]byte
	r := d.of("id."+kind, about, calendar.Date{})
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	b[6] = b[6]&0x0f | 0x80
	b[8] = b[8]&0x3f | 0x80
	return format(b)
}
