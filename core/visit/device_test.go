package visit_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/visit"
)

// clock is a civil time in Vietnam on 08/03/2017 or the day after.
func clock(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, calendar.Zone())
	if err != nil {
		panic(err)
	}
	return t
}

func TestImplausibleClocksRaiseDoubts(t *testing.T) {
	on, started, arrived := day("2017-03-08"), calendar.MustTimeOfDay(19, 0), clock("2017-03-08 21:30")
	for name, c := range map[string]struct {
		device visit.Device
		want   []visit.Doubt
	}{
		"no clock at all": {},
		"all in order": {device: visit.Device{Opened: clock("2017-03-08 20:50"), Filled: clock("2017-03-08 21:00"),
			Sent: clock("2017-03-08 21:30"), GPS: clock("2017-03-08 19:05")}},
		"a quarter of an hour wrong is tolerated":         {device: visit.Device{Sent: clock("2017-03-08 21:45")}},
		"a minute more is not":                            {device: visit.Device{Sent: clock("2017-03-08 21:46")}, want: []visit.Doubt{visit.ClockWrong}},
		"a clock that is wrong all along is doubted once": {device: visit.Device{Opened: clock("2017-03-10 20:50"), Filled: clock("2017-03-10 21:00"), Sent: clock("2017-03-10 21:30")}, want: []visit.Doubt{visit.ClockWrong}},
		"complete before the visit began":                 {device: visit.Device{Filled: clock("2017-03-08 15:00")}, want: []visit.Doubt{visit.FilledBefore}},
		"complete tomorrow":                               {device: visit.Device{Filled: clock("2017-03-09 21:00")}, want: []visit.Doubt{visit.FilledAhead}},
		"turned back while writing":                       {device: visit.Device{Opened: clock("2017-03-08 21:10"), Filled: clock("2017-03-08 21:00")}, want: []visit.Doubt{visit.ClockTurned}},
		"satellites say another day":                      {device: visit.Device{GPS: clock("2017-03-07 19:00")}, want: []visit.Doubt{visit.PositionOther}},
	} {
		if got := c.device.Doubts(on, started, arrived, 15*time.Minute); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestACopyIsRecognisedWhateverTheTryAndADifferenceIsNot(t *testing.T) {
	v := planned(t, "2017-03-08")
	sent := visit.Report{ClientID: "t-1", Attendance: visit.Present, People: 25, Minutes: "Họp dân.",
		Device: &visit.Device{Filled: clock("2017-03-08 21:00"), Sent: clock("2017-03-08 21:30")}}
	kept := sent.Received(day("2017-03-08"), clock("2017-03-08 21:30"), policy.Default())
	if err := v.Report(kept, day("2017-03-08"), visit.Owed{}, policy.Default(), cal2017(t), day("2017-03-08")); err != nil {
		t.Fatal(err)
	}
	again := sent
	again.Device = &visit.Device{Filled: clock("2017-03-08 21:00").UTC(), Sent: clock("2017-03-09 07:00")}
	if !v.Copy(again, day("2017-03-08")) {
		t.Error("sent again in the morning, it is not recognised")
	}
	for name, change := range map[string]func(*visit.Report){
		"people":  func(r *visit.Report) { r.People = 26 },
		"minutes": func(r *visit.Report) { r.Minutes = "Họp dân ấp." },
		"ticks":   func(r *visit.Report) { r.Feedback = []visit.FeedbackTick{{Issue: "i"}} },
		"clock":   func(r *visit.Report) { r.Device = nil },
	} {
		other := sent
		change(&other)
		if v.Copy(other, day("2017-03-08")) {
			t.Errorf("another one by its %s passes for a copy under the same client id", name)
		}
	}
	if v.Copy(sent, day("2017-03-07")) {
		t.Error("of another day, it passes for a copy")
	}
	old := planned(t, "2017-03-08")
	old.Reports = []visit.Report{{ClientID: "t-1"}} // kept before fingerprints were
	if !old.Copy(sent, day("2017-03-08")) || old.Copy(visit.Report{}, day("2017-03-08")) {
		t.Error("reports without fingerprint are known by their client id")
	}
}

func TestOneOfSeveralReportsHoldsAndCarriesDayAndCredit(t *testing.T) {
	v := planned(t, "2017-03-08")
	v.Status, v.Happened, v.HeldBy = visit.Reported, day("2017-03-08"), "lan"
	v.Reports = []visit.Report{{Attendance: visit.Present, On: day("2017-03-08"), People: 25, Late: 1}}
	wantRules(t, v.Settle(0, "x", "tl03", day("2017-03-10")), "visit.settle.no_conflict")
	v.AddConflicting(visit.Report{Attendance: visit.Substitute, Substitute: "ha", On: day("2017-03-09"), People: 12})
	v.AddConflicting(visit.Report{Attendance: visit.Present, On: day("2017-03-20")})
	wantRules(t, v.Settle(1, "x", "lan", day("2017-03-10")), "visit.settle.own")
	wantRules(t, v.Settle(3, "x", "tl03", day("2017-03-10")), "visit.settle.no_such_report")
	wantRules(t, v.Settle(1, " ", "tl03", day("2017-03-10")), "visit.settle.reason_missing")
	wantRules(t, v.Settle(2, "x", "tl03", day("2017-03-10")), "visit.settle.in_the_future")
	if err := v.Settle(1, "trưởng ấp xác nhận", "tl03", day("2017-03-10")); err != nil {
		t.Fatal(err)
	}
	if r, _ := v.Standing(); r.People != 12 || v.Happened != day("2017-03-09") || v.HeldBy != "ha" || v.Conflicting() || v.ReportedLate() != 1 {
		t.Errorf("%+v", v)
	}
	v.AddConflicting(visit.Report{Attendance: visit.Present, People: 30, On: day("2017-03-08")})
	if !v.Conflicting() {
		t.Error("a later report is no new conflict")
	}
	if err := v.Settle(0, "xem lại", "tl03", day("2017-03-10")); err != nil || v.HeldBy != "lan" || v.Happened != day("2017-03-08") {
		t.Errorf("%v: held by %s on %s", err, v.HeldBy, v.Happened)
	}
}

func TestEvidenceSaysWhatItIsAndPhotosAreAllKept(t *testing.T) {
	wantRules(t, visit.Evidence{Grade: "sure"}.Check(), "visit.evidence.kind_missing", "visit.evidence.grade_unknown")
	v := planned(t, "2017-03-08")
	for _, e := range []visit.Evidence{
		{Kind: visit.Photo, By: "lan", Note: "1"}, {Kind: visit.Photo, By: "lan", Note: "2"},
		{Kind: visit.HostConfirmation, By: "ta01", Grade: visit.Strong, Denies: true}, {Kind: visit.HostConfirmation, By: "ta01", Grade: visit.Strong},
	} {
		v.AddEvidence(e)
	}
	if len(v.Evidence) != 3 || v.Denied() || !v.Proven(1) {
		t.Errorf("%+v", v.Evidence)
	}
}

func TestAnItemStandsInEachHamletAsTheReportsSay(t *testing.T) {
	item := visit.Item{ID: "b1", Status: visit.Issued, Places: []org.PlaceID{"AP-01", "AP-02"}}
	told := func(id visit.ID, status visit.Status, c visit.Receipt) visit.State {
		c.Item = "b1"
		return visit.State{ID: id, Place: "AP-01", Status: status, Reports: []visit.Report{{Receipts: []visit.Receipt{c}}}}
	}
	yes, no := visit.Receipt{Told: true, Audience: 20}, visit.Receipt{Waived: "mưa, bà con về sớm"}
	for name, c := range map[string]struct {
		visits []visit.State
		want   visit.HearingStatus
		heard  int
	}{
		"nobody came":                 {nil, visit.ItemPending, 0},
		"told":                        {[]visit.State{told("1", visit.Reported, yes)}, visit.ItemTold, 20},
		"told where it was confirmed": {[]visit.State{told("1", visit.Verified, yes)}, visit.ItemReceipted, 20},
		"left out with a reason":      {[]visit.State{told("1", visit.Verified, no)}, visit.ItemWaived, 0},
		"left out, then told":         {[]visit.State{told("1", visit.Verified, no), told("2", visit.Reported, yes)}, visit.ItemTold, 20},
		"told, then again":            {[]visit.State{told("1", visit.Reported, yes), told("2", visit.Verified, yes)}, visit.ItemReceipted, 40},
		"told at a refused visit":     {[]visit.State{told("1", visit.Refused, yes)}, visit.ItemPending, 0},
	} {
		if got := item.Heard("AP-01", c.visits); got.Status != c.want || got.Audience != c.heard {
			t.Errorf("%s: %+v, want %s", name, got, c.want)
		}
	}
	wantRules(t, item.Waive(visit.Waiver{Place: "AP-09"}), "item.waive.reason_missing", "item.waive.not_owed")
	if err := item.Waive(visit.Waiver{Place: "AP-02", Reason: "ấp đã có loa"}); err != nil || item.Heard("AP-02", nil).Status != visit.ItemWaived || item.Heard("AP-01", nil).Status != visit.ItemPending {
		t.Errorf("%v: %+v", err, item)
	}
	commune := visit.Item{ID: "b2", Status: visit.Issued, Places: []org.PlaceID{"C1"}}
	if !commune.For("AP-01", "C1", "H") || commune.For("AP-03", "C2", "H") || commune.For("AP-01") || !item.For("AP-01") {
		t.Error("what is addressed to a commune is for the hamlets in it, and for no others")
	}
	wantRules(t, commune.Waive(visit.Waiver{Place: "AP-03", Reason: "x"}, "C2", "H"), "item.waive.not_owed")
	if err := commune.Waive(visit.Waiver{Place: "AP-01", Reason: "x"}, "C1", "H"); err != nil {
		t.Error(err)
	}
	wantRules(t, item.Replace("b1"), "item.supersede.itself")
}

func TestAProfileGoesBackAndOutOfDate(t *testing.T) {
	p := visit.Profile{Status: visit.ProfileSubmitted, On: day("2017-03-01")}
	wantRules(t, p.SendBack(" "), "profile.send_back.reason_missing")
	if err := p.SendBack("thiếu số hộ nghèo"); err != nil || p.Status != visit.ProfileDraft {
		t.Errorf("%v: %s", err, p.Status)
	}
	wantRules(t, p.SendBack("nữa"), "profile.send_back.not_submitted")
	if p.Expire(visit.StaleByAge) {
		t.Error("a draft went out of date")
	}
	for on, want := range map[string]string{"2018-02-28": "", "2018-03-01": visit.StaleByAge} {
		if got := p.Outdated(day(on), calendar.Date{}, policy.Default()); got != want {
			t.Errorf("on %s: %q", on, got)
		}
	}
	for changed, want := range map[string]string{"2017-03-01": "", "2017-03-02": visit.StaleByChange, "2017-05-02": ""} {
		if got := p.Outdated(day("2017-05-01"), day(changed), policy.Default()); got != want {
			t.Errorf("changed on %s: %q, want %q", changed, got, want)
		}
	}
}

func TestAPlaceChangesByNameParentOrWhatItTakesIn(t *testing.T) {
	place := org.Place{ID: "a", Names: []org.Naming{{Valid: calendar.Period{From: day("1994-01-01")}}, {Valid: calendar.Period{From: day("2017-04-01")}}}}
	other := org.Place{ID: "b", Successors: []org.Succession{{To: "a", On: day("2017-06-01")}, {To: "c", On: day("2017-08-01")}}}
	for on, want := range map[string]calendar.Date{"2017-03-31": {}, "2017-04-01": day("2017-04-01"), "2017-06-01": day("2017-06-01"), "2017-12-31": day("2017-06-01")} {
		if got := visit.Changed(place, []org.Place{place, other}, day(on)); got != want {
			t.Errorf("up to %s: %s, want %s", on, got, want)
		}
	}
}

func TestTheDocumentationDrawsTheProfile(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var drawn []visit.ProfileTransition
	for line := range strings.Lines(string(doc)) {
		if f := strings.Fields(line); len(f) > 3 && f[2] == "→" {
			drawn = append(drawn, visit.ProfileTransition{From: visit.ProfileStatus(f[1]), To: visit.ProfileStatus(f[3])})
		}
	}
	if !slices.Equal(drawn, visit.ProfileTransitions()) {
		t.Errorf("drawn %v\ncode  %v", drawn, visit.ProfileTransitions())
	}
}
