package store

import "context"

type optimistic struct{}

// Optimistic returns a context whose Update is of a unit of work that guards what it
// decides by the versions of what it replaces: a Store with one writer at a time may
// let it read beside the others until it first writes. What it only reads may change
// before it commits, nothing keeps what it reads as it is before it writes, not even
// NoticesByID, and what it reads before and after that may be of different moments.
func Optimistic(ctx context.Context) context.Context {
	return context.WithValue(ctx, optimistic{}, true)
}

// IsOptimistic reports whether ctx comes from Optimistic. A Store need not ask: each
// Update may be run as any other.
func IsOptimistic(ctx context.Context) bool {
	is, _ := ctx.Value(optimistic{}).(bool)
	return is
}
