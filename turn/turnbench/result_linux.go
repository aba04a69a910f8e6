package main

import (
	"encoding/json"
	"math"
	"time"
)

// result is what was measured of one relay. Samples are in the order of rounds, so that ratios can be taken between relays.
type result struct {
	Relay  string              `json:"relay"`
	Why    string              `json:"not_measured,omitempty"`
	Full   traffic             `json:"full"`
	Voice  map[int]*voiceStage `json:"voice,omitempty"` // by calls
	Setup  setupStage          `json:"setup"`
	Memory []memoryStage       `json:"memory,omitempty"`
	Cores  *coresStage         `json:"cores,omitempty"`
}

// traffic is what every stage with data measures.
type traffic struct {
	PacketsPerSecond samples `json:"packets_per_second,omitempty"`
	CPUMicros        samples `json:"cpu_us_per_packet,omitempty"`
	CPUShare         samples `json:"cpu_share,omitempty"`    // of one core
	Others           samples `json:"others_share,omitempty"` // of the relay's cores, by programs that are not measured
	Generator        samples `json:"generator_busy_share,omitempty"`
	StallMillis      samples `json:"generator_stall_ms,omitempty"` // the longest of a round
}

func (t *traffic) add(l load, u usage) {
	seconds := l.wall.Seconds()
	t.PacketsPerSecond = append(t.PacketsPerSecond, float64(l.received)/seconds)
	t.CPUMicros = append(t.CPUMicros, micros(u.relay)/float64(l.received))
	t.CPUShare = append(t.CPUShare, u.relay.Seconds()/seconds)
	t.Others = append(t.Others, max(0, (u.cores-u.relay).Seconds()/seconds))
	t.Generator = append(t.Generator, l.busy())
	t.StallMillis = append(t.StallMillis, l.stall.Seconds()*1000)
}

type voiceStage struct {
	traffic
	Loss samples `json:"loss"`
	P50  samples `json:"p50_us"`
	P99  samples `json:"p99_us"`
}

func (v *voiceStage) add(l load, u usage) {
	v.traffic.add(l, u)
	v.Loss = append(v.Loss, l.loss())
	v.P50 = append(v.P50, l.latencies.quantile(0.5))
	v.P99 = append(v.P99, l.latencies.quantile(0.99))
}

type setupStage struct {
	Allocations int     `json:"allocations,omitempty"`
	PerSecond   samples `json:"per_second,omitempty"`
	PerCore     samples `json:"per_cpu_second,omitempty"`
}

type memoryStage struct {
	Allocations   int     `json:"allocations"`
	Why           string  `json:"not_measured,omitempty"`
	TotalBytes    int64   `json:"rss_bytes,omitempty"`
	PerAllocation float64 `json:"rss_bytes_per_allocation,omitempty"`
}

// coresStage compares CPU per packet on one core and on two. Throughput on two cores is measured only where the generator
// has cores of its own.
type coresStage struct {
	Shared   bool    `json:"generator_on_relay_core"`
	One, Two traffic `json:"-"`
	Scaling  samples `json:"scaling"`
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// MarshalJSON writes null for what could not be taken.
func (s samples) MarshalJSON() ([]byte, error) {
	values := make([]*float64, len(s))
	for i := range s {
		if !math.IsNaN(s[i]) && !math.IsInf(s[i], 0) {
			values[i] = &s[i]
		}
	}
	return json.Marshal(values)
}
