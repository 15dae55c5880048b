package core_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// Rows of model section 5 that are more than a cell of a table.

func TestPermissions_ASealedCaseIsReadByTheGrantedInspectorAlone(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	r := denunciation()
	r.Accused = []org.PersonID{tt02} // an inspector
	c.receives(lan, r)
	first := c.cases()[0]
	for _, member := range castRoles() {
		err := c.do(member.person, readsCase(first.ID, nil))
		if may := err == nil; may != (member.person == first.Inspector) {
			t.Errorf("%s reads: %v", member.person, err)
		}
		if err != nil && !errors.Is(err, fault.ErrForbidden) {
			t.Errorf("%s is not told no, but %v", member.person, err)
		}
	}
	if err := c.sys.Update(t.Context(), org.System(), readsCase(first.ID, nil)); !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("the system reads: %v", err)
	}
	c.refused("sealed.refused", ct, func(ctx context.Context, w *core.Work) error { return w.Sealed.Grant(ctx, first.ID, tt02) })
	c.refused("sealed.refused", tt02, readsCase(first.ID, nil))
	c.must(ct, func(ctx context.Context, w *core.Work) error { return w.Sealed.Grant(ctx, first.ID, tt03) })
	c.must(tt03, readsCase(first.ID, nil))
}

func TestPermissions_WhoStandsInDoesTheWorkAndSeesNoRatings(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.TakeLeave(ctx, org.Leave{ID: "away", Person: lan, Days: days("2017-03-06", "2017-03-17"), Substitute: minh})
		return err
	})
	c.at("2017-03-07")
	c.must(minh, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Place: "AP-01", Official: lan, Date: day("2017-03-14")})
		return err
	})
	for rule, do := range map[string]func(context.Context, *core.Work) error{
		"permission.supervision.see_ratings": func(ctx context.Context, w *core.Work) error {
			_, err := w.Supervision.Impression(ctx, lan, year2017())
			return err
		},
		"permission.organisation.take_leave": func(ctx context.Context, w *core.Work) error {
			_, err := w.Org.CancelLeave(ctx, "away", "về sớm")
			return err
		},
	} {
		c.refused(rule, minh, do)
	}
}

func TestEX11_WhoStoodInReportsAlsoWhenSomebodyElseStandsInByThen(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-06-01")
	id := c.plan(lan, "AP-01", "2017-06-13")
	for _, l := range []org.Leave{
		{Person: lan, Days: days("2017-06-05", "2017-06-16"), Substitute: minh},
		{Person: minh, Days: days("2017-06-12", "2017-06-14"), Substitute: ha},
	} {
		c.must(vp01, func(ctx context.Context, w *core.Work) error { _, err := w.Org.TakeLeave(ctx, l); return err })
	}
	c.at("2017-06-15") // Minh is back and stands in for Lan; Hà held the visit
	c.refused("permission.visit.report", tuan, reportOn(id, "2017-06-13", minutes()))
	c.must(ha, reportOn(id, "2017-06-13", minutes()))
	if v := c.visit(id); v.HeldBy != ha {
		t.Errorf("credited to %s", v.HeldBy)
	}
}

func TestPermissions_TheOfficeActsInAnOfficialsSteadWithAReason(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	plan := func(why string) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Plan(ctx, visit.Plan{ID: "v", Kind: visit.Regular, Place: "AP-01", Official: lan, Date: day("2017-03-08"), Why: why})
			return err
		}
	}
	c.refused("visit.plan.proxy_reason_missing", vp01, plan(" "))
	c.must(vp01, plan("công chức báo qua điện thoại"))
	c.at("2017-03-09")
	r := minutes()
	c.refused("visit.report.proxy_reason_missing", vp01, reportOn("v", "2017-03-08", r))
	r.Why = "nhập từ biên bản giấy"
	c.must(vp01, reportOn("v", "2017-03-08", r))
	c.must(kt01, func(ctx context.Context, w *core.Work) error {
		records, err := w.Journal.Of(ctx, visit.Subject("v"))
		why := map[string]string{}
		for _, rec := range records {
			why[rec.Kind] = rec.Why
		}
		if why["visit.planned"] != "công chức báo qua điện thoại" || why["visit.reported"] != "nhập từ biên bản giấy" {
			t.Errorf("the journal says %v", why)
		}
		return err
	})
}

func TestPermissions_OneUnitOfWorkMayNeedTwoRolesOfOnePerson(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	c.put(func(ctx context.Context, tx store.Tx) error { // Lan leads T3 for a while
		return tx.PutHolding(ctx, &org.Holding{ID: "acting", Person: lan, Role: org.TeamLeader, Team: teamT3, Unit: unitNN, Valid: days("2017-03-01", "2017-03-31")})
	})
	m := c.raised(minh, "AP-02", core.Registration{}, nil)
	both := func(ctx context.Context, w *core.Work) error {
		if _, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Place: "AP-01", Official: lan, Date: day("2017-03-08")}); err != nil {
			return err
		}
		_, err := w.Issues.Triage(ctx, m.id, issue.Sorting{Subject: "thoat_nuoc", Urgency: issue.Normal})
		return err
	}
	err := c.sys.Update(t.Context(), org.Actor{Person: lan, Role: org.Official}, both) // came as an official only
	wantRule(t, "permission.issue.triage", err)
	c.must(lan, both)
}

func TestPermissions_NobodyRecordsWhatPeopleSayToTheirOwnAnswer(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	m := c.raised(lan, "AP-01", core.Registration{}, elder()).referredTo(unitTNMT).answeredBy(settledAnswer())
	m.does(lan, m.tells(0, issue.InPerson))
	m.does(vp01, func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.HandOver(ctx, id, vp01, "") // nobody else is there
	})
	m.refuses("issue.reply.own", vp01, m.replies(0, true))
	m.does(ta01, m.replies(0, true))
}

func TestPermissions_ATeamLeaderSeesTheTeamAndNoMember(t *testing.T) {
	c := newCast(t, nil)
	team := func(who org.PersonID) (im core.TeamImpression) {
		c.must(who, func(ctx context.Context, w *core.Work) (err error) {
			im, err = w.Supervision.TeamImpression(ctx, teamT3, days("2017-03-01", "2017-03-31"))
			return err
		})
		return im
	}
	c.put(func(ctx context.Context, tx store.Tx) error { return putRatings(ctx, tx, "r1", lan, 6) })
	if im := team(tl03); !im.Withheld || im.Figures != nil || im.Rounds != 1 {
		t.Errorf("one official's figures shown as the team's: %+v", im)
	}
	c.put(func(ctx context.Context, tx store.Tx) error { return putRatings(ctx, tx, "r2", minh, 2) })
	if im := team(tl03); im.Withheld || im.Rounds != 2 || im.Figures[supervision.Resident].Ratings != 8 {
		t.Errorf("the team's figures: %+v", im)
	}
	err := c.sys.View(t.Context(), org.System(), func(ctx context.Context, w *core.Work) error {
		_, err := w.Supervision.TeamImpression(ctx, teamT3, year2017())
		return err
	})
	if !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("the system itself looked: %v", err)
	}
}

func TestPermissions_FewRatingsAreWithheldFromTheRatedInWhateverRole(t *testing.T) {
	c := newCast(t, nil)
	c.put(func(ctx context.Context, tx store.Tx) error {
		return errors.Join(putRatings(ctx, tx, "r1", lan, 4), tx.PutHolding(ctx, &org.Holding{
			ID: "office", Person: lan, Role: org.ProgrammeOffice, Place: "H", Unit: unitVP, Valid: year2017(),
		}))
	})
	err := c.sys.Update(t.Context(), org.Actor{Person: lan, Role: org.ProgrammeOffice}, func(ctx context.Context, w *core.Work) error {
		im, err := w.Supervision.Impression(ctx, lan, year2017())
		if !im.Withheld || im.Figures != nil {
			t.Errorf("Lan sees %+v of herself", im)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// putRatings puts a closed round of March with so many ratings by residents.
func putRatings(ctx context.Context, tx store.Tx, id supervision.RoundID, official org.PersonID, count int) error {
	round := supervision.OpenRound(id, "visit/"+string(id), "AP-01", official, day("2017-03-09"), day("2017-03-16"))
	round.Status = supervision.Published
	faults := fault.List{tx.PutRatingRound(ctx, &round)}
	for n := range count {
		faults.Add(tx.PutRating(ctx, &supervision.Rating{
			ID: supervision.RatingID(fmt.Sprint(id, "/", n)), Round: id, Source: supervision.Resident, Rater: fmt.Sprint(n), Complete: true,
			Recorded: day("2017-03-10").At(calendar.MustTimeOfDay(9, 0)).UTC(),
		}))
	}
	return faults.Err()
}
