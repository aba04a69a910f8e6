package media

import "time"

// State is where a Conn is in its life.
type State uint8

// The states, in order. Disconnected may become Connected again.
const (
	StateNew          State = 1
	StateGathering    State = 2
	StateGathered     State = 3
	StateConnecting   State = 4
	StateConnected    State = 5
	StateDisconnected State = 6 // no packet for 3 s; ICE still tries
	StateDown         State = 7 // the path is gone for good
	StateClosed       State = 8
)

var stateNames = [...]string{"unset", "new", "gathering", "gathered", "connecting", "connected", "disconnected", "down", "closed"}

// String returns the state's name.
func (s State) String() string {
	if int(s) >= len(stateNames) {
		return stateNames[0]
	}

	return stateNames[s]
}

// Stats counts what happened on a Conn. Nothing in it names anybody.
type Stats struct {
	State State

	FramesSent     uint64 // given to the network
	FramesUnsent   uint64 // the network refused them; the call goes on
	FramesReceived uint64 // read or readable
	FramesOverrun  uint64 // oldest frames dropped because nobody read them

	PacketsForeign  uint64 // authenticated RTP that no phone of ours sends: extension, CSRC, padding, payload type, second SSRC
	PacketsDiscard  uint64 // SRTP that did not authenticate, came twice or broke the cryptex rule
	PacketsRTCP     uint64 // authenticated RTCP, ignored
	PacketsJunk     uint64 // datagrams on the relay's socket that did not come from it or make no sense
	PathsOpened     uint64 // allocations on relays
	RefusedRemotes  uint64 // peer's addresses that were not contacted
	LibraryErrors   uint64 // pion log lines at error level
	LibraryWarnings uint64 // and at warning level

	SetupTime time.Duration // Connect until connected; 0 before
	RoundTrip time.Duration // last measured on the selected path; 0 unknown
}
