package netsim

import (
	"math"
	"time"
)

// Link is one direction of an access link: what happens to a datagram, in the order in which it happens. The zero value is
// perfect.
type Link struct {
	// MTUBytes is the largest IP packet; what is larger is lost. Zero: any.
	MTUBytes int
	// BitsPerSecond is the rate, headers included. Zero: no limit, and no queue.
	BitsPerSecond int
	// QueueBytes and QueuePackets are what may wait for the link; what does not fit is lost. Zero: no such limit. A queue
	// without any holds defaultQueue of the rate.
	QueueBytes, QueuePackets int
	// Bulk is a download or upload that shares the queue.
	Bulk Bulk
	Loss Loss
	// Delay and Jitter are those of what was not lost. Order is kept within a flow: a datagram that would overtake waits for
	// the one before.
	Delay  time.Duration
	Jitter Jitter
	// Reorder is the part of the datagrams that overtake others, by skipping Delay and Jitter. ReorderCorrelation is how
	// likely a datagram does what the one before did, instead of deciding for itself.
	Reorder, ReorderCorrelation float64
	// Duplicate is the part of the datagrams that arrive twice.
	Duplicate float64
}

// Loss is the chain of two states of Gilbert and Elliott. Without Enter it stays in the good one: random loss. Each flow has
// a chain of its own, which begins in its equilibrium.
type Loss struct {
	Enter float64 // p: from good to bad, per datagram
	Leave float64 // r: from bad to good, per datagram; the mean length of a burst is 1/r
	Good  float64 // loss in the good state
	Bad   float64 // loss in the bad state; zero means 1
}

// Random is loss without memory.
func Random(part float64) Loss { return Loss{Good: part} }

// Bursts is loss in bursts: enter and leave are the p and r of the literature.
func Bursts(enter, leave float64) Loss { return Loss{Enter: enter, Leave: leave} }

// equilibrium is how much of the time the chain is in the bad state.
func (l Loss) equilibrium() float64 {
	if l.Enter <= 0 {
		return 0
	}
	return l.Enter / (l.Enter + l.Leave)
}

func (l Loss) bad() float64 {
	if l.Bad == 0 {
		return 1
	}
	return l.Bad
}

// Mean is the part of the datagrams that is lost.
func (l Loss) Mean() float64 {
	bad := l.equilibrium()
	return bad*l.bad() + (1-bad)*l.Good
}

// Shape is a distribution of delays around their mean.
type Shape int

// The shapes.
const (
	Uniform Shape = iota // between Delay-Spread and Delay+Spread
	Normal               // Spread is the standard deviation
	Pareto               // as well; most are a little early, and a few much too late
)

// Jitter is how delays vary. No delay is negative.
type Jitter struct {
	Shape  Shape
	Spread time.Duration
}

// The Pareto distribution of shape 3, whose smallest value is 1, cut at 4 where one in 64 would go beyond (as the tables of
// Linux netem end, too). Its moments, to get a mean of 0 and a deviation of 1.
const (
	paretoShape  = 3.0
	paretoMost   = 4.0
	paretoMean   = 1 + (1-1/(paretoMost*paretoMost))/2
	paretoSquare = 1 + 2*(1-1/paretoMost)
)

var paretoDeviation = math.Sqrt(paretoSquare - paretoMean*paretoMean)

// at is the deviation that belongs to two independent numbers from 0 to 1.
func (j Jitter) at(u, v float64) time.Duration {
	var x float64
	switch j.Shape {
	case Uniform:
		x = 2*u - 1
	case Normal:
		x = math.Sqrt(-2*math.Log(1-u)) * math.Cos(2*math.Pi*v)
	case Pareto:
		x = (min(math.Pow(1-u, -1/paretoShape), paretoMost) - paretoMean) / paretoDeviation
	}
	return time.Duration(x * float64(j.Spread))
}

// defaultQueue is how long a queue may make wait if nobody says how long it is.
const defaultQueue = 250 * time.Millisecond

// transmission is how long n bytes take.
func (l Link) transmission(n int) time.Duration {
	if l.BitsPerSecond <= 0 {
		return 0
	}
	return time.Duration(float64(n) * 8 / float64(l.BitsPerSecond) * float64(time.Second))
}

func (l Link) queueBytes() int {
	switch {
	case l.QueueBytes > 0:
		return l.QueueBytes
	case l.QueuePackets > 0:
		return math.MaxInt
	}
	return int(float64(l.BitsPerSecond) / 8 * defaultQueue.Seconds())
}

func (l Link) queuePackets() int {
	if l.QueuePackets > 0 {
		return l.QueuePackets
	}
	return math.MaxInt
}

// Bulk is one TCP connection that sends as much as it can for On, pauses for Off, and begins again. Without On there is none.
// It is a model of the queue it fills, not of its packets: it fills the queue in bulkFill, gives up bulkBackOff of it when
// full, gains that back in bulkClimb, and leaves the queue as fast as the link drains it.
type Bulk struct {
	On, Off time.Duration
	// FairQueue: flows take turns, as with fq_codel, so that others wait for one packet of it at most.
	FairQueue bool
}

const (
	bulkFill    = 2 * time.Second // slow start into a long queue
	bulkClimb   = 5 * time.Second
	bulkBackOff = 0.3 // of CUBIC, RFC 9438 section 4.6
	bulkPacket  = 1500
)

// waiting is how many bytes of it are in the queue of l, at a time since it began. u from 0 to 1 is where the link is in the
// packet that it sends just now.
func (b Bulk) waiting(l Link, since time.Duration, u float64) int {
	if b.On <= 0 || l.BitsPerSecond <= 0 || since < 0 {
		return 0
	}
	drain := l.transmission(l.queueBytes())
	phase := since % (b.On + b.Off)
	if b.FairQueue {
		if phase >= b.On {
			return 0
		}
		return int(u * bulkPacket)
	}
	fill := b.fill(min(phase, b.On), drain)
	if phase > b.On {
		fill -= float64(phase-b.On) / float64(drain)
	}
	return int(max(0, fill) * float64(l.queueBytes()))
}

// fill is how full the queue is after it has been sending for t.
func (b Bulk) fill(t, drain time.Duration) float64 {
	if t < bulkFill {
		return float64(t) / float64(bulkFill)
	}
	fall := time.Duration(bulkBackOff * float64(drain))
	if t = (t - bulkFill) % (fall + bulkClimb); t < fall {
		return 1 - float64(t)/float64(drain)
	}
	return 1 - bulkBackOff + bulkBackOff*float64(t-fall)/float64(bulkClimb)
}
