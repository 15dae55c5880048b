package visit_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/visit"
)

func day(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// cal2017 has the closures of the worked examples up to May.
func cal2017(t testing.TB) *calendar.Calendar {
	t.Helper()
	closure := func(from, to, name string) calendar.Closure {
		return calendar.Closure{From: day(from), To: day(to), Name: name, Kind: "holiday"}
	}
	cal, err := calendar.New(calendar.Spec{
		ID: "VN-XL-2017", Version: 1, Coverage: calendar.Period{From: day("2017-01-01"), To: day("2017-12-31")},
		Closures: []calendar.Closure{
			closure("2017-01-26", "2017-02-01", "Tết Nguyên đán"), closure("2017-04-06", "2017-04-06", "Giỗ Tổ Hùng Vương"),
			closure("2017-04-30", "2017-05-02", "30/4 và 1/5"),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cal
}

func planned(t testing.TB, date string) visit.State {
	t.Helper()
	v, err := visit.New(visit.Plan{ID: "v", Kind: visit.Regular, Place: "AP-01", Team: "T3", Official: "lan", Date: day(date), At: calendar.MustTimeOfDay(19, 0)},
		policy.Default(), cal2017(t), day("2017-01-02").At(calendar.MustTimeOfDay(8, 0)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func report() visit.Report {
	return visit.Report{Attendance: visit.Present, Started: calendar.MustTimeOfDay(19, 0), People: 30, Minutes: "Họp dân tại nhà văn hóa ấp.", By: "lan"}
}

func rules(err error) []string {
	var codes []string
	for _, v := range fault.Violations(err) {
		codes = append(codes, v.Rule)
	}
	return codes
}

func wantRules(t *testing.T, err error, want ...string) {
	t.Helper()
	if got := rules(err); !slices.Equal(got, want) {
		t.Errorf("got rules %v (%v), want %v", got, err, want)
	}
}

func TestEX04_PlanningAroundClosures(t *testing.T) {
	cal, pol := cal2017(t), policy.Default()
	now := day("2017-01-09").At(calendar.MustTimeOfDay(8, 0))
	plan := func(date string) (visit.State, error) {
		return visit.New(visit.Plan{ID: "v", Kind: visit.Regular, Place: "AP-01", Official: "lan", Date: day(date), At: calendar.MustTimeOfDay(19, 0)}, pol, cal, now)
	}
	for _, closed := range []string{"2017-01-27", "2017-01-28"} {
		_, err := plan(closed)
		wantRules(t, err, "visit.plan.on_closure")
		if !strings.Contains(err.Error(), "2017-01-25") || !strings.Contains(err.Error(), "2017-02-02") {
			t.Errorf("%s: the refusal suggests no other days: %v", closed, err)
		}
	}
	if v, err := plan("2017-03-04"); err != nil || v.Status != visit.Planned { // a Saturday
		t.Errorf("a weekend is allowed: %v %v", v.Status, err)
	}
	_, err := plan("2017-01-06")
	wantRules(t, err, "visit.plan.in_the_past")
}

func TestEX04_WhatTookPlaceOnADayOffIsWrittenDownWithItsReason(t *testing.T) {
	cal, pol := cal2017(t), policy.Default()
	now := day("2017-02-02").At(calendar.MustTimeOfDay(8, 0))
	took := func(date, why string) (visit.State, error) {
		return visit.TookPlace(visit.Plan{ID: "v", Kind: visit.Regular, Place: "AP-01", Official: "lan", Date: day(date), DayOff: why}, pol, cal, now)
	}
	_, err := took("2017-01-27", " ")
	wantRules(t, err, "visit.unplanned.day_off_reason_missing")
	if v, err := took("2017-01-27", "cháy chợ"); err != nil || v.DayOff != "cháy chợ" || v.Recorded != now {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err := took("2017-01-25", "cháy chợ"); err != nil || v.DayOff != "" {
		t.Errorf("a working day is marked: %+v, %v", v, err)
	}
	_, err = visit.TookPlace(visit.Plan{}, pol, cal, now)
	wantRules(t, err, "visit.plan.place_missing", "visit.plan.official_missing", "visit.plan.kind_unknown", "visit.plan.date_missing")
	planned, err := visit.New(visit.Plan{ID: "v", Kind: visit.Regular, Place: "AP-01", Official: "lan", Date: day("2017-02-02"), DayOff: "x"}, pol, cal, now)
	if err != nil || planned.DayOff != "" {
		t.Errorf("a plan is marked: %+v, %v", planned, err)
	}
}

func TestAPlanNamesEveryFaultAtOnce(t *testing.T) {
	_, err := visit.New(visit.Plan{}, policy.Default(), cal2017(t), day("2017-01-09").At(calendar.TimeOfDay{}))
	wantRules(t, err, "visit.plan.place_missing", "visit.plan.official_missing", "visit.plan.kind_unknown", "visit.plan.date_missing")
}

func TestEX16_ReportedLate(t *testing.T) {
	cal, pol := cal2017(t), policy.Default()
	v := planned(t, "2017-03-08")
	if v.ReportDue != day("2017-03-10") {
		t.Fatalf("report due %s, want Fri 10/03", v.ReportDue)
	}
	if got := visit.LateLimit(day("2017-03-08"), pol, cal); got != day("2017-03-22") {
		t.Fatalf("late entry open until %s, want Wed 22/03", got)
	}
	if err := v.Miss(); err != nil {
		t.Fatal(err)
	}

	late := v
	r := report()
	wantRules(t, late.Report(r, day("2017-03-08"), visit.Owed{}, pol, cal, day("2017-03-15")), "visit.report.late_reason_missing")
	r.LateReason = "đi công tác"
	if err := late.Report(r, day("2017-03-08"), visit.Owed{}, pol, cal, day("2017-03-15")); err != nil {
		t.Fatal(err)
	}
	if late.ReportedLate() != 3 {
		t.Errorf("late by %d wd, want 3", late.ReportedLate())
	}

	tooLate := v
	wantRules(t, tooLate.Report(r, day("2017-03-08"), visit.Owed{}, pol, cal, day("2017-03-23")), "visit.report.late_entry_closed")
	if err := tooLate.ApproveLate("TL-03", day("2017-03-23"), "mất sóng cả tuần"); err != nil {
		t.Fatal(err)
	}
	if err := tooLate.Report(r, day("2017-03-08"), visit.Owed{}, pol, cal, day("2017-03-23")); err != nil {
		t.Errorf("approved late entry refused: %v", err)
	}
}

func TestEX24_TheReportWaitsForEachAnswerOwed(t *testing.T) {
	cal, pol := cal2017(t), policy.Default()
	owed := visit.Owed{Feedback: []string{"i-1"}, Items: []visit.ItemID{"bulletin"}}
	on := day("2017-04-05")
	for name, c := range map[string]struct {
		ticks    []visit.FeedbackTick
		receipts []visit.Receipt
		want     []string
	}{
		"nothing ticked":            {nil, nil, []string{"visit.report.feedback_pending", "visit.report.item_pending"}},
		"not told, without reason":  {[]visit.FeedbackTick{{Issue: "i-1"}}, []visit.Receipt{{Item: "bulletin"}}, []string{"visit.report.feedback_reason_missing", "visit.report.item_pending"}},
		"not told: she was absent":  {[]visit.FeedbackTick{{Issue: "i-1", Why: "vắng nhà"}}, []visit.Receipt{{Item: "bulletin", Told: true, Audience: 30}}, nil},
		"told, item waived":         {[]visit.FeedbackTick{{Issue: "i-1", Delivered: true}}, []visit.Receipt{{Item: "bulletin", Waived: "mất điện"}}, nil},
		"a tick for something else": {[]visit.FeedbackTick{{Issue: "i-2", Delivered: true}}, []visit.Receipt{{Item: "bulletin", Told: true}}, []string{"visit.report.feedback_pending"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := planned(t, "2017-04-05")
			r := report()
			r.Feedback, r.Receipts = c.ticks, c.receipts
			err := v.Report(r, on, owed, pol, cal, on)
			wantRules(t, err, c.want...)
			if reported := v.Status == visit.Reported; reported != (len(c.want) == 0) {
				t.Errorf("status %s after %v", v.Status, err)
			}
		})
	}
}

func TestAReportMustBePossible(t *testing.T) {
	cal, pol := cal2017(t), policy.Default()
	for name, c := range map[string]struct {
		change func(*visit.State, *visit.Report)
		on     string
		want   string
	}{
		"in the future":              {nil, "2017-03-09", "visit.report.in_the_future"},
		"without minutes":            {func(_ *visit.State, r *visit.Report) { r.Minutes = " " }, "2017-03-08", "visit.report.minutes_missing"},
		"with less than nobody":      {func(_ *visit.State, r *visit.Report) { r.People = -1 }, "2017-03-08", "visit.report.people_negative"},
		"by an unnamed substitute":   {func(_ *visit.State, r *visit.Report) { r.Attendance = visit.Substitute }, "2017-03-08", "visit.report.substitute_missing"},
		"with nobody there":          {func(_ *visit.State, r *visit.Report) { r.Attendance = visit.Excused }, "2017-03-08", "visit.report.absent"},
		"with unheard of attendance": {func(_ *visit.State, r *visit.Report) { r.Attendance = "maybe" }, "2017-03-08", "visit.report.attendance_unknown"},
		"a survey without a profile": {func(v *visit.State, _ *visit.Report) { v.Kind = visit.Survey }, "2017-03-08", "visit.report.survey_missing"},
		"twice":                      {func(v *visit.State, _ *visit.Report) { v.Status = visit.Reported }, "2017-03-08", "visit.state.transition"},
		"without a day":              {nil, "", "visit.report.date_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			v, r := planned(t, "2017-03-08"), report()
			if c.change != nil {
				c.change(&v, &r)
			}
			var on calendar.Date
			if c.on != "" {
				on = day(c.on)
			}
			wantRules(t, v.Report(r, on, visit.Owed{}, pol, cal, day("2017-03-08")), c.want)
		})
	}
}

func TestTheCreditGoesToWhoHeldTheVisit(t *testing.T) {
	v, r := planned(t, "2017-03-08"), report()
	r.Attendance, r.Substitute = visit.Substitute, "ha"
	if err := v.Report(r, day("2017-03-08"), visit.Owed{}, policy.Default(), cal2017(t), day("2017-03-08")); err != nil {
		t.Fatal(err)
	}
	if v.Holder() != "ha" || v.Official != "lan" {
		t.Errorf("held by %s for %s, want ha for lan", v.Holder(), v.Official)
	}
}

func TestOnlyStrongEvidenceFromOthersVerifies(t *testing.T) {
	v := planned(t, "2017-03-08")
	v.AddEvidence(visit.Evidence{Kind: "photo", Grade: visit.Supporting, By: "minh"})
	v.AddEvidence(visit.Evidence{Kind: "host_confirmation", Grade: visit.Strong, By: "lan"}) // the official about herself
	if v.Proven(1) {
		t.Fatal("verified by a photo and the official's own word")
	}
	v.AddEvidence(visit.Evidence{Kind: "host_confirmation", Grade: visit.Strong, By: "TA-01"})
	v.AddEvidence(visit.Evidence{Kind: "host_confirmation", Grade: visit.Strong, By: "TA-01"}) // says it twice
	if !v.Proven(1) || v.Proven(2) {
		t.Error("one host is one strong piece of evidence, however often he says it")
	}
	v.AddEvidence(visit.Evidence{Kind: "host_confirmation", Grade: visit.Strong, By: "TA-01", Denies: true})
	if v.Proven(1) {
		t.Error("the host took it back, and it still counts")
	}
}

func TestPostponingStaysInTheSlotUnlessApproved(t *testing.T) {
	cal, pol, at := cal2017(t), policy.Default(), calendar.MustTimeOfDay(19, 0)
	v := planned(t, "2017-03-08")
	wantRules(t, v.Postpone(day("2017-03-10"), at, "", "lan", false, pol, cal, day("2017-03-01")), "visit.postpone.reason_missing")
	wantRules(t, v.Postpone(day("2017-03-20"), at, "mưa", "lan", false, pol, cal, day("2017-03-01")), "visit.postpone.other_slot")
	wantRules(t, v.Postpone(day("2017-04-06"), at, "mưa", "TL-03", true, pol, cal, day("2017-03-01")), "visit.plan.on_closure")
	if err := v.Postpone(day("2017-03-10"), at, "mưa", "lan", false, pol, cal, day("2017-03-01")); err != nil {
		t.Fatal(err)
	}
	if v.Planned != day("2017-03-10") || v.ReportDue != day("2017-03-14") || len(v.Moves) != 1 {
		t.Errorf("moved to %s, report due %s, %d moves", v.Planned, v.ReportDue, len(v.Moves))
	}
	if err := v.Cancel("hủy"); err != nil {
		t.Fatal(err)
	}
	wantRules(t, v.Postpone(day("2017-03-13"), at, "mưa", "TL-03", true, pol, cal, day("2017-03-01")), "visit.state.transition")
}

func TestNobodyDecidesAboutAVisitOfTheirOwn(t *testing.T) {
	v := planned(t, "2017-03-08")
	if err := v.Report(report(), day("2017-03-08"), visit.Owed{}, policy.Default(), cal2017(t), day("2017-03-08")); err != nil {
		t.Fatal(err)
	}
	wantRules(t, v.Contest(" ", "TA-01", day("2017-03-09")), "visit.dispute.reason_missing")
	if err := v.Contest("không có buổi nào", "TA-01", day("2017-03-09")); err != nil {
		t.Fatal(err)
	}
	if err := v.Answer("có biên bản và ảnh"); err != nil {
		t.Fatal(err)
	}
	wantRules(t, v.Decide(true, "đã xác minh", "lan"), "visit.dispute.own")
	wantRules(t, v.Decide(true, "", "TL-03"), "visit.dispute.decision_missing")
	if err := v.Decide(false, "hai hộ cùng xác nhận không có", "TL-03"); err != nil || v.Status != visit.Refused {
		t.Errorf("%s %v", v.Status, err)
	}
	wantRules(t, v.Decide(true, "nghĩ lại", "TL-03"), "visit.dispute.none")
}

func TestAnAbsenceIsNotAReport(t *testing.T) {
	v := planned(t, "2017-03-08")
	wantRules(t, v.Excuse(visit.Present, ""), "visit.absence.attendance_unknown")
	wantRules(t, v.Excuse(visit.Excused, ""), "visit.absence.reason_missing")
	if err := v.Excuse(visit.Excused, "ốm"); err != nil || v.Status != visit.Missed || v.Absence != visit.Excused {
		t.Errorf("%s %s %v", v.Status, v.Absence, err)
	}
}

func TestTheSameReportSentAgainIsRecognised(t *testing.T) {
	v, r := planned(t, "2017-03-08"), report()
	r.ClientID = "tablet-7"
	if err := v.Report(r, day("2017-03-08"), visit.Owed{}, policy.Default(), cal2017(t), day("2017-03-08")); err != nil {
		t.Fatal(err)
	}
	if !v.Resent("tablet-7") || v.Resent("tablet-8") || v.Resent("") {
		t.Error("a client id is recognised, another one or none is not")
	}
}

func TestAProfileHasToSaySomethingPossible(t *testing.T) {
	good := visit.Profile{Edition: 1, Status: visit.ProfileDraft, Households: 640, Inhabitants: 2900, Poor: 12, NearPoor: 20, HotIssues: "ngập mùa mưa"}
	for name, c := range map[string]struct {
		change func(*visit.Profile)
		want   []string
	}{
		"good":                        {func(*visit.Profile) {}, nil},
		"fewer people than houses":    {func(p *visit.Profile) { p.Inhabitants = 600 }, []string{"profile.submit.figures"}},
		"more poor than houses":       {func(p *visit.Profile) { p.Poor = 700 }, []string{"profile.submit.poor"}},
		"empty":                       {func(p *visit.Profile) { p.HotIssues = "" }, []string{"profile.submit.empty"}},
		"a second edition, unchanged": {func(p *visit.Profile) { p.Edition = 2 }, []string{"profile.submit.changed_missing"}},
		"already in":                  {func(p *visit.Profile) { p.Status = visit.ProfileAccepted }, []string{"profile.submit.not_draft"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := good
			c.change(&p)
			wantRules(t, p.Submit(), c.want...)
		})
	}
	p := visit.Profile{On: day("2017-02-28")}
	if p.Stale(day("2018-02-27"), policy.Default()) || !p.Stale(day("2018-02-28"), policy.Default()) {
		t.Error("a profile goes stale after twelve months")
	}
}

func TestAnItemIsToldOnceInEachHamlet(t *testing.T) {
	item := visit.Item{ID: "b", Type: visit.Information, Title: "Phòng cháy rừng", Valid: calendar.Period{From: day("2017-03-01"), To: day("2017-03-31")}, Status: visit.Issued}
	if err := item.Validate(); err != nil {
		t.Fatal(err)
	}
	if !item.For("AP-01") {
		t.Error("an item without places is for every hamlet")
	}
	item.Places = []org.PlaceID{"AP-02"}
	if item.For("AP-01") || !item.For("AP-02") {
		t.Error("an item with places is for those only")
	}
	v := planned(t, "2017-03-08")
	v.Reports = []visit.Report{{Receipts: []visit.Receipt{{Item: "b", Told: true}}}}
	if v.Told("b") {
		t.Error("what a visit that is only planned claims to have told does not count")
	}
	v.Status = visit.Reported
	if !v.Told("b") || v.Told("c") {
		t.Error("told what was told")
	}
	if err := item.Replace("b2"); err != nil || item.For("AP-02") {
		t.Error("a superseded item is for nobody")
	}
	wantRules(t, item.Replace("b3"), "item.supersede.not_issued")
	wantRules(t, visit.Item{}.Validate(), "item.issue.type_unknown", "item.issue.title_missing", "item.issue.period_invalid")
}

// TestTheDrawingShowsTheStateMachine keeps the package documentation and the
// transition table the same.
func TestTheDrawingShowsTheStateMachine(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var drawn []visit.Transition
	for line := range strings.Lines(string(doc)) {
		from, rest, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "//"), "->")
		if !ok {
			continue
		}
		drawn = append(drawn, visit.Transition{From: visit.Status(strings.TrimSpace(from)), To: visit.Status(strings.Fields(rest)[0])})
	}
	if !slices.Equal(drawn, visit.Transitions()) {
		t.Errorf("doc.go draws\n%v\nthe table says\n%v", drawn, visit.Transitions())
	}
}

// TestAVisitOnlyMovesAlongItsArrows runs random operations and checks each step
// against the table, and that a refused operation changes nothing.
func TestAVisitOnlyMovesAlongItsArrows(t *testing.T) {
	cal, pol := cal2017(t), policy.Default()
	on, late := day("2017-03-08"), day("2017-03-13")
	operations := map[string]func(v *visit.State) error{
		"postpone": func(v *visit.State) error {
			return v.Postpone(day("2017-03-09"), v.At, "mưa", "lan", true, pol, cal, on)
		},
		"endanger":  func(v *visit.State) error { return v.Endanger() },
		"secure":    func(v *visit.State) error { return v.Secure() },
		"cancel":    func(v *visit.State) error { return v.Cancel("mưa") },
		"hold":      func(v *visit.State) error { return v.Hold(on, "lan", pol, cal, on) },
		"miss":      func(v *visit.State) error { return v.Miss() },
		"unconfirm": func(v *visit.State) error { return v.Unconfirm() },
		"verify":    func(v *visit.State) error { return v.Verify() },
		"contest":   func(v *visit.State) error { return v.Contest("không", "TA-01", late) },
		"uphold":    func(v *visit.State) error { return v.Decide(true, "có", "TL-03") },
		"refuse":    func(v *visit.State) error { return v.Decide(false, "không", "TL-03") },
		"report": func(v *visit.State) error {
			r := report()
			r.LateReason = "trễ"
			return v.Report(r, on, visit.Owed{}, pol, cal, late)
		},
	}
	names := make([]string, 0, len(operations))
	for name := range operations {
		names = append(names, name)
	}
	slices.Sort(names)
	rapid.Check(t, func(t *rapid.T) {
		v := visit.State{ID: "v", Kind: visit.Regular, Place: "AP-01", Official: "lan", Planned: on, Status: visit.Planned}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			name := rapid.SampledFrom(names).Draw(t, "operation")
			before := v
			err := operations[name](&v)
			step := visit.Transition{From: before.Status, To: v.Status}
			if err == nil && !slices.Contains(visit.Transitions(), step) {
				t.Fatalf("%s went %s -> %s, which is no arrow", name, step.From, step.To)
			}
			if err != nil && fmt.Sprint(before) != fmt.Sprint(v) {
				t.Fatalf("%s was refused (%v) and still changed the visit", name, err)
			}
			if v.Status == visit.Cancelled || v.Status == visit.Refused {
				return
			}
		}
	})
}

func TestEveryStateHasAnExitOrIsFinal(t *testing.T) {
	final := []visit.Status{visit.Cancelled, visit.Refused}
	for _, arrow := range visit.Transitions() {
		leaves := slices.ContainsFunc(visit.Transitions(), func(o visit.Transition) bool { return o.From == arrow.To })
		if leaves == slices.Contains(final, arrow.To) {
			t.Errorf("%s: leaves=%v, final=%v", arrow.To, leaves, !leaves)
		}
	}
}
