package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/deliver"
)

// slowBox is an outbox whose transactions take a second each and hold what
// came meanwhile together.
type slowBox struct {
	outbox
	poison   notify.ID // a claim with it fails
	panics   notify.ID // a claim with it panics
	together []int     // how many notices each shared claim and each settling held
	settles  []int
}

func (o *slowBox) Claim(ctx context.Context, owner string, c notify.Capabilities, tickets []core.Ticket) ([]core.Delivery, error) {
	return o.ClaimTogether(ctx, owner, c, tickets)
}

func (o *slowBox) ClaimTogether(ctx context.Context, owner string, c notify.Capabilities, batches ...[]core.Ticket) ([]core.Delivery, error) {
	all := slices.Concat(batches...)
	o.mu.Lock()
	o.together = append(o.together, len(all))
	o.mu.Unlock()
	time.Sleep(time.Second)
	for _, t := range all {
		if t.ID == o.poison {
			return nil, fault.Broken("test.poison", "", "poison", "độc")
		}
		if t.ID == o.panics {
			panic("a template went wrong")
		}
	}
	return o.outbox.Claim(ctx, owner, c, all)
}

func (o *slowBox) Settle(ctx context.Context, settled []core.Settled) error {
	o.mu.Lock()
	o.settles = append(o.settles, len(settled))
	o.mu.Unlock()
	time.Sleep(time.Second)
	return o.outbox.Settle(ctx, settled)
}

// sendEach delivers every ticket in a task of its own, all at once.
func sendEach(t *testing.T, h *deliver.Handler, s notify.Sender, tickets ...core.Ticket) []error {
	t.Helper()
	errs := make([]error, len(tickets))
	var all sync.WaitGroup
	for i, one := range tickets {
		all.Go(func() { errs[i] = h.Deliver(t.Context(), s, []core.Ticket{one}) })
	}
	all.Wait()
	return errs
}

func single(n int) []core.Ticket {
	var all []core.Ticket
	for i := range n {
		all = append(all, core.Ticket{ID: notify.ID(fmt.Sprint(i)), Generation: 1, Channel: notify.SMS, Priority: notify.Critical})
	}
	return all
}

func TestWhoeverWaitsSharesTheNextTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, s := &slowBox{}, accepts("gw", notify.SMS, 1)
		for _, err := range sendEach(t, handler(t, box, s), s, single(40)...) {
			if err != nil {
				t.Error(err)
			}
		}
		if len(box.settled) != 40 {
			t.Errorf("%d outcomes of 40", len(box.settled))
		}
		// Whoever came first goes alone, all the others together; then the same with outcomes.
		if len(box.together) > 3 || len(box.settles) > 4 {
			t.Errorf("40 messages took claims of %v and settlings of %v: they did not share", box.together, box.settles)
		}
	})
}

func TestWhatOnceEndedBadlySharesItsClaimWithNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, s := &slowBox{}, accepts("gw", notify.SMS, 1)
		tickets := single(10)
		for i := range tickets {
			tickets[i].Alone = true
		}
		sendEach(t, handler(t, box, s), s, tickets...)
		if len(box.together) != 10 || slices.Max(box.together) != 1 {
			t.Errorf("claims of %v, want ten of one each", box.together)
		}
	})
}

func TestNobodysTroubleIsAnothersInASharedTransaction(t *testing.T) {
	for _, c := range []struct {
		what string
		box  *slowBox
	}{{"a rule is broken", &slowBox{poison: "7"}}, {"it panics", &slowBox{panics: "7"}}} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := accepts("gw", notify.SMS, 1)
				for i, err := range sendEach(t, handler(t, c.box, s), s, single(20)...) {
					if (err != nil) != (i == 7) {
						t.Errorf("notice %d: %v", i, err)
					}
				}
				if len(c.box.settled) != 19 {
					t.Errorf("%d outcomes of the 19 others", len(c.box.settled))
				}
			})
		})
	}
}

func TestADatabaseOutOfReachIsAskedOnceForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, s := &slowBox{}, accepts("gw", notify.SMS, 1)
		box.claimErr = errors.New("connection refused")
		for i, err := range sendEach(t, handler(t, box, s), s, single(20)...) {
			if err == nil {
				t.Errorf("notice %d went", i)
			}
		}
		if len(box.together) > 3 {
			t.Errorf("asked %d times", len(box.together))
		}
	})
}

func TestATaskThatEndsWhileItWaitsIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, s := &slowBox{}, accepts("gw", notify.SMS, 1)
		h := handler(t, box, s)
		tickets := single(2)
		first := make(chan error, 1)
		go func() { first <- h.Deliver(t.Context(), s, tickets[:1]) }()
		synctest.Wait() // its claim is under way
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := h.Deliver(ctx, s, tickets[1:]); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the one that waited: %v", err)
		}
		if err := <-first; err != nil {
			t.Error(err)
		}
		if box.claimed["1"] {
			t.Error("it was claimed although nobody would have called")
		}
	})
}

// A claim of hundreds of reminders is under way nearly all the time in the morning.
func TestAClaimOfWhatIsCriticalDoesNotWaitForOneOfTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, s := &slowBox{}, accepts("gw", notify.SMS, 8)
		h := handler(t, box, s)
		ordinary := single(8)
		for i := range ordinary {
			ordinary[i].ID, ordinary[i].Priority = "o-"+ordinary[i].ID, notify.Normal
		}
		var all sync.WaitGroup
		for _, tickets := range [][]core.Ticket{ordinary, single(1)} {
			all.Go(func() {
				if err := h.Deliver(t.Context(), s, tickets); err != nil {
					t.Error(err)
				}
			})
			time.Sleep(100 * time.Millisecond)
		}
		box.mu.Lock()
		if !slices.Equal(box.together, []int{8, 1}) {
			t.Errorf("claims of %v are under way", box.together)
		}
		box.mu.Unlock()
		all.Wait()
	})
}
