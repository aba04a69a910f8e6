package calls_test

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/netsim"
)

// The figures of a call are times in virtual time: they are exact, the same on every machine, and so can be asserted. Each is a
// distribution over the seeds of a network. RTT is between a phone and its server or relay; between two phones it is twice that.

// seeds is how many calls make one distribution.
const seeds = 32

// sample runs one call on each of a network's seeds and returns the figures in order.
func sample(t *testing.T, network netsim.Config, one func(t *testing.T, w *world) time.Duration) []time.Duration {
	t.Helper()
	n := seeds
	if raceDetector {
		n = 3 // it looks for something else
	}
	figures := make([]time.Duration, n)
	for i := range figures {
		network.Seed = uint64(i + 1)
		synctest.Test(t, func(t *testing.T) { figures[i] = one(t, newWorldOn(t, network)) })
	}
	slices.Sort(figures)
	return figures
}

func percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[min(len(sorted)-1, (len(sorted)*p+99)/100-1)]
}

func wantAtMost(t *testing.T, name string, figures []time.Duration, p int, limit time.Duration) {
	t.Helper()
	got := percentile(figures, p)
	t.Logf("%s: p50 %v, p%d %v, worst %v (limit %v)", name, percentile(figures, 50), p, got, figures[len(figures)-1], limit)
	if got > limit {
		t.Errorf("%s: p%d is %v, at most %v is wanted", name, p, got, limit)
	}
}

// heardAfterAccept is how long after the press of accept both people heard one another.
func heardAfterAccept(t *testing.T, caller, callee *calls.Call) time.Duration {
	t.Helper()
	for range 3000 {
		if !caller.Times().FirstVoice.IsZero() && !callee.Times().FirstVoice.IsZero() {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	a, b := caller.Times().FirstVoice, callee.Times().FirstVoice
	if a.IsZero() || b.IsZero() {
		t.Fatalf("not heard: %v, %v", caller.Result(), callee.Result())
	}
	if b.After(a) {
		a = b
	}
	return a.Sub(callee.Times().Accepted)
}

// setUp is a call from a stranger, for whom nothing was prepared before the human pressed accept: the slowest there is.
func setUp(known bool) func(t *testing.T, w *world) time.Duration {
	return func(t *testing.T, w *world) time.Duration {
		alice, bob := w.person(aliceIP), w.person(bobIP)
		if known {
			befriend(alice, bob)
		}
		caller := alice.dial(bob)
		callee := bob.wantRing()
		time.Sleep(3 * time.Second)
		must(t, callee.Accept(bob.audio()))
		took := heardAfterAccept(t, caller, callee)
		caller.Hangup()
		<-caller.Done()
		<-callee.Done()
		return took
	}
}

func TestSetUpAfterAcceptIsShort(t *testing.T) { // covers N2
	const ms = time.Millisecond
	for _, c := range []struct {
		name    string
		network netsim.Config
		limit   time.Duration
	}{
		{"LAN", netsim.Config{Delay: ms / 2, Jitter: ms}, 600 * ms},
		{"100 ms RTT", netsim.Config{Delay: 45 * ms, Jitter: 10 * ms}, 1500 * ms},
		{"2 % loss", netsim.Config{Delay: 20 * ms, Jitter: 5 * ms, Loss: 0.02}, 3000 * ms},
	} {
		wantAtMost(t, c.name, sample(t, c.network, setUp(false)), 95, c.limit)
	}
}

func TestPickUpIsFollowedBySpeechAtOnce(t *testing.T) {
	network := netsim.Config{Delay: 18 * time.Millisecond, Jitter: 4 * time.Millisecond}
	signaling := 4 * (network.Delay + network.Jitter/2) // from phone to phone and back
	wantAtMost(t, "pre-warmed", sample(t, network, setUp(true)), 95, 150*time.Millisecond+signaling)
}

func TestAPressRingsSoon(t *testing.T) {
	figures := sample(t, netsim.Config{Delay: 45 * time.Millisecond, Jitter: 10 * time.Millisecond}, func(t *testing.T, w *world) time.Duration {
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		caller := alice.dial(bob)
		callee := bob.wantRing()
		took := callee.Times().Ringing.Sub(caller.Times().Started)
		caller.Hangup()
		<-caller.Done()
		<-callee.Done()
		return took
	})
	// 50 ms to the server are 100 ms to it and back.
	wantAtMost(t, "press to ring", figures, 50, 500*time.Millisecond)
	wantAtMost(t, "press to ring", figures, 95, 1500*time.Millisecond)
}

// The gap is the longest time without a frame that the other side has spoken, at either side. covers N3
func TestAChangeOfTheNetworkIsAShortGap(t *testing.T) {
	for _, c := range []struct {
		name    string
		noticed bool
	}{{"noticed", true}, {"unnoticed", false}} {
		network := netsim.Config{Delay: 18 * time.Millisecond, Jitter: 4 * time.Millisecond}
		figures := sample(t, network, func(t *testing.T, w *world) time.Duration {
			alice, bob := w.person(aliceIP), w.person(bobIP)
			befriend(alice, bob)
			caller, callee := talk(t, alice, bob)
			who, to := alice, "192.0.2.99"
			if w.number%2 == 0 {
				who, to = bob, "198.51.100.99"
			}
			before := caller.Stats().FramesReceived + callee.Stats().FramesReceived
			gap := w.longestSilence(func() {
				move(t, who, to)
				if c.noticed {
					who.NetworkChanged()
				}
				time.Sleep(5 * time.Second)
			})
			if after := caller.Stats().FramesReceived + callee.Stats().FramesReceived; after < before+300 {
				t.Errorf("%d frames in five seconds", after-before)
			}
			caller.Hangup()
			wantResult(t, caller, callstate.HungUp)
			wantResult(t, callee, callstate.HungUp)
			return gap
		})
		wantAtMost(t, c.name, figures, 95, time.Second)
	}
}

// longestSilence is the longest time in which the relay sent one of two phones no voice, while something happens.
func (w *world) longestSilence(while func()) time.Duration {
	last := map[bool]time.Time{true: time.Now(), false: time.Now()} // by whether it is Bob's
	var longest time.Duration
	w.SetTap(func(from, to netip.AddrPort, p []byte) bool {
		if from.Addr() == relayIP && len(p) > 100 && (p[0]>>6 == 1 || isData(p)) {
			now, bob := time.Now(), to.Addr().As4()[0] == 198
			longest, last[bob] = max(longest, now.Sub(last[bob])), now
		}
		return false
	})
	while()
	w.SetTap(nil)
	now := time.Now()
	return max(longest, now.Sub(last[true]), now.Sub(last[false]))
}

// isData says whether p is a Data indication that carries voice: larger than any check.
func isData(p []byte) bool { return p[0] == 0 && p[1] == 0x17 && len(p) > 180 }
