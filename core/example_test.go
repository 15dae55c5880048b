package core_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/visit"
)

// smallDistrict has one hamlet, Bình Minh, which Lan of team T3 looks after. The
// operator enters it as the system; everybody is invented.
func smallDistrict(ctx context.Context, w *core.Work) error {
	year := calendar.Period{From: calendar.MustDate(2017, 1, 1), To: calendar.MustDate(2017, 12, 31)}
	put := func(_ core.Change, err error) error { return err }
	plan, err := w.Programme.Create(ctx, programme.State{
		ID: "HVCS-2017", Code: "HVCS-2017", Name: "Hướng về cơ sở", Valid: year,
		Basis: programme.Basis{Number: "60", Symbol: "KH-UBND", Issuer: "UBND huyện", Title: "Hướng về cơ sở"},
	})
	if err != nil {
		return err
	}
	if _, err := w.Programme.CreateTeam(ctx, programme.Team{ID: "T3", Programme: plan.ID, Code: "T3", Name: "Tổ công tác số 3"}); err != nil {
		return err
	}
	err = errors.Join(
		put(w.Org.PutPlace(ctx, org.Place{ID: "binh-minh", Names: []org.Naming{{Valid: year, Kind: "ap", Name: "Ấp Bình Minh", Code: "01"}}})),
		put(w.Org.PutUnit(ctx, org.Unit{ID: "P-KTHT", Code: "KTHT", Name: "Phòng Kinh tế và Hạ tầng", SMSName: "Phong KTHT", Place: "binh-minh", Valid: year})),
		put(w.Org.PutPerson(ctx, org.Person{ID: "lan", FullName: "Trần Thị Lan", Valid: year})),
		put(w.Org.PutPerson(ctx, org.Person{ID: "loc", FullName: "Đặng Hữu Lộc", Valid: year})),
		put(w.Org.PutHolding(ctx, org.Holding{ID: "1", Person: "lan", Role: org.Official, Team: "T3", Unit: "P-KTHT", Valid: year})),
		put(w.Org.PutHolding(ctx, org.Holding{ID: "2", Person: "loc", Role: org.TeamLeader, Team: "T3", Unit: "P-KTHT", Valid: year})),
	)
	if err != nil {
		return err
	}
	a, err := w.Programme.Propose(ctx, programme.Assignment{Official: "lan", Place: "binh-minh", Team: "T3", Valid: year})
	if err != nil {
		return err
	}
	_, err = w.Programme.Approve(ctx, core.Approval{Assignments: []programme.AssignmentID{a.ID}, Decision: "12/QĐ-UBND"})
	return err
}

// districtOn opens a System over a store in memory, on a day in 2017 at 8:00.
func districtOn(ctx context.Context, month time.Month, day int) (*core.System, error) {
	now := calendar.MustDate(2017, month, day).At(calendar.MustTimeOfDay(8, 0))
	sys, err := core.New(memstore.New(), policy.Default(), &core.Options{Clock: func() time.Time { return now }, Series: "XL"})
	if err != nil {
		return nil, err
	}
	return sys, sys.Update(ctx, org.System(), smallDistrict)
}

// An official plans an evening; what follows is owed by itself.
func ExampleSystem_Update() {
	ctx := context.Background()
	sys, err := districtOn(ctx, time.March, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = sys.Update(ctx, org.Actor{Person: "lan"}, func(ctx context.Context, w *core.Work) error {
		v, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Place: "binh-minh", Official: "lan", Date: calendar.MustDate(2017, 3, 8)})
		if err != nil {
			return err
		}
		duties, err := w.Duties.Of(ctx, visit.Subject(v.ID))
		for _, d := range duties {
			fmt.Println(d.Kind, "due", d.Due)
		}
		return err
	})
	fmt.Println(err)
	// Output:
	// visit due 2017-03-08
	// report due 2017-03-10
	// <nil>
}

// A refusal names the rule, the field and what would be right, in two languages.
func ExampleSystem_Update_refused() {
	ctx := context.Background()
	sys, err := districtOn(ctx, time.March, 15)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = sys.Update(ctx, org.Actor{Person: "lan"}, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Place: "binh-minh", Official: "lan", Date: calendar.MustDate(2017, 3, 8)})
		return err
	})
	for _, v := range fault.Violations(err) {
		fmt.Println(v.Rule, v.Field)
		fmt.Println(v.Message("vi"))
	}
	// Output:
	// visit.plan.in_the_past date
	// 2017-03-08 đã qua: hãy báo cáo buổi đã tổ chức
}

// What could not be answered at once is registered; the people hear by when they
// will have an answer.
func ExampleIssues_Register() {
	ctx := context.Background()
	sys, err := districtOn(ctx, time.March, 10)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = sys.Update(ctx, org.Actor{Person: "lan"}, func(ctx context.Context, w *core.Work) error {
		said, err := w.Opinions.Capture(ctx, "", core.Said{Text: "Mương sau chợ ngập nước.", Kind: opinion.Report, Place: "binh-minh"})
		if err != nil {
			return err
		}
		i, err := w.Issues.Register(ctx, core.Registration{Opinions: []opinion.ID{said[0].ID}})
		if err != nil {
			return err
		}
		slip, err := w.Issues.Slip(ctx, i.ID)
		fmt.Println(slip.Code, "by", slip.Promised, slip.Official)
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	err = sys.Update(ctx, org.Actor{Person: "loc"}, func(ctx context.Context, w *core.Work) error {
		i, err := w.Issues.ByCode(ctx, "xl-17-0001")
		if err != nil {
			return err
		}
		if _, err := w.Issues.Triage(ctx, i.ID, issue.Sorting{Subject: "thoat_nuoc", Urgency: issue.Urgent}); err != nil {
			return err
		}
		i, err = w.Issues.Refer(ctx, i.ID, "P-KTHT")
		if err == nil {
			fmt.Println(i.Lead(), "answers by", i.Current().Due)
		}
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// XL-17-0001 by 2017-04-07 Trần Thị Lan
	// P-KTHT answers by 2017-03-15
}
