package notify_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/policy"
)

// tet2017 is the calendar of the worked examples around the lunar new year and
// the holidays of spring.
func tet2017(t testing.TB) *calendar.Calendar {
	t.Helper()
	closure := func(from, to string) calendar.Closure {
		return calendar.Closure{From: day(t, from), To: day(t, to), Kind: calendar.Holiday, Name: "nghỉ lễ"}
	}
	cal, err := calendar.New(calendar.Spec{
		ID: "VN-XL-2017", Version: 1, Coverage: calendar.Period{From: day(t, "2017-01-01"), To: day(t, "2017-12-31")},
		Closures: []calendar.Closure{
			closure("2017-01-01", "2017-01-02"), closure("2017-01-26", "2017-02-01"), closure("2017-04-06", "2017-04-06"),
			closure("2017-04-30", "2017-05-02"), closure("2017-09-02", "2017-09-02"), closure("2017-09-04", "2017-09-04"),
		},
		WorkingDays: []calendar.WorkingDay{{Date: day(t, "2017-05-06")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cal
}

func day(t testing.TB, s string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// civil is an instant as the clocks of Vietnam show it.
func civil(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, calendar.Zone())
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

func TestEachAudienceHasItsHoursAndDays(t *testing.T) {
	cal, w := tet2017(t), policy.Default().Windows
	for _, c := range []struct {
		why      string
		audience notify.Audience
		priority notify.Priority
		at, want string
	}{
		{"inside the window it goes at once", notify.ToOfficial, notify.Normal, "2017-03-15 10:00", "2017-03-15 10:00"},
		{"the window begins inclusive", notify.ToOfficial, notify.Normal, "2017-03-15 06:30", "2017-03-15 06:30"},
		{"the window ends exclusive", notify.ToOfficial, notify.Normal, "2017-03-15 21:00", "2017-03-16 06:30"},
		{"officials hear of visits on a Sunday", notify.ToOfficial, notify.Normal, "2017-06-11 08:00", "2017-06-11 08:00"},
		{"the ladder waits for Monday", notify.ToLadder, notify.Normal, "2017-06-10 08:00", "2017-06-12 06:30"},
		{"the ladder uses a working Saturday", notify.ToLadder, notify.Normal, "2017-05-06 08:00", "2017-05-06 08:00"},
		{"leaders hear nothing in the evening", notify.ToLeader, notify.Normal, "2017-03-15 17:00", "2017-03-16 07:30"},
		{"leaders are left alone on Friday evening until Monday", notify.ToLeader, notify.Normal, "2017-03-17 18:00", "2017-03-20 07:30"},
		{"citizens are not woken", notify.ToCitizen, notify.Normal, "2017-03-15 05:59", "2017-03-15 07:00"},
		{"citizens hear on a Saturday", notify.ToCitizen, notify.Normal, "2017-03-18 19:59", "2017-03-18 19:59"},
		{"nobody hears anything at Tết", notify.ToCitizen, notify.Normal, "2017-01-26 09:00", "2017-02-02 07:00"},
		{"nor do officials", notify.ToOfficial, notify.Normal, "2017-01-25 21:30", "2017-02-02 06:30"},
		{"what is critical goes at once, at night", notify.ToLadder, notify.Critical, "2017-03-15 03:00", "2017-03-15 03:00"},
		{"what is critical goes at once, at Tết", notify.ToOfficial, notify.Critical, "2017-01-28 12:00", "2017-01-28 12:00"},
		{"an audience of a third party keeps the officials' hours", "drivers", notify.Normal, "2017-03-15 22:00", "2017-03-16 06:30"},
	} {
		got := notify.NextAllowed(c.audience, c.priority, civil(t, c.at), w, cal)
		if !got.Equal(civil(t, c.want)) {
			t.Errorf("%s: %s may go at %s, want %s", c.why, c.at, got.In(calendar.Zone()).Format("2006-01-02 15:04"), c.want)
		}
	}
}

func TestALunchBreakIsQuiet(t *testing.T) {
	w := policy.Windows{Ladder: []policy.Span{
		{From: calendar.MustTimeOfDay(7, 0), To: calendar.MustTimeOfDay(11, 30)},
		{From: calendar.MustTimeOfDay(13, 30), To: calendar.MustTimeOfDay(17, 0)},
	}}
	got := notify.NextAllowed(notify.ToLadder, notify.Normal, civil(t, "2017-03-15 12:00"), w, tet2017(t))
	if !got.Equal(civil(t, "2017-03-15 13:30")) {
		t.Errorf("may go at %v", got)
	}
}

func TestAnAudienceWithoutHoursHasNoQuietOnes(t *testing.T) {
	at := civil(t, "2017-03-15 03:00")
	if got := notify.NextAllowed(notify.ToLadder, notify.Normal, at, policy.Windows{}, tet2017(t)); !got.Equal(at) {
		t.Errorf("may go at %v", got)
	}
}

// The promise of the function, at any instant of the year and for any sensible
// set of hours: never earlier than asked, inside the hours, on an open day, and
// the same when asked again.
func TestTheNextAllowedInstantIsInsideAWindow(t *testing.T) {
	cal := tet2017(t)
	minute := func(m int) calendar.TimeOfDay { return calendar.MustTimeOfDay(m/60, m%60) }
	rapid.Check(t, func(rt *rapid.T) {
		cuts := rapid.SliceOfNDistinct(rapid.IntRange(0, 24*60-1), 2, 6, rapid.ID[int]).Draw(rt, "cuts")
		slices.Sort(cuts)
		var spans []policy.Span
		for i := 0; i+1 < len(cuts); i += 2 {
			spans = append(spans, policy.Span{From: minute(cuts[i]), To: minute(cuts[i+1])})
		}
		w := policy.Windows{Officials: spans, Ladder: spans, Leaders: spans, Citizens: spans}
		audience := rapid.SampledFrom([]notify.Audience{notify.ToOfficial, notify.ToLadder, notify.ToLeader, notify.ToCitizen}).Draw(rt, "audience")
		at := civil(t, "2017-01-01 00:00").Add(time.Duration(rapid.Int64Range(0, int64(360*24*time.Hour)).Draw(rt, "instant")))

		got := notify.NextAllowed(audience, notify.Normal, at, w, cal)
		if got.Before(at) {
			rt.Fatalf("%v is before %v", got, at)
		}
		inside := false
		for _, s := range spans {
			d := calendar.DateOf(got)
			inside = inside || !got.Before(d.At(s.From)) && got.Before(d.At(s.To))
		}
		if !inside {
			rt.Fatalf("%v is in no window of %v", got, spans)
		}
		on := calendar.DateOf(got)
		if _, closed := cal.Closure(on); closed && !cal.IsWorkingDay(on) {
			rt.Fatalf("%v is a closure", on)
		}
		if (audience == notify.ToLadder || audience == notify.ToLeader) && !cal.IsWorkingDay(on) {
			rt.Fatalf("%v is no working day", on)
		}
		if again := notify.NextAllowed(audience, notify.Normal, got, w, cal); !again.Equal(got) {
			rt.Fatalf("asked again at %v it says %v", got, again)
		}
		// Nothing earlier was allowed: every half hour between was quiet.
		for x := at; x.Before(got); x = x.Add(30 * time.Minute) {
			if n := notify.NextAllowed(audience, notify.Normal, x, w, cal); !n.Equal(got) {
				rt.Fatalf("at %v it says %v, at %v it says %v", at, got, x, n)
			}
		}
	})
}

func BenchmarkNextAllowed(b *testing.B) {
	cal, w := tet2017(b), policy.Default().Windows
	at := civil(b, "2017-01-25 21:30") // the night before Tết: the longest way
	for b.Loop() {
		notify.NextAllowed(notify.ToOfficial, notify.Normal, at, w, cal)
	}
}
