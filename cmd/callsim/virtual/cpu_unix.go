//go:build unix

package virtual

import (
	"syscall"
	"time"
)

// childTime is what the children that have ended have used of the processors.
func childTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
