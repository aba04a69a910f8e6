//go:build !linux

package turn

import "syscall"

// canShare is about spreading load, which SO_REUSEPORT does on Linux only.
const canShare = false

func sharePort(_, _ string, _ syscall.RawConn) error { return nil }
