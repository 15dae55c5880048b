package alert

import (
	"fmt"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/visit"
)

// VisitKey is the cancel key of everything said about a visit that is ahead: it
// is moot as soon as the visit is moved or called off.
func VisitKey(id visit.ID) string { return "visit/" + string(id) }

// AtRiskKey is the cancel key of the alarm that nobody is there to hold a visit.
func AtRiskKey(id visit.ID) string { return "visit_at_risk/" + string(id) }

// ConfirmKey is the cancel key of the request to confirm a visit: it is moot as
// soon as the visit is verified or disputed, or the window has closed.
func ConfirmKey(id visit.ID) string { return "visit_confirm/" + string(id) }

// visitNotice is what all notices about a visit have in common.
func visitNotice(v visit.State, template string, to org.Party, channel notify.Channel) notify.Notice {
	return notify.Notice{
		Key:      fmt.Sprintf("%s/%s/%d/%s/%s", template, v.ID, len(v.Moves), to.Key(), channel),
		Template: template, Subject: visit.Subject(v.ID), Moot: VisitKey(v.ID), To: to, Channel: channel,
		Audience: notify.ToOfficial, Class: notify.Duty, Priority: notify.Normal, OnUnknown: notify.Hold,
		Vars: map[string]string{
			"place_id": string(v.Place), "date": v.Planned.VN(), "weekday": v.Planned.String(), "time": v.At.VN(), "venue": venue(v),
		},
	}
}

// venue is where the visit takes place.
func venue(v visit.State) string {
	if v.Venue == "" {
		return "nhà văn hóa ấp"
	}
	return v.Venue
}

// host is the head of the visit's hamlet.
func host(v visit.State) org.Party { return org.Party{Role: org.HamletHead, Place: v.Place} }

// leader is the leader of the visit's team.
func leader(v visit.State) org.Party { return org.Party{Role: org.TeamLeader, Team: v.Team} }

// holder is the official of the visit, or whoever stands in.
func holder(v visit.State) org.Party {
	return org.Party{Role: org.Official, Person: v.Holder(), Team: v.Team}
}

// toHost is a notice to the hamlet head: gone by the hour of the visit.
func toHost(v visit.State, template string) notify.Notice {
	n := visitNotice(v, template, host(v), notify.SMS)
	n.Audience, n.Expires = notify.ToCitizen, v.Planned.At(v.At)
	return n
}

// VisitPlanned tells the hamlet head of a visit (N3).
func VisitPlanned(v visit.State) []notify.Notice {
	return []notify.Notice{toHost(v, "visit.planned")}
}

// VisitPostponed tells the hamlet head and the team leader of a new day (N3).
func VisitPostponed(v visit.State) []notify.Notice {
	toLeader := visitNotice(v, "visit.postponed", leader(v), notify.Email)
	toLeader.Expires = v.Planned.At(v.At)
	return []notify.Notice{toHost(v, "visit.postponed"), toLeader}
}

// VisitCancelled tells the hamlet head that a visit was called off (N3). Nothing
// can make it moot.
func VisitCancelled(v visit.State) []notify.Notice {
	n := toHost(v, "visit.cancelled")
	n.Moot, n.OnUnknown = "", notify.Resend
	return []notify.Notice{n}
}

// VisitAtRisk tells the team leader at once that nobody is there to hold a
// visit (N4).
func VisitAtRisk(v visit.State) []notify.Notice {
	var notices []notify.Notice
	for _, channel := range []notify.Channel{notify.SMS, notify.Email} {
		n := visitNotice(v, "visit.at_risk", leader(v), channel)
		n.Moot, n.Priority, n.OnUnknown = AtRiskKey(v.ID), notify.Critical, notify.Resend
		n.Expires = v.Planned.At(v.At)
		notices = append(notices, n)
	}
	return notices
}

// VisitConfirm asks the hamlet head, and a witness whose turn it is, to confirm a
// reported visit (N6).
func VisitConfirm(v visit.State, witnesses ...org.Party) []notify.Notice {
	var notices []notify.Notice
	for _, to := range append([]org.Party{host(v)}, witnesses...) {
		n := visitNotice(v, "visit.confirm", to, notify.SMS)
		n.Moot, n.Audience = ConfirmKey(v.ID), notify.ToCitizen
		n.Vars["date"] = v.Happened.VN()
		notices = append(notices, n)
	}
	return notices
}

// VisitUnconfirmed tells the official and the team leader that nobody confirmed
// in time (N18).
func VisitUnconfirmed(v visit.State) []notify.Notice {
	return aboutPast(v, "visit.unconfirmed", notify.Email)
}

// VisitDisputed tells the team leader, and the official in neutral words, that a
// visit is contested (N18).
func VisitDisputed(v visit.State) []notify.Notice {
	notices := aboutPast(v, "visit.disputed", notify.Email)
	sms := notices[1]
	sms.Key, sms.Channel = sms.Key+"/sms", notify.SMS
	return append(notices, sms)
}

// VisitDecided tells the official how a dispute was decided.
func VisitDecided(v visit.State) []notify.Notice {
	n := aboutPast(v, "visit.decided", notify.Email)[0]
	n.Vars["outcome"] = string(v.Status)
	return []notify.Notice{n}
}

// aboutPast is a notice about a visit that took place, to the official and to
// the team leader.
func aboutPast(v visit.State, template string, channel notify.Channel) []notify.Notice {
	var notices []notify.Notice
	for _, to := range []org.Party{holder(v), leader(v)} {
		n := visitNotice(v, template, to, channel)
		n.Moot, n.OnUnknown = "", notify.Resend
		n.Vars["date"] = v.On().VN()
		notices = append(notices, n)
	}
	return notices
}
