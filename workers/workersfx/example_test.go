package workersfx_test

import (
	"context"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

// letterbox is a sender of the host's own.
type letterbox chan notify.Message

func (letterbox) Describe() notify.Capabilities {
	return notify.Capabilities{Name: "letterbox", Channel: notify.SMS, Timeout: time.Second}
}

func (l letterbox) Send(_ context.Context, m notify.Message) notify.Outcome {
	l <- m
	return notify.Outcome{Result: notify.ResultAccepted, ProviderID: string(m.Notice)}
}

// What a unit of work put into the outbox goes over Redis to the sender of its
// channel, from the moment the application starts until it stops. The Redis here
// is an imitation and the store is in memory; the workers are the real ones.
func Example() {
	ctx := context.Background()
	imitation, err := miniredis.Run()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer imitation.Close()
	templates, err := outboxtest.Templates()
	if err != nil {
		fmt.Println(err)
		return
	}
	began, bell, db, box := time.Now(), new(workersfx.Bell), memstore.New(), make(letterbox, 1)
	sys, err := core.New(db, policy.Default(), &core.Options{
		Templates: templates, Wake: bell.Ring,
		Clock: func() time.Time { // a morning on which anybody may be written to
			return time.Date(2017, 3, 15, 10, 0, 0, 0, calendar.Zone()).Add(time.Since(began))
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := redis.NewClient(&redis.Options{Addr: imitation.Addr()})
	defer client.Close()

	app := fx.New(fx.NopLogger,
		fx.Supply(sys, bell, workersfx.Config{Check: 10 * time.Millisecond}),
		fx.Provide(
			func() redis.UniversalClient { return client },
			fx.Annotate(func() notify.Sender { return box }, fx.ResultTags(`group:"outreach.senders"`)),
		),
		workersfx.Module,
	)
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	if err := outboxtest.People(ctx, db, 1); err != nil {
		fmt.Println(err)
	}
	if err := outboxtest.Add(ctx, db, outboxtest.Notice(0, notify.SMS, sys.Now())); err != nil { // a service does this by its work
		fmt.Println(err)
	}
	m := <-box
	fmt.Println(m.Notice, m.Channel)
	fmt.Println("stopped:", app.Stop(ctx))
	// Output:
	// n-000000 sms
	// stopped: <nil>
}
