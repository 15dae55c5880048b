package workersfx

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/huongvecoso/outreach/workers/relay"
)

// A server of asynq looks for tasks again and again: often, and an idle worker is
// never idle, or seldom, and what is urgent waits. So between a server and Redis
// stands a gate. While there are tasks it lets every look through. When a look has
// found nothing the next one waits until somebody says that there is a task: the
// relay of this process, or that of another one by a message of Redis; or until
// Config.Check is over, because such a word may be lost.

// gate is the Redis of one server. Of what a server does, only looking for a task
// is ever held, and only that goes alone.
type gate struct {
	redis.UniversalClient
	others  *gathered     // makes what are no looks
	lanes   int           // which one look goes through
	longest time.Duration // that a look waits
	rung    chan struct{}
	open    <-chan struct{} // closed: nothing waits any more

	empty int // lanes in a row that had nothing; asynq has one goroutine that looks
}

func newGate(client *gathered, lanes int, longest time.Duration, open <-chan struct{}) *gate {
	return &gate{UniversalClient: client.UniversalClient, others: client, lanes: lanes, longest: longest, rung: make(chan struct{}, 1), open: open}
}

// ring says that there may be a task. It never blocks.
func (g *gate) ring() {
	select {
	case g.rung <- struct{}{}:
	default:
	}
}

// EvalSha runs a script, the one by which asynq looks when it is time to.
func (g *gate) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	if !looks(keys) {
		return g.others.EvalSha(ctx, sha, keys, args...)
	}
	g.wait(ctx)
	return g.found(g.UniversalClient.EvalSha(ctx, sha, keys, args...))
}

// Eval is how a script is run that Redis does not know yet.
func (g *gate) Eval(ctx context.Context, script string, keys []string, args ...any) *redis.Cmd {
	if !looks(keys) {
		return g.UniversalClient.Eval(ctx, script, keys, args...)
	}
	return g.found(g.UniversalClient.Eval(ctx, script, keys, args...))
}

// looks tells by the keys of a script whether it looks for a task in one lane.
func looks(keys []string) bool {
	return len(keys) == 4 && strings.HasSuffix(keys[0], ":pending") && strings.HasSuffix(keys[1], ":paused")
}

// wait holds a look when the one before found nothing in any lane.
func (g *gate) wait(ctx context.Context) {
	if g.empty < g.lanes {
		return
	}
	g.empty = 0
	timer := time.NewTimer(g.longest)
	defer timer.Stop()
	select {
	case <-g.rung:
	case <-timer.C:
	case <-g.open:
	case <-ctx.Done():
	}
}

// found notes what came of looking in a lane. A Redis that does not answer is
// not asked again at once either.
func (g *gate) found(cmd *redis.Cmd) *redis.Cmd {
	switch err := cmd.Err(); {
	case err == nil:
		g.empty = 0
	case errors.Is(err, redis.Nil):
		g.empty++
	case !redis.HasErrorPrefix(err, "NOSCRIPT"):
		g.empty = g.lanes
	}
	return cmd
}

// bells are the gates of this process, and the way to those of others.
type bells struct {
	redis   redis.UniversalClient
	channel string // of Redis, by which processes tell each other

	mu     sync.Mutex
	gates  map[string][]*gate  // by queue
	news   map[string]struct{} // queues that others have not been told of
	unsaid chan struct{}
}

func newBells(client redis.UniversalClient, prefix string) *bells {
	return &bells{
		redis: client, channel: prefix + ":tasks", gates: make(map[string][]*gate), news: make(map[string]struct{}), unsaid: make(chan struct{}, 1),
	}
}

// hang makes the gate one of those that are rung for the queues.
func (b *bells) hang(g *gate, queues map[string]int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for queue := range queues {
		b.gates[queue] = append(b.gates[queue], g)
	}
}

// take removes a gate whose server has ended.
func (b *bells) take(g *gate) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for queue, gates := range b.gates {
		var others []*gate
		for _, one := range gates {
			if one != g {
				others = append(others, one)
			}
		}
		b.gates[queue] = others
	}
}

// ring rings the gates of this process for a queue.
func (b *bells) ring(queue string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, g := range b.gates[queue] {
		g.ring()
	}
}

// announce rings here at once, and everywhere else soon.
func (b *bells) announce(queue string) {
	b.ring(queue)
	b.mu.Lock()
	b.news[queue] = struct{}{}
	b.mu.Unlock()
	select {
	case b.unsaid <- struct{}{}:
	default:
	}
}

// quietFor is how long a process says nothing more after it told the others: a
// message for every task would cost more than it brings.
const quietFor = 5 * time.Millisecond

// tell tells other processes what was announced, until ctx ends. That a message
// is lost, or Redis takes none, only means that their looks wait longer.
func (b *bells) tell(ctx context.Context) error {
	for {
		select {
		case <-b.unsaid:
		case <-ctx.Done():
			return ctx.Err()
		}
		b.mu.Lock()
		news := b.news
		b.news = make(map[string]struct{})
		b.mu.Unlock()
		for queue := range news {
			b.redis.Publish(ctx, b.channel, queue)
		}
		select {
		case <-time.After(quietFor):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// listen rings for what other processes tell, until ctx ends.
func (b *bells) listen(ctx context.Context) error {
	for ctx.Err() == nil {
		b.hear(ctx)
		select {
		case <-time.After(time.Second): // Redis is gone; meanwhile looks wait as long as they may
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// hear rings until the connection or ctx ends.
func (b *bells) hear(ctx context.Context) {
	told := b.redis.Subscribe(ctx, b.channel)
	defer context.AfterFunc(ctx, func() { told.Close() })()
	defer told.Close()
	for {
		message, err := told.ReceiveMessage(ctx)
		if err != nil {
			return
		}
		b.ring(message.Payload)
	}
}

// ringing is a queue whose workers are told of every task.
type ringing struct {
	relay.Queue
	bells *bells
}

// EnqueueContext hands the task over and rings.
func (r ringing) EnqueueContext(ctx context.Context, t *asynq.Task, opts ...asynq.Option) (*asynq.TaskInfo, error) {
	info, err := r.Queue.EnqueueContext(ctx, t, opts...)
	if err == nil && info != nil {
		r.bells.announce(info.Queue)
	}
	return info, err
}
