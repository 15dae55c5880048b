package supervision

import (
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// ActionID identifies an action item.
type ActionID string

// ActionStatus is where an action item stands.
type ActionStatus string

// The states of an action item.
const (
	Agreed  ActionStatus = "agreed"
	Done    ActionStatus = "done"
	Dropped ActionStatus = "dropped"
)

// Action is one thing that was agreed after a flag was upheld (việc cần khắc
// phục): help to do better, never a sanction (model M10).
type Action struct {
	ID     ActionID      `json:"id"`
	What   string        `json:"what"`
	Agreed calendar.Date `json:"agreed"`
	By     org.PersonID  `json:"by"`
	Due    calendar.Date `json:"due"`
	Status ActionStatus  `json:"status"`
	Ended  calendar.Date `json:"ended,omitzero"`
	Result string        `json:"result,omitempty"` // what was done, or why it was dropped
}

// Agree adds an action to an upheld flag, due on a later day.
func (f *Flag) Agree(a Action) error {
	var faults fault.List
	if f.Status != Upheld {
		faults.Add(fault.Broken("supervision.action.not_upheld", "status", "an action follows from a flag that was upheld", "chỉ giao việc khắc phục khi sự việc đã được kết luận là đúng"))
	}
	if strings.TrimSpace(a.What) == "" {
		faults.Add(fault.Broken("supervision.action.what_missing", "what", "say what is to be done", "phải ghi rõ việc cần làm"))
	}
	if !a.Due.After(a.Agreed) {
		faults.Add(fault.Broken("supervision.action.due", "due", "an action agreed on %s is due on a later day, not on %s", "việc giao ngày %s phải có hạn sau ngày đó, không phải %s", a.Agreed, a.Due))
	}
	if err := faults.Err(); err != nil {
		return err
	}
	a.Status = Agreed
	f.Actions = append(f.Actions, a)
	return nil
}

// EndAction says that an action was done, or dropped with a reason.
func (f *Flag) EndAction(id ActionID, to ActionStatus, result string, on calendar.Date) error {
	i := slices.IndexFunc(f.Actions, func(a Action) bool { return a.ID == id })
	if i < 0 {
		return fault.NotFound("action", string(id))
	}
	if f.Actions[i].Status != Agreed {
		return fault.Broken("supervision.action.ended", "status", "the action is %s already", "việc này đã kết thúc (%s)", f.Actions[i].Status)
	}
	if strings.TrimSpace(result) == "" {
		return fault.Broken("supervision.action.result_missing", "result", "say what was done, or why it is dropped", "phải ghi kết quả thực hiện hoặc lý do không thực hiện")
	}
	f.Actions[i].Status, f.Actions[i].Result, f.Actions[i].Ended = to, result, on
	return nil
}

// ActionSubject is how the journal and duties name an action item.
func ActionSubject(id ActionID) event.Subject { return event.Subject{Type: "action", ID: string(id)} }

// ActionEvent says that an action item reached a state.
type ActionEvent struct {
	Action ActionID     `json:"action"`
	Status ActionStatus `json:"status"`
}

// Kind names the event.
func (ActionEvent) Kind() string { return "supervision.action" }
