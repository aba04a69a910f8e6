package audio

import (
	"io"
	"time"
)

const (
	// SampleRate is in samples per second.
	SampleRate = 48000
	// FrameDuration is the length of a frame.
	FrameDuration = 20 * time.Millisecond
	// FrameSamples is the size of a frame.
	FrameSamples = SampleRate / 50
	// DefaultBitrate is in bits per second: 80 bytes a frame.
	DefaultBitrate = 32000
)

// Source is where frames come from. ReadFrame fills pcm, FrameSamples long; io.EOF at the end. The last frame before is
// filled up with silence.
type Source interface {
	ReadFrame(pcm []int16) error
}

// Sink is where frames go. It does not keep pcm.
type Sink interface {
	WriteFrame(pcm []int16) error
}

// File is a Source that must be closed.
type File interface {
	Source
	io.Closer
}

// SinkFile is a Sink that must be closed; only then is all of it written.
type SinkFile interface {
	Sink
	io.Closer
}

// toInt16 rounds a sample between -1 and 1, and clips what is louder. What is not a number is silence.
func toInt16(v float32) int16 {
	switch v *= 32768; {
	case v >= 32767:
		return 32767
	case v <= -32768:
		return -32768
	case v > 0:
		return int16(v + 0.5)
	case v < 0:
		return int16(v - 0.5)
	}
	return 0
}
