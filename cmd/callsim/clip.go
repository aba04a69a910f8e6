package main

import (
	"bytes"
	"io"
	"slices"
	"sync"

	"github.com/taciturn-voice/taciturn/calls/audio"
	testaudio "github.com/taciturn-voice/taciturn/testdata/audio"
)

// clip is what every phone says: speech, decoded once, and encoded once if the phones share an encoder.
type clip struct {
	frames  [][]int16
	packets [][]byte
}

// loadClip reads the speech that is built into the program and encodes it.
func loadClip() (*clip, error) {
	f, err := audio.ReadWAV(bytes.NewReader(testaudio.Speech()))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	encoder, err := audio.NewEncoder(audio.EncoderConfig{})
	if err != nil {
		return nil, err
	}
	c := &clip{}
	for {
		pcm := make([]int16, audio.FrameSamples)
		if err := f.ReadFrame(pcm); err == io.EOF {
			return c, nil
		} else if err != nil {
			return nil, err
		}
		packet := make([]byte, 400)
		n, err := encoder.Encode(pcm, packet)
		if err != nil {
			return nil, err
		}
		c.frames = append(c.frames, pcm)
		c.packets = append(c.packets, packet[:n])
	}
}

// reference is what should be heard in the first frames of a call, from -1 to 1.
func (c *clip) reference(frames int) []float64 {
	var all []float64
	for i := range frames {
		all = appendSamples(all, c.frames[i%len(c.frames)])
	}
	return all
}

// speaker says the clip over and over.
type speaker struct {
	clip *clip
	next int
}

// ReadFrame never ends.
func (s *speaker) ReadFrame(pcm []int16) error {
	copy(pcm, s.clip.frames[s.next%len(s.clip.frames)])
	s.next++
	return nil
}

// sharedEncoder gives each phone the packets of the clip, encoded once: twenty calls then fit on a small machine, and the
// network, the keys and the decoders are as real as ever.
type sharedEncoder struct {
	clip *clip
	next int
}

// Encode ignores the samples: they are the clip's.
func (e *sharedEncoder) Encode(_ []int16, out []byte) (int, error) {
	n := copy(out, e.clip.packets[e.next%len(e.clip.packets)])
	e.next++
	return n, nil
}

// watchedEncoder tells the observer what must not be seen on the wire.
type watchedEncoder struct {
	audio.Encoder
	observer *observer
}

// Encode encodes.
func (e *watchedEncoder) Encode(pcm []int16, out []byte) (int, error) {
	n, err := e.Encoder.Encode(pcm, out)
	if err == nil {
		e.observer.secret(out[:n])
	}
	return n, err
}

// maxRecorded bounds what one phone keeps for comparing: half a minute.
const maxRecorded = 30 * audio.SampleRate

// recorder keeps what a phone hears.
type recorder struct {
	mu      sync.Mutex
	samples []int16
}

// WriteFrame keeps one frame.
func (r *recorder) WriteFrame(pcm []int16) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.samples) < maxRecorded {
		r.samples = append(r.samples, pcm...)
	}
	return nil
}

// heard is what was kept, from -1 to 1.
func (r *recorder) heard() []float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return appendSamples(nil, slices.Clone(r.samples))
}
