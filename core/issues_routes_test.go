package core_test

import (
	"context"
	"testing"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
)

// A unit of work keeps the routes it has read, but not past a change of its own.
func TestARouteIsInForceInTheVeryUnitOfWorkThatPutIt(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		for _, lead := range []org.UnitID{unitKTHT, unitTNMT} {
			r := issue.Route{ID: "r-" + string(lead), Subject: "thoat_nuoc", Name: "Thoát nước", Lead: lead, Valid: year2017()}
			if lead == unitTNMT {
				r.Owner = "C1" // nearer than the one that is valid everywhere
			}
			if _, err := w.Issues.PutRoute(ctx, r); err != nil {
				return err
			}
			if found, err := w.Issues.RouteOf(ctx, "thoat_nuoc", "AP-01"); err != nil || found.Lead != lead {
				t.Errorf("%s leads, want %s: %v", found.Lead, lead, err)
			}
		}
		return nil
	})
}
