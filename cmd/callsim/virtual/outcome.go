package virtual

import (
	"errors"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/callstate"
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
	case scenario.Cancelled:
		return result.OutcomeCancelled
	}
	return result.OutcomeAnswered
}

// interrupted is from how long a silence on something has interrupted a call.
const interrupted = 200 * time.Millisecond

// result says what became of the call.
func (c *call) result(err error) result.Call {
	out := begin(c.plan)
	out.Mark(result.Started, c.wire.since(c.press))
	var caller, callee calls.Times
	var ends [2]callstate.Result
	if c.legs[0] != nil {
		caller, ends[0] = c.legs[0].Times(), c.legs[0].Result()
	}
	if c.legs[1] != nil {
		callee, ends[1] = c.legs[1].Times(), c.legs[1].Result()
	}
	heard := latest(caller.FirstVoice, callee.FirstVoice)
	until := c.hungUp
	if until.IsZero() {
		until = caller.Ended
	}
	for phase, at := range map[result.Phase]time.Time{
		result.Ringing: caller.Ringing, result.Answered: callee.Accepted, result.FirstPlayed: heard, result.Ended: until,
		result.Allocated: latest(c.wire.allocated[0], c.wire.allocated[1]), result.FirstSRTP: latest(c.wire.arrived(0), c.wire.arrived(1)),
	} {
		if !at.IsZero() {
			out.Mark(phase, c.wire.since(at))
		}
	}
	out.Mark(result.Ended, c.wire.since(c.press))
	out.Outcome, out.Failure = c.outcome(err, ends, !heard.IsZero())
	if heard.IsZero() || until.Before(heard) {
		return out
	}
	out.Talk = result.Since(latest(caller.Talking, callee.Talking), until)
	for i, side := range []result.Side{result.Caller, result.Callee} {
		if dir, err := trace.Score(trace.Config{}, side, c.wire.packets(i, until)); err == nil {
			out.Directions = append(out.Directions, dir)
		}
	}
	for _, h := range c.happened {
		if h.at.Before(heard) || !h.at.Before(until.Add(-interrupted)) {
			continue
		}
		if took, ok := c.wire.heardAgain(h.at); !ok || took >= interrupted {
			out.Recoveries = append(out.Recoveries, result.Recovery{After: h.what, At: c.wire.since(h.at), Recovered: ok, Took: result.Millis(took)})
		}
	}
	return out
}

// outcome is the caller's result in the words of package result.
func (c *call) outcome(err error, ends [2]callstate.Result, heard bool) (result.Outcome, result.Failure) {
	if ends[1] == callstate.MediaLost {
		ends[0] = callstate.MediaLost
	}
	switch ends[0] {
	case callstate.HungUp:
		if heard {
			return result.OutcomeAnswered, ""
		}
		return result.OutcomeFailed, result.FailNoAudio
	case callstate.Declined:
		return result.OutcomeDeclined, ""
	case callstate.Busy:
		return result.OutcomeBusy, ""
	case callstate.NoAnswer:
		return result.OutcomeNoAnswer, ""
	case callstate.Cancelled:
		if c.gaveUp && c.plan.Mix.Outcome != scenario.Cancelled {
			return result.OutcomeNoAnswer, ""
		}
		return result.OutcomeCancelled, ""
	case callstate.Unreachable:
		return result.OutcomeFailed, result.FailOffer
	case callstate.ConnectFailed:
		return result.OutcomeFailed, result.FailICE
	case callstate.MediaLost:
		return result.OutcomeFailed, result.FailMediaLost
	}
	for _, f := range []struct {
		err error
		why result.Failure
	}{
		{calls.ErrNoRelay, result.FailAllocate}, {calls.ErrOffline, result.FailSignaling}, {calls.ErrUnknownContact, result.FailKeys},
		{calls.ErrContactChanged, result.FailAlarm},
	} {
		if errors.Is(err, f.err) {
			return result.OutcomeFailed, f.why
		}
	}
	return result.OutcomeFailed, result.FailUnknown
}

// latest is the later of two times, none if one is none.
func latest(a, b time.Time) time.Time {
	switch {
	case a.IsZero() || b.IsZero():
		return time.Time{}
	case a.After(b):
		return a
	}
	return b
}
