package audio

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"
)

// What scripted has made a frame of.
const (
	concealed = -1
	recovered = 1000 // and the number of the packet
	damaged   = 99
)

// scripted decodes packets that are a number: each frame is full of it.
type scripted struct{ noFEC bool }

func fill(pcm []int16, v int16) {
	for i := range pcm {
		pcm[i] = v
	}
}

func (scripted) Decode(packet []byte, pcm []int16) error {
	if packet[0] == damaged {
		return errPacket
	}
	fill(pcm, int16(packet[0]))
	return nil
}

func (s scripted) DecodeFEC(next []byte, pcm []int16) error {
	if s.noFEC {
		return ErrNoFEC
	}
	fill(pcm, recovered+int16(next[0]))
	return nil
}

func (scripted) Conceal(pcm []int16) error {
	fill(pcm, concealed)
	return nil
}

// ear is a playout and its time.
type ear struct {
	t *testing.T
	*Playout
	now   time.Time
	first uint16 // the sequence number of packet 0
}

func newEar(t *testing.T, d Decoder, delay time.Duration) *ear {
	t.Helper()
	p, err := NewPlayout(PlayoutConfig{Decoder: d, Fixed: delay})
	if err != nil {
		t.Fatal(err)
	}
	return &ear{t: t, Playout: p, now: time.Unix(1, 0), first: 65530} // the numbers soon begin again at 0
}

// arrive gives packets by their number.
func (e *ear) arrive(packets ...int) {
	for _, n := range packets {
		e.Push(Packet{Frame: e.first + uint16(n), Opus: []byte{byte(n)}}, e.now)
	}
}

// hear is the next n frames.
func (e *ear) hear(n int) (frames []int) {
	pcm := make([]int16, FrameSamples)
	for range n {
		fill(pcm, 12345)
		played := e.Pull(pcm, e.now)
		e.now = e.now.Add(FrameDuration)
		end := pcm[FrameSamples-1] // the beginning may be a fade
		if made := end > 0; made != played {
			e.t.Errorf("frame %d: played is %v", end, played)
		}
		frames = append(frames, int(end))
	}
	return frames
}

func (e *ear) wantHear(what string, want ...int) {
	e.t.Helper()
	if got := e.hear(len(want)); !slices.Equal(got, want) {
		e.t.Errorf("%s: %v instead of %v", what, got, want)
	}
}

func (e *ear) wantStats(want PlayoutStats) {
	e.t.Helper()
	got := e.Stats()
	if got.Played != want.Played || got.Recovered != want.Recovered || got.Concealed != want.Concealed || got.Late != want.Late || got.Duplicate != want.Duplicate {
		e.t.Errorf("%+v instead of %+v", got, want)
	}
}

func TestPacketsWaitAndThenPlay(t *testing.T) {
	e := newEar(t, scripted{}, 60*time.Millisecond)
	e.wantHear("before the call", 0, 0)
	e.arrive(1)
	e.wantHear("60 ms", 0, 0, 0)
	e.arrive(2, 3, 4)
	e.wantHear("in order", 1, 2, 3, 4)
	e.wantStats(PlayoutStats{Played: 4})
}

func TestPacketsThatOvertookOneAnotherPlayInOrder(t *testing.T) {
	e := newEar(t, scripted{}, 60*time.Millisecond)
	e.arrive(3, 1, 2) // even the very first
	e.wantHear("60 ms, of which the first has been late for 40", 0)
	e.arrive(6, 5, 4)
	e.arrive(9, 8, 7)
	e.wantHear("in order, over the end of the numbers", 1, 2, 3, 4, 5, 6, 7, 8, 9)
	e.wantStats(PlayoutStats{Played: 9})
}

func TestDuplicatesAndLatePacketsAreCounted(t *testing.T) {
	e := newEar(t, scripted{}, -1)
	e.arrive(1, 1, 2, 2, 2, 3)
	e.wantHear("each once", 1, 2)
	e.arrive(1, 2, 3, 4)
	e.wantHear("nothing again", 3, 4)
	e.wantStats(PlayoutStats{Played: 4, Duplicate: 4, Late: 2})
}

func TestALostPacketIsRecoveredFromTheNext(t *testing.T) {
	e := newEar(t, scripted{}, -1)
	e.arrive(1, 3, 6, 7)
	e.wantHear("2 from 3; 4 is lost for good, 5 from 6", 1, recovered+3, 3, concealed, recovered+6, 6, 7)
	e.wantStats(PlayoutStats{Played: 4, Recovered: 2, Concealed: 1})

	e = newEar(t, scripted{noFEC: true}, -1)
	e.arrive(1, 3)
	e.wantHear("there is no copy", 1, concealed, 3)
	e.wantStats(PlayoutStats{Played: 2, Concealed: 1})
}

func TestADamagedPacketIsConcealed(t *testing.T) {
	e := newEar(t, scripted{}, -1)
	e.arrive(98, damaged, 100)
	e.wantHear("damaged", 98, concealed, 100)
	e.Push(Packet{Frame: e.first + 101, Opus: nil}, e.now)
	e.Push(Packet{Frame: e.first + 101, Opus: make([]byte, maxPacketBytes+1)}, e.now)
	e.arrive(101)
	e.wantHear("empty or too large: never there", 101)
	e.wantStats(PlayoutStats{Played: 3, Concealed: 1})
}

// When nothing arrives a frame is made up, but the packet may still come: then it plays, a little later than it should.
func TestADelayIsWaitedFor(t *testing.T) {
	e := newEar(t, scripted{}, -1)
	e.arrive(1)
	e.wantHear("nothing more", 1, concealed, concealed)
	e.arrive(2, 3)
	e.wantHear("it was only late", 2, 3)
	e.wantStats(PlayoutStats{Played: 3, Concealed: 2})
}

// If what was missing is lost and not late, what was made up instead of it counts as heard.
func TestALossAtTheEndOfTheBufferDelaysNothing(t *testing.T) {
	e := newEar(t, scripted{}, -1)
	e.arrive(1)
	e.wantHear("2 and 3 are lost", 1, concealed, concealed)
	e.arrive(4, 5)
	e.wantHear("at once", 4, 5)
	e.wantHear("6 to 9: one of them more than was waited", concealed, concealed, concealed)
	e.arrive(10)
	e.wantHear("one of them is left", recovered+10, 10)
	e.wantStats(PlayoutStats{Played: 4, Concealed: 5, Recovered: 1})
}

func TestAfterALongSilenceItIsSilent(t *testing.T) {
	e := newEar(t, scripted{}, -1)
	e.arrive(1)
	e.hear(1)
	want := append(slices.Repeat([]int{concealed}, maxConcealed-1), 0, 0, 0, 0)
	e.wantHear("200 ms, the end of which fades, then nothing", want...)
	e.arrive(2)
	e.wantHear("and again", 2)
}

// Two minutes without a network: everything in between is gone, and nothing of it is counted as waiting.
func TestALongOutage(t *testing.T) {
	e := newEar(t, scripted{}, 60*time.Millisecond)
	e.arrive(1, 2)
	e.hear(5)
	e.hear(6000)
	e.first += 5992 // 6000 frames were not sent for nothing
	e.arrive(11, 12, 13)
	got := e.hear(8)
	if i := slices.Index(got, 11); i < 0 || i > 4 || !slices.Equal(got[i:i+3], []int{11, 12, 13}) {
		t.Errorf("heard %v", got)
	}
	if s := e.Stats(); s.Played != 5 || s.Late != 0 {
		t.Errorf("%+v", s)
	}
}

// Nobody waits for half a second more of speech than the network needs.
func TestWhatIsTooOldIsSkipped(t *testing.T) {
	e := newEar(t, scripted{}, 60*time.Millisecond)
	for n := range 60 {
		e.arrive(n + 1)
	}
	e.now = e.now.Add(time.Second)
	e.wantHear("the newest, and as much before as should wait", 57, 58, 59, 60)
	e.wantStats(PlayoutStats{Played: 4, Late: 56})
}

// When more is missing than the buffer holds, or the numbers jump, it begins anew; what waited is dropped and nothing is kept.
func TestAJumpBeginsAnew(t *testing.T) {
	e := newEar(t, scripted{}, 60*time.Millisecond)
	e.arrive(1, 2)
	e.wantHear("60 ms, of which the first has been late for 20", 0, 0, 1)
	e.arrive(90)
	e.wantHear("60 ms again; what was heard fades", 0, 0, 0, 90)
}

// When the other side begins anew, its numbers may be older than ours.
func TestNumbersThatBeginAnew(t *testing.T) {
	e := newEar(t, scripted{}, -1)
	e.arrive(1, 2, 3)
	e.hear(3)
	e.first -= 20000
	for n := range restartLate + 10 {
		e.arrive(n)
		e.hear(1)
	}
	e.arrive(restartLate+10, restartLate+11)
	e.wantHear("after a second", restartLate+10, restartLate+11)
	if s := e.Stats(); s.Late != restartLate {
		t.Errorf("%+v", s)
	}
}

func TestADecoderThatFailsIsSilence(t *testing.T) {
	e := newEar(t, failing{}, -1)
	e.arrive(1, 2, 4)
	e.wantHear("silence", 0, 0, 0, 0, 0)
	if _, err := NewPlayout(PlayoutConfig{}); err == nil {
		t.Error("a playout without a decoder")
	}
	if p, err := NewPlayout(PlayoutConfig{Decoder: failing{}, Fixed: time.Hour}); err != nil || p.fixed != mostDelay {
		t.Errorf("a delay of an hour: %v", err)
	}
}

func TestRoundingIsSymmetricAndClips(t *testing.T) {
	for v, want := range map[float32]int16{
		0: 0, 1: 32767, -1: -32768, 2: 32767, -2: -32768, 0.5: 16384, -0.5: -16384, 1.4 / 32768: 1, -1.4 / 32768: -1, 1.6 / 32768: 2, -1.6 / 32768: -2,
		float32(math.Inf(1)): 32767, float32(math.Inf(-1)): -32768, float32(math.NaN()): 0,
	} {
		if got := toInt16(v); got != want {
			t.Errorf("%v: %d instead of %d", v, got, want)
		}
	}
	if !errors.Is(newFrames(nil, nil).ReadFrame(nil), errFrameSize) {
		t.Error("a frame of no size")
	}
}

// A packet may carry several frames, and a copy of an earlier one.
func TestPacketsOfSeveralFramesAndCopies(t *testing.T) {
	e := newEar(t, scripted{noFEC: true}, -1)
	e.Push(Packet{Frame: e.first, Opus: []byte{1}, More: []byte{2, 3}}, e.now)
	e.wantHear("three in one", 1, 2, 3)
	e.Push(Packet{Frame: e.first + 4, Opus: []byte{5}, More: []byte{6}}, e.now)
	e.Push(Packet{Frame: e.first + 5, Opus: []byte{6}, Copy: []byte{44}}, e.now)
	e.wantHear("the copy of a lost one", 44, 5, 6)
	e.Push(Packet{Frame: e.first + 6, Opus: []byte{7}, Copy: []byte{55}}, e.now)
	e.wantHear("a copy of what was heard", 7)
	for _, senseless := range []Packet{
		{Frame: e.first + 7}, {Frame: e.first + 7, Opus: []byte{1, 2}, More: []byte{3}}, {Frame: e.first + 7, Opus: []byte{1}, More: make([]byte, mostPacketFrames)},
		{Frame: e.first + 7, Opus: []byte{1}, Copy: make([]byte, maxCopyBytes+1)},
	} {
		e.Push(senseless, e.now)
	}
	e.wantHear("none of these", concealed)
	e.wantStats(PlayoutStats{Played: 6, Recovered: 1, Concealed: 1, Duplicate: 1})
	if s := e.Stats(); s.FECReceived != 1 {
		t.Errorf("%+v", s)
	}
}

// What repairs a loss is waited for, as soon as something is lost; and larger packets, as soon as they are announced.
func TestRepairIsWaitedFor(t *testing.T) {
	e := newEar(t, scripted{}, 0)
	target := func() time.Duration { return e.Stats().Target }
	run := func(from, n int, lost func(int) bool, packet func(int) Packet) {
		for i := from; i < from+n; i++ {
			if !lost(i) {
				e.Push(packet(i), e.now)
			}
			e.hear(1)
		}
	}
	plain := func(i int) Packet { return Packet{Frame: uint16(i), Opus: []byte{byte(10 + i%80)}} }
	run(0, 100, func(int) bool { return false }, plain)
	if target() != 20*time.Millisecond {
		t.Errorf("nothing is lost: %v", target())
	}
	run(100, 100, func(i int) bool { return i%10 == 0 }, plain)
	if target() != 40*time.Millisecond {
		t.Errorf("one in ten is lost: %v", target())
	}
	run(200, 100, func(i int) bool { return i%10 == 0 }, func(i int) Packet {
		return Packet{Frame: uint16(i), Opus: []byte{byte(10 + i%80)}, Copy: []byte{7}}
	})
	if target() != 60*time.Millisecond {
		t.Errorf("with copies: %v", target())
	}
	run(300, 600, func(int) bool { return false }, plain)
	if target() != 20*time.Millisecond {
		t.Errorf("nothing is lost any more: %v", target())
	}
	e.Expect(3)
	if target() != 60*time.Millisecond {
		t.Errorf("packets of three frames: %v", target())
	}
	run(900, 100, func(int) bool { return false }, plain)
	if s := e.Stats(); s.Delay < 40*time.Millisecond || s.InsertedSamples == 0 || s.Concealed > 40 {
		t.Errorf("%+v", s)
	}
}
