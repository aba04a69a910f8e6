package quality

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// fft is the discrete Fourier transform of one size, a power of two.
type fft struct {
	twiddle []complex128 // exp(-2πi k/n), k < n/2
}

func newFFT(n int) *fft {
	f := &fft{twiddle: make([]complex128, n/2)}
	for k := range f.twiddle {
		f.twiddle[k] = cmplx.Rect(1, -2*math.Pi*float64(k)/float64(n))
	}
	return f
}

// sizeFor is the smallest power of two that is at least n.
func sizeFor(n int) int { return 1 << bits.Len(uint(max(n, 2)-1)) }

// transform works in place: reorder by reversed bits, then combine halves (Cooley and Tukey).
func (f *fft) transform(x []complex128) {
	n := len(x)
	shift := 64 - bits.Len(uint(n-1))
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	for size := 2; size <= n; size *= 2 {
		half, step := size/2, n/size
		for start := 0; start < n; start += size {
			low, high := x[start:start+half], x[start+half:start+size]
			for k := range low {
				odd := high[k] * f.twiddle[k*step]
				low[k], high[k] = low[k]+odd, low[k]-odd
			}
		}
	}
}

// inverse is transform backwards, without the factor 1/n.
func (f *fft) inverse(x []complex128) {
	for i, v := range x {
		x[i] = cmplx.Conj(v)
	}
	f.transform(x)
	for i, v := range x {
		x[i] = cmplx.Conj(v)
	}
}
