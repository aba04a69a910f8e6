package quality

import (
	"math"
	"testing"
	"time"
)

// close2 says whether two figures are the same but for the rounding of their second digit.
func close2(a, b float64) bool { return math.Abs(a-b) < 0.0075 }

func TestOpusBetweenAndBeyondWhatWasMeasured(t *testing.T) {
	for _, c := range []struct {
		bits            int
		constant        bool
		ie, bpl, bursty float64
	}{
		{31000, false, 16.83, 10.44, 8.82},
		{40000, true, 15.90, 11.35, 9.37},
		{20500, false, (23.81 + 20.22) / 2, (10.67 + 10.47) / 2, (8.92 + 8.57) / 2},
		{32000, true, 21.74 - (21.74-20.62)/3, 11.51 + (11.78-11.51)/3, 9.58 + (9.69-9.58)/3},
		{6000, false, 30.16, 11.83, 10.06},
		{16000, true, 36.88, 13.30, 10.80},
		{510000, false, 10.67, 9.79, 8.04},
	} {
		got := Opus(c.bits, c.constant)
		if !close2(got.Ie, c.ie) || !close2(got.Bpl, c.bpl) || !close2(got.BurstyBpl, c.bursty) || got.Scale != Fullband {
			t.Errorf("%d: %+v", c.bits, got)
		}
	}
}

func TestAConstantBitrateCostsTwoToSevenPoints(t *testing.T) {
	for bits := 16000; bits <= 40000; bits += 3000 {
		cost := Opus(bits, true).Ie - Opus(bits, false).Ie
		if cost < 2 || cost > 7 {
			t.Errorf("%d bit/s: %v points", bits, cost)
		}
	}
}

func TestMouthToEar(t *testing.T) {
	if got := MouthToEar(ms(50), ms(40), ms(10)); got != 126500*time.Microsecond {
		t.Error(got)
	}
}
