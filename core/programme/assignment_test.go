package programme_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
)

func wantRule(t *testing.T, err error, rule string) {
	t.Helper()
	if !slices.ContainsFunc(fault.Violations(err), func(v *fault.Violation) bool { return v.Rule == rule }) {
		t.Errorf("got %v, want %s", err, rule)
	}
}

func plan2017() programme.State {
	return programme.State{
		ID: "HVCS-2017", Code: "HVCS-2017", Name: "Hướng về cơ sở", Valid: year2017(),
		Basis: programme.Basis{Number: "60", Symbol: "KH-UBND", Issuer: "UBND huyện", Title: "Hướng về cơ sở"},
	}
}

func hamlet() org.Place {
	return org.Place{ID: "AP-01", Names: []org.Naming{{Valid: calendar.Period{From: day("1994-08-31"), To: day("2017-10-31")}, Kind: "ap", Name: "1"}}}
}

func proposal() programme.Assignment {
	return programme.Assignment{ID: "a1", Official: "lan", Place: "AP-01", Team: "T3", Valid: days("2017-03-01", "2017-09-30")}
}

func TestAProposalIsCheckedAgainstPlanPlaceAndOthers(t *testing.T) {
	a, err := programme.Propose(proposal(), plan2017(), hamlet(), nil)
	if err != nil || a.Status != programme.Proposed || a.Programme != "HVCS-2017" {
		t.Fatalf("%+v, %v", a, err)
	}
	held := proposal()
	held.ID, held.Status = "a0", programme.Active
	for rule, try := range map[string]func(*programme.Assignment) []programme.Assignment{
		"programme.assignment.incomplete": func(a *programme.Assignment) []programme.Assignment { a.Team = ""; return nil },
		"programme.assignment.period":     func(a *programme.Assignment) []programme.Assignment { a.Valid.To = day("2017-02-01"); return nil },
		"programme.assignment.outside":    func(a *programme.Assignment) []programme.Assignment { a.Valid.From = day("2016-12-31"); return nil },
		"programme.assignment.place":      func(a *programme.Assignment) []programme.Assignment { a.Valid.To = day("2017-11-01"); return nil },
		"programme.assignment.overlap":    func(*programme.Assignment) []programme.Assignment { return []programme.Assignment{held} },
	} {
		p := proposal()
		others := try(&p)
		_, err := programme.Propose(p, plan2017(), hamlet(), others)
		wantRule(t, err, rule)
	}
	open := proposal()
	open.Valid.To = calendar.Date{}
	place := hamlet()
	place.Names[0].Valid.To = calendar.Date{}
	if a, err := programme.Propose(open, plan2017(), place, nil); err != nil || a.Valid.To != day("2017-12-31") {
		t.Errorf("an open end becomes the programme's: %s, %v", a.Valid, err)
	}
	held.Official = "minh" // a hamlet may have several officials
	if _, err := programme.Propose(proposal(), plan2017(), hamlet(), []programme.Assignment{held}); err != nil {
		t.Error(err)
	}
	held.Official, held.Status = "lan", programme.Cancelled
	if _, err := programme.Propose(proposal(), plan2017(), hamlet(), []programme.Assignment{held}); err != nil {
		t.Error(err)
	}
}

// at brings an assignment to a status.
func at(t *testing.T, s programme.AssignmentStatus) programme.Assignment {
	t.Helper()
	a, err := programme.Propose(proposal(), plan2017(), hamlet(), nil)
	steps := map[programme.AssignmentStatus][]func() error{
		programme.Proposed:  {},
		programme.Approved:  {func() error { return a.Approve("12/QĐ-UBND", nil, nil) }},
		programme.Cancelled: {func() error { return a.Cancel("x") }},
	}
	steps[programme.Active] = append(slices.Clone(steps[programme.Approved]), func() error { return a.Start(day("2017-03-01")) })
	steps[programme.Ended] = append(slices.Clone(steps[programme.Active]), func() error { return a.End(day("2017-05-31"), day("2017-06-01"), "chuyển công tác", "minh", nil) })
	for _, step := range steps[s] {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestOnlyTheDrawnTransitionsHappen(t *testing.T) {
	moves := map[programme.AssignmentStatus]func(*programme.Assignment) error{
		programme.Approved:  func(a *programme.Assignment) error { return a.Approve("12/QĐ-UBND", nil, nil) },
		programme.Active:    func(a *programme.Assignment) error { return a.Start(day("2017-03-01")) },
		programme.Ended:     func(a *programme.Assignment) error { return a.End(day("2017-05-31"), day("2017-06-01"), "x", "", nil) },
		programme.Cancelled: func(a *programme.Assignment) error { return a.Cancel("x") },
	}
	for _, from := range []programme.AssignmentStatus{programme.Proposed, programme.Approved, programme.Active, programme.Ended, programme.Cancelled} {
		for to, move := range moves {
			a := at(t, from)
			err := move(&a)
			if slices.Contains(programme.Transitions(), programme.Transition{From: from, To: to}) {
				if err != nil || a.Status != to {
					t.Errorf("%s to %s: %s, %v", from, to, a.Status, err)
				}
				continue
			}
			wantRule(t, err, "programme.assignment.transition")
			if a.Status != from {
				t.Errorf("a refused move from %s left it %s", from, a.Status)
			}
		}
	}
}

func TestTheDrawingShowsTheTransitions(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	want := "//\tproposed --> approved --> active --> ended\n//\t   |            |\n//\t   +------------+--> cancelled\n"
	if !strings.Contains(string(text), want) {
		t.Error("doc.go does not show the drawing this test was written for")
	}
	drawn := "proposed approved, proposed cancelled, approved active, approved cancelled, active ended"
	var table []string
	for _, tr := range programme.Transitions() {
		table = append(table, fmt.Sprintf("%s %s", tr.From, tr.To))
	}
	if got := strings.Join(table, ", "); got != drawn {
		t.Errorf("the table has %s, the drawing %s", got, drawn)
	}
}

func TestADecisionHasANumberAndWaivesEveryBreachWithAReason(t *testing.T) {
	a := at(t, programme.Proposed)
	wantRule(t, a.Approve(" ", nil, nil), "programme.assignment.decision")
	breaches := []programme.Breach{{Rule: "holds_role_there", En: "x", Vi: "y"}, {Rule: programme.SpreadRule, En: "x", Vi: "y"}}
	wantRule(t, a.Approve("12/QĐ-UBND", breaches, nil), "programme.assignment.conflict")
	waivers := []programme.Waiver{{Rule: "holds_role_there", Reason: "không có người khác"}, {Rule: programme.SpreadRule, Reason: " "}, {Rule: "unused", Reason: "x"}}
	err := a.Approve("12/QĐ-UBND", breaches, waivers)
	wantRule(t, err, "programme.assignment.conflict")
	if n := len(fault.Violations(err)); n != 1 {
		t.Errorf("%d violations, only the spread is not waived", n)
	}
	waivers[1].Reason = "ấp ở xa"
	if err := a.Approve("12/QĐ-UBND", breaches, waivers); err != nil {
		t.Fatal(err)
	}
	if len(a.Waivers) != 2 || a.Decision != "12/QĐ-UBND" {
		t.Errorf("%+v", a)
	}
}

func TestAnAssignmentStartsAndEndsByDate(t *testing.T) {
	a := at(t, programme.Approved)
	wantRule(t, a.Start(day("2017-02-28")), "programme.assignment.early")
	a = at(t, programme.Active)
	wantRule(t, a.End(day("2017-02-28"), day("2017-06-01"), "x", "", nil), "programme.assignment.end")
	wantRule(t, a.End(day("2017-06-02"), day("2017-06-01"), "x", "", nil), "programme.assignment.end")
	wantRule(t, a.End(day("2017-06-01"), day("2017-06-01"), "", "", nil), "programme.assignment.reason")
	wantRule(t, a.Cancel(""), "programme.assignment.reason")
}

func TestBothOfficialsSignTheHandover(t *testing.T) {
	a := at(t, programme.Active)
	wantRule(t, a.Sign("lan"), "programme.handover.not_ended")
	a = at(t, programme.Ended)
	wantRule(t, a.Sign("ha"), "programme.handover.signer")
	if err := a.Sign("lan"); err != nil || a.HandedOver() {
		t.Errorf("%v, handed over %v", err, a.HandedOver())
	}
	wantRule(t, a.Sign("lan"), "programme.handover.signed")
	wantRule(t, a.Receive("ha"), "programme.handover.closed")
	if err := a.Sign("minh"); err != nil || !a.HandedOver() {
		t.Errorf("%v, handed over %v", err, a.HandedOver())
	}
}

func TestAnEndWithoutASuccessorWaitsForOne(t *testing.T) {
	a := at(t, programme.Active)
	if err := a.End(day("2017-05-31"), day("2017-06-01"), "nghỉ hưu", "", []programme.HandoverItem{{Type: "issue", ID: "i1"}}); err != nil {
		t.Fatal(err)
	}
	wantRule(t, a.Sign(""), "programme.handover.signer")
	if err := a.Receive("ha"); err != nil {
		t.Fatal(err)
	}
	if err := a.Sign("ha"); err != nil || a.HandedOver() {
		t.Errorf("%v, handed over %v", err, a.HandedOver())
	}
}

func TestConflictsAreDataAndExplained(t *testing.T) {
	plan := plan2017()
	line := []org.PlaceID{"AP-01", "C1", "H"}
	role := func(who org.PersonID, r org.Role, place org.PlaceID) org.Holding {
		return org.Holding{Person: who, Role: r, Place: place}
	}
	for name, c := range map[string]struct {
		roles []org.Holding
		want  []string
	}{
		"nothing":                  {nil, nil},
		"somebody else's office":   {[]org.Holding{role("ta01", org.HamletHead, "AP-01")}, nil},
		"head of the hamlet":       {[]org.Holding{role("lan", org.HamletHead, "AP-01")}, []string{"holds_role_there"}},
		"head of another hamlet":   {[]org.Holding{role("lan", org.HamletHead, "AP-02")}, nil},
		"leader of the commune":    {[]org.Holding{role("lan", org.CommuneLeader, "C1")}, []string{"leads_commune"}},
		"leader of another":        {[]org.Holding{role("lan", org.CommuneLeader, "C2")}, nil},
		"head of a place above":    {[]org.Holding{role("lan", org.HamletHead, "C1")}, nil},
		"related to the secretary": {[]org.Holding{role("anh", org.PartyCellSecretary, "AP-01"), role("anh", org.HamletHead, "AP-01")}, []string{"related_to_host"}},
	} {
		plan.Relations = []programme.Relation{{A: "anh", B: "lan"}}
		var got []string
		for _, b := range plan.Conflicts("lan", line, c.roles) {
			if b.En == "" || b.Vi == "" {
				t.Errorf("%s: no explanation", name)
			}
			got = append(got, b.Rule)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	plan.ConflictRules = []programme.ConflictRule{} // a programme that decided to have none
	if got := plan.Conflicts("lan", line, []org.Holding{role("lan", org.HamletHead, "AP-01")}); got != nil {
		t.Errorf("without rules: %v", got)
	}
}

func TestTheSpreadIsMeasured(t *testing.T) {
	assigned := func(who org.PersonID, place org.PlaceID, s programme.AssignmentStatus) programme.Assignment {
		return programme.Assignment{Official: who, Place: place, Status: s, Valid: year2017()}
	}
	as := []programme.Assignment{
		assigned("lan", "AP-01", programme.Active), assigned("tuan", "AP-04", programme.Active), assigned("tuan", "AP-05", programme.Approved),
		assigned("tuan", "AP-07", programme.Proposed), assigned("tuan", "AP-08", programme.Cancelled),
	}
	loads := programme.Loads(as, day("2017-05-05"))
	if !slices.Equal(loads, []programme.Load{{Official: "tuan", Hamlets: 2}, {Official: "lan", Hamlets: 1}}) || programme.Spread(loads) != 1 {
		t.Errorf("loads %v, spread %d", loads, programme.Spread(loads))
	}
	if b := programme.CheckSpread(loads, quota()); b != nil {
		t.Errorf("within the policy: %v", b)
	}
	tight := quota()
	tight.MaxSpread = 0
	if b := programme.CheckSpread(loads, tight); len(b) != 1 || b[0].Rule != programme.SpreadRule || !strings.Contains(b[0].En, "differ by 1") {
		t.Errorf("%v", b)
	}
	g := programme.Staffing(day("2017-05-05"), []org.PersonID{"lan", "minh", "tuan"}, []org.PlaceID{"AP-01", "AP-05", "AP-07"}, as)
	if !slices.Equal(g.Officials, []org.PersonID{"minh"}) || !slices.Equal(g.Places, []org.PlaceID{"AP-07"}) {
		t.Errorf("without a hamlet %v, without anybody %v", g.Officials, g.Places)
	}
}

func TestAProgrammeIsRenewedUnderANewBasis(t *testing.T) {
	old := plan2017()
	old.QuotaOverrides = []programme.QuotaOverride{{Month: month("2017-01"), PerMonth: 1}}
	old.Kinds = []string{"ap"}
	basis := programme.Basis{Number: "15", Symbol: "KH-UBND", Issuer: "UBND huyện", Title: "Hướng về cơ sở 2018"}
	next, err := old.Renew("HVCS-2018", "HVCS-2018", basis, days("2018-01-01", "2018-12-31"))
	if err != nil {
		t.Fatal(err)
	}
	if next.Renews != old.ID || next.QuotaOverrides != nil || !slices.Equal(next.Kinds, old.Kinds) || next.Basis.Document() != "15/KH-UBND" {
		t.Errorf("%+v", next)
	}
	_, err = old.Renew("HVCS-2018", "HVCS-2018", basis, days("2017-12-31", "2018-12-31"))
	wantRule(t, err, "programme.renew.overlap")
	_, err = old.Renew("HVCS-2018", "HVCS-2018", programme.Basis{}, days("2018-01-01", "2018-12-31"))
	wantRule(t, err, "programme.basis")
	bad := plan2017()
	bad.Valid.To = calendar.Date{}
	wantRule(t, bad.Validate(), "programme.period")
	bad.Code = ""
	wantRule(t, bad.Validate(), "programme.incomplete")
	wantRule(t, programme.Team{}.Validate(), "programme.team.incomplete")
	wantRule(t, programme.Team{}.Validate(), "programme.team.period")
}

func TestRulesAreChangedByTwoPersonsAndNeverBackwards(t *testing.T) {
	now := time.Date(2017, 5, 2, 8, 0, 0, 0, calendar.Zone())
	today, inForce, cal := day("2017-05-02"), policy.Default(), cal2017(t)
	next := policy.Default()
	next.Version, next.From = "2", day("2017-06-01")
	r := programme.Rule{ID: "r1", Policy: &next, Reason: "sửa định mức", Proposer: "vp", Recorded: now}
	proposed, err := programme.ProposeRule(r, inForce, cal, today)
	if err != nil {
		t.Fatal(err)
	}
	wantRule(t, proposed.Approve("vp", now, nil), "programme.rule.same_person")
	wantRule(t, proposed.Approve("", now, nil), "programme.rule.same_person")
	later := programme.Rule{ID: "r0", Policy: &next, Status: programme.RuleApproved, Decided: now.Add(time.Hour)}
	wantRule(t, proposed.Approve("pct", now, []programme.Rule{later}), "programme.rule.superseded")
	later.Policy, later.Calendar = nil, &calendar.Spec{}
	if err := proposed.Approve("pct", now.Add(time.Hour), []programme.Rule{later}); err != nil {
		t.Fatal(err)
	}
	if proposed.Status != programme.RuleApproved || proposed.Decided != now.Add(time.Hour) {
		t.Errorf("%+v", proposed)
	}
	wantRule(t, proposed.Reject("pct", now), "programme.rule.decided")

	spec := cal.Spec()
	spec.Version = 2
	try := func(change func(*programme.Rule)) error {
		r, p, c := r, next, spec
		r.Policy, r.Calendar = &p, nil
		change(&r)
		if r.Calendar != nil && r.Calendar.ID == "" {
			r.Calendar = &c
		}
		_, err := programme.ProposeRule(r, inForce, cal, today)
		return err
	}
	useCalendar := func(change func(*calendar.Spec)) func(*programme.Rule) {
		return func(r *programme.Rule) {
			c := spec
			change(&c)
			r.Policy, r.Calendar = nil, &c
		}
	}
	if err := try(useCalendar(func(*calendar.Spec) {})); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		rule   string
		change func(*programme.Rule)
	}{
		{"programme.rule.reason", func(r *programme.Rule) { r.Reason = " " }},
		{"programme.rule.proposer", func(r *programme.Rule) { r.Proposer = "" }},
		{"programme.rule.content", func(r *programme.Rule) { r.Policy = nil }},
		{"programme.rule.content", func(r *programme.Rule) { r.Calendar = &spec }},
		{"programme.rule.version", func(r *programme.Rule) { r.Policy.Version = "1" }},
		{"programme.rule.retroactive", func(r *programme.Rule) { r.Policy.From = day("2017-05-01") }},
		{"programme.rule.version", useCalendar(func(c *calendar.Spec) { c.Version = 1 })},
		{"programme.rule.coverage", useCalendar(func(c *calendar.Spec) { c.Coverage = days("2018-01-01", "2018-12-31"); c.Closures = nil })},
		{"programme.rule.coverage", useCalendar(func(c *calendar.Spec) { c.Coverage.From = day("2017-04-01"); c.Closures = nil })},
		{"calendar.spec.closure.name", useCalendar(func(c *calendar.Spec) { c.Closures = []calendar.Closure{{From: today, Kind: calendar.Holiday}} })},
	} {
		wantRule(t, try(c.change), c.rule)
	}
	if _, err := programme.ProposeRule(programme.Rule{Calendar: &spec, Reason: "x", Proposer: "vp"}, inForce, calendar.WeekdaysOnly("weekdays"), today); err != nil {
		t.Errorf("the first calendar of an installation: %v", err)
	}
}

// What is decided may be cut short before it begins as well as while it runs;
// what was only proposed, or is over, may not.
func TestADecidedAssignmentMayBeCurtailedBeforeItBegins(t *testing.T) {
	today, last := day("2017-02-20"), day("2017-06-30")
	for status, may := range map[programme.AssignmentStatus]bool{
		programme.Approved: true, programme.Active: true, programme.Proposed: false, programme.Ended: false, programme.Cancelled: false,
	} {
		a := programme.Assignment{ID: "a", Official: "lan", Valid: days("2017-03-01", "2017-12-31"), Status: status}
		err := a.Curtail(last, today, "nghỉ hưu", "minh")
		if (err == nil) != may || may && (a.Valid.To != last || a.Successor != "minh" || a.Status != status) {
			t.Errorf("%s: %v, now %+v", status, err, a)
		}
		if !may && a.Valid.To != day("2017-12-31") {
			t.Errorf("%s: refused, and yet it ends on %s", status, a.Valid.To)
		}
	}
}
