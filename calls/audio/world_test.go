package audio

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/taciturn-voice/taciturn/calls/quality"
	testaudio "github.com/taciturn-voice/taciturn/testdata/audio"
)

// speech is ten seconds of it.
var speech = sync.OnceValue(func() []int16 {
	f, err := ReadWAV(bytes.NewReader(testaudio.Speech()))
	if err != nil {
		panic(err)
	}
	pcm, err := readAll(f)
	if err != nil {
		panic(err)
	}
	return pcm
})

// spoken is speech encoded. Whoever changes a packet changes a copy.
var spoken = sync.OnceValue(func() [][]byte {
	packets, err := encode(speech())
	if err != nil {
		panic(err)
	}
	return packets
})

// readAll reads frames to the end, at most a minute of them.
func readAll(s Source) (all []int16, err error) {
	pcm := make([]int16, FrameSamples)
	for range 60 * 50 {
		if err := s.ReadFrame(pcm); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return all, err
		}
		all = append(all, pcm...)
	}
	return all, nil
}

// inFrames calls f with each whole frame of pcm.
func inFrames(pcm []int16, f func(i int, frame []int16)) {
	for i := 0; (i+1)*FrameSamples <= len(pcm); i++ {
		f(i, pcm[i*FrameSamples:(i+1)*FrameSamples])
	}
}

// seconds of a source.
func seconds(t *testing.T, s Source, n int) []int16 {
	t.Helper()
	pcm := make([]int16, n*SampleRate)
	inFrames(pcm, func(_ int, frame []int16) {
		if err := s.ReadFrame(frame); err != nil {
			t.Fatal(err)
		}
	})
	return pcm
}

func whiteNoise(n int, level float64) []int16 {
	r := rand.New(rand.NewPCG(1, 2))
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = toInt16(float32(r.NormFloat64() * level))
	}
	return pcm
}

// rms is the level, 1 the loudest there is.
func rms(pcm []int16) float64 {
	var sum float64
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum/float64(max(1, len(pcm)))) / 32768
}

// level is how loud a tone in pcm is.
func level(pcm []int16, hz float64) float64 {
	var re, im float64
	for i, v := range pcm {
		sin, cos := math.Sincos(2 * math.Pi * hz * float64(i) / SampleRate)
		re, im = re+float64(v)*cos, im+float64(v)*sin
	}
	return 2 * math.Hypot(re, im) / float64(len(pcm)) / 32768
}

func intelligibility(t *testing.T, said, heard []int16) (stoi float64, lag int) {
	t.Helper()
	stoi, lag, err := quality.CompareSpeech(floats(said), floats(heard), SampleRate)
	if err != nil {
		t.Fatal(err)
	}
	return stoi, lag
}

func floats(pcm []int16) []float64 {
	x := make([]float64, len(pcm))
	for i, v := range pcm {
		x[i] = float64(v) / 32768
	}
	return x
}

func create(t *testing.T, name string) (path string, f SinkFile) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	f, err := CreateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, f
}

func record(t *testing.T, f Sink, pcm []int16) {
	t.Helper()
	inFrames(pcm, func(_ int, frame []int16) {
		if err := f.WriteFrame(frame); err != nil {
			t.Fatal(err)
		}
	})
}

func listen(t *testing.T, path string) []int16 {
	t.Helper()
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pcm, err := readAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return pcm
}

func writeFile(t *testing.T, content []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wantOneLine: an error is shown to a person as it is.
func wantOneLine(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
	} else if text := err.Error(); !strings.HasPrefix(text, "audio: ") || strings.ContainsAny(text, "\r\n") || len(text) > 300 {
		t.Errorf("%s: %q", what, text)
	}
}
