package calls_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/calls/audio"
)

// On a quiet network nothing is made up, nothing is late, and frames wait two frames at most.
func TestTheStatisticsOfAQuietCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		caller, callee := talk(t, alice, bob)
		before := callee.Stats().Inbound
		time.Sleep(20 * time.Second)
		s := callee.Stats().Inbound
		samples := s.JitterBufferEmittedCount - before.JitterBufferEmittedCount
		if want := uint64(20 * audio.SampleRate); samples < want-3*audio.FrameSamples || samples > want+3*audio.FrameSamples {
			t.Errorf("%d samples in 20 s", samples)
		}
		wait := (s.JitterBufferDelay - before.JitterBufferDelay) / float64(samples)
		if wait <= 0 || wait > 0.040 {
			t.Errorf("a frame waited %v s", wait)
		}
		if s.PacketsReceived < 1000 || s.PacketsLost != 0 || s.PacketsDiscarded != 0 || s.ConcealedSamples != before.ConcealedSamples || s.Jitter != 0 {
			t.Errorf("%+v, before %+v", s, before)
		}
		caller.Hangup()
		<-callee.Done()
	})
}
