package programme

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// SpreadRule is the rule that measures how evenly hamlets are shared out.
const SpreadRule = "spread"

// ConflictRule says when somebody should not look after a hamlet. The rules
// are data of the programme: a leader may waive one for one assignment with a
// reason, and a programme may have others.
type ConflictRule struct {
	Code    string     `json:"code"`              // named in waivers
	Roles   []org.Role `json:"roles"`             // held at the place by the official …
	Related bool       `json:"related,omitempty"` // … or by somebody related to the official
	Upward  bool       `json:"upward,omitempty"`  // also at what the place lies in: its commune
	En      string     `json:"en"`
	Vi      string     `json:"vi"`
}

// Relation says that two persons are close: family, or anything else that would
// let people doubt. It is kept without saying what it is.
type Relation struct {
	A org.PersonID `json:"a"`
	B org.PersonID `json:"b"`
}

// DefaultConflicts are the rules of a programme that decided no others: nobody
// is heard, confirmed and rated where they, or people close to them, are the
// ones who hear, confirm and rate.
func DefaultConflicts() []ConflictRule {
	return []ConflictRule{
		{Code: "holds_role_there", Roles: hosts(), En: "The official holds an office in the hamlet itself.", Vi: "Người được phân công đang giữ chức danh tại chính ấp đó."},
		{Code: "leads_commune", Roles: []org.Role{org.CommuneLeader}, Upward: true, En: "The official leads the commune of the hamlet.", Vi: "Người được phân công là lãnh đạo xã của ấp đó."},
		{Code: "related_to_host", Roles: hosts(), Related: true, En: "Somebody close to the official holds an office in the hamlet.", Vi: "Người thân của người được phân công giữ chức danh tại ấp đó."},
	}
}

// hosts are those in a hamlet who confirm and rate visits.
func hosts() []org.Role {
	return []org.Role{org.HamletHead, org.PartyCellSecretary, org.ResidentGroupHead, org.VillageElder}
}

// Breach is a rule that an assignment breaks.
type Breach struct {
	Rule string `json:"rule"`
	En   string `json:"en"`
	Vi   string `json:"vi"`
}

// Conflicts returns the conflict rules that an assignment of the official to a
// place breaks. line is the place and everything it lies in; roles are the roles
// held there. Each rule is named once.
func (s State) Conflicts(official org.PersonID, line []org.PlaceID, roles []org.Holding) []Breach {
	rules := s.ConflictRules
	if rules == nil {
		rules = DefaultConflicts()
	}
	var breaches []Breach
	for _, rule := range rules {
		if slices.ContainsFunc(roles, func(h org.Holding) bool { return rule.matches(s, official, line, h) }) {
			breaches = append(breaches, Breach{rule.Code, rule.En, rule.Vi})
		}
	}
	return breaches
}

func (r ConflictRule) matches(s State, official org.PersonID, line []org.PlaceID, h org.Holding) bool {
	if !slices.Contains(r.Roles, h.Role) || len(line) == 0 {
		return false
	}
	if h.Place != line[0] && !(r.Upward && slices.Contains(line, h.Place)) {
		return false
	}
	if r.Related {
		return slices.ContainsFunc(s.Relations, func(rel Relation) bool {
			return rel.A == official && rel.B == h.Person || rel.B == official && rel.A == h.Person
		})
	}
	return h.Person == official
}

// Load is how many hamlets one official looks after.
type Load struct {
	Official org.PersonID `json:"official"`
	Hamlets  int          `json:"hamlets"`
	Burden   int          `json:"burden,omitempty"` // what they weigh, in hundredths of a hamlet; 0: 100 each
}

// weight is the burden, where hamlets are weighed, else 100 for each.
func (l Load) weight() int { return cmp.Or(l.Burden, 100*l.Hamlets) }

// Loads counts the hamlets of each official that has any on the day, the most
// loaded first, then by id. Proposed assignments do not count.
func Loads(assignments []Assignment, on calendar.Date) []Load {
	var loads []Load
	for official, hamlets := range hamletsOf(assignments, on) {
		loads = append(loads, Load{Official: official, Hamlets: len(hamlets)})
	}
	slices.SortFunc(loads, func(a, b Load) int {
		return cmp.Or(cmp.Compare(b.Hamlets, a.Hamlets), cmp.Compare(a.Official, b.Official))
	})
	return loads
}

// hamletsOf are the hamlets of each official on the day.
func hamletsOf(assignments []Assignment, on calendar.Date) map[org.PersonID]map[org.PlaceID]bool {
	hamlets := make(map[org.PersonID]map[org.PlaceID]bool)
	for _, a := range assignments {
		if !a.counts(on) {
			continue
		}
		if hamlets[a.Official] == nil {
			hamlets[a.Official] = make(map[org.PlaceID]bool)
		}
		hamlets[a.Official][a.Place] = true
	}
	return hamlets
}

// counts reports whether somebody looks after a hamlet by the assignment on the
// day: a proposed one does not count.
func (a *Assignment) counts(on calendar.Date) bool {
	return a.Status != Proposed && a.Status != Cancelled && a.Valid.Contains(on)
}

// ordinary is what a hamlet weighs of which the programme says nothing.
const ordinary = 100

// Weight is what a hamlet weighs in the load of its official, in hundredths.
func (s State) Weight(place org.PlaceID) int {
	for _, b := range s.Burdens {
		if b.Place == place {
			return b.Weight
		}
	}
	return ordinary
}

// Loads is the function Loads with the hamlets weighed by the programme's
// burdens, the heaviest load first.
func (s State) Loads(assignments []Assignment, on calendar.Date) []Load {
	loads := Loads(assignments, on)
	if len(s.Burdens) == 0 {
		return loads
	}
	weight := make(map[org.PlaceID]int, len(s.Burdens))
	for _, b := range slices.Backward(s.Burdens) { // the first holds
		weight[b.Place] = b.Weight
	}
	burden := make(map[org.PersonID]int)
	for official, hamlets := range hamletsOf(assignments, on) {
		for place := range hamlets {
			w, weighed := weight[place]
			if !weighed {
				w = ordinary
			}
			burden[official] += w
		}
	}
	for i := range loads {
		loads[i].Burden = burden[loads[i].Official]
	}
	slices.SortStableFunc(loads, func(a, b Load) int { return cmp.Compare(b.Burden, a.Burden) })
	return loads
}

// Lighter reports whether one official bears less than another.
func (l Load) Lighter(than Load) bool { return l.weight() < than.weight() }

// Spread is the difference in hamlets between the most and the least loaded of
// those who have any. Who has none is told by [Staffing], not here.
func Spread(loads []Load) int {
	if len(loads) == 0 {
		return 0
	}
	most, least := loads[0].Hamlets, loads[0].Hamlets
	for _, l := range loads {
		most, least = max(most, l.Hamlets), min(least, l.Hamlets)
	}
	return most - least
}

// CheckSpread returns a breach when the loads differ by more than the policy
// allows: hamlets as they are weighed, 100 hundredths to the hamlet. It says who
// bears most and least.
func CheckSpread(loads []Load, q policy.Quota) []Breach {
	if len(loads) == 0 {
		return nil
	}
	heavier := func(a, b Load) int { return cmp.Compare(a.weight(), b.weight()) }
	most, least := slices.MaxFunc(loads, heavier), slices.MinFunc(loads, heavier)
	spread := most.weight() - least.weight()
	if spread <= 100*q.MaxSpread {
		return nil
	}
	told := fault.Broken(SpreadRule, "",
		"The loads differ by %[1]s hamlets, the programme allows %[2]d: %[3]s bears %[4]s, %[5]s bears %[6]s.",
		"Khối lượng chênh nhau %[1]s ấp, kế hoạch cho phép %[2]d: %[3]s nhiều nhất (%[4]s), %[5]s ít nhất (%[6]s).",
		hundredths(spread), q.MaxSpread, most.Official, hundredths(most.weight()), least.Official, hundredths(least.weight()))
	return []Breach{{SpreadRule, told.En, told.Vi}}
}

// hundredths writes 250 as 2.5 and 200 as 2.
func hundredths(n int) string { return strconv.FormatFloat(float64(n)/100, 'f', -1, 64) }

// Gaps say who has no hamlet and which hamlet has nobody on a day (S7).
type Gaps struct {
	On        calendar.Date  `json:"on"`
	Officials []org.PersonID `json:"officials,omitempty"` // without a hamlet
	Places    []org.PlaceID  `json:"places,omitempty"`    // without an official
	Loads     []Load         `json:"loads,omitempty"`
	Spread    int            `json:"spread"`
}

// Staffing compares who is there and what is visited with the assignments of a
// day. officials and places keep their order.
func Staffing(on calendar.Date, officials []org.PersonID, places []org.PlaceID, assignments []Assignment) Gaps {
	loads := Loads(assignments, on)
	g := Gaps{On: on, Loads: loads, Spread: Spread(loads)}
	assigned, visited := make(map[org.PersonID]bool), make(map[org.PlaceID]bool)
	for _, a := range assignments {
		if a.counts(on) {
			assigned[a.Official], visited[a.Place] = true, true
		}
	}
	for _, who := range officials {
		if !assigned[who] {
			g.Officials = append(g.Officials, who)
		}
	}
	for _, place := range places {
		if !visited[place] {
			g.Places = append(g.Places, place)
		}
	}
	return g
}
