package quality

import (
	"errors"
	"math"
	"testing"
)

// The expected values are those of another implementation, written from the paper and from its authors' reference: plain
// Python, with its own transform. The signals are noise that comes and goes four times a second, with pauses in which the
// reference is silent, and steady noise over it.
func TestSTOIIsThatOfAnotherImplementation(t *testing.T) {
	for _, c := range []struct{ gain, want float64 }{
		{0.01, 0.999939487}, {0.1, 0.993626710}, {0.3, 0.946523712}, {1, 0.675060186}, {3, 0.440011477},
	} {
		state := uint32(1)
		next := func() float64 {
			state = state*1664525 + 1013904223
			return float64(state)/(1<<31) - 1
		}
		var ref, deg []float64
		for i := range 2 * stoiRate {
			loud := max(0, math.Sin(2*math.Pi*4*float64(i)/stoiRate))
			v := next() * loud * loud
			ref, deg = append(ref, v), append(deg, v+c.gain*next())
		}
		got, err := STOI(ref, deg, stoiRate)
		if err != nil || math.Abs(got-c.want) > 1e-8 {
			t.Errorf("noise %v: %.9f instead of %.9f, %v", c.gain, got, c.want, err)
		}
	}
}

func TestTheSameSpeechIsPerfect(t *testing.T) {
	score, lag := compare(t, speech(), speech())
	if score < 0.999999 || score > 1.000001 || lag != 0 {
		t.Errorf("%v with a lag of %d", score, lag)
	}
	// Nor does it matter how loud it is.
	quiet := make([]float64, len(speech()))
	for i, v := range speech() {
		quiet[i] = v / 100
	}
	for _, pair := range [][2][]float64{{speech(), quiet}, {quiet, speech()}} {
		if score, _ := compare(t, pair[0], pair[1]); score < 0.999999 {
			t.Errorf("a hundred times as loud: %v", score)
		}
	}
}

func TestTheMoreNoiseTheLess(t *testing.T) {
	skipUnderRace(t)
	last := 1.0
	for _, db := range []float64{40, 30, 20, 10, 0, -5, -10, -20} {
		score, _ := compare(t, speech(), noisy(speech(), db, 1))
		t.Logf("%4.0f dB: %.3f", db, score)
		if score >= last {
			t.Errorf("%v dB: %v, not less than %v", db, score, last)
		}
		last = score
		again, _ := compare(t, speech(), noisy(speech(), db, 2))
		if math.Abs(score-again) > 0.05 {
			t.Errorf("%v dB: %v, and with other noise of that kind %v", db, score, again)
		}
	}
	// The noise goes up to 24 kHz, four fifths of it where no speech is: hence so much.
	for _, c := range []struct{ db, least, most float64 }{{20, 0.99, 1}, {0, 0.85, 0.95}, {-20, 0.4, 0.6}} {
		if score, _ := compare(t, speech(), noisy(speech(), c.db, 3)); score < c.least || score > c.most {
			t.Errorf("%v dB: %v", c.db, score)
		}
	}
}

// It is more than nothing, as clipping brings some of the reference into it.
func TestNoiseAloneIsNotUnderstood(t *testing.T) {
	score, err := STOI(speech(), noise(len(speech()), 4), rate)
	if err != nil || score > 0.45 {
		t.Error(score, err)
	}
}

// Half of the frames lost and replaced by silence is no speech any more; one of a hundred is.
func TestLostFramesCost(t *testing.T) {
	skipUnderRace(t)
	last := 1.0
	for _, every := range []int{100, 20, 5, 2} {
		deg := append([]float64(nil), speech()...)
		for i := range deg {
			if i/(rate/50)%every == 0 {
				deg[i] = 0
			}
		}
		score, lag := compare(t, speech(), deg)
		t.Logf("one frame of %d lost: %.3f", every, score)
		if score >= last || lag != 0 {
			t.Errorf("one frame of %d lost: %v, lag %d", every, score, lag)
		}
		last = score
	}
	if last > 0.7 {
		t.Errorf("half of it lost: %v", last)
	}
}

func TestWhatCannotBeComparedIsAnError(t *testing.T) {
	second := speech()[rate : 2*rate]
	bad := append([]float64(nil), second...)
	bad[500] = math.NaN()
	endless := append([]float64(nil), second...)
	endless[500] = math.Inf(1)
	for _, c := range []struct {
		name     string
		ref, deg []float64
		rate     int
		want     error
	}{
		{"nothing", nil, nil, rate, ErrTooShort},
		{"nothing heard", second, nil, rate, ErrTooShort},
		{"a tenth of a second", second[:rate/10], second[:rate/10], rate, ErrTooShort},
		{"a tenth of a second heard", second, second[:rate/10], rate, ErrTooShort},
		{"silence said", make([]float64, rate), second, rate, ErrTooShort},
		{"silence heard", second, make([]float64, rate), rate, ErrTooShort},
		{"silence both times", make([]float64, rate), make([]float64, rate), rate, ErrTooShort},
		{"no number", second, bad, rate, ErrInput},
		{"no number said", bad, second, rate, ErrInput},
		{"too loud a number", endless, second, rate, ErrInput},
		{"no rate", second, second, 0, ErrInput},
		{"a negative rate", second, second, -8000, ErrInput},
		{"too high a rate", second, second, 1 << 30, ErrInput},
	} {
		if score, lag, err := CompareSpeech(c.ref, c.deg, c.rate); !errors.Is(err, c.want) || score != 0 || lag != 0 {
			t.Errorf("%s: %v %v %v", c.name, score, lag, err)
		}
	}
	if _, err := STOI(make([]float64, rate), make([]float64, rate), rate); !errors.Is(err, ErrTooShort) {
		t.Errorf("STOI of silence: %v", err)
	}
	if _, err := STOI(second, second[:rate/4], rate); !errors.Is(err, ErrTooShort) {
		t.Errorf("STOI of a quarter of a second: %v", err)
	}
}

// A judgement of a phone that was silent is a bad one, and no error: there was something to be heard.
func TestSilenceAtTheSameTimeIsNothingUnderstood(t *testing.T) {
	if score, err := STOI(speech(), make([]float64, len(speech())), rate); err != nil || score != 0 {
		t.Error(score, err)
	}
}
