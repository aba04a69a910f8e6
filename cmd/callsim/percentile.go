package main

import (
	"math"
	"slices"
)

// Percentiles summarises one measure over all calls, by the nearest-rank method.
type Percentiles struct {
	Count int     `json:"count"`
	Min   float64 `json:"min"`
	P5    float64 `json:"p5"`
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

func percentiles(values []float64) Percentiles {
	if len(values) == 0 {
		return Percentiles{}
	}
	s := slices.Sorted(slices.Values(values))
	rank := func(p float64) float64 {
		return s[max(0, int(math.Ceil(p/100*float64(len(s))))-1)]
	}
	return Percentiles{Count: len(s), Min: s[0], P5: rank(5), P50: rank(50), P95: rank(95), P99: rank(99), Max: s[len(s)-1]}
}
