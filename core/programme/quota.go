package programme

import (
	"cmp"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// Counted is what counting has to know of a visit that took place, or is
// claimed to have.
type Counted struct {
	Official   org.PersonID  // the assignee who owed it
	HeldBy     org.PersonID  // who held it, where that is somebody else: the credit is theirs
	Happened   calendar.Date // the day as claimed
	VerifiedOn calendar.Date // the day on which others had confirmed it; no date: nobody has
}

// holder is who gets the credit.
func (c Counted) holder() org.PersonID { return cmp.Or(c.HeldBy, c.Official) }

// Tenure says that an official looked after a hamlet during Days.
type Tenure struct {
	Official org.PersonID
	Days     calendar.Period
}

// Area is everything the count of one hamlet over one period rests on.
type Area struct {
	Place   org.PlaceID
	Period  calendar.Period // a calendar month, or what the programme reports by
	Quota   int             // visits owed in the period
	Tenures []Tenure
	Away    map[org.PersonID][]calendar.Period // leaves
	Visits  []Counted                          // to this hamlet; those outside the period are left out
}

// Coverage is how far the quota of one hamlet was met in one period (S9). It
// gives two counts that are never mixed: Claimed if everybody is believed,
// Verified if only what others confirmed counts. Verified is never more than
// Claimed, and either may exceed Quota.
type Coverage struct {
	Place    org.PlaceID     `json:"place"`
	Period   calendar.Period `json:"period"`
	Official org.PersonID    `json:"official,omitempty"` // who looked after it for most days; empty: nobody did
	Quota    int             `json:"quota"`
	Claimed  int             `json:"claimed"`
	Verified int             `json:"verified"`
	MetOn    calendar.Date   `json:"met_on,omitzero"` // the day on which the verified visits reached the quota (EX-01)
	Slots    []Slot          `json:"slots"`
	Credits  []Credit        `json:"credits,omitempty"` // who held the counted visits, ordered by person
}

// Complete reports whether the verified visits reach the quota.
func (c Coverage) Complete() bool { return c.Verified >= c.Quota }

// Slot is a part of the period for which one official answers: days 1 to 15,
// or 16 to the end of a month.
type Slot struct {
	Days     calendar.Period `json:"days"`
	Official org.PersonID    `json:"official,omitempty"` // the assignee with most days in it; empty: the hamlet had nobody
	Claimed  bool            `json:"claimed"`            // a counted visit lies in it
	Verified bool            `json:"verified"`
	Excused  bool            `json:"excused"` // the official was on leave for most of the days that were theirs (EX-11)
	Missed   bool            `json:"missed"`  // no visit, the quota not claimed, and no excuse: the official's to explain
}

// Credit is how many of the counted visits one person held.
type Credit struct {
	Person   org.PersonID `json:"person"`
	Claimed  int          `json:"claimed"`
	Verified int          `json:"verified"`
}

// Pick chooses from the days of visits those that count: as many as possible,
// each at least q.MinGapDays calendar days after the one before, and on
// distinct days where q says so. Of several ways to reach that number it takes
// the earliest days. The result is ascending.
//
// Taking the earliest day that is far enough from the last is the best there
// is: any other choice can be exchanged for it, day by day, without losing one.
func Pick(days []calendar.Date, q policy.Quota) []calendar.Date {
	gap := q.MinGapDays
	if q.DistinctDays {
		gap = max(gap, 1)
	}
	var picked []calendar.Date
	for _, d := range slices.SortedFunc(slices.Values(days), calendar.Date.Compare) {
		if len(picked) == 0 || d.Sub(picked[len(picked)-1]) >= gap {
			picked = append(picked, d)
		}
	}
	return picked
}

// Cover counts the visits to a hamlet over a period. Visits count by the day
// they happened and to the hamlet, whoever held them; the credit goes to who
// held them, and a slot without a visit is answered for by the assignee with
// most days in it (model M2).
func Cover(a Area, q policy.Quota) Coverage {
	visits := slices.DeleteFunc(slices.Clone(a.Visits), func(v Counted) bool { return !a.Period.Contains(v.Happened) })
	claimed := Pick(daysOf(visits), q)
	verified := Pick(daysOf(confirmed(visits)), q)
	c := Coverage{
		Place: a.Place, Period: a.Period, Official: longest(a.Tenures, a.Period), Quota: a.Quota,
		Claimed: len(claimed), Verified: len(verified), MetOn: metOn(visits, a.Quota, q), Credits: credits(visits, claimed, verified),
	}
	for _, days := range slots(a.Period, a.Quota, q) {
		within := func(d calendar.Date) bool { return days.Contains(d) }
		s := Slot{
			Days: days, Official: longest(a.Tenures, days),
			Claimed: slices.ContainsFunc(claimed, within), Verified: slices.ContainsFunc(verified, within),
		}
		s.Excused = a.excused(s)
		s.Missed = !s.Claimed && !s.Excused && s.Official != "" && c.Claimed < c.Quota
		c.Slots = append(c.Slots, s)
	}
	return c
}

func daysOf(visits []Counted) []calendar.Date {
	days := make([]calendar.Date, 0, len(visits))
	for _, v := range visits {
		days = append(days, v.Happened)
	}
	return days
}

func confirmed(visits []Counted) []Counted {
	return slices.DeleteFunc(slices.Clone(visits), func(v Counted) bool { return v.VerifiedOn.IsZero() })
}

// slots cuts a period into the parts somebody answers for: two where at least
// two visits are owed and the period is longer than the first slot, else one.
func slots(period calendar.Period, quota int, q policy.Quota) []calendar.Period {
	if quota < 2 || period.Days() <= q.FirstSlotEnd {
		return []calendar.Period{period}
	}
	middle := period.From.Add(q.FirstSlotEnd - 1)
	return []calendar.Period{{From: period.From, To: middle}, {From: middle.Add(1), To: period.To}}
}

// Share is what one official answers for of the visits owed to a hamlet: the
// slots in which most days are theirs, and how many visits fall to them, the
// rest of an odd number to the first slot.
func (a Area) Share(official org.PersonID, q policy.Quota) (own []calendar.Period, visits int) {
	all := slots(a.Period, a.Quota, q)
	for i, slot := range all {
		if longest(a.Tenures, slot) == official {
			own = append(own, slot)
			visits += a.Quota / len(all)
			if i < a.Quota%len(all) {
				visits++
			}
		}
	}
	return own, visits
}

// longest is the official with most days of the period, nobody when there is
// none; of equals the one who came first, then by id.
func longest(tenures []Tenure, period calendar.Period) org.PersonID {
	days := make(map[org.PersonID]int)
	first := make(map[org.PersonID]calendar.Date)
	for _, t := range tenures {
		if both, ok := t.Days.Intersect(period); ok {
			days[t.Official] += both.Days()
			if since, known := first[t.Official]; !known || both.From.Before(since) {
				first[t.Official] = both.From
			}
		}
	}
	var best org.PersonID
	for who := range days {
		order := cmp.Or(cmp.Compare(days[best], days[who]), first[who].Compare(first[best]), cmp.Compare(who, best))
		if best == "" || order < 0 {
			best = who
		}
	}
	return best
}

// excused reports whether the official of a slot was away for more than half
// of the days on which the hamlet was theirs.
func (a Area) excused(s Slot) bool {
	if s.Official == "" {
		return false
	}
	own, away := 0, 0
	for d := s.Days.From; !d.After(s.Days.To); d = d.Add(1) {
		if !slices.ContainsFunc(a.Tenures, func(t Tenure) bool { return t.Official == s.Official && t.Days.Contains(d) }) {
			continue
		}
		own++
		if slices.ContainsFunc(a.Away[s.Official], func(p calendar.Period) bool { return p.Contains(d) }) {
			away++
		}
	}
	return 2*away > own
}

// metOn is the first day on which the visits confirmed until then reached the quota.
func metOn(visits []Counted, quota int, q policy.Quota) calendar.Date {
	if quota < 1 {
		return calendar.Date{}
	}
	byConfirmation := confirmed(visits)
	slices.SortFunc(byConfirmation, func(a, b Counted) int { return a.VerifiedOn.Compare(b.VerifiedOn) })
	for i, v := range byConfirmation {
		if len(Pick(daysOf(byConfirmation[:i+1]), q)) >= quota {
			return v.VerifiedOn
		}
	}
	return calendar.Date{}
}

// credits shares the counted days out among those who held the visits. Of two
// visits on one day the confirmed one counts.
func credits(visits []Counted, claimed, verified []calendar.Date) []Credit {
	sums := make(map[org.PersonID]*Credit)
	of := func(day calendar.Date) *Credit {
		var best Counted
		for _, v := range visits {
			if v.Happened == day && (best == Counted{} || best.VerifiedOn.IsZero() && !v.VerifiedOn.IsZero()) {
				best = v
			}
		}
		who := best.holder()
		if sums[who] == nil {
			sums[who] = &Credit{Person: who}
		}
		return sums[who]
	}
	for _, day := range claimed {
		of(day).Claimed++
	}
	for _, day := range verified {
		of(day).Verified++
	}
	var shared []Credit
	for _, c := range sums {
		shared = append(shared, *c)
	}
	slices.SortFunc(shared, func(a, b Credit) int { return cmp.Compare(a.Person, b.Person) })
	return shared
}

// Quota is how many visits the hamlet is owed in the month: the policy's
// number, unless a decision changed it for the month, for all hamlets or, which
// goes before, for this one. Of several decisions the latest recorded holds.
func (s State) Quota(month calendar.Month, place org.PlaceID, q policy.Quota) int {
	owed := q.PerMonth
	for _, here := range []org.PlaceID{"", place} {
		for _, o := range s.QuotaOverrides {
			if o.Month == month && o.Place == here {
				owed = o.PerMonth
			}
		}
	}
	return owed
}

// MonthPlanDue is the day by which the visits of a month have to be planned:
// the last working day not after policy.Quota.PlanDueDay of the month before
// (N1, EX-04).
func MonthPlanDue(month calendar.Month, pol policy.Policy, cal *calendar.Calendar) calendar.Date {
	before := month.Prev()
	day := before.First().Add(pol.Quota.PlanDueDay - 1)
	if day.After(before.Last()) {
		day = before.Last()
	}
	return cal.PreviousWorkingDay(day)
}

// Owed is how many visits the hamlet is owed in a period that lies within one
// month of reporting: the quota of that month, or, of a part of the month, the
// share of the slots that begin in it, rounded up.
func (s State) Owed(period calendar.Period, place org.PlaceID, pol policy.Policy) int {
	month := calendar.ReportMonth(period.From, pol.Reports.CloseDay)
	owed := s.Quota(month, place, pol.Quota)
	whole := calendar.MonthPeriod(month, pol.Reports.CloseDay)
	if period == whole {
		return owed
	}
	parts := slots(whole, owed, pol.Quota)
	begun := 0
	for _, slot := range parts {
		if period.Contains(slot.From) {
			begun++
		}
	}
	return (owed*begun + len(parts) - 1) / len(parts)
}

// Months cuts a period into the months of reporting it touches, the first and
// the last of which may be parts of a month.
func Months(period calendar.Period, closeDay int) []calendar.Period {
	var parts []calendar.Period
	for d := period.From; !d.IsZero() && !d.After(period.To); {
		month := calendar.MonthPeriod(calendar.ReportMonth(d, closeDay), closeDay)
		part, ok := month.Intersect(period)
		if !ok {
			break
		}
		parts = append(parts, part)
		d = part.To.Add(1)
	}
	return parts
}

// Areas groups assignments by hamlet, ordered by id: who looked after each and
// when. With an official only the hamlets that were ever theirs are returned,
// each with everybody who looked after it.
func Areas(assignments []Assignment, official org.PersonID) []Area {
	byPlace := make(map[org.PlaceID]*Area)
	theirs := make(map[org.PlaceID]bool)
	for _, a := range assignments {
		if byPlace[a.Place] == nil {
			byPlace[a.Place] = &Area{Place: a.Place}
		}
		byPlace[a.Place].Tenures = append(byPlace[a.Place].Tenures, Tenure{a.Official, a.Valid})
		theirs[a.Place] = theirs[a.Place] || official == "" || a.Official == official
	}
	var areas []Area
	for place, area := range byPlace {
		if theirs[place] {
			areas = append(areas, *area)
		}
	}
	slices.SortFunc(areas, func(a, b Area) int { return cmp.Compare(a.Place, b.Place) })
	return areas
}
