package notify

import (
	"testing"
	"time"
)

// broken is a provider whose breaker opened so long ago, after so many probes that
// failed; the next one tries then.
func broken(ago time.Duration, probes int, next time.Duration) *Provider {
	return &Provider{Name: "x", Channel: SMS, Weight: 1, Breaker: Breaker{Open: true, Opened: outageNow.Add(-ago), Probes: probes, ProbeAt: outageNow.Add(next)}}
}

var outageNow = time.Date(2017, 3, 15, 3, 0, 0, 0, time.UTC)

func TestAChannelIsOutWhenNoneOfItsProvidersTakesMessages(t *testing.T) {
	fine := &Provider{Name: "fine", Channel: SMS}
	paused := &Provider{Name: "paused", Channel: SMS, Breaker: Breaker{Pause: outageNow.Add(time.Hour)}}
	trying := broken(time.Hour, 5, 2*time.Minute)
	trying.Breaker.Probing = "n-1"
	for name, c := range map[string]struct {
		providers []*Provider
		out       bool
		since     time.Duration // ago
		back      time.Duration // from now
		proven    bool
	}{
		"a channel without providers is no outage":                    {nil, false, 0, 0, false},
		"one provider that works is enough":                           {[]*Provider{broken(time.Hour, 9, time.Minute), fine}, false, 0, 0, false},
		"a provider that asked for peace is not out of order":         {[]*Provider{broken(time.Hour, 9, time.Minute), paused}, false, 0, 0, false},
		"a breaker that has just opened proves nothing":               {[]*Provider{broken(time.Second, 0, 29*time.Second)}, true, time.Second, 29 * time.Second, false},
		"two probes prove nothing":                                    {[]*Provider{broken(2*time.Minute, 2, time.Minute)}, true, 2 * time.Minute, time.Minute, false},
		"three probes prove it, and it lasts as long again":           {[]*Provider{broken(4*time.Minute, 3, 3*time.Minute)}, true, 4 * time.Minute, 4 * time.Minute, true},
		"not before the next probe":                                   {[]*Provider{broken(4*time.Minute, 3, 9*time.Minute)}, true, 4 * time.Minute, 9 * time.Minute, true},
		"the first of the next probes counts, and the last that went": {[]*Provider{broken(9*time.Minute, 3, 3*time.Minute), broken(4*time.Minute, 0, 20*time.Second)}, true, 4 * time.Minute, 20 * time.Second, false},
		"while one tries it is open":                                  {[]*Provider{trying}, true, time.Hour, 0, false},
		"what was not tried for a night may be in order":              {[]*Provider{broken(9*time.Hour, 5, -8*time.Hour)}, true, 9 * time.Hour, 0, false},
	} {
		o, out := OutageOf(c.providers, outageNow)
		if out != c.out {
			t.Errorf("%s: out %v", name, out)
		}
		if out && (!o.Since.Equal(outageNow.Add(-c.since)) || !o.Back.Equal(outageNow.Add(c.back)) || o.Proven != c.proven) {
			t.Errorf("%s: since %v, back in %v, proven %v", name, outageNow.Sub(o.Since), o.Back.Sub(outageNow), o.Proven)
		}
	}
}

// The first three probes take as long as the documentation of Proven says.
func TestAnOutageIsProvenAfterThreeAndAHalfMinutes(t *testing.T) {
	p := &Provider{Name: "x", Channel: SMS}
	at := outageNow
	p.Trip("calls fail in a row", at)
	for range outageProbes {
		if o, _ := OutageOf([]*Provider{p}, at); o.Proven {
			t.Fatalf("proven after %v", at.Sub(outageNow))
		}
		at = p.Breaker.ProbeAt
		p.Trip("a probe failed", at)
	}
	if o, _ := OutageOf([]*Provider{p}, at); !o.Proven || at.Sub(outageNow) != 210*time.Second {
		t.Errorf("after %v: %+v", at.Sub(outageNow), o)
	}
}

func TestWhatCannotWaitForItsChannel(t *testing.T) {
	always := func(t time.Time) time.Time { return t }
	closesIn := func(d time.Duration) func(time.Time) time.Time {
		return func(t time.Time) time.Time {
			if t.Before(outageNow.Add(d)) {
				return t
			}
			return outageNow.Add(10 * time.Hour)
		}
	}
	expires := func(d time.Duration) Notice { return Notice{Priority: Normal, Expires: outageNow.Add(d)} }
	young := Outage{Since: outageNow.Add(-time.Second), Back: outageNow.Add(30 * time.Second)}
	old := Outage{Since: outageNow.Add(-time.Hour), Back: outageNow.Add(time.Hour), Proven: true}
	for name, c := range map[string]struct {
		o      Outage
		n      Notice
		opens  func(time.Time) time.Time
		leaves bool
	}{
		"an ordinary notice waits however long":                        {old, Notice{Priority: Normal}, always, false},
		"a critical one waits while nothing is proven":                 {young, Notice{Priority: Critical}, always, false},
		"a critical one does not wait for a proven outage":             {old, Notice{Priority: Critical}, always, true},
		"what is over before the next probe could help":                {young, expires(90 * time.Second), always, true},
		"what has a moment more than that waits":                       {young, expires(91 * time.Second), always, false},
		"what is over before the channel is likely back":               {old, expires(61 * time.Minute), always, true},
		"what is over a moment later waits":                            {old, expires(61*time.Minute + 1), always, false},
		"what could go only before the night, and is over before dawn": {old, expires(9 * time.Hour), closesIn(30 * time.Minute), true},
		"what is over after the night waits":                           {old, expires(11 * time.Hour), closesIn(30 * time.Minute), false},
	} {
		if why := c.o.CannotWait(&c.n, c.opens); (why != "") != c.leaves {
			t.Errorf("%s: %q", name, why)
		}
	}
}

func TestPaperIsTheLastResort(t *testing.T) {
	ends := outageNow.Add(time.Minute)
	for name, c := range map[string]struct {
		lasted time.Duration
		proven bool
		n      Notice
		paper  bool
	}{
		"what would be over goes on paper":               {time.Second, false, Notice{Expires: ends}, true},
		"a critical one waits for any channel an hour":   {time.Hour - 1, true, Notice{Priority: Critical}, false},
		"then it goes on paper":                          {time.Hour, true, Notice{Priority: Critical}, true},
		"not when nobody has tried the channel of late":  {9 * time.Hour, false, Notice{Priority: Critical}, false},
		"what is critical and would be over does not so": {time.Minute, true, Notice{Priority: Critical, Expires: ends}, true},
	} {
		if got := (Outage{Since: outageNow.Add(-c.lasted), Proven: c.proven}).Paper(&c.n, outageNow); got != c.paper {
			t.Errorf("%s: %v", name, got)
		}
	}
}
