package task_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/redistest"
	"github.com/huongvecoso/outreach/workers/task"
)

func ticket(id string, generation int) core.Ticket {
	return core.Ticket{ID: notify.ID(id), Generation: generation, Channel: notify.SMS, Priority: notify.Normal}
}

func made(t *testing.T, tickets ...core.Ticket) *asynq.Task {
	t.Helper()
	one, err := task.New(tickets, "outreach", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return one
}

func TestATaskCarriesIDsAndNothingElse(t *testing.T) {
	one := made(t, ticket("a", 1), ticket("b", 3))
	got, err := task.Parse(one)
	if err != nil || len(got) != 2 || got[0] != ticket("a", 1) || got[1] != ticket("b", 3) {
		t.Fatalf("read back %v, %v", got, err)
	}
	if want := `{"tickets":[{"id":"a","gen":1,"channel":"sms","priority":"normal"},{"id":"b","gen":3,"channel":"sms","priority":"normal"}]}`; string(one.Payload()) != want {
		t.Errorf("payload %s", one.Payload())
	}
}

func TestNoTicketsMakeNoTask(t *testing.T) {
	if _, err := task.New(nil, "outreach", time.Minute); err == nil {
		t.Error("a task of nothing was made")
	}
}

func TestAPayloadThatIsNotOursIsAnError(t *testing.T) {
	for _, payload := range []string{"", "{}", `{"tickets":[]}`, "\x00", `{"tickets":7}`} {
		if _, err := task.Parse(asynq.NewTask(task.Kind, []byte(payload))); err == nil {
			t.Errorf("%q was read", payload)
		}
	}
}

func TestEachLaneHasItsOwnQueue(t *testing.T) {
	queues := task.Queues("outreach", notify.Email)
	if len(queues) != 3 || queues["outreach:email:critical"] <= queues["outreach:email:normal"] || queues["outreach:email:normal"] <= queues["outreach:email:bulk"] {
		t.Errorf("lanes %v", queues)
	}
	for q := range queues {
		if strings.Contains(q, "sms") {
			t.Errorf("a mail lane called %s", q)
		}
	}
}

// queued puts the task into a queue and returns what asynq then knows of it.
func queued(t *testing.T, one *asynq.Task) (*asynq.TaskInfo, *redis.Client) {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: redistest.Mini(t).Addr()})
	t.Cleanup(func() { c.Close() })
	info, err := asynq.NewClientFromRedisClient(c).Enqueue(one)
	if err != nil {
		t.Fatal(err)
	}
	return info, c
}

func TestATaskHasTheSettingsThatHold(t *testing.T) {
	info, c := queued(t, made(t, ticket("a", 1)))
	if info.MaxRetry < 1 || info.MaxRetry > 10 || info.Timeout != time.Minute {
		t.Errorf("it is retried %d times and takes up to %v, want a few times and the minute it was given", info.MaxRetry, info.Timeout)
	}
	if !info.Deadline.IsZero() || info.Retention != 0 || info.Group != "" || info.State != asynq.TaskStatePending || info.NextProcessAt.After(time.Now().Add(time.Second)) {
		t.Errorf("it has a deadline, is kept when done, is of a group or waits for its time: %+v", info)
	}
	for _, key := range c.Keys(t.Context(), "*").Val() {
		if strings.Contains(key, "unique") {
			t.Errorf("it holds a lock: %s", key)
		}
	}
}

func TestTheIDOfATaskSaysItsNoticesAndTheirGeneration(t *testing.T) {
	seen := map[string]string{}
	for name, tickets := range map[string][]core.Ticket{
		"one":                     {ticket("a", 1)},
		"one of a new generation": {ticket("a", 2)},
		"two":                     {ticket("a", 1), ticket("b", 1)},
		"two, one of them anew":   {ticket("a", 1), ticket("b", 2)},
		"another two":             {ticket("a", 1), ticket("c", 1)},
	} {
		info, c := queued(t, made(t, tickets...))
		if other, taken := seen[info.ID]; taken {
			t.Errorf("%s and %s have one id: the second would never be queued", name, other)
		}
		seen[info.ID] = name
		if _, err := asynq.NewClientFromRedisClient(c).Enqueue(made(t, tickets...)); !errors.Is(err, asynq.ErrTaskIDConflict) {
			t.Errorf("%s put into the queue again: %v, want a conflict", name, err)
		}
	}
}

// What a notice costs in Redis does not grow with what it says.
func TestATaskOfAWholeGroupIsSmall(t *testing.T) {
	const group = 50
	var tickets []core.Ticket
	for i := range group {
		one := ticket(fmt.Sprintf("0198c0de-0000-7000-8000-%012d", i), 12)
		one.Provider = "gateway-name"
		tickets = append(tickets, one)
	}
	_, c := queued(t, made(t, tickets...))
	size := 0
	for _, key := range c.Keys(t.Context(), "*:t:*").Val() {
		for _, value := range c.HGetAll(t.Context(), key).Val() {
			size += len(value)
		}
	}
	if each := size / group; size == 0 || each > 160 {
		t.Errorf("%d bytes in Redis for a notice, want 160 at most", each)
	}
}

func TestAProviderThatServesOneProcessHasLanesOfItsOwn(t *testing.T) {
	own, shared := task.OwnQueues("outreach", notify.SMS, "smpp"), task.Queues("outreach", notify.SMS)
	if len(own) != len(shared) || own["outreach:sms.smpp:critical"] != shared["outreach:sms:critical"] {
		t.Errorf("lanes %v beside %v", own, shared)
	}
	for _, p := range []notify.Priority{notify.Critical, notify.Normal, notify.Bulk} {
		if q := task.OwnQueue("outreach", notify.SMS, "smpp", p); own[q] == 0 || shared[q] != 0 {
			t.Errorf("%s goes into %s, served are %v and by all %v", p, q, own, shared)
		}
	}
}
