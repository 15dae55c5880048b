package alert

import (
	"fmt"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/visit"
)

// BeforeClosure reminds the holder of a duty that falls due right after a long
// closure, at an instant on the last working day before it (N21). Those of one
// person go out as one mail and one SMS. A kind of duty without reminders has none.
func BeforeClosure(d duty.State, run calendar.Run, at time.Time, cal *calendar.Calendar) []notify.Notice {
	levels := duty.Levels(d.Kind)
	if len(levels) == 0 {
		return nil
	}
	reminder := duty.Step{Level: duty.OnTheDay, At: at, Expires: run.From.At(calendar.TimeOfDay{})}
	to, _ := partyOf(theHolder, d, Line{})
	var notices []notify.Notice
	for _, channel := range []notify.Channel{notify.Email, notify.SMS} {
		n := stepNotice(d, reminder, cal)
		n.To, n.Channel, n.Audience = to, channel, audience(d, reminder, to)
		n.Key = fmt.Sprintf("pre_closure/%s/%s/%s/%s", run.From, d.ID, to.Key(), channel)
		notices = append(notices, n)
	}
	return notices
}

// CalendarEnding tells the admin and the programme office, and when it gets
// short the programme's leader, that the calendar of working days runs out
// (N22): once in each week, named like 2017-W40. left is in calendar days.
func CalendarEnding(cal *calendar.Calendar, week string, left, alarm int) []notify.Notice {
	to := []org.Role{org.Admin, org.ProgrammeOffice}
	if left < alarm/3 {
		to = append(to, org.ProgrammeLeader)
	}
	var notices []notify.Notice
	for _, role := range to {
		n := notify.Notice{
			Key:      fmt.Sprintf("calendar.ending/%s/%d/%s/%s", cal.ID(), cal.Version(), week, role),
			Template: "calendar.ending", Subject: event.Subject{Type: "calendar", ID: cal.ID()}, To: org.Party{Role: role},
			Audience: notify.ToLadder, Channel: notify.Email, Class: notify.Duty, Priority: notify.Normal, OnUnknown: notify.Resend,
			Vars: map[string]string{"due": cal.Coverage().To.String(), "days": fmt.Sprint(max(0, left))},
		}
		if role == org.ProgrammeLeader {
			n.Audience = notify.ToLeader
		}
		notices = append(notices, n)
	}
	return notices
}

// Unstaffed tells the programme office which hamlets have no official (S7), once
// in each week, named like 2017-W40.
func Unstaffed(week string, places []string) notify.Notice {
	return notify.Notice{
		Key:      "staffing.vacant/" + week,
		Template: "staffing.vacant", Subject: event.Subject{Type: "staffing", ID: week}, To: org.Party{Role: org.ProgrammeOffice},
		Audience: notify.ToLadder, Channel: notify.Email, Class: notify.Duty, Priority: notify.Normal, OnUnknown: notify.Hold,
		Vars: map[string]string{"count": fmt.Sprint(len(places)), "places": strings.Join(places, ", ")},
	}
}

// RedList puts an overdue duty on the list that the programme's leader gets once
// a week, at an instant (N24). The items of one week go out as one mail; what was
// done before it went is not on it.
func RedList(d duty.State, week string, at time.Time, cal *calendar.Calendar) notify.Notice {
	n := stepNotice(d, duty.Step{Level: duty.E3, At: at}, cal)
	n.To, n.Channel, n.Audience, n.Priority = org.Party{Role: org.ProgrammeLeader}, notify.Email, notify.ToLeader, notify.Bulk
	n.Key = fmt.Sprintf("red_list/%s/%s", week, d.ID)
	return n
}

// VisitAgenda tells the official, together with a reminder of a visit, which
// answers wait to be told there (N13): by their codes, and once for the same ones.
func VisitAgenda(d duty.State, reminder duty.Step, codes []string) []notify.Notice {
	to, _ := partyOf(theHolder, d, Line{})
	return []notify.Notice{{
		Key:      fmt.Sprintf("visit.agenda/%s/%s/%s", d.ID, d.Due, strings.Join(codes, "+")),
		Template: "visit.agenda", Subject: d.Subject, Duty: string(d.ID), Moot: DutyKey(d.ID), To: to,
		Audience: notify.ToOfficial, Channel: notify.Email, Class: notify.Duty, Priority: notify.Normal, OnUnknown: notify.Hold,
		Vars: map[string]string{
			"place_id": string(d.Place), "weekday": d.Due.String(), "time": d.At.VN(),
			"count": fmt.Sprint(len(codes)), "codes": strings.Join(codes, ", "),
		},
		NotBefore: reminder.At, Expires: d.Due.At(d.At),
	}}
}

// VisitVacant tells the programme office, and prepares the host for a change,
// when at the cut-off nobody is there yet to hold a visit (N4). It is moot as
// soon as somebody stands in, or the visit is moved or called off.
func VisitVacant(v visit.State, cutOff time.Time) []notify.Notice {
	notices := []notify.Notice{toHost(v, "visit.unsure")}
	for _, channel := range []notify.Channel{notify.SMS, notify.Email} {
		n := visitNotice(v, "visit.vacant", org.Party{Role: org.ProgrammeOffice}, channel)
		n.OnUnknown, n.Expires = notify.Resend, v.Planned.At(v.At)
		notices = append(notices, n)
	}
	return each(notices, func(n *notify.Notice) { n.Moot, n.NotBefore = AtRiskKey(v.ID), cutOff })
}
