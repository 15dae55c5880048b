package opinion_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/opinion"
)

func day(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func now() time.Time { return day("2017-03-08").At(calendar.MustTimeOfDay(20, 0)) }

func capture(kind opinion.Kind) opinion.Capture {
	return opinion.Capture{ID: "o1", Place: "AP-01", Text: "Mương sau chợ ngập mỗi khi mưa.", Kind: kind, Heard: "lan", Happened: day("2017-03-08"), Visit: "v1"}
}

func captured(t testing.TB, kind opinion.Kind) opinion.State {
	t.Helper()
	s, err := opinion.New(capture(kind), now())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantRules(t testing.TB, err error, want ...string) {
	t.Helper()
	var got []string
	for _, v := range fault.Violations(err) {
		got = append(got, v.Rule)
		if v.En == "" || v.Vi == "" || v.Field == "" {
			t.Errorf("%s is incomplete", v.Rule)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("broken rules %v, want %v", got, want)
	}
}

// The table of A1.
func TestWhatEachKindOfOpinionOwes(t *testing.T) {
	for _, c := range []struct {
		kind            opinion.Kind
		answer, guide   bool
		status          opinion.Status
		onSpot, becomes string // rule that refuses it, empty: allowed
	}{
		{opinion.Report, true, false, opinion.Captured, "", ""},
		{opinion.Petition, true, false, opinion.Captured, "", ""},
		{opinion.Question, true, false, opinion.Captured, "", ""},
		{opinion.Suggestion, true, false, opinion.Captured, "", ""},
		{opinion.Unclassified, true, false, opinion.Captured, "", ""},
		{opinion.Feeling, false, false, opinion.Recorded, "opinion.state.transition", "opinion.link.no_answer_owed"},
		{opinion.Wish, false, false, opinion.Recorded, "opinion.state.transition", "opinion.link.no_answer_owed"},
		{opinion.Complaint, false, true, opinion.Captured, "opinion.answer.guide_only", "opinion.link.guide_only"},
	} {
		s := captured(t, c.kind)
		if c.kind.OwesAnswer() != c.answer || c.kind.GuideOnly() != c.guide || s.Status != c.status {
			t.Errorf("%s: owes an answer %v, guide only %v, captured as %s", c.kind, c.kind.OwesAnswer(), c.kind.GuideOnly(), s.Status)
		}
		check := func(what string, err error, rule string) {
			if rule == "" && err != nil || rule != "" && (len(fault.Violations(err)) != 1 || fault.Violations(err)[0].Rule != rule) {
				t.Errorf("%s %s: %v, want %q", c.kind, what, err, rule)
			}
		}
		spot, link := s, s
		check("answered on the spot", spot.AnswerOnSpot("Sáng mai đội vệ sinh đến."), c.onSpot)
		check("made an issue", link.LinkTo("I-1"), c.becomes)
	}
	if !opinion.Denunciation.GuideOnly() || opinion.Denunciation.OwesAnswer() {
		t.Error("a denunciation is never settled here")
	}
}

func TestWordsComeFirstAndNothingElseIsAskedFor(t *testing.T) {
	s, err := opinion.New(opinion.Capture{ID: "o1", Place: "AP-01", Text: " Ở đây ngập quá. ", Heard: "lan", Happened: day("2017-03-08")}, now())
	if err != nil {
		t.Fatal(err)
	}
	if s.Kind != opinion.Unclassified || s.Confidentiality != opinion.Open || !s.Anonymous() || s.Text != "Ở đây ngập quá." {
		t.Errorf("%+v", s)
	}
	for _, c := range []struct {
		name   string
		spoil  func(*opinion.Capture)
		broken []string
	}{
		{"several people", func(c *opinion.Capture) { c.Collective = 12 }, nil},
		{"several topics", func(c *opinion.Capture) { c.Topics = []string{"a", "b"} }, nil},
		{"name hidden", func(c *opinion.Capture) { c.Confidentiality = opinion.NameHidden }, nil},
		{"no words", func(c *opinion.Capture) { c.Text = " \t" }, []string{"opinion.capture.text_missing"}},
		{"no hamlet", func(c *opinion.Capture) { c.Place = "" }, []string{"opinion.capture.place_missing"}},
		{"nobody heard it", func(c *opinion.Capture) { c.Heard = "" }, []string{"opinion.capture.heard_missing"}},
		{"a kind of its own", func(c *opinion.Capture) { c.Kind = "gossip" }, []string{"opinion.capture.kind_unknown"}},
		{"a grade of its own", func(c *opinion.Capture) { c.Confidentiality = "secret" }, []string{"opinion.capture.confidentiality_unknown"}},
		{"fewer than nobody", func(c *opinion.Capture) { c.Collective = -1 }, []string{"opinion.capture.collective_negative"}},
		{"tomorrow", func(c *opinion.Capture) { c.Happened = day("2017-03-09") }, []string{"opinion.capture.date"}},
		{"a denunciation", func(c *opinion.Capture) { c.Kind = opinion.Denunciation; c.Text = "" }, []string{"opinion.capture.sealed"}},
		{"asked to be kept sealed", func(c *opinion.Capture) { c.Confidentiality = opinion.Sealed }, []string{"opinion.capture.sealed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := capture(opinion.Report)
			c.spoil(&in)
			_, err := opinion.New(in, now())
			wantRules(t, err, c.broken...)
			if err != nil && strings.Contains(err.Error(), "Mương") {
				t.Errorf("the fault repeats what was said: %v", err)
			}
		})
	}
}

func TestAComplaintIsGuidedToABodyOnADay(t *testing.T) {
	s := captured(t, opinion.Complaint)
	wantRules(t, s.Guide(opinion.Guidance{On: day("2017-03-09")}, day("2017-03-08")), "opinion.guide.body_missing", "opinion.guide.date")
	wantRules(t, s.Guide(opinion.Guidance{Body: "Ban Tiếp công dân huyện", On: day("2017-03-07")}, day("2017-03-08")), "opinion.guide.date")
	wantRules(t, s.Record(), "opinion.record.guide_only")
	if err := s.Guide(opinion.Guidance{Body: "Ban Tiếp công dân huyện", On: day("2017-03-08"), Paper: true}, day("2017-03-08")); err != nil || s.Status != opinion.Guided {
		t.Fatal(s.Status, err)
	}
	other := captured(t, opinion.Report)
	wantRules(t, other.Guide(opinion.Guidance{Body: "UBND huyện", On: day("2017-03-08")}, day("2017-03-08")), "opinion.guide.kind")
}

func TestAnAnswerOnTheSpotIsWrittenDown(t *testing.T) {
	s := captured(t, opinion.Question)
	wantRules(t, s.AnswerOnSpot("  "), "opinion.answer.text_missing")
	wantRules(t, s.Say(true), "opinion.reply.not_answered")
	if err := s.AnswerOnSpot("Thẻ cấp lại trong tháng 4."); err != nil || s.Status != opinion.AnsweredOnSpot {
		t.Fatal(s.Status, err)
	}
	unhappy := s
	if err := s.Say(true); err != nil || s.Satisfied != opinion.Yes {
		t.Fatal(s.Satisfied, err)
	}
	wantRules(t, s.Say(false), "opinion.reply.twice")
	wantRules(t, s.LinkTo("I-1"), "opinion.link.satisfied")
	if err := unhappy.Say(false); err != nil || unhappy.LinkTo("I-1") != nil || unhappy.Issue != "I-1" || unhappy.Answer == "" {
		t.Errorf("who is not satisfied can have an issue: %+v", unhappy)
	}
	wantRules(t, unhappy.LinkTo("I-2"), "opinion.link.twice")
}

func TestAnOpinionIsClassifiedLater(t *testing.T) {
	s := captured(t, opinion.Unclassified)
	wantRules(t, s.Classify("gossip", nil), "opinion.classify.kind_unknown")
	wantRules(t, s.Classify(opinion.Denunciation, nil), "opinion.classify.sealed")
	if err := s.Classify(opinion.Petition, []string{"giao_thong"}); err != nil || s.Kind != opinion.Petition {
		t.Fatal(s.Kind, err)
	}
	feeling := captured(t, opinion.Unclassified)
	if err := feeling.Classify(opinion.Feeling, nil); err != nil || feeling.Status != opinion.Recorded {
		t.Errorf("a feeling waits for nothing: %s, %v", feeling.Status, err)
	}
	linked := captured(t, opinion.Report)
	if err := linked.LinkTo("I-1"); err != nil {
		t.Fatal(err)
	}
	wantRules(t, linked.Classify(opinion.Complaint, nil), "opinion.classify.handled")
	wantRules(t, linked.Classify(opinion.Feeling, nil), "opinion.classify.linked")
	if err := linked.Classify(opinion.Suggestion, nil); err != nil || linked.Status != opinion.Linked {
		t.Error(linked.Status, err)
	}
	gone := captured(t, opinion.Report)
	if err := gone.Withdraw(); err != nil {
		t.Fatal(err)
	}
	wantRules(t, gone.Classify(opinion.Report, nil), "opinion.classify.done")
}

func TestWithdrawnAndSealedAwayLookTheSame(t *testing.T) {
	c := capture(opinion.Report)
	c.Speaker, c.Collective, c.Topics, c.ClientID = "sp", 3, []string{"x"}, "device-1"
	taken, err := opinion.New(c, now())
	if err != nil {
		t.Fatal(err)
	}
	sealed := taken
	if err := taken.Withdraw(); err != nil {
		t.Fatal(err)
	}
	if err := sealed.Empty(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(taken, sealed); diff != "" {
		t.Error(diff)
	}
	want := opinion.State{ID: "o1", Kind: opinion.Unclassified, Confidentiality: opinion.Open, Status: opinion.Withdrawn, Recorded: now()}
	if diff := cmp.Diff(want, sealed); diff != "" {
		t.Errorf("something remains: %s", diff)
	}
	linked := captured(t, opinion.Report)
	if err := linked.LinkTo("I-1"); err != nil {
		t.Fatal(err)
	}
	wantRules(t, linked.Withdraw(), "opinion.withdraw.linked")
	if err := linked.Empty(); err != nil || linked.Issue != "I-1" || linked.Text != "" {
		t.Errorf("%+v, %v", linked, err)
	}
}

func TestASpeakerGivesWhatTheyWantAndIsForgotten(t *testing.T) {
	for phone, ok := range map[string]bool{"": true, "+84900000001": true, "0900000001": false, "+84 900": false, "+0123456789": false, "+849": false} {
		if err := (opinion.Speaker{ID: "s", Phone: phone}).Validate(); (err == nil) != ok {
			t.Errorf("phone %q: %v", phone, err)
		} else if err != nil && phone != "" && strings.Contains(err.Error(), phone) {
			t.Errorf("the fault repeats the phone: %v", err)
		}
	}
	s := opinion.Speaker{ID: "s", Version: 3, Name: "Nguyễn Thị Mẫu", Phone: "+84900000001", Honorific: "bà", Language: "vi", Place: "AP-01"}
	if !s.Named() || !s.TakesSMS() {
		t.Error("a speaker with a phone takes messages")
	}
	quiet := s
	quiet.NoSMS = true
	if quiet.TakesSMS() {
		t.Error("who wants no messages gets none")
	}
	s.Scrub(day("2018-03-09"))
	if diff := cmp.Diff(opinion.Speaker{ID: "s", Version: 3, Scrubbed: day("2018-03-09")}, s); diff != "" {
		t.Error(diff)
	}
}

// TestAnOpinionOnlyMovesAlongItsArrows runs random steps: each is an arrow of the
// table, and a refused one changes nothing.
func TestAnOpinionOnlyMovesAlongItsArrows(t *testing.T) {
	steps := map[string]func(*opinion.State) error{
		"answer": func(s *opinion.State) error { return s.AnswerOnSpot("xong") },
		"record": func(s *opinion.State) error { return s.Record() },
		"guide": func(s *opinion.State) error {
			return s.Guide(opinion.Guidance{Body: "x", On: day("2017-03-08")}, day("2017-03-08"))
		},
		"link":     func(s *opinion.State) error { return s.LinkTo("I-1") },
		"withdraw": func(s *opinion.State) error { return s.Withdraw() },
		"empty":    func(s *opinion.State) error { return s.Empty() },
		"complain": func(s *opinion.State) error { return s.Classify(opinion.Complaint, nil) },
		"ask":      func(s *opinion.State) error { return s.Classify(opinion.Question, nil) },
		"wish":     func(s *opinion.State) error { return s.Classify(opinion.Wish, nil) },
		"yes":      func(s *opinion.State) error { return s.Say(true) },
		"no":       func(s *opinion.State) error { return s.Say(false) },
	}
	rapid.Check(t, func(t *rapid.T) {
		s, err := opinion.New(capture(rapid.SampledFrom([]opinion.Kind{opinion.Report, opinion.Complaint, opinion.Wish, opinion.Unclassified}).Draw(t, "kind")), now())
		if err != nil {
			t.Fatal(err)
		}
		actions := map[string]func(*rapid.T){}
		for name, step := range steps {
			actions[name] = func(t *rapid.T) {
				before := s
				switch err := step(&s); {
				case err != nil && !cmp.Equal(before, s):
					t.Fatalf("refused, and changed: %s", cmp.Diff(before, s))
				case err == nil && before.Status != s.Status && !slices.Contains(opinion.Transitions(), opinion.Transition{From: before.Status, To: s.Status}):
					t.Fatalf("%s -> %s is no arrow", before.Status, s.Status)
				}
				if s.Kind == opinion.Complaint && (s.Status == opinion.Linked || s.Answer != "") {
					t.Fatalf("a complaint was settled: %+v", s)
				}
			}
		}
		t.Repeat(actions)
	})
}

func TestTheDrawingShowsTheStateMachine(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var drawn []opinion.Transition
	for line := range strings.Lines(string(doc)) {
		from, rest, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "//"), "->")
		if ok {
			drawn = append(drawn, opinion.Transition{From: opinion.Status(strings.TrimSpace(from)), To: opinion.Status(strings.Fields(rest)[0])})
		}
	}
	if !slices.Equal(drawn, opinion.Transitions()) {
		t.Errorf("doc.go draws\n%v\nthe table says\n%v", drawn, opinion.Transitions())
	}
}

func TestEachGradeOfConfidentialityIsToldInPlainWords(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range []opinion.Confidentiality{opinion.Open, opinion.NameHidden, opinion.Sealed} {
		vi, en := c.Text("vi"), c.Text("en")
		if vi == "" || en == "" || vi == en || seen[vi] || seen[en] {
			t.Errorf("%s: %q %q", c, vi, en)
		}
		seen[vi], seen[en] = true, true
	}
	if text := opinion.Confidentiality("x").Text("vi"); text != "" {
		t.Error(text)
	}
}
