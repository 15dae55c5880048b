package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

// window is a sender of the desk's own: it prints.
type window struct {
	desk    *desk
	channel notify.Channel
}

func (d *desk) senders() []notify.Sender {
	return []notify.Sender{window{d, notify.SMS}, window{d, notify.Email}}
}

func (w window) Describe() notify.Capabilities {
	return notify.Capabilities{Name: "window." + string(w.channel), Channel: w.channel, Timeout: time.Second}
}

func (w window) Send(_ context.Context, m notify.Message) notify.Outcome {
	fmt.Fprintf(w.desk.out, "  told %s: %s\n", m.To, m.Template)
	return notify.Outcome{Result: notify.ResultAccepted, ProviderID: string(m.Notice)}
}

// errStandby: somebody else delivers. Ten seconds after he fell silent this
// desk may take over.
var errStandby = errors.New("another process delivers at the moment")

// carry delivers what is due by the desk's own means: no queue, no workers. Call
// it from a timer, and after each commit if you like. Whatever is interrupted is
// found again by Recover.
//
// One pass is not enough: a notice that cannot reach anybody on its channel puts
// one for another channel in its place, which is due at once and belongs to the
// next pass, with or without tickets in this one. So the passes go on as long as
// one of them moves something, and what nothing can move (a provider that is
// down) is left for the next call.
func (d *desk) carry(ctx context.Context) error {
	if _, err := d.sys.Recover(ctx); err != nil {
		return err
	}
	for {
		done, err := d.sys.Dispatch(ctx, d.owner, 100)
		if err != nil {
			return err
		}
		if done.Standby {
			return errStandby
		}
		for _, sender := range d.senders() {
			if err := d.hand(ctx, sender, done.Tickets); err != nil {
				return err
			}
		}
		if len(done.Tickets)+done.Merged+done.Deferred+done.Ended == 0 {
			return nil
		}
	}
}

// hand lets one sender deliver the tickets of its channel.
func (d *desk) hand(ctx context.Context, sender notify.Sender, tickets []core.Ticket) error {
	var mine []core.Ticket
	for _, t := range tickets {
		if t.Channel == sender.Describe().Channel {
			mine = append(mine, t)
		}
	}
	deliveries, err := d.sys.Claim(ctx, d.owner, sender.Describe(), mine)
	if err != nil {
		return err
	}
	for _, delivery := range deliveries {
		settled := core.Settled{Delivery: delivery, Outcome: sender.Send(ctx, delivery.Message)}
		if err := d.sys.Settle(ctx, []core.Settled{settled}); err != nil {
			return err
		}
	}
	return nil
}

// employ lets the workers deliver what is due, and stops them.
func (d *desk) employ(ctx context.Context, client redis.UniversalClient) error {
	app := fx.New(fx.NopLogger,
		fx.Supply(d.sys, workersfx.Config{Owner: d.owner, Prefix: "embed", Check: 10 * time.Millisecond, Poll: 10 * time.Millisecond, Sweep: -1}),
		fx.Provide(
			func() redis.UniversalClient { return client },
			fx.Annotate(d.senders, fx.ResultTags(`group:"outreach.senders,flatten"`)),
		),
		workersfx.Module,
	)
	if err := app.Start(ctx); err != nil {
		return err
	}
	for {
		o, err := d.sys.Outstanding(ctx)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || o.Due+o.Queued+o.Sending == 0 {
			return errors.Join(err, app.Stop(context.WithoutCancel(ctx)))
		}
		time.Sleep(10 * time.Millisecond)
	}
}
