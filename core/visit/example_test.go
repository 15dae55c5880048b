package visit_test

import (
	"fmt"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/visit"
)

// A visit counts when somebody else than the official says that it took place.
func ExampleState_Report() {
	cal := calendar.WeekdaysOnly("weekdays")
	planned := calendar.MustDate(2017, 3, 8)
	v, err := visit.New(visit.Plan{ID: "v-1", Kind: visit.Regular, Place: "binh-minh", Official: "lan", Date: planned},
		policy.Default(), cal, calendar.MustDate(2017, 3, 1).At(calendar.MustTimeOfDay(8, 0)))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v.Status, "report due", v.ReportDue)

	report := visit.Report{Attendance: visit.Present, People: 25, Minutes: "Họp dân tại nhà văn hóa ấp.", By: "lan"}
	if err := v.Report(report, planned, visit.Owed{}, policy.Default(), cal, calendar.MustDate(2017, 3, 9)); err != nil {
		fmt.Println(err)
		return
	}
	v.AddEvidence(visit.Evidence{Kind: "photo", Grade: visit.Strong, By: "lan"})
	fmt.Println(v.Status, "proven:", v.Proven(1))
	v.AddEvidence(visit.Evidence{Kind: "host_confirmation", Grade: visit.Strong, By: "hamlet-head"})
	fmt.Println(v.Status, "proven:", v.Proven(1))
	// Output:
	// planned report due 2017-03-10
	// reported proven: false
	// reported proven: true
}
