package callstate

// Role is the side of a call. Its zero value is invalid.
type Role uint8

// The two roles.
const (
	Caller Role = 1
	Callee Role = 2
)

// State is where a call stands.
type State uint8

// The states, in the order of a call that succeeds.
const (
	StateNew        State = 0
	StatePreparing  State = 1 // caller: asking directory and relay
	StateDialing    State = 2 // caller: offers are out
	StateRinging    State = 3 // caller: some device has sent RING
	StateAlerting   State = 4 // callee: the human is being told
	StateAccepted   State = 5 // callee: the human has pressed, CONFIRM is awaited
	StateConnecting State = 6 // the keys exist, media is not up yet
	StateTalking    State = 7
	StateClosing    State = 8 // this side pressed hang-up, the other has not acknowledged yet
	StateLeaving    State = 9 // the other side pressed hang-up, acknowledging
	StateEnded      State = 10
	StateParked     State = 11 // callee: the offer waits, unheard, for what becomes of another call with its sender
)

var stateNames = [...]string{"new", "preparing", "dialing", "ringing", "alerting", "accepted", "connecting", "talking", "closing", "leaving", "ended", "parked"}

// String is one lower-case word.
func (s State) String() string {
	if int(s) >= len(stateNames) {
		return "unknown"
	}
	return stateNames[s]
}

// Result is how a call ended. Its zero value means that it has not.
type Result uint8

// The results.
const (
	ResultUnset       Result = 0
	HungUp            Result = 1 // after talking, or by the other side before
	Declined          Result = 2 // the callee's human said no
	Busy              Result = 3
	Unsupported       Result = 4 // no common way to talk
	OffHours          Result = 5
	NoAnswer          Result = 6 // it rang, or may have, and nobody accepted
	Unreachable       Result = 7 // no device of the callee took the offer
	Cancelled         Result = 8 // the caller gave up
	Missed            Result = 9 // the callee's human did not press in time
	ConnectFailed     Result = 10
	MediaLost         Result = 11
	AnsweredElsewhere Result = 12
	Failed            Result = 13 // before anything was sent
	Replaced          Result = 14 // the device at the other side has begun a new call, so this one was over there
)

var resultNames = [...]string{
	"unset", "hung-up", "declined", "busy", "unsupported", "off-hours", "no-answer", "unreachable", "cancelled", "missed",
	"connect-failed", "media-lost", "answered-elsewhere", "failed", "replaced",
}

// String is lower case with hyphens; it is the result's name in JSON output.
func (r Result) String() string {
	if int(r) >= len(resultNames) {
		return "unknown"
	}
	return resultNames[r]
}
