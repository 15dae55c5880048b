package org_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/org/orgtest"
)

func TestAPersonIsStoredTidy(t *testing.T) {
	p := org.Person{ID: "p", FullName: norm.NFD.String(" Đoàn  Thị Hồng\u00a0Bông "), Email: " Bong.DTH@Xuanloc.example ", Valid: days("2017-01-01", "")}.Tidy()
	if p.FullName != "Đoàn Thị Hồng Bông" || p.Email != "bong.dth@xuanloc.example" || p.Given() != "Bông" {
		t.Errorf("got %+v", p)
	}
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
}

func TestNamesOfOneWordAndWithApostrophesAreLegal(t *testing.T) {
	for _, name := range []string{"K'Sồi", "Thổ Rây", "H'Hen", "Y Mẫu", "Sẹt"} {
		if err := (org.Person{ID: "p", FullName: name, Valid: days("2017-01-01", "")}).Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := (org.Person{FullName: "K'Sồi Mẫu", GivenName: "K'Sồi"}).Given(); got != "K'Sồi" {
		t.Errorf("an overridden given name: %q", got)
	}
}

func TestFaultsOfAPerson(t *testing.T) {
	for rule, spoil := range map[string]func(*org.Person){
		"org.person.id":        func(p *org.Person) { p.ID = "" },
		"org.person.name":      func(p *org.Person) { p.FullName = "" },
		"org.person.phone":     func(p *org.Person) { p.Phone = "0900000001" },
		"org.person.family":    func(p *org.Person) { p.Family = []string{"+84900000002", "0900000003"} },
		"org.person.phone_sms": func(p *org.Person) { p.Phone = "" },
		"org.person.email":     func(p *org.Person) { p.Email = "lan@xuanloc" },
		"org.person.prefers":   func(p *org.Person) { p.Prefers = "pigeon" },
		"org.person.class":     func(p *org.Person) { p.Class = "can_bo" },
		"org.person.period":    func(p *org.Person) { p.Valid = calendar.Period{} },
	} {
		p := org.Person{ID: "p", FullName: "A", Phone: "+84900000001", PhoneSMS: true, Email: "lan@xuanloc.example", Class: org.Cadre, Valid: days("2017-01-01", "")}
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		spoil(&p)
		wantRule(t, p.Validate(), rule)
	}
	for _, bad := range []string{"+0900000001", "+84", "84900000001", "+84 900 000 001", "+849000000010000000", "+84x00000001"} {
		wantRule(t, (org.Person{ID: "p", FullName: "A", Phone: bad, Valid: days("2017-01-01", "")}).Validate(), "org.person.phone")
	}
	for _, bad := range []string{"@x.vn", "a@", "a@b@c.vn", "a b@c.vn", "a@c..vn", "a@.vn", "<a@b.vn>", "a@b.vn\nBcc: c@d.vn"} {
		wantRule(t, (org.Person{ID: "p", FullName: "A", Email: bad, Valid: days("2017-01-01", "")}).Validate(), "org.person.email")
	}
}

func TestAViolationNamesThePersonByIDOnly(t *testing.T) {
	err := org.Person{ID: "CC-1", FullName: "Trần Thị Lan", Phone: "0900000001", Email: "lan at home", PhoneSMS: true, Class: "x"}.Validate()
	for _, v := range fault.Violations(err) {
		for _, text := range []string{v.En, v.Vi} {
			for _, secret := range []string{"Lan", "0900", "lan at"} {
				if strings.Contains(text, secret) {
					t.Errorf("%s says %q", v.Rule, text)
				}
			}
		}
	}
}

func TestFaultsOfAHolding(t *testing.T) {
	good := func() org.Holding {
		return org.Holding{ID: "g", Person: "p", Role: org.HamletHead, Place: "h", Valid: days("2017-01-01", "")}
	}
	for rule, spoil := range map[string]func(*org.Holding){
		"org.holding.person": func(h *org.Holding) { h.Person = "" },
		"org.holding.role":   func(h *org.Holding) { h.Role = "to_truong" }, // which of the two?
		"org.holding.scope":  func(h *org.Holding) { h.Place = "" },
		"org.holding.period": func(h *org.Holding) { h.Valid = calendar.Period{} },
	} {
		h := good()
		spoil(&h)
		wantRule(t, h.Validate(), rule)
	}
	wantRule(t, org.Holding{ID: "g", Person: "p", Role: org.TeamLeader, Place: "h", Valid: days("2017-01-01", "")}.Validate(), "org.holding.scope")
	wantRule(t, org.Holding{ID: "g", Person: "p", Role: org.UnitClerk, Place: "h", Valid: days("2017-01-01", "")}.Validate(), "org.holding.scope")
	if err := good().Validate(); err != nil {
		t.Error(err)
	}
}

func TestTheSameRoleIsNotHeldTwiceOnOneDay(t *testing.T) {
	first := org.Holding{ID: "g1", Person: "p", Role: org.HamletHead, Place: "h", Valid: days("2017-01-01", "2017-06-30")}
	again := first
	again.ID, again.Valid = "g2", days("2017-06-30", "")
	wantRule(t, again.CheckOverlap([]org.Holding{first}), "org.holding.overlap")
	again.Valid = days("2017-07-01", "")
	if err := again.CheckOverlap([]org.Holding{first}); err != nil {
		t.Error(err)
	}
	again.Valid, again.Place = days("2017-06-30", ""), "other"
	if err := again.CheckOverlap([]org.Holding{first}); err != nil {
		t.Error(err)
	}
	if err := first.CheckOverlap([]org.Holding{first}); err != nil {
		t.Errorf("a holding overlaps itself: %v", err)
	}
}

func TestFaultsOfAUnit(t *testing.T) {
	good := func() org.Unit {
		return org.Unit{ID: "u", Code: "TNMT", Name: "Phòng Tài nguyên & Môi trường", SMSName: "Phong TN-MT", Valid: days("2017-01-01", "")}
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	for rule, spoil := range map[string]func(*org.Unit){
		"org.unit.name":   func(u *org.Unit) { u.Code = "" },
		"org.unit.cycle":  func(u *org.Unit) { u.Parent = "u" },
		"org.unit.period": func(u *org.Unit) { u.Valid = calendar.Period{} },
	} {
		u := good()
		spoil(&u)
		wantRule(t, u.Validate(), rule)
	}
	for _, bad := range []string{"Phòng TN", "P. TN & MT"} {
		u := good()
		u.SMSName = bad
		wantRule(t, u.Validate(), "org.unit.sms_name")
	}
}

// ex11 is the organisation of EX-11: Lan on leave 05–16/06/2017 with Minh, Minh
// on leave 12–14/06 with Hà, in a team led by TL-03.
func ex11() orgtest.World {
	always := days("2016-01-01", "")
	return orgtest.World{
		Persons: []org.Person{
			{ID: "lan", FullName: "Lan", Valid: always}, {ID: "minh", FullName: "Minh", Valid: always}, {ID: "ha", FullName: "Hà", Valid: always},
			{ID: "gone", FullName: "Cũ", Valid: days("2016-01-01", "2016-12-31")},
		},
		Leaves: []org.Leave{
			{ID: "l1", Person: "lan", Days: days("2017-06-05", "2017-06-16"), Substitute: "minh"},
			{ID: "l2", Person: "minh", Days: days("2017-06-12", "2017-06-14"), Substitute: "ha"},
		},
	}
}

func TestEX11_AChainOfSubstitutesIsResolvedForTheDateOfTheDuty(t *testing.T) {
	dir := ex11().Directory()
	for on, want := range map[string]org.PersonID{
		"2017-06-04": "lan", "2017-06-05": "minh", "2017-06-11": "minh", "2017-06-13": "ha", "2017-06-15": "minh", "2017-06-16": "minh", "2017-06-17": "lan",
	} {
		if got, err := org.Present(t.Context(), dir, "lan", day(on)); err != nil || got != want {
			t.Errorf("on %s: got %s, %v; want %s", on, got, err, want)
		}
	}
}

func TestEX11_ACircleOfSubstitutesIsRefusedAtEntryAndFoundWhenResolving(t *testing.T) {
	circle := org.Leave{ID: "l3", Person: "ha", Days: days("2017-06-13", "2017-06-13"), Substitute: "lan"}
	wantRule(t, org.CheckLeave(t.Context(), ex11().Directory(), circle), "org.substitution.cycle")
	w := ex11()
	w.Leaves = append(w.Leaves, circle) // another staff system let it pass
	_, err := org.Present(t.Context(), w.Directory(), "lan", day("2017-06-13"))
	wantRule(t, err, "org.substitution.cycle")
	if got, err := org.Present(t.Context(), w.Directory(), "lan", day("2017-06-12")); err != nil || got != "ha" {
		t.Errorf("the day before: %s, %v", got, err)
	}
	// On a day when Minh is back the chain ends with him.
	fine := circle
	fine.Days = days("2017-06-15", "2017-06-15")
	if err := org.CheckLeave(t.Context(), ex11().Directory(), fine); err != nil {
		t.Error(err)
	}
}

func TestNobodyPresent(t *testing.T) {
	w := ex11()
	w.Leaves = append(w.Leaves,
		org.Leave{ID: "l4", Person: "lan", Days: days("2017-07-03", "2017-07-03")},
		org.Leave{ID: "l5", Person: "ha", Days: days("2017-07-04", "2017-07-04"), Substitute: "gone"})
	dir := w.Directory()
	_, err := org.Present(t.Context(), dir, "lan", day("2017-07-03"))
	wantRule(t, err, "org.substitution.none")
	_, err = org.Present(t.Context(), dir, "ha", day("2017-07-04")) // the substitute has left
	wantRule(t, err, "org.substitution.none")
	_, err = org.Present(t.Context(), dir, "gone", day("2017-07-04"))
	wantRule(t, err, "org.substitution.none")
	if _, err := org.Present(t.Context(), dir, "nobody", day("2017-07-04")); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("an unknown person: %v", err)
	}
}

func TestFaultsOfALeave(t *testing.T) {
	dir := ex11().Directory()
	for rule, l := range map[string]org.Leave{
		"org.leave.person":          {ID: "l", Days: days("2017-08-01", "2017-08-02")},
		"org.leave.period":          {ID: "l", Person: "ha", Days: days("2017-08-02", "2017-08-01")},
		"org.leave.substitute_self": {ID: "l", Person: "ha", Days: days("2017-08-01", "2017-08-02"), Substitute: "ha"},
		"org.leave.overlap":         {ID: "l", Person: "lan", Days: days("2017-06-16", "2017-06-20"), Substitute: "ha"},
	} {
		wantRule(t, org.CheckLeave(t.Context(), dir, l), rule)
	}
	err := org.CheckLeave(t.Context(), dir, org.Leave{ID: "l", Person: "ha", Days: days("2017-08-01", ""), Substitute: "nobody"})
	if !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("an unknown substitute: %v", err)
	}
	again := ex11().Leaves[0]
	if err := org.CheckLeave(t.Context(), dir, again); err != nil {
		t.Errorf("the same leave checked again: %v", err)
	}
}

// TestNoLeaveThatIsAcceptedMakesACircle enters random leaves one after the
// other and then asks who is present on every day.
func TestNoLeaveThatIsAcceptedMakesACircle(t *testing.T) {
	people := []org.PersonID{"a", "b", "c", "d"}
	start := day("2017-06-01")
	rapid.Check(t, func(t *rapid.T) {
		w := orgtest.World{}
		for _, p := range people {
			w.Persons = append(w.Persons, org.Person{ID: p, FullName: string(p), Valid: calendar.Period{From: start.Add(-1)}})
		}
		for range rapid.IntRange(1, 12).Draw(t, "leaves") {
			from := rapid.IntRange(0, 9).Draw(t, "from")
			l := org.Leave{
				ID: org.LeaveID(rune('A' + len(w.Leaves))), Person: rapid.SampledFrom(people).Draw(t, "person"), Substitute: rapid.SampledFrom(people).Draw(t, "substitute"),
				Days: calendar.Period{From: start.Add(from), To: start.Add(from + rapid.IntRange(0, 4).Draw(t, "length"))},
			}
			refused := org.CheckLeave(t.Context(), w.Directory(), l)
			tried := orgtest.World{Persons: w.Persons, Leaves: append(append([]org.Leave{}, w.Leaves...), l)}
			circle := false
			for d := start; !d.After(start.Add(15)); d = d.Add(1) {
				_, err := org.Present(t.Context(), tried.Directory(), l.Person, d)
				for _, v := range fault.Violations(err) {
					circle = circle || v.Rule == "org.substitution.cycle"
				}
			}
			if refused == nil {
				if circle {
					t.Fatalf("%+v was accepted and makes a circle in %+v", l, w.Leaves)
				}
				w = tried
				continue
			}
			if fault.Violations(refused)[0].Rule == "org.substitution.cycle" && !circle {
				t.Fatalf("%+v was refused as a circle and makes none in %+v", l, w.Leaves)
			}
		}
	})
}
