package calls_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/callstate"
)

const latency = 20 * time.Millisecond

func TestTwoPeopleTalkAndHangUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		caller := alice.dial(bob)
		callee := bob.wantRing()
		if !callee.Incoming() || caller.Incoming() {
			t.Error("the sides are mixed up")
		}
		if callee.PeerAddress() != alice.profile.Address() || callee.PeerName() == "" {
			t.Error("the callee does not see which of their contacts calls")
		}
		wantState(t, caller, calls.StateRinging)
		if caller.Code() != "" || callee.Code() != "" {
			t.Error("there is a code before anybody accepted")
		}
		must(t, callee.Accept(bob.audio()))
		wantState(t, caller, calls.StateTalking)
		wantState(t, callee, calls.StateTalking)
		alice.wantVoice()
		bob.wantVoice()
		if caller.Code() == "" || caller.Code() != callee.Code() {
			t.Error("the two people see different codes")
		}
		if err := callee.Accept(bob.audio()); !errors.Is(err, calls.ErrState) {
			t.Errorf("accepting twice: %v", err)
		}
		caller.Hangup()
		caller.Hangup() // twice is once
		wantResult(t, caller, callstate.HungUp)
		wantResult(t, callee, callstate.HungUp)
		for _, c := range []*calls.Call{caller, callee} {
			at := c.Times()
			order := []time.Time{at.Started, at.Ringing, at.Accepted, at.Talking, at.FirstVoice, at.Ended}
			for i, when := range order {
				if when.IsZero() || i > 0 && when.Before(order[i-1]) {
					t.Errorf("time %d of %v is out of order", i, order)
				}
			}
			if s := c.Stats(); s.FramesSent == 0 || s.FramesLost != 0 || s.FramesUnauthentic != 0 {
				t.Errorf("stats %+v", s)
			}
			last := calls.Event{}
			for e := range c.Events() {
				last = e
			}
			if last.Kind != calls.EventEnded || last.Result != callstate.HungUp {
				t.Errorf("the last event is %+v", last)
			}
		}
	})
}

// The bubble ends only when no goroutine is left.
func TestATenMinuteCallLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		caller, callee := talk(t, alice, bob)
		long := 10 * time.Minute
		if raceDetector {
			long = time.Minute // of which it sees as much
		}
		time.Sleep(long)
		callee.Hangup()
		wantResult(t, caller, callstate.HungUp)
		wantResult(t, callee, callstate.HungUp)
		for _, c := range []*calls.Call{caller, callee} {
			s := c.Stats()
			if s.FramesReceived < uint64(long/(20*time.Millisecond)) || s.FramesLost != 0 || s.FramesUnauthentic != 0 || s.FramesConcealed > 50 {
				t.Errorf("stats after ten minutes: %+v", s)
			}
		}
	})
}

// A stranger must not learn that anybody is there: no RING, no allocation, not one packet before the human accepts.
// covers P7
func TestAStrangerRingsInSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		sent := 0
		w.SetTap(func(from, _ netip.AddrPort, _ []byte) bool {
			if from.Addr() == bobIP {
				sent++
			}
			return false
		})
		caller := alice.dial(bob)
		callee := bob.wantRing()
		time.Sleep(20 * time.Second)
		if caller.State() != calls.StateDialing {
			t.Errorf("the stranger learnt that it rings: %v", caller.State())
		}
		if sent != 0 {
			t.Errorf("the callee's phone sent %d datagrams", sent)
		}
		must(t, callee.Accept(bob.audio()))
		wantState(t, caller, calls.StateTalking)
		alice.wantVoice()
		bob.wantVoice()
		caller.Hangup()
		wantResult(t, callee, callstate.HungUp)
	})
}

func TestHowCallsEndThatNobodyTook(t *testing.T) {
	for _, test := range []struct {
		name           string
		act            func(caller, callee *calls.Call)
		caller, callee calls.Result
	}{
		{"declined", func(_, callee *calls.Call) { _ = callee.Reject() }, callstate.Declined, callstate.Declined},
		{"cancelled", func(caller, _ *calls.Call) { caller.Hangup() }, callstate.Cancelled, callstate.Missed},
		{"nobody there", func(_, _ *calls.Call) {}, callstate.NoAnswer, callstate.Missed},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, latency)
				alice, bob := w.person(aliceIP), w.person(bobIP)
				befriend(alice, bob)
				caller := alice.dial(bob)
				callee := bob.wantRing()
				wantState(t, caller, calls.StateRinging)
				test.act(caller, callee)
				wantResult(t, caller, test.caller)
				wantResult(t, callee, test.callee)
				if alice.heard.frames+bob.heard.frames != 0 {
					t.Error("something was played in a call that nobody took")
				}
			})
		})
	}
}

func TestWhoeverTalksIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob, carol := w.person(aliceIP), w.person(bobIP), w.person(carolIP)
		befriend(alice, bob)
		befriend(carol, bob)
		caller, callee := talk(t, alice, bob)
		wantResult(t, carol.dial(bob), callstate.Busy)
		bob.wantQuiet(time.Second)
		bob.wantVoice()
		caller.Hangup()
		wantResult(t, callee, callstate.HungUp)
		caller, callee = talk(t, carol, bob) // and free afterwards
		callee.Hangup()
		wantResult(t, caller, callstate.HungUp)
	})
}

func TestACallSurvivesTheSignalingServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		caller, callee := talk(t, alice, bob)
		w.killSignaling()
		time.Sleep(5 * time.Minute)
		alice.wantVoice()
		bob.wantVoice()
		pressed := time.Now()
		callee.Hangup()
		wantResult(t, caller, callstate.HungUp)
		wantResult(t, callee, callstate.HungUp)
		if took := time.Since(pressed); took > 5*time.Second {
			t.Errorf("the hang-up took %v", took)
		}
		if lost := caller.Stats().FramesLost; lost != 0 {
			t.Errorf("%d frames lost", lost)
		}
	})
}

func TestACallWithoutItsRelayEndsOnBothSides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		caller, callee := talk(t, alice, bob)
		died := time.Now()
		w.Host(relayIP).SetDown(true)
		wantResult(t, caller, callstate.MediaLost)
		wantResult(t, callee, callstate.MediaLost)
		if took := time.Since(died); took > 35*time.Second {
			t.Errorf("the end took %v", took)
		}
	})
}

func TestAPhoneThatIsSwitchedOffHangsUpFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		caller, callee := talk(t, alice, bob)
		bob.close()
		wantResult(t, callee, callstate.HungUp)
		wantResult(t, caller, callstate.HungUp)
		if _, ringing := <-bob.Incoming(); ringing {
			t.Error("a closed phone rings")
		}
		if _, err := bob.Dial(t.Context(), alice.contact(bob), bob.audio()); !errors.Is(err, calls.ErrClosed) {
			t.Errorf("dialling with a closed phone: %v", err)
		}
	})
}

func TestNobodyAtTheOtherEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		bob.close() // registered, but not online
		started := time.Now()
		caller := alice.dial(bob)
		wantResult(t, caller, callstate.Unreachable)
		if took := time.Since(started); took < 40*time.Second || took > 50*time.Second {
			t.Errorf("gave up after %v; phones come back within 45 s", took)
		}

		other := newWorldless(t)
		unknown, err := alice.profile.ContactForLink(other)
		must(t, err)
		caller, err = alice.Dial(t.Context(), unknown, alice.audio())
		must(t, err)
		wantResult(t, caller, callstate.Unreachable)
		if !errors.Is(caller.Err(), calls.ErrUnknownContact) {
			t.Errorf("the reason is %v", caller.Err())
		}

		w.killSignaling()
		caller = alice.dial(bob)
		wantResult(t, caller, callstate.Failed)
		if !errors.Is(caller.Err(), calls.ErrOffline) {
			t.Errorf("the reason is %v", caller.Err())
		}
	})
}

func TestAPhoneComesBackWhenItsNetworkDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		bob.host.SetDown(true)
		time.Sleep(3 * time.Minute)
		bob.host.SetDown(false)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		time.Sleep(time.Minute)
		must(t, bob.WaitOnline(ctx))
		caller, _ := talk(t, alice, bob)
		caller.Hangup()
		wantResult(t, caller, callstate.HungUp)
	})
}

func TestAnAppThatDoesNotReadEventsHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		caller, callee := talk(t, alice, bob)
		for i := range 200 {
			callee.Mute(i%2 == 0)
			time.Sleep(700 * time.Millisecond)
		}
		caller.Hangup()
		wantResult(t, caller, callstate.HungUp)
		if caller.Stats().EventsMissed == 0 {
			t.Error("nothing was counted as missed")
		}
	})
}

// The echo service of the examples: what the caller says comes back.
func TestAnEchoServiceAnswersInTheCallersOwnVoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		real := func(c *calls.Config) { c.NewEncoder = nil }
		alice, bob := w.person(aliceIP, real), w.person(bobIP, real)
		befriend(alice, bob)
		caller := alice.dial(bob)
		loop := make(echoed, 50)
		must(t, bob.wantRing().Accept(calls.Audio{Source: loop, Sink: loop}))
		wantState(t, caller, calls.StateTalking)
		alice.wantVoice()
		caller.Mute(true)
		time.Sleep(2 * time.Second)
		before := alice.heard.voiced()
		time.Sleep(2 * time.Second)
		if after := alice.heard.voiced(); after != before {
			t.Errorf("%d frames of an echo while muted", after-before)
		}
		caller.Mute(false)
		alice.wantVoice()
		caller.Hangup()
		wantResult(t, caller, callstate.HungUp)
	})
}
