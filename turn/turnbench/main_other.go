//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "turnbench: error: it needs Linux (recvmmsg, sched_setaffinity, /proc)")
	os.Exit(1)
}
