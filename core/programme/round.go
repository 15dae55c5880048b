package programme

import (
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/policy"
)

// RoundOf is the round (đợt) a day lies in: from the first to
// policy.Quota.FirstSlotEnd, or from the day after to the month's end (A8).
func RoundOf(day calendar.Date, pol policy.Policy) calendar.Period {
	month := calendar.MonthOf(day)
	middle := month.First().Add(pol.Quota.FirstSlotEnd - 1)
	if day.After(middle) {
		return calendar.Period{From: middle.Add(1), To: month.Last()}
	}
	return calendar.Period{From: month.First(), To: middle}
}
