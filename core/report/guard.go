package report

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Transition is one arrow of the state machine.
type Transition struct{ From, To Status }

// Transitions lists every arrow of a report's state machine.
func Transitions() []Transition {
	return []Transition{
		{Open, Submitted}, {Open, Locked}, {Submitted, Approved}, {Submitted, Open}, {Approved, Accepted}, {Approved, Locked}, {Accepted, Locked}, {Locked, Open},
	}
}

func (s *State) move(to Status, by org.PersonID, on calendar.Date, reason string) error {
	if !slices.Contains(Transitions(), Transition{s.Status, to}) {
		return s.stuck(to)
	}
	s.Status = to
	s.Steps = append(s.Steps, Step{To: to, By: by, On: on, Reason: reason})
	return nil
}

func (s *State) stuck(to Status) error {
	return fault.Broken("report.state.transition", "status", "a report that is %s cannot become %s", "báo cáo đang ở trạng thái %s không thể chuyển sang %s", s.Status, to)
}

// reopen opens a report that stands where it says, and nowhere else: two ways
// lead back to open, and they are not the same people's.
func (s *State) reopen(from Status, by org.PersonID, on calendar.Date, reason string) error {
	if s.Status != from {
		return s.stuck(Open)
	}
	return s.move(Open, by, on, reason)
}

// Submit hands the report in, for a period that has ended.
func (s *State) Submit(text string, by org.PersonID, on calendar.Date) error {
	if err := s.ended(on); err != nil {
		return err
	}
	if err := s.move(Submitted, by, on, ""); err != nil {
		return err
	}
	s.Text = text
	return nil
}

// ended: a period is reported and closed when it is over.
func (s *State) ended(on calendar.Date) error {
	if on.After(s.Period.To) {
		return nil
	}
	return fault.Broken("report.submit.not_ended", "period", "the period ends on %s: there is nothing to report yet", "kỳ báo cáo kết thúc ngày %s: chưa thể nộp", s.Period.To)
}

// SendBack returns a submitted report to its author, with a reason.
func (s *State) SendBack(by org.PersonID, on calendar.Date, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fault.Broken("report.send_back.reason_missing", "reason", "sending a report back needs a reason", "trả lại báo cáo phải có lý do")
	}
	return s.reopen(Submitted, by, on, reason)
}

// Approve passes a submitted report on; nobody approves a report of their own.
func (s *State) Approve(by org.PersonID, on calendar.Date) error {
	if err := s.notOwn(by); err != nil {
		return err
	}
	return s.move(Approved, by, on, "")
}

func (s *State) notOwn(by org.PersonID) error {
	if by == s.Official && s.Official != "" {
		return fault.Broken("report.approve.own", "by", "nobody approves a report of their own", "không được tự duyệt báo cáo của mình")
	}
	return nil
}

// Accept is the word of the programme's leader on a month.
func (s *State) Accept(by org.PersonID, on calendar.Date) error {
	if s.Kind != Month {
		return fault.Broken("report.accept.not_month", "kind", "only a month report goes to the leader", "chỉ báo cáo tháng mới trình lãnh đạo")
	}
	return s.move(Accepted, by, on, "")
}

// Lock freezes the figures: what becomes known later is a correction in the next
// report.
func (s *State) Lock(figures Figures, by org.PersonID, on calendar.Date) error {
	if s.Kind == Month && s.Status == Approved {
		return fault.Broken("report.lock.not_accepted", "status", "a month is locked after the leader accepted it", "báo cáo tháng chỉ được khóa sau khi lãnh đạo chấp nhận")
	}
	raw, err := json.Marshal(figures)
	if err != nil {
		return err
	}
	if err := s.move(Locked, by, on, ""); err != nil {
		return err
	}
	s.Figures = raw
	return nil
}

// LockEmpty closes a round for which nothing was handed in, by somebody else than
// the official who owed the report, with a reason and with the figures there are.
func (s *State) LockEmpty(figures Figures, by org.PersonID, on calendar.Date, reason string) error {
	if s.Kind != Round || s.Status != Open {
		return s.stuck(Locked)
	}
	if err := s.notOwn(by); err != nil {
		return err
	}
	if err := s.ended(on); err != nil {
		return err
	}
	if strings.TrimSpace(reason) == "" {
		return fault.Broken("report.close.reason_missing", "reason", "nothing was handed in: say why the round is closed without a report", "chưa có báo cáo đợt: phải ghi lý do đóng đợt khi không có báo cáo")
	}
	raw, err := json.Marshal(figures)
	if err != nil {
		return err
	}
	s.Figures = raw
	return s.move(Locked, by, on, reason)
}

// Unlock opens a locked report again, from above and with a reason.
func (s *State) Unlock(by org.PersonID, on calendar.Date, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fault.Broken("report.unlock.reason_missing", "reason", "unlocking needs a reason", "mở khóa báo cáo phải có lý do")
	}
	return s.reopen(Locked, by, on, reason)
}

// Frozen returns the figures a locked report was locked with; false when it
// never was.
func (s State) Frozen() (Figures, bool, error) {
	if len(s.Figures) == 0 {
		return Figures{}, false, nil
	}
	var f Figures
	err := json.Unmarshal(s.Figures, &f)
	return f, err == nil, err
}

// Subject is how the journal names a report.
func Subject(id ID) event.Subject { return event.Subject{Type: "report", ID: string(id)} }

// StepEvent says that a report reached a state.
type StepEvent struct {
	Report Kind            `json:"report"`
	Period calendar.Period `json:"period"`
	Status Status          `json:"status"`
}

// Kind names the event: report.submitted, report.locked …
func (e StepEvent) Kind() string { return "report." + string(e.Status) }

// ExportedEvent says that figures left the system with names in them.
type ExportedEvent struct {
	Period    calendar.Period `json:"period"`
	Officials bool            `json:"officials"`
}

// Kind names the event.
func (ExportedEvent) Kind() string { return "report.exported" }
