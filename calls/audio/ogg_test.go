package audio

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/thesyncim/gopus/container/ogg"
)

// oggPage is a page of whole packets.
func oggPage(serial uint32, flags byte, granule uint64, packets ...[]byte) []byte {
	p := ogg.Page{HeaderType: flags, SerialNumber: serial, GranulePos: granule}
	for _, packet := range packets {
		p.Segments = append(p.Segments, ogg.BuildSegmentTable(len(packet))...)
		p.Payload = append(p.Payload, packet...)
	}
	return p.Encode()
}

// encode makes packets of the whole frames of pcm.
func encode(pcm []int16) (packets [][]byte, err error) {
	e, err := NewEncoder(EncoderConfig{})
	if err != nil {
		return nil, err
	}
	out := make([]byte, maxPacketBytes)
	for ; len(pcm) >= FrameSamples; pcm = pcm[FrameSamples:] {
		n, err := e.Encode(pcm[:FrameSamples], out)
		if err != nil {
			return nil, err
		}
		packets = append(packets, bytes.Clone(out[:n]))
	}
	return packets, nil
}

func packetsOf(t testing.TB, pcm []int16) [][]byte {
	t.Helper()
	packets, err := encode(pcm)
	if err != nil {
		t.Fatal(err)
	}
	return packets
}

func oggHead(channels, preSkip int, gain int16) []byte {
	head := ogg.DefaultOpusHead(SampleRate, uint8(channels))
	head.PreSkip, head.OutputGain = uint16(preSkip), gain
	return head.Encode()
}

func oggTags() []byte { return (&ogg.OpusTags{Vendor: "test"}).Encode() }

func readOggBytes(t *testing.T, content ...[]byte) []int16 {
	t.Helper()
	f, err := readOgg(bytes.NewReader(slices.Concat(content...)), nil)
	if err != nil {
		t.Fatal(err)
	}
	pcm, err := readAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return pcm
}

func TestAnOggFileIsWhatWasRecorded(t *testing.T) {
	for name, pcm := range map[string][]int16{"call.opus": speech(), "call.OGG": speech()[:100*FrameSamples]} {
		path, f := create(t, name)
		record(t, f, pcm)
		for range 2 {
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		wantOneLine(t, "writing after the end", f.WriteFrame(make([]int16, FrameSamples)))
		got := listen(t, path)
		stoi, lag := intelligibility(t, pcm, got)
		t.Logf("%d samples became %d, STOI %.3f, lag %d", len(pcm), len(got), stoi, lag)
		// Neither longer nor later, although the encoder delays: header and last page say by how much.
		if len(got) != len(pcm) || stoi < 0.95 || math.Abs(float64(lag)) > 5 {
			t.Errorf("%d samples became %d, STOI %v, lag %d", len(pcm), len(got), stoi, lag)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("others may read the recording: %v", info.Mode())
		}
	}
	path, f := create(t, "empty.opus")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got := listen(t, path); len(got) != 0 {
		t.Errorf("nothing became %d samples", len(got))
	}
}

// Other programs put many packets on a page and let packets go over its end.
func TestPacketsAreOnPagesInAnyWay(t *testing.T) {
	packets := packetsOf(t, speech()[:20*FrameSamples])
	head, tags := oggPage(7, ogg.PageFlagBOS, 0, oggHead(1, oggPreSkip, 0)), oggPage(7, 0, 0, oggTags())
	want := readOggBytes(t, head, tags, oggPage(7, ogg.PageFlagEOS, 20*FrameSamples, packets...))

	var single [][]byte
	for i, p := range packets {
		flags := byte(0)
		if i == len(packets)-1 {
			flags = ogg.PageFlagEOS
		}
		single = append(single, oggPage(7, flags, uint64(i+1)*FrameSamples, p))
	}
	if got := readOggBytes(t, head, tags, slices.Concat(single...)); !slices.Equal(got, want) {
		t.Error("one page for each packet is another sound")
	}

	// Comments with a picture: 100,000 bytes, over two pages.
	big := append(oggTags(), make([]byte, 100000)...)
	table := ogg.BuildSegmentTable(len(big))
	first := ogg.Page{SerialNumber: 7, GranulePos: noGranule, Segments: table[:255], Payload: big[:255*255]}
	second := ogg.Page{SerialNumber: 7, HeaderType: ogg.PageFlagContinuation, Segments: table[255:], Payload: big[255*255:]}
	if got := readOggBytes(t, head, first.Encode(), second.Encode(), slices.Concat(single...)); !slices.Equal(got, want) {
		t.Error("behind a picture is another sound")
	}

	// Pages of another stream in between are left out.
	other := oggPage(8, 0, 0, make([]byte, 300))
	if got := readOggBytes(t, head, other, tags, other, slices.Concat(single...)); !slices.Equal(got, want) {
		t.Error("between another stream is another sound")
	}
}

func TestAnOggFileThatEndsEarlyEndsEarly(t *testing.T) {
	path, f := create(t, "call.opus")
	record(t, f, speech()[:50*FrameSamples])
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	step := 1
	for n := 0; n < len(whole); n += step {
		if n > 300 {
			step = 53 // the header byte by byte, what is behind in less than pages
		}
		f, err := readOgg(bytes.NewReader(whole[:n]), nil)
		if err != nil {
			wantOneLine(t, "half a header", err)
			continue
		}
		pcm, err := readAll(f)
		if err != nil || len(pcm) < last {
			t.Fatalf("%d bytes of %d: %d samples, %v", n, len(whole), len(pcm), err)
		}
		last = len(pcm)
	}
	if last < 48*FrameSamples {
		t.Errorf("nearly all of it: %d samples", last)
	}
}

func TestADamagedOggFileIsAnError(t *testing.T) {
	packet := packetsOf(t, speech()[:FrameSamples])[0]
	head, tags, page := oggPage(7, ogg.PageFlagBOS, 0, oggHead(1, 0, 0)), oggPage(7, 0, 0, oggTags()), oggPage(7, 0, FrameSamples, packet)
	flipped := bytes.Clone(page)
	flipped[len(flipped)-3] ^= 1
	family := bytes.Clone(oggHead(1, 0, 0))
	family[18] = 200
	for name, content := range map[string][]byte{
		"a bit is wrong":               slices.Concat(head, tags, flipped),
		"no page":                      slices.Concat(head, tags, make([]byte, 500)),
		"continues nothing":            slices.Concat(head, tags, oggPage(7, ogg.PageFlagContinuation, 0, packet)),
		"an empty packet":              slices.Concat(head, tags, oggPage(7, 0, 0, nil)),
		"not Opus inside":              slices.Concat(head, tags, oggPage(7, 0, 0, bytes.Repeat([]byte{0xff}, 2000))),
		"does not begin":               slices.Concat(tags, head),
		"no comments":                  slices.Concat(head, page),
		"channels of an unknown order": slices.Concat(oggPage(7, ogg.PageFlagBOS, 0, family), tags, page),
	} {
		f, err := readOgg(bytes.NewReader(content), nil)
		if err == nil {
			_, err = readAll(f)
		}
		wantOneLine(t, name, err)
	}
}

func TestTheGainOfTheHeaderIsApplied(t *testing.T) {
	packets := packetsOf(t, seconds(t, NewTone(1000), 1))
	play := func(gain int16) float64 {
		return rms(readOggBytes(t, oggPage(7, ogg.PageFlagBOS, 0, oggHead(1, 0, gain)), oggPage(7, 0, 0, oggTags()), oggPage(7, 0, 0, packets...)))
	}
	if ratio := play(-6*256) / play(0); math.Abs(ratio-0.501) > 0.01 {
		t.Errorf("-6 dB is a factor of %v", ratio)
	}
}

func FuzzOgg(f *testing.F) {
	packets := packetsOf(f, speech()[:3*FrameSamples])
	head, tags := oggPage(7, ogg.PageFlagBOS, 0, oggHead(1, oggPreSkip, 0)), oggPage(7, 0, 0, oggTags())
	f.Add(slices.Concat(head, tags, oggPage(7, ogg.PageFlagEOS, 3*FrameSamples, packets...)), byte(0), uint16(0))
	f.Add(slices.Concat(head, tags, oggPage(7, 0, noGranule, packets[0], nil)), byte(9), uint16(80))
	f.Add(head, byte(0), uint16(0))
	// Checksums would keep the fuzzer out: besides the bytes as they are, packet is what is in a page that is right.
	f.Fuzz(func(t *testing.T, content []byte, first byte, at uint16) {
		packet := append([]byte{first}, content[min(int(at), len(content)):]...)
		for _, c := range [][]byte{content, slices.Concat(head, tags, oggPage(7, ogg.PageFlagEOS, uint64(at), packet[:min(len(packet), 2000)]))} {
			file, err := readOgg(bytes.NewReader(c), nil)
			if err != nil {
				wantOneLine(t, "file", err)
				continue
			}
			pcm := make([]int16, FrameSamples)
			for n := 0; ; n++ {
				if err := file.ReadFrame(pcm); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					wantOneLine(t, "frame", err)
					break
				}
				if n > 6*len(c) { // a packet of one byte is 120 ms at most
					t.Fatalf("%d bytes became %d frames", len(c), n)
				}
			}
		}
	})
}
