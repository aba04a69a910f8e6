package light

import "time"

// FrameDuration is how much voice is in a packet.
const FrameDuration = 20 * time.Millisecond

// playoutDelay is how long a frame waits before it is played: that of a phone's buffer.
const playoutDelay = 60 * time.Millisecond

// restartLate is after how many late frames in a row the playout begins anew, as a phone's does.
const restartLate = 50

// Reception is how one side of a call heard the other. Times are exact: sender and receiver read one clock.
type Reception struct {
	Received, Lost uint64 // frames; lost ones are missing between the first and the last that arrived
	Bursts         uint64 // runs of lost frames
	Late           uint64 // arrived after their time to be played
	Reordered      uint64
	Duplicate      uint64
	Unauthentic    uint64 // SRTP or SFrame refused them

	Delay       time.Duration // one way, mean
	DelayLeast  time.Duration
	DelayMost   time.Duration
	Jitter      time.Duration // RFC 3550 section 6.4.1, at the end
	LongestGap  time.Duration // between two arrivals in order
	SizeBytes   int           // of a voice packet on the wire
	Sizes       int           // how many different ones; one is right
	SpacingMost time.Duration // the largest distance of two packets as sent
}

// reception is Reception in the making.
type reception struct {
	Reception
	began      bool
	first      uint64 // sequence numbers, extended beyond 16 bits
	newest     uint64
	unique     uint64
	delays     time.Duration // sum
	transit    time.Duration // of the last packet
	jitter     float64       // nanoseconds
	last       time.Duration // arrival of the newest, since the engine began
	start      time.Duration // when the first frame is played
	lateInARow int
}

// extend is seq beyond 16 bits, next to the newest.
func (r *reception) extend(seq uint16) uint64 {
	if !r.began {
		return 1<<16 | uint64(seq)
	}
	return r.newest + uint64(int64(int16(seq-uint16(r.newest))))
}

// arrived notes an authentic frame: its number, when it was sent and when it came. sent is negative if that is not known.
func (r *reception) arrived(seq uint16, sent, at time.Duration, size int) {
	r.Received++
	n := r.extend(seq)
	switch {
	case !r.began:
		r.began, r.first, r.newest = true, n, n
		r.start, r.last = at+playoutDelay, at
		r.DelayLeast, r.SizeBytes, r.Sizes = time.Hour, size, 1
	case n > r.newest:
		if n > r.newest+1 {
			r.Bursts++
		}
		r.newest = n
		r.LongestGap, r.last = max(r.LongestGap, at-r.last), at
	default:
		r.Reordered++
	}
	if size != r.SizeBytes {
		r.Sizes++
	}
	r.play(n, at)
	if sent < 0 {
		return
	}
	delay := max(0, at-sent)
	if r.unique > 0 {
		r.jitter += (float64((delay - r.transit).Abs()) - r.jitter) / 16
	}
	r.unique++
	r.transit = delay
	r.delays += delay
	r.DelayLeast, r.DelayMost = min(r.DelayLeast, delay), max(r.DelayMost, delay)
}

// play decides whether frame n came in time.
func (r *reception) play(n uint64, at time.Duration) {
	due := r.start + time.Duration(int64(n-r.first))*FrameDuration
	if at <= due {
		r.lateInARow = 0
		return
	}
	r.Late++
	if r.lateInARow++; r.lateInARow >= restartLate {
		r.start += at - due + playoutDelay
		r.lateInARow = 0
	}
}

// sum is what is known so far.
func (r *reception) sum() Reception {
	s := r.Reception
	if span := r.newest - r.first + 1; r.began && span > s.Received {
		s.Lost = span - s.Received
	}
	s.Jitter = time.Duration(r.jitter)
	if r.unique > 0 {
		s.Delay = r.delays / time.Duration(r.unique)
	} else {
		s.DelayLeast = 0
	}
	return s
}
