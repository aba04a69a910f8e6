package result

// Version is that of the files. It grows when a key goes away or changes its meaning; keys may be added without that. Version 1
// was the single JSON of quick.
const Version = 2

// Engine is what moved the packets.
type Engine string

// The engines.
const (
	Virtual Engine = "virtual" // in memory, in virtual time: the same seed is the same run
	Real    Engine = "real"    // sockets
)

// Endpoint is what placed the calls.
type Endpoint string

// The endpoints.
const (
	Full  Endpoint = "full"  // the library that apps import
	Light Endpoint = "light" // its own TURN, SRTP and frame encryption, thousands a core
)

// Run is a run. An engine fills the first part, [Run.Finish] the second.
type Run struct {
	Version  int      `json:"version"`
	Tool     string   `json:"tool"`
	Scenario string   `json:"scenario"`
	Seed     uint64   `json:"seed"`
	Engine   Engine   `json:"engine"`
	Endpoint Endpoint `json:"endpoint"`
	// Target is what was called through: embedded, or given by the person who ran it. Its URL is not kept.
	Target Target `json:"target"`
	Audio  Audio  `json:"audio"`
	// JitterBuffer is what scored the playout: phone (what the phone did), neteq, fixed:60ms, oracle.
	JitterBuffer string `json:"jitter_buffer"`
	// Duration is from the first scheduled call to the last end, on the engine's clock.
	Duration Millis `json:"duration_ms"`
	// Config is the scenario in full, as YAML.
	Config string `json:"config,omitempty"`
	// Reproduce is the command line that does it again.
	Reproduce   string    `json:"reproduce"`
	Interrupted bool      `json:"interrupted,omitempty"`
	Unreachable string    `json:"unreachable,omitempty"` // why nothing could be measured at all
	Load        Load      `json:"load"`
	Faults      []Fault   `json:"faults"`
	Generator   Generator `json:"generator"`
	Server      []Process `json:"server"` // signaling, relay, or both in one
	Privacy     Privacy   `json:"privacy"`

	Counts     Counts            `json:"counts"`
	Metrics    map[string]Metric `json:"metrics"`
	Profiles   []ProfileResult   `json:"profiles"`
	Budget     Budget            `json:"r_lost_mean"`
	Frames     Frames            `json:"frames"`
	Thresholds []Threshold       `json:"thresholds"`
	Verdict    Verdict           `json:"verdict"`
	Exit       int               `json:"exit_code"`

	// Stamp is all that two runs of one seed may differ in.
	Stamp Stamp `json:"stamp"`

	Calls  []Call   `json:"-"`
	Events []Event  `json:"-"`
	Series []Second `json:"-"`
}

// Target is the system under test.
type Target struct {
	Server  string `json:"server"`  // embedded or given
	Policy  string `json:"policy"`  // relay: what is allowed as a path
	Version string `json:"version"` // of the server, if it says so
}

// Audio is what is spoken and how it is coded.
type Audio struct {
	Source   string  `json:"source"` // synthetic, file or none
	Codec    string  `json:"codec"`
	Bitrate  int     `json:"bitrate"` // bit/s
	Constant bool    `json:"cbr"`
	FrameMs  float64 `json:"ptime_ms"`
	FEC      bool    `json:"fec"`
	DTX      bool    `json:"dtx"`
	DeviceMs float64 `json:"device_delay_ms"` // of microphone and speaker: added to mouth-to-ear
	Encoder  string  `json:"encoder"`         // shared or own
	Ceiling  float64 `json:"mos_cqef_ceiling"`
}

// Load is what was asked of the system.
type Load struct {
	Model         string  `json:"model"`    // open or closed
	Arrivals      string  `json:"arrivals"` // constant, poisson, mmpp, trace
	PerSecond     float64 `json:"per_second"`
	MeanTalk      Millis  `json:"mean_talk_ms"`
	MaxConcurrent int     `json:"max_concurrent"`
}

// Fault is what was done to the system.
type Fault struct {
	At       Millis `json:"at_ms"`
	Do       string `json:"do"` // relay.kill, signaling.restart, ...
	Index    int    `json:"index"`
	For      Millis `json:"for_ms"`
	Affected int    `json:"affected"` // calls
	// Recovered is how many of them heard each other again.
	Recovered int          `json:"recovered"`
	Took      Distribution `json:"took_ms"`
}

// Process is what a process of the system under test used.
type Process struct {
	Name        string  `json:"name"` // signaling, relay, taciturnd
	CPUSeconds  float64 `json:"cpu_seconds"`
	PeakRSS     uint64  `json:"peak_rss_bytes"`
	Packets     uint64  `json:"packets"`
	Bytes       uint64  `json:"bytes"`
	Drops       uint64  `json:"drops"`
	Sockets     int     `json:"sockets"`
	Goroutines  int     `json:"goroutines"`
	Allocations uint64  `json:"allocations"` // of the relay
	Requests    uint64  `json:"requests"`    // to signaling
}

// Privacy is what those who must not know could see.
type Privacy struct {
	Observer      string `json:"observer"` // relay, phone or network: whose sockets were watched; empty: nobody watched
	VoicePackets  uint64 `json:"voice_packets"`
	PlaintextSeen uint64 `json:"plaintext_seen"` // packets and envelopes that held what they must not
	// DistinctSizes is the largest number of sizes of voice packets in any direction of any call.
	DistinctSizes int    `json:"distinct_packet_sizes"`
	PacketSizes   []int  `json:"packet_sizes"`
	EnvelopeSizes []int  `json:"envelope_sizes"`
	Envelopes     uint64 `json:"envelopes"`
	// ServerBytes and RelayBytes are what each learns in the clear, per call: request lines, headers and bodies that are not
	// sealed, STUN attributes. ServerItems and RelayItems name the kinds.
	ServerBytes float64  `json:"server_bytes_per_call"`
	RelayBytes  float64  `json:"relay_bytes_per_call"`
	ServerItems []string `json:"server_learns"`
	RelayItems  []string `json:"relay_learns"`
	// AddressesSeen counts packets to a phone that carried the address of the other side.
	AddressesSeen uint64 `json:"addresses_seen"`
	// Attacks are malicious servers and relays that the run played.
	Attacks []Attack `json:"attacks"`
}

// Attack is one active adversary and what the phones did about it.
type Attack struct {
	Name       string `json:"name"`
	Tries      int    `json:"tries"`
	FailClosed int    `json:"fail_closed"` // ended or ignored as they should have
	Took       Millis `json:"took_ms"`     // the slowest, until it had failed closed
}

// Stamp is when, where and how long.
type Stamp struct {
	Started     string  `json:"started"` // RFC 3339, UTC
	WallSeconds float64 `json:"wall_seconds"`
	CPUSeconds  float64 `json:"cpu_seconds"` // of the simulator, with what it embeds
	Host        Host    `json:"host"`
}

// Event is something that happened in the run.
type Event struct {
	At   Millis `json:"at_ms"`
	Call string `json:"call,omitempty"` // empty: to the run
	Side Side   `json:"side,omitempty"`
	What string `json:"what"` // scheduled, ringing, mute, switch_network, relay.kill, recovered, ended, ...
	Note string `json:"note,omitempty"`
}

// Second is one row of the series.
type Second struct {
	At        int     `json:"at_s"` // the second that begins then
	Scheduled int     `json:"scheduled"`
	Started   int     `json:"started"`
	Answered  int     `json:"answered"`
	Failed    int     `json:"failed"`
	Ended     int     `json:"ended"`
	Active    int     `json:"active"` // talking at its end
	Due       int     `json:"due"`
	Lost      int     `json:"lost"`
	Concealed int     `json:"concealed"`
	R         float64 `json:"r"` // mean over directions that had frames due; 0 if none had
	ServerCPU float64 `json:"server_cpu"`
	RelayPPS  float64 `json:"relay_pps"`
	RelayMbit float64 `json:"relay_mbit"`
	GenCPU    float64 `json:"generator_cpu"`
	PacerMs   float64 `json:"pacer_p99_ms"`
}
