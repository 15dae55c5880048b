package core_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
)

// carried lets a gateway have taken so many messages ten minutes ago, which took so
// long each to arrive; 0: it tells nothing of them.
func (p *post) carried(by string, many int, took time.Duration) {
	p.t.Helper()
	taken := p.sys.Now().Add(-10 * time.Minute)
	p.put(func(ctx context.Context, tx store.Tx) error {
		for i := range many {
			id := notify.ID(fmt.Sprintf("%s-%s-%d", by, took, i))
			n := notify.Notice{ID: id, Key: string(id), Channel: notify.SMS, State: notify.Accepted, Provider: by, Done: taken, NextAt: taken}
			if took > 0 {
				n.State, n.Arrived = notify.Delivered, taken.Add(took)
			}
			if _, err := tx.AddNotice(ctx, &n); err != nil {
				return err
			}
			err := tx.AddAttempts(ctx, []*notify.Attempt{{ID: "a-" + string(id), Notice: id, Number: 1, Provider: by, Outcome: notify.ResultAccepted, Started: taken}})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// share is what a provider has now, in hundredths of its weight.
func (p *post) share(name string) int {
	p.t.Helper()
	one := p.provider(name)
	return one.Share(p.sys.Now())
}

// Slow delivery (notifications 2.10).
func TestAProviderThatIsSlowGetsLessAsLongAsAnotherIsNot(t *testing.T) {
	for name, c := range map[string]struct {
		carry func(p *post)
		share map[string]int
	}{
		"one of two is slow": {func(p *post) {
			p.carried("gateway-a", 17, time.Minute)
			p.carried("gateway-a", 3, 6*time.Minute)
			p.carried("gateway-b", 20, time.Minute)
		}, map[string]int{"gateway-a": 90, "gateway-b": 100}},
		"both are: the fault is not theirs": {func(p *post) {
			p.carried("gateway-a", 20, 6*time.Minute)
			p.carried("gateway-b", 20, 6*time.Minute)
		}, map[string]int{"gateway-a": 100, "gateway-b": 100}},
		"what nobody told of counts once a receipt shows that there are any": {func(p *post) {
			p.carried("gateway-a", 16, time.Minute)
			p.carried("gateway-a", 4, 0)
			p.carried("gateway-b", 20, 0) // it never tells
		}, map[string]int{"gateway-a": 90, "gateway-b": 100}},
		"a few slow ones of many": {func(p *post) {
			p.carried("gateway-a", 18, time.Minute)
			p.carried("gateway-a", 3, 6*time.Minute)
			p.carried("gateway-b", 20, time.Minute)
		}, map[string]int{"gateway-a": 100, "gateway-b": 100}},
	} {
		p := newPost(t)
		p.twoGateways(1, 1)
		c.carry(p)
		p.recover()
		p.recover()
		for gateway, share := range c.share {
			if got := p.provider(gateway); got.Share(p.sys.Now()) != share {
				t.Errorf("%s: %s has a share of %d (%s), want %d", name, gateway, got.Share(p.sys.Now()), got.Reason, share)
			}
		}
		slowed := 0
		p.see(func(ctx context.Context, tx store.Tx) error {
			records, err := tx.Records(ctx, event.Query{Subject: notify.ProviderSubject("gateway-a")})
			for _, r := range records {
				if r.Kind == (notify.ProviderSlowed{}).Kind() {
					slowed++
				}
			}
			return err
		})
		if want := (100 - c.share["gateway-a"]) / 10; slowed != want {
			t.Errorf("%s: the journal says so %d times, want %d", name, slowed, want)
		}
	}
}

func TestASlowProviderIsLookedAtOnceAMinute(t *testing.T) {
	p := newPost(t)
	p.twoGateways(1, 1)
	p.carried("gateway-a", 20, 6*time.Minute)
	for i, share := range []int{90, 90, 80, 80} {
		p.recover()
		if got := p.share("gateway-a"); got != share {
			t.Errorf("look %d: share %d, want %d", i+1, got, share)
		}
		p.pass(30 * time.Second)
	}
	p.pass(6 * time.Minute) // what was slow is a quarter of an hour ago
	p.recover()
	if got := p.share("gateway-a"); got != 80 {
		t.Errorf("when nothing is slow any more: share %d, want 80 as before", got)
	}
}
