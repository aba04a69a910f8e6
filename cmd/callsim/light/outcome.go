package light

import (
	"time"

	"github.com/taciturn-voice/taciturn/calls/netsim"
)

// Plan is what is to happen in one call.
type Plan struct {
	Scheduled time.Time     // when the press was due; zero: now
	Ring      time.Duration // from the offer's arrival until the callee's human answers
	Answer    Answer
	Talk      time.Duration // from the first moment that both hear
	// RingTimeout is how long the caller waits for an answer. 0: 30 s.
	RingTimeout time.Duration
	// Caller and Callee are the access links; nil: the network as it is. Seed decides their fate.
	Caller, Callee *netsim.Profile
	Seed           uint64
	// Trace keeps when each frame left and arrived: 16 bytes a frame.
	Trace bool
	// OnVoice is called when both sides hear each other; it must not block.
	OnVoice func()
}

// Answer is what the callee's human does.
type Answer uint8

// The zero value talks.
const (
	AnswerAccept  Answer = iota
	AnswerDecline        // presses reject after Plan.Ring
	AnswerBusy           // is in another call
	AnswerNothing        // lets it ring
)

// Result is how a call ended; the zero value is invalid.
type Result uint8

// Results. The first four are as planned.
const (
	ResultTalked Result = iota + 1
	ResultDeclined
	ResultBusy
	ResultNoAnswer
	ResultFailed      // see Outcome.Failure
	ResultMediaLost   // the path went silent while talking
	ResultInterrupted // the engine or the context ended
)

var resultNames = [...]string{"unset", "talked", "declined", "busy", "no-answer", "failed", "media-lost", "interrupted"}

// String is a word for reports.
func (r Result) String() string {
	if int(r) >= len(resultNames) {
		return resultNames[0]
	}
	return resultNames[r]
}

// Failure is the step at which a call failed; its text is a word for reports.
type Failure string

// The steps in the order of a call.
const (
	FailedCredentials Failure = "relay-credentials"
	FailedDirectory   Failure = "directory"
	FailedAllocation  Failure = "relay-allocation"
	FailedQueue       Failure = "queue"
	FailedOffer       Failure = "offer"
	FailedRing        Failure = "ring"
	FailedAnswer      Failure = "answer"
	FailedChannel     Failure = "relay-channel"
	FailedPath        Failure = "path"
	FailedKeys        Failure = "keys"
	FailedVoice       Failure = "first-voice"
)

// Times are when something happened; zero: it did not. All are of one clock.
type Times struct {
	Scheduled    time.Time // when the press was due
	Started      time.Time // when it was made
	Credentials  time.Time // the relay's, at the caller
	Allocated    time.Time // at the caller
	Offered      time.Time // the server took the offer
	Alerted      time.Time // the callee's device has opened it
	Ringing      time.Time // the caller knows
	Accepted     time.Time // pressed
	Confirmed    time.Time // the caller has sent CONFIRM and may speak
	Path         time.Time // both sides' ICE is done
	CallerHears  time.Time // first authentic frame
	CalleeHears  time.Time
	HungUp       time.Time // pressed
	Acknowledged time.Time // the other side knew
}

// Outcome is one call.
type Outcome struct {
	Result  Result
	Failure Failure
	Times   Times
	// Caller and Callee are how each heard the other.
	Caller, Callee         Reception
	CallerSent, CalleeSent uint64
	// CallerVoice and CalleeVoice are every frame that each side sent, if Plan.Trace asked for it.
	CallerVoice, CalleeVoice []Flight
}

// Flight is one frame; times are since the engine's beginning ([Engine.Epoch]). Arrived is negative if it did not.
type Flight struct{ Sent, Arrived time.Duration }

// Talked is for how long both could speak.
func (o *Outcome) Talked() time.Duration {
	if o.Times.Confirmed.IsZero() || o.Times.HungUp.IsZero() {
		return 0
	}
	return o.Times.HungUp.Sub(o.Times.Confirmed)
}
