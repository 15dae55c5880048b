package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// patience is how long servers may take to agree with each other.
const patience = 30 * time.Second

// Cluster is a Redis Cluster of one test: nodes without replicas that share all
// slots between them.
type Cluster struct {
	Nodes []*Instance
}

// StartCluster starts a cluster of so many nodes, which has all slots when
// StartCluster returns. Its nodes keep their data over a restart. They end with
// the test. The test is skipped when redis-server is not installed.
func StartCluster(tb testing.TB, nodes int) *Cluster {
	tb.Helper()
	c := new(Cluster)
	for range nodes {
		n := prepare(tb)
		n.persist, n.bus = true, true
		// A node that is down must not silence the others.
		n.more = []string{"--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-require-full-coverage", "no"}
		n.begin()
		c.Nodes = append(c.Nodes, n)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.join(ctx); err != nil {
		tb.Fatalf("start a Redis Cluster for the test: %v", err)
	}
	return c
}

// join shares the slots out and makes the nodes know each other.
func (c *Cluster) join(ctx context.Context) error {
	const slots = 16384
	host, port, err := net.SplitHostPort(c.Nodes[0].Addr)
	if err != nil {
		return err
	}
	for i, n := range c.Nodes {
		err := n.with(func(r *redis.Client) error {
			from, to := slots*i/len(c.Nodes), slots*(i+1)/len(c.Nodes)-1
			return errors.Join(
				r.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(),
				r.ClusterAddSlotsRange(ctx, from, to).Err(),
				r.ClusterMeet(ctx, host, port).Err(),
			)
		})
		if err != nil {
			return err
		}
	}
	return until(ctx, "every node to see every slot", func() (bool, error) {
		for _, n := range c.Nodes {
			var whole bool
			err := n.with(func(r *redis.Client) error {
				info, err := r.ClusterInfo(ctx).Result()
				whole = strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_slots_ok:"+strconv.Itoa(slots))
				return err
			})
			if err != nil || !whole {
				return false, err
			}
		}
		return true, nil
	})
}

// URL names the cluster as go-redis reads it: redis://host:port?addr=host:port …
func (c *Cluster) URL() string {
	query := make(url.Values)
	for _, n := range c.Nodes[1:] {
		query.Add("addr", n.Addr)
	}
	return "redis://" + c.Nodes[0].Addr + "?" + query.Encode()
}

// Watched is a Redis of one test with a replica and a Sentinel that puts the
// replica in the place of a master that is gone.
type Watched struct {
	Master, Replica, Sentinel *Instance
}

// MasterName is how the Sentinel of [StartWatched] calls the master.
const MasterName = "outreach"

// StartWatched starts all three; the replica is in step when it returns. They
// end with the test. The test is skipped when redis-server is not installed.
func StartWatched(tb testing.TB) *Watched {
	tb.Helper()
	w := &Watched{Master: Start(tb, nil), Replica: prepare(tb), Sentinel: prepare(tb)}
	host, port, err := net.SplitHostPort(w.Master.Addr)
	if err != nil {
		tb.Fatal(err)
	}
	w.Replica.more = []string{"--replicaof", host + " " + port}
	w.Replica.begin()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err = until(ctx, "the replica to be in step", func() (in bool, err error) {
		err = w.Replica.with(func(r *redis.Client) error {
			info, err := r.Info(ctx, "replication").Result()
			in = strings.Contains(info, "master_link_status:up")
			return err
		})
		return in, err
	})
	if err != nil {
		tb.Fatalf("start a replica for the test: %v", err)
	}
	w.Sentinel.first = filepath.Join(w.Sentinel.Dir, "sentinel.conf")
	w.Sentinel.more = []string{"--sentinel"}
	conf := fmt.Sprintf("sentinel monitor %[1]s %[2]s %[3]s 1\nsentinel down-after-milliseconds %[1]s 500\nsentinel failover-timeout %[1]s 2000\n",
		MasterName, host, port)
	if err := os.WriteFile(w.Sentinel.first, []byte(conf), 0o600); err != nil {
		tb.Fatal(err)
	}
	w.Sentinel.begin()
	err = until(ctx, "the Sentinel to know the replica", func() (known bool, err error) {
		err = w.Sentinel.with(func(r *redis.Client) error {
			replicas, err := r.Do(ctx, "SENTINEL", "REPLICAS", MasterName).Slice()
			known = len(replicas) > 0
			return err
		})
		return known, err
	})
	if err != nil {
		tb.Fatalf("start a Sentinel for the test: %v", err)
	}
	return w
}

// URL names the group as go-redis reads it: redis://sentinel?master_name=…
func (w *Watched) URL() string { return "redis://" + w.Sentinel.Addr + "?master_name=" + MasterName }

// with asks a server over a connection of its own.
func (i *Instance) with(ask func(*redis.Client) error) error {
	r := redis.NewClient(&redis.Options{Addr: i.Addr, MaxRetries: -1})
	defer r.Close()
	return ask(r)
}

// until waits for something the servers do by themselves.
func until(ctx context.Context, what string, done func() (bool, error)) error {
	for {
		ok, err := done()
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %v for %s: %w", patience, what, errors.Join(err, ctx.Err()))
		case <-time.After(20 * time.Millisecond):
		}
	}
}
