package quality

import (
	"math"
	"math/rand/v2"
	"testing"
)

// count takes a call of which lost says what became of each frame.
func count(n int, lost func() bool) (frames, losses, bursts int) {
	before := false
	for range n {
		now := lost()
		if now {
			losses++
			if !before {
				bursts++
			}
		}
		before = now
	}
	return n, losses, bursts
}

func TestBurstRatioOfKnownProcesses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	if got := BurstRatio(count(1e6, func() bool { return r.Float64() < 0.1 })); math.Abs(got-1) > 0.01 {
		t.Errorf("random: %v", got)
	}
	// p = 3 %, r = 25 %: 1/(p+r) = 3.57.
	bad := false
	chain := func() bool {
		if bad {
			bad = r.Float64() >= 0.25
		} else {
			bad = r.Float64() < 0.03
		}
		return bad
	}
	if got := BurstRatio(count(1e6, chain)); math.Abs(got-1/0.28) > 0.05 {
		t.Errorf("two states: %v", got)
	}
	i := 0
	if got := BurstRatio(count(1000, func() bool { i++; return i%2 == 0 })); got != 0.5 {
		t.Errorf("every second: %v", got)
	}
	for _, c := range [][3]int{{}, {100, 0, 0}, {100, 100, 1}, {-5, 3, 2}, {100, 3, 0}} {
		if got := BurstRatio(c[0], c[1], c[2]); got != 1 {
			t.Errorf("%v: %v", c, got)
		}
	}
}

func TestSharesAddUp(t *testing.T) {
	shares := Share(4.9, 28, 11, 10)
	if !near(shares[0], 2.8, 9) || !near(shares[1], 1.1, 9) || !near(shares[2], 1.0, 9) {
		t.Error(shares)
	}
	if Share(4.9) != nil || Share(4.9, 0, 0) != nil {
		t.Error("shares of nothing")
	}
}
