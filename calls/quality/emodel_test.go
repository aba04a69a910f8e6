package quality

import (
	"math"
	"testing"
	"time"
)

// near says whether got is want to the digits with which want is printed.
func near(got, want float64, digits int) bool {
	return math.Abs(got-want) <= 0.5*math.Pow(10, -float64(digits))+1e-9
}

// The codecs of the Recommendation G.113 that others publish results for.
var (
	g711    = Codec{Scale: Narrowband, Bpl: 4.3}
	g711PLC = Codec{Scale: Narrowband, Bpl: 25.1} // with packet loss concealment
	g729A   = Codec{Scale: Narrowband, Ie: 11, Bpl: 19}
	opus31  = Opus(31000, false)
)

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func TestMOSOfR(t *testing.T) {
	for _, c := range []struct{ r, want float64 }{
		{50, 2.575}, {60, 3.100}, {70, 3.597}, {80, 4.024}, {90, 4.339}, {93.2, 4.409}, {100, 4.500},
		{-1, 1}, {0, 1}, {3.2, 1}, {101, 4.5},
	} {
		if got := MOS(c.r); !near(got, c.want, 3) {
			t.Errorf("R %v: %.4f, want %v", c.r, got, c.want)
		}
	}
	last := 1.0
	for r := -10.0; r < 110; r += 0.1 {
		got := MOS(r)
		if got < last {
			t.Fatalf("R %.1f: %v, less than before", r, got)
		}
		last = got
	}
}

func TestDelayImpairment(t *testing.T) {
	for _, c := range []struct {
		ms   int
		want float64
	}{
		{-5, 0}, {0, 0}, {100, 0}, {150, 0.16}, {200, 3.04}, {250, 8.92}, {300, 14.76},
		{400, 24.07}, {500, 30.64}, {600, 35.25}, {800, 40.83},
	} {
		if got := delayImpairment(ms(c.ms)); !near(got, c.want, 2) {
			t.Errorf("%d ms: %.4f, want %v", c.ms, got, c.want)
		}
	}
}

// covers the golden points of the narrowband scale
func TestNarrowband(t *testing.T) {
	for _, c := range []struct {
		name    string
		codec   Codec
		percent float64
		r, mos  float64
		digits  int // of r
	}{
		{"G.711 with concealment", g711PLC, 1, 89.56, 4.328, 2},
		{"G.711 with concealment", g711PLC, 2, 86.19, 4.235, 2},
		{"G.711 with concealment", g711PLC, 3, 83.06, 4.134, 2},
		{"G.711 with concealment", g711PLC, 5, 77.42, 3.923, 2},
		{"G.711 with concealment", g711PLC, 10, 66.13, 3.411, 2},
		{"G.711", g711, 1, 75.28, 3.834, 2},
		{"G.711", g711, 3, 54.16, 2.794, 2},
		{"G.711", g711, 5, 42.12, 2.169, 2},
		{"G.729A", g729A, 0, 82.2, 4.104, 1},
		{"G.729A", g729A, 2, 74.2, 3.787, 1},
		{"G.729A", g729A, 5, 64.7, 3.340, 1},
	} {
		got := Judge(Measured{Codec: c.codec, Loss: c.percent / 100})
		if !near(got.R, c.r, c.digits) || !near(got.MOS, c.mos, 3) {
			t.Errorf("%s, %v %%: R %.3f MOS %.4f, want %v and %v", c.name, c.percent, got.R, got.MOS, c.r, c.mos)
		}
	}
}

// AMR-WB at 23.85, 23.05, 12.65, 8.85 and 6.6 kbit/s.
func TestWideband(t *testing.T) {
	for _, c := range []struct {
		ie, want float64
		digits   int
	}{{8, 4.42, 2}, {1, 4.49, 2}, {13, 4.337096, 6}, {26, 4.02, 2}, {41, 3.51, 2}} {
		if got := (Codec{Scale: Wideband, Ie: c.ie, Bpl: 10}).Ceiling(); !near(got.MOS, c.want, c.digits) {
			t.Errorf("Ie %v: %.7f, want %v", c.ie, got.MOS, c.want)
		}
	}
	if got := Judge(Measured{Codec: OpusWideband(12000), Loss: 0.03}); !near(got.Lost.Loss, (95-23.30)*3/(3+22.22), 2) {
		t.Errorf("3 %% cost %v points", got.Lost.Loss)
	}
}

func TestFullband(t *testing.T) {
	if got := (Codec{Scale: Fullband, Ie: 10.2, Bpl: 9.6}).Ceiling(); !near(got.R, 137.8, 1) || !near(got.MOS, 4.408, 3) {
		t.Errorf("EVS at 48 kbit/s: R %v MOS %v", got.R, got.MOS)
	}
	for _, c := range []struct{ percent, r, mos float64 }{
		{0, 131.17, 4.304}, {1, 121.10, 4.091}, {3, 105.46, 3.655}, {5, 93.87, 3.276}, {10, 74.83, 2.604},
	} {
		got := Judge(Measured{Codec: opus31, Loss: c.percent / 100, Delay: ms(100)})
		if !near(got.R, c.r, 2) || !near(got.MOS, c.mos, 3) {
			t.Errorf("random %v %%: R %.3f MOS %.4f, want %v and %v", c.percent, got.R, got.MOS, c.r, c.mos)
		}
	}
	for _, c := range []struct{ percent, mos float64 }{{1, 4.05}, {3, 3.54}, {5, 3.12}, {10, 2.43}} {
		got := Judge(Measured{Codec: opus31, Loss: c.percent / 100, BurstRatio: 3.57})
		if !near(got.MOS, c.mos, 2) {
			t.Errorf("bursty %v %%: MOS %.4f, want %v", c.percent, got.MOS, c.mos)
		}
	}
	for _, c := range []struct {
		ms  int
		mos float64
	}{{150, 4.085}, {200, 3.977}, {250, 3.730}, {300, 3.457}, {400, 2.983}} {
		got := Judge(Measured{Codec: opus31, Loss: 0.01, Delay: ms(c.ms)})
		if !near(got.MOS, c.mos, 3) {
			t.Errorf("1 %% and %d ms: MOS %.4f, want %v", c.ms, got.MOS, c.mos)
		}
	}
}

// rtpengine computes R from a quadratic of its own; from there on it is the same curve, in integers that are
// cut after one digit.
func TestOthersHaveTheSameCurve(t *testing.T) {
	for _, c := range []struct{ rtt, jitter, loss, want float64 }{{0, 0, 0, 4.3}, {250, 15, 3, 3.6}, {400, 20, 5, 2.9}} {
		delay := c.rtt/2 + c.jitter
		rx := 93.2 - c.loss
		r := 0.18*rx*rx - 27.9*rx + 1126.62 - 0.024*delay - 0.11*max(0, delay-177.3)
		if got := MOS(r); got < c.want-0.01 || got >= c.want+0.1 {
			t.Errorf("%v: %v", c, got)
		}
	}
}

// A gate at 3.6 stands at these figures, with nothing else wrong.
func TestWhereTheCeilingIsAndHowFarTheGateBelow(t *testing.T) {
	constant := Opus(32000, true)
	for _, c := range []struct {
		name                      string
		codec                     Codec
		ceiling, random, burstier float64
		delay                     int
	}{
		{"31 kbit/s variable", opus31, 4.30, 3.3, 2.8, 338},
		{"32 kbit/s constant", constant, 4.22, 3.0, 2.5, 307},
	} {
		best := c.codec.Ceiling()
		if !near(best.MOS, c.ceiling, 2) || best.Scale.String() != "MOS_CQEF" || c.codec.Source == "" {
			t.Errorf("%s: the ceiling is %v %v", c.name, best.Scale, best.MOS)
		}
		for _, m := range []Measured{
			{Codec: c.codec, Loss: c.random / 100},
			{Codec: c.codec, Loss: c.burstier / 100, BurstRatio: 2},
			{Codec: c.codec, Delay: ms(c.delay)},
		} {
			if got := Judge(m); math.Abs(got.MOS-3.6) > 0.02 {
				t.Errorf("%s: MOS %v with a loss of %v, %v", c.name, got.MOS, m.Loss, m.Delay)
			}
		}
	}
	if r := 103.6; !near(MOS(r/1.48), 3.6, 2) {
		t.Errorf("the gate is not at %v", r)
	}
}

func TestEveryLostPointHasACause(t *testing.T) {
	for _, codec := range []Codec{g711, g729A, OpusWideband(12500), Opus(32000, true)} {
		got := Judge(Measured{Codec: codec, Loss: 0.07, BurstRatio: 1.4, Delay: ms(260)})
		l := got.Lost
		if l.Codec != codec.Ie || l.Loss <= 0 || l.Delay <= 0 || math.Abs(got.Scale.Best()-l.Codec-l.Loss-l.Delay-got.R) > 1e-9 {
			t.Errorf("%v: %+v", got.Scale, got)
		}
	}
}

func TestMoreOfAnythingIsNeverBetter(t *testing.T) {
	for _, codec := range []Codec{g711PLC, OpusWideband(13000), opus31} {
		last := 5.0
		for percent := range 101 {
			now := Judge(Measured{Codec: codec, Loss: float64(percent) / 100}).R
			if now >= last && percent > 0 {
				t.Errorf("%v: %d %% is not worse", codec.Scale, percent)
			}
			last = now
		}
		last = math.Inf(1)
		for ratio := 0.0; ratio < 4; ratio += 0.25 {
			now := Judge(Measured{Codec: codec, Loss: 0.03, BurstRatio: ratio}).R
			if now > last {
				t.Errorf("%v: a burst ratio of %v is better", codec.Scale, ratio)
			}
			last = now
		}
	}
}

func TestNonsenseIsNoEstimate(t *testing.T) {
	if got := Judge(Measured{Loss: 0.1}); !math.IsNaN(got.R) || !math.IsNaN(got.MOS) {
		t.Errorf("without a codec: %+v", got)
	}
	all := Judge(Measured{Codec: opus31, Loss: 1, Delay: time.Hour})
	if beyond := Judge(Measured{Codec: opus31, Loss: 7, Delay: time.Hour}); beyond != all || all.MOS != 1 {
		t.Errorf("%+v and %+v", all, beyond)
	}
	if none, less := opus31.Ceiling(), Judge(Measured{Codec: opus31, Loss: -1, Delay: -1, BurstRatio: -1}); none != less {
		t.Errorf("%+v and %+v", none, less)
	}
}
