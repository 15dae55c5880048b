package report_test

import (
	"fmt"

	"github.com/huongvecoso/outreach/core/report"
)

// Claimed and verified stand side by side, never as one number.
func ExampleCompute() {
	f := report.Compute(report.Facts{Period: may(), Hamlets: []report.Hamlet{
		{Place: "binh-minh", Commune: "an-phu", Official: "lan", Quota: 2, Claimed: 2, Verified: 2},
		{Place: "tan-hoa", Commune: "an-phu", Official: "minh", Quota: 2, Claimed: 2, Verified: 1},
	}})
	fmt.Printf("claimed %d of %d, verified %d of %d: %.1f %%\n", f.Claimed.Part, f.Claimed.Of, f.Verified.Part, f.Verified.Of, f.Verified.Percent())
	// Output:
	// claimed 4 of 4, verified 3 of 4: 75.0 %
}
