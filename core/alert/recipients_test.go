package alert_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// staff is a directory with the given leaves, each "who from to substitute", and
// the question who a party is in it.
func staff(t *testing.T, leaves ...string) func(org.Party, string) (string, error) {
	t.Helper()
	always := calendar.Period{From: day("2016-01-01")}
	holdings := []org.Holding{
		{Person: "CC-017", Role: org.Official, Team: "T3", Unit: "P-NN"},
		{Person: "CC-042", Role: org.Official, Team: "T3", Unit: "P-NN"},
		{Person: "CC-051", Role: org.Official, Team: "T3", Unit: "P-NN"},
		{Person: "TL-03", Role: org.TeamLeader, Team: "T3"},
		{Person: "TL-04", Role: org.TeamLeader, Team: "T4"},
		{Person: "VP-01", Role: org.ProgrammeOffice, Place: "H"},
		{Person: "VP-02", Role: org.ProgrammeOffice, Place: "H"},
		{Person: "PCT", Role: org.ProgrammeLeader, Place: "H"},
		{Person: "CT", Role: org.ProgrammeChair, Place: "H"},
		{Person: "U-10", Role: org.UnitHead, Unit: "P-TNMT"},
		{Person: "U-11", Role: org.UnitClerk, Unit: "P-TNMT"},
		{Person: "U-21", Role: org.UnitClerk, Unit: "P-KTHT"},
		{Person: "TA-01", Role: org.HamletHead, Place: "AP-01"},
		{Person: "BT-01", Role: org.PartyCellSecretary, Place: "AP-01"},
		{Person: "TT-01", Role: org.Inspector, Place: "H"},
	}
	st := memstore.New()
	err := st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		var faults fault.List
		for _, h := range holdings {
			faults.Add(tx.PutPerson(ctx, &org.Person{ID: h.Person, FullName: "Người " + string(h.Person), Valid: always}))
			h.ID, h.Valid = org.HoldingID(string(h.Role)+string(h.Person)), always
			faults.Add(tx.PutHolding(ctx, &h))
		}
		for i, l := range leaves {
			f := strings.Fields(l + " -")
			leave := org.Leave{ID: org.LeaveID(rune('a' + i)), Person: org.PersonID(f[0]), Days: calendar.Period{From: day(f[1]), To: day(f[2])}}
			if f[3] != "-" {
				leave.Substitute = org.PersonID(f[3])
			}
			faults.Add(tx.PutLeave(ctx, &leave))
		}
		return faults.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(to org.Party, on string) (who string, err error) {
		viewErr := st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
			var found []org.Person
			found, err = alert.Resolve(ctx, tx, to, day(on))
			for _, p := range found {
				who += string(p.ID) + " "
			}
			return nil
		})
		if viewErr != nil {
			t.Fatal(viewErr)
		}
		return strings.TrimSpace(who), err
	}
}

func lan() org.Party { return org.Party{Role: org.Official, Person: "CC-017", Team: "T3"} }

func TestEX11_AChainOfSubstitutesAndACircle(t *testing.T) {
	chain := []string{"CC-017 2017-06-05 2017-06-16 CC-042", "CC-042 2017-06-12 2017-06-14 CC-051"}
	resolve := staff(t, chain...)
	visit := lan()
	visit.On = day("2017-06-13")
	for _, tt := range []struct {
		to   org.Party
		on   string
		want string
	}{
		{visit, "2017-06-11", "CC-051"}, // the reminder two days before is for whoever goes
		{visit, "2017-06-13", "CC-051"},
		{lan(), "2017-06-11", "CC-042"},
		{lan(), "2017-06-13", "CC-051"},
		{lan(), "2017-06-15", "CC-042"},
		{lan(), "2017-06-17", "CC-017"},
	} {
		if got, err := resolve(tt.to, tt.on); err != nil || got != tt.want {
			t.Errorf("on %s: %s, %v, want %s", tt.on, got, err, tt.want)
		}
	}
	circle := staff(t, append(chain, "CC-051 2017-06-13 2017-06-13 CC-017")...)
	if got, err := circle(visit, "2017-06-11"); err != nil || got != "TL-03" {
		t.Errorf("substitutes in a circle: %s, %v, want the team leader", got, err)
	}
}

func TestWhoAPartyIs(t *testing.T) {
	march := func(who string) string { return who + " 2017-03-01 2017-03-31" }
	tests := []struct {
		rule   string
		leaves []string
		to     org.Party
		want   string
	}{
		{"a person", nil, lan(), "CC-017"},
		{"whoever holds the role", nil, org.Party{Role: org.UnitClerk, Unit: "P-TNMT"}, "U-11"},
		{"all who hold it, by id", nil, org.Party{Role: org.ProgrammeOffice}, "VP-01 VP-02"},
		{"the substitute of a holder", []string{march("U-11") + " U-21"}, org.Party{Role: org.UnitClerk, Unit: "P-TNMT"}, "U-21"},
		{"each once, when one stands in for the other", []string{march("VP-01") + " VP-02"}, org.Party{Role: org.ProgrammeOffice}, "VP-02"},
		{"those who are there, when others are away", []string{march("VP-01")}, org.Party{Role: org.ProgrammeOffice}, "VP-02"},
		{"the head, when the clerk is away", []string{march("U-11")}, org.Party{Role: org.UnitClerk, Unit: "P-TNMT"}, "U-10"},
		{"the office, when a unit has neither", nil, org.Party{Role: org.UnitClerk, Unit: "P-GD"}, "VP-01 VP-02"},
		{"the office, when a unit has no head", nil, org.Party{Role: org.UnitHead, Unit: "P-KTHT"}, "VP-01 VP-02"},
		{"the leader of the team, when an official is away", []string{march("CC-017")}, lan(), "TL-03"},
		{"the leader of the own team, when the party names none", []string{march("CC-017")}, org.Party{Role: org.Official, Person: "CC-017"}, "TL-03"},
		{"the office, when the leader is away as well", []string{march("CC-017"), march("TL-03")}, lan(), "VP-01 VP-02"},
		{"the office for somebody nobody knows", nil, org.Party{Role: org.Official, Person: "CC-999"}, "VP-01 VP-02"},
		{"the secretary, when the hamlet head is away", []string{march("TA-01")}, org.Party{Role: org.HamletHead, Place: "AP-01"}, "BT-01"},
		{"the programme's leader, when the office is empty", []string{march("VP-01"), march("VP-02")}, org.Party{Role: org.ProgrammeOffice}, "PCT"},
		{"the chair, when the leader is away", []string{march("PCT")}, org.Party{Role: org.ProgrammeLeader}, "CT"},
		{"not every team leader there is", nil, org.Party{Role: org.TeamLeader}, "VP-01 VP-02"},
		{"not every unit head there is", nil, org.Party{Role: org.UnitHead}, "VP-01 VP-02"},
		{"the inspector for what is sealed", nil, org.Party{Role: org.Inspector}, "TT-01"},
		{"the chair, when there is no deputy inspector", nil, org.Party{Role: org.DeputyInspector}, "CT"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			got, err := staff(t, tt.leaves...)(tt.to, "2017-03-15")
			if err != nil || got != tt.want {
				t.Errorf("%s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestNobodyAtAllIsAnAlarmOfItsOwn(t *testing.T) {
	var away []string
	for _, who := range []string{"VP-01", "VP-02", "PCT", "CT", "TT-01"} {
		away = append(away, who+" 2017-03-01 2017-03-31")
	}
	resolve := staff(t, away...)
	for _, to := range []org.Party{
		{Role: org.UnitHead, Unit: "P-GD"}, {Role: org.Inspector}, {Role: org.Inspector, Person: "TT-01"}, {},
	} {
		got, err := resolve(to, "2017-03-15")
		if got != "" || !alert.IsVacant(err) {
			t.Errorf("%s: %q, %v", to.Key(), got, err)
		}
		if broken := fault.Violations(err); len(broken) != 1 || broken[0].Rule != "alert.recipient.vacant" {
			t.Errorf("%s: %v", to.Key(), err)
		}
	}
	if got, err := resolve(org.Party{Role: org.Inspector}, "2017-04-01"); got != "TT-01" || err != nil {
		t.Errorf("back from leave: %q, %v", got, err)
	}
}

func TestWhatIsSealedNeverGoesToTheOffice(t *testing.T) {
	resolve := staff(t, "TT-01 2017-03-01 2017-03-31")
	for _, to := range []org.Party{{Role: org.Inspector}, {Role: org.Inspector, Person: "TT-01"}} {
		if got, err := resolve(to, "2017-03-15"); got != "" || !alert.IsVacant(err) {
			t.Errorf("%s went to %q, %v", to.Key(), got, err)
		}
	}
}

func TestASpeakerIsNotLookedUpAmongOfficials(t *testing.T) {
	_, err := staff(t)(org.Party{Speaker: "S-1"}, "2017-03-15")
	var rules []string
	for _, v := range fault.Violations(err) {
		rules = append(rules, v.Rule)
	}
	if diff := cmp.Diff([]string{"alert.recipient.speaker"}, rules); diff != "" || alert.IsVacant(err) {
		t.Error(diff)
	}
}
