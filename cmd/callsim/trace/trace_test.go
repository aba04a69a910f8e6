package trace

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/calls/quality"
	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
)

const ms = time.Millisecond

// line is a call over a link: delay, jitter (exponential, order kept), loss by hop.
type line struct {
	delay, jitter        time.Duration
	network, relay, lost float64 // lost: by the generator
	frames               int
	seed                 uint64
}

func (l line) packets() []Packet {
	r := rand.New(rand.NewPCG(l.seed, 1))
	all := make([]Packet, l.frames)
	last := time.Duration(0)
	for i := range all {
		p := &all[i]
		p.Sent, p.Bytes, p.Speech = time.Duration(i)*frame, 148, Speech(1+i/50%2)
		p.Arrived = max(last, p.Sent+l.delay+time.Duration(r.ExpFloat64()*float64(l.jitter)))
		last = p.Arrived
		switch x := r.Float64(); {
		case x < l.network:
			p.Lost = Network
		case x < l.network+l.relay:
			p.Lost = Relay
		case x < l.network+l.relay+l.lost:
			p.Lost = Generator
		}
	}
	return all
}

func score(t *testing.T, cfg Config, packets []Packet) result.Direction {
	t.Helper()
	d, err := Score(cfg, result.Caller, packets)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var buffers = []string{"phone", "neteq", "fixed:60ms", "oracle"}

func TestAPerfectLineCostsTheCodecAlone(t *testing.T) {
	packets := line{delay: 20 * ms, frames: 1500}.packets()
	for _, b := range buffers {
		d := score(t, Config{Buffer: b}, packets)
		if d.Frames.Concealed != 0 || d.Frames.Played != 1500 || math.Abs(d.Budget.Sum()-d.Budget.Codec) > 0.1 {
			t.Errorf("%s: %+v %+v", b, d.Frames, d.Budget)
		}
		if d.MOS < 4.21 || d.MOS > 4.23 {
			t.Errorf("%s: MOS %v is not the ceiling of Opus at 32 kbit/s, constant", b, d.MOS)
		}
		if d.Wire.SizeBits != 0 || d.Wire.IntervalBits != 0 || len(d.Wire.Sizes) != 1 {
			t.Errorf("%s: a constant stream tells %v and %v bits", b, d.Wire.SizeBits, d.Wire.IntervalBits)
		}
	}
	oracle := score(t, Config{Buffer: "oracle"}, packets)
	if oracle.OneWay.P50 != 20 || math.Abs(oracle.MouthToEar.P50-46.5) > 0.1 {
		t.Errorf("%v and %v ms", oracle.OneWay.P50, oracle.MouthToEar.P50)
	}
	fixed := score(t, Config{Buffer: "fixed:60ms", Device: 10 * ms}, packets)
	if math.Abs(fixed.MouthToEar.P50-116.5) > 0.1 {
		t.Errorf("%v ms", fixed.MouthToEar.P50)
	}
}

func TestEveryFrameHasOneFateAndEveryPointOneCause(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 2))
		l := line{
			delay: time.Duration(r.IntN(200)) * ms, jitter: time.Duration(r.IntN(60)) * ms,
			network: r.Float64() / 5, relay: r.Float64() / 20, lost: r.Float64() / 50, frames: 400 + r.IntN(600), seed: seed,
		}
		packets := l.packets()
		for _, b := range buffers {
			for copies := range 3 {
				d := score(t, Config{Buffer: b, Copies: copies, Detail: true}, packets)
				f := d.Frames
				if f.Due != f.Played+f.Lost() || f.Lost() != f.Recovered+f.Concealed || f.Due < len(packets) {
					t.Fatalf("%s %+v: %+v", b, l, f)
				}
				if math.Abs(148-d.Budget.Sum()-d.R) > 1e-3 {
					t.Fatalf("%s %+v: R %v, and %v lost", b, l, d.R, d.Budget.Sum())
				}
				due := 0
				for _, n := range d.Seconds.Due {
					due += n
				}
				if due != len(packets) {
					t.Fatalf("%s: %d frames in seconds, not %d", b, due, len(packets))
				}
				// A recorded trace scores as the call did.
				again := score(t, Config{Buffer: b, Copies: copies, Detail: true}, FromTrace(d.Trace))
				if again.Frames != f || math.Abs(again.R-d.R) > 0.05 {
					t.Fatalf("%s: %+v after recording, not %+v", b, again.Frames, f)
				}
			}
		}
	}
}

func TestNoBufferBeatsTheOracle(t *testing.T) {
	for seed := range uint64(20) {
		packets := line{delay: 40 * ms, jitter: time.Duration(seed) * 2 * ms, network: float64(seed%5) / 50, frames: 1500, seed: seed}.packets()
		best := score(t, Config{Buffer: "oracle"}, packets).R
		for _, b := range buffers {
			if r := score(t, Config{Buffer: b}, packets).R; r > best+1e-6 {
				t.Errorf("%s: R %v, the oracle %v", b, r, best)
			}
		}
	}
}

func TestLossIsAttributedToItsHop(t *testing.T) {
	packets := line{delay: 30 * ms, network: 0.03, relay: 0.01, lost: 0.02, frames: 5000, seed: 9}.packets()
	var want result.Frames
	for _, p := range packets {
		if p.Lost != None {
			addLost(&want, p.Lost)
		}
	}
	d := score(t, Config{Buffer: "fixed:100"}, packets)
	if d.Frames.Network != want.Network || d.Frames.Relay != want.Relay || d.Frames.Generator != want.Generator || d.Frames.Late != 0 {
		t.Errorf("%+v, not %+v", d.Frames, want)
	}
	b := d.Budget
	if !(b.Network > b.Generator && b.Generator > b.Relay && b.Relay > 0 && b.Late == 0) {
		t.Errorf("%+v", b)
	}
	part := b.Network / (b.Network + b.Relay + b.Generator)
	if math.Abs(part-float64(want.Network)/float64(want.Lost())) > 1e-3 {
		t.Errorf("the network has %.3f of the points", part)
	}
	if math.Abs(d.BurstR-1) > 0.1 {
		t.Errorf("random loss has a burst ratio of %v", d.BurstR)
	}
}

func TestLateIsWhatCameAfterItsTurn(t *testing.T) {
	packets := line{delay: 30 * ms, frames: 500}.packets()
	packets[200].Arrived += 80 * ms
	short, long := score(t, Config{Buffer: "fixed:60"}, packets), score(t, Config{Buffer: "fixed:90"}, packets)
	if short.Frames.Late != 1 || short.Frames.Concealed != 1 || long.Frames.Late != 0 {
		t.Errorf("%+v and %+v", short.Frames, long.Frames)
	}
	if got := short.LongestGap.Duration(); got != 20*ms {
		t.Errorf("a gap of %v", got)
	}
	copied := score(t, Config{Buffer: "fixed:60", Copies: 1}, packets)
	if copied.Frames.Late != 1 || copied.Frames.Recovered != 1 || copied.Frames.Concealed != 0 || copied.LongestGap != 0 {
		t.Errorf("%+v", copied.Frames)
	}
}

// The target of NetEQ is so long that 95 % of the largest delays in half a second fit.
func TestNetEQWaitsAsLongAsTheLinkNeeds(t *testing.T) {
	calm := score(t, Config{Buffer: "neteq"}, line{delay: 40 * ms, jitter: 2 * ms, frames: 3000, seed: 4}.packets())
	wild := score(t, Config{Buffer: "neteq"}, line{delay: 40 * ms, jitter: 40 * ms, frames: 3000, seed: 4}.packets())
	if calm.MouthToEar.P50 > 130 || calm.Frames.Concealed > 5 {
		t.Errorf("calm: %v ms, %+v", calm.MouthToEar.P50, calm.Frames)
	}
	if wild.MouthToEar.P50 < calm.MouthToEar.P50+60 {
		t.Errorf("wild: %v ms, calm %v", wild.MouthToEar.P50, calm.MouthToEar.P50)
	}
	// A fixed buffer of the same delay as in calm would lose a lot.
	if fixed := score(t, Config{Buffer: "fixed:40"}, line{delay: 40 * ms, jitter: 40 * ms, frames: 3000, seed: 4}.packets()); fixed.Ppl < 2*wild.Ppl {
		t.Errorf("fixed conceals %v %%, NetEQ %v", fixed.Ppl, wild.Ppl)
	}
	m := newDelayManager()
	for range 200 {
		m.add(50 * ms)
	}
	if m.target != 60*ms {
		t.Errorf("a relative delay of 50 ms wants %v", m.target)
	}
	for range 11 { // of 211: more than 5 % of what is remembered
		m.add(190 * ms)
	}
	if m.target != 200*ms {
		t.Errorf("and of 190 ms now and then %v", m.target)
	}
}

func TestAnOutageIsAGapAndNotALongerDelay(t *testing.T) {
	packets := line{delay: 40 * ms, frames: 1000}.packets()
	for i := 300; i < 400; i++ {
		packets[i].Lost = Network
	}
	for _, b := range buffers {
		d := score(t, Config{Buffer: b}, packets)
		if gap := d.LongestGap.Duration(); gap < 1980*ms || gap > 2100*ms {
			t.Errorf("%s: a gap of %v", b, gap)
		}
		if d.Frames.Network != 100 || d.Frames.Late > 5 {
			t.Errorf("%s: %+v", b, d.Frames)
		}
		if d.BurstR < 50 {
			t.Errorf("%s: a burst ratio of %v", b, d.BurstR)
		}
	}
}

func TestWhatIf(t *testing.T) {
	packets := line{delay: 40 * ms, network: 0.05, frames: 2000, seed: 3}.packets()
	base := score(t, Config{}, packets)
	r := func(text string) float64 {
		cfg, err := ParseWhatIf(text, defaultBitrate, Config{})
		if err != nil {
			t.Fatal(err)
		}
		return score(t, cfg, packets).R
	}
	if fec := r("fec=on"); fec <= base.R {
		t.Errorf("with a copy R is %v, without %v", fec, base.R)
	}
	if dred := r("dred=100ms,jb=fixed:120"); dred <= r("jb=fixed:120") {
		t.Errorf("DRED does not help: %v", dred)
	}
	if fast := r("bitrate=40k,cbr=off"); fast <= base.R {
		t.Errorf("more bits do not help: %v", fast)
	}
	if long := score(t, Config{Group: 2, Buffer: "oracle"}, packets).MouthToEar.Mean; math.Abs(long-(66.5+10)) > 1 {
		t.Errorf("two frames a packet: %v ms", long)
	}
	for _, text := range []string{"", "jb", "jb=fixed", "jb=fixed:x", "jb=oracle:2", "fec=maybe", "ptime=30", "bitrate=9000k", "red=-1", "speed=1"} {
		if _, err := ParseWhatIf(text, defaultBitrate, Config{}); err == nil {
			t.Errorf("%q is understood", text)
		}
	}
}

func TestNothingIsNoError(t *testing.T) {
	for _, b := range buffers {
		if d := score(t, Config{Buffer: b, Detail: true}, nil); d.Frames.Due != 0 || d.Trace != nil {
			t.Errorf("%s: %+v", b, d)
		}
		gone := make([]Packet, 100)
		for i := range gone {
			gone[i] = Packet{Sent: time.Duration(i) * frame, Lost: Network}
		}
		if d := score(t, Config{Buffer: b}, gone); d.Frames.Concealed != 100 || d.MOS > 1.6 || d.MouthToEar.Count != 0 {
			t.Errorf("%s: %+v MOS %v", b, d.Frames, d.MOS)
		}
	}
	if _, err := Score(Config{Buffer: "best"}, result.Caller, nil); err == nil {
		t.Error("there is no best")
	}
}

// Channels whose information is known: a symmetric one that errs with probability p carries 1 - H(p).
func TestInformationOfKnownChannels(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, p := range []float64{0, 0.05, 0.2, 0.5} {
		var a, b []int
		for range 20000 {
			x := r.IntN(2)
			y := x
			if r.Float64() < p {
				y = 1 - x
			}
			a, b = append(a, x), append(b, y)
		}
		want := 1.0
		if p > 0 {
			want = 1 + p*math.Log2(p) + (1-p)*math.Log2(1-p)
		}
		if got := Information(a, b); math.Abs(got-want) > 0.01 {
			t.Errorf("p %v: %v bits, not %v", p, got, want)
		}
	}
	// Bias: of 300 independent samples of 16 classes the uncorrected estimate would be 0.036 bits on average.
	sum := 0.0
	for range 200 {
		var a []int
		var v []float64
		for range 300 {
			a, v = append(a, r.IntN(2)), append(v, r.Float64())
		}
		sum += Information(a, Classes(v))
	}
	if sum/200 > 0.012 {
		t.Errorf("what is independent tells %v bits", sum/200)
	}
}

// What a variable bitrate, or silence that is not sent, would give away is seen.
func TestALeakIsMeasured(t *testing.T) {
	packets := line{delay: 20 * ms, frames: 2000}.packets()
	at := time.Duration(0)
	for i := range packets {
		packets[i].Sent = at
		at += frame
		if packets[i].Speech == Silent {
			packets[i].Bytes = 70
			at += 20 * frame
		}
		packets[i].Arrived = packets[i].Sent + 20*ms
	}
	w := score(t, Config{Buffer: "oracle"}, packets).Wire
	if w.SizeBits < 0.99 || w.IntervalBits < 0.8 {
		t.Errorf("%v and %v bits", w.SizeBits, w.IntervalBits)
	}
}

func TestEntropyOfBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var noise, text, little Bytes
	for range 200 {
		b := make([]byte, 80)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		noise.Add(b)
		text.Add([]byte("the quick brown fox jumps over the lazy dog, again and again"))
	}
	little.Add(make([]byte, 100))
	if noise.Bits() < 7.99 || text.Bits() > 5 || little.Bits() != 0 {
		t.Errorf("%v, %v, %v", noise.Bits(), text.Bits(), little.Bits())
	}
}

func TestTheNameOfTheCodecDecides(t *testing.T) {
	packets := line{delay: 20 * ms, frames: 200}.packets()
	d := score(t, Config{Codec: quality.Opus(40000, false)}, packets)
	if math.Abs(d.R-(148-10.666)) > 0.01 {
		t.Error(d.R)
	}
}

func FuzzParseWhatIf(f *testing.F) {
	f.Add("jb=fixed:40,fec=off")
	f.Add("ptime=60,bitrate=16k,cbr=off,dred=1000,red=2,device=30ms")
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := ParseWhatIf(text, defaultBitrate, Config{})
		if err != nil {
			return
		}
		if _, err := Score(cfg, result.Callee, line{delay: 20 * ms, network: 0.1, frames: 30}.packets()); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkScore(b *testing.B) {
	packets := line{delay: 40 * ms, jitter: 10 * ms, network: 0.02, frames: 3000, seed: 1}.packets()
	for _, name := range buffers {
		b.Run(fmt.Sprint(name), func(b *testing.B) {
			for b.Loop() {
				if _, err := Score(Config{Buffer: name}, result.Caller, packets); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
