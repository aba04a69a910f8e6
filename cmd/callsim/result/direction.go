package result

// Direction is the voice of one side, as the other heard it. Package trace computes all of it from a packet trace; an engine
// that knows better (what the phone's own playout did) overwrites.
type Direction struct {
	From  Side  `json:"from"`
	Stats Stats `json:"stats"`
	// Frames says what became of each frame that was due.
	Frames Frames `json:"frames"`
	// Ppl is the percentage of frames that were concealed, BurstR how bursty: the input of the E-model.
	Ppl    float64 `json:"ppl"`
	BurstR float64 `json:"burst_r"`
	// OneWay is the delay of the network, MouthToEar that with packetisation, codec and playout, frame by frame, in ms: exact,
	// since both ends have one clock.
	OneWay     Distribution `json:"one_way_ms"`
	MouthToEar Distribution `json:"mouth_to_ear_ms"`
	LongestGap Millis       `json:"longest_gap_ms"` // without a frame of the other side played
	R          float64      `json:"r"`
	MOS        float64      `json:"mos_cqef"`
	Budget     Budget       `json:"r_lost"`
	STOI       *float64     `json:"stoi,omitempty"`
	// Wire is what an observer of this direction's packets could measure.
	Wire    Wire       `json:"wire"`
	Seconds *PerSecond `json:"seconds,omitempty"`
	Trace   *Trace     `json:"trace,omitempty"` // of calls that are looked at
}

// Stats has the names and meanings of W3C webrtc-stats. Times are seconds, as there.
type Stats struct {
	PacketsSent                 uint64  `json:"packetsSent"`
	BytesSent                   uint64  `json:"bytesSent"`
	PacketsReceived             uint64  `json:"packetsReceived"`
	BytesReceived               uint64  `json:"bytesReceived"`
	PacketsLost                 int64   `json:"packetsLost"`
	PacketsDiscarded            uint64  `json:"packetsDiscarded"` // late
	Jitter                      float64 `json:"jitter"`
	RoundTripTime               float64 `json:"roundTripTime"`
	CurrentRoundTripTime        float64 `json:"currentRoundTripTime"`
	FECPacketsReceived          uint64  `json:"fecPacketsReceived"`
	FECPacketsDiscarded         uint64  `json:"fecPacketsDiscarded"`
	TotalSamplesReceived        uint64  `json:"totalSamplesReceived"`
	ConcealedSamples            uint64  `json:"concealedSamples"`
	SilentConcealedSamples      uint64  `json:"silentConcealedSamples"`
	ConcealmentEvents           uint64  `json:"concealmentEvents"`
	InsertedSamples             uint64  `json:"insertedSamplesForDeceleration"`
	RemovedSamples              uint64  `json:"removedSamplesForAcceleration"`
	JitterBufferDelay           float64 `json:"jitterBufferDelay"`
	JitterBufferTargetDelay     float64 `json:"jitterBufferTargetDelay"`
	JitterBufferEmittedCount    uint64  `json:"jitterBufferEmittedCount"`
	SelectedCandidatePairChange uint64  `json:"selectedCandidatePairChanges"`
}

// Frames counts frames of speech by what became of them. Due is the sum of all others but Recovered and Concealed: what was
// lost and recovered counts as lost where it was lost, and as recovered.
type Frames struct {
	Due       int `json:"due"`
	Played    int `json:"played"` // as they were spoken
	Network   int `json:"lost_network"`
	Late      int `json:"lost_late"`
	Relay     int `json:"lost_relay"`
	Generator int `json:"lost_generator"`
	Recovered int `json:"recovered"` // lost, and brought back by error correction
	Concealed int `json:"concealed"` // lost, and not brought back
}

// Lost is what was not there in time.
func (f Frames) Lost() int { return f.Network + f.Late + f.Relay + f.Generator }

// Add sums up.
func (f *Frames) Add(g Frames) {
	f.Due += g.Due
	f.Played += g.Played
	f.Network += g.Network
	f.Late += g.Late
	f.Relay += g.Relay
	f.Generator += g.Generator
	f.Recovered += g.Recovered
	f.Concealed += g.Concealed
}

// Budget are points of R by what cost them. The best R less all of them is R.
type Budget struct {
	Codec     float64 `json:"codec"`
	Network   float64 `json:"network"` // concealment, by where the frames were lost
	Late      float64 `json:"late"`
	Relay     float64 `json:"relay"`
	Generator float64 `json:"generator"`
	Delay     float64 `json:"delay"`
}

// Sum is all that was lost.
func (b Budget) Sum() float64 {
	return b.Codec + b.Network + b.Late + b.Relay + b.Generator + b.Delay
}

// Add sums up.
func (b *Budget) Add(c Budget) {
	b.Codec += c.Codec
	b.Network += c.Network
	b.Late += c.Late
	b.Relay += c.Relay
	b.Generator += c.Generator
	b.Delay += c.Delay
}

// Scale multiplies.
func (b Budget) Scale(f float64) Budget {
	return Budget{b.Codec * f, b.Network * f, b.Late * f, b.Relay * f, b.Generator * f, b.Delay * f}
}

// Wire is what the sizes and times of packets tell.
type Wire struct {
	Sizes map[int]uint64 `json:"sizes"` // bytes of UDP payload: how many packets
	// SizeBits and IntervalBits are the mutual information between whether the side spoke and what an observer saw, per packet,
	// corrected for bias: 0 tells nothing, 1 tells all.
	SizeBits     float64 `json:"size_bits"`
	IntervalBits float64 `json:"interval_bits"`
	// Entropy is of the payload's bytes: 8 is noise.
	Entropy float64 `json:"entropy_bits"`
	// Interval is between packets as they were sent, in ms.
	Interval Distribution `json:"interval_ms"`
}

// PerSecond is what became of a direction second by second, from the second First of the run on. All lists are equally long.
type PerSecond struct {
	First     int       `json:"first"`
	Due       []int     `json:"due"`
	Network   []int     `json:"lost_network"`
	Late      []int     `json:"lost_late"`
	Relay     []int     `json:"lost_relay"`
	Generator []int     `json:"lost_generator"`
	Recovered []int     `json:"recovered"`
	R         []float64 `json:"r"`
}

// Fate is what became of a packet, as a letter. A capital one: error correction brought it back.
type Fate byte

// The fates.
const (
	FatePlayed    Fate = 'p'
	FateNetwork   Fate = 'n' // lost on an access link or between
	FateLate      Fate = 'l' // came, but after its turn
	FateRelay     Fate = 'r' // reached the relay and did not leave it
	FateGenerator Fate = 'g' // the simulator did not send it in time, or its socket dropped it
)

// Recovered is the capital of f.
func (f Fate) Recovered() Fate { return f &^ ('a' - 'A') }

// Split is the small letter of f, and whether it was a capital.
func (f Fate) Split() (small Fate, recovered bool) { return f | ('a' - 'A'), f >= 'A' && f <= 'Z' }

// Trace is every packet of a direction, in columns of equal length.
type Trace struct {
	First  Millis `json:"first_ms"`  // when the first was sent, since the beginning of the run
	Sent   []int  `json:"sent_us"`   // microseconds since First
	Delay  []int  `json:"delay_us"`  // until it arrived; -1: never
	Bytes  []int  `json:"bytes"`     // of UDP payload
	Fates  string `json:"fates"`     // a letter each
	Speech string `json:"speech"`    // 1: the side spoke, 0: it did not; empty: not known
	Played []int  `json:"played_us"` // microseconds after it was sent; -1: not played
}
