package calls_test

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/netsim"
)

func move(t *testing.T, p *person, to string) {
	t.Helper()
	must(t, p.host.Move(netip.MustParseAddr(to), netsim.Profile{}, 0))
}

// covers N3
func TestACallSurvivesAChangeOfTheNetwork(t *testing.T) {
	for _, noticed := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, latency)
			alice, bob := w.person(aliceIP), w.person(bobIP)
			befriend(alice, bob)
			caller, callee := talk(t, alice, bob)
			for i, p := range []*person{alice, bob} {
				move(t, p, []string{"192.0.2.99", "198.51.100.99"}[i])
				if noticed {
					p.NetworkChanged()
				}
				time.Sleep(4 * time.Second)
				alice.wantVoice()
				bob.wantVoice()
			}
			time.Sleep(10 * time.Second)
			for _, c := range []*calls.Call{caller, callee} {
				if s := c.Stats(); s.Restarts == 0 || s.FramesUnauthentic != 0 {
					t.Errorf("%+v", s)
				}
			}
			pressed := time.Now()
			caller.Hangup()
			wantResult(t, callee, callstate.HungUp)
			wantResult(t, caller, callstate.HungUp)
			if took := time.Since(pressed); took > time.Second {
				t.Errorf("the hang-up took %v", took)
			}
		})
	}
}

// covers N3
func TestBothSidesMayMoveAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		caller, callee := talk(t, alice, bob)
		move(t, alice, "192.0.2.99")
		move(t, bob, "198.51.100.99")
		alice.NetworkChanged()
		bob.NetworkChanged()
		time.Sleep(4 * time.Second)
		alice.wantVoice()
		bob.wantVoice()
		caller.Hangup()
		wantResult(t, callee, callstate.HungUp)
	})
}

// covers N3
func TestACallSurvivesHalfAMinuteWithoutNetwork(t *testing.T) {
	for _, who := range []netip.Addr{aliceIP, bobIP} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, latency)
			alice, bob := w.person(aliceIP), w.person(bobIP)
			befriend(alice, bob)
			caller, callee := talk(t, alice, bob)
			w.Host(who).SetDown(true)
			time.Sleep(29 * time.Second)
			w.Host(who).SetDown(false)
			time.Sleep(2 * time.Second)
			alice.wantVoice()
			bob.wantVoice()
			caller.Hangup()
			wantResult(t, callee, callstate.HungUp)
		})
	}
}

// The relay is killed and comes back without its memory; so does the server that signals.
// covers N4
func TestACallComesBackWhenItsRelayDoes(t *testing.T) {
	for _, both := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, latency)
			alice, bob := w.person(aliceIP), w.person(bobIP)
			befriend(alice, bob)
			caller, callee := talk(t, alice, bob)
			w.killRelay()
			if both {
				w.restartSignaling()
			}
			time.Sleep(2 * time.Second)
			w.startRelay()
			time.Sleep(5 * time.Second)
			alice.wantVoice()
			bob.wantVoice()
			caller.Hangup()
			wantResult(t, callee, callstate.HungUp)
		})
	}
}

func TestAKeyIsRenewedEveryHalfHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		caller, callee := talk(t, alice, bob)
		long := 31 * time.Minute
		if raceDetector {
			t.Skip("half an hour is long under the race detector, and a change of networks renews keys too")
		}
		time.Sleep(long)
		for _, c := range []*calls.Call{caller, callee} {
			if s := c.Stats(); s.Restarts != 1 || s.FramesUnauthentic != 0 || s.FramesLost != 0 {
				t.Errorf("%+v", s)
			}
		}
		caller.Hangup()
		wantResult(t, callee, callstate.HungUp)
	})
}

// A relay that drains tells the phones that are there: each call moves to the other relay before the first is closed, and nobody
// hears it. covers N5
func TestARelayThatDrainsLosesNoCallAndNoVoice(t *testing.T) {
	const pairs = 4
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		other := w.relayAt(otherIP)
		defer func() { must(t, other.Close()) }()
		var live []*calls.Call
		for i := range byte(pairs) {
			alice := w.person(netip.AddrFrom4([4]byte{192, 0, 2, 10 + i}))
			bob := w.person(netip.AddrFrom4([4]byte{198, 51, 100, 20 + i}))
			befriend(alice, bob)
			caller, callee := talk(t, alice, bob)
			live = append(live, caller, callee)
		}
		w.relay.Drain(netip.AddrPortFrom(otherIP, 3478))
		time.Sleep(40 * time.Second)
		if left := w.relay.Stats().Allocations; left != 0 {
			t.Errorf("%d allocations are left on the relay that drains", left)
		}
		w.killRelay()
		w.startRelay() // for the end of the world
		time.Sleep(10 * time.Second)
		for _, c := range live {
			if s := c.Stats(); c.State() != calls.StateTalking || s.FramesLost > 2 || s.FramesConcealed > 10 || s.FramesReceived < 45*50 {
				t.Errorf("%v: %+v", c.State(), s)
			}
		}
		for i := 0; i < len(live); i += 2 {
			live[i].Hangup()
			wantResult(t, live[i], callstate.HungUp)
			wantResult(t, live[i+1], callstate.HungUp)
		}
	})
}
