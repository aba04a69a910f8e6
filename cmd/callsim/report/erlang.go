package report

import "math"

// ErlangB is the part of the calls that find all of n lines busy when load erlangs are offered.
func ErlangB(load float64, n int) float64 {
	b := 1.0
	for k := 1; k <= n; k++ {
		b = load * b / (float64(k) + load*b)
	}
	return b
}

// Lines is how many are needed so that not more than blocked of the calls find none.
func Lines(load, blocked float64) int {
	const most = 1 << 20
	b := 1.0
	for k := 1; k < most; k++ {
		if b <= blocked {
			return k - 1
		}
		b = load * b / (float64(k) + load*b)
	}
	return most
}

// Offered is the load that n lines carry with not more than blocked of the calls refused.
func Offered(n int, blocked float64) float64 {
	low, high := 0.0, float64(2*n+10)
	for range 60 {
		if mid := (low + high) / 2; ErlangB(mid, n) > blocked {
			high = mid
		} else {
			low = mid
		}
	}
	return math.Round(low*1000) / 1000
}
