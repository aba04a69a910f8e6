package audio

import "time"

// PlayoutStats counts what became of a conversation. Where the W3C's webrtc-stats have a name for it, it stands behind.
type PlayoutStats struct {
	// Frames of 20 ms.
	Played    uint64 // decoded from their packet
	Recovered uint64 // decoded from a copy of them
	Concealed uint64 // made up
	Late      uint64 // came after their time, or were skipped; packetsDiscarded
	Duplicate uint64 // came again

	// Samples, 48,000 to a second.
	EmittedSamples         uint64 // of the two first kinds above; jitterBufferEmittedCount
	ConcealedSamples       uint64 // concealedSamples
	SilentConcealedSamples uint64 // silentConcealedSamples
	InsertedSamples        uint64 // insertedSamplesForDeceleration
	RemovedSamples         uint64 // removedSamplesForAcceleration

	ConcealmentEvents uint64  // concealmentEvents
	FECReceived       uint64  // copies of earlier frames; fecPacketsReceived
	FECDiscarded      uint64  // copies that were not needed; fecPacketsDiscarded
	Waited            float64 // sample-seconds between arrival and decoding; jitterBufferDelay
	Wanted            float64 // the same as it should have been; jitterBufferTargetDelay

	// As it is now.
	Delay  time.Duration // how long a frame waits from when the fastest packet would have come
	Target time.Duration // how long it should
	Jitter time.Duration // RFC 3550 section 6.4.1
}

// Stats may be called at any time.
func (p *Playout) Stats() PlayoutStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	if p.playing {
		s.Delay = p.level + time.Duration(len(p.out))*time.Second/SampleRate
	}
	s.Target, s.Jitter = p.targetLocked(), p.delays.jitter
	return s
}
