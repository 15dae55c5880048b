package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestAClusterSharesItsKeysOut(t *testing.T) {
	cluster := StartCluster(t, 2)
	opts, err := redis.ParseClusterURL(cluster.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClusterClient(opts)
	defer c.Close()
	const keys = 50
	for i := range keys {
		if err := c.Set(t.Context(), fmt.Sprint("key-", i), "1", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	var all int64
	for _, n := range cluster.Nodes {
		err := n.with(func(r *redis.Client) error {
			size, err := r.DBSize(t.Context()).Result()
			if size == 0 {
				err = errors.Join(err, errors.New("it holds nothing"))
			}
			all += size
			return err
		})
		if err != nil {
			t.Errorf("node %s: %v", n.Addr, err)
		}
	}
	if all != keys {
		t.Errorf("the nodes hold %d keys, want %d", all, keys)
	}
}

func TestASentinelPutsTheReplicaInTheMastersPlace(t *testing.T) {
	w := StartWatched(t)
	opts, err := redis.ParseFailoverURL(w.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewFailoverClient(opts)
	defer c.Close()
	set(t, c, "before")
	w.Master.Kill()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err = until(ctx, "a new master", func() (bool, error) { err := c.Set(ctx, "after", "1", 0).Err(); return err == nil, err })
	if err != nil {
		t.Fatal(err)
	}
	err = w.Replica.with(func(r *redis.Client) error { return r.Get(ctx, "after").Err() })
	if err != nil {
		t.Errorf("the replica did not take over: %v", err)
	}
}

func TestWaitingEndsWithItsTime(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	said := errors.New("not yet")
	if err := until(ctx, "nothing", func() (bool, error) { return false, said }); !errors.Is(err, said) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// Systems give ports from 32768 on to outgoing connections, and keep them for a minute
// after their end: a node that needs one of those starts only by luck.
func TestPortsOfANodeAreNoneThatOutgoingConnectionsGet(t *testing.T) {
	for _, bus := range []bool{false, true} {
		for range 200 {
			addr, err := freeAddr(bus)
			if err != nil {
				t.Fatal(err)
			}
			_, text, _ := net.SplitHostPort(addr)
			port, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			if bus {
				port += busAbove
			}
			if port < 20000 || port >= 32768 {
				t.Fatalf("with a bus %t: %s, and so port %d", bus, addr, port)
			}
		}
	}
}
