package programme

import (
	"cmp"
	"fmt"
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
	all := make([]hamlet, len(r.Hamlets))
	hamlets := make([]*hamlet, len(r.Hamlets))
	for i := range r.Hamlets {
		p.survey(&all[i], &r.Hamlets[i])
		hamlets[i] = &all[i]
	}
	slices.SortStableFunc(hamlets, func(a, b *hamlet) int {
		return cmp.Or(cmp.Compare(a.free.count(), b.free.count()), cmp.Compare(b.weight(), a.weight()))
	})
	for _, h := range hamlets {
		p.place(h)
	}
	slices.SortStableFunc(hamlets, func(a, b *hamlet) int { return cmp.Compare(a.Place, b.Place) })
	draft := Draft{Month: r.Month, Choices: make([]Choice, 0, p.owed)}
	for _, h := range hamlets {
		slices.SortFunc(h.choices, func(a, b Choice) int { return a.Date.Compare(b.Date) })
		draft.Choices, draft.Short = append(draft.Choices, h.choices...), append(draft.Short, h.short...)
	}
	return draft
}

// planner holds the month as sets of days while a plan is made.
type planner struct {
	Request
	first                       calendar.Date
	all, closed, past, weekends days
	officials                   map[org.PersonID]*official
	partsFor                    map[int][]calendar.Period

	// One piece of memory each instead of one for each hamlet.
	owed    int        // visits at most
	spare   []official // for those not asked for yet
	held    []tenure
	choices []Choice
}

// official is somebody's month: days taken and away, visits so far.
type official struct {
	taken, away, far days
	load             int
}

// hamlet is a host with its own obstacles.
type hamlet struct {
	*Host
	avoided, near, quiet days
	free                 days
	tenures              []tenure
	choices              []Choice
	short                []Shortfall
}

type tenure struct {
	id   org.PersonID
	days days
	*official
}

func newPlanner(r Request) *planner {
	if r.Calendar == nil {
		r.Calendar = calendar.WeekdaysOnly("weekdays")
	}
	owed, tenures := 0, 0
	for i := range r.Hamlets {
		owed += min(max(r.Hamlets[i].Owed, 0), 31)
		tenures += len(r.Hamlets[i].Tenures)
	}
	p := &planner{
		Request: r, first: r.Month.First(), officials: make(map[org.PersonID]*official, len(r.Hamlets)), partsFor: make(map[int][]calendar.Period),
		owed: owed, spare: make([]official, tenures), held: make([]tenure, 0, tenures), choices: make([]Choice, owed),
	}
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

// official is somebody's month, made the first time it is asked for.
func (p *planner) official(id org.PersonID) *official {
	o := p.officials[id]
	if o == nil {
		o, p.spare = &p.spare[0], p.spare[1:] // as many as there are tenures at most
		for _, d := range p.Busy[id] {
			o.taken |= p.on(d)
		}
		for _, leave := range p.Away[id] {
			o.away |= p.period(leave)
		}
		p.officials[id] = o
	}
	return o
}

// survey finds out what stands in the way of visits to a hamlet.
func (p *planner) survey(h *hamlet, host *Host) {
	h.Host = host
	if wishes := host.Hosting; len(wishes.AvoidWeekdays)+len(wishes.AvoidDates)+len(wishes.AvoidEach) > 0 {
		for i := range p.all.count() {
			if wishes.Avoids(p.first.Add(i), p.Lunar) {
				h.avoided |= 1 << i
			}
		}
	}
	for _, q := range p.Quiet {
		if len(q.Places) == 0 || slices.Contains(q.Places, host.Place) {
			h.quiet |= p.period(q.Days)
		}
	}
	for _, d := range host.Visits {
		h.near |= p.around(d)
	}
	h.free = p.all &^ (p.closed | p.past | h.quiet | h.avoided | h.near)
	from := len(p.held)
	for _, t := range host.Tenures {
		p.held = append(p.held, tenure{t.Official, p.period(t.Days), p.official(t.Official)})
	}
	h.tenures = p.held[from:]
}

// around are the days too near to a visit for another one to count.
func (p *planner) around(d calendar.Date) days {
	gap := max(p.Quota.MinGapDays, 1)
	return p.span(d.Add(1-gap), d.Add(gap-1))
}

// place proposes what the hamlet is still owed.
func (p *planner) place(h *hamlet) {
	var inMonth []calendar.Date
	for _, d := range h.Visits {
		if p.on(d) != 0 {
			inMonth = append(inMonth, d)
		}
	}
	missing := h.Owed
	if len(inMonth) > 0 {
		missing -= len(Pick(inMonth, p.Quota))
	}
	parts := p.parts(h.Owed)
	h.choices, p.choices = p.choices[:0:len(parts)], p.choices[len(parts):]
	var before calendar.Date
	for _, part := range parts {
		if i := slices.IndexFunc(inMonth, part.Contains); i >= 0 {
			before = inMonth[i]
			continue
		}
		if missing <= 0 {
			return
		}
		missing--
		choice, ok := p.choose(h, part, before)
		if !ok {
			h.short = append(h.short, Shortfall{h.Place, part, choice.grounds})
			continue
		}
		before = choice.Date
		h.near |= p.around(choice.Date)
		h.choices = append(h.choices, choice)
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
func (p *planner) choose(h *hamlet, part calendar.Period, before calendar.Date) (Choice, bool) {
	ideal := part.From.Sub(p.first) + (part.Days()-1)/2
	if !before.IsZero() && h.Owed == 2 {
		ideal = before.Add(14).Sub(p.first) // the same day of the week, two weeks on
	}
	window := p.period(part)
	choice, ok := p.best(h, window, ideal)
	if !ok {
		choice, ok = p.best(h, p.all, ideal)
		choice.grounds.moved = ok
	}
	return choice, ok
}

// best finds the best day of a window and who takes it.
func (p *planner) best(h *hamlet, window days, ideal int) (Choice, bool) {
	g := grounds{
		window: window, closed: p.closed, past: p.past, quiet: h.quiet, avoided: h.avoided, near: h.near, nobody: p.all, weekend: p.weekends,
	}
	open := window &^ (p.closed | p.past | h.quiet | h.avoided | h.near)
	var chosen *tenure
	var possible days
	for i := range h.tenures {
		t := &h.tenures[i]
		g.nobody &^= t.days
		own := open & t.days
		g.taken |= own & t.taken
		g.away |= own & t.away
		own &^= t.taken | t.away
		if own == 0 {
			continue
		}
		g.possible |= own
		if worked := own &^ p.weekends; worked != 0 {
			own = worked
		}
		if chosen == nil || t.load < chosen.load {
			chosen, possible = t, own
		}
	}
	if chosen == nil {
		return Choice{grounds: g}, false
	}
	beside := chosen.far<<1 | chosen.far>>1
	if h.weight() > 100 {
		beside = chosen.taken<<1 | chosen.taken>>1
	}
	if restful := possible &^ beside; restful != 0 && restful != possible {
		possible, g.rested = restful, true
	}
	day := possible.nearest(ideal)
	g.chosen = days(1) << day
	chosen.taken |= g.chosen
	chosen.load += h.weight()
	if h.weight() > 100 {
		chosen.far |= g.chosen
	}
	return Choice{h.Place, chosen.id, p.first.Add(day), evening(h.Hosting), h.Hosting.Venue, g}, true
}

func (h *hamlet) weight() int { return cmp.Or(h.Weight, 100) }

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
