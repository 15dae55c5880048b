package core

// Organisation keeps places, units, persons, roles and leave.
type Organisation struct{ u *unit }

func organisationReactions() map[string]reaction { return nil }
