package audio

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// crossing is one call over a bad network: what was sent when, and what of it arrives when.
type crossing struct {
	loss   func() bool
	delay  func(sent time.Duration) time.Duration
	double float64 // the part of packets that comes twice
	skew   float64 // by how much the sender's clock is faster
	pull   func() time.Duration
}

// heardOver plays packets over a network and returns what is heard, with the longest time in which nothing of it was said by
// the other side, between the first and the last that was.
func (c crossing) heardOver(t *testing.T, packets [][]byte, d Decoder) (heard []int16, stall time.Duration, stats PlayoutStats) {
	t.Helper()
	e := newEar(t, d, 0)
	start := e.now
	r := rand.New(rand.NewPCG(5, 6))
	type arrival struct {
		seq int
		at  time.Time
	}
	var arrivals []arrival
	for i := range packets {
		if c.loss != nil && c.loss() {
			continue
		}
		for again := true; again; again = r.Float64() < c.double {
			sent := time.Duration(float64(i) * float64(FrameDuration) / (1 + c.skew))
			late := time.Duration(0)
			if c.delay != nil {
				late = c.delay(sent)
			}
			arrivals = append(arrivals, arrival{i, start.Add(sent + late)})
		}
	}
	slices.SortStableFunc(arrivals, func(a, b arrival) int { return a.at.Compare(b.at) })
	heard = make([]int16, (len(packets)+30)*FrameSamples)
	silent, begun := time.Duration(0), false
	inFrames(heard, func(i int, frame []int16) {
		e.now = start.Add(time.Duration(i) * FrameDuration)
		if c.pull != nil {
			e.now = e.now.Add(c.pull())
		}
		for len(arrivals) > 0 && !arrivals[0].at.After(e.now) {
			e.Push(Packet{Frame: uint16(arrivals[0].seq), Opus: packets[arrivals[0].seq]}, e.now)
			arrivals = arrivals[1:]
		}
		if silent += FrameDuration; e.Pull(frame, e.now) {
			if begun {
				stall = max(stall, silent-FrameDuration)
			}
			silent, begun = 0, true
		}
	})
	return heard, stall, e.Stats()
}

// atRandom loses packets independently of one another.
func atRandom(p float64, seed uint64) func() bool {
	r := rand.New(rand.NewPCG(seed, 1))
	return func() bool { return r.Float64() < p }
}

// inBursts loses the part p of packets, mean of them in a row.
func inBursts(p, mean float64, seed uint64) func() bool {
	r := rand.New(rand.NewPCG(seed, 2))
	bad := false
	return func() bool {
		if bad {
			bad = r.Float64() >= 1/mean
		} else {
			bad = r.Float64() < p/(1-p)/mean
		}
		return bad
	}
}

func jitter(most time.Duration, seed uint64) func(time.Duration) time.Duration {
	r := rand.New(rand.NewPCG(seed, 3))
	return func(time.Duration) time.Duration { return time.Duration(r.Float64() * float64(most)) }
}

// covers N2: losses, bursts, jitter, reordering, duplicates and a busy machine, with the real codec. What was said can be
// understood, and nothing stands still.
func TestSpeechOverABadNetwork(t *testing.T) {
	if testing.Short() {
		t.Skip("many minutes of speech through the codec")
	}
	r := rand.New(rand.NewPCG(9, 9))
	busy := func() time.Duration { return time.Duration(r.ExpFloat64() * float64(3*time.Millisecond)) }
	stop := func(sent time.Duration) time.Duration { // for 300 ms every two seconds nothing gets through, and then all of it
		if in := sent % (2 * time.Second); in > 1700*time.Millisecond {
			return 2*time.Second - in
		}
		return 0
	}
	for _, c := range []struct {
		name  string
		net   crossing
		least float64
		stall time.Duration
	}{
		{"clean", crossing{}, 0.965, 0},
		{"clean, busy machine", crossing{pull: busy}, 0.965, 40 * time.Millisecond},
		{"1 %, 20 ms", crossing{loss: atRandom(0.01, 5), delay: jitter(20*time.Millisecond, 5), double: 0.05}, 0.965, 40 * time.Millisecond},
		{"10 %", crossing{loss: atRandom(0.1, 1)}, 0.95, 100 * time.Millisecond},
		{"10 %, again", crossing{loss: atRandom(0.1, 2)}, 0.95, 100 * time.Millisecond},
		{"10 %, and again", crossing{loss: atRandom(0.1, 3)}, 0.95, 100 * time.Millisecond},
		{"10 %, 50 ms", crossing{loss: atRandom(0.1, 4), delay: jitter(50*time.Millisecond, 4), double: 0.05}, 0.95, 100 * time.Millisecond},
		{"20 %", crossing{loss: atRandom(0.2, 1)}, 0.90, 200 * time.Millisecond},
		{"20 %, again", crossing{loss: atRandom(0.2, 2)}, 0.90, 200 * time.Millisecond},
		{"20 %, and again", crossing{loss: atRandom(0.2, 3)}, 0.90, 200 * time.Millisecond},
		{"20 %, 50 ms", crossing{loss: atRandom(0.2, 4), delay: jitter(50*time.Millisecond, 4), double: 0.05}, 0.90, 200 * time.Millisecond},
		{"30 %", crossing{loss: atRandom(0.3, 1)}, 0.85, 300 * time.Millisecond},
		{"10 % in bursts of 3", crossing{loss: inBursts(0.1, 3, 1)}, 0.88, 300 * time.Millisecond},
		{"20 % in bursts of 3", crossing{loss: inBursts(0.2, 3, 2)}, 0.80, 300 * time.Millisecond},
		{"2 %, 200 ms", crossing{loss: atRandom(0.02, 6), delay: jitter(200*time.Millisecond, 6), double: 0.05}, 0.85, 200 * time.Millisecond},
		{"stops of 300 ms", crossing{delay: stop}, 0.85, 320 * time.Millisecond},
	} {
		d, err := NewDecoder()
		if err != nil {
			t.Fatal(err)
		}
		heard, stall, stats := c.net.heardOver(t, spoken(), d)
		stoi, lag := intelligibility(t, speech(), heard)
		t.Logf("%-20s STOI %.3f, %3d ms late, %3v without voice, %+v", c.name, stoi, lag*1000/SampleRate, stall, stats)
		if stoi < c.least || lag < 0 || lag > SampleRate/2 || stall > c.stall {
			t.Errorf("%s: STOI %.3f, lag %d, nothing for %v", c.name, stoi, lag, stall)
		}
	}
}

// singer decodes packets that are a number to the part of one long tone that belongs there; it makes up what would come next.
type singer struct {
	hz    float64
	phase float64
}

func (s *singer) Decode(packet []byte, pcm []int16) error {
	n := int(packet[0])<<16 | int(packet[1])<<8 | int(packet[2])
	s.phase = math.Mod(2*math.Pi*s.hz*float64(n)/50, 2*math.Pi)
	return s.Conceal(pcm)
}

func (s *singer) DecodeFEC([]byte, []int16) error { return ErrNoFEC }

func (s *singer) Conceal(pcm []int16) error {
	for i := range pcm {
		pcm[i] = toInt16(float32(0.5 * math.Sin(s.phase)))
		s.phase += 2 * math.Pi * s.hz / SampleRate
	}
	return nil
}

func sung(frames int) [][]byte {
	packets := make([][]byte, frames)
	for n := range packets {
		packets[n] = []byte{byte(n >> 16), byte(n >> 8), byte(n)}
	}
	return packets
}

// Two clocks differ by 100 millionths, whichever is faster: for ten minutes nothing is made up, the delay stays, and there is
// no click.
func TestClocksThatDiffer(t *testing.T) {
	const hz = 190
	for _, skew := range []float64{100e-6, -100e-6} {
		const frames = 10 * 60 * 50
		heard, stall, s := crossing{skew: skew}.heardOver(t, sung(frames), &singer{hz: hz})
		stretched := math.Abs(float64(s.InsertedSamples) - float64(s.RemovedSamples))
		if want := frames * FrameSamples * 100e-6; stall != 0 || s.Played != frames || s.Late != 0 || stretched < want/2 || stretched > 2*want {
			t.Errorf("skew %v: nothing for %v, %v samples stretched, %+v", skew, stall, stretched, s)
		}
		wait := s.Waited / float64(s.EmittedSamples)
		if wait < 0.010 || wait > 0.045 {
			t.Errorf("skew %v: packets waited %v s", skew, wait)
		}
		body := heard[SampleRate : len(heard)-2*SampleRate]
		if r, smooth := roughness(body), roughness(sine(SampleRate, hz, 0.5)); r > 1.3*smooth+4 {
			t.Errorf("skew %v: a click of %v, the tone has %v", skew, r, smooth)
		}
	}
}

// A network that becomes late is followed, and the delay is given back without a click.
func TestTheDelayComesBack(t *testing.T) {
	for _, hz := range []float64{110, 250} {
		late := func(sent time.Duration) time.Duration { // a queue of 200 ms fills and empties within a second
			if in := sent - 5*time.Second; in > 0 && in < time.Second {
				return 200*time.Millisecond - time.Duration(math.Abs(float64(in-500*time.Millisecond))*0.4)
			}
			return 0
		}
		heard, stall, s := crossing{delay: late}.heardOver(t, sung(60*50), &singer{hz: hz})
		if stall > 220*time.Millisecond || s.Late > 0 || s.RemovedSamples < SampleRate/10 {
			t.Errorf("%v Hz: nothing for %v, %+v", hz, stall, s)
		}
		if r, smooth := roughness(heard[SampleRate:len(heard)-2*SampleRate]), roughness(sine(SampleRate, hz, 0.5)); r > smooth+250 { // 1.5 % of the tone; a cut anywhere has a hundred times as much
			t.Errorf("%v Hz: a click of %v, the tone has %v", hz, r, smooth)
		}
	}
}

// Whatever arrives, and whenever: a frame comes out, and what came in is accounted for.
func TestAnyOrderAtAll(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		e := newEar(t, scripted{}, time.Duration(r.IntN(10)-1)*10*time.Millisecond)
		seq, pushed, pulled := uint16(r.Uint32()), uint64(0), uint64(0)
		pcm := make([]int16, FrameSamples)
		for range 2000 {
			switch r.IntN(20) {
			case 0:
				seq = uint16(r.Uint32())
			case 1:
				seq -= uint16(r.IntN(70))
			case 2:
				seq += uint16(r.IntN(70))
			case 3, 4, 5, 6, 7, 8, 9, 10:
				e.Pull(pcm, e.now)
				pulled++
				e.now = e.now.Add(FrameDuration)
			default:
				seq++
				e.Push(Packet{Frame: seq, Opus: []byte{1}}, e.now)
				pushed++
			}
		}
		s := e.Stats()
		if s.Played > pushed || s.Late+s.Duplicate+s.Played > 2*pushed || s.Played+s.Recovered+s.Concealed > 2*pulled {
			t.Fatalf("%d in, %d out: %+v", pushed, pulled, s)
		}
	}
}

func TestPushAndPullFromDifferentGoroutines(t *testing.T) {
	e := newEar(t, scripted{}, -1)
	var both sync.WaitGroup
	both.Go(func() {
		for n := range 2000 {
			e.Push(Packet{Frame: uint16(n), Opus: []byte{1}}, time.Unix(1, 0))
		}
	})
	both.Go(func() {
		pcm := make([]int16, FrameSamples)
		for range 2000 {
			e.Pull(pcm, time.Unix(2, 0))
			_ = e.Stats()
		}
	})
	both.Wait()
}

// failing is a decoder that always fails.
type failing struct{}

func (failing) Decode(_ []byte, pcm []int16) error    { clear(pcm); return errPacket }
func (failing) DecodeFEC(_ []byte, pcm []int16) error { clear(pcm); return errPacket }
func (failing) Conceal(pcm []int16) error             { clear(pcm); return errPacket }
