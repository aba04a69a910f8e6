package quality

import "math"

const (
	// maxDelay is how far apart the beginnings of two recordings may lie, in seconds.
	maxDelay = 10
	// leastSpeech is in seconds.
	leastSpeech = 0.5
	// The delay is followed in blocks of a second, up to a quarter of a second away from that of the block before.
	blockSize = stoiRate
	blockLag  = stoiRate / 4
	// blockGain is by how much another delay must fit better than the present one: in pauses all fit equally badly.
	blockGain = 1.05
	// Inside a block it is followed in steps of a tenth, each of which looks at 0.4 s around it, up to 25 ms away from that of
	// the step before: a playout buffer removes or repeats single periods of a voice.
	stepSize = stoiRate / 10
	stepView = stoiRate * 4 / 10
	stepLag  = stoiRate / 40
	stepGain = 1.02
)

// Align finds by how many samples deg is later than ref, at most maxLag in either direction: deg[i+lag] belongs to ref[i].
func Align(ref, deg []float64, rate, maxLag int) (lag int, err error) {
	if err := check(rate, ref, deg); err != nil {
		return 0, err
	}
	if maxLag < 0 {
		return 0, ErrInput
	}
	if silent(ref) || silent(deg) {
		return 0, ErrTooShort // no need to ask the correlation: rounding finds a peak in nothing, too
	}
	c := correlate(ref, deg)
	best := 0.0
	for l := -min(maxLag, len(ref)-1); l <= min(maxLag, len(deg)-1); l++ {
		if v := c.at(l); v > best {
			lag, best = l, v
		}
	}
	return lag, nil
}

// silent says whether there is nothing in x but zeros.
func silent(x []float64) bool {
	for _, v := range x {
		if v != 0 {
			return false
		}
	}
	return true
}

// correlation is Σ ref[i]·deg[i+lag] for every lag.
type correlation []complex128

func (c correlation) at(lag int) float64 { return real(c[(lag+len(c))%len(c)]) }

// correlate transforms both signals at once, as the real and the imaginary part of one.
func correlate(ref, deg []float64) correlation {
	n := sizeFor(len(ref) + len(deg))
	f, z := newFFT(n), make([]complex128, n)
	for i, v := range ref {
		z[i] = complex(v, 0)
	}
	for i, v := range deg {
		z[i] += complex(0, v)
	}
	f.transform(z)
	// The spectrum of a real signal is symmetric: R = (Z[k] + conj Z[-k])/2, D = (Z[k] - conj Z[-k])/2i; wanted is conj(R)·D.
	product := make([]complex128, n)
	for k, a := range z {
		b := z[(n-k)%n]
		b = complex(real(b), -imag(b))
		r, d := (a+b)/2, (a-b)/complex(0, 2)
		product[k] = complex(real(r), -imag(r)) * d
	}
	f.inverse(product)
	return product
}

// CompareSpeech aligns deg with ref and returns the STOI of what both have, and by how many samples deg began later.
func CompareSpeech(ref, deg []float64, rate int) (score float64, lag int, err error) {
	if err := check(rate, ref, deg); err != nil {
		return 0, 0, err
	}
	ref, deg = resample(ref, rate, stoiRate), resample(deg, rate, stoiRate)
	lag, err = Align(ref, deg, stoiRate, maxDelay*stoiRate)
	if err != nil {
		return 0, 0, err
	}
	heard := follow(ref, deg, lag)
	first := max(0, -lag)
	last := min(len(ref), len(deg)-lag)
	if last-first < leastSpeech*stoiRate {
		return 0, 0, ErrTooShort
	}
	if score, err = stoi(ref[first:last], heard[first:last]); err != nil {
		return 0, 0, err
	}
	return score, int(math.Round(float64(lag) * float64(rate) / stoiRate)), nil
}

// follow is deg put in the time of ref: block by block, and step by step in each.
func follow(ref, deg []float64, lag int) []float64 {
	out := make([]float64, len(ref))
	fine := lag
	for start := 0; start < len(ref); start += blockSize {
		end := min(start+blockSize, len(ref))
		before := lag
		lag = nearer(ref[start:end], deg, start, lag, blockLag, blockGain)
		if lag != before {
			fine = lag
		}
		for at := start; at < end; at += stepSize {
			size := min(stepSize, end-at)
			from := max(0, at+size/2-stepView/2)
			view := ref[from:min(from+stepView, len(ref))]
			fine = nearer(view, deg, from, fine, stepLag, stepGain)
			copy(out[at:at+size], part(deg, at+fine, size))
		}
	}
	return out
}

// nearer is the lag, up to most away from the present one, with which deg fits best to what ref has from start on; the present
// one if no other is better by the factor gain.
func nearer(ref, deg []float64, start, lag, most int, gain float64) int {
	near := part(deg, start+lag-most, len(ref)+2*most)
	c := correlate(ref, near)
	shift := most
	best := gain * math.Max(0, c.at(shift))
	for l := range 2*most + 1 {
		if v := c.at(l); v > best {
			shift, best = l, v
		}
	}
	return lag + shift - most
}

// part is x[from:from+n], with zeros where there is nothing.
func part(x []float64, from, n int) []float64 {
	if from >= 0 && from+n <= len(x) {
		return x[from : from+n]
	}
	out := make([]float64, n)
	if from < len(x) && from+n > 0 {
		copy(out[max(0, -from):], x[max(0, from):min(len(x), from+n)])
	}
	return out
}
