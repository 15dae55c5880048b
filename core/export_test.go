package core

import (
	"context"
	"slices"

	"github.com/huongvecoso/outreach/core/org"
)

// Recalendar is what an approved calendar or policy sets off, for tests that put
// one into the store.
func Recalendar(ctx context.Context, w *Work, why string) error { return w.unit.recalendar(ctx, why) }

// HandOverIssues is what the handover of an assignment sets off.
func HandOverIssues(ctx context.Context, w *Work, place org.PlaceID, from, to org.PersonID, team org.TeamID) error {
	return w.Issues.handOver(ctx, place, from, to, team)
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
