package trace

import "time"

// What WebRTC's NetEQ has built in (delay_manager.cc, underrun_optimizer.cc, decision_logic.cc).
const (
	neteqBuckets     = 100 // of the histogram of relative delays
	neteqBucket      = 20 * time.Millisecond
	neteqQuantile    = 0.95
	neteqForget      = 0.983
	neteqStartWeight = 2.0
	neteqResample    = 500 * time.Millisecond // the largest delay in so long is one value
	neteqHistory     = 2 * time.Second        // the smallest delay in so long is the base
	neteqStartDelay  = 80 * time.Millisecond
	neteqLowOffset   = 85 * time.Millisecond // the buffer may be so much below its target
	neteqTick        = 10 * time.Millisecond // of the output
	neteqStretch     = 10 * time.Millisecond // a pitch period or two, cut out or put in at a time
	neteqEvery       = 5                     // ticks between two stretches
	neteqMaxPackets  = 200
	neteqResume      = 0.5 // of the target must be there before it plays again after running dry
)

// delayManager says how long packets should wait.
type delayManager struct {
	history []relative // of the last two seconds
	buckets [neteqBuckets]float64
	added   int
	since   time.Duration // when this interval began
	largest time.Duration // relative delay in it
	begun   bool
	target  time.Duration
}

type relative struct{ at, delay time.Duration }

func newDelayManager() *delayManager { return &delayManager{target: neteqStartDelay} }

// arrived takes a packet that came at a time with a delay (against an unknown clock: only differences count).
func (m *delayManager) arrived(at, delay time.Duration) {
	m.history = append(m.history, relative{at, delay})
	for m.history[0].at < at-neteqHistory {
		m.history = m.history[1:]
	}
	least := delay
	for _, h := range m.history {
		least = min(least, h.delay)
	}
	if !m.begun {
		m.begun, m.since = true, at
	}
	m.largest = max(m.largest, delay-least)
	if at-m.since < neteqResample {
		return
	}
	m.add(m.largest)
	m.since, m.largest = at, 0
}

func (m *delayManager) add(delay time.Duration) {
	m.added++
	forget := max(0, min(neteqForget, 1-neteqStartWeight/float64(m.added+1)))
	for i := range m.buckets {
		m.buckets[i] *= forget
	}
	m.buckets[min(neteqBuckets-1, int(delay/neteqBucket))] += 1 - forget
	sum, total := 0.0, 0.0
	for _, b := range m.buckets {
		total += b
	}
	for i, b := range m.buckets {
		if sum += b; sum >= neteqQuantile*total {
			m.target = time.Duration(i+1) * neteqBucket
			return
		}
	}
}

// filtered smooths the level of the buffer: slower for longer targets.
func filtered(level, now, target time.Duration) time.Duration {
	weight := 254.0
	switch {
	case target <= 20*time.Millisecond:
		weight = 251
	case target <= 60*time.Millisecond:
		weight = 252
	case target <= 140*time.Millisecond:
		weight = 253
	}
	weight /= 256
	return time.Duration(weight*float64(level) + (1-weight)*float64(now))
}

// neteq is the buffer in motion.
type neteq struct {
	packets  []Packet
	cfg      Config
	delays   *delayManager
	o        outcome
	there    []bool
	waiting  int           // packets there and not played
	newest   int           // that is there
	next     int           // frame to be played
	decoded  time.Duration // not yet heard
	level    time.Duration // smoothed
	begun    bool          // something was played
	dry      int           // ticks made up since it ran dry
	sinceFit int           // ticks since the last stretch
}

// playNetEQ is what a browser would have played.
func playNetEQ(packets []Packet, cfg Config) outcome {
	order := byArrival(packets)
	q := &neteq{packets: packets, cfg: cfg, delays: newDelayManager(), o: newOutcome(len(packets)), there: make([]bool, len(packets))}
	if len(order) == 0 {
		return q.o
	}
	q.next, q.newest = order[0], order[0]
	now := packets[order[0]].Arrived
	for len(order) > 0 || q.waiting > 0 {
		for len(order) > 0 && packets[order[0]].Arrived <= now {
			q.arrive(order[0])
			order = order[1:]
		}
		q.tick(now)
		now += neteqTick
	}
	return q.o
}

func (q *neteq) arrive(i int) {
	p := q.packets[i]
	q.delays.arrived(p.Arrived, p.Arrived-p.Sent)
	if i < q.next && !q.begun {
		q.next = i // the very first packets overtook one another
	}
	if i < q.next || q.waiting >= neteqMaxPackets {
		return
	}
	if q.dry > 0 && i > q.next {
		q.skip(i)
	}
	q.there[i] = true
	q.waiting++
	q.newest = max(q.newest, i)
}

// skip counts frames as made up that never came while it was dry.
func (q *neteq) skip(to int) {
	for ticks := int(frame / neteqTick); q.dry >= ticks && q.next < to && !q.there[q.next]; q.next++ {
		q.dry -= ticks
	}
}

func (q *neteq) tick(now time.Duration) {
	target := q.delays.target
	held := time.Duration(max(0, q.newest-q.next+1)) * frame
	if q.waiting == 0 {
		held = 0
	}
	q.level = filtered(q.level, held+q.decoded, target)
	if q.sinceFit++; q.sinceFit > neteqEvery {
		q.fit(target)
	}
	for q.decoded < neteqTick {
		resume := time.Duration(neteqResume * float64(target))
		if q.waiting == 0 || q.dry > 0 && held < resume && q.dry < int(target/neteqTick) {
			q.expand()
			return
		}
		if q.dry > 0 {
			// What was made up in vain, because the frame came after all, counts as concealed.
			q.o.concealed += (q.dry + 1) / int(frame/neteqTick)
			q.dry = 0
		}
		q.decode(now)
	}
	q.decoded -= neteqTick
}

// expand makes up one tick.
func (q *neteq) expand() {
	if q.begun {
		q.dry++
	}
}

// fit brings the level nearer to its target.
func (q *neteq) fit(target time.Duration) {
	low := max(target*3/4, target-neteqLowOffset)
	switch high := max(target, low+20*time.Millisecond); {
	case q.level >= high && q.decoded >= neteqStretch:
		q.decoded -= neteqStretch
		q.level -= neteqStretch
		q.o.removed += samplesPerFrame / int(frame/neteqStretch)
	case q.level < low && q.waiting > 0 && q.dry == 0:
		q.decoded += neteqStretch
		q.level += neteqStretch
		q.o.inserted += samplesPerFrame / int(frame/neteqStretch)
	default:
		return
	}
	q.sinceFit = 0
}

// decode takes the next frame, or makes it up if only later ones are there.
func (q *neteq) decode(now time.Duration) {
	i := q.next
	q.next++
	q.decoded += frame
	if q.there[i] {
		q.there[i] = false
		q.waiting--
		q.o.played[i] = now
		q.begun = true
		return
	}
	if _, copied, ok := carrier(q.packets, q.cfg, i, now); ok && copied {
		q.o.played[i], q.o.recovered[i] = now, true
		return
	}
	q.o.concealed++
}
