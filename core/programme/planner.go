package programme

import (
	"cmp"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// Request is what a plan for a month is made from.
type Request struct {
	Month    calendar.Month
	Quota    policy.Quota
	Calendar *calendar.Calendar // nil: every Monday to Friday is worked, nothing is closed
	From     calendar.Date      // the first day that may be proposed; no date: the first of the month
	Hamlets  []Host
	Lunar    org.Lunar                          // nil: lunar days that hamlets avoid are not known
	Quiet    []Quiet                            // days on which nothing is proposed
	Busy     map[org.PersonID][]calendar.Date   // days on which somebody has a visit already
	Away     map[org.PersonID][]calendar.Period // leaves
}

// Host is a hamlet to be visited.
type Host struct {
	Place   org.PlaceID
	Owed    int // visits owed in the month
	Weight  int // in hundredths of an ordinary hamlet, 0 is 100: far ones get no neighbouring evenings
	Hosting org.Hosting
	Tenures []Tenure        // who may hold them, and when
	Visits  []calendar.Date // planned or held already, in the month and around it
}

// Draft is a proposed month plan: choices ordered by place and day, and what
// could not be placed. It is a proposal only; people plan.
type Draft struct {
	Month   calendar.Month
	Choices []Choice
	Short   []Shortfall
}

// Choice is one proposed visit.
type Choice struct {
	Place    org.PlaceID
	Official org.PersonID
	Date     calendar.Date
	At       calendar.TimeOfDay // the hour the hamlet prefers, else 19:00
	Venue    string
	grounds  grounds
}

// Shortfall is a visit for which no day was found.
type Shortfall struct {
	Place   org.PlaceID
	Window  calendar.Period
	grounds grounds
}

// days is a set of days of one month: bit 0 is the first.
type days uint32

// grounds is why a day was chosen, or none: the days looked at, and those that
// each obstacle took away.
type grounds struct {
	window, closed, past, quiet, avoided, near, taken days
	away, nobody, possible, weekend, chosen           days
	moved                                             bool // out of its part of the month
	rested                                            bool // a neighbouring evening was left free
}

// evening is when people are at home: they farm or work in factories by day.
func evening(h org.Hosting) calendar.TimeOfDay {
	if h.PreferredTime == (calendar.TimeOfDay{}) {
		return calendar.MustTimeOfDay(19, 0)
	}
	return h.PreferredTime
}

// Plan proposes the visits that are still missing in a month. Each hamlet gets
// one in each part of the month: days 1 to 15 and 16 to the end where two are
// owed. A day is possible when it is no closure, neither the programme nor the
// hamlet avoids it, no other visit to the hamlet is nearer than the gap of the
// quota, and the official looks after the hamlet that day, is not away and has no
// other visit.
// Of the possible days working days go before weekends, and the nearest to the
// middle of the part, or, of two visits, two weeks after the first, is taken; of
// several officials the one with the lightest load so far, each visit weighing
// what its hamlet weighs. Next to a visit to a hamlet that weighs more than an
// ordinary one the evenings before and after stay free where that can be.
// Hamlets with the fewest possible days choose first, of equals the heavier. Where
// a part of the month has no possible day the rest of the month is tried.
//
// The same request always gives the same draft. It is a greedy choice: it may
// leave a visit out that another order would have placed, and says so.
func Plan(r Request) Draft {
	p := newPlanner(r)
	p.surveyAll()
	p.engage()
	order := p.byNeed()
	for _, i := range order {
		p.place(&p.hamlets[i])
	}
	return p.draft(order)
}

// planner holds the month as sets of days while a plan is made. A country's plan
// is larger than the processor's cache, so what is looked at in the order of need
// is kept small and in one piece for all hamlets: texts are only touched in the
// order in which they were given.
type planner struct {
	Request
	first                       calendar.Date
	all, closed, past, weekends days
	partsFor                    map[int][]calendar.Period

	hamlets   []hamlet
	ascending bool // they were given in the order of their places, each once

	tenures []tenure // of the hamlets, one after the other
	roster  roster
	choices []Choice // of the hamlets, one after the other: room for what is owed
	short   []Shortfall
}

// hamlet is a host with its own obstacles.
type hamlet struct {
	*Host
	owed, weight         int
	avoided, near, quiet days
	free                 days
	tenures, choices     stretch
	begun                bool // a visit of the month is planned or held already
}

// stretch is what belongs to one hamlet of a list for all.
type stretch struct{ from, to int32 }

type tenure struct {
	official int32
	days     days
}

func newPlanner(r Request) *planner {
	if r.Calendar == nil {
		r.Calendar = calendar.WeekdaysOnly("weekdays")
	}
	p := &planner{Request: r, first: r.Month.First(), partsFor: make(map[int][]calendar.Period), hamlets: make([]hamlet, len(r.Hamlets))}
	n := r.Month.Period().Days()
	for i := range n {
		d := p.first.Add(i)
		day := days(1) << i
		p.all |= day
		if _, closed := r.Calendar.Closure(d); closed {
			p.closed |= day
		} else if !r.Calendar.IsWorkingDay(d) {
			p.weekends |= day
		}
		if d.Before(r.From) {
			p.past |= day
		}
	}
	return p
}

// byNeed is the order in which hamlets choose: those with the fewest possible days
// first, of equals the heavier, of equals as they were given.
func (p *planner) byNeed() []int32 {
	rank := make(map[int]int32) // of the weights, the heaviest is 0
	for i := range p.hamlets {
		rank[p.hamlets[i].weight] = 0
	}
	for at, weight := range slices.Backward(slices.Sorted(maps.Keys(rank))) {
		rank[weight] = int32(len(rank) - 1 - at)
	}
	needs := make([]int32, len(p.hamlets))
	before := make([]int32, 32*len(rank)+1) // how many choose before those of that need
	for i := range p.hamlets {
		h := &p.hamlets[i]
		needs[i] = int32(h.free.count()*len(rank)) + rank[h.weight]
		before[needs[i]+1]++
	}
	for i := range before[1:] {
		before[i+1] += before[i]
	}
	order := make([]int32, len(p.hamlets))
	for i, need := range needs {
		order[before[need]] = int32(i)
		before[need]++
	}
	return order
}

// draft puts together what was chosen, by place and day. Hamlets are mostly given
// in that order; then the choices only move up over the room that was not needed.
func (p *planner) draft(order []int32) Draft {
	byPlace := func(a, b Shortfall) int { return cmp.Compare(a.Place, b.Place) }
	slices.SortStableFunc(p.short, byPlace)
	draft := Draft{Month: p.Month, Choices: p.choices[:0], Short: p.short}
	add := func(h *hamlet) {
		choices := p.choices[h.choices.from:h.choices.to]
		slices.SortFunc(choices, func(a, b Choice) int { return a.Date.Compare(b.Date) })
		for i := range choices {
			c := &choices[i]
			c.Place, c.At, c.Venue = h.Place, evening(h.Hosting), h.Hosting.Venue
		}
		draft.Choices = append(draft.Choices, choices...)
	}
	if p.ascending {
		for i := range p.hamlets {
			add(&p.hamlets[i])
		}
		return draft
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(p.hamlets[a].Place, p.hamlets[b].Place) })
	draft.Choices = make([]Choice, 0, len(p.choices))
	for _, i := range order {
		add(&p.hamlets[i])
	}
	return draft
}

// on is the set of a single day, empty outside the month.
func (p *planner) on(d calendar.Date) days { return p.span(d, d) }

// span is the set of the days of the month from a to b.
func (p *planner) span(a, b calendar.Date) days {
	from, to := max(a.Sub(p.first), 0), min(b.Sub(p.first), p.all.count()-1)
	if from > to {
		return 0
	}
	return p.all >> from << from & (1<<(to+1) - 1)
}

func (p *planner) period(d calendar.Period) days {
	if d.Open() {
		return p.span(d.From, p.Month.Last())
	}
	return p.span(d.From, d.To)
}

// surveyAll surveys the hamlets in one go over what was given, and makes room.
func (p *planner) surveyAll() {
	most := 0
	for i := range p.Hamlets {
		most += len(p.Hamlets[i].Tenures)
	}
	p.tenures, p.roster = make([]tenure, 0, most), newRoster(most)
	p.ascending = true
	owed := int32(0)
	for i := range p.hamlets {
		h := &p.hamlets[i]
		h.Host = &p.Hamlets[i]
		p.survey(h)
		h.choices = stretch{owed, owed}
		owed += int32(len(p.parts(h.owed)))
		p.ascending = p.ascending && (i == 0 || p.Hamlets[i-1].Place < h.Place)
	}
	p.choices = make([]Choice, owed)
}

// survey finds out what stands in the way of visits to a hamlet.
func (p *planner) survey(h *hamlet) {
	h.owed, h.weight = h.Owed, cmp.Or(h.Weight, 100)
	if wishes := &h.Hosting; len(wishes.AvoidWeekdays)+len(wishes.AvoidDates)+len(wishes.AvoidEach) > 0 {
		for i := range p.all.count() {
			if wishes.Avoids(p.first.Add(i), p.Lunar) {
				h.avoided |= 1 << i
			}
		}
	}
	for _, q := range p.Quiet {
		if len(q.Places) == 0 || slices.Contains(q.Places, h.Place) {
			h.quiet |= p.period(q.Days)
		}
	}
	for _, d := range h.Visits {
		h.near |= p.around(d)
		h.begun = h.begun || p.on(d) != 0
	}
	h.free = p.all &^ (p.closed | p.past | h.quiet | h.avoided | h.near)
	h.tenures.from = int32(len(p.tenures))
	for _, t := range h.Tenures {
		p.tenures = append(p.tenures, tenure{p.roster.at(t.Official), p.period(t.Days)})
	}
	h.tenures.to = int32(len(p.tenures))
}

// engage notes when the officials are not to be had.
func (p *planner) engage() {
	for who, dates := range p.Busy {
		if o := p.roster.find(who); o != nil {
			for _, d := range dates {
				o.taken |= p.on(d)
			}
		}
	}
	for who, leaves := range p.Away {
		if o := p.roster.find(who); o != nil {
			for _, leave := range leaves {
				o.away |= p.period(leave)
			}
		}
	}
}

// around are the days too near to a visit for another one to count.
func (p *planner) around(d calendar.Date) days {
	gap := max(p.Quota.MinGapDays, 1)
	return p.span(d.Add(1-gap), d.Add(gap-1))
}

// place proposes what the hamlet is still owed.
func (p *planner) place(h *hamlet) {
	var inMonth []calendar.Date
	missing := h.owed
	if h.begun {
		inMonth = slices.DeleteFunc(slices.Clone(h.Visits), func(d calendar.Date) bool { return p.on(d) == 0 })
		missing -= len(Pick(inMonth, p.Quota))
	}
	var before calendar.Date
	for _, part := range p.parts(h.owed) {
		if i := slices.IndexFunc(inMonth, part.Contains); i >= 0 {
			before = inMonth[i]
			continue
		}
		if missing <= 0 {
			return
		}
		missing--
		choice := &p.choices[h.choices.to]
		if !p.choose(choice, h, part, before) {
			p.short = append(p.short, Shortfall{h.Place, part, choice.grounds})
			continue
		}
		before = choice.Date
		h.near |= p.around(choice.Date)
		h.choices.to++
	}
}

// parts cuts the month into as many parts as visits are owed: the two slots of
// the policy for two, equal parts otherwise.
func (p *planner) parts(owed int) []calendar.Period {
	parts, known := p.partsFor[owed]
	if !known {
		parts = p.cut(owed)
		p.partsFor[owed] = parts
	}
	return parts
}

func (p *planner) cut(owed int) (parts []calendar.Period) {
	month := p.Month.Period()
	if owed == 2 {
		return slots(month, owed, p.Quota)
	}
	for i := range owed {
		from, to := p.first.Add(i*month.Days()/owed), p.first.Add((i+1)*month.Days()/owed-1)
		if !to.Before(from) {
			parts = append(parts, calendar.Period{From: from, To: to})
		}
	}
	return parts
}

// choose finds the best day in a part of the month, or else in the whole month.
func (p *planner) choose(choice *Choice, h *hamlet, part calendar.Period, before calendar.Date) bool {
	ideal := part.From.Sub(p.first) + (part.Days()-1)/2
	if !before.IsZero() && h.owed == 2 {
		ideal = before.Add(14).Sub(p.first) // the same day of the week, two weeks on
	}
	if p.best(choice, h, p.period(part), ideal) {
		return true
	}
	found := p.best(choice, h, p.all, ideal)
	choice.grounds.moved = found
	return found
}

// best finds the best day of a window and who takes it.
func (p *planner) best(choice *Choice, h *hamlet, window days, ideal int) bool {
	choice.grounds = grounds{
		window: window, closed: p.closed, past: p.past, quiet: h.quiet, avoided: h.avoided, near: h.near, nobody: p.all, weekend: p.weekends,
	}
	g := &choice.grounds
	open := window &^ (p.closed | p.past | h.quiet | h.avoided | h.near)
	var chosen *official
	var possible days
	for _, t := range p.tenures[h.tenures.from:h.tenures.to] {
		o := &p.roster.officials[t.official]
		g.nobody &^= t.days
		own := open & t.days
		g.taken |= own & o.taken
		g.away |= own & o.away
		own &^= o.taken | o.away
		if own == 0 {
			continue
		}
		g.possible |= own
		if worked := own &^ p.weekends; worked != 0 {
			own = worked
		}
		if chosen == nil || o.load < chosen.load {
			chosen, possible = o, own
		}
	}
	if chosen == nil {
		return false
	}
	beside := chosen.far<<1 | chosen.far>>1
	if h.weight > 100 {
		beside = chosen.taken<<1 | chosen.taken>>1
	}
	if restful := possible &^ beside; restful != 0 && restful != possible {
		possible, g.rested = restful, true
	}
	day := possible.nearest(ideal)
	g.chosen = days(1) << day
	chosen.taken |= g.chosen
	chosen.load += h.weight
	if h.weight > 100 {
		chosen.far |= g.chosen
	}
	choice.Official, choice.Date = chosen.id, p.first.Add(day)
	return true
}

func (d days) count() int { return bits.OnesCount32(uint32(d)) }

// nearest is the day of a set that is nearest to another, the earlier of two.
func (d days) nearest(ideal int) int {
	for distance := range 64 {
		for _, day := range [2]int{ideal - distance, ideal + distance} {
			if day >= 0 && day < 31 && d&(1<<day) != 0 {
				return day
			}
		}
	}
	return bits.TrailingZeros32(uint32(d))
}

// Explain says in the reader's language ("vi" or "en") why this day was
// proposed: what was looked at and what was ruled out.
func (c Choice) Explain(lang string) string {
	english := fault.English(lang)
	var b strings.Builder
	if english {
		fmt.Fprintf(&b, "%s at %s.", c.Date.Text(lang), c.At)
	} else {
		fmt.Fprintf(&b, "%s lúc %s.", c.Date.Text(lang), c.At.VN())
	}
	c.grounds.explain(&b, english)
	switch {
	case c.grounds.moved && english:
		b.WriteString(" Its own part of the month had no possible day.")
	case c.grounds.moved:
		b.WriteString(" Nửa tháng của buổi này không còn ngày phù hợp.")
	}
	switch {
	case c.grounds.rested && english:
		b.WriteString(" Evenings beside a visit far away stay free.")
	case c.grounds.rested:
		b.WriteString(" Không xếp hai tối liền nhau khi đi ấp xa.")
	}
	if c.grounds.chosen&c.grounds.weekend != 0 {
		if english {
			b.WriteString(" It is a weekend: no working day was possible.")
		} else {
			b.WriteString(" Rơi vào cuối tuần vì không còn ngày làm việc phù hợp.")
		}
	}
	return b.String()
}

// Explain says in the reader's language why no day was found.
func (s Shortfall) Explain(lang string) string {
	english := fault.English(lang)
	var b strings.Builder
	if english {
		fmt.Fprintf(&b, "No day was found for the visit of %s to %s.", s.Window.From.VN(), s.Window.To.VN())
	} else {
		fmt.Fprintf(&b, "Chưa xếp được buổi trong thời gian từ %s đến %s.", s.Window.From.VN(), s.Window.To.VN())
	}
	s.grounds.explain(&b, english)
	return b.String()
}

// explain adds up the days looked at; each day ruled out is counted once, by
// the first obstacle.
func (g grounds) explain(b *strings.Builder, english bool) {
	left := g.window
	if english {
		fmt.Fprintf(b, " %d days looked at", left.count())
	} else {
		fmt.Fprintf(b, " Xét %d ngày", left.count())
	}
	for _, o := range []struct {
		days   days
		en, vi string
	}{
		{g.closed, "closed", "nghỉ lễ"},
		{g.past, "past", "đã qua"},
		{g.quiet, "avoided by the programme", "kế hoạch không xếp lịch"},
		{g.avoided, "avoided by the hamlet", "ấp đề nghị tránh"},
		{g.near, "too near another visit", "quá gần buổi khác"},
		{g.nobody, "without an official", "chưa có người phụ trách"},
		{g.away &^ g.possible, "official on leave", "người phụ trách nghỉ"},
		{g.taken &^ g.possible, "official at another hamlet", "người phụ trách có buổi ở ấp khác"},
	} {
		n := (left & o.days).count()
		left &^= o.days
		switch {
		case n == 0:
		case english:
			fmt.Fprintf(b, ", %d %s", n, o.en)
		default:
			fmt.Fprintf(b, ", loại %d ngày %s", n, o.vi)
		}
	}
	if english {
		fmt.Fprintf(b, ", %d possible.", left.count())
	} else {
		fmt.Fprintf(b, ", còn %d ngày phù hợp.", left.count())
	}
}
