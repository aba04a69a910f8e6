package quality

import "math"

const (
	// sincZeros is how many zero crossings of the sinc are used on each side.
	sincZeros = 16
	// sincCutoff leaves room for the transition band below half of the lower rate.
	sincCutoff = 0.95
)

// resample converts x from one rate to another with a Hann-windowed sinc. There are to/gcd different positions of an output
// sample between two input samples, and one filter for each.
func resample(x []float64, from, to int) []float64 {
	if from == to || len(x) == 0 {
		return x
	}
	g := gcd(from, to)
	up, down := to/g, from/g
	scale := sincCutoff * math.Min(1, float64(to)/float64(from))
	width := int(math.Ceil(sincZeros / scale))
	filters := make([][]float64, up)
	out := make([]float64, (len(x)*up+down-1)/down)
	for i := range out {
		whole, phase := i*down/up, i*down%up
		if filters[phase] == nil {
			filters[phase] = sincFilter(float64(phase)/float64(up), scale, width)
		}
		var sum float64
		first := whole - width + 1
		for k, w := range filters[phase] {
			if j := first + k; j >= 0 && j < len(x) {
				sum += w * x[j]
			}
		}
		out[i] = sum
	}
	return out
}

// sincFilter is for an output sample that lies fraction behind the input sample in the middle.
func sincFilter(fraction, scale float64, width int) []float64 {
	f := make([]float64, 2*width)
	var sum float64
	for k := range f {
		x := (float64(k-width+1) - fraction) * scale
		if math.Abs(x) >= sincZeros {
			continue
		}
		f[k] = 0.5 + 0.5*math.Cos(math.Pi*x/sincZeros)
		if x != 0 {
			f[k] *= math.Sin(math.Pi*x) / (math.Pi * x)
		}
		sum += f[k]
	}
	for k := range f {
		f[k] /= sum
	}
	return f
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
