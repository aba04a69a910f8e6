package audio

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// covers N2: losses, jitter, reordering and duplicates, with the real codec. What was said can be understood.
func TestSpeechOverABadNetwork(t *testing.T) {
	for _, c := range []struct {
		loss   float64
		jitter time.Duration
		least  float64
	}{{0, 0, 0.97}, {0.01, 20 * time.Millisecond, 0.97}, {0.1, 50 * time.Millisecond, 0.95}, {0.3, 0, 0.85}, {0.02, 200 * time.Millisecond, 0.85}} {
		d, err := NewDecoder()
		if err != nil {
			t.Fatal(err)
		}
		e := newEar(t, d, 0)
		type arrival struct {
			seq int
			at  time.Time
		}
		var arrivals []arrival
		packets := spoken()
		r := rand.New(rand.NewPCG(5, 6))
		for i := range packets {
			if r.Float64() < c.loss {
				continue
			}
			for copies := 1 + r.IntN(20)/19; copies > 0; copies-- { // 5 % come twice
				at := e.now.Add(time.Duration(i)*FrameDuration + time.Duration(r.Float64()*float64(c.jitter)))
				arrivals = append(arrivals, arrival{i, at})
			}
		}
		slices.SortStableFunc(arrivals, func(a, b arrival) int { return a.at.Compare(b.at) })
		heard := make([]int16, (len(packets)+30)*FrameSamples)
		inFrames(heard, func(_ int, frame []int16) {
			for len(arrivals) > 0 && !arrivals[0].at.After(e.now) {
				e.Push(uint16(arrivals[0].seq), packets[arrivals[0].seq], e.now)
				arrivals = arrivals[1:]
			}
			e.Pull(frame, e.now)
			e.now = e.now.Add(FrameDuration)
		})
		stoi, lag := intelligibility(t, speech(), heard)
		t.Logf("%2.0f %% lost, %v jitter: STOI %.3f, %d ms late, %+v", 100*c.loss, c.jitter, stoi, lag*1000/SampleRate, e.Stats())
		if stoi < c.least || lag < 0 || lag > SampleRate/2 {
			t.Errorf("%2.0f %% lost, %v jitter: STOI %.3f, lag %d", 100*c.loss, c.jitter, stoi, lag)
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
				e.Push(seq, []byte{1}, e.now)
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
			e.Push(uint16(n), []byte{1}, time.Unix(1, 0))
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
