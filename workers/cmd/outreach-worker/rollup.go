package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
)

// rollupCommand counts the figures of months and keeps them.
func rollupCommand() command {
	return command{name: "rollup", what: "count the figures of months and keep them", flags: rollupFlags, do: rollup,
		long: "Counts the figures of months, one after the other, and keeps them hamlet by hamlet, so\n" +
			"that a report reads them instead of counting all that was said and owed. Figures are\n" +
			"the same without it. The workers do it for the month that runs and the one before;\n" +
			"call it for earlier months after an upgrade, a new policy, or a change of places. It\n" +
			"may be repeated, and run beside the workers.\n\n" +
			"  --from MONTH  2017-03 [twelve months ago]\n  --to MONTH    [this month]\n"}
}

type rollupOptions struct{ from, to string }

func rollupFlags(set *flag.FlagSet) any {
	o := &rollupOptions{}
	set.StringVar(&o.from, "from", "", "")
	set.StringVar(&o.to, "to", "", "")
	return o
}

func rollup(ctx context.Context, c *call) error {
	if err := c.parts.ready(ctx); err != nil {
		return err
	}
	from, to, err := c.options.(*rollupOptions).months(c.parts.system.Now())
	if err != nil {
		return errUsage{err}
	}
	for m := from; !to.Before(m); m = m.Next() {
		began := time.Now()
		if err := c.parts.system.RollUp(ctx, m); err != nil {
			return fmt.Errorf("%s: %w", m, err)
		}
		fmt.Fprintf(c.out, "%s  %s\n", m, time.Since(began).Round(time.Millisecond))
	}
	return nil
}

// months are the first and the last month to roll up.
func (o *rollupOptions) months(now time.Time) (from, to calendar.Month, err error) {
	to = calendar.MonthOf(calendar.DateOf(now))
	from = to.Add(-12)
	for _, given := range []struct {
		text string
		m    *calendar.Month
	}{{o.from, &from}, {o.to, &to}} {
		if given.text == "" {
			continue
		}
		if *given.m, err = calendar.ParseMonth(given.text); err != nil {
			return from, to, err
		}
	}
	if to.Before(from) {
		return from, to, errors.New("--from comes after --to")
	}
	return from, to, nil
}
