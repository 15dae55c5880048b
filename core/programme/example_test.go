package programme_test

import (
	"fmt"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
)

func ExamplePlan() {
	march := calendar.Month{Year: 2017, Month: 3}
	draft := programme.Plan(programme.Request{
		Month: march, Quota: policy.Default().Quota, Calendar: calendar.WeekdaysOnly("weekdays"),
		Hamlets: []programme.Host{{
			Place: "binh-minh", Owed: 2, Hosting: org.Hosting{AvoidWeekdays: []int{3}}, // not on Wednesdays
			Tenures: []programme.Tenure{{Official: "lan", Days: march.Period()}},
		}},
	})
	for _, c := range draft.Choices {
		fmt.Println(c.Place, c.Explain("vi"))
	}
	// Output:
	// binh-minh thứ Ba, 07/3/2017 lúc 19h00. Xét 15 ngày, loại 3 ngày ấp đề nghị tránh, còn 12 ngày phù hợp.
	// binh-minh thứ Ba, 21/3/2017 lúc 19h00. Xét 16 ngày, loại 2 ngày ấp đề nghị tránh, còn 14 ngày phù hợp.
}

func ExampleCover() {
	held := func(day int, confirmed bool) programme.Counted {
		c := programme.Counted{Official: "lan", Happened: calendar.MustDate(2017, 5, day)}
		if confirmed {
			c.VerifiedOn = c.Happened.Add(2)
		}
		return c
	}
	may := calendar.Month{Year: 2017, Month: 5}.Period()
	c := programme.Cover(programme.Area{
		Place: "binh-minh", Period: may, Quota: 2, Visits: []programme.Counted{held(11, true), held(15, true), held(29, false)},
		Tenures: []programme.Tenure{{Official: "lan", Days: may}},
	}, policy.Default().Quota)
	fmt.Printf("claimed %d, verified %d of %d\n", c.Claimed, c.Verified, c.Quota) // the 15th is too near the 11th
	// Output:
	// claimed 2, verified 1 of 2
}
