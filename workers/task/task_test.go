package task_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
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
