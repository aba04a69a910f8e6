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
	p, err := NewPlayout(PlayoutConfig{Decoder: d, Delay: delay})
	if err != nil {
		t.Fatal(err)
	}
	return &ear{t: t, Playout: p, now: time.Unix(1, 0), first: 65530} // the numbers soon begin again at 0
}

// arrive gives packets by their number.
func (e *ear) arrive(packets ...int) {
	for _, n := range packets {
		e.Push(e.first+uint16(n), []byte{byte(n)}, e.now)
	}
}

// hear is the next n frames.
func (e *ear) hear(n int) (frames []int) {
	pcm := make([]int16, FrameSamples)
	for range n {
		fill(pcm, 12345)
		played := e.Pull(pcm, e.now)
		e.now = e.now.Add(FrameDuration)
		if made := pcm[0] > 0; made != played {
			e.t.Errorf("frame %d: played is %v", pcm[0], played)
		}
		frames = append(frames, int(pcm[0]))
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
	if got := e.Stats(); got != want {
		e.t.Errorf("%+v instead of %+v", got, want)
	}
}

func TestPacketsWaitAndThenPlay(t *testing.T) {
	e := newEar(t, scripted{}, 0)
	e.wantHear("before the call", 0, 0)
	e.arrive(1)
	e.wantHear("60 ms", 0, 0, 0)
	e.arrive(2, 3, 4)
	e.wantHear("in order", 1, 2, 3, 4)
	e.wantStats(PlayoutStats{Played: 4})
}

func TestPacketsThatOvertookOneAnotherPlayInOrder(t *testing.T) {
	e := newEar(t, scripted{}, 0)
	e.arrive(3, 1, 2, 6, 5, 4) // even the very first
	e.wantHear("60 ms", 0, 0, 0)
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
	e.Push(e.first+101, nil, e.now)
	e.Push(e.first+101, make([]byte, maxPacketBytes+1), e.now)
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
	want := append(slices.Repeat([]int{concealed}, maxConcealed), 0, 0, 0, 0)
	e.wantHear("200 ms, then nothing", want...)
	e.arrive(2)
	e.wantHear("and again", 2)
}

// Two minutes without a network: everything in between is gone, and nothing of it is counted as waiting.
func TestALongOutage(t *testing.T) {
	e := newEar(t, scripted{}, 0)
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

// When more is missing than the buffer holds, the delay is built up again, although frames were made up meanwhile.
func TestAJumpKeepsTheDelay(t *testing.T) {
	e := newEar(t, scripted{}, 0)
	e.arrive(1)
	e.wantHear("and nothing more", 0, 0, 0, 1, concealed, concealed, concealed, concealed)
	e.arrive(100)
	e.wantHear("60 ms, then", concealed, concealed, recovered+100, 100)
}

// Nobody waits for more than half a second of speech.
func TestWhatIsTooOldIsSkipped(t *testing.T) {
	e := newEar(t, scripted{}, 0)
	for n := range 60 {
		e.arrive(n + 1)
	}
	e.now = e.now.Add(time.Second)
	e.wantHear("the newest, and as much before as should wait", 57, 58, 59, 60)
	e.wantStats(PlayoutStats{Played: 4, Late: 56})
	// And no more are kept than fit.
	e = newEar(t, scripted{}, -1)
	for n := range 200 {
		e.arrive(n + 1)
	}
	if got := e.hear(1)[0]; got <= 200-maxDepth {
		t.Errorf("heard %d of 200", got)
	}
	if s := e.Stats(); s.Played != 1 || int64(s.Late) != e.next-int64(e.first)-2 {
		t.Errorf("%+v", s)
	}
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

// A burst makes the delay longer; within seconds it is back, a frame a second.
func TestTheDelayComesBack(t *testing.T) {
	e := newEar(t, scripted{}, 0)
	n := 0
	send := func(k int) {
		for range k {
			n++
			e.Push(uint16(n), []byte{50}, e.now)
		}
	}
	send(1)
	for range 100 {
		e.hear(1)
		send(1)
	}
	send(8) // 160 ms at once
	depth := func() int { return n - int(e.next) + 1 }
	most := depth()
	for range 10 * 50 {
		e.hear(1)
		send(1)
	}
	if after := depth(); most < 10 || after > most-5 || after < 3 {
		t.Errorf("%d frames waited, and ten seconds later %d", most, after)
	}
	if s := e.Stats(); s.Late != 0 || s.Concealed != 0 {
		t.Errorf("%+v", s)
	}
}

// Two clocks differ by 200 millionths, whichever is faster: no more is lost than a frame in 100 s, and the delay stays.
func TestClocksThatDiffer(t *testing.T) {
	for _, skew := range []float64{200e-6, -200e-6} {
		e := newEar(t, scripted{noFEC: true}, 0)
		pcm := make([]int16, FrameSamples)
		start, sent := e.now, 0
		const frames = 15 * 60 * 50
		for i := range frames {
			e.now = start.Add(time.Duration(i) * FrameDuration)
			for time.Duration(float64(sent)*float64(FrameDuration)*(1+skew)) <= e.now.Sub(start) {
				e.Push(uint16(sent), []byte{50}, e.now)
				sent++
			}
			e.Pull(pcm, e.now)
		}
		s := e.Stats()
		if depth := sent - int(e.next); depth < 0 || depth > 7 || s.Late != 0 || s.Concealed > frames*300/1000000 || s.Played < frames-100 {
			t.Errorf("skew %v: %d frames wait, %+v", skew, depth, s)
		}
	}
}

func TestADecoderThatFailsIsSilence(t *testing.T) {
	e := newEar(t, failing{}, -1)
	e.arrive(1, 2, 4)
	e.wantHear("silence", 0, 0, 0, 0, 0)
	if _, err := NewPlayout(PlayoutConfig{}); err == nil {
		t.Error("a playout without a decoder")
	}
	if p, err := NewPlayout(PlayoutConfig{Decoder: failing{}, Delay: time.Hour}); err != nil || p.delay != maxDelay {
		t.Errorf("a delay of an hour: %v", err)
	}
}

// Shortening is a fade from one frame to the next and no jump.
func TestTwoFramesAreBlendedIntoOne(t *testing.T) {
	e := newEar(t, scripted{}, -1)
	e.Push(1, []byte{10}, e.now)
	e.Push(2, []byte{90}, e.now)
	e.playing = true
	pcm := make([]int16, FrameSamples)
	if !e.blendLocked(pcm) {
		t.Error("not played")
	}
	if pcm[0] != 10 || pcm[FrameSamples/2] != 50 || pcm[FrameSamples-1] != 89 || !slices.IsSorted(pcm) {
		t.Errorf("%d … %d … %d", pcm[0], pcm[FrameSamples/2], pcm[FrameSamples-1])
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
