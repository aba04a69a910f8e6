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

// hurry gives every thread of this process, and so what it starts, another niceness, and the session too where the kernel
// shares cores between sessions (autogroup).
func hurry(nice int) error {
	_ = os.WriteFile("/proc/self/autogroup", []byte(strconv.Itoa(nice)), 0)
	tasks, err := filepath.Glob("/proc/self/task/[0-9]*")
	if err != nil {
		return err
	}
	for _, t := range tasks {
		id, err := strconv.Atoi(filepath.Base(t))
		if err != nil {
			return err
		}
		if err := unix.Setpriority(unix.PRIO_PROCESS, id, nice); err != nil && err != unix.ESRCH {
			return fmt.Errorf("turnbench: set niceness: %w", err)
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

// usage is CPU time: of a relay, and of everything on its cores.
type usage struct{ relay, cores time.Duration }

func (a usage) since(b usage) usage { return usage{a.relay - b.relay, a.cores - b.cores} }

// ranFor is what the threads of a process ran.
func ranFor(pid int) (ran time.Duration) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // the thread ended
		}
		if v := strings.Fields(string(text)); len(v) > 0 {
			n, _ := strconv.ParseInt(v[0], 10, 64)
			ran += time.Duration(n)
		}
	}
	return ran
}

// tick is the unit of /proc/stat on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// busyFor is what cores did not idle away since the machine started.
func busyFor(cores []int) (busy time.Duration) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		v := strings.Fields(line)
		for _, c := range cores {
			if len(v) < 9 || v[0] != "cpu"+strconv.Itoa(c) {
				continue
			}
			for i, value := range v[1:9] { // user nice system idle iowait irq softirq steal
				if n, _ := strconv.ParseInt(value, 10, 64); i != 3 && i != 4 {
					busy += time.Duration(n) * tick
				}
			}
		}
	}
	return busy
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
