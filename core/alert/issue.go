package alert

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
)

// HandlingKey is the cancel key of what units and officials are told to do about
// an issue: moot when the step is done, given back or carried by another issue.
func HandlingKey(id issue.ID) string { return "issue_handling/" + string(id) }

// AskingKey is the cancel key of the question whether an answer satisfied.
func AskingKey(id issue.ID) string { return "issue_asking/" + string(id) }

// aboutIssue is what all notices about an issue have in common. n tells one
// occasion of the template from the next.
func aboutIssue(i issue.State, template string, n int, to org.Party, channel notify.Channel) notify.Notice {
	return notify.Notice{
		Key:      fmt.Sprintf("%s/%s/%d/%s/%s", template, i.ID, n, to.Key(), channel),
		Template: template, Subject: issue.Subject(i.ID), To: to, Channel: channel,
		Audience: notify.ToLadder, Class: notify.Duty, Priority: notify.Normal, OnUnknown: notify.Resend,
		Vars: map[string]string{"code": i.Code, "place_id": string(i.Place)},
	}
}

// toSpeakers is a text message to each of the speakers, once. It names the code
// and never the matter: telephones are shared.
func toSpeakers(i issue.State, template string, n int, speakers []opinion.SpeakerID) []notify.Notice {
	var notices []notify.Notice
	for _, s := range speakers {
		m := aboutIssue(i, template, n, org.Party{Speaker: string(s)}, notify.SMS)
		m.Audience, m.Class, m.OnUnknown = notify.ToCitizen, notify.Care, notify.Hold
		notices = append(notices, m)
	}
	return notices
}

// byMail is an e-mail to each of the parties.
func byMail(i issue.State, template string, n int, to ...org.Party) []notify.Notice {
	var notices []notify.Notice
	for _, party := range to {
		notices = append(notices, aboutIssue(i, template, n, party, notify.Email))
	}
	return notices
}

// withSMS adds a text message to each e-mail.
func withSMS(notices []notify.Notice) []notify.Notice {
	for _, n := range notices {
		sms := n
		sms.Key, sms.Channel = strings.TrimSuffix(n.Key, string(n.Channel))+string(notify.SMS), notify.SMS
		notices = append(notices, sms)
	}
	return notices
}

// tellApart adds to the key of a notice what tells it from others of its kind. The
// channel stays last: so the same on another channel is found by it.
func tellApart(n *notify.Notice, by string) {
	n.Key = strings.TrimSuffix(n.Key, string(n.Channel)) + by + "/" + string(n.Channel)
}

// each sets something of every notice.
func each(notices []notify.Notice, set func(*notify.Notice)) []notify.Notice {
	for i := range notices {
		set(&notices[i])
	}
	return notices
}

// due sets the date that the texts name.
func due(notices []notify.Notice, on calendar.Date) []notify.Notice {
	return each(notices, func(n *notify.Notice) { n.Vars["due"] = on.String() })
}

// handling makes notices moot as soon as the step they ask for is done.
func handling(i issue.State, notices []notify.Notice) []notify.Notice {
	return each(notices, func(n *notify.Notice) { n.Moot = HandlingKey(i.ID) })
}

// owner is the official who follows the issue.
func owner(i issue.State) org.Party {
	return org.Party{Role: org.Official, Person: i.Owner, Team: i.Team}
}

// Desk is on whose desk an issue lies before it is referred: the team leader's
// (S18), or the programme office's where it was reported to the Committee (S19).
func Desk(i issue.State) org.Party {
	if i.To == org.ProgrammeOffice {
		return org.Party{Role: org.ProgrammeOffice}
	}
	return org.Party{Role: org.TeamLeader, Team: i.Team}
}

func clerk(u org.UnitID) org.Party { return org.Party{Role: org.UnitClerk, Unit: u} }
func head(u org.UnitID) org.Party  { return org.Party{Role: org.UnitHead, Unit: u} }

// IssueRegistered gives the speakers the code and the promised date (N7). Who has
// no telephone gets a slip of paper.
func IssueRegistered(i issue.State, speakers []opinion.SpeakerID) []notify.Notice {
	return due(toSpeakers(i, "issue.registered", 1, speakers), i.PromiseDue)
}

// PromiseMoved tells the speakers that triage set another date.
func PromiseMoved(i issue.State, speakers []opinion.SpeakerID) []notify.Notice {
	notices := due(toSpeakers(i, "issue.promise_moved", 1, speakers), i.PromiseDue)
	return each(notices, func(n *notify.Notice) { tellApart(n, i.PromiseDue.String()) })
}

// IssueForwarded tells the speakers, once, that the matter is with the competent unit.
func IssueForwarded(i issue.State, speakers []opinion.SpeakerID) []notify.Notice {
	return toSpeakers(i, "issue.forwarded", 1, speakers)
}

// IssueReferred tells the lead unit's clerk and head, and the clerks of the
// cooperating ones, that an answer is asked of them (N9); by text message too
// when it is urgent.
func IssueReferred(i issue.State) []notify.Notice {
	r := i.Referrals[len(i.Referrals)-1]
	notices := byMail(i, "issue.referred", r.Number, clerk(r.Lead), head(r.Lead))
	for _, u := range r.Cooperating {
		notices = append(notices, byMail(i, "issue.cooperating", r.Number, clerk(u))...)
	}
	if i.Urgency == issue.Urgent {
		notices = each(withSMS(notices), func(n *notify.Notice) { n.Priority = notify.Critical })
	}
	each(notices, func(n *notify.Notice) { n.Vars["unit_id"] = string(r.Lead) })
	return handling(i, due(notices, r.Due))
}

// IssueReturned tells whoever sorts the issue that the unit gave it back. The
// speaker is not told: nothing changes for them.
func IssueReturned(i issue.State) []notify.Notice {
	return withReturn(i, byMail(i, "issue.returned", len(i.Referrals), Desk(i)))
}

// ArbitrationOpened tells the programme office that units passed an issue around.
func ArbitrationOpened(i issue.State, by calendar.Date) []notify.Notice {
	return due(withReturn(i, byMail(i, "issue.arbitration", len(i.Referrals), org.Party{Role: org.ProgrammeOffice})), by)
}

func withReturn(i issue.State, notices []notify.Notice) []notify.Notice {
	r := i.Referrals[len(i.Referrals)-1]
	each(notices, func(n *notify.Notice) {
		n.Vars["unit_id"], n.Vars["target_unit_id"] = string(r.Lead), string(r.Suggested)
	})
	return handling(i, notices)
}

// IssuePaused tells the owner, and the speakers when it is their turn, that the
// unit's clock stands still (N11).
func IssuePaused(i issue.State, speakers []opinion.SpeakerID) []notify.Notice {
	p := i.Pauses[len(i.Pauses)-1]
	sms := aboutIssue(i, "issue.paused", len(i.Pauses), owner(i), notify.SMS)
	notices := []notify.Notice{sms}
	if p.Reason == issue.NeedsSpeaker {
		notices = append(notices, toSpeakers(i, "issue.asks_speaker", len(i.Pauses), speakers)...)
	}
	return handling(i, due(notices, p.Until))
}

// IssueResumed tells the unit that its clock goes on.
func IssueResumed(i issue.State) []notify.Notice {
	r := i.Referrals[len(i.Referrals)-1]
	return handling(i, due(byMail(i, "issue.resumed", len(i.Pauses), clerk(r.Lead), head(r.Lead)), r.Due))
}

// IssueExtended tells the speakers and the owner that the answer takes longer
// (N11). The interim reply itself is for the owner to pass on.
func IssueExtended(i issue.State, speakers []opinion.SpeakerID) []notify.Notice {
	n := len(i.Extensions)
	notices := append(toSpeakers(i, "issue.delayed", n, speakers), aboutIssue(i, "issue.extended", n, owner(i), notify.SMS))
	return due(notices, i.Referrals[len(i.Referrals)-1].Due)
}

// IssueRequested tells the programme office at once that the lead unit asks for a
// pause or an extension; by text message too when the matter is urgent.
func IssueRequested(i issue.State) []notify.Notice {
	template := "issue.asks_pause"
	if i.Request().Kind == issue.AsksExtension {
		template = "issue.asks_extension"
	}
	notices := byMail(i, template, len(i.Requests), org.Party{Role: org.ProgrammeOffice})
	if i.Urgency == issue.Urgent {
		notices = withSMS(notices)
	}
	r := i.Current()
	each(notices, func(n *notify.Notice) { n.Vars["unit_id"] = string(r.Lead) })
	return handling(i, due(notices, r.Due))
}

// RequestDecided tells the lead unit what became of its latest request, and the
// date that goes with it: until when its clock stands still, or its due date.
func RequestDecided(i issue.State, on calendar.Date) []notify.Notice {
	n := len(i.Requests)
	template := "issue.request_refused"
	switch r := i.Requests[n-1]; {
	case r.Granted && r.Kind == issue.AsksPause:
		template = "issue.pause_granted"
	case r.Granted:
		template = "issue.extension_granted"
	}
	lead := i.Current().Lead
	return handling(i, due(byMail(i, template, n, clerk(lead), head(lead)), on))
}

// AnswerSentBack tells the drafter that the answer has to be drafted anew, by the
// due date that stays.
func AnswerSentBack(i issue.State) []notify.Notice {
	n := len(i.SentBack)
	drafter := org.Party{Role: org.UnitClerk, Unit: i.Lead(), Person: i.SentBack[n-1].Drafter}
	notices := handling(i, byMail(i, "issue.sent_back", n, drafter))
	if i.OnRoadmap() {
		return due(notices, i.Answered().Roadmap)
	}
	return due(notices, i.Current().Due)
}

// IssueAnswered tells the owner that an answer has to be given back to the
// people (N12).
func IssueAnswered(i issue.State, by calendar.Date) []notify.Notice {
	notices := withSMS(byMail(i, "issue.answered", len(i.Answers), owner(i)))
	each(notices, func(n *notify.Notice) { n.Audience = notify.ToOfficial })
	return handling(i, due(notices, by))
}

// IssueAsked asks the speakers whether the answer satisfies, at a given moment
// and as long as they can reply (N14).
func IssueAsked(i issue.State, speakers []opinion.SpeakerID, until calendar.Date, at calendar.TimeOfDay) []notify.Notice {
	notices := toSpeakers(i, "issue.satisfaction", len(i.Answers), speakers)
	return each(due(notices, until), func(n *notify.Notice) {
		n.Moot = AskingKey(i.ID)
		n.NotBefore = i.ToldOn(len(i.Answers)).Add(1).At(at)
		n.Expires = until.Add(1).At(calendar.TimeOfDay{})
	})
}

// IssueReopened tells the higher approver and the unit that the people are not
// satisfied and an answer is owed anew (N15).
func IssueReopened(i issue.State, approver org.Party) []notify.Notice {
	r := i.Referrals[len(i.Referrals)-1]
	notices := append(withSMS(byMail(i, "issue.reopened", i.Round, approver)),
		byMail(i, "issue.reopened", i.Round, head(r.Lead), clerk(r.Lead))...)
	each(notices, func(n *notify.Notice) {
		n.Vars["unit_id"], n.Vars["round"] = string(r.Lead), strconv.Itoa(i.Round)
	})
	return handling(i, due(notices, r.Due))
}

// IssueAppealed tells the programme's leader that a decision is owed (N15).
func IssueAppealed(i issue.State, by calendar.Date) []notify.Notice {
	notices := withSMS(byMail(i, "issue.appealed", 1, org.Party{Role: org.ProgrammeLeader}))
	each(notices, func(n *notify.Notice) { n.Audience = notify.ToLeader })
	return handling(i, due(notices, by))
}

// IssueClosedFinal tells the speakers that there is a decision, and the owner to
// hand it over with the legal path.
func IssueClosedFinal(i issue.State, speakers []opinion.SpeakerID) []notify.Notice {
	return append(toSpeakers(i, "issue.final", 1, speakers), byMail(i, "issue.decided", 1, owner(i))...)
}

// IssueLinked tells the owner of the issue that carries the matter of another one.
func IssueLinked(hub, linked issue.State) []notify.Notice {
	notices := byMail(hub, "issue.linked", len(hub.Carried), owner(hub))
	return each(notices, func(n *notify.Notice) {
		tellApart(n, string(linked.ID))
		n.Vars["other"], n.Vars["other_place_id"] = linked.Code, string(linked.Place)
	})
}

// IssueCollective tells the programme's leader, once, that one matter is felt in
// many places (N16). The subject's name is that of its route.
func IssueCollective(i issue.State, subject string, s issue.Swell) []notify.Notice {
	return swollen(byMail(i, "issue.collective", 1, org.Party{Role: org.ProgrammeLeader}), subject, s)
}

// CollectiveWeek is one subject of the weekly digest of what is felt in many
// places, to the programme's leader at an instant (N16). The subjects of one week
// go out as one mail; i is the latest issue.
func CollectiveWeek(i issue.State, subject string, s issue.Swell, week string, at time.Time) []notify.Notice {
	notices := swollen(byMail(i, "issue.collective_week", 1, org.Party{Role: org.ProgrammeLeader}), subject, s)
	return each(notices, func(n *notify.Notice) {
		n.Key = fmt.Sprintf("issue.collective_week/%s/%s", week, i.Subject)
		n.Priority, n.NotBefore = notify.Bulk, at
	})
}

func swollen(notices []notify.Notice, subject string, s issue.Swell) []notify.Notice {
	return each(notices, func(n *notify.Notice) {
		n.Audience = notify.ToLeader
		n.Vars["subject"], n.Vars["hamlets"], n.Vars["opinions"] = subject, strconv.Itoa(s.Hamlets), strconv.Itoa(s.Opinions)
	})
}

// ApologyDrafted asks whoever sorts the issue to approve an apology with a new
// date (A6).
func ApologyDrafted(i issue.State) []notify.Notice {
	return handling(i, due(byMail(i, "issue.apology_due", 1, Desk(i)), i.PromiseDue))
}

// Apologised gives the speakers the new date, with an apology (A6).
func Apologised(i issue.State, speakers []opinion.SpeakerID) []notify.Notice {
	return due(toSpeakers(i, "issue.apology", 1, speakers), i.Apology.NewDate)
}
