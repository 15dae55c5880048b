package pgtest

import "syscall"

// dieWithParent lets the kernel kill the child when the test process is gone.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
