package calls_test

import (
	"encoding/json"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/netsim"
)

// The callee's network turns bad, comes and goes, and is good again: the callee is told twice, and the caller, who hears well, never.
func TestAPoorNetworkIsToldOnceAndOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOn(t, netsim.Config{Delay: latency, Seed: 1, Repeatable: true})
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		caller, callee := talk(t, alice, bob)
		bad := func(d time.Duration) {
			w.Host(bobIP).Use(netsim.Profile{Down: netsim.Link{Loss: netsim.Loss{Good: 0.5}}})
			time.Sleep(d)
		}
		good := func(d time.Duration) {
			w.Host(bobIP).Use(netsim.Profile{})
			time.Sleep(d)
		}
		want := func(poor ...bool) {
			t.Helper()
			if told := qualityEvents(caller); len(told) != 0 {
				t.Errorf("the caller was told %v", told)
			}
			told := qualityEvents(callee)
			if len(told) != len(poor) {
				t.Fatalf("told %v, not %v", told, poor)
			}
			for i := range poor {
				if told[i] != poor[i] {
					t.Errorf("told %v, not %v", told, poor)
				}
			}
		}
		good(20 * time.Second)
		want()
		bad(time.Second) // a hiccup
		good(20 * time.Second)
		want()
		bad(10 * time.Second)
		want(true)
		if q := callee.Stats().QualityNow; q.MOS > 3.1 || q.Concealed < 0.1 || q.MOS < 1 {
			t.Errorf("%+v", q)
		}
		for range 4 {
			good(8 * time.Second)
			bad(8 * time.Second)
		}
		want()
		good(30 * time.Second)
		want(false)
		now, all := callee.Stats().QualityNow, callee.Stats().Quality
		if now.Concealed != 0 || now.MOS < 4 || now.MOS > now.Ceiling || all.MOS >= now.MOS || all.Concealed == 0 {
			t.Errorf("at the end %+v, of all %+v", now, all)
		}
		caller.Hangup()
		<-callee.Done()
		want()
		if callee.Stats().Quality == nil {
			t.Error("the quality is gone with the call")
		}
	})
}

// qualityEvents are those that have been told since it was last asked.
func qualityEvents(c *calls.Call) (poor []bool) {
	for {
		select {
		case e, open := <-c.Events():
			if !open {
				return poor
			}
			if e.Kind == calls.EventQuality {
				poor = append(poor, e.Poor)
			}
		default:
			return poor
		}
	}
}

// On a quiet network all that is lost is what the codec takes, and the figures are those of the network.
func TestTheQualityOfAQuietCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		caller := alice.dial(bob)
		if s := caller.Stats(); s.Quality != nil || s.QualityNow != nil || s.RemoteInbound.RoundTripTime != 0 {
			t.Errorf("%+v before anybody has said anything", s)
		}
		callee := bob.wantRing()
		must(t, callee.Accept(bob.audio()))
		time.Sleep(20 * time.Second)
		for _, c := range []*calls.Call{caller, callee} {
			s := c.Stats()
			// From phone to relay to phone, and back.
			if trip, want := s.RemoteInbound.RoundTripTime, (4 * latency).Seconds(); math.Abs(trip-want) > 0.001 {
				t.Errorf("a round trip of %v s, not %v", trip, want)
			}
			q := s.QualityNow
			if q.MOS != q.Ceiling || q.Scale != "MOS_CQEF" || math.Abs(q.Ceiling-4.22) > 0.005 || q.Concealed != 0 || q.BurstRatio != 1 {
				t.Errorf("%+v", q)
			}
			// The network, a frame, the encoder's look-ahead, and one or two frames in the playout buffer.
			if least := (2 * latency).Seconds() + 0.0265; q.MouthToEar < least || q.MouthToEar > least+0.040 {
				t.Errorf("%v s from mouth to ear", q.MouthToEar)
			}
		}
		caller.Hangup()
		<-callee.Done()
		// The last that was known stays readable, and all of it can be written as JSON.
		s := callee.Stats()
		if s.RemoteInbound.RoundTripTime == 0 || s.Quality == nil {
			t.Errorf("%+v", s)
		}
		_, err := json.Marshal(s)
		must(t, err)
	})
}
