package alert

import (
	"fmt"
	"strconv"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
)

// AssignmentKey is the cancel key of what is said about an assignment that is
// proposed or decided: it is moot when the assignment is cancelled.
func AssignmentKey(id programme.AssignmentID) string { return "assignment/" + string(id) }

// assignmentNotice is what all notices about an assignment have in common. It
// names the official by id; the person's name is looked up when it is sent.
func assignmentNotice(a programme.Assignment, template string, to org.Party, channel notify.Channel) notify.Notice {
	return notify.Notice{
		Key:      fmt.Sprintf("%s/%s/%s/%s", template, a.ID, to.Key(), channel),
		Template: template, Subject: programme.AssignmentSubject(a.ID), Moot: AssignmentKey(a.ID), To: to, Channel: channel,
		Audience: audienceOf(to), Class: notify.Duty, Priority: notify.Normal, OnUnknown: notify.Resend,
		Vars: map[string]string{
			"official_id": string(a.Official), "place_id": string(a.Place), "decision": a.Decision,
			"from": a.Valid.From.String(), "until": a.Valid.To.String(),
		},
	}
}

// audienceOf decides the hours of a notice that no clock sends.
func audienceOf(to org.Party) notify.Audience {
	switch to.Role {
	case org.ProgrammeLeader, org.ProgrammeChair:
		return notify.ToLeader
	case org.HamletHead:
		return notify.ToCitizen
	}
	return notify.ToOfficial
}

// assignee, teamLeader and hamletHead are those whom an assignment concerns.
func assignee(a programme.Assignment) org.Party {
	return org.Party{Role: org.Official, Person: a.Official, Team: a.Team}
}

func teamLeader(a programme.Assignment) org.Party {
	return org.Party{Role: org.TeamLeader, Team: a.Team}
}

func hamletHead(a programme.Assignment) org.Party {
	return org.Party{Role: org.HamletHead, Place: a.Place}
}

// AssignmentProposed tells the programme's leader, in the digest, of a proposal
// that waits for a decision (model M1).
func AssignmentProposed(a programme.Assignment) []notify.Notice {
	n := assignmentNotice(a, "assignment.proposed", org.Party{Role: org.ProgrammeLeader}, notify.Email)
	n.Priority, n.OnUnknown = notify.Bulk, notify.Hold
	return []notify.Notice{n}
}

// AssignmentApproved tells the official, the team leader and the hamlet head at
// once, with the number of the decision (model M1).
func AssignmentApproved(a programme.Assignment) []notify.Notice {
	return concerned(a, "assignment.approved")
}

// AssignmentCurtailed tells those who were told of the decision that the
// assignment ends earlier: the same text with the new last day.
func AssignmentCurtailed(a programme.Assignment) []notify.Notice {
	notices := concerned(a, "assignment.approved")
	for i := range notices {
		tellApart(&notices[i], a.Valid.To.String())
	}
	return notices
}

// AssignmentCancelled tells those who were told of the decision that it was
// taken back. Nothing makes that moot.
func AssignmentCancelled(a programme.Assignment) []notify.Notice {
	notices := concerned(a, "assignment.cancelled")
	for i := range notices {
		notices[i].Moot = ""
	}
	return notices
}

// concerned are the recipients of a decision: the official by mail and SMS, the
// team leader by mail, the hamlet head by SMS.
func concerned(a programme.Assignment, template string) []notify.Notice {
	return []notify.Notice{
		assignmentNotice(a, template, assignee(a), notify.Email),
		assignmentNotice(a, template, assignee(a), notify.SMS),
		assignmentNotice(a, template, teamLeader(a), notify.Email),
		assignmentNotice(a, template, hamletHead(a), notify.SMS),
	}
}

// AssignmentStarted tells the official what begins with an assignment: the
// survey of the hamlet and by when it is owed, and how many issues are open
// there (S13, model M1).
func AssignmentStarted(a programme.Assignment, survey calendar.Date, issues int) []notify.Notice {
	n := assignmentNotice(a, "assignment.started", assignee(a), notify.Email)
	n.Moot = ""
	n.Vars["due"], n.Vars["count"] = survey.String(), strconv.Itoa(issues)
	return []notify.Notice{n}
}

// AssignmentEnded tells both officials what is handed over; a successor who is
// not known yet is told when named (model M1). The text names no one but them.
func AssignmentEnded(a programme.Assignment) []notify.Notice {
	recipients := []org.Party{assignee(a)}
	if a.Successor != "" {
		recipients = append(recipients, org.Party{Role: org.Official, Person: a.Successor, Team: a.Team})
	}
	var notices []notify.Notice
	for _, to := range recipients {
		n := assignmentNotice(a, "assignment.ended", to, notify.Email)
		n.Moot = ""
		n.Vars["count"] = strconv.Itoa(len(a.Handover))
		notices = append(notices, n)
	}
	return notices
}

// RuleProposed tells the programme's leader that a version of the policy or of
// the calendar waits for a second person.
func RuleProposed(r programme.Rule) []notify.Notice {
	n := ruleNotice(r, "rule.proposed", org.Party{Role: org.ProgrammeLeader})
	n.Moot = RuleKey(r.ID)
	return []notify.Notice{n}
}

// RuleDecided tells the proposer, and of an approval the administrator, how it
// was decided.
func RuleDecided(r programme.Rule) []notify.Notice {
	if r.Status == programme.RuleRejected {
		return []notify.Notice{ruleNotice(r, "rule.rejected", proposer(r))}
	}
	return []notify.Notice{
		ruleNotice(r, "rule.approved", proposer(r)),
		ruleNotice(r, "rule.approved", org.Party{Role: org.Admin}),
	}
}

// RuleKey is the cancel key of what is said about a proposal that waits.
func RuleKey(id programme.RuleID) string { return "rule/" + string(id) }

func proposer(r programme.Rule) org.Party {
	return org.Party{Role: org.ProgrammeOffice, Person: r.Proposer}
}

func ruleNotice(r programme.Rule, template string, to org.Party) notify.Notice {
	return notify.Notice{
		Key:      fmt.Sprintf("%s/%s/%s", template, r.ID, to.Key()),
		Template: template, Subject: programme.RuleSubject(r.ID), To: to, Channel: notify.Email,
		Audience: audienceOf(to), Class: notify.Duty, Priority: notify.Normal, OnUnknown: notify.Resend,
		Vars: map[string]string{"version": r.Content(), "from": ruleFrom(r).String()},
	}
}

// ruleFrom is from when on a version holds: a policy from its own day, a
// calendar from the day of its approval, not known before.
func ruleFrom(r programme.Rule) calendar.Date {
	if r.Policy != nil {
		return r.Policy.From
	}
	return calendar.DateOf(r.Decided)
}
