package main

import (
	"math"
	"slices"
	"time"
)

// samples are one for each round. NaN is one that could not be taken.
type samples []float64

// median is NaN without samples.
func (s samples) median() float64 {
	sorted := slices.DeleteFunc(slices.Clone(s), math.IsNaN)
	if len(sorted) == 0 {
		return math.NaN()
	}
	slices.Sort(sorted)
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

// over divides round by round, for what disturbs a machine disturbs neighbours alike.
func (s samples) over(t samples) samples {
	ratios := make(samples, min(len(s), len(t)))
	for i := range ratios {
		ratios[i] = s[i] / t[i]
	}
	return ratios
}

// histogram counts microseconds.
type histogram struct {
	counts []uint32
	n      uint64
}

// histogramMicros is where it ends; what is longer counts as this.
const histogramMicros = 1 << 19

func (h *histogram) add(d time.Duration) {
	if h.counts == nil {
		h.counts = make([]uint32, histogramMicros)
	}
	h.counts[min(max(d.Microseconds(), 0), histogramMicros-1)]++
	h.n++
}

// quantile is in microseconds; NaN of nothing.
func (h *histogram) quantile(q float64) float64 {
	if h.n == 0 {
		return math.NaN()
	}
	rank := max(uint64(math.Ceil(q*float64(h.n))), 1)
	for micros, n := range h.counts {
		if uint64(n) >= rank {
			return float64(micros)
		}
		rank -= uint64(n)
	}
	return histogramMicros
}
