package faulttest

import (
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"
)

// profile is how much is broken.
type profile struct {
	name     string
	speed    int
	notices  int           // of each row
	duration time.Duration // of the faults
	workers  int
	every    [2]time.Duration // between two kills, or two stops
	rare     [2]time.Duration // between two losses of Redis or the database
	outage   time.Duration    // how long something is away
	patience time.Duration    // for what is left afterwards
	parallel bool
}

func (p profile) full() bool { return p.name == "full" }

func chosen() profile {
	if os.Getenv("OUTREACH_FAULTS") == "full" {
		return profile{
			name: "full", speed: 10, notices: 5000, duration: 60 * time.Second, workers: 3,
			every: [2]time.Duration{500 * time.Millisecond, 2 * time.Second},
			rare:  [2]time.Duration{8 * time.Second, 15 * time.Second}, outage: 5 * time.Second, patience: 3 * time.Minute,
		}
	}
	return profile{
		name: "short", speed: 20, notices: 200, duration: 4 * time.Second, workers: 2,
		every: [2]time.Duration{300 * time.Millisecond, 900 * time.Millisecond},
		rare:  [2]time.Duration{800 * time.Millisecond, 1500 * time.Millisecond}, outage: 700 * time.Millisecond,
		patience: 40 * time.Second, parallel: true,
	}
}

func seed(t *testing.T) uint64 {
	t.Helper()
	given := os.Getenv("OUTREACH_FAULT_SEED")
	if given == "" {
		return uint64(time.Now().UnixNano()) % 1_000_000
	}
	n, err := strconv.ParseUint(given, 10, 64)
	if err != nil {
		t.Fatalf("OUTREACH_FAULT_SEED: %v", err)
	}
	return n
}

// row is one line of the plan: what breaks, and how.
type row struct {
	id, fault string
	play      func(*run)
}

// rows are the whole plan, in order, and the baseline beside it.
func rows() []row {
	var all []row
	for _, of := range [][]row{workerRows, redisRows, databaseRows, providerRows, failoverRows, centreRows, clockRows, seasonRows, programmeRows, baselineRows} {
		all = append(all, of...)
	}
	return all
}

// run is one row being played.
type run struct {
	*testing.T
	profile
	row
	seed uint64
	slow float64 // how many times slower than usual the machine is

	found   []*figures
	notes   []string
	verdict string
}

// stretch is what a time on the wall is on a machine as slow as this one now.
func (r *run) stretch(d time.Duration) time.Duration { return time.Duration(float64(d) * r.slow) }

// pace is a clock's speed at which processes of this machine do as much between two of
// its minutes as they should: a ticket that waits for two is handed out again. No slower
// than the profile's.
func (r *run) pace(speed int) int {
	return max(min(speed, r.speed), int(float64(speed)/r.slow))
}

// usual is how long a process of this binary takes to begin and to end, where there is
// little else to do.
func usual() time.Duration {
	if watched {
		return 120 * time.Millisecond
	}
	return 60 * time.Millisecond
}

// slowness is how many times longer than usual it takes now, four times at most.
func slowness(t *testing.T) float64 {
	t.Helper()
	const times = 3
	began := time.Now()
	for range times {
		idle := exec.Command(os.Args[0])
		idle.Env = append(os.Environ(), workerEnv+"="+idleOrders)
		if err := idle.Run(); err != nil {
			t.Fatal(err)
		}
	}
	return min(max(1, float64(time.Since(began))/float64(times*usual())), 4)
}

// note adds what happened to the row's last column.
func (r *run) note(what string) { r.notes = append(r.notes, what) }

// judge holds the ledgers of the stage against its database, enters the figures
// and fails the row over everything that is not as it has to be. cutOff says
// that calls may have been cut off.
func (r *run) judge(s *stage, cutOff bool) []*figures {
	r.Helper()
	found := s.judge(r.id, cutOff)
	r.found = append(r.found, found...)
	for _, f := range found {
		for _, broken := range f.broken() {
			r.Errorf("%s: %s", f.policy, broken)
		}
	}
	return found
}

// open is how many calls of the judged notices have no known outcome.
func open(found []*figures) int {
	n := 0
	for _, f := range found {
		n += f.open
	}
	return n
}

func (r *run) end() {
	switch {
	case r.Failed():
		r.verdict = "FAIL"
	case r.Skipped():
		r.verdict = "skipped"
	default:
		r.verdict = "pass"
	}
}

func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("breaks real processes for a while")
	}
	p, seed, began := chosen(), seed(t), time.Now()
	var mu sync.Mutex
	played := map[string]*run{}
	t.Run("row", func(t *testing.T) {
		for i, row := range rows() {
			t.Run(row.id+" "+row.fault, func(t *testing.T) {
				if p.parallel {
					t.Parallel()
				}
				r := &run{T: t, profile: p, row: row, seed: seed + uint64(i), slow: slowness(t)}
				r.patience = r.stretch(p.patience)
				mu.Lock()
				played[row.id+row.fault] = r
				mu.Unlock()
				t.Cleanup(r.end) // the last of them: what is cleaned up may fail too
				row.play(r)
			})
		}
	})
	var all []*run
	for _, row := range rows() {
		if r := played[row.id+row.fault]; r != nil {
			all = append(all, r)
		}
	}
	slowest := 1.0
	for _, r := range all {
		slowest = max(slowest, r.slow)
	}
	t.Logf("%s profile, seed %d, clock ×%d, %d workers, %v, up to %.1f times slower than usual\n%s",
		p.name, seed, p.speed, p.workers, time.Since(began).Round(time.Second), slowest, table(all))
}
