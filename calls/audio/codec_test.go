package audio

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	libopus "github.com/jj11hh/opus"
	"github.com/thesyncim/gopus"
)

// packetBytes is the size of a frame at 32 kbit/s.
const packetBytes = 80

// covers M5: whatever is said, and whether anything is said, a packet has one size, and there is one for each frame.
func TestEveryPacketHasTheSameSize(t *testing.T) {
	square := make([]int16, SampleRate)
	for i := range square {
		square[i] = 32767
		if i/40%2 == 0 {
			square[i] = -32768
		}
	}
	click := make([]int16, SampleRate)
	click[SampleRate/2] = 32767
	sounds := map[string][]int16{
		"speech": speech(), "silence": make([]int16, 3*SampleRate), "a tone": seconds(t, NewTone(440), 2), "a high tone": seconds(t, NewTone(15000), 1),
		"noise": whiteNoise(SampleRate, 0.1), "loud noise": whiteNoise(SampleRate, 2), "a square": square, "a click": click,
	}
	// And from one to the other, as when somebody mutes in the middle of a word.
	var mixed []int16
	for i, length := range []int{10, 1, 30, 2, 50, 7} {
		mixed = append(mixed, speech()[i*40*FrameSamples:(i*40+length)*FrameSamples]...)
		mixed = append(mixed, make([]int16, length*FrameSamples)...)
	}
	sounds["muting"] = mixed
	for name, pcm := range sounds {
		for i, p := range packetsOf(t, pcm) {
			if len(p) != packetBytes {
				t.Fatalf("%s: packet %d has %d bytes", name, i, len(p))
			}
			if info, err := gopus.ParsePacket(p); err != nil || info.FrameCount != 1 || info.TOC.Stereo {
				t.Fatalf("%s: packet %d is %+v, %v", name, i, info, err)
			}
		}
	}
}

func TestEveryBitrateIsKept(t *testing.T) {
	out := make([]byte, maxPacketBytes)
	for bitrate := minBitrate; bitrate <= maxBitrate; bitrate += 2000 {
		e, err := NewEncoder(EncoderConfig{Bitrate: bitrate, Complexity: -1})
		if err != nil {
			t.Fatal(err)
		}
		inFrames(speech()[:30*FrameSamples], func(i int, frame []int16) {
			if i >= 20 {
				frame = make([]int16, FrameSamples)
			}
			if n, err := e.Encode(frame, out); err != nil || n != bitrate/400 {
				t.Fatalf("%d bit/s: %d bytes, %v", bitrate, n, err)
			}
		})
	}
}

func TestEncodersThatCannotBeAreRefused(t *testing.T) {
	for _, cfg := range []EncoderConfig{{Bitrate: 5999}, {Bitrate: 64001}, {Bitrate: -1}, {Complexity: 11}} {
		if _, err := NewEncoder(cfg); err == nil {
			t.Errorf("%+v", cfg)
		}
	}
	e, err := NewEncoder(EncoderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, FrameSamples - 1, FrameSamples + 1, 2 * FrameSamples} {
		if _, err := e.Encode(make([]int16, n), make([]byte, maxPacketBytes)); !errors.Is(err, errFrameSize) {
			t.Errorf("%d samples: %v", n, err)
		}
	}
	if _, err := e.Encode(make([]int16, FrameSamples), make([]byte, 10)); err == nil {
		t.Error("80 bytes went into 10")
	}
}

// decode decodes packets; those that lost names are concealed, or recovered if fec.
func decode(t *testing.T, packets [][]byte, lost func(i int) bool, fec bool) []int16 {
	t.Helper()
	d, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, len(packets)*FrameSamples)
	inFrames(pcm, func(i int, frame []int16) {
		switch {
		case !lost(i):
			err = d.Decode(packets[i], frame)
		case fec && i+1 < len(packets) && !lost(i+1):
			if err = d.DecodeFEC(packets[i+1], frame); errors.Is(err, ErrNoFEC) {
				err = d.Conceal(frame)
			}
		default:
			err = d.Conceal(frame)
		}
		if err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
	})
	return pcm
}

func TestSpeechSurvivesTheCodec(t *testing.T) {
	got := decode(t, spoken(), func(int) bool { return false }, false)
	stoi, lag := intelligibility(t, speech(), got)
	t.Logf("STOI %.3f, lag %d", stoi, lag)
	if stoi < 0.95 || lag < 0 || lag > 2*oggPreSkip {
		t.Errorf("STOI %v, lag %d", stoi, lag)
	}
}

func TestAToneIsATone(t *testing.T) {
	for _, hz := range []float64{200, 440, 1000, 3000} {
		tone := seconds(t, NewTone(hz), 1)
		if got := level(tone, hz); math.Abs(got-toneLevel) > 0.001 || math.Abs(rms(tone)-toneLevel/math.Sqrt2) > 0.001 {
			t.Errorf("%v Hz: level %v", hz, got)
		}
		heard := decode(t, packetsOf(t, tone), func(int) bool { return false }, false)[SampleRate/5:]
		if got := level(heard[:SampleRate/2], hz); math.Abs(got-toneLevel) > 0.03 {
			t.Errorf("%v Hz through the codec: level %v", hz, got)
		}
	}
	if got := rms(decode(t, packetsOf(t, seconds(t, NewSilence(), 1)), func(int) bool { return false }, false)); got > 1e-3 {
		t.Errorf("silence through the codec: %v", got)
	}
}

// The decoder makes up what is missing, and the copy in the next packet is better than that.
func TestLostPacketsAreConcealedAndRecovered(t *testing.T) {
	packets := spoken()
	r := rand.New(rand.NewPCG(3, 4))
	gone := make([]bool, len(packets)+1)
	for i := range gone {
		gone[i] = r.Float64() < 0.15
	}
	lost := func(i int) bool { return gone[i] }
	silent := decode(t, packets, lost, false)
	inFrames(silent, func(i int, frame []int16) {
		if lost(i) {
			clear(frame)
		}
	})
	bySilence, _ := intelligibility(t, speech(), silent)
	concealed, _ := intelligibility(t, speech(), decode(t, packets, lost, false))
	recovered, _ := intelligibility(t, speech(), decode(t, packets, lost, true))
	t.Logf("15 %% lost: %.3f as silence, %.3f concealed, %.3f recovered", bySilence, concealed, recovered)
	if concealed <= bySilence || recovered <= concealed+0.02 || recovered < 0.93 {
		t.Errorf("15 %% lost: %v as silence, %v concealed, %v recovered", bySilence, concealed, recovered)
	}
}

// Expecting too little loss, the encoder adds no copies at all, and nobody would notice but those who lose packets.
func TestSpeechCarriesCopies(t *testing.T) {
	copies := 0
	packets := spoken()
	for _, p := range packets {
		if gopus.PacketHasLBRR(p) {
			copies++
		}
	}
	if copies < len(packets)*3/4 {
		t.Errorf("%d of %d packets carry a copy of the one before", copies, len(packets))
	}
}

func TestConcealingFadesOut(t *testing.T) {
	loud := 100 // a frame in the middle of a word
	for rms(speech()[loud*FrameSamples:(loud+1)*FrameSamples]) < 0.1 {
		loud++
	}
	heard := decode(t, spoken(), func(i int) bool { return i > loud }, false)[loud*FrameSamples:]
	if before, after := rms(heard[:FrameSamples]), rms(heard[20*FrameSamples:30*FrameSamples]); before < 0.05 || after > before/10 {
		t.Errorf("400 ms without packets: %v, before %v", after, before)
	}
}

func TestPacketsThatAreNoneAreErrorsAndSilence(t *testing.T) {
	good := packetsOf(t, speech()[:50*FrameSamples])
	d, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, FrameSamples)
	for name, p := range map[string][]byte{
		"nothing":       nil,
		"10 ms":         {0x70, 1, 2, 3},
		"60 ms":         {0x18, 1, 2, 3},
		"two of 20 ms":  append([]byte{0x79}, make([]byte, 80)...),
		"half a header": {0x7b},
		"too long":      append([]byte{0x78}, make([]byte, maxPacketBytes+1)...),
	} {
		for _, f := range []func([]byte, []int16) error{d.Decode, d.DecodeFEC} {
			for i := range pcm {
				pcm[i] = 1
			}
			if err := f(p, pcm); err == nil || rms(pcm) != 0 {
				t.Errorf("%s: %v, level %v", name, err, rms(pcm))
			}
		}
	}
	short := make([]int16, 10)
	if err := d.Decode(good[0], short); !errors.Is(err, errFrameSize) {
		t.Error(err)
	}
	// And it still decodes.
	for _, p := range good {
		if err := d.Decode(p, pcm); err != nil {
			t.Fatal(err)
		}
	}
}

// Packets come from the other side, who may be anybody.
func FuzzDecoder(f *testing.F) {
	good := packetsOf(f, speech()[100*FrameSamples:110*FrameSamples])
	f.Add(good[0])
	f.Add(good[9])
	f.Add([]byte{0x78})
	f.Add([]byte{0x08, 0xff, 0xff})
	d, err := NewDecoder()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		pcm := make([]int16, FrameSamples)
		_ = d.Decode(packet, pcm)
		_ = d.DecodeFEC(packet, pcm)
		if err := d.Conceal(pcm); err != nil {
			t.Error(err)
		}
		for _, p := range good[:2] {
			if err := d.Decode(p, pcm); err != nil {
				t.Error(err)
			}
		}
	})
}

// libopus, compiled to WebAssembly, hears the same as our decoder, and we hear the same from its packets.
func TestLibopusHearsTheSame(t *testing.T) {
	said := speech()[:150*FrameSamples]
	ours := packetsOf(t, said)
	e, err := libopus.NewEncoder(SampleRate, 1, libopus.AppVoIP)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(e.SetVBR(false), e.SetBitrate(DefaultBitrate), e.SetInBandFEC(true), e.SetPacketLossPerc(expectedLossPercent)); err != nil {
		t.Fatal(err)
	}
	var theirs [][]byte
	out := make([]byte, maxPacketBytes)
	inFrames(said, func(_ int, frame []int16) {
		n, err := e.Encode(frame, out)
		if err != nil {
			t.Fatal(err)
		}
		theirs = append(theirs, bytes.Clone(out[:n]))
	})
	for name, packets := range map[string][][]byte{"our packets": ours, "their packets": theirs} {
		d, err := libopus.NewDecoder(SampleRate, 1)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]int16, len(said))
		inFrames(want, func(i int, frame []int16) {
			if _, err := d.Decode(packets[i], frame); err != nil {
				t.Fatal(err)
			}
		})
		got := decode(t, packets, func(int) bool { return false }, false)
		difference := slices.Clone(got)
		for i := range difference {
			difference[i] -= want[i]
		}
		if ratio := rms(difference) / rms(want); ratio > 0.01 {
			t.Errorf("%s: the difference is %.1f dB", name, 20*math.Log10(ratio))
		}
	}
}
