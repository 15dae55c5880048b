package rate

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

func buckets(t *testing.T) (*miniredis.Miniredis, *Buckets) {
	t.Helper()
	m := miniredis.RunT(t)
	m.SetTime(time.Date(2017, 3, 15, 3, 0, 0, 0, time.UTC))
	c := redis.NewClient(&redis.Options{Addr: m.Addr()})
	t.Cleanup(func() { c.Close() })
	return m, New(c, "outreach")
}

func want(t *testing.T, b *Buckets, l Limit, wish, got int) {
	t.Helper()
	if n, err := b.Take(t.Context(), "esms", l, wish); err != nil || n != got {
		t.Errorf("took %d of %d, %v; want %d", n, wish, err, got)
	}
}

func TestABucketGivesItsBurstAndThenItsRate(t *testing.T) {
	m, b := buckets(t)
	l := Limit{PerSecond: 2, Burst: 5}
	want(t, b, l, 3, 3)
	want(t, b, l, 9, 2)
	want(t, b, l, 1, 0)
	m.SetTime(time.Date(2017, 3, 15, 3, 0, 1, 500_000_000, time.UTC))
	want(t, b, l, 9, 3) // 1.5 s
	m.SetTime(time.Date(2017, 3, 15, 3, 10, 0, 0, time.UTC))
	want(t, b, l, 9, 5) // never more than the burst
}

func TestWhatIsNotUsedGoesBackAndNoMore(t *testing.T) {
	_, b := buckets(t)
	l := Limit{PerSecond: 1, Burst: 4}
	want(t, b, l, 4, 4)
	if err := b.Give(t.Context(), "esms", l, 3); err != nil {
		t.Fatal(err)
	}
	want(t, b, l, 9, 3)
	if err := b.Give(t.Context(), "esms", l, 99); err != nil {
		t.Fatal(err)
	}
	want(t, b, l, 9, 4)
}

func TestAProviderWithoutARateIsNotHeldBack(t *testing.T) {
	m, b := buckets(t)
	want(t, b, Limit{}, 1000, 1000)
	if len(m.Keys()) != 0 {
		t.Errorf("a bucket was made: %v", m.Keys())
	}
}

func TestSeveralRelaysShareOneBucket(t *testing.T) {
	_, b := buckets(t)
	var all atomic.Int64
	var relays sync.WaitGroup
	for range 8 {
		relays.Go(func() {
			for range 20 {
				n, err := b.Take(t.Context(), "esms", Limit{PerSecond: 1, Burst: 50}, 3)
				if err != nil {
					t.Error(err)
				}
				all.Add(int64(n))
			}
		})
	}
	relays.Wait()
	if all.Load() != 50 {
		t.Errorf("eight relays took %d of 50 tokens", all.Load())
	}
}

// A message may take more than a provider ever has at once. What it takes beyond that
// is owed, so that on average no more goes out than the rate.
func TestWhatWasUsedBeyondTheBurstIsOwed(t *testing.T) {
	m, b := buckets(t)
	at := func(seconds int) { m.SetTime(time.Date(2017, 3, 15, 3, 0, seconds, 0, time.UTC)) }
	l := Limit{PerSecond: 1}
	for i := range 3 { // a message of three segments every third second
		at(3 * i)
		want(t, b, l, 5, 1)
		if err := b.Give(t.Context(), "esms", l, 1-3); err != nil {
			t.Fatal(err)
		}
		at(3*i + 1)
		want(t, b, l, 5, 0)
		at(3*i + 2)
		want(t, b, l, 5, 0)
	}
	if err := b.Give(t.Context(), "nobody", Limit{}, -3); err != nil || len(m.Keys()) != 1 {
		t.Errorf("without a rate a bucket was made: %v, %v", m.Keys(), err)
	}
}
