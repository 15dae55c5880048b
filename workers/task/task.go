// Package task says what travels through Redis: which notices are to be
// delivered, by id and generation, over which channel and in which lane. A task
// is a wake-up, never the truth: losing one delays a notice, repeating one does
// nothing, and it holds nothing about anybody (A11).
package task

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hibiken/asynq"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
)

// Kind is the asynq type of a delivery task. It is stable: tasks of an older
// release are understood by a newer one.
const Kind = "outreach:deliver"

// Payload is the content of a task.
type Payload struct {
	Tickets []core.Ticket `json:"tickets"`
}

// maxRetry bounds asynq's own retries. They only serve a worker that could not
// reach the database or was killed; whether a message is sent again is decided
// there, by its row.
const maxRetry = 5

// New makes the task of some tickets, which must share channel and priority.
// Made again from the same tickets it has the same id, so that a relay which
// does not know whether its last call arrived may simply repeat it; a notice
// handed out again has a higher generation and with it another id.
func New(tickets []core.Ticket, prefix string, timeout time.Duration) (*asynq.Task, error) {
	if len(tickets) == 0 {
		return nil, fmt.Errorf("task: no tickets")
	}
	payload, err := json.Marshal(Payload{tickets})
	if err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	return asynq.NewTask(Kind, payload,
		asynq.TaskID(id(tickets)), asynq.Queue(Queue(prefix, tickets[0].Channel, tickets[0].Priority)),
		asynq.MaxRetry(maxRetry), asynq.Timeout(timeout)), nil
}

// id names a task after what is in it: readable for one notice, a digest for more.
func id(tickets []core.Ticket) string {
	if len(tickets) == 1 {
		return fmt.Sprintf("n:%s:%d", tickets[0].ID, tickets[0].Generation)
	}
	names := make([]string, len(tickets))
	for i, t := range tickets {
		names[i] = fmt.Sprintf("%s:%d", t.ID, t.Generation)
	}
	slices.Sort(names)
	sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
	return "b:" + hex.EncodeToString(sum[:16])
}

// Parse reads a task back. A payload that is not ours, or empty, is an error:
// no retry will mend it.
func Parse(t *asynq.Task) ([]core.Ticket, error) {
	var p Payload
	if err := json.Unmarshal(t.Payload(), &p); err != nil {
		return nil, fmt.Errorf("task: payload of %s: %w", t.Type(), err)
	}
	if len(p.Tickets) == 0 {
		return nil, fmt.Errorf("task: payload of %s holds no tickets", t.Type())
	}
	return p.Tickets, nil
}

// Queue names the lane of a channel and a priority, for example
// "outreach:sms:critical".
func Queue(prefix string, channel notify.Channel, priority notify.Priority) string {
	return prefix + ":" + string(channel) + ":" + string(priority)
}

// Queues are the lanes of one channel with their weights: of ten looks, six go
// to critical notices, three to normal ones and one to bulk.
func Queues(prefix string, channel notify.Channel) map[string]int {
	return map[string]int{
		Queue(prefix, channel, notify.Critical): 6, Queue(prefix, channel, notify.Normal): 3, Queue(prefix, channel, notify.Bulk): 1,
	}
}

// Urgent is the lane of a channel in which critical notices travel, and
// Ordinary are the others: together they are Queues, each with workers of its own.
func Urgent(prefix string, channel notify.Channel) map[string]int {
	return only(Queues(prefix, channel), func(queue string) bool { return queue == Queue(prefix, channel, notify.Critical) })
}

// Ordinary are the lanes of a channel in which what is not critical travels.
func Ordinary(prefix string, channel notify.Channel) map[string]int {
	return only(Queues(prefix, channel), func(queue string) bool { return queue != Queue(prefix, channel, notify.Critical) })
}

func only(queues map[string]int, wanted func(queue string) bool) map[string]int {
	maps.DeleteFunc(queues, func(queue string, _ int) bool { return !wanted(queue) })
	return queues
}

// OwnQueue names the lane of a provider that one process at a time may call
// (notify.Capabilities.Exclusive), for example "outreach:sms.smpp:critical". Only
// that process serves it.
func OwnQueue(prefix string, channel notify.Channel, provider string, priority notify.Priority) string {
	return Queue(prefix, own(channel, provider), priority)
}

// OwnQueues are the lanes of such a provider, with the weights of Queues.
func OwnQueues(prefix string, channel notify.Channel, provider string) map[string]int {
	return Queues(prefix, own(channel, provider))
}

func own(channel notify.Channel, provider string) notify.Channel {
	return channel + "." + notify.Channel(provider)
}
