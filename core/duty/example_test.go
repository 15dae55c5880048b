package duty_test

import (
	"fmt"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// What the programme will say by itself about an answer that does not come.
func ExampleForecast() {
	cal, pol := calendar.WeekdaysOnly("weekdays"), policy.Default()
	start := calendar.MustDate(2017, 3, 13)
	d, err := duty.Open("d-1", duty.Term{
		Kind: duty.Unit, Subject: event.Subject{Type: "issue", ID: "i-1"}, Holder: org.Party{Role: org.UnitClerk, Unit: "P-TNMT"}, Start: start, Days: 10,
	}, pol, cal, start.At(calendar.MustTimeOfDay(9, 0)))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("due", d.Due)
	for _, step := range duty.Forecast(d, pol, cal, d.Due.Add(10)) {
		fmt.Println(step.Level, step.At.In(calendar.Zone()).Format("2006-01-02 15:04"))
	}
	// Output:
	// due 2017-03-27
	// before 2017-03-23 08:00
	// on_the_day 2017-03-27 08:00
	// e1 2017-03-28 08:00
	// e2 2017-03-30 08:00
	// e3 2017-04-03 08:00
}
