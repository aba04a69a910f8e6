package quality

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// seen runs a watch over one estimate a second and says when it spoke, in seconds.
func seen(estimates ...float64) (at []string) {
	var w Watch
	for i, mos := range estimates {
		if w.See(time.Unix(int64(i), 0), mos) {
			word := "good"
			if w.Poor() {
				word = "poor"
			}
			at = append(at, fmt.Sprint(word, " ", i))
		}
	}
	return at
}

func repeated(mos float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = mos
	}
	return out
}

func TestAWatchSpeaksOnceAndOnceMore(t *testing.T) {
	const fine, middling, bad = 4.2, 3.3, 2.5
	for name, c := range map[string]struct {
		estimates []float64
		want      string
	}{
		"good":                      {repeated(fine, 60), "[]"},
		"a hiccup of three seconds": {slices.Concat(repeated(fine, 5), repeated(bad, 4), repeated(fine, 20)), "[]"},
		"bad":                       {slices.Concat(repeated(fine, 5), repeated(bad, 60)), "[poor 9]"},
		"between the two":           {repeated(middling, 60), "[]"},
		"bad, then between":         {slices.Concat(repeated(bad, 10), repeated(middling, 60)), "[poor 4]"},
		"bad, then good":            {slices.Concat(repeated(bad, 10), repeated(fine, 60)), "[poor 4 good 20]"},
		"bad, and it flaps":         {slices.Concat(repeated(bad, 10), repeated(fine, 9), repeated(bad, 9), repeated(fine, 9), repeated(middling, 1), repeated(fine, 11)), "[poor 4 good 48]"},
		"on the thresholds":         {slices.Concat(repeated(PoorMOS, 10), repeated(bad, 5), repeated(GoodMOS, 11)), "[poor 14 good 25]"},
		"nothing known meanwhile":   {slices.Concat(repeated(bad, 3), repeated(math.NaN(), 1), repeated(bad, 3), repeated(math.NaN(), 60)), "[]"},
		"poor, good and poor again": {slices.Concat(repeated(bad, 5), repeated(fine, 11), repeated(bad, 5)), "[poor 4 good 15 poor 20]"},
	} {
		if got := fmt.Sprint(seen(c.estimates...)); got != c.want {
			t.Errorf("%s: %s, not %s", name, got, c.want)
		}
	}
}
