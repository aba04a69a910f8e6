package scenario

import (
	"math"
	"math/rand/v2"
	"time"
)

// DistKind is a family of distributions.
type DistKind string

// The families.
const (
	Fixed       DistKind = "fixed"
	Exponential DistKind = "exp"
	Lognormal   DistKind = "lognormal"
	Erlang      DistKind = "erlang"
	Empirical   DistKind = "empirical"
)

// Dist is a distribution of durations. The zero value is always zero.
type Dist struct {
	Kind   DistKind
	Value  time.Duration   // of Fixed: the value; of Exponential and Erlang: the mean; of Lognormal: the median
	Sigma  float64         // of Lognormal, of the logarithm
	K      int             // of Erlang
	Values []time.Duration // of Empirical
}

// maxDuration bounds what is drawn: a lognormal has a long tail, and nobody talks for longer than a day.
const maxDuration = 24 * time.Hour

// Draw takes one value.
func (d Dist) Draw(r *rand.Rand) time.Duration {
	x := float64(d.Value)
	switch d.Kind {
	case Exponential:
		x *= r.ExpFloat64()
	case Lognormal:
		x *= math.Exp(d.Sigma * r.NormFloat64())
	case Erlang:
		sum := 0.0
		for range d.K {
			sum += r.ExpFloat64()
		}
		x *= sum / float64(d.K)
	case Empirical:
		x = float64(d.Values[r.IntN(len(d.Values))])
	}
	return time.Duration(min(max(x, 0), float64(maxDuration))).Round(time.Millisecond)
}

// Mean is the expected value, but for what is cut off the tail.
func (d Dist) Mean() time.Duration {
	switch d.Kind {
	case Lognormal:
		return time.Duration(float64(d.Value) * math.Exp(d.Sigma*d.Sigma/2))
	case Empirical:
		var sum time.Duration
		for _, v := range d.Values {
			sum += v / time.Duration(len(d.Values))
		}
		return sum
	}
	return d.Value
}

// Choice is one of the names of a Pick.
type Choice struct {
	Name   string
	Weight float64
}

// Pick is a weighted choice of names. It has at least one, with a weight above zero.
type Pick []Choice

// One is a Pick of one name.
func One(name string) Pick { return Pick{{name, 1}} }

// Draw takes one name. The same number of draws is used whatever the choices are.
func (p Pick) Draw(r *rand.Rand) string {
	total := 0.0
	for _, c := range p {
		total += c.Weight
	}
	at := r.Float64() * total
	for _, c := range p {
		if at < c.Weight {
			return c.Name
		}
		at -= c.Weight
	}
	return p[len(p)-1].Name
}
