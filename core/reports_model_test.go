package core_test

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
)

// naiveReport is a report as somebody would keep it on a sheet of paper: its
// state, and for each step from which state, by whom and to which.
type naiveReport struct {
	status report.Status
	text   string
	locks  int
}

type reportStep struct {
	name     string
	from, to report.Status
	by       []org.PersonID
	needs    string // a reason, where one is needed
	do       func(context.Context, *core.Reports, string) error
}

// monthSteps and roundSteps say model M9 and the permission matrix once more,
// without the code that is tested.
func monthSteps() []reportStep {
	m := month("2017-05")
	none := func(_ report.State, err error) error { return err }
	return []reportStep{
		{"submit", report.Open, report.Submitted, []org.PersonID{vp01}, "", func(ctx context.Context, r *core.Reports, why string) error { return none(r.SubmitMonth(ctx, m, why)) }},
		{"send back", report.Submitted, report.Open, []org.PersonID{pct}, "reason", func(ctx context.Context, r *core.Reports, why string) error {
			return none(r.SendBackMonth(ctx, m, why))
		}},
		{"approve", report.Submitted, report.Approved, []org.PersonID{vp01}, "", func(ctx context.Context, r *core.Reports, _ string) error { return none(r.ApproveMonth(ctx, m)) }},
		{"accept", report.Approved, report.Locked, []org.PersonID{pct}, "", func(ctx context.Context, r *core.Reports, _ string) error { return none(r.AcceptMonth(ctx, m)) }},
		{"unlock", report.Locked, report.Open, []org.PersonID{vp01, pct}, "reason", func(ctx context.Context, r *core.Reports, why string) error { return none(r.UnlockMonth(ctx, m, why)) }},
	}
}

func roundSteps() []reportStep {
	none := func(_ report.State, err error) error { return err }
	id := report.ID("round/" + string(lan) + "/2017-05-16")
	return []reportStep{
		{"submit", report.Open, report.Submitted, []org.PersonID{lan}, "", func(ctx context.Context, r *core.Reports, why string) error {
			return none(r.SubmitRound(ctx, lan, day("2017-05-20"), why))
		}},
		{"send back", report.Submitted, report.Open, []org.PersonID{tl03, vp01}, "reason", func(ctx context.Context, r *core.Reports, why string) error {
			return none(r.SendBackRound(ctx, id, why))
		}},
		{"close", report.Submitted, report.Locked, []org.PersonID{tl03, vp01}, "", func(ctx context.Context, r *core.Reports, _ string) error { return none(r.CloseRound(ctx, id)) }},
	}
}

// Random steps of random actors: what may be done happens, what may not changes
// nothing, and the report stands where the sheet of paper says.
func TestAReportFollowsItsStateMachineWhateverAnybodyTries(t *testing.T) {
	actors := []org.PersonID{lan, minh, tl03, u10, vp01, pct, ct, ta01, tt01, qt01, kt01, lx01}
	for name, machine := range map[string]struct {
		id    report.ID
		steps []reportStep
	}{
		"month": {"month/2017-05", monthSteps()},
		"round": {"round/CC-017/2017-05-16", roundSteps()},
	} {
		t.Run(name, func(t *testing.T) {
			reached := make(map[report.Status]int)
			rapid.Check(t, func(rt *rapid.T) {
				c := newCast(t, nil)
				c.at("2017-06-02 09:00")
				sheet := naiveReport{status: report.Open}
				for range rapid.IntRange(1, 25).Draw(rt, "steps") {
					step := rapid.SampledFrom(machine.steps).Draw(rt, "step")
					who := rapid.SampledFrom(actors).Draw(rt, "who")
					if rapid.Bool().Draw(rt, "by somebody who may") {
						who = rapid.SampledFrom(step.by).Draw(rt, "by")
					}
					why := rapid.SampledFrom([]string{"thiếu số liệu", "", "  "}).Draw(rt, "why")
					may := slices.Contains(step.by, who) && step.from == sheet.status && (step.needs == "" || why == "thiếu số liệu")
					err := c.do(who, func(ctx context.Context, w *core.Work) error { return step.do(ctx, w.Reports, why) })
					if may != (err == nil) {
						rt.Fatalf("%s by %s from %s: %v, the sheet says may=%v", step.name, who, sheet.status, err, may)
					}
					if may {
						sheet.status = step.to
						if step.name == "submit" {
							sheet.text = why
						}
						if step.to == report.Locked {
							sheet.locks++
						}
					}
					reached[sheet.status]++
					if got := c.report(machine.id); got.status != sheet.status || got.text != sheet.text || got.locks != sheet.locks {
						rt.Fatalf("after %s by %s the report is %+v, the sheet says %+v", step.name, who, got, sheet)
					}
				}
			})
			if reached[report.Locked] == 0 {
				t.Error("no report was ever locked: the steps prove little")
			}
		})
	}
}

// report reads a report as it stands; one that nobody touched is open.
func (c *cast) report(id report.ID) (r naiveReport) {
	c.t.Helper()
	r.status = report.Open
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		all, err := w.Reports.List(ctx, report.Query{})
		for _, s := range all {
			if s.ID != id {
				continue
			}
			r.status, r.text = s.Status, s.Text
			for _, step := range s.Steps {
				if step.To == report.Locked {
					r.locks++
				}
			}
		}
		return err
	})
	return r
}
