package calls_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/audio"
)

// clapper is a microphone in a room where somebody claps once in 510 ms; each frame is there when it is over.
type clapper struct {
	mu    sync.Mutex
	start time.Time
	next  int
	claps []time.Time
}

const clapEvery = 510 * audio.SampleRate / 1000

func (c *clapper) ReadFrame(pcm []int16) error {
	if c.start.IsZero() {
		c.start = time.Now()
	}
	c.next++
	time.Sleep(time.Until(c.start.Add(time.Duration(c.next) * audio.FrameDuration)))
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range pcm {
		n := (c.next-1)*audio.FrameSamples + i
		if pcm[i] = 0; n%clapEvery < 1440 { // 30 ms
			pcm[i] = int16(16000 - 32000*(n/48%2))
		}
		if n%clapEvery == 0 {
			c.claps = append(c.claps, c.start.Add(time.Duration(n)*time.Second/audio.SampleRate))
		}
	}
	return nil
}

// ear notes when claps are heard.
type ear struct {
	mu    sync.Mutex
	claps []time.Time
}

func (e *ear) WriteFrame(pcm []int16) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	for i, v := range pcm {
		at := now.Add(time.Duration(i) * time.Second / audio.SampleRate)
		if (v > 4000 || v < -4000) && (len(e.claps) == 0 || at.Sub(e.claps[len(e.claps)-1]) > 200*time.Millisecond) {
			e.claps = append(e.claps, at)
		}
	}
	return nil
}

// From mouth to ear through encoder, keys, relay and playout, on a network that takes 40 ms from phone to phone.
func TestMouthToEar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 20*time.Millisecond) // to the relay, and from it
		real := func(c *calls.Config) {
			c.NewEncoder = func() (audio.Encoder, error) { return audio.NewEncoder(audio.EncoderConfig{}) }
			c.NewDecoder = audio.NewDecoder
		}
		alice, bob := w.person(aliceIP, real), w.person(bobIP, real)
		befriend(alice, bob)
		mouth, listener := &clapper{}, &ear{}
		caller, err := alice.Dial(t.Context(), alice.contact(bob), calls.Audio{Source: mouth})
		must(t, err)
		callee := bob.wantRing()
		must(t, callee.Accept(calls.Audio{Sink: listener}))
		wantState(t, caller, calls.StateTalking)
		time.Sleep(20 * time.Second)
		caller.Hangup()
		<-caller.Done()
		<-callee.Done()
		var delays []time.Duration
		for _, heard := range listener.claps {
			for _, said := range slices.Backward(mouth.claps) {
				if d := heard.Sub(said); d >= 0 {
					delays = append(delays, d)
					break
				}
			}
		}
		if len(delays) < 30 {
			t.Fatalf("%d claps were heard", len(delays))
		}
		slices.Sort(delays)
		p95 := delays[len(delays)*95/100]
		t.Logf("median %v, p95 %v of %d claps", delays[len(delays)/2], p95, len(delays))
		if p95 > 150*time.Millisecond || delays[0] < 60*time.Millisecond {
			t.Errorf("from %v to %v, p95 %v", delays[0], delays[len(delays)-1], p95)
		}
	})
}
