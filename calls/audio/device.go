package audio

import (
	"fmt"
	"sync"
	"time"

	"github.com/jfreymuth/pulse"
)

const (
	// deviceLatency is in seconds: two frames.
	deviceLatency = 0.04
	// deviceFrames is how much waits between us and a device.
	deviceFrames = 5
	// deviceTimeout is when a microphone that gives nothing gives silence, so that nobody waits for it forever.
	deviceTimeout = 100 * time.Millisecond

	clientName = "taciturn"
)

// OpenMicrophone listens to the default source of PulseAudio, or of PipeWire, which speaks the same protocol. A microphone
// that stops gives silence.
func OpenMicrophone() (File, error) {
	m := &microphone{queue: newQueue(deviceFrames)}
	client, err := dialSound()
	if err != nil {
		return nil, err
	}
	stream, err := client.NewRecord(pulse.Int16Writer(m.heard), pulse.RecordMono, pulse.RecordSampleRate(SampleRate),
		pulse.RecordLatency(deviceLatency), pulse.RecordMediaName("call"))
	if err != nil {
		client.Close()
		return nil, fmt.Errorf("audio: no microphone; connect one, or choose one in the sound settings: %w", err)
	}
	m.close = func() { stream.Close(); client.Close() }
	stream.Start()
	return m, nil
}

// OpenSpeaker plays on the default sink of PulseAudio or PipeWire.
func OpenSpeaker() (SinkFile, error) {
	s := &speaker{queue: newQueue(deviceFrames)}
	client, err := dialSound()
	if err != nil {
		return nil, err
	}
	stream, err := client.NewPlayback(pulse.Int16Reader(s.play), pulse.PlaybackMono, pulse.PlaybackSampleRate(SampleRate),
		pulse.PlaybackLatency(deviceLatency), pulse.PlaybackMediaName("call"))
	if err != nil {
		client.Close()
		return nil, fmt.Errorf("audio: no speaker; connect one, or choose one in the sound settings: %w", err)
	}
	s.close = func() { stream.Close(); client.Close() }
	stream.Start()
	return s, nil
}

func dialSound() (*pulse.Client, error) {
	client, err := pulse.NewClient(pulse.ClientApplicationName(clientName))
	if err != nil {
		return nil, fmt.Errorf("audio: no sound server answers; start PulseAudio or PipeWire (with pipewire-pulse), or use a file: %w", err)
	}
	return client, nil
}

// microphone is written to by the device and read by us.
type microphone struct {
	queue *queue
	close func()
	once  sync.Once
}

// heard is called with whatever amount the device has.
func (m *microphone) heard(pcm []int16) (int, error) {
	m.queue.write(pcm)
	return len(pcm), nil
}

func (m *microphone) ReadFrame(pcm []int16) error {
	if len(pcm) != FrameSamples {
		return errFrameSize
	}
	timeout := time.NewTimer(deviceTimeout)
	defer timeout.Stop()
	for {
		if m.queue.readFrame(pcm) {
			return nil
		}
		select {
		case <-m.queue.ready:
		case <-m.queue.closed:
			return errClosed
		case <-timeout.C:
			clear(pcm)
			return nil
		}
	}
}

func (m *microphone) Close() error {
	m.once.Do(func() {
		close(m.queue.closed)
		m.close()
	})
	return nil
}

// speaker is written to by us and read by the device.
type speaker struct {
	queue *queue
	close func()
	once  sync.Once
}

// play is called with whatever amount the device wants; it gets silence for what we have not.
func (s *speaker) play(pcm []int16) (int, error) {
	clear(pcm[s.queue.read(pcm):])
	return len(pcm), nil
}

func (s *speaker) WriteFrame(pcm []int16) error {
	select {
	case <-s.queue.closed:
		return errClosed
	default:
		s.queue.write(pcm)
		return nil
	}
}

func (s *speaker) Close() error {
	s.once.Do(func() {
		close(s.queue.closed)
		s.close()
	})
	return nil
}
