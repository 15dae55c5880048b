package policy_test

import (
	"fmt"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/policy"
)

// A policy is checked as a whole; every fault is named.
func ExamplePolicy_Validate() {
	p := policy.Default()
	p.Quota.PerMonth = 99
	for _, v := range fault.Violations(p.Validate()) {
		fmt.Println(v.Rule, v.Field)
	}
	// Output:
	// policy.range quota.per_month
	// policy.order quota.min_gap_days
}

// The numbers that hold on a day are those of the latest version begun by then.
func ExampleSet_For() {
	now, next := policy.Default(), policy.Default()
	next.Version, next.From = "2018", calendar.MustDate(2018, 1, 1)
	next.Visits.ReportDays = 1
	set, err := policy.NewSet(now, next)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, day := range []calendar.Date{calendar.MustDate(2017, 12, 31), calendar.MustDate(2018, 1, 1)} {
		p, ok := set.For(day)
		fmt.Println(day, ok, "report within", p.Visits.ReportDays)
	}
	// Output:
	// 2017-12-31 true report within 2
	// 2018-01-01 true report within 1
}
