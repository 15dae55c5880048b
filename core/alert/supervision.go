package alert

import (
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/supervision"
)

// RatingPublished tells the official that remarks on a visit can be seen (N19).
func RatingPublished(r supervision.Round) []notify.Notice {
	to := org.Party{Role: org.Official, Person: r.Official}
	return []notify.Notice{{
		Key: "supervision.published/" + string(r.ID), Template: "supervision.published", Subject: supervision.Subject(r.ID), To: to,
		Audience: notify.ToOfficial, Channel: notify.InApp, Class: notify.Duty, Priority: notify.Bulk, OnUnknown: notify.Hold,
		Vars: map[string]string{"place_id": string(r.Place)},
	}}
}
