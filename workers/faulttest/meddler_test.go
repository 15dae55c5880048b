package faulttest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// meddler stands between a worker and Redis and spoils single calls.
type meddler struct{ orders orders }

func (meddler) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessPipelineHook spoils single calls of those that share a round trip.
func (m meddler) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		var arrive, spoiled []redis.Cmder
		for _, cmd := range cmds {
			arrives, heard := m.spoil(cmd)
			if arrives {
				arrive = append(arrive, cmd)
			}
			if !heard {
				spoiled = append(spoiled, cmd)
			}
		}
		var err error
		if len(arrive) > 0 {
			err = next(ctx, arrive)
		}
		for _, cmd := range spoiled {
			cmd.SetErr(errSpoiled)
			err = errSpoiled
		}
		return err
	}
}

var errSpoiled = errors.New("the network lost it")

func (m meddler) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		arrives, heard := m.spoil(cmd)
		var err error
		if arrives {
			err = next(ctx, cmd)
		}
		if !heard {
			cmd.SetErr(errSpoiled)
			err = errSpoiled
		}
		return err
	}
}

// spoil decides whether a call arrives, and whether anybody hears of it.
func (m meddler) spoil(cmd redis.Cmder) (arrives, heard bool) {
	switch {
	case m.orders.DieAtEnqueue && enqueues(cmd) && rand.IntN(40) == 0:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // it is on its way
	case m.orders.LoseAck && acknowledges(cmd) && rand.IntN(4) == 0:
		return rand.IntN(2) == 0, false
	}
	return true, true
}

// keys are the keys of one of asynq's scripts.
func keys(cmd redis.Cmder) []string {
	args := cmd.Args()
	if name := cmd.Name(); name != "eval" && name != "evalsha" || len(args) < 3 {
		return nil
	}
	n, _ := args[2].(int)
	var all []string
	for i := 3; i < len(args) && i < 3+n; i++ {
		key, _ := args[i].(string)
		all = append(all, key)
	}
	return all
}

// enqueues reports whether a script puts one task into a queue.
func enqueues(cmd redis.Cmder) bool {
	k := keys(cmd)
	return len(k) == 2 && strings.HasSuffix(k[1], ":pending")
}

// acknowledges reports whether a script takes a finished task out.
func acknowledges(cmd redis.Cmder) bool {
	k := keys(cmd)
	return len(k) >= 5 && strings.HasSuffix(k[0], ":active") && strings.HasSuffix(k[1], ":lease") && strings.Contains(k[3], ":processed:")
}
