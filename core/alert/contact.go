package alert

import (
	"fmt"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

// ContactBroken tells the administrators that a provider refused the number or
// mailbox of somebody in the programme for good: an official must not fall
// silent because of a wrong number (model M8). Once a day for each person and
// channel, in the application.
func ContactBroken(person org.PersonID, channel notify.Channel, on calendar.Date) []notify.Notice {
	word := "SMS"
	if channel != notify.SMS {
		word = string(channel)
	}
	return []notify.Notice{{
		Key:      fmt.Sprintf("contact.broken/%s/%s/%s/%s", person, channel, on, notify.InApp),
		Template: "contact.broken", Subject: org.PersonSubject(person), To: org.Party{Role: org.Admin}, Channel: notify.InApp,
		Audience: notify.ToOfficial, Class: notify.Duty, Priority: notify.Normal, OnUnknown: notify.Resend,
		Vars: map[string]string{"person_id": string(person), "channel": word},
	}}
}
