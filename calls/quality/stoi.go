package quality

import (
	"errors"
	"math"
	"math/cmplx"
)

// The constants of the paper.
const (
	stoiRate    = 10000
	frameSize   = 256
	frameHop    = frameSize / 2
	fftSize     = 512
	bands       = 15
	lowestBand  = 150.0 // Hz
	segment     = 30    // frames
	dynamicDB   = 40.0
	distortedDB = -15.0
)

var (
	// ErrTooShort: there is not enough speech to compare.
	ErrTooShort = errors.New("quality: less than half a second of speech to compare")
	// ErrInput: a rate that is none, or samples that are no numbers.
	ErrInput = errors.New("quality: not a signal")
)

// tiny keeps logarithms and quotients finite.
const tiny = 1e-20

// STOI compares deg with ref, sample by sample at the same time; what is longer is cut. The level of either does not matter.
func STOI(ref, deg []float64, rate int) (float64, error) {
	if err := check(rate, ref, deg); err != nil {
		return 0, err
	}
	return stoi(resample(ref, rate, stoiRate), resample(deg, rate, stoiRate))
}

func check(rate int, signals ...[]float64) error {
	if rate < 1000 || rate > 1000000 {
		return ErrInput
	}
	for _, x := range signals {
		for _, v := range x {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return ErrInput
			}
		}
	}
	return nil
}

// stoi works at stoiRate.
func stoi(ref, deg []float64) (float64, error) {
	n := min(len(ref), len(deg))
	ref, deg = removeSilence(ref[:n], deg[:n])
	x, y := envelopes(ref), envelopes(deg)
	if len(x) < segment {
		return 0, ErrTooShort
	}
	var sum float64
	for end := segment; end <= len(x); end++ {
		for band := range bands {
			sum += similarity(x[end-segment:end], y[end-segment:end], band)
		}
	}
	return sum / float64(bands*(len(x)-segment+1)), nil
}

// hann is the window without its zeros at both ends.
var hann = func() (w [frameSize]float64) {
	for i := range w {
		w[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i+1)/(frameSize+1))
	}
	return w
}()

// removeSilence drops the frames in which ref is silent from both signals, and puts the others together again.
func removeSilence(ref, deg []float64) (speechRef, speechDeg []float64) {
	var levels []float64
	loudest := math.Inf(-1)
	for start := 0; start+frameSize < len(ref); start += frameHop {
		var energy float64
		for i, w := range hann {
			v := w * ref[start+i]
			energy += v * v
		}
		level := 10 * math.Log10(energy+tiny)
		levels = append(levels, level)
		loudest = math.Max(loudest, level)
	}
	if silent(ref) {
		return nil, nil
	}
	kept := 0
	for i, level := range levels {
		if level <= loudest-dynamicDB {
			continue
		}
		from, to := i*frameHop, kept*frameHop
		speechRef = overlap(speechRef, ref[from:from+frameSize], to)
		speechDeg = overlap(speechDeg, deg[from:from+frameSize], to)
		kept++
	}
	return speechRef, speechDeg
}

// overlap adds a windowed frame to x at position at, where x ends or half a frame before.
func overlap(x, frame []float64, at int) []float64 {
	x = append(x, make([]float64, at+frameSize-len(x))...)
	for i, w := range hann {
		x[at+i] += w * frame[i]
	}
	return x
}

// bandEdges are the bins of the one-third octave bands: the first of each, and the one after the last.
var bandEdges = func() (edges [bands][2]int) {
	for i := range edges {
		low := lowestBand * math.Pow(2, float64(2*i-1)/6)
		high := lowestBand * math.Pow(2, float64(2*i+1)/6)
		edges[i] = [2]int{int(math.Round(low * fftSize / stoiRate)), int(math.Round(high * fftSize / stoiRate))}
	}
	return edges
}()

// envelopes are the levels of the bands in each frame.
func envelopes(x []float64) [][bands]float64 {
	var all [][bands]float64
	f, spectrum := newFFT(fftSize), make([]complex128, fftSize)
	for start := 0; start+frameSize < len(x); start += frameHop {
		clear(spectrum)
		for i, w := range hann {
			spectrum[i] = complex(w*x[start+i], 0)
		}
		f.transform(spectrum)
		var e [bands]float64
		for b, edge := range bandEdges {
			for _, v := range spectrum[edge[0]:edge[1]] {
				e[b] += real(v * cmplx.Conj(v))
			}
			e[b] = math.Sqrt(e[b])
		}
		all = append(all, e)
	}
	return all
}

// similarity is the correlation of two envelopes of a band, the second scaled and clipped.
func similarity(x, y [][bands]float64, band int) float64 {
	var energyX, energyY float64
	for i := range x {
		energyX += x[i][band] * x[i][band]
		energyY += y[i][band] * y[i][band]
	}
	gain := math.Sqrt(energyX / (energyY + tiny))
	clip := 1 + math.Pow(10, -distortedDB/20)
	var clipped [segment]float64
	var meanX, meanY float64
	for i := range x {
		clipped[i] = math.Min(gain*y[i][band], clip*x[i][band])
		meanX += x[i][band] / segment
		meanY += clipped[i] / segment
	}
	var xy, xx, yy float64
	for i := range x {
		dx, dy := x[i][band]-meanX, clipped[i]-meanY
		xy += dx * dy
		xx += dx * dx
		yy += dy * dy
	}
	return xy / (math.Sqrt(xx*yy) + tiny)
}
