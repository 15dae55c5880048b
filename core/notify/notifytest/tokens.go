package notifytest

import (
	"context"

	"github.com/huongvecoso/outreach/core/notify"
)

// Tokens is the side of a fake provider that gives tokens.
type Tokens struct {
	// Expire makes every token it has given so far worthless, without telling.
	Expire func()
	// Fetched is how many tokens were asked for. Safe for concurrent use.
	Fetched func() int
}

func tokenPromises() []promise {
	return []promise{
		{"a token is fetched once and kept",
			"providers count, and bar, who asks for tokens all the time", Healthy, keepsItsToken},
		{"a token that expired is fetched anew once, whoever finds out",
			"a single-use refresh token that two use at once locks the account out", Healthy, refreshesOnce},
		{"tokens that are not honoured are not fetched in a loop",
			"a wrong account would be asked for tokens until somebody bars it", TokenUseless, doesNotLoop},
	}
}

// tokens returns the provider's side, for senders that fetch tokens.
func (c *check) tokens() Tokens {
	c.Helper()
	if !c.h.Tokens || c.fixture.Tokens == nil {
		c.pass("the sender fetches no tokens")
	}
	return *c.fixture.Tokens
}

func keepsItsToken(c *check) {
	tokens := c.tokens()
	for i := range 5 {
		c.sentOne(i)
	}
	if n := tokens.Fetched(); n > 1 {
		c.broken("%d tokens were fetched for five messages", n)
	}
}

func refreshesOnce(c *check) {
	tokens := c.tokens()
	c.sentOne(1)
	before := tokens.Fetched()
	tokens.Expire()
	running := make([]<-chan sent, 50)
	for i := range running {
		running[i] = c.start(context.Background(), c.message(100+i))
	}
	for _, done := range running {
		if out := c.await(done); out.Result != notify.ResultAccepted {
			c.broken("a Send that found its token expired: %+v", out)
			return
		}
	}
	if n := tokens.Fetched() - before; n != 1 {
		c.broken("%d tokens were fetched after one had expired", n)
	}
	if took := len(c.fixture.Deliveries()); took != 1+len(running) {
		c.broken("the provider took %d messages of %d", took, 1+len(running))
	}
}

func doesNotLoop(c *check) {
	tokens := c.tokens()
	c.send(context.Background(), c.message(1))
	if n := tokens.Fetched(); n > 2 {
		c.broken("%d tokens were fetched for one message", n)
	}
}
