package httpsms

// BreakLock is what somebody does who found the lock of a file of tokens old.
func BreakLock(path string) { breakLock(path) }
