package result

import (
	"os"
	"runtime"
	"strings"
)

// Host is the machine that measured.
type Host struct {
	OS      string            `json:"os"`
	Arch    string            `json:"arch"`
	Kernel  string            `json:"kernel"`
	CPUs    int               `json:"cpus"`
	CPU     string            `json:"cpu"`
	Memory  uint64            `json:"memory_bytes"`
	Go      string            `json:"go"`
	Sysctls map[string]string `json:"sysctls"`
}

// sysctls are what limits a generator or a relay.
var sysctls = []string{"net/core/rmem_default", "net/core/rmem_max", "net/core/wmem_default", "net/core/wmem_max", "net/core/netdev_max_backlog", "net/ipv4/ip_local_port_range", "fs/file-max"}

// ThisHost asks the machine. What it does not say stays empty.
func ThisHost() Host {
	h := Host{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version(), Sysctls: make(map[string]string)}
	h.Kernel = firstLine("/proc/sys/kernel/osrelease")
	for line := range strings.Lines(file("/proc/cpuinfo")) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			h.CPU = strings.TrimSpace(value)
			break
		}
	}
	for line := range strings.Lines(file("/proc/meminfo")) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			h.Memory = kibibytes(rest)
		}
	}
	for _, s := range sysctls {
		if v := firstLine("/proc/sys/" + s); v != "" {
			h.Sysctls[strings.ReplaceAll(s, "/", ".")] = strings.Join(strings.Fields(v), " ")
		}
	}
	return h
}

func kibibytes(s string) (n uint64) {
	for _, c := range s {
		if c >= '0' && c <= '9' {
			n = n*10 + uint64(c-'0')
		}
	}
	return n * 1024
}

func firstLine(path string) string {
	line, _, _ := strings.Cut(file(path), "\n")
	return strings.TrimSpace(line)
}

func file(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(b)
}
