package alert

import (
	"fmt"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

// ContactBroken tells the administrators that a provider refused the number or
// mailbox of somebody in the programme for good: an official must not fall
// silent because of a wrong number (model M8). Once a day for each person and
// channel, in the application.
func ContactBroken(person org.PersonID, channel notify.Channel, on calendar.Date) []notify.Notice {
	return []notify.Notice{{
		Key:      fmt.Sprintf("contact.broken/%s/%s/%s/%s", person, channel, on, notify.InApp),
		Template: "contact.broken", Subject: org.PersonSubject(person), To: org.Party{Role: org.Admin}, Channel: notify.InApp,
		Audience: notify.ToOfficial, Class: notify.Duty, Priority: notify.Normal, OnUnknown: notify.Resend,
		Vars: map[string]string{"person_id": string(person), "channel": string(channel)},
	}}
}

// ProviderDown tells the administrators that a provider is out of order, over
// every channel but its own, at any hour (N23). Once for each time its breaker
// opens.
func ProviderDown(p *notify.Provider, now time.Time) []notify.Notice {
	var notices []notify.Notice
	for _, channel := range []notify.Channel{notify.InApp, notify.Email, notify.SMS} {
		if channel == p.Channel {
			continue
		}
		notices = append(notices, toAdmin(notify.Notice{
			Key:      fmt.Sprintf("provider.down/%s/%s/%s", p.Name, now.UTC().Format(time.RFC3339), channel),
			Template: "provider.down", Subject: notify.ProviderSubject(p.Name), Channel: channel, Priority: notify.Critical,
			Vars: map[string]string{"provider": p.Name, "channel": string(p.Channel), "code": p.Reason},
		}))
	}
	return notices
}

// BudgetNear tells the administrators and the programme office that so many per
// cent of the day's segments are spent: once a day for each level.
func BudgetNear(on calendar.Date, percent, spent, budget int) []notify.Notice {
	var notices []notify.Notice
	for _, role := range []org.Role{org.Admin, org.ProgrammeOffice} {
		n := toAdmin(notify.Notice{
			Key:      fmt.Sprintf("budget.near/%s/%d/%s", on, percent, role),
			Template: "budget.near", Subject: event.Subject{Type: "budget", ID: on.String()}, Channel: notify.Email, Priority: notify.Normal,
			Vars: map[string]string{"percent": fmt.Sprint(percent), "spent": fmt.Sprint(spent), "budget": fmt.Sprint(budget), "date": on.String()},
		})
		n.To = org.Party{Role: role}
		notices = append(notices, n)
	}
	return notices
}

// DeliveryLate tells the administrators that what is due does not get out, or
// that nobody makes the clocks go: at any hour, once in an hour (N23). what is
// outbox, unknown, clock or ledger.
func DeliveryLate(what string, minutes int, now time.Time) []notify.Notice {
	var notices []notify.Notice
	for _, channel := range []notify.Channel{notify.InApp, notify.Email, notify.SMS} {
		notices = append(notices, toAdmin(notify.Notice{
			Key:      fmt.Sprintf("delivery.late/%s/%s/%s", what, now.UTC().Format("2006-01-02T15"), channel),
			Template: "delivery.late", Subject: event.Subject{Type: "delivery", ID: what}, Channel: channel, Priority: notify.Critical,
			Vars: map[string]string{"what": what, "minutes": fmt.Sprint(minutes)},
		}))
	}
	return notices
}

func toAdmin(n notify.Notice) notify.Notice {
	n.To, n.Audience, n.Class, n.OnUnknown = org.Party{Role: org.Admin}, notify.ToOfficial, notify.Duty, notify.Resend
	return n
}
