package audio

import (
	"errors"
	"io"
	"math"
)

// toneLevel is -12 dB: loud enough to hear, far from clipping.
const toneLevel = 0.25

// NewTone is a sine that never ends. It is not safe for concurrent use.
func NewTone(hz float64) Source { return &tone{step: 2 * math.Pi * hz / SampleRate} }

type tone struct{ phase, step float64 }

func (t *tone) ReadFrame(pcm []int16) error {
	for i := range pcm {
		pcm[i] = toInt16(float32(toneLevel * math.Sin(t.phase)))
		t.phase = math.Mod(t.phase+t.step, 2*math.Pi)
	}
	return nil
}

// NewSilence never ends.
func NewSilence() Source { return silence{} }

type silence struct{}

func (silence) ReadFrame(pcm []int16) error {
	clear(pcm)
	return nil
}

// Loop reads what open gives and, at its end, opens it again. A source that must be closed is closed at its end or by
// Close. A source without a single frame ends the loop, or it would spin.
func Loop(open func() (Source, error)) File { return &loop{open: open} }

type loop struct {
	open    func() (Source, error)
	current Source
}

func (l *loop) ReadFrame(pcm []int16) error {
	fresh := l.current == nil
	for {
		if l.current == nil {
			next, err := l.open()
			if err != nil {
				return err
			}
			l.current = next
		}
		err := l.current.ReadFrame(pcm)
		if !errors.Is(err, io.EOF) || fresh {
			return err
		}
		if err := l.Close(); err != nil {
			return err
		}
		fresh = true
	}
}

func (l *loop) Close() error {
	c, ok := l.current.(io.Closer)
	l.current = nil
	if !ok {
		return nil
	}
	return c.Close()
}
