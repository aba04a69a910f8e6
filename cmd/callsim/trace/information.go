package trace

import (
	"math"
	"slices"
	"time"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
)

// maxSymbols is in how many classes what an observer measures is put: few, so that each has enough samples.
const maxSymbols = 16

// Information is the mutual information, in bits, between a and b, two lists of symbols of equal length: what one tells about
// the other. It is corrected for bias (Miller 1955) and never negative.
func Information(a, b []int) float64 {
	n := float64(min(len(a), len(b)))
	if n == 0 {
		return 0
	}
	left, right, both := make(map[int]float64), make(map[int]float64), make(map[[2]int]float64)
	for i := range int(n) {
		left[a[i]]++
		right[b[i]]++
		both[[2]int{a[i], b[i]}]++
	}
	bits := entropy(left, n) + entropy(right, n) - entropy(both, n)
	bias := float64((len(left)-1)*(len(right)-1)) / (2 * n * math.Ln2)
	return math.Round(max(0, bits-bias)*1e6) / 1e6
}

// entropy adds up in an order of its own, so that equal counts give equal bits.
func entropy[K comparable](counts map[K]float64, n float64) float64 {
	var terms []float64
	for _, c := range counts {
		terms = append(terms, c/n*math.Log2(c/n))
	}
	slices.Sort(terms)
	h := 0.0
	for _, t := range terms {
		h -= t
	}
	return h
}

// Classes puts numbers into at most maxSymbols classes of about as many numbers each. Equal numbers are in one class.
func Classes(values []float64) []int {
	sorted := slices.Sorted(slices.Values(values))
	limits := make([]float64, 0, maxSymbols)
	for k := 1; k < maxSymbols; k++ {
		if limit := sorted[k*len(sorted)/maxSymbols]; len(limits) == 0 || limit > limits[len(limits)-1] {
			limits = append(limits, limit)
		}
	}
	classes := make([]int, len(values))
	for i, v := range values {
		classes[i], _ = slices.BinarySearch(limits, math.Nextafter(v, math.Inf(1)))
	}
	return classes
}

// Histogram of bytes says how much like noise they are.
type Bytes struct {
	counts [256]uint64
	total  uint64
}

// Add counts the bytes of b.
func (h *Bytes) Add(b []byte) {
	for _, x := range b {
		h.counts[x]++
	}
	h.total += uint64(len(b))
}

// Bits is the entropy of a byte: 8 is noise. The plug-in estimate falls short by (K-1)/(2 N ln 2), which is added; few bytes say
// nothing, and are 0.
func (h *Bytes) Bits() float64 {
	const few = 4096
	if h.total < few {
		return 0
	}
	bits, seen := 0.0, 0
	for _, c := range h.counts {
		if c > 0 {
			p := float64(c) / float64(h.total)
			bits -= p * math.Log2(p)
			seen++
		}
	}
	return math.Round(min(8, bits+float64(seen-1)/(2*float64(h.total)*math.Ln2))*1e4) / 1e4
}

// wire is what an observer of the sender's link sees. What the generator lost was never there.
func wire(packets []Packet) result.Wire {
	w := result.Wire{Sizes: make(map[int]uint64)}
	interval := result.NewRecorder(result.UnitMillis)
	var speech, sizes, spokeThen []int
	var gaps []float64
	last := time.Duration(-1)
	for _, p := range packets {
		if p.Lost == Generator {
			continue
		}
		w.Sizes[p.Bytes]++
		if last >= 0 {
			interval.RecordMillis(result.Millis(p.Sent - last))
		}
		if p.Speech != Unknown {
			speech, sizes = append(speech, int(p.Speech)), append(sizes, p.Bytes)
			if last >= 0 {
				spokeThen, gaps = append(spokeThen, int(p.Speech)), append(gaps, float64(p.Sent-last))
			}
		}
		last = p.Sent
	}
	w.SizeBits = Information(speech, sizes)
	if len(gaps) > 0 {
		w.IntervalBits = Information(spokeThen, Classes(gaps))
	}
	w.Interval = interval.Distribution()
	return w
}
