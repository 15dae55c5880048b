package workersfx

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/huongvecoso/outreach/workers/redistest"
)

// echo answers with what it was told, or with an error when that is "no".
var echo = redis.NewScript(`if ARGV[1] == "no" then return redis.error_reply("NOT FOUND") end return ARGV[1]`)

// wire sees the round trips of a client, and holds those of one queue.
type wire struct {
	mu    sync.Mutex
	trips [][]redis.Cmder

	held    string        // queue
	release chan struct{} // closed: nothing is held any more
	refuse  error         // what is said to round trips that several share
}

func (w *wire) DialHook(next redis.DialHook) redis.DialHook { return next }

func (w *wire) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := w.pass(ctx, cmd); err != nil {
			return err
		}
		return next(ctx, cmd)
	}
}

func (w *wire) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if err := errors.Join(w.pass(ctx, cmds...), w.refuse); err != nil {
			return err
		}
		return next(ctx, cmds)
	}
}

func (w *wire) pass(ctx context.Context, cmds ...redis.Cmder) error {
	if cmds[0].Name() != "evalsha" {
		return nil
	}
	w.mu.Lock()
	w.trips = append(w.trips, cmds)
	held := queueOf(cmds[0].Args()[3].(string)) == w.held
	w.mu.Unlock()
	if !held {
		return nil
	}
	select {
	case <-w.release:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *wire) sizes() (all []int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, cmds := range w.trips {
		all = append(all, len(cmds))
	}
	return all
}

// bench is a gathered Redis whose round trips for the queue "a" are held.
func bench(t *testing.T) (*gathered, *wire) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: redistest.Mini(t).Addr()})
	t.Cleanup(func() { client.Close() })
	if err := echo.Load(t.Context(), client).Err(); err != nil {
		t.Fatal(err)
	}
	w := &wire{held: "a", release: make(chan struct{})}
	client.AddHook(w)
	return gather(client), w
}

func keyOf(queue string) []string { return []string{"asynq:{" + queue + "}:t"} }

// begin makes the calls and comes back when the first is under way and the others wait.
func begin(ctx context.Context, t *testing.T, g *gathered, w *wire, said ...string) (answers []chan *redis.Cmd) {
	t.Helper()
	for i, word := range said {
		answer := make(chan *redis.Cmd, 1)
		answers = append(answers, answer)
		go func() { answer <- g.EvalSha(ctx, echo.Hash(), keyOf("a"), word) }()
		eventually(t, fmt.Sprintf("call %d goes or waits", i), func() bool {
			l := g.lane("a")
			l.mu.Lock()
			defer l.mu.Unlock()
			return i == 0 && len(w.sizes()) == 1 || i > 0 && len(l.waiting) == i
		})
	}
	return answers
}

func eventually(t *testing.T, what string, true func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !true(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not: %s", what)
		}
	}
}

func TestCallsOfOneMomentShareARoundTripAndEachHasItsOwnAnswer(t *testing.T) {
	g, w := bench(t)
	said := []string{"first"}
	for i := range most + 2 {
		said = append(said, fmt.Sprint(i))
	}
	said[3] = "no"
	answers := begin(t.Context(), t, g, w, said...)
	close(w.release)
	for i, answer := range answers {
		got, err := (<-answer).Text()
		if said[i] == "no" {
			if err == nil || err.Error() != "NOT FOUND" {
				t.Errorf("call %d: %q, %v; want the error of its own script", i, got, err)
			}
		} else if got != said[i] || err != nil {
			t.Errorf("call %d: %q, %v; want %q", i, got, err, said[i])
		}
	}
	if sizes := w.sizes(); len(sizes) != 3 || sizes[0] != 1 || sizes[1] != most || sizes[2] != 2 {
		t.Errorf("round trips of %v calls, want 1, %d and 2", sizes, most)
	}
	l := g.lane("a")
	eventually(t, "nothing is under way", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return !l.busy
	})
	if got, err := g.EvalSha(t.Context(), echo.Hash(), keyOf("a"), "later").Text(); got != "later" || err != nil {
		t.Errorf("afterwards: %q, %v", got, err)
	}
}

func TestACallOfAnotherQueueAndALookForATaskDoNotWait(t *testing.T) {
	g, w := bench(t)
	held := begin(t.Context(), t, g, w, "first", "second")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if got, err := g.EvalSha(ctx, echo.Hash(), keyOf("b"), "other").Text(); got != "other" || err != nil {
		t.Errorf("of another queue: %q, %v", got, err)
	}
	w.mu.Lock()
	w.held = "none of the looks" // what is under way is held all the same
	w.mu.Unlock()
	look := []string{"asynq:{a}:pending", "asynq:{a}:paused", "asynq:{a}:active", "asynq:{a}:lease"}
	if got, err := newGate(g, 1, time.Hour, nil).EvalSha(ctx, echo.Hash(), look, "look").Text(); got != "look" || err != nil {
		t.Errorf("a look: %q, %v", got, err)
	}
	if len(held[0])+len(held[1]) > 0 {
		t.Error("nothing was held: nothing was shown")
	}
	close(w.release)
	for _, answer := range held {
		<-answer
	}
}

func TestWhoWaitsNoMoreIsToldAtOnceAndHoldsUpNobody(t *testing.T) {
	g, w := bench(t)
	first := begin(t.Context(), t, g, w, "first")[0]
	impatient, giveUp := context.WithCancel(t.Context())
	gone, stays := make(chan *redis.Cmd, 1), make(chan *redis.Cmd, 1)
	go func() { gone <- g.EvalSha(impatient, echo.Hash(), keyOf("a"), "gone") }()
	l := g.lane("a")
	waiting := func(n int) func() bool {
		return func() bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			return len(l.waiting) == n
		}
	}
	eventually(t, "it waits", waiting(1))
	go func() { stays <- g.EvalSha(t.Context(), echo.Hash(), keyOf("a"), "stays") }()
	eventually(t, "both wait", waiting(2))
	giveUp()
	if err := (<-gone).Err(); !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up was told %v", err)
	}
	eventually(t, "it waits no more", waiting(1))
	close(w.release)
	if got, err := (<-first).Text(); got != "first" || err != nil {
		t.Errorf("the first: %q, %v", got, err)
	}
	if got, err := (<-stays).Text(); got != "stays" || err != nil {
		t.Errorf("who stayed: %q, %v", got, err)
	}
	if sizes := w.sizes(); len(sizes) != 2 || sizes[1] != 1 {
		t.Errorf("round trips of %v calls: what was given up in time is not made", sizes)
	}
}

// A round trip belongs to all who are on it: it goes on for those who wait, and ends
// when nobody does.
func TestARoundTripEndsWhenNobodyWaitsForItAnyMore(t *testing.T) {
	g, w := bench(t)
	l := g.lane("a")
	l.busy = true // as if one were under way
	patience := make([]context.CancelFunc, 2)
	answers := make([]chan *redis.Cmd, 2)
	for i := range answers {
		ctx, cancel := context.WithCancel(t.Context())
		answers[i], patience[i] = make(chan *redis.Cmd, 1), cancel
		go func() { answers[i] <- g.EvalSha(ctx, echo.Hash(), keyOf("a"), "word") }()
	}
	eventually(t, "both wait", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.waiting) == 2
	})
	l.next()
	eventually(t, "both are on their way", func() bool { s := w.sizes(); return len(s) == 1 && s[0] == 2 })
	busy := func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.busy
	}
	patience[0]()
	if err := (<-answers[0]).Err(); !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up was told %v", err)
	}
	time.Sleep(20 * time.Millisecond)
	if !busy() || len(answers[1]) > 0 {
		t.Fatal("the round trip ended because one of two gave up")
	}
	patience[1]()
	<-answers[1]
	eventually(t, "the round trip ended, although Redis says nothing", func() bool { return !busy() })
}

func TestAScriptThatRedisDoesNotKnowIsRunAllTheSame(t *testing.T) {
	g, w := bench(t)
	if err := g.ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	first := begin(t.Context(), t, g, w, "first")[0]
	answers := make([]chan string, 5)
	for i := range answers {
		answers[i] = make(chan string, 1)
		go func() {
			got, err := echo.Run(t.Context(), g, keyOf("a"), i).Text()
			answers[i] <- fmt.Sprint(got, err)
		}()
	}
	l := g.lane("a")
	eventually(t, "all wait", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.waiting) == len(answers)
	})
	close(w.release)
	if err := (<-first).Err(); !redis.HasErrorPrefix(err, "NOSCRIPT") {
		t.Errorf("%v: Redis knew the script, nothing was shown", err)
	}
	for i, answer := range answers {
		if got, want := <-answer, fmt.Sprint(i, "<nil>"); got != want {
			t.Errorf("call %d: %s, want %s", i, got, want)
		}
	}
}

func TestWhatTheClientRefusesIsAnErrorOfEachCall(t *testing.T) {
	g, w := bench(t)
	w.refuse = errors.New("not now")
	answers := begin(t.Context(), t, g, w, "first", "second", "third")
	close(w.release)
	if err := (<-answers[0]).Err(); err != nil {
		t.Errorf("the first, which went alone: %v", err)
	}
	for _, answer := range answers[1:] {
		if err := (<-answer).Err(); !errors.Is(err, w.refuse) {
			t.Errorf("told %v, want that it was refused", err)
		}
	}
}
