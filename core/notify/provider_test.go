package notify_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/notify"
)

func TestATroubledProviderGetsItsShareBackTenPointsAtATime(t *testing.T) {
	p := &notify.Provider{Name: "a", Channel: notify.SMS, Weight: 3}
	share := func(after time.Duration, want int) {
		t.Helper()
		if got := p.Share(noon.Add(after)); got != 3*want {
			t.Errorf("after %s its share is %d of 300, want %d", after, got, 3*want)
		}
	}
	share(0, 100)
	p.Trip("down", noon)
	share(0, 90)
	p.Trip("a probe failed", noon.Add(30*time.Second)) // the same trouble
	share(30*time.Second, 90)
	p.Trip("a probe failed", noon.Add(2*time.Minute))
	p.Trip("a probe failed", noon.Add(6*time.Minute))
	p.Reset("a probe succeeded", noon.Add(10*time.Minute))
	share(10*time.Minute, 70)
	share(20*time.Minute+59*time.Second, 70)
	share(21*time.Minute, 80) // a quarter of an hour after the last trouble
	share(25*time.Minute+59*time.Second, 80)
	share(26*time.Minute, 90)
	share(31*time.Minute, 100)
	share(1000*time.Hour, 100)
	p.Trip("again", noon.Add(26*time.Minute)) // half-way back
	share(26*time.Minute, 80)
	p.Rest()
	share(26*time.Minute, 100)
}

func TestAShareIsNeverMoreThanTheWeightNorNothingOfIt(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := &notify.Provider{Weight: rapid.IntRange(0, 10).Draw(rt, "weight")}
		now := noon
		for range rapid.IntRange(1, 40).Draw(rt, "troubles") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(20*time.Minute)).Draw(rt, "pause")))
			before := p.Share(now)
			p.Trip("down", now)
			after := p.Share(now)
			if after > before || before-after > 10*p.Weight || after < 10*p.Weight || before > 100*p.Weight {
				rt.Fatalf("a trouble took its share from %d to %d of %d", before, after, 100*p.Weight)
			}
		}
		if got := p.Share(now.Add(time.Hour)); got != 100*p.Weight {
			rt.Fatalf("an hour later its share is %d of %d", got, 100*p.Weight)
		}
	})
}

func TestWhatAProviderTakesAtOnceIsItsBurstOrWhatASecondBrings(t *testing.T) {
	for _, c := range []struct {
		rate  float64
		burst int
		want  int
	}{{0, 0, 0}, {0, 9, 0}, {5, 20, 20}, {5, 2, 2}, {5.9, 0, 5}, {0.2, 0, 1}} {
		if got := (&notify.Provider{Rate: c.rate, Burst: c.burst}).AtOnce(); got != c.want {
			t.Errorf("rate %v, burst %d: %d at once, want %d", c.rate, c.burst, got, c.want)
		}
	}
}
