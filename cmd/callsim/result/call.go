package result

import "fmt"

// Side is one of the two people in a call.
type Side string

// The sides.
const (
	Caller Side = "caller"
	Callee Side = "callee"
)

// Other is the side that hears this one.
func (s Side) Other() Side {
	if s == Caller {
		return Callee
	}
	return Caller
}

// Sides is something that each side has of its own.
type Sides struct {
	Caller string `json:"caller"`
	Callee string `json:"callee"`
}

// Of is the one of that side.
func (s Sides) Of(side Side) string {
	if side == Caller {
		return s.Caller
	}
	return s.Callee
}

// Phase is a step of setting a call up.
type Phase string

// The phases, in the order of a call that succeeds. Media phases are those of the side that came last.
const (
	Scheduled   Phase = "scheduled"           // when the load model wanted it
	Started     Phase = "started"             // when the simulator began
	Connected   Phase = "signaling_connected" // transport to the caller's server is open
	Authed      Phase = "authenticated"       // the caller's server knows its device
	Keys        Phase = "keys"                // the callee's keys are there, an E2EE session can begin
	OfferSent   Phase = "offer_sent"
	Ringing     Phase = "ringing"   // it rings at the callee, and the caller knows
	Answered    Phase = "answered"  // the callee's human has pressed
	Candidate   Phase = "candidate" // the first candidate for a path
	Allocated   Phase = "turn_allocated"
	Nominated   Phase = "ice_nominated"
	DTLSDone    Phase = "dtls_done"
	FirstSRTP   Phase = "first_srtp"   // decrypted
	FirstPlayed Phase = "first_played" // the first frame of speech played, on the side that waited longer
	Ended       Phase = "ended"
)

// Phases lists all of them in order.
var Phases = []Phase{Scheduled, Started, Connected, Authed, Keys, OfferSent, Ringing, Answered, Candidate, Allocated, Nominated, DTLSDone, FirstSRTP, FirstPlayed, Ended}

// Outcome is what became of a call, or was to become.
type Outcome string

// The outcomes.
const (
	OutcomeAnswered  Outcome = "answered" // both heard the other
	OutcomeNoAnswer  Outcome = "no_answer"
	OutcomeBusy      Outcome = "busy"
	OutcomeDeclined  Outcome = "declined"
	OutcomeCancelled Outcome = "cancelled"
	OutcomeRefused   Outcome = "refused" // by a quota or a policy of the service
	OutcomeFailed    Outcome = "failed"
	OutcomeUnplaced  Outcome = "unplaced" // the run ended, or the simulator could not even begin
)

// Failure is why a call failed: a closed set, so that reports can count.
type Failure string

// The failures.
const (
	FailSignaling    Failure = "signaling_unreachable"
	FailAuth         Failure = "authentication_failed"
	FailKeys         Failure = "keys_failed" // no key material of the callee, or it does not verify
	FailOffer        Failure = "offer_undelivered"
	FailRing         Failure = "ring_timeout"
	FailHandshake    Failure = "handshake_timeout" // accepted, but the last keys did not come
	FailAllocate     Failure = "turn_allocate_timeout"
	FailTURNRefused  Failure = "turn_refused"
	FailICE          Failure = "ice_failed"
	FailDTLS         Failure = "dtls_failed"
	FailNoAudio      Failure = "no_audio"   // connected, and one side never heard anything
	FailMediaLost    Failure = "media_lost" // was talking, and did not come back
	FailAlarm        Failure = "alarm"      // a phone refused what it was offered: changed keys, unauthentic voice
	FailWrongOutcome Failure = "wrong_outcome"
	FailGenerator    Failure = "generator" // ports, memory or time of the simulator
	FailUnknown      Failure = "unknown"
)

// Call is one call. Engines fill it; nothing in it names anybody.
type Call struct {
	Number   int     `json:"number"` // from 1, in the order of scheduling
	ID       string  `json:"id"`     // [CallID] of it
	Mix      string  `json:"mix"`    // the name of its entry in the scenario
	Seed     uint64  `json:"seed"`   // of this call alone: replay needs it
	Profiles Sides   `json:"profiles"`
	NATs     Sides   `json:"nats"`
	Intended Outcome `json:"intended"`
	Outcome  Outcome `json:"outcome"`
	Failure  Failure `json:"failure,omitempty"`
	// Phases that were reached, since the beginning of the run.
	Phases map[Phase]Millis `json:"phases"`
	Talk   Millis           `json:"talk_ms"` // both could talk
	// Clipped is how much speech was lost between the press of accept and the first frame played, on the side that lost more.
	Clipped    Millis      `json:"clipped_ms"`
	Directions []Direction `json:"directions,omitempty"` // of the caller's voice and of the callee's
	Recoveries []Recovery  `json:"recoveries,omitempty"`
	// Ladder is who sent what when, for calls that are looked at.
	Ladder []Message `json:"ladder,omitempty"`
	// Audio are files in the run's folder: synthetic speech only.
	Audio []Clip `json:"audio,omitempty"`
}

// CallID is how a call is named everywhere: c-0713.
func CallID(number int) string { return fmt.Sprintf("c-%04d", number) }

// Met says whether what became of the call is what was intended.
func (c *Call) Met() bool { return c.Outcome == c.Intended && c.Failure == "" }

// Between is the time from one phase to another, if both were reached.
func (c *Call) Between(from, to Phase) (Millis, bool) {
	a, ok := c.Phases[from]
	b, ok2 := c.Phases[to]
	return b - a, ok && ok2
}

// Mark sets a phase, unless it was reached before.
func (c *Call) Mark(p Phase, at Millis) {
	if c.Phases == nil {
		c.Phases = make(map[Phase]Millis)
	}
	if _, ok := c.Phases[p]; !ok {
		c.Phases[p] = at
	}
}

// Recovery is how a call got over something.
type Recovery struct {
	After     string `json:"after"` // relay.kill, switch_network, ...
	At        Millis `json:"at_ms"`
	Recovered bool   `json:"recovered"`
	Took      Millis `json:"took_ms"` // from At until both heard again
}

// Message is one line of a ladder diagram.
type Message struct {
	At    Millis `json:"at_ms"`
	From  string `json:"from"` // caller, callee, signaling, relay
	To    string `json:"to"`
	What  string `json:"what"` // OFFER, Allocate, ClientHello, ...
	Bytes int    `json:"bytes"`
	Lost  bool   `json:"lost,omitempty"`
}

// Clip is a recording of one direction.
type Clip struct {
	From Side   `json:"from"`
	What string `json:"what"` // spoken or heard
	File string `json:"file"` // beside run.json
}

// WorstR is the R of the direction that had it worse. A call that failed has 0, one that was never to be heard the best there is.
func (c *Call) WorstR() float64 {
	const best = 148
	if !c.Met() {
		return 0
	}
	worst := float64(best)
	for i := range c.Directions {
		if c.Directions[i].Frames.Due > 0 {
			worst = min(worst, c.Directions[i].R)
		}
	}
	return worst
}
