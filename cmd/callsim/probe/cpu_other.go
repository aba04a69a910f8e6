//go:build !linux

package probe

import "time"

// cpuTime of other processes is not known here.
func cpuTime(int) (time.Duration, bool) { return 0, false }
