package quality

import "time"

// Codec is what the E-model has to know about one, at one bitrate.
type Codec struct {
	Scale Scale
	// Ie is its impairment without loss, in points of R.
	Ie float64
	// Bpl is its robustness against random loss: at that loss, in percent, about half of what is left of R is gone.
	Bpl float64
	// BurstyBpl is the same with losses in bursts, where there is no term for them: on the wideband and the fullband scale.
	// Zero: like Bpl.
	BurstyBpl float64
	// Source says who measured it.
	Source string
}

func (c Codec) burstyBpl() float64 {
	if c.BurstyBpl == 0 {
		return c.Bpl
	}
	return c.BurstyBpl
}

// Ceiling is the estimate on a perfect network: nothing does better with this codec.
func (c Codec) Ceiling() Estimate { return Judge(Measured{Codec: c}) }

// opusSource is Alahmadi, Počta and Melvin, "An E-model for Opus in WebRTC": ACM TOMM 17(4), article 133, 2021,
// doi 10.1145/3458751. Measured without in-band error correction.
const opusSource = "derived from Alahmadi, Pocta, Melvin (2021); not an ITU value"

// point is a bitrate that was measured.
type point struct{ kilobits, ie, bpl, bursty float64 }

var (
	opusVariable = []point{
		{16, 30.1630, 11.83, 10.06}, {19, 23.8072, 10.67, 8.92}, {22, 20.2233, 10.47, 8.57},
		{25, 20.2091, 11.28, 9.18}, {28, 18.4773, 10.63, 8.91}, {31, 16.8287, 10.44, 8.82},
		{34, 14.7589, 10.12, 8.54}, {37, 12.0778, 10.38, 8.30}, {40, 10.6660, 9.79, 8.04},
	}
	opusConstant = []point{
		{16, 36.8807, 13.30, 10.80}, {19, 29.5802, 10.74, 8.93}, {22, 23.3800, 10.01, 8.46},
		{25, 22.6437, 10.57, 8.74}, {28, 23.6524, 11.67, 9.98}, {31, 21.7425, 11.51, 9.58},
		{34, 20.6203, 11.78, 9.69}, {37, 16.2287, 10.62, 8.99}, {40, 15.8985, 11.35, 9.37},
	}
	opusWideband = []point{{11, 28.4132, 23.94, 20.12}, {12, 23.2951, 22.22, 18.90}, {13, 19.9589, 19.50, 16.92}}
)

// Opus is the codec at super-wideband, judged on the fullband scale, at a constant or else a variable bitrate. The bitrates
// that were measured are 16 to 40 kbit/s: it is linear in between, and the nearest of them outside.
func Opus(bitsPerSecond int, constant bool) Codec {
	points := opusVariable
	if constant {
		points = opusConstant
	}
	return interpolate(Fullband, points, bitsPerSecond)
}

// OpusWideband is the codec at 11 to 13 kbit/s, variable, with the upper half of the voice cut off at 8 kHz.
func OpusWideband(bitsPerSecond int) Codec { return interpolate(Wideband, opusWideband, bitsPerSecond) }

func interpolate(scale Scale, points []point, bitsPerSecond int) Codec {
	kilobits := float64(bitsPerSecond) / 1000
	low, high := points[0], points[0]
	for _, p := range points {
		high = p
		if p.kilobits >= kilobits {
			break
		}
		low = p
	}
	part := 0.0
	if high.kilobits > low.kilobits {
		part = (kilobits - low.kilobits) / (high.kilobits - low.kilobits)
	}
	between := func(a, b float64) float64 { return a + part*(b-a) }
	return Codec{
		Scale: scale, Source: opusSource,
		Ie: between(low.ie, high.ie), Bpl: between(low.bpl, high.bpl), BurstyBpl: between(low.bursty, high.bursty),
	}
}

// What a phone adds to the delay of the network.
const (
	Packetisation = 20 * time.Millisecond   // a frame is full before it is sent
	LookAhead     = 6500 * time.Microsecond // of the Opus encoder
)

// MouthToEar is the delay that people notice: the mean one-way delay of the network, the mean wait in the playout buffer, and
// that of microphone and speaker, with what every frame has to wait for.
func MouthToEar(network, playout, device time.Duration) time.Duration {
	return network + playout + device + Packetisation + LookAhead
}
