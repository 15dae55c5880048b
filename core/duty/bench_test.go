package duty_test

import (
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// BenchmarkDueSteps is what a sweep asks of each duty: which reminders and levels
// of the ladder have come, three weeks after a unit's answer was due.
func BenchmarkDueSteps(b *testing.B) {
	pol, cal := policy.Default(), calendar.WeekdaysOnly("c")
	opened := time.Date(2017, 3, 1, 2, 0, 0, 0, time.UTC)
	d, err := duty.Open("d", duty.Term{
		Kind: duty.Unit, Subject: event.Subject{Type: "issue", ID: "i"}, Label: "XL-17-0001",
		Holder: org.Party{Role: org.UnitHead, Unit: "P-NN"}, Start: calendar.MustDate(2017, 3, 1), Days: 10,
	}, pol, cal, opened)
	if err != nil {
		b.Fatal(err)
	}
	late := opened.AddDate(0, 1, 5)
	b.ReportAllocs()
	for b.Loop() {
		if len(duty.DueSteps(d, pol, cal, late)) == 0 {
			b.Fatal("nothing is due")
		}
	}
}

// BenchmarkOpen is what every promise costs: its due date and its first step.
func BenchmarkOpen(b *testing.B) {
	pol, cal := policy.Default(), calendar.WeekdaysOnly("c")
	opened := time.Date(2017, 3, 1, 2, 0, 0, 0, time.UTC)
	term := duty.Term{Kind: duty.Promise, Subject: event.Subject{Type: "issue", ID: "i"}, Holder: org.Party{Role: org.Official, Person: "o"}, Start: calendar.MustDate(2017, 3, 1), Days: 20}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := duty.Open("d", term, pol, cal, opened); err != nil {
			b.Fatal(err)
		}
	}
}
