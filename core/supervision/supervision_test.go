package supervision_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/supervision"
)

func opened() supervision.Round {
	on := calendar.MustDate(2017, 3, 9)
	return supervision.OpenRound("r", "v", "AP-01", "lan", on, on.Add(7))
}

func rules(err error) (codes []string) {
	for _, v := range fault.Violations(err) {
		codes = append(codes, v.Rule)
	}
	return codes
}

func TestWhoMayNotRateAVisit(t *testing.T) {
	paper := func(by ...org.PersonID) supervision.Rating {
		return supervision.Rating{Source: supervision.Resident, Paper: true, KeyedBy: by}
	}
	resident := supervision.Rating{Source: supervision.Resident}
	key := supervision.Rating{Source: supervision.KeyPerson}
	for name, c := range map[string]struct {
		g    supervision.Rating
		by   supervision.Rater
		want string
	}{
		"a resident by phone":            {resident, supervision.Rater{Phone: "+84900111001", OfficialPhone: "+84900111002"}, ""},
		"the hamlet's head":              {key, supervision.Rater{Person: "ta01"}, ""},
		"a slip keyed in by two":         {paper("a", "b"), supervision.Rater{}, ""},
		"a slip keyed in by one":         {paper("a", "a"), supervision.Rater{}, "supervision.rate.paper_two_persons"},
		"nobody":                         {resident, supervision.Rater{}, "supervision.rate.rater_missing"},
		"the official":                   {key, supervision.Rater{Person: "lan"}, "supervision.rate.own"},
		"the substitute":                 {key, supervision.Rater{Person: "ha", Handlers: []org.PersonID{"ha"}}, "supervision.rate.own"},
		"the official's telephone":       {resident, supervision.Rater{Phone: "+84900111002", OfficialPhone: "+84900111002"}, "supervision.rate.own_number"},
		"a number of the household":      {resident, supervision.Rater{Phone: "+84900111003", OfficialPhone: "+84900111002", Close: []string{"+84900111003"}}, "supervision.rate.own_number"},
		"a number in national form":      {resident, supervision.Rater{Phone: "0900111002", OfficialPhone: "+84900111002"}, "supervision.rate.phone"},
		"a group that is none of three":  {supervision.Rating{Source: "press"}, supervision.Rater{Person: "x"}, "supervision.rate.source_unknown"},
		"a group without a name for one": {supervision.Rating{}, supervision.Rater{Person: "x"}, "supervision.rate.source_unknown"},
	} {
		r := opened()
		if got := strings.Join(rules(r.Take(c.g, c.by)), " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	closed := opened()
	if err := closed.Close(5, 5); err != nil {
		t.Fatal(err)
	}
	if got := rules(closed.Take(key, supervision.Rater{Person: "ta01"})); !slices.Equal(got, []string{"supervision.rate.closed"}) {
		t.Errorf("after the end: %v", got)
	}
}

func TestARoundIsShownFromTheLeastNumberOn(t *testing.T) {
	for ratings, want := range map[int]supervision.RoundStatus{0: supervision.Withheld, 4: supervision.Withheld, 5: supervision.Published, 6: supervision.Published} {
		r := opened()
		if err := r.Close(ratings, 5); err != nil || r.Status != want {
			t.Errorf("%d ratings: %s, %v; want %s", ratings, r.Status, err, want)
		}
		if got := rules(r.Close(ratings, 5)); !slices.Equal(got, []string{"supervision.round.transition"}) {
			t.Errorf("%d ratings, closed again: %v", ratings, got)
		}
	}
}

func TestTheOfficialRepliesToWhatWasPublishedAndOnce(t *testing.T) {
	r := opened()
	if got := rules(r.Answer("Tôi đã đến.")); !slices.Equal(got, []string{"supervision.round.transition"}) {
		t.Errorf("while it collects: %v", got)
	}
	if err := r.Close(5, 5); err != nil {
		t.Fatal(err)
	}
	if got := rules(r.Answer("  ")); !slices.Equal(got, []string{"supervision.reply.empty"}) {
		t.Errorf("an empty reply: %v", got)
	}
	if err := r.Answer("Tôi đã đến."); err != nil || r.Status != supervision.Replied || r.Reply != "Tôi đã đến." {
		t.Errorf("%+v, %v", r, err)
	}
	if got := rules(r.Answer("Lần nữa.")); !slices.Equal(got, []string{"supervision.round.transition"}) || r.Reply != "Tôi đã đến." {
		t.Errorf("a second reply: %v, %q", got, r.Reply)
	}
}

func TestAFlagIsDecidedBySomebodyElseWithAReason(t *testing.T) {
	f := supervision.Flag{Official: "lan", Status: supervision.Raised}
	for want, err := range map[string]error{
		"supervision.flag.own":               f.Decide(false, "đã trao đổi", "lan"),
		"supervision.flag.reason_missing":    f.Decide(false, " ", "tl03"),
		"supervision.flag.transition":        f.Decide(true, "chưa hỏi", "tl03"), // nobody was asked yet
		"supervision.flag.explanation_empty": f.Explain(" "),
	} {
		if got := rules(err); !slices.Equal(got, []string{want}) {
			t.Errorf("%v, want %s", got, want)
		}
	}
	if f.Status != supervision.Raised || f.Decision != "" {
		t.Errorf("a refusal changed the flag: %+v", f)
	}
	if err := f.Ask(); err != nil {
		t.Fatal(err)
	}
	if err := f.Explain("Bị ốm."); err != nil || f.Explanation != "Bị ốm." {
		t.Fatalf("%+v, %v", f, err)
	}
	if err := f.Decide(true, "cần hỗ trợ", "tl03"); err != nil || f.Status != supervision.Upheld || f.Decider != "tl03" {
		t.Errorf("%+v, %v", f, err)
	}
	if got := rules(f.Ask()); !slices.Equal(got, []string{"supervision.flag.transition"}) {
		t.Errorf("asked after the decision: %v", got)
	}
}

func TestThreeGroupsAreThreeFigures(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := rapid.SampledFrom([]supervision.Source{supervision.Resident, supervision.KeyPerson, supervision.Commune})
		ratings := rapid.SliceOf(rapid.Custom(func(t *rapid.T) supervision.Rating {
			return supervision.Rating{Source: source.Draw(t, "source"), Complete: rapid.Bool().Draw(t, "complete"),
				Punctual: rapid.Bool().Draw(t, "punctual"), Proper: rapid.Bool().Draw(t, "proper")}
		})).Draw(t, "ratings")
		sum := 0
		for source, f := range supervision.Tally(ratings) {
			n := 0
			for _, g := range ratings {
				if g.Source == source {
					n++
				}
			}
			if f.Ratings != n || max(f.Complete, f.Punctual, f.Proper) > n {
				t.Fatalf("%s: %+v of %d", source, f, n)
			}
			sum += f.Ratings
		}
		if sum != len(ratings) {
			t.Fatalf("%d of %d counted", sum, len(ratings))
		}
	})
}

func TestADrawingCanBeRepeatedByAnybody(t *testing.T) {
	lots := make(map[string]bool)
	for seed := range uint64(20) {
		for i := range 20 {
			id := fmt.Sprint("visit-", i)
			lot := supervision.Draw(seed, id)
			if lot != supervision.Draw(seed, id) {
				t.Fatal("the same seed drew another lot")
			}
			lots[lot] = true
		}
	}
	if len(lots) != 400 {
		t.Errorf("%d lots for 400 seeds and visits", len(lots))
	}
}

func TestTheDocumentationDrawsBothMachines(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	drawn := make(map[string]bool)
	for _, line := range strings.Split(string(doc), "\n") {
		fields := strings.Fields(line)
		if len(fields) >= 4 && fields[2] == "->" {
			drawn[fields[1]+" "+fields[3]] = true
		}
	}
	want := make(map[string]bool)
	for _, a := range supervision.RoundTransitions() {
		want[fmt.Sprintf("%s %s", a.From, a.To)] = true
	}
	for _, a := range supervision.FlagTransitions() {
		want[fmt.Sprintf("%s %s", a.From, a.To)] = true
	}
	if !maps.Equal(drawn, want) {
		t.Errorf("drawn %v\ncode  %v", slices.Sorted(maps.Keys(drawn)), slices.Sorted(maps.Keys(want)))
	}
}

func TestEventsAreNamedAndSayNobodysName(t *testing.T) {
	seen := make(map[string]bool)
	for _, e := range []interface{ Kind() string }{
		supervision.OpenedEvent{}, supervision.RatedEvent{}, supervision.PublishedEvent{}, supervision.WithheldEvent{}, supervision.RepliedEvent{}, supervision.FlagEvent{},
	} {
		if !strings.HasPrefix(e.Kind(), "supervision.") || seen[e.Kind()] {
			t.Errorf("%T is called %q", e, e.Kind())
		}
		seen[e.Kind()] = true
	}
	if s := supervision.Subject("x"); s.Type == supervision.FlagSubject("x").Type || s.ID != "x" {
		t.Errorf("a round and a flag share the subject %v", s)
	}
}
