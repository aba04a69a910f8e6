package turn

import (
	"syscall"

	"golang.org/x/sys/unix"
)

const canShare = true

// sharePort sets SO_REUSEPORT before bind.
func sharePort(_, _ string, c syscall.RawConn) error {
	var failed error
	if err := c.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}); err != nil {
		return err
	}
	return failed
}
