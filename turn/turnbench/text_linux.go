package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
)

// writeText prints the tables.
func (r *report) writeText(w io.Writer) {
	for _, x := range r.Results {
		if x.Why != "" {
			fmt.Fprintf(w, "%s was not measured: %s\n\n", x.Relay, x.Why)
		}
	}
	r.writeFull(w)
	r.writeVoice(w)
	r.writeControl(w)
	fmt.Fprintln(w, "to reach")
	columns(w, func(row func(...any)) {
		for _, f := range r.Figures {
			sign := ">="
			if f.Most {
				sign = "<="
			}
			row(f.verdict(), number(f.Value.median(), 3), sign, number(f.Target, 2), f.Name)
		}
	})
}

func (r *report) writeFull(w io.Writer) {
	if !slices.ContainsFunc(r.Results, func(x *result) bool { return len(x.Full.CPUMicros) != 0 }) {
		return
	}
	fmt.Fprintf(w, "full: one core for the relay, one for the generator, medians of %d rounds\n", r.Rounds)
	columns(w, func(row func(...any)) {
		row("relay", "kpps", "CPU us/packet", "/ raw", "/ coturn", "CPU", "others", "generator")
		for _, x := range r.Results {
			t := x.Full
			if len(t.CPUMicros) == 0 {
				continue
			}
			row(x.Relay, number(t.PacketsPerSecond.median()/1000, 1), number(t.CPUMicros.median(), 2),
				number(t.CPUMicros.over(r.of("raw").Full.CPUMicros).median(), 2), number(t.CPUMicros.over(r.of("coturn").Full.CPUMicros).median(), 2),
				percent(t.CPUShare.median()), percent(t.Others.median()), percent(t.Generator.median()))
		}
	})
}

func (r *report) writeVoice(w io.Writer) {
	loads := make(map[int]struct{})
	for _, x := range r.Results {
		for calls := range x.Voice {
			loads[calls] = struct{}{}
		}
	}
	if len(loads) == 0 {
		return
	}
	fmt.Fprintf(w, "voice: 50 packets/s each way, medians of %d rounds\n", r.Rounds)
	columns(w, func(row func(...any)) {
		row("calls", "relay", "CPU", "CPU us/packet", "/ coturn", "loss", "p50 us", "p99 us", "others", "generator", "stalled ms")
		for _, calls := range slices.Sorted(maps.Keys(loads)) {
			for _, x := range r.Results {
				v := x.Voice[calls]
				if v == nil {
					continue
				}
				row(calls, x.Relay, percent(v.CPUShare.median()), number(v.CPUMicros.median(), 2),
					number(v.CPUMicros.over(r.of("coturn").voice(calls).CPUMicros).median(), 2), lossText(v.Loss.median()),
					latency(v.P50.median()), latency(v.P99.median()), percent(v.Others.median()), percent(v.Generator.median()),
					number(v.StallMillis.median(), 1))
			}
		}
	})
}

// latency tells when the histogram was too short.
func latency(micros float64) string {
	if micros >= histogramMicros-1 {
		return fmt.Sprintf("> %d", histogramMicros)
	}
	return number(micros, 0)
}

func (r *report) writeControl(w io.Writer) {
	if slices.ContainsFunc(r.Results, func(x *result) bool { return len(x.Setup.PerCore) != 0 }) {
		fmt.Fprintf(w, "setup: challenge and Allocate, medians of %d rounds\n", r.Rounds)
		columns(w, func(row func(...any)) {
			row("relay", "allocations", "per second", "per second of CPU")
			for _, x := range r.Results {
				if s := x.Setup; len(s.PerCore) != 0 {
					row(x.Relay, s.Allocations, number(s.PerSecond.median(), 0), number(s.PerCore.median(), 0))
				}
			}
		})
	}
	if slices.ContainsFunc(r.Results, func(x *result) bool { return len(x.Memory) != 0 }) {
		fmt.Fprintln(w, "memory: RSS of the process, without what the kernel keeps for sockets")
		columns(w, func(row func(...any)) {
			row("relay", "allocations", "bytes each", "MiB in all")
			for _, x := range r.Results {
				for _, m := range x.Memory {
					if m.Why != "" {
						row(x.Relay, m.Allocations, "-", m.Why)
						continue
					}
					row(x.Relay, m.Allocations, number(m.PerAllocation, 0), number(float64(m.TotalBytes)/(1<<20), 1))
				}
			}
		})
	}
	for _, x := range r.Results {
		if x.Cores == nil || len(x.Cores.Scaling) == 0 {
			continue
		}
		fmt.Fprintf(w, "cores: %s: 1 core %s us/packet, 2 cores %s; scaling %s", x.Relay, number(x.Cores.One.CPUMicros.median(), 2),
			number(x.Cores.Two.CPUMicros.median(), 2), number(x.Cores.Scaling.median(), 2))
		if x.Cores.Shared {
			fmt.Fprint(w, " by CPU per packet: the generator shares a core of the relay, so throughput on two says nothing")
		}
		fmt.Fprint(w, "\n\n")
	}
}
