package issue_test

import (
	"fmt"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// Two clocks: the unit's begins anew with each referral, the promise to the
// people does not move.
func ExampleState_Return() {
	cal, pol := calendar.WeekdaysOnly("weekdays"), policy.Default()
	friday := calendar.MustDate(2017, 3, 10)
	i, err := issue.New(issue.Registration{
		ID: "i-1", Code: "XL-17-0001", Place: "binh-minh", Team: "T3", Owner: "lan", To: org.TeamLeader, Urgency: issue.Normal, Opinions: []string{"o-1"},
	}, pol, cal, friday.At(calendar.MustTimeOfDay(20, 0)))
	if err != nil {
		fmt.Println(err)
		return
	}
	show := func(err error) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(i.Status, i.Lead(), "promised", i.PromiseDue)
	}
	show(i.Triage(issue.Sorting{Subject: "thoat_nuoc", Urgency: issue.Normal}, friday, pol, cal))
	show(i.Refer("P-TNMT", nil, "leader", friday.Add(3), pol, cal))
	show(i.Return("không thuộc chức năng của phòng", "P-KTHT", friday.Add(5), pol, cal))
	show(i.Refer("P-KTHT", nil, "leader", friday.Add(6), pol, cal))
	for _, h := range i.DaysHeld(cal, friday.Add(10)) {
		fmt.Println(h.Holder, h.Days)
	}
	// Output:
	// triaged  promised 2017-04-07
	// referred P-TNMT promised 2017-04-07
	// triaged  promised 2017-04-07
	// referred P-KTHT promised 2017-04-07
	// team:T3 1
	// unit:P-TNMT 2
	// team:T3 1
	// unit:P-KTHT 2
}
