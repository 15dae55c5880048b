package deliver

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Parts come at so many milliseconds, each of so many notices; a transaction takes a
// time, and begins when it should with those it should hold.
func TestATransactionThatAFewSharedIsFollowedByOneThatMoreShare(t *testing.T) {
	type begun struct{ At, Parts int }
	for _, c := range []struct {
		name  string
		takes int
		size  int
		come  []int
		want  []begun
	}{
		{"alone one begins at once, and who waited for it at once afterwards", 4, 1, []int{0, 1}, []begun{{0, 1}, {4, 1}}},
		{"after a few the next rests as long as they took", 4, 1, []int{0, 1, 2, 5, 11}, []begun{{0, 1}, {4, 2}, {12, 2}}},
		{"and 5 ms at most", 20, 1, []int{0, 1, 2, 25, 43, 46}, []begun{{0, 1}, {20, 2}, {45, 2}, {70, 1}}},
		{"after many it does not", 4, enoughFor / 2, []int{0, 1, 2, 5, 11}, []begun{{0, 1}, {4, 2}, {8, 1}, {12, 1}}},
		{"nor where nobody waits", 4, 1, []int{0, 1, 2, 9}, []begun{{0, 1}, {4, 2}, {9, 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var got []begun
				s := &shared[int, int]{
					size:  func(int) int { return c.size },
					joins: func(int, int) bool { return true },
					run: func(_ context.Context, in []int) ([]int, error) {
						got = append(got, begun{int(time.Since(start) / time.Millisecond), len(in)})
						time.Sleep(time.Duration(c.takes) * time.Millisecond)
						return in, nil
					},
				}
				var all sync.WaitGroup
				for _, at := range c.come {
					all.Go(func() {
						time.Sleep(time.Duration(at) * time.Millisecond)
						if out, err := s.do(t.Context(), at); out != at || err != nil {
							t.Errorf("the part of %d ms got %d, %v", at, out, err)
						}
					})
				}
				all.Wait()
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}
