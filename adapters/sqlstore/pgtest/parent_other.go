//go:build unix && !linux

package pgtest

import "syscall"

// dieWithParent does nothing where no kernel does it.
func dieWithParent(*syscall.SysProcAttr) {}
