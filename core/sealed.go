package core

// Sealed keeps denunciations away from everybody but the competent inspector.
type Sealed struct{ u *unit }
