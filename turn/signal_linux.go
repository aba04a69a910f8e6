package turn

import (
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// overwriteSignals sends each thread a signal that Go ignores (it uses it to preempt goroutines). When such a signal came in the
// middle of a batch, the kernel saved all registers on the thread's signal stack, addresses included; now it saves others there.
//
//go:noinline
func overwriteSignals() {
	tasks, err := os.Open("/proc/self/task")
	if err != nil {
		return
	}
	defer tasks.Close()
	names, _ := tasks.Readdirnames(-1)
	for _, name := range names {
		if tid, err := strconv.Atoi(name); err == nil {
			_ = unix.Tgkill(os.Getpid(), tid, syscall.SIGURG)
		}
	}
}
