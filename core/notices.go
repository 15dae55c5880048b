package core

// Notices shows what was told and lets an operator act on it.
type Notices struct{ u *unit }
