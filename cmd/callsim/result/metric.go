package result

import (
	"encoding/json"
	"strings"
)

// Metric is one figure of a run: many values, or one.
type Metric struct {
	Unit   Unit     `json:"unit"`
	Better string   `json:"better"` // lower or higher
	Value  *float64 `json:"value,omitempty"`
	Distribution
}

// MarshalJSON leaves the distribution out where there is a value.
func (m Metric) MarshalJSON() ([]byte, error) {
	if m.Value != nil {
		return json.Marshal(struct {
			Unit   Unit    `json:"unit"`
			Better string  `json:"better"`
			Value  float64 `json:"value"`
		}{m.Unit, m.Better, *m.Value})
	}
	type plain Metric
	return json.Marshal(plain(m))
}

// What is better.
const (
	Lower  = "lower"
	Higher = "higher"
)

// definition is a metric that every run has.
type definition struct {
	name, about string
	unit        Unit
	better      string
	// Exactly one of them is set. perCall and perDirection give a value, if there is one, of a call; merge takes all frames.
	value        func(*Run) (float64, bool)
	perCall      func(*Call) (float64, bool)
	perDirection func(*Direction) (float64, bool)
	merge        func(*Direction) Distribution
}

func phases(from, to Phase) func(*Call) (float64, bool) {
	return func(c *Call) (float64, bool) {
		m, ok := c.Between(from, to)
		return max(0, m.Float()), ok
	}
}

// setupTotal is all that people wait for: until it rings, and from the press of accept until they hear. How long the human let
// it ring is not in it.
func setupTotal(c *Call) (float64, bool) {
	ring, ok := c.Between(Scheduled, Ringing)
	heard, ok2 := c.Between(Answered, FirstPlayed)
	return (ring + max(0, heard)).Float(), ok && ok2
}

func whenDue(f func(*Direction) float64) func(*Direction) (float64, bool) {
	return func(d *Direction) (float64, bool) { return f(d), d.Frames.Due > 0 }
}

func ratio(n, of int) (float64, bool) { return float64(n) / float64(max(1, of)), of > 0 }

var definitions = []definition{
	{name: "calls.placed", about: "calls that were scheduled", unit: UnitCount, better: Higher, value: func(r *Run) (float64, bool) { return float64(r.Counts.Placed), true }},
	{name: "calls.answered", about: "calls in which both sides heard the other", unit: UnitCount, better: Higher, value: func(r *Run) (float64, bool) { return float64(r.Counts.Answered), true }},
	{name: "calls.failed", about: "calls that did not end as intended", unit: UnitCount, better: Lower, value: func(r *Run) (float64, bool) { return float64(r.Counts.Failed), true }},
	{name: "setup.success_rate", about: "calls that ended as intended, of those placed", unit: UnitRatio, better: Higher, value: func(r *Run) (float64, bool) { return ratio(r.Counts.AsMeant, r.Counts.Placed) }},
	{name: "setup.total", about: "scheduled until ringing, and accepted until heard, together: all waiting but the human's", unit: UnitMillis, better: Lower, perCall: setupTotal},
	{name: "setup.press_to_ring", about: "scheduled until the other phone rings and the caller's knows it", unit: UnitMillis, better: Lower, perCall: phases(Scheduled, Ringing)},
	{name: "setup.accept_to_audio", about: "press of accept until both sides have played the first frame of the other", unit: UnitMillis, better: Lower, perCall: phases(Answered, FirstPlayed)},
	{name: "setup.lag", about: "scheduled until the simulator began the call: its own lateness", unit: UnitMillis, better: Lower, perCall: phases(Scheduled, Started)},
	{name: "setup.signaling", about: "begun until the caller's server knows the device", unit: UnitMillis, better: Lower, perCall: phases(Started, Authed)},
	{name: "setup.keys", about: "then until the callee's keys are there", unit: UnitMillis, better: Lower, perCall: phases(Authed, Keys)},
	{name: "setup.offer", about: "keys until the offer is out", unit: UnitMillis, better: Lower, perCall: phases(Keys, OfferSent)},
	{name: "setup.ring", about: "offer out until it rings", unit: UnitMillis, better: Lower, perCall: phases(OfferSent, Ringing)},
	{name: "setup.turn", about: "begun until a relay is allocated", unit: UnitMillis, better: Lower, perCall: phases(Started, Allocated)},
	{name: "setup.ice", about: "accepted until a path is nominated", unit: UnitMillis, better: Lower, perCall: phases(Answered, Nominated)},
	{name: "setup.dtls", about: "path nominated until DTLS is done", unit: UnitMillis, better: Lower, perCall: phases(Nominated, DTLSDone)},
	{name: "setup.first_audio", about: "DTLS done until the first frame is played", unit: UnitMillis, better: Lower, perCall: phases(DTLSDone, FirstPlayed)},
	{name: "setup.clipped", about: "speech lost at the beginning of a call", unit: UnitMillis, better: Lower, perCall: func(c *Call) (float64, bool) { return c.Clipped.Float(), c.Outcome == OutcomeAnswered }},
	{name: "media.mos_fb", about: "MOS_CQEF of each direction", unit: UnitMOS, better: Higher, perDirection: whenDue(func(d *Direction) float64 { return d.MOS })},
	{name: "media.r_fb", about: "R of each direction, fullband scale", unit: UnitR, better: Higher, perDirection: whenDue(func(d *Direction) float64 { return d.R })},
	{name: "media.mouth_to_ear", about: "from mouth to ear, every frame", unit: UnitMillis, better: Lower, merge: func(d *Direction) Distribution { return d.MouthToEar }},
	{name: "media.one_way", about: "delay of the network, every packet", unit: UnitMillis, better: Lower, merge: func(d *Direction) Distribution { return d.OneWay }},
	{name: "media.longest_gap", about: "the longest silence of each direction that nobody meant", unit: UnitMillis, better: Lower, perDirection: whenDue(func(d *Direction) float64 { return d.LongestGap.Float() })},
	{name: "media.concealed", about: "frames that were made up, of those due, by direction", unit: UnitRatio, better: Lower, perDirection: whenDue(func(d *Direction) float64 { return float64(d.Frames.Concealed) / float64(d.Frames.Due) })},
	{name: "media.lost_ratio", about: "frames that were lost or late, of those due in all calls", unit: UnitRatio, better: Lower, value: func(r *Run) (float64, bool) { return ratio(r.Frames.Lost(), r.Frames.Due) }},
	{name: "media.burst_ratio", about: "how bursty the concealed frames were: 1 is random", unit: UnitNumber, better: Lower, perDirection: whenDue(func(d *Direction) float64 { return d.BurstR })},
	{name: "media.stoi", about: "intelligibility of each direction against what was spoken", unit: UnitSTOI, better: Higher, perDirection: func(d *Direction) (float64, bool) {
		if d.STOI == nil {
			return 0, false
		}
		return *d.STOI, true
	}},
	{name: "recovery.failed", about: "calls that a fault ended", unit: UnitCount, better: Lower, value: func(r *Run) (float64, bool) { return float64(r.unrecovered()), len(r.Faults) > 0 }},
	{name: "e2ee.plaintext_seen", about: "packets and envelopes that held what they must not", unit: UnitCount, better: Lower, value: watched(func(p Privacy) float64 { return float64(p.PlaintextSeen) })},
	{name: "e2ee.attacks_open", about: "tries of malicious servers and relays that did not fail closed", unit: UnitCount, better: Lower, value: (*Run).attacksOpen},
	{name: "privacy.distinct_packet_sizes", about: "sizes of voice packets: the most in any direction", unit: UnitCount, better: Lower, value: watched(func(p Privacy) float64 { return float64(p.DistinctSizes) })},
	{name: "privacy.addresses_seen", about: "packets that told a phone the other's address", unit: UnitCount, better: Lower, value: watched(func(p Privacy) float64 { return float64(p.AddressesSeen) })},
	{name: "privacy.envelope_sizes", about: "sizes of envelopes", unit: UnitCount, better: Lower, value: func(r *Run) (float64, bool) { return float64(len(r.Privacy.EnvelopeSizes)), r.Privacy.Envelopes > 0 }},
	{name: "privacy.size_bits", about: "what the size of a packet tells about whether its sender spoke, by direction", unit: UnitBits, better: Lower, perDirection: wire(func(w Wire) float64 { return w.SizeBits })},
	{name: "privacy.interval_bits", about: "what the time between packets tells about it, by direction", unit: UnitBits, better: Lower, perDirection: wire(func(w Wire) float64 { return w.IntervalBits })},
	{name: "privacy.entropy", about: "bits in a byte of a payload, by direction: 8 is noise", unit: UnitBits, better: Higher, perDirection: func(d *Direction) (float64, bool) { return d.Wire.Entropy, d.Wire.Entropy > 0 }},
	{name: "privacy.server_bytes", about: "what signaling learns in the clear, bytes per call", unit: UnitBytes, better: Lower, value: watched(func(p Privacy) float64 { return p.ServerBytes })},
	{name: "privacy.relay_bytes", about: "what the relay learns in the clear, bytes per call", unit: UnitBytes, better: Lower, value: watched(func(p Privacy) float64 { return p.RelayBytes })},
	{name: "validity.score", about: "1: the simulator got in nobody's way", unit: UnitRatio, better: Higher, value: func(r *Run) (float64, bool) { return r.Generator.Score, true }},
	{name: "server.cpu_per_call", about: "milliseconds of processor that the system under test spent per call", unit: UnitMillis, better: Lower, value: (*Run).serverCPU},
	{name: "relay.cpu_per_packet", about: "microseconds of processor per packet that the relay took in", unit: UnitMicros, better: Lower, value: (*Run).relayCPU},
	{name: "relay.drops", about: "packets that the relay dropped", unit: UnitCount, better: Lower, value: (*Run).relayDrops},
}

func watched(f func(Privacy) float64) func(*Run) (float64, bool) {
	return func(r *Run) (float64, bool) { return f(r.Privacy), r.Privacy.Observer != "" }
}

func wire(f func(Wire) float64) func(*Direction) (float64, bool) {
	return func(d *Direction) (float64, bool) { return f(d.Wire), len(d.Wire.Sizes) > 0 }
}

// RecoveryMetric is the name of the metric for what a call had to get over: recovery.after_relay_kill for relay.kill.
func RecoveryMetric(after string) string {
	return "recovery.after_" + strings.ReplaceAll(after, ".", "_")
}

// About is what a metric means, if it is known.
func About(name string) (string, bool) {
	if after, ok := strings.CutPrefix(name, "recovery.after_"); ok {
		return "from " + after + " until both sides heard again", true
	}
	for _, d := range definitions {
		if d.name == name {
			return d.about, true
		}
	}
	return "", false
}

// Metrics are the names of all metrics that every run can have.
func Metrics() (names []string) {
	for _, d := range definitions {
		names = append(names, d.name)
	}
	return names
}
