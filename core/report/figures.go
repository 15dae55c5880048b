package report

import (
	"cmp"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// Share is a part of a whole, both shown, never a percentage alone.
type Share struct {
	Part int `json:"part"`
	Of   int `json:"of"`
}

// Percent is the share in percent, 0 of an empty whole.
func (s Share) Percent() float64 {
	if s.Of == 0 {
		return 0
	}
	return 100 * float64(s.Part) / float64(s.Of)
}

func (s *Share) add(part bool) {
	s.Of++
	if part {
		s.Part++
	}
}

// Hamlet is how often one hamlet was visited, counted by the quota's rules.
type Hamlet struct {
	Place    org.PlaceID  `json:"place"`
	Commune  org.PlaceID  `json:"commune"`
	Official org.PersonID `json:"official"` // who looks after it; the one with most days
	Quota    int          `json:"quota"`
	Claimed  int          `json:"claimed"`
	Verified int          `json:"verified"`
	Excused  int          `json:"excused,omitempty"` // slots not met because the official was on leave
}

// OfficialLine is one official's row, for a talk and never for a ranking (A12).
type OfficialLine struct {
	Official org.PersonID `json:"official"`
	Quota    int          `json:"quota"`
	Claimed  int          `json:"claimed"`
	Verified int          `json:"verified"`
}

// VisitFigures say what became of the visits of the period.
type VisitFigures struct {
	Planned     int `json:"planned"` // all below but cancelled
	Ahead       int `json:"ahead"`   // neither held nor missed yet
	Held        int `json:"held"`    // held, not yet reported
	Verified    int `json:"verified"`
	Reported    int `json:"reported"` // waiting for confirmation
	Unconfirmed int `json:"unconfirmed"`
	Disputed    int `json:"disputed"`
	Refused     int `json:"refused"`
	Missed      int `json:"missed"`
	Cancelled   int `json:"cancelled"` // not in Planned

	Excused    int   `json:"excused"`   // of the missed
	Unexcused  int   `json:"unexcused"` // of the missed
	Substitute int   `json:"substitute"`
	Late       int   `json:"late"` // arrived late
	People     int   `json:"people"`
	OnTime     Share `json:"on_time"` // reports on time, of all reports
	Told       int   `json:"told"`    // dissemination items told
	Audience   int   `json:"audience"`
}

// UnitLine is how one unit stands with what was due in the period.
type UnitLine struct {
	Unit    org.UnitID `json:"unit"`
	Due     int        `json:"due"` // all three below
	OnTime  int        `json:"on_time"`
	Late    int        `json:"late"`    // answered, too late
	Overdue int        `json:"overdue"` // not answered: untouched counts as late
}

// Cell is one row of a table.
type Cell struct {
	Key   string `json:"key"`
	Count int    `json:"count"`
}

// OpinionFigures say what was said and what became of it on the spot.
type OpinionFigures struct {
	Total     int    `json:"total"`
	ByKind    []Cell `json:"by_kind"`    // adds up to Total
	ByTopic   []Cell `json:"by_topic"`   // first topic of each; adds up to Total
	ByCommune []Cell `json:"by_commune"` // adds up to Total
	OnSpot    int    `json:"on_spot"`
	Guided    int    `json:"guided"`
	Linked    int    `json:"linked"` // became or joined an issue
	Noted     int    `json:"noted"`  // feelings and wishes, and what waits
}

// IssueFigures say how the issues stand that were registered in the period.
type IssueFigures struct {
	Registered int    `json:"registered"`
	ByStatus   []Cell `json:"by_status"` // adds up to Registered
	ByClass    []Cell `json:"by_class"`  // class of the last approved answer; "none" without one; adds up to Registered
	Repeated   int    `json:"repeated"`
	Collective int    `json:"collective"`
}

// Figures are everything a period report says in numbers.
type Figures struct {
	Period calendar.Period `json:"period"`
	AsOf   calendar.Date   `json:"as_of"`

	Claimed  Share `json:"claimed"`  // visits that count if everybody is believed, of the quota
	Verified Share `json:"verified"` // visits confirmed by others, of the quota
	Complete Share `json:"complete"` // hamlets with their full quota verified

	Hamlets   []Hamlet       `json:"hamlets"`
	Officials []OfficialLine `json:"officials"`
	Visits    VisitFigures   `json:"visits"`

	Opinions OpinionFigures `json:"opinions"`
	Issues   IssueFigures   `json:"issues"`

	Units     Share      `json:"units"` // answered on time, of all that was due
	UnitLines []UnitLine `json:"unit_lines"`
	NotDue    int        `json:"not_due"` // referred in or before the period, due after it

	Feedback  Share `json:"feedback"`  // told, of the answers approved in the period
	Satisfied Share `json:"satisfied"` // yes, of those who replied
	Replied   Share `json:"replied"`   // replied, of those who were asked

	Supervision map[supervision.Source]supervision.Figure `json:"supervision,omitempty"`
	Sealed      string                                    `json:"sealed,omitempty"` // for the office to fill in from Work.Sealed.Count; never computed here

	Corrections []Correction `json:"corrections,omitempty"`
}

// Correction says what a locked period would show today.
type Correction struct {
	Period   calendar.Period `json:"period"`
	Claimed  Share           `json:"claimed"`
	Verified Share           `json:"verified"`
	Was      Share           `json:"was"`     // verified, as locked
	Changes  []Change        `json:"changes"` // every measure that would be another one
}

// Facts are what figures are computed from: all of it in the period, sealed
// matters left out.
type Facts struct {
	Period   calendar.Period
	AsOf     calendar.Date
	Policy   policy.Policy
	Hamlets  []Hamlet // counted
	Visits   []visit.State
	Opinions []opinion.State
	Issues   []issue.State // registered in the period
	Answered []issue.State // with an answer approved in the period
	Units    []duty.State  // duties of kind unit due in the period
	Later    int           // duties of kind unit due after it, running
	Ratings  []supervision.Rating
	Commune  func(org.PlaceID) org.PlaceID
}

// Compute turns facts into figures. It is a pure function.
func Compute(f Facts) Figures {
	figures := Figures{Period: f.Period, AsOf: f.AsOf, Hamlets: f.Hamlets, NotDue: f.Later}
	figures.coverage(f.Hamlets)
	figures.Visits = visits(f.Visits, f.Policy)
	figures.Opinions = opinions(f.Opinions, f.Commune)
	figures.Issues = issues(f.Issues)
	figures.units(f.Units)
	figures.answers(f)
	if len(f.Ratings) > 0 {
		figures.Supervision = supervision.Tally(f.Ratings)
	}
	return figures
}

func (g *Figures) coverage(hamlets []Hamlet) {
	lines := make([]OfficialLine, 0, len(hamlets))
	for _, h := range hamlets {
		g.Claimed.Part, g.Claimed.Of = g.Claimed.Part+h.Claimed, g.Claimed.Of+h.Quota
		g.Verified.Part, g.Verified.Of = g.Verified.Part+h.Verified, g.Verified.Of+h.Quota
		g.Complete.add(h.Verified >= h.Quota)
		lines = append(lines, OfficialLine{h.Official, h.Quota, h.Claimed, h.Verified})
	}
	byOfficial := func(a, b OfficialLine) int { return cmp.Compare(a.Official, b.Official) }
	if !slices.IsSortedFunc(lines, byOfficial) { // of a whole country they mostly are
		slices.SortFunc(lines, byOfficial)
	}
	for _, l := range lines {
		if last := len(g.Officials) - 1; last >= 0 && g.Officials[last].Official == l.Official {
			sum := &g.Officials[last]
			sum.Quota, sum.Claimed, sum.Verified = sum.Quota+l.Quota, sum.Claimed+l.Claimed, sum.Verified+l.Verified
			continue
		}
		if g.Officials == nil {
			g.Officials = lines[:0] // never ahead of what is read
		}
		g.Officials = append(g.Officials, l)
	}
}

func visits(all []visit.State, pol policy.Policy) VisitFigures {
	var g VisitFigures
	for _, v := range all {
		g.count(v)
		if v.Status == visit.Missed && v.Absence == visit.Excused {
			g.Excused++
		}
		if v.Status == visit.Missed && v.Absence == visit.Unexcused {
			g.Unexcused++
		}
		if len(v.Reports) == 0 || !v.Claimed() {
			continue
		}
		r, _ := v.Standing()
		g.People += r.People
		g.OnTime.add(v.ReportedLate() == 0)
		if r.Attendance == visit.Substitute {
			g.Substitute++
		}
		if v.ArrivedLate(pol) {
			g.Late++
		}
		for _, c := range r.Receipts {
			if c.Told {
				g.Told++
				g.Audience += c.Audience
			}
		}
	}
	g.Planned = g.Ahead + g.Held + g.Verified + g.Reported + g.Unconfirmed + g.Disputed + g.Refused + g.Missed
	return g
}

func (g *VisitFigures) count(v visit.State) {
	switch v.Status {
	case visit.Planned, visit.AtRisk:
		g.Ahead++
	case visit.Held:
		g.Held++
	case visit.Reported:
		g.Reported++
	case visit.Verified:
		g.Verified++
	case visit.Unconfirmed:
		g.Unconfirmed++
	case visit.Disputed:
		g.Disputed++
	case visit.Refused:
		g.Refused++
	case visit.Missed:
		g.Missed++
	case visit.Cancelled:
		g.Cancelled++
	}
}

// table counts keys into rows, most first, then by key.
func table[T any](things []T, key func(T) string) []Cell {
	counts := make(map[string]int)
	for _, t := range things {
		counts[key(t)]++
	}
	return cellsOf(counts)
}

func cellsOf(counts map[string]int) []Cell {
	cells := make([]Cell, 0, len(counts))
	for k, n := range counts {
		cells = append(cells, Cell{k, n})
	}
	slices.SortFunc(cells, func(a, b Cell) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Key, b.Key)) })
	return cells
}

// Sum adds a table up.
func Sum(cells []Cell) int {
	n := 0
	for _, c := range cells {
		n += c.Count
	}
	return n
}

// opinions counts what was said; sealed matters are not among it.
func opinions(all []opinion.State, commune func(org.PlaceID) org.PlaceID) OpinionFigures {
	all = countable(all)
	g := OpinionFigures{
		Total:   len(all),
		ByKind:  table(all, func(o opinion.State) string { return string(o.Kind) }),
		ByTopic: table(all, func(o opinion.State) string { return firstTopic(o) }),
		ByCommune: table(all, func(o opinion.State) string {
			if commune == nil {
				return string(o.Place)
			}
			return string(commune(o.Place))
		}),
	}
	for _, o := range all {
		switch o.Status {
		case opinion.AnsweredOnSpot:
			g.OnSpot++
		case opinion.Guided:
			g.Guided++
		case opinion.Linked:
			g.Linked++
		default:
			g.Noted++
		}
	}
	return g
}

func firstTopic(o opinion.State) string {
	if len(o.Topics) == 0 {
		return "unclassified"
	}
	return o.Topics[0]
}

func issues(all []issue.State) IssueFigures {
	g := IssueFigures{
		Registered: len(all),
		ByStatus:   table(all, func(i issue.State) string { return string(i.Status) }),
		ByClass:    table(all, func(i issue.State) string { return answerClass(i) }),
	}
	for _, i := range all {
		if i.Repeats > 0 {
			g.Repeated++
		}
		if i.Collective {
			g.Collective++
		}
	}
	return g
}

// answerClass is what the last approved answer amounts to. Answered and settled
// are never one number (A2).
func answerClass(i issue.State) string {
	for _, a := range slices.Backward(i.Answers) {
		if !a.Approved.IsZero() {
			return string(a.Class)
		}
	}
	return noAnswer
}

// noAnswer stands for the class of an issue without an approved answer.
const noAnswer = "none"

func (g *Figures) units(due []duty.State) {
	lines := make(map[org.UnitID]*UnitLine)
	for _, d := range due {
		if d.Status == duty.Cancelled || d.Status == duty.Superseded {
			continue
		}
		l := lines[d.Holder.Unit]
		if l == nil {
			l = &UnitLine{Unit: d.Holder.Unit}
			lines[d.Holder.Unit] = l
		}
		l.Due++
		switch d.Status {
		case duty.Met:
			l.OnTime++
		case duty.MetLate:
			l.Late++
		default:
			l.Overdue++
		}
		g.Units.add(d.Status == duty.Met)
	}
	for _, l := range lines {
		g.UnitLines = append(g.UnitLines, *l)
	}
	slices.SortFunc(g.UnitLines, func(a, b UnitLine) int { return cmp.Compare(a.Unit, b.Unit) })
}

// answers counts what was told back and what people said of it: of answers
// approved in the period, and of those given on the spot.
func (g *Figures) answers(f Facts) {
	for _, i := range f.Answered {
		for _, n := range answersOf(i, f.Period) {
			g.Feedback.add(wasTold(i, n))
		}
		for _, said := range Replies(i, f.Period) {
			g.asked(said)
		}
	}
	for _, o := range f.Opinions {
		if o.Status == opinion.AnsweredOnSpot {
			g.asked(o.Satisfied)
		}
	}
}

// answersOf are the answers of an issue, counted from 1, that were approved in
// the period.
func answersOf(i issue.State, period calendar.Period) []int {
	var all []int
	for n, a := range i.Answers {
		if !a.Approved.IsZero() && period.Contains(a.Approved) {
			all = append(all, n+1)
		}
	}
	return all
}

// wasTold reports whether every speaker heard the n-th answer.
func wasTold(i issue.State, n int) bool { return !i.ToldOn(n).IsZero() }

// Untold reports whether an answer approved in the period has not reached every
// speaker.
func Untold(i issue.State, period calendar.Period) bool {
	return slices.ContainsFunc(answersOf(i, period), func(n int) bool { return !wasTold(i, n) })
}

// Replies are what the speakers said of each answer approved in the period and
// told to all of them: "yes", "no", or empty for silence.
func Replies(i issue.State, period calendar.Period) []string {
	var all []string
	for _, n := range answersOf(i, period) {
		if wasTold(i, n) {
			all = append(all, reply(i, n))
		}
	}
	return all
}

// asked counts one person who was asked for satisfaction: "yes", "no" or silence.
func (g *Figures) asked(reply string) {
	g.Replied.add(reply != "")
	if reply != "" {
		g.Satisfied.add(reply == "yes")
	}
}

// reply is what the speakers said of the n-th answer, counted from 1.
func reply(i issue.State, n int) string {
	said := ""
	for _, r := range i.Replies {
		switch {
		case r.Answer != n:
		case !r.Satisfied:
			return "no" // one unhappy voice is enough
		default:
			said = "yes"
		}
	}
	return said
}
