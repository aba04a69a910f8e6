package light

import (
	"math"
	"math/bits"
	"net/netip"
	"time"
)

// driver owns legs: it reads their sockets and calls their methods, one at a time for both legs of a call.
type driver interface {
	// dial opens a socket to a relay. It is read by whoever dialled until attach.
	dial(relay netip.AddrPort, of Network) (socket, error)
	// attach takes over the leg and its socket.
	attach(l *leg, s socket) error
	// do calls f as soon as possible, and never at the same time as any method of the driver's legs. false: the driver has
	// ended, and f will not be called.
	do(l *leg, f func(now time.Time, at time.Duration, send func([]byte) bool)) bool
	// detach forgets the leg and closes its socket.
	detach(l *leg)
	// stats are what the driver measured of itself.
	stats() Stats
	close()
}

// Stats is what the engine knows about itself and all calls together.
type Stats struct {
	Pacing    Histogram // by how much frames left late
	Delay     Histogram // one way, of every frame that arrived
	Sent      uint64
	Received  uint64
	Skipped   uint64        // frames that were given up because the thread was too late for them
	Unsent    uint64        // the kernel did not take them
	WakeUps   uint64        // of threads
	CPU       time.Duration // of the threads, in user and system mode; 0 where that is not known
	Shards    int
	Attached  int
	MostAtOne int // legs of the fullest shard
}

func (s *Stats) add(o Stats) {
	s.Pacing.add(&o.Pacing)
	s.Delay.add(&o.Delay)
	s.Sent += o.Sent
	s.Received += o.Received
	s.Skipped += o.Skipped
	s.Unsent += o.Unsent
	s.WakeUps += o.WakeUps
	s.CPU += o.CPU
	s.Shards += o.Shards
	s.Attached += o.Attached
	s.MostAtOne = max(s.MostAtOne, o.Attached)
}

// Histogram counts durations from a microsecond to an hour, each in a place of its own to within 0.8 %.
type Histogram struct {
	Counts [histogramSize]uint32
	Total  uint64
}

// Each power of two of microseconds has subBuckets places; below 2*subBuckets every microsecond has its own.
const (
	subBits       = 7
	subBuckets    = 1 << subBits
	histogramSize = 26 * subBuckets
)

func place(d time.Duration) int {
	us := uint64(max(0, d) / time.Microsecond)
	if us < 2*subBuckets {
		return int(us)
	}
	shift := bits.Len64(us) - subBits - 1
	return min(histogramSize-1, (shift+1)*subBuckets+int(us>>shift)-subBuckets)
}

// value is the middle of a place.
func value(i int) time.Duration {
	if i < 2*subBuckets {
		return time.Duration(i) * time.Microsecond
	}
	shift := i/subBuckets - 1
	us := (uint64(i%subBuckets) + subBuckets) << shift
	return time.Duration(us+1<<shift/2) * time.Microsecond
}

// Add counts d.
func (h *Histogram) Add(d time.Duration) {
	h.Counts[place(d)]++
	h.Total++
}

func (h *Histogram) add(o *Histogram) {
	for i, n := range o.Counts {
		h.Counts[i] += n
	}
	h.Total += o.Total
}

// Each calls f with every duration that was counted, and how often.
func (h *Histogram) Each(f func(d time.Duration, n uint32)) {
	for i, n := range h.Counts {
		if n > 0 {
			f(value(i), n)
		}
	}
}

// Percentile is the smallest duration that so many percent do not exceed, by the nearest-rank method.
func (h *Histogram) Percentile(p float64) time.Duration {
	if h.Total == 0 {
		return 0
	}
	rank := max(1, uint64(math.Ceil(p/100*float64(h.Total))))
	for i, n := range h.Counts {
		if uint64(n) >= rank {
			return value(i)
		}
		rank -= uint64(n)
	}
	return value(histogramSize - 1)
}

// Mean is of all.
func (h *Histogram) Mean() time.Duration {
	if h.Total == 0 {
		return 0
	}
	var sum time.Duration
	for i, n := range h.Counts {
		sum += time.Duration(n) * value(i)
	}
	return sum / time.Duration(h.Total)
}
