package report

import (
	"context"
	"encoding/json"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
)

// ID identifies a period report.
type ID string

// Kind is which period a report covers.
type Kind string

// The kinds of report.
const (
	Round Kind = "round" // báo cáo đợt: one official to the team leader (S17, S18, A8)
	Month Kind = "month" // báo cáo tháng: the district's
)

// Status is where a report stands (model M9).
type Status string

// The states of a report.
const (
	Open      Status = "open"
	Submitted Status = "submitted"
	Approved  Status = "approved" // by the team leader (round) or the office (month)
	Accepted  Status = "accepted" // by the programme's leader
	Locked    Status = "locked"
)

// Step is one move of a report, with its reason where one is needed.
type Step struct {
	To     Status        `json:"to"`
	By     org.PersonID  `json:"by"`
	On     calendar.Date `json:"on"`
	Reason string        `json:"reason,omitempty"`
}

// State is one period report.
type State struct {
	ID       ID              `json:"id"`
	Version  int64           `json:"version"`
	Kind     Kind            `json:"kind"`
	Period   calendar.Period `json:"period"`
	Team     org.TeamID      `json:"team,omitempty"`
	Official org.PersonID    `json:"official,omitempty"` // round reports
	Status   Status          `json:"status"`
	Text     string          `json:"text,omitempty"`    // remarks by the author
	Figures  json.RawMessage `json:"figures,omitempty"` // frozen when it is locked
	Steps    []Step          `json:"steps,omitempty"`
}

// Query selects reports; zero fields select everything. Ordered by period start, then id.
type Query struct {
	Kind     Kind
	Team     org.TeamID
	Official org.PersonID
	During   calendar.Period // overlapping
	Statuses []Status
}

// Repository keeps reports. Put follows the rule of org.Repository.
type Repository interface {
	PeriodReport(ctx context.Context, id ID) (State, error)
	PutPeriodReport(ctx context.Context, s *State) error
	PeriodReports(ctx context.Context, q Query) ([]State, error)
}
