package scenario

import (
	"time"
)

// Version is that of the format.
const Version = 1

// Scenario is a file, checked, with every default in place.
type Scenario struct {
	Name       string
	Note       string
	Seed       uint64
	Engine     Engine
	Endpoint   Endpoint
	Target     Target
	Load       Load
	Calls      []Mix // at least one
	Audio      Audio
	Network    Network
	Faults     []Fault     // in order of time
	Thresholds []Threshold // in the order of the file
}

// Engine is what carries the calls out.
type Engine string

// The engines.
const (
	Virtual Engine = "virtual" // everything in one process and in virtual time
	Real    Engine = "real"    // sockets
)

// Endpoint is what a simulated phone is made of.
type Endpoint string

// The endpoints.
const (
	Full  Endpoint = "full"  // package calls
	Light Endpoint = "light" // a relay client with SRTP and frame encryption, thousands of them
)

// Embedded is the signaling target that callsim brings itself.
const Embedded = "embedded"

// Target is where the calls go.
type Target struct {
	Signaling string // Embedded or a URL
	Relays    int    // of the embedded service
}

// Load is when calls begin.
type Load struct {
	Closed        bool
	Arrivals      Arrivals      // of an open model
	Stages        []Stage       // of an open model; at least one, but for a trace
	Calls         int           // at most; zero: as many as arrive
	MaxConcurrent int           // zero: any number
	Users         int           // of a closed model
	Pause         Dist          // of a closed model: between two calls of a user
	For           time.Duration // of a closed model: no call begins later
}

// Process is how arrivals are spaced.
type Process string

// The processes.
const (
	Constant Process = "constant"
	Poisson  Process = "poisson"
	MMPP     Process = "mmpp" // Markov-modulated Poisson: it changes between rates
	Trace    Process = "trace"
)

// Arrivals is an arrival process. Rates are per second.
type Arrivals struct {
	Process Process
	Rate    float64         // of Constant and Poisson
	Rates   []float64       // of MMPP
	Stays   []time.Duration // of MMPP: the mean time at each rate
	Times   []time.Duration // of Trace, since the start
}

// StageKind is what a stage does with the rate.
type StageKind string

// The kinds of stages.
const (
	Ramp  StageKind = "ramp_to"
	Hold  StageKind = "hold"
	Spike StageKind = "spike"
	Drain StageKind = "drain"
)

// Stage is a piece of the load.
type Stage struct {
	Kind StageKind
	Rate float64 // of Ramp and Spike, per second
	For  time.Duration
}

// Outcome is what the people of a call intend.
type Outcome string

// The outcomes.
const (
	Answered  Outcome = "answered"
	NoAnswer  Outcome = "no_answer" // nobody takes it, until the caller's phone gives up or RingTimeout
	Rejected  Outcome = "rejected"
	Busy      Outcome = "busy"      // the callee talks with somebody else
	Cancelled Outcome = "cancelled" // the caller hangs up while it rings
)

// Mix is one kind of call.
type Mix struct {
	Name        string
	Weight      float64
	Outcome     Outcome
	Duration    Dist          // of talking
	Ring        Dist          // until the callee's human presses something
	RingTimeout time.Duration // until the caller's human gives up; zero: they wait for the phone to do so
	Events      []Event       // in order of time
	// Caller and Callee replace the network's.
	Caller, Callee *Pick
}

// Action is what happens in a call.
type Action string

// The actions.
const (
	SwitchNetwork Action = "switch_network" // to another access network, with another address
	Mute          Action = "mute"
	Offline       Action = "offline" // no network at all for a while
)

// Side is who an event is about.
type Side string

// The sides.
const (
	Caller Side = "caller"
	Callee Side = "callee"
)

// Event is something that happens in a call, at a time since both talk.
type Event struct {
	At      time.Duration
	Do      Action
	For     time.Duration // of Mute and Offline
	Who     Side
	To      string        // of SwitchNetwork: a profile
	Overlap time.Duration // of SwitchNetwork: both networks work for so long; negative: none does
}

// Source is what phones say.
type Source string

// The sources.
const (
	Synthetic Source = "synthetic" // the speech that is built in, over and over
	Silence   Source = "silence"
)

// Audio is what is spoken, and whether it is compared with what is heard.
type Audio struct {
	Source Source
	// Score compares the first half minute of each direction with what was spoken (STOI), which costs decoding it.
	Score bool
}

// Network is what is between the phones.
type Network struct {
	Between time.Duration // one way, from one access network to another
	Caller  Pick          // of profiles
	Callee  Pick
	NAT     Pick // of NATs, see NATs; those of a profile go first
}

// Perfect is the name of the access link that does nothing, and None that of no NAT.
const (
	Perfect = "perfect"
	None    = "none"
)

// FaultKind is what breaks, or is mended.
type FaultKind string

// The faults. A kill is sudden: connections and allocations are lost. A partition lets nothing pass for a while.
const (
	RelayKill          FaultKind = "relay.kill"
	RelayRestart       FaultKind = "relay.restart"
	RelayDrain         FaultKind = "relay.drain"
	RelayPartition     FaultKind = "relay.partition"
	SignalingKill      FaultKind = "signaling.kill"
	SignalingRestart   FaultKind = "signaling.restart"
	SignalingPartition FaultKind = "signaling.partition"
)

// Fault is something that happens to the service, at a time since the start.
type Fault struct {
	At    time.Duration
	Do    FaultKind
	Index int           // of the relay
	For   time.Duration // of a partition
}

// Threshold is a metric and what is wanted of it, like "p95 < 1s". What it means is package result's affair.
type Threshold struct {
	Metric string
	Want   string
	Line   int // in the file; zero if it comes from elsewhere
}
