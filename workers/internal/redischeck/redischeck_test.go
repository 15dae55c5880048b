package redischeck_test

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/huongvecoso/outreach/workers/internal/redischeck"
	"github.com/huongvecoso/outreach/workers/redistest"
)

func client(t *testing.T, addr string) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr, Protocol: 2, MaxRetries: -1, DisableIdentity: true})
	t.Cleanup(func() { c.Close() })
	return c
}

func TestARealRedisIsFit(t *testing.T) {
	e := redistest.Start(t, nil)
	r, err := redischeck.Check(t.Context(), client(t, e.Addr))
	if err != nil {
		t.Fatal(err)
	}
	if r.Version == "" || r.Policy != "noeviction" || len(r.Warnings) > 0 || r.Skew.Abs().Seconds() > 1 {
		t.Errorf("found %+v", r)
	}
}

func TestAPolicyThatDropsTasksIsToldLoudly(t *testing.T) {
	e := redistest.Start(t, nil)
	c := client(t, e.Addr)
	if err := c.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
		t.Fatal(err)
	}
	r, err := redischeck.Check(t.Context(), c)
	if err != nil || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "allkeys-lru") {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestWhatCannotBeToldIsAWarningAndNoError(t *testing.T) {
	r, err := redischeck.Check(t.Context(), client(t, redistest.Mini(t).Addr()))
	if err != nil || len(r.Warnings) != 2 || r.Version != "" || r.Policy != "" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestARedisThatDoesNotAnswerIsAnError(t *testing.T) {
	m := redistest.Mini(t)
	addr := m.Addr()
	m.Close()
	if _, err := redischeck.Check(t.Context(), client(t, addr)); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("got %v", err)
	}
}

func TestOnlyOldVersionsAreRefused(t *testing.T) {
	for version, fit := range map[string]bool{
		"2.8.24": false, "5.0.14": false, "6.0.16": false, "6.2": true, "6.2.0": true, "6.10.1": true, "7.0.15": true, "8.0.0": true, "255.255.255": true,
	} {
		_, err := redischeck.Check(t.Context(), client(t, redistest.Imitate(t, "redis_version:"+version, "maxmemory_policy:noeviction")))
		if (err == nil) != fit {
			t.Errorf("version %s: %v", version, err)
		}
		if err != nil && (!strings.Contains(err.Error(), version) || !strings.Contains(err.Error(), redischeck.Oldest)) {
			t.Errorf("version %s: the error does not name both versions: %v", version, err)
		}
	}
}

func TestAClockThatIsFarOffIsToldOf(t *testing.T) {
	r, err := redischeck.Check(t.Context(), client(t, redistest.Imitate(t, "redis_version:7.2.4", "maxmemory_policy:noeviction")))
	if err != nil || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "NTP") || r.Skew >= 0 {
		t.Errorf("%+v, %v: the imitation lives in 1970", r, err)
	}
}

func TestOfAClusterTheWorstNodeCounts(t *testing.T) {
	cluster := redistest.StartCluster(t, 2)
	opts, err := redis.ParseClusterURL(cluster.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClusterClient(opts)
	t.Cleanup(func() { c.Close() })
	r, err := redischeck.Check(t.Context(), c)
	if err != nil || r.Version == "" || r.Policy != "noeviction" || len(r.Warnings) > 0 {
		t.Errorf("a fit Cluster: %+v, %v", r, err)
	}
	worse := client(t, cluster.Nodes[1].Addr)
	if err := worse.ConfigSet(t.Context(), "maxmemory-policy", "volatile-ttl").Err(); err != nil {
		t.Fatal(err)
	}
	r, err = redischeck.Check(t.Context(), c)
	if err != nil || r.Policy != "volatile-ttl" || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], cluster.Nodes[1].Addr) {
		t.Errorf("one node evicts: %+v, %v", r, err)
	}
	cluster.Nodes[1].Kill()
	if _, err := redischeck.Check(t.Context(), c); err == nil || !strings.Contains(err.Error(), cluster.Nodes[1].Addr) {
		t.Errorf("one node is gone: %v", err)
	}
}
