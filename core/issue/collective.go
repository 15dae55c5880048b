package issue

import (
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// Swell is how widely one matter is felt.
type Swell struct {
	Hamlets  int
	Opinions int
	Issues   []ID
}

// Collective counts, among issues of one subject, those registered within the
// policy's days up to a day, and reports whether so many hamlets or opinions
// make it a collective matter (N16).
func Collective(issues []State, pol policy.Policy, on calendar.Date) (Swell, bool) {
	window := CollectiveWindow(pol, on)
	hamlets := make(map[org.PlaceID]bool)
	var s Swell
	for _, i := range issues {
		if !window.Contains(i.Registered) {
			continue
		}
		hamlets[i.Place] = true
		s.Opinions += len(i.Opinions)
		s.Issues = append(s.Issues, i.ID)
	}
	s.Hamlets = len(hamlets)
	return s, s.Hamlets >= pol.Issues.CollectiveHamlets || s.Opinions >= pol.Issues.CollectiveOpinions
}

// CollectiveWindow is the calendar days up to a day over which Collective counts.
func CollectiveWindow(pol policy.Policy, on calendar.Date) calendar.Period {
	return calendar.Period{From: on.Add(1 - pol.Issues.CollectiveDays), To: on}
}
