package audio

import "time"

// The constants of the target delay are those that WebRTC's NetEQ has settled on for voice in browsers.
const (
	// delayWindow is how long the fastest packet is remembered: every delay is relative to it. Within it a change of the
	// route, and the difference of two clocks, become the new normal.
	delayWindow = 2 * time.Second
	// arrivals bounds what is remembered of that window; more than 100 packets a second are no voice.
	arrivals = 128

	// delayBuckets of a frame each cover two seconds; what is later counts as that late.
	delayBuckets = 100
	// delayQuantile is the part of half-seconds in which no packet is to come too late.
	delayQuantile = 0.95
	// delayForget is what an old half-second is worth when a new one is over; half is forgotten after 20 seconds.
	delayForget = 0.983
	// startForget makes the first half-seconds count for more: the n-th is 2/(n+1) of all.
	startForget = 2
	// resample is how long the latest packet is looked for; it alone counts.
	resample = 500 * time.Millisecond

	// reorderForget is the same as delayForget for packets that were overtaken; every packet counts, most of them as not late.
	reorderForget = 0.9993
	// lossPrice is how much delay it is worth to save one packet in a hundred.
	lossPrice = 20 * time.Millisecond

	// lossForget averages over about the last 100 frames.
	lossForget = 0.99
	// noticeableLoss is from when on it pays to wait for the packet that repairs a lost one.
	noticeableLoss = 0.005
)

// delayEstimator says how long packets should wait, from how they come. A value without a clock.
type delayEstimator struct {
	// seen is a ring of the packets in the window, by arrival.
	seen       [arrivals]arrival
	first, len int

	underrun histogram
	reorder  histogram
	most     time.Duration // in this half-second
	since    time.Time     // of this half-second
	target   time.Duration // without what repair and large packets need; 0: nothing is known yet
	newest   int64         // frame
	loss     float64       // the part of frames that did not come in time

	jitter  time.Duration // RFC 3550 section 6.4.1
	transit time.Duration // of the newest frame
}

// arrival is one packet: when it came, and its offset, which is that time less its frame's place in the conversation.
type arrival struct {
	at     time.Time
	offset time.Duration
}

func newDelayEstimator() delayEstimator {
	return delayEstimator{underrun: histogram{base: delayForget, start: startForget}, reorder: histogram{base: reorderForget, start: startForget}}
}

// place is when frame would have come if frame 0 had come at the beginning of time and nothing were ever late.
func place(frame int64) time.Duration { return time.Duration(frame) * FrameDuration }

// restart forgets when packets came, and not how much they differ; frame, which came at now, is on time.
func (e *delayEstimator) restart(frame int64, now time.Time) {
	e.seen[0] = arrival{now, 0}
	e.first, e.len = 0, 1
	e.newest, e.transit = frame, 0
	e.most, e.since = 0, now
}

// add is a packet with frame as its first, which came at now; epoch is the beginning of time.
func (e *delayEstimator) add(frame int64, now, epoch time.Time) {
	offset := now.Sub(epoch) - place(frame)
	e.forget(now)
	if e.len == arrivals {
		e.first, e.len = (e.first+1)%arrivals, e.len-1
	}
	e.seen[(e.first+e.len)%arrivals] = arrival{now, offset}
	e.len++
	relative := offset - e.fastest()
	overtaken := frame < e.newest
	if !overtaken {
		change := offset - e.transit
		e.jitter += (max(change, -change) - e.jitter) / 16
		e.transit, e.newest = offset, frame
	}

	e.most = max(e.most, relative)
	if now.Sub(e.since) >= resample {
		e.underrun.add(bucketOfDelay(e.most))
		e.most, e.since = 0, now
	}
	if overtaken {
		e.reorder.add(bucketOfDelay(relative))
	} else {
		e.reorder.add(0)
	}
	if e.underrun.adds > 0 {
		base := time.Duration(1+e.underrun.quantile(delayQuantile)) * FrameDuration
		e.target = max(base, e.reorder.cheapest(base))
	}
}

// forget drops what is older than the window.
func (e *delayEstimator) forget(now time.Time) {
	for e.len > 1 && now.Sub(e.seen[e.first].at) > delayWindow {
		e.first, e.len = (e.first+1)%arrivals, e.len-1
	}
}

// fastest is the smallest offset in the window.
func (e *delayEstimator) fastest() time.Duration {
	least := e.seen[e.first].offset
	for i := 1; i < e.len; i++ {
		least = min(least, e.seen[(e.first+i)%arrivals].offset)
	}
	return least
}

// missed counts a frame that was due: whether its packet was there.
func (e *delayEstimator) missed(missing bool) {
	e.loss *= lossForget
	if missing {
		e.loss += 1 - lossForget
	}
}

func bucketOfDelay(d time.Duration) int { return min(int(d/FrameDuration), delayBuckets-1) }

// histogram is how probable each delay is; the sum of all is 1, but for nothing yet.
type histogram struct {
	base, start float64
	adds        float64
	p           [delayBuckets]float64
}

func (h *histogram) add(bucket int) {
	keep := min(h.base, max(0, 1-h.start/(h.adds+h.start)))
	for i := range h.p {
		h.p[i] *= keep
	}
	h.p[bucket] += 1 - keep
	h.adds++
}

// quantile is the first bucket with no more than 1-q above it.
func (h *histogram) quantile(q float64) int {
	above := 1 - h.p[0]
	bucket := 0
	for above > 1-q && bucket < delayBuckets-1 {
		bucket++
		above -= h.p[bucket]
	}
	return bucket
}

// cheapest is the delay at which waiting longer would cost more than it saves; base is waited anyway.
func (h *histogram) cheapest(base time.Duration) time.Duration {
	best, least := 0, 0.0
	above := 1.0
	for i, p := range h.p {
		above -= p
		delay := max(0, time.Duration(i)*FrameDuration-base)
		cost := float64(delay) + 100*above*float64(lossPrice)
		if i == 0 || cost < least {
			best, least = i, cost
		}
	}
	return time.Duration(best) * FrameDuration
}
