package faulttest

import (
	"os"
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

	found   []*figures
	notes   []string
	verdict string
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
				r := &run{T: t, profile: p, row: row, seed: seed + uint64(i)}
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
	t.Logf("%s profile, seed %d, clock ×%d, %d workers, %v\n%s", p.name, seed, p.speed, p.workers, time.Since(began).Round(time.Second), table(all))
}
