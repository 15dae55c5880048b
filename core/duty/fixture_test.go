package duty_test

import (
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// xuanLoc2017 is the calendar VN-XL-2017 of the worked examples.
func xuanLoc2017(t testing.TB) *calendar.Calendar {
	t.Helper()
	closure := func(from, to, name string) calendar.Closure {
		return calendar.Closure{From: day(from), To: day(to), Name: name, Kind: calendar.Holiday}
	}
	return build(t, calendar.Spec{
		ID: "VN-XL-2017", Version: 1,
		Coverage: calendar.Period{From: day("2017-01-01"), To: day("2017-12-31")},
		Closures: []calendar.Closure{
			closure("2017-01-01", "2017-01-02", "Tết Dương lịch"),
			closure("2017-01-26", "2017-02-01", "Tết Nguyên đán"),
			closure("2017-04-06", "2017-04-06", "Giỗ Tổ Hùng Vương"),
			closure("2017-04-30", "2017-05-02", "30/4 và 1/5"),
			closure("2017-09-02", "2017-09-02", "Quốc khánh"),
			closure("2017-09-04", "2017-09-04", "nghỉ bù Quốc khánh"),
		},
	})
}

// tester is what *testing.T and *rapid.T have in common here.
type tester interface {
	Helper()
	Fatal(args ...any)
}

func build(t tester, spec calendar.Spec) *calendar.Calendar {
	t.Helper()
	cal, err := calendar.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return cal
}

func day(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func clock(s string) calendar.TimeOfDay {
	c, err := calendar.ParseTimeOfDay(s)
	if err != nil {
		panic(err)
	}
	return c
}

// at reads "2017-02-08 08:00" on the clocks of Vietnam.
func at(s string) time.Time { return day(s[:10]).At(clock(s[11:])) }

// unitTerm is an issue referred to P-TNMT.
func unitTerm(start string, days int) duty.Term {
	return duty.Term{
		Kind: duty.Unit, Subject: event.Subject{Type: "issue", ID: "I-6"}, Label: "XL-17-0006",
		Holder: org.Party{Role: org.UnitClerk, Unit: "P-TNMT"}, Start: day(start), Days: days,
	}
}

func open(t testing.TB, term duty.Term, cal *calendar.Calendar, now string) duty.State {
	t.Helper()
	s, err := duty.Open("D-1", term, policy.Default(), cal, at(now))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// said writes steps as "e1 2017-02-13 08:00".
func said(steps []duty.Step) []string {
	var lines []string
	for _, s := range steps {
		lines = append(lines, string(s.Level)+" "+s.At.In(calendar.Zone()).Format("2006-01-02 15:04"))
	}
	return lines
}

// forecast writes what a duty says under the default policy if nothing is done.
func forecast(s duty.State, cal *calendar.Calendar, until string) []string {
	return said(duty.Forecast(s, policy.Default(), cal, day(until)))
}

// rules writes the violations of an error.
func rules(err error) []string {
	var found []string
	for _, v := range fault.Violations(err) {
		found = append(found, v.Rule)
	}
	return found
}
