package core

import (
	"context"
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Action is something a role may or may not do (model 5).
type Action string

// The actions of the permission matrix.
const (
	ManageOrganisation Action = "organisation.manage"
	TakeLeave          Action = "organisation.take_leave"
	ManageProgramme    Action = "programme.manage" // the plan itself, its teams, its quota by decision
	ProposeAssignment  Action = "assignment.propose"
	ApproveAssignment  Action = "assignment.approve" // also cancel and end
	SignHandover       Action = "assignment.sign_handover"
	ProposeRule        Action = "rule.propose" // policy or calendar version
	ApproveRule        Action = "rule.approve"
	PlanVisit          Action = "visit.plan"
	CancelVisit        Action = "visit.cancel"
	ReportVisit        Action = "visit.report"
	ReplyVisit         Action = "visit.reply" // in a dispute: the one whose visit it is
	ConfirmPresence    Action = "visit.confirm"
	DecideVisit        Action = "visit.decide" // disputes and late entries, never one's own
	IssueItem          Action = "dissemination.issue"
	AcceptProfile      Action = "profile.accept"
	CaptureOpinion     Action = "opinion.capture"
	SeeSpeaker         Action = "opinion.see_speaker"
	RegisterIssue      Action = "issue.register"
	TriageIssue        Action = "issue.triage" // triage and refer
	AnswerReferral     Action = "issue.answer" // accept, return, draft
	ApproveAnswer      Action = "issue.approve_answer"
	ApproveSensitive   Action = "issue.approve_sensitive"
	ApproveHigher      Action = "issue.approve_higher" // from the second round on, one level above the unit
	ApprovePause       Action = "issue.approve_pause"  // pauses and extensions
	Arbitrate          Action = "issue.arbitrate"
	LinkIssue          Action = "issue.link"
	DeliverFeedback    Action = "issue.deliver_feedback"
	RecordReply        Action = "issue.record_reply" // satisfaction, also by proxy
	DecideAppeal       Action = "issue.decide_appeal"
	CountSealed        Action = "sealed.count"
	GrantSealed        Action = "sealed.grant"
	ReadSealedAccess   Action = "sealed.read_access"
	RateVisit          Action = "supervision.rate"
	SeeRatings         Action = "supervision.see_ratings"
	SeeTeamRatings     Action = "supervision.see_team_ratings"
	ReplyRating        Action = "supervision.reply"
	DecideFlag         Action = "supervision.decide_flag"
	SubmitRound        Action = "report.submit_round"
	CloseRound         Action = "report.close_round"
	PrepareMonth       Action = "report.prepare_month"
	AcceptMonth        Action = "report.accept_month"
	UnlockMonth        Action = "report.unlock_month"
	ReadReport         Action = "report.read" // figures by territory, what stands behind them, exports
	ManageNotices      Action = "notice.manage"
	ReadJournal        Action = "journal.read"
)

// reach is how far a permission goes.
type reach string

const (
	self    reach = "self"  // the actor, and nobody in the actor's stead
	own     reach = "own"   // the actor, or somebody the actor stands in for today
	ofTeam  reach = "team"  // the actor's team
	ofUnit  reach = "unit"  // the actor's unit
	ofPlace reach = "place" // the actor's place and all below it
	any_    reach = "any"
)

// permission is one cell of the matrix.
type permission struct {
	action Action
	role   org.Role
	reach  reach
	notOwn bool // never about the actor's own doing
}

// matrix is the permission matrix of model section 5, cell by cell.
func matrix() []permission {
	return []permission{
		{ManageOrganisation, org.ProgrammeOffice, any_, false},
		{ManageOrganisation, org.Admin, any_, false},
		{TakeLeave, org.Official, self, false},
		{TakeLeave, org.TeamLeader, self, false},
		{TakeLeave, org.TeamLeader, ofTeam, false},
		{TakeLeave, org.UnitClerk, self, false},
		{TakeLeave, org.UnitHead, self, false},
		{TakeLeave, org.UnitHead, ofUnit, false},
		{TakeLeave, org.ProgrammeOffice, any_, false},
		{TakeLeave, org.Admin, any_, false},
		{ManageProgramme, org.ProgrammeOffice, any_, false},
		{ManageProgramme, org.ProgrammeLeader, any_, false},
		{ManageProgramme, org.Admin, any_, false},
		{ProposeAssignment, org.ProgrammeOffice, any_, false},
		{ProposeAssignment, org.TeamLeader, ofTeam, false},
		{ApproveAssignment, org.ProgrammeLeader, any_, false},
		{SignHandover, org.Official, self, false},
		{SignHandover, org.TeamLeader, self, false},
		{ProposeRule, org.ProgrammeOffice, any_, false},
		{ApproveRule, org.ProgrammeLeader, any_, true},

		{PlanVisit, org.Official, own, false},
		{PlanVisit, org.TeamLeader, ofTeam, false},
		{PlanVisit, org.ProgrammeOffice, any_, false},
		{CancelVisit, org.TeamLeader, ofTeam, false},
		{CancelVisit, org.ProgrammeOffice, any_, false},
		{ReportVisit, org.Official, own, false},
		{ReportVisit, org.TeamLeader, ofTeam, false},
		{ReportVisit, org.ProgrammeOffice, any_, false},
		{ReplyVisit, org.Official, own, false},
		{ReplyVisit, org.TeamLeader, self, false},
		{ConfirmPresence, org.HamletHead, ofPlace, true},
		{ConfirmPresence, org.PartyCellSecretary, ofPlace, true},
		{ConfirmPresence, org.ResidentGroupHead, ofPlace, true},
		{ConfirmPresence, org.VillageElder, ofPlace, true},
		{ConfirmPresence, org.CommuneLeader, ofPlace, true},
		{ConfirmPresence, org.ProgrammeOffice, any_, true},
		{DecideVisit, org.TeamLeader, ofTeam, true},
		{DecideVisit, org.ProgrammeOffice, any_, true},
		{IssueItem, org.ProgrammeOffice, any_, false},
		{AcceptProfile, org.TeamLeader, ofTeam, true},
		{AcceptProfile, org.ProgrammeOffice, any_, true},

		{CaptureOpinion, org.Official, any_, false},
		{CaptureOpinion, org.TeamLeader, any_, false},
		{CaptureOpinion, org.ProgrammeOffice, any_, false},
		{CaptureOpinion, org.HamletHead, ofPlace, false},
		{SeeSpeaker, org.ProgrammeOffice, any_, false},
		{RegisterIssue, org.Official, any_, false},
		{RegisterIssue, org.TeamLeader, any_, false},
		{RegisterIssue, org.ProgrammeOffice, any_, false},
		{TriageIssue, org.TeamLeader, ofTeam, false},
		{TriageIssue, org.ProgrammeOffice, any_, false},
		{AnswerReferral, org.UnitClerk, ofUnit, false},
		{AnswerReferral, org.UnitHead, ofUnit, false},
		{ApproveAnswer, org.UnitHead, ofUnit, true},
		{ApproveSensitive, org.ProgrammeOffice, any_, true},
		{ApproveHigher, org.UnitHead, ofUnit, true},
		{ApproveHigher, org.ProgrammeLeader, any_, true},
		{ApprovePause, org.ProgrammeOffice, any_, false},
		{ApprovePause, org.ProgrammeLeader, any_, false},
		{Arbitrate, org.ProgrammeOffice, any_, false},
		{LinkIssue, org.ProgrammeOffice, any_, false},
		{DeliverFeedback, org.Official, own, false},
		{DeliverFeedback, org.TeamLeader, ofTeam, false},
		{DeliverFeedback, org.ProgrammeOffice, any_, false},
		{RecordReply, org.HamletHead, ofPlace, false},
		{RecordReply, org.TeamLeader, ofTeam, true},
		{RecordReply, org.ProgrammeOffice, any_, false},
		{DecideAppeal, org.ProgrammeLeader, any_, true},

		{CountSealed, org.ProgrammeOffice, any_, false},
		{GrantSealed, org.ProgrammeChair, any_, false},
		{ReadSealedAccess, org.Auditor, any_, false},

		{RateVisit, org.HamletHead, ofPlace, true},
		{RateVisit, org.PartyCellSecretary, ofPlace, true},
		{RateVisit, org.ResidentGroupHead, ofPlace, true},
		{RateVisit, org.VillageElder, ofPlace, true},
		{RateVisit, org.CommuneLeader, ofPlace, true},
		{RateVisit, org.ProgrammeOffice, any_, true},
		{SeeRatings, org.Official, self, false},
		{SeeRatings, org.ProgrammeOffice, any_, false},
		{SeeRatings, org.ProgrammeLeader, any_, false},
		{SeeRatings, org.Auditor, any_, false},
		{SeeTeamRatings, org.TeamLeader, ofTeam, false},
		{SeeTeamRatings, org.ProgrammeOffice, any_, false},
		{SeeTeamRatings, org.ProgrammeLeader, any_, false},
		{SeeTeamRatings, org.Auditor, any_, false},
		{ReplyRating, org.Official, self, false},
		{DecideFlag, org.TeamLeader, ofTeam, true},
		{DecideFlag, org.ProgrammeOffice, any_, true},

		{SubmitRound, org.Official, own, false},
		{CloseRound, org.TeamLeader, ofTeam, false},
		{CloseRound, org.ProgrammeOffice, any_, false},
		{PrepareMonth, org.ProgrammeOffice, any_, false},
		{AcceptMonth, org.ProgrammeLeader, any_, false},
		{UnlockMonth, org.ProgrammeOffice, any_, false},
		{UnlockMonth, org.ProgrammeLeader, any_, false},
		{ReadReport, org.ProgrammeOffice, any_, false},
		{ReadReport, org.ProgrammeLeader, any_, false},
		{ReadReport, org.ProgrammeChair, any_, false},
		{ReadReport, org.Auditor, any_, false},
		{ManageNotices, org.Admin, any_, false},
		{ManageNotices, org.ProgrammeOffice, any_, false},
		{ReadJournal, org.Auditor, any_, false},
		{ReadJournal, org.ProgrammeOffice, any_, false},
		{ReadJournal, org.ProgrammeLeader, any_, false},
	}
}

// permissions are the cells of the matrix by action, in their order.
func permissions() map[Action][]permission {
	all := make(map[Action][]permission)
	for _, p := range matrix() {
		all[p.action] = append(all[p.action], p)
	}
	return all
}

// scope is what an action is about.
type scope struct {
	person org.PersonID // whose doing it is
	place  org.PlaceID
	unit   org.UnitID
	team   org.TeamID
}

// allow returns nil when the actor may do the action within the scope, and a
// fault.ErrForbidden that says what is missing otherwise. The role used is kept
// for the journal. Somebody who holds several roles acts in each step in the one
// that allows it, unless they came in one of them. The system itself may do
// everything but see ratings and sealed matters.
func (u *unit) allow(ctx context.Context, action Action, s scope) error {
	if u.by.System {
		return nil
	}
	holdings, err := u.roles(ctx)
	if err != nil {
		return err
	}
	for _, p := range u.sys.permissions[action] {
		for _, h := range holdings {
			ok, err := u.grants(ctx, p, h, s)
			if err != nil {
				return err
			}
			if ok {
				u.by.Role = p.role
				return nil
			}
		}
	}
	return fault.Forbidden("permission."+string(action), "%[1]s may not do %[2]s here", "%[1]s không được thực hiện %[2]s ở phạm vi này", u.by.Person, action)
}

// grants reports whether a holding satisfies one cell of the matrix.
func (u *unit) grants(ctx context.Context, p permission, h org.Holding, s scope) (bool, error) {
	if h.Role != p.role || u.role != "" && u.role != p.role {
		return false, nil
	}
	if p.notOwn && s.person == u.by.Person {
		return false, nil
	}
	switch p.reach {
	case any_:
		return true, nil
	case self:
		return s.person == u.by.Person, nil
	case own:
		if s.person == u.by.Person {
			return true, nil
		}
		return u.standsIn(ctx, s.person)
	case ofTeam:
		return h.Team != "" && h.Team == s.team, nil
	case ofUnit:
		return h.Unit != "" && h.Unit == s.unit, nil
	case ofPlace:
		return u.within(ctx, s.place, h.Place)
	}
	return false, nil
}

// standsIn reports whether the actor stands in for the person today.
func (u *unit) standsIn(ctx context.Context, person org.PersonID) (bool, error) {
	if person == "" {
		return false, nil
	}
	holder, err := org.Present(ctx, u.dir, person, u.today)
	if errors.Is(err, fault.ErrRule) { // nobody stands in
		return false, nil
	}
	return holder == u.by.Person, err
}

// within reports whether place is whole or below it, as of today.
func (u *unit) within(ctx context.Context, place, whole org.PlaceID) (bool, error) {
	if place == "" || whole == "" {
		return false, nil
	}
	if place == whole { // also where nobody has said yet to what the place now belongs
		return true, nil
	}
	line, err := org.Line(ctx, u.dir, place, u.today)
	if err != nil {
		return false, err
	}
	return slices.Contains(line, whole), nil
}
