package alert

import (
	"fmt"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/sealed"
)

// SealedKey is the cancel key of what an inspector is told about a sealed case.
func SealedKey(id sealed.ID) string { return "sealed/" + string(id) }

// SealedReceived tells the inspector who is to handle it that one sealed matter
// waits under a code, and nothing else (N17). At once, on any day.
func SealedReceived(c sealed.Case, to org.PersonID) []notify.Notice {
	return sealedNotices(c, "sealed.received", org.Party{Role: org.Inspector, Person: to})
}

// SealedNeedsInspector asks the chair to name somebody, because no inspector who
// is there may see a sealed case.
func SealedNeedsInspector(c sealed.Case, chair org.PersonID) []notify.Notice {
	return sealedNotices(c, "sealed.needs_inspector", org.Party{Role: org.ProgrammeChair, Person: chair})
}

func sealedNotices(c sealed.Case, template string, to org.Party) []notify.Notice {
	var notices []notify.Notice
	for _, channel := range []notify.Channel{notify.Email, notify.SMS} {
		key := fmt.Sprintf("%s/%s/%s/%s", template, c.ID, to.Key(), channel)
		if c.Version > 0 { // handed on: perhaps to somebody who had it before
			key += fmt.Sprintf("/%d", c.Version)
		}
		notices = append(notices, notify.Notice{
			Key:      key,
			Template: template, Subject: sealed.Subject(c.ID), Moot: SealedKey(c.ID), To: to, Channel: channel,
			Audience: notify.ToOfficial, Class: notify.Duty, Priority: notify.Critical, OnUnknown: notify.Resend,
			Vars: map[string]string{"code": c.Code},
		})
	}
	return notices
}
