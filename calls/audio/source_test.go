package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// chord is a second of tones at any rate, as a WAV file.
func chord(rate int, tones ...float64) []byte {
	var data []byte
	for i := range rate {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(sound(float64(i)/float64(rate), tones))))
	}
	return wav(wavTagFloat, 1, rate, 32, data)
}

// sound is that of tones at a time in seconds.
func sound(at float64, tones []float64) (v float64) {
	for _, hz := range tones {
		v += 0.9 / float64(len(tones)) * math.Sin(2*math.Pi*hz*at)
	}
	return v
}

func TestFilesOfAnyRateBecome48kHz(t *testing.T) {
	tones := []float64{100, 440, 3000}
	for _, rate := range []int{8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000} {
		f, err := ReadWAV(bytes.NewReader(chord(rate, tones...)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(f)
		if err != nil || len(got) != SampleRate {
			t.Fatalf("a second at %d Hz became %d samples, %v", rate, len(got), err)
		}
		for i := SampleRate / 20; i < SampleRate*19/20; i++ { // the ends are blurred
			if want := sound(float64(i)/SampleRate, tones); math.Abs(float64(got[i])/32768-want) > 0.003 {
				t.Fatalf("at %d Hz: sample %d is %v instead of %v", rate, i, float64(got[i])/32768, want)
			}
		}
	}
}

// What is above half of the lower rate must vanish: it would be heard as another tone.
func TestNothingIsFoldedBack(t *testing.T) {
	f, err := ReadWAV(bytes.NewReader(chord(96000, 30000)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := readAll(f)
	if middle := got[SampleRate/10 : SampleRate*9/10]; err != nil || rms(middle) > 0.001 {
		t.Errorf("30 kHz came through at %v, %v", rms(middle), err)
	}
}

// onlyFrames is a source of n frames that counts how often it is closed.
type onlyFrames struct {
	n      int
	closed *int
}

func (o *onlyFrames) ReadFrame(pcm []int16) error {
	if o.n == 0 {
		return io.EOF
	}
	o.n--
	fill(pcm, int16(o.n))
	return nil
}

func (o *onlyFrames) Close() error { *o.closed++; return nil }

func TestALoopBeginsAnew(t *testing.T) {
	opened, closed := 0, 0
	l := Loop(func() (Source, error) {
		opened++
		return &onlyFrames{3, &closed}, nil
	})
	pcm := make([]int16, FrameSamples)
	for i, want := range []int16{2, 1, 0, 2, 1, 0, 2} {
		if err := l.ReadFrame(pcm); err != nil || pcm[0] != want {
			t.Fatalf("frame %d: %d, %v", i, pcm[0], err)
		}
	}
	if err := l.Close(); err != nil || opened != 3 || closed != 3 {
		t.Errorf("opened %d times and closed %d times, %v", opened, closed, err)
	}

	empty := Loop(func() (Source, error) { return &onlyFrames{0, &closed}, nil })
	if err := empty.ReadFrame(pcm); !errors.Is(err, io.EOF) {
		t.Errorf("a loop of nothing: %v", err)
	}
	gone := errors.New("the file is gone")
	if err := Loop(func() (Source, error) { return nil, gone }).ReadFrame(pcm); !errors.Is(err, gone) {
		t.Error(err)
	}
	// Tones are no files: nothing is closed.
	if err := Loop(func() (Source, error) { return NewTone(440), nil }).Close(); err != nil {
		t.Error(err)
	}
}

func TestAToneHasNoSeams(t *testing.T) {
	pcm := seconds(t, NewTone(441), 2)
	for i := 1; i < len(pcm); i++ {
		if step := math.Abs(float64(pcm[i]) - float64(pcm[i-1])); step > 32768*toneLevel*2*math.Pi*441/SampleRate+1 {
			t.Fatalf("a jump of %v at sample %d", step, i)
		}
	}
}

func TestAQueueKeepsTheNewest(t *testing.T) {
	q := newQueue(1)
	count := func(from, n int) (pcm []int16) {
		for i := range n {
			pcm = append(pcm, int16(from+i))
		}
		return pcm
	}
	q.write(count(0, 100))
	got := make([]int16, 60)
	if n := q.read(got); n != 60 || !slices.Equal(got, count(0, 60)) {
		t.Errorf("%d samples: %v", n, got)
	}
	if q.readFrame(make([]int16, 41)) {
		t.Error("40 samples filled 41")
	}
	q.write(count(100, FrameSamples))
	frame := make([]int16, FrameSamples)
	if !q.readFrame(frame) || !slices.Equal(frame, count(100, FrameSamples)) {
		t.Error("the oldest did not go")
	}
	q.write(count(0, 5*FrameSamples))
	if !q.readFrame(frame) || !slices.Equal(frame, count(4*FrameSamples, FrameSamples)) {
		t.Error("of too much at once, not the newest")
	}
	if n := q.read(got); n != 0 {
		t.Errorf("%d samples are left", n)
	}
}

// A device that stops must not stop the call: packets go on, with silence in them.
func TestAMicrophoneThatStopsIsSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closes := 0
		m := &microphone{queue: newQueue(deviceFrames), close: func() { closes++ }}
		frame := make([]int16, FrameSamples)
		time.AfterFunc(30*time.Millisecond, func() {
			for range 4 {
				_, _ = m.heard(slices.Repeat([]int16{7}, FrameSamples/4))
			}
		})
		start := time.Now()
		if err := m.ReadFrame(frame); err != nil || frame[0] != 7 || time.Since(start) != 30*time.Millisecond {
			t.Errorf("%d after %v, %v", frame[0], time.Since(start), err)
		}
		start = time.Now()
		if err := m.ReadFrame(frame); err != nil || rms(frame) != 0 || time.Since(start) != deviceTimeout {
			t.Errorf("nothing heard: level %v after %v, %v", rms(frame), time.Since(start), err)
		}
		time.AfterFunc(10*time.Millisecond, func() { _ = m.Close() })
		if err := m.ReadFrame(frame); !errors.Is(err, errClosed) {
			t.Error(err)
		}
		if err := errors.Join(m.Close(), m.Close()); err != nil || closes != 1 {
			t.Errorf("closed %d times, %v", closes, err)
		}
		if err := m.ReadFrame(nil); !errors.Is(err, errFrameSize) {
			t.Error(err)
		}
	})
}

func TestASpeakerPlaysWhatThereIs(t *testing.T) {
	closes := 0
	s := &speaker{queue: newQueue(deviceFrames), close: func() { closes++ }}
	if err := s.WriteFrame(slices.Repeat([]int16{7}, FrameSamples)); err != nil {
		t.Fatal(err)
	}
	pcm := slices.Repeat([]int16{9}, FrameSamples+100)
	if n, err := s.play(pcm); err != nil || n != len(pcm) || pcm[FrameSamples-1] != 7 || pcm[FrameSamples] != 0 || pcm[len(pcm)-1] != 0 {
		t.Errorf("%d samples, %v", n, err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil || closes != 1 {
		t.Errorf("closed %d times, %v", closes, err)
	}
	if err := s.WriteFrame(pcm[:FrameSamples]); !errors.Is(err, errClosed) {
		t.Error(err)
	}
}

func TestWithoutASoundServerTheErrorSaysWhatToDo(t *testing.T) {
	t.Setenv("PULSE_SERVER", "unix:"+t.TempDir()+"/nobody")
	_, err := OpenMicrophone()
	wantOneLine(t, "microphone", err)
	_, err = OpenSpeaker()
	wantOneLine(t, "speaker", err)
	if err == nil || !strings.Contains(err.Error(), "PipeWire") {
		t.Error(err)
	}
}
