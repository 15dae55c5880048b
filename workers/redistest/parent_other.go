//go:build !linux

package redistest

import "syscall"

// dieWithParent has no equal here: a server is left behind when the test
// process is killed.
func dieWithParent() *syscall.SysProcAttr { return nil }
