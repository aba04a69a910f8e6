package calls

import "github.com/taciturn-voice/taciturn/calls/audio"

// Inbound is what became of the other side's voice here. Names and units are those of RTCInboundRtpStreamStats in the W3C's
// webrtc-stats: seconds, and samples of which there are 48,000 in one.
type Inbound struct {
	PacketsReceived                uint64  `json:"packetsReceived"`
	PacketsLost                    uint64  `json:"packetsLost"`
	PacketsDiscarded               uint64  `json:"packetsDiscarded"` // came too late to be played
	Jitter                         float64 `json:"jitter"`
	FECPacketsReceived             uint64  `json:"fecPacketsReceived"`
	FECPacketsDiscarded            uint64  `json:"fecPacketsDiscarded"`
	JitterBufferDelay              float64 `json:"jitterBufferDelay"`
	JitterBufferTargetDelay        float64 `json:"jitterBufferTargetDelay"`
	JitterBufferEmittedCount       uint64  `json:"jitterBufferEmittedCount"`
	ConcealedSamples               uint64  `json:"concealedSamples"`
	SilentConcealedSamples         uint64  `json:"silentConcealedSamples"`
	ConcealmentEvents              uint64  `json:"concealmentEvents"`
	InsertedSamplesForDeceleration uint64  `json:"insertedSamplesForDeceleration"`
	RemovedSamplesForAcceleration  uint64  `json:"removedSamplesForAcceleration"`
}

func inboundOf(received, lost uint64, p audio.PlayoutStats) Inbound {
	return Inbound{
		PacketsReceived: received, PacketsLost: lost, PacketsDiscarded: p.Late, Jitter: p.Jitter.Seconds(),
		FECPacketsReceived: p.FECReceived, FECPacketsDiscarded: p.FECDiscarded,
		JitterBufferDelay: p.Waited, JitterBufferTargetDelay: p.Wanted, JitterBufferEmittedCount: p.EmittedSamples,
		ConcealedSamples: p.ConcealedSamples, SilentConcealedSamples: p.SilentConcealedSamples, ConcealmentEvents: p.ConcealmentEvents,
		InsertedSamplesForDeceleration: p.InsertedSamples, RemovedSamplesForAcceleration: p.RemovedSamples,
	}
}
