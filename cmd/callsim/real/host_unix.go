//go:build unix

package real

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// processTime is what this process has used so far.
func processTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// bufferDrops is how many UDP datagrams this host has dropped for want of room in a socket's buffer, where it says so. It
// counts every program's.
func bufferDrops() uint64 {
	text, err := os.ReadFile("/proc/net/snmp")
	if err != nil {
		return 0
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] != "Udp:" {
			continue
		}
		if names == nil {
			names = words
			continue
		}
		for i, name := range names {
			if name == "RcvbufErrors" && i < len(words) {
				n, _ := strconv.ParseUint(words[i], 10, 64)
				return n
			}
		}
	}
	return 0
}
