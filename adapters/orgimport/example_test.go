package orgimport_test

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/adapters/orgimport"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

func Example() {
	ctx := context.Background()
	sys, err := core.New(memstore.New(), policy.Default(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	units, _ := orgimport.Read(strings.NewReader("id,code,name\nnn,NN,Phòng Nông nghiệp\n"), "units.csv", orgimport.Units, nil)
	people, _ := orgimport.Read(strings.NewReader("Mã;Họ tên;Đơn vị;Điện thoại\nCC-1;Trần Văn Mẫu;nn;900000001\nCC-2;Lê Thị Mẫu;nn;0168 000 0002\n"),
		"officials.csv", orgimport.Officials, nil)

	plan, err := orgimport.Prepare(ctx, sys, org.System(), nil, units, people)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range plan.Results {
		fmt.Println(r.Sheet, r.Line, r.ID, r.Action)
		for _, n := range r.Notes {
			fmt.Println(" ", n.Rule, n.Suggest)
		}
	}
	plan, err = orgimport.Apply(ctx, sys, org.System(), plan, orgimport.SkipErrors)
	fmt.Println(plan.Count(orgimport.Created), "created,", plan.Count(orgimport.Refused), "refused", err)
	if err := plan.WriteErrors(io.Discard, "officials.csv", "vi"); err != nil { // to be corrected and read again
		fmt.Println(err)
	}
	// Output:
	// units.csv 2 nn created
	// officials.csv 2 CC-1 error
	//   vietnam.phone.leading_zero 0900 000 001
	// officials.csv 3 CC-2 created
	//   orgimport.phone.converted 0380 000 002
	// 2 created, 1 refused <nil>
}
