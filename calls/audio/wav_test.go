package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"testing"

	testaudio "github.com/taciturn-voice/taciturn/testdata/audio"
)

// wav builds a file: an odd chunk that nobody knows, the format, and the data.
func wav(tag, channels, rate, bits int, data []byte) []byte {
	le := binary.LittleEndian
	format := le.AppendUint16(nil, uint16(tag))
	format = le.AppendUint16(format, uint16(channels))
	format = le.AppendUint32(format, uint32(rate))
	format = le.AppendUint32(format, uint32(rate*channels*bits/8))
	format = le.AppendUint16(format, uint16(channels*bits/8))
	format = le.AppendUint16(format, uint16(bits))
	return wavOf(chunk("LIST", []byte("odd")), chunk("fmt ", format), chunk("data", data))
}

func wavOf(chunks ...[]byte) []byte {
	all := slices.Concat(chunks...)
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(all)+4))
	return slices.Concat(head, []byte("WAVE"), all)
}

func chunk(id string, data []byte) []byte {
	b := append(binary.LittleEndian.AppendUint32([]byte(id), uint32(len(data))), data...)
	return append(b, make([]byte, len(data)%2)...)
}

func TestAWAVFileIsWhatWasRecorded(t *testing.T) {
	for _, pcm := range [][]int16{speech(), whiteNoise(3*FrameSamples, 2), nil} {
		path, f := create(t, "call.WAV")
		record(t, f, pcm)
		for range 2 {
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		wantOneLine(t, "writing after the end", f.WriteFrame(make([]int16, FrameSamples)))
		if got := listen(t, path); !slices.Equal(got, pcm) {
			t.Errorf("%d samples became %d, or others", len(pcm), len(got))
		}
		content, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(content[:wavHeaderBytes], wavHeader(uint32(2*len(pcm)))) || len(content) != wavHeaderBytes+2*len(pcm) {
			t.Errorf("%d bytes, %v", len(content), err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("others may read the recording: %v", info.Mode())
		}
	}
}

// A program that dies has not written the sizes. What it flushed can be heard.
func TestARecordingWhoseProgramDiedIsReadable(t *testing.T) {
	pcm := speech()[:(flushFrames+20)*FrameSamples]
	for _, name := range []string{"call.wav", "call.opus"} {
		path, f := create(t, name)
		record(t, f, pcm)
		got := listen(t, path) // and never closed
		if len(got) < flushFrames*FrameSamples-2*FrameSamples {
			t.Errorf("%s: %d samples of %d", name, len(got), len(pcm))
		}
		_ = f.Close()
	}
}

func TestAllWaysToWriteASampleAreRead(t *testing.T) {
	values := []float64{0, 0.5, -0.5, 0.25, -1}
	le := binary.LittleEndian
	for _, c := range []struct {
		name      string
		tag, bits int
		encode    func(v float64) []byte
	}{
		{"8 bit", wavTagPCM, 8, func(v float64) []byte { return []byte{byte(int(v*128) + 128)} }},
		{"16 bit", wavTagPCM, 16, func(v float64) []byte { return le.AppendUint16(nil, uint16(int16(v*32768))) }},
		{"24 bit", wavTagPCM, 24, func(v float64) []byte { return le.AppendUint32(nil, uint32(int32(v*(1<<23))))[:3] }},
		{"32 bit", wavTagPCM, 32, func(v float64) []byte { return le.AppendUint32(nil, uint32(int32(v*(1<<31)))) }},
		{"float", wavTagFloat, 32, func(v float64) []byte { return le.AppendUint32(nil, math.Float32bits(float32(v))) }},
		{"long float", wavTagFloat, 64, func(v float64) []byte { return le.AppendUint64(nil, math.Float64bits(v)) }},
	} {
		var data []byte
		for _, v := range values {
			// Left channel, right channel with the other half: the mix is v.
			data = append(data, c.encode(v)...)
			data = append(data, c.encode(v)...)
		}
		f, err := ReadWAV(bytes.NewReader(wav(c.tag, 2, SampleRate, c.bits, data)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, err := readAll(f)
		if err != nil || len(got) != FrameSamples {
			t.Errorf("%s: %d samples, %v", c.name, len(got), err)
			continue
		}
		for i, v := range values {
			if want := toInt16(float32(v)); got[i] != want {
				t.Errorf("%s: %v is %d instead of %d", c.name, v, got[i], want)
			}
		}
		if rms(got[len(values):]) != 0 {
			t.Errorf("%s: the frame does not end in silence", c.name)
		}
	}
}

func TestChannelsAreMixed(t *testing.T) {
	var data []byte
	for range FrameSamples {
		for _, v := range []int16{3000, -1000, 1000} {
			data = binary.LittleEndian.AppendUint16(data, uint16(v))
		}
	}
	f, err := ReadWAV(bytes.NewReader(wav(wavTagPCM, 3, SampleRate, 16, data)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := readAll(f)
	if err != nil || len(got) != FrameSamples || got[0] != 1000 || got[FrameSamples-1] != 1000 {
		t.Errorf("%d samples, %v", len(got), err)
	}
}

func TestFloatsThatAreNoSoundDoNoHarm(t *testing.T) {
	var data []byte
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -7} {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
	}
	f, err := ReadWAV(bytes.NewReader(wav(wavTagFloat, 1, SampleRate, 64, data)))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := readAll(f); !slices.Equal(got[:5], []int16{0, 32767, -32768, 32767, -32768}) {
		t.Error(got[:5])
	}
}

func TestAWAVFileThatEndsEarlyEndsEarly(t *testing.T) {
	whole := testaudio.Speech()
	for _, frames := range []int{0, 1, 10} {
		f, err := ReadWAV(bytes.NewReader(whole[:wavHeaderBytes+frames*2*FrameSamples+1]))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readAll(f); err != nil || len(got) != frames*FrameSamples || !slices.Equal(got, speech()[:len(got)]) {
			t.Errorf("%d frames and a byte: %d samples, %v", frames, len(got), err)
		}
	}
	for n := range wavHeaderBytes {
		_, err := ReadWAV(bytes.NewReader(whole[:n]))
		wantOneLine(t, "half a header", err)
	}
}

func TestUnreadableFilesAreAnErrorOfOneLine(t *testing.T) {
	extensible := make([]byte, wavExtensibleBytes)
	binary.LittleEndian.PutUint16(extensible, wavTagExtensible)
	for name, content := range map[string][]byte{
		"an empty file":          {},
		"three bytes":            []byte("RIF"),
		"a text":                 []byte("This is not music,\nthis is a text.\n"),
		"an MP3":                 append([]byte("ID3\x04"), make([]byte, 500)...),
		"RIFF, and no WAVE":      slices.Concat([]byte("RIFF\x00\x00\x00\x00AVI "), make([]byte, 500)),
		"nothing in it":          wavOf(),
		"no format":              wavOf(chunk("data", make([]byte, 100))),
		"no data":                wavOf(chunk("fmt ", wavHeader(0)[20:36])),
		"half a format":          wavOf(chunk("fmt ", wavHeader(0)[20:30]), chunk("data", nil)),
		"two formats":            wavOf(chunk("fmt ", wavHeader(0)[20:36]), chunk("fmt ", wavHeader(0)[20:36]), chunk("data", nil)),
		"thousands of chunks":    wavOf(bytes.Repeat(chunk("junk", nil), 5000)),
		"ADPCM":                  wav(2, 1, SampleRate, 16, nil),
		"12 bit":                 wav(wavTagPCM, 1, SampleRate, 12, nil),
		"40 bit":                 wav(wavTagPCM, 1, SampleRate, 40, nil),
		"16-bit floats":          wav(wavTagFloat, 1, SampleRate, 16, nil),
		"no channel":             wav(wavTagPCM, 0, SampleRate, 16, nil),
		"33 channels":            wav(wavTagPCM, 33, SampleRate, 16, nil),
		"a rate of 0":            wav(wavTagPCM, 1, 0, 16, nil),
		"a rate of 1 MHz":        wav(wavTagPCM, 1, 1000000, 16, nil),
		"half of extensible":     wavOf(chunk("fmt ", extensible[:20]), chunk("data", nil)),
		"extensible, of no kind": wavOf(chunk("fmt ", extensible), chunk("data", nil)),
		"Ogg, and no Opus":       oggPage(0, 2, 0, []byte("\x01vorbis and so on, and so on")),
		"Ogg that breaks off":    []byte("OggS\x00"),
	} {
		f, err := OpenFile(writeFile(t, content))
		if f != nil {
			t.Errorf("%s can be read", name)
		}
		wantOneLine(t, name, err)
	}
	_, err := OpenFile(t.TempDir())
	wantOneLine(t, "a directory", err)
	_, err = OpenFile(t.TempDir() + "/missing.wav")
	wantOneLine(t, "no file", err)
	if !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	_, err = CreateFile(t.TempDir() + "/call.mp3")
	wantOneLine(t, "an MP3 to write", err)
	_, err = CreateFile(t.TempDir() + "/missing/call.wav")
	wantOneLine(t, "no directory", err)
}

// full is a disk with so many bytes left.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}
func (f *full) Seek(int64, int) (int64, error) { return 0, nil }
func (f *full) Close() error                   { return nil }

func TestAFullDiskIsAnError(t *testing.T) {
	frame := make([]int16, FrameSamples)
	for name, open := range map[string]func(storage) (SinkFile, error){
		"WAV": func(s storage) (SinkFile, error) { return newWAVWriter(s) },
		"Ogg": func(s storage) (SinkFile, error) { return newOggWriter(s) },
	} {
		_, err := open(&full{})
		wantOneLine(t, name, err)
		f, err := open(&full{left: 20000})
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			if err = f.WriteFrame(frame); err != nil {
				break
			}
		}
		wantOneLine(t, name, err)
		wantOneLine(t, name, f.Close())
	}
}

func TestAWAVFileDoesNotOutgrowItsSizes(t *testing.T) {
	w, err := newWAVWriter(&full{left: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	w.data = maxWAVData - 2*FrameSamples
	if err := w.WriteFrame(make([]int16, FrameSamples)); err != nil {
		t.Error(err)
	}
	if err := w.WriteFrame(make([]int16, FrameSamples)); !errors.Is(err, errWAVFull) {
		t.Error(err)
	}
}

func FuzzWAV(f *testing.F) {
	f.Add(testaudio.Speech()[:wavHeaderBytes+100])
	f.Add(wav(wavTagFloat, 2, 8000, 64, make([]byte, 64)))
	f.Add(wav(wavTagPCM, 1, maxWAVRate, 24, make([]byte, 3)))
	f.Add(wav(wavTagPCM, 32, minWAVRate, 8, make([]byte, 320)))
	f.Add(wavHeader(wavUnknownSize))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := ReadWAV(bytes.NewReader(content))
		if err != nil {
			wantOneLine(t, "file", err)
			return
		}
		pcm := make([]int16, FrameSamples)
		for n := 0; ; n++ {
			if err := file.ReadFrame(pcm); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			// A byte is a sample at most, and lasts 1 ms at most.
			if n*20 > len(content)+20 {
				t.Fatalf("%d bytes became %d frames", len(content), n)
			}
		}
	})
}
