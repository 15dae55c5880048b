package supervision_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/supervision"
)

// honest are n visits, one a week, nothing about which is like the one before.
func honest(n int) []supervision.Seen {
	var seen []supervision.Seen
	on := calendar.MustDate(2017, 3, 1)
	for i := range n {
		seen = append(seen, supervision.Seen{
			Visit: fmt.Sprint("v", i), Place: "AP-01", On: on.Add(7 * i), Started: calendar.MustTimeOfDay(19, 0), Minutes: fmt.Sprint("Họp lần ", i),
			People: 20 + i, Opinions: 1 + i%3, Reported: on.Add(7*i + 1).At(calendar.MustTimeOfDay(8, 0)),
		})
	}
	return seen
}

func signals(seen []supervision.Seen) map[string]string {
	found := make(map[string]string)
	for _, s := range supervision.Signals(seen, policy.Default().Ratings) {
		found[s.Name] = strings.Join(s.Visits, " ")
	}
	return found
}

func TestHonestVisitsGiveNoSignal(t *testing.T) {
	for _, n := range []int{0, 1, 2, 10} {
		if got := signals(honest(n)); len(got) > 0 {
			t.Errorf("%d visits: %v", n, got)
		}
	}
}

func TestEachSignalRestsOnItsOwnFacts(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func([]supervision.Seen)
		want  string
	}{
		supervision.SameMinutes: {func(s []supervision.Seen) {
			s[0].Minutes, s[2].Minutes, s[4].Minutes = "Họp dân. Không có ý kiến.", "họp dân.  không có ý kiến.", "Họp dân. Không có ý kiến."
		}, "v0 v2 v4"},
		supervision.SamePeople:   {func(s []supervision.Seen) { s[1].People, s[2].People, s[3].People = 25, 25, 25 }, "v1 v2 v3"},
		supervision.NothingHeard: {func(s []supervision.Seen) { s[2].Opinions, s[3].Opinions, s[4].Opinions = 0, 0, 0 }, "v2 v3 v4"},
		supervision.ReportedTogether: {func(s []supervision.Seen) {
			s[1].Reported = s[3].Reported.Add(2 * time.Minute)
		}, "v1 v3"},
		supervision.TwoPlacesAtOnce: {func(s []supervision.Seen) {
			s[1].On, s[1].Place, s[1].Started = s[0].On, "AP-02", calendar.MustTimeOfDay(19, 45)
		}, "v0 v1"},
		supervision.OwnWordOnly: {func(s []supervision.Seen) { s[0].OwnWord, s[1].OwnWord, s[2].OwnWord = true, true, true }, "v0 v1 v2"},
	} {
		seen := honest(6)
		c.spoil(seen)
		if got := signals(seen); len(got) != 1 || got[name] != c.want {
			t.Errorf("%s: %v, want %s alone", name, got, c.want)
		}
	}
}

func TestTwiceIsNoSignal(t *testing.T) {
	seen := honest(6)
	seen[0].Minutes, seen[1].Minutes = "Họp.", "Họp."
	seen[2].People = seen[3].People
	seen[4].Opinions, seen[5].Opinions = 0, 0
	seen[1].OwnWord, seen[2].OwnWord = true, true
	seen[3].Reported = seen[4].Reported.Add(-3 * time.Minute) // not less than three
	if got := signals(seen); len(got) > 0 {
		t.Errorf("%v", got)
	}
}

// Whatever the visits: a signal names visits that there are, each once, in the
// order of their days, says its facts in both languages, and does not depend on
// the order in which the visits come.
func TestSignalsAreFactsAboutTheVisitsThereAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seen := honest(rapid.IntRange(0, 12).Draw(t, "visits"))
		for i := range seen {
			s := &seen[i]
			s.Minutes = rapid.SampledFrom([]string{"", "a", "b", s.Minutes}).Draw(t, "minutes")
			s.People, s.Opinions = rapid.IntRange(0, 2).Draw(t, "people"), rapid.IntRange(0, 1).Draw(t, "opinions")
			s.OwnWord = rapid.Bool().Draw(t, "own word")
			s.Place = org.PlaceID(rapid.SampledFrom([]string{"AP-01", "AP-02"}).Draw(t, "place"))
			s.On = s.On.Add(-7 * rapid.IntRange(0, 1).Draw(t, "earlier"))
		}
		found := supervision.Signals(seen, policy.Default().Ratings)
		for _, s := range found {
			at := -1
			for _, v := range s.Visits {
				i := slices.IndexFunc(seen, func(x supervision.Seen) bool { return x.Visit == v })
				if i < 0 || at >= 0 && seen[i].On.Before(seen[at].On) || i == at {
					t.Fatalf("%s rests on %v", s.Name, s.Visits)
				}
				at = i
			}
			if s.VI == "" || s.EN == "" || strings.Contains(s.VI+s.EN, "%!") {
				t.Fatalf("%s says %q, %q", s.Name, s.VI, s.EN)
			}
		}
		turned := slices.Clone(seen)
		slices.Reverse(turned)
		if again := supervision.Signals(turned, policy.Default().Ratings); fmt.Sprint(again) != fmt.Sprint(found) {
			t.Fatalf("in another order %v, before %v", again, found)
		}
	})
}

func TestAnActionFollowsFromAnUpheldFlag(t *testing.T) {
	on := calendar.MustDate(2017, 3, 20)
	a := supervision.Action{ID: "a", What: "Dự buổi họp mẫu", Agreed: on, By: "tl", Due: on.Add(10)}
	expect := func(err error, want ...string) {
		t.Helper()
		if got := rules(err); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	f := supervision.Flag{Official: "lan", Status: supervision.Explained}
	expect(f.Agree(a), "supervision.action.not_upheld")
	f.Status = supervision.Upheld
	empty := a
	empty.What, empty.Due = " ", on
	expect(f.Agree(empty), "supervision.action.what_missing", "supervision.action.due")
	expect(f.Agree(a))
	expect(f.EndAction("a", supervision.Done, "", on), "supervision.action.result_missing")
	if err := f.EndAction("b", supervision.Done, "xong", on); err == nil {
		t.Error("an action that is none was done")
	}
	expect(f.EndAction("a", supervision.Done, "đã dự", on.Add(3)))
	expect(f.EndAction("a", supervision.Dropped, "thôi", on.Add(4)), "supervision.action.ended")
	if got := f.Actions[0]; got.Status != supervision.Done || got.Result != "đã dự" || got.Ended != on.Add(3) {
		t.Errorf("%+v", got)
	}
}
