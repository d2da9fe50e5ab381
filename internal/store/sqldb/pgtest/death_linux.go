package pgtest

import "syscall"

// dieWithParent makes the kernel end a child at once when this process ends in any way.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGQUIT }
