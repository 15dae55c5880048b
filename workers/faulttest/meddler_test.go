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

func (meddler) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

var errSpoiled = errors.New("the network lost it")

func (m meddler) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		switch {
		case m.orders.DieAtEnqueue && enqueues(cmd) && rand.IntN(40) == 0:
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // it is on its way
		case m.orders.LoseAck && acknowledges(cmd) && rand.IntN(4) == 0:
			if rand.IntN(2) == 0 {
				_ = next(ctx, cmd) // done, and nobody hears of it
			}
			cmd.SetErr(errSpoiled)
			return errSpoiled
		}
		return next(ctx, cmd)
	}
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
