package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store/countrytest"
	"github.com/huongvecoso/outreach/core/visit"
)

// planning plans a year for N officials, month by month with every rule of the
// planner, and writes the visits of its first months.
type planning struct {
	product
	hosts   []programme.Host
	months  int // that are written; 0: none
	planned int
	short   int
	wrote   int
	writing time.Duration
}

func (c *planning) prepare(context.Context) error {
	c.hosts = countrytest.New(seed, c.N).Hosts(numbers.Quota.PerMonth)
	if c.months == 0 {
		return nil
	}
	return c.open()
}

func (c *planning) run(ctx context.Context) error {
	month := calendar.MonthOf(calendar.MustDate(2017, 1, 1))
	for m := range 12 {
		draft := programme.Plan(programme.Request{Month: month, Quota: numbers.Quota, Calendar: days, Hamlets: c.hosts})
		c.planned, c.short = c.planned+len(draft.Choices), c.short+len(draft.Short)
		left := draft.Choices // by place, as the hosts are
		for i := range c.hosts {
			h := &c.hosts[i] // the next month keeps its distance from this one's
			for h.Visits = h.Visits[:0]; len(left) > 0 && left[0].Place == h.Place; left = left[1:] {
				h.Visits = append(h.Visits, left[0].Date)
			}
		}
		if m < c.months {
			if err := c.write(ctx, draft); err != nil {
				return err
			}
		}
		month = month.Next()
	}
	return nil
}

// write writes the visits of a draft as a host does that has several connections:
// while PostgreSQL takes one part, the next is made ready.
func (c *planning) write(ctx context.Context, draft programme.Draft) error {
	began := time.Now()
	before := c.wrote
	err := inParts(ctx, c.store, len(draft.Choices), func(from, to int) (b sqlstore.Batch, _ error) {
		for i, choice := range draft.Choices[from:to] {
			b.Visits = append(b.Visits, visitOf(choice, before+from+i+1))
		}
		return b, nil
	})
	c.writing += time.Since(began)
	c.wrote += len(draft.Choices)
	return err
}

// visitOf is the n-th visit, as it is planned.
func visitOf(choice programme.Choice, n int) *visit.State {
	return &visit.State{
		ID: visit.ID(fmt.Sprintf("p-%08d", n)), Kind: visit.Regular, Place: choice.Place, Team: "TO-00000", Official: choice.Official,
		Planned: choice.Date, At: choice.At, Venue: choice.Venue, Status: visit.Planned, Recorded: morning,
	}
}

// marks says N when nearly everything that is owed was planned: two visits a
// month; and what was to be written is there.
func (c *planning) marks(ctx context.Context) (int, error) {
	owed := 12 * numbers.Quota.PerMonth * c.N
	if c.planned+c.short != owed || c.short*50 > owed {
		return 0, fmt.Errorf("of %d visits owed %d were planned and %d found no day", owed, c.planned, c.short)
	}
	if c.months == 0 {
		return c.N, nil
	}
	stored := 0
	err := c.db.QueryRowContext(ctx, `SELECT count(*) FROM outreach_visit`).Scan(&stored)
	if err == nil && stored != c.wrote {
		err = errors.New("the plan was not written whole")
	}
	return c.N, err
}

// figures are the seconds; those of writing for the whole year.
func (c *planning) figures() map[string]float64 {
	f := map[string]float64{"visits": float64(c.planned)}
	if c.wrote > 0 {
		f["write s"] = c.writing.Seconds() * float64(c.planned) / float64(c.wrote)
	}
	return f
}
