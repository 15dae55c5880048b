package core

// Opinions captures what was said.
type Opinions struct{ u *unit }
