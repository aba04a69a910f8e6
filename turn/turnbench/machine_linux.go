package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// machine is what was measured on.
type machine struct {
	CPU    string  `json:"cpu"`
	Cores  int     `json:"cores"`
	Kernel string  `json:"kernel"`
	Go     string  `json:"go"`
	Load   float64 `json:"load_before"` // of the last minute, before the start
	Files  uint64  `json:"open_files"`  // limit
	Coturn string  `json:"coturn,omitempty"`
}

// allowedCores are those this thread may use.
func allowedCores() (cores []int, err error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("turnbench: read affinity: %w", err)
	}
	for i := range len(set) * 64 {
		if set.IsSet(i) {
			cores = append(cores, i)
		}
	}
	return cores, nil
}

func setOf(cores []int) *unix.CPUSet {
	var set unix.CPUSet
	for _, c := range cores {
		set.Set(c)
	}
	return &set
}

// on runs f with this thread on cores: what f starts stays there.
func on(cores []int, f func() error) error {
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	if err := unix.SchedSetaffinity(0, setOf(cores)); err != nil {
		return err
	}
	defer func() { _ = unix.SchedSetaffinity(0, &before) }()
	return f()
}

// pinAll moves every thread of this process to cores.
func pinAll(cores []int) error {
	tasks, err := filepath.Glob("/proc/self/task/[0-9]*")
	if err != nil {
		return err
	}
	for _, t := range tasks {
		id, err := strconv.Atoi(filepath.Base(t))
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, setOf(cores)); err != nil && err != unix.ESRCH {
			return fmt.Errorf("turnbench: set affinity: %w", err)
		}
	}
	return nil
}

// raiseFileLimit allows as many descriptors as this user may have.
func raiseFileLimit() uint64 {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil {
		return 0
	}
	l.Cur = l.Max
	_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &l)
	return l.Cur
}

// schedule is time of a process's threads: on a core, and runnable without one.
type schedule struct{ ran, waited time.Duration }

func (a schedule) since(b schedule) schedule { return schedule{a.ran - b.ran, a.waited - b.waited} }

func scheduleOf(pid string) (s schedule) {
	files, _ := filepath.Glob("/proc/" + pid + "/task/*/schedstat")
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // the thread ended
		}
		if v := strings.Fields(string(text)); len(v) >= 2 {
			ran, _ := strconv.ParseInt(v[0], 10, 64)
			waited, _ := strconv.ParseInt(v[1], 10, 64)
			s.ran += time.Duration(ran)
			s.waited += time.Duration(waited)
		}
	}
	return s
}

// rss is the resident set of a process in bytes.
func rss(pid int) (int64, error) {
	for _, name := range []string{"smaps_rollup", "status"} { // the first is exact, the second always there
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			v := strings.Fields(lines.Text())
			if len(v) >= 2 && (v[0] == "Rss:" || v[0] == "VmRSS:") {
				n, err := strconv.ParseInt(v[1], 10, 64)
				return n << 10, err
			}
		}
	}
	return 0, fmt.Errorf("turnbench: memory of process %d is unknown", pid)
}

func thisMachine(cores int) machine {
	m := machine{Cores: cores, Go: runtime.Version(), Files: raiseFileLimit()}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load, _ = strconv.ParseFloat(strings.Fields(string(text))[0], 64)
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.HasPrefix(name, "model name") {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	return m
}
