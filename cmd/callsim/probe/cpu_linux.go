package probe

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// cpuTime is what all threads of a process have used. schedstat counts nanoseconds, where stat counts hundredths of a second.
func cpuTime(pid int) (total time.Duration, ok bool) {
	if pid <= 0 {
		return 0, false
	}
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0, false
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		var nanos int64
		if err != nil {
			continue // a thread that has ended
		}
		if _, err := fmt.Sscan(string(text), &nanos); err != nil {
			return 0, false
		}
		total += time.Duration(nanos)
		ok = true
	}
	return total, ok
}
