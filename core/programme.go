package core

// Programme keeps the plan, its teams, assignments, quota, and versions of policy and calendar.
type Programme struct{ u *unit }

func programmeReactions() map[string]reaction { return nil }
