package core

import (
	"context"
	"slices"

	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
)

// Recalendar is what an approved calendar or policy sets off, for tests that put
// one into the store.
func Recalendar(ctx context.Context, w *Work, why string) error { return w.unit.recalendar(ctx, why) }

// HandOverIssues is what the handover of an assignment sets off.
func HandOverIssues(ctx context.Context, w *Work, place org.PlaceID, from, to org.PersonID, team org.TeamID) error {
	issues, err := w.unit.tx.Issues(ctx, issue.Query{Place: place, Owner: from})
	if err != nil {
		return err
	}
	issues = slices.DeleteFunc(issues, func(i issue.State) bool { return !i.Open() && i.Status != issue.Linked })
	return w.Issues.handOver(ctx, issues, from, to, team)
}

// Actions lists every action the matrix knows.
func Actions() []Action {
	var all []Action
	for _, p := range matrix() {
		if !slices.Contains(all, p.action) {
			all = append(all, p.action)
		}
	}
	return all
}
