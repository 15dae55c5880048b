package workersfx

import (
	"context"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Of what asynq asks of Redis each call is a round trip of its own: it hands over one
// task and takes one out that has ended. Where a message is a task that costs both
// sides more than what is done in Redis, so calls of the same moment go together.

// gathered is a Redis in which scripts that are called while another one is under
// way share the next round trip. Nobody waits for company: a call that is alone goes
// at once, as it always did. Each has its own answer, and its own patience. Only what
// belongs to one queue goes together: that lives on one node, and one that is out of
// reach holds up no other.
type gathered struct {
	redis.UniversalClient
	mu    sync.Mutex
	lanes map[string]*lane // by queue
}

func gather(client redis.UniversalClient) *gathered {
	return &gathered{UniversalClient: client, lanes: make(map[string]*lane)}
}

// EvalSha runs a script, together with others of the same queue that are called just now.
func (g *gathered) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	if len(keys) == 0 {
		return g.UniversalClient.EvalSha(ctx, sha, keys, args...)
	}
	return g.lane(queueOf(keys[0])).do(&call{ctx: ctx, sha: sha, keys: keys, args: args})
}

// queueOf is the queue of a key of asynq, which has it in braces: what a cluster looks
// at to find its node.
func queueOf(key string) string {
	_, rest, _ := strings.Cut(key, "{")
	queue, _, _ := strings.Cut(rest, "}")
	return queue
}

func (g *gathered) lane(queue string) *lane {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lanes[queue]
	if l == nil {
		l = &lane{client: g.UniversalClient}
		g.lanes[queue] = l
	}
	return l
}

// lane is what is under way for one queue, and who waits for it.
type lane struct {
	client redis.UniversalClient

	mu      sync.Mutex
	busy    bool
	waiting []*call
}

// call is one call of a script.
type call struct {
	ctx  context.Context
	sha  string
	keys []string
	args []any

	trip *trip // that it goes with; nil while it waits
	cmd  *redis.Cmd
	done chan struct{} // closed: cmd is the answer
}

// trip is a round trip that several share. It ends early when none of them waits any more.
type trip struct {
	waiting int
	cancel  context.CancelFunc
}

// most is how many calls one round trip holds: Redis runs them one after the other,
// and who looks for a task meanwhile waits.
const most = 64

// do makes the call now, or with others as soon as the one under way is over.
func (l *lane) do(c *call) *redis.Cmd {
	l.mu.Lock()
	if !l.busy {
		l.busy = true
		l.mu.Unlock()
		defer l.next()
		return c.alone(l.client)
	}
	c.done = make(chan struct{})
	l.waiting = append(l.waiting, c)
	l.mu.Unlock()
	select {
	case <-c.done:
		return c.cmd
	case <-c.ctx.Done():
		l.leave(c)
		return c.answer(c.ctx.Err())
	}
}

// next lets those go who came meanwhile.
func (l *lane) next() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy = len(l.waiting) > 0; l.busy {
		go l.work()
	}
}

// work makes round trips until nobody waits.
func (l *lane) work() {
	for {
		calls, ctx := l.take()
		if len(calls) == 0 {
			return
		}
		together(ctx, l.client, calls)
		calls[0].trip.cancel()
	}
}

// take begins the next round trip: with those who have waited longest, and are not at one
// already.
func (l *lane) take() ([]*call, context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.waiting), most)
	if l.busy = n > 0; !l.busy {
		l.waiting = nil
		return nil, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	t := &trip{waiting: n, cancel: cancel}
	calls := l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	for _, c := range calls {
		c.trip = t
	}
	return calls, ctx
}

// leave takes back a call whose caller waits no more. What has gone already may be done
// all the same, as in a call that was given up when it was alone.
func (l *lane) leave(c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.trip != nil {
		if c.trip.waiting--; c.trip.waiting == 0 {
			c.trip.cancel()
		}
		return
	}
	for i, waits := range l.waiting {
		if waits == c {
			l.waiting = append(l.waiting[:i:i], l.waiting[i+1:]...)
			return
		}
	}
}

// together makes the calls in one round trip and tells each its answer.
func together(ctx context.Context, client redis.UniversalClient, calls []*call) {
	pipe := client.Pipeline()
	for _, c := range calls {
		c.cmd = pipe.EvalSha(ctx, c.sha, c.keys, c.args...)
	}
	_, err := pipe.Exec(ctx)
	for _, c := range calls {
		if err != nil && c.cmd.Err() == nil && c.cmd.Val() == nil { // no script was run: a hook said no
			c.cmd.SetErr(err)
		}
		close(c.done)
	}
}

// alone makes the call as if there were no others.
func (c *call) alone(client redis.UniversalClient) *redis.Cmd {
	return client.EvalSha(c.ctx, c.sha, c.keys, c.args...)
}

// answer is one without an answer of Redis.
func (c *call) answer(err error) *redis.Cmd {
	cmd := redis.NewCmd(c.ctx)
	cmd.SetErr(err)
	return cmd
}
