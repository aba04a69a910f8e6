package calls_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/callstate"
)

// Both press call, at all distances in time from each other: one call results, and neither phone rings.
// covers N10
func TestTwoWhoCallEachOtherAtOnceTalk(t *testing.T) {
	for _, apart := range []time.Duration{0, 1, 10, 25, 50, 75, 100, 130, 160, 200, 250} {
		t.Run((apart * time.Millisecond).String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, latency)
				alice, bob := w.person(aliceIP), w.person(bobIP)
				befriend(alice, bob)
				one := alice.dial(bob)
				time.Sleep(apart * time.Millisecond)
				two, err := bob.Dial(t.Context(), bob.contact(alice), bob.audio())
				must(t, err)
				wantState(t, one, calls.StateTalking)
				wantState(t, two, calls.StateTalking)
				alice.wantVoice()
				bob.wantVoice()
				alice.wantNoMoreRinging(one)
				bob.wantNoMoreRinging(two)
				if one.Code() != two.Code() {
					t.Error("these are two calls")
				}
				two.Hangup()
				wantResult(t, one, callstate.HungUp)
				wantResult(t, two, callstate.HungUp)
			})
		})
	}
}

// wantNoMoreRinging fails if another call than c rings.
func (p *person) wantNoMoreRinging(c *calls.Call) {
	p.t.Helper()
	for {
		select {
		case ringing := <-p.Incoming():
			if ringing != c {
				p.t.Error("a second call rings")
			}
		default:
			return
		}
	}
}

func TestOneCallWithAPersonAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		caller, callee := talk(t, alice, bob)
		if _, err := alice.Dial(t.Context(), alice.contact(bob), alice.audio()); !errors.Is(err, calls.ErrEngaged) {
			t.Errorf("calling whom one talks with: %v", err)
		}
		caller.Hangup()
		wantResult(t, callee, callstate.HungUp)
		wantResult(t, caller, callstate.HungUp)
		caller, _ = talk(t, alice, bob)
		caller.Hangup()
		wantResult(t, caller, callstate.HungUp)
	})
}

func TestCallWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, carol := w.person(aliceIP), w.person(carolIP)
		bob := w.person(bobIP, func(c *calls.Config) { c.MaxCalls = 2 })
		befriend(alice, bob)
		befriend(carol, bob)
		first, _ := talk(t, alice, bob)
		second := carol.dial(bob)
		waiting := bob.wantRing()
		wantState(t, second, calls.StateRinging)
		must(t, waiting.Accept(bob.audio()))
		wantState(t, second, calls.StateTalking)
		carol.wantVoice()
		alice.wantVoice()
		first.Hangup()
		wantResult(t, first, callstate.HungUp)
		carol.wantVoice()
		second.Hangup()
		wantResult(t, second, callstate.HungUp)
	})
}

func TestWhoeverIsScreenedDoesNotRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, carol := w.person(aliceIP), w.person(carolIP)
		bob := w.person(bobIP, func(c *calls.Config) {
			c.Screen = func(caller calls.Caller) calls.Verdict {
				switch caller.Address {
				case alice.profile.Address():
					return calls.VerdictOffHours
				case carol.profile.Address():
					return calls.VerdictBlock
				}
				return calls.VerdictRing
			}
		})
		befriend(alice, bob)
		befriend(carol, bob)
		wantResult(t, alice.dial(bob), callstate.OffHours)
		blocked := carol.dial(bob)
		bob.wantQuiet(30 * time.Second)
		wantResult(t, blocked, callstate.NoAnswer)
	})
}

// An app that crashed in a call and comes back calls again: the dead call makes room.
func TestCallingAgainAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		_, callee := talk(t, alice, bob)
		w.Host(aliceIP).SetDown(true) // nothing of what it says on its way out arrives
		alice.close()
		w.Host(aliceIP).SetDown(false)
		again := w.online(aliceIP, alice.profile)
		caller := again.dial(bob)
		fresh := bob.wantRing()
		wantResult(t, callee, callstate.HungUp)
		must(t, fresh.Accept(bob.audio()))
		wantState(t, caller, calls.StateTalking)
		again.wantVoice()
		caller.Hangup()
		wantResult(t, fresh, callstate.HungUp)
	})
}

// A signaling server that restarts between the handshake's messages costs time and no call.
// covers N4
func TestTheHandshakeSurvivesARestartOfTheServer(t *testing.T) {
	for _, when := range []time.Duration{0, 20, 45, 60, 90, 120} {
		t.Run((when * time.Millisecond).String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, latency)
				alice, bob := w.person(aliceIP), w.person(bobIP)
				befriend(alice, bob)
				caller := alice.dial(bob)
				callee := bob.wantRing()
				wantState(t, caller, calls.StateRinging)
				must(t, callee.Accept(bob.audio()))
				time.Sleep(when * time.Millisecond)
				w.restartSignaling()
				wantState(t, caller, calls.StateTalking)
				wantState(t, callee, calls.StateTalking)
				alice.wantVoice()
				bob.wantVoice()
				caller.Hangup()
				wantResult(t, callee, callstate.HungUp)
			})
		})
	}
}
