// Package trace scores one direction of a call from its packets: when each was sent, when it arrived, where it was lost. What
// comes out is a [result.Direction]: loss by hop, delay from mouth to ear, R and what cost it. Numbers in, numbers out: the same
// packets under another jitter buffer, with other error correction, at another bitrate answer "what would have helped?".
//
//	packets ─ playout model ─▶ a frame played, recovered or concealed, every 20 ms ─ E-model ─▶ R, MOS, budget
//
// # Playout models
//
//	phone       calls/audio.Playout itself, as our phone has it
//	neteq       what browsers do, after WebRTC's DelayManager: see neteq.go
//	fixed:60ms  the first packet waits so long, and all others are due 20 ms after one another
//	oracle      every packet is played as it arrives: no late loss and no wait. No buffer can do better
//
// # What a frame counts as
//
// A frame that was due and did not arrive counts at the hop that lost it; one that arrived after its turn counts as late. Where
// a buffer stretches time because it ran dry, each frame it makes up counts as late and as due. Redundancy (a copy of a frame
// in the packets after it: in-band FEC and RED one, DRED as many as fit) brings lost frames back if such a packet is there in
// time. So
//
//	Due = Played + Network + Late + Relay + Generator      Recovered + Concealed = Network + Late + Relay + Generator
//
// Ppl, the E-model's input, is Concealed of Due.
//
// # What packets tell
//
// [Information] is the mutual information between whether somebody spoke and what an observer saw, in bits per packet. The
// plug-in estimate is never 0 for finite samples; Miller's correction takes (|X|-1)(|Y|-1)/(2 N ln 2) off. Tests compare it
// with channels whose information is known.
package trace
