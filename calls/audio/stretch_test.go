package audio

import (
	"math"
	"testing"
)

// sine is n samples of a tone.
func sine(n int, hz, amplitude float64) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = toInt16(float32(amplitude * math.Sin(2*math.Pi*hz*float64(i)/SampleRate)))
	}
	return pcm
}

// roughness is the largest second difference, which is small in a tone and large where two pieces do not fit.
func roughness(pcm []int16) (worst float64) {
	for i := 2; i < len(pcm); i++ {
		worst = max(worst, math.Abs(float64(pcm[i])-2*float64(pcm[i-1])+float64(pcm[i-2])))
	}
	return worst
}

// Removing and inserting whole periods leaves a tone of the same frequency without a click, for every voice.
func TestStretchingDoesNotClick(t *testing.T) {
	for _, hz := range []float64{70, 101.7, 150, 223.3, 390, 1000} {
		tone := sine(4*FrameSamples, hz, 0.5)
		smooth := roughness(tone)
		for _, hurry := range []bool{false, true} {
			rest := shorten(append([]int16(nil), tone...), hurry)
			if cut := len(tone) - len(rest); cut < leastPeriod || cut > mostPeriod {
				t.Errorf("%v Hz: %d samples were cut", hz, cut)
			}
			if r := roughness(rest); r > 1.3*smooth+4 {
				t.Errorf("%v Hz shortened: %v, was %v", hz, r, smooth)
			}
		}
		for at := 1000; at < 2000; at += 77 {
			history, next := tone[at-mostPeriod:at], tone[at:at+FrameSamples]
			more := lengthen(nil, history, next, false)
			if len(more) < leastPeriod || len(more) > mostPeriod {
				t.Errorf("%v Hz: %d samples were inserted", hz, len(more))
			}
			whole := append(append(append([]int16(nil), history...), more...), next...)
			if r := roughness(whole); r > 1.3*smooth+4 {
				t.Errorf("%v Hz lengthened: %v, was %v", hz, r, smooth)
			}
		}
	}
}

// In a hurry, as many periods as fit are removed at once.
func TestInAHurryMoreIsCut(t *testing.T) {
	tone := sine(2*FrameSamples, 200, 0.5) // 240 samples
	if n := len(tone) - len(shorten(append([]int16(nil), tone...), false)); n < 235 || n > 725 {
		t.Errorf("%d samples", n)
	}
	if n := len(tone) - len(shorten(tone, true)); n < 700 || n > 725 {
		t.Errorf("%d samples in a hurry", n)
	}
}

// What does not repeat is left as it is, however long that takes; silence and breath may be cut anywhere.
func TestOnlyWhatRepeatsIsStretched(t *testing.T) {
	loud := whiteNoise(2*FrameSamples, 0.1)
	if n := len(shorten(loud, true)); n != len(loud) {
		t.Errorf("%d samples of noise were cut", len(loud)-n)
	}
	if more := lengthen(nil, loud[:mostPeriod], loud[mostPeriod:], true); len(more) != 0 {
		t.Errorf("%d samples of noise were inserted", len(more))
	}
	quiet := whiteNoise(2*FrameSamples, 0.001)
	if n := len(shorten(quiet, false)); n == len(quiet) {
		t.Error("breath was not shortened")
	}
	silence := make([]int16, 2*FrameSamples)
	if n := len(shorten(silence, false)); n == len(silence) {
		t.Error("silence was not shortened")
	}
	if more := lengthen(nil, silence[:mostPeriod], silence[mostPeriod:], false); len(more) == 0 {
		t.Error("silence was not lengthened")
	}
	for _, n := range []int{0, 1, leastPeriod, 2*leastPeriod - 1} {
		if len(shorten(silence[:n], true)) != n || len(lengthen(nil, silence[:n/2], silence[:n/2], true)) != 0 {
			t.Errorf("%d samples are too few", n)
		}
	}
}

func BenchmarkShorten(b *testing.B) {
	tone := sine(2*FrameSamples, 140, 0.5)
	pcm := make([]int16, len(tone))
	for b.Loop() {
		copy(pcm, tone)
		_ = shorten(pcm, false)
	}
}
