package alert

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

// Line (tuyến báo cáo) is where the holder of a duty stands, as far as the duty
// itself does not say: whom a level of the ladder reaches follows from it.
type Line struct {
	Team  org.TeamID // of an official
	Unit  org.UnitID // an official's own unit
	Leads bool       // the official leads the team: the programme office is the superior
}

// DutyKey is the cancel key of everything a duty's clock says.
func DutyKey(id duty.ID) string { return "duty/" + string(id) }

// who is a recipient in the words of the ladder.
type who string

const (
	theHolder   who = "holder"    // who owes it
	theSuperior who = "superior"  // one level up, see superiorOf
	theUnitHead who = "unit head" // of the unit that owes, or of the official's own unit
	theOffice   who = "office"    // programme office
	theLeader   who = "leader"    // responsible vice-chair
	theChair    who = "chair"     // in the digest only
)

// rung says who is told a level, and how. Kinds empty means every kind that has
// no row of its own.
type rung struct {
	level    duty.Level
	kinds    []duty.Kind
	to       []who
	channels []notify.Channel
}

// rungs is the table of recipients (model 7, N1 to N20): the general ladder, and
// before it what differs. E-mail first; SMS from E1 on.
func rungs() []rung {
	mail, both := []notify.Channel{notify.Email}, []notify.Channel{notify.Email, notify.SMS}
	kinds := func(k ...duty.Kind) []duty.Kind { return k }
	return []rung{
		{duty.Before, kinds(duty.Visit, duty.SealedAck), []who{theHolder}, both},
		{duty.OnTheDay, kinds(duty.Visit, duty.SealedAck), []who{theHolder}, both},
		{duty.OnTheDay, kinds(duty.Report), []who{theHolder}, []notify.Channel{notify.SMS}},
		{duty.E1, kinds(duty.MonthPlan, duty.Dispute), []who{theHolder, theSuperior}, mail},
		{duty.E2, kinds(duty.MonthReport), []who{theLeader, theChair}, mail},

		{duty.Before, nil, []who{theHolder}, mail},
		{duty.OnTheDay, nil, []who{theHolder}, mail},
		{duty.E1, nil, []who{theHolder, theSuperior}, both},
		{duty.E2, nil, []who{theUnitHead, theOffice}, both},
		{duty.E3, nil, []who{theLeader}, both},
		{duty.E4, nil, []who{theChair}, mail},
	}
}

func rungOf(kind duty.Kind, level duty.Level) (rung, bool) {
	for _, r := range rungs() {
		if r.level == level && (r.kinds == nil || slices.Contains(r.kinds, kind)) {
			return r, true
		}
	}
	return rung{}, false
}

// Ladder prints who is told what about each kind of duty, one level a line, for
// the documentation.
func Ladder() string {
	var b strings.Builder
	for _, kind := range duty.Kinds() {
		for _, level := range duty.Levels(kind) {
			r, _ := rungOf(kind, level)
			var to, by []string
			for _, w := range r.to {
				to = append(to, string(w))
			}
			for _, c := range r.channels {
				by = append(by, string(c))
			}
			fmt.Fprintf(&b, "%-13s %-11s %-17s %s\n", kind, level, strings.Join(to, ", "), strings.Join(by, ", "))
		}
	}
	return b.String()
}

// LadderTemplates lists the templates that the ladder uses: one for reminders
// and one for what is late, for each kind of duty that has them.
func LadderTemplates() []string {
	var names []string
	for _, kind := range duty.Kinds() {
		for _, level := range duty.Levels(kind) {
			names = append(names, ladderTemplate(kind, level))
		}
	}
	return slices.Compact(names)
}

func ladderTemplate(kind duty.Kind, level duty.Level) string {
	if level == duty.Before || level == duty.OnTheDay {
		return "duty." + string(kind)
	}
	return "duty." + string(kind) + ".late"
}

// ForStep makes the notices of one step of a duty's clock: who is reminded of
// it, or told that it is late. The end of a window is told by the module that
// acts on it, not here. A reminder carries the moment from which it makes no
// sense; an escalation has none and is sent again when nobody knows whether it
// arrived.
func ForStep(d duty.State, s duty.Step, line Line, cal *calendar.Calendar) []notify.Notice {
	r, ok := rungOf(d.Kind, s.Level)
	if !ok || s.Level == duty.Elapsed {
		return nil
	}
	var notices []notify.Notice
	for _, w := range r.to {
		to, known := partyOf(w, d, line)
		if !known {
			continue
		}
		for _, channel := range r.channels {
			n := stepNotice(d, s, cal)
			n.To, n.Channel, n.Audience = to, channel, audience(d, s, to)
			n.Key += "/" + to.Key() + "/" + string(channel)
			notices = append(notices, n)
		}
	}
	return notices
}

// stepNotice is what all notices of a step have in common. Its natural key holds
// the due date: where that moves, the duty is reminded of anew.
func stepNotice(d duty.State, s duty.Step, cal *calendar.Calendar) notify.Notice {
	n := notify.Notice{
		Key:      fmt.Sprintf("%s/%s/%d.%s", DutyKey(d.ID), d.Due, s.Number, s.Level),
		Template: ladderTemplate(d.Kind, s.Level), Subject: d.Subject, Duty: string(d.ID), Moot: DutyKey(d.ID),
		Class: notify.Duty, Priority: notify.Normal, OnUnknown: notify.Resend,
		Vars: stepVars(d, s, cal), NotBefore: s.At, Expires: s.Expires,
	}
	if !s.Expires.IsZero() {
		n.OnUnknown = notify.Hold
	}
	switch {
	case d.Kind == duty.SealedAck:
		n.Priority = notify.Critical // at once, any day (N17)
	case s.Level == duty.E4:
		n.Priority = notify.Bulk
	}
	return n
}

// stepVars are the values of the texts: codes, ids, dates and numbers only. Of a
// sealed case nothing is told but its code.
func stepVars(d duty.State, s duty.Step, cal *calendar.Calendar) map[string]string {
	vars := map[string]string{"label": d.Label, "due": d.Due.String()}
	if vars["label"] == "" {
		vars["label"] = d.Subject.ID
	}
	if days := d.Late(calendar.DateOf(s.At), cal); days > 0 {
		vars["days"] = strconv.Itoa(days)
		vars["level"] = strings.TrimPrefix(string(s.Level), "e")
	}
	if d.Kind == duty.SealedAck {
		return vars
	}
	// Names are put in where the ids are when the text is made.
	name := func(field, id string) {
		if id == "" {
			vars[field] = vars["label"]
			return
		}
		vars[field+"_id"] = id
	}
	name("place", string(d.Place))
	name("unit", string(d.Holder.Unit))
	name("official", string(d.Holder.Person))
	if d.Kind == duty.Visit {
		vars["weekday"], vars["time"] = d.Due.String(), d.At.VN()
	}
	return vars
}

// audience decides the hours: matters of a visit on any day but closures, the
// rest on working days (model 4).
func audience(d duty.State, s duty.Step, to org.Party) notify.Audience {
	switch to.Role {
	case org.ProgrammeLeader, org.ProgrammeChair:
		return notify.ToLeader
	case org.HamletHead:
		return notify.ToCitizen
	}
	reminder := !s.Expires.IsZero()
	if reminder && (d.Kind == duty.Visit || d.Kind == duty.Report || d.Kind == duty.Feedback) {
		return notify.ToOfficial
	}
	return notify.ToLadder
}

// partyOf names a recipient of the ladder, and whether the duty has one.
func partyOf(w who, d duty.State, line Line) (org.Party, bool) {
	switch w {
	case theHolder:
		to := d.Holder
		if d.Kind == duty.Visit {
			to.On = d.Due // whoever stands in on the day of the visit (EX-11)
		}
		return to, true
	case theSuperior:
		return superiorOf(d.Holder, line), true
	case theUnitHead:
		unit := cmp.Or(d.Holder.Unit, line.Unit)
		return org.Party{Role: org.UnitHead, Unit: unit}, unit != ""
	case theOffice:
		return org.Party{Role: org.ProgrammeOffice}, true
	case theLeader:
		return org.Party{Role: org.ProgrammeLeader}, true
	}
	return org.Party{Role: org.ProgrammeChair}, true
}

// superiorOf is one level up in the line of the place (model 11.21).
func superiorOf(holder org.Party, line Line) org.Party {
	switch holder.Role {
	case org.Official:
		if team := cmp.Or(holder.Team, line.Team); team != "" && !line.Leads {
			return org.Party{Role: org.TeamLeader, Team: team}
		}
	case org.UnitClerk:
		return org.Party{Role: org.UnitHead, Unit: holder.Unit}
	case org.ProgrammeOffice:
		return org.Party{Role: org.ProgrammeLeader}
	case org.ProgrammeLeader, org.DeputyInspector, org.ProgrammeChair: // what is sealed never goes to the office
		return org.Party{Role: org.ProgrammeChair}
	case org.Inspector:
		return org.Party{Role: org.DeputyInspector}
	}
	return org.Party{Role: org.ProgrammeOffice}
}
