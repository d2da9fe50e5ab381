//go:build !linux

package pgtest

import "syscall"

// dieWithParent does nothing where the kernel offers nothing: there only Stop ends the server.
func dieWithParent(*syscall.SysProcAttr) {}
