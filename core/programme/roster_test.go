package programme

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// A roster knows everybody once, where they were put first, and nobody else.
func TestARosterKnowsEverybodyOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		asked := rapid.SliceOf(rapid.IntRange(0, 300)).Draw(t, "asked")
		r := newRoster(len(asked))
		known := make(map[org.PersonID]int32)
		for _, n := range asked {
			id := org.PersonID(fmt.Sprint(n))
			want, there := known[id]
			if !there {
				want = int32(len(known))
				known[id] = want
			}
			if got := r.at(id); got != want || r.officials[got].id != id {
				t.Fatalf("%s is at %d, want %d", id, got, want)
			}
		}
		for n := range 310 {
			id := org.PersonID(fmt.Sprint(n))
			at, there := known[id]
			switch o := r.find(id); {
			case there != (o != nil):
				t.Fatalf("%s: asked for %v, found %v", id, there, o)
			case there && o != &r.officials[at]:
				t.Fatalf("%s was found elsewhere than at %d", id, at)
			}
		}
	})
}

// Hamlets choose by what they need: the fewest possible days first, of equals the
// heavier, of equals the one given first.
func TestHamletsChooseInTheOrderOfTheirNeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPlanner(Request{Month: calendar.Month{Year: 2017, Month: 3}, Quota: policy.Default().Quota})
		weight := rapid.OneOf(rapid.Just(100), rapid.IntRange(-3, 3), rapid.Int())
		p.hamlets = make([]hamlet, rapid.IntRange(0, 60).Draw(t, "hamlets"))
		want := make([]int32, len(p.hamlets))
		for i := range p.hamlets {
			p.hamlets[i].free, p.hamlets[i].weight = days(rapid.Uint32().Draw(t, "free"))&p.all, weight.Draw(t, "weight")
			if rapid.Bool().Draw(t, "crowded") {
				p.hamlets[i].free &= 3
			}
			want[i] = int32(i)
		}
		slices.SortStableFunc(want, func(a, b int32) int {
			x, y := &p.hamlets[a], &p.hamlets[b]
			return cmp.Or(cmp.Compare(x.free.count(), y.free.count()), cmp.Compare(y.weight, x.weight))
		})
		if got := p.byNeed(); !slices.Equal(got, want) {
			t.Fatalf("%v choose in the order %v, want %v", p.hamlets, got, want)
		}
	})
}
