package programme

import (
	"context"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// Identifiers.
type (
	ID           string
	AssignmentID string
	RuleID       string
)

// Basis is the legal document a programme rests on (S5).
type Basis struct {
	Number string        `json:"number"` // "60"
	Symbol string        `json:"symbol"` // "KH-UBND"
	Date   calendar.Date `json:"date,omitzero"`
	Issuer string        `json:"issuer"`
	Signer string        `json:"signer,omitempty"`
	Title  string        `json:"title"`
}

// State is one programme (Kế hoạch) of one year.
type State struct {
	ID             ID              `json:"id"`
	Version        int64           `json:"version"`
	Code           string          `json:"code"` // HVCS-2017
	Name           string          `json:"name"`
	Basis          Basis           `json:"basis"`
	Valid          calendar.Period `json:"valid"`
	Owner          org.UnitID      `json:"owner,omitempty"`
	Renews         ID              `json:"renews,omitempty"` // last year's programme
	QuotaOverrides []QuotaOverride `json:"quota_overrides,omitempty"`
	Kinds          []string        `json:"kinds,omitempty"`         // kinds of place that are visited; empty: the innermost kinds
	ConflictRules  []ConflictRule  `json:"conflict_rules,omitzero"` // nil: DefaultConflicts
	Relations      []Relation      `json:"relations,omitempty"`
	Burdens        []Burden        `json:"burdens,omitempty"` // of hamlets that weigh more, or less, than one
	Avoid          []Quiet         `json:"avoid,omitempty"`   // days on which the planner proposes nothing
}

// Burden says what a hamlet weighs in the load of its official, in hundredths of
// an ordinary hamlet: 200 for one that is far or large.
type Burden struct {
	Place  org.PlaceID `json:"place"`
	Weight int         `json:"weight"`
	Why    string      `json:"why,omitempty"`
}

// Quiet are days on which no visits are proposed, everywhere or to some
// hamlets: the week before Tết, an election, a conference, heavy rain. Somebody
// may plan one all the same.
type Quiet struct {
	Days   calendar.Period `json:"days"`
	Places []org.PlaceID   `json:"places,omitempty"` // empty: everywhere
	Why    string          `json:"why"`
}

// QuotaOverride lowers or raises the quota of one month by decision, for
// example in the month of Tết.
type QuotaOverride struct {
	Month    calendar.Month `json:"month"`
	Place    org.PlaceID    `json:"place,omitempty"` // empty: all hamlets
	PerMonth int            `json:"per_month"`
	Decision string         `json:"decision"`
	Reason   string         `json:"reason"`
}

// Team is a working team of officials (tổ công tác). Its leader and members are
// holdings in package org.
type Team struct {
	ID        org.TeamID      `json:"id"`
	Version   int64           `json:"version"`
	Programme ID              `json:"programme"`
	Code      string          `json:"code"`
	Name      string          `json:"name"`
	Valid     calendar.Period `json:"valid"`
}

// AssignmentStatus is where an assignment stands (model M1).
type AssignmentStatus string

// The states of an assignment.
const (
	Proposed  AssignmentStatus = "proposed"
	Approved  AssignmentStatus = "approved"
	Active    AssignmentStatus = "active"
	Ended     AssignmentStatus = "ended"
	Cancelled AssignmentStatus = "cancelled"
)

// Waiver lets a proposal pass a rule it breaks, with a reason.
type Waiver struct {
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
}

// Assignment says that an official looks after a hamlet (phân công), by decision.
type Assignment struct {
	ID        AssignmentID     `json:"id"`
	Version   int64            `json:"version"`
	Programme ID               `json:"programme"`
	Official  org.PersonID     `json:"official"`
	Place     org.PlaceID      `json:"place"`
	Team      org.TeamID       `json:"team"`
	Valid     calendar.Period  `json:"valid"`
	Status    AssignmentStatus `json:"status"`
	Decision  string           `json:"decision,omitempty"`
	Waivers   []Waiver         `json:"waivers,omitempty"`
	EndReason string           `json:"end_reason,omitempty"`
	Successor org.PersonID     `json:"successor,omitempty"` // who takes the hamlet over
	Custodian org.PersonID     `json:"custodian,omitempty"` // who holds what is open until a successor is known
	Continues AssignmentID     `json:"continues,omitempty"` // by which the official goes on at the place that took this one's over
	Handover  []HandoverItem   `json:"handover,omitempty"`
	Signed    []org.PersonID   `json:"signed,omitempty"` // both officials, then it is handed over
}

// HandoverItem is one open promise that goes over with the hamlet.
type HandoverItem struct {
	Type  string `json:"type"`
	ID    string `json:"id"`
	Label string `json:"label"`
}

// RuleStatus is where a proposed policy or calendar version stands.
type RuleStatus string

// The states of a rule version: two different persons propose and approve.
const (
	RuleProposed RuleStatus = "proposed"
	RuleApproved RuleStatus = "approved"
	RuleRejected RuleStatus = "rejected"
)

// Rule is one version of the policy or of the calendar, decided by two persons.
type Rule struct {
	ID       RuleID         `json:"id"`
	Version  int64          `json:"version"`
	Policy   *policy.Policy `json:"policy,omitempty"`
	Calendar *calendar.Spec `json:"calendar,omitempty"`
	Status   RuleStatus     `json:"status"`
	Reason   string         `json:"reason"`
	Proposer org.PersonID   `json:"proposer"`
	Approver org.PersonID   `json:"approver,omitempty"`
	Recorded time.Time      `json:"recorded"`         // when it was proposed
	Decided  time.Time      `json:"decided,omitzero"` // when it was approved or rejected; the latest approved one is in force
}

// AssignmentQuery selects assignments; zero fields select everything.
type AssignmentQuery struct {
	Official org.PersonID
	Place    org.PlaceID
	Team     org.TeamID
	Statuses []AssignmentStatus
	During   calendar.Period // valid on any day of it; zero: any
}

// Repository keeps the programme. Put follows the rule of org.Repository; lists
// are ordered by id.
type Repository interface {
	Programme(ctx context.Context, id ID) (State, error)
	PutProgramme(ctx context.Context, s *State) error
	Programmes(ctx context.Context) ([]State, error)
	Team(ctx context.Context, id org.TeamID) (Team, error)
	PutTeam(ctx context.Context, t *Team) error
	Teams(ctx context.Context) ([]Team, error)
	Assignment(ctx context.Context, id AssignmentID) (Assignment, error)
	PutAssignment(ctx context.Context, a *Assignment) error
	Assignments(ctx context.Context, q AssignmentQuery) ([]Assignment, error)
	Rule(ctx context.Context, id RuleID) (Rule, error)
	PutRule(ctx context.Context, r *Rule) error
	Rules(ctx context.Context) ([]Rule, error)
}
