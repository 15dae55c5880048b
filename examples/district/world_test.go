package main

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/fx"
)

// What each part asks for is provided by another one, whichever flags are given;
// nothing is opened to find that out.
func TestTheApplicationIsPutTogetherOfWhatItAsksFor(t *testing.T) {
	in, err := readInput(builtIn())
	if err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]config{
		"all in this process": {},
		"on servers":          {db: "postgres://localhost/xl", redis: &redis.Options{Addr: "localhost:6379"}, smtp: "localhost:25"},
		"with workers apart":  {kill: 3, redis: &redis.Options{Addr: "localhost:6379"}},
	} {
		parts := new(world).parts(cfg, in, newClock(time.Time{}), t.TempDir(), func(string) {})
		if err := fx.ValidateApp(parts); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		type stranger struct{}
		if err := fx.ValidateApp(parts, fx.Invoke(func(*stranger) {})); err == nil {
			t.Errorf("%s: what nobody provides is not missed", name)
		}
	}
}
