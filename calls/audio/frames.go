package audio

import "io"

// frames cuts a stream at SampleRate into frames.
type frames struct {
	src    samples
	closer io.Closer // nil: nothing to close
	buf    [FrameSamples]float32
}

func newFrames(src samples, closer io.Closer) *frames { return &frames{src: src, closer: closer} }

func (f *frames) ReadFrame(pcm []int16) error {
	if len(pcm) != FrameSamples {
		return errFrameSize
	}
	got := 0
	for got < FrameSamples {
		n, err := f.src.read(f.buf[got:])
		if err == io.EOF && got > 0 {
			break
		}
		if err != nil {
			return err
		}
		got += n
	}
	for i, v := range f.buf[:got] {
		pcm[i] = toInt16(v)
	}
	clear(pcm[got:])
	return nil
}

// Close is idempotent.
func (f *frames) Close() error {
	if f.closer == nil {
		return nil
	}
	c := f.closer
	f.closer = nil
	return c.Close()
}
