package core

import "context"

// Recalendar is what an approved calendar or policy sets off, for tests that put
// one into the store.
func Recalendar(ctx context.Context, w *Work, why string) error { return w.unit.recalendar(ctx, why) }
