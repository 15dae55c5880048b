package sealed_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/sealed"
)

func day(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func now() time.Time { return day("2017-03-08").At(calendar.MustTimeOfDay(20, 0)) }

func reception() sealed.Reception {
	return sealed.Reception{Body: "Nội dung tố cáo mẫu.", Speaker: "Trần Văn Mẫu", Place: "AP-01", Accused: []org.PersonID{"minh"}, Heard: "lan", Happened: day("2017-03-08")}
}

func received(t interface {
	Helper()
	Fatal(...any)
}) sealed.Case {
	t.Helper()
	c, err := sealed.New("S-1", reception(), "M17-ABCDEF", "hash", []org.PersonID{"minh", "TL-03"}, now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func rule(err error) string {
	for _, v := range fault.Violations(err) {
		return v.Rule
	}
	return ""
}

func TestADenunciationNeedsWordsAndNothingElse(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*sealed.Reception)
		rule  string
	}{
		{"complete", func(*sealed.Reception) {}, ""},
		{"nobody named, nowhere", func(r *sealed.Reception) { r.Speaker, r.Place, r.Accused = "", "", nil }, ""},
		{"no words", func(r *sealed.Reception) { r.Body = " " }, "sealed.receive.body_missing"},
		{"tomorrow", func(r *sealed.Reception) { r.Happened = day("2017-03-09") }, "sealed.receive.date"},
		{"heard by nobody", func(r *sealed.Reception) { r.Heard = "" }, "sealed.receive.heard_missing"},
	} {
		r := reception()
		c.spoil(&r)
		_, err := sealed.New("S-1", r, "c", "h", nil, now())
		if rule(err) != c.rule {
			t.Errorf("%s: %v, want %q", c.name, err, c.rule)
		}
		if err != nil && (strings.Contains(err.Error(), "tố cáo mẫu") || strings.Contains(err.Error(), "Mẫu")) {
			t.Errorf("the fault tells of the matter: %v", err)
		}
	}
}

func TestTheAccusedTheirSuperiorsAndWhoWroteItDownNeverSeeIt(t *testing.T) {
	c := received(t)
	for _, who := range []org.PersonID{"minh", "TL-03", "lan", ""} {
		if !c.Excludes(who) || !errors.Is(c.Grant(who), fault.ErrForbidden) || !errors.Is(c.Transfer(who), fault.ErrForbidden) || c.Admits(who) {
			t.Errorf("%q is let in", who)
		}
	}
	if err := c.Transfer("TT-01"); err != nil || !c.Admits("TT-01") || c.Admits("TT-02") {
		t.Fatal(c.Granted, err)
	}
	if err := c.Grant("TT-02"); err != nil || !c.Admits("TT-02") {
		t.Fatal(c.Granted, err)
	}
	c.Exclude("TT-02")
	if c.Admits("TT-02") || slices.Contains(c.Granted, "TT-02") {
		t.Error("whoever is excluded later is out")
	}
}

func TestAnInspectorWithAnInterestStepsOutForGood(t *testing.T) {
	c := received(t)
	if err := c.Transfer("TT-01"); err != nil {
		t.Fatal(err)
	}
	if err := c.StepOut("TT-02"); !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("who has no part cannot step out: %v", err)
	}
	if err := c.StepOut("TT-01"); err != nil || c.Admits("TT-01") || c.Grant("TT-01") == nil {
		t.Fatal(err)
	}
	if err := c.Transfer("TT-02"); err != nil || c.Inspector != "TT-02" || c.Status != sealed.Transferred {
		t.Fatal(c.Inspector, c.Status, err)
	}
}

func TestACaseEndsUnderAReferenceAndIsErased(t *testing.T) {
	c := received(t)
	for _, step := range []error{c.Transfer("TT-01"), c.Acknowledge(day("2017-03-09"))} {
		if step != nil {
			t.Fatal(step)
		}
	}
	if got := rule(c.Close(sealed.Erased, "12/HS", day("2017-03-20"))); got != "sealed.close.status" {
		t.Error(got)
	}
	if got := rule(c.Close(sealed.Resolved, " ", day("2017-03-20"))); got != "sealed.close.reference_missing" {
		t.Error(got)
	}
	if got := rule(c.Erase()); got != "sealed.state.transition" {
		t.Error(got)
	}
	if err := c.Close(sealed.Resolved, "12/HS", day("2017-03-20")); err != nil || c.Open() {
		t.Fatal(err)
	}
	if err := c.Erase(); err != nil || c.Body != "" || c.Speaker != "" || c.Receipt != "" || c.Accused != nil {
		t.Errorf("%+v, %v", c, err)
	}
	if err := c.Grant("TT-02"); !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("an erased case is open to nobody: %v", err)
	}
}

func TestAPlaceWithFewCasesIsNotShown(t *testing.T) {
	at := func(place org.PlaceID, status sealed.Status) sealed.Case {
		return sealed.Case{Place: place, Status: status}
	}
	got := sealed.Count([]sealed.Case{
		at("AP-01", sealed.Received), at("AP-01", sealed.Resolved), at("AP-01", sealed.Acknowledged),
		at("AP-02", sealed.Received), at("AP-02", sealed.Erased), at("", sealed.Received),
	}, 3)
	want := sealed.Figures{Total: 6, Open: 4, ByPlace: map[org.PlaceID]int{"AP-01": 3}, Hidden: 3}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestNoPathAdmitsTheExcluded runs random grants, transfers and accusations: at no
// moment is somebody admitted who is accused, excluded, or wrote it down
// (invariant 10).
func TestNoPathAdmitsTheExcluded(t *testing.T) {
	who := rapid.SampledFrom([]org.PersonID{"minh", "TL-03", "lan", "TT-01", "TT-02", "TT-03", ""})
	rapid.Check(t, func(t *rapid.T) {
		c := received(t)
		never := map[org.PersonID]bool{"minh": true, "TL-03": true, "lan": true, "": true}
		t.Repeat(map[string]func(*rapid.T){
			"transfer":    func(t *rapid.T) { _ = c.Transfer(who.Draw(t, "to")) },
			"grant":       func(t *rapid.T) { _ = c.Grant(who.Draw(t, "to")) },
			"exclude":     func(t *rapid.T) { p := who.Draw(t, "who"); c.Exclude(p); never[p] = true },
			"acknowledge": func(t *rapid.T) { _ = c.Acknowledge(day("2017-03-09")) },
			"step out": func(t *rapid.T) {
				if p := who.Draw(t, "who"); c.StepOut(p) == nil {
					never[p] = true
				}
			},
			"": func(t *rapid.T) {
				for p := range never {
					if c.Admits(p) || slices.Contains(c.Granted, p) {
						t.Fatalf("%q is admitted", p)
					}
				}
			},
		})
	})
}

func TestTheDrawingShowsTheStateMachine(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var drawn []sealed.Transition
	for line := range strings.Lines(string(doc)) {
		from, rest, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "//"), "->")
		if ok {
			drawn = append(drawn, sealed.Transition{From: sealed.Status(strings.TrimSpace(from)), To: sealed.Status(strings.Fields(rest)[0])})
		}
	}
	if !slices.Equal(drawn, sealed.Transitions()) {
		t.Errorf("doc.go draws\n%v\nthe table says\n%v", drawn, sealed.Transitions())
	}
}
