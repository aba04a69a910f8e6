package quality

import (
	"errors"
	"math"
	"testing"
)

func TestADelayIsFoundAndCostsNothing(t *testing.T) {
	skipUnderRace(t)
	for _, by := range []int{1, 48, 960, 5000, rate / 2, 3 * rate, -960, -rate} {
		score, lag := compare(t, speech(), delayed(speech(), by))
		// The lag is found at 10 kHz: within half a sample of that.
		if score < 0.995 || math.Abs(float64(lag-by)) > rate/stoiRate/2.0+1 {
			t.Errorf("late by %d: %v, found %d", by, score, lag)
		}
	}
}

func TestADelayIsFoundInNoise(t *testing.T) {
	skipUnderRace(t)
	for _, db := range []float64{20, 0, -5} {
		plain, _ := compare(t, speech(), noisy(speech(), db, 5))
		late, lag := compare(t, speech(), noisy(delayed(speech(), 4800), db, 5))
		if math.Abs(plain-late) > 0.05 || math.Abs(float64(lag)-4800) > 5 {
			t.Errorf("%v dB: %v, and late by 0.1 s %v with a lag of %d", db, plain, late, lag)
		}
	}
}

// The playout buffer inserts frames when the network is late and leaves some out later: what was heard is the same.
func TestADelayThatChangesIsFollowed(t *testing.T) {
	const frame = rate / 50
	var deg []float64
	for i := 0; i+frame <= len(speech()); i += frame {
		deg = append(deg, speech()[i:i+frame]...)
		switch n := i / frame; {
		case n == 100 || n == 101 || n == 102:
			deg = append(deg, make([]float64, frame)...) // waited 60 ms
		case n == 300:
			i += 2 * frame // caught up by 40 ms
		}
	}
	still, err := STOI(speech(), deg, rate)
	if err != nil {
		t.Fatal(err)
	}
	score, lag := compare(t, speech(), deg)
	t.Logf("%.3f followed, %.3f not", score, still)
	if score < 0.9 || score < still+0.1 || lag < -frame || lag > 4*frame {
		t.Errorf("%v with a lag of %d, and %v without following it", score, lag, still)
	}
}

func TestAlignSaysByHowManySamples(t *testing.T) {
	x := noise(5000, 6)
	for _, by := range []int{0, 1, 7, 1000, -1, -1000} {
		if lag, err := Align(x, delayed(x, by), 8000, 1000); err != nil || lag != by {
			t.Errorf("late by %d: %d, %v", by, lag, err)
		}
	}
	if lag, err := Align(x, delayed(x, 1001), 8000, 1000); err != nil || lag == 1001 {
		t.Errorf("more than allowed: %d, %v", lag, err)
	}
	if lag, err := Align(x, x, 8000, 1<<40); err != nil || lag != 0 {
		t.Errorf("more allowed than there is: %d, %v", lag, err)
	}
	if _, err := Align(x, x, 8000, -1); !errors.Is(err, ErrInput) {
		t.Error(err)
	}
	if _, err := Align(x, nil, 8000, 1); !errors.Is(err, ErrTooShort) {
		t.Error(err)
	}
	if _, err := Align(x, make([]float64, 10), 8000, 1); !errors.Is(err, ErrTooShort) {
		t.Error(err)
	}
}

func TestCorrelationIsTheSumItSays(t *testing.T) {
	ref, deg := noise(37, 7), noise(50, 8)
	c := correlate(ref, deg)
	for lag := -36; lag < 50; lag++ {
		var want float64
		for i, v := range ref {
			if j := i + lag; j >= 0 && j < len(deg) {
				want += v * deg[j]
			}
		}
		// The inverse transform has no factor 1/n.
		if got := c.at(lag) / float64(len(c)); math.Abs(got-want) > 1e-9 {
			t.Errorf("lag %d: %v instead of %v", lag, got, want)
		}
	}
}
