package core

// Duties answers what is due, late, and why.
type Duties struct{ u *unit }
