// Quickstart runs the whole cycle for one hamlet in memory: a visit is planned, held and confirmed, what somebody said there
// is referred, answered and told back, and the speaker is satisfied. It needs no service and sends nothing.
package main

import (
	"context"
	"fmt"
	"time"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/visit"
)

func main() {
	ctx, now := context.Background(), calendar.MustDate(2017, 3, 1).At(calendar.MustTimeOfDay(9, 0))
	sys, err := core.New(memstore.New(), policy.Default(), &core.Options{Clock: func() time.Time { return now }, Series: "XL"})
	do := func(who org.Actor, fn func(context.Context, *core.Work) error) { // one unit of work by somebody
		if err == nil {
			err = sys.Update(ctx, who, fn)
		}
	}
	by := func(id org.PersonID) org.Actor { return org.Actor{Person: id} }
	do(org.System(), enter) // places, people, roles and the plan: see cast.go

	do(by("lan"), func(ctx context.Context, w *core.Work) error { // the official plans an evening; the hamlet head is told
		_, err := w.Visits.Plan(ctx, visit.Plan{ID: "v1", Kind: visit.Regular, Place: "binh-minh", Official: "lan", Date: w.Today().Add(1)})
		return err
	})
	now = now.Add(36 * time.Hour)
	do(by("lan"), func(ctx context.Context, w *core.Work) error { // she listens, reports, and takes one matter up
		_, err := w.Opinions.Capture(ctx, "v1", core.Said{ID: "o1", Text: "Cứ mưa lớn là hẻm sau chợ ngập.", Kind: opinion.Report})
		if err == nil {
			_, err = w.Visits.Report(ctx, "v1", w.Today(), visit.Report{Attendance: visit.Present, People: 31, Minutes: "Gặp dân tại nhà văn hóa ấp."})
		}
		if err == nil {
			_, err = w.Issues.Register(ctx, core.Registration{ID: "i1", Opinions: []opinion.ID{"o1"}, Title: "Thoát nước", Subject: "drainage"})
		}
		return err
	})
	do(by("kha"), func(ctx context.Context, w *core.Work) error { return confirm(ctx, w, "v1") })
	do(by("loc"), func(ctx context.Context, w *core.Work) error { return refer(ctx, w, "i1", "kt-ht") })
	do(by("yen"), func(ctx context.Context, w *core.Work) error {
		_, err := w.Issues.DraftAnswer(ctx, "i1", issue.Answer{Class: issue.Settled, Text: "Đã nạo vét mương sau chợ."})
		return err
	})
	do(by("hung"), func(ctx context.Context, w *core.Work) error { _, err := w.Issues.ApproveAnswer(ctx, "i1"); return err })
	do(by("lan"), func(ctx context.Context, w *core.Work) error { return tell(ctx, w, "i1", "o1") })
	do(by("kha"), func(ctx context.Context, w *core.Work) error { return show(ctx, w, "v1", "i1", "o1") })
	if err != nil {
		fmt.Println(err)
	}
}
