package relay_test

import (
	"context"
	"errors"
	"testing"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/rate"
	"github.com/huongvecoso/outreach/workers/relay"
)

// roomyOutbox hands out as many tickets of one provider as it was given tokens for,
// but no more than it has.
type roomyOutbox struct {
	outbox
	has  int
	room core.Room
}

func (o *roomyOutbox) DispatchWithin(_ context.Context, _ string, _ int, room core.Room) (core.Dispatched, error) {
	o.room = room
	n := min(o.has, room.Tokens["esms"])
	o.has -= n
	return core.Dispatched{Tickets: tickets(n, notify.SMS, notify.Critical), Spent: map[string]int{"esms": n}}, nil
}

// bucket holds so many tokens of a provider, or is out of reach.
type bucket struct {
	tokens int
	err    error
}

func (b *bucket) Take(_ context.Context, _ string, _ rate.Limit, want int) (int, error) {
	granted := min(want, b.tokens)
	b.tokens -= granted
	return granted, b.err
}

func (b *bucket) Give(_ context.Context, _ string, _ rate.Limit, unused int) error {
	b.tokens += unused
	return nil
}

func TestTokensAreTakenBeforeATaskExists(t *testing.T) {
	for _, c := range []struct {
		name                 string
		waiting, tokens      int
		tasks, tokensLeft    int
		unreachable, refused bool
	}{
		{name: "no more tasks than tokens", waiting: 5, tokens: 3, tasks: 3},
		{name: "what is not used goes back", waiting: 2, tokens: 3, tasks: 2, tokensLeft: 1},
		{name: "no token, no task", waiting: 5},
		{name: "no task while nobody knows how many there are", waiting: 5, tokens: 3, unreachable: true, refused: true},
	} {
		b := &bucket{tokens: c.tokens}
		if c.unreachable {
			b.err = errors.New("connection refused")
		}
		q := &queue{}
		_, err := relay.New(&roomyOutbox{has: c.waiting}, q, "r1",
			&relay.Options{Rates: map[string]rate.Limit{"esms": {PerSecond: 3}}, Buckets: b}).Pass(t.Context())
		if (err != nil) != c.refused || len(q.tasks) != c.tasks || !c.refused && b.tokens != c.tokensLeft {
			t.Errorf("%s: %d tasks, %d tokens left, %v; want %d and %d", c.name, len(q.tasks), b.tokens, err, c.tasks, c.tokensLeft)
		}
	}
}
