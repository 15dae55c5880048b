package main

import "syscall"

// dieWithParent lets a child process not outlive this one, however it ends.
func dieWithParent(how syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: how, Setpgid: true}
}
