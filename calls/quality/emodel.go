package quality

import (
	"math"
	"time"
)

// Scale is the speech band that listeners had in mind when they judged. Ratings of two scales cannot be compared: a
// narrowband 4.3 says that it sounds like a very good telephone of old, a fullband 4.3 like the person in the room.
type Scale int

// The scales.
const (
	Narrowband Scale = iota + 1 // G.107
	Wideband                    // G.107.1
	Fullband                    // G.107.2
)

// String is the name that the Recommendation gives to a conversational MOS of this scale.
func (s Scale) String() string {
	switch s {
	case Narrowband:
		return "MOS_CQE"
	case Wideband:
		return "MOS_CQEW"
	case Fullband:
		return "MOS_CQEF"
	}
	return "no scale"
}

// Best is R of a transmission without any impairment.
func (s Scale) Best() float64 {
	switch s {
	case Narrowband:
		return 93.2
	case Wideband:
		return 129
	case Fullband:
		return 148
	}
	return math.NaN()
}

// stretch is by how much the scale is longer than the narrowband one, whose MOS curve all of them use.
func (s Scale) stretch() float64 {
	switch s {
	case Narrowband:
		return 1
	case Wideband:
		return 1.29
	case Fullband:
		return 1.48
	}
	return math.NaN()
}

// mostLoss is what Ie,eff tends to when all is lost.
func (s Scale) mostLoss() float64 {
	if s == Fullband {
		return 132
	}
	return 95
}

// Measured is what one direction of a call was like.
type Measured struct {
	Codec Codec
	Delay time.Duration // from mouth to ear: see MouthToEar
	// Loss is the part, from 0 to 1, of the frames that were due and that the listener did not get: lost and not recovered,
	// or too late to be played.
	Loss float64
	// BurstRatio is that of these losses: see BurstRatio. Zero means random loss, as 1 does.
	BurstRatio float64
}

// Estimate is the judgement of the E-model. R is between 0 and Scale.Best but for transmissions so bad that it is negative.
type Estimate struct {
	Scale Scale
	R     float64
	MOS   float64
	// Lost says where the points went: R is Scale.Best less all of them.
	Lost Budget
}

// Budget are points of R, by what cost them.
type Budget struct {
	Codec float64 // even on a perfect network
	Loss  float64 // frames that were not played
	Delay float64 // the conversation suffers, not the sound
}

// Judge computes R and MOS. Without a codec, all of it is NaN; a loss beyond 0 and 1 counts as the nearer of them.
func Judge(m Measured) Estimate {
	s := m.Codec.Scale
	lost := Budget{
		Codec: m.Codec.Ie,
		Loss:  m.Codec.lossImpairment(100*min(1, max(0, m.Loss)), max(1, m.BurstRatio)),
		Delay: s.stretch() * delayImpairment(m.Delay),
	}
	r := s.Best() - lost.Codec - lost.Loss - lost.Delay
	return Estimate{Scale: s, R: r, MOS: MOS(r / s.stretch()), Lost: lost}
}

// lossImpairment is Ie,eff less Ie, for a loss in percent.
func (c Codec) lossImpairment(percent, burstRatio float64) float64 {
	if percent == 0 {
		return 0
	}
	if c.Scale == Narrowband {
		return (c.Scale.mostLoss() - c.Ie) * percent / (percent/burstRatio + c.Bpl)
	}
	bursty := min(1, burstRatio-1)
	bpl := c.Bpl + bursty*(c.burstyBpl()-c.Bpl)
	return (c.Scale.mostLoss() - c.Ie) * percent / (percent + bpl)
}

// The default class of delay sensitivity, G.107 table 1.
const (
	sensitivity      = 1.0             // sT
	unnoticedDelayMs = 100.0           // mT
	delayExponent    = 6 * sensitivity // of the smooth steps
	delayWeight      = 25.0            // points
	millisecond      = float64(time.Millisecond)
)

// delayImpairment is Idd on the narrowband scale.
func delayImpairment(delay time.Duration) float64 {
	ms := float64(delay) / millisecond
	if ms <= unnoticedDelayMs {
		return 0
	}
	step := func(x float64) float64 { return math.Pow(1+math.Pow(x, delayExponent), 1/delayExponent) }
	x := math.Log2(ms / unnoticedDelayMs)
	return delayWeight * (step(x) - 3*step(x/3) + 2)
}

// MOS is the mean opinion, from 1 to 4.5, that belongs to an R on the narrowband scale.
func MOS(r float64) float64 {
	switch {
	case r <= 0:
		return 1
	case r >= 100:
		return 4.5
	}
	// Between 0 and 6.5 the cubic is below 1, the worst one can say.
	return max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}
