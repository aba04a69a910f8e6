package calls

import (
	"time"

	"github.com/taciturn-voice/taciturn/calls/callstate"
)

// Result is how a call ended; every call has exactly one.
type Result = callstate.Result

// State is where a call stands, as a person would say it.
type State uint8

// A call goes through these in order and may skip to StateEnded from each.
const (
	StateUnset    State = iota
	StateDialing        // the caller pressed call; nothing has rung yet
	StateRinging        // it rings: at the callee, or for the caller because the callee's phone said so
	StateAccepted       // the callee pressed accept; the last keys are being agreed
	StateTalking        // both hold the voice key; microphones are open
	StateEnded
)

var stateNames = [...]string{"unset", "dialing", "ringing", "accepted", "talking", "ended"}

// String is lower case, one word.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// EventKind says which fields of an Event mean something.
type EventKind uint8

// The events of a call. Kinds may be added: ignore what you do not know.
const (
	EventState       EventKind = iota + 1 // State changed
	EventFirstVoice                       // the first frame of the other side was played
	EventPeerMuted                        // Muted says which way
	EventSourceEnded                      // the Source reached its end; silence is sent from now on
	EventVoiceAlarm                       // packets arrive that nobody could have sealed with this call's key; playback is muted
	EventPathLost                         // the other side has not been heard for a second; the call tries to get it back
	EventPathBack                         // and it is heard again
	EventQuality                          // Poor: the network is too bad for a good conversation; else: it is good again
	EventEnded                            // State is StateEnded and Result is set; the last event
)

var eventNames = [...]string{"unset", "state", "first-voice", "peer-muted", "source-ended", "voice-alarm", "path-lost", "path-back", "quality", "ended"}

// String is lower case with hyphens; it is the event's name in JSON output.
func (k EventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return "unknown"
}

// Event is one thing that happened in a call.
type Event struct {
	Kind   EventKind
	At     time.Time
	State  State
	Muted  bool
	Poor   bool
	Result Result
}
