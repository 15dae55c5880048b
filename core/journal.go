package core

// Journal reads the journal.
type Journal struct{ u *unit }
