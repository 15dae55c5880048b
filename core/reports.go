package core

// Reports closes rounds and months and computes their figures.
type Reports struct{ u *unit }

func reportReactions() map[string]reaction { return nil }
