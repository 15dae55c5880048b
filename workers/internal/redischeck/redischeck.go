// Package redischeck looks at a Redis before it is relied on. What is in Redis
// can be lost at any moment without a notice being lost, but a server that is
// too old fails in the middle of asynq's scripts, one that evicts keys loses
// tasks in silence, and leases are kept by the clocks of the clients.
package redischeck

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Oldest is the oldest version of Redis that will do: asynq archives tasks with
// a form of ZRANGE that came with it. Valkey reports a version of Redis too.
const Oldest = "6.2"

// Report is what was found. A field is empty where the server does not say:
// hosted ones often forbid INFO.
type Report struct {
	Version  string        // of the server, or of the Redis it stands in for
	Policy   string        // what it does when memory runs out: maxmemory-policy
	Skew     time.Duration // by how much its clock is ahead of this machine's
	Warnings []string      // whole sentences for the operator

	nodes int // of a Cluster, that have been joined
}

// maxSkew is a difference between two clocks that is worth a word. asynq takes a
// running task for abandoned when they differ by some 55 seconds.
const maxSkew = 5 * time.Second

// Check asks the server, or of a Cluster every master. An error means that it
// cannot be used: it does not answer, or it is older than [Oldest]. Everything
// else that is not as it should be, or cannot be told, is a warning.
func Check(ctx context.Context, c redis.UniversalClient) (Report, error) {
	if cluster, ok := c.(*redis.ClusterClient); ok {
		return checkCluster(ctx, cluster)
	}
	return checkServer(ctx, c)
}

// checkCluster reports of a Cluster what its worst master says.
func checkCluster(ctx context.Context, c *redis.ClusterClient) (Report, error) {
	var mu sync.Mutex
	var whole Report
	err := c.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		r, err := checkServer(ctx, node)
		mu.Lock()
		defer mu.Unlock()
		whole.join(r, node.Options().Addr)
		if err != nil {
			return fmt.Errorf("node %s: %w", node.Options().Addr, err)
		}
		return nil
	})
	if err == nil && whole.nodes == 0 {
		err = errors.New("redis does not answer: the Cluster names no master")
	}
	slices.Sort(whole.Warnings) // the nodes answer in any order
	return whole, err
}

// join takes over what one node of a Cluster says, where it is worse.
func (r *Report) join(node Report, addr string) {
	if r.nodes == 0 || older(node.Version, r.Version) {
		r.Version = node.Version
	}
	if r.nodes == 0 || node.Policy != "noeviction" {
		r.Policy = node.Policy
	}
	if node.Skew.Abs() > r.Skew.Abs() {
		r.Skew = node.Skew
	}
	for _, w := range node.Warnings {
		r.warn("Node %s: %s", addr, w)
	}
	r.nodes++
}

func checkServer(ctx context.Context, c redis.UniversalClient) (Report, error) {
	if err := c.Ping(ctx).Err(); err != nil {
		return Report{}, fmt.Errorf("redis does not answer: %w", err)
	}
	r := Report{Version: field(ctx, c, "server", "redis_version"), Policy: field(ctx, c, "memory", "maxmemory_policy")}
	switch {
	case r.Version == "":
		r.warn("The version of Redis cannot be told; it must be %s or newer.", Oldest)
	case older(r.Version, Oldest):
		return r, fmt.Errorf("redis %s is too old: version %s or newer is needed", r.Version, Oldest)
	}
	switch r.Policy {
	case "noeviction":
	case "":
		r.warn("The maxmemory-policy of Redis cannot be told; it must be noeviction.")
	default:
		r.warn("The maxmemory-policy of Redis is %s: when memory runs out it drops tasks in silence and notices go out minutes late. Set it to noeviction.", r.Policy)
	}
	r.clock(ctx, c)
	return r, nil
}

func (r *Report) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}

// clock compares the server's clock with the middle of the time it took to ask.
func (r *Report) clock(ctx context.Context, c redis.UniversalClient) {
	began := time.Now()
	theirs, err := c.Time(ctx).Result()
	if err != nil {
		return // nothing depends on the server's own clock
	}
	r.Skew = theirs.Sub(began.Add(time.Since(began) / 2)).Round(time.Millisecond)
	if r.Skew.Abs() > maxSkew {
		r.warn("The clocks of this machine and of Redis differ by %s: let NTP set both.", r.Skew.Abs())
	}
}

// field reads one line of a section of INFO, empty where there is none.
func field(ctx context.Context, c redis.UniversalClient, section, name string) string {
	text, err := c.Info(ctx, section).Result()
	if err != nil {
		return ""
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// older compares versions such as 6.2 and 6.0.16 number by number. What is no
// number counts as 0.
func older(version, than string) bool {
	a, b := strings.Split(version, "."), strings.Split(than, ".")
	for i := range max(len(a), len(b)) {
		if x, y := number(a, i), number(b, i); x != y {
			return x < y
		}
	}
	return false
}

func number(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, err := strconv.Atoi(parts[i])
	if err != nil {
		return 0
	}
	return n
}
