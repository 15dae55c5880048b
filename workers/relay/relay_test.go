package relay_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hibiken/asynq"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/rate"
	"github.com/huongvecoso/outreach/workers/relay"
	"github.com/huongvecoso/outreach/workers/task"
)

// outbox hands out what a test put in, and remembers what came back.
type outbox struct {
	mu       sync.Mutex
	passes   []core.Dispatched
	looked   int
	requeued []core.Ticket
	err      error
}

func (o *outbox) Dispatch(context.Context, string, int) (core.Dispatched, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.looked++
	if o.err != nil {
		return core.Dispatched{}, o.err
	}
	if len(o.passes) == 0 {
		return core.Dispatched{}, nil
	}
	pass := o.passes[0]
	o.passes = o.passes[1:]
	return pass, nil
}

func (o *outbox) Requeue(ctx context.Context, tickets []core.Ticket, _ string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	o.requeued = append(o.requeued, tickets...)
	return nil
}

// queue takes so many tasks and refuses the others with err, if there is one.
type queue struct {
	mu    sync.Mutex
	tasks []*asynq.Task
	lanes []string
	takes int
	err   error
}

func (q *queue) EnqueueContext(_ context.Context, t *asynq.Task, opts ...asynq.Option) (*asynq.TaskInfo, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tasks = append(q.tasks, t)
	for _, o := range opts {
		if o.Type() == asynq.QueueOpt {
			q.lanes = append(q.lanes, fmt.Sprint(o.Value()))
		}
	}
	if len(q.tasks) <= q.takes {
		return nil, nil
	}
	return nil, q.err
}

func tickets(n int, channel notify.Channel, priority notify.Priority) []core.Ticket {
	var all []core.Ticket
	for i := range n {
		all = append(all, core.Ticket{ID: notify.ID(fmt.Sprintf("%s-%s-%d", channel, priority, i)), Generation: 1, Channel: channel, Priority: priority})
	}
	return all
}

func TestCriticalNoticesTravelAloneAndTheOthersInGroupsOfOneLane(t *testing.T) {
	due := slices.Concat(tickets(2, notify.SMS, notify.Critical), tickets(5, notify.SMS, notify.Normal), tickets(1, notify.Email, notify.Normal))
	q := &queue{}
	r := relay.New(&outbox{passes: []core.Dispatched{{Tickets: due}}}, q, "r1", &relay.Options{Group: 3})
	if _, err := r.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	var sizes []int
	var sent []core.Ticket
	for _, made := range q.tasks {
		group, err := task.Parse(made)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(group))
		sent = append(sent, group...)
		for _, one := range group {
			if one.Channel != group[0].Channel || one.Priority != group[0].Priority {
				t.Errorf("%v and %v travel in one task", one, group[0])
			}
		}
	}
	if want := []int{1, 1, 3, 2, 1}; !slices.Equal(sizes, want) {
		t.Errorf("tasks of %v tickets, want %v", sizes, want)
	}
	if len(sent) != len(due) {
		t.Errorf("%d of %d tickets were handed over", len(sent), len(due))
	}
}

func TestWhatIsForAProviderThatServesOneProcessGoesIntoItsLane(t *testing.T) {
	due := tickets(2, notify.SMS, notify.Critical)
	due[0].Provider, due[1].Provider = "smpp", "gateway"
	q := &queue{}
	r := relay.New(&outbox{passes: []core.Dispatched{{Tickets: due}}}, q, "r1", &relay.Options{Exclusive: []string{"smpp"}})
	if _, err := r.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	slices.Sort(q.lanes) // they are handed over side by side
	if want := []string{"outreach:sms.smpp:critical", "outreach:sms:critical"}; !slices.Equal(q.lanes, want) {
		t.Errorf("lanes %v, want %v", q.lanes, want)
	}
}

// second is what takes one, and counts who is in it.
type second struct {
	mu          sync.Mutex
	under, most int // calls under way, and the most there were
}

func (s *second) pass() {
	s.mu.Lock()
	s.under++
	s.most = max(s.most, s.under)
	s.mu.Unlock()
	time.Sleep(time.Second)
	s.mu.Lock()
	s.under--
	s.mu.Unlock()
}

// slow is a queue that takes a second for each task.
type slow struct {
	queue
	calls second
}

func (q *slow) EnqueueContext(ctx context.Context, t *asynq.Task, opts ...asynq.Option) (*asynq.TaskInfo, error) {
	q.calls.pass()
	return q.queue.EnqueueContext(ctx, t, opts...)
}

// The owners of what is not critical have their turns in the order of the tickets.
func TestWhatIsCriticalIsHandedOverSideBySideAndTheOthersInTheirOrder(t *testing.T) {
	for _, c := range []struct {
		priority notify.Priority
		most     int
		took     time.Duration
	}{
		{notify.Critical, 64, 2 * time.Second},
		{notify.Normal, 1, 100 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			due := tickets(100, notify.SMS, c.priority)
			q := &slow{}
			r := relay.New(&outbox{passes: []core.Dispatched{{Tickets: due}}}, q, "r1", &relay.Options{Group: 1})
			began := time.Now()
			if _, err := r.Pass(t.Context()); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); q.calls.most != c.most || took != c.took {
				t.Errorf("%s: %d at once, all in %s; want %d in %s", c.priority, q.calls.most, took, c.most, c.took)
			}
			var sent []core.Ticket
			for _, made := range q.tasks {
				group, err := task.Parse(made)
				if err != nil {
					t.Fatal(err)
				}
				sent = append(sent, group...)
			}
			if c.priority == notify.Critical {
				byID := func(a, b core.Ticket) int { return strings.Compare(string(a.ID), string(b.ID)) }
				slices.SortFunc(sent, byID)
				slices.SortFunc(due, byID)
			}
			if diff := cmp.Diff(due, sent); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// partly is a queue of which one lane is out of reach.
type partly struct {
	queue
	refuses string
	asked   int
}

func (q *partly) EnqueueContext(ctx context.Context, t *asynq.Task, opts ...asynq.Option) (*asynq.TaskInfo, error) {
	for _, o := range opts {
		if o.Type() == asynq.QueueOpt && o.Value() == q.refuses {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.asked++
			return nil, errors.New("out of reach")
		}
	}
	return q.queue.EnqueueContext(ctx, t, opts...)
}

func TestOfManyCriticalTasksALaneOutOfReachIsAskedOnceAtATimeAndHoldsUpNoOther(t *testing.T) {
	sms, mail := tickets(100, notify.SMS, notify.Critical), tickets(100, notify.Email, notify.Critical)
	box := &outbox{passes: []core.Dispatched{{Tickets: slices.Concat(sms, mail)}}}
	q := &partly{refuses: "outreach:sms:critical"}
	if _, err := relay.New(box, q, "r1", nil).Pass(t.Context()); err == nil {
		t.Error("a refusal is no error")
	}
	if diff := cmp.Diff(sms, box.requeued); diff != "" {
		t.Error(diff)
	}
	if q.asked != 64 || len(q.tasks) != len(mail) {
		t.Errorf("the lane was asked %d times, want 64, those that were handed over together; the other one took %d of %d", q.asked, len(q.tasks), len(mail))
	}
}

func TestWhatTheQueueRefusesGoesBackToTheOutboxAndAllThatFollows(t *testing.T) {
	due := tickets(5, notify.SMS, notify.Normal)
	box := &outbox{passes: []core.Dispatched{{Tickets: due}}}
	q := &queue{err: errors.New("connection refused"), takes: 1}
	r := relay.New(box, q, "r1", &relay.Options{Group: 2})
	if _, err := r.Pass(t.Context()); err == nil {
		t.Error("a refusal is no error")
	}
	if !slices.Equal(box.requeued, due[2:]) {
		t.Errorf("back came %v, the queue took the first two", box.requeued)
	}
	if len(q.tasks) != 2 {
		t.Errorf("the queue was asked %d times: it had refused already", len(q.tasks))
	}
}

func TestARefusalAtTheStopGoesBackAllTheSame(t *testing.T) {
	box := &outbox{passes: []core.Dispatched{{Tickets: tickets(1, notify.SMS, notify.Normal)}}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = relay.New(box, &queue{err: context.Canceled}, "r1", nil).Pass(ctx)
	if len(box.requeued) != 1 {
		t.Error("a ticket was dropped because the process was stopping")
	}
}

func TestTheSameTaskAlreadyThereIsAsGood(t *testing.T) {
	box := &outbox{passes: []core.Dispatched{{Tickets: tickets(1, notify.SMS, notify.Normal)}}}
	r := relay.New(box, &queue{err: asynq.ErrTaskIDConflict}, "r1", nil)
	if _, err := r.Pass(t.Context()); err != nil || len(box.requeued) > 0 {
		t.Errorf("%v, requeued %v", err, box.requeued)
	}
}

func TestARelayLooksWhenWokenAndElseAtItsPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &outbox{}
		r := relay.New(box, &queue{}, "r1", &relay.Options{Poll: time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		var end error
		done := make(chan struct{})
		go func() { end = r.Run(ctx); close(done) }()
		looks := func(want int, when string) {
			t.Helper()
			synctest.Wait()
			box.mu.Lock()
			defer box.mu.Unlock()
			if box.looked != want {
				t.Errorf("%s: looked %d times, want %d", when, box.looked, want)
			}
		}
		looks(1, "at the start")
		r.Wake()
		looks(2, "woken")
		time.Sleep(time.Second)
		looks(3, "after a poll")
		box.mu.Lock()
		box.err = errors.New("database down")
		box.mu.Unlock()
		time.Sleep(2 * time.Second)
		looks(5, "with the database down it goes on looking")
		cancel()
		<-done
		if !errors.Is(end, context.Canceled) {
			t.Errorf("ended with %v", end)
		}
	})
}

func TestAFullPassIsFollowedByAnotherAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &outbox{passes: []core.Dispatched{{More: true}, {More: true}, {}}}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = relay.New(box, &queue{}, "r1", &relay.Options{Poll: time.Hour}).Run(ctx) }()
		synctest.Wait()
		if box.looked != 3 {
			t.Errorf("looked %d times before the first poll, want 3", box.looked)
		}
		cancel()
		synctest.Wait()
	})
}

func TestWhatOnceEndedBadlySharesItsTaskWithNobody(t *testing.T) {
	normal, suspect := tickets(4, notify.SMS, notify.Normal), tickets(4, notify.SMS, notify.Normal)[1:3]
	for i := range suspect {
		suspect[i].Alone = true
	}
	pass := []core.Ticket{normal[0], suspect[0], suspect[1], normal[3]}
	q := &queue{takes: 100}
	r := relay.New(&outbox{passes: []core.Dispatched{{Tickets: pass}}}, q, "r", nil)
	if _, err := r.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got [][]core.Ticket
	for _, made := range q.tasks {
		in, err := task.Parse(made)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, in)
	}
	want := [][]core.Ticket{{normal[0], normal[3]}, {suspect[0]}, {suspect[1]}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// roomyBox is an outbox with more in it than there is room for.
type roomyBox struct {
	outbox
	left     int // still to be handed out
	queued   int
	critical int    // looks at nothing else
	backlog  []bool // what the relay said
}

func (o *roomyBox) DispatchWithin(_ context.Context, _ string, _ int, room core.Room) (core.Dispatched, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.looked++
	if room.CriticalOnly {
		o.critical++
		return core.Dispatched{At: time.Now()}, nil
	}
	o.backlog = append(o.backlog, room.Backlog)
	at := time.Now()
	done := core.Dispatched{At: at}
	if o.queued > 0 {
		done.Underway = []notify.Underway{{Channel: notify.SMS, Queued: o.queued, Since: at}}
	}
	window := room.Window
	if w, ok := room.Windows[notify.SMS]; ok {
		window = w
	}
	n := min(window-o.queued, o.left)
	done.Tickets = tickets(n, notify.SMS, notify.Normal)
	o.queued, o.left = o.queued+n, o.left-n
	done.Full = o.left > 0
	return done, nil
}

// looks is how often it has to have been looked at what is critical, and at all.
func (o *roomyBox) looks(t *testing.T, critical, all int, when string) {
	t.Helper()
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.critical != critical || o.looked-o.critical != all {
		t.Errorf("%s: looked %d times at what is critical and %d times at all, want %d and %d", when, o.critical, o.looked-o.critical, critical, all)
	}
}

func TestARelayLooksForRoomAsSoonAsThereMayBeSome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &roomyBox{left: 10_000}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			_ = relay.New(box, &queue{}, "r1", &relay.Options{Poll: time.Hour, Group: 50}).Run(ctx)
			close(done)
		}()
		began := time.Now()
		for empty := false; !empty && time.Since(began) < time.Minute; { // a worker that takes a thousand a second
			time.Sleep(10 * time.Millisecond)
			box.mu.Lock()
			box.queued = max(0, box.queued-10)
			empty = box.left == 0 && box.queued == 0
			box.mu.Unlock()
		}
		cancel()
		<-done
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("ten seconds of work took %v: the relay waits too long for room", took)
		}
		if box.looked > 200 {
			t.Errorf("looked %d times: too often for what there was to do", box.looked)
		}
		if box.backlog[0] || !box.backlog[1] {
			t.Errorf("the relay told of a backlog %v", box.backlog[:2])
		}
	})
}

// Whoever writes while there is no room wakes the relay all the same: for what is
// critical at once, for the rest when it would have looked anyway.
func TestAWakeWhileThereIsNoRoomIsForWhatIsCritical(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &roomyBox{left: 10_000}
		r := relay.New(box, &queue{takes: 1 << 20}, "r1", &relay.Options{Poll: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = r.Run(ctx) }()
		looks := func(critical, all int, when string) { t.Helper(); box.looks(t, critical, all, when) }
		looks(0, 1, "at the start")
		for i := range 5 {
			r.Wake()
			looks(1+i, 1, "woken while there is no room")
		}
		time.Sleep(10 * time.Millisecond)
		looks(5, 2, "when there may be room")
		box.mu.Lock()
		box.queued, box.left = 0, 0
		box.mu.Unlock()
		time.Sleep(time.Second)
		looks(5, 3, "and there is")
		r.Wake()
		looks(5, 4, "woken while there is room")
		cancel()
		synctest.Wait()
	})
}

func TestARelayWhoseQueueNobodyTakesLooksLessAndLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &roomyBox{left: 10_000}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_ = relay.New(box, &queue{}, "r1", &relay.Options{Poll: time.Hour}).Run(ctx)
		if box.looked > 75 {
			t.Errorf("looked %d times in a minute in which nothing was taken", box.looked)
		}
	})
}

// Workers with places for thousands get as many at once; whoever has few, or says
// nothing, gets a few.
func TestARelayBeginsWithWhatTheWorkersHavePlacesFor(t *testing.T) {
	for places, want := range map[int]int{0: 200, 40: 200, 2048: 2048, 50_000: 20_000} {
		box := &roomyBox{left: 100_000}
		if _, err := relay.New(box, &queue{}, "r1", &relay.Options{First: places}).Pass(t.Context()); err != nil || box.queued != want {
			t.Errorf("with %d places it began with %d, want %d (%v)", places, box.queued, want, err)
		}
	}
}

// busyBox is an outbox whose passes over everything take a second.
type busyBox struct{ roomyBox }

func (o *busyBox) DispatchWithin(ctx context.Context, owner string, limit int, room core.Room) (core.Dispatched, error) {
	if !room.CriticalOnly {
		time.Sleep(time.Second)
	}
	return o.roomyBox.DispatchWithin(ctx, owner, limit, room)
}

func TestAWakeDuringAPassIsForWhatIsCriticalAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &busyBox{}
		r := relay.New(box, &queue{}, "r1", &relay.Options{Poll: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		defer synctest.Wait()
		defer cancel()
		go func() { _ = r.Run(ctx) }()
		looks := func(critical, all int, when string) { t.Helper(); box.looks(t, critical, all, when) }
		time.Sleep(500 * time.Millisecond)
		r.Wake()
		looks(1, 0, "woken in the middle of the first pass")
		time.Sleep(2 * time.Second)
		looks(1, 2, "after it, and the one it was woken for")
		r.Wake()
		looks(1, 2, "woken while nothing is under way")
		time.Sleep(time.Second)
		looks(1, 3, "and a pass later")
	})
}

// spentBox is an outbox in which everything waits for a provider's rate.
type spentBox struct{ roomyBox }

func (o *spentBox) DispatchWithin(context.Context, string, int, core.Room) (core.Dispatched, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.looked++
	return core.Dispatched{At: time.Now(), Full: true, Short: map[string]int{"esms": 1}, Tickets: tickets(3, notify.SMS, notify.Normal)}, nil
}

func TestWhereNothingButARateHoldsUpWhatIsDueTheRelayLooksTenTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &spentBox{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_ = relay.New(box, &queue{takes: 1 << 20}, "r1", &relay.Options{Poll: time.Hour}).Run(ctx)
		if box.looked < 60 || box.looked > 601 {
			t.Errorf("looked %d times in a minute", box.looked)
		}
	})
}

// A message that takes more than its provider has at once is owed.
func TestWhatATicketTakesBeyondItsTokensIsToldToTheBucket(t *testing.T) {
	b := &bucket{tokens: 1}
	box := &overdrawn{}
	if _, err := relay.New(box, &queue{}, "r1", &relay.Options{Rates: map[string]rate.Limit{"esms": {PerSecond: 1}}, Buckets: b}).Pass(t.Context()); err != nil || b.tokens != -2 {
		t.Errorf("a message of three segments and one token: the bucket has %d, %v", b.tokens, err)
	}
}

type overdrawn struct{ outbox }

func (o *overdrawn) DispatchWithin(context.Context, string, int, core.Room) (core.Dispatched, error) {
	return core.Dispatched{Tickets: tickets(1, notify.SMS, notify.Normal), Spent: map[string]int{"esms": 3}}, nil
}

// slowOutbox is an outbox that cannot be told how much there is room for, and slow.
type slowOutbox struct {
	outbox
	calls second
}

func (o *slowOutbox) Dispatch(context.Context, string, int) (core.Dispatched, error) {
	o.calls.pass()
	return core.Dispatched{}, nil
}

func TestPassesThatLookAtEverythingGoOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &slowOutbox{}
		r := relay.New(box, &queue{}, "r1", &relay.Options{Poll: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			_ = r.Run(ctx)
			close(ended)
		}()
		for range 20 {
			time.Sleep(100 * time.Millisecond)
			r.Wake()
		}
		cancel()
		<-ended
		if box.calls.most != 1 {
			t.Errorf("%d passes at once", box.calls.most)
		}
	})
}
