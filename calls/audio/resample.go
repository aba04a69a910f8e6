package audio

import (
	"errors"
	"io"
	"math"
)

// samples is a stream of mono samples between -1 and 1. read returns how many it got, and io.EOF only with none.
type samples interface {
	read(dst []float32) (int, error)
}

const (
	// sincZeros is how many zero crossings of the sinc lie on each side: -90 dB with this window.
	sincZeros = 24
	// sincPhases is how finely the sinc is tabulated between two zero crossings; linear interpolation does the rest.
	sincPhases = 512
	// kaiserBeta trades the width of the transition band for the height of the side lobes.
	kaiserBeta = 9
	// sincCutoff leaves room for the transition band below half of the lower rate.
	sincCutoff = 0.93
)

// sincTable is the right half of the windowed sinc.
var sincTable = func() []float64 {
	table := make([]float64, sincZeros*sincPhases+2)
	for i := range sincZeros*sincPhases + 1 {
		x := float64(i) / sincPhases
		ratio := x / sincZeros
		sinc := 1.0
		if i > 0 {
			sinc = math.Sin(math.Pi*x) / (math.Pi * x)
		}
		table[i] = sinc * bessel(kaiserBeta*math.Sqrt(1-ratio*ratio)) / bessel(kaiserBeta)
	}
	return table
}()

// bessel is the modified Bessel function of the first kind and order zero.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-12; k++ {
		term *= x / 2 / k * (x / 2 / k)
		sum += term
	}
	return sum
}

// resampler converts one rate to SampleRate. Its position is kept in whole numbers, so that it does not drift.
type resampler struct {
	src    samples
	in     int
	scale  float64 // zero crossings per input sample: the lower of the two rates, with room for the transition
	width  int     // input samples on each side of a position
	window []float32
	base   int // the input sample at window[0], counted from the first at position
	whole  int // position: whole/rest input samples
	rest   int // in units of 1/SampleRate of an input sample
	end    int // input samples altogether, -1 while unknown
}

// resampled is src at SampleRate.
func resampled(src samples, rate int) samples {
	if rate == SampleRate {
		return src
	}
	r := &resampler{src: src, in: rate, end: -1}
	r.scale = sincCutoff * math.Min(1, float64(SampleRate)/float64(rate))
	r.width = int(math.Ceil(sincZeros / r.scale))
	r.window = make([]float32, r.width, 4*r.width+4096) // silence before the first sample
	r.base = -r.width
	return r
}

func (r *resampler) read(dst []float32) (int, error) {
	for i := range dst {
		if err := r.fill(r.whole + r.width + 1); err != nil {
			return 0, err
		}
		if r.end >= 0 && r.whole >= r.end {
			if i == 0 {
				return 0, io.EOF
			}
			return i, nil
		}
		dst[i] = r.sample()
		r.rest += r.in
		r.whole += r.rest / SampleRate
		r.rest %= SampleRate
	}
	return len(dst), nil
}

// fill reads until the input sample before last is in the window, or silence instead if the input has ended.
func (r *resampler) fill(last int) error {
	if drop := r.whole - r.width - r.base; drop > len(r.window)/2 && drop <= len(r.window) {
		r.window = r.window[:copy(r.window, r.window[drop:])]
		r.base += drop
	}
	var buf [1024]float32
	for missing := last - r.base - len(r.window); missing > 0; missing = last - r.base - len(r.window) {
		if r.end >= 0 {
			r.window = append(r.window, make([]float32, missing)...)
			return nil
		}
		n, err := r.src.read(buf[:])
		r.window = append(r.window, buf[:n]...)
		switch {
		case errors.Is(err, io.EOF):
			r.end = r.base + len(r.window)
		case err != nil:
			return err
		}
	}
	return nil
}

// sample is the sum of the input samples around the position, each weighted by the sinc at its distance.
func (r *resampler) sample() float32 {
	fraction := float64(r.rest) / SampleRate
	var sum, weights float64
	for i := -r.width + 1; i <= r.width; i++ {
		x := math.Abs(float64(i)-fraction) * r.scale * sincPhases
		if x >= sincZeros*sincPhases {
			continue
		}
		k := int(x)
		w := sincTable[k] + (sincTable[k+1]-sincTable[k])*(x-float64(k))
		sum += w * float64(r.window[r.whole+i-r.base])
		weights += w
	}
	return float32(sum / weights)
}
