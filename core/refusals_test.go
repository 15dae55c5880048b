package core_test

import (
	"context"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/visit"
)

func TestASystemNeedsAStoreAndASoundPolicy(t *testing.T) {
	broken := policy.Default()
	broken.Quota.PerMonth = -1
	_, err := core.New(nil, broken, nil)
	wantRule(t, "system.store.missing", err)
	if !strings.Contains(err.Error(), "policy.") {
		t.Errorf("the faults of the policy are not named: %v", err)
	}
	var none *core.System
	if none.Update(t.Context(), org.System(), nil) == nil || none.View(t.Context(), org.System(), nil) == nil {
		t.Error("a unit of work without a system or a function")
	}
}

// survey is a profile of AP-01 that can be submitted.
func survey() visit.Profile {
	return visit.Profile{Place: "AP-01", Author: lan, Households: 120, Inhabitants: 480, Poor: 4, HotIssues: "thiếu nước mùa khô"}
}

func TestAProfileIsAttachedToAVisitOfItsOwnHamlet(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	here, elsewhere := c.plan(lan, "AP-01", "2017-03-08"), c.plan(minh, "AP-02", "2017-03-08")
	c.refused("profile.attach.other_place", lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Survey(ctx, survey(), elsewhere)
		return err
	})
	var p visit.Profile
	c.must(lan, func(ctx context.Context, w *core.Work) (err error) {
		p, err = w.Visits.Survey(ctx, survey(), here)
		return err
	})
	if v := c.visit(here); v.Profile != p.ID || p.Edition != 1 || p.Status != visit.ProfileSubmitted {
		t.Errorf("visit has profile %q, want %+v", v.Profile, p)
	}
}

func TestWhoLookedAfterNoHamletHasNoRoundToReport(t *testing.T) {
	c := newCast(t, nil)
	c.unassign()
	c.at("2017-03-17")
	c.refused("report.round.not_assigned", lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Reports.SubmitRound(ctx, lan, calendar.MustDate(2017, 3, 10), "Đợt 1")
		return err
	})
}
