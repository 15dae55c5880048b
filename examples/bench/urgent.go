package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
)

// urgent makes a notice one that may not wait for others.
func urgent(n *notify.Notice) { n.Priority = notify.Critical }

// idle is the product with nothing to do, in which now and then somebody commits
// one critical notice. What counts is how long it takes from the commit to the
// provider, and what the waiting costs.
type idle struct {
	product
	notices   []*notify.Notice
	committed []time.Time
	p50, p99  time.Duration
	cpu       float64 // of one processor, while nothing happens
}

// idleFor is how long nothing happens before the first notice.
const idleFor = 2 * time.Second

func (c *idle) prepare(ctx context.Context) (err error) {
	if err := c.open(); err != nil {
		return err
	}
	if c.notices, err = c.reminders(ctx, c.channel); err != nil {
		return err
	}
	for _, n := range c.notices {
		urgent(n)
	}
	c.gate.open()
	if err := c.begin(ctx); err != nil {
		return err
	}
	if err := pause(ctx, time.Second); err != nil { // the first look of everything
		return err
	}
	began := processTime(os.Getpid())
	if err := pause(ctx, idleFor); err != nil {
		return err
	}
	c.cpu = (processTime(os.Getpid()) - began).Seconds() / idleFor.Seconds()
	return nil
}

func (c *idle) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	random := rand.New(rand.NewPCG(seed, 6))
	for _, n := range c.notices {
		if err := pause(ctx, 20*time.Millisecond+time.Duration(random.IntN(60))*time.Millisecond); err != nil {
			return err
		}
		err := c.store.Update(ctx, func(ctx context.Context, tx store.Tx) error {
			_, err := tx.AddNotice(ctx, n)
			return err
		})
		if err != nil {
			return err
		}
		c.committed = append(c.committed, time.Now())
		c.bell.Ring() // as System.Update does for who writes through it
	}
	return c.drained(ctx, c.N)
}

func (c *idle) marks(ctx context.Context) (int, error) {
	arrived, err := sinkClient{c.Sink.Control}.arrived(ctx)
	if err != nil {
		return 0, err
	}
	var took []time.Duration
	for i, n := range c.notices {
		at, ok := arrived[string(n.ID)]
		if !ok {
			return 0, fmt.Errorf("%s did not arrive", n.ID)
		}
		took = append(took, max(0, at.Sub(c.committed[i])))
	}
	if len(took) == 0 {
		return 0, errors.New("nothing was sent")
	}
	slices.Sort(took)
	c.p50, c.p99 = took[len(took)/2], took[min(len(took)-1, len(took)*99/100)]
	return c.product.marks(ctx)
}

func (c *idle) figures() map[string]float64 {
	return map[string]float64{"p50 ms": ms(c.p50), "p99 ms": ms(c.p99), "idle CPU %": 100 * c.cpu}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
