package real

import (
	"time"

	"github.com/taciturn-voice/taciturn/cmd/callsim/light"
	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
	"github.com/taciturn-voice/taciturn/cmd/callsim/scenario"
	"github.com/taciturn-voice/taciturn/cmd/callsim/trace"
)

func intended(o scenario.Outcome) result.Outcome {
	switch o {
	case scenario.NoAnswer:
		return result.OutcomeNoAnswer
	case scenario.Rejected:
		return result.OutcomeDeclined
	case scenario.Busy:
		return result.OutcomeBusy
	}
	return result.OutcomeAnswered
}

// failures are light's steps in the words of results.
var failures = map[light.Failure]result.Failure{
	light.FailedCredentials: result.FailTURNRefused, light.FailedDirectory: result.FailKeys, light.FailedAllocation: result.FailAllocate,
	light.FailedQueue: result.FailSignaling, light.FailedOffer: result.FailOffer, light.FailedRing: result.FailRing,
	light.FailedAnswer: result.FailRing, light.FailedChannel: result.FailTURNRefused, light.FailedPath: result.FailICE,
	light.FailedKeys: result.FailHandshake, light.FailedVoice: result.FailNoAudio,
}

// fill says what became of a call. There is no DTLS, so its phase is left out, and a frame counts as played when it arrives.
func (r *run) fill(call *result.Call, o *light.Outcome) {
	t := &o.Times
	for phase, at := range map[result.Phase]time.Time{
		result.Started: t.Started, result.Authed: t.Credentials, result.Allocated: t.Allocated, result.OfferSent: t.Offered, result.Ringing: t.Ringing,
		result.Answered: t.Accepted, result.Nominated: t.Path, result.FirstSRTP: latest(t.CallerHears, t.CalleeHears),
		result.FirstPlayed: latest(t.CallerHears, t.CalleeHears), result.Ended: t.HungUp,
	} {
		if !at.IsZero() {
			call.Mark(phase, result.Since(r.started, at))
		}
	}
	call.Mark(result.Ended, result.Since(r.started, time.Now()))
	switch o.Result {
	case light.ResultTalked:
		call.Outcome = result.OutcomeAnswered
	case light.ResultDeclined:
		call.Outcome = result.OutcomeDeclined
	case light.ResultBusy:
		call.Outcome = result.OutcomeBusy
	case light.ResultNoAnswer:
		call.Outcome = result.OutcomeNoAnswer
	case light.ResultInterrupted:
		call.Outcome = result.OutcomeUnplaced
	case light.ResultMediaLost:
		call.Outcome, call.Failure = result.OutcomeFailed, result.FailMediaLost
	default:
		call.Outcome, call.Failure = result.OutcomeFailed, result.FailUnknown
		if f, ok := failures[o.Failure]; ok {
			call.Failure = f
		}
	}
	call.Talk = result.Millis(o.Talked())
	if call.Outcome != result.OutcomeAnswered || !r.traced {
		return
	}
	shift := r.engine.Epoch().Sub(r.started)
	until := t.HungUp.Sub(r.engine.Epoch())
	for _, d := range []struct {
		from    result.Side
		flights []light.Flight
	}{{result.Caller, o.CallerVoice}, {result.Callee, o.CalleeVoice}} {
		if dir, err := trace.Score(trace.Config{}, d.from, packets(d.flights, until, shift)); err == nil {
			call.Directions = append(call.Directions, dir)
		}
	}
}

func latest(a, b time.Time) time.Time {
	if a.IsZero() || b.IsZero() {
		return time.Time{}
	}
	if a.After(b) {
		return a
	}
	return b
}

// packets are the frames between the first that was heard and the hang-up: before, the other side had no keys, and after it
// nobody listens. What did not arrive was lost by the network: the relay's part of it is not known here.
func packets(flights []light.Flight, until, shift time.Duration) (all []trace.Packet) {
	for _, f := range flights {
		if len(all) == 0 && f.Arrived < 0 {
			continue
		}
		if f.Sent > until-time.Second && f.Arrived < 0 {
			break // on its way when the call ended
		}
		p := trace.Packet{Sent: f.Sent + shift, Bytes: packetBytes}
		if f.Arrived < 0 {
			p.Lost = trace.Network
		} else {
			p.Arrived = f.Arrived + shift
		}
		all = append(all, p)
	}
	return all
}

// packetBytes is a voice packet as it leaves.
const packetBytes = 148
