package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hibiken/asynq"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/deliver"
	"github.com/huongvecoso/outreach/workers/task"
)

// outbox gives every ticket out once, and keeps what was settled.
type outbox struct {
	mu        sync.Mutex
	claims    [][]core.Ticket
	claimed   map[notify.ID]bool
	settled   map[notify.ID]notify.Outcome
	claimErr  error
	failFirst int // so many settles fail
}

func (o *outbox) Claim(_ context.Context, _ string, _ notify.Capabilities, tickets []core.Ticket) ([]core.Delivery, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.claimErr != nil {
		return nil, o.claimErr
	}
	if o.claimed == nil {
		o.claimed = make(map[notify.ID]bool)
	}
	o.claims = append(o.claims, tickets)
	var deliveries []core.Delivery
	for _, t := range tickets {
		if !o.claimed[t.ID] {
			o.claimed[t.ID] = true
			deliveries = append(deliveries, core.Delivery{Ticket: t, Message: notify.Message{Notice: t.ID}})
		}
	}
	return deliveries, nil
}

func (o *outbox) Settle(ctx context.Context, settled []core.Settled) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if o.failFirst > 0 {
		o.failFirst--
		return errors.New("database down")
	}
	if o.settled == nil {
		o.settled = make(map[notify.ID]notify.Outcome)
	}
	for _, s := range settled {
		o.settled[s.Delivery.Ticket.ID] = s.Outcome
	}
	return nil
}

// sender calls a function.
type sender struct {
	caps notify.Capabilities
	send func(context.Context, notify.Message) notify.Outcome
}

func (s sender) Describe() notify.Capabilities { return s.caps }
func (s sender) Send(ctx context.Context, m notify.Message) notify.Outcome {
	return s.send(ctx, m)
}

func accepts(name string, channel notify.Channel, parallel int) sender {
	return sender{notify.Capabilities{Name: name, Channel: channel, Parallel: parallel, Timeout: time.Second},
		func(context.Context, notify.Message) notify.Outcome {
			return notify.Outcome{Result: notify.ResultAccepted}
		}}
}

func handler(t *testing.T, box deliver.Outbox, s notify.Sender) *deliver.Handler {
	t.Helper()
	h, err := deliver.New(box, "w1", []notify.Sender{s}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func smsTask(t *testing.T, n int) *asynq.Task {
	t.Helper()
	var tickets []core.Ticket
	for i := range n {
		tickets = append(tickets, core.Ticket{ID: notify.ID(fmt.Sprint(i)), Generation: 1, Channel: notify.SMS, Priority: notify.Normal})
	}
	made, err := task.New(tickets, "outreach", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestEachMessageIsClaimedSentAndSettled(t *testing.T) {
	box := &outbox{}
	if err := handler(t, box, accepts("gw", notify.SMS, 2)).ProcessTask(t.Context(), smsTask(t, 5)); err != nil {
		t.Fatal(err)
	}
	if len(box.settled) != 5 {
		t.Errorf("%d outcomes of 5", len(box.settled))
	}
}

func TestNoMoreThanOneWindowIsInDoubtAtATime(t *testing.T) {
	box := &outbox{}
	var now, most atomic.Int32
	s := accepts("gw", notify.SMS, 3)
	s.send = func(context.Context, notify.Message) notify.Outcome {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(time.Millisecond)
		now.Add(-1)
		return notify.Outcome{Result: notify.ResultAccepted}
	}
	if err := handler(t, box, s).ProcessTask(t.Context(), smsTask(t, 10)); err != nil {
		t.Fatal(err)
	}
	if most.Load() != 3 {
		t.Errorf("%d calls at once, want 3", most.Load())
	}
	for _, c := range box.claims {
		if len(c) > 3 {
			t.Errorf("claimed %d at once, want at most 3", len(c))
		}
	}
}

// What is claimed at once is in memory at once, with everything that digests carry.
func TestAWindowOfDigestsIsSmaller(t *testing.T) {
	box := &outbox{}
	s := accepts("gw", notify.SMS, 10)
	var tickets []core.Ticket
	for i, carries := range []int{0, 0, 200, 200, 200, 200, 3000, 0, 100, 100} {
		tickets = append(tickets, core.Ticket{ID: notify.ID(fmt.Sprint(i)), Channel: notify.SMS, Carries: carries})
	}
	if err := handler(t, box, s).Deliver(t.Context(), s, tickets); err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for _, c := range box.claims {
		sizes = append(sizes, len(c))
	}
	if want := []int{4, 2, 1, 3}; !slices.Equal(sizes, want) || len(box.settled) != len(tickets) {
		t.Errorf("claimed %v at once and settled %d, want %v and %d", sizes, len(box.settled), want, len(tickets))
	}
	h := handler(t, box, accepts("mail", notify.Email, 128))
	if got := h.TaskTime(128); got < 80*time.Second {
		t.Errorf("%v for 128 digests, which are claimed a few dozen at a time", got)
	}
}

func TestAWorkerThatIsToldToStopFinishesItsCallsAndGivesTheRestBack(t *testing.T) {
	box := &outbox{}
	s := accepts("gw", notify.SMS, 2)
	var h *deliver.Handler
	s.send = func(context.Context, notify.Message) notify.Outcome {
		h.Drain()
		return notify.Outcome{Result: notify.ResultAccepted}
	}
	h = handler(t, box, s)
	err := h.ProcessTask(t.Context(), smsTask(t, 5))
	if err == nil || errors.Is(err, asynq.SkipRetry) {
		t.Errorf("the rest is forgotten: %v", err)
	}
	if len(box.settled) != 2 || len(box.claimed) != 2 {
		t.Errorf("claimed %d and settled %d, want the first window of 2", len(box.claimed), len(box.settled))
	}
}

func TestNoCallBeginsThatTheTasksTimeWouldCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &outbox{}
		s := accepts("gw", notify.SMS, 1)
		s.caps.Timeout = 10 * time.Second
		s.send = func(ctx context.Context, _ notify.Message) notify.Outcome {
			time.Sleep(6 * time.Second)
			if ctx.Err() != nil {
				t.Error("a call was cut short")
			}
			return notify.Outcome{Result: notify.ResultAccepted}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := handler(t, box, s).ProcessTask(ctx, smsTask(t, 5)); err == nil {
			t.Error("the rest is forgotten")
		}
		if len(box.claimed) != 2 {
			t.Errorf("%d calls in 20 s of at most 10 s each, want 2: the third would have 8 s", len(box.claimed))
		}
	})
}

func TestATaskHasTimeForEveryWindowOfItsSlowestSender(t *testing.T) {
	sms, mail := accepts("gw", notify.SMS, 10), accepts("mail", notify.Email, 1)
	mail.caps.Timeout = 30 * time.Second
	h, err := deliver.New(&outbox{}, "w1", []notify.Sender{sms, mail}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := h.TaskTime(50); got < 50*30*time.Second {
		t.Errorf("%v for 50 mails one after the other, each up to 30 s", got)
	}
}

func TestWhatMayKillTheProcessIsCalledForWhenNothingElseIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &outbox{}
		var under, done atomic.Int32
		s := accepts("gw", notify.SMS, 3)
		s.send = func(_ context.Context, m notify.Message) notify.Outcome {
			beside := under.Add(1)
			time.Sleep(time.Second / 2)
			if after := under.Add(-1); m.Notice == "suspect" && (beside > 1 || after > 0) {
				t.Error("others were under way")
			}
			done.Add(1)
			return notify.Outcome{Result: notify.ResultAccepted}
		}
		h := handler(t, box, s)
		ticket := func(id string) core.Ticket {
			return core.Ticket{ID: notify.ID(id), Generation: 1, Channel: notify.SMS, Apart: id == "suspect"}
		}
		var all sync.WaitGroup
		for i := range 4 {
			tickets := []core.Ticket{ticket(fmt.Sprint(i, "a")), ticket(fmt.Sprint(i, "b")), ticket(fmt.Sprint(i, "c")), ticket(fmt.Sprint(i, "d"))}
			if i == 2 { // in the middle of a window, too
				tickets[1] = ticket("suspect")
			}
			all.Go(func() {
				if err := h.Deliver(t.Context(), s, tickets); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if done.Load() != 16 {
			t.Errorf("%d calls, want 16", done.Load())
		}
	})
}

func TestATaskThatWaitedTooLongForItsTurnIsForLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &outbox{}
		s := accepts("gw", notify.SMS, 1)
		s.send = func(context.Context, notify.Message) notify.Outcome {
			time.Sleep(time.Second)
			return notify.Outcome{Result: notify.ResultAccepted}
		}
		h := handler(t, box, s)
		go func() { _ = h.Deliver(t.Context(), s, []core.Ticket{{ID: "first", Channel: notify.SMS}}) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if err := h.Deliver(ctx, s, []core.Ticket{{ID: "suspect", Channel: notify.SMS, Apart: true}}); err == nil || box.claimed["suspect"] {
			t.Errorf("claimed although its time was over: %v", err)
		}
	})
}

func TestATaskThatComesTwiceSendsOnce(t *testing.T) {
	box := &outbox{}
	var sent atomic.Int32
	s := accepts("gw", notify.SMS, 4)
	s.send = func(context.Context, notify.Message) notify.Outcome {
		sent.Add(1)
		return notify.Outcome{Result: notify.ResultAccepted}
	}
	h := handler(t, box, s)
	for range 3 {
		if err := h.ProcessTask(t.Context(), smsTask(t, 4)); err != nil {
			t.Fatal(err)
		}
	}
	if sent.Load() != 4 {
		t.Errorf("%d calls, want 4", sent.Load())
	}
}

func TestASenderThatPanicsLeavesAnUnknownOutcome(t *testing.T) {
	box := &outbox{}
	s := accepts("gw", notify.SMS, 1)
	s.send = func(context.Context, notify.Message) notify.Outcome { panic("0912345678") }
	if err := handler(t, box, s).ProcessTask(t.Context(), smsTask(t, 1)); err != nil {
		t.Fatal(err)
	}
	if o := box.settled["0"]; o.Result != notify.ResultUnknown || !o.Panicked || strings.Contains(o.Detail, "0912") {
		t.Errorf("settled as %+v", o)
	}
}

func TestASenderIsHeldToItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &outbox{}
		s := accepts("gw", notify.SMS, 1)
		s.send = func(ctx context.Context, _ notify.Message) notify.Outcome {
			<-ctx.Done()
			return notify.Outcome{Result: notify.ResultUnknown}
		}
		began := time.Now()
		if err := handler(t, box, s).ProcessTask(t.Context(), smsTask(t, 1)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %v, the sender's timeout is 1s", took)
		}
	})
}

func TestOutcomesAreWrittenThoughTheDatabaseFailsForAWhileAndTheWorkerIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &outbox{failFirst: 4}
		ctx, stop := context.WithCancel(t.Context())
		s := accepts("gw", notify.SMS, 1)
		s.send = func(context.Context, notify.Message) notify.Outcome {
			stop() // told to stop in the middle of the call
			return notify.Outcome{Result: notify.ResultAccepted}
		}
		if err := handler(t, box, s).ProcessTask(ctx, smsTask(t, 1)); err != nil {
			t.Fatal(err)
		}
		if box.settled["0"].Result != notify.ResultAccepted {
			t.Error("a call that was made was forgotten")
		}
	})
}

func TestWhenTheOutcomeCannotBeWrittenAsynqIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &outbox{failFirst: 1 << 20}
		if err := handler(t, box, accepts("gw", notify.SMS, 1)).ProcessTask(t.Context(), smsTask(t, 1)); err == nil {
			t.Error("the outcome is lost and nobody was told")
		}
	})
}

func TestOnlyADatabaseOutOfReachIsAnErrorWorthARetry(t *testing.T) {
	down := &outbox{claimErr: errors.New("database down")}
	err := handler(t, down, accepts("gw", notify.SMS, 1)).ProcessTask(t.Context(), smsTask(t, 1))
	if err == nil || errors.Is(err, asynq.SkipRetry) {
		t.Errorf("database down: %v", err)
	}
	err = handler(t, &outbox{}, accepts("gw", notify.SMS, 1)).ProcessTask(t.Context(), asynq.NewTask(task.Kind, []byte("?")))
	if !errors.Is(err, asynq.SkipRetry) {
		t.Errorf("an unreadable task is tried again: %v", err)
	}
	err = handler(t, &outbox{}, accepts("mail", notify.Email, 1)).ProcessTask(t.Context(), smsTask(t, 1))
	if err == nil || !strings.Contains(err.Error(), "sms") {
		t.Errorf("a channel without a sender: %v", err)
	}
}

func TestNoOutcomeOfAProviderIsAnErrorToAsynq(t *testing.T) {
	for _, result := range []notify.Result{notify.ResultAccepted, notify.ResultNotSent, notify.ResultThrottled, notify.ResultTransient,
		notify.ResultPermanent, notify.ResultMisconfigured, notify.ResultUnknown, "nonsense"} {
		s := accepts("gw", notify.SMS, 1)
		s.send = func(context.Context, notify.Message) notify.Outcome { return notify.Outcome{Result: result} }
		box := &outbox{}
		if err := handler(t, box, s).ProcessTask(t.Context(), smsTask(t, 1)); err != nil || box.settled["0"].Result != result {
			t.Errorf("%s: %v, settled as %+v; want it in the database and nothing in asynq's archive", result, err, box.settled["0"])
		}
	}
}

func TestATicketGoesToTheProviderItWasHandedOutFor(t *testing.T) {
	box := &outbox{}
	var used []string
	h, err := deliver.New(box, "w1", []notify.Sender{accepts("x", notify.SMS, 1), accepts("y", notify.SMS, 1)}, &deliver.Options{
		Observe: func(c notify.Capabilities, _ notify.Outcome, _ time.Duration) { used = append(used, c.Name) },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, provider := range []string{"y", "x", "unknown here", ""} {
		made, err := task.New([]core.Ticket{{ID: notify.ID("n-" + provider), Generation: 1, Channel: notify.SMS, Provider: provider}}, "outreach", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.ProcessTask(t.Context(), made); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Join(used, " ") != "y x x x" {
		t.Errorf("went by %v", used)
	}
}

func TestSendersMustNotGetInEachOthersWay(t *testing.T) {
	for name, senders := range map[string][]notify.Sender{
		"none":           nil,
		"one name twice": {accepts("x", notify.SMS, 1), accepts("x", notify.Email, 1)},
		"nameless":       {accepts("", notify.SMS, 1)},
	} {
		if _, err := deliver.New(&outbox{}, "w1", senders, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// held is a sender whose provider another process holds, or comes to hold after
// so many calls.
type held struct {
	sender
	calls *atomic.Int32
	after int32
}

func (h held) Elsewhere() bool { return h.calls.Load() >= h.after }

// returning is an outbox that takes tickets back.
type returning struct {
	outbox
	back []core.Ticket
	err  error
}

func (r *returning) Requeue(_ context.Context, tickets []core.Ticket, _ string) error {
	r.back = append(r.back, tickets...)
	return r.err
}

func TestWhatAnotherProcessHoldsIsGivenBackWithoutACall(t *testing.T) {
	for _, test := range []struct{ after, calls, back int32 }{{0, 0, 5}, {2, 2, 3}} {
		box, calls := &returning{}, new(atomic.Int32)
		s := held{accepts("centre", notify.SMS, 2), calls, test.after}
		s.caps.Exclusive = true
		s.send = func(context.Context, notify.Message) notify.Outcome {
			calls.Add(1)
			return notify.Outcome{Result: notify.ResultAccepted}
		}
		if err := handler(t, box, s).ProcessTask(t.Context(), smsTask(t, 5)); err != nil {
			t.Error(err)
		}
		if calls.Load() != test.calls || len(box.back) != int(test.back) || len(box.claimed) != int(test.calls) {
			t.Errorf("held elsewhere after %d calls: %d calls, %d claimed, %d given back", test.after, calls.Load(), len(box.claimed), len(box.back))
		}
	}
	s := held{accepts("centre", notify.SMS, 2), new(atomic.Int32), 0}
	s.caps.Exclusive = true
	for _, box := range []deliver.Outbox{&outbox{}, &returning{err: errors.New("database down")}} {
		if err := handler(t, box, s).ProcessTask(t.Context(), smsTask(t, 1)); err == nil || errors.Is(err, asynq.SkipRetry) {
			t.Errorf("%T: the task is forgotten: %v", box, err)
		}
	}
}
