package core_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

func official(p org.PersonID) org.Party {
	return org.Party{Role: org.Official, Person: p, Team: teamT3}
}

// manyDuties is a stage on Wed 15/03/2017 with duties of all sorts of holders.
func manyDuties(t *testing.T) *cast {
	c := newCast(t, nil)
	c.at("2017-03-08 09:00")
	start := day("2017-03-08")
	for id, term := range map[duty.ID]duty.Term{
		"lan-report":  {Kind: duty.Report, Holder: official(lan), Place: "AP-01", Start: start, Days: 2}, // due Fri 10/03
		"lan-survey":  {Kind: duty.Survey, Holder: official(lan), Place: "AP-01", Start: start, Days: 10},
		"minh-report": {Kind: duty.Report, Holder: official(minh), Place: "AP-02", Start: start, Days: 5}, // due Wed 15/03
		"triage":      {Kind: duty.Triage, Holder: org.Party{Role: org.TeamLeader, Team: teamT3}, Start: start, Days: 2},
		"unit":        {Kind: duty.Unit, Holder: unitClerk(), Start: start, Days: 3}, // due Mon 13/03
		"confirm":     {Kind: duty.Confirm, Holder: org.Party{Role: org.HamletHead, Place: "AP-01"}, Place: "AP-01", Start: start, Days: 5},
		"month":       {Kind: duty.MonthReport, Holder: org.Party{Role: org.ProgrammeOffice}, Start: start, Days: 20},
		"sealed":      {Kind: duty.SealedAck, Holder: org.Party{Role: org.Inspector, Person: tt02}, Start: start, Days: 2},
	} {
		c.owes(id, term)
	}
	c.put(func(ctx context.Context, tx store.Tx) error {
		return errors.Join(
			tx.PutLeave(ctx, &org.Leave{ID: "L1", Person: lan, Days: days("2017-03-16", "2017-03-17"), Substitute: minh}),
			tx.PutLeave(ctx, &org.Leave{ID: "L2", Person: u11, Days: days("2017-03-16", "2017-03-17")}),
			tx.PutLeave(ctx, &org.Leave{ID: "L3", Person: minh, Days: days("2017-03-20", "2017-03-21")}),
		)
	})
	c.at("2017-03-15 09:00")
	return c
}

// ids asks for duties as somebody and writes their ids.
func (c *cast) ids(who org.PersonID, ask func(context.Context, *core.Duties) ([]duty.State, error)) []string {
	c.t.Helper()
	ids := []string{}
	err := c.sys.View(c.t.Context(), org.Actor{Person: who}, func(ctx context.Context, w *core.Work) error {
		found, err := ask(ctx, w.Duties)
		for _, d := range found {
			ids = append(ids, string(d.ID))
		}
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return ids
}

func TestOwedIsWhatFallsToAPersonToday(t *testing.T) {
	c := manyDuties(t)
	for _, tt := range []struct {
		why, on string
		who     org.PersonID
		want    []string
	}{
		{"by name, the earliest due date first", "2017-03-15", lan, []string{"lan-report", "lan-survey"}},
		{"by name", "2017-03-15", minh, []string{"minh-report"}},
		{"through the team", "2017-03-15", tl03, []string{"triage"}},
		{"through the unit", "2017-03-15", u11, []string{"unit"}},
		{"not the head's while the clerk is there", "2017-03-15", u10, []string{}},
		{"through the place", "2017-03-15", ta01, []string{"confirm"}},
		{"through the office", "2017-03-15", vp01, []string{"month"}},
		{"a sealed case is its inspector's", "2017-03-15", tt02, []string{"sealed"}},
		{"and nobody else's", "2017-03-15", tt01, []string{}},
		{"somebody else's while standing in", "2017-03-16", minh, []string{"lan-report", "minh-report", "lan-survey"}},
		{"nothing while away", "2017-03-16", lan, []string{}},
		{"the clerk's while the clerk is away", "2017-03-16", u10, []string{"unit"}},
		{"the leader's when nobody stands in", "2017-03-20", tl03, []string{"triage", "minh-report"}},
	} {
		c.at(tt.on + " 09:00")
		got := c.ids(tt.who, func(ctx context.Context, d *core.Duties) ([]duty.State, error) { return d.Owed(ctx, tt.who) })
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s on %s: %s", tt.why, tt.who, tt.on, diff)
		}
	}
}

func TestOverdueIsWhatIsLateToday(t *testing.T) {
	c := manyDuties(t)
	overdue := func(q duty.Query) []string {
		return c.ids(vp01, func(ctx context.Context, d *core.Duties) ([]duty.State, error) { return d.Overdue(ctx, q) })
	}
	all := overdue(duty.Query{})
	if !slices.Equal(all, []string{"lan-report", "triage", "unit"}) {
		t.Errorf("due today is not late, and the sealed case is not shown: %v", all)
	}
	if got := overdue(duty.Query{Kinds: []duty.Kind{duty.Unit, duty.MonthReport}}); !slices.Equal(got, []string{"unit"}) {
		t.Errorf("of some kinds: %v", got)
	}
	if got := overdue(duty.Query{Due: days("2017-03-11", "2017-12-31")}); !slices.Equal(got, []string{"unit"}) {
		t.Errorf("due in a period: %v", got)
	}
	if got := overdue(duty.Query{Due: days("2017-03-15", "2017-12-31")}); len(got) != 0 {
		t.Errorf("due from today on: %v", got)
	}
	c.at("2017-03-16 00:00")
	if got := overdue(duty.Query{}); !slices.Contains(got, "minh-report") {
		t.Errorf("from the day after: %v", got)
	}
	inspector := c.ids(tt02, func(ctx context.Context, d *core.Duties) ([]duty.State, error) { return d.Overdue(ctx, duty.Query{}) })
	if !slices.Contains(inspector, "sealed") {
		t.Errorf("the inspector sees it: %v", inspector)
	}
}

func TestADutyIsExplainedAndForecast(t *testing.T) {
	c := manyDuties(t)
	err := c.sys.View(t.Context(), org.Actor{Person: u11}, func(ctx context.Context, w *core.Work) error {
		text, err := w.Duties.Explain(ctx, "unit", "vi")
		if err != nil {
			return err
		}
		if !strings.HasPrefix(text, "Hạn: thứ Hai, 13/3/2017. Thời hạn 3 ngày làm việc") {
			t.Error(text)
		}
		steps, err := w.Duties.Forecast(ctx, "month", day("2017-04-06"))
		if err != nil {
			return err
		}
		var got []string
		for _, s := range steps {
			got = append(got, string(s.Level)+" "+calendar.DateOf(s.At).String())
		}
		if diff := cmp.Diff([]string{"before 2017-04-03", "on_the_day 2017-04-05"}, got); diff != "" {
			t.Error(diff)
		}
		about, err := w.Duties.Of(ctx, event.Subject{Type: "thing", ID: "unit"})
		if len(about) != 1 || about[0].ID != "unit" {
			t.Errorf("%+v", about)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestThatASealedCaseWaitsIsShownToItsInspectorAlone(t *testing.T) {
	c := manyDuties(t)
	for who, seen := range map[org.PersonID]bool{tt02: true, tt01: false, vp01: false, pct: false, kt01: false, qt01: false, lan: false} {
		err := c.sys.View(t.Context(), org.Actor{Person: who}, func(ctx context.Context, w *core.Work) error {
			_, getErr := w.Duties.Get(ctx, "sealed")
			_, explainErr := w.Duties.Explain(ctx, "sealed", "vi")
			_, forecastErr := w.Duties.Forecast(ctx, "sealed", day("2017-12-31"))
			about, err := w.Duties.Of(ctx, event.Subject{Type: "thing", ID: "sealed"})
			for _, got := range []error{getErr, explainErr, forecastErr} {
				if seen != (got == nil) || !seen && !errors.Is(got, fault.ErrNotFound) {
					t.Errorf("%s: %v", who, got)
				}
			}
			if seen != (len(about) == 1) {
				t.Errorf("%s: %v", who, about)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
