package core_test

import (
	"context"
	"fmt"
	"time"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
)

// screen is a provider that prints.
type screen struct{}

func (screen) Describe() notify.Capabilities {
	return notify.Capabilities{Name: "screen", Channel: notify.SMS, Timeout: time.Second}
}

func (screen) Send(_ context.Context, m notify.Message) notify.Outcome {
	fmt.Printf("to %s: %s\n", m.To, m.Text)
	return notify.Outcome{Result: notify.ResultAccepted, ProviderID: "1"}
}

// A host that has no queue delivers in a loop of its own.
func ExampleSystem_Dispatch() {
	ctx := context.Background()
	now := time.Date(2017, 3, 15, 3, 0, 0, 0, time.UTC) // 10:00 in Vietnam
	db := memstore.New()
	sys, err := core.New(db, policy.Default(), &core.Options{Clock: func() time.Time { return now }})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = db.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		lan := org.Person{ID: "lan", FullName: "Trần Thị Lan", Honorific: "đồng chí", Phone: "+84900000001", PhoneSMS: true}
		if err := tx.PutPerson(ctx, &lan); err != nil {
			return err
		}
		_, err := tx.AddNotice(ctx, &notify.Notice{ // as the programme's rules do by themselves
			ID: "n-1", Key: "duty/d-1/report/sms", Template: "duty.report", State: notify.Pending, To: org.Party{Person: "lan", Team: "T3"},
			Audience: notify.ToOfficial, Channel: notify.SMS, Class: notify.Duty, Priority: notify.Normal, OnUnknown: notify.Hold,
			Vars: map[string]string{"label": "ấp Bình Minh 08/3", "place": "ấp Bình Minh", "due": "2017-03-15"}, NextAt: now, Created: now,
		})
		return err
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	var sender notify.Sender = screen{}
	done, err := sys.Dispatch(ctx, "this process", 100)
	if err != nil {
		fmt.Println(err)
		return
	}
	deliveries, err := sys.Claim(ctx, "this process", sender.Describe(), done.Tickets)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range deliveries {
		outcome := sender.Send(ctx, d.Message)
		if err := sys.Settle(ctx, []core.Settled{{Delivery: d, Outcome: outcome}}); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// to +84900000001: HVCS: nhắc đồng chí Lan gửi báo cáo buổi tại ấp Bình Minh, hạn 15/3/2017.
}
