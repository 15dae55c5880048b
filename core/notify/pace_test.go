package notify

import (
	"testing"
	"time"
)

func TestAProviderIsSlowWhen15Of100MessagesTookMoreThanFiveMinutes(t *testing.T) {
	for name, c := range map[string]struct {
		pace Pace
		slow bool
	}{
		"15 of 100":                           {Pace{Taken: 100, Arrived: 90, Slow: 15}, true},
		"14 of 100":                           {Pace{Taken: 100, Arrived: 100, Slow: 14}, false},
		"3 of 20":                             {Pace{Taken: 20, Arrived: 18, Slow: 3}, true},
		"all of 19, of which nothing is said": {Pace{Taken: 19, Arrived: 19, Slow: 19}, false},
		"one that never tells":                {Pace{Taken: 100, Slow: 100}, false},
	} {
		if c.pace.TooSlow() != c.slow {
			t.Errorf("%s: %v", name, !c.slow)
		}
	}
}

func TestASlowProviderLosesTenPointsOnceAMinuteAndGetsThemBack(t *testing.T) {
	p := &Provider{Name: "x", Channel: SMS, Weight: 3}
	now, pace := outageNow, Pace{Taken: 40, Arrived: 40, Slow: 8}
	if !p.Slowed(pace, now) || p.Share(now) != 270 || p.Reason != "slow: 8 of 40 messages took more than 5 minutes" || !p.Changed.Equal(now) {
		t.Errorf("at first: share %d, %+v", p.Share(now), p)
	}
	if p.Slowed(pace, now.Add(59*time.Second)) || p.Share(now) != 270 {
		t.Errorf("again within the minute: share %d", p.Share(now))
	}
	for range 20 {
		now = now.Add(time.Minute)
		p.Slowed(pace, now)
	}
	if p.Share(now) != 30 || p.Slowed(pace, now.Add(time.Minute)) {
		t.Errorf("after twenty minutes: share %d, want a tenth", p.Share(now))
	}
	now = p.EasedAt
	for _, c := range []struct {
		after time.Duration
		share int
	}{{15*time.Minute - 1, 30}, {15 * time.Minute, 60}, {20 * time.Minute, 90}, {55 * time.Minute, 300}} {
		if got := p.Share(now.Add(c.after)); got != c.share {
			t.Errorf("%v after it was slow last: share %d, want %d", c.after, got, c.share)
		}
	}
}

func TestTheTimeAMessageTookIsThatOfItsReceipt(t *testing.T) {
	n := &Notice{State: Sending, Provider: "x"}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(n.Accept("x", "1", outageNow))
	if n.Took() != 0 {
		t.Errorf("without a receipt it took %v", n.Took())
	}
	check(n.Receipt(true, "", outageNow.Add(7*time.Minute)))
	if n.Took() != 7*time.Minute {
		t.Errorf("it took %v", n.Took())
	}
	lost := &Notice{State: Accepted, Provider: "x", Done: outageNow}
	check(lost.Receipt(false, "4", outageNow.Add(time.Hour)))
	if lost.Took() != 0 {
		t.Errorf("what did not arrive took %v", lost.Took())
	}
}
