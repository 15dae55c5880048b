package alert_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

func day(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// tet2017 is the part of the calendar VN-XL-2017 that EX-06 needs.
func tet2017(t *testing.T) *calendar.Calendar {
	t.Helper()
	cal, err := calendar.New(calendar.Spec{
		ID: "VN-XL-2017", Version: 1, Coverage: calendar.Period{From: day("2017-01-01"), To: day("2017-12-31")},
		Closures: []calendar.Closure{
			{From: day("2017-01-26"), To: day("2017-02-01"), Name: "Tết Nguyên đán", Kind: calendar.Holiday},
			{From: day("2017-04-06"), Name: "Giỗ Tổ", Kind: calendar.Holiday},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cal
}

func open(t *testing.T, term duty.Term, cal *calendar.Calendar) duty.State {
	t.Helper()
	s, err := duty.Open("D-1", term, policy.Default(), cal, term.Start.At(calendar.TimeOfDay{}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// told writes what a duty's clock says until a day: "e1 unit_head@unit:P email".
func told(d duty.State, line alert.Line, cal *calendar.Calendar, until string) []string {
	var lines []string
	for _, step := range duty.Forecast(d, policy.Default(), cal, day(until)) {
		for _, n := range alert.ForStep(d, step, line, cal) {
			lines = append(lines, fmt.Sprintf("%s %s %s %s", n.NotBefore.In(calendar.Zone()).Format("02/01 15:04"), step.Level, n.To.Key(), n.Channel))
		}
	}
	return lines
}

func unitDuty(t *testing.T, cal *calendar.Calendar) duty.State {
	return open(t, duty.Term{
		Kind: duty.Unit, Subject: event.Subject{Type: "issue", ID: "I-6"}, Place: "AP-01", Label: "XL-17-0006",
		Holder: org.Party{Role: org.UnitClerk, Unit: "P-TNMT"}, Start: day("2017-01-20"), Days: 10,
	}, cal)
}

func TestTheDocumentationShowsTheLadder(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	table := "//\t" + strings.ReplaceAll(strings.TrimSuffix(alert.Ladder(), "\n"), "\n", "\n//\t") + "\n"
	if !strings.Contains(string(doc), table) {
		t.Errorf("doc.go has to contain\n%s", table)
	}
}

func TestEX06_WhoIsToldOfAUnitThatDoesNotAnswer(t *testing.T) {
	cal := tet2017(t)
	want := []string{
		"08/02 08:00 before unit_clerk@unit:P-TNMT email",
		"10/02 08:00 on_the_day unit_clerk@unit:P-TNMT email",
		"13/02 08:00 e1 unit_clerk@unit:P-TNMT email",
		"13/02 08:00 e1 unit_clerk@unit:P-TNMT sms",
		"13/02 08:00 e1 unit_head@unit:P-TNMT email",
		"13/02 08:00 e1 unit_head@unit:P-TNMT sms",
		"15/02 08:00 e2 unit_head@unit:P-TNMT email",
		"15/02 08:00 e2 unit_head@unit:P-TNMT sms",
		"15/02 08:00 e2 programme_office email",
		"15/02 08:00 e2 programme_office sms",
		"17/02 08:00 e3 programme_leader email",
		"17/02 08:00 e3 programme_leader sms",
		"24/02 08:00 e4 programme_chair email",
	}
	if diff := cmp.Diff(want, told(unitDuty(t, cal), alert.Line{}, cal, "2017-02-28")); diff != "" {
		t.Error(diff)
	}
}

func reportDuty(t *testing.T, official org.PersonID, cal *calendar.Calendar) duty.State {
	return open(t, duty.Term{
		Kind: duty.Report, Subject: event.Subject{Type: "visit", ID: "V-1"}, Place: "AP-01",
		Holder: org.Party{Role: org.Official, Person: official, Team: "T3"}, Start: day("2017-03-08"), Days: 2,
	}, cal)
}

func TestEX16_WhoIsToldOfAReportThatDoesNotCome(t *testing.T) {
	cal := tet2017(t)
	want := []string{
		"10/03 08:00 on_the_day official@person:CC-017@team:T3 sms",
		"13/03 08:00 e1 official@person:CC-017@team:T3 email",
		"13/03 08:00 e1 official@person:CC-017@team:T3 sms",
		"13/03 08:00 e1 team_leader@team:T3 email",
		"13/03 08:00 e1 team_leader@team:T3 sms",
		"15/03 08:00 e2 unit_head@unit:P-NN email",
		"15/03 08:00 e2 unit_head@unit:P-NN sms",
		"15/03 08:00 e2 programme_office email",
		"15/03 08:00 e2 programme_office sms",
		"17/03 08:00 e3 programme_leader email",
		"17/03 08:00 e3 programme_leader sms",
	}
	if diff := cmp.Diff(want, told(reportDuty(t, "CC-017", cal), alert.Line{Team: "T3", Unit: "P-NN"}, cal, "2017-12-31")); diff != "" {
		t.Error(diff)
	}
	own := told(reportDuty(t, "TL-03", cal), alert.Line{Team: "T3", Unit: "P-NN", Leads: true}, cal, "2017-12-31")
	if own[3] != "13/03 08:00 e1 programme_office email" {
		t.Errorf("the superior of a team leader is the office: %v", own[3])
	}
	unknown := told(reportDuty(t, "CC-017", cal), alert.Line{Team: "T3"}, cal, "2017-12-31")
	if slices.ContainsFunc(unknown, func(s string) bool { return strings.Contains(s, "unit_head") }) {
		t.Errorf("without a unit there is no unit head to tell: %v", unknown)
	}
}

func TestAVisitIsRemindedOfToWhoeverIsThereThatDay(t *testing.T) {
	cal := tet2017(t)
	d := open(t, duty.Term{
		Kind: duty.Visit, Subject: event.Subject{Type: "visit", ID: "V-1"}, Place: "AP-01",
		Holder: org.Party{Role: org.Official, Person: "CC-017", Team: "T3"}, Start: day("2017-06-01"), Due: day("2017-06-13"),
		At: calendar.MustTimeOfDay(19, 0),
	}, cal)
	for _, step := range duty.Forecast(d, policy.Default(), cal, day("2017-12-31")) {
		for _, n := range alert.ForStep(d, step, alert.Line{}, cal) {
			if n.To.On != day("2017-06-13") || n.Audience != notify.ToOfficial || n.Vars["time"] != "19h00" {
				t.Errorf("%+v", n)
			}
		}
	}
}

// anyDuty is a duty of the kind, with all a module may have given it.
func anyDuty(t *testing.T, kind duty.Kind, holder org.Party, cal *calendar.Calendar) duty.State {
	return open(t, duty.Term{
		Kind: kind, Subject: event.Subject{Type: "thing", ID: "X"}, Place: "AP-01", Label: "XL-17-0006", Holder: holder,
		Start: day("2017-03-06"), Due: day("2017-03-20"), At: calendar.MustTimeOfDay(19, 0),
	}, cal)
}

func TestEveryLevelOfEveryKindHasATextThatNamesWhatIsOwed(t *testing.T) {
	cal := tet2017(t)
	templates, err := notify.DefaultTemplates()
	if err != nil {
		t.Fatal(err)
	}
	if missing := templates.Missing(append(alert.LadderTemplates(), "calendar.ending")...); len(missing) > 0 {
		t.Fatalf("missing: %v", missing)
	}
	for _, kind := range duty.Kinds() {
		holders := []org.Party{
			{Role: org.Official, Person: "CC-017", Team: "T3"}, {Role: org.UnitClerk, Unit: "P-TNMT"}, {Role: org.ProgrammeOffice},
		}
		for _, holder := range holders {
			d := anyDuty(t, kind, holder, cal)
			levels := make(map[duty.Level]bool)
			for _, step := range duty.Forecast(d, policy.Default(), cal, day("2017-04-30")) {
				for _, n := range alert.ForStep(d, step, alert.Line{Team: "T3", Unit: "P-NN"}, cal) {
					levels[step.Level] = true
					check(t, templates, n)
				}
			}
			for _, level := range duty.Levels(kind) {
				if !levels[level] {
					t.Errorf("%s owed by %s: nobody is told %s", kind, holder.Key(), level)
				}
			}
		}
	}
}

// check renders a notice in both languages as the delivery will.
func check(t *testing.T, templates *notify.Templates, n notify.Notice) {
	t.Helper()
	names := map[string]string{
		"place": "Ấp Trung Hiếu, xã Xuân Hiệp", "unit": "Phòng Tài nguyên và Môi trường", "official": "Nguyễn Thị Hoàng Phượng",
		"recipient": "Nguyễn Thị Hoàng Phượng", "given": "Phượng", "honorific": "đồng chí", "sender": "UBND huyện Mẫu", "hotline": "0900000000",
	}
	vars := make(map[string]string)
	for key, value := range n.Vars {
		vars[key] = value
		if field, ok := strings.CutSuffix(key, "_id"); ok {
			vars[field] = names[field]
		}
	}
	for _, always := range []string{"recipient", "given", "honorific", "sender", "hotline"} {
		vars[always] = names[always]
	}
	for _, lang := range []string{"vi", "en"} {
		_, text, err := templates.Render(n.Template, lang, n.Channel, vars)
		if err != nil {
			t.Errorf("%s %s %s: %v", n.Key, lang, n.Channel, err)
			continue
		}
		if item, err := templates.Item(n.Template, lang, vars); err != nil || item == "" {
			t.Errorf("%s %s item: %v", n.Key, lang, err)
		}
		folded, _ := smstext.Fold(text)
		if parts := smstext.Count(folded).Parts; n.Channel == notify.SMS && parts > 2 {
			t.Errorf("%s %s: %d parts: %s", n.Template, lang, parts, folded)
		}
		if d := n.Vars["days"]; d != "" && !strings.Contains(text, d) || strings.Contains(text, "%!") {
			t.Errorf("%s %s: %s", n.Template, lang, text)
		}
	}
}

func TestEveryNoticeOfADutyHasANaturalKeyOfItsOwn(t *testing.T) {
	cal := tet2017(t)
	seen := make(map[string]bool)
	collect := func(d duty.State) (fresh int) {
		for _, step := range duty.Forecast(d, policy.Default(), cal, day("2017-06-30")) {
			for _, n := range alert.ForStep(d, step, alert.Line{}, cal) {
				if !seen[n.Key] {
					fresh++
				}
				seen[n.Key] = true
				if n.Moot != alert.DutyKey(d.ID) || n.Duty != string(d.ID) || n.Subject != d.Subject {
					t.Errorf("%+v", n)
				}
			}
		}
		return fresh
	}
	d := unitDuty(t, cal)
	if n := collect(d); n < 20 || len(seen) != n {
		t.Errorf("%d notices, %d keys", n, len(seen))
	}
	if n := collect(d); n != 0 {
		t.Errorf("the same steps said again made %d new keys", n)
	}
	if err := d.Extend(3, "x", "VP-01", policy.Default(), cal, day("2017-02-09").At(calendar.MustTimeOfDay(9, 0))); err != nil {
		t.Fatal(err)
	}
	if n := collect(d); n < 10 {
		t.Errorf("a due date that moved is reminded of anew: %d new keys", n)
	}
}

func TestRemindersMayBeLostAndEscalationsMayNot(t *testing.T) {
	cal := tet2017(t)
	d := unitDuty(t, cal)
	for _, step := range duty.Forecast(d, policy.Default(), cal, day("2017-03-31")) {
		for _, n := range alert.ForStep(d, step, alert.Line{}, cal) {
			reminder := step.Level == duty.Before || step.Level == duty.OnTheDay
			if reminder != (n.OnUnknown == notify.Hold) || reminder == n.Expires.IsZero() || reminder != (n.Vars["days"] == "") {
				t.Errorf("%s: %s, expires %v, days %q", n.Key, n.OnUnknown, n.Expires, n.Vars["days"])
			}
			wantAudience, wantPriority := notify.ToLadder, notify.Normal
			switch step.Level {
			case duty.E3:
				wantAudience = notify.ToLeader
			case duty.E4:
				wantAudience, wantPriority = notify.ToLeader, notify.Bulk
			}
			if n.Audience != wantAudience || n.Priority != wantPriority || n.Class != notify.Duty {
				t.Errorf("%s: %s, %s", n.Key, n.Audience, n.Priority)
			}
		}
	}
}

func TestOfASealedCaseNothingIsToldButItsCode(t *testing.T) {
	cal := tet2017(t)
	d := anyDuty(t, duty.SealedAck, org.Party{Role: org.Inspector, Person: "TT-01"}, cal)
	d.Label = "M-07"
	count := 0
	for _, step := range duty.Forecast(d, policy.Default(), cal, day("2017-12-31")) {
		for _, n := range alert.ForStep(d, step, alert.Line{Unit: "P-TTr"}, cal) {
			count++
			allowed := []string{"label", "due", "days", "level"}
			for field := range n.Vars {
				if !slices.Contains(allowed, field) {
					t.Errorf("%s tells %s", n.Key, field)
				}
			}
			if n.Priority != notify.Critical || n.To.Role != org.Inspector && n.To.Role != org.DeputyInspector {
				t.Errorf("%s to %s", n.Priority, n.To.Key())
			}
		}
	}
	if count == 0 {
		t.Error("nobody is told")
	}
}

func TestTheEndOfAWindowIsToldByWhoeverActsOnIt(t *testing.T) {
	cal := tet2017(t)
	d := anyDuty(t, duty.Confirm, org.Party{Role: org.HamletHead, Place: "AP-01"}, cal)
	for _, step := range duty.Forecast(d, policy.Default(), cal, day("2017-12-31")) {
		if got := alert.ForStep(d, step, alert.Line{}, cal); got != nil {
			t.Errorf("%s: %+v", step.Level, got)
		}
	}
}

func TestBeforeALongClosureTheHolderIsToldOnceByMailAndSMS(t *testing.T) {
	cal := tet2017(t)
	run := cal.ClosureRuns(day("2017-01-26"), day("2017-01-26"), 3)[0]
	at := day("2017-01-25").At(calendar.MustTimeOfDay(14, 0))
	notices := alert.BeforeClosure(unitDuty(t, cal), run, at, cal)
	if len(notices) != 2 || notices[0].Channel != notify.Email || notices[1].Channel != notify.SMS {
		t.Fatalf("%+v", notices)
	}
	for _, n := range notices {
		if n.Template != "duty.unit" || !n.NotBefore.Equal(at) || !n.Expires.Equal(day("2017-01-26").At(calendar.TimeOfDay{})) || n.OnUnknown != notify.Hold {
			t.Errorf("%+v", n)
		}
	}
	if alert.BeforeClosure(anyDuty(t, duty.Rating, org.Party{}, cal), run, at, cal) != nil {
		t.Error("a window of which nobody is reminded has no reminder here either")
	}
}

func TestTheCalendarsEndIsToldOnceAWeekAndToTheLeaderWhenItGetsShort(t *testing.T) {
	cal := tet2017(t)
	roles := func(left int) (to []org.Role) {
		for _, n := range alert.CalendarEnding(cal, "2017-W45", left, 90) {
			to = append(to, n.To.Role)
		}
		return to
	}
	if diff := cmp.Diff([]org.Role{org.Admin, org.ProgrammeOffice}, roles(89)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]org.Role{org.Admin, org.ProgrammeOffice, org.ProgrammeLeader}, roles(29)); diff != "" {
		t.Error(diff)
	}
	first, again := alert.CalendarEnding(cal, "2017-W45", 60, 90), alert.CalendarEnding(cal, "2017-W45", 57, 90)
	next := alert.CalendarEnding(cal, "2017-W46", 53, 90)
	if first[0].Key != again[0].Key || first[0].Key == next[0].Key {
		t.Errorf("%s, %s, %s", first[0].Key, again[0].Key, next[0].Key)
	}
	templates, err := notify.DefaultTemplates()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range first {
		check(t, templates, n)
	}
}
