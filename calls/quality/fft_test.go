package quality

import (
	"math"
	"math/cmplx"
	"testing"
)

// dft is the definition.
func dft(x []complex128) []complex128 {
	y := make([]complex128, len(x))
	for k := range y {
		for i, v := range x {
			y[k] += v * cmplx.Rect(1, -2*math.Pi*float64(k*i%len(x))/float64(len(x)))
		}
	}
	return y
}

func TestFFTIsTheFourierTransform(t *testing.T) {
	for n := 2; n <= 1024; n *= 2 {
		a, b := noise(n, 9), noise(n, 10)
		x := make([]complex128, n)
		for i := range x {
			x[i] = complex(a[i], b[i])
		}
		got, f := append([]complex128(nil), x...), newFFT(n)
		f.transform(got)
		for k, want := range dft(x) {
			if cmplx.Abs(got[k]-want) > 1e-9*float64(n) {
				t.Fatalf("size %d, bin %d: %v instead of %v", n, k, got[k], want)
			}
		}
		f.inverse(got)
		for i, want := range x {
			if cmplx.Abs(got[i]/complex(float64(n), 0)-want) > 1e-12*float64(n) {
				t.Fatalf("size %d: there and back, %v became %v", n, want, got[i])
			}
		}
	}
}

func TestSizesArePowersOfTwo(t *testing.T) {
	for _, c := range [][2]int{{0, 2}, {1, 2}, {2, 2}, {3, 4}, {4, 4}, {5, 8}, {512, 512}, {513, 1024}} {
		if got := sizeFor(c[0]); got != c[1] {
			t.Errorf("%d: %d", c[0], got)
		}
	}
}

// wave is a second of a sine.
func wave(hz float64, rate int) []float64 {
	x := make([]float64, rate)
	for i := range x {
		x[i] = math.Sin(2 * math.Pi * hz * float64(i) / float64(rate))
	}
	return x
}

func TestResamplingKeepsWhatFitsAndNothingElse(t *testing.T) {
	for _, from := range []int{8000, 11025, 16000, 44100, 48000, 96000} {
		for _, hz := range []float64{100, 1000, 3000} {
			got, want := resample(wave(hz, from), from, stoiRate), wave(hz, stoiRate)
			if len(got) != stoiRate {
				t.Fatalf("%d Hz: a second became %d samples", from, len(got))
			}
			for i := 500; i < stoiRate-500; i++ { // the ends are blurred
				if math.Abs(got[i]-want[i]) > 0.005 {
					t.Fatalf("%v Hz at %d: sample %d is %v instead of %v", hz, from, i, got[i], want[i])
				}
			}
		}
	}
	for _, hz := range []float64{6000, 12000, 20000} { // above half of 10 kHz
		got := resample(wave(hz, 48000), 48000, stoiRate)
		if level := energy(got[500:stoiRate-500]) / stoiRate; level > 1e-4 {
			t.Errorf("%v Hz came through at %.1f dB", hz, 10*math.Log10(level))
		}
	}
}
